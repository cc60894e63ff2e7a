/* sockets_posix.h: sockets as a program makes them that knows nothing of ferrule: by the system's
 * own calls. Each fails the test where the system refuses. */
#ifndef INTEROP_SOCKETS_POSIX_H
#define INTEROP_SOCKETS_POSIX_H

#include <stdint.h>

/* A listener on IPv4's loopback. */
int plain_listener(uint16_t *port);
int plain_connection(uint16_t port);
/* A datagram socket on IPv4's loopback. */
int plain_datagram(uint16_t *port);
void plain_connect_datagram(int fd, uint16_t port);
/* Two ends that are connected: TCP's, of which the first has connected; UDP's; and a socketpair of
 * a type. */
void plain_tcp_pair(int ends[2]);
void plain_udp_pair(int ends[2]);
void plain_unix_pair(int type, int ends[2]);
/* A Unix listener in a new directory; plain_forget removes both. */
int plain_unix_listener(char *path, unsigned size);
int plain_unix_connection(const char *path);
void plain_forget(const char *path);

/* Whether a byte goes from one end to the other by write and read, waiting for it as long as peer.h
 * does. */
_Bool plain_carries(int from, int to);

#endif
