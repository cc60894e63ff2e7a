/* test_scripted_record.c: what the tests of conformance/ that Wine cannot run or answers otherwise
 * ("Under Wine" in docs/DIFFERENCES.md) prove on Windows: its answers through platform/winsock and
 * core. A row is named after its test. Windows only. */
#include "unit/winsock_script.h"

#define NONBLOCKING(socket) GIVES(ioctlsocket, socket, (uint32_t)FIONBIO, 1, 0)
#define EXCLUSIVE(socket) GIVES(setsockopt, socket, SOCKET_OPT(SO_EXCLUSIVEADDRUSE), 1, 0)
#define NEW(socket, family, type) \
    GIVES(WSASocketW, 0, (family) << 16 | (type), ANY, socket), NONBLOCKING(socket)
#define CLOSES(socket) GIVES(closesocket, socket, 0, 0, 0)
#define REPORTS_REFUSALS(on)                                          \
    GIVES(WSAIoctl, A, 0x9800000Cu, on, 0),   /* SIO_UDP_CONNRESET */ \
        GIVES(WSAIoctl, A, 0x9800000Fu, 0, 0) /* SIO_UDP_NETRESET */
#define BINDS_UDP                                                             \
    DO(fer_bind_udp, NONE, V4(0)), NEW(A, AF_INET, SOCK_DGRAM), EXCLUSIVE(A), \
        GIVES(bind, A, V4(0), 0, 0), REPORTS_REFUSALS(0), RETURNS_OK(0)
#define CONNECTS_TO(port) GIVES(WSAIoctl, A, 0x98000011u, ANY, 0), GIVES(connect, A, V4(port), 0, 0)
#define PEER(port) STORES(getpeername, A, 0, 0, 0, V4(port))
#define CONNECTS_UDP                                                                           \
    BINDS_UDP, DO(fer_connect_udp, NONE, V4(9)), CONNECTS_TO(9), PEER(9), REPORTS_REFUSALS(1), \
        RETURNS_OK(0)
#define SENDS_UDP DO(fer_send_udp, NONE, 0), GIVES(send, A, 4, 0, 4), RETURNS_OK(0)
#define REFUSED RETURNS(FER_CONNECTION_REFUSED, WSAECONNRESET, 0)
#define RECVFROM_FAILS(len, peeks, code) FAILS(recvfrom, A, len, peeks, code)
#define RECEIVES_REFUSAL \
    DO(fer_recv_udp, NONE, 0), NONBLOCKING(A), RECVFROM_FAILS(64, 0, WSAECONNRESET), REFUSED
#define NOTHING RECVFROM_FAILS(64, 0, WSAEWOULDBLOCK), RETURNS(FER_WOULD_BLOCK, WSAEWOULDBLOCK, 0)
#define RECEIVES_NOTHING DO(fer_recv_udp, NONE, 0), NONBLOCKING(A), NOTHING
#define TYPE(socket, type) STORES(getsockopt, socket, SOCKET_OPT(SO_TYPE), 0, 0, type)
#define LOCAL STORES(getsockname, A, 0, 0, 0, V4(5))
/* SO_ERROR has no refusal, and a peek leaves it. */
#define PEEKS_REFUSAL                                                                              \
    STORES(getsockopt, A, SOCKET_OPT(SO_ERROR), 0, 0, 0), STORES(WSAPoll, A, POLLRDNORM, 0, 0, 0), \
        TYPE(A, SOCK_DGRAM), FAILS(recv, A, 1, MSG_PEEK, WSAECONNRESET)
#define DROPS_REFUSAL                                           \
    NONBLOCKING(A), RECVFROM_FAILS(0, MSG_PEEK, WSAECONNRESET), \
        RECVFROM_FAILS(0, 0, WSAECONNRESET), RECVFROM_FAILS(0, MSG_PEEK, WSAEWOULDBLOCK)
#define CLOSES_UDP DO(fer_close_udp, NONE, 0), CLOSES(A), RETURNS_OK(0)

/* WT test_UDP; libuv, test-udp-send-unreachable.c */
static const struct row scripted_refusals_of_datagrams_script[] = {
    {"a_connected_receiver_is_reported_a_refusal_once",
     {CONNECTS_UDP, SENDS_UDP, RECEIVES_REFUSAL, RECEIVES_NOTHING, DO(fer_peek_udp, NONE, 0),
      NONBLOCKING(A), RECVFROM_FAILS(64, MSG_PEEK, WSAECONNRESET), REFUSED, RECEIVES_REFUSAL,
      CLOSES_UDP}},
    {"a_connected_sender_is_reported_a_refusal_once",
     {CONNECTS_UDP, SENDS_UDP, SENDS_UDP, RECEIVES_REFUSAL, CLOSES_UDP}},
    {"take_error_takes_a_refusal",
     {CONNECTS_UDP, DO(fer_udp_error, NONE, 0), PEEKS_REFUSAL,
      RETURNS(FER_CONNECTION_REFUSED, 0, WSAECONNRESET), RECEIVES_REFUSAL, CLOSES_UDP}},
    {"a_disconnected_socket_is_reported_no_earlier_refusal",
     {CONNECTS_UDP, DO(fer_disconnect_udp, NONE, 0), LOCAL, GIVES(connect, A, V4(0), 0, 0),
      REPORTS_REFUSALS(0), PEEKS_REFUSAL, DROPS_REFUSAL, LOCAL, RETURNS_OK(0), RECEIVES_NOTHING,
      CLOSES_UDP}},
    {"a_socket_with_another_peer_is_reported_no_earlier_refusal",
     {CONNECTS_UDP, DO(fer_connect_udp, NONE, V4(10)), CONNECTS_TO(10), PEEKS_REFUSAL,
      DROPS_REFUSAL, PEER(10), REPORTS_REFUSALS(1), RETURNS_OK(0), RECEIVES_NOTHING, CLOSES_UDP}},
    {"a_refused_datagram_is_readable",
     {CONNECTS_UDP, DO(open_poller, NONE, 0), RETURNS_OK(0), DO(add, A, FER_READABLE),
      STORES(WSAIoctl, A, 0x48000022, 0, 0, A) /* SIO_BASE_HANDLE */, TYPE(A, SOCK_DGRAM), LOCAL,
      GIVES(NtDeviceIoControlFile, A, 0x1B9, 0, 0), RETURNS_OK(0), DO(wait_events, NONE, 500),
      GIVES(GetQueuedCompletionStatusEx, PORT, 500, 4, 1), COMPLETES(0, FERP_AFD_RECEIVE, 0),
      RETURNS_OK(A | FER_READABLE << 16 | 1 << 28), RECEIVES_REFUSAL, DO(close_poller, NONE, 0),
      RETURNS_OK(0), CLOSES_UDP}},
    {"a_disconnected_socket_receives_from_every_sender, the send",
     {BINDS_UDP, DO(fer_send_udp, NONE, 0), FAILS(send, A, 4, 0, WSAENOTCONN),
      RETURNS(FER_NOT_CONNECTED, WSAENOTCONN, 0), CLOSES_UDP}},
};
SCRIPT_TEST(scripted_refusals_of_datagrams)

#define LISTENS_AT(name, family) \
    DO(fer_bind_listener, NONE, name), NEW(A, family, SOCK_STREAM), EXCLUSIVE(A)
#define BINDS(socket, name, code) FAILS(bind, socket, name, 0, code)
/* Another socket is bound to the wildcard address. */
#define PROBES(name, family, code) \
    NEW(B, family, SOCK_STREAM), EXCLUSIVE(B), BINDS(B, name, code), CLOSES(B)
#define DUAL(socket) GIVES(setsockopt, socket, OPT(IPPROTO_IPV6, IPV6_V6ONLY), 0, 0)

/* WT test_reuseaddr; MSDN, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" */
static const struct row scripted_ports_in_use_script[] = {
    {"a_second_wildcard_listener_is_addr_in_use",
     {LISTENS_AT(V4(80), AF_INET), BINDS(A, V4(80), WSAEADDRINUSE), CLOSES(A),
      RETURNS(FER_ADDR_IN_USE, WSAEADDRINUSE, 0)}},
    {"an_ipv4_listener_beside_a_dual_stack_listener_is_addr_in_use",
     {LISTENS_AT(V4(80), AF_INET), BINDS(A, V4(80), WSAEACCES), PROBES(V4(80), AF_INET, WSAEACCES),
      NEW(B, AF_INET6, SOCK_STREAM), EXCLUSIVE(B), DUAL(B), BINDS(B, V6(80), WSAEADDRINUSE),
      CLOSES(B), CLOSES(A), RETURNS(FER_ADDR_IN_USE, WSAEACCES, 0)}},
    {"another_machine_s_address_is_not_available",
     {LISTENS_AT(V4(0), AF_INET), BINDS(A, V4(0), WSAEADDRNOTAVAIL), CLOSES(A),
      RETURNS(FER_ADDR_NOT_AVAILABLE, WSAEADDRNOTAVAIL, 0)}},
};
SCRIPT_TEST(scripted_ports_in_use)

#define JOIN OPT(IPPROTO_IP, IP_ADD_MEMBERSHIP)
#define SOURCE_GROUP OPT(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP)
/* The last bytes of the group, the source and the interface. */
#define GROUP_HERE (5 | 7 << 16)
#define SOURCE_HERE (5 | 9 << 8 | 7 << 16)

/* MSDN, "Multicast Socket Option Behavior" */
static const struct row scripted_groups_script[] = {
    {"a_member_receives_the_datagrams_of_its_sources_alone",
     {BINDS_UDP, DO(fer_join_source, NONE, 0), GIVES(setsockopt, A, SOURCE_GROUP, SOURCE_HERE, 0),
      RETURNS_OK(0), DO(fer_join_source, NONE, 0),
      FAILS(setsockopt, A, SOURCE_GROUP, SOURCE_HERE, WSAEADDRNOTAVAIL),
      NEW(B, AF_INET, SOCK_DGRAM), BINDS(B, V4(0), 0),
      GIVES(setsockopt, B, SOURCE_GROUP, SOURCE_HERE, 0), CLOSES(B),
      RETURNS(FER_ADDR_IN_USE, WSAEADDRNOTAVAIL, 0), CLOSES_UDP}},
    {"a_member_receives_the_datagrams_of_its_group_until_it_leaves",
     {BINDS_UDP, DO(fer_join, NONE, 0), FAILS(setsockopt, A, JOIN, GROUP_HERE, WSAEADDRNOTAVAIL),
      NEW(B, AF_INET, SOCK_DGRAM), BINDS(B, V4(0), 0), GIVES(setsockopt, B, JOIN, GROUP_HERE, 0),
      CLOSES(B), RETURNS(FER_ADDR_IN_USE, WSAEADDRNOTAVAIL, 0), CLOSES_UDP}},
    {"a_socket_joins_20_groups_and_too_many_are_no_buffer_space",
     {BINDS_UDP, DO(fer_join, NONE, 0), FAILS(setsockopt, A, JOIN, GROUP_HERE, WSAENOBUFS),
      RETURNS(FER_NO_BUFFER_SPACE, WSAENOBUFS, 0), CLOSES_UDP}},
};
SCRIPT_TEST(scripted_groups)

#define READS_OPTION(option, value) STORES(getsockopt, A, SOCKET_OPT(option), 0, 0, value)
#define ADOPTS_STREAM                                                                           \
    DO(fer_adopt_stream, A, 0), TYPE(A, SOCK_STREAM),                                           \
        READS_OPTION(SO_PROTOCOL_INFOW, PROTOCOL(AF_INET, SOCK_STREAM, 0)),                     \
        READS_OPTION(SO_ACCEPTCONN, 0), PEER(9), TYPE(A, SOCK_STREAM), READS_OPTION(0x700C, 5), \
        READS_OPTION(SO_RCVTIMEO, 0), READS_OPTION(SO_SNDTIMEO, 0), READS_OPTION(SO_LINGER, 0), \
        STORES(NtQueryInformationFile, A, 16, 4, 0, 0), NONBLOCKING(A), RETURNS_OK(0)
#define CLOSES_STREAM DO(fer_close_stream, NONE, 0), CLOSES(A), RETURNS_OK(0)
#define READS(len, millis) DO_WITH(fer_read, NONE, len, .in2 = (millis))
/* The old value is read first, and set again if a later option fails. */
#define SETS_TCP(option, value)                               \
    STORES(getsockopt, A, OPT(IPPROTO_TCP, option), 0, 0, 0), \
        GIVES(setsockopt, A, OPT(IPPROTO_TCP, option), value, 0)
#define RESETS RETURNS(FER_CONNECTION_RESET, WSAECONNRESET, 0)
#define EMPTY(len) FAILS(recv, A, len, 0, WSAEWOULDBLOCK)
#define SELECTS(millis, found) STORES(select, NONE, millis, OF_A(READING), 0, found)

static const struct row scripted_streams_script[] = {
    {"keepalive_saturates",
     {ADOPTS_STREAM, DO(fer_keepalive, NONE, 0), SETS_TCP(3, UINT32_MAX / 1000),
      SETS_TCP(17, UINT32_MAX / 1000), SETS_TCP(16, 255),
      GIVES(setsockopt, A, SOCKET_OPT(SO_KEEPALIVE), 1, 0), RETURNS_OK(0), CLOSES_STREAM}},
    {"a_read_of_a_huge_length_or_sum_is_short",
     {ADOPTS_STREAM, READS(INT64_MAX, 100), GIVES(recv, A, 131071, 0, 5), RETURNS_OK(5),
      CLOSES_STREAM}},
    {"early_close_loses: a reset, and none of the bytes",
     {ADOPTS_STREAM, READS(8, 100), FAILS(recv, A, 8, 0, WSAECONNRESET), RESETS, READS(8, 100),
      STORES(ioctlsocket, A, (uint32_t)FIONREAD, 0, 0, 0), RESETS, CLOSES_STREAM}},
    {"no_buffer_space: shorter sends until one succeeds",
     {ADOPTS_STREAM, DO(fer_write, NONE, 1000000), FAILS(send, A, 131071, 0, WSAENOBUFS),
      FAILS(send, A, 65535, 0, WSAENOBUFS), GIVES(send, A, 32767, 0, 32767), RETURNS_OK(32767),
      CLOSES_STREAM}},
    {"a provider whose SOCKETs are no handles of the system",
     {ADOPTS_STREAM, READS(8, 100), EMPTY(8),
      FAILS(CancelIoEx, A, CANCELS_UNUSED, 0, ERROR_INVALID_HANDLE), SELECTS(100, 0), SELECTS(0, 0),
      RETURNS(FER_TIMED_OUT, 0, 0), READS(8, 100), EMPTY(8), SELECTS(100, OF_A(READING)),
      GIVES(recv, A, 8, 0, 3), RETURNS_OK(3), CLOSES_STREAM}},
};
SCRIPT_TEST(scripted_streams)

TEST_MAIN("scripted_record")
