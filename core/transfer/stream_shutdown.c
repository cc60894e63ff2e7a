/* stream_shutdown.c: shutdown and close. shutdown changes the state first, so that a thread that
 * the OS wakes sees it, and calls the OS then (rules S1, S6, S7). */
#include "core/transfer/stream_shutdown.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/base/assert.h"
#include "core/base/facts.h"
#include "core/base/operation_error.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/ownership.h"
#include "core/handle/stream_request.h"

bool feri_event_of_shutdown(fer_shutdown how, feri_event *event)
{
    switch (how) {
    case FER_SHUTDOWN_READ: *event = FERI_EVENT_SHUT_READ; return true;
    case FER_SHUTDOWN_WRITE: *event = FERI_EVENT_SHUT_WRITE; return true;
    case FER_SHUTDOWN_BOTH: *event = FERI_EVENT_SHUT_BOTH; return true;
    default: return false;
    }
}

static bool has_queued_input(const fer_handle *handle)
{
    size_t queued = 0;
    return ferp_bytes_queued(handle->p_.raw_, &queued).kind != FER_OK || queued > 0;
}

/* The part of a shutdown of the write half that can be passed to the OS: both halves only if no
 * input is queued, because queued input would cause a reset. */
static fer_shutdown shutdown_part_without_reset(const fer_handle *handle, fer_shutdown how)
{
    bool both = how == FER_SHUTDOWN_BOTH ||
                feri_state_both_halves_shut(feri_handle_state(handle)) ||
                feri_read_shut_by_clone(handle);
    return both && !has_queued_input(handle) ? FER_SHUTDOWN_BOTH : FER_SHUTDOWN_WRITE;
}

/* If shutting down the read half resets the connection when data is queued or arrives, a lone READ
 * is not passed to the OS. Clones see a mark, and waiting readers are woken. */
static fer_error shutdown_without_reset(fer_handle *handle, fer_shutdown how)
{
    FERI_ASSERT(feri_shutdown_read_resets_on_data());
    fer_error error = feri_ok();
    if (how != FER_SHUTDOWN_WRITE) {
        feri_modes_end_reading(handle);
    }
    bool shuts_write_half =
        how != FER_SHUTDOWN_READ || feri_state_both_halves_shut(feri_handle_state(handle));
    if (shuts_write_half) {
        error = ferp_shutdown(handle->p_.raw_, shutdown_part_without_reset(handle, how));
    }
    if (how != FER_SHUTDOWN_WRITE) {
        ferp_wake(handle->p_.raw_);
    }
    return error;
}

/* A stream with a pending connect is not connected (rule S1). */
static fer_error check_connected(const fer_handle *handle)
{
    fer_error error = feri_stream_check(handle, FERI_REQUEST_SHUTDOWN);
    return error.kind == FER_WOULD_BLOCK ? feri_own_error(FER_NOT_CONNECTED) : error;
}

fer_error feri_stream_shutdown(fer_handle *handle, fer_shutdown how)
{
    feri_event event = FERI_EVENT_SHUT_BOTH;
    FER_TRY(check_connected(handle));
    bool is_known = feri_event_of_shutdown(how, &event);
    if (!is_known || !feri_handle_apply(handle, event)) {
        return feri_refuse(is_known);
    }
    fer_error error = feri_shutdown_read_resets_on_data() ? shutdown_without_reset(handle, how)
                                                          : ferp_shutdown(handle->p_.raw_, how);
    return feri_map_error(FERI_OPERATION_SHUTDOWN, error);
}

/* If close discards unread bytes without a reset, a linger time of zero makes it a reset. A shared
 * socket is excluded, because other handles may continue to read. */
static void reset_if_unread(fer_raw_socket raw)
{
    size_t queued = 0;
    if (ferp_bytes_queued(raw, &queued).kind == FER_OK && queued > 0) {
        FER_IGNORE(ferp_set_linger(raw, (struct ferp_linger){true, 0}));
    }
}

void feri_stream_close(fer_handle *handle)
{
    if (feri_close_hides_unread_input() && handle != NULL && !feri_handle_is_shared(handle) &&
        feri_handle_as_raw(handle) != FER_RAW_SOCKET_NONE) {
        reset_if_unread(feri_handle_as_raw(handle));
    }
    feri_handle_close(handle);
}
