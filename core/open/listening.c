/* listening.c: opens listeners and accepts connections. */
#include "core/open/listening.h"

#include "core/base/assert.h"
#include "core/base/facts.h"
#include "core/base/operation_error.h"
#include "core/handle/ended.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/open/binding.h"
#include "core/open/opening.h"
#include "core/wait/waiting.h"

/* The number of connections that failed in the queue, and of signals, that one accept skips. Then
 * the error is returned, because an OS that reports it endlessly (a sandbox that forbids accept,
 * for example) must not block the caller. */
#define FERI_ACCEPT_SKIPS_MAX 65536

/* ---- listen */

fer_error feri_listener_open(const fer_socket_addr *addr, fer_raw_socket *out)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    FER_TRY(feri_bound_socket_open(FER_TYPE_STREAM, addr, &raw));
    fer_error error = ferp_listen(raw, FERI_BACKLOG);
    if (error.kind != FER_OK) {
        ferp_close(raw);
        return error;
    }
    *out = raw;
    return error;
}

fer_error feri_listener_opened(fer_handle *listener, fer_error error)
{
    if (error.kind == FER_OK) {
        feri_atomic_change_bits(&listener->p_.flags_, FERI_FLAG_LISTENING, 0);
    }
    return error;
}

/* ---- accept */

/* Whether accept is retried immediately: after a connection that failed in the queue (rule L3), and
 * after a signal, if accept never waits (rule I1). Only limits let a signal end it (rule I4). */
static bool should_accept_again(const feri_waiting *waiting, fer_error error, uint32_t *skips)
{
    bool is_skipped = error.kind == FER_INTERRUPTED ? !waiting->limits.interruptible
                                                    : error.kind == FER_CONNECTION_ABORTED;
    return is_skipped && ++*skips < FERI_ACCEPT_SKIPS_MAX;
}

/* accept has no flag for a call that never waits. If accept waits in the kernel, the queue is
 * polled first. */
static fer_error check_queue(const fer_handle *listener, feri_wait_mode wait_mode)
{
    if (wait_mode == FERI_WAIT_BY_MODE || feri_modes_core_waits(listener)) {
        return feri_ok();
    }
    fer_interest ready = 0;
    uint64_t now = ferp_now();
    fer_error error = ferp_ready(listener->p_.raw_, FER_READABLE, now, now, NULL, &ready);
    return error.kind == FER_TIMED_OUT ? feri_own_error(FER_WOULD_BLOCK) : error;
}

/* If a blocking accept would block, the limits, the timeout or the mode of another handle have made
 * the socket nonblocking, perhaps in another process. From then on core waits for this handle
 * too. */
static bool should_wait(fer_handle *listener, feri_waiting *waiting, fer_error *error)
{
    if (error->kind == FER_WOULD_BLOCK && waiting->wait_mode == FERI_WAIT_BY_MODE) {
        fer_error prepared = feri_modes_wait_in_core(listener, listener->p_.raw_);
        *error = prepared.kind == FER_OK ? *error : prepared;
    }
    return feri_waiting_after_try(waiting, error) == FERI_TRY_AGAIN;
}

/* An accepted stream starts blocking, with no timeout (rule T6). XNU inherits the listener's mode
 * at the time of the accept (accept_nocancel); accept4 of the BSDs does not. All systems but macOS
 * inherit timeouts (sonewconn). Only the socket of an adopted listener can have timeouts, one with
 * a clone that was released and adopted again, or one whose timeout was set before listen. */
static fer_error reset_inherited_modes(const fer_handle *listener, fer_raw_socket raw)
{
    if (!feri_io_waits_in_kernel()) {
        return feri_ok(); /* the modes of the new handle apply */
    }
    bool is_shared = feri_handle_is_shared(listener);
    bool may_be_nonblocking = is_shared || feri_modes_core_waits(listener);
    if (may_be_nonblocking && feri_accept_inherits_nonblocking()) {
        FER_TRY(ferp_set_nonblocking(raw, false));
    }
    if (!is_shared && !feri_handle_has_flag(listener, FERI_FLAG_TIMEOUT_SET)) {
        return feri_ok();
    }
    FER_TRY(ferp_set_timeout(raw, FERP_READING, FER_DURATION_NONE));
    return ferp_set_timeout(raw, FERP_WRITING, FER_DURATION_NONE);
}

/* An accepted stream inherits the listener's linger time. */
static fer_error prepare_accepted(const fer_handle *listener, fer_raw_socket raw)
{
    FER_TRY(reset_inherited_modes(listener, raw));
    if (feri_handle_has_flag(listener, FERI_FLAG_RESETS_AT_CLOSE) &&
        feri_accept_loses_zero_linger()) {
        return ferp_set_linger(raw, (struct ferp_linger){true, 0});
    }
    return feri_ok();
}

/* A connection that ended before its modes were reset is skipped, whichever call tells of it (rule
 * L3). A Unix stream is kept, with the bytes that it may still hold (rule X3). */
static fer_error accepted_result(fer_raw_socket raw, fer_error error, bool is_unix)
{
    if (error.kind == FER_OK || !feri_connection_has_ended(raw, error)) {
        return error;
    }
    return is_unix ? feri_ok() : feri_map_error(FERI_OPERATION_ACCEPTED_ENDED, error);
}

static fer_error accept_prepared(const fer_handle *listener, fer_raw_socket *out,
                                 fer_socket_addr *peer)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    FER_TRY(ferp_accept(listener->p_.raw_, &raw, peer));
    FERI_ASSERT(raw != FER_RAW_SOCKET_NONE);
    fer_error error = accepted_result(raw, prepare_accepted(listener, raw), peer == NULL);
    if (error.kind != FER_OK) {
        ferp_close(raw);
        return error;
    }
    *out = raw;
    return error;
}

static fer_error accept_one(fer_handle *listener, feri_wait_mode wait_mode, fer_raw_socket *out,
                            fer_socket_addr *peer)
{
    feri_waiting waiting = feri_waiting_with(wait_mode, listener, FERP_ACCEPTABLE);
    uint32_t skips = 0;
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error;
    do {
        error = check_queue(listener, wait_mode);
        error = error.kind == FER_OK ? accept_prepared(listener, out, peer) : error;
    } while (should_wait(listener, &waiting, &error) ||
             should_accept_again(&waiting, error, &skips));
    return error;
}

static fer_error accept_with_peer(fer_handle *listener, feri_wait_mode wait_mode, fer_handle *out,
                                  fer_socket_addr *peer)
{
    FER_TRY(feri_handle_check(listener, FERI_REQUEST_USE));
    FER_TRY(feri_handle_claim(out));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr from;
    fer_error error = accept_one(listener, wait_mode, &raw, &from);
    error =
        feri_finish_opening(out, error, raw, error.kind == FER_OK ? feri_family_flag(&from) : 0);
    if (error.kind == FER_OK && peer != NULL) {
        *peer = from;
    }
    return error;
}

fer_error feri_accept(fer_handle *listener, fer_handle *out, fer_socket_addr *peer)
{
    return accept_with_peer(listener, FERI_WAIT_BY_MODE, out, peer);
}

fer_error feri_try_accept(fer_handle *listener, fer_handle *out, fer_socket_addr *peer)
{
    return accept_with_peer(listener, FERI_WAIT_NEVER, out, peer);
}

static fer_error accept_without_peer(fer_handle *listener, feri_wait_mode wait_mode,
                                     fer_handle *out)
{
    FER_TRY(feri_handle_check(listener, FERI_REQUEST_USE));
    FER_TRY(feri_handle_claim(out));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_error error = accept_one(listener, wait_mode, &raw, NULL);
    return feri_finish_opening(out, error, raw, 0);
}

fer_error feri_accept_without_peer(fer_handle *listener, fer_handle *out)
{
    return accept_without_peer(listener, FERI_WAIT_BY_MODE, out);
}

fer_error feri_try_accept_without_peer(fer_handle *listener, fer_handle *out)
{
    return accept_without_peer(listener, FERI_WAIT_NEVER, out);
}
