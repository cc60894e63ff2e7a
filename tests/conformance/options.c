/* options.c: rules O1 to O3 and O7: time to live, linger and keepalive; options after the end; and
 * nodelay. */
#include "ferrule/socket.h"
#include "support/fixture.h"

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

/* O2: "Linger is whole seconds, rounded up and limited to the system's maximum. ... NONE turns it
 * off", which is a stream's default. */
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

RULE_TESTS("options")
