/* socket_fixture.c: shared by the conformance tests of built sockets; see socket_fixture.h. */
#include "support/socket_fixture.h"

enum { PATIENCE_US = 20000000 };

TEST_POOL(fer_socket, test_socket, 32)

/* ---- Before and after a test */

int socket_test_begin(void **state)
{
    return unix_test_begin(state);
}

int socket_test_end(void **state)
{
    test_socket_close_all();
    return unix_test_end(state);
}

/* ---- Handles */

fer_socket *test_new_socket(fer_domain domain, fer_type type)
{
    fer_socket *socket = test_socket();
    assert_ok(fer_socket_new(socket, domain, type, FER_PROTOCOL_DEFAULT));
    return socket;
}

fer_domain domain_of(peer_family family)
{
    return family == PEER_V6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4;
}

fer_socket_addr any_port(peer_family family)
{
    return loopback(family, 0);
}

fer_socket_addr mapped_of(const fer_socket_addr *v4)
{
    fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(v4->ip.u.v4);
    return fer_socket_addr_v6_new(mapped, v4->port, 0, 0);
}

fer_socket_addr wildcard(peer_family family, uint16_t port)
{
    fer_ipv4_addr v4 = FER_IPV4_ADDR_UNSPECIFIED;
    fer_ipv6_addr v6 = FER_IPV6_ADDR_UNSPECIFIED;
    return family == PEER_V4 ? fer_socket_addr_v4_new(v4, port)
                             : fer_socket_addr_v6_new(v6, port, 0, 0);
}

fer_socket_addr local_addr_of(const fer_socket *socket)
{
    fer_socket_addr addr;
    assert_ok(fer_socket_local_addr(socket, &addr));
    return addr;
}

void udp_bind_wildcard(fer_udp_socket *socket, peer_family family)
{
    fer_socket_addr addr = wildcard(family, 0);
    fer_error error = fer_udp_socket_bind_addr(socket, &addr);
    if (family == PEER_V6 && !peer_has_dual_stack()) {
        fer_socket built = {0};
        assert_kind(error, FER_UNSUPPORTED);
        assert_ok(fer_socket_new(&built, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT));
        assert_ok(fer_socket_set_only_v6(&built, true));
        assert_ok(fer_socket_bind(&built, &addr));
        error = fer_socket_into_udp_socket(&built, socket);
    }
    assert_ok(error);
}

fer_socket *test_built_listener(peer_family family, uint16_t *port)
{
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_socket_addr addr = any_port(family);
    assert_ok(fer_socket_bind(socket, &addr));
    assert_ok(fer_socket_listen(socket, 16));
    *port = local_addr_of(socket).port;
    return socket;
}

/* ---- Connecting */

fer_socket_addr refusing_addr(peer_family family)
{
    uint16_t port = 0;
    assert_true(peer_refuse(family, &port));
    return loopback(family, port);
}

fer_socket_addr accepting_addr(peer_family family, peer_socket *listener)
{
    uint16_t port = 0;
    *listener = peer_listen(family, 8, &port);
    assert_true(*listener != PEER_NONE);
    return loopback(family, port);
}

struct pending_target pending_target(peer_family family)
{
    uint16_t port = 0;
    struct pending_target target = {family, peer_listen_kept(family, 1, &port),
                                    loopback(family, 0)};
    assert_true(target.listener != PEER_NONE);
    target.addr.port = port;
    skip_if(!peer_stop_answering(family, port),
            "this OS refuses where a backlog is full, so no connect can be made to wait");
    return target;
}

peer_socket pending_target_accept(const struct pending_target *target, uint16_t own_port)
{
    peer_resume_answering(target->family, target->addr.port);
    for (;;) {
        peer_socket other = peer_accept(target->listener);
        assert_true(other != PEER_NONE);
        if (peer_remote_port(other) == own_port) {
            return other;
        }
    }
}

void pending_target_refuse(const struct pending_target *target)
{
    peer_resume_answering(target->family, target->addr.port);
    peer_close(target->listener);
}

fer_error start_connect(fer_socket *socket, const fer_socket_addr *addr)
{
    assert_ok(fer_socket_set_nonblocking(socket, true));
    fer_error error = fer_socket_connect(socket, addr);
    assert_either(error, FER_WOULD_BLOCK, FER_OK);
    return error;
}

fer_socket *test_connecting(const struct pending_target *target)
{
    fer_socket *socket = test_new_socket(domain_of(target->family), FER_TYPE_STREAM);
    assert_ok(fer_socket_set_nonblocking(socket, true));
    assert_kind(fer_socket_connect(socket, &target->addr), FER_WOULD_BLOCK);
    return socket;
}

fer_error await_connect(fer_socket *socket)
{
    fer_error outcome = {FER_OTHER, 1};
    uint64_t start = peer_now_us();
    fer_error asked = fer_socket_take_error(socket, &outcome);
    while (asked.kind == FER_WOULD_BLOCK && microseconds_since(start) < PATIENCE_US) {
        peer_pause(1);
        asked = fer_socket_take_error(socket, &outcome);
    }
    assert_ok(asked);
    return outcome;
}

/* ---- The answers of a socket in each state */

void assert_empty(fer_socket *socket)
{
    fer_error outcome = {FER_OTHER, 1};
    fer_socket_addr addr = any_port(PEER_V4);
    fer_socket clone = {0};
    assert_true(fer_socket_as_raw(socket) == FER_RAW_SOCKET_NONE);
    assert_own(fer_socket_take_error(socket, &outcome), FER_MISUSE);
    assert_own(fer_socket_bind(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_connect(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_try_clone(socket, &clone), FER_MISUSE);
}

static void assert_cannot_begin(fer_socket *socket)
{
    fer_socket clone = {0};
    fer_unix_addr name = {0};
    fer_raw_socket raw = fer_socket_as_raw(socket);
    fer_socket_addr addr = local_addr_of(socket);
    assert_ok(fer_unix_addr_from_pathname(&name, "name"));
    assert_own(fer_socket_connect(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_connect_timeout(socket, &addr, millis(1000)), FER_MISUSE);
    assert_own(fer_socket_connect_unix(socket, &name), FER_INVALID_INPUT);
    assert_own(fer_socket_listen(socket, 1), FER_MISUSE);
    assert_own(fer_socket_try_clone(socket, &clone), FER_WOULD_BLOCK);
    assert_empty(&clone);
    assert_true(raw != FER_RAW_SOCKET_NONE && fer_socket_as_raw(socket) == raw &&
                peer_is_open(raw));
}

void assert_connecting(fer_socket *socket)
{
    fer_error outcome = {FER_OTHER, 1};
    fer_socket_addr peer = {.port = 77};
    assert_own(fer_socket_take_error(socket, &outcome), FER_WOULD_BLOCK);
    assert_true(outcome.kind == FER_OTHER && outcome.os_code == 1);
    assert_own(fer_socket_peer_addr(socket, &peer), FER_WOULD_BLOCK);
    assert_int_equal(peer.port, 77);
    assert_cannot_begin(socket);
}

/* Every call that transfers bytes on a stream returns this error, and transfers none. */
static void assert_moves_nothing(fer_tcp_stream *stream, fer_error_kind kind)
{
    char buf[8] = {0};
    size_t n = 77;
    for (int sort = 0; sort < READ_SORTS; sort++) {
        assert_own_n(read_by(sort, tcp_ref(stream), buf, sizeof buf, &n), kind, n, 0);
    }
    for (int sort = 0; sort < WRITE_SORTS; sort++) {
        assert_own_n(write_by(sort, tcp_ref(stream), buf, sizeof buf, &n), kind, n, 0);
    }
    assert_own(fer_tcp_stream_read(stream, buf, 0, NULL), kind);
    assert_own(fer_tcp_stream_write(stream, buf, 0, NULL), kind);
}

/* cloning: the result of try_clone. */
static void assert_stream_cannot_begin(fer_tcp_stream *stream, fer_error_kind cloning)
{
    fer_tcp_stream clone = {0};
    fer_socket_addr addr = loopback(PEER_V4, 9);
    fer_raw_socket raw = fer_tcp_stream_as_raw(stream);
    assert_own(fer_tcp_stream_connect_addr(stream, &addr), FER_MISUSE);
    assert_own(fer_tcp_stream_connect_timeout(stream, &addr, millis(1000)), FER_MISUSE);
    assert_own(fer_tcp_stream_try_clone(stream, &clone), cloning);
    assert_new(&clone);
    assert_true(raw != FER_RAW_SOCKET_NONE && fer_tcp_stream_as_raw(stream) == raw &&
                peer_is_open(raw));
}

void assert_stream_connecting(fer_tcp_stream *stream)
{
    assert_moves_nothing(stream, FER_WOULD_BLOCK);
    assert_own(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH), FER_NOT_CONNECTED);
    assert_stream_cannot_begin(stream, FER_WOULD_BLOCK);
    assert_connecting(fer_tcp_stream_as_socket(stream));
}

void assert_failed(fer_socket *socket, fer_error saved)
{
    fer_error outcome = {FER_OTHER, 1};
    fer_socket_addr addr = any_port(PEER_V4);
    fer_socket clone = {0};
    fer_raw_socket raw = fer_socket_as_raw(socket);
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_socket_take_error(socket, &outcome));
        assert_int_equal(outcome.kind, saved.kind);
        assert_int_equal(outcome.os_code, saved.os_code);
    }
    assert_own(fer_socket_connect(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_connect_timeout(socket, &addr, millis(1000)), FER_MISUSE);
    assert_own(fer_socket_bind(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_listen(socket, 1), FER_MISUSE);
    assert_own(fer_socket_peer_addr(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_local_addr(socket, &addr), FER_MISUSE);
    assert_own(fer_socket_set_nonblocking(socket, true), FER_MISUSE);
    assert_own(fer_socket_set_nodelay(socket, true), FER_MISUSE);
    assert_own(fer_socket_try_clone(socket, &clone), FER_MISUSE);
    assert_true(raw != FER_RAW_SOCKET_NONE && fer_socket_as_raw(socket) == raw &&
                peer_is_open(raw));
}

void assert_stream_failed(fer_tcp_stream *stream, fer_error saved)
{
    fer_socket_addr addr;
    assert_moves_nothing(stream, FER_MISUSE);
    assert_own(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH), FER_MISUSE);
    assert_own(fer_tcp_stream_peer_addr(stream, &addr), FER_MISUSE);
    assert_stream_cannot_begin(stream, FER_MISUSE);
    assert_failed(fer_tcp_stream_as_socket(stream), saved);
}
