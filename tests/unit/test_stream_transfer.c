/* test_stream_transfer.c: complete transfers, which consist of single reads and writes: read_exact,
 * read_to_end, write_all. */
#include "unit/scripted_platform.h"

#include "core/transfer/stream_io.h"

static size_t n;

static char buf[64];

static fer_handle open_stream(void)
{
    script_begin(&script_posix);
    memset(buf, '#', sizeof buf);
    return script_stream(FERI_FLAG_TIMEOUT_SET);
}

#define OPEN_TEST(function) SCRIPT_TEST_WITH(fer_handle handle, open_stream(), function)

/* ---- read_exact */

OPEN_TEST(read_exact_reads_until_the_buffer_is_full)
{
    script_then_move(SCRIPT_RECV, 2);
    script_then_move(SCRIPT_RECV, 1);
    script_then_move(SCRIPT_RECV, 3);
    assert_ok_n(feri_stream_read_exact(&handle, buf, 6, &n), n, 6);
    assert_memory_equal(buf, "abaabc#", 7);
    assert_log("recv(1,6) recv(1,4) recv(1,3)");
}

OPEN_TEST(read_exact_that_meets_the_end_is_unexpected_and_counted)
{
    script_then_move(SCRIPT_RECV, 2);
    assert_error_n(feri_stream_read_exact(&handle, buf, 6, &n), FER_UNEXPECTED_EOF, 0, n, 2);
    assert_log("recv(1,6) recv(1,4)");
    assert_error_n(feri_stream_read_exact(&handle, buf, 6, &n), FER_UNEXPECTED_EOF, 0, n, 0);
    assert_log("");
}

/* ---- read_to_end */

OPEN_TEST(a_full_buffer_is_the_whole_when_a_peek_meets_the_end)
{
    script_then_move(SCRIPT_RECV, 3);
    script_then_fail(SCRIPT_PEEK, FER_INTERRUPTED, 4);
    assert_ok_n(feri_stream_read_to_end(&handle, buf, 3, &n), n, 3);
    assert_log("recv(1,3) peek(1,1) is_nonblocking(1) timeout(1,reading) try_peek(1,1)");
}

OPEN_TEST(read_to_end_without_capacity_only_peeks)
{
    script_then_move(SCRIPT_PEEK, 1);
    assert_error_n(feri_stream_read_to_end(&handle, NULL, 0, &n), FER_BUFFER_TOO_SMALL, 0, n, 0);
    assert_ok_log(feri_stream_read_to_end(&handle, buf, 0, NULL), "peek(1,1) peek(1,1)");
}

OPEN_TEST(read_to_end_that_fails_counts_the_bytes_before)
{
    script_then_move(SCRIPT_RECV, 2);
    script_then_fail(SCRIPT_RECV, FER_INTERRUPTED, 4);
    script_then_fail(SCRIPT_TRY_RECV, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
    assert_error_n(feri_stream_read_to_end(&handle, buf, 9, &n), FER_TIMED_OUT, 0, n, 2);
    assert_int_equal(script.times[SCRIPT_PEEK], 0);
}

/* ---- write_all */

OPEN_TEST(write_all_writes_the_rest_after_each_short_write)
{
    script_then_move(SCRIPT_SEND, 2);
    script_then_fail(SCRIPT_SEND, FER_INTERRUPTED, 4);
    script_then_move(SCRIPT_TRY_SEND, 1);
    script_then_move(SCRIPT_SEND, 3);
    assert_ok_n(feri_stream_write_all(&handle, "ferrule", 6, &n), n, 6);
    assert_string_equal(script.sent, "ferrul");
    assert_log("send(1,6) send(1,4) is_nonblocking(1) timeout(1,writing) try_send(1,4) send(1,3)");
}

TEST_MAIN("stream_transfer")
