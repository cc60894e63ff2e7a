/* test_state_precedence.c: which end of a stream takes precedence, in sequences of events. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/handle/stream_state.h"
#include "support/group.h"

static feri_state opened(void)
{
    feri_state word = feri_state_next(0, FERI_EVENT_OPEN_BEGIN, FER_OK);
    return feri_state_next(word, FERI_EVENT_CONNECT_OK, FER_OK);
}

TEST(an_end_of_file_never_becomes_a_reset)
{
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_EOF, FER_OK);
    word = feri_state_next(word, FERI_EVENT_GOT_RESET, FER_CONNECTION_RESET);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_READ), FERI_ANSWER_END);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_WRITE), FERI_ANSWER_SAVED_ERROR);
}

TEST(a_reset_never_becomes_an_end_of_file)
{
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_RESET, FER_CONNECTION_RESET);
    word = feri_state_next(word, FERI_EVENT_GOT_EOF, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_READ), FERI_ANSWER_CHECK_QUEUED);
}

TEST(the_first_reason_stays)
{
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_RESET, FER_HOST_UNREACHABLE);
    word = feri_state_next(word, FERI_EVENT_GOT_RESET, FER_CONNECTION_RESET);
    assert_int_equal(feri_state_saved_kind(word), FER_HOST_UNREACHABLE);
}

TEST(the_handle_s_own_shutdown_overrides_every_end)
{
    const feri_event ends[] = {FERI_EVENT_GOT_EOF, FERI_EVENT_GOT_RESET, FERI_EVENT_GOT_PIPE};
    for (size_t i = 0; i < 3; i++) {
        fer_error_kind error = ends[i] == FERI_EVENT_GOT_RESET ? FER_CONNECTION_RESET : FER_OK;
        feri_state before = feri_state_next(feri_state_next(opened(), ends[i], error),
                                            FERI_EVENT_SHUT_BOTH, FER_OK);
        feri_state after = feri_state_next(feri_state_next(opened(), FERI_EVENT_SHUT_BOTH, FER_OK),
                                           ends[i], error);
        assert_int_equal(feri_state_answer(before, FERI_REQUEST_READ), FERI_ANSWER_END);
        assert_int_equal(feri_state_answer(after, FERI_REQUEST_READ), FERI_ANSWER_END);
        assert_int_equal(feri_state_answer(before, FERI_REQUEST_WRITE), FERI_ANSWER_PIPE);
        assert_int_equal(feri_state_answer(after, FERI_REQUEST_WRITE), FERI_ANSWER_PIPE);
        assert_true(feri_state_both_halves_shut(before));
        assert_true(feri_state_both_halves_shut(after));
    }
}

TEST(an_end_by_one_s_own_shutdown_keeps_the_peer_s_address)
{
    feri_state word = feri_state_next(opened(), FERI_EVENT_SHUT_READ, FER_OK);
    word = feri_state_next(word, FERI_EVENT_GOT_EOF, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_PEER_ADDR), FERI_ANSWER_CALL_OS);
    word = feri_state_next(word, FERI_EVENT_GOT_RESET, FER_CONNECTION_RESET);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_PEER_ADDR), FERI_ANSWER_UNCONNECTED);
}

TEST(a_received_end_outlives_the_shutdown_of_its_half)
{
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_EOF, FER_OK);
    word = feri_state_next(word, FERI_EVENT_SHUT_READ, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_PEER_ADDR), FERI_ANSWER_UNCONNECTED);
}

TEST(a_broken_pipe_says_nothing_of_reading)
{
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_PIPE, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_READ), FERI_ANSWER_CALL_OS);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_WRITE), FERI_ANSWER_SAVED_ERROR);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_PEER_ADDR), FERI_ANSWER_CALL_OS);
}

TEST(a_socket_that_was_made_first_is_connected_once)
{
    feri_state word = feri_state_next(0, FERI_EVENT_OPEN_BEGIN, FER_OK);
    word = feri_state_next(word, FERI_EVENT_OPEN_UNCONNECTED, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_READ), FERI_ANSWER_UNCONNECTED);
    assert_int_equal(feri_state_next(word, FERI_EVENT_OPEN_BEGIN, FER_OK), FERI_STATE_MISUSE);
    word = feri_state_next(word, FERI_EVENT_CONNECT_BEGIN, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_READ), FERI_ANSWER_CHECK_CONNECT);
    assert_int_equal(feri_state_next(word, FERI_EVENT_CONNECT_BEGIN, FER_OK), FERI_STATE_MISUSE);
    assert_int_equal(feri_state_next(word, FERI_EVENT_CONNECT_OK, FER_OK), opened());
    feri_state failed = feri_state_next(word, FERI_EVENT_CONNECT_FAIL, FER_CONNECTION_REFUSED);
    assert_int_equal(feri_state_answer(failed, FERI_REQUEST_TAKE_ERROR), FERI_ANSWER_SAVED_ERROR);
    assert_int_equal(feri_state_next(failed, FERI_EVENT_CONNECT_BEGIN, FER_OK), FERI_STATE_MISUSE);
}

TEST_MAIN("state_precedence")
