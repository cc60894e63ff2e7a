/* test_sim_datagrams.c: datagrams on the simulated network: peers, lost, doubled and late
 * datagrams, refusals, groups, and the dialects' differences below ferrule. */
#include "sim/sim_raw.h"

#define PEER_ADDR "10.0.0.7:53"
#define OWN_ADDR "10.0.0.1:1000"

static const fer_ipv4_addr any_v4 = {{0, 0, 0, 0}};
static const fer_ipv4_addr group_1 = {{239, 1, 1, 1}};
static const fer_ipv4_addr group_2 = {{239, 1, 1, 2}};

/* A test with test.udp, bound to this port of every address, and a peer. */
static fer_sim_peer peer;

static int datagram_start(void **state)
{
    (void)sim_start(state);
    peer = peer_bound_to(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(&test.udp, "0.0.0.0:1000"));
    return 0;
}

#define DATAGRAM_TEST(function) \
    SIM_TEST_OF(function, (fer_udp_socket * socket), (&test.udp), datagram_start)

static void peer_sends_to(const char *text, const char *to)
{
    assert_ok(fer_sim_peer_send_to(peer, text, strlen(text), addr_at(to)));
}

static void sends_to(fer_udp_socket *socket, const char *text, const char *to)
{
    assert_ok(fer_udp_socket_send_to(socket, text, strlen(text), addr_at(to), NULL));
}

static void assert_received(const char *buf, fer_udp_received got, const char *text,
                            const char *from)
{
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(buf, text, got.len);
    assert_false(got.truncated);
    assert_true(fer_socket_addr_eq(&got.from, addr_at(from)));
}

static void receives(fer_udp_socket *socket, const char *text, const char *from)
{
    char buf[64];
    fer_udp_received got;
    assert_ok(fer_udp_socket_recv_from(socket, buf, sizeof buf, &got));
    assert_received(buf, got, text, from);
}

static void peer_gets(const char *text)
{
    char buf[64];
    fer_udp_received got;
    assert_ok(fer_sim_peer_recv_from(peer, buf, sizeof buf, &got));
    assert_received(buf, got, text, OWN_ADDR);
}

static void peer_gets_nothing(void)
{
    fer_udp_received none;
    assert_kind(fer_sim_peer_recv_from(peer, NULL, 0, &none), FER_WOULD_BLOCK);
}

static void assert_nothing(fer_udp_socket *socket)
{
    assert_kind(receive_one(socket), FER_DEADLOCK);
}

/* ---- Faults */

DATAGRAM_TEST(a_datagram_is_lost_doubled_or_late)
{
    arm(FER_SIM_FAULT_DATAGRAM_LOST);
    sends_to(socket, "lost", PEER_ADDR);
    arm(FER_SIM_FAULT_DATAGRAM_DOUBLED);
    sends_to(socket, "twice", PEER_ADDR);
    advance_ms(100);
    peer_gets("twice");
    peer_gets("twice");
    peer_gets_nothing();
    arm(FER_SIM_FAULT_DATAGRAM_LOST);
    peer_sends_to("lost", OWN_ADDR);
    assert_nothing(socket);
    arm(FER_SIM_FAULT_DATAGRAM_LATE);
    peer_sends_to("late", OWN_ADDR);
    peer_sends_to("in time", OWN_ADDR);
    receives(socket, "in time", PEER_ADDR);
    receives(socket, "late", PEER_ADDR);
}

SIM_CONFIG_TEST(datagrams_beyond_the_receive_buffer_are_lost)
{
    static char big[600];
    char buf[600];
    fer_udp_received got;
    sim_begin_of(.receive_buffer = 1000);
    peer = peer_bound_to(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(&test.udp, "0.0.0.0:1000"));
    assert_ok(fer_sim_peer_send_to(peer, big, sizeof big, addr_at(OWN_ADDR)));
    assert_ok(fer_sim_peer_send_to(peer, big, sizeof big, addr_at(OWN_ADDR)));
    peer_sends_to("small", OWN_ADDR);
    advance_ms(1);
    assert_ok_n(fer_udp_socket_recv(&test.udp, buf, sizeof buf, &got), got.len, sizeof big);
    receives(&test.udp, "small", PEER_ADDR);
    assert_nothing(&test.udp);
}

/* ---- Refusals, below ferrule: each dialect's own code */

/* Windows: Wine's test_UDP and libuv's test-udp-send-unreachable.c. */
DATAGRAM_TEST(only_linux_reports_a_refusal_by_a_send)
{
    fer_error pending = {FER_OTHER, 0};
    assert_ok(fer_udp_socket_connect(socket, "10.0.0.7:54"));
    assert_ok(fer_udp_socket_send(socket, "x", 1, NULL));
    assert_takes(2, assert_code(receive_one(socket), FER_CONNECTION_REFUSED, code(111, 10054)));
    assert_nothing(socket);
    for (int i = 0; i < 10; i++) {
        fer_error_kind want = i % 2 == 0 || is_winsock() ? FER_OK : FER_CONNECTION_REFUSED;
        assert_kind(fer_udp_socket_send(socket, "x", 1, NULL), want);
        advance_ms(10);
    }
    assert_ok(fer_udp_socket_take_error(socket, &pending));
    assert_kind(pending, is_winsock() ? FER_CONNECTION_REFUSED : FER_OK);
    assert_kind(receive_one(socket), is_winsock() ? FER_CONNECTION_REFUSED : FER_DEADLOCK);
    assert_nothing(socket);
}

/* ---- A receive of a socket that is not bound. Windows: Wine's test_connect_udp. */

DATAGRAM_TEST(an_answer_that_is_set_is_an_answer_to_datagrams_too)
{
    static const struct {
        const char *addr;
        fer_sim_answer answer;
        fer_error_kind kind;
    } rows[] = {{"10.0.0.9:1", FER_SIM_ANSWER_REFUSES, FER_CONNECTION_REFUSED},
                {"10.0.0.9:2", FER_SIM_ANSWER_HOST_UNREACHABLE, FER_HOST_UNREACHABLE},
                {"10.0.0.9:3", FER_SIM_ANSWER_NETWORK_UNREACHABLE, FER_NETWORK_UNREACHABLE},
                {"10.0.0.9:9", FER_SIM_ANSWER_SILENT, FER_DEADLOCK}};
    for (size_t i = 0; i < 4; i++) {
        bool is_silent = rows[i].kind == FER_DEADLOCK;
        answer(rows[i].addr, rows[i].answer, is_silent ? 0 : 30);
        assert_ok(fer_udp_socket_connect(socket, rows[i].addr));
        assert_ok(fer_udp_socket_send(socket, "x", 1, NULL));
        assert_takes(is_silent ? 1 : 32, assert_kind(receive_one(socket), rows[i].kind));
    }
}

/* U3: nor does take_error report it after a disconnect, or after a connect that has lost the peer,
 * as on Windows only (`udp_reconnect_keeps_source`). */
DATAGRAM_TEST(take_error_reports_no_refusal_of_an_earlier_peer)
{
    for (int loses = 0; loses < 2; loses++) {
        fer_error pending = {FER_OTHER, 0};
        assert_ok(fer_udp_socket_connect(socket, "10.0.0.7:54"));
        assert_ok(fer_udp_socket_send(socket, "x", 1, NULL));
        advance_ms(10);
        if (loses) {
            assert_ok(fer_sim_fault_at(FER_SIM_FAULT_NO_ROUTE, 1));
            fer_error error = fer_udp_socket_connect(socket, "127.0.0.1:2000");
            assert_int_equal(error.kind, is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_OK);
        } else {
            assert_ok(fer_udp_socket_disconnect(socket));
        }
        assert_ok(fer_udp_socket_take_error(socket, &pending));
        assert_ok(pending);
    }
}

/* ---- The filter of a former peer: `udp_disconnect_keeps_filter` */

/* Sends from each address, and expects the datagrams of those that are marked. */
static void assert_hears(const char *const senders[4], const char *heard)
{
    for (size_t i = 0; i < 4; i++) {
        fer_sim_peer sender = peer_bound_to(senders[i]);
        bool is_ipv4 = strchr(senders[i], '.') != NULL;
        const char *to = is_ipv4 ? OWN_ADDR : "[fd00::1]:1000";
        assert_ok(fer_sim_peer_send_to(sender, "x", 1, addr_at(to)));
        advance_ms(1);
        fer_sim_peer_close(sender);
        assert_kind(receive_one(&test.udp), heard[i] == '1' ? FER_OK : FER_WOULD_BLOCK);
        assert_kind(receive_one(&test.udp), FER_WOULD_BLOCK);
    }
}

SIM_UDP_TEST(linux_keeps_the_filter_of_a_former_peer_over_ipv6)
{
    static const char *const senders[] = {"[fd00::7]:53", "[fd00::7]:54", "[fd00::8]:53",
                                          "10.0.0.8:53"};
    assert_ok(fer_udp_socket_bind(socket, "[::]:1000"));
    assert_ok(fer_udp_socket_set_nonblocking(socket, true));
    assert_hears(senders, "1111");
    for (int round = 0; round < 2; round++) {
        assert_ok(fer_udp_socket_connect(socket, "[fd00::7]:53"));
        assert_hears(senders, "1000");
        for (int again = 0; again < 2; again++) {
            assert_ok(fer_udp_socket_disconnect(socket));
            assert_hears(senders, is_winsock() ? "1110" : "1101");
        }
    }
    assert_ok(fer_udp_socket_connect(socket, "[fd00::8]:53"));
    assert_hears(senders, "0010");
    if (!is_winsock()) { /* which keeps the first peer's local address */
        assert_ok(fer_udp_socket_connect(socket, "[::ffff:10.0.0.8]:53"));
        assert_ok(fer_udp_socket_disconnect(socket));
        assert_hears(senders, "0001");
    }
}

/* ---- Broadcast and multicast */

/* `broadcast_at_an_address` */
SIM_UDP_TEST(a_broadcast_reaches_a_socket_at_an_address_on_windows)
{
    static const char *const broadcasts[] = {"255.255.255.255:1000", "10.0.0.255:1000"};
    fer_udp_socket *sender = &test.udp2;
    assert_ok(fer_udp_socket_bind(socket, OWN_ADDR));
    assert_ok(fer_udp_socket_set_nonblocking(socket, true));
    assert_ok(fer_udp_socket_bind(sender, "0.0.0.0:1002"));
    for (size_t i = 0; i < 2; i++) {
        assert_kind(fer_udp_socket_send_to(sender, "x", 1, addr_at(broadcasts[i]), NULL),
                    FER_PERMISSION_DENIED);
    }
    assert_ok(fer_udp_socket_set_broadcast(sender, true));
    for (size_t i = 0; i < 2; i++) {
        sends_to(sender, "x", broadcasts[i]);
        advance_ms(1);
        assert_kind(receive_one(socket), is_winsock() ? FER_OK : FER_WOULD_BLOCK);
        assert_kind(receive_one(socket), FER_WOULD_BLOCK);
    }
}

/* Linux' connect needs SO_BROADCAST; on Windows only a send to an address does (Wine's
 * test_broadcast). Core refuses the connect. */
SIM_UDP_TEST(a_connect_to_the_broadcast_address_without_the_option)
{
    fer_socket_addr all = addr_of("255.255.255.255:1000");
    size_t n = 0;
    fer_raw_socket raw = raw_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_kind(ferp_connect(raw, &all), is_winsock() ? FER_OK : FER_PERMISSION_DENIED);
    if (is_winsock()) {
        assert_ok(ferp_send(raw, "x", 1, 0, &n));
        assert_code(ferp_send_to(raw, "x", 1, 0, &all, &n), FER_PERMISSION_DENIED, 10013);
    }
    assert_ok(fer_udp_socket_bind(socket, "[::]:1001"));
    assert_kind(fer_udp_socket_connect_addr(socket, &all), FER_PERMISSION_DENIED);
    assert_kind(fer_udp_socket_peer_addr(socket, &all), FER_NOT_CONNECTED);
    assert_ok(fer_udp_socket_set_broadcast(socket, true));
    assert_ok(fer_udp_socket_connect(socket, "255.255.255.255:1000"));
    assert_ok(fer_udp_socket_set_broadcast(socket, false));
    assert_ok(fer_udp_socket_send(socket, "x", 1, &n)); /* `network_broadcast` */
    assert_kind(fer_udp_socket_send_to(socket, "x", 1, &all, &n), FER_PERMISSION_DENIED);
}

/* `group_bind`, `network_broadcast_bind` */
SIM_UDP_TEST(only_linux_binds_to_groups_and_to_the_broadcast_address)
{
    static const char *const addresses[] = {"239.1.1.1:1000", "255.255.255.255:1000",
                                            "10.0.0.255:1000", "[::ffff:239.1.1.1]:1000",
                                            "[ff02::1%1]:1000"};
    for (size_t i = 0; i < 5; i++) {
        assert_kind(fer_udp_socket_bind(socket, addresses[i]),
                    is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_OK);
        assert_kind(fer_tcp_listener_bind(&test.listener, addresses[i]),
                    is_winsock() ? FER_ADDR_NOT_AVAILABLE
                    : i < 4      ? FER_OK
                                 : FER_INVALID_INPUT);
        fer_udp_socket_close(socket);
        fer_tcp_listener_close(&test.listener);
    }
}

/* It receives the group's datagrams alone, and sends from the machine's address. */
POSIX_TEST(a_socket_that_is_bound_to_a_group_is_its_member)
{
    fer_udp_socket *member = &test.udp, *all = &test.udp2;
    peer = peer_bound_to(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(member, "239.1.1.1:1000"));
    assert_kind(fer_udp_socket_bind(all, "0.0.0.0:1000"), FER_ADDR_IN_USE);
    assert_ok(fer_udp_socket_join_multicast_v4(member, group_1, any_v4));
    peer_sends_to("to one", OWN_ADDR);
    peer_sends_to("to all", "239.1.1.1:1000");
    receives(member, "to all", PEER_ADDR);
    sends_to(member, "answer", PEER_ADDR);
    advance_ms(1);
    peer_gets("answer");
    assert_ok(fer_udp_socket_bind(all, "255.255.255.255:1001"));
    assert_ok(fer_udp_socket_set_broadcast(member, true));
    sends_to(member, "broadcast", "255.255.255.255:1001");
    receives(all, "broadcast", OWN_ADDR);
}

/* `group_of_another`: Linux delivers it to a socket at the wildcard address that has never joined a
 * group, as long as another socket is a member. */
DATAGRAM_TEST(a_socket_that_never_joined_receives_groups_of_others_on_linux)
{
    fer_udp_socket *other = &test.udp2, *specific = &test.udp3;
    assert_ok(fer_udp_socket_bind(other, "0.0.0.0:1001"));
    assert_ok(fer_udp_socket_bind(specific, "127.0.0.1:1002"));
    assert_ok(fer_udp_socket_set_nonblocking(other, true));
    assert_ok(fer_udp_socket_set_nonblocking(specific, true));
    for (int round = 0; round < 4; round++) {
        peer_sends_to("x", "239.1.1.1:1001");
        peer_sends_to("x", "239.1.1.1:1002");
        advance_ms(1);
        assert_kind(receive_one(other), round == 1 && !is_winsock() ? FER_OK : FER_WOULD_BLOCK);
        assert_kind(receive_one(specific), FER_WOULD_BLOCK);
        if (round == 0) {
            assert_ok(fer_udp_socket_join_multicast_v4(socket, group_1, any_v4));
        } else if (round == 1) {
            assert_ok(fer_udp_socket_join_multicast_v4(other, group_2, any_v4));
        } else {
            FER_IGNORE(fer_udp_socket_leave_multicast_v4(other, group_2, any_v4));
        }
    }
}

/* On Windows into_raw of a handle that had a clone returns a duplicate (`raw_mode`). */
DATAGRAM_TEST(a_handle_without_a_duplicate_stays_open)
{
    fer_duration timeout;
    assert_ok(fer_udp_socket_set_read_timeout(socket, millis(20)));
    assert_ok(fer_udp_socket_connect(socket, PEER_ADDR));
    assert_ok(fer_udp_socket_try_clone(socket, &test.udp2));
    fer_udp_socket_close(&test.udp2);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_TOO_MANY_HANDLES, 1));
    fer_raw_socket raw = fer_udp_socket_into_raw(socket);
    assert_int_equal(raw == FER_RAW_SOCKET_NONE, is_winsock());
    assert_int_equal(fer_sim_clear_faults(), is_winsock() ? 0 : 1);
    if (is_winsock()) {
        assert_ok(fer_udp_socket_read_timeout(socket, &timeout));
        assert_int_equal(timeout.nanos, millis(20).nanos);
        raw = fer_udp_socket_into_raw(socket);
    }
    assert_ok(fer_udp_socket_from_raw(socket, raw));
    peer_sends_to("a", OWN_ADDR);
    receives(socket, "a", PEER_ADDR);
}

/* A second join is EADDRINUSE, a second leave EADDRNOTAVAIL; on Windows 10049 and 10022 (MSDN,
 * "Multicast Socket Option Behavior"). */
DATAGRAM_TEST(groups_have_each_systems_codes)
{
    const fer_ipv6_addr g6 = {{0xff, 2, [15] = 1}};
    const int32_t in_use = code(98, 10049), not_joined = code(99, 10022);
    fer_udp_socket *v6 = &test.udp2;
    assert_ok(fer_udp_socket_bind(v6, "[::]:1001"));
    for (int i = 0; i < 2; i++) {
        fer_error v4_error = fer_udp_socket_join_multicast_v4(socket, group_1, any_v4);
        fer_error v6_error = fer_udp_socket_join_multicast_v6(v6, g6, 0);
        assert_int_equal(v4_error.kind, i == 0 ? FER_OK : FER_ADDR_IN_USE);
        assert_int_equal(v4_error.os_code, i == 0 ? 0 : in_use);
        assert_int_equal(v6_error.kind, i == 0 ? FER_OK : FER_ADDR_IN_USE);
        assert_int_equal(v6_error.os_code, i == 0 ? 0 : in_use);
    }
    assert_kind(fer_udp_socket_join_multicast_v6(v6, g6, 3), FER_ADDR_NOT_AVAILABLE);
    for (int i = 0; i < 2; i++) {
        fer_error error = fer_udp_socket_leave_multicast_v4(socket, group_1, any_v4);
        assert_int_equal(error.kind, i == 0 ? FER_OK : FER_ADDR_NOT_AVAILABLE);
        assert_int_equal(error.os_code, i == 0 ? 0 : not_joined);
    }
}

/* A socket that has joined a group from one sender receives nothing of another. On Linux a group
 * that was joined from every sender is narrowed; on Windows it is joined. */
DATAGRAM_TEST(a_group_is_joined_from_its_sources)
{
    const fer_ipv4_addr far = {{10, 0, 0, 7}}, other = {{10, 0, 0, 8}};
    const fer_ipv6_addr g6 = {{0xff, 2, [15] = 1}}, one6 = {{0xfd, [15] = 7}};
    fer_udp_socket *v6 = &test.udp2;
    assert_ok(fer_udp_socket_set_nonblocking(socket, true));
    assert_kind(fer_udp_socket_leave_ssm_v4(socket, group_1, far, any_v4), FER_ADDR_NOT_AVAILABLE);
    assert_ok(fer_udp_socket_join_ssm_v4(socket, group_1, other, any_v4));
    peer_sends_to("not this", "239.1.1.1:1000");
    advance_ms(1);
    assert_kind(receive_one(socket), FER_WOULD_BLOCK);
    assert_ok(fer_udp_socket_join_ssm_v4(socket, group_1, far, any_v4));
    assert_kind(fer_udp_socket_join_ssm_v4(socket, group_1, far, any_v4), FER_ADDR_IN_USE);
    assert_kind(fer_udp_socket_join_multicast_v4(socket, group_1, any_v4), FER_ADDR_IN_USE);
    peer_sends_to("this", "239.1.1.1:1000");
    advance_ms(1);
    receives(socket, "this", PEER_ADDR);
    assert_ok(fer_udp_socket_leave_ssm_v4(socket, group_1, far, any_v4));
    assert_ok(fer_udp_socket_leave_ssm_v4(socket, group_1, other, any_v4));
    assert_ok(fer_udp_socket_join_multicast_v4(socket, group_1, any_v4));
    assert_kind(fer_udp_socket_join_ssm_v4(socket, group_1, other, any_v4),
                is_winsock() ? FER_ADDR_IN_USE : FER_OK);
    peer_sends_to("again", "239.1.1.1:1000");
    advance_ms(1);
    assert_kind(receive_one(socket), is_winsock() ? FER_OK : FER_WOULD_BLOCK);
    assert_ok(fer_udp_socket_leave_multicast_v4(socket, group_1, any_v4));
    assert_ok(fer_udp_socket_join_multicast_v4(socket, group_1, any_v4));
    assert_kind(fer_udp_socket_leave_ssm_v4(socket, group_1, far, any_v4), FER_ADDR_NOT_AVAILABLE);
    peer_sends_to("now not", "239.1.1.1:1000");
    advance_ms(1);
    assert_kind(receive_one(socket), is_winsock() ? FER_OK : FER_WOULD_BLOCK);
    assert_ok(fer_udp_socket_bind(v6, "[::]:1001"));
    assert_ok(fer_udp_socket_join_ssm_v6(v6, g6, one6, 0));
    assert_kind(fer_udp_socket_join_ssm_v6(v6, g6, one6, 0), FER_ADDR_IN_USE);
    assert_kind(fer_udp_socket_join_ssm_v6(v6, g6, one6, 3), FER_ADDR_NOT_AVAILABLE);
    assert_ok(fer_udp_socket_leave_ssm_v6(v6, g6, one6, 0));
}

/* The sender's option decides on POSIX, the receiver's on Windows. A datagram from another host is
 * always delivered. */
DATAGRAM_TEST(the_loop_is_the_sender_s_or_the_receiver_s_matter)
{
    fer_udp_socket *member = socket, *sender = &test.udp2;
    assert_ok(fer_udp_socket_bind(sender, "0.0.0.0:1001"));
    assert_ok(fer_udp_socket_set_nonblocking(member, true));
    assert_ok(fer_udp_socket_join_multicast_v4(member, group_1, any_v4));
    for (int muted = 0; muted < 4; muted++) {
        bool sender_loops = (muted & 1) == 0, member_loops = (muted & 2) == 0;
        assert_ok(fer_udp_socket_set_multicast_loop_v4(sender, sender_loops));
        assert_ok(fer_udp_socket_set_multicast_loop_v4(member, member_loops));
        sends_to(sender, "all", "239.1.1.1:1000");
        advance_ms(1);
        assert_kind(receive_one(member),
                    (is_winsock() ? member_loops : sender_loops) ? FER_OK : FER_WOULD_BLOCK);
        peer_sends_to("from afar", "239.1.1.1:1000");
        advance_ms(1);
        receives(member, "from afar", PEER_ADDR);
    }
}

/* Each member gets a copy of the datagram. A socket that is bound to an address is a member only on
 * Windows. */
SIM_TEST(every_member_has_its_own_copy)
{
    fer_udp_socket *members[] = {&test.udp, &test.udp2, &test.udp3};
    static const char *const addresses[] = {"10.0.0.1:1000", "127.0.0.1:1000", "0.0.0.0:1001"};
    peer = peer_bound_to(PEER_ADDR);
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_bind(members[i], addresses[i]));
        assert_ok(fer_udp_socket_join_multicast_v4(members[i], group_1, any_v4));
        assert_ok(fer_udp_socket_set_nonblocking(members[i], true));
    }
    for (int round = 0; round < 3; round++) {
        peer_sends_to("x", "239.1.1.1:1000");
        peer_sends_to("x", "239.1.1.1:1001");
        advance_ms(1);
        for (int i = 0; i < 3; i++) {
            if (is_winsock() || i == 2) {
                receives(members[i], "x", PEER_ADDR);
            }
            assert_kind(receive_one(members[i]), FER_WOULD_BLOCK);
        }
    }
}

/* ---- Invalid destinations */

DATAGRAM_TEST(a_send_to_the_wildcard_is_one_to_the_loopback_or_fails)
{
    fer_socket_addr to = addr_of("0.0.0.0:1000");
    fer_error_kind want = is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_OK;
    assert_kind(fer_udp_socket_send_to(socket, "x", 1, &to, NULL), want);
    assert_kind(fer_udp_socket_connect_addr(socket, &to), want);
    if (want == FER_OK) {
        assert_ok(fer_udp_socket_peer_addr(socket, &to));
        assert_true(fer_ip_addr_is_loopback(to.ip));
    }
}

TEST_MAIN("sim_datagrams")
