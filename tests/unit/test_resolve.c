/* test_resolve.c: the public functions that return all addresses of a name in one call. */
#include "unit/scripted_platform.h"

#include "ferrule/resolve.h"

#define CAP 3

static void begin_with_two(void)
{
    script_begin(&script_posix);
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("[2001:db8::2]:0");
}

SCRIPT_TEST(all_addresses_are_stored_and_counted)
{
    fer_socket_addr addrs[CAP];
    size_t count = 99;
    begin_with_two();
    assert_ok_n(fer_to_socket_addrs("example.test:80", addrs, CAP, &count), count, 2);
    assert_addr(&addrs[0], "192.0.2.1:80");
    assert_addr(&addrs[1], "[2001:db8::2]:80");
    assert_log("lookup_begin(example.test) lookup_next() lookup_next() lookup_next() lookup_end()");
    begin_with_two();
    assert_ok_n(fer_lookup_host("example.test", 81, addrs, CAP, &count), count, 2);
    assert_addr(&addrs[1], "[2001:db8::2]:81");
}

SCRIPT_TEST(the_array_is_never_overrun_and_all_are_counted)
{
    for (size_t cap = 0; cap <= CAP; cap++) {
        fer_socket_addr addrs[CAP];
        size_t count = 99;
        begin_with_two();
        memset(addrs, 0, sizeof addrs);
        assert_ok_n(fer_to_socket_addrs("example.test:80", addrs, cap, &count), count, 2);
        for (size_t i = 0; i < CAP; i++) {
            assert_int_equal(addrs[i].port, i < cap && i < 2 ? 80 : 0);
        }
    }
}

SCRIPT_TEST(without_capacity_the_addresses_are_only_counted)
{
    size_t count = 99;
    begin_with_two();
    assert_ok_n(fer_to_socket_addrs("example.test:80", NULL, 0, &count), count, 2);
    begin_with_two();
    assert_ok_n(fer_lookup_host("example.test", 80, NULL, 0, &count), count, 2);
}

SYSTEM_TEST(script_posix, an_address_text_is_one_address)
{
    fer_socket_addr addrs[CAP];
    size_t count = 99;
    assert_ok_n(fer_to_socket_addrs("[::1]:80", addrs, CAP, &count), count, 1);
    assert_addr(&addrs[0], "[::1]:80");
    assert_ok_n(fer_lookup_host("::1", 80, addrs, CAP, &count), count, 1);
    assert_addr(&addrs[0], "[::1]:80");
    assert_log("");
}

SYSTEM_TEST(script_posix, a_failure_is_reported_and_stores_nothing)
{
    fer_socket_addr addrs[CAP];
    size_t count = 99;
    script_default(SCRIPT_LOOKUP_BEGIN)->error = (fer_error){FER_HOST_NOT_FOUND, -2};
    assert_error(fer_to_socket_addrs("example.test:80", addrs, CAP, &count), FER_HOST_NOT_FOUND,
                 -2);
    assert_error(fer_lookup_host("example.test", 80, addrs, CAP, &count), FER_HOST_NOT_FOUND, -2);
    assert_int_equal(count, 99);
    assert_int_equal(script.times[SCRIPT_LOOKUP_END], 0);
}

SYSTEM_TEST(script_posix, misuse_is_refused_before_any_lookup)
{
    fer_socket_addr addrs[CAP];
    size_t count = 99;
    assert_error(fer_to_socket_addrs(NULL, addrs, CAP, &count), FER_MISUSE, 0);
    assert_error(fer_to_socket_addrs("h:1", NULL, 1, &count), FER_MISUSE, 0);
    assert_error(fer_to_socket_addrs("h:1", addrs, CAP, NULL), FER_MISUSE, 0);
    assert_error(fer_lookup_host(NULL, 1, addrs, CAP, &count), FER_MISUSE, 0);
    assert_error(fer_lookup_host("h", 1, NULL, 1, &count), FER_MISUSE, 0);
    assert_error(fer_lookup_host("h", 1, addrs, CAP, NULL), FER_MISUSE, 0);
    assert_error(fer_lookup_host("", 1, addrs, CAP, &count), FER_INVALID_INPUT, 0);
    assert_int_equal(count, 99);
    assert_log("");
}

TEST(a_failure_without_a_text_of_the_system_has_the_phrase_of_its_kind)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error error = {FER_HOST_NOT_FOUND, -2};
    assert_int_equal(fer_resolve_error_text(error, text, sizeof text), strlen("host not found"));
    assert_string_equal(text, "host not found");
    error.kind = FER_RESOLVE_TRY_AGAIN;
    assert_int_equal(fer_resolve_error_text(error, text, 5), strlen("name lookup failed for now"));
    assert_string_equal(text, "name");
}

TEST_MAIN("resolve")
