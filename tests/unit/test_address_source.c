/* test_address_source.c: the addresses of a text, read one after the other (rules A3, A4), and the
 * public functions that return all addresses of a name in one call. */
#include "unit/scripted_platform.h"

#include "core/names/address_source.h"
#include "ferrule/resolve.h"

static feri_address_query query;
static feri_address_source source;

static fer_error source_of_text(const char *text)
{
    FER_TRY(feri_address_query_of(&query, text, NULL, FERP_ANY_FAMILY));
    return feri_address_source_of_query(&source, &query);
}

static void check_looked_up(const char *text, const char *log)
{
    script_begin(&script_posix);
    assert_ok(source_of_text(text));
    feri_address_source_end(&source);
    assert_log(log);
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
