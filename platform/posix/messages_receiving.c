/* messages_receiving.c: receives batches of datagrams with their control messages. For sends:
 * messages.c. */
#include "platform/posix/posix.h"

#include <string.h>

#include "core/base/compiler.h"
#include "platform/common/control.h"
#include "platform/messages.h"
#include "platform/posix/control_types.h"
#include "platform/posix/message_header.h"

/* Enough for every control message that a feature enables: on a dual-stack socket of Linux the
 * local address, TOS and traffic class, the size of coalesced datagrams, drops and the time (152
 * bytes); on FreeBSD also the name of the interface (struct sockaddr_dl). */
#define FERP_POSIX_RECV_CONTROL 256

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

static void take_addr(const ferp_control_message *item, fer_datagram_recv *message)
{
    fer_ip_addr *ip = &message->local_ip;
    struct in6_pktinfo info6;
#ifdef FERP_POSIX_SOURCE_BY_ADDRESS
    struct sockaddr_dl link;
    if (ferp_control_take(item, IPPROTO_IP, IP_RECVDSTADDR, ip->u.v4.octets,
                          sizeof ip->u.v4.octets)) {
        ip->family = FER_IP_V4;
    }
    memset(&link, 0, sizeof link);
    if (ferp_control_take(item, IPPROTO_IP, IP_RECVIF, &link,
                          offsetof(struct sockaddr_dl, sdl_data))) {
        message->interface_index = link.sdl_index;
    }
#else
    struct in_pktinfo info;
    if (ferp_control_take(item, IPPROTO_IP, FERP_POSIX_RECEIVED_PKTINFO, &info, sizeof info) ||
        ferp_control_take(item, IPPROTO_IP, IP_PKTINFO, &info, sizeof info)) {
        ip->family = FER_IP_V4;
        memcpy(ip->u.v4.octets, &info.ipi_addr, sizeof ip->u.v4.octets);
        message->interface_index = (uint32_t)info.ipi_ifindex;
    }
#endif
    if (ferp_control_take(item, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof info6)) {
        ip->family = FER_IP_V6;
        memcpy(ip->u.v6.octets, &info6.ipi6_addr, sizeof ip->u.v6.octets);
        message->interface_index = (uint32_t)info6.ipi6_ifindex;
    }
}

/* A received TOS has one byte; a traffic class is an int, and one byte on older versions of macOS
 * (quinn-udp). */
static bool take_tos(const ferp_control_message *item, unsigned char *out)
{
    int number = 0;
#ifdef FERP_POSIX_RECEIVED_TOS
    if (ferp_control_take(item, IPPROTO_IP, FERP_POSIX_RECEIVED_TOS, out, sizeof *out)) {
        return true;
    }
#endif
    if (ferp_control_take(item, IPPROTO_IPV6, IPV6_TCLASS, &number, sizeof number)) {
        *out = (unsigned char)number;
        return true;
    }
    return ferp_control_take(item, IPPROTO_IPV6, IPV6_TCLASS, out, sizeof *out);
}

static void take_ecn(const ferp_control_message *item, fer_datagram_recv *message)
{
    unsigned char tos = 0;
    if (take_tos(item, &tos)) {
        message->has_ecn = true;
        message->ecn = (fer_ecn)(tos & 3);
    }
}

/* Linux: struct timespec of the system clock (SO_TIMESTAMPNS); others: struct timeval
 * (SO_TIMESTAMP). */
static void take_time(const ferp_control_message *item, fer_datagram_recv *message)
{
#ifdef SCM_TIMESTAMPNS
    struct timespec time;
    if (ferp_control_take(item, SOL_SOCKET, SCM_TIMESTAMPNS, &time, sizeof time)) {
        message->unix_nanos =
            (uint64_t)time.tv_sec * FERP_NANOS_PER_SECOND + (uint64_t)time.tv_nsec;
    }
#else
    struct timeval time;
    if (ferp_control_take(item, SOL_SOCKET, SCM_TIMESTAMP, &time, sizeof time)) {
        message->unix_nanos =
            (uint64_t)time.tv_sec * FERP_NANOS_PER_SECOND + (uint64_t)time.tv_usec * 1000;
    }
#endif
}

static void take_counts(const ferp_control_message *item, fer_datagram_recv *message)
{
#ifdef SO_RXQ_OVFL
    (void)ferp_control_take(item, SOL_SOCKET, SO_RXQ_OVFL, &message->drops, sizeof message->drops);
#endif
#ifdef FERP_POSIX_HAS_SEGMENTS
    int size = 0;
    if (ferp_control_take(item, IPPROTO_UDP, UDP_GRO, &size, sizeof size) && size > 0 &&
        ((size_t)size < message->len || message->truncated)) {
        message->segment_size = (size_t)size;
    }
#endif
    (void)item;
    (void)message;
}

static void clear_message(fer_datagram_recv *message)
{
    message->len = message->segment_size = 0;
    message->truncated = message->has_ecn = false;
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
    message->segment_size = message->len + message->truncated;
    while (ferp_control_next(FERP_CONTROL_LAYOUT_POSIX, (const unsigned char *)in->control,
                             header->msg_controllen, &at, &item)) {
        take_addr(&item, message);
        take_ecn(&item, message);
        take_time(&item, message);
        take_counts(&item, message);
    }
    return (fer_error){FER_OK, 0};
}

static FERI_HOT void make_receive_headers(const fer_datagram_recv *messages, size_t count,
                                          incoming *in, ferp_posix_message_header *headers)
{
    for (size_t i = 0; i < count; i++) {
        make_receive_header(&messages[i], &in[i], &headers[i].msg_hdr);
    }
}

/* Receives one message. Returns 1, or -1. */
static int receive_header(int fd, ferp_posix_message_header *header, int flags)
{
    ssize_t len = recvmsg(fd, &header->msg_hdr, flags);
    header->msg_len = (unsigned)len;
    return len < 0 ? -1 : 1;
}

/* Waits for one message at most. Returns the number of messages that were received, or -1. */
static int receive_headers(int fd, ferp_posix_message_header *headers, size_t count, int flags)
{
#ifdef FERP_POSIX_HAS_MMSG
    if (count > 1) {
        ferp_posix_mmsg_flags waits_once = (ferp_posix_mmsg_flags)(flags | MSG_WAITFORONE);
        return recvmmsg(fd, headers, (unsigned)count, waits_once, NULL);
    }
#endif
    (void)count;
    return receive_header(fd, headers, flags);
}

/* Stores the received messages up to the first one that fails. */
static FERI_HOT fer_error store_messages(const ferp_posix_message_header *headers,
                                         const incoming *in, size_t count,
                                         fer_datagram_recv *messages, size_t *stored)
{
    for (size_t i = 0; i < count; i++) {
        FER_TRY(store_message(&headers[i].msg_hdr, &in[i], headers[i].msg_len, &messages[i]));
        *stored = i + 1;
    }
    return (fer_error){FER_OK, 0};
}

fer_error ferp_recv_messages(fer_raw_socket raw, fer_datagram_recv *messages, size_t count,
                             unsigned flags, size_t *received)
{
    incoming in[FERP_POSIX_MESSAGES_PER_CALL];
    ferp_posix_message_header headers[FERP_POSIX_MESSAGES_PER_CALL];
    size_t asked = ferp_posix_messages_of_call(count);
    make_receive_headers(messages, asked, in, headers);
    *received = 0;
    int os_flags = ferp_posix_recv_flags(flags);
    int moved = receive_headers((int)raw, headers, asked, os_flags);
    if (moved < 0 && ferp_posix_refuses_batches(errno)) {
        moved = receive_header((int)raw, headers, os_flags);
    }
    if (moved < 0) {
        return ferp_posix_waited_error(errno);
    }
    fer_error error = store_messages(headers, in, (size_t)moved, messages, received);
    return *received > 0 ? (fer_error){FER_OK, 0} : error;
}
