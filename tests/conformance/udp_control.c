/* udp_control.c: rules B1, B3 to B9, B13: the parts of messages in every combination: the local
 * address, the interface, the ECN codepoint, the traffic class, the hop limit, segments and the
 * address of a message to send, and the features of a socket that receives. Each of them alone:
 * udp_batches.c. */
#include "conformance/batch_check.h"
#include "conformance/output_check.h"
#include "support/socket_fixture.h"

/* What a message to send has. */
enum { SOURCE = 1, INTERFACE = 2, ECN = 4, SEGMENTS = 8, CLASS = 16, HOPS = 32, PARTS = 64 };

enum { SEGMENT = 100, LEN = 250, CLASS_SENT = 0xb9, HOPS_SENT = 9 };

#define SWITCHES                                                                                  \
    (FER_UDP_LOCAL_ADDR | FER_UDP_ECN | FER_UDP_COALESCING | FER_UDP_DROPS | FER_UDP_TIMESTAMPS | \
     FER_UDP_HOP_LIMIT)

static unsigned char sent_bytes[LEN];

/* ---- The two sockets */

enum way { OF_V4, OF_V6, TO_MAPPED, FROM_V4, WAYS };
static enum way ways[WAYS] = {OF_V4, OF_V6, TO_MAPPED, FROM_V4};

/* For each way that datagrams take: from an IPv6 socket to an IPv4-mapped address, or from an IPv4
 * socket to an IPv6 one. */
#define WAY_TEST(rule, function)                                                            \
    TEST_OF(function, (struct route * route), (open_route(*(const enum way *)*state)),      \
            RULE_ROW(rule, function, " [IPv4]", test, &ways[OF_V4]),                        \
            RULE_ROW(rule, function, " [IPv6]", test, &ways[OF_V6]),                        \
            RULE_ROW(rule, function, " [IPv6, to an IPv4 socket]", test, &ways[TO_MAPPED]), \
            RULE_ROW(rule, function, " [IPv4, to an IPv6 socket]", test, &ways[FROM_V4]))

static struct route {
    peer_family packets;
    fer_udp_socket *sender;
    fer_udp_socket *receiver;
    fer_socket_addr to;   /* as the sender uses it */
    fer_socket_addr from; /* as the receiver reports it */
    fer_ip_addr source;
    fer_ip_addr local_ip;
    fer_udp_features enabled; /* at the receiver */
    uint32_t interface_index; /* of the loopback; 0: unknown */
    uint32_t hops;            /* of the sender's packets */
    bool has_source;
    bool marks; /* the system has ECN for the sender's packets (rule B6: "best effort") */
    bool has_class;
    bool has_hops;
    bool may_lack_hops; /* at the receiver, mapped_parts */
} the_route;

static fer_udp_socket *open_end(bool is_mapped, peer_family family, uint16_t *port)
{
    if (!is_mapped) {
        return test_udp_bound(family, port);
    }
    fer_socket_addr addr;
    fer_udp_socket *socket = test_udp();
    skip_without_v6();
    skip_without_dual_stack();
    udp_bind_wildcard(socket, PEER_V6);
    assert_ok(fer_udp_socket_local_addr(socket, &addr));
    *port = addr.port;
    return socket;
}

static fer_socket_addr seen_as(bool is_mapped, peer_family family, uint16_t port)
{
    fer_socket_addr addr = loopback(family, port);
    return is_mapped ? mapped_of(&addr) : addr;
}

static struct route *open_route(enum way way)
{
    struct route *route = &the_route;
    uint16_t from = 0;
    uint16_t to = 0;
    skip_if_messages_are_not_converted();
    if (way == OF_V6) {
        skip_without_v6();
    }
    skip_if((way == TO_MAPPED || way == FROM_V4) && !peer_has_mapped_parts(),
            "this system has no parts of IPv4 messages at an IPv6 socket (mapped_parts)");
    *route = (struct route){.packets = way == OF_V6 ? PEER_V6 : PEER_V4};
    route->sender = open_end(way == TO_MAPPED, route->packets, &from);
    route->receiver = open_end(way == FROM_V4, route->packets, &to);
    route->to = seen_as(way == TO_MAPPED, route->packets, to);
    route->source = route->to.ip;
    route->from = seen_as(way == FROM_V4, route->packets, from);
    route->local_ip = route->from.ip;
    route->has_source = (available(route->sender) & FER_UDP_SOURCE) != 0;
    route->marks = (available(route->sender) & FER_UDP_ECN) != 0;
    /* of packets to an IPv4-mapped address those of the receiver's family */
    fer_udp_features both = available(route->sender) & available(route->receiver);
    route->has_class = (both & FER_UDP_TRAFFIC_CLASS) != 0;
    route->may_lack_hops = way == FROM_V4 && (peer_is_bsd() || unix_peer_has_bsd_datagrams());
    route->has_hops = (both & FER_UDP_SEND_HOP_LIMIT) != 0;
    assert_ok(fer_udp_socket_ttl(route->sender, &route->hops));
    pattern_fill(sent_bytes, sizeof sent_bytes, 0);
    return route;
}

static void enable(struct route *route, fer_udp_features wanted)
{
    memset(&route->enabled, DIRT, sizeof route->enabled);
    assert_ok(fer_udp_socket_enable(route->receiver, wanted, &route->enabled));
    assert_int_equal(route->enabled & ~wanted & ~FER_UDP_COALESCING, 0);
}

/* ---- Receiving into messages whose members are not zero */

static void soil_message(fer_datagram_recv *message, void *buf, size_t cap)
{
    soil(message, sizeof *message);
    message->buf = buf;
    message->cap = cap;
}

/* The octet of the header of a sent message. */
static unsigned class_of(const fer_datagram_send *sent)
{
    unsigned octet = sent->has_traffic_class ? sent->traffic_class : 0;
    return sent->ecn == FER_ECN_NOT_ECT ? octet : (octet & 0xfc) | (unsigned)sent->ecn;
}

/* Every member that a feature fills in, and those of features that are not enabled. */
static void assert_features(const struct route *route, const fer_datagram_recv *in,
                            const fer_datagram_send *sent)
{
    unsigned octet = route->marks ? class_of(sent) : 0;
    bool has_hops = (route->enabled & FER_UDP_HOP_LIMIT) != 0;
    bool has_addr = (route->enabled & FER_UDP_LOCAL_ADDR) != 0;
    bool has_ecn = (route->enabled & FER_UDP_ECN) != 0;
    if (has_addr) {
        assert_true(fer_ip_addr_eq(in->local_ip, route->local_ip));
    } else {
        assert_int_equal(in->local_ip.family, 0);
    }
    assert_int_equal(in->interface_index != 0, has_addr);
    assert_int_equal(in->has_ecn, has_ecn);
    assert_int_equal(in->ecn, has_ecn ? octet & 3 : FER_ECN_NOT_ECT);
    bool has_class = has_ecn && (available(route->receiver) & FER_UDP_TRAFFIC_CLASS) != 0;
    assert_int_equal(in->has_traffic_class, has_class);
    assert_int_equal(in->traffic_class, has_class ? octet : 0);
    has_hops = has_hops && (in->has_hop_limit || !route->may_lack_hops);
    assert_int_equal(in->has_hop_limit, has_hops);
    assert_int_equal(in->hop_limit, !has_hops              ? 0
                                    : sent->hop_limit != 0 ? sent->hop_limit
                                                           : route->hops);
    assert_int_equal(in->drops, 0);
    assert_int_equal(in->unix_nanos != 0, (route->enabled & FER_UDP_TIMESTAMPS) != 0);
}

/* Receives one message, which are the bytes of the sent message from offset on. Without coalescing
 * it is one datagram of the given length. Returns its length. */
static size_t receive_piece(const struct route *route, size_t offset, size_t len,
                            const fer_datagram_send *sent)
{
    bool is_coalesced = (route->enabled & FER_UDP_COALESCING) != 0;
    static unsigned char buf[FER_UDP_COALESCED_MAX];
    fer_datagram_recv in;
    size_t n = 0;
    soil_message(&in, buf, sizeof buf);
    assert_ok_n(fer_udp_socket_recv_batch(route->receiver, &in, 1, &n), n, 1);
    assert_true(in.buf == buf && in.cap == sizeof buf);
    assert_true(is_coalesced ? in.len >= len : in.len == len);
    assert_true(offset + in.len <= LEN && pattern_matches(buf, in.len, offset));
    assert_int_equal(in.segment_size, len);
    assert_false(in.truncated);
    assert_true(is_same_addr(&in.from, &route->from));
    assert_features(route, &in, sent);
    return in.len;
}

static void receive_message(const struct route *route, const fer_datagram_send *sent)
{
    size_t size = sent->segment_size != 0 ? SEGMENT : LEN;
    for (size_t at = 0; at < LEN;) {
        at += receive_piece(route, at, size < LEN - at ? size : LEN - at, sent);
    }
}

static void assert_receives_no_more(const struct route *route)
{
    unsigned char buf[LEN];
    fer_datagram_recv in;
    size_t n = 0;
    soil_message(&in, buf, sizeof buf);
    assert_kind_n(fer_udp_socket_try_recv_batch(route->receiver, &in, 1, &n), FER_WOULD_BLOCK, n,
                  0);
    assert_true(in.buf == buf && in.cap == sizeof buf);
}

/* ---- Sending */

static fer_ecn ecn_of(unsigned parts)
{
    static const fer_ecn points[] = {FER_ECN_ECT0, FER_ECN_ECT1, FER_ECN_CE};
    return (parts & ECN) != 0 ? points[(parts & 3u) % 3] : FER_ECN_NOT_ECT;
}

static fer_datagram_send make_message(const struct route *route, unsigned parts)
{
    fer_datagram_send message = {.buf = sent_bytes, .len = LEN, .to = &route->to};
    message.ecn = ecn_of(parts);
    if ((parts & SOURCE) != 0) {
        message.from = route->source;
    }
    message.interface_index = (parts & INTERFACE) != 0 ? route->interface_index : 0;
    message.segment_size = (parts & SEGMENTS) != 0 ? SEGMENT : 0;
    message.has_traffic_class = (parts & CLASS) != 0;
    message.traffic_class = CLASS_SENT; /* not used without has_traffic_class */
    message.hop_limit = (parts & HOPS) != 0 ? HOPS_SENT : 0;
    return message;
}

/* B7: "An interface alone is UNSUPPORTED over IPv4 on Windows, FreeBSD and OpenBSD." */
static bool may_be_refused(const struct route *route, unsigned parts)
{
    unsigned source = parts & (SOURCE | INTERFACE);
    return ((parts & CLASS) != 0 && !route->has_class) ||
           ((parts & HOPS) != 0 && !route->has_hops) ||
           (source != 0 &&
            (!route->has_source || (source == INTERFACE && route->packets == PEER_V4)));
}

/* Sends one message, and receives its datagrams. The refused message sends nothing, and can be sent
 * without the part that is refused. */
static void send_one(const struct route *route, unsigned parts, bool to_peer)
{
    fer_datagram_send message = make_message(route, parts);
    size_t n = 77;
    message.to = to_peer ? NULL : message.to;
    fer_error error = fer_udp_socket_send_batch(route->sender, &message, 1, &n);
    if (error.kind != FER_OK && may_be_refused(route, parts)) {
        assert_kind(error, FER_UNSUPPORTED);
        assert_true(n == 0 && message.sent == 0);
        message.from.family = (fer_ip_family)0;
        message.interface_index = 0;
        message.has_traffic_class = false;
        message.hop_limit = 0;
        error = fer_udp_socket_send_batch(route->sender, &message, 1, &n);
    }
    assert_ok(error);
    assert_int_equal(n, 1);
    assert_int_equal(message.sent, LEN);
    receive_message(route, &message);
}

/* The interface is that of a received datagram. */
static void find_interface(struct route *route)
{
    fer_datagram_send message = make_message(route, 0);
    unsigned char buf[LEN];
    fer_datagram_recv in;
    size_t n = 0;
    enable(route, FER_UDP_LOCAL_ADDR | FER_UDP_ECN | FER_UDP_HOP_LIMIT);
    assert_ok_n(fer_udp_socket_send_batch(route->sender, &message, 1, &n), n, 1);
    soil_message(&in, buf, sizeof buf);
    assert_ok_n(fer_udp_socket_recv_batch(route->receiver, &in, 1, &n), n, 1);
    route->interface_index = in.interface_index;
}

/* B4, B6, B7, B13: "the datagrams on the network are the same", whatever else a message has, to
 * the peer of a connected socket, with its address and without. */
WAY_TEST("B4/B6/B7/B13", every_combination_of_parts_is_sent_to_the_peer)
{
    find_interface(route);
    assert_ok(fer_udp_socket_connect_addr(route->sender, &route->to));
    for (unsigned parts = 0; parts < 2 * PARTS; parts++) {
        send_one(route, parts % PARTS, parts < PARTS);
    }
    assert_receives_no_more(route);
}

/* Also without a peer. */
WAY_TEST("B4/B6/B7/B13", every_combination_of_parts_is_sent_in_every_mode_and_by_clones)
{
    enum { NONBLOCKING, TIMEOUTS, LIMITS, CLONES, MODES };
    const fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(600))};
    fer_udp_socket *clones[2] = {test_udp(), test_udp()};
    find_interface(route);
    assert_ok(fer_udp_socket_try_clone(route->sender, clones[0]));
    assert_ok(fer_udp_socket_try_clone(route->receiver, clones[1]));
    for (int mode = 0; mode < MODES; mode++) {
        fer_udp_socket *sockets[2] = {route->sender, route->receiver};
        route->sender = mode == CLONES ? clones[0] : sockets[0];
        route->receiver = mode == CLONES ? clones[1] : sockets[1];
        for (int i = 0; i < 2; i++) {
            fer_duration timeout = mode == TIMEOUTS ? millis(PEER_LIMIT_MS) : FER_DURATION_NONE;
            assert_ok(fer_udp_socket_set_nonblocking(sockets[i], i == 0 && mode == NONBLOCKING));
            assert_ok(fer_udp_socket_set_read_timeout(sockets[i], timeout));
            assert_ok(fer_udp_socket_set_write_timeout(sockets[i], timeout));
            assert_ok(fer_udp_socket_set_limits(sockets[i], mode == LIMITS ? &limits : NULL));
        }
        for (unsigned parts = 0; parts < PARTS; parts++) {
            send_one(route, parts, false);
        }
    }
    assert_receives_no_more(route);
}

/* B1: a message of a call has nothing of the one before it. */
WAY_TEST("B1", messages_with_other_parts_are_sent_in_one_call)
{
    enum { CALL = 32 }; /* messages of a call, which fit into the receiver's queue */
    fer_datagram_send messages[CALL];
    find_interface(route);
    for (unsigned i = 0; i < 2 * PARTS; i += CALL) {
        size_t count = 0;
        size_t n = 0;
        for (unsigned k = i; k < i + CALL; k++) {
            unsigned next = (k < PARTS ? k : 2 * PARTS - 1 - k) * 37 % PARTS; /* in both orders */
            if (!may_be_refused(route, next)) {
                messages[count++] = make_message(route, next);
            }
        }
        assert_ok_n(fer_udp_socket_send_batch(route->sender, messages, count, &n), n, count);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(messages[k].sent, LEN);
            receive_message(route, &messages[k]);
        }
    }
    assert_receives_no_more(route);
}

/* ---- B9: "A feature that the system lacks is not enabled, and the call says so" */

/* B8: also beside coalescing, which cannot be disabled. */
WAY_TEST("B8/B9", every_combination_of_features_fills_in_its_members)
{
    skip_under_qemu("it refuses to set options that it reports");
    enum { ALL = 63 }; /* bit 5 is that of the hop limit */
    fer_udp_features has = available(route->receiver) & SWITCHES;
    bool may_coalesce = (has & FER_UDP_COALESCING) != 0;
    for (fer_udp_features i = 0; i <= (may_coalesce ? 2 * ALL + 1 : ALL); i++) {
        bool coalesces = i > ALL;
        fer_udp_features bits = coalesces ? 2 * ALL + 1 - i : i; /* all features first */
        fer_udp_features wanted = (bits & 31) | ((bits & 32) != 0 ? FER_UDP_HOP_LIMIT : 0);
        fer_udp_features enabled = (wanted & has) | (coalesces ? FER_UDP_COALESCING : 0);
        fer_udp_capabilities found;
        if (!coalesces && (wanted & FER_UDP_COALESCING) != 0) {
            continue;
        }
        enable(route, wanted);
        assert_int_equal(route->enabled, enabled);
        memset(&found, DIRT, sizeof found);
        assert_ok(fer_udp_socket_features(route->receiver, &found));
        assert_true(coalesces || found.enabled == enabled);
        assert_in_range(found.max_batch, 1, 32);
        assert_in_range(found.max_segments, 1, 128);
        assert_int_equal(found.max_segments > 1, (found.available & FER_UDP_SEGMENTING) != 0);
        assert_int_equal(found.max_batch > 1, (found.available & FER_UDP_BATCHING) != 0);
        for (unsigned parts = 0; parts < PARTS; parts += ECN) {
            send_one(route, parts, false);
        }
    }
    assert_receives_no_more(route);
}

/* ---- B3: other messages than whole datagrams */

WAY_TEST("B3", a_datagram_that_is_cut_fills_in_the_same_members)
{
    static const size_t caps[] = {0, 1, LEN - 1, LEN, LEN + 1};
    enable(route, SWITCHES & ~FER_UDP_COALESCING);
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        fer_datagram_send message = make_message(route, ECN);
        unsigned char buf[LEN + 1];
        fer_datagram_recv in;
        size_t n = 0;
        assert_ok_n(fer_udp_socket_send_batch(route->sender, &message, 1, &n), n, 1);
        soil_message(&in, caps[i] == 0 ? NULL : buf, caps[i]);
        assert_ok_n(fer_udp_socket_recv_batch(route->receiver, &in, 1, &n), n, 1);
        assert_int_equal(in.truncated, caps[i] < LEN);
        assert_int_equal(in.len, caps[i] < LEN ? caps[i] : LEN);
        assert_int_equal(in.segment_size, in.len + in.truncated);
        assert_true(is_same_addr(&in.from, &route->from));
        assert_features(route, &in, &message);
    }
}

/* "After a shutdown of receiving ... one message with a len of 0 from the peer, every time". */
WAY_TEST("B3", a_message_after_a_shutdown_has_a_peer_and_nothing_else)
{
    fer_socket *socket = fer_udp_socket_as_socket(route->receiver);
    const fer_datagram_send none = {.len = 0};
    enable(route, SWITCHES & ~FER_UDP_COALESCING);
    assert_ok(fer_udp_socket_connect_addr(route->receiver, &route->from));
    assert_ok(fer_socket_shutdown(socket, FER_SHUTDOWN_READ));
    route->enabled = 0;
    for (int i = 0; i < 3; i++) {
        unsigned char buf[8];
        fer_datagram_recv in;
        size_t n = 0;
        soil_message(&in, buf, sizeof buf);
        assert_ok_n(fer_udp_socket_recv_batch(route->receiver, &in, 1, &n), n, 1);
        assert_true(in.len == 0 && in.segment_size == 0 && !in.truncated);
        assert_true(is_same_addr(&in.from, &route->from));
        assert_features(route, &in, &none);
    }
}

RULE_TESTS("udp_control")
