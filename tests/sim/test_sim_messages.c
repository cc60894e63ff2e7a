/* test_sim_messages.c: batches on the simulated network, their control messages and faults; the
 * features of datagram sockets of each simulated system, the length of datagrams on the path, and
 * the octet of the header that a peer receives. */
#include "platform/messages.h"
#include "platform/sim/network.h"
#include "sim/sim_test.h"

#define OWN "127.0.0.1:1000"
#define OTHER "127.0.0.1:2000"
#define ALL_SWITCHES (31u | FER_UDP_HOP_LIMIT)

enum { SLOTS = 8, SLOT_SIZE = 2048 };

/* The sender, and the receiver, whose features are on. */
static fer_udp_socket *const sender = &test.udp;
static fer_udp_socket *const other = &test.udp2;
static fer_socket_addr to;
static char bytes[SLOTS][SLOT_SIZE];
static fer_datagram_recv got[SLOTS];
static size_t n;

static void open_pair(fer_udp_features features)
{
    fer_udp_features enabled = 0;
    to = addr_of(OTHER);
    assert_ok(fer_udp_socket_bind(sender, OWN));
    assert_ok(fer_udp_socket_bind(other, OTHER));
    assert_ok_n(fer_udp_socket_enable(other, features, &enabled), enabled, features);
}

static void begin_with_seed(uint64_t seed, fer_udp_features features)
{
    sim_begin_of(.seed = seed);
    open_pair(features);
}

static void prepare(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        got[i] = (fer_datagram_recv){.buf = bytes[i], .cap = SLOT_SIZE};
    }
}

/* Receives all that is queued. */
static size_t receive_queued(void)
{
    size_t received = 0;
    prepare();
    while (received < SLOTS &&
           fer_udp_socket_try_recv_batch(other, got + received, SLOTS - received, &n).kind ==
               FER_OK) {
        received += n;
    }
    return received;
}

static fer_datagram_send message(const char *text, size_t segment_size)
{
    return (fer_datagram_send){
        .buf = text, .len = strlen(text), .segment_size = segment_size, .to = &to};
}

/* Sends it as if nothing of it had been sent. */
static fer_error send_again(fer_datagram_send *out)
{
    out->sent = 0;
    return fer_udp_socket_send_batch(sender, out, 1, NULL);
}

/* These datagrams, separated by spaces, are queued, and nothing else. */
static void assert_queued(const char *texts)
{
    size_t count = receive_queued();
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(texts, " ");
        assert_int_equal(got[i].len, len);
        assert_memory_equal(bytes[i], texts, len);
        texts += len + (texts[len] == ' ');
    }
    assert_string_equal(texts, "");
}

/* ---- Segments */

/* Whatever the choice of the seed: once or for ever, EINVAL or EIO. EINVAL may be that of a segment
 * that is longer than the MTU; EIO is not. */
SIM_CONFIG_TEST(refused_segments_are_sent_one_by_one)
{
    static char large[SLOT_SIZE];
    unsigned forever = 0, found_segments = 0;
    for (uint64_t seed = 0; seed < 16; seed++) {
        fer_udp_capabilities found;
        begin_with_seed(seed, 0);
        for (int i = 0; i < 2; i++) {
            fer_datagram_send out = message("aabb", 2);
            arm(FER_SIM_FAULT_SEGMENTS_REFUSED);
            assert_ok(send_again(&out));
            assert_int_equal(fer_sim_clear_faults(), i); /* the second send has no segments */
            assert_queued("aa bb");
        }
        assert_ok_n(fer_udp_socket_features(sender, &found), found.max_segments, 1);
        forever |= 1u << ferp_sim_socket_of(ferp_sim_current(), fer_udp_socket_as_raw(sender))
                             ->refuses_segments;
        sim_end_one();
        begin_with_seed(seed, 0);
        fer_datagram_send out = {
            .buf = large, .len = sizeof large, .segment_size = 1233, .to = &to};
        arm(FER_SIM_FAULT_SEGMENTS_REFUSED);
        assert_ok(send_again(&out));
        assert_int_equal(receive_queued(), 2);
        assert_ok(fer_udp_socket_features(sender, &found));
        found_segments |= found.max_segments > 1 ? 1u : 2u;
        sim_end_one();
    }
    assert_int_equal(forever, 3);
    assert_int_equal(found_segments, 3);
}

/* ---- Coalescing */

/* Datagrams of 2, 2, 1 and 3 bytes, the first three by one send. */
POSIX_CONFIG_TEST(the_seed_coalesces_neighbours)
{
    unsigned counts = 0;
    for (uint64_t seed = 0; seed < 32; seed++) {
        size_t at = 0;
        begin_with_seed(seed, FER_UDP_COALESCING);
        fer_datagram_send out[] = {message("aabbc", 2), message("ddd", 0)};
        assert_ok(fer_udp_socket_send_batch(sender, out, 2, NULL));
        size_t count = receive_queued();
        for (size_t i = 0; i < count; i++) {
            assert_true(got[i].len == got[i].segment_size || got[i].segment_size == 2);
            assert_memory_equal(bytes[i], &"aabbcddd"[at], got[i].len);
            at += got[i].len;
        }
        assert_int_equal(at, 8);
        assert_int_equal(got[count - 1].len, 3); /* longer than the first: not of the same train */
        counts |= 1u << count;
        sim_end_one();
    }
    assert_int_equal(counts, 1u << 2 | 1u << 3 | 1u << 4);
}

POSIX_CONFIG_TEST(other_ecn_other_hop_limits_and_other_senders_are_not_coalesced)
{
    for (uint64_t seed = 0; seed < 32; seed++) {
        begin_with_seed(seed, FER_UDP_COALESCING);
        assert_ok(fer_udp_socket_bind(&test.udp3, "127.0.0.1:0"));
        fer_datagram_send out[] = {message("aa", 0), message("bb", 0)};
        out[1].ecn = seed % 2 == 0 ? FER_ECN_CE : FER_ECN_NOT_ECT;
        out[1].hop_limit = seed % 2 == 0 ? 0 : 9;
        assert_ok(fer_udp_socket_send_batch(sender, out, 2, NULL));
        out[0].sent = 0;
        assert_ok(fer_udp_socket_send_batch(&test.udp3, out, 1, NULL));
        assert_queued("aa bb aa");
        sim_end_one();
    }
}

/* ---- Control messages */

/* A datagram of another host comes by the second interface. */
SIM_UDP_TEST(another_host_is_behind_the_second_interface)
{
    const fer_socket_addr at = addr_of("10.0.0.7:53");
    fer_datagram_recv in = {.buf = bytes[0], .cap = SLOT_SIZE};
    to = addr_of("10.0.0.1:2000");
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:2000"));
    assert_ok(fer_udp_socket_enable(socket, FER_UDP_LOCAL_ADDR, NULL));
    assert_ok(fer_sim_peer_send_to(peer_bound_to("10.0.0.7:53"), "x", 1, &to));
    assert_ok(fer_udp_socket_recv_batch(socket, &in, 1, NULL));
    assert_int_equal(in.interface_index, 2);
    assert_true(fer_ip_addr_eq(in.local_ip, to.ip));
    assert_true(fer_socket_addr_eq(&in.from, &at));
}

POSIX_TEST(drops_and_times_are_received)
{
    static char large[60000];
    fer_datagram_send out = {.buf = large, .len = sizeof large, .to = &to};
    open_pair(FER_UDP_DROPS | FER_UDP_TIMESTAMPS);
    for (int i = 0; i < 3; i++) {
        assert_ok(send_again(&out));
    }
    assert_int_equal(receive_queued(), 1);
    assert_true(got[0].truncated);
    assert_int_equal(got[0].drops, 0);
    uint64_t first = got[0].unix_nanos;
    assert_true(first > 0);
    advance_ms(7);
    assert_ok(send_again(&out));
    assert_int_equal(receive_queued(), 1);
    assert_int_equal(got[0].drops, 2);
    assert_true(got[0].unix_nanos >= first + 7000000);
}

SIM_TEST(a_refused_ecn_leaves_the_segments)
{
    fer_udp_capabilities found;
    fer_datagram_send out = message("abcd", 2);
    out.ecn = FER_ECN_CE;
    open_pair(FER_UDP_ECN);
    arm(FER_SIM_FAULT_ECN_REFUSED);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_ECN_REFUSED, 2));
    assert_ok(send_again(&out));
    assert_queued("ab cd");
    assert_ok(fer_udp_socket_features(sender, &found));
    assert_true(found.max_segments > 1);
}

SIM_TEST(a_message_is_sent_from_an_address_and_by_an_interface_of_this_machine)
{
    fer_datagram_send out = message("x", 0);
    open_pair(FER_UDP_LOCAL_ADDR);
    assert_ok(send_again(&out));
    assert_queued("x");
    assert_int_equal(got[0].interface_index, 1);
    assert_int_equal(got[0].drops, 0);
    assert_int_equal(got[0].unix_nanos, 0);
    assert_false(got[0].has_ecn);
    out.from = addr_of("127.0.0.9:0").ip;
    assert_ok(send_again(&out));
    assert_queued("x");
    assert_true(fer_ip_addr_eq(got[0].from.ip, out.from));
    out.from = addr_of("192.0.2.1:0").ip;
    assert_kind(send_again(&out), FER_ADDR_NOT_AVAILABLE);
    out.from = addr_of("0.0.0.0:0").ip;
    out.interface_index = 2;
    assert_kind(send_again(&out), is_winsock() ? FER_UNSUPPORTED : FER_OK);
    out.interface_index = 3;
    assert_kind(send_again(&out), is_winsock() ? FER_UNSUPPORTED : FER_NOT_FOUND);
}

/* ---- Batches */

/* Not a batch: the second message of a Windows batch is a call of its own, whose error is known. */
WINSOCK_TEST(a_system_without_batches_has_their_faults_never)
{
    fer_datagram_send out[] = {message("a", 0), message("b", 0)};
    open_pair(0);
    arm(FER_SIM_FAULT_SHORT_BATCH);
    arm(FER_SIM_FAULT_LATE_BATCH_ERROR);
    assert_ok_n(fer_udp_socket_send_batch(sender, out, 2, &n), n, 2);
    prepare();
    assert_ok_n(fer_udp_socket_recv_batch(other, got, SLOTS, &n), n, 2);
    assert_int_equal(fer_sim_clear_faults(), 2);
}

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
        FER_UDP_LOCAL_ADDR | FER_UDP_TIMESTAMPS | FER_UDP_SOURCE | FER_UDP_HOP_LIMIT;
    const fer_udp_features ecn = FER_UDP_ECN | FER_UDP_TRAFFIC_CLASS, sent = FER_UDP_SEND_HOP_LIMIT;
    const fer_udp_features windows = 1 | ecn | 32 | 64 | 256;
    /* of IPv4 and of IPv6, in the order of sim_systems */
    const fer_udp_features rows[][2] = {
        {2047, 2047},
        {windows, windows},
        {bsd | ecn, bsd | ecn | sent},
        {bsd | ecn, bsd | ecn | sent},
        {bsd, bsd | ecn | sent},
        {bsd, bsd | ecn | sent},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fer_sim_config config = sim_systems[i];
        assert_int_equal(features_of(config, OWN), rows[i][0]);
        assert_int_equal(features_of(config, "[::1]:1000"), rows[i][1]);
        config.lacks_udp_features = UINT32_MAX;
        assert_int_equal(features_of(config, OWN), 0);
    }
}

/* A Windows that refuses IPV6_TCLASS, or build 20348. */
WINSOCK_CONFIG_TEST(a_system_without_traffic_classes_has_ecn)
{
    fer_datagram_send out = {.buf = "x", .len = 1, .to = addr_at(OTHER), .has_traffic_class = true};
    sim_begin_of(.lacks_udp_features = FER_UDP_TRAFFIC_CLASS | FER_UDP_HOP_LIMIT);
    open_pair(FER_UDP_ECN);
    assert_kind(send_again(&out), FER_UNSUPPORTED);
    out.has_traffic_class = false;
    out.ecn = FER_ECN_CE;
    assert_ok(send_again(&out));
    assert_queued("x");
    assert_true(got[0].has_ecn && got[0].ecn == FER_ECN_CE && !got[0].has_traffic_class);
}

/* ---- The segment size of a socket, which other code has set */

SIM_TEST(a_socket_with_a_segment_size_cuts_each_message)
{
    fer_datagram_send out = message("aabbc", 0);
    open_pair(0);
    fer_raw_socket raw = fer_udp_socket_as_raw(sender);
    fer_error error = fer_sim_set_segment_size(raw, 2);
    bool cuts = sim_system.dialect != FER_SIM_DIALECT_BSD;
    assert_kind(error, cuts ? FER_OK : FER_UNSUPPORTED);
    assert_kind(fer_sim_set_segment_size(raw, 65536), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_segment_size(FER_RAW_SOCKET_NONE, 2), FER_INVALID_INPUT);
    assert_ok(send_again(&out));
    assert_ok(fer_udp_socket_send_to(sender, "dde", 3, &to, NULL));
    assert_int_equal(receive_queued(), cuts ? 5 : 2);
    assert_int_equal(got[0].len, cuts ? 2 : 5);
    raw = fer_udp_socket_into_raw(sender);
    assert_ok(fer_udp_socket_from_raw(sender, raw));
    assert_ok(send_again(&out));
    assert_ok(fer_udp_socket_send_to(sender, "dde", 3, &to, NULL));
    assert_int_equal(receive_queued(), 2);
}

/* Wine ignores the control messages of a send. */
WINSOCK_CONFIG_TEST(a_system_without_sources_refuses_one)
{
    fer_datagram_send out = {.buf = "x", .len = 1, .to = addr_at(OTHER)};
    sim_begin_of(.lacks_udp_features = FER_UDP_ECN | FER_UDP_SOURCE | FER_UDP_SEGMENTING);
    assert_ok(fer_udp_socket_bind(&test.udp, OWN));
    out.from = addr_of("127.0.0.1:0").ip;
    assert_kind(send_again(&out), FER_UNSUPPORTED);
    out.from.family = (fer_ip_family)0;
    assert_ok(send_again(&out));
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
    assert_ok(send_again(&out));
    assert_ok(fer_udp_socket_set_dont_fragment(socket, true));
    assert_ok_n(fer_udp_socket_dont_fragment(socket, &on), on, true);
    assert_kind(send_again(&out), FER_MESSAGE_TOO_LONG);
    out.len = 1472;
    assert_ok(send_again(&out));
    out = (fer_datagram_send){.buf = large, .len = sizeof large, .to = &near};
    assert_ok(send_again(&out));
    assert_kind(fer_udp_socket_path_mtu(socket, &mtu), FER_NOT_CONNECTED);
    assert_ok(fer_udp_socket_connect_addr(socket, &far));
    assert_ok_n(fer_udp_socket_path_mtu(socket, &mtu), mtu, 1500);
}

/* ---- The octet of the header */

SIM_UDP_TEST(a_peer_receives_dscp_and_ecn)
{
    uint32_t tos = 0;
    fer_udp_received received;
    const fer_socket_addr at = addr_of("10.0.0.7:53");
    fer_datagram_send out = {.buf = "x", .len = 1, .to = &at};
    assert_ok(fer_socket_new(&test.socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0));
    assert_ok(fer_socket_set_tos(&test.socket, 0xb9));
    assert_ok(fer_socket_into_udp_socket(&test.socket, socket));
    fer_sim_peer peer = peer_bound_to("10.0.0.7:53");
    assert_kind(fer_sim_peer_tos(peer, &tos), FER_WOULD_BLOCK);
    assert_kind(fer_sim_peer_tos(peer, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_tos(FER_SIM_PEER_NONE, &tos), FER_INVALID_INPUT);
    assert_ok(send_again(&out));
    out.ecn = FER_ECN_CE;
    assert_ok(send_again(&out));
    advance_ms(1);
    assert_ok_n(fer_sim_peer_tos(peer, &tos), tos, 0xb9);
    assert_ok(fer_sim_peer_recv_from(peer, NULL, 0, &received));
    assert_ok_n(fer_sim_peer_tos(peer, &tos), tos, 0xbb);
}

TEST_MAIN("sim_messages")
