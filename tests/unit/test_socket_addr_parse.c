/* test_socket_addr_parse.c: parsing ports beside IP addresses. The addresses themselves:
 * test_ip_parse.c. Texts that Rust accepts or rejects: test_ip_rust_vectors.c. */
#include "tests/unit/address_check.h"

TEST(every_port_and_every_larger_number_is_accepted_or_refused)
{
    for (unsigned port = 0; port < 70000; port++) {
        char text[64];
        snprintf(text, sizeof text, port & 1 ? "1.2.3.4:%u" : "[::1]:%u", port);
        check_parsers(text);
    }
}

TEST(a_number_of_any_length_is_read_to_its_end)
{
    static char text[70000];
    fer_socket_addr addr;
    memset(text, '0', sizeof text);
    memcpy(text, "1.2.3.4:", 8);
    memcpy(text + sizeof text - 6, "65535", 6);
    assert_true(is_success(fer_socket_addr_parse(&addr, text)));
    assert_int_equal(addr.port, 65535);
    memcpy(text + sizeof text - 6, "65536", 6);
    assert_true(is_refusal(fer_socket_addr_parse(&addr, text)));
    memset(text, '9', sizeof text - 1);
    memcpy(text, "1.2.3.4:", 8);
    assert_true(is_refusal(fer_socket_addr_parse(&addr, text)));
}

TEST(a_parsed_address_sets_every_member)
{
    fer_socket_addr addr;
    memset(&addr, UNTOUCHED, sizeof addr);
    assert_true(is_success(fer_socket_addr_parse(&addr, "[fe80::1:2%4294967295]:00443")));
    assert_int_equal(addr.ip.family, FER_IP_V6);
    assert_int_equal(addr.ip.u.v6.octets[0], 0xFE);
    assert_int_equal(addr.ip.u.v6.octets[15], 2);
    assert_int_equal(addr.port, 443);
    assert_int_equal(addr.flowinfo, 0);
    assert_true(addr.scope_id == UINT32_MAX);
    memset(&addr, UNTOUCHED, sizeof addr);
    assert_true(is_success(fer_socket_addr_parse(&addr, "10.20.30.40:65535")));
    assert_int_equal(addr.ip.family, FER_IP_V4);
    assert_int_equal(addr.ip.u.v4.octets[0], 10);
    assert_int_equal(addr.ip.u.v4.octets[3], 40);
    assert_int_equal(addr.ip.u.v6.octets[4], 0); /* the remaining bytes of the union */
    assert_int_equal(addr.ip.u.v6.octets[15], 0);
    assert_int_equal(addr.port, 65535);
    assert_int_equal(addr.flowinfo, 0);
    assert_int_equal(addr.scope_id, 0);
}

TEST_MAIN("socket_addr_parse")
