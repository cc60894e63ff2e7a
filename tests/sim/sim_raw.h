/* sim_raw.h: raw sockets of the dialect, made by the seam's functions, for the tests of the two
 * systems' differences. */
#ifndef SIM_RAW_H
#define SIM_RAW_H

#include "platform/platform.h"
#include "sim/sim_test.h"

struct raw_pair {
    fer_raw_socket listener;
    fer_raw_socket client;
    fer_raw_socket server;
    fer_socket_addr addr;
};

static inline fer_raw_socket raw_new(fer_domain domain, fer_type type)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    has_raw_sockets = true;
    assert_ok(ferp_socket_new(domain, type, 0, &raw));
    return raw;
}

static inline fer_raw_socket raw_socket(void)
{
    return raw_new(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
}

static inline fer_raw_socket raw_listener(fer_socket_addr *addr)
{
    fer_raw_socket raw = raw_socket();
    *addr = addr_of("127.0.0.1:0");
    assert_ok(ferp_bind(raw, addr));
    assert_ok(ferp_listen(raw, 8));
    assert_ok(ferp_local_addr(raw, addr));
    return raw;
}

static inline fer_raw_socket raw_connected(const fer_socket_addr *addr)
{
    fer_raw_socket raw = raw_socket();
    fer_error error = ferp_connect(raw, addr);
    assert_true(error.kind == FER_OK || error.os_code == 10035);
    return raw;
}

static inline struct raw_pair raw_pair(void)
{
    struct raw_pair pair;
    fer_socket_addr peer;
    pair.listener = raw_listener(&pair.addr);
    pair.client = raw_connected(&pair.addr);
    assert_ok(ferp_accept(pair.listener, &pair.server, &peer));
    return pair;
}

static inline void close_pair(struct raw_pair pair)
{
    ferp_close(pair.listener);
    ferp_close(pair.client);
    ferp_close(pair.server);
}

static inline fer_error raw_recv(fer_raw_socket raw, size_t *n)
{
    char buf[64];
    return ferp_recv(raw, buf, sizeof buf, 0, n);
}

static inline void raw_recv_is(fer_raw_socket raw, size_t want)
{
    size_t n = 77;
    assert_ok(raw_recv(raw, &n));
    assert_int_equal(n, want);
}

static inline fer_error raw_send(fer_raw_socket raw, const char *text)
{
    size_t n = 0;
    return ferp_send(raw, text, strlen(text), 0, &n);
}

static inline fer_error raw_error(fer_raw_socket raw)
{
    fer_error pending = {FER_OTHER, 0};
    assert_ok(ferp_take_error(raw, &pending));
    return pending;
}

static inline void raw_reset(fer_raw_socket raw)
{
    assert_ok(ferp_set_linger(raw, (struct ferp_linger){true, 0}));
    ferp_close(raw);
}

static inline bool is_reset_code(fer_error error)
{
    return error.os_code == 10053 || error.os_code == 10054;
}

#endif
