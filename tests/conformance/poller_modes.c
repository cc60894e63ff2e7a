/* poller_modes.c: how often a ready socket is reported (rule P7): once, while it is ready, whenever
 * it becomes ready, or once when it becomes ready. */
#include "support/poller_fixture.h"

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
    struct wait_result result = {0, false, false};
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

RULE_TESTS("poller_modes")
