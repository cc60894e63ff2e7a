/* raw_posix.c: the functions of raw.h that differ between systems, for POSIX. */
#include "selftest/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

int raw_code(void)
{
    return errno;
}

bool raw_is_would_block(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK;
}

/* clang-format off */
#define CODES(X) \
    X(EACCES) X(EADDRINUSE) X(EADDRNOTAVAIL) X(EAFNOSUPPORT) X(EAGAIN) X(EALREADY) X(EBADF) \
    X(ECONNABORTED) X(ECONNREFUSED) X(ECONNRESET) X(EDESTADDRREQ) X(EDOM) X(EHOSTUNREACH) \
    X(EINPROGRESS) X(EINVAL) X(EISCONN) X(EMFILE) X(EMSGSIZE) X(ENAMETOOLONG) X(ENETUNREACH) \
    X(ENOBUFS) X(ENODEV) X(ENOENT) X(ENOMEM) X(ENOPROTOOPT) X(ENOTCONN) X(ENOTSOCK) X(ENXIO) \
    X(EOPNOTSUPP) X(EPIPE) X(EPERM) X(ETIMEDOUT)
/* clang-format on */

const char *raw_name(int code)
{
#define NAME(name) \
    case name: return #name;
    switch (code) {
        CODES(NAME)
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
