/* address.c: the calls that take or return only an address. */
#include "platform/posix/posix.h"

#include <net/if.h>
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
    fer_error error = port_result(ferp_posix_result(returned));
    /* the scope of a link-local address is no interface's: Linux' ENODEV, NetBSD's ENXIO, XNU's
     * EINVAL (run) */
    char name[IF_NAMESIZE];
    bool has_no_interface = error.os_code == ENODEV || error.os_code == ENXIO ||
                            (FERP_POSIX_IS_APPLE && error.os_code == EINVAL &&
                             addr->scope_id != 0 && if_indextoname(addr->scope_id, name) == NULL);
    error.kind = has_no_interface ? FER_ADDR_NOT_AVAILABLE : error.kind;
    return error;
}

static fer_error connect_once(fer_raw_socket raw, const fer_socket_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t len = ferp_posix_sockaddr(addr, &storage);
    int returned = connect((int)raw, (const struct sockaddr *)&storage, len);
    return port_result(ferp_posix_waited_result(returned));
}

/* The name of the interface that Linux restricts the socket to, or "". SO_BINDTODEVICE can be read
 * since Linux 3.8. */
static void device_of(fer_raw_socket raw, char name[IF_NAMESIZE])
{
    name[0] = '\0';
#if FERP_HAS_BINDTODEVICE
    socklen_t len = IF_NAMESIZE;
    bool is_set = getsockopt((int)raw, SOL_SOCKET, SO_BINDTODEVICE, name, &len) == 0 && len > 0;
    name[is_set ? len - 1 : 0] = '\0';
#else
    (void)raw;
#endif
}

/* The address may have been removed since the socket was bound to it. ip(7): IP_FREEBIND permits
 * the bind, also of an IPv6 socket (net/ipv6/af_inet6.c, __inet6_bind). */
static fer_error bind_again(fer_raw_socket raw, const fer_socket_addr *addr)
{
    fer_error error = ferp_bind(raw, addr);
#if FERP_HAS_FREEBIND
    const int on = 1;
    const int off = 0;
    if (error.kind == FER_ADDR_NOT_AVAILABLE &&
        setsockopt((int)raw, IPPROTO_IP, IP_FREEBIND, &on, sizeof on) == 0) {
        error = ferp_bind(raw, addr);
        (void)setsockopt((int)raw, IPPROTO_IP, IP_FREEBIND, &off, sizeof off);
    }
#endif
    return error;
}

/* Linux removes an address and a port that it chose, and the restriction to an interface, and
 * leaves queued datagrams (net/ipv4/udp.c, __udp_disconnect). macOS and the BSDs remove the peer
 * and the address, and then refuse the family (FreeBSD, sys/kern/uipc_socket.c, soconnectat;
 * udp_usrreq.c, udp_disconnect). The port is bound again. So is the interface, unless it may be
 * that of a link-local peer, which the connect has set (net/ipv6/datagram.c,
 * __ip6_datagram_connect). */
fer_error ferp_disconnect(fer_raw_socket raw)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    fer_socket_addr local;
    fer_socket_addr peer;
    fer_socket_addr after;
    char device[IF_NAMESIZE];
    FER_TRY(ferp_local_addr(raw, &local));
    bool has_interface = ferp_peer_addr(raw, &peer).kind == FER_OK && peer.scope_id != 0;
    device_of(raw, device);
    (void)connect((int)raw, &none, sizeof none);
#ifdef __sun
    (void)connect((int)raw, NULL, 0); /* illumos, inet/udp/udp.c, udp_connect */
#endif
    FER_TRY(ferp_local_addr(raw, &after));
    bool is_bound_to_interface = local.scope_id != 0 && fer_ip_addr_eq(after.ip, local.ip);
    if (device[0] != '\0' && (!has_interface || is_bound_to_interface)) {
        FER_TRY(ferp_bind_device(raw, after.ip.family, device));
    }
    if (after.port == 0) {
        after.port = local.port;
        after.scope_id = is_bound_to_interface ? local.scope_id : 0;
        FER_TRY(bind_again(raw, &after));
    }
    bool has_peer = ferp_check_connected(raw).kind == FER_OK;
    return has_peer ? ferp_posix_error_of(EAFNOSUPPORT) : (fer_error){FER_OK, 0};
}

/* Linux connects a datagram socket that is bound to a loopback address to no other network: EINVAL
 * (net/ipv4/route.c, __mkroute_output). */
static bool is_loopback_datagram(fer_raw_socket raw)
{
    fer_socket_addr local;
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt((int)raw, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM &&
           ferp_local_addr(raw, &local).kind == FER_OK &&
           fer_ip_addr_is_loopback(fer_ip_addr_to_canonical(local.ip));
}

fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr)
{
    fer_error error = connect_once(raw, addr);
    if (!FERP_POSIX_IS_BSD && error.os_code == EINVAL && is_loopback_datagram(raw)) {
        error.kind = FER_ADDR_NOT_AVAILABLE;
    }
    return error;
}

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
