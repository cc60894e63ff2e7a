/* names.c: rules A1 to A4 and A6: parsing and formatting of addresses, from "host:port" and host
 * names to socket addresses, and the ports of services. Every text of the grammar:
 * unit/test_ip_*.c, unit/test_socket_addr_*.c. */
#include <stdio.h>

#include "support/fixture.h"

/* ---- Addresses */

/* A1: "Address text follows Rust's strict grammar over the whole input". An output of a text that
 * is refused is not written. */
RULE_TEST("A1", address_text_follows_a_strict_grammar)
{
    static const char *const good[] = {"1.2.3.4:00080", "[::]:0", "[1:2:3:4:5:6:7::]:65535",
                                       "[::ffff:1.2.3.4]:1", "[fe80::1%4294967295]:1"};
    static const char *const bad[] = {
        "",           "1.2.3.4",        "1.2.3.4:",     "01.2.3.4:80",  "1.2.3.4:65536",
        " 1.2.3.4:1", "1.2.3.4:80 ",    "1.2.3.4:+80",  "127.1:80",     "[1.2.3.4]:80",
        "::1:80",     "[::1]80",        "[::1::]:80",   "[1:2:3]:80",   "[::1%lo]:80",
        "[::1%]:80",  "localhost:80\n", "localhost:80", "[12345::]:80", "[::1.2.3.04]:80"};
    fer_socket_addr addr;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(fer_socket_addr_parse(&addr, good[i]));
    }
    memset(&addr, 9, sizeof addr);
    const fer_socket_addr untouched = addr;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_own(fer_socket_addr_parse(&addr, bad[i]), FER_INVALID_INPUT);
        assert_memory_equal(&addr, &untouched, sizeof addr);
    }
}

/* A2: "Formatting is RFC 5952 as Rust prints it. Printed text parses back to the same address". */
RULE_TEST("A2", formatting_is_rfc_5952_and_parses_back)
{
    static const char *const rows[][2] = {
        {"1.2.3.4:0080", "1.2.3.4:80"},
        {"[0:0:0:0:0:0:0:0]:0", "[::]:0"},
        {"[1:0:0:2:0:0:0:3]:1", "[1:0:0:2::3]:1"},
        {"[ABCD:00EF::1.2.3.4]:1", "[abcd:ef::102:304]:1"},
        {"[::ffff:0:0]:1", "[::ffff:0.0.0.0]:1"},
        {"[fe80::1%0]:1", "[fe80::1]:1"},
        {"[fe80::1%007]:65535", "[fe80::1%7]:65535"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_socket_addr addr;
        fer_socket_addr again;
        char text[FER_SOCKET_ADDR_TEXT_CAP];
        assert_ok(fer_socket_addr_parse(&addr, rows[i][0]));
        assert_int_equal(fer_socket_addr_format(&addr, text, sizeof text), strlen(rows[i][1]));
        assert_string_equal(text, rows[i][1]);
        assert_ok(fer_socket_addr_parse(&again, text));
        assert_true(fer_socket_addr_eq(&again, &addr));
    }
}

/* ---- Names */

enum { CAP = 8, CANARY = 0x5a };

/* The results of the last lookup. The elements that it has not used have a known pattern. */
static fer_socket_addr addrs[CAP];
static size_t count;

static void clear_results(void)
{
    memset(addrs, CANARY, sizeof addrs);
    count = 4711;
}

static fer_error look_up(const char *text)
{
    clear_results();
    return fer_to_socket_addrs(text, addrs, CAP, &count);
}

static fer_error look_up_host(const char *host)
{
    clear_results();
    return fer_lookup_host(host, 80, addrs, CAP, &count);
}

static void assert_untouched(size_t from)
{
    const unsigned char *bytes = (const unsigned char *)addrs;
    for (size_t i = from * sizeof addrs[0]; i < sizeof addrs; i++) {
        assert_int_equal(bytes[i], CANARY);
    }
}

static void assert_one_result(fer_error error, const fer_socket_addr *wanted)
{
    assert_ok(error);
    assert_int_equal(count, 1);
    assert_true(fer_socket_addr_eq(&addrs[0], wanted));
    assert_untouched(1);
}

static bool is_lookup_failure(fer_error error)
{
    return error.kind == FER_HOST_NOT_FOUND || error.kind == FER_RESOLVE_TRY_AGAIN ||
           error.kind == FER_RESOLVE_FAILED;
}

/* A3: "The resolver gets no text that is an address": exactly one result. A host without a port is
 * for fer_lookup_host. */
RULE_TEST("A3", address_text_is_taken_as_it_stands)
{
    static const char *const rows[][2] = {
        {"127.0.0.1:00080", "127.0.0.1:80"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"[fe80::1%7]:80", "[fe80::1%7]:80"},
        {"::1:80", "[::1]:80"},
        {":::80", "[::]:80"},
        {"1:2:3:4:5:6:7:8:9", "[1:2:3:4:5:6:7:8]:9"},
    };
    static const char *const hosts[][2] = {{"127.0.0.1", "127.0.0.1:80"},
                                           {"::ffff:1.2.3.4", "[::ffff:1.2.3.4]:80"}};
    fer_socket_addr wanted;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_ok(fer_socket_addr_parse(&wanted, rows[i][1]));
        assert_one_result(look_up(rows[i][0]), &wanted);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_ok(fer_socket_addr_parse(&wanted, hosts[i][1]));
        assert_one_result(look_up_host(hosts[i][0]), &wanted);
    }
}

/* A3: every address of localhost is a loopback address with the given port. A4: "No more are stored
 * than fit, and the count is the number that was found." */
RULE_TEST("A3/A4", localhost_is_looked_up)
{
    static const char *const texts[] = {"localhost:80", "localhost:0000000000000080"};
    skip_without_localhost();
    for (size_t i = 0; i < 2; i++) {
        assert_ok(look_up(texts[i]));
        assert_in_range(count, 1, CAP);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(addrs[k].port, 80);
            assert_true(fer_ip_addr_is_loopback(addrs[k].ip));
        }
        assert_untouched(count);
    }
    for (size_t cap = 0; cap < 2; cap++) {
        size_t found = count;
        clear_results();
        assert_ok(fer_lookup_host("localhost", 80, addrs, cap, &count));
        assert_int_equal(count, found);
        assert_untouched(cap);
    }
}

/* A3: short IPv4 forms such as `127.1` are passed to the resolver: the result is an address or a
 * lookup failure, not INVALID_INPUT. */
RULE_TEST("A3", short_numeric_hosts_are_the_resolvers_to_accept)
{
    static const char *const texts[] = {"127.1:80",      "0x7f.1:80",       "2130706433:80",
                                        "fe80::1%lo:80", "[fe80::1%lo]:80", "a_b:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fer_error error = look_up(texts[i]);
        assert_true(error.kind == FER_OK || is_lookup_failure(error));
        if (error.kind == FER_OK) {
            assert_true(count >= 1);
            assert_int_equal(addrs[0].port, 80);
        } else {
            assert_untouched(0);
            assert_int_equal(count, 4711);
        }
    }
}

static fer_socket_addr scoped(uint32_t scope_id)
{
    return fer_socket_addr_v6_new(fer_ipv6_addr_new(0xfe80, 0, 0, 0, 0, 0, 0, 1), 80, 0, scope_id);
}

/* A3: every system resolver accepts the number of an interface as a scope. */
RULE_TEST("A3", a_scope_by_number_is_parsed_everywhere)
{
    static const char *const texts[] = {"fe80::1%1:80", "[fe80::1%1]:80", "[fe80::1%0001]:80"};
    const fer_socket_addr wanted = scoped(1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_one_result(look_up(texts[i]), &wanted);
    }
    assert_one_result(look_up_host("fe80::1%1"), &wanted);
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
    const fer_socket_addr wanted = scoped(index);
    for (size_t i = 0; i < 3; i++) {
        fer_socket_addr addr;
        fer_ip_addr ip;
        (void)snprintf(text, sizeof text, "%s%s%s", forms[i][0], name, forms[i][1]);
        assert_own(fer_socket_addr_parse(&addr, text), FER_INVALID_INPUT);
        assert_own(fer_ip_addr_parse(&ip, text), FER_INVALID_INPUT);
        assert_one_result(i < 2 ? look_up(text) : look_up_host(text), &wanted);
    }
}

/* A name of 253 bytes, in labels of at most 50 bytes, followed by end. */
static const char *longest_name(const char *end)
{
    static char text[260];
    for (size_t i = 0; i < 253; i++) {
        text[i] = i % 50 == 49 ? '.' : 'a';
    }
    strcpy(text + 253, end);
    return text;
}

/* A3: "A name that does not exist is HOST_NOT_FOUND, a transient failure RESOLVE_TRY_AGAIN, any
 * other RESOLVE_FAILED, with the resolver's own code." On a machine without a network the error may
 * be any of the three. Names beyond ASCII are the resolver's too, and those of 253 bytes (A4). */
RULE_TEST("A3", a_name_that_does_not_exist_is_a_lookup_failure)
{
    static const char *const texts[] = {"no-such-host.invalid:80",
                                        "x.no-such-host.invalid.:80",
                                        "b\xc3\xbcrger.invalid:80",
                                        "\xe5\x90\x8d.invalid:80",
                                        "[fe80::1%no-such-interface]:80",
                                        "[x:y]:80",
                                        "a..invalid:80",
                                        ":80",
                                        ".:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fer_error error = look_up(i < 7 ? texts[i] : longest_name(texts[i]));
        if (!is_lookup_failure(error)) {
            fail_msg("\"%s\": %s", texts[i], fer_error_kind_name(error.kind));
        }
        assert_true(i >= 7 || (peer_is_windows() ? error.os_code > 0 : error.os_code < 0));
        assert_untouched(0);
        assert_int_equal(count, 4711);
    }
    fer_tcp_stream *stream = test_stream();
    assert_true(is_lookup_failure(fer_tcp_stream_connect(stream, texts[0])));
    assert_new(stream);
}

/* A3: "brackets around a host with a colon are removed", and only around such a host: a name in
 * brackets is passed to the resolver with the brackets, and POSIX resolvers reject it. */
RULE_TEST("A3", brackets_round_a_name_are_not_removed)
{
    static const char *const texts[] = {"[localhost]:80", "[]:80"};
    for (size_t i = 0; i < 2; i++) {
        fer_error error = look_up(texts[i]);
        assert_true(is_lookup_failure(error) || (error.kind == FER_OK && peer_is_windows()));
        assert_untouched(error.kind == FER_OK ? count : 0);
    }
    /* a name that no resolver knows, on Windows too */
    assert_true(is_lookup_failure(look_up_host("[::1]")));
    assert_untouched(0);
}

/* A4: "Results are in the resolver's order": the results are those of the system's own resolver, of
 * all families. */
RULE_TEST("A4", the_results_are_the_resolver_s_in_its_order)
{
    static const char *const hosts[] = {"localhost", "127.1"};
    skip_without_localhost();
    for (size_t i = 0; i < 2; i++) {
        fer_socket_addr wanted[CAP];
        const size_t found = peer_resolve(hosts[i], wanted, CAP);
        fer_error error = look_up_host(hosts[i]);
        if (found == 0) { /* "127.1" on Windows (ReactOS' test of getaddrinfo) */
            assert_kind(error, FER_HOST_NOT_FOUND);
            continue;
        }
        assert_ok(error);
        assert_int_equal(count, found);
        for (size_t k = 0; k < found && k < CAP; k++) {
            wanted[k].port = 80;
            assert_true(fer_socket_addr_eq(&addrs[k], &wanted[k]));
        }
    }
}

/* A3 for connect and bind: text that is not host:port opens no socket. */
STREAM_TEST("A3", connect_and_bind_refuse_other_text)
{
    static const char *const bad[] = {"",          ":80",   "host",   "localhost:", "localhost:+80",
                                      "127.0.0.1", "[::1]", "\xff:80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_own(look_up(bad[i]), FER_INVALID_INPUT);
        assert_own(fer_tcp_stream_connect(stream, bad[i]), FER_INVALID_INPUT);
        assert_own(fer_tcp_listener_bind(test_listener(), bad[i]), FER_INVALID_INPUT);
        assert_own(fer_udp_socket_bind(test_udp(), bad[i]), FER_INVALID_INPUT);
    }
    assert_new(stream);
}

RULE_TESTS("names")

/* ---- Services */

static void assert_port(const char *service, fer_type type, uint16_t wanted)
{
    uint16_t port = 4711;
    assert_ok(fer_service_port(service, type, &port));
    assert_int_equal(port, wanted);
}

static void assert_no_port(const char *service, fer_type type, fer_error_kind kind)
{
    uint16_t port = 4711;
    assert_own(fer_service_port(service, type, &port), kind);
    assert_int_equal(port, 4711);
}

/* A6: "digits for the port itself". No other text without a letter reaches the system. */
RULE_TEST("A6", a_port_is_digits_and_a_service_a_name_with_a_letter)
{
    static const char *const bad[] = {"",         " 80",      "80 ",    "+80",
                                      "-1",       "65536",    "8.0",    "_",
                                      "ht tp",    " http",    "http\n", "99999999999999999999",
                                      "http\x7f", "h\xc3\xa9"};
    char text[65];
    memset(text, 'a', sizeof text);
    text[64] = '\0';
    for (fer_type type = FER_TYPE_STREAM; type <= FER_TYPE_DGRAM; type++) {
        assert_port("0", type, 0);
        assert_port("80", type, 80);
        assert_port("0000000065535", type, UINT16_MAX);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            assert_no_port(bad[i], type, FER_INVALID_INPUT);
        }
        assert_no_port(text, type, FER_INVALID_INPUT);
        assert_no_port(text + 1, type, FER_NOT_FOUND);
    }
    assert_no_port("80", FER_TYPE_RAW, FER_INVALID_INPUT);
}

/* A6: "A service that the system does not list is NOT_FOUND", also one of the other type. */
RULE_TEST("A6", services_are_those_of_the_system)
{
    skip_if(!peer_lists_services(), "this system has no list of services");
    assert_port("http", FER_TYPE_STREAM, 80);
    assert_port("domain", FER_TYPE_STREAM, 53);
    assert_port("domain", FER_TYPE_DGRAM, 53);
    assert_no_port("smtp", FER_TYPE_DGRAM, FER_NOT_FOUND);
    assert_no_port("ferrule-9", FER_TYPE_STREAM, FER_NOT_FOUND);
}
