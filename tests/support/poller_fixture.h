/* poller_fixture.h: fixture.h for pollers: pollers that are closed after the test, mailboxes (bound
 * datagram sockets that receive), and assertions on the events of a wait. */
#ifndef TEST_POLLER_FIXTURE_H
#define TEST_POLLER_FIXTURE_H

#include "ferrule/poller.h"
#include "support/socket_fixture.h"

/* ---- Tests */

/* The body has an open poller in `poller`. A MAILBOX_TEST also has a `mailbox`, a POLLER_PAIR_TEST
 * an open pair in `pair`. */
#define POLLER_TEST(rule, function)                           \
    TEST_OF(function, (fer_poller * poller), (test_poller()), \
            RULE_ROW(rule, function, "", poller_test, &test_no_pair))
#define MAILBOX_TEST(rule, function)                                   \
    TEST_OF(function, (fer_poller * poller, struct mailbox * mailbox), \
            (test_poller(), test_mailbox()),                           \
            RULE_ROW(rule, function, "", poller_test, &test_no_pair))
#define POLLER_RULE_TEST(rule, function) RULE_TEST_WITH(poller_test, rule, function)
#define POLLER_FAMILY_TEST(rule, function) FAMILY_TEST_WITH(poller_test, rule, function)
#define POLLER_PAIR_TEST(rule, function)                                                       \
    MIXED_PAIR_TEST_OF(poller_test, rule, function, (fer_poller * poller, struct pair * pair), \
                       (test_poller(), pair_open(state)))
#define POLLER_KIND_TEST(rule, function) MIXED_KIND_TEST(poller_test, rule, function)

int poller_test_begin(void **state);
int poller_test_end(void **state);

/* ---- Pollers */

/* An OPEN poller; closed after the test. */
fer_poller *test_poller(void);

/* Interests. */
fer_event reading(uint64_t key);
fer_event writing(uint64_t key);
fer_event both_interests(uint64_t key);
fer_event no_interest(uint64_t key);

/* Skips the test if the backend has no edge-triggered mode; checks that the refusal changes
 * nothing. */
void skip_without_edges(void);

/* ---- Waits. Each fails the test if the wait fails or reports another key. */

/* The event of one key that a wait reported. */
struct wait_result {
    size_t events;
    bool readable;
    bool writable;
    fer_interest all; /* of all its events */
};

struct wait_result wait_for(fer_poller *poller, uint64_t key, fer_duration timeout);

/* The key is reported, with these halves, within the limit of a peer's wait. */
#define assert_event(poller, key, readable, writable) \
    expect_event((poller), (key), (readable), (writable), __FILE__, __LINE__)
void expect_event(fer_poller *poller, uint64_t key, bool readable, bool writable, const char *file,
                  int line);
/* The key is reported, once or several times, with all of these. For level-triggered sockets. */
#define assert_reports(poller, key, wanted) \
    expect_reports((poller), (key), (wanted), __FILE__, __LINE__)
void expect_reports(fer_poller *poller, uint64_t key, fer_interest wanted, const char *file,
                    int line);
/* The same if the two halves may be reported by separate events: waits until both were reported.
 * For level-triggered sockets. */
#define assert_both_events(poller, key) assert_reports((poller), (key), FER_READABLE | FER_WRITABLE)
/* No event is reported, neither now nor within a short wait. */
#define assert_no_event(poller) expect_no_event((poller), __FILE__, __LINE__)
void expect_no_event(fer_poller *poller, const char *file, int line);
/* A wait without a timeout returns no event: it was notified. */
#define assert_notified(poller) expect_notified((poller), __FILE__, __LINE__)
void expect_notified(fer_poller *poller, const char *file, int line);

/* ---- Mailboxes: bound datagram sockets of IPv4, nonblocking, closed after the test */

enum { MAILBOXES_MAX = 128 };

struct mailbox {
    fer_udp_socket socket;
    fer_raw_socket raw;
    uint16_t port;
};

struct mailbox *test_mailbox(void);
/* A new mailbox that reuses the raw value of a closed socket. Skips the test if this OS does not
 * reuse it. */
struct mailbox *test_mailbox_with_raw(fer_raw_socket raw);
/* Sends a datagram to it, and returns after its arrival. */
void mailbox_send(const struct mailbox *mailbox);
/* Receives all queued datagrams. Any thread. */
void mailbox_drain(struct mailbox *mailbox);
void mailbox_close(struct mailbox *mailbox);

#endif
