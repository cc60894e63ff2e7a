/* test_host_port.c: "host:port" text taken apart (rule A3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/host_port.h"

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

/* A refused text leaves what was there. */
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

static void the_last_colon_parts_host_and_port(void **state)
{
    (void)state;
    check_splits("localhost:80", "localhost", 80);
    check_splits("a:1", "a", 1);
    check_splits("::1:80", "::1", 80);
    check_splits("a:b:80", "a:b", 80);
    check_splits("fe80::1%lo:80", "fe80::1%lo", 80);
    check_splits("127.1:80", "127.1", 80);
    check_splits("::80", ":", 80);
    check_splits(":::80", "::", 80);
}

static void text_without_a_colon_a_host_or_a_port_is_refused(void **state)
{
    (void)state;
    check_refused("");
    check_refused(":");
    check_refused("::");
    check_refused(":80");
    check_refused("localhost");
    check_refused("localhost:");
    check_refused("80");
    check_refused("[::1]");
}

static void a_port_is_decimal_digits_up_to_65535(void **state)
{
    (void)state;
    check_splits("h:0", "h", 0);
    check_splits("h:1", "h", 1);
    check_splits("h:9", "h", 9);
    check_splits("h:65535", "h", 65535);
    check_splits("h:00000000000000000000080", "h", 80);
    check_splits("h:000000000000065535", "h", 65535);
    check_refused("h:65536");
    check_refused("h:70000");
    check_refused("h:99999");
    check_refused("h:655350");
    check_refused("h:4294967296");
    check_refused("h:4294967376");
    check_refused("h:18446744073709551696");
    check_refused("h:99999999999999999999999999999999999999999");
}

static void a_port_with_any_other_byte_is_refused(void **state)
{
    (void)state;
    char text[] = "h:8?0";
    for (int byte = 1; byte < 256; byte++) {
        bool is_digit = byte >= '0' && byte <= '9';
        if (is_digit || byte == ':') {
            continue;
        }
        text[3] = (char)byte;
        check_refused(text);
    }
    check_refused("h:+80");
    check_refused("h:-80");
    check_refused("h: 80");
    check_refused("h:80 ");
    check_refused("h:0x50");
}

static void a_host_may_hold_any_byte(void **state)
{
    (void)state;
    char text[] = "a?b:80";
    char host[] = "a?b";
    for (int byte = 1; byte < 256; byte++) {
        text[1] = host[1] = (char)byte;
        check_splits(text, host, 80);
    }
}

static void brackets_are_taken_off_a_host_with_a_colon_only(void **state)
{
    (void)state;
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

static void nothing_behind_the_end_of_the_text_is_looked_at(void **state)
{
    (void)state;
    check_splits("h:80\0:90", "h", 80);
    check_refused("h\0:90");
}

static void a_very_long_text_is_split_too(void **state)
{
    (void)state;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_colon_parts_host_and_port),
        cmocka_unit_test(text_without_a_colon_a_host_or_a_port_is_refused),
        cmocka_unit_test(a_port_is_decimal_digits_up_to_65535),
        cmocka_unit_test(a_port_with_any_other_byte_is_refused),
        cmocka_unit_test(a_host_may_hold_any_byte),
        cmocka_unit_test(brackets_are_taken_off_a_host_with_a_colon_only),
        cmocka_unit_test(nothing_behind_the_end_of_the_text_is_looked_at),
        cmocka_unit_test(a_very_long_text_is_split_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
