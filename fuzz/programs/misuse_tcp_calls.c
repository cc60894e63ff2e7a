/* misuse_tcp_calls.c: one line for each function of TCP streams and listeners, of names and of
 * durations, and the arguments that only they have. */
#include "fuzz/programs/misuse_calls.h"

#include "platform/sim/network.h"

/* Windows waits in slices: a wait of days would be millions of them. So no timeout here stays above
 * a second. */
static fer_duration at_most_a_second(fer_duration duration)
{
    bool is_long = duration.nanos > 1000000000 && duration.nanos != FER_DURATION_NONE_NANOS;
    return is_long ? (fer_duration){1000000000} : duration;
}

static fer_error do_set_read_timeout(const struct misuse_arguments *a)
{
    fer_error error = fer_tcp_stream_set_read_timeout(a->stream, a->duration);
    FER_IGNORE(fer_tcp_stream_set_read_timeout(a->stream, at_most_a_second(a->duration)));
    return error;
}

static fer_error do_set_write_timeout(const struct misuse_arguments *a)
{
    fer_error error = fer_tcp_stream_set_write_timeout(a->stream, a->duration);
    FER_IGNORE(fer_tcp_stream_set_write_timeout(a->stream, at_most_a_second(a->duration)));
    return error;
}

static fer_error do_write_vectored(const struct misuse_arguments *a)
{
    fer_error error = fer_tcp_stream_write_vectored(a->stream, a->slices, a->slice_count, a->n);
    bool is_right = error.kind != FER_OK || a->slices == NULL || a->slice_count == 0 ||
                    a->n == NULL || *a->n > 0;
    return misuse_checked(is_right, error);
}

static fer_error do_close(const struct misuse_arguments *a)
{
    fer_tcp_stream_close(a->stream);
    return misuse_ok();
}

/* A new stream, through a raw socket: of an older one Windows would lose the mode (row
 * raw_mode). */
static fer_error do_through_raw(const struct misuse_arguments *a)
{
    fer_tcp_stream stream = {0};
    FER_IGNORE(fer_tcp_stream_connect_addr(&stream, a->addr));
    fer_raw_socket raw = fer_tcp_stream_into_raw(&stream);
    fer_error error = fer_tcp_stream_from_raw(a->other_stream, raw);
    if (error.kind != FER_OK) {
        ferp_close(raw);
    }
    return error;
}

/* A datagram socket, an unconnected stream, and a socket of another type. */
static fer_error do_from_another_kind(const struct misuse_arguments *a)
{
    fer_raw_socket raw = ferp_sim_make_peer(a->arg % 3 == 0   ? FERP_SIM_DATAGRAM
                                            : a->arg % 3 == 1 ? FERP_SIM_STREAM
                                                              : FERP_SIM_OTHER,
                                            FER_IP_V4);
    fer_error error = a->arg < 128 ? fer_tcp_stream_from_raw(a->stream, raw)
                                   : fer_tcp_listener_from_raw(a->listener, raw);
    ferp_close(raw);
    return error;
}

static fer_error do_listener_through_raw(const struct misuse_arguments *a)
{
    fer_tcp_listener listener = {0};
    FER_IGNORE(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    fer_raw_socket raw = fer_tcp_listener_into_raw(&listener);
    fer_error error = fer_tcp_listener_from_raw(a->other_listener, raw);
    if (error.kind != FER_OK) {
        ferp_close(raw);
    }
    return error;
}

/* Any count of any unit is a duration; too large a count saturates. */
static fer_error do_durations(const struct misuse_arguments *a)
{
    uint64_t count = a->arg < 128 ? a->arg : UINT64_MAX - a->arg;
    fer_duration made[] = {fer_duration_from_secs(count), fer_duration_from_millis(count),
                           fer_duration_from_micros(count), fer_duration_from_nanos(count)};
    bool in_order = made[0].nanos >= made[1].nanos && made[1].nanos >= made[2].nanos &&
                    made[2].nanos >= made[3].nanos;
    return misuse_checked(in_order && made[0].nanos != FER_DURATION_NONE_NANOS, misuse_ok());
}

static fer_error do_listener_close(const struct misuse_arguments *a)
{
    fer_tcp_listener_close(a->listener);
    return misuse_ok();
}

/* X(name, the call) */
#define CALLS(X)                                                                                   \
    X(connect, fer_tcp_stream_connect(a->stream, a->text))                                         \
    X(connect_addr, fer_tcp_stream_connect_addr(a->stream, a->addr))                               \
    X(connect_addrs, fer_tcp_stream_connect_addrs(a->stream, a->addr, a->arg % 2u, NULL))          \
    X(connect_timeout, fer_tcp_stream_connect_timeout(a->stream, a->addr, a->duration))            \
    X(peer_addr, fer_tcp_stream_peer_addr(a->stream, a->addr_out))                                 \
    X(local_addr, fer_tcp_stream_local_addr(a->stream, a->addr_out))                               \
    X(shutdown, fer_tcp_stream_shutdown(a->stream, a->how))                                        \
    X(try_clone, fer_tcp_stream_try_clone(a->stream, a->other_stream))                             \
    X(set_read_timeout, do_set_read_timeout(a))                                                    \
    X(read_timeout, fer_tcp_stream_read_timeout(a->stream, a->duration_out))                       \
    X(set_write_timeout, do_set_write_timeout(a))                                                  \
    X(write_timeout, fer_tcp_stream_write_timeout(a->stream, a->duration_out))                     \
    X(set_nonblocking, fer_tcp_stream_set_nonblocking(a->stream, a->arg % 2 == 1))                 \
    X(read, MISUSE_MOVE(tcp, read, a->stream))                                                     \
    X(peek, fer_tcp_stream_peek(a->stream, a->buf, a->len, a->n))                                  \
    X(read_vectored, fer_tcp_stream_read_vectored(a->stream, a->slices_mut, a->slice_count, a->n)) \
    X(read_exact, MISUSE_MOVE(tcp, read_exact, a->stream))                                         \
    X(read_to_end, fer_tcp_stream_read_to_end(a->stream, a->buf, a->len, a->n))                    \
    X(write, MISUSE_MOVE(tcp, write, a->stream))                                                   \
    X(write_vectored, do_write_vectored(a))                                                        \
    X(write_all, MISUSE_MOVE(tcp, write_all, a->stream))                                           \
    X(set_nodelay, fer_tcp_stream_set_nodelay(a->stream, a->arg % 2 == 1))                         \
    X(nodelay, fer_tcp_stream_nodelay(a->stream, a->flag_out))                                     \
    X(set_ttl, fer_tcp_stream_set_ttl(a->stream, a->number))                                       \
    X(ttl, fer_tcp_stream_ttl(a->stream, a->number_out))                                           \
    X(set_linger, fer_tcp_stream_set_linger(a->stream, a->duration))                               \
    X(linger, fer_tcp_stream_linger(a->stream, a->duration_out))                                   \
    X(set_keepalive, fer_tcp_stream_set_keepalive(a->stream, a->keepalive))                        \
    X(keepalive, fer_tcp_stream_keepalive(a->stream, a->keepalive_out))                            \
    X(take_error, fer_tcp_stream_take_error(a->stream, a->error_out))                              \
    X(close, do_close(a))                                                                          \
    X(from_raw, fer_tcp_stream_from_raw(a->stream, a->raw))                                        \
    X(through_raw, do_through_raw(a))                                                              \
    X(from_another_kind, do_from_another_kind(a))                                                  \
    X(listener_through_raw, do_listener_through_raw(a))                                            \
    X(to_socket_addrs, fer_to_socket_addrs(a->text, a->addr_out, a->arg % 3 == 0 ? 0 : 1, a->n))   \
    X(lookup_host, fer_lookup_host(a->text, 80, a->addr_out, a->arg % 3 == 0 ? 0 : 1, a->n))       \
    X(durations, do_durations(a))                                                                  \
    X(from_listener, fer_tcp_stream_from_raw(a->stream, fer_tcp_listener_as_raw(a->listener)))     \
    X(bind, fer_tcp_listener_bind(a->listener, a->text))                                           \
    X(bind_addr, fer_tcp_listener_bind_addr(a->listener, a->addr))                                 \
    X(accept, fer_tcp_listener_accept(a->listener, a->other_stream, a->addr_out))                  \
    X(listener_local_addr, fer_tcp_listener_local_addr(a->listener, a->addr_out))                  \
    X(listener_try_clone, fer_tcp_listener_try_clone(a->listener, a->other_listener))              \
    X(listener_set_ttl, fer_tcp_listener_set_ttl(a->listener, a->number))                          \
    X(listener_ttl, fer_tcp_listener_ttl(a->listener, a->number_out))                              \
    X(listener_take_error, fer_tcp_listener_take_error(a->listener, a->error_out))                 \
    X(listener_set_nonblocking, fer_tcp_listener_set_nonblocking(a->listener, a->arg % 2 == 1))    \
    X(listener_close, do_listener_close(a))                                                        \
    X(listener_from_stream,                                                                        \
      fer_tcp_listener_from_raw(a->listener, fer_tcp_stream_as_raw(a->stream)))

#include "fuzz/programs/misuse_table.h"

static fer_duration duration_of(uint8_t arg)
{
    static const uint64_t nanos[] = {
        0, 1, 1000000, 999999999, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, 4000000};
    return (fer_duration){nanos[arg % 8]};
}

/* Some lengths of slices are absurd: one length alone, or all of them, whose sum wraps to 0. */
static void choose_slices(struct misuse_arguments *a)
{
    static const size_t counts[] = {0, 1, 7, 64, SIZE_MAX, SIZE_MAX / 2, 65536};
    static uint8_t longest[FERP_SIM_WINDOWS_IO_LENGTH_MAX]; /* that one call uses */
    struct misuse_values *values = a->values;
    uint8_t *buf = a->state->buf;
    size_t len_of_null = a->arg % 16 == 7 ? 9 : 0;
    bool is_absurd = a->arg % 16 == 11;
    values->slices[0] = (fer_io_slice){buf, 3};
    values->slices[1] = (fer_io_slice){NULL, len_of_null};
    values->slices[2] =
        (fer_io_slice){is_absurd ? longest : buf + 3, is_absurd ? SIZE_MAX - 2 : 61};
    values->slices_mut[0] = (fer_io_slice_mut){buf, 3};
    values->slices_mut[1] = (fer_io_slice_mut){NULL, len_of_null};
    values->slices_mut[2] =
        (fer_io_slice_mut){is_absurd ? longest : buf + 3, is_absurd ? SIZE_MAX : 61};
    a->slices = a->nulls & 4 ? NULL : values->slices;
    a->slices_mut = a->nulls & 4 ? NULL : values->slices_mut;
    a->slice_count = a->nulls & 4 ? counts[a->arg % 7] : a->arg % 4u;
}

/* The sixth bit of nulls is the keepalive. */
static void choose(struct misuse_arguments *a)
{
    static const int numbers[] = {0, 1, 2, 3, 64, 255, 256, -1, INT32_MAX, INT32_MIN};
    int number = numbers[a->arg % 10];
    a->number = (uint32_t)number;
    a->how = (fer_shutdown)number;
    a->raw = a->arg % 2 == 0 ? FER_RAW_SOCKET_NONE : misuse_raw_of_none(number);
    a->listener = a->nulls & 1 ? NULL : &a->state->listeners[(a->which >> 4) % MISUSE_LISTENERS];
    a->other_listener =
        a->nulls & 2 ? NULL : &a->state->listeners[(a->which >> 6) % MISUSE_LISTENERS];
    a->values->keepalive =
        (fer_tcp_keepalive){a->arg % 2 == 1, duration_of(a->arg), duration_of(a->nulls), a->arg};
    a->keepalive = a->nulls & 32 ? NULL : &a->values->keepalive;
    choose_slices(a);
}

const struct misuse_family misuse_tcp_family = {calls, CALL_COUNT, false, choose};

void misuse_tcp_begin(struct misuse_state *state)
{
    fer_sim_peer listener = FER_SIM_PEER_NONE;
    FER_IGNORE(fer_socket_addr_parse(&state->server, "127.0.0.1:80"));
    /* Only the first connection is accepted. Another harness fills queues: row full_backlog. */
    FER_IGNORE(fer_sim_peer_listen(&state->server, 4096, &listener));
    FER_IGNORE(fer_tcp_stream_connect_addr(&state->streams[0], &state->server));
    FER_IGNORE(fer_sim_peer_accept(listener, &state->peer));
    FER_IGNORE(fer_sim_peer_send(state->peer, "some bytes", 10, NULL));
    FER_IGNORE(fer_tcp_stream_try_clone(&state->streams[0], &state->streams[2]));
    FER_IGNORE(fer_tcp_stream_try_clone(&state->streams[0], &state->streams[3]));
    FER_IGNORE(fer_tcp_stream_shutdown(&state->streams[3], FER_SHUTDOWN_WRITE));
    fer_tcp_stream_close(&state->streams[2]);
    FER_IGNORE(fer_tcp_listener_bind(&state->listeners[0], "127.0.0.1:81"));
    FER_IGNORE(fer_tcp_listener_bind(&state->listeners[2], "127.0.0.1:82"));
    fer_tcp_listener_close(&state->listeners[2]);
}

void misuse_tcp_end(struct misuse_state *state)
{
    for (int i = 0; i < MISUSE_STREAMS; i++) {
        fer_tcp_stream_close(&state->streams[i]);
    }
    for (int i = 0; i < MISUSE_LISTENERS; i++) {
        fer_tcp_listener_close(&state->listeners[i]);
    }
}
