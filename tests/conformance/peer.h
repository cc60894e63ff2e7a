/* peer.h: the other side of a conformance test: plain sockets of the OS, never ferrule, and looks
 * at a raw socket from outside. peer.c has what is the same on every system; peer_posix.c,
 * peer_winsock.c and peer_sim.c have the rest. Nothing here asserts: a call that fails says so.
 * Every call that waits gives up after PEER_LIMIT_MS. All but peer_send_all and peer_recv_* belong
 * to the test's main thread. */
#ifndef CONFORMANCE_PEER_H
#define CONFORMANCE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"

enum { PEER_LIMIT_MS = 10000, PEER_INTERFACE_CAP = 64 };

/* A socket of the OS; fer_raw_socket's values. */
typedef fer_raw_socket peer_socket;
#define PEER_NONE FER_RAW_SOCKET_NONE

typedef enum peer_family { PEER_V4, PEER_V6 } peer_family;

/* How a receive came out. PEER_STUCK: the limit is over. */
typedef enum peer_outcome { PEER_GOT, PEER_END, PEER_RESET, PEER_STUCK } peer_outcome;

/* ---- The program and its machine */

void peer_start(void);
void peer_close_all(void); /* closes every peer that is still open */
bool peer_is_windows(void);
bool peer_is_wine(void);
bool peer_has_v6(void);          /* ::1 can be bound */
bool peer_knows_localhost(void); /* as a name, by the system's resolver */
/* What the system's resolver says to a name, in its order, with port 0: how many, of which cap are
 * stored. 0: it knows no such name. */
size_t peer_resolve(const char *host, fer_socket_addr *addrs, size_t cap);
/* A network interface that the resolver knows by name in a scope. False: it takes numbers alone, or
 * there is none. */
bool peer_interface(char name[PEER_INTERFACE_CAP], uint32_t *index);
uint64_t peer_now_us(void); /* a clock that never goes back */
void peer_pause(unsigned milliseconds);
size_t peer_open_handles(void);        /* of this process */
size_t peer_inheritable_handles(void); /* how many of them a child process would get */
size_t peer_threads(void);             /* of this process; 0 where this OS does not tell */
bool peer_handle_count_is_exact(void); /* false: other things than sockets come and go in it */

/* ---- Streams on the loopback. PEER_NONE or false when the OS refuses or the limit is over. */

peer_socket peer_listen(peer_family family, int backlog, uint16_t *port);
peer_socket peer_listen_at(peer_family family, uint16_t port);
/* As peer_listen, and when the listener is closed its port refuses until the test's end: nobody
 * else can listen there meanwhile. */
peer_socket peer_listen_kept(peer_family family, int backlog, uint16_t *port);
/* A port that refuses: bound, so that nobody else can take it, but not listening. */
peer_socket peer_bind_only(peer_family family, uint16_t *port);
peer_socket peer_accept(peer_socket listener);
bool peer_is_queued(peer_socket listener, unsigned wait_ms);
peer_socket peer_connect(peer_family family, uint16_t port);
/* Starts a connect and does not wait for its end. */
peer_socket peer_connect_begin(peer_family family, uint16_t port);
bool peer_connect_ended(peer_socket peer, unsigned wait_ms);
/* Connects until one more connect would wait. False where the OS refuses instead. */
bool peer_fill_backlog(peer_family family, uint16_t port);
/* A listener with a backlog of 1 answers no connect any more. False where the OS refuses
 * instead. */
bool peer_fall_silent(peer_family family, uint16_t port);
/* And answers again, once its queue is taken off it: what was begun meanwhile ends when the OS
 * tries again. */
void peer_answer_again(peer_family family, uint16_t port);

bool peer_send_all(peer_socket peer, const void *buf, size_t len);
size_t peer_fill(peer_socket peer); /* sends until it would wait; how many bytes */
bool peer_recv_exact(peer_socket peer, void *buf, size_t len);
peer_outcome peer_recv_some(peer_socket peer, void *buf, size_t cap, size_t *n);
bool peer_shutdown_write(peer_socket peer);
void peer_close(peer_socket peer);
void peer_reset(peer_socket peer); /* closes so that the other side sees a reset */
uint16_t peer_local_port(peer_socket peer);
uint16_t peer_remote_port(peer_socket peer);

/* ---- Sockets to give to _from_raw, and those that came out of _into_raw */

peer_socket peer_unconnected(void);
fer_raw_socket peer_not_a_socket(
    void); /* an open handle of another kind; for peer_close_not_a_socket */
void peer_close_not_a_socket(fer_raw_socket raw);
bool peer_is_open(fer_raw_socket raw); /* the handle names an open socket */
void peer_give_away(peer_socket peer); /* is no longer the peer's to close; blocking */
void peer_take(fer_raw_socket raw);    /* is the peer's from now on */

/* ---- Looks at somebody's raw socket that take nothing from it. A look that this OS has not is
 * -1. */

bool peer_raw_wait_readable(fer_raw_socket raw);
bool peer_raw_wait_failed(
    fer_raw_socket raw);                      /* until a reset or another fatal error has arrived */
bool peer_raw_has_failed(fer_raw_socket raw); /* one has arrived */
bool peer_raw_is_inheritable(fer_raw_socket raw);
bool peer_raw_set_inheritable(fer_raw_socket raw, bool inheritable);
bool peer_raw_is_nonblocking(fer_raw_socket raw); /* of a stream on which nothing has arrived */
bool peer_raw_set_nonblocking(fer_raw_socket raw, bool nonblocking);
bool peer_raw_set_timeouts(fer_raw_socket raw, unsigned milliseconds);
bool peer_raw_timeouts(fer_raw_socket raw, unsigned *read_ms, unsigned *write_ms);
/* What it sent has all arrived and been acknowledged, as far as this OS tells; true where it does
 * not. */
bool peer_raw_has_settled(fer_raw_socket raw);
int peer_raw_backlog(fer_raw_socket raw);
int peer_raw_hops(fer_raw_socket raw, peer_family family);
int peer_raw_reuses_address(fer_raw_socket raw);
int peer_raw_is_exclusive(fer_raw_socket raw);
int peer_raw_only_v6(fer_raw_socket raw);
bool peer_raw_has_keepalive_options(fer_raw_socket raw);
/* Makes the connection die when what it sent stays unacknowledged so long. False where the OS has
 * no such option. */
bool peer_raw_set_user_timeout(fer_raw_socket raw, unsigned milliseconds);

/* ---- Datagrams on the loopback */

peer_socket peer_datagram(peer_family family, uint16_t *port); /* a bound socket */
/* From now on it takes datagrams of that port alone; its own port refuses all others. */
bool peer_datagram_connect(peer_socket peer, peer_family family, uint16_t port);
bool peer_datagram_send(peer_socket peer, peer_family family, uint16_t port, const void *buf,
                        size_t len);
/* Waits for one: PEER_GOT or PEER_STUCK. *port is its sender's. */
peer_outcome peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                   uint16_t *port);

#endif
