/* socket.h: sockets that are built step by step: create, set options, then bind, connect or listen,
 * and convert to a handle of their type. For options that must be set before bind or connect, and
 * for raw sockets (SOCK_RAW).
 *
 *     fer_socket socket = {0};
 *     fer_tcp_listener listener = {0};
 *     FER_TRY(fer_socket_new(&socket, FER_DOMAIN_IPV6, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
 *     FER_TRY(fer_socket_set_only_v6(&socket, true));
 *     FER_TRY(fer_socket_bind(&socket, &addr));
 *     FER_TRY(fer_socket_listen(&socket, 1024));
 *     FER_TRY(fer_socket_into_tcp_listener(&socket, &listener));
 *
 * A function that returns before the last line must call fer_socket_close(&socket), which does
 * nothing after that line.
 *
 * A program that has one path for IP and Unix sockets converts nothing: fer_socket_accept,
 * fer_socket_connect and fer_socket_connect_unix make its connections, and fer_socket_as_stream
 * (io.h) reads and writes them.
 *
 * docs/RULES.md has what holds for every call (ferrule_rules(7)). Every call here that opens no
 * handle and returns a fer_error is FER_MISUSE on a NEW handle too.
 *
 * On a stream whose connect failed only fer_socket_take_error, fer_socket_ready, fer_socket_as_raw,
 * fer_socket_into_raw, close and conversion are allowed. Every other call is FER_MISUSE (rule C5).
 *
 * An option that this kind of socket does not have is FER_UNSUPPORTED. os_code is 0 if no system
 * has it. In the lines that begin with "Rust:", "socket2" is the crate of that name, because
 * std::net has no builder.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_MISUSE and other errors of the OS.
 * Rust: socket2: TYPE::NAME.
 * Threads: concurrent with any other call on the handle except close. */
#ifndef FERRULE_SOCKET_H
#define FERRULE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"

FER_BEGIN_DECLS

/* A socket of any kind. Initialize to all zero bytes. Its members are private. */
typedef struct fer_socket {
    fer_handle handle_;
} fer_socket;

/* The family of the socket's addresses. Any other value is FER_INVALID_INPUT. */
typedef enum fer_domain {
    FER_DOMAIN_UNIX = 1,
    FER_DOMAIN_IPV4 = 4,
    FER_DOMAIN_IPV6 = 6
} fer_domain;

/* The kind of transfer. Any other value is FER_INVALID_INPUT. */
typedef enum fer_type { FER_TYPE_STREAM = 1, FER_TYPE_DGRAM = 2, FER_TYPE_RAW = 3 } fer_type;

/* Some of IANA's protocol numbers, which every system has. Any other number is allowed too.
 * FER_PROTOCOL_DEFAULT is the type's own protocol, TCP or UDP. */
#define FER_PROTOCOL_DEFAULT 0
#define FER_PROTOCOL_ICMP 1
#define FER_PROTOCOL_TCP 6
#define FER_PROTOCOL_UDP 17
#define FER_PROTOCOL_ICMPV6 58

/* ---- Creation and closing
 *
 * Threads: no concurrent call on the handle. */

/** Makes a socket. Like every socket of the library, it is not inherited by child processes and
 * raises no SIGPIPE. An IPv6 socket handles IPv4 too, unless fer_socket_set_only_v6 excludes it. On
 * OpenBSD it handles IPv6 only. Raw sockets need a privilege on nearly every system (raw(7):
 * CAP_NET_RAW; "TCP/IP Raw Sockets", MSDN: administrators).
 * Owns: the handle owns the socket until fer_socket_close or a conversion to another handle.
 * Errors: FER_PERMISSION_DENIED (FER_TYPE_RAW; datagrams of ICMP), FER_UNSUPPORTED (this system
 * does not have that kind of socket), FER_TOO_MANY_OPEN_FILES, FER_NO_BUFFER_SPACE, FER_MISUSE,
 * FER_INVALID_INPUT (an unknown domain or type; a negative protocol) and other errors of the OS. */
FER_MUST_USE FER_API fer_error fer_socket_new(fer_socket *socket, fer_domain domain, fer_type type,
                                              int protocol) FER_INOUT(1);

/** Closes the handle. Does nothing on NULL, NEW and CLOSED handles.
 * Blocks: never, except for a linger time that was set.
 * Owns: releases the handle's socket.
 * Rust: socket2: Socket's Drop. */
FER_API void fer_socket_close(fer_socket *socket) FER_INOUT(1);

/** Makes a second handle of the same socket. Options, the blocking mode and timeouts are shared. A
 * stream must be connected or listening, because a clone made before that would not detect a
 * connect through the other handle. On a pending connect the call first queries the OS for the
 * result.
 * Owns: out is a separate handle; close it with fer_socket_close. The last close ends the socket.
 * Errors: same as fer_tcp_stream_try_clone.
 * Threads: concurrent with any other call on the handle except close. */
FER_MUST_USE FER_API fer_error fer_socket_try_clone(fer_socket *socket, fer_socket *out)
    FER_INOUT(1) FER_INOUT(2);

/** Returns the raw socket (file descriptor or SOCKET), or FER_RAW_SOCKET_NONE if there is none. It
 * is available during a pending connect and after a failed one too, for use with a poller. On
 * Windows the SOCKET itself is always nonblocking, whatever mode was set.
 * Owns: the handle still owns the socket. Do not close the raw socket.
 * Rust: socket2: Socket::as_raw_fd, as_raw_socket.
 * Threads: concurrent with any other call on the handle except close. */
FER_API fer_raw_socket fer_socket_as_raw(const fer_socket *socket);

/** Takes ownership of a socket that was made elsewhere, in any state. It may be of any kind that
 * fer_socket_new makes, or of two others (rule R4). A stream of another address family (AF_VSOCK)
 * can be converted to a fer_tcp_stream to read and write. A Unix socket of type SOCK_SEQPACKET can
 * be converted to a fer_unix_datagram and sends to its peer only. A pending connect that was
 * started elsewhere continues, and its result is reported as after a nonblocking
 * fer_socket_connect. Wine 8 reports such a socket as unconnected. Of an IP datagram socket the
 * segment size that was set for all its sends becomes 0 (rule B4).
 * Owns: on success the handle owns raw. On failure the caller still owns raw, unchanged.
 * Errors: FER_MISUSE (the handle is open), FER_BAD_HANDLE (raw is not an open socket),
 * FER_INVALID_INPUT (any other kind; not overlapped: see fer_tcp_stream_from_raw) and other errors
 * of the OS.
 * Rust: socket2: Socket::from_raw_fd, from_raw_socket. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_socket_from_raw(fer_socket *socket, fer_raw_socket raw)
    FER_INOUT(1);

/** Lends a socket that the program keeps, in any state, to the handle: for the calls of this header
 * and of fer_socket_as_stream on a socket of other code. It may be of any kind that
 * fer_socket_from_raw takes. The program may use raw meanwhile, and closes it after the handle.
 *
 * Closing the handle, or what it was converted to, forgets the socket and leaves it open, and so
 * does fer_socket_into_raw, which returns raw. The blocking mode and the timeouts that were set
 * through the handle stay on the socket, and so do options and a shutdown, also that of a graceful
 * close. A clone is a duplicate that the clone owns (rule R5). A handle that is never closed leaks
 * no socket.
 *
 * Limits and timeouts of a listener make the socket nonblocking on POSIX until the handle is
 * closed. Meanwhile accept of the program is EAGAIN, another handle of the socket is in nonblocking
 * mode, and a mode or a timeout that the program sets itself is lost at the end. Two handles of one
 * socket know nothing of each other's limits, timeouts and modes; on Windows the end of one borrow
 * makes the SOCKET blocking, and a call of the other may then wait beyond its limits (`raw_mode`).
 *
 * Windows: while the handle is open the SOCKET is nonblocking, and its timeouts are kept by the
 * handle. Afterwards it is in blocking mode, because the mode that it had cannot be queried, unless
 * fer_socket_set_nonblocking has set the other one, a clone was made, or the program has called
 * WSAEventSelect or WSAAsyncSelect for it: then it stays nonblocking. What fer_socket_from_raw
 * sets stays set: SO_NOSIGPIPE on macOS, no IP_RECVERR of an IP socket on Linux, no
 * SIO_UDP_CONNRESET on Windows, no segment size of an IP datagram socket (rule B4).
 * Owns: the program still owns raw, in every case. Do not close it while the handle is open.
 * Errors: same as fer_socket_from_raw.
 * Rust: socket2: SockRef::from(&BorrowedFd). Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_socket_borrow_raw(fer_socket *socket, fer_raw_socket raw)
    FER_INOUT(1);

/** Releases the raw socket to the caller and leaves a CLOSED handle. Returns FER_RAW_SOCKET_NONE if
 * there is none, and on Windows if the system lacks the resources to release a datagram socket with
 * clones, open or closed: the handle then stays open. Same as fer_tcp_stream_into_raw: the socket
 * has the blocking mode and the timeouts that were set.
 * Owns: the caller owns the returned socket and must close it.
 * Rust: socket2: Socket::into_raw_fd, into_raw_socket. */
FER_MUST_USE FER_API fer_raw_socket fer_socket_into_raw(fer_socket *socket) FER_INOUT(1);

/* ---- What the socket is. Every other handle has these calls by _as_socket. */

/** Stores the family of the socket's addresses in *out.
 * Errors: FER_UNSUPPORTED (neither IP nor Unix addresses), FER_MISUSE. */
FER_MUST_USE FER_API fer_error fer_socket_domain(const fer_socket *socket, fer_domain *out);

/** Stores the type of the socket in *out.
 * Errors: FER_UNSUPPORTED (SOCK_SEQPACKET), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_type(const fer_socket *socket, fer_type *out);

/** Stores the number of the socket's protocol in *out: the type's own protocol for a socket that
 * was made with FER_PROTOCOL_DEFAULT, and 0 for a Unix socket.
 * Errors: FER_UNSUPPORTED (a protocol without ports, or a family other than IP and Unix, on macOS
 * and NetBSD, which do not report it), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_protocol(const fer_socket *socket, int *out);

/** Stores in *out whether the socket listens (SO_ACCEPTCONN).
 * Rust: socket2: Socket::is_listener. */
FER_MUST_USE FER_API fer_error fer_socket_is_listening(const fer_socket *socket, bool *out);

/* ---- Options. If bind or connect should use an option, set it before that call. */

/** Sets whether bind may use an address that is still occupied by ended connections (streams) or
 * used by other sockets (datagrams). bind of a stream uses the value that was set through the same
 * handle, bind of a datagram socket the value that was set last, through any handle of the socket.
 * Rule L1 has the streams of each system: Windows' own SO_REUSEADDR would let another program take
 * the port, so streams do not use it. Datagram sockets that all set this option share a port on
 * every system, for example to receive multicast. The system chooses which of them receives a
 * unicast datagram. On a Unix socket the call is FER_OK and does nothing, because no system binds a
 * path that exists.
 * Errors: FER_INVALID_INPUT (true for a bound datagram socket on Windows), and the default.
 * Rust: the default. Differs: SO_REUSEADDR of streams on Windows. */
FER_MUST_USE FER_API fer_error fer_socket_set_reuse_address(fer_socket *socket, bool reuse)
    FER_INOUT(1);

/** Stores in *out the reuse setting that bind will use: false for a Unix socket.
 * Rust: the default. Differs: true for a fresh stream, because bind sets it. */
FER_MUST_USE FER_API fer_error fer_socket_reuse_address(const fer_socket *socket, bool *out);

/** Sets whether sockets that all set this option share a port (SO_REUSEPORT). New connections or
 * datagrams are distributed among them.
 * Errors: FER_UNSUPPORTED (Windows; Unix sockets), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_set_reuse_port(fer_socket *socket, bool reuse)
    FER_INOUT(1);

/** Stores in *out the value of fer_socket_set_reuse_port.
 * Errors: same as fer_socket_set_reuse_port. */
FER_MUST_USE FER_API fer_error fer_socket_reuse_port(const fer_socket *socket, bool *out);

/** Sets whether an IPv6 socket excludes IPv4. If this option was not set through the same handle, a
 * bind to [::] or to an IPv4-mapped address enables both families (FER_UNSUPPORTED on OpenBSD).
 * Errors: FER_UNSUPPORTED (not an IPv6 socket), FER_MISUSE (also of a stream that listens, or had a
 * connect), FER_INVALID_INPUT (already bound; false on OpenBSD, which has no dual stack) and other
 * errors of the OS. */
FER_MUST_USE FER_API fer_error fer_socket_set_only_v6(fer_socket *socket, bool only_v6)
    FER_INOUT(1);

/** Stores in *out whether an IPv6 socket excludes IPv4.
 * Errors: FER_UNSUPPORTED (not an IPv6 socket), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_only_v6(const fer_socket *socket, bool *out);

/** Requests a receive buffer of size bytes, at least 1. The system may round the size, and limits
 * it (Linux: socket(7), rmem_max and wmem_max). Set it before connect or listen, because TCP
 * negotiates the window with the first packet.
 * Errors: FER_INVALID_INPUT (0), FER_NO_BUFFER_SPACE (macOS and the BSDs: above the limit), and the
 * default. */
FER_MUST_USE FER_API fer_error fer_socket_set_recv_buffer_size(fer_socket *socket, size_t size)
    FER_INOUT(1);

/** Stores the actual receive buffer size in *out, in the unit of fer_socket_set_recv_buffer_size.
 * Rust: the default. Differs: Linux reports twice the size (socket(7)); this function does not. */
FER_MUST_USE FER_API fer_error fer_socket_recv_buffer_size(const fer_socket *socket, size_t *out);

/** Requests a send buffer of size bytes. Same as fer_socket_set_recv_buffer_size. Set it before
 * connect or listen, as tcp(7) advises.
 * Errors: same as fer_socket_set_recv_buffer_size. */
FER_MUST_USE FER_API fer_error fer_socket_set_send_buffer_size(fer_socket *socket, size_t size)
    FER_INOUT(1);

/** Stores the actual send buffer size in *out, in the unit of fer_socket_set_send_buffer_size.
 * Rust: the default. Differs: Linux reports twice the size (socket(7)); this function does not. */
FER_MUST_USE FER_API fer_error fer_socket_send_buffer_size(const fer_socket *socket, size_t *out);

/** Sets TCP keepalive. Same as fer_tcp_stream_set_keepalive. Accepted streams inherit it.
 * Errors: FER_UNSUPPORTED (a time or interval that this OS lacks; not TCP), and the default.
 * Rust: socket2: Socket::set_keepalive, set_tcp_keepalive. */
FER_MUST_USE FER_API fer_error fer_socket_set_keepalive(fer_socket *socket,
                                                        const fer_tcp_keepalive *keepalive)
    FER_INOUT(1);

/** Stores the keepalive settings in *out. Same as fer_tcp_stream_keepalive.
 * Errors: FER_UNSUPPORTED (not TCP); otherwise same as fer_tcp_stream_keepalive.
 * Rust: socket2: Socket::keepalive, keepalive_time, keepalive_interval, keepalive_retries. */
FER_MUST_USE FER_API fer_error fer_socket_keepalive(const fer_socket *socket,
                                                    fer_tcp_keepalive *out);

/** Sets how long sent bytes may stay without an acknowledgement before the system ends the
 * connection with FER_CONNECTION_TIMED_OUT. On Linux it is also how long a peer that acknowledges
 * everything may read nothing, while bytes wait to be sent (a closed window), it takes the place of
 * the retries of keepalive, and it ends a pending connect that has no answer, after 1 s at the
 * earliest (`user_timeout`). FER_DURATION_NONE, the default, is the system's own time, some minutes
 * (Linux: tcp(7), tcp_retries2). The time is rounded up to milliseconds, and on macOS and Windows
 * to seconds. Above 24.8 days it is 24.8 days. Linux has this option as TCP_USER_TIMEOUT (tcp(7);
 * RFC 5482), macOS as TCP_RXT_CONNDROPTIME, Windows as TCP_MAXRT ("IPPROTO_TCP socket options",
 * MSDN).
 * Errors: FER_UNSUPPORTED (not TCP; an OS without this option), FER_INVALID_INPUT (a time of 0),
 * and the default.
 * Rust: the default. Differs: macOS and Windows too. */
FER_MUST_USE FER_API fer_error fer_socket_set_tcp_user_timeout(fer_socket *socket,
                                                               fer_duration timeout) FER_INOUT(1);

/** Stores the time of fer_socket_set_tcp_user_timeout in *out, FER_DURATION_NONE if none was set.
 * Errors: FER_UNSUPPORTED (not TCP; an OS without this option), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_tcp_user_timeout(const fer_socket *socket,
                                                           fer_duration *out);

/** Sets what close does with unsent data. Same as fer_tcp_stream_set_linger.
 * Errors: FER_UNSUPPORTED (not a stream), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_set_linger(fer_socket *socket, fer_duration linger)
    FER_INOUT(1);

/** Stores the linger time in *out. Same as fer_tcp_stream_linger.
 * Errors: same as fer_socket_set_linger. */
FER_MUST_USE FER_API fer_error fer_socket_linger(const fer_socket *socket, fer_duration *out);

/** Turns Nagle's algorithm off (true) or on (false). Same as fer_tcp_stream_set_nodelay. Accepted
 * streams inherit it from a listener on most systems, but not on all.
 * Errors: FER_UNSUPPORTED (not TCP), and the default.
 * Rust: socket2: Socket::set_tcp_nodelay. */
FER_MUST_USE FER_API fer_error fer_socket_set_nodelay(fer_socket *socket, bool nodelay)
    FER_INOUT(1);

/** Stores in *out whether Nagle's algorithm is off. Same as fer_tcp_stream_nodelay.
 * Errors: FER_UNSUPPORTED (not TCP); otherwise same as fer_tcp_stream_nodelay.
 * Rust: socket2: Socket::tcp_nodelay. */
FER_MUST_USE FER_API fer_error fer_socket_nodelay(const fer_socket *socket, bool *out);

/** Sets the time to live of packets, 1 to 255. On an IPv6 socket this is the unicast hop limit.
 * Errors: FER_INVALID_INPUT (outside 1 to 255), FER_UNSUPPORTED (Unix sockets), and the default.
 * Rust: socket2: Socket::set_ttl_v4, set_unicast_hops_v6. */
FER_MUST_USE FER_API fer_error fer_socket_set_ttl(fer_socket *socket, uint32_t ttl) FER_INOUT(1);

/** Stores the time to live in *out. On an IPv6 socket this is the unicast hop limit.
 * Errors: FER_UNSUPPORTED (Unix sockets); otherwise same as fer_tcp_stream_ttl.
 * Rust: socket2: Socket::ttl_v4, unicast_hops_v6. */
FER_MUST_USE FER_API fer_error fer_socket_ttl(const fer_socket *socket, uint32_t *out);

/** Sets the type of service, 0 to 255: IPv4's octet of that name, or IPv6's traffic class. The
 * upper six bits are the DSCP (RFC 2474). On a stream the two lowest bits must be 0, because TCP
 * uses them for explicit congestion notification (RFC 3168, 5). Windows may accept the call and
 * mark no packet ("IPPROTO_IP Socket Options", MSDN: IP_TOS).
 * Errors: FER_INVALID_INPUT (out of range), FER_UNSUPPORTED (Unix sockets; an OS without this
 * option), and the default.
 * Rust: socket2: Socket::set_tos_v4, set_tclass_v6. */
FER_MUST_USE FER_API fer_error fer_socket_set_tos(fer_socket *socket, uint32_t tos) FER_INOUT(1);

/** Stores the type of service in *out.
 * Errors: FER_UNSUPPORTED (Unix sockets; an OS without this option), and the default.
 * Rust: socket2: Socket::tos_v4, tclass_v6. */
FER_MUST_USE FER_API fer_error fer_socket_tos(const fer_socket *socket, uint32_t *out);

/** Sets whether the socket may send to broadcast addresses.
 * Errors: FER_UNSUPPORTED (streams; Unix sockets), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_set_broadcast(fer_socket *socket, bool broadcast)
    FER_INOUT(1);

/** Stores in *out whether the socket may send to broadcast addresses.
 * Errors: same as fer_socket_set_broadcast. */
FER_MUST_USE FER_API fer_error fer_socket_broadcast(const fer_socket *socket, bool *out);

/** Restricts sending and receiving to one network interface, for example "eth0", whatever its
 * addresses are. NULL removes the restriction. Linux has this option as SO_BINDTODEVICE (before
 * version 5.7 a privilege is needed), macOS as IP_BOUND_IF. On other systems bind to an address of
 * the network interface. If it is removed, a socket is bound to nothing: sends and connects are
 * FER_NOT_FOUND or FER_NETWORK_UNREACHABLE on Linux, and receives wait without an event, until the
 * next bind_device (`device_removed`).
 * Errors: FER_NOT_FOUND (no such network interface), FER_PERMISSION_DENIED, FER_UNSUPPORTED (an OS
 * without this option; Unix sockets), FER_MISUSE, FER_INVALID_INPUT (an empty name, or one of more
 * than 15 bytes) and other errors of the OS.
 * Rust: socket2: Socket::bind_device, bind_device_by_index_v4. */
FER_MUST_USE FER_API fer_error fer_socket_bind_device(fer_socket *socket,
                                                      const char *FER_NULLABLE name) FER_INOUT(1);

/** Sets whether child processes inherit the raw socket: false, the default, sets FD_CLOEXEC, or
 * clears HANDLE_FLAG_INHERIT on Windows. It belongs to the raw socket and not to the socket: a
 * clone starts with false. A child made by fork without exec has every descriptor. A SOCKET of a
 * layered provider is not usable in a child (reported): pass it with WSADuplicateSocketW.
 * Rust: socket2: Socket::set_cloexec, set_no_inherit. Differs: true is false there. */
FER_MUST_USE FER_API fer_error fer_socket_set_inheritable(fer_socket *socket, bool inheritable)
    FER_INOUT(1);

/** Stores in *out whether child processes inherit the raw socket.
 * Rust: socket2: Socket::cloexec. Differs: true is false there, and Windows too. */
FER_MUST_USE FER_API fer_error fer_socket_inheritable(const fer_socket *socket, bool *out);

/* ---- Modes */

/** Sets the limits of the calls on this handle that wait: a deadline, a token, signals (cancel.h).
 * Same as fer_tcp_stream_set_limits. What the socket is converted to begins without limits, as
 * clones do.
 * Owns: same as fer_tcp_stream_set_limits.
 * Errors: same as fer_tcp_stream_set_limits.
 * Rust: none in std; tokio::time::timeout and select! around a connect or an accept. */
FER_MUST_USE FER_API fer_error fer_socket_set_limits(fer_socket *socket,
                                                     const fer_limits *FER_NULLABLE limits)
    FER_INOUT(1);

/** Sets nonblocking mode (true) or blocking mode (false). Same as fer_tcp_stream_set_nonblocking.
 * In nonblocking mode fer_socket_connect only starts to connect. */
FER_MUST_USE FER_API fer_error fer_socket_set_nonblocking(fer_socket *socket, bool nonblocking)
    FER_INOUT(1);

/** Sets the timeout of each single read or receive call. Same as fer_tcp_stream_set_read_timeout.
 * On a stream that listens, or will listen, it is the timeout of each accept, also through
 * fer_tcp_listener_as_socket. It is rounded up to milliseconds and limited to 12 days. Clones share
 * it, and accepted streams do not inherit it. A call in progress keeps the timeout that it began
 * with. ferrule waits itself, because macOS, the BSDs and Windows ignore SO_RCVTIMEO in accept. On
 * POSIX the first timeout of a listener makes the descriptor nonblocking (see
 * fer_tcp_listener_set_nonblocking). For a deadline, see fer_tcp_listener_set_limits.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_set_read_timeout(fer_socket *socket, fer_duration timeout)
    FER_INOUT(1);

/** Stores the read timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_socket_read_timeout(const fer_socket *socket, fer_duration *out);

/** Sets the timeout of each single write or send call. FER_DURATION_NONE, the default, waits
 * without limit.
 * Errors: FER_INVALID_INPUT (a timeout of 0), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_set_write_timeout(fer_socket *socket,
                                                            fer_duration timeout) FER_INOUT(1);

/** Stores the write timeout in *out, in the OS's resolution. FER_DURATION_NONE means no timeout. */
FER_MUST_USE FER_API fer_error fer_socket_write_timeout(const fer_socket *socket,
                                                        fer_duration *out);

/* ---- Binding, listening, connecting
 *
 * Threads: no concurrent call on the handle. */

/** Binds to an address of the socket's own family, with the options that were set. Otherwise same
 * as fer_tcp_listener_bind_addr and fer_udp_socket_bind_addr, but a stream does not listen yet.
 * With port 0 the OS chooses an ephemeral port.
 * Errors: FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE, FER_PERMISSION_DENIED, FER_UNSUPPORTED ([::] or
 * an IPv4-mapped address on OpenBSD without only_v6), FER_MISUSE, FER_INVALID_INPUT (another
 * family; a Unix socket; already bound) and other errors of the OS.
 * Rust: the default. Differs: bind sets the options that were not set, as
 * fer_tcp_listener_bind_addr and fer_udp_socket_bind_addr do. */
FER_MUST_USE FER_API fer_error fer_socket_bind(fer_socket *socket, const fer_socket_addr *addr)
    FER_INOUT(1);

/** Binds to a Unix address. Otherwise same as fer_socket_bind.
 * Owns: addr is not kept. The path remains when the socket is closed.
 * Errors: FER_INVALID_INPUT (not a Unix socket; an unnamed address; already bound); otherwise same
 * as fer_unix_listener_bind, but never FER_TOO_MANY_OPEN_FILES.
 * Rust: socket2: Socket::bind with SockAddr::unix. */
FER_MUST_USE FER_API fer_error fer_socket_bind_unix(fer_socket *socket, const fer_unix_addr *addr)
    FER_INOUT(1);

/** Starts to listen, with an accept queue of about backlog connections. 0 is the system's choice
 * (`backlog_zero`). A backlog above the system's limit is cut to it (Linux: listen(2), somaxconn).
 * An unbound IP socket is bound to an ephemeral port on every address. On a listening socket the
 * call changes the backlog, except on Windows ("listen function", MSDN).
 * Errors: FER_ADDR_IN_USE (a socket with the same address listens), FER_UNSUPPORTED (an unbound
 * IPv6 socket on OpenBSD without only_v6), FER_MISUSE (also if it is not a
 * stream, or connected or connecting), FER_INVALID_INPUT (a negative backlog; an unbound Unix
 * socket), FER_TOO_MANY_OPEN_FILES (Windows) and
 * other errors of the OS. */
FER_MUST_USE FER_API fer_error fer_socket_listen(fer_socket *socket, int backlog) FER_INOUT(1);

/** Waits for a connection and accepts it as a fer_socket, on a listener of IP or Unix addresses.
 * out begins as an accepted stream of the listener's family: in blocking mode, without timeouts and
 * not inherited. fer_socket_as_stream has its transfers. peer may be NULL. *peer is the peer's
 * address, and for a Unix listener all zero bytes, which is no address of any family:
 * fer_socket_peer_addr_unix of out has the name. Otherwise same as fer_tcp_listener_accept or
 * fer_unix_listener_accept.
 * Blocks: same as fer_tcp_listener_accept; the timeout is that of fer_socket_set_read_timeout.
 * Owns: the handle out owns the connection until fer_socket_close or a conversion.
 * Errors: FER_INVALID_INPUT (a socket that does not listen; a listener of another family);
 * otherwise same as fer_tcp_listener_accept.
 * Threads: any number of concurrent calls on one listener, each with its own out. */
FER_MUST_USE FER_API fer_error fer_socket_accept(fer_socket *listener, fer_socket *out,
                                                 fer_socket_addr *FER_NULLABLE peer) FER_INOUT(1)
    FER_INOUT(2);

/** Accepts a queued connection and never waits, regardless of the blocking mode. Otherwise same as
 * fer_socket_accept and fer_tcp_listener_try_accept.
 * Blocks: never, except as fer_tcp_listener_try_accept.
 * Owns: same as fer_socket_accept.
 * Errors: FER_WOULD_BLOCK (no connection is queued); otherwise same as fer_socket_accept in
 * nonblocking mode.
 * Rust: socket2: Socket::accept, nonblocking for one call.
 * Threads: same as fer_socket_accept. */
FER_MUST_USE FER_API fer_error fer_socket_try_accept(fer_socket *listener, fer_socket *out,
                                                     fer_socket_addr *FER_NULLABLE peer)
    FER_INOUT(1) FER_INOUT(2);

/** Connects to an address, on a stream of the socket's own family. In nonblocking mode a stream
 * only starts to connect. The result is FER_WOULD_BLOCK and the connect is pending (rule C5). Wait
 * until the raw socket is writable, with fer_socket_ready or a poller, then call
 * fer_socket_take_error. It returns FER_WOULD_BLOCK during the pending connect, then FER_OK with
 * the result in *out. After a conversion to a fer_tcp_stream, call fer_tcp_stream_take_error
 * instead.
 *
 * A stream whose connect failed cannot be connected again. Make a new socket, because the options
 * and the binding belong to the old one. This includes a connect that a timeout or the handle's
 * limits ended (fer_socket_set_limits), but not one that a signal ended, which is pending. If the
 * limits are reached before the call begins (rule K1), nothing has changed. A datagram or raw
 * socket gets its peer immediately, and another call replaces it. Same as
 * fer_udp_socket_connect_addr, but only to the socket's own family; a protocol without ports
 * ignores the address's port.
 * Blocks: on a stream in blocking mode until connected or failed. The handle's limits end the call,
 * and so does a signal if they are interruptible (rule I4: the connect is then pending). The write
 * timeout does not; fer_socket_connect_timeout has a timeout.
 * Errors: FER_WOULD_BLOCK (pending connect), FER_CANCELLED, FER_TIMED_OUT and FER_INTERRUPTED (the
 * limits), FER_MISUSE (a stream that is connected, connecting, failed or listening),
 * FER_INVALID_INPUT (another family; a datagram socket: as fer_udp_socket_connect_addr); otherwise
 * same as fer_tcp_stream_connect_addr.
 * Rust: the default. Differs: a pending connect is InProgress on POSIX in Rust. */
FER_MUST_USE FER_API fer_error fer_socket_connect(fer_socket *socket, const fer_socket_addr *addr)
    FER_INOUT(1);

/** Connects to an address and waits at most timeout, regardless of the blocking mode, which is
 * unchanged afterwards. FER_DURATION_NONE waits without limit. A datagram or raw socket does not
 * wait. The handle's limits apply in nonblocking mode too, because the call waits; the earlier of
 * timeout and deadline counts (rule K3).
 * Blocks: until connected or failed, at most timeout.
 * Errors: FER_TIMED_OUT (the timeout expired), FER_INVALID_INPUT (a timeout of 0); otherwise same
 * as fer_socket_connect, but never FER_WOULD_BLOCK.
 * Rust: the default. Differs: after an expired timeout the connect has failed on every system. */
FER_MUST_USE FER_API fer_error fer_socket_connect_timeout(fer_socket *socket,
                                                          const fer_socket_addr *addr,
                                                          fer_duration timeout) FER_INOUT(1);

/** Connects a Unix stream. Otherwise same as fer_socket_connect.
 *
 * In nonblocking mode a full accept queue is FER_RESOURCE_BUSY (Linux: connect(2), EAGAIN), as for
 * fer_unix_stream_connect_start. In blocking mode it is FER_TIMED_OUT when the write timeout
 * expires. In both cases no connect is pending, fer_socket_take_error reports FER_OK, and the call
 * can be repeated. The same holds if the handle's limits end the wait for room in the queue. On
 * other systems a full queue is FER_CONNECTION_REFUSED. This call does not connect a Unix datagram
 * socket. Bind that with fer_socket_bind_unix, and connect it as a fer_unix_datagram.
 * Blocks: in blocking mode while the accept queue is full (Linux), at most the write timeout. With
 * limits, the call looks for room every 4 ms, because no event reports it. Neither a signal nor
 * interruptible limits end the call. After a signal, a call with a write timeout looks every 4 ms
 * too.
 * Errors: FER_WOULD_BLOCK (Windows, in nonblocking mode: the connect is pending),
 * FER_RESOURCE_BUSY, FER_TIMED_OUT (the write timeout expired; the deadline), FER_CANCELLED,
 * FER_MISUSE (a stream that is connected, connecting, failed or listening), FER_INVALID_INPUT (not
 * a Unix stream; an unnamed address); otherwise same as fer_unix_stream_connect_addr, but never
 * FER_TOO_MANY_OPEN_FILES.
 * Rust: socket2: Socket::connect with SockAddr::unix. */
FER_MUST_USE FER_API fer_error fer_socket_connect_unix(fer_socket *socket,
                                                       const fer_unix_addr *addr) FER_INOUT(1);

/* ---- Addresses, errors, shutdown, readiness */

/** Stores the socket's local address in *out. Before bind and connect it is unspecified, with port
 * 0.
 * Errors: FER_UNSUPPORTED (Unix sockets: fer_socket_local_addr_unix), and the default.
 * Rust: the default. Differs: in Rust it is WSAEINVAL on Windows before bind. */
FER_MUST_USE FER_API fer_error fer_socket_local_addr(const fer_socket *socket,
                                                     fer_socket_addr *out);

/** Stores the local address of a Unix socket in *out, the unnamed one before bind.
 * Errors: FER_UNSUPPORTED (not a Unix socket), and the default.
 * Rust: socket2: Socket::local_addr with SockAddr::as_pathname. */
FER_MUST_USE FER_API fer_error fer_socket_local_addr_unix(const fer_socket *socket,
                                                          fer_unix_addr *out);

/** Stores the peer address in *out. On a pending connect it first queries the OS for the result.
 * Errors: FER_NOT_CONNECTED, FER_WOULD_BLOCK (pending connect), the cause of a failed connect if
 * this call detects it, FER_UNSUPPORTED (Unix sockets: fer_socket_peer_addr_unix), FER_MISUSE. */
FER_MUST_USE FER_API fer_error fer_socket_peer_addr(const fer_socket *socket, fer_socket_addr *out);

/** Stores the address of the peer of a Unix socket in *out, the unnamed one if it has no name.
 * Otherwise same as fer_socket_peer_addr.
 * Errors: FER_UNSUPPORTED (not a Unix socket); otherwise same as fer_socket_peer_addr.
 * Rust: socket2: Socket::peer_addr with SockAddr::as_pathname. */
FER_MUST_USE FER_API fer_error fer_socket_peer_addr_unix(const fer_socket *socket,
                                                         fer_unix_addr *out);

/** Takes the socket's pending error and stores it in *out. FER_OK means no error. Same as
 * fer_tcp_stream_take_error or fer_udp_socket_take_error. After a started connect, *out is the
 * result of the connect. The cause of a failed connect is stored every time.
 * Errors: FER_WOULD_BLOCK (pending connect), and the default. */
FER_MUST_USE FER_API fer_error fer_socket_take_error(fer_socket *socket, fer_error *out)
    FER_INOUT(1);

/** Shuts down receiving, sending or both. Same as fer_tcp_stream_shutdown for a stream, and as
 * fer_unix_datagram_shutdown for a Unix datagram socket. A UDP or raw socket must be connected.
 * After a shutdown of receiving, each receive call of this handle is FER_OK with out->len 0 and the
 * peer as the sender, which cannot be distinguished from an empty datagram; queued datagrams are
 * not received. A waiting receive call ends the same way, and so does one of a clone, except on
 * Linux (`clone_receives_on`). After a shutdown of sending, send calls are FER_BROKEN_PIPE. The
 * peer is not notified.
 * Errors: FER_NOT_CONNECTED, FER_UNSUPPORTED (listening), FER_INVALID_INPUT, and the default. */
FER_MUST_USE FER_API fer_error fer_socket_shutdown(fer_socket *socket, fer_shutdown how)
    FER_INOUT(1);

/** Waits until the socket is ready for at least one interest: FER_READABLE, FER_WRITABLE, or both
 * joined by |. Same as fer_tcp_stream_ready, fer_tcp_listener_ready or fer_udp_socket_ready,
 * depending on the socket. On a pending connect the call waits for its result. Then a connected
 * socket is writable, and a failed one is ready for every interest.
 * Blocks: same as fer_tcp_stream_ready.
 * Errors: FER_NOT_CONNECTED (an unconnected stream); otherwise same as fer_tcp_listener_ready.
 * Rust: tokio: net::TcpStream::ready, with a timeout, for socket2's Socket. */
FER_MUST_USE FER_API fer_error fer_socket_ready(const fer_socket *socket, fer_interest interest,
                                                fer_duration timeout, fer_interest *ready);

/* ---- Datagrams, for datagram and raw sockets. A stream is read and written as a fer_stream
 * (fer_socket_as_stream, io.h), a Unix datagram socket after a conversion to its own handle.
 *
 * Blocks: same as fer_udp_socket_NAME.
 * Errors: same as fer_udp_socket_NAME. Also FER_UNSUPPORTED (streams; Unix sockets).
 * Threads: same as fer_udp_socket_NAME. */

/** Sends one datagram to the peer. Same as fer_udp_socket_send. */
FER_MUST_USE FER_API fer_error fer_socket_send(fer_socket *socket, const void *FER_NULLABLE buf,
                                               size_t len, size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Sends one datagram to an address. Same as fer_udp_socket_send_to. A protocol without ports
 * ignores the address's port. */
FER_MUST_USE FER_API fer_error fer_socket_send_to(fer_socket *socket, const void *FER_NULLABLE buf,
                                                  size_t len, const fer_socket_addr *to,
                                                  size_t *FER_NULLABLE n) FER_INOUT(1)
    FER_IN_READS(2, 3);

/** Receives one datagram. Same as fer_udp_socket_recv_from. An IPv4 raw socket receives the IP
 * header too, an IPv6 one does not (raw(7); RFC 3542, 3). A datagram socket of ICMP receives it on
 * macOS and not on Linux (`icmp_datagrams`). */
FER_MUST_USE FER_API fer_error fer_socket_recv_from(fer_socket *socket, void *FER_NULLABLE buf,
                                                    size_t len, fer_udp_received *out) FER_INOUT(1)
    FER_OUT_WRITES(2, 3);

/* ---- Conversions to the handle types of tcp.h, udp.h and unix.h. The socket keeps its options and
 * its state, and the fer_socket is CLOSED. A failed call changes nothing.
 *
 * Owns: out owns the socket afterwards.
 * Errors: FER_MISUSE (out is open), FER_INVALID_INPUT (another kind of socket).
 * Threads: no concurrent call on either handle. */

/** Converts the socket to a fer_tcp_stream. It must be a stream that does not listen, and no Unix
 * socket. Every other state is allowed, even unconnected: reads and writes are then
 * FER_NOT_CONNECTED.
 * Rust: socket2: From<Socket> for TcpStream. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_socket_into_tcp_stream(fer_socket *socket, fer_tcp_stream *out)
    FER_INOUT(1) FER_INOUT(2);

/** Converts the socket to a fer_tcp_listener. It must be an IP stream that listens.
 * Rust: socket2: From<Socket> for TcpListener. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_socket_into_tcp_listener(fer_socket *socket,
                                                            fer_tcp_listener *out) FER_INOUT(1)
    FER_INOUT(2);

/** Converts the socket to a fer_udp_socket. It must be a UDP socket, bound or not.
 * Rust: socket2: From<Socket> for UdpSocket. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_socket_into_udp_socket(fer_socket *socket, fer_udp_socket *out)
    FER_INOUT(1) FER_INOUT(2);

/** Converts the socket to a fer_unix_stream. It must be a Unix stream that does not listen. Every
 * other state is allowed.
 * Rust: socket2: From<Socket> for UnixStream. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_socket_into_unix_stream(fer_socket *socket, fer_unix_stream *out)
    FER_INOUT(1) FER_INOUT(2);

/** Converts the socket to a fer_unix_listener. It must be a Unix stream that listens.
 * Rust: socket2: From<Socket> for UnixListener. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_socket_into_unix_listener(fer_socket *socket,
                                                             fer_unix_listener *out) FER_INOUT(1)
    FER_INOUT(2);

/** Converts the socket to a fer_unix_datagram. It must be a Unix datagram socket, or one of
 * SOCK_SEQPACKET that does not listen.
 * Rust: socket2: From<Socket> for UnixDatagram. Differs: the socket is checked. */
FER_MUST_USE FER_API fer_error fer_socket_into_unix_datagram(fer_socket *socket,
                                                             fer_unix_datagram *out) FER_INOUT(1)
    FER_INOUT(2);

/* ---- Every other handle as a fer_socket, for the options that its type does not have.
 *
 * Owns: nothing. The result is valid as long as the handle stays at its address.
 * Rust: socket2: SockRef::from(&TYPE).
 * Threads: concurrent with any call on the handle, except those that open or close it. */

/** Returns a fer_tcp_stream as a fer_socket. It is the same handle, for the calls of this header.
 * NULL for NULL. Do not close or convert the result, and do not call fer_socket_into_raw: these
 * calls end the stream. The calls check the state of the socket as always: a bind of a bound socket
 * fails, for example. What the type cannot do is FER_UNSUPPORTED. */
FER_API fer_socket *fer_tcp_stream_as_socket(fer_tcp_stream *stream) FER_INOUT(1);

/** Returns a fer_tcp_listener as a fer_socket. Same as fer_tcp_stream_as_socket. */
FER_API fer_socket *fer_tcp_listener_as_socket(fer_tcp_listener *listener) FER_INOUT(1);

/** Returns a fer_udp_socket as a fer_socket. Same as fer_tcp_stream_as_socket. */
FER_API fer_socket *fer_udp_socket_as_socket(fer_udp_socket *socket) FER_INOUT(1);

/** Returns a fer_unix_stream as a fer_socket. Same as fer_tcp_stream_as_socket. */
FER_API fer_socket *fer_unix_stream_as_socket(fer_unix_stream *stream) FER_INOUT(1);

/** Returns a fer_unix_listener as a fer_socket. Same as fer_tcp_stream_as_socket. */
FER_API fer_socket *fer_unix_listener_as_socket(fer_unix_listener *listener) FER_INOUT(1);

/** Returns a fer_unix_datagram as a fer_socket. Same as fer_tcp_stream_as_socket. */
FER_API fer_socket *fer_unix_datagram_as_socket(fer_unix_datagram *datagram) FER_INOUT(1);

/* ---- Network interfaces and services
 *
 * Threads: any number of concurrent calls. */

/* A size that is enough for every name of a network interface, including the NUL. The longest is 16
 * bytes on POSIX systems (IF_NAMESIZE), 257 on Windows (NDIS_IF_MAX_STRING_SIZE). */
#define FER_INTERFACE_NAME_CAP 260

/** Stores the index of a network interface in *out: the scope_id of its link-local addresses, and
 * the interface of fer_udp_socket_join_multicast_v6. interface_name is NUL-terminated, for example
 * "eth0". On Windows it is the name of NDIS, for example "ethernet_32769", and not the alias that
 * programs show ("Ethernet"). An index does not change while the system runs, but an interface can
 * be removed.
 * Errors: FER_NOT_FOUND (no such interface: ENODEV on Linux, ENXIO on macOS and the BSDs, os_code 0
 * on Windows), FER_TOO_MANY_OPEN_FILES (Linux: the query needs a socket), and the default.
 * Rust: none in std and socket2; nix::net::if_::if_nametoindex. */
FER_MUST_USE FER_API fer_error fer_interface_index(const char *interface_name, uint32_t *out);

/** Stores the name of the network interface with an index in buf, with a NUL. cap is the size of
 * buf. FER_INTERFACE_NAME_CAP is enough for every name.
 * Errors: same as fer_interface_index, FER_BUFFER_TOO_SMALL (buf is unchanged), and FER_MISUSE (buf
 * is NULL and cap is not 0).
 * Rust: none in std and socket2; nix::net::if_::if_indextoname. */
FER_MUST_USE FER_API fer_error fer_interface_name(uint32_t index, char *FER_NULLABLE buf,
                                                  size_t cap) FER_OUT_WRITES(2, 3);

/** Stores the port of a service in *out, for example 80 for "http". A "host:port" has a number only
 * (rule A3). A program that takes names of services calls this function first, and then a function
 * of a host and a port, for example fer_lookup_host.
 *
 * type is FER_TYPE_STREAM (TCP) or FER_TYPE_DGRAM (UDP). service is a number, decimal digits from 0
 * to 65535, or a name of 1 to 63 visible characters of ASCII, one of them a letter. A name is
 * passed to the system, which has a list: /etc/services, %SystemRoot%\System32\drivers\etc\services
 * on Windows, or that of a server (nsswitch.conf(5)). Whether case counts depends on the system.
 * Blocks: while the system searches its list, without a timeout. Never for a number.
 * Errors: FER_NOT_FOUND with os_code 0 (no such service for this type), FER_INVALID_INPUT (any
 * other text or type), FER_RESOLVE_TRY_AGAIN and FER_RESOLVE_FAILED as in fer_to_socket_addrs, and
 * FER_MISUSE (service or out is NULL).
 * Rust: none in std and socket2; libc::getservbyname. */
FER_MUST_USE FER_API fer_error fer_service_port(const char *service, fer_type type, uint16_t *out);

FER_END_DECLS

#endif
