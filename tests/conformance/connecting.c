/* connecting.c: rules C1 to C4 and C6: connecting, its time limit, several addresses, and what a
 * failure leaves behind. Handles that are open (C6): misuse.c. The order of addresses (C3):
 * unit/test_connecting.c, crossings.c. */
#include <stdio.h>

#include "support/process.h"
#include "support/socket_fixture.h"

/* The OS reports a refusal within this time. Windows retries for two seconds, which is longer. */
enum { REFUSED_WITHIN_US = 1500000, MANY = 70 };

static void assert_many_are_unreachable(const char *text)
{
    fer_socket_addr addr;
    fer_socket built = {0};
    fer_tcp_stream stream = {0};
    assert_ok(fer_socket_addr_parse(&addr, text));
    assert_own(fer_tcp_stream_connect_addr(&stream, &addr), FER_NETWORK_UNREACHABLE);
    assert_own(fer_tcp_stream_connect_timeout(&stream, &addr, millis(9000)),
               FER_NETWORK_UNREACHABLE);
    assert_own(fer_tcp_stream_connect_start(&stream, &addr), FER_NETWORK_UNREACHABLE);
    assert_new(&stream);
    assert_ok(fer_socket_new(&built,
                             addr.ip.family == FER_IP_V4 ? FER_DOMAIN_IPV4 : FER_DOMAIN_IPV6,
                             FER_TYPE_STREAM, 0));
    assert_own(fer_socket_connect(&built, &addr), FER_NETWORK_UNREACHABLE);
    fer_socket_close(&built);
}

RULE_TEST("C2", a_stream_to_a_group_or_the_broadcast_address_is_network_unreachable)
{
    assert_many_are_unreachable("224.0.0.1:9");
    assert_many_are_unreachable("255.255.255.255:9");
    skip_without_v6();
    assert_many_are_unreachable("[ff02::1]:9");
    assert_many_are_unreachable("[::ffff:224.0.0.1]:9");
    assert_many_are_unreachable("[::ffff:255.255.255.255]:9");
}

/* `link_local_without_scope`. On Windows it may be a host that does not answer. */
RULE_TEST("C2", a_stream_to_a_link_local_address_without_scope_fails)
{
    fer_tcp_stream stream = {0};
    fer_socket_addr addr;
    skip_without_v6();
    assert_ok(fer_socket_addr_parse(&addr, "[fe80::1]:9"));
    fer_error error = fer_tcp_stream_connect_timeout(&stream, &addr, millis(100));
    bool is_posix = error.kind == FER_INVALID_INPUT || error.kind == FER_HOST_UNREACHABLE;
    assert_true(is_posix || (peer_is_windows() && error.kind != FER_OK));
    assert_new(&stream);
}

/* C2: "An expired connect_timeout is TIMED_OUT", with os_code 0 and not too early. The handle is
 * NEW afterwards (C4). */
STREAM_TEST("C2", expiry_of_connect_timeout_is_timed_out)
{
    static const uint64_t limits_us[] = {0, 1000, 150000};
    uint16_t port = 0;
    assert_true(peer_listen(PEER_V4, 1, &port) != PEER_NONE);
    fer_socket_addr addr = loopback(PEER_V4, port);
    skip_if(!peer_fill_backlog(PEER_V4, port),
            "this OS refuses if a backlog is full, so no connect can be made to wait");
    for (size_t i = 0; i < 3; i++) {
        fer_duration limit = {limits_us[i] == 0 ? 1 : limits_us[i] * 1000};
        uint64_t start = peer_now_us();
        fer_error error = fer_tcp_stream_connect_timeout(stream, &addr, limit);
        uint64_t took = microseconds_since(start);
        assert_own(error, FER_TIMED_OUT);
        assert_true(took + NOT_SOONER_SLACK_US >= limits_us[i]);
        assert_true(took < 8000000);
        assert_new(stream);
    }
    peer_socket listener;
    addr = accepting_addr(PEER_V4, &listener);
    assert_ok(fer_tcp_stream_connect_addr(stream, &addr));
    assert_exchange(stream, peer_accept(listener));
}

/* C2: "A port without a listener is CONNECTION_REFUSED", by every connect function; on Windows'
 * loopback "immediately instead of after 2 s". C1: "The system's final answer ... decides whether a
 * connect has succeeded, not writability": a refusal under a timeout makes the socket writable. */
FAMILY_TEST("C1/C2", a_closed_port_is_connection_refused_immediately)
{
    fer_socket_addr addr = refusing_addr(family);
    fer_tcp_stream *stream = test_stream();
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    (void)fer_socket_addr_format(&addr, text, sizeof text);
    for (int how = 0; how < 12; how++) {
        uint64_t start = peer_now_us();
        fer_error error = how == 0   ? fer_tcp_stream_connect_addr(stream, &addr)
                          : how == 1 ? fer_tcp_stream_connect_addrs(stream, &addr, 1, NULL)
                          : how == 2 ? fer_tcp_stream_connect(stream, text)
                                     : fer_tcp_stream_connect_timeout(stream, &addr, millis(9000));
        assert_kind(error, FER_CONNECTION_REFUSED);
        assert_true(error.os_code == process_code_refused() ||
                    (peer_is_windows() && error.os_code == 0));
        assert_true(microseconds_since(start) < REFUSED_WITHIN_US);
        assert_new(stream);
    }
}

/* C2: "port 0 is one, with os_code 0, immediately", and the next address is tried. */
STREAM_TEST("C2", port_0_is_connection_refused)
{
    peer_socket listener;
    fer_socket_addr addrs[] = {loopback(PEER_V4, 0), accepting_addr(PEER_V4, &listener)};
    assert_own(fer_tcp_stream_connect_addr(stream, &addrs[0]), FER_CONNECTION_REFUSED);
    assert_own(fer_tcp_stream_connect_timeout(stream, &addrs[0], millis(9000)),
               FER_CONNECTION_REFUSED);
    assert_own(fer_tcp_stream_connect(stream, "127.0.0.1:0"), FER_CONNECTION_REFUSED);
    assert_own(fer_tcp_stream_connect_start(stream, &addrs[0]), FER_CONNECTION_REFUSED);
    assert_new(stream);
    assert_ok(fer_tcp_stream_connect_addrs(stream, addrs, 2, NULL));
    assert_exchange(stream, peer_accept(listener));
}

/* C3: "Several addresses are tried in order until one connects", however many. */
RULE_TEST("C3", every_address_of_a_list_of_any_length_is_tried)
{
    static const size_t counts[] = {2, 3, MANY};
    fer_socket_addr addrs[MANY];
    peer_socket listener;
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k + 1 < counts[i]; k++) {
            addrs[k] = refusing_addr(PEER_V4);
        }
        addrs[counts[i] - 1] = accepting_addr(PEER_V4, &listener);
        fer_tcp_stream *stream = test_stream();
        fer_socket_addr peer;
        assert_ok(fer_tcp_stream_connect_addrs(stream, addrs, counts[i], NULL));
        assert_ok(fer_tcp_stream_peer_addr(stream, &peer));
        assert_true(fer_socket_addr_eq(&peer, &addrs[counts[i] - 1]));
        assert_exchange(stream, peer_accept(listener));
    }
}

/* C3: a listener on all of IPv6 reports its IPv4 peers as IPv4-mapped addresses. A stream can
 * connect to such an address as it was reported, unless the system has no dual stack. */
STREAM_TEST("C3", an_ipv4_mapped_address_connects_to_ipv4)
{
    skip_without_v6();
    peer_socket listener;
    fer_socket_addr addr = accepting_addr(PEER_V4, &listener);
    fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(addr.ip.u.v4);
    fer_socket_addr mapped_addr = fer_socket_addr_v6_new(mapped, addr.port, 0, 0);
    peer_keep_from_v6(addr.port);
    if (!peer_has_dual_stack()) {
        assert_kind(fer_tcp_stream_connect_addr(stream, &mapped_addr), FER_ADDR_NOT_AVAILABLE);
        return;
    }
    assert_ok(fer_tcp_stream_connect_addr(stream, &mapped_addr));
    assert_exchange(stream, peer_accept(listener));
    fer_tcp_stream_close(stream);
    assert_ok(fer_tcp_stream_connect_timeout(stream, &mapped_addr, millis(9000)));
    assert_exchange(stream, peer_accept(listener));
}

/* C4: "After a failed connect the handle is NEW, can be connected again, and nothing is leaked".
 * "Each try has a new OS socket." */
FAMILY_TEST("C4", a_failed_connect_leaves_a_new_handle)
{
    fer_socket_addr refused = refusing_addr(family);
    peer_socket listener;
    fer_socket_addr good = accepting_addr(family, &listener);
    fer_tcp_stream *stream = test_stream();
    for (int i = 0; i < 3; i++) {
        assert_kind(fer_tcp_stream_connect_addr(stream, &refused), FER_CONNECTION_REFUSED);
        assert_new(stream);
        assert_own(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH), FER_NOT_CONNECTED);
        assert_ok(fer_tcp_stream_connect_addr(stream, &good));
        assert_exchange(stream, peer_accept(listener));
        fer_tcp_stream_close(stream);
        assert_kind(fer_tcp_stream_connect_addr(stream, &refused), FER_CONNECTION_REFUSED);
        assert_new(stream);
    }
}

/* C6: also a handle whose connection has ended. Only close makes it reusable. */
PAIR_TEST("C6", connecting_an_ended_handle_is_misuse)
{
    peer_socket listener;
    fer_socket_addr addr = accepting_addr(PEER_V4, &listener);
    assert_true(peer_shutdown_write(pair->other));
    assert_reads_end(&pair->stream);
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_BOTH));
    assert_own(fer_tcp_stream_connect_addr(&pair->stream, &addr), FER_MISUSE);
    assert_false(peer_is_queued(listener, 50));
}

/* C6: "A closed one can be filled": no state of the old connection remains. C1: "A stream from
 * connect_timeout is in blocking mode". T6: it has neither timeouts nor a pending error. */
PAIR_TEST("C6/C1/T6", a_closed_handle_is_connected_again_as_a_new_one)
{
    peer_socket listener;
    fer_socket_addr addr = accepting_addr(PEER_V4, &listener);
    fer_socket_addr peer;
    fer_duration got;
    fer_error pending;
    char byte;
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(3000)));
    assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, millis(3000)));
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    for (int old_end = 0; old_end < 3; old_end++) {
        if (old_end == 1) {
            assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_BOTH));
            assert_reads_end(&pair->stream);
        } else if (old_end == 2) {
            peer_reset(pair->other);
            assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
        }
        fer_tcp_stream_close(&pair->stream);
        assert_closed(&pair->stream);
        assert_ok(old_end == 0
                      ? fer_tcp_stream_connect_addr(&pair->stream, &addr)
                      : fer_tcp_stream_connect_timeout(&pair->stream, &addr, millis(9000)));
        pair->other = peer_accept(listener);
        assert_ok(fer_tcp_stream_peer_addr(&pair->stream, &peer));
        assert_true(fer_socket_addr_eq(&peer, &addr));
        assert_ok(fer_tcp_stream_take_error(&pair->stream, &pending));
        assert_ok(pending);
        assert_ok_n(fer_tcp_stream_read_timeout(&pair->stream, &got), got.nanos,
                    FER_DURATION_NONE_NANOS);
        assert_ok_n(fer_tcp_stream_write_timeout(&pair->stream, &got), got.nanos,
                    FER_DURATION_NONE_NANOS);
        assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(20)));
        assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_TIMED_OUT);
        assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, FER_DURATION_NONE));
        assert_alive(pair);
    }
}

RULE_TESTS("connecting")
