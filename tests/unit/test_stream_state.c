/* test_stream_state.c: the state tables against a second telling of the same rules, in plain ifs;
 * what can be reached; precedence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/handle/stream_state.h"

/* The model's own idea of a handle. */
struct told {
    feri_phase life;
    feri_read_half read;
    feri_write_half write;
    bool end_seen;
    fer_error_kind reason;
};

static const fer_error_kind some_reasons[] = {FER_OK, FER_CONNECTION_RESET, FER_TIMED_OUT,
                                              FER_UNCATEGORIZED};
#define REASON_COUNT (sizeof some_reasons / sizeof some_reasons[0])
#define WORD_COUNT                                                                       \
    ((size_t)FERI_PHASE_COUNT * FERI_READ_COUNT * FERI_WRITE_COUNT * FERI_ENDING_COUNT * \
     REASON_COUNT)

static feri_state word_of(struct told told)
{
    return (uint32_t)told.life | (uint32_t)told.read << 4 | (uint32_t)told.write << 8 |
           (uint32_t)told.end_seen << 12 | (uint32_t)told.reason << 16;
}

/* The n-th of all words whose fields are in range, those that no handle ever has included. */
static struct told nth_told(size_t n)
{
    struct told told;
    told.life = (feri_phase)(n % FERI_PHASE_COUNT);
    n /= FERI_PHASE_COUNT;
    told.read = (feri_read_half)(n % FERI_READ_COUNT);
    n /= FERI_READ_COUNT;
    told.write = (feri_write_half)(n % FERI_WRITE_COUNT);
    n /= FERI_WRITE_COUNT;
    told.end_seen = n % 2 != 0;
    told.reason = some_reasons[n / 2];
    return told;
}

static bool brings_reason(feri_event event)
{
    return event == FERI_EVENT_CONNECT_FAIL || event == FERI_EVENT_GOT_RESET;
}

/* ---- The model */

static void forget_all(struct told *told)
{
    told->read = FERI_READ_OPEN;
    told->write = FERI_WRITE_OPEN;
    told->end_seen = false;
    told->reason = FER_OK;
}

static void shut_read(struct told *told)
{
    told->read = FERI_READ_SHUT;
}

static void shut_write(struct told *told)
{
    told->write = FERI_WRITE_SHUT;
}

/* A fatal error: sticks to the handle, whatever saw it first. */
static void meet_reset(struct told *told, fer_error_kind reason)
{
    if (told->read == FERI_READ_OPEN) {
        told->read = FERI_READ_RESET;
    }
    if (told->write == FERI_WRITE_OPEN) {
        told->write = FERI_WRITE_GONE;
    }
    if (told->reason == FER_OK) {
        told->reason = reason;
    }
    told->end_seen = true;
}

static void meet_eof(struct told *told)
{
    if (told->read == FERI_READ_SHUT) {
        return; /* the handle's own doing, which tells nothing of the peer */
    }
    if (told->read == FERI_READ_OPEN) {
        told->read = FERI_READ_EOF;
    }
    told->end_seen = true;
}

static void meet_pipe(struct told *told)
{
    if (told->write == FERI_WRITE_OPEN) {
        told->write = FERI_WRITE_GONE;
    }
}

/* What befalls a handle that is open. */
static void befall_open(struct told *told, feri_event event, fer_error_kind reason)
{
    if (event == FERI_EVENT_SHUT_READ || event == FERI_EVENT_SHUT_BOTH) {
        shut_read(told);
    }
    if (event == FERI_EVENT_SHUT_WRITE || event == FERI_EVENT_SHUT_BOTH) {
        shut_write(told);
    }
    if (event == FERI_EVENT_GOT_EOF) {
        meet_eof(told);
    }
    if (event == FERI_EVENT_GOT_RESET) {
        meet_reset(told, reason);
    }
    if (event == FERI_EVENT_GOT_PIPE) {
        meet_pipe(told);
    }
}

static bool is_step_to_open(feri_event event)
{
    return event == FERI_EVENT_OPEN_ABANDON || event == FERI_EVENT_OPEN_UNCONNECTED ||
           event == FERI_EVENT_CONNECT_BEGIN || event == FERI_EVENT_CONNECT_ABANDON ||
           event == FERI_EVENT_CONNECT_OK || event == FERI_EVENT_CONNECT_FAIL;
}

/* In which life a step on the way to an open handle can happen. */
static bool may_step(feri_phase life, feri_event event)
{
    switch (event) {
    case FERI_EVENT_OPEN_ABANDON:
    case FERI_EVENT_OPEN_UNCONNECTED: return life == FERI_PHASE_OPENING;
    case FERI_EVENT_CONNECT_BEGIN: return life == FERI_PHASE_UNCONNECTED;
    case FERI_EVENT_CONNECT_OK:
        return life == FERI_PHASE_OPENING || life == FERI_PHASE_UNCONNECTED ||
               life == FERI_PHASE_CONNECTING;
    default: return life == FERI_PHASE_CONNECTING;
    }
}

/* A handle whose halves have ended already is not on its way to being open. */
static bool step_to_open(struct told *told, feri_event event, fer_error_kind reason)
{
    if (!may_step(told->life, event) || told->read != FERI_READ_OPEN ||
        told->write != FERI_WRITE_OPEN) {
        return false;
    }
    if (event == FERI_EVENT_CONNECT_OK) {
        told->life = FERI_PHASE_OPEN;
    }
    if (event == FERI_EVENT_OPEN_ABANDON) {
        told->life = FERI_PHASE_NEW;
        forget_all(told);
    }
    if (event == FERI_EVENT_OPEN_UNCONNECTED || event == FERI_EVENT_CONNECT_ABANDON) {
        told->life = FERI_PHASE_UNCONNECTED;
    }
    if (event == FERI_EVENT_CONNECT_BEGIN) {
        told->life = FERI_PHASE_CONNECTING;
    }
    if (event == FERI_EVENT_CONNECT_FAIL) {
        told->life = FERI_PHASE_CONNECT_FAILED;
        told->reason = told->reason == FER_OK ? reason : told->reason;
    }
    return true;
}

/* False for misuse. */
static bool befall(struct told *told, feri_event event, fer_error_kind reason)
{
    if (event == FERI_EVENT_OPEN_BEGIN) {
        if (told->life != FERI_PHASE_NEW && told->life != FERI_PHASE_CLOSED) {
            return false;
        }
        told->life = FERI_PHASE_OPENING;
        forget_all(told);
        return true;
    }
    if (event == FERI_EVENT_CLOSE) {
        told->life = told->life == FERI_PHASE_NEW ? FERI_PHASE_NEW : FERI_PHASE_CLOSED;
        forget_all(told);
        return true;
    }
    if (is_step_to_open(event)) {
        return step_to_open(told, event, reason);
    }
    befall_open(told, event, reason);
    return told->life == FERI_PHASE_OPEN;
}

static feri_answer answer_when_open(struct told told, feri_request request)
{
    if (request == FERI_REQUEST_CONNECT) {
        return FERI_ANSWER_MISUSE;
    }
    if (request == FERI_REQUEST_READ && told.read == FERI_READ_RESET) {
        return FERI_ANSWER_CHECK_QUEUED;
    }
    if (request == FERI_REQUEST_READ && told.read != FERI_READ_OPEN) {
        return FERI_ANSWER_END;
    }
    if (request == FERI_REQUEST_WRITE && told.write == FERI_WRITE_SHUT) {
        return FERI_ANSWER_PIPE;
    }
    if (request == FERI_REQUEST_WRITE && told.write == FERI_WRITE_GONE) {
        return FERI_ANSWER_SAVED_ERROR;
    }
    if (request == FERI_REQUEST_PEER_ADDR && told.end_seen) {
        return FERI_ANSWER_UNCONNECTED;
    }
    if (request == FERI_REQUEST_TAKE_ERROR && told.reason != FER_OK) {
        return FERI_ANSWER_END; /* it was told once, and is not there to be taken again */
    }
    return FERI_ANSWER_CALL_OS;
}

/* What a connect's end would decide. */
static bool is_of_connection(feri_request request)
{
    return request == FERI_REQUEST_READ || request == FERI_REQUEST_WRITE ||
           request == FERI_REQUEST_PEER_ADDR || request == FERI_REQUEST_TAKE_ERROR;
}

static feri_answer answer_of(struct told told, feri_request request)
{
    bool is_transfer = request == FERI_REQUEST_READ || request == FERI_REQUEST_WRITE ||
                       request == FERI_REQUEST_SHUTDOWN;
    switch (told.life) {
    case FERI_PHASE_OPEN: return answer_when_open(told, request);
    case FERI_PHASE_NEW: return is_transfer ? FERI_ANSWER_UNCONNECTED : FERI_ANSWER_MISUSE;
    case FERI_PHASE_OPENING:
        return is_of_connection(request)          ? FERI_ANSWER_PENDING
               : request == FERI_REQUEST_SHUTDOWN ? FERI_ANSWER_UNCONNECTED
                                                  : FERI_ANSWER_MISUSE;
    case FERI_PHASE_UNCONNECTED:
        if (request == FERI_REQUEST_TAKE_ERROR && told.reason != FER_OK) {
            return FERI_ANSWER_END; /* which no handle ever has */
        }
        if (request == FERI_REQUEST_CLONE) {
            return FERI_ANSWER_MISUSE;
        }
        return is_transfer || request == FERI_REQUEST_PEER_ADDR ? FERI_ANSWER_UNCONNECTED
                                                                : FERI_ANSWER_CALL_OS;
    case FERI_PHASE_CONNECTING:
        if (request == FERI_REQUEST_CONNECT) {
            return FERI_ANSWER_MISUSE;
        }
        return request == FERI_REQUEST_RAW || request == FERI_REQUEST_USE
                   ? FERI_ANSWER_CALL_OS
                   : FERI_ANSWER_CHECK_CONNECT;
    case FERI_PHASE_CONNECT_FAILED:
        return request == FERI_REQUEST_TAKE_ERROR ? FERI_ANSWER_SAVED_ERROR
               : request == FERI_REQUEST_RAW      ? FERI_ANSWER_CALL_OS
                                                  : FERI_ANSWER_MISUSE;
    default: return FERI_ANSWER_MISUSE;
    }
}

/* ---- The tables against the model */

static void every_event_does_to_every_word_what_the_rules_say(void **state)
{
    (void)state;
    for (size_t n = 0; n < WORD_COUNT; n++) {
        for (unsigned e = 0; e < FERI_EVENT_COUNT; e++) {
            for (size_t r = 0; r < REASON_COUNT; r++) {
                struct told told = nth_told(n);
                if (brings_reason((feri_event)e) != (some_reasons[r] != FER_OK)) {
                    continue;
                }
                feri_state got = feri_state_next(word_of(told), (feri_event)e, some_reasons[r]);
                feri_state want = befall(&told, (feri_event)e, some_reasons[r]) ? word_of(told)
                                                                                : FERI_STATE_MISUSE;
                if (got != want) {
                    fail_msg("event %u of word %08lx: %08lx, not %08lx", e,
                             (unsigned long)word_of(nth_told(n)), (unsigned long)got,
                             (unsigned long)want);
                }
            }
        }
    }
}

static void every_request_is_answered_as_the_rules_say(void **state)
{
    (void)state;
    for (size_t n = 0; n < WORD_COUNT; n++) {
        for (unsigned r = 0; r < FERI_REQUEST_COUNT; r++) {
            struct told told = nth_told(n);
            feri_answer got = feri_state_answer(word_of(told), (feri_request)r);
            if (got != answer_of(told, (feri_request)r)) {
                fail_msg("request %u of word %08lx: %d, not %d", r, (unsigned long)word_of(told),
                         (int)got, (int)answer_of(told, (feri_request)r));
            }
        }
    }
}

static void the_fields_of_every_word_are_read_back(void **state)
{
    (void)state;
    for (size_t n = 0; n < WORD_COUNT; n++) {
        struct told told = nth_told(n);
        feri_state word = word_of(told);
        assert_int_equal(feri_state_phase(word), told.life);
        assert_int_equal(feri_state_read_half(word), told.read);
        assert_int_equal(feri_state_write_half(word), told.write);
        assert_int_equal(feri_state_ending(word),
                         told.end_seen ? FERI_ENDING_SEEN : FERI_ENDING_UNSEEN);
        assert_int_equal(feri_state_saved_kind(word), told.reason);
        assert_int_equal(feri_state_both_halves_shut(word),
                         told.read == FERI_READ_SHUT && told.write == FERI_WRITE_SHUT);
    }
}

static void what_is_wide_open_is_asked_of_the_os_by_every_request_but_connect(void **state)
{
    (void)state;
    for (size_t n = 0; n < WORD_COUNT; n++) {
        struct told told = nth_told(n);
        bool untouched = told.read == FERI_READ_OPEN && told.write == FERI_WRITE_OPEN &&
                         !told.end_seen && told.reason == FER_OK;
        assert_int_equal(feri_state_is_fully_open(word_of(told)),
                         told.life == FERI_PHASE_OPEN && untouched);
        for (unsigned r = 0; feri_state_is_fully_open(word_of(told)) && r < FERI_REQUEST_COUNT;
             r++) {
            feri_answer want = r == FERI_REQUEST_CONNECT ? FERI_ANSWER_MISUSE : FERI_ANSWER_CALL_OS;
            assert_int_equal(feri_state_answer(word_of(told), (feri_request)r), want);
        }
    }
}

static void a_word_of_zero_is_a_new_handle(void **state)
{
    (void)state;
    assert_int_equal(feri_state_phase(0), FERI_PHASE_NEW);
    assert_int_equal(feri_state_read_half(0), FERI_READ_OPEN);
    assert_int_equal(feri_state_write_half(0), FERI_WRITE_OPEN);
    assert_int_equal(feri_state_ending(0), FERI_ENDING_UNSEEN);
    assert_int_equal(feri_state_saved_kind(0), FER_OK);
    assert_int_equal(feri_state_next(0, FERI_EVENT_CLOSE, FER_OK), 0);
}

/* ---- What can be reached from a new handle */

#define REACHED_MAX 400

struct reached {
    feri_state words[REACHED_MAX];
    size_t count;
};

static void reach(struct reached *reached, feri_state word)
{
    for (size_t i = 0; i < reached->count; i++) {
        if (reached->words[i] == word) {
            return;
        }
    }
    assert_true(reached->count < REACHED_MAX);
    reached->words[reached->count++] = word;
}

static void reach_all(struct reached *reached)
{
    reached->count = 0;
    reach(reached, 0);
    for (size_t i = 0; i < reached->count; i++) {
        for (unsigned e = 0; e < FERI_EVENT_COUNT; e++) {
            for (size_t r = 0; r < REASON_COUNT; r++) {
                if (brings_reason((feri_event)e) != (some_reasons[r] != FER_OK)) {
                    continue;
                }
                feri_state next =
                    feri_state_next(reached->words[i], (feri_event)e, some_reasons[r]);
                if (next != FERI_STATE_MISUSE) {
                    reach(reached, next);
                }
            }
        }
    }
}

static void every_state_of_every_field_is_reached_and_none_beyond(void **state)
{
    (void)state;
    struct reached reached;
    unsigned lives = 0;
    unsigned reads = 0;
    unsigned writes = 0;
    unsigned endings = 0;
    reach_all(&reached);
    for (size_t i = 0; i < reached.count; i++) {
        feri_state word = reached.words[i];
        assert_true((word & 0xF) < FERI_PHASE_COUNT);
        assert_true((word >> 4 & 0xF) < FERI_READ_COUNT);
        assert_true((word >> 8 & 0xF) < FERI_WRITE_COUNT);
        assert_true((word >> 12 & 0xF) < FERI_ENDING_COUNT);
        assert_int_equal(word >> 24, 0);
        lives |= 1u << (word & 0xF);
        reads |= 1u << (word >> 4 & 0xF);
        writes |= 1u << (word >> 8 & 0xF);
        endings |= 1u << (word >> 12 & 0xF);
    }
    assert_int_equal(lives, (1u << FERI_PHASE_COUNT) - 1);
    assert_int_equal(reads, (1u << FERI_READ_COUNT) - 1);
    assert_int_equal(writes, (1u << FERI_WRITE_COUNT) - 1);
    assert_int_equal(endings, (1u << FERI_ENDING_COUNT) - 1);
}

static void what_is_reached_makes_sense(void **state)
{
    (void)state;
    struct reached reached;
    reach_all(&reached);
    for (size_t i = 0; i < reached.count; i++) {
        feri_state word = reached.words[i];
        bool is_open = feri_state_phase(word) == FERI_PHASE_OPEN;
        bool untouched = (word & ~UINT32_C(0xF)) == 0;
        assert_true(is_open || untouched || feri_state_phase(word) == FERI_PHASE_CONNECT_FAILED);
        if (feri_state_read_half(word) == FERI_READ_RESET) {
            assert_int_not_equal(feri_state_saved_kind(word), FER_OK);
            assert_int_not_equal(feri_state_write_half(word), FERI_WRITE_OPEN);
        }
        if (feri_state_read_half(word) == FERI_READ_RESET ||
            feri_state_read_half(word) == FERI_READ_EOF) {
            assert_int_equal(feri_state_ending(word), FERI_ENDING_SEEN);
        }
        if (feri_state_phase(word) == FERI_PHASE_CONNECT_FAILED) {
            assert_int_not_equal(feri_state_saved_kind(word), FER_OK);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_does_to_every_word_what_the_rules_say),
        cmocka_unit_test(every_request_is_answered_as_the_rules_say),
        cmocka_unit_test(the_fields_of_every_word_are_read_back),
        cmocka_unit_test(what_is_wide_open_is_asked_of_the_os_by_every_request_but_connect),
        cmocka_unit_test(a_word_of_zero_is_a_new_handle),
        cmocka_unit_test(every_state_of_every_field_is_reached_and_none_beyond),
        cmocka_unit_test(what_is_reached_makes_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
