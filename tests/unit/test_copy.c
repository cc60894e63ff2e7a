/* test_copy.c: copying from one stream to another: the calls, the bytes that remain in the buffer,
 * and the errors before any call. */
#include "unit/scripted_platform.h"

#include "ferrule/io.h"

static fer_tcp_stream from;
static fer_unix_stream to;
static unsigned char memory[4];
static fer_copy_buffer buffer;

/* Socket 1 is read and socket 2 is written, in blocks of at most four bytes. */
static void begin(void)
{
    script_begin(&script_posix);
    from.handle_ = script_stream(FERI_FLAG_TIMEOUT_SET);
    to.handle_ = script_stream(FERI_FLAG_TIMEOUT_SET);
    memset(memory, '#', sizeof memory);
    buffer = (fer_copy_buffer){memory, sizeof memory, 0, 0};
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(), function)

static fer_error copy(uint64_t *n)
{
    return fer_copy(fer_tcp_stream_as_stream(&from), fer_unix_stream_as_stream(&to), &buffer, n);
}

static void assert_kept(size_t start, size_t len)
{
    assert_int_equal(buffer.start, start);
    assert_int_equal(buffer.len, len);
    assert_ptr_equal(buffer.base, memory);
    assert_int_equal(buffer.cap, sizeof memory);
}

/* ---- Complete copies */

BEGUN_TEST(each_read_is_written_before_the_next)
{
    uint64_t n = 99;
    script_then_move(SCRIPT_RECV, 4);
    script_then_move(SCRIPT_RECV, 3);
    script_then_move(SCRIPT_SEND, 4);
    script_then_move(SCRIPT_SEND, 3);
    assert_ok_n(copy(&n), n, 7);
    assert_string_equal(script.sent, "abcdabc");
    assert_log("recv(1,4) send(2,4) recv(1,4) send(2,3) recv(1,4)");
    assert_kept(0, 0);
}

BEGUN_TEST(an_immediate_end_is_a_copy_of_nothing)
{
    uint64_t n = 99;
    assert_ok_n(copy(&n), n, 0);
    assert_log("recv(1,4)");
    assert_ok(copy(NULL));
    assert_log(""); /* the handle knows the end of file */
    assert_kept(0, 0);
}

BEGUN_TEST(signals_do_not_end_it)
{
    uint64_t n = 99;
    script_then_fail(SCRIPT_RECV, FER_INTERRUPTED, 4);
    script_then_fail(SCRIPT_TRY_RECV, FER_INTERRUPTED, 4);
    script_then_move(SCRIPT_TRY_RECV, 2);
    script_then_fail(SCRIPT_SEND, FER_INTERRUPTED, 4);
    script_then_move(SCRIPT_TRY_SEND, 2);
    script_then_fail(SCRIPT_RECV, FER_INTERRUPTED, 4);
    script_then_move(SCRIPT_TRY_RECV, 0);
    assert_ok_n(copy(&n), n, 2);
    assert_string_equal(script.sent, "ab");
}

/* ---- Errors; the buffer keeps the unwritten bytes */

BEGUN_TEST(the_next_call_writes_the_rest_first)
{
    uint64_t n = 99;
    memcpy(memory, "wxyz", sizeof memory);
    buffer.start = 1;
    buffer.len = 3;
    script_then_move(SCRIPT_SEND, 2);
    script_then_fail(SCRIPT_SEND, FER_WOULD_BLOCK, 11);
    assert_error_n(copy(&n), FER_TIMED_OUT, 0, n, 2);
    assert_kept(3, 1);
    assert_log("send(2,3) send(2,1) is_nonblocking(2)");
    script_then_move(SCRIPT_SEND, 1);
    script_then_move(SCRIPT_RECV, 2);
    script_then_move(SCRIPT_SEND, 2);
    assert_ok_n(copy(&n), n, 3);
    assert_string_equal(script.sent, "xyzab");
    assert_log("send(2,1) recv(1,4) send(2,2) recv(1,4)");
    assert_kept(0, 0);
}

BEGUN_TEST(a_write_of_which_the_os_takes_nothing_is_write_zero)
{
    uint64_t n = 99;
    script_then_move(SCRIPT_RECV, 2);
    assert_error_n(copy(&n), FER_WRITE_ZERO, 0, n, 0);
    assert_kept(0, 2);
}

BEGUN_TEST(a_destination_that_still_connects_is_queried_before_anything_is_read)
{
    uint64_t n = 99;
    to.handle_ = (fer_handle){0};
    assert_ok(feri_handle_claim(&to.handle_));
    assert_error_n(copy(&n), FER_WOULD_BLOCK, 0, n, 0);
    assert_log("");
    assert_ok(feri_handle_fill_unconnected(&to.handle_, script_open_socket(), 0));
    assert_error(copy(&n), FER_NOT_CONNECTED, 0);
    assert_true(feri_handle_apply(&to.handle_, FERI_EVENT_CONNECT_BEGIN));
    script_then_fail(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 107);
    assert_error_log(copy(&n), FER_WOULD_BLOCK, 0, "take_error(3) peer_addr(3)");
    script_then_move(SCRIPT_RECV, 2);
    script_then_move(SCRIPT_SEND, 2);
    assert_ok_n(copy(&n), n, 2);
    assert_log("take_error(3) peer_addr(3) recv(1,4) send(3,2) recv(1,4)");
}

BEGUN_TEST(a_buffer_may_begin_at_the_end_of_its_memory)
{
    buffer.start = sizeof memory;
    assert_ok_log(copy(NULL), "recv(1,4)");
    assert_kept(0, 0);
}

TEST_MAIN("copy")
