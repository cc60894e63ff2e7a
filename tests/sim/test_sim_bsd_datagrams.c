/* test_sim_bsd_datagrams.c: the switches of the BSD dialect for datagrams, over IP and Unix
 * sockets. */
#include "platform/sim/network.h"
#include "sim/sim_bsd.h"

static size_t n;

static fer_raw_socket udp_socket(void)
{
    return raw_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
}

static fer_raw_socket udp_bound(fer_socket_addr *addr)
{
    *addr = addr_of("127.0.0.1:0");
    fer_raw_socket raw = udp_socket();
    assert_ok(ferp_bind(raw, addr));
    assert_ok(ferp_local_addr(raw, addr));
    return raw;
}

/* ---- IP */

/* send_to_connected_is_eisconn: platform/posix sends to the peer itself. */
BSD_TEST(sending_to_another_address_is_eisconn)
{
    fer_socket_addr peer, other, own;
    (void)udp_bound(&peer);
    (void)udp_bound(&other);
    fer_raw_socket raw = udp_bound(&own);
    assert_ok(ferp_send_to(raw, "x", 1, 0, &other, &n));
    assert_ok(ferp_connect(raw, &peer));
    assert_code(ferp_send_to(raw, "x", 1, 0, &other, &n), FER_ALREADY_CONNECTED, 56);
    assert_ok(ferp_send_to(raw, "x", 1, 0, &peer, &n));
}

/* wildcard_destination_is_einval is a stream's switch. */
BSD_TEST(a_datagram_to_the_wildcard_reaches_the_loopback)
{
    fer_socket_addr to;
    fer_udp_received datagram;
    char byte = 0;
    fer_raw_socket receiver = udp_bound(&to);
    to.ip = addr_of("0.0.0.0:0").ip;
    fer_raw_socket raw = udp_socket();
    assert_ok(ferp_send_to(raw, "x", 1, 0, &to, &n));
    assert_ok(ferp_recv_from(receiver, &byte, 1, 0, &datagram));
    assert_ok(ferp_connect(raw, &to));
}

/* The first peer is not on a route from the bound address, so a connect to it could not undo a
 * second one that fails. */
BSD_TEST(a_second_connect_that_is_refused_keeps_the_bound_address)
{
    fer_socket_addr addr;
    const fer_socket_addr own = addr_of("10.0.0.1:1000"), peer = addr_of("127.0.0.1:9");
    assert_ok(fer_udp_socket_bind_addr(&test.udp, &own));
    assert_ok(fer_udp_socket_connect_addr(&test.udp, &peer));
    assert_kind(fer_udp_socket_connect(&test.udp, "255.255.255.255:9"), FER_PERMISSION_DENIED);
    assert_ok(fer_udp_socket_local_addr(&test.udp, &addr));
    assert_true(fer_socket_addr_eq(&addr, &own));
    assert_ok(fer_udp_socket_peer_addr(&test.udp, &addr));
    assert_true(fer_socket_addr_eq(&addr, &peer));
}

/* group_reaches_all */
BSD_TEST(a_group_reaches_its_members_or_every_wildcard_socket)
{
    fer_udp_socket *sockets[] = {&test.udp, &test.udp2};
    char byte;
    fer_udp_received got;
    const fer_ipv4_addr any = {{0}};
    assert_ok(fer_udp_socket_bind(sockets[0], "0.0.0.0:1000"));
    assert_ok(fer_udp_socket_bind(sockets[1], "0.0.0.0:1001"));
    for (int i = 0; i < 2; i++) {
        fer_ipv4_addr joined = {{239, 1, 1, (uint8_t)(i + 1)}};
        assert_ok(fer_udp_socket_join_multicast_v4(sockets[i], joined, any));
        assert_ok(fer_udp_socket_send_to(sockets[0], "x", 1, addr_at("239.1.1.1:1001"), NULL));
        advance_ms(1);
        assert_kind(fer_udp_socket_try_recv_from(sockets[1], &byte, 1, &got),
                    is_on(ON_NETBSD | ON_OPENBSD) ? FER_OK : FER_WOULD_BLOCK);
    }
}

/* lacks_sent_ttl, lacks_ecn_v4: of IPv4 only. */
BSD_TEST(a_message_over_ipv4_has_no_hop_limit_and_not_always_a_traffic_class)
{
    const fer_socket_addr v4 = addr_of("127.0.0.1:1000"), v6 = addr_of("[::1]:1001");
    fer_datagram_send out = {.buf = "x", .len = 1, .to = &v4, .hop_limit = 9};
    assert_ok(fer_udp_socket_bind_addr(&test.udp, &v4));
    assert_ok(fer_udp_socket_bind_addr(&test.udp2, &v6));
    assert_kind(fer_udp_socket_send_batch(&test.udp, &out, 1, NULL), FER_UNSUPPORTED);
    out.hop_limit = 0;
    out.has_traffic_class = true;
    assert_kind(fer_udp_socket_send_batch(&test.udp, &out, 1, NULL),
                is_on(ON_NETBSD | ON_OPENBSD) ? FER_UNSUPPORTED : FER_OK);
    out.hop_limit = 9;
    out.to = &v6;
    out.sent = 0;
    assert_ok(fer_udp_socket_send_batch(&test.udp2, &out, 1, NULL));
}

/* lacks_mapped_ttl */
BSD_TEST(a_datagram_of_ipv4_has_a_hop_limit_at_an_ipv6_socket_except_on_macos)
{
    char byte;
    fer_datagram_recv in = {.buf = &byte, .cap = 1};
    if (is_on(ON_OPENBSD)) {
        return; /* it has no dual stack */
    }
    assert_ok(fer_udp_socket_bind(&test.udp, "[::]:1000"));
    assert_ok(fer_udp_socket_bind(&test.udp2, "127.0.0.1:1001"));
    assert_ok(fer_udp_socket_enable(&test.udp, FER_UDP_HOP_LIMIT, NULL));
    assert_ok(fer_udp_socket_send_to(&test.udp2, "x", 1, addr_at("127.0.0.1:1000"), NULL));
    assert_ok(fer_udp_socket_recv_batch(&test.udp, &in, 1, NULL));
    assert_int_equal(in.has_hop_limit, !is_on(ON_MACOS));
    assert_int_equal(in.hop_limit, is_on(ON_MACOS) ? 0 : 64);
}

/* mapped_peer_is_plain: the library returns the mapped form, and the datagram is the peer's. */
BSD_TEST(an_ipv6_socket_has_the_mapped_form_of_its_ipv4_peer)
{
    char byte;
    fer_udp_received got;
    fer_datagram_recv in = {.buf = &byte, .cap = 1};
    const fer_socket_addr to = addr_of("127.0.0.1:1000"), plain = addr_of("127.0.0.1:1001"),
                          mapped = addr_of("[::ffff:127.0.0.1]:1001");
    if (is_on(ON_OPENBSD)) {
        return; /* it has no dual stack */
    }
    assert_ok(fer_udp_socket_bind(&test.udp, "[::]:1000"));
    assert_ok(fer_udp_socket_bind_addr(&test.udp2, &plain));
    assert_ok(fer_udp_socket_connect_addr(&test.udp, &plain));
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_send_to(&test.udp2, "x", 1, &to, NULL));
    }
    assert_ok(ferp_recv_from(fer_udp_socket_as_raw(&test.udp), &byte, 1, 0, &got));
    assert_true(fer_socket_addr_eq(&got.from, is_on(ON_MACOS | ON_FREEBSD) ? &plain : &mapped));
    assert_ok(fer_udp_socket_try_recv_from(&test.udp, &byte, 1, &got));
    assert_true(fer_socket_addr_eq(&got.from, &mapped));
    assert_ok(fer_udp_socket_try_recv_batch(&test.udp, &in, 1, NULL));
    assert_true(fer_socket_addr_eq(&in.from, &mapped));
}

/* lacks_sources, keeps_filter_mode: a group without its last source is joined from every sender
 * only after it was left. */
BSD_TEST(a_group_has_sources_or_every_sender)
{
    const fer_ipv4_addr any = {{0}}, group = {{239, 1, 1, 1}}, one = {{10, 0, 0, 7}};
    const fer_ipv6_addr g6 = {{0xff, 2, [15] = 1}}, one6 = {{0xfd, [15] = 7}};
    fer_udp_socket *v4 = &test.udp, *v6 = &test.udp2;
    assert_ok(fer_udp_socket_bind(v4, "0.0.0.0:1000"));
    assert_ok(fer_udp_socket_bind(v6, "[::1]:1001"));
    if (is_on(ON_NETBSD | ON_OPENBSD)) {
        assert_kind(fer_udp_socket_join_ssm_v4(v4, group, one, any), FER_UNSUPPORTED);
        assert_kind(fer_udp_socket_leave_ssm_v6(v6, g6, one6, 1), FER_UNSUPPORTED);
        return;
    }
    assert_ok(fer_udp_socket_join_ssm_v4(v4, group, one, any));
    assert_kind(fer_udp_socket_join_ssm_v4(v4, group, one, any), FER_ADDR_IN_USE);
    assert_ok(fer_udp_socket_leave_ssm_v4(v4, group, one, any));
    assert_kind(fer_udp_socket_leave_ssm_v4(v4, group, one, any), FER_ADDR_NOT_AVAILABLE);
    assert_kind(fer_udp_socket_join_multicast_v4(v4, group, any), FER_ADDR_NOT_AVAILABLE);
    assert_ok(fer_udp_socket_join_ssm_v4(v4, group, one, any));
    assert_ok(fer_udp_socket_leave_multicast_v4(v4, group, any));
    assert_ok(fer_udp_socket_join_multicast_v4(v4, group, any));
    assert_kind(fer_udp_socket_join_ssm_v4(v4, group, one, any), FER_ADDR_IN_USE);
    assert_ok(fer_udp_socket_join_ssm_v6(v6, g6, one6, 1));
    assert_kind(fer_udp_socket_join_multicast_v6(v6, g6, 1), FER_ADDR_IN_USE);
    assert_kind(fer_udp_socket_join_ssm_v6(v6, g6, one6, 0), FER_ADDR_NOT_AVAILABLE);
}

/* broadcast_bind_is_unavailable, broadcast_datagrams_bind, group_stream_is_eafnosupport. A send to
 * the broadcast address needs SO_BROADCAST, and a connect does not. Core refuses it. */
BSD_TEST(a_group_is_bound_by_datagram_sockets_and_a_broadcast_needs_an_option)
{
    const fer_socket_addr group = addr_of("239.1.1.1:0"), all = addr_of("255.255.255.255:0");
    fer_raw_socket raw = udp_socket();
    assert_ok(ferp_bind(udp_socket(), &group));
    assert_kind(ferp_bind(raw_socket(), &group),
                is_on(ON_MACOS | ON_FREEBSD) ? FER_UNSUPPORTED : FER_OK);
    assert_kind(ferp_bind(udp_socket(), &all), is_on(ON_OPENBSD) ? FER_OK : FER_ADDR_NOT_AVAILABLE);
    assert_int_not_equal(ferp_bind(raw_socket(), &all).kind, FER_OK);
    assert_ok(ferp_connect(raw, addr_at("255.255.255.255:9")));
    assert_code(ferp_send(raw, "x", 1, 0, &n), FER_PERMISSION_DENIED, 13);
    assert_ok(ferp_set_option(raw, FERP_BROADCAST, 1));
    assert_ok(ferp_send(raw, "x", 1, 0, &n));
    assert_ok(ferp_set_option(raw, FERP_BROADCAST, 0));
    assert_code(ferp_send(raw, "x", 1, 0, &n), FER_PERMISSION_DENIED, 13);
}

/* owns_one_loopback_address, other_loopback_status: row `loopback_addresses` */
BSD_TEST(the_machine_has_one_address_of_127)
{
    static const char *const others[] = {"127.0.0.2:0", "127.255.255.255:0"};
    fer_error_kind error = is_on(ON_FREEBSD)               ? FER_ADDR_NOT_AVAILABLE
                           : is_on(ON_NETBSD | ON_OPENBSD) ? FER_NETWORK_UNREACHABLE
                                                           : FER_OK;
    fer_tcp_listener listener = {0};
    fer_tcp_stream stream = {0};
    fer_udp_socket udp = {0};
    fer_udp_received got;
    char byte = 0;
    for (size_t i = 0; i < 2; i++) {
        assert_kind(fer_udp_socket_bind(&udp, others[i]), FER_ADDR_NOT_AVAILABLE);
        assert_kind(fer_tcp_listener_bind(&listener, others[i]), FER_ADDR_NOT_AVAILABLE);
    }
    assert_ok(fer_tcp_listener_bind(&listener, "0.0.0.0:80"));
    assert_kind(fer_tcp_stream_connect_timeout(&stream, addr_at("127.0.0.2:80"), millis(100)),
                error == FER_OK ? FER_TIMED_OUT : error);
    assert_ok(fer_tcp_stream_connect(&stream, "127.0.0.1:80"));
    fer_tcp_stream_close(&stream);
    fer_tcp_listener_close(&listener);
    assert_ok(fer_udp_socket_bind(&udp, "0.0.0.0:1000"));
    assert_ok(fer_udp_socket_set_nonblocking(&udp, true));
    assert_kind(fer_udp_socket_send_to(&udp, "x", 1, addr_at("127.0.0.2:1000"), NULL), error);
    assert_ok(fer_udp_socket_send_to(&udp, "y", 1, addr_at("127.0.0.1:1000"), NULL));
    assert_ok(fer_sim_advance(millis(1)));
    assert_ok(fer_udp_socket_recv_from(&udp, &byte, 1, &got));
    assert_int_equal(byte, 'y');
    fer_udp_socket_close(&udp);
}

/* A peer there is as an address that was added to lo0. */
BSD_TEST(a_peer_at_another_loopback_address_is_reached)
{
    fer_sim_peer peer;
    fer_tcp_stream stream = {0};
    fer_socket_addr addr = addr_of("127.0.0.2:80");
    assert_ok(fer_sim_peer_listen(&addr, 1, &peer));
    assert_ok(fer_tcp_stream_connect_addr(&stream, &addr));
    fer_tcp_stream_close(&stream);
}

/* network_broadcast_binds_datagrams_only: row `network_broadcast_bind`. A connect is EACCES
 * (ip_output). */
BSD_TEST(the_broadcast_address_of_the_network_is_bound)
{
    const fer_socket_addr all = addr_of("10.0.0.255:0");
    assert_ok(ferp_bind(udp_socket(), &all));
    assert_kind(ferp_bind(raw_socket(), &all), is_on(ON_OPENBSD) ? FER_ADDR_NOT_AVAILABLE : FER_OK);
    assert_kind(ferp_connect(raw_socket(), addr_at("10.0.0.255:9")), FER_PERMISSION_DENIED);
}

/* udp_reconnect_unbinds */
BSD_TEST(connecting_again_unbinds_the_address)
{
    fer_socket_addr own, now;
    fer_raw_socket raw = udp_bound(&own);
    assert_ok(ferp_connect(raw, addr_at("127.0.0.1:9")));
    assert_int_not_equal(ferp_connect(raw, addr_at("[fd00::7]:9")).kind, FER_OK);
    assert_kind(ferp_check_connected(raw), FER_NOT_CONNECTED);
    assert_ok(ferp_local_addr(raw, &now));
    assert_true(fer_ip_addr_is_unspecified(now.ip));
    assert_int_equal(now.port, own.port);
}

/* U5: core tries the connect with another socket first, and repeats it after a signal too. */
BSD_TEST(connecting_again_survives_a_signal)
{
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_connect(&test.udp, "127.0.0.1:9"));
    for (uint64_t nth = 1; nth <= 2; nth++) {
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_INTERRUPTED, nth));
        assert_ok(fer_udp_socket_connect(&test.udp, nth == 1 ? "127.0.0.1:10" : "127.0.0.1:9"));
        assert_int_equal(fer_sim_clear_faults(), 0);
    }
}

/* udp_send_buffer_is_limit */
BSD_TEST(a_datagram_fits_into_the_send_buffer)
{
    static char bytes[9217];
    fer_socket_addr addr;
    fer_raw_socket raw = udp_bound(&addr);
    assert_ok(ferp_set_option(raw, FERP_SEND_BUFFER, 9216));
    assert_code(ferp_send_to(raw, bytes, 9217, 0, &addr, &n), FER_MESSAGE_TOO_LONG, 40);
    assert_ok(ferp_send_to(raw, bytes, 9216, 0, &addr, &n));
    assert_ok(ferp_set_option(raw, FERP_SEND_BUFFER, 65535));
    assert_ok(ferp_send_to(raw, bytes, 9217, 0, &addr, &n));
}

/* binds_by_address, dual_stack_beside_ipv4, separates_ip_versions, lacks_dual_stack */
BSD_TEST(a_listener_beside_another_address)
{
    const fer_socket_addr specific = addr_of("127.0.0.1:7001");
    fer_raw_socket one = raw_socket(), two = raw_socket(), three = raw_socket();
    fer_raw_socket dual = raw_new(FER_DOMAIN_IPV6, FER_TYPE_STREAM);
    assert_ok(ferp_set_option(one, FERP_REUSE_ADDRESS, 1));
    assert_ok(ferp_set_option(two, FERP_REUSE_ADDRESS, 1));
    assert_ok(ferp_bind(one, addr_at("0.0.0.0:7001")));
    assert_ok(ferp_listen(one, 4));
    assert_kind(ferp_bind(three, &specific), FER_ADDR_IN_USE);
    assert_ok(ferp_bind(two, &specific));
    assert_ok(ferp_listen(two, 4));
    assert_ok(ferp_set_option(dual, FERP_REUSE_ADDRESS, 1));
    assert_ok(ferp_bind(dual, addr_at("[::]:7001")));
}

/* lacks_dual_stack */
BSD_TEST(openbsd_has_no_dual_stack)
{
    bool lacks = is_on(ON_OPENBSD);
    const fer_socket_addr closed = addr_of("[::ffff:127.0.0.1]:9");
    fer_error_kind other = lacks ? FER_ADDR_NOT_AVAILABLE : FER_OK;
    fer_raw_socket raws[3];
    uint32_t only = 77;
    for (size_t i = 0; i < 3; i++) {
        raws[i] = raw_new(FER_DOMAIN_IPV6, FER_TYPE_STREAM);
        assert_kind(ferp_set_option(raws[i], FERP_ONLY_V6, 0), lacks ? FER_INVALID_INPUT : FER_OK);
        assert_ok_n(ferp_option_value(raws[i], FERP_ONLY_V6, &only), only, lacks);
    }
    assert_ok(ferp_set_option(raws[0], FERP_ONLY_V6, 1));
    assert_ok(ferp_bind(raws[0], addr_at("[::1]:7002")));
    assert_kind(ferp_bind(raws[1], addr_at("[::ffff:127.0.0.1]:7002")), other);
    assert_kind(ferp_connect(raws[2], &closed), lacks ? other : FER_CONNECTION_REFUSED);
    fer_raw_socket datagrams = raw_new(FER_DOMAIN_IPV6, FER_TYPE_DGRAM);
    assert_kind(ferp_send_to(datagrams, "x", 1, 0, &closed, &n), other);
    assert_kind(ferp_connect(datagrams, &closed), other);
}

/* ---- Unix sockets */

static fer_raw_socket unix_bound(const char *path, fer_unix_addr *addr)
{
    assert_ok(fer_unix_addr_from_pathname(addr, path));
    fer_raw_socket raw = raw_new(FER_DOMAIN_UNIX, FER_TYPE_DGRAM);
    assert_ok(ferp_unix_bind(raw, addr));
    return raw;
}

static fer_error receive(fer_raw_socket raw)
{
    char buf[8];
    fer_unix_received got;
    return ferp_unix_recv_from(raw, buf, sizeof buf, FERP_DONTWAIT, &got);
}

/* unix_full_datagrams: Linux' sender waits. */
BSD_TEST(a_full_unix_queue_is_enobufs)
{
    fer_unix_addr addrs[2];
    fer_error error;
    fer_raw_socket receiver = unix_bound("/run/receiver", &addrs[0]);
    fer_raw_socket sender = unix_bound("/run/sender", &addrs[1]);
    while ((error = ferp_unix_send_to(sender, "x", 1, 0, &addrs[0], &n)).kind == FER_OK) {
    }
    assert_code(error, FER_NO_BUFFER_SPACE, 55);
    assert_ok(receive(receiver));
    assert_ok(ferp_unix_send_to(sender, "x", 1, 0, &addrs[0], &n));
}

/* unix_peer_close_is_econnreset: a receive and a send, once. */
BSD_TEST(a_unix_peer_that_closes_is_econnreset)
{
    fer_unix_addr addrs[2];
    for (int sends = 0; sends < 2; sends++) {
        fer_raw_socket peer = unix_bound(sends ? "/run/peer2" : "/run/peer", &addrs[0]);
        fer_raw_socket raw = unix_bound(sends ? "/run/own2" : "/run/own", &addrs[1]);
        assert_ok(ferp_unix_connect(raw, &addrs[0]));
        ferp_close(peer);
        assert_code(sends ? raw_send(raw, "x") : receive(raw), FER_CONNECTION_RESET, 54);
        assert_kind(raw_send(raw, "x"), FER_NOT_CONNECTED);
        assert_kind(receive(raw), FER_WOULD_BLOCK);
    }
}

/* unix_connected_hears_all, unix_reconnect_keeps_queue */
BSD_TEST(a_connected_unix_socket_receives_all_and_keeps_its_queue)
{
    fer_unix_addr addrs[3];
    fer_raw_socket one = unix_bound("/run/one", &addrs[0]);
    fer_raw_socket two = unix_bound("/run/two", &addrs[1]);
    fer_raw_socket raw = unix_bound("/run/own", &addrs[2]);
    assert_ok(ferp_unix_connect(raw, &addrs[0]));
    assert_ok(ferp_unix_send_to(two, "x", 1, 0, &addrs[2], &n));
    assert_ok(ferp_unix_connect(raw, &addrs[1]));
    assert_ok(receive(raw));
    assert_code(raw_error(one), FER_OK, 0);
}

/* unix_datagram_to_shut_is_einval, unix_datagram_to_shut_is_enobufs */
BSD_TEST(a_datagram_to_a_shut_read_half)
{
    fer_raw_socket ends[2];
    assert_ok(ferp_unix_pair(FER_TYPE_DGRAM, &ends[0], &ends[1]));
    assert_ok(ferp_shutdown(ends[1], FER_SHUTDOWN_READ));
    assert_kind(raw_send(ends[0], "x"), is_on(ON_MACOS) ? FER_BROKEN_PIPE : FER_NO_BUFFER_SPACE);
    assert_ok(ferp_shutdown(ends[0], FER_SHUTDOWN_WRITE));
    assert_kind(raw_send(ends[0], "x"), FER_BROKEN_PIPE);
}

/* unconnected_shutdown_is_enotconn, unconnected_shutdown_fails */
BSD_TEST(shutdown_of_an_unconnected_datagram_socket)
{
    fer_unix_addr addr;
    fer_raw_socket raw = unix_bound("/run/own", &addr);
    assert_kind(ferp_shutdown(raw, FER_SHUTDOWN_WRITE),
                is_on(ON_MACOS | ON_FREEBSD) ? FER_NOT_CONNECTED : FER_OK);
    assert_kind(ferp_unix_send_to(raw, "x", 1, 0, &addr, &n),
                is_on(ON_MACOS) ? FER_OK : FER_BROKEN_PIPE);
}

TEST_MAIN("sim_bsd_datagrams")
