/* peer.h: the peers of the conformance tests: plain sockets of the OS, never ferrule, and functions
 * that examine a raw socket. The common part is in peer.c. peer_posix.c, peer_winsock.c and
 * peer_sim.c have the part of each system.
 * Nothing here asserts: a call that fails returns its failure. Every call that waits fails after
 * PEER_LIMIT_MS. All calls except peer_send_all and peer_recv_* belong to the test's main
 * thread. */
#ifndef CONFORMANCE_PEER_H
#define CONFORMANCE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

enum { PEER_LIMIT_MS = 10000, PEER_INTERFACE_CAP = 64 };

/* A socket of the OS, with fer_raw_socket's values. */
typedef fer_raw_socket peer_socket;
#define PEER_NONE FER_RAW_SOCKET_NONE

typedef enum peer_family { PEER_V4, PEER_V6 } peer_family;

/* The result of a receive. PEER_TIMED_OUT: the limit has expired. */
typedef enum peer_outcome { PEER_GOT, PEER_END, PEER_RESET, PEER_TIMED_OUT } peer_outcome;

/* ---- The program and its machine */

void peer_start(void);
/* Closes every peer that is still open. */
void peer_close_all(void);
bool peer_is_windows(void);
bool peer_is_wine(void);
/* The library uses nothing beyond POSIX.1-2008 (FERRULE_PLAIN_POSIX). */
bool peer_is_plain(void);
/* Every raw socket of the library is nonblocking, because core waits. */
bool peer_core_waits(void);
/* The kernel is that of macOS or of a BSD. False in the simulated network, whose peers have no
 * dialect. */
bool peer_is_bsd(void);
/* A port in TIME_WAIT cannot be bound without SO_REUSEADDR. */
bool peer_keeps_time_wait(void);
/* Whether a message of IPv4 at an IPv6 socket has the parts of its features (mapped_parts). */
bool peer_has_mapped_parts(void);
/* A datagram socket that has been connected keeps to the IP version of that peer. */
bool peer_keeps_ip_version(void);
/* ::1 can be bound. */
bool peer_has_v6(void);
/* The system's resolver has the name localhost. */
bool peer_resolves_localhost(void);
/* The system has a list of services, with http. */
bool peer_lists_services(void);
/* Calls the system's resolver. Returns the number of addresses and stores the first cap of them in
 * its order, with port 0. 0: no such name. */
size_t peer_resolve(const char *host, fer_socket_addr *addrs, size_t cap);
/* A network interface that the resolver accepts by name as a scope. False: it accepts numbers only,
 * or there is no interface. */
bool peer_interface(char name[PEER_INTERFACE_CAP], uint32_t *index);
/* A monotonic clock. */
uint64_t peer_now_us(void);
void peer_pause(unsigned milliseconds);
/* The open handles of this process. */
size_t peer_open_handles(void);
/* How many of them a child process would inherit. */
size_t peer_inheritable_handles(void);
/* The threads of this process; 0 if this OS does not report them. */
size_t peer_threads(void);
/* Whether the system lets this process open one more socket, and a raw one. Linux is not asked: its
 * limits are certain. A test over another system's kernel may run in a process of this one, whose
 * limits and privileges that kernel does not know. */
bool peer_still_opens_sockets(void);
bool peer_still_opens_raw_sockets(void);
/* False if peer_open_handles also counts handles that are not sockets and that come and go. */
bool peer_handle_count_is_exact(void);

/* ---- Streams on the loopback. PEER_NONE or false if the OS refuses or the limit has expired. */

peer_socket peer_listen(peer_family family, int backlog, uint16_t *port);
peer_socket peer_listen_at(peer_family family, uint16_t port);
/* Until the test ends, the OS chooses this port for no IPv6 socket. NetBSD and FreeBSD may choose
 * the port of an IPv4 listener for a socket that then connects to it over IPv4
 * ("connect_to_itself"). */
void peer_keep_from_v6(uint16_t port);
/* Like peer_listen. After the listener is closed, its port refuses connects until the test ends: no
 * other socket can listen there meanwhile. If a port that is only bound refuses nothing, no socket
 * keeps it. */
peer_socket peer_listen_kept(peer_family family, int backlog, uint16_t *port);
/* Bound, and neither listening nor connected. */
peer_socket peer_bind_only(peer_family family, uint16_t *port);
/* A port that refuses connects until the test ends: a socket that does not listen keeps it. */
bool peer_refuse(peer_family family, uint16_t *port);
peer_socket peer_accept(peer_socket listener);
bool peer_is_queued(peer_socket listener, unsigned wait_ms);
peer_socket peer_connect(peer_family family, uint16_t port);
/* Starts a connect and does not wait for its end. */
peer_socket peer_connect_begin(peer_family family, uint16_t port);
bool peer_connect_ended(peer_socket peer, unsigned wait_ms);
/* Connects until one more connect would wait. False if the OS refuses instead. */
bool peer_fill_backlog(peer_family family, uint16_t port);
/* A listener with a backlog of 1 answers no further connect. False if the OS refuses instead. */
bool peer_stop_answering(peer_family family, uint16_t port);
/* The listener answers again, after its queue was accepted: pending connects succeed when the OS
 * retries. */
void peer_resume_answering(peer_family family, uint16_t port);

bool peer_send_all(peer_socket peer, const void *buf, size_t len);
/* Sends "!" as a byte of urgent data (TCP). */
bool peer_send_urgent(peer_socket peer);
/* Whether poll reports urgent data alone. */
bool peer_polls_urgent(void);
/* Whether poll reports a failure of a socket that is polled for urgent data alone. */
bool peer_polls_lone_failures(void);
/* Sends until it would wait. Returns the number of bytes. */
size_t peer_fill(peer_socket peer);
bool peer_recv_exact(peer_socket peer, void *buf, size_t len);
peer_outcome peer_recv_some(peer_socket peer, void *buf, size_t cap, size_t *n);
bool peer_shutdown_write(peer_socket peer);
void peer_close(peer_socket peer);
/* Closes in a way that resets the connection. */
void peer_reset(peer_socket peer);
uint16_t peer_local_port(peer_socket peer);
uint16_t peer_remote_port(peer_socket peer);

/* ---- Sockets to pass to _from_raw, and those that _into_raw returned */

peer_socket peer_unconnected(void);
/* An open handle of another kind, to be closed by peer_close_not_a_socket. */
fer_raw_socket peer_not_a_socket(void);
void peer_close_not_a_socket(fer_raw_socket raw);
/* The handle names an open socket. */
bool peer_is_open(fer_raw_socket raw);
/* Removes it from the open peers and makes it blocking. */
void peer_release(peer_socket peer);
/* Adds it to the open peers. */
void peer_adopt(fer_raw_socket raw);

/* Whether the system reports a pending connect as no connect at all, as Wine 8 does. */
bool peer_hides_pending_connect(fer_raw_socket pending);
/* A connection that has ended has no local address any more. */
bool peer_forgets_ended_names(void);
/* A listener on [::] leaves its port free for one on 0.0.0.0. */
bool peer_separates_ip_versions(void);
/* IPv6 sockets can handle IPv4 too. */
bool peer_has_dual_stack(void);
/* A close with unread input ends the connection in order and does not reset it. */
bool peer_close_hides_unread_input(void);
/* One wait of the kernel under test, which nothing but a signal ends within half a second. Returns
 * whether a signal did. */
bool peer_is_interrupted(void);

/* ---- Examining any raw socket, without consuming anything. -1: this OS does not report it. */

bool peer_raw_wait_readable(fer_raw_socket raw);
/* Waits until a reset or another fatal error has arrived. */
bool peer_raw_wait_failed(fer_raw_socket raw);
/* A fatal error has arrived. */
bool peer_raw_has_failed(fer_raw_socket raw);
bool peer_raw_is_inheritable(fer_raw_socket raw);
bool peer_raw_set_inheritable(fer_raw_socket raw, bool inheritable);
/* For a stream on which no byte has arrived. */
bool peer_raw_is_nonblocking(fer_raw_socket raw);
bool peer_raw_set_nonblocking(fer_raw_socket raw, bool nonblocking);
bool peer_raw_set_timeouts(fer_raw_socket raw, unsigned milliseconds);
/* Urgent data is a part of what the socket receives (SO_OOBINLINE), or not. */
bool peer_raw_set_urgent_inline(fer_raw_socket raw, bool is_inline);
/* A datagram socket cuts what it sends (UDP_SEGMENT, UDP_SEND_MSG_SIZE). False: the OS cannot. */
bool peer_raw_set_segment_size(fer_raw_socket raw, int size);
bool peer_raw_timeouts(fer_raw_socket raw, unsigned *read_ms, unsigned *write_ms);
/* All bytes that it sent have been acknowledged, as far as this OS reports. True if it does not. */
bool peer_raw_has_settled(fer_raw_socket raw);
int peer_raw_backlog(fer_raw_socket raw);
int peer_raw_hops(fer_raw_socket raw, peer_family family);
int peer_raw_reuses_address(fer_raw_socket raw);
int peer_raw_is_exclusive(fer_raw_socket raw);
int peer_raw_only_v6(fer_raw_socket raw);
bool peer_raw_has_keepalive_options(fer_raw_socket raw);
/* The OS sets these options but does not report them. Sets one. */
bool peer_raw_hides_keepalive_options(fer_raw_socket raw);
/* Makes the connection fail if sent bytes stay unacknowledged for that time. False if the OS has no
 * such option. */
bool peer_raw_set_user_timeout(fer_raw_socket raw, unsigned milliseconds);

/* ---- Datagrams on the loopback */

/* A bound socket. */
peer_socket peer_datagram(peer_family family, uint16_t *port);
/* Afterwards it receives datagrams from that port only. It refuses all others. */
bool peer_datagram_connect(peer_socket peer, peer_family family, uint16_t port);
bool peer_datagram_send(peer_socket peer, peer_family family, uint16_t port, const void *buf,
                        size_t len);
/* Waits for a datagram: PEER_GOT or PEER_TIMED_OUT. *port is its sender's. */
peer_outcome peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                   uint16_t *port);

#endif
