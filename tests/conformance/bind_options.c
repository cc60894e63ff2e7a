/* bind_options.c: fer_tcp_listener_bind_with and fer_udp_socket_bind_with, and their forms with a
 * host and a port: what each option does, over both. The rules are those of the setters: L1, L4,
 * O6. */
#include "support/socket_fixture.h"

/* A listener, or a datagram socket. */
typedef struct bound {
    bool is_udp;
    fer_tcp_listener *listener;
    fer_udp_socket *socket;
} bound;

static bound new_bound(bool is_udp)
{
    return (bound){is_udp, is_udp ? NULL : test_listener(), is_udp ? test_udp() : NULL};
}

static fer_error bind_with(const bound *to, const char *host_port, const fer_bind_options *options)
{
    return to->is_udp ? fer_udp_socket_bind_with(to->socket, host_port, options)
                      : fer_tcp_listener_bind_with(to->listener, host_port, options);
}

static fer_error bind_host(const bound *to, const char *host, uint16_t port,
                           const fer_bind_options *options)
{
    return to->is_udp ? fer_udp_socket_bind_host_with(to->socket, host, port, options)
                      : fer_tcp_listener_bind_host_with(to->listener, host, port, options);
}

static fer_socket_addr addr_of_bound(const bound *of)
{
    fer_socket_addr addr = {0};
    assert_ok(of->is_udp ? fer_udp_socket_local_addr(of->socket, &addr)
                         : fer_tcp_listener_local_addr(of->listener, &addr));
    return addr;
}

static fer_raw_socket raw_of_bound(const bound *of)
{
    return of->is_udp ? fer_udp_socket_as_raw(of->socket) : fer_tcp_listener_as_raw(of->listener);
}

/* The host has no brackets, and the port is a number. */
RULE_TEST("L5", a_host_and_a_port_are_bound)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "::1"};
    for (int row = 0; row < 6; row++) {
        bound one = new_bound(row % 2 == 1);
        bound other = new_bound(row % 2 == 1);
        if (row / 2 == 2) {
            skip_without_v6();
        }
        assert_ok(bind_host(&one, hosts[row / 2], 0, NULL));
        fer_socket_addr addr = addr_of_bound(&one);
        assert_true(fer_ip_addr_is_loopback(addr.ip) && addr.port != 0);
        fer_error again = bind_host(&other, hosts[row / 2], addr.port, NULL);
        bool has_second = row / 2 == 1 && again.kind == FER_OK; /* localhost: two addresses */
        assert_true(has_second || again.kind == FER_ADDR_IN_USE);
        if (has_second) {
            continue;
        }
        assert_own(bind_host(&other, NULL, 0, NULL), FER_MISUSE);
        assert_own(bind_host(&other, "", 0, NULL), FER_INVALID_INPUT);
    }
}

/* The family of the addresses that are looked up; that of an address text has to fit. */
RULE_TEST("L5", the_addresses_of_a_name_have_the_family_of_the_options)
{
    skip_without_v6();
    for (int row = 0; row < 4; row++) {
        bound one = new_bound(row % 2 == 1);
        const fer_bind_options options = {.family = row < 2 ? FER_IP_V4 : FER_IP_V6};
        const char *other = row < 2 ? "[::1]:0" : "127.0.0.1:0";
        assert_own(bind_with(&one, other, &options), FER_HOST_NOT_FOUND);
        fer_error error = bind_with(&one, "localhost:0", &options);
        assert_true(error.kind == FER_OK || error.kind == FER_HOST_NOT_FOUND ||
                    error.kind == FER_RESOLVE_TRY_AGAIN || error.kind == FER_RESOLVE_FAILED);
        assert_true(error.kind != FER_OK || addr_of_bound(&one).ip.family == options.family);
    }
}

/* L4: "Listening on [::] accepts IPv4 too", but not with only_v6. It does nothing for IPv4. */
RULE_TEST("L4", only_v6_is_an_option_of_a_bind)
{
    const fer_bind_options options = {.only_v6 = true};
    for (int is_udp = 0; is_udp < 2; is_udp++) {
        bound one = new_bound(is_udp);
        assert_ok(bind_with(&one, "127.0.0.1:0", &options));
    }
    skip_without_v6();
    for (int is_udp = 0; is_udp < 2; is_udp++) {
        bound one = new_bound(is_udp);
        assert_ok(bind_with(&one, "[::]:0", &options));
        assert_int_equal(peer_raw_only_v6(raw_of_bound(&one)), 1);
    }
}

/* L1. On Windows neither is bound. */
RULE_TEST("L1", sockets_share_a_port_by_an_option_of_a_bind)
{
    const fer_bind_options options = {.reuse_port = true};
    for (int is_udp = 0; is_udp < 2; is_udp++) {
        bound sockets[2] = {new_bound(is_udp), new_bound(is_udp)};
        bound without = new_bound(is_udp);
        fer_error error = bind_host(&sockets[0], "127.0.0.1", 0, &options);
        if (error.kind == FER_UNSUPPORTED) {
            assert_true(peer_is_windows() || peer_is_plain());
            continue;
        }
        assert_ok(error);
        uint16_t port = addr_of_bound(&sockets[0]).port;
        assert_kind(bind_host(&without, "127.0.0.1", port, NULL), FER_ADDR_IN_USE);
        assert_ok(bind_host(&sockets[1], "127.0.0.1", port, &options));
    }
}

/* O6: "NOT_FOUND if there is no such network interface, UNSUPPORTED on" some systems. */
RULE_TEST("O6", a_device_is_an_option_of_a_bind)
{
    static const char *const bad[] = {"", "0123456789abcdef"};
    for (int is_udp = 0; is_udp < 2; is_udp++) {
        bound one = new_bound(is_udp);
        fer_bind_options options = {.device = "0123456789abcde"};
        fer_error error = bind_with(&one, "127.0.0.1:0", &options);
        assert_true(error.kind == FER_NOT_FOUND || error.kind == FER_UNSUPPORTED ||
                    error.kind == FER_PERMISSION_DENIED);
        for (int i = 0; i < 2; i++) {
            options.device = bad[i];
            assert_own(bind_with(&one, "127.0.0.1:0", &options), FER_INVALID_INPUT);
        }
        assert_ok(bind_with(&one, "127.0.0.1:0", NULL));
    }
}

/* All zero bytes are the defaults, and unknown values are refused before a lookup. */
RULE_TEST("E4", options_of_a_bind_are_checked)
{
    static const fer_bind_options bad[] = {
        {.backlog = -1}, {.family = (fer_ip_family)9}, {.unused_ = 1}, {.reserved_ = {0, 1}}};
    for (int is_udp = 0; is_udp < 2; is_udp++) {
        bound one = new_bound(is_udp);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            assert_own(bind_with(&one, "nowhere.invalid:0", &bad[i]), FER_INVALID_INPUT);
            assert_own(bind_host(&one, "nowhere.invalid", 0, &bad[i]), FER_INVALID_INPUT);
        }
        assert_ok(bind_with(&one, "127.0.0.1:0", &(const fer_bind_options){.backlog = 1}));
        assert_own(bind_with(&one, "127.0.0.1:0", &bad[0]), FER_MISUSE); /* it is open */
    }
}

RULE_TESTS("bind_options")
