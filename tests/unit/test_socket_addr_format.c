/* test_socket_addr_format.c: formatting socket addresses as Rust's Display does, with every buffer
 * size, and parsing the result. */
#include "tests/unit/address_check.h"
#include "tests/unit/format_check.h"

static size_t format(const void *addr, char *buf, size_t cap)
{
    return fer_socket_addr_format(addr, buf, cap);
}

static fer_ipv6_addr longest_v6(void)
{
    return fer_ipv6_addr_new(0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF);
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
    const fer_ipv6_addr v6 = longest_v6();
    const fer_ipv4_addr v4 = FER_IPV4_ADDR_BROADCAST;
    const fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(v4);
    const fer_ipv4_addr zero = FER_IPV4_ADDR_UNSPECIFIED;
    const fer_socket_addr longest = fer_socket_addr_v6_new(v6, 65535, 1, UINT32_MAX);
    const fer_socket_addr dotted = fer_socket_addr_v6_new(mapped, 65535, 0, UINT32_MAX);
    const fer_socket_addr longest_v4 = fer_socket_addr_v4_new(v4, 65535);
    const fer_socket_addr shortest_v4 = fer_socket_addr_v4_new(zero, 0);
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    assert_int_equal(fer_socket_addr_format(&longest, text, sizeof text), 58);
    check_format_at_every_cap(format, &longest,
                              "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
    check_format_at_every_cap(format, &dotted, "[::ffff:255.255.255.255%4294967295]:65535");
    check_format_at_every_cap(format, &longest_v4, "255.255.255.255:65535");
    check_format_at_every_cap(format, &shortest_v4, "0.0.0.0:0");
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

TEST_MAIN("socket_addr_format")
