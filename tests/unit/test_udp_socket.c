/* test_udp_socket.c: each public function of a datagram socket calls the right part of core. Each
 * part has its own tests. */
#include "unit/scripted_platform.h"

#include "ferrule/udp.h"

static fer_udp_socket open_socket(uint32_t flags)
{
    fer_udp_socket socket;
    memset(&socket, 0, sizeof socket);
    script_begin(&script_posix);
    socket.handle_ = script_stream(flags);
    return socket;
}

#define V6_SOCKET_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, open_socket(FERI_FLAG_V6), function)

#define SOCKET_TEST(function) SCRIPT_TEST_WITH(fer_udp_socket socket, open_socket(0), function)

SCRIPT_TEST(each_way_to_bind_binds_and_forgets_the_old_peer)
{
    fer_udp_socket socket;
    fer_socket_addr addrs[2] = {{.port = 0}, {.port = 0}};
    memset(&socket, 0, sizeof socket);
    script_begin(&script_posix);
    addrs[0] = script_addr("192.0.2.1:1");
    addrs[1] = script_addr("192.0.2.2:2");
    socket.handle_.p_.peer_ = addrs[0];
    assert_ok(fer_udp_socket_bind_addr(&socket, &addrs[1]));
    assert_int_equal(socket.handle_.p_.peer_.port, 0);
    fer_udp_socket_close(&socket);
    assert_log("socket(udp,v4) bind(1,192.0.2.2:2) report_refusals(1,0) close(1)");
    script_then_fail(SCRIPT_BIND, FER_ADDR_NOT_AVAILABLE, 99);
    assert_error(fer_udp_socket_bind_addr(&socket, &addrs[0]), FER_ADDR_NOT_AVAILABLE, 99);
    assert_ok(fer_udp_socket_bind_addr(&socket, &addrs[1]));
    fer_udp_socket_close(&socket);
    assert_log("socket(udp,v4) bind(2,192.0.2.1:1) close(2) socket(udp,v4) bind(3,192.0.2.2:2) "
               "report_refusals(3,0) close(3)");
    socket.handle_.p_.peer_ = addrs[0];
    assert_ok(fer_udp_socket_bind(&socket, "192.0.2.3:0"));
    assert_int_equal(socket.handle_.p_.peer_.port, 0);
    assert_log("socket(udp,v4) bind(4,192.0.2.3:0) report_refusals(4,0)");
    assert_int_equal(fer_udp_socket_as_raw(&socket), 4);
    assert_error(fer_udp_socket_bind(&socket, "192.0.2.3:0"), FER_MISUSE, 0);
    assert_error_log(fer_udp_socket_bind_addr(&socket, &addrs[1]), FER_MISUSE, 0, "");
}

SOCKET_TEST(each_way_to_connect_connects)
{
    fer_socket_addr addrs[2] = {{.port = 0}, {.port = 0}};
    addrs[0] = script_addr("192.0.2.1:1");
    addrs[1] = script_addr("192.0.2.2:2");
    assert_ok(fer_udp_socket_connect_addr(&socket, &addrs[1]));
    assert_log("connect(1,192.0.2.2:2) peer_addr(1) report_refusals(1,1)");
    script_then_fail(SCRIPT_CONNECT, FER_NETWORK_UNREACHABLE, 101);
    assert_error(fer_udp_socket_connect_addr(&socket, &addrs[0]), FER_NETWORK_UNREACHABLE, 101);
    script.log[0] = '\0';
    assert_ok(fer_udp_socket_connect(&socket, "192.0.2.3:3"));
    assert_log("connect(1,192.0.2.3:3) peer_addr(1) report_refusals(1,1)");
    addrs[1].ip.family = (fer_ip_family)9;
    assert_error(fer_udp_socket_connect_addr(&socket, &addrs[1]), FER_INVALID_INPUT, 0);
    assert_error_log(fer_udp_socket_connect_addr(&socket, NULL), FER_MISUSE, 0, "");
}

SOCKET_TEST(a_name_s_addresses_are_tried_in_turn_and_its_lookup_ends)
{
    /* not usable for an IPv4 socket */
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("[2001:db8::1]:0");
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.2:0");
    script_then_fail(SCRIPT_CONNECT, FER_NETWORK_UNREACHABLE, 101);
    assert_ok_log(
        fer_udp_socket_connect(&socket, "example.test:80"),
        "lookup_begin(example.test) lookup_next() lookup_next() connect(1,192.0.2.1:80) "
        "peer_addr(1) report_refusals(1,1) "
        "lookup_next() connect(1,192.0.2.2:80) peer_addr(1) report_refusals(1,1) lookup_end()");
    assert_error(fer_udp_socket_connect(&socket, "example.test:80"), FER_INVALID_INPUT, 0);
    assert_log("lookup_begin(example.test) lookup_next() lookup_end()");
    script_then_fail(SCRIPT_LOOKUP_BEGIN, FER_HOST_NOT_FOUND, -2);
    assert_error(fer_udp_socket_connect(&socket, "example.test:80"), FER_HOST_NOT_FOUND, -2);
    assert_error(fer_udp_socket_connect(&socket, "192.0.2.1"), FER_INVALID_INPUT, 0);
    assert_error(fer_udp_socket_connect(&socket, NULL), FER_MISUSE, 0);
    assert_log("lookup_begin(example.test)");
}

SOCKET_TEST(the_addresses_are_the_os_s)
{
    fer_socket_addr got;
    assert_ok(fer_udp_socket_local_addr(&socket, &got));
    assert_int_equal(got.port, 1002);
    assert_ok(fer_udp_socket_peer_addr(&socket, &got));
    assert_int_equal(got.port, 1001);
    assert_forwards(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 107,
                    fer_udp_socket_peer_addr(&socket, &got));
    assert_error(fer_udp_socket_local_addr(&socket, NULL), FER_MISUSE, 0);
    assert_error(fer_udp_socket_peer_addr(&socket, NULL), FER_MISUSE, 0);
    assert_log("local_addr(1) peer_addr(1) peer_addr(1)");
}

SOCKET_TEST(each_transfer_is_its_own)
{
    fer_socket_addr to = script_addr("192.0.2.1:1");
    fer_udp_received got;
    char buf[4];
    size_t n = 0;
    assert_ok(fer_udp_socket_send(&socket, "x", 1, &n));
    assert_ok(fer_udp_socket_send_to(&socket, "xy", 2, &to, &n));
    assert_ok(fer_udp_socket_recv(&socket, buf, 1, &got));
    assert_ok(fer_udp_socket_recv_from(&socket, buf, 2, &got));
    assert_ok(fer_udp_socket_peek(&socket, buf, 3, &got));
    assert_ok_log(fer_udp_socket_peek_from(&socket, buf, 4, &got),
                  "send(1,1) send_to(1,2,192.0.2.1:1) recv_from(1,1) recv_from(1,2) peek_from(1,3) "
                  "peek_from(1,4)");
}

V6_SOCKET_TEST(each_mode_is_its_own)
{
    fer_duration duration;
    uint32_t number;
    assert_ok(fer_udp_socket_set_read_timeout(&socket, (fer_duration){1}));
    assert_ok(fer_udp_socket_set_write_timeout(&socket, (fer_duration){2}));
    assert_ok(fer_udp_socket_read_timeout(&socket, &duration));
    assert_ok(fer_udp_socket_write_timeout(&socket, &duration));
    assert_ok(fer_udp_socket_set_nonblocking(&socket, true));
    assert_ok(fer_udp_socket_set_ttl(&socket, 9));
    assert_ok_log(fer_udp_socket_ttl(&socket, &number),
                  "set_timeout(1,reading,1) set_timeout(1,writing,2) timeout(1,reading) "
                  "timeout(1,writing) set_nonblocking(1,1) "
                  "set_option(1,HOPS_V6,9) set_option(1,TTL_V4,9) option_value(1,HOPS_V6)");
}

V6_SOCKET_TEST(each_option_is_its_own)
{
    bool flag;
    uint32_t number;
    assert_ok(fer_udp_socket_set_broadcast(&socket, true));
    assert_ok(fer_udp_socket_broadcast(&socket, &flag));
    assert_ok(fer_udp_socket_set_multicast_loop_v4(&socket, false));
    assert_ok(fer_udp_socket_multicast_loop_v4(&socket, &flag));
    assert_ok(fer_udp_socket_set_multicast_ttl_v4(&socket, 3));
    assert_ok(fer_udp_socket_multicast_ttl_v4(&socket, &number));
    assert_ok(fer_udp_socket_set_multicast_loop_v6(&socket, true));
    assert_ok_log(fer_udp_socket_multicast_loop_v6(&socket, &flag),
                  "set_option(1,BROADCAST,1) option_value(1,BROADCAST) set_option(1,LOOP_V4,0) "
                  "option_value(1,LOOP_V4) "
                  "set_option(1,MULTICAST_TTL_V4,3) option_value(1,MULTICAST_TTL_V4) "
                  "set_option(1,LOOP_V6,1) option_value(1,LOOP_V6)");
}

V6_SOCKET_TEST(each_group_call_is_its_own)
{
    fer_ipv4_addr v4 = {{224, 0, 0, 9}};
    fer_ipv4_addr local = {{0, 0, 0, 0}};
    fer_ipv6_addr v6 = {{0xff, 2, [15] = 9}};
    assert_ok(fer_udp_socket_join_multicast_v4(&socket, v4, local));
    assert_ok(fer_udp_socket_leave_multicast_v4(&socket, v4, local));
    assert_ok(fer_udp_socket_join_multicast_v6(&socket, v6, 1));
    assert_ok_log(
        fer_udp_socket_leave_multicast_v6(&socket, v6, 1),
        "change_group_v4(1,join,224.0.0.9,0.0.0.0) change_group_v4(1,leave,224.0.0.9,0.0.0.0) "
        "change_group_v6(1,join,ff02::9,1) change_group_v6(1,leave,ff02::9,1)");
}

SOCKET_TEST(a_pending_refusal_is_reported_as_one)
{
    fer_error got = {FER_OTHER, 1};
    assert_ok(fer_udp_socket_take_error(&socket, &got));
    assert_ok(got);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_RESET, 10054};
    assert_ok(fer_udp_socket_take_error(&socket, &got));
    assert_error(got, FER_CONNECTION_REFUSED, 10054);
    assert_forwards(SCRIPT_TAKE_ERROR, FER_BAD_HANDLE, 9, fer_udp_socket_take_error(&socket, &got));
    assert_error_log(got, FER_CONNECTION_REFUSED, 10054,
                     "take_error(1) take_error(1) take_error(1)");
}

SOCKET_TEST(a_clone_has_the_peer_and_queries_it)
{
    fer_udp_socket clone;
    fer_socket_addr peer = script_addr("192.0.2.1:1001");
    fer_udp_received got;
    char buf[4];
    memset(&clone, 0, sizeof clone);
    socket.handle_.p_.peer_ = peer;
    assert_ok(fer_udp_socket_try_clone(&socket, &clone));
    assert_true(fer_socket_addr_eq(&clone.handle_.p_.peer_, &peer));
    assert_int_equal(fer_udp_socket_as_raw(&clone), 2);
    assert_ok(fer_udp_socket_recv(&clone, buf, 4, &got));
    assert_ok(fer_udp_socket_recv(&socket, buf, 4, &got));
    assert_log("duplicate(1) wake(1) recv_from(2,4) peer_addr(2) recv_from(1,4) peer_addr(1)");
    assert_error(fer_udp_socket_try_clone(&socket, &clone), FER_MISUSE, 0);
    fer_udp_socket_close(&socket);
    fer_udp_socket_close(&clone);
    assert_log("close(1) close(2)");
}

#define ADOPTED "describe(1) timeout(1,reading) timeout(1,writing) linger(1) adopt(1)"
#define INTO_RAW                                                                               \
    "set_timeout(1,reading,18446744073709551615) set_timeout(1,writing,18446744073709551615) " \
    "set_nonblocking(1,0)"

SCRIPT_TEST(raw_sockets_come_and_go)
{
    static const struct {
        ferp_description description;
        const char *log;
    } rows[] = {
        {{.is_datagram = true, .is_ip = true, .family = FER_IP_V4, .is_connected = true},
         ADOPTED " report_refusals(1,1)"},
        {{.is_datagram = true, .is_ip = true, .family = FER_IP_V6},
         ADOPTED " report_refusals(1,0)"},
        {{.is_datagram = true, .is_ip = false, .is_connected = true}, "describe(1)"},
        {{.is_stream = true, .is_ip = true, .is_connected = true}, "describe(1)"},
        {{.is_stream = true, .is_ip = true, .is_listening = true}, "describe(1)"},
        {{.is_ip = true}, "describe(1)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_udp_socket socket;
        script_begin(&script_windows);
        memset(&socket, 0, sizeof socket);
        script_then(SCRIPT_DESCRIBE)->description = rows[i].description;
        fer_raw_socket raw = script_open_socket();
        bool adopted = i < 2;
        assert_error_log(fer_udp_socket_from_raw(&socket, raw),
                         adopted ? FER_OK : FER_INVALID_INPUT, 0, rows[i].log);
        assert_int_equal(fer_udp_socket_as_raw(&socket), adopted ? raw : FER_RAW_SOCKET_NONE);
        assert_int_equal(script.sockets_open, 1);
        assert_int_equal(fer_udp_socket_into_raw(&socket), adopted ? raw : FER_RAW_SOCKET_NONE);
        assert_log(adopted ? INTO_RAW : "");
    }
}

SCRIPT_TEST(null_is_refused_by_every_function)
{
    /* volatile, because link-time optimization would otherwise warn about unreachable code */
    fer_udp_socket *volatile null = NULL;
    fer_udp_socket socket = open_socket(0);
    fer_socket_addr addr = script_addr("192.0.2.1:1");
    fer_duration duration;
    fer_error error;
    bool flag;
    uint32_t number;
    assert_error(fer_udp_socket_bind(null, "192.0.2.1:1"), FER_MISUSE, 0);
    assert_error(fer_udp_socket_bind_addr(null, &addr), FER_MISUSE, 0);
    assert_error(fer_udp_socket_connect(null, "192.0.2.1:1"), FER_MISUSE, 0);
    assert_error(fer_udp_socket_connect_addr(null, &addr), FER_MISUSE, 0);
    assert_error(fer_udp_socket_peer_addr(null, &addr), FER_MISUSE, 0);
    assert_error(fer_udp_socket_local_addr(null, &addr), FER_MISUSE, 0);
    assert_error(fer_udp_socket_set_read_timeout(null, (fer_duration){1}), FER_MISUSE, 0);
    assert_error(fer_udp_socket_read_timeout(null, &duration), FER_MISUSE, 0);
    assert_error(fer_udp_socket_set_nonblocking(null, true), FER_MISUSE, 0);
    assert_error(fer_udp_socket_take_error(null, &error), FER_MISUSE, 0);
    assert_error(fer_udp_socket_take_error(&socket, NULL), FER_MISUSE, 0);
    assert_error(fer_udp_socket_set_ttl(null, 1), FER_MISUSE, 0);
    assert_error(fer_udp_socket_ttl(null, &number), FER_MISUSE, 0);
    assert_error(fer_udp_socket_set_broadcast(null, true), FER_MISUSE, 0);
    assert_error(fer_udp_socket_broadcast(null, &flag), FER_MISUSE, 0);
    assert_error(fer_udp_socket_try_clone(null, &socket), FER_MISUSE, 0);
    assert_error(fer_udp_socket_try_clone(&socket, NULL), FER_MISUSE, 0);
    assert_error(fer_udp_socket_from_raw(null, FER_RAW_SOCKET_NONE), FER_INVALID_INPUT, 0);
    assert_int_equal(fer_udp_socket_as_raw(null), FER_RAW_SOCKET_NONE);
    assert_int_equal(fer_udp_socket_into_raw(null), FER_RAW_SOCKET_NONE);
    fer_udp_socket_close(null);
    assert_log("describe(-1)");
}

TEST_MAIN("udp_socket")
