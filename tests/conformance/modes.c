/* modes.c: rule T6, and rule T2 for nonblocking mode: the blocking mode, timeouts and options
 * belong to the socket, not to the handle. */
#include "support/fixture.h"
#include "support/thread.h"

/* T2: "Nonblocking calls that would wait return WOULD_BLOCK": every kind of read ... */
PAIR_TEST("T2", nonblocking_reads_would_block)
{
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_reads_fail(&pair->stream, FER_WOULD_BLOCK);
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(5000)));
    uint64_t start = peer_now_us();
    assert_reads_fail(&pair->stream, FER_WOULD_BLOCK);
    assert_true(microseconds_since(start) < 4000000);
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, false));
    assert_alive(pair);
}

/* T2: ... also if read_exact received only a part, which is then counted ... */
PAIR_TEST("T2", nonblocking_read_exact_counts_its_bytes)
{
    char buf[8] = {0};
    size_t n = 77;
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    pair_send(pair, "abc", 3);
    assert_kind_n(fer_tcp_stream_read_exact(&pair->stream, buf, sizeof buf, &n), FER_WOULD_BLOCK, n,
                  3);
    assert_memory_equal(buf, "abc", 3);
}

/* T2: ... every kind of write. Room may return a short time after the queue was full ... */
SLOW_PAIR_TEST("T2", nonblocking_writes_would_block)
{
    fer_tcp_stream *stream = &pair->stream;
    char buf[64] = {0};
    (void)fill_until_it_would_block(stream);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    for (int sort = 0; sort < WRITE_SORTS; sort++) {
        size_t n;
        fer_error error;
        do {
            n = 77;
            error = write_by(sort, tcp_ref(stream), buf, sizeof buf, &n);
        } while (error.kind == FER_OK);
        assert_kind(error, FER_WOULD_BLOCK);
        assert_true(sort == WRITE_ALL ? n < sizeof buf : n == 0);
    }
}

/* T2: ... and accept. */
LISTENER_TEST("T2", nonblocking_accept_would_block)
{
    fer_tcp_stream *stream = test_stream();
    assert_ok(fer_tcp_listener_set_nonblocking(listener, true));
    assert_kind(fer_tcp_listener_accept(listener, stream, NULL), FER_WOULD_BLOCK);
    assert_new(stream);
    peer_socket other = peer_connect(PEER_V4, port);
    assert_true(peer_raw_wait_readable(fer_tcp_listener_as_raw(listener)));
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, other);
}

/* T6: the same for a listener's mode. */
LISTENER_TEST("T6", a_listeners_clone_shares_its_mode)
{
    fer_tcp_listener *clone = test_listener();
    fer_tcp_stream *stream = test_stream();
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    assert_ok(fer_tcp_listener_set_nonblocking(clone, true));
    assert_kind(fer_tcp_listener_accept(listener, stream, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_tcp_listener_set_nonblocking(listener, false));
    assert_accepts(clone, stream, PEER_V4, port);
}

static void assert_starts_blocking_without_timeouts(fer_tcp_stream *stream)
{
    fer_duration got = {0};
    char byte;
    assert_ok_n(fer_tcp_stream_read_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok_n(fer_tcp_stream_write_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(20)));
    assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
}

/* T6: "An accepted stream starts in blocking mode and without timeouts": ... */
static void assert_accepts_afresh(fer_tcp_listener *listener, uint16_t port)
{
    fer_tcp_stream *stream = test_stream();
    peer_socket other = peer_connect(PEER_V4, port);
    assert_true(peer_raw_wait_readable(fer_tcp_listener_as_raw(listener)));
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_starts_blocking_without_timeouts(stream);
    if (!peer_is_windows()) {
        assert_false(peer_raw_is_nonblocking(fer_tcp_stream_as_raw(stream)));
    }
    assert_ok(fer_tcp_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_exchange(stream, other);
}

/* T6: ... also if the listener is nonblocking ... */
LISTENER_TEST("T6", accepted_streams_are_blocking_though_the_listener_is_not)
{
    assert_ok(fer_tcp_listener_set_nonblocking(listener, true));
    assert_accepts_afresh(listener, port);
}

/* T6: ... and if it is adopted and has timeouts, which accepted sockets inherit on every OS. */
RULE_TEST("T6", accepted_streams_have_no_timeout_though_the_listener_has)
{
    uint16_t port = 0;
    peer_socket raw = peer_listen(PEER_V4, 8, &port);
    fer_tcp_listener *listener = test_listener();
    assert_true(peer_raw_set_timeouts(raw, 5000));
    peer_release(raw);
    assert_ok(fer_tcp_listener_from_raw(listener, raw));
    assert_accepts_afresh(listener, port);
}

/* T6: ... and if a clone was set to nonblocking mode, which this handle does not record. */
LISTENER_TEST("T6", accepted_streams_start_blocking_though_a_clone_of_the_listener_is_not)
{
    fer_tcp_listener *clone = test_listener();
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    assert_ok(fer_tcp_listener_set_nonblocking(clone, true));
    assert_accepts_afresh(listener, port);
}

/* T6: ... and if a clone was released, given timeouts and adopted again. */
LISTENER_TEST("T6", accepted_streams_have_no_timeout_though_a_clone_of_the_listener_brought_one)
{
    fer_tcp_listener *clone = test_listener();
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    fer_raw_socket raw = fer_tcp_listener_into_raw(clone);
    assert_true(peer_raw_set_timeouts(raw, 5000));
    assert_ok(fer_tcp_listener_from_raw(clone, raw));
    assert_accepts_afresh(listener, port);
}

/* T6: "the socket's": a new connection in a used handle has the default modes. */
PAIR_TEST("T6", a_new_connection_starts_with_none_of_the_old_modes)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(pair->kind.family, 4, &port);
    fer_socket_addr addr = loopback(pair->kind.family, port);
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(3000)));
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    fer_tcp_stream_close(&pair->stream);
    assert_ok(fer_tcp_stream_connect_addr(&pair->stream, &addr));
    assert_starts_blocking_without_timeouts(&pair->stream);
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, FER_DURATION_NONE));
    assert_exchange(&pair->stream, peer_accept(listener));
}

RULE_TESTS("modes")
