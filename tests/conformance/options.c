/* options.c: rules O1 to O8 and T6: each option is set and read, its range, the kinds of sockets
 * that have it, and that it stays set in the handle that a built socket becomes; options after the
 * end. */
#include "ferrule/socket.h"
#include "support/fixture.h"
#include "support/socket_fixture.h"

#define SECOND UINT64_C(1000000000)

/* O1: "A time to live is 1 to 255, everything else is INVALID_INPUT"; it is the unicast hop limit
 * of an IPv6 socket, as the OS reports it. fer_tcp_listener_set_ttl: accepted connections start
 * with it. The ttl of a new socket is the OS's. */
FAMILY_LISTENER_TEST("O1", a_ttl_is_1_to_255_and_that_of_accepted_connections)
{
    static const uint32_t good[] = {1, 64, 254, 255, 77};
    static const uint32_t bad[] = {0, 256, 65536, 0x80000000u, UINT32_MAX};
    fer_tcp_stream *streams[] = {test_stream(), test_stream()};
    fer_raw_socket raw = fer_tcp_listener_as_raw(listener);
    uint32_t got = 0;
    assert_ok(fer_tcp_listener_ttl(listener, &got));
    assert_in_range(got, 1, 255);
    int reported = peer_raw_hops(raw, family);
    if (!peer_is_bsd() || reported != -1) { /* the BSDs: IPv6's default */
        assert_int_equal(reported, got);
    }
    for (size_t i = 0; i < 5; i++) {
        assert_ok(fer_tcp_listener_set_ttl(listener, good[i]));
        assert_own(fer_tcp_listener_set_ttl(listener, bad[i]), FER_INVALID_INPUT);
        assert_ok_n(fer_tcp_listener_ttl(listener, &got), got, good[i]);
        assert_int_equal(peer_raw_hops(raw, family), good[i]);
    }
    assert_accepts(listener, streams[0], family, port);
    assert_ok_n(fer_tcp_stream_ttl(streams[0], &got), got, 77);
    assert_ok(fer_tcp_stream_set_ttl(streams[0], 33));
    assert_own(fer_tcp_stream_set_ttl(streams[0], 0), FER_INVALID_INPUT);
    assert_ok_n(fer_tcp_stream_ttl(streams[0], &got), got, 33);
    assert_int_equal(peer_raw_hops(fer_tcp_stream_as_raw(streams[0]), family), 33);
    assert_accepts(listener, streams[1], family, port);
    assert_ok_n(fer_tcp_stream_ttl(streams[1], &got), got, 77);
}

/* O1 for an IPv4 connection of a dual-stack listener: an IPv6 socket whose peer is IPv4-mapped. */
STREAM_TEST("O1", ttl_works_on_a_mapped_connection)
{
    skip_without_dual_stack();
    fer_tcp_listener *listener = test_listener();
    fer_socket_addr addr;
    uint32_t got = 0;
    assert_ok(fer_tcp_listener_bind(listener, "[::]:0"));
    assert_ok(fer_tcp_listener_local_addr(listener, &addr));
    peer_socket other = peer_connect(PEER_V4, addr.port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_ok(fer_tcp_stream_set_ttl(stream, 99));
    assert_ok_n(fer_tcp_stream_ttl(stream, &got), got, 99);
    if (!peer_is_windows() && !peer_is_bsd()) {
        assert_int_equal(peer_raw_hops(fer_tcp_stream_as_raw(stream), PEER_V4), 99);
    }
    assert_exchange(stream, other);
}

/* O2: "Linger is whole seconds, rounded up, at most the system's maximum. ... NONE is off", which
 * is a stream's default. */
PAIR_TEST("O2", linger_is_rounded_up_and_saturates)
{
    static const uint64_t cases[][3] = {
        /* nanoseconds set, minimum and maximum read */
        {1, 1000000000, 1000000000},
        {1000000000, 1000000000, 1000000000},
        {1000000001, 2000000000, 2000000000},
        {UINT64_C(327000000000), UINT64_C(327000000000), UINT64_C(327000000000)},
        {UINT64_C(65536000000000), UINT64_C(327000000000), UINT64_C(65536000000000)},
        {UINT64_MAX - 1, UINT64_C(327000000000), UINT64_MAX - 1},
        {0, 0, 0},
    };
    fer_duration got = {0};
    char byte;
    size_t n = 0;
    assert_ok_n(fer_tcp_stream_linger(&pair->stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fer_duration set = {cases[i][0]};
        assert_ok(fer_tcp_stream_set_linger(&pair->stream, set));
        assert_ok(fer_tcp_stream_linger(&pair->stream, &got));
        assert_in_range(got.nanos, cases[i][1], cases[i][2]);
        assert_int_equal(got.nanos % SECOND, 0);
    }
    assert_ok(fer_tcp_stream_set_linger(&pair->stream, FER_DURATION_NONE));
    assert_ok_n(fer_tcp_stream_linger(&pair->stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_alive(pair);
    fer_tcp_stream_close(&pair->stream);
    assert_int_equal(peer_recv_some(pair->other, &byte, 1, &n), PEER_END);
}

/* O2: with a finite linger no byte is lost: close waits for the acknowledgement, in both modes. It
 * does not prevent `early_close_loses`. */
KIND_TEST("O2", a_finite_linger_delivers_all_bytes)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        struct pair *pair = pair_open_kind(kind);
        unsigned char bytes[5000];
        pattern_fill(bytes, sizeof bytes, 0);
        assert_ok(fer_tcp_stream_set_linger(&pair->stream, millis(5000)));
        assert_ok(fer_tcp_stream_write_all(&pair->stream, bytes, sizeof bytes, NULL));
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, nonblocking != 0));
        fer_tcp_stream_close(&pair->stream);
        assert_all_arrives_after_close(pair->other, sizeof bytes);
        pair_close(pair);
    }
}

/* ---- O3 */

static bool has_keepalive_options(struct pair *pair)
{
    return peer_raw_has_keepalive_options(fer_tcp_stream_as_raw(&pair->stream));
}

/* O3: "keepalive sets time, interval and retries ... Zero leaves a field unchanged." It is off at
 * first, and a duration is rounded up to whole seconds. A system that has no such fields (Wine 8,
 * OpenBSD) refuses a time and an interval and ignores the retries; NetBSD reports zeros. "together
 * or not at all": an invalid duration is INVALID_INPUT and changes nothing. */
PAIR_TEST("O3", keepalive_sets_its_fields_together_or_none)
{
    static const struct {
        fer_tcp_keepalive set;
        uint64_t time_s;
        uint64_t interval_s;
        uint32_t retries;
    } rows[] = {
        {{true, {0}, {0}, 0}, 0, 0, 0}, /* the system's own */
        {{false, {0}, {0}, 0}, 0, 0, 0},
        {{true, {60 * SECOND}, {5 * SECOND}, 4}, 60, 5, 4},
        {{true, {70 * SECOND}, {0}, 0}, 70, 5, 4},
        {{true, {0}, {6 * SECOND}, 0}, 70, 6, 4},
        {{false, {0}, {0}, 9}, 70, 6, 9},
        {{true, {SECOND + SECOND / 2}, {1}, 1}, 2, 1, 1},
    };
    fer_tcp_stream *stream = &pair->stream;
    fer_raw_socket raw = fer_tcp_stream_as_raw(stream);
    bool reports = peer_raw_has_keepalive_options(raw);
    bool sets = reports || peer_raw_hides_keepalive_options(raw);
    fer_tcp_keepalive got = {.enabled = true};
    assert_ok(fer_tcp_stream_keepalive(stream, &got));
    assert_false(got.enabled);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const fer_tcp_keepalive *set = &rows[i].set;
        bool is_lacking = !sets && (set->time.nanos != 0 || set->interval.nanos != 0);
        bool was_enabled = got.enabled;
        fer_tcp_keepalive bad[] = {*set, *set};
        bad[0].time = bad[1].interval = FER_DURATION_NONE;
        assert_own(fer_tcp_stream_set_keepalive(stream, &bad[i % 2]), FER_INVALID_INPUT);
        assert_kind(fer_tcp_stream_set_keepalive(stream, set),
                    is_lacking ? FER_UNSUPPORTED : FER_OK);
        memset(&got, 0x5a, sizeof got);
        assert_ok(fer_tcp_stream_keepalive(stream, &got));
        assert_true(got.enabled == (is_lacking ? was_enabled : set->enabled));
        if (i > 1 || !reports) {
            assert_int_equal(got.time.nanos, reports ? rows[i].time_s * SECOND : 0);
            assert_int_equal(got.interval.nanos, reports ? rows[i].interval_s * SECOND : 0);
            assert_int_equal(got.retries, reports ? rows[i].retries : 0);
        }
    }
    assert_alive(pair);
}

/* O3, as the documentation of fer_tcp_stream_set_keepalive says: a value that is too long is cut to
 * the OS's longest. */
PAIR_TEST("O3", keepalive_saturates)
{
    skip_if(!has_keepalive_options(pair),
            "this OS (Wine 8, OpenBSD) has no TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT, or "
            "reports none (NetBSD)");
    fer_tcp_keepalive keepalive = {true, {UINT64_MAX - 1}, {UINT64_MAX - 1}, UINT32_MAX};
    fer_tcp_keepalive got = {0};
    fer_error error = fer_tcp_stream_set_keepalive(&pair->stream, &keepalive);
    skip_if(peer_is_wine() && error.os_code == 10022,
            "Wine 10 has Linux' limits, 32767 s and 127, and reports them as 10022");
    assert_ok(error);
    assert_ok(fer_tcp_stream_keepalive(&pair->stream, &got));
    assert_true(got.enabled);
    assert_true(got.time.nanos >= UINT64_C(32767000000000) &&
                got.time.nanos != FER_DURATION_NONE_NANOS);
    assert_true(got.interval.nanos >= UINT64_C(32767000000000) &&
                got.interval.nanos != FER_DURATION_NONE_NANOS);
    assert_true(got.retries >= 127);
}

/* Nodelay is off by default, and is read as it was set. */
PAIR_TEST("O", nodelay_is_reported_as_it_was_set)
{
    bool got = true;
    for (int i = 0; i < 4; i++) {
        assert_ok(fer_tcp_stream_nodelay(&pair->stream, &got));
        assert_true(got == (i % 2 != 0));
        assert_ok(fer_tcp_stream_set_nodelay(&pair->stream, i % 2 == 0));
    }
    assert_alive(pair);
}

/* ---- O7: "Setting an option, a timeout or the mode of a stream whose connection has ended, ... is
 * OK" */

/* The options of a built socket: these have the result that they have on a new one, except that a
 * connected socket is bound: "FER_INVALID_INPUT (misuse; already bound ...)". */
static void assert_built_options_can_be_set(struct pair *pair)
{
    bool is_v6 = pair->kind.family == PEER_V6;
    fer_socket *socket = fer_tcp_stream_as_socket(&pair->stream);
    fer_socket fresh = {0};
    assert_ok(fer_socket_new(&fresh, is_v6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4, FER_TYPE_STREAM,
                             FER_PROTOCOL_DEFAULT));
    assert_ok(fer_socket_set_reuse_address(socket, false));
    assert_ok(fer_socket_set_reuse_address(socket, true));
    assert_ok(fer_socket_set_recv_buffer_size(socket, 8192));
    assert_ok(fer_socket_set_send_buffer_size(socket, 8192));
    assert_kind(fer_socket_set_tos(socket, 0), fer_socket_set_tos(&fresh, 0).kind);
    assert_kind(fer_socket_set_reuse_port(socket, false),
                fer_socket_set_reuse_port(&fresh, false).kind);
    assert_kind(fer_socket_bind_device(socket, NULL), fer_socket_bind_device(&fresh, NULL).kind);
    assert_own(fer_socket_bind_device(socket, ""), FER_INVALID_INPUT);
    assert_own(fer_socket_set_only_v6(socket, true), is_v6 ? FER_MISUSE : FER_UNSUPPORTED);
    fer_socket_close(&fresh);
}

static void assert_options_can_be_set(struct pair *pair)
{
    fer_tcp_stream *stream = &pair->stream;
    const fer_tcp_keepalive keepalive = {.enabled = true, .time = fer_duration_from_secs(60)};
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(1000)));
    assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(1000)));
    assert_ok(fer_tcp_stream_set_nodelay(stream, true));
    assert_ok(fer_tcp_stream_set_ttl(stream, 40));
    assert_ok(fer_tcp_stream_set_linger(stream, millis(1000)));
    assert_ok(fer_tcp_stream_set_linger(stream, FER_DURATION_NONE));
    if (has_keepalive_options(pair)) {
        assert_ok(fer_tcp_stream_set_keepalive(stream, &keepalive));
    }
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    assert_own(fer_tcp_stream_set_ttl(stream, 0), FER_INVALID_INPUT);
    assert_built_options_can_be_set(pair);
}

PAIR_TEST("O7", options_can_be_set_after_both_peers_have_shut_down)
{
    char got[4];
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    assert_true(peer_send_all(pair->other, "last", 4));
    assert_true(peer_shutdown_write(pair->other));
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 2, NULL));
    assert_options_can_be_set(pair);
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 2, NULL));
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, false));
    assert_reads_end(&pair->stream);
    assert_options_can_be_set(pair);
    assert_reads_end(&pair->stream);
}

PAIR_TEST("O7", options_can_be_set_after_a_reset)
{
    char byte;
    pair_reset_and_wait(pair);
    assert_options_can_be_set(pair);
    assert_kind(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CONNECTION_RESET);
    assert_options_can_be_set(pair);
}

/* ---- Built sockets */

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

/* O8: "rounded up to the system's unit, and 24.8 days at most. A time of 0 is INVALID_INPUT. NONE
 * is the system's own time". */
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

RULE_TESTS("options")
