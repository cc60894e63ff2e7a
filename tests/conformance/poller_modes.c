/* poller_modes.c: how often a ready socket is reported (rule P7): once, while it is ready, whenever
 * it becomes ready, or once when it becomes ready. */
#include "support/poller_fixture.h"

/* ---- "FER_POLL_ONESHOT gives one event, then none until fer_poller_modify." */

POLLER_PAIR_TEST("P7", a_oneshot_socket_is_reported_once_though_more_arrives)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, reading(1), FER_POLL_ONESHOT));
    for (int i = 0; i < 3; i++) {
        assert_no_event(poller);
        assert_true(peer_send_all(pair->other, "a", 1));
        assert_event(poller, 1, true, false);
        assert_no_event(poller);
        assert_true(peer_send_all(pair->other, "b", 1));
        assert_true(peer_raw_wait_readable(raw));
        assert_no_event(poller);
        char got[2];
        assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 2, NULL));
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, raw, reading(1), FER_POLL_ONESHOT));
    }
}

/* After modify, a socket that is still ready is reported again, with the new key. */
MAILBOX_TEST("P7", a_oneshot_socket_is_reported_again_after_modify)
{
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(0), FER_POLL_ONESHOT));
    for (uint64_t i = 0; i < 5; i++) {
        assert_event(poller, i, true, false);
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(i + 1), FER_POLL_ONESHOT));
    }
    /* An event that was ready at the modify may still be reported (rule P1). */
    mailbox_drain(mailbox);
    (void)wait_for(poller, 5, millis(1));
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(6), FER_POLL_ONESHOT));
    assert_no_event(poller);
    mailbox_send(mailbox);
    assert_event(poller, 6, true, false);
}

/* After two calls of modify before a wait, there is one event. */
MAILBOX_TEST("P7", a_oneshot_socket_that_is_modified_twice_is_reported_once)
{
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_ONESHOT));
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(2), FER_POLL_ONESHOT));
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(3), FER_POLL_ONESHOT));
    assert_event(poller, 3, true, false);
    assert_no_event(poller);
}

/* Both interests, one event: the other half's later readiness is not reported. */
POLLER_PAIR_TEST("P7", a_oneshot_socket_with_both_interests_is_reported_once)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    for (int i = 0; i < 2; i++) {
        assert_ok(i == 0 ? fer_poller_add(poller, raw, both_interests(1), FER_POLL_ONESHOT)
                         : fer_poller_modify(poller, raw, both_interests(1), FER_POLL_ONESHOT));
        struct wait_result result = wait_for(poller, 1, millis(PEER_LIMIT_MS));
        assert_true(result.events > 0 && (result.writable || i == 1));
        assert_true(peer_send_all(pair->other, "x", 1));
        assert_true(peer_raw_wait_readable(raw));
        assert_no_event(poller);
    }
}

/* An end and a reset are events like any other. After the event they are not reported until
 * modify. */
POLLER_KIND_TEST("P7", a_oneshot_socket_reports_its_end_once)
{
    for (int reset = 0; reset < 2; reset++) {
        struct pair *pair = pair_open_kind(kind);
        fer_poller *poller = test_poller();
        fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
        assert_ok(fer_poller_add(poller, raw, reading(1), FER_POLL_ONESHOT));
        if (reset) {
            pair_reset(pair);
            assert_true(peer_raw_wait_failed(raw));
        } else {
            assert_true(peer_shutdown_write(pair->other));
        }
        struct wait_result result = wait_for(poller, 1, millis(PEER_LIMIT_MS));
        assert_true(result.readable && (result.writable || !reset));
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, raw, reading(2), FER_POLL_ONESHOT));
        result = wait_for(poller, 2, millis(PEER_LIMIT_MS));
        assert_true(result.readable && (result.writable || !reset));
        assert_no_event(poller);
        assert_ok(fer_poller_delete(poller, raw));
        pair_close(pair);
    }
}

/* "until fer_poller_modify": a reset that arrives after the event is not reported either. */
POLLER_PAIR_TEST("P7", a_oneshot_socket_that_was_reported_hides_a_reset)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, writing(1), FER_POLL_ONESHOT));
    assert_event(poller, 1, false, true);
    pair_reset(pair);
    assert_true(peer_raw_wait_failed(raw));
    assert_no_event(poller);
    assert_ok(fer_poller_modify(poller, raw, writing(2), FER_POLL_ONESHOT));
    assert_event(poller, 2, true, true);
    assert_no_event(poller);
}

/* ---- "FER_POLL_EDGE gives one whenever the socket becomes ready, and may give more." */

MAILBOX_TEST("P7", an_edge_socket_is_reported_whenever_it_becomes_ready)
{
    skip_without_edges();
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_EDGE));
    assert_no_event(poller);
    for (int i = 0; i < 3; i++) {
        mailbox_send(mailbox);
        assert_event(poller, 1, true, false);
        mailbox_drain(mailbox);
        assert_no_event(poller);
    }
}

/* A socket that is ready when it is added or modified becomes ready then, as with epoll and
 * kqueue. */
MAILBOX_TEST("P7", an_edge_socket_that_is_ready_already_is_reported)
{
    skip_without_edges();
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_EDGE));
    assert_event(poller, 1, true, false);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(2), FER_POLL_EDGE));
    assert_event(poller, 2, true, false);
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(3), FER_POLL_LEVEL));
    assert_event(poller, 3, true, false);
    assert_event(poller, 3, true, false);
}

POLLER_PAIR_TEST("P7", an_edge_stream_is_reported_writable_and_ended)
{
    skip_without_edges();
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, both_interests(1), FER_POLL_EDGE));
    struct wait_result result = wait_for(poller, 1, millis(PEER_LIMIT_MS));
    assert_true(result.writable);
    assert_true(peer_send_all(pair->other, "x", 1));
    do {
        result = wait_for(poller, 1, millis(PEER_LIMIT_MS));
        assert_true(result.events > 0);
    } while (!result.readable);
    char byte;
    assert_ok(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL));
    pair_reset(pair);
    assert_true(peer_raw_wait_failed(raw));
    do {
        result = wait_for(poller, 1, millis(PEER_LIMIT_MS));
        assert_true(result.events > 0);
    } while (!result.readable);
    assert_kind(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CONNECTION_RESET);
}

/* ---- "FER_POLL_EDGE_ONESHOT gives one when the socket becomes ready, then none until
 * fer_poller_modify." */

MAILBOX_TEST("P7", an_edge_oneshot_socket_is_reported_once_though_it_becomes_ready_again)
{
    skip_without_edges();
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(0), FER_POLL_EDGE_ONESHOT));
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
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(i + 1), FER_POLL_EDGE_ONESHOT));
    }
}

/* A socket that is ready when it is added or modified becomes ready then. */
MAILBOX_TEST("P7", an_edge_oneshot_socket_that_is_ready_already_is_reported_once)
{
    skip_without_edges();
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(0), FER_POLL_EDGE_ONESHOT));
    for (uint64_t i = 0; i < 3; i++) {
        assert_event(poller, i, true, false);
        assert_no_event(poller);
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(i + 1), FER_POLL_EDGE_ONESHOT));
    }
    assert_ok(fer_poller_modify(poller, mailbox->raw, reading(4), FER_POLL_LEVEL));
    assert_event(poller, 4, true, false);
    assert_event(poller, 4, true, false);
}

/* Both interests, one event. A reset that arrives after it is not reported until modify. */
POLLER_PAIR_TEST("P7", an_edge_oneshot_stream_with_both_interests_is_reported_once)
{
    skip_without_edges();
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, both_interests(1), FER_POLL_EDGE_ONESHOT));
    assert_event(poller, 1, false, true);
    assert_true(peer_send_all(pair->other, "x", 1));
    assert_true(peer_raw_wait_readable(raw));
    assert_no_event(poller);
    assert_ok(fer_poller_modify(poller, raw, both_interests(2), FER_POLL_EDGE_ONESHOT));
    assert_event(poller, 2, true, true);
    assert_no_event(poller);
    pair_reset(pair);
    assert_true(peer_raw_wait_failed(raw));
    assert_no_event(poller);
    assert_ok(fer_poller_modify(poller, raw, reading(3), FER_POLL_EDGE_ONESHOT));
    assert_event(poller, 3, true, true);
    assert_no_event(poller);
}

RULE_TESTS("poller_modes")
