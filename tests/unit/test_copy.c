/* test_copy.c: copying from one stream to another: the calls, the bytes that remain in the buffer,
 * and the errors before any call. */
#include "unit/scripted_platform.h"

#include "ferrule/io.h"

static fer_tcp_stream from;
static fer_unix_stream to;
static unsigned char memory[4];
static fer_copy_buffer buffer;
static uint64_t n;

/* Socket 1 is read and socket 2 is written, in blocks of at most four bytes. */
static void begin(void)
{
    script_begin(&script_posix);
    from.handle_ = script_stream(FERI_TIMEOUT_FLAGS);
    to.handle_ = script_stream(FERI_TIMEOUT_FLAGS);
    memset(memory, '#', sizeof memory);
    buffer = (fer_copy_buffer){memory, sizeof memory, 0, 0};
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(), function)

static fer_error copy(uint64_t *moved)
{
    return fer_copy(fer_tcp_stream_as_stream(&from), fer_unix_stream_as_stream(&to), &buffer,
                    moved);
}

/* ---- One copy: the buffer keeps the unwritten bytes */

BEGUN_TEST(each_read_is_written_before_the_next)
{
    static const struct {
        const char *name, *results;
        fer_error_kind kind;
        uint64_t n;
        size_t kept;
        const char *sent, *log;
    } rows[] = {
        {"two reads", "recv 4 3, send 4 3", FER_OK, 7, 0, "abcdabc",
         "recv(1,4) send(2,4) recv(1,4) send(2,3) recv(1,4)"},
        {"an immediate end", "", FER_OK, 0, 0, "", "recv(1,4)"},
        {"signals do not end it",
         "recv INTERRUPTED:4 INTERRUPTED:4, try_recv INTERRUPTED:4 2 0, send INTERRUPTED:4, "
         "try_send 2",
         FER_OK, 2, 0, "ab", NULL},
        {"a write of which the OS takes nothing is write zero", "recv 2, send 0", FER_WRITE_ZERO, 0,
         2, "", "recv(1,4) send(2,2)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        script.row = rows[i].name;
        script_queue(rows[i].results);
        assert_error(copy(&n), rows[i].kind, 0);
        assert_row(n == rows[i].n && strcmp(script.sent, rows[i].sent) == 0);
        assert_row(buffer.start == 0 && buffer.len == rows[i].kept);
        assert_row(buffer.base == memory && buffer.cap == sizeof memory);
        if (rows[i].log != NULL) {
            assert_log(rows[i].log);
        }
        if (n == 0 && rows[i].kind == FER_OK) {
            assert_ok_log(copy(NULL), ""); /* the handle has the end of file */
        }
        script_end_row();
    }
}

BEGUN_TEST(the_next_call_writes_the_rest_first)
{
    memcpy(memory, "wxyz", sizeof memory);
    buffer.start = 1;
    buffer.len = 3;
    script_queue("send 2 WOULD_BLOCK:11, timeout 1000");
    assert_error_n(copy(&n), FER_TIMED_OUT, 0, n, 2);
    assert_true(buffer.start == 3 && buffer.len == 1);
    script_queue("send 1 2, recv 2");
    assert_ok_n(copy(&n), n, 3);
    assert_string_equal(script.sent, "xyzab");
    assert_true(buffer.start == 0 && buffer.len == 0);
    begin();
    buffer.start = sizeof memory;
    assert_ok_log(copy(NULL), "recv(1,4)"); /* it may begin at the end of its memory */
    assert_int_equal(buffer.start, 0);
}

TEST_MAIN("copy")
