/* test_socket_addr.c: socket addresses as values: construction, order, and their text, as Rust's
 * Display writes it, with every buffer size. The text and the order are checked as the harness
 * checks them (fuzz_addr_format.c). Parsing, and every port: test_ip_parse.c. */
#define LLVMFuzzerTestOneInput fuzz_addr_format /* test_ip_parse.c has one too */
#include "fuzz/harnesses/fuzz_addr_format.c"
#include "support/group.h"

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
}

/* Of a bad family the number alone counts. Flowinfo and scope of an IPv4 address do not count. */
TEST(order_is_address_port_flowinfo_scope)
{
    fer_socket_addr addrs[16 + 18] = {
        v4_addr(0, 0),          v4_addr(0, 1),
        v4_addr(0, 0x7FFF),     v4_addr(0, 0x8000),
        v4_addr(0, 0xFFFF),     v4_addr(1, 0),
        v4_addr(0xFFFFFFFF, 0), v6_addr(0, 0, 0, 0),
        v6_addr(0, 0, 0, 1),    v6_addr(0, 0, 0, 0xFFFFFFFF),
        v6_addr(0, 0, 1, 0),    v6_addr(0, 0, 0xFFFFFFFF, 0),
        v6_addr(0, 1, 0, 0),    v6_addr(0, 0xFFFF, 0, 0),
        v6_addr(1, 0, 0, 0),    v6_addr(0xFFFF, 0, 0, 0),
    };
    for (uint16_t i = 0; i < 18; i++) {
        addrs[16 + i] = v6_addr(0, i / 9, i, i);
        addrs[16 + i].ip.u.v6.octets[0] = (uint8_t)(i / 9);
        addrs[16 + i].ip.family = (fer_ip_family)(i % 9);
    }
    for (size_t i = 0; i < 16 + 18; i++) {
        for (size_t j = 0; j < 16 + 18; j++) {
            check_order_of(&addrs[i], &addrs[j]);
            const int wanted = (i > j) - (i < j); /* those of the list ascend */
            assert_true(i >= 16 || j >= 16 || fer_socket_addr_cmp(&addrs[i], &addrs[j]) == wanted);
        }
    }
}

TEST(the_scope_is_written_when_it_is_not_0_and_flowinfo_never)
{
    static const uint32_t scopes[] = {
        0,       1,        9,        10,        99,        100,        999,
        1000,    9999,     10000,    99999,     100000,    999999,     1000000,
        9999999, 10000000, 99999999, 100000000, 999999999, 1000000000, 4294967295u};
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        fer_socket_addr addr = v6_addr(1, 80, (uint32_t)i, scopes[i]);
        check_either(&addr);
        addr = v4_addr(1, 80);
        addr.flowinfo = addr.scope_id = scopes[i];
        check_either(&addr);
    }
}

TEST(the_longest_and_shortest_texts_fit_at_every_cap)
{
    static const char *const texts[] = {
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
        "[::ffff:255.255.255.255%4294967295]:65535", "255.255.255.255:65535", "0.0.0.0:0"};
    assert_int_equal(strlen(texts[0]), 58);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fer_socket_addr addr;
        assert_int_equal(fer_socket_addr_parse(&addr, texts[i]).kind, FER_OK);
        check_either(&addr);
    }
}

TEST(the_first_group_decides_the_class_of_an_ipv6_address_and_any_group_or_octet_is_written)
{
    for (unsigned group = 0; group <= 0xFFFF; group++) {
        const fer_ipv6_addr addr = fer_ipv6_addr_new((uint16_t)group, 0, 0, 0, 0, 0, 0, 2);
        const fer_ipv4_addr v4 = fer_ipv4_addr_from_bits(group * 0x10001u);
        check_v4(&v4);
        check_v6(&addr);
        check_v6_properties(&addr);
    }
}

TEST(zeros_in_any_groups_are_written_and_read)
{
    static const uint16_t values[] = {0, 1, 0x230, 0xFFFF};
    for (unsigned shape = 0; shape < 1u << 16; shape++) {
        uint16_t groups[8];
        for (size_t i = 0; i < 8; i++) {
            groups[i] = values[shape >> (2 * i) & 3];
        }
        const fer_ipv6_addr addr = fer_ipv6_addr_from_segments(groups);
        check_v6(&addr);
    }
}

TEST_MAIN("socket_addr")
