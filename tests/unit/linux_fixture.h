/* linux_fixture.h: handles on the loopback, which are closed after the test, and assertions on
 * errors, for the tests of the library over system calls of Linux that a test replaces. */
#ifndef TEST_LINUX_FIXTURE_H
#define TEST_LINUX_FIXTURE_H

#include <stdbool.h>
#include <string.h>

#include "ferrule.h"
#include "support/group.h"

static inline void assert_error_at(fer_error error, fer_error_kind kind, int32_t code, int line)
{
    if (error.kind != kind || error.os_code != code) {
        fail_msg("line %d: %s (%ld)", line, fer_error_kind_name(error.kind), (long)error.os_code);
    }
}
#define assert_ok(call) assert_error_at((call), FER_OK, 0, __LINE__)
#define assert_error(call, kind, code) assert_error_at((call), kind, code, __LINE__)

/* A connection of which the server is not yet accepted; and two datagram sockets. */
static struct {
    fer_tcp_listener listener;
    fer_tcp_stream client;
    fer_tcp_stream server;
    fer_udp_socket sender;
    fer_udp_socket receiver;
    fer_socket_addr from;
    fer_socket_addr to;
} ends;

static inline int close_ends(void **state)
{
    fer_tcp_stream_close(&ends.server);
    fer_tcp_stream_close(&ends.client);
    fer_tcp_listener_close(&ends.listener);
    fer_udp_socket_close(&ends.sender);
    fer_udp_socket_close(&ends.receiver);
    return 0;
}

#define ENDS_TEST(function) TEST_WITH(function, NULL, close_ends)

static inline fer_socket_addr open_listener(void)
{
    fer_socket_addr addr;
    (void)close_ends(NULL);
    assert_ok(fer_tcp_listener_bind(&ends.listener, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_local_addr(&ends.listener, &addr));
    return addr;
}

static inline void connect_client(void)
{
    fer_socket_addr addr = open_listener();
    assert_ok(fer_tcp_stream_connect_addr(&ends.client, &addr));
}

static inline void connect_ends(void)
{
    connect_client();
    assert_ok(fer_tcp_listener_accept(&ends.listener, &ends.server, NULL));
}

/* False: this machine lacks the family of the address. */
static inline bool open_datagrams(const char *address)
{
    (void)close_ends(NULL);
    fer_error error = fer_udp_socket_bind(&ends.sender, address);
    if (error.kind == FER_ADDR_NOT_AVAILABLE || error.kind == FER_UNSUPPORTED) {
        return false;
    }
    assert_ok(error);
    assert_ok(fer_udp_socket_bind(&ends.receiver, address));
    assert_ok(fer_udp_socket_local_addr(&ends.sender, &ends.from));
    assert_ok(fer_udp_socket_local_addr(&ends.receiver, &ends.to));
    return true;
}

#endif
