/* socket_conversion.c: rule R1 for built sockets: a conversion into the handle of their
 * type, and into no other, keeps all settings and all that the handle has detected. A handle of any
 * type, lent as a socket, has them too. */
#include "support/socket_fixture.h"

/* One empty handle of each type. */
struct handles {
    fer_tcp_stream *stream;
    fer_tcp_listener *listener;
    fer_udp_socket *udp;
    fer_unix_stream *unix_stream;
    fer_unix_listener *unix_listener;
    fer_unix_datagram *unix_datagram;
};
enum { HANDLE_TYPES = 6 };

static struct handles empty_handles(void)
{
    return (struct handles){test_stream(),      test_listener(),      test_udp(),
                            test_unix_stream(), test_unix_listener(), test_unix_datagram()};
}

static fer_error convert(fer_socket *socket, int type, const struct handles *into)
{
    switch (type) {
    case 0: return fer_socket_into_tcp_stream(socket, into->stream);
    case 1: return fer_socket_into_tcp_listener(socket, into->listener);
    case 2: return fer_socket_into_udp_socket(socket, into->udp);
    case 3: return fer_socket_into_unix_stream(socket, into->unix_stream);
    case 4: return fer_socket_into_unix_listener(socket, into->unix_listener);
    default: return fer_socket_into_unix_datagram(socket, into->unix_datagram);
    }
}

static fer_raw_socket raw_of(int type, const struct handles *of)
{
    const fer_raw_socket raws[HANDLE_TYPES] = {fer_tcp_stream_as_raw(of->stream),
                                               fer_tcp_listener_as_raw(of->listener),
                                               fer_udp_socket_as_raw(of->udp),
                                               fer_unix_stream_as_raw(of->unix_stream),
                                               fer_unix_listener_as_raw(of->unix_listener),
                                               fer_unix_datagram_as_raw(of->unix_datagram)};
    return raws[type];
}

/* A socket of that type's kind. */
static fer_socket *new_socket_of(int type)
{
    static const fer_type types[HANDLE_TYPES] = {FER_TYPE_STREAM, FER_TYPE_STREAM, FER_TYPE_DGRAM,
                                                 FER_TYPE_STREAM, FER_TYPE_STREAM, FER_TYPE_DGRAM};
    fer_socket *socket = test_new_socket(type < 3 ? FER_DOMAIN_IPV4 : FER_DOMAIN_UNIX, types[type]);
    fer_unix_addr name;
    if (type == 4) {
        assert_ok(fer_unix_addr_from_pathname(&name, unix_peer_path("made")));
        assert_ok(fer_socket_bind_unix(socket, &name));
    }
    if (type == 1 || type == 4) {
        assert_ok(fer_socket_listen(socket, 1));
    }
    return socket;
}

static int type_count(void)
{
    return !unix_peer_has_streams() ? 3 : unix_peer_has_datagrams() ? 6 : 5;
}

/* R1: what the socket is, as it was made. */
static void assert_describes(const fer_socket *socket, int type)
{
    static const int protocols[HANDLE_TYPES] = {
        FER_PROTOCOL_TCP, FER_PROTOCOL_TCP, FER_PROTOCOL_UDP, 0, 0, 0};
    fer_domain domain = (fer_domain)0;
    fer_type of_type = (fer_type)0;
    int protocol = -1;
    bool is_listening = type % 3 != 1;
    assert_ok_n(fer_socket_domain(socket, &domain), domain,
                type < 3 ? FER_DOMAIN_IPV4 : FER_DOMAIN_UNIX);
    assert_ok_n(fer_socket_type(socket, &of_type), of_type,
                type % 3 == 2 ? FER_TYPE_DGRAM : FER_TYPE_STREAM);
    assert_ok_n(fer_socket_protocol(socket, &protocol), protocol, protocols[type]);
    assert_ok_n(fer_socket_is_listening(socket, &is_listening), is_listening, type % 3 == 1);
}

/* The error of another kind of socket. The state of the handle precedes the kind (rule E4). */
static fer_error_kind refusal_of(int type, const struct handles *handles)
{
    return raw_of(type, handles) == FER_RAW_SOCKET_NONE ? FER_INVALID_INPUT : FER_MISUSE;
}

static fer_socket *lend(int type, const struct handles *of)
{
    switch (type) {
    case 0: return fer_tcp_stream_as_socket(of->stream);
    case 1: return fer_tcp_listener_as_socket(of->listener);
    case 2: return fer_udp_socket_as_socket(of->udp);
    case 3: return fer_unix_stream_as_socket(of->unix_stream);
    case 4: return fer_unix_listener_as_socket(of->unix_listener);
    default: return fer_unix_datagram_as_socket(of->unix_datagram);
    }
}

/* "another kind of socket" is INVALID_INPUT; "on failure nothing has changed". The handle is lent
 * as "the same handle, for the calls of this header". */
SOCKET_TEST("R1", a_socket_becomes_a_handle_of_its_own_type_alone_and_is_lent)
{
    struct handles handles = empty_handles();
    const struct handles none = {NULL, NULL, NULL, NULL, NULL, NULL};
    for (int type = 0; type < type_count(); type++) {
        fer_socket *socket = new_socket_of(type);
        fer_raw_socket raw = fer_socket_as_raw(socket);
        size_t size = 0;
        for (int is_lent = 0; is_lent < 2; is_lent++) {
            assert_describes(socket, type);
            assert_true(fer_socket_as_raw(socket) == raw && peer_is_open(raw));
            for (int other = 0; other < HANDLE_TYPES; other++) {
                if (other != type) {
                    fer_raw_socket other_raw = raw_of(other, &handles);
                    assert_own(convert(socket, other, &handles), refusal_of(other, &handles));
                    assert_true(raw_of(other, &handles) == other_raw);
                }
            }
            if (!is_lent) {
                assert_ok(convert(socket, type, &handles));
                assert_empty(socket);
                socket = lend(type, &handles);
                assert_true(raw_of(type, &handles) == raw);
            }
        }
        assert_ok(fer_socket_set_recv_buffer_size(socket, 16384));
        assert_ok(fer_socket_recv_buffer_size(socket, &size));
        assert_true(size >= 16384);
        assert_null(lend(type, &none));
    }
}

static struct pair *connected_pair(peer_family family)
{
    return pair_open_kind(family == PEER_V4 ? &test_pair_connected_v4 : &test_pair_connected_v6);
}

/* A stream of the library that is lent: "A call that needs a socket that is not open, or not
 * connected, fails as it does on every fer_socket". The connection stays. */
SOCKET_FAMILY_TEST("R1", a_stream_of_the_librarys_own_is_lent_and_stays_open)
{
    struct pair *pair = connected_pair(family);
    fer_socket *socket = fer_tcp_stream_as_socket(&pair->stream);
    fer_socket_addr peer;
    bool nodelay = false;
    assert_ok(fer_socket_peer_addr(socket, &peer));
    assert_int_equal(peer.port, peer_local_port(pair->other));
    assert_ok(fer_socket_set_nodelay(socket, true));
    assert_kind(fer_socket_bind(socket, &peer), FER_INVALID_INPUT);
    assert_own(fer_socket_connect(socket, &peer), FER_MISUSE);
    assert_own(fer_socket_listen(socket, 1), FER_MISUSE);
    assert_ok(fer_tcp_stream_nodelay(&pair->stream, &nodelay));
    assert_true(nodelay);
    assert_alive(pair);
}

/* The end of one half is enough for OpenBSD to refuse the size of its buffer. */
SOCKET_FAMILY_TEST("O7", a_buffer_size_can_be_set_after_the_peers_end)
{
    struct pair *pair = connected_pair(family);
    fer_socket *socket = fer_tcp_stream_as_socket(&pair->stream);
    size_t n = 1;
    char byte;
    assert_true(peer_shutdown_write(pair->other));
    assert_ok_n(fer_tcp_stream_read(&pair->stream, &byte, 1, &n), n, 0);
    assert_ok(fer_socket_set_recv_buffer_size(socket, 65536));
    assert_ok(fer_socket_set_send_buffer_size(socket, 65536));
    assert_own(fer_socket_set_recv_buffer_size(socket, 0), FER_INVALID_INPUT);
}

SOCKET_FAMILY_TEST("S1", a_lent_stream_is_shut_down_and_a_listener_is_not)
{
    struct pair *pair = connected_pair(family);
    uint16_t port = 0;
    size_t n = 77;
    char byte;
    fer_socket *socket = fer_tcp_stream_as_socket(&pair->stream);
    assert_ok(fer_socket_shutdown(socket, FER_SHUTDOWN_BOTH));
    assert_own(fer_tcp_stream_write(&pair->stream, "x", 1, &n), FER_BROKEN_PIPE);
    assert_ok_n(fer_tcp_stream_read(&pair->stream, &byte, 1, &n), n, 0);
    fer_tcp_listener *listener = test_listening(pair->kind.family, &port);
    assert_own(fer_socket_shutdown(fer_tcp_listener_as_socket(listener), FER_SHUTDOWN_BOTH),
               FER_UNSUPPORTED);
    assert_accepts(listener, test_stream(), pair->kind.family, port);
    assert_own(fer_socket_shutdown(fer_tcp_stream_as_socket(test_stream()), FER_SHUTDOWN_BOTH),
               FER_MISUSE);
}

SOCKET_TEST("S5", a_conversion_keeps_the_reset_that_a_stream_has_detected)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_tcp_stream *again = test_stream();
    fer_socket *socket = fer_tcp_stream_as_socket(&pair->stream);
    fer_socket_addr peer;
    fer_error outcome = {FER_OTHER, 1};
    char byte;
    pair_reset(pair);
    fer_error saved = fer_tcp_stream_read(&pair->stream, &byte, 1, NULL);
    assert_kind(saved, FER_CONNECTION_RESET);
    assert_own(fer_socket_peer_addr(socket, &peer), FER_NOT_CONNECTED);
    assert_ok(fer_socket_take_error(socket, &outcome));
    assert_ok(fer_socket_into_tcp_stream(socket, again));
    assert_closed(&pair->stream);
    fer_error kept = fer_tcp_stream_read(again, &byte, 1, NULL);
    assert_true(kept.kind == saved.kind && kept.os_code == saved.os_code);
}

SOCKET_FAMILY_STREAM_TEST("R1", a_listener_of_the_librarys_own_is_lent_and_listens_on)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(family, &port);
    fer_socket *socket = fer_tcp_listener_as_socket(listener);
    fer_socket_addr addr = loopback(family, port);
    assert_own(fer_socket_into_tcp_stream(socket, stream), FER_INVALID_INPUT);
    assert_own(fer_socket_bind(socket, &addr), FER_INVALID_INPUT);
    assert_own(fer_socket_connect(socket, &addr), FER_MISUSE);
    assert_ok(fer_socket_listen(socket, 5));
    assert_accepts(listener, stream, family, port);
}

/* What a listener's handle stores of its options does not mix: its streams do not linger. */
SOCKET_FAMILY_STREAM_TEST("O2", a_listener_that_shares_its_port_accepts_streams_that_do_not_linger)
{
    uint16_t port = 0;
    fer_socket *socket = test_built_listener(family, &port);
    fer_tcp_listener *listener = test_listener();
    fer_duration linger = {0};
    skip_if(fer_socket_set_reuse_port(socket, true).kind == FER_UNSUPPORTED,
            "this OS has no SO_REUSEPORT");
    assert_ok(fer_socket_into_tcp_listener(socket, listener));
    (void)peer_connect(family, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_ok_n(fer_tcp_stream_linger(stream, &linger), linger.nanos, FER_DURATION_NONE.nanos);
}

SOCKET_TEST("R1", an_unbound_unix_datagram_socket_is_lent_and_bound)
{
    skip_without_unix_datagrams();
    fer_unix_datagram *datagram = test_unix_datagram();
    const char *path = unix_peer_path("late");
    fer_unix_addr name;
    assert_ok(fer_unix_addr_from_pathname(&name, path));
    assert_ok(fer_unix_datagram_unbound(datagram));
    fer_socket *socket = fer_unix_datagram_as_socket(datagram);
    assert_ok(fer_socket_bind_unix(socket, &name));
    assert_own(fer_socket_bind_unix(socket, &name), FER_INVALID_INPUT);
    assert_ok(fer_socket_local_addr_unix(socket, &name));
    assert_path(&name, path);
    fer_socket *of_ip = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_own(fer_socket_local_addr_unix(of_ip, &name), FER_UNSUPPORTED);
}

RULE_TESTS("socket_conversion")
