/* poller_registration.c: adding, modifying and deleting (rules P3, P4, P11 and P12): closed sockets
 * whose raw value was reused, clones, and handles that cannot be registered; and how often a ready
 * socket is reported (rule P7). */
#include "support/poller_fixture.h"

static const fer_poll_mode modes[] = {FER_POLL_ONESHOT, FER_POLL_LEVEL};

/* The states of a closed socket's registration. */
enum { WITH_INTEREST, REPORTED, WITHOUT_INTEREST, HISTORIES };

/* ---- P3 */

/* "Adding a socket twice is FER_ALREADY_EXISTS": in each mode. "Neither changes anything": the key,
 * interest and mode of the first add remain. Also of a FER_POLL_ONESHOT socket that was reported,
 * and of one without interest. */
MAILBOX_TEST("P3", adding_twice_already_exists)
{
    struct mailbox *without_interest = test_mailbox();
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    for (int i = 0; i < 2; i++) {
        assert_kind(fer_poller_add(poller, mailbox->raw, reading(2), modes[i]), FER_ALREADY_EXISTS);
        assert_kind(fer_poller_add(poller, mailbox->raw, both_interests(3), modes[i]),
                    FER_ALREADY_EXISTS);
        assert_kind(fer_poller_add(poller, mailbox->raw, reading(1), modes[i]), FER_ALREADY_EXISTS);
    }
    assert_no_event(poller);
    mailbox_send(mailbox);
    assert_event(poller, 1, true, false);
    assert_event(poller, 1, true, false);
    assert_kind(fer_poller_add(poller, mailbox->raw, writing(4), FER_POLL_LEVEL),
                FER_ALREADY_EXISTS);
    assert_event(poller, 1, true, false);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(5), FER_POLL_ONESHOT));
    assert_event(poller, 5, true, false);
    assert_ok(fer_poller_add(poller, without_interest->raw, no_interest(6), FER_POLL_LEVEL));
    mailbox_send(without_interest);
    for (int i = 0; i < 2; i++) {
        assert_kind(fer_poller_add(poller, mailbox->raw, reading(7), modes[i]), FER_ALREADY_EXISTS);
        assert_kind(fer_poller_add(poller, without_interest->raw, reading(8), modes[i]),
                    FER_ALREADY_EXISTS);
        assert_no_event(poller);
    }
}

/* "modifying or deleting one that is not there is FER_NOT_FOUND": a socket that was never added, or
 * was deleted. The failed call does not add it. */
MAILBOX_TEST("P3", an_unregistered_socket_is_not_found)
{
    mailbox_send(mailbox);
    for (int i = 0; i < 3; i++) {
        assert_kind(fer_poller_modify(poller, mailbox->raw, reading(1), FER_POLL_LEVEL),
                    FER_NOT_FOUND);
        assert_kind(fer_poller_delete(poller, mailbox->raw), FER_NOT_FOUND);
        assert_no_event(poller);
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(2), FER_POLL_LEVEL));
        assert_event(poller, 2, true, false);
        assert_ok(fer_poller_delete(poller, mailbox->raw));
        assert_kind(fer_poller_delete(poller, mailbox->raw), FER_NOT_FOUND);
    }
}

MAILBOX_TEST("P3", modifying_changes_the_key_the_interest_and_the_mode)
{
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    assert_event(poller, 1, true, false);
    assert_ok(fer_poller_modify(poller, mailbox->raw, writing(2), FER_POLL_LEVEL));
    assert_event(poller, 2, false, true);
    assert_ok(fer_poller_modify(poller, mailbox->raw, no_interest(3), FER_POLL_LEVEL));
    assert_no_event(poller);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(4), FER_POLL_ONESHOT));
    assert_event(poller, 4, true, false);
    assert_no_event(poller);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(5), FER_POLL_LEVEL));
    assert_event(poller, 5, true, false);
    assert_event(poller, 5, true, false);
}

POLLER_RULE_TEST("P3", two_pollers_report_one_socket_independently)
{
    fer_poller *pollers[2] = {test_poller(), test_poller()};
    struct mailbox *mailbox = test_mailbox();
    assert_ok(fer_poller_add(pollers[0], mailbox->raw, reading(1), FER_POLL_LEVEL));
    assert_kind(fer_poller_delete(pollers[1], mailbox->raw), FER_NOT_FOUND);
    assert_ok(fer_poller_add(pollers[1], mailbox->raw, reading(2), FER_POLL_ONESHOT));
    mailbox_send(mailbox);
    assert_event(pollers[1], 2, true, false);
    assert_no_event(pollers[1]);
    assert_event(pollers[0], 1, true, false);
    assert_ok(fer_poller_delete(pollers[1], mailbox->raw));
    assert_event(pollers[0], 1, true, false);
    fer_poller_close(pollers[0]);
    assert_ok(fer_poller_add(pollers[1], mailbox->raw, reading(3), FER_POLL_LEVEL));
    assert_event(pollers[1], 3, true, false);
}

MAILBOX_TEST("P3", a_clone_is_registered_independently)
{
    fer_udp_socket *clone = test_udp();
    assert_ok(fer_udp_socket_try_clone(&mailbox->socket, clone));
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    assert_kind(fer_poller_delete(poller, fer_udp_socket_as_raw(clone)), FER_NOT_FOUND);
    assert_ok(fer_poller_add(poller, fer_udp_socket_as_raw(clone), reading(2), FER_POLL_LEVEL));
    mailbox_send(mailbox);
    assert_ok(fer_poller_modify(poller, mailbox->raw, no_interest(1), FER_POLL_LEVEL));
    assert_event(poller, 2, true, false);
    assert_ok(fer_poller_delete(poller, fer_udp_socket_as_raw(clone)));
    fer_udp_socket_close(clone);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    assert_event(poller, 1, true, false);
}

/* ---- P4 */

/* "Deleting a socket stops its events at once": also if it was ready before, reported or not. */
POLLER_TEST("P4", a_deleted_socket_is_reported_no_longer)
{
    for (int i = 0; i < 4; i++) {
        struct mailbox *mailbox = test_mailbox();
        bool was_reported = i % 2 == 1;
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), modes[i / 2]));
        mailbox_send(mailbox);
        if (was_reported) {
            assert_event(poller, 1, true, false);
        }
        assert_ok(fer_poller_delete(poller, mailbox->raw));
        assert_no_event(poller);
        mailbox_send(mailbox);
        assert_no_event(poller);
    }
}

/* "no wait that begins afterwards gives its key, also when a new socket gets the same number." */
POLLER_RULE_TEST("P4", a_deleted_sockets_key_is_not_reported_for_its_number)
{
    for (int history = 0; history < HISTORIES; history++) {
        fer_poller *poller = test_poller();
        struct mailbox *old = test_mailbox();
        assert_ok(fer_poller_add(poller, old->raw,
                                 history == WITHOUT_INTEREST ? no_interest(1) : reading(1),
                                 history == REPORTED ? FER_POLL_ONESHOT : FER_POLL_LEVEL));
        mailbox_send(old);
        if (history == REPORTED) {
            assert_event(poller, 1, true, false);
        }
        assert_ok(fer_poller_delete(poller, old->raw));
        mailbox_close(old);
        struct mailbox *new = test_mailbox_with_raw(old->raw);
        mailbox_send(new);
        assert_no_event(poller);
        assert_kind(fer_poller_modify(poller, new->raw, reading(2), FER_POLL_LEVEL), FER_NOT_FOUND);
        assert_kind(fer_poller_delete(poller, new->raw), FER_NOT_FOUND);
        assert_ok(fer_poller_add(poller, new->raw, reading(3), FER_POLL_LEVEL));
        assert_event(poller, 3, true, false);
        assert_event(poller, 3, true, false);
        assert_ok(fer_poller_delete(poller, new->raw));
    }
}

POLLER_PAIR_TEST("P4", a_deleted_socket_that_was_reset_is_reported_no_longer)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, both_interests(1), FER_POLL_LEVEL));
    pair_reset(pair);
    assert_true(peer_raw_wait_failed(raw));
    assert_ok(fer_poller_delete(poller, raw));
    assert_no_event(poller);
    fer_tcp_stream_close(&pair->stream);
    assert_no_event(poller);
}

/* "A close without it corrupts nothing: the number can be added again": whether the old socket was
 * reported or not, had an interest or not, and with waits between the close and the new socket.
 * Without a clone they do not report the old one, except on Windows: an event that was ready before
 * the close, once. */
POLLER_RULE_TEST("P4", a_number_that_was_closed_without_delete_can_be_added_again)
{
    for (int i = 0; i < 2 * HISTORIES; i++) {
        int history = i / 2;
        bool waits_between = i % 2 == 1;
        fer_poller *poller = test_poller();
        struct mailbox *other = test_mailbox();
        struct mailbox *old = test_mailbox();
        assert_ok(fer_poller_add(poller, other->raw, reading(7), FER_POLL_LEVEL));
        assert_ok(fer_poller_add(poller, old->raw,
                                 history == WITHOUT_INTEREST ? no_interest(1) : reading(1),
                                 history == REPORTED ? FER_POLL_ONESHOT : FER_POLL_LEVEL));
        if (waits_between || history == REPORTED) {
            mailbox_send(old);
        }
        if (history == REPORTED) {
            assert_event(poller, 1, true, false);
        }
        mailbox_close(old);
        if (waits_between && peer_is_windows()) {
            assert_in_range(wait_for(poller, 1, millis(1)).events, 0, 1);
        }
        if (waits_between) {
            assert_no_event(poller);
        }
        struct mailbox *new = test_mailbox_with_raw(old->raw);
        if (waits_between) {
            mailbox_send(new);
            assert_no_event(poller);
        }
        assert_ok(fer_poller_add(poller, new->raw, reading(2), FER_POLL_LEVEL));
        if (!waits_between) {
            assert_no_event(poller);
            mailbox_send(new);
        }
        assert_event(poller, 2, true, false);
        assert_ok(fer_poller_delete(poller, new->raw));
        mailbox_send(other);
        assert_event(poller, 7, true, false);
        assert_ok(fer_poller_delete(poller, other->raw));
    }
}

/* "at worst a wait gives the old key, where a clone keeps the socket alive": no other key, and the
 * new socket is reported. */
POLLER_TEST("P4", only_the_old_key_is_reported_while_a_clone_is_open)
{
    struct mailbox *old = test_mailbox();
    fer_udp_socket *clone = test_udp();
    fer_event events[8];
    size_t count = 0;
    bool new_is_reported = false;
    assert_ok(fer_udp_socket_try_clone(&old->socket, clone));
    assert_ok(fer_poller_add(poller, old->raw, reading(1), FER_POLL_LEVEL));
    mailbox_send(old);
    mailbox_close(old);
    struct mailbox *new = test_mailbox_with_raw(old->raw);
    assert_ok(fer_poller_add(poller, new->raw, reading(2), FER_POLL_LEVEL));
    mailbox_send(new);
    for (int i = 0; i < 4 && !new_is_reported; i++) {
        assert_ok(fer_poller_wait(poller, millis(PEER_LIMIT_MS), events, 8, &count, NULL));
        for (size_t e = 0; e < count; e++) {
            assert_in_range(events[e].key, 1, 2);
            assert_int_equal(events[e].interest, FER_READABLE);
            new_is_reported = new_is_reported || events[e].key == 2;
        }
    }
    assert_true(new_is_reported);
    fer_udp_socket_close(clone);
    assert_event(poller, 2, true, false);
    assert_ok(fer_poller_delete(poller, new->raw));
    assert_no_event(poller);
}

/* "Delete before into_raw, too": the new owner can add the socket again. */
POLLER_PAIR_TEST("P4", a_socket_is_deleted_before_into_raw)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, writing(1), FER_POLL_LEVEL));
    assert_event(poller, 1, false, true);
    assert_ok(fer_poller_delete(poller, raw));
    assert_true(fer_tcp_stream_into_raw(&pair->stream) == raw);
    peer_adopt(raw);
    assert_no_event(poller);
    assert_ok(fer_poller_add(poller, raw, writing(2), FER_POLL_LEVEL));
    assert_event(poller, 2, false, true);
    assert_ok(fer_poller_delete(poller, raw));
}

/* ---- P11: "A socket with no interest stays registered, but quiet" */

POLLER_PAIR_TEST("P11", a_socket_that_nothing_is_queried_of_is_quiet)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    for (int i = 0; i < 2; i++) {
        assert_ok(i == 0 ? fer_poller_add(poller, raw, no_interest(1), modes[i])
                         : fer_poller_modify(poller, raw, no_interest(1), modes[i]));
        assert_no_event(poller);
        assert_true(peer_send_all(pair->other, "x", 1));
        assert_true(peer_raw_wait_readable(raw));
        assert_no_event(poller);
    }
    assert_ok(fer_poller_modify(poller, raw, reading(2), FER_POLL_ONESHOT));
    assert_event(poller, 2, true, false);
}

/* "at most one event tells of a hang-up or a failure." After a modify with an interest, it is
 * reported. */
POLLER_KIND_TEST("P11", a_socket_that_nothing_is_queried_of_is_reported_at_most_once)
{
    for (int i = 0; i < 2; i++) {
        struct pair *pair = pair_open_kind(kind);
        fer_poller *poller = test_poller();
        fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
        assert_ok(fer_poller_add(poller, raw, no_interest(1), modes[i]));
        pair_reset(pair);
        assert_true(peer_raw_wait_failed(raw));
        size_t events = 0;
        for (int waits = 0; waits < 3; waits++) {
            events += wait_for(poller, 1, millis(10)).events;
        }
        assert_in_range(events, 0, 1);
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, raw, reading(2), FER_POLL_LEVEL));
        assert_both_events(poller, 2);
        assert_ok(fer_poller_delete(poller, raw));
        pair_close(pair);
    }
}

/* ---- P12: "A failed call leaves the poller and its sockets unchanged." */

/* A closed socket, and raw values that no socket has. */
MAILBOX_TEST("P12", a_handle_that_cannot_be_registered_is_refused)
{
    fer_raw_socket other = peer_not_a_socket();
    struct mailbox *closed = test_mailbox();
    mailbox_close(closed);
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    const fer_raw_socket bad[] = {closed->raw, INTPTR_MAX, INTPTR_MAX / 2, INTPTR_MIN, -2, 1000003};
    for (size_t i = 0; i < 2 * sizeof bad / sizeof bad[0]; i++) {
        fer_poll_mode mode = modes[i % 2];
        assert_kind(fer_poller_add(poller, bad[i / 2], reading(2), mode), FER_BAD_HANDLE);
        assert_either(fer_poller_modify(poller, bad[i / 2], reading(2), mode), FER_BAD_HANDLE,
                      FER_NOT_FOUND);
        assert_either(fer_poller_delete(poller, bad[i / 2]), FER_BAD_HANDLE, FER_NOT_FOUND);
        assert_either(fer_poller_add(poller, other, reading(2), mode), FER_UNSUPPORTED,
                      FER_BAD_HANDLE);
        fer_error modified = fer_poller_modify(poller, other, reading(2), mode);
        assert_true(modified.kind == FER_UNSUPPORTED || modified.kind == FER_BAD_HANDLE ||
                    modified.kind == FER_NOT_FOUND);
        assert_event(poller, 1, true, false);
    }
    peer_close_not_a_socket(other);
}

/* ---- P7: once, while it is ready, whenever it becomes ready, or once when it becomes ready */

/* ---- "FER_POLL_ONESHOT gives one event, then none until fer_poller_modify." FER_POLL_EDGE_ONESHOT
 * does, too; a socket that is ready when it is added or modified becomes ready then. */

static fer_poll_mode one_shot_modes[] = {FER_POLL_ONESHOT, FER_POLL_EDGE_ONESHOT};

#define ONE_SHOT_TEST(rule, function)                                                      \
    TEST_OF(function, (fer_poll_mode mode, fer_poller * poller, struct mailbox * mailbox), \
            (mode_of(state), test_poller(), test_mailbox()),                               \
            RULE_ROW(rule, function, " [one-shot]", poller_test, &one_shot_modes[0]),      \
            RULE_ROW(rule, function, " [edge, one-shot]", poller_test, &one_shot_modes[1]))

static fer_poll_mode mode_of(void **state)
{
    fer_poll_mode mode = *(const fer_poll_mode *)*state;
    if (mode == FER_POLL_EDGE_ONESHOT) {
        skip_without_edges();
    }
    return mode;
}

ONE_SHOT_TEST("P7", a_one_shot_socket_is_reported_once_though_more_arrives)
{
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(0), mode));
    for (uint64_t i = 0; i < 3; i++) {
        assert_no_event(poller);
        mailbox_send(mailbox);
        assert_event(poller, i, true, false);
        assert_no_event(poller);
        mailbox_send(mailbox);
        assert_no_event(poller);
        mailbox_drain(mailbox);
        mailbox_send(mailbox);
        assert_no_event(poller);
        mailbox_drain(mailbox);
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(i + 1), mode));
    }
}

/* After modify, a socket that is still ready is reported again, with the new key: once, also after
 * two calls of modify. */
ONE_SHOT_TEST("P7", a_one_shot_socket_is_reported_again_after_modify)
{
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(0), mode));
    for (uint64_t i = 0; i < 5; i++) {
        assert_event(poller, i, true, false);
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(99), mode));
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(i + 1), mode));
    }
    /* An event that was ready at the modify may still be reported (rule P1). */
    mailbox_drain(mailbox);
    (void)wait_for(poller, 5, millis(1));
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(6), mode));
    assert_no_event(poller);
    mailbox_send(mailbox);
    assert_event(poller, 6, true, false);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(7), FER_POLL_LEVEL));
    assert_event(poller, 7, true, false);
    assert_event(poller, 7, true, false);
}

/* Both interests, one event: the other half's later readiness is not reported, nor is a reset,
 * until modify. */
ONE_SHOT_TEST("P7", a_one_shot_stream_with_both_interests_is_reported_once)
{
    bool is_edge = mode == FER_POLL_EDGE_ONESHOT;
    for (int accepted = 0; accepted < 2; accepted++) {
        struct pair *pair =
            pair_open_kind(accepted ? &test_pair_accepted_v4 : &test_pair_connected_v4);
        fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
        assert_ok(fer_poller_add(poller, raw, both_interests(1), mode));
        assert_event(poller, 1, false, true);
        pair_send(pair, "x", 1);
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, raw, both_interests(2), mode));
        struct wait_result result = wait_for(poller, 2, millis(PEER_LIMIT_MS));
        assert_int_not_equal(result.events, 0);
        assert_true(!is_edge || (result.readable && result.writable));
        assert_no_event(poller);
        pair_reset_and_wait(pair);
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, raw, accepted ? writing(3) : reading(3), mode));
        assert_event(poller, 3, true, true);
        assert_no_event(poller);
        assert_ok(fer_poller_delete(poller, raw));
        pair_close(pair);
    }
}

ONE_SHOT_TEST("P7", a_one_shot_socket_reports_its_end_once)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, reading(1), mode));
    assert_true(peer_shutdown_write(pair->other));
    for (uint64_t key = 1; key < 3; key++) {
        assert_true(wait_for(poller, key, millis(PEER_LIMIT_MS)).readable);
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, raw, reading(key + 1), mode));
    }
}

/* ---- "FER_POLL_EDGE gives one whenever the socket becomes ready, and may give more." */

/* A socket that is ready when it is added or modified becomes ready then, as with epoll and
 * kqueue. */
MAILBOX_TEST("P7", an_edge_socket_is_reported_whenever_it_becomes_ready)
{
    skip_without_edges();
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_EDGE));
    for (int i = 0; i < 3; i++) {
        assert_no_event(poller);
        mailbox_send(mailbox);
        assert_event(poller, 1, true, false);
        mailbox_drain(mailbox);
    }
    assert_no_event(poller);
    assert_ok(fer_poller_delete(poller, mailbox->raw));
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_EDGE));
    assert_event(poller, 1, true, false);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(2), FER_POLL_EDGE));
    assert_event(poller, 2, true, false);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(3), FER_POLL_LEVEL));
    assert_event(poller, 3, true, false);
    assert_event(poller, 3, true, false);
}

/* Events of the other half may come before. */
static void assert_readable_soon(fer_poller *poller, uint64_t key)
{
    struct wait_result result = {0};
    for (int waits = 0; waits < 10 && !result.readable; waits++) {
        result = wait_for(poller, key, millis(PEER_LIMIT_MS));
        assert_int_not_equal(result.events, 0);
    }
    assert_true(result.readable);
}

POLLER_PAIR_TEST("P7", an_edge_stream_is_reported_writable_and_ended)
{
    skip_without_edges();
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, both_interests(1), FER_POLL_EDGE));
    assert_true(wait_for(poller, 1, millis(PEER_LIMIT_MS)).writable);
    assert_true(peer_send_all(pair->other, "x", 1));
    assert_readable_soon(poller, 1);
    char byte;
    assert_ok(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL));
    pair_reset_and_wait(pair);
    assert_readable_soon(poller, 1);
    assert_kind(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CONNECTION_RESET);
}

RULE_TESTS("poller_registration")
