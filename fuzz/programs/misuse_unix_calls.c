/* misuse_unix_calls.c: one line for each function of unix.h, and the arguments that it may be
 * given. What only one dialect has leaves no trace in the streams and listeners, so that those are
 * alike in both. */
#include <string.h>

#include "fuzz/programs/misuse_calls.h"

/* What a call is given; each pointer may be NULL. */
struct arguments {
    struct misuse_world *world;
    fer_unix_stream *stream;
    fer_unix_stream *other_stream;
    fer_unix_listener *listener;
    fer_unix_listener *other_listener;
    fer_unix_datagram *socket;
    fer_unix_datagram *other_socket;
    const char *path;
    const fer_unix_addr *addr;
    const char *own_path; /* of datagram sockets, that none of the others meets */
    const fer_unix_addr *own_addr;
    fer_unix_addr *addr_out;
    fer_unix_received *received_out;
    fer_duration duration;
    fer_duration *duration_out;
    uint8_t *buf;
    size_t len;
    size_t *n;
    fer_io_slice_mut *slices_in;
    const fer_io_slice *slices_out;
    size_t count;
    fer_shutdown how;
    fer_error *error_out;
    fer_raw_socket raw;
    uint8_t arg;
};

/* 108 bytes. */
static const char too_long[] = "012345678901234567890123456789012345678901234567890123"
                               "012345678901234567890123456789012345678901234567890123";

static fer_error ok(void)
{
    return (fer_error){FER_OK, 0};
}

/* Windows has no pairs: one that was made is not kept, and leaves what a refusal does; and it
 * refuses before it can lack the means. */
static fer_error do_pair(const struct arguments *a)
{
    fer_error error = fer_unix_stream_pair(a->stream, a->other_stream);
    if (error.kind == FER_OK) {
        fer_unix_stream_close(a->stream);
        fer_unix_stream_close(a->other_stream);
        memset(a->stream, 0, sizeof *a->stream);
        memset(a->other_stream, 0, sizeof *a->other_stream);
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    bool lacks_means = error.kind == FER_NO_BUFFER_SPACE || error.kind == FER_TOO_MANY_OPEN_FILES;
    return lacks_means ? (fer_error){FER_UNSUPPORTED, 0} : error;
}

/* What is accepted is kept aside, for nobody to touch: what its calls would do to the other end
 * differs by dialect. */
static fer_error do_accept(const struct arguments *a)
{
    fer_error error = fer_unix_listener_accept(a->listener, a->stream, a->addr_out);
    if (error.kind == FER_OK) {
        fer_unix_stream *kept =
            &a->world->unix_kept[a->world->unix_kept_count++ % MISUSE_UNIX_KEPT];
        fer_unix_stream_close(kept);
        *kept = *a->stream;
        memset(a->stream, 0, sizeof *a->stream);
    }
    return error;
}

static fer_error do_abstract(const struct arguments *a)
{
    fer_unix_addr made;
    fer_error error =
        fer_unix_addr_from_abstract_name(a->addr_out == NULL ? NULL : &made, a->buf, a->len);
    return error.kind == FER_OK ? (fer_error){FER_UNSUPPORTED, 0} : error;
}

static fer_error do_questions(const struct arguments *a)
{
    size_t len = 0;
    (void)fer_unix_addr_is_unnamed(a->addr);
    (void)fer_unix_addr_as_pathname(a->addr);
    (void)fer_unix_addr_as_abstract_name(a->addr, a->arg % 2 == 0 ? &len : NULL);
    (void)fer_unix_stream_as_raw(a->stream);
    (void)fer_unix_listener_as_raw(a->listener);
    (void)fer_unix_datagram_as_raw(a->socket);
    return ok();
}

static fer_error do_close(const struct arguments *a)
{
    switch (a->arg % 3) {
    case 0: fer_unix_stream_close(a->stream); break;
    case 1: fer_unix_listener_close(a->listener); break;
    default: fer_unix_datagram_close(a->socket); break;
    }
    return ok();
}

/* X(name, the call) */
#define CALLS(X)                                                                                  \
    X(unix_connect, fer_unix_stream_connect(a->stream, a->path))                                  \
    X(unix_connect_addr, fer_unix_stream_connect_addr(a->stream, a->addr))                        \
    X(unix_pair, do_pair(a))                                                                      \
    X(unix_try_clone, fer_unix_stream_try_clone(a->stream, a->other_stream))                      \
    X(unix_local_addr, fer_unix_stream_local_addr(a->stream, a->addr_out))                        \
    X(unix_peer_addr, fer_unix_stream_peer_addr(a->stream, a->addr_out))                          \
    X(unix_shutdown, fer_unix_stream_shutdown(a->stream, a->how))                                 \
    X(unix_read, fer_unix_stream_read(a->stream, a->buf, a->len, a->n))                           \
    X(unix_peek, fer_unix_stream_peek(a->stream, a->buf, a->len, a->n))                           \
    X(unix_read_vectored, fer_unix_stream_read_vectored(a->stream, a->slices_in, a->count, a->n)) \
    X(unix_read_exact, fer_unix_stream_read_exact(a->stream, a->buf, a->len, a->n))               \
    X(unix_read_to_end, fer_unix_stream_read_to_end(a->stream, a->buf, a->len, a->n))             \
    X(unix_write, fer_unix_stream_write(a->stream, a->buf, a->len, a->n))                         \
    X(unix_write_vectored,                                                                        \
      fer_unix_stream_write_vectored(a->stream, a->slices_out, a->count, a->n))                   \
    X(unix_write_all, fer_unix_stream_write_all(a->stream, a->buf, a->len, a->n))                 \
    X(unix_set_read_timeout, fer_unix_stream_set_read_timeout(a->stream, a->duration))            \
    X(unix_set_write_timeout, fer_unix_stream_set_write_timeout(a->stream, a->duration))          \
    X(unix_read_timeout, fer_unix_stream_read_timeout(a->stream, a->duration_out))                \
    X(unix_write_timeout, fer_unix_stream_write_timeout(a->stream, a->duration_out))              \
    X(unix_set_nonblocking, fer_unix_stream_set_nonblocking(a->stream, a->arg % 2 == 1))          \
    X(unix_take_error, fer_unix_stream_take_error(a->stream, a->error_out))                       \
    X(unix_from_raw, fer_unix_stream_from_raw(a->stream, a->raw))                                 \
    X(unix_bind, fer_unix_listener_bind(a->listener, a->path))                                    \
    X(unix_bind_addr, fer_unix_listener_bind_addr(a->listener, a->addr))                          \
    X(unix_accept, do_accept(a))                                                                  \
    X(unix_listener_try_clone, fer_unix_listener_try_clone(a->listener, a->other_listener))       \
    X(unix_listener_local_addr, fer_unix_listener_local_addr(a->listener, a->addr_out))           \
    X(unix_listener_set_nonblocking,                                                              \
      fer_unix_listener_set_nonblocking(a->listener, a->arg % 2 == 1))                            \
    X(unix_listener_take_error, fer_unix_listener_take_error(a->listener, a->error_out))          \
    X(unix_listener_from_raw, fer_unix_listener_from_raw(a->listener, a->raw))                    \
    X(unix_addr_from_pathname, fer_unix_addr_from_pathname(a->addr_out, a->path))                 \
    X(unix_addr_from_abstract_name, do_abstract(a))                                               \
    X(unix_questions, do_questions(a))                                                            \
    X(unix_close, do_close(a))                                                                    \
    X(unix_datagram_bind, fer_unix_datagram_bind(a->socket, a->own_path))                         \
    X(unix_datagram_bind_addr, fer_unix_datagram_bind_addr(a->socket, a->own_addr))               \
    X(unix_datagram_unbound, fer_unix_datagram_unbound(a->socket))                                \
    X(unix_datagram_pair, fer_unix_datagram_pair(a->socket, a->other_socket))                     \
    X(unix_datagram_connect, fer_unix_datagram_connect(a->socket, a->own_path))                   \
    X(unix_datagram_connect_addr, fer_unix_datagram_connect_addr(a->socket, a->own_addr))         \
    X(unix_datagram_try_clone, fer_unix_datagram_try_clone(a->socket, a->other_socket))           \
    X(unix_datagram_local_addr, fer_unix_datagram_local_addr(a->socket, a->addr_out))             \
    X(unix_datagram_peer_addr, fer_unix_datagram_peer_addr(a->socket, a->addr_out))               \
    X(unix_datagram_send, fer_unix_datagram_send(a->socket, a->buf, a->len, a->n))                \
    X(unix_datagram_send_to,                                                                      \
      fer_unix_datagram_send_to(a->socket, a->buf, a->len, a->own_path, a->n))                    \
    X(unix_datagram_send_to_addr,                                                                 \
      fer_unix_datagram_send_to_addr(a->socket, a->buf, a->len, a->own_addr, a->n))               \
    X(unix_datagram_recv, fer_unix_datagram_recv(a->socket, a->buf, a->len, a->received_out))     \
    X(unix_datagram_recv_from,                                                                    \
      fer_unix_datagram_recv_from(a->socket, a->buf, a->len, a->received_out))                    \
    X(unix_datagram_shutdown, fer_unix_datagram_shutdown(a->socket, a->how))                      \
    X(unix_datagram_set_read_timeout, fer_unix_datagram_set_read_timeout(a->socket, a->duration)) \
    X(unix_datagram_set_write_timeout,                                                            \
      fer_unix_datagram_set_write_timeout(a->socket, a->duration))                                \
    X(unix_datagram_read_timeout, fer_unix_datagram_read_timeout(a->socket, a->duration_out))     \
    X(unix_datagram_write_timeout, fer_unix_datagram_write_timeout(a->socket, a->duration_out))   \
    X(unix_datagram_set_nonblocking,                                                              \
      fer_unix_datagram_set_nonblocking(a->socket, a->arg % 2 == 1))                              \
    X(unix_datagram_take_error, fer_unix_datagram_take_error(a->socket, a->error_out))            \
    X(unix_datagram_from_raw, fer_unix_datagram_from_raw(a->socket, a->raw))

#include "fuzz/programs/misuse_table.h"

const char *misuse_unix_call_name(uint8_t call)
{
    return calls[call % CALL_COUNT].name;
}

/* Names that lead nowhere, or were never made: memory of any content, and one of a length that
 * nothing has. */
static fer_unix_addr address_of(const char *const *paths, uint8_t arg)
{
    fer_unix_addr addr = {0};
    FER_IGNORE(fer_unix_addr_from_pathname(&addr, paths[arg % 4]));
    if (arg % 16 >= 12) {
        memset(&addr, arg, sizeof addr);
        addr.kind_ = arg % 2 == 0 ? (uint16_t)FER_UNIX_ADDR_PATHNAME : (uint16_t)arg;
    }
    return addr;
}

/* Bits of nulls: handle, output or other handle, buffer, count, path or address. */
fer_error misuse_unix_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                           uint8_t arg)
{
    static const char *const paths[] = {"a", "b", "c",    "a name that is longer",
                                        "",  "/", "\xff", too_long};
    static const size_t lengths[] = {0, 1, 7, 64, SIZE_MAX, SIZE_MAX / 2, 65536};
    static const uint64_t nanos[] = {
        0, 1, 1000000, 999999999, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, 4000000};
    static const char *const own_paths[] = {"d", "e", "f", "the others'", "", "/d", "\xfe", NULL};
    fer_unix_addr addr = address_of(paths, arg);
    fer_unix_addr own_addr = address_of(own_paths, arg);
    fer_unix_addr addr_out;
    fer_unix_received received_out;
    fer_duration duration_out;
    fer_error error_out;
    size_t n = 77;
    fer_io_slice_mut in[2] = {{world->buf, 3},
                              {nulls & 4 ? NULL : world->buf + 8, lengths[arg % 3]}};
    fer_io_slice out[2] = {{world->buf, 3}, {nulls & 4 ? NULL : world->buf, lengths[arg % 3]}};
    struct arguments a = {.world = world,
                          .path = paths[arg % 8],
                          .addr = &addr,
                          .duration = {nanos[arg % 8]},
                          .arg = arg};
    a.stream = nulls & 1 ? NULL : &world->unix_streams[who % MISUSE_STREAMS];
    a.other_stream = nulls & 2 ? NULL : &world->unix_streams[(who >> 2) % MISUSE_STREAMS];
    a.listener = nulls & 1 ? NULL : &world->unix_listeners[who % MISUSE_LISTENERS];
    a.other_listener = nulls & 2 ? NULL : &world->unix_listeners[(who >> 2) % MISUSE_LISTENERS];
    a.socket = nulls & 1 ? NULL : &world->unix_datagrams[who % MISUSE_LISTENERS];
    a.other_socket = nulls & 2 ? NULL : &world->unix_datagrams[(who >> 2) % MISUSE_LISTENERS];
    a.raw = arg % 2 == 0 ? FER_RAW_SOCKET_NONE : arg * 99991 + 4099;
    a.addr_out = nulls & 2 ? NULL : &addr_out;
    a.received_out = nulls & 2 ? NULL : &received_out;
    a.duration_out = nulls & 2 ? NULL : &duration_out;
    a.error_out = nulls & 2 ? NULL : &error_out;
    a.buf = nulls & 4 ? NULL : world->buf;
    a.len = nulls & 4 ? lengths[arg % 7] : lengths[arg % 4];
    a.n = nulls & 8 ? NULL : &n;
    a.slices_in = nulls & 32 ? NULL : in;
    a.slices_out = nulls & 32 ? NULL : out;
    a.count = arg % 3;
    a.how = (fer_shutdown)(arg % 5);
    a.path = nulls & 16 ? NULL : a.path;
    a.addr = nulls & 16 ? NULL : a.addr;
    a.own_path = nulls & 16 ? NULL : own_paths[arg % 8];
    a.own_addr = nulls & 16 ? NULL : &own_addr;
    return calls[call % CALL_COUNT].function(&a);
}

void misuse_unix_begin(struct misuse_world *world)
{
    FER_IGNORE(fer_unix_listener_bind(&world->unix_listeners[0], "a"));
    FER_IGNORE(fer_unix_listener_bind(&world->unix_listeners[2], "b"));
    fer_unix_listener_close(&world->unix_listeners[2]);
    for (int i = 0; i < MISUSE_STREAMS; i++) {
        if (i != 1) {
            FER_IGNORE(fer_unix_stream_connect(&world->unix_streams[i], "a"));
        }
    }
    fer_unix_stream_close(&world->unix_streams[2]);
    FER_IGNORE(fer_unix_datagram_bind(&world->unix_datagrams[0], "d"));
    FER_IGNORE(fer_unix_datagram_unbound(&world->unix_datagrams[2]));
    fer_unix_datagram_close(&world->unix_datagrams[2]);
}

void misuse_unix_end(struct misuse_world *world)
{
    for (int i = 0; i < MISUSE_STREAMS; i++) {
        fer_unix_stream_close(&world->unix_streams[i]);
    }
    for (int i = 0; i < MISUSE_LISTENERS; i++) {
        fer_unix_listener_close(&world->unix_listeners[i]);
        fer_unix_datagram_close(&world->unix_datagrams[i]);
    }
    for (int i = 0; i < MISUSE_UNIX_KEPT; i++) {
        fer_unix_stream_close(&world->unix_kept[i]);
    }
}
