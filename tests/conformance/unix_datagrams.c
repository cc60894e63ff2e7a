/* unix_datagrams.c: datagrams on Unix sockets, by the rules of datagrams (U) and of all sockets (T,
 * C, L, E, R, S, X). No datagram is lost or reordered, and a full queue makes the sender wait. The
 * peers of a socket, gone peers and shutdowns are at the end. */
#include "ferrule/socket.h"
#include "support/process.h"
#include "support/thread.h"
#include "support/unix_fixture.h"

static void assert_receives(fer_unix_datagram *socket, const char *text)
{
    char buf[32];
    fer_unix_received got;
    assert_ok(fer_unix_datagram_recv_from(socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, strlen(text));
    assert_false(got.truncated);
    assert_memory_equal(buf, text, got.len);
}

static void assert_receives_nothing(fer_unix_datagram *socket)
{
    char buf[32];
    fer_unix_received got;
    assert_ok(fer_unix_datagram_set_nonblocking(socket, true));
    assert_kind(fer_unix_datagram_recv(socket, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    assert_ok(fer_unix_datagram_set_nonblocking(socket, false));
}

static void send_text(fer_unix_datagram *socket, const char *text, const char *path)
{
    size_t n = 77;
    fer_error error = path == NULL
                          ? fer_unix_datagram_send(socket, text, strlen(text), &n)
                          : fer_unix_datagram_send_to(socket, text, strlen(text), path, &n);
    assert_ok(error);
    assert_int_equal(n, strlen(text));
}

/* The error of a send to a peer that has shut its read half down. Row unix_datagram_shut: the BSDs
 * have no room for it. */
static void assert_not_received(fer_error error)
{
    if (!unix_peer_has_bsd_datagrams() || error.kind != FER_NO_BUFFER_SPACE) {
        assert_kind(error, FER_BROKEN_PIPE);
    }
}

enum { SHORT_MS = 40, ALL_INTERESTS = FER_READABLE | FER_WRITABLE };

/* ---- U1 */

UNIX_TEST("U1", datagrams_are_received_with_their_sender_s_name)
{
    const char *path = unix_peer_path("ferrule");
    const char *other_path = unix_peer_path("other");
    fer_unix_datagram *socket = test_unix_bound(path);
    peer_socket other = unix_peer_datagram(other_path);
    peer_socket unnamed = unix_peer_datagram(NULL);
    char buf[8];
    fer_unix_received got;
    size_t n = 0;
    bool named = false;
    assert_true(unix_peer_datagram_send(other, path, "hello", 5));
    assert_true(unix_peer_datagram_send(unnamed, path, "who", 3));
    assert_ok(fer_unix_datagram_recv_from(socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, 5);
    assert_path(&got.from, other_path);
    assert_ok_n(fer_unix_datagram_send_to_addr(socket, "back", 4, &got.from, &n), n, 4);
    assert_int_equal(unix_peer_datagram_receive(other, buf, sizeof buf, &n, path, &named),
                     PEER_GOT);
    assert_int_equal(n, 4);
    assert_true(named);
    assert_ok(fer_unix_datagram_recv(socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, 3);
    assert_unnamed(&got.from);
    assert_own_n(fer_unix_datagram_send_to_addr(socket, "back", 4, &got.from, &n),
                 FER_INVALID_INPUT, n, 0);
    send_text(test_unix_unbound(), "unnamed", other_path);
    assert_int_equal(unix_peer_datagram_receive(other, buf, sizeof buf, &n, NULL, &named),
                     PEER_GOT);
    assert_int_equal(n, 7);
    assert_true(named);
}

UNIX_TEST("U1", receiving_into_nothing_waits_for_a_datagram)
{
    fer_unix_datagram *socket = test_unix_bound(unix_peer_path("ferrule"));
    fer_unix_received got;
    assert_kind(fer_unix_datagram_try_recv_from(socket, NULL, 0, &got), FER_WOULD_BLOCK);
    assert_ok(fer_unix_datagram_set_read_timeout(socket, millis(SHORT_MS)));
    assert_own(fer_unix_datagram_recv(socket, NULL, 0, &got), FER_TIMED_OUT);
    assert_ok(fer_unix_datagram_set_nonblocking(socket, true));
    assert_kind(fer_unix_datagram_recv_from(socket, NULL, 0, &got), FER_WOULD_BLOCK);
}

UNIX_DATAGRAM_TEST("U1/X6", a_pair_is_connected_to_each_other_and_nameless)
{
    fer_unix_datagram *one = test_unix_datagram();
    fer_unix_datagram *other = test_unix_datagram();
    fer_unix_addr addr;
    assert_ok(fer_unix_datagram_pair(one, other));
    /* More datagrams than a receiver with many senders has room for. */
    for (int i = 0; i < 30; i++) {
        send_text(one, i % 2 == 0 ? "even" : "odd", NULL);
    }
    send_text(other, "back", NULL);
    for (int i = 0; i < 30; i++) {
        assert_receives(other, i % 2 == 0 ? "even" : "odd");
    }
    assert_receives(one, "back");
    assert_ok(fer_unix_datagram_local_addr(one, &addr));
    assert_unnamed(&addr);
    assert_ok(fer_unix_datagram_peer_addr(one, &addr));
    assert_unnamed(&addr);
}

/* ---- U2, U4 */

UNIX_TEST("U2", a_datagram_that_is_too_long_is_not_sent)
{
    static unsigned char big[1 << 22];
    const char *path = unix_peer_path("ferrule");
    fer_unix_datagram *socket = test_unix_bound(path);
    fer_unix_datagram *sender = test_unix_unbound();
    size_t n = 77;
    assert_kind_n(fer_unix_datagram_send_to(sender, big, sizeof big, path, &n),
                  FER_MESSAGE_TOO_LONG, n, 0);
    assert_own(fer_unix_datagram_send_to(sender, big, SIZE_MAX, path, &n), FER_MESSAGE_TOO_LONG);
    assert_ok(fer_unix_datagram_connect(sender, path));
    assert_kind_n(fer_unix_datagram_send(sender, big, sizeof big, &n), FER_MESSAGE_TOO_LONG, n, 0);
    send_text(sender, "short", NULL);
    assert_receives(socket, "short");
    assert_receives_nothing(socket);
}

/* ---- T */

/* A receiver with many senders has little room. No accepted datagram is lost. Row
 * unix_full_datagrams: on macOS and the BSDs no send waits. */
UNIX_TEST("T2", a_send_to_a_full_queue_waits_for_space_or_would_block)
{
    const char *path = unix_peer_path("ferrule");
    fer_unix_datagram *socket = test_unix_bound(path);
    fer_unix_datagram *sender = test_unix_unbound();
    bool waits = !unix_peer_has_bsd_datagrams();
    fer_error_kind full = waits ? FER_WOULD_BLOCK : FER_NO_BUFFER_SPACE;
    fer_duration timeout;
    fer_interest ready = 77;
    fer_error error;
    size_t n = 0;
    uint32_t sent = 0;
    assert_ok_n(fer_unix_datagram_ready(socket, ALL_INTERESTS, millis(0), &ready), ready,
                FER_WRITABLE);
    assert_ok(fer_unix_datagram_connect(sender, path));
    assert_ok(fer_unix_datagram_set_nonblocking(sender, waits));
    while ((error = fer_unix_datagram_send(sender, &sent, sizeof sent, &n)).kind == FER_OK) {
        sent++;
        assert_true(sent < 100000);
    }
    assert_kind(error, full);
    assert_int_equal(n, 0);
    assert_kind(fer_unix_datagram_send_to(sender, "x", 1, path, &n), full);
    assert_kind(fer_unix_datagram_try_send(sender, "x", 1, NULL), full);
    assert_ok_n(fer_unix_datagram_ready(socket, ALL_INTERESTS, FER_DURATION_NONE, &ready), ready,
                ALL_INTERESTS);
    assert_ok(fer_unix_datagram_ready(sender, FER_WRITABLE, millis(0), &ready));
    assert_true(!waits || ready == 0);
    assert_ok(fer_unix_datagram_set_nonblocking(sender, false));
    assert_own(fer_unix_datagram_set_read_timeout(sender, millis(0)), FER_INVALID_INPUT);
    assert_own(fer_unix_datagram_set_write_timeout(sender, millis(0)), FER_INVALID_INPUT);
    assert_ok(fer_unix_datagram_set_write_timeout(sender, millis(SHORT_MS)));
    assert_ok(fer_unix_datagram_write_timeout(sender, &timeout));
    assert_in_range(timeout.nanos, SHORT_MS * 1000000, (SHORT_MS + 20) * 1000000);
    full = waits ? FER_TIMED_OUT : FER_NO_BUFFER_SPACE;
    assert_kind(fer_unix_datagram_send(sender, "x", 1, &n), full);
    assert_kind(fer_unix_datagram_send_to(sender, "x", 1, path, &n), full);
    for (uint32_t i = 0; i < sent; i++) {
        uint32_t number = 0;
        fer_unix_received got;
        assert_ok(fer_unix_datagram_recv(socket, &number, sizeof number, &got));
        assert_int_equal(number, i);
    }
    assert_receives_nothing(socket);
    assert_ok(fer_unix_datagram_ready(sender, FER_WRITABLE, millis(PEER_LIMIT_MS), &ready));
    assert_true(!waits || ready == FER_WRITABLE);
    send_text(sender, "room", NULL);
    assert_receives(socket, "room");
}

/* ---- C6, I2, I3, R */

UNIX_DATAGRAM_TEST("I2", no_send_raises_sigpipe)
{
    fer_unix_datagram *one = test_unix_datagram();
    fer_unix_datagram *other = test_unix_datagram();
    skip_if(!process_let_sigpipe_kill(), "this OS has no signals");
    assert_ok(fer_unix_datagram_pair(one, other));
    assert_ok(fer_unix_datagram_shutdown(other, FER_SHUTDOWN_READ));
    assert_not_received(fer_unix_datagram_send(one, "x", 1, NULL));
    assert_ok(fer_unix_datagram_shutdown(one, FER_SHUTDOWN_WRITE));
    assert_kind(fer_unix_datagram_send(one, "x", 1, NULL), FER_BROKEN_PIPE);
}

UNIX_TEST("R1", sockets_are_cloned_released_and_adopted)
{
    const char *path = unix_peer_path("ferrule");
    fer_unix_datagram *socket = test_unix_bound(path);
    fer_unix_datagram *clone = test_unix_datagram();
    fer_unix_datagram *adopted = test_unix_datagram();
    fer_unix_received got;
    fer_error pending;
    fer_unix_addr addr;
    char buf[8];
    assert_ok(fer_unix_datagram_try_clone(socket, clone));
    assert_false(peer_raw_is_inheritable(fer_unix_datagram_as_raw(socket)));
    assert_false(peer_raw_is_inheritable(fer_unix_datagram_as_raw(clone)));
    assert_ok(fer_unix_datagram_set_nonblocking(socket, true));
    assert_kind(fer_unix_datagram_recv(clone, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    assert_ok(fer_unix_datagram_set_nonblocking(clone, false));
    fer_unix_datagram_close(socket);
    assert_ok(fer_unix_datagram_take_error(clone, &pending));
    assert_ok(pending);
    assert_ok(fer_unix_datagram_from_raw(adopted, fer_unix_datagram_into_raw(clone)));
    assert_ok(fer_unix_datagram_local_addr(adopted, &addr));
    assert_path(&addr, path);
    send_text(test_unix_unbound(), "taken", path);
    assert_receives(adopted, "taken");
}

UNIX_TEST("L6", an_abstract_name_is_a_sender_s_too)
{
    fer_unix_received got;
    char buf[8];
    skip_if(!unix_peer_has_abstract_names(), "this OS has no abstract names");
    const char *path = unix_peer_path("ferrule");
    fer_unix_datagram *socket = test_unix_bound(path);
    fer_unix_datagram *other = test_unix_datagram();
    fer_unix_addr addr = test_unix_abstract("ferrule\0datagrams", 17);
    assert_ok(fer_unix_datagram_bind_addr(other, &addr));
    send_text(other, "abstract", path);
    /* The sender's name is still returned, and not the name of the next socket. */
    fer_unix_datagram_close(other);
    fer_unix_addr next = test_unix_abstract("ferrule\0next", 12);
    assert_ok(fer_unix_datagram_bind_addr(other, &next));
    assert_ok(fer_unix_datagram_recv_from(socket, buf, sizeof buf, &got));
    assert_memory_equal(&got.from, &addr, sizeof addr);
    assert_kind(fer_unix_datagram_send_to_addr(socket, "x", 1, &got.from, NULL),
                FER_CONNECTION_REFUSED);
    assert_kind(fer_unix_datagram_connect_addr(socket, &got.from), FER_CONNECTION_REFUSED);
}

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

RULE_TESTS("unix_datagrams")
