/* unix_handles_alone.c: rules X7 and X8: a peer's handles that come without a byte, which Linux
 * discards when they are sent, one with a linger time, and an end of file. For others:
 * unix_handles.c. */
#include "support/unix_fixture.h"

enum { LINGER_S = 40 };

/* Sends handles without a byte, several times, and closes them here. */
static void send_only_handles(struct unix_ends through, fer_unix_stream *passed)
{
    for (int i = 0; i < 3; i++) {
        skip_if(!unix_peer_send_only_handle(fer_unix_stream_as_raw(through.one),
                                            fer_unix_stream_as_raw(passed)),
                "this system sends no handle without a byte");
    }
    fer_unix_stream_close(passed);
}

/* The bytes may come with the last of these handles (NetBSD, FreeBSD: run), which is closed. */
static fer_unix_received_handles receive(fer_unix_stream *from, const char *text)
{
    char buf[32];
    fer_raw_socket handles[4];
    fer_unix_received_handles got;
    assert_ok(fer_unix_stream_recv_handles(from, buf, sizeof buf, handles, 4, &got));
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(buf, text, got.len);
    assert_true(got.count <= 1);
    if (got.count == 1) {
        fer_unix_stream *adopted = test_unix_stream();
        assert_ok(fer_unix_stream_from_raw(adopted, handles[0]));
        fer_unix_stream_close(adopted);
    }
    return got;
}

UNIX_TEST("X8", handles_without_a_byte_are_closed_and_do_not_end_the_stream)
{
    struct unix_ends through = unix_ends_open();
    struct unix_ends passed = unix_ends_open();
    char byte;
    size_t n = 77;
    send_only_handles(through, passed.one);
    assert_ok(fer_unix_stream_write_all(through.one, "next", 4, NULL));
    (void)receive(through.other, "next");
    assert_ok(fer_unix_stream_write_all(through.one, "last", 4, NULL));
    fer_unix_received_handles got = receive(through.other, "last");
    assert_true(got.count == 0 && !got.handles_truncated);
    assert_ok_n(fer_unix_stream_read(passed.other, &byte, 1, &n), n, 0);
    fer_unix_stream_close(through.one);
    (void)receive(through.other, "");
}

UNIX_TEST("X8", handles_without_a_byte_are_no_readiness)
{
    struct unix_ends through = unix_ends_open();
    struct unix_ends passed = unix_ends_open();
    fer_unix_received_handles got;
    char buf[4];
    fer_raw_socket handle;
    send_only_handles(through, passed.one);
    assert_ok(fer_unix_stream_set_nonblocking(through.other, true));
    assert_kind(fer_unix_stream_recv_handles(through.other, buf, 4, &handle, 1, &got),
                FER_WOULD_BLOCK);
    assert_ok(fer_unix_stream_write_all(through.one, "next", 4, NULL));
    (void)receive(through.other, "next");
}

UNIX_TEST("X8", a_read_and_a_peek_read_on_behind_handles_without_a_byte)
{
    skip_if(!unix_peer_reads_past_only_handles(), "the stream ends (unix_only_control)");
    for (int sort = READ; sort <= READ_VECTORED; sort++) {
        struct unix_ends through = unix_ends_open();
        struct unix_ends passed = unix_ends_open();
        char buf[8];
        size_t n = 77;
        send_only_handles(through, passed.one);
        assert_ok(fer_unix_stream_set_nonblocking(through.other, true));
        assert_kind(read_by(sort, unix_ref(through.other), buf, sizeof buf, &n), FER_WOULD_BLOCK);
        assert_ok(fer_unix_stream_write_all(through.one, "next", 4, NULL));
        assert_ok_n(read_by(sort, unix_ref(through.other), buf, sizeof buf, &n), n, 4);
        assert_ok_n(fer_unix_stream_read(passed.other, buf, 1, &n), n, 0);
    }
}

/* A TCP stream with bytes that its peer does not receive, for which its last close would wait. */
static void fill_lingering(fer_tcp_stream *stream, fer_tcp_stream *peer)
{
    static unsigned char piece[65536];
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    const fer_socket_addr to = loopback(PEER_V4, port);
    fer_error error = {FER_OK, 0};
    assert_ok(fer_tcp_stream_connect_addr(stream, &to));
    assert_ok(fer_tcp_listener_accept(listener, peer, NULL));
    while (error.kind == FER_OK) {
        error = fer_tcp_stream_try_write(stream, piece, sizeof piece, NULL);
    }
    assert_kind(error, FER_WOULD_BLOCK);
    assert_ok(fer_tcp_stream_set_linger(stream, fer_duration_from_secs(LINGER_S)));
}

/* Row passed_linger: "recv_handles removes the linger time of those that it closes itself". */
UNIX_TEST("X8", a_handle_that_does_not_fit_is_closed_without_its_linger_time)
{
    struct unix_ends through = unix_ends_open();
    fer_unix_received_handles got;
    char buf[4];
    fer_tcp_stream stream = {0};
    fer_tcp_stream peer = {0};
    fer_raw_socket handle;
    fill_lingering(&stream, &peer);
    fer_raw_socket raw = fer_tcp_stream_as_raw(&stream);
    assert_ok(fer_unix_stream_send_handles(through.one, "full", 4, &raw, 1, NULL));
    fer_tcp_stream_close(&stream); /* not the last one */
    uint64_t began = peer_now_us();
    assert_ok(fer_unix_stream_recv_handles(through.other, buf, sizeof buf, &handle, 0, &got));
    assert_true(got.handles_truncated);
    assert_true(peer_now_us() < began + UINT64_C(1000000) * LINGER_S / 2);
    fer_tcp_stream_close(&peer);
}

/* What the receive before has left in memory is no message. */
UNIX_DATAGRAM_TEST("X7", the_end_of_a_datagram_socket_carries_no_handles)
{
    fer_unix_datagram *sender = test_unix_datagram();
    fer_unix_datagram *receiver = test_unix_datagram();
    fer_raw_socket handle;
    fer_unix_received_handles got;
    char buf[4];
    assert_ok(fer_unix_datagram_pair(sender, receiver));
    fer_raw_socket raw = fer_unix_datagram_as_raw(sender);
    assert_ok(fer_unix_datagram_send_handles(sender, "one", 3, &raw, 1, NULL, NULL));
    assert_ok(fer_unix_datagram_set_nonblocking(receiver, true));
    assert_ok(fer_unix_datagram_recv_handles(receiver, buf, sizeof buf, &handle, 1, &got));
    assert_int_equal(got.count, 1);
    assert_ok(fer_unix_datagram_from_raw(test_unix_datagram(), handle));
    assert_ok(fer_unix_datagram_shutdown(receiver, FER_SHUTDOWN_READ));
    memset(&got, 0xaa, sizeof got);
    assert_ok(fer_unix_datagram_recv_handles(receiver, buf, sizeof buf, &handle, 1, &got));
    assert_true(got.len == 0 && got.count == 0 && !got.truncated && !got.handles_truncated);
    assert_true(fer_unix_addr_is_unnamed(&got.from));
}

RULE_TESTS("unix_handles_alone")
