/* resolve.c: names of network interfaces, and lookup of names and services by getaddrinfo. Its
 * codes are a number space of their own and are reported as negative numbers on every system.
 * glibc's are negative; those of macOS and the BSDs are positive and could be mistaken for errno
 * values. */
#include "platform/posix/posix.h"

#include <net/if.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

static fer_error_kind kind_of(int code)
{
    switch (code) {
    case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
#endif
#if defined(EAI_ADDRFAMILY) && EAI_ADDRFAMILY != EAI_NONAME
    case EAI_ADDRFAMILY:
#endif
        return FER_HOST_NOT_FOUND;
    case EAI_AGAIN: return FER_RESOLVE_TRY_AGAIN;
    default: return FER_RESOLVE_FAILED;
    }
}

/* glibc's answer is EAI_NONAME (of a service EAI_SERVICE) also if it could not query for lack of a
 * descriptor or memory. */
static bool lacked_resources(int code)
{
    return kind_of(code) == FER_HOST_NOT_FOUND &&
           (errno == EMFILE || errno == ENFILE || errno == ENOMEM);
}

/* EAI_SYSTEM carries no cause. errno does, and is reported unchanged, as a positive number. */
static fer_error error_of(int code)
{
    if (code == EAI_SYSTEM || lacked_resources(code)) {
        return (fer_error){FER_RESOLVE_FAILED, errno};
    }
    return (fer_error){kind_of(code), code > 0 ? -code : code};
}

/* Whether one family's error hides the addresses of the other one. musl queries both at once, and
 * an error for IPv6 is the error of the whole lookup (reported: openziti, issue 3075). musl defines
 * no macro of its own. */
#ifndef FERP_POSIX_LOOKUP_HIDES_IPV4
#if defined(__linux__) && !defined(__GLIBC__) && !defined(__BIONIC__)
#define FERP_POSIX_LOOKUP_HIDES_IPV4 true
#else
#define FERP_POSIX_LOOKUP_HIDES_IPV4 false
#endif
#endif

static int query_system(const char *host, const char *service, int family, fer_type type,
                        struct addrinfo **found)
{
    struct addrinfo hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = family;
    hints.ai_socktype = ferp_posix_type_of(type);
    errno = 0;
    return getaddrinfo(host, service, &hints, found);
}

static int query_resolver(const char *host, int family, struct addrinfo **found)
{
    return query_system(host, NULL, family, FER_TYPE_STREAM, found);
}

/* The first lookup's error stays if IPv4 has no addresses either. */
static int retry_with_ipv4(const char *host, int code, struct addrinfo **found)
{
    bool may_hide = FERP_POSIX_LOOKUP_HIDES_IPV4 && code != EAI_MEMORY && code != EAI_SYSTEM;
    return may_hide && query_resolver(host, AF_INET, found) == 0 ? 0 : code;
}

static int query(const char *host, fer_ip_family family, struct addrinfo **found)
{
    if (family != FERP_ANY_FAMILY) {
        return query_resolver(host, family == FER_IP_V4 ? AF_INET : AF_INET6, found);
    }
    int code = query_resolver(host, AF_UNSPEC, found);
    return code == 0 ? code : retry_with_ipv4(host, code, found);
}

fer_error ferp_lookup_run(ferp_lookup *lookup, const char *host, fer_ip_family family)
{
    struct addrinfo *found = NULL;
    int code = query(host, family, &found);
    if (code != 0) {
        return error_of(code);
    }
    lookup->first = found;
    lookup->next = found;
    return (fer_error){FER_OK, 0};
}

/* Skips entries of other families, and entries whose length does not fit their family. */
bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out)
{
    while (lookup->next != NULL) {
        const struct addrinfo *entry = lookup->next;
        lookup->next = entry->ai_next;
        if (entry->ai_addr != NULL &&
            ferp_sockaddr_to(entry->ai_addr, (size_t)entry->ai_addrlen, out).kind == FER_OK) {
            out->port = 0;
            return true;
        }
    }
    return false;
}

void ferp_lookup_end(ferp_lookup *lookup)
{
    freeaddrinfo(lookup->first);
    lookup->first = NULL;
    lookup->next = NULL;
}

/* ---- Services: of this machine, so there is no host. For one family getaddrinfo has nothing to
 * sort and opens no socket. */

fer_error ferp_service_port(const char *service, fer_type type, uint16_t *out)
{
    struct addrinfo *found = NULL;
    struct sockaddr_in addr;
    int code = query_system(NULL, service, AF_INET, type, &found);
    if (code != 0) {
        /* macOS: EAI_NONAME (Libinfo, si_getaddrinfo.c) */
        fer_error error = error_of(code == EAI_SERVICE ? EAI_NONAME : code);
        return error.kind == FER_HOST_NOT_FOUND ? (fer_error){FER_NOT_FOUND, 0} : error;
    }
    memcpy(&addr, found->ai_addr, sizeof addr);
    freeaddrinfo(found);
    *out = ntohs(addr.sin_port);
    return (fer_error){FER_OK, 0};
}

/* ---- Network interfaces */

/* Linux reports ENODEV, the BSDs ENXIO (netdevice(7), if_nametoindex(3)). */
static fer_error interface_error(int code)
{
    return code == ENXIO || code == ENODEV ? (fer_error){FER_NOT_FOUND, code}
                                           : ferp_posix_error_of(code);
}

#if FERP_FOUND_ON_LINUX

/* The C library's functions need a socket with SOCK_CLOEXEC. Its refusal is ENOENT (glibc,
 * opensock.c). */
static fer_error query_interface(unsigned long request, struct ifreq *query)
{
    int fd = ferp_posix_socket(AF_UNIX, SOCK_DGRAM, 0);
    FER_TRY(ferp_posix_result(fd));
    fer_error error = ferp_posix_ioctl(fd, request, query);
    (void)close(fd);
    return error.kind == FER_OK ? error : interface_error(error.os_code);
}

fer_error ferp_interface_index(const char *interface_name, uint32_t *out)
{
    struct ifreq query = {.ifr_ifindex = 0};
    size_t len = strnlen(interface_name, sizeof query.ifr_name);
    if (len == sizeof query.ifr_name) {
        return interface_error(ENODEV);
    }
    memcpy(query.ifr_name, interface_name, len + 1);
    FER_TRY(query_interface(SIOCGIFINDEX, &query));
    *out = (uint32_t)query.ifr_ifindex;
    return (fer_error){FER_OK, 0};
}

fer_error ferp_interface_name(uint32_t index, char *name)
{
    struct ifreq query = {.ifr_ifindex = (int)index};
    FER_TRY(query_interface(SIOCGIFNAME, &query));
    _Static_assert(sizeof query.ifr_name <= FER_INTERFACE_NAME_CAP, "every name fits");
    memcpy(name, query.ifr_name, sizeof query.ifr_name);
    return (fer_error){FER_OK, 0};
}

#else

fer_error ferp_interface_index(const char *interface_name, uint32_t *out)
{
    unsigned found = 0;
    errno = ENXIO;
    if (strnlen(interface_name, IF_NAMESIZE) < IF_NAMESIZE) {
        found = if_nametoindex(interface_name);
    }
    if (found == 0) {
        return interface_error(errno);
    }
    *out = found;
    return (fer_error){FER_OK, 0};
}

fer_error ferp_interface_name(uint32_t index, char *name)
{
    _Static_assert(IF_NAMESIZE <= FER_INTERFACE_NAME_CAP, "every name fits");
    return if_indextoname(index, name) != NULL ? (fer_error){FER_OK, 0} : interface_error(errno);
}

#endif
