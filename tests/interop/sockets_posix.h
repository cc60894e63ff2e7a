/* sockets_posix.h: sockets created with the system's own calls, without ferrule. Each function
 * fails the test if the system refuses. */
#ifndef INTEROP_SOCKETS_POSIX_H
#define INTEROP_SOCKETS_POSIX_H

#include <stdint.h>

/* Returns a listener on the IPv4 loopback. */
int plain_listener(uint16_t *port);
int plain_connection(uint16_t port);
/* Returns a datagram socket on the IPv4 loopback. */
int plain_datagram(uint16_t *port);
void plain_connect_datagram(int fd, uint16_t port);
/* Two connected ends: of TCP, where the first end has connected; of UDP; and of a socketpair of a
 * type. */
void plain_tcp_pair(int ends[2]);
void plain_udp_pair(int ends[2]);
void plain_unix_pair(int type, int ends[2]);
/* Creates a Unix listener in a new directory. plain_remove removes both. */
int plain_unix_listener(char *path, unsigned size);
int plain_unix_connection(const char *path);
void plain_remove(const char *path);

/* Returns whether one byte passes from one end to the other with write and read. Waits as long as
 * peer.h does. */
_Bool plain_carries(int from, int to);

#endif
