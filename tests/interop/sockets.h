/* sockets.h: sockets created with the system's own calls, without ferrule. Each function fails the
 * test if the system refuses. */
#ifndef INTEROP_SOCKETS_H
#define INTEROP_SOCKETS_H

#ifdef _WIN32
#include <winsock2.h>
typedef SOCKET plain_socket;
#define NONE INVALID_SOCKET
#else
typedef int plain_socket;
#define NONE (-1)
#endif

#include <stdbool.h>
#include <stdint.h>

/* A bind to a free port of the IPv4 loopback, and a socket with such a port. */
void plain_bind(plain_socket created, uint16_t *port);
plain_socket plain_bound(int type, uint16_t *port);
/* A listener on the IPv4 loopback, and connects to its port. */
plain_socket plain_listener(uint16_t *port);
void plain_connect(plain_socket created, uint16_t port);
plain_socket plain_connection(uint16_t port);
/* Connects `one`. Returns the accepted socket, or for datagrams a new one that is connected to
 * it. */
plain_socket plain_accepted_from(plain_socket one);
plain_socket plain_peer_of_datagrams(plain_socket one);

/* Closes it. Nothing is done for NONE. */
void plain_close(plain_socket created);

/* Returns whether one byte passes from one end to the other. Waits as long as peer.h does. */
bool plain_carries(plain_socket from, plain_socket to);

#ifndef _WIN32
/* Creates a Unix listener in a new directory. plain_remove removes both. */
int plain_unix_listener(char *path, unsigned size);
int plain_unix_connection(const char *path);
void plain_remove(const char *path);
#endif

#endif
