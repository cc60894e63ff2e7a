/* test_copy_both.c: copies in both directions: the tries of both, the waits for both streams, the
 * ends that are passed on, the errors, and the part of a long copy that is made through a pipe
 * (rule M2). */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "core/transfer/copy.h"
#include "ferrule/cancel.h"
#include "ferrule/io.h"

static fer_handle a;
static fer_handle b;
static unsigned char memory[2][4];
static fer_copy_buffer buffers[2];
static uint64_t n[2];

/* Socket 1 is a and socket 2 is b. */
static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    a = script_stream(0);
    b = script_stream(0);
    memset(memory, '#', sizeof memory);
    for (int i = 0; i < 2; i++) {
        buffers[i] = (fer_copy_buffer){memory[i], sizeof memory[i], 0, 0};
        n[i] = 77;
    }
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

static fer_error copy(void)
{
    return fer_copy_bidirectional((fer_stream){&a}, (fer_stream){&b}, &buffers[0], &buffers[1],
                                  &n[0], &n[1]);
}

static void assert_moved(uint64_t from_a, size_t kept_of_a, uint64_t from_b, size_t kept_of_b)
{
    assert_row(n[0] == from_a && buffers[0].len == kept_of_a);
    assert_row(n[1] == from_b && buffers[1].len == kept_of_b);
}

/* One copy: the results of its calls, the log if it is not NULL, the error, and what was moved and
 * kept. */
struct copy_row {
    const char *name, *results, *log;
    fer_error_kind kind;
    int32_t code;
    uint64_t from_a;
    size_t kept_of_a;
    uint64_t from_b;
    size_t kept_of_b;
};

static void run_copy(const struct copy_row *row)
{
    script.row = row->name;
    script_queue(row->results);
    assert_error(copy(), row->kind, row->code);
    assert_moved(row->from_a, row->kept_of_a, row->from_b, row->kept_of_b);
    if (row->log != NULL) {
        assert_log(row->log);
    }
}

static void limit(fer_handle *handle, fer_limits limits)
{
    assert_ok(feri_set_limits(handle, &limits));
    script.log[0] = '\0';
}

/* ---- One copy */

SCRIPT_TEST(each_direction_copies_until_its_end_which_is_passed_on)
{
    static const struct copy_row rows[] = {
        {"the directions take steps one after the other", "try_recv 4 3, try_send 4 3",
         "try_recv(1,4) try_recv(2,4) try_send(2,4) try_send(1,3) try_recv(1,4) shutdown(2,1) "
         "wait_for_pair(1-,2r,ever,ever) try_recv(2,4) shutdown(1,1)",
         FER_OK, 0, 4, 0, 3, 0},
        {"an end is passed on after the last byte and ends one direction",
         "try_recv 4 WOULD_BLOCK:11 WOULD_BLOCK:11 0 WOULD_BLOCK:11, try_send WOULD_BLOCK:11 4",
         "try_recv(1,4) try_recv(2,4) try_send(2,4) wait_for_pair(1-,2rw,ever,ever) "
         "try_send(2,4) try_recv(2,4) try_recv(1,4) shutdown(2,1) "
         "wait_for_pair(1-,2r,ever,ever) try_recv(2,4) wait_for_pair(1-,2r,ever,ever) "
         "pause(1001000) try_recv(2,4) shutdown(1,1)",
         FER_OK, 0, 4, 0, 0, 0},
        {"false hints pause from the second in a row on",
         "try_recv WOULD_BLOCK:11 WOULD_BLOCK:11 WOULD_BLOCK:11 WOULD_BLOCK:11 WOULD_BLOCK:11 "
         "WOULD_BLOCK:11",
         "try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever) "
         "try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever) pause(1001000) "
         "try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever) pause(3001000) "
         "try_recv(1,4) shutdown(2,1) try_recv(2,4) shutdown(1,1)",
         FER_OK, 0, 0, 0, 0, 0},
        {"signals do not end it",
         "try_recv INTERRUPTED:4 WOULD_BLOCK:11 WOULD_BLOCK:11 WOULD_BLOCK:11, "
         "wait_for_pair INTERRUPTED:4",
         NULL, FER_OK, 0, 0, 0, 0, 0},
        {"a failed wait ends the call",
         "try_recv WOULD_BLOCK:11 WOULD_BLOCK:11, wait_for_pair OUT_OF_MEMORY:12", NULL,
         FER_OUT_OF_MEMORY, 12, 0, 0, 0, 0},
        {"an error of a write keeps the bytes of both directions",
         "try_recv 4 3, try_send 1 BROKEN_PIPE:32", NULL, FER_BROKEN_PIPE, 32, 1, 3, 0, 3},
        {"a send of no byte is write zero", "try_recv 4 WOULD_BLOCK:11, try_send 3 0", NULL,
         FER_WRITE_ZERO, 0, 3, 1, 0, 0},
        {"a direction that would block is tried if the wait reports it",
         "try_recv WOULD_BLOCK:11 WOULD_BLOCK:11 4 0 0, wait_for_pair 1, try_send WOULD_BLOCK:11 4",
         "try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever) try_recv(1,4) try_send(2,4) "
         "wait_for_pair(1-,2rw,ever,ever) try_send(2,4) try_recv(2,4) shutdown(1,1) "
         "try_recv(1,4) shutdown(2,1)",
         FER_OK, 0, 4, 0, 0, 0},
        {"for space too",
         "try_recv WOULD_BLOCK:11 WOULD_BLOCK:11 4 0 0, wait_for_pair 1 8, "
         "try_send WOULD_BLOCK:11 4",
         "try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever) try_recv(1,4) try_send(2,4) "
         "wait_for_pair(1-,2rw,ever,ever) try_send(2,4) try_recv(1,4) shutdown(2,1) "
         "wait_for_pair(1-,2r,ever,ever) try_recv(2,4) shutdown(1,1)",
         FER_OK, 0, 4, 0, 0, 0},
        {"and in the eighth round after its last try if the other one needs no wait",
         "try_recv 4 WOULD_BLOCK:11 4 4 4 4 0 0, try_send 4 4 4 4 4",
         "try_recv(1,4) try_recv(2,4) try_send(2,4) try_recv(1,4) try_send(2,4) try_recv(1,4) "
         "try_send(2,4) try_recv(1,4) try_send(2,4) try_recv(1,4) try_recv(2,4) shutdown(1,1) "
         "try_send(2,4) try_recv(1,4) shutdown(2,1)",
         FER_OK, 0, 20, 0, 0, 0},
        {"a read that does not fill the buffer is followed by a wait, once its bytes are written",
         "try_recv 3 WOULD_BLOCK:11 0 0, try_send 1 2, wait_for_pair 1",
         "try_recv(1,4) try_recv(2,4) try_send(2,3) try_send(2,2) wait_for_pair(1r,2r,ever,ever) "
         "try_recv(1,4) shutdown(2,1) wait_for_pair(1-,2r,ever,ever) try_recv(2,4) shutdown(1,1)",
         FER_OK, 0, 3, 0, 0, 0},
        {"an end that cannot be passed on is an error", "shutdown PERMISSION_DENIED:1", NULL,
         FER_PERMISSION_DENIED, 1, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&script_posix);
        run_copy(&rows[i]);
        assert_row(memcmp(memory[0] + buffers[0].start, "bcd", buffers[0].len > 1 ? 3 : 0) == 0);
        assert_row(memcmp(memory[1], "abc", buffers[1].len) == 0);
        script_end_row();
    }
}

/* ---- Timeouts of a */

static void pass_time_at_send(script_call call)
{
    script.now += call == SCRIPT_TRY_SEND ? 5000 : 0;
}

static void shut_b_down_at_wait(script_call call)
{
    if (call == SCRIPT_WAIT_FOR_PAIR) {
        (void)feri_handle_step(&b, FERI_EVENT_SHUT_WRITE, feri_ok());
    }
}

/* M2: "whatever the other direction does": which needs no wait. */
BEGUN_TEST(a_timeout_ends_it_although_the_other_direction_moves_bytes)
{
    feri_atomic_change_bits(&b.p_.flags_, FERI_TIMEOUT_FLAGS, 0);
    script_queue("timeout 5000, try_recv 1 WOULD_BLOCK:11 WOULD_BLOCK:11, try_send 1");
    script.on_call = pass_time_at_send;
    assert_error(copy(), FER_TIMED_OUT, 0);
    assert_log("try_recv(1,4) try_recv(2,4) timeout(2,reading) try_send(2,1) try_recv(2,4)");
    assert_moved(1, 0, 0, 0);
}

/* ---- Shutdowns by another thread */

/* Which no wait for its read half reports. The wait here reports the other direction. */
BEGUN_TEST(a_write_half_that_another_thread_shuts_down_ends_it_after_any_wait)
{
    script_queue("try_recv WOULD_BLOCK:11 WOULD_BLOCK:11, wait_for_pair 4");
    script.on_call = shut_b_down_at_wait;
    assert_error(copy(), FER_BROKEN_PIPE, 0);
    assert_log("try_recv(1,4) try_recv(2,4) wait_for_pair(1r,2r,ever,ever)");
}

/* ---- Limits */

static fer_cancel_token token;

static script_call cancelled_during;

static void cancel_at_wait(script_call call)
{
    if (call == cancelled_during) {
        script.on_call = NULL;
        fer_cancel_token_cancel(&token);
    }
}

/* K2: the pause after false hints is ended by the token of each stream. */
BEGUN_TEST(a_cancel_in_a_pause_ends_it)
{
    fer_handle *handles[] = {&a, &b};
    cancelled_during = SCRIPT_TOKEN_WAIT;
    script_queue("try_recv* WOULD_BLOCK:11");
    for (int i = 0; i < 2; i++) {
        assert_ok(fer_cancel_token_new(&token));
        limit(handles[i], (fer_limits){.token = &token});
        script.on_call = cancel_at_wait;
        assert_error(copy(), FER_CANCELLED, 0);
        assert_ok(feri_set_limits(handles[i], NULL));
        fer_cancel_token_close(&token);
    }
    assert_int_equal(script.times[SCRIPT_PAUSE], 0);
}

/* ---- Long copies */

enum { CAP = FERI_SPLICE_AFTER };

static unsigned char long_memory[2][CAP];

/* a has sent what a copy moves before it splices, and b its end. The sockets are 3 and 4. */
static void begin_long(uint32_t flags)
{
    begin(&script_posix);
    a = script_stream(flags);
    b = script_stream(flags);
    for (int i = 0; i < 2; i++) {
        buffers[i] = (fer_copy_buffer){long_memory[i], CAP, 0, 0};
    }
    script_queue("try_recv 262144 0, try_send 262144");
}

#define BEFORE \
    "try_recv(3,262144) try_recv(4,262144) shutdown(3,1) try_send(4,262144) pipe_open(262144) "
#define END "try_recv(3,262144) shutdown(4,1) pipe_close()"

#define LONG_TEST(function) SCRIPT_TEST_AFTER(begin_long(FERI_FLAG_NONBLOCKING), function)

SCRIPT_TEST(a_long_copy_between_nonblocking_streams_splices)
{
    static const struct copy_row rows[] = {
        {"through the pipe", "pipe_fill 5, pipe_drain 5",
         BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_fill(3,262144) " END, FER_OK, 0, CAP + 5,
         0, 0, 0},
        {"a destination that is full returns the bytes to the buffer",
         "pipe_fill 5, pipe_drain 2 WOULD_BLOCK:11, pipe_read 3, try_send 3",
         BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_drain(4,3) pipe_read(3) "
                "wait_for_pair(3-,4w,ever,ever) try_send(4,3) pipe_fill(3,262144) " END,
         FER_OK, 0, CAP + 5, 0, 0, 0},
        {"bytes that return whole from the pipe are written first",
         "pipe_fill 5, pipe_drain WOULD_BLOCK:11, pipe_read 5, try_send 5",
         BEFORE "pipe_fill(3,262144) pipe_drain(4,5) pipe_read(5) wait_for_pair(3-,4w,ever,ever) "
                "try_send(4,5) pipe_fill(3,262144) " END,
         FER_OK, 0, CAP + 5, 0, 0, 0},
        {"a fill that would block waits without a read", "pipe_fill WOULD_BLOCK:11 5, pipe_drain 5",
         BEFORE "pipe_fill(3,262144) wait_for_pair(3r,4-,ever,ever) pipe_fill(3,262144) "
                "pipe_drain(4,5) pipe_fill(3,262144) " END,
         FER_OK, 0, CAP + 5, 0, 0, 0},
        {"a fill that would block after a hint of readiness is followed by a read",
         "pipe_fill WOULD_BLOCK:11 WOULD_BLOCK:11, wait_for_pair 1, try_recv 5, try_send 5",
         BEFORE "pipe_fill(3,262144) wait_for_pair(3r,4-,ever,ever) pipe_fill(3,262144) "
                "try_recv(3,262144) try_send(4,5) wait_for_pair(3r,4-,ever,ever) "
                "pipe_fill(3,262144) " END,
         FER_OK, 0, CAP + 5, 0, 0, 0},
        {"a hint is for one try",
         "pipe_fill WOULD_BLOCK:11 5 WOULD_BLOCK:11, pipe_drain 5, wait_for_pair 1",
         BEFORE "pipe_fill(3,262144) wait_for_pair(3r,4-,ever,ever) pipe_fill(3,262144) "
                "pipe_drain(4,5) pipe_fill(3,262144) wait_for_pair(3r,4-,ever,ever) "
                "pipe_fill(3,262144) " END,
         FER_OK, 0, CAP + 5, 0, 0, 0},
        {"a pipe that is refused is not tried again",
         "pipe_fill UNSUPPORTED:22, try_recv 5, try_send 5",
         BEFORE "pipe_fill(3,262144) try_recv(3,262144) try_send(4,5) "
                "wait_for_pair(3r,4-,ever,ever) " END,
         FER_OK, 0, CAP + 5, 0, 0, 0},
        {"a reset of the source of a pipe ends it", "pipe_fill CONNECTION_RESET:104", NULL,
         FER_CONNECTION_RESET, 104, CAP, 0, 0, 0},
        {"an error of the destination of a pipe keeps the bytes",
         "pipe_fill 5, pipe_drain BROKEN_PIPE:32, pipe_read 5", NULL, FER_BROKEN_PIPE, 32, CAP, 5,
         0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_long(FERI_FLAG_NONBLOCKING);
        run_copy(&rows[i]);
        assert_row(rows[i].kind != FER_CONNECTION_RESET ||
                   feri_handle_saved_error(&a).kind == FER_CONNECTION_RESET);
        script_end_row();
    }
}

LONG_TEST(a_long_copy_within_limits_splices_too)
{
    limit(&a, (fer_limits){.deadline = fer_instant_after(fer_duration_from_secs(9))});
    script_queue("pipe_fill 5 INTERRUPTED:4, pipe_drain 5");
    assert_ok(copy());
    assert_moved(CAP + 5, 0, 0, 0);
}

TEST_MAIN("copy_both")
