/* unix.c: Unix sockets, which Windows 10 supports since version 1803: only streams, and only paths
 * ("AF_UNIX comes to Windows", Microsoft's command line blog). Version 1709 and Wine fail with
 * WSAEAFNOSUPPORT. */
#include "platform/winsock/winsock.h"

#include <stddef.h>
#include <string.h>

#include "platform/handles.h"

/* From <afunix.h>, which older headers lack. */
#define WINSOCK_AF_UNIX 1
#define WINSOCK_PATH_MAX 108

struct winsock_sockaddr_un {
    ADDRESS_FAMILY family;
    char path[WINSOCK_PATH_MAX]; /* UTF-8 */
};

static int sockaddr_un_of(const fer_unix_addr *addr, struct winsock_sockaddr_un *out)
{
    return (int)ferp_sockaddr_un_of(addr, out, sizeof *out);
}

static fer_error from_sockaddr_un(const struct winsock_sockaddr_un *from, int len,
                                  fer_unix_addr *out)
{
    bool is_unix = from->family == WINSOCK_AF_UNIX &&
                   ferp_sockaddr_un_to(from, (size_t)len, out).kind == FER_OK;
    return is_unix ? FERP_WINSOCK_OK : (fer_error){FER_INVALID_INPUT, 0};
}

fer_error ferp_unix_pair(fer_type type, fer_raw_socket *one, fer_raw_socket *other)
{
    (void)type;
    (void)one;
    (void)other;
    return ferp_winsock_error(WSAEAFNOSUPPORT); /* Windows has no socketpair */
}

fer_error ferp_unix_bind(fer_raw_socket raw, const fer_unix_addr *addr)
{
    struct winsock_sockaddr_un name;
    int size = sockaddr_un_of(addr, &name);
    return ferp_winsock_result(
        bind(ferp_winsock_socket(raw), (const struct sockaddr *)&name, size));
}

fer_error ferp_unix_connect(fer_raw_socket raw, const fer_unix_addr *addr)
{
    struct winsock_sockaddr_un name;
    int size = sockaddr_un_of(addr, &name);
    return ferp_winsock_connect_result(
        connect(ferp_winsock_socket(raw), (const struct sockaddr *)&name, size));
}

fer_error ferp_unix_local_addr(fer_raw_socket raw, fer_unix_addr *out)
{
    struct winsock_sockaddr_un name;
    int size = (int)sizeof name;
    memset(&name, 0, sizeof name);
    FER_TRY(ferp_winsock_result(
        getsockname(ferp_winsock_socket(raw), (struct sockaddr *)&name, &size)));
    return from_sockaddr_un(&name, size, out);
}

fer_error ferp_unix_peer_addr(fer_raw_socket raw, fer_unix_addr *out)
{
    struct winsock_sockaddr_un name;
    int size = (int)sizeof name;
    memset(&name, 0, sizeof name);
    FER_TRY(ferp_winsock_result(
        getpeername(ferp_winsock_socket(raw), (struct sockaddr *)&name, &size)));
    return from_sockaddr_un(&name, size, out);
}

fer_error ferp_unix_peer_cred(fer_raw_socket raw, fer_unix_cred *out)
{
    (void)raw;
    (void)out;
    return ferp_winsock_error(WSAEOPNOTSUPP); /* SIO_AF_UNIX_GETPEERPID has no user */
}

fer_error ferp_unix_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                              fer_unix_received *out)
{
    (void)raw;
    (void)buf;
    (void)len;
    (void)flags;
    (void)out;
    return ferp_winsock_error(WSAEAFNOSUPPORT);
}

fer_error ferp_unix_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                            const fer_unix_addr *addr, size_t *n)
{
    (void)raw;
    (void)buf;
    (void)len;
    (void)flags;
    (void)addr;
    *n = 0;
    return ferp_winsock_error(WSAEAFNOSUPPORT);
}

fer_error ferp_unix_send_handles(fer_raw_socket raw, const struct ferp_sent_handles *message,
                                 unsigned flags, size_t *n)
{
    (void)raw;
    (void)message;
    (void)flags;
    *n = 0;
    return ferp_winsock_error(WSAEOPNOTSUPP); /* WSADuplicateSocket needs no Unix socket */
}

fer_error ferp_unix_recv_handles(fer_raw_socket raw, struct ferp_received_handles *message,
                                 unsigned flags)
{
    (void)raw;
    (void)message;
    (void)flags;
    return ferp_winsock_error(WSAEOPNOTSUPP);
}
