/* udp_features.c: the options of datagram sockets for messages: the local address, ECN, segments,
 * fragmentation, the MTU of the path. */
#include "platform/winsock/messages.h"

/* <ws2ipdef.h>. IPv4 and IPv6 have one number for each, except for the MTU. */
#define WINSOCK_DONT_FRAGMENT 14
#define WINSOCK_IP_MTU 73
#define WINSOCK_IPV6_MTU 72
#define WINSOCK_RECVTOS 40 /* IP_RECVTOS, IPV6_RECVTCLASS */

/* ---- Options of both families. 0: there is none. */

typedef struct option_pair {
    int v4;
    int v6;
} option_pair;

static fer_error set_option(SOCKET socket, int level, int name, bool on)
{
    DWORD value = on;
    return ferp_winsock_result(
        setsockopt(socket, level, name, (const char *)&value, (int)sizeof value));
}

/* An IPv6 socket receives over both. IPv6's option decides. */
static fer_error set_pair(fer_raw_socket raw, fer_ip_family family, option_pair pair, bool on)
{
    SOCKET socket = ferp_winsock_socket(raw);
    fer_error v4 = set_option(socket, IPPROTO_IP, pair.v4, on);
    return family == FER_IP_V6 ? set_option(socket, IPPROTO_IPV6, pair.v6, on) : v4;
}

static fer_error read_option(fer_raw_socket raw, int level, int name, DWORD *out)
{
    int size = (int)sizeof *out;
    *out = 0;
    return ferp_winsock_result(
        getsockopt(ferp_winsock_socket(raw), level, name, (char *)out, &size));
}

static fer_error read_pair(fer_raw_socket raw, fer_ip_family family, option_pair pair, bool *on)
{
    DWORD value = 0;
    FER_TRY(family == FER_IP_V6 ? read_option(raw, IPPROTO_IPV6, pair.v6, &value)
                                : read_option(raw, IPPROTO_IP, pair.v4, &value));
    *on = value != 0;
    return FERP_WINSOCK_OK;
}

/* ---- What a version of the system has */

typedef LONG(WINAPI *rtl_get_version)(OSVERSIONINFOW *);

/* Server 2022, a bug of which hides hop limits and classes of received datagrams (msquic,
 * datapath_winuser.c; pull request 5130). RtlGetVersion obeys no manifest of the program. */
static bool hides_headers(void)
{
    rtl_get_version get_version = NULL;
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    return ferp_winsock_find_function(L"ntdll.dll", "RtlGetVersion", &get_version) &&
           get_version(&version) == 0 && version.dwBuildNumber == 20348;
}

/* Asks a socket of IPv6, because the option of IPv4 succeeds without an effect (msquic,
 * datapath_winuser.c). Wine ignores the messages of a send. FALSE: the next call asks again. */
static BOOL CALLBACK ask_for_classes(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    fer_raw_socket asked = FER_RAW_SOCKET_NONE;
    const uint32_t lower_effort = 1 << 2; /* RFC 8622 */
    (void)once;
    (void)context;
    if (ferp_winsock_is_wine() || hides_headers() ||
        ferp_socket_new(FER_DOMAIN_IPV6, FER_TYPE_DGRAM, 0, &asked).kind != FER_OK) {
        return FALSE;
    }
    *(bool *)parameter =
        ferp_set_option(asked, FERP_TCLASS_V6, lower_effort).kind == FER_OK &&
        set_option(ferp_winsock_socket(asked), IPPROTO_IPV6, WINSOCK_RECVTOS, true).kind == FER_OK;
    ferp_close(asked);
    return TRUE;
}

bool ferp_winsock_has_classes(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    static bool has_classes;
    return InitOnceExecuteOnce(&once, ask_for_classes, &has_classes, NULL) && has_classes;
}

/* ---- Features. UDP_RECV_MAX_COALESCED_SIZE, Windows' coalescing, is never enabled: some network
 * drivers deliver coalesced datagrams without their size (quinn, issues 2041 and 2092). A socket
 * may be adopted with it (rule B8). */

static const option_pair local_addr = {IP_PKTINFO, IPV6_PKTINFO};
static const option_pair ecn = {WINSOCK_ECN, WINSOCK_ECN};
static const option_pair traffic_class = {WINSOCK_RECVTOS, WINSOCK_RECVTOS};
static const option_pair hop_limit = {WINSOCK_HOPLIMIT, WINSOCK_HOPLIMIT};

/* The class contains ECN. */
static option_pair ecn_option(void)
{
    return ferp_winsock_has_classes() ? traffic_class : ecn;
}

fer_error ferp_set_udp_feature(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                               bool on)
{
    fer_error error = ferp_winsock_error(WSAENOPROTOOPT);
    switch (feature) {
    case FER_UDP_LOCAL_ADDR: return set_pair(raw, family, local_addr, on);
    case FER_UDP_ECN: return set_pair(raw, family, ecn_option(), on);
    case FER_UDP_HOP_LIMIT: return hides_headers() ? error : set_pair(raw, family, hop_limit, on);
    case FER_UDP_SEGMENTING:
        return set_option(ferp_winsock_socket(raw), IPPROTO_UDP, WINSOCK_UDP_SEND_MSG_SIZE, on);
    default: return error;
    }
}

/* Windows before 10 version 2004 and Wine fail with WSAEINVAL (measured under Wine 8 and 10). */
static fer_error read_size(fer_raw_socket raw, int name, DWORD *out)
{
    fer_error error = read_option(raw, IPPROTO_UDP, name, out);
    return error.os_code == WSAEINVAL ? ferp_winsock_error(WSAENOPROTOOPT) : error;
}

fer_error ferp_udp_feature(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                           bool *on)
{
    fer_error error = ferp_winsock_error(WSAENOPROTOOPT);
    DWORD size = 0;
    switch (feature) {
    case FER_UDP_LOCAL_ADDR: return read_pair(raw, family, local_addr, on);
    case FER_UDP_ECN: return read_pair(raw, family, ecn_option(), on);
    case FER_UDP_HOP_LIMIT: return hides_headers() ? error : read_pair(raw, family, hop_limit, on);
    case FER_UDP_COALESCING:
        FER_TRY(read_size(raw, WINSOCK_UDP_COALESCED, &size));
        error = size != 0 ? FERP_WINSOCK_OK : error;
        break;
    case FER_UDP_SEGMENTING: error = read_size(raw, WINSOCK_UDP_SEND_MSG_SIZE, &size); break;
    case FER_UDP_TRAFFIC_CLASS: error = ferp_winsock_has_classes() ? FERP_WINSOCK_OK : error; break;
    case FER_UDP_SOURCE: error = ferp_winsock_is_wine() ? error : FERP_WINSOCK_OK; break;
    default: break;
    }
    *on = error.kind == FER_OK;
    return error;
}

/* ---- Fragmentation */

static const option_pair dont_fragment = {WINSOCK_DONT_FRAGMENT, WINSOCK_DONT_FRAGMENT};

fer_error ferp_set_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool on)
{
    return set_pair(raw, family, dont_fragment, on);
}

fer_error ferp_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool *on)
{
    return read_pair(raw, family, dont_fragment, on);
}

/* "IPPROTO_IP socket options", MSDN. */
fer_error ferp_path_mtu(fer_raw_socket raw, fer_ip_family family, uint32_t *out)
{
    DWORD mtu = 0;
    FER_TRY(family == FER_IP_V6 ? read_option(raw, IPPROTO_IPV6, WINSOCK_IPV6_MTU, &mtu)
                                : read_option(raw, IPPROTO_IP, WINSOCK_IP_MTU, &mtu));
    *out = mtu;
    return FERP_WINSOCK_OK;
}
