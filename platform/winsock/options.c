/* options.c: socket options that are numbers, linger, and multicast groups. */
#include "platform/winsock/winsock.h"

#include <string.h>

/* <ws2ipdef.h>. Some toolchains' headers lack them. Wine 8 fails with WSAENOPROTOOPT. */
#define WINSOCK_TCP_KEEPIDLE 3
#define WINSOCK_TCP_KEEPCNT 16
#define WINSOCK_TCP_KEEPINTVL 17

#define WINSOCK_TCP_MAXRT 5 /* seconds; 0xFFFFFFFF is no limit */

struct option_name {
    int level;
    int name;
};

/* An option without a row: UNSUPPORTED. FERP_INHERITABLE is a flag of the handle, FERP_PROTOCOL a
 * member of SO_PROTOCOL_INFOW. */
static const struct option_name option_names[FERP_OPTION_COUNT] = {
    [FERP_REUSE_ADDRESS] = {SOL_SOCKET, SO_REUSEADDR},
    [FERP_EXCLUSIVE_ADDRESS] = {SOL_SOCKET, SO_EXCLUSIVEADDRUSE},
    [FERP_ONLY_V6] = {IPPROTO_IPV6, IPV6_V6ONLY},
    [FERP_NODELAY] = {IPPROTO_TCP, TCP_NODELAY},
    [FERP_TTL_V4] = {IPPROTO_IP, IP_TTL},
    [FERP_HOPS_V6] = {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    [FERP_KEEPALIVE] = {SOL_SOCKET, SO_KEEPALIVE},
    [FERP_KEEPALIVE_TIME] = {IPPROTO_TCP, WINSOCK_TCP_KEEPIDLE},
    [FERP_KEEPALIVE_INTERVAL] = {IPPROTO_TCP, WINSOCK_TCP_KEEPINTVL},
    [FERP_KEEPALIVE_RETRIES] = {IPPROTO_TCP, WINSOCK_TCP_KEEPCNT},
    [FERP_TOS_V4] = {IPPROTO_IP, IP_TOS},
    [FERP_TCLASS_V6] = {IPPROTO_IPV6, IPV6_TCLASS},
    [FERP_RECV_BUFFER] = {SOL_SOCKET, SO_RCVBUF},
    [FERP_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
    [FERP_BROADCAST] = {SOL_SOCKET, SO_BROADCAST},
    [FERP_MULTICAST_LOOP_V4] = {IPPROTO_IP, IP_MULTICAST_LOOP},
    [FERP_MULTICAST_TTL_V4] = {IPPROTO_IP, IP_MULTICAST_TTL},
    [FERP_MULTICAST_LOOP_V6] = {IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
    [FERP_MULTICAST_HOPS_V6] = {IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
    [FERP_MULTICAST_IF_V4] = {IPPROTO_IP, IP_MULTICAST_IF},
    [FERP_MULTICAST_IF_V6] = {IPPROTO_IPV6, IPV6_MULTICAST_IF},
    [FERP_USER_TIMEOUT] = {IPPROTO_TCP, WINSOCK_TCP_MAXRT},
    [FERP_TYPE] = {SOL_SOCKET, SO_TYPE},
    [FERP_LISTENING] = {SOL_SOCKET, SO_ACCEPTCONN}};

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
    if (name.name == 0) {
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
    if (name.name == 0) {
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

fer_error ferp_change_group_v4(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *local)
{
    struct ip_mreq request;
    memcpy(&request.imr_multiaddr, group->octets, sizeof group->octets);
    memcpy(&request.imr_interface, local->octets, sizeof local->octets);
    int name = change == FERP_JOIN ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), IPPROTO_IP, name,
                                          (const char *)&request, (int)sizeof request));
}

fer_error ferp_change_group_v6(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv6_addr *group, uint32_t interface_index)
{
    struct ipv6_mreq request;
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
