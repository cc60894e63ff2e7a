/* poller_fixture.h: fixture.h for pollers: pollers that are closed after the test, mailboxes
 * (datagram sockets that something can be posted to), and what a wait has to tell. */
#ifndef TEST_POLLER_FIXTURE_H
#define TEST_POLLER_FIXTURE_H

#include "ferrule/poller.h"
#include "support/socket_fixture.h"

/* ---- Tests */

#define POLLER_TEST(rule, function)                                                     \
    {                                                                                   \
        rule " " #function, function, poller_test_begin, poller_test_end, &test_no_pair \
    }
#define POLLER_FAMILY_TEST(rule, function)                                          \
    {rule " " #function " [IPv4]", function, poller_test_begin, poller_test_end,    \
     &test_pair_connected_v4},                                                      \
    {                                                                               \
        rule " " #function " [IPv6]", function, poller_test_begin, poller_test_end, \
            &test_pair_connected_v6                                                 \
    }
#define POLLER_PAIR_TEST(rule, function)                                                      \
    {rule " " #function " [connected, IPv4]", function, poller_test_begin, poller_test_end,   \
     &test_pair_connected_v4},                                                                \
    {                                                                                         \
        rule " " #function " [accepted, IPv6]", function, poller_test_begin, poller_test_end, \
            &test_pair_accepted_v6                                                            \
    }

int poller_test_begin(void **state);
int poller_test_end(void **state);

/* ---- Pollers */

/* OPEN; closed after the test. */
fer_poller *test_poller(void);

/* Interests. */
fer_event reading(uint64_t key);
fer_event writing(uint64_t key);
fer_event either_of_both(uint64_t key);
fer_event neither(uint64_t key);

/* Skips where this OS has no edges; a refusal changes nothing. */
void skip_without_edges(void);

/* ---- Waits. Each fails the test when the wait does, or tells of another key. */

/* What a wait told of one key. */
struct told {
    size_t events;
    bool readable;
    bool writable;
};

struct told wait_for(fer_poller *poller, uint64_t key, fer_duration timeout);

/* Within the limit of a peer's patience the key comes, so. */
#define assert_told(poller, key, readable, writable) \
    expect_told((poller), (key), (readable), (writable), __FILE__, __LINE__)
void expect_told(fer_poller *poller, uint64_t key, bool readable, bool writable, const char *file,
                 int line);
/* The same, where the two halves may be told of one after the other: waits until both were. For
 * what is told of as long as it is so. */
#define assert_told_both(poller, key) expect_told_both((poller), (key), __FILE__, __LINE__)
void expect_told_both(fer_poller *poller, uint64_t key, const char *file, int line);
/* At once and for a while nothing is told of. */
#define assert_quiet(poller) expect_quiet((poller), __FILE__, __LINE__)
void expect_quiet(fer_poller *poller, const char *file, int line);
/* A wait without end ends with no event: it was notified. */
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
/* A new one whose raw value is that of a socket that was closed. Skips where this OS gives it to
 * none. */
struct mailbox *test_mailbox_with_number(fer_raw_socket raw);
/* Sends it a datagram, and returns when that has arrived. */
void post(const struct mailbox *mailbox);
/* Takes all that has arrived. Any thread. */
void empty(struct mailbox *mailbox);
void mailbox_close(struct mailbox *mailbox);

#endif
