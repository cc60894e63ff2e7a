/* socket_connecting.c: rules C1, C2, C4, C5 and L4 for built sockets: the results of their
 * connects, and the state after a failure. For calls during a pending connect: socket_pending.c.
 * For the connects of a stream: connecting.c. */
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
        if (!peer_is_windows()) {
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

RULE_TESTS("socket_connecting")
