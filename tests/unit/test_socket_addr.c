/* test_socket_addr.c: socket addresses as values: construction, order, and their text, as Rust's
 * Display writes it, with every buffer size. Parsing: test_ip_parse.c. */
#include "tests/unit/address_check.h"
#include "tests/unit/format_check.h"

static fer_socket_addr v6_addr(uint16_t last, uint16_t port, uint32_t flowinfo, uint32_t scope_id)
{
    const fer_ipv6_addr ip = fer_ipv6_addr_new(0, 0, 0, 0, 0, 0, 0, last);
    return fer_socket_addr_v6_new(ip, port, flowinfo, scope_id);
}

static fer_socket_addr v4_addr(uint32_t bits, uint16_t port)
{
    const fer_ipv4_addr ip = fer_ipv4_addr_from_bits(bits);
    return fer_socket_addr_v4_new(ip, port);
}

static void check_is_all_zero(const fer_socket_addr *addr)
{
    assert_int_equal(addr->ip.family, 0);
    assert_true(fer_ipv6_addr_is_unspecified(addr->ip.u.v6));
    assert_true(addr->port == 0 && addr->flowinfo == 0 && addr->scope_id == 0);
    assert_false(fer_socket_addr_is_ipv4(addr) || fer_socket_addr_is_ipv6(addr));
}

TEST(an_address_of_a_bad_family_is_all_zero)
{
    for (int family = 0; family < 9; family++) {
        fer_socket_addr addr = v4_addr(0x01020304, 80);
        addr.ip.family = (fer_ip_family)family;
        const fer_socket_addr made = fer_socket_addr_new(addr.ip, 80);
        if (family == FER_IP_V4 || family == FER_IP_V6) {
            assert_int_equal(made.ip.family, family);
        } else {
            check_is_all_zero(&made);
            assert_false(fer_socket_addr_is_ipv4(&addr) || fer_socket_addr_is_ipv6(&addr));
        }
    }
    assert_false(fer_socket_addr_is_ipv4(NULL) || fer_socket_addr_is_ipv6(NULL));
}

TEST(order_is_address_port_flowinfo_scope)
{
    const fer_socket_addr sorted[] = {
        v4_addr(0, 0),          v4_addr(0, 1),
        v4_addr(0, 0x7FFF),     v4_addr(0, 0x8000),
        v4_addr(0, 0xFFFF),     v4_addr(1, 0),
        v4_addr(0xFFFFFFFF, 0), v6_addr(0, 0, 0, 0),
        v6_addr(0, 0, 0, 1),    v6_addr(0, 0, 0, 0xFFFFFFFF),
        v6_addr(0, 0, 1, 0),    v6_addr(0, 0, 0xFFFFFFFF, 0),
        v6_addr(0, 1, 0, 0),    v6_addr(0, 0xFFFF, 0, 0),
        v6_addr(1, 0, 0, 0),    v6_addr(0xFFFF, 0, 0, 0),
    };
    const size_t count = sizeof sorted / sizeof sorted[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const int wanted = (i > j) - (i < j);
            assert_int_equal(fer_socket_addr_cmp(&sorted[i], &sorted[j]), wanted);
            assert_int_equal(fer_socket_addr_eq(&sorted[i], &sorted[j]), i == j);
        }
    }
}

TEST(flowinfo_and_scope_of_an_ipv4_address_do_not_count)
{
    const fer_socket_addr a = v4_addr(1, 80);
    fer_socket_addr b = a;
    b.flowinfo = 1;
    b.scope_id = 2;
    assert_int_equal(fer_socket_addr_cmp(&a, &b), 0);
    assert_true(fer_socket_addr_eq(&a, &b));
}

TEST(bad_families_are_ordered_by_their_number_alone)
{
    for (int left = 0; left < 9; left++) {
        for (int right = 0; right < 9; right++) {
            fer_socket_addr a = v4_addr(2, 2);
            fer_socket_addr b = v4_addr(1, 1);
            a.ip.family = (fer_ip_family)left;
            b.ip.family = (fer_ip_family)right;
            const bool is_bad = left != FER_IP_V4 && left != FER_IP_V6;
            const int wanted = left != right ? (left > right) - (left < right) : is_bad ? 0 : 1;
            assert_int_equal(fer_socket_addr_cmp(&a, &b), wanted);
            assert_int_equal(fer_socket_addr_eq(&a, &b), wanted == 0);
        }
    }
}

/* ---- Text */

static size_t format(const void *addr, char *buf, size_t cap)
{
    return fer_socket_addr_format(addr, buf, cap);
}

TEST(every_port_is_written)
{
    const fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    const fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
    for (unsigned port = 0; port <= 65535; port++) {
        const fer_socket_addr a = fer_socket_addr_v4_new(v4, (uint16_t)port);
        const fer_socket_addr b = fer_socket_addr_v6_new(v6, (uint16_t)port, 0, 0);
        char wanted[64];
        char text[FER_SOCKET_ADDR_TEXT_CAP];
        snprintf(wanted, sizeof wanted, "127.0.0.1:%u", port);
        assert_int_equal(fer_socket_addr_format(&a, text, sizeof text), strlen(wanted));
        assert_string_equal(text, wanted);
        snprintf(wanted, sizeof wanted, "[::1]:%u", port);
        assert_int_equal(fer_socket_addr_format(&b, text, sizeof text), strlen(wanted));
        assert_string_equal(text, wanted);
    }
}

TEST(the_scope_is_written_when_it_is_not_0_and_flowinfo_never)
{
    static const uint32_t scopes[] = {1,        9,         10,        99,         100,
                                      999,      1000,      9999,      10000,      99999,
                                      100000,   999999,    1000000,   9999999,    10000000,
                                      99999999, 100000000, 999999999, 1000000000, 4294967295u};
    const fer_ipv6_addr ip = fer_ipv6_addr_new(0xFE80, 0, 0, 0, 0, 0, 0, 1);
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        const fer_socket_addr addr = fer_socket_addr_v6_new(ip, 80, (uint32_t)i, scopes[i]);
        char wanted[64];
        snprintf(wanted, sizeof wanted, "[fe80::1%%%lu]:80", (unsigned long)scopes[i]);
        check_format_at_every_cap(format, &addr, wanted);
    }
    const fer_socket_addr addr = fer_socket_addr_v6_new(ip, 0, 7, 0);
    check_format_at_every_cap(format, &addr, "[fe80::1]:0");
}

TEST(the_longest_and_shortest_texts_fit_at_every_cap)
{
    static const char *const texts[] = {
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
        "[::ffff:255.255.255.255%4294967295]:65535", "255.255.255.255:65535", "0.0.0.0:0"};
    assert_int_equal(strlen(texts[0]), 58);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fer_socket_addr addr;
        assert_true(is_success(fer_socket_addr_parse(&addr, texts[i])));
        check_format_at_every_cap(format, &addr, texts[i]);
    }
}

TEST(scope_and_flowinfo_of_an_ipv4_address_are_not_written)
{
    const fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    fer_socket_addr addr = fer_socket_addr_v4_new(v4, 80);
    addr.scope_id = 5;
    addr.flowinfo = 6;
    check_format_at_every_cap(format, &addr, "127.0.0.1:80");
}

TEST(a_formatted_address_is_parsed_as_the_same_value)
{
    uint64_t seed = 5;
    for (int round = 0; round < 200000; round++) {
        uint16_t group[8];
        const uint64_t shape = reference_random(&seed);
        for (size_t i = 0; i < 8; i++) {
            group[i] = (uint16_t)((shape >> (2 * i) & 3) == 0 ? 0 : reference_random(&seed) >> 48);
        }
        const fer_ipv6_addr v6 = fer_ipv6_addr_from_segments(group);
        const fer_ipv4_addr v4 = fer_ipv4_addr_from_bits((uint32_t)(shape >> 32));
        const uint32_t scope = shape >> 63 ? (uint32_t)shape : 0;
        const fer_socket_addr addr = shape >> 62 & 1
                                         ? fer_socket_addr_v6_new(v6, group[0], 0, scope)
                                         : fer_socket_addr_v4_new(v4, group[0]);
        fer_socket_addr back;
        char text[FER_SOCKET_ADDR_TEXT_CAP];
        const size_t len = fer_socket_addr_format(&addr, text, sizeof text);
        assert_int_equal(len, strlen(text));
        assert_true(is_success(fer_socket_addr_parse(&back, text)));
        assert_true(fer_socket_addr_eq(&addr, &back));
    }
}

TEST_MAIN("socket_addr")
