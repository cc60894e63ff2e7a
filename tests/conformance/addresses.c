/* addresses.c: rules A1 and A2: parsing and formatting of addresses, a test for each sentence. The
 * unit tests cover every octet, every position of "::" and all round trips. For names (A3, A4):
 * names.c. */
#include "support/fixture.h"

static bool parses_v4(const char *text)
{
    fer_ipv4_addr addr = {{9, 9, 9, 9}};
    fer_error error = fer_ipv4_addr_parse(&addr, text);
    fer_ip_addr either;
    assert_true(error.kind == FER_OK || (error.kind == FER_INVALID_INPUT && error.os_code == 0));
    assert_true(error.kind == FER_OK || memcmp(addr.octets, "\x9\x9\x9\x9", 4) == 0);
    if (error.kind == FER_OK) {
        assert_ok(fer_ip_addr_parse(&either, text));
    }
    return error.kind == FER_OK;
}

static bool parses_v6(const char *text)
{
    fer_ipv6_addr addr;
    memset(&addr, 9, sizeof addr);
    fer_ipv6_addr untouched = addr;
    fer_error error = fer_ipv6_addr_parse(&addr, text);
    assert_true(error.kind == FER_OK || (error.kind == FER_INVALID_INPUT && error.os_code == 0));
    assert_true(error.kind == FER_OK || fer_ipv6_addr_eq(addr, untouched));
    return error.kind == FER_OK;
}

static bool parses_socket(const char *text)
{
    fer_socket_addr addr;
    memset(&addr, 9, sizeof addr);
    fer_socket_addr untouched = addr;
    fer_error error = fer_socket_addr_parse(&addr, text);
    assert_true(error.kind == FER_OK || (error.kind == FER_INVALID_INPUT && error.os_code == 0));
    assert_true(error.kind == FER_OK || memcmp(&addr, &untouched, sizeof addr) == 0);
    return error.kind == FER_OK;
}

static void check_all(const char *const *texts, bool (*parses)(const char *text), bool wanted)
{
    for (; *texts != NULL; texts++) {
        if (parses(*texts) != wanted) {
            print_error("\"%s\" is %s\n", *texts, wanted ? "refused" : "taken");
            fail();
        }
    }
}

/* A1: "no leading zeros in IPv4, no white space, no names". */
RULE_TEST("A1", ipv4_text_is_four_decimal_numbers)
{
    static const char *const good[] = {"0.0.0.0", "1.2.3.4", "255.255.255.255", "9.99.199.249",
                                       NULL};
    static const char *const bad[] = {"",           ".",          "1",
                                      "1.2",        "1.2.3",      "1.2.3.",
                                      ".1.2.3",     "1..2.3",     "1.2.3.4.",
                                      "1.2.3.4.5",  "256.0.0.0",  "0.0.0.256",
                                      "0.0.0.999",  "0.0.0.1000", "01.2.3.4",
                                      "1.2.3.04",   "00.0.0.0",   "1.2.3.4 ",
                                      " 1.2.3.4",   "1. 2.3.4",   "+1.2.3.4",
                                      "-1.2.3.4",   "0x1.2.3.4",  "127.1",
                                      "2130706433", "localhost",  "1.2.3.4\n",
                                      "1.2.3.4:80", "1.2.3.4%1",  "[1.2.3.4]",
                                      "1,2,3,4",    "1.2.3.a",    "\xd9\xa1.2.3.4",
                                      NULL};
    check_all(good, parses_v4, true);
    check_all(bad, parses_v4, false);
}

/* A1: groups of 1 to 4 hexadecimal digits, `::` once, for one or more groups of zeros, and IPv4 at
 * the end only. */
RULE_TEST("A1", ipv6_text_is_groups_with_one_gap_and_ipv4_at_the_end)
{
    static const char *const good[] = {"::",
                                       "::1",
                                       "1::",
                                       "1:2:3:4:5:6:7:8",
                                       "1:2:3:4:5:6:7::",
                                       "::2:3:4:5:6:7:8",
                                       "1:2:3::5:6:7:8",
                                       "0001:0002::ABCD",
                                       "::1.2.3.4",
                                       "::ffff:255.255.255.255",
                                       "1:2:3:4:5:6:1.2.3.4",
                                       "1:2:3:4:5::1.2.3.4",
                                       "abcd:EF01::",
                                       NULL};
    static const char *const bad[] = {"",
                                      ":",
                                      ":::",
                                      "1",
                                      "1:2",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8:",
                                      ":1:2:3:4:5:6:7:8",
                                      "1::2::3",
                                      "::1::",
                                      "1:2:3:4::5:6:7:8",
                                      "1:2:3:4:5:6:7:8::",
                                      "12345::",
                                      "00001::",
                                      "g::",
                                      "::1.2.3",
                                      "::1.2.3.4.5",
                                      "::1.2.3.04",
                                      "1.2.3.4::",
                                      "::1.2.3.4:1",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "::1 ",
                                      " ::1",
                                      "::+1",
                                      "::-1",
                                      "::0x1",
                                      "::1%1",
                                      "::1%lo",
                                      "[::1]",
                                      "::1/64",
                                      "::1.256.3.4",
                                      "1:2:3:4:5:6:7::1.2.3.4",
                                      NULL};
    check_all(good, parses_v6, true);
    check_all(bad, parses_v6, false);
}

/* A1: `[addr]:port` or `[addr%scope]:port`; port and scope are decimal numbers in range, leading
 * zeros allowed. */
RULE_TEST("A1", socket_text_is_an_address_and_a_port)
{
    static const char *const good[] = {"1.2.3.4:0",
                                       "1.2.3.4:65535",
                                       "1.2.3.4:00080",
                                       "1.2.3.4:000000000000000000080",
                                       "[::]:0",
                                       "[::1]:65535",
                                       "[fe80::1%0]:1",
                                       "[fe80::1%4294967295]:1",
                                       "[::%0000000000000000007]:1",
                                       "[::1.2.3.4]:1",
                                       NULL};
    static const char *const bad[] = {"",
                                      ":",
                                      ":80",
                                      "1.2.3.4",
                                      "1.2.3.4:",
                                      "1.2.3.4:65536",
                                      "1.2.3.4:99999999999999999999",
                                      "1.2.3.4:+80",
                                      "1.2.3.4:-80",
                                      "1.2.3.4: 80",
                                      "1.2.3.4:80 ",
                                      "1.2.3.4:0x50",
                                      "1.2.3.4:80a",
                                      "1.2.3.4%1:80",
                                      "[1.2.3.4]:80",
                                      "::1:80",
                                      "[::1]",
                                      "[::1]:",
                                      "[::1:80",
                                      "::1]:80",
                                      "[::1]80",
                                      "[::1]:65536",
                                      "[::1%]:80",
                                      "[::1%lo]:80",
                                      "[::1%4294967296]:80",
                                      "[::1%+1]:80",
                                      "[::1%-1]:80",
                                      "[::1%1%1]:80",
                                      "[::1 ]:80",
                                      "[[::1]]:80",
                                      "[]:80",
                                      "localhost:80",
                                      "1.2.3.4:80\n",
                                      NULL};
    check_all(good, parses_socket, true);
    check_all(bad, parses_socket, false);
}

/* A1: "over the whole input, with a length or a NUL": with a length, the bytes after it are not
 * read, and a NUL inside it is an error. */
RULE_TEST("A1", text_by_length_is_the_whole_input)
{
    static const char text[] = "1.2.3.45";
    fer_ipv4_addr v4;
    fer_ipv6_addr v6;
    fer_ip_addr ip;
    fer_socket_addr addr;
    assert_ok(fer_ipv4_addr_parse_n(&v4, text, 7));
    assert_int_equal(v4.octets[3], 4);
    assert_ok(fer_ipv4_addr_parse_n(&v4, text, 8));
    assert_int_equal(v4.octets[3], 45);
    assert_own(fer_ipv4_addr_parse_n(&v4, text, 9), FER_INVALID_INPUT);
    assert_own(fer_ipv4_addr_parse_n(&v4, text, 6), FER_INVALID_INPUT);
    assert_own(fer_ipv4_addr_parse_n(&v4, text, 0), FER_INVALID_INPUT);
    assert_own(fer_ipv4_addr_parse_n(&v4, "1.2\0.3.4", 8), FER_INVALID_INPUT);
    assert_ok(fer_ipv6_addr_parse_n(&v6, "::12", 3));
    assert_int_equal(v6.octets[15], 1);
    assert_own(fer_ipv6_addr_parse_n(&v6, "::1\0", 4), FER_INVALID_INPUT);
    assert_ok(fer_ip_addr_parse_n(&ip, "::12", 4));
    assert_own(fer_ip_addr_parse_n(&ip, "", 0), FER_INVALID_INPUT);
    assert_ok(fer_socket_addr_parse_n(&addr, "[::1]:8080", 8));
    assert_int_equal(addr.port, 80);
    assert_own(fer_socket_addr_parse_n(&addr, "[::1]:80\0", 9), FER_INVALID_INPUT);
}

/* A2: "Formatting is RFC 5952 as Rust prints it": only ::ffff:0:0/96 has dots, and a scope of 0 is
 * left out. */
RULE_TEST("A2", formatting_is_rfc_5952)
{
    static const char *const pairs[][2] = {
        {"0:0:0:0:0:0:0:0", "::"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"1:0:0:0:0:0:0:0", "1::"},
        {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
        {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
        {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
        {"ABCD:EF::", "abcd:ef::"},
        {"0001:0020:0300:4000:5:6:7:8", "1:20:300:4000:5:6:7:8"},
        {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
        {"::ffff:0:0", "::ffff:0.0.0.0"},
        {"::1.2.3.4", "::102:304"},
        {"::fffe:1.2.3.4", "::fffe:102:304"},
        {"1::ffff:1.2.3.4", "1::ffff:102:304"},
        {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
        {"0:1:0:1:0:1:0:1", "0:1:0:1:0:1:0:1"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        fer_ip_addr ip;
        char text[FER_IP_ADDR_TEXT_CAP];
        assert_ok(fer_ip_addr_parse(&ip, pairs[i][0]));
        assert_int_equal(fer_ip_addr_format(ip, text, sizeof text), strlen(pairs[i][1]));
        assert_string_equal(text, pairs[i][1]);
    }
    static const char *const sockets[][2] = {
        {"1.2.3.4:0080", "1.2.3.4:80"},
        {"[::1]:0", "[::1]:0"},
        {"[fe80::1%0]:1", "[fe80::1]:1"},
        {"[fe80::1%007]:1", "[fe80::1%7]:1"},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"},
    };
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        fer_socket_addr addr;
        char text[FER_SOCKET_ADDR_TEXT_CAP];
        assert_ok(fer_socket_addr_parse(&addr, sockets[i][0]));
        assert_int_equal(fer_socket_addr_format(&addr, text, sizeof text), strlen(sockets[i][1]));
        assert_string_equal(text, sockets[i][1]);
    }
}

/* A2: formatting follows snprintf: for every capacity the text is truncated, ends with a NUL, and
 * no byte after the capacity is written. */
RULE_TEST("A2", formatting_never_exceeds_its_capacity)
{
    static const char whole[] = "[fe80::1%4294967295]:65535";
    fer_socket_addr addr;
    assert_ok(fer_socket_addr_parse(&addr, whole));
    for (size_t cap = 0; cap <= sizeof whole + 2; cap++) {
        char text[40];
        memset(text, '#', sizeof text);
        assert_int_equal(fer_socket_addr_format(&addr, cap == 0 ? NULL : text, cap),
                         sizeof whole - 1);
        size_t shown = cap == 0 ? 0 : cap - 1 < sizeof whole - 1 ? cap - 1 : sizeof whole - 1;
        assert_memory_equal(text, whole, shown);
        assert_true(cap == 0 || text[shown] == '\0');
        for (size_t i = cap == 0 ? 0 : shown + 1; i < sizeof text; i++) {
            assert_int_equal(text[i], '#');
        }
    }
}

static uint64_t next_number(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* A2: "Printed text parses back to the same address, without flowinfo." */
RULE_TEST("A2", a_formatted_address_parses_to_the_same_value)
{
    uint64_t seed = 42;
    for (int i = 0; i < 20000; i++) {
        uint16_t segments[8];
        char text[FER_SOCKET_ADDR_TEXT_CAP];
        for (size_t k = 0; k < 8; k++) {
            uint64_t number = next_number(&seed);
            segments[k] = (number & 3) == 0   ? (uint16_t)(number >> 8)
                          : (number & 3) == 1 ? 0xffff
                                              : 0;
        }
        fer_ipv6_addr ip = fer_ipv6_addr_from_segments(segments);
        fer_ipv4_addr v4 = fer_ipv4_addr_from_bits((uint32_t)next_number(&seed) << 1);
        uint16_t port = (uint16_t)next_number(&seed);
        uint32_t scope = (next_number(&seed) & 1) != 0 ? (uint32_t)next_number(&seed) : 0;
        fer_socket_addr addrs[2] = {fer_socket_addr_v4_new(v4, port),
                                    fer_socket_addr_v6_new(ip, port, 0, scope)};
        for (size_t k = 0; k < 2; k++) {
            fer_socket_addr again;
            assert_true(fer_socket_addr_format(&addrs[k], text, sizeof text) < sizeof text);
            assert_ok(fer_socket_addr_parse(&again, text));
            assert_true(fer_socket_addr_eq(&again, &addrs[k]));
        }
    }
}

RULE_TESTS("addresses")
