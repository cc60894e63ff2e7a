/* test_sim_messages.c: batches on the simulated network, their control messages and faults. */
#include "platform/messages.h"
#include "platform/sim/network.h"
#include "sim/sim_test.h"

#define OWN "127.0.0.1:1000"
#define OTHER "127.0.0.1:2000"

enum { SLOTS = 8, ROOM = 2048 };

static fer_udp_socket other;
static char bytes[SLOTS][ROOM];
static fer_datagram_recv got[SLOTS];
static size_t n;

/* Binds the socket and another one, whose features are on. */
static void open_pair(fer_udp_socket *socket, fer_udp_features features)
{
    fer_udp_features enabled = 0;
    assert_ok(fer_udp_socket_bind(socket, OWN));
    assert_ok(fer_udp_socket_bind(&other, OTHER));
    assert_ok(fer_udp_socket_enable(&other, features, &enabled));
    assert_int_equal(enabled, features);
}

static void close_pair(void)
{
    fer_udp_socket_close(&other);
    memset(&other, 0, sizeof other);
}

static void prepare(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        got[i] = (fer_datagram_recv){.buf = bytes[i], .cap = ROOM};
    }
}

/* Receives all that is queued. */
static size_t receive_all(void)
{
    size_t received = 0;
    prepare();
    while (received < SLOTS &&
           fer_udp_socket_try_recv_batch(&other, got + received, SLOTS - received, &n).kind ==
               FER_OK) {
        received += n;
    }
    return received;
}

static fer_datagram_send message(const char *text, size_t segment_size, const fer_socket_addr *to)
{
    return (fer_datagram_send){
        .buf = text, .len = strlen(text), .segment_size = segment_size, .to = to};
}

static void assert_got(size_t i, const char *text)
{
    assert_int_equal(got[i].len, strlen(text));
    assert_memory_equal(bytes[i], text, got[i].len);
}

/* ---- Segments */

SIM_UDP_TEST(segments_are_separate_datagrams)
{
    fer_socket_addr to = addr_of(OTHER);
    fer_datagram_send out = message("aabbccd", 2, &to);
    open_pair(socket, 0);
    assert_ok_n(fer_udp_socket_send_batch(socket, &out, 1, &n), n, 1);
    assert_int_equal(out.sent, 7);
    assert_int_equal(receive_all(), 4);
    assert_got(0, "aa");
    assert_got(1, "bb");
    assert_got(2, "cc");
    assert_got(3, "d");
    close_pair();
}

SIM_UDP_TEST(each_segment_can_be_lost_or_doubled)
{
    fer_socket_addr to = addr_of(OTHER);
    fer_datagram_send out = message("aabbcc", 2, &to);
    open_pair(socket, 0);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_DATAGRAM_LOST, 2));
    assert_ok(fer_udp_socket_send_batch(socket, &out, 1, NULL));
    assert_int_equal(receive_all(), 2);
    assert_got(0, "aa");
    assert_got(1, "cc");
    out.sent = 0;
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_DATAGRAM_DOUBLED, 3));
    assert_ok(fer_udp_socket_send_batch(socket, &out, 1, NULL));
    assert_int_equal(receive_all(), 4);
    assert_got(2, "cc");
    assert_got(3, "cc");
    close_pair();
}

static void begin_with_seed(fer_udp_socket *socket, uint64_t seed)
{
    fer_sim_config config = config_of();
    config.seed = seed;
    memset(socket, 0, sizeof *socket);
    sim_begin_with(config);
    open_pair(socket, 0);
}

/* Whatever the choice of the seed: once or for ever, EINVAL or EIO. */
SIM_CONFIG_TEST(refused_segments_are_sent_one_by_one)
{
    bool forever[2] = {false, false};
    fer_socket_addr to = addr_of(OTHER);
    for (uint64_t seed = 0; seed < 16; seed++) {
        fer_udp_socket socket;
        fer_udp_capabilities found;
        fer_sim_report report;
        begin_with_seed(&socket, seed);
        for (int i = 0; i < 2; i++) {
            fer_datagram_send out = message("aabb", 2, &to);
            assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SEGMENTS_REFUSED, 1));
            assert_ok(fer_udp_socket_send_batch(&socket, &out, 1, NULL));
            assert_int_equal(fer_sim_clear_faults(), i); /* the second send has no segments */
            assert_int_equal(receive_all(), 2);
        }
        assert_ok(fer_udp_socket_features(&socket, &found));
        assert_int_equal(found.max_segments, 1);
        forever[ferp_sim_socket_of(ferp_sim_current(), fer_udp_socket_as_raw(&socket))
                    ->refuses_segments] = true;
        close_pair();
        fer_udp_socket_close(&socket);
        assert_ok(fer_sim_stop(&report));
        assert_int_equal(report.faults[FER_SIM_FAULT_SEGMENTS_REFUSED], 1);
    }
    assert_true(forever[0] && forever[1]);
}

/* EINVAL may be that of a segment that is longer than the MTU; EIO is not. */
SIM_CONFIG_TEST(refused_long_segments_are_sent_one_by_one)
{
    static char large[ROOM];
    unsigned found_segments = 0;
    fer_socket_addr to = addr_of(OTHER);
    for (uint64_t seed = 0; seed < 16; seed++) {
        fer_udp_socket socket;
        fer_udp_capabilities found;
        begin_with_seed(&socket, seed);
        fer_datagram_send out = {
            .buf = large, .len = sizeof large, .segment_size = 1233, .to = &to};
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SEGMENTS_REFUSED, 1));
        assert_ok(fer_udp_socket_send_batch(&socket, &out, 1, NULL));
        assert_int_equal(receive_all(), 2);
        assert_ok(fer_udp_socket_features(&socket, &found));
        found_segments |= found.max_segments > 1 ? 1u : 2u;
        close_pair();
        fer_udp_socket_close(&socket);
        assert_ok(fer_sim_stop(NULL));
    }
    assert_int_equal(found_segments, 3);
}

/* ---- Coalescing */

/* Datagrams of 2, 2, 1 and 3 bytes, the first three by one send. */
static size_t receive_coalesced(uint64_t seed, size_t lens[SLOTS])
{
    fer_udp_socket socket;
    fer_socket_addr to = addr_of(OTHER);
    fer_datagram_send out[] = {message("aabbc", 2, &to), message("ddd", 0, &to)};
    fer_sim_config config = config_of();
    size_t at = 0;
    char all[] = "aabbcddd";
    memset(&socket, 0, sizeof socket);
    config.seed = seed;
    sim_begin_with(config);
    open_pair(&socket, FER_UDP_COALESCING);
    assert_ok(fer_udp_socket_send_batch(&socket, out, 2, NULL));
    size_t count = receive_all();
    for (size_t i = 0; i < count; i++) {
        assert_true(got[i].len == got[i].segment_size || got[i].segment_size == 2);
        assert_memory_equal(bytes[i], all + at, got[i].len);
        lens[i] = got[i].len;
        at += got[i].len;
    }
    assert_int_equal(at, 8);
    assert_int_equal(lens[count - 1], 3); /* longer than the first: not of the same train */
    close_pair();
    fer_udp_socket_close(&socket);
    assert_ok(fer_sim_stop(NULL));
    return count;
}

POSIX_CONFIG_TEST(the_seed_coalesces_neighbours)
{
    unsigned counts = 0;
    for (uint64_t seed = 0; seed < 32; seed++) {
        size_t lens[SLOTS];
        counts |= 1u << receive_coalesced(seed, lens);
    }
    assert_int_equal(counts, 1u << 2 | 1u << 3 | 1u << 4);
}

POSIX_CONFIG_TEST(other_ecn_and_other_senders_are_not_coalesced)
{
    for (uint64_t seed = 0; seed < 32; seed++) {
        fer_udp_socket one;
        fer_udp_socket two;
        fer_socket_addr to = addr_of(OTHER);
        fer_sim_config config = config_of();
        memset(&one, 0, sizeof one);
        memset(&two, 0, sizeof two);
        config.seed = seed;
        sim_begin_with(config);
        open_pair(&one, FER_UDP_COALESCING);
        assert_ok(fer_udp_socket_bind(&two, "127.0.0.1:0"));
        fer_datagram_send out[] = {message("aa", 0, &to), message("bb", 0, &to)};
        out[1].ecn = FER_ECN_CE;
        assert_ok(fer_udp_socket_send_batch(&one, out, 2, NULL));
        out[0].sent = 0;
        assert_ok(fer_udp_socket_send_batch(&two, out, 1, NULL));
        assert_int_equal(receive_all(), 3);
        close_pair();
        fer_udp_socket_close(&one);
        fer_udp_socket_close(&two);
        assert_ok(fer_sim_stop(NULL));
    }
}

POSIX_CONFIG_TEST(a_short_buffer_loses_the_end_of_a_train)
{
    unsigned cut = 0;
    for (uint64_t seed = 0; seed < 32; seed++) {
        fer_udp_socket socket;
        char small[5];
        fer_socket_addr to = addr_of(OTHER);
        fer_datagram_send out = message("aabbccd", 2, &to);
        fer_datagram_recv in = {.buf = small, .cap = sizeof small};
        fer_sim_config config = config_of();
        memset(&socket, 0, sizeof socket);
        config.seed = seed;
        sim_begin_with(config);
        open_pair(&socket, FER_UDP_COALESCING);
        assert_ok(fer_udp_socket_send_batch(&socket, &out, 1, NULL));
        assert_ok_n(fer_udp_socket_recv_batch(&other, &in, 1, &n), n, 1);
        assert_int_equal(in.segment_size, 2);
        assert_int_equal(in.truncated, in.len == sizeof small);
        assert_memory_equal(small, "aabbc", in.len);
        cut |= 1u << in.truncated;
        close_pair();
        fer_udp_socket_close(&socket);
        assert_ok(fer_sim_stop(NULL));
    }
    assert_int_equal(cut, 3);
}

/* ---- Control messages */

/* The datagram in the queue has this octet in its header. */
static unsigned queued_traffic_class(void)
{
    ferp_sim_network *network = ferp_sim_current();
    return ferp_sim_first_datagram(network,
                                   ferp_sim_socket_of(network, fer_udp_socket_as_raw(&other)))
        ->traffic_class;
}

SIM_UDP_TEST(the_local_address_and_ecn_are_received)
{
    fer_socket_addr to = addr_of(OTHER);
    fer_datagram_send out = message("x", 0, &to);
    out.ecn = FER_ECN_ECT1;
    assert_ok(fer_udp_socket_bind(&other, "0.0.0.0:2000"));
    assert_ok(fer_udp_socket_enable(&other, FER_UDP_LOCAL_ADDR | FER_UDP_ECN, NULL));
    assert_ok(fer_udp_socket_bind(socket, OWN));
    assert_ok(ferp_set_option(fer_udp_socket_as_raw(socket), FERP_TOS_V4, 0xb8));
    assert_ok(fer_udp_socket_send_batch(socket, &out, 1, NULL));
    assert_int_equal(queued_traffic_class(), 0xb9);
    assert_int_equal(receive_all(), 1);
    assert_true(got[0].has_ecn);
    assert_int_equal(got[0].ecn, FER_ECN_ECT1);
    assert_true(fer_ip_addr_eq(got[0].local_ip, to.ip));
    assert_int_equal(got[0].interface_index, 1);
    assert_int_equal(got[0].drops, 0);
    assert_int_equal(got[0].unix_nanos, 0);
    close_pair();
}

/* The handle stores the high bits of the socket's TOS, until it sets another one. A clone may set
 * it too, so a shared handle reads it in each call. */
SIM_UDP_TEST(ecn_replaces_two_bits_of_the_current_tos)
{
    static const uint32_t classes[] = {0xb8, 0xb8, 0x20, 0x03, 0xfc};
    fer_socket_addr to = addr_of(OTHER);
    fer_udp_socket clone = {0};
    assert_ok(fer_udp_socket_bind(&other, OTHER));
    assert_ok(fer_udp_socket_bind(socket, OWN));
    fer_socket *built = fer_udp_socket_as_socket(socket);
    for (size_t i = 0; i < 5; i++) {
        fer_datagram_send out = message("x", 0, &to);
        out.ecn = FER_ECN_ECT0;
        if (i == 4) {
            assert_ok(fer_udp_socket_try_clone(socket, &clone));
            built = fer_udp_socket_as_socket(&clone);
        }
        if (i != 1) {
            assert_ok(fer_socket_set_tos(built, classes[i]));
        }
        assert_ok(fer_udp_socket_send_batch(socket, &out, 1, NULL));
        assert_int_equal(queued_traffic_class(), (classes[i] & 0xfc) | FER_ECN_ECT0);
        assert_int_equal(receive_all(), 1);
    }
    fer_udp_socket_close(&clone);
    close_pair();
}

/* A datagram of another host comes by the second interface. */
SIM_UDP_TEST(another_host_is_behind_the_second_interface)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_socket_addr at = addr_of("10.0.0.7:53");
    fer_socket_addr to = addr_of("10.0.0.1:2000");
    fer_datagram_recv in = {.buf = bytes[0], .cap = ROOM};
    assert_ok(fer_sim_peer_bind(&at, &peer));
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:2000"));
    assert_ok(fer_udp_socket_enable(socket, FER_UDP_LOCAL_ADDR, NULL));
    assert_ok(fer_sim_peer_send_to(peer, "x", 1, &to));
    assert_ok(fer_udp_socket_recv_batch(socket, &in, 1, NULL));
    assert_int_equal(in.interface_index, 2);
    assert_true(fer_ip_addr_eq(in.local_ip, to.ip));
    assert_true(fer_socket_addr_eq(&in.from, &at));
}

POSIX_TEST(drops_and_times_are_received)
{
    static char large[60000];
    fer_udp_socket sender;
    fer_socket_addr to = addr_of(OTHER);
    fer_datagram_send out = {.buf = large, .len = sizeof large, .to = &to};
    memset(&sender, 0, sizeof sender);
    open_pair(&sender, FER_UDP_DROPS | FER_UDP_TIMESTAMPS);
    for (int i = 0; i < 3; i++) {
        out.sent = 0;
        assert_ok(fer_udp_socket_send_batch(&sender, &out, 1, NULL));
    }
    assert_int_equal(receive_all(), 1);
    assert_true(got[0].truncated);
    assert_int_equal(got[0].drops, 0);
    uint64_t first = got[0].unix_nanos;
    assert_true(first > 0);
    advance_ms(7);
    out.sent = 0;
    assert_ok(fer_udp_socket_send_batch(&sender, &out, 1, NULL));
    assert_int_equal(receive_all(), 1);
    assert_int_equal(got[0].drops, 2);
    assert_true(got[0].unix_nanos >= first + 7000000);
    close_pair();
    fer_udp_socket_close(&sender);
}

SIM_UDP_TEST(control_messages_can_be_lost_or_cut)
{
    fer_socket_addr to = addr_of(OTHER);
    open_pair(socket, FER_UDP_LOCAL_ADDR | FER_UDP_ECN);
    for (int i = 0; i < 2; i++) {
        fer_datagram_send out = message("x", 0, &to);
        assert_ok(fer_udp_socket_send_batch(socket, &out, 1, NULL));
    }
    prepare();
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_CONTROL_LOST, 1));
    assert_ok_n(fer_udp_socket_recv_batch(&other, got, 1, &n), n, 1);
    assert_got(0, "x");
    assert_int_equal(got[0].local_ip.family, 0);
    assert_false(got[0].has_ecn);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_CONTROL_CUT, 1));
    assert_ok_n(fer_udp_socket_recv_batch(&other, got, 1, &n), n, 1);
    assert_got(0, "x");
    assert_true(fer_ip_addr_eq(got[0].local_ip, to.ip));
    assert_false(got[0].has_ecn);
    close_pair();
}

SIM_UDP_TEST(a_refused_ecn_is_left_out)
{
    fer_socket_addr to = addr_of(OTHER);
    open_pair(socket, FER_UDP_ECN);
    for (int i = 0; i < 2; i++) {
        fer_datagram_send out = message("x", 0, &to);
        out.ecn = FER_ECN_ECT0;
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_ECN_REFUSED, 1));
        assert_ok(fer_udp_socket_send_batch(socket, &out, 1, NULL));
        assert_int_equal(fer_sim_clear_faults(), i);
        assert_int_equal(receive_all(), 1);
        assert_int_equal(got[0].ecn, FER_ECN_NOT_ECT);
    }
    close_pair();
}

SIM_UDP_TEST(a_refused_ecn_leaves_the_segments)
{
    fer_socket_addr to = addr_of(OTHER);
    fer_udp_capabilities found;
    fer_datagram_send out = message("abcd", 2, &to);
    out.ecn = FER_ECN_CE;
    open_pair(socket, FER_UDP_ECN);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_ECN_REFUSED, 1));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_ECN_REFUSED, 2));
    assert_ok(fer_udp_socket_send_batch(socket, &out, 1, NULL));
    assert_int_equal(receive_all(), 2);
    assert_true(fer_udp_socket_features(socket, &found).kind == FER_OK && found.max_segments > 1);
    close_pair();
}

SIM_UDP_TEST(a_source_is_an_address_of_this_machine)
{
    fer_socket_addr to = addr_of(OTHER);
    fer_datagram_send out = message("x", 0, &to);
    assert_ok(fer_udp_socket_bind(socket, "0.0.0.0:1000"));
    assert_ok(fer_udp_socket_bind(&other, OTHER));
    out.from = addr_of("127.0.0.9:0").ip;
    assert_ok(fer_udp_socket_send_batch(socket, &out, 1, NULL));
    assert_int_equal(receive_all(), 1);
    assert_true(fer_ip_addr_eq(got[0].from.ip, out.from));
    assert_int_equal(got[0].from.port, 1000);
    out.sent = 0;
    out.from = addr_of("192.0.2.1:0").ip;
    assert_kind(fer_udp_socket_send_batch(socket, &out, 1, NULL), FER_ADDR_NOT_AVAILABLE);
    out.from = addr_of("0.0.0.0:0").ip;
    out.interface_index = 2;
    assert_kind(fer_udp_socket_send_batch(socket, &out, 1, NULL),
                is_winsock() ? FER_UNSUPPORTED : FER_OK);
    out.sent = 0;
    out.interface_index = 3;
    assert_kind(fer_udp_socket_send_batch(socket, &out, 1, NULL),
                is_winsock() ? FER_UNSUPPORTED : FER_NOT_FOUND);
    close_pair();
}

/* ---- Batches */

POSIX_TEST(a_short_batch_and_a_lost_error_are_followed_by_the_rest)
{
    static const fer_sim_fault faults[] = {FER_SIM_FAULT_SHORT_BATCH,
                                           FER_SIM_FAULT_LATE_BATCH_ERROR};
    fer_udp_socket sender;
    fer_socket_addr to = addr_of(OTHER);
    memset(&sender, 0, sizeof sender);
    open_pair(&sender, 0);
    for (size_t i = 0; i < 2; i++) {
        fer_datagram_send out[] = {message("a", 0, &to), message("b", 0, &to),
                                   message("c", 0, &to)};
        assert_ok(fer_sim_fault_at(faults[i], 1));
        assert_ok_n(fer_udp_socket_send_batch(&sender, out, 3, &n), n, 3);
        assert_int_equal(fer_sim_clear_faults(), 0);
        assert_int_equal(receive_all(), 3);
        assert_got(0, "a");
        assert_got(1, "b");
        assert_got(2, "c");
    }
    close_pair();
    fer_udp_socket_close(&sender);
}

/* The call that has datagrams returns them. */
POSIX_TEST(a_late_error_of_a_receive_is_the_next_receives)
{
    fer_udp_socket sender;
    fer_socket_addr to = addr_of(OTHER);
    fer_datagram_send out[] = {message("a", 0, &to), message("b", 0, &to)};
    memset(&sender, 0, sizeof sender);
    open_pair(&sender, 0);
    assert_ok(fer_udp_socket_send_batch(&sender, out, 2, NULL));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_LATE_BATCH_ERROR, 1));
    prepare();
    assert_ok_n(fer_udp_socket_recv_batch(&other, got, 2, &n), n, 1);
    assert_kind_n(fer_udp_socket_recv_batch(&other, got, 2, &n), FER_NO_BUFFER_SPACE, n, 0);
    assert_ok_n(fer_udp_socket_recv_batch(&other, got, 2, &n), n, 1);
    assert_got(0, "b");
    close_pair();
    fer_udp_socket_close(&sender);
}

/* Not a batch: the second message of a Windows batch is a call of its own, whose error is known. */
WINSOCK_TEST(a_system_without_batches_has_their_faults_never)
{
    fer_udp_socket sender;
    fer_socket_addr to = addr_of(OTHER);
    fer_datagram_send out[] = {message("a", 0, &to), message("b", 0, &to)};
    memset(&sender, 0, sizeof sender);
    open_pair(&sender, 0);
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SHORT_BATCH, 1));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_LATE_BATCH_ERROR, 1));
    assert_ok_n(fer_udp_socket_send_batch(&sender, out, 2, &n), n, 2);
    prepare();
    assert_ok_n(fer_udp_socket_recv_batch(&other, got, SLOTS, &n), n, 2);
    assert_int_equal(fer_sim_clear_faults(), 2);
    close_pair();
    fer_udp_socket_close(&sender);
}

TEST_MAIN("sim_messages")
