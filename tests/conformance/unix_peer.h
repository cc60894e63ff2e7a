/* unix_peer.h: what peer.h has not: plain Unix sockets of the OS, and names for them. Their bytes
 * go through peer.h's functions. */
#ifndef CONFORMANCE_UNIX_PEER_H
#define CONFORMANCE_UNIX_PEER_H

#include "conformance/peer.h"

/* ---- What there is here: tried, not known. */

bool unix_peer_has_streams(void);
bool unix_peer_has_datagrams(void);
bool unix_peer_has_abstract_names(void);
/* Closing with unread input is told to the other side (macOS and the BSDs do not). */
bool unix_peer_tells_unread_input(void);

/* ---- Paths, in a directory that is made with the first and removed with the last */

/* The path of one more name, of at most 40 bytes; it is good until unix_peer_remove_all. */
const char *unix_peer_path(const char *name);
bool unix_peer_path_exists(const char *path);
bool unix_peer_remove(const char *path);
void unix_peer_remove_all(void);

/* ---- Sockets: PEER_NONE or false where the OS refuses. A path that is NULL: unnamed. */

peer_socket unix_peer_listen(const char *path, int backlog);
peer_socket unix_peer_connect(const char *path, const char *own_path);
peer_socket unix_peer_unconnected(const char *path);
peer_socket unix_peer_datagram(const char *path);
bool unix_peer_datagram_connect(peer_socket peer, const char *path);
bool unix_peer_datagram_send(peer_socket peer, const char *path, const void *buf, size_t len);
/* Waits for one: PEER_GOT or PEER_STUCK. *named: by_path sent it. */
peer_outcome unix_peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                        const char *by_path, bool *named);
/* A Linux listener at the path "", with a name that only its length tells from others. */
peer_socket unix_peer_listen_abstract(const void *name, size_t len);

#endif
