/* localhost.h: whether the system's own resolver, asked without ferrule, knows the name localhost. A machine without a hosts file may
 * not. */
#ifndef TEST_LOCALHOST_H
#define TEST_LOCALHOST_H

#include <stdbool.h>
#include <stddef.h>

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netdb.h>
#include <sys/socket.h>
#endif

static inline bool system_knows_localhost(void)
{
    struct addrinfo *found = NULL;
#if defined(_WIN32)
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        return false;
    }
#endif
    const bool known = getaddrinfo("localhost", NULL, NULL, &found) == 0;
    if (known) {
        freeaddrinfo(found);
    }
#if defined(_WIN32)
    (void)WSACleanup();
#endif
    return known;
}

#endif
