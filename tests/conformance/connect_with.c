/* connect_with.c: rules K8 to K10: connecting to the first address that answers, and lookups,
 * within limits; rules K1 and K2 of connects of built sockets. Their times: tests/sim. */
#include <stdio.h>

#include "ferrule/cancel.h"
#include "support/process.h"
#include "support/socket_fixture.h"
#include "support/thread.h"

enum { CAP = 4, SOON_US = 5000000, PATIENCE_US = 60000000 };

static fer_cancel_token token;
static fer_resolver resolver;
static fer_connect_options options;
static fer_connect_failure failures[CAP];
static size_t failed;

static int begin(void **state)
{
    memset(&token, 0, sizeof token);
    memset(&resolver, 0, sizeof resolver);
    memset(&options, 0, sizeof options);
    memset(failures, 0, sizeof failures);
    options.failures = failures;
    options.failures_cap = CAP;
    options.failures_count = &failed;
    failed = 99;
    return socket_test_begin(state);
}

static int end(void **state)
{
    FER_IGNORE(fer_resolver_close_gracefully(&resolver, NULL));
    fer_cancel_token_close(&token);
    return socket_test_end(state);
}

#define CONNECT_TEST(rule, function) \
    TEST_OF(function, (void), (), TEST_ROW(rule " " #function, function, begin, end, NULL))
#define CONNECT_FAMILY_TEST(rule, function)                                                        \
    TEST_OF(function, (peer_family family), (family_of(state)),                                    \
            TEST_ROW(rule " " #function " [IPv4]", function, begin, end, &test_pair_connected_v4), \
            TEST_ROW(rule " " #function " [IPv6]", function, begin, end, &test_pair_connected_v6))

static void use_token(void)
{
    assert_ok(fer_cancel_token_new(&token));
    options.limits.token = &token;
}

static fer_error connect_two(fer_tcp_stream *stream, const fer_socket_addr *one,
                             const fer_socket_addr *other)
{
    fer_socket_addr addrs[] = {*one, *other};
    return fer_tcp_stream_connect_addrs(stream, addrs, 2, &options);
}

static void assert_failure(size_t at, const fer_socket_addr *addr, fer_error_kind kind)
{
    assert_true(at < failed);
    assert_true(fer_socket_addr_eq(&failures[at].addr, addr));
    assert_kind(failures[at].error, kind);
    assert_int_equal(failures[at].step,
                     kind == FER_INVALID_INPUT ? FER_CONNECT_STEP_BIND : FER_CONNECT_STEP_CONNECT);
}

/* ---- K9 */

/* K9: "when the delay has passed", and "the first connection wins". */
CONNECT_FAMILY_TEST("K9", the_first_connection_is_the_result)
{
    peer_socket listener;
    struct pending_target silent = pending_target(family);
    fer_socket_addr accepting = accepting_addr(family, &listener);
    fer_tcp_stream *stream = test_stream();
    options.attempt_delay = millis(30);
    uint64_t start = peer_now_us();
    assert_ok(connect_two(stream, &silent.addr, &accepting));
    assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= 30000);
    assert_int_equal(failed, 0);
    assert_exchange(stream, peer_accept(listener));
}

/* K9: "or when the attempt that was started last has failed", without the delay. */
CONNECT_FAMILY_TEST("K9", an_attempt_that_fails_starts_the_next_one)
{
    peer_socket listener;
    fer_socket_addr refusing = refusing_addr(family);
    fer_socket_addr accepting = accepting_addr(family, &listener);
    fer_tcp_stream *stream = test_stream();
    options.attempt_delay = fer_duration_from_secs(60);
    uint64_t start = peer_now_us();
    assert_ok(connect_two(stream, &refusing, &accepting));
    assert_true(microseconds_since(start) < SOON_US);
    assert_int_equal(failed, 1);
    assert_failure(0, &refusing, FER_CONNECTION_REFUSED);
    assert_true(failures[0].elapsed.nanos / 1000 <= microseconds_since(start));
    assert_exchange(stream, peer_accept(listener));
}

/* K9: each attempt is bound to the local address. An attempt to an IPv4-mapped address is bound
 * to a mapped or the unspecified IPv6 address. */
CONNECT_TEST("K9", a_local_address_has_the_form_of_the_address)
{
    peer_socket listener;
    skip_without_v6();
    fer_socket_addr v4 = accepting_addr(PEER_V4, &listener);
    peer_keep_from_v6(v4.port);
    const fer_socket_addr to[] = {mapped_of(&v4), v4, loopback(PEER_V6, v4.port)};
    fer_socket_addr locals[] = {to[0], wildcard(PEER_V6, 0), v4, to[2]};
    for (size_t i = 0; i < 8; i++) {
        bool is_mapped = i < 4;
        bool fits = is_mapped ? i < 2 : i % 4 == 2;
        fer_tcp_stream *stream = test_stream();
        fer_socket_addr own;
        locals[i % 4].port = 0;
        options.local = &locals[i % 4];
        fer_error_kind kind = !fits                                 ? FER_INVALID_INPUT
                              : is_mapped && !peer_has_dual_stack() ? FER_ADDR_NOT_AVAILABLE
                                                                    : FER_OK;
        assert_kind(fer_tcp_stream_connect_addrs(stream, &to[!is_mapped], 1, &options), kind);
        if (kind == FER_OK) {
            assert_ok(fer_tcp_stream_local_addr(stream, &own));
            assert_true(fer_ip_addr_eq(own.ip, to[!is_mapped].ip));
            assert_exchange(stream, peer_accept(listener));
        } else if (kind == FER_INVALID_INPUT) {
            assert_failure(0, &to[!is_mapped], FER_INVALID_INPUT);
            assert_int_equal(failures[0].error.os_code, 0);
        }
    }
    options.local = &locals[2];
    assert_ok(connect_two(test_stream(), &to[2], &to[1]));
    assert_failure(0, &to[2], FER_INVALID_INPUT);
}

/* K10: "The same text, options and network connect to the same address on every system". The first
 * that accepts is the second in the order of K9: "The families alternate". */
CONNECT_TEST("K10", the_same_list_connects_to_the_same_address)
{
    peer_socket listeners[2];
    skip_without_v6();
    const fer_socket_addr v4 = accepting_addr(PEER_V4, &listeners[0]);
    const fer_socket_addr v6 = accepting_addr(PEER_V6, &listeners[1]);
    const fer_socket_addr no_v4 = refusing_addr(PEER_V4);
    const fer_socket_addr no_v6 = refusing_addr(PEER_V6);
    const fer_socket_addr lists[][3] = {
        {v4, v6, v6}, {v6, v4, v4}, {no_v6, v6, v4}, {no_v4, v4, v6}};
    options.attempt_delay = fer_duration_from_secs(60);
    for (size_t i = 0; i < 4; i++) {
        fer_tcp_stream *stream = test_stream();
        fer_socket_addr peer;
        assert_ok(fer_tcp_stream_connect_addrs(stream, lists[i], 3, &options));
        assert_ok(fer_tcp_stream_peer_addr(stream, &peer));
        assert_true(fer_socket_addr_eq(&peer, i % 2 == 0 ? &v4 : &v6));
        assert_exchange(stream, peer_accept(listeners[i % 2]));
    }
}

/* ---- K8 */

/* K1: "begins with a check of the limits"; K8: "leaves the handle NEW and no socket behind". */
CONNECT_TEST("K8", limits_that_are_reached_before_start_nothing)
{
    peer_socket listener;
    fer_socket_addr accepting = accepting_addr(PEER_V4, &listener);
    fer_tcp_stream *stream = test_stream();
    use_token();
    assert_ok(fer_cancel_token_cancel(&token));
    assert_own(connect_two(stream, &accepting, &accepting), FER_CANCELLED);
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &options), FER_CANCELLED);
    options.limits = (fer_limits){.deadline = fer_instant_now()};
    assert_own(connect_two(stream, &accepting, &accepting), FER_TIMED_OUT);
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &options), FER_TIMED_OUT);
    assert_int_equal(failed, 0);
    assert_false(peer_is_queued(listener, 20));
    assert_new(stream);
}

/* Also K9: an attempt has its own timeout. */
CONNECT_FAMILY_TEST("K8", the_deadline_closes_all_attempts)
{
    struct pending_target silent = pending_target(family);
    fer_tcp_stream *stream = test_stream();
    options.attempt_delay = millis(10);
    for (int has_deadline = 0; has_deadline < 2; has_deadline++) {
        options.attempt_timeout = has_deadline ? FER_DURATION_NONE : millis(60);
        options.limits.deadline = has_deadline ? fer_instant_after(millis(60)) : FER_INSTANT_NONE;
        assert_own_after(connect_two(stream, &silent.addr, &silent.addr), FER_TIMED_OUT, 60000);
        assert_in_range(failed, 1, 2); /* on a busy machine the second may not start in time */
        for (size_t i = 0; i < failed; i++) {
            assert_failure(i, &silent.addr, FER_TIMED_OUT);
        }
        assert_new(stream);
    }
}

/* A connect in a thread of its own. */
struct connector {
    fer_tcp_stream *stream;
    fer_socket *socket;
    fer_socket_addr addr;
    test_thread thread;
    fer_error error;
};

static void connect_stream(void *argument)
{
    struct connector *connector = argument;
    connector->error = connect_two(connector->stream, &connector->addr, &connector->addr);
}

static void connect_socket(void *argument)
{
    struct connector *connector = argument;
    connector->error = fer_socket_connect(connector->socket, &connector->addr);
}

/* Waits until the connect has passed the look at its limits (rule K1). The handle then answers that
 * a call fills it, or that its connect is pending. */
static void await_attempt(const struct connector *connector)
{
    fer_socket_addr peer;
    uint64_t start = peer_now_us();
    fer_error error;
    do {
        peer_pause(1);
        error = connector->socket != NULL ? fer_socket_peer_addr(connector->socket, &peer)
                                          : fer_tcp_stream_peer_addr(connector->stream, &peer);
        assert_true(microseconds_since(start) < PATIENCE_US);
    } while (error.kind != FER_WOULD_BLOCK);
}

static void assert_cancel_ends(struct connector *connector, void (*run)(void *argument))
{
    test_thread_start(&connector->thread, run, connector);
    await_attempt(connector);
    uint64_t start = peer_now_us();
    fer_error cancelled = fer_cancel_token_cancel(&token);
    test_thread_join(&connector->thread);
    assert_ok(cancelled);
    assert_true(microseconds_since(start) < SOON_US);
    assert_own(connector->error, FER_CANCELLED);
}

CONNECT_FAMILY_TEST("K8", a_cancel_closes_all_attempts)
{
    struct pending_target silent = pending_target(family);
    struct connector connector = {.stream = test_stream(), .addr = silent.addr};
    use_token();
    options.attempt_delay = millis(1);
    assert_cancel_ends(&connector, connect_stream);
    for (size_t i = 0; i < failed; i++) {
        assert_failure(i, &silent.addr, FER_CANCELLED);
    }
    assert_new(connector.stream);
}

/* K8a: the stream is blocking, and "The stream that it makes has none" of the limits. */
CONNECT_TEST("K8a", the_stream_is_blocking_and_has_no_limits)
{
    peer_socket listener;
    fer_socket_addr accepting = accepting_addr(PEER_V4, &listener);
    use_token();
    options.limits.deadline = fer_instant_after(fer_duration_from_secs(60));
    for (int with_options = 0; with_options < 2; with_options++) {
        fer_tcp_stream *stream = test_stream();
        char byte;
        assert_ok(
            fer_tcp_stream_connect_addrs(stream, &accepting, 1, with_options ? &options : NULL));
        assert_ok(fer_cancel_token_cancel(&token));
        if (!peer_core_waits()) {
            assert_false(peer_raw_is_nonblocking(fer_tcp_stream_as_raw(stream)));
        }
        assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(30)));
        assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
        assert_exchange(stream, peer_accept(listener));
        assert_ok(fer_cancel_token_reset(&token));
    }
}

/* ---- Names */

/* Within limits a lookup has a thread of its own or of the resolver. The listener has one family,
 * and the name may have both. */
CONNECT_TEST("K8", a_name_is_looked_up_and_connected_to_within_limits)
{
    skip_without_localhost();
    uint16_t port = 0;
    char text[32];
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    assert_ok(fer_resolver_new(&resolver, NULL));
    use_token();
    snprintf(text, sizeof text, "localhost:%u", (unsigned)port);
    for (int i = 0; i < 4; i++) {
        fer_tcp_stream *stream = test_stream();
        bool nodelay = i == 0;
        options.resolver = i == 0 ? NULL : &resolver;
        options.limits.token = i < 2 ? &token : NULL;
        options.nodelay = i == 3;
        options.family = i == 3 ? FER_IP_V4 : (fer_ip_family)0;
        assert_ok(i == 3 ? fer_tcp_stream_connect_host_with(stream, "localhost", port, &options)
                         : fer_tcp_stream_connect_with(stream, text, &options));
        assert_ok_n(fer_tcp_stream_nodelay(stream, &nodelay), nodelay, i == 3);
        assert_exchange(stream, peer_accept(listener));
        fer_tcp_stream_close(stream);
    }
}

/* Waits until the threads of abandoned lookups have closed what the system's resolver opens. */
static void await_handles(size_t handles)
{
    uint64_t start = peer_now_us();
    while (peer_handle_count_is_exact() && peer_open_handles() > handles) {
        peer_pause(1);
        assert_true(microseconds_since(start) < PATIENCE_US);
    }
}

/* K8: "A lookup that is cancelled or late is abandoned, and no call waits for it", whichever comes
 * first. */
CONNECT_TEST("K8", many_lookups_are_abandoned)
{
    use_token();
    size_t handles = peer_open_handles();
    for (uint64_t i = 0; i < 30; i++) {
        fer_socket_addr addr;
        size_t count = 0;
        options.limits.deadline = fer_instant_after(fer_duration_from_micros(i * 20));
        fer_error error = fer_to_socket_addrs_with(
            "localhost:80", &(fer_lookup_options){.limits = options.limits}, &addr, 1, &count);
        assert_true(error.kind == FER_OK || error.kind == FER_TIMED_OUT ||
                    error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN);
    }
    options.limits.deadline = FER_INSTANT_NONE;
    await_handles(handles);
}

/* ---- Built sockets */

/* K1 and K2; after the limits the connect has failed, as after a timeout. */
CONNECT_FAMILY_TEST("K2", the_deadline_fails_the_connect_of_a_built_socket)
{
    struct pending_target silent = pending_target(family);
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    uint64_t start = peer_now_us();
    const fer_limits limits = {.deadline = fer_instant_after(millis(40))};
    assert_ok(fer_socket_set_limits(socket, &limits));
    fer_error error = fer_socket_connect(socket, &silent.addr);
    assert_own(error, FER_TIMED_OUT);
    assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= 40000);
    assert_failed(socket, error);
}

CONNECT_FAMILY_TEST("K2", a_cancel_fails_the_connect_of_a_built_socket)
{
    struct pending_target silent = pending_target(family);
    struct connector connector = {.addr = silent.addr};
    connector.socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    use_token();
    assert_ok(fer_socket_set_limits(connector.socket, &options.limits));
    assert_cancel_ends(&connector, connect_socket);
    assert_failed(connector.socket, connector.error);
}

CONNECT_FAMILY_TEST("K3", a_built_socket_connects_within_limits)
{
    peer_socket listener;
    fer_socket_addr accepting = accepting_addr(family, &listener);
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_tcp_stream *stream = test_stream();
    use_token();
    options.limits.deadline = fer_instant_after(fer_duration_from_secs(60));
    assert_ok(fer_socket_set_limits(socket, &options.limits));
    assert_ok(fer_socket_connect(socket, &accepting));
    if (!peer_core_waits()) {
        assert_false(peer_raw_is_nonblocking(fer_socket_as_raw(socket)));
    }
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    assert_ok(fer_cancel_token_cancel(&token));
    assert_exchange(stream, peer_accept(listener)); /* rule K3: no limits */
}

RULE_TESTS("connect_with")
