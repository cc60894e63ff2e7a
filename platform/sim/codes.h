/* codes.h: the errors of the simulated network, each with its number in every dialect. The numbers
 * come from the tables of the two backends. Data only. */
#ifndef FERP_SIM_CODES_H
#define FERP_SIM_CODES_H

#include "platform/posix/errors_posix.h"
#include "platform/winsock/errors_winsock.h"

/* X(name, errno, Windows) */
#define FERP_SIM_CODES(X)                                   \
    X(EINTR, EINTR, WSAEINTR)                               \
    X(EBADF, EBADF, WSAENOTSOCK)                            \
    X(ENOTSOCK, ENOTSOCK, WSAENOTSOCK)                      \
    X(EINVAL, EINVAL, WSAEINVAL)                            \
    X(EACCES, EACCES, WSAEACCES)                            \
    X(EMFILE, EMFILE, WSAEMFILE)                            \
    X(EAGAIN, EAGAIN, WSAEWOULDBLOCK)                       \
    X(EXPIRED, EAGAIN, WSAETIMEDOUT)                        \
    X(EINPROGRESS, EINPROGRESS, WSAEWOULDBLOCK)             \
    X(EALREADY, EALREADY, WSAEALREADY)                      \
    X(ENOPROTOOPT, ENOPROTOOPT, WSAENOPROTOOPT)             \
    X(EOPNOTSUPP, EOPNOTSUPP, WSAEOPNOTSUPP)                \
    X(EADDRINUSE, EADDRINUSE, WSAEADDRINUSE)                \
    X(EADDRNOTAVAIL, EADDRNOTAVAIL, WSAEADDRNOTAVAIL)       \
    X(ENETUNREACH, ENETUNREACH, WSAENETUNREACH)             \
    X(EHOSTUNREACH, EHOSTUNREACH, WSAEHOSTUNREACH)          \
    X(ECONNABORTED, ECONNABORTED, WSAECONNABORTED)          \
    X(ECONNRESET, ECONNRESET, WSAECONNRESET)                \
    X(ENOBUFS, ENOBUFS, WSAENOBUFS)                         \
    X(EISCONN, EISCONN, WSAEISCONN)                         \
    X(ENOTCONN, ENOTCONN, WSAENOTCONN)                      \
    X(EPIPE, EPIPE, WSAESHUTDOWN)                           \
    X(ETIMEDOUT, ETIMEDOUT, WSAETIMEDOUT)                   \
    X(ECONNREFUSED, ECONNREFUSED, WSAECONNREFUSED)          \
    X(EDESTADDRREQ, EDESTADDRREQ, WSAENOTCONN)              \
    X(EMSGSIZE, EMSGSIZE, WSAEMSGSIZE)                      \
    X(EPERM, EPERM, WSAEACCES)                              \
    X(ENOENT, ENOENT, WSAECONNREFUSED)                      \
    X(EPROTOTYPE, EPROTOTYPE, WSAEPROTOTYPE)                \
    X(EPROTONOSUPPORT, EPROTONOSUPPORT, WSAEPROTONOSUPPORT) \
    X(EAFNOSUPPORT, EAFNOSUPPORT, WSAEAFNOSUPPORT)          \
    X(ENODEV, ENODEV, WSAEADDRNOTAVAIL)

typedef enum ferp_sim_code {
    FERP_SIM_NO_ERROR,
#define FERP_SIM_CODE_ENUMERATOR(name, on_linux, on_windows) FERP_SIM_##name,
    FERP_SIM_CODES(FERP_SIM_CODE_ENUMERATOR)
#undef FERP_SIM_CODE_ENUMERATOR
} ferp_sim_code;

/* The tables' numbers by name, for example FERP_SIM_LINUX_EINTR, FERP_SIM_BSD_EINTR and
 * FERP_SIM_WINDOWS_WSAEINTR. */
enum {
#define FERP_SIM_NUMBER(name, on_linux, on_bsd, kind) \
    FERP_SIM_LINUX_##name = on_linux, FERP_SIM_BSD_##name = on_bsd,
    FERP_POSIX_ERRORS(FERP_SIM_NUMBER)
#undef FERP_SIM_NUMBER
#define FERP_SIM_NUMBER(number, name, kind) FERP_SIM_WINDOWS_##name = number,
        FERP_WINSOCK_SOCKET_ERRORS(FERP_SIM_NUMBER)
#undef FERP_SIM_NUMBER
};

#endif
