/* limits_fixture.h: unix_fixture.h for limits: a token that is closed after the test, one handle of
 * each type, and every call that can wait. */
#ifndef TEST_LIMITS_FIXTURE_H
#define TEST_LIMITS_FIXTURE_H

#include "ferrule/cancel.h"
#include "ferrule/io.h"
#include "support/unix_fixture.h"

#define LIMITS_TEST(rule, function) RULE_TEST_WITH(limits_test, rule, function)
#define LIMITS_PAIR_TEST(rule, function) MIXED_PAIR_TEST(limits_test, rule, function)
#define LIMITS_KIND_TEST(rule, function) MIXED_KIND_TEST(limits_test, rule, function)

int limits_test_begin(void **state);
int limits_test_end(void **state);

/* The open token of the test, and limits. */
extern fer_cancel_token limits_token;
fer_limits limits_with_token(void);
fer_limits limits_after_millis(uint64_t count);
/* A deadline that is reached. */
fer_limits limits_past(void);

/* The handles, each with a plain socket at the other end. Both streams of a type can be read;
 * `full` and `unix_full` are those that the calls write to. Without Unix sockets these are NULL. */
struct limits_set {
    fer_tcp_stream *stream;
    peer_socket other;
    fer_tcp_stream *full;
    peer_socket full_other;
    struct udp_pair udp;
    fer_unix_stream *unix_stream;
    peer_socket unix_other;
    fer_unix_stream *unix_full;
    peer_socket unix_full_other;
    fer_unix_datagram *datagram;
    const char *datagram_path;
    peer_socket datagram_other;
};

/* Nothing has arrived, and there is room. */
void limits_set_open(struct limits_set *set);
/* No room. */
void limits_set_fill(struct limits_set *set);
/* Each receiving handle gets the four bytes "data". */
void limits_set_send(struct limits_set *set);
/* On every handle. NULL: none. */
void limits_set_apply(struct limits_set *set, const fer_limits *limits);
void limits_set_nonblocking(struct limits_set *set, bool nonblocking);

/* The calls that can wait. They assert nothing, so any thread may run them. The sends repeat until
 * a failure, because room returns a short time after a queue was full. */
enum limits_kind {
    LIMITS_RECEIVES,
    LIMITS_SENDS,
    LIMITS_SENDS_DATAGRAM, /* does not wait in these tests */
    LIMITS_READY,
    LIMITS_READY_TO_WRITE
};
enum limits_handle {
    LIMITS_TCP,
    LIMITS_UDP,
    LIMITS_UNIX_STREAM,
    LIMITS_UNIX_HANDLES, /* a stream that sends and receives handles */
    LIMITS_UNIX_DATAGRAM
};
struct limits_call {
    const char *name;
    enum limits_handle handle;
    enum limits_kind kind;
    fer_error (*run)(const struct limits_set *set, size_t *n);
};
enum { LIMITS_CALLS = 46 };
extern const struct limits_call limits_calls[LIMITS_CALLS];
bool limits_has(const struct limits_set *set, const struct limits_call *call);
bool limits_waits(const struct limits_call *call);

/* Runs the call, and fails by its name unless it is the error without an OS code. */
void limits_expect(const struct limits_set *set, const struct limits_call *call,
                   fer_error_kind kind);

#endif
