/* test_opening.c: filling a handle with the first of several addresses that works, for given
 * addresses and for those of a name; and how a socket of either type is bound. */
#include "unit/scripted_platform.h"

#include "core/open/binding.h"
#include "core/open/connecting.h"

#define SOME 3

static void some_addrs(fer_socket_addr addrs[SOME])
{
    addrs[0] = script_addr("192.0.2.1:1");
    addrs[1] = script_addr("[2001:db8::2]:2");
    addrs[2] = script_addr("192.0.2.3:3");
}

SYSTEM_TEST(script_posix, no_address_or_a_bad_family_among_them_is_refused_before_any_call)
{
    fer_handle handle = {0};
    fer_socket_addr addrs[SOME];
    some_addrs(addrs);
    assert_error(feri_open_first(&handle, NULL, 0, feri_connection_open, 0), FER_MISUSE, 0);
    assert_error(feri_open_first(&handle, NULL, 1, feri_connection_open, 0), FER_MISUSE, 0);
    assert_error(feri_open_first(&handle, addrs, 0, feri_connection_open, 0), FER_INVALID_INPUT, 0);
    assert_error(feri_open_first(NULL, addrs, SOME, feri_connection_open, 0), FER_MISUSE, 0);
    for (size_t i = 0; i < SOME; i++) {
        some_addrs(addrs);
        addrs[i].ip.family = (fer_ip_family)0;
        assert_error(feri_open_first(&handle, addrs, SOME, feri_connection_open, 0),
                     FER_INVALID_INPUT, 0);
        addrs[i].ip.family = (fer_ip_family)5;
        assert_error(feri_open_first(&handle, addrs, SOME, feri_connection_open, 0),
                     FER_INVALID_INPUT, 0);
    }
    assert_log("");
    assert_int_equal(feri_handle_state(&handle), 0);
}

/* ---- Binding (rules L1, L4) */

static fer_error bind_to(fer_type type, const char *text)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr = script_addr(text);
    fer_error error = feri_bound_socket_open(type, &addr, &raw);
    if (error.kind != FER_OK) {
        feri_close_opened(&raw);
    }
    assert_int_equal(script.sockets_open, error.kind == FER_OK);
    return error;
}

SYSTEM_TEST(script_bsd, a_system_without_dual_stack_is_unsupported)
{
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_error(bind_to(FER_TYPE_DGRAM, "[::]:80"), FER_UNSUPPORTED, 22);
    assert_log("socket(udp,v6) set_option(1,ONLY_V6,0) close(1)");
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_error(bind_to(FER_TYPE_DGRAM, "[::ffff:127.0.0.1]:80"), FER_UNSUPPORTED, 22);
}

/* A dual-stack socket that holds the port denies 0.0.0.0 too. */
SYSTEM_TEST(script_windows, a_denied_bind_beside_a_dual_stack_socket_is_in_use)
{
    script_queue("bind PERMISSION_DENIED:10013 PERMISSION_DENIED:10013 ADDR_IN_USE:10048");
    assert_error_log(bind_to(FER_TYPE_STREAM, "127.0.0.1:80"), FER_ADDR_IN_USE, 10013,
                     "socket(v4) set_option(1,EXCLUSIVE_ADDRESS,1) bind(1,127.0.0.1:80) "
                     "socket(v4) set_option(2,EXCLUSIVE_ADDRESS,1) bind(2,0.0.0.0:80) close(2) "
                     "socket(v6) set_option(3,EXCLUSIVE_ADDRESS,1) set_option(3,ONLY_V6,0) "
                     "bind(3,[::]:80) close(3) close(1)");
}

TEST_MAIN("opening")
