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

/* Its nonblocking connect is refused. */
static inline fer_raw_socket raw_refused(void)
{
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    FER_IGNORE(ferp_connect(raw, addr_at("127.0.0.1:9")));
    advance_ms(1);
    return raw;
}

static inline struct raw_pair raw_pair(void)
{
    struct raw_pair pair;
    fer_socket_addr peer;
    pair.listener = raw_listener(&pair.addr);
    pair.client = raw_connected(&pair.addr);
    assert_ok(ferp_accept(pair.listener, false, &pair.server, &peer));
    return pair;
}

#define RAW_PAIR_TEST(function) \
    SIM_TEST_OF(function, (struct raw_pair pair), (raw_pair()), sim_start)

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

static inline void raw_recv_is_reset(fer_raw_socket raw)
{
    size_t n = 0;
    fer_error error = raw_recv(raw, &n);
    assert_true(is_winsock() ? is_reset_code(error) : error.os_code == 104);
}

#endif
