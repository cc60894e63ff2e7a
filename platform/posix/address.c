/* address.c: socket addresses to and from the system's form, and the calls that take or return only
 * an address. */
#include "platform/posix/posix.h"

#include <string.h>

static socklen_t sockaddr_in_of(const fer_socket_addr *addr, struct sockaddr_storage *out)
{
    struct sockaddr_in in;
    memset(&in, 0, sizeof in);
#ifdef FERP_POSIX_BSD
    in.sin_len = sizeof in;
#endif
    in.sin_family = AF_INET;
    in.sin_port = htons(addr->port);
    memcpy(&in.sin_addr, addr->ip.v4.octets, sizeof addr->ip.v4.octets);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

/* flowinfo is passed unchanged, as in Rust. The caller sets it in the byte order that the system
 * expects (RFC 3493, section 3.3, is silent). */
static socklen_t sockaddr_in6_of(const fer_socket_addr *addr, struct sockaddr_storage *out)
{
    struct sockaddr_in6 in6;
    memset(&in6, 0, sizeof in6);
#ifdef FERP_POSIX_BSD
    in6.sin6_len = sizeof in6;
#endif
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(addr->port);
    in6.sin6_flowinfo = addr->flowinfo;
    in6.sin6_scope_id = addr->scope_id;
    memcpy(&in6.sin6_addr, addr->ip.v6.octets, sizeof addr->ip.v6.octets);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

socklen_t ferp_posix_sockaddr(const fer_socket_addr *addr, struct sockaddr_storage *out)
{
    return addr->ip.family == FER_IP_V4 ? sockaddr_in_of(addr, out) : sockaddr_in6_of(addr, out);
}

static void from_sockaddr_in(const struct sockaddr_storage *addr, fer_socket_addr *out)
{
    struct sockaddr_in in;
    memcpy(&in, addr, sizeof in);
    memset(out, 0, sizeof *out);
    out->ip.family = FER_IP_V4;
    memcpy(out->ip.v4.octets, &in.sin_addr, sizeof out->ip.v4.octets);
    out->port = ntohs(in.sin_port);
}

static void from_sockaddr_in6(const struct sockaddr_storage *addr, fer_socket_addr *out)
{
    struct sockaddr_in6 in6;
    memcpy(&in6, addr, sizeof in6);
    memset(out, 0, sizeof *out);
    out->ip.family = FER_IP_V6;
    memcpy(out->ip.v6.octets, &in6.sin6_addr, sizeof out->ip.v6.octets);
    out->port = ntohs(in6.sin6_port);
    out->flowinfo = in6.sin6_flowinfo;
    out->scope_id = in6.sin6_scope_id;
}

bool ferp_posix_socket_addr(const struct sockaddr_storage *addr, fer_socket_addr *out)
{
    if (addr->ss_family == AF_INET) {
        from_sockaddr_in(addr, out);
        return true;
    }
    if (addr->ss_family == AF_INET6) {
        from_sockaddr_in6(addr, out);
        return true;
    }
    return false;
}

fer_error ferp_bind(fer_raw_socket raw, const fer_socket_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t len = ferp_posix_sockaddr(addr, &storage);
    return ferp_posix_result(bind((int)raw, (const struct sockaddr *)&storage, len));
}

fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t len = ferp_posix_sockaddr(addr, &storage);
    return ferp_posix_result(connect((int)raw, (const struct sockaddr *)&storage, len));
}

/* Stores the result of getsockname or getpeername. An address of another kind, or a family that the
 * system did not write, is EAFNOSUPPORT. */
static fer_error store_address(int returned, const struct sockaddr_storage *storage,
                               fer_socket_addr *out)
{
    if (returned < 0) {
        return ferp_posix_error_of(errno);
    }
    return ferp_posix_socket_addr(storage, out) ? (fer_error){FER_OK, 0}
                                                : ferp_posix_error_of(EAFNOSUPPORT);
}

/* EINVAL: NetBSD and OpenBSD have no address of a connection that has ended or failed
 * (tcp_usrreq.c, tcp_getpcb). */
fer_error ferp_local_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    storage.ss_family = AF_UNSPEC;
    fer_error error =
        store_address(getsockname((int)raw, (struct sockaddr *)&storage, &len), &storage, out);
    error.kind = error.os_code == EINVAL ? FER_NOT_CONNECTED : error.kind;
    return error;
}

fer_error ferp_check_connected(fer_raw_socket raw)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    return ferp_posix_result(getpeername((int)raw, (struct sockaddr *)&storage, &len));
}

fer_error ferp_peer_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    storage.ss_family = AF_UNSPEC;
    return store_address(getpeername((int)raw, (struct sockaddr *)&storage, &len), &storage, out);
}
