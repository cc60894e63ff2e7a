/* test_host_port.c: splitting "host:port" text, and which hosts are UTF-8 text (rule A3). */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/address/address_text.h"
#include "support/group.h"

static void check_splits(const char *text, const char *host, uint16_t port)
{
    feri_host_port got = {NULL, 0, 0};
    fer_error error = feri_host_port_split(&got, text);
    if (error.kind != FER_OK || got.port != port || got.host_len != strlen(host) ||
        memcmp(got.host, host, got.host_len) != 0) {
        fail_msg("\"%s\" is not split into \"%s\" and %d", text, host, (int)port);
    }
    assert_true(got.host >= text && got.host + got.host_len <= text + strlen(text));
}

/* A refused text does not change the output. */
static void check_refused(const char *text)
{
    feri_host_port got = {"before", 6, 7};
    fer_error error = feri_host_port_split(&got, text);
    if (error.kind != FER_INVALID_INPUT || error.os_code != 0) {
        fail_msg("\"%s\" is not refused", text);
    }
    assert_string_equal(got.host, "before");
    assert_int_equal(got.host_len, 6);
    assert_int_equal(got.port, 7);
}

/* A blank ends each text. */
static void check_each_refused(const char *texts)
{
    for (size_t len = 0; *texts != '\0'; texts += len + 1) {
        char text[64] = "";
        len = strcspn(texts, " ");
        memcpy(text, texts, len);
        check_refused(text);
    }
}

TEST(the_last_colon_parts_host_and_port)
{
    check_splits("localhost:80", "localhost", 80);
    check_splits("a:1", "a", 1);
    check_splits("::1:80", "::1", 80);
    check_splits("a:b:80", "a:b", 80);
    check_splits("fe80::1%lo:80", "fe80::1%lo", 80);
    check_splits("127.1:80", "127.1", 80);
    check_splits("::80", ":", 80);
    check_splits(":::80", "::", 80);
}

TEST(text_without_a_colon_a_host_or_a_port_is_refused)
{
    check_each_refused(": :: :80 localhost localhost: 80 [::1] ");
    check_refused("");
}

TEST(a_port_is_decimal_digits_up_to_65535)
{
    check_splits("h:0", "h", 0);
    check_splits("h:1", "h", 1);
    check_splits("h:9", "h", 9);
    check_splits("h:65535", "h", 65535);
    check_splits("h:00000000000000000000080", "h", 80);
    check_splits("h:000000000000065535", "h", 65535);
    check_each_refused("h:65536 h:70000 h:99999 h:655350 h:4294967296 h:4294967376 "
                       "h:18446744073709551696 h:99999999999999999999999999999999999999999 ");
}

TEST(a_port_with_any_other_byte_is_refused)
{
    char text[] = "h:8?0";
    for (int byte = 1; byte < 256; byte++) {
        bool is_digit = byte >= '0' && byte <= '9';
        if (is_digit || byte == ':') {
            continue;
        }
        text[3] = (char)byte;
        check_refused(text);
    }
    check_each_refused("h:+80 h:-80 h:0x50 ");
    check_refused("h: 80");
    check_refused("h:80 ");
}

TEST(brackets_are_taken_off_a_host_with_a_colon_only)
{
    check_splits("[::1]:80", "::1", 80);
    check_splits("[fe80::1%eth0]:80", "fe80::1%eth0", 80);
    check_splits("[:]:80", ":", 80);
    check_splits("[a:]:80", "a:", 80);
    check_splits("[:a]:80", ":a", 80);
    check_splits("[localhost]:80", "[localhost]", 80);
    check_splits("[]:80", "[]", 80);
    check_splits("[::1:80", "[::1", 80);
    check_splits("::1]:80", "::1]", 80);
    check_splits("[[::1]]:80", "[::1]", 80);
    check_splits("[::1]x:80", "[::1]x", 80);
    check_splits("x[::1]:80", "x[::1]", 80);
    check_splits("[:80", "[", 80);
    check_splits("]:80", "]", 80);
}

TEST(nothing_behind_the_end_of_the_text_is_checked)
{
    check_splits("h:80\0:90", "h", 80);
    check_refused("h\0:90");
}

TEST(a_very_long_text_is_split_too)
{
    const size_t len = 1000000;
    char *text = malloc(len + 4);
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text + len, ":80", 4);
    feri_host_port got;
    assert_int_equal(feri_host_port_split(&got, text).kind, FER_OK);
    assert_ptr_equal(got.host, text);
    assert_int_equal(got.host_len, len);
    assert_int_equal(got.port, 80);
    memset(text + 1, '0', len - 1);
    text[1] = ':';
    text[len] = '7';
    text[len + 1] = '\0';
    assert_int_equal(feri_host_port_split(&got, text).kind, FER_OK);
    assert_int_equal(got.host_len, 1);
    assert_int_equal(got.port, 7);
    free(text);
}

/* ---- UTF-8, against its definition: a scalar value in as few bytes as possible, no surrogate, and
 * at most U+10FFFF. */

static size_t encode(uint32_t scalar, uint8_t bytes[4])
{
    if (scalar < 0x80) {
        bytes[0] = (uint8_t)scalar;
        return 1;
    }
    size_t len = scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
    for (size_t i = len; i > 1; i--, scalar >>= 6) {
        bytes[i - 1] = (uint8_t)(0x80 | (scalar & 0x3f));
    }
    bytes[0] = (uint8_t)(0xf00u >> len | scalar);
    return len;
}

static bool is_utf_8(const uint8_t *bytes, size_t len)
{
    /* A block of its own, so that the address sanitizer detects a read past the end. */
    char *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    bool answer = feri_host_is_utf_8(copy, len);
    free(copy);
    return answer;
}

TEST(every_character_is_utf_8_and_no_part_of_one)
{
    for (uint32_t scalar = 0; scalar < 0x110000; scalar++) {
        uint8_t bytes[4];
        const size_t len = encode(scalar, bytes);
        const bool is_surrogate = scalar >= 0xd800 && scalar < 0xe000;
        if (feri_host_is_utf_8((const char *)bytes, len) == is_surrogate) {
            fail_msg("U+%04X", (unsigned)scalar);
        }
    }
    static const uint32_t some[] = {0x80, 0x7ff, 0x800, 0xfff, 0xfffd, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        uint8_t bytes[5] = {0};
        const size_t len = encode(some[i], bytes);
        for (size_t part = 1; part < len; part++) {
            assert_false(is_utf_8(bytes, part));
            assert_false(is_utf_8(bytes + part, len - part));
        }
        bytes[len] = 'a';
        assert_true(is_utf_8(bytes, len + 1));
        bytes[len] = 0x80;
        assert_false(is_utf_8(bytes, len + 1));
    }
    /* A sequence that is complete only with bytes after the end is not complete. */
    static const char behind[] = "aa\xe2\x82\xac";
    for (size_t len = 0; len <= 5; len++) {
        assert_int_equal(feri_host_is_utf_8(behind, len), len <= 2 || len == 5);
    }
}

/* Checks every text of up to three bytes. The number of UTF-8 texts must equal the number of ways
 * to compose one from characters. */
TEST(no_other_bytes_are_utf_8)
{
    const uint32_t one = 0x80;
    const uint32_t two = 0x800 - 0x80;
    const uint32_t three = 0x10000 - 0x800 - 0x800;
    const uint32_t wanted[] = {1, one, one * one + two, one * one * one + 2 * one * two + three};
    for (uint32_t len = 0; len <= 3; len++) {
        uint32_t found = 0;
        for (uint32_t value = 0; value < UINT32_C(1) << (8 * len); value++) {
            const char bytes[] = {(char)(uint8_t)value, (char)(uint8_t)(value >> 8),
                                  (char)(uint8_t)(value >> 16)};
            found += feri_host_is_utf_8(bytes, len);
        }
        assert_int_equal(found, wanted[len]);
    }
    static const uint8_t longer[][4] = {
        {0xf0, 0x8f, 0xbf, 0xbf}, {0xf4, 0x90, 0x80, 0x80}, {0xf5, 0x80, 0x80, 0x80},
        {0xff, 0x80, 0x80, 0x80}, {0xf0, 0x90, 0x80, 0x7f}, {0xf0, 0x90, 0xc0, 0x80},
        {0xf1, 0x80, 0x80, 0xc0}, {0xf3, 0xc0, 0x80, 0x80}, {0xf0, 0xc0, 0x80, 0x80},
        {0xf4, 0x7f, 0x80, 0x80}, {0xf1, 0x7f, 0x80, 0x80},
    };
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        assert_false(is_utf_8(longer[i], 4));
    }
}

TEST_MAIN("host_port")
