/* test_address_source.c: the addresses of a text, read one after the other (rules A3, A4), and the
 * public functions that return all addresses of a name in one call. */
#include "unit/scripted_platform.h"

#include "core/names/address_source.h"
#include "ferrule/resolve.h"

static feri_address_source source;
static fer_socket_addr addrs[3];
static size_t count;

static fer_error source_of_text(const char *text)
{
    feri_address_query query;
    FER_TRY(feri_address_query_of_text(&query, text, FERP_ANY_FAMILY));
    return feri_address_source_of_query(&source, &query);
}

static fer_error source_of_host(const char *host)
{
    feri_address_query query;
    FER_TRY(feri_address_query_of_host(&query, host, 80, FERP_ANY_FAMILY));
    return feri_address_source_of_query(&source, &query);
}

/* Checks that the text is an address literal and yields exactly this address. */
static void check_literal(const char *text, const char *want)
{
    script_begin(&script_posix);
    fer_socket_addr got;
    assert_ok(source_of_text(text));
    assert_true(feri_address_source_next(&source, &got));
    assert_addr(&got, want);
    assert_false(feri_address_source_next(&source, &got));
    assert_false(feri_address_source_next(&source, &got));
    feri_address_source_end(&source);
    assert_log("");
}

SCRIPT_TEST(text_that_is_an_address_is_never_looked_up)
{
    check_literal("127.0.0.1:80", "127.0.0.1:80");
    check_literal("[::1]:80", "[::1]:80");
    check_literal("[fe80::1%7]:80", "[fe80::1%7]:80");
    check_literal("::1:80", "[::1]:80");
    check_literal("2001:db8::1:65535", "[2001:db8::1]:65535");
}

static void check_looked_up(const char *text, const char *log)
{
    script_begin(&script_posix);
    assert_ok(source_of_text(text));
    feri_address_source_end(&source);
    assert_log(log);
}

SCRIPT_TEST(all_else_is_the_resolver_s_to_accept)
{
    check_looked_up("localhost:80", "lookup_begin(localhost) lookup_end()");
    check_looked_up("h:80", "lookup_begin(h) lookup_end()");
    check_looked_up("127.1:80", "lookup_begin(127.1) lookup_end()");
    check_looked_up("fe80::1%lo:80", "lookup_begin(fe80::1%lo) lookup_end()");
    check_looked_up("[fe80::1%eth0]:80", "lookup_begin(fe80::1%eth0) lookup_end()");
    check_looked_up("[127.0.0.1]:80", "lookup_begin([127.0.0.1]) lookup_end()");
    check_looked_up("[localhost]:80", "lookup_begin([localhost]) lookup_end()");
}

SCRIPT_TEST(a_blank_or_a_control_character_is_refused_before_any_lookup)
{
    static const char *const bad[] = {" 127.0.0.1:80", "127.0.0.1 :80", "a\tb:80", "a\x7f:80",
                                      "a\x1f:80"};
    script_begin(&script_posix);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_error_log(source_of_text(bad[i]), FER_HOST_NOT_FOUND, 0, "");
    }
    check_looked_up("b\xc3\xbc!~.test:80", "lookup_begin(b\xc3\xbc!~.test) lookup_end()");
}

SYSTEM_TEST(script_posix, text_that_cannot_be_split_is_refused_before_any_lookup)
{
    const char *const bad[] = {
        "",  "localhost", ":80", "localhost:", "localhost:65536", "localhost:+80", "localhost:http",
        "[]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_error(source_of_text(bad[i]), FER_INVALID_INPUT, 0);
    }
    assert_error(source_of_text(NULL), FER_MISUSE, 0);
    assert_error_log(source_of_host(""), FER_INVALID_INPUT, 0, "");
}

SCRIPT_TEST(a_name_that_is_not_utf_8_is_refused_before_any_lookup)
{
    static const char *const bad[] = {"b\xfcrger.test:80", "\x80:80",         "a\xff:80",
                                      "\xc0\xae:80",       "\xed\xa0\x80:80", "\xe2\x82:80"};
    script_begin(&script_posix);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_error(source_of_text(bad[i]), FER_INVALID_INPUT, 0);
    }
    assert_log("");
}

static fer_error source_of_long_host(size_t len, char last)
{
    static char host[401];
    memset(host, 'x', sizeof host);
    host[len - 1] = last;
    host[len] = '\0';
    fer_error error = source_of_host(host);
    if (error.kind == FER_OK) {
        feri_address_source_end(&source);
    }
    return error;
}

SYSTEM_TEST(script_posix, a_name_of_253_bytes_is_requested_and_a_longer_one_is_not)
{
    assert_ok(source_of_long_host(253, 'x'));
    assert_ok(source_of_long_host(253, '.'));
    assert_ok(source_of_long_host(254, '.'));
    size_t around = strlen(
        "lookup_begin() lookup_end() lookup_begin() lookup_end() lookup_begin() lookup_end()");
    assert_int_equal(strlen(script.log), around + 253 + 253 + 254);
    script.log[0] = '\0';
    assert_error(source_of_long_host(254, 'x'), FER_INVALID_INPUT, 0);
    assert_error(source_of_long_host(255, '.'), FER_INVALID_INPUT, 0);
    assert_error_log(source_of_long_host(400, 'x'), FER_INVALID_INPUT, 0, "");
}

static void begin_with_two(void)
{
    script_begin(&script_posix);
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("[2001:db8::2]:0");
}

SCRIPT_TEST(all_addresses_are_stored_and_counted)
{
    begin_with_two();
    assert_ok_n(fer_to_socket_addrs("example.test:80", addrs, 3, &count), count, 2);
    assert_addr(&addrs[0], "192.0.2.1:80");
    assert_addr(&addrs[1], "[2001:db8::2]:80");
    assert_log("lookup_begin(example.test) lookup_next() lookup_next() lookup_next() lookup_end()");
    begin_with_two();
    assert_ok_n(fer_lookup_host("example.test", 81, addrs, 3, &count), count, 2);
    assert_addr(&addrs[1], "[2001:db8::2]:81");
}

SCRIPT_TEST(the_array_is_never_overrun_and_all_are_counted)
{
    for (size_t cap = 0; cap <= 3; cap++) {
        begin_with_two();
        memset(addrs, 0, sizeof addrs);
        assert_ok_n(fer_to_socket_addrs("example.test:80", addrs, cap, &count), count, 2);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(addrs[i].port, i < cap && i < 2 ? 80 : 0);
        }
    }
}

SYSTEM_TEST(script_posix, a_failure_is_reported_and_stores_nothing)
{
    count = 99;
    script_queue("lookup_begin* HOST_NOT_FOUND:-2");
    assert_error(fer_to_socket_addrs("example.test:80", addrs, 3, &count), FER_HOST_NOT_FOUND, -2);
    assert_error(fer_lookup_host("example.test", 80, addrs, 3, &count), FER_HOST_NOT_FOUND, -2);
    assert_int_equal(count, 99);
    assert_int_equal(script.times[SCRIPT_LOOKUP_END], 0);
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

TEST_MAIN("address_source")
