/* test_unix_addr.c: addresses of Unix sockets, with each system's facts. */
#include "unit/scripted_platform.h"

#include "core/open/unix_opening.h"
#include "ferrule/unix.h"

SYSTEM_TEST(script_posix, a_path_is_kept_with_its_end)
{
    fer_unix_addr addr;
    size_t len = 77;
    memset(&addr, 0x5a, sizeof addr);
    assert_ok(fer_unix_addr_from_pathname(&addr, "/run/a"));
    assert_string_equal(fer_unix_addr_as_pathname(&addr), "/run/a");
    assert_false(fer_unix_addr_is_unnamed(&addr));
    assert_null(fer_unix_addr_as_abstract_name(&addr, &len));
    assert_int_equal(len, 77);
    fer_unix_addr same = {0};
    assert_ok(fer_unix_addr_from_pathname(&same, "/run/a"));
    assert_memory_equal(&addr, &same, sizeof addr); /* no previous bytes remain */
}

SCRIPT_TEST(a_path_is_as_long_as_the_system_takes)
{
    static const struct ferp_traits *const systems[] = {&script_posix, &script_bsd,
                                                        &script_windows};
    static const size_t longest[] = {107, 103, 107};
    for (size_t i = 0; i < 3; i++) {
        char path[120];
        fer_unix_addr addr = {0};
        fer_unix_addr untouched = {0};
        script_begin(systems[i]);
        memset(path, 'p', sizeof path);
        path[longest[i]] = '\0';
        assert_ok(fer_unix_addr_from_pathname(&addr, path));
        assert_string_equal(fer_unix_addr_as_pathname(&addr), path);
        assert_ok(feri_check_unix_name(&addr));
        path[longest[i]] = 'p';
        path[longest[i] + 1] = '\0';
        memset(&addr, 0x5a, sizeof addr);
        memset(&untouched, 0x5a, sizeof untouched);
        assert_error(fer_unix_addr_from_pathname(&addr, path), FER_INVALID_INPUT, 0);
        path[longest[i] + 1] = 'p'; /* a path without a NUL */
        assert_error(fer_unix_addr_from_pathname(&addr, path), FER_INVALID_INPUT, 0);
        assert_error(fer_unix_addr_from_pathname(&addr, ""), FER_INVALID_INPUT, 0);
        assert_error(fer_unix_addr_from_pathname(&addr, NULL), FER_MISUSE, 0);
        assert_error(fer_unix_addr_from_pathname(NULL, "p"), FER_MISUSE, 0);
        assert_memory_equal(&addr, &untouched, sizeof addr);
    }
}

SYSTEM_TEST(script_posix, an_abstract_name_is_any_bytes)
{
    char bytes[120];
    fer_unix_addr addr;
    size_t len = 77;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)i;
    }
    for (size_t wanted = 0; wanted <= 107; wanted++) {
        assert_ok(fer_unix_addr_from_abstract_name(&addr, bytes, wanted));
        const char *name = fer_unix_addr_as_abstract_name(&addr, &len);
        assert_non_null(name);
        assert_int_equal(len, wanted);
        assert_memory_equal(name, bytes, wanted);
        assert_null(fer_unix_addr_as_pathname(&addr));
        assert_false(fer_unix_addr_is_unnamed(&addr));
        assert_ok(feri_check_unix_name(&addr));
    }
    assert_ok(fer_unix_addr_from_abstract_name(&addr, NULL, 0));
    assert_error(fer_unix_addr_from_abstract_name(&addr, bytes, 108), FER_INVALID_INPUT, 0);
    assert_error(fer_unix_addr_from_abstract_name(&addr, bytes, SIZE_MAX), FER_INVALID_INPUT, 0);
    assert_error(fer_unix_addr_from_abstract_name(&addr, NULL, 1), FER_MISUSE, 0);
    assert_error(fer_unix_addr_from_abstract_name(NULL, bytes, 1), FER_MISUSE, 0);
    assert_null(fer_unix_addr_as_abstract_name(&addr, NULL));
    assert_null(fer_unix_addr_as_abstract_name(NULL, &len));
}

SYSTEM_TEST(script_posix, abstract_names_are_unsupported_where_there_are_none)
{
    fer_unix_addr addr;
    assert_ok(fer_unix_addr_from_abstract_name(&addr, "name", 4));
    script.traits.has_abstract_unix_names = false;
    assert_error(feri_check_unix_name(&addr), FER_UNSUPPORTED, 0);
    assert_error(fer_unix_addr_from_abstract_name(&addr, "name", 4), FER_UNSUPPORTED, 0);
    assert_error(fer_unix_addr_from_abstract_name(&addr, NULL, 4), FER_MISUSE, 0);
}

SYSTEM_TEST(script_posix, all_zero_bytes_are_the_unnamed_address)
{
    fer_unix_addr addr = {0};
    size_t len = 77;
    assert_true(fer_unix_addr_is_unnamed(&addr));
    assert_false(fer_unix_addr_is_unnamed(NULL));
    assert_null(fer_unix_addr_as_pathname(&addr));
    assert_null(fer_unix_addr_as_pathname(NULL));
    assert_null(fer_unix_addr_as_abstract_name(&addr, &len));
    assert_error(feri_check_unix_name(&addr), FER_INVALID_INPUT, 0);
    assert_error(feri_check_unix_name(NULL), FER_MISUSE, 0);
}

/* A path from the OS may fill the whole field, without a NUL. */
SYSTEM_TEST(script_posix, a_path_without_space_for_its_nul_is_terminated_here)
{
    fer_unix_addr addr = {.kind_ = FERP_UNIX_PATHNAME, .len_ = 108};
    memset(addr.name_, 'p', 108);
    assert_non_null(fer_unix_addr_as_pathname(&addr));
    assert_int_equal(strlen(fer_unix_addr_as_pathname(&addr)), 108);
    assert_ok(feri_check_unix_name(&addr));
}

/* Arbitrary memory instead of an address: no function reads past it. */
SYSTEM_TEST(script_posix, wild_bytes_are_no_address)
{
    static const uint16_t lengths[] = {0, 1, 107, 108, 109, 111, 112, 113, 255, 32767, 65535};
    static const uint16_t kinds[] = {0, 1, 2, 3, 255, 65535};
    for (size_t k = 0; k < 6; k++) {
        for (size_t i = 0; i < 11; i++) {
            fer_unix_addr addr;
            size_t len = 0;
            memset(&addr, 0x5a, sizeof addr);
            addr.kind_ = kinds[k];
            addr.len_ = lengths[i];
            bool is_abstract = kinds[k] == FERP_UNIX_ABSTRACT && lengths[i] <= 107;
            assert_null(fer_unix_addr_as_pathname(&addr));
            assert_int_equal(fer_unix_addr_as_abstract_name(&addr, &len) != NULL, is_abstract);
            assert_error(feri_check_unix_name(&addr), is_abstract ? FER_OK : FER_INVALID_INPUT, 0);
        }
    }
}

TEST_MAIN("unix_addr")
