/* socket_fixture.h: fixture.h for built sockets: handles that are closed after the test, addresses
 * to which a connect stays pending, and the expected answers of a socket in each state. */
#ifndef TEST_SOCKET_FIXTURE_H
#define TEST_SOCKET_FIXTURE_H

#include "ferrule/socket.h"
#include "support/unix_fixture.h"

/* ---- Tests */

#define SOCKET_TEST(rule, function) RULE_TEST_WITH(socket_test, rule, function)
#define SOCKET_FAMILY_TEST(rule, function) FAMILY_TEST_WITH(socket_test, rule, function)
/* The body also has a zeroed stream in `stream`, which is closed after the test. */
#define SOCKET_STREAM_TEST(rule, function)                        \
    TEST_OF(function, (fer_tcp_stream * stream), (test_stream()), \
            RULE_ROW(rule, function, "", socket_test, &test_no_pair))
#define SOCKET_FAMILY_STREAM_TEST(rule, function)                                      \
    TEST_OF(function, (peer_family family, fer_tcp_stream * stream),                   \
            (family_of(state), test_stream()),                                         \
            RULE_ROW(rule, function, " [IPv4]", socket_test, &test_pair_connected_v4), \
            RULE_ROW(rule, function, " [IPv6]", socket_test, &test_pair_connected_v6))

int socket_test_begin(void **state);
int socket_test_end(void **state);

/* ---- Handles; closed after the test */

/* All zero. */
fer_socket *test_socket(void);
/* A new socket. */
fer_socket *test_new_socket(fer_domain domain, fer_type type);
fer_domain domain_of(peer_family family);
/* The loopback's port 0, and the unspecified address. */
fer_socket_addr any_port(peer_family family);
fer_socket_addr wildcard(peer_family family, uint16_t port);
/* The IPv4-mapped form of an IPv4 address. */
fer_socket_addr mapped_of(const fer_socket_addr *v4);
/* The socket's local address. */
fer_socket_addr local_addr_of(const fer_socket *socket);
/* Binds to the unspecified address, for IPv6 alone if there is no dual stack (rule L4). */
void udp_bind_wildcard(fer_udp_socket *socket, peer_family family);
/* A stream socket that listens on the loopback, on *port. */
fer_socket *test_built_listener(peer_family family, uint16_t *port);

/* ---- Connecting */

/* An address without a listener, and one with a listener. */
fer_socket_addr refusing_addr(peer_family family);
fer_socket_addr accepting_addr(peer_family family, peer_socket *listener);

/* An address that neither accepts nor refuses connects until one of the two calls below. Skips the
 * test if this OS has no such address. */
struct pending_target {
    peer_family family;
    peer_socket listener;
    fer_socket_addr addr;
};
struct pending_target pending_target(peer_family family);
/* The connect from a port succeeds when the OS retries, within seconds; returns its other end. Or
 * every pending connect is refused then. */
peer_socket pending_target_accept(const struct pending_target *target, uint16_t own_port);
void pending_target_refuse(const struct pending_target *target);

/* Makes the socket nonblocking and starts a connect. Returns FER_WOULD_BLOCK or FER_OK. */
fer_error start_connect(fer_socket *socket, const fer_socket_addr *addr);
/* A nonblocking stream with a pending connect to that address. */
fer_socket *test_connecting(const struct pending_target *target);
/* Calls take_error until the connect has ended, and returns its result. */
fer_error await_connect(fer_socket *socket);

/* ---- The answers of a socket in each state */

void assert_empty(fer_socket *socket);
void assert_connecting(fer_socket *socket);
void assert_stream_connecting(fer_tcp_stream *stream);
/* take_error returns the saved error every time, every other call MISUSE; the OS code is
 * kept. */
void assert_failed(fer_socket *socket, fer_error saved);
void assert_stream_failed(fer_tcp_stream *stream, fer_error saved);

#endif
