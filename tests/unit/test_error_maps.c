/* test_error_maps.c: the tables that map the codes of the systems to kinds, tested on every
 * system: one kind for each code, Rust's kind if Rust names one, and the same kind for the same
 * meaning. Also this host's own map, which covers every code. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ferrule/error.h"
#include "fuzz/models/error_reference.h"
#include "platform/platform.h"
#include "platform/posix/errors_bsd.h"
#include "platform/posix/errors_linux.h"
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

#define ROW(code, name, kind) {code, #name, kind},
static const struct row linux_rows[] = {FERP_LINUX_ERRORS(ROW)};
static const struct row bsd_rows[] = {FERP_BSD_ERRORS(ROW)};
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

/* ---- Rust 1.95's own tables, copied by number */

struct pair {
    int32_t code;
    fer_error_kind kind;
};

static const struct pair rust_linux[] = {{1, FER_PERMISSION_DENIED},
                                         {2, FER_NOT_FOUND},
                                         {4, FER_INTERRUPTED},
                                         {7, FER_UNCATEGORIZED},
                                         {11, FER_WOULD_BLOCK},
                                         {12, FER_OUT_OF_MEMORY},
                                         {13, FER_PERMISSION_DENIED},
                                         {16, FER_RESOURCE_BUSY},
                                         {17, FER_ALREADY_EXISTS},
                                         {18, FER_UNCATEGORIZED},
                                         {20, FER_NOT_A_DIRECTORY},
                                         {21, FER_UNCATEGORIZED},
                                         {22, FER_INVALID_INPUT},
                                         {26, FER_UNCATEGORIZED},
                                         {27, FER_UNCATEGORIZED},
                                         {28, FER_STORAGE_FULL},
                                         {29, FER_UNCATEGORIZED},
                                         {30, FER_READ_ONLY_FILESYSTEM},
                                         {31, FER_UNCATEGORIZED},
                                         {32, FER_BROKEN_PIPE},
                                         {35, FER_DEADLOCK},
                                         {36, FER_INVALID_FILENAME},
                                         {38, FER_UNSUPPORTED},
                                         {39, FER_UNCATEGORIZED},
                                         {40, FER_FILESYSTEM_LOOP},
                                         {95, FER_UNSUPPORTED},
                                         {98, FER_ADDR_IN_USE},
                                         {99, FER_ADDR_NOT_AVAILABLE},
                                         {100, FER_NETWORK_DOWN},
                                         {101, FER_NETWORK_UNREACHABLE},
                                         {103, FER_CONNECTION_ABORTED},
                                         {104, FER_CONNECTION_RESET},
                                         {107, FER_NOT_CONNECTED},
                                         {110, FER_CONNECTION_TIMED_OUT},
                                         {111, FER_CONNECTION_REFUSED},
                                         {113, FER_HOST_UNREACHABLE},
                                         {115, FER_IN_PROGRESS},
                                         {116, FER_UNCATEGORIZED},
                                         {122, FER_UNCATEGORIZED}};

static const struct pair rust_windows[] = {{2, FER_NOT_FOUND},
                                           {3, FER_NOT_FOUND},
                                           {5, FER_PERMISSION_DENIED},
                                           {8, FER_OUT_OF_MEMORY},
                                           {14, FER_OUT_OF_MEMORY},
                                           {15, FER_NOT_FOUND},
                                           {17, FER_UNCATEGORIZED},
                                           {19, FER_READ_ONLY_FILESYSTEM},
                                           {39, FER_STORAGE_FULL},
                                           {53, FER_NOT_FOUND},
                                           {67, FER_NOT_FOUND},
                                           {80, FER_ALREADY_EXISTS},
                                           {87, FER_INVALID_INPUT},
                                           {109, FER_BROKEN_PIPE},
                                           {112, FER_STORAGE_FULL},
                                           {120, FER_UNSUPPORTED},
                                           {121, FER_CONNECTION_TIMED_OUT},
                                           {123, FER_INVALID_FILENAME},
                                           {132, FER_UNCATEGORIZED},
                                           {145, FER_UNCATEGORIZED},
                                           {161, FER_INVALID_FILENAME},
                                           {170, FER_RESOURCE_BUSY},
                                           {183, FER_ALREADY_EXISTS},
                                           {206, FER_INVALID_FILENAME},
                                           {223, FER_UNCATEGORIZED},
                                           {232, FER_BROKEN_PIPE},
                                           {258, FER_CONNECTION_TIMED_OUT},
                                           {267, FER_NOT_A_DIRECTORY},
                                           {336, FER_UNCATEGORIZED},
                                           {594, FER_CONNECTION_TIMED_OUT},
                                           {995, FER_CONNECTION_TIMED_OUT},
                                           {1053, FER_CONNECTION_TIMED_OUT},
                                           {1121, FER_CONNECTION_TIMED_OUT},
                                           {1131, FER_DEADLOCK},
                                           {1142, FER_UNCATEGORIZED},
                                           {1231, FER_NETWORK_UNREACHABLE},
                                           {1232, FER_HOST_UNREACHABLE},
                                           {1295, FER_UNCATEGORIZED},
                                           {1460, FER_CONNECTION_TIMED_OUT},
                                           {1921, FER_FILESYSTEM_LOOP},
                                           {5910, FER_CONNECTION_TIMED_OUT},
                                           {7012, FER_CONNECTION_TIMED_OUT},
                                           {7040, FER_CONNECTION_TIMED_OUT},
                                           {8014, FER_CONNECTION_TIMED_OUT},
                                           {8226, FER_CONNECTION_TIMED_OUT},
                                           {9705, FER_CONNECTION_TIMED_OUT},
                                           {13805, FER_CONNECTION_TIMED_OUT},
                                           {15402, FER_CONNECTION_TIMED_OUT},
                                           {15403, FER_CONNECTION_TIMED_OUT},
                                           {10013, FER_PERMISSION_DENIED},
                                           {10022, FER_INVALID_INPUT},
                                           {10035, FER_WOULD_BLOCK},
                                           {10048, FER_ADDR_IN_USE},
                                           {10049, FER_ADDR_NOT_AVAILABLE},
                                           {10050, FER_NETWORK_DOWN},
                                           {10051, FER_NETWORK_UNREACHABLE},
                                           {10053, FER_CONNECTION_ABORTED},
                                           {10054, FER_CONNECTION_RESET},
                                           {10057, FER_NOT_CONNECTED},
                                           {10060, FER_CONNECTION_TIMED_OUT},
                                           {10061, FER_CONNECTION_REFUSED},
                                           {10065, FER_HOST_UNREACHABLE},
                                           {10069, FER_UNCATEGORIZED}};

static void check_pairs(const struct pair *pairs, size_t pair_count, const struct row *rows,
                        size_t row_count)
{
    for (size_t i = 0; i < pair_count; i++) {
        const struct row *row = find_code(rows, row_count, pairs[i].code);
        assert_int_equal(row == NULL ? FER_UNCATEGORIZED : row->kind, pairs[i].kind);
    }
}

TEST(a_kind_that_rust_names_is_rust_s)
{
    check_pairs(rust_linux, sizeof rust_linux / sizeof rust_linux[0], linux_rows, LINUX_COUNT);
    check_pairs(rust_windows, sizeof rust_windows / sizeof rust_windows[0], winsock_rows,
                WINSOCK_COUNT);
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

/* ---- The same meaning on both systems */

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

/* Winsock's names without an errno of the same name. */
static bool is_winsock_s_alone(const char *name)
{
    static const char *const names[] = {"WSAECANCELLED", "WSAEREFUSED"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

TEST(wsae_and_e_of_one_name_are_of_one_kind)
{
    size_t twins = 0;
    for (size_t i = 0; i < WINSOCK_COUNT; i++) {
        const char *name = winsock_rows[i].name;
        if (strncmp(name, "WSAE", 4) != 0 || is_winsock_s_alone(name) ||
            strcmp(name, "WSAEWOULDBLOCK") == 0) {
            continue;
        }
        assert_int_equal(winsock_rows[i].kind, linux_kind_named(name + 3));
        twins += find_name(linux_rows, LINUX_COUNT, name + 3) != NULL;
    }
    assert_true(twins >= 35);
}

TEST(codes_of_one_meaning_and_two_names_are_of_one_kind)
{
    static const char *const twins[][2] = {
        {"EAGAIN", "WSAEWOULDBLOCK"},
        {"ECANCELED", "WSAECANCELLED"},
        {"ECANCELED", "WSA_E_CANCELLED"},
        {"ECANCELED", "ERROR_CANCELLED"},
        {"ENFILE", "ERROR_TOO_MANY_OPEN_FILES"},
        {"EBADF", "ERROR_INVALID_HANDLE"},
        {"ENOMEM", "ERROR_NOT_ENOUGH_MEMORY"},
        {"ENOMEM", "ERROR_WORKING_SET_QUOTA"},
        {"ENOMEM", "ERROR_COMMITMENT_LIMIT"},
        {"ENOMEM", "ERROR_NOT_ENOUGH_QUOTA"},
        {"EINVAL", "ERROR_INVALID_PARAMETER"},
        {"EPIPE", "ERROR_BROKEN_PIPE"},
        {"EINPROGRESS", "ERROR_IO_PENDING"},
        {"ECONNREFUSED", "ERROR_CONNECTION_REFUSED"},
        {"ECONNABORTED", "ERROR_CONNECTION_ABORTED"},
        {"ECONNRESET", "ERROR_NETNAME_DELETED"},
        {"EOPNOTSUPP", "ERROR_NOT_SUPPORTED"},
        {"ENOBUFS", "ERROR_NO_SYSTEM_RESOURCES"},
        {"EACCES", "ERROR_ACCESS_DENIED"},
    };
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++) {
        const struct row *on_linux = find_name(linux_rows, LINUX_COUNT, twins[i][0]);
        const struct row *on_windows = find_name(winsock_rows, WINSOCK_COUNT, twins[i][1]);
        assert_non_null(on_linux);
        assert_non_null(on_windows);
        assert_int_equal(on_linux->kind, on_windows->kind);
    }
}

TEST(the_resolver_s_codes_have_the_resolver_s_kinds)
{
    assert_int_equal(find_code(winsock_rows, WINSOCK_COUNT, 11001)->kind, FER_HOST_NOT_FOUND);
    assert_int_equal(find_code(winsock_rows, WINSOCK_COUNT, 11002)->kind, FER_RESOLVE_TRY_AGAIN);
    assert_int_equal(find_code(winsock_rows, WINSOCK_COUNT, 11003)->kind, FER_RESOLVE_FAILED);
    assert_int_equal(find_code(winsock_rows, WINSOCK_COUNT, 11004)->kind, FER_HOST_NOT_FOUND);
}

/* ---- This host's map */

static void check_host_code(int32_t code)
{
    fer_error err = fer_error_from_raw_os_error(code);
    assert_int_equal(err.os_code, code);
    assert_int_equal(err.kind, ferp_error_kind(code));
    assert_string_not_equal(fer_error_kind_name(err.kind), "Unknown");
    assert_int_equal(err.kind == FER_OK, code == 0);
}

TEST(this_host_s_map_is_total)
{
    for (int32_t code = -70000; code <= 70000; code++) {
        check_host_code(code);
    }
    const int32_t edges[] = {INT32_MIN, INT32_MIN + 1, INT32_MAX - 1, INT32_MAX};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        check_host_code(edges[i]);
    }
}

/* A code that is not in the table maps to Uncategorized, so the map has no other entries. */
static void check_host_against(const struct row *rows, size_t count)
{
    for (int32_t code = -70000; code <= 70000; code++) {
        const struct row *row = find_code(rows, count, code);
        fer_error_kind want = code == 0 ? FER_OK : FER_UNCATEGORIZED;
        if (row != NULL) {
            want = row->kind;
        }
        assert_int_equal(ferp_error_kind(code), want);
    }
}

TEST(this_host_s_map_is_its_table)
{
    if (HOST_IS_WINDOWS) {
        check_host_against(winsock_rows, WINSOCK_COUNT);
    } else if (HOST_IS_GENERIC_LINUX) {
        check_host_against(linux_rows, LINUX_COUNT);
    } else {
        print_message("this host's errno numbers are in no table of numbers\n");
        skip();
    }
}

TEST_MAIN("error_maps")
