/* limits_fixture.c: the token, the handles and the calls of limits_fixture.h. */
#include "support/limits_fixture.h"

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

void limits_set_apply(struct limits_set *set, const fer_limits *limits)
{
    assert_ok(fer_tcp_stream_set_limits(set->stream, limits));
    assert_ok(fer_tcp_stream_set_limits(set->full, limits));
    assert_ok(fer_udp_socket_set_limits(set->udp.socket, limits));
    if (set->unix_stream != NULL) {
        assert_ok(fer_unix_stream_set_limits(set->unix_stream, limits));
        assert_ok(fer_unix_stream_set_limits(set->unix_full, limits));
    }
    if (set->datagram != NULL) {
        assert_ok(fer_unix_datagram_set_limits(set->datagram, limits));
    }
}

void limits_set_nonblocking(struct limits_set *set, bool nonblocking)
{
    assert_ok(fer_tcp_stream_set_nonblocking(set->stream, nonblocking));
    assert_ok(fer_tcp_stream_set_nonblocking(set->full, nonblocking));
    assert_ok(fer_udp_socket_set_nonblocking(set->udp.socket, nonblocking));
    if (set->unix_stream != NULL) {
        assert_ok(fer_unix_stream_set_nonblocking(set->unix_stream, nonblocking));
        assert_ok(fer_unix_stream_set_nonblocking(set->unix_full, nonblocking));
    }
    if (set->datagram != NULL) {
        assert_ok(fer_unix_datagram_set_nonblocking(set->datagram, nonblocking));
    }
}

/* ---- Streams: the calls of both types differ in their names only */

static const unsigned char zeros[65536];

#define STREAM_CALLS(prefix, type, idle, full)                                                     \
    static fer_error prefix##_read(const struct limits_set *set, size_t *n)                        \
    {                                                                                              \
        char buf[8];                                                                               \
        return type##_read(set->idle, buf, sizeof buf, n);                                         \
    }                                                                                              \
    static fer_error prefix##_peek(const struct limits_set *set, size_t *n)                        \
    {                                                                                              \
        char buf[8];                                                                               \
        return type##_peek(set->idle, buf, sizeof buf, n);                                         \
    }                                                                                              \
    static fer_error prefix##_read_vectored(const struct limits_set *set, size_t *n)               \
    {                                                                                              \
        char buf[8];                                                                               \
        const fer_io_slice_mut slices[2] = {{buf, 4}, {buf + 4, 4}};                               \
        return type##_read_vectored(set->idle, slices, 2, n);                                      \
    }                                                                                              \
    static fer_error prefix##_read_exact(const struct limits_set *set, size_t *n)                  \
    {                                                                                              \
        char buf[8];                                                                               \
        return type##_read_exact(set->idle, buf, sizeof buf, n);                                   \
    }                                                                                              \
    static fer_error prefix##_read_to_end(const struct limits_set *set, size_t *n)                 \
    {                                                                                              \
        char buf[8];                                                                               \
        return type##_read_to_end(set->idle, buf, sizeof buf, n);                                  \
    }                                                                                              \
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
    static fer_error prefix##_ready(const struct limits_set *set, size_t *n)                       \
    {                                                                                              \
        fer_interest ready = 0;                                                                    \
        fer_error error = type##_ready(set->idle, FER_READABLE, FER_DURATION_NONE, &ready);        \
        *n = ready;                                                                                \
        return error;                                                                              \
    }                                                                                              \
    static fer_error prefix##_write(const struct limits_set *set, size_t *n)                       \
    {                                                                                              \
        fer_error error;                                                                           \
        do {                                                                                       \
            error = type##_write(set->full, zeros, sizeof zeros, n);                               \
        } while (error.kind == FER_OK);                                                            \
        return error;                                                                              \
    }                                                                                              \
    static fer_error prefix##_write_vectored(const struct limits_set *set, size_t *n)              \
    {                                                                                              \
        const fer_io_slice slices[2] = {{zeros, 30000}, {zeros, 30000}};                           \
        fer_error error;                                                                           \
        do {                                                                                       \
            error = type##_write_vectored(set->full, slices, 2, n);                                \
        } while (error.kind == FER_OK);                                                            \
        return error;                                                                              \
    }                                                                                              \
    static fer_error prefix##_write_all(const struct limits_set *set, size_t *n)                   \
    {                                                                                              \
        fer_error error;                                                                           \
        do {                                                                                       \
            error = type##_write_all(set->full, zeros, sizeof zeros, n);                           \
        } while (error.kind == FER_OK);                                                            \
        return error;                                                                              \
    }                                                                                              \
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

STREAM_CALLS(tcp, fer_tcp_stream, stream, full)
STREAM_CALLS(local, fer_unix_stream, unix_stream, unix_full)

/* ---- Datagrams */

static fer_error udp_recv(const struct limits_set *set, size_t *n)
{
    fer_udp_received got = {.len = 0};
    char buf[8];
    fer_error error = fer_udp_socket_recv(set->udp.socket, buf, sizeof buf, &got);
    *n = got.len;
    return error;
}

static fer_error udp_recv_from(const struct limits_set *set, size_t *n)
{
    fer_udp_received got = {.len = 0};
    char buf[8];
    fer_error error = fer_udp_socket_recv_from(set->udp.socket, buf, sizeof buf, &got);
    *n = got.len;
    return error;
}

static fer_error udp_peek_from(const struct limits_set *set, size_t *n)
{
    fer_udp_received got = {.len = 0};
    char buf[8];
    fer_error error = fer_udp_socket_peek_from(set->udp.socket, buf, sizeof buf, &got);
    *n = got.len;
    return error;
}

static fer_error udp_ready(const struct limits_set *set, size_t *n)
{
    fer_interest ready = 0;
    fer_error error =
        fer_udp_socket_ready(set->udp.socket, FER_READABLE, FER_DURATION_NONE, &ready);
    *n = ready;
    return error;
}

static fer_error udp_send(const struct limits_set *set, size_t *n)
{
    return fer_udp_socket_send(set->udp.socket, "data", 4, n);
}

static fer_error udp_send_to(const struct limits_set *set, size_t *n)
{
    return fer_udp_socket_send_to(set->udp.socket, "data", 4, &set->udp.other_addr, n);
}

static fer_error local_recv_from(const struct limits_set *set, size_t *n)
{
    fer_unix_received got = {.len = 0};
    char buf[8];
    fer_error error = fer_unix_datagram_recv_from(set->datagram, buf, sizeof buf, &got);
    *n = got.len;
    return error;
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
};

bool limits_has(const struct limits_set *set, const struct limits_call *call)
{
    switch (call->handle) {
    case LIMITS_UNIX_STREAM: return set->unix_stream != NULL;
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
