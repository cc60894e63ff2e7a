/* test_stream_transfer.c: complete transfers, which consist of single reads and writes: read_exact,
 * read_to_end, write_all. */
#include "unit/scripted_platform.h"

#include "core/transfer/stream_io.h"

static size_t n;

static char buf[64];

typedef fer_error transfer(fer_handle *handle, void *into, size_t len, size_t *moved);

static fer_error write_all(fer_handle *handle, void *from, size_t len, size_t *moved)
{
    (void)from;
    return feri_stream_write_all(handle, "ferrule", len, moved);
}

SCRIPT_TEST(a_complete_transfer_counts_what_was_moved)
{
    static const struct {
        const char *name;
        transfer *run;
        size_t len;
        const char *results;
        fer_error_kind kind;
        size_t moved;
        const char *log; /* NULL: of no interest */
    } rows[] = {
        {"read_exact until the buffer is full", feri_stream_read_exact, 6, "recv 2 1 3", FER_OK, 6,
         "recv(1,6) recv(1,4) recv(1,3)"},
        {"read_exact that meets the end", feri_stream_read_exact, 6, "recv 2", FER_UNEXPECTED_EOF,
         2, "recv(1,6) recv(1,4)"},
        {"read_to_end: a full buffer is the whole when a peek meets the end",
         feri_stream_read_to_end, 3, "recv 3, peek INTERRUPTED:4", FER_OK, 3,
         "recv(1,3) peek(1,1) is_nonblocking(1) timeout(1,reading) try_peek(1,1)"},
        {"read_to_end without capacity before the end", feri_stream_read_to_end, 0, "peek 1",
         FER_BUFFER_TOO_SMALL, 0, "peek(1,1)"},
        {"read_to_end without capacity at the end", feri_stream_read_to_end, 0, "", FER_OK, 0,
         "peek(1,1)"},
        {"read_to_end that fails counts the bytes before", feri_stream_read_to_end, 9,
         "recv 2 INTERRUPTED:4, try_recv WOULD_BLOCK:11, wait_for TIMED_OUT", FER_TIMED_OUT, 2,
         NULL},
        {"write_all writes the rest after each short write", write_all, 6,
         "send 2 INTERRUPTED:4 3, try_send 1", FER_OK, 6,
         "send(1,6) send(1,4) is_nonblocking(1) timeout(1,writing) try_send(1,4) send(1,3)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(&script_posix);
        script.row = rows[i].name;
        memset(buf, '#', sizeof buf);
        fer_handle handle = script_stream(FERI_FLAG_TIMEOUT_SET);
        script_queue(rows[i].results);
        n = 77;
        assert_error(rows[i].run(&handle, rows[i].len == 0 ? NULL : buf, rows[i].len, &n),
                     rows[i].kind, 0);
        assert_row(n == rows[i].moved);
        assert_row(i != 0 || memcmp(buf, "abaabc#", 7) == 0);
        assert_row(rows[i].run != write_all || strcmp(script.sent, "ferrul") == 0);
        if (rows[i].log != NULL) {
            assert_log(rows[i].log);
        }
        if (rows[i].kind == FER_UNEXPECTED_EOF) {
            assert_error_n(rows[i].run(&handle, buf, 6, &n), FER_UNEXPECTED_EOF, 0, n, 0);
            assert_log("");
        }
        script_end_row();
    }
}

TEST_MAIN("stream_transfer")
