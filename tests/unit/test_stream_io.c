/* test_stream_io.c: single reads and writes of a stream: the calls to the OS, their results, and
 * the result of the next call; complete transfers; writes that core waits for; and the effect of
 * what another thread does meanwhile. */
#include "unit/scripted_platform.h"

#include "core/handle/connection.h"
#include "core/transfer/stream_io.h"

static size_t n;
static char buf[64];

/* ---- Reading */

STREAM_TEST(script_posix, take_error_is_refused_without_a_socket_or_a_result_pointer)
{
    fer_error got = {FER_OTHER, 1};
    assert_error(feri_stream_take_error(&handle, NULL), FER_MISUSE, 0);
    assert_error(feri_stream_take_error(NULL, &got), FER_MISUSE, 0);
    assert_forwards(SCRIPT_TAKE_ERROR, FER_BAD_HANDLE, 9, feri_stream_take_error(&handle, &got));
    handle = (fer_handle){0};
    assert_error(feri_stream_take_error(&handle, &got), FER_MISUSE, 0);
    assert_ok(feri_handle_claim(&handle));
    assert_error(feri_stream_take_error(&handle, &got), FER_WOULD_BLOCK, 0);
    assert_error_log(got, FER_OTHER, 1, "take_error(1)");
    assert_ok(feri_handle_fill_unconnected(&handle, script_open_socket(), 0));
    assert_true(feri_handle_apply(&handle, FERI_EVENT_CONNECT_BEGIN));
    assert_true(feri_handle_fail(&handle, FERI_EVENT_CONNECT_FAIL,
                                 (fer_error){FER_CONNECTION_REFUSED, 111}));
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_error(got, FER_CONNECTION_REFUSED, 111);
}

/* ---- Complete transfers */

typedef fer_error transfer(fer_handle *handle, void *into, size_t len, size_t *moved);

static fer_error write_all(fer_handle *handle, void *from, size_t len, size_t *moved)
{
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
         "recv(1,3) peek(1,1) try_peek(1,1)"},
        {"read_to_end without capacity before the end", feri_stream_read_to_end, 0, "peek 1",
         FER_BUFFER_TOO_SMALL, 0, "peek(1,1)"},
        {"read_to_end without capacity at the end", feri_stream_read_to_end, 0, "", FER_OK, 0,
         "peek(1,1)"},
        {"read_to_end that fails counts the bytes before", feri_stream_read_to_end, 9,
         "recv 2 INTERRUPTED:4, try_recv WOULD_BLOCK:11, wait_for TIMED_OUT", FER_TIMED_OUT, 2,
         NULL},
        {"write_all writes the rest after each short write", write_all, 6,
         "send 2 INTERRUPTED:4 3, try_send 1", FER_OK, 6,
         "send(1,6) send(1,4) try_send(1,4) send(1,3)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(&script_posix);
        script.row = rows[i].name;
        memset(buf, '#', sizeof buf);
        fer_handle handle = script_stream(FERI_TIMEOUT_FLAGS);
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

/* ---- If a send that is cut off loses its count (cut_send_loses_count), no send waits in the
 * system, and core waits (rules E3, T2). */

static fer_handle open_stream(uint32_t flags)
{
    script_begin(&script_posix);
    script.traits.cut_send_loses_count = true;
    return script_stream(flags);
}

#define OPEN_TEST(function) SCRIPT_TEST_WITH(fer_handle handle, open_stream(0), function)

SCRIPT_TEST(a_nonblocking_stream_never_waits)
{
    fer_io_slice slice = {buf, 5};
    fer_handle handle = open_stream(FERI_FLAG_NONBLOCKING);
    assert_forwards(SCRIPT_TRY_SEND, FER_WOULD_BLOCK, 35,
                    feri_stream_write(&handle, buf, 5, 0, NULL));
    assert_forwards(SCRIPT_TRY_SEND_VECTORED, FER_WOULD_BLOCK, 35,
                    feri_stream_write_vectored(&handle, &slice, 1, 0, NULL));
    assert_log("try_send(1,5) try_send_vectored(1,1x5)");
    handle = open_stream(FERI_FLAG_CLONED);
    script_default(SCRIPT_IS_NONBLOCKING)->value = 1;
    assert_forwards(SCRIPT_TRY_SEND, FER_WOULD_BLOCK, 35,
                    feri_stream_write(&handle, buf, 5, 0, NULL));
    assert_log("try_send(1,5) is_nonblocking(1)");
    script_queue("try_send WOULD_BLOCK:35, is_nonblocking BAD_HANDLE:9");
    assert_error(feri_stream_write(&handle, buf, 5, 0, NULL), FER_BAD_HANDLE, 9);
}

/* Only macOS lacks buffers after bytes of the call have been queued. */
OPEN_TEST(a_shortage_leaves_the_stream_if_no_byte_was_queued)
{
    script_queue("try_send NO_BUFFER_SPACE:55 5");
    assert_error(feri_stream_write(&handle, buf, 5, 0, NULL), FER_NO_BUFFER_SPACE, 55);
    assert_ok_log(feri_stream_write(&handle, buf, 5, 0, NULL), "try_send(1,5) try_send(1,5)");
}

/* ---- Calls of other threads before the result of the OS */

static const fer_error reset = {FER_CONNECTION_RESET, 104};

/* Another thread's shutdown between the state check and the OS's result takes precedence over that
 * result. */
STREAM_TEST(script_posix, a_half_that_was_shut_meanwhile_answers_for_the_os)
{
    assert_true(feri_handle_apply(&handle, FERI_EVENT_SHUT_BOTH));
    assert_ok(feri_stream_after_failed_read(&handle, reset));
    assert_ok(feri_stream_after_end(&handle));
    assert_error(feri_stream_after_failed_write(&handle, reset), FER_BROKEN_PIPE, 0);
}

STREAM_TEST(script_posix, the_answer_for_a_handle_that_was_closed_meanwhile_is_the_os_s)
{
    feri_handle_close(&handle);
    assert_ok(feri_stream_after_end(&handle));
    assert_error(feri_stream_after_failed_read(&handle, reset), FER_CONNECTION_RESET, 104);
    assert_error(feri_stream_after_failed_write(&handle, reset), FER_CONNECTION_RESET, 104);
}

/* S5: a soft error ends nothing, whichever call meets it. */
SCRIPT_TEST(a_soft_error_leaves_the_stream_open)
{
    static const fer_error_kind soft[] = {FER_HOST_UNREACHABLE, FER_NETWORK_UNREACHABLE,
                                          FER_NETWORK_DOWN,     FER_CONNECTION_REFUSED,
                                          FER_UNCATEGORIZED,    FER_PERMISSION_DENIED};
    for (size_t i = 0; i < sizeof soft / sizeof soft[0]; i++) {
        fer_error got = {FER_OTHER, 0};
        script_begin(&script_posix);
        fer_handle handle = script_stream(0);
        script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){soft[i], 1};
        assert_ok(feri_stream_take_error(&handle, &got));
        assert_error(got, FER_OK, 0);
        assert_error(feri_stream_after_failed_read(&handle, (fer_error){soft[i], 1}), soft[i], 1);
        assert_error(feri_stream_after_failed_write(&handle, (fer_error){soft[i], 1}), soft[i], 1);
        assert_true(feri_handle_state(&handle) == FERI_STATE_FULLY_OPEN);
        script_end_row();
    }
}

/* Windows keeps the peer of a connection that has ended. */
STREAM_TEST(script_windows, a_system_without_soft_errors_has_final_ones)
{
    fer_error got = {FER_OTHER, 0};
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_HOST_UNREACHABLE, 10065};
    assert_ok(feri_stream_take_error(&handle, &got));
    assert_error_log(got, FER_HOST_UNREACHABLE, 10065, "take_error(1)");
    assert_error(feri_stream_after_end(&handle), FER_HOST_UNREACHABLE, 10065);
}

/* ---- Pending connects (rule C5) */

static fer_handle new_connecting(void)
{
    script_begin(&script_posix);
    return script_connecting(0);
}

/* The answer comes from the state after the query. Here the handle was closed during the query,
 * which is misuse. */
SCRIPT_TEST(the_state_after_the_query_decides)
{
    fer_handle handle = new_connecting();
    script_close_during(SCRIPT_PEER_ADDR, &handle);
    assert_error(feri_stream_check(&handle, FERI_REQUEST_READ), FER_MISUSE, 0);
}

TEST_MAIN("stream_io")
