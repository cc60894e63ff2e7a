/* test_ip_addr.c: IP addresses as values: construction, classes, order, and conversion between the
 * families. The same beside Rust's std::net: fuzz/harnesses/fuzz_addr_vs_rust.c. */
#include "fuzz/models/address_properties.h"
#include "support/group.h"

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

/* ---- Classes: their first and their last address, and those beside them */

TEST(an_ipv4_address_is_in_the_classes_of_its_ranges)
{
    static const uint32_t ranges[][2] = {
        {0, 0},
        {0x7F000000, 0x7FFFFFFF},
        {0x0A000000, 0x0AFFFFFF},
        {0xAC100000, 0xAC1FFFFF},
        {0xC0A80000, 0xC0A8FFFF},
        {0xA9FE0000, 0xA9FEFFFF},
        {0xE0000000, 0xEFFFFFFF},
        {0xFFFFFFFF, 0xFFFFFFFF},
        {0xC0000200, 0xC00002FF},
        {0xC6336400, 0xC63364FF},
        {0xCB007100, 0xCB0071FF},
    };
    for (size_t i = 0; i < 4 * sizeof ranges / sizeof ranges[0]; i++) {
        const uint32_t *range = ranges[i / 4];
        const uint32_t bits[] = {range[0] - 1, range[0], range[1], range[1] + 1};
        const fer_ip_addr addr = fer_ip_addr_from_v4(fer_ipv4_addr_from_bits(bits[i % 4]));
        check_v4_properties(&addr.u.v4);
        check_ip_properties(&addr);
    }
}

/* Each octet of ::, ::1, ::1.2.3.4 and ::ffff:1.2.3.4 is changed. */
TEST(one_other_octet_is_another_ipv6_address)
{
    static const fer_ipv6_addr whole[] = {
        {{0}},
        {{[15] = 1}},
        {{[12] = 1, 2, 3, 4}},
        {{[10] = 0xFF, 0xFF, 1, 2, 3, 4}},
    };
    for (size_t i = 0; i < 4 * 17; i++) { /* the 17th of each is the whole one */
        fer_ip_addr addr = fer_ip_addr_from_v6(whole[i / 17]);
        addr.u.v6.octets[i % 17 % 16] ^= i % 17 < 16 ? 0x40 : 0;
        const fer_socket_addr with_port = fer_socket_addr_new(addr, 0);
        check_v6_properties(&addr.u.v6);
        check_ip_properties(&addr);
        check_null_addresses(&with_port);
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

TEST(a_bad_family_is_nothing)
{
    static const uint8_t octets[] = {0, 127, 224, 255};
    for (int i = 0; i < 9 * 4; i++) {
        const fer_ip_addr addr = of_family(i / 4, octets[i % 4]);
        const bool is_bad = i / 4 != FER_IP_V4 && i / 4 != FER_IP_V6;
        check_ip_properties(&addr);
        const fer_ip_addr canonical = fer_ip_addr_to_canonical(addr);
        assert_int_equal(canonical.family, is_bad ? 0 : addr.family);
        assert_int_equal(canonical.u.v6.octets[0], is_bad ? 0 : octets[i % 4]);
    }
}

TEST_MAIN("ip_addr")
