/* socket_streams.c: one handle for a socket: the transfers of a fer_socket that is a stream
 * (fer_socket_as_stream), and the accepts of one that listens, over IP and Unix. The rules of
 * streams and of listeners hold for it: "Streams follow the rules of streams (T, I, S, C, E, R),
 * listeners those of listeners (L1 to L3, L6)" (X3). */
#include "conformance/output_check.h"
#include "ferrule/io.h"
#include "support/socket_fixture.h"

enum { UNIX_FAMILY = 99, SHORT_MS = 40 };
static int kinds[] = {PEER_V4, PEER_V6, UNIX_FAMILY};

#define KINDS_TEST_OF(rule, function, parameters, arguments)             \
    TEST_OF(function, parameters, arguments,                             \
            RULE_ROW(rule, function, " [IPv4]", socket_test, &kinds[0]), \
            RULE_ROW(rule, function, " [IPv6]", socket_test, &kinds[1]), \
            RULE_ROW(rule, function, " [Unix]", socket_test, &kinds[2]))

/* ---- Sockets of each family */

static bool is_unix(int kind)
{
    return kind == UNIX_FAMILY;
}

static fer_domain domain_of_kind(int kind)
{
    return is_unix(kind) ? FER_DOMAIN_UNIX : domain_of((peer_family)kind);
}

static int usable_kind(void **state)
{
    int kind = *(int *)*state;
    if (is_unix(kind)) {
        skip_without_unix_streams();
    } else if (kind == PEER_V6) {
        skip_without_v6();
    }
    return kind;
}

/* A built socket that listens. */
struct listening {
    int kind;
    fer_socket *socket;
    uint16_t port;
};

static struct listening listening_of(int kind)
{
    struct listening made = {.kind = kind};
    if (!is_unix(kind)) {
        made.socket = test_built_listener((peer_family)kind, &made.port);
        return made;
    }
    fer_unix_addr name;
    made.socket = test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    assert_ok(fer_unix_addr_from_pathname(&name, unix_peer_path("built")));
    assert_ok(fer_socket_bind_unix(made.socket, &name));
    assert_ok(fer_socket_listen(made.socket, 8));
    return made;
}

static peer_socket connect_to(const struct listening *listener)
{
    peer_socket other = is_unix(listener->kind)
                            ? unix_peer_connect(unix_peer_path("built"), NULL)
                            : peer_connect((peer_family)listener->kind, listener->port);
    assert_true(other != PEER_NONE);
    return other;
}

/* A built socket that is connected. */
struct connected {
    int kind;
    fer_socket *socket;
    peer_socket other;
};

static struct connected connected_of(int kind)
{
    struct connected made = {.kind = kind,
                             .socket = test_new_socket(domain_of_kind(kind), FER_TYPE_STREAM)};
    peer_socket listener;
    if (is_unix(kind)) {
        fer_unix_addr name;
        listener = unix_peer_listen(unix_peer_path("peer"), 4);
        assert_ok(fer_unix_addr_from_pathname(&name, unix_peer_path("peer")));
        assert_ok(fer_socket_connect_unix(made.socket, &name));
    } else {
        fer_socket_addr addr = accepting_addr((peer_family)kind, &listener);
        assert_ok(fer_socket_connect(made.socket, &addr));
    }
    made.other = peer_accept(listener);
    assert_true(made.other != PEER_NONE);
    return made;
}

#define CONNECTED_TEST(rule, function) \
    KINDS_TEST_OF(rule, function, (struct connected end), (connected_of(usable_kind(state))))
#define LISTENING_TEST(rule, function) \
    KINDS_TEST_OF(rule, function, (struct listening listener), (listening_of(usable_kind(state))))

static void assert_transfers(fer_stream stream, peer_socket other)
{
    char got[8] = "";
    size_t n = 0;
    assert_ok_n(fer_stream_write_all(stream, "there", 5, &n), n, 5);
    assert_true(peer_recv_exact(other, got, 5) && memcmp(got, "there", 5) == 0);
    assert_true(peer_send_all(other, "back", 4));
    assert_ok_n(fer_stream_read_exact(stream, got, 4, &n), n, 4);
    assert_memory_equal(got, "back", 4);
}

/* ---- Transfers of a fer_socket */

/* E3: "A count ... is true"; T2; K2: "A cancel or the deadline ends a call that waits". */
CONNECTED_TEST("T2/K2/E3", a_connected_socket_transfers_within_its_timeouts_and_limits)
{
    fer_stream stream = fer_socket_as_stream(end.socket);
    const fer_limits late = {.deadline = fer_instant_after(millis(SHORT_MS))};
    char got[8];
    size_t n = 0;
    assert_transfers(stream, end.other);
    assert_kind_n(fer_stream_try_read(stream, got, 8, &n), FER_WOULD_BLOCK, n, 0);
    assert_ok(fer_socket_set_read_timeout(end.socket, millis(SHORT_MS)));
    assert_own_after_system(fer_stream_read(stream, got, 8, &n), FER_TIMED_OUT, SHORT_MS * 1000);
    assert_ok(fer_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_ok(fer_socket_set_limits(end.socket, &late));
    assert_own(fer_stream_read(stream, got, 8, &n), FER_TIMED_OUT);
    assert_ok(fer_stream_set_limits(stream, NULL));
    assert_ok(fer_socket_set_nonblocking(end.socket, true));
    assert_kind(fer_stream_read(stream, got, 8, &n), FER_WOULD_BLOCK);
    assert_ok(fer_stream_set_nonblocking(stream, false));
    assert_transfers(stream, end.other);
}

/* S3: "After a handle has shut down WRITE or BOTH, its writes are BROKEN_PIPE." S4: "The peer's
 * orderly end of file is OK with 0 bytes, every time". L6: "from then on it is NOT_CONNECTED". */
CONNECTED_TEST("S2/S3/S4/L6", both_views_of_a_socket_share_its_state)
{
    fer_stream stream = fer_socket_as_stream(end.socket);
    fer_socket_addr addr;
    fer_unix_addr name;
    char got[8];
    size_t n = 0;
    assert_ok(fer_socket_shutdown(end.socket, FER_SHUTDOWN_WRITE));
    assert_kind_n(fer_stream_write(stream, "x", 1, &n), FER_BROKEN_PIPE, n, 0);
    assert_true(peer_send_all(end.other, "last", 4) && peer_shutdown_write(end.other));
    assert_ok_n(fer_stream_read_to_end(stream, got, 8, &n), n, 4);
    for (int i = 0; i < 2; i++) {
        assert_ok_n(fer_stream_read(stream, got, 8, &n), n, 0);
    }
    assert_kind(is_unix(end.kind) ? fer_socket_peer_addr_unix(end.socket, &name)
                                  : fer_socket_peer_addr(end.socket, &addr),
                FER_NOT_CONNECTED);
    assert_ok(fer_stream_shutdown(stream, FER_SHUTDOWN_READ));
    assert_ok_n(fer_stream_try_peek(stream, got, 8, &n), n, 0);
}

/* M1, M2: the copies take it too. */
CONNECTED_TEST("M1/M2", a_socket_is_copied_and_relayed)
{
    struct connected far_end = connected_of(PEER_V4);
    fer_stream one = fer_socket_as_stream(end.socket);
    fer_stream other = fer_socket_as_stream(far_end.socket);
    char memory[2][16], got[8];
    fer_copy_buffer buffers[2] = {{memory[0], 16, 0, 0}, {memory[1], 16, 0, 0}};
    uint64_t moved[2] = {0, 0};
    assert_true(peer_send_all(end.other, "one", 3) && peer_shutdown_write(end.other));
    assert_ok(fer_copy(one, other, &buffers[0], &moved[0]));
    assert_true(moved[0] == 3 && peer_recv_exact(far_end.other, got, 3));
    assert_true(peer_send_all(far_end.other, "other", 5) && peer_shutdown_write(far_end.other));
    assert_ok(fer_copy_bidirectional(one, other, &buffers[0], &buffers[1], &moved[0], &moved[1]));
    assert_true(moved[0] == 0 && moved[1] == 5 && peer_recv_exact(end.other, got, 5));
    assert_memory_equal(got, "other", 5);
}

/* ---- The other states */

/* Every call that moves bytes has the same error. */
static void assert_moves_nothing(fer_stream stream, fer_error_kind kind)
{
    char byte = 'x';
    const fer_io_slice out = {&byte, 1};
    const fer_io_slice_mut in = {&byte, 1};
    fer_copy_buffer buffer = {&byte, 1, 0, 0};
    fer_interest ready = 0;
    assert_own(fer_stream_read(stream, &byte, 1, NULL), kind);
    assert_own(fer_stream_peek(stream, &byte, 1, NULL), kind);
    assert_own(fer_stream_try_read_vectored(stream, &in, 1, NULL), kind);
    assert_own(fer_stream_write(stream, &byte, 1, NULL), kind);
    assert_own(fer_stream_try_write_vectored(stream, &out, 1, NULL), kind);
    assert_own(fer_copy(stream, stream, &buffer, NULL), kind);
    assert_own(fer_stream_send_file(stream, -1, 0, 1, &buffer, NULL), kind);
    assert_own(fer_stream_ready(stream, FER_READABLE, (fer_duration){0}, &ready), kind);
    assert_own(fer_stream_shutdown(stream, FER_SHUTDOWN_READ), kind);
}

static void assert_misuse(fer_stream stream)
{
    fer_error pending;
    fer_duration timeout;
    assert_moves_nothing(stream, FER_MISUSE);
    assert_own(fer_stream_take_error(stream, &pending), FER_MISUSE);
    assert_own(fer_stream_set_read_timeout(stream, millis(1)), FER_MISUSE);
    assert_own(fer_stream_write_timeout(stream, &timeout), FER_MISUSE);
    assert_own(fer_stream_set_nonblocking(stream, true), FER_MISUSE);
    assert_own(fer_stream_set_limits(stream, NULL), FER_MISUSE);
    assert_true(fer_stream_as_raw(stream) == FER_RAW_SOCKET_NONE);
}

/* "A stream ... from a fer_socket may have ... a socket and no connection: then reads, writes,
 * shutdown, peer_addr and `_ready` are NOT_CONNECTED". Misuse: "a NEW handle, except that reads,
 * writes, shutdown and `_ready` of a stream are NOT_CONNECTED". The view is made once. */
SOCKET_TEST("E4", a_socket_that_is_no_connection_moves_nothing)
{
    fer_socket *socket = test_socket();
    fer_stream stream = fer_socket_as_stream(socket);
    fer_error saved = {FER_OK, 0};
    assert_misuse(fer_socket_as_stream(NULL));
    assert_moves_nothing(stream, FER_NOT_CONNECTED);
    assert_ok(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    assert_moves_nothing(stream, FER_NOT_CONNECTED);
    assert_true(fer_stream_as_raw(stream) == fer_socket_as_raw(socket));
    const fer_socket_addr refusing = refusing_addr(PEER_V4);
    assert_kind(fer_socket_connect(socket, &refusing), FER_CONNECTION_REFUSED);
    assert_own(fer_stream_read(stream, &(char){0}, 1, NULL), FER_MISUSE);
    assert_ok(fer_stream_take_error(stream, &saved));
    assert_int_equal(saved.kind, FER_CONNECTION_REFUSED);
    fer_socket_close(socket);
    assert_misuse(stream);
    assert_ok(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0));
    assert_misuse(stream);
    assert_true(fer_socket_as_raw(fer_stream_as_socket(stream)) == fer_socket_as_raw(socket));
    fer_socket_close(socket);
    assert_ok(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    assert_ok(fer_socket_listen(socket, 1));
    assert_misuse(stream);
}

/* ---- Accepts of a fer_socket */

static void assert_accepted(const struct listening *listener, fer_socket *accepted,
                            const fer_socket_addr *peer, peer_socket other)
{
    static const fer_socket_addr none;
    fer_domain domain = FER_DOMAIN_IPV4;
    fer_socket_addr addr;
    fer_unix_addr name;
    bool listens = true;
    fer_duration timeout = {1};
    assert_ok(fer_socket_domain(accepted, &domain));
    assert_int_equal(domain, domain_of_kind(listener->kind));
    assert_ok(fer_socket_is_listening(accepted, &listens));
    assert_false(listens);
    if (is_unix(listener->kind)) {
        assert_memory_equal(peer, &none, sizeof none);
        assert_ok(fer_socket_peer_addr_unix(accepted, &name));
        assert_unnamed(&name);
    } else {
        assert_ok(fer_socket_peer_addr(accepted, &addr));
        assert_true(is_same_addr(peer, &addr));
        assert_int_equal(peer->port, peer_local_port(other));
    }
    /* T6: "An accepted stream starts in blocking mode and without timeouts." */
    assert_ok(fer_socket_read_timeout(accepted, &timeout));
    assert_true(timeout.nanos == FER_DURATION_NONE_NANOS);
    assert_transfers(fer_socket_as_stream(accepted), other);
}

LISTENING_TEST("L3/T6", a_listener_of_either_family_accepts_sockets)
{
    fer_socket *accepted = test_socket();
    for (int tries = 0; tries < 2; tries++) {
        fer_socket_addr peer;
        memset(&peer, DIRT, sizeof peer);
        peer_socket other = connect_to(&listener);
        assert_ok(tries ? fer_socket_try_accept(listener.socket, accepted, &peer)
                        : fer_socket_accept(listener.socket, accepted, &peer));
        assert_accepted(&listener, accepted, &peer, other);
        fer_socket_close(accepted);
        assert_ok(fer_socket_set_read_timeout(listener.socket, fer_duration_from_secs(60)));
    }
    (void)connect_to(&listener);
    assert_ok(fer_socket_accept(listener.socket, accepted, NULL));
}

/* T2: "Nonblocking calls that would wait return WOULD_BLOCK, and so do the `_try_...` calls in
 * every mode." T6: "A listener's timeout is that of each accept." K1: "CANCELLED if the token is
 * cancelled". "A call that fails to open a handle leaves it NEW". */
LISTENING_TEST("T2/T6/K1", an_accept_waits_within_the_modes_timeouts_and_limits)
{
    fer_socket *accepted = test_socket();
    static const fer_socket fresh;
    fer_cancel_token token = {0};
    fer_socket_addr peer;
    soil(&peer, sizeof peer);
    assert_kind(fer_socket_try_accept(listener.socket, accepted, &peer), FER_WOULD_BLOCK);
    assert_ok(fer_socket_set_nonblocking(listener.socket, true));
    assert_kind(fer_socket_accept(listener.socket, accepted, &peer), FER_WOULD_BLOCK);
    assert_ok(fer_socket_set_nonblocking(listener.socket, false));
    assert_ok(fer_socket_set_read_timeout(listener.socket, millis(SHORT_MS)));
    assert_own_after(fer_socket_accept(listener.socket, accepted, &peer), FER_TIMED_OUT,
                     SHORT_MS * 1000);
    assert_ok(fer_socket_set_read_timeout(listener.socket, FER_DURATION_NONE));
    assert_ok(fer_cancel_token_new(&token));
    const fer_limits limits = {.deadline = fer_instant_after(millis(SHORT_MS)), .token = &token};
    assert_ok(fer_socket_set_limits(listener.socket, &limits));
    assert_own(fer_socket_accept(listener.socket, accepted, &peer), FER_TIMED_OUT);
    fer_cancel_token_cancel(&token);
    assert_own(fer_socket_accept(listener.socket, accepted, &peer), FER_CANCELLED);
    assert_true(is_soiled(&peer, sizeof peer));
    assert_memory_equal(&accepted->handle_.p_.state_, &fresh.handle_.p_.state_, 4);
    /* K1: "the `_try_...` calls ... make no check". K3: "accepted streams ... begin without." */
    peer_socket other = connect_to(&listener);
    assert_true(peer_raw_wait_readable(fer_socket_as_raw(listener.socket)));
    assert_ok(fer_socket_try_accept(listener.socket, accepted, &peer));
    assert_transfers(fer_socket_as_stream(accepted), other);
    assert_ok(fer_socket_set_limits(listener.socket, NULL));
    fer_cancel_token_close(&token);
}

/* A call that opens a handle: "If it is NULL or open, the call is MISUSE ... before any value is
 * checked". E4: "any other value out of range, is INVALID_INPUT". */
LISTENING_TEST("E4/R1", only_a_listener_accepts_and_its_socket_becomes_a_stream)
{
    fer_socket *accepted = test_socket();
    fer_socket *unconnected = test_new_socket(domain_of_kind(listener.kind), FER_TYPE_STREAM);
    fer_socket *datagram = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    struct stream_and_unix {
        fer_tcp_stream *tcp;
        fer_unix_stream *local;
    } streams = {test_stream(), test_unix_stream()};
    assert_own(fer_socket_accept(unconnected, accepted, NULL), FER_INVALID_INPUT);
    assert_own(fer_socket_try_accept(datagram, accepted, NULL), FER_INVALID_INPUT);
    assert_own(fer_socket_accept(unconnected, datagram, NULL), FER_MISUSE);
    assert_own(fer_socket_accept(listener.socket, listener.socket, NULL), FER_MISUSE);
    assert_own(fer_socket_accept(listener.socket, NULL, NULL), FER_MISUSE);
    peer_socket other = connect_to(&listener);
    assert_ok(fer_socket_accept(listener.socket, accepted, NULL));
    assert_own(fer_socket_accept(accepted, unconnected, NULL), FER_MISUSE);
    if (is_unix(listener.kind)) {
        assert_own(fer_socket_into_tcp_stream(accepted, streams.tcp), FER_INVALID_INPUT);
        assert_ok(fer_socket_into_unix_stream(accepted, streams.local));
        assert_unix_exchange(streams.local, other);
    } else {
        assert_own(fer_socket_into_unix_stream(accepted, streams.local), FER_INVALID_INPUT);
        assert_ok(fer_socket_into_tcp_stream(accepted, streams.tcp));
        assert_exchange(streams.tcp, other);
    }
}

/* A listener of another type is lent. */
FAMILY_LISTENER_TEST("L3", a_lent_listener_accepts_sockets_and_streams)
{
    fer_socket accepted = {0};
    peer_socket other = peer_connect(family, port);
    assert_ok(fer_socket_accept(fer_tcp_listener_as_socket(listener), &accepted, NULL));
    assert_transfers(fer_socket_as_stream(&accepted), other);
    fer_socket_close(&accepted);
    assert_accepts(listener, test_stream(), family, port);
}

/* ---- Borrowed sockets: R5: "close, close_gracefully and into_raw of the handle, or of what it was
 * turned into, leave it open in the mode and with the timeouts that were set. A clone owns." */

/* Releases the raw socket, which then belongs to the test. */
static fer_raw_socket raw_of(struct connected end)
{
    fer_raw_socket raw = fer_socket_into_raw(end.socket);
    peer_adopt(raw);
    return raw;
}

/* The socket was lent, and is none of a handle: it is open, and works. */
static void assert_kept(fer_raw_socket raw, peer_socket other)
{
    fer_socket *again = test_socket();
    assert_true(peer_is_open(raw));
    assert_ok(fer_socket_borrow_raw(again, raw));
    assert_transfers(fer_socket_as_stream(again), other);
    fer_socket_close(again);
}

CONNECTED_TEST("R5", a_borrowed_socket_is_left_open_by_every_end_of_its_handle)
{
    fer_raw_socket raw = raw_of(end);
    fer_tcp_stream *tcp = test_stream();
    fer_unix_stream *local = test_unix_stream();
    for (int way = 0; way < 3; way++) {
        fer_socket *socket = test_socket();
        assert_ok(fer_socket_borrow_raw(socket, raw));
        assert_true(fer_socket_as_raw(socket) == raw);
        assert_own(fer_socket_borrow_raw(socket, raw), FER_MISUSE);
        assert_transfers(fer_socket_as_stream(socket), end.other);
        if (way == 0) {
            fer_socket_close(socket);
        } else if (way == 1) {
            assert_true(fer_socket_into_raw(socket) == raw);
        } else if (is_unix(end.kind)) {
            assert_ok(fer_socket_into_unix_stream(socket, local));
            fer_unix_stream_close(local);
        } else {
            assert_ok(fer_socket_into_tcp_stream(socket, tcp));
            fer_tcp_stream_close(tcp);
        }
        assert_true(fer_socket_as_raw(socket) == FER_RAW_SOCKET_NONE);
        assert_kept(raw, end.other);
    }
}

/* The mode and the timeouts are those of the handle, and those of before if it has set none. */
CONNECTED_TEST("R5/T6", a_borrow_leaves_the_mode_and_the_timeouts_that_were_set)
{
    fer_raw_socket raw = raw_of(end);
    fer_socket *socket = test_socket();
    fer_duration timeout = FER_DURATION_NONE;
    unsigned got[2] = {0, 0};
    assert_true(peer_raw_set_nonblocking(raw, false) && peer_raw_set_timeouts(raw, 7000));
    assert_ok(fer_socket_borrow_raw(socket, raw));
    assert_ok(fer_socket_read_timeout(socket, &timeout));
    assert_in_range(timeout.nanos, UINT64_C(7000000000), UINT64_C(7020000000)); /* rounded up */
    fer_socket_close(socket);
    assert_true(peer_raw_timeouts(raw, &got[0], &got[1]));
    assert_true(got[0] >= 7000 && got[0] <= 7020 && got[1] == got[0]);
    assert_true(peer_is_windows() || !peer_raw_is_nonblocking(raw));
    assert_ok(fer_socket_borrow_raw(socket, raw));
    assert_ok(fer_socket_set_read_timeout(socket, fer_duration_from_secs(5)));
    assert_ok(fer_socket_set_nonblocking(socket, true));
    fer_socket_close(socket);
    assert_true(peer_raw_timeouts(raw, &got[0], &got[1]));
    assert_true(got[0] >= 5000 && got[0] <= 5020 && got[1] >= 7000 && got[1] <= 7020);
    assert_true(peer_is_windows() || peer_raw_is_nonblocking(raw));
    assert_true(peer_raw_set_nonblocking(raw, false));
    assert_kept(raw, end.other);
}

/* "A clone owns": it works without the borrowed socket, and closes its duplicate (R2: "the
 * connection ends with the last"). A shutdown acts on the socket (S3). */
CONNECTED_TEST("R5/R2/S3", a_clone_of_a_borrowed_socket_is_owned_and_a_shutdown_is_the_socket_s)
{
    fer_raw_socket raw = raw_of(end);
    fer_socket *socket = test_socket();
    fer_socket *clone = test_socket();
    char byte;
    size_t n = 0;
    assert_ok(fer_socket_borrow_raw(socket, raw));
    assert_ok(fer_socket_try_clone(socket, clone));
    fer_raw_socket copy = fer_socket_as_raw(clone);
    assert_true(copy != raw);
    fer_socket_close(socket);
    assert_transfers(fer_socket_as_stream(clone), end.other);
    fer_socket_close(clone);
    assert_false(peer_is_open(copy));
    assert_kept(raw, end.other);
    assert_ok(fer_socket_borrow_raw(socket, raw));
    assert_ok(fer_stream_shutdown(fer_socket_as_stream(socket), FER_SHUTDOWN_WRITE));
    fer_socket_close(socket);
    assert_true(peer_is_open(raw));
    assert_true(peer_recv_some(end.other, &byte, 1, &n) == PEER_END);
}

/* K11: "closes in every case", and the socket stays. */
SOCKET_FAMILY_STREAM_TEST("R5/K11", a_graceful_close_of_a_borrowed_stream_leaves_its_socket_open)
{
    struct connected end = connected_of((int)family);
    fer_raw_socket raw = raw_of(end);
    fer_socket *socket = test_socket();
    assert_ok(fer_socket_borrow_raw(socket, raw));
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    assert_true(peer_shutdown_write(end.other));
    assert_ok(fer_tcp_stream_close_gracefully(stream, fer_duration_from_secs(60)));
    assert_closed(stream);
    assert_true(peer_is_open(raw));
}

/* An accept within limits has made the listener of a blocking program nonblocking. */
LISTENING_TEST("R5/K7", a_borrowed_listener_accepts_and_is_blocking_again)
{
    fer_raw_socket raw = fer_socket_into_raw(listener.socket);
    fer_socket *socket = test_socket();
    fer_socket *accepted = test_socket();
    const fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(60))};
    peer_adopt(raw);
    assert_ok(fer_socket_borrow_raw(socket, raw));
    assert_ok(fer_socket_set_limits(socket, &limits));
    peer_socket other = connect_to(&listener);
    assert_ok(fer_socket_accept(socket, accepted, NULL));
    assert_transfers(fer_socket_as_stream(accepted), other);
    fer_raw_socket of_accepted = fer_socket_as_raw(accepted);
    fer_socket_close(accepted);
    assert_false(peer_is_open(of_accepted));
    fer_socket_close(socket);
    assert_true(peer_is_open(raw));
    assert_true(peer_is_windows() || !peer_raw_is_nonblocking(raw));
}

/* K2: "A cancel or the deadline ends a call that waits", also after the end of a borrow has made
 * the listener blocking: of a clone, of another borrow, and of a clone with a timeout. On Windows
 * two borrows of a SOCKET at a time have no such promise. */
LISTENING_TEST("R5/K2", an_accept_ends_though_a_borrow_of_its_listener_has_ended)
{
    fer_raw_socket raw = fer_socket_into_raw(listener.socket);
    peer_adopt(raw);
    for (int way = 0; way < 3; way += way == 0 && peer_core_waits() ? 2 : 1) {
        fer_socket *ended = test_socket();
        fer_socket *other = test_socket();
        fer_socket *accepted = test_socket();
        assert_ok(fer_socket_borrow_raw(ended, raw));
        assert_ok(way == 1 ? fer_socket_borrow_raw(other, raw)
                           : fer_socket_try_clone(ended, other));
        const fer_limits limits = {.deadline = fer_instant_after(millis(SHORT_MS))};
        for (int i = 0; i < 2; i++) {
            fer_socket *bounded = i == 0 ? ended : other;
            assert_ok(way == 2 ? fer_socket_set_read_timeout(bounded, millis(SHORT_MS))
                               : fer_socket_set_limits(bounded, &limits));
        }
        assert_own(fer_socket_accept(other, accepted, NULL), FER_TIMED_OUT);
        fer_socket_close(ended);
        const fer_limits later = {.deadline = fer_instant_after(millis(SHORT_MS))};
        assert_ok(fer_socket_set_limits(other, way == 2 ? NULL : &later));
        assert_own(fer_socket_accept(other, accepted, NULL), FER_TIMED_OUT);
        fer_socket_close(other);
        assert_true(peer_is_windows() || peer_raw_set_nonblocking(raw, false));
    }
}

/* Clones of a datagram socket call through one SOCKET on Windows: that of the clone, because the
 * program may close the other. U5 and L6 for them. */
SOCKET_FAMILY_TEST("R5/U1", clones_of_a_borrowed_datagram_socket_outlive_it)
{
    uint16_t port = 0;
    fer_socket *bound = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    fer_socket *socket = test_socket();
    fer_socket *clones[2] = {test_socket(), test_socket()};
    peer_socket other = peer_datagram(family, &port);
    const fer_socket_addr any = any_port(family);
    fer_udp_received got;
    char buf[8];
    size_t n = 0;
    assert_ok(fer_socket_bind(bound, &any));
    uint16_t own_port = local_addr_of(bound).port;
    fer_raw_socket raw = fer_socket_into_raw(bound);
    assert_ok(fer_socket_borrow_raw(socket, raw));
    assert_ok(fer_socket_try_clone(socket, clones[0]));
    assert_ok(fer_socket_try_clone(socket, clones[1]));
    fer_socket_close(socket);
    assert_true(peer_is_open(raw));
    assert_ok(fer_socket_from_raw(socket, raw));
    fer_socket_close(socket); /* the program closes it */
    for (int i = 0; i < 2; i++) {
        const fer_socket_addr to = loopback(family, port);
        assert_int_equal(local_addr_of(clones[i]).port, own_port);
        assert_ok_n(fer_socket_send_to(clones[i], "ab", 2, &to, &n), n, 2);
        assert_true(peer_datagram_send(other, family, own_port, "hello", 5));
        assert_ok(fer_socket_recv_from(clones[i], buf, 8, &got));
        assert_int_equal(got.len, 5);
        fer_socket_close(clones[i]);
    }
}

RULE_TESTS("socket_streams")
