/* stream_fixture.h: tests that run on pairs of both types, TCP streams and Unix streams. */
#ifndef TEST_STREAM_FIXTURE_H
#define TEST_STREAM_FIXTURE_H

#include "support/stream_ref.h"
#include "support/unix_fixture.h"

struct stream_kind {
    struct pair_kind *tcp; /* NULL: a Unix stream */
    int *of_unix;
};
/* The four kinds of fixture.h, then those of unix_fixture.h. */
extern struct stream_kind stream_kinds[7];

/* The body has the open pair in `pair`, or opens pairs of the kind itself. */
#define STREAM_PAIR_TEST(rule, function) \
    STREAM_PAIR_TEST_OF(rule, function, (struct stream_pair pair), (stream_pair_open(*state)))
#define STREAM_KIND_TEST(rule, function) \
    STREAM_PAIR_TEST_OF(rule, function, (struct stream_kind * kind), (*state))
#define STREAM_PAIR_TEST_OF(rule, function, parameters, arguments)                                \
    TEST_OF(function, parameters, arguments, STREAM_ROW(rule, function, " [connected, IPv4]", 0), \
            STREAM_ROW(rule, function, " [accepted, IPv4]", 1),                                   \
            STREAM_ROW(rule, function, " [connected, IPv6]", 2),                                  \
            STREAM_ROW(rule, function, " [accepted, IPv6]", 3), STREAM_UNIX_ROWS(rule, function))
/* For long tests: without IPv6. */
#define SLOW_STREAM_PAIR_TEST(rule, function) \
    SLOW_STREAM_PAIR_TEST_OF(rule, function, (struct stream_pair pair), (stream_pair_open(*state)))
#define SLOW_STREAM_KIND_TEST(rule, function) \
    SLOW_STREAM_PAIR_TEST_OF(rule, function, (struct stream_kind * kind), (*state))
#define SLOW_STREAM_PAIR_TEST_OF(rule, function, parameters, arguments)                           \
    TEST_OF(function, parameters, arguments, STREAM_ROW(rule, function, " [connected, IPv4]", 0), \
            STREAM_ROW(rule, function, " [accepted, IPv4]", 1), STREAM_UNIX_ROWS(rule, function))
#define STREAM_UNIX_ROWS(rule, function)                    \
    STREAM_ROW(rule, function, " [connected, Unix]", 4),    \
        STREAM_ROW(rule, function, " [accepted, Unix]", 5), \
        STREAM_ROW(rule, function, " [paired, Unix]", 6)
#define STREAM_ROW(rule, function, words, kind) \
    RULE_ROW(rule, function, words, unix_test, &stream_kinds[kind])

struct stream_pair {
    stream_ref stream;
    peer_socket other;
};

/* Skips the test if the OS has no such stream. */
struct stream_pair stream_pair_open(const struct stream_kind *kind);
/* Closes the pair and all other handles of the test, and checks that none is open. */
void stream_pair_close(void);
/* The peer sends, and the bytes have arrived. */
void stream_pair_send(struct stream_pair pair, const char *text);
void assert_stream_alive(struct stream_pair pair);
/* A zeroed stream of the same type; closed after the test. */
stream_ref stream_like(stream_ref stream);

#endif
