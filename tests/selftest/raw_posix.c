/* raw_posix.c: the functions of raw.h that differ between systems, for POSIX. */
#include "selftest/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

int raw_code(void)
{
    return errno;
}

void raw_set_code(int code)
{
    errno = code;
}

bool raw_is_would_block(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK;
}

bool raw_is_reset(int code)
{
    return code == ECONNRESET || code == EPIPE || code == ECONNABORTED;
}

const char *raw_name(int code)
{
#define NAME(name) \
    case name: return #name
    switch (code) {
        NAME(EACCES);
        NAME(EADDRINUSE);
        NAME(EADDRNOTAVAIL);
        NAME(EAFNOSUPPORT);
        NAME(EAGAIN);
        NAME(EALREADY);
        NAME(EBADF);
        NAME(ECONNABORTED);
        NAME(ECONNREFUSED);
        NAME(ECONNRESET);
        NAME(EDESTADDRREQ);
        NAME(EDOM);
        NAME(EHOSTUNREACH);
        NAME(EINPROGRESS);
        NAME(EINVAL);
        NAME(EISCONN);
        NAME(EMFILE);
        NAME(EMSGSIZE);
        NAME(ENAMETOOLONG);
        NAME(ENETUNREACH);
        NAME(ENOBUFS);
        NAME(ENODEV);
        NAME(ENOENT);
        NAME(ENOMEM);
        NAME(ENOPROTOOPT);
        NAME(ENOTCONN);
        NAME(ENOTSOCK);
        NAME(ENXIO);
        NAME(EOPNOTSUPP);
        NAME(EPIPE);
        NAME(EPERM);
        NAME(ETIMEDOUT);
    default: return NULL;
    }
#undef NAME
}

void raw_close(raw_socket socket)
{
    (void)close(socket);
}

void raw_set_nonblocking(raw_socket socket, bool nonblocking)
{
    int flags = fcntl(socket, F_GETFL);
    (void)fcntl(socket, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

void raw_set_timeouts(raw_socket socket, unsigned milliseconds)
{
    struct timeval time = {(time_t)(milliseconds / 1000), (int)(milliseconds % 1000) * 1000};
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    (void)setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

void raw_set_linger(raw_socket socket, bool on, unsigned seconds)
{
    struct linger linger = {on, (int)seconds};
    (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

bool raw_linger(raw_socket socket, bool *on, long *seconds)
{
    struct linger linger = {0, 0};
    raw_len len = sizeof linger;
    bool is_read = getsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, &len) == 0;
    *on = linger.l_onoff != 0;
    *seconds = linger.l_linger;
    return is_read;
}

int raw_poll(raw_socket socket, int interest, int milliseconds)
{
    int bits = 0;
    struct pollfd look = {socket, 0, 0};
    look.events = (short)(((interest & RAW_READ) != 0 ? POLLIN : 0) |
                          ((interest & RAW_WRITE) != 0 ? POLLOUT : 0));
    if (poll(&look, 1, milliseconds) <= 0) {
        return 0;
    }
    bits |= (look.revents & POLLIN) != 0 ? RAW_READ : 0;
    bits |= (look.revents & POLLOUT) != 0 ? RAW_WRITE : 0;
    bits |= (look.revents & POLLERR) != 0 ? RAW_ERROR : 0;
    bits |= (look.revents & POLLHUP) != 0 ? RAW_HANGUP : 0;
    return bits;
}

/* macOS has no MSG_NOSIGNAL. */
int raw_send(raw_socket socket, const void *bytes, size_t len)
{
    (void)signal(SIGPIPE, SIG_IGN);
    return (int)send(socket, bytes, len, MSG_NOSIGNAL);
}

int raw_recv(raw_socket socket, void *bytes, size_t len)
{
    return (int)recv(socket, bytes, len, 0);
}

int raw_shutdown_read(raw_socket socket)
{
    return shutdown(socket, SHUT_RD);
}

int raw_shutdown_write(raw_socket socket)
{
    return shutdown(socket, SHUT_WR);
}
