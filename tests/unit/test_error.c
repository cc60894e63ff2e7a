/* test_error.c: errors from OS codes, the names of the kinds, the text of errors, and the version;
 * how each operation maps an error of the OS, and which errors end a stream; and the tables of the
 * systems, tested on every system: one kind for each code, that of error_reference.h. */
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

#include "core/base/error.h"
#include "ferrule/error.h"
#include "ferrule/resolve.h"
#include "ferrule/version.h"
#include "fuzz/models/error_reference.h"
#include "platform/platform.h"
#include "platform/posix/errors_posix.h"
#include "platform/winsock/errors_winsock.h"
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

TEST(the_version_is_the_header_s)
{
    char want[64];
    snprintf(want, sizeof want, "%d.%d.%d", FER_VERSION_MAJOR, FER_VERSION_MINOR,
             FER_VERSION_PATCH);
    assert_string_equal(fer_version(), want);
    assert_string_equal(fer_version(), FER_VERSION_TEXT);
    assert_int_equal(fer_version_number(), FER_VERSION_NUMBER);
}

/* ---- Operations */

#define OPERATION_COUNT ((int)FERI_OPERATION_UNADDRESSED + 1)

/* An independent copy of the rows. */
static const struct operation_row {
    feri_operation operation;
    fer_error_kind mapped;
    fer_error_kind reported;
    int32_t reported_code; /* for the code 77 */
} operation_rows[] = {
    {FERI_OPERATION_READ, FER_CONNECTION_ABORTED, FER_CONNECTION_RESET, 77},
    {FERI_OPERATION_READ, FER_BROKEN_PIPE, FER_OK, 0},
    {FERI_OPERATION_WRITE, FER_CONNECTION_ABORTED, FER_CONNECTION_RESET, 77},
    {FERI_OPERATION_SHORTAGE, FER_NO_BUFFER_SPACE, FER_WOULD_BLOCK, 77},
    {FERI_OPERATION_EXPIRED, FER_WOULD_BLOCK, FER_TIMED_OUT, 0},
    {FERI_OPERATION_CONNECT, FER_INTERRUPTED, FER_IN_PROGRESS, 77},
    {FERI_OPERATION_START, FER_INTERRUPTED, FER_IN_PROGRESS, 77},
    {FERI_OPERATION_START, FER_WOULD_BLOCK, FER_IN_PROGRESS, 77},
    {FERI_OPERATION_CONNECT_UNBOUND, FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE, 77},
    {FERI_OPERATION_CONNECT_UNBOUND, FER_NO_BUFFER_SPACE, FER_ADDR_NOT_AVAILABLE, 77},
    {FERI_OPERATION_STARTED, FER_IN_PROGRESS, FER_WOULD_BLOCK, 77},
    {FERI_OPERATION_UNIX_START, FER_WOULD_BLOCK, FER_RESOURCE_BUSY, 77},
    {FERI_OPERATION_UNIX_NAME, FER_NETWORK_DOWN, FER_NOT_FOUND, 77},
    {FERI_OPERATION_CONNECT_TO_ITSELF, FER_INVALID_INPUT, FER_CONNECTION_REFUSED, 77},
    {FERI_OPERATION_BIND_TAKEN, FER_PERMISSION_DENIED, FER_ADDR_IN_USE, 77},
    {FERI_OPERATION_DUAL_STACK, FER_INVALID_INPUT, FER_UNSUPPORTED, 77},
    {FERI_OPERATION_SHUTDOWN, FER_NOT_CONNECTED, FER_OK, 0},
    {FERI_OPERATION_SHUTDOWN, FER_CONNECTION_RESET, FER_OK, 0},
    {FERI_OPERATION_SHUTDOWN, FER_CONNECTION_ABORTED, FER_OK, 0},
    {FERI_OPERATION_SHUTDOWN, FER_BROKEN_PIPE, FER_OK, 0},
    {FERI_OPERATION_SHUTDOWN, FER_INVALID_INPUT, FER_OK, 0},
    {FERI_OPERATION_SET_ENDED, FER_INVALID_INPUT, FER_OK, 0},
    {FERI_OPERATION_SET_ENDED, FER_CONNECTION_RESET, FER_OK, 0},
    {FERI_OPERATION_SET_ENDED, FER_CONNECTION_ABORTED, FER_OK, 0},
    {FERI_OPERATION_SET_ENDED, FER_NOT_CONNECTED, FER_OK, 0},
    {FERI_OPERATION_ACCEPTED_ENDED, FER_INVALID_INPUT, FER_CONNECTION_ABORTED, 77},
    {FERI_OPERATION_ACCEPTED_ENDED, FER_CONNECTION_RESET, FER_CONNECTION_ABORTED, 77},
    {FERI_OPERATION_ACCEPTED_ENDED, FER_NOT_CONNECTED, FER_CONNECTION_ABORTED, 77},
    {FERI_OPERATION_DATAGRAM, FER_CONNECTION_RESET, FER_CONNECTION_REFUSED, 77},
    {FERI_OPERATION_GROUP, FER_INVALID_INPUT, FER_ADDR_NOT_AVAILABLE, 77},
    {FERI_OPERATION_GROUP, FER_NOT_FOUND, FER_ADDR_NOT_AVAILABLE, 77},
    {FERI_OPERATION_GROUP, FER_OUT_OF_MEMORY, FER_NO_BUFFER_SPACE, 77},
    {FERI_OPERATION_UNADDRESSED, FER_INVALID_INPUT, FER_NOT_CONNECTED, 77},
};
#define ROW_COUNT (sizeof operation_rows / sizeof operation_rows[0])

static fer_error wanted(feri_operation operation, fer_error error)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (operation_rows[i].operation == operation && operation_rows[i].mapped == error.kind) {
            return (fer_error){operation_rows[i].reported, operation_rows[i].reported_code};
        }
    }
    return error;
}

TEST(every_listed_answer_is_reported_as_listed_and_every_other_as_it_is)
{
    for (int operation = 0; operation < OPERATION_COUNT; operation++) {
        for (size_t i = 0; i < KIND_COUNT; i++) {
            fer_error error = {kinds[i].kind, 77};
            fer_error want = wanted((feri_operation)operation, error);
            fer_error got = feri_map_error((feri_operation)operation, error);
            if (got.kind != want.kind || got.os_code != want.os_code) {
                fail_msg("operation %d, kind %s: mapped to %s (%ld)", operation,
                         fer_error_kind_name(error.kind), fer_error_kind_name(got.kind),
                         (long)got.os_code);
            }
        }
    }
}

/* An independent copy of the kinds that do not end a stream, with any code. */
static bool is_nonfatal(fer_error_kind kind)
{
    return kind == FER_OK || kind == FER_WOULD_BLOCK || kind == FER_INTERRUPTED ||
           kind == FER_INVALID_INPUT || kind == FER_MISUSE || kind == FER_PERMISSION_DENIED ||
           kind == FER_OUT_OF_MEMORY || kind == FER_NO_BUFFER_SPACE ||
           kind == FER_MESSAGE_TOO_LONG || kind == FER_TOO_MANY_OPEN_FILES ||
           kind == FER_BAD_HANDLE || kind == FER_UNSUPPORTED || kind == FER_CANCELLED ||
           kind == FER_DEADLOCK || kind == FER_TIMED_OUT || kind == FER_BROKEN_PIPE;
}

TEST(every_kind_that_is_not_transient_is_fatal)
{
    const int32_t codes[] = {0, 1, 104, INT32_MAX, -1, INT32_MIN};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t j = 0; j < sizeof codes / sizeof codes[0]; j++) {
            assert_int_equal(feri_error_is_fatal((fer_error){kinds[i].kind, codes[j]}),
                             !is_nonfatal(kinds[i].kind));
        }
    }
}

TEST(an_error_that_may_be_of_the_connection_is_fatal_without_a_peer)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        bool is_listed = kinds[i].kind == FER_INVALID_INPUT ||
                         kinds[i].kind == FER_PERMISSION_DENIED || kinds[i].kind == FER_UNSUPPORTED;
        fer_error error = {kinds[i].kind, 13};
        assert_int_equal(feri_error_is_fatal_without_peer(error), is_listed);
        assert_false(is_listed && feri_error_is_fatal(error));
    }
}

/* ---- The tables of the systems */

#if defined(__linux__) && !defined(__mips__) && !defined(__sparc__) && !defined(__alpha__) && \
    !defined(__hppa__)
#define HOST_IS_GENERIC_LINUX 1
#else
#define HOST_IS_GENERIC_LINUX 0
#endif
#if defined(_WIN32)
#define HOST_IS_WINDOWS 1
#else
#define HOST_IS_WINDOWS 0
#endif

struct row {
    int32_t code;
    const char *name;
    fer_error_kind kind;
};

#define LINUX_ROW(name, on_linux, on_bsd, kind) {on_linux, #name, kind},
#define BSD_ROW(name, on_linux, on_bsd, kind) {on_bsd, #name, kind},
#define ROW(code, name, kind) {code, #name, kind},
static const struct row linux_rows[] = {FERP_POSIX_ERRORS(LINUX_ROW)
                                            FERP_POSIX_OTHER_ERRORS(LINUX_ROW)};
static const struct row bsd_rows[] = {FERP_POSIX_ERRORS(BSD_ROW)};
static const struct row winsock_rows[] = {FERP_WINSOCK_ERRORS(ROW)};
#undef ROW
#define LINUX_COUNT (sizeof linux_rows / sizeof linux_rows[0])
#define BSD_COUNT (sizeof bsd_rows / sizeof bsd_rows[0])
#define WINSOCK_COUNT (sizeof winsock_rows / sizeof winsock_rows[0])

static const struct row *find_code(const struct row *rows, size_t count, int32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

static const struct row *find_name(const struct row *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(rows[i].code > 0);
        assert_int_not_equal(rows[i].kind, FER_OK);
        assert_string_not_equal(fer_error_kind_name(rows[i].kind), "Unknown");
        assert_ptr_equal(find_code(rows, count, rows[i].code), &rows[i]);
        assert_ptr_equal(find_name(rows, count, rows[i].name), &rows[i]);
    }
}

TEST(each_code_and_each_name_stands_once_in_its_table)
{
    check_rows(linux_rows, LINUX_COUNT);
    check_rows(bsd_rows, BSD_COUNT);
    check_rows(winsock_rows, WINSOCK_COUNT);
}

/* ---- All codes, against a second table by kind */

static void check_same_kind(const char *map, int32_t code, fer_error_kind kind,
                            const char *other_map, fer_error_kind other)
{
    if (kind != other) {
        fail_msg("code %ld: %s in %s, %s in %s", (long)code, fer_error_kind_name(kind), map,
                 fer_error_kind_name(other), other_map);
    }
}

static void check_against_reference(const char *map, const struct row *rows, size_t count,
                                    fer_error_kind (*reference)(int32_t code))
{
    for (int32_t code = -20000; code <= 20000; code++) {
        const struct row *row = find_code(rows, count, code);
        fer_error_kind otherwise = code == 0 ? FER_OK : FER_UNCATEGORIZED;
        check_same_kind(map, code, row != NULL ? row->kind : otherwise, "error_reference.h",
                        reference(code));
    }
}

TEST(each_code_is_of_the_kind_that_its_meaning_has)
{
    check_against_reference("errors_posix.h", linux_rows, LINUX_COUNT, reference_linux_kind);
    check_against_reference("errors_winsock.h", winsock_rows, WINSOCK_COUNT,
                            reference_windows_kind);
}

static fer_error_kind linux_kind_named(const char *name)
{
    const struct row *row = find_name(linux_rows, LINUX_COUNT, name);
    return row == NULL ? FER_UNCATEGORIZED : row->kind;
}

/* Each name of 4.4BSD that has a kind is a name of Linux. */
TEST(an_errno_of_one_name_is_of_one_kind)
{
    for (size_t i = 0; i < BSD_COUNT; i++) {
        const struct row *on_linux = find_name(linux_rows, LINUX_COUNT, bsd_rows[i].name);
        assert_non_null(on_linux);
        assert_int_equal(bsd_rows[i].kind, on_linux->kind);
    }
    assert_int_equal(find_name(bsd_rows, BSD_COUNT, "EAGAIN")->code, 35);
    assert_int_equal(find_name(bsd_rows, BSD_COUNT, "ECONNRESET")->code, 54);
    assert_int_equal(find_name(bsd_rows, BSD_COUNT, "ECONNREFUSED")->code, 61);
}

TEST(wsae_and_e_of_one_name_are_of_one_kind)
{
    size_t twins = 0;
    for (size_t i = 0; i < WINSOCK_COUNT; i++) {
        const char *name = winsock_rows[i].name;
        /* the last two have no errno of the same name */
        if (strncmp(name, "WSAE", 4) != 0 || strcmp(name, "WSAEWOULDBLOCK") == 0 ||
            strcmp(name, "WSAECANCELLED") == 0 || strcmp(name, "WSAEREFUSED") == 0) {
            continue;
        }
        check_same_kind("errors_winsock.h", winsock_rows[i].code, winsock_rows[i].kind,
                        "errors_posix.h", linux_kind_named(name + 3));
        twins += find_name(linux_rows, LINUX_COUNT, name + 3) != NULL;
    }
    assert_true(twins >= 35);
}

static void check_host_code(int32_t code)
{
    fer_error err = fer_error_from_raw_os_error(code);
    assert_int_equal(err.os_code, code);
    assert_int_equal(err.kind, ferp_error_kind(code));
    assert_string_not_equal(fer_error_kind_name(err.kind), "Unknown");
    assert_int_equal(err.kind == FER_OK, code == 0);
}

/* This host's table, or NULL if its numbers are in no table of numbers. */
static const struct row *host_rows(size_t *count)
{
    *count = HOST_IS_WINDOWS ? WINSOCK_COUNT : LINUX_COUNT;
    return HOST_IS_WINDOWS ? winsock_rows : HOST_IS_GENERIC_LINUX ? linux_rows : NULL;
}

TEST(this_host_s_map_is_total_and_its_table)
{
    const int32_t unknown[] = {INT32_MIN, INT32_MIN + 1, 999999, INT32_MAX - 1, INT32_MAX};
    size_t count;
    const struct row *rows = host_rows(&count);
    for (int32_t code = -70000; code <= 70000; code++) {
        const struct row *row = rows == NULL ? NULL : find_code(rows, count, code);
        fer_error_kind otherwise = code == 0 ? FER_OK : FER_UNCATEGORIZED;
        check_host_code(code);
        assert_true(rows == NULL || ferp_error_kind(code) == (row == NULL ? otherwise : row->kind));
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        check_host_code(unknown[i]);
        assert_int_equal(ferp_error_kind(unknown[i]), FER_UNCATEGORIZED);
    }
}

TEST_MAIN("error")
