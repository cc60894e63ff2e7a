/* peer_system.h: what peer.c needs from each system, and what it provides to them. Only the files
 * peer*.c and unix_peer*.c include it. */
#ifndef CONFORMANCE_PEER_SYSTEM_H
#define CONFORMANCE_PEER_SYSTEM_H

#include "conformance/peer.h"

/* The system; on none of them all are 0. */
#if defined(__linux__)
enum { IS_LINUX = 1, IS_APPLE = 0, IS_FREEBSD = 0, IS_NETBSD = 0, IS_OPENBSD = 0 };
#elif defined(__APPLE__)
enum { IS_LINUX = 0, IS_APPLE = 1, IS_FREEBSD = 0, IS_NETBSD = 0, IS_OPENBSD = 0 };
#elif defined(__FreeBSD__) || defined(__DragonFly__)
enum { IS_LINUX = 0, IS_APPLE = 0, IS_FREEBSD = 1, IS_NETBSD = 0, IS_OPENBSD = 0 };
#elif defined(__NetBSD__)
enum { IS_LINUX = 0, IS_APPLE = 0, IS_FREEBSD = 0, IS_NETBSD = 1, IS_OPENBSD = 0 };
#elif defined(__OpenBSD__)
enum { IS_LINUX = 0, IS_APPLE = 0, IS_FREEBSD = 0, IS_NETBSD = 0, IS_OPENBSD = 1 };
#else
enum { IS_LINUX = 0, IS_APPLE = 0, IS_FREEBSD = 0, IS_NETBSD = 0, IS_OPENBSD = 0 };
#endif

/* A function whose body is one expression: about the system, or about a raw socket. */
#define PEER_IS(function, value) \
    bool function(void)          \
    {                            \
        return (value);          \
    }
#define PEER_RAW_IS(type, function, value) \
    type function(fer_raw_socket raw)      \
    {                                      \
        (void)raw;                         \
        return (value);                    \
    }

/* ---- By peer.c: the list of open peers */

/* PEER_NONE if there is no peer, or if the list is full. */
peer_socket peer_list_add(peer_socket peer);
void peer_list_remove(peer_socket peer);

/* ---- By each system */

/* Adds a new socket to the list, in the mode that peers have. The number may be none. */
peer_socket peer_system_add(fer_raw_socket raw);
/* A stream that is in the list and bound to the loopback, or PEER_NONE. With reuse, also to a port
 * in TIME_WAIT. */
peer_socket peer_system_bind(peer_family family, uint16_t port, bool reuse);
bool peer_system_listen(peer_socket bound, int backlog);
/* A port that is bound and does not listen refuses connects. */
bool peer_system_bound_port_refuses(void);
/* A connect that has not ended within its wait is still pending: it was not refused. */
bool peer_system_still_connects(peer_socket peer);
/* False if an address cannot be set to answer no connect. */
bool peer_system_set_silent(peer_family family, uint16_t port, bool silent);
/* Waits until one of poll's events is set, and returns the set events. 0: none within wait_ms. Not
 * on the simulated network. */
short peer_system_wait_events(fer_raw_socket raw, short events, unsigned wait_ms);
bool peer_system_wait_for_space(peer_socket peer, unsigned wait_ms);
/* Sends the bytes that fit, without waiting. *n is their number, 0 if none fits. False: the
 * connection has ended. */
bool peer_system_send(peer_socket peer, const void *buf, size_t len, size_t *n);

#endif
