/* address.c: the calls that take or return only an address. */
#include "platform/posix/posix.h"

#include <poll.h>
#include <string.h>

socklen_t ferp_posix_sockaddr(const fer_socket_addr *addr, struct sockaddr_storage *out)
{
    return (socklen_t)ferp_sockaddr_of(addr, out, sizeof *out);
}

bool ferp_posix_socket_addr(const struct sockaddr_storage *addr, fer_socket_addr *out)
{
    return ferp_sockaddr_to(addr, sizeof *addr, out).kind == FER_OK;
}

/* EAGAIN: the system has no port left to choose (Linux: inet_autobind; FreeBSD: connect(2);
 * reported of macOS 14), or cannot keep the chosen one (FreeBSD: in_pcbbind). Nothing is
 * pending. */
static fer_error port_result(fer_error error)
{
    error.kind = error.os_code == EAGAIN ? FER_ADDR_NOT_AVAILABLE : error.kind;
    return error;
}

fer_error ferp_bind(fer_raw_socket raw, const fer_socket_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t len = ferp_posix_sockaddr(addr, &storage);
    int returned = bind((int)raw, (const struct sockaddr *)&storage, len);
    return port_result(ferp_posix_result(returned));
}

static fer_error connect_once(fer_raw_socket raw, const fer_socket_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t len = ferp_posix_sockaddr(addr, &storage);
    int returned = connect((int)raw, (const struct sockaddr *)&storage, len);
    return port_result(ferp_posix_waited_result(returned));
}

/* Removes the peer, and binds the port again if that was lost: *after is the local address. Linux
 * removes an address and a port that the system chose, and leaves queued datagrams (net/ipv4/udp.c,
 * __udp_disconnect). macOS and the BSDs remove the peer and the address, and then refuse the family
 * (FreeBSD, sys/kern/uipc_socket.c, soconnectat; udp_usrreq.c, udp_disconnect). */
static fer_error remove_peer(fer_raw_socket raw, uint16_t port, fer_socket_addr *after)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    (void)connect((int)raw, &none, sizeof none);
    FER_TRY(ferp_local_addr(raw, after));
    bool has_port = after->port != 0;
    after->port = port;
    return has_port ? (fer_error){FER_OK, 0} : ferp_bind(raw, after);
}

fer_error ferp_disconnect(fer_raw_socket raw)
{
    fer_socket_addr local;
    FER_TRY(ferp_local_addr(raw, &local));
    FER_TRY(remove_peer(raw, local.port, &local));
    bool has_peer = ferp_check_connected(raw).kind == FER_OK;
    return has_peer ? ferp_posix_error_of(EAFNOSUPPORT) : (fer_error){FER_OK, 0};
}

#ifdef __linux__
/* The local address of a datagram socket that Linux refuses to connect, because no route begins at
 * that address. */
static bool is_pinned_datagram(fer_raw_socket raw, fer_socket_addr *local)
{
    fer_ipv4_addr v4;
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt((int)raw, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM &&
           ferp_local_addr(raw, local).kind == FER_OK &&
           (local->ip.family == FER_IP_V4 || fer_ipv6_addr_to_ipv4_mapped(local->ip.u.v6, &v4)) &&
           !fer_ip_addr_is_unspecified(local->ip);
}

/* Removes the local address too, if the first connect chose it. False: it was bound by the user. */
static bool unpin(fer_raw_socket raw, const fer_socket_addr *pinned)
{
    fer_socket_addr local;
    return remove_peer(raw, pinned->port, &local).kind == FER_OK &&
           fer_ip_addr_is_unspecified(local.ip);
}

/* The first connect of a datagram socket chooses its local address. If that is a loopback address,
 * a later connect to another network is EINVAL (net/ipv4/route.c, ip_route_output_key_hash_rcu;
 * erlang/otp#5092). */
static fer_error connect_unpinned(fer_raw_socket raw, const fer_socket_addr *addr,
                                  fer_error refused)
{
    fer_socket_addr pinned;
    fer_socket_addr old;
    if (!is_pinned_datagram(raw, &pinned)) {
        return refused;
    }
    refused.kind = FER_ADDR_NOT_AVAILABLE;
    if (ferp_peer_addr(raw, &old).kind != FER_OK) {
        return refused;
    }
    fer_error error = unpin(raw, &pinned) ? connect_once(raw, addr) : refused;
    if (error.kind != FER_OK) {
        (void)connect_once(raw, &old);
    }
    return error;
}

fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr)
{
    fer_error error = connect_once(raw, addr);
    return error.os_code == EINVAL ? connect_unpinned(raw, addr, error) : error;
}
#else
fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr)
{
    return connect_once(raw, addr);
}
#endif

/* EINVAL: NetBSD and OpenBSD have no address of a connection that has ended or failed
 * (tcp_usrreq.c, tcp_getpcb). XNU has no peer once both halves have ended (uipc_syscalls.c,
 * getpeername). */
fer_error ferp_posix_address_error(int code)
{
    return FERP_POSIX_IS_BSD && code == EINVAL ? (fer_error){FER_NOT_CONNECTED, code}
                                               : ferp_posix_error_of(code);
}

/* Stores the result of getsockname or getpeername. An address of another kind, or a family that the
 * system did not write, is EAFNOSUPPORT. */
static fer_error store_address(int returned, const struct sockaddr_storage *storage,
                               fer_socket_addr *out)
{
    if (returned < 0) {
        return ferp_posix_address_error(errno);
    }
    return ferp_posix_socket_addr(storage, out) ? (fer_error){FER_OK, 0}
                                                : ferp_posix_error_of(EAFNOSUPPORT);
}

/* Once a connection has ended, XNU reports its IPv4-mapped address without the mark of one, as
 * ::127.0.0.1 (in6_pcb.c, in6_mapped_sockaddr; run). No interface has such an address (RFC 4291,
 * 2.5.5.1). */
static void mend_mapped_addr(fer_ip_addr *ip)
{
    fer_ipv4_addr v4;
    uint8_t *octets = ip->u.v6.octets;
    static const uint8_t zeros[12];
    if (FERP_POSIX_IS_APPLE && ip->family == FER_IP_V6 &&
        memcmp(octets, zeros, sizeof zeros) == 0 && (octets[12] | octets[13] | octets[14]) != 0) {
        memcpy(v4.octets, octets + 12, sizeof v4.octets);
        ip->u.v6 = fer_ipv4_addr_to_ipv6_mapped(v4);
    }
}

fer_error ferp_local_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    storage.ss_family = AF_UNSPEC;
    FER_TRY(store_address(getsockname((int)raw, (struct sockaddr *)&storage, &len), &storage, out));
    mend_mapped_addr(&out->ip);
    return (fer_error){FER_OK, 0};
}

fer_error ferp_check_connected(fer_raw_socket raw)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    return ferp_posix_result(getpeername((int)raw, (struct sockaddr *)&storage, &len));
}

void ferp_drop_reports(fer_raw_socket raw)
{
    ferp_posix_disable_error_queue(raw, FER_IP_V4);
}

/* A TCP that connects is not writable, and one that has ended has hung up (Linux, tcp_poll). */
fer_error ferp_check_started(fer_raw_socket raw)
{
#ifdef __linux__
    struct pollfd entry = {.fd = (int)raw, .events = POLLOUT};
    int ready = poll(&entry, 1, 0);
    if (ready == 1 && entry.revents == POLLOUT) {
        return (fer_error){FER_OK, 0};
    }
    if (ready == 1 && (entry.revents & POLLERR) != 0) {
        ferp_drop_reports(raw);
    }
#endif
    return ferp_check_connected(raw);
}

fer_error ferp_peer_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    storage.ss_family = AF_UNSPEC;
    return store_address(getpeername((int)raw, (struct sockaddr *)&storage, &len), &storage, out);
}
