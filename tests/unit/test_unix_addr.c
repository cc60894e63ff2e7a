/* test_unix_addr.c: addresses of Unix sockets, with each system's facts. */
#include "unit/scripted_platform.h"

#include "core/open/unix_opening.h"
#include "ferrule/unix.h"

SYSTEM_TEST(script_posix, abstract_names_are_unsupported_if_the_system_has_none)
{
    fer_unix_addr addr;
    assert_ok(fer_unix_addr_from_abstract_name(&addr, "name", 4));
    script.traits.has_abstract_unix_names = false;
    assert_error(feri_check_unix_name(&addr), FER_UNSUPPORTED, 0);
    assert_error(fer_unix_addr_from_abstract_name(&addr, "name", 4), FER_UNSUPPORTED, 0);
    assert_error(fer_unix_addr_from_abstract_name(&addr, NULL, 4), FER_MISUSE, 0);
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
