/* test_sim_udp_features.c: the features of datagram sockets of each simulated system, the length of
 * datagrams on the path, and the octet of the header that a peer receives. */
#include "sim/sim_test.h"

#define OWN "127.0.0.1:1000"
#define OTHER "127.0.0.1:2000"
#define ALL_SWITCHES 31u

/* ---- Features */

static fer_udp_features features_of(fer_sim_config config, const char *at)
{
    fer_udp_capabilities found;
    sim_begin_with(config);
    assert_ok(fer_udp_socket_bind(&test.udp, at));
    assert_ok(fer_udp_socket_features(&test.udp, &found));
    assert_int_equal(found.enabled, 0);
    assert_int_equal(found.max_batch > 1, (found.available & FER_UDP_BATCHING) != 0);
    assert_int_equal(found.max_segments > 1, (found.available & FER_UDP_SEGMENTING) != 0);
    fer_udp_features enabled = 0;
    assert_ok_n(fer_udp_socket_enable(&test.udp, ALL_SWITCHES, &enabled), enabled,
                found.available & ALL_SWITCHES);
    sim_end_one();
    return found.available;
}

PLAIN_TEST(each_system_has_its_features)
{
    const fer_udp_features bsd =
        FER_UDP_LOCAL_ADDR | FER_UDP_ECN | FER_UDP_TIMESTAMPS | FER_UDP_SOURCE;
    const struct {
        fer_sim_dialect dialect;
        fer_sim_bsd bsd;
        fer_udp_features v4, v6;
    } rows[] = {
        {FER_SIM_DIALECT_POSIX, FER_SIM_BSD_MACOS, 255, 255},
        {FER_SIM_DIALECT_WINSOCK, FER_SIM_BSD_MACOS, 1 | 2 | 32 | 64, 1 | 2 | 32 | 64},
        {FER_SIM_DIALECT_BSD, FER_SIM_BSD_MACOS, bsd, bsd},
        {FER_SIM_DIALECT_BSD, FER_SIM_BSD_FREEBSD, bsd, bsd},
        {FER_SIM_DIALECT_BSD, FER_SIM_BSD_NETBSD, bsd & ~FER_UDP_ECN, bsd},
        {FER_SIM_DIALECT_BSD, FER_SIM_BSD_OPENBSD, bsd & ~FER_UDP_ECN, bsd},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fer_sim_config config = {.dialect = rows[i].dialect, .bsd = rows[i].bsd};
        assert_int_equal(features_of(config, OWN), rows[i].v4);
        assert_int_equal(features_of(config, "[::1]:1000"), rows[i].v6);
        config.lacks_udp_features = 255;
        assert_int_equal(features_of(config, OWN), 0);
    }
}

static fer_error send_message(fer_datagram_send *out)
{
    out->sent = 0;
    return fer_udp_socket_send_batch(&test.udp, out, 1, NULL);
}

/* Wine ignores the control messages of a send. */
WINSOCK_CONFIG_TEST(a_system_without_sources_refuses_one)
{
    fer_datagram_send out = {.buf = "x", .len = 1, .to = addr_at(OTHER)};
    sim_begin_of(.lacks_udp_features = FER_UDP_ECN | FER_UDP_SOURCE | FER_UDP_SEGMENTING);
    assert_ok(fer_udp_socket_bind(&test.udp, OWN));
    out.from = addr_of("127.0.0.1:0").ip;
    assert_kind(send_message(&out), FER_UNSUPPORTED);
    out.from.family = (fer_ip_family)0;
    assert_ok(send_message(&out));
}

/* ---- The length of datagrams on the path */

SIM_UDP_TEST(datagrams_that_may_not_be_fragmented_have_an_mtu)
{
    static char large[2000];
    bool on = true;
    uint32_t mtu = 0;
    const fer_socket_addr far = addr_of("10.0.0.7:53"), near = addr_of(OTHER);
    fer_datagram_send out = {.buf = large, .len = 1473, .to = &far};
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:0"));
    assert_ok_n(fer_udp_socket_dont_fragment(socket, &on), on, false);
    assert_ok(send_message(&out));
    assert_ok(fer_udp_socket_set_dont_fragment(socket, true));
    assert_ok_n(fer_udp_socket_dont_fragment(socket, &on), on, true);
    assert_kind(send_message(&out), FER_MESSAGE_TOO_LONG);
    out.len = 1472;
    assert_ok(send_message(&out));
    out = (fer_datagram_send){.buf = large, .len = sizeof large, .to = &near};
    assert_ok(send_message(&out));
    assert_kind(fer_udp_socket_path_mtu(socket, &mtu), FER_NOT_CONNECTED);
    assert_ok(fer_udp_socket_connect_addr(socket, &far));
    assert_ok_n(fer_udp_socket_path_mtu(socket, &mtu), mtu, 1500);
}

/* ---- The octet of the header */

SIM_UDP_TEST(a_peer_receives_dscp_and_ecn)
{
    uint32_t tos = 0;
    fer_udp_received got;
    const fer_socket_addr at = addr_of("10.0.0.7:53");
    fer_datagram_send out = {.buf = "x", .len = 1, .to = &at};
    assert_ok(fer_socket_new(&test.socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0));
    assert_ok(fer_socket_set_tos(&test.socket, 0xb9));
    assert_ok(fer_socket_into_udp_socket(&test.socket, socket));
    fer_sim_peer peer = peer_bound_to("10.0.0.7:53");
    assert_kind(fer_sim_peer_tos(peer, &tos), FER_WOULD_BLOCK);
    assert_kind(fer_sim_peer_tos(peer, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_tos(FER_SIM_PEER_NONE, &tos), FER_INVALID_INPUT);
    assert_ok(send_message(&out));
    out.ecn = FER_ECN_CE;
    assert_ok(send_message(&out));
    advance_ms(1);
    assert_ok_n(fer_sim_peer_tos(peer, &tos), tos, 0xb9);
    assert_ok(fer_sim_peer_recv_from(peer, NULL, 0, &got));
    assert_ok_n(fer_sim_peer_tos(peer, &tos), tos, 0xbb);
}

TEST_MAIN("sim_udp_features")
