/* test_sim_dialects.c: the two systems' differences in the seam's functions: codes, connecting,
 * addresses, options. The simulation must have the differences that core reconciles, or tests of
 * core over it prove nothing. Linux is as measured (docs/DIFFERENCES.md), Windows as Microsoft
 * documents it. Listening: test_sim_dialect_ports.c. */
#include "sim/sim_raw.h"

SIM_TEST(codes_and_handles_are_those_of_the_system)
{
    fer_raw_socket one = raw_socket(), other = raw_socket();
    assert_int_equal(ferp_error_kind(code(111, 10061)), FER_CONNECTION_REFUSED);
    assert_int_equal(ferp_error_kind(code(10061, 111)), FER_UNCATEGORIZED);
    assert_int_equal(ferp_error_kind(0), FER_OK);
    assert_int_equal(other - one, is_winsock() ? 4 : 1);
    ferp_close(one);
    assert_int_equal(raw_socket(), one);
    assert_code(raw_error(other), FER_OK, 0);
    ferp_close(one);
    assert_code(raw_send(one, "x"), FER_BAD_HANDLE, code(9, 10038));
}

/* ---- Connecting */

static void assert_starts(fer_raw_socket raw)
{
    assert_code(ferp_connect(raw, addr_at(SERVER)),
                is_winsock() ? FER_WOULD_BLOCK : FER_IN_PROGRESS, code(115, 10035));
}

SIM_TEST(a_started_connect_has_its_systems_errors)
{
    size_t n = 77;
    (void)serve(SERVER);
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    assert_starts(raw);
    assert_code(ferp_connect(raw, addr_at(SERVER)), FER_IN_PROGRESS, code(114, 10037));
    assert_code(ferp_check_connected(raw), FER_NOT_CONNECTED, code(107, 10057));
    assert_code(raw_recv(raw, &n), is_winsock() ? FER_NOT_CONNECTED : FER_WOULD_BLOCK,
                code(11, 10057));
    advance_ms(5);
    assert_code(ferp_connect(raw, addr_at(SERVER)), FER_ALREADY_CONNECTED, code(106, 10056));
}

/* Where getpeername succeeds, Windows reports that the connect is pending, but not Wine 8. Linux
 * has TCP_INFO. */
SIM_CONFIG_TEST(a_pending_connect_has_a_peer_on_windows)
{
    for (int as_wine = 0; as_wine < 2; as_wine++) {
        fer_socket_addr peer;
        ferp_description is;
        sim_begin_of(.windows.pending_has_no_peer = as_wine);
        (void)serve(SERVER);
        fer_raw_socket raw = raw_socket();
        assert_ok(ferp_set_nonblocking(raw, true));
        assert_starts(raw);
        assert_kind(ferp_peer_addr(raw, &peer),
                    is_winsock() && !as_wine ? FER_OK : FER_NOT_CONNECTED);
        assert_ok(ferp_describe(raw, &is));
        assert_false(is.is_connected);
        assert_int_equal(is.is_connecting, !(is_winsock() && as_wine));
        advance_ms(5);
        assert_ok(ferp_describe(raw, &is));
        assert_true(is.is_connected && !is.is_connecting);
        assert_ok(ferp_check_connected(raw));
        sim_end_one();
    }
}

/* On Windows it tells it every time (Wine's test_WSAPoll, which Windows passes). */
SIM_TEST(so_error_reports_a_failed_connect_once_on_linux)
{
    ferp_wait wait;
    fer_raw_socket raw = raw_refused();
    assert_ok(ferp_wait_arm(&wait, raw, FERP_CONNECTED));
    assert_code(ferp_wait_for(&wait, FERP_NO_DEADLINE), FER_CONNECTION_REFUSED, 0);
    fer_error first = raw_error(raw);
    if (is_winsock() && first.kind == FER_OK) { /* it may be late */
        first = raw_error(raw);
    }
    assert_code(first, FER_CONNECTION_REFUSED, code(111, 10061));
    assert_kind(raw_error(raw), is_winsock() ? FER_CONNECTION_REFUSED : FER_OK);
}

/* "SO_ERROR is not always immediately set": at times the first query returns no error. */
WINSOCK_TEST(so_error_is_late_at_times)
{
    size_t late = 0;
    for (int i = 0; i < 64; i++) {
        fer_raw_socket raw = raw_socket();
        FER_IGNORE(ferp_connect(raw, addr_at("127.0.0.1:9")));
        if (raw_error(raw).kind == FER_OK) {
            late++;
            assert_kind(raw_error(raw), FER_CONNECTION_REFUSED);
        }
        ferp_close(raw);
    }
    assert_in_range(late, 5, 40);
}

/* Linux connects a failed socket again only after connect has returned the failure, as ECONNABORTED
 * if SO_ERROR has returned it before (seen on Linux 6.18). Windows connects it at once, and
 * SO_ERROR keeps the failure until it is connected (Wine's test_connect, test_select). */
SIM_TEST(connect_returns_an_earlier_failure)
{
    (void)serve(SERVER);
    for (int was_taken = 0; was_taken < 2; was_taken++) {
        fer_raw_socket raw = raw_refused();
        if (was_taken) {
            (void)raw_error(raw);
        }
        if (!is_winsock()) {
            assert_code(ferp_connect(raw, addr_at(SERVER)),
                        was_taken ? FER_CONNECTION_ABORTED : FER_CONNECTION_REFUSED,
                        was_taken ? 103 : 111);
        }
        assert_starts(raw);
        assert_kind(raw_error(raw), is_winsock() ? FER_CONNECTION_REFUSED : FER_OK);
        advance_ms(5);
        assert_ok(ferp_check_connected(raw));
        assert_ok(raw_error(raw));
    }
}

/* Wine's test_select. */
WINSOCK_TEST(windows_listens_on_a_socket_whose_connect_has_failed)
{
    fer_socket_addr addr;
    fer_raw_socket raw = raw_refused();
    (void)raw_error(raw); /* it may be late */
    assert_ok(ferp_listen(raw, 1));
    assert_kind(raw_error(raw), FER_CONNECTION_REFUSED);
    assert_ok(ferp_local_addr(raw, &addr));
    assert_ok(fer_tcp_stream_connect_addr(&test.stream, &addr));
}

/* A socket that was reset is not connected again, as seen on Linux 6.18 after a blocking connect.
 * */
RAW_PAIR_TEST(a_socket_that_was_reset_has_its_systems_errors)
{
    fer_socket_addr addr;
    raw_reset(pair.server);
    assert_code(ferp_peer_addr(pair.client, &addr), is_winsock() ? FER_OK : FER_NOT_CONNECTED,
                code(107, 0));
    assert_code(ferp_connect(pair.client, &pair.addr),
                is_winsock() ? FER_CONNECTION_ABORTED : FER_ALREADY_CONNECTED, code(106, 10053));
}

/* C5: "While the connect is pending, each read ... first queries the system for its result." The
 * failure of the first connect is none of the second. */
WINSOCK_TEST(a_second_connect_of_an_adopted_socket_is_pending_until_it_has_ended)
{
    (void)serve(SERVER);
    for (int refused = 0; refused < 2; refused++) {
        fer_error cause = {FER_OK, 0};
        fer_raw_socket raw = raw_refused();
        (void)raw_error(raw); /* it may be late */
        assert_ok(fer_socket_from_raw(&test.socket, raw));
        assert_ok(fer_socket_set_nonblocking(&test.socket, true));
        assert_kind(fer_socket_connect(&test.socket, addr_at(refused ? "10.0.0.7:81" : SERVER)),
                    FER_WOULD_BLOCK);
        assert_kind(fer_socket_take_error(&test.socket, &cause), FER_WOULD_BLOCK);
        advance_ms(30000);
        assert_ok(fer_socket_take_error(&test.socket, &cause));
        assert_kind(cause, refused ? FER_CONNECTION_REFUSED : FER_OK);
        fer_socket_close(&test.socket);
    }
}

/* docs/DIFFERENCES.md, late_refusal: only on the loopback Windows does not retry. */
SIM_STREAM_TEST(a_refusal_by_another_host_arrives_late_on_windows)
{
    const fer_socket_addr closed = addr_of("10.0.0.7:81");
    (void)serve(SERVER);
    assert_code(fer_tcp_stream_connect_timeout(stream, &closed, millis(1000)),
                is_winsock() ? FER_TIMED_OUT : FER_CONNECTION_REFUSED, code(111, 0));
    assert_code(fer_tcp_stream_connect_timeout(stream, &closed, millis(3000)),
                FER_CONNECTION_REFUSED, code(111, 10061));
}

SIM_TEST(a_connect_to_port_0_has_its_systems_error)
{
    assert_code(ferp_connect(raw_socket(), addr_at("127.0.0.1:0")),
                is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_CONNECTION_REFUSED, code(111, 10049));
}

/* ---- Addresses, options and modes */

SIM_TEST(an_unbound_socket_has_a_name_on_linux_only)
{
    fer_socket_addr addr;
    fer_raw_socket raw = raw_socket();
    if (is_winsock()) {
        assert_code(ferp_local_addr(raw, &addr), FER_INVALID_INPUT, 10022);
        assert_code(ferp_listen(raw, 1), FER_INVALID_INPUT, 10022);
    } else {
        assert_ok_n(ferp_local_addr(raw, &addr), addr.port, 0);
        assert_ok(ferp_listen(raw, 1));
        assert_ok(ferp_local_addr(raw, &addr));
        assert_int_not_equal(addr.port, 0);
    }
}

SIM_TEST(timeouts_are_as_coarse_as_the_systems)
{
    fer_duration got;
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){1}));
    assert_ok_n(ferp_timeout(raw, FERP_READING, &got), got.nanos, is_winsock() ? 1000000 : 4000000);
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){FER_DURATION_NONE_NANOS - 1}));
    assert_ok(ferp_timeout(raw, FERP_READING, &got));
    assert_false(got.nanos == FER_DURATION_NONE_NANOS);
    assert_ok(ferp_set_timeout(raw, FERP_READING, FER_DURATION_NONE));
    assert_ok_n(ferp_timeout(raw, FERP_READING, &got), got.nanos, FER_DURATION_NONE_NANOS);
}

SIM_TEST(options_have_the_systems_limits)
{
    uint32_t value = 0;
    bool windows = is_winsock();
    fer_raw_socket raw = raw_socket();
    assert_kind(ferp_set_option(raw, FERP_EXCLUSIVE_ADDRESS, 1),
                windows ? FER_OK : FER_UNSUPPORTED);
    assert_kind(ferp_set_option(raw, FERP_ONLY_V6, 0), FER_UNSUPPORTED);
    assert_kind(ferp_set_option(raw, FERP_TTL_V4, 0), FER_INVALID_INPUT);
    assert_kind(ferp_set_option(raw, FERP_TTL_V4, 256), FER_INVALID_INPUT);
    assert_kind(ferp_set_option(raw, FERP_KEEPALIVE_TIME, 32768),
                windows ? FER_OK : FER_INVALID_INPUT);
    assert_kind(ferp_set_option(raw, FERP_KEEPALIVE_RETRIES, 128),
                windows ? FER_OK : FER_INVALID_INPUT);
    assert_kind(ferp_set_option(raw, FERP_KEEPALIVE_RETRIES, 256), FER_INVALID_INPUT);
    assert_ok_n(ferp_option_value(raw, FERP_TTL_V4, &value), value, windows ? 128 : 64);
    ferp_close(raw);
    fer_raw_socket v6 = raw_new(FER_DOMAIN_IPV6, FER_TYPE_STREAM);
    assert_ok_n(ferp_option_value(v6, FERP_ONLY_V6, &value), value, windows);
}

/* ---- Core over both dialects: the same behaviour */

static void receive_some(void *context)
{
    char buf[256];
    size_t n = 0;
    assert_ok(ferp_recv(*(fer_raw_socket *)context, buf, sizeof buf, 0, &n));
}

/* Waits inside a send count towards the send's timeout (Linux, sk_stream_wait_memory; measured). */
POSIX_CONFIG_TEST(a_timeout_of_linux_is_for_the_whole_send)
{
    static char much[4096];
    size_t n = 0;
    sim_begin_with((fer_sim_config){.send_buffer = 1024, .receive_buffer = 1024});
    struct raw_pair pair = raw_pair();
    assert_ok(ferp_set_timeout(pair.client, FERP_WRITING, millis(100)));
    after_ms(60, receive_some, &pair.server);
    assert_takes(100, assert_ok_n(ferp_send(pair.client, much, sizeof much, 0, &n), n, 2048 + 256));
}

/* ---- How a connection and a wait end: resets, shutdown, wakeups */

static size_t n;

/* ---- Resets */

RAW_PAIR_TEST(a_reset_keeps_input_on_linux_and_loses_it_on_windows)
{
    assert_ok(raw_send(pair.server, "before"));
    raw_reset(pair.server);
    assert_ok_n(ferp_bytes_queued(pair.client, &n), n, is_winsock() ? 0 : 6);
    if (!is_winsock()) {
        raw_recv_is(pair.client, 6);
    }
    raw_recv_is_reset(pair.client);
}

RAW_PAIR_TEST(linux_reports_a_reset_once_and_windows_always)
{
    raw_reset(pair.server);
    raw_recv_is_reset(pair.client);
    if (is_winsock()) {
        raw_recv_is_reset(pair.client);
        assert_true(is_reset_code(raw_send(pair.client, "x")));
    } else {
        raw_recv_is(pair.client, 0);
        assert_code(raw_send(pair.client, "x"), FER_BROKEN_PIPE, 32);
        assert_code(raw_error(pair.client), FER_OK, 0);
    }
}

WINSOCK_TEST(windows_calls_a_reset_10053_at_times)
{
    size_t aborted = 0;
    for (int i = 0; i < 64; i++) {
        struct raw_pair pair = raw_pair();
        raw_reset(pair.server);
        fer_error error = raw_recv(pair.client, &n);
        assert_true(is_reset_code(error));
        aborted += error.os_code == 10053;
        ferp_close(pair.client);
        ferp_close(pair.listener);
    }
    assert_in_range(aborted, 5, 40);
}

/* After the peer's close, a write is answered by a reset ("end_then_reset"). */
SIM_CONFIG_TEST(a_write_after_the_peers_close_is_reset)
{
    sim_begin_of(.windows.keeps_early_closed_input = true);
    struct raw_pair pair = raw_pair();
    assert_ok(raw_send(pair.server, "last"));
    ferp_close(pair.server);
    assert_ok(raw_send(pair.client, "to nobody"));
    if (is_winsock()) {
        raw_recv_is_reset(pair.client);
        assert_true(is_reset_code(raw_send(pair.client, "x")));
    } else {
        raw_recv_is(pair.client, 4);
        raw_recv_is(pair.client, 0);
        assert_code(raw_send(pair.client, "x"), FER_BROKEN_PIPE, 32);
        raw_recv_is(pair.client, 0);
    }
}

RAW_PAIR_TEST(closing_with_input_unread_resets)
{
    assert_ok(raw_send(pair.client, "unread"));
    ferp_close(pair.server);
    raw_recv_is_reset(pair.client);
}

/* ---- Shutdown */

RAW_PAIR_TEST(reading_after_the_own_shutdown)
{
    if (is_winsock()) {
        assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_READ));
        assert_code(raw_recv(pair.client, &n), FER_BROKEN_PIPE, 10058);
    } else {
        assert_ok(raw_send(pair.server, "queued"));
        assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_READ));
        raw_recv_is(pair.client, 6);
        raw_recv_is(pair.client, 0);
        assert_ok(raw_send(pair.server, "later"));
        raw_recv_is(pair.client, 5);
    }
}

WINSOCK_TEST(windows_resets_when_input_meets_sd_receive)
{
    struct raw_pair pair = raw_pair();
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_READ));
    assert_ok(raw_send(pair.server, "late"));
    raw_recv_is_reset(pair.server);
    assert_true(is_reset_code(raw_send(pair.client, "x")));
    pair = raw_pair();
    assert_ok(raw_send(pair.server, "queued"));
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_BOTH));
    raw_recv_is_reset(pair.server);
}

RAW_PAIR_TEST(a_shutdown_of_an_ended_connection_has_its_systems_error)
{
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_code(raw_send(pair.client, "x"), FER_BROKEN_PIPE, code(32, 10058));
    raw_recv_is(pair.server, 0);
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_shutdown(pair.server, FER_SHUTDOWN_WRITE));
    assert_code(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE),
                is_winsock() ? FER_OK : FER_NOT_CONNECTED, code(107, 0));
    pair = raw_pair();
    raw_reset(pair.server);
    assert_code(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE),
                is_winsock() ? FER_CONNECTION_RESET : FER_NOT_CONNECTED, code(107, 10054));
}

SIM_TEST(an_unconnected_socket_refuses_bytes_in_its_own_words)
{
    fer_raw_socket raw = raw_socket();
    assert_code(ferp_shutdown(raw, FER_SHUTDOWN_BOTH), FER_NOT_CONNECTED, code(107, 10057));
    assert_code(raw_recv(raw, &n), FER_NOT_CONNECTED, code(107, 10057));
    assert_code(raw_send(raw, "x"), is_winsock() ? FER_NOT_CONNECTED : FER_BROKEN_PIPE,
                code(32, 10057));
}

/* ---- Waiting */

RAW_PAIR_TEST(a_write_wait_misses_the_own_shutdown_on_windows)
{
    ferp_wait wait;
    assert_ok(ferp_set_nonblocking(pair.client, true));
    while (raw_send(pair.client, "fill, and fill, and fill, and fill").kind == FER_OK) {
    }
    assert_ok(ferp_set_timeout(pair.client, FERP_WRITING, millis(1000)));
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_wait_arm(&wait, pair.client, FERP_WRITABLE));
    assert_kind(ferp_wait_for(&wait, ferp_now() + 50000000), is_winsock() ? FER_TIMED_OUT : FER_OK);
}

RAW_PAIR_TEST(a_wake_between_arm_and_wait_is_not_lost)
{
    ferp_wait wait;
    assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
    ferp_wake(pair.client);
    assert_kind(ferp_wait_for(&wait, FERP_NO_DEADLINE), is_winsock() ? FER_OK : FER_DEADLOCK);
    assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
    ferp_wait_disarm(&wait);
}

RAW_PAIR_TEST(a_wait_that_meets_a_reset_reports_it_on_windows)
{
    ferp_wait wait;
    assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
    raw_reset(pair.server);
    assert_ok(ferp_wait_for(&wait, FERP_NO_DEADLINE));
    assert_code(wait.failure, is_winsock() ? FER_CONNECTION_RESET : FER_OK, code(0, 10054));
    raw_recv_is_reset(pair.client);
}

/* ---- An end that closes before the other end has received all bytes. On Windows' loopback some of
 * these closes reset the connection and lose the bytes (row early_close_loses of
 * docs/DIFFERENCES.md). */

enum { ROUNDS = 64 };

/* Returns whether the peer lost the bytes: all of them and also the end, to a reset. */
static bool is_lost(fer_sim_peer peer)
{
    char buf[16];
    fer_error error = fer_sim_peer_recv(peer, buf, sizeof buf, &n);
    if (error.kind == FER_CONNECTION_RESET) {
        assert_int_equal(n, 0);
        return true;
    }
    assert_ok(error);
    assert_int_equal(n, 5);
    assert_ok_n(fer_sim_peer_recv(peer, buf, sizeof buf, &n), n, 0);
    return false;
}

/* Returns the number of losses to a peer at this address, with or without a shutdown before the
 * close. */
static size_t count_losses(fer_sim_config config, const char *addr)
{
    size_t losses = 0;
    sim_begin_with(config);
    for (int i = 0; i < ROUNDS; i++) {
        struct ends ends = connected_to(addr);
        assert_ok(fer_tcp_stream_write_all(&ends.stream, "early", 5, NULL));
        if (i % 2 == 0) {
            assert_ok(fer_tcp_stream_shutdown(&ends.stream, FER_SHUTDOWN_WRITE));
        }
        fer_tcp_stream_close(&ends.stream);
        assert_ok(fer_sim_advance(millis(100)));
        losses += is_lost(ends.peer);
        fer_sim_peer_close(ends.peer);
    }
    assert_ok(fer_sim_stop(NULL));
    return losses;
}

SIM_CONFIG_TEST(an_early_close_loses_on_windows_loopback)
{
    static const char *const loopback[] = {"127.0.0.1:80", "[::1]:80"};
    for (size_t i = 0; i < 4; i++) {
        fer_sim_config config = config_of();
        config.seed = i;
        config.loopback_latency = millis(i / 2);
        size_t losses = count_losses(config, loopback[i % 2]);
        assert_in_range(losses, is_winsock() ? 5 : 0, is_winsock() ? 40 : 0);
    }
}

/* Only a loopback address is affected, and not if the switch is set. */
SIM_CONFIG_TEST(other_addresses_and_other_systems_lose_nothing)
{
    static const char *const others[] = {"10.0.0.1:80", "10.0.0.7:80", "[fd00::1]:80"};
    fer_sim_config config = config_of();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(count_losses(config, others[i]), 0);
    }
    config.windows.keeps_early_closed_input = true;
    assert_int_equal(count_losses(config, "127.0.0.1:80"), 0);
}

static fer_socket_addr mapped_of(const char *text)
{
    fer_socket_addr addr = addr_of(text);
    return addr.ip.family == FER_IP_V6
               ? addr
               : fer_socket_addr_v6_new(fer_ipv4_addr_to_ipv6_mapped(addr.ip.u.v4), addr.port, 0,
                                        0);
}

/* An IPv6 socket at an address, and a destination of the other IP version. On Linux a source of
 * IPv6 that connect has chosen does not prevent one of IPv4. */
SIM_TEST(an_address_of_one_ip_version_and_a_destination_of_the_other)
{
    static const struct {
        const char *local, *peer, *to;
        int connect, send; /* the codes on Linux */
    } rows[] = {
        {"[::1]:0", NULL, "127.0.0.1:9", 101, 101},
        {"[::ffff:127.0.0.1]:0", NULL, "[::1]:9", 97, 97},
        {"[::]:0", "127.0.0.1:9", "[::1]:9", 97, 97},
        {"[::]:0", "[::1]:9", "127.0.0.1:9", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_raw_socket raw = raw_new(FER_DOMAIN_IPV6, FER_TYPE_DGRAM);
        const fer_socket_addr mapped = mapped_of(rows[i].to);
        assert_ok(ferp_set_option(raw, FERP_ONLY_V6, 0));
        assert_ok(ferp_bind(raw, addr_at(rows[i].local)));
        if (rows[i].peer != NULL) {
            const fer_socket_addr peer = mapped_of(rows[i].peer);
            assert_ok(ferp_connect(raw, &peer));
        }
        int32_t sent = ferp_send_to(raw, "x", 1, 0, &mapped, &n).os_code;
        int32_t connected = ferp_connect(raw, &mapped).os_code;
        assert_int_equal(sent, is_winsock() ? 10051 : rows[i].send);
        assert_int_equal(connected, is_winsock() ? 10051 : rows[i].connect);
        ferp_close(raw);
    }
}

TEST_MAIN("sim_dialects")
