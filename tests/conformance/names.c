/* names.c: rules A3 and A4: from "host:port" and host names to socket addresses. */
#include <stdio.h>

#include "support/fixture.h"

enum { CAP = 8, CANARY = 0x5a };

/* An array whose unused elements have a known pattern. */
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
    assert_memory_equal(&results->addrs[from], &fresh.addrs[from],
                        (CAP - from) * sizeof results->addrs[0]);
}

/* A3: "The resolver never gets a text that is an address": exactly one result. */
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

/* A3: "is split at the last colon"; "The resolver never gets a text that is an address". */
RULE_TEST("A3", address_text_is_taken_as_it_stands)
{
    assert_one("127.0.0.1:80", "127.0.0.1:80");
    assert_one("127.0.0.1:0", "127.0.0.1:0");
    assert_one("127.0.0.1:00080", "127.0.0.1:80");
    assert_one("255.255.255.255:65535", "255.255.255.255:65535");
    assert_one("[::1]:80", "[::1]:80");
    assert_one("[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]:80");
    assert_one("[fe80::1%7]:80", "[fe80::1%7]:80");
}

/* A3: a host part that is a strict IP text (`::1:80`) is taken as it is. */
RULE_TEST("A3", an_unbracketed_ipv6_host_is_split_at_the_last_colon)
{
    assert_one("::1:80", "[::1]:80");
    assert_one(":::80", "[::]:80");
    assert_one("1:2:3:4:5:6:7:8:9", "[1:2:3:4:5:6:7:8]:9");
    assert_one("::ffff:1.2.3.4:80", "[::ffff:1.2.3.4]:80");
}

/* A3: "The resolver never gets ... an empty host, a missing port, a port with a sign or a service
 * name in its place": INVALID_INPUT. Rust accepts `+80`. */
RULE_TEST("A3", a_missing_or_bad_port_or_an_empty_host_is_invalid_input)
{
    static const char *const bad[] = {
        "",
        ":",
        ":80",
        "host",
        "host:",
        "localhost",
        "127.0.0.1",
        "host:+80",
        "host:-80",
        "host: 80",
        "host:80 ",
        "host:65536",
        "host:99999999999999999999",
        "host:http",
        "127.0.0.1:http",
        "::1:domain",
        "localhost:80/tcp",
        "host:0x50",
        "host:8 0",
        "127.0.0.1:+80",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "[::1]",
        "[::1]:",
        "[::1]:+80",
        "[::1]:65536",
        "[::1]:http",
        "host:80\n",
        "host:\xd9\xa1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(bad[i]);
    }
}

/* A3: "Every other host is passed to the resolver unchanged": every address of localhost is a
 * loopback address with the given port. */
RULE_TEST("A3", localhost_is_looked_up)
{
    static const char *const texts[] = {"localhost:80", "localhost:080",
                                        "localhost:0000000000000080"};
    skip_without_localhost();
    for (size_t i = 0; i < 3; i++) {
        struct results results = fresh_results();
        assert_ok(fer_to_socket_addrs(texts[i], results.addrs, CAP, &results.count));
        assert_in_range(results.count, 1, CAP);
        for (size_t k = 0; k < results.count; k++) {
            assert_int_equal(results.addrs[k].port, 80);
            assert_true(fer_ip_addr_is_loopback(results.addrs[k].ip));
        }
        assert_untouched(&results, results.count);
    }
}

/* A3: "Every other host is passed to the resolver unchanged: short IPv4 forms such as `127.1`": the
 * result is an address or a lookup failure, not INVALID_INPUT. */
RULE_TEST("A3", short_numeric_hosts_are_the_resolvers_to_accept)
{
    static const char *const texts[] = {"127.1:80",      "0x7f.1:80",       "2130706433:80",
                                        "fe80::1%lo:80", "[fe80::1%lo]:80", "a_b:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct results results = fresh_results();
        fer_error error = fer_to_socket_addrs(texts[i], results.addrs, CAP, &results.count);
        assert_true(error.kind == FER_OK || error.kind == FER_HOST_NOT_FOUND ||
                    error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_RESOLVE_FAILED);
        if (error.kind == FER_OK) {
            assert_true(results.count >= 1);
            assert_int_equal(results.addrs[0].port, 80);
        } else {
            assert_untouched(&results, 0);
            assert_int_equal(results.count, 4711);
        }
    }
}

/* Checks for one result: the address with that scope and port 80. */
static void assert_scoped(fer_error error, const struct results *results, uint32_t scope_id)
{
    const fer_ipv6_addr v6 = fer_ipv6_addr_new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const fer_socket_addr wanted = fer_socket_addr_v6_new(v6, 80, 0, scope_id);
    assert_ok(error);
    assert_int_equal(results->count, 1);
    assert_true(fer_socket_addr_eq(&results->addrs[0], &wanted));
    assert_untouched(results, 1);
}

/* A3: "Every other host is passed to the resolver unchanged": every system resolver accepts the
 * number of an interface as a scope. */
RULE_TEST("A3", a_scope_by_number_is_parsed_everywhere)
{
    static const char *const texts[] = {"fe80::1%1:80", "[fe80::1%1]:80", "[fe80::1%0001]:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct results results = fresh_results();
        assert_scoped(fer_to_socket_addrs(texts[i], results.addrs, CAP, &results.count), &results,
                      1);
    }
    struct results results = fresh_results();
    assert_scoped(fer_lookup_host("fe80::1%1", 80, results.addrs, CAP, &results.count), &results,
                  1);
}

/* A3: "an interface name as a scope" is the resolver's; A1: the strict parsers reject it. */
RULE_TEST("A3", a_scope_by_name_works_if_the_system_has_it)
{
    static const char *const forms[][2] = {
        {"[fe80::1%", "]:80"}, {"fe80::1%", ":80"}, {"fe80::1%", ""}};
    char name[PEER_INTERFACE_CAP];
    char text[PEER_INTERFACE_CAP + 20];
    uint32_t index = 0;
    skip_if(!peer_interface(name, &index), "this system accepts no scope by name");
    for (size_t i = 0; i < 3; i++) {
        struct results results = fresh_results();
        fer_socket_addr addr;
        fer_ip_addr ip;
        strcpy(text, forms[i][0]);
        strcat(text, name);
        strcat(text, forms[i][1]);
        assert_own(fer_socket_addr_parse(&addr, text), FER_INVALID_INPUT);
        assert_own(fer_socket_addr_parse(&addr, text), FER_INVALID_INPUT);
        assert_own(fer_ip_addr_parse(&ip, text), FER_INVALID_INPUT);
        assert_scoped(i < 2 ? fer_to_socket_addrs(text, results.addrs, CAP, &results.count)
                            : fer_lookup_host(text, 80, results.addrs, CAP, &results.count),
                      &results, index);
    }
}

/* The resolver was queried and has no such name, or cannot find out, on a machine without a name
 * server. */
static void assert_lookup_fails(const char *text)
{
    struct results results = fresh_results();
    fer_error error = fer_to_socket_addrs(text, results.addrs, CAP, &results.count);
    if (error.kind != FER_HOST_NOT_FOUND && error.kind != FER_RESOLVE_TRY_AGAIN &&
        error.kind != FER_RESOLVE_FAILED) {
        fail_msg("\"%s\": %s", text, fer_error_kind_name(error.kind));
    }
    assert_true(peer_is_windows() ? error.os_code > 0 : error.os_code < 0);
    assert_untouched(&results, 0);
    assert_int_equal(results.count, 4711);
}

/* A3: "Every other host is passed to the resolver unchanged": also names beyond ASCII. */
RULE_TEST("A3", odd_names_are_the_resolver_s_to_refuse)
{
    static const char *const texts[] = {"b\xc3\xbcrger.invalid:80", "\xe5\x90\x8d.invalid:80",
                                        "[fe80::1%no-such-interface]:80", "[x:y]:80",
                                        "a..invalid:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_lookup_fails(texts[i]);
    }
}

/* A3: "A host with a blank or a control character of ASCII is HOST_NOT_FOUND" on every system, also
 * if the resolver would ignore what follows an IPv4 address. */
RULE_TEST("A3", a_host_with_a_blank_or_a_control_character_is_not_found)
{
    static const char *const hosts[] = {
        "127.0.0.1 ",  " 127.0.0.1",    "0.0.0.0 ",     " ",
        "127.0.0.1\n", "127.0.0.1 x",   "a b.invalid",  "a\t.invalid",
        "localhost ",  "a\x01.invalid", "\x7f.invalid", "fe80::1%1 "};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct results results = fresh_results();
        char text[32];
        assert_own(fer_lookup_host(hosts[i], 80, results.addrs, CAP, &results.count),
                   FER_HOST_NOT_FOUND);
        (void)snprintf(text, sizeof text, "%s:80", hosts[i]);
        assert_own(fer_to_socket_addrs(text, results.addrs, CAP, &results.count),
                   FER_HOST_NOT_FOUND);
        assert_untouched(&results, 0);
    }
}

/* A3: text is UTF-8, like Rust's str. Other bytes are not a host name on any system, and are not
 * replaced by characters that could form one. */
RULE_TEST("A3", a_host_that_is_not_utf_8_is_invalid_input)
{
    static const char *const texts[] = {
        "b\xfcrger.invalid:80",    "\x80.invalid:80", "a\xff:80",     "local\xc0\xa8ost:80",
        "\xed\xa0\x80.invalid:80", "a\xe2\x82:80",    "[::1%\xff]:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct results results = fresh_results();
        assert_refused(texts[i]);
        assert_own(fer_lookup_host(texts[i], 80, results.addrs, CAP, &results.count),
                   FER_INVALID_INPUT);
        assert_untouched(&results, 0);
    }
}

/* A3: "brackets around a host with a colon are removed", and only around such a host: a name in
 * brackets is passed to the resolver with the brackets, and POSIX resolvers reject it. */
RULE_TEST("A3", brackets_round_a_name_are_not_removed)
{
    static const char *const texts[] = {"[localhost]:80", "[]:80"};
    for (size_t i = 0; i < 2; i++) {
        struct results results = fresh_results();
        fer_error error = fer_to_socket_addrs(texts[i], results.addrs, CAP, &results.count);
        assert_true(error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN ||
                    error.kind == FER_RESOLVE_FAILED ||
                    (error.kind == FER_OK && peer_is_windows()));
        assert_untouched(&results, error.kind == FER_OK ? results.count : 0);
    }
}

/* A3: "A name that does not exist is HOST_NOT_FOUND, a transient failure RESOLVE_TRY_AGAIN, any
 * other RESOLVE_FAILED, with the resolver's own code." On a machine without a network the error may
 * be any of the three. */
RULE_TEST("A3", a_name_that_does_not_exist_is_a_lookup_failure)
{
    static const char *const names[] = {"no-such-host.invalid:80", "x.no-such-host.invalid.:80"};
    for (size_t i = 0; i < 2; i++) {
        fer_tcp_stream *stream = test_stream();
        assert_lookup_fails(names[i]);
        fer_error error = fer_tcp_stream_connect(stream, names[i]);
        assert_true(error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN ||
                    error.kind == FER_RESOLVE_FAILED);
        assert_new(stream);
    }
}

/* A name of len bytes, in labels of at most 63 bytes, followed by end. */
static const char *name_of(size_t len, const char *end)
{
    static char text[70000];
    for (size_t i = 0; i < len; i++) {
        text[i] = i % 50 == 49 && i + 1 < len ? '.' : 'a';
    }
    strcpy(text + len, end);
    return text;
}

/* A4: "A name above 253 bytes (a trailing dot excluded) is INVALID_INPUT." */
RULE_TEST("A4", an_over_long_name_is_invalid_input)
{
    assert_refused(name_of(254, ":80"));
    assert_refused(name_of(254, ".:80"));
    assert_refused(name_of(253, "..:80"));
    assert_refused(name_of(300, ":80"));
    assert_refused(name_of(1000, ":80"));
    assert_refused(name_of(65000, ":80"));
    struct results results = fresh_results();
    assert_own(fer_lookup_host(name_of(254, ""), 80, results.addrs, CAP, &results.count),
               FER_INVALID_INPUT);
    assert_own(fer_lookup_host(name_of(254, "."), 80, results.addrs, CAP, &results.count),
               FER_INVALID_INPUT);
    assert_untouched(&results, 0);
}

/* A4: 253 bytes, also with a trailing dot, are passed to the resolver, which has no such name. */
RULE_TEST("A4", the_longest_name_is_passed_on)
{
    static const char *const ends[] = {":80", ".:80"};
    for (size_t i = 0; i < 2; i++) {
        struct results results = fresh_results();
        fer_error error =
            fer_to_socket_addrs(name_of(253, ends[i]), results.addrs, CAP, &results.count);
        assert_true(error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN ||
                    error.kind == FER_RESOLVE_FAILED);
        assert_untouched(&results, 0);
    }
}

/* A4: "No more are stored than fit": *count is the number of results. */
RULE_TEST("A4", the_cap_is_never_overrun)
{
    skip_without_localhost();
    for (size_t cap = 0; cap < 2; cap++) {
        for (int sort = 0; sort < 3; sort++) {
            struct results results = fresh_results();
            fer_error error =
                sort == 0 ? fer_to_socket_addrs("localhost:80", results.addrs, cap, &results.count)
                : sort == 1
                    ? fer_to_socket_addrs("127.0.0.1:80", results.addrs, cap, &results.count)
                    : fer_lookup_host("localhost", 80, results.addrs, cap, &results.count);
            assert_ok(error);
            assert_in_range(results.count, 1, CAP);
            assert_untouched(&results, cap);
        }
    }
    size_t count = 0;
    assert_ok(fer_to_socket_addrs("localhost:80", NULL, 0, &count));
    assert_in_range(count, 1, CAP);
    assert_ok_n(fer_lookup_host("::1", 80, NULL, 0, &count), count, 1);
}

/* A4: "Results are in the resolver's order": the results are those of the system's own resolver, of
 * all families. */
RULE_TEST("A4", the_results_are_the_resolver_s_in_its_order)
{
    static const char *const hosts[] = {"localhost", "127.1"};
    skip_without_localhost();
    for (size_t i = 0; i < 2; i++) {
        struct results results = fresh_results();
        fer_socket_addr wanted[CAP];
        const size_t count = peer_resolve(hosts[i], wanted, CAP);
        fer_error error = fer_lookup_host(hosts[i], 80, results.addrs, CAP, &results.count);
        if (count == 0) { /* "127.1" on Windows (ReactOS' test of getaddrinfo) */
            assert_kind(error, FER_HOST_NOT_FOUND);
            continue;
        }
        assert_ok(error);
        assert_int_equal(results.count, count);
        for (size_t k = 0; k < count && k < CAP; k++) {
            wanted[k].port = 80;
            assert_true(fer_socket_addr_eq(&results.addrs[k], &wanted[k]));
        }
    }
}

/* A3 for fer_lookup_host: strict address text, without brackets or a port, is used without a
 * lookup. */
RULE_TEST("A3", lookup_host_takes_address_text_as_it_stands)
{
    static const char *const texts[][2] = {{"127.0.0.1", "127.0.0.1:443"},
                                           {"::1", "[::1]:443"},
                                           {"::ffff:1.2.3.4", "[::ffff:1.2.3.4]:443"},
                                           {"::", "[::]:443"}};
    for (size_t i = 0; i < 4; i++) {
        struct results results = fresh_results();
        fer_socket_addr wanted;
        assert_ok(fer_socket_addr_parse(&wanted, texts[i][1]));
        assert_ok_n(fer_lookup_host(texts[i][0], 443, results.addrs, CAP, &results.count),
                    results.count, 1);
        assert_true(fer_socket_addr_eq(&results.addrs[0], &wanted));
        assert_untouched(&results, 1);
    }
    struct results results = fresh_results();
    assert_own(fer_lookup_host("", 80, results.addrs, CAP, &results.count), FER_INVALID_INPUT);
    assert_untouched(&results, 0);
    assert_int_equal(results.count, 4711);
    /* a name that no resolver knows, on Windows too */
    fer_error error = fer_lookup_host("[::1]", 80, results.addrs, CAP, &results.count);
    assert_true(error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN ||
                error.kind == FER_RESOLVE_FAILED);
    assert_untouched(&results, 0);
}

/* A3 for connect and bind: text that is not host:port opens no socket. */
STREAM_TEST("A3", connect_and_bind_refuse_the_same_text)
{
    static const char *const bad[] = {"",
                                      ":80",
                                      "host",
                                      "localhost:",
                                      "localhost:+80",
                                      "localhost:65536",
                                      "localhost:http",
                                      "127.0.0.1",
                                      "[::1]",
                                      "\xff:80"};
    fer_tcp_listener *listener = test_listener();
    fer_udp_socket socket = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_own(fer_tcp_stream_connect(stream, bad[i]), FER_INVALID_INPUT);
        assert_own(fer_tcp_listener_bind(listener, bad[i]), FER_INVALID_INPUT);
        assert_own(fer_udp_socket_bind(&socket, bad[i]), FER_INVALID_INPUT);
    }
    fer_udp_socket_close(&socket);
    assert_new(stream);
    assert_ok(fer_tcp_listener_bind(listener, "127.0.0.1:0"));
}

RULE_TESTS("names")
