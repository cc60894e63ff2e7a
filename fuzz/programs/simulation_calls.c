/* simulation_calls.c: calls of ferrule on streams, listeners, datagram sockets and Unix sockets. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/simulation_program.h"

enum { HANDLES = 3, MESSAGES = 4 };

fer_tcp_stream *simulation_stream(struct simulation_program *p)
{
    fer_tcp_stream *stream = &p->streams[choose_below(&p->from, SIMULATION_STREAMS)];
    return stream == p->opening ? NULL : stream;
}

static fer_unix_stream *choose_unix(struct simulation_program *p)
{
    return &p->unix_streams[choose_below(&p->from, SIMULATION_UNIX)];
}

static fer_limits choose_limits(struct simulation_program *p)
{
    return (fer_limits){.deadline = fer_instant_after(simulation_duration(p)),
                        .token = choose_bool(&p->from) ? &p->token : NULL};
}

/* ---- Streams */

static void open_stream(struct simulation_program *p, fer_tcp_stream *stream)
{
    fer_socket_addr addr = simulation_address(p);
    const fer_tcp_stream *opening = p->opening;
    p->opening = stream;
    switch (choose_below(&p->from, 4)) {
    case 0: FER_IGNORE(fer_tcp_stream_connect_start(stream, &addr)); break;
    case 1: FER_IGNORE(fer_tcp_stream_connect_addr(stream, &addr)); break;
    case 2:
        FER_IGNORE(fer_tcp_stream_connect_timeout(stream, &addr, simulation_duration(p)));
        break;
    default: FER_IGNORE(fer_tcp_stream_try_clone(stream, simulation_stream(p))); break;
    }
    p->opening = opening;
}

static void accept_stream(struct simulation_program *p, fer_tcp_listener *listener)
{
    const fer_tcp_stream *opening = p->opening;
    fer_tcp_stream *stream = simulation_stream(p);
    p->opening = stream;
    FER_IGNORE(fer_tcp_listener_accept(listener, stream, NULL));
    p->opening = opening;
}

static void write_bytes(struct simulation_program *p, fer_tcp_stream *stream)
{
    for (size_t left = simulation_times(p); left > 0; left--) {
        FER_IGNORE(fer_tcp_stream_try_write(stream, p->buf, 1, NULL));
        FER_IGNORE(fer_sim_advance((fer_duration){1}));
    }
}

static void transfer(struct simulation_program *p, fer_tcp_stream *stream)
{
    size_t n = 0;
    size_t len = simulation_length(p);
    fer_interest ready = 0;
    switch (choose_below(&p->from, 7)) {
    case 0: FER_IGNORE(fer_tcp_stream_try_read(stream, p->buf, len, &n)); break;
    case 1: FER_IGNORE(fer_tcp_stream_read(stream, p->buf, len, &n)); break;
    case 2: FER_IGNORE(fer_tcp_stream_write(stream, p->buf, len, &n)); break;
    case 3: FER_IGNORE(fer_tcp_stream_write_all(stream, p->buf, len, &n)); break;
    case 4: write_bytes(p, stream); break;
    case 5: FER_IGNORE(fer_tcp_stream_peek(stream, p->buf, len, &n)); break;
    default:
        FER_IGNORE(fer_tcp_stream_ready(stream, (fer_interest)(1 + choose_below(&p->from, 3)),
                                        simulation_duration(p), &ready));
        break;
    }
    FUZZ_CHECK(n <= len);
}

static void set(struct simulation_program *p, fer_tcp_stream *stream)
{
    fer_limits limits = choose_limits(p);
    switch (choose_below(&p->from, 5)) {
    case 0: FER_IGNORE(fer_tcp_stream_set_nonblocking(stream, choose_bool(&p->from))); break;
    case 1: FER_IGNORE(fer_tcp_stream_set_read_timeout(stream, simulation_duration(p))); break;
    case 2: FER_IGNORE(fer_tcp_stream_set_write_timeout(stream, simulation_duration(p))); break;
    case 3: FER_IGNORE(fer_tcp_stream_set_limits(stream, &limits)); break;
    default:
        FER_IGNORE(fer_tcp_stream_shutdown(stream, (fer_shutdown)choose_below(&p->from, 3)));
        break;
    }
}

/* The peer may send back what it receives: only a deadline ends such a copy, and at the clock's end
 * none does. */
static void copy(struct simulation_program *p, fer_tcp_stream *stream)
{
    unsigned char one[64], other[64];
    fer_copy_buffer to = {one, sizeof one, 0, 0};
    fer_copy_buffer back = {other, sizeof other, 0, 0};
    fer_stream a = fer_tcp_stream_as_stream(stream);
    fer_stream b = fer_tcp_stream_as_stream(simulation_stream(p));
    const fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(1))};
    if (fer_sim_now().nanos >= UINT64_MAX - UINT64_C(2000000000)) {
        return;
    }
    FER_IGNORE(fer_tcp_stream_set_limits(stream, &limits));
    switch (choose_below(&p->from, 3)) {
    case 0: FER_IGNORE(fer_copy(a, b, &to, NULL)); break;
    case 1: FER_IGNORE(fer_copy_bidirectional(a, b, &to, &back, NULL, NULL)); break;
    default:
        FER_IGNORE(fer_tcp_stream_send_file(
            stream, p->files[choose_below(&p->from, SIMULATION_FILES)], 0, UINT64_MAX, &to, NULL));
        break;
    }
}

static void call_stream(struct simulation_program *p)
{
    fer_tcp_stream *stream = simulation_stream(p);
    switch (choose_below(&p->from, 8)) {
    case 0:
    case 1: open_stream(p, stream); break;
    case 2:
    case 3:
    case 4: transfer(p, stream); break;
    case 5: set(p, stream); break;
    case 6: copy(p, stream); break;
    default: fer_tcp_stream_close(stream); break;
    }
}

/* ---- Listeners and datagram sockets */

static void call_listener(struct simulation_program *p)
{
    fer_tcp_listener *listener = &p->listeners[choose_below(&p->from, SIMULATION_LISTENERS)];
    fer_socket_addr addr = simulation_address(p);
    switch (choose_below(&p->from, 4)) {
    case 0: FER_IGNORE(fer_tcp_listener_bind_addr(listener, &addr)); break;
    case 1: FER_IGNORE(fer_tcp_listener_try_accept(listener, simulation_stream(p), NULL)); break;
    case 2: accept_stream(p, listener); break;
    default: fer_tcp_listener_close(listener); break;
    }
}

static void send_batch(struct simulation_program *p, fer_udp_socket *socket)
{
    fer_socket_addr addr = simulation_address(p);
    fer_datagram_send messages[MESSAGES];
    size_t count = choose_below(&p->from, MESSAGES + 1);
    size_t sent = 0;
    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < count; i++) {
        messages[i].buf = p->buf;
        messages[i].len = simulation_length(p);
        messages[i].segment_size = choose_below(&p->from, 100);
        messages[i].to = &addr;
    }
    FER_IGNORE(fer_udp_socket_send_batch(socket, messages, count, &sent));
    FUZZ_CHECK(sent <= count);
}

static void call_socket(struct simulation_program *p)
{
    fer_udp_socket *socket = &p->sockets[choose_below(&p->from, SIMULATION_SOCKETS)];
    fer_socket_addr addr = simulation_address(p);
    fer_udp_received got;
    fer_limits limits;
    size_t n = 0;
    switch (choose_below(&p->from, 8)) {
    case 0: FER_IGNORE(fer_udp_socket_bind_addr(socket, &addr)); break;
    case 1: FER_IGNORE(fer_udp_socket_connect_addr(socket, &addr)); break;
    case 2: FER_IGNORE(fer_udp_socket_send(socket, p->buf, simulation_length(p), &n)); break;
    case 3: FER_IGNORE(fer_udp_socket_recv_from(socket, p->buf, sizeof p->buf, &got)); break;
    case 4: send_batch(p, socket); break;
    case 5: FER_IGNORE(fer_udp_socket_set_nonblocking(socket, choose_bool(&p->from))); break;
    case 6:
        limits = choose_limits(p);
        FER_IGNORE(fer_udp_socket_set_limits(socket, &limits));
        break;
    default: fer_udp_socket_close(socket); break;
    }
}

/* ---- Unix sockets, and the handles that they pass */

static size_t choose_handles(struct simulation_program *p, fer_raw_socket *handles)
{
    size_t count = choose_below(&p->from, HANDLES + 1);
    for (size_t i = 0; i < count; i++) {
        handles[i] = choose_bool(&p->from) ? fer_unix_stream_as_raw(choose_unix(p))
                                           : fer_tcp_stream_as_raw(simulation_stream(p));
    }
    return count;
}

static void close_handles(const fer_raw_socket *handles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fer_socket adopted = {0};
        FUZZ_CHECK(fer_socket_from_raw(&adopted, handles[i]).kind == FER_OK);
        fer_socket_close(&adopted);
    }
}

static void pass(struct simulation_program *p, fer_unix_stream *stream)
{
    fer_raw_socket handles[HANDLES];
    fer_unix_received_handles got = {.len = 0};
    size_t count = choose_handles(p, handles);
    size_t len = 1 + choose_below(&p->from, SIMULATION_BUFFER);
    size_t n = 0;
    if (choose_bool(&p->from)) {
        FER_IGNORE(fer_unix_stream_send_handles(stream, p->buf, len, handles, count, &n));
    } else if (fer_unix_stream_recv_handles(stream, p->buf, len, handles, count, &got).kind ==
               FER_OK) {
        FUZZ_CHECK(got.len <= len && got.count <= count);
        close_handles(handles, got.count);
    }
}

static void call_unix_stream(struct simulation_program *p)
{
    fer_unix_stream *stream = choose_unix(p);
    size_t n = 0;
    size_t len = simulation_length(p);
    fer_limits limits;
    switch (choose_below(&p->from, 8)) {
    case 0: FER_IGNORE(fer_unix_stream_pair(stream, choose_unix(p))); break;
    case 1: FER_IGNORE(fer_unix_stream_try_clone(stream, choose_unix(p))); break;
    case 2: FER_IGNORE(fer_unix_stream_read(stream, p->buf, len, &n)); break;
    case 3: FER_IGNORE(fer_unix_stream_write(stream, p->buf, len, &n)); break;
    case 4:
    case 5: pass(p, stream); break;
    case 6:
        limits = choose_limits(p);
        FER_IGNORE(fer_unix_stream_set_limits(stream, &limits));
        break;
    default: fer_unix_stream_close(stream); break;
    }
    FUZZ_CHECK(n <= len);
}

static void call_unix_datagram(struct simulation_program *p)
{
    fer_unix_datagram *one = &p->datagrams[choose_below(&p->from, SIMULATION_DATAGRAMS)];
    fer_unix_datagram *other = &p->datagrams[choose_below(&p->from, SIMULATION_DATAGRAMS)];
    fer_raw_socket handles[HANDLES];
    fer_unix_received_handles got = {.len = 0};
    size_t count = choose_handles(p, handles);
    size_t n = 0;
    switch (choose_below(&p->from, 6)) {
    case 0: FER_IGNORE(fer_unix_datagram_pair(one, other)); break;
    case 1: FER_IGNORE(fer_unix_datagram_try_clone(one, other)); break;
    case 2: FER_IGNORE(fer_unix_datagram_send(one, p->buf, 9, &n)); break;
    case 3:
        FER_IGNORE(fer_unix_datagram_send_handles(one, p->buf, 9, handles, count, NULL, &n));
        break;
    case 4:
        if (fer_unix_datagram_recv_handles(one, p->buf, 9, handles, count, &got).kind == FER_OK) {
            close_handles(handles, got.count);
        }
        break;
    default: fer_unix_datagram_close(one); break;
    }
}

void simulation_call_step(struct simulation_program *p)
{
    switch (choose_below(&p->from, 8)) {
    case 0:
    case 1:
    case 2: call_stream(p); break;
    case 3: call_listener(p); break;
    case 4:
    case 5: call_unix_stream(p); break;
    case 6: call_unix_datagram(p); break;
    default: call_socket(p); break;
    }
}
