/* platform.h: the seam, the only interface between core and an operating system. Each function is
 * one OS operation plus its translation. It makes no decision of policy. A difference between
 * systems that matters to policy is a fact (traits.h). No OS header is included here: arguments and
 * results are core types. Parts of the seam are background.h (memory, threads, lookups),
 * messages.h (batches), handles.h (passed handles) and copying.h (copies).
 *
 * Errors are codes of this host, mapped by the backend's own table (ferp_error_kind), with the code
 * kept. Outputs are written on success only, byte counts always. core has checked that every
 * pointer is valid and every enum value is in range.
 *
 * A comment ends with the system calls used: POSIX | Windows. */
#ifndef FERP_PLATFORM_H
#define FERP_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/poller.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"
#include "platform/background.h"
#include "platform/traits.h"

/* ---- Errors and time */

/* Maps an errno or WSA code to one kind. Every code has a kind: 0 is FER_OK, an unknown code
 * FER_UNCATEGORIZED. */
fer_error_kind ferp_error_kind(int32_t os_code);

#define FERP_NANOS_PER_MILLI UINT64_C(1000000)
#define FERP_NANOS_PER_SECOND UINT64_C(1000000000)

/* Nanoseconds of a monotonic clock with an unspecified origin. clock_gettime(CLOCK_MONOTONIC),
 * on Apple CLOCK_UPTIME_RAW | QueryPerformanceCounter. */
uint64_t ferp_now(void);

/* ---- Creating and closing sockets */

/* Creates a socket that child processes do not inherit and that never raises SIGPIPE, both from its
 * creation if the OS can. It is nonblocking if io_waits_in_kernel is false. The largest datagrams
 * fit into its buffers. protocol is the IANA number, or 0 for the type's default. UNSUPPORTED: this
 * OS, or this version, has no such socket. socket, of datagrams on macOS and the BSDs
 * setsockopt(SO_SNDBUF), getsockopt and setsockopt(SO_RCVBUF) | WSASocketW. */
fer_error ferp_socket_new(fer_domain domain, fer_type type, int protocol, fer_raw_socket *out);

/* Creates another raw socket of the same socket, not inherited. It is nonblocking if
 * io_waits_in_kernel is false. fcntl(F_DUPFD_CLOEXEC) | WSADuplicateSocketW + WSASocketW,
 * SetHandleInformation, FIONBIO. */
fer_error ferp_duplicate(fer_raw_socket raw, fer_raw_socket *out);

/* Closes the raw socket. Its number is invalid afterwards, whatever the OS returns. close |
 * closesocket. */
void ferp_close(fer_raw_socket raw);

/* The type and state of an adopted raw socket. */
typedef struct ferp_description {
    bool is_stream;   /* SOCK_STREAM */
    bool is_datagram; /* SOCK_DGRAM */
    bool is_raw;      /* SOCK_RAW */
    bool is_packets;  /* SOCK_SEQPACKET and is_unix, if the OS keeps the messages apart */
    bool is_ip;       /* AF_INET or AF_INET6 */
    bool is_unix;     /* AF_UNIX */
    /* is_ip, but none of TCP, MPTCP, UDP, UDP-Lite, if the OS reports that; datagrams: no ports */
    bool is_of_other_protocol;
    fer_ip_family family; /* set if is_ip */
    bool is_listening;    /* SO_ACCEPTCONN */
    bool is_connected;    /* ferp_check_connected, or a stream with queued bytes */
    /* a stream whose connect is pending, and on Windows possibly one whose connect has failed;
     * false if the OS cannot report it (Wine 8) */
    bool is_connecting;
    bool is_nonblocking; /* false if the OS cannot report it (Windows) */
} ferp_description;

/* Queries the OS for the description of raw. Error: not a socket. getsockopt, getsockname,
 * getpeername, fcntl(F_GETFL); of an unconnected stream also FIONREAD, on POSIX TCP_INFO. */
fer_error ferp_describe(fer_raw_socket raw, ferp_description *out);

/* Prepares an adopted socket for the other functions here. Its close-on-exec flag does not change.
 * family is that of an IP socket, otherwise 0. On failure the socket is unchanged.
 * setsockopt(SO_NOSIGPIPE) on Apple; of an IP socket setsockopt(IP_RECVERR), and IPV6_RECVERR, on
 * Linux; else nothing | FIONBIO 1. */
fer_error ferp_adopt(fer_raw_socket raw, fer_ip_family family);

/* ---- Addresses and connections */

/* ADDR_NOT_AVAILABLE: also if no port is left. */
fer_error ferp_bind(fer_raw_socket raw, const fer_socket_addr *addr);
fer_error ferp_listen(fer_raw_socket raw, int backlog);

/* Connects. A blocking POSIX socket waits. IN_PROGRESS (or WOULD_BLOCK, see
 * connect_would_block_means_started): the connect has started; a FERP_CONNECTED wait and
 * ferp_take_error report its result. INTERRUPTED: the same, by connect(2). ADDR_NOT_AVAILABLE: also
 * if no local port is left (POSIX; on Windows ADDR_IN_USE or NO_BUFFER_SPACE). A refusal on the
 * loopback is reported without retries, best effort. connect | SIO_TCP_INITIAL_RTO, connect. */
fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr);

/* Removes the peer of a bound datagram socket. The port stays; the address stays, or becomes the
 * wildcard (macOS and the BSDs; on Linux if the connect chose it). connect to AF_UNSPEC, on Linux
 * bind too | connect to the unspecified address. */
fer_error ferp_disconnect(fer_raw_socket raw);

/* Accepts one connection from the queue of a listener, not inherited. peer is NULL if the address
 * is not wanted, which makes the call cheaper, or not an IP address. CONNECTION_ABORTED: the
 * connection failed in the queue, and the listener is usable (each OS has its own list of codes).
 * NOT_CONNECTED: the OS has shut down the listener, and no accept succeeds any more. WOULD_BLOCK:
 * the queue is empty. accept4, accept + fcntl | accept + SetHandleInformation. */
fer_error ferp_accept(fer_raw_socket raw, bool is_unix, fer_raw_socket *out, fer_socket_addr *peer);

fer_error ferp_local_addr(fer_raw_socket raw, fer_socket_addr *out); /* getsockname */
fer_error ferp_peer_addr(fer_raw_socket raw, fer_socket_addr *out);  /* getpeername */

/* FER_OK if the socket is connected. Any failure: it is not, or not yet, because a connect is
 * pending. getpeername | getpeername, and for a stream SO_CONNECT_TIME or select. */
fer_error ferp_check_connected(fer_raw_socket raw);

/* The same after a started connect. It also drops the reports about it (ferp_drop_reports).
 * Linux: poll, and unless that shows the connection, getpeername. Else as ferp_check_connected. */
fer_error ferp_check_started(fer_raw_socket raw);

/* Drops the reports of routers about the SYNs of a connect over IPv4. Linux keeps them in the
 * socket's error queue, also without IP_RECVERR (net/ipv4/tcp_ipv4.c, tcp_v4_err), and poll reports
 * POLLERR as long as one is there. setsockopt(IP_RECVERR) on Linux; else nothing. */
void ferp_drop_reports(fer_raw_socket raw);

/* Whether the connect of a stream that is not connected is still pending; MAY_BE: the OS cannot
 * report it. NOT with SO_ERROR 0: it has failed, and another handle of the socket has, or has
 * taken, the error. TCP_INFO | select. */
typedef enum ferp_pending { FERP_NOT_PENDING, FERP_PENDING, FERP_MAY_BE_PENDING } ferp_pending;
ferp_pending ferp_connect_is_pending(fer_raw_socket raw);

/* ---- Unix sockets: the same functions with Unix addresses. UNSUPPORTED: this OS, or this version,
 * has no such socket. ferp_unix_pair: socketpair | nothing */
fer_error ferp_unix_pair(fer_type type, fer_raw_socket *one, fer_raw_socket *other);
enum { FERP_UNIX_UNNAMED, FERP_UNIX_PATHNAME, FERP_UNIX_ABSTRACT }; /* kinds of address */
fer_error ferp_unix_bind(fer_raw_socket raw, const fer_unix_addr *addr);
fer_error ferp_unix_connect(fer_raw_socket raw, const fer_unix_addr *addr);
fer_error ferp_unix_local_addr(fer_raw_socket raw, fer_unix_addr *out);
fer_error ferp_unix_peer_addr(fer_raw_socket raw, fer_unix_addr *out);
fer_error ferp_unix_peer_cred(fer_raw_socket raw, fer_unix_cred *out); /* SO_PEERCRED | none */

/* ---- The sockaddr of the system's headers, for all backends (platform/common/sockaddr.c)
 *
 * name may be unaligned. _of returns the length, or 0 if it is more than cap; the address has a
 * known kind and length. _to is UNSUPPORTED for another family, and INVALID_INPUT for too few
 * bytes, or too many of a Unix name. Bytes after the system's struct are never read. */
size_t ferp_sockaddr_of(const fer_socket_addr *addr, void *name, size_t cap);
fer_error ferp_sockaddr_to(const void *name, size_t len, fer_socket_addr *out);
size_t ferp_sockaddr_un_of(const fer_unix_addr *addr, void *name, size_t cap);
fer_error ferp_sockaddr_un_to(const void *name, size_t len, fer_unix_addr *out);

/* ---- Bytes. *n is the number of bytes moved, 0 on failure. len and sums are at most
 * io_length_max (of a datagram datagram_length_max), counts at most io_slices_max. */

/* The flags of these functions, as in recv(2) and send(2). The first two have the numbers of Linux
 * and Windows, and of Linux, so that their conversion is a mask there. */
enum {
    FERP_PEEK = 0x02,     /* a receive leaves what it returns in the queue. MSG_PEEK */
    FERP_DONTWAIT = 0x40, /* never waits, in every mode: WOULD_BLOCK. MSG_DONTWAIT | nothing,
                           * because core has set the mode */
    FERP_NOT_UDP = 0x04,  /* the datagrams of ferp_recv_from are not of UDP */
    FERP_UNIX = 0x08      /* received from a Unix stream, or sent to a Unix datagram socket */
};

/* OK with *n == 0 and len > 0 is end of file. BROKEN_PIPE: the read half of this socket is shut
 * down (WSAESHUTDOWN). The vectored form has no FERP_PEEK. */
fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, unsigned flags, size_t *n);
fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                             unsigned flags, size_t *n);
/* BROKEN_PIPE: the write half is shut down, or the connection is closed. Never raises a signal. */
fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, unsigned flags, size_t *n);
fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             unsigned flags, size_t *n);

/* One datagram. A datagram longer than the buffer is truncated on every OS. A sender of family 0:
 * the read half is shut down, and nothing is queued. *out changes on success only. recvfrom (Linux:
 * UDP, MSG_TRUNC), recvmsg | recvfrom (WSAEMSGSIZE). */
fer_error ferp_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                         fer_udp_received *out);
/* Sends one datagram, complete or not at all. ADDR_NOT_AVAILABLE: the socket has no port, and none
 * is left. sendto; after EAGAIN on Linux getsockname. */
fer_error ferp_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                       const fer_socket_addr *addr, size_t *n);

/* As above, with Unix addresses, and without FERP_PEEK. */
fer_error ferp_unix_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                              fer_unix_received *out);
fer_error ferp_unix_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                            const fer_unix_addr *addr, size_t *n);

/* Sets whether a datagram socket reports ports that refuse its datagrams (SIO_UDP_CONNRESET), best
 * effort, and never a time to live that has expired (SIO_UDP_NETRESET). Does nothing elsewhere:
 * POSIX reports refusals on connected sockets only. */
void ferp_report_refusals(fer_raw_socket raw, bool enabled);

/* The number of bytes that one receive can return. ioctl(FIONREAD) | ioctlsocket(FIONREAD). */
fer_error ferp_bytes_queued(fer_raw_socket raw, size_t *n);

fer_error ferp_shutdown(fer_raw_socket raw, fer_shutdown how); /* shutdown */

/* SO_ERROR: stores the pending error (FER_OK if there is none) in *pending, and the OS clears it.
 * The return value is the error of the call itself. */
fer_error ferp_take_error(fer_raw_socket raw, fer_error *pending);

/* ---- Modes. If io_waits_in_kernel is false, core keeps them (core/handle/modes.h): it reads the
 * timeouts of an adopted socket, and sets timeouts and mode before a socket is passed out of the
 * library. Other calls leave the socket nonblocking, and nonblocking calls ignore timeouts. */

typedef enum ferp_direction { FERP_READING = 0, FERP_WRITING = 1 } ferp_direction;

/* NONE removes the timeout. A finite timeout is not 0. It is rounded up to the OS's unit, never to
 * 0 or to NONE, and saturates. SO_RCVTIMEO, SO_SNDTIMEO. */
fer_error ferp_set_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration timeout);
fer_error ferp_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration *out);

/* The blocking mode of the raw socket. ioctl(FIONBIO). */
fer_error ferp_set_nonblocking(fer_raw_socket raw, bool nonblocking);

/* fcntl(F_GETFL) | UNSUPPORTED: Windows cannot report it. */
fer_error ferp_is_nonblocking(fer_raw_socket raw, bool *out);

/* ---- Options. Values are whole numbers in the unit of the OS, booleans 0 and 1. UNSUPPORTED: this
 * OS, or this version, does not have the option. */

/* X(name, kind, level, systems that have it: ALL, POSIX, LINUX or WINDOWS, the system's name). The
 * backends use the names, each in its options.c, which defines the FERP_SYSTEM_ ones. INHERITABLE
 * is FD_CLOEXEC or HANDLE_FLAG_INHERIT, of the raw socket. The last three are read only. */
#define FERP_OPTIONS(X)                                                                   \
    X(REUSE_ADDRESS, BOOLEAN, SOCKET, ALL, SO_REUSEADDR)                                  \
    X(EXCLUSIVE_ADDRESS, BOOLEAN, SOCKET, WINDOWS, SO_EXCLUSIVEADDRUSE)                   \
    X(ONLY_V6, BOOLEAN, IPV6, ALL, IPV6_V6ONLY)                                           \
    X(NODELAY, BOOLEAN, TCP, ALL, TCP_NODELAY)                                            \
    X(TTL_V4, NUMBER, IPV4, ALL, IP_TTL)                                                  \
    X(HOPS_V6, NUMBER, IPV6, ALL, IPV6_UNICAST_HOPS)                                      \
    X(KEEPALIVE, BOOLEAN, SOCKET, ALL, SO_KEEPALIVE)                                      \
    X(KEEPALIVE_TIME, NUMBER, TCP, ALL, FERP_SYSTEM_KEEPALIVE_TIME)         /* seconds */ \
    X(KEEPALIVE_INTERVAL, NUMBER, TCP, ALL, FERP_SYSTEM_KEEPALIVE_INTERVAL) /* seconds */ \
    X(KEEPALIVE_RETRIES, NUMBER, TCP, ALL, FERP_SYSTEM_KEEPALIVE_RETRIES)                 \
    X(REUSE_PORT, BOOLEAN, SOCKET, POSIX, SO_REUSEPORT)                                   \
    X(CONNECT_CHOOSES_PORT, BOOLEAN, IPV4, LINUX, IP_BIND_ADDRESS_NO_PORT)                \
    X(TOS_V4, NUMBER, IPV4, ALL, IP_TOS)                                                  \
    X(TCLASS_V6, NUMBER, IPV6, ALL, IPV6_TCLASS)                                          \
    X(RECV_BUFFER, NUMBER, SOCKET, ALL, SO_RCVBUF) /* bytes, read as it is set */         \
    X(SEND_BUFFER, NUMBER, SOCKET, ALL, SO_SNDBUF) /* bytes */                            \
    X(BROADCAST, BOOLEAN, SOCKET, ALL, SO_BROADCAST)                                      \
    X(MULTICAST_LOOP_V4, BOOLEAN, IPV4, ALL, IP_MULTICAST_LOOP)                           \
    X(MULTICAST_TTL_V4, NUMBER, IPV4, ALL, IP_MULTICAST_TTL)                              \
    X(MULTICAST_LOOP_V6, BOOLEAN, IPV6, ALL, IPV6_MULTICAST_LOOP)                         \
    X(MULTICAST_HOPS_V6, NUMBER, IPV6, ALL, IPV6_MULTICAST_HOPS)                          \
    X(MULTICAST_IF_V4, NUMBER, IPV4, ALL, IP_MULTICAST_IF)      /* an address's octets */ \
    X(MULTICAST_IF_V6, NUMBER, IPV6, ALL, IPV6_MULTICAST_IF)    /* an index */            \
    X(USER_TIMEOUT, NUMBER, TCP, ALL, FERP_SYSTEM_USER_TIMEOUT) /* milliseconds */        \
    X(INHERITABLE, BOOLEAN, SOCKET, ALL, FERP_SYSTEM_NO_OPTION)                           \
    X(TYPE, NUMBER, SOCKET, ALL, SO_TYPE) /* as a fer_type */                             \
    X(PROTOCOL, NUMBER, SOCKET, ALL, FERP_SYSTEM_PROTOCOL)                                \
    X(LISTENING, BOOLEAN, SOCKET, ALL, SO_ACCEPTCONN)

#define FERP_OPTION_OF_ROW(name, ...) FERP_##name,
typedef enum ferp_option { FERP_OPTIONS(FERP_OPTION_OF_ROW) FERP_OPTION_COUNT } ferp_option;

enum { FERP_OPTION_IS_NUMBER, FERP_OPTION_IS_BOOLEAN }; /* a boolean is 0 or 1 */
#define FERP_KIND_BIT(name, kind, ...) | (uint32_t)FERP_OPTION_IS_##kind << FERP_##name
static inline bool ferp_option_is_boolean(ferp_option option)
{
    _Static_assert(FERP_OPTION_COUNT <= 32, "a bit for each option");
    const uint32_t booleans = 0 FERP_OPTIONS(FERP_KIND_BIT);
    return (booleans >> option & 1) != 0;
}

fer_error ferp_set_option(fer_raw_socket raw, ferp_option option, uint32_t value);
fer_error ferp_option_value(fer_raw_socket raw, ferp_option option, uint32_t *out);
typedef enum ferp_membership { FERP_JOIN = 0, FERP_LEAVE = 1 } ferp_membership;
/* IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP; with a source, which may be NULL,
 * IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP: local is an address of the network
 * interface; if it is unspecified, the system chooses. A source that was joined already is
 * ADDR_NOT_AVAILABLE. */
fer_error ferp_change_group_v4(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *source,
                               const fer_ipv4_addr *local);
/* IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP; MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP: with 0 the
 * system chooses the network interface. */
fer_error ferp_change_group_v6(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv6_addr *group, const fer_ipv6_addr *source,
                               uint32_t interface_index);

/* Restricts sending and receiving to one network interface, given by its NUL-terminated name.
 * NOT_FOUND: there is no such interface. SO_BINDTODEVICE, IP_BOUND_IF (macOS) | nothing:
 * UNSUPPORTED. */
fer_error ferp_bind_device(fer_raw_socket raw, fer_ip_family family, const char *name);

/* SO_LINGER (SO_LINGER_SEC on macOS). seconds is at most linger_seconds_max and is used only if on
 * is true. */
struct ferp_linger {
    bool on;
    uint32_t seconds;
};
fer_error ferp_set_linger(fer_raw_socket raw, struct ferp_linger linger);
fer_error ferp_linger(fer_raw_socket raw, struct ferp_linger *out);

/* ---- Waiting: arm, check, wait. core arms the wait, checks for a change by another thread, and
 * waits. A ferp_wake between the check and the wait is not lost. Exactly one ferp_wait_for or
 * ferp_wait_disarm ends an armed wait. */

typedef enum ferp_readiness {
    FERP_READABLE,   /* a stream: receiving returns bytes, EOF or a failure */
    FERP_WRITABLE,   /* a stream: sending succeeds or returns a failure */
    FERP_ACCEPTABLE, /* a listener: a connection is queued */
    FERP_RECEIVABLE, /* a datagram socket: receiving returns a datagram or a failure */
    FERP_CONNECTED   /* a started connect has succeeded or failed */
} ferp_readiness;

/* The caller's storage for one wait. It must not move while the wait is armed. ferp_wait_arm clears
 * all members but the words, and core may set call_deadline and token afterwards. */
typedef struct ferp_wait {
    uintptr_t words[16]; /* the backend's */
    /* The wait is a slice of a longer one, and this is the end of the last slice. Only simulated
     * time uses it: if no event is scheduled and the last slice has no end, further slices would
     * change nothing. */
    uint64_t call_deadline;
    const fer_cancel_token *token; /* ends the wait when it is signalled; NULL: none */
    /* An error of the socket that ended the wait and that the OS reports only once, so it is the
     * result of the receive that follows. ferp_wait_arm, ferp_wait_for and ferp_wait_disarm set it.
     * ferp_wait_for then returns OK: an error that it returns is one of the wait, and says nothing
     * about the socket. */
    fer_error failure;
} ferp_wait;

#define FERP_NO_DEADLINE UINT64_MAX

/* Prepares a poll, without a system call | a zero-byte overlapped WSARecv for FERP_READABLE and
 * FERP_RECEIVABLE, nothing for the others. */
fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness);

/* Waits until the socket is ready or the token is signalled (OK: a hint, not a promise; also after
 * ferp_wake), until the deadline by ferp_now (TIMED_OUT, os_code 0; an expired deadline still polls
 * once) or until a signal (INTERRUPTED). FERP_READABLE and FERP_RECEIVABLE may be TIMED_OUT before
 * the deadline, at the end of a slice of the backend: the caller retries if time remains.
 * FERP_CONNECTED only: CONNECTION_REFUSED with os_code 0 is the OS's hint that the connect has
 * failed; ferp_take_error returns the cause (POLLERR; select's except set). If a wait cannot
 * include the token, it ends within 20 ms of the signal. poll | WaitForMultipleObjects, select. */
fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline);

/* Ends an armed wait without waiting. */
void ferp_wait_disarm(ferp_wait *wait);

/* Makes every wait to read on this socket end soon with OK. Nothing, if shutdown itself wakes them
 * | CancelIoEx. */
void ferp_wake(fer_raw_socket raw);

/* The pause between two tries of a call that no event wakes: until a time by ferp_now, or until the
 * token is signalled, which may be NULL (OK), or until a signal (INTERRUPTED). deadline is the end
 * of the call. If no event is scheduled, further tries would change nothing, so simulated time
 * waits until deadline; DEADLOCK if it is FERP_NO_DEADLINE. poll | WaitForSingleObject */
fer_error ferp_pause_within(const fer_cancel_token *token, uint64_t until, uint64_t deadline);

/* One wait for either direction, until a time by ferp_now, as ferp_wait_for: OK with the ready
 * members of interest in *ready, as a hint (none after a wakeup), TIMED_OUT with os_code 0,
 * INTERRUPTED. A failure makes every interest ready, and so does a hang-up (on Windows a hang-up is
 * only the peer's end of file, which is readable). A shutdown by this handle may be missed
 * (write_wait_misses_shutdown); a caller that needs it waits in slices. deadline is the end of the
 * last slice. If no event is scheduled, simulated time waits until deadline and not until `until`,
 * because further slices would change nothing. A signalled token ends the wait as a wakeup does;
 * token may be NULL. Until 0: a check without a wait, and without the clock. poll | select. */
fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     const fer_cancel_token *token, fer_interest *ready);

/* Waits until at least one of several sockets is ready, until a time by ferp_now (TIMED_OUT,
 * os_code 0; an expired deadline still polls once) or until a signal (INTERRUPTED). OK: *found is
 * the number of entries with a ready that is not 0, a hint; 0 if the token was signalled, which may
 * be NULL, or after a spurious wakeup. A failure makes every interest ready, also that of a started
 * connect. An entry without a socket or an interest is never ready. BAD_HANDLE: a number that is
 * no socket. OUT_OF_MEMORY: only with more than FERP_POLL_FEW entries. ready is undefined after an
 * error. poll | select. */
#define FERP_POLL_FEW 64
fer_error ferp_poll(fer_poll_entry *entries, size_t count, uint64_t deadline,
                    const fer_cancel_token *token, size_t *found);

/* ---- Cancel tokens. A backend keeps its state in token->p_.system_. core keeps and reads the
 * token's state; a backend never does, except in simulated time. */

/* Makes the token's event, not signalled. eventfd, pipe | CreateEventW with manual reset. */
fer_error ferp_token_open(fer_cancel_token *token);
/* As ferp_token_open, with an event that is a descriptor: it is readable while the token is
 * signalled. UNSUPPORTED: no event of the OS is one. eventfd or pipe, on
 * macOS and the BSDs socketpair | nothing. */
fer_error ferp_token_open_pollable(fer_cancel_token *token, fer_raw_socket *raw);
void ferp_token_close(fer_cancel_token *token);

/* Ends every wait with this token, running or later, until ferp_token_clear. Safe in a signal
 * handler on POSIX; errno is preserved. write | SetEvent. */
void ferp_token_signal(fer_cancel_token *token);
void ferp_token_clear(fer_cancel_token *token); /* read | ResetEvent */

/* The words of the process, 0 at first: core has none of its own, and reads and changes them by
 * atomic steps. */
struct ferp_counts {
    uint32_t ends;   /* tokens that were cancelled and lookups that are done: what ends connectors
                      * between two events of their poller */
    uint32_t starts; /* of connectors */
};
struct ferp_counts *ferp_counts(void);

/* Waits until one of two tokens is signalled (OK, a hint), until the deadline by ferp_now
 * (TIMED_OUT, os_code 0) or until a signal (INTERRUPTED). Each may be NULL. Without both it is a
 * pause of at most some seconds, which may end early by the grain of the OS's clock. poll |
 * WaitForMultipleObjects, Sleep. */
fer_error ferp_token_wait(const fer_cancel_token *token, const fer_cancel_token *other,
                          uint64_t deadline);

/* ---- Pollers. A backend keeps its state in poller->p_.system_. If the system does not keep the
 * sockets, that includes a table of them, which grows in ferp_poller_add only. Several threads may
 * call all functions but open and close at the same time. */

/* UNSUPPORTED: no AFD driver (Windows). epoll_create1, kqueue | a completion port, AFD. */
fer_error ferp_poller_open(fer_poller *poller);
void ferp_poller_close(fer_poller *poller);

/* ALREADY_EXISTS, NOT_FOUND: rule P3. UNSUPPORTED, before all else: the system's poller has no
 * edge-triggered events (epoll has EPOLLET, kqueue EV_CLEAR), or cannot wait for urgent data (no
 * kqueue can), or for the peer's end alone, while bytes are unread (EPOLLRDHUP, POLLRDHUP,
 * AFD_POLL_DISCONNECT). A number whose socket was closed after it was added can be added again for
 * a new socket. epoll_ctl | kevent | IOCTL_AFD_POLL. */
fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode);
fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode);
fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw);

/* One wait of the system for up to cap events; cap is at least 1. A hang-up or a failure is
 * readable and writable. *count and *notified (a ferp_poller_notify ended the wait) are always set.
 * OK with neither: timeout expired, or no result; core checks the clock. INTERRUPTED: a signal.
 * timeout is rounded up; NONE is no limit. epoll_wait | kevent | GetQueuedCompletionStatusEx. */
fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified);

/* Ends one ferp_poller_wait, running or next, with *notified set. core calls it only while a wait
 * is running, or another loop waits for ferp_poller_raw, and again only after it failed or a wait
 * has reported it. Safe in a signal handler on POSIX; errno is preserved. epoll_ctl | EVFILT_USER |
 * PostQueuedCompletionStatus. */
fer_error ferp_poller_notify(fer_poller *poller);

/* A descriptor that is readable while a ferp_poller_wait would find something: an event, or a
 * ferp_poller_notify that no wait has reported. NONE: the OS has none. That of epoll or kqueue
 * (poll of POSIX: none) | none. */
fer_raw_socket ferp_poller_raw(const fer_poller *poller);

#endif
