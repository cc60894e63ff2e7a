/* test_readiness.c: readiness of a handle: each slice of the wait, by the handle's state and the
 * OS's result, for each kind of system. */
#include "core/handle/connection.h"
#include "core/handle/modes.h"
#include "core/wait/waiting.h"

#include "ferrule/socket.h"
#include "unit/scripted_platform.h"

enum { R = FER_READABLE, W = FER_WRITABLE, BOTH = R | W };

#define NONE FER_DURATION_NONE_NANOS
#define NO_TIMEOUT FER_DURATION_NONE

static fer_interest ready;
static fer_handle handle;

/* The body has this handle. */
#define HANDLE_TEST(system, value, function) \
    SCRIPT_TEST_AFTER((script_begin(&(system)), handle = (value)), function)

/* ---- One wait */

typedef fer_error wait(const fer_handle *waiting, fer_interest interest, fer_duration timeout,
                       fer_interest *out);

struct row {
    const char *name;
    const struct ferp_traits *traits;
    uint32_t flags;
    wait *run;
    fer_interest interest;
    uint64_t timeout;
    const char *results;
    fer_interest ready;
    const char *log;
};

static void run_rows(const struct row *rows, size_t count, bool misses_end)
{
    for (size_t i = 0; i < count; i++) {
        script_begin(rows[i].traits);
        script.row = rows[i].name;
        script.traits.unix_write_wait_misses_end = misses_end;
        handle = script_stream(rows[i].flags);
        script_queue(rows[i].results);
        ready = 77;
        assert_ok(rows[i].run(&handle, rows[i].interest, (fer_duration){rows[i].timeout}, &ready));
        assert_row(ready == rows[i].ready);
        assert_log(rows[i].log);
        script_end_row();
    }
}

/* S6: "within 100 ms on Windows": waits are cut into slices if they may miss a shutdown. A send of
 * zero bytes checks the write half of a clone, also in the last or only slice. A wait for reading
 * alone does not check. */
SCRIPT_TEST(a_wait_lasts_until_it_is_ready_or_its_timeout)
{
    static struct ferp_traits reads_miss, writes_miss;
    reads_miss = script_windows;
    reads_miss.write_wait_misses_shutdown = false;
    writes_miss = script_windows;
    writes_miss.shutdown_read_resets_on_data = false;
    const struct row rows[] = {
        {"a signal and a wake continue with the time left", &script_posix, 0, feri_ready, W, 500,
         "ready INTERRUPTED:4 0 2", W, "ready(1,w,1500) ready(1,w,1500) ready(1,w,1500)"},
        {"nothing at the deadline is repeated once", &script_posix, 0, feri_ready, W, 0, "", 0,
         "ready(1,w,0) ready(1,w,1000) ready(1,w,1000)"},
        {"a check without a wait", &script_posix, 0, feri_stream_ready, BOTH, 0, "ready 2", W,
         "ready(1,rw,0)"},
        {"a check that finds nothing", &script_posix, 0, feri_stream_ready, BOTH, 0,
         "ready TIMED_OUT", 0, "ready(1,rw,0)"},
        {"a check that a signal ends", &script_posix, 0, feri_stream_ready, R, 0,
         "ready INTERRUPTED:4 1", R, "ready(1,r,0) ready(1,r,1000)"},
        {"reads that miss nothing", &writes_miss, FERI_FLAG_CLONED, feri_stream_ready, R, NONE,
         "ready 1", R, "ready(1,r,ever)"},
        {"writes that miss nothing", &reads_miss, FERI_FLAG_CLONED, feri_stream_ready, W, NONE,
         "ready 2", W, "ready(1,w,ever)"},
        {"a write half that a clone has shut", &script_windows, FERI_FLAG_CLONED, feri_stream_ready,
         W, NONE, "ready TIMED_OUT, send BROKEN_PIPE:10058", W,
         "ready(1,w,100001000,ever) send(1,0)"},
        {"a write half that only a wait for both misses", &writes_miss, FERI_FLAG_CLONED,
         feri_stream_ready, BOTH, NONE, "ready TIMED_OUT, send BROKEN_PIPE:10058", W,
         "ready(1,rw,100001000,ever) send(1,0)"},
        {"the last slice", &script_windows, FERI_FLAG_CLONED, feri_stream_ready, BOTH, 0,
         "ready TIMED_OUT, send BROKEN_PIPE:10058", W, "ready(1,rw,1000) send(1,0)"},
        {"reading alone", &script_windows, FERI_FLAG_CLONED, feri_stream_ready, R, 0,
         "ready TIMED_OUT", 0, "ready(1,r,0)"},
        {"a write half that is open", &script_windows, FERI_FLAG_ADOPTED, feri_stream_ready, BOTH,
         NONE, "ready TIMED_OUT TIMED_OUT 2, send WOULD_BLOCK:10035 0", W,
         "ready(1,rw,100001000,ever) send(1,0) ready(1,rw,200001000,ever) send(1,0) "
         "ready(1,rw,300001000,ever)"},
    };
    run_rows(rows, sizeof rows / sizeof rows[0], false);
}

static void shut_write_in_the_wait(script_call call)
{
    if (call == SCRIPT_READY) {
        (void)feri_handle_step(&handle, FERI_EVENT_SHUT_WRITE, feri_ok());
    }
}

/* I1: "`_ready` and close_gracefully retry": a signal after the deadline does not hide a half that
 * ended before it. */
SCRIPT_TEST(a_signal_after_the_timeout_does_not_hide_a_shutdown)
{
    for (int i = 0; i < 2; i++) {
        script_begin(&script_posix);
        handle = script_stream(i == 0 ? 0 : FERI_FLAG_DATAGRAM);
        script.on_call = shut_write_in_the_wait;
        *script_then(SCRIPT_READY) =
            (script_result){.error = {FER_INTERRUPTED, 4}, .elapsed = 1000000};
        wait *run = i == 0 ? feri_stream_ready : feri_ready;
        assert_ok_n(run(&handle, W, fer_duration_from_millis(1), &ready), ready, W);
        script_end_row();
    }
}

/* ---- Streams: halves that are ready without a system call */

/* S6: "through a clone": the mark on the socket ends the read half. S5: "The handle saves any fatal
 * error ..., whether read, write or take_error met it first". */
HANDLE_TEST(script_windows, script_stream(FERI_FLAG_CLONED), a_reset_that_the_send_meets_sticks)
{
    script_queue("ready TIMED_OUT, send CONNECTION_ABORTED:10053");
    assert_ok_n(feri_stream_ready(&handle, W, NO_TIMEOUT, &ready), ready, W);
    assert_error(feri_handle_saved_error(&handle), FER_CONNECTION_RESET, 10053);
    script.log[0] = '\0';
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, BOTH);
    handle = script_stream(FERI_FLAG_CLONED);
    feri_modes_mark(&handle, FERI_MARK_READ_ENDED, true);
    assert_ok_n(feri_stream_ready(&handle, R, NO_TIMEOUT, &ready), ready, R);
    assert_log("");
    /* an end of the write half that the send meets is not saved */
    script_queue("ready TIMED_OUT, send BROKEN_PIPE:10058");
    assert_ok_n(feri_stream_ready(&handle, W, NO_TIMEOUT, &ready), ready, W);
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_WRITE), FERI_ANSWER_CALL_OS);
}

/* ---- Connects */

/* False readiness does not extend the wait past its timeout: a connect that is falsely ready, and a
 * socket whose wait is woken, both pause. */
HANDLE_TEST(script_windows, script_connecting(FERI_FLAG_NONBLOCKING),
            a_wait_that_is_always_falsely_ready_pauses)
{
    script_queue("peer_addr* NOT_CONNECTED:10057");
    assert_ok_n(feri_stream_ready(&handle, BOTH, fer_duration_from_secs(1), &ready), ready, 0);
    assert_int_equal(script.now, 1000001000);
    assert_in_range(script.times[SCRIPT_WAIT_FOR], 50, 60);
    handle = script_stream(0);
    uint64_t before = script.now;
    assert_ok_n(feri_ready(&handle, R, fer_duration_from_millis(4), &ready), ready, 0);
    assert_int_equal(script.now - before, 4000000);
    assert_int_equal(script.times[SCRIPT_READY], 5);
}

/* ---- The public functions: which of the two waits each one uses */

SYSTEM_TEST(script_windows, a_built_socket_waits_as_its_kind)
{
    static const uint32_t flags[] = {0, FERI_FLAG_DATAGRAM, FERI_FLAG_LISTENING};
    fer_socket socket = {0};
    assert_error(fer_socket_ready(NULL, BOTH, NO_TIMEOUT, &ready), FER_MISUSE, 0);
    assert_error(fer_socket_ready(&socket, BOTH, NO_TIMEOUT, &ready), FER_MISUSE, 0);
    script_queue("ready* 3");
    for (size_t i = 0; i < 3; i++) {
        socket.handle_ = script_stream(flags[i]);
        assert_ok(fer_socket_ready(&socket, BOTH, NO_TIMEOUT, &ready));
    }
    assert_log("ready(1,rw,100001000,ever) ready(2,rw,100001000,ever) ready(3,rw,ever)");
}

TEST_MAIN("readiness")
