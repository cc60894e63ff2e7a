/* test_sim_dialect_ports.c: accepting, and sharing ports, on each of the two systems. It calls the
 * seam's functions, as test_sim_dialects.c does. */
#include "sim/sim_raw.h"

/* ---- Accepting */

SIM_TEST(what_accept_takes_over)
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
    fer_error mode = ferp_is_nonblocking(server, &nonblocking);
    assert_int_equal(mode.kind, is_winsock() ? FER_UNSUPPORTED : FER_OK);
    assert_false(nonblocking);
    assert_ok_n(ferp_timeout(server, FERP_READING, &timeout), timeout.nanos, millis(400).nanos);
    assert_ok_n(ferp_option_value(server, FERP_NODELAY, &nodelay), nodelay, 1);
}

SIM_TEST(a_connection_that_was_reset_in_the_queue)
{
    fer_raw_socket server = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr;
    size_t n = 77;
    fer_raw_socket listener = raw_listener(&addr);
    fer_raw_socket client = raw_connected(&addr);
    raw_reset(client);
    fer_error error = ferp_accept(listener, &server, &addr);
    if (is_winsock()) {
        assert_code(error, FER_CONNECTION_ABORTED, 10054);
    } else {
        assert_ok(error);
        assert_code(raw_recv(server, &n), FER_CONNECTION_RESET, 104);
        ferp_close(server);
    }
}

/* ---- Ports: Linux' rule, and the table of "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" (MSDN). */

struct binding {
    ferp_option option; /* NODELAY: neither of the two */
    const char *addr;
};

static fer_error bind_as(struct binding binding, fer_raw_socket *out)
{
    fer_socket_addr addr = addr_of(binding.addr);
    *out = raw_socket();
    if (binding.option != FERP_NODELAY) {
        assert_ok(ferp_set_option(*out, binding.option, 1));
    }
    return ferp_bind(*out, &addr);
}

WINSOCK_CONFIG_TEST(ports_are_shared_as_on_windows)
{
    enum { FINE, INUSE, ACCESS };
    static const struct binding all[] = {
        {FERP_NODELAY, "0.0.0.0:90"},           {FERP_NODELAY, "127.0.0.1:90"},
        {FERP_REUSE_ADDRESS, "0.0.0.0:90"},     {FERP_REUSE_ADDRESS, "127.0.0.1:90"},
        {FERP_EXCLUSIVE_ADDRESS, "0.0.0.0:90"}, {FERP_EXCLUSIVE_ADDRESS, "127.0.0.1:90"},
    };
    static const int want[6][6] = {
        {INUSE, FINE, FINE, FINE, INUSE, FINE},         {FINE, INUSE, FINE, FINE, INUSE, INUSE},
        {INUSE, FINE, FINE, FINE, INUSE, FINE},         {FINE, INUSE, FINE, FINE, INUSE, INUSE},
        {INUSE, ACCESS, ACCESS, ACCESS, INUSE, ACCESS}, {FINE, INUSE, FINE, ACCESS, INUSE, INUSE},
    };
    static const int32_t codes[] = {0, 10048, 10013};
    sim_begin();
    for (size_t first = 0; first < 6; first++) {
        for (size_t second = 0; second < 6; second++) {
            fer_raw_socket one;
            fer_raw_socket other;
            assert_ok(bind_as(all[first], &one));
            assert_int_equal(bind_as(all[second], &other).os_code, codes[want[first][second]]);
            ferp_close(one);
            ferp_close(other);
        }
    }
}

POSIX_TEST(ports_are_shared_as_on_linux)
{
    static const struct binding plain = {FERP_NODELAY, "127.0.0.1:90"};
    static const struct binding sharing = {FERP_REUSE_ADDRESS, "127.0.0.1:90"};
    static const struct binding wildcard = {FERP_REUSE_ADDRESS, "0.0.0.0:90"};
    fer_raw_socket one;
    fer_raw_socket other;
    assert_ok(bind_as(plain, &one));
    assert_code(bind_as(sharing, &other), FER_ADDR_IN_USE, 98);
    ferp_close(one);
    ferp_close(other);
    assert_ok(bind_as(sharing, &one));
    assert_ok(bind_as(wildcard, &other));
    assert_ok(ferp_listen(one, 1));
    assert_code(ferp_listen(other, 1), FER_ADDR_IN_USE, 98);
    ferp_close(other);
    assert_code(bind_as(sharing, &other), FER_ADDR_IN_USE, 98);
}

/* The port of the end that closes first is in TIME_WAIT for 60 s: a bind to it needs
 * SO_REUSEADDR. */
SIM_TEST(time_wait_holds_a_port_on_linux)
{
    fer_raw_socket raw;
    struct raw_pair pair = raw_pair();
    uint16_t port = pair.addr.port;
    ferp_close(pair.server);
    ferp_close(pair.client);
    ferp_close(pair.listener);
    fer_socket_addr addr = addr_of("127.0.0.1:0");
    addr.port = port;
    raw = raw_socket();
    assert_code(ferp_bind(raw, &addr), is_winsock() ? FER_OK : FER_ADDR_IN_USE,
                is_winsock() ? 0 : 98);
    ferp_close(raw);
    raw = raw_socket();
    assert_ok(ferp_set_option(raw, FERP_REUSE_ADDRESS, 1));
    assert_ok(ferp_bind(raw, &addr));
    ferp_close(raw);
    advance_ms(60001);
    raw = raw_socket();
    assert_ok(ferp_bind(raw, &addr));
}

TEST_MAIN("sim_dialect_ports")
