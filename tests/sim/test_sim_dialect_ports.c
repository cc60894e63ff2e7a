/* test_sim_dialect_ports.c: accepting, and sharing ports, on each of the two systems. It calls the
 * seam's functions, as test_sim_dialects.c does. */
#include "ferrule/tcp.h"
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
    assert_ok(ferp_accept(listener, false, &server, &addr));
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
        assert_code(ferp_accept(listener, false, &server, &addr), FER_CONNECTION_ABORTED, 10054);
    } else {
        assert_ok(ferp_accept(listener, false, &server, &addr));
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

/* ---- What the SOCKETs of one socket share in the Windows dialect, with and without shared_options
 * and shared_addresses, and clones without memory */

static fer_raw_socket duplicate_of(fer_raw_socket raw)
{
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_duplicate(raw, &duplicate));
    return duplicate;
}

static uint64_t timeout_of(fer_raw_socket raw, ferp_direction direction)
{
    fer_duration timeout = {7};
    assert_ok(ferp_timeout(raw, direction, &timeout));
    return timeout.nanos;
}

static bool lingers(fer_raw_socket raw)
{
    struct ferp_linger linger;
    assert_ok(ferp_linger(raw, &linger));
    return linger.on;
}

/* rust-lang/rust#95336, and "Shared Sockets" (MSDN), which says the opposite. */
WINSOCK_CONFIG_TEST(timeouts_and_linger_are_each_sockets_own_or_shared)
{
    for (int shared = 0; shared < 2; shared++) {
        sim_begin_of(.windows.shared_options = shared);
        fer_raw_socket raw = raw_socket();
        assert_ok(ferp_set_timeout(raw, FERP_READING, millis(50)));
        fer_raw_socket duplicate = duplicate_of(raw);
        assert_true(timeout_of(duplicate, FERP_READING) == millis(50).nanos);
        assert_ok(ferp_set_timeout(raw, FERP_WRITING, millis(70)));
        assert_ok(ferp_set_timeout(duplicate, FERP_READING, millis(90)));
        assert_ok(ferp_set_linger(duplicate, (struct ferp_linger){true, 3}));
        assert_true(timeout_of(duplicate, FERP_READING) == millis(90).nanos);
        assert_true(timeout_of(raw, FERP_WRITING) == millis(70).nanos);
        assert_true(lingers(duplicate));
        assert_true(timeout_of(raw, FERP_READING) == millis(shared ? 90 : 50).nanos);
        assert_true(timeout_of(duplicate, FERP_WRITING) ==
                    (shared ? millis(70).nanos : FER_DURATION_NONE_NANOS));
        assert_int_equal(lingers(raw), shared != 0);
        assert_ok(ferp_set_option(raw, FERP_NODELAY, 1)); /* other options are always shared */
        uint32_t nodelay = 0;
        assert_ok_n(ferp_option_value(duplicate, FERP_NODELAY, &nodelay), nodelay, 1);
        sim_end_one();
    }
}

/* The SOCKET that is closed last decides whether the connection is reset. */
WINSOCK_CONFIG_TEST(the_last_close_has_its_own_linger_time_or_the_shared_one)
{
    for (int shared = 0; shared < 2; shared++) {
        sim_begin_of(.windows.shared_options = shared);
        struct raw_pair pair = raw_pair();
        fer_raw_socket duplicate = duplicate_of(pair.client);
        size_t n = 77;
        assert_ok(ferp_set_linger(pair.client, (struct ferp_linger){true, 0}));
        ferp_close(pair.client);
        ferp_close(duplicate);
        fer_error error = raw_recv(pair.server, &n);
        assert_kind(error, shared ? FER_CONNECTION_RESET : FER_OK);
        sim_end_one();
    }
}

static void assert_known(fer_raw_socket raw, fer_error_kind bound, fer_error_kind connected)
{
    fer_socket_addr addr;
    fer_udp_received got;
    char byte;
    assert_kind(ferp_local_addr(raw, &addr), bound);
    assert_kind(ferp_recv_from(raw, &byte, 1, 0, &got),
                bound == FER_OK ? FER_WOULD_BLOCK : FER_INVALID_INPUT);
    assert_kind(ferp_peer_addr(raw, &addr), connected);
}

/* Wine's test_WSADuplicateSocket, which Windows passes: a duplicate does not learn of a later bind,
 * and one that is made later has it. It is assumed of a connect. Under Wine it learns of both. */
WINSOCK_CONFIG_TEST(addresses_are_those_of_the_duplicate_s_creation_or_shared)
{
    for (int shared = 0; shared < 2; shared++) {
        fer_error_kind stale = shared ? FER_OK : FER_INVALID_INPUT;
        fer_error_kind unconnected = shared ? FER_OK : FER_NOT_CONNECTED;
        fer_socket_addr to = addr_of("10.0.0.7:53");
        fer_socket_addr peer;
        size_t n = 0;
        sim_begin_of(.windows.shared_addresses = shared);
        fer_raw_socket raw = raw_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
        fer_raw_socket unbound = duplicate_of(raw);
        assert_ok(ferp_bind(raw, addr_at("127.0.0.1:0")));
        fer_raw_socket bound = duplicate_of(raw);
        assert_known(raw, FER_OK, FER_NOT_CONNECTED);
        assert_known(bound, FER_OK, FER_NOT_CONNECTED);
        assert_known(unbound, stale, FER_NOT_CONNECTED);
        assert_kind(ferp_send_to(unbound, "x", 1, 0, &to, &n), stale);
        assert_kind(ferp_connect(unbound, &to), stale);
        assert_ok(ferp_connect(raw, &to));
        assert_known(bound, FER_OK, unconnected);
        assert_kind(ferp_send(bound, "x", 1, 0, &n), unconnected);
        fer_raw_socket connected = duplicate_of(unbound);
        to.port++;
        assert_ok(ferp_connect(bound, &to));
        assert_ok(ferp_peer_addr(connected, &peer));
        assert_int_equal(peer.port, shared ? 54 : 53);
        sim_end_one();
    }
}

/* docs/DIFFERENCES.md, connect_error_taken. */
WINSOCK_CONFIG_TEST(the_error_of_a_connect_is_its_socket_s_or_shared)
{
    for (int shared = 0; shared < 2; shared++) {
        fer_error cause = {FER_OK, 0};
        sim_begin_of(.windows.shared_addresses = shared);
        (void)serve(SERVER);
        fer_raw_socket raw = raw_socket();
        assert_kind(ferp_connect(raw, addr_at("10.0.0.7:81")), FER_WOULD_BLOCK);
        assert_ok(fer_socket_from_raw(&test.socket, duplicate_of(raw)));
        assert_kind(fer_socket_take_error(&test.socket, &cause), FER_WOULD_BLOCK);
        advance_ms(5000);
        (void)raw_error(raw); /* it may be late */
        assert_kind(raw_error(raw), FER_CONNECTION_REFUSED);
        assert_ok(fer_socket_take_error(&test.socket, &cause));
        assert_kind(cause, shared ? FER_CONNECTION_REFUSED : FER_CONNECTION_ABORTED);
        sim_end_one();
    }
}

/* R2: the first clone of a socket needs memory on Windows. Without it nothing changes. */
SIM_PAIR_TEST(a_clone_without_memory_changes_nothing)
{
    fer_duration got = {7};
    assert_ok(fer_tcp_stream_set_read_timeout(&ends->stream, millis(40)));
    arm(FER_SIM_FAULT_NO_MEMORY);
    if (is_winsock()) {
        assert_kind(fer_tcp_stream_try_clone(&ends->stream, &test.clone), FER_OUT_OF_MEMORY);
        assert_true(fer_tcp_stream_as_raw(&test.clone) == FER_RAW_SOCKET_NONE);
    }
    assert_ok(fer_tcp_stream_try_clone(&ends->stream, &test.clone));
    assert_int_equal(fer_sim_clear_faults(), is_winsock() ? 0 : 1);
    arm(FER_SIM_FAULT_NO_MEMORY);
    assert_ok(fer_tcp_stream_try_clone(&test.clone, &test.stream));
    assert_int_equal(fer_sim_clear_faults(), 1);
    fer_tcp_stream_close(&ends->stream);
    fer_tcp_stream_close(&test.clone);
    assert_ok_n(fer_tcp_stream_read_timeout(&test.stream, &got), got.nanos, millis(40).nanos);
}

TEST_MAIN("sim_dialect_ports")
