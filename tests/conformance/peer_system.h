/* peer_system.h: what peer.c needs of each system, and what it does for them. Only the files
 * peer*.c include it. */
#ifndef CONFORMANCE_PEER_SYSTEM_H
#define CONFORMANCE_PEER_SYSTEM_H

#include "conformance/peer.h"

/* ---- By peer.c: which peers are open */

/* PEER_NONE where there is no peer, or one too many of them. */
peer_socket peer_keep(peer_socket peer);
void peer_forget(peer_socket peer);

/* ---- By each system */

/* A stream that is kept and bound to the loopback, or PEER_NONE; with `reuse`, to a port in
 * TIME_WAIT too. */
peer_socket peer_system_bind(peer_family family, uint16_t port, bool reuse);
bool peer_system_listen(peer_socket bound, int backlog);
/* A connect that has not ended within the time that it was given goes on: nothing has refused
 * it. */
bool peer_system_still_connects(peer_socket peer);
/* Whether a place can be told to answer no connect, and was. */
bool peer_system_set_silent(peer_family family, uint16_t port, bool silent);
bool peer_system_wait_for_room(peer_socket peer, unsigned wait_ms);
/* Sends what fits, never waiting; *n is how much, 0 where nothing fits. False: the connection is
 * over. */
bool peer_system_send(peer_socket peer, const void *buf, size_t len, size_t *n);

#endif
