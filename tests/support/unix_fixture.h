/* unix_fixture.h: fixture.h for Unix sockets: pairs of a ferrule stream and a plain socket, handles
 * that are closed after the test, and paths that are removed after the test. */
#ifndef TEST_UNIX_FIXTURE_H
#define TEST_UNIX_FIXTURE_H

#include "conformance/unix_peer.h"
#include "ferrule/unix.h"
#include "support/fixture.h"

/* ---- Tests */

/* How a stream was connected. */
enum unix_kind { UNIX_CONNECTED, UNIX_ACCEPTED, UNIX_PAIRED };
extern int unix_connected_kind;
extern int unix_accepted_kind;
extern int unix_paired_kind;

#define UNIX_TEST(rule, function) \
    TEST_OF(function, (void), (), RULE_ROW(rule, function, "", unix_test, &unix_connected_kind))
/* Skipped if the OS has no such sockets. */
#define UNIX_STREAM_TEST(rule, function) UNIX_TEST_OF(rule, function, skip_without_unix_streams)
#define UNIX_DATAGRAM_TEST(rule, function) UNIX_TEST_OF(rule, function, skip_without_unix_datagrams)
#define UNIX_TEST_OF(rule, function, skip_without)          \
    TEST_BY(function, (void), (skip_without(), function()), \
            RULE_ROW(rule, function, "", unix_test, &unix_connected_kind))
/* The body has the open pair in `pair`, or opens pairs of the kind itself. */
#define UNIX_PAIR_TEST(rule, function) \
    UNIX_PAIR_TEST_OF(rule, function, (struct unix_pair pair), (unix_pair_open(state)))
#define UNIX_KIND_TEST(rule, function) UNIX_PAIR_TEST_OF(rule, function, (void **state), (state))
#define UNIX_PAIR_TEST_OF(rule, function, parameters, arguments)                       \
    TEST_OF(function, parameters, arguments,                                           \
            RULE_ROW(rule, function, " [connected]", unix_test, &unix_connected_kind), \
            RULE_ROW(rule, function, " [accepted]", unix_test, &unix_accepted_kind),   \
            RULE_ROW(rule, function, " [paired]", unix_test, &unix_paired_kind))

int unix_test_begin(void **state);
int unix_test_end(void **state);

void skip_without_unix_streams(void);
void skip_without_unix_datagrams(void);

/* ---- Zeroed handles; closed after the test */

fer_unix_stream *test_unix_stream(void);
fer_unix_listener *test_unix_listener(void);
fer_unix_datagram *test_unix_datagram(void);
fer_unix_listener *test_unix_listening(const char *path);
fer_unix_datagram *test_unix_bound(const char *path);
/* A datagram socket without a name. Skips the test if the OS has none. */
fer_unix_datagram *test_unix_unbound(void);

/* An abstract name that begins with these bytes. All programs of a machine share abstract names, so
 * this program's directory follows. */
fer_unix_addr test_unix_abstract(const void *begin, size_t len);

/* The two ends of a pair of ferrule streams. Skips the test if the OS has no handles to pass. */
struct unix_ends {
    fer_unix_stream *one;
    fer_unix_stream *other;
};
struct unix_ends unix_ends_open(void);

struct unix_pair {
    fer_unix_stream *stream;
    peer_socket other;
};

/* A pair of the test's kind. Skips the test if the OS has none. */
struct unix_pair unix_pair_open(void **state);

/* ---- Assertions */

void assert_unix_exchange(fer_unix_stream *stream, peer_socket other);
void assert_unix_alive(const struct unix_pair *pair);
void assert_unix_writes_are_broken(fer_unix_stream *stream);
void assert_unix_new(fer_unix_stream *stream);
void assert_unnamed(const fer_unix_addr *addr);
void assert_path(const fer_unix_addr *addr, const char *path);

#endif
