/* address.c: socket addresses to and from the system's form, and the calls that take or return one:
 * bind, listen, connect, accept, local and peer address. */
#include "platform/winsock/wait.h"

#include <string.h>

#include <mstcpip.h>

int ferp_winsock_sockaddr_from(const fer_socket_addr *addr, ferp_winsock_sockaddr *out)
{
    return (int)ferp_sockaddr_of(addr, out, sizeof *out);
}

fer_error ferp_winsock_sockaddr_to(const ferp_winsock_sockaddr *from, fer_socket_addr *out)
{
    bool is_ip = ferp_sockaddr_to(from, sizeof *from, out).kind == FER_OK;
    return is_ip ? FERP_WINSOCK_OK : (fer_error){FER_INVALID_INPUT, 0};
}

fer_error ferp_bind(fer_raw_socket raw, const fer_socket_addr *addr)
{
    ferp_winsock_sockaddr name;
    int size = ferp_winsock_sockaddr_from(addr, &name);
    return ferp_winsock_result(bind(ferp_winsock_socket(raw), &name.any, size));
}

fer_error ferp_listen(fer_raw_socket raw, int backlog)
{
    return ferp_winsock_result(listen(ferp_winsock_socket(raw), backlog));
}

/* Wine's <mstcpip.h> lacks these. */
#ifndef SIO_TCP_INITIAL_RTO
#define SIO_TCP_INITIAL_RTO 0x98000011u
#endif

struct initial_rto {
    USHORT round_trip_time;
    UCHAR syn_retransmissions;
};
#define RTO_UNSPECIFIED_ROUND_TRIP_TIME 0xFFFFu
#define RTO_NO_SYN_RETRANSMISSIONS 0xFEu

/* Wine 8 connects a socket that is bound to an IPv6 address to an IPv4-mapped one, from which it
 * receives nothing (Windows: ?). A disconnect leaves the address too. */
static bool is_of_other_version(fer_raw_socket raw, const fer_socket_addr *addr)
{
    fer_socket_addr local;
    return addr->ip.family == FER_IP_V6 && fer_ip_addr_to_canonical(addr->ip).family == FER_IP_V4 &&
           ferp_local_addr(raw, &local).kind == FER_OK && !fer_ip_addr_is_unspecified(local.ip) &&
           fer_ip_addr_to_canonical(local.ip).family == FER_IP_V6;
}

/* Windows retries a refused connect for about 2 s before it reports the error
 * (TcpMaxConnectRetransmissions), unless there are no retransmissions ("SIO_TCP_INITIAL_RTO control
 * code", MSDN). Addresses off the loopback keep them, because a lost SYN must be sent again. */
fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr)
{
    SOCKET socket = ferp_winsock_socket(raw);
    if (is_of_other_version(raw, addr)) {
        return ferp_winsock_transfer_error(WSAENETUNREACH);
    }
    if (fer_ip_addr_is_loopback(fer_ip_addr_to_canonical(addr->ip))) {
        struct initial_rto rto = {RTO_UNSPECIFIED_ROUND_TRIP_TIME, RTO_NO_SYN_RETRANSMISSIONS};
        DWORD unused = 0;
        (void)WSAIoctl(socket, SIO_TCP_INITIAL_RTO, &rto, (DWORD)sizeof rto, NULL, 0, &unused, NULL,
                       NULL);
    }
    ferp_winsock_sockaddr name;
    int size = ferp_winsock_sockaddr_from(addr, &name);
    return ferp_winsock_connect_result(connect(socket, &name.any, size));
}

/* "If the address member ... is filled with zeros, the socket will be disconnected" ("connect
 * function", MSDN). */
fer_error ferp_disconnect(fer_raw_socket raw)
{
    fer_socket_addr local;
    ferp_winsock_sockaddr name;
    FER_TRY(ferp_local_addr(raw, &local));
    const fer_socket_addr none = {.ip = {.family = local.ip.family}};
    int size = ferp_winsock_sockaddr_from(&none, &name);
    return ferp_winsock_result(connect(ferp_winsock_socket(raw), &name.any, size));
}

/* accept has no flags. An accepted SOCKET inherits the listener's mode. FIONBIO sets the mode
 * again, because a socket that blocks in the kernel would break every wait. */
static fer_error configure_accepted(SOCKET accepted)
{
    ferp_winsock_keep_from_children(accepted);
    return ferp_winsock_set_io_mode(accepted, 1);
}

/* If a connection ended in the queue, accept may return a SOCKET without an address. Under Wine 10
 * accept and getpeername then succeed with family 0 and length 0. If only accept lacks the address,
 * the connection is good. */
static fer_error accepted_peer(SOCKET accepted, const ferp_winsock_sockaddr *name, bool is_unix,
                               fer_socket_addr *out)
{
    fer_socket_addr unused;
    fer_socket_addr *peer = out != NULL ? out : &unused;
    bool is_known = is_unix || ferp_winsock_sockaddr_to(name, peer).kind == FER_OK ||
                    ferp_peer_addr((fer_raw_socket)accepted, peer).kind == FER_OK;
    return is_known ? FERP_WINSOCK_OK : (fer_error){FER_CONNECTION_ABORTED, WSAECONNABORTED};
}

/* FIONBIO has no arguments that can be wrong, so its failure on a SOCKET that is not connected
 * shows that the connection has ended. */
static fer_error configuring_failure(SOCKET accepted, fer_error err)
{
    bool has_ended = ferp_check_connected((fer_raw_socket)accepted).kind != FER_OK;
    return has_ended ? (fer_error){FER_CONNECTION_ABORTED, err.os_code} : err;
}

static fer_error accept_failure(void)
{
    fer_error err = ferp_winsock_transfer_error(WSAGetLastError());
    /* "An incoming connection was indicated, but was subsequently terminated by the remote peer"
     * ("accept function", MSDN). Wine queries such a connection's peer and fails with WSAENOTCONN,
     * which accept reports for nothing else. */
    if (err.os_code == WSAECONNRESET || err.os_code == WSAENOTCONN) {
        err.kind = FER_CONNECTION_ABORTED;
    }
    return err;
}

fer_error ferp_accept(fer_raw_socket raw, bool is_unix, fer_raw_socket *out, fer_socket_addr *peer)
{
    ferp_winsock_sockaddr name;
    int size = (int)sizeof name;
    memset(&name, 0, sizeof name);
    SOCKET accepted = accept(ferp_winsock_socket(raw), &name.any, &size);
    if (accepted == INVALID_SOCKET) {
        return accept_failure();
    }
    fer_error err = configure_accepted(accepted);
    err = err.kind == FER_OK ? accepted_peer(accepted, &name, is_unix, peer)
                             : configuring_failure(accepted, err);
    if (err.kind != FER_OK) {
        ferp_close((fer_raw_socket)accepted); /* it may linger, as its listener */
        return err;
    }
    ferp_winsock_begin_socket(accepted);
    *out = (fer_raw_socket)accepted;
    return FERP_WINSOCK_OK;
}

fer_error ferp_local_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    ferp_winsock_sockaddr name;
    int size = (int)sizeof name;
    memset(&name, 0, sizeof name);
    FER_TRY(ferp_winsock_result(getsockname(ferp_winsock_socket(raw), &name.any, &size)));
    return ferp_winsock_sockaddr_to(&name, out);
}

static fer_error check_peer(SOCKET socket)
{
    ferp_winsock_sockaddr name;
    int size = (int)sizeof name;
    return ferp_winsock_result(getpeername(socket, &name.any, &size));
}

bool ferp_winsock_has_peer(SOCKET socket)
{
    return check_peer(socket).kind == FER_OK;
}

/* A pending connect cannot send ("select function", MSDN: "connection has succeeded"), and neither
 * can a connected stream whose send buffer is full. */
static bool can_send(SOCKET socket)
{
    struct timeval no_wait = {0, 0};
    fd_set sending;
    sending.fd_count = 1;
    sending.fd_array[0] = socket;
    return select(0, NULL, &sending, NULL, &no_wait) == 1;
}

/* While a connect is pending getpeername succeeds: reported of Windows (asupersync, PR 57), seen
 * under Wine 10. Under Wine 8 it fails. SO_CONNECT_TIME is documented to distinguish the two. A
 * provider may lack it or not count the time. Then the ability to send decides. */
fer_error ferp_check_connected(fer_raw_socket raw)
{
    SOCKET socket = ferp_winsock_socket(raw);
    DWORD type = 0;
    FER_TRY(check_peer(socket));
    FER_TRY(ferp_winsock_type_of(socket, &type));
    bool is_pending =
        type == SOCK_STREAM && !ferp_winsock_was_connected(socket) && !can_send(socket);
    return ferp_winsock_error(is_pending ? WSAENOTCONN : 0);
}

fer_error ferp_check_started(fer_raw_socket raw)
{
    return ferp_check_connected(raw);
}

void ferp_drop_reports(fer_raw_socket raw)
{
    (void)raw;
}

ferp_pending ferp_connect_is_pending(fer_raw_socket raw)
{
    fer_error hint = ferp_winsock_select(ferp_winsock_socket(raw), FERP_CONNECTED, 0);
    return hint.kind == FER_TIMED_OUT ? FERP_PENDING : FERP_NOT_PENDING;
}

fer_error ferp_peer_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    ferp_winsock_sockaddr name;
    int size = (int)sizeof name;
    memset(&name, 0, sizeof name);
    fer_socket_addr peer;
    FER_TRY(ferp_winsock_result(getpeername(ferp_winsock_socket(raw), &name.any, &size)));
    FER_TRY(ferp_winsock_sockaddr_to(&name, &peer));
    if (peer.port == 0) {
        return ferp_winsock_error(WSAENOTCONN); /* Wine 10, after ferp_disconnect */
    }
    *out = peer;
    return FERP_WINSOCK_OK;
}
