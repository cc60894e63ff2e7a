/* messages.c: sends and receives batches of datagrams, without the control messages
 * (message_control.c). */
#include "platform/posix/posix.h"

#include <stdatomic.h>
#include <string.h>

#include "core/base/compiler.h"
#include "platform/common/message_source.h"
#include "platform/posix/control_types.h"

/* ---- Batches */

#if FERP_HAS_MMSG

/* The type of the flags of sendmmsg and recvmmsg: musl differs from glibc and FreeBSD. */
#if defined(__linux__) && !defined(__GLIBC__) && !defined(__ANDROID__)
typedef unsigned mmsg_flags;
#else
typedef int mmsg_flags;
#endif
typedef struct mmsghdr message_header;
enum { MESSAGES_PER_CALL = FERP_MESSAGES_MAX };

/* 1 after a refusal, for the whole process: a filter of seccomp(2) stays, and no kernel gains the
 * calls. */
static _Atomic size_t messages_per_call = MESSAGES_PER_CALL;

size_t ferp_messages_per_call(void)
{
    return atomic_load_explicit(&messages_per_call, memory_order_relaxed);
}

/* Whether the system refuses sendmmsg or recvmmsg, if one of them has failed with this code. errno
 * is this code afterwards. If so, each call moves one message from then on. EPERM can also be a
 * firewall's refusal of the first message (sendmmsg(2)), so the calls are tried. A system that has
 * them finds no descriptor -1, EBADF; qemu finds nothing to do. */
static bool refuses_batches(int code)
{
    struct mmsghdr none = {.msg_len = 0}; /* bionic's headers forbid NULL */
    bool is_refused = ferp_posix_is_refusal(code) &&
                      ((sendmmsg(-1, &none, 0, 0) < 0 && ferp_posix_is_refusal(errno)) ||
                       (recvmmsg(-1, &none, 0, 0, NULL) < 0 && ferp_posix_is_refusal(errno)));
    if (is_refused) {
        atomic_store_explicit(&messages_per_call, 1, memory_order_relaxed);
    }
    errno = code;
    return is_refused;
}

fer_error ferp_posix_batching(void)
{
    bool is_refused = ferp_messages_per_call() == 1 || refuses_batches(EPERM);
    return is_refused ? (fer_error){FER_UNSUPPORTED, ENOSYS} : (fer_error){FER_OK, 0};
}

#else

typedef struct message_header {
    struct msghdr msg_hdr;
    unsigned msg_len;
} message_header;
enum { MESSAGES_PER_CALL = 1 };

size_t ferp_messages_per_call(void)
{
    return 1;
}

static bool refuses_batches(int code)
{
    (void)code;
    return false;
}

fer_error ferp_posix_batching(void)
{
    return (fer_error){FER_UNSUPPORTED, ENOSYS};
}

#endif

/* How many of count messages one system call moves. */
static size_t messages_of_call(size_t count)
{
    size_t most = ferp_messages_per_call();
    return count < most ? count : most;
}

/* ---- The header of a send */

/* What the header of one message to send points to. */
typedef struct outgoing {
    struct sockaddr_storage name;
    struct iovec slice;
    ferp_posix_sent_control control;
} outgoing;

/* Makes the header of a message. False: ferp_posix_write_control.
 * If gcc compiles for size, it clears a whole struct with "rep stos", which is slow to begin. */
static bool make_header(const struct ferp_send_message *message, outgoing *out,
                        struct msghdr *header)
{
    out->slice.iov_base = (void *)(uintptr_t)message->buf; /* the system only reads it */
    out->slice.iov_len = message->len;
    header->msg_iov = &out->slice;
    header->msg_iovlen = 1;
    header->msg_flags = 0;
    bool has_name = message->to.ip.family != 0;
    header->msg_namelen = has_name ? ferp_posix_sockaddr(&message->to, &out->name) : 0;
    header->msg_name = has_name ? &out->name : NULL;
    if (!ferp_posix_write_control(message, &out->control)) {
        return false;
    }
    header->msg_control = out->control.len != 0 ? out->control.words : NULL;
    header->msg_controllen = (__typeof__(header->msg_controllen))out->control.len;
    return true;
}

/* Whether the message is refused, with its code in errno, although the system would accept it.
 * OpenBSD ignores the local address of an IPv4 message to the peer (sys/netinet/udp_usrreq.c,
 * udp_output). One that is not that of the socket is EINVAL then, as on FreeBSD. */
static bool is_refused(fer_raw_socket raw, const struct ferp_send_message *message)
{
#ifdef __OpenBSD__
    fer_socket_addr local;
    if (message->to.ip.family == 0 && message->from.family == FER_IP_V4 &&
        ferp_check_connected(raw).kind == FER_OK && ferp_local_addr(raw, &local).kind == FER_OK &&
        !fer_ip_addr_eq(local.ip, message->from)) {
        errno = EINVAL;
        return true;
    }
#endif
    return ferp_posix_is_lost_datagram(raw, message->len);
}

/* ---- Failures of a send */

/* The error of a message that failed. EIO: the interface has no checksum offload, which segments
 * need (net/ipv4/udp.c, udp_send_skb); Android returns it for IP_TOS (quinn#2718). */
static fer_error map_failure(fer_raw_socket raw, const struct ferp_send_message *message, int code)
{
    if (code == EIO && (message->segment_size != 0 || message->has_tos)) {
        return (fer_error){FER_UNSUPPORTED, code};
    }
    fer_error error = ferp_message_source_error(message, ferp_posix_waited_error(code));
    return message->to.ip.family != 0 ? ferp_posix_map_missing_port(raw, error) : error;
}

/* Whether the socket has a local port now. */
static bool bind_to_a_port(fer_raw_socket raw, fer_socket_addr *local)
{
    (void)ferp_bind(raw, local); /* another thread may bind it first */
    return ferp_local_addr(raw, local).kind == FER_OK && local->port != 0;
}

/* XNU refuses the local address, or the interface, of the first IPv4 message of a socket without a
 * port, and refuses bind and every send from then on (run). So the socket gets a port before. */
static void prepare_source(fer_raw_socket raw, const struct ferp_send_message *message)
{
    fer_socket_addr local;
    bool has_source = message->from.family == FER_IP_V4 || message->interface_index != 0;
    if (FERP_POSIX_IS_APPLE && has_source && message->family == FER_IP_V4 &&
        ferp_local_addr(raw, &local).kind == FER_OK && local.port == 0) {
        (void)bind_to_a_port(raw, &local);
    }
}

/* Whether EINVAL has a reason that is none elsewhere: FreeBSD and OpenBSD refuse the address that
 * the socket is bound to (ip(4), IP_SENDSRCADDR), which is then removed from the message. FreeBSD
 * refuses every address of a socket without a port (sys/netinet/udp_usrreq.c, udp_send), which then
 * gets one. */
static bool simplify_source(fer_raw_socket raw, struct ferp_send_message *message)
{
    fer_socket_addr local;
    if (message->from.family != FER_IP_V4 || ferp_local_addr(raw, &local).kind != FER_OK) {
        return false;
    }
    if (local.port == 0) {
        return bind_to_a_port(raw, &local);
    }
    if (!fer_ip_addr_eq(fer_ip_addr_to_canonical(local.ip), message->from)) {
        return false;
    }
    message->from = (fer_ip_addr){.family = (fer_ip_family)0};
    message->interface_index = 0; /* no control message has one alone */
    return true;
}

/* Whether a message of macOS or a BSD that failed may be sent if it is simpler, which it is then.
 * EISCONN: to is the peer. */
static bool simplify(fer_raw_socket raw, int code, struct ferp_send_message *message)
{
    if (code == EISCONN && message->to.ip.family != 0 && ferp_posix_is_peer(raw, &message->to)) {
        message->to = (fer_socket_addr){.port = 0};
        return true;
    }
    return code == EINVAL && simplify_source(raw, message);
}

/* Sends the first message again, alone if sendmmsg is refused, and as long as it can be simpler.
 * Stores the result. */
static fer_error store_failure(fer_raw_socket raw, const struct ferp_send_message *message,
                               int flags, size_t *sent)
{
    struct ferp_send_message simple = *message;
    outgoing out;
    struct msghdr header;
    int code = errno;
    if (refuses_batches(code) && make_header(&simple, &out, &header)) {
        *sent = ferp_posix_sendmsg((int)raw, &header, flags) >= 0;
        code = errno;
    }
    while (FERP_POSIX_IS_BSD && *sent == 0 && simplify(raw, code, &simple) &&
           make_header(&simple, &out, &header)) {
        *sent = !is_refused(raw, &simple) && ferp_posix_sendmsg((int)raw, &header, flags) >= 0;
        code = errno;
    }
    return *sent == 1 ? (fer_error){FER_OK, 0} : map_failure(raw, message, code);
}

/* ---- Sending */

/* Makes the headers of the messages up to the first one for which the system has none. Returns
 * their number. */
static FERI_HOT size_t make_headers(const struct ferp_send_message *messages, size_t count,
                                    outgoing *out, message_header *headers)
{
    size_t made = 0;
    while (made < count && make_header(&messages[made], &out[made], &headers[made].msg_hdr)) {
        made++;
    }
    return made;
}

/* Returns the number of messages that were sent, or -1. sendmsg is faster for one message. */
static int send_headers(int fd, message_header *headers, size_t count, int flags)
{
#if FERP_HAS_MMSG
    if (count > 1) {
        return sendmmsg(fd, headers, (unsigned)count, (mmsg_flags)flags);
    }
#endif
    (void)count;
    return ferp_posix_sendmsg(fd, &headers->msg_hdr, flags) < 0 ? -1 : 1;
}

/* XNU removes the peer of a connected socket after an IPv4 message with an address or an interface
 * of its own (15.4, run). The socket's own address is therefore left out, and another one, or an
 * interface alone, is refused with this code. 0: the message can be sent. */
static int keep_peer(fer_raw_socket raw, struct ferp_send_message *message)
{
    fer_socket_addr local;
    if (ferp_check_connected(raw).kind != FER_OK) {
        return 0;
    }
    if (message->from.family == 0) {
        return EOPNOTSUPP;
    }
    bool is_own = ferp_local_addr(raw, &local).kind == FER_OK &&
                  fer_ip_addr_eq(fer_ip_addr_to_canonical(local.ip), message->from);
    message->from = (fer_ip_addr){.family = (fer_ip_family)0};
    message->interface_index = 0;
    return is_own ? 0 : EINVAL;
}

fer_error ferp_send_messages(fer_raw_socket raw, const struct ferp_send_message *messages,
                             size_t count, unsigned flags, size_t *sent)
{
    outgoing out[MESSAGES_PER_CALL];
    message_header headers[MESSAGES_PER_CALL];
    size_t made = make_headers(messages, messages_of_call(count), out, headers);
    struct ferp_send_message first;
    *sent = 0;
    if (made == 0) {
        return ferp_posix_error_of(EOPNOTSUPP);
    }
    if (FERP_POSIX_IS_APPLE && messages->family == FER_IP_V4 &&
        (messages->from.family != 0 || messages->interface_index != 0)) {
        first = *messages;
        int code = keep_peer(raw, &first);
        if (code != 0) {
            return ferp_posix_error_of(code);
        }
        messages = &first;
        made = make_headers(messages, 1, out, headers);
    }
    prepare_source(raw, messages);
    int os_flags = ferp_posix_send_flags(flags);
    int moved = is_refused(raw, messages) ? -1 : send_headers((int)raw, headers, made, os_flags);
    if (moved <= 0) {
        return store_failure(raw, messages, os_flags, sent);
    }
    *sent = (size_t)moved;
    return (fer_error){FER_OK, 0};
}

/* ---- Receiving */

/* Enough for every control message that a feature enables: on a dual-stack socket of Linux the
 * local address, TOS and traffic class, both families' hop limits, the size of coalesced datagrams,
 * drops and the time (200 bytes); on FreeBSD and NetBSD also the name of the interface (struct
 * sockaddr_dl). The options of others, on an adopted socket, add up to about 200 bytes, and precede
 * ours.
 */
#define FERP_POSIX_RECV_CONTROL 512

/* What the header of one message to receive points to. */
typedef struct incoming {
    struct sockaddr_storage name;
    struct iovec slice;
    uint64_t control[FERP_POSIX_RECV_CONTROL / sizeof(uint64_t)];
    char spare; /* macOS and the BSDs do not wait for 0 bytes: bytes.c, receive_from */
} incoming;

static void make_receive_header(const fer_datagram_recv *message, incoming *in,
                                struct msghdr *header)
{
    bool uses_spare = FERP_POSIX_IS_BSD && message->cap == 0;
    size_t max = ferp_traits()->datagram_length_max;
    in->name.ss_family = AF_UNSPEC;
    in->slice.iov_base = uses_spare ? &in->spare : message->buf;
    in->slice.iov_len = uses_spare ? 1 : message->cap < max ? message->cap : max;
    header->msg_name = &in->name;
    header->msg_namelen = sizeof in->name;
    header->msg_iov = &in->slice;
    header->msg_iovlen = 1;
    header->msg_control = in->control;
    header->msg_controllen = sizeof in->control;
    header->msg_flags = 0;
}

static void clear_message(fer_datagram_recv *message)
{
    message->len = message->segment_size = 0;
    message->truncated = message->has_ecn = false;
    message->has_traffic_class = message->has_hop_limit = false;
    message->traffic_class = message->hop_limit = 0;
    message->ecn = FER_ECN_NOT_ECT;
    message->from.ip.family = message->local_ip.family = (fer_ip_family)0;
    memset(&message->local_ip.u, 0, sizeof message->local_ip.u);
    message->interface_index = message->drops = 0;
    message->unix_nanos = 0;
}

/* Stores a received message of moved bytes. */
static fer_error store_message(const struct msghdr *header, const incoming *in, size_t moved,
                               fer_datagram_recv *message)
{
    ferp_control_message item;
    size_t at = 0;
    clear_message(message);
    if (moved == 0 && in->name.ss_family == AF_UNSPEC) {
        return (fer_error){FER_OK, 0}; /* the read half is shut down */
    }
    if (!ferp_posix_socket_addr(&in->name, &message->from)) {
        return ferp_posix_error_of(EAFNOSUPPORT);
    }
    message->len = moved < message->cap ? moved : message->cap;
    message->truncated = (header->msg_flags & MSG_TRUNC) != 0 || moved > message->cap;
    /* that of one datagram; the control messages replace it if several were coalesced */
    message->segment_size = message->len + message->truncated;
    while (ferp_control_next(FERP_CONTROL_LAYOUT_POSIX, (const unsigned char *)in->control,
                             (size_t)header->msg_controllen, &at, &item)) {
        ferp_posix_read_control(&item, message);
    }
    return (fer_error){FER_OK, 0};
}

static void make_receive_headers(const fer_datagram_recv *messages, size_t count, incoming *in,
                                 message_header *headers)
{
    for (size_t i = 0; i < count; i++) {
        make_receive_header(&messages[i], &in[i], &headers[i].msg_hdr);
    }
}

/* Receives one message. Returns 1, or -1. */
static int receive_header(int fd, message_header *header, int flags)
{
    ssize_t len = ferp_posix_receive(fd, &header->msg_hdr, flags);
    header->msg_len = (unsigned)len;
    return len < 0 ? -1 : 1;
}

/* Waits for one message at most. Returns the number of messages that were received, or -1. */
static int receive_headers(int fd, message_header *headers, size_t count, int flags)
{
#if FERP_HAS_MMSG
    if (count > 1) {
        mmsg_flags waits_once = (mmsg_flags)(flags | MSG_WAITFORONE);
        return recvmmsg(fd, headers, (unsigned)count, waits_once, NULL);
    }
#endif
    (void)count;
    return receive_header(fd, headers, flags);
}

/* Stores the received messages. Those that fail change places with later ones, buffers included,
 * and their error is the result if all fail. */
static FERI_HOT fer_error store_messages(const message_header *headers, const incoming *in,
                                         size_t count, fer_datagram_recv *messages, size_t *stored)
{
    fer_error failure = {FER_OK, 0};
    for (size_t i = 0; i < count; i++) {
        fer_error error =
            store_message(&headers[i].msg_hdr, &in[i], headers[i].msg_len, &messages[i]);
        if (error.kind != FER_OK) {
            failure = error;
            continue;
        }
        if (*stored < i) {
            fer_datagram_recv failed = messages[*stored];
            messages[*stored] = messages[i];
            messages[i] = failed;
        }
        ++*stored;
    }
    return *stored > 0 ? (fer_error){FER_OK, 0} : failure;
}

fer_error ferp_recv_messages(fer_raw_socket raw, fer_datagram_recv *messages, size_t count,
                             unsigned flags, size_t *received)
{
    incoming in[MESSAGES_PER_CALL];
    message_header headers[MESSAGES_PER_CALL];
    size_t asked = messages_of_call(count);
    make_receive_headers(messages, asked, in, headers);
    *received = 0;
    int os_flags = ferp_posix_recv_flags(flags);
    int moved = receive_headers((int)raw, headers, asked, os_flags);
    if (moved < 0 && refuses_batches(errno)) {
        moved = receive_header((int)raw, headers, os_flags);
    }
    if (moved < 0) {
        return ferp_posix_waited_error(errno);
    }
    return store_messages(headers, in, (size_t)moved, messages, received);
}
