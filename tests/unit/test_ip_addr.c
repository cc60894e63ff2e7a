/* test_ip_addr.c: IP addresses as values: construction, classes, order, and conversion between the
 * families. The same beside Rust's std::net: fuzz/harnesses/fuzz_addr_vs_rust.c. */
#include <stdio.h>

#include "tests/unit/address_check.h"

TEST(octets_bits_and_segments_are_in_the_order_of_writing)
{
    const fer_ipv4_addr v4 = fer_ipv4_addr_new(1, 2, 3, 254);
    const uint8_t v4_octets[4] = {1, 2, 3, 254};
    assert_memory_equal(v4.octets, v4_octets, 4);
    assert_true(fer_ipv4_addr_to_bits(v4) == 0x010203FE);
    const fer_ipv4_addr from_bits = fer_ipv4_addr_from_bits(0xFE030201);
    const uint8_t bits_octets[4] = {254, 3, 2, 1};
    assert_memory_equal(from_bits.octets, bits_octets, 4);
    const fer_ipv6_addr v6 =
        fer_ipv6_addr_new(0x0102, 0x0304, 0x0506, 0x0708, 0x090A, 0x0B0C, 0x0D0E, 0xFEDC);
    const uint8_t v6_octets[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xFE, 0xDC};
    assert_memory_equal(v6.octets, v6_octets, 16);
    uint16_t segments[8];
    fer_ipv6_addr_segments(v6, segments);
    const uint16_t wanted[8] = {0x0102, 0x0304, 0x0506, 0x0708, 0x090A, 0x0B0C, 0x0D0E, 0xFEDC};
    assert_memory_equal(segments, wanted, sizeof wanted);
    const fer_ipv6_addr again = fer_ipv6_addr_from_segments(segments);
    assert_memory_equal(again.octets, v6_octets, 16);
}

TEST(the_constants_are_rust_s)
{
    const fer_ipv4_addr v4s[] = {FER_IPV4_ADDR_LOCALHOST, FER_IPV4_ADDR_UNSPECIFIED,
                                 FER_IPV4_ADDR_BROADCAST};
    const uint32_t bits[] = {0x7F000001, 0, 0xFFFFFFFF};
    for (size_t i = 0; i < 3; i++) {
        assert_true(fer_ipv4_addr_to_bits(v4s[i]) == bits[i]);
    }
    const fer_ipv6_addr localhost = FER_IPV6_ADDR_LOCALHOST;
    const fer_ipv6_addr unspecified = FER_IPV6_ADDR_UNSPECIFIED;
    const uint8_t wanted[16] = {[15] = 1};
    assert_memory_equal(localhost.octets, wanted, 16);
    assert_memory_equal(unspecified.octets, wanted, 15);
    assert_int_equal(unspecified.octets[15], 0);
    assert_int_equal(FER_IP_V4, 4);
    assert_int_equal(FER_IP_V6, 6);
}

TEST(an_ip_address_holds_one_family_and_zeros_besides)
{
    const fer_ipv4_addr v4 = fer_ipv4_addr_new(9, 8, 7, 6);
    const fer_ipv6_addr v6 = fer_ipv6_addr_new(1, 2, 3, 4, 5, 6, 7, 8);
    const fer_ip_addr a = fer_ip_addr_from_v4(v4);
    const fer_ip_addr b = fer_ip_addr_from_v6(v6);
    const uint8_t wide[16] = {9, 8, 7, 6};
    assert_int_equal(a.family, FER_IP_V4);
    assert_memory_equal(a.u.v6.octets, wide, 16);
    assert_int_equal(b.family, FER_IP_V6);
    assert_memory_equal(b.u.v6.octets, v6.octets, 16);
    assert_true(fer_ip_addr_is_ipv4(a) && !fer_ip_addr_is_ipv6(a));
    assert_true(!fer_ip_addr_is_ipv4(b) && fer_ip_addr_is_ipv6(b));
}

/* ---- Classes: their first and their last address */

static const struct range {
    bool (*is)(fer_ipv4_addr addr);
    uint32_t first, last;
} v4_ranges[] = {
    {fer_ipv4_addr_is_unspecified, 0, 0},
    {fer_ipv4_addr_is_loopback, 0x7F000000, 0x7FFFFFFF},
    {fer_ipv4_addr_is_private, 0x0A000000, 0x0AFFFFFF},
    {fer_ipv4_addr_is_private, 0xAC100000, 0xAC1FFFFF},
    {fer_ipv4_addr_is_private, 0xC0A80000, 0xC0A8FFFF},
    {fer_ipv4_addr_is_link_local, 0xA9FE0000, 0xA9FEFFFF},
    {fer_ipv4_addr_is_multicast, 0xE0000000, 0xEFFFFFFF},
    {fer_ipv4_addr_is_broadcast, 0xFFFFFFFF, 0xFFFFFFFF},
    {fer_ipv4_addr_is_documentation, 0xC0000200, 0xC00002FF},
    {fer_ipv4_addr_is_documentation, 0xC6336400, 0xC63364FF},
    {fer_ipv4_addr_is_documentation, 0xCB007100, 0xCB0071FF},
};
enum { V4_RANGES = sizeof v4_ranges / sizeof v4_ranges[0] };

static void check_v4_classes(uint32_t bits)
{
    const fer_ipv4_addr addr = fer_ipv4_addr_from_bits(bits);
    const fer_ip_addr ip = fer_ip_addr_from_v4(addr);
    for (size_t i = 0; i < V4_RANGES; i++) {
        bool wanted = false;
        for (size_t j = 0; j < V4_RANGES; j++) {
            wanted = wanted || (v4_ranges[j].is == v4_ranges[i].is && bits >= v4_ranges[j].first &&
                                bits <= v4_ranges[j].last);
        }
        assert_int_equal(v4_ranges[i].is(addr), wanted);
    }
    assert_int_equal(fer_ip_addr_is_unspecified(ip), fer_ipv4_addr_is_unspecified(addr));
    assert_int_equal(fer_ip_addr_is_loopback(ip), fer_ipv4_addr_is_loopback(addr));
    assert_int_equal(fer_ip_addr_is_multicast(ip), fer_ipv4_addr_is_multicast(addr));
}

TEST(an_ipv4_address_is_in_the_classes_of_its_ranges)
{
    for (size_t i = 0; i < V4_RANGES; i++) {
        check_v4_classes(v4_ranges[i].first - 1);
        check_v4_classes(v4_ranges[i].first);
        check_v4_classes(v4_ranges[i].last);
        check_v4_classes(v4_ranges[i].last + 1);
    }
}

TEST(the_first_group_decides_the_class_of_an_ipv6_address)
{
    for (unsigned group = 0; group <= 0xFFFF; group++) {
        const fer_ipv6_addr addr = fer_ipv6_addr_new((uint16_t)group, 0, 0, 0, 0, 0, 0, 2);
        char text[FER_IPV6_ADDR_TEXT_CAP];
        char wanted[FER_IPV6_ADDR_TEXT_CAP];
        assert_int_equal(fer_ipv6_addr_is_multicast(addr), group >= 0xFF00);
        assert_int_equal(fer_ipv6_addr_is_unique_local(addr), group >= 0xFC00 && group <= 0xFDFF);
        assert_int_equal(fer_ipv6_addr_is_unicast_link_local(addr),
                         group >= 0xFE80 && group <= 0xFEBF);
        fer_ipv6_addr_format(addr, text, sizeof text);
        snprintf(wanted, sizeof wanted, group == 0 ? "::2" : "%x::2", group);
        assert_string_equal(text, wanted);
    }
}

/* Each octet of ::, ::1, ::1.2.3.4 and ::ffff:1.2.3.4 is changed. */
TEST(one_other_octet_is_another_ipv6_address)
{
    const fer_ipv4_addr v4 = fer_ipv4_addr_new(1, 2, 3, 4);
    const fer_ipv6_addr whole[] = {FER_IPV6_ADDR_UNSPECIFIED, FER_IPV6_ADDR_LOCALHOST,
                                   fer_ipv4_addr_to_ipv6_compatible(v4),
                                   fer_ipv4_addr_to_ipv6_mapped(v4)};
    assert_memory_equal(&whole[2].octets[12], v4.octets, 4);
    for (int which = 0; which < 4; which++) {
        for (int at = 0; at <= 16; at++) { /* 16: none is changed */
            fer_ipv6_addr addr = whole[which];
            fer_ipv4_addr got = {{0}};
            addr.octets[at % 16] ^= at < 16 ? 0x40 : 0;
            const fer_ip_addr ip = fer_ip_addr_from_v6(addr);
            const bool is_whole = at == 16, has_v4 = at >= 12;
            assert_int_equal(fer_ipv6_addr_is_unspecified(addr), is_whole && which == 0);
            assert_int_equal(fer_ip_addr_is_unspecified(ip), is_whole && which == 0);
            assert_int_equal(fer_ipv6_addr_is_loopback(addr), is_whole && which == 1);
            assert_int_equal(fer_ip_addr_is_loopback(ip), is_whole && which == 1);
            assert_int_equal(fer_ipv6_addr_to_ipv4(addr, &got), has_v4);
            assert_memory_equal(got.octets, has_v4 ? &addr.octets[12] : (uint8_t[4]){0}, 4);
            assert_int_equal(fer_ipv6_addr_to_ipv4_mapped(addr, &got), has_v4 && which == 3);
            assert_int_equal(fer_ipv6_addr_to_canonical(addr).family,
                             has_v4 && which == 3 ? FER_IP_V4 : FER_IP_V6);
        }
    }
}

static int sign_of(int order)
{
    return (order > 0) - (order < 0);
}

/* Of numbers without a sign, and every IPv4 address comes before every IPv6 address. */
TEST(order_is_that_of_the_octets)
{
    static const uint32_t bits[] = {0,          1,          0xFF,       0x100,      0x010000,
                                    0x01000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFF00, 0xFFFFFFFF};
    fer_ip_addr sorted[10 + 33];
    for (size_t i = 0; i < 10; i++) {
        sorted[i] = fer_ip_addr_from_v4(fer_ipv4_addr_from_bits(bits[i]));
    }
    for (size_t i = 0; i < 33; i++) { /* ::, then 7f and 80 in each octet, from the last one on */
        fer_ipv6_addr v6 = FER_IPV6_ADDR_UNSPECIFIED;
        v6.octets[i == 0 ? 15 : 16 - (i + 1) / 2] = i == 0 ? 0 : i % 2 != 0 ? 0x7F : 0x80;
        v6.octets[15] |= i > 2 && i % 2 != 0 ? 0xFF : 0;
        sorted[10 + i] = fer_ip_addr_from_v6(v6);
    }
    for (size_t i = 0; i < 43; i++) {
        for (size_t j = 0; j < 43; j++) {
            const int wanted = sign_of((int)i - (int)j);
            assert_int_equal(fer_ip_addr_cmp(sorted[i], sorted[j]), wanted);
            assert_int_equal(fer_ip_addr_eq(sorted[i], sorted[j]), i == j);
            if (i < 10 && j < 10) {
                assert_int_equal(fer_ipv4_addr_cmp(sorted[i].u.v4, sorted[j].u.v4), wanted);
                assert_int_equal(fer_ipv4_addr_eq(sorted[i].u.v4, sorted[j].u.v4), i == j);
            }
            if (i >= 10 && j >= 10) {
                assert_int_equal(fer_ipv6_addr_cmp(sorted[i].u.v6, sorted[j].u.v6), wanted);
                assert_int_equal(fer_ipv6_addr_eq(sorted[i].u.v6, sorted[j].u.v6), i == j);
            }
        }
    }
}

static fer_ip_addr of_family(int family, uint8_t octet)
{
    const fer_ipv4_addr v4 = fer_ipv4_addr_new(octet, octet, octet, octet);
    fer_ip_addr addr = fer_ip_addr_from_v4(v4);
    addr.family = (fer_ip_family)family;
    return addr;
}

TEST(bad_families_are_ordered_by_their_number_alone)
{
    for (int a = 0; a < 9; a++) {
        for (int b = 0; b < 9; b++) {
            const fer_ip_addr left = of_family(a, 2);
            const fer_ip_addr right = of_family(b, 1);
            const bool is_bad = a != FER_IP_V4 && a != FER_IP_V6;
            const int wanted = a != b ? sign_of(a - b) : is_bad ? 0 : 1;
            assert_int_equal(fer_ip_addr_cmp(left, right), wanted);
            assert_int_equal(fer_ip_addr_eq(left, right), wanted == 0);
        }
    }
}

TEST(a_bad_family_is_nothing)
{
    for (int family = 0; family < 9; family++) {
        const fer_ip_addr addr = of_family(family, family == FER_IP_V4 ? 224 : 127);
        const bool is_bad = family != FER_IP_V4 && family != FER_IP_V6;
        assert_int_equal(fer_ip_addr_is_ipv4(addr), family == FER_IP_V4);
        assert_int_equal(fer_ip_addr_is_ipv6(addr), family == FER_IP_V6);
        assert_false(is_bad && (fer_ip_addr_is_loopback(addr) || fer_ip_addr_is_multicast(addr)));
        const fer_ip_addr zero = of_family(family, 0);
        assert_int_equal(fer_ip_addr_is_unspecified(zero), !is_bad);
        const fer_ip_addr multicast = of_family(family, 0xFF);
        assert_int_equal(fer_ip_addr_is_multicast(multicast), family == FER_IP_V6);
        const fer_ip_addr canonical = fer_ip_addr_to_canonical(addr);
        assert_int_equal(canonical.family, is_bad ? 0 : family);
        assert_int_equal(canonical.u.v6.octets[0], is_bad ? 0 : addr.u.v6.octets[0]);
    }
}

TEST(null_segments_are_all_zero_and_null_outputs_stay_untouched)
{
    const fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(fer_ipv4_addr_new(1, 2, 3, 4));
    assert_true(fer_ipv6_addr_is_unspecified(fer_ipv6_addr_from_segments(NULL)));
    fer_ipv6_addr_segments(mapped, NULL);
    assert_false(fer_ipv6_addr_to_ipv4(mapped, NULL) || fer_ipv6_addr_to_ipv4_mapped(mapped, NULL));
}

TEST_MAIN("ip_addr")
