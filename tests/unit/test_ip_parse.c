/* test_ip_parse.c: parsing IP and socket addresses: every octet text, every form of IPv6, ports,
 * and texts with small changes, each checked as the harness checks a text (fuzz_addr_parse.c).
 * Beside Rust's std::net: fuzz/harnesses/fuzz_addr_vs_rust.c. */
#include "fuzz/harnesses/fuzz_addr_parse.c"

#include "core/address/address_text.h"
#include "support/group.h"

static void check_parsers_n(const char *text, size_t len)
{
    (void)LLVMFuzzerTestOneInput((const uint8_t *)text, len);
}

static void check_parsers(const char *text)
{
    check_parsers_n(text, strlen(text));
}

TEST(every_octet_text_is_accepted_or_refused_in_every_position)
{
    static const char *const formats[] = {"%s.2.3.4",    "1.%s.3.4",        "1.2.%s.4",
                                          "1.2.3.%s",    "::ffff:%s.2.3.4", "::1.2.3.%s",
                                          "%s.2.3.4:80", "1.2.3.%s:80"};
    static const char *const zeros[] = {"", "0", "00", "000"};
    for (unsigned value = 0; value < 1000; value++) {
        for (size_t zero = 0; zero < 4; zero++) {
            for (size_t format = 0; format < sizeof formats / sizeof formats[0]; format++) {
                char octet[16];
                char text[64];
                snprintf(octet, sizeof octet, "%s%u", zeros[zero], value);
                snprintf(text, sizeof text, formats[format], octet);
                check_parsers(text);
            }
        }
    }
}

/* Most of these texts are too short for an IPv4 address, but not for an IPv6 one, and they detect a
 * loop that runs past the end. */
TEST(every_short_row_of_digits_and_dots_is_accepted_or_refused)
{
    static const char alphabet[] = {'0', '1', '.', ':'};
    for (size_t len = 0; len <= 7; len++) {
        for (unsigned long row = 0; row < 1ul << (2 * len); row++) {
            char text[16];
            for (size_t i = 0; i < len; i++) {
                text[i] = alphabet[row >> (2 * i) & 3];
            }
            text[len] = '\0';
            check_parsers(text);
        }
    }
}

/* Writes `count` groups separated by single colons. The first group is `first`, and each next one
 * is 0x111 larger. */
static size_t write_groups(char *text, size_t count, unsigned first)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len +=
            (size_t)snprintf(text + len, 8, "%s%x", i > 0 ? ":" : "", first + (unsigned)i * 0x111);
    }
    return len;
}

TEST(the_double_colon_stands_anywhere_for_one_group_or_more)
{
    static const char *const middles[] = {"::", ":", ":::", "::::", "", "::0::", ":0:", "::0:"};
    static const char *const tails[] = {"",           ":",          "::",        "1.2.3.4",
                                        ":1.2.3.4",   "::1.2.3.4",  ":1.2.3",    ".1",
                                        ":1.2.3.4:5", ":256.1.1.1", ":1.2.3.4.5"};
    for (size_t left = 0; left <= 9; left++) {
        for (size_t right = 0; right <= 9; right++) {
            for (size_t middle = 0; middle < sizeof middles / sizeof middles[0]; middle++) {
                for (size_t tail = 0; tail < sizeof tails / sizeof tails[0]; tail++) {
                    char text[160];
                    size_t len = write_groups(text, left, 1);
                    len += (size_t)snprintf(text + len, 8, "%s", middles[middle]);
                    len += write_groups(text + len, right, 0xA);
                    snprintf(text + len, 16, "%s", tails[tail]);
                    check_parsers(text);
                }
            }
        }
    }
}

TEST(a_group_has_one_to_four_digits_of_either_case)
{
    static const char *const formats[] = {
        "%s::",    "::%s",        "1:%s:3:4:5:6:7:8", "1:2:3:4:5:6:7:%s", "%s:2:3:4:5:6:7:8",
        "1::%s:8", "::%s:1.2.3.4"};
    static const char *const groups[] = {
        "",    "0",    "f",    "F",    "a0",    "0A",    "00",    "abc",   "CBA",
        "000", "dEaD", "0000", "ffff", "FFFF",  "00000", "12345", "fffff", "000001",
        "g",   "1g",   "12g",  "123g", "1234g", "/",     ":",     "@",     "G",
        "`",   "1/",   "1@",   "12@",  "123@",  "123`",  "-1",    "+1",    " 1"};
    for (size_t format = 0; format < sizeof formats / sizeof formats[0]; format++) {
        for (size_t group = 0; group < sizeof groups / sizeof groups[0]; group++) {
            char text[64];
            snprintf(text, sizeof text, formats[format], groups[group]);
            check_parsers(text);
        }
    }
}

TEST(an_embedded_ipv4_address_is_the_last_item_only)
{
    for (size_t position = 0; position <= 8; position++) {
        for (size_t count = position; count <= 9; count++) {
            for (size_t gap = 0; gap <= 9; gap++) {
                char text[128];
                size_t len = 0;
                for (size_t i = 0; i <= count; i++) {
                    const char *colon = i == gap ? "::" : i > 0 ? ":" : "";
                    len += (size_t)snprintf(text + len, 16, "%s%s", colon,
                                            i == position ? "9.8.7.6" : "c");
                }
                check_parsers(text);
            }
        }
    }
}

/* Calls check for each text of a list. A blank ends each. */
static void check_each(const char *texts, void (*check)(const char *text))
{
    for (size_t len = 0; *texts != '\0'; texts += len + 1) {
        char text[128];
        len = strcspn(texts, " ");
        memcpy(text, texts, len);
        text[len] = '\0';
        check(text);
    }
}

/* Checks the text with each byte replaced by every byte value, with every byte value inserted at
 * each position, and with each byte removed. */
static void check_every_mutation(const char *text)
{
    const size_t len = strlen(text);
    char changed[128];
    for (size_t at = 0; at <= len; at++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(changed, text, at);
            changed[at] = (char)byte;
            memcpy(changed + at + 1, text + at, len - at);
            check_parsers_n(changed, len + 1); /* inserted */
            if (at < len) {
                memcpy(changed, text, len);
                changed[at] = (char)byte;
                check_parsers_n(changed, len); /* replaced */
            }
        }
        if (at < len) {
            memcpy(changed, text, at);
            memcpy(changed + at, text + at + 1, len - at - 1);
            check_parsers_n(changed, len - 1); /* removed */
        }
    }
}

TEST(one_changed_byte_is_accepted_or_refused_by_the_grammar)
{
    check_each("0.0.0.0 127.0.0.1 12.34.56.78 255.249.100.199 :: ::1 1:: fe80::1:2 1:2:3:4:5:6:7:8 "
               "ABCD:ef01:2345:6789:abcd:EF01:2345:6789 ::ffff:255.10.0.1 "
               "1:2:3:4:5:6:77.88.99.100 1:2:3::6:7:8 "
               "1.2.3.4:80 255.255.255.255:65535 0.0.0.0:0 [::]:0 [::1]:80 [fe80::1%2]:65535 "
               "[1:2:3:4:5:6:7:8]:443 [::ffff:10.0.0.1]:8 [1:2:3:4:5:6:1.2.3.4%4294967295]:1 ",
               check_every_mutation);
}

/* Checks every prefix and every suffix of the text. */
static void check_every_part(const char *text)
{
    const size_t len = strlen(text);
    for (size_t i = 0; i <= len; i++) {
        check_parsers_n(text, i);
        check_parsers_n(text + i, len - i);
    }
}

TEST(every_part_of_a_text_is_parsed_without_a_read_past_its_end)
{
    check_each("255.255.255.255 1.2.3.4.5.6.7.8.9 12345678901234567890 ................ "
               "::ffff:255.255.255.255 abcd:ef01:2345:6789:abcd:ef01:2345:6789 "
               "abcd:ef01:2345:6789:abcd:ef01:123.123.123.123 1::2:3:4:5:6:7 ::1:2:3:4:5:6:7 "
               "1:2:3:4:5:6:7:: :::::::::::::::: host.example.com 1.2.3.4:65535 "
               "255.255.255.255:65535 [::]:0 [fe80::1%4294967295]:65535 "
               "[abcd:ef01:2345:6789:abcd:ef01:2345:6789%12]:00080 [::ffff:255.255.255.255]:1 "
               "[[[[[[[[ ]]]]]]]] [%%%%]: host.example.com:80 [localhost]:80 ",
               check_every_part);
}

TEST(no_byte_of_an_empty_text_is_read)
{
    fer_socket_addr addr;
    char *block = malloc(1);
    assert_non_null(block);
    assert_true(is_refusal(fer_ipv4_addr_parse_n(&addr.ip.u.v4, block + 1, 0)));
    assert_true(is_refusal(fer_ipv6_addr_parse_n(&addr.ip.u.v6, block + 1, 0)));
    assert_true(is_refusal(fer_ip_addr_parse_n(&addr.ip, block + 1, 0)));
    assert_true(is_refusal(fer_socket_addr_parse_n(&addr, block + 1, 0)));
    free(block);
}

TEST(a_nul_inside_the_length_is_refused)
{
    static const char text[] = "1.2.3.4\0::1\0";
    fer_ip_addr addr;
    assert_true(is_success(fer_ip_addr_parse(&addr, text)));
    assert_true(is_success(fer_ip_addr_parse_n(&addr, text, 7)));
    for (size_t begin = 0; begin < sizeof text; begin++) {
        for (size_t end = begin; end <= sizeof text; end++) {
            check_parsers_n(text + begin, end - begin);
        }
    }
    assert_true(is_refusal(fer_ip_addr_parse_n(&addr, text, 8)));
}

TEST(every_port_is_written_and_read_and_every_larger_number_refused)
{
    for (unsigned port = 0; port < 70000; port++) {
        fer_socket_addr addr;
        char text[FER_SOCKET_ADDR_TEXT_CAP], written[FER_SOCKET_ADDR_TEXT_CAP];
        snprintf(text, sizeof text, port & 1 ? "1.2.3.4:%u" : "[::1]:%u", port);
        check_parsers(text);
        if (is_success(fer_socket_addr_parse(&addr, text))) {
            fer_socket_addr_format(&addr, written, sizeof written);
            assert_string_equal(written, text);
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

TEST_MAIN("ip_parse")
