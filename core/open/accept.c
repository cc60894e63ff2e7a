/* accept.c: accepts connections. */
#include "core/open/binding.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/open/opening.h"
#include "core/wait/waiting.h"

/* One accept. peer is NULL if its address is not wanted, or a Unix address. A connection that ended
 * before its modes were reset is skipped, whichever call reports it (rule L3). A Unix stream is
 * kept, with the bytes that it may still hold (rule X3). An accepted stream inherits the listener's
 * linger time. */
static fer_error accept_once(const fer_handle *listener, fer_raw_socket *out, fer_socket_addr *peer)
{
    bool is_unix = feri_handle_has_flag(listener, FERI_FLAG_UNIX);
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    FER_TRY(ferp_accept(listener->p_.raw_, is_unix, &raw, peer));
    FERI_ASSERT(raw != FER_RAW_SOCKET_NONE);
    fer_error error = feri_reset_inherited_modes(listener, raw);
    if (ferp_traits()->accept_loses_zero_linger && error.kind == FER_OK &&
        feri_handle_has_flag(listener, FERI_FLAG_RESETS_AT_CLOSE)) {
        error = ferp_set_linger(raw, (struct ferp_linger){true, 0});
    }
    if (error.kind != FER_OK && feri_connection_has_ended(raw, error)) {
        error = is_unix ? feri_ok() : feri_map_error(FERI_OPERATION_ACCEPTED_ENDED, error);
    }
    if (error.kind != FER_OK) {
        ferp_close(raw);
        return error;
    }
    *out = raw;
    return error;
}

typedef struct accept_call {
    feri_call call; /* ACCEPTABLE */
    fer_raw_socket raw;
    fer_socket_addr *peer;
    uint32_t skips; /* rule L3 */
} accept_call;

/* The number of connections that failed in the queue, and of signals if nobody waits, that one
 * accept skips. Then the error is returned, because an OS that reports it endlessly (a sandbox that
 * forbids accept, for example) must not block the caller. */
#define FERI_ACCEPT_SKIPS_MAX 65536

/* Before an accept, which has no flags, of a call that never waits or of a listener with other
 * handles. For the first the queue is polled, unless the socket is known to be nonblocking:
 * WOULD_BLOCK. Another process, a library, into_raw of a clone or the end of a borrow may have made
 * a nonblocking socket blocking. It is made nonblocking again for an accept that limits or a
 * timeout end (rule K7). */
static fer_error prepare_accept(const feri_call *call)
{
    fer_handle *handle = call->handle;
    fer_interest ready = 0;
    if ((call->flags & FERP_DONTWAIT) != 0) {
        if (feri_modes_has_mark(handle, FERI_MARK_CORE_WAITS) &&
            !feri_handle_has_flag(handle, FERI_OTHERS)) {
            return feri_ok();
        }
        uint64_t now = ferp_now();
        fer_error error = ferp_ready(handle->p_.raw_, FER_READABLE, now, now, NULL, &ready);
        return error.kind == FER_TIMED_OUT ? feri_own_error(FER_WOULD_BLOCK) : error;
    }
    bool is_bounded = feri_handle_is_limited(handle) ||
                      feri_modes_timeout(handle, FERP_READING).nanos != FER_DURATION_NONE_NANOS;
    if (is_bounded) {
        FER_TRY(ferp_set_nonblocking(handle->p_.raw_, true));
        feri_modes_mark(handle, FERI_MARK_CORE_WAITS, true);
    }
    return feri_ok();
}

/* If an accept that may wait would block, its socket is nonblocking: by the limits, a timeout or
 * the mode of this handle or of another one, perhaps in another process. From then on core waits
 * for this handle too. A connection that failed in the queue is skipped, and so is a signal of an
 * accept that does not wait (rules L3, I1). */
FERI_NOINLINE static fer_error after_failed_accept(accept_call *call, fer_error error)
{
    fer_handle *listener = call->call.handle;
    bool never_waits = (call->call.flags & FERP_DONTWAIT) != 0;
    if (error.kind == FER_WOULD_BLOCK && !never_waits) {
        FER_TRY(feri_modes_wait_in_core(listener, listener->p_.raw_));
    }
    bool is_skipped =
        error.kind == FER_CONNECTION_ABORTED ||
        (error.kind == FER_INTERRUPTED && (never_waits || !feri_may_wait(listener, 0)));
    return is_skipped && ++call->skips < FERI_ACCEPT_SKIPS_MAX ? feri_discard(&call->call) : error;
}

static fer_error try_to_accept(feri_call *of, unsigned flags)
{
    accept_call *call = (accept_call *)of;
    (void)flags;
    bool may_be_blocking =
        (of->flags & FERP_DONTWAIT) != 0 || feri_handle_has_flag(of->handle, FERI_SHARED);
    fer_error error =
        may_be_blocking && ferp_traits()->io_waits_in_kernel ? prepare_accept(of) : feri_ok();
    error = error.kind == FER_OK ? accept_once(of->handle, &call->raw, call->peer) : error;
    return error.kind == FER_OK ? error : after_failed_accept(call, error);
}

FERI_HOT fer_error feri_accept(fer_handle *listener, unsigned flags, fer_handle *out,
                               fer_socket_addr *peer)
{
    FER_TRY(feri_handle_check_use(listener));
    FER_TRY(feri_handle_claim(out));
    const uint32_t properties = feri_handle_flags(listener);
    /* an accept of a foreign family would need its addresses */
    if ((properties & (FERI_FLAG_LISTENING | FERI_FLAG_FOREIGN)) != FERI_FLAG_LISTENING) {
        feri_handle_abandon(out);
        return feri_own_error(FER_INVALID_INPUT);
    }
    fer_socket_addr from;
    const bool is_unix = (properties & FERI_FLAG_UNIX) != 0;
    accept_call call;
    call.raw = FER_RAW_SOCKET_NONE;
    call.peer = peer == NULL || is_unix ? NULL : &from;
    call.skips = 0;
    feri_clear_addr(&from); /* a Unix stream has none */
    fer_error error =
        feri_run(&call.call, listener, FERP_ACCEPTABLE, true, flags, try_to_accept, feri_run_on);
    FER_TRY(
        feri_finish_opening(out, error, call.raw, properties & (FERI_FLAG_UNIX | FERI_FLAG_V6)));
    if (peer != NULL) {
        *peer = from;
    }
    return feri_ok();
}
