/* test_winsock_messages.c: platform/winsock/messages.c over a WSASendMsg and a WSARecvMsg that
 * answer as documented, or as reported of Windows. Windows only. Rules B7, B8. */
#include "platform/winsock/winsock.h"

#include <mswsock.h>

#include "platform/common/control.h"
#include "platform/common/message_source.h"
#include "platform/winsock/messages.h"
#include "support/seam.h"

/* What the functions get and return. The control message of a receive. */
static struct fakes {
    int calls;
    int failure;
    int failures;              /* that are left; 0: all */
    ULONG len;                 /* of the buffer */
    unsigned char control[64]; /* of a send */
    ULONG control_len;
    DWORD coalesced;
    DWORD flags;      /* MSG_TRUNC, MSG_CTRUNC */
    bool omits_count; /* as Wine, if the call fails */
} fake;

static int fail_with(int code)
{
    WSASetLastError(code);
    return SOCKET_ERROR;
}

static INT CALLBACK fake_send(SOCKET socket, LPWSAMSG message, DWORD flags, LPDWORD moved,
                              LPWSAOVERLAPPED overlapped,
                              LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    (void)socket;
    (void)flags;
    (void)overlapped;
    (void)routine;
    fake.calls++;
    assert_true(message->Control.len <= sizeof fake.control);
    fake.control_len = message->Control.len;
    if (message->Control.len > 0) {
        memcpy(fake.control, message->Control.buf, message->Control.len);
    }
    *moved = message->lpBuffers->len;
    if (fake.failures > 0 && fake.calls > fake.failures) {
        return 0;
    }
    return fake.failure != 0 ? fail_with(fake.failure) : 0;
}

static INT CALLBACK fake_receive(SOCKET socket, LPWSAMSG message, LPDWORD moved,
                                 LPWSAOVERLAPPED overlapped,
                                 LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    size_t len = 0;
    (void)socket;
    (void)overlapped;
    (void)routine;
    memcpy(message->name, &from, sizeof from);
    if (fake.coalesced != 0) {
        assert_true(ferp_control_append(
            FERP_CONTROL_LAYOUT_WINSOCK, (unsigned char *)message->Control.buf,
            message->Control.len, &len, IPPROTO_UDP, 3, &fake.coalesced, sizeof fake.coalesced));
    }
    message->Control.len = (ULONG)len;
    message->dwFlags = fake.flags;
    fake.len = message->lpBuffers->len;
    if (!fake.omits_count) {
        *moved = 10;
    }
    return fake.failure != 0 ? fail_with(fake.failure) : 0;
}

static int fake_ioctl(const GUID *id, void *function)
{
    static const GUID send_id = WSAID_WSASENDMSG;
    LPFN_WSASENDMSG send = fake_send;
    LPFN_WSARECVMSG receive = fake_receive;
    if (memcmp(id, &send_id, sizeof send_id) == 0) {
        memcpy(function, &send, sizeof send);
    } else {
        memcpy(function, &receive, sizeof receive);
    }
    return 0;
}

/* Wine binds a socket to any address. */
static fer_error fake_bind(fer_raw_socket raw, const fer_socket_addr *addr)
{
    bool is_local = fer_ip_addr_is_loopback(addr->ip) || fer_ip_addr_is_unspecified(addr->ip);
    return is_local ? ferp_bind(raw, addr) : ferp_winsock_error(WSAEADDRNOTAVAIL);
}

#define WSAIoctl(socket, code, in, in_size, out, out_size, moved, overlapped, routine) \
    ((void)(socket), (void)(moved), (void)(out_size), fake_ioctl(in, out))
#define ferp_winsock_sends_control() true
#define ferp_messages_per_call tested_messages_per_call
#define ferp_send_messages tested_send_messages
#define ferp_recv_messages tested_recv_messages
#define ferp_message_source_error tested_source_error
#define ferp_bind fake_bind
#include "platform/common/message_source.c"
#include "platform/winsock/messages.c"
#undef ferp_bind

static int reset_fakes(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    return 0;
}

/* The bytes of from are those of an earlier message, as core leaves them. */
static struct ferp_send_message message_from(const char *from, uint32_t interface_index)
{
    struct ferp_send_message message = {.buf = "x", .len = 1, .interface_index = interface_index};
    assert_ok(fer_ip_addr_parse(&message.from, from));
    message.family = message.from.family;
    return message;
}

static struct ferp_send_message message_without_source(const char *stale, uint32_t interface_index)
{
    struct ferp_send_message message = message_from(stale, interface_index);
    message.from.family = (fer_ip_family)0;
    return message;
}

static void assert_error(fer_error error, fer_error_kind kind, int code)
{
    assert_kind(error, kind);
    assert_int_equal(error.os_code, code);
}

static fer_error send_one(const struct ferp_send_message *message)
{
    fer_raw_socket raw = seam_socket();
    size_t sent = 7;
    fer_error error = tested_send_messages(raw, message, 1, 0, &sent);
    ferp_close(raw);
    assert_int_equal(sent, error.kind == FER_OK);
    return error;
}

/* An IPv4 packet would have the source 0.0.0.0 (multicast-socket, PR 5). */
TEST_WITH(an_interface_without_a_source_is_sent_over_ipv6_only, NULL, reset_fakes)
{
    IN6_PKTINFO info;
    ferp_control_message control;
    size_t at = 0;
    static const unsigned char none[16] = {0};
    struct ferp_send_message v4 = message_without_source("10.1.2.3", 7);
    struct ferp_send_message v6 = message_without_source("2001:db8::1", 7);
    assert_kind(send_one(&v4), FER_UNSUPPORTED);
    assert_int_equal(fake.calls, 0);
    assert_ok(send_one(&v6));
    assert_true(ferp_control_next(FERP_CONTROL_LAYOUT_WINSOCK, fake.control, fake.control_len, &at,
                                  &control));
    assert_true(ferp_control_take(&control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info));
    assert_int_equal(info.ipi6_ifindex, 7);
    assert_memory_equal(&info.ipi6_addr, none, sizeof none);
}

/* Windows fails with WSAEINVAL for every source that it refuses (envoy, PR 12820). */
TEST_WITH(a_refused_source_is_not_available_unless_it_is_local, NULL, reset_fakes)
{
    struct ferp_send_message foreign = message_from("192.0.2.1", 0);
    struct ferp_send_message local = message_from("127.0.0.1", 0);
    fake.failure = WSAEINVAL;
    assert_error(send_one(&foreign), FER_ADDR_NOT_AVAILABLE, WSAEINVAL);
    assert_error(send_one(&local), FER_INVALID_INPUT, WSAEINVAL);
    fake.failure = WSAEACCES;
    assert_error(send_one(&foreign), FER_PERMISSION_DENIED, WSAEACCES);
}

TEST_WITH(a_socket_that_is_not_bound_gets_a_port, NULL, reset_fakes)
{
    struct ferp_send_message message = message_from("127.0.0.1", 0);
    fer_socket_addr local;
    size_t sent = 7;
    fer_raw_socket raw = seam_socket();
    message.to = seam_loopback(9);
    fake.failure = WSAEINVAL;
    fake.failures = 1;
    assert_ok(tested_send_messages(raw, &message, 1, 0, &sent));
    assert_int_equal(sent, 1);
    assert_int_equal(fake.calls, 2);
    fake.failures = 0;
    assert_error(tested_send_messages(raw, &message, 1, 0, &sent), FER_INVALID_INPUT, WSAEINVAL);
    assert_int_equal(fake.calls, 3);
    assert_ok(ferp_local_addr(raw, &local));
    assert_int_not_equal(local.port, 0);
    ferp_close(raw);
}

TEST_WITH(a_capacity_above_the_longest_datagram_is_cut, NULL, reset_fakes)
{
    char buf[16];
    fer_datagram_recv message = {.buf = buf, .cap = SIZE_MAX};
    fer_raw_socket raw = seam_socket();
    size_t n = 0;
    fake.failure = WSAEMSGSIZE;
    assert_ok(tested_recv_messages(raw, &message, 1, 0, &n));
    assert_int_equal(fake.len, ferp_traits()->datagram_length_max);
    assert_true(message.truncated && message.len == fake.len);
    ferp_close(raw);
}

/* Control messages that do not fit cut no datagram (Wine's test_ip_pktinfo). Bytes that no datagram
 * has filled are never a part of one. Both failures are WSAEMSGSIZE. */
TEST_WITH(a_datagram_with_cut_control_messages_is_whole, NULL, reset_fakes)
{
    static const struct {
        DWORD flags;
        bool omits_count;
        size_t len;
        bool truncated;
    } rows[] = {
        {MSG_CTRUNC, false, 10, false},            /* Windows */
        {MSG_CTRUNC, true, 0, true},               /* Wine: the length is not known */
        {MSG_TRUNC, false, 16, true},              /* a datagram of more than 16 bytes */
        {MSG_TRUNC | MSG_CTRUNC, false, 16, true}, /* both */
        {MSG_TRUNC | MSG_CTRUNC, true, 16, true},
        {0, true, 16, true}, /* Wine, a datagram of more than 16 bytes */
    };
    char buf[16];
    fer_raw_socket raw = seam_socket();
    fake.failure = WSAEMSGSIZE;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_datagram_recv message = {.buf = buf, .cap = sizeof buf};
        size_t n = 0;
        fake.flags = rows[i].flags;
        fake.omits_count = rows[i].omits_count;
        assert_ok(tested_recv_messages(raw, &message, 1, 0, &n));
        assert_int_equal(n, 1);
        assert_int_equal(message.len, rows[i].len);
        assert_int_equal(message.truncated, rows[i].truncated);
        assert_int_equal(message.segment_size, rows[i].len + rows[i].truncated);
    }
    ferp_close(raw);
}

/* A socket may be adopted with UDP_RECV_MAX_COALESCED_SIZE. */
TEST_WITH(coalesced_datagrams_have_their_size, NULL, reset_fakes)
{
    static const DWORD sizes[][2] = {{0, 10}, {4, 4}, {10, 10}, {12, 10}};
    char buf[16];
    fer_raw_socket raw = seam_socket();
    for (size_t i = 0; i < 4; i++) {
        fer_datagram_recv message = {.buf = buf, .cap = sizeof buf};
        size_t n = 0;
        fake.coalesced = sizes[i][0];
        assert_ok(tested_recv_messages(raw, &message, 1, 0, &n));
        assert_int_equal(message.len, 10);
        assert_int_equal(message.segment_size, sizes[i][1]);
    }
    ferp_close(raw);
}

TEST_MAIN("winsock_messages")
