/* test_error_maps.c: the tables that map the codes of the systems to kinds, tested on every system:
 * one kind for each code, that of error_reference.h, and the same kind for the same meaning. Also
 * this host's own map, which covers every code. */
#include <stdbool.h>
#include <string.h>

#include "ferrule/error.h"
#include "fuzz/models/error_reference.h"
#include "platform/platform.h"
#include "platform/posix/errors_posix.h"
#include "platform/winsock/errors_winsock.h"
#include "support/group.h"

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

static void check_against_reference(const struct row *rows, size_t count,
                                    fer_error_kind (*reference)(int32_t code))
{
    for (int32_t code = -20000; code <= 20000; code++) {
        const struct row *row = find_code(rows, count, code);
        fer_error_kind otherwise = code == 0 ? FER_OK : FER_UNCATEGORIZED;
        assert_int_equal(row != NULL ? row->kind : otherwise, reference(code));
    }
}

TEST(each_code_is_of_the_kind_that_its_meaning_has)
{
    check_against_reference(linux_rows, LINUX_COUNT, reference_linux_kind);
    check_against_reference(winsock_rows, WINSOCK_COUNT, reference_windows_kind);
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
        assert_int_equal(winsock_rows[i].kind, linux_kind_named(name + 3));
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

TEST_MAIN("error_maps")
