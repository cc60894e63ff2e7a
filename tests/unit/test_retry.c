/* test_retry.c: a stream's read or write that fails with NO_BUFFER_SPACE: shorter tries, then waits
 * (rules R3, E3, T2); and vectored calls. */
#include "unit/scripted_platform.h"

#include "core/transfer/stream_io.h"

static size_t n;

/* The lengths that the OS is given are longer than this buffer: the scripted calls move few
 * bytes. */
static char buf[64];

/* A call is cut to the shorter sum, and to sixteen slices. The bytes that are sent are the first
 * ones, in their order. */
SCRIPT_TEST(a_vectored_call_is_cut_to_the_shorter_sum)
{
    static char bytes[20000];
    static const struct {
        size_t lengths[4]; /* 40 times the first if the others are 0 */
        const char *results, *log, *read_log;
    } rows[] = {
        /* 23001, 11500, 5750, 4096 */
        {{3000, 0, 20000, 1},
         "try_send_vectored NO_BUFFER_SPACE:10055 NO_BUFFER_SPACE:10055 NO_BUFFER_SPACE:10055 2",
         "try_send_vectored(1,4x3000) try_send_vectored(1,3x3000) try_send_vectored(1,3x3000) "
         "try_send_vectored(1,3x3000)",
         "try_recv_vectored(1,4x3000) try_recv_vectored(1,3x3000)"},
        {{9000, 0, 1, 0},
         "try_send_vectored NO_BUFFER_SPACE:10055 NO_BUFFER_SPACE:10055 2",
         "try_send_vectored(1,4x9000) try_send_vectored(1,1x4500) try_send_vectored(1,1x4096)",
         "try_recv_vectored(1,4x9000) try_recv_vectored(1,1x4500)"},
        /* 39000, 19500, 9750 */
        {{1000, 0, 0, 0},
         "try_send_vectored NO_BUFFER_SPACE:10055 NO_BUFFER_SPACE:10055 2",
         "try_send_vectored(1,40x1000) try_send_vectored(1,16x1000) try_send_vectored(1,10x1000)",
         "try_recv_vectored(1,40x1000) try_recv_vectored(1,16x1000)"},
    };
    memset(bytes, 'h', sizeof bytes);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_io_slice from[40];
        fer_io_slice_mut into[40];
        size_t count = rows[i].lengths[2] == 0 ? 40 : 4;
        for (size_t k = 0; k < count; k++) {
            size_t len = k == 39 ? 0 : rows[i].lengths[count == 40 ? 0 : k];
            from[k] = (fer_io_slice){bytes, len};
            into[k] = (fer_io_slice_mut){bytes, len};
        }
        script_begin(&script_windows);
        script.row = rows[i].log;
        fer_handle handle = script_stream(0);
        script_queue(rows[i].results);
        assert_ok_n(feri_stream_write_vectored(&handle, from, count, 0, &n), n, 2);
        assert_row(strcmp(script.sent, "hh") == 0);
        assert_log(rows[i].log);
        script_queue("try_recv_vectored NO_BUFFER_SPACE:10055 1");
        assert_ok(feri_stream_read_vectored(&handle, into, count, 0, &n));
        assert_log(rows[i].read_log);
        script_end_row();
    }
}

static void begin_macos(void)
{
    script_begin(&script_bsd);
    script.traits.cut_send_loses_count = true;
    script.traits.no_buffer_space_is_transient = true;
}

/* E3: macOS moves a short send complete or not at all, so a lack of buffers moved nothing. */
SCRIPT_TEST(on_macos_a_short_write_waits_for_buffers)
{
    begin_macos();
    fer_handle handle = script_stream(0);
    script_queue("try_send NO_BUFFER_SPACE:55 NO_BUFFER_SPACE:55 NO_BUFFER_SPACE:55 9 "
                 "NO_BUFFER_SPACE:55");
    assert_ok_n(feri_stream_write(&handle, buf, 2048, 0, &n), n, 9);
    assert_int_equal(script.times[SCRIPT_TRY_SEND], 4);
    assert_int_equal(script.times[SCRIPT_WAIT_FOR], 3);
    assert_int_equal(script.times[SCRIPT_PAUSE], 1);
    assert_error_n(feri_stream_write(&handle, buf, 1, FERP_DONTWAIT, &n), FER_WOULD_BLOCK, 55, n,
                   0);
}

/* E3: a longer one may have moved some bytes, which a retry would send twice. A read has not. */
SCRIPT_TEST(on_macos_a_long_write_without_buffers_ends_the_stream)
{
    begin_macos();
    fer_handle handle = script_stream(0);
    script_queue("recv NO_BUFFER_SPACE:55, try_send NO_BUFFER_SPACE:55");
    assert_error(feri_stream_read(&handle, buf, 9, 0, NULL), FER_NO_BUFFER_SPACE, 55);
    assert_error_n(feri_stream_write(&handle, buf, 2049, 0, &n), FER_NO_BUFFER_SPACE, 55, n, 0);
    assert_error(feri_stream_write(&handle, buf, 1, 0, &n), FER_NO_BUFFER_SPACE, 55);
    assert_log("recv(1,9) try_send(1,2049)");
}

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

static fer_handle *handle_to_shut;

static void shut_writing_in_the_second_wait(script_call call)
{
    if (call == SCRIPT_WAIT_FOR && script.times[SCRIPT_WAIT_FOR] == 2) {
        assert_true(feri_handle_apply(handle_to_shut, FERI_EVENT_SHUT_WRITE));
    }
}

/* S6: the shutdown of another thread ends the call although the shortage lasts. */
STREAM_TEST(script_windows, a_shutdown_ends_a_call_in_a_shortage)
{
    script_default(SCRIPT_SEND)->error = (fer_error){FER_NO_BUFFER_SPACE, 10055};
    script_default(SCRIPT_TRY_SEND)->error = (fer_error){FER_NO_BUFFER_SPACE, 10055};
    handle_to_shut = &handle;
    script.on_call = shut_writing_in_the_second_wait;
    assert_error_n(feri_stream_write(&handle, buf, sizeof buf, 0, &n), FER_BROKEN_PIPE, 0, n, 0);
    assert_true(script.now <= 1000 + 20000000);
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

STREAM_TEST(script_posix, a_first_slice_beyond_the_limit_is_cut_itself)
{
    script.traits.io_length_max = 10;
    check_both(&handle, (size_t[]){11}, 1, "recv(1,10)", "send(1,10)");
    check_both(&handle, (size_t[]){0, 0, SIZE_MAX, 1}, 4, "recv(1,10)", "send(1,10)");
    check_both(&handle, (size_t[]){10}, 1, "recv_vectored(1,1x10)", "send_vectored(1,1x10)");
}

TEST_MAIN("retry")
