/* test_copy_both.c: copies in both directions: the tries of both, the waits for both streams, the
 * ends that are passed on, and the errors (rule M2). */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "core/transfer/splicing.h"
#include "ferrule/cancel.h"
#include "ferrule/io.h"

static fer_handle a;
static fer_handle b;
static unsigned char memory[2][4];
static fer_copy_buffer buffers[2];
static uint64_t n[2];

/* Socket 1 is a and socket 2 is b. */
static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    a = script_stream(0);
    b = script_stream(0);
    memset(memory, '#', sizeof memory);
    for (int i = 0; i < 2; i++) {
        buffers[i] = (fer_copy_buffer){memory[i], sizeof memory[i], 0, 0};
        n[i] = 77;
    }
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

static fer_error copy(void)
{
    return fer_copy_bidirectional((fer_stream){&a}, (fer_stream){&b}, &buffers[0], &buffers[1],
                                  &n[0], &n[1]);
}

static void assert_moved(uint64_t from_a, size_t kept_of_a, uint64_t from_b, size_t kept_of_b)
{
    assert_int_equal(n[0], from_a);
    assert_int_equal(buffers[0].len, kept_of_a);
    assert_int_equal(n[1], from_b);
    assert_int_equal(buffers[1].len, kept_of_b);
}

static void then_block(script_call call)
{
    script_then_fail(call, FER_WOULD_BLOCK, 11);
}

static void limit(fer_handle *handle, fer_limits limits)
{
    assert_ok(feri_set_limits(handle, &limits));
    script.log[0] = '\0';
}

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
    assert_log("try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,100001000,ever) try_recv(1,4) "
               "shutdown(2,1) try_recv(2,4) shutdown(1,1)");
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

/* ---- Pipes */

enum { CAP = FERI_SPLICE_AFTER };

static unsigned char long_memory[2][CAP];

/* a has sent what a copy moves before it splices, and b its end. */
static void begin_long(uint32_t flags)
{
    begin(&script_posix);
    a = script_stream(flags);
    b = script_stream(flags);
    for (int i = 0; i < 2; i++) {
        buffers[i] = (fer_copy_buffer){long_memory[i], CAP, 0, 0};
    }
    script_then_move(SCRIPT_TRY_RECV, CAP);
    script_then_move(SCRIPT_TRY_RECV, 0);
    script_then_move(SCRIPT_TRY_SEND, CAP);
}

/* The sockets are 3 and 4. */
#define BEFORE \
    "try_recv(3,262144) try_recv(4,262144) shutdown(3,1) try_send(4,262144) pipe_open(262144) "

#define LONG_TEST(function) SCRIPT_TEST_AFTER(begin_long(FERI_FLAG_NONBLOCKING), function)

LONG_TEST(a_long_copy_between_nonblocking_streams_splices)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 5);
    assert_ok(copy());
    assert_log(BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_fill(3,262144) try_recv(3,262144) "
                      "shutdown(4,1) pipe_close()");
    assert_moved(CAP + 5, 0, 0, 0);
}

SCRIPT_TEST_AFTER(begin_long(0), a_long_copy_between_blocking_streams_does_not_splice)
{
    assert_ok(copy());
    assert_int_equal(script.times[SCRIPT_PIPE_OPEN], 0);
}

LONG_TEST(a_long_copy_within_limits_splices_too)
{
    limit(&a, (fer_limits){.deadline = fer_instant_after(fer_duration_from_secs(9))});
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 5);
    script_then_fail(SCRIPT_PIPE_FILL, FER_INTERRUPTED, 4);
    assert_ok(copy());
    assert_moved(CAP + 5, 0, 0, 0);
}

LONG_TEST(a_destination_that_is_full_returns_the_bytes_to_the_buffer)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 2);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_WOULD_BLOCK, 11);
    script_then_move(SCRIPT_PIPE_READ, 3);
    then_block(SCRIPT_TRY_SEND);
    script_then_move(SCRIPT_TRY_SEND, 3);
    assert_ok(copy());
    assert_log(BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_drain(4,3) pipe_read(3) "
                      "try_send(4,3) wait_for_pair(3-,4w,ever,ever) try_send(4,3) "
                      "pipe_fill(3,262144) try_recv(3,262144) shutdown(4,1) pipe_close()");
    assert_moved(CAP + 5, 0, 0, 0);
}

LONG_TEST(bytes_that_return_whole_from_the_pipe_are_written_first)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_WOULD_BLOCK, 11);
    script_then_move(SCRIPT_PIPE_READ, 5);
    script_then_move(SCRIPT_TRY_SEND, 5);
    assert_ok(copy());
    assert_log(BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_read(5) try_send(4,5) "
                      "pipe_fill(3,262144) try_recv(3,262144) shutdown(4,1) pipe_close()");
    assert_moved(CAP + 5, 0, 0, 0);
}

LONG_TEST(a_pipe_that_is_refused_is_not_tried_again)
{
    script_then_fail(SCRIPT_PIPE_FILL, FER_UNSUPPORTED, 22);
    script_then_move(SCRIPT_TRY_RECV, 5);
    script_then_move(SCRIPT_TRY_SEND, 5);
    assert_ok(copy());
    assert_log(BEFORE "pipe_fill(3,262144) try_recv(3,262144) try_send(4,5) try_recv(3,262144) "
                      "shutdown(4,1) pipe_close()");
    assert_moved(CAP + 5, 0, 0, 0);
}

static void shorten_buffer(script_call call)
{
    if (call == SCRIPT_TRY_SEND) {
        buffers[0].cap = FERI_SPLICE_CAP_MIN - 1;
    }
}

LONG_TEST(a_short_buffer_does_not_splice)
{
    script.on_call = shorten_buffer;
    assert_ok(copy());
    assert_int_equal(script.times[SCRIPT_PIPE_OPEN], 0);
}

static void reset_a(script_call call)
{
    if (call == SCRIPT_TRY_SEND) {
        (void)feri_handle_fail(&a, FERI_EVENT_GOT_RESET, (fer_error){FER_CONNECTION_RESET, 104});
    }
}

LONG_TEST(a_reset_that_another_thread_has_met_is_for_the_buffer)
{
    script.on_call = reset_a;
    script_then_move(SCRIPT_BYTES_QUEUED, 0);
    assert_error(copy(), FER_CONNECTION_RESET, 104);
    assert_int_equal(script.times[SCRIPT_PIPE_OPEN], 0);
}

static void make_b_blocking(script_call call)
{
    if (call == SCRIPT_PIPE_DRAIN) {
        feri_atomic_change_bits(&b.p_.flags_, 0, FERI_FLAG_NONBLOCKING);
    }
}

LONG_TEST(a_stream_that_becomes_blocking_ends_the_splices)
{
    script.on_call = make_b_blocking;
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 5);
    assert_ok(copy());
    assert_log(BEFORE "pipe_fill(3,262144) pipe_drain(4,5) try_recv(3,262144) shutdown(4,1) "
                      "pipe_close()");
}

LONG_TEST(a_reset_of_the_source_of_a_pipe_ends_it)
{
    script_then_fail(SCRIPT_PIPE_FILL, FER_CONNECTION_RESET, 104);
    assert_error(copy(), FER_CONNECTION_RESET, 104);
    assert_int_equal(feri_handle_saved_error(&a).kind, FER_CONNECTION_RESET);
    assert_moved(CAP, 0, 0, 0);
}

LONG_TEST(an_error_of_the_destination_of_a_pipe_keeps_the_bytes)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_BROKEN_PIPE, 32);
    script_then_move(SCRIPT_PIPE_READ, 5);
    assert_error(copy(), FER_BROKEN_PIPE, 32);
    assert_moved(CAP, 5, 0, 0);
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
