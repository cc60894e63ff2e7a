/* calls.c: calls that need not wait, beside the system calls that they make. Each operation is a
 * send and a receive of 64 bytes, an accept or a started connect and a close, a check of readiness,
 * or an option. It does only --count CASE CONTENDER N, N operations of a contender, for
 * count_calls.sh. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ferrule.h"

enum { BLOCK = 64, HALF = BLOCK / 2 };

static unsigned char block[BLOCK];
static size_t n; /* of the last transfer */

static struct ends {
    fer_tcp_listener listener;
    fer_tcp_stream stream, other;
    fer_tcp_stream limited, limited_other;
    fer_cancel_token token;
    fer_udp_socket udp, receiver;
    fer_udp_socket connected, connected_receiver;
    fer_unix_datagram mail, box;
    fer_socket_addr listens, to;
    struct sockaddr_in raw_listens, raw_to;
} ends;

static struct raws {
    int listener, stream, other, limited, limited_other, udp, receiver, connected,
        connected_receiver, mail, box;
} raws;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench_calls: %s failed\n", what);
        exit(1);
    }
}

#define MUST(call) must((call).kind == FER_OK, #call)
#define MUST_MOVE(call) must((call) == BLOCK, #call)

static struct sockaddr_in raw_of(const fer_socket_addr *addr)
{
    struct sockaddr_in raw = {.sin_family = AF_INET, .sin_port = htons(addr->port)};
    raw.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return raw;
}

static void bind_udp(fer_udp_socket *socket, fer_socket_addr *addr)
{
    *addr = fer_socket_addr_v4_new(fer_ipv4_addr_new(127, 0, 0, 1), 0);
    MUST(fer_udp_socket_bind_addr(socket, addr));
    MUST(fer_udp_socket_local_addr(socket, addr));
}

static void open_streams(fer_tcp_stream *stream, fer_tcp_stream *other)
{
    MUST(fer_tcp_stream_connect_addr(stream, &ends.listens));
    MUST(fer_tcp_listener_accept(&ends.listener, other, NULL));
    MUST(fer_tcp_stream_set_nodelay(stream, true));
}

/* A deadline that is not reached, and a token that is not cancelled. */
static void open_limited_streams(void)
{
    fer_limits limits = {.token = &ends.token};
    limits.deadline = fer_instant_after(fer_duration_from_secs(86400));
    MUST(fer_cancel_token_new(&ends.token));
    open_streams(&ends.limited, &ends.limited_other);
    MUST(fer_tcp_stream_set_limits(&ends.limited, &limits));
    MUST(fer_tcp_stream_set_limits(&ends.limited_other, &limits));
    raws.limited = (int)fer_tcp_stream_as_raw(&ends.limited);
    raws.limited_other = (int)fer_tcp_stream_as_raw(&ends.limited_other);
}

static void open_ends(void)
{
    fer_socket_addr one;
    fer_socket_addr other;
    MUST(fer_tcp_listener_bind(&ends.listener, "127.0.0.1:0"));
    MUST(fer_tcp_listener_local_addr(&ends.listener, &ends.listens));
    open_streams(&ends.stream, &ends.other);
    open_limited_streams();
    bind_udp(&ends.udp, &one);
    bind_udp(&ends.receiver, &ends.to);
    bind_udp(&ends.connected, &one);
    bind_udp(&ends.connected_receiver, &other);
    MUST(fer_udp_socket_connect_addr(&ends.connected, &other));
    MUST(fer_udp_socket_connect_addr(&ends.connected_receiver, &one));
    MUST(fer_unix_datagram_pair(&ends.mail, &ends.box));
    ends.raw_listens = raw_of(&ends.listens);
    ends.raw_to = raw_of(&ends.to);
    raws.stream = (int)fer_tcp_stream_as_raw(&ends.stream);
    raws.other = (int)fer_tcp_stream_as_raw(&ends.other);
    raws.udp = (int)fer_udp_socket_as_raw(&ends.udp);
    raws.receiver = (int)fer_udp_socket_as_raw(&ends.receiver);
    raws.connected = (int)fer_udp_socket_as_raw(&ends.connected);
    raws.connected_receiver = (int)fer_udp_socket_as_raw(&ends.connected_receiver);
    raws.mail = (int)fer_unix_datagram_as_raw(&ends.mail);
    raws.box = (int)fer_unix_datagram_as_raw(&ends.box);
    raws.listener = (int)fer_tcp_listener_as_raw(&ends.listener);
}

/* ---- Streams */

static void raw_stream(void)
{
    MUST_MOVE(send(raws.stream, block, BLOCK, MSG_NOSIGNAL));
    MUST_MOVE(recv(raws.other, block, BLOCK, 0));
}

static void some(void)
{
    MUST(fer_tcp_stream_write(&ends.stream, block, BLOCK, &n));
    MUST(fer_tcp_stream_read(&ends.other, block, BLOCK, &n));
}

static void try_some(void)
{
    MUST(fer_tcp_stream_try_write(&ends.stream, block, BLOCK, &n));
    MUST(fer_tcp_stream_try_read(&ends.other, block, BLOCK, &n));
}

static void all(void)
{
    MUST(fer_tcp_stream_write_all(&ends.stream, block, BLOCK, &n));
    MUST(fer_tcp_stream_read_exact(&ends.other, block, BLOCK, &n));
}

static void any_stream(void)
{
    MUST(fer_stream_write(fer_tcp_stream_as_stream(&ends.stream), block, BLOCK, &n));
    MUST(fer_stream_read(fer_tcp_stream_as_stream(&ends.other), block, BLOCK, &n));
}

static void raw_limited(void)
{
    MUST_MOVE(send(raws.limited, block, BLOCK, MSG_NOSIGNAL | MSG_DONTWAIT));
    MUST_MOVE(recv(raws.limited_other, block, BLOCK, MSG_DONTWAIT));
}

static void limited(void)
{
    MUST(fer_tcp_stream_write(&ends.limited, block, BLOCK, &n));
    MUST(fer_tcp_stream_read(&ends.limited_other, block, BLOCK, &n));
}

static void raw_slices(void)
{
    struct iovec slices[] = {{block, HALF}, {block + HALF, HALF}};
    struct msghdr message = {.msg_iov = slices, .msg_iovlen = 2};
    MUST_MOVE(sendmsg(raws.stream, &message, MSG_NOSIGNAL));
    MUST_MOVE(recvmsg(raws.other, &message, 0));
}

static void slices(void)
{
    const fer_io_slice out[] = {{block, HALF}, {block + HALF, HALF}};
    const fer_io_slice_mut in[] = {{block, HALF}, {block + HALF, HALF}};
    MUST(fer_tcp_stream_write_vectored(&ends.stream, out, 2, &n));
    MUST(fer_tcp_stream_read_vectored(&ends.other, in, 2, &n));
}

static void raw_ready(void)
{
    struct pollfd entry = {raws.stream, POLLOUT, 0};
    must(poll(&entry, 1, 0) == 1, "poll");
}

static void ready(void)
{
    fer_interest found;
    MUST(fer_tcp_stream_ready(&ends.stream, FER_WRITABLE, (fer_duration){0}, &found));
}

/* ---- Datagrams */

static void raw_datagram(void)
{
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    MUST_MOVE(sendto(raws.udp, block, BLOCK, MSG_NOSIGNAL, (const struct sockaddr *)&ends.raw_to,
                     sizeof ends.raw_to));
    MUST_MOVE(recvfrom(raws.receiver, block, BLOCK, 0, (struct sockaddr *)&from, &size));
}

static void datagram(void)
{
    fer_udp_received received;
    MUST(fer_udp_socket_send_to(&ends.udp, block, BLOCK, &ends.to, &n));
    MUST(fer_udp_socket_recv_from(&ends.receiver, block, BLOCK, &received));
}

static void raw_batch(void)
{
    MUST_MOVE(sendto(raws.udp, block, BLOCK, MSG_NOSIGNAL, (const struct sockaddr *)&ends.raw_to,
                     sizeof ends.raw_to));
    MUST_MOVE(recv(raws.receiver, block, BLOCK, 0));
}

static void batch_of_one(void)
{
    fer_datagram_send message = {.buf = block, .len = BLOCK, .to = &ends.to};
    MUST(fer_udp_socket_send_batch(&ends.udp, &message, 1, &n));
    MUST_MOVE(recv(raws.receiver, block, BLOCK, 0));
}

static void raw_connected(void)
{
    MUST_MOVE(send(raws.connected, block, BLOCK, MSG_NOSIGNAL));
    MUST_MOVE(recv(raws.connected_receiver, block, BLOCK, 0));
}

static void connected(void)
{
    fer_udp_received received;
    MUST(fer_udp_socket_send(&ends.connected, block, BLOCK, &n));
    MUST(fer_udp_socket_recv(&ends.connected_receiver, block, BLOCK, &received));
}

static void raw_unix_datagram(void)
{
    MUST_MOVE(send(raws.mail, block, BLOCK, MSG_NOSIGNAL));
    MUST_MOVE(recv(raws.box, block, BLOCK, 0));
}

static void unix_datagram(void)
{
    fer_unix_received received;
    MUST(fer_unix_datagram_send(&ends.mail, block, BLOCK, &n));
    MUST(fer_unix_datagram_recv_from(&ends.box, block, BLOCK, &received));
}

/* ---- Accepts: both contenders connect by raw calls, and reset the connection */

static int raw_connect(void)
{
    const struct linger at_once = {1, 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(fd, (const struct sockaddr *)&ends.raw_listens, sizeof ends.raw_listens) == 0,
         "connect");
    must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "setsockopt");
    return fd;
}

static void raw_accept(void)
{
    int fd = raw_connect();
    int accepted = accept4(raws.listener, NULL, NULL, SOCK_CLOEXEC);
    must(accepted >= 0, "accept4");
    close(accepted);
    close(fd);
}

static void accept_and_close(void)
{
    int fd = raw_connect();
    fer_tcp_stream accepted = {0};
    MUST(fer_tcp_listener_accept(&ends.listener, &accepted, NULL));
    fer_tcp_stream_close(&accepted);
    close(fd);
}

/* ---- Connects that are started: the result of the connect, which has ended. By raw calls both
 * contenders accept the connection, and reset it. */

static void reset_accepted(void)
{
    const struct linger at_once = {1, 0};
    int fd = accept4(raws.listener, NULL, NULL, SOCK_CLOEXEC);
    must(fd >= 0, "accept4");
    must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "setsockopt");
    close(fd);
}

/* SO_ERROR is 0 of a pending connect too. */
static void raw_started(void)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    int error = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0, "fcntl");
    must(connect(fd, (const struct sockaddr *)&ends.raw_listens, sizeof ends.raw_listens) == 0 ||
             errno == EINPROGRESS,
         "connect");
    must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}) == 0, "SO_ERROR");
    must(error == 0 && getpeername(fd, (struct sockaddr *)&peer, &size) == 0, "getpeername");
    reset_accepted();
    close(fd);
}

static void started(void)
{
    fer_tcp_stream stream = {0};
    fer_error error;
    MUST(fer_tcp_stream_connect_start(&stream, &ends.listens));
    MUST(fer_tcp_stream_take_error(&stream, &error));
    MUST(error);
    reset_accepted();
    fer_tcp_stream_close(&stream);
}

/* ---- Keepalive, whose values are restored after a failure, so that they are read before */

static void raw_keepalive(void)
{
    static const int fields[] = {TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT};
    static const int values[] = {60, 5, 3};
    const int on = 1;
    int before[3];
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        must(getsockopt(raws.stream, IPPROTO_TCP, fields[i], &before[i],
                        &(socklen_t){sizeof before[i]}) == 0 &&
                 setsockopt(raws.stream, IPPROTO_TCP, fields[i], &values[i], sizeof values[i]) == 0,
             "a field of keepalive");
    }
    must(setsockopt(raws.stream, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0, "SO_KEEPALIVE");
}

static void keepalive(void)
{
    const fer_tcp_keepalive values = {true, fer_duration_from_secs(60), fer_duration_from_secs(5),
                                      3};
    MUST(fer_tcp_stream_set_keepalive(&ends.stream, &values));
}

static const struct {
    const char *name;
    void (*raw)(void);
    void (*ferrule)(void);
} cases[] = {{"write_read", raw_stream, some},
             {"try_write_read", raw_stream, try_some},
             {"write_read_all", raw_stream, all},
             {"any_stream", raw_stream, any_stream},
             {"limits", raw_limited, limited},
             {"slices", raw_slices, slices},
             {"ready", raw_ready, ready},
             {"datagram", raw_datagram, datagram},
             {"connected", raw_connected, connected},
             {"unix_datagram", raw_unix_datagram, unix_datagram},
             {"batch_of_one", raw_batch, batch_of_one},
             {"accept", raw_accept, accept_and_close},
             {"started", raw_started, started},
             {"keepalive", raw_keepalive, keepalive}};

int main(int argc, char **argv)
{
    bool counts = argc == 5 && strcmp(argv[1], "--count") == 0;
    for (size_t i = 0; counts && i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(argv[2], cases[i].name) == 0) {
            void (*run)(void) = strcmp(argv[3], "raw") == 0 ? cases[i].raw : cases[i].ferrule;
            open_ends();
            for (long left = atol(argv[4]); left > 0; left--) {
                run();
            }
            return 0;
        }
    }
    fprintf(stderr, "usage: bench_calls --count CASE raw|ferrule N\n");
    return 2;
}
