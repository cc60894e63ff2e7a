/* message_control.c: the control messages of datagrams: writes those of a send, reads those of a
 * receive. */
#include "platform/posix/posix.h"

#include <string.h>

#include "core/base/compiler.h"
#include "platform/posix/control_types.h"

/* ---- Of a send */

/* The block has space for each kind of message once. */
static void append_control(ferp_posix_sent_control *out, int level, int type, const void *data,
                           size_t len)
{
    bool fits = ferp_control_append(FERP_CONTROL_LAYOUT_POSIX, (unsigned char *)out->words,
                                    sizeof out->words, &out->len, level, type, data, len);
    FERI_ASSERT(fits);
    (void)fits;
}

/* Writes the local address and the interface of an IPv4 message. False: the system has no control
 * message for them. XNU takes the address from the interface, if there is one, so the address alone
 * decides (bsd/netinet/udp_usrreq.c, udp_check_pktinfo). */
static bool append_source_v4(ferp_posix_sent_control *out, const struct ferp_send_message *message)
{
#if defined(FERP_POSIX_NO_SOURCE_V4)
    (void)out;
    (void)message;
    return false;
#elif FERP_HAS_SENDSRCADDR
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

static void append_source_v6(ferp_posix_sent_control *out, const struct ferp_send_message *message)
{
    struct in6_pktinfo info;
    memset(&info, 0, sizeof info);
    if (message->from.family != 0) {
        memcpy(&info.ipi6_addr, message->from.u.v6.octets, sizeof info.ipi6_addr);
    }
    info.ipi6_ifindex = (__typeof__(info.ipi6_ifindex))message->interface_index;
    append_control(out, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

static bool append_source(ferp_posix_sent_control *out, const struct ferp_send_message *message)
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

/* Writes a number of the header. False: the system has no control message for it, type 0. */
static bool append_octet(ferp_posix_sent_control *out, const struct ferp_send_message *message,
                         int type_v4, int type_v6, uint8_t octet)
{
    bool is_v4 = message->family == FER_IP_V4;
    int type = is_v4 ? type_v4 : type_v6;
    int number = octet;
    if (type == 0) {
        return false;
    }
    if (is_v4 && type == IP_TOS && FERP_POSIX_TOS_IS_BYTE) {
        append_control(out, IPPROTO_IP, IP_TOS, &octet, sizeof octet);
    } else {
        append_control(out, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, type, &number, sizeof number);
    }
    return true;
}

/* ECN is best effort. */
static bool append_header(ferp_posix_sent_control *out, const struct ferp_send_message *message)
{
    bool has_tos = !message->has_tos ||
                   append_octet(out, message, FERP_POSIX_SENT_TOS, IPV6_TCLASS, message->tos);
    bool has_hops = message->hop_limit == 0 || append_octet(out, message, FERP_POSIX_SENT_TTL,
                                                            IPV6_HOPLIMIT, message->hop_limit);
    return (has_tos || !message->needs_tos) && has_hops;
}

static void append_segments(ferp_posix_sent_control *out, const struct ferp_send_message *message)
{
#if FERP_HAS_SEGMENTS
    uint16_t size = (uint16_t)message->segment_size;
    if (size != 0) {
        append_control(out, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size);
    }
#else
    (void)out;
    (void)message;
#endif
}

bool ferp_posix_write_control(const struct ferp_send_message *message, ferp_posix_sent_control *out)
{
    out->len = 0;
    if (!append_source(out, message) || !append_header(out, message)) {
        return false;
    }
    append_segments(out, message);
    return true;
}

/* ---- Of a receive */

static void take_addr(const ferp_control_message *item, fer_datagram_recv *message)
{
    fer_ip_addr *ip = &message->local_ip;
    struct in6_pktinfo info6;
#ifdef FERP_POSIX_DESTINATION_BY_ADDRESS
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
#elif FERP_HAS_PKTINFO
    struct in_pktinfo info;
    if (ferp_control_take(item, IPPROTO_IP, IP_PKTINFO, &info, sizeof info)) {
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

/* Reads a number of the header. A received TOS has one byte, and so has a time to live on macOS and
 * the BSDs; the others are ints, and a traffic class is one byte on older versions of macOS
 * (quinn-udp). */
static bool take_octet(const ferp_control_message *item, int type_v4, int type_v6, uint8_t *out)
{
    bool is_v6 = item->level == IPPROTO_IPV6;
    int number = 0;
    if (item->type != (is_v6 ? type_v6 : type_v4) || (!is_v6 && item->level != IPPROTO_IP)) {
        return false;
    }
    if (ferp_control_take(item, item->level, item->type, &number, sizeof number)) {
        *out = (uint8_t)number;
        return true;
    }
    return ferp_control_take(item, item->level, item->type, out, sizeof *out);
}

static void take_header(const ferp_control_message *item, fer_datagram_recv *message)
{
    if (take_octet(item, FERP_POSIX_RECEIVED_TOS, IPV6_TCLASS, &message->traffic_class)) {
        message->has_ecn = message->has_traffic_class = true;
        message->ecn = (fer_ecn)(message->traffic_class & 3);
    } else if (take_octet(item, FERP_POSIX_RECEIVED_TTL, IPV6_HOPLIMIT, &message->hop_limit)) {
        message->has_hop_limit = true;
    }
}

/* Linux: struct timespec of the system clock (SO_TIMESTAMPNS); others: struct timeval
 * (SO_TIMESTAMP). */
static void take_time(const ferp_control_message *item, fer_datagram_recv *message)
{
#if FERP_HAS_TIMESTAMPNS
    struct timespec time;
    if (ferp_control_take(item, SOL_SOCKET, SCM_TIMESTAMPNS, &time, sizeof time)) {
        message->unix_nanos =
            (uint64_t)time.tv_sec * FERP_NANOS_PER_SECOND + (uint64_t)time.tv_nsec;
    }
#elif FERP_HAS_TIMESTAMP
    struct timeval time;
    if (ferp_control_take(item, SOL_SOCKET, SCM_TIMESTAMP, &time, sizeof time)) {
        message->unix_nanos =
            (uint64_t)time.tv_sec * FERP_NANOS_PER_SECOND + (uint64_t)time.tv_usec * 1000;
    }
#else
    (void)item;
    (void)message;
#endif
}

static void take_counts(const ferp_control_message *item, fer_datagram_recv *message)
{
#if FERP_HAS_DROPS
    (void)ferp_control_take(item, SOL_SOCKET, SO_RXQ_OVFL, &message->drops, sizeof message->drops);
#endif
#if FERP_HAS_SEGMENTS
    int size = 0;
    if (ferp_control_take(item, IPPROTO_UDP, UDP_GRO, &size, sizeof size) && size > 0 &&
        ((size_t)size < message->len || message->truncated)) {
        message->segment_size = (size_t)size;
    }
#endif
    (void)item;
    (void)message;
}

void ferp_posix_read_control(const ferp_control_message *item, fer_datagram_recv *message)
{
    take_addr(item, message);
    take_header(item, message);
    take_time(item, message);
    take_counts(item, message);
}
