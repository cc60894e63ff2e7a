/* poller_handles.c: the handles that a poller uses and leaves: its states, limits, inheritance
 * (rule I3), leaks. */
#include "support/handle_limit.h"
#include "support/poller_fixture.h"

/* "NEW when it is all zero bytes, OPEN after fer_poller_new, CLOSED after fer_poller_close", and
 * fer_poller_new makes a closed poller OPEN again. */
POLLER_RULE_TEST("P12", a_poller_can_be_made_again_once_it_is_closed)
{
    fer_poller poller = {0};
    struct mailbox *mailbox = test_mailbox();
    mailbox_send(mailbox);
    fer_poller_close(&poller);
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_poller_new(&poller));
        assert_own(fer_poller_new(&poller), FER_MISUSE);
        assert_kind(fer_poller_delete(&poller, mailbox->raw), FER_NOT_FOUND);
        assert_ok(fer_poller_add(&poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
        assert_own(fer_poller_new(&poller), FER_MISUSE);
        assert_event(&poller, 1, true, false);
        fer_poller_close(&poller);
        assert_own(fer_poller_notify(&poller), FER_MISUSE);
        fer_poller_close(&poller);
    }
}

/* "Copying it moves it: use and close one copy only." */
POLLER_RULE_TEST("P12", a_copied_poller_has_moved)
{
    fer_poller first = {0};
    struct mailbox *mailbox = test_mailbox();
    assert_ok(fer_poller_new(&first));
    assert_ok(fer_poller_add(&first, mailbox->raw, reading(1), FER_POLL_LEVEL));
    assert_ok(fer_poller_notify(&first));
    fer_poller second = first;
    memset(&first, 0, sizeof first);
    assert_notified(&second);
    mailbox_send(mailbox);
    assert_event(&second, 1, true, false);
    fer_poller_close(&second);
}

MAILBOX_TEST("P12", the_poller_s_own_descriptors_are_none_of_the_caller_s)
{
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    for (size_t i = 0; i < sizeof poller->p_.system_ / sizeof poller->p_.system_[0]; i++) {
        fer_raw_socket own = (fer_raw_socket)poller->p_.system_[i];
        if (own != 0) {
            assert_true(fer_poller_add(poller, own, reading(2), FER_POLL_LEVEL).kind != FER_OK);
            assert_true(fer_poller_modify(poller, own, both_interests(2), FER_POLL_LEVEL).kind !=
                        FER_OK);
            assert_true(fer_poller_delete(poller, own).kind != FER_OK);
        }
    }
    assert_ok(fer_poller_notify(poller));
    assert_notified(poller);
    mailbox_send(mailbox);
    assert_event(poller, 1, true, false);
}

/* "FER_TOO_MANY_OPEN_FILES": whichever handle cannot be opened, no handle stays open and the poller
 * stays NEW. An open poller stays usable. */
POLLER_RULE_TEST("P12", a_poller_that_cannot_be_made_is_new)
{
    enum { SPARE_MAX = 6 };
    fer_poller *other = test_poller();
    fer_poller poller = {0};
    fer_error error = {FER_TOO_MANY_OPEN_FILES, 0};
    size_t spare_count = 0;
    while (error.kind == FER_TOO_MANY_OPEN_FILES && spare_count < SPARE_MAX) {
        peer_socket room[SPARE_MAX];
        uint16_t port = 0;
        for (size_t i = 0; i < spare_count; i++) {
            room[i] = peer_datagram(PEER_V4, &port);
            assert_true(room[i] != PEER_NONE);
        }
        skip_if(!forbid_new_handles(), "this OS sets no limit to a process's handles");
        for (size_t i = 0; i < spare_count; i++) {
            peer_close(room[i]);
        }
        size_t before = peer_open_handles();
        error = fer_poller_new(&poller);
        process_allow_new_handles();
        if (error.kind != FER_OK) {
            assert_int_equal(peer_open_handles(), before);
            assert_own(fer_poller_notify(&poller), FER_MISUSE);
            spare_count++;
        }
        assert_ok(fer_poller_notify(other));
        assert_notified(other);
    }
    assert_ok(error);
    assert_ok(fer_poller_notify(&poller));
    assert_notified(&poller);
    fer_poller_close(&poller);
    skip_if(spare_count == 0, "a poller costs no handle here");
}

MAILBOX_TEST("I3", a_pollers_handles_are_not_inheritable)
{
    size_t before = peer_inheritable_handles();
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    assert_ok(fer_poller_notify(poller));
    assert_notified(poller);
    assert_int_equal(peer_inheritable_handles(), before);
    assert_true(peer_raw_set_inheritable(mailbox->raw, true));
    assert_int_equal(peer_inheritable_handles(), before + 1);
}

/* Over many rounds, with sockets in every state when a poller is closed: reported or not, closed
 * before it, closed after it. */
POLLER_RULE_TEST("I3", nothing_of_a_poller_leaks)
{
    size_t before = 0;
    for (int round = 0; round < 60; round++) {
        fer_poller poller = {0};
        fer_udp_socket sockets[4];
        memset(sockets, 0, sizeof sockets);
        fer_socket_addr addr = loopback(PEER_V4, 0);
        assert_ok(fer_poller_new(&poller));
        for (size_t i = 0; i < 4; i++) {
            assert_ok(fer_udp_socket_bind_addr(&sockets[i], &addr));
            fer_event interest = {.key = 1,
                                  .interest = (i != 3 ? FER_READABLE : 0) |
                                              (i % 2 == 1 ? FER_WRITABLE : 0)};
            assert_ok(fer_poller_add(&poller, fer_udp_socket_as_raw(&sockets[i]), interest,
                                     i < 2 ? FER_POLL_ONESHOT : FER_POLL_LEVEL));
        }
        assert_ok(fer_poller_notify(&poller));
        (void)wait_for(&poller, 1, millis(0));
        if (round % 3 == 0) {
            assert_ok(fer_poller_notify(&poller));
        }
        assert_ok(fer_poller_delete(&poller, fer_udp_socket_as_raw(&sockets[0])));
        fer_udp_socket_close(&sockets[0]);
        fer_udp_socket_close(&sockets[1]);
        fer_poller_close(&poller);
        fer_udp_socket_close(&sockets[2]);
        fer_udp_socket_close(&sockets[3]);
        if (round == 9) {
            before = peer_open_handles();
        }
    }
    assert_in_range(peer_open_handles(), 0, before + (peer_handle_count_is_exact() ? 0 : 10));
}

/* ---- Raw values, which the system reuses: the socket that an event belongs to (P3, P4), and that
 * a new registration reports a ready socket in the next wait (P7) */

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

RULE_TESTS("poller_handles")
