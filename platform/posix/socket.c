/* socket.c: creating, accepting, duplicating, shutting down and closing sockets. */
#include "platform/posix/posix.h"

#include <fcntl.h>
#include <unistd.h>

#if defined(__ELF__) && !defined(FER_BUILD_SHARED)
/* A shared library that contains the static one shows by this that its calls do not come to a
 * simulation (platform/sim/program.c). */
extern const char ferp_calls_the_system;
__attribute__((used, visibility("default"))) const char ferp_calls_the_system = 1;
#endif

static fer_error set_close_on_exec(int fd)
{
    return FERP_POSIX_SOCK_CLOEXEC != 0 ? (fer_error){FER_OK, 0}
                                        : ferp_posix_result(fcntl(fd, F_SETFD, FD_CLOEXEC));
}

/* macOS before 11 lacks MSG_NOSIGNAL, and not every BSD has it. XNU fails with EINVAL if the
 * connection has already failed, NetBSD with ECONNRESET (tcp_ctloutput). That is no error here,
 * because such a socket raises no signal either. */
static fer_error disable_sigpipe(int fd)
{
#if FERP_HAS_NOSIGPIPE
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) < 0 && errno != EINVAL &&
        errno != ECONNRESET) {
        return ferp_posix_error_of(errno);
    }
#else
    (void)fd;
#endif
    return (fer_error){FER_OK, 0};
}

/* If core waits, every socket is nonblocking. */
static fer_error set_first_mode(int fd)
{
    return FERP_POSIX_DONTWAIT != 0 ? (fer_error){FER_OK, 0} : ferp_set_nonblocking(fd, true);
}

/* The send buffer of macOS and the BSDs limits a datagram to less than IP does
 * (net.inet.udp.maxdgram). A queue with less space loses the largest datagrams: FreeBSD's has 42080
 * bytes (sys/netinet/udp_usrreq.c, udp_recvspace), and NetBSD's as many. macOS' has more. A smaller
 * limit is reported by the first send that exceeds it. */
void ferp_posix_fit_datagrams(int fd)
{
    const int longest = 65535;
    const int needed = 2 * (longest + 1); /* with the system's bookkeeping */
    int room = needed;
    socklen_t len = sizeof room;
    if (!FERP_POSIX_IS_BSD) {
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &longest, sizeof longest);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, &len) == 0 && room < needed) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &needed, sizeof needed);
    }
}

fer_error ferp_posix_finish_socket(int fd, fer_raw_socket *out)
{
    fer_error error = set_close_on_exec(fd);
    if (error.kind == FER_OK) {
        error = disable_sigpipe(fd);
    }
    if (error.kind == FER_OK) {
        error = set_first_mode(fd);
    }
    if (error.kind != FER_OK) {
        (void)close(fd);
        return error;
    }
    *out = fd;
    return error;
}

static int system_domain_of(fer_domain domain)
{
    switch (domain) {
    case FER_DOMAIN_IPV4: return AF_INET;
    case FER_DOMAIN_IPV6: return AF_INET6;
    case FER_DOMAIN_UNIX:
    default: return AF_UNIX;
    }
}

int ferp_posix_type_of(fer_type type)
{
    static const int types[] = {
        [FER_TYPE_STREAM] = SOCK_STREAM, [FER_TYPE_DGRAM] = SOCK_DGRAM, [FER_TYPE_RAW] = SOCK_RAW};
    return types[type];
}

/* A protocol of another socket type is EPROTONOSUPPORT on Linux, EPROTOTYPE on macOS and the BSDs
 * (socket(2)). */
static fer_error creation_error(int code)
{
    fer_error error = ferp_posix_error_of(code);
    error.kind = code == EPROTOTYPE ? FER_UNSUPPORTED : error.kind;
    return error;
}

fer_error ferp_socket_new(fer_domain domain, fer_type type, int protocol, fer_raw_socket *out)
{
    int fd = ferp_posix_socket(system_domain_of(domain), ferp_posix_type_of(type), protocol);
    if (fd < 0) {
        return creation_error(errno);
    }
    if (type != FER_TYPE_STREAM) {
        ferp_posix_fit_datagrams(fd);
    }
    return ferp_posix_finish_socket(fd, out);
}

/* EINVAL: `lowest` is not below RLIMIT_NOFILE, which a sandbox may have set to 0 (fcntl(2)). */
static fer_error duplicate_from(fer_raw_socket raw, int lowest, fer_raw_socket *out)
{
    int fd = ferp_posix_duplicate((int)raw, lowest);
    if (fd < 0) {
        return errno == EINVAL ? (fer_error){FER_TOO_MANY_OPEN_FILES, EINVAL}
                               : ferp_posix_error_of(errno);
    }
    *out = fd;
    return (fer_error){FER_OK, 0};
}

fer_error ferp_duplicate(fer_raw_socket raw, fer_raw_socket *out)
{
    return duplicate_from(raw, 3, out);
}

void ferp_close(fer_raw_socket raw)
{
    ferp_posix_count_close((int)raw);
    /* Not retried after EINTR: another thread may own the number by then (close(2)). */
    (void)close((int)raw);
}

static bool is_listening(int fd)
{
    int listening = 0;
    return ferp_posix_listening(fd, &listening).kind == FER_OK && listening != 0;
}

/* A listener that the system has shut down fails each accept immediately: with EINVAL on Linux
 * (reported of Android without a network: libuv, issue 2050), where it listens no more, and with
 * ECONNABORTED on macOS, where both halves have ended (XNU, accept_nocancel, getpeername). A Unix
 * listener that is shut down still listens on Linux. The codes below are those of a connection that
 * failed in the accept queue (accept(2), "Error handling"; the error of the new socket can also be
 * a reset or a timeout). A socket that does not listen would return EOPNOTSUPP every time, and a
 * sandbox without accept EPERM. */
__attribute__((noinline, cold)) static fer_error accept_error(int listener, int code, bool is_unix)
{
    bool is_gone =
        (is_unix && ferp_posix_hides_end(listener)) ||
        ((code == EINVAL || code == ECONNABORTED) &&
         (!is_listening(listener) || ferp_check_connected(listener).kind == FER_INVALID_INPUT));
    if (is_gone) {
        return (fer_error){FER_NOT_CONNECTED, code};
    }
    bool failed_in_queue = false;
    switch (code) {
    case ECONNABORTED:
    case ECONNRESET:
    case ETIMEDOUT:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
#ifdef ENONET
    case ENONET:
#endif
        failed_in_queue = true;
        break;
    case EPERM: failed_in_queue = !ferp_posix_accept_is_refused(); break;
    case EOPNOTSUPP: failed_in_queue = is_listening(listener); break;
    default: break;
    }
    return failed_in_queue ? (fer_error){FER_CONNECTION_ABORTED, code}
                           : ferp_posix_waited_error(code);
}

/* XNU removes a connection from the queue before it allocates the descriptor, and closes the
 * connection if there is none (accept_nocancel). A duplicate of the listener shows the shortage
 * first, at the cost of two calls. Another thread can take the last descriptor in between. */
static fer_error check_descriptors(int listener)
{
    fer_raw_socket fd = FER_RAW_SOCKET_NONE;
    fer_error error = duplicate_from(listener, 0, &fd);
    if (error.kind == FER_OK) {
        (void)close((int)fd);
    }
    return error;
}

/* NetBSD's accepted sockets start with the system's hop limit and not with the listener's
 * (tcp_input.c, syn_cache_get), and so do XNU's of IPv6 (run). A hop limit that was not set is
 * IPDEFTTL, or -1 on IPv6. */
static void pass_on_hop_limit(int listener, int fd, sa_family_t family)
{
    if (FERP_POSIX_IS_APPLE && family == AF_INET) {
        return;
    }
#if defined(__NetBSD__) || defined(__APPLE__)
    int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    int name = family == AF_INET ? IP_TTL : IPV6_UNICAST_HOPS;
    int hops = 0;
    socklen_t len = sizeof hops;
    if (getsockopt(listener, level, name, &hops, &len) == 0 && hops > 0 && hops != 64) {
        (void)setsockopt(fd, level, name, &hops, sizeof hops);
    }
#else
    (void)listener;
    (void)fd;
    (void)family;
#endif
}

/* An accepted socket inherits SO_NOSIGPIPE (XNU, sonewconn), so only close-on-exec may be missing.
 * EINVAL: reported of macOS for a connection that has ended (swift-nio, issue 1030). */
static fer_error finish_accepted(int fd, fer_raw_socket *out)
{
    fer_error error = set_close_on_exec(fd);
    error = error.kind == FER_OK ? set_first_mode(fd) : error;
    if (error.kind != FER_OK) {
        (void)close(fd);
        error.kind = error.os_code == EINVAL ? FER_CONNECTION_ABORTED : error.kind;
        return error;
    }
    *out = fd;
    return error;
}

fer_error ferp_accept(fer_raw_socket raw, bool is_unix, fer_raw_socket *out, fer_socket_addr *peer)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    fer_socket_addr unused;
    bool needs_addr = peer != NULL || (FERP_POSIX_IS_BSD && !is_unix);
    from.ss_family = AF_UNSPEC;
    if (FERP_POSIX_IS_APPLE) {
        FER_TRY(check_descriptors((int)raw));
    }
    int fd = ferp_posix_accept((int)raw, needs_addr ? (struct sockaddr *)&from : NULL,
                               needs_addr ? &len : NULL);
    if (fd < 0) {
        return accept_error((int)raw, errno, is_unix);
    }
    /* If a connection is reset in the accept queue of an IPv6 listener, macOS returns a failed
     * descriptor without an address. */
    if (needs_addr && (len == 0 || !ferp_posix_socket_addr(&from, peer != NULL ? peer : &unused))) {
        (void)close(fd);
        return (fer_error){FER_CONNECTION_ABORTED, ECONNABORTED};
    }
    if (needs_addr) {
        pass_on_hop_limit((int)raw, fd, from.ss_family);
    }
    return finish_accepted(fd, out);
}

/* A Unix socket without a path is EDESTADDRREQ on FreeBSD (sys/kern/uipc_usrreq.c, uipc_listen),
 * EINVAL elsewhere. */
fer_error ferp_listen(fer_raw_socket raw, int backlog)
{
    int returned = listen((int)raw, backlog);
    bool has_no_path = FERP_POSIX_IS_BSD && returned < 0 && errno == EDESTADDRREQ;
    return has_no_path ? (fer_error){FER_INVALID_INPUT, EDESTADDRREQ} : ferp_posix_result(returned);
}

/* On the BSDs and macOS a shutdown of the read half discards the queued input (uipc_socket.c,
 * sorflush), so the last close sends a FIN. Other systems keep the input, and the close resets
 * (rule S7). A linger time of zero has the same effect here. */
static void keep_reset_of_unread_input(int fd)
{
#ifdef FERP_POSIX_BSD
    int queued = 0;
    if (ferp_posix_ioctl(fd, FIONREAD, &queued).kind == FER_OK && queued > 0) {
        (void)ferp_set_linger(fd, (struct ferp_linger){true, 0});
    }
#else
    (void)fd;
#endif
}

/* XNU's shutdown is ENOTCONN if the half has ended already, the read half also by the peer's end of
 * file, and SHUT_RDWR then leaves the write half open (uipc_socket.c, soshutdownlock_final). So it
 * is for a socket without a peer. */
static fer_error shut_down_again(int fd, fer_shutdown how)
{
    if (how == FER_SHUTDOWN_BOTH) {
        (void)shutdown(fd, SHUT_WR);
    }
    return ferp_check_connected(fd).kind == FER_NOT_CONNECTED ? ferp_posix_error_of(ENOTCONN)
                                                              : (fer_error){FER_OK, 0};
}

fer_error ferp_shutdown(fer_raw_socket raw, fer_shutdown how)
{
    if (how != FER_SHUTDOWN_WRITE) {
        keep_reset_of_unread_input((int)raw);
    }
    static const int hows[] = {[FER_SHUTDOWN_READ] = SHUT_RD,
                               [FER_SHUTDOWN_WRITE] = SHUT_WR,
                               [FER_SHUTDOWN_BOTH] = SHUT_RDWR};
    if (how != FER_SHUTDOWN_READ && ferp_posix_has_sent_end((int)raw)) {
        if (how == FER_SHUTDOWN_WRITE) {
            return (fer_error){FER_OK, 0};
        }
        how = FER_SHUTDOWN_READ;
    }
    int returned = shutdown((int)raw, hows[how]);
    if (FERP_POSIX_IS_APPLE && returned < 0 && errno == ENOTCONN) {
        return shut_down_again((int)raw, how);
    }
    return ferp_posix_result(returned);
}

fer_error ferp_adopt(fer_raw_socket raw, fer_ip_family family)
{
    ferp_posix_disable_error_queue(raw, family);
    FER_TRY(disable_sigpipe((int)raw));
    return set_first_mode((int)raw);
}
