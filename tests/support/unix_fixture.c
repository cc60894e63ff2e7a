/* unix_fixture.c: shared by the conformance tests of Unix sockets; see unix_fixture.h. */
#include "support/unix_fixture.h"

int unix_connected_kind = UNIX_CONNECTED;
int unix_accepted_kind = UNIX_ACCEPTED;
int unix_paired_kind = UNIX_PAIRED;

TEST_POOL(fer_unix_stream, test_unix_stream, 16)
TEST_POOL(fer_unix_listener, test_unix_listener, 8)
TEST_POOL(fer_unix_datagram, test_unix_datagram, 8)

/* ---- Before and after a test */

int unix_test_begin(void **state)
{
    return test_begin(state);
}

int unix_test_end(void **state)
{
    test_unix_stream_close_all();
    test_unix_listener_close_all();
    test_unix_datagram_close_all();
    peer_close_all();
    unix_peer_remove_all();
    return test_end(state);
}

void skip_without_unix_streams(void)
{
    skip_if(!unix_peer_has_streams(),
            "this OS has no Unix sockets (Wine, and Windows before version 1803)");
}

void skip_without_unix_datagrams(void)
{
    skip_if(!unix_peer_has_datagrams(),
            "this OS has no datagrams on Unix sockets, and no pairs (Windows)");
}

/* ---- Handles */

fer_unix_listener *test_unix_listening(const char *path)
{
    skip_without_unix_streams();
    fer_unix_listener *listener = test_unix_listener();
    assert_ok(fer_unix_listener_bind(listener, path));
    return listener;
}

fer_unix_datagram *test_unix_bound(const char *path)
{
    skip_without_unix_datagrams();
    fer_unix_datagram *socket = test_unix_datagram();
    assert_ok(fer_unix_datagram_bind(socket, path));
    return socket;
}

fer_unix_datagram *test_unix_unbound(void)
{
    skip_without_unix_datagrams();
    fer_unix_datagram *socket = test_unix_datagram();
    assert_ok(fer_unix_datagram_unbound(socket));
    return socket;
}

fer_unix_addr test_unix_abstract(const void *begin, size_t len)
{
    char name[FER_UNIX_ADDR_NAME_MAX];
    fer_unix_addr addr;
    const char *own = unix_peer_path("");
    size_t own_len = strlen(own);
    assert_true(len + own_len <= sizeof name);
    memcpy(name, begin, len);
    memcpy(name + len, own, own_len);
    assert_ok(fer_unix_addr_from_abstract_name(&addr, name, len + own_len));
    return addr;
}

static void open_by_connecting(struct unix_pair *pair)
{
    const char *path = unix_peer_path("connected");
    peer_socket listener = unix_peer_listen(path, 16);
    assert_true(listener != PEER_NONE);
    assert_ok(fer_unix_stream_connect(pair->stream, path));
    pair->other = peer_accept(listener);
    peer_close(listener);
    assert_true(unix_peer_remove(path));
}

static void open_by_accepting(struct unix_pair *pair)
{
    const char *path = unix_peer_path("accepted");
    fer_unix_listener listener = {0};
    assert_ok(fer_unix_listener_bind(&listener, path));
    pair->other = unix_peer_connect(path, NULL);
    assert_true(pair->other != PEER_NONE);
    assert_ok(fer_unix_listener_accept(&listener, pair->stream, NULL));
    fer_unix_listener_close(&listener);
    assert_true(unix_peer_remove(path));
}

/* Converts the other end to a plain socket. */
static void open_a_pair(struct unix_pair *pair)
{
    fer_unix_stream other = {0};
    skip_without_unix_datagrams();
    assert_ok(fer_unix_stream_pair(pair->stream, &other));
    pair->other = fer_unix_stream_into_raw(&other);
    peer_adopt(pair->other);
}

struct unix_pair unix_pair_open(void **state)
{
    struct unix_pair pair = {NULL, PEER_NONE};
    const int *kind = *state;
    skip_without_unix_streams();
    pair.stream = test_unix_stream();
    switch (*kind) {
    case UNIX_CONNECTED: open_by_connecting(&pair); break;
    case UNIX_ACCEPTED: open_by_accepting(&pair); break;
    default: open_a_pair(&pair); break;
    }
    assert_true(pair.other != PEER_NONE);
    return pair;
}

/* ---- Assertions */

void assert_unix_exchange(fer_unix_stream *stream, peer_socket other)
{
    assert_stream_exchange(unix_ref(stream), other);
}

void assert_unix_alive(const struct unix_pair *pair)
{
    assert_unix_exchange(pair->stream, pair->other);
}

void assert_unix_writes_are_broken(fer_unix_stream *stream)
{
    fer_io_slice slices[2] = {{"ab", 2}, {"cd", 2}};
    size_t n = 77;
    assert_kind_n(fer_unix_stream_write(stream, "ab", 2, &n), FER_BROKEN_PIPE, n, 0);
    assert_kind_n(fer_unix_stream_write_vectored(stream, slices, 2, &n), FER_BROKEN_PIPE, n, 0);
    assert_kind_n(fer_unix_stream_write_all(stream, "ab", 2, &n), FER_BROKEN_PIPE, n, 0);
}

void assert_unix_new(fer_unix_stream *stream)
{
    fer_unix_addr addr;
    assert_own(fer_unix_stream_write(stream, "a", 1, NULL), FER_NOT_CONNECTED);
    assert_own(fer_unix_stream_local_addr(stream, &addr), FER_MISUSE);
    assert_true(fer_unix_stream_as_raw(stream) == FER_RAW_SOCKET_NONE);
}

void assert_unnamed(const fer_unix_addr *addr)
{
    size_t len = 0;
    assert_true(fer_unix_addr_is_unnamed(addr));
    assert_null(fer_unix_addr_as_pathname(addr));
    assert_null(fer_unix_addr_as_abstract_name(addr, &len));
}

void assert_path(const fer_unix_addr *addr, const char *path)
{
    size_t len = 0;
    assert_false(fer_unix_addr_is_unnamed(addr));
    assert_non_null(fer_unix_addr_as_pathname(addr));
    assert_string_equal(fer_unix_addr_as_pathname(addr), path);
    assert_null(fer_unix_addr_as_abstract_name(addr, &len));
}

struct unix_ends unix_ends_open(void)
{
    struct unix_ends ends = {test_unix_stream(), test_unix_stream()};
    skip_without_unix_datagrams();
    assert_ok(fer_unix_stream_pair(ends.one, ends.other));
    return ends;
}
