/* unix_streams.c: the rules of streams (C, S, L6, R1) that differ for Unix sockets, or that only
 * Unix sockets have. For the others: the tests of both types (stream_fixture.h). For listeners:
 * unix_listeners.c. */
#include "support/unix_fixture.h"

/* ---- Features that an OS lacks */

UNIX_TEST("E1", what_the_os_lacks_is_unsupported)
{
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_stream *other = test_unix_stream();
    fer_unix_listener *listener = test_unix_listener();
    fer_unix_datagram *datagram = test_unix_datagram();
    skip_if(unix_peer_has_datagrams(), "this OS has them");
    if (!unix_peer_has_streams()) {
        assert_kind(fer_unix_stream_connect(stream, "ferrule-none"), FER_UNSUPPORTED);
        assert_kind(fer_unix_listener_bind(listener, "ferrule-none"), FER_UNSUPPORTED);
    }
    assert_kind(fer_unix_stream_pair(stream, other), FER_UNSUPPORTED);
    assert_kind(fer_unix_datagram_unbound(datagram), FER_UNSUPPORTED);
    assert_kind(fer_unix_datagram_bind(datagram, "ferrule-none"), FER_UNSUPPORTED);
    assert_kind(fer_unix_datagram_pair(datagram, test_unix_datagram()), FER_UNSUPPORTED);
    assert_unix_new(stream);
    assert_unix_new(other);
    assert_true(fer_unix_listener_as_raw(listener) == FER_RAW_SOCKET_NONE);
    assert_true(fer_unix_datagram_as_raw(datagram) == FER_RAW_SOCKET_NONE);
    assert_false(unix_peer_path_exists("ferrule-none"));
}

/* ---- C1, C4, C6 */

UNIX_TEST("C1/X6", the_streams_of_a_pair_are_connected_to_each_other)
{
    struct unix_ends ends = unix_ends_open();
    fer_unix_stream *fresh = test_unix_stream();
    fer_unix_addr addr;
    char got[4] = {0};
    assert_own(fer_unix_stream_pair(fresh, fresh), FER_MISUSE);
    assert_unix_new(fresh);
    assert_ok(fer_unix_stream_local_addr(ends.one, &addr));
    assert_unnamed(&addr);
    memset(&addr, 0x5a, sizeof addr);
    assert_ok(fer_unix_stream_peer_addr(ends.one, &addr));
    assert_unnamed(&addr);
    assert_ok(fer_unix_stream_write_all(ends.one, "to", 2, NULL));
    assert_ok(fer_unix_stream_write_all(ends.other, "fro", 3, NULL));
    assert_ok(fer_unix_stream_read_exact(ends.other, got, 2, NULL));
    assert_memory_equal(got, "to", 2);
    assert_ok(fer_unix_stream_read_exact(ends.one, got, 3, NULL));
    assert_memory_equal(got, "fro", 3);
    fer_unix_stream_close(ends.one);
    assert_stream_ends(unix_ref(ends.other));
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

UNIX_STREAM_TEST("C4", a_failed_connect_leaves_a_new_handle)
{
    const char *path = unix_peer_path("missing");
    fer_unix_stream *stream = test_unix_stream();
    fer_error error = fer_unix_stream_connect(stream, path);
    if (peer_is_windows()) {
        assert_either(error, FER_CONNECTION_REFUSED, FER_NOT_FOUND);
    } else {
        assert_kind(error, FER_NOT_FOUND);
    }
    assert_unix_new(stream);
    assert_false(unix_peer_path_exists(path));
    peer_socket bound = unix_peer_unconnected(path);
    assert_true(bound != PEER_NONE);
    /* It does not listen. */
    assert_kind(fer_unix_stream_connect(stream, path), FER_CONNECTION_REFUSED);
    peer_close(bound);
    /* The socket is closed, but the path stays. */
    assert_kind(fer_unix_stream_connect(stream, path), FER_CONNECTION_REFUSED);
    assert_unix_new(stream);
    assert_true(unix_peer_remove(path));
    assert_true(unix_peer_listen(path, 1) != PEER_NONE);
    assert_ok(fer_unix_stream_connect(stream, path));
}

/* ---- S7 */

/* Unlike TCP: the peer's writes fail. */
UNIX_DATAGRAM_TEST("S7", shutting_read_breaks_the_peer_s_writes_on_linux)
{
    skip_if(!unix_peer_has_abstract_names(), "this OS is not Linux");
    fer_unix_stream *one = test_unix_stream();
    fer_unix_stream *other = test_unix_stream();
    assert_ok(fer_unix_stream_pair(one, other));
    assert_ok(fer_unix_stream_shutdown(one, FER_SHUTDOWN_READ));
    assert_unix_writes_are_broken(other);
    assert_ok(fer_unix_stream_write_all(one, "on", 2, NULL));
    char got[4] = {0};
    assert_ok(fer_unix_stream_read_exact(other, got, 2, NULL));
}

/* ---- S4, S5, L6 */

UNIX_KIND_TEST("S4", the_peer_address_is_available_until_the_end_was_read)
{
    for (int closes = 0; closes < 2; closes++) {
        struct unix_pair pair = unix_pair_open(state);
        fer_unix_addr addr;
        if (closes) {
            peer_close(pair.other);
        } else {
            assert_true(peer_shutdown_write(pair.other));
        }
        /* row unix_peer_addr_gone */
        assert_kind(fer_unix_stream_peer_addr(pair.stream, &addr),
                    closes && unix_peer_forgets_closed_peer() ? FER_NOT_CONNECTED : FER_OK);
        assert_stream_ends(unix_ref(pair.stream));
        assert_own(fer_unix_stream_peer_addr(pair.stream, &addr), FER_NOT_CONNECTED);
        assert_int_equal(unix_test_end(state), 0);
    }
}

/* S5: "a handle that saw it never reports a clean end of file afterwards": also after both ends
 * were shut down, and if take_error detects it. */
UNIX_KIND_TEST("S5", a_peer_that_closes_with_unread_input_has_reset)
{
    enum { PLAINLY, AFTER_BOTH_SHUT, BY_TAKE_ERROR, WAYS };
    skip_if(!unix_peer_reports_unread_input(),
            "this OS does not report unread input (macOS, the BSDs)");
    for (int way = 0; way < WAYS; way++) {
        struct unix_pair pair = unix_pair_open(state);
        fer_error pending = {FER_OK, 0};
        assert_true(way != AFTER_BOTH_SHUT || peer_shutdown_write(pair.other));
        assert_ok(fer_unix_stream_write_all(pair.stream, "unread", 6, NULL));
        if (way == AFTER_BOTH_SHUT) {
            assert_ok(fer_unix_stream_shutdown(pair.stream, FER_SHUTDOWN_WRITE));
        }
        assert_true(peer_raw_wait_readable(pair.other));
        peer_close(pair.other);
        assert_true(peer_raw_wait_failed(fer_unix_stream_as_raw(pair.stream)));
        if (way == PLAINLY) {
            assert_writes_fail(fer_unix_stream_write(pair.stream, "x", 1, NULL));
        } else if (way == BY_TAKE_ERROR) {
            assert_ok(fer_unix_stream_take_error(pair.stream, &pending));
            assert_kind(pending, FER_CONNECTION_RESET);
        }
        assert_stream_fails(unix_ref(pair.stream), FER_CONNECTION_RESET);
        assert_stream_fails(unix_ref(pair.stream), FER_CONNECTION_RESET);
        assert_ok(fer_unix_stream_shutdown(pair.stream, FER_SHUTDOWN_WRITE));
        assert_int_equal(unix_test_end(state), 0);
    }
}

UNIX_KIND_TEST("L6", a_stream_has_the_credentials_of_its_peer)
{
    struct unix_pair pair = unix_pair_open(state);
    fer_unix_cred own;
    fer_unix_cred cred = {77, 77, 77};
    if (!unix_peer_own_cred(&own)) {
        assert_kind(fer_unix_stream_peer_cred(pair.stream, &cred), FER_UNSUPPORTED);
        assert_true(cred.uid == 77 && cred.gid == 77 && cred.pid == 77);
        return;
    }
    fer_error error = fer_unix_stream_peer_cred(pair.stream, &cred);
    skip_if(**(int **)state == UNIX_PAIRED && error.kind == FER_NOT_CONNECTED,
            "this OS records no credentials of a pair (NetBSD)");
    assert_ok(error);
    assert_int_equal(cred.uid, own.uid);
    assert_int_equal(cred.gid, own.gid);
    assert_int_equal(cred.pid, own.pid);
    assert_unix_alive(&pair);
    peer_close(pair.other);
    assert_stream_ends(unix_ref(pair.stream));
    assert_own(fer_unix_stream_peer_cred(pair.stream, &cred), FER_NOT_CONNECTED);
}

/* X6: "A socket without a name has the unnamed address". */
UNIX_STREAM_TEST("L6/X6", every_stream_has_its_own_name_and_its_peer_s)
{
    const char *path = unix_peer_path("listener");
    const char *own = unix_peer_path("own");
    fer_unix_addr addr;
    fer_unix_listener *listener = test_unix_listening(path);
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_stream *accepted = test_unix_stream();
    assert_ok(fer_unix_stream_connect(stream, path));
    assert_ok(fer_unix_stream_local_addr(stream, &addr));
    assert_unnamed(&addr);
    assert_ok(fer_unix_stream_peer_addr(stream, &addr));
    assert_path(&addr, path);
    assert_ok(fer_unix_listener_accept(listener, accepted, &addr));
    assert_unnamed(&addr);
    assert_ok(fer_unix_stream_local_addr(accepted, &addr));
    assert_path(&addr, path);
    assert_ok(fer_unix_stream_peer_addr(accepted, &addr));
    assert_unnamed(&addr);
    fer_unix_stream_close(accepted);
    assert_true(unix_peer_connect(path, own) != PEER_NONE);
    assert_ok(fer_unix_listener_accept(listener, accepted, &addr));
    assert_path(&addr, own);
    assert_ok(fer_unix_stream_peer_addr(accepted, &addr));
    assert_path(&addr, own);
}

/* ---- R1 */

UNIX_PAIR_TEST("R1", raw_sockets_are_opened_and_closed)
{
    fer_unix_stream *adopted = test_unix_stream();
    fer_raw_socket raw = fer_unix_stream_into_raw(pair.stream);
    assert_true(raw != FER_RAW_SOCKET_NONE);
    assert_ok(fer_unix_stream_from_raw(adopted, raw));
    assert_unix_exchange(adopted, pair.other);
    assert_own(fer_unix_stream_read(pair.stream, &raw, 1, NULL), FER_MISUSE);
}

RULE_TESTS("unix_streams")
