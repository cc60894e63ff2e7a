/* descriptors.c: creates descriptors with their flags, also if the system refuses the call that
 * sets both at once. What else a new socket needs: socket.c. */
#include "platform/posix/posix.h"

#include <fcntl.h>
#include <unistd.h>

/* The two steps that replace a refused call: another thread may fork and exec in between, as on
 * macOS. */

/* In another way, which a sandbox may permit. */
static int set_close_on_exec_again(int fd)
{
#if FERP_HAS_FIOCLEX
    return ioctl(fd, FIOCLEX);
#else
    (void)fd;
    return -1;
#endif
}

/* Sets close-on-exec of a new descriptor, which is closed on failure. EPERM of an accept would mean
 * that a firewall has refused the connection (accept(2)). */
static int with_close_on_exec(int fd)
{
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 && set_close_on_exec_again(fd) < 0) {
        int code = errno;
        (void)close(fd);
        errno = code == EPERM ? ENOSYS : code;
        return -1;
    }
    return fd;
}

int ferp_posix_socket(int domain, int type, int protocol)
{
    int fd = socket(domain, type | FERP_POSIX_SOCK_CLOEXEC, protocol);
    return fd < 0 && FERP_POSIX_SOCK_CLOEXEC != 0 && ferp_posix_is_refusal(errno)
               ? with_close_on_exec(socket(domain, type, protocol))
               : fd;
}

/* Sets close-on-exec of both descriptors, which are closed on failure. */
static int both_with_close_on_exec(int fds[2])
{
    if (with_close_on_exec(fds[0]) < 0) {
        (void)close(fds[1]);
        return -1;
    }
    if (with_close_on_exec(fds[1]) < 0) {
        (void)close(fds[0]);
        return -1;
    }
    return 0;
}

int ferp_posix_socket_pair(int type, int fds[2])
{
    int returned = socketpair(AF_UNIX, type | FERP_POSIX_SOCK_CLOEXEC, 0, fds);
    if (returned < 0 && FERP_POSIX_SOCK_CLOEXEC != 0 && ferp_posix_is_refusal(errno)) {
        returned = socketpair(AF_UNIX, type, 0, fds);
        return returned < 0 ? returned : both_with_close_on_exec(fds);
    }
    return returned;
}

/* EPERM can also be a firewall's refusal of a connection (accept(2)). accept then returns it again,
 * or the next connection. */
int ferp_posix_accept(int listener, struct sockaddr *from, socklen_t *len)
{
#if FERP_HAS_ACCEPT4
    int fd = accept4(listener, from, len, SOCK_CLOEXEC);
    return fd < 0 && ferp_posix_is_refusal(errno) ? with_close_on_exec(accept(listener, from, len))
                                                  : fd;
#elif FERP_HAS_SOCK_CLOEXEC
    return with_close_on_exec(accept(listener, from, len)); /* the caller sets it for none */
#else
    return accept(listener, from, len);
#endif
}

/* A kernel without the sandbox finds that there is no descriptor -1: EBADF. */
bool ferp_posix_accept_is_refused(void)
{
    return accept(-1, NULL, NULL) < 0 && ferp_posix_is_refusal(errno);
}

int ferp_posix_duplicate(int fd, int lowest)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
    return copy < 0 && ferp_posix_is_refusal(errno) ? with_close_on_exec(fcntl(fd, F_DUPFD, lowest))
                                                    : copy;
}

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL, 0);
    return flags < 0 ? flags : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* Sets the mode of both ends, which are closed on failure. */
static int finish_pipe(int ends[2], bool waits)
{
    if (waits || (set_nonblocking(ends[0]) >= 0 && set_nonblocking(ends[1]) >= 0)) {
        return 0;
    }
    int code = errno;
    (void)close(ends[0]);
    (void)close(ends[1]);
    errno = code;
    return -1;
}

#if FERP_HAS_PIPE2

/* No fallback is pipe, because that of glibc is pipe2. A pair of sockets has the same readiness. */
int ferp_posix_wake_pipe(int ends[2], bool waits)
{
    if (pipe2(ends, O_CLOEXEC | (waits ? 0 : O_NONBLOCK)) == 0) {
        return 0;
    }
    bool is_refused = ferp_posix_is_refusal(errno);
    return is_refused && ferp_posix_socket_pair(SOCK_STREAM, ends) == 0 ? finish_pipe(ends, waits)
                                                                        : -1;
}

#else

int ferp_posix_wake_pipe(int ends[2], bool waits)
{
    return pipe(ends) == 0 && both_with_close_on_exec(ends) == 0 ? finish_pipe(ends, waits) : -1;
}

#endif
