/* datagram_peers.c: rule U5: which datagrams a connected datagram socket receives. Also: two
 * threads on one socket. */
#include "conformance/datagram_check.h"
#include "support/thread.h"

static void a_stranger_s_datagram_from_before_connect_is_dropped(void **state)
{
    struct udp_pair pair = udp_pair_open(family_of(state));
    send_from_other_sender(&pair);
    wait_until_queued(pair.socket);
    send_from_peer(&pair, "the peer's");
    connect_to_peer(&pair);
    assert_receives_from_peer(&pair, "the peer's");
    assert_receives_nothing(pair.socket);
}

static void peeking_passes_over_strangers_too(void **state)
{
    char buf[16];
    fer_datagram got;
    struct udp_pair pair = udp_pair_open(family_of(state));
    send_from_other_sender(&pair);
    wait_until_queued(pair.socket);
    send_from_peer(&pair, "the peer's");
    connect_to_peer(&pair);
    assert_ok(fer_udp_socket_peek_from(pair.socket, buf, sizeof buf, &got));
    assert_int_equal(got.from.port, pair.other_port);
    assert_receives_from_peer(&pair, "the peer's");
}

static void the_peer_s_own_from_before_connect_is_kept(void **state)
{
    struct udp_pair pair = udp_pair_open(family_of(state));
    send_from_peer(&pair, "early");
    wait_until_queued(pair.socket);
    connect_to_peer(&pair);
    assert_receives_from_peer(&pair, "early");
}

static void a_stranger_s_datagram_after_connect_is_not_received(void **state)
{
    struct udp_pair pair = udp_pair_open(family_of(state));
    connect_to_peer(&pair);
    send_from_other_sender(&pair);
    send_from_peer(&pair, "the peer's");
    assert_receives_from_peer(&pair, "the peer's");
    assert_receives_nothing(pair.socket);
}

/* A connect through a clone too: the peer is a property of the socket. */
static void a_clone_s_connect_makes_strangers_of_the_others(void **state)
{
    struct udp_pair pair = udp_pair_open(family_of(state));
    fer_udp_socket *clone = test_udp();
    assert_ok(fer_udp_socket_try_clone(pair.socket, clone));
    send_from_other_sender(&pair);
    wait_until_queued(pair.socket);
    send_from_peer(&pair, "the peer's");
    connect_to(clone, pair.family, pair.other_port);
    assert_receives_from_peer(&pair, "the peer's");
}

static void connecting_again_changes_whose_datagrams_are_received(void **state)
{
    peer_family family = family_of(state);
    uint16_t port = 0;
    uint16_t ports[2] = {0};
    fer_udp_socket *socket = test_udp_bound(family, &port);
    peer_socket first = peer_datagram(family, &ports[0]);
    peer_socket second = peer_datagram(family, &ports[1]);
    connect_to(socket, family, ports[0]);
    assert_true(peer_datagram_send(first, family, port, "old", 3));
    wait_until_queued(socket);
    connect_to(socket, family, ports[1]);
    assert_true(peer_datagram_send(second, family, port, "new", 3));
    assert_receives(socket, "new", family, ports[1]);
    send_text(socket, "hello");
    assert_peer_socket_receives(second, "hello", port);
}

/* ---- Two threads: "one receiving and one sending call at once on one handle" */

enum { MANY = 100 };

struct sender {
    fer_udp_socket *socket;
    fer_socket_addr to;
    bool worked;
};

static void send_many(void *argument)
{
    struct sender *sender = argument;
    sender->worked = true;
    for (int i = 0; i < MANY; i++) {
        unsigned char byte = (unsigned char)i;
        sender->worked =
            sender->worked &&
            fer_udp_socket_send_to(sender->socket, &byte, 1, &sender->to, NULL).kind == FER_OK;
    }
}

static void one_thread_sends_while_another_receives(void **state)
{
    peer_family family = family_of(state);
    uint16_t port = 0;
    fer_datagram got;
    test_thread thread;
    fer_udp_socket *socket = test_udp_bound(family, &port);
    struct sender sender = {socket, loopback(family, port), false};
    assert_ok(fer_udp_socket_set_read_timeout(socket, millis(PEER_LIMIT_MS)));
    test_thread_start(&thread, send_many, &sender);
    fer_error error = {FER_OK, 0};
    int received = 0;
    for (; received < MANY && error.kind == FER_OK; received++) {
        unsigned char byte = 0;
        error = fer_udp_socket_recv(socket, &byte, 1, &got);
        error = error.kind == FER_OK && byte != (unsigned char)received ? (fer_error){FER_OTHER, 0}
                                                                        : error;
    }
    test_thread_join(&thread);
    assert_ok(error);
    assert_int_equal(received, MANY);
    assert_true(sender.worked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAMILY_TEST("U5", a_stranger_s_datagram_from_before_connect_is_dropped),
        FAMILY_TEST("U5", peeking_passes_over_strangers_too),
        FAMILY_TEST("U5", the_peer_s_own_from_before_connect_is_kept),
        FAMILY_TEST("U5", a_stranger_s_datagram_after_connect_is_not_received),
        FAMILY_TEST("U5", a_clone_s_connect_makes_strangers_of_the_others),
        FAMILY_TEST("U5", connecting_again_changes_whose_datagrams_are_received),
        FAMILY_TEST("U1", one_thread_sends_while_another_receives),
    };
    return RUN_TESTS("datagram_peers", tests);
}
