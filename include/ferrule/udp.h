/* udp.h: UdpSocket of std::net: datagrams with or without a peer, broadcast and multicast.
 *
 * docs/RULES.md has what holds for every call (ferrule_rules(7)). Every call here that opens no
 * handle and returns a fer_error is FER_MISUSE on a NEW handle too.
 *
 * A datagram is sent whole or not at all. It may be lost, duplicated or reordered on its way. It is
 * received whole, or truncated to the buffer. At most one thread receives and one thread sends with
 * a handle at the same time. Others need clones (fer_udp_socket_try_clone). socket.h has the
 * options that are not here, such as the sizes of buffers and TOS (fer_udp_socket_as_socket), and
 * udp_batch.h batches.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_MISUSE and other errors of the OS.
 * Rust: std::net::TYPE::NAME.
 * Threads: concurrent with any other call on the handle except close. */
#ifndef FERRULE_UDP_H
#define FERRULE_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"

FER_BEGIN_DECLS

/* A UDP socket. Initialize to all zero bytes. Its members are private. */
typedef struct fer_udp_socket {
    fer_handle handle_;
} fer_udp_socket;

/* A received datagram. len is the number of bytes in the buffer. truncated is true if further bytes
 * were lost. from is the sender. */
typedef struct fer_udp_received {
    size_t len;
    bool truncated;
    fer_socket_addr from;
} fer_udp_received;

/* ---- Binding and connecting
 *
 * Owns: the handle owns the socket until fer_udp_socket_close. No pointer is kept.
 * Threads: no concurrent call on the handle. */

/** Binds to "host:port": resolves the name and uses the first address that can be bound. If none
 * can, the last address's error is returned. With port 0 the OS chooses an ephemeral port;
 * fer_udp_socket_local_addr returns it. A socket that only sends can bind to "[::]:0", which
 * reaches IPv4 peers too. Use "0.0.0.0:0" if the machine has no IPv6, or for IPv4 only.
 *
 * A bind to [::] receives IPv4 too. IPv4 senders are then reported as IPv4-mapped addresses.
 * OpenBSD has no dual stack: there a bind to [::] or to an IPv4-mapped address is FER_UNSUPPORTED
 * (use fer_socket_set_only_v6). The first socket bound to a port keeps it: on Windows the bind
 * requests exclusive use. Only beside a socket of another program that is bound to a wildcard
 * address without exclusive use can an address be bound there, and the socket then receives what
 * comes to that address (`wildcard_beside_specific`).
 * Blocks: during the name lookup.
 * Errors: FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE (not an address of this machine; on Windows also
 * a multicast group: bind the wildcard address), FER_PERMISSION_DENIED, FER_TOO_MANY_OPEN_FILES,
 * FER_UNSUPPORTED (this machine has no IPv6; [::] or an IPv4-mapped address on OpenBSD), the errors
 * of fer_to_socket_addrs, and the default.
 * Rust: the default with a &str. Differs: [::] is dual stack on Windows and the BSDs too. */
FER_MUST_USE FER_API fer_error fer_udp_socket_bind(fer_udp_socket *socket, const char *host_port)
    FER_INOUT(1);

/** Binds to "host:port" with options, of which NULL means the defaults. Otherwise same as
 * fer_udp_socket_bind.
 * Blocks: during the name lookup.
 * Errors: same as fer_udp_socket_bind. FER_INVALID_INPUT also for an unknown family, a negative
 * backlog or a device name that is empty or longer than 15 bytes; FER_NOT_FOUND (no such device),
 * FER_UNSUPPORTED (reuse_port on Windows; device on Windows and the BSDs), FER_PERMISSION_DENIED
 * (device).
 * Rust: none in std; socket2: Socket::bind after its setters. */
FER_MUST_USE FER_API fer_error fer_udp_socket_bind_with(
    fer_udp_socket *socket, const char *host_port, const fer_bind_options *FER_NULLABLE options)
    FER_INOUT(1);

/** Binds to a port of host, which has the format of fer_lookup_host. Otherwise same as
 * fer_udp_socket_bind_with.
 * Blocks: during the name lookup.
 * Errors: same as fer_udp_socket_bind_with. FER_MISUSE also if host is NULL.
 * Rust: std::net::UdpSocket::bind with a (&str, u16). */
FER_MUST_USE FER_API fer_error
fer_udp_socket_bind_host_with(fer_udp_socket *socket, const char *host, uint16_t port,
                              const fer_bind_options *FER_NULLABLE options) FER_INOUT(1);

/** Binds to one address. Otherwise same as fer_udp_socket_bind.
 * Errors: same as fer_udp_socket_bind, except those of the name lookup.
 * Rust: std::net::UdpSocket::bind with a SocketAddr. */
FER_MUST_USE FER_API fer_error fer_udp_socket_bind_addr(fer_udp_socket *socket,
                                                        const fer_socket_addr *addr) FER_INOUT(1);

/** Makes "host:port" the socket's peer: fer_udp_socket_send sends to it, and only its datagrams are
 * received. For an IPv6 socket an IPv4 address is converted to its IPv4-mapped form.
 *
 * Uses the first address of the name that can be a peer. Nothing is sent. While the socket has the
 * peer, queued datagrams of other senders are not received; the peer's own are.
 * After this call the socket reports when the peer's port refuses a datagram (a refusal): by a
 * receive or fer_udp_socket_take_error, on POSIX also by a send. A connected socket can be
 * connected again, which means the same as on a new socket: an address that the program bound
 * stays, another one becomes that of the route to the new peer, and a refusal of the old peer that
 * is not reported yet is dropped. Until then other threads may find it without a peer. On Linux a
 * port that the OS chose is bound anew, and an IPv6 socket that has received from an IPv4-mapped
 * peer may receive nothing from a later IPv6 one (`udp_reconnect_keeps_version`): use a new socket.
 * After a failure the socket has its old peer, or none if that can no longer be reached: see
 * fer_udp_socket_peer_addr.
 * Blocks: during the name lookup.
 * Errors: FER_INVALID_INPUT (port 0; an IPv6 address on an IPv4 socket), FER_NETWORK_UNREACHABLE
 * (also if an IPv6 socket is bound to an address of one family and the peer has the other),
 * FER_ADDR_NOT_AVAILABLE (also if the socket is bound to an address, for example the loopback's,
 * from which no route leads to the peer, or on Windows, if a connected one keeps its address:
 * `udp_reconnect_keeps_source`), FER_PERMISSION_DENIED (a broadcast address while
 * broadcast is off), FER_ADDR_IN_USE, FER_HOST_UNREACHABLE, FER_NETWORK_DOWN,
 * FER_TOO_MANY_OPEN_FILES (macOS and the BSDs: a bound socket that has a peer), the errors of
 * fer_to_socket_addrs, and the default.
 * Rust: the default with a &str. Differs: queued datagrams of other senders are never received;
 * port 0 is refused by the call. */
FER_MUST_USE FER_API fer_error fer_udp_socket_connect(fer_udp_socket *socket, const char *host_port)
    FER_INOUT(1);

/** Makes one address the socket's peer. Otherwise same as fer_udp_socket_connect.
 * Errors: same as fer_udp_socket_connect, except those of the name lookup.
 * Rust: std::net::UdpSocket::connect with a SocketAddr. */
FER_MUST_USE FER_API fer_error fer_udp_socket_connect_addr(fer_udp_socket *socket,
                                                           const fer_socket_addr *addr)
    FER_INOUT(1);

/** Removes the socket's peer: it receives from every sender again, and reports no refusals. FER_OK
 * also if it has none. Exception: on Linux an IPv6 socket still receives over IPv6 from the former
 * peer's address only, until the next connect (`udp_disconnect_keeps_filter`): for every sender use
 * a new socket. Datagrams that are queued stay. The port stays. The address that the socket
 * was bound to stays; on macOS and the BSDs it becomes the wildcard address
 * (`udp_disconnect_unbinds`). On Linux a port that the OS chose is bound anew, so a datagram may be
 * lost during the call.
 * Errors: FER_ADDR_IN_USE (Linux: another socket took the port during the call); otherwise the
 * errors of fer_udp_socket_connect_addr.
 * Rust: none; Python's socket.connect to AF_UNSPEC. */
FER_MUST_USE FER_API fer_error fer_udp_socket_disconnect(fer_udp_socket *socket) FER_INOUT(1);

/* ---- Addresses */

/** Stores the connected socket's peer address in *out.
 * Errors: FER_NOT_CONNECTED, and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_peer_addr(const fer_udp_socket *socket,
                                                        fer_socket_addr *out);

/** Stores the socket's local address in *out. */
FER_MUST_USE FER_API fer_error fer_udp_socket_local_addr(const fer_udp_socket *socket,
                                                         fer_socket_addr *out);

/* ---- Sending and receiving
 *
 * Over IPv4 a datagram holds up to 65507 bytes. buf may be NULL if len is 0. n may be NULL. *n is
 * len, or 0 after a failure. A _try_ call never waits, regardless of the blocking mode and the
 * timeouts. Otherwise it is the same as the call without _try_.
 *
 * Blocks: while the socket's send buffer is full, at most the write timeout. Never in nonblocking
 * mode. The handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Threads: one receive call and one send call at once, and any other call except close. */

/** Sends one datagram to the peer. With len 0 an empty datagram is sent.
 * Errors: FER_NOT_CONNECTED (no peer), FER_MESSAGE_TOO_LONG (nothing was sent),
 * FER_CONNECTION_REFUSED (POSIX, connected: an earlier datagram was refused; reported once; this
 * datagram was not sent; rule U3), FER_WOULD_BLOCK (nonblocking mode), FER_TIMED_OUT (the write
 * timeout expired, or the deadline), FER_CANCELLED (the limits), FER_INTERRUPTED,
 * FER_PERMISSION_DENIED, FER_NETWORK_UNREACHABLE and FER_HOST_UNREACHABLE (not permitted, or no
 * route; POSIX, connected: also a router's report of an earlier datagram, and this one was not
 * sent: `reports_of_routers`), FER_MISUSE, FER_ADDR_NOT_AVAILABLE, FER_BROKEN_PIPE (sending is shut
 * down), FER_NO_BUFFER_SPACE (send again after about 1 ms; `no_buffer_space_datagram`),
 * FER_NETWORK_DOWN and other errors of the OS.
 * Rust: the default. Differs: without a peer it is NotConnected on every OS. */
FER_MUST_USE FER_API fer_error fer_udp_socket_send(fer_udp_socket *socket,
                                                   const void *FER_NULLABLE buf, size_t len,
                                                   size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Sends one datagram to an address. Otherwise same as fer_udp_socket_send. For an IPv6 socket an
 * IPv4 address is converted to its IPv4-mapped form, on every OS. On macOS and the BSDs a connected
 * socket sends to its peer's address only; any other is FER_ALREADY_CONNECTED
 * (`send_to_when_connected`).
 * Errors: same as fer_udp_socket_send, but never FER_NOT_CONNECTED. Also FER_PERMISSION_DENIED (a
 * broadcast address while broadcast is off), FER_ADDR_NOT_AVAILABLE (the socket is not bound, and
 * no local port is left), FER_INVALID_INPUT (port 0; an IPv6 address on an IPv4 socket),
 * FER_CONNECTION_TIMED_OUT (Windows; MSDN, sendto).
 * Rust: the default with a SocketAddr. */
FER_MUST_USE FER_API fer_error fer_udp_socket_send_to(fer_udp_socket *socket,
                                                      const void *FER_NULLABLE buf, size_t len,
                                                      const fer_socket_addr *to,
                                                      size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Receives one datagram. If the datagram is longer than len, the result is FER_OK with
 * out->truncated set. The first len bytes are stored, the rest is lost. An empty datagram is FER_OK
 * with out->len 0, and does not mean end of file. So is every receive after a shutdown of receiving
 * (fer_socket_shutdown). With len 0 the next datagram is discarded. Only a connected socket reports
 * refusals, and remains usable (rule U3). It receives only its peer's datagrams.
 * Blocks: until a datagram arrives, at most the read timeout. Never in nonblocking mode. The
 * handle's limits end it with FER_CANCELLED or FER_TIMED_OUT (cancel.h).
 * Errors: FER_INVALID_INPUT (FER_UDP_COALESCING is enabled: rule B8), FER_CONNECTION_REFUSED
 * (connected: the peer's port refused a datagram; reported once), FER_HOST_UNREACHABLE and
 * FER_NETWORK_UNREACHABLE (connected: a router or the peer's host rejected a datagram; reported
 * once, or not at all: `reports_of_routers`; a firewall's rejection may be
 * FER_PERMISSION_DENIED, and on Linux another ICMP message FER_UNSUPPORTED or FER_UNCATEGORIZED; on
 * Windows also: the time to live of a sent datagram expired on the way),
 * FER_CONNECTION_ABORTED (Linux: the system has destroyed the socket, `socket_destroyed`),
 * FER_WOULD_BLOCK (nonblocking mode), FER_TIMED_OUT (the read timeout expired, or the deadline),
 * FER_CANCELLED (the limits), FER_INTERRUPTED, FER_MISUSE and other
 * errors of the OS. *out is unchanged then.
 * Rust: the default. Differs: neither a truncated datagram nor a refusal by another host is an
 * error on Windows. */
FER_MUST_USE FER_API fer_error fer_udp_socket_recv_from(fer_udp_socket *socket,
                                                        void *FER_NULLABLE buf, size_t len,
                                                        fer_udp_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Receives one datagram. Does the same as fer_udp_socket_recv_from; Rust has both functions.
 * Blocks: same as fer_udp_socket_recv_from.
 * Errors: same as fer_udp_socket_recv_from.
 * Rust: the default. Differs: the sender is reported too, and other senders' datagrams queued
 * before connect are discarded. */
FER_MUST_USE FER_API fer_error fer_udp_socket_recv(fer_udp_socket *socket, void *FER_NULLABLE buf,
                                                   size_t len, fer_udp_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Receives one datagram and leaves it in the queue. If clones receive at the same time, the peeked
 * datagram may be gone before the next receive call. Datagrams that a connected socket would not
 * receive are discarded.
 * Blocks: same as fer_udp_socket_recv_from.
 * Errors: same as fer_udp_socket_recv_from. */
FER_MUST_USE FER_API fer_error fer_udp_socket_peek_from(fer_udp_socket *socket,
                                                        void *FER_NULLABLE buf, size_t len,
                                                        fer_udp_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Receives one datagram and leaves it in the queue. Does the same as fer_udp_socket_peek_from;
 * Rust has both functions.
 * Blocks: same as fer_udp_socket_recv_from.
 * Errors: same as fer_udp_socket_recv_from. */
FER_MUST_USE FER_API fer_error fer_udp_socket_peek(fer_udp_socket *socket, void *FER_NULLABLE buf,
                                                   size_t len, fer_udp_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Sends one datagram to the peer and never waits.
 * Blocks: never.
 * Errors: FER_WOULD_BLOCK (no room); otherwise same as fer_udp_socket_send in nonblocking mode.
 * Rust: tokio: net::UdpSocket::try_send. */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_send(fer_udp_socket *socket,
                                                       const void *FER_NULLABLE buf, size_t len,
                                                       size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Sends one datagram to an address and never waits.
 * Blocks: never.
 * Errors: FER_WOULD_BLOCK (no room); otherwise same as fer_udp_socket_send_to in nonblocking mode.
 * Rust: tokio: net::UdpSocket::try_send_to. */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_send_to(fer_udp_socket *socket,
                                                          const void *FER_NULLABLE buf, size_t len,
                                                          const fer_socket_addr *to,
                                                          size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Receives a queued datagram and never waits.
 * Blocks: never.
 * Errors: FER_WOULD_BLOCK (no datagram is queued); otherwise same as fer_udp_socket_recv_from in
 * nonblocking mode.
 * Rust: tokio: net::UdpSocket::try_recv_from. */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_recv_from(fer_udp_socket *socket,
                                                            void *FER_NULLABLE buf, size_t len,
                                                            fer_udp_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/** Receives a queued datagram, leaves it in the queue and never waits. Datagrams that a connected
 * socket would not receive are discarded.
 * Blocks: never.
 * Errors: same as fer_udp_socket_try_recv_from.
 * Rust: tokio: net::UdpSocket::try_peek_from. Differs: a datagram longer than the buffer is
 * truncated on every OS. */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_peek_from(fer_udp_socket *socket,
                                                            void *FER_NULLABLE buf, size_t len,
                                                            fer_udp_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/* ---- Modes
 *
 * A timeout is rounded up to the OS's resolution, and limited to the OS's maximum. A finite timeout
 * stays finite. Timeouts and the blocking mode belong to the socket, so clones share them. */

/** Waits until a datagram can be received (FER_READABLE) or sent (FER_WRITABLE), or a refusal can
 * be reported. interest, timeout, *ready and signals are those of fer_tcp_stream_ready. Readiness
 * is a hint: the next call may discard the queued datagram, because it is damaged, or because its
 * sender is not the socket's peer.
 * Blocks: same as fer_tcp_stream_ready. A shutdown of FER_SHUTDOWN_READ in another thread or
 * through a clone ends the wait, on Windows within 100 ms; what the next receive of a clone returns
 * is `clone_receives_on` (rule U7).
 * Errors: same as fer_tcp_listener_ready.
 * Rust: tokio: net::UdpSocket::ready, with a timeout. */
FER_MUST_USE FER_API fer_error fer_udp_socket_ready(const fer_udp_socket *socket,
                                                    fer_interest interest, fer_duration timeout,
                                                    fer_interest *ready);

/** Sets the timeout of each single receive. FER_DURATION_NONE, the default, waits without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_read_timeout(fer_udp_socket *socket,
                                                               fer_duration timeout) FER_INOUT(1);

/** Sets the timeout of each single send. FER_DURATION_NONE, the default, waits without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_write_timeout(fer_udp_socket *socket,
                                                                fer_duration timeout) FER_INOUT(1);

/** Stores the read timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_udp_socket_read_timeout(const fer_udp_socket *socket,
                                                           fer_duration *out);

/** Stores the write timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_udp_socket_write_timeout(const fer_udp_socket *socket,
                                                            fer_duration *out);

/** Sets the limits of the calls on this handle that wait: a deadline, a token, signals (cancel.h).
 * NULL or all zero bytes remove them; a new handle has none. The limits are copied.
 * Owns: same as fer_tcp_stream_set_limits.
 * Errors: same as fer_tcp_stream_set_limits.
 * Rust: none in std; tokio::time::timeout and select! around a receive or a send. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_limits(fer_udp_socket *socket,
                                                         const fer_limits *FER_NULLABLE limits)
    FER_INOUT(1);

/** Sets nonblocking mode (true) or blocking mode (false). In nonblocking mode a call that would
 * wait returns FER_WOULD_BLOCK. Same as fer_tcp_stream_set_nonblocking. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_nonblocking(fer_udp_socket *socket,
                                                              bool nonblocking) FER_INOUT(1);

/** Takes the socket's pending error and stores it in *out. FER_OK means no error. A refusal stored
 * in *out is not reported again by a later call, except on Windows, where the next receive reports
 * it too (`refusal_is_left`) and a program that never receives gets refusals only by this call.
 * *out may be FER_MESSAGE_TOO_LONG, a router's report that a datagram was too long, which fails no
 * send and no receive (rule U2). The return value is the result of the query itself; *out is the
 * socket's error. */
FER_MUST_USE FER_API fer_error fer_udp_socket_take_error(fer_udp_socket *socket, fer_error *out)
    FER_INOUT(1);

/** Sets the time to live of unicast datagrams, 1 to 255. On an IPv6 socket this is the unicast hop
 * limit.
 * Errors: FER_INVALID_INPUT (outside 1 to 255), and the default.
 * Rust: the default. Differs: on IPv6 Rust sets only IP_TTL, and the OS checks the range. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_ttl(fer_udp_socket *socket, uint32_t ttl)
    FER_INOUT(1);

/** Stores the time to live of unicast datagrams in *out. On an IPv6 socket it is the hop limit. */
FER_MUST_USE FER_API fer_error fer_udp_socket_ttl(const fer_udp_socket *socket, uint32_t *out);

/* ---- Broadcast and multicast */

/** Sets whether the socket may send to broadcast addresses. The default is false. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_broadcast(fer_udp_socket *socket, bool broadcast)
    FER_INOUT(1);

/** Stores in *out whether the socket may send to broadcast addresses. */
FER_MUST_USE FER_API fer_error fer_udp_socket_broadcast(const fer_udp_socket *socket, bool *out);

/** Sets whether IPv4 multicast datagrams are also delivered to group members on this machine. The
 * default is true. On POSIX the option of the sending socket decides, on Windows that of the
 * receiving socket ("IP multicast", MSDN). Set it on both. The system decides whether an IPv6
 * socket has the options and the groups of IPv4 multicast: on Linux it has, on macOS and FreeBSD
 * they are FER_INVALID_INPUT (`ipv4_groups_of_ipv6`). */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_loop_v4(fer_udp_socket *socket,
                                                                    bool loop) FER_INOUT(1);

/** Stores the setting of fer_udp_socket_set_multicast_loop_v4 in *out. */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_loop_v4(const fer_udp_socket *socket,
                                                                bool *out);

/** Sets the time to live of IPv4 multicast datagrams, 0 to 255. The default is 1 (local network).
 * Errors: FER_INVALID_INPUT (above 255), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_ttl_v4(fer_udp_socket *socket,
                                                                   uint32_t ttl) FER_INOUT(1);

/** Stores the time to live of IPv4 multicast datagrams in *out. */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_ttl_v4(const fer_udp_socket *socket,
                                                               uint32_t *out);

/** Sets the network interface, given by one of its addresses, over which the socket sends IPv4
 * multicast datagrams. 0.0.0.0, the default, lets the OS choose it. A message of
 * fer_udp_socket_send_batch can choose one for itself (udp_batch.h).
 * Errors: FER_ADDR_NOT_AVAILABLE (no such interface), FER_INVALID_INPUT (an IPv6 socket, on some
 * systems: `ipv4_groups_of_ipv6`), FER_NO_BUFFER_SPACE, and the default.
 * Rust: socket2::Socket::set_multicast_if_v4. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_if_v4(fer_udp_socket *socket,
                                                                  fer_ipv4_addr local) FER_INOUT(1);

/** Stores the address of fer_udp_socket_set_multicast_if_v4 in *out; 0.0.0.0 if none was set.
 * Errors: FER_INVALID_INPUT (an IPv6 socket, on some systems), and the default.
 * Rust: socket2::Socket::multicast_if_v4. */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_if_v4(const fer_udp_socket *socket,
                                                              fer_ipv4_addr *out);

/** Sets whether IPv6 multicast datagrams are also delivered to group members on this machine.
 * Otherwise same as fer_udp_socket_set_multicast_loop_v4.
 * Errors: FER_INVALID_INPUT (an IPv4 socket), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_loop_v6(fer_udp_socket *socket,
                                                                    bool loop) FER_INOUT(1);

/** Stores the setting of fer_udp_socket_set_multicast_loop_v6 in *out.
 * Errors: FER_INVALID_INPUT (an IPv4 socket), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_loop_v6(const fer_udp_socket *socket,
                                                                bool *out);

/** Sets the hop limit of IPv6 multicast datagrams, 0 to 255. 0 sends to this machine only. The
 * default is 1: the local network.
 * Errors: FER_INVALID_INPUT (an IPv4 socket; more than 255), and the default.
 * Rust: socket2::Socket::set_multicast_hops_v6. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_hops_v6(fer_udp_socket *socket,
                                                                    uint32_t hops) FER_INOUT(1);

/** Stores the hop limit of IPv6 multicast datagrams in *out.
 * Errors: FER_INVALID_INPUT (an IPv4 socket), and the default.
 * Rust: socket2::Socket::multicast_hops_v6. */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_hops_v6(const fer_udp_socket *socket,
                                                                uint32_t *out);

/** Sets the network interface, given by its index, over which the socket sends IPv6 multicast
 * datagrams without a scope of their own. 0, the default, lets the OS choose it; macOS refuses that
 * once another index was set (`multicast_if_stays`). fer_interface_index (socket.h) finds the index
 * of a name.
 * Errors: FER_INVALID_INPUT (an IPv4 socket), FER_ADDR_NOT_AVAILABLE (no such interface),
 * FER_NO_BUFFER_SPACE, and the default.
 * Rust: socket2::Socket::set_multicast_if_v6. */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_if_v6(fer_udp_socket *socket,
                                                                  uint32_t interface_index)
    FER_INOUT(1);

/** Stores the index of fer_udp_socket_set_multicast_if_v6 in *out; 0 if none was set.
 * Errors: FER_INVALID_INPUT (an IPv4 socket), and the default.
 * Rust: socket2::Socket::multicast_if_v6. */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_if_v6(const fer_udp_socket *socket,
                                                              uint32_t *out);

/** Joins an IPv4 multicast group on the network interface with the address local. With 0.0.0.0 the
 * OS chooses the interface. Bind the socket to 0.0.0.0 to receive. On Linux a socket bound to any
 * other address receives no datagram that is sent to a group. The socket then receives the groups
 * that it has joined, and on NetBSD and OpenBSD also those of other sockets; on Linux a socket that
 * has never joined a group receives those too (`group_of_another`).
 * Errors: FER_INVALID_INPUT (not a multicast group), FER_ADDR_IN_USE (already joined),
 * FER_ADDR_NOT_AVAILABLE (no such interface), FER_NO_BUFFER_SPACE (too many groups, on Linux more
 * than 20; `group_limit`), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_join_multicast_v4(fer_udp_socket *socket,
                                                                fer_ipv4_addr group,
                                                                fer_ipv4_addr local) FER_INOUT(1);

/** Leaves an IPv4 multicast group. group and local are the same as for joining.
 * Errors: FER_INVALID_INPUT (not a multicast group), FER_ADDR_NOT_AVAILABLE (not joined), and the
 * default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_leave_multicast_v4(fer_udp_socket *socket,
                                                                 fer_ipv4_addr group,
                                                                 fer_ipv4_addr local) FER_INOUT(1);

/** Joins an IPv6 multicast group on the network interface with the index interface_index. With 0
 * the OS chooses the interface. macOS is reported to choose none for a link-local group, which is
 * FER_ADDR_NOT_AVAILABLE then. Bind the socket to [::] to receive. Otherwise same as
 * fer_udp_socket_join_multicast_v4.
 * Errors: FER_INVALID_INPUT (not a multicast group; an IPv4 socket), FER_ADDR_IN_USE (already
 * joined), FER_ADDR_NOT_AVAILABLE (no such interface), FER_NO_BUFFER_SPACE (too many groups;
 * `group_limit`), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_join_multicast_v6(fer_udp_socket *socket,
                                                                fer_ipv6_addr group,
                                                                uint32_t interface_index)
    FER_INOUT(1);

/** Leaves an IPv6 multicast group. group and interface_index are the same as for joining.
 * Errors: FER_INVALID_INPUT (not a multicast group; an IPv4 socket), FER_ADDR_NOT_AVAILABLE (not
 * joined), and the default. */
FER_MUST_USE FER_API fer_error fer_udp_socket_leave_multicast_v6(fer_udp_socket *socket,
                                                                 fer_ipv6_addr group,
                                                                 uint32_t interface_index)
    FER_INOUT(1);

/** Joins an IPv4 multicast group for the datagrams of one sender, source (source-specific
 * multicast, RFC 4607). A further call adds another source. A socket joins a group either so or
 * with fer_udp_socket_join_multicast_v4; what it does after the other one is
 * `sources_of_joined_group`. fer_udp_socket_leave_multicast_v4 leaves the group with all of its
 * sources. Otherwise same as fer_udp_socket_join_multicast_v4.
 * Errors: FER_INVALID_INPUT (group is not a multicast group; source is one, or unspecified),
 * FER_ADDR_IN_USE (already joined), FER_ADDR_NOT_AVAILABLE (no such interface),
 * FER_NO_BUFFER_SPACE (too many groups, or sources of one, on Linux more than 10; `group_limit`),
 * FER_UNSUPPORTED (NetBSD, OpenBSD), and the default.
 * Rust: socket2::Socket::join_ssm_v4. */
FER_MUST_USE FER_API fer_error fer_udp_socket_join_ssm_v4(fer_udp_socket *socket,
                                                          fer_ipv4_addr group, fer_ipv4_addr source,
                                                          fer_ipv4_addr local) FER_INOUT(1);

/** Leaves an IPv4 multicast group for one source. group, source and local are the same as for
 * joining. The last source leaves the group, except on macOS and FreeBSD, where the group counts as
 * joined until fer_udp_socket_leave_multicast_v4 (`sources_of_joined_group`).
 * Errors: FER_INVALID_INPUT (group is not a multicast group; source is one, or unspecified),
 * FER_ADDR_NOT_AVAILABLE (not joined), FER_UNSUPPORTED (NetBSD, OpenBSD), and the default.
 * Rust: socket2::Socket::leave_ssm_v4. */
FER_MUST_USE FER_API fer_error fer_udp_socket_leave_ssm_v4(fer_udp_socket *socket,
                                                           fer_ipv4_addr group,
                                                           fer_ipv4_addr source,
                                                           fer_ipv4_addr local) FER_INOUT(1);

/** Joins an IPv6 multicast group for the datagrams of one sender, source. With the interface_index
 * 0 the OS chooses the interface, except on macOS and FreeBSD, where it is FER_ADDR_NOT_AVAILABLE
 * (`group_interface_zero`). Otherwise same as fer_udp_socket_join_ssm_v4 and
 * fer_udp_socket_join_multicast_v6.
 * Errors: FER_INVALID_INPUT (group is not a multicast group; source is one, or unspecified; an IPv4
 * socket), FER_ADDR_IN_USE (already joined), FER_ADDR_NOT_AVAILABLE (no such interface),
 * FER_NO_BUFFER_SPACE (too many groups or sources; `group_limit`), FER_UNSUPPORTED (NetBSD,
 * OpenBSD), and the default.
 * Rust: none; MCAST_JOIN_SOURCE_GROUP of RFC 3678. */
FER_MUST_USE FER_API fer_error fer_udp_socket_join_ssm_v6(fer_udp_socket *socket,
                                                          fer_ipv6_addr group, fer_ipv6_addr source,
                                                          uint32_t interface_index) FER_INOUT(1);

/** Leaves an IPv6 multicast group for one source. group, source and interface_index are the same as
 * for joining. Otherwise same as fer_udp_socket_leave_ssm_v4; fer_udp_socket_leave_multicast_v6
 * leaves the group.
 * Errors: FER_INVALID_INPUT (group is not a multicast group; source is one, or unspecified; an IPv4
 * socket), FER_ADDR_NOT_AVAILABLE (not joined), FER_UNSUPPORTED (NetBSD, OpenBSD), and the default.
 * Rust: none; MCAST_LEAVE_SOURCE_GROUP of RFC 3678. */
FER_MUST_USE FER_API fer_error fer_udp_socket_leave_ssm_v6(fer_udp_socket *socket,
                                                           fer_ipv6_addr group,
                                                           fer_ipv6_addr source,
                                                           uint32_t interface_index) FER_INOUT(1);

/* ---- Clones, closing and raw sockets
 *
 * Threads: no concurrent call on the handle. */

/** Makes a second handle of the same socket. Both handles receive from one queue, and share modes,
 * options and the peer.
 * Owns: out is a separate handle; close it with fer_udp_socket_close.
 * Errors: FER_MISUSE (out is open), FER_TOO_MANY_OPEN_FILES, FER_OUT_OF_MEMORY (Windows) and other
 * errors of the OS.
 * Threads: socket: concurrent with any other call except close. out: no concurrent call. */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_clone(fer_udp_socket *socket, fer_udp_socket *out)
    FER_INOUT(1) FER_INOUT(2);

/** Closes the handle. Does nothing on NULL, NEW and CLOSED handles.
 * Owns: releases the handle's socket.
 * Rust: Drop for std::net::UdpSocket. */
FER_API void fer_udp_socket_close(fer_udp_socket *socket) FER_INOUT(1);

/** Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is none. Do
 * not close it. Change its blocking mode, timeouts, peer, and if batches have ECN its type of
 * service only through ferrule (fer_udp_socket_as_socket), which keeps what it has set. If the
 * program enables an error queue (Linux: IP_RECVERR, timestamps of sent datagrams), it must read
 * it, or `_ready` calls do not wait, and a poller reports the socket without end. On Windows it is
 * a nonblocking SOCKET.
 * Owns: the handle still owns the socket.
 * Rust: std::os::fd::AsRawFd, std::os::windows::io::AsRawSocket.
 * Threads: concurrent with any other call on the handle except close. */
FER_API fer_raw_socket fer_udp_socket_as_raw(const fer_udp_socket *socket);

/** Takes ownership of an IP datagram socket that was made elsewhere, connected or not. Its
 * close-on-exec flag is left unchanged. Its error queue (Linux: IP_RECVERR) is disabled (rule U3),
 * and the segment size that was set for all its sends (Linux: UDP_SEGMENT, Windows:
 * UDP_SEND_MSG_SIZE) becomes 0 (rule B4).
 * On Windows blocking mode is assumed, because it cannot be queried.
 * Owns: on success the handle owns raw. On failure the caller still owns raw, unchanged.
 * Errors: FER_MISUSE (socket is open), FER_BAD_HANDLE (raw is not an open socket),
 * FER_INVALID_INPUT (not an IP datagram socket, not overlapped: see fer_tcp_stream_from_raw) and
 * other errors of the OS.
 * Rust: std::os::fd::FromRawFd. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_udp_socket_from_raw(fer_udp_socket *socket, fer_raw_socket raw)
    FER_INOUT(1);

/** Releases the raw socket to the caller and leaves a CLOSED handle. Returns FER_RAW_SOCKET_NONE if
 * there is none. The socket has the blocking mode and the timeouts that were set. On Windows this
 * call applies them to the SOCKET, and remaining clones may share them (`raw_mode`): release all
 * clones together. A SOCKET for which the program has called WSAEventSelect or WSAAsyncSelect stays
 * nonblocking. A handle with clones, open or closed, gives a duplicate of the SOCKET there, as
 * inheritable as that of the handle; if the system lacks the resources for it, the result is
 * FER_RAW_SOCKET_NONE and the handle stays open.
 * Owns: the caller owns the returned socket and must close it.
 * Rust: std::os::fd::IntoRawFd. */
FER_MUST_USE FER_API fer_raw_socket fer_udp_socket_into_raw(fer_udp_socket *socket) FER_INOUT(1);

FER_END_DECLS

#endif
