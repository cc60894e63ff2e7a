/* misuse_poller.c: rule E4 for pollers: a handle that is not OPEN, NULL, no room for events, no
 * socket, an unknown mode. */
#include "support/poller_fixture.h"

static void assert_is_not_open(fer_poller *poller, fer_raw_socket raw)
{
    fer_event event;
    size_t count = 77;
    bool notified = true;
    assert_own(fer_poller_add(poller, raw, reading(1), FER_POLL_LEVEL), FER_MISUSE);
    assert_own(fer_poller_modify(poller, raw, reading(1), FER_POLL_LEVEL), FER_MISUSE);
    assert_own(fer_poller_delete(poller, raw), FER_MISUSE);
    assert_own(fer_poller_notify(poller), FER_MISUSE);
    assert_own(fer_poller_set_interruptible(poller, true), FER_MISUSE);
    assert_own_n(fer_poller_wait(poller, millis(0), &event, 1, &count, NULL), FER_MISUSE, count, 0);
    assert_own(fer_poller_wait(poller, FER_DURATION_NONE, &event, 1, &count, NULL), FER_MISUSE);
    assert_own(fer_poller_wait(poller, FER_DURATION_NONE, &event, 1, &count, &notified),
               FER_MISUSE);
    assert_false(notified);
    fer_poller_close(poller);
}

POLLER_RULE_TEST("E4", a_poller_that_is_not_open_is_invalid_input)
{
    struct mailbox *mailbox = test_mailbox();
    fer_poller fresh = {0};
    fer_poller *closed = test_poller();
    fer_poller odd = {.p_ = {.state_ = 3}};
    fer_poller_close(closed);
    assert_is_not_open(NULL, mailbox->raw);
    assert_is_not_open(&fresh, mailbox->raw);
    assert_is_not_open(closed, mailbox->raw);
    assert_is_not_open(&odd, mailbox->raw);
    assert_own(fer_poller_new(NULL), FER_MISUSE);
    assert_own(fer_poller_new(&odd), FER_MISUSE);
    assert_ok(fer_poller_new(&fresh));
    assert_own(fer_poller_new(&fresh), FER_MISUSE);
    fer_poller_close(&fresh);
}

/* Such a wait consumes nothing: the next wait returns the events and the notification. */
MAILBOX_TEST("E4", a_wait_without_capacity_is_invalid_input)
{
    fer_event event;
    const fer_duration timeouts[] = {{0}, {1000000}, FER_DURATION_NONE};
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_ONESHOT));
    for (size_t i = 0; i < 3; i++) {
        size_t count = 77;
        assert_own_n(fer_poller_wait(poller, timeouts[i], NULL, 1, &count, NULL), FER_MISUSE, count,
                     0);
        assert_own_n(fer_poller_wait(poller, timeouts[i], &event, 0, &count, NULL),
                     FER_INVALID_INPUT, count, 0);
        assert_own(fer_poller_wait(poller, timeouts[i], &event, 1, NULL, NULL), FER_MISUSE);
        assert_own(fer_poller_wait(poller, timeouts[i], NULL, 0, NULL, NULL), FER_INVALID_INPUT);
    }
    assert_own(fer_poller_wait(NULL, FER_DURATION_NONE, NULL, 0, NULL, NULL), FER_MISUSE);
    assert_event(poller, 1, true, false);
    assert_ok(fer_poller_notify(poller));
    assert_own(fer_poller_wait(poller, FER_DURATION_NONE, &event, 1, NULL, NULL), FER_MISUSE);
    assert_notified(poller);
}

POLLER_TEST("E4", no_socket_is_invalid_input)
{
    assert_own(fer_poller_add(poller, FER_RAW_SOCKET_NONE, reading(1), FER_POLL_LEVEL), FER_MISUSE);
    assert_own(fer_poller_modify(poller, FER_RAW_SOCKET_NONE, reading(1), FER_POLL_LEVEL),
               FER_MISUSE);
    assert_own(fer_poller_delete(poller, FER_RAW_SOCKET_NONE), FER_MISUSE);
    assert_own(fer_poller_add(poller, fer_tcp_stream_as_raw(NULL), reading(1), FER_POLL_LEVEL),
               FER_MISUSE);
    assert_no_event(poller);
}

/* Raw values that no socket has. */
POLLER_TEST("E4", absurd_numbers_are_bad_handles)
{
    static const fer_raw_socket absurd[] = {INTPTR_MAX, INTPTR_MAX / 2, INTPTR_MIN, -2, 1000003};
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        assert_kind(fer_poller_add(poller, absurd[i], reading(1), FER_POLL_LEVEL), FER_BAD_HANDLE);
        assert_either(fer_poller_modify(poller, absurd[i], reading(1), FER_POLL_LEVEL),
                      FER_BAD_HANDLE, FER_NOT_FOUND);
        assert_either(fer_poller_delete(poller, absurd[i]), FER_BAD_HANDLE, FER_NOT_FOUND);
    }
    assert_no_event(poller);
}

MAILBOX_TEST("E4", unknown_bits_of_an_event_are_invalid_input)
{
    const fer_event unknown[] = {{.key = 1, .interest = FER_READABLE | 4u},
                                 {.key = 1, .interest = FER_READABLE, .reserved_ = 1}};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_own(fer_poller_add(poller, mailbox->raw, unknown[i], FER_POLL_LEVEL),
                   FER_INVALID_INPUT);
        assert_own(fer_poller_modify(poller, mailbox->raw, unknown[i], FER_POLL_LEVEL),
                   FER_INVALID_INPUT);
    }
    assert_no_event(poller);
}

RULE_TESTS("misuse_poller")
