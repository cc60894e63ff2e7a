/* unix.c: Unix sockets: pairs, addresses, connect, and datagrams. Other calls are those of any
 * socket. */
#include "platform/posix/unix.h"

#include <string.h>
#include <unistd.h>
#if FERP_CREDENTIALS == FERP_CREDENTIALS_XUCRED
#include <sys/ucred.h>
#endif

#include "platform/handles.h"

/* ---- Addresses */

socklen_t ferp_posix_sockaddr_un_of(const fer_unix_addr *addr, struct sockaddr_un *out)
{
    return (socklen_t)ferp_sockaddr_un_of(addr, out, sizeof *out);
}

/* An address that is not of a Unix socket is the unnamed one. */
void ferp_posix_from_sockaddr_un(const struct sockaddr_un *from, socklen_t len, fer_unix_addr *out)
{
    if (ferp_sockaddr_un_to(from, (size_t)len, out).kind != FER_OK) {
        memset(out, 0, sizeof *out);
    }
}

/* Stores the result of getsockname or getpeername. Another family is EAFNOSUPPORT. */
static fer_error store_unix_address(int returned, const struct sockaddr_un *storage, socklen_t len,
                                    fer_unix_addr *out)
{
    if (returned < 0) {
        return ferp_posix_address_error(errno);
    }
    if (len > 0 && storage->sun_family != AF_UNIX) {
        return ferp_posix_error_of(EAFNOSUPPORT);
    }
    ferp_posix_from_sockaddr_un(storage, len, out);
    return (fer_error){FER_OK, 0};
}

fer_error ferp_unix_local_addr(fer_raw_socket raw, fer_unix_addr *out)
{
    struct sockaddr_un storage;
    socklen_t len = sizeof storage;
    storage.sun_family = AF_UNIX;
    int returned = getsockname((int)raw, (struct sockaddr *)&storage, &len);
    return store_unix_address(returned, &storage, len, out);
}

fer_error ferp_unix_peer_addr(fer_raw_socket raw, fer_unix_addr *out)
{
    struct sockaddr_un storage;
    socklen_t len = sizeof storage;
    storage.sun_family = AF_UNIX;
    int returned = getpeername((int)raw, (struct sockaddr *)&storage, &len);
    return store_unix_address(returned, &storage, len, out);
}

/* ---- Credentials. Each system has a struct of its own (unix(7); OpenBSD, getsockopt(2); NetBSD,
 * macOS and FreeBSD, unix(4)). The level of LOCAL_ options is 0. */

#if FERP_CREDENTIALS != FERP_CREDENTIALS_NONE
static fer_unix_cred cred_of(uid_t uid, gid_t gid, pid_t pid)
{
    return (fer_unix_cred){(uint32_t)uid, (uint32_t)gid, pid > 0 ? (int32_t)pid : -1};
}
#endif

#if FERP_CREDENTIALS == FERP_CREDENTIALS_UCRED || FERP_CREDENTIALS == FERP_CREDENTIALS_SOCKPEERCRED
#if FERP_CREDENTIALS == FERP_CREDENTIALS_UCRED
typedef struct ucred system_cred;
#else
typedef struct sockpeercred system_cred;
#endif

fer_error ferp_unix_peer_cred(fer_raw_socket raw, fer_unix_cred *out)
{
    system_cred cred;
    socklen_t len = sizeof cred;
    FER_TRY(ferp_posix_result(getsockopt((int)raw, SOL_SOCKET, SO_PEERCRED, &cred, &len)));
    *out = cred_of(cred.uid, cred.gid, cred.pid);
    return (fer_error){FER_OK, 0};
}
#elif FERP_CREDENTIALS == FERP_CREDENTIALS_UNPCBID
fer_error ferp_unix_peer_cred(fer_raw_socket raw, fer_unix_cred *out)
{
    struct unpcbid cred;
    socklen_t len = sizeof cred;
    FER_TRY(ferp_posix_result(getsockopt((int)raw, 0, LOCAL_PEEREID, &cred, &len)));
    *out = cred_of(cred.unp_euid, cred.unp_egid, cred.unp_pid);
    return (fer_error){FER_OK, 0};
}
#elif FERP_CREDENTIALS == FERP_CREDENTIALS_XUCRED
fer_error ferp_unix_peer_cred(fer_raw_socket raw, fer_unix_cred *out)
{
    struct xucred cred;
    socklen_t len = sizeof cred;
    pid_t pid = 0;
    FER_TRY(ferp_posix_result(getsockopt((int)raw, 0, LOCAL_PEERCRED, &cred, &len)));
#if defined(__APPLE__)
    len = sizeof pid;
    (void)getsockopt((int)raw, 0, LOCAL_PEERPID, &pid, &len);
#elif __FreeBSD__ >= 13
    pid = cred.cr_pid;
#endif
    *out = cred_of(cred.cr_uid, cred.cr_groups[0], pid);
    return (fer_error){FER_OK, 0};
}
#else
fer_error ferp_unix_peer_cred(fer_raw_socket raw, fer_unix_cred *out)
{
    (void)raw;
    (void)out;
    return (fer_error){FER_UNSUPPORTED, 0};
}
#endif

/* ---- Sockets */

fer_error ferp_unix_pair(fer_type type, fer_raw_socket *one, fer_raw_socket *other)
{
    int fds[2];
    fer_raw_socket finished = FER_RAW_SOCKET_NONE;
    FER_TRY(ferp_posix_result(ferp_posix_socket_pair(ferp_posix_type_of(type), fds)));
    for (size_t i = 0; i < 2 && type == FER_TYPE_DGRAM; i++) {
        ferp_posix_fit_datagrams(fds[i]);
    }
    fer_error error = ferp_posix_finish_socket(fds[0], &finished);
    if (error.kind != FER_OK) {
        ferp_close(fds[1]);
        return error;
    }
    error = ferp_posix_finish_socket(fds[1], other);
    if (error.kind != FER_OK) {
        ferp_close(finished);
        return error;
    }
    *one = finished;
    return error;
}

fer_error ferp_unix_bind(fer_raw_socket raw, const fer_unix_addr *addr)
{
    struct sockaddr_un storage;
    socklen_t len = ferp_posix_sockaddr_un_of(addr, &storage);
    return ferp_posix_result(bind((int)raw, (const struct sockaddr *)&storage, len));
}

/* macOS and the BSDs return ENOTSOCK for the path of a file that is no socket (FreeBSD,
 * sys/kern/uipc_usrreq.c, unp_connectat; XNU and NetBSD, unp_connect). Linux returns ECONNREFUSED,
 * as for a socket that does not listen. */
fer_error ferp_posix_path_result(fer_raw_socket raw, intptr_t returned)
{
    int type = 0;
    socklen_t len = sizeof type;
    if (FERP_POSIX_IS_BSD && returned < 0 && errno == ENOTSOCK &&
        getsockopt((int)raw, SOL_SOCKET, SO_TYPE, &type, &len) == 0) {
        return (fer_error){FER_CONNECTION_REFUSED, ENOTSOCK};
    }
    return ferp_posix_waited_result(returned);
}

/* XNU returns EINVAL for a peer that has shut down its read half (uipc_socket2.c, sbappendaddr;
 * run). core's arguments are valid. */
fer_error ferp_posix_unix_send_result(fer_raw_socket raw, intptr_t returned)
{
    return FERP_POSIX_IS_APPLE && returned < 0 && errno == EINVAL
               ? (fer_error){FER_BROKEN_PIPE, EINVAL}
               : ferp_posix_path_result(raw, returned);
}

#ifdef FERP_POSIX_BSD
/* macOS and the BSDs dissolve the old connection of a datagram socket before they search the new
 * peer (FreeBSD, sys/kern/uipc_socket.c, soconnectat). After a failure the old one is made again,
 * if its peer has a path. */
fer_error ferp_unix_connect(fer_raw_socket raw, const fer_unix_addr *addr)
{
    struct sockaddr_un storage;
    struct sockaddr_un old;
    socklen_t old_len = sizeof old;
    socklen_t len = ferp_posix_sockaddr_un_of(addr, &storage);
    bool had_peer = getpeername((int)raw, (struct sockaddr *)&old, &old_len) == 0 &&
                    old_len > offsetof(struct sockaddr_un, sun_path) && old.sun_path[0] != '\0';
    fer_error error =
        ferp_posix_path_result(raw, connect((int)raw, (const struct sockaddr *)&storage, len));
    if (error.kind != FER_OK && had_peer && ferp_check_connected(raw).kind != FER_OK) {
        (void)connect((int)raw, (const struct sockaddr *)&old, old_len);
    }
    return error;
}
#else
fer_error ferp_unix_connect(fer_raw_socket raw, const fer_unix_addr *addr)
{
    struct sockaddr_un storage;
    socklen_t len = ferp_posix_sockaddr_un_of(addr, &storage);
    return ferp_posix_path_result(raw, connect((int)raw, (const struct sockaddr *)&storage, len));
}
#endif

/* ---- Datagrams */

/* An end of file, if the read half is shut down and the queue is empty: nothing is queued after a
 * shutdown, so a second try receives what came before it. A call that waits in the kernel returns
 * the end itself. */
ssize_t ferp_posix_receive_or_end(int fd, struct msghdr *message, int flags)
{
    ssize_t moved = recvmsg(fd, message, flags);
    if (moved >= 0 || errno != EAGAIN || !ferp_posix_hides_end(fd)) {
        return moved;
    }
    moved = recvmsg(fd, message, flags | FERP_POSIX_DONTWAIT);
    if (moved < 0 && errno == EAGAIN) {
        message->msg_namelen = 0;
        message->msg_controllen = 0;
        message->msg_flags = 0;
        return 0;
    }
    return moved;
}

/* Closes the handles that come with the datagram. */
static fer_error receive_and_close_handles(fer_raw_socket raw, void *buf, size_t len,
                                           unsigned flags, fer_unix_received *out)
{
    char spare;
    struct ferp_received_handles message = {
        .buf = len == 0 ? &spare : buf, .len = len == 0 ? 1 : len, .is_datagram = true};
    FER_TRY(ferp_unix_recv_handles(raw, &message, flags));
    out->len = message.moved < len ? message.moved : len;
    out->truncated = message.truncated || message.moved > len;
    out->from = message.from;
    return (fer_error){FER_OK, 0};
}

fer_error ferp_unix_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                              fer_unix_received *out)
{
    if (FERP_POSIX_IS_APPLE) {
        return receive_and_close_handles(raw, buf, len, flags, out);
    }
    struct sockaddr_un from;
    char spare; /* as in receive_from of bytes.c */
    bool uses_spare = FERP_POSIX_IS_BSD && len == 0;
    struct iovec slice = {uses_spare ? &spare : buf, uses_spare ? 1 : len};
    struct msghdr message; /* its members one by one, as in make_header of messages.c */
    from.sun_family = AF_UNIX;
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &slice;
    message.msg_iovlen = 1;
    message.msg_control = NULL;
    message.msg_controllen = 0;
    message.msg_flags = 0;
    ssize_t moved = ferp_posix_receive_or_end((int)raw, &message, ferp_posix_recv_flags(flags));
    if (moved < 0) {
        return ferp_posix_waited_error(errno);
    }
    out->len = (size_t)moved < len ? (size_t)moved : len;
    out->truncated = (message.msg_flags & MSG_TRUNC) != 0 || (size_t)moved > len;
    ferp_posix_from_sockaddr_un(&from, message.msg_namelen, &out->from);
    return (fer_error){FER_OK, 0};
}

bool ferp_posix_is_unix_peer(fer_raw_socket raw, const fer_unix_addr *addr)
{
    fer_unix_addr peer;
    bool is_same = ferp_unix_peer_addr(raw, &peer).kind == FER_OK && peer.kind_ == addr->kind_ &&
                   peer.len_ == addr->len_ && memcmp(peer.name_, addr->name_, addr->len_) == 0;
    errno = EISCONN;
    return is_same;
}

/* EISCONN: as in ferp_send_to (FreeBSD, sys/kern/uipc_usrreq.c, uipc_send). */
fer_error ferp_unix_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                            const fer_unix_addr *addr, size_t *n)
{
    struct sockaddr_un to;
    socklen_t size = ferp_posix_sockaddr_un_of(addr, &to);
    int os_flags = ferp_posix_send_flags(flags);
    ssize_t moved =
        ferp_posix_sendto((int)raw, buf, len, os_flags, (const struct sockaddr *)&to, size);
    if (FERP_POSIX_REFUSES_PEER && moved < 0 && errno == EISCONN &&
        ferp_posix_is_unix_peer(raw, addr)) {
        moved = ferp_posix_send((int)raw, buf, len, os_flags);
    }
    fer_error error = ferp_posix_unix_send_result(raw, moved);
    *n = moved < 0 ? 0 : (size_t)moved;
    return error;
}
