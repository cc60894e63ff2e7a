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
static uint64_t n;

static void begin(uint32_t flags)
{
    script_begin(&script_posix);
    stream.handle_ = script_stream(flags);
    buffer = (fer_copy_buffer){memory, sizeof memory, 0, 0};
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(0), function)

static fer_error send_file(uint64_t offset, uint64_t len, uint64_t *sent)
{
    return fer_tcp_stream_send_file(&stream, FILE_NUMBER, offset, len, &buffer, sent);
}

/* ---- One call */

struct row {
    const char *name;
    uint32_t flags;
    uint64_t offset, len;
    const char *results;
    const char *log; /* NULL: of no interest */
    fer_error_kind kind;
    int32_t code;
    uint64_t sent;
};

static void run_row(const struct row *row)
{
    n = 77;
    begin(row->flags);
    script.row = row->name;
    script_queue(row->results);
    assert_error(send_file(row->offset, row->len, &n), row->kind, row->code);
    assert_row(n == row->sent && buffer.len == 0);
    if (row->log != NULL) {
        assert_log(row->log);
    }
    script_end_row();
}

SCRIPT_TEST(the_system_sends_parts_until_all_is_sent)
{
    static const struct row rows[] = {
        {"in parts", 0, 7, GIB + 5, "send_file 1073741824 3 2",
         "send_file(1,file 9,7,1073741824) send_file(1,file 9,1073741831,5) "
         "send_file(1,file 9,1073741834,2)",
         FER_OK, 0, GIB + 5},
        {"nothing", 0, 7, 0, "", "", FER_OK, 0, 0},
        {"a file that is too short", 0, 0, UINT64_MAX, "send_file 3",
         "send_file(1,file 9,0,1073741824) send_file(1,file 9,3,1073741824)", FER_UNEXPECTED_EOF, 0,
         3},
        {"from the last byte that a file can have", 0, INT64_MAX - 1, UINT64_MAX, "",
         "send_file(1,file 9,9223372036854775806,1)", FER_UNEXPECTED_EOF, 0, 0},
        {"from the end", 0, INT64_MAX, UINT64_MAX, "", "", FER_UNEXPECTED_EOF, 0, 0},
        {"a signal does not end it", 0, 0, 3, "send_file INTERRUPTED:4 3",
         "send_file(1,file 9,0,3) send_file(1,file 9,0,3)", FER_OK, 0, 3},
        {"a nonblocking stream keeps its count", FERI_FLAG_NONBLOCKING, 0, 8,
         "send_file 3 WOULD_BLOCK:11", "send_file(1,file 9,0,8) send_file(1,file 9,3,5)",
         FER_WOULD_BLOCK, 11, 3},
        /* T2: the wait in the system was the whole timeout. A BSD counts the bytes before it. */
        {"a timeout that another process has set expires once", 0, 0, 8,
         "send_file 3 WOULD_BLOCK:11, timeout 1000",
         "send_file(1,file 9,0,8) send_file(1,file 9,3,5) timeout(1,writing)", FER_TIMED_OUT, 0, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run_row(&rows[i]);
        assert_row(rows[i].kind != FER_OK || feri_handle_is_fast_path(&stream.handle_));
    }
}

/* M3: "An error of the file changes nothing of the stream, whatever its code is." The last one is
 * ESPIPE of a pipe, as the system reports it first. */
BEGUN_TEST(an_error_of_the_file_is_distinguished_from_one_of_the_connection)
{
    static const fer_error of_files[] = {
        {FER_CONNECTION_RESET, 104},     {FER_CONNECTION_ABORTED, 103}, {FER_NOT_CONNECTED, 107},
        {FER_CONNECTION_TIMED_OUT, 110}, {FER_BROKEN_PIPE, 32},         {FER_NOT_FOUND, 19},
        {FER_UNCATEGORIZED, 29}};
    for (size_t i = 0; i < sizeof of_files / sizeof of_files[0]; i++) {
        script_then_move(SCRIPT_SEND_FILE, 3);
        script_then_fail(SCRIPT_SEND_FILE, of_files[i].kind, of_files[i].os_code);
        *script_default(SCRIPT_READ_FILE) = (script_result){.error = of_files[i]};
        assert_error_n(send_file(0, 9, &n), of_files[i].kind, of_files[i].os_code, n, 3);
        assert_true(feri_handle_is_fast_path(&stream.handle_));
    }
}

/* ---- Through the buffer */

SCRIPT_TEST(bytes_that_the_system_refuses_are_sent_through_the_buffer)
{
    static const struct row rows[] = {
        {"a part", 0, 0, 8, "send_file 3 UNSUPPORTED:22, read_file 4 INTERRUPTED:4 1, send 3 1 1",
         "send_file(1,file 9,0,8) send_file(1,file 9,3,5) read_file(file 9,3,4) send(1,4) "
         "send(1,1) read_file(file 9,7,1) read_file(file 9,7,1) send(1,1)",
         FER_OK, 0, 8},
        /* The read that distinguishes them meets a signal. */
        {"an error that a signal leaves open", 0, 0, 3,
         "send_file CONNECTION_RESET:104, read_file INTERRUPTED:4 3, send 3",
         "send_file(1,file 9,0,3) read_file(file 9,0,1) read_file(file 9,0,3) send(1,3)", FER_OK, 0,
         3},
        /* Another process has made the socket nonblocking, and perhaps blocking again: the write
         * finds out. */
        {"a stream that is nonblocking since", 0, 0, 4,
         "send_file WOULD_BLOCK:11, read_file 4, send 4",
         "send_file(1,file 9,0,4) timeout(1,writing) read_file(file 9,0,4) "
         "send(1,4)",
         FER_OK, 0, 4},
        {"a nonblocking stream of which poll may report room", FERI_FLAG_NONBLOCKING, 0, 9,
         "send_file WOULD_BLOCK:11, read_file 4 4, send 4 WOULD_BLOCK:11",
         "send_file(1,file 9,0,9) read_file(file 9,0,4) send(1,4) read_file(file 9,4,4) send(1,4)",
         FER_WOULD_BLOCK, 11, 4},
        /* A write may wait for buffers, and a sendfile does not (rule R3). */
        {"a lack of buffers", 0, 0, 4, "send_file NO_BUFFER_SPACE:55, read_file 4, send 4", NULL,
         FER_OK, 0, 4},
        {"a stream with a timeout", FERI_TIMEOUT_FLAGS, 0, 2, "timeout 1000, read_file 2, send 2",
         "timeout(1,writing) read_file(file 9,0,2) send(1,2)", FER_OK, 0, 2},
        {"an error of the file after a part", FERI_FLAG_CLONED, 0, 9,
         "timeout UNSUPPORTED:95, read_file 2 UNCATEGORIZED:5, send 2", NULL, FER_UNCATEGORIZED, 5,
         2},
        {"a file that is too short", FERI_FLAG_CLONED, 2, 9, "timeout UNSUPPORTED:95", NULL,
         FER_UNEXPECTED_EOF, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run_row(&rows[i]);
        assert_ok(feri_handle_check(&stream.handle_, FERI_REQUEST_WRITE));
    }
}

/* ---- A shutdown by another thread, and E4 */

static void shut_down(script_call call)
{
    if (call == SCRIPT_SEND_FILE) {
        script.on_call = NULL;
        (void)feri_handle_step(&stream.handle_, FERI_EVENT_SHUT_WRITE, feri_ok());
    }
}

BEGUN_TEST(nothing_is_sent_after_a_shutdown_by_another_thread)
{
    script.on_call = shut_down;
    script_queue("send_file 3");
    assert_error_n(send_file(0, 9, &n), FER_BROKEN_PIPE, 0, n, 3);
    assert_error_n(send_file(0, 0, &n), FER_BROKEN_PIPE, 0, n, 0);
    begin(0);
    script.on_call = shut_down;
    script_queue("send_file 9"); /* after the last byte it is no error */
    assert_ok_n(send_file(0, 9, &n), n, 9);
    assert_error_n(send_file(0, 9, &n), FER_BROKEN_PIPE, 0, n, 0);
}

BEGUN_TEST(misuse_makes_no_call)
{
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
