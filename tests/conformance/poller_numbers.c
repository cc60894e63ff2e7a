/* poller_numbers.c: a poller identifies sockets by their raw values, which the system reuses. The
 * tests check which socket an event belongs to (rules P3 and P4), and that a new registration
 * reports a ready socket in the next wait (rule P7). */
#include "support/poller_fixture.h"

/* The history of the old socket. */
enum history { NO_DATAGRAM, RECEIVED, REPORTED, REPORTED_ONESHOT, REPORTED_AND_DRAINED, HISTORIES };

static void make_history(enum history history, fer_poller *poller, struct mailbox *mailbox)
{
    if (history == NO_DATAGRAM) {
        return;
    }
    mailbox_send(mailbox);
    if (history == RECEIVED) {
        return;
    }
    assert_event(poller, 1, true, false);
    if (history == REPORTED_AND_DRAINED) {
        mailbox_drain(mailbox);
        assert_no_event(poller);
    }
}

/* Closes it, and binds a new socket to the same port. False: another socket has been bound to
 * it. */
static bool replace(struct mailbox *mailbox)
{
    fer_raw_socket before = mailbox->raw;
    fer_socket_addr addr = loopback(PEER_V4, mailbox->port);
    mailbox_close(mailbox);
    fer_error bound = fer_udp_socket_bind_addr(&mailbox->socket, &addr);
    if (bound.kind == FER_ADDR_IN_USE) {
        return false;
    }
    assert_ok(bound);
    assert_ok(fer_udp_socket_set_nonblocking(&mailbox->socket, true));
    mailbox->raw = fer_udp_socket_as_raw(&mailbox->socket);
    skip_if(mailbox->raw != before, "this OS has not reused the closed socket's raw value yet");
    return true;
}

/* Registers a socket with key 2. A closed socket with its raw value and port was registered with
 * key 1. */
static struct mailbox *register_replacement(enum history history, fer_poller *poller)
{
    struct mailbox *mailbox;
    do {
        mailbox = test_mailbox();
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(1),
                                 history == REPORTED_ONESHOT ? FER_POLL_ONESHOT : FER_POLL_LEVEL));
        make_history(history, poller, mailbox);
    } while (!replace(mailbox));
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(2), FER_POLL_LEVEL));
    return mailbox;
}

/* P4: "the number can be added again", by a socket that cannot be distinguished from the old one by
 * its raw value or addresses. */
POLLER_RULE_TEST("P4", a_new_socket_with_the_number_and_the_port_of_a_closed_one_can_be_added)
{
    for (enum history history = NO_DATAGRAM; history < HISTORIES; history++) {
        fer_poller *poller = test_poller();
        struct mailbox *mailbox = register_replacement(history, poller);
        assert_kind(fer_poller_add(poller, mailbox->raw, reading(3), FER_POLL_LEVEL),
                    FER_ALREADY_EXISTS);
        assert_no_event(poller);
        mailbox_send(mailbox);
        assert_event(poller, 2, true, false);
        assert_ok(fer_poller_delete(poller, mailbox->raw));
        assert_no_event(poller);
    }
}

/* P3: "Adding a registered socket is ALREADY_EXISTS", also if the socket was connected in
 * between. */
MAILBOX_TEST("P3", a_new_peer_does_not_make_it_another_socket)
{
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    for (int i = 0; i < 3; i++) {
        fer_socket_addr peer = loopback(PEER_V4, test_mailbox()->port);
        assert_ok(fer_udp_socket_connect_addr(&mailbox->socket, &peer));
        assert_kind(fer_poller_add(poller, mailbox->raw, reading(2), FER_POLL_LEVEL),
                    FER_ALREADY_EXISTS);
        assert_no_event(poller);
    }
    assert_ok(fer_poller_delete(poller, mailbox->raw));
    assert_kind(fer_poller_delete(poller, mailbox->raw), FER_NOT_FOUND);
}

#define assert_event_now(poller, key) \
    assert_int_equal(wait_for((poller), (key), millis(0)).events, 1)

/* P7, P5: "A wait of zero checks": also right after an earlier registration, whether it was
 * reported or not. */
MAILBOX_TEST("P7", a_socket_that_is_deleted_and_added_again_is_reported_immediately)
{
    mailbox_send(mailbox);
    for (uint64_t i = 0; i < 30; i++) {
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(i), FER_POLL_LEVEL));
        for (uint64_t waits = 0; waits < i % 3; waits++) {
            assert_event_now(poller, i);
        }
        assert_ok(fer_poller_delete(poller, mailbox->raw));
        if (i % 7 == 0) {
            assert_no_event(poller);
        }
    }
}

/* The same for a socket that is readable and writable, and whose interest alternates. */
MAILBOX_TEST("P7", a_modified_socket_is_reported_immediately)
{
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, no_interest(1), FER_POLL_LEVEL));
    assert_no_event(poller);
    for (uint64_t i = 0; i < 30; i++) {
        assert_ok(fer_poller_modify(poller, mailbox->raw, i % 2 == 0 ? reading(i) : writing(i),
                                    i % 5 == 0 ? FER_POLL_ONESHOT : FER_POLL_LEVEL));
        if (i % 4 != 0) {
            struct wait_result result = wait_for(poller, i, millis(0));
            assert_int_equal(result.readable, i % 2 == 0);
            assert_int_equal(result.writable, i % 2 != 0);
        }
    }
}

/* The same if it was not ready for the first interest, whose request is still in flight. */
MAILBOX_TEST("P7", a_new_interest_is_reported_immediately)
{
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    for (uint64_t i = 0; i < 10; i++) {
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, mailbox->raw, writing(2 * i), FER_POLL_LEVEL));
        assert_event_now(poller, 2 * i);
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(2 * i + 1), FER_POLL_LEVEL));
    }
    mailbox_send(mailbox);
    assert_event(poller, 19, true, false);
}

RULE_TESTS("poller_numbers")
