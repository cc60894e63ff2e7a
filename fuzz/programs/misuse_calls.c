/* misuse_calls.c: one line for each function, and the arguments that it may be given. */
#include "fuzz/programs/misuse_calls.h"

#include <string.h>

#include "platform/sim/network.h"

/* What a call is given; each pointer may be NULL. A length is absurd only beside NULL, or in a call
 * that the handle refuses. */
struct arguments {
    fer_tcp_stream *stream, *other;
    fer_tcp_listener *listener, *other_listener;
    const char *text;
    const fer_socket_addr *addr;
    fer_socket_addr *addr_out;
    fer_duration duration;
    fer_duration *duration_out;
    uint8_t *buf;
    size_t len;
    size_t *n;
    const fer_io_slice *slices;
    const fer_io_slice_mut *slices_mut;
    size_t slice_count;
    const fer_keepalive *keepalive;
    fer_keepalive *keepalive_out;
    fer_error *error_out;
    bool *flag_out;
    uint32_t *number_out;
    int number;
    uint8_t arg;
};

/* A wait of days would be one of millions of slices: no call here has a timeout above a second. */
static fer_duration at_most_a_second(fer_duration duration)
{
    bool is_long = duration.nanos > 1000000000 && !fer_duration_is_none(duration);
    return is_long ? (fer_duration){1000000000} : duration;
}

static fer_error do_set_read_timeout(const struct arguments *a)
{
    fer_error error = fer_tcp_stream_set_read_timeout(a->stream, a->duration);
    FER_IGNORE(fer_tcp_stream_set_read_timeout(a->stream, at_most_a_second(a->duration)));
    return error;
}

static fer_error do_set_write_timeout(const struct arguments *a)
{
    fer_error error = fer_tcp_stream_set_write_timeout(a->stream, a->duration);
    FER_IGNORE(fer_tcp_stream_set_write_timeout(a->stream, at_most_a_second(a->duration)));
    return error;
}

static fer_error do_write_vectored(const struct arguments *a)
{
    fer_error error = fer_tcp_stream_write_vectored(a->stream, a->slices, a->slice_count, a->n);
    bool is_right = error.kind != FER_OK || a->slices == NULL || a->slice_count == 0 ||
                    a->n == NULL || *a->n > 0;
    return is_right ? error : (fer_error){(fer_error_kind)0x7FFF, 0};
}

static fer_error do_close(const struct arguments *a)
{
    fer_tcp_stream_close(a->stream);
    return (fer_error){FER_OK, 0};
}

/* Given away and taken in. A new one, as on Windows an older one's mode would be forgotten: row
 * raw_mode. */
static fer_error do_through_raw(const struct arguments *a)
{
    fer_tcp_stream stream = {0};
    FER_IGNORE(fer_tcp_stream_connect_addr(&stream, a->addr));
    fer_raw_socket raw = fer_tcp_stream_into_raw(&stream);
    fer_error error = fer_tcp_stream_from_raw(a->other, raw);
    if (error.kind != FER_OK) {
        ferp_close(raw);
    }
    return error;
}

/* A socket that is no stream, and one that is not connected. */
static fer_error do_from_another_kind(const struct arguments *a)
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

static fer_error do_listener_through_raw(const struct arguments *a)
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

/* Any count of any unit is a duration: for ever at the most. */
static fer_error do_durations(const struct arguments *a)
{
    uint64_t count = a->arg < 128 ? a->arg : UINT64_MAX - a->arg;
    fer_duration made[] = {fer_duration_from_secs(count), fer_duration_from_millis(count),
                           fer_duration_from_micros(count), fer_duration_from_nanos(count)};
    bool in_order = made[0].nanos >= made[1].nanos && made[1].nanos >= made[2].nanos &&
                    made[2].nanos >= made[3].nanos;
    return (fer_error){in_order && !fer_duration_is_none(made[0]) ? FER_OK : (fer_error_kind)0x7FFF,
                       0};
}

static fer_error do_listener_close(const struct arguments *a)
{
    fer_tcp_listener_close(a->listener);
    return (fer_error){FER_OK, 0};
}

/* X(name, the call) */
#define CALLS(X)                                                                                   \
    X(connect, fer_tcp_stream_connect(a->stream, a->text))                                         \
    X(connect_addr, fer_tcp_stream_connect_addr(a->stream, a->addr))                               \
    X(connect_addrs, fer_tcp_stream_connect_addrs(a->stream, a->addr, a->arg % 2u))                \
    X(connect_timeout, fer_tcp_stream_connect_timeout(a->stream, a->addr, a->duration))            \
    X(peer_addr, fer_tcp_stream_peer_addr(a->stream, a->addr_out))                                 \
    X(local_addr, fer_tcp_stream_local_addr(a->stream, a->addr_out))                               \
    X(shutdown, fer_tcp_stream_shutdown(a->stream, (fer_shutdown)a->number))                       \
    X(try_clone, fer_tcp_stream_try_clone(a->stream, a->other))                                    \
    X(set_read_timeout, do_set_read_timeout(a))                                                    \
    X(read_timeout, fer_tcp_stream_read_timeout(a->stream, a->duration_out))                       \
    X(set_write_timeout, do_set_write_timeout(a))                                                  \
    X(write_timeout, fer_tcp_stream_write_timeout(a->stream, a->duration_out))                     \
    X(set_nonblocking, fer_tcp_stream_set_nonblocking(a->stream, a->arg % 2 == 1))                 \
    X(read, fer_tcp_stream_read(a->stream, a->buf, a->len, a->n))                                  \
    X(peek, fer_tcp_stream_peek(a->stream, a->buf, a->len, a->n))                                  \
    X(read_vectored, fer_tcp_stream_read_vectored(a->stream, a->slices_mut, a->slice_count, a->n)) \
    X(read_exact, fer_tcp_stream_read_exact(a->stream, a->buf, a->len, a->n))                      \
    X(read_to_end, fer_tcp_stream_read_to_end(a->stream, a->buf, a->len, a->n))                    \
    X(write, fer_tcp_stream_write(a->stream, a->buf, a->len, a->n))                                \
    X(write_vectored, do_write_vectored(a))                                                        \
    X(write_all, fer_tcp_stream_write_all(a->stream, a->buf, a->len, a->n))                        \
    X(set_nodelay, fer_tcp_stream_set_nodelay(a->stream, a->arg % 2 == 1))                         \
    X(nodelay, fer_tcp_stream_nodelay(a->stream, a->flag_out))                                     \
    X(set_ttl, fer_tcp_stream_set_ttl(a->stream, (uint32_t)a->number))                             \
    X(ttl, fer_tcp_stream_ttl(a->stream, a->number_out))                                           \
    X(set_linger, fer_tcp_stream_set_linger(a->stream, a->duration))                               \
    X(linger, fer_tcp_stream_linger(a->stream, a->duration_out))                                   \
    X(set_keepalive, fer_tcp_stream_set_keepalive(a->stream, a->keepalive))                        \
    X(keepalive, fer_tcp_stream_keepalive(a->stream, a->keepalive_out))                            \
    X(take_error, fer_tcp_stream_take_error(a->stream, a->error_out))                              \
    X(close, do_close(a))                                                                          \
    X(from_raw, fer_tcp_stream_from_raw(                                                           \
                    a->stream, a->arg % 2 == 0 ? FER_RAW_SOCKET_NONE                               \
                                               : (fer_raw_socket)a->number * 99991 + 4099))        \
    X(through_raw, do_through_raw(a))                                                              \
    X(from_another_kind, do_from_another_kind(a))                                                  \
    X(listener_through_raw, do_listener_through_raw(a))                                            \
    X(to_socket_addrs, fer_to_socket_addrs(a->text, a->addr_out, a->arg % 3 == 0 ? 0 : 1, a->n))   \
    X(lookup_host, fer_lookup_host(a->text, 80, a->addr_out, a->arg % 3 == 0 ? 0 : 1, a->n))       \
    X(durations, do_durations(a))                                                                  \
    X(from_listener, fer_tcp_stream_from_raw(a->stream, fer_tcp_listener_as_raw(a->listener)))     \
    X(bind, fer_tcp_listener_bind(a->listener, a->text))                                           \
    X(bind_addr, fer_tcp_listener_bind_addr(a->listener, a->addr))                                 \
    X(bind_addrs, fer_tcp_listener_bind_addrs(a->listener, a->addr, a->arg % 2u))                  \
    X(accept, fer_tcp_listener_accept(a->listener, a->other, a->addr_out))                         \
    X(listener_local_addr, fer_tcp_listener_local_addr(a->listener, a->addr_out))                  \
    X(listener_try_clone, fer_tcp_listener_try_clone(a->listener, a->other_listener))              \
    X(listener_set_ttl, fer_tcp_listener_set_ttl(a->listener, (uint32_t)a->number))                \
    X(listener_ttl, fer_tcp_listener_ttl(a->listener, a->number_out))                              \
    X(listener_take_error, fer_tcp_listener_take_error(a->listener, a->error_out))                 \
    X(listener_set_nonblocking, fer_tcp_listener_set_nonblocking(a->listener, a->arg % 2 == 1))    \
    X(listener_close, do_listener_close(a))                                                        \
    X(listener_from_stream,                                                                        \
      fer_tcp_listener_from_raw(a->listener, fer_tcp_stream_as_raw(a->stream)))

#include "fuzz/programs/misuse_table.h"

/* The other files' calls, the highest numbers first. */
static const struct {
    uint8_t from;
    const char *(*name)(uint8_t call);
    fer_error (*function)(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                          uint8_t arg);
} others[] = {
    {MISUSE_POLLER_FROM, misuse_poller_call_name, misuse_poller_call},
    {MISUSE_READY_FROM, misuse_ready_call_name, misuse_ready_call},
    {MISUSE_UDP_FROM, misuse_udp_call_name, misuse_udp_call},
    {MISUSE_UNIX_FROM, misuse_unix_call_name, misuse_unix_call},
    {MISUSE_RESOLVER_FROM, misuse_resolver_call_name, misuse_resolver_call},
    {MISUSE_COPY_FROM, misuse_copy_call_name, misuse_copy_call},
    {MISUSE_SOCKET_FROM, misuse_socket_call_name, misuse_socket_call},
};
enum { OTHERS = sizeof others / sizeof *others };

const char *misuse_call_name(uint8_t call)
{
    for (size_t i = 0; i < OTHERS; i++) {
        if (call >= others[i].from) {
            return others[i].name((uint8_t)(call - others[i].from));
        }
    }
    return calls[call % CALL_COUNT].name;
}

static int number_of(uint8_t arg)
{
    static const int numbers[] = {0, 1, 2, 3, 64, 255, 256, -1, INT32_MAX, INT32_MIN};
    return numbers[arg % 10];
}

static fer_duration duration_of(uint8_t arg)
{
    static const uint64_t nanos[] = {
        0, 1, 1000000, 999999999, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, 4000000};
    return (fer_duration){nanos[arg % 8]};
}

/* Bits of nulls: stream, out or other, buf, n, addr or text, keepalive. */
fer_error misuse_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                      uint8_t arg)
{
    static const char *const texts[] = {
        "127.0.0.1:80", "127.0.0.1:0", "",        ":",
        "nowhere:1",    "10.0.0.1",    "[::1]:0", "localhost:99999"};
    static const size_t lengths[] = {0, 1, 7, 64, SIZE_MAX, SIZE_MAX / 2, 65536};
    fer_socket_addr addr_out;
    fer_duration duration_out;
    fer_keepalive keepalive = {arg % 2 == 1, duration_of(arg), duration_of(nulls), arg};
    fer_keepalive keepalive_out;
    fer_error error_out;
    bool flag_out;
    uint32_t number_out;
    size_t n = 77;
    for (size_t i = 0; i < OTHERS; i++) {
        if (call >= others[i].from) {
            return others[i].function(world, (uint8_t)(call - others[i].from), who, nulls, arg);
        }
    }
    fer_socket_addr addr = world->server;
    fer_io_slice slices[] = {
        {world->buf, 3}, {NULL, arg % 16 == 7 ? 9u : 0u}, {world->buf + 3, 61}};
    fer_io_slice_mut slices_mut[] = {{world->buf, 3},
                                     {NULL, arg % 16 == 7 ? 9u : 0u},
                                     {world->buf + 3, arg % 16 == 11 ? SIZE_MAX : 61}};
    struct arguments a = {.addr = &addr,
                          .text = texts[arg % 8],
                          .duration = duration_of(arg),
                          .arg = arg,
                          .number = number_of(arg)};
    addr.ip.family = arg % 8 == 7 ? (fer_ip_family)9 : addr.ip.family;
    addr.port = arg % 4 == 0 ? 0 : addr.port;
    a.stream = nulls & 1 ? NULL : &world->streams[who % MISUSE_STREAMS];
    a.other = nulls & 2 ? NULL : &world->streams[(who >> 2) % MISUSE_STREAMS];
    a.listener = nulls & 1 ? NULL : &world->listeners[(who >> 4) % MISUSE_LISTENERS];
    a.other_listener = nulls & 2 ? NULL : &world->listeners[(who >> 6) % MISUSE_LISTENERS];
    a.addr_out = nulls & 2 ? NULL : &addr_out;
    a.duration_out = nulls & 2 ? NULL : &duration_out;
    a.error_out = nulls & 2 ? NULL : &error_out;
    a.flag_out = nulls & 2 ? NULL : &flag_out;
    a.number_out = nulls & 2 ? NULL : &number_out;
    a.keepalive_out = nulls & 2 ? NULL : &keepalive_out;
    a.buf = nulls & 4 ? NULL : world->buf;
    a.len = nulls & 4 ? lengths[arg % 7] : lengths[arg % 4];
    a.slices = nulls & 4 ? NULL : slices;
    a.slices_mut = nulls & 4 ? NULL : slices_mut;
    slices[2].len =
        arg % 16 == 11 ? SIZE_MAX - 2 : slices[2].len; /* all lengths together would wrap to 0 */
    a.slice_count = nulls & 4 ? lengths[arg % 7] : arg % 4u;
    a.n = nulls & 8 ? NULL : &n;
    a.addr = nulls & 16 ? NULL : a.addr;
    a.text = nulls & 16 ? NULL : a.text;
    a.keepalive = nulls & 32 ? NULL : &keepalive;
    return calls[call % CALL_COUNT].function(&a);
}

void misuse_begin(struct misuse_world *world, fer_sim_dialect dialect)
{
    static const uint8_t no_tape[1];
    fer_sim_config config = {.dialect = dialect,
                             .tape = no_tape,
                             .max_sockets = 40,
                             .send_buffer = 128,
                             .receive_buffer = 128};
    fer_sim_peer listener = FER_SIM_PEER_NONE;
    memset(world, 0, sizeof *world);
    FER_IGNORE(fer_sim_start(&config));
    FER_IGNORE(fer_socket_addr_parse(&world->server, "127.0.0.1:80"));
    /* Nobody accepts more than the first: a full queue is another harness's (row full_backlog). */
    FER_IGNORE(fer_sim_peer_listen(&world->server, 4096, &listener));
    FER_IGNORE(fer_tcp_stream_connect_addr(&world->streams[0], &world->server));
    FER_IGNORE(fer_sim_peer_accept(listener, &world->peer));
    FER_IGNORE(fer_sim_peer_send(world->peer, "some bytes", 10, NULL));
    FER_IGNORE(fer_tcp_stream_try_clone(&world->streams[0], &world->streams[2]));
    FER_IGNORE(fer_tcp_stream_try_clone(&world->streams[0], &world->streams[3]));
    FER_IGNORE(fer_tcp_stream_shutdown(&world->streams[3], FER_SHUTDOWN_WRITE));
    fer_tcp_stream_close(&world->streams[2]);
    FER_IGNORE(fer_tcp_listener_bind(&world->listeners[0], "127.0.0.1:81"));
    FER_IGNORE(fer_tcp_listener_bind(&world->listeners[2], "127.0.0.1:82"));
    fer_tcp_listener_close(&world->listeners[2]);
    misuse_udp_begin(world);
    misuse_poller_begin(world);
    misuse_socket_begin(world);
    misuse_unix_begin(world);
    misuse_resolver_begin(world);
}

void misuse_end(struct misuse_world *world)
{
    misuse_resolver_end(world);
    misuse_unix_end(world);
    misuse_poller_end(world);
    misuse_udp_end(world);
    misuse_socket_end(world);
    for (int i = 0; i < MISUSE_STREAMS; i++) {
        fer_tcp_stream_close(&world->streams[i]);
    }
    for (int i = 0; i < MISUSE_LISTENERS; i++) {
        fer_tcp_listener_close(&world->listeners[i]);
    }
}
