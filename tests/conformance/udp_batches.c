/* udp_batches.c: rules B1 to B5 and B7 to B11: batches of datagrams and segments; local addresses,
 * coalescing, and bad messages; the length of datagrams on the path. For B6: udp_control.c. */
#include "conformance/batch_check.h"
#include "ferrule/socket.h"
#include "support/socket_fixture.h"

static void assert_peer_receives_bytes(const struct udp_pair *pair, size_t len, uint64_t offset)
{
    static unsigned char buf[CAP];
    size_t n = 0;
    uint16_t port = 0;
    assert_int_equal(peer_datagram_receive(pair->other, buf, sizeof buf, &n, &port), PEER_GOT);
    assert_int_equal(n, len);
    assert_true(pattern_matches(buf, n, offset));
    assert_int_equal(port, pair->port);
}

/* ---- B1 */

UDP_TEST("B1", messages_are_sent_in_order)
{
    fer_datagram_send messages[] = {text_to("one", &pair.other_addr), text_to("", &pair.other_addr),
                                    text_to("three", &pair.other_addr)};
    size_t n = 0;
    assert_ok_n(fer_udp_socket_send_batch(pair.socket, messages, 3, &n), n, 3);
    assert_int_equal(messages[0].sent, 3);
    assert_int_equal(messages[2].sent, 5);
    assert_peer_receives(&pair, "one");
    assert_peer_receives(&pair, "");
    assert_peer_receives(&pair, "three");
}

UDP_TEST("B1", messages_without_an_address_are_for_the_peer)
{
    fer_datagram_send messages[] = {text_to("one", NULL), text_to("two", NULL)};
    size_t n = 0;
    assert_kind_n(fer_udp_socket_send_batch(pair.socket, messages, 2, &n), FER_NOT_CONNECTED, n, 0);
    connect_to_peer(&pair);
    assert_ok_n(fer_udp_socket_try_send_batch(pair.socket, messages, 2, &n), n, 2);
    assert_peer_receives(&pair, "one");
    assert_peer_receives(&pair, "two");
}

UDP_TEST("B1", a_failure_is_that_of_the_first_message_that_was_not_sent)
{
    static const unsigned char big[70000];
    fer_datagram_send messages[] = {text_to("one", &pair.other_addr),
                                    {.buf = big, .len = sizeof big, .to = &pair.other_addr},
                                    text_to("three", &pair.other_addr)};
    size_t n = 0;
    assert_kind_n(fer_udp_socket_send_batch(pair.socket, messages, 3, &n), FER_MESSAGE_TOO_LONG, n,
                  1);
    assert_int_equal(messages[1].sent, 0);
    assert_ok_n(fer_udp_socket_send_batch(pair.socket, messages + 2, 1, &n), n, 1);
    assert_peer_receives(&pair, "one");
    assert_peer_receives(&pair, "three");
}

UDP_TEST("B1", a_call_continues_after_the_bytes_that_were_sent)
{
    skip_if_messages_are_not_converted();
    unsigned char bytes[30];
    pattern_fill(bytes, sizeof bytes, 0);
    fer_datagram_send messages[] = {
        {.buf = bytes, .len = 30, .sent = 30, .segment_size = 10, .to = &pair.other_addr},
        {.buf = bytes, .len = 30, .sent = 10, .segment_size = 10, .to = &pair.other_addr},
        {.buf = bytes, .len = 5, .sent = 5, .to = &pair.other_addr}};
    size_t n = 0;
    assert_ok_n(fer_udp_socket_send_batch(pair.socket, messages, 3, &n), n, 3);
    assert_int_equal(messages[1].sent, 30);
    assert_peer_receives_bytes(&pair, 10, 10);
    assert_peer_receives_bytes(&pair, 10, 20);
    send_text_to(pair.socket, "last", pair.family, pair.other_port);
    assert_peer_receives(&pair, "last");
}

/* ---- B3 */

UDP_TEST("B2", a_handle_past_its_deadline_sends_and_receives_no_batch)
{
    const fer_limits past = {.deadline = fer_instant_now()};
    fer_datagram_send message = text_to("one", &pair.other_addr);
    size_t n = 0;
    assert_ok(fer_udp_socket_set_limits(pair.socket, &past));
    prepare();
    send_from_peer(&pair, "kept");
    assert_own_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), FER_TIMED_OUT, n, 0);
    assert_own_n(fer_udp_socket_recv_batch(pair.socket, got, 1, &n), FER_TIMED_OUT, n, 0);
    assert_ok(fer_udp_socket_set_limits(pair.socket, NULL));
    assert_receives_from_peer(&pair, "kept");
}

UDP_TEST("B3", a_batch_receives_the_queued_datagrams)
{
    send_from_peer(&pair, "one");
    send_from_peer(&pair, "");
    send_from_peer(&pair, "three");
    receive_count(pair.socket, 3);
    assert_message(0, "one", &pair.other_addr);
    assert_message(1, "", &pair.other_addr);
    assert_message(2, "three", &pair.other_addr);
}

UDP_TEST("B3", a_batch_waits_for_the_first_datagram_only_and_if_it_may)
{
    size_t n = 0;
    prepare();
    assert_kind_n(fer_udp_socket_try_recv_batch(pair.socket, got, BATCH, &n), FER_WOULD_BLOCK, n,
                  0);
    assert_ok(fer_udp_socket_set_nonblocking(pair.socket, true));
    assert_kind_n(fer_udp_socket_recv_batch(pair.socket, got, BATCH, &n), FER_WOULD_BLOCK, n, 0);
    for (int tries = 0; tries < 2; tries++) {
        send_from_peer(&pair, "one");
        wait_until_queued(pair.socket);
        prepare();
        assert_ok_n(tries ? fer_udp_socket_try_recv_batch(pair.socket, got, BATCH, &n)
                          : fer_udp_socket_recv_batch(pair.socket, got, BATCH, &n),
                    n, 1);
        assert_message(0, "one", &pair.other_addr);
    }
    assert_ok(fer_udp_socket_set_nonblocking(pair.socket, false));
    assert_ok(fer_udp_socket_set_read_timeout(pair.socket, millis(SHORT_MS)));
    assert_own_n(fer_udp_socket_recv_batch(pair.socket, got, BATCH, &n), FER_TIMED_OUT, n, 0);
}

/* ---- B4 */

/* More than the system cuts in one call. */
UDP_TEST("B4", a_message_has_any_number_of_segments)
{
    skip_if_messages_are_not_converted();
    enum { COUNT = 70, SIZE = 10 };
    unsigned char bytes[COUNT * SIZE];
    pattern_fill(bytes, sizeof bytes, 0);
    fer_datagram_send message = {
        .buf = bytes, .len = sizeof bytes, .segment_size = SIZE, .to = &pair.other_addr};
    size_t n = 0;
    assert_ok_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), n, 1);
    for (uint64_t i = 0; i < COUNT; i++) {
        assert_peer_receives_bytes(&pair, SIZE, i * SIZE);
    }
}

/* "Every other message and send is one datagram." */
UDP_TEST("B4", an_adopted_socket_with_a_segment_size_sends_whole_datagrams)
{
    unsigned char bytes[25];
    fer_datagram_send message = {.buf = bytes, .len = sizeof bytes, .to = &pair.other_addr};
    fer_socket *built = test_socket();
    skip_if(!peer_raw_set_segment_size(fer_udp_socket_as_raw(pair.socket), 10),
            "this system does not cut messages");
    pattern_fill(bytes, sizeof bytes, 0);
    fer_raw_socket raw = fer_udp_socket_into_raw(pair.socket);
    for (int i = 0; i < 3; i++) {
        assert_true(peer_raw_set_segment_size(raw, 10));
        if (i == 0) {
            assert_ok(fer_socket_borrow_raw(built, raw));
            assert_ok(fer_socket_send_to(built, bytes, sizeof bytes, &pair.other_addr, NULL));
            fer_socket_close(built);
        } else if (i == 1) {
            assert_ok(fer_socket_from_raw(built, raw));
            assert_ok(fer_socket_send_to(built, bytes, sizeof bytes, &pair.other_addr, NULL));
            raw = fer_socket_into_raw(built);
        } else {
            assert_ok(fer_udp_socket_from_raw(pair.socket, raw));
            assert_ok(fer_udp_socket_send_batch(pair.socket, &message, 1, NULL));
        }
        assert_peer_receives_bytes(&pair, sizeof bytes, 0);
    }
}

/* 65,535 bytes: no datagram is that long. Bytes of any length are not read. */
UDP_TEST("B4", a_segment_that_is_too_long_is_refused_as_a_datagram_is)
{
    static const unsigned char big[70000];
    fer_datagram_send messages[] = {
        {.buf = big, .len = sizeof big, .segment_size = 65535, .to = &pair.other_addr},
        {.buf = "x", .len = SIZE_MAX, .to = &pair.other_addr}};
    for (size_t i = 0; i < 2; i++) {
        size_t n = 0;
        assert_kind_n(fer_udp_socket_send_batch(pair.socket, &messages[i], 1, &n),
                      FER_MESSAGE_TOO_LONG, n, 0);
        assert_int_equal(messages[i].sent, 0);
    }
}

/* ---- B5 */

/* On an interface with an MTU of 1500 the system refuses to cut such segments, and fragments the
 * datagrams: network.sh. */
UDP_TEST("B5", segments_longer_than_the_mtu_are_sent)
{
    skip_if_messages_are_not_converted();
    static unsigned char bytes[4500];
    pattern_fill(bytes, sizeof bytes, 0);
    fer_datagram_send message = {
        .buf = bytes, .len = sizeof bytes, .segment_size = 2000, .to = &pair.other_addr};
    bool has_segments = (available(pair.socket) & FER_UDP_SEGMENTING) != 0;
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        message.sent = 0;
        assert_ok_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), n, 1);
        assert_peer_receives_bytes(&pair, 2000, 0);
        assert_peer_receives_bytes(&pair, 2000, 2000);
        assert_peer_receives_bytes(&pair, 500, 4000);
    }
    assert_int_equal((available(pair.socket) & FER_UDP_SEGMENTING) != 0, has_segments);
}

/* ---- B7 */

/* A socket on [::] has both families, unless the system refuses it. */
static fer_socket_addr any_addr(peer_family family)
{
    skip_if(family == PEER_V6 && !peer_has_dual_stack(), "this system has no dual stack");
    return wildcard(family, 0);
}

FAMILY_TEST("B7", an_answer_comes_from_the_address_of_the_question)
{
    uint16_t port = 0;
    fer_socket_addr addr = any_addr(family);
    fer_udp_socket *server = test_udp();
    fer_udp_socket *client = test_udp_bound(family, &port);
    fer_socket_addr asked = loopback(family, 0);
    assert_ok(fer_udp_socket_bind_addr(server, &addr));
    assert_ok(fer_udp_socket_local_addr(server, &addr));
    asked.port = addr.port;
    assert_has(server, FER_UDP_LOCAL_ADDR);
    connect_to(client, family, asked.port);
    send_text(client, "question");
    receive_count(server, 1);
    assert_true(fer_ip_addr_eq(got[0].local_ip, asked.ip));
    assert_int_not_equal(got[0].interface_index, 0);
    skip_if((available(server) & FER_UDP_SOURCE) == 0, "this system cannot choose the source");
    fer_datagram_send answer = text_to("answer", &got[0].from);
    answer.from = got[0].local_ip;
    size_t n = 0;
    assert_ok_n(fer_udp_socket_send_batch(server, &answer, 1, &n), n, 1);
    assert_receives(client, "answer", family, asked.port);
}

/* Never from the socket's address instead. 127.0.0.2 is an address of Linux and Windows only. */
RULE_TEST("B7", a_connected_socket_sends_from_another_local_address_or_not_at_all)
{
    uint16_t port = 0;
    fer_socket_addr any = any_addr(PEER_V4);
    fer_udp_socket *receiver = test_udp();
    fer_udp_socket *sender = test_udp_bound(PEER_V4, &port);
    fer_datagram_send message = text_to("one", NULL);
    size_t n = 0;
    skip_if(peer_is_wine(), "Wine ignores the local address");
    assert_ok(fer_udp_socket_bind_addr(receiver, &any));
    assert_ok(fer_udp_socket_local_addr(receiver, &any));
    skip_if((available(sender) & FER_UDP_SOURCE) == 0, "this system cannot choose the source");
    connect_to(sender, PEER_V4, any.port);
    message.from = fer_ip_addr_from_v4(fer_ipv4_addr_new(127, 0, 0, 2));
    fer_error error = fer_udp_socket_send_batch(sender, &message, 1, &n);
    if (error.kind == FER_INVALID_INPUT || error.kind == FER_ADDR_NOT_AVAILABLE) {
        assert_int_equal(n, 0);
        return;
    }
    assert_ok(error);
    receive_count(receiver, 1);
    assert_true(fer_ip_addr_eq(got[0].from.ip, message.from));
}

FAMILY_TEST("B7", the_first_datagram_of_an_unbound_socket_has_a_local_address)
{
    uint16_t port = 0;
    fer_udp_socket *receiver = test_udp_bound(family, &port);
    fer_socket_addr to = loopback(family, port);
    fer_socket *built = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    fer_udp_socket *socket = test_udp();
    assert_ok(fer_socket_into_udp_socket(built, socket));
    skip_if((available(socket) & FER_UDP_SOURCE) == 0, "this system cannot choose the source");
    for (size_t sent = 0; sent < 2; sent++) {
        fer_datagram_send message = text_to("one", &to);
        size_t n = 0;
        message.from = to.ip;
        assert_ok_n(fer_udp_socket_send_batch(socket, &message, 1, &n), n, 1);
        receive_count(receiver, 1);
        assert_true(fer_ip_addr_eq(got[0].from.ip, to.ip));
    }
}

/* Addresses for documentation (RFC 5737, RFC 3849), one of no interface, and a group. */
FAMILY_TEST("B7", an_address_of_another_machine_is_refused)
{
    static const char *const foreign[2][2] = {{"192.0.2.1", "198.51.100.1"},
                                              {"2001:db8::1", "fe80::db8:1"}};
    fer_socket_addr addr = any_addr(family);
    fer_socket_addr to = loopback(family, 0);
    fer_udp_socket *socket = test_udp();
    (void)test_udp_bound(family, &to.port);
    assert_ok(fer_udp_socket_bind_addr(socket, &addr));
    fer_datagram_send message = text_to("one", &to);
    size_t n = 0;
    bool has_source = (available(socket) & FER_UDP_SOURCE) != 0;
    for (size_t i = 0; i < 2; i++) {
        assert_ok(fer_ip_addr_parse(&message.from, foreign[family == PEER_V6][i]));
        assert_kind_n(fer_udp_socket_send_batch(socket, &message, 1, &n),
                      has_source ? FER_ADDR_NOT_AVAILABLE : FER_UNSUPPORTED, n, 0);
    }
    assert_ok(fer_ip_addr_parse(&message.from, family == PEER_V4 ? "224.0.0.1" : "ff02::1"));
    assert_own_n(fer_udp_socket_send_batch(socket, &message, 1, &n), FER_ADDR_NOT_AVAILABLE, n, 0);
}

/* An unspecified one of either family is none, on a system that cannot choose the source too. */
UDP_TEST("B7", a_local_address_of_the_other_family_is_refused_unless_unspecified)
{
    static const char *const texts[] = {"0.0.0.0", "::", "::ffff:0.0.0.0"};
    fer_datagram_send message = text_to("one", &pair.other_addr);
    size_t n = 0;
    message.from = loopback(pair.family == PEER_V4 ? PEER_V6 : PEER_V4, 0).ip;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), FER_INVALID_INPUT, n, 0);
    message.from.family = (fer_ip_family)5;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), FER_INVALID_INPUT, n, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(fer_ip_addr_parse(&message.from, texts[i]));
        message.sent = 0;
        assert_ok_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), n, 1);
        assert_peer_receives(&pair, "one");
    }
}

/* ---- B8 */

UDP_TEST("B8", only_batches_receive_while_datagrams_are_coalesced)
{
    enum { SIZE = 400, COUNT = 4 };
    skip_if_messages_are_not_converted();
    static unsigned char space[65535];
    unsigned char bytes[SIZE * COUNT];
    fer_udp_received received;
    fer_udp_features enabled = 0;
    uint16_t port = 0;
    fer_udp_socket *clone = test_udp();
    fer_udp_socket *sender = test_udp_bound(pair.family, &port);
    fer_socket_addr to = loopback(pair.family, pair.port);
    size_t n = 0;
    assert_has(pair.socket, FER_UDP_COALESCING);
    assert_ok(fer_udp_socket_try_clone(pair.socket, clone));
    pattern_fill(bytes, sizeof bytes, 0);
    fer_datagram_send message = {
        .buf = bytes, .len = sizeof bytes, .segment_size = SIZE, .to = &to};
    assert_ok_n(fer_udp_socket_send_batch(sender, &message, 1, &n), n, 1);
    wait_until_queued(pair.socket);
    assert_own(fer_udp_socket_recv_from(pair.socket, space, CAP, &received), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_peek(pair.socket, space, CAP, &received), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_try_recv_from(clone, space, CAP, &received), FER_INVALID_INPUT);
    assert_ok(fer_udp_socket_enable(clone, 0, &enabled));
    assert_int_equal(enabled, FER_UDP_COALESCING);
    for (size_t at = 0; at < sizeof bytes; at += got[0].len) {
        got[0] = (fer_datagram_recv){.buf = space, .cap = sizeof space};
        assert_ok_n(fer_udp_socket_recv_batch(clone, got, 1, &n), n, 1);
        assert_false(got[0].truncated);
        assert_int_equal(got[0].segment_size, SIZE);
        assert_true(pattern_matches(space, got[0].len, at));
    }
}

/* One datagram that is cut, or whole ones of which the others are lost. */
UDP_TEST("B8", the_whole_datagrams_of_a_cut_message_can_be_counted)
{
    enum { SIZE = 400, COUNT = 4 };
    skip_if_messages_are_not_converted();
    static const struct {
        size_t len, cap, whole;
    } cases[] = {{600, SIZE, 0}, {SIZE * COUNT, SIZE, 1}, {SIZE * COUNT, 900, 2}};
    unsigned char bytes[SIZE * COUNT];
    unsigned char space[SIZE * COUNT];
    uint16_t port = 0;
    fer_udp_socket *sender = test_udp_bound(pair.family, &port);
    fer_socket_addr to = loopback(pair.family, pair.port);
    assert_has(pair.socket, FER_UDP_COALESCING);
    pattern_fill(bytes, sizeof bytes, 0);
    for (size_t i = 0; i < 3; i++) {
        fer_datagram_send message = {
            .buf = bytes, .len = cases[i].len, .segment_size = i > 0 ? SIZE : 0, .to = &to};
        fer_datagram_recv in = {.buf = space, .cap = cases[i].cap};
        size_t n = 0;
        assert_ok_n(fer_udp_socket_send_batch(sender, &message, 1, &n), n, 1);
        assert_ok_n(fer_udp_socket_recv_batch(pair.socket, &in, 1, &n), n, 1);
        size_t whole = in.len / in.segment_size;
        assert_true(in.truncated || i > 0); /* the simulation may coalesce fewer */
        assert_in_range(whole, in.truncated ? cases[i].whole : 1, cases[i].whole);
        while (fer_udp_socket_try_recv_batch(pair.socket, &in, 1, &n).kind == FER_OK) {
        }
    }
}

UDP_TEST("B8", all_messages_are_received_in_a_call_while_datagrams_are_coalesced)
{
    static const char *const texts[] = {"1", "22", "333", "4444", "55555", "666666"};
    size_t n = 0;
    size_t len = 0;
    assert_has(pair.socket, FER_UDP_COALESCING);
    for (size_t i = 0; i < 6; i++) {
        send_from_peer(&pair, texts[i]);
    }
    prepare();
    assert_ok(fer_udp_socket_recv_batch(pair.socket, got, BATCH, &n));
    for (size_t i = 0; i < n; i++) {
        len += got[i].len;
    }
    assert_int_equal(len, 1 + 2 + 3 + 4 + 5 + 6);
}

UDP_TEST("B8", coalescing_stays_enabled_and_does_not_change_on_clones)
{
    fer_udp_features enabled = 77;
    fer_udp_received received;
    fer_udp_socket *clone = test_udp();
    char buf[8];
    assert_ok(fer_udp_socket_try_clone(pair.socket, clone));
    assert_ok(fer_udp_socket_enable(pair.socket, FER_UDP_COALESCING, &enabled));
    assert_int_equal(enabled, 0);
    send_from_peer(&pair, "one");
    assert_ok(fer_udp_socket_recv(clone, buf, sizeof buf, &received));
    fer_udp_socket_close(clone);
    pair = udp_pair_open(pair.family);
    assert_has(pair.socket, FER_UDP_COALESCING);
    send_from_peer(&pair, "one");
    wait_until_queued(pair.socket);
    assert_ok(fer_udp_socket_enable(pair.socket, FER_UDP_LOCAL_ADDR, &enabled));
    assert_int_equal(enabled & FER_UDP_COALESCING, FER_UDP_COALESCING);
    assert_own(fer_udp_socket_recv_from(pair.socket, buf, sizeof buf, &received),
               FER_INVALID_INPUT);
    receive_count(pair.socket, 1);
    assert_message(0, "one", &pair.other_addr);
}

UDP_TEST("B8", an_adopted_socket_coalesces_as_before)
{
    fer_udp_capabilities found;
    fer_udp_received received;
    char buf[8];
    fer_udp_socket *adopted = test_udp();
    fer_socket built = {0};
    assert_has(pair.socket, FER_UDP_COALESCING);
    assert_ok(fer_udp_socket_from_raw(adopted, fer_udp_socket_into_raw(pair.socket)));
    assert_own(fer_udp_socket_try_recv_from(adopted, buf, sizeof buf, &received),
               FER_INVALID_INPUT);
    assert_ok(fer_udp_socket_enable(adopted, 0, NULL));
    assert_ok(fer_udp_socket_features(adopted, &found));
    assert_int_equal(found.enabled, FER_UDP_COALESCING);
    assert_ok(fer_socket_from_raw(&built, fer_udp_socket_into_raw(adopted)));
    assert_ok(fer_socket_set_nonblocking(&built, true));
    assert_own(fer_socket_recv_from(&built, buf, sizeof buf, &received), FER_INVALID_INPUT);
    fer_socket_close(&built);
}

/* ---- B10 */

UDP_TEST("B10", another_sender_s_datagrams_are_dropped_from_a_batch)
{
    size_t n = 0;
    send_from_other_sender(&pair);
    wait_until_queued(pair.socket);
    send_from_peer(&pair, "one");
    send_from_peer(&pair, "two");
    connect_to_peer(&pair);
    receive_count(pair.socket, 2);
    assert_message(0, "one", &pair.other_addr);
    assert_message(1, "two", &pair.other_addr);
    assert_kind_n(fer_udp_socket_try_recv_batch(pair.socket, got, BATCH, &n), FER_WOULD_BLOCK, n,
                  0);
}

/* ---- B11 */

/* Nothing to send or to receive is OK. */
UDP_TEST("B11", a_bad_message_is_refused_and_those_before_it_are_sent)
{
    const fer_socket_addr *to = &pair.other_addr;
    const fer_socket_addr no_port = loopback(pair.family, 0);
    const fer_socket_addr odd = {.ip = {.family = (fer_ip_family)5}, .port = 9};
    const struct {
        fer_datagram_send message;
        fer_error_kind kind;
    } rows[] = {{{.buf = "two", .len = 3, .to = to, .sent = 4}, FER_INVALID_INPUT},
                {{.buf = "two", .len = 3, .to = to, .ecn = (fer_ecn)4}, FER_INVALID_INPUT},
                {{.buf = "two", .len = 3, .to = &no_port}, FER_INVALID_INPUT},
                {{.buf = "two", .len = 3, .to = &odd}, FER_INVALID_INPUT},
                {{.buf = NULL, .len = 3, .to = to}, FER_MISUSE}};
    size_t n = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_datagram_send messages[] = {text_to("one", to), rows[i].message};
        assert_own_n(fer_udp_socket_send_batch(pair.socket, messages, 2, &n), rows[i].kind, n, 1);
        assert_peer_receives(&pair, "one");
    }
    got[0] = (fer_datagram_recv){.buf = NULL, .cap = 1};
    assert_own_n(fer_udp_socket_recv_batch(pair.socket, got, 1, &n), FER_MISUSE, n, 0);
    assert_ok_n(fer_udp_socket_send_batch(pair.socket, NULL, 0, &n), n, 0);
    assert_ok_n(fer_udp_socket_recv_batch(pair.socket, NULL, 0, &n), n, 0);
    assert_ok(fer_udp_socket_try_send_batch(pair.socket, NULL, 0, NULL));
    assert_own(fer_udp_socket_enable(pair.socket, FER_UDP_SOURCE, NULL), FER_INVALID_INPUT);
}

/* ---- Features and the path */

UDP_TEST("O1", fragmentation_is_set_and_read)
{
    bool on = true;
    fer_error error = fer_udp_socket_set_dont_fragment(pair.socket, true);
    skip_if(error.kind == FER_UNSUPPORTED, "this system does not have the option");
    assert_ok(error);
    assert_ok(fer_udp_socket_dont_fragment(pair.socket, &on));
    assert_true(on);
    assert_ok(fer_udp_socket_set_dont_fragment(pair.socket, false));
    assert_ok(fer_udp_socket_dont_fragment(pair.socket, &on));
    assert_false(on);
}

UDP_TEST("O1", the_path_to_the_peer_has_a_length)
{
    uint32_t mtu = 77;
    assert_kind(fer_udp_socket_path_mtu(pair.socket, &mtu), FER_NOT_CONNECTED);
    assert_int_equal(mtu, 77);
    connect_to_peer(&pair);
    fer_error error = fer_udp_socket_path_mtu(pair.socket, &mtu);
    skip_if(error.kind == FER_UNSUPPORTED, "this system does not report it");
    assert_ok(error);
    assert_true(mtu >= 576);
}

RULE_TESTS("udp_batches")
