/* bytes.c: receiving and sending. recv and send skip the checks for files that read and write make.
 * No call raises SIGPIPE. */
#include "platform/posix/posix.h"

#include <sys/uio.h>

#include "core/base/compiler.h"
#include "platform/posix/unix.h"

/* Two codes of macOS mean that the connection has ended, and have moved no byte. A receive is
 * reported to fail once with EINVAL after the peer's early close (MariaDB/server#5008); core's
 * arguments are valid. Before macOS 11 a send that races with the end fails with EPROTOTYPE (libuv,
 * issue 3405); later kernels report that race as ECONNRESET, and EPROTOTYPE for a socket that a
 * per-app VPN has taken over (XNU, tcp_usr_send). 0: no such code. */
FERI_INLINE fer_error store_moved(ssize_t moved, int code_of_end, size_t *n)
{
    if (moved >= 0) {
        *n = (size_t)moved;
        return (fer_error){FER_OK, 0};
    }
    *n = 0;
    return FERP_POSIX_IS_APPLE && errno == code_of_end
               ? (fer_error){FER_CONNECTION_RESET, code_of_end}
               : ferp_posix_waited_error(errno);
}

fer_error ferp_recv(fer_raw_socket raw, void *buf, size_t len, unsigned flags, size_t *n)
{
    if (FERP_POSIX_IS_APPLE && (flags & FERP_UNIX) != 0) {
        struct iovec slice = {buf, len};
        return ferp_posix_recv_and_close_handles((int)raw, &slice, 1, ferp_posix_recv_flags(flags),
                                                 n);
    }
    return store_moved(recv((int)raw, buf, len, ferp_posix_recv_flags(flags)), EINVAL, n);
}

/* XNU accepts datagrams of IPv6 that are longer than 65,527 bytes and loses them (run), because the
 * length of their payload fits no header (RFC 8200, section 3). */
bool ferp_posix_is_lost_datagram(fer_raw_socket raw, size_t len)
{
    fer_socket_addr local;
    int type = 0;
    socklen_t size = sizeof type;
    if (!FERP_POSIX_IS_APPLE || len <= 65527 || len > 65535 ||
        getsockopt((int)raw, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_DGRAM ||
        ferp_local_addr(raw, &local).kind != FER_OK || local.ip.family != FER_IP_V6) {
        return false;
    }
    errno = EMSGSIZE;
    return true;
}

fer_error ferp_send(fer_raw_socket raw, const void *buf, size_t len, unsigned flags, size_t *n)
{
    ssize_t moved = ferp_posix_is_lost_datagram(raw, len)
                        ? -1
                        : ferp_posix_send((int)raw, buf, len, ferp_posix_send_flags(flags));
    if (FERP_POSIX_IS_APPLE && (flags & FERP_UNIX) != 0) {
        *n = moved < 0 ? 0 : (size_t)moved;
        return ferp_posix_unix_send_result(raw, moved);
    }
    return store_moved(moved, EPROTOTYPE, n);
}

/* Slices are passed as they are, because they have the shape of the system's (POSIX allows other
 * members and another order). */
#define IS_SLICE(type)                                           \
    (sizeof(type) == sizeof(struct iovec) &&                     \
     offsetof(type, base) == offsetof(struct iovec, iov_base) && \
     offsetof(type, len) == offsetof(struct iovec, iov_len))
_Static_assert(IS_SLICE(fer_io_slice) && IS_SLICE(fer_io_slice_mut),
               "a system with another iovec needs a copy of the slices");

/* A message of slices alone. The members are stored one by one: if gcc compiles for size, it clears
 * a whole struct with "rep stos", which is slow to begin. */
static inline void set_slices(struct msghdr *message, struct iovec *slices, size_t count)
{
    message->msg_name = NULL;
    message->msg_namelen = 0;
    message->msg_iov = slices;
    message->msg_iovlen = (__typeof__(message->msg_iovlen))count;
    message->msg_control = NULL;
    message->msg_controllen = 0;
    message->msg_flags = 0;
}

fer_error ferp_recv_vectored(fer_raw_socket raw, const fer_io_slice_mut *slices, size_t count,
                             unsigned flags, size_t *n)
{
    struct msghdr message;
    struct iovec *vectors = (struct iovec *)(uintptr_t)slices;
    if (FERP_POSIX_IS_APPLE && (flags & FERP_UNIX) != 0) {
        return ferp_posix_recv_and_close_handles((int)raw, vectors, count,
                                                 ferp_posix_recv_flags(flags), n);
    }
    set_slices(&message, vectors, count);
    return store_moved(recvmsg((int)raw, &message, ferp_posix_recv_flags(flags)), EINVAL, n);
}

fer_error ferp_send_vectored(fer_raw_socket raw, const fer_io_slice *slices, size_t count,
                             unsigned flags, size_t *n)
{
    struct msghdr message;
    set_slices(&message, (struct iovec *)(uintptr_t)slices, count); /* the system only reads it */
    return store_moved(ferp_posix_sendmsg((int)raw, &message, ferp_posix_send_flags(flags)),
                       EPROTOTYPE, n);
}

/* No bytes and no sender: the read half is shut down, and nothing is queued. */
static fer_error store_datagram(const struct sockaddr_storage *from, size_t len, bool truncated,
                                fer_udp_received *out)
{
    if (len == 0 && from->ss_family == AF_UNSPEC) {
        *out = (fer_udp_received){0};
        return (fer_error){FER_OK, 0};
    }
    if (!ferp_posix_socket_addr(from, &out->from)) {
        return ferp_posix_error_of(EAFNOSUPPORT);
    }
    out->len = len;
    out->truncated = truncated;
    return (fer_error){FER_OK, 0};
}

/* In memory, so that a receive saves no register for another one by recvmsg. */
typedef struct receiving {
    fer_raw_socket raw;
    void *buf;
    size_t len;
    int flags;
} receiving;

/* By recvmsg, on every system and for every protocol. The message always has one slice of at least
 * one byte. Without a slice XNU fails with EMSGSIZE. macOS and the BSDs do not wait for 0 bytes,
 * and report an empty datagram as truncated (FreeBSD, sys/kern/uipc_socket.c, soreceive_dgram). */
FERI_NOINLINE static fer_error receive_from(const receiving *by, fer_udp_received *out)
{
    struct sockaddr_storage from;
    char spare;
    const size_t len = by->len;
    bool uses_spare = FERP_POSIX_IS_BSD && len == 0;
    struct iovec slice = {uses_spare ? &spare : by->buf, uses_spare ? 1 : len};
    struct msghdr message = {0};
    from.ss_family = AF_UNSPEC;
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &slice;
    message.msg_iovlen = 1;
    ssize_t moved = ferp_posix_receive((int)by->raw, &message, by->flags);
    if (moved < 0) {
        return ferp_posix_waited_error(errno);
    }
    bool truncated = (message.msg_flags & MSG_TRUNC) != 0 || (size_t)moved > len;
    return store_datagram(&from, (size_t)moved < len ? (size_t)moved : len, truncated, out);
}

#if FERP_HAS_RECEIVED_LENGTH
/* With MSG_TRUNC Linux returns the length of the whole UDP datagram (recv(2)), so recvfrom detects
 * a truncated one. recvmsg costs more: the kernel copies the header and the slice of the message.
 * WSL 1 rejects the flag with EINVAL (microsoft/WSL#3871), and a sandbox may.
 *
 * recvmsg stays for other protocols and for peeks. The sockets of ICMP ignore the flag, so a
 * truncated datagram would appear complete (net/ipv4/ping.c, ping_recvmsg). With SO_PEEK_OFF
 * (socket(7)) the length of a peek includes the bytes before the offset, which are not stored
 * (net/ipv6/udp.c, udpv6_recvmsg).
 *
 * In POSIX MSG_TRUNC is a result of recvmsg only. FreeBSD accepts it in a call since 2022 (review
 * D35909). */
static fer_error receive_with_length(const receiving *by, size_t len, fer_udp_received *out)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    from.ss_family = AF_UNSPEC;
    ssize_t length = recvfrom((int)by->raw, by->buf, len, by->flags | MSG_TRUNC,
                              (struct sockaddr *)&from, &size);
    if (length < 0) {
        return errno == EINVAL || ferp_posix_is_refusal(errno) ? receive_from(by, out)
                                                               : ferp_posix_waited_error(errno);
    }
    bool truncated = (size_t)length > len;
    return store_datagram(&from, truncated ? len : (size_t)length, truncated, out);
}

#endif

fer_error ferp_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                         fer_udp_received *out)
{
    const receiving by = {raw, buf, len, ferp_posix_recv_flags(flags)};
#if FERP_HAS_RECEIVED_LENGTH
    if ((flags & (FERP_PEEK | FERP_NOT_UDP)) == 0) {
        return receive_with_length(&by, len, out);
    }
#endif
    fer_error error = receive_from(&by, out);
#ifdef FERP_POSIX_BSD
    /* On macOS and the BSDs a peek leaves the error that it returns for the next call (FreeBSD,
     * sys/kern/uipc_socket.c, soreceive_generic). */
    fer_error taken;
    bool leaves_error = (flags & FERP_PEEK) != 0 && error.kind != FER_OK &&
                        error.kind != FER_WOULD_BLOCK && error.kind != FER_INTERRUPTED;
    if (leaves_error) {
        FER_IGNORE(ferp_take_error(raw, &taken));
    }
#endif
    return error;
}

bool ferp_posix_is_peer(fer_raw_socket raw, const fer_socket_addr *addr)
{
    fer_socket_addr peer = {0};
    bool is_same = ferp_peer_addr(raw, &peer).kind == FER_OK && peer.port == addr->port &&
                   fer_ip_addr_eq(peer.ip, addr->ip);
    errno = EISCONN;
    return is_same;
}

fer_error ferp_posix_map_missing_port(fer_raw_socket raw, fer_error error)
{
#ifdef __linux__
    fer_socket_addr local = {0};
    if (error.kind == FER_WOULD_BLOCK && ferp_local_addr(raw, &local).kind == FER_OK &&
        local.port == 0) {
        error.kind = FER_ADDR_NOT_AVAILABLE;
    }
#else
    (void)raw;
#endif
    return error;
}

fer_error ferp_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                       const fer_socket_addr *addr, size_t *n)
{
    struct sockaddr_storage to;
    socklen_t size = ferp_posix_sockaddr(addr, &to);
    int os_flags = ferp_posix_send_flags(flags);
    ssize_t moved =
        ferp_posix_is_lost_datagram(raw, len)
            ? -1
            : ferp_posix_sendto((int)raw, buf, len, os_flags, (const struct sockaddr *)&to, size);
    if (FERP_POSIX_REFUSES_PEER && moved < 0 && errno == EISCONN && ferp_posix_is_peer(raw, addr)) {
        moved = ferp_posix_send((int)raw, buf, len, os_flags);
    }
    fer_error error = store_moved(moved, 0, n);
    return error.kind == FER_OK ? error : ferp_posix_map_missing_port(raw, error);
}

fer_error ferp_bytes_queued(fer_raw_socket raw, size_t *n)
{
    int queued = 0;
    fer_error error = ferp_posix_ioctl(raw, FIONREAD, &queued);
    if (error.kind == FER_OK) {
        *n = queued > 0 ? (size_t)queued : 0;
    }
    return error;
}
