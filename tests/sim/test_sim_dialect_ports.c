/* test_sim_dialect_ports.c: accepting, and sharing ports, on each of the two systems. It calls the
 * seam's functions, as test_sim_dialects.c does. */
#include "sim/sim_raw.h"

/* ---- Accepting */

SIM_TEST(an_accepted_socket_inherits_timeout_and_nodelay_but_no_mode)
{
    fer_raw_socket server = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr;
    bool nonblocking = false;
    fer_duration timeout = FER_DURATION_NONE;
    uint32_t nodelay = 0;
    fer_raw_socket listener = raw_listener(&addr);
    assert_ok(ferp_set_nonblocking(listener, true));
    assert_ok(ferp_set_timeout(listener, FERP_READING, millis(400)));
    assert_ok(ferp_set_option(listener, FERP_NODELAY, 1));
    (void)raw_connected(&addr);
    assert_ok(ferp_accept(listener, &server, &addr));
    assert_kind(ferp_is_nonblocking(server, &nonblocking), is_winsock() ? FER_UNSUPPORTED : FER_OK);
    assert_false(nonblocking);
    assert_ok_n(ferp_timeout(server, FERP_READING, &timeout), timeout.nanos, millis(400).nanos);
    assert_ok_n(ferp_option_value(server, FERP_NODELAY, &nodelay), nodelay, 1);
}

SIM_TEST(a_connection_that_was_reset_in_the_queue)
{
    fer_raw_socket server = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr;
    fer_raw_socket listener = raw_listener(&addr);
    raw_reset(raw_connected(&addr));
    if (is_winsock()) {
        assert_code(ferp_accept(listener, &server, &addr), FER_CONNECTION_ABORTED, 10054);
    } else {
        assert_ok(ferp_accept(listener, &server, &addr));
        raw_recv_is_reset(server);
    }
}

/* ---- Ports: Linux' rule, and the table of "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" (MSDN)
 * with what tests on Windows found. */

#define PLAIN FERP_NODELAY /* neither of the two options */
#define REUSE FERP_REUSE_ADDRESS
#define EXCLUSIVE FERP_EXCLUSIVE_ADDRESS

struct binding {
    ferp_option option;
    const char *addr;
};

static fer_error bind_type_as(fer_type type, struct binding binding, fer_raw_socket *out)
{
    const fer_socket_addr *addr = addr_at(binding.addr);
    bool is_v6 = addr->ip.family == FER_IP_V6;
    *out = raw_new(is_v6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4, type);
    if (is_v6) {
        assert_ok(ferp_set_option(*out, FERP_ONLY_V6, 0));
    }
    if (binding.option != PLAIN) {
        assert_ok(ferp_set_option(*out, binding.option, 1));
    }
    return ferp_bind(*out, addr);
}

static fer_error bind_as(struct binding binding, fer_raw_socket *out)
{
    return bind_type_as(FER_TYPE_STREAM, binding, out);
}

WINSOCK_CONFIG_TEST(ports_are_shared_as_documented_for_windows)
{
    enum { FINE, INUSE, ACCESS };
    static const struct binding all[] = {
        {PLAIN, "0.0.0.0:90"},   {PLAIN, "127.0.0.1:90"},   {REUSE, "0.0.0.0:90"},
        {REUSE, "127.0.0.1:90"}, {EXCLUSIVE, "0.0.0.0:90"}, {EXCLUSIVE, "127.0.0.1:90"},
    };
    static const int want[6][6] = {
        {INUSE, FINE, FINE, FINE, INUSE, FINE},         {FINE, INUSE, FINE, FINE, INUSE, INUSE},
        {INUSE, FINE, FINE, FINE, INUSE, FINE},         {FINE, INUSE, FINE, FINE, INUSE, INUSE},
        {INUSE, ACCESS, ACCESS, ACCESS, INUSE, ACCESS}, {FINE, INUSE, FINE, ACCESS, INUSE, INUSE},
    };
    static const int32_t codes[] = {0, 10048, 10013};
    sim_begin_of(.windows.reuse_takes_address = true);
    for (size_t first = 0; first < 6; first++) {
        for (size_t second = 0; second < 6; second++) {
            fer_raw_socket one, other;
            assert_ok(bind_as(all[first], &one));
            assert_int_equal(bind_as(all[second], &other).os_code, codes[want[first][second]]);
            ferp_close(one);
            ferp_close(other);
        }
    }
}

/* What the second bind of each pair is, of two streams or of two datagram sockets. */
struct pair_of_binds {
    struct binding first, second;
    int32_t code;
};

static void check_binds(const struct pair_of_binds *rows, size_t count, fer_sim_windows windows)
{
    sim_begin_of(.windows = windows);
    for (size_t i = 0; i < 2 * count; i++) {
        const struct pair_of_binds *row = &rows[i / 2];
        fer_type type = i % 2 == 0 ? FER_TYPE_STREAM : FER_TYPE_DGRAM;
        fer_raw_socket one, other;
        assert_ok(bind_type_as(type, row->first, &one));
        int32_t code = bind_type_as(type, row->second, &other).os_code;
        if (code != row->code) {
            fail_msg("%s, then %s: %d", row->first.addr, row->second.addr, (int)code);
        }
        ferp_close(one);
        ferp_close(other);
    }
    sim_end_one();
}

#define ROWS(rows) rows, sizeof rows / sizeof rows[0]
/* The pairs of Wine's test_reuseaddr and test_ipv6only (dlls/ws2_32/tests/sock.c), which Windows 7
 * to 11 pass. [::] is dual stack. */
WINSOCK_CONFIG_TEST(two_sockets_bind_a_port_as_tested_on_windows)
{
    static const struct pair_of_binds rows[] = {
        {{EXCLUSIVE, "0.0.0.0:90"}, {PLAIN, "127.0.0.1:90"}, 10013},
        {{EXCLUSIVE, "[::]:90"}, {PLAIN, "127.0.0.1:90"}, 10013},
        {{PLAIN, "0.0.0.0:90"}, {EXCLUSIVE, "127.0.0.1:90"}, 0},
        {{EXCLUSIVE, "0.0.0.0:90"}, {EXCLUSIVE, "127.0.0.1:90"}, 10013},
        {{EXCLUSIVE, "127.0.0.1:90"}, {PLAIN, "0.0.0.0:90"}, 0},
        {{PLAIN, "127.0.0.1:90"}, {EXCLUSIVE, "0.0.0.0:90"}, 10048},
        {{PLAIN, "127.0.0.1:90"}, {EXCLUSIVE, "[::]:90"}, 10048},
        {{PLAIN, "[::1]:90"}, {EXCLUSIVE, "0.0.0.0:90"}, 0},
        {{EXCLUSIVE, "[::1]:90"}, {EXCLUSIVE, "127.0.0.1:90"}, 0},
        {{PLAIN, "[::ffff:127.0.0.1]:90"}, {EXCLUSIVE, "0.0.0.0:90"}, 10048},
        {{EXCLUSIVE, "[::]:90"}, {PLAIN, "0.0.0.0:90"}, 10013},
        {{PLAIN, "[::]:90"}, {EXCLUSIVE, "0.0.0.0:90"}, 0},
        {{PLAIN, "0.0.0.0:90"}, {EXCLUSIVE, "0.0.0.0:90"}, 10048},
        {{PLAIN, "0.0.0.0:90"}, {PLAIN, "0.0.0.0:90"}, 10048},
        {{PLAIN, "[::]:90"}, {PLAIN, "0.0.0.0:90"}, 0},
        {{PLAIN, "[::ffff:0.0.0.0]:90"}, {PLAIN, "0.0.0.0:90"}, 10048},
        {{PLAIN, "[::ffff:127.0.0.1]:90"}, {PLAIN, "127.0.0.1:90"}, 10048},
        {{PLAIN, "127.0.0.1:90"}, {PLAIN, "[::ffff:127.0.0.1]:90"}, 10048},
        {{EXCLUSIVE, "127.0.0.1:90"}, {PLAIN, "127.0.0.1:90"}, 10048},
        {{PLAIN, "127.0.0.1:90"}, {EXCLUSIVE, "127.0.0.1:90"}, 10048},
        {{PLAIN, "127.0.0.1:90"}, {REUSE, "127.0.0.1:90"}, 10013},
        {{PLAIN, "[::1]:90"}, {REUSE, "[::1]:90"}, 10013},
        {{REUSE, "127.0.0.1:90"}, {REUSE, "127.0.0.1:90"}, 0},
        {{EXCLUSIVE, "[::]:90"}, {REUSE, "0.0.0.0:90"}, 10013},
    };
    check_binds(ROWS(rows), (fer_sim_windows){false});
    check_binds(ROWS(rows), (fer_sim_windows){.denies_held_wildcard = true});
}

/* Pairs on which the sources disagree: a wildcard address that is held exclusively (MSDN's table;
 * Wine 8), and SO_REUSEADDR on a specific address (Wine's test_reuseaddr; MSDN's table). */
WINSOCK_CONFIG_TEST(two_sockets_bind_a_port_by_each_source)
{
    static const struct pair_of_binds as_reported[] = {
        {{EXCLUSIVE, "0.0.0.0:90"}, {EXCLUSIVE, "[::]:90"}, 10048},
        {{EXCLUSIVE, "[::]:90"}, {PLAIN, "[::]:90"}, 10048},
        {{EXCLUSIVE, "[::]:90"}, {EXCLUSIVE, "[::]:90"}, 10048},
        {{EXCLUSIVE, "0.0.0.0:90"}, {PLAIN, "0.0.0.0:90"}, 10048},
        {{EXCLUSIVE, "0.0.0.0:90"}, {EXCLUSIVE, "0.0.0.0:90"}, 10048},
        {{PLAIN, "127.0.0.1:90"}, {REUSE, "127.0.0.1:90"}, 10013},
    };
    static const struct pair_of_binds otherwise[] = {
        {{EXCLUSIVE, "0.0.0.0:90"}, {EXCLUSIVE, "[::]:90"}, 10013},
        {{EXCLUSIVE, "0.0.0.0:90"}, {PLAIN, "[::]:90"}, 0},
        {{EXCLUSIVE, "[::]:90"}, {PLAIN, "[::]:90"}, 10013},
        {{EXCLUSIVE, "[::]:90"}, {EXCLUSIVE, "[::]:90"}, 10013},
        {{EXCLUSIVE, "0.0.0.0:90"}, {PLAIN, "0.0.0.0:90"}, 10013},
        {{EXCLUSIVE, "0.0.0.0:90"}, {EXCLUSIVE, "0.0.0.0:90"}, 10013},
        {{PLAIN, "127.0.0.1:90"}, {REUSE, "127.0.0.1:90"}, 0},
    };
    check_binds(ROWS(as_reported), (fer_sim_windows){false});
    check_binds(ROWS(otherwise),
                (fer_sim_windows){.denies_held_wildcard = true, .reuse_takes_address = true});
}

/* Listens on `first`, and binds `second` to its port. */
static fer_error listen_beside(fer_sim_windows windows, const char *first, const char *second)
{
    sim_begin_of(.windows = windows);
    assert_ok(fer_tcp_listener_bind(&test.listener, first));
    fer_error error = fer_tcp_listener_bind(&test.listener2, second);
    sim_end_one();
    return error;
}

/* Rule L1. If each bind beside an exclusive wildcard is denied, as under Wine, a port in use cannot
 * be told from a reserved one. */
WINSOCK_CONFIG_TEST(a_port_beside_an_exclusive_wildcard_is_in_use)
{
    static const char *const pairs[][2] = {
        {"[::]:90", "127.0.0.1:90"},    {"[::]:90", "10.0.0.1:90"},
        {"[::]:90", "0.0.0.0:90"},      {"[::]:90", "[::1]:90"},
        {"0.0.0.0:90", "127.0.0.1:90"}, {"[::]:90", "[::]:90"},
        {"0.0.0.0:90", "0.0.0.0:90"},   {"[::]:90", "[::ffff:127.0.0.1]:90"}};
    const fer_sim_windows as_wine = {.denies_held_wildcard = true};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_kind(listen_beside((fer_sim_windows){false}, pairs[i][0], pairs[i][1]),
                    FER_ADDR_IN_USE);
        assert_kind(listen_beside(as_wine, pairs[i][0], pairs[i][1]), FER_PERMISSION_DENIED);
    }
    assert_kind(listen_beside(as_wine, "127.0.0.1:90", "0.0.0.0:90"), FER_ADDR_IN_USE);
    assert_kind(listen_beside(as_wine, "127.0.0.1:90", "[::]:90"), FER_ADDR_IN_USE);
}

/* docs/DIFFERENCES.md, wildcard_beside_specific and ipv4_beside_dual_stack. */
WINSOCK_CONFIG_TEST(a_listener_takes_the_connections_of_a_wildcard_that_is_not_exclusive)
{
    static const char *const pairs[][2] = {
        {"0.0.0.0:90", "127.0.0.1:90"}, {"[::]:90", "0.0.0.0:90"}, {"[::]:90", "127.0.0.1:90"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        fer_raw_socket foreign;
        sim_begin_of(.seed = i);
        assert_ok(bind_as((struct binding){PLAIN, pairs[i][0]}, &foreign));
        assert_ok(ferp_listen(foreign, 4));
        assert_ok(fer_tcp_listener_bind(&test.listener, pairs[i][1]));
        (void)raw_connected(addr_at("127.0.0.1:90"));
        assert_ok(fer_tcp_listener_accept(&test.listener, &test.stream, NULL));
        sim_end_one();
    }
}

/* Rule L1: a socket that shares its port beside one without options, of another program. */
WINSOCK_CONFIG_TEST(reuse_beside_another_programs_socket_is_in_use_or_as_documented)
{
    for (int takes = 0; takes < 2; takes++) {
        fer_raw_socket foreign;
        sim_begin_of(.windows.reuse_takes_address = takes);
        assert_ok(bind_type_as(FER_TYPE_DGRAM, (struct binding){PLAIN, "127.0.0.1:90"}, &foreign));
        assert_ok(fer_socket_new(&test.socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0));
        assert_ok(fer_socket_set_reuse_address(&test.socket, true));
        assert_kind(fer_socket_bind(&test.socket, addr_at("127.0.0.1:90")),
                    takes ? FER_OK : FER_ADDR_IN_USE);
        sim_end_one();
    }
}

/* docs/DIFFERENCES.md, rebind_under_connections. */
SIM_CONFIG_TEST(a_port_is_bound_again_under_its_connections)
{
    for (int hold = 0; hold < 2; hold++) {
        sim_begin_of(.windows.connections_hold_ports = hold);
        assert_ok(fer_tcp_listener_bind(&test.listener, "127.0.0.1:90"));
        assert_ok(fer_tcp_stream_connect(&test.stream, "127.0.0.1:90"));
        assert_ok(fer_tcp_listener_accept(&test.listener, &test.clone, NULL));
        fer_tcp_listener_close(&test.listener);
        assert_kind(fer_tcp_listener_bind(&test.listener, "127.0.0.1:90"),
                    hold && is_winsock() ? FER_ADDR_IN_USE : FER_OK);
        fer_tcp_listener_close(&test.listener);
        fer_tcp_stream_close(&test.clone);
        fer_tcp_stream_close(&test.stream);
        assert_ok(fer_tcp_listener_bind(&test.listener, "127.0.0.1:90"));
        sim_end_one();
    }
}

/* ---- Scopes (docs/DIFFERENCES.md, link_local_without_scope, scope_of_no_interface). The machine's
 * link-local address is of its network interface 2. */

SIM_TEST(scopes_of_addresses_that_are_bound)
{
    static const struct {
        const char *addr;
        int32_t linux_code, windows_code;
        uint32_t scope; /* that getsockname returns */
    } rows[] = {
        {"[fe80::a00:1%2]:91", 0, 0, 2},
        {"[fe80::a00:1%2]:0", 0, 0, 2},
        {"[fe80::a00:1]:91", 22, 0, 2},
        {"[fe80::a00:1]:0", 22, 0, 2},
        {"[fe80::a00:1%1]:91", 99, 10049, 0},
        {"[fe80::a00:1%5]:0", 99, 10049, 0},
        {"[fe80::b:1]:91", 22, 10049, 0},
        {"[::1%5]:91", 0, 10049, 0},
        {"[::1%5]:0", 0, 10049, 0},
        {"[fd00::1%43981]:91", 0, 10049, 0},
        {"[::1%1]:91", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_socket_addr addr = addr_of(rows[i].addr);
        fer_raw_socket raw = raw_new(FER_DOMAIN_IPV6, FER_TYPE_STREAM);
        fer_error error = ferp_bind(raw, &addr);
        assert_int_equal(error.os_code, is_winsock() ? rows[i].windows_code : rows[i].linux_code);
        if (error.kind == FER_OK) {
            assert_ok(ferp_local_addr(raw, &addr));
            assert_int_equal(addr.scope_id, rows[i].scope);
        }
        ferp_close(raw);
    }
}

POSIX_TEST(ports_are_shared_as_on_linux)
{
    static const struct binding plain = {PLAIN, "127.0.0.1:90"};
    static const struct binding sharing = {REUSE, "127.0.0.1:90"};
    fer_raw_socket one, other;
    assert_ok(bind_as(plain, &one));
    assert_code(bind_as(sharing, &other), FER_ADDR_IN_USE, 98);
    ferp_close(one);
    assert_ok(bind_as(sharing, &one));
    assert_ok(bind_as((struct binding){REUSE, "0.0.0.0:90"}, &other));
    assert_ok(ferp_listen(one, 1));
    assert_code(ferp_listen(other, 1), FER_ADDR_IN_USE, 98);
    ferp_close(other);
    assert_code(bind_as(sharing, &other), FER_ADDR_IN_USE, 98);
}

/* The port of the end that closes first is in TIME_WAIT for 60 s: a bind to it needs
 * SO_REUSEADDR. */
RAW_PAIR_TEST(time_wait_holds_a_port_on_linux)
{
    ferp_close(pair.server);
    ferp_close(pair.client);
    ferp_close(pair.listener);
    fer_raw_socket raw = raw_socket();
    assert_code(ferp_bind(raw, &pair.addr), is_winsock() ? FER_OK : FER_ADDR_IN_USE, code(98, 0));
    ferp_close(raw);
    raw = raw_socket();
    assert_ok(ferp_set_option(raw, FERP_REUSE_ADDRESS, 1));
    assert_ok(ferp_bind(raw, &pair.addr));
    ferp_close(raw);
    advance_ms(60001);
    assert_ok(ferp_bind(raw_socket(), &pair.addr));
}

TEST_MAIN("sim_dialect_ports")
