/* unix_datagram_peers.c: the peers of datagram sockets on Unix sockets: connecting, peers that are
 * gone, and shutdowns (rules U5, C1, C4, X2, X4, S3). */
#include "conformance/unix_datagram_check.h"
#include "ferrule/socket.h"

/* ---- U5, C1, C4 */

UNIX_TEST("U5", a_connected_socket_sends_to_its_peer_and_receives_only_from_it)
{
    const char *path = unix_peer_path("ferrule");
    const char *other_path = unix_peer_path("other");
    fer_unix_datagram *socket = test_unix_bound(path);
    peer_socket other = unix_peer_datagram(other_path);
    peer_socket other_sender = unix_peer_datagram(NULL);
    fer_unix_addr addr;
    char buf[8];
    size_t n = 77;
    bool named = false;
    assert_kind_n(fer_unix_datagram_send(socket, "lost", 4, &n), FER_NOT_CONNECTED, n, 0);
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

UNIX_TEST("C4", a_failed_connect_leaves_the_old_peer)
{
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

UNIX_TEST("C1", sending_to_a_missing_receiver_fails)
{
    const char *path = unix_peer_path("other");
    fer_unix_datagram *socket = test_unix_unbound();
    size_t n = 77;
    assert_kind_n(fer_unix_datagram_send_to(socket, "x", 1, path, &n), FER_NOT_FOUND, n, 0);
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
    assert_kind_n(fer_unix_datagram_send(socket, "x", 1, &n), FER_NOT_CONNECTED, n, 0);
    assert_kind(fer_unix_datagram_bind(other, path), FER_ADDR_IN_USE);
    assert_true(unix_peer_remove(path));
    assert_ok(fer_unix_datagram_bind(other, path));
    assert_ok(fer_unix_datagram_connect(socket, path));
    send_text(socket, "again", NULL);
    assert_receives(other, "again");
}

/* X2: the path of a file that is no socket is refused, as one without a socket that receives. */
UNIX_TEST("X2", a_path_that_is_no_socket_is_refused)
{
    const char *path = unix_peer_path("file");
    fer_unix_datagram *socket = test_unix_unbound();
    size_t n = 77;
    skip_if(!unix_peer_create_file(path), "this network has no files");
    assert_kind_n(fer_unix_datagram_send_to(socket, "x", 1, path, &n), FER_CONNECTION_REFUSED, n,
                  0);
    assert_kind(fer_unix_datagram_connect(socket, path), FER_CONNECTION_REFUSED);
    assert_kind(fer_unix_stream_connect(test_unix_stream(), path), FER_CONNECTION_REFUSED);
}

/* ---- S */

UNIX_DATAGRAM_TEST("S3", after_shutdown_it_is_the_end_and_a_broken_pipe)
{
    fer_unix_datagram *one = test_unix_datagram();
    fer_unix_datagram *other = test_unix_datagram();
    fer_unix_received got;
    char buf[8];
    size_t n = 77;
    assert_ok(fer_unix_datagram_pair(one, other));
    send_text(other, "queued", NULL);
    assert_ok(fer_unix_datagram_shutdown(one, FER_SHUTDOWN_WRITE));
    assert_kind_n(fer_unix_datagram_send(one, "x", 1, &n), FER_BROKEN_PIPE, n, 0);
    send_text(other, "more", NULL);
    assert_receives(one, "queued");
    assert_receives(one, "more");
    assert_ok(fer_socket_shutdown(fer_unix_datagram_as_socket(one), FER_SHUTDOWN_BOTH));
    memset(&got, 0x5a, sizeof got);
    assert_ok(fer_unix_datagram_recv(one, buf, sizeof buf, &got));
    assert_int_equal(got.len, 0);
    assert_unnamed(&got.from);
    assert_not_received(fer_unix_datagram_send(other, "x", 1, &n));
}

/* The modes of a receive. */
enum { BY_TIMEOUT, BY_DEADLINE, NONBLOCKING, TRYING, TRYING_WITH_LIMITS, CALLS };

static void set_call(fer_unix_datagram *socket, int call)
{
    if (call == BY_TIMEOUT) {
        assert_ok(fer_unix_datagram_set_read_timeout(socket, millis(5000)));
    } else if (call == BY_DEADLINE || call == TRYING_WITH_LIMITS) {
        assert_ok(fer_unix_datagram_set_limits(
            socket, &(fer_limits){.deadline = fer_instant_after(millis(5000))}));
    } else if (call == NONBLOCKING) {
        assert_ok(fer_unix_datagram_set_nonblocking(socket, true));
    }
}

static fer_error receive_by(fer_unix_datagram *socket, int call, fer_unix_received *got)
{
    char buf[8];
    memset(got, 0x5a, sizeof *got);
    return call < TRYING ? fer_unix_datagram_recv(socket, buf, sizeof buf, got)
                         : fer_unix_datagram_try_recv_from(socket, buf, sizeof buf, got);
}

/* X4: "If READ is shut down, through whichever handle, and the queue is empty, a receive is OK with
 * 0 bytes in every mode", and within limits. */
UNIX_DATAGRAM_TEST("X4", a_shut_read_half_has_ended_in_every_mode)
{
    for (int i = 0; i < 2 * CALLS; i++) {
        fer_unix_datagram *one = test_unix_datagram();
        fer_unix_datagram *other = test_unix_datagram();
        fer_unix_datagram *clone = test_unix_datagram();
        fer_unix_received got;
        int call = i / 2;
        assert_ok(fer_unix_datagram_pair(one, other));
        assert_ok(fer_unix_datagram_try_clone(one, clone));
        set_call(one, call);
        send_text(other, "queued", NULL);
        assert_ok(fer_unix_datagram_shutdown(i % 2 == 0 ? one : clone,
                                             i % 2 == 0 ? FER_SHUTDOWN_READ : FER_SHUTDOWN_BOTH));
        if (!unix_peer_has_bsd_datagrams()) { /* they discard the queue (uipc_socket.c, sorflush) */
            assert_ok(receive_by(one, call, &got));
            assert_int_equal(got.len, 6);
        }
        for (int again = 0; again < 2; again++) {
            assert_ok(receive_by(one, call, &got));
            assert_int_equal(got.len, 0);
            assert_false(got.truncated);
            assert_unnamed(&got.from);
        }
        assert_int_equal(unix_test_end(NULL), 0);
    }
}

UNIX_DATAGRAM_TEST("X4", the_close_of_the_peer_is_no_end)
{
    fer_unix_datagram *one = test_unix_datagram();
    fer_unix_datagram *other = test_unix_datagram();
    fer_unix_received got;
    assert_ok(fer_unix_datagram_pair(one, other));
    assert_ok(fer_unix_datagram_set_nonblocking(one, true));
    assert_ok(fer_unix_datagram_shutdown(other, FER_SHUTDOWN_BOTH));
    assert_kind(receive_by(one, NONBLOCKING, &got), FER_WOULD_BLOCK);
    fer_unix_datagram_close(other);
    if (!unix_peer_has_bsd_datagrams()) { /* they report the close once, as a reset */
        assert_kind(receive_by(one, NONBLOCKING, &got), FER_WOULD_BLOCK);
    }
}

RULE_TESTS("unix_datagram_peers")
