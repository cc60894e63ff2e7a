/* test_retry.c: a stream's read or write that fails with NO_BUFFER_SPACE: shorter tries, then waits
 * (rules R3, E3, T2). */
#include "unit/scripted_platform.h"

#include "core/handle/modes.h"
#include "core/transfer/stream_io.h"

static size_t n;

/* The lengths that the OS is given are longer than this buffer: the scripted calls move few
 * bytes. */
static char buf[64];

#define LACKS(call) script_then_fail(SCRIPT_##call, FER_NO_BUFFER_SPACE, 10055)

STREAM_TEST(script_windows, a_nonblocking_call_would_block)
{
    feri_modes_set_nonblocking(&handle, true);
    LACKS(SEND);
    LACKS(SEND);
    assert_error(feri_stream_write(&handle, buf, 4097, &n), FER_WOULD_BLOCK, 10055);
    assert_log("send(1,4097) send(1,4096)");
    LACKS(RECV);
    assert_error_log(feri_stream_read(&handle, buf, 4096, &n), FER_WOULD_BLOCK, 10055,
                     "recv(1,4096)");
    assert_int_equal(n, 0);
}

/* The bytes that are sent are the first ones, in their order. */
STREAM_TEST(script_windows, a_vectored_call_is_cut_to_the_shorter_sum)
{
    static char header[3000];
    static char body[20000];
    fer_io_slice from[] = {{header, sizeof header}, {NULL, 0}, {body, sizeof body}, {header, 1}};
    fer_io_slice_mut into[] = {{header, sizeof header}, {body, sizeof body}};
    memset(header, 'h', sizeof header);
    LACKS(SEND_VECTORED);
    LACKS(SEND_VECTORED);
    LACKS(SEND_VECTORED);
    script_then_move(SCRIPT_SEND_VECTORED, 2);
    assert_ok_n(feri_stream_move_slices(&handle, FERP_WRITABLE, from, 4, 0, &n), n, 2);
    assert_memory_equal(script.sent, "hh", 2);
    /* 23001, 11500, 5750, 4096 */
    assert_log("send_vectored(1,4x3000) send_vectored(1,3x3000) send_vectored(1,3x3000) "
               "send_vectored(1,3x3000)");
    LACKS(RECV_VECTORED);
    script_then_move(SCRIPT_RECV_VECTORED, 1);
    assert_ok(feri_stream_move_slices(&handle, FERP_READABLE, into, 2, 0, &n));
    from[0].len = 9000;
    LACKS(SEND_VECTORED);
    LACKS(SEND_VECTORED);
    script_then_move(SCRIPT_SEND_VECTORED, 1);
    script.log[0] = '\0';
    assert_ok(feri_stream_move_slices(&handle, FERP_WRITABLE, from, 1, 0, &n));
    assert_log("send_vectored(1,1x9000) send_vectored(1,1x4500) send_vectored(1,1x4096)");
}

SCRIPT_TEST(on_other_systems_the_error_is_reported)
{
    fer_io_slice slice = {buf, sizeof buf};
    for (size_t i = 0; i < 2; i++) {
        script_begin(i == 0 ? &script_posix : &script_bsd);
        script.traits.cut_send_loses_count = false;
        fer_handle handle = script_stream(0);
        LACKS(SEND);
        assert_error(feri_stream_write(&handle, buf, 64000, NULL), FER_NO_BUFFER_SPACE, 10055);
        LACKS(RECV);
        assert_error(feri_stream_read(&handle, buf, 64000, NULL), FER_NO_BUFFER_SPACE, 10055);
        LACKS(TRY_SEND);
        assert_error(feri_stream_write_with(&handle, buf, 9, FERP_DONTWAIT, NULL),
                     FER_NO_BUFFER_SPACE, 10055);
        LACKS(SEND_VECTORED);
        assert_error_log(feri_stream_move_slices(&handle, FERP_WRITABLE, &slice, 1, 0, NULL),
                         FER_NO_BUFFER_SPACE, 10055,
                         "send(1,64000) recv(1,64000) try_send(1,9) send_vectored(1,1x64)");
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
    LACKS(TRY_SEND);
    LACKS(TRY_SEND);
    LACKS(TRY_SEND);
    script_then_move(SCRIPT_TRY_SEND, 9);
    assert_ok_n(feri_stream_write(&handle, buf, 2048, &n), n, 9);
    assert_int_equal(script.times[SCRIPT_TRY_SEND], 4);
    assert_int_equal(script.times[SCRIPT_WAIT_FOR], 3);
    assert_int_equal(script.times[SCRIPT_PAUSE], 1);
    LACKS(TRY_SEND);
    assert_error_n(feri_stream_write_with(&handle, buf, 1, FERP_DONTWAIT, &n), FER_WOULD_BLOCK,
                   10055, n, 0);
}

/* E3: a longer one may have moved some bytes, which a retry would send twice. A read has not. */
SCRIPT_TEST(on_macos_a_long_write_without_buffers_ends_the_stream)
{
    begin_macos();
    fer_handle handle = script_stream(0);
    LACKS(RECV);
    assert_error(feri_stream_read(&handle, buf, 9, NULL), FER_NO_BUFFER_SPACE, 10055);
    LACKS(TRY_SEND);
    assert_error_n(feri_stream_write(&handle, buf, 2049, &n), FER_NO_BUFFER_SPACE, 10055, n, 0);
    assert_error(feri_stream_write(&handle, buf, 1, &n), FER_NO_BUFFER_SPACE, 10055);
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
        assert_error(feri_stream_write(&handle, buf, 1, NULL), FER_PERMISSION_DENIED, 13);
        fer_error again = feri_stream_write(&handle, buf, 1, NULL);
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
    handle_to_shut = &handle;
    script.on_call = shut_writing_in_the_second_wait;
    assert_error_n(feri_stream_write(&handle, buf, sizeof buf, &n), FER_BROKEN_PIPE, 0, n, 0);
    assert_true(script.now <= 1000 + 20000000);
}

SCRIPT_TEST(a_vectored_call_is_cut_to_sixteen_slices)
{
    static char block[1000];
    fer_io_slice from[40];
    fer_io_slice_mut into[40];
    for (size_t i = 0; i < 40; i++) {
        from[i] = (fer_io_slice){block, sizeof block};
        into[i] = (fer_io_slice_mut){block, sizeof block};
    }
    script_begin(&script_windows);
    fer_handle handle = script_stream(0);
    LACKS(SEND_VECTORED);
    LACKS(SEND_VECTORED);
    script_then_move(SCRIPT_SEND_VECTORED, 2);
    assert_ok(feri_stream_move_slices(&handle, FERP_WRITABLE, from, 40, 0, NULL));
    /* 40000, 20000, 10000 */
    assert_log("send_vectored(1,40x1000) send_vectored(1,16x1000) send_vectored(1,10x1000)");
    LACKS(RECV_VECTORED);
    script_then_move(SCRIPT_RECV_VECTORED, 2);
    assert_ok(feri_stream_move_slices(&handle, FERP_READABLE, into, 40, 0, NULL));
    assert_log("recv_vectored(1,40x1000) recv_vectored(1,16x1000)");
}

TEST_MAIN("retry")
