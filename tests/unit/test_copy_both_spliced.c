/* test_copy_both_spliced.c: the part of a long copy in both directions that is made through a pipe
 * (rule M2). */
#include "unit/copy_both_fixture.h"
#include "unit/scripted_platform.h"

#include "core/transfer/copy.h"

enum { CAP = FERI_SPLICE_AFTER };

static unsigned char long_memory[2][CAP];

/* a has sent what a copy moves before it splices, and b its end. The sockets are 3 and 4. */
static void begin_long(uint32_t flags)
{
    begin(&script_posix);
    a = script_stream(flags);
    b = script_stream(flags);
    for (int i = 0; i < 2; i++) {
        buffers[i] = (fer_copy_buffer){long_memory[i], CAP, 0, 0};
    }
    script_queue("try_recv 262144 0, try_send 262144");
}

#define BEFORE \
    "try_recv(3,262144) try_recv(4,262144) shutdown(3,1) try_send(4,262144) pipe_open(262144) "
#define END "try_recv(3,262144) shutdown(4,1) pipe_close()"

#define LONG_TEST(function) SCRIPT_TEST_AFTER(begin_long(FERI_FLAG_NONBLOCKING), function)

SCRIPT_TEST(a_long_copy_between_nonblocking_streams_splices)
{
    static const struct copy_row rows[] = {
        {"through the pipe", "pipe_fill 5, pipe_drain 5",
         BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_fill(3,262144) " END, FER_OK, 0, CAP + 5,
         0, 0, 0},
        {"a destination that is full returns the bytes to the buffer",
         "pipe_fill 5, pipe_drain 2 WOULD_BLOCK:11, pipe_read 3, try_send WOULD_BLOCK:11 3",
         BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_drain(4,3) pipe_read(3) try_send(4,3) "
                "wait_for_pair(3-,4w,ever,ever) try_send(4,3) pipe_fill(3,262144) " END,
         FER_OK, 0, CAP + 5, 0, 0, 0},
        {"bytes that return whole from the pipe are written first",
         "pipe_fill 5, pipe_drain WOULD_BLOCK:11, pipe_read 5, try_send 5",
         BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_read(5) try_send(4,5) "
                "pipe_fill(3,262144) " END,
         FER_OK, 0, CAP + 5, 0, 0, 0},
        {"a pipe that is refused is not tried again",
         "pipe_fill UNSUPPORTED:22, try_recv 5, try_send 5",
         BEFORE "pipe_fill(3,262144) try_recv(3,262144) try_send(4,5) " END, FER_OK, 0, CAP + 5, 0,
         0, 0},
        {"a reset of the source of a pipe ends it", "pipe_fill CONNECTION_RESET:104", NULL,
         FER_CONNECTION_RESET, 104, CAP, 0, 0, 0},
        {"an error of the destination of a pipe keeps the bytes",
         "pipe_fill 5, pipe_drain BROKEN_PIPE:32, pipe_read 5", NULL, FER_BROKEN_PIPE, 32, CAP, 5,
         0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_long(FERI_FLAG_NONBLOCKING);
        run_copy(&rows[i]);
        assert_row(rows[i].kind != FER_CONNECTION_RESET ||
                   feri_handle_saved_error(&a).kind == FER_CONNECTION_RESET);
        script_end_row();
    }
}

LONG_TEST(a_long_copy_within_limits_splices_too)
{
    limit(&a, (fer_limits){.deadline = fer_instant_after(fer_duration_from_secs(9))});
    script_queue("pipe_fill 5 INTERRUPTED:4, pipe_drain 5");
    assert_ok(copy());
    assert_moved(CAP + 5, 0, 0, 0);
}

SCRIPT_TEST_AFTER(begin_long(0), a_long_copy_between_blocking_streams_does_not_splice)
{
    assert_ok(copy());
    assert_int_equal(script.times[SCRIPT_PIPE_OPEN], 0);
}

/* ---- Changes by another thread */

static void shorten_buffer(script_call call)
{
    buffers[0].cap = call == SCRIPT_TRY_SEND ? FERI_SPLICE_CAP_MIN - 1 : buffers[0].cap;
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
    script_queue("bytes_queued 0");
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
    script_queue("pipe_fill 5, pipe_drain 5");
    assert_ok(copy());
    assert_log(BEFORE "pipe_fill(3,262144) pipe_drain(4,5) " END);
}

TEST_MAIN("copy_both_spliced")
