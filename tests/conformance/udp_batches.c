/* udp_batches.c: rules B1 to B5: batches of datagrams and segments. For the other rules:
 * udp_batch_features.c. */
#include "conformance/batch_check.h"

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

RULE_TESTS("udp_batches")
