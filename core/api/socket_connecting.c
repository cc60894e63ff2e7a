/* socket_connecting.c: the public functions that connect a fer_socket. A failed socket is not
 * replaced by a new one, because its options and its binding would be lost (rule C5). */
#include "core/api/socket.h"

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "core/open/connecting.h"
#include "core/open/unix_opening.h"
#include "core/transfer/datagram.h"
#include "core/wait/connect_wait.h"
#include "platform/platform.h"

/* The state is checked before the limits (rule K1). */
static fer_error begin_connect(fer_handle *handle, const feri_limits *limits)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_CONNECT));
    FER_TRY(feri_limits_check(limits));
    return feri_handle_step(handle, FERI_EVENT_CONNECT_BEGIN, feri_ok()) != FERI_STATE_MISUSE
               ? feri_ok()
               : feri_own_error(FER_MISUSE);
}

static fer_error apply_connect_result(fer_handle *handle, fer_error result)
{
    bool has_failed = result.kind != FER_OK;
    (void)feri_handle_step(handle, has_failed ? FERI_EVENT_CONNECT_FAIL : FERI_EVENT_CONNECT_OK,
                           result);
    return result;
}

/* Waits for the result, if the mode allows it. */
static fer_error finish_connect(fer_handle *handle, fer_error started)
{
    if (started.kind != FER_IN_PROGRESS) {
        return apply_connect_result(handle, started);
    }
    if (!feri_may_wait(handle, FERI_OTHERS)) {
        return feri_map_error(FERI_OPERATION_STARTED, started);
    }
    feri_operation operation = feri_connect_operation(handle);
    return apply_connect_result(handle,
                                feri_await_connect(handle->p_.raw_, operation, &FERI_NO_LIMITS));
}

/* Restores the previous mode (rule C1), whatever the result of the connect. */
static fer_error restore_mode(const fer_handle *handle, bool waits, fer_error error)
{
    fer_error restored = waits ? feri_set_connect_mode(handle->p_.raw_, false) : feri_ok();
    return error.kind == FER_OK ? restored : error;
}

/* After limits or the timeout ended the wait, the connect has failed, although the system still
 * tries: its socket cannot be connected again (rule C5). A signal that ended the wait leaves the
 * connect pending, as connect(2) does (rule I4). */
static fer_error connect_built_until(fer_handle *handle, const fer_socket_addr *addr,
                                     uint64_t deadline)
{
    feri_limits limits = feri_limits_of(handle);
    FER_TRY(begin_connect(handle, &limits));
    limits.deadline = feri_earlier(deadline, limits.deadline);
    fer_error error = feri_own_error(FER_CONNECTION_REFUSED);
    if (addr->port != 0) {
        bool waits = feri_may_wait(handle, FERI_SHARED);
        error = feri_connect_within(handle->p_.raw_, feri_connect_operation(handle), addr, &limits);
        error = restore_mode(handle, waits, error);
    }
    return error.kind == FER_INTERRUPTED ? error : apply_connect_result(handle, error);
}

/* Whether the handle's limits apply to a call that waits in blocking mode only. */
static bool limits_apply(const fer_handle *handle)
{
    return feri_handle_is_limited(handle) && feri_may_wait(handle, FERI_SHARED);
}

fer_error fer_socket_connect(fer_socket *socket, const fer_socket_addr *addr)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_socket_check_addr(handle, addr));
    if (feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM)) {
        return feri_datagram_connect(handle, addr);
    }
    if (limits_apply(handle)) {
        return connect_built_until(handle, addr, FERP_NO_DEADLINE);
    }
    FER_TRY(begin_connect(handle, &FERI_NO_LIMITS));
    if (addr->port == 0) {
        /* as fer_tcp_stream_connect_addr */
        return apply_connect_result(handle, feri_own_error(FER_CONNECTION_REFUSED));
    }
    return finish_connect(handle,
                          feri_connect_raw(handle->p_.raw_, feri_connect_operation(handle), addr));
}

/* The connect of a datagram socket never waits. */
fer_error fer_socket_connect_timeout(fer_socket *socket, const fer_socket_addr *addr,
                                     fer_duration timeout)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_socket_check_addr(handle, addr));
    FERI_REQUIRE(timeout.nanos != 0, FER_INVALID_INPUT);
    if (feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM)) {
        return feri_datagram_connect(handle, addr);
    }
    return connect_built_until(handle, addr, feri_deadline_after(timeout));
}

/* Waits for room in the accept queue, and for the result. */
static fer_error connect_unix_until(fer_handle *handle, const fer_unix_addr *addr,
                                    const feri_limits *limits, uint64_t queue_deadline)
{
    FER_TRY(feri_set_connect_mode(handle->p_.raw_, true));
    return restore_mode(handle, true,
                        feri_unix_connect_within(handle->p_.raw_, addr, limits, queue_deadline));
}

/* The system waits for room, at most the write timeout. A signal ends that wait, and a second one
 * would begin the timeout anew. So core waits then, for the rest of the timeout. */
static fer_error connect_unix_by_mode(fer_handle *handle, const fer_unix_addr *addr)
{
    uint64_t start = ferp_now();
    fer_error error = feri_unix_connect_once(handle->p_.raw_, addr);
    if (error.kind != FER_INTERRUPTED) {
        return error;
    }
    fer_duration timeout = FER_DURATION_NONE;
    FER_TRY(feri_timeout(handle, FERP_WRITING, true, &timeout));
    if (!feri_may_wait(handle, FERI_SHARED) || timeout.nanos == FER_DURATION_NONE_NANOS) {
        return feri_unix_connect_raw(handle->p_.raw_, addr);
    }
    return connect_unix_until(handle, addr, &FERI_NO_LIMITS, feri_deadline_from(start, timeout));
}

fer_error fer_socket_connect_unix(fer_socket *socket, const fer_unix_addr *addr)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(feri_handle_has_flag(handle, FERI_FLAG_UNIX), FER_INVALID_INPUT);
    FER_TRY(feri_check_unix_name(addr));
    bool is_limited = limits_apply(handle);
    const feri_limits limits = is_limited ? feri_limits_of(handle) : FERI_NO_LIMITS;
    FER_TRY(begin_connect(handle, &limits));
    fer_error started;
    if (is_limited) {
        fer_duration timeout = FER_DURATION_NONE;
        started = feri_timeout(handle, FERP_WRITING, true, &timeout);
        started = started.kind == FER_OK
                      ? connect_unix_until(handle, addr, &limits, feri_deadline_after(timeout))
                      : started;
    } else {
        started = connect_unix_by_mode(handle, addr);
    }
    /* Whether the accept queue was full, without a wait or until the write timeout or the
     * limits, or the wait had no end (DEADLOCK). No connect is pending, and the call can be
     * repeated. */
    bool has_not_started = started.kind == FER_WOULD_BLOCK || started.kind == FER_DEADLOCK ||
                           started.kind == FER_CANCELLED || started.kind == FER_TIMED_OUT;
    if (has_not_started) {
        (void)feri_handle_step(handle, FERI_EVENT_CONNECT_ABANDON, feri_ok());
        return feri_map_error(feri_may_wait(handle, FERI_OTHERS) ? FERI_OPERATION_EXPIRED
                                                                 : FERI_OPERATION_UNIX_START,
                              started);
    }
    if (!is_limited) {
        return finish_connect(handle, started);
    }
    if (started.kind == FER_IN_PROGRESS) {
        started = feri_await_connect(handle->p_.raw_, FERI_OPERATION_UNIX_NAME, &limits);
    }
    return started.kind == FER_INTERRUPTED ? started : apply_connect_result(handle, started);
}
