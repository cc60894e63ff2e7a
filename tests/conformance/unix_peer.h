/* unix_peer.h: peer.h for Unix sockets: plain Unix sockets of the OS, and names for them. Their
 * bytes are sent and received by peer.h's functions. */
#ifndef CONFORMANCE_UNIX_PEER_H
#define CONFORMANCE_UNIX_PEER_H

#include "conformance/peer.h"
#include "ferrule/unix.h"

/* ---- The features of this OS, found by trying them */

bool unix_peer_has_streams(void);
bool unix_peer_has_datagrams(void);
bool unix_peer_has_abstract_names(void);
/* The peer is notified of a close with unread input (not on macOS and the BSDs). */
bool unix_peer_reports_unread_input(void);

/* Datagrams are as on macOS and the BSDs: no send waits for room in a queue, a connected socket
 * receives from every sender, and the end of the peer is reported to the next call of any kind. */
bool unix_peer_has_bsd_datagrams(void);
/* A read of a stream does not end at handles without a byte (row unix_only_control). */
bool unix_peer_reads_past_only_handles(void);
/* A stream whose peer was closed has no peer address, before it has read the end. */
bool unix_peer_forgets_closed_peer(void);
/* Stores the credentials of this process. False: the OS has none of a peer (Windows). */
bool unix_peer_own_cred(fer_unix_cred *out);
/* Whether a receive of handles is safe if the limit of descriptors is below those that are open.
 * XNU 7195 (macOS 11.5) panics then (uipc_usrreq.c, unp_externalize; run). */
bool unix_peer_survives_low_limit(void);
/* The length of the path field of an address, with room for a NUL or without. */
size_t unix_peer_path_cap(void);

/* ---- Paths, in a directory that the first path creates and unix_peer_remove_all removes */

/* The path of one more name, of at most 40 bytes. Valid until unix_peer_remove_all. */
const char *unix_peer_path(const char *name);
bool unix_peer_path_exists(const char *path);
bool unix_peer_remove(const char *path);
/* Creates an empty file, which is no socket. False: there are no files. */
bool unix_peer_create_file(const char *path);
void unix_peer_remove_all(void);

/* ---- Sockets: PEER_NONE or false if the OS refuses. A NULL path: unnamed. */

peer_socket unix_peer_listen(const char *path, int backlog);
peer_socket unix_peer_connect(const char *path, const char *own_path);
peer_socket unix_peer_unconnected(const char *path);
peer_socket unix_peer_datagram(const char *path);
bool unix_peer_datagram_send(peer_socket peer, const char *path, const void *buf, size_t len);
/* Waits for a datagram: PEER_GOT or PEER_TIMED_OUT. *named: its sender is by_path. */
peer_outcome unix_peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                        const char *by_path, bool *named);
/* Sends a handle without a byte through a raw stream (not on Windows). */
bool unix_peer_send_only_handle(fer_raw_socket through, fer_raw_socket handle);
/* A listener on Linux with an abstract name of that length. */
peer_socket unix_peer_listen_abstract(const void *name, size_t len);

#endif
