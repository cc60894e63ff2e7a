/* test_socket_building.c: the seam calls of each step of building a socket on each system, and the
 * resulting state: creation, binding, listening, options. Connecting: test_socket_connecting.c. */
#include "core/handle/modes.h"
#include "unit/scripted_platform.h"
#include "unit/socket_check.h"

static fer_error bind_to(fer_socket *socket, const char *text)
{
    fer_socket_addr addr = script_addr(text);
    return fer_socket_bind(socket, &addr);
}

/* ---- Creation */

SCRIPT_TEST(a_new_socket_has_the_options_of_its_kind)
{
    static const struct {
        const struct ferp_traits *traits;
        fer_domain domain;
        fer_type type;
        int protocol;
        feri_phase phase;
        const char *log;
    } rows[] = {
        {&script_posix, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 136, FERI_PHASE_OPEN,
         "socket(udp,v4,protocol) report_refusals(1,0)"},
        {&script_posix, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 1, FERI_PHASE_OPEN,
         "socket(udp,v4,protocol) report_refusals(1,0)"},
        {&script_posix, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0, FERI_PHASE_UNCONNECTED, "socket(v4)"},
        {&script_posix, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 6, FERI_PHASE_UNCONNECTED,
         "socket(v4,protocol)"},
        {&script_posix, FER_DOMAIN_IPV6, FER_TYPE_STREAM, 0, FERI_PHASE_UNCONNECTED,
         "socket(v6) set_option(1,ONLY_V6,0)"},
        {&script_windows, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, FERI_PHASE_OPEN,
         "socket(udp,v4) report_refusals(1,0)"},
        {&script_bsd, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, 17, FERI_PHASE_OPEN,
         "socket(udp,v6,protocol) set_option(1,ONLY_V6,0) report_refusals(1,0)"},
        {&script_posix, FER_DOMAIN_IPV4, FER_TYPE_RAW, 1, FERI_PHASE_OPEN,
         "socket(raw,v4,protocol) report_refusals(1,0)"},
        {&script_posix, FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0, FERI_PHASE_UNCONNECTED,
         "unix_socket()"},
        {&script_posix, FER_DOMAIN_UNIX, FER_TYPE_DGRAM, 0, FERI_PHASE_OPEN,
         "unix_socket(datagram)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_socket socket = {0};
        script_begin(rows[i].traits);
        assert_ok(fer_socket_new(&socket, rows[i].domain, rows[i].type, rows[i].protocol));
        assert_row(phase_of(&socket) == rows[i].phase);
        bool is_other = rows[i].type != FER_TYPE_STREAM && rows[i].protocol == 1;
        assert_row(feri_handle_has_flag(&socket.handle_, FERI_FLAG_NO_PORTS) == is_other);
        assert_log(rows[i].log);
        fer_socket_close(&socket);
        assert_row(phase_of(&socket) == FERI_PHASE_CLOSED);
        assert_row(script.sockets_open == 0);
    }
}

/* ---- Binding */

SCRIPT_TEST(a_unix_socket_is_bound_to_a_name)
{
    fer_socket socket = new_socket(&script_posix, FER_DOMAIN_UNIX, FER_TYPE_DGRAM);
    fer_unix_addr name = script_path("a");
    fer_unix_addr unnamed = {0};
    assert_error(fer_socket_bind_unix(&socket, &unnamed), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_bind_unix(&socket, NULL), FER_MISUSE, 0);
    assert_error(bind_to(&socket, "127.0.0.1:80"), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_bind(&socket, NULL), FER_MISUSE, 0);
    assert_error_log(fer_socket_connect(&socket, NULL), FER_MISUSE, 0, "");
    assert_forwards(SCRIPT_UNIX_BIND, FER_ADDR_IN_USE, 98, fer_socket_bind_unix(&socket, &name));
    assert_ok(fer_socket_bind_unix(&socket, &name));
    assert_error(fer_socket_bind_unix(&socket, &name), FER_INVALID_INPUT, 0);
    assert_int_equal(script.times[SCRIPT_UNIX_BIND], 2);
    fer_socket other = new_stream(&script_posix);
    assert_error_log(fer_socket_bind_unix(&other, &name), FER_INVALID_INPUT, 0, "");
}

/* Windows: "getsockname function", WSAEINVAL. */
SCRIPT_TEST(the_address_of_an_unbound_socket_is_the_unspecified_one)
{
    fer_socket_addr addr = {.port = 77};
    for (int is_v6 = 0; is_v6 < 2; is_v6++) {
        fer_socket socket =
            new_socket(&script_windows, is_v6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4, FER_TYPE_STREAM);
        script_queue("local_addr INVALID_INPUT:10022 BAD_HANDLE:10038 INVALID_INPUT:10022");
        assert_ok(fer_socket_local_addr(&socket, &addr));
        assert_addr(&addr, is_v6 ? "[::]:0" : "0.0.0.0:0");
        assert_error(fer_socket_local_addr(&socket, &addr), FER_BAD_HANDLE, 10038);
        /* XNU: an ended connection */
        assert_ok(is_v6 ? bind_to(&socket, "[::1]:80") : connect_to(&socket, "192.0.2.1:80"));
        assert_error(fer_socket_local_addr(&socket, &addr), FER_INVALID_INPUT, 10022);
        script_then(SCRIPT_LOCAL_ADDR)->addr.port = 1002;
        assert_ok(fer_socket_local_addr(&socket, &addr));
        assert_int_equal(addr.port, 1002);
    }
}

/* ---- Other public functions */

/* If SO_REUSEADDR alone shares nothing, a datagram socket has SO_REUSEPORT as well, and reuse_port
 * is still what set_reuse_port was called with. */
SCRIPT_TEST(a_datagram_socket_shares_by_both_options_if_one_is_not_enough)
{
    fer_socket socket = new_socket(&script_bsd, FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    bool reuses = true;
    assert_ok(fer_socket_set_reuse_address(&socket, true));
    assert_log("set_option(1,REUSE_ADDRESS,1) set_option(1,REUSE_PORT,1)");
    assert_ok(fer_socket_reuse_port(&socket, &reuses));
    assert_false(reuses);
    assert_ok(fer_socket_set_reuse_port(&socket, true));
    assert_ok(fer_socket_reuse_port(&socket, &reuses));
    assert_true(reuses);
    assert_ok_log(fer_socket_set_reuse_address(&socket, false),
                  "set_option(1,REUSE_PORT,1) set_option(1,REUSE_ADDRESS,0) "
                  "set_option(1,REUSE_PORT,1)");
    assert_ok(fer_socket_set_reuse_port(&socket, false));
    assert_ok(fer_socket_set_reuse_address(&socket, true));
    assert_ok_log(fer_socket_set_reuse_port(&socket, false),
                  "set_option(1,REUSE_PORT,0) set_option(1,REUSE_ADDRESS,1) "
                  "set_option(1,REUSE_PORT,1) set_option(1,REUSE_PORT,1)");
    socket.handle_.p_.flags_ |= FERI_FLAG_CLONED;
    assert_ok_log(fer_socket_reuse_port(&socket, &reuses), "option_value(1,REUSE_PORT)");
    socket = new_stream(&script_bsd);
    assert_ok_log(fer_socket_set_reuse_address(&socket, false), "set_option(1,REUSE_ADDRESS,0)");
    socket = new_socket(&script_posix, FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_ok(fer_socket_set_reuse_address(&socket, true));
    assert_ok(fer_socket_reuse_port(&socket, &reuses));
    assert_log("set_option(1,REUSE_ADDRESS,1) option_value(1,REUSE_PORT)");
}

TEST_MAIN("socket_building")
