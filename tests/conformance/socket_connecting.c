/* socket_connecting.c: rules C1, C2, C4, C5 and L4 for built sockets: the results of their
 * connects, and the state after a failure; connects of a stream that are only started; and the
 * answers of a stream with a pending connect, before and after its end, and of one that was never
 * connected. For the connects of a stream: connecting.c. */
#include "conformance/datagram_check.h"
#include "support/process.h"
#include "support/socket_fixture.h"

enum { REFUSED_WITHIN_US = 1500000 };

/* ---- C1 */

/* C1: a blocking connect ends connected, and keeps the socket's options and its binding.
 * C5: a write timeout does not end it: only connect_timeout limits it (Linux: socket(7),
 * SO_SNDTIMEO). */
SOCKET_FAMILY_STREAM_TEST("C1", a_blocking_connect_ends_connected)
{
    peer_socket listener;
    fer_socket_addr to = accepting_addr(family, &listener);
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_socket_addr from = any_port(family);
    fer_socket_addr peer;
    bool nodelay = false;
    assert_ok(fer_socket_set_nodelay(socket, true));
    assert_ok(fer_socket_set_write_timeout(socket, millis(1)));
    assert_ok(fer_socket_bind(socket, &from));
    from = local_addr_of(socket);
    assert_ok(fer_socket_connect(socket, &to));
    assert_ok(fer_socket_set_write_timeout(socket, FER_DURATION_NONE));
    assert_ok(fer_socket_peer_addr(socket, &peer));
    assert_true(fer_socket_addr_eq(&peer, &to));
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    peer_socket other = peer_accept(listener);
    assert_exchange(stream, other);
    assert_int_equal(peer_remote_port(other), from.port);
    assert_ok(fer_tcp_stream_nodelay(stream, &nodelay));
    assert_true(nodelay);
}

/* ---- C2 */

/* C2: "A port without a listener is CONNECTION_REFUSED", by every connect function; "port 0 is one,
 * with os_code 0, immediately". C5: each leaves CONNECT_FAILED. C1: connect_timeout restores the
 * mode after a failure, too. */
SOCKET_FAMILY_TEST("C2", a_refused_connect_is_connection_refused_and_leaves_connect_failed)
{
    fer_socket_addr addrs[2] = {refusing_addr(family), any_port(family)};
    for (int i = 0; i < 6; i++) {
        const fer_socket_addr *to = &addrs[i / 3];
        int how = i % 3;
        fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
        uint64_t start_us = peer_now_us();
        assert_ok(fer_socket_set_nonblocking(socket, how == 2));
        fer_error error = how == 1 ? fer_socket_connect_timeout(socket, to, millis(9000))
                                   : fer_socket_connect(socket, to);
        if (how == 2 && error.kind == FER_WOULD_BLOCK && i < 3) {
            error = await_connect(socket);
        }
        assert_kind(error, FER_CONNECTION_REFUSED);
        assert_true(error.os_code == (i < 3 ? process_code_refused() : 0) ||
                    (peer_is_windows() && error.os_code == 0));
        assert_true(microseconds_since(start_us) < REFUSED_WITHIN_US);
        if (!peer_core_waits()) {
            assert_int_equal(peer_raw_is_nonblocking(fer_socket_as_raw(socket)), how == 2);
        }
        assert_failed(socket, error);
    }
}

/* C2: "An expired connect_timeout is TIMED_OUT", with os_code 0; C5: "A connect or connect_timeout
 * of a built socket that fails or expires leaves the same state on every system." */
SOCKET_TEST("C2", expiry_of_connect_timeout_leaves_connect_failed)
{
    static const uint64_t limits_us[] = {0, 1000, 120000};
    struct pending_target target = pending_target(PEER_V4);
    for (size_t i = 0; i < 3; i++) {
        fer_duration limit = {limits_us[i] == 0 ? 1 : limits_us[i] * 1000};
        fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
        assert_ok(fer_socket_set_nonblocking(socket, i == 1));
        uint64_t start_us = peer_now_us();
        fer_error error = fer_socket_connect_timeout(socket, &target.addr, limit);
        uint64_t took = microseconds_since(start_us);
        assert_own(error, FER_TIMED_OUT);
        assert_true(took + NOT_SOONER_SLACK_US >= limits_us[i] && took < 8000000);
        assert_failed(socket, error);
        fer_tcp_stream *stream = test_stream();
        assert_ok(fer_socket_into_tcp_stream(socket, stream));
        assert_stream_failed(stream, error);
        fer_raw_socket raw = fer_tcp_stream_into_raw(stream);
        assert_closed(stream);
        assert_true(peer_is_open(raw));
        peer_adopt(raw);
    }
}

/* The program may have set the mode of the raw socket. */
SOCKET_TEST("T6", a_connect_does_not_wait_if_the_raw_socket_is_nonblocking)
{
    skip_if(peer_core_waits(), "the mode of a socket is not asked: core waits");
    struct pending_target target = pending_target(PEER_V4);
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    assert_true(peer_raw_set_nonblocking(fer_socket_as_raw(socket), true));
    assert_kind(fer_socket_connect(socket, &target.addr), FER_WOULD_BLOCK);
}

SOCKET_FAMILY_STREAM_TEST("C4", an_address_of_another_family_begins_nothing)
{
    peer_socket listener;
    fer_socket_addr to = accepting_addr(family, &listener);
    fer_socket_addr other = any_port(family == PEER_V4 ? PEER_V6 : PEER_V4);
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    other.port = to.port;
    assert_own(fer_socket_connect(socket, &other), FER_INVALID_INPUT);
    assert_own(fer_socket_connect_timeout(socket, &other, millis(9000)), FER_INVALID_INPUT);
    assert_ok(fer_socket_connect_timeout(socket, &to, FER_DURATION_NONE));
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    assert_exchange(stream, peer_accept(listener));
}

/* ---- C5: Unix streams */

static fer_unix_addr name_of(const char *path)
{
    fer_unix_addr addr = {0};
    assert_ok(fer_unix_addr_from_pathname(&addr, path));
    return addr;
}

SOCKET_TEST("C5", a_unix_connect_ends_connected)
{
    skip_without_unix_streams();
    const char *path = unix_peer_path("built");
    const char *own_path = unix_peer_path("own");
    peer_socket listener = unix_peer_listen(path, 4);
    fer_socket *socket = test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_unix_stream *stream = test_unix_stream();
    fer_unix_addr to = name_of(path);
    fer_unix_addr own = name_of(own_path);
    assert_ok(fer_socket_bind_unix(socket, &own));
    assert_ok(fer_socket_connect_unix(socket, &to));
    assert_own(fer_socket_connect_unix(socket, &to), FER_MISUSE);
    assert_ok(fer_socket_into_unix_stream(socket, stream));
    assert_unix_exchange(stream, peer_accept(listener));
    assert_ok(fer_unix_stream_local_addr(stream, &own));
    assert_path(&own, own_path);
}

SOCKET_TEST("C5", a_unix_connect_that_fails_leaves_connect_failed)
{
    skip_without_unix_streams();
    fer_socket *socket = test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_unix_addr to = name_of(unix_peer_path("missing"));
    fer_error error = fer_socket_connect_unix(socket, &to);
    assert_true(error.kind != FER_OK && error.kind != FER_WOULD_BLOCK);
    assert_failed(socket, error);
    assert_own(fer_socket_connect_unix(socket, &to), FER_MISUSE);
}

/* In nonblocking mode a full queue is FER_RESOURCE_BUSY: "no connect is pending, and the call can
 * be repeated". */
SOCKET_TEST("C5", a_unix_connect_to_a_full_queue_can_be_made_again)
{
    skip_without_unix_streams();
    const char *path = unix_peer_path("full");
    peer_socket listener = unix_peer_listen(path, 1);
    fer_unix_addr to = name_of(path);
    fer_unix_stream *stream = test_unix_stream();
    fer_error error = {FER_OK, 0};
    fer_error outcome = {FER_OTHER, 1};
    fer_socket *socket = NULL;
    int queued = -1;
    for (int i = 0; i < 16 && error.kind == FER_OK; i++) {
        socket = test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
        assert_ok(fer_socket_set_nonblocking(socket, true));
        error = fer_socket_connect_unix(socket, &to);
        queued++;
    }
    if (error.kind == FER_CONNECTION_REFUSED) {
        assert_failed(socket, error);
        skip_because("this OS refuses if a Unix listener's queue is full");
    }
    assert_kind(error, FER_RESOURCE_BUSY);
    assert_kind(fer_socket_connect_unix(socket, &to), FER_RESOURCE_BUSY);
    assert_kind(fer_unix_stream_connect_start(stream, &to), FER_RESOURCE_BUSY);
    assert_ok(fer_socket_take_error(socket, &outcome));
    assert_ok(outcome);
    assert_ok(fer_socket_set_nonblocking(socket, false));
    assert_ok(fer_socket_set_write_timeout(socket, millis(20)));
    assert_own(fer_socket_connect_unix(socket, &to), FER_TIMED_OUT);
    outcome = (fer_error){FER_OTHER, 1};
    assert_ok(fer_socket_take_error(socket, &outcome));
    assert_ok(outcome);
    for (; queued > 0; queued--) {
        assert_true(peer_accept(listener) != PEER_NONE);
    }
    assert_ok(fer_socket_connect_unix(socket, &to));
    assert_ok(fer_socket_into_unix_stream(socket, stream));
    assert_unix_exchange(stream, peer_accept(listener));
}

/* A datagram socket receives it. */
SOCKET_TEST("L4", each_wildcard_on_a_port_accepts_its_own_ip_version)
{
    skip_without_dual_stack();
    for (int i = 0; i < 4; i++) {
        fer_type type = i / 2 == 0 ? FER_TYPE_DGRAM : FER_TYPE_STREAM;
        fer_tcp_listener *listeners[2] = {test_listener(), test_listener()};
        fer_socket *sockets[2];
        uint16_t port = 0;
        for (int k = 0; k < 2; k++) {
            peer_family family = (i + k) % 2 == 0 ? PEER_V4 : PEER_V6;
            fer_socket *socket = test_new_socket(domain_of(family), type);
            fer_socket_addr addr = wildcard(family, port);
            fer_error shares = type == FER_TYPE_DGRAM ? fer_socket_set_reuse_address(socket, true)
                                                      : fer_socket_set_reuse_port(socket, true);
            skip_if(shares.kind == FER_UNSUPPORTED, "this OS has no SO_REUSEPORT");
            assert_ok(shares);
            assert_ok(fer_socket_bind(socket, &addr));
            port = local_addr_of(socket).port;
            assert_int_not_equal(port, 0);
            if (type == FER_TYPE_STREAM) {
                assert_ok(fer_socket_listen(socket, 16));
                assert_ok(fer_socket_into_tcp_listener(socket, listeners[family]));
            }
            sockets[family] = socket;
        }
        for (int k = 0; k < 4; k++) {
            peer_family family = k % 2 == 0 ? PEER_V4 : PEER_V6;
            uint16_t from = 0;
            if (type == FER_TYPE_STREAM) {
                assert_accepts(listeners[family], test_stream(), family, port);
                continue;
            }
            peer_socket sender = peer_datagram(family, &from);
            assert_true(peer_datagram_send(sender, family, port, "its own", 7));
            assert_built_receives(sockets[family], "its own", family, from);
        }
    }
}

/* ---- Pending connects */

enum { LIMIT_US = 20000000 };

/* The calls on a stream that query a pending connect. */
enum { BY_READ, BY_PEEK, BY_WRITE, BY_PEER_ADDR, BY_TAKE_ERROR, QUERIES };

static fer_error query(fer_tcp_stream *stream, int query_kind)
{
    char byte = 'x';
    fer_socket_addr addr;
    fer_error outcome = {FER_OK, 0};
    switch (query_kind) {
    case BY_READ: return fer_tcp_stream_read(stream, &byte, 1, NULL);
    case BY_PEEK: return fer_tcp_stream_peek(stream, &byte, 1, NULL);
    case BY_WRITE: return fer_tcp_stream_write(stream, &byte, 1, NULL);
    case BY_PEER_ADDR: return fer_tcp_stream_peer_addr(stream, &addr);
    default: FER_TRY(fer_tcp_stream_take_error(stream, &outcome)); return outcome;
    }
}

/* Repeats a call until it is not WOULD_BLOCK. */
static fer_error query_until_done(fer_tcp_stream *stream, int query_kind)
{
    uint64_t start = peer_now_us();
    fer_error error = query(stream, query_kind);
    while (error.kind == FER_WOULD_BLOCK && microseconds_since(start) < LIMIT_US) {
        peer_pause(1);
        error = query(stream, query_kind);
    }
    return error;
}

/* ---- C5: "only start the connect" */

/* C5: "each call first queries the system for its result, and is WOULD_BLOCK if there is none". "A
 * second connect is MISUSE." */
SOCKET_FAMILY_STREAM_TEST("C5", a_started_connect_would_block_until_it_has_ended)
{
    struct pending_target target = pending_target(family);
    fer_socket *socket = test_connecting(&target);
    fer_raw_socket raw = fer_socket_as_raw(socket);
    fer_socket_addr peer;
    assert_connecting(socket);
    assert_ok(fer_socket_set_nonblocking(socket, false));
    assert_connecting(socket);
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    assert_empty(socket);
    assert_true(fer_tcp_stream_as_raw(stream) == raw);
    assert_stream_connecting(stream);
    socket = fer_tcp_stream_as_socket(stream);
    assert_ok(fer_socket_set_nonblocking(socket, true));
    assert_connecting(socket);
    (void)pending_target_accept(&target, local_addr_of(socket).port);
    assert_ok(await_connect(socket));
    assert_ok(await_connect(socket));
    assert_ok(fer_socket_peer_addr(socket, &peer));
    assert_true(fer_socket_addr_eq(&peer, &target.addr));
    assert_own(fer_socket_connect(socket, &target.addr), FER_MISUSE);
}

/* "connected -> goes on": any of these calls can be the first one to detect it. */
SOCKET_TEST("C5", a_connect_that_succeeded_is_reported_to_the_first_call_that_queries)
{
    for (int query_kind = 0; query_kind < QUERIES; query_kind++) {
        peer_socket listener;
        fer_socket_addr to = accepting_addr(PEER_V4, &listener);
        fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
        fer_tcp_stream *stream = test_stream();
        (void)start_connect(socket, &to);
        assert_ok(fer_socket_into_tcp_stream(socket, stream));
        peer_socket other = peer_accept(listener);
        assert_true(peer_send_all(other, "yz", 2));
        assert_ok(query_until_done(stream, query_kind));
        assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
        char got[2];
        size_t n = 0;
        assert_ok(fer_tcp_stream_read_exact(stream, got, query_kind == BY_READ ? 1 : 2, &n));
        assert_int_equal(got[n - 1], 'z');
        assert_true(query_kind != BY_WRITE || peer_recv_exact(other, got, 1));
        assert_exchange(stream, other);
        assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
        assert_reads_end(stream);
    }
}

/* "failed -> CONNECT_FAILED with the reason": the call that detects the failure returns it; "there
 * take_error repeats the reason and all else is MISUSE"; "CONNECT_FAILED keeps its OS socket
 * until close". */
SOCKET_TEST("C5", a_connect_that_failed_is_reported_by_whichever_call_queries_first)
{
    for (int query_kind = 0; query_kind < QUERIES; query_kind++) {
        fer_socket_addr to = refusing_addr(PEER_V4);
        fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
        fer_tcp_stream *stream = test_stream();
        fer_raw_socket raw = fer_socket_as_raw(socket);
        assert_ok(fer_socket_set_nonblocking(socket, true));
        fer_error started = fer_socket_connect(socket, &to);
        skip_if(started.kind == FER_CONNECTION_REFUSED,
                "this OS refuses within a nonblocking connect");
        assert_kind(started, FER_WOULD_BLOCK);
        assert_ok(fer_socket_into_tcp_stream(socket, stream));
        fer_error saved = query_until_done(stream, query_kind);
        assert_kind(saved, FER_CONNECTION_REFUSED);
        assert_stream_failed(stream, saved);
        assert_true(fer_tcp_stream_as_raw(stream) == raw);
        fer_tcp_stream_close(stream);
        assert_false(peer_is_open(raw));
    }
}

/* The raw socket of a connect that another program could have started. A stream's from_raw refuses
 * it, and leaves it to its owner. */
static fer_raw_socket pending_raw(const struct pending_target *target, uint16_t *own_port)
{
    fer_socket *socket = test_connecting(target);
    fer_tcp_stream *stream = test_stream();
    *own_port = local_addr_of(socket).port;
    fer_raw_socket raw = fer_socket_into_raw(socket);
    assert_kind(fer_tcp_stream_from_raw(stream, raw), FER_INVALID_INPUT);
    assert_new(stream);
    assert_true(peer_is_open(raw));
    if (peer_hides_pending_connect(raw)) {
        peer_adopt(raw);
        skip_because("Wine 8 and POSIX do not report that a connect is pending");
    }
    return raw;
}

/* "from_raw takes ownership of a socket after it has queried its type and state": a pending connect
 * continues, and its result is reported as rule C5 states. */
SOCKET_FAMILY_STREAM_TEST("R1", a_pending_connect_that_is_adopted_continues)
{
    for (int refused = 0; refused < 2; refused++) {
        struct pending_target target = pending_target(family);
        fer_socket *socket = test_socket();
        uint16_t own_port = 0;
        assert_ok(fer_socket_from_raw(socket, pending_raw(&target, &own_port)));
        assert_connecting(socket);
        if (refused) {
            pending_target_refuse(&target);
            fer_error outcome = await_connect(socket);
            assert_kind(outcome, FER_CONNECTION_REFUSED);
            assert_failed(socket, outcome);
        } else {
            peer_socket other = pending_target_accept(&target, own_port);
            assert_ok(await_connect(socket));
            assert_ok(fer_socket_set_nonblocking(socket, false));
            assert_ok(fer_socket_into_tcp_stream(socket, stream));
            assert_exchange(stream, other);
        }
    }
}

/* ---- C5: a stream that was never connected */

/* E4: "Reading, writing, shutting down ... of a stream that was never connected are NOT_CONNECTED",
 * for handles of both types. */
SOCKET_FAMILY_STREAM_TEST("C5", a_stream_that_was_never_connected_is_not_connected)
{
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_tcp_stream *clone = test_stream();
    fer_socket_addr addr;
    fer_error outcome = {FER_OTHER, 1};
    char byte = 'x';
    fer_interest ready = 77;
    assert_own(fer_socket_peer_addr(socket, &addr), FER_NOT_CONNECTED);
    assert_own(fer_socket_ready(socket, FER_READABLE, FER_DURATION_NONE, &ready),
               FER_NOT_CONNECTED);
    assert_ok(fer_socket_take_error(socket, &outcome));
    assert_ok(outcome);
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    assert_own(fer_tcp_stream_ready(stream, FER_WRITABLE, FER_DURATION_NONE, &ready),
               FER_NOT_CONNECTED);
    assert_int_equal(ready, 77);
    assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_NOT_CONNECTED);
    assert_own(fer_tcp_stream_peek(stream, &byte, 1, NULL), FER_NOT_CONNECTED);
    assert_own(fer_tcp_stream_write(stream, &byte, 1, NULL), FER_NOT_CONNECTED);
    assert_own(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH), FER_NOT_CONNECTED);
    assert_own(fer_tcp_stream_peer_addr(stream, &addr), FER_NOT_CONNECTED);
    addr = loopback(family, 9);
    assert_own(fer_tcp_stream_connect_addr(stream, &addr), FER_MISUSE);
    assert_own(fer_tcp_stream_try_clone(stream, clone), FER_MISUSE);
    assert_new(clone);
    assert_ok(fer_tcp_stream_take_error(stream, &outcome));
    assert_ok(outcome);
}

/* R2: an unconnected stream cannot be cloned, because the clone would not record that the other
 * handle was connected. */
SOCKET_TEST("R2", a_stream_is_cloned_once_it_is_connected)
{
    peer_socket listener;
    fer_socket_addr to = accepting_addr(PEER_V4, &listener);
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_socket *clone = test_socket();
    fer_tcp_stream *streams[2] = {test_stream(), test_stream()};
    assert_own(fer_socket_try_clone(socket, clone), FER_MISUSE);
    assert_ok(fer_socket_connect(socket, &to));
    assert_ok(fer_socket_try_clone(socket, clone));
    assert_ok(fer_socket_into_tcp_stream(socket, streams[0]));
    assert_ok(fer_socket_into_tcp_stream(clone, streams[1]));
    fer_tcp_stream_close(streams[1]);
    assert_exchange(streams[0], peer_accept(listener));
}

/* ---- Connects that are only started */

static fer_error connect_outcome(fer_tcp_stream *stream)
{
    fer_interest ready = 0;
    fer_error outcome = {FER_OK, 0};
    assert_ok_n(fer_tcp_stream_ready(stream, FER_WRITABLE, FER_DURATION_NONE, &ready), ready,
                FER_WRITABLE);
    assert_ok(fer_tcp_stream_take_error(stream, &outcome));
    return outcome;
}

/* C5: "each call first queries the system for its result, and is WOULD_BLOCK if there is none". "A
 * second connect is MISUSE." */
SOCKET_FAMILY_STREAM_TEST("C5", a_started_stream_would_block_until_its_connect_has_ended)
{
    struct pending_target target = pending_target(family);
    fer_socket_addr own;
    fer_interest ready = 77;
    char byte;
    assert_ok(fer_tcp_stream_connect_start(stream, &target.addr));
    assert_stream_connecting(stream);
    assert_own(fer_tcp_stream_connect_start(stream, &target.addr), FER_MISUSE);
    assert_ok_n(fer_tcp_stream_ready(stream, FER_READABLE | FER_WRITABLE, millis(SHORT_MS), &ready),
                ready, 0);
    assert_ok(fer_tcp_stream_local_addr(stream, &own));
    peer_socket other = pending_target_accept(&target, own.port);
    assert_ok(connect_outcome(stream));
    assert_kind(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    assert_exchange(stream, other);
}

/* C5: "the first call that detects it returns the cause". If the OS refuses within the call, the
 * call returns the error and the handle is NEW (C4). A closed handle can start a connect again
 * (C6). */
SOCKET_FAMILY_STREAM_TEST("C5", a_started_connect_that_is_refused_reports_the_refusal)
{
    fer_socket_addr to = refusing_addr(family);
    peer_socket listener;
    fer_socket_addr good = accepting_addr(family, &listener);
    fer_error error = fer_tcp_stream_connect_start(stream, &to);
    if (error.kind == FER_OK) {
        fer_error saved = connect_outcome(stream);
        assert_kind(saved, FER_CONNECTION_REFUSED);
        assert_stream_failed(stream, saved);
        assert_own(fer_tcp_stream_connect_start(stream, &good), FER_MISUSE);
        fer_tcp_stream_close(stream);
    } else {
        assert_kind(error, FER_CONNECTION_REFUSED);
        assert_new(stream);
    }
    assert_ok(fer_tcp_stream_connect_start(stream, &good));
    assert_ok(connect_outcome(stream));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    assert_exchange(stream, peer_accept(listener));
}

/* ---- S5: a connection that was reset before the first call is still a connection */

static fer_tcp_stream *connected_and_reset(void)
{
    peer_socket listener;
    fer_socket_addr to = accepting_addr(PEER_V4, &listener);
    fer_tcp_stream *stream = test_stream();
    assert_ok(fer_tcp_stream_connect_start(stream, &to));
    peer_socket other = peer_accept(listener);
    assert_true(peer_send_all(other, "bye", 3));
    peer_reset(other);
    assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(stream)));
    return stream;
}

/* "Input that had arrived before is still read where the system kept it; then comes the error
 * again." */
static void assert_read_to_reset(fer_tcp_stream *stream)
{
    char bytes[8];
    size_t n = 0;
    fer_error error = fer_tcp_stream_read(stream, bytes, sizeof bytes, &n);
    if (error.kind == FER_OK) {
        assert_int_equal(n, 3);
        assert_memory_equal(bytes, "bye", 3);
        error = fer_tcp_stream_read(stream, bytes, sizeof bytes, &n);
    }
    assert_kind(error, FER_CONNECTION_RESET);
    assert_kind(fer_tcp_stream_read(stream, bytes, sizeof bytes, &n), FER_CONNECTION_RESET);
}

/* As for every stream, take_error returns a reset once, and the reset stays with the handle. */
SOCKET_TEST("S5", a_started_connection_that_was_reset_is_read_to_the_reset)
{
    for (int takes = 0; takes < 2; takes++) {
        fer_tcp_stream *stream = connected_and_reset();
        fer_socket_addr addr;
        fer_error outcome = {FER_OK, 0};
        if (takes) {
            assert_ok(fer_tcp_stream_take_error(stream, &outcome));
            assert_kind(outcome, FER_CONNECTION_RESET);
            assert_ok(fer_tcp_stream_take_error(stream, &outcome));
            assert_ok(outcome);
        }
        assert_read_to_reset(stream);
        assert_kind(fer_tcp_stream_write(stream, "x", 1, NULL), FER_CONNECTION_RESET);
        assert_ended_name(fer_tcp_stream_local_addr(stream, &addr));
        assert_own(fer_tcp_stream_peer_addr(stream, &addr), FER_NOT_CONNECTED);
        assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH));
    }
}

RULE_TESTS("socket_connecting")
