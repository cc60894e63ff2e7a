/* test_poller_kqueue.c: the poller over kqueue in situations that only a model can produce: calls
 * of other threads between the system's result and the poller's, and a system without memory. The
 * system is the model of tests/kqueue. */
#include <sys/socket.h>

#include "kqueue/knote.h"
#include "support/poller_fixture.h"

static fer_poller *poller;
static struct mailbox *mailbox;
static fer_raw_socket raw;
static struct wait_result other_thread_events;
static const fer_duration zero_timeout = {0};

static int begin(void **state)
{
    kqueue_meanwhile = NULL;
    kqueue_between = NULL;
    kqueue_memory = -1;
    int begun = poller_test_begin(state);
    poller = begun == 0 ? test_poller() : NULL;
    return begun;
}

static int end(void **state)
{
    kqueue_memory = -1;
    kqueue_meanwhile = NULL;
    kqueue_between = NULL;
    return poller_test_end(state);
}

#define KQUEUE_ROW(rule, function, initial) \
    TEST_ROW(rule " " #function, function, begin, end, initial)
#define KQUEUE_TEST(rule, function) \
    TEST_OF(function, (void), (), KQUEUE_ROW(rule, function, &test_no_pair))
#define KQUEUE_PAIR_TEST(rule, function)                        \
    TEST_OF(function, (struct pair * pair), (pair_open(state)), \
            KQUEUE_ROW(rule, function, &test_pair_connected_v4))

/* ---- Calls of other threads while an event is on its way to the waiting thread */

static void modify_to_key_2(void)
{
    assert_ok(fer_poller_modify(poller, raw, reading(2), FER_POLL_ONESHOT));
}

/* P7: "returns one event": the event on its way may be reported; the new one must be. */
KQUEUE_TEST("P7", a_pending_event_does_not_replace_a_new_one)
{
    mailbox = test_mailbox();
    raw = mailbox->raw;
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, raw, reading(1), FER_POLL_ONESHOT));
    kqueue_meanwhile = modify_to_key_2;
    assert_true(wait_for(poller, 1, zero_timeout).events <= 1);
    assert_null(kqueue_meanwhile);
    assert_event(poller, 2, true, false);
    assert_no_event(poller);
}

static void replace_by_key_2(void)
{
    assert_ok(fer_poller_delete(poller, raw));
    mailbox_close(mailbox);
    mailbox = test_mailbox_with_raw(raw);
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, raw, reading(2), FER_POLL_ONESHOT));
}

/* P4: a new socket with the same number reports its events, even if an event of the old socket is
 * on its way. */
TEST_OF(an_event_of_a_deleted_socket_does_not_take_that_of_its_number,
        (const struct pair_kind *kind), (*state),
        KQUEUE_ROW("P4", an_event_of_a_deleted_socket_does_not_take_that_of_its_number,
                   &test_pair_connected_v4))
{
    for (int half_count = 1; half_count <= 2; half_count++) {
        struct pair *pair = pair_open_kind(kind);
        mailbox = test_mailbox();
        raw = mailbox->raw;
        mailbox_send(mailbox);
        assert_ok(fer_poller_add(poller, raw, half_count == 1 ? reading(1) : both_interests(1),
                                 FER_POLL_ONESHOT));
        kqueue_meanwhile = replace_by_key_2;
        assert_true(wait_for(poller, 1, zero_timeout).events <= 1);
        assert_null(kqueue_meanwhile);
        assert_event(poller, 2, true, false);
        assert_no_event(poller);
        assert_ok(fer_poller_delete(poller, raw));
        pair_close(pair);
    }
}

static void wait_on_other_thread(void)
{
    other_thread_events = wait_for(poller, 1, zero_timeout);
}

static struct wait_result wait_for_one(void)
{
    fer_event event;
    size_t count = 0;
    assert_ok(fer_poller_wait(poller, zero_timeout, &event, 1, &count, NULL));
    return (struct wait_result){.events = count};
}

/* P8: two threads receive the two halves of a one-shot socket. Only one of them reports an
 * event. */
KQUEUE_PAIR_TEST("P8", of_two_halves_one_thread_is_reported)
{
    raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_true(peer_send_all(pair->other, "x", 1));
    assert_true(peer_raw_wait_readable(raw));
    for (int i = 0; i < 4; i++) {
        fer_poll_mode mode = i % 2 == 0 ? FER_POLL_ONESHOT : FER_POLL_EDGE_ONESHOT;
        fer_event interest = both_interests(1);
        interest.interest |= i < 2 ? 0 : FER_READ_CLOSED;
        assert_ok(i == 0 ? fer_poller_add(poller, raw, interest, mode)
                         : fer_poller_modify(poller, raw, interest, mode));
        kqueue_meanwhile = wait_on_other_thread;
        struct wait_result result = wait_for_one();
        assert_null(kqueue_meanwhile);
        assert_int_equal(result.events + other_thread_events.events, 1);
        assert_no_event(poller);
    }
}

static unsigned gap;       /* between the changes of a call: its number */
static unsigned wait_gaps; /* in which of them the other thread waits, as bits */

static void wait_in_gap(void)
{
    if ((wait_gaps >> gap++ & 1) != 0) {
        other_thread_events.events += wait_for(poller, 1, zero_timeout).events;
    }
}

/* P7, P8: another thread waits while the changes of one call are made. Whichever half it receives,
 * and after whichever changes, there is one event. */
KQUEUE_PAIR_TEST("P7", between_the_changes_of_a_call_no_event_is_lost)
{
    enum { GAPS = 6 };
    raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_true(peer_send_all(pair->other, "x", 1));
    assert_true(peer_raw_wait_readable(raw));
    for (wait_gaps = 0; wait_gaps < 1u << GAPS; wait_gaps++) {
        for (int i = 0; i < 4; i++) {
            fer_poll_mode mode = i % 2 == 0 ? FER_POLL_ONESHOT : FER_POLL_EDGE_ONESHOT;
            other_thread_events = (struct wait_result){0};
            gap = 0;
            kqueue_between = wait_in_gap;
            assert_ok(i == 0 ? fer_poller_add(poller, raw, both_interests(1), mode)
                             : fer_poller_modify(poller, raw, both_interests(1), mode));
            kqueue_between = NULL;
            assert_true(gap <= GAPS);
            size_t left = wait_for(poller, 1, zero_timeout).events;
            assert_int_equal(other_thread_events.events + left, 1);
            assert_no_event(poller);
        }
        assert_ok(fer_poller_delete(poller, raw));
    }
}

static void modify_both_halves(void)
{
    assert_ok(fer_poller_modify(poller, raw, both_interests(1), FER_POLL_ONESHOT));
}

/* P7: with the same key there is at least one event, and exactly one of the last interest. */
KQUEUE_PAIR_TEST("P7", both_halves_that_are_modified_meanwhile_are_reported)
{
    raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, both_interests(1), FER_POLL_ONESHOT));
    kqueue_meanwhile = modify_both_halves;
    size_t events = wait_for_one().events;
    assert_null(kqueue_meanwhile);
    events += wait_for(poller, 1, zero_timeout).events;
    assert_true(events >= 1 && events <= 2);
    assert_no_event(poller);
}

/* P7: two halves of one socket are one event if one wait returns both, and they never become an
 * event of another socket. */
KQUEUE_TEST("P7", two_halves_in_one_wait_are_their_own_sockets_event)
{
    uint16_t port = 0;
    fer_event events[4];
    size_t count = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    fer_raw_socket listening = fer_tcp_listener_as_raw(listener);
    mailbox = test_mailbox();
    mailbox_send(mailbox);
    assert_true(peer_connect(PEER_V4, port) != PEER_NONE);
    assert_true(peer_raw_wait_readable(listening));
    assert_ok(fer_poller_add(poller, listening, both_interests(1), FER_POLL_ONESHOT));
    assert_ok(fer_poller_add(poller, mailbox->raw, both_interests(2), FER_POLL_ONESHOT));
    assert_ok(fer_poller_wait(poller, zero_timeout, events, 4, &count, NULL));
    assert_int_equal(count, 2);
    assert_true(events[0].key == 1 && events[0].interest == FER_READABLE);
    assert_true(events[1].key == 2 && events[1].interest == (FER_READABLE | FER_WRITABLE));
    assert_no_event(poller);
}

/* ---- P11: the marker knote never reports, not even urgent data, for which its filter exists */

KQUEUE_PAIR_TEST("P11", urgent_data_are_none_of_the_markers_business)
{
    raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_int_equal(send((int)pair->other, "!", 1, MSG_OOB), 1);
    for (int i = 0; i < 3; i++) {
        assert_ok(i == 0 ? fer_poller_add(poller, raw, no_interest(1), FER_POLL_LEVEL)
                         : fer_poller_modify(poller, raw, no_interest(1), FER_POLL_LEVEL));
        assert_no_event(poller);
        assert_kind(fer_poller_add(poller, raw, no_interest(1), FER_POLL_LEVEL),
                    FER_ALREADY_EXISTS);
        assert_no_event(poller);
    }
}

/* ---- P2: a hang-up whose error was already read still makes an event readable and writable */

KQUEUE_PAIR_TEST("P2", a_hang_up_is_readable_and_writable_once_its_error_was_taken)
{
    fer_error taken = {FER_OK, 0};
    raw = fer_tcp_stream_as_raw(&pair->stream);
    peer_reset(pair->other);
    pair->other = PEER_NONE;
    assert_true(peer_raw_wait_failed(raw));
    assert_ok(fer_tcp_stream_take_error(&pair->stream, &taken));
    assert_kind(taken, FER_CONNECTION_RESET);
    for (int half = 0; half < 2; half++) {
        assert_ok(fer_poller_add(poller, raw, half == 0 ? reading(1) : writing(1), FER_POLL_LEVEL));
        assert_event(poller, 1, true, true);
        assert_ok(fer_poller_delete(poller, raw));
    }
}

/* ---- P12: without memory */

enum { KNOTES_OF_BOTH = 4 };

KQUEUE_TEST("P12", a_socket_is_not_added_without_memory)
{
    struct mailbox *other = test_mailbox();
    mailbox = test_mailbox();
    mailbox_send(mailbox);
    mailbox_send(other);
    assert_ok(fer_poller_add(poller, other->raw, reading(7), FER_POLL_LEVEL));
    for (int available = 0; available < KNOTES_OF_BOTH; available++) {
        kqueue_memory = available;
        assert_kind(fer_poller_add(poller, mailbox->raw, both_interests(1), FER_POLL_ONESHOT),
                    FER_OUT_OF_MEMORY);
        kqueue_memory = -1;
        assert_event(poller, 7, true, false);
        assert_kind(fer_poller_modify(poller, mailbox->raw, reading(1), FER_POLL_LEVEL),
                    FER_NOT_FOUND);
        assert_kind(fer_poller_delete(poller, mailbox->raw), FER_NOT_FOUND);
    }
    assert_ok(fer_poller_delete(poller, other->raw));
    kqueue_memory = KNOTES_OF_BOTH;
    assert_ok(fer_poller_add(poller, mailbox->raw, both_interests(1), FER_POLL_ONESHOT));
    assert_event(poller, 1, true, true);
    assert_no_event(poller);
}

/* The socket stays registered, and the next modify repairs it. */
KQUEUE_TEST("P12", a_socket_that_is_not_modified_without_memory_stays)
{
    mailbox = test_mailbox();
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, no_interest(1), FER_POLL_LEVEL));
    for (int available = 0; available < KNOTES_OF_BOTH - 1; available++) {
        kqueue_memory = available;
        assert_kind(fer_poller_modify(poller, mailbox->raw, both_interests(1), FER_POLL_ONESHOT),
                    FER_OUT_OF_MEMORY);
        kqueue_memory = -1;
        assert_kind(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL),
                    FER_ALREADY_EXISTS);
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(2), FER_POLL_ONESHOT));
        assert_event(poller, 2, true, false);
        assert_no_event(poller);
    }
}

KQUEUE_TEST("P12", a_poller_that_is_not_made_without_memory_leaves_nothing_open)
{
    fer_poller none = {0};
    size_t before = peer_open_handles();
    kqueue_memory = 0;
    assert_kind(fer_poller_new(&none), FER_OUT_OF_MEMORY);
    assert_int_equal(peer_open_handles(), before);
}

/* ---- P4: a close leaves only a user knote, which belongs to no descriptor */

KQUEUE_TEST("P4", a_closed_oneshot_socket_leaves_nothing_to_its_number)
{
    static const fer_poll_mode modes[] = {FER_POLL_ONESHOT, FER_POLL_LEVEL, FER_POLL_EDGE};
    for (int i = 0; i < 3; i++) {
        mailbox = test_mailbox();
        raw = mailbox->raw;
        assert_ok(fer_poller_add(poller, raw, both_interests(1), FER_POLL_ONESHOT));
        mailbox_close(mailbox);
        assert_no_event(poller);
        assert_either(fer_poller_delete(poller, raw), FER_NOT_FOUND, FER_BAD_HANDLE);
        mailbox = test_mailbox_with_raw(raw);
        assert_ok(fer_poller_add(poller, raw, reading(2), modes[i]));
        assert_no_event(poller);
        mailbox_send(mailbox);
        assert_event(poller, 2, true, false);
        assert_ok(fer_poller_delete(poller, raw));
    }
}

RULE_TESTS("poller_kqueue")
