/* unix_streams.c: the rules of streams (C, S, L6, R1) that differ for Unix sockets, or that only
 * Unix sockets have; and the rules of listeners (L, X1, X3, C2, T6, R1) on Unix sockets, their
 * paths and names. For the others: the tests of both types (stream_fixture.h). */
#include "support/handle_limit.h"
#include "support/process.h"
#include "support/thread.h"
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

/* ---- Listeners */

/* ---- L1: paths */

UNIX_STREAM_TEST("L1", a_path_that_exists_is_addr_in_use)
{
    const char *path = unix_peer_path("listener");
    fer_unix_listener *first = test_unix_listening(path);
    fer_unix_listener *second = test_unix_listener();
    fer_unix_stream *stream = test_unix_stream();
    assert_kind(fer_unix_listener_bind(second, path), FER_ADDR_IN_USE);
    assert_ok(fer_unix_stream_connect(stream, path));
    fer_unix_listener_close(first);
    /* The library never removes a path. */
    assert_true(unix_peer_path_exists(path));
    assert_kind(fer_unix_listener_bind(second, path), FER_ADDR_IN_USE);
    assert_true(unix_peer_remove(path));
    assert_ok(fer_unix_listener_bind(second, path));
}

UNIX_STREAM_TEST("L1", a_path_can_be_removed_under_a_listener)
{
    const char *path = unix_peer_path("listener");
    fer_unix_listener *first = test_unix_listening(path);
    fer_unix_listener *second = test_unix_listener();
    fer_unix_stream *one = test_unix_stream();
    fer_unix_stream *other = test_unix_stream();
    fer_unix_addr addr;
    assert_ok(fer_unix_stream_connect(one, path));
    assert_true(unix_peer_remove(path));
    assert_ok(fer_unix_listener_bind(second, path));
    assert_ok(fer_unix_stream_connect(other, path));
    fer_unix_stream *accepted[2] = {test_unix_stream(), test_unix_stream()};
    assert_ok(fer_unix_listener_accept(first, accepted[0], NULL));
    assert_ok(fer_unix_listener_accept(second, accepted[1], NULL));
    char got = 0;
    assert_ok(fer_unix_stream_write_all(one, "1", 1, NULL));
    assert_ok(fer_unix_stream_write_all(other, "2", 1, NULL));
    assert_ok_n(fer_unix_stream_read_exact(accepted[0], &got, 1, NULL), got, '1');
    assert_ok_n(fer_unix_stream_read_exact(accepted[1], &got, 1, NULL), got, '2');
    assert_ok(fer_unix_listener_local_addr(first, &addr));
    assert_path(&addr, path);
}

UNIX_STREAM_TEST("L1", a_missing_directory_is_not_found)
{
    skip_if(peer_is_windows(), "Windows reports another error");
    const char *path = unix_peer_path("no/such");
    fer_unix_listener *listener = test_unix_listener();
    fer_error error = fer_unix_listener_bind(listener, path);
    skip_if(error.kind == FER_OK, "the simulated network has no directories");
    assert_kind(error, FER_NOT_FOUND);
    assert_true(fer_unix_listener_as_raw(listener) == FER_RAW_SOCKET_NONE);
}

/* The longest path that an address holds here, and one byte more. */
UNIX_STREAM_TEST("L1/X1", the_longest_path_works_and_a_longer_one_is_invalid_input)
{
    char path[FER_UNIX_ADDR_NAME_MAX + 2];
    fer_unix_addr addr;
    const char *base = unix_peer_path("");
    size_t len = strlen(base);
    memset(path, 'x', sizeof path);
    memcpy(path, base, len);
    size_t longest = sizeof path - 1;
    do {
        path[longest] = '\0';
    } while (fer_unix_addr_from_pathname(&addr, path).kind != FER_OK && --longest > len);
    assert_in_range(longest, 103, 107);
    fer_unix_listener *listener = test_unix_listener();
    fer_unix_stream *stream = test_unix_stream();
    assert_ok(fer_unix_listener_bind(listener, path));
    assert_ok(fer_unix_stream_connect(stream, path));
    assert_ok(fer_unix_stream_peer_addr(stream, &addr));
    assert_path(&addr, path);
    assert_true(unix_peer_remove(path));
    path[longest] = 'x';
    path[longest + 1] = '\0';
    assert_own(fer_unix_listener_bind(test_unix_listener(), path), FER_INVALID_INPUT);
    assert_own(fer_unix_stream_connect(test_unix_stream(), path), FER_INVALID_INPUT);
    assert_false(unix_peer_path_exists(path));
}

/* On Linux a path may fill its field without a NUL. Such an address is returned and can be passed
 * back. */
UNIX_STREAM_TEST("L6/X1", a_path_that_fills_its_field_is_reported_and_connectable)
{
    char path[FER_UNIX_ADDR_NAME_MAX + 1];
    fer_unix_addr addr;
    const char *base = unix_peer_path("");
    assert_true(unix_peer_path_cap() <= FER_UNIX_ADDR_NAME_MAX);
    memset(path, 'x', sizeof path);
    memcpy(path, base, strlen(base));
    path[unix_peer_path_cap()] = '\0';
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_stream *back = test_unix_stream();
    const char *listening = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(listening);
    skip_if(unix_peer_connect(listening, path) == PEER_NONE, "only Linux accepts such a path");
    assert_ok(fer_unix_listener_accept(listener, stream, &addr));
    assert_path(&addr, path);
    /* The path exists, and its socket does not listen. */
    assert_kind(fer_unix_stream_connect_addr(back, &addr), FER_CONNECTION_REFUSED);
    assert_true(unix_peer_remove(path));
    assert_kind(fer_unix_stream_connect_addr(back, &addr), FER_NOT_FOUND);
}

/* ---- L1: abstract names */

UNIX_TEST("L1", an_abstract_name_is_any_bytes_and_is_freed_with_its_socket)
{
    fer_unix_addr got;
    fer_unix_addr shorter;
    size_t len = 0;
    size_t reported_len = 0;
    if (!unix_peer_has_abstract_names()) {
        assert_own(fer_unix_addr_from_abstract_name(&got, "name", 4), FER_UNSUPPORTED);
        skip_because("this OS has no abstract names");
    }
    fer_unix_addr addr = test_unix_abstract("ferrule\0name of a test", 22);
    const char *name = fer_unix_addr_as_abstract_name(&addr, &len);
    assert_ok(fer_unix_addr_from_abstract_name(&shorter, name, len - 1));
    fer_unix_listener *listener = test_unix_listener();
    fer_unix_stream *stream = test_unix_stream();
    assert_ok(fer_unix_listener_bind_addr(listener, &addr));
    assert_kind(fer_unix_listener_bind_addr(test_unix_listener(), &addr), FER_ADDR_IN_USE);
    assert_kind(fer_unix_stream_connect_addr(stream, &shorter), FER_CONNECTION_REFUSED);
    assert_ok(fer_unix_stream_connect_addr(stream, &addr));
    assert_ok(fer_unix_stream_peer_addr(stream, &got));
    assert_memory_equal(&got, &addr, sizeof got);
    const char *reported = fer_unix_addr_as_abstract_name(&got, &reported_len);
    assert_non_null(reported);
    assert_int_equal(reported_len, len);
    assert_memory_equal(reported, name, len);
    assert_null(fer_unix_addr_as_pathname(&got));
    fer_unix_listener_close(listener);
    assert_kind(fer_unix_stream_connect_addr(test_unix_stream(), &addr), FER_CONNECTION_REFUSED);
    assert_ok(fer_unix_listener_bind_addr(listener, &addr));
}

UNIX_TEST("C1", a_plain_listener_with_an_abstract_name_is_reached)
{
    size_t len = 0;
    skip_if(!unix_peer_has_abstract_names(), "this OS has no abstract names");
    fer_unix_addr addr = test_unix_abstract("\0ferrule test", 13);
    const char *name = fer_unix_addr_as_abstract_name(&addr, &len);
    peer_socket listener = unix_peer_listen_abstract(name, len);
    fer_unix_stream *stream = test_unix_stream();
    assert_true(listener != PEER_NONE);
    assert_ok(fer_unix_stream_connect_addr(stream, &addr));
    assert_unix_exchange(stream, peer_accept(listener));
}

/* ---- L2, C2: the queue */

/* No connection is accepted before all are queued. */
UNIX_TEST("L2", a_listener_queues_many_connections)
{
    enum { MANY = 100 };
    skip_without_unix_streams();
    const char *path = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(path);
    peer_socket clients[MANY];
    for (size_t i = 0; i < MANY; i++) {
        unsigned char number = (unsigned char)i;
        clients[i] = unix_peer_connect(path, NULL);
        assert_true(clients[i] != PEER_NONE);
        assert_true(peer_send_all(clients[i], &number, 1));
    }
    for (size_t i = 0; i < MANY; i++) {
        unsigned char number = 255;
        fer_unix_stream accepted = {0};
        assert_ok(fer_unix_listener_accept(listener, &accepted, NULL));
        assert_ok_n(fer_unix_stream_read_exact(&accepted, &number, 1, NULL), number, i);
        fer_unix_stream_close(&accepted);
    }
}

struct connector {
    const char *path;
    fer_unix_stream *stream;
    fer_error error;
};

static void connect_once(void *argument)
{
    struct connector *connector = argument;
    connector->error = fer_unix_stream_connect(connector->stream, connector->path);
}

static void fill_queue(const char *path)
{
    for (int tries = 0; tries < 64; tries++) {
        if (unix_peer_connect(path, NULL) == PEER_NONE) {
            return;
        }
    }
    print_error("the queue of a listener has no end\n");
    fail();
}

UNIX_STREAM_TEST("L2", a_connect_to_a_full_queue_waits_on_linux_and_is_refused_on_others)
{
    struct connector connector = {unix_peer_path("listener"), test_unix_stream(), {FER_OK, 0}};
    peer_socket listener = unix_peer_listen(connector.path, 1);
    assert_true(listener != PEER_NONE);
    fill_queue(connector.path);
    if (!unix_peer_has_abstract_names() && !peer_is_plain()) {
        assert_kind(fer_unix_stream_connect(connector.stream, connector.path),
                    FER_CONNECTION_REFUSED);
        assert_unix_new(connector.stream);
        assert_true(peer_accept(listener) != PEER_NONE);
        assert_ok(fer_unix_stream_connect(connector.stream, connector.path));
        return;
    }
    test_thread thread;
    test_thread_start(&thread, connect_once, &connector);
    peer_socket last = PEER_NONE;
    for (int i = 0; i < 3; i++) {
        /* Two fillers, then the connect that waited. */
        last = peer_accept(listener);
        assert_true(last != PEER_NONE);
    }
    test_thread_join(&thread);
    assert_ok(connector.error);
    assert_unix_exchange(connector.stream, last);
}

/* ---- L3 */

/* On a Unix socket a client that has closed is still a connection: its bytes, and then its end. */
UNIX_STREAM_TEST("L3/X3", a_client_that_has_closed_is_accepted_with_its_bytes)
{
    const char *path = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(path);
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_addr addr;
    char got[8];
    size_t n = 0;
    memset(&addr, 0x5a, sizeof addr);
    peer_socket client = unix_peer_connect(path, NULL);
    assert_true(peer_send_all(client, "gone", 4));
    peer_close(client);
    assert_ok(fer_unix_listener_accept(listener, stream, &addr));
    assert_unnamed(&addr);
    assert_ok_n(fer_unix_stream_read_to_end(stream, got, sizeof got, &n), n, 4);
    assert_stream_ends(unix_ref(stream));
}

/* ---- T6, I3, R1 */

/* T1: the listener is readable while a connection is queued. */
UNIX_STREAM_TEST("T6", an_accepted_stream_starts_blocking)
{
    enum { ALL_INTERESTS = FER_READABLE | FER_WRITABLE };
    const char *path = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(path);
    for (int tries = 0; tries < 2; tries++) {
        fer_unix_stream *stream = test_unix_stream();
        fer_duration got;
        fer_interest ready = 77;
        char buf[4];
        assert_ok(fer_unix_listener_set_nonblocking(listener, !tries));
        assert_ok_n(fer_unix_listener_ready(listener, ALL_INTERESTS, millis(0), &ready), ready, 0);
        assert_kind(tries ? fer_unix_listener_try_accept(listener, stream, NULL)
                          : fer_unix_listener_accept(listener, stream, NULL),
                    FER_WOULD_BLOCK);
        assert_unix_new(stream);
        peer_socket other = unix_peer_connect(path, NULL);
        assert_true(other != PEER_NONE);
        assert_ok_n(fer_unix_listener_ready(listener, ALL_INTERESTS, FER_DURATION_NONE, &ready),
                    ready, FER_READABLE);
        assert_ok(tries ? fer_unix_listener_try_accept(listener, stream, NULL)
                        : fer_unix_listener_accept(listener, stream, NULL));
        assert_ok_n(fer_unix_stream_read_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
        assert_ok(fer_unix_stream_set_read_timeout(stream, millis(20)));
        assert_own(fer_unix_stream_read(stream, buf, sizeof buf, NULL), FER_TIMED_OUT);
        assert_false(peer_raw_is_inheritable(fer_unix_stream_as_raw(stream)));
        assert_unix_exchange(stream, other);
    }
    assert_false(peer_raw_is_inheritable(fer_unix_listener_as_raw(listener)));
}

UNIX_PAIR_TEST("I3", streams_and_clones_are_not_inheritable)
{
    fer_unix_stream *clone = test_unix_stream();
    assert_ok(fer_unix_stream_try_clone(pair.stream, clone));
    assert_false(peer_raw_is_inheritable(fer_unix_stream_as_raw(pair.stream)));
    assert_false(peer_raw_is_inheritable(fer_unix_stream_as_raw(clone)));
}

UNIX_STREAM_TEST("R1", listeners_are_cloned_released_and_adopted)
{
    const char *path = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(path);
    fer_unix_listener *clone = test_unix_listener();
    fer_unix_listener *adopted = test_unix_listener();
    fer_unix_stream *stream = test_unix_stream();
    fer_error pending;
    assert_ok(fer_unix_listener_try_clone(listener, clone));
    fer_unix_listener_close(listener);
    assert_ok(fer_unix_listener_take_error(clone, &pending));
    assert_ok(pending);
    assert_ok(fer_unix_listener_from_raw(adopted, fer_unix_listener_into_raw(clone)));
    peer_socket client = unix_peer_connect(path, NULL);
    assert_ok(fer_unix_listener_accept(adopted, stream, NULL));
    assert_unix_exchange(stream, client);
}

RULE_TESTS("unix_streams")
