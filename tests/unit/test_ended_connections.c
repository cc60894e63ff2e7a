/* test_ended_connections.c: connections that have ended, over system calls that fail as reported of
 * macOS: setsockopt and getpeername with EINVAL once both halves have ended (XNU, sosetoptlock and
 * getpeername). Linux
 * only. Rules L3, O7, X3. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* syscall */
#endif

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "ferrule/tcp.h"
#include "ferrule/unix.h"
#include "support/group.h"

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

static int set_option(int fd, int level, int name, const void *value, socklen_t len)
{
    return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    return refuses_every_option || has_ended(fd) ? invalid()
                                                 : set_option(fd, level, name, value, len);
}

int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
    return has_ended(fd) ? invalid() : (int)syscall(SYS_getpeername, fd, addr, len);
}

/* ---- Plain sockets */

static void assert_ok_at(fer_error error, int line)
{
    if (error.kind != FER_OK) {
        fail_msg("line %d: %s (%ld)", line, fer_error_kind_name(error.kind), (long)error.os_code);
    }
}
#define assert_ok(call) assert_ok_at((call), __LINE__)

static int listen_on_loopback(struct sockaddr_in *addr)
{
    socklen_t len = sizeof *addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *addr =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_int_equal(bind(fd, (struct sockaddr *)addr, sizeof *addr), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    return fd;
}

static int connect_to(const struct sockaddr *addr, socklen_t len)
{
    int fd = socket(addr->sa_family, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, addr, len), 0);
    return fd;
}

static void reset(int fd)
{
    const struct linger at_once = {1, 0};
    assert_int_equal(set_option(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
}

/* An adopted listener, whose accepted streams get new modes, and its address. */
static fer_tcp_listener adopted_listener(struct sockaddr_in *addr)
{
    fer_tcp_listener listener = {0};
    assert_ok(fer_tcp_listener_from_raw(&listener, listen_on_loopback(addr)));
    return listener;
}

/* A stream, and the descriptor of its peer. */
static fer_tcp_stream new_stream(int *peer)
{
    struct sockaddr_in addr;
    fer_tcp_stream stream = {0};
    int listener = listen_on_loopback(&addr);
    *peer = connect_to((struct sockaddr *)&addr, sizeof addr);
    assert_ok(fer_tcp_stream_from_raw(&stream, accept(listener, NULL, NULL)));
    close(listener);
    return stream;
}

static void wait_until_ended(const fer_tcp_stream *stream)
{
    struct pollfd polled = {.fd = (int)fer_tcp_stream_as_raw(stream), .events = POLLRDHUP};
    assert_int_equal(poll(&polled, 1, 20000), 1);
}

/* ---- L3 */

TEST(ended_connections_are_skipped)
{
    struct sockaddr_in addr;
    fer_tcp_listener listener = adopted_listener(&addr);
    fer_tcp_stream stream = {0};
    char byte = 0;
    for (int i = 0; i < 3; i++) {
        reset(connect_to((struct sockaddr *)&addr, sizeof addr));
    }
    int peer = connect_to((struct sockaddr *)&addr, sizeof addr);
    assert_int_equal(send(peer, "!", 1, 0), 1);
    assert_ok(fer_tcp_listener_accept(&listener, &stream, NULL));
    assert_ok(fer_tcp_stream_read(&stream, &byte, 1, NULL));
    assert_int_equal(byte, '!');
    close(peer);
    fer_tcp_stream_close(&stream);
    fer_tcp_listener_close(&listener);
}

/* An option that the system refuses for a good connection is an error, and the connection is not
 * dropped silently. */
TEST(a_refused_option_of_an_open_connection_is_reported)
{
    struct sockaddr_in addr;
    fer_tcp_listener listener = adopted_listener(&addr);
    fer_tcp_stream stream = {0};
    int peer = connect_to((struct sockaddr *)&addr, sizeof addr);
    refuses_every_option = true;
    fer_error error = fer_tcp_listener_accept(&listener, &stream, NULL);
    refuses_every_option = false;
    assert_int_equal(error.kind, FER_INVALID_INPUT);
    assert_int_equal(error.os_code, EINVAL);
    close(peer);
    fer_tcp_listener_close(&listener);
}

/* X3: "accept returns a client that has already closed, with the bytes that it had sent". */
TEST(a_closed_unix_client_is_accepted_with_its_bytes)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int name_len = snprintf(addr.sun_path + 1, 64, "ferrule-ended-connections-%ld", (long)getpid());
    socklen_t len = (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 + (socklen_t)name_len;
    fer_unix_listener listener = {0};
    fer_unix_stream stream = {0};
    char got[4] = {0};
    size_t n = 99;
    int raw = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(raw, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(raw, 4), 0);
    assert_ok(fer_unix_listener_from_raw(&listener, raw));
    int client = connect_to((struct sockaddr *)&addr, len);
    assert_int_equal(send(client, "bye", 3, 0), 3);
    close(client);
    assert_ok(fer_unix_listener_accept(&listener, &stream, NULL));
    assert_ok(fer_unix_stream_read_exact(&stream, got, 3, NULL));
    assert_string_equal(got, "bye");
    assert_ok(fer_unix_stream_read(&stream, got, 1, &n));
    assert_int_equal(n, 0);
    fer_unix_stream_close(&stream);
    fer_unix_listener_close(&listener);
}

/* ---- O7 */

static void assert_options_can_be_set(fer_tcp_stream *stream)
{
    const fer_tcp_keepalive keepalive = {.enabled = true, .time = fer_duration_from_secs(60)};
    fer_duration second = fer_duration_from_secs(1);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, second));
    assert_ok(fer_tcp_stream_set_write_timeout(stream, second));
    assert_ok(fer_tcp_stream_set_nodelay(stream, true));
    assert_ok(fer_tcp_stream_set_ttl(stream, 40));
    assert_ok(fer_tcp_stream_set_linger(stream, second));
    assert_ok(fer_tcp_stream_set_keepalive(stream, &keepalive));
}

TEST(options_of_an_ended_stream_are_not_refused)
{
    char got[4] = {0};
    size_t n = 99;
    int peer = -1;
    fer_tcp_stream stream = new_stream(&peer);
    assert_ok(fer_tcp_stream_shutdown(&stream, FER_SHUTDOWN_WRITE));
    assert_int_equal(send(peer, "bye", 3, 0), 3);
    close(peer);
    wait_until_ended(&stream);
    assert_options_can_be_set(&stream);
    assert_ok(fer_tcp_stream_read_exact(&stream, got, 3, NULL));
    assert_string_equal(got, "bye");
    assert_ok(fer_tcp_stream_read(&stream, got, 1, &n));
    assert_int_equal(n, 0);
    fer_tcp_stream_close(&stream);
}

TEST(an_option_of_an_open_stream_is_refused_as_the_system_does)
{
    int peer = -1;
    fer_tcp_stream stream = new_stream(&peer);
    refuses_every_option = true;
    fer_error error = fer_tcp_stream_set_nodelay(&stream, true);
    refuses_every_option = false;
    assert_int_equal(error.kind, FER_INVALID_INPUT);
    close(peer);
    fer_tcp_stream_close(&stream);
}

TEST_MAIN("ended_connections")
