/* posix.h: declarations that the files of this backend share. Include it first, because it defines
 * the feature-test macros. */
#ifndef FERP_POSIX_H
#define FERP_POSIX_H

#include "platform/posix/features.h"

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

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || \
    defined(__DragonFly__)
#define FERP_POSIX_BSD 1 /* socket addresses begin with their length; accept inherits O_NONBLOCK */
#endif

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

/* The flag that creates a descriptor with close-on-exec. macOS has neither SOCK_CLOEXEC nor accept4
 * nor pipe2: there fcntl sets the flag before the call returns, and another thread may fork and
 * exec in between. */
#if defined(SOCK_CLOEXEC) && !defined(__APPLE__)
#define FERP_POSIX_SOCK_CLOEXEC SOCK_CLOEXEC
#define FERP_POSIX_HAS_ACCEPT4 1
#define FERP_POSIX_HAS_PIPE2 1
#else
#define FERP_POSIX_SOCK_CLOEXEC 0
#endif

/* The system call that a poller waits with; each has a file of its own. FERP_POSIX_POLLER can be
 * predefined: poll works on every system. A poller's key has 64 bits and kevent's udata is a
 * pointer, so kqueue needs 64-bit pointers. OpenBSD and NetBSD lack what poller_kqueue.c needs.
 * OpenBSD has no user events before 7.8, and few for each process since. NetBSD has neither
 * EVFILT_USER nor EVFILT_EMPTY before 10 (sys/event.h). NetBSD 10 has both, but nobody has run this
 * poller there, so it uses poll unless FERP_POSIX_POLLER says otherwise. */
#define FERP_POSIX_POLLER_POLL 0
#define FERP_POSIX_POLLER_EPOLL 1
#define FERP_POSIX_POLLER_KQUEUE 2
#ifndef FERP_POSIX_POLLER
#if defined(__linux__)
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_EPOLL
#elif UINTPTR_MAX >= UINT64_MAX && (defined(__APPLE__) || defined(__FreeBSD__))
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_KQUEUE
#else
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_POLL
#endif
#endif

/* NetBSD's poll sets neither POLLERR nor POLLHUP for a socket (uipc_socket.c, sopoll). A failure
 * only makes it readable and writable. */
#ifdef __NetBSD__
#define FERP_POSIX_POLL_HIDES_FAILURES true
#else
#define FERP_POSIX_POLL_HIDES_FAILURES false
#endif

/* Events of poll. Only Linux and FreeBSD have POLLRDHUP. macOS reports urgent data of every socket
 * that is readable (XNU: sys_generic.c, poll). */
#ifdef POLLRDHUP
#define FERP_POSIX_POLLRDHUP POLLRDHUP
#else
#define FERP_POSIX_POLLRDHUP 0
#endif
#ifdef __APPLE__
#define FERP_POSIX_POLLPRI 0
#else
#define FERP_POSIX_POLLPRI POLLPRI
#endif

/* io_slices_max: IOV_MAX of Linux, macOS and the BSDs. */
#define FERP_POSIX_SLICES_MAX 1024

/* The descriptor of a raw value that comes from the caller, or -1 if none can have this value. */
static inline int ferp_posix_fd(intptr_t raw)
{
    return raw < 0 || raw > INT_MAX ? -1 : (int)raw;
}

/* A system without MSG_NOSIGNAL has SO_NOSIGPIPE, which is set when the socket is created. macOS
 * has both since its SDK 11. */
#ifdef MSG_NOSIGNAL
#define FERP_POSIX_SEND_FLAGS MSG_NOSIGNAL
#else
#define FERP_POSIX_SEND_FLAGS 0
#endif

/* The flags of a send that never waits. XNU and NetBSD check MSG_NBIO alone (sosend). XNU's public
 * headers do not define it; the number is from bsd/sys/socket.h. */
#if defined(MSG_NBIO)
#define FERP_POSIX_TRY_SEND_FLAGS (FERP_POSIX_SEND_FLAGS | MSG_DONTWAIT | MSG_NBIO)
#elif defined(__APPLE__)
#define FERP_POSIX_TRY_SEND_FLAGS (FERP_POSIX_SEND_FLAGS | MSG_DONTWAIT | 0x20000)
#else
#define FERP_POSIX_TRY_SEND_FLAGS (FERP_POSIX_SEND_FLAGS | MSG_DONTWAIT)
#endif

/* The flags of a receive and of a send, from those of platform.h. */
static inline int ferp_posix_recv_flags(unsigned flags)
{
    return ((flags & FERP_PEEK) != 0 ? MSG_PEEK : 0) |
           ((flags & FERP_DONTWAIT) != 0 ? MSG_DONTWAIT : 0);
}

static inline int ferp_posix_send_flags(unsigned flags)
{
    return (flags & FERP_DONTWAIT) != 0 ? FERP_POSIX_TRY_SEND_FLAGS : FERP_POSIX_SEND_FLAGS;
}

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

/* musl declares the request as an int, so a larger request number needs the cast. */
static inline fer_error ferp_posix_ioctl(fer_raw_socket raw, unsigned long request, void *value)
{
#if defined(__linux__) && !defined(__GLIBC__)
    return ferp_posix_result(ioctl((int)raw, (int)request, value));
#else
    return ferp_posix_result(ioctl((int)raw, request, value));
#endif
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

/* Whether a socket listens. socket.c */
fer_error ferp_posix_listening(int fd, int *out);

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

/* The descriptor that is readable while the token is signalled. token.c */
int ferp_posix_token_fd(const fer_cancel_token *token);

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
