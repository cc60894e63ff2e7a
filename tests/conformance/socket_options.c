/* socket_options.c: rules O1 to O8 and T6 for built sockets: each option is set and read,
 * its range, the kinds of sockets that have it, and that it stays set in the handle that the socket
 * becomes. */
#include "support/socket_fixture.h"

/* Connects a socket, whose options were set before, and turns it into the stream. Returns the
 * peer. */
static peer_socket connect_stream(fer_socket *socket, peer_family family, fer_tcp_stream *stream)
{
    peer_socket listener;
    fer_socket_addr to = accepting_addr(family, &listener);
    assert_ok(fer_socket_connect(socket, &to));
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    return peer_accept(listener);
}

/* ---- Options stay set in the new handle */

/* T6: "Timeouts, the blocking mode and options belong to the socket": also those of the stream that
 * the socket becomes. */
SOCKET_FAMILY_STREAM_TEST("T6", options_are_kept_in_the_stream)
{
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    bool flag = false;
    uint32_t number = 0;
    fer_duration duration = {0};
    fer_tcp_keepalive keepalive = {true, {0}, {0}, 0};
    char byte;
    assert_ok(fer_socket_set_nodelay(socket, true));
    assert_ok(fer_socket_set_ttl(socket, 77));
    assert_ok(fer_socket_set_linger(socket, millis(1500)));
    assert_ok(fer_socket_set_keepalive(socket, &keepalive));
    assert_ok(fer_socket_set_read_timeout(socket, millis(40)));
    assert_ok(fer_socket_set_write_timeout(socket, millis(5000)));
    peer_socket other = connect_stream(socket, family, stream);
    assert_ok(fer_tcp_stream_nodelay(stream, &flag));
    assert_true(flag);
    assert_ok_n(fer_tcp_stream_ttl(stream, &number), number, 77);
    assert_int_equal(peer_raw_hops(fer_tcp_stream_as_raw(stream), family), 77);
    assert_ok_n(fer_tcp_stream_linger(stream, &duration), duration.nanos, UINT64_C(2000000000));
    assert_ok(fer_tcp_stream_keepalive(stream, &keepalive));
    assert_true(keepalive.enabled);
    assert_ok(fer_tcp_stream_write_timeout(stream, &duration));
    assert_in_range(duration.nanos, UINT64_C(5000000000), UINT64_C(5020000000));
    assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
    assert_ok(fer_tcp_stream_set_linger(stream, FER_DURATION_NONE));
    assert_ok(fer_tcp_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_exchange(stream, other);
}

/* T6: also the mode, and the options of a datagram socket. */
SOCKET_STREAM_TEST("T6", the_mode_is_kept_in_every_handle)
{
    uint16_t port = 0;
    fer_socket *listening = test_built_listener(PEER_V4, &port);
    fer_socket *datagrams = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    fer_tcp_listener *listener = test_listener();
    fer_udp_socket *udp = test_udp();
    fer_socket_addr addr = any_port(PEER_V4);
    fer_udp_received got;
    bool flag = true;
    uint32_t number = 0;
    fer_duration duration = {1};
    char byte;
    assert_ok(fer_socket_set_nonblocking(listening, true));
    assert_ok(fer_socket_into_tcp_listener(listening, listener));
    assert_kind(fer_tcp_listener_accept(listener, stream, NULL), FER_WOULD_BLOCK);
    assert_ok_n(fer_socket_broadcast(datagrams, &flag), flag, false);
    assert_ok(fer_socket_set_broadcast(datagrams, true));
    assert_ok(fer_socket_set_ttl(datagrams, 33));
    assert_ok_n(fer_socket_read_timeout(datagrams, &duration), duration.nanos,
                FER_DURATION_NONE_NANOS);
    assert_ok(fer_socket_set_write_timeout(datagrams, millis(3000)));
    assert_own(fer_socket_set_read_timeout(datagrams, millis(0)), FER_INVALID_INPUT);
    assert_own(fer_socket_set_write_timeout(datagrams, millis(0)), FER_INVALID_INPUT);
    assert_ok(fer_socket_set_nonblocking(datagrams, true));
    assert_ok(fer_socket_bind(datagrams, &addr));
    assert_kind(fer_socket_recv_from(datagrams, &byte, 1, &got), FER_WOULD_BLOCK);
    assert_ok(fer_socket_into_udp_socket(datagrams, udp));
    assert_ok_n(fer_udp_socket_broadcast(udp, &flag), flag, true);
    assert_ok_n(fer_udp_socket_ttl(udp, &number), number, 33);
    assert_ok(fer_udp_socket_write_timeout(udp, &duration));
    assert_in_range(duration.nanos, UINT64_C(3000000000), UINT64_C(3020000000));
    assert_kind(fer_udp_socket_recv(udp, &byte, 1, &got), FER_WOULD_BLOCK);
    assert_ok(fer_udp_socket_set_nonblocking(udp, false));
    assert_ok(fer_udp_socket_set_read_timeout(udp, millis(20)));
    assert_own(fer_udp_socket_recv(udp, &byte, 1, &got), FER_TIMED_OUT);
}

/* ---- O1 to O3 */

/* O1: "A time to live is 1 to 255, everything else is INVALID_INPUT; on an IPv6 socket it is the
 * unicast hop limit". */
SOCKET_FAMILY_TEST("O1", a_ttl_is_1_to_255)
{
    static const uint32_t bad[] = {0, 256, 0x80000000u, UINT32_MAX};
    static const uint32_t good[] = {1, 64, 255};
    static const fer_type types[] = {FER_TYPE_STREAM, FER_TYPE_DGRAM};
    for (size_t t = 0; t < 2; t++) {
        fer_socket *socket = test_new_socket(domain_of(family), types[t]);
        uint32_t got = 0;
        for (size_t i = 0; i < 3; i++) {
            assert_ok(fer_socket_set_ttl(socket, good[i]));
            assert_ok_n(fer_socket_ttl(socket, &got), got, good[i]);
            assert_int_equal(peer_raw_hops(fer_socket_as_raw(socket), family), good[i]);
        }
        for (size_t i = 0; i < 4; i++) {
            assert_own(fer_socket_set_ttl(socket, bad[i]), FER_INVALID_INPUT);
        }
        assert_ok_n(fer_socket_ttl(socket, &got), got, 255);
    }
}

/* ---- Options that only built sockets have */

/* O4: a buffer's size is read "in the unit in which it was set". */
SOCKET_FAMILY_TEST("O4", buffer_sizes_are_reported_as_they_were_set)
{
    static const size_t sizes[] = {8192, 16384, 65536};
    static const fer_type types[] = {FER_TYPE_STREAM, FER_TYPE_DGRAM};
    for (size_t t = 0; t < 2; t++) {
        fer_socket *socket = test_new_socket(domain_of(family), types[t]);
        size_t got = 0;
        for (size_t i = 0; i < 3; i++) {
            assert_ok(fer_socket_set_recv_buffer_size(socket, sizes[i]));
            assert_ok_n(fer_socket_recv_buffer_size(socket, &got), got, sizes[i]);
            assert_ok(fer_socket_set_send_buffer_size(socket, sizes[2 - i]));
            assert_ok_n(fer_socket_send_buffer_size(socket, &got), got, sizes[2 - i]);
        }
    }
}

/* "at least 1"; a size that is too large becomes the system's maximum. */
SOCKET_TEST("O4", a_buffer_size_of_0_is_invalid_input_and_too_much_is_the_most)
{
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    size_t got = 0;
    assert_ok(fer_socket_set_recv_buffer_size(socket, 32768));
    assert_own(fer_socket_set_recv_buffer_size(socket, 0), FER_INVALID_INPUT);
    assert_own(fer_socket_set_send_buffer_size(socket, 0), FER_INVALID_INPUT);
    assert_ok_n(fer_socket_recv_buffer_size(socket, &got), got, 32768);
    fer_error error = fer_socket_set_recv_buffer_size(socket, SIZE_MAX);
    skip_if(error.kind == FER_NO_BUFFER_SPACE,
            "this OS refuses a buffer that is too large (BSD: ENOBUFS)");
    assert_ok(error);
    assert_ok(fer_socket_recv_buffer_size(socket, &got));
    assert_true(got >= 32768);
    assert_ok(fer_socket_set_send_buffer_size(socket, 1));
    assert_ok(fer_socket_send_buffer_size(socket, &got));
    assert_true(got >= 1);
}

static void skip_without_tos(fer_error error)
{
    skip_if(error.kind == FER_UNSUPPORTED,
            "this system has no type of service, or no traffic class");
}

/* O5: "The type of service (IPv6: the traffic class) is 0 to 255". The two lowest
 * bits are those of ECN, which TCP itself sets on a stream (RFC 3168, 5). */
SOCKET_FAMILY_TEST("O5", a_type_of_service_is_0_to_255)
{
    static const uint32_t good[] = {0, 4, 0x10, 0xb8, 0xfc};
    static const uint32_t bad[] = {256, 0x1b8, UINT32_MAX};
    static const fer_type types[] = {FER_TYPE_STREAM, FER_TYPE_DGRAM};
    for (size_t t = 0; t < 2; t++) {
        fer_socket *socket = test_new_socket(domain_of(family), types[t]);
        uint32_t got = 1;
        skip_without_tos(fer_socket_tos(socket, &got));
        assert_int_equal(got, 0);
        for (size_t i = 0; i < 5; i++) {
            fer_error error = fer_socket_set_tos(socket, good[i]);
            skip_without_tos(error);
            assert_ok(error);
            assert_ok_n(fer_socket_tos(socket, &got), got, good[i]);
        }
        for (size_t i = 0; i < 3; i++) {
            assert_own(fer_socket_set_tos(socket, bad[i]), FER_INVALID_INPUT);
        }
        assert_ok_n(fer_socket_tos(socket, &got), got, 0xfc);
        for (uint32_t bits = 1; bits < 4; bits++) {
            assert_kind(fer_socket_set_tos(socket, 0xb8 + bits),
                        t == 0 ? FER_INVALID_INPUT : FER_OK);
            assert_ok_n(fer_socket_tos(socket, &got), got, t == 0 ? 0xfc : 0xb8 + bits);
        }
    }
}

/* O6: "bind_device takes a name of 1 to 15 bytes"; NULL allows every interface again. Linux permits
 * only CAP_NET_RAW to change a binding (sock_bindtoindex_locked). */
SOCKET_FAMILY_STREAM_TEST("O6", a_socket_is_bound_to_the_loopback_s_device)
{
    static const char *const names[] = {"lo", "lo0"};
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_error error = fer_socket_bind_device(socket, names[0]);
    if (error.kind == FER_NOT_FOUND) {
        error = fer_socket_bind_device(socket, names[1]);
    }
    skip_if(error.kind == FER_UNSUPPORTED || error.kind == FER_PERMISSION_DENIED ||
                error.kind == FER_NOT_FOUND,
            "this system does not bind to network interfaces, or does not permit it, or has no "
            "loopback by that name");
    assert_ok(error);
    assert_exchange(stream, connect_stream(socket, family, stream));
    error = fer_socket_bind_device(fer_tcp_stream_as_socket(stream), NULL);
    skip_if(error.kind == FER_PERMISSION_DENIED,
            "this system does not permit this user to change a binding");
    assert_ok(error);
}

/* "FER_NOT_FOUND (no such network interface) ...; FER_INVALID_INPUT (misuse; a name of no byte or
 * more than 15)". */
SOCKET_TEST("O6", a_device_s_name_has_1_to_15_bytes)
{
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_own(fer_socket_bind_device(socket, ""), FER_INVALID_INPUT);
    assert_own(fer_socket_bind_device(socket, "0123456789abcdef"), FER_INVALID_INPUT);
    fer_error error = fer_socket_bind_device(socket, "0123456789abcde");
    if (error.kind == FER_UNSUPPORTED || error.kind == FER_PERMISSION_DENIED) {
        assert_kind(fer_socket_bind_device(socket, NULL), error.kind);
        skip_because("this system does not bind to network interfaces, or does not permit it");
    }
    assert_kind(error, FER_NOT_FOUND);
    assert_ok(fer_socket_bind_device(socket, NULL));
}

/* ---- The kinds of sockets that have an option */

#define assert_unsupported(...)                                         \
    do {                                                                \
        const fer_error errors[] = {__VA_ARGS__};                       \
        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) { \
            assert_own(errors[i], FER_UNSUPPORTED);                     \
        }                                                               \
    } while (0)

SOCKET_FAMILY_TEST("E4", options_that_a_socket_of_ip_has_not_are_unsupported)
{
    fer_socket *datagrams = test_new_socket(domain_of(family), FER_TYPE_DGRAM);
    fer_socket *streams = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_tcp_keepalive keepalive = {true, {0}, {0}, 0};
    fer_duration duration;
    bool flag;
    assert_unsupported(
        fer_socket_set_keepalive(datagrams, &keepalive),
        fer_socket_keepalive(datagrams, &keepalive), fer_socket_set_linger(datagrams, millis(1000)),
        fer_socket_linger(datagrams, &duration), fer_socket_set_nodelay(datagrams, true),
        fer_socket_nodelay(datagrams, &flag), fer_socket_set_tcp_user_timeout(datagrams, millis(1)),
        fer_socket_tcp_user_timeout(datagrams, &duration), fer_socket_set_broadcast(streams, true),
        fer_socket_broadcast(streams, &flag));
}

SOCKET_TEST("E4", options_that_unix_sockets_have_not_are_unsupported)
{
    skip_without_unix_streams();
    fer_socket *streams = test_new_socket(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_tcp_keepalive keepalive = {true, {0}, {0}, 0};
    fer_duration linger = {0};
    uint32_t number;
    bool flag = true;
    assert_ok(fer_socket_set_reuse_address(streams, true));
    assert_ok_n(fer_socket_reuse_address(streams, &flag), flag, false);
    assert_unsupported(
        fer_socket_set_reuse_port(streams, true), fer_socket_reuse_port(streams, &flag),
        fer_socket_set_only_v6(streams, true), fer_socket_only_v6(streams, &flag),
        fer_socket_set_keepalive(streams, &keepalive), fer_socket_keepalive(streams, &keepalive),
        fer_socket_set_tcp_user_timeout(streams, millis(1)),
        fer_socket_tcp_user_timeout(streams, &linger), fer_socket_set_nodelay(streams, true),
        fer_socket_nodelay(streams, &flag), fer_socket_set_ttl(streams, 64),
        fer_socket_ttl(streams, &number), fer_socket_set_tos(streams, 0),
        fer_socket_tos(streams, &number), fer_socket_set_broadcast(streams, true),
        fer_socket_broadcast(streams, &flag), fer_socket_bind_device(streams, "lo"));
    assert_ok(fer_socket_set_linger(streams, FER_DURATION_NONE));
    assert_ok_n(fer_socket_linger(streams, &linger), linger.nanos, FER_DURATION_NONE_NANOS);
}

/* O8: "rounded up to the system's unit, and 24 days at most. A time of 0 is INVALID_INPUT. NONE is
 * the system's own time". */
SOCKET_FAMILY_STREAM_TEST("O8", a_user_timeout_is_rounded_up_and_none_is_the_systems)
{
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_duration got = {0};
    assert_own(fer_socket_set_tcp_user_timeout(socket, millis(0)), FER_INVALID_INPUT);
    if (fer_socket_tcp_user_timeout(socket, &got).kind == FER_UNSUPPORTED) {
        assert_kind(fer_socket_set_tcp_user_timeout(socket, millis(1)), FER_UNSUPPORTED);
        skip_because("this OS has no user timeout");
    }
    assert_true(got.nanos == FER_DURATION_NONE_NANOS);
    assert_ok(fer_socket_set_tcp_user_timeout(socket, fer_duration_from_nanos(1)));
    assert_ok(fer_socket_tcp_user_timeout(socket, &got));
    assert_in_range(got.nanos, 1000000, 1000000000);
    assert_ok(fer_socket_set_tcp_user_timeout(socket, (fer_duration){UINT64_MAX - 1}));
    assert_ok(fer_socket_tcp_user_timeout(socket, &got));
    assert_in_range(got.nanos / 1000000000 / 86400, 24, 24);
    assert_ok(fer_socket_set_tcp_user_timeout(socket, fer_duration_from_secs(7)));
    assert_exchange(stream, connect_stream(socket, family, stream));
    socket = fer_tcp_stream_as_socket(stream);
    assert_ok_n(fer_socket_tcp_user_timeout(socket, &got), got.nanos,
                fer_duration_from_secs(7).nanos);
    assert_ok(fer_socket_set_tcp_user_timeout(socket, FER_DURATION_NONE));
    assert_ok_n(fer_socket_tcp_user_timeout(socket, &got), got.nanos, FER_DURATION_NONE_NANOS);
}

/* O2: "Accepted streams inherit it from a listener": a linger time of zero stays zero, and the
 * close resets. */
SOCKET_FAMILY_STREAM_TEST("O2", an_accepted_stream_inherits_a_linger_of_zero)
{
    uint16_t port = 0;
    fer_socket *socket = test_built_listener(family, &port);
    fer_tcp_listener *listener = test_listener();
    fer_duration linger = FER_DURATION_NONE;
    size_t n = 0;
    char byte;
    assert_ok(fer_socket_set_linger(socket, (fer_duration){0}));
    assert_ok(fer_socket_into_tcp_listener(socket, listener));
    peer_socket other = peer_connect(family, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_ok_n(fer_tcp_stream_linger(stream, &linger), linger.nanos, 0);
    fer_tcp_stream_close(stream);
    assert_int_equal(peer_recv_some(other, &byte, 1, &n), PEER_RESET);
}

RULE_TESTS("socket_options")
