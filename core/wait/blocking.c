/* blocking.c: sets the blocking mode and the timeouts of a socket. Where they are kept: modes.h. */
#include "core/wait/blocking.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "platform/platform.h"

fer_error feri_set_timeout(fer_handle *handle, ferp_direction direction, fer_duration timeout)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(timeout.nanos != 0, FER_INVALID_INPUT);
    if (feri_core_keeps_modes(handle)) {
        if (timeout.nanos != FER_DURATION_NONE_NANOS) {
            FER_TRY(feri_modes_wait_in_core(handle, handle->p_.raw_));
        }
        feri_modes_set_timeout(handle, direction, timeout);
        return feri_ok();
    }
    feri_atomic_change_bits(&handle->p_.flags_, feri_timeout_flag(direction), 0);
    return feri_forgive_ended(handle, ferp_set_timeout(handle->p_.raw_, direction, timeout));
}

/* The flag is set before the socket becomes nonblocking and cleared after it becomes blocking. A
 * reader in another thread that gets EAGAIN meanwhile then returns WOULD_BLOCK, and never a timeout
 * that was not set. */
fer_error feri_set_nonblocking(fer_handle *handle, bool nonblocking)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (feri_core_keeps_modes(handle)) {
        if (nonblocking) {
            FER_TRY(feri_modes_wait_in_core(handle, handle->p_.raw_));
        }
        feri_modes_set_nonblocking(handle, nonblocking);
        return feri_ok();
    }
    uint32_t previous = feri_handle_flags(handle) & FERI_FLAG_NONBLOCKING;
    feri_atomic_change_bits(&handle->p_.flags_, nonblocking ? FERI_FLAG_NONBLOCKING : 0, 0);
    fer_error error =
        feri_forgive_ended(handle, ferp_set_nonblocking(handle->p_.raw_, nonblocking));
    if (error.kind != FER_OK) {
        feri_atomic_change_bits(&handle->p_.flags_, previous, FERI_FLAG_NONBLOCKING & ~previous);
    } else if (!nonblocking) {
        feri_atomic_change_bits(&handle->p_.flags_, 0, FERI_FLAG_NONBLOCKING);
    }
    return error;
}

fer_error feri_begin_listening(fer_handle *handle)
{
    bool nonblocking = false;
    if (!feri_core_keeps_modes(handle)) {
        FER_TRY(feri_is_nonblocking(handle, &nonblocking));
        if (feri_handle_is_shared(handle) || feri_handle_has_flag(handle, FERI_TIMEOUT_FLAGS)) {
            FER_TRY(feri_modes_read_from(handle->p_.raw_, true, handle));
        }
    }
    if (nonblocking) {
        feri_modes_set_nonblocking(handle, true);
    }
    feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_LISTENING, 0);
    return feri_modes_apply_timeouts(handle, handle->p_.raw_);
}

/* An accepted stream starts blocking, with no timeout (rule T6). XNU inherits the listener's mode
 * at the time of the accept (accept_nocancel); accept4 of the BSDs does not. All systems but macOS
 * inherit timeouts (sonewconn). Only the socket of an adopted listener can have timeouts, one with
 * a clone that was released and adopted again, or one whose timeout was set before listen. */
fer_error feri_reset_inherited_modes(const fer_handle *listener, fer_raw_socket raw)
{
    if (!ferp_traits()->io_waits_in_kernel) {
        return feri_ok(); /* the modes of the new handle apply */
    }
    bool is_shared = feri_handle_is_shared(listener);
    if (ferp_traits()->accept_inherits_nonblocking &&
        (is_shared || feri_modes_core_waits(listener))) {
        FER_TRY(ferp_set_nonblocking(raw, false));
    }
    if (!is_shared && !feri_handle_has_flag(listener, FERI_TIMEOUT_FLAGS)) {
        return feri_ok();
    }
    FER_TRY(ferp_set_timeout(raw, FERP_READING, FER_DURATION_NONE));
    return ferp_set_timeout(raw, FERP_WRITING, FER_DURATION_NONE);
}

fer_error feri_set_connect_mode(fer_raw_socket raw, bool nonblocking)
{
    return ferp_traits()->io_waits_in_kernel ? ferp_set_nonblocking(raw, nonblocking) : feri_ok();
}

bool feri_waits_by_system(const fer_handle *handle, ferp_direction direction, bool *nonblocking)
{
    fer_duration timeout = FER_DURATION_NONE;
    if (feri_is_nonblocking(handle, nonblocking).kind != FER_OK) {
        return false;
    }
    fer_error error = *nonblocking ? feri_ok() : feri_timeout_if_set(handle, direction, &timeout);
    return error.kind == FER_OK && timeout.nanos == FER_DURATION_NONE_NANOS;
}
