/* modes.c: rule T6, and rule T2 for nonblocking mode: the blocking mode, timeouts and options
 * belong to the socket, not to the handle. */
#include "support/fixture.h"
#include "support/thread.h"

/* T2: "A nonblocking call that would wait is WOULD_BLOCK on every OS": every kind of read ... */
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
PAIR_TEST("T2", nonblocking_read_exact_counts_what_it_got)
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
    fer_io_slice slices[2] = {{buf, 32}, {buf + 32, 32}};
    (void)fill_until_it_would_block(stream);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    for (int sort = 0; sort < 3; sort++) {
        size_t n;
        fer_error error;
        do {
            n = 77;
            error = sort == 0   ? fer_tcp_stream_write(stream, buf, sizeof buf, &n)
                    : sort == 1 ? fer_tcp_stream_write_vectored(stream, slices, 2, &n)
                                : fer_tcp_stream_write_all(stream, buf, sizeof buf, &n);
        } while (error.kind == FER_OK);
        assert_kind(error, FER_WOULD_BLOCK);
        assert_true(sort == 2 ? n < sizeof buf : n == 0);
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

/* T6: "Timeouts, nonblocking mode and socket options are the socket's: a clone sees them": those
 * that were set before the clone ... */
PAIR_TEST("T6", a_clone_sees_what_was_set_before)
{
    fer_tcp_stream *clone = test_stream();
    fer_duration got = {0};
    bool nodelay = false;
    uint32_t ttl = 0;
    char byte;
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(3000)));
    assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, millis(7000)));
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_ok(fer_tcp_stream_set_nodelay(&pair->stream, true));
    assert_ok(fer_tcp_stream_set_ttl(&pair->stream, 42));
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_tcp_stream_read_timeout(clone, &got));
    assert_in_range(got.nanos, UINT64_C(3000000000), UINT64_C(3020000000));
    assert_ok(fer_tcp_stream_write_timeout(clone, &got));
    assert_in_range(got.nanos, UINT64_C(7000000000), UINT64_C(7020000000));
    assert_ok(fer_tcp_stream_nodelay(clone, &nodelay));
    assert_true(nodelay);
    assert_ok_n(fer_tcp_stream_ttl(clone, &ttl), ttl, 42);
    assert_kind(fer_tcp_stream_read(clone, &byte, 1, NULL), FER_WOULD_BLOCK);
}

static void set_on_one_see_on_other(fer_tcp_stream *one, fer_tcp_stream *other, uint32_t step)
{
    fer_duration got = {0};
    bool nodelay = step % 2 != 0;
    bool nodelay_got = !nodelay;
    uint32_t ttl = 0;
    char byte;
    assert_ok(fer_tcp_stream_set_read_timeout(one, millis(20 + step)));
    assert_ok(fer_tcp_stream_set_write_timeout(one, millis(1000 * (step + 1))));
    assert_ok(fer_tcp_stream_set_nodelay(one, nodelay));
    assert_ok(fer_tcp_stream_set_ttl(one, 50 + step));
    assert_ok(fer_tcp_stream_read_timeout(other, &got));
    assert_in_range(got.nanos, UINT64_C(1000000) * (20 + step), UINT64_C(1000000) * (40 + step));
    assert_ok(fer_tcp_stream_write_timeout(other, &got));
    assert_in_range(got.nanos, UINT64_C(1000000000) * (step + 1),
                    UINT64_C(1000000000) * (step + 1) + 20000000);
    assert_ok(fer_tcp_stream_nodelay(other, &nodelay_got));
    assert_true(nodelay_got == nodelay);
    assert_ok_n(fer_tcp_stream_ttl(other, &ttl), ttl, 50 + step);
    assert_own(fer_tcp_stream_read(other, &byte, 1, NULL), FER_TIMED_OUT);
    assert_ok(fer_tcp_stream_set_nonblocking(one, true));
    assert_kind(fer_tcp_stream_read(other, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_tcp_stream_set_nonblocking(one, false));
    assert_own(fer_tcp_stream_read(other, &byte, 1, NULL), FER_TIMED_OUT);
}

/* T6: ... "also when they are set later", on either handle, and on clones of clones. */
PAIR_TEST("T6", a_clone_sees_what_is_set_later)
{
    fer_tcp_stream *clone = test_stream();
    fer_tcp_stream *clones_clone = test_stream();
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_tcp_stream_try_clone(clone, clones_clone));
    set_on_one_see_on_other(&pair->stream, clone, 0);
    set_on_one_see_on_other(clone, &pair->stream, 1);
    set_on_one_see_on_other(clones_clone, &pair->stream, 2);
    set_on_one_see_on_other(&pair->stream, clones_clone, 3);
    fer_tcp_stream_close(clone);
    set_on_one_see_on_other(clones_clone, &pair->stream, 4);
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
    assert_ok(fer_tcp_stream_read_timeout(stream, &got));
    assert_true(got.nanos == FER_DURATION_NONE_NANOS);
    assert_ok(fer_tcp_stream_write_timeout(stream, &got));
    assert_true(got.nanos == FER_DURATION_NONE_NANOS);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(20)));
    assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
}

/* T6: "Accepted streams start blocking with no timeout, whatever the listener is": ... */
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
