/* messages.c: sends batches of datagrams with their control messages. For receives:
 * messages_receiving.c. */
#include "platform/posix/posix.h"

#include <stdatomic.h>
#include <string.h>

#include "core/base/compiler.h"
#include "platform/common/control.h"
#include "platform/common/message_source.h"
#include "platform/messages.h"
#include "platform/posix/control_types.h"
#include "platform/posix/message_header.h"

/* ---- Batches */

#ifdef FERP_POSIX_HAS_MMSG

/* 1 after a refusal, for the whole process: a filter of seccomp(2) stays, and no kernel gains the
 * calls. */
static _Atomic size_t messages_per_call = FERP_POSIX_MESSAGES_PER_CALL;

size_t ferp_messages_per_call(void)
{
    return atomic_load_explicit(&messages_per_call, memory_order_relaxed);
}

/* Whether one of the two calls is refused. A system that has them finds no descriptor -1, EBADF;
 * qemu finds nothing to do. */
static bool is_refused_now(void)
{
    return (sendmmsg(-1, NULL, 0, 0) < 0 && ferp_posix_is_refusal(errno)) ||
           (recvmmsg(-1, NULL, 0, 0, NULL) < 0 && ferp_posix_is_refusal(errno));
}

/* EPERM can also be a firewall's refusal of the first message (sendmmsg(2)), so the calls are
 * tried. */
bool ferp_posix_refuses_batches(int code)
{
    bool is_refused = ferp_posix_is_refusal(code) && is_refused_now();
    if (is_refused) {
        atomic_store_explicit(&messages_per_call, 1, memory_order_relaxed);
    }
    errno = code;
    return is_refused;
}

fer_error ferp_posix_batching(void)
{
    bool is_refused = ferp_messages_per_call() == 1 || ferp_posix_refuses_batches(EPERM);
    return is_refused ? (fer_error){FER_UNSUPPORTED, ENOSYS} : (fer_error){FER_OK, 0};
}

#else

size_t ferp_messages_per_call(void)
{
    return 1;
}

bool ferp_posix_refuses_batches(int code)
{
    (void)code;
    return false;
}

fer_error ferp_posix_batching(void)
{
    return (fer_error){FER_UNSUPPORTED, ENOSYS};
}

#endif

/* ---- Control messages of a send */

/* Enough for the local address, TOS and the size of segments. */
#define FERP_POSIX_SEND_CONTROL                                                         \
    (FERP_CONTROL_SPACE(sizeof(struct in6_pktinfo)) + FERP_CONTROL_SPACE(sizeof(int)) + \
     FERP_CONTROL_SPACE(sizeof(uint16_t)))

/* What the header of one message to send points to. */
typedef struct outgoing {
    struct sockaddr_storage name;
    struct iovec slice;
    size_t control_len;
    uint64_t control[FERP_POSIX_SEND_CONTROL / sizeof(uint64_t)];
} outgoing;

/* The block has space for each kind of message once. */
static void append_control(outgoing *out, int level, int type, const void *data, size_t len)
{
    bool fits = ferp_control_append(FERP_CONTROL_LAYOUT_POSIX, (unsigned char *)out->control,
                                    sizeof out->control, &out->control_len, level, type, data, len);
    FERI_ASSERT(fits);
    (void)fits;
}

/* Writes the local address and the interface of an IPv4 message. False: the system has no control
 * message for them. XNU takes the address from the interface, if there is one, so the address alone
 * decides (bsd/netinet/udp_usrreq.c, udp_check_pktinfo). */
static bool append_source_v4(outgoing *out, const struct ferp_send_message *message)
{
#if defined(FERP_POSIX_NO_SOURCE_V4)
    (void)out;
    (void)message;
    return false;
#elif defined(FERP_POSIX_SOURCE_BY_ADDRESS)
    if (message->from.family == 0) {
        return false;
    }
    append_control(out, IPPROTO_IP, IP_SENDSRCADDR, message->from.u.v4.octets,
                   sizeof message->from.u.v4.octets);
    return true;
#else
    struct in_pktinfo info;
    memset(&info, 0, sizeof info);
    if (message->from.family != 0) {
        memcpy(&info.FERP_POSIX_PKTINFO_SOURCE, message->from.u.v4.octets,
               sizeof info.FERP_POSIX_PKTINFO_SOURCE);
    }
    if (!FERP_POSIX_IS_APPLE || message->from.family == 0) {
        info.ipi_ifindex = (__typeof__(info.ipi_ifindex))message->interface_index;
    }
    append_control(out, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    return true;
#endif
}

static void append_source_v6(outgoing *out, const struct ferp_send_message *message)
{
    struct in6_pktinfo info;
    memset(&info, 0, sizeof info);
    if (message->from.family != 0) {
        memcpy(&info.ipi6_addr, message->from.u.v6.octets, sizeof info.ipi6_addr);
    }
    info.ipi6_ifindex = (__typeof__(info.ipi6_ifindex))message->interface_index;
    append_control(out, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

static bool append_source(outgoing *out, const struct ferp_send_message *message)
{
    if (message->from.family == 0 && message->interface_index == 0) {
        return true;
    }
    if (message->family == FER_IP_V4) {
        return append_source_v4(out, message);
    }
    append_source_v6(out, message);
    return true;
}

/* NetBSD refuses the control message of IPv4 (sys/netinet/ip_output.c, ip_setpktopts), OpenBSD
 * ignores it (sys/netinet/udp_usrreq.c, udp_output): ECN is best effort. */
static void append_tos(outgoing *out, const struct ferp_send_message *message)
{
    int number = message->tos;
    if (message->family == FER_IP_V6) {
        append_control(out, IPPROTO_IPV6, IPV6_TCLASS, &number, sizeof number);
        return;
    }
#ifdef FERP_POSIX_TOS_IS_BYTE
    append_control(out, IPPROTO_IP, IP_TOS, &message->tos, sizeof message->tos);
#elif defined(FERP_POSIX_TOS_IS_INT)
    append_control(out, IPPROTO_IP, IP_TOS, &number, sizeof number);
#endif
}

static void append_segments(outgoing *out, const struct ferp_send_message *message)
{
#ifdef FERP_POSIX_HAS_SEGMENTS
    uint16_t size = (uint16_t)message->segment_size;
    if (size != 0) {
        append_control(out, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size);
    }
#else
    (void)out;
    (void)message;
#endif
}

/* Makes the header of a message. False: the system cannot send from the address or the interface.
 * If gcc compiles for size, it clears a whole struct with "rep stos", which is slow to begin. */
static bool make_header(const struct ferp_send_message *message, outgoing *out,
                        struct msghdr *header)
{
    out->control_len = 0;
    out->slice.iov_base = (void *)(uintptr_t)message->buf; /* the system only reads it */
    out->slice.iov_len = message->len;
    header->msg_iov = &out->slice;
    header->msg_iovlen = 1;
    header->msg_flags = 0;
    bool has_name = message->to.ip.family != 0;
    header->msg_namelen = has_name ? ferp_posix_sockaddr(&message->to, &out->name) : 0;
    header->msg_name = has_name ? &out->name : NULL;
    if (!append_source(out, message)) {
        return false;
    }
    if (message->has_tos) {
        append_tos(out, message);
    }
    append_segments(out, message);
    header->msg_control = out->control_len != 0 ? out->control : NULL;
    header->msg_controllen = (__typeof__(header->msg_controllen))out->control_len;
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
    if (ferp_posix_refuses_batches(code) && make_header(&simple, &out, &header)) {
        *sent = sendmsg((int)raw, &header, flags) >= 0;
        code = errno;
    }
    while (FERP_POSIX_IS_BSD && *sent == 0 && simplify(raw, code, &simple) &&
           make_header(&simple, &out, &header)) {
        *sent = !is_refused(raw, &simple) && sendmsg((int)raw, &header, flags) >= 0;
        code = errno;
    }
    return *sent == 1 ? (fer_error){FER_OK, 0} : map_failure(raw, message, code);
}

/* ---- Sending */

/* Makes the headers of the messages up to the first one for which the system has none. Returns
 * their number. */
static FERI_HOT size_t make_headers(const struct ferp_send_message *messages, size_t count,
                                    outgoing *out, ferp_posix_message_header *headers)
{
    size_t made = 0;
    while (made < count && make_header(&messages[made], &out[made], &headers[made].msg_hdr)) {
        made++;
    }
    return made;
}

/* Returns the number of messages that were sent, or -1. sendmsg is faster for one message. */
static int send_headers(int fd, ferp_posix_message_header *headers, size_t count, int flags)
{
#ifdef FERP_POSIX_HAS_MMSG
    if (count > 1) {
        return sendmmsg(fd, headers, (unsigned)count, (ferp_posix_mmsg_flags)flags);
    }
#endif
    (void)count;
    return sendmsg(fd, &headers->msg_hdr, flags) < 0 ? -1 : 1;
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
    outgoing out[FERP_POSIX_MESSAGES_PER_CALL];
    ferp_posix_message_header headers[FERP_POSIX_MESSAGES_PER_CALL];
    size_t made = make_headers(messages, ferp_posix_messages_of_call(count), out, headers);
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
