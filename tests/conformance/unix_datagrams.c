/* unix_datagrams.c: datagrams on Unix sockets, by the rules of datagrams (U) and of all sockets (T,
 * C, L, E, R). No datagram is lost or reordered, and a full queue makes the sender wait. For the
 * peers of a socket: unix_datagram_peers.c. */
#include "conformance/unix_datagram_check.h"
#include "support/process.h"
#include "support/thread.h"

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

struct sender {
    fer_unix_datagram *socket;
    int count;
    fer_error error;
};

static void send_many(void *argument)
{
    struct sender *sender = argument;
    for (int i = 0; i < sender->count && sender->error.kind == FER_OK; i++) {
        sender->error = fer_unix_datagram_send(sender->socket, &i, sizeof i, NULL);
    }
}

UNIX_TEST("T2", a_receive_wakes_a_sender_that_waits)
{
    const char *path = unix_peer_path("ferrule");
    skip_if(unix_peer_has_bsd_datagrams(), "no sender waits here");
    fer_unix_datagram *socket = test_unix_bound(path);
    struct sender sender = {test_unix_unbound(), 500, {FER_OK, 0}};
    test_thread thread;
    assert_ok(fer_unix_datagram_connect(sender.socket, path));
    test_thread_start(&thread, send_many, &sender);
    for (int i = 0; i < sender.count; i++) {
        int number = -1;
        fer_unix_received got;
        assert_ok(fer_unix_datagram_recv(socket, &number, sizeof number, &got));
        assert_int_equal(number, i);
    }
    test_thread_join(&thread);
    assert_ok(sender.error);
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

RULE_TESTS("unix_datagrams")
