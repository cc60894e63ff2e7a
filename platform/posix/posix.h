/* posix.h: declarations that the files of this backend share. Include it first, because it defines
 * the feature-test macros. */
#ifndef FERP_POSIX_H
#define FERP_POSIX_H

#include "platform/posix/found.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#include "platform/platform.h"

/* Whether the kernel is XNU. A condition and not an #if, so that the tests of a macOS made of Linux
 * compile these branches (tests/unit/test_posix_as_macos.c). */
#ifdef __APPLE__
#define FERP_POSIX_IS_APPLE true
#else
#define FERP_POSIX_IS_APPLE false
#endif

/* For a condition: code that no system but the BSDs needs is compiled on each, and dropped. */
#ifdef FERP_POSIX_BSD
#define FERP_POSIX_IS_BSD true
#else
#define FERP_POSIX_IS_BSD false
#endif

/* Whether a send to an address may be EISCONN, although it is the peer's. */
#ifdef __linux__
#define FERP_POSIX_REFUSES_PEER false
#else
#define FERP_POSIX_REFUSES_PEER true
#endif

/* The flag that creates a descriptor with close-on-exec. Without it fcntl sets close-on-exec before
 * the call returns, and another thread may fork and exec in between. */
#if FERP_HAS_SOCK_CLOEXEC
#define FERP_POSIX_SOCK_CLOEXEC SOCK_CLOEXEC
#else
#define FERP_POSIX_SOCK_CLOEXEC 0
#endif

/* poll of NetBSD (uipc_socket.c, sopoll) and of illumos (sockcommon_sops.c, so_poll) sets neither
 * POLLERR nor POLLHUP for a socket that has failed. A failure only makes it readable and writable.
 * So may that of a system that nobody here knows. */
#if FERP_FOUND && (defined(__linux__) || (defined(FERP_POSIX_BSD) && !defined(__NetBSD__)))
#define FERP_POSIX_POLL_HIDES_FAILURES false
#else
#define FERP_POSIX_POLL_HIDES_FAILURES true
#endif

/* Events of poll. macOS reports urgent data of every socket that is readable (XNU: sys_generic.c,
 * poll). */
#if FERP_HAS_POLLRDHUP
#define FERP_POSIX_POLLRDHUP POLLRDHUP
#else
#define FERP_POSIX_POLLRDHUP 0
#endif
/* Events after which nothing is awaited. POLLHUP of Haiku is the peer's end alone (TCPEndpoint.cpp,
 * _AvailableData). */
#ifdef __HAIKU__
#define FERP_POSIX_POLLENDED POLLERR
#else
#define FERP_POSIX_POLLENDED (POLLERR | POLLHUP)
#endif
#ifdef __APPLE__
#define FERP_POSIX_POLLPRI 0
#else
#define FERP_POSIX_POLLPRI POLLPRI
#endif

/* io_slices_max: 1024 on Linux, macOS and the BSDs. _XOPEN_IOV_MAX, 16, is the least (POSIX,
 * limits.h). */
#ifdef IOV_MAX
#define FERP_POSIX_SLICES_MAX IOV_MAX
#else
#define FERP_POSIX_SLICES_MAX 16
#endif

/* The descriptor of a raw value that comes from the caller, or -1 if none can have this value. */
static inline int ferp_posix_fd(intptr_t raw)
{
    return raw < 0 || raw > INT_MAX ? -1 : (int)raw;
}

/* The flag of a call that does not wait. 0: every socket is nonblocking. */
#if FERP_HAS_DONTWAIT
#define FERP_POSIX_DONTWAIT MSG_DONTWAIT
#else
#define FERP_POSIX_DONTWAIT 0
#endif

#if FERP_HAS_NOSIGNAL
#define FERP_POSIX_SEND_FLAGS MSG_NOSIGNAL
#else
#define FERP_POSIX_SEND_FLAGS 0
#endif

/* The flags of a send that never waits. XNU and NetBSD check MSG_NBIO alone (sosend). XNU's public
 * headers do not define it; the number is from bsd/sys/socket.h. */
#if defined(MSG_NBIO)
#define FERP_POSIX_TRY_SEND_FLAGS (FERP_POSIX_SEND_FLAGS | FERP_POSIX_DONTWAIT | MSG_NBIO)
#elif defined(__APPLE__)
#define FERP_POSIX_TRY_SEND_FLAGS (FERP_POSIX_SEND_FLAGS | FERP_POSIX_DONTWAIT | 0x20000)
#else
#define FERP_POSIX_TRY_SEND_FLAGS (FERP_POSIX_SEND_FLAGS | FERP_POSIX_DONTWAIT)
#endif

/* The flags of a receive and of a send, from those of platform.h. */
static inline int ferp_posix_recv_flags(unsigned flags)
{
    return ((flags & FERP_PEEK) != 0 ? MSG_PEEK : 0) |
           ((flags & FERP_DONTWAIT) != 0 ? FERP_POSIX_DONTWAIT : 0);
}

static inline int ferp_posix_send_flags(unsigned flags)
{
    return (flags & FERP_DONTWAIT) != 0 ? FERP_POSIX_TRY_SEND_FLAGS : FERP_POSIX_SEND_FLAGS;
}

/* Sends that raise no SIGPIPE, with such flags. If the system has neither a flag nor an option, the
 * thread blocks the signal during the call: two system calls more. sigpipe.c */
#define FERP_POSIX_SENDS_RAISE_SIGPIPE (!FERP_HAS_NOSIGNAL && !FERP_HAS_NOSIGPIPE)
#if !FERP_POSIX_SENDS_RAISE_SIGPIPE
#define ferp_posix_send send
#define ferp_posix_sendto sendto
#define ferp_posix_sendmsg sendmsg
#else
ssize_t ferp_posix_send(int fd, const void *buf, size_t len, int flags);
ssize_t ferp_posix_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
                          socklen_t to_len);
ssize_t ferp_posix_sendmsg(int fd, const struct msghdr *message, int flags);
#endif

/* Whether a code is an errno. Those of the resolver are small, and negative in a fer_error. The
 * errnos of Haiku are negative too, and large (Errors.h). */
static inline bool ferp_posix_is_errno(int code)
{
    return EPERM > 0 ? code > 0 : code < -0x10000;
}

/* recvmsg, or the end of a socket whose read half is shut down (ferp_posix_hides_end): if core
 * waits, no call waits in the kernel, which would return the end. */
#if FERP_HAS_DONTWAIT
#define ferp_posix_receive recvmsg
#else
#define ferp_posix_receive ferp_posix_receive_or_end
#endif
ssize_t ferp_posix_receive_or_end(int fd, struct msghdr *message, int flags);

/* The error of a call that never waits, as most calls. EINTR, EAGAIN, EINPROGRESS and EALREADY of
 * such a call (a sandbox, a filter) are RESOURCE_BUSY: they say nothing about a wait that core may
 * repeat, nor about a connect. error.c */
fer_error ferp_posix_error_of(int code);

/* Whether a call that failed with this code may be one that the system does not have: ENOSYS of an
 * old kernel or of gVisor, and EPERM of a sandbox's filter, such as that of older container
 * runtimes (seccomp(2)). Only for a call that can be made in another way. */
static inline bool ferp_posix_is_refusal(int code)
{
    return code == ENOSYS || code == EPERM;
}

/* Maps the result of such a call: errno if it is negative, else FER_OK. */
static inline fer_error ferp_posix_result(intptr_t returned)
{
    return returned < 0 ? ferp_posix_error_of(errno) : (fer_error){FER_OK, 0};
}

/* The same two for a call that may wait: connect, accept, the receives, the sends and the waits.
 * EINTR is INTERRUPTED, and EAGAIN WOULD_BLOCK. */
static inline fer_error ferp_posix_waited_error(int code)
{
    return (fer_error){ferp_error_kind(code), code};
}

static inline fer_error ferp_posix_waited_result(intptr_t returned)
{
    return returned < 0 ? ferp_posix_waited_error(errno) : (fer_error){FER_OK, 0};
}

/* The error of a poll. EAGAIN is a lack of memory (XNU, poll_nocancel). EINVAL is more sockets than
 * the process may open files (poll(2)). */
static inline fer_error ferp_posix_poll_error(int code)
{
    switch (code) {
    case EAGAIN: return (fer_error){FER_OUT_OF_MEMORY, code};
    case EINVAL: return (fer_error){FER_TOO_MANY_OPEN_FILES, code};
    default: return ferp_posix_waited_error(code);
    }
}

/* POSIX' ioctl, and that of musl, illumos and Cygwin, takes the request as an int, so a larger
 * request number needs the cast. Others take an unsigned long. */
static inline fer_error ferp_posix_ioctl(fer_raw_socket raw, unsigned long request, void *value)
{
    return ferp_posix_result(ioctl((int)raw,
                                   _Generic(ioctl, int (*)(int, int, ...)
                                            : (int)request, default
                                            : request),
                                   value));
}

/* A timeout for poll and epoll_wait: milliseconds, rounded up, at most INT_MAX; -1 for no
 * timeout. */
static inline int ferp_posix_millis(fer_duration timeout)
{
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return -1;
    }
    uint64_t millis =
        timeout.nanos / FERP_NANOS_PER_MILLI + (timeout.nanos % FERP_NANOS_PER_MILLI != 0);
    return millis < INT_MAX ? (int)millis : INT_MAX;
}

/* Clamped if time_t has 32 bits. */
static inline struct timespec ferp_posix_timespec(uint64_t nanos)
{
    struct timespec time = {0, 0};
    uint64_t seconds = nanos / 1000000000;
    time.tv_sec = sizeof time.tv_sec < sizeof seconds && seconds > INT32_MAX ? (time_t)INT32_MAX
                                                                             : (time_t)seconds;
    time.tv_nsec = (long)(nanos % 1000000000);
    return time;
}

/* Whether a socket listens. describing.c */
fer_error ferp_posix_listening(int fd, int *out);

/* Whether a TCP connection has sent its FIN, on a system where that matters to a further shutdown.
 * describing.c */
bool ferp_posix_has_sent_end(int fd);

/* New descriptors with close-on-exec, if the system can set it. -1 and errno on failure. A wake
 * pipe is readable at its first end while bytes are in it; splice may not accept it.
 * descriptors.c */
int ferp_posix_socket(int domain, int type, int protocol);
int ferp_posix_socket_pair(int type, int fds[2]);
int ferp_posix_accept(int listener, struct sockaddr *from, socklen_t *len);
int ferp_posix_duplicate(int fd, int lowest);
int ferp_posix_wake_pipe(int ends[2], bool waits);

/* Whether a sandbox refuses every accept. descriptors.c */
bool ferp_posix_accept_is_refused(void);

/* With IP_RECVERR (ip(7)) Linux queues each ICMP error, also of a socket without a peer (rule U3),
 * and poll reports POLLERR until the queue is read. Disabling it empties the queue, but for
 * timestamps (net/core/skbuff.c, skb_errqueue_purge). family: the socket's, or 0 for another kind
 * of socket. options.c */
void ferp_posix_disable_error_queue(fer_raw_socket raw, fer_ip_family family);

/* The system's socket type. socket.c */
int ferp_posix_type_of(fer_type type);

/* Makes the buffers of a new datagram socket so large that the largest datagrams fit. socket.c */
void ferp_posix_fit_datagrams(int fd);

/* Sets what the creation of a descriptor could not set: close-on-exec and SO_NOSIGPIPE. Closes the
 * descriptor on failure. socket.c */
fer_error ferp_posix_finish_socket(int fd, fer_raw_socket *out);

/* Of a token's words: the descriptor that is readable while the token is signalled. token.c */
#define FERP_POSIX_AT_READ_END 0

/* Whether a stream, connected or connecting, has failed or ended. Takes no pending error. Only for
 * a system whose poll shows neither (FERP_POSIX_POLL_HIDES_FAILURES). wait.c */
bool ferp_posix_has_failed(int fd);

/* Whether the read half of a Unix socket is shut down, for a call that failed. In nonblocking
 * mode Linux fails a receive of datagrams and an accept with EAGAIN then, and poll reports them as
 * readable (net/unix/af_unix.c, __unix_dgram_recvmsg, unix_accept). False on the BSDs, whose calls
 * return the end themselves (uipc_socket.c, soreceive). wait.c */
bool ferp_posix_hides_end(int fd);

/* Records that this library is about to close the descriptor, if the poller needs that.
 * poller_identity.c */
#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_POLL
void ferp_posix_count_close(int fd);
#else
static inline void ferp_posix_count_close(int fd)
{
    (void)fd;
}
#endif

/* Whether the system would accept a datagram of this length and lose it. Sets errno to EMSGSIZE.
 * bytes.c */
bool ferp_posix_is_lost_datagram(fer_raw_socket raw, size_t len);

/* Whether addr is the peer, for a send to it that failed with EISCONN; errno stays that. A
 * connected socket of macOS and the BSDs sends to no address, not even to its peer's (FreeBSD,
 * sys/netinet/udp_usrreq.c, udp_output). bytes.c */
bool ferp_posix_is_peer(fer_raw_socket raw, const fer_socket_addr *addr);

/* The error of a send to an address. A send of a socket without a port chooses one. If none is
 * left, that is EAGAIN on Linux (send(2)), and no event reports a port. A raw socket's port is its
 * protocol (inet_create). bytes.c */
fer_error ferp_posix_map_missing_port(fer_raw_socket raw, fer_error error);

/* Stores the address in the system's form and returns its length. address.c */
socklen_t ferp_posix_sockaddr(const fer_socket_addr *addr, struct sockaddr_storage *out);

/* Reads an address of the system. False if it is no IP address. address.c */
bool ferp_posix_socket_addr(const struct sockaddr_storage *addr, fer_socket_addr *out);

/* Maps the error of getsockname or getpeername. address.c */
fer_error ferp_posix_address_error(int code);

#endif
