/* test_send_file.c: a part of a file to a stream: by the system, and through the buffer (rule
 * M3). */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "ferrule/io.h"

enum { FILE_NUMBER = 9 };
#define GIB (UINT64_C(1) << 30)

static fer_tcp_stream stream;
static unsigned char memory[4];
static fer_copy_buffer buffer;

static void begin(uint32_t flags)
{
    script_begin(&script_posix);
    stream.handle_ = script_stream(flags);
    buffer = (fer_copy_buffer){memory, sizeof memory, 0, 0};
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(0), function)

static fer_error send_file(uint64_t offset, uint64_t len, uint64_t *n)
{
    return fer_tcp_stream_send_file(&stream, FILE_NUMBER, offset, len, &buffer, n);
}

/* ---- By the system */

BEGUN_TEST(the_system_sends_parts_until_all_is_sent)
{
    uint64_t n;
    script_then_move(SCRIPT_SEND_FILE, GIB);
    script_then_move(SCRIPT_SEND_FILE, 3);
    script_then_move(SCRIPT_SEND_FILE, 2);
    assert_ok_n(send_file(7, GIB + 5, &n), n, GIB + 5);
    assert_log("send_file(1,file 9,7,1073741824) send_file(1,file 9,1073741831,5) "
               "send_file(1,file 9,1073741834,2)");
    assert_ok_log(send_file(7, 0, NULL), "");
}

BEGUN_TEST(a_file_that_is_too_short_is_unexpected_eof)
{
    uint64_t n;
    script_then_move(SCRIPT_SEND_FILE, 3);
    assert_error_n(send_file(0, UINT64_MAX, &n), FER_UNEXPECTED_EOF, 0, n, 3);
    assert_log("send_file(1,file 9,0,1073741824) send_file(1,file 9,3,1073741824)");
    assert_error_n(send_file(INT64_MAX - 1, UINT64_MAX, &n), FER_UNEXPECTED_EOF, 0, n, 0);
    assert_log("send_file(1,file 9,9223372036854775806,1)");
    assert_error_n(send_file(INT64_MAX, UINT64_MAX, &n), FER_UNEXPECTED_EOF, 0, n, 0);
}

BEGUN_TEST(a_signal_does_not_end_it)
{
    uint64_t n;
    script_then_fail(SCRIPT_SEND_FILE, FER_INTERRUPTED, 4);
    script_then_move(SCRIPT_SEND_FILE, 3);
    assert_ok_n(send_file(0, 3, &n), n, 3);
    assert_log("send_file(1,file 9,0,3) send_file(1,file 9,0,3)");
}

BEGUN_TEST(an_error_of_the_connection_is_saved)
{
    uint64_t n;
    script_then_move(SCRIPT_SEND_FILE, 3);
    script_then_fail(SCRIPT_SEND_FILE, FER_CONNECTION_RESET, 104);
    assert_error_n(send_file(0, 9, &n), FER_CONNECTION_RESET, 104, n, 3);
    script.log[0] = '\0';
    assert_error_n(send_file(0, 9, &n), FER_CONNECTION_RESET, 104, n, 0);
    assert_log("");
}

/* M3: "An error of the file changes nothing of the stream, whatever its code is." */
BEGUN_TEST(an_error_of_the_file_is_distinguished_from_one_of_the_connection)
{
    static const fer_error of_files[] = {
        {FER_CONNECTION_RESET, 104},     {FER_CONNECTION_ABORTED, 103}, {FER_NOT_CONNECTED, 107},
        {FER_CONNECTION_TIMED_OUT, 110}, {FER_BROKEN_PIPE, 32},         {FER_NOT_FOUND, 19}};
    for (size_t i = 0; i < sizeof of_files / sizeof of_files[0]; i++) {
        uint64_t n;
        script_then_move(SCRIPT_SEND_FILE, 3);
        script_then_fail(SCRIPT_SEND_FILE, of_files[i].kind, of_files[i].os_code);
        script_then_fail(SCRIPT_READ_FILE, of_files[i].kind, of_files[i].os_code);
        script_then_fail(SCRIPT_READ_FILE, of_files[i].kind, of_files[i].os_code);
        assert_error_n(send_file(0, 9, &n), of_files[i].kind, of_files[i].os_code, n, 3);
        assert_log("send_file(1,file 9,0,9) send_file(1,file 9,3,6) read_file(file 9,3,1) "
                   "read_file(file 9,3,4)");
        assert_true(feri_handle_is_fast_path(&stream.handle_));
    }
}

/* The read that distinguishes them meets a signal: the rest is sent through the buffer. */
BEGUN_TEST(an_error_that_a_signal_leaves_open_is_met_again_through_the_buffer)
{
    uint64_t n;
    script_then_fail(SCRIPT_SEND_FILE, FER_CONNECTION_RESET, 104);
    script_then_fail(SCRIPT_READ_FILE, FER_INTERRUPTED, 4);
    script_then_move(SCRIPT_READ_FILE, 3);
    script_then_fail(SCRIPT_SEND, FER_CONNECTION_RESET, 104);
    assert_error_n(send_file(0, 3, &n), FER_CONNECTION_RESET, 104, n, 0);
    assert_log("send_file(1,file 9,0,3) read_file(file 9,0,1) read_file(file 9,0,3) send(1,3)");
}

static void shut_down(script_call call)
{
    if (call == SCRIPT_SEND_FILE) {
        script.on_call = NULL;
        (void)feri_handle_apply(&stream.handle_, FERI_EVENT_SHUT_WRITE);
    }
}

BEGUN_TEST(nothing_is_sent_after_a_shutdown_by_another_thread)
{
    uint64_t n;
    script.on_call = shut_down;
    script_then_move(SCRIPT_SEND_FILE, 3);
    assert_error_n(send_file(0, 9, &n), FER_BROKEN_PIPE, 0, n, 3);
    assert_log("send_file(1,file 9,0,9)");
    assert_error_n(send_file(0, 0, &n), FER_BROKEN_PIPE, 0, n, 0);
}

BEGUN_TEST(a_shutdown_by_another_thread_after_the_last_byte_is_no_error)
{
    uint64_t n;
    script.on_call = shut_down;
    script_then_move(SCRIPT_SEND_FILE, 9);
    assert_ok_n(send_file(0, 9, &n), n, 9);
    assert_error_n(send_file(0, 9, &n), FER_BROKEN_PIPE, 0, n, 0);
}

/* ---- Through the buffer */

BEGUN_TEST(bytes_that_the_system_refuses_are_sent_through_the_buffer)
{
    uint64_t n;
    script_then_move(SCRIPT_SEND_FILE, 3);
    script_then_fail(SCRIPT_SEND_FILE, FER_UNSUPPORTED, 22);
    script_then_move(SCRIPT_READ_FILE, 4);
    script_then_move(SCRIPT_SEND, 3);
    script_then_move(SCRIPT_SEND, 1);
    script_then_fail(SCRIPT_READ_FILE, FER_INTERRUPTED, 4);
    script_then_move(SCRIPT_READ_FILE, 1);
    script_then_move(SCRIPT_SEND, 1);
    assert_ok_n(send_file(0, 8, &n), n, 8);
    assert_log("send_file(1,file 9,0,8) send_file(1,file 9,3,5) read_file(file 9,3,4) send(1,4) "
               "send(1,1) read_file(file 9,7,1) read_file(file 9,7,1) send(1,1)");
    assert_int_equal(buffer.len, 0);
}

/* M3: "An error of the file changes nothing of the stream." ESPIPE of a pipe, as the system reports
 * it first. */
BEGUN_TEST(an_error_of_the_file_is_not_saved)
{
    uint64_t n;
    script_then_fail(SCRIPT_SEND_FILE, FER_UNCATEGORIZED, 29);
    script_then_fail(SCRIPT_READ_FILE, FER_UNCATEGORIZED, 29);
    assert_error_n(send_file(0, 8, &n), FER_UNCATEGORIZED, 29, n, 0);
    script_then_move(SCRIPT_SEND_FILE, 8);
    assert_ok_n(send_file(0, 8, &n), n, 8);
}

SCRIPT_TEST_AFTER(begin(FERI_FLAG_NONBLOCKING), a_nonblocking_stream_keeps_its_count)
{
    uint64_t n;
    script_then_move(SCRIPT_SEND_FILE, 3);
    script_then_fail(SCRIPT_SEND_FILE, FER_WOULD_BLOCK, 11);
    assert_error_n(send_file(0, 8, &n), FER_WOULD_BLOCK, 11, n, 3);
    assert_log("send_file(1,file 9,0,8) send_file(1,file 9,3,5)");
}

/* A clone has made the socket nonblocking since, and perhaps blocking again: the write finds out.
 */
BEGUN_TEST(a_blocking_stream_that_would_block_uses_the_buffer)
{
    uint64_t n;
    for (int i = 0; i < 2; i++) {
        script_then_fail(SCRIPT_SEND_FILE, FER_WOULD_BLOCK, 11);
        script_then(SCRIPT_IS_NONBLOCKING)->value = i == 0;
        script_then_move(SCRIPT_READ_FILE, 4);
        script_then_move(SCRIPT_SEND, 4);
        assert_ok_n(send_file(0, 4, &n), n, 4);
        assert_log(i == 0 ? "send_file(1,file 9,0,4) is_nonblocking(1) read_file(file 9,0,4) "
                            "send(1,4)"
                          : "send_file(1,file 9,0,4) is_nonblocking(1) timeout(1,writing) "
                            "read_file(file 9,0,4) send(1,4)");
    }
}

/* T2: the wait in the system was the whole timeout. A BSD counts the bytes before it. */
BEGUN_TEST(a_timeout_that_a_clone_has_set_expires_once)
{
    uint64_t n;
    script_then_move(SCRIPT_SEND_FILE, 3);
    script_then_fail(SCRIPT_SEND_FILE, FER_WOULD_BLOCK, 11);
    script_then(SCRIPT_TIMEOUT)->value = 1000;
    assert_error_n(send_file(0, 8, &n), FER_TIMED_OUT, 0, n, 3);
    assert_log("send_file(1,file 9,0,8) send_file(1,file 9,3,5) is_nonblocking(1) "
               "timeout(1,writing)");
    script_then_move(SCRIPT_SEND_FILE, 8);
    assert_ok_n(send_file(0, 8, &n), n, 8);
}

/* XNU: the check for room follows the last byte too. */
SCRIPT_TEST_AFTER(begin(FERI_FLAG_NONBLOCKING), would_block_after_the_last_byte_is_no_error)
{
    uint64_t n;
    script_result *all = script_then(SCRIPT_SEND_FILE);
    all->error = (fer_error){FER_WOULD_BLOCK, 35};
    all->value = 8;
    assert_ok_n(send_file(0, 8, &n), n, 8);
}

/* A write may wait for buffers, and a sendfile does not (rule R3). */
BEGUN_TEST(a_lack_of_buffers_is_for_the_write)
{
    uint64_t n;
    script_then_fail(SCRIPT_SEND_FILE, FER_NO_BUFFER_SPACE, 55);
    script_then_move(SCRIPT_READ_FILE, 4);
    script_then_move(SCRIPT_SEND, 4);
    assert_ok_n(send_file(0, 4, &n), n, 4);
    assert_log("send_file(1,file 9,0,4) read_file(file 9,0,4) send(1,4)");
}

SCRIPT_TEST_AFTER(begin(FERI_FLAG_TIMEOUT_SET), a_stream_with_a_timeout_uses_the_buffer)
{
    uint64_t n;
    script_then(SCRIPT_TIMEOUT)->value = 1000;
    script_then_move(SCRIPT_READ_FILE, 2);
    script_then_move(SCRIPT_SEND, 2);
    assert_ok_n(send_file(0, 2, &n), n, 2);
    assert_log("timeout(1,writing) read_file(file 9,0,2) send(1,2)");
}

BEGUN_TEST(a_stream_within_limits_uses_the_buffer)
{
    uint64_t n;
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(9))};
    assert_ok(feri_set_limits(&stream.handle_, &limits));
    script_then_move(SCRIPT_READ_FILE, 2);
    script_then_move(SCRIPT_TRY_SEND, 2);
    assert_ok_n(send_file(0, 2, &n), n, 2);
    assert_log("read_file(file 9,0,2) try_send(1,2)");
}

SCRIPT_TEST_AFTER(begin(FERI_FLAG_CLONED), an_error_of_the_file_changes_nothing_of_the_stream)
{
    uint64_t n;
    script_then_fail(SCRIPT_IS_NONBLOCKING, FER_UNSUPPORTED, 95);
    script_then_move(SCRIPT_READ_FILE, 2);
    script_then_move(SCRIPT_SEND, 2);
    script_then_fail(SCRIPT_READ_FILE, FER_UNCATEGORIZED, 5);
    assert_error_n(send_file(0, 9, &n), FER_UNCATEGORIZED, 5, n, 2);
    assert_ok(feri_handle_check(&stream.handle_, FERI_REQUEST_WRITE));
    script_then_fail(SCRIPT_IS_NONBLOCKING, FER_UNSUPPORTED, 95);
    assert_error_n(send_file(2, 9, &n), FER_UNEXPECTED_EOF, 0, n, 0);
}

static void expire(script_call call)
{
    script.now += call == SCRIPT_READ_FILE ? UINT64_C(9000000000) : 0;
}

/* K1, I4: the reads of a file that always end with a signal. */
BEGUN_TEST(interrupted_reads_end_with_the_limits)
{
    uint64_t n;
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(9))};
    assert_ok(feri_set_limits(&stream.handle_, &limits));
    script_then_fail(SCRIPT_READ_FILE, FER_INTERRUPTED, 4);
    script.on_call = expire;
    assert_error_n(send_file(0, 2, &n), FER_TIMED_OUT, 0, n, 0);
    assert_log("read_file(file 9,0,2)");
    limits.interruptible = true;
    script.on_call = NULL;
    limits.deadline = fer_instant_after(fer_duration_from_secs(9));
    assert_ok(feri_set_limits(&stream.handle_, &limits));
    script_then_fail(SCRIPT_READ_FILE, FER_INTERRUPTED, 4);
    assert_error_n(send_file(0, 2, &n), FER_INTERRUPTED, 4, n, 0);
}

/* ---- E4 */

BEGUN_TEST(misuse_makes_no_call)
{
    uint64_t n;
    fer_copy_buffer wrong[] = {{NULL, 4, 0, 0}, {memory, 0, 0, 0}, {memory, 4, 0, 1}};
    for (size_t i = 0; i < 3; i++) {
        assert_error_n(fer_tcp_stream_send_file(&stream, FILE_NUMBER, 0, 9, &wrong[i], &n),
                       i == 0 ? FER_MISUSE : FER_INVALID_INPUT, 0, n, 0);
    }
    assert_error(fer_tcp_stream_send_file(&stream, FILE_NUMBER, 0, 9, NULL, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_send_file(NULL, FILE_NUMBER, 0, 9, &buffer, NULL), FER_MISUSE, 0);
    assert_error(send_file((uint64_t)INT64_MAX + 1, 9, NULL), FER_INVALID_INPUT, 0);
    assert_log("");
}

TEST_MAIN("send_file")
