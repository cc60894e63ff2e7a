/* misuse_resolver.c: rule E4: the resolver's functions on handles that are NULL, NEW or CLOSED, and
 * with bad arguments: MISUSE or INVALID_INPUT with os_code 0, and no output is written. */
#include "support/fixture.h"

#include "ferrule/poller.h"

/* A closed resolver, which differs from a NEW one in having been open. */
static fer_resolver closed_resolver(void)
{
    fer_resolver resolver = {0};
    assert_ok(fer_resolver_new(
        &resolver, &(fer_resolver_options){.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE}));
    fer_resolver_close(&resolver);
    return resolver;
}

static fer_lookup closed_lookup(fer_resolver *resolver)
{
    fer_lookup lookup = {0};
    assert_ok(fer_resolver_start(resolver, "127.0.0.1:80", NULL, NULL, 0, &lookup));
    fer_lookup_close(&lookup);
    return lookup;
}

/* E4: "Misuse (NULL, ...) is MISUSE". */
RULE_TEST("E4", a_resolver_that_is_not_open_starts_nothing)
{
    fer_resolver fresh = {0};
    fer_resolver closed = closed_resolver();
    fer_resolver *const bad[] = {NULL, &fresh, &closed};
    uint64_t key = 4711;
    size_t count = 4711;
    for (size_t i = 0; i < 3; i++) {
        fer_lookup lookup = {0};
        fer_lookup before = lookup;
        assert_own(fer_resolver_start(bad[i], "127.0.0.1:80", NULL, NULL, 0, &lookup), FER_MISUSE);
        assert_own(fer_resolver_start(bad[i], "localhost:80", NULL, NULL, 0, &lookup), FER_MISUSE);
        assert_own(fer_resolver_start(bad[i], NULL, NULL, NULL, 0, NULL), FER_MISUSE);
        assert_own(fer_resolver_start_host(bad[i], "127.0.0.1", 80, NULL, NULL, 0, &lookup),
                   FER_MISUSE);
        assert_own(fer_resolver_start_host(bad[i], NULL, 80, NULL, NULL, 0, &lookup), FER_MISUSE);
        assert_own(fer_resolver_start(bad[i], "127.0.0.1:80", NULL, NULL, 1, &lookup), FER_MISUSE);
        assert_own(fer_resolver_take_completed(bad[i], NULL, &key, 1, &count), FER_MISUSE);
        assert_true(key == 4711 && count == 4711);
        assert_memory_equal(&lookup, &before, sizeof lookup);
        fer_resolver_close(bad[i]);
    }
}

/* A bad resolver, token, text or array is refused before any lookup, for an address text too. */
RULE_TEST("E4", a_lookup_within_limits_needs_good_arguments)
{
    fer_resolver fresh = {0};
    fer_resolver closed = closed_resolver();
    fer_cancel_token token = {0};
    fer_limits limits = {.token = &token};
    fer_socket_addr addr;
    size_t count = 4711;
    assert_own(fer_to_socket_addrs_with("127.0.0.1:80", &(fer_lookup_options){.resolver = &fresh},
                                        &addr, 1, &count),
               FER_MISUSE);
    assert_own(fer_to_socket_addrs_with("127.0.0.1:80", &(fer_lookup_options){.resolver = &closed},
                                        &addr, 1, &count),
               FER_MISUSE);
    assert_own(fer_to_socket_addrs_with("127.0.0.1:80", &(fer_lookup_options){.limits = limits},
                                        &addr, 1, &count),
               FER_MISUSE);
    assert_own(fer_to_socket_addrs_with(NULL, NULL, &addr, 1, &count), FER_MISUSE);
    assert_own(fer_lookup_host_with(NULL, 80, NULL, &addr, 1, &count), FER_MISUSE);
    assert_own(fer_lookup_host_with("127.0.0.1", 80, NULL, NULL, 1, &count), FER_MISUSE);
    assert_own(fer_lookup_host_with("127.0.0.1", 80, &(fer_lookup_options){.resolver = &closed},
                                    &addr, 1, &count),
               FER_MISUSE);
    const fer_lookup_options unknown[] = {{.family = (fer_ip_family)5},
                                          {.unused_ = 1},
                                          {.limits = {.reserved_ = {1}}},
                                          {.reserved_ = {0, 0, 0, 0, 0, 1}}};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_own(fer_to_socket_addrs_with("127.0.0.1:80", &unknown[i], &addr, 1, &count),
                   FER_INVALID_INPUT);
        assert_own(fer_lookup_host_with("127.0.0.1", 80, &unknown[i], &addr, 1, &count),
                   FER_INVALID_INPUT);
    }
    assert_own(fer_to_socket_addrs_with("127.0.0.1:80", NULL, &addr, 1, NULL), FER_MISUSE);
    assert_own(fer_to_socket_addrs_with("127.0.0.1:80", NULL, NULL, 1, &count), FER_MISUSE);
    assert_int_equal(count, 4711);
}

/* The number of failures is set by every call. */
STREAM_TEST("E4", a_connect_within_limits_needs_good_arguments)
{
    fer_resolver closed = closed_resolver();
    fer_cancel_token token = {0};
    const fer_socket_addr good = loopback(PEER_V4, 9);
    const fer_socket_addr bad = {.ip = {.family = (fer_ip_family)0x55}};
    struct {
        fer_connect_options options;
        fer_error_kind kind;
    } rows[] = {{{.limits = {.token = &token}}, FER_MISUSE},
                {{.local = &bad}, FER_INVALID_INPUT},
                {{.failures_cap = 1}, FER_MISUSE},
                {{.family = (fer_ip_family)5}, FER_INVALID_INPUT},
                {{.unused_ = {1}}, FER_INVALID_INPUT},
                {{.unused_ = {0, 1}}, FER_INVALID_INPUT},
                {{.unused_ = {0, 0, 1}}, FER_INVALID_INPUT},
                {{.reserved_ = {0, 0, 0, 0, 0, 1}}, FER_INVALID_INPUT}};
    fer_connect_options with_resolver = {.resolver = &closed};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const fer_connect_options *options = &rows[i].options;
        size_t failed = 4711;
        rows[i].options.failures_count = &failed;
        assert_own(fer_tcp_stream_connect_addrs(stream, &good, 1, options), rows[i].kind);
        assert_int_equal(failed, 0);
        assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", options), rows[i].kind);
        assert_own(fer_tcp_stream_connect_host_with(stream, "127.0.0.1", 9, options), rows[i].kind);
    }
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &with_resolver), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_host_with(stream, NULL, 9, NULL), FER_MISUSE);
    const fer_connect_options only_v6 = {.family = FER_IP_V6};
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &only_v6), FER_HOST_NOT_FOUND);
    assert_own(fer_tcp_stream_connect_host_with(NULL, "127.0.0.1", 9, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_with(stream, NULL, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_with(NULL, "127.0.0.1:9", NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs(NULL, &good, 1, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs(stream, &good, 0, NULL), FER_INVALID_INPUT);
    assert_own(fer_tcp_stream_connect_addrs(stream, NULL, 1, NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs(stream, &bad, 1, NULL), FER_INVALID_INPUT);
    assert_new(stream);
}

PAIR_TEST("E4", a_stream_in_use_is_not_connected_again_within_limits)
{
    const fer_socket_addr addr = loopback(PEER_V4, 9);
    assert_own(fer_tcp_stream_connect_with(&pair->stream, "127.0.0.1:9", NULL), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_addrs(&pair->stream, &addr, 1, NULL), FER_MISUSE);
    assert_alive(pair);
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_own(fer_tcp_stream_connect_with(&pair->stream, "127.0.0.1:9", NULL), FER_MISUSE);
}

RULE_TEST("E4", a_resolver_is_made_once_and_with_threads)
{
    fer_resolver resolver = {0};
    assert_own(fer_resolver_new(NULL, &(fer_resolver_options){.threads = 1, .queue_cap = 1}),
               FER_MISUSE);
    assert_own(
        fer_resolver_new(&resolver, &(fer_resolver_options){.reserved_ = {0, 0, 0, 0, 0, 1}}),
        FER_INVALID_INPUT);
    assert_own(
        fer_resolver_new(&resolver, &(fer_resolver_options){.threads = FER_RESOLVER_THREADS_MAX + 1,
                                                            .queue_cap = 1}),
        FER_INVALID_INPUT);
    assert_own(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = UINT32_MAX,
                                                                   .queue_cap = UINT32_MAX - 1}),
               FER_INVALID_INPUT);
    assert_ok(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    assert_own(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}),
               FER_MISUSE);
    fer_resolver_close(&resolver);
    assert_ok(
        fer_resolver_new(&resolver, &(fer_resolver_options){.threads = FER_RESOLVER_THREADS_MAX,
                                                            .queue_cap = UINT32_MAX - 1}));
    fer_resolver_close(&resolver);
}

RULE_TEST("E4", a_start_needs_a_text_an_empty_lookup_and_an_open_poller)
{
    fer_resolver resolver = {0};
    fer_lookup lookup = {0};
    fer_lookup other = {0};
    fer_poller fresh = {0};
    fer_poller closed = {0};
    assert_ok(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    assert_ok(fer_poller_new(&closed));
    fer_poller_close(&closed);
    assert_ok(fer_resolver_start(&resolver, "127.0.0.1:80", NULL, NULL, 0, &lookup));
    fer_poller *const bad[] = {&fresh, &closed};
    assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", NULL, NULL, 0, &lookup), FER_MISUSE);
    assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", NULL, NULL, 0, NULL), FER_MISUSE);
    assert_own(fer_resolver_start(&resolver, NULL, NULL, NULL, 0, &other), FER_MISUSE);
    assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", NULL, NULL, 1, &lookup), FER_MISUSE);
    assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", NULL, NULL, 1, NULL), FER_MISUSE);
    assert_own(fer_resolver_start(&resolver, NULL, NULL, NULL, 1, &other), FER_MISUSE);
    for (size_t i = 0; i < 2; i++) {
        assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", NULL, bad[i], 0, &other),
                   FER_MISUSE);
        assert_own(fer_resolver_start(&resolver, "127.0.0.1:81", NULL, bad[i], 1, &other),
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
RULE_TEST("E4", keys_are_taken_with_a_capacity_and_an_open_poller)
{
    fer_resolver resolver = {0};
    fer_lookup lookup = {0};
    fer_poller fresh = {0};
    fer_poller closed = {0};
    uint64_t key = 4711;
    size_t count = 4711;
    assert_ok(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    assert_ok(fer_poller_new(&closed));
    fer_poller_close(&closed);
    assert_ok(fer_resolver_start(&resolver, "127.0.0.1:80", NULL, NULL, 7, &lookup));
    assert_own(fer_resolver_take_completed(&resolver, &fresh, &key, 1, &count), FER_MISUSE);
    assert_own(fer_resolver_take_completed(&resolver, &closed, &key, 1, &count), FER_MISUSE);
    assert_own(fer_resolver_take_completed(&resolver, NULL, NULL, 1, &count), FER_MISUSE);
    assert_own(fer_resolver_take_completed(NULL, NULL, &key, 0, &count), FER_MISUSE);
    assert_own(fer_resolver_take_completed(&resolver, NULL, NULL, 0, &count), FER_INVALID_INPUT);
    assert_own(fer_resolver_take_completed(&resolver, NULL, &key, 0, &count), FER_INVALID_INPUT);
    assert_own(fer_resolver_take_completed(&resolver, NULL, &key, 1, NULL), FER_MISUSE);
    assert_true(key == 4711 && count == 4711);
    assert_ok(fer_resolver_take_completed(&resolver, NULL, &key, 1, &count));
    assert_true(key == 7 && count == 1);
    fer_lookup_close(&lookup);
    fer_resolver_close(&resolver);
}

RULE_TEST("E4", a_wait_needs_a_lookup_and_a_capacity)
{
    fer_resolver resolver = {0};
    fer_lookup lookup = {0};
    fer_lookup fresh = {0};
    fer_socket_addr addr;
    size_t count = 4711;
    assert_ok(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}));
    fer_lookup closed = closed_lookup(&resolver);
    fer_lookup *const bad[] = {NULL, &fresh, &closed};
    const fer_duration timeouts[] = {{0}, {1}, FER_DURATION_NONE};
    assert_ok(fer_resolver_start(&resolver, "127.0.0.1:80", NULL, NULL, 0, &lookup));
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

RULE_TESTS("misuse of the resolver")
