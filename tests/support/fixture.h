/* fixture.h: shared by the conformance tests: a connected pair (ferrule at one end, a plain socket
 * at the other), assertions on errors, patterned bytes, skipping with a reason, and a check for
 * leaked handles after every test. */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "conformance/peer.h"
#include "ferrule/error.h"
#include "ferrule/resolve.h"
#include "ferrule/socket_addr.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"
#include "support/group.h"
#include "support/stream_ref.h"

/* ---- Tests. A test's name is its rule's number and its sentence. */

#define RULE_ROW(rule, function, words, fixture, initial) \
    TEST_ROW(rule " " #function words, function, fixture##_begin, fixture##_end, initial)

#define RULE_TEST(rule, function) RULE_TEST_WITH(test, rule, function)
#define RULE_TEST_WITH(fixture, rule, function) \
    TEST_OF(function, (void), (), RULE_ROW(rule, function, "", fixture, &test_no_pair))

/* The same test on the four kinds of pair. The body has the open pair in `pair`. */
#define PAIR_TEST(rule, function) \
    PAIR_TEST_OF(rule, function, (struct pair * pair), (pair_open(state)))
/* The body opens pairs of the kind itself. */
#define KIND_TEST(rule, function) \
    PAIR_TEST_OF(rule, function, (const struct pair_kind *kind), (*state))
#define PAIR_TEST_OF(rule, function, parameters, arguments)                                \
    TEST_OF(function, parameters, arguments,                                               \
            RULE_ROW(rule, function, " [connected, IPv4]", test, &test_pair_connected_v4), \
            RULE_ROW(rule, function, " [accepted, IPv4]", test, &test_pair_accepted_v4),   \
            RULE_ROW(rule, function, " [connected, IPv6]", test, &test_pair_connected_v6), \
            RULE_ROW(rule, function, " [accepted, IPv6]", test, &test_pair_accepted_v6))

/* For long tests: one connected stream, one accepted stream. */
#define SLOW_PAIR_TEST(rule, function) \
    SLOW_PAIR_TEST_OF(rule, function, (struct pair * pair), (pair_open(state)))
#define SLOW_KIND_TEST(rule, function) \
    SLOW_PAIR_TEST_OF(rule, function, (const struct pair_kind *kind), (*state))
#define SLOW_PAIR_TEST_OF(rule, function, parameters, arguments)                           \
    TEST_OF(function, parameters, arguments,                                               \
            RULE_ROW(rule, function, " [connected, IPv4]", test, &test_pair_connected_v4), \
            RULE_ROW(rule, function, " [accepted, IPv4]", test, &test_pair_accepted_v4))

/* One connected stream over IPv4, one accepted over IPv6. */
#define MIXED_PAIR_TEST(fixture, rule, function) \
    MIXED_PAIR_TEST_OF(fixture, rule, function, (struct pair * pair), (pair_open(state)))
#define MIXED_KIND_TEST(fixture, rule, function) \
    MIXED_PAIR_TEST_OF(fixture, rule, function, (const struct pair_kind *kind), (*state))
#define MIXED_PAIR_TEST_OF(fixture, rule, function, parameters, arguments)                    \
    TEST_OF(function, parameters, arguments,                                                  \
            RULE_ROW(rule, function, " [connected, IPv4]", fixture, &test_pair_connected_v4), \
            RULE_ROW(rule, function, " [accepted, IPv6]", fixture, &test_pair_accepted_v6))

/* For tests of one socket, once for each family. The test is skipped if this machine lacks it. */
#define FAMILY_TEST(rule, function) FAMILY_TEST_WITH(test, rule, function)
#define FAMILY_TEST_WITH(fixture, rule, function)                                  \
    TEST_OF(function, (peer_family family), (family_of(state)),                    \
            RULE_ROW(rule, function, " [IPv4]", fixture, &test_pair_connected_v4), \
            RULE_ROW(rule, function, " [IPv6]", fixture, &test_pair_connected_v6))

/* The same with a bound datagram socket and its peer in `pair`. */
#define UDP_TEST(rule, function)                                                 \
    TEST_OF(function, (struct udp_pair pair), (udp_pair_open(family_of(state))), \
            RULE_ROW(rule, function, " [IPv4]", test, &test_pair_connected_v4),  \
            RULE_ROW(rule, function, " [IPv6]", test, &test_pair_connected_v6))

/* The body has a zeroed stream in `stream`; or a listener on the loopback in `listener`, and its
 * port. They are closed after the test. */
#define STREAM_TEST(rule, function)                               \
    TEST_OF(function, (fer_tcp_stream * stream), (test_stream()), \
            RULE_ROW(rule, function, "", test, &test_no_pair))
#define TEST_LISTENER(of_family)          \
    const peer_family family = of_family; \
    uint16_t port = 0;                    \
    (void)family;                         \
    fer_tcp_listener *listener = test_listening(family, &port);
#define LISTENER_TEST(rule, function)                               \
    TEST_BY(function, (fer_tcp_listener * listener, uint16_t port), \
            TEST_LISTENER(PEER_V4) function(listener, port),        \
            RULE_ROW(rule, function, "", test, &test_no_pair))
#define FAMILY_LISTENER_TEST(rule, function)                                            \
    TEST_BY(function, (fer_tcp_listener * listener, uint16_t port, peer_family family), \
            TEST_LISTENER(family_of(state)) function(listener, port, family),           \
            RULE_ROW(rule, function, " [IPv4]", test, &test_pair_connected_v4),         \
            RULE_ROW(rule, function, " [IPv6]", test, &test_pair_connected_v6))

/* Handles of a type that are closed after the test: name() returns a zeroed one, and name_close_all
 * closes them. */
#define TEST_POOL(type, name, cap)                     \
    static type name##_all[cap];                       \
    static size_t name##_count;                        \
    type *name(void)                                   \
    {                                                  \
        assert_true(name##_count < (cap));             \
        type *made = &name##_all[name##_count++];      \
        memset(made, 0, sizeof *made);                 \
        return made;                                   \
    }                                                  \
    static void name##_close_all(void)                 \
    {                                                  \
        while (name##_count > 0) {                     \
            type##_close(&name##_all[--name##_count]); \
        }                                              \
    }

/* The main function of a file, or a function of a program of several files. */
#define RULE_TESTS(name) RULE_TESTS_AS(main, name)
#define RULE_TESTS_AS(function, name)                                                            \
    int function(void)                                                                           \
    {                                                                                            \
        return test_group.count == 0 ? 2                                                         \
                                     : test_run_group(name, test_group.tests, test_group.count); \
    }

/* Runs the tests of a file, from index test_first on. */
int test_run_group(const char *name, const struct CMUnitTest *tests, size_t count);
extern size_t test_first;

struct pair_kind {
    bool ferrule_connects;
    peer_family family;
};
extern struct pair_kind test_no_pair;
extern struct pair_kind test_pair_connected_v4;
extern struct pair_kind test_pair_accepted_v4;
extern struct pair_kind test_pair_connected_v6;
extern struct pair_kind test_pair_accepted_v6;

int test_begin(void **state);
int test_end(void **state);

/* Prints the reason and ends the test as skipped. */
void skip_because(const char *reason);
void skip_if(bool condition, const char *reason);

/* Skips a test over the user mode of qemu, which does not imitate the system here. */
#ifdef TEST_UNDER_QEMU
#define skip_under_qemu(reason) skip_if(true, "qemu: " reason)
#else
#define skip_under_qemu(reason) (void)0
#endif
void skip_without_v6(void);
void skip_without_dual_stack(void);
void skip_without_localhost(void);

/* ---- The pair of the test's kind; closed after the test. */

struct pair {
    struct pair_kind kind;
    fer_tcp_stream stream;
    peer_socket other;
};

struct pair *pair_open(void **state);
struct pair *pair_open_kind(const struct pair_kind *kind);
void pair_close(struct pair *pair);

/* The peer closes its socket, or resets the connection; or it sends, and the bytes have arrived. */
void pair_close_other(struct pair *pair);
void pair_reset(struct pair *pair);
void pair_reset_and_wait(struct pair *pair);
void pair_send(struct pair *pair, const void *bytes, size_t len);

/* A zeroed stream, and a zeroed listener; closed after the test. */
fer_tcp_stream *test_stream(void);
fer_tcp_listener *test_listener(void);
/* A listener on the loopback, and its port. */
fer_tcp_listener *test_listening(peer_family family, uint16_t *port);

/* A zeroed datagram socket, and one bound to the loopback with its port; closed after the test. */
fer_udp_socket *test_udp(void);
fer_udp_socket *test_udp_bound(peer_family family, uint16_t *port);
/* A bound datagram socket, and a plain one, which is its peer in these tests. */
struct udp_pair {
    peer_family family;
    fer_udp_socket *socket;
    uint16_t port;
    peer_socket other;
    uint16_t other_port;
    fer_socket_addr other_addr;
};
struct udp_pair udp_pair_open(peer_family family);
/* A FAMILY_TEST's family. Skips the test if this machine lacks the family. */
peer_family family_of(void **state);

fer_socket_addr loopback(peer_family family, uint16_t port);
fer_duration millis(uint64_t count);

/* The pair carries bytes both ways. */
void assert_alive(struct pair *pair);
/* The stream and the peer are the two ends of one connection. */
void assert_exchange(fer_tcp_stream *stream, peer_socket other);

/* The listener accepts a peer's connection into the stream. */
void assert_accepts(fer_tcp_listener *listener, fer_tcp_stream *stream, peer_family family,
                    uint16_t port);
/* Accepts a connection, closes it before the peer does, and closes the listener: the port is in
 * TIME_WAIT. */
void leave_port_in_time_wait(fer_tcp_listener *listener, peer_family family, uint16_t port);

/* Fails unless the public functions answer as for a NEW or CLOSED handle. */
void assert_new(fer_tcp_stream *stream);
void assert_closed(fer_tcp_stream *stream);

/* ---- Assertions on errors */

void expect_kind(fer_error error, fer_error_kind kind, const char *text, const char *file,
                 int line);
void expect_own(fer_error error, fer_error_kind kind, const char *text, const char *file, int line);
void expect_either(fer_error error, fer_error_kind one, fer_error_kind other, const char *text,
                   const char *file, int line);

#define assert_ok(call) expect_kind((call), FER_OK, #call, __FILE__, __LINE__)
#define assert_kind(call, kind) expect_kind((call), (kind), #call, __FILE__, __LINE__)
/* The kind, with os_code 0: an error of ferrule's own. */
#define assert_own(call, kind) expect_own((call), (kind), #call, __FILE__, __LINE__)
/* The local address of a connection that has ended. */
#define assert_ended_name(call) \
    assert_kind((call), peer_forgets_ended_names() ? FER_NOT_CONNECTED : FER_OK)
/* The same, and the call stores this count in n. */
#define assert_ok_n(call, n, count) ((n) = 77, assert_ok(call), assert_int_equal((n), (count)))
#define assert_kind_n(call, kind, n, count) \
    ((n) = 77, assert_kind(call, kind), assert_int_equal((n), (count)))
#define assert_own_n(call, kind, n, count) \
    ((n) = 77, assert_own(call, kind), assert_int_equal((n), (count)))
#define assert_either(call, one, other) \
    expect_either((call), (one), (other), #call, __FILE__, __LINE__)
#define assert_writes_fail(call) assert_either(call, FER_CONNECTION_RESET, FER_BROKEN_PIPE)

/* The stream and the peer are the two ends of one connection. Every read function returns OK with 0
 * bytes, or kind with no bytes. */
void assert_stream_exchange(stream_ref stream, peer_socket other);
void assert_stream_ends(stream_ref stream);
void assert_stream_fails(stream_ref stream, fer_error_kind kind);
void assert_reads_end(fer_tcp_stream *stream);
void assert_reads_fail(fer_tcp_stream *stream, fer_error_kind kind);

/* A read or a write of this sort, in two slices if it is vectored. */
enum read_sort { READ, PEEK, READ_VECTORED, READ_EXACT, READ_TO_END, READ_SORTS };
enum write_sort { WRITE, WRITE_VECTORED, WRITE_ALL, WRITE_SORTS };
fer_error read_by(int sort, stream_ref stream, void *buf, size_t len, size_t *n);
fer_error write_by(int sort, stream_ref stream, const void *buf, size_t len, size_t *n);

/* ---- Time */

#define NOT_SOONER_SLACK_US 2000
/* The same for the system's own timeouts, SO_RCVTIMEO and SO_SNDTIMEO. Linux counts them in ticks
 * (schedule_timeout, jiffies), and the count is behind the clock while a virtual machine's
 * processor is taken away: a timeout of 40 ms then ends after 36 to 40 ms. A tick is at most
 * 10 ms. */
#define SYSTEM_TIMEOUT_SLACK_US 20000
uint64_t microseconds_since(uint64_t start_us);
/* assert_own, and the call took at least us microseconds: by the library's clock, or the system's
 * own. */
#define assert_own_in(call, kind, us, slack)                      \
    do {                                                          \
        uint64_t began = peer_now_us();                           \
        assert_own(call, kind);                                   \
        assert_true(microseconds_since(began) + (slack) >= (us)); \
    } while (0)
#define assert_own_after(call, kind, us) assert_own_in(call, kind, us, NOT_SOONER_SLACK_US)
#define assert_own_after_system(call, kind, us) \
    assert_own_in(call, kind, us, SYSTEM_TIMEOUT_SLACK_US)

/* ---- Patterned bytes: byte i of a transfer is known, so that a lost, repeated or moved byte is
 * detected. */

unsigned char pattern_at(uint64_t offset);
void pattern_fill(void *buf, size_t len, uint64_t offset);
bool pattern_matches(const void *buf, size_t len, uint64_t offset);
/* Receives until end of file or a failure. *intact is false if a byte is wrong. Any thread. */
peer_outcome peer_drain(peer_socket peer, uint64_t *total, bool *intact);
/* On Windows a reset may lose the bytes of an end that closes before the other one has received
 * them (row early_close_loses), but not under Wine. */
bool early_closes_may_lose(void);
/* After a close: the peer receives all bytes of the pattern, and then the end, unless they are
 * lost. */
void assert_all_arrives_after_close(peer_socket peer, uint64_t len);
/* peer_drain as the function of a thread. */
struct drain {
    peer_socket peer;
    uint64_t total;
    bool intact;
    peer_outcome outcome;
};
void drain_all(void *argument);
/* Writes patterned bytes until a call fails, and returns its error. *total is the sum of the
 * reported counts. */
fer_error write_until_failure(stream_ref stream, size_t piece, uint64_t *total);
/* Fills the buffers by nonblocking writes, also after a delay. Restores blocking mode. */
uint64_t fill_until_it_would_block(fer_tcp_stream *stream);

#endif
