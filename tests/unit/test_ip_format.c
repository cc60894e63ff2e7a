/* test_ip_format.c: formatting IP addresses: RFC 5952 as Rust applies it, with every buffer size,
 * and parsing the result. */
#include "tests/unit/address_check.h"
#include "tests/unit/format_check.h"

static size_t format_v4(const void *addr, char *buf, size_t cap)
{
    return fer_ipv4_addr_format(*(const fer_ipv4_addr *)addr, buf, cap);
}

static size_t format_v6(const void *addr, char *buf, size_t cap)
{
    return fer_ipv6_addr_format(*(const fer_ipv6_addr *)addr, buf, cap);
}

static size_t format_ip(const void *addr, char *buf, size_t cap)
{
    return fer_ip_addr_format(*(const fer_ip_addr *)addr, buf, cap);
}

/* Checks both functions that format an IPv4 address, with every buffer size. */
static void check_v4(uint32_t bits, const char *wanted)
{
    const fer_ipv4_addr v4 = fer_ipv4_addr_from_bits(bits);
    const fer_ip_addr ip = fer_ip_addr_from_v4(v4);
    check_format_at_every_cap(format_v4, &v4, wanted);
    check_format_at_every_cap(format_ip, &ip, wanted);
}

static void check_v6(const fer_ipv6_addr *v6, const char *wanted)
{
    const fer_ip_addr ip = fer_ip_addr_from_v6(*v6);
    check_format_at_every_cap(format_v6, v6, wanted);
    check_format_at_every_cap(format_ip, &ip, wanted);
}

TEST(every_octet_is_written_in_every_position_at_every_cap)
{
    for (unsigned octet = 0; octet < 256; octet++) {
        for (unsigned position = 0; position < 4; position++) {
            for (unsigned other = 0; other < 3; other++) {
                static const unsigned others[] = {7, 42, 199};
                unsigned octets[4] = {others[other], others[(other + 1) % 3],
                                      others[(other + 2) % 3], others[other]};
                char wanted[32];
                octets[position] = octet;
                snprintf(wanted, sizeof wanted, "%u.%u.%u.%u", octets[0], octets[1], octets[2],
                         octets[3]);
                check_v4(octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3], wanted);
            }
        }
    }
}

/* A simple implementation of RFC 5952: compresses the first of the longest runs of two or more zero
 * groups. */
static void write_slowly(const uint16_t group[8], char *text)
{
    size_t best = 0;
    size_t best_len = 1;
    size_t len = 0;
    for (size_t begin = 0; begin < 8; begin++) {
        size_t run = 0;
        while (begin + run < 8 && group[begin + run] == 0) {
            run++;
        }
        if (run > best_len) {
            best = begin;
            best_len = run;
        }
    }
    text[0] = '\0';
    for (size_t i = 0; i < 8; i++) {
        if (best_len > 1 && i == best) {
            len += (size_t)snprintf(text + len, 3, "::");
            i += best_len - 1;
        } else {
            len += (size_t)snprintf(text + len, 8, "%s%x",
                                    len > 0 && text[len - 1] != ':' ? ":" : "", group[i]);
        }
    }
}

TEST(every_pattern_of_zero_groups_is_compressed_as_in_rfc_5952)
{
    static const uint16_t values[] = {0x1, 0xFF, 0xABC, 0xFFFF, 0x10, 0x1000};
    for (unsigned zeros = 0; zeros < 256; zeros++) {
        for (size_t first = 0; first < 6; first++) {
            uint16_t group[8];
            char wanted[64];
            for (size_t i = 0; i < 8; i++) {
                group[i] = zeros >> i & 1 ? 0 : values[(first + i) % 6];
            }
            if ((zeros & 0x3F) == 0x1F && group[5] == 0xFFFF) {
                continue; /* a mapped address has its own test */
            }
            const fer_ipv6_addr addr = fer_ipv6_addr_from_segments(group);
            write_slowly(group, wanted);
            check_v6(&addr, wanted);
        }
    }
}

TEST(every_group_is_written_without_leading_zeros_in_lower_case)
{
    for (unsigned value = 1; value <= 0xFFFF; value++) {
        const fer_ipv6_addr addr = fer_ipv6_addr_new((uint16_t)value, 1, 2, 3, 4, 5,
                                                     (uint16_t)(value ^ 0xFFFF), (uint16_t)value);
        char wanted[64];
        char text[FER_IPV6_ADDR_TEXT_CAP];
        snprintf(wanted, sizeof wanted, "%x:1:2:3:4:5:%x:%x", value, value ^ 0xFFFF, value);
        assert_int_equal(fer_ipv6_addr_format(addr, text, sizeof text), strlen(wanted));
        assert_string_equal(text, wanted);
    }
}

TEST(only_mapped_addresses_have_dots)
{
    static const struct {
        uint16_t groups[8];
        const char *text;
    } rows[] = {
        {{0, 0, 0, 0, 0, 0xFFFF, 0x0A14, 0x1E28}, "::ffff:10.20.30.40"},
        {{0, 0, 0, 0, 0, 0xFFFF, 0xFFFF, 0xFFFF}, "::ffff:255.255.255.255"},
        {{0, 0, 0, 0, 0, 0xFFFF, 0, 0}, "::ffff:0.0.0.0"},
        {{0, 0, 0, 0, 0, 0, 0x0102, 0x0304}, "::102:304"},
        {{0, 0, 0, 0, 0xFFFF, 0, 0x0102, 0x0304}, "::ffff:0:102:304"},
        {{0, 0, 0, 0, 0, 0xFFFE, 0x0102, 0x0304}, "::fffe:102:304"},
        {{1, 0, 0, 0, 0, 0xFFFF, 0x0102, 0x0304}, "1::ffff:102:304"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const fer_ipv6_addr addr = fer_ipv6_addr_from_segments(rows[i].groups);
        check_v6(&addr, rows[i].text);
    }
}

TEST(the_longest_text_fits_its_cap_exactly)
{
    const fer_ipv6_addr addr =
        fer_ipv6_addr_new(0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF);
    char text[FER_IPV6_ADDR_TEXT_CAP];
    assert_int_equal(fer_ipv6_addr_format(addr, text, sizeof text), FER_IPV6_ADDR_TEXT_CAP - 1);
    check_v6(&addr, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    check_v4(0xFFFFFFFF, "255.255.255.255");
    assert_int_equal(strlen("255.255.255.255"), FER_IPV4_ADDR_TEXT_CAP - 1);
    assert_int_equal(FER_IP_ADDR_TEXT_CAP, FER_IPV6_ADDR_TEXT_CAP);
}

TEST_MAIN("ip_format")
