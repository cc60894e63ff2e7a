/* sigpipe.c: rule I2: no call raises SIGPIPE or changes the process's signal handlers. */
#include "support/process_fixture.h"
#include "support/stream_fixture.h"

/* The reset that answers a write may arrive later. */
static void write_until_it_fails(stream_ref stream)
{
    uint64_t start = peer_now_us();
    fer_error error = {FER_OK, 0};
    for (int i = 0; i < 20; i++) {
        for (int sort = 0; sort < WRITE_SORTS; sort++) {
            error = write_by(sort, stream, "12345678", 8, NULL);
        }
    }
    while (error.kind == FER_OK && microseconds_since(start) < PEER_LIMIT_MS * UINT64_C(1000)) {
        peer_pause(1);
        error = stream_write(stream, "x", 1, NULL);
    }
    assert_writes_fail(error);
}

/* I2: "No call raises SIGPIPE", "The vectored calls raise none either": SIGPIPE has its default
 * action, which would end this program. Also for an adopted socket. */
STREAM_KIND_TEST("I2", no_write_raises_sigpipe)
{
    skip_if(!process_let_sigpipe_kill(), "this OS has no SIGPIPE");
    for (int how = 0; how < 6; how++) {
        struct stream_pair pair = stream_pair_open(kind);
        stream_ref stream = pair.stream;
        stream_ref clone = stream_like(stream);
        if (how >= 3) {
            stream = stream_like(stream);
            assert_ok(stream_from_raw(stream, stream_into_raw(pair.stream)));
        }
        assert_ok(stream_try_clone(stream, clone));
        if (how % 3 == 0) {
            peer_reset(pair.other);
        } else if (how % 3 == 1) {
            peer_close(pair.other);
        } else {
            assert_ok(stream_shutdown(clone, FER_SHUTDOWN_WRITE));
        }
        write_until_it_fails(stream);
        write_until_it_fails(clone);
        stream_pair_close();
    }
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
