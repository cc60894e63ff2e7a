/* udp.h: UdpSocket of std::net: datagrams, with or without a peer, broadcast and multicast.
 *
 * A handle is NEW when it is all zero bytes, and CLOSED after fer_udp_socket_close. One that a call
 * is to fill must be NEW or CLOSED, else the call is FER_INVALID_INPUT and leaves it alone. Every
 * other call on a NULL, NEW or CLOSED handle is FER_INVALID_INPUT, in every build. A datagram is
 * sent and received whole or not at all; it may be lost, doubled or overtaken on its way. Two
 * threads may use one handle at once, one receiving and one sending. */
#ifndef FERRULE_UDP_H
#define FERRULE_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A socket for datagrams. All zero bytes at first; the members are private. */
typedef struct fer_udp_socket {
    fer_handle handle_;
    fer_socket_addr peer_;
} fer_udp_socket;

/* A datagram that was received: how many of its bytes are in the buffer, whether it had more, which
 * are lost, and who sent it. */
typedef struct fer_datagram {
    size_t len;
    bool truncated;
    fer_socket_addr from;
} fer_datagram;

/* ---- Binding and connecting */

/**
 * Binds to "host:port": resolves the name and takes the first address that can be bound.
 *
 * Port 0 lets the OS pick one: fer_udp_socket_local_addr tells it. "[::]:0" is for those who only
 * send, to whichever family (IPv4 peers too), "0.0.0.0:0" where there is no IPv6 or only IPv4 is
 * wanted. A bind to [::] takes IPv4 too on every OS; IPv4 senders are then told as IPv4-mapped
 * addresses. Who binds a port first has it: on Windows exclusive use is asked for.
 *
 * Blocks: while the name is looked up.
 * Owns: the handle owns the socket until fer_udp_socket_close; host_port is not kept.
 * Errors: FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE (not this machine's), FER_PERMISSION_DENIED,
 * FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED (no IPv6 here; no dual stack on OpenBSD),
 * FER_INVALID_INPUT, and fer_to_socket_addrs' errors.
 * Rust: std::net::UdpSocket::bind with a &str. Differs: [::] is dual stack on Windows and the BSDs
 * too.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_bind(fer_udp_socket *socket, const char *host_port);

/**
 * Binds to one address.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_udp_socket_close; addr is not kept.
 * Errors: as fer_udp_socket_bind, without the names.
 * Rust: std::net::UdpSocket::bind with a SocketAddr.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_bind_addr(fer_udp_socket *socket,
                                                        const fer_socket_addr *addr);

/**
 * Binds to the first of several addresses that can be bound; the error is the last one's.
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_udp_socket_close; addrs is not kept.
 * Errors: as fer_udp_socket_bind_addr; FER_INVALID_INPUT for no address.
 * Rust: std::net::UdpSocket::bind with a &[SocketAddr].
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_bind_addrs(fer_udp_socket *socket,
                                                         const fer_socket_addr *addrs,
                                                         size_t count);

/**
 * Makes "host:port" the socket's peer: where fer_udp_socket_send sends to, and the only one whose
 * datagrams are received.
 *
 * The first address of the name that can be a peer is taken. Nothing is sent. Datagrams of others
 * that were queued before are dropped, the peer's own are kept. From now on the socket is told when
 * the peer's port refuses what was sent. A connected socket can be connected again.
 *
 * Blocks: while the name is looked up.
 * Owns: host_port is not kept.
 * Errors: FER_INVALID_INPUT (also for port 0, and for an IPv6 address on an IPv4 socket),
 * FER_NETWORK_UNREACHABLE (an address of the other family than the one that an IPv6 socket is bound
 * to, too), FER_ADDR_NOT_AVAILABLE, FER_PERMISSION_DENIED (a broadcast address while broadcast is
 * off), and fer_to_socket_addrs' errors.
 * Rust: std::net::UdpSocket::connect with a &str. Differs: others' queued datagrams are never
 * received; port 0 is refused at once.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_connect(fer_udp_socket *socket,
                                                      const char *host_port);

/**
 * Makes one address the socket's peer.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_udp_socket_connect, without the names.
 * Rust: std::net::UdpSocket::connect with a SocketAddr.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_connect_addr(fer_udp_socket *socket,
                                                           const fer_socket_addr *addr);

/**
 * Makes the first of several addresses that can be one the socket's peer; the error is the last
 * one's.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_udp_socket_connect_addr; FER_INVALID_INPUT for no address.
 * Rust: std::net::UdpSocket::connect with a &[SocketAddr].
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_connect_addrs(fer_udp_socket *socket,
                                                            const fer_socket_addr *addrs,
                                                            size_t count);

/**
 * Tells the peer that the socket is connected to.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_NOT_CONNECTED, FER_INVALID_INPUT.
 * Rust: std::net::UdpSocket::peer_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_peer_addr(const fer_udp_socket *socket,
                                                        fer_socket_addr *out);

/**
 * Tells the socket's own address.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::UdpSocket::local_addr.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_local_addr(const fer_udp_socket *socket,
                                                         fer_socket_addr *out);

/* ---- Sending */

/**
 * Sends one datagram to the peer.
 *
 * len may be 0: an empty datagram is sent. Over IPv4 one holds up to 65507 bytes. n may be NULL; *n
 * is len, or 0 after a failure.
 *
 * Blocks: while the socket's own buffer is full, up to the write timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_NOT_CONNECTED without a peer, FER_MESSAGE_TOO_LONG (nothing was sent),
 * FER_CONNECTION_REFUSED (an earlier datagram was refused, told once; this one was not sent),
 * FER_WOULD_BLOCK, FER_TIMED_OUT, FER_INTERRUPTED, FER_PERMISSION_DENIED, FER_NETWORK_UNREACHABLE,
 * FER_HOST_UNREACHABLE, FER_INVALID_INPUT and what else the OS says.
 * Rust: std::net::UdpSocket::send. Differs: without a peer it is NotConnected on every OS.
 * Threads: one receiving and one sending call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_send(fer_udp_socket *socket, const void *buf,
                                                   size_t len, size_t *n);

/**
 * Sends one datagram to an address.
 *
 * As fer_udp_socket_send. On an IPv6 socket an IPv4 address is sent to as IPv4-mapped, on every OS.
 * On a connected socket macOS and the BSDs take no address (FER_ALREADY_CONNECTED).
 *
 * Blocks: while the socket's own buffer is full, up to the write timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_udp_socket_send; FER_PERMISSION_DENIED for a broadcast address while broadcast is
 * off, FER_INVALID_INPUT for port 0 and for an IPv6 address on an IPv4 socket.
 * Rust: std::net::UdpSocket::send_to with a SocketAddr.
 * Threads: one receiving and one sending call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_send_to(fer_udp_socket *socket, const void *buf,
                                                      size_t len, const fer_socket_addr *to,
                                                      size_t *n);

/* ---- Receiving */

/**
 * Receives one datagram.
 *
 * A datagram that is longer than len is FER_OK with out->truncated: its first bytes are in buf, the
 * rest is lost. An empty one is FER_OK with out->len 0, and is no end. With len 0 the next datagram
 * is dropped. An unconnected socket is never told of refusals; a connected one receives its peer's
 * datagrams only.
 *
 * Blocks: until a datagram is there, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_CONNECTION_REFUSED (connected: the peer's port refused what was sent, told once),
 * FER_WOULD_BLOCK, FER_TIMED_OUT with os_code 0, FER_INTERRUPTED, FER_INVALID_INPUT and what else
 * the OS says. *out is untouched then.
 * Rust: std::net::UdpSocket::recv_from. Differs: a truncated datagram is no error on Windows, nor
 * is another's refusal.
 * Threads: one receiving and one sending call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_recv_from(fer_udp_socket *socket, void *buf,
                                                        size_t len, fer_datagram *out);

/**
 * Receives one datagram: the same as fer_udp_socket_recv_from, under Rust's other name.
 *
 * Blocks: until a datagram is there, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_udp_socket_recv_from.
 * Rust: std::net::UdpSocket::recv. Differs: the sender is told too, and strangers' datagrams queued
 * before connect are dropped.
 * Threads: one receiving and one sending call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_recv(fer_udp_socket *socket, void *buf, size_t len,
                                                   fer_datagram *out);

/**
 * Receives one datagram and leaves it in the queue.
 *
 * Where clones receive at the same time, what is peeked may be gone already when it is to be
 * received. What a connected socket would not receive is dropped on the way.
 *
 * Blocks: until a datagram is there, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_udp_socket_recv_from.
 * Rust: std::net::UdpSocket::peek_from.
 * Threads: one receiving and one sending call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_peek_from(fer_udp_socket *socket, void *buf,
                                                        size_t len, fer_datagram *out);

/**
 * Receives one datagram and leaves it in the queue: the same as fer_udp_socket_peek_from.
 *
 * Blocks: until a datagram is there, up to the read timeout.
 * Owns: nothing is kept of the arguments.
 * Errors: as fer_udp_socket_recv_from.
 * Rust: std::net::UdpSocket::peek.
 * Threads: one receiving and one sending call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_peek(fer_udp_socket *socket, void *buf, size_t len,
                                                   fer_datagram *out);

/**
 * Sends one datagram to the peer and never waits, whatever the mode and the timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_udp_socket_send.
 * Errors: FER_WOULD_BLOCK where there is no room; else as fer_udp_socket_send, but no timeout.
 * Rust: tokio: net::UdpSocket::try_send.
 * Threads: as fer_udp_socket_send.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_send(fer_udp_socket *socket, const void *buf,
                                                       size_t len, size_t *n);

/**
 * Sends one datagram to an address and never waits, whatever the mode and the timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_udp_socket_send_to.
 * Errors: FER_WOULD_BLOCK where there is no room; else as fer_udp_socket_send_to, but no timeout.
 * Rust: tokio: net::UdpSocket::try_send_to.
 * Threads: as fer_udp_socket_send_to.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_send_to(fer_udp_socket *socket, const void *buf,
                                                          size_t len, const fer_socket_addr *to,
                                                          size_t *n);

/**
 * Receives a datagram that is queued and never waits, whatever the mode and the timeouts are.
 *
 * Blocks: never.
 * Owns: as fer_udp_socket_recv_from.
 * Errors: FER_WOULD_BLOCK where none is queued; else as fer_udp_socket_recv_from, but no timeout.
 * Rust: tokio: net::UdpSocket::try_recv_from.
 * Threads: as fer_udp_socket_recv_from.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_recv_from(fer_udp_socket *socket, void *buf,
                                                            size_t len, fer_datagram *out);

/**
 * Receives as fer_udp_socket_try_recv_from: for sockets that are connected.
 *
 * Blocks: never.
 * Owns: as fer_udp_socket_recv_from.
 * Errors: as fer_udp_socket_try_recv_from.
 * Rust: tokio: net::UdpSocket::try_recv. Differs: it tells the sender, too.
 * Threads: as fer_udp_socket_recv_from.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_recv(fer_udp_socket *socket, void *buf,
                                                       size_t len, fer_datagram *out);

/**
 * Waits until a datagram can be received (FER_READABLE) or sent (FER_WRITABLE), or a refusal told.
 *
 * *ready is those of interest that may go on, and 0 where none can when the timeout is over. 0 asks
 * without waiting, FER_DURATION_NONE waits for ever. It is a hint: what was queued may be a
 * stranger's, or spoilt, and dropped by the call that follows. A signal does not end the wait.
 *
 * Blocks: until ready, at most timeout; whatever the socket's mode and its own timeouts are.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (no interest, unknown ones, ready NULL, a handle that is not open), or
 * what the OS says.
 * Rust: tokio: net::UdpSocket::ready, with a timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_ready(const fer_udp_socket *socket,
                                                    fer_interest interest, fer_duration timeout,
                                                    fer_interest *ready);

/* ---- Modes */

/**
 * Sets how long a receiving call waits: FER_DURATION_NONE, as at first, without limit.
 *
 * It is rounded up to what the OS holds, never to no limit. All clones have it.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT for zero.
 * Rust: std::net::UdpSocket::set_read_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_read_timeout(fer_udp_socket *socket,
                                                               fer_duration timeout);

/**
 * Sets how long a sending call waits for room: FER_DURATION_NONE, as at first, without limit.
 *
 * As fer_udp_socket_set_read_timeout.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT for zero.
 * Rust: std::net::UdpSocket::set_write_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_write_timeout(fer_udp_socket *socket,
                                                                fer_duration timeout);

/**
 * Tells the read timeout, to the grain of the OS; FER_DURATION_NONE for none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::UdpSocket::read_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_read_timeout(const fer_udp_socket *socket,
                                                           fer_duration *out);

/**
 * Tells the write timeout, to the grain of the OS; FER_DURATION_NONE for none.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::UdpSocket::write_timeout.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_write_timeout(const fer_udp_socket *socket,
                                                            fer_duration *out);

/**
 * Sets whether calls that cannot go on are FER_WOULD_BLOCK at once. All clones have it.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::UdpSocket::set_nonblocking.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_nonblocking(fer_udp_socket *socket,
                                                              bool nonblocking);

/**
 * Takes the socket's pending error: *out is FER_OK where there is none.
 *
 * A refusal that is taken here is not told by a later call. The result tells of the asking, *out of
 * the socket.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::UdpSocket::take_error.
 * Threads: one receiving and one sending call at once on one handle.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_take_error(fer_udp_socket *socket, fer_error *out);

/**
 * Sets the time to live of what is sent to single hosts, 1 to 255: on an IPv6 socket the unicast
 * hop limit.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT outside 1 to 255.
 * Rust: std::net::UdpSocket::set_ttl. Differs: on IPv6 Rust sets IP_TTL only, and leaves the range
 * to the OS.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_ttl(fer_udp_socket *socket, uint32_t ttl);

/**
 * Tells the time to live, on an IPv6 socket the unicast hop limit.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::UdpSocket::ttl.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_ttl(const fer_udp_socket *socket, uint32_t *out);

/* ---- Broadcast and multicast */

/**
 * Sets whether the socket may send to broadcast addresses; at first it may not.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::UdpSocket::set_broadcast.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_broadcast(fer_udp_socket *socket, bool broadcast);

/**
 * Tells whether the socket may send to broadcast addresses.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT.
 * Rust: std::net::UdpSocket::broadcast.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_broadcast(const fer_udp_socket *socket, bool *out);

/**
 * Sets whether IPv4 multicast datagrams also come to this machine's members of the group; at first
 * they do.
 *
 * On POSIX this is a matter of the socket that sends, on Windows of the socket that receives ("IP
 * multicast", MSDN): set it on both.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::UdpSocket::set_multicast_loop_v4.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_loop_v4(fer_udp_socket *socket,
                                                                    bool loop);

/**
 * Tells whether IPv4 multicast datagrams also come to this machine.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::UdpSocket::multicast_loop_v4.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_loop_v4(const fer_udp_socket *socket,
                                                                bool *out);

/**
 * Sets the time to live of IPv4 multicast datagrams, 0 to 255; at first 1, the own network.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT above 255, or what the OS says.
 * Rust: std::net::UdpSocket::set_multicast_ttl_v4.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_ttl_v4(fer_udp_socket *socket,
                                                                   uint32_t ttl);

/**
 * Tells the time to live of IPv4 multicast datagrams.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT, or what the OS says.
 * Rust: std::net::UdpSocket::multicast_ttl_v4.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_ttl_v4(const fer_udp_socket *socket,
                                                               uint32_t *out);

/**
 * Sets whether IPv6 multicast datagrams also come to this machine's members of the group; at first
 * they do.
 *
 * On POSIX this is a matter of the socket that sends, on Windows of the socket that receives ("IP
 * multicast", MSDN): set it on both.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (an IPv4 socket), or what the OS says.
 * Rust: std::net::UdpSocket::set_multicast_loop_v6.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_set_multicast_loop_v6(fer_udp_socket *socket,
                                                                    bool loop);

/**
 * Tells whether IPv6 multicast datagrams also come to this machine.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (an IPv4 socket), or what the OS says.
 * Rust: std::net::UdpSocket::multicast_loop_v6.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_multicast_loop_v6(const fer_udp_socket *socket,
                                                                bool *out);

/**
 * Joins an IPv4 multicast group on the network interface that has the address local; 0.0.0.0 leaves
 * it to the OS.
 *
 * Bind the socket to 0.0.0.0 to receive: on Linux one that is bound to an address gets nothing that
 * is sent to a group.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (no multicast group), FER_ADDR_IN_USE (joined already),
 * FER_ADDR_NOT_AVAILABLE (no such interface), or what the OS says.
 * Rust: std::net::UdpSocket::join_multicast_v4.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_join_multicast_v4(fer_udp_socket *socket,
                                                                const fer_ipv4_addr *group,
                                                                const fer_ipv4_addr *local);

/**
 * Leaves an IPv4 multicast group; group and local as in joining.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (no multicast group), FER_ADDR_NOT_AVAILABLE (not joined), or what the
 * OS says.
 * Rust: std::net::UdpSocket::leave_multicast_v4.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_leave_multicast_v4(fer_udp_socket *socket,
                                                                 const fer_ipv4_addr *group,
                                                                 const fer_ipv4_addr *local);

/**
 * Joins an IPv6 multicast group on the network interface of that index; 0 leaves it to the OS. Bind
 * the socket to [::] to receive.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (no multicast group, an IPv4 socket), FER_ADDR_IN_USE (joined already),
 * FER_ADDR_NOT_AVAILABLE (no such interface), or what the OS says.
 * Rust: std::net::UdpSocket::join_multicast_v6.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_join_multicast_v6(fer_udp_socket *socket,
                                                                const fer_ipv6_addr *group,
                                                                uint32_t interface_index);

/**
 * Leaves an IPv6 multicast group; group and interface_index as in joining.
 *
 * Blocks: never.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (no multicast group, an IPv4 socket), FER_ADDR_NOT_AVAILABLE (not
 * joined), or what the OS says.
 * Rust: std::net::UdpSocket::leave_multicast_v6.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_leave_multicast_v6(fer_udp_socket *socket,
                                                                 const fer_ipv6_addr *group,
                                                                 uint32_t interface_index);

/* ---- Clones, closing and raw sockets */

/**
 * Makes another handle of the same socket; both receive from one queue, and share modes, options
 * and the peer.
 *
 * Blocks: never.
 * Owns: out owns its handle until fer_udp_socket_close.
 * Errors: FER_INVALID_INPUT, FER_TOO_MANY_OPEN_FILES.
 * Rust: std::net::UdpSocket::try_clone.
 * Threads: socket: with any other call but close. out: no other call at the same time.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_try_clone(fer_udp_socket *socket,
                                                        fer_udp_socket *out);

/**
 * Closes the handle; harmless on NULL, on a NEW handle and on a CLOSED one.
 *
 * Blocks: never.
 * Owns: the OS socket is given back.
 * Errors: none.
 * Rust: Drop for std::net::UdpSocket.
 * Threads: no other call on the handle at the same time.
 */
FER_API void fer_udp_socket_close(fer_udp_socket *socket);

/**
 * Lends the raw socket: the descriptor or SOCKET; FER_RAW_SOCKET_NONE where there is none.
 *
 * Do not close it, and change its blocking mode, timeouts and peer through ferrule only. On Windows
 * it is a nonblocking SOCKET.
 *
 * Blocks: never.
 * Owns: the handle still owns the socket.
 * Errors: none.
 * Rust: std::os::fd::AsRawFd, std::os::windows::io::AsRawSocket.
 * Threads: with any other call on the handle but close.
 */
FER_API fer_raw_socket fer_udp_socket_as_raw(const fer_udp_socket *socket);

/**
 * Takes over an IP datagram socket that was made elsewhere, connected or not.
 *
 * Its close-on-exec state is left as it is. On Windows, where the blocking mode cannot be learnt,
 * it is taken to be blocking.
 *
 * Blocks: never.
 * Owns: on success the handle owns raw; on failure raw stays the caller's, as it was.
 * Errors: FER_INVALID_INPUT (not an IP datagram socket; socket is open).
 * Rust: std::os::fd::FromRawFd. Differs: it is checked.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_udp_socket_from_raw(fer_udp_socket *socket, fer_raw_socket raw);

/**
 * Gives the raw socket up and leaves a CLOSED handle; FER_RAW_SOCKET_NONE where there is none.
 *
 * The blocking mode and timeouts that were set are really on the socket; on Windows these are the
 * socket's and not the handle's, so give up clones together.
 *
 * Blocks: never.
 * Owns: the socket is the caller's to close.
 * Errors: none.
 * Rust: std::os::fd::IntoRawFd.
 * Threads: no other call on the handle at the same time.
 */
FER_API fer_raw_socket fer_udp_socket_into_raw(fer_udp_socket *socket);

#ifdef __cplusplus
}
#endif

#endif
