/* misuse_ready_calls.c: one line for each function that asks for readiness, never waits, or only
 * starts to connect, of every type of handle, and the arguments that it may be given. */
#include <string.h>

#include "fuzz/programs/misuse_calls.h"

/* What a call is given; each pointer may be NULL. */
struct arguments {
    struct misuse_world *world;
    fer_tcp_stream *stream;
    fer_tcp_stream *other_stream;
    fer_tcp_listener *listener;
    fer_udp_socket *udp;
    fer_unix_stream *unix_stream;
    fer_unix_listener *unix_listener;
    fer_unix_datagram *unix_datagram;
    fer_socket *socket;
    const fer_socket_addr *addr;
    const fer_unix_addr *name;
    const char *path;
    fer_socket_addr *addr_out;
    fer_unix_addr *name_out;
    fer_datagram *datagram_out;
    fer_unix_received *received_out;
    uint8_t *buf;
    size_t len;
    size_t *n;
    fer_interest interest;
    fer_duration timeout;
    fer_interest *ready;
};

/* Never more than what was asked, and untouched where the call was refused. */
static fer_error told(const struct arguments *a, fer_error error)
{
    bool is_told = error.kind == FER_OK && a->ready != NULL;
    bool is_right = is_told ? (*a->ready & ~a->interest) == 0 : a->ready == NULL || *a->ready == 77;
    return is_right ? error : (fer_error){(fer_error_kind)0x7FFF, 0};
}

/* What is accepted is kept aside, for what its calls would do to the other end differs by
 * dialect. */
static fer_error unix_accept(const struct arguments *a)
{
    fer_error error = fer_unix_listener_try_accept(a->unix_listener, a->unix_stream, a->name_out);
    if (error.kind == FER_OK) {
        fer_unix_stream *kept =
            &a->world->unix_kept[a->world->unix_kept_count++ % MISUSE_UNIX_KEPT];
        fer_unix_stream_close(kept);
        *kept = *a->unix_stream;
        memset(a->unix_stream, 0, sizeof *a->unix_stream);
    }
    return error;
}

/* One dialect connects at once, the other starts: what has come of it is the same. */
static fer_error unix_start(const struct arguments *a)
{
    fer_unix_stream stream = {0};
    fer_interest ready = 0;
    fer_error outcome = {FER_OK, 0};
    fer_error error =
        fer_unix_stream_connect_start(a->unix_stream == NULL ? NULL : &stream, a->name);
    if (error.kind == FER_WOULD_BLOCK) {
        error = fer_unix_stream_ready(&stream, FER_WRITABLE, FER_DURATION_NONE, &ready);
        FER_IGNORE(fer_unix_stream_take_error(&stream, &outcome));
        error = error.kind == FER_OK ? outcome : error;
    }
    fer_unix_stream_close(&stream);
    return error;
}

#define READY(type, handle) told(a, fer_##type##_ready(handle, a->interest, a->timeout, a->ready))

/* X(name, the call) */
#define CALLS(X)                                                                              \
    X(connect_start, fer_tcp_stream_connect_start(a->stream, a->addr))                        \
    X(try_read, fer_tcp_stream_try_read(a->stream, a->buf, a->len, a->n))                     \
    X(try_peek, fer_tcp_stream_try_peek(a->stream, a->buf, a->len, a->n))                     \
    X(try_write, fer_tcp_stream_try_write(a->stream, a->buf, a->len, a->n))                   \
    X(ready, READY(tcp_stream, a->stream))                                                    \
    X(try_accept, fer_tcp_listener_try_accept(a->listener, a->other_stream, a->addr_out))     \
    X(listener_ready, READY(tcp_listener, a->listener))                                       \
    X(udp_send_at_once, fer_udp_socket_try_send(a->udp, a->buf, a->len, a->n))                \
    X(udp_send_to_at_once, fer_udp_socket_try_send_to(a->udp, a->buf, a->len, a->addr, a->n)) \
    X(udp_recv_at_once, fer_udp_socket_try_recv(a->udp, a->buf, a->len, a->datagram_out))     \
    X(udp_recv_from_at_once,                                                                  \
      fer_udp_socket_try_recv_from(a->udp, a->buf, a->len, a->datagram_out))                  \
    X(udp_ready, READY(udp_socket, a->udp))                                                   \
    X(unix_connect_start, unix_start(a))                                                      \
    X(unix_read_at_once, fer_unix_stream_try_read(a->unix_stream, a->buf, a->len, a->n))      \
    X(unix_peek_at_once, fer_unix_stream_try_peek(a->unix_stream, a->buf, a->len, a->n))      \
    X(unix_write_at_once, fer_unix_stream_try_write(a->unix_stream, a->buf, a->len, a->n))    \
    X(unix_ready, READY(unix_stream, a->unix_stream))                                         \
    X(unix_accept_at_once, unix_accept(a))                                                    \
    X(unix_listener_ready, READY(unix_listener, a->unix_listener))                            \
    X(unix_datagram_send, fer_unix_datagram_try_send(a->unix_datagram, a->buf, a->len, a->n)) \
    X(unix_datagram_send_to,                                                                  \
      fer_unix_datagram_try_send_to(a->unix_datagram, a->buf, a->len, a->path, a->n))         \
    X(unix_datagram_send_to_addr,                                                             \
      fer_unix_datagram_try_send_to_addr(a->unix_datagram, a->buf, a->len, a->name, a->n))    \
    X(unix_datagram_recv,                                                                     \
      fer_unix_datagram_try_recv(a->unix_datagram, a->buf, a->len, a->received_out))          \
    X(unix_datagram_recv_from,                                                                \
      fer_unix_datagram_try_recv_from(a->unix_datagram, a->buf, a->len, a->received_out))     \
    X(unix_datagram_ready, READY(unix_datagram, a->unix_datagram))                            \
    X(socket_ready, READY(socket, a->socket))

#include "fuzz/programs/misuse_table.h"

const char *misuse_ready_call_name(uint8_t call)
{
    return calls[call % CALL_COUNT].name;
}

/* Bits of nulls: handle, out, buf, n, addr, path. */
fer_error misuse_ready_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                            uint8_t arg)
{
    static const char *const paths[] = {"a", "nobody", "", "b"};
    static const char *const datagram_paths[] = {"d", "nobody", "", "a"};
    static const size_t lengths[] = {0, 1, 7, 64, SIZE_MAX, SIZE_MAX / 2, 65536};
    static const uint64_t nanos[] = {0, 1, 1000000, 999999999, UINT64_MAX};
    static const fer_interest interests[] = {
        FER_READABLE, FER_WRITABLE, FER_READABLE | FER_WRITABLE, 0, 4, UINT32_MAX};
    fer_socket_addr addr = world->server;
    fer_unix_addr name = {0};
    fer_socket_addr addr_out;
    fer_unix_addr name_out;
    fer_datagram datagram_out;
    fer_unix_received received_out;
    fer_interest ready = 77;
    size_t n = 77;
    addr.ip.family = arg % 8 == 7 ? (fer_ip_family)9 : addr.ip.family;
    addr.port = arg % 4 == 0 ? 0 : addr.port;
    FER_IGNORE(fer_unix_addr_from_pathname(&name, paths[arg % 4]));
    struct arguments a = {
        .world = world, .interest = interests[arg % 6], .timeout = {nanos[arg / 6 % 5]}};
    if ((nulls & 1) == 0) {
        a.stream = &world->streams[who % MISUSE_STREAMS];
        a.listener = &world->listeners[who % MISUSE_LISTENERS];
        a.udp = &world->sockets[who % MISUSE_SOCKETS];
        a.unix_stream = &world->unix_streams[who % MISUSE_STREAMS];
        a.unix_listener = &world->unix_listeners[(who >> 2) % MISUSE_LISTENERS];
        a.unix_datagram = &world->unix_datagrams[who % MISUSE_LISTENERS];
        a.socket = &world->built.sockets[who % MISUSE_SOCKETS];
    }
    a.other_stream = nulls & 2 ? NULL : &world->streams[(who >> 2) % MISUSE_STREAMS];
    a.addr_out = nulls & 2 ? NULL : &addr_out;
    a.name_out = nulls & 2 ? NULL : &name_out;
    a.datagram_out = nulls & 2 ? NULL : &datagram_out;
    a.received_out = nulls & 2 ? NULL : &received_out;
    a.ready = nulls & 2 ? NULL : &ready;
    a.buf = nulls & 4 ? NULL : world->buf;
    a.len = nulls & 4 ? lengths[arg % 7] : lengths[arg % 4];
    a.n = nulls & 8 ? NULL : &n;
    a.addr = nulls & 16 ? NULL : &addr;
    a.name = nulls & 16 ? NULL : &name;
    a.path = nulls & 32 ? NULL : datagram_paths[arg % 4];
    return calls[call % CALL_COUNT].function(&a);
}
