/* udp_batches.c: rules B1 to B12: batches of datagrams, segments, local addresses, ECN and
 * coalescing. */
#include "conformance/datagram_check.h"
#include "ferrule/udp_batch.h"

enum { BATCH = 8, CAP = 2048 };

/* Messages to receive into, with their buffers. */
static unsigned char memory[BATCH][CAP];
static fer_datagram_recv got[BATCH];

static void prepare(void)
{
    for (size_t i = 0; i < BATCH; i++) {
        got[i] = (fer_datagram_recv){.buf = memory[i], .cap = CAP, .len = 77};
    }
}

static fer_datagram_send text_to(const char *text, const fer_socket_addr *to)
{
    return (fer_datagram_send){.buf = text, .len = strlen(text), .to = to};
}

/* Receives until there are count messages in got. */
static void receive_count(fer_udp_socket *socket, size_t count)
{
    size_t total = 0;
    prepare();
    while (total < count) {
        size_t n = 77;
        assert_ok(fer_udp_socket_recv_batch(socket, got + total, count - total, &n));
        assert_in_range(n, 1, count - total);
        total += n;
    }
}

static void assert_message(size_t index, const char *text, const fer_socket_addr *from)
{
    assert_int_equal(got[index].len, strlen(text));
    assert_memory_equal(got[index].buf, text, strlen(text));
    assert_int_equal(got[index].segment_size, strlen(text));
    assert_false(got[index].truncated);
    assert_true(fer_socket_addr_eq(&got[index].from, from));
}

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

static void assert_has(fer_udp_socket *socket, fer_udp_features feature)
{
    fer_udp_features enabled = 0;
    assert_ok(fer_udp_socket_enable(socket, feature, &enabled));
    skip_if(enabled != feature, "this system, or this version, does not have the feature");
}

static fer_udp_features available(const fer_udp_socket *socket)
{
    fer_udp_capabilities found;
    assert_ok(fer_udp_socket_features(socket, &found));
    return found.available;
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

UDP_TEST("B3", a_batch_takes_what_is_queued)
{
    send_from_peer(&pair, "one");
    send_from_peer(&pair, "");
    send_from_peer(&pair, "three");
    receive_count(pair.socket, 3);
    assert_message(0, "one", &pair.other_addr);
    assert_message(1, "", &pair.other_addr);
    assert_message(2, "three", &pair.other_addr);
}

UDP_TEST("B3", a_batch_waits_for_the_first_datagram_only)
{
    size_t n = 0;
    send_from_peer(&pair, "one");
    prepare();
    assert_ok_n(fer_udp_socket_recv_batch(pair.socket, got, BATCH, &n), n, 1);
    assert_message(0, "one", &pair.other_addr);
    assert_ok(fer_udp_socket_set_read_timeout(pair.socket, millis(SHORT_MS)));
    assert_own_n(fer_udp_socket_recv_batch(pair.socket, got, BATCH, &n), FER_TIMED_OUT, n, 0);
}

UDP_TEST("B3", a_batch_that_may_not_wait_would_block)
{
    size_t n = 0;
    prepare();
    assert_kind_n(fer_udp_socket_try_recv_batch(pair.socket, got, BATCH, &n), FER_WOULD_BLOCK, n,
                  0);
    assert_ok(fer_udp_socket_set_nonblocking(pair.socket, true));
    assert_kind_n(fer_udp_socket_recv_batch(pair.socket, got, BATCH, &n), FER_WOULD_BLOCK, n, 0);
    send_from_peer(&pair, "one");
    wait_until_queued(pair.socket);
    assert_ok_n(fer_udp_socket_try_recv_batch(pair.socket, got, BATCH, &n), n, 1);
    assert_message(0, "one", &pair.other_addr);
}

UDP_TEST("B3", a_datagram_longer_than_its_buffer_is_cut_and_reported)
{
    char small[3];
    fer_datagram_recv messages[] = {{.buf = small, .cap = sizeof small}, {.buf = NULL, .cap = 0}};
    size_t n = 0;
    send_from_peer(&pair, "long");
    assert_ok_n(fer_udp_socket_recv_batch(pair.socket, messages, 1, &n), n, 1);
    assert_int_equal(messages[0].len, 3);
    assert_true(messages[0].truncated);
    assert_memory_equal(small, "lon", 3);
    send_from_peer(&pair, "x");
    assert_ok_n(fer_udp_socket_recv_batch(pair.socket, messages + 1, 1, &n), n, 1);
    assert_int_equal(messages[1].len, 0);
    assert_true(messages[1].truncated);
}

/* ---- B4 */

UDP_TEST("B4", segments_are_datagrams_of_that_size)
{
    unsigned char bytes[2500];
    pattern_fill(bytes, sizeof bytes, 0);
    fer_datagram_send message = {
        .buf = bytes, .len = sizeof bytes, .segment_size = 1000, .to = &pair.other_addr};
    size_t n = 0;
    assert_ok_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), n, 1);
    assert_int_equal(message.sent, sizeof bytes);
    assert_peer_receives_bytes(&pair, 1000, 0);
    assert_peer_receives_bytes(&pair, 1000, 1000);
    assert_peer_receives_bytes(&pair, 500, 2000);
}

/* More than the system cuts in one call. */
UDP_TEST("B4", a_message_has_any_number_of_segments)
{
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

/* 65,535 bytes: no datagram is that long. */
UDP_TEST("B4", a_segment_that_is_too_long_is_refused_as_a_datagram_is)
{
    static const unsigned char big[70000];
    fer_datagram_send message = {
        .buf = big, .len = sizeof big, .segment_size = 65535, .to = &pair.other_addr};
    size_t n = 0;
    assert_kind_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), FER_MESSAGE_TOO_LONG, n,
                  0);
    assert_int_equal(message.sent, 0);
}

/* ---- B6 */

UDP_TEST("B6", an_ecn_codepoint_arrives)
{
    uint16_t port = 0;
    fer_udp_socket *sender = test_udp_bound(pair.family, &port);
    fer_socket_addr to = loopback(pair.family, pair.port);
    assert_has(pair.socket, FER_UDP_ECN);
    fer_datagram_send messages[] = {text_to("plain", &to), text_to("marked", &to)};
    messages[1].ecn = FER_ECN_ECT0;
    size_t n = 0;
    assert_ok_n(fer_udp_socket_send_batch(sender, messages, 2, &n), n, 2);
    receive_count(pair.socket, 2);
    assert_true(got[0].has_ecn);
    assert_int_equal(got[0].ecn, FER_ECN_NOT_ECT);
    assert_true(got[1].has_ecn);
    assert_int_equal(got[1].ecn, FER_ECN_ECT0);
}

/* ---- B7 */

/* A socket on [::] has both families, unless the system refuses it. */
static fer_socket_addr any_addr(peer_family family)
{
    skip_if(family == PEER_V6 && !peer_has_dual_stack(), "this system has no dual stack");
    fer_socket_addr addr = loopback(family, 0);
    memset(&addr.ip.u, 0, sizeof addr.ip.u);
    return addr;
}

FAMILY_TEST("B7", an_answer_comes_from_the_address_of_the_question)
{
    uint16_t port = 0;
    peer_socket other = peer_datagram(family, &port);
    fer_socket_addr addr = any_addr(family);
    fer_udp_socket *server = test_udp();
    fer_udp_socket *client = test_udp_bound(family, &port);
    fer_socket_addr asked = loopback(family, 0);
    (void)other;
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

/* The address that the socket is bound to may be given too. */
UDP_TEST("B7", the_bound_address_is_a_local_address)
{
    fer_datagram_send message = text_to("one", &pair.other_addr);
    size_t n = 0;
    message.from = loopback(pair.family, 0).ip;
    skip_if((available(pair.socket) & FER_UDP_SOURCE) == 0, "this system cannot choose the source");
    assert_ok_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), n, 1);
    assert_peer_receives(&pair, "one");
}

/* Addresses for documentation (RFC 5737, RFC 3849). */
FAMILY_TEST("B7", an_address_of_another_machine_is_refused)
{
    fer_ip_addr foreign;
    uint16_t port = 0;
    fer_socket_addr addr = any_addr(family);
    fer_socket_addr to = loopback(family, 0);
    fer_udp_socket *socket = test_udp();
    fer_udp_socket *receiver = test_udp_bound(family, &port);
    (void)receiver;
    to.port = port;
    assert_ok(fer_udp_socket_bind_addr(socket, &addr));
    assert_ok(fer_ip_addr_parse(&foreign, family == PEER_V4 ? "192.0.2.1" : "2001:db8::1"));
    fer_datagram_send message = text_to("one", &to);
    message.from = foreign;
    size_t n = 0;
    bool has_source = (available(socket) & FER_UDP_SOURCE) != 0;
    assert_kind_n(fer_udp_socket_send_batch(socket, &message, 1, &n),
                  has_source ? FER_ADDR_NOT_AVAILABLE : FER_UNSUPPORTED, n, 0);
}

UDP_TEST("B7", a_local_address_of_the_other_family_is_refused)
{
    fer_datagram_send message = text_to("one", &pair.other_addr);
    size_t n = 0;
    message.from = loopback(pair.family == PEER_V4 ? PEER_V6 : PEER_V4, 0).ip;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), FER_INVALID_INPUT, n, 0);
    message.from.family = (fer_ip_family)5;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, &message, 1, &n), FER_INVALID_INPUT, n, 0);
}

/* ---- B8 */

UDP_TEST("B8", only_batches_receive_while_datagrams_are_coalesced)
{
    enum { SIZE = 400, COUNT = 4 };
    static unsigned char space[65535];
    unsigned char bytes[SIZE * COUNT];
    fer_udp_received received;
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
    for (size_t at = 0; at < sizeof bytes; at += got[0].len) {
        got[0] = (fer_datagram_recv){.buf = space, .cap = sizeof space};
        assert_ok_n(fer_udp_socket_recv_batch(clone, got, 1, &n), n, 1);
        assert_false(got[0].truncated);
        assert_int_equal(got[0].segment_size, SIZE);
        assert_true(pattern_matches(space, got[0].len, at));
    }
}

UDP_TEST("B8", coalescing_does_not_change_on_clones)
{
    fer_udp_features enabled = 0;
    fer_udp_received received;
    fer_udp_socket *clone = test_udp();
    char buf[8];
    assert_ok(fer_udp_socket_try_clone(pair.socket, clone));
    assert_ok(fer_udp_socket_enable(pair.socket, FER_UDP_COALESCING, &enabled));
    assert_int_equal(enabled, 0);
    send_from_peer(&pair, "one");
    assert_ok(fer_udp_socket_recv(clone, buf, sizeof buf, &received));
}

UDP_TEST("B8", single_receives_work_again_after_coalescing)
{
    fer_udp_features enabled = 77;
    assert_has(pair.socket, FER_UDP_COALESCING);
    assert_ok(fer_udp_socket_enable(pair.socket, 0, &enabled));
    assert_int_equal(enabled, 0);
    send_from_peer(&pair, "one");
    assert_receives_from_peer(&pair, "one");
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

UDP_TEST("B11", a_bad_message_is_refused_and_those_before_it_are_sent)
{
    fer_datagram_send messages[] = {text_to("one", &pair.other_addr),
                                    text_to("two", &pair.other_addr)};
    fer_socket_addr no_port = loopback(pair.family, 0);
    size_t n = 0;
    messages[1].sent = 4;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, messages, 2, &n), FER_INVALID_INPUT, n, 1);
    messages[1].sent = 0;
    messages[1].ecn = (fer_ecn)4;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, messages + 1, 1, &n), FER_INVALID_INPUT, n,
                 0);
    messages[1].ecn = FER_ECN_NOT_ECT;
    messages[1].to = &no_port;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, messages + 1, 1, &n), FER_INVALID_INPUT, n,
                 0);
    no_port.ip.family = (fer_ip_family)5;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, messages + 1, 1, &n), FER_INVALID_INPUT, n,
                 0);
    messages[1].buf = NULL;
    assert_own_n(fer_udp_socket_send_batch(pair.socket, messages + 1, 1, &n), FER_MISUSE, n, 0);
    got[0] = (fer_datagram_recv){.buf = NULL, .cap = 1};
    assert_own_n(fer_udp_socket_recv_batch(pair.socket, got, 1, &n), FER_MISUSE, n, 0);
    assert_own_n(fer_udp_socket_recv_batch(pair.socket, NULL, 1, &n), FER_MISUSE, n, 0);
    assert_own_n(fer_udp_socket_send_batch(pair.socket, NULL, 1, &n), FER_MISUSE, n, 0);
    assert_own(fer_udp_socket_enable(pair.socket, FER_UDP_SOURCE, NULL), FER_INVALID_INPUT);
    assert_peer_receives(&pair, "one");
}

UDP_TEST("B11", nothing_to_send_or_to_receive_is_ok)
{
    size_t n = 0;
    assert_ok_n(fer_udp_socket_send_batch(pair.socket, NULL, 0, &n), n, 0);
    assert_ok_n(fer_udp_socket_recv_batch(pair.socket, NULL, 0, &n), n, 0);
    assert_ok(fer_udp_socket_try_send_batch(pair.socket, NULL, 0, NULL));
}

/* ---- Features and the path */

UDP_TEST("B9", what_is_enabled_is_reported)
{
    const fer_udp_features all =
        FER_UDP_LOCAL_ADDR | FER_UDP_ECN | FER_UDP_COALESCING | FER_UDP_DROPS | FER_UDP_TIMESTAMPS;
    fer_udp_capabilities found;
    fer_udp_features enabled = 0;
    assert_ok(fer_udp_socket_features(pair.socket, &found));
    assert_int_equal(found.enabled, 0);
    assert_in_range(found.max_batch, 1, 32);
    assert_int_equal(found.max_segments > 1, (found.available & FER_UDP_SEGMENTING) != 0);
    assert_int_equal(found.max_batch > 1, (found.available & FER_UDP_BATCHING) != 0);
    assert_ok(fer_udp_socket_enable(pair.socket, all, &enabled));
    assert_int_equal(enabled, found.available & all);
    assert_ok(fer_udp_socket_features(pair.socket, &found));
    assert_int_equal(found.enabled, enabled);
}

UDP_TEST("B3", a_time_of_arrival_is_reported)
{
    assert_has(pair.socket, FER_UDP_TIMESTAMPS);
    send_from_peer(&pair, "one");
    receive_count(pair.socket, 1);
    assert_true(got[0].unix_nanos > 0);
}

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
