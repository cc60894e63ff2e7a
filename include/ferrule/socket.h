/* socket.h: sockets that are built step by step: made, given their options, then bound, connected
 * or listening, and last turned into the handle of their type. For what has to be set before bind
 * or connect, and for raw sockets.
 *
 *     fer_socket socket = {0};
 *     fer_tcp_listener listener = {0};
 *     FER_TRY(fer_socket_new(&socket, FER_DOMAIN_IPV6, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
 *     FER_TRY(fer_socket_set_only_v6(&socket, true));
 *     FER_TRY(fer_socket_bind(&socket, &addr));
 *     FER_TRY(fer_socket_listen(&socket, 1024));
 *     FER_TRY(fer_socket_into_tcp_listener(&socket, &listener));
 *
 * Whoever returns before the last line has fer_socket_close(&socket) to call, which is harmless
 * after it, too.
 *
 * A handle is NEW when it is all zero bytes, and CLOSED after fer_socket_close and after it was
 * turned into another. One that a call is to fill must be NEW or CLOSED, else the call is
 * FER_INVALID_INPUT and leaves it alone. Every other call on a NULL, NEW or CLOSED handle is
 * FER_INVALID_INPUT, in every build; so is every call on a stream whose connect has failed, but
 * fer_socket_take_error, fer_socket_as_raw, closing it and turning it into another handle. An
 * option that sockets of the kind have not is FER_UNSUPPORTED, with os_code 0 where no system has
 * it. Where a description says Rust: socket2, it is that crate's Socket, for std::net has no
 * builder. */
#ifndef FERRULE_SOCKET_H
#define FERRULE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A socket of any kind. All zero bytes at first; the members are private. */
typedef struct fer_socket {
    fer_udp_socket inner_;
} fer_socket;

/* Whose addresses it has. Any other value is FER_INVALID_INPUT. */
typedef enum fer_domain {
    FER_DOMAIN_UNIX = 1,
    FER_DOMAIN_IPV4 = 4,
    FER_DOMAIN_IPV6 = 6
} fer_domain;

/* How it carries bytes. Any other value is FER_INVALID_INPUT. */
typedef enum fer_type { FER_TYPE_STREAM = 1, FER_TYPE_DGRAM = 2, FER_TYPE_RAW = 3 } fer_type;

/* Some of IANA's protocol numbers, which every system has; any other number may be given as well.
 * DEFAULT: the type's own, TCP or UDP. */
#define FER_PROTOCOL_DEFAULT 0
#define FER_PROTOCOL_ICMP 1
#define FER_PROTOCOL_TCP 6
#define FER_PROTOCOL_UDP 17
#define FER_PROTOCOL_ICMPV6 58

/* ---- Birth and end */

/**
 * Makes a socket.
 *
 * It is not inherited by child processes and raises no SIGPIPE, as every socket of the library. An
 * IPv6 one takes IPv4 too until fer_socket_set_only_v6. Raw sockets need a privilege nearly
 * everywhere (raw(7): CAP_NET_RAW; "TCP/IP Raw Sockets", MSDN: administrators).
 *
 * Blocks: never.
 * Owns: the handle owns the socket until fer_socket_close, or until it is turned into another
 * handle.
 * Errors: FER_PERMISSION_DENIED (FER_TYPE_RAW; datagrams of ICMP), FER_UNSUPPORTED (this system has
 * no such socket), FER_TOO_MANY_OPEN_FILES, FER_NO_BUFFER_SPACE, FER_INVALID_INPUT (an unknown
 * domain or type, a negative protocol, a handle that is not empty).
 * Rust: socket2: Socket::new.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_new(fer_socket *socket, fer_domain domain, fer_type type,
                                              int protocol);

/**
 * Closes the socket. Does nothing to NULL, and to a handle that is NEW or CLOSED.
 *
 * Blocks: never, but for a linger that was set.
 * Owns: nothing.
 * Errors: none.
 * Rust: socket2: Socket's Drop.
 * Threads: no other call on the handle at the same time.
 */
FER_API void fer_socket_close(fer_socket *socket);

/**
 * Makes another handle of the same socket.
 *
 * Options, mode and timeouts are shared. A stream is cloned once it is connected or listens, for a
 * clone from before would not learn of it. While a connect is under way the OS is asked how it
 * stands first.
 *
 * Blocks: never.
 * Owns: out owns its own handle; the socket ends with the last one.
 * Errors: FER_TOO_MANY_OPEN_FILES, FER_WOULD_BLOCK (a connect is under way), the reason for which
 * it has just failed, FER_INVALID_INPUT (misuse; a stream that was not connected yet, or whose
 * connect failed; out is not empty).
 * Rust: socket2: Socket::try_clone.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_try_clone(fer_socket *socket, fer_socket *out);

/**
 * The OS's own number of the socket, FER_RAW_SOCKET_NONE where there is none. Also while a connect
 * is under way and after it failed, so that a poller can be told.
 *
 * Blocks: never.
 * Owns: the handle keeps the socket: do not close what this returns. On Windows it is nonblocking,
 * whatever mode was set.
 * Errors: none.
 * Rust: socket2: Socket::as_raw_fd, as_raw_socket.
 * Threads: any.
 */
FER_API fer_raw_socket fer_socket_as_raw(const fer_socket *socket);

/**
 * Takes over a socket that was made elsewhere, of any kind that this header knows, whatever its
 * state.
 *
 * A connect that is under way elsewhere cannot be told from one that was never begun.
 *
 * Blocks: never.
 * Owns: on success the handle owns raw; on failure it stays the caller's, as it was.
 * Errors: FER_INVALID_INPUT (no socket; neither IP's nor Unix'; neither stream, datagram nor raw; a
 * handle that is not empty).
 * Rust: socket2: Socket::from_raw_fd, from_raw_socket; it checks nothing.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_from_raw(fer_socket *socket, fer_raw_socket raw);

/**
 * Gives the socket up, with the mode and the timeouts that were set really on it; the handle is
 * CLOSED. FER_RAW_SOCKET_NONE: there was none.
 *
 * Blocks: never.
 * Owns: the caller owns what this returns.
 * Errors: none.
 * Rust: socket2: Socket::into_raw_fd, into_raw_socket.
 * Threads: no other call on the handle at the same time.
 */
FER_API fer_raw_socket fer_socket_into_raw(fer_socket *socket);

/* ---- Options, to be set before bind or connect where these are to heed them */

/**
 * Whether bind may take an address that ended connections still occupy, or for datagrams one that
 * other sockets hold.
 *
 * Streams: bind lets a port in TIME_WAIT be taken again unless this was set to false; on Windows it
 * always does, and never shares a live port, whatever is set here: its SO_REUSEADDR, which would
 * let another program steal the port, is not used. Datagram sockets that have all set this share a
 * port on every system, which multicast receivers want; who gets a unicast datagram is the system's
 * choice. Bind heeds what was chosen through the same handle.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (Unix sockets), FER_INVALID_INPUT (misuse; true on Windows where a
 * datagram socket is bound already).
 * Rust: socket2: Socket::set_reuse_address. Differs: SO_REUSEADDR of streams on Windows.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_reuse_address(fer_socket *socket, bool reuse);

/**
 * Tells how bind will have it.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: as fer_socket_set_reuse_address.
 * Rust: socket2: Socket::reuse_address. Differs: a fresh stream's is true, for bind sets it.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_reuse_address(const fer_socket *socket, bool *out);

/**
 * Whether sockets that have all set this share a port, new connections or datagrams being spread
 * over them (SO_REUSEPORT).
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (Windows; Unix sockets), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::set_reuse_port.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_reuse_port(fer_socket *socket, bool reuse);

/**
 * Tells fer_socket_set_reuse_port's setting.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: as fer_socket_set_reuse_port.
 * Rust: socket2: Socket::reuse_port.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_reuse_port(const fer_socket *socket, bool *out);

/**
 * Whether an IPv6 socket leaves IPv4 alone. Without this call through the same handle bind makes it
 * take both, on every system.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (not an IPv6 socket; false on OpenBSD), FER_INVALID_INPUT (misuse; it is
 * bound already).
 * Rust: socket2: Socket::set_only_v6.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_only_v6(fer_socket *socket, bool only_v6);

/**
 * Tells whether an IPv6 socket leaves IPv4 alone.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (not an IPv6 socket), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::only_v6.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_only_v6(const fer_socket *socket, bool *out);

/**
 * Asks for room for so many bytes of unhandled input, at least 1.
 *
 * The system rounds as it likes, and has limits of its own (Linux: socket(7), rmem_max and
 * wmem_max). Set it before connect or listen: the TCP window is agreed on with the first packet.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse; 0).
 * Rust: socket2: Socket::set_recv_buffer_size.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_recv_buffer_size(fer_socket *socket, size_t size);

/**
 * Tells what the system made of fer_socket_set_recv_buffer_size, in the unit in which it was set.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::recv_buffer_size. Differs: Linux tells twice the size (socket(7)), this
 * does not.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_recv_buffer_size(const fer_socket *socket, size_t *out);

/**
 * Asks for room for so many bytes of unhandled output, at least 1.
 *
 * The system rounds as it likes, and has limits of its own (Linux: socket(7), rmem_max and
 * wmem_max). Set it before connect or listen: the TCP window is agreed on with the first packet.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse; 0).
 * Rust: socket2: Socket::set_send_buffer_size.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_send_buffer_size(fer_socket *socket, size_t size);

/**
 * Tells what the system made of fer_socket_set_send_buffer_size, in the unit in which it was set.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::send_buffer_size. Differs: Linux tells twice the size (socket(7)), this
 * does not.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_send_buffer_size(const fer_socket *socket, size_t *out);

/**
 * As fer_tcp_stream_set_keepalive. Accepted streams take it over from a listener.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (a field that this OS has not; not TCP), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::set_keepalive, set_tcp_keepalive.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_keepalive(fer_socket *socket,
                                                        const fer_keepalive *keepalive);

/**
 * As fer_tcp_stream_keepalive.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: as fer_socket_set_keepalive.
 * Rust: socket2: Socket::keepalive, keepalive_time, keepalive_interval, keepalive_retries.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_keepalive(const fer_socket *socket, fer_keepalive *out);

/**
 * As fer_tcp_stream_set_linger.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (not a stream), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::set_linger.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_linger(fer_socket *socket, fer_duration linger);

/**
 * As fer_tcp_stream_linger.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: as fer_socket_set_linger.
 * Rust: socket2: Socket::linger.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_linger(const fer_socket *socket, fer_duration *out);

/**
 * As fer_tcp_stream_set_nodelay. Accepted streams take it over from a listener on most systems, not
 * on all.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (not TCP), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::set_tcp_nodelay.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_nodelay(fer_socket *socket, bool nodelay);

/**
 * As fer_tcp_stream_nodelay.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: as fer_socket_set_nodelay.
 * Rust: socket2: Socket::tcp_nodelay.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_nodelay(const fer_socket *socket, bool *out);

/**
 * Sets how many hops a packet may make, 1 to 255: the time to live, or the unicast hop limit of
 * IPv6.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse; out of range), FER_UNSUPPORTED (Unix sockets).
 * Rust: socket2: Socket::set_ttl_v4, set_unicast_hops_v6.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_ttl(fer_socket *socket, uint32_t ttl);

/**
 * Tells fer_socket_set_ttl's setting.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (Unix sockets), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::ttl_v4, unicast_hops_v6.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_ttl(const fer_socket *socket, uint32_t *out);

/**
 * Sets the type of service, 0 to 255: IPv4's octet of that name, IPv6's traffic class (RFC 2474:
 * its upper six bits are the DSCP).
 *
 * A stream's two lowest bits must be 0: they are explicit congestion notification, TCP's own (RFC
 * 3168, 5). Windows may take the call and mark nothing ("IPPROTO_IP Socket Options", MSDN: IP_TOS).
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse; out of range), FER_UNSUPPORTED (Unix sockets; an OS that lacks
 * it).
 * Rust: socket2: Socket::set_tos_v4, set_tclass_v6.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_tos(fer_socket *socket, uint32_t tos);

/**
 * Tells fer_socket_set_tos' setting.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (Unix sockets; an OS that lacks it), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::tos_v4, tclass_v6.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_tos(const fer_socket *socket, uint32_t *out);

/**
 * Whether datagrams may be sent to broadcast addresses.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (streams; Unix sockets), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::set_broadcast.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_broadcast(fer_socket *socket, bool broadcast);

/**
 * Tells fer_socket_set_broadcast's setting.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: as fer_socket_set_broadcast.
 * Rust: socket2: Socket::broadcast.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_broadcast(const fer_socket *socket, bool *out);

/**
 * Sends and receives by one network interface alone, "eth0" say, whatever its addresses; NULL for
 * any again.
 *
 * Linux (SO_BINDTODEVICE; a privilege is needed before version 5.7) and macOS (IP_BOUND_IF).
 * Elsewhere bind to an address of the network interface.
 *
 * Blocks: never.
 * Owns: name is not kept.
 * Errors: FER_NOT_FOUND (no such network interface), FER_PERMISSION_DENIED, FER_UNSUPPORTED (this
 * OS has it not; Unix sockets), FER_INVALID_INPUT (misuse; a name of no byte or more than 15).
 * Rust: socket2: Socket::bind_device, bind_device_by_index_v4.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_bind_device(fer_socket *socket, const char *name);

/* ---- Modes */

/**
 * As fer_tcp_stream_set_nonblocking: fer_socket_connect then only starts.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::set_nonblocking.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_nonblocking(fer_socket *socket, bool nonblocking);

/**
 * As fer_tcp_stream_set_read_timeout.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse; a timeout of 0).
 * Rust: socket2: Socket::set_read_timeout.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_read_timeout(fer_socket *socket,
                                                           fer_duration timeout);

/**
 * As fer_tcp_stream_read_timeout.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::read_timeout.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_read_timeout(const fer_socket *socket, fer_duration *out);

/**
 * As fer_tcp_stream_set_write_timeout.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse; a timeout of 0).
 * Rust: socket2: Socket::set_write_timeout.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_set_write_timeout(fer_socket *socket,
                                                            fer_duration timeout);

/**
 * As fer_tcp_stream_write_timeout.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::write_timeout.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_write_timeout(const fer_socket *socket,
                                                        fer_duration *out);

/* ---- Binding, listening, connecting */

/**
 * Binds to an address of the socket's own family.
 *
 * With what was chosen by the options above; else as fer_tcp_listener_bind_addr and
 * fer_udp_socket_bind_addr do. Port 0 lets the OS pick one.
 *
 * Blocks: never.
 * Owns: addr is not kept.
 * Errors: FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE, FER_PERMISSION_DENIED, FER_UNSUPPORTED (no dual
 * stack on OpenBSD), FER_INVALID_INPUT (misuse; another family; a Unix socket; bound already).
 * Rust: socket2: Socket::bind. Differs: the defaults.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_bind(fer_socket *socket, const fer_socket_addr *addr);

/**
 * The same with a Unix address.
 *
 * Blocks: never.
 * Owns: addr is not kept. The path stays when the socket is closed.
 * Errors: FER_ADDR_IN_USE, FER_NOT_FOUND (no such directory), FER_PERMISSION_DENIED,
 * FER_UNSUPPORTED, FER_INVALID_INPUT (misuse; not a Unix socket; an unnamed address; bound
 * already).
 * Rust: socket2: Socket::bind with SockAddr::unix.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_bind_unix(fer_socket *socket, const fer_unix_addr *addr);

/**
 * Begins to listen: up to about backlog connections wait to be accepted, 0 for as few as the system
 * does.
 *
 * A larger number than the system's limit is cut to it (Linux: listen(2), somaxconn). An IP socket
 * that is not bound is bound to a port of the OS's choice on every address. On a socket that
 * listens already it changes the backlog, but not on Windows ("listen function", MSDN).
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_ADDR_IN_USE (a socket with the same address listens), FER_INVALID_INPUT (misuse; a
 * negative backlog; not a stream; connected or connecting; a Unix socket that is not bound).
 * Rust: socket2: Socket::listen.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_listen(fer_socket *socket, int backlog);

/**
 * Connects to an address of the socket's own family.
 *
 * A stream that is nonblocking only starts: the result is FER_WOULD_BLOCK, and the connect is under
 * way. Wait until its raw socket is writable (fer_poller, or fer_socket_ready), then ask
 * fer_socket_take_error, or that of the fer_tcp_stream which it was turned into: FER_WOULD_BLOCK
 * while it is under way still, then FER_OK with what has come of it. A stream whose connect failed
 * can only be closed: make a new one, for its options and its binding belong to the old. A datagram
 * or raw socket gets a peer, or another one, at once.
 *
 * Blocks: a blocking stream, until the connect has ended. Signals do not end it, nor does the write
 * timeout: fer_socket_connect_timeout is for that.
 * Owns: addr is not kept.
 * Errors: FER_WOULD_BLOCK (started), FER_CONNECTION_REFUSED (port 0 too), FER_TIMED_OUT,
 * FER_HOST_UNREACHABLE, FER_NETWORK_UNREACHABLE, FER_ADDR_NOT_AVAILABLE, FER_INVALID_INPUT (misuse;
 * another family; a stream that is connected, connecting, failed or listening).
 * Rust: socket2: Socket::connect. Differs: InProgress on POSIX.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_connect(fer_socket *socket, const fer_socket_addr *addr);

/**
 * The same to its end within timeout, which is not 0, whatever the mode is; the mode stays as it
 * was.
 *
 * Blocks: until the connect has ended, at most for timeout.
 * Owns: addr is not kept.
 * Errors: FER_TIMED_OUT with os_code 0 at the timeout's end, and fer_socket_connect's but
 * FER_WOULD_BLOCK; FER_INVALID_INPUT too for a timeout of 0.
 * Rust: socket2: Socket::connect_timeout. Differs: a stream that was not connected in time is in
 * the same state on every system, failed.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_connect_timeout(fer_socket *socket,
                                                          const fer_socket_addr *addr,
                                                          fer_duration timeout);

/**
 * As fer_socket_connect for a Unix stream.
 *
 * A nonblocking one whose listener's queue is full is FER_WOULD_BLOCK as well (Linux: connect(2),
 * EAGAIN); then nothing is under way, and the call can be made again. A Unix datagram socket is
 * bound here and connected as a fer_unix_datagram.
 *
 * Blocks: as fer_socket_connect.
 * Owns: addr is not kept.
 * Errors: FER_WOULD_BLOCK, FER_TIMED_OUT (a full queue, and a write timeout),
 * FER_CONNECTION_REFUSED, FER_NOT_FOUND, FER_PERMISSION_DENIED, FER_UNSUPPORTED, FER_INVALID_INPUT
 * (misuse; not a Unix stream; an unnamed address; a stream that is connected, connecting, failed or
 * listening).
 * Rust: socket2: Socket::connect with SockAddr::unix.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_connect_unix(fer_socket *socket,
                                                       const fer_unix_addr *addr);

/**
 * The socket's own address, as the OS has it; before bind and connect the unspecified one with port
 * 0.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (Unix sockets), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::local_addr. Differs: WSAEINVAL on Windows before bind.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_local_addr(const fer_socket *socket,
                                                     fer_socket_addr *out);

/**
 * The peer's address. While a connect is under way the OS is asked how it stands first.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_NOT_CONNECTED, FER_WOULD_BLOCK (a connect is under way), the reason for which it has
 * just failed, FER_UNSUPPORTED (Unix sockets), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::peer_addr.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_peer_addr(const fer_socket *socket, fer_socket_addr *out);

/**
 * The pending error, FER_OK where there is none. Of a connect that was started: how it has ended,
 * again and again if it failed.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_WOULD_BLOCK (a connect is under way), FER_INVALID_INPUT (misuse).
 * Rust: socket2: Socket::take_error.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_take_error(fer_socket *socket, fer_error *out);

/**
 * Waits until at least one of the interests may go on: FER_READABLE, FER_WRITABLE, or both joined
 * by |.
 *
 * As fer_tcp_stream_ready, fer_tcp_listener_ready or fer_udp_socket_ready, by what the socket is. A
 * connect that is under way is waited for: then the socket is writable, or ready for all that was
 * asked if it failed.
 *
 * Blocks: until ready, at most timeout; whatever the socket's mode and its own timeouts are.
 * Owns: nothing is kept of the arguments.
 * Errors: FER_INVALID_INPUT (no interest, unknown ones, ready NULL, a handle that is not open),
 * FER_NOT_CONNECTED (a stream that neither connects nor listens), or what the OS says.
 * Rust: tokio: net::TcpStream::ready, with a timeout, for socket2's Socket.
 * Threads: with any other call on the handle but close.
 */
FER_MUST_USE FER_API fer_error fer_socket_ready(const fer_socket *socket, fer_interest interest,
                                                fer_duration timeout, fer_interest *ready);

/* ---- Datagrams, of datagram and raw sockets. A stream, or a Unix socket, is turned into its own
 * handle first. */

/**
 * As fer_udp_socket_send.
 *
 * Blocks: as fer_udp_socket_send.
 * Owns: buf is read only during the call.
 * Errors: as fer_udp_socket_send; FER_UNSUPPORTED (streams; Unix sockets).
 * Rust: socket2: Socket::send.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_send(fer_socket *socket, const void *buf, size_t len,
                                               size_t *n);

/**
 * As fer_udp_socket_send_to. A protocol without ports takes no notice of the address's port.
 *
 * Blocks: as fer_udp_socket_send_to.
 * Owns: buf is read only during the call.
 * Errors: as fer_udp_socket_send_to; FER_UNSUPPORTED (streams; Unix sockets).
 * Rust: socket2: Socket::send_to.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_send_to(fer_socket *socket, const void *buf, size_t len,
                                                  const fer_socket_addr *to, size_t *n);

/**
 * As fer_udp_socket_recv.
 *
 * An IPv4 raw socket receives the IP header too, an IPv6 one does not (raw(7); RFC 3542, 3).
 *
 * Blocks: as fer_udp_socket_recv.
 * Owns: buf is written only during the call.
 * Errors: as fer_udp_socket_recv; FER_UNSUPPORTED (streams; Unix sockets).
 * Rust: socket2: Socket::recv.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_recv(fer_socket *socket, void *buf, size_t len,
                                               fer_datagram *out);

/**
 * As fer_udp_socket_recv_from.
 *
 * An IPv4 raw socket receives the IP header too, an IPv6 one does not (raw(7); RFC 3542, 3).
 *
 * Blocks: as fer_udp_socket_recv_from.
 * Owns: buf is written only during the call.
 * Errors: as fer_udp_socket_recv_from; FER_UNSUPPORTED (streams; Unix sockets).
 * Rust: socket2: Socket::recv_from.
 * Threads: any.
 */
FER_MUST_USE FER_API fer_error fer_socket_recv_from(fer_socket *socket, void *buf, size_t len,
                                                    fer_datagram *out);

/* ---- Into the handle of its type, and back. The socket moves with all that was set and seen; on
 * failure nothing has changed. */

/**
 * Turns the socket into a fer_tcp_stream. It is CLOSED then.
 *
 * It must be a stream that does not listen, in every state: connected, connecting, failed, and one
 * that was never connected, whose reads and writes are FER_NOT_CONNECTED.
 *
 * Blocks: never.
 * Owns: out owns the socket then.
 * Errors: FER_INVALID_INPUT (misuse; another kind of socket; out is not empty).
 * Rust: socket2: From<Socket> for TcpStream. Differs: that checks nothing.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_into_tcp_stream(fer_socket *socket, fer_tcp_stream *out);

/**
 * The reverse: takes the socket of a fer_tcp_stream, which is CLOSED then.
 *
 * Blocks: never.
 * Owns: socket owns it then.
 * Errors: FER_INVALID_INPUT (misuse; socket is not empty).
 * Rust: socket2: From<TcpStream> for Socket.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_from_tcp_stream(fer_socket *socket,
                                                          fer_tcp_stream *stream);

/**
 * Turns the socket into a fer_tcp_listener. It is CLOSED then.
 *
 * It must be a stream that listens.
 *
 * Blocks: never.
 * Owns: out owns the socket then.
 * Errors: FER_INVALID_INPUT (misuse; another kind of socket; out is not empty).
 * Rust: socket2: From<Socket> for TcpListener. Differs: that checks nothing.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_into_tcp_listener(fer_socket *socket,
                                                            fer_tcp_listener *out);

/**
 * The reverse: takes the socket of a fer_tcp_listener, which is CLOSED then.
 *
 * Blocks: never.
 * Owns: socket owns it then.
 * Errors: FER_INVALID_INPUT (misuse; socket is not empty).
 * Rust: socket2: From<TcpListener> for Socket.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_from_tcp_listener(fer_socket *socket,
                                                            fer_tcp_listener *listener);

/**
 * Turns the socket into a fer_udp_socket. It is CLOSED then.
 *
 * It must be a datagram socket of UDP's, bound or not.
 *
 * Blocks: never.
 * Owns: out owns the socket then.
 * Errors: FER_INVALID_INPUT (misuse; another kind of socket; out is not empty).
 * Rust: socket2: From<Socket> for UdpSocket. Differs: that checks nothing.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_into_udp_socket(fer_socket *socket, fer_udp_socket *out);

/**
 * The reverse: takes the socket of a fer_udp_socket, which is CLOSED then.
 *
 * Blocks: never.
 * Owns: socket owns it then.
 * Errors: FER_INVALID_INPUT (misuse; socket is not empty).
 * Rust: socket2: From<UdpSocket> for Socket.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_from_udp_socket(fer_socket *socket,
                                                          fer_udp_socket *of_socket);

/**
 * Turns the socket into a fer_unix_stream. It is CLOSED then.
 *
 * It must be a Unix stream that does not listen, in every state.
 *
 * Blocks: never.
 * Owns: out owns the socket then.
 * Errors: FER_INVALID_INPUT (misuse; another kind of socket; out is not empty).
 * Rust: socket2: From<Socket> for UnixStream. Differs: that checks nothing.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_into_unix_stream(fer_socket *socket,
                                                           fer_unix_stream *out);

/**
 * The reverse: takes the socket of a fer_unix_stream, which is CLOSED then.
 *
 * Blocks: never.
 * Owns: socket owns it then.
 * Errors: FER_INVALID_INPUT (misuse; socket is not empty).
 * Rust: socket2: From<UnixStream> for Socket.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_from_unix_stream(fer_socket *socket,
                                                           fer_unix_stream *stream);

/**
 * Turns the socket into a fer_unix_listener. It is CLOSED then.
 *
 * It must be a Unix stream that listens.
 *
 * Blocks: never.
 * Owns: out owns the socket then.
 * Errors: FER_INVALID_INPUT (misuse; another kind of socket; out is not empty).
 * Rust: socket2: From<Socket> for UnixListener. Differs: that checks nothing.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_into_unix_listener(fer_socket *socket,
                                                             fer_unix_listener *out);

/**
 * The reverse: takes the socket of a fer_unix_listener, which is CLOSED then.
 *
 * Blocks: never.
 * Owns: socket owns it then.
 * Errors: FER_INVALID_INPUT (misuse; socket is not empty).
 * Rust: socket2: From<UnixListener> for Socket.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_from_unix_listener(fer_socket *socket,
                                                             fer_unix_listener *listener);

/**
 * Turns the socket into a fer_unix_datagram. It is CLOSED then.
 *
 * It must be a Unix datagram socket.
 *
 * Blocks: never.
 * Owns: out owns the socket then.
 * Errors: FER_INVALID_INPUT (misuse; another kind of socket; out is not empty).
 * Rust: socket2: From<Socket> for UnixDatagram. Differs: that checks nothing.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_into_unix_datagram(fer_socket *socket,
                                                             fer_unix_datagram *out);

/**
 * The reverse: takes the socket of a fer_unix_datagram, which is CLOSED then.
 *
 * Blocks: never.
 * Owns: socket owns it then.
 * Errors: FER_INVALID_INPUT (misuse; socket is not empty).
 * Rust: socket2: From<UnixDatagram> for Socket.
 * Threads: no other call on the handle at the same time.
 */
FER_MUST_USE FER_API fer_error fer_socket_from_unix_datagram(fer_socket *socket,
                                                             fer_unix_datagram *datagram);

#ifdef __cplusplus
}
#endif

#endif
