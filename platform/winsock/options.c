/* options.c: socket options that are numbers, linger, and multicast groups. */
#include "platform/winsock/winsock.h"

#include <string.h>

#define FERP_SYSTEM_NO_OPTION 0

/* <ws2ipdef.h>. Some toolchains' headers lack them. Wine 8 fails with WSAENOPROTOOPT. */
#define FERP_SYSTEM_KEEPALIVE_TIME 3      /* TCP_KEEPIDLE */
#define FERP_SYSTEM_KEEPALIVE_RETRIES 16  /* TCP_KEEPCNT */
#define FERP_SYSTEM_KEEPALIVE_INTERVAL 17 /* TCP_KEEPINTVL */

#define FERP_SYSTEM_USER_TIMEOUT 5 /* TCP_MAXRT, in seconds; 0xFFFFFFFF is no limit */

/* A member of SO_PROTOCOL_INFOW. */
#define FERP_SYSTEM_PROTOCOL FERP_SYSTEM_NO_OPTION

#define LEVEL_SOCKET SOL_SOCKET
#define LEVEL_IPV4 IPPROTO_IP
#define LEVEL_IPV6 IPPROTO_IPV6
#define LEVEL_TCP IPPROTO_TCP

#define IF_ALL(name) name
#define IF_POSIX(name) FERP_SYSTEM_NO_OPTION
#define IF_LINUX(name) FERP_SYSTEM_NO_OPTION
#define IF_WINDOWS(name) name

struct option_name {
    int level;
    int name;
};

/* FERP_INHERITABLE is a flag of the handle. */
#define OPTION_ROW(option, kind, level, systems, name) {LEVEL_##level, IF_##systems(name)},
static const struct option_name option_names[] = {FERP_OPTIONS(OPTION_ROW)};

static fer_error set_inheritable(SOCKET socket, DWORD flag)
{
    bool is_set = SetHandleInformation((HANDLE)socket, HANDLE_FLAG_INHERIT, flag) != 0;
    return is_set ? FERP_WINSOCK_OK : ferp_winsock_last_error();
}

static fer_error read_inheritable(SOCKET socket, uint32_t *out)
{
    DWORD flags = 0;
    if (!GetHandleInformation((HANDLE)socket, &flags)) {
        return ferp_winsock_last_error();
    }
    *out = (flags & HANDLE_FLAG_INHERIT) != 0;
    return FERP_WINSOCK_OK;
}

static fer_error read_protocol(SOCKET socket, uint32_t *out)
{
    WSAPROTOCOL_INFOW info;
    int size = (int)sizeof info;
    FER_TRY(ferp_winsock_result(
        getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size)));
    *out = (uint32_t)info.iProtocol;
    return FERP_WINSOCK_OK;
}

fer_error ferp_set_option(fer_raw_socket raw, ferp_option option, uint32_t value)
{
    const struct option_name name = option_names[option];
    DWORD number = option == FERP_USER_TIMEOUT ? value / 1000 + (value % 1000 != 0) : value;
    if (option == FERP_INHERITABLE) {
        return set_inheritable(ferp_winsock_socket(raw), value != 0 ? HANDLE_FLAG_INHERIT : 0);
    }
    if (name.name == FERP_SYSTEM_NO_OPTION) {
        return ferp_winsock_error(WSAENOPROTOOPT);
    }
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), name.level, name.name,
                                          (const char *)&number, (int)sizeof number));
}

fer_error ferp_option_value(fer_raw_socket raw, ferp_option option, uint32_t *out)
{
    const struct option_name name = option_names[option];
    /* Windows writes only one byte of some BOOLs. */
    DWORD number = 0;
    int size = (int)sizeof number;
    if (option == FERP_INHERITABLE) {
        return read_inheritable(ferp_winsock_socket(raw), out);
    }
    if (option == FERP_PROTOCOL) {
        return read_protocol(ferp_winsock_socket(raw), out);
    }
    if (name.name == FERP_SYSTEM_NO_OPTION) {
        return ferp_winsock_error(WSAENOPROTOOPT);
    }
    FER_TRY(ferp_winsock_result(
        getsockopt(ferp_winsock_socket(raw), name.level, name.name, (char *)&number, &size)));
    if (option == FERP_USER_TIMEOUT) {
        number = number == UINT32_MAX ? 0 : number > UINT32_MAX / 1000 ? UINT32_MAX : number * 1000;
    }
    *out = ferp_option_is_boolean(option) ? number != 0 : number;
    return FERP_WINSOCK_OK;
}

/* Wine 8 takes the source for the interface, and the reverse (measured), because it passes the
 * struct to the host, whose has another order (dlls/ntdll/unix/socket.c, sock_ioctl). */
static fer_error change_source_v4(fer_raw_socket raw, ferp_membership change,
                                  const fer_ipv4_addr *group, const fer_ipv4_addr *source,
                                  const fer_ipv4_addr *local)
{
    struct ip_mreq_source request;
    if (ferp_winsock_is_wine()) {
        return ferp_winsock_error(WSAENOPROTOOPT);
    }
    memcpy(&request.imr_multiaddr, group->octets, sizeof group->octets);
    memcpy(&request.imr_sourceaddr, source->octets, sizeof source->octets);
    memcpy(&request.imr_interface, local->octets, sizeof local->octets);
    int name = change == FERP_JOIN ? IP_ADD_SOURCE_MEMBERSHIP : IP_DROP_SOURCE_MEMBERSHIP;
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), IPPROTO_IP, name,
                                          (const char *)&request, (int)sizeof request));
}

fer_error ferp_change_group_v4(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *source,
                               const fer_ipv4_addr *local)
{
    struct ip_mreq request;
    if (source != NULL) {
        return change_source_v4(raw, change, group, source, local);
    }
    memcpy(&request.imr_multiaddr, group->octets, sizeof group->octets);
    memcpy(&request.imr_interface, local->octets, sizeof local->octets);
    int name = change == FERP_JOIN ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), IPPROTO_IP, name,
                                          (const char *)&request, (int)sizeof request));
}

/* GROUP_SOURCE_REQ and its options, <ws2ipdef.h>. Some toolchains' headers lack them. */
#define JOIN_SOURCE_GROUP 45  /* MCAST_JOIN_SOURCE_GROUP */
#define LEAVE_SOURCE_GROUP 46 /* MCAST_LEAVE_SOURCE_GROUP */
struct source_request {
    ULONG interface_index;
    struct sockaddr_storage group;
    struct sockaddr_storage source;
};

static fer_error change_source_v6(fer_raw_socket raw, ferp_membership change,
                                  const fer_ipv6_addr *group, const fer_ipv6_addr *source,
                                  uint32_t interface_index)
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6};
    struct source_request request;
    memset(&request, 0, sizeof request);
    request.interface_index = interface_index;
    memcpy(&addr.sin6_addr, group->octets, sizeof group->octets);
    memcpy(&request.group, &addr, sizeof addr);
    memcpy(&addr.sin6_addr, source->octets, sizeof source->octets);
    memcpy(&request.source, &addr, sizeof addr);
    int name = change == FERP_JOIN ? JOIN_SOURCE_GROUP : LEAVE_SOURCE_GROUP;
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), IPPROTO_IPV6, name,
                                          (const char *)&request, (int)sizeof request));
}

fer_error ferp_change_group_v6(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv6_addr *group, const fer_ipv6_addr *source,
                               uint32_t interface_index)
{
    struct ipv6_mreq request;
    if (source != NULL) {
        return change_source_v6(raw, change, group, source, interface_index);
    }
    memcpy(&request.ipv6mr_multiaddr, group->octets, sizeof group->octets);
    request.ipv6mr_interface = interface_index;
    int name = change == FERP_JOIN ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP;
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), IPPROTO_IPV6, name,
                                          (const char *)&request, (int)sizeof request));
}

/* Windows has no such option. It chooses routes by address: a program binds to the interface's own
 * address instead. */
fer_error ferp_bind_device(fer_raw_socket raw, fer_ip_family family, const char *name)
{
    (void)raw;
    (void)family;
    (void)name;
    return ferp_winsock_error(WSAENOPROTOOPT);
}

fer_error ferp_set_linger(fer_raw_socket raw, struct ferp_linger linger)
{
    struct linger value;
    value.l_onoff = linger.on;
    value.l_linger = linger.on ? (u_short)linger.seconds : 0;
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), SOL_SOCKET, SO_LINGER,
                                          (const char *)&value, (int)sizeof value));
}

fer_error ferp_linger(fer_raw_socket raw, struct ferp_linger *out)
{
    struct linger value = {0, 0};
    int size = (int)sizeof value;
    FER_TRY(ferp_winsock_result(
        getsockopt(ferp_winsock_socket(raw), SOL_SOCKET, SO_LINGER, (char *)&value, &size)));
    out->on = value.l_onoff != 0;
    out->seconds = value.l_linger;
    return FERP_WINSOCK_OK;
}
