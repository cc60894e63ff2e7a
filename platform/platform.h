/* platform.h: the seam, the only thing core knows of an operating system. Each function is one OS
 * operation plus translation: it decides nothing, retries nothing, remembers nothing and loops over
 * nothing. What differs between systems and matters to policy is a fact in ferp_traits. No OS
 * header here: arguments and results are core types.
 *
 * Errors are this host's code through the backend's own table (ferp_error_kind), with the code
 * kept. Outputs are written only on success, byte counts always. Every pointer is valid and every
 * enum in range: core has checked. */
#ifndef FERP_PLATFORM_H
#define FERP_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/poller.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"
#include "ferrule/unix.h"

/* ---- Facts: true of every installation of this OS. What depends on version or configuration is
 * tried, and its error tells. */

struct ferp_traits {
    /* A blocking recv, send, accept or connect waits inside the call, timeouts included (POSIX).
     * Where false, every socket is nonblocking from birth and core waits (Windows: a call timed out
     * or cancelled in the kernel loses its count). */
    bool io_waits_in_kernel;
    /* After shutdown of the read half, queued or arriving data resets the connection (Windows:
     * "shutdown function", MSDN). */
    bool shutdown_read_resets_on_data;
    /* close with unread input ends the connection in good order, and the peer never learns that its
     * bytes were thrown away (macOS and the BSDs: soclose discards them and sends FIN). Linux and
     * Windows reset it, as RFC 1122, 4.2.2.13, asks. */
    bool close_hides_unread_input;
    /* A thread that waits to write is not woken by shutdown (Windows: WSAPoll stays silent). */
    bool write_wait_misses_shutdown;
    /* An accepted socket takes over the listener's nonblocking mode (macOS, the BSDs: accept(2);
     * Windows). Linux: no. */
    bool accept_inherits_nonblocking;
    /* SO_REUSEADDR lets another socket take a port that is in use; exclusive use must be asked for
     * (Windows: "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE", MSDN). */
    bool reuse_address_steals_ports;
    /* bind answers "access denied" where a wildcard socket holds the port exclusively (Windows:
     * same page). */
    bool bind_denied_can_mean_in_use;
    /* A nonblocking connect that has started answers "would block" (Windows: connect,
     * WSAEWOULDBLOCK), not "in progress". */
    bool connect_would_block_means_started;
    /* A refused connect is tried again for about 2 s before it is reported (Windows:
     * TcpMaxConnectRetransmissions). */
    bool refused_connect_is_retried;
    /* After a failed connect SO_ERROR "is not always immediately set" (Windows: "SOL_SOCKET Socket
     * Options", MSDN). */
    bool connect_error_comes_late;
    /* A buffer's size is told as twice what was set, the kernel's bookkeeping included (Linux:
     * socket(7), SO_RCVBUF). */
    bool buffer_sizes_are_doubled;
    /* The largest datagram is what the send buffer holds, by default less than IP allows (macOS:
     * net.inet.udp.maxdgram). */
    bool datagram_limit_is_send_buffer;
    /* A poller can tell of a change alone (epoll: EPOLLET; kqueue: EV_CLEAR). AFD's and poll's
     * cannot. */
    bool poller_has_edges;
    /* The longest path of a Unix socket's address, without its NUL (sun_path). */
    size_t unix_path_max;
    /* A Unix socket may have a name that is no path (Linux: unix(7), "abstract"). */
    bool has_abstract_unix_names;
    /* The largest length, and sum of lengths, that one recv or send takes, and the most slices. */
    size_t io_length_max;
    size_t io_slices_max;
    /* The longest linger and keepalive values that the options hold. */
    uint32_t linger_seconds_max;
    uint32_t keepalive_seconds_max;
    uint32_t keepalive_retries_max;
};

/* This OS's facts. Constant in a real backend. */
const struct ferp_traits *ferp_traits(void);

/* ---- Errors and time */

/* The one kind of an errno or WSA code: total; 0 is FER_OK, an unknown code FER_UNCATEGORIZED. */
fer_error_kind ferp_error_kind(int32_t os_code);

/* Nanoseconds of a clock that never goes back, from an unstated origin.
 * clock_gettime(CLOCK_MONOTONIC) | QueryPerformanceCounter. */
uint64_t ferp_now(void);

/* ---- The life of a socket */

/* Makes a socket, not inherited by child processes and never raising SIGPIPE, from its birth where
 * the OS can, nonblocking where io_waits_in_kernel is false. protocol is IANA's number, 0 for the
 * type's own. UNSUPPORTED where this OS, or this version, has none such. socket | WSASocketW. */
fer_error ferp_socket_new(fer_domain domain, fer_type type, int protocol, fer_raw_socket *out);

/* Another handle of the same socket, not inherited. fcntl(F_DUPFD_CLOEXEC) | WSADuplicateSocketW +
 * WSASocketW. */
fer_error ferp_duplicate(fer_raw_socket raw, fer_raw_socket *out);

/* Closes the handle: the number is gone whatever the OS answers. close | closesocket. */
void ferp_close(fer_raw_socket raw);

/* What kind of socket somebody else's raw socket is. */
typedef struct ferp_description {
    bool is_stream;   /* SOCK_STREAM */
    bool is_datagram; /* SOCK_DGRAM */
    bool is_raw;      /* SOCK_RAW */
    bool is_ip;       /* AF_INET or AF_INET6 */
    bool
        /* is_ip, but neither TCP nor UDP, nor of a protocol with their calls; false where the OS
         * cannot tell */
        is_of_other_protocol;
    bool is_unix;         /* AF_UNIX */
    fer_ip_family family; /* set when is_ip */
    bool is_listening;    /* SO_ACCEPTCONN */
    bool is_connected;    /* getpeername answers */
    bool is_nonblocking;  /* false where the OS cannot tell (Windows) */
} ferp_description;

/* Asks the OS what raw is. Error: not a socket at all. getsockopt, getsockname, getpeername,
 * fcntl(F_GETFL). */
fer_error ferp_describe(fer_raw_socket raw, ferp_description *out);

/* Prepares a socket made elsewhere for the other functions here; its close-on-exec state is left as
 * it is. On failure the socket is as it was. setsockopt(SO_NOSIGPIPE) on Apple, else nothing |
 * FIONBIO 1, SO_RCVTIMEO and SO_SNDTIMEO read as timeouts. */
fer_error ferp_adopt(fer_raw_socket raw);

/* The reverse, before a socket is handed out: the mode and timeouts that were set are put on the
 * socket itself. Nothing | FIONBIO, SO_RCVTIMEO, SO_SNDTIMEO. */
fer_error ferp_release(fer_raw_socket raw);

/* ---- Addresses and connections */

fer_error ferp_bind(fer_raw_socket raw, const fer_socket_addr *addr);
fer_error ferp_listen(fer_raw_socket raw, int backlog);

/* Connects. A blocking POSIX socket waits. IN_PROGRESS (or WOULD_BLOCK, see
 * connect_would_block_means_started): it has started and its end is told by a FERP_CONNECTED wait
 * and ferp_take_error. INTERRUPTED: the same, by connect(2). */
fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr);

/* Takes one connection off a listener's queue, not inherited; peer is NULL where its address is not
 * IP's. CONNECTION_ABORTED: that connection died in the queue, the listener is well (each OS has
 * its own list of codes). WOULD_BLOCK: none is queued. accept4, accept + fcntl | accept +
 * SetHandleInformation. */
fer_error ferp_accept(fer_raw_socket raw, fer_raw_socket *out, fer_socket_addr *peer);

fer_error ferp_local_addr(fer_raw_socket raw, fer_socket_addr *out); /* getsockname */
fer_error ferp_peer_addr(fer_raw_socket raw, fer_socket_addr *out);  /* getpeername */

/* FER_OK where the socket has a peer. getpeername. */
fer_error ferp_check_connected(fer_raw_socket raw);

/* Asks Windows not to try a refused connect again (SIO_TCP_INITIAL_RTO), best effort; nothing
 * elsewhere. Before ferp_connect. */
void ferp_disable_connect_retry(fer_raw_socket raw);

/* ---- Unix sockets: the same with their addresses. UNSUPPORTED where this OS, or this version, has
 * none such. */

fer_error ferp_unix_pair(fer_type type, fer_raw_socket *one,
                         fer_raw_socket *other); /* socketpair | nothing */
fer_error ferp_unix_bind(fer_raw_socket raw, const fer_unix_addr *addr);
fer_error ferp_unix_connect(fer_raw_socket raw, const fer_unix_addr *addr);
fer_error ferp_unix_local_addr(fer_raw_socket raw, fer_unix_addr *out);
fer_error ferp_unix_peer_addr(fer_raw_socket raw, fer_unix_addr *out);

/* ---- Bytes. *n is what was moved, 0 on failure. len and sums are at most io_length_max, counts at
 * most io_slices_max. */

/* OK with *n == 0 and len > 0 is the peer's end. BROKEN_PIPE: this socket's own read half is shut
 * down (WSAESHUTDOWN). */
fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, size_t *n);
fer_error ferp_peek(fer_raw_socket raw, void *buf, size_t len, size_t *n);
fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                             size_t *n);
/* BROKEN_PIPE: the write half is shut down, or the peer is gone. Never a signal. */
fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, size_t *n);
fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             size_t *n);

/* As ferp_recv or ferp_peek, and as ferp_send, but never waiting, whatever the socket's mode is:
 * WOULD_BLOCK. MSG_DONTWAIT | nothing: no call waits. */
typedef enum ferp_recv_mode { FERP_RECV, FERP_PEEK } ferp_recv_mode;
fer_error ferp_try_recv(fer_raw_socket raw, void *buf, size_t len, ferp_recv_mode recv_mode,
                        size_t *n);
fer_error ferp_try_send(fer_raw_socket raw, const void *buf, size_t len, size_t *n);

/* A datagram that was received: how many of its bytes the buffer took, whether there were more, and
 * whose it is. */
struct ferp_datagram {
    size_t len;
    bool truncated;
    fer_socket_addr from;
};

/* One datagram, taken off the queue or not; a longer one than the buffer is cut, on every OS.
 * recvmsg (MSG_TRUNC) | recvfrom (WSAEMSGSIZE). */
fer_error ferp_recv_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out);
fer_error ferp_peek_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out);
/* One datagram, whole or not at all. sendto. */
fer_error ferp_send_to(fer_raw_socket raw, const void *buf, size_t len, const fer_socket_addr *addr,
                       size_t *n);

/* ferp_recv_from and ferp_send_to that never wait, as ferp_try_recv. */
fer_error ferp_try_recv_from(fer_raw_socket raw, void *buf, size_t len, struct ferp_datagram *out);
fer_error ferp_try_send_to(fer_raw_socket raw, const void *buf, size_t len,
                           const fer_socket_addr *addr, size_t *n);

struct ferp_unix_datagram {
    size_t len;
    bool truncated;
    fer_unix_addr from;
};

/* As those above, with Unix addresses. */
fer_error ferp_unix_recv_from(fer_raw_socket raw, void *buf, size_t len,
                              struct ferp_unix_datagram *out);
fer_error ferp_unix_send_to(fer_raw_socket raw, const void *buf, size_t len,
                            const fer_unix_addr *addr, size_t *n);
fer_error ferp_try_unix_recv_from(fer_raw_socket raw, void *buf, size_t len,
                                  struct ferp_unix_datagram *out);
fer_error ferp_try_unix_send_to(fer_raw_socket raw, const void *buf, size_t len,
                                const fer_unix_addr *addr, size_t *n);

/* Whether a datagram socket is told of ports that refuse what it sends (SIO_UDP_CONNRESET, and
 * SIO_UDP_NETRESET), best effort; nothing elsewhere: POSIX tells it to connected sockets only. */
void ferp_report_refusals(fer_raw_socket raw, bool enabled);

/* How many bytes can be received at once. ioctl(FIONREAD) | ioctlsocket(FIONREAD). */
fer_error ferp_bytes_queued(fer_raw_socket raw, size_t *n);

fer_error ferp_shutdown(fer_raw_socket raw, fer_shutdown how); /* shutdown */

/* SO_ERROR: the pending error as *pending (FER_OK where there is none), which the OS forgets. The
 * result tells of the asking. */
fer_error ferp_take_error(fer_raw_socket raw, fer_error *pending);

/* ---- Modes that every handle of a socket shares */

typedef enum ferp_direction { FERP_READING = 0, FERP_WRITING = 1 } ferp_direction;

/* NONE clears it. A finite one is not 0; it is rounded up to what the OS holds, never to 0 or to
 * NONE, and saturates. SO_RCVTIMEO, SO_SNDTIMEO (on Windows the library's own words in those
 * options, which nonblocking calls ignore). */
fer_error ferp_set_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration timeout);
fer_error ferp_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration *out);

/* The user's blocking mode. ioctl(FIONBIO), fcntl(F_GETFL) | a bit in the words above; the SOCKET
 * itself stays nonblocking. */
fer_error ferp_set_nonblocking(fer_raw_socket raw, bool nonblocking);
fer_error ferp_is_nonblocking(fer_raw_socket raw, bool *out);

/* Marks the read half as ended for every handle of the socket, where shutdown cannot be passed on
 * (shutdown_read_resets_on_data). */
fer_error ferp_mark_read_ended(fer_raw_socket raw);

/* All that a wait in one direction must know, in one look. read_ended is false for FERP_WRITING. */
struct ferp_wait_terms {
    bool nonblocking;
    bool read_ended;
    fer_duration timeout;
};
fer_error ferp_wait_terms(fer_raw_socket raw, ferp_direction direction,
                          struct ferp_wait_terms *out);

/* ---- Options. Values are whole numbers as the OS has them; booleans 0 and 1. UNSUPPORTED: this
 * OS, or this version, has it not. */

typedef enum ferp_option {
    FERP_REUSE_ADDRESS,      /* SO_REUSEADDR */
    FERP_EXCLUSIVE_ADDRESS,  /* SO_EXCLUSIVEADDRUSE, Windows only */
    FERP_ONLY_V6,            /* IPV6_V6ONLY */
    FERP_NODELAY,            /* TCP_NODELAY */
    FERP_TTL_V4,             /* IP_TTL */
    FERP_HOPS_V6,            /* IPV6_UNICAST_HOPS */
    FERP_KEEPALIVE,          /* SO_KEEPALIVE */
    FERP_KEEPALIVE_TIME,     /* TCP_KEEPIDLE (TCP_KEEPALIVE on macOS), seconds */
    FERP_KEEPALIVE_INTERVAL, /* TCP_KEEPINTVL, seconds */
    FERP_KEEPALIVE_RETRIES,  /* TCP_KEEPCNT */
    FERP_REUSE_PORT,         /* SO_REUSEPORT, not on Windows */
    FERP_TOS_V4,             /* IP_TOS */
    FERP_TCLASS_V6,          /* IPV6_TCLASS */
    FERP_RECV_BUFFER,        /* SO_RCVBUF, bytes */
    FERP_SEND_BUFFER,        /* SO_SNDBUF, bytes */
    FERP_BROADCAST,          /* SO_BROADCAST */
    FERP_MULTICAST_LOOP_V4,  /* IP_MULTICAST_LOOP */
    FERP_MULTICAST_TTL_V4,   /* IP_MULTICAST_TTL */
    FERP_MULTICAST_LOOP_V6   /* IPV6_MULTICAST_LOOP */
} ferp_option;

fer_error ferp_set_option(fer_raw_socket raw, ferp_option option, uint32_t value);
fer_error ferp_option_value(fer_raw_socket raw, ferp_option option, uint32_t *out);

typedef enum ferp_membership { FERP_JOIN = 0, FERP_LEAVE = 1 } ferp_membership;

/* IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP: local is an address of the network interface, unspecified
 * for the system's choice. */
fer_error ferp_change_group_v4(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *local);
/* IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP: 0 for the system's choice of the network interface. */
fer_error ferp_change_group_v6(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv6_addr *group, uint32_t interface_index);

/* Sends and receives by one network interface alone, given by its NUL-terminated name. NOT_FOUND:
 * there is none such. SO_BINDTODEVICE, IP_BOUND_IF (macOS) | nothing: UNSUPPORTED. */
fer_error ferp_bind_device(fer_raw_socket raw, fer_ip_family family, const char *name);

/* SO_LINGER (SO_LINGER_SEC on macOS). seconds is at most linger_seconds_max and matters only when
 * on. */
struct ferp_linger {
    bool on;
    uint32_t seconds;
};
fer_error ferp_set_linger(fer_raw_socket raw, struct ferp_linger linger);
fer_error ferp_linger(fer_raw_socket raw, struct ferp_linger *out);

/* Older Windows' one call for all of keepalive (SIO_KEEPALIVE_VALS): seconds, both given.
 * UNSUPPORTED elsewhere. */
fer_error ferp_set_keepalive_values(fer_raw_socket raw, bool on, uint32_t time_seconds,
                                    uint32_t interval_seconds);

/* ---- Waiting: arm, look, wait. core arms, then looks at what another thread may have changed,
 * then waits: a ferp_wake between the look and the wait is not lost. A wait that was armed is ended
 * by exactly one ferp_wait_for or ferp_wait_disarm. */

typedef enum ferp_readiness {
    FERP_READABLE,   /* a stream: bytes, the end or a failure can be received */
    FERP_WRITABLE,   /* a stream: bytes can be sent, or a failure told */
    FERP_ACCEPTABLE, /* a listener: a connection is queued */
    FERP_RECEIVABLE, /* a datagram socket: a datagram, or a failure, can be received */
    FERP_CONNECTED   /* a started connect has ended, well or badly */
} ferp_readiness;

/* The caller's storage for one wait; what is in it is the backend's. It must stay in place while
 * armed. */
typedef struct ferp_wait {
    uintptr_t words[16];
} ferp_wait;

#define FERP_NO_DEADLINE UINT64_MAX

/* Poll's own set-up, nothing yet | a zero-byte overlapped WSARecv for FERP_READABLE, nothing for
 * the others. */
fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness);

/* Waits until ready (OK: a hint, not a promise; also after ferp_wake), the deadline by ferp_now
 * (TIMED_OUT, os_code 0; one that has passed still looks once) or a signal (INTERRUPTED). A
 * connection's fatal error may be told here, where the OS tells it but once. FERP_CONNECTED only:
 * CONNECTION_REFUSED with os_code 0 is the OS's hint that the connect has failed, for
 * ferp_take_error to say why (POLLERR; select's except set). poll | WaitForSingleObject, WSAPoll,
 * select. */
fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline);

/* Ends an armed wait without waiting. */
void ferp_wait_disarm(ferp_wait *wait);

/* Makes every wait to read on this socket end soon with OK. Nothing where shutdown itself wakes |
 * CancelIoEx. */
void ferp_wake(fer_raw_socket raw);

/* One wait for either direction, until a time by ferp_now, as ferp_wait_for: OK with *ready, those
 * of interest that are ready, as a hint (none of them: somebody has woken it), TIMED_OUT with
 * os_code 0, INTERRUPTED. A failure makes it ready for all that was asked, a hang-up too (Windows'
 * tells of the peer's end alone: to read). An own shutdown may be missed
 * (write_wait_misses_shutdown); who cannot bear that waits in turns. deadline is when the last turn
 * ends: simulated time asks for it, where turns without an end bring nothing. poll | WSAPoll. */
fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     fer_interest *ready);

/* ---- Waiting for many sockets. What a backend needs for it is in poller->words_; where the system
 * does not keep the sockets itself, a table of them, which grows in ferp_poller_add alone. All but
 * open and close may be called by several threads at once. */

fer_error ferp_poller_open(
    fer_poller *poller); /* epoll_create1 | kqueue | CreateIoCompletionPort and a handle of AFD */
void ferp_poller_close(fer_poller *poller);

/* ALREADY_EXISTS, NOT_FOUND: rule P3. mode is not EDGE where poller_has_edges is false. A number
 * that was closed since it was added, and names a new socket now, can be added. epoll_ctl | kevent
 * | IOCTL_AFD_POLL. */
fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode);
fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode);
fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw);

/* One wait of the system: up to cap events, cap being at least 1; a hang-up or a failure is
 * readable and writable. *count and *notified (whether a ferp_poller_notify ended it) are set in
 * any case. OK with neither: timeout is over, or nothing came of it; core looks at the clock.
 * INTERRUPTED: a signal. timeout 0 looks alone, NONE has no end; it is rounded up. epoll_wait |
 * kevent | GetQueuedCompletionStatusEx. */
fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified);

/* Makes one ferp_poller_wait, under way or the next, end and say so. core calls it only while a
 * wait is under way, and once until it was told. Safe in a signal handler on POSIX, where errno
 * stays as it was. epoll_ctl | EVFILT_USER | PostQueuedCompletionStatus. */
fer_error ferp_poller_notify(fer_poller *poller);

/* ---- Memory, for a poller's table and the resolver's lookups alone. NULL where there is none.
 * malloc, free. */

void *ferp_memory_new(size_t size);
void ferp_memory_free(void *memory);

/* ---- Threads: a lock with a condition, for the resolver, and a poller that keeps its sockets
 * itself; and a thread that nobody joins, for the resolver. */

typedef struct ferp_monitor {
    uint64_t words[16]; /* the backend's; it stays in place */
} ferp_monitor;

/* OUT_OF_MEMORY; nothing to end then. pthread_mutex_init, pthread_cond_init | SRWLOCK,
 * CONDITION_VARIABLE. */
fer_error ferp_monitor_begin(ferp_monitor *monitor);
void ferp_monitor_end(ferp_monitor *monitor); /* nobody is inside, or waits */
void ferp_monitor_enter(ferp_monitor *monitor);
void ferp_monitor_leave(ferp_monitor *monitor);

/* From inside: leaves, waits until it is notified, and is inside again. OK: notified, or nothing at
 * all; TIMED_OUT, os_code 0: the deadline by ferp_now has come, and others were let in all the
 * same. pthread_cond_timedwait | SleepConditionVariableSRW. */
fer_error ferp_monitor_wait(ferp_monitor *monitor, uint64_t deadline);
void ferp_monitor_notify_all(ferp_monitor *monitor); /* from inside */

/* What a thread does, in steps: again and again until it answers false. What takes long, a
 * ferp_lookup_begin, comes last in its step. (The simulation has one thread: there each step is an
 * event, and the time that a lookup takes passes between two of them.) */
typedef struct ferp_thread {
    bool (*step)(void *argument);
    void *argument;
} ferp_thread;

/* Begins a thread, which is named as the resolver's and takes no signal. *thread is read until its
 * last step begins, and not after. OUT_OF_MEMORY where the system gives no thread. pthread_create |
 * CreateThread. */
fer_error ferp_thread_start(const ferp_thread *thread);

/* Which process this is, for who may have been copied by fork: another number in the child. getpid
 * | 0, where there is no fork. */
uint32_t ferp_process(void);

/* ---- Names */

/* One lookup's results, walked once, or again in a copy of this; the storage is the caller's, what
 * it points at the system's until ferp_lookup_end. */
typedef struct ferp_lookup {
    void *first;
    void *next;
} ferp_lookup;

/* Looks a NUL-terminated, non-empty UTF-8 host up, for streams, any IP family. HOST_NOT_FOUND,
 * RESOLVE_TRY_AGAIN or RESOLVE_FAILED with the resolver's code (EAI_ numbers negative); after a
 * failure there is nothing to end. getaddrinfo | GetAddrInfoW. */
fer_error ferp_lookup_begin(ferp_lookup *lookup, const char *host);

/* The next IP address, with port 0; false when there is none. */
bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out);

void ferp_lookup_end(ferp_lookup *lookup);

#endif
