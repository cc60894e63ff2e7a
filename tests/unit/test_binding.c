/* test_binding.c: how a socket of either type is bound (rules L1, L4). test_seam_failures.c checks
 * that no failure leaks a socket. */
#include "unit/scripted_platform.h"

#include "core/open/binding.h"

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

/* The calls on each system for each type and family. */
SCRIPT_TEST(a_port_is_held_with_the_options_that_each_system_needs)
{
    static const struct {
        const struct ferp_traits *traits;
        fer_type type;
        const char *addr;
        const char *log;
    } rows[] = {
        {&script_posix, FER_TYPE_STREAM, "127.0.0.1:80",
         "socket(v4) set_option(1,REUSE_ADDRESS,1) bind(1,127.0.0.1:80)"},
        {&script_posix, FER_TYPE_STREAM, "[::]:80",
         "socket(v6) set_option(1,REUSE_ADDRESS,1) set_option(1,ONLY_V6,0) bind(1,[::]:80)"},
        {&script_posix, FER_TYPE_DGRAM, "127.0.0.1:80", "socket(udp,v4) bind(1,127.0.0.1:80)"},
        {&script_posix, FER_TYPE_DGRAM, "[::]:80",
         "socket(udp,v6) set_option(1,ONLY_V6,0) bind(1,[::]:80)"},
        {&script_bsd, FER_TYPE_DGRAM, "127.0.0.1:80", "socket(udp,v4) bind(1,127.0.0.1:80)"},
        {&script_windows, FER_TYPE_STREAM, "127.0.0.1:80",
         "socket(v4) set_option(1,EXCLUSIVE_ADDRESS,1) bind(1,127.0.0.1:80)"},
        {&script_windows, FER_TYPE_DGRAM, "127.0.0.1:80",
         "socket(udp,v4) set_option(1,EXCLUSIVE_ADDRESS,1) bind(1,127.0.0.1:80)"},
        {&script_windows, FER_TYPE_DGRAM, "[::]:0",
         "socket(udp,v6) set_option(1,EXCLUSIVE_ADDRESS,1) set_option(1,ONLY_V6,0) "
         "bind(1,[::]:0)"},
        {&script_windows, FER_TYPE_DGRAM, "[::1]:0",
         "socket(udp,v6) set_option(1,EXCLUSIVE_ADDRESS,1) bind(1,[::1]:0)"},
        {&script_bsd, FER_TYPE_DGRAM, "[::ffff:127.0.0.1]:0",
         "socket(udp,v6) set_option(1,ONLY_V6,0) bind(1,[::ffff:127.0.0.1]:0)"},
        {&script_bsd, FER_TYPE_STREAM, "[::1]:80",
         "socket(v6) set_option(1,REUSE_ADDRESS,1) bind(1,[::1]:80)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(rows[i].traits);
        assert_ok_log(bind_to(rows[i].type, rows[i].addr), rows[i].log);
    }
}

SYSTEM_TEST(script_posix, a_family_that_the_system_has_not_is_reported_as_it_is)
{
    assert_forwards(SCRIPT_SOCKET, FER_UNSUPPORTED, 97, bind_to(FER_TYPE_DGRAM, "[::]:80"));
    assert_log("socket(udp,v6)");
}

SYSTEM_TEST(script_bsd, a_system_without_dual_stack_is_unsupported)
{
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_error(bind_to(FER_TYPE_DGRAM, "[::]:80"), FER_UNSUPPORTED, 22);
    assert_log("socket(udp,v6) set_option(1,ONLY_V6,0) close(1)");
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_error(bind_to(FER_TYPE_DGRAM, "[::ffff:127.0.0.1]:80"), FER_UNSUPPORTED, 22);
}

SYSTEM_TEST(script_windows, a_port_that_cannot_be_held_is_not_bound)
{
    assert_forwards(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 10022,
                    bind_to(FER_TYPE_DGRAM, "[::]:80"));
    assert_log("socket(udp,v6) set_option(1,EXCLUSIVE_ADDRESS,1) close(1)");
}

SYSTEM_TEST(script_posix, a_bind_that_fails_is_reported_and_its_socket_closed)
{
    assert_forwards(SCRIPT_BIND, FER_ADDR_NOT_AVAILABLE, 99,
                    bind_to(FER_TYPE_DGRAM, "192.0.2.1:80"));
    assert_log("socket(udp,v4) bind(1,192.0.2.1:80) close(1)");
}

/* ---- A denied bind */

SYSTEM_TEST(script_posix, a_denied_bind_is_reported_as_it_is_where_it_can_mean_nothing_else)
{
    assert_forwards(SCRIPT_BIND, FER_PERMISSION_DENIED, 13,
                    bind_to(FER_TYPE_DGRAM, "127.0.0.1:80"));
    assert_log("socket(udp,v4) bind(1,127.0.0.1:80) close(1)");
}

/* The probe after a denied bind uses a socket of the same type, because TCP and UDP ports are
 * independent. */
SCRIPT_TEST(a_denied_bind_of_a_taken_port_is_in_use_with_the_first_code)
{
    static const char *const logs[] = {
        [FER_TYPE_STREAM] = "socket(v4) set_option(1,EXCLUSIVE_ADDRESS,1) bind(1,127.0.0.1:80) "
                            "socket(v4) bind(2,0.0.0.0:80) close(2) close(1)",
        [FER_TYPE_DGRAM] = "socket(udp,v4) set_option(1,EXCLUSIVE_ADDRESS,1) bind(1,127.0.0.1:80) "
                           "socket(udp,v4) bind(2,0.0.0.0:80) close(2) close(1)"};
    for (int type = FER_TYPE_STREAM; type <= FER_TYPE_DGRAM; type++) {
        script_begin(&script_windows);
        script_then_fail(SCRIPT_BIND, FER_PERMISSION_DENIED, 10013);
        script_then_fail(SCRIPT_BIND, FER_ADDR_IN_USE, 10048);
        assert_error_log(bind_to((fer_type)type, "127.0.0.1:80"), FER_ADDR_IN_USE, 10013,
                         logs[type]);
    }
}

SYSTEM_TEST(script_windows, a_denied_bind_of_a_free_port_is_denied)
{
    script_then_fail(SCRIPT_BIND, FER_PERMISSION_DENIED, 10013);
    assert_error_log(bind_to(FER_TYPE_DGRAM, "[2001:db8::1%4]:80"), FER_PERMISSION_DENIED, 10013,
                     "socket(udp,v6) set_option(1,EXCLUSIVE_ADDRESS,1) "
                     "bind(1,[2001:db8::1%4]:80) "
                     "socket(udp,v6) bind(2,[::]:80) close(2) close(1)");
}

SYSTEM_TEST(script_windows, a_denied_bind_of_a_reserved_port_is_denied)
{
    script_then_fail(SCRIPT_BIND, FER_PERMISSION_DENIED, 10013);
    script_then_fail(SCRIPT_BIND, FER_PERMISSION_DENIED, 10013);
    assert_error(bind_to(FER_TYPE_DGRAM, "127.0.0.1:80"), FER_PERMISSION_DENIED, 10013);
}

SYSTEM_TEST(script_windows, a_denied_bind_that_cannot_be_examined_is_denied)
{
    script_then_fail(SCRIPT_BIND, FER_PERMISSION_DENIED, 10013);
    (void)script_then(SCRIPT_SOCKET);
    script_then_fail(SCRIPT_SOCKET, FER_ADDR_IN_USE, 10024);
    assert_error(bind_to(FER_TYPE_DGRAM, "127.0.0.1:80"), FER_PERMISSION_DENIED, 10013);
    assert_log("socket(udp,v4) set_option(1,EXCLUSIVE_ADDRESS,1) bind(1,127.0.0.1:80) "
               "socket(udp,v4) close(1)");
}

TEST_MAIN("binding")
