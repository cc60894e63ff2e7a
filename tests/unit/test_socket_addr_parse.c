/* test_socket_addr_parse.c: parsing ports, scopes and brackets around IP addresses. The addresses
 * themselves: test_ip_parse.c. */
#include "tests/unit/address_check.h"

static const char *const ips[] = {
    "1.2.3.4",           "255.255.255.255", "[::]", "[fe80::1]", "[::ffff:1.2.3.4]",
    "[1:2:3:4:5:6:7:8]", "[1.2.3.4]",       "::1",  "[::1",      "::1]"};

TEST(every_port_and_what_lies_past_the_last_is_judged)
{
    for (unsigned port = 0; port < 70000; port++) {
        char text[64];
        snprintf(text, sizeof text, port & 1 ? "1.2.3.4:%u" : "[::1]:%u", port);
        check_parsers(text);
    }
}

TEST(ports_are_digits_with_any_number_of_zeros_before)
{
    static const char *const ports[] = {"",
                                        ":",
                                        ":0",
                                        ":00000000",
                                        ":1",
                                        ":65535",
                                        ":00065535",
                                        ":65536",
                                        ":00065536",
                                        ":65545",
                                        ":70000",
                                        ":99999",
                                        ":100000",
                                        ":655350",
                                        ":4294967295",
                                        ":4294967296",
                                        ":4294967376",
                                        ":18446744073709551615",
                                        ":18446744073709551616",
                                        ":18446744073709551696",
                                        ":+80",
                                        ":-80",
                                        ":-0",
                                        ": 80",
                                        ":80 ",
                                        ":8 0",
                                        ":8a",
                                        ":a8",
                                        ":0x50",
                                        ":80:",
                                        "::80",
                                        ":80\n",
                                        ":/",
                                        "::",
                                        ":1.",
                                        ".80",
                                        "80",
                                        "%1:80",
                                        "]:80"};
    for (size_t ip = 0; ip < sizeof ips / sizeof ips[0]; ip++) {
        for (size_t port = 0; port < sizeof ports / sizeof ports[0]; port++) {
            char text[96];
            snprintf(text, sizeof text, "%s%s", ips[ip], ports[port]);
            check_parsers(text);
        }
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

TEST(scopes_are_numbers_of_32_bits_on_any_ipv6_address)
{
    static const char *const insides[] = {"fe80::1",        "::",      "1:2:3:4:5:6:7:8",
                                          "::ffff:1.2.3.4", "1.2.3.4", ""};
    static const char *const scopes[] = {"%",
                                         "%0",
                                         "%1",
                                         "%00",
                                         "%0000000000001",
                                         "%4294967294",
                                         "%4294967295",
                                         "%04294967295",
                                         "%4294967296",
                                         "%4294967305",
                                         "%9999999999",
                                         "%10000000000",
                                         "%18446744073709551615",
                                         "%18446744073709551616",
                                         "%18446744073709551617",
                                         "%lo",
                                         "%1a",
                                         "%a1",
                                         "%+1",
                                         "%-1",
                                         "% 1",
                                         "%1 ",
                                         "%1%2",
                                         "%%1",
                                         "%1:",
                                         "1",
                                         "%25lo"};
    for (size_t inside = 0; inside < sizeof insides / sizeof insides[0]; inside++) {
        for (size_t scope = 0; scope < sizeof scopes / sizeof scopes[0]; scope++) {
            char text[96];
            snprintf(text, sizeof text, "[%s%s]:443", insides[inside], scopes[scope]);
            check_parsers(text);
            snprintf(text, sizeof text, "%s%s:443", insides[inside], scopes[scope]);
            check_parsers(text);
        }
    }
}

TEST(what_is_read_stands_in_every_member)
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

TEST(one_changed_byte_is_judged_as_the_grammar_says)
{
    static const char *const texts[] = {"1.2.3.4:80",
                                        "255.255.255.255:65535",
                                        "0.0.0.0:0",
                                        "[::]:0",
                                        "[::1]:80",
                                        "[fe80::1%2]:65535",
                                        "[1:2:3:4:5:6:7:8]:443",
                                        "[::ffff:10.0.0.1]:8",
                                        "[1:2:3:4:5:6:1.2.3.4%4294967295]:1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_every_mutation(texts[i]);
    }
}

TEST(every_part_of_a_text_is_judged_without_a_check_past_its_end)
{
    static const char *const texts[] = {"255.255.255.255:65535",
                                        "[::]:0",
                                        "[fe80::1%4294967295]:65535",
                                        "[abcd:ef01:2345:6789:abcd:ef01:2345:6789%12]:00080",
                                        "[::ffff:255.255.255.255]:1",
                                        "[[[[[[[[",
                                        "]]]]]]]]",
                                        "[%%%%]:",
                                        "host.example.com:80",
                                        "[localhost]:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_every_part(texts[i]);
    }
}

TEST(random_rows_of_the_grammar_s_bytes_are_judged)
{
    static const char *const words[] = {"[", "]",     ":",          "%",       "::",   "1",
                                        "0", "65535", "65536",      "1.2.3.4", "fe80", "ffff",
                                        ".", "]:",    "4294967295", "255",     "256",  ":0"};
    uint64_t seed = 7;
    for (int round = 0; round < 100000; round++) {
        char text[128] = "";
        const unsigned count = (unsigned)(reference_random(&seed) >> 60) % 9;
        for (unsigned i = 0; i < count; i++) {
            strcat(text, words[(reference_random(&seed) >> 33) % (sizeof words / sizeof words[0])]);
        }
        check_parsers(text);
    }
}

TEST_MAIN("socket_addr_parse")
