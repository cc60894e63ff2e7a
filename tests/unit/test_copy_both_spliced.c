/* test_copy_both_spliced.c: the part of a long copy in both directions that is made through a pipe
 * (rule M2). */
#include "unit/copy_both_fixture.h"
#include "unit/scripted_platform.h"

#include "core/transfer/copy.h"

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

TEST_MAIN("copy_both_spliced")
