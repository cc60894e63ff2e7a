/* test_state_precedence.c: which end goes over which, in stories told to the state tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/handle/stream_state.h"

static feri_state opened(void)
{
    feri_state word = feri_state_next(0, FERI_EVENT_OPEN_BEGIN, FER_OK);
    return feri_state_next(word, FERI_EVENT_CONNECT_OK, FER_OK);
}

static void an_end_of_file_never_turns_into_a_reset(void **state)
{
    (void)state;
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_EOF, FER_OK);
    word = feri_state_next(word, FERI_EVENT_GOT_RESET, FER_CONNECTION_RESET);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_READ), FERI_ANSWER_END);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_WRITE), FERI_ANSWER_SAVED_ERROR);
}

static void a_reset_never_turns_into_an_end_of_file(void **state)
{
    (void)state;
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_RESET, FER_CONNECTION_RESET);
    word = feri_state_next(word, FERI_EVENT_GOT_EOF, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_READ), FERI_ANSWER_CHECK_QUEUED);
}

static void the_first_reason_stays(void **state)
{
    (void)state;
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_RESET, FER_HOST_UNREACHABLE);
    word = feri_state_next(word, FERI_EVENT_GOT_RESET, FER_CONNECTION_RESET);
    assert_int_equal(feri_state_saved_kind(word), FER_HOST_UNREACHABLE);
}

static void the_handle_s_own_shutdown_goes_over_every_end(void **state)
{
    (void)state;
    const feri_event ends[] = {FERI_EVENT_GOT_EOF, FERI_EVENT_GOT_RESET, FERI_EVENT_GOT_PIPE};
    for (size_t i = 0; i < 3; i++) {
        fer_error_kind reason = ends[i] == FERI_EVENT_GOT_RESET ? FER_CONNECTION_RESET : FER_OK;
        feri_state before = feri_state_next(feri_state_next(opened(), ends[i], reason),
                                            FERI_EVENT_SHUT_BOTH, FER_OK);
        feri_state after = feri_state_next(feri_state_next(opened(), FERI_EVENT_SHUT_BOTH, FER_OK),
                                           ends[i], reason);
        assert_int_equal(feri_state_answer(before, FERI_REQUEST_READ), FERI_ANSWER_END);
        assert_int_equal(feri_state_answer(after, FERI_REQUEST_READ), FERI_ANSWER_END);
        assert_int_equal(feri_state_answer(before, FERI_REQUEST_WRITE), FERI_ANSWER_PIPE);
        assert_int_equal(feri_state_answer(after, FERI_REQUEST_WRITE), FERI_ANSWER_PIPE);
        assert_true(feri_state_both_halves_shut(before));
        assert_true(feri_state_both_halves_shut(after));
    }
}

static void an_end_of_one_s_own_making_leaves_the_peer_s_address_known(void **state)
{
    (void)state;
    feri_state word = feri_state_next(opened(), FERI_EVENT_SHUT_READ, FER_OK);
    word = feri_state_next(word, FERI_EVENT_GOT_EOF, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_PEER_ADDR), FERI_ANSWER_CALL_OS);
    word = feri_state_next(word, FERI_EVENT_GOT_RESET, FER_CONNECTION_RESET);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_PEER_ADDR), FERI_ANSWER_UNCONNECTED);
}

static void an_end_that_was_seen_outlives_the_shutdown_of_its_half(void **state)
{
    (void)state;
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_EOF, FER_OK);
    word = feri_state_next(word, FERI_EVENT_SHUT_READ, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_PEER_ADDR), FERI_ANSWER_UNCONNECTED);
}

static void a_broken_pipe_says_nothing_of_reading(void **state)
{
    (void)state;
    feri_state word = feri_state_next(opened(), FERI_EVENT_GOT_PIPE, FER_OK);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_READ), FERI_ANSWER_CALL_OS);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_WRITE), FERI_ANSWER_SAVED_ERROR);
    assert_int_equal(feri_state_answer(word, FERI_REQUEST_PEER_ADDR), FERI_ANSWER_CALL_OS);
}

static void a_socket_that_was_made_first_is_connected_once(void **state)
{
    (void)state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_of_file_never_turns_into_a_reset),
        cmocka_unit_test(a_reset_never_turns_into_an_end_of_file),
        cmocka_unit_test(the_first_reason_stays),
        cmocka_unit_test(the_handle_s_own_shutdown_goes_over_every_end),
        cmocka_unit_test(an_end_of_one_s_own_making_leaves_the_peer_s_address_known),
        cmocka_unit_test(an_end_that_was_seen_outlives_the_shutdown_of_its_half),
        cmocka_unit_test(a_broken_pipe_says_nothing_of_reading),
        cmocka_unit_test(a_socket_that_was_made_first_is_connected_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
