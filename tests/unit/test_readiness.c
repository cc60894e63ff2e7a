/* test_readiness.c: readiness of a handle: each slice of the wait, by the handle's state and the
 * OS's result, for each kind of system. */
#include "core/handle/connection.h"
#include "core/handle/modes.h"
#include "core/open/connecting.h"
#include "core/wait/waiting.h"

#include "ferrule/socket.h"
#include "ferrule/tcp.h"
#include "unit/scripted_platform.h"

enum { BOTH = FER_READABLE | FER_WRITABLE };

#define NO_TIMEOUT FER_DURATION_NONE
#define NO_WAIT fer_duration_from_nanos(0)

static fer_interest ready;

static void then_ready(fer_interest interest)
{
    script_then(SCRIPT_READY)->value = interest;
}

static void then_timed_out(void)
{
    script_then_fail(SCRIPT_READY, FER_TIMED_OUT, 0);
}

static fer_handle new_connecting(void)
{
    return script_connecting(FERI_FLAG_NONBLOCKING);
}

/* The body has this handle. */
#define HANDLE_TEST(system, value, function) \
    SCRIPT_TEST_WITH(fer_handle handle, (script_begin(&(system)), value), function)

/* ---- Sockets without halves and without a pending connect */

STREAM_TEST(script_posix, a_wait_continues_after_a_signal_and_a_wake_with_the_time_left)
{
    script_then_fail(SCRIPT_READY, FER_INTERRUPTED, 4);
    script_then(SCRIPT_READY)->elapsed = 200;
    then_ready(FER_WRITABLE);
    assert_ok_n(feri_ready(&handle, FER_WRITABLE, fer_duration_from_nanos(500), &ready), ready,
                FER_WRITABLE);
    assert_log("ready(1,w,1500) ready(1,w,1500) ready(1,w,1500)");
}

STREAM_TEST(script_posix, a_wait_that_finds_nothing_at_the_deadline_is_repeated_once)
{
    script_default(SCRIPT_READY)->value = 0;
    assert_ok_n(feri_ready(&handle, FER_WRITABLE, NO_WAIT, &ready), ready, 0);
    assert_log("ready(1,w,1000) ready(1,w,1000)");
}

/* ---- Streams: halves that are ready without a system call */

/* Each event that ends a half, and the remaining query of the OS. */
SCRIPT_TEST(a_half_that_has_ended_is_ready_and_the_other_is_only_checked)
{
    static const struct {
        feri_event event;
        fer_interest known;
        const char *log;
    } rows[] = {
        {FERI_EVENT_SHUT_READ, FER_READABLE, "ready(1,w,1000)"},
        {FERI_EVENT_GOT_EOF, FER_READABLE, "ready(1,w,1000)"},
        {FERI_EVENT_SHUT_WRITE, FER_WRITABLE, "ready(1,r,1000)"},
        {FERI_EVENT_GOT_PIPE, FER_WRITABLE, "ready(1,r,1000)"},
        {FERI_EVENT_SHUT_BOTH, BOTH, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(&script_posix);
        fer_handle handle = script_stream(0);
        assert_true(feri_handle_apply(&handle, rows[i].event));
        if (rows[i].known != BOTH) {
            then_timed_out();
        }
        assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, rows[i].known);
        assert_log(rows[i].log);
        assert_ok_n(feri_stream_ready(&handle, rows[i].known, NO_TIMEOUT, &ready), ready,
                    rows[i].known);
        assert_log("");
    }
}

/* The additional query may fail or find more. */
STREAM_TEST(script_posix, a_check_adds_to_the_readiness_of_the_state_and_cannot_fail)
{
    assert_true(feri_handle_apply(&handle, FERI_EVENT_SHUT_READ));
    then_ready(FER_WRITABLE);
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, BOTH);
    script_then_fail(SCRIPT_READY, FER_OUT_OF_MEMORY, 12);
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, FER_READABLE);
    assert_true(
        feri_handle_fail(&handle, FERI_EVENT_GOT_RESET, (fer_error){FER_CONNECTION_RESET, 104}));
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, BOTH);
}

/* ---- Streams whose shutdown may not wake a wait */

static fer_handle *handle_to_shut;

static void shut_write_at_second_slice(script_call call)
{
    if (call == SCRIPT_READY && script.times[SCRIPT_READY] == 2) {
        assert_true(feri_handle_apply(handle_to_shut, FERI_EVENT_SHUT_WRITE));
    }
}

/* S6: "within 100 ms on Windows". */
STREAM_TEST(script_windows, on_windows_a_wait_is_cut_into_slices)
{
    handle_to_shut = &handle;
    script.on_call = shut_write_at_second_slice;
    then_timed_out();
    then_timed_out();
    assert_ok_n(feri_stream_ready(&handle, FER_WRITABLE, NO_TIMEOUT, &ready), ready, FER_WRITABLE);
    assert_log("ready(1,w,100001000,ever) ready(1,w,200001000,ever)");
}

/* On Linux a wait for space of a Unix socket misses the end of its write half. */
SCRIPT_TEST(on_linux_the_wait_of_a_unix_datagram_socket_is_cut_into_slices)
{
    static const struct {
        uint64_t timeout;
        bool is_shut;
        const char *log;
    } rows[] = {
        {FER_DURATION_NONE_NANOS, true, "ready(1,w,100001000,ever) ready(1,w,200001000,ever)"},
        {150000000, true, "ready(1,w,100001000,150001000) ready(1,w,150001000)"},
        {150000000, false, "ready(1,w,100001000,150001000) ready(1,w,150001000)"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ferp_traits traits = script_posix;
        traits.unix_write_wait_misses_end = true;
        script_begin(&traits);
        fer_handle handle = script_stream(FERI_FLAG_DATAGRAM | FERI_FLAG_UNIX);
        handle_to_shut = &handle;
        script.on_call = rows[i].is_shut ? shut_write_at_second_slice : NULL;
        then_timed_out();
        then_timed_out();
        assert_ok_n(feri_ready(&handle, FER_WRITABLE, (fer_duration){rows[i].timeout}, &ready),
                    ready, rows[i].is_shut ? FER_WRITABLE : 0);
        assert_log(rows[i].log);
    }
}

SCRIPT_TEST(a_wait_is_in_slices_only_if_it_may_miss_a_shutdown)
{
    struct ferp_traits traits = script_windows;
    traits.write_wait_misses_shutdown = false;
    script_begin(&traits);
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    then_ready(FER_WRITABLE);
    assert_ok_log(feri_stream_ready(&handle, FER_WRITABLE, NO_TIMEOUT, &ready), "ready(1,w,ever)");
    traits.shutdown_read_resets_on_data = false;
    traits.write_wait_misses_shutdown = true;
    script_begin(&traits);
    handle = script_stream(FERI_FLAG_CLONED);
    then_ready(FER_READABLE);
    assert_ok_log(feri_stream_ready(&handle, FER_READABLE, NO_TIMEOUT, &ready), "ready(1,r,ever)");
}

/* S6: "through a clone": the mark on the socket ends the read half. A send of zero bytes checks the
 * write half if the wait does not report its shutdown. */
HANDLE_TEST(script_windows, script_stream(FERI_FLAG_CLONED), a_half_that_a_clone_has_shut_is_ready)
{
    feri_modes_end_reading(&handle);
    assert_ok_n(feri_stream_ready(&handle, FER_READABLE, NO_TIMEOUT, &ready), ready, FER_READABLE);
    assert_log("");
    then_timed_out();
    script_then_fail(SCRIPT_SEND, FER_BROKEN_PIPE, 10058);
    assert_ok_n(feri_stream_ready(&handle, FER_WRITABLE, NO_TIMEOUT, &ready), ready, FER_WRITABLE);
    assert_log("ready(1,w,100001000,ever) send(1,0)");
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_WRITE), FERI_ANSWER_CALL_OS);
}

/* The check also happens in the last or only slice. A wait for reading alone does not check. */
HANDLE_TEST(script_windows, script_stream(FERI_FLAG_CLONED),
            the_write_half_is_queried_in_the_last_slice_too)
{
    then_timed_out();
    script_then_fail(SCRIPT_SEND, FER_BROKEN_PIPE, 10058);
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_WAIT, &ready), ready, FER_WRITABLE);
    assert_log("ready(1,rw,1000) send(1,0)");
    then_timed_out();
    assert_ok_n(feri_stream_ready(&handle, FER_READABLE, NO_WAIT, &ready), ready, 0);
    assert_log("ready(1,r,1000)");
}

HANDLE_TEST(script_windows, script_stream(FERI_FLAG_ADOPTED),
            a_clones_write_half_that_is_open_is_waited_for)
{
    then_timed_out();
    script_then_fail(SCRIPT_SEND, FER_WOULD_BLOCK, 10035);
    then_timed_out();
    then_ready(FER_WRITABLE);
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, FER_WRITABLE);
    assert_log("ready(1,rw,100001000,ever) send(1,0) "
               "ready(1,rw,200001000,ever) send(1,0) "
               "ready(1,rw,300001000,ever)");
}

/* S5: "The handle saves any fatal error ..., whether read, write or take_error met it first". */
HANDLE_TEST(script_windows, script_stream(FERI_FLAG_CLONED),
            a_reset_that_the_send_of_nothing_meets_sticks)
{
    then_timed_out();
    script_then_fail(SCRIPT_SEND, FER_CONNECTION_ABORTED, 10053);
    assert_ok_n(feri_stream_ready(&handle, FER_WRITABLE, NO_TIMEOUT, &ready), ready, FER_WRITABLE);
    assert_error(feri_handle_saved_error(&handle), FER_CONNECTION_RESET, 10053);
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, BOTH);
    assert_log("ready(1,w,100001000,ever) send(1,0)");
}

/* ---- Unix sockets on Linux: their poll does not report the end of the write half */

static struct ferp_traits linux_facts(void)
{
    struct ferp_traits traits = script_posix;
    traits.unix_write_wait_misses_end = true;
    return traits;
}

/* S6: the send of zero bytes also finds what the peer has shut down, so no clone is needed. */
SCRIPT_TEST(the_end_of_a_unix_streams_write_half_is_queried_in_slices)
{
    const struct ferp_traits traits = linux_facts();
    script_begin(&traits);
    fer_handle handle = script_stream(FERI_FLAG_UNIX);
    assert_true(feri_write_wait_misses_end(&handle));
    then_timed_out();
    script_then_fail(SCRIPT_SEND, FER_WOULD_BLOCK, 11);
    then_timed_out();
    script_then_fail(SCRIPT_SEND, FER_BROKEN_PIPE, 32);
    assert_ok_n(feri_stream_ready(&handle, FER_WRITABLE, NO_TIMEOUT, &ready), ready, FER_WRITABLE);
    assert_log("ready(1,w,100001000,ever) send(1,0) ready(1,w,200001000,ever) send(1,0)");
    then_ready(FER_READABLE);
    assert_ok_log(feri_stream_ready(&handle, FER_READABLE, NO_TIMEOUT, &ready), "ready(1,r,ever)");
    handle = script_stream(0);
    assert_false(feri_write_wait_misses_end(&handle));
    then_ready(FER_WRITABLE);
    assert_ok_log(feri_stream_ready(&handle, FER_WRITABLE, NO_TIMEOUT, &ready), "ready(2,w,ever)");
}

/* No send asks for a datagram socket, because it would send a datagram. */
SCRIPT_TEST(the_own_end_of_a_unix_datagram_socket_is_ready)
{
    const struct ferp_traits traits = linux_facts();
    script_begin(&traits);
    fer_handle handle = script_stream(FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM);
    handle_to_shut = &handle;
    script.on_call = shut_write_at_second_slice;
    then_timed_out();
    then_timed_out();
    assert_ok_n(feri_ready(&handle, FER_WRITABLE, NO_TIMEOUT, &ready), ready, FER_WRITABLE);
    assert_log("ready(1,w,100001000,ever) ready(1,w,200001000,ever)");
    assert_ok_n(feri_ready(&handle, FER_WRITABLE, NO_WAIT, &ready), ready, FER_WRITABLE);
    assert_log("");
}

/* ---- Connects */

HANDLE_TEST(script_posix, new_connecting(), a_pending_connect_is_waited_for_and_then_the_stream)
{
    script_queue("wait_for OK, peer_addr OK");
    then_ready(FER_WRITABLE);
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, FER_WRITABLE);
    assert_log("wait_arm(1,CONNECTED) wait_for(ever) peer_addr(1) ready(1,rw,ever)");
}

/* False readiness does not extend the wait past its timeout. */
/* A connect that is falsely ready, and a socket whose wait is woken: both pause. */
HANDLE_TEST(script_windows, new_connecting(), a_wait_that_is_always_falsely_ready_pauses)
{
    script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 10057};
    assert_ok_n(feri_stream_ready(&handle, BOTH, fer_duration_from_secs(1), &ready), ready, 0);
    assert_int_equal(script.now, 1000001000);
    assert_in_range(script.times[SCRIPT_WAIT_FOR], 50, 60);
    handle = script_stream(0);
    script_default(SCRIPT_READY)->error = (fer_error){FER_OK, 0};
    uint64_t before = script.now;
    assert_ok_n(feri_ready(&handle, FER_READABLE, fer_duration_from_millis(4), &ready), ready, 0);
    assert_int_equal(script.now - before, 4000000);
    assert_int_equal(script.times[SCRIPT_READY], 5);
}

HANDLE_TEST(script_windows, new_connecting(),
            a_connect_that_fails_is_ready_for_all_that_was_requested)
{
    script_queue("wait_for CONNECTION_REFUSED, peer_addr NOT_CONNECTED:10057");
    assert_ok_n(feri_stream_ready(&handle, FER_READABLE, NO_TIMEOUT, &ready), ready, FER_READABLE);
    assert_log("wait_arm(1,CONNECTED) wait_for(ever) peer_addr(1)");
    assert_int_equal(feri_handle_answer(&handle, FERI_REQUEST_READ), FERI_ANSWER_CHECK_CONNECT);
    script_queue("take_error +CONNECTION_REFUSED:10061, connect_is_pending 1");
    assert_error(feri_pending_connect_status(&handle), FER_CONNECTION_REFUSED, 10061);
    assert_log("take_error(1) connect_is_pending(1)");
    assert_ok_n(feri_stream_ready(&handle, BOTH, NO_TIMEOUT, &ready), ready, BOTH);
    assert_log("");
}

/* ---- The public functions: which of the two waits each one uses */

SYSTEM_TEST(script_windows, a_built_socket_waits_as_its_kind)
{
    fer_socket socket = {0};
    assert_error(fer_socket_ready(NULL, BOTH, NO_TIMEOUT, &ready), FER_MISUSE, 0);
    assert_error(fer_socket_ready(&socket, BOTH, NO_TIMEOUT, &ready), FER_MISUSE, 0);
    socket.handle_ = script_stream(0);
    then_ready(FER_WRITABLE);
    assert_ok(fer_socket_ready(&socket, BOTH, NO_TIMEOUT, &ready));
    socket.handle_ = script_stream(FERI_FLAG_DATAGRAM);
    then_ready(FER_WRITABLE);
    assert_ok(fer_socket_ready(&socket, BOTH, NO_TIMEOUT, &ready));
    socket.handle_ = script_stream(FERI_FLAG_LISTENING);
    then_ready(FER_READABLE);
    assert_ok(fer_socket_ready(&socket, BOTH, NO_TIMEOUT, &ready));
    assert_log("ready(1,rw,100001000,ever) ready(2,rw,100001000,ever) ready(3,rw,ever)");
}

TEST_MAIN("readiness")
