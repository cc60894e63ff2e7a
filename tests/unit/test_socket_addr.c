/* test_socket_addr.c: socket addresses as values: construction and order. Their text:
 * test_socket_addr_parse.c, test_socket_addr_format.c. */
#include "tests/unit/address_check.h"

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

TEST(an_address_has_the_members_that_it_was_made_of)
{
    const fer_socket_addr v6 = v6_addr(9, 65535, 0xFFFFFFFF, 0xFFFFFFFE);
    assert_int_equal(v6.ip.family, FER_IP_V6);
    assert_int_equal(v6.ip.u.v6.octets[15], 9);
    assert_int_equal(v6.port, 65535);
    assert_true(v6.flowinfo == 0xFFFFFFFF && v6.scope_id == 0xFFFFFFFE);
    assert_true(fer_socket_addr_is_ipv6(&v6) && !fer_socket_addr_is_ipv4(&v6));
    const fer_socket_addr v4 = v4_addr(0x01020304, 80);
    assert_int_equal(v4.ip.family, FER_IP_V4);
    assert_int_equal(v4.ip.u.v4.octets[3], 4);
    assert_int_equal(v4.port, 80);
    assert_true(v4.flowinfo == 0 && v4.scope_id == 0);
    assert_true(fer_socket_addr_is_ipv4(&v4) && !fer_socket_addr_is_ipv6(&v4));
}

TEST(an_address_of_either_family_gets_its_port)
{
    const fer_socket_addr v6 = v6_addr(9, 1, 0, 0);
    const fer_socket_addr v4 = v4_addr(0x7F000001, 2);
    const fer_socket_addr from_v6 = fer_socket_addr_new(v6.ip, 1);
    const fer_socket_addr from_v4 = fer_socket_addr_new(v4.ip, 2);
    assert_true(fer_socket_addr_eq(&from_v6, &v6) && fer_socket_addr_eq(&from_v4, &v4));
    assert_true(from_v6.flowinfo == 0 && from_v6.scope_id == 0 && from_v4.flowinfo == 0 &&
                from_v4.scope_id == 0);
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

TEST_MAIN("socket_addr")
