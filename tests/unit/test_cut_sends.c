/* test_cut_sends.c: the writes of a stream, if a send that is cut off loses its count
 * (cut_send_loses_count): no send waits in the system, and core waits (rules E3, T2). */
#include "unit/scripted_platform.h"

#include "core/transfer/datagram.h"
#include "core/transfer/stream_io.h"

static size_t n;

static char buf[64];

static fer_handle open_stream(uint32_t flags)
{
    script_begin(&script_posix);
    script.traits.cut_send_loses_count = true;
    return script_stream(flags);
}

#define OPEN_TEST(function) SCRIPT_TEST_WITH(fer_handle handle, open_stream(0), function)

OPEN_TEST(a_write_with_space_is_one_call)
{
    fer_io_slice slice = {buf, 5};
    script_then_move(SCRIPT_TRY_SEND, 5);
    assert_ok_n(feri_stream_write(&handle, "hello", 5, &n), n, 5);
    script_then_move(SCRIPT_TRY_SEND_VECTORED, 2);
    assert_ok_n(feri_stream_write_vectored(&handle, &slice, 1, &n), n, 2);
    assert_log("try_send(1,5) try_send_vectored(1,1x5)");
}

SCRIPT_TEST(a_nonblocking_stream_never_waits)
{
    fer_io_slice slice = {buf, 5};
    fer_handle handle = open_stream(FERI_FLAG_NONBLOCKING);
    assert_forwards(SCRIPT_TRY_SEND, FER_WOULD_BLOCK, 35, feri_stream_write(&handle, buf, 5, NULL));
    script_then_fail(SCRIPT_TRY_SEND_VECTORED, FER_WOULD_BLOCK, 35);
    assert_error(feri_stream_write_vectored(&handle, &slice, 1, NULL), FER_WOULD_BLOCK, 35);
    assert_log("try_send(1,5) try_send_vectored(1,1x5)");
    handle = open_stream(FERI_FLAG_CLONED);
    script_default(SCRIPT_IS_NONBLOCKING)->value = 1;
    assert_forwards(SCRIPT_TRY_SEND, FER_WOULD_BLOCK, 35, feri_stream_write(&handle, buf, 5, NULL));
    assert_log("try_send(1,5) is_nonblocking(1)");
    script_queue("try_send WOULD_BLOCK:35, is_nonblocking BAD_HANDLE:9");
    assert_error(feri_stream_write(&handle, buf, 5, NULL), FER_BAD_HANDLE, 9);
}

/* Only macOS lacks buffers after bytes of the call have been queued. */
OPEN_TEST(a_shortage_leaves_the_stream_if_no_byte_was_queued)
{
    script_queue("try_send NO_BUFFER_SPACE:55 5");
    assert_error(feri_stream_write(&handle, buf, 5, NULL), FER_NO_BUFFER_SPACE, 55);
    assert_ok_log(feri_stream_write(&handle, buf, 5, NULL), "try_send(1,5) try_send(1,5)");
}

TEST_MAIN("cut_sends")
