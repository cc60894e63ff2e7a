/* unix_listeners.c: rules L, X1, X3, C2, T6 and R1 for listeners on Unix sockets, and their paths
 * and names. */
#include "support/handle_limit.h"
#include "support/process.h"
#include "support/thread.h"
#include "support/unix_fixture.h"

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
    if (!unix_peer_has_abstract_names()) {
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

UNIX_STREAM_TEST("L3", too_many_open_files_is_reported_and_nothing_is_lost)
{
    const char *path = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(path);
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_stream *other = test_unix_stream();
    fer_unix_datagram *datagram = test_unix_datagram();
    peer_socket client = unix_peer_connect(path, NULL);
    assert_true(client != PEER_NONE);
    skip_if(!forbid_new_handles(), "this OS has no limit on a process's handles");
    bool has_pairs = unix_peer_has_datagrams();
    fer_error errors[6];
    errors[0] = fer_unix_listener_accept(listener, stream, NULL);
    errors[1] = fer_unix_stream_connect(stream, path);
    errors[2] = has_pairs ? fer_unix_stream_pair(stream, other) : errors[0];
    errors[3] = has_pairs ? fer_unix_datagram_unbound(datagram) : errors[0];
    errors[4] = fer_unix_listener_try_clone(listener, test_unix_listener());
    errors[5] = fer_unix_listener_accept(listener, stream, NULL);
    process_allow_new_handles();
    for (size_t i = 0; i < 6; i++) {
        assert_kind(errors[i], FER_TOO_MANY_OPEN_FILES);
    }
    assert_ok(fer_unix_listener_accept(listener, stream, NULL));
    assert_unix_exchange(stream, client);
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

RULE_TESTS("unix_listeners")
