/* seam.h: sockets on loopback for the tests of the seam itself (tests/unit/test_platform*.c), made
 * by the seam's own calls alone. For tests of the library: fixture.h. */
#ifndef TEST_SEAM_H
#define TEST_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "platform/platform.h"
#include "support/group.h"

/* The longest that a wait which must end may take. */
#define SEAM_PATIENCE_NANOS UINT64_C(20000000000)

/* Fails the test, and prints the kind and the code, unless the call returns that kind. */
#define assert_kind(call, want)                                                            \
    do {                                                                                   \
        fer_error kind_error_ = (call);                                                    \
        if (kind_error_.kind != (want)) {                                                  \
            fail_msg("%s: %s (%ld), not %s", #call, fer_error_kind_name(kind_error_.kind), \
                     (long)kind_error_.os_code, fer_error_kind_name(want));                \
        }                                                                                  \
    } while (0)
#define assert_ok(call) assert_kind(call, FER_OK)

/* A connect to a port that is bound and does not listen is not refused: the system drops the SYN
 * (NetBSD, run; XNU, bsd/netinet/tcp_input.c, tcp_input). TEST_OVER_NETBSD, TEST_OVER_MACOS: the
 * sockets are those of that kernel in this process (tests/kernels). */
static inline bool seam_bound_ports_are_silent(void)
{
#if defined(__APPLE__) || defined(__NetBSD__) || defined(TEST_OVER_MACOS) || \
    defined(TEST_OVER_NETBSD)
    return true;
#else
    return false;
#endif
}

/* Two ends of one connection, and the listener that it came from. */
struct seam_pair {
    fer_raw_socket listener;
    fer_raw_socket client;
    fer_raw_socket server;
    fer_socket_addr server_addr;
    fer_socket_addr client_addr; /* from accept */
};

static inline uint64_t seam_deadline(void)
{
    return ferp_now() + SEAM_PATIENCE_NANOS;
}

static inline fer_socket_addr seam_loopback(uint16_t port)
{
    fer_socket_addr addr;
    memset(&addr, 0, sizeof addr);
    addr.ip.family = FER_IP_V4;
    addr.ip.u.v4 = FER_IPV4_ADDR_LOCALHOST;
    addr.port = port;
    return addr;
}

static inline fer_raw_socket seam_socket(void)
{
    fer_raw_socket made = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0, &made));
    return made;
}

/* Waits until the socket is ready; fails the test if it does not become ready. */
static inline void seam_await(fer_raw_socket raw, ferp_readiness readiness)
{
    ferp_wait wait;
    uint64_t deadline = seam_deadline();
    fer_error error;
    do {
        assert_ok(ferp_wait_arm(&wait, raw, readiness));
        error = ferp_wait_for(&wait, deadline);
    } while (error.kind == FER_TIMED_OUT && ferp_now() < deadline);
    assert_ok(error);
}

/* Bound, so that it can receive. */
static inline fer_raw_socket seam_datagram_socket(void)
{
    fer_raw_socket made = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr = seam_loopback(0);
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &made));
    assert_ok(ferp_bind(made, &addr));
    return made;
}

static inline fer_raw_socket seam_listener(fer_socket_addr *addr)
{
    fer_raw_socket listener = seam_socket();
    *addr = seam_loopback(0);
    assert_ok(ferp_bind(listener, addr));
    assert_ok(ferp_listen(listener, 128));
    assert_ok(ferp_local_addr(listener, addr));
    return listener;
}

static inline struct seam_pair seam_open(void)
{
    struct seam_pair pair;
    fer_error pending = {FER_OTHER, 0};
    memset(&pair, 0, sizeof pair);
    pair.listener = seam_listener(&pair.server_addr);
    pair.client = seam_socket();
    fer_error started = ferp_connect(pair.client, &pair.server_addr);
    seam_await(pair.listener, FERP_ACCEPTABLE);
    assert_ok(ferp_accept(pair.listener, false, &pair.server, &pair.client_addr));
    if (started.kind != FER_OK) {
        assert_kind(started, ferp_traits()->connect_would_block_means_started ? FER_WOULD_BLOCK
                                                                              : FER_IN_PROGRESS);
        seam_await(pair.client, FERP_CONNECTED);
    }
    assert_ok(ferp_take_error(pair.client, &pending));
    assert_ok(pending);
    return pair;
}

static inline void seam_close(const struct seam_pair *pair)
{
    ferp_close(pair->client);
    ferp_close(pair->server);
    ferp_close(pair->listener);
}

static inline void seam_send(fer_raw_socket raw, const char *text)
{
    size_t moved = 0;
    assert_ok(ferp_send(raw, text, strlen(text), 0, &moved));
    assert_int_equal(moved, strlen(text));
}

/* How long the last bytes of a stream may be in flight. FreeBSD acknowledges a last odd segment
 * after 40 ms (TCPTV_DELACK, netinet/tcp_timer.h), and later on a loaded machine. */
#if defined(__FreeBSD__) || defined(TEST_OVER_KERNEL)
#define SEAM_FLIGHT_NANOS UINT64_C(250000000)
#else
#define SEAM_FLIGHT_NANOS UINT64_C(5000000)
#endif

/* Sends until nothing more fits, and returns the number of bytes. Repeats this when data in flight
 * has arrived, because that may free some space. */
static inline size_t seam_fill(fer_raw_socket raw)
{
    static const char block[65536];
    size_t total = 0;
    fer_error room;
    do {
        ferp_wait wait;
        size_t moved = 77;
        fer_error error = {FER_OK, 0};
        while (error.kind == FER_OK) {
            error = ferp_send(raw, block, sizeof block, FERP_DONTWAIT, &moved);
            total += moved;
            assert_true(total < (size_t)1 << 30);
        }
        assert_kind(error, FER_WOULD_BLOCK);
        assert_int_equal(moved, 0);
        assert_ok(ferp_wait_arm(&wait, raw, FERP_WRITABLE));
        room = ferp_wait_for(&wait, ferp_now() + SEAM_FLIGHT_NANOS);
    } while (room.kind == FER_OK);
    assert_kind(room, FER_TIMED_OUT);
    return total;
}

/* Receives exactly this text, in any number of pieces. */
static inline void seam_expect(fer_raw_socket raw, const char *text)
{
    char got[256];
    size_t len = strlen(text);
    size_t have = 0;
    assert_true(len <= sizeof got);
    while (have < len) {
        size_t moved = 0;
        seam_await(raw, FERP_READABLE);
        assert_ok(ferp_recv(raw, got + have, len - have, 0, &moved));
        assert_true(moved > 0);
        have += moved;
    }
    assert_memory_equal(got, text, len);
}

#endif
