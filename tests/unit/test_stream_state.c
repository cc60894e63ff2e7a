/* test_stream_state.c: how ends combine. docs/STATE.md has the table of each phase and of each end,
 * which check_copies compares; here every sequence of events is compared with a model. */
#include <stdbool.h>

#include "core/handle/stream_state.h"
#include "support/group.h"

/* The answers of an OPEN handle: those of its halves, whether it has seen the end of the
 * connection, and its saved error. */
typedef struct model {
    feri_answer read, write;
    bool has_ended;
    fer_error_kind saved;
} model;

/* The handle's own shutdown of a half takes precedence; otherwise the first end remains. */
static model after_event(model of, feri_event event, fer_error_kind kind)
{
    bool can_read = of.read == FERI_ANSWER_CALL_OS;
    bool is_reset = event == FERI_EVENT_GOT_RESET;
    if (event == FERI_EVENT_SHUT_READ || event == FERI_EVENT_SHUT_BOTH) {
        of.read = FERI_ANSWER_END;
    } else if (can_read && (is_reset || event == FERI_EVENT_GOT_EOF)) {
        of.read = is_reset ? FERI_ANSWER_CHECK_QUEUED : FERI_ANSWER_END;
    }
    of.has_ended = of.has_ended || is_reset || (can_read && event == FERI_EVENT_GOT_EOF);
    if (event == FERI_EVENT_SHUT_WRITE || event == FERI_EVENT_SHUT_BOTH) {
        of.write = FERI_ANSWER_PIPE;
    } else if (of.write == FERI_ANSWER_CALL_OS && (is_reset || event == FERI_EVENT_GOT_PIPE)) {
        of.write = FERI_ANSWER_SAVED_ERROR;
    }
    of.saved = of.saved == FER_OK ? kind : of.saved;
    return of;
}

static feri_answer answer_of(const model *of, feri_request request)
{
    switch (request) {
    case FERI_REQUEST_READ: return of->read;
    case FERI_REQUEST_WRITE: return of->write;
    case FERI_REQUEST_PEER_ADDR:
        return of->has_ended ? FERI_ANSWER_UNCONNECTED : FERI_ANSWER_CALL_OS;
    case FERI_REQUEST_TAKE_ERROR:
        return of->saved != FER_OK ? FERI_ANSWER_END : FERI_ANSWER_CALL_OS;
    case FERI_REQUEST_CONNECT: return FERI_ANSWER_MISUSE;
    default: return FERI_ANSWER_CALL_OS;
    }
}

/* Checks a word of an OPEN handle, and those after each event, at most depth of them. */
static void check_word(feri_state word, model of, int depth)
{
    static const fer_error_kind fatal[] = {FER_CONNECTION_RESET, FER_UNCATEGORIZED};
    assert_int_equal(feri_state_phase(word), FERI_PHASE_OPEN);
    assert_int_equal(feri_state_saved_kind(word), of.saved);
    for (unsigned i = 0; i < FERI_REQUEST_COUNT; i++) {
        feri_request request = (feri_request)i;
        if (feri_state_answer(word, request) != answer_of(&of, request)) {
            fail_msg("request %u of word %08lx", i, (unsigned long)word);
        }
    }
    assert_int_equal(feri_state_next(word, FERI_EVENT_CONNECT_OK, FER_OK), FERI_STATE_MISUSE);
    assert_int_equal(feri_state_next(word, FERI_EVENT_CLOSE, FER_OK), FERI_PHASE_CLOSED);
    for (unsigned i = FERI_EVENT_SHUT_READ; depth > 0 && i <= FERI_EVENT_GOT_PIPE; i++) {
        feri_event event = (feri_event)i;
        fer_error_kind kind = event == FERI_EVENT_GOT_RESET ? fatal[depth % 2] : FER_OK;
        check_word(feri_state_next(word, event, kind), after_event(of, event, kind), depth - 1);
    }
}

TEST(every_sequence_of_ends_has_the_answers_of_its_halves)
{
    check_word(FERI_STATE_FULLY_OPEN, (model){.saved = FER_OK}, 6);
}

TEST(a_failed_connect_has_its_phase_and_its_error)
{
    feri_state word =
        feri_state_next(FERI_PHASE_CONNECTING, FERI_EVENT_CONNECT_FAIL, FER_TIMED_OUT);
    assert_int_equal(feri_state_phase(word), FERI_PHASE_CONNECT_FAILED);
    assert_int_equal(feri_state_saved_kind(word), FER_TIMED_OUT);
    for (unsigned i = 0; i < FERI_REQUEST_COUNT; i++) {
        assert_int_equal(feri_state_answer(word, (feri_request)i),
                         feri_state_answer(FERI_PHASE_CONNECT_FAILED, (feri_request)i));
    }
}

TEST_MAIN("stream_state")
