/* test_copy_both.c: copies in both directions: the tries of both, the waits for both streams, the
 * ends that are passed on, and the errors (rule M2). Their pipe: test_copy_both_spliced.c. */
#include "unit/copy_both_fixture.h"
#include "unit/scripted_platform.h"

/* ---- Whole copies */

BEGUN_TEST(the_directions_take_steps_one_after_the_other)
{
    script_then_move(SCRIPT_TRY_RECV, 4);
    script_then_move(SCRIPT_TRY_RECV, 3);
    script_then_move(SCRIPT_TRY_SEND, 4);
    script_then_move(SCRIPT_TRY_SEND, 3);
    assert_ok(copy());
    assert_log("try_recv(1,4) try_recv(2,4) try_send(2,4) try_send(1,3) "
               "try_recv(1,4) shutdown(2,1) try_recv(2,4) shutdown(1,1)");
    assert_moved(4, 0, 3, 0);
}

BEGUN_TEST(an_end_is_passed_on_after_the_last_byte_and_ends_one_direction)
{
    script_then_move(SCRIPT_TRY_RECV, 2);
    then_block(SCRIPT_TRY_RECV);
    then_block(SCRIPT_TRY_SEND);
    then_block(SCRIPT_TRY_RECV);
    script_then_move(SCRIPT_TRY_SEND, 2);
    then_block(SCRIPT_TRY_RECV);
    script_then_move(SCRIPT_TRY_RECV, 0);
    then_block(SCRIPT_TRY_RECV);
    then_block(SCRIPT_TRY_RECV);
    assert_ok(copy());
    assert_log("try_recv(1,4) try_recv(2,4) try_send(2,2) try_recv(2,4) "
               "wait_for_pair(1-,2rw,ever,ever) try_send(2,2) try_recv(2,4) "
               "try_recv(1,4) shutdown(2,1) try_recv(2,4) "
               "try_recv(2,4) wait_for_pair(1-,2r,ever,ever) try_recv(2,4) shutdown(1,1)");
    assert_moved(2, 0, 0, 0);
}

BEGUN_TEST(the_counts_may_be_null)
{
    assert_ok(fer_copy_bidirectional((fer_stream){&a}, (fer_stream){&b}, &buffers[0], &buffers[1],
                                     NULL, NULL));
}

BEGUN_TEST(bytes_left_in_the_buffers_are_written_first)
{
    buffers[0] = (fer_copy_buffer){memory[0], 4, 1, 3};
    script_then_move(SCRIPT_TRY_SEND, 3);
    assert_ok(copy());
    assert_log("try_send(2,3) try_recv(2,4) shutdown(1,1) try_recv(1,4) shutdown(2,1)");
    assert_moved(3, 0, 0, 0);
}

BEGUN_TEST(a_repeated_call_does_not_repeat_an_end)
{
    script_then_move(SCRIPT_TRY_RECV, 0);
    script_then_fail(SCRIPT_TRY_RECV, FER_CONNECTION_RESET, 104);
    assert_error(copy(), FER_CONNECTION_RESET, 104);
    assert_log("try_recv(1,4) shutdown(2,1) try_recv(2,4)");
    script_then_move(SCRIPT_BYTES_QUEUED, 0);
    assert_error(copy(), FER_CONNECTION_RESET, 104);
}

/* ---- Waits */

BEGUN_TEST(false_hints_pause_from_the_second_in_a_row_on)
{
    for (int i = 0; i < 6; i++) {
        then_block(SCRIPT_TRY_RECV);
    }
    assert_ok(copy());
    assert_log("try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever) "
               "try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever) pause(1001000) "
               "try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever) pause(3001000) "
               "try_recv(1,4) shutdown(2,1) try_recv(2,4) shutdown(1,1)");
}

BEGUN_TEST(a_failed_wait_ends_the_call)
{
    then_block(SCRIPT_TRY_RECV);
    then_block(SCRIPT_TRY_RECV);
    script_then_fail(SCRIPT_WAIT_FOR_PAIR, FER_OUT_OF_MEMORY, 12);
    assert_error(copy(), FER_OUT_OF_MEMORY, 12);
}

BEGUN_TEST(signals_do_not_end_it)
{
    script_then_fail(SCRIPT_TRY_RECV, FER_INTERRUPTED, 4);
    then_block(SCRIPT_TRY_RECV);
    then_block(SCRIPT_TRY_RECV);
    then_block(SCRIPT_TRY_RECV);
    script_then_fail(SCRIPT_WAIT_FOR_PAIR, FER_INTERRUPTED, 4);
    assert_ok(copy());
}

SCRIPT_TEST_AFTER(begin(&script_windows), a_wait_that_misses_a_shutdown_is_cut_into_slices)
{
    then_block(SCRIPT_TRY_RECV);
    then_block(SCRIPT_TRY_RECV);
    script_then_fail(SCRIPT_WAIT_FOR_PAIR, FER_TIMED_OUT, 0);
    assert_ok(copy());
    assert_log("set_nonblocking(1,1) try_recv(1,4) set_nonblocking(2,1) try_recv(2,4) "
               "wait_for_pair(1r,2r,100001000,ever) set_nonblocking(1,1) try_recv(1,4) "
               "shutdown(2,1) set_nonblocking(2,1) try_recv(2,4) shutdown(1,1)");
}

/* ---- Timeouts */

static void set_timeouts_of(fer_handle *handle)
{
    feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_TIMEOUT_SET, 0);
}

BEGUN_TEST(a_read_timeout_ends_it_after_a_last_try)
{
    set_timeouts_of(&a);
    script_then(SCRIPT_TIMEOUT)->value = 5000;
    for (int i = 0; i < 3; i++) {
        then_block(SCRIPT_TRY_RECV);
    }
    script_then_fail(SCRIPT_WAIT_FOR_PAIR, FER_TIMED_OUT, 0);
    assert_error(copy(), FER_TIMED_OUT, 0);
    assert_log("try_recv(1,4) timeout(1,reading) try_recv(2,4) wait_for_pair(1r,2r,6000,6000) "
               "try_recv(1,4)");
    assert_moved(0, 0, 0, 0);
}

BEGUN_TEST(a_write_timeout_ends_it_and_keeps_the_bytes)
{
    set_timeouts_of(&a);
    then_block(SCRIPT_TRY_RECV);
    script_then_move(SCRIPT_TRY_RECV, 3);
    script_then_move(SCRIPT_TRY_RECV, 0);
    for (int i = 0; i < 3; i++) {
        then_block(SCRIPT_TRY_SEND);
    }
    (void)script_then(SCRIPT_TIMEOUT);
    script_then(SCRIPT_TIMEOUT)->value = 5000;
    script_then_fail(SCRIPT_WAIT_FOR_PAIR, FER_TIMED_OUT, 0);
    assert_error(copy(), FER_TIMED_OUT, 0);
    assert_log("try_recv(1,4) timeout(1,reading) try_recv(2,4) try_recv(1,4) shutdown(2,1) "
               "try_send(1,3) timeout(1,writing) try_send(1,3) wait_for_pair(1w,2-,6000,6000) "
               "try_send(1,3)");
    assert_moved(0, 0, 0, 3);
}

BEGUN_TEST(bytes_that_move_begin_a_new_wait)
{
    set_timeouts_of(&a);
    for (int i = 0; i < 2; i++) {
        script_then(SCRIPT_TIMEOUT)->value = 5000;
        then_block(SCRIPT_TRY_RECV);
        then_block(SCRIPT_TRY_RECV);
        script_then(SCRIPT_WAIT_FOR_PAIR)->elapsed = 4000;
        script_then_move(SCRIPT_TRY_RECV, 1);
        then_block(SCRIPT_TRY_RECV);
        script_then_move(SCRIPT_TRY_SEND, 1);
        then_block(SCRIPT_TRY_RECV);
    }
    assert_ok(copy());
    assert_moved(2, 0, 0, 0);
}

BEGUN_TEST(a_timeout_that_cannot_be_read_is_reported)
{
    set_timeouts_of(&a);
    then_block(SCRIPT_TRY_RECV);
    script_then_fail(SCRIPT_TIMEOUT, FER_INVALID_INPUT, 22);
    assert_error_log(copy(), FER_INVALID_INPUT, 22, "try_recv(1,4) timeout(1,reading)");
}

/* ---- Limits */

static fer_cancel_token token;

BEGUN_TEST(limits_of_either_stream_precede_everything)
{
    fer_handle *handles[] = {&a, &b};
    assert_ok(fer_cancel_token_new(&token));
    fer_cancel_token_cancel(&token);
    for (int i = 0; i < 2; i++) {
        limit(handles[i], (fer_limits){.token = &token, .deadline = FER_INSTANT_NONE});
        assert_error_log(copy(), FER_CANCELLED, 0, "");
        assert_ok(feri_set_limits(handles[i], NULL));
    }
    fer_cancel_token_close(&token);
}

BEGUN_TEST(the_earlier_deadline_ends_the_wait)
{
    then_block(SCRIPT_TRY_RECV);
    then_block(SCRIPT_TRY_RECV);
    script_then_fail(SCRIPT_WAIT_FOR_PAIR, FER_TIMED_OUT, 0);
    limit(&a, (fer_limits){.deadline = fer_instant_after(fer_duration_from_secs(9))});
    limit(&b, (fer_limits){.deadline = fer_instant_after(fer_duration_from_secs(5))});
    assert_error(copy(), FER_TIMED_OUT, 0);
    assert_moved(0, 0, 0, 0);
}

static void cancel_at_wait(script_call call)
{
    if (call == SCRIPT_WAIT_FOR_PAIR) {
        script.on_call = NULL;
        fer_cancel_token_cancel(&token);
    }
}

BEGUN_TEST(a_signal_ends_it_if_the_limits_of_a_stream_are_interruptible)
{
    fer_handle *handles[] = {&a, &b};
    for (int i = 0; i < 2; i++) {
        limit(handles[i], (fer_limits){.deadline = FER_INSTANT_NONE, .interruptible = true});
        then_block(SCRIPT_TRY_RECV);
        then_block(SCRIPT_TRY_RECV);
        script_then_fail(SCRIPT_WAIT_FOR_PAIR, FER_INTERRUPTED, 4);
        assert_error(copy(), FER_INTERRUPTED, 4);
        assert_ok(feri_set_limits(handles[i], NULL));
    }
}

BEGUN_TEST(a_cancel_precedes_a_signal)
{
    assert_ok(fer_cancel_token_new(&token));
    limit(&b, (fer_limits){.token = &token, .deadline = FER_INSTANT_NONE, .interruptible = true});
    then_block(SCRIPT_TRY_RECV);
    then_block(SCRIPT_TRY_RECV);
    script_then_fail(SCRIPT_WAIT_FOR_PAIR, FER_INTERRUPTED, 4);
    script.on_call = cancel_at_wait;
    assert_error(copy(), FER_CANCELLED, 0);
    fer_cancel_token_close(&token);
}

/* ---- Errors */

BEGUN_TEST(an_error_of_a_write_keeps_the_bytes_of_both_directions)
{
    script_then_move(SCRIPT_TRY_RECV, 4);
    script_then_move(SCRIPT_TRY_RECV, 3);
    script_then_move(SCRIPT_TRY_SEND, 1);
    script_then_fail(SCRIPT_TRY_SEND, FER_BROKEN_PIPE, 32);
    assert_error(copy(), FER_BROKEN_PIPE, 32);
    assert_moved(1, 3, 0, 3);
    assert_memory_equal(memory[0] + buffers[0].start, "bcd", 3);
    assert_memory_equal(memory[1], "abc", 3);
}

BEGUN_TEST(a_send_of_no_byte_is_write_zero)
{
    script_then_move(SCRIPT_TRY_RECV, 4);
    then_block(SCRIPT_TRY_RECV);
    script_then_move(SCRIPT_TRY_SEND, 3);
    then_block(SCRIPT_TRY_RECV);
    script_then_move(SCRIPT_TRY_SEND, 0);
    assert_error(copy(), FER_WRITE_ZERO, 0);
    assert_moved(3, 1, 0, 0);
}

BEGUN_TEST(nothing_is_read_for_a_stream_that_cannot_be_written)
{
    assert_true(feri_handle_apply(&b, FERI_EVENT_SHUT_WRITE));
    assert_error_log(copy(), FER_BROKEN_PIPE, 0, "");
}

BEGUN_TEST(an_end_that_cannot_be_passed_on_is_an_error)
{
    script_then_fail(SCRIPT_SHUTDOWN, FER_PERMISSION_DENIED, 1);
    assert_error(copy(), FER_PERMISSION_DENIED, 1);
}

/* Rule C5, as fer_copy: the call that detects the failure of a connect returns its cause. */
BEGUN_TEST(the_cause_of_a_failed_connect_is_returned_once)
{
    fer_stream connected = {&a};
    for (int i = 0; i < 2; i++) {
        fer_handle connecting = script_connecting(0);
        fer_stream one = i == 0 ? (fer_stream){&connecting} : connected;
        fer_stream other = i == 0 ? connected : (fer_stream){&connecting};
        script.log[0] = '\0';
        script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_REFUSED, 111};
        assert_error(fer_copy_bidirectional(one, other, &buffers[0], &buffers[1], NULL, NULL),
                     FER_CONNECTION_REFUSED, 111);
        assert_log(i == 0 ? "take_error(3)" : "take_error(4)");
        assert_error_log(fer_copy_bidirectional(one, other, &buffers[0], &buffers[1], NULL, NULL),
                         FER_MISUSE, 0, "");
    }
}

BEGUN_TEST(misuse_makes_no_call)
{
    fer_handle fresh = {0};
    fer_handle unconnected = script_unconnected(0);
    fer_handle connecting = script_connecting(0);
    fer_copy_buffer none = {NULL, 4, 0, 0};
    fer_copy_buffer empty = {memory[0], 0, 0, 0};
    fer_stream one = {&a};
    fer_stream other = {&b};
    fer_stream null = {NULL};
    assert_error(fer_copy_bidirectional(one, other, NULL, &buffers[1], &n[0], &n[1]), FER_MISUSE,
                 0);
    assert_moved(0, 0, 0, 0);
    assert_error(fer_copy_bidirectional(one, other, &none, &buffers[1], NULL, NULL), FER_MISUSE, 0);
    assert_error(fer_copy_bidirectional(one, other, &buffers[0], &empty, NULL, NULL),
                 FER_INVALID_INPUT, 0);
    assert_error(fer_copy_bidirectional(one, one, &buffers[0], &buffers[1], NULL, NULL),
                 FER_INVALID_INPUT, 0);
    assert_error(fer_copy_bidirectional(one, other, &buffers[0], &buffers[0], NULL, NULL),
                 FER_INVALID_INPUT, 0);
    assert_error(fer_copy_bidirectional(null, null, &buffers[0], &buffers[1], NULL, NULL),
                 FER_MISUSE, 0);
    assert_error(fer_copy_bidirectional(one, null, &buffers[0], &buffers[1], NULL, NULL),
                 FER_MISUSE, 0);
    assert_error(
        fer_copy_bidirectional((fer_stream){&fresh}, other, &buffers[0], &buffers[1], NULL, NULL),
        FER_NOT_CONNECTED, 0);
    assert_error(fer_copy_bidirectional((fer_stream){&unconnected}, other, &buffers[0], &buffers[1],
                                        NULL, NULL),
                 FER_NOT_CONNECTED, 0);
    assert_log("");
    script_then_fail(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 107);
    assert_error(fer_copy_bidirectional(one, (fer_stream){&connecting}, &buffers[0], &buffers[1],
                                        NULL, NULL),
                 FER_WOULD_BLOCK, 0);
    assert_log("take_error(4) peer_addr(4)");
}

TEST_MAIN("copy_both")
