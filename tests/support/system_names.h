/* system_names.h: the system's resolver, called without ferrule: whether it resolves localhost and
 * services (a machine without a hosts file or a list of services may not), and the addresses of a
 * name in the resolver's order. */
#ifndef TEST_SYSTEM_NAMES_H
#define TEST_SYSTEM_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#endif

#include "ferrule/socket_addr.h"

/* With port 0. */
static inline bool system_names_addr(const struct sockaddr *name, fer_socket_addr *out)
{
    fer_ipv4_addr v4;
    fer_ipv6_addr v6;
    struct sockaddr_in6 in6;
    switch (name->sa_family) {
    case AF_INET:
        memcpy(v4.octets, (const unsigned char *)name + offsetof(struct sockaddr_in, sin_addr),
               sizeof v4.octets);
        *out = fer_socket_addr_v4_new(v4, 0);
        return true;
    case AF_INET6:
        memcpy(&in6, name, sizeof in6);
        memcpy(v6.octets, &in6.sin6_addr, sizeof v6.octets);
        *out = fer_socket_addr_v6_new(v6, 0, in6.sin6_flowinfo, (uint32_t)in6.sin6_scope_id);
        return true;
    default: return false;
    }
}

/* The number of stream addresses of the name, with a service or NULL; stores the first cap of them.
 * 0: no such name. */
static inline size_t system_names_resolve(const char *host, const char *service,
                                          fer_socket_addr *addrs, size_t cap)
{
    struct addrinfo hints;
    struct addrinfo *found = NULL;
    size_t count = 0;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
#if defined(_WIN32)
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        return 0;
    }
#endif
    if (getaddrinfo(host, service, &hints, &found) == 0) {
        for (const struct addrinfo *entry = found; entry != NULL; entry = entry->ai_next) {
            fer_socket_addr addr;
            if (system_names_addr(entry->ai_addr, &addr)) {
                if (count < cap) {
                    addrs[count] = addr;
                }
                count++;
            }
        }
        freeaddrinfo(found);
    }
#if defined(_WIN32)
    (void)WSACleanup();
#endif
    return count;
}

static inline bool system_resolves_localhost(void)
{
    return system_names_resolve("localhost", NULL, NULL, 0) > 0;
}

static inline bool system_lists_services(void)
{
    return system_names_resolve(NULL, "http", NULL, 0) > 0;
}

#endif
