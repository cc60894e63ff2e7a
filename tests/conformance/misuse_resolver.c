/* misuse_resolver.c: rule E4: the resolver's functions on handles that are NULL, NEW or CLOSED, and
 * with bad arguments: MISUSE or INVALID_INPUT with os_code 0, and no output is written. */
#include "support/fixture.h"

#include "ferrule/poller.h"

/* A closed resolver, which differs from a NEW one in having been open. */
static fer_resolver closed_resolver(void)
{
    fer_resolver resolver = {0};
    assert_ok(fer_resolver_new(&resolver, 1, 0));
    fer_resolver_close(&resolver);
    return resolver;
}

static fer_lookup closed_lookup(fer_resolver *resolver)
{
    fer_lookup lookup = {0};
    assert_ok(fer_resolver_start(resolver, "127.0.0.1:80", NULL, &lookup));
    fer_lookup_close(&lookup);
    return lookup;
}

/* E4: "Misuse (NULL, ...) is MISUSE". */
static void a_resolver_that_is_not_open_starts_nothing(void **state)
{
    fer_resolver fresh = {0};
    fer_resolver closed = closed_resolver();
    fer_resolver *const bad[] = {NULL, &fresh, &closed};
    uint64_t key = 4711;
    size_t count = 4711;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fer_lookup lookup = {0};
        fer_lookup before = lookup;
        assert_own(fer_resolver_start(bad[i], "127.0.0.1:80", NULL, &lookup), FER_MISUSE);
        assert_own(fer_resolver_start(bad[i], "localhost:80", NULL, &lookup), FER_MISUSE);
        assert_own(fer_resolver_start(bad[i], NULL, NULL, NULL), FER_MISUSE);
        assert_own(fer_resolver_start_with_key(bad[i], "127.0.0.1:80", NULL, 1, &lookup),
                   FER_MISUSE);
        assert_own(fer_resolver_take_completed(bad[i], NULL, &key, 1, &count), FER_MISUSE);
        assert_true(key == 4711 && count == 4711);
        assert_memory_equal(&lookup, &before, sizeof lookup);
        fer_resolver_close(bad[i]);
    }
}

/* A bad resolver, token, text or array is refused before any lookup, for an address text too. */
static void a_lookup_within_limits_needs_good_arguments(void **state)
{
    fer_resolver fresh = {0};
    fer_resolver closed = closed_resolver();
    fer_cancel_token token = {0};
    fer_limits limits = {.token = &token};
    fer_socket_addr addr;
    size_t count = 4711;
    (void)state;
    assert_own(fer_to_socket_addrs_within("127.0.0.1:80", NULL, &fresh, &addr, 1, &count),
               FER_MISUSE);
    assert_own(fer_to_socket_addrs_within("127.0.0.1:80", NULL, &closed, &addr, 1, &count),
               FER_MISUSE);
    assert_own(fer_to_socket_addrs_within("127.0.0.1:80", &limits, NULL, &addr, 1, &count),
               FER_MISUSE);
    assert_own(fer_to_socket_addrs_within(NULL, NULL, NULL, &addr, 1, &count), FER_MISUSE);
    assert_own(fer_to_socket_addrs_within("127.0.0.1:80", NULL, NULL, &addr, 1, NULL), FER_MISUSE);
    assert_own(fer_to_socket_addrs_within("127.0.0.1:80", NULL, NULL, NULL, 1, &count), FER_MISUSE);
    assert_int_equal(count, 4711);
}

/* The number of failures is set by every call. */
static void a_connect_within_limits_needs_good_arguments(void **state)
{
    fer_resolver closed = closed_resolver();
    fer_cancel_token token = {0};
    const fer_socket_addr good = loopback(PEER_V4, 9);
    const fer_socket_addr bad = {.ip = {.family = (fer_ip_family)0x55}};
    const fer_connect_options options[] = {{.limits = {FER_INSTANT_NONE, &token}},
                                           {.local = &bad},
                                           {.failures_cap = 1},
                                           {.reserved_ = {0, 0, 0, 0, 0, 1}}};
    const fer_error_kind kinds[] = {FER_MISUSE, FER_INVALID_INPUT, FER_MISUSE, FER_INVALID_INPUT};
    const fer_connect_options with_resolver = {.resolver = &closed};
    fer_tcp_stream *stream = test_stream();
    size_t failed = 4711;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_own(fer_tcp_stream_connect_addrs_with(stream, &good, 1, &options[i], &failed),
                   kinds[i]);
        assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &options[i], &failed),
                   kinds[i]);
    }
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &with_resolver, &failed),
               FER_MISUSE);
    assert_int_equal(failed, 0);
    assert_own(fer_tcp_stream_connect_with(stream, NULL, NULL, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_with(NULL, "127.0.0.1:9", NULL, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs_with(NULL, &good, 1, NULL, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs_with(stream, &good, 0, NULL, NULL), FER_INVALID_INPUT);
    assert_own(fer_tcp_stream_connect_addrs_with(stream, NULL, 1, NULL, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs_with(stream, &bad, 1, NULL, NULL), FER_INVALID_INPUT);
    assert_new(stream);
}

static void a_stream_in_use_is_not_connected_again_within_limits(void **state)
{
    struct pair *pair = pair_open(state);
    const fer_socket_addr addr = loopback(PEER_V4, 9);
    assert_own(fer_tcp_stream_connect_with(&pair->stream, "127.0.0.1:9", NULL, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs_with(&pair->stream, &addr, 1, NULL, NULL), FER_MISUSE);
    assert_alive(pair);
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_own(fer_tcp_stream_connect_with(&pair->stream, "127.0.0.1:9", NULL, NULL), FER_MISUSE);
}

static void a_resolver_is_made_once_and_with_threads(void **state)
{
    fer_resolver resolver = {0};
    (void)state;
    assert_own(fer_resolver_new(NULL, 1, 1), FER_MISUSE);
    assert_own(fer_resolver_new(&resolver, 0, 1), FER_INVALID_INPUT);
    assert_own(fer_resolver_new(&resolver, FER_RESOLVER_THREADS_MAX + 1, 1), FER_INVALID_INPUT);
    assert_own(fer_resolver_new(&resolver, SIZE_MAX, SIZE_MAX), FER_INVALID_INPUT);
    assert_ok(fer_resolver_new(&resolver, 1, 1));
    assert_own(fer_resolver_new(&resolver, 1, 1), FER_MISUSE);
    fer_resolver_close(&resolver);
    assert_ok(fer_resolver_new(&resolver, FER_RESOLVER_THREADS_MAX, SIZE_MAX));
    fer_resolver_close(&resolver);
}

static void a_start_needs_a_text_an_empty_lookup_and_an_open_poller(void **state)
{
    fer_resolver resolver = {0};
    fer_lookup lookup = {0};
    fer_lookup other = {0};
    fer_poller fresh = {0};
    fer_poller closed = {0};
    (void)state;
    assert_ok(fer_resolver_new(&resolver, 1, 1));
    assert_ok(fer_poller_new(&closed));
    fer_poller_close(&closed);
    assert_ok(fer_resolver_start(&resolver, "127.0.0.1:80", NULL, &lookup));
    fer_poller *const bad[] = {&fresh, &closed};
    assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", NULL, &lookup), FER_MISUSE);
    assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", NULL, NULL), FER_MISUSE);
    assert_own(fer_resolver_start(&resolver, NULL, NULL, &other), FER_MISUSE);
    assert_own(fer_resolver_start_with_key(&resolver, "127.0.0.1:81", NULL, 1, &lookup),
               FER_MISUSE);
    assert_own(fer_resolver_start_with_key(&resolver, "127.0.0.1:81", NULL, 1, NULL), FER_MISUSE);
    assert_own(fer_resolver_start_with_key(&resolver, NULL, NULL, 1, &other), FER_MISUSE);
    for (size_t i = 0; i < 2; i++) {
        assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", bad[i], &other), FER_MISUSE);
        assert_own(fer_resolver_start_with_key(&resolver, "127.0.0.1:81", bad[i], 1, &other),
                   FER_MISUSE);
    }
    fer_socket_addr addr;
    size_t count = 0;
    assert_ok(fer_lookup_wait(&lookup, (fer_duration){0}, &addr, 1, &count));
    assert_int_equal(addr.port, 80);
    fer_lookup_close(&lookup);
    fer_lookup_close(&other);
    fer_resolver_close(&resolver);
}

/* A key that is listed stays listed. */
static void keys_are_taken_with_room_and_an_open_poller(void **state)
{
    fer_resolver resolver = {0};
    fer_lookup lookup = {0};
    fer_poller fresh = {0};
    fer_poller closed = {0};
    uint64_t key = 4711;
    size_t count = 4711;
    (void)state;
    assert_ok(fer_resolver_new(&resolver, 1, 1));
    assert_ok(fer_poller_new(&closed));
    fer_poller_close(&closed);
    assert_ok(fer_resolver_start_with_key(&resolver, "127.0.0.1:80", NULL, 7, &lookup));
    assert_own(fer_resolver_take_completed(&resolver, &fresh, &key, 1, &count), FER_MISUSE);
    assert_own(fer_resolver_take_completed(&resolver, &closed, &key, 1, &count), FER_MISUSE);
    assert_own(fer_resolver_take_completed(&resolver, NULL, NULL, 1, &count), FER_MISUSE);
    assert_own(fer_resolver_take_completed(&resolver, NULL, NULL, 0, &count), FER_INVALID_INPUT);
    assert_own(fer_resolver_take_completed(&resolver, NULL, &key, 0, &count), FER_INVALID_INPUT);
    assert_own(fer_resolver_take_completed(&resolver, NULL, &key, 1, NULL), FER_MISUSE);
    assert_true(key == 4711 && count == 4711);
    assert_ok(fer_resolver_take_completed(&resolver, NULL, &key, 1, &count));
    assert_true(key == 7 && count == 1);
    fer_lookup_close(&lookup);
    fer_resolver_close(&resolver);
}

static void a_wait_needs_a_lookup_and_room(void **state)
{
    fer_resolver resolver = {0};
    fer_lookup lookup = {0};
    fer_lookup fresh = {0};
    fer_socket_addr addr;
    size_t count = 4711;
    (void)state;
    assert_ok(fer_resolver_new(&resolver, 1, 1));
    fer_lookup closed = closed_lookup(&resolver);
    fer_lookup *const bad[] = {NULL, &fresh, &closed};
    const fer_duration timeouts[] = {{0}, {1}, FER_DURATION_NONE};
    assert_ok(fer_resolver_start(&resolver, "127.0.0.1:80", NULL, &lookup));
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            assert_own(fer_lookup_wait(bad[k], timeouts[i], &addr, 1, &count), FER_MISUSE);
        }
        assert_own(fer_lookup_wait(&lookup, timeouts[i], NULL, 1, &count), FER_MISUSE);
        assert_own(fer_lookup_wait(&lookup, timeouts[i], &addr, 1, NULL), FER_MISUSE);
        fer_lookup_close(bad[i]);
    }
    assert_int_equal(count, 4711);
    fer_lookup_close(&lookup);
    fer_resolver_close(&resolver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE_TEST("E4", a_resolver_that_is_not_open_starts_nothing),
        RULE_TEST("E4", a_lookup_within_limits_needs_good_arguments),
        RULE_TEST("E4", a_connect_within_limits_needs_good_arguments),
        PAIR_TEST("E4", a_stream_in_use_is_not_connected_again_within_limits),
        RULE_TEST("E4", a_resolver_is_made_once_and_with_threads),
        RULE_TEST("E4", a_start_needs_a_text_an_empty_lookup_and_an_open_poller),
        RULE_TEST("E4", keys_are_taken_with_room_and_an_open_poller),
        RULE_TEST("E4", a_wait_needs_a_lookup_and_room),
    };
    return RUN_TESTS("misuse of the resolver", tests);
}
