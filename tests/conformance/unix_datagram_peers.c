/* unix_datagram_peers.c: the peers of datagram sockets on Unix sockets: connecting, peers that are
 * gone, and shutdowns (rules U5, C1, C4, X2, S3). */
#include "conformance/unix_datagram_check.h"

/* ---- U5, C1, C4 */

static void a_connected_socket_sends_to_its_peer_and_hears_it_alone(void **state)
{
    (void)state;
    const char *path = unix_peer_path("ferrule");
    const char *other_path = unix_peer_path("other");
    fer_unix_datagram *socket = test_unix_bound(path);
    peer_socket other = unix_peer_datagram(other_path);
    peer_socket other_sender = unix_peer_datagram(NULL);
    fer_unix_addr addr;
    char buf[8];
    size_t n = 77;
    bool named = false;
    assert_kind(fer_unix_datagram_send(socket, "lost", 4, &n), FER_NOT_CONNECTED);
    assert_int_equal(n, 0);
    assert_kind(fer_unix_datagram_peer_addr(socket, &addr), FER_NOT_CONNECTED);
    assert_ok(fer_unix_datagram_connect(socket, other_path));
    assert_ok(fer_unix_datagram_peer_addr(socket, &addr));
    assert_path(&addr, other_path);
    send_text(socket, "hello", NULL);
    assert_int_equal(unix_peer_datagram_receive(other, buf, sizeof buf, &n, path, &named),
                     PEER_GOT);
    assert_int_equal(n, 5);
    assert_true(named);
    send_text(socket, "to it", other_path);
    assert_int_equal(unix_peer_datagram_receive(other, buf, sizeof buf, &n, path, &named),
                     PEER_GOT);
    assert_int_equal(n, 5);
    bool is_sent = unix_peer_datagram_send(other_sender, path, "stranger's", 10);
    assert_int_equal(is_sent, unix_peer_has_bsd_datagrams());
    if (is_sent) {
        /* row unix_other_senders */
        assert_receives(socket, "stranger's");
    }
    assert_true(unix_peer_datagram_send(other, path, "the peer's", 10));
    assert_receives(socket, "the peer's");
    assert_receives_nothing(socket);
}

static void connecting_to_nobody_leaves_the_old_peer(void **state)
{
    (void)state;
    const char *path = unix_peer_path("other");
    const char *missing = unix_peer_path("missing");
    const char *stream = unix_peer_path("stream");
    fer_unix_datagram *socket = test_unix_unbound();
    fer_unix_datagram *other = test_unix_bound(path);
    fer_unix_addr none = {0};
    assert_ok(fer_unix_datagram_connect(socket, path));
    assert_kind(fer_unix_datagram_connect(socket, missing), FER_NOT_FOUND);
    assert_own(fer_unix_datagram_connect_addr(socket, &none), FER_INVALID_INPUT);
    assert_own(fer_unix_datagram_connect(socket, ""), FER_INVALID_INPUT);
    assert_true(unix_peer_listen(stream, 1) != PEER_NONE);
    assert_int_not_equal(fer_unix_datagram_connect(socket, stream).kind, FER_OK);
    assert_kind(fer_unix_stream_connect(test_unix_stream(), missing), FER_NOT_FOUND);
    assert_int_not_equal(fer_unix_stream_connect(test_unix_stream(), path).kind, FER_OK);
    send_text(socket, "still", NULL);
    assert_receives(other, "still");
}

static void sending_to_who_is_not_there_says_so(void **state)
{
    (void)state;
    const char *path = unix_peer_path("other");
    fer_unix_datagram *socket = test_unix_unbound();
    size_t n = 77;
    assert_kind(fer_unix_datagram_send_to(socket, "x", 1, path, &n), FER_NOT_FOUND);
    assert_int_equal(n, 0);
    fer_unix_datagram *other = test_unix_bound(path);
    assert_ok(fer_unix_datagram_connect(socket, path));
    fer_unix_datagram_close(other);
    assert_true(unix_peer_path_exists(path));
    if (unix_peer_has_bsd_datagrams()) {
        /* row unix_datagram_gone: the first call of any kind, and once */
        assert_kind(fer_unix_datagram_send_to(socket, "x", 1, path, &n), FER_CONNECTION_RESET);
        assert_kind(fer_unix_datagram_send_to(socket, "x", 1, path, &n), FER_CONNECTION_REFUSED);
    } else {
        assert_kind(fer_unix_datagram_send_to(socket, "x", 1, path, &n), FER_CONNECTION_REFUSED);
        assert_either(fer_unix_datagram_send(socket, "x", 1, &n), FER_CONNECTION_REFUSED,
                      FER_CONNECTION_RESET);
    }
    assert_kind(fer_unix_datagram_send(socket, "x", 1, &n), FER_NOT_CONNECTED);
    assert_int_equal(n, 0);
    assert_kind(fer_unix_datagram_bind(other, path), FER_ADDR_IN_USE);
    assert_true(unix_peer_remove(path));
    assert_ok(fer_unix_datagram_bind(other, path));
    assert_ok(fer_unix_datagram_connect(socket, path));
    send_text(socket, "again", NULL);
    assert_receives(other, "again");
}

/* X2: the path of a file that is no socket is refused, as one without a socket that receives. */
static void a_path_that_is_no_socket_is_refused(void **state)
{
    (void)state;
    const char *path = unix_peer_path("file");
    fer_unix_datagram *socket = test_unix_unbound();
    size_t n = 77;
    if (!unix_peer_create_file(path)) {
        skip_because("this network has no files");
    }
    assert_kind(fer_unix_datagram_send_to(socket, "x", 1, path, &n), FER_CONNECTION_REFUSED);
    assert_int_equal(n, 0);
    assert_kind(fer_unix_datagram_connect(socket, path), FER_CONNECTION_REFUSED);
    assert_kind(fer_unix_stream_connect(test_unix_stream(), path), FER_CONNECTION_REFUSED);
}

/* ---- S */

static void after_shutdown_it_is_the_end_and_a_broken_pipe(void **state)
{
    (void)state;
    skip_without_unix_datagrams();
    fer_unix_datagram *one = test_unix_datagram();
    fer_unix_datagram *other = test_unix_datagram();
    fer_unix_received got;
    char buf[8];
    size_t n = 77;
    assert_ok(fer_unix_datagram_pair(one, other));
    send_text(other, "queued", NULL);
    assert_ok(fer_unix_datagram_shutdown(one, FER_SHUTDOWN_WRITE));
    assert_kind(fer_unix_datagram_send(one, "x", 1, &n), FER_BROKEN_PIPE);
    assert_int_equal(n, 0);
    send_text(other, "more", NULL);
    assert_receives(one, "queued");
    assert_receives(one, "more");
    assert_ok(fer_unix_datagram_shutdown(one, FER_SHUTDOWN_BOTH));
    memset(&got, 0x5a, sizeof got);
    assert_ok(fer_unix_datagram_recv(one, buf, sizeof buf, &got));
    assert_int_equal(got.len, 0);
    assert_unnamed(&got.from);
    assert_not_received(fer_unix_datagram_send(other, "x", 1, &n));
    assert_own(fer_unix_datagram_shutdown(one, (fer_shutdown)3), FER_INVALID_INPUT);
    assert_own(fer_unix_datagram_shutdown(one, (fer_shutdown)-1), FER_INVALID_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIX_TEST("U5", a_connected_socket_sends_to_its_peer_and_hears_it_alone),
        UNIX_TEST("C4", connecting_to_nobody_leaves_the_old_peer),
        UNIX_TEST("C1", sending_to_who_is_not_there_says_so),
        UNIX_TEST("X2", a_path_that_is_no_socket_is_refused),
        UNIX_TEST("S3", after_shutdown_it_is_the_end_and_a_broken_pipe),
    };
    return RUN_TESTS("unix_datagram_peers", tests);
}
