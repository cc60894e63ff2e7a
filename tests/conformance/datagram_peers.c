/* datagram_peers.c: rule U5: which datagrams a connected datagram socket receives. Also: two
 * threads on one socket. */
#include "conformance/datagram_check.h"
#include "support/thread.h"

static void a_stranger_s_datagram_from_before_connect_is_dropped(void **state)
{
    peer_family family = family_of(state);
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t stranger_port = 0;
    fer_udp_socket *socket = test_udp_bound(family, &port);
    peer_socket other = peer_datagram(family, &other_port);
    peer_socket stranger = peer_datagram(family, &stranger_port);
    assert_true(peer_datagram_send(stranger, family, port, "stranger's", 10));
    has_one_queued(socket);
    assert_true(peer_datagram_send(other, family, port, "the peer's", 10));
    connects(socket, family, other_port);
    assert_gets(socket, "the peer's", family, other_port);
    assert_gets_nothing(socket);
}

static void peeking_passes_over_strangers_too(void **state)
{
    peer_family family = family_of(state);
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t stranger_port = 0;
    char buf[16];
    fer_datagram got;
    fer_udp_socket *socket = test_udp_bound(family, &port);
    peer_socket other = peer_datagram(family, &other_port);
    peer_socket stranger = peer_datagram(family, &stranger_port);
    assert_true(peer_datagram_send(stranger, family, port, "stranger's", 10));
    has_one_queued(socket);
    assert_true(peer_datagram_send(other, family, port, "the peer's", 10));
    connects(socket, family, other_port);
    assert_ok(fer_udp_socket_peek_from(socket, buf, sizeof buf, &got));
    assert_int_equal(got.from.port, other_port);
    assert_gets(socket, "the peer's", family, other_port);
}

static void the_peer_s_own_from_before_connect_is_kept(void **state)
{
    peer_family family = family_of(state);
    uint16_t port = 0;
    uint16_t other_port = 0;
    fer_udp_socket *socket = test_udp_bound(family, &port);
    peer_socket other = peer_datagram(family, &other_port);
    assert_true(peer_datagram_send(other, family, port, "early", 5));
    has_one_queued(socket);
    connects(socket, family, other_port);
    assert_gets(socket, "early", family, other_port);
}

static void a_stranger_s_datagram_after_connect_is_not_received(void **state)
{
    peer_family family = family_of(state);
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t stranger_port = 0;
    fer_udp_socket *socket = test_udp_bound(family, &port);
    peer_socket other = peer_datagram(family, &other_port);
    peer_socket stranger = peer_datagram(family, &stranger_port);
    connects(socket, family, other_port);
    assert_true(peer_datagram_send(stranger, family, port, "stranger's", 10));
    assert_true(peer_datagram_send(other, family, port, "the peer's", 10));
    assert_gets(socket, "the peer's", family, other_port);
    assert_gets_nothing(socket);
}

/* A connect through a clone too: the peer is a property of the socket. */
static void a_clone_s_connect_makes_strangers_of_the_others(void **state)
{
    peer_family family = family_of(state);
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t stranger_port = 0;
    fer_udp_socket *socket = test_udp_bound(family, &port);
    fer_udp_socket *clone = test_udp();
    peer_socket other = peer_datagram(family, &other_port);
    peer_socket stranger = peer_datagram(family, &stranger_port);
    assert_ok(fer_udp_socket_try_clone(socket, clone));
    assert_true(peer_datagram_send(stranger, family, port, "stranger's", 10));
    has_one_queued(socket);
    assert_true(peer_datagram_send(other, family, port, "the peer's", 10));
    connects(clone, family, other_port);
    assert_gets(socket, "the peer's", family, other_port);
}

static void connecting_again_changes_whose_datagrams_are_received(void **state)
{
    peer_family family = family_of(state);
    uint16_t port = 0;
    uint16_t ports[2] = {0};
    fer_udp_socket *socket = test_udp_bound(family, &port);
    peer_socket first = peer_datagram(family, &ports[0]);
    peer_socket second = peer_datagram(family, &ports[1]);
    connects(socket, family, ports[0]);
    assert_true(peer_datagram_send(first, family, port, "old", 3));
    has_one_queued(socket);
    connects(socket, family, ports[1]);
    assert_true(peer_datagram_send(second, family, port, "new", 3));
    assert_gets(socket, "new", family, ports[1]);
    sends(socket, "hello");
    assert_peer_gets(second, "hello", port);
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
