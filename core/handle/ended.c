/* ended.c: the failures of calls that the system refuses because the connection has ended. */
#include "core/handle/ended.h"

#include "core/base/facts.h"
#include "core/base/operation_error.h"
#include "core/handle/handle.h"
#include "platform/platform.h"

/* A failure of the query itself, for example without buffers, says nothing. */
bool feri_has_lost_its_peer(fer_raw_socket raw)
{
    fer_error_kind kind = ferp_check_connected(raw).kind;
    return kind == FER_NOT_CONNECTED || kind == FER_INVALID_INPUT;
}

/* XNU refuses every setsockopt and getpeername with EINVAL once both halves have ended
 * (uipc_socket.c, sosetoptlock; uipc_syscalls.c, getpeername). FreeBSD's TCP options are ECONNRESET
 * then (tcp_ctloutput). The second call shows that the first one's error is no mistake of the
 * caller, and of no other origin. Windows documents WSAENOTCONN and WSAENETRESET ("setsockopt
 * function", MSDN), and getpeername may still succeed (row peer_addr_after_end). */
bool feri_connection_has_ended(fer_raw_socket raw, fer_error error)
{
    switch (error.kind) {
    case FER_CONNECTION_RESET:
    case FER_CONNECTION_ABORTED:
    case FER_NOT_CONNECTED: return !feri_io_waits_in_kernel() || feri_has_lost_its_peer(raw);
    case FER_INVALID_INPUT: return feri_has_lost_its_peer(raw);
    default: return false;
    }
}

/* Whether setting an option failed because both halves have ended. A stream that was never
 * connected has ENOTCONN of getpeername, on XNU too. */
static bool halves_have_ended(fer_raw_socket raw, fer_error error)
{
    return error.kind == FER_INVALID_INPUT && ferp_check_connected(raw).kind == FER_INVALID_INPUT;
}

/* A connection that had ended before its socket was adopted, which the handle takes for a socket
 * that was never connected. Such a socket never has ECONNRESET (FreeBSD, NetBSD, OpenBSD:
 * tcp_ctloutput). */
static bool had_ended_before_adoption(const fer_handle *handle, fer_error error)
{
    return feri_state_phase(feri_handle_state(handle)) == FERI_PHASE_UNCONNECTED &&
           feri_handle_has_flag(handle, FERI_FLAG_ADOPTED) &&
           (error.kind == FER_CONNECTION_RESET || halves_have_ended(handle->p_.raw_, error));
}

/* A connect that has failed, although no call has told so yet (rule C5). SO_ERROR is not read, so
 * that the call that detects the failure returns its cause. */
static bool has_failed_to_connect(const fer_handle *handle, fer_error error)
{
    return feri_state_phase(feri_handle_state(handle)) == FERI_PHASE_CONNECTING &&
           halves_have_ended(handle->p_.raw_, error);
}

fer_error feri_set_result(const fer_handle *handle, fer_error error)
{
    bool is_connection = error.kind != FER_OK &&
                         feri_state_phase(feri_handle_state(handle)) == FERI_PHASE_OPEN &&
                         !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM | FERI_FLAG_LISTENING);
    bool has_ended = (is_connection && feri_connection_has_ended(handle->p_.raw_, error)) ||
                     had_ended_before_adoption(handle, error) ||
                     has_failed_to_connect(handle, error);
    return has_ended ? feri_map_error(FERI_OPERATION_SET_ENDED, error) : error;
}
