/* handles.c: the handles that Unix sockets pass. The layout of a message is that of the kernel
 * (cmsg(3)). */
#include "platform/handles.h"

#include "platform/posix/unix.h"

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "platform/common/control.h"

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
#if FERP_HAS_CMSG_CLOEXEC
#define RECV_CLOEXEC MSG_CMSG_CLOEXEC
#else
#define RECV_CLOEXEC 0
#endif

/* ---- Sending */

/* Two codes that no other send has: too many descriptors are in flight (Linux, unix(7); FreeBSD),
 * and more than one message holds (OpenBSD, unp_internalize). EINVAL is the latter too (Linux). */
static fer_error handles_error(fer_raw_socket raw)
{
    switch (errno) {
    case ETOOMANYREFS: return (fer_error){FER_TOO_MANY_OPEN_FILES, errno};
    case E2BIG: return (fer_error){FER_INVALID_INPUT, errno};
    default: return ferp_posix_unix_send_result(raw, -1);
    }
}

/* Whether a socket of macOS or a BSD is connected to the address, so that a send to it is EISCONN.
 * NetBSD leaks the handles of a send that fails with it (run). */
static bool sends_to_peer(fer_raw_socket raw, const fer_unix_addr *to)
{
    return FERP_POSIX_IS_BSD && ferp_posix_is_unix_peer(raw, to);
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
        fds[i] = ferp_posix_fd(message->handles[i]);
    }
    if (message->count > 0) {
        (void)ferp_control_append(FERP_CONTROL_LAYOUT_POSIX, control.bytes, sizeof control.bytes,
                                  &used, SOL_SOCKET, SCM_RIGHTS, fds,
                                  message->count * sizeof fds[0]);
        header.msg_control = control.bytes;
        header.msg_controllen = (__typeof__(header.msg_controllen))used;
    }
    if (message->to != NULL && !sends_to_peer(raw, message->to)) {
        header.msg_namelen = ferp_posix_sockaddr_un_of(message->to, &to);
        header.msg_name = &to;
    }
    header.msg_iov = &slice;
    header.msg_iovlen = 1;
    ssize_t moved = ferp_posix_sendmsg((int)raw, &header, ferp_posix_send_flags(flags));
    *n = moved < 0 ? 0 : (size_t)moved;
    return moved < 0 ? handles_error(raw) : (fer_error){FER_OK, 0};
}

/* ---- Receiving */

/* The peer may have passed its last descriptor of a socket with a linger time, for which the close
 * would wait. */
static void close_passed(int fd)
{
    const struct linger no_linger = {0, 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &no_linger, sizeof no_linger);
    (void)close(fd);
}

static void take_handle(struct ferp_received_handles *message, size_t cap, int fd)
{
    if (message->count == cap) {
        close_passed(fd);
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

/* Stores handles up to cap. */
static void take_handles(struct ferp_received_handles *message, size_t cap,
                         const unsigned char *control, size_t len)
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
                take_handle(message, cap, fd);
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

/* The codes of a receive with handles that the process may not open: EMSGSIZE on macOS and the
 * BSDs, and EMFILE on newer FreeBSDs (sys/kern/uipc_usrreq.c, unp_externalize). The handles are
 * then closed. Linux returns the bytes with MSG_CTRUNC. */
static bool has_no_room_for_handles(ssize_t moved)
{
    return FERP_POSIX_IS_BSD && moved < 0 && (errno == EMSGSIZE || errno == EMFILE);
}

/* The bytes of a stream are still queued after that failure (FreeBSD 13, sys/kern/uipc_socket.c,
 * soreceive_generic). */
static ssize_t receive_stream_message(int fd, struct msghdr *header, int flags,
                                      struct ferp_received_handles *message)
{
    size_t control_len = (size_t)header->msg_controllen;
    ssize_t moved = recvmsg(fd, header, flags);
    if (has_no_room_for_handles(moved)) {
        message->handles_truncated = true;
        header->msg_controllen = (__typeof__(header->msg_controllen))control_len;
        moved = recvmsg(fd, header, flags);
    }
    return moved;
}

#ifdef FERP_POSIX_BSD
/* A peek at the next datagram. Only FreeBSD's has the control messages too: there a peek opens
 * nothing, while NetBSD closes the numbers that it takes for handles (copyout_msg_control). */
static ssize_t peek_at_datagram(int fd, struct msghdr *seen, int flags, bool *has_handles)
{
    *has_handles = false;
#ifdef __FreeBSD__
    ssize_t moved = ferp_posix_receive_or_end(fd, seen, flags | MSG_PEEK);
    if (moved >= 0) {
        ferp_control_message got;
        size_t at = 0;
        *has_handles = (seen->msg_flags & MSG_CTRUNC) != 0;
        while (!*has_handles && ferp_control_next(FERP_CONTROL_LAYOUT_POSIX, seen->msg_control,
                                                  seen->msg_controllen, &at, &got)) {
            *has_handles = got.level == SOL_SOCKET && got.type == SCM_RIGHTS;
        }
    }
#else
    seen->msg_control = NULL;
    seen->msg_controllen = 0;
    ssize_t moved = ferp_posix_receive_or_end(fd, seen, flags | MSG_PEEK);
#endif
    seen->msg_controllen = 0;
    seen->msg_flags &= MSG_TRUNC;
    return moved;
}

static bool may_open_no_more(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0) {
        (void)close(copy);
    }
    return copy < 0;
}

/* After the failure XNU keeps the bytes of the datagram without their address. The next receive
 * takes the bytes for the address and returns an empty datagram (uipc_socket.c, soreceive_ctl,
 * soreceive_addr). */
static void discard_rest(int fd)
{
#ifdef __APPLE__
    char byte;
    (void)recv(fd, &byte, sizeof byte, FERP_POSIX_DONTWAIT);
#else
    (void)fd;
#endif
}

/* A datagram is lost with its handles (NetBSD and OpenBSD, sys/kern/uipc_socket.c, soreceive;
 * FreeBSD 14, sys/kern/uipc_usrreq.c, uipc_soreceive_dgram), so a peek stores its bytes before.
 * FreeBSD 13 returns the bytes and does not report the handles (soreceive_dgram). If another thread
 * takes the datagram after the peek, EAGAIN, the next one is peeked at. */
static ssize_t receive_datagram_message(int fd, struct msghdr *header, int flags,
                                        struct ferp_received_handles *message)
{
    const struct msghdr empty = *header;
    struct msghdr seen;
    ssize_t peeked;
    ssize_t moved;
    bool has_handles;
    do {
        seen = empty;
        *header = empty;
        peeked = peek_at_datagram(fd, &seen, flags, &has_handles);
        if (peeked < 0) {
            return peeked;
        }
        moved = ferp_posix_receive_or_end(fd, header, flags | FERP_POSIX_DONTWAIT);
    } while (moved < 0 && errno == EAGAIN);
    if (has_no_room_for_handles(moved)) {
        discard_rest(fd);
        message->handles_truncated = true;
        *header = seen;
        return peeked;
    }
    message->handles_truncated |=
        moved >= 0 && has_handles && header->msg_controllen == 0 && may_open_no_more(fd);
    return moved;
}
#else
static ssize_t receive_datagram_message(int fd, struct msghdr *header, int flags,
                                        struct ferp_received_handles *message)
{
    (void)message;
    return ferp_posix_receive_or_end(fd, header, flags);
}
#endif

static void make_handles_header(const struct ferp_received_handles *message,
                                union handles_control *control, struct sockaddr_un *from,
                                struct iovec *slice, struct msghdr *header)
{
    memset(header, 0, sizeof *header);
    *slice = (struct iovec){message->buf, message->len};
    from->sun_family = AF_UNIX;
    header->msg_name = from;
    header->msg_namelen = sizeof *from;
    header->msg_iov = slice;
    header->msg_iovlen = 1;
    header->msg_control = control->bytes;
    header->msg_controllen = (__typeof__(header->msg_controllen))control_len_for(message);
}

/* Whether a stream's message has control messages and no bytes, which is not the end of the stream.
 * Linux sends none. */
static bool has_only_control(const struct ferp_received_handles *message,
                             const struct msghdr *header)
{
    return FERP_POSIX_IS_BSD && !message->is_datagram && message->moved == 0 &&
           (header->msg_controllen != 0 || (header->msg_flags & MSG_CTRUNC) != 0);
}

/* Receives one message. Its handles are closed if it has no bytes. */
static fer_error receive_message(int fd, struct ferp_received_handles *message, int flags,
                                 bool *is_again)
{
    union handles_control control;
    struct sockaddr_un from;
    struct iovec slice;
    struct msghdr header;
    make_handles_header(message, &control, &from, &slice, &header);
    ssize_t moved = message->is_datagram ? receive_datagram_message(fd, &header, flags, message)
                                         : receive_stream_message(fd, &header, flags, message);
    if (moved < 0) {
        return ferp_posix_waited_error(errno);
    }
    message->moved = (size_t)moved < message->len ? (size_t)moved : message->len;
    message->truncated = (header.msg_flags & MSG_TRUNC) != 0 || (size_t)moved > message->len;
    ferp_posix_from_sockaddr_un(&from, header.msg_namelen, &message->from);
    message->handles_truncated |= (header.msg_flags & MSG_CTRUNC) != 0;
    *is_again = has_only_control(message, &header);
    take_handles(message, *is_again ? 0 : message->cap, control.bytes,
                 (size_t)header.msg_controllen);
    return (fer_error){FER_OK, 0};
}

/* Receives once. A peek takes no handles. */
static ssize_t receive_without_handles(int fd, struct iovec *slices, size_t count, int flags,
                                       bool *has_only_handles)
{
    struct ferp_received_handles message = {.cap = 0};
    union handles_control control;
    struct msghdr header = {0};
    header.msg_iov = slices;
    header.msg_iovlen = (__typeof__(header.msg_iovlen))count;
    header.msg_control = control.bytes;
    header.msg_controllen = (__typeof__(header.msg_controllen))control_len_for(&message);
    ssize_t moved = receive_stream_message(fd, &header, flags, &message);
    message.moved = moved < 0 ? 0 : (size_t)moved;
    *has_only_handles = moved == 0 && has_only_control(&message, &header);
    if (moved >= 0 && (flags & MSG_PEEK) == 0) {
        take_handles(&message, 0, control.bytes, (size_t)header.msg_controllen);
    }
    return moved;
}

/* A peek that finds only handles leaves them in the queue, so a receive of one byte takes them. If
 * a byte arrives between the two, the receive loses it, and the result is a reset. A receive of
 * zero bytes leaves an empty buffer, and the next peek of XNU then never returns (uipc_socket.c,
 * soreceive; run). */
fer_error ferp_posix_recv_and_close_handles(int fd, struct iovec *slices, size_t count, int flags,
                                            size_t *n)
{
    bool is_again;
    do {
        ssize_t moved = receive_without_handles(fd, slices, count, flags, &is_again);
        if (is_again && (flags & MSG_PEEK) != 0) {
            char byte;
            bool is_ignored;
            struct iovec slice = {&byte, 1};
            int take = (flags & ~MSG_PEEK) | FERP_POSIX_DONTWAIT;
            if (receive_without_handles(fd, &slice, 1, take, &is_ignored) > 0) {
                errno = ECONNRESET;
                moved = -1;
            }
        }
        *n = moved < 0 ? 0 : (size_t)moved;
        if (moved < 0) {
            return ferp_posix_waited_error(errno);
        }
    } while (is_again);
    return (fer_error){FER_OK, 0};
}

fer_error ferp_unix_recv_handles(fer_raw_socket raw, struct ferp_received_handles *message,
                                 unsigned flags)
{
    bool is_again;
    message->count = 0;
    do {
        FER_TRY(receive_message((int)raw, message, ferp_posix_recv_flags(flags) | RECV_CLOEXEC,
                                &is_again));
    } while (is_again);
    return (fer_error){FER_OK, 0};
}
