/* test_stream_shutdown.c: shutdown, which calls the OS only when that causes no reset (rules S1,
 * S6, S7); close; and the lingering close (rule K11), which shuts writing down, discards the input,
 * and closes in every case. */
#include "unit/scripted_platform.h"

#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/transfer/stream_io.h"

/* ---- Shutdown */

/* On Windows a shut down read half resets the connection when data arrives, and on macOS only one
 * of IP: it is kept from the OS and flagged for the clones. The steps are r, w and b of
 * fer_shutdown, and c: a clone has ended reading. */
SCRIPT_TEST(a_shutdown_is_passed_on_if_it_resets_nothing)
{
    static const struct {
        const struct ferp_traits *traits;
        uint32_t flags;
        const char *steps, *results, *log;
        bool is_flagged;
    } rows[] = {
        {&script_posix, FERI_FLAG_CLONED, "rwb", "", "shutdown(1,0) shutdown(1,1) shutdown(1,2)",
         false},
        {&script_windows, 0, "rr", "", "wake(1) wake(1)", true},
        {&script_windows, FERI_FLAG_CLONED, "rr", "", "wake(1) wake(1)", true},
        {&script_windows, FERI_FLAG_ADOPTED, "rr", "", "wake(1) wake(1)", true},
        {&script_windows, 0, "b", "", "bytes_queued(1) shutdown(1,2) wake(1)", true},
        {&script_windows, 0, "rw", "", "wake(1) bytes_queued(1) shutdown(1,2)", true},
        {&script_windows, 0, "wr", "", "shutdown(1,1) bytes_queued(1) shutdown(1,2) wake(1)", true},
        /* only the write half if input is queued */
        {&script_windows, 0, "b", "bytes_queued 1", "bytes_queued(1) shutdown(1,1) wake(1)", true},
        {&script_windows, 0, "b", "bytes_queued BAD_HANDLE:10038",
         "bytes_queued(1) shutdown(1,1) wake(1)", true},
        {&script_windows, FERI_FLAG_CLONED, "cw", "", "bytes_queued(1) shutdown(1,2)", true},
        {&script_windows, FERI_FLAG_CLONED, "w", "", "shutdown(1,1)", false},
        {&script_macos, 0, "rw", "", "wake(1) shutdown(1,2)", true},
        {&script_macos, 0, "b", "", "shutdown(1,2) wake(1)", true},
        {&script_macos, FERI_FLAG_UNIX, "r", "", "shutdown(1,0)", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(rows[i].traits);
        script.row = rows[i].log;
        fer_handle handle = script_stream(rows[i].flags);
        script_queue(rows[i].results);
        for (const char *step = rows[i].steps; *step != '\0'; step++) {
            if (*step == 'c') {
                feri_modes_mark(&handle, FERI_MARK_READ_ENDED, true);
            } else {
                assert_ok(feri_stream_shutdown(&handle, *step == 'r'   ? FER_SHUTDOWN_READ
                                                        : *step == 'w' ? FER_SHUTDOWN_WRITE
                                                                       : FER_SHUTDOWN_BOTH));
            }
        }
        assert_log(rows[i].log);
        assert_row(script.traits.io_waits_in_kernel && i == 0
                       ? (~feri_handle_state(&handle) & FERI_END_SHUT_BOTH) == 0
                       : feri_modes_has_mark(&handle, FERI_MARK_READ_ENDED) == rows[i].is_flagged);
        script_end_row();
    }
}

/* ---- close */

SCRIPT_TEST(unread_input_resets_if_the_os_would_hide_it)
{
    static const char *const rows[][2] = {
        {"bytes_queued 1", "bytes_queued(1) set_linger(1,1,0) close(1)"},
        {"bytes_queued 0", "bytes_queued(1) close(1)"},
        {"bytes_queued BAD_HANDLE:9", "bytes_queued(1) close(1)"}};
    for (size_t i = 0; i < 3; i++) {
        script_begin(&script_bsd);
        fer_handle handle = script_stream(0);
        script_queue(rows[i][0]);
        feri_stream_close(&handle);
        assert_log(rows[i][1]);
        feri_stream_close(&handle); /* without a socket */
        feri_stream_close(NULL);
        handle = (fer_handle){0};
        feri_stream_close(&handle);
        assert_log("");
    }
}

/* ---- The lingering close */

#define SECOND UINT64_C(1000000000)

static fer_cancel_token token;

static fer_handle open_stream(const struct ferp_traits *traits)
{
    script_begin(traits);
    token = (fer_cancel_token){0};
    assert_ok(fer_cancel_token_new(&token));
    fer_handle stream = script_stream(0);
    script.log[0] = '\0';
    return stream;
}

#define OPEN_TEST(function) \
    SCRIPT_TEST_WITH(fer_handle stream, open_stream(&script_posix), function)

/* Closes, expects this result, and that the handle is closed. */
#define assert_lingers(stream, timeout, kind, code)                                       \
    do {                                                                                  \
        fer_duration timeout_ = {timeout};                                                \
        assert_error(feri_stream_close_gracefully(stream, timeout_), kind, code);         \
        assert_int_equal(feri_handle_as_raw(stream), FER_RAW_SOCKET_NONE);                \
        assert_int_equal(feri_state_phase(feri_handle_state(stream)), FERI_PHASE_CLOSED); \
        assert_int_equal(script.sockets_open, 0);                                         \
    } while (0)

/* A timeout of 0: what is there is read, without waiting. */
SCRIPT_TEST(with_a_timeout_of_zero_only_queued_input_is_discarded)
{
    fer_handle stream = open_stream(&script_posix);
    script_queue("try_recv 8192 8192 808, bytes_queued 9000");
    assert_lingers(&stream, 0, FER_OK, 0);
    stream = open_stream(&script_posix);
    script_queue("try_recv WOULD_BLOCK:11, wait_for TIMED_OUT");
    assert_lingers(&stream, 0, FER_TIMED_OUT, 0);
    assert_int_equal(script.now, 1000);
}

OPEN_TEST(input_without_end_does_not_extend_the_call)
{
    script_queue("try_recv* 8192, bytes_queued 20000");
    assert_lingers(&stream, 0, FER_TIMED_OUT, 0);
    assert_int_equal(script.times[SCRIPT_TRY_RECV], 4);
}

/* ---- Other states */

OPEN_TEST(an_end_of_file_before_a_reset_is_the_result)
{
    assert_true(feri_handle_step(&stream, FERI_EVENT_GOT_EOF, feri_ok()) != FERI_STATE_MISUSE);
    assert_true(feri_handle_step(&stream, FERI_EVENT_GOT_RESET,
                                 (fer_error){FER_CONNECTION_RESET, 104}) != FERI_STATE_MISUSE);
    assert_lingers(&stream, SECOND, FER_OK, 0);
}

SYSTEM_TEST(script_posix, an_unconnected_stream_is_closed_and_reported)
{
    fer_handle stream = script_unconnected(0);
    assert_lingers(&stream, SECOND, FER_NOT_CONNECTED, 0);
    stream = script_connecting(0);
    script_then_fail(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 107);
    assert_lingers(&stream, SECOND, FER_NOT_CONNECTED, 0);
    stream = script_connecting(0);
    script_queue("take_error +CONNECTION_REFUSED:111, peer_addr NOT_CONNECTED:107, "
                 "connect_is_pending 1");
    assert_lingers(&stream, SECOND, FER_CONNECTION_REFUSED, 111);
    stream = script_connecting(0);
    assert_true(feri_handle_step(&stream, FERI_EVENT_CONNECT_FAIL,
                                 (fer_error){FER_CONNECTION_REFUSED, 111}) != FERI_STATE_MISUSE);
    assert_lingers(&stream, SECOND, FER_MISUSE, 0);
}

TEST_MAIN("stream_shutdown")
