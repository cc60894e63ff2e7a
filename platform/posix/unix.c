/* unix.c: Unix sockets: pairs, addresses, connect, and datagrams. Other calls are those of any
 * socket. */
#include "platform/posix/posix.h"

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__DragonFly__)
#include <sys/ucred.h>
#endif

#include "platform/common/control.h"
#include "platform/handles.h"

/* ---- Addresses */

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

/* A path includes its NUL if it fits. An abstract name follows a NUL and has none of its own
 * (unix(7)). Core has checked the length. */
static socklen_t sockaddr_un_of(const fer_unix_addr *addr, struct sockaddr_un *out)
{
    bool is_path = addr->kind_ == FERP_UNIX_PATHNAME;
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    memcpy(out->sun_path + !is_path, addr->name_, addr->len_);
    socklen_t len = addr->len_ < sizeof out->sun_path ? (socklen_t)(PATH_AT + addr->len_ + 1u)
                                                      : (socklen_t)sizeof *out;
#ifdef FERP_POSIX_BSD
    out->sun_len = (unsigned char)len;
#endif
    return len;
}

/* An unnamed socket has no path; some systems report an empty one. A path may lack its NUL, and on
 * OpenBSD bytes may follow the NUL. */
static fer_unix_addr from_sockaddr_un(const struct sockaddr_un *from, socklen_t len)
{
    fer_unix_addr addr = {0};
    size_t name_cap = len > PATH_AT ? (size_t)len - PATH_AT : 0;
    name_cap = name_cap < sizeof from->sun_path ? name_cap : sizeof from->sun_path;
    if (name_cap == 0) {
        return addr;
    }
    bool is_path = from->sun_path[0] != '\0';
#ifndef __linux__
    if (!is_path) {
        return addr;
    }
#endif
    size_t length = is_path ? strnlen(from->sun_path, name_cap) : name_cap - 1;
    addr.kind_ = is_path ? FERP_UNIX_PATHNAME : FERP_UNIX_ABSTRACT;
    addr.len_ = (uint16_t)length;
    memcpy(addr.name_, from->sun_path + !is_path, length);
    return addr;
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
    *out = from_sockaddr_un(storage, len);
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

static fer_unix_cred cred_of(uid_t uid, gid_t gid, pid_t pid)
{
    return (fer_unix_cred){(uint32_t)uid, (uint32_t)gid, pid > 0 ? (int32_t)pid : -1};
}

#if defined(__linux__) || defined(__OpenBSD__)
#ifdef __linux__
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
#elif defined(__NetBSD__)
fer_error ferp_unix_peer_cred(fer_raw_socket raw, fer_unix_cred *out)
{
    struct unpcbid cred;
    socklen_t len = sizeof cred;
    FER_TRY(ferp_posix_result(getsockopt((int)raw, 0, LOCAL_PEEREID, &cred, &len)));
    *out = cred_of(cred.unp_euid, cred.unp_egid, cred.unp_pid);
    return (fer_error){FER_OK, 0};
}
#elif defined(LOCAL_PEERCRED)
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
    FER_TRY(ferp_posix_result(socketpair(AF_UNIX, ferp_posix_type_of(type), 0, fds)));
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
    socklen_t len = sockaddr_un_of(addr, &storage);
    return ferp_posix_result(bind((int)raw, (const struct sockaddr *)&storage, len));
}

/* macOS and the BSDs return ENOTSOCK for the path of a file that is no socket (FreeBSD,
 * sys/kern/uipc_usrreq.c, unp_connectat; XNU and NetBSD, unp_connect). Linux returns ECONNREFUSED,
 * as for a socket that does not listen. */
static fer_error path_result(fer_raw_socket raw, intptr_t returned)
{
    int type = 0;
    socklen_t len = sizeof type;
    if (FERP_POSIX_IS_BSD && returned < 0 && errno == ENOTSOCK &&
        getsockopt((int)raw, SOL_SOCKET, SO_TYPE, &type, &len) == 0) {
        return (fer_error){FER_CONNECTION_REFUSED, ENOTSOCK};
    }
    return ferp_posix_waited_result(returned);
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
    socklen_t len = sockaddr_un_of(addr, &storage);
    bool had_peer = getpeername((int)raw, (struct sockaddr *)&old, &old_len) == 0 &&
                    old_len > PATH_AT && old.sun_path[0] != '\0';
    int previous = ferp_posix_hold_cancel();
    fer_error error = path_result(raw, connect((int)raw, (const struct sockaddr *)&storage, len));
    if (error.kind != FER_OK && had_peer && ferp_check_connected(raw).kind != FER_OK) {
        (void)connect((int)raw, (const struct sockaddr *)&old, old_len);
    }
    ferp_posix_release_cancel(previous);
    return error;
}
#else
fer_error ferp_unix_connect(fer_raw_socket raw, const fer_unix_addr *addr)
{
    struct sockaddr_un storage;
    socklen_t len = sockaddr_un_of(addr, &storage);
    int previous = ferp_posix_hold_cancel();
    fer_error error = path_result(raw, connect((int)raw, (const struct sockaddr *)&storage, len));
    ferp_posix_release_cancel(previous);
    return error;
}
#endif

/* ---- Datagrams */

/* An end of file, if the read half is shut down and the queue is empty: nothing is queued after a
 * shutdown, so a second try receives what came before it. A call that waits in the kernel returns
 * the end itself. */
static ssize_t receive_or_end(int fd, struct msghdr *message, int flags)
{
    ssize_t moved = recvmsg(fd, message, flags);
    if (moved >= 0 || errno != EAGAIN || !ferp_posix_hides_end(fd)) {
        return moved;
    }
    moved = recvmsg(fd, message, flags | MSG_DONTWAIT);
    if (moved < 0 && errno == EAGAIN) {
        message->msg_namelen = 0;
        return 0;
    }
    return moved;
}

fer_error ferp_unix_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                              struct ferp_unix_datagram *out)
{
    struct sockaddr_un from;
    char spare; /* as in receive_from of bytes.c */
    bool uses_spare = FERP_POSIX_IS_BSD && len == 0;
    struct iovec slice = {uses_spare ? &spare : buf, uses_spare ? 1 : len};
    struct msghdr message = {0};
    from.sun_family = AF_UNIX;
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &slice;
    message.msg_iovlen = 1;
    ssize_t moved = receive_or_end((int)raw, &message, ferp_posix_recv_flags(flags));
    if (moved < 0) {
        return ferp_posix_waited_error(errno);
    }
    out->len = (size_t)moved < len ? (size_t)moved : len;
    out->truncated = (message.msg_flags & MSG_TRUNC) != 0 || (size_t)moved > len;
    out->from = from_sockaddr_un(&from, message.msg_namelen);
    return (fer_error){FER_OK, 0};
}

static bool is_unix_peer(fer_raw_socket raw, const fer_unix_addr *addr)
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
    socklen_t size = sockaddr_un_of(addr, &to);
    int os_flags = ferp_posix_send_flags(flags);
    ssize_t moved = sendto((int)raw, buf, len, os_flags, (const struct sockaddr *)&to, size);
    if (FERP_POSIX_IS_BSD && moved < 0 && errno == EISCONN && is_unix_peer(raw, addr)) {
        moved = send((int)raw, buf, len, os_flags);
    }
    fer_error error = path_result(raw, moved);
    *n = moved < 0 ? 0 : (size_t)moved;
    return error;
}

/* ---- Handles. The layout of a message is that of the kernel (cmsg(3)). */

#define HANDLES_SPACE FERP_CONTROL_SPACE(FER_UNIX_HANDLES_MAX * sizeof(int))

/* Room for the credentials and the label that an adopted socket may ask for (SO_PASSCRED,
 * SO_PASSSEC), and for the process of SO_PASSPIDFD. */
#define OTHER_SPACE 128

union handles_control {
    struct cmsghdr header; /* for its alignment */
    unsigned char bytes[HANDLES_SPACE + OTHER_SPACE];
};

/* macOS has no MSG_CMSG_CLOEXEC, and a kernel of a BSD may be older than its header. There fcntl
 * sets the flag too, before the call returns. On macOS another thread may fork and exec in
 * between. */
#ifdef MSG_CMSG_CLOEXEC
#define RECV_CLOEXEC MSG_CMSG_CLOEXEC
#else
#define RECV_CLOEXEC 0
#endif

/* Two codes that no other send has: too many descriptors are in flight (Linux, unix(7); FreeBSD),
 * and more than one message holds (OpenBSD, unp_internalize). EINVAL is the latter too (Linux). */
static fer_error handles_error(fer_raw_socket raw)
{
    switch (errno) {
    case ETOOMANYREFS: return (fer_error){FER_TOO_MANY_OPEN_FILES, errno};
    case E2BIG: return (fer_error){FER_INVALID_INPUT, errno};
    default: return path_result(raw, -1);
    }
}

/* Whether a socket of macOS or a BSD is connected to the address, so that a send to it is EISCONN.
 * NetBSD leaks the handles of a send that fails with it (run). */
static bool sends_to_peer(fer_raw_socket raw, const fer_unix_addr *to)
{
    return FERP_POSIX_IS_BSD && is_unix_peer(raw, to);
}

fer_error ferp_unix_send_handles(fer_raw_socket raw, const struct ferp_sent_handles *message,
                                 unsigned flags, size_t *n)
{
    union handles_control control;
    int fds[FER_UNIX_HANDLES_MAX];
    struct sockaddr_un to;
    size_t used = 0;
    struct iovec slice = {(void *)(uintptr_t)message->buf, message->len};
    struct msghdr header = {0};
    for (size_t i = 0; i < message->count; i++) {
        fds[i] = (int)message->handles[i];
    }
    if (message->count > 0) {
        (void)ferp_control_append(FERP_CONTROL_LAYOUT_POSIX, control.bytes, sizeof control.bytes,
                                  &used, SOL_SOCKET, SCM_RIGHTS, fds,
                                  message->count * sizeof fds[0]);
        header.msg_control = control.bytes;
        header.msg_controllen = (__typeof__(header.msg_controllen))used;
    }
    if (message->to != NULL && !sends_to_peer(raw, message->to)) {
        header.msg_namelen = sockaddr_un_of(message->to, &to);
        header.msg_name = &to;
    }
    header.msg_iov = &slice;
    header.msg_iovlen = 1;
    ssize_t moved = sendmsg((int)raw, &header, ferp_posix_send_flags(flags));
    *n = moved < 0 ? 0 : (size_t)moved;
    return moved < 0 ? handles_error(raw) : (fer_error){FER_OK, 0};
}

static void take_handle(struct ferp_received_handles *message, int fd)
{
    if (message->count == message->cap) {
        (void)close(fd);
        message->handles_truncated = true;
        return;
    }
    if (FERP_POSIX_IS_BSD || RECV_CLOEXEC == 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    message->handles[message->count] = (fer_raw_socket)fd;
    message->count++;
}

/* Whether a message carries descriptors: SCM_RIGHTS, or the process of SO_PASSPIDFD (SCM_PIDFD of
 * Linux 6.5), which is closed. */
static bool has_descriptors(const ferp_control_message *message, bool *is_wanted)
{
    *is_wanted = message->type == SCM_RIGHTS;
#ifdef __linux__
    const int scm_pidfd = 4;
    return message->level == SOL_SOCKET && (*is_wanted || message->type == scm_pidfd);
#else
    return message->level == SOL_SOCKET && *is_wanted;
#endif
}

static void take_handles(struct ferp_received_handles *message, const unsigned char *control,
                         size_t len)
{
    ferp_control_message got;
    bool is_wanted;
    size_t at = 0;
    while (ferp_control_next(FERP_CONTROL_LAYOUT_POSIX, control, len, &at, &got)) {
        if (!has_descriptors(&got, &is_wanted)) {
            continue;
        }
        for (size_t i = 0; i + sizeof(int) <= got.data_len; i += sizeof(int)) {
            int fd;
            memcpy(&fd, got.data + i, sizeof fd);
            if (is_wanted) {
                take_handle(message, fd);
            } else {
                (void)close(fd);
            }
        }
    }
}

/* The length of the block for control messages. Linux installs as many descriptors as fit, and
 * closes the others (net/core/scm.c, scm_detach_fds), so that a peer cannot fill this process's
 * table. macOS leaks those that do not fit (XNU, uipc_syscalls.c, copyout_control), and the BSDs
 * cut the list, so there the block holds the most. */
static size_t control_len_for(const struct ferp_received_handles *message)
{
    size_t most = FER_UNIX_HANDLES_MAX;
    size_t handles = FERP_POSIX_IS_BSD || message->cap > most ? most : message->cap;
    return FERP_CONTROL_SPACE(handles * sizeof(int)) + OTHER_SPACE;
}

/* The BSDs fail with EMSGSIZE if the process may open no further files. The handles are then closed
 * and the bytes are still queued (FreeBSD, sys/kern/uipc_usrreq.c, unp_externalize). Linux returns
 * the bytes with MSG_CTRUNC. */
static ssize_t receive_with_control(fer_raw_socket raw, struct msghdr *header, int flags,
                                    struct ferp_received_handles *message)
{
    size_t control_len = header->msg_controllen;
    ssize_t moved = message->is_datagram ? receive_or_end((int)raw, header, flags)
                                         : recvmsg((int)raw, header, flags);
    if (FERP_POSIX_IS_BSD && moved < 0 && errno == EMSGSIZE) {
        message->handles_truncated = true;
        header->msg_controllen = (__typeof__(header->msg_controllen))control_len;
        moved = recvmsg((int)raw, header, flags);
    }
    return moved;
}

fer_error ferp_unix_recv_handles(fer_raw_socket raw, struct ferp_received_handles *message,
                                 unsigned flags)
{
    union handles_control control;
    struct sockaddr_un from;
    struct iovec slice = {message->buf, message->len};
    struct msghdr header = {0};
    from.sun_family = AF_UNIX;
    header.msg_name = &from;
    header.msg_namelen = sizeof from;
    header.msg_iov = &slice;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes;
    header.msg_controllen = (__typeof__(header.msg_controllen))control_len_for(message);
    message->count = 0;
    message->handles_truncated = false;
    int os_flags = ferp_posix_recv_flags(flags) | RECV_CLOEXEC;
    ssize_t moved = receive_with_control(raw, &header, os_flags, message);
    if (moved < 0) {
        return ferp_posix_waited_error(errno);
    }
    take_handles(message, control.bytes, header.msg_controllen);
    message->handles_truncated |= (header.msg_flags & MSG_CTRUNC) != 0;
    message->moved = (size_t)moved < message->len ? (size_t)moved : message->len;
    message->truncated = (header.msg_flags & MSG_TRUNC) != 0 || (size_t)moved > message->len;
    message->from = from_sockaddr_un(&from, header.msg_namelen);
    return (fer_error){FER_OK, 0};
}
