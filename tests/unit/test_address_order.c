/* test_address_order.c: the order in which the addresses of a host are tried (RFC 8305, 4). */
#include "core/open/connect_attempts.h"
#include "support/group.h"

/* '4' and '6' are addresses of these families, 'm' is an IPv4-mapped IPv6 address, '?' has a bad
 * family. The port is the index. */
static fer_socket_addr addr_of(char kind, uint16_t index)
{
    static const fer_ipv4_addr v4 = {{192, 0, 2, 1}};
    fer_socket_addr addr = {0};
    addr.port = index;
    if (kind == '4' || kind == 'm') {
        addr.ip.family = FER_IP_V4;
        addr.ip.u.v4 = v4;
    }
    if (kind == 'm') {
        addr.ip.family = FER_IP_V6;
        addr.ip.u.v6 = fer_ipv4_addr_to_ipv6_mapped(v4);
    }
    if (kind == '6') {
        addr.ip.family = FER_IP_V6;
        addr.ip.u.v6.octets[15] = 1;
    }
    return addr;
}

/* Compares the order of the kinds with the indices of `want`, a digit for each. */
static void expect_order(const char *kinds, const char *want)
{
    fer_socket_addr addrs[10];
    size_t count = 0;
    for (; kinds[count] != '\0'; count++) {
        addrs[count] = addr_of(kinds[count], (uint16_t)count);
    }
    feri_address_order order = {0};
    size_t index = 99;
    for (size_t i = 0; i < count; i++) {
        assert_true(feri_address_order_next(&order, addrs, count, &index));
        assert_int_equal(index, want[i] - '0');
    }
    index = 99;
    assert_false(feri_address_order_next(&order, addrs, count, &index));
    assert_false(feri_address_order_next(&order, addrs, count, &index));
    assert_int_equal(index, 99);
}

/* RFC 8305, 4: "Whichever address family is first in the list should be followed by an address of
 * the other address family", with a First Address Family Count of 1 (section 8). */
TEST(families_alternate_and_the_first_ones_is_first)
{
    expect_order("6644", "0213");
    expect_order("4466", "0213");
    expect_order("66444", "02134");
    expect_order("444666", "031425");
    expect_order("4664", "0132");
    expect_order("6464", "0123");
}

/* The packets of an IPv4-mapped address are IPv4: it stands or falls with the IPv4 network. */
TEST(an_ipv4_mapped_address_counts_as_ipv4)
{
    expect_order("m466", "0213");
    expect_order("66m4", "0213");
    expect_order("4m6", "021");
}

TEST(an_address_of_a_bad_family_is_tried_too)
{
    expect_order("44?", "021");
    expect_order("??", "01");
}

/* Every list of up to 8 addresses, against two lists that are merged. */
TEST(every_short_list_is_merged_from_the_lists_of_its_families)
{
    for (size_t count = 0; count <= 8; count++) {
        for (unsigned bits = 0; bits < 1u << count; bits++) {
            char kinds[9] = {0};
            char of_family[2][9] = {{0}};
            char want[9] = {0};
            size_t len[2] = {0, 0};
            for (size_t i = 0; i < count; i++) {
                unsigned family = bits >> i & 1;
                kinds[i] = family == 0 ? '6' : '4';
                of_family[family][len[family]++] = (char)('0' + i);
            }
            unsigned first = bits & 1;
            size_t stored = 0;
            for (size_t turn = 0; stored < count; turn++) {
                for (unsigned k = 0; k < 2; k++) {
                    unsigned family = k == 0 ? first : 1 - first;
                    if (turn < len[family]) {
                        want[stored++] = of_family[family][turn];
                    }
                }
            }
            expect_order(kinds, want);
        }
    }
}

TEST_MAIN("address_order")
