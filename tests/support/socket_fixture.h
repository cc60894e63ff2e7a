/* socket_fixture.h: fixture.h for sockets that are built step by step: handles that are closed
 * after the test, places where a connect stays under way, and what a socket in each state has to
 * answer. */
#ifndef TEST_SOCKET_FIXTURE_H
#define TEST_SOCKET_FIXTURE_H

#include "ferrule/socket.h"
#include "support/unix_fixture.h"

/* ---- Tests */

#define SOCKET_TEST(rule, function)                                                     \
    {                                                                                   \
        rule " " #function, function, socket_test_begin, socket_test_end, &test_no_pair \
    }
#define SOCKET_FAMILY_TEST(rule, function)                                          \
    {rule " " #function " [IPv4]", function, socket_test_begin, socket_test_end,    \
     &test_pair_connected_v4},                                                      \
    {                                                                               \
        rule " " #function " [IPv6]", function, socket_test_begin, socket_test_end, \
            &test_pair_connected_v6                                                 \
    }

int socket_test_begin(void **state);
int socket_test_end(void **state);

/* ---- Handles, to be closed after the test */

/* All zero. */
fer_socket *test_socket(void);
/* Just made. */
fer_socket *test_made(fer_domain domain, fer_type type);
fer_domain domain_of(peer_family family);
/* The loopback's port 0, and the unspecified address. */
fer_socket_addr any_port(peer_family family);
fer_socket_addr wildcard(peer_family family, uint16_t port);
/* The address that it is bound to. */
fer_socket_addr local_addr_of(const fer_socket *socket);
/* A stream that listens on the loopback, on *port. */
fer_socket *test_built_listener(peer_family family, uint16_t *port);

/* ---- Connecting */

/* Where nobody listens, and where somebody does. */
fer_socket_addr refusing_place(peer_family family);
fer_socket_addr accepting_place(peer_family family, peer_socket *listener);

/* Where connects are neither accepted nor refused, until one of the two calls below. Skips where
 * this OS has no such place. */
struct silent_place {
    peer_family family;
    peer_socket listener;
    fer_socket_addr addr;
};
struct silent_place silent_place(peer_family family);
/* What was begun from a port ends well when the OS tries again, in seconds; gives its other end. Or
 * all that was begun is refused then. */
peer_socket silence_ends_well(const struct silent_place *place, uint16_t own_port);
void silence_ends_badly(const struct silent_place *place);

/* A nonblocking stream whose connect there is under way. */
fer_socket *test_connecting(const struct silent_place *place);
/* Asks take_error until the connect has ended, and gives what has come of it. */
fer_error await_connect(fer_socket *socket);
fer_error await_stream_connect(fer_tcp_stream *stream);

/* ---- What a socket in a state answers */

void assert_empty(fer_socket *socket);
void assert_connecting(fer_socket *socket);
void assert_stream_connecting(fer_tcp_stream *stream);
/* take_error repeats the reason, all else is INVALID_INPUT, the OS' number is kept. */
void assert_failed(fer_socket *socket, fer_error reason);
void assert_stream_failed(fer_tcp_stream *stream, fer_error reason);

#endif
