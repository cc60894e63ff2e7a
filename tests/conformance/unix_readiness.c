/* unix_readiness.c: rules T2 and C5 for listeners and datagrams on Unix sockets, and for connects
 * that are only started. For streams: readiness.c and nonblocking_calls.c. */
#include "support/unix_fixture.h"

enum { ALL_INTERESTS = FER_READABLE | FER_WRITABLE };

#define NOW fer_duration_from_nanos(0)

/* T1 and T2 for listeners. */
UNIX_STREAM_TEST("T2", a_listener_is_readable_while_a_connection_is_queued)
{
    const char *path = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(path);
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_addr peer;
    fer_interest ready = 77;
    assert_ok_n(fer_unix_listener_ready(listener, ALL_INTERESTS, NOW, &ready), ready, 0);
    assert_kind(fer_unix_listener_try_accept(listener, stream, &peer), FER_WOULD_BLOCK);
    assert_unix_new(stream);
    peer_socket other = unix_peer_connect(path, NULL);
    assert_true(other != PEER_NONE);
    assert_ok_n(fer_unix_listener_ready(listener, ALL_INTERESTS, FER_DURATION_NONE, &ready), ready,
                FER_READABLE);
    assert_ok(fer_unix_listener_try_accept(listener, stream, &peer));
    assert_unnamed(&peer);
    assert_unix_exchange(stream, other);
}

/* C5: a connect that is only started ends within the call on POSIX, and is pending on Windows. */
UNIX_STREAM_TEST("C5", a_started_connect_succeeds)
{
    const char *path = unix_peer_path("listener");
    peer_socket listener = unix_peer_listen(path, 5);
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_addr to;
    fer_interest ready = 0;
    fer_error outcome = {FER_OTHER, 1};
    char byte;
    assert_ok(fer_unix_addr_from_pathname(&to, path));
    assert_ok(fer_unix_stream_connect_start(stream, &to));
    assert_ok(fer_unix_stream_ready(stream, FER_WRITABLE, FER_DURATION_NONE, &ready));
    assert_ok(fer_unix_stream_take_error(stream, &outcome));
    assert_ok(outcome);
    assert_kind(fer_unix_stream_read(stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_own(fer_unix_stream_connect_start(stream, &to), FER_MISUSE);
    assert_ok(fer_unix_stream_set_nonblocking(stream, false));
    assert_unix_exchange(stream, peer_accept(listener));
}

/* T1 and T2 for datagrams: with and without a peer, and with a full queue. */
UNIX_DATAGRAM_TEST("T2", datagrams_are_sent_and_received_without_waiting)
{
    const char *paths[2] = {unix_peer_path("one"), unix_peer_path("two")};
    fer_unix_datagram *one = test_unix_bound(paths[0]);
    fer_unix_datagram *two = test_unix_bound(paths[1]);
    fer_unix_addr to;
    fer_unix_received got;
    fer_interest ready = 77;
    char buf[8];
    size_t n = 77;
    assert_ok(fer_unix_addr_from_pathname(&to, paths[1]));
    assert_ok_n(fer_unix_datagram_ready(two, ALL_INTERESTS, NOW, &ready), ready, FER_WRITABLE);
    assert_kind(fer_unix_datagram_try_recv_from(two, buf, 8, &got), FER_WOULD_BLOCK);
    assert_ok_n(fer_unix_datagram_try_send_to_addr(one, "path", 4, &to, &n), n, 4);
    assert_ok(fer_unix_datagram_try_send_to_addr(one, "addr", 4, &to, &n));
    assert_ok_n(fer_unix_datagram_ready(two, FER_READABLE, FER_DURATION_NONE, &ready), ready,
                FER_READABLE);
    assert_ok(fer_unix_datagram_try_recv_from(two, buf, 8, &got));
    assert_memory_equal(buf, "path", 4);
    assert_path(&got.from, paths[0]);
    assert_ok(fer_unix_datagram_try_recv_from(two, buf, 8, &got));
    assert_memory_equal(buf, "addr", 4);
    assert_ok(fer_unix_datagram_connect(one, paths[1]));
    fer_error error = {FER_OK, 0};
    for (int i = 0; i < 10000 && error.kind == FER_OK; i++) {
        error = fer_unix_datagram_try_send(one, "full", 4, &n);
    }
    skip_if(error.kind == FER_NO_BUFFER_SPACE,
            "this OS has no way to wait for room in a datagram socket's queue");
    assert_kind(error, FER_WOULD_BLOCK);
    assert_int_equal(n, 0);
    assert_ok_n(fer_unix_datagram_ready(one, FER_WRITABLE, NOW, &ready), ready, 0);
    while (fer_unix_datagram_try_recv_from(two, buf, 8, &got).kind == FER_OK) {
    }
    assert_ok_n(fer_unix_datagram_ready(one, FER_WRITABLE, FER_DURATION_NONE, &ready), ready,
                FER_WRITABLE);
}

RULE_TESTS("unix_readiness")
