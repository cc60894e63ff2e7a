/* limits_fixture.c: the token, the handles and the calls of limits_fixture.h. */
#include "support/limits_fixture.h"

#include "ferrule/socket.h"
#include "ferrule/udp_batch.h"

fer_cancel_token limits_token;

int limits_test_begin(void **state)
{
    return unix_test_begin(state);
}

int limits_test_end(void **state)
{
    fer_cancel_token_close(&limits_token);
    return unix_test_end(state);
}

fer_limits limits_with_token(void)
{
    if (fer_cancel_token_new(&limits_token).kind == FER_MISUSE) {
        assert_ok(fer_cancel_token_reset(&limits_token));
    }
    return (fer_limits){.token = &limits_token};
}

fer_limits limits_after_millis(uint64_t count)
{
    return (fer_limits){.deadline = fer_instant_after(millis(count))};
}

fer_limits limits_past(void)
{
    return (fer_limits){.deadline = fer_instant_now()};
}

/* ---- The handles */

static void open_streams(struct limits_set *set)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 4, &port);
    fer_socket_addr addr = loopback(PEER_V4, port);
    set->stream = test_stream();
    assert_ok(fer_tcp_stream_connect_addr(set->stream, &addr));
    set->other = peer_accept(listener);
    set->full = test_stream();
    assert_ok(fer_tcp_stream_connect_addr(set->full, &addr));
    set->full_other = peer_accept(listener);
    peer_close(listener);
    assert_true(set->other != PEER_NONE && set->full_other != PEER_NONE);
}

static void open_unix_stream(const char *name, fer_unix_stream **stream, peer_socket *other)
{
    const char *path = unix_peer_path(name);
    fer_unix_listener *listener = test_unix_listening(path);
    *stream = test_unix_stream();
    *other = unix_peer_connect(path, NULL);
    assert_true(*other != PEER_NONE);
    assert_ok(fer_unix_listener_accept(listener, *stream, NULL));
    fer_unix_listener_close(listener);
}

void limits_set_open(struct limits_set *set)
{
    memset(set, 0, sizeof *set);
    open_streams(set);
    set->udp = udp_pair_open(PEER_V4);
    assert_ok(fer_udp_socket_connect_addr(set->udp.socket, &set->udp.other_addr));
    if (unix_peer_has_streams()) {
        open_unix_stream("one", &set->unix_stream, &set->unix_other);
        open_unix_stream("other", &set->unix_full, &set->unix_full_other);
    }
    if (unix_peer_has_datagrams()) {
        set->datagram_path = unix_peer_path("datagrams");
        set->datagram = test_unix_bound(set->datagram_path);
        set->datagram_other = unix_peer_datagram(unix_peer_path("peer"));
        assert_true(set->datagram_other != PEER_NONE);
    }
}

void limits_set_fill(struct limits_set *set)
{
    static const char zeros[4096];
    (void)fill_until_it_would_block(set->full);
    while (set->unix_full != NULL &&
           fer_unix_stream_try_write(set->unix_full, zeros, sizeof zeros, NULL).kind == FER_OK) {
    }
}

void limits_set_send(struct limits_set *set)
{
    const struct udp_pair *udp = &set->udp;
    assert_true(peer_send_all(set->other, "data", 4));
    assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(set->stream)));
    assert_true(peer_datagram_send(udp->other, PEER_V4, udp->port, "data", 4));
    assert_true(peer_raw_wait_readable(fer_udp_socket_as_raw(udp->socket)));
    if (set->unix_stream != NULL) {
        assert_true(peer_send_all(set->unix_other, "data", 4));
    }
    if (set->datagram != NULL) {
        assert_true(unix_peer_datagram_send(set->datagram_other, set->datagram_path, "data", 4));
    }
}

/* Calls a function of each handle. */
#define CALL_EACH(function, argument)                                          \
    do {                                                                       \
        assert_ok(fer_tcp_stream_##function(set->stream, argument));           \
        assert_ok(fer_tcp_stream_##function(set->full, argument));             \
        assert_ok(fer_udp_socket_##function(set->udp.socket, argument));       \
        if (set->unix_stream != NULL) {                                        \
            assert_ok(fer_unix_stream_##function(set->unix_stream, argument)); \
            assert_ok(fer_unix_stream_##function(set->unix_full, argument));   \
        }                                                                      \
        if (set->datagram != NULL) {                                           \
            assert_ok(fer_unix_datagram_##function(set->datagram, argument));  \
        }                                                                      \
    } while (0)

void limits_set_apply(struct limits_set *set, const fer_limits *limits)
{
    CALL_EACH(set_limits, limits);
}

void limits_set_nonblocking(struct limits_set *set, bool nonblocking)
{
    CALL_EACH(set_nonblocking, nonblocking);
}

/* ---- Streams: the calls of both types differ in their names only */

static const unsigned char zeros[65536];

/* A call that receives into buf. */
#define RECEIVING(name, call)                                      \
    static fer_error name(const struct limits_set *set, size_t *n) \
    {                                                              \
        char buf[8];                                               \
        return call;                                               \
    }
/* A call that is repeated until it fails. */
#define UNTIL_FAILURE(name, call)                                  \
    static fer_error name(const struct limits_set *set, size_t *n) \
    {                                                              \
        fer_error error;                                           \
        do {                                                       \
            error = call;                                          \
        } while (error.kind == FER_OK);                            \
        return error;                                              \
    }

#define STREAM_CALLS(prefix, type, idle, full)                                                     \
    RECEIVING(prefix##_read, type##_read(set->idle, buf, sizeof buf, n))                           \
    RECEIVING(prefix##_peek, type##_peek(set->idle, buf, sizeof buf, n))                           \
    RECEIVING(prefix##_read_vectored,                                                              \
              type##_read_vectored(set->idle, SLICES(fer_io_slice_mut, buf, 4), 2, n))             \
    RECEIVING(prefix##_read_exact, type##_read_exact(set->idle, buf, sizeof buf, n))               \
    RECEIVING(prefix##_read_to_end, type##_read_to_end(set->idle, buf, sizeof buf, n))             \
    static fer_error prefix##_copy(const struct limits_set *set, size_t *n)                        \
    {                                                                                              \
        char buf[8];                                                                               \
        uint64_t copied = 0;                                                                       \
        fer_copy_buffer between = {buf, sizeof buf, 0, 0};                                         \
        fer_error error =                                                                          \
            fer_copy(type##_as_stream(set->idle), type##_as_stream(set->full), &between, &copied); \
        *n = (size_t)copied;                                                                       \
        return error;                                                                              \
    }                                                                                              \
    UNTIL_FAILURE(prefix##_write, type##_write(set->full, zeros, sizeof zeros, n))                 \
    UNTIL_FAILURE(prefix##_write_vectored,                                                         \
                  type##_write_vectored(set->full, SLICES(fer_io_slice, zeros, 30000), 2, n))      \
    UNTIL_FAILURE(prefix##_write_all, type##_write_all(set->full, zeros, sizeof zeros, n))         \
    READY(prefix##_ready, type##_ready(set->idle, FER_READABLE, FER_DURATION_NONE, &ready))        \
    static fer_error prefix##_ready_to_write(const struct limits_set *set, size_t *n)              \
    {                                                                                              \
        fer_interest ready;                                                                        \
        fer_error error;                                                                           \
        do {                                                                                       \
            ready = 0;                                                                             \
            error = type##_ready(set->full, FER_WRITABLE, FER_DURATION_NONE, &ready);              \
            FER_IGNORE(ready == 0 ? error : type##_try_write(set->full, "x", 1, NULL));            \
        } while (error.kind == FER_OK);                                                            \
        *n = ready;                                                                                \
        return error;                                                                              \
    }
#define SLICES(type, bytes, len) ((const type[2]){{bytes, len}, {(bytes) + (len), len}})
#define READY(name, call)                                          \
    static fer_error name(const struct limits_set *set, size_t *n) \
    {                                                              \
        fer_interest ready = 0;                                    \
        fer_error error = call;                                    \
        *n = ready;                                                \
        return error;                                              \
    }

STREAM_CALLS(tcp, fer_tcp_stream, stream, full)
STREAM_CALLS(local, fer_unix_stream, unix_stream, unix_full)

/* ---- Datagrams */

#define RECEIVING_DATAGRAM(name, received, call)                   \
    static fer_error name(const struct limits_set *set, size_t *n) \
    {                                                              \
        received got = {.len = 0};                                 \
        char buf[8];                                               \
        fer_error error = call;                                    \
        *n = got.len;                                              \
        return error;                                              \
    }

RECEIVING_DATAGRAM(udp_recv, fer_udp_received,
                   fer_udp_socket_recv(set->udp.socket, buf, sizeof buf, &got))
RECEIVING_DATAGRAM(udp_recv_from, fer_udp_received,
                   fer_udp_socket_recv_from(set->udp.socket, buf, sizeof buf, &got))
RECEIVING_DATAGRAM(udp_peek_from, fer_udp_received,
                   fer_udp_socket_peek_from(set->udp.socket, buf, sizeof buf, &got))
RECEIVING_DATAGRAM(local_recv_from, fer_unix_received,
                   fer_unix_datagram_recv_from(set->datagram, buf, sizeof buf, &got))
READY(udp_ready, fer_udp_socket_ready(set->udp.socket, FER_READABLE, FER_DURATION_NONE, &ready))

static fer_error udp_send(const struct limits_set *set, size_t *n)
{
    return fer_udp_socket_send(set->udp.socket, "data", 4, n);
}

static fer_error udp_send_to(const struct limits_set *set, size_t *n)
{
    return fer_udp_socket_send_to(set->udp.socket, "data", 4, &set->udp.other_addr, n);
}

/* A batch of one message. *n is the number of messages. */
static fer_error udp_recv_batch(const struct limits_set *set, size_t *n)
{
    char buf[8];
    fer_datagram_recv message = {.buf = buf, .cap = sizeof buf};
    return fer_udp_socket_recv_batch(set->udp.socket, &message, 1, n);
}

static fer_error udp_send_batch(const struct limits_set *set, size_t *n)
{
    fer_datagram_send message = {.buf = "data", .len = 4, .to = &set->udp.other_addr};
    message.segment_size = 3;
    message.ecn = FER_ECN_ECT0;
    return fer_udp_socket_send_batch(set->udp.socket, &message, 1, n);
}

#define AS_SOCKET fer_udp_socket_as_socket(set->udp.socket)
RECEIVING_DATAGRAM(udp_peek, fer_udp_received,
                   fer_udp_socket_peek(set->udp.socket, buf, sizeof buf, &got))
RECEIVING_DATAGRAM(socket_recv_from, fer_udp_received,
                   fer_socket_recv_from(AS_SOCKET, buf, sizeof buf, &got))
READY(socket_ready, fer_socket_ready(AS_SOCKET, FER_READABLE, FER_DURATION_NONE, &ready))

static fer_error socket_send(const struct limits_set *set, size_t *n)
{
    return fer_socket_send(AS_SOCKET, "data", 4, n);
}

static fer_error socket_send_to(const struct limits_set *set, size_t *n)
{
    return fer_socket_send_to(AS_SOCKET, "data", 4, &set->udp.other_addr, n);
}

/* ---- fer_stream, and handles that are sent and received */

#define ANY_STREAM fer_tcp_stream_as_stream(set->stream)
RECEIVING(any_read, fer_stream_read(ANY_STREAM, buf, sizeof buf, n))
RECEIVING(any_read_exact, fer_stream_read_exact(ANY_STREAM, buf, sizeof buf, n))
UNTIL_FAILURE(any_write,
              fer_stream_write(fer_tcp_stream_as_stream(set->full), zeros, sizeof zeros, n))
READY(any_ready, fer_stream_ready(ANY_STREAM, FER_READABLE, FER_DURATION_NONE, &ready))

#define NO_HANDLES buf, sizeof buf, NULL, 0, &got
RECEIVING_DATAGRAM(local_recv_handles, fer_unix_received_handles,
                   fer_unix_stream_recv_handles(set->unix_stream, NO_HANDLES))
UNTIL_FAILURE(local_send_handles,
              fer_unix_stream_send_handles(set->unix_full, zeros, sizeof zeros, NULL, 0, n))
RECEIVING_DATAGRAM(local_recv, fer_unix_received,
                   fer_unix_datagram_recv(set->datagram, buf, sizeof buf, &got))
RECEIVING_DATAGRAM(datagram_recv_handles, fer_unix_received_handles,
                   fer_unix_datagram_recv_handles(set->datagram, NO_HANDLES))
READY(datagram_ready,
      fer_unix_datagram_ready(set->datagram, FER_READABLE, FER_DURATION_NONE, &ready))

static fer_error datagram_send_to(const struct limits_set *set, size_t *n)
{
    return fer_unix_datagram_send_to(set->datagram, "data", 4, unix_peer_path("peer"), n);
}

/* ---- The table */

#define STREAM_ROWS(prefix, handle, text)                                              \
    {text " read", handle, LIMITS_RECEIVES, prefix##_read},                            \
        {text " peek", handle, LIMITS_RECEIVES, prefix##_peek},                        \
        {text " read_vectored", handle, LIMITS_RECEIVES, prefix##_read_vectored},      \
        {text " read_exact", handle, LIMITS_RECEIVES, prefix##_read_exact},            \
        {text " read_to_end", handle, LIMITS_RECEIVES, prefix##_read_to_end},          \
        {text " copy", handle, LIMITS_RECEIVES, prefix##_copy},                        \
        {text " ready", handle, LIMITS_READY, prefix##_ready},                         \
        {text " write", handle, LIMITS_SENDS, prefix##_write},                         \
        {text " write_vectored", handle, LIMITS_SENDS, prefix##_write_vectored},       \
        {text " write_all", handle, LIMITS_SENDS, prefix##_write_all},                 \
    {                                                                                  \
        text " ready to write", handle, LIMITS_READY_TO_WRITE, prefix##_ready_to_write \
    }

const struct limits_call limits_calls[LIMITS_CALLS] = {
    STREAM_ROWS(tcp, LIMITS_TCP, "TCP"),
    STREAM_ROWS(local, LIMITS_UNIX_STREAM, "Unix"),
    {"UDP recv", LIMITS_UDP, LIMITS_RECEIVES, udp_recv},
    {"UDP recv_from", LIMITS_UDP, LIMITS_RECEIVES, udp_recv_from},
    {"UDP peek_from", LIMITS_UDP, LIMITS_RECEIVES, udp_peek_from},
    {"UDP ready", LIMITS_UDP, LIMITS_READY, udp_ready},
    {"UDP send", LIMITS_UDP, LIMITS_SENDS_DATAGRAM, udp_send},
    {"UDP send_to", LIMITS_UDP, LIMITS_SENDS_DATAGRAM, udp_send_to},
    {"Unix recv_from", LIMITS_UNIX_DATAGRAM, LIMITS_RECEIVES, local_recv_from},
    {"UDP peek", LIMITS_UDP, LIMITS_RECEIVES, udp_peek},
    {"UDP recv_batch", LIMITS_UDP, LIMITS_RECEIVES, udp_recv_batch},
    {"UDP send_batch", LIMITS_UDP, LIMITS_SENDS_DATAGRAM, udp_send_batch},
    {"socket recv_from", LIMITS_UDP, LIMITS_RECEIVES, socket_recv_from},
    {"socket ready", LIMITS_UDP, LIMITS_READY, socket_ready},
    {"socket send", LIMITS_UDP, LIMITS_SENDS_DATAGRAM, socket_send},
    {"socket send_to", LIMITS_UDP, LIMITS_SENDS_DATAGRAM, socket_send_to},
    {"stream read", LIMITS_TCP, LIMITS_RECEIVES, any_read},
    {"stream read_exact", LIMITS_TCP, LIMITS_RECEIVES, any_read_exact},
    {"stream write", LIMITS_TCP, LIMITS_SENDS, any_write},
    {"stream ready", LIMITS_TCP, LIMITS_READY, any_ready},
    {"Unix recv_handles", LIMITS_UNIX_HANDLES, LIMITS_RECEIVES, local_recv_handles},
    {"Unix send_handles", LIMITS_UNIX_HANDLES, LIMITS_SENDS, local_send_handles},
    {"Unix recv", LIMITS_UNIX_DATAGRAM, LIMITS_RECEIVES, local_recv},
    {"Unix datagram recv_handles", LIMITS_UNIX_DATAGRAM, LIMITS_RECEIVES, datagram_recv_handles},
    {"Unix datagram ready", LIMITS_UNIX_DATAGRAM, LIMITS_READY, datagram_ready},
    {"Unix send_to", LIMITS_UNIX_DATAGRAM, LIMITS_SENDS_DATAGRAM, datagram_send_to},
};

bool limits_has(const struct limits_set *set, const struct limits_call *call)
{
    switch (call->handle) {
    case LIMITS_UNIX_STREAM: return set->unix_stream != NULL;
    case LIMITS_UNIX_HANDLES: return set->unix_stream != NULL && unix_peer_has_datagrams();
    case LIMITS_UNIX_DATAGRAM: return set->datagram != NULL;
    case LIMITS_TCP:
    case LIMITS_UDP:
    default: return true;
    }
}

bool limits_waits(const struct limits_call *call)
{
    return call->kind != LIMITS_SENDS_DATAGRAM;
}

void limits_expect(const struct limits_set *set, const struct limits_call *call,
                   fer_error_kind kind)
{
    size_t n = 77;
    fer_error error = call->run(set, &n);
    if (error.kind != kind || error.os_code != 0) {
        fail_msg("%s: %s (%ld), not %s", call->name, fer_error_kind_name(error.kind),
                 (long)error.os_code, fer_error_kind_name(kind));
    }
    if (kind != FER_OK && call->kind == LIMITS_RECEIVES && n != 0) {
        fail_msg("%s: a count of %u", call->name, (unsigned)n);
    }
}
