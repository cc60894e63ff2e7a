/* stream_state.c: the tables of a handle's state, and the functions that read them. docs/STATE.md
 * is generated from here. */
#include "core/handle/stream_state.h"

#include "core/base/compiler.h"

/* Phases as bits, the next phase, and ends. */
static const struct transition {
    uint8_t from, to, ends;
} transitions[FERI_EVENT_COUNT] = {
#define TRANSITION(name, from, to, ends, text) {from, FERI_PHASE_##to, ends},
    FERI_EVENTS(TRANSITION)
#undef TRANSITION
};

/* The answers of ends to a request. The first precedes the second: the handle's own shutdown takes
 * precedence. A fatal error that was reported once is not pending again (TAKE_ERROR). */
static const struct end_answer {
    feri_state ends;
    feri_answer answer;
} end_answers[FERI_REQUEST_COUNT][2] = {
    [FERI_REQUEST_READ] = {{FERI_END_SHUT_READ | FERI_END_EOF, FERI_ANSWER_END},
                           {FERI_STATE_SAVED, FERI_ANSWER_CHECK_QUEUED}},
    [FERI_REQUEST_WRITE] = {{FERI_END_SHUT_WRITE, FERI_ANSWER_PIPE},
                            {FERI_END_PIPE | FERI_STATE_SAVED, FERI_ANSWER_SAVED_ERROR}},
    [FERI_REQUEST_PEER_ADDR] = {{FERI_END_EOF | FERI_STATE_SAVED, FERI_ANSWER_UNCONNECTED}},
    [FERI_REQUEST_TAKE_ERROR] = {{FERI_STATE_SAVED, FERI_ANSWER_END}},
};

feri_state feri_state_next(feri_state state, feri_event event, fer_error_kind kind)
{
    FERI_ASSERT((unsigned)event < FERI_EVENT_COUNT);
    FERI_ASSERT((event == FERI_EVENT_CONNECT_FAIL || event == FERI_EVENT_GOT_RESET) ==
                (kind != FER_OK));
    feri_visit(state, (unsigned)event);
    feri_phase phase = feri_state_phase(state);
    if ((transitions[event].from >> phase & 1) == 0) {
        return FERI_STATE_MISUSE;
    }
    if (event == FERI_EVENT_CLOSE) {
        return phase == FERI_PHASE_NEW ? FERI_PHASE_NEW : FERI_PHASE_CLOSED;
    }
    /* the first end of the read half remains, and after a shutdown a read of 0 bytes is not the
     * peer's end of file */
    if (event == FERI_EVENT_GOT_EOF && (state & (FERI_END_SHUT_READ | FERI_STATE_SAVED)) != 0) {
        return state;
    }
    feri_state next = (state ^ phase) | transitions[event].to | transitions[event].ends;
    return feri_state_saved_kind(state) == FER_OK ? next | (feri_state)kind << 16 : next;
}

feri_answer feri_state_answer(feri_state state, feri_request request)
{
    /* clang-format off */
    enum { A = FERI_ANSWER_CALL_OS, C = FERI_ANSWER_CHECK_CONNECT, U = FERI_ANSWER_UNCONNECTED,
           P = FERI_ANSWER_PENDING, R = FERI_ANSWER_SAVED_ERROR, M = FERI_ANSWER_MISUSE };
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
    FERI_ASSERT((unsigned)request < FERI_REQUEST_COUNT);
    feri_visit(state, (unsigned)FERI_EVENT_COUNT + (unsigned)request);
    feri_answer of_phase = (feri_answer)phase_answers[feri_state_phase(state)][request];
    if (of_phase != FERI_ANSWER_CALL_OS || state == FERI_STATE_FULLY_OPEN) {
        return of_phase;
    }
    const struct end_answer *of_end = end_answers[request];
    of_end += (state & of_end->ends) != 0 ? 0 : 1;
    return (state & of_end->ends) != 0 ? of_end->answer : FERI_ANSWER_CALL_OS;
}
