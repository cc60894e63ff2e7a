/* message_options.c: the options of batches of datagrams: features, and fragmentation. */
#include "platform/posix/posix.h"

#include <string.h>

#include "platform/posix/control_types.h"

/* An option of a system; name 0: it has none. */
typedef struct number_option {
    int level;
    int name;
} number_option;

#ifdef FERP_POSIX_DESTINATION_BY_ADDRESS
#define LOCAL_ADDR_V4 IP_RECVDSTADDR
#elif FERP_HAS_PKTINFO
#define LOCAL_ADDR_V4 IP_PKTINFO
#else
#define LOCAL_ADDR_V4 0
#endif

#if FERP_POSIX_RECEIVED_TTL != 0
#define HOPS_V4 IP_RECVTTL
#else
#define HOPS_V4 0
#endif

#if FERP_POSIX_RECEIVED_TOS != 0
#define ECN_V4 IP_RECVTOS
#else
#define ECN_V4 0
#endif

#if FERP_HAS_DROPS
#define DROPS SO_RXQ_OVFL
#else
#define DROPS 0
#endif

#if FERP_HAS_TIMESTAMPNS
#define TIMESTAMPS SO_TIMESTAMPNS
#elif FERP_HAS_TIMESTAMP
#define TIMESTAMPS SO_TIMESTAMP
#else
#define TIMESTAMPS 0
#endif

#if FERP_HAS_SEGMENTS
#define COALESCING UDP_GRO
#define SEGMENTING UDP_SEGMENT
#else
#define COALESCING 0
#define SEGMENTING 0
#endif

/* What a message over IPv4 is not sent with. */
#ifdef FERP_POSIX_NO_SOURCE_V4
#define LACKED_V4 (FER_UDP_SOURCE | FER_UDP_SEND_HOP_LIMIT)
#else
#define LACKED_V4 (FERP_POSIX_SENT_TTL == 0 ? FER_UDP_SEND_HOP_LIMIT : 0u)
#endif

static number_option option_of(fer_udp_features feature, fer_ip_family family)
{
    bool is_v4 = family == FER_IP_V4;
    switch (feature) {
    case FER_UDP_LOCAL_ADDR:
        return is_v4 ? (number_option){IPPROTO_IP, LOCAL_ADDR_V4}
                     : (number_option){IPPROTO_IPV6, IPV6_RECVPKTINFO};
    case FER_UDP_ECN:
    case FER_UDP_TRAFFIC_CLASS:
        return is_v4 ? (number_option){IPPROTO_IP, ECN_V4}
                     : (number_option){IPPROTO_IPV6, IPV6_RECVTCLASS};
    case FER_UDP_HOP_LIMIT:
        return is_v4 ? (number_option){IPPROTO_IP, HOPS_V4}
                     : (number_option){IPPROTO_IPV6, IPV6_RECVHOPLIMIT};
    case FER_UDP_COALESCING: return (number_option){IPPROTO_UDP, COALESCING};
    case FER_UDP_SEGMENTING: return (number_option){IPPROTO_UDP, SEGMENTING};
    case FER_UDP_DROPS: return (number_option){SOL_SOCKET, DROPS};
    default: return (number_option){SOL_SOCKET, TIMESTAMPS};
    }
}

static fer_error set_value(fer_raw_socket raw, number_option option, int value)
{
    if (option.name == 0) {
        return ferp_posix_error_of(ENOPROTOOPT);
    }
    return ferp_posix_result(setsockopt((int)raw, option.level, option.name, &value, sizeof value));
}

static fer_error read_value(fer_raw_socket raw, number_option option, int *value)
{
    socklen_t len = sizeof *value;
    if (option.name == 0) {
        return ferp_posix_error_of(ENOPROTOOPT);
    }
    return ferp_posix_result(getsockopt((int)raw, option.level, option.name, value, &len));
}

/* The second option of a feature, which not every version has: Linux reports the TOS and the time
 * to live of an IPv4 datagram on an IPv6 socket by IPv4's options, and a system that does not use
 * IP_PKTINFO the interface by IP_RECVIF. */
static void set_second_value(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                             int value)
{
#ifdef FERP_POSIX_DESTINATION_BY_ADDRESS
    if (feature == FER_UDP_LOCAL_ADDR && family == FER_IP_V4) {
        FER_IGNORE(set_value(raw, (number_option){IPPROTO_IP, IP_RECVIF}, value));
    }
#endif
    if ((feature == FER_UDP_ECN || feature == FER_UDP_HOP_LIMIT) && family == FER_IP_V6) {
        FER_IGNORE(set_value(raw, option_of(feature, FER_IP_V4), value));
    }
}

fer_error ferp_set_udp_feature(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                               bool on)
{
    fer_error error = set_value(raw, option_of(feature, family), on);
    if (ferp_posix_is_refusal(error.os_code)) {
        return (fer_error){FER_UNSUPPORTED, error.os_code}; /* a sandbox without the option */
    }
    FER_TRY(error);
    set_second_value(raw, family, feature, on);
    return (fer_error){FER_OK, 0};
}

/* The option of segments is their size. */
fer_error ferp_udp_feature(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                           bool *on)
{
    int value = 1;
    if (family == FER_IP_V4 && (feature & LACKED_V4) != 0) {
        return ferp_posix_error_of(ENOPROTOOPT);
    }
    if (feature == FER_UDP_BATCHING) {
        FER_TRY(ferp_posix_batching());
    } else if (feature != FER_UDP_SOURCE && feature != FER_UDP_SEND_HOP_LIMIT) {
        FER_TRY(read_value(raw, option_of(feature, family), &value));
    }
    *on = value != 0 || feature == FER_UDP_SEGMENTING;
    return (fer_error){FER_OK, 0};
}

/* ---- Fragmentation */

/* With IP_PMTUDISC_PROBE Linux sets DF and does not apply the path MTU that it has stored; routers
 * alone limit a probe (ip(7)). IP_PMTUDISC_WANT is its default. */
#if FERP_HAS_MTU_PROBE
#define DONT_FRAGMENT_V4 ((number_option){IPPROTO_IP, IP_MTU_DISCOVER})
#define DONT_FRAGMENT_V6 ((number_option){IPPROTO_IPV6, IPV6_MTU_DISCOVER})
#define DONT_FRAGMENT_ON IP_PMTUDISC_PROBE
#define DONT_FRAGMENT_OFF IP_PMTUDISC_WANT
#define DONT_FRAGMENT_IS_ON(value) ((value) == IP_PMTUDISC_PROBE || (value) == IP_PMTUDISC_DO)
#elif FERP_HAS_DONTFRAG
#define DONT_FRAGMENT_V4 ((number_option){IPPROTO_IP, IP_DONTFRAG})
#else
#define DONT_FRAGMENT_V4 ((number_option){IPPROTO_IP, 0})
#endif
#ifndef DONT_FRAGMENT_ON
#define DONT_FRAGMENT_V6 ((number_option){IPPROTO_IPV6, IPV6_DONTFRAG})
#define DONT_FRAGMENT_ON 1
#define DONT_FRAGMENT_OFF 0
#define DONT_FRAGMENT_IS_ON(value) ((value) != 0)
#endif

/* IPV6_DONTFRAG of Linux makes a datagram that is too long fail, instead of being fragmented by the
 * sender (net/ipv6/ip6_output.c, __ip6_append_data). */
fer_error ferp_set_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool on)
{
    int value = on ? DONT_FRAGMENT_ON : DONT_FRAGMENT_OFF;
    if (family == FER_IP_V4) {
        return set_value(raw, DONT_FRAGMENT_V4, value);
    }
    FER_TRY(set_value(raw, DONT_FRAGMENT_V6, value));
    FER_IGNORE(set_value(raw, DONT_FRAGMENT_V4, value));
#if FERP_HAS_MTU_PROBE
    return set_value(raw, (number_option){IPPROTO_IPV6, IPV6_DONTFRAG}, on);
#else
    return (fer_error){FER_OK, 0};
#endif
}

fer_error ferp_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool *on)
{
    int value = 0;
    FER_TRY(read_value(raw, family == FER_IP_V4 ? DONT_FRAGMENT_V4 : DONT_FRAGMENT_V6, &value));
    *on = DONT_FRAGMENT_IS_ON(value);
    return (fer_error){FER_OK, 0};
}

#if FERP_HAS_IP_MTU

fer_error ferp_path_mtu(fer_raw_socket raw, fer_ip_family family, uint32_t *out)
{
    bool is_v4 = family == FER_IP_V4;
    number_option option = {is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_MTU : IPV6_MTU};
    int value = 0;
    FER_TRY(read_value(raw, option, &value));
    *out = (uint32_t)value;
    return (fer_error){FER_OK, 0};
}

#elif FERP_HAS_PATHMTU

/* RFC 3542, section 11.4. No option of IPv4 reports it. */
fer_error ferp_path_mtu(fer_raw_socket raw, fer_ip_family family, uint32_t *out)
{
    struct ip6_mtuinfo info;
    socklen_t len = sizeof info;
    if (family == FER_IP_V4) {
        return ferp_posix_error_of(ENOPROTOOPT);
    }
    memset(&info, 0, sizeof info);
    FER_TRY(ferp_posix_result(getsockopt((int)raw, IPPROTO_IPV6, IPV6_PATHMTU, &info, &len)));
    *out = info.ip6m_mtu;
    return (fer_error){FER_OK, 0};
}

#else

fer_error ferp_path_mtu(fer_raw_socket raw, fer_ip_family family, uint32_t *out)
{
    (void)raw;
    (void)family;
    (void)out;
    return ferp_posix_error_of(ENOPROTOOPT);
}

#endif
