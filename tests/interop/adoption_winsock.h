/* adoption_winsock.h: sockets of every kind, and the tests which handle type adopts them. */
#ifndef INTEROP_ADOPTION_WINSOCK_H
#define INTEROP_ADOPTION_WINSOCK_H

#include "interop/sockets.h"

/* Each function creates a SOCKET, and stores one that sends to it in *other. */
SOCKET tcp_connected(SOCKET *other);
SOCKET tcp_accepted(SOCKET *other);
SOCKET udp_connected(SOCKET *other);

/* other may be NONE. */
void close_both(SOCKET one, SOCKET other);

int adoption_tests(void);

#endif
