/* test_copy_spliced.c: the part of a long copy that is made through a pipe: which streams allow it,
 * the calls, and the bytes that return to the buffer. */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "core/transfer/copy.h"
#include "ferrule/io.h"

enum { CAP = FERI_SPLICE_AFTER };

static fer_handle from;
static fer_handle to;
static unsigned char memory[CAP];
static fer_copy_buffer buffer;
static uint64_t copied;

/* Socket 1 is read and socket 2 is written. */
static void begin_with(const struct ferp_traits *traits, uint32_t flags)
{
    script_begin(traits);
    from = script_stream(flags);
    to = script_stream(flags);
    memset(memory, '#', 8);
    buffer = (fer_copy_buffer){memory, CAP, 7, 0};
    copied = 0;
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin_with(&script_posix, 0), function)

static fer_error splice(void)
{
    feri_splicing part = {.may_wait = true};
    fer_error error;
    do {
        error = feri_splice(&part, &from, &to, &buffer, &copied);
    } while (error.kind == FER_OK && !part.is_over);
    feri_splicing_end(&part);
    return error;
}

struct row {
    const char *name, *results;
    const char *log; /* NULL: of no interest */
    fer_error_kind kind;
    int32_t code;
    size_t kept;
    uint64_t copied;
};

static void check_row(const struct row *row, fer_error error)
{
    assert_error(error, row->kind, row->code);
    assert_row(buffer.len == row->kept && (buffer.len == 0 || buffer.start == 0));
    assert_row(buffer.base == memory && buffer.cap == CAP);
    assert_row(memcmp(memory, "abcde", row->kept) == 0);
    if (row->log != NULL) {
        assert_log(row->log);
    }
}

/* ---- When a copy splices */

/* The bytes that the scripted send of a BSD accepts are not kept. */
SCRIPT_TEST(a_copy_splices_after_256_kib_and_once)
{
    static const struct row rows[] = {
        {"a long copy",
         "recv 262144 9, try_send 262143 1 9, pipe_fill 5 WOULD_BLOCK:11, pipe_drain 5",
         "recv(1,262144) try_send(2,262144) try_send(2,1) pipe_open(262144,waits) "
         "pipe_fill(1,262144) pipe_drain(2,5) pipe_fill(1,262144) "
         "timeout(1,reading) pipe_close() recv(1,262144) try_send(2,9) recv(1,262144)",
         FER_OK, 0, 0, CAP + 14},
        {"a shorter copy", "recv 262143, try_send 262143",
         "recv(1,262144) try_send(2,262143) recv(1,262144)", FER_OK, 0, 0, CAP - 1},
        {"bytes that return from the pipe are written first",
         "recv 262144, try_send 262144 5, pipe_fill 5, pipe_drain UNSUPPORTED:22, pipe_read 5",
         "recv(1,262144) try_send(2,262144) pipe_open(262144,waits) pipe_fill(1,262144) "
         "pipe_drain(2,5) pipe_read(5) pipe_close() try_send(2,5) recv(1,262144)",
         FER_OK, 0, 0, CAP + 5},
        {"an error of the pipe ends the copy",
         "recv 262144, try_send 262144, pipe_fill CONNECTION_RESET:104", NULL, FER_CONNECTION_RESET,
         104, 0, CAP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t n = 77;
        begin_with(&script_bsd, 0);
        script.row = rows[i].name;
        script_queue(rows[i].results);
        fer_error error = fer_copy((fer_stream){&from}, (fer_stream){&to}, &buffer, &n);
        assert_row(n == rows[i].copied);
        check_row(&rows[i], error);
        script_end_row();
    }
    script_then_move(SCRIPT_BYTES_QUEUED, 0);
    assert_error(fer_copy((fer_stream){&from}, (fer_stream){&to}, &buffer, NULL),
                 FER_CONNECTION_RESET, 104); /* saved: rule S5 */
}

/* ---- The streams that allow it */

#define SPLICED "pipe_open(262144,waits) pipe_fill(1,262144) pipe_close()"

BEGUN_TEST(only_open_halves_of_streams_without_limits_splice)
{
    fer_limits limits = {.deadline = FER_INSTANT_NONE};
    fer_handle *handles[] = {&from, &to};
    for (size_t i = 0; i < 2; i++) {
        limits.deadline = fer_instant_after(fer_duration_from_secs(9));
        assert_ok(feri_set_limits(handles[i], &limits));
        assert_ok_log(splice(), "");
        assert_ok(feri_set_limits(handles[i], NULL));
    }
    assert_ok_log(splice(), SPLICED);
    assert_true(feri_handle_step(&to, FERI_EVENT_GOT_PIPE, feri_ok()) != FERI_STATE_MISUSE);
    assert_ok_log(splice(), "");
    from = script_stream(FERI_FLAG_NONBLOCKING);
    to = script_stream(FERI_FLAG_NONBLOCKING);
    assert_ok_log(splice(), "pipe_open(262144) pipe_fill(3,262144) pipe_close()");
    to = script_stream(0);
    assert_ok_log(splice(), ""); /* one waits, and the other does not */
}

/* ---- Results of the pipe */

#define OPENED "pipe_open(262144,waits) pipe_fill(1,262144) "

SCRIPT_TEST(the_bytes_of_the_pipe_are_written_or_return_to_the_buffer)
{
    static const struct row rows[] = {
        {"a process without a pipe does not splice", "pipe_open TOO_MANY_OPEN_FILES:24",
         "pipe_open(262144,waits)", FER_OK, 0, 0, 0},
        {"an unsupported fill is for the buffer", "pipe_fill UNSUPPORTED:22", SPLICED, FER_OK, 0, 0,
         0},
        {"a fill without buffers is for the buffer", "pipe_fill NO_BUFFER_SPACE:1", SPLICED, FER_OK,
         0, 0, 0},
        {"a fill without memory is for the buffer", "pipe_fill OUT_OF_MEMORY:1", SPLICED, FER_OK, 0,
         0, 0},
        /* Another process has made the source nonblocking since: the read finds out. */
        {"a fill that would block is for the buffer", "pipe_fill WOULD_BLOCK:11",
         OPENED "timeout(1,reading) pipe_close()", FER_OK, 0, 0, 0},
        /* T2: the fill has waited for the whole timeout, which another process has set. */
        {"a timeout that expires in a fill expires once", "pipe_fill WOULD_BLOCK:11, timeout 1000",
         OPENED "timeout(1,reading) pipe_close()", FER_TIMED_OUT, 0, 0, 0},
        {"a signal does not end a fill", "pipe_fill INTERRUPTED:4 INTERRUPTED:4",
         OPENED "pipe_fill(1,262144) pipe_fill(1,262144) pipe_close()", FER_OK, 0, 0, 0},
        {"a reset of the source", "pipe_fill 5 CONNECTION_RESET:104, pipe_drain 5", NULL,
         FER_CONNECTION_RESET, 104, 0, 5},
        {"a drain that would block returns the rest to the buffer",
         "pipe_fill 5, pipe_drain 2 WOULD_BLOCK:11, pipe_read 3",
         OPENED "pipe_drain(2,5) pipe_drain(2,3) timeout(2,writing) pipe_read(3) "
                "pipe_close()",
         FER_OK, 0, 3, 2},
        /* T2, T4: the drain has waited for the whole timeout, and nothing is lost. */
        {"a timeout that expires in a drain expires once",
         "pipe_fill 5, pipe_drain 2 WOULD_BLOCK:11, timeout 1000, pipe_read 3", NULL, FER_TIMED_OUT,
         0, 3, 2},
        {"a drain of nothing is for the buffer", "pipe_fill 5, pipe_drain 0, pipe_read 5", NULL,
         FER_OK, 0, 5, 0},
        {"a signal does not end a drain", "pipe_fill 5, pipe_drain INTERRUPTED:4 5", NULL, FER_OK,
         0, 0, 5},
        {"a destination that is gone", "pipe_fill 5, pipe_drain BROKEN_PIPE:32, pipe_read 5", NULL,
         FER_BROKEN_PIPE, 32, 5, 0},
        {"an error after the last bytes does not read the pipe",
         "pipe_fill 5 UNSUPPORTED:22, pipe_drain 5",
         OPENED "pipe_drain(2,5) pipe_fill(1,262144) "
                "pipe_close()",
         FER_OK, 0, 0, 5},
        {"a pipe that cannot be read is reported",
         "pipe_fill 5, pipe_drain BROKEN_PIPE:32, pipe_read UNSUPPORTED:38",
         OPENED "pipe_drain(2,5) pipe_read(5) pipe_close()", FER_UNSUPPORTED, 38, 0, 0},
        {"a pipe that cannot be read after a part is reported",
         "pipe_fill 5, pipe_drain 2 WOULD_BLOCK:11, pipe_read UNSUPPORTED:38", NULL,
         FER_UNSUPPORTED, 38, 0, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_with(&script_posix, 0);
        script.row = rows[i].name;
        script_queue(rows[i].results);
        fer_error error = splice();
        assert_row(copied == rows[i].copied);
        assert_row(script.times[SCRIPT_PIPE_CLOSE] == (i > 0));
        check_row(&rows[i], error);
        bool is_gone = strstr(rows[i].results, "BROKEN_PIPE") != NULL;
        assert_row(feri_handle_check(&to, FERI_REQUEST_WRITE).kind ==
                   (is_gone ? FER_BROKEN_PIPE : FER_OK));
        assert_row(feri_handle_check(&from, FERI_REQUEST_WRITE).kind ==
                   (error.kind == FER_CONNECTION_RESET ? error.kind : FER_OK));
        script_end_row();
    }
}

/* ---- A shutdown by another thread */

static void shut_from_down(script_call call)
{
    if (call == SCRIPT_PIPE_FILL) {
        script.on_call = NULL;
        (void)feri_handle_step(&from, FERI_EVENT_SHUT_READ, feri_ok());
    }
}

SCRIPT_TEST(nothing_is_read_after_a_shutdown_by_another_thread)
{
    static const char *const results[] = {"pipe_fill INTERRUPTED:4", "pipe_fill 5, pipe_drain 5"};
    for (size_t i = 0; i < 2; i++) {
        begin_with(&script_posix, 0);
        script.on_call = shut_from_down;
        script_queue(results[i]);
        assert_ok(splice());
        assert_row(script.times[SCRIPT_PIPE_FILL] == 1);
        assert_row(copied == (i == 0 ? 0 : 5));
        assert_row(buffer.len == 0);
        script_end_row();
    }
}

TEST_MAIN("copy_spliced")
