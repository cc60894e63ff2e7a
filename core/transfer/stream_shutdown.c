/* stream_shutdown.c: shutdown and close. shutdown changes the state first, so that a thread that
 * the OS wakes sees it, and calls the OS then (rules S1, S6, S7). */
#include "core/transfer/stream_io.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/wait/waiting.h"

/* If shutting down the read half resets the connection when data is queued or arrives, a lone READ
 * is not passed to the OS. Clones see a mark, and waiting readers are woken. With the write half
 * both are passed only if no input is queued, because queued input would cause a reset before the
 * FIN (Windows). */
static fer_error shutdown_without_reset(fer_handle *handle, fer_shutdown how)
{
    FERI_ASSERT(feri_marks_read_end(handle));
    fer_error error = feri_ok();
    if (how != FER_SHUTDOWN_WRITE) {
        feri_modes_mark(handle, FERI_MARK_READ_ENDED, true);
    }
    bool are_shut = (~feri_handle_state(handle) & FERI_END_SHUT_BOTH) == 0;
    if (how != FER_SHUTDOWN_READ || are_shut) {
        bool both = how == FER_SHUTDOWN_BOTH || are_shut || feri_read_has_ended(handle);
        if (both && !ferp_traits()->io_waits_in_kernel) {
            size_t queued = 0;
            both = ferp_bytes_queued(handle->p_.raw_, &queued).kind == FER_OK && queued == 0;
        }
        error = ferp_shutdown(handle->p_.raw_, both ? FER_SHUTDOWN_BOTH : FER_SHUTDOWN_WRITE);
    }
    if (how != FER_SHUTDOWN_WRITE) {
        ferp_wake(handle->p_.raw_);
    }
    return error;
}

fer_error feri_stream_shutdown(fer_handle *handle, fer_shutdown how)
{
    feri_event event = FERI_EVENT_SHUT_BOTH;
    fer_error error = feri_stream_check(handle, FERI_REQUEST_SHUTDOWN);
    if (error.kind == FER_WOULD_BLOCK) {
        /* a stream with a pending connect is not connected (rule S1) */
        return feri_own_error(FER_NOT_CONNECTED);
    }
    FER_TRY(error);
    bool is_known = feri_event_of_shutdown(how, &event);
    if (!is_known || feri_handle_step(handle, event, feri_ok()) == FERI_STATE_MISUSE) {
        return feri_refuse(is_known);
    }
    error = feri_marks_read_end(handle) ? shutdown_without_reset(handle, how)
                                        : ferp_shutdown(handle->p_.raw_, how);
    return feri_map_error(FERI_OPERATION_SHUTDOWN, error);
}

/* If close discards unread bytes without a reset, a linger time of zero makes it a reset. A shared
 * socket is excluded, because other handles may continue to read. */
void feri_stream_close(fer_handle *handle)
{
    if (ferp_traits()->close_hides_unread_input) {
        size_t queued = 0;
        fer_raw_socket raw = feri_handle_as_raw(handle);
        bool is_only_handle =
            raw != FER_RAW_SOCKET_NONE && !feri_handle_has_flag(handle, FERI_SHARED);
        if (is_only_handle && ferp_bytes_queued(raw, &queued).kind == FER_OK && queued > 0) {
            FER_IGNORE(ferp_set_linger(raw, (struct ferp_linger){true, 0}));
        }
    }
    feri_handle_close(handle);
}

/* ---- A close that waits for the peer's end of file (rule K11). nginx and the Apache HTTP server
 * call it a lingering close; see also RFC 9112, 9.6. */

/* The input that one try discards. */
#define DISCARD_LENGTH 8192

/* Discards some input, until the deadline in every mode, also after a signal (rules I1, I4). FER_OK
 * with *moved == 0 is the end. */
static fer_error discard_more(fer_handle *handle, uint64_t deadline, size_t *moved)
{
    feri_limits limits = feri_limits_of(handle);
    limits.deadline = deadline;
    uint8_t discarded[DISCARD_LENGTH];
    fer_error error;
    do {
        error = feri_stream_discard(handle, discarded, sizeof discarded, deadline, moved);
    } while (feri_retries_after_signal(&limits, &error));
    return error;
}

/* After the deadline only the input that is queued then is discarded, so that a peer that sends
 * without end does not extend the call. */
static fer_error discard_until(fer_handle *handle, uint64_t deadline)
{
    size_t moved = 0;
    size_t queued = 0;
    fer_error error;
    do {
        error = discard_more(handle, deadline, &moved);
    } while (error.kind == FER_OK && moved > 0 && ferp_now() < deadline);
    if (error.kind != FER_OK || moved == 0) {
        return error;
    }
    FER_TRY(ferp_bytes_queued(handle->p_.raw_, &queued));
    while (error.kind == FER_OK && moved > 0) {
        error = discard_more(handle, ferp_now(), &moved);
        FERI_REQUIRE(moved <= queued, FER_TIMED_OUT);
        queued -= moved;
    }
    return error;
}

fer_error feri_stream_close_gracefully(fer_handle *handle, fer_duration timeout)
{
    FERI_REQUIRE(feri_handle_as_raw(handle) != FER_RAW_SOCKET_NONE, FER_MISUSE);
    uint64_t deadline = feri_deadline_after(timeout);
    fer_error error = feri_stream_shutdown(handle, FER_SHUTDOWN_WRITE);
    error = error.kind == FER_OK ? discard_until(handle, deadline) : error;
    if (error.kind == FER_OK) {
        /* The reads of a half that this handle has shut down are FER_OK with 0 bytes (rule S2),
         * also after a fatal error. If it was shut down before the end, nothing reports the peer's
         * end. */
        feri_state state = feri_handle_state(handle);
        bool hides_error =
            (state & FERI_END_SHUT_READ) != 0 && feri_state_saved_kind(state) != FER_OK;
        bool has_ended = (state & FERI_END_EOF) != 0;
        fer_error ended = has_ended ? feri_ok() : feri_own_error(FER_MISUSE);
        error = hides_error ? feri_handle_saved_error(handle) : ended;
    }
    feri_stream_close(handle);
    return error;
}
