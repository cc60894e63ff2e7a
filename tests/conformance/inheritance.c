/* inheritance.c: rule I3: child processes inherit no handle, and close closes each handle exactly
 * once. */
#include "support/socket_fixture.h"
#include "support/stream_fixture.h"

/* I3: "Child processes do not inherit handles": the streams of connect, connect_timeout and accept
 * ... */
STREAM_PAIR_TEST("I3", streams_and_clones_are_not_inheritable)
{
    stream_ref clone = stream_like(pair.stream);
    assert_ok(stream_try_clone(pair.stream, clone));
    assert_false(peer_raw_is_inheritable(stream_as_raw(pair.stream)));
    assert_false(peer_raw_is_inheritable(stream_as_raw(clone)));
}

/* I3: ... of every connect ... */
STREAM_TEST("I3", streams_of_every_connect_are_not_inheritable)
{
    peer_socket listener = PEER_NONE;
    fer_socket_addr addr = accepting_addr(PEER_V4, &listener);
    for (int how = 0; how < 2; how++) {
        assert_ok(how == 0 ? fer_tcp_stream_connect_timeout(stream, &addr, millis(9000))
                           : fer_tcp_stream_connect_addrs(stream, &addr, 1, NULL));
        assert_false(peer_raw_is_inheritable(fer_tcp_stream_as_raw(stream)));
        fer_tcp_stream_close(stream);
    }
}

/* I3: ... and listeners and "clones too". */
FAMILY_LISTENER_TEST("I3", listeners_and_their_clones_are_not_inheritable)
{
    fer_tcp_listener *clone = test_listener();
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    assert_false(peer_raw_is_inheritable(fer_tcp_listener_as_raw(listener)));
    assert_false(peer_raw_is_inheritable(fer_tcp_listener_as_raw(clone)));
}

/* I3: "from_raw does not change this property", inheritable or not. A clone of such a handle, or a
 * stream that such a listener accepts, is not inheritable in either case. */
RULE_TEST("I3", from_raw_leaves_inheritance_as_it_is)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    for (int inheritable = 0; inheritable < 2; inheritable++) {
        fer_tcp_stream *stream = test_stream();
        fer_tcp_stream *clone = test_stream();
        fer_tcp_listener *adopted = test_listener();
        peer_socket raw = peer_connect(PEER_V4, port);
        uint16_t adopted_port = 0;
        peer_socket raw_listener = peer_listen(PEER_V4, 8, &adopted_port);
        assert_true(peer_accept(listener) != PEER_NONE);
        assert_true(peer_raw_set_inheritable(raw, inheritable != 0));
        assert_true(peer_raw_set_inheritable(raw_listener, inheritable != 0));
        peer_release(raw);
        peer_release(raw_listener);
        assert_ok(fer_tcp_stream_from_raw(stream, raw));
        assert_ok(fer_tcp_listener_from_raw(adopted, raw_listener));
        assert_true(peer_raw_is_inheritable(raw) == (inheritable != 0));
        assert_true(peer_raw_is_inheritable(raw_listener) == (inheritable != 0));
        assert_ok(fer_tcp_stream_try_clone(stream, clone));
        assert_false(peer_raw_is_inheritable(fer_tcp_stream_as_raw(clone)));
        assert_true(peer_raw_is_inheritable(raw) == (inheritable != 0));
        fer_tcp_stream_close(clone);
        assert_accepts(adopted, clone, PEER_V4, adopted_port);
        assert_false(peer_raw_is_inheritable(fer_tcp_stream_as_raw(clone)));
    }
}

/* I3: "close is called once on POSIX". A second close of the same handle does not close the new
 * socket that reuses the raw value. */
PAIR_TEST("I3", a_second_close_closes_no_other_socket)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    fer_raw_socket number = fer_tcp_stream_as_raw(&pair->stream);
    fer_tcp_stream_close(&pair->stream);
    peer_socket next = peer_connect(PEER_V4, port);
    peer_socket next_other = peer_accept(listener);
    if (!peer_is_windows()) {
        assert_int_equal(next, number);
    }
    fer_tcp_stream_close(&pair->stream);
    fer_tcp_stream_close(&pair->stream);
    char byte = 0;
    assert_true(peer_send_all(next, "x", 1));
    assert_true(peer_recv_exact(next_other, &byte, 1));
    assert_closed(&pair->stream);
}

/* I3 and O2: close also closes the handle when the OS's close would block: a nonblocking stream
 * with linger and unsent data. */
SLOW_KIND_TEST("I3", close_of_a_lingering_nonblocking_stream_leaks_nothing)
{
    size_t before = 0;
    for (int round = 0; round < 2; round++) {
        struct pair *pair = pair_open_kind(kind);
        (void)fill_until_it_would_block(&pair->stream);
        assert_ok(fer_tcp_stream_set_linger(&pair->stream, millis(1000)));
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
        fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
        fer_tcp_stream_close(&pair->stream);
        assert_false(peer_is_open(raw));
        pair_close(pair);
        if (round == 0) {
            before = peer_open_handles();
        }
    }
    assert_true(peer_open_handles() <= before + (peer_handle_count_is_exact() ? 0 : 2));
}

RULE_TESTS("inheritance")
