/* stream_state.c: the tables of a handle's state, and the functions that read them. docs/STATE.md
 * is generated from here. */
#include "core/handle/stream_state.h"

#include "core/base/compiler.h"

#define FERI_MISUSE 0xF

/* The columns are the events, in the order of FERI_EVENTS: OPEN_BEGIN, _ABANDON, _UNCONNECTED,
 * CONNECT_BEGIN, _ABANDON, _OK, _FAIL, SHUT_READ, SHUT_WRITE, SHUT_BOTH, GOT_EOF, GOT_RESET,
 * GOT_PIPE, CLOSE. A row is a phase, a cell the next one; M is misuse. */

#define M FERI_MISUSE
#define N FERI_PHASE_NEW
#define G FERI_PHASE_OPENING
#define U FERI_PHASE_UNCONNECTED
#define C FERI_PHASE_CONNECTING
#define F FERI_PHASE_CONNECT_FAILED
#define O FERI_PHASE_OPEN
#define X FERI_PHASE_CLOSED
/* clang-format off */
static const uint8_t phase_table[FERI_PHASE_COUNT][FERI_EVENT_COUNT] = {
    /*                             BEG AB UN CB CA OK FA SR SW SB EOF RST PIP CLO */
    [FERI_PHASE_NEW]            = {G,  M, M, M, M, M, M, M, M, M, M,  M,  M,  N},
    [FERI_PHASE_OPENING]        = {M,  N, U, M, M, O, M, M, M, M, M,  M,  M,  X},
    [FERI_PHASE_UNCONNECTED]    = {M,  M, M, C, M, O, M, M, M, M, M,  M,  M,  X},
    [FERI_PHASE_CONNECTING]     = {M,  M, M, M, U, O, F, M, M, M, M,  M,  M,  X},
    [FERI_PHASE_CONNECT_FAILED] = {M,  M, M, M, M, M, M, M, M, M, M,  M,  M,  X},
    [FERI_PHASE_OPEN]           = {M,  M, M, M, M, M, M, O, O, O, O,  O,  O,  X},
    [FERI_PHASE_CLOSED]         = {G,  M, M, M, M, M, M, M, M, M, M,  M,  M,  X},
};
/* clang-format on */
#undef N
#undef G
#undef U
#undef C
#undef F
#undef O
#undef X

#undef M

/* Columns are the requests: READ, WRITE, SHUTDOWN, PEER_ADDR, TAKE_ERROR, CONNECT, CLONE, RAW,
 * USE. */
#define A FERI_ANSWER_CALL_OS
#define C FERI_ANSWER_CHECK_CONNECT
#define U FERI_ANSWER_UNCONNECTED
#define P FERI_ANSWER_PENDING
#define R FERI_ANSWER_SAVED_ERROR
#define M FERI_ANSWER_MISUSE
/* clang-format off */
static const uint8_t phase_answers[FERI_PHASE_COUNT][FERI_REQUEST_COUNT] = {
    /*                             READ WR SHUT PEER ERR CONN CLONE RAW USE */
    [FERI_PHASE_NEW]            = {U,   U, U,   M,   M,  M,   M,    M,  M},
    [FERI_PHASE_OPENING]        = {P,   P, U,   P,   P,  M,   M,    M,  M},
    [FERI_PHASE_UNCONNECTED]    = {U,   U, U,   U,   A,  A,   M,    A,  A},
    [FERI_PHASE_CONNECTING]     = {C,   C, C,   C,   C,  M,   C,    A,  A},
    [FERI_PHASE_CONNECT_FAILED] = {M,   M, M,   M,   R,  M,   M,    A,  M},
    [FERI_PHASE_OPEN]           = {A,   A, A,   A,   A,  M,   A,    A,  A},
    [FERI_PHASE_CLOSED]         = {M,   M, M,   M,   M,  M,   M,    M,  M},
};
/* clang-format on */
#undef C
#undef P
#undef R
#undef M

static const uint8_t read_answers[FERI_READ_COUNT] = {
    [FERI_READ_OPEN] = A,
    [FERI_READ_EOF] = FERI_ANSWER_END,
    [FERI_READ_SHUT] = FERI_ANSWER_END,
    [FERI_READ_RESET] = FERI_ANSWER_CHECK_QUEUED,
};

static const uint8_t write_answers[FERI_WRITE_COUNT] = {
    [FERI_WRITE_OPEN] = A,
    [FERI_WRITE_SHUT] = FERI_ANSWER_PIPE,
    [FERI_WRITE_GONE] = FERI_ANSWER_SAVED_ERROR,
};
#undef A
#undef U

feri_phase feri_state_phase(feri_state state)
{
    FERI_ASSERT((state & 0xF) < FERI_PHASE_COUNT);
    return (feri_phase)(state & 0xF);
}

feri_read_half feri_state_read_half(feri_state state)
{
    FERI_ASSERT((state >> 4 & 0xF) < FERI_READ_COUNT);
    return (feri_read_half)(state >> 4 & 0xF);
}

feri_write_half feri_state_write_half(feri_state state)
{
    FERI_ASSERT((state >> 8 & 0xF) < FERI_WRITE_COUNT);
    return (feri_write_half)(state >> 8 & 0xF);
}

feri_ending feri_state_ending(feri_state state)
{
    FERI_ASSERT((state >> 12 & 0xF) < FERI_ENDING_COUNT);
    return (feri_ending)(state >> 12 & 0xF);
}

fer_error_kind feri_state_saved_kind(feri_state state)
{
    return (fer_error_kind)(state >> 16 & 0xFF);
}

/* Where each field begins in the word. */
enum { READ_AT = 4, WRITE_AT = 8, ENDING_AT = 12, SAVED_AT = 16 };

static feri_state with_field(feri_state state, unsigned at, unsigned value)
{
    return (state & ~(UINT32_C(0xF) << at)) | (feri_state)value << at;
}

/* The handle's own shutdown of a half takes precedence; otherwise the first end that was seen
 * remains. After a shutdown a read of 0 bytes is not the peer's end of file. */
feri_state feri_state_next(feri_state state, feri_event event, fer_error_kind kind)
{
    FERI_ASSERT((unsigned)event < FERI_EVENT_COUNT);
    FERI_ASSERT((event == FERI_EVENT_CONNECT_FAIL || event == FERI_EVENT_GOT_RESET) ==
                (kind != FER_OK));
    FERI_VISIT(state, event);
    uint32_t phase = phase_table[feri_state_phase(state)][event];
    if (phase == FERI_MISUSE) {
        return FERI_STATE_MISUSE;
    }
    bool can_read = feri_state_read_half(state) == FERI_READ_OPEN;
    bool can_write = feri_state_write_half(state) == FERI_WRITE_OPEN;
    feri_state next = with_field(state, 0, phase);
    switch (event) {
    case FERI_EVENT_SHUT_READ: next = with_field(next, READ_AT, FERI_READ_SHUT); break;
    case FERI_EVENT_SHUT_WRITE: next = with_field(next, WRITE_AT, FERI_WRITE_SHUT); break;
    case FERI_EVENT_SHUT_BOTH:
        next = with_field(next, READ_AT, FERI_READ_SHUT);
        next = with_field(next, WRITE_AT, FERI_WRITE_SHUT);
        break;
    case FERI_EVENT_GOT_EOF:
        if (feri_state_read_half(state) != FERI_READ_SHUT) {
            next = with_field(next, ENDING_AT, FERI_ENDING_SEEN);
        }
        next = can_read ? with_field(next, READ_AT, FERI_READ_EOF) : next;
        break;
    case FERI_EVENT_GOT_RESET:
        next = with_field(next, ENDING_AT, FERI_ENDING_SEEN);
        next = can_read ? with_field(next, READ_AT, FERI_READ_RESET) : next;
        next = can_write ? with_field(next, WRITE_AT, FERI_WRITE_GONE) : next;
        break;
    case FERI_EVENT_GOT_PIPE:
        next = can_write ? with_field(next, WRITE_AT, FERI_WRITE_GONE) : next;
        break;
    case FERI_EVENT_OPEN_BEGIN:
    case FERI_EVENT_OPEN_ABANDON:
    case FERI_EVENT_CLOSE: return phase; /* nothing else remains */
    default: break;                      /* the steps of a connect, with open halves */
    }
    bool is_first = feri_state_saved_kind(state) == FER_OK;
    return is_first ? next | (feri_state)kind << SAVED_AT : next;
}

static feri_answer stricter(feri_answer of_phase, feri_answer of_half)
{
    return of_phase == FERI_ANSWER_CALL_OS ? of_half : of_phase;
}

feri_answer feri_state_answer(feri_state state, feri_request request)
{
    FERI_ASSERT((unsigned)request < FERI_REQUEST_COUNT);
    FERI_VISIT(state, (unsigned)FERI_EVENT_COUNT + (unsigned)request);
    feri_answer of_phase = (feri_answer)phase_answers[feri_state_phase(state)][request];
    switch (request) {
    case FERI_REQUEST_READ:
        return stricter(of_phase, (feri_answer)read_answers[feri_state_read_half(state)]);
    case FERI_REQUEST_WRITE:
        return stricter(of_phase, (feri_answer)write_answers[feri_state_write_half(state)]);
    case FERI_REQUEST_TAKE_ERROR:
        /* a fatal error that was reported once is not pending again */
        return stricter(of_phase, feri_state_saved_kind(state) != FER_OK ? FERI_ANSWER_END
                                                                         : FERI_ANSWER_CALL_OS);
    case FERI_REQUEST_PEER_ADDR:
        return stricter(of_phase, feri_state_ending(state) == FERI_ENDING_SEEN
                                      ? FERI_ANSWER_UNCONNECTED
                                      : FERI_ANSWER_CALL_OS);
    default: return of_phase;
    }
}

bool feri_state_both_halves_shut(feri_state state)
{
    return feri_state_read_half(state) == FERI_READ_SHUT &&
           feri_state_write_half(state) == FERI_WRITE_SHUT;
}
