/* sockaddr.c: addresses to and from the sockaddr of the system's headers, for all backends. The
 * simulated network has that of the system for which the program was compiled. */
#include "platform/posix/features.h"

#include <stddef.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>

#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#endif

#include "core/base/compiler.h"
#include "platform/platform.h"

#ifdef _WIN32
/* From <afunix.h>, which older headers lack. */
#ifndef AF_UNIX
#define AF_UNIX 1
#endif
struct sockaddr_of_unix {
    ADDRESS_FAMILY sun_family;
    char sun_path[108]; /* UTF-8 */
};
typedef ADDRESS_FAMILY family_type;
#else
#define sockaddr_of_unix sockaddr_un
typedef sa_family_t family_type;
#endif

#define FAMILY_AT offsetof(struct sockaddr, sa_family)
#define PATH_AT offsetof(struct sockaddr_of_unix, sun_path)
/* Haiku's 126 and AIX' 1023 are more than a fer_unix_addr holds. */
#define PATH_OF_SYSTEM sizeof(((struct sockaddr_of_unix *)0)->sun_path)
#define PATH_CAP (PATH_OF_SYSTEM < FER_UNIX_ADDR_NAME_MAX ? PATH_OF_SYSTEM : FER_UNIX_ADDR_NAME_MAX)

/* Stores len bytes of a struct of the system. On macOS and the BSDs it begins with its length. */
static size_t store_name(void *name, size_t cap, const void *from, size_t len)
{
    const unsigned char first = (unsigned char)len;
    if (len > cap) {
        return 0;
    }
    memcpy(name, from, len);
    memcpy(name, &first, FAMILY_AT > 0 ? sizeof first : 0);
    return len;
}

/* htons and ntohs are in Windows' library of sockets, which the simulation does not need. */
static uint16_t in_network_order(uint16_t port)
{
    const unsigned char bytes[] = {(unsigned char)(port >> 8), (unsigned char)port};
    memcpy(&port, bytes, sizeof port);
    return port;
}

static uint16_t in_host_order(uint16_t port)
{
    unsigned char bytes[2];
    memcpy(bytes, &port, sizeof port);
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

size_t ferp_sockaddr_of(const fer_socket_addr *addr, void *name, size_t cap)
{
    if (addr->ip.family == FER_IP_V4) {
        struct sockaddr_in in;
        memset(&in, 0, sizeof in);
        in.sin_family = AF_INET;
        in.sin_port = in_network_order(addr->port);
        memcpy(&in.sin_addr, addr->ip.u.v4.octets, sizeof addr->ip.u.v4.octets);
        return store_name(name, cap, &in, sizeof in);
    }
    /* flowinfo is passed unchanged, as in Rust. The caller sets it in the byte order that the
     * system expects (RFC 3493, section 3.3, is silent). */
    struct sockaddr_in6 in6;
    memset(&in6, 0, sizeof in6);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = in_network_order(addr->port);
    in6.sin6_flowinfo = addr->flowinfo;
    in6.sin6_scope_id = addr->scope_id;
    memcpy(&in6.sin6_addr, addr->ip.u.v6.octets, sizeof addr->ip.u.v6.octets);
    return store_name(name, cap, &in6, sizeof in6);
}

/* AF_UNSPEC if the bytes end before it. */
static int family_of(const void *name, size_t len)
{
    family_type family = AF_UNSPEC;
    if (len >= FAMILY_AT + sizeof family) {
        memcpy(&family, (const char *)name + FAMILY_AT, sizeof family);
    }
    return family;
}

/* The error of bytes that are no address of the wanted families. */
static fer_error other_family(size_t len)
{
    bool has_family = len >= FAMILY_AT + sizeof(family_type);
    return (fer_error){has_family ? FER_UNSUPPORTED : FER_INVALID_INPUT, 0};
}

fer_error ferp_sockaddr_to(const void *name, size_t len, fer_socket_addr *out)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    int family = family_of(name, len);
    if (family == AF_INET && len >= sizeof in) {
        memcpy(&in, name, sizeof in);
        out->ip.family = FER_IP_V4;
        memset(&out->ip.u, 0, sizeof out->ip.u);
        memcpy(out->ip.u.v4.octets, &in.sin_addr, sizeof out->ip.u.v4.octets);
        out->port = in_host_order(in.sin_port);
        out->flowinfo = 0;
        out->scope_id = 0;
        return (fer_error){FER_OK, 0};
    }
    if (family == AF_INET6 && len >= sizeof in6) {
        memcpy(&in6, name, sizeof in6);
        out->ip.family = FER_IP_V6;
        memcpy(out->ip.u.v6.octets, &in6.sin6_addr, sizeof out->ip.u.v6.octets);
        out->port = in_host_order(in6.sin6_port);
        out->flowinfo = in6.sin6_flowinfo;
        out->scope_id = in6.sin6_scope_id;
        return (fer_error){FER_OK, 0};
    }
    return family == AF_INET || family == AF_INET6 ? (fer_error){FER_INVALID_INPUT, 0}
                                                   : other_family(len);
}

/* A path includes its NUL if it fits. An abstract name follows a NUL and has none of its own
 * (unix(7)). */
size_t ferp_sockaddr_un_of(const fer_unix_addr *addr, void *name, size_t cap)
{
    bool is_path = addr->kind_ == FERP_UNIX_PATHNAME;
    struct sockaddr_of_unix un;
    memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    if (addr->kind_ == FERP_UNIX_UNNAMED) {
        return store_name(name, cap, &un, PATH_AT);
    }
    memcpy(un.sun_path + !is_path, addr->name_, addr->len_);
    size_t len = addr->len_ < PATH_CAP ? PATH_AT + addr->len_ + 1u : sizeof un;
    return store_name(name, cap, &un, len);
}

/* An unnamed socket has no path; some systems report an empty one, or no bytes. A path may lack its
 * NUL, and its length may count one after the struct (unix(7)). On OpenBSD bytes may follow the
 * NUL. */
fer_error ferp_sockaddr_un_to(const void *name, size_t len, fer_unix_addr *out)
{
    if (len > 0 && family_of(name, len) != AF_UNIX) {
        return other_family(len);
    }
    const char *path = (const char *)name + PATH_AT;
    size_t cap = len > PATH_AT ? len - PATH_AT : 0;
    bool is_path = cap > 0 && path[0] != '\0';
    bool is_abstract = cap > 0 && !is_path && ferp_traits()->has_abstract_unix_names;
    size_t path_len = is_path ? strnlen(path, cap < PATH_CAP ? cap : PATH_CAP) : 0;
    if (is_abstract ? cap > PATH_CAP : path_len == PATH_CAP && cap > PATH_CAP + 1) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    memset(out, 0, sizeof *out);
    if (is_path || is_abstract) {
        out->kind_ = is_path ? FERP_UNIX_PATHNAME : FERP_UNIX_ABSTRACT;
        out->len_ = (uint16_t)(is_path ? path_len : cap - 1);
        memcpy(out->name_, path + !is_path, out->len_);
    }
    return (fer_error){FER_OK, 0};
}
