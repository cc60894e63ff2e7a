/* sigpipe.c: rule I2: no call raises SIGPIPE or changes the process's signal handlers. */
#include "support/fixture.h"
#include "support/process_fixture.h"

/* I2: "No call raises SIGPIPE", "The vectored calls raise none either": SIGPIPE has its default
 * action, which would end this program. The reset that answers a write may arrive later. */
static fer_error write_until_it_fails(fer_tcp_stream *stream)
{
    uint64_t start = peer_now_us();
    fer_error error = fer_tcp_stream_write(stream, "x", 1, NULL);
    while (error.kind == FER_OK && microseconds_since(start) < PEER_LIMIT_MS * UINT64_C(1000)) {
        peer_pause(1);
        error = fer_tcp_stream_write(stream, "x", 1, NULL);
    }
    return error;
}

KIND_TEST("I2", no_write_raises_sigpipe)
{
    skip_if(!process_let_sigpipe_kill(), "this OS has no SIGPIPE");
    char buf[8] = {0};
    fer_io_slice slices[2] = {{buf, 4}, {buf + 4, 4}};
    for (int how = 0; how < 3; how++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *stream = &pair->stream;
        fer_tcp_stream *clone = test_stream();
        assert_ok(fer_tcp_stream_try_clone(stream, clone));
        if (how == 0) {
            peer_reset(pair->other);
        } else if (how == 1) {
            peer_close(pair->other);
        } else {
            assert_ok(fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_WRITE));
        }
        for (int i = 0; i < 20; i++) {
            (void)!fer_tcp_stream_write(stream, buf, sizeof buf, NULL).kind;
            (void)!fer_tcp_stream_write_vectored(stream, slices, 2, NULL).kind;
            (void)!fer_tcp_stream_write_all(stream, buf, sizeof buf, NULL).kind;
            (void)!fer_tcp_stream_write(clone, buf, sizeof buf, NULL).kind;
            (void)!fer_tcp_stream_write_vectored(clone, slices, 2, NULL).kind;
            (void)!fer_tcp_stream_write_all(clone, buf, sizeof buf, NULL).kind;
        }
        assert_writes_fail(write_until_it_fails(stream));
        assert_writes_fail(write_until_it_fails(clone));
        pair->other = how == 2 ? pair->other : PEER_NONE;
        pair_close(pair);
    }
}

/* I2: the same for an adopted socket. */
STREAM_TEST("I2", no_write_to_an_adopted_socket_raises_sigpipe)
{
    skip_if(!process_let_sigpipe_kill(), "this OS has no SIGPIPE");
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 4, &port);
    peer_socket raw = peer_connect(PEER_V4, port);
    peer_socket other = peer_accept(listener);
    char buf[8] = {0};
    fer_io_slice slices[2] = {{buf, 4}, {buf + 4, 4}};
    peer_release(raw);
    assert_ok(fer_tcp_stream_from_raw(stream, raw));
    peer_reset(other);
    assert_true(peer_raw_wait_failed(raw));
    for (int i = 0; i < 20; i++) {
        (void)!fer_tcp_stream_write(stream, buf, sizeof buf, NULL).kind;
        (void)!fer_tcp_stream_write_vectored(stream, slices, 2, NULL).kind;
    }
    assert_writes_fail(fer_tcp_stream_write(stream, buf, sizeof buf, NULL));
}

/* I2: "no signal handler or disposition of the process is changed." */
KIND_TEST("I2", signal_handlers_are_never_touched)
{
    struct pair *pair = pair_open_kind(kind);
    fer_tcp_stream *clone = test_stream();
    skip_if(!process_let_sigpipe_kill() || !process_remember_signal_handlers(),
            "this OS has no signal handlers");
    assert_alive(pair);
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_BOTH));
    assert_kind(fer_tcp_stream_write(clone, "x", 1, NULL), FER_BROKEN_PIPE);
    pair_close(pair);
    struct pair *next = pair_open_kind(kind);
    peer_reset(next->other);
    next->other = PEER_NONE;
    for (int i = 0; i < 5; i++) {
        (void)!fer_tcp_stream_write(&next->stream, "x", 1, NULL).kind;
    }
    assert_true(process_signal_handlers_are_as_remembered());
}

RULE_TESTS("sigpipe")
