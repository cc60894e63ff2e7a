/* test_ip_rust_vectors.c: compares ferrule's results with results recorded from Rust's std::net. */
#include "tests/unit/address_check.h"
#include "tests/unit/rust_address_vectors.h"

enum {
    TEXTS = sizeof rust_texts / sizeof rust_texts[0],
    V4S = sizeof rust_v4s / sizeof rust_v4s[0],
    V6S = sizeof rust_v6s / sizeof rust_v6s[0]
};

static void octets_of(const char *hex, uint8_t out[16])
{
    for (size_t i = 0; i < strlen(hex) / 2; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static fer_ipv6_addr v6_of(size_t row)
{
    fer_ipv6_addr addr = FER_IPV6_ADDR_UNSPECIFIED;
    for (size_t i = 0; i < 16; i++) {
        addr.octets[i] = (uint8_t)(rust_v6s[row].groups[i / 2] >> (i % 2 == 0 ? 8 : 0));
    }
    return addr;
}

TEST(the_reference_and_the_parsers_answer_every_text_as_rust_does)
{
    for (size_t i = 0; i < TEXTS; i++) {
        const struct rust_text *row = &rust_texts[i];
        uint8_t octets[16] = {0};
        fer_ip_addr ip;
        fer_socket_addr addr;
        octets_of(row->octets, octets);
        memset(&ip, UNTOUCHED, sizeof ip);
        memset(&addr, UNTOUCHED, sizeof addr);
        const wanted_socket wanted = {row->answer == RUST_SOCKET_V4 ? octets : NULL,
                                      row->answer == RUST_SOCKET_V6 ? octets : NULL, row->port,
                                      row->scope_id};
        const fer_error ip_error = fer_ip_addr_parse_n(&ip, row->text, row->len);
        const fer_error socket_error = fer_socket_addr_parse_n(&addr, row->text, row->len);
        check_true(is_ip_answer(ip_error, &ip, row->answer == RUST_IP_V4 ? octets : NULL,
                                row->answer == RUST_IP_V6 ? octets : NULL),
                   "as Rust's IpAddr", row->text, row->len);
        check_true(is_socket_answer(socket_error, &addr, &wanted), "as Rust's SocketAddr",
                   row->text, row->len);
        check_parsers_n(row->text, row->len);
    }
}

TEST(every_text_is_shown_as_rust_shows_it)
{
    for (size_t i = 0; i < TEXTS; i++) {
        const struct rust_text *row = &rust_texts[i];
        char text[FER_SOCKET_ADDR_TEXT_CAP] = "";
        fer_ip_addr ip;
        fer_socket_addr addr;
        if (is_success(fer_ip_addr_parse_n(&ip, row->text, row->len))) {
            assert_int_equal(fer_ip_addr_format(ip, text, sizeof text), strlen(row->shown));
        } else if (is_success(fer_socket_addr_parse_n(&addr, row->text, row->len))) {
            assert_int_equal(fer_socket_addr_format(&addr, text, sizeof text), strlen(row->shown));
        }
        assert_string_equal(text, row->shown);
    }
}

TEST(ipv4_addresses_at_the_edges_of_ranges_are_classified_and_shown_as_in_rust)
{
    for (size_t i = 0; i < V4S; i++) {
        const fer_ipv4_addr addr = fer_ipv4_addr_from_bits(rust_v4s[i].bits);
        const fer_ip_addr ip = fer_ip_addr_from_v4(addr);
        const fer_ip_addr canonical = fer_ip_addr_to_canonical(ip);
        const unsigned is = (unsigned)fer_ipv4_addr_is_unspecified(addr) |
                            (unsigned)fer_ipv4_addr_is_loopback(addr) << 1 |
                            (unsigned)fer_ipv4_addr_is_private(addr) << 2 |
                            (unsigned)fer_ipv4_addr_is_link_local(addr) << 3 |
                            (unsigned)fer_ipv4_addr_is_multicast(addr) << 4 |
                            (unsigned)fer_ipv4_addr_is_broadcast(addr) << 5 |
                            (unsigned)fer_ipv4_addr_is_documentation(addr) << 6;
        check_true(is == rust_v4s[i].is, "what it is", rust_v4s[i].shown,
                   strlen(rust_v4s[i].shown));
        assert_int_equal(fer_ip_addr_is_unspecified(ip), is & 1);
        assert_int_equal(fer_ip_addr_is_loopback(ip), is >> 1 & 1);
        assert_int_equal(fer_ip_addr_is_multicast(ip), is >> 4 & 1);
        assert_true(fer_ip_addr_eq(canonical, ip));
        const fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(addr);
        const fer_ipv6_addr compatible = fer_ipv4_addr_to_ipv6_compatible(addr);
        char text[FER_IPV6_ADDR_TEXT_CAP];
        fer_ipv4_addr_format(addr, text, sizeof text);
        assert_string_equal(text, rust_v4s[i].shown);
        assert_int_equal(fer_ipv6_addr_format(mapped, text, sizeof text),
                         strlen(rust_v4s[i].shown) + 7);
        assert_memory_equal(text, "::ffff:", 7);
        assert_string_equal(text + 7, rust_v4s[i].shown);
        fer_ipv6_addr_format(compatible, text, sizeof text);
        assert_string_equal(text, rust_v4s[i].compatible);
        assert_true(fer_ipv4_addr_to_bits(addr) == rust_v4s[i].bits);
    }
}

/* Checks that the same IPv4 address was extracted as by Rust. An empty text is Rust's None. */
static void check_extracted(bool is_extracted, const fer_ipv4_addr *v4, const char *wanted)
{
    char text[FER_IPV4_ADDR_TEXT_CAP] = "";
    if (is_extracted) {
        fer_ipv4_addr_format(*v4, text, sizeof text);
    } else {
        assert_true(is_untouched(v4, sizeof *v4));
    }
    assert_string_equal(text, wanted);
}

TEST(ipv6_addresses_at_the_edges_of_ranges_are_classified_and_shown_as_in_rust)
{
    for (size_t i = 0; i < V6S; i++) {
        const fer_ipv6_addr addr = v6_of(i);
        const fer_ip_addr ip = fer_ip_addr_from_v6(addr);
        const fer_ip_addr canonical = fer_ipv6_addr_to_canonical(addr);
        const fer_ip_addr canonical_ip = fer_ip_addr_to_canonical(ip);
        char text[FER_IPV6_ADDR_TEXT_CAP];
        fer_ipv4_addr v4;
        const unsigned is = (unsigned)fer_ipv6_addr_is_unspecified(addr) |
                            (unsigned)fer_ipv6_addr_is_loopback(addr) << 1 |
                            (unsigned)fer_ipv6_addr_is_multicast(addr) << 2 |
                            (unsigned)fer_ipv6_addr_is_unique_local(addr) << 3 |
                            (unsigned)fer_ipv6_addr_is_unicast_link_local(addr) << 4;
        check_true(is == rust_v6s[i].is, "what it is", rust_v6s[i].shown,
                   strlen(rust_v6s[i].shown));
        assert_int_equal(fer_ip_addr_is_unspecified(ip), is & 1);
        assert_int_equal(fer_ip_addr_is_loopback(ip), is >> 1 & 1);
        assert_int_equal(fer_ip_addr_is_multicast(ip), is >> 2 & 1);
        fer_ipv6_addr_format(addr, text, sizeof text);
        assert_string_equal(text, rust_v6s[i].shown);
        memset(&v4, UNTOUCHED, sizeof v4);
        bool is_extracted = fer_ipv6_addr_to_ipv4(addr, &v4);
        check_extracted(is_extracted, &v4, rust_v6s[i].ipv4);
        memset(&v4, UNTOUCHED, sizeof v4);
        is_extracted = fer_ipv6_addr_to_ipv4_mapped(addr, &v4);
        check_extracted(is_extracted, &v4, rust_v6s[i].ipv4_mapped);
        fer_ip_addr_format(canonical, text, sizeof text);
        assert_string_equal(text, rust_v6s[i].canonical);
        assert_true(fer_ip_addr_eq(canonical, canonical_ip));
        assert_true(i == 0 || fer_ipv6_addr_cmp(v6_of(i - 1), addr) == -1); /* they are sorted */
    }
}

TEST_MAIN("ip_rust_vectors")
