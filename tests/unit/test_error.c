/* test_error.c: errors from OS codes, the names of the kinds, the text of errors, and the version.
 * The maps: test_error_maps.c. */
#ifndef _WIN32
#include "platform/posix/features.h"
#endif

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifndef _WIN32
#include <netdb.h>
#endif

#include "ferrule/error.h"
#include "ferrule/resolve.h"
#include "ferrule/version.h"
#include "support/group.h"

struct kind_row {
    fer_error_kind kind;
    int value;
    const char *name, *phrase;
};

static const struct kind_row kinds[] = {
#define ROW(name, value, rust_name, phrase) {name, value, rust_name, phrase},
    FER_ERROR_KINDS(ROW)
#undef ROW
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

TEST(a_kind_is_named_as_rust_names_it)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        assert_int_equal(kinds[i].kind, kinds[i].value);
        assert_string_equal(fer_error_kind_name(kinds[i].kind), kinds[i].name);
    }
    assert_string_equal(fer_error_kind_name(FER_OK), "Ok");
    assert_string_equal(fer_error_kind_name(FER_CONNECTION_REFUSED), "ConnectionRefused");
}

static bool is_kind(int value)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i].value == value) {
            return true;
        }
    }
    return false;
}

static void assert_unknown(int value)
{
    fer_error_kind kind = (fer_error_kind)value;
    char text[96];
    assert_string_equal(fer_error_kind_name(kind), "Unknown");
    assert_true(fer_error_format((fer_error){kind, 5}, text, sizeof text) < sizeof text);
    assert_string_equal(text, "unknown error (os error 5)");
}

TEST(a_value_that_is_no_kind_is_named_unknown)
{
    assert_unknown(INT_MAX);
    assert_unknown(INT_MIN);
    for (int value = -1; value < 256; value++) {
        if (!is_kind(value)) {
            assert_unknown(value);
        }
    }
}

/* Numbers up to 41 are Rust's kinds; those of this list are kinds that ferrule does not have. Its
 * own kinds begin at 64 and have no gap, and 127 is the last kind. */
TEST(a_reserved_number_is_no_kind)
{
    static const int reserved[] = {16, 17, 20, 26, 27, 28, 30, 32, 33, 35};
    size_t listed = 0;
    int value = 0;
    for (; value < 42; value++) {
        bool is_listed = listed < sizeof reserved / sizeof reserved[0] && reserved[listed] == value;
        assert_int_equal(is_kind(value), !is_listed);
        listed += is_listed;
    }
    assert_int_equal(listed, sizeof reserved / sizeof reserved[0]);
    for (value = 64; is_kind(value); value++) {
    }
    assert_int_equal(KIND_COUNT, 42 - listed + (size_t)(value - 64) + 1);
    assert_true(is_kind(127));
}

TEST(no_two_kinds_share_a_value_or_a_name)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t j = i + 1; j < KIND_COUNT; j++) {
            assert_int_not_equal(kinds[i].value, kinds[j].value);
            assert_string_not_equal(kinds[i].name, kinds[j].name);
            assert_string_not_equal(kinds[i].phrase, kinds[j].phrase);
        }
    }
}

static const char *numbers_of(fer_error_kind kind)
{
    return kind == FER_HOST_NOT_FOUND || kind == FER_RESOLVE_TRY_AGAIN || kind == FER_RESOLVE_FAILED
               ? "resolver"
               : "os";
}

/* Checks one error's text, complete and cut, with a guard byte after the buffer. */
static void check_format(fer_error error, const char *phrase)
{
    char want[128];
    char got[160];
    int phrase_len = snprintf(want, sizeof want, "%s", phrase);
    if (error.os_code != 0) {
        snprintf(want + phrase_len, sizeof want - (size_t)phrase_len, " (%s error %ld)",
                 numbers_of(error.kind), (long)error.os_code);
    }
    size_t len = strlen(want);
    assert_true(len < FER_ERROR_TEXT_CAP);
    assert_int_equal(fer_error_format(error, NULL, 0), len);
    assert_int_equal(fer_error_format(error, NULL, 10), 0);
    for (size_t cap = 1; cap <= len + 1; cap += len) {
        memset(got, '#', sizeof got);
        assert_int_equal(fer_error_format(error, got, cap), len);
        assert_memory_equal(got, want, cap - 1);
        assert_int_equal(got[cap - 1], '\0');
        assert_int_equal(got[cap], '#');
    }
}

TEST(text_is_phrase_and_code)
{
    const int32_t codes[] = {0, 1, -2, 9, 10, 111, 10061, -2147483647, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        bool has_system_text = kinds[i].kind == FER_UNCATEGORIZED;
        for (size_t j = 0; j < (has_system_text ? 1 : sizeof codes / sizeof codes[0]); j++) {
            check_format((fer_error){kinds[i].kind, codes[j]}, kinds[i].phrase);
        }
        assert_string_equal(fer_error_kind_text(kinds[i].kind), kinds[i].phrase);
    }
    assert_string_equal(fer_error_kind_text((fer_error_kind)126), "unknown error");
}

TEST(an_uncategorized_error_names_the_system_s_text_on_one_line)
{
    for (int32_t i = -3000; i <= 20000; i++) {
        const int32_t code = i == -3000 ? INT32_MIN : i == 20000 ? INT32_MAX : i;
        char text[FER_ERROR_TEXT_CAP];
        char end[32];
        size_t len = fer_error_format((fer_error){FER_UNCATEGORIZED, code}, text, sizeof text);
        snprintf(end, sizeof end, " (os error %ld)", (long)code);
        assert_true(len < sizeof text);
        assert_int_equal(strlen(text), len);
        if (code != 0) {
            assert_memory_equal(text, "uncategorized error", 19);
            assert_string_equal(text + len - strlen(end), end);
        }
        for (size_t k = 0; k < len; k++) {
            assert_true((unsigned char)text[k] >= ' ');
        }
    }
}

#ifdef __linux__
TEST(the_system_s_text_is_that_of_the_code)
{
    char want[FER_ERROR_TEXT_CAP];
    char text[FER_ERROR_TEXT_CAP];
    snprintf(want, sizeof want, "uncategorized error: %s (os error %d)", strerror(EXFULL), EXFULL);
    errno = 7;
    assert_int_equal(fer_error_format(fer_error_from_raw_os_error(EXFULL), text, sizeof text),
                     strlen(want));
    assert_int_equal(errno, 7);
    assert_string_equal(text, want);
}
#endif

static void check_lookup_text(fer_error error, const char *want)
{
    char text[FER_ERROR_TEXT_CAP];
    char cut[8];
    assert_int_equal(fer_resolve_error_text(error, text, sizeof text), strlen(want));
    assert_string_equal(text, want);
    assert_int_equal(fer_resolve_error_text(error, NULL, 0), strlen(want));
    assert_int_equal(fer_resolve_error_text(error, NULL, 5), 0);
    assert_int_equal(fer_resolve_error_text(error, cut, sizeof cut), strlen(want));
    assert_memory_equal(cut, want, sizeof cut - 1);
    assert_int_equal(cut[sizeof cut - 1], '\0');
}

TEST(a_failed_lookup_has_the_resolver_s_text)
{
#ifdef _WIN32
    char text[FER_ERROR_TEXT_CAP];
    fer_error unknown_host = {FER_HOST_NOT_FOUND, 11001};
    assert_true(fer_resolve_error_text(unknown_host, text, sizeof text) > 0);
    assert_string_not_equal(text, fer_error_kind_text(FER_HOST_NOT_FOUND));
    check_lookup_text(unknown_host, text);
#else
    static const int codes[] = {EAI_NONAME, EAI_AGAIN, EAI_FAIL, EAI_SERVICE};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        int32_t code = codes[i] < 0 ? codes[i] : -codes[i];
        check_lookup_text((fer_error){FER_RESOLVE_FAILED, code}, gai_strerror(codes[i]));
    }
    check_lookup_text((fer_error){FER_RESOLVE_FAILED, EMFILE}, strerror(EMFILE));
    assert_true(fer_resolve_error_text((fer_error){FER_RESOLVE_FAILED, INT32_MIN}, NULL, 0) > 0);
#endif
    check_lookup_text((fer_error){FER_HOST_NOT_FOUND, 0}, "host not found");
    check_lookup_text((fer_error){FER_CONNECTION_REFUSED, -2}, "connection refused");
    check_lookup_text((fer_error){(fer_error_kind)126, 1}, "unknown error");
}

TEST(an_error_of_each_kind_has_an_errno)
{
    static const struct {
        fer_error_kind kind;
        int32_t code;
        int number;
    } rows[] = {{FER_OK, 0, 0},
                {FER_CONNECTION_REFUSED, 0, ECONNREFUSED},
                {FER_WOULD_BLOCK, 0, EAGAIN},
                {FER_TIMED_OUT, 0, ETIMEDOUT},
                {FER_CONNECTION_TIMED_OUT, 0, ETIMEDOUT},
                {FER_INVALID_INPUT, 0, EINVAL},
                {FER_MISUSE, 0, EINVAL},
                {FER_BUFFER_TOO_SMALL, 0, ERANGE},
                {FER_UNEXPECTED_EOF, 0, EIO},
                {FER_HOST_NOT_FOUND, -2, EIO},
#ifndef _WIN32
                /* an errno of the kind is returned as it is */
                {FER_PERMISSION_DENIED, EPERM, EPERM},
                {FER_PERMISSION_DENIED, EACCES, EACCES},
                {FER_UNCATEGORIZED, EPROTO, EPROTO},
                {FER_RESOLVE_FAILED, EMFILE, EMFILE},
                {FER_RESOLVE_FAILED, -11, EIO},
                {FER_CONNECTION_RESET, ECONNABORTED, ECONNRESET},
                {FER_UNCATEGORIZED, -5, EIO},
#endif
                {(fer_error_kind)126, 5, EIO}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(fer_error_to_errno((fer_error){rows[i].kind, rows[i].code}),
                         rows[i].number);
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        int number = fer_error_to_errno((fer_error){kinds[i].kind, 0});
        assert_true(kinds[i].kind == FER_OK ? number == 0 : number > 0);
        assert_int_equal(fer_error_to_errno((fer_error){kinds[i].kind, -5}), number);
#ifndef _WIN32
        bool is_of_the_os =
            number != EIO && kinds[i].kind != FER_TIMED_OUT && kinds[i].value < FER_MISUSE;
        assert_true(!is_of_the_os || fer_error_from_raw_os_error(number).kind == kinds[i].kind);
#endif
    }
}

static fer_error try_it(fer_error first, int *reached)
{
    FER_TRY(first);
    *reached = 1;
    return (fer_error){FER_OTHER, 0};
}

TEST(try_returns_a_failure_and_continues_after_success)
{
    int reached = 0;
    fer_error err = try_it((fer_error){FER_NOT_FOUND, 2}, &reached);
    assert_int_equal(err.kind, FER_NOT_FOUND);
    assert_int_equal(err.os_code, 2);
    assert_int_equal(reached, 0);
    err = try_it((fer_error){FER_OK, 0}, &reached);
    assert_int_equal(err.kind, FER_OTHER);
    assert_int_equal(reached, 1);
}

TEST(the_version_is_the_header_s)
{
    char want[64];
    snprintf(want, sizeof want, "%d.%d.%d", FER_VERSION_MAJOR, FER_VERSION_MINOR,
             FER_VERSION_PATCH);
    assert_string_equal(fer_version(), want);
    assert_string_equal(fer_version(), FER_VERSION_TEXT);
    assert_int_equal(fer_version_number(), FER_VERSION_NUMBER);
}

TEST_MAIN("error")
