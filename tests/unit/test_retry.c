/* test_retry.c: a stream's read or write that fails with NO_BUFFER_SPACE: shorter tries, then waits
 * (rules R3, E3, T2); and vectored calls. */
#include "unit/scripted_platform.h"

#include "core/transfer/stream_io.h"

static size_t n;

/* The lengths that the OS is given are longer than this buffer: the scripted calls move few
 * bytes. */
static char buf[64];

/* E3: a firewall refuses the segment, not the bytes, which stay queued. */
SCRIPT_TEST(a_denied_write_ends_the_stream_if_its_bytes_may_be_queued)
{
    for (size_t i = 0; i < 2; i++) {
        script_begin(&script_posix);
        script.traits.cut_send_loses_count = i == 1;
        fer_handle handle = script_stream(0);
        script_then_fail(i == 1 ? SCRIPT_TRY_SEND : SCRIPT_SEND, FER_PERMISSION_DENIED, 13);
        assert_error(feri_stream_write(&handle, buf, 1, 0, NULL), FER_PERMISSION_DENIED, 13);
        fer_error again = feri_stream_write(&handle, buf, 1, 0, NULL);
        assert_int_equal(again.kind, i == 1 ? FER_PERMISSION_DENIED : FER_OK);
        assert_log(i == 1 ? "try_send(1,1)" : "send(1,1) peer_addr(1) send(1,1)");
    }
}

/* ---- How much of the caller's slices one system call receives (rule R3) */

/* Reads into and writes from slices of these lengths, and checks the calls. */
static void check_both(fer_handle *handle, const size_t *lengths, size_t count,
                       const char *read_log, const char *write_log)
{
    fer_io_slice_mut into[8];
    fer_io_slice from[8];
    assert_true(count <= 8);
    script_queue("recv* 1, send* 1, recv_vectored* 1, send_vectored* 1");
    for (size_t i = 0; i < count; i++) {
        into[i] = (fer_io_slice_mut){buf, lengths[i]};
        from[i] = (fer_io_slice){buf, lengths[i]};
    }
    assert_ok(feri_stream_read_vectored(handle, into, count, 0, &n));
    assert_int_equal(n, script.times[SCRIPT_RECV] + script.times[SCRIPT_RECV_VECTORED] > 0);
    assert_log(read_log);
    assert_ok_log(feri_stream_write_vectored(handle, from, count, 0, &n), write_log);
    script.times[SCRIPT_RECV] = script.times[SCRIPT_RECV_VECTORED] = 0;
}

STREAM_TEST(script_posix, a_sum_beyond_the_limit_is_cut_to_it)
{
    script.traits.io_length_max = 10;
    check_both(&handle, (size_t[]){4, 6}, 2, "recv_vectored(1,2x4)", "send_vectored(1,2x4)");
    check_both(&handle, (size_t[]){9, 2}, 2, "recv_vectored(1,2x9)", "send_vectored(1,2x9)");
    check_both(&handle, (size_t[]){4, 7, 1}, 3, "recv_vectored(1,2x4)", "send_vectored(1,2x4)");
    check_both(&handle, (size_t[]){4, 3, 4}, 3, "recv_vectored(1,3x4)", "send_vectored(1,3x4)");
    check_both(&handle, (size_t[]){10, 0, 1}, 3, "recv_vectored(1,2x10)", "send_vectored(1,2x10)");
    check_both(&handle, (size_t[]){4, SIZE_MAX - 3, 1}, 3, "recv_vectored(1,2x4)",
               "send_vectored(1,2x4)");
}

STREAM_TEST(script_posix, a_cut_call_has_sixteen_slices_at_most)
{
    fer_io_slice slices[20];
    script.traits.io_length_max = 18;
    for (size_t i = 0; i < 20; i++) {
        slices[i] = (fer_io_slice){buf, 1};
    }
    slices[15].len = 64;
    assert_ok(feri_stream_write_vectored(&handle, slices, 20, 0, NULL));
    slices[15].len = 1;
    slices[16].len = 64;
    assert_ok(feri_stream_write_vectored(&handle, slices, 20, 0, NULL));
    assert_log("send_vectored(1,16x1) send_vectored(1,16x1)");
    assert_false(feri_plan_slices(slices, 20).is_clipped);
}

STREAM_TEST(script_windows, a_vectored_call_that_lacks_buffers_is_repeated_with_sixteen_slices)
{
    fer_io_slice slices[40];
    for (size_t i = 0; i < 40; i++) {
        slices[i] = (fer_io_slice){buf, 1000};
    }
    script_queue("send_vectored NO_BUFFER_SPACE:10055");
    assert_ok(feri_stream_write_vectored(&handle, slices, 40, 0, NULL));
    assert_log("send_vectored(1,40x1000) send_vectored(1,16x1000)");
}

/* I1: the peek that decides whether the buffer was large enough takes no byte. */
STREAM_TEST(script_posix, a_peek_after_a_signal_is_a_peek)
{
    script_queue("recv 4, peek INTERRUPTED:4, try_peek 1");
    assert_error(feri_stream_read_to_end(&handle, buf, 4, &n), FER_BUFFER_TOO_SMALL, 0);
    assert_log("recv(1,4) peek(1,1) try_peek(1,1)");
}

STREAM_TEST(script_posix, a_first_slice_beyond_the_limit_is_cut_itself)
{
    script.traits.io_length_max = 10;
    check_both(&handle, (size_t[]){11}, 1, "recv(1,10)", "send(1,10)");
    check_both(&handle, (size_t[]){0, 0, SIZE_MAX, 1}, 4, "recv(1,10)", "send(1,10)");
    check_both(&handle, (size_t[]){10}, 1, "recv_vectored(1,1x10)", "send_vectored(1,1x10)");
}

TEST_MAIN("retry")
