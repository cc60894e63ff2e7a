/* test_ended_connections.c: connections that have ended, over system calls that fail as reported of
 * macOS: setsockopt and getpeername with EINVAL once both halves have ended (XNU, sosetoptlock and
 * getpeername). Linux only. Rules L3, O7, X3. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* syscall */
#endif

#include <stdio.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/linux_fixture.h"

#ifndef POLLRDHUP
#define POLLRDHUP 0x2000 /* with _GNU_SOURCE getpeername has another type */
#endif

/* ---- The system's calls */

static bool refuses_every_option;

/* Both halves have ended, or an error is pending. */
static bool has_ended(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLRDHUP};
    return poll(&polled, 1, 0) > 0 &&
           ((polled.revents & POLLERR) != 0 ||
            (polled.revents & (POLLHUP | POLLRDHUP)) == (POLLHUP | POLLRDHUP));
}

static int invalid(void)
{
    errno = EINVAL;
    return -1;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    return refuses_every_option || has_ended(fd)
               ? invalid()
               : (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
    return has_ended(fd) ? invalid() : (int)syscall(SYS_getpeername, fd, addr, len);
}

/* ---- L3 */

/* Its accepted streams get new modes. */
static fer_socket_addr adopted_listener(void)
{
    fer_socket_addr addr = open_listener();
    fer_raw_socket raw = fer_tcp_listener_into_raw(&ends.listener);
    assert_ok(fer_tcp_listener_from_raw(&ends.listener, raw));
    return addr;
}

ENDS_TEST(ended_connections_are_skipped)
{
    fer_socket_addr addr = adopted_listener();
    char byte = 0;
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_tcp_stream_connect_addr(&ends.client, &addr));
        assert_ok(fer_tcp_stream_set_linger(&ends.client, fer_duration_from_secs(0)));
        fer_tcp_stream_close(&ends.client);
    }
    assert_ok(fer_tcp_stream_connect_addr(&ends.client, &addr));
    assert_ok(fer_tcp_stream_write_all(&ends.client, "!", 1, NULL));
    assert_ok(fer_tcp_listener_accept(&ends.listener, &ends.server, NULL));
    assert_ok(fer_tcp_stream_read(&ends.server, &byte, 1, NULL));
    assert_int_equal(byte, '!');
}

/* An option that the system refuses for a good connection is an error, and the connection is not
 * dropped silently. */
ENDS_TEST(a_refused_option_of_an_open_connection_is_reported)
{
    fer_socket_addr addr = adopted_listener();
    assert_ok(fer_tcp_stream_connect_addr(&ends.client, &addr));
    refuses_every_option = true;
    fer_error error = fer_tcp_listener_accept(&ends.listener, &ends.server, NULL);
    refuses_every_option = false;
    assert_error(error, FER_INVALID_INPUT, EINVAL);
}

/* ---- O7 */

ENDS_TEST(options_of_an_ended_stream_are_not_refused)
{
    const fer_tcp_keepalive keepalive = {.enabled = true, .time = fer_duration_from_secs(60)};
    const fer_duration second = fer_duration_from_secs(1);
    char got[4] = {0};
    size_t n = 99;
    connect_ends();
    fer_tcp_stream *stream = &ends.client;
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    assert_ok(fer_tcp_stream_write_all(&ends.server, "bye", 3, NULL));
    fer_tcp_stream_close(&ends.server);
    struct pollfd polled = {.fd = (int)fer_tcp_stream_as_raw(stream), .events = POLLRDHUP};
    assert_int_equal(poll(&polled, 1, 20000), 1);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, second));
    assert_ok(fer_tcp_stream_set_write_timeout(stream, second));
    assert_ok(fer_tcp_stream_set_nodelay(stream, true));
    assert_ok(fer_tcp_stream_set_ttl(stream, 40));
    assert_ok(fer_tcp_stream_set_linger(stream, second));
    assert_ok(fer_tcp_stream_set_keepalive(stream, &keepalive));
    assert_ok(fer_tcp_stream_read_exact(stream, got, 3, NULL));
    assert_string_equal(got, "bye");
    assert_ok(fer_tcp_stream_read(stream, got, 1, &n));
    assert_int_equal(n, 0);
}

ENDS_TEST(an_option_of_an_open_stream_is_refused_as_the_system_does)
{
    connect_ends();
    refuses_every_option = true;
    fer_error error = fer_tcp_stream_set_nodelay(&ends.client, true);
    refuses_every_option = false;
    assert_error(error, FER_INVALID_INPUT, EINVAL);
}

TEST_MAIN("ended_connections")
