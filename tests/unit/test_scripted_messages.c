/* test_scripted_messages.c: datagrams, options and lookups of platform/winsock, over answers of
 * Windows that Wine never gives. Windows only. */
#include "unit/winsock_script.h"

#include "ferrule/udp_batch.h"

#define ECN 50      /* IP_ECN, IPV6_ECN */
#define HOPLIMIT 21 /* IP_RECVTTL, IPV6_HOPLIMIT */
#define COALESCED 3
#define SEGMENT 2
#define CONTROL_SPACE 256
#define SENDER .name_out = V4(9)
/* A received message of 10 bytes or less in its buffer, from a sender. */
#define GOT(len) (10000 + (len) + INT64_C(10000000000) * (len))
#define WITH_ECN(ecn) (INT64_C(100000) * ((ecn) + 1))
#define WITH_HOPS(hops) (INT64_C(1000000000000000) * (hops))
#define WITH_SOURCE(last) (INT64_C(7000000) + INT64_C(10000000) * (last))
#define WITH_CLASS(octet) (WITH_ECN((octet)&3) + WITH_HOPS(1000 + (octet)))
#define TRUNCATED(len) (11000 + (len) + INT64_C(10000000000) * ((len) + 1))
#define FIRST_BYTE 127u
#define LAST_BYTE_1 0x01000000u

#define WOULD_BLOCK RETURNS(FER_WOULD_BLOCK, WSAEWOULDBLOCK, 0)
#define RECVFROM_FAILS(...) \
    DO(receive_from, A, 16), FAILS_WITH(recvfrom, A, 16, 0, __VA_ARGS__, .flags = 0)

static const struct row scripted_datagrams_are_received_script[] = {
    {"a refusal is a reset",
     {RECVFROM_FAILS(WSAECONNRESET, SENDER), RETURNS(FER_CONNECTION_RESET, WSAECONNRESET, 0)}},
    {"an expired time to live is an unreachable host, of a stream a reset",
     {RECVFROM_FAILS(WSAENETRESET, SENDER), RETURNS(FER_HOST_UNREACHABLE, WSAENETRESET, 0)}},
    {"a longer datagram fills the buffer",
     {RECVFROM_FAILS(WSAEMSGSIZE, SENDER), RETURNS_OK(11016)}},
    {"a shut down read half is the end, without a sender",
     {RECVFROM_FAILS(WSAESHUTDOWN), RETURNS_OK(0)}},
    {"an unbound socket cannot receive", /* WT test_connect_udp */
     {RECVFROM_FAILS(WSAEINVAL), RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0)}},
    {"WSAEINPROGRESS of a receive is transient",
     {RECVFROM_FAILS(WSAEINPROGRESS), RETURNS(FER_RESOURCE_BUSY, WSAEINPROGRESS, 0)}},
    {"a call that was cancelled would block",
     {RECVFROM_FAILS(WSA_OPERATION_ABORTED), WOULD_BLOCK, DO(transmit_to, A, 16),
      FAILS(sendto, A, 16, V4(9), WSA_OPERATION_ABORTED), WOULD_BLOCK}},
    {"an empty buffer takes an empty datagram, or cuts another one",
     {DO(receive_from, A, 0), GIVES_WITH(recvfrom, A, 0, 0, 0, SENDER), RETURNS_OK(10000),
      DO(receive_from, A, 0), FAILS_WITH(recvfrom, A, 0, 0, WSAEMSGSIZE, SENDER),
      RETURNS_OK(11000)}},
    {"a send reports no refusal of an earlier one, but its own failures",
     {DO(transmit_to, A, 16), GIVES(sendto, A, 16, V4(9), 16), RETURNS_OK(16),
      DO(transmit_to, A, 16), FAILS(sendto, A, 16, V4(9), WSAEHOSTUNREACH),
      RETURNS(FER_HOST_UNREACHABLE, WSAEHOSTUNREACH, 0), DO(transmit_to, A, 16),
      FAILS(sendto, A, 16, V4(9), WSAENOBUFS), RETURNS(FER_NO_BUFFER_SPACE, WSAENOBUFS, 0)}},
    {"refusals are switched on, and expired times to live always off",
     {DO(report_refusals, A, 1), GIVES(WSAIoctl, A, 0x9800000Cu, 1, 0),
      FAILS(WSAIoctl, A, 0x9800000Fu, 0, WSAEOPNOTSUPP), RETURNS_OK(0), DO(report_refusals, A, 0),
      FAILS(WSAIoctl, A, 0x9800000Cu, 0, WSAEOPNOTSUPP), GIVES(WSAIoctl, A, 0x9800000Fu, 0, 0),
      RETURNS_OK(0)}},
};
SCRIPT_TEST(scripted_datagrams_are_received)

#define UNBOUND FAILS(getsockname, A, 0, 0, WSAEINVAL)

#define SENDS_FROM_SOURCE(code)                              \
    DO_WITH(transmit_message, A, 4, .control = {{1, 0, 1}}), \
        FAILS_WITH(WSASendMsg, A, 4, 0, code,                \
                   .control = {{IPPROTO_IP, IP_PKTINFO, FIRST_BYTE | LAST_BYTE_1}})
/* Another socket is bound to the source. */
#define NEW_BOUND(code)                                                                 \
    GIVES(WSASocketW, 0, AF_INET << 16 | SOCK_DGRAM, ANY, B),                           \
        GIVES(ioctlsocket, B, (uint32_t)FIONBIO, 1, 0), FAILS(bind, B, V4(0), 0, code), \
        GIVES(closesocket, B, 0, 0, 0)

#define SENDS_CLASS                                                    \
    DO_WITH(transmit_message, A, 4, .flags = 1 | 4, .name_out = V6(9), \
            .control = {{0, 0, 0}, {1, 0, 0xB9}})
#define IS_NOT_SENT RETURNS(FER_UNSUPPORTED, WSAEOPNOTSUPP, 0)

static const struct row scripted_messages_are_sent_script[] = {
    {"WSASendMsg is searched again after a failed search",
     {DO_WITH(transmit_message, A, 4, .name_out = V4(9)),
      FAILS(find_function, A, ANY, ANY, WSAEOPNOTSUPP), RETURNS(FER_UNSUPPORTED, WSAEOPNOTSUPP, 0),
      DO_WITH(transmit_message, A, 4, .name_out = V4(9)), GIVES(find_function, A, ANY, ANY, 0),
      GIVES(find_function, A, ANY, ANY, 0), GIVES(WSASendMsg, A, 4, V4(9), 0), RETURNS_OK(1)}},
    {"the source, the interface, ECN",
     {DO_WITH(transmit_message, A, 4, .name_out = V4(9), .control = {{1, 7, 1}, {1, 0, 0xB9}}),
      GIVES_WITH(WSASendMsg, A, 4, V4(9), 0,
                 .control = {{IPPROTO_IP, IP_PKTINFO, FIRST_BYTE | LAST_BYTE_1 | INTERFACE(7)},
                             {IPPROTO_IP, ECN, 1}}),
      RETURNS_OK(1)}},
    {"the source of IPv6, to the peer",
     {DO_WITH(transmit_message, A, 4, .flags = 1, .control = {{1, 0, 1}, {1, 0, 2}}),
      GIVES_WITH(WSASendMsg, A, 4, 0, 0,
                 .control = {{IPPROTO_IPV6, IPV6_PKTINFO, LAST_BYTE_1}, {IPPROTO_IPV6, ECN, 2}}),
      RETURNS_OK(1)}},
    {"segments without a source",
     {DO_WITH(transmit_message, A, 9, .code = 4, .name_out = V4(9)),
      GIVES_WITH(WSASendMsg, A, 9, V4(9), 0, .control = {{IPPROTO_UDP, SEGMENT, 4}}),
      RETURNS_OK(1)}},
    {"an interface alone would be the source 0.0.0.0 over IPv4",
     {DO_WITH(transmit_message, A, 4, .name_out = V4(9), .control = {{1, 7, 0}}),
      RETURNS(FER_UNSUPPORTED, WSAEOPNOTSUPP, 0),
      DO_WITH(transmit_message, A, 4, .flags = 1, .name_out = V6(9), .control = {{1, 7, 0}}),
      GIVES_WITH(WSASendMsg, A, 4, V6(9), 0,
                 .control = {{IPPROTO_IPV6, IPV6_PKTINFO, INTERFACE(7)}}),
      RETURNS_OK(1)}},
    {"a hop limit is not sent",
     {DO_WITH(transmit_message, A, 4, .flags = 2, .name_out = V4(9)), IS_NOT_SENT}},
    {"a traffic class is not sent by Server 2022, nor where IPV6_TCLASS is refused, which is asked "
     "once", /* resiprocate, PR 487 */
     {SENDS_CLASS, IS_BUILD_20348, IS_NOT_SENT, SENDS_CLASS,
      GIVES(WSASocketW, 0, AF_INET6 << 16 | SOCK_DGRAM, ANY, B),
      GIVES(ioctlsocket, B, (uint32_t)FIONBIO, 1, 0),
      FAILS(setsockopt, B, V6_OPT(IPV6_TCLASS), 4, WSAENOPROTOOPT), GIVES(closesocket, B, 0, 0, 0),
      IS_NOT_SENT, SENDS_CLASS, IS_NOT_SENT}},
    {"an unbound socket is bound, and the message is sent again",
     {DO_WITH(transmit_message, A, 4, .name_out = V4(9)), FAILS(WSASendMsg, A, 4, V4(9), WSAEINVAL),
      UNBOUND, GIVES(bind, A, V4(0), 0, 0), GIVES(WSASendMsg, A, 4, V4(9), 0), RETURNS_OK(1)}},
    {"the same of IPv6",
     {DO_WITH(transmit_message, A, 4, .flags = 1, .name_out = V6(9)),
      FAILS(WSASendMsg, A, 4, V6(9), WSAEINVAL), UNBOUND, GIVES(bind, A, V6(0), 0, 0),
      GIVES(WSASendMsg, A, 4, V6(9), 0), RETURNS_OK(1)}},
    {"a bound socket's WSAEINVAL stays",
     {DO_WITH(transmit_message, A, 4, .name_out = V4(9)), FAILS(WSASendMsg, A, 4, V4(9), WSAEINVAL),
      STORES(getsockname, A, 0, 0, 0, V4(5)), RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0)}},
    {"a bind that fails: the first failure stays",
     {DO_WITH(transmit_message, A, 4, .name_out = V4(9)), FAILS(WSASendMsg, A, 4, V4(9), WSAEINVAL),
      UNBOUND, FAILS(bind, A, V4(0), 0, WSAENOBUFS), RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0)}},
    {"a message to the peer binds nothing",
     {DO_WITH(transmit_message, A, 4, .name_out = 0), FAILS(WSASendMsg, A, 4, 0, WSAEINVAL),
      RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0), DO_WITH(transmit_message, A, 4, .name_out = 0),
      FAILS(WSASendMsg, A, 4, 0, WSAEINPROGRESS), RETURNS(FER_RESOURCE_BUSY, WSAEINPROGRESS, 0)}},
    {"a message that was cancelled would block",
     {DO_WITH(transmit_message, A, 4, .name_out = 0),
      FAILS(WSASendMsg, A, 4, 0, WSA_OPERATION_ABORTED), WOULD_BLOCK}},
    {"a refused source is not available, unless it is local", /* envoy, PR 12820 */
     {SENDS_FROM_SOURCE(WSAEINVAL), NEW_BOUND(WSAEADDRNOTAVAIL),
      RETURNS(FER_ADDR_NOT_AVAILABLE, WSAEINVAL, 0), SENDS_FROM_SOURCE(WSAEINVAL), NEW_BOUND(0),
      RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0), SENDS_FROM_SOURCE(WSAEACCES),
      RETURNS(FER_PERMISSION_DENIED, WSAEACCES, 0)}},
};
SCRIPT_TEST(scripted_messages_are_sent)

#define GETS(len, ...)          \
    DO(receive_message, A, 16), \
        GIVES_WITH(WSARecvMsg, A, 16, CONTROL_SPACE, 0, .out = (len), __VA_ARGS__)
#define GETS_FAILURE(code, ...) \
    DO(receive_message, A, 16), \
        FAILS_WITH(WSARecvMsg, A, 16, CONTROL_SPACE, code, .out = __VA_ARGS__)

/* WSARecvMsg. Every member of the message is dirty before the call. */
static const struct row scripted_messages_are_received_script[] = {
    {"no member of an earlier message stays", {GETS(5, SENDER), RETURNS_OK(GOT(5))}},
    {"a receive that was cancelled would block",
     {GETS_FAILURE(WSA_OPERATION_ABORTED, -1), WOULD_BLOCK}},
    {"the local address of IPv4 and ECN",
     {GETS(5, SENDER, .control = {{IPPROTO_IP, IP_PKTINFO, LAST_BYTE_1}, {IPPROTO_IP, ECN, 3}}),
      RETURNS_OK(GOT(5) + WITH_ECN(3) + WITH_SOURCE(1))}},
    {"the address of IPv6 stays, whichever comes first",
     {GETS(5, .name_out = V6(9),
           .control = {{IPPROTO_IPV6, IPV6_PKTINFO, 0x02000000u},
                       {IPPROTO_IP, IP_PKTINFO, LAST_BYTE_1}}),
      RETURNS_OK(GOT(5) + WITH_SOURCE(2)),
      GETS(5, .name_out = V6(9),
           .control = {{IPPROTO_IP, IP_PKTINFO, LAST_BYTE_1},
                       {IPPROTO_IPV6, IPV6_PKTINFO, 0x02000000u}}),
      RETURNS_OK(GOT(5) + WITH_SOURCE(2))}},
    {"ECN of IPv6, and only its two bits",
     {GETS(5, SENDER, .control = {{IPPROTO_IPV6, ECN, 0xFE}}), RETURNS_OK(GOT(5) + WITH_ECN(2))}},
    {"the hop limit, and the address behind it",
     {GETS(5, SENDER, .control = {{IPPROTO_IP, IP_TTL, 9}, {IPPROTO_IP, IP_PKTINFO, LAST_BYTE_1}}),
      RETURNS_OK(GOT(5) + WITH_HOPS(9) + WITH_SOURCE(1)),
      GETS(5, SENDER, .control = {{IPPROTO_IP, HOPLIMIT, 255}}),
      RETURNS_OK(GOT(5) + WITH_HOPS(255)),
      GETS(5, SENDER, .control = {{IPPROTO_IPV6, HOPLIMIT, 64}}),
      RETURNS_OK(GOT(5) + WITH_HOPS(64))}},
    {"the traffic class, and ECN in it",
     {GETS(5, SENDER,
           .control = {{IPPROTO_IP, IP_TOS, 0xB9}, {IPPROTO_IP, IP_PKTINFO, LAST_BYTE_1}}),
      RETURNS_OK(GOT(5) + WITH_CLASS(0xB9) + WITH_SOURCE(1)),
      GETS(5, SENDER, .control = {{IPPROTO_IPV6, IPV6_TCLASS, 0xFE}}),
      RETURNS_OK(GOT(5) + WITH_CLASS(0xFE))}},
    {"coalesced datagrams, also if the last one is cut",
     {GETS(9, SENDER, .control = {{IPPROTO_UDP, COALESCED, 4}}),
      RETURNS_OK(10009 + INT64_C(40000000000)),
      GETS_FAILURE(WSAEMSGSIZE, 16, SENDER, .flags = MSG_TRUNC,
                   .control = {{IPPROTO_UDP, COALESCED, 16}}),
      RETURNS_OK(11016 + INT64_C(160000000000)),
      GETS(9, SENDER, .control = {{IPPROTO_UDP, COALESCED, 12}}), RETURNS_OK(GOT(9))}},
    {"a capacity above the longest datagram is cut",
     {DO(receive_message, A, INT64_MAX),
      GIVES_WITH(WSARecvMsg, A, INT_MAX, CONTROL_SPACE, 0, .out = 5, SENDER), RETURNS_OK(GOT(5))}},
    {"cut control messages cut no datagram", /* WT test_ip_pktinfo */
     {GETS_FAILURE(WSAEMSGSIZE, 5, SENDER, .flags = MSG_CTRUNC, .control = {{IPPROTO_IP, ECN, 1}}),
      RETURNS_OK(GOT(5) + WITH_ECN(1)),
      GETS_FAILURE(WSAEMSGSIZE, 10, SENDER, .flags = MSG_TRUNC | MSG_CTRUNC),
      RETURNS_OK(TRUNCATED(16))}},
    {"the length of a cut datagram that is not stored, as on Wine",
     {GETS_FAILURE(WSAEMSGSIZE, -1, SENDER), RETURNS_OK(TRUNCATED(16)),
      GETS_FAILURE(WSAEMSGSIZE, -1, SENDER, .flags = MSG_TRUNC | MSG_CTRUNC),
      RETURNS_OK(TRUNCATED(16)), GETS_FAILURE(WSAEMSGSIZE, -1, SENDER, .flags = MSG_CTRUNC),
      RETURNS_OK(TRUNCATED(0))}},
    {"failures, and a shut down read half",
     {GETS_FAILURE(WSAECONNRESET, -1, SENDER), RETURNS(FER_CONNECTION_RESET, WSAECONNRESET, 0),
      GETS_FAILURE(WSAENETRESET, -1), RETURNS(FER_HOST_UNREACHABLE, WSAENETRESET, 0),
      GETS_FAILURE(WSAESHUTDOWN, -1), RETURNS_OK(0)}},
};
SCRIPT_TEST(scripted_messages_are_received)

#define MAXRT OPT(IPPROTO_TCP, 5)
/* The last bytes of the group, of the source, and of the interface. */
#define GROUP_HERE (5 | 7 << 16)
#define SOURCE_HERE (5 | 9 << 8 | 7 << 16)

#define SETS_MAXRT(millis)                                                                         \
    DO_WITH(set_option, A, FERP_USER_TIMEOUT, .in2 = (millis)), GIVES(setsockopt, A, MAXRT, 2, 0), \
        RETURNS_OK(0)
#define READS_MAXRT(seconds, millis)                                               \
    DO(option, A, FERP_USER_TIMEOUT), STORES(getsockopt, A, MAXRT, 0, 0, seconds), \
        RETURNS_OK(millis)
#define SETS_TIMEOUT(micros, millis)                                                      \
    DO(set_timeout, A, micros), GIVES(setsockopt, A, SOCKET_OPT(SO_RCVTIMEO), millis, 0), \
        RETURNS_OK(0)

static const struct row scripted_options_are_set_and_read_script[] = {
    {"a BOOL of which one byte is written",
     {DO(option, A, FERP_NODELAY),
      GIVES_WITH(getsockopt, A, OPT(IPPROTO_TCP, TCP_NODELAY), 0, 0, .out = 1, .flags = 1),
      RETURNS_OK(1), DO(option, A, FERP_KEEPALIVE),
      GIVES_WITH(getsockopt, A, SOCKET_OPT(SO_KEEPALIVE), 0, 0, .out = 8, .flags = 4),
      RETURNS_OK(1), DO(option, A, FERP_TTL_V4), STORES(getsockopt, A, V4_OPT(IP_TTL), 0, 0, 128),
      RETURNS_OK(128)}},
    {"TCP_MAXRT is in seconds, rounded up, and its most is no limit",
     {SETS_MAXRT(1001), SETS_MAXRT(2000), READS_MAXRT(UINT32_MAX, 0), READS_MAXRT(3, 3000),
      READS_MAXRT(5000000, UINT32_MAX)}},
    {"an option that Windows has not is no call",
     {DO_WITH(set_option, A, FERP_REUSE_PORT, .in2 = 1),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0), DO(option, A, FERP_REUSE_PORT),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0)}},
    {"inheritance is of the handle",
     {DO_WITH(set_option, A, FERP_INHERITABLE, .in2 = 1),
      GIVES(SetHandleInformation, A, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT, 0), RETURNS_OK(0),
      DO_WITH(set_option, A, FERP_INHERITABLE, .in2 = 0),
      FAILS(SetHandleInformation, A, HANDLE_FLAG_INHERIT, 0, ERROR_INVALID_HANDLE),
      RETURNS(FER_BAD_HANDLE, ERROR_INVALID_HANDLE, 0), DO(option, A, FERP_INHERITABLE),
      STORES(GetHandleInformation, A, 0, 0, 1, HANDLE_FLAG_PROTECT_FROM_CLOSE), RETURNS_OK(0),
      DO(option, A, FERP_INHERITABLE),
      STORES(GetHandleInformation, A, 0, 0, 1, HANDLE_FLAG_INHERIT), RETURNS_OK(1),
      DO(option, A, FERP_INHERITABLE), FAILS(GetHandleInformation, A, 0, 0, ERROR_INVALID_HANDLE),
      RETURNS(FER_BAD_HANDLE, ERROR_INVALID_HANDLE, 0)}},
    {"the protocol is in the protocol's information",
     {DO(option, A, FERP_PROTOCOL),
      STORES(getsockopt, A, SOCKET_OPT(SO_PROTOCOL_INFOW), 0, 0, PROTOCOL(AF_INET, SOCK_DGRAM, 0)),
      RETURNS_OK(IPPROTO_UDP)}},
    {"SO_LINGER: seconds, and no limit of 0 with it off",
     {DO(set_linger, A, 5), GIVES(setsockopt, A, SOCKET_OPT(SO_LINGER), 5 << 16 | 1, 0),
      RETURNS_OK(0), DO(set_linger, A, -1), GIVES(setsockopt, A, SOCKET_OPT(SO_LINGER), 0, 0),
      RETURNS_OK(0), DO(linger, A, 0),
      STORES(getsockopt, A, SOCKET_OPT(SO_LINGER), 0, 0, 9 << 16 | 1), RETURNS_OK(9),
      DO(linger, A, 0), STORES(getsockopt, A, SOCKET_OPT(SO_LINGER), 0, 0, 9 << 16), RETURNS_OK(-1),
      DO(linger, A, 0), FAILS(getsockopt, A, SOCKET_OPT(SO_LINGER), 0, WSAENOPROTOOPT),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0)}},
    {"a timeout is rounded up, and 0 is none",
     {SETS_TIMEOUT(0, 1), SETS_TIMEOUT(-1, 0), SETS_TIMEOUT(1, 1), SETS_TIMEOUT(1001, 2),
      SETS_TIMEOUT(INT64_C(5000000000000), 0xFFFFFFFEu), DO(timeout, A, 0),
      STORES(getsockopt, A, SOCKET_OPT(SO_SNDTIMEO), 0, 0, 0), RETURNS_OK(-1), DO(timeout, A, 0),
      STORES(getsockopt, A, SOCKET_OPT(SO_SNDTIMEO), 0, 0, 20), RETURNS_OK(20000)}},
    {"joining twice, leaving twice",
     {DO(join, A, 0), FAILS(setsockopt, A, V4_OPT(IP_ADD_MEMBERSHIP), GROUP_HERE, WSAEINVAL),
      RETURNS(FER_INVALID_INPUT, WSAEINVAL, 0), DO(join, A, 0),
      FAILS(setsockopt, A, V4_OPT(IP_ADD_MEMBERSHIP), GROUP_HERE, WSAEADDRNOTAVAIL),
      RETURNS(FER_ADDR_NOT_AVAILABLE, WSAEADDRNOTAVAIL, 0), DO(leave, A, 0),
      FAILS(setsockopt, A, V4_OPT(IP_DROP_MEMBERSHIP), GROUP_HERE, WSAEADDRNOTAVAIL),
      RETURNS(FER_ADDR_NOT_AVAILABLE, WSAEADDRNOTAVAIL, 0)}},
    {"joining and leaving a source",
     {DO(join, A, 1),
      FAILS(setsockopt, A, V4_OPT(IP_ADD_SOURCE_MEMBERSHIP), SOURCE_HERE, WSAEADDRNOTAVAIL),
      RETURNS(FER_ADDR_NOT_AVAILABLE, WSAEADDRNOTAVAIL, 0), DO(leave, A, 1),
      GIVES(setsockopt, A, V4_OPT(IP_DROP_SOURCE_MEMBERSHIP), SOURCE_HERE, 0), RETURNS_OK(0)}},
    {"the same of IPv6",
     {DO(join, A, 2), GIVES(setsockopt, A, V6_OPT(IPV6_ADD_MEMBERSHIP), GROUP_HERE, 0),
      RETURNS_OK(0), DO(leave, A, 2),
      GIVES(setsockopt, A, V6_OPT(IPV6_DROP_MEMBERSHIP), GROUP_HERE, 0), RETURNS_OK(0),
      DO(join, A, 3), GIVES(setsockopt, A, V6_OPT(45), SOURCE_HERE, 0), RETURNS_OK(0),
      DO(leave, A, 3), GIVES(setsockopt, A, V6_OPT(46), SOURCE_HERE, 0), RETURNS_OK(0)}},
    {"a feature of both families: IPv6's option decides",
     {DO_WITH(set_feature, A, FER_UDP_ECN, .in2 = 1),
      FAILS(setsockopt, A, V4_OPT(ECN), 1, WSAENOPROTOOPT), GIVES(setsockopt, A, V6_OPT(ECN), 1, 0),
      RETURNS_OK(0), DO_WITH(set_feature, A, FER_UDP_LOCAL_ADDR, .in2 = 1),
      GIVES(setsockopt, A, V4_OPT(IP_PKTINFO), 1, 0),
      FAILS(setsockopt, A, V6_OPT(IPV6_PKTINFO), 1, WSAENOPROTOOPT),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0),
      DO_WITH(set_feature, A, FER_UDP_HOP_LIMIT, .in2 = 1),
      GIVES(setsockopt, A, V4_OPT(HOPLIMIT), 1, 0), GIVES(setsockopt, A, V6_OPT(HOPLIMIT), 1, 0),
      RETURNS_OK(0), DO_WITH(set_feature, A, FER_UDP_ECN, .in2 = 0),
      GIVES(setsockopt, A, V4_OPT(ECN), 1, 0), RETURNS_OK(0),
      DO_WITH(set_feature, A, FER_UDP_COALESCING, .in2 = 0),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0)}},
    {"the segment size of a socket is set to 0", /* quinn, PR 2824 */
     {DO_WITH(set_feature, A, FER_UDP_SEGMENTING, .flags = 1),
      GIVES(setsockopt, A, UDP_OPT(SEGMENT), 0, 0), RETURNS_OK(0)}},
    {"Server 2022 has no hop limit and no traffic class", /* msquic, PR 5130 */
     {DO(set_feature, A, FER_UDP_HOP_LIMIT), IS_BUILD_20348,
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0), DO(feature, A, FER_UDP_HOP_LIMIT),
      IS_BUILD_20348, RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0),
      DO(feature, A, FER_UDP_TRAFFIC_CLASS), RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0)}},
    {"features are read, and WSAEINVAL is an older Windows",
     {DO_WITH(feature, A, FER_UDP_ECN, .in2 = 1),
      STORES(getsockopt, A, V6_OPT(ECN), 0, 0, 1),
      RETURNS_OK(1),
      DO(feature, A, FER_UDP_SEGMENTING),
      FAILS(getsockopt, A, UDP_OPT(SEGMENT), 0, WSAEINVAL),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0),
      DO(feature, A, FER_UDP_SEGMENTING),
      STORES(getsockopt, A, UDP_OPT(SEGMENT), 0, 0, 0),
      RETURNS_OK(1),
      DO(feature, A, FER_UDP_COALESCING),
      STORES(getsockopt, A, UDP_OPT(COALESCED), 0, 0, 0),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0),
      DO(feature, A, FER_UDP_COALESCING),
      STORES(getsockopt, A, UDP_OPT(COALESCED), 0, 0, 65535),
      RETURNS_OK(1),
      DO(feature, A, FER_UDP_SOURCE),
      RETURNS_OK(1),
      DO(feature, A, FER_UDP_HOP_LIMIT),
      STORES(getsockopt, A, V4_OPT(HOPLIMIT), 0, 0, 1),
      RETURNS_OK(1),
      DO(feature, A, FER_UDP_SEND_HOP_LIMIT),
      RETURNS(FER_UNSUPPORTED, WSAENOPROTOOPT, 0)}},
    {"whole datagrams of both families",
     {DO_WITH(set_whole, A, 1, .in2 = 1), FAILS(setsockopt, A, V4_OPT(14), 1, WSAEINVAL),
      GIVES(setsockopt, A, V6_OPT(14), 1, 0), RETURNS_OK(0), DO_WITH(set_whole, A, 0, .in2 = 0),
      GIVES(setsockopt, A, V4_OPT(14), 0, 0), RETURNS_OK(0), DO_WITH(whole, A, 0, .in2 = 1),
      STORES(getsockopt, A, V6_OPT(14), 0, 0, 1), RETURNS_OK(1), DO(whole, A, 0),
      STORES(getsockopt, A, V4_OPT(14), 0, 0, 0), RETURNS_OK(0)}},
    {"the MTU of the path is unknown without a peer",
     {DO(path_mtu, A, 0), STORES(getsockopt, A, V4_OPT(73), 0, 0, 1500), RETURNS_OK(1500),
      DO(path_mtu, A, 1), FAILS(getsockopt, A, V6_OPT(72), 0, WSAENOTCONN),
      RETURNS(FER_NOT_CONNECTED, WSAENOTCONN, 0)}},
};
SCRIPT_TEST(scripted_options_are_set_and_read)

#define LOOKUP_FAILS(code, kind)                                                   \
    DO(look_up, NONE, 0), FAILS(GetAddrInfoW, NONE, AF_UNSPEC, SOCK_STREAM, code), \
        RETURNS(kind, code, 0)

#define SERVICE_FAILS(code, kind, os_code)                                      \
    DO(port_of, NONE, 0), FAILS(GetAddrInfoW, NONE, AF_INET, SOCK_DGRAM, code), \
        RETURNS(kind, os_code, 77)

static const struct row scripted_names_are_looked_up_script[] = {
    {"the order of the list, without port, without other families",
     {DO(look_up, NONE, 0), STORES(GetAddrInfoW, NONE, AF_UNSPEC, SOCK_STREAM, 0, 0x4E6F),
      RETURNS_OK(0x64)}},
    {"the longest name is asked for",
     {DO(look_up, NONE, 3), FAILS(GetAddrInfoW, NONE, AF_UNSPEC, SOCK_STREAM, WSAHOST_NOT_FOUND),
      RETURNS(FER_HOST_NOT_FOUND, WSAHOST_NOT_FOUND, 0)}},
    {"a host in brackets, and one that is no UTF-8, are not asked for",
     {DO(look_up, NONE, 1), RETURNS(FER_HOST_NOT_FOUND, WSAHOST_NOT_FOUND, 0), DO(look_up, NONE, 2),
      RETURNS(FER_INVALID_INPUT, 0, 0)}},
    {"every code of a resolver",
     {LOOKUP_FAILS(WSAHOST_NOT_FOUND, FER_HOST_NOT_FOUND),
      LOOKUP_FAILS(WSANO_DATA, FER_HOST_NOT_FOUND),
      LOOKUP_FAILS(WSATRY_AGAIN, FER_RESOLVE_TRY_AGAIN),
      LOOKUP_FAILS(WSAEAFNOSUPPORT, FER_RESOLVE_FAILED),
      LOOKUP_FAILS(WSA_NOT_ENOUGH_MEMORY, FER_RESOLVE_FAILED)}},
    {"the port of a service, of IPv4 only",
     {DO(port_of, NONE, 0), STORES(GetAddrInfoW, NONE, AF_INET, SOCK_DGRAM, 0, 4), RETURNS_OK(80)}},
    {"two codes of an unknown service",
     {SERVICE_FAILS(WSATYPE_NOT_FOUND, FER_NOT_FOUND, 0),
      SERVICE_FAILS(WSAHOST_NOT_FOUND, FER_NOT_FOUND, 0),
      SERVICE_FAILS(WSATRY_AGAIN, FER_RESOLVE_TRY_AGAIN, WSATRY_AGAIN),
      SERVICE_FAILS(WSAEINVAL, FER_RESOLVE_FAILED, WSAEINVAL)}},
};
SCRIPT_TEST(scripted_names_are_looked_up)

static const struct row scripted_threads_and_interfaces_script[] = {
    {"a condition's wait that ends early by the clock is no timeout",
     {DO(wait_condition, NONE, 1000001),
      FAILS_WITH(SleepConditionVariableSRW, ANY, 2, 0, ERROR_TIMEOUT, .out = 900000), RETURNS_OK(0),
      DO(wait_condition, NONE, 1000001),
      FAILS_WITH(SleepConditionVariableSRW, ANY, 2, 0, ERROR_TIMEOUT, .out = 2000000),
      RETURNS(FER_TIMED_OUT, 0, 0), DO(wait_condition, NONE, -1),
      GIVES(SleepConditionVariableSRW, ANY, INFINITE, 0, 1), RETURNS_OK(0)}},
    {"the clock is right after years", {DO(read_clock, NONE, 0), RETURNS_OK(0)}},
    {"a deadline of years is no wait without end, and other failures stay",
     {DO(wait_condition, NONE, INT64_MAX / 2),
      GIVES(SleepConditionVariableSRW, ANY, INFINITE - 1, 0, 1), RETURNS_OK(0),
      DO(wait_condition, NONE, 5),
      FAILS(SleepConditionVariableSRW, ANY, 1, 0, ERROR_NOT_ENOUGH_MEMORY),
      RETURNS(FER_OUT_OF_MEMORY, ERROR_NOT_ENOUGH_MEMORY, 0)}},
    {"a thread that is not made holds no reference to the module",
     {DO(start_thread, NONE, 0),
      FAILS(CreateThread, ANY, STACK_SIZE_PARAM_IS_A_RESERVATION, ANY, ERROR_ACCESS_DENIED),
      RETURNS(FER_OUT_OF_MEMORY, ERROR_ACCESS_DENIED, 0), DO(start_thread, NONE, 0),
      GIVES(CreateThread, ANY, STACK_SIZE_PARAM_IS_A_RESERVATION, ANY, 0x5000), RETURNS_OK(0),
      LEAVES_OPEN(1)}},
    {"an interface, none, and a system without the functions",
     {DO(index_of, NONE, 0), GIVES(if_nametoindex, ANY, ANY, ANY, 3), RETURNS_OK(3),
      DO(index_of, NONE, 0), GIVES(if_nametoindex, ANY, ANY, ANY, 0), RETURNS(FER_NOT_FOUND, 0, 77),
      DO(name_of_index, NONE, 5), GIVES(if_indextoname, ANY, 5, ANY, 1), RETURNS_OK(0),
      DO(name_of_index, NONE, 6), GIVES(if_indextoname, ANY, 6, ANY, 0),
      RETURNS(FER_NOT_FOUND, 0, 0), DO(index_of, NONE, 0),
      FAILS(LoadLibraryExW, ANY, ANY, ANY, ERROR_MOD_NOT_FOUND),
      RETURNS(FER_UNSUPPORTED, WSAEOPNOTSUPP, 77), DO(name_of_index, NONE, 5),
      FAILS(LoadLibraryExW, ANY, ANY, ANY, ERROR_MOD_NOT_FOUND),
      RETURNS(FER_UNSUPPORTED, WSAEOPNOTSUPP, 0)}},
};
SCRIPT_TEST(scripted_threads_and_interfaces)

TEST_MAIN("scripted_messages")
