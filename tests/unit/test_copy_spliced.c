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
    buffer = (fer_copy_buffer){memory, CAP, 0, 0};
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

static void assert_kept(size_t start, size_t len, uint64_t count)
{
    assert_int_equal(buffer.start, start);
    assert_int_equal(buffer.len, len);
    assert_int_equal(copied, count);
    assert_ptr_equal(buffer.base, memory);
    assert_int_equal(buffer.cap, CAP);
}

/* ---- When a copy splices */

static fer_error copy(uint64_t *n)
{
    return fer_copy((fer_stream){&from}, (fer_stream){&to}, &buffer, n);
}

/* The bytes that the scripted send of a BSD accepts are not kept. */
SCRIPT_TEST_AFTER(begin_with(&script_bsd, 0), a_copy_splices_after_256_kib_and_once)
{
    uint64_t n = 77;
    script_then_move(SCRIPT_RECV, CAP);
    script_then_move(SCRIPT_TRY_SEND, CAP - 1);
    script_then_move(SCRIPT_TRY_SEND, 1);
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 5);
    script_then_fail(SCRIPT_PIPE_FILL, FER_WOULD_BLOCK, 11);
    script_then_move(SCRIPT_RECV, 9);
    script_then_move(SCRIPT_TRY_SEND, 9);
    assert_ok_n(copy(&n), n, CAP + 14);
    assert_log("recv(1,262144) try_send(2,262144) try_send(2,1) pipe_open(262144,waits) "
               "pipe_fill(1,262144) pipe_drain(2,5) pipe_fill(1,262144) is_nonblocking(1) "
               "timeout(1,reading) pipe_close() recv(1,262144) try_send(2,9) recv(1,262144)");
    assert_kept(0, 0, 0);
}

SCRIPT_TEST_AFTER(begin_with(&script_bsd, 0), a_shorter_copy_does_not_splice)
{
    uint64_t n = 77;
    script_then_move(SCRIPT_RECV, CAP - 1);
    script_then_move(SCRIPT_TRY_SEND, CAP - 1);
    assert_ok_n(copy(&n), n, CAP - 1);
    assert_log("recv(1,262144) try_send(2,262143) recv(1,262144)");
}

SCRIPT_TEST_AFTER(begin_with(&script_bsd, 0), bytes_that_return_from_the_pipe_are_written_first)
{
    uint64_t n = 77;
    script_then_move(SCRIPT_RECV, CAP);
    script_then_move(SCRIPT_TRY_SEND, CAP);
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_UNSUPPORTED, 22);
    script_then_move(SCRIPT_PIPE_READ, 5);
    script_then_move(SCRIPT_TRY_SEND, 5);
    assert_ok_n(copy(&n), n, CAP + 5);
    assert_log("recv(1,262144) try_send(2,262144) pipe_open(262144,waits) pipe_fill(1,262144) "
               "pipe_drain(2,5) pipe_read(5) pipe_close() try_send(2,5) recv(1,262144)");
    assert_kept(0, 0, 0);
}

SCRIPT_TEST_AFTER(begin_with(&script_bsd, 0), an_error_of_the_pipe_ends_the_copy)
{
    uint64_t n = 77;
    script_then_move(SCRIPT_RECV, CAP);
    script_then_move(SCRIPT_TRY_SEND, CAP);
    script_then_fail(SCRIPT_PIPE_FILL, FER_CONNECTION_RESET, 104);
    assert_error_n(copy(&n), FER_CONNECTION_RESET, 104, n, CAP);
    script_then_move(SCRIPT_BYTES_QUEUED, 0);
    assert_error(copy(&n), FER_CONNECTION_RESET, 104); /* saved: rule S5 */
}

/* ---- The streams that allow it */

BEGUN_TEST(a_short_buffer_does_not_splice)
{
    buffer.cap = FERI_SPLICE_CAP_MIN - 1;
    assert_ok_log(splice(), "");
    buffer.cap = FERI_SPLICE_CAP_MIN;
    assert_ok_log(splice(), "pipe_open(16384,waits) pipe_fill(1,16384) pipe_close()");
}

BEGUN_TEST(a_stream_within_limits_does_not_splice)
{
    fer_limits limits = {.deadline = FER_INSTANT_NONE};
    fer_handle *handles[] = {&from, &to};
    for (size_t i = 0; i < 2; i++) {
        limits.deadline = fer_instant_after(fer_duration_from_secs(9));
        assert_ok(feri_set_limits(handles[i], &limits));
        assert_ok_log(splice(), "");
        assert_ok(feri_set_limits(handles[i], NULL));
    }
    assert_ok_log(splice(), "pipe_open(262144,waits) pipe_fill(1,262144) pipe_close()");
}

BEGUN_TEST(a_half_that_has_ended_does_not_splice)
{
    assert_true(feri_handle_apply(&to, FERI_EVENT_GOT_PIPE));
    assert_ok_log(splice(), "");
    to = script_stream(0);
    assert_true(feri_handle_apply(&from, FERI_EVENT_GOT_EOF));
    assert_ok_log(splice(), "");
}

SCRIPT_TEST_AFTER(begin_with(&script_posix, FERI_FLAG_NONBLOCKING), two_nonblocking_streams_splice)
{
    assert_ok_log(splice(), "pipe_open(262144) pipe_fill(1,262144) pipe_close()");
    to = script_stream(0);
    assert_ok_log(splice(), "");
}

SCRIPT_TEST_AFTER(begin_with(&script_posix, FERI_FLAG_CLONED),
                  the_mode_of_a_shared_stream_is_queried)
{
    assert_ok_log(splice(),
                  "is_nonblocking(1) timeout(1,reading) is_nonblocking(2) timeout(2,writing) "
                  "pipe_open(262144,waits) pipe_fill(1,262144) pipe_close()");
    script_then_fail(SCRIPT_IS_NONBLOCKING, FER_UNSUPPORTED, 95);
    assert_ok_log(splice(), "is_nonblocking(1)");
    (void)script_then(SCRIPT_IS_NONBLOCKING);
    script_then_fail(SCRIPT_IS_NONBLOCKING, FER_UNSUPPORTED, 95);
    assert_ok_log(splice(), "is_nonblocking(1) timeout(1,reading) is_nonblocking(2)");
}

SCRIPT_TEST_AFTER(begin_with(&script_posix, FERI_FLAG_TIMEOUT_SET),
                  a_stream_with_a_timeout_does_not)
{
    script_then(SCRIPT_TIMEOUT)->value = 1000;
    assert_ok_log(splice(), "timeout(1,reading)");
    (void)script_then(SCRIPT_TIMEOUT);
    script_then(SCRIPT_TIMEOUT)->value = 1000;
    assert_ok_log(splice(), "timeout(1,reading) timeout(2,writing)");
    script_then_fail(SCRIPT_TIMEOUT, FER_INVALID_INPUT, 22);
    assert_ok_log(splice(), "timeout(1,reading)");
    assert_ok_log(splice(), "timeout(1,reading) timeout(2,writing) pipe_open(262144,waits) "
                            "pipe_fill(1,262144) pipe_close()");
}

BEGUN_TEST(a_process_without_a_pipe_does_not_splice)
{
    script_then_fail(SCRIPT_PIPE_OPEN, FER_TOO_MANY_OPEN_FILES, 24);
    assert_ok_log(splice(), "pipe_open(262144,waits)");
    assert_kept(0, 0, 0);
}

/* ---- The errors of the source */

BEGUN_TEST(a_refused_fill_is_done_through_the_buffer)
{
    static const fer_error_kind kinds[] = {FER_UNSUPPORTED, FER_NO_BUFFER_SPACE, FER_OUT_OF_MEMORY};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        script_then_fail(SCRIPT_PIPE_FILL, kinds[i], 1);
        assert_ok_log(splice(), "pipe_open(262144,waits) pipe_fill(1,262144) pipe_close()");
        assert_kept(0, 0, 0);
    }
}

/* A clone has made the source nonblocking since: the read finds out. */
BEGUN_TEST(a_fill_that_would_block_is_for_the_buffer)
{
    script_then_fail(SCRIPT_PIPE_FILL, FER_WOULD_BLOCK, 11);
    script_then(SCRIPT_IS_NONBLOCKING)->value = 1;
    assert_ok_log(splice(), "pipe_open(262144,waits) pipe_fill(1,262144) is_nonblocking(1) "
                            "pipe_close()");
    assert_kept(0, 0, 0);
}

/* T2: the fill has waited for the whole timeout, which a clone has set since. */
BEGUN_TEST(a_timeout_that_expires_in_a_fill_expires_once)
{
    script_then_fail(SCRIPT_PIPE_FILL, FER_WOULD_BLOCK, 11);
    script_then(SCRIPT_TIMEOUT)->value = 1000;
    assert_error(splice(), FER_TIMED_OUT, 0);
    assert_log("pipe_open(262144,waits) pipe_fill(1,262144) is_nonblocking(1) "
               "timeout(1,reading) pipe_close()");
    assert_kept(0, 0, 0);
    assert_ok(feri_handle_check(&from, FERI_REQUEST_READ));
}

SCRIPT_TEST_AFTER(begin_with(&script_posix, FERI_FLAG_NONBLOCKING),
                  a_fill_that_never_waits_has_no_timeout)
{
    script_then_fail(SCRIPT_PIPE_FILL, FER_WOULD_BLOCK, 11);
    assert_ok_log(splice(), "pipe_open(262144) pipe_fill(1,262144) pipe_close()");
}

BEGUN_TEST(a_signal_does_not_end_a_fill)
{
    script_then_fail(SCRIPT_PIPE_FILL, FER_INTERRUPTED, 4);
    script_then_fail(SCRIPT_PIPE_FILL, FER_INTERRUPTED, 4);
    assert_ok_log(splice(), "pipe_open(262144,waits) pipe_fill(1,262144) pipe_fill(1,262144) "
                            "pipe_fill(1,262144) pipe_close()");
}

static void shut_from_down(script_call call)
{
    if (call == SCRIPT_PIPE_FILL) {
        script.on_call = NULL;
        (void)feri_handle_apply(&from, FERI_EVENT_SHUT_READ);
    }
}

BEGUN_TEST(a_fill_is_not_repeated_after_a_shutdown_by_another_thread)
{
    script.on_call = shut_from_down;
    script_then_fail(SCRIPT_PIPE_FILL, FER_INTERRUPTED, 4);
    assert_ok_log(splice(), "pipe_open(262144,waits) pipe_fill(1,262144) pipe_close()");
}

BEGUN_TEST(nothing_is_read_after_a_shutdown_by_another_thread)
{
    script.on_call = shut_from_down;
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 5);
    assert_ok_log(splice(), "pipe_open(262144,waits) pipe_fill(1,262144) pipe_drain(2,5) "
                            "pipe_close()");
    assert_kept(0, 0, 5);
}

BEGUN_TEST(a_reset_of_the_source_is_saved)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 5);
    script_then_fail(SCRIPT_PIPE_FILL, FER_CONNECTION_RESET, 104);
    assert_error(splice(), FER_CONNECTION_RESET, 104);
    assert_int_equal(feri_handle_saved_error(&from).kind, FER_CONNECTION_RESET);
    assert_kept(0, 0, 5);
}

/* ---- The errors of the destination: the bytes of the pipe return to the buffer */

BEGUN_TEST(a_drain_that_would_block_returns_the_rest_to_the_buffer)
{
    memset(memory, '#', 8);
    buffer.start = 7;
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 2);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_WOULD_BLOCK, 11);
    script_then_move(SCRIPT_PIPE_READ, 3);
    assert_ok_log(splice(), "pipe_open(262144,waits) pipe_fill(1,262144) pipe_drain(2,5) "
                            "pipe_drain(2,3) is_nonblocking(2) timeout(2,writing) pipe_read(3) "
                            "pipe_close()");
    assert_kept(0, 3, 2);
    assert_memory_equal(memory, "abc#", 4);
}

/* T2, T4: the drain has waited for the whole timeout, and nothing is lost. */
BEGUN_TEST(a_timeout_that_expires_in_a_drain_expires_once)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 2);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_WOULD_BLOCK, 11);
    script_then(SCRIPT_TIMEOUT)->value = 1000;
    script_then_move(SCRIPT_PIPE_READ, 3);
    assert_error(splice(), FER_TIMED_OUT, 0);
    assert_kept(0, 3, 2);
    assert_memory_equal(memory, "abc", 3);
    assert_ok(feri_handle_check(&to, FERI_REQUEST_WRITE));
}

BEGUN_TEST(a_drain_of_nothing_is_for_the_buffer)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 0);
    script_then_move(SCRIPT_PIPE_READ, 5);
    assert_ok(splice());
    assert_kept(0, 5, 0);
}

BEGUN_TEST(a_signal_does_not_end_a_drain)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_INTERRUPTED, 4);
    script_then_move(SCRIPT_PIPE_DRAIN, 5);
    assert_ok_log(splice(), "pipe_open(262144,waits) pipe_fill(1,262144) pipe_drain(2,5) "
                            "pipe_drain(2,5) pipe_fill(1,262144) pipe_close()");
    assert_kept(0, 0, 5);
}

BEGUN_TEST(a_destination_that_is_gone_is_saved_and_the_bytes_are_kept)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_BROKEN_PIPE, 32);
    script_then_move(SCRIPT_PIPE_READ, 5);
    assert_error(splice(), FER_BROKEN_PIPE, 32);
    assert_kept(0, 5, 0);
    assert_int_equal(feri_handle_check(&to, FERI_REQUEST_WRITE).kind, FER_BROKEN_PIPE);
}

BEGUN_TEST(an_error_with_the_last_bytes_does_not_read_the_pipe)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 5);
    script_then_fail(SCRIPT_PIPE_FILL, FER_UNSUPPORTED, 22);
    assert_ok(splice());
    assert_kept(0, 0, 5);
}

BEGUN_TEST(a_pipe_that_cannot_be_read_is_reported)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_BROKEN_PIPE, 32);
    script_then_fail(SCRIPT_PIPE_READ, FER_UNSUPPORTED, 38);
    assert_error(splice(), FER_UNSUPPORTED, 38);
    assert_int_equal(script.times[SCRIPT_PIPE_CLOSE], 1);
}

BEGUN_TEST(a_pipe_that_cannot_be_read_after_a_part_is_reported_too)
{
    script_then_move(SCRIPT_PIPE_FILL, 5);
    script_then_move(SCRIPT_PIPE_DRAIN, 2);
    script_then_fail(SCRIPT_PIPE_DRAIN, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_PIPE_READ, FER_UNSUPPORTED, 38);
    assert_error(splice(), FER_UNSUPPORTED, 38);
    assert_int_equal(script.times[SCRIPT_PIPE_FILL], 1);
    assert_kept(0, 0, 2);
}

TEST_MAIN("copy_spliced")
