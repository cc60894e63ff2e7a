/* datagram_check.h: shared by the tests of datagrams: sending text, and checking that it, or
 * nothing, is received. */
#ifndef CONFORMANCE_DATAGRAM_CHECK_H
#define CONFORMANCE_DATAGRAM_CHECK_H

#include "ferrule/socket.h"
#include "support/fixture.h"

enum { SHORT_MS = 40 };

/* The peer receives that datagram next, from that port. */
static inline void assert_peer_socket_receives(peer_socket peer, const char *text, uint16_t from)
{
    char got[64];
    size_t n = 0;
    uint16_t port = 0;
    assert_int_equal(peer_datagram_receive(peer, got, sizeof got, &n, &port), PEER_GOT);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, n);
    assert_int_equal(port, from);
}

/* The received datagram is this text, untruncated, from that port of the loopback. */
static inline void assert_datagram(const fer_udp_received *got, const char *buf, const char *text,
                                   peer_family family, uint16_t from)
{
    fer_socket_addr want = loopback(family, from);
    assert_int_equal(got->len, strlen(text));
    assert_memory_equal(buf, text, got->len);
    assert_false(got->truncated);
    assert_true(fer_socket_addr_eq(&got->from, &want));
}

/* The socket receives that datagram next. */
static inline void assert_receives(fer_udp_socket *socket, const char *text, peer_family family,
                                   uint16_t from)
{
    char buf[64];
    fer_udp_received got;
    assert_ok(fer_udp_socket_recv_from(socket, buf, sizeof buf, &got));
    assert_datagram(&got, buf, text, family, from);
}

/* The same for a built socket. */
static inline void assert_built_receives(fer_socket *socket, const char *text, peer_family family,
                                         uint16_t from)
{
    char buf[64];
    fer_udp_received got;
    assert_ok(fer_socket_recv_from(socket, buf, sizeof buf, &got));
    assert_datagram(&got, buf, text, family, from);
}

/* The socket receives no datagram within a short time. */
static inline void assert_receives_nothing(fer_udp_socket *socket)
{
    char buf[64];
    fer_udp_received got;
    assert_ok(fer_udp_socket_set_read_timeout(socket, millis(SHORT_MS)));
    assert_own(fer_udp_socket_recv(socket, buf, sizeof buf, &got), FER_TIMED_OUT);
    assert_ok(fer_udp_socket_set_read_timeout(socket, FER_DURATION_NONE));
}

static inline void send_text_to(fer_udp_socket *socket, const char *text, peer_family family,
                                uint16_t port)
{
    fer_socket_addr to = loopback(family, port);
    size_t n = 77;
    assert_ok(fer_udp_socket_send_to(socket, text, strlen(text), &to, &n));
    assert_int_equal(n, strlen(text));
}

static inline void send_text(fer_udp_socket *socket, const char *text)
{
    size_t n = 77;
    assert_ok(fer_udp_socket_send(socket, text, strlen(text), &n));
    assert_int_equal(n, strlen(text));
}

static inline void connect_to(fer_udp_socket *socket, peer_family family, uint16_t port)
{
    fer_socket_addr to = loopback(family, port);
    assert_ok(fer_udp_socket_connect_addr(socket, &to));
}

static inline void wait_until_queued(fer_udp_socket *socket)
{
    assert_true(peer_raw_wait_readable(fer_udp_socket_as_raw(socket)));
}

/* ---- On a pair */

static inline void send_from_peer(const struct udp_pair *pair, const char *text)
{
    assert_true(peer_datagram_send(pair->other, pair->family, pair->port, text, strlen(text)));
}

/* A socket that is not the peer sends a datagram to the bound socket. */
static inline void send_from_other_sender(const struct udp_pair *pair)
{
    uint16_t port = 0;
    peer_socket sender = peer_datagram(pair->family, &port);
    assert_true(peer_datagram_send(sender, pair->family, pair->port, "another's", 9));
}

static inline void assert_receives_from_peer(const struct udp_pair *pair, const char *text)
{
    assert_receives(pair->socket, text, pair->family, pair->other_port);
}

static inline void assert_peer_receives(const struct udp_pair *pair, const char *text)
{
    assert_peer_socket_receives(pair->other, text, pair->port);
}

static inline void connect_to_peer(const struct udp_pair *pair)
{
    connect_to(pair->socket, pair->family, pair->other_port);
}

#endif
