/* names.c: rules A3 and A4: from "host:port" and host names to socket addresses. */
#include "support/fixture.h"

enum { CAP = 8, CANARY = 0x5a };

/* An array with untouched elements behind it. */
struct results {
    fer_socket_addr addrs[CAP];
    size_t count;
};

static struct results fresh_results(void)
{
    struct results results;
    memset(&results, CANARY, sizeof results);
    results.count = 4711;
    return results;
}

static void assert_untouched(const struct results *results, size_t from)
{
    struct results fresh = fresh_results();
    assert_memory_equal(&results->addrs[from], &fresh.addrs[from], (CAP - from) * sizeof results->addrs[0]);
}

/* A3: "text that is an address is never sent to the resolver": one result, at once. */
static void assert_one(const char *text, const char *wanted)
{
    struct results results = fresh_results();
    fer_socket_addr addr;
    fer_error error = fer_to_socket_addrs(text, results.addrs, CAP, &results.count);
    if (error.kind != FER_OK) {
        print_error("\"%s\" is refused\n", text);
    }
    assert_ok(error);
    assert_ok(fer_socket_addr_parse(&addr, wanted));
    assert_int_equal(results.count, 1);
    assert_true(fer_socket_addr_eq(&results.addrs[0], &addr));
    assert_untouched(&results, 1);
}

static void assert_refused(const char *text)
{
    struct results results = fresh_results();
    fer_error error = fer_to_socket_addrs(text, results.addrs, CAP, &results.count);
    if (error.kind != FER_INVALID_INPUT) {
        print_error("\"%s\"\n", text);
    }
    assert_own(error, FER_INVALID_INPUT);
    assert_untouched(&results, 0);
    assert_int_equal(results.count, 4711);
}

/* A3: "to_socket_addrs takes "host:port" split at the last colon; text that is an address is never sent to the resolver." */
static void address_text_is_taken_as_it_stands(void **state)
{
    (void)state;
    assert_one("127.0.0.1:80", "127.0.0.1:80");
    assert_one("127.0.0.1:0", "127.0.0.1:0");
    assert_one("127.0.0.1:00080", "127.0.0.1:80");
    assert_one("255.255.255.255:65535", "255.255.255.255:65535");
    assert_one("[::1]:80", "[::1]:80");
    assert_one("[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]:80");
    assert_one("[fe80::1%7]:80", "[fe80::1%7]:80");
}

/* A3: "A host part that is a strict IP text (`::1:80`) is taken as it is". */
static void an_unbracketed_ipv6_host_is_split_at_the_last_colon(void **state)
{
    (void)state;
    assert_one("::1:80", "[::1]:80");
    assert_one(":::80", "[::]:80");
    assert_one("1:2:3:4:5:6:7:8:9", "[1:2:3:4:5:6:7:8]:9");
    assert_one("::ffff:1.2.3.4:80", "[::ffff:1.2.3.4]:80");
}

/* A3: "A missing or bad port, a signed one too (Rust: `+80` passes), and an empty host are INVALID_INPUT." */
static void a_missing_or_bad_port_or_an_empty_host_is_invalid_input(void **state)
{
    static const char *const bad[] = {
        "", ":", ":80", "host", "host:", "localhost", "127.0.0.1", "host:+80", "host:-80", "host: 80", "host:80 ", "host:65536",
        "host:99999999999999999999", "host:http", "host:0x50", "host:8 0", "127.0.0.1:+80", "127.0.0.1:", "127.0.0.1:65536", "[::1]",
        "[::1]:", "[::1]:+80", "[::1]:65536", "[::1]:http", "host:80\n", "host:\xd9\xa1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(bad[i]);
    }
}

/* A3: "all else ... is the system resolver's": every answer for localhost is a loopback address with the port asked for. */
static void localhost_is_looked_up(void **state)
{
    static const char *const texts[] = {"localhost:80", "localhost:080", "localhost:0000000000000080"};
    (void)state;
    skip_without_localhost();
    for (size_t i = 0; i < 3; i++) {
        struct results results = fresh_results();
        assert_ok(fer_to_socket_addrs(texts[i], results.addrs, CAP, &results.count));
        assert_in_range(results.count, 1, CAP);
        for (size_t k = 0; k < results.count; k++) {
            assert_int_equal(results.addrs[k].port, 80);
            assert_true(fer_ip_addr_is_loopback(&results.addrs[k].ip));
        }
        assert_untouched(&results, results.count);
    }
}

/* A3: "(`127.1` ...) is the system resolver's to accept": whatever it says, it is an answer or a lookup failure, not INVALID_INPUT. */
static void short_numeric_hosts_are_the_resolvers_to_accept(void **state)
{
    static const char *const texts[] = {"127.1:80", "0x7f.1:80", "2130706433:80", "fe80::1%lo:80", "[fe80::1%lo]:80", "a_b:80"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct results results = fresh_results();
        fer_error error = fer_to_socket_addrs(texts[i], results.addrs, CAP, &results.count);
        assert_true(error.kind == FER_OK || error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN ||
                    error.kind == FER_RESOLVE_FAILED);
        if (error.kind == FER_OK) {
            assert_true(results.count >= 1);
            assert_int_equal(results.addrs[0].port, 80);
        } else {
            assert_untouched(&results, 0);
            assert_int_equal(results.count, 4711);
        }
    }
}

/* A3: "brackets round a host with a colon are removed", and only round such a host: a name in brackets goes to the resolver with them,
 * and is no name to POSIX resolvers. */
static void brackets_round_a_name_are_not_removed(void **state)
{
    static const char *const texts[] = {"[localhost]:80", "[]:80"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct results results = fresh_results();
        fer_error error = fer_to_socket_addrs(texts[i], results.addrs, CAP, &results.count);
        assert_true(error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_RESOLVE_FAILED ||
                    (error.kind == FER_OK && peer_is_windows()));
        assert_untouched(&results, error.kind == FER_OK ? results.count : 0);
    }
}

/* A3: "A name that does not exist is HOST_NOT_FOUND, a passing failure RESOLVE_TRY_AGAIN, others RESOLVE_FAILED; os_code is the
 * resolver's: EAI_ numbers always negative, Windows' as they are." A machine without a network answers with any of the three. */
static void a_name_that_does_not_exist_is_a_lookup_failure(void **state)
{
    static const char *const names[] = {"no-such-host.invalid:80", "x.no-such-host.invalid.:80"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct results results = fresh_results();
        fer_tcp_stream *stream = test_stream();
        fer_error error = fer_to_socket_addrs(names[i], results.addrs, CAP, &results.count);
        assert_true(error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_RESOLVE_FAILED);
        assert_true(peer_is_windows() ? error.os_code > 0 : error.os_code < 0);
        assert_untouched(&results, 0);
        assert_int_equal(results.count, 4711);
        error = fer_tcp_stream_connect(stream, names[i]);
        assert_true(error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_RESOLVE_FAILED);
        assert_new(stream);
    }
}

/* A name of len bytes: labels of at most 63, ending in a letter. */
static const char *name_of(size_t len, const char *end)
{
    static char text[70000];
    for (size_t i = 0; i < len; i++) {
        text[i] = i % 50 == 49 && i + 1 < len ? '.' : 'a';
    }
    strcpy(text + len, end);
    return text;
}

/* A4: "An over-long name (above 253 bytes, one trailing dot apart) is INVALID_INPUT." */
static void an_over_long_name_is_invalid_input(void **state)
{
    (void)state;
    assert_refused(name_of(254, ":80"));
    assert_refused(name_of(254, ".:80"));
    assert_refused(name_of(253, "..:80"));
    assert_refused(name_of(1000, ":80"));
    assert_refused(name_of(65000, ":80"));
    struct results results = fresh_results();
    assert_own(fer_lookup_host(name_of(254, ""), 80, results.addrs, CAP, &results.count), FER_INVALID_INPUT);
    assert_own(fer_lookup_host(name_of(254, "."), 80, results.addrs, CAP, &results.count), FER_INVALID_INPUT);
    assert_untouched(&results, 0);
}

/* A4: 253 bytes, and a trailing dot besides, are passed on to the resolver, which knows no such name. */
static void the_longest_name_is_passed_on(void **state)
{
    static const char *const ends[] = {":80", ".:80"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct results results = fresh_results();
        fer_error error = fer_to_socket_addrs(name_of(253, ends[i]), results.addrs, CAP, &results.count);
        assert_true(error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_RESOLVE_FAILED);
        assert_untouched(&results, 0);
    }
}

/* A4: "The cap is never overrun": *count tells how many there are; what does not fit is not stored. */
static void the_cap_is_never_overrun(void **state)
{
    (void)state;
    skip_without_localhost();
    for (size_t cap = 0; cap < 2; cap++) {
        for (int sort = 0; sort < 3; sort++) {
            struct results results = fresh_results();
            fer_error error = sort == 0   ? fer_to_socket_addrs("localhost:80", results.addrs, cap, &results.count)
                              : sort == 1 ? fer_to_socket_addrs("127.0.0.1:80", results.addrs, cap, &results.count)
                                          : fer_lookup_host("localhost", 80, results.addrs, cap, &results.count);
            assert_ok(error);
            assert_in_range(results.count, 1, CAP);
            assert_untouched(&results, cap);
        }
    }
    size_t count = 0;
    assert_ok(fer_to_socket_addrs("localhost:80", NULL, 0, &count));
    assert_in_range(count, 1, CAP);
    assert_ok(fer_lookup_host("::1", 80, NULL, 0, &count));
    assert_int_equal(count, 1);
}

/* A4: "Order of results is the resolver's": the same at every capacity. */
static void the_order_does_not_depend_on_the_cap(void **state)
{
    (void)state;
    skip_without_localhost();
    struct results all = fresh_results();
    assert_ok(fer_lookup_host("localhost", 80, all.addrs, CAP, &all.count));
    struct results one = fresh_results();
    assert_ok(fer_lookup_host("localhost", 80, one.addrs, 1, &one.count));
    assert_int_equal(one.count, all.count);
    assert_true(fer_socket_addr_eq(&one.addrs[0], &all.addrs[0]));
}

/* A3 of fer_lookup_host: strict address text is taken as it stands, without brackets and ports. */
static void lookup_host_takes_address_text_as_it_stands(void **state)
{
    static const char *const texts[][2] = {
        {"127.0.0.1", "127.0.0.1:443"}, {"::1", "[::1]:443"}, {"::ffff:1.2.3.4", "[::ffff:1.2.3.4]:443"}, {"::", "[::]:443"}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct results results = fresh_results();
        fer_socket_addr wanted;
        assert_ok(fer_socket_addr_parse(&wanted, texts[i][1]));
        assert_ok(fer_lookup_host(texts[i][0], 443, results.addrs, CAP, &results.count));
        assert_int_equal(results.count, 1);
        assert_true(fer_socket_addr_eq(&results.addrs[0], &wanted));
        assert_untouched(&results, 1);
    }
    struct results results = fresh_results();
    assert_own(fer_lookup_host("", 80, results.addrs, CAP, &results.count), FER_INVALID_INPUT);
    assert_untouched(&results, 0);
    assert_int_equal(results.count, 4711);
}

/* A3 through connect and bind: text that is no host:port never opens anything. */
static void connect_and_bind_refuse_the_same_text(void **state)
{
    static const char *const bad[] = {"", ":80", "host", "localhost:", "localhost:+80", "localhost:65536", "127.0.0.1", "[::1]"};
    (void)state;
    fer_tcp_stream *stream = test_stream();
    fer_tcp_listener *listener = test_listener();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_own(fer_tcp_stream_connect(stream, bad[i]), FER_INVALID_INPUT);
        assert_own(fer_tcp_listener_bind(listener, bad[i]), FER_INVALID_INPUT);
    }
    assert_new(stream);
    assert_ok(fer_tcp_listener_bind(listener, "127.0.0.1:0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE_TEST("A3", address_text_is_taken_as_it_stands),
        RULE_TEST("A3", an_unbracketed_ipv6_host_is_split_at_the_last_colon),
        RULE_TEST("A3", a_missing_or_bad_port_or_an_empty_host_is_invalid_input),
        RULE_TEST("A3", localhost_is_looked_up),
        RULE_TEST("A3", short_numeric_hosts_are_the_resolvers_to_accept),
        RULE_TEST("A3", brackets_round_a_name_are_not_removed),
        RULE_TEST("A3", a_name_that_does_not_exist_is_a_lookup_failure),
        RULE_TEST("A4", an_over_long_name_is_invalid_input),
        RULE_TEST("A4", the_longest_name_is_passed_on),
        RULE_TEST("A4", the_cap_is_never_overrun),
        RULE_TEST("A4", the_order_does_not_depend_on_the_cap),
        RULE_TEST("A3", lookup_host_takes_address_text_as_it_stands),
        RULE_TEST("A3", connect_and_bind_refuse_the_same_text),
    };
    return RUN_TESTS("names", tests);
}
