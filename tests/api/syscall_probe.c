/* syscall_probe.c: performs one step after the other on a connection over loopback and on datagram
 * sockets, each between two marks that a tracer detects. The first mark lists the expected system
 * calls of the step, for check_syscalls.sh. Linux only. */
#define _POSIX_C_SOURCE 200809L

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ferrule.h"

static fer_tcp_listener listener;
static fer_tcp_stream client;
static fer_tcp_stream server;
static fer_tcp_stream clone;
static fer_socket_addr address;
static char buffer[64];

/* Makes a call that fails and appears in the trace as the probe's mark. step: its name and the
 * system calls that it makes. */
static void mark(const char *step)
{
    char path[160];
    snprintf(path, sizeof path, "/ferrule-probe/%s", step);
    if (access(path, F_OK) == 0) {
        exit(2);
    }
}

static void expect(const char *step, fer_error error, fer_error_kind kind)
{
    if (error.kind != kind) {
        fprintf(stderr, "syscall_probe: %s: %s (os error %d)\n", step,
                fer_error_kind_name(error.kind), (int)error.os_code);
        exit(1);
    }
}

#define STEP_ENDS_WITH(name, call, kind) \
    do {                                 \
        mark(name);                      \
        fer_error step_error_ = (call);  \
        mark("end");                     \
        expect(name, step_error_, kind); \
    } while (0)
#define STEP(name, call) STEP_ENDS_WITH(name, call, FER_OK)
/* A step that cannot fail. */
#define STEP_OF(name, call) \
    do {                    \
        mark(name);         \
        call;               \
        mark("end");        \
    } while (0)

static void open_connection(void)
{
    fer_ipv4_addr loopback = fer_ipv4_addr_new(127, 0, 0, 1);
    address = fer_socket_addr_v4_new(loopback, 0);
    STEP("bind: socket setsockopt bind listen", fer_tcp_listener_bind_addr(&listener, &address));
    expect("local_addr", fer_tcp_listener_local_addr(&listener, &address), FER_OK);
    STEP("connect: socket connect setsockopt", fer_tcp_stream_connect_addr(&client, &address));
    STEP("accept: accept4", fer_tcp_listener_accept(&listener, &server, NULL));
}

/* Rules T7 and K5: one call each, and none for limits. */
static void move_bytes(void)
{
    const fer_io_slice out[2] = {{"one", 3}, {"two", 3}};
    const fer_io_slice_mut in[2] = {{buffer, 3}, {buffer + 3, 3}};
    size_t n = 0;
    STEP("write: sendto", fer_tcp_stream_write(&client, "hello", 5, &n));
    STEP("peek: recvfrom", fer_tcp_stream_peek(&server, buffer, sizeof buffer, &n));
    STEP("read: recvfrom", fer_tcp_stream_read(&server, buffer, sizeof buffer, &n));
    STEP("write_all: sendto", fer_tcp_stream_write_all(&client, "hello", 5, &n));
    STEP("read_exact: recvfrom", fer_tcp_stream_read_exact(&server, buffer, 5, &n));
    STEP("write_vectored: sendmsg", fer_tcp_stream_write_vectored(&client, out, 2, &n));
    STEP("read_vectored: recvmsg", fer_tcp_stream_read_vectored(&server, in, 2, &n));
    STEP("empty_read:", fer_tcp_stream_read(&server, NULL, 0, &n));
    STEP("empty_write:", fer_tcp_stream_write(&client, NULL, 0, &n));
}

/* The receiver of a packet may run after the end of send. */
static void await_input(const fer_tcp_stream *stream)
{
    fer_interest ready;
    expect("ready", fer_tcp_stream_ready(stream, FER_READABLE, FER_DURATION_NONE, &ready), FER_OK);
}

static void move_bytes_with_timeouts(void)
{
    size_t n = 0;
    STEP("set_read_timeout: setsockopt",
         fer_tcp_stream_set_read_timeout(&server, fer_duration_from_millis(20)));
    STEP("set_write_timeout: setsockopt",
         fer_tcp_stream_set_write_timeout(&client, fer_duration_from_millis(20)));
    STEP("write_in_time: sendto", fer_tcp_stream_write(&client, "hello", 5, &n));
    await_input(&server);
    STEP("read_in_time: recvfrom", fer_tcp_stream_read(&server, buffer, sizeof buffer, &n));
    STEP_ENDS_WITH("read_expired: recvfrom fcntl",
                   fer_tcp_stream_read(&server, buffer, sizeof buffer, &n), FER_TIMED_OUT);
    fer_copy_buffer copied = {buffer, sizeof buffer, 0, 0};
    fer_stream echo = fer_tcp_stream_as_stream(&server);
    expect("write", fer_tcp_stream_write_all(&client, "hello", 5, &n), FER_OK);
    await_input(&server);
    STEP_ENDS_WITH("copy_expired: recvfrom sendto recvfrom fcntl",
                   fer_copy(echo, echo, &copied, NULL), FER_TIMED_OUT);
    expect("read_exact", fer_tcp_stream_read_exact(&client, buffer, 5, &n), FER_OK);
    STEP("try_clone: fcntl", fer_tcp_stream_try_clone(&server, &clone));
    STEP_ENDS_WITH("read_expired_on_clone: recvfrom fcntl getsockopt",
                   fer_tcp_stream_read(&clone, buffer, sizeof buffer, &n), FER_TIMED_OUT);
    STEP("set_nonblocking: ioctl", fer_tcp_stream_set_nonblocking(&client, true));
    STEP_ENDS_WITH("read_would_block: recvfrom",
                   fer_tcp_stream_read(&client, buffer, sizeof buffer, &n), FER_WOULD_BLOCK);
}

/* Rules K1 and K6: a call that need not wait, one that has ended before it begins, and one that
 * waits for the socket and the token together. */
static void move_bytes_within_limits(void)
{
    fer_cancel_token token = {0};
    size_t n = 0;
    STEP("token_new: eventfd2", fer_cancel_token_new(&token));
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(60)),
                         .token = &token};
    STEP("set_limits:", fer_tcp_stream_set_limits(&server, &limits));
    expect("write_all", fer_tcp_stream_write_all(&client, "hello", 5, &n), FER_OK);
    STEP("read_in_limits: recvfrom", fer_tcp_stream_read(&server, buffer, 1, &n));
    STEP("peek_in_limits: recvfrom", fer_tcp_stream_peek(&server, buffer, 1, &n));
    STEP("read_exact_in_limits: recvfrom", fer_tcp_stream_read_exact(&server, buffer, 4, &n));
    STEP("write_in_limits: sendto", fer_tcp_stream_write(&server, "hello", 5, &n));
    limits.deadline = fer_instant_after(fer_duration_from_millis(20));
    expect("set_limits", fer_tcp_stream_set_limits(&server, &limits), FER_OK);
    STEP_ENDS_WITH("read_until_deadline: recvfrom poll",
                   fer_tcp_stream_read(&server, buffer, 1, &n), FER_TIMED_OUT);
    STEP_ENDS_WITH("read_after_deadline:", fer_tcp_stream_read(&server, buffer, 1, &n),
                   FER_TIMED_OUT);
    STEP("token_cancel: write", fer_cancel_token_cancel(&token));
    STEP("token_cancel_again:", fer_cancel_token_cancel(&token));
    STEP_ENDS_WITH("read_cancelled:", fer_tcp_stream_read(&server, buffer, 1, &n), FER_CANCELLED);
    STEP("token_reset: read", fer_cancel_token_reset(&token));
    STEP("set_no_limits:", fer_tcp_stream_set_limits(&server, NULL));
    STEP_OF("token_close: close", fer_cancel_token_close(&token));
    expect("read_exact", fer_tcp_stream_read_exact(&client, buffer, 5, &n), FER_OK);
}

/* Rules K6 and K7: the first limits, or the first timeout, make the listener nonblocking. */
static void accept_within_limits(void)
{
    fer_tcp_stream others[2] = {0}, accepted = {0};
    fer_tcp_listener clones[2] = {0}, polled = {0};
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(60))};
    expect("connect", fer_tcp_stream_connect_addr(&others[0], &address), FER_OK);
    expect("connect", fer_tcp_stream_connect_addr(&others[1], &address), FER_OK);
    STEP("try_accept: poll accept4", fer_tcp_listener_try_accept(&listener, &accepted, NULL));
    expect("shutdown", fer_tcp_stream_shutdown(&others[0], FER_SHUTDOWN_WRITE), FER_OK);
    STEP("close_gracefully: shutdown recvfrom close",
         fer_tcp_stream_close_gracefully(&accepted, fer_duration_from_secs(60)));
    STEP("listener_set_limits: ioctl", fer_tcp_listener_set_limits(&listener, &limits));
    STEP("accept_in_limits: accept4", fer_tcp_listener_accept(&listener, &accepted, NULL));
    fer_tcp_stream_close(&accepted);
    STEP_ENDS_WITH("try_accept_in_limits: accept4",
                   fer_tcp_listener_try_accept(&listener, &accepted, NULL), FER_WOULD_BLOCK);
    limits.deadline = fer_instant_after(fer_duration_from_millis(20));
    STEP("listener_set_limits_again:", fer_tcp_listener_set_limits(&listener, &limits));
    STEP_ENDS_WITH("accept_until_deadline: accept4 poll",
                   fer_tcp_listener_accept(&listener, &accepted, NULL), FER_TIMED_OUT);
    STEP_ENDS_WITH("accept_after_deadline:", fer_tcp_listener_accept(&listener, &accepted, NULL),
                   FER_TIMED_OUT);
    expect("set_limits", fer_tcp_listener_set_limits(&listener, NULL), FER_OK);
    STEP("listener_set_timeout:", fer_socket_set_read_timeout(fer_tcp_listener_as_socket(&listener),
                                                              fer_duration_from_millis(20)));
    STEP_ENDS_WITH("accept_expired: accept4 poll",
                   fer_tcp_listener_accept(&listener, &accepted, NULL), FER_TIMED_OUT);
    expect("bind", fer_tcp_listener_bind(&polled, "127.0.0.1:0"), FER_OK);
    STEP("listener_set_nonblocking: ioctl", fer_tcp_listener_set_nonblocking(&polled, true));
    STEP_ENDS_WITH("try_accept_nonblocking: accept4",
                   fer_tcp_listener_try_accept(&polled, &accepted, NULL), FER_WOULD_BLOCK);
    fer_tcp_listener_close(&polled);
    /* the first clone allocates */
    expect("try_clone", fer_tcp_listener_try_clone(&listener, &clones[0]), FER_OK);
    STEP("listener_try_clone_again: fcntl", fer_tcp_listener_try_clone(&listener, &clones[1]));
    fer_tcp_listener_close(&clones[0]);
    fer_tcp_listener_close(&clones[1]);
    fer_tcp_stream_close(&others[0]);
    fer_tcp_stream_close(&others[1]);
}

static void end_connection(void)
{
    size_t n = 0;
    STEP("shutdown: shutdown", fer_tcp_stream_shutdown(&client, FER_SHUTDOWN_WRITE));
    STEP_ENDS_WITH("write_after_shutdown:", fer_tcp_stream_write(&client, "x", 1, &n),
                   FER_BROKEN_PIPE);
    STEP("read_end: recvfrom", fer_tcp_stream_read(&server, buffer, sizeof buffer, &n));
    STEP("read_end_again:", fer_tcp_stream_read(&server, buffer, sizeof buffer, &n));
    fer_tcp_stream_close(&clone);
    fer_tcp_stream_close(&server);
    STEP_OF("close: close", fer_tcp_stream_close(&client));
    STEP("connect_timeout: socket ioctl connect poll getsockopt poll ioctl",
         fer_tcp_stream_connect_timeout(&client, &address, fer_duration_from_secs(10)));
    STEP_ENDS_WITH(
        "zero_timeout:", fer_tcp_stream_set_read_timeout(&client, fer_duration_from_secs(0)),
        FER_INVALID_INPUT);
    fer_tcp_stream_close(&client);
    STEP_ENDS_WITH("zero_connect_timeout:",
                   fer_tcp_stream_connect_timeout(&client, &address, fer_duration_from_secs(0)),
                   FER_INVALID_INPUT);
    fer_tcp_listener_close(&listener);
}

static void listen_on_ipv6(void)
{
    fer_socket_addr any = {.ip = {.family = FER_IP_V6}};
    mark("bind_v6: socket setsockopt setsockopt bind listen");
    fer_error error = fer_tcp_listener_bind_addr(&listener, &any);
    mark("end");
    if (error.kind != FER_UNSUPPORTED) {
        expect("bind_v6", error, FER_OK);
    }
    fer_tcp_listener_close(&listener);
}

/* Batches from one socket to the peer of another. */
static void move_batches(fer_udp_socket *from, const fer_socket_addr *target, fer_udp_socket *to)
{
    fer_datagram_send out[2] = {{.buf = "one", .len = 3, .to = target},
                                {.buf = "two", .len = 3, .to = target}};
    fer_datagram_recv in[4] = {{.buf = NULL}, {.buf = NULL}, {.buf = NULL}, {.buf = NULL}};
    STEP("udp_send_batch: sendmmsg", fer_udp_socket_send_batch(from, out, 2, NULL));
    STEP("udp_recv_batch: recvmmsg", fer_udp_socket_recv_batch(to, in, 4, NULL));
    out[0] = (fer_datagram_send){.buf = "oneone", .len = 6, .segment_size = 3, .to = target};
    STEP("udp_send_segments: getsockopt sendmsg", fer_udp_socket_send_batch(from, out, 1, NULL));
    out[0].sent = 0;
    STEP("udp_send_segments_again: sendmsg", fer_udp_socket_send_batch(from, out, 1, NULL));
    out[1].sent = 0;
    out[1].ecn = FER_ECN_ECT0;
    STEP("udp_send_ecn: getsockopt sendmsg", fer_udp_socket_send_batch(from, out + 1, 1, NULL));
    out[1].sent = 0;
    out[1].has_traffic_class = true;
    out[1].hop_limit = 9;
    STEP("udp_send_header: sendmsg", fer_udp_socket_send_batch(from, out + 1, 1, NULL));
    expect("recv_batch", fer_udp_socket_recv_batch(to, in, 4, NULL), FER_OK);
    expect("recv", fer_udp_socket_try_recv_batch(to, in, 1, NULL), FER_OK);
}

static void move_datagrams(void)
{
    fer_udp_socket one = {0}, other = {0}, second = {0}, adopted = {0};
    fer_ipv4_addr loopback = fer_ipv4_addr_new(127, 0, 0, 1);
    fer_socket_addr any_port = fer_socket_addr_v4_new(loopback, 0);
    fer_socket_addr to;
    fer_udp_received got;
    STEP("udp_bind: socket bind", fer_udp_socket_bind_addr(&one, &any_port));
    expect("bind", fer_udp_socket_bind_addr(&other, &any_port), FER_OK);
    expect("local_addr", fer_udp_socket_local_addr(&one, &to), FER_OK);
    STEP("udp_send_to: sendto", fer_udp_socket_send_to(&other, "hello", 5, &to, NULL));
    STEP("udp_recv_from: recvfrom", fer_udp_socket_recv_from(&one, buffer, sizeof buffer, &got));
    expect("send_to", fer_udp_socket_send_to(&other, "again", 5, &to, NULL), FER_OK);
    STEP("udp_peek_from: recvmsg", fer_udp_socket_peek_from(&one, buffer, sizeof buffer, &got));
    STEP("udp_recv: recvfrom", fer_udp_socket_recv(&one, buffer, sizeof buffer, &got));
    STEP("udp_connect: connect getpeername", fer_udp_socket_connect_addr(&one, &got.from));
    STEP("udp_send: sendto", fer_udp_socket_send(&one, "back", 4, NULL));
    expect("send_to", fer_udp_socket_send_to(&other, "mine", 4, &to, NULL), FER_OK);
    STEP("udp_recv_of_peer: recvfrom", fer_udp_socket_recv(&one, buffer, sizeof buffer, &got));
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_millis(20))};
    expect("set_limits", fer_udp_socket_set_limits(&one, &limits), FER_OK);
    STEP_ENDS_WITH("udp_recv_until_deadline: recvfrom poll",
                   fer_udp_socket_recv(&one, buffer, sizeof buffer, &got), FER_TIMED_OUT);
    expect("set_limits", fer_udp_socket_set_limits(&one, NULL), FER_OK);
    expect("set_read_timeout", fer_udp_socket_set_read_timeout(&one, fer_duration_from_millis(20)),
           FER_OK);
    STEP_ENDS_WITH("udp_recv_expired: recvfrom fcntl",
                   fer_udp_socket_recv(&one, buffer, sizeof buffer, &got), FER_TIMED_OUT);
    STEP_ENDS_WITH("udp_port_0:", fer_udp_socket_send_to(&one, "nobody", 6, &any_port, NULL),
                   FER_INVALID_INPUT);
    move_batches(&other, &to, &one);
    STEP("udp_clone: fcntl", fer_udp_socket_try_clone(&one, &second));
    expect("send_to", fer_udp_socket_send_to(&other, "both", 4, &to, NULL), FER_OK);
    STEP("udp_recv_on_clone: recvfrom getpeername",
         fer_udp_socket_recv(&second, buffer, sizeof buffer, &got));
    fer_udp_socket_close(&second);
    const fer_raw_socket raw = fer_udp_socket_into_raw(&other);
    STEP("udp_from_raw: getsockopt getsockopt fcntl getsockname getsockopt getpeername getsockopt "
         "setsockopt setsockopt",
         fer_udp_socket_from_raw(&adopted, raw));
    fer_udp_socket_close(&adopted);
    STEP_OF("udp_close: close", fer_udp_socket_close(&one));
}

/* Abstract names, which need no file and end with the program. */
static void move_over_unix_sockets(void)
{
    fer_unix_listener waiting = {0};
    fer_unix_stream ends[2] = {{{{0}}}, {{{0}}}};
    fer_unix_stream accepted = {0}, spare = {0};
    fer_unix_datagram one = {0}, other = {0};
    fer_unix_addr names[2], peer;
    fer_unix_received got;
    char text[32];
    for (int i = 0; i < 2; i++) {
        int len = snprintf(text, sizeof text, "ferrule %d %ld", i, (long)getpid());
        expect("name", fer_unix_addr_from_abstract_name(&names[i], text, (size_t)len), FER_OK);
    }
    STEP("unix_bind: socket bind listen", fer_unix_listener_bind_addr(&waiting, &names[0]));
    STEP("unix_connect: socket connect", fer_unix_stream_connect_addr(&ends[0], &names[0]));
    STEP("unix_accept: accept4", fer_unix_listener_accept(&waiting, &accepted, NULL));
    expect("connect", fer_unix_stream_connect_addr(&ends[1], &names[0]), FER_OK);
    STEP("unix_accept_peer: accept4 getpeername",
         fer_unix_listener_accept(&waiting, &spare, &peer));
    STEP("unix_write: sendto", fer_unix_stream_write(&ends[0], "hello", 5, NULL));
    STEP("unix_read: recvfrom", fer_unix_stream_read(&accepted, buffer, sizeof buffer, NULL));
    STEP("unix_write_vectored: sendmsg",
         fer_unix_stream_write_vectored(&ends[0], &(fer_io_slice){"hello", 5}, 1, NULL));
    fer_unix_stream_close(&spare);
    fer_unix_stream_close(&ends[1]);
    STEP("unix_pair: socketpair", fer_unix_stream_pair(&spare, &ends[1]));
    while (fer_unix_stream_try_write(&spare, buffer, sizeof buffer, NULL).kind == FER_OK) {
    }
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_millis(20))};
    expect("set_limits", fer_unix_stream_set_limits(&spare, &limits), FER_OK);
    STEP_ENDS_WITH("unix_write_until_deadline: sendto poll",
                   fer_unix_stream_write(&spare, "x", 1, NULL), FER_TIMED_OUT);
    STEP("unix_datagram_bind: socket bind", fer_unix_datagram_bind_addr(&one, &names[1]));
    STEP("unix_datagram_unbound: socket", fer_unix_datagram_unbound(&other));
    STEP("unix_datagram_send_to: sendto",
         fer_unix_datagram_send_to_addr(&other, "hello", 5, &names[1], NULL));
    STEP("unix_datagram_recv_from: recvmsg",
         fer_unix_datagram_recv_from(&one, buffer, sizeof buffer, &got));
    STEP("unix_datagram_connect: connect", fer_unix_datagram_connect_addr(&other, &names[1]));
    STEP("unix_datagram_send: sendto", fer_unix_datagram_send(&other, "again", 5, NULL));
    STEP_OF("unix_close: close", fer_unix_stream_close(&ends[0]));
}

/* Rules P6 and P7: a level-triggered socket needs no call to stay armed, and a notification needs
 * no call if no thread waits. */
static void wait_for_many(void)
{
    static fer_udp_socket socket;
    static fer_poller poller;
    fer_duration next;
    const fer_duration none = FER_DURATION_NONE, zero = {0};
    const fer_event event = {.key = 1, .interest = FER_READABLE | FER_WRITABLE};
    fer_event events[4];
    size_t n = 0;
    expect("bind", fer_udp_socket_bind(&socket, "127.0.0.1:0"), FER_OK);
    const fer_raw_socket raw = fer_udp_socket_as_raw(&socket);
    STEP("poller_new: epoll_create1 pipe2 epoll_ctl", fer_poller_new(&poller));
    STEP("poller_add: epoll_ctl", fer_poller_add(&poller, raw, event, FER_POLL_LEVEL));
    STEP_ENDS_WITH("poller_add_again: epoll_ctl",
                   fer_poller_add(&poller, raw, event, FER_POLL_LEVEL), FER_ALREADY_EXISTS);
    STEP("poller_wait: epoll_wait", fer_poller_wait(&poller, none, events, 4, &n, NULL));
    STEP("poller_wait_level: epoll_wait", fer_poller_wait(&poller, none, events, 4, &n, NULL));
    STEP("poller_modify: epoll_ctl", fer_poller_modify(&poller, raw, event, FER_POLL_ONESHOT));
    STEP("poller_wait_oneshot: epoll_wait", fer_poller_wait(&poller, none, events, 4, &n, NULL));
    STEP("poller_wait_zero: epoll_wait", fer_poller_wait(&poller, zero, events, 4, &n, NULL));
    STEP("poller_wait_expired: epoll_wait",
         fer_poller_wait(&poller, fer_duration_from_millis(2), events, 4, &n, NULL));
    STEP("poller_notify:", fer_poller_notify(&poller));
    STEP("poller_notify_folded:", fer_poller_notify(&poller));
    STEP("poller_wait_notified: epoll_wait", fer_poller_wait(&poller, none, events, 4, &n, NULL));
    STEP_ENDS_WITH("poller_wait_misused:", fer_poller_wait(&poller, none, events, 0, &n, NULL),
                   FER_INVALID_INPUT);
    expect("notify", fer_poller_notify(&poller), FER_OK);
    STEP_OF("poller_as_raw_notified: epoll_ctl", (void)fer_poller_as_raw(&poller));
    STEP_OF("poller_as_raw:", (void)fer_poller_as_raw(&poller));
    STEP("poller_notify_merged:", fer_poller_notify(&poller));
    STEP("poller_wait_as_raw: epoll_wait", fer_poller_wait(&poller, zero, events, 4, &n, NULL));
    STEP("poller_notify_as_raw: epoll_ctl", fer_poller_notify(&poller));
    STEP("poller_next_timeout:", fer_poller_next_timeout(&poller, &next));
    STEP("poller_delete: epoll_ctl", fer_poller_delete(&poller, raw));
    STEP_ENDS_WITH("poller_delete_again: epoll_ctl", fer_poller_delete(&poller, raw),
                   FER_NOT_FOUND);
    STEP_OF("poller_close: close close close", fer_poller_close(&poller));
    fer_udp_socket_close(&socket);
}

/* Rule P14. */
static void wake(void)
{
    fer_waker waker = {0};
    STEP("waker_new: eventfd2", fer_waker_new(&waker));
    for (int i = 0; i < 2; i++) {
        STEP("waker_wake: write", fer_waker_wake(&waker));
        STEP("waker_wake_again:", fer_waker_wake(&waker));
        STEP("waker_clear: read", fer_waker_clear(&waker));
        STEP("waker_clear_again: read", fer_waker_clear(&waker));
    }
    STEP_OF("waker_close: close", fer_waker_close(&waker));
}

/* The number of keys that 1,000 calls have taken. */
static size_t take_often(fer_resolver *resolver)
{
    uint64_t keys[4];
    size_t sum = 0;
    for (int i = 0; i < 1000; i++) {
        size_t count = 0;
        expect("take", fer_resolver_take_completed(resolver, NULL, keys, 4, &count), FER_OK);
        sum += count;
    }
    return sum;
}

static void check_taken(size_t taken, size_t expected)
{
    if (taken != expected) {
        fprintf(stderr, "syscall_probe: %zu keys instead of %zu\n", taken, expected);
        exit(1);
    }
}

/* Rule N9: to take keys never waits, if there is one or not. */
static void take_keys(void)
{
    static fer_resolver resolver;
    static fer_lookup lookup;
    expect("resolver_new",
           fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}),
           FER_OK);
    mark("take_nothing: 1000*getpid");
    size_t taken = take_often(&resolver);
    mark("end");
    check_taken(taken, 0);
    expect("start", fer_resolver_start(&resolver, "127.0.0.1:80", NULL, NULL, 7, &lookup), FER_OK);
    mark("take_key: 1000*getpid");
    taken = take_often(&resolver);
    mark("end");
    check_taken(taken, 1);
    fer_lookup_close(&lookup);
    fer_resolver_close(&resolver);
}

int main(void)
{
    open_connection();
    move_bytes();
    move_bytes_within_limits();
    accept_within_limits();
    move_bytes_with_timeouts();
    end_connection();
    listen_on_ipv6();
    move_datagrams();
    move_over_unix_sockets();
    wait_for_many();
    wake();
    take_keys();
    return 0;
}
