/* options.c: socket options that are numbers, linger, and multicast groups. */
#include "platform/posix/posix.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>

/* No system has an option of this number. */
#define FERP_SYSTEM_NO_OPTION 0

#if FERP_HAS_KEEPALIVE_TIME && defined(TCP_KEEPIDLE)
#define FERP_SYSTEM_KEEPALIVE_TIME TCP_KEEPIDLE
#elif FERP_HAS_KEEPALIVE_TIME
#define FERP_SYSTEM_KEEPALIVE_TIME TCP_KEEPALIVE /* macOS */
#else
#define FERP_SYSTEM_KEEPALIVE_TIME FERP_SYSTEM_NO_OPTION /* OpenBSD */
#endif

#if FERP_HAS_KEEPALIVE_COUNTS
#define FERP_SYSTEM_KEEPALIVE_INTERVAL TCP_KEEPINTVL
#define FERP_SYSTEM_KEEPALIVE_RETRIES TCP_KEEPCNT
#else
#define FERP_SYSTEM_KEEPALIVE_INTERVAL FERP_SYSTEM_NO_OPTION
#define FERP_SYSTEM_KEEPALIVE_RETRIES FERP_SYSTEM_NO_OPTION
#endif

/* macOS counts in seconds. */
#if FERP_HAS_USER_TIMEOUT && defined(TCP_USER_TIMEOUT)
#define FERP_SYSTEM_USER_TIMEOUT TCP_USER_TIMEOUT
#define FERP_POSIX_USER_TIMEOUT_UNIT 1
#elif FERP_HAS_USER_TIMEOUT
#define FERP_SYSTEM_USER_TIMEOUT TCP_RXT_CONNDROPTIME
#define FERP_POSIX_USER_TIMEOUT_UNIT 1000
#else
#define FERP_SYSTEM_USER_TIMEOUT FERP_SYSTEM_NO_OPTION
#define FERP_POSIX_USER_TIMEOUT_UNIT 1
#endif

#if FERP_HAS_PROTOCOL
#define FERP_SYSTEM_PROTOCOL SO_PROTOCOL
#else
#define FERP_SYSTEM_PROTOCOL FERP_SYSTEM_NO_OPTION /* macOS, NetBSD */
#endif

#define LEVEL_SOCKET SOL_SOCKET
#define LEVEL_IPV4 IPPROTO_IP
#define LEVEL_IPV6 IPPROTO_IPV6
#define LEVEL_TCP IPPROTO_TCP

#define IF_ALL(name) name
#if FERP_HAS_REUSE_PORT
#define IF_POSIX(name) name
#else
#define IF_POSIX(name) FERP_SYSTEM_NO_OPTION
#endif
#if FERP_HAS_BIND_LATER
#define IF_LINUX(name) name
#else
#define IF_LINUX(name) FERP_SYSTEM_NO_OPTION
#endif
#define IF_WINDOWS(name) FERP_SYSTEM_NO_OPTION

/* SOL_SOCKET is 0xffff on the BSDs and -1 on Haiku, whose SO_SNDBUF has 31 bits. */
#if defined(__linux__) || defined(FERP_POSIX_BSD)
typedef uint16_t option_number;
#else
typedef int option_number;
#endif
typedef struct system_option {
    option_number level;
    option_number name;
} system_option;

/* FERP_INHERITABLE is a flag of the descriptor, and FERP_LISTENING is read by its own function. */
#define OPTION_ROW(option, kind, level, systems, name) {LEVEL_##level, IF_##systems(name)},
static const system_option system_options[] = {FERP_OPTIONS(OPTION_ROW)};

static uint32_t whole_units(uint32_t milliseconds)
{
    const uint32_t unit = FERP_POSIX_USER_TIMEOUT_UNIT;
    return milliseconds / unit + (milliseconds % unit != 0);
}

/* The BSDs (ip(4)) and illumos (inet/udp/udp_opt_data.c) define these two options as bytes. Linux
 * defines them as ints and accepts bytes too, but qemu's Linux emulation does not handle bytes
 * well. */
static bool is_one_byte(ferp_option option)
{
#ifdef __linux__
    (void)option;
    return false;
#else
    return option == FERP_MULTICAST_LOOP_V4 || option == FERP_MULTICAST_TTL_V4;
#endif
}

/* ETOOMANYREFS: macOS and the BSDs (IP_MAX_MEMBERSHIPS; FreeBSD, sys/netinet/in_mcast.c). Linux'
 * ENOBUFS is the same. ENXIO: no such interface (NetBSD, sys/netinet6/ip6_output.c,
 * ip6_setmoptions). */
static fer_error group_result(int returned)
{
    if (returned < 0 && errno == ETOOMANYREFS) {
        return (fer_error){FER_NO_BUFFER_SPACE, ETOOMANYREFS};
    }
    return returned < 0 && errno == ENXIO ? (fer_error){FER_ADDR_NOT_AVAILABLE, ENXIO}
                                          : ferp_posix_result(returned);
}

fer_error ferp_set_option(fer_raw_socket raw, ferp_option option, uint32_t value)
{
    if (option == FERP_INHERITABLE) {
        /* leaves other flags of the descriptor alone (FD_CLOFORK of POSIX.1-2024) */
#if FERP_HAS_FIOCLEX
        return ferp_posix_ioctl(raw, (unsigned long)(value != 0 ? FIONCLEX : FIOCLEX), NULL);
#else
        int flags = fcntl((int)raw, F_GETFD);
        int wanted = value != 0 ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
        return ferp_posix_result(flags < 0 ? flags : fcntl((int)raw, F_SETFD, wanted));
#endif
    }
    system_option known = system_options[option];
    value = option == FERP_USER_TIMEOUT ? whole_units(value) : value;
    int number = value < INT_MAX || option == FERP_MULTICAST_IF_V4 ? (int)value : INT_MAX;
    unsigned char byte = (unsigned char)value;
    if (known.name == FERP_SYSTEM_NO_OPTION) {
        return ferp_posix_error_of(ENOPROTOOPT);
    }
    if (is_one_byte(option)) {
        return ferp_posix_result(setsockopt((int)raw, known.level, known.name, &byte, sizeof byte));
    }
    int returned = setsockopt((int)raw, known.level, known.name, &number, sizeof number);
#ifdef FERP_POSIX_BSD
    if (option == FERP_MULTICAST_IF_V6) {
        return group_result(returned);
    }
#endif
    return ferp_posix_result(returned);
}

/* macOS and the BSDs read -1 for a hop limit that was not set (FreeBSD, sys/netinet6/ip6_output.c,
 * ip6_ctloutput). The default is then 64 (IPV6_DEFHLIM), if neither the administrator
 * (net.inet6.ip6.hlim) nor a router has changed it. */
#define FERP_POSIX_DEFAULT_HOPS 64

/* The numbers of the types differ between systems (Linux on MIPS). */
static uint32_t type_of(int number)
{
    return number == SOCK_STREAM ? FER_TYPE_STREAM
           : number == SOCK_RAW  ? FER_TYPE_RAW
                                 : FER_TYPE_DGRAM;
}

static uint32_t value_of(ferp_option option, int number)
{
    if (option == FERP_TYPE) {
        return type_of(number);
    }
    if (option == FERP_MULTICAST_IF_V4) {
        return (uint32_t)number;
    }
    if (option == FERP_USER_TIMEOUT) {
        return (uint32_t)number * FERP_POSIX_USER_TIMEOUT_UNIT;
    }
#ifdef __linux__
    /* Linux reports twice the size that was set, because it includes the kernel's bookkeeping
     * (socket(7), SO_RCVBUF). */
    if (option == FERP_RECV_BUFFER || option == FERP_SEND_BUFFER) {
        return (uint32_t)number / 2;
    }
#endif
    /* The BSDs report the bit of the flag for some booleans (sogetopt). */
    if (FERP_POSIX_IS_BSD && ferp_option_is_boolean(option)) {
        return number != 0;
    }
    return number >= 0 ? (uint32_t)number : option == FERP_HOPS_V6 ? FERP_POSIX_DEFAULT_HOPS : 0;
}

/* NetBSD sets the fields of keepalive but does not report them (tcp_usrreq.c, tcp_ctloutput). Such
 * a field is 0. */
static bool is_hidden(ferp_option option, int code)
{
#ifdef __NetBSD__
    bool is_field = option == FERP_KEEPALIVE_TIME || option == FERP_KEEPALIVE_INTERVAL ||
                    option == FERP_KEEPALIVE_RETRIES;
    return is_field && code == ENOPROTOOPT;
#else
    (void)option;
    (void)code;
    return false;
#endif
}

static fer_error read_inheritable(int fd, uint32_t *out)
{
    int flags = fcntl(fd, F_GETFD);
    *out = (flags & FD_CLOEXEC) == 0;
    return ferp_posix_result(flags < 0 ? -1 : 0);
}

fer_error ferp_option_value(fer_raw_socket raw, ferp_option option, uint32_t *out)
{
    if (option == FERP_INHERITABLE) {
        return read_inheritable((int)raw, out);
    }
    int number = 0;
    if (option == FERP_LISTENING) {
        FER_TRY(ferp_posix_listening((int)raw, &number));
        *out = number != 0;
        return (fer_error){FER_OK, 0};
    }
    system_option known = system_options[option];
    socklen_t len = 0;
    if (known.name == FERP_SYSTEM_NO_OPTION) {
        return ferp_posix_error_of(ENOPROTOOPT);
    }
    unsigned char byte = 0;
    void *value = is_one_byte(option) ? (void *)&byte : (void *)&number;
    len = is_one_byte(option) ? sizeof byte : sizeof number;
    fer_error error = ferp_posix_result(getsockopt((int)raw, known.level, known.name, value, &len));
    if (error.kind == FER_OK) {
        *out = is_one_byte(option) ? byte : value_of(option, number);
    } else if (is_hidden(option, error.os_code)) {
        *out = 0;
        return (fer_error){FER_OK, 0};
    }
    return error;
}

/* ---- What only Windows needs */

void ferp_report_refusals(fer_raw_socket raw, bool enabled)
{
    (void)raw; /* POSIX reports refusals to connected sockets only */
    (void)enabled;
}

/* On macOS plain SO_LINGER counts ticks, not seconds. */
#if FERP_HAS_LINGER_SEC
#define FERP_POSIX_LINGER SO_LINGER_SEC
#else
#define FERP_POSIX_LINGER SO_LINGER
#endif

fer_error ferp_set_linger(fer_raw_socket raw, struct ferp_linger linger)
{
    struct linger value = {linger.on ? 1 : 0, 0};
    value.l_linger = (__typeof__(value.l_linger))linger.seconds; /* Cygwin: a short */
    return ferp_posix_result(
        setsockopt((int)raw, SOL_SOCKET, FERP_POSIX_LINGER, &value, sizeof value));
}

fer_error ferp_linger(fer_raw_socket raw, struct ferp_linger *out)
{
    struct linger value = {0, 0};
    socklen_t len = sizeof value;
    fer_error error =
        ferp_posix_result(getsockopt((int)raw, SOL_SOCKET, FERP_POSIX_LINGER, &value, &len));
    if (error.kind == FER_OK) {
        *out = (struct ferp_linger){value.l_onoff != 0,
                                    value.l_linger < 0 ? 0 : (uint32_t)value.l_linger};
    }
    return error;
}

#if FERP_HAS_BINDTODEVICE

/* socket(7): needs CAP_NET_RAW on kernels before 5.7. */
fer_error ferp_bind_device(fer_raw_socket raw, fer_ip_family family, const char *name)
{
    (void)family;
    return ferp_posix_result(
        setsockopt((int)raw, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1));
}

#elif FERP_HAS_BOUND_IF

/* macOS takes the interface's index; 0 removes the binding. Its SO_BINDTODEVICE of SDK 14.6 is not
 * used: older kernels lack it, and an unknown name is ENXIO (XNU, inp_bindtodevice). */
fer_error ferp_bind_device(fer_raw_socket raw, fer_ip_family family, const char *name)
{
    unsigned index = name[0] == '\0' ? 0 : if_nametoindex(name);
    if (index == 0 && name[0] != '\0') {
        return ferp_posix_error_of(ENODEV);
    }
    if (family == FER_IP_V4) {
        return ferp_posix_result(
            setsockopt((int)raw, IPPROTO_IP, IP_BOUND_IF, &index, sizeof index));
    }
    return ferp_posix_result(
        setsockopt((int)raw, IPPROTO_IPV6, IPV6_BOUND_IF, &index, sizeof index));
}

#else

fer_error ferp_bind_device(fer_raw_socket raw, fer_ip_family family, const char *name)
{
    (void)raw;
    (void)family;
    (void)name;
    return ferp_posix_error_of(ENOPROTOOPT);
}

#endif

#if FERP_HAS_MULTICAST_ALL && !defined(IPV6_MULTICAST_ALL)
#define IPV6_MULTICAST_ALL 29
#endif

/* Some systems have only the older names of these IPv6 options. */
#ifndef IPV6_JOIN_GROUP
#define IPV6_JOIN_GROUP IPV6_ADD_MEMBERSHIP
#define IPV6_LEAVE_GROUP IPV6_DROP_MEMBERSHIP
#endif

/* Linux delivers the groups of all sockets to a socket at the wildcard address (ip(7),
 * IP_MULTICAST_ALL; ipv6(7), IPV6_MULTICAST_ALL, since Linux 4.20). A member receives its own. */
static void begin_join(fer_raw_socket raw, ferp_membership change)
{
#if FERP_HAS_MULTICAST_ALL
    int off = 0;
    if (change == FERP_JOIN) {
        (void)setsockopt((int)raw, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
        (void)setsockopt((int)raw, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
    }
#else
    (void)raw;
    (void)change;
#endif
}

fer_error ferp_change_group_v4(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *source,
                               const fer_ipv4_addr *local)
{
    struct ip_mreq request;
    begin_join(raw, change);
    if (source != NULL) {
#if FERP_HAS_SOURCES_V4
        struct ip_mreq_source with_source;
        memcpy(&with_source.imr_multiaddr, group->octets, sizeof group->octets);
        memcpy(&with_source.imr_sourceaddr, source->octets, sizeof source->octets);
        memcpy(&with_source.imr_interface, local->octets, sizeof local->octets);
        int name = change == FERP_JOIN ? IP_ADD_SOURCE_MEMBERSHIP : IP_DROP_SOURCE_MEMBERSHIP;
        return group_result(
            setsockopt((int)raw, IPPROTO_IP, name, &with_source, sizeof with_source));
#else
        return ferp_posix_error_of(ENOPROTOOPT);
#endif
    }
    memcpy(&request.imr_multiaddr, group->octets, sizeof group->octets);
    memcpy(&request.imr_interface, local->octets, sizeof local->octets);
    int name = change == FERP_JOIN ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
    return group_result(setsockopt((int)raw, IPPROTO_IP, name, &request, sizeof request));
}

static fer_error group_result_v6(ferp_membership change, int returned)
{
#ifdef FERP_POSIX_BSD
    /* a second join (FreeBSD, sys/netinet6/in6_mcast.c, in6p_join_group); IPv4's is EADDRINUSE */
    if (returned < 0 && errno == EINVAL && change == FERP_JOIN) {
        return (fer_error){FER_ADDR_IN_USE, EINVAL};
    }
#else
    (void)change;
#endif
    return group_result(returned);
}

fer_error ferp_change_group_v6(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv6_addr *group, const fer_ipv6_addr *source,
                               uint32_t interface_index)
{
    struct ipv6_mreq request;
    begin_join(raw, change);
    if (source != NULL) {
#if FERP_HAS_SOURCES_V6
        const fer_socket_addr to = {.ip = fer_ip_addr_from_v6(*group)};
        const fer_socket_addr from = {.ip = fer_ip_addr_from_v6(*source)};
        struct group_source_req with_source;
        memset(&with_source, 0, sizeof with_source);
        with_source.gsr_interface = interface_index;
        (void)ferp_posix_sockaddr(&to, &with_source.gsr_group);
        (void)ferp_posix_sockaddr(&from, &with_source.gsr_source);
        int name = change == FERP_JOIN ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP;
        return group_result_v6(
            change, setsockopt((int)raw, IPPROTO_IPV6, name, &with_source, sizeof with_source));
#else
        return ferp_posix_error_of(ENOPROTOOPT);
#endif
    }
    memcpy(&request.ipv6mr_multiaddr, group->octets, sizeof group->octets);
    request.ipv6mr_interface = (__typeof__(request.ipv6mr_interface))interface_index;
    int name = change == FERP_JOIN ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
    return group_result_v6(change,
                           setsockopt((int)raw, IPPROTO_IPV6, name, &request, sizeof request));
}

void ferp_posix_disable_error_queue(fer_raw_socket raw, fer_ip_family family)
{
#if FERP_HAS_ERROR_QUEUE
    int off = 0;
    if (family != 0) {
        (void)setsockopt((int)raw, IPPROTO_IP, IP_RECVERR, &off, sizeof off);
    }
    if (family == FER_IP_V6) {
        (void)setsockopt((int)raw, IPPROTO_IPV6, IPV6_RECVERR, &off, sizeof off);
    }
#else
    (void)raw;
    (void)family;
#endif
}
