/* misuse_ready_calls.c: one line for each function that returns readiness, never waits or starts a
 * connect, of every handle type, and the arguments that only they have. */
#include "fuzz/programs/misuse_calls.h"

/* Readiness is never more than the interest, and untouched after a refusal. */
static fer_error check_ready(const struct misuse_arguments *a, fer_error error)
{
    bool is_written = error.kind == FER_OK && a->ready != NULL;
    bool is_right = is_written ? (*a->ready & ~a->interest) == 0
                               : a->ready == NULL || *a->ready == MISUSE_UNTOUCHED;
    return misuse_checked(is_right, error);
}

/* One dialect connects during the call, the other starts to: the outcome is the same. */
static fer_error unix_start(const struct misuse_arguments *a)
{
    fer_unix_stream stream = {0};
    fer_interest ready = 0;
    fer_error outcome = {FER_OK, 0};
    fer_error error =
        fer_unix_stream_connect_start(a->unix_stream == NULL ? NULL : &stream, a->unix_addr);
    if (error.kind == FER_WOULD_BLOCK) {
        error = fer_unix_stream_ready(&stream, FER_WRITABLE, FER_DURATION_NONE, &ready);
        FER_IGNORE(fer_unix_stream_take_error(&stream, &outcome));
        error = error.kind == FER_OK ? outcome : error;
    }
    fer_unix_stream_close(&stream);
    return error;
}

/* The seventh bit of nulls: the vectored call, or the peek of a datagram. */
static bool is_variant(const struct misuse_arguments *a)
{
    return (a->nulls & 64) != 0;
}

/* The buffer as two slices. */
static const fer_io_slice_mut *buffers_of(const struct misuse_arguments *a)
{
    size_t half = a->len / 2;
    uint8_t *rest = a->buf == NULL ? NULL : a->buf + half;
    a->values->slices_mut[0] = (fer_io_slice_mut){a->buf, half};
    a->values->slices_mut[1] = (fer_io_slice_mut){rest, a->len - half};
    return a->values->slices_mut;
}

static const fer_io_slice *bytes_of(const struct misuse_arguments *a)
{
    const fer_io_slice_mut *room = buffers_of(a);
    for (int i = 0; i < 2; i++) {
        a->values->slices[i] = (fer_io_slice){room[i].base, room[i].len};
    }
    return a->values->slices;
}

#define TRY_READ(type, handle)                                                             \
    (is_variant(a) ? fer_##type##_stream_try_read_vectored(handle, buffers_of(a), 2, a->n) \
                   : MISUSE_MOVE(type, try_read, handle))
#define TRY_WRITE(type, handle)                                                           \
    (is_variant(a) ? fer_##type##_stream_try_write_vectored(handle, bytes_of(a), 2, a->n) \
                   : MISUSE_MOVE(type, try_write, handle))

static fer_error udp_try_recv(const struct misuse_arguments *a)
{
    return is_variant(a) ? fer_udp_socket_try_peek_from(a->udp, a->buf, a->len, a->datagram_out)
                         : fer_udp_socket_try_recv_from(a->udp, a->buf, a->len, a->datagram_out);
}

static fer_error udp_try_recv_from(const struct misuse_arguments *a)
{
    return is_variant(a) ? fer_udp_socket_try_peek_from(a->udp, a->buf, a->len, a->datagram_out)
                         : fer_udp_socket_try_recv_from(a->udp, a->buf, a->len, a->datagram_out);
}

#define READY(type, handle) \
    check_ready(a, fer_##type##_ready(handle, a->interest, a->duration, a->ready))
#define STREAM_READY(type, handle)                                                             \
    (misuse_is_by_stream(a)                                                                    \
         ? check_ready(a, fer_stream_ready(fer_##type##_stream_as_stream(handle), a->interest, \
                                           a->duration, a->ready))                             \
         : READY(type##_stream, handle))

/* X(name, the call) */
#define CALLS(X)                                                                                  \
    X(connect_start, fer_tcp_stream_connect_start(a->stream, a->addr))                            \
    X(try_read, TRY_READ(tcp, a->stream))                                                         \
    X(try_peek, fer_tcp_stream_try_peek(a->stream, a->buf, a->len, a->n))                         \
    X(try_write, TRY_WRITE(tcp, a->stream))                                                       \
    X(ready, STREAM_READY(tcp, a->stream))                                                        \
    X(try_accept, fer_tcp_listener_try_accept(a->listener, a->other_stream, a->addr_out))         \
    X(listener_ready, READY(tcp_listener, a->listener))                                           \
    X(udp_try_send, fer_udp_socket_try_send(a->udp, a->buf, a->len, a->n))                        \
    X(udp_try_send_to, fer_udp_socket_try_send_to(a->udp, a->buf, a->len, a->addr, a->n))         \
    X(udp_try_recv, udp_try_recv(a))                                                              \
    X(udp_try_recv_from, udp_try_recv_from(a))                                                    \
    X(udp_ready, READY(udp_socket, a->udp))                                                       \
    X(unix_connect_start, unix_start(a))                                                          \
    X(unix_try_read, TRY_READ(unix, a->unix_stream))                                              \
    X(unix_try_write, TRY_WRITE(unix, a->unix_stream))                                            \
    X(unix_ready, STREAM_READY(unix, a->unix_stream))                                             \
    X(unix_try_accept,                                                                            \
      misuse_keep_accepted(                                                                       \
          a, fer_unix_listener_try_accept(a->unix_listener, a->unix_stream, a->unix_addr_out)))   \
    X(unix_listener_ready, READY(unix_listener, a->unix_listener))                                \
    X(unix_datagram_try_send, fer_unix_datagram_try_send(a->unix_datagram, a->buf, a->len, a->n)) \
    X(unix_datagram_try_send_to_addr,                                                             \
      fer_unix_datagram_try_send_to_addr(a->unix_datagram, a->buf, a->len, a->unix_addr, a->n))   \
    X(unix_datagram_ready, READY(unix_datagram, a->unix_datagram))                                \
    X(socket_ready, READY(socket, a->socket))

#include "fuzz/programs/misuse_table.h"

/* The sixth bit of nulls is the path. */
static void choose(struct misuse_arguments *a)
{
    static const char *const paths[] = {"a", "nobody", "", "b"};
    static const char *const datagram_paths[] = {"d", "nobody", "", "a"};
    static const uint64_t nanos[] = {0, 1, 1000000, 999999999, UINT64_MAX};
    static const fer_interest interests[] = {
        FER_READABLE, FER_WRITABLE, FER_READABLE | FER_WRITABLE, 0, 4, UINT32_MAX};
    struct misuse_state *state = a->state;
    a->values->unix_addr = (fer_unix_addr){0};
    FER_IGNORE(fer_unix_addr_from_pathname(&a->values->unix_addr, paths[a->arg % 4]));
    a->datagram_path = a->nulls & 32 ? NULL : datagram_paths[a->arg % 4];
    a->interest = interests[a->arg % 6];
    a->duration.nanos = nanos[a->arg / 6 % 5];
    if ((a->nulls & 1) == 0) {
        a->listener = &state->listeners[a->which % MISUSE_LISTENERS];
        a->unix_listener = &state->unix_listeners[(a->which >> 2) % MISUSE_LISTENERS];
    }
}

const struct misuse_family misuse_ready_family = {calls, CALL_COUNT, false, choose};
