/* test_sim_datagrams.c: datagrams on the simulated network: peers, lost, doubled and late
 * datagrams, refusals, groups, and the dialects' differences below ferrule. */
#include "sim/sim_raw.h"

#define PEER_ADDR "10.0.0.7:53"

static fer_sim_peer peer_at(const char *text)
{
    fer_socket_addr addr = addr_of(text);
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    assert_ok(fer_sim_peer_bind(&addr, &peer));
    return peer;
}

static void peer_sends_to(fer_sim_peer peer, const char *text, const char *to)
{
    fer_socket_addr addr = addr_of(to);
    assert_ok(fer_sim_peer_send_to(peer, text, strlen(text), &addr));
}

static void sends_to(fer_udp_socket *socket, const char *text, const char *to)
{
    fer_socket_addr addr = addr_of(to);
    assert_ok(fer_udp_socket_send_to(socket, text, strlen(text), &addr, NULL));
}

static void gets(fer_udp_socket *socket, const char *text, const char *from)
{
    char buf[64];
    fer_udp_received got;
    fer_socket_addr want = addr_of(from);
    assert_ok(fer_udp_socket_recv_from(socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(buf, text, got.len);
    assert_true(fer_socket_addr_eq(&got.from, &want));
}

static fer_error receive_one(fer_udp_socket *socket)
{
    char buf[64];
    fer_udp_received got;
    return fer_udp_socket_recv(socket, buf, sizeof buf, &got);
}

static void peer_gets(fer_sim_peer peer, const char *text, const char *from)
{
    char buf[64];
    fer_udp_received got;
    fer_socket_addr want = addr_of(from);
    assert_ok(fer_sim_peer_recv_from(peer, buf, sizeof buf, &got));
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(buf, text, got.len);
    assert_false(got.truncated);
    assert_true(fer_socket_addr_eq(&got.from, &want));
}

/* ---- Waits */

static void shut_reading(void *socket)
{
    assert_ok(fer_socket_shutdown(fer_udp_socket_as_socket(socket), FER_SHUTDOWN_READ));
}

/* U7: "a receive that waits ends in the same way, also a clone's". */
SIM_UDP_TEST(a_shutdown_ends_a_receive_that_waits)
{
    for (int through_clone = 0; through_clone < 2; through_clone++) {
        fer_udp_socket clone = {0};
        uint64_t began = now_ms();
        assert_ok(fer_udp_socket_bind(socket, "127.0.0.1:0"));
        assert_ok(fer_udp_socket_connect(socket, PEER_ADDR));
        assert_ok(fer_udp_socket_try_clone(socket, &clone));
        assert_ok(fer_sim_after(millis(7), shut_reading, through_clone != 0 ? &clone : socket));
        assert_ok(receive_one(socket));
        assert_true(now_ms() <= began + 107); /* within a slice */
        fer_udp_socket_close(&clone);
        fer_udp_socket_close(socket);
    }
}

/* ---- Peers */

SIM_UDP_TEST(a_datagram_takes_a_latency_each_way)
{
    fer_sim_peer peer = peer_at(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    sends_to(socket, "ask", PEER_ADDR);
    fer_udp_received none;
    assert_kind(fer_sim_peer_recv_from(peer, NULL, 0, &none), FER_WOULD_BLOCK);
    advance_ms(1);
    peer_gets(peer, "ask", "10.0.0.1:1000");
    peer_sends_to(peer, "answer", "10.0.0.1:1000");
    gets(socket, "answer", PEER_ADDR);
    assert_int_equal(now_ms(), 2);
    assert_kind(receive_one(socket), FER_DEADLOCK);
}

static void echo(fer_sim_peer peer, fer_sim_event event, void *context)
{
    char buf[64];
    fer_udp_received got;
    int *calls = context;
    *calls += 1;
    while (event == FER_SIM_EVENT_READABLE &&
           fer_sim_peer_recv_from(peer, buf, sizeof buf, &got).kind == FER_OK) {
        assert_ok(fer_sim_peer_send_to(peer, buf, got.len, &got.from));
    }
}

SIM_UDP_TEST(a_handler_receives_datagrams)
{
    int calls = 0;
    fer_sim_peer peer = peer_at(PEER_ADDR);
    assert_ok(fer_sim_peer_set_handler(peer, echo, &calls));
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    sends_to(socket, "one", PEER_ADDR);
    sends_to(socket, "two", PEER_ADDR);
    gets(socket, "one", PEER_ADDR);
    gets(socket, "two", PEER_ADDR);
    assert_true(calls > 0);
}

PLAIN_TEST(bad_arguments_of_a_peers_calls_are_refused)
{
    fer_sim_peer other = FER_SIM_PEER_NONE;
    fer_udp_received got;
    char byte = 0;
    sim_begin();
    fer_sim_peer peer = peer_at(PEER_ADDR);
    fer_sim_peer listener = serve(SERVER);
    fer_socket_addr to = addr_of("10.0.0.1:1000");
    fer_socket_addr v6 = addr_of("[fd00::1]:1000");
    fer_socket_addr no_port = addr_of("10.0.0.1:0");
    fer_socket_addr taken = addr_of(PEER_ADDR);
    assert_kind(fer_sim_peer_bind(&taken, &other), FER_ADDR_IN_USE);
    assert_kind(fer_sim_peer_bind(NULL, &other), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_bind(&to, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send_to(listener, "x", 1, &to), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send_to(peer, NULL, 1, &to), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send_to(peer, "x", 1, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send_to(peer, "x", 1, &v6), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send_to(peer, "x", 1, &no_port), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send_to(peer, "x", 65508, &to), FER_MESSAGE_TOO_LONG);
    assert_kind(fer_sim_peer_recv_from(listener, &byte, 1, &got), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_recv_from(peer, NULL, 1, &got), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_recv_from(peer, &byte, 1, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send(peer, "x", 1, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_recv(peer, &byte, 1, NULL), FER_INVALID_INPUT);
}

/* ---- Faults */

SIM_UDP_TEST(a_lost_datagram_never_arrives)
{
    fer_sim_peer peer = peer_at(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_DATAGRAM_LOST, 1));
    sends_to(socket, "lost", PEER_ADDR);
    sends_to(socket, "kept", PEER_ADDR);
    advance_ms(100);
    peer_gets(peer, "kept", "10.0.0.1:1000");
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_DATAGRAM_LOST, 1));
    peer_sends_to(peer, "lost", "10.0.0.1:1000");
    assert_kind(receive_one(socket), FER_DEADLOCK);
}

SIM_UDP_TEST(a_doubled_datagram_arrives_twice)
{
    fer_udp_received none;
    fer_sim_peer peer = peer_at(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_DATAGRAM_DOUBLED, 1));
    sends_to(socket, "twice", PEER_ADDR);
    advance_ms(100);
    peer_gets(peer, "twice", "10.0.0.1:1000");
    peer_gets(peer, "twice", "10.0.0.1:1000");
    assert_kind(fer_sim_peer_recv_from(peer, NULL, 0, &none), FER_WOULD_BLOCK);
}

SIM_UDP_TEST(a_late_datagram_is_overtaken)
{
    fer_sim_peer peer = peer_at(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_DATAGRAM_LATE, 1));
    peer_sends_to(peer, "late", "10.0.0.1:1000");
    peer_sends_to(peer, "in time", "10.0.0.1:1000");
    gets(socket, "in time", PEER_ADDR);
    gets(socket, "late", PEER_ADDR);
}

SIM_CONFIG_TEST(datagrams_beyond_the_receive_buffer_are_lost)
{
    fer_udp_socket socket = {0};
    static char big[600];
    char buf[600];
    fer_udp_received got;
    sim_begin_of(.receive_buffer = 1000);
    fer_sim_peer peer = peer_at(PEER_ADDR);
    fer_socket_addr to = addr_of("10.0.0.1:1000");
    assert_ok(fer_udp_socket_bind(&socket, "0.0.0.0:1000"));
    assert_ok(fer_sim_peer_send_to(peer, big, sizeof big, &to));
    assert_ok(fer_sim_peer_send_to(peer, big, sizeof big, &to));
    peer_sends_to(peer, "small", "10.0.0.1:1000");
    advance_ms(1);
    assert_ok(fer_udp_socket_recv(&socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, sizeof big);
    gets(&socket, "small", PEER_ADDR);
    assert_kind(receive_one(&socket), FER_DEADLOCK);
    fer_udp_socket_close(&socket);
}

/* ---- Refusals, below ferrule: each dialect's own code */

SIM_UDP_TEST(a_connected_socket_is_reported_by_its_system_s_code)
{
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    peer_at(PEER_ADDR);
    assert_ok(fer_udp_socket_connect(socket, "10.0.0.7:54"));
    assert_ok(fer_udp_socket_send(socket, "x", 1, NULL));
    assert_code(receive_one(socket), FER_CONNECTION_REFUSED, is_winsock() ? 10054 : 111);
    assert_int_equal(now_ms(), 2);
    assert_kind(receive_one(socket), FER_DEADLOCK);
}

/* Windows: Wine's test_UDP and libuv's test-udp-send-unreachable.c. */
SIM_UDP_TEST(only_linux_reports_a_refusal_by_a_send)
{
    fer_error pending = {FER_OTHER, 0};
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    peer_at(PEER_ADDR);
    assert_ok(fer_udp_socket_connect(socket, "10.0.0.7:54"));
    for (int i = 0; i < 10; i++) {
        fer_error_kind want = i % 2 == 0 || is_winsock() ? FER_OK : FER_CONNECTION_REFUSED;
        assert_kind(fer_udp_socket_send(socket, "x", 1, NULL), want);
        advance_ms(10);
    }
    assert_ok(fer_udp_socket_take_error(socket, &pending));
    assert_kind(pending, is_winsock() ? FER_CONNECTION_REFUSED : FER_OK);
    assert_kind(receive_one(socket), is_winsock() ? FER_CONNECTION_REFUSED : FER_DEADLOCK);
    assert_kind(receive_one(socket), FER_DEADLOCK);
}

/* ---- A receive of a socket that is not bound. Windows: Wine's test_connect_udp. */

SIM_TEST(only_windows_refuses_to_receive_unbound)
{
    char byte = 0;
    struct ferp_datagram datagram;
    fer_socket socket = {0};
    fer_udp_received got;
    fer_raw_socket raw = raw_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_ok(ferp_set_nonblocking(raw, true));
    fer_error error = ferp_recv_from(raw, &byte, 1, 0, &datagram);
    assert_code(error, is_winsock() ? FER_INVALID_INPUT : FER_WOULD_BLOCK,
                is_winsock() ? 10022 : 11);
    ferp_close(raw);
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0));
    assert_kind(fer_socket_recv_from(&socket, &byte, 1, &got), FER_DEADLOCK);
    assert_ok(fer_socket_set_read_timeout(&socket, millis(40)));
    assert_takes(40, assert_kind(fer_socket_recv_from(&socket, &byte, 1, &got), FER_TIMED_OUT));
    fer_socket_close(&socket);
}

SIM_UDP_TEST(an_answer_that_is_set_is_an_answer_to_datagrams_too)
{
    static const fer_sim_answer answers[] = {FER_SIM_ANSWER_REFUSES,
                                             FER_SIM_ANSWER_HOST_UNREACHABLE,
                                             FER_SIM_ANSWER_NETWORK_UNREACHABLE};
    static const fer_error_kind kinds[] = {FER_CONNECTION_REFUSED, FER_HOST_UNREACHABLE,
                                           FER_NETWORK_UNREACHABLE};
    fer_socket_addr silent = addr_of("10.0.0.9:9");
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    for (uint16_t i = 0; i < 3; i++) {
        fer_socket_addr to = addr_of("10.0.0.9:1");
        to.port = (uint16_t)(1 + i);
        assert_ok(fer_sim_set_answer(&to, answers[i], millis(30)));
        assert_ok(fer_udp_socket_connect_addr(socket, &to));
        assert_ok(fer_udp_socket_send(socket, "x", 1, NULL));
        assert_takes(32, assert_kind(receive_one(socket), kinds[i]));
    }
    assert_ok(fer_sim_set_answer(&silent, FER_SIM_ANSWER_SILENT, (fer_duration){0}));
    assert_ok(fer_udp_socket_connect_addr(socket, &silent));
    assert_ok(fer_udp_socket_send(socket, "x", 1, NULL));
    assert_kind(receive_one(socket), FER_DEADLOCK);
}

/* ---- Broadcast and multicast */

SIM_TEST(a_broadcast_reaches_all_that_are_bound_to_the_wildcard)
{
    fer_udp_socket one = {0};
    fer_udp_socket two = {0};
    fer_udp_socket sender = {0};
    assert_ok(fer_udp_socket_bind(&one, "0.0.0.0:1000"));
    assert_ok(fer_udp_socket_bind(&two, "127.0.0.1:1001"));
    assert_ok(fer_udp_socket_bind(&sender, "0.0.0.0:1002"));
    fer_socket_addr all = addr_of("255.255.255.255:1000");
    assert_kind(fer_udp_socket_send_to(&sender, "all", 3, &all, NULL), FER_PERMISSION_DENIED);
    assert_ok(fer_udp_socket_set_broadcast(&sender, true));
    sends_to(&sender, "all", "255.255.255.255:1000");
    sends_to(&sender, "all", "255.255.255.255:1001");
    gets(&one, "all", "10.0.0.1:1002");
    assert_kind(receive_one(&two), FER_DEADLOCK);
    fer_udp_socket_close(&one);
    fer_udp_socket_close(&two);
    fer_udp_socket_close(&sender);
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
    ferp_close(raw);
    assert_ok(fer_udp_socket_bind(socket, "[::]:1001"));
    assert_kind(fer_udp_socket_connect_addr(socket, &all), FER_PERMISSION_DENIED);
    assert_kind(fer_udp_socket_peer_addr(socket, &all), FER_NOT_CONNECTED);
    assert_ok(fer_udp_socket_set_broadcast(socket, true));
    assert_ok(fer_udp_socket_connect(socket, "255.255.255.255:1000"));
}

/* `group_bind` */
SIM_TEST(only_linux_binds_to_groups_and_to_the_broadcast_address)
{
    static const char *const addresses[] = {"239.1.1.1:1000", "255.255.255.255:1000",
                                            "[::ffff:239.1.1.1]:1000", "[ff02::1%1]:1000"};
    for (size_t i = 0; i < 4; i++) {
        fer_udp_socket socket = {0};
        fer_tcp_listener listener = {{{0}}};
        fer_socket_addr addr = addr_of(addresses[i]);
        fer_error_kind of_stream = i < 3 ? FER_OK : FER_INVALID_INPUT;
        assert_kind(fer_udp_socket_bind_addr(&socket, &addr),
                    is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_OK);
        assert_kind(fer_tcp_listener_bind_addr(&listener, &addr),
                    is_winsock() ? FER_ADDR_NOT_AVAILABLE : of_stream);
        fer_udp_socket_close(&socket);
        fer_tcp_listener_close(&listener);
    }
}

/* It receives the group's datagrams alone, and sends from the machine's address. */
POSIX_TEST(a_socket_that_is_bound_to_a_group_is_its_member)
{
    fer_udp_socket member = {0};
    fer_udp_socket all = {0};
    fer_udp_socket other = {0};
    fer_ipv4_addr group = {{239, 1, 1, 1}};
    fer_ipv4_addr any = {{0, 0, 0, 0}};
    fer_sim_peer peer = peer_at(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(&member, "239.1.1.1:1000"));
    assert_kind(fer_udp_socket_bind(&other, "0.0.0.0:1000"), FER_ADDR_IN_USE);
    assert_ok(fer_udp_socket_join_multicast_v4(&member, group, any));
    peer_sends_to(peer, "to one", "10.0.0.1:1000");
    peer_sends_to(peer, "to all", "239.1.1.1:1000");
    gets(&member, "to all", PEER_ADDR);
    sends_to(&member, "answer", PEER_ADDR);
    advance_ms(1);
    peer_gets(peer, "answer", "10.0.0.1:1000");
    assert_ok(fer_udp_socket_bind(&all, "255.255.255.255:1001"));
    assert_ok(fer_udp_socket_set_broadcast(&member, true));
    sends_to(&member, "broadcast", "255.255.255.255:1001");
    gets(&all, "broadcast", "10.0.0.1:1000");
    fer_udp_socket_close(&member);
    fer_udp_socket_close(&all);
}

/* `group_of_another`: Linux delivers it to a socket at the wildcard address that has never joined a
 * group, as long as another socket is a member. */
SIM_TEST(a_socket_that_never_joined_receives_groups_of_others_on_linux)
{
    fer_udp_socket sockets[3];
    static const char *const addresses[] = {"0.0.0.0:1000", "0.0.0.0:1001", "127.0.0.1:1002"};
    fer_ipv4_addr group = {{239, 1, 1, 1}};
    fer_ipv4_addr any = {{0, 0, 0, 0}};
    fer_error_kind received = is_winsock() ? FER_WOULD_BLOCK : FER_OK;
    memset(sockets, 0, sizeof sockets);
    fer_sim_peer peer = peer_at(PEER_ADDR);
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_bind(&sockets[i], addresses[i]));
        assert_ok(fer_udp_socket_set_nonblocking(&sockets[i], true));
    }
    for (int round = 0; round < 4; round++) {
        for (int i = 1; i < 3; i++) {
            peer_sends_to(peer, "x", i == 1 ? "239.1.1.1:1001" : "239.1.1.1:1002");
            advance_ms(1);
            assert_kind(receive_one(&sockets[i]),
                        i == 1 && round == 1 ? received : FER_WOULD_BLOCK);
        }
        if (round == 0) {
            assert_ok(fer_udp_socket_join_multicast_v4(&sockets[0], group, any));
        } else if (round == 1) {
            group.octets[3] = 2;
            assert_ok(fer_udp_socket_join_multicast_v4(&sockets[1], group, any));
        } else {
            FER_IGNORE(fer_udp_socket_leave_multicast_v4(&sockets[1], group, any));
        }
    }
    for (int i = 0; i < 3; i++) {
        fer_udp_socket_close(&sockets[i]);
    }
}

/* The sender's option decides on POSIX, the receiver's on Windows. A datagram from another host is
 * always delivered. */
SIM_TEST(the_loop_is_the_sender_s_or_the_receiver_s_matter)
{
    fer_udp_socket member = {0};
    fer_udp_socket sender = {0};
    fer_ipv4_addr group = {{239, 1, 1, 1}};
    fer_ipv4_addr any = {{0, 0, 0, 0}};
    bool windows = is_winsock();
    fer_sim_peer peer = peer_at(PEER_ADDR);
    assert_ok(fer_udp_socket_bind(&member, "0.0.0.0:1000"));
    assert_ok(fer_udp_socket_bind(&sender, "0.0.0.0:1001"));
    assert_ok(fer_udp_socket_set_nonblocking(&member, true));
    assert_ok(fer_udp_socket_join_multicast_v4(&member, group, any));
    for (int muted = 0; muted < 4; muted++) {
        bool sender_loops = (muted & 1) == 0;
        bool member_loops = (muted & 2) == 0;
        assert_ok(fer_udp_socket_set_multicast_loop_v4(&sender, sender_loops));
        assert_ok(fer_udp_socket_set_multicast_loop_v4(&member, member_loops));
        sends_to(&sender, "all", "239.1.1.1:1000");
        advance_ms(1);
        assert_kind(receive_one(&member),
                    (windows ? member_loops : sender_loops) ? FER_OK : FER_WOULD_BLOCK);
        peer_sends_to(peer, "from afar", "239.1.1.1:1000");
        advance_ms(1);
        gets(&member, "from afar", PEER_ADDR);
    }
    fer_udp_socket_close(&member);
    fer_udp_socket_close(&sender);
}

/* Each member gets a copy of the datagram. A socket that is bound to an address is a member only on
 * Windows. */
SIM_TEST(every_member_has_its_own_copy)
{
    fer_udp_socket members[3];
    static const char *const addresses[] = {"10.0.0.1:1000", "127.0.0.1:1000", "0.0.0.0:1001"};
    fer_ipv4_addr group = {{239, 1, 1, 1}};
    fer_ipv4_addr any = {{0, 0, 0, 0}};
    bool windows = is_winsock();
    memset(members, 0, sizeof members);
    fer_sim_peer peer = peer_at(PEER_ADDR);
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_bind(&members[i], addresses[i]));
        assert_ok(fer_udp_socket_join_multicast_v4(&members[i], group, any));
        assert_ok(fer_udp_socket_set_nonblocking(&members[i], true));
    }
    for (int round = 0; round < 3; round++) {
        peer_sends_to(peer, "to both", "239.1.1.1:1000");
        peer_sends_to(peer, "to one", "239.1.1.1:1001");
        advance_ms(1);
        for (int i = 0; i < 2; i++) {
            if (windows) {
                gets(&members[i], "to both", PEER_ADDR);
            }
            assert_kind(receive_one(&members[i]), FER_WOULD_BLOCK);
        }
        gets(&members[2], "to one", PEER_ADDR);
        assert_kind(receive_one(&members[2]), FER_WOULD_BLOCK);
    }
    for (int i = 0; i < 3; i++) {
        fer_udp_socket_close(&members[i]);
    }
}

/* ---- Invalid destinations */

SIM_UDP_TEST(a_send_to_the_wildcard_is_one_to_the_loopback_or_fails)
{
    fer_socket_addr to = addr_of("0.0.0.0:1000");
    fer_error_kind want = is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_OK;
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    assert_kind(fer_udp_socket_send_to(socket, "x", 1, &to, NULL), want);
    assert_kind(fer_udp_socket_connect_addr(socket, &to), want);
    if (want == FER_OK) {
        assert_ok(fer_udp_socket_peer_addr(socket, &to));
        assert_true(fer_ip_addr_is_loopback(to.ip));
    }
}

SIM_UDP_TEST(a_socket_of_one_address_cannot_reach_the_other_family)
{
    fer_socket_addr v4 = addr_of("127.0.0.1:9");
    assert_ok(fer_udp_socket_bind(socket, "[::1]:1000"));
    assert_kind(fer_udp_socket_send_to(socket, "x", 1, &v4, NULL), FER_NETWORK_UNREACHABLE);
    assert_kind(fer_udp_socket_connect_addr(socket, &v4), FER_NETWORK_UNREACHABLE);
}

TEST_MAIN("sim_datagrams")
