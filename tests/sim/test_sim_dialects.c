/* test_sim_dialects.c: the two systems' differences in the seam's functions: codes, connecting,
 * addresses, options. The simulation must have the differences that core reconciles, or tests of
 * core over it prove nothing. Linux is as measured (docs/DIFFERENCES.md), Windows as Microsoft
 * documents it. The ends of connections are in test_sim_dialect_ends.c, listening in
 * test_sim_dialect_ports.c. */
#include "sim/sim_raw.h"

/* ---- Traits and codes */

SIM_TEST(the_traits_are_the_systems)
{
    bool windows = is_winsock();
    const struct ferp_traits *traits = ferp_traits();
    assert_int_equal(traits->io_waits_in_kernel, !windows);
    assert_int_equal(traits->shutdown_read_resets_on_data, windows);
    assert_int_equal(traits->write_wait_misses_shutdown, windows);
    assert_int_equal(traits->accept_inherits_nonblocking, windows);
    assert_int_equal(traits->reuse_address_steals_ports, windows);
    assert_int_equal(traits->bind_denied_can_mean_in_use, windows);
    assert_int_equal(traits->connect_would_block_means_started, windows);
    assert_int_equal(traits->connect_error_comes_late, windows);
    assert_false(traits->close_hides_unread_input);
    assert_int_equal(traits->linger_seconds_max, windows ? 65535 : INT32_MAX);
    assert_int_equal(traits->keepalive_retries_max, windows ? 255 : 127);
}

SIM_TEST(codes_have_the_systems_kinds)
{
    assert_int_equal(ferp_error_kind(is_winsock() ? 10061 : 111), FER_CONNECTION_REFUSED);
    assert_int_equal(ferp_error_kind(is_winsock() ? 111 : 10061), FER_UNCATEGORIZED);
    assert_int_equal(ferp_error_kind(0), FER_OK);
}

SIM_TEST(handles_are_numbered_as_on_the_system)
{
    fer_raw_socket one = raw_socket();
    fer_raw_socket other = raw_socket();
    assert_int_equal(other - one, is_winsock() ? 4 : 1);
    ferp_close(one);
    assert_int_equal(raw_socket(), one);
    assert_code(raw_error(other), FER_OK, 0);
    ferp_close(one);
    assert_code(raw_send(one, "x"), FER_BAD_HANDLE, is_winsock() ? 10038 : 9);
}

/* ---- Connecting */

SIM_TEST(a_started_connect_has_its_systems_errors)
{
    (void)serve(SERVER);
    fer_socket_addr addr = addr_of(SERVER);
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    assert_code(ferp_connect(raw, &addr), is_winsock() ? FER_WOULD_BLOCK : FER_IN_PROGRESS,
                is_winsock() ? 10035 : 115);
    assert_code(ferp_connect(raw, &addr), FER_IN_PROGRESS, is_winsock() ? 10037 : 114);
    assert_code(ferp_check_connected(raw), FER_NOT_CONNECTED, is_winsock() ? 10057 : 107);
    size_t n = 77;
    assert_code(raw_recv(raw, &n), is_winsock() ? FER_NOT_CONNECTED : FER_WOULD_BLOCK,
                is_winsock() ? 10057 : 11);
    advance_ms(5);
    assert_code(ferp_connect(raw, &addr), FER_ALREADY_CONNECTED, is_winsock() ? 10056 : 106);
}

/* Where getpeername succeeds, Windows reports that the connect is pending. Linux has TCP_INFO. */
static void check_pending_peer(fer_sim_config config, bool has_peer, bool is_connecting)
{
    sim_begin_with(config);
    (void)serve(SERVER);
    fer_socket_addr addr = addr_of(SERVER);
    fer_socket_addr peer;
    ferp_description is;
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    FER_IGNORE(ferp_connect(raw, &addr));
    assert_kind(ferp_peer_addr(raw, &peer), has_peer ? FER_OK : FER_NOT_CONNECTED);
    assert_ok(ferp_describe(raw, &is));
    assert_false(is.is_connected);
    assert_int_equal(is.is_connecting, is_connecting);
    advance_ms(5);
    assert_ok(ferp_describe(raw, &is));
    assert_true(is.is_connected && !is.is_connecting);
    assert_ok(ferp_check_connected(raw));
    ferp_close(raw);
}

SIM_CONFIG_TEST(a_pending_connect_has_a_peer_on_windows)
{
    check_pending_peer(config_of(), is_winsock(), true);
}

SIM_CONFIG_TEST(a_pending_connect_has_no_peer_under_wine_8)
{
    fer_sim_config config = config_of();
    config.windows.pending_has_no_peer = true;
    check_pending_peer(config, false, !is_winsock());
}

/* macOS refuses them: test_sim_bsd_ends.c. */
SIM_TEST(options_of_an_ended_stream_are_set)
{
    struct raw_pair pair = raw_pair();
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_set_option(pair.client, FERP_NODELAY, 1));
    assert_ok(ferp_shutdown(pair.server, FER_SHUTDOWN_WRITE));
    advance_ms(5);
    assert_ok(ferp_set_option(pair.client, FERP_NODELAY, 1));
    assert_ok(ferp_set_linger(pair.client, (struct ferp_linger){false, 0}));
    assert_ok(ferp_set_timeout(pair.client, FERP_READING, FER_DURATION_NONE));
    assert_kind(ferp_check_connected(pair.client), is_winsock() ? FER_OK : FER_NOT_CONNECTED);
}

/* On Windows it tells it every time (Wine's test_WSAPoll, which Windows passes). */
SIM_TEST(so_error_reports_a_failed_connect_once_on_linux)
{
    fer_socket_addr addr = addr_of("127.0.0.1:9");
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    FER_IGNORE(ferp_connect(raw, &addr));
    ferp_wait wait;
    assert_ok(ferp_wait_arm(&wait, raw, FERP_CONNECTED));
    assert_code(ferp_wait_for(&wait, FERP_NO_DEADLINE), FER_CONNECTION_REFUSED, 0);
    fer_error first = raw_error(raw);
    fer_error said = first.kind == FER_OK && is_winsock() ? raw_error(raw)
                                                          : first; /* it may be late on Windows */
    assert_code(said, FER_CONNECTION_REFUSED, is_winsock() ? 10061 : 111);
    assert_kind(raw_error(raw), is_winsock() ? FER_CONNECTION_REFUSED : FER_OK);
}

/* "SO_ERROR is not always immediately set": at times the first query returns no error. */
WINSOCK_TEST(so_error_is_late_at_times)
{
    size_t late = 0;
    fer_socket_addr addr = addr_of("127.0.0.1:9");
    for (int i = 0; i < 64; i++) {
        fer_raw_socket raw = raw_socket();
        FER_IGNORE(ferp_connect(raw, &addr));
        fer_error first = raw_error(raw);
        if (first.kind == FER_OK) {
            late++;
            assert_kind(raw_error(raw), FER_CONNECTION_REFUSED);
        }
        ferp_close(raw);
    }
    assert_in_range(late, 5, 40);
}

static fer_raw_socket raw_refused(void)
{
    fer_socket_addr closed = addr_of("127.0.0.1:9");
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    FER_IGNORE(ferp_connect(raw, &closed));
    advance_ms(1);
    return raw;
}

static void assert_connects_again(fer_raw_socket raw)
{
    fer_socket_addr addr = addr_of(SERVER);
    assert_code(ferp_connect(raw, &addr), is_winsock() ? FER_WOULD_BLOCK : FER_IN_PROGRESS,
                is_winsock() ? 10035 : 115);
    assert_kind(raw_error(raw), is_winsock() ? FER_CONNECTION_REFUSED : FER_OK);
    advance_ms(5);
    assert_ok(ferp_check_connected(raw));
    assert_ok(raw_error(raw));
    ferp_close(raw);
}

/* Linux connects a failed socket again only after connect has returned the failure, as ECONNABORTED
 * if SO_ERROR has returned it before (seen on Linux 6.18). Windows connects it at once, and
 * SO_ERROR keeps the failure until it is connected (Wine's test_connect, test_select). */
SIM_TEST(connect_returns_an_earlier_failure)
{
    (void)serve(SERVER);
    fer_socket_addr addr = addr_of(SERVER);
    fer_raw_socket raw = raw_refused();
    if (!is_winsock()) {
        assert_code(ferp_connect(raw, &addr), FER_CONNECTION_REFUSED, 111);
    }
    assert_connects_again(raw);
    raw = raw_refused();
    (void)raw_error(raw);
    if (!is_winsock()) {
        assert_code(ferp_connect(raw, &addr), FER_CONNECTION_ABORTED, 103);
    }
    assert_connects_again(raw);
}

/* Wine's test_select. */
WINSOCK_TEST(windows_listens_on_a_socket_whose_connect_has_failed)
{
    fer_socket_addr addr;
    fer_tcp_stream stream = {0};
    fer_raw_socket raw = raw_refused();
    (void)raw_error(raw); /* it may be late */
    assert_ok(ferp_listen(raw, 1));
    assert_kind(raw_error(raw), FER_CONNECTION_REFUSED);
    assert_ok(ferp_local_addr(raw, &addr));
    assert_ok(fer_tcp_stream_connect_addr(&stream, &addr));
    fer_tcp_stream_close(&stream);
    ferp_close(raw);
}

POSIX_TEST(after_a_blocking_connect_has_failed_linux_connects_again)
{
    (void)serve(SERVER);
    fer_socket_addr closed = addr_of("127.0.0.1:9");
    fer_socket_addr addr = addr_of(SERVER);
    fer_raw_socket raw = raw_socket();
    assert_code(ferp_connect(raw, &closed), FER_CONNECTION_REFUSED, 111);
    assert_code(ferp_connect(raw, &closed), FER_CONNECTION_REFUSED, 111);
    assert_ok(ferp_connect(raw, &addr));
    assert_ok(ferp_check_connected(raw));
}

/* As seen on Linux 6.18 after a blocking connect. */
SIM_TEST(a_socket_that_was_reset_is_not_connected_again)
{
    struct raw_pair pair = raw_pair();
    raw_reset(pair.server);
    assert_code(ferp_connect(pair.client, &pair.addr),
                is_winsock() ? FER_CONNECTION_ABORTED : FER_ALREADY_CONNECTED,
                is_winsock() ? 10053 : 106);
}

/* docs/DIFFERENCES.md, failed_connect_adopted. */
SIM_TEST(a_failed_connect_that_is_adopted_fails_again_or_connects)
{
    fer_socket socket = {0};
    fer_error cause = {FER_OK, 0};
    (void)serve(SERVER);
    fer_socket_addr addr = addr_of(SERVER);
    assert_ok(fer_socket_from_raw(&socket, raw_refused()));
    fer_error error = fer_socket_connect(&socket, &addr);
    assert_kind(error, is_winsock() ? FER_OK : FER_CONNECTION_REFUSED);
    assert_ok(fer_socket_take_error(&socket, &cause));
    assert_code(cause, error.kind, error.os_code);
    fer_socket_close(&socket);
}

/* C5: "While the connect is pending, each read … first queries the system for its result." The
 * failure of the first connect is none of the second. */
WINSOCK_TEST(a_second_connect_of_an_adopted_socket_is_pending_until_it_has_ended)
{
    static const char *const servers[] = {SERVER, "10.0.0.7:81"};
    (void)serve(SERVER);
    for (int i = 0; i < 2; i++) {
        fer_socket socket = {0};
        fer_error cause = {FER_OK, 0};
        fer_socket_addr addr = addr_of(servers[i]);
        fer_raw_socket raw = raw_refused();
        (void)raw_error(raw); /* it may be late */
        assert_ok(fer_socket_from_raw(&socket, raw));
        assert_ok(fer_socket_set_nonblocking(&socket, true));
        assert_kind(fer_socket_connect(&socket, &addr), FER_WOULD_BLOCK);
        assert_kind(fer_socket_take_error(&socket, &cause), FER_WOULD_BLOCK);
        advance_ms(30000);
        assert_ok(fer_socket_take_error(&socket, &cause));
        assert_kind(cause, i == 0 ? FER_OK : FER_CONNECTION_REFUSED);
        fer_socket_close(&socket);
    }
}

/* docs/DIFFERENCES.md, late_refusal: only on the loopback Windows does not retry. */
SIM_TEST(a_refusal_by_another_host_arrives_late_on_windows)
{
    fer_tcp_stream stream = {0};
    (void)serve(SERVER);
    fer_socket_addr closed = addr_of(SERVER);
    closed.port++;
    fer_error error = fer_tcp_stream_connect_timeout(&stream, &closed, millis(1000));
    assert_code(error, is_winsock() ? FER_TIMED_OUT : FER_CONNECTION_REFUSED,
                is_winsock() ? 0 : 111);
    error = fer_tcp_stream_connect_timeout(&stream, &closed, millis(3000));
    assert_code(error, FER_CONNECTION_REFUSED, is_winsock() ? 10061 : 111);
}

SIM_TEST(a_connect_to_port_0_has_its_systems_error)
{
    fer_raw_socket raw = raw_socket();
    fer_socket_addr port_zero = addr_of("127.0.0.1:0");
    fer_error error = ferp_connect(raw, &port_zero);
    assert_code(error, is_winsock() ? FER_ADDR_NOT_AVAILABLE : FER_CONNECTION_REFUSED,
                is_winsock() ? 10049 : 111);
}

/* ---- Addresses of sockets */

SIM_TEST(an_unbound_socket_has_a_name_on_linux_only)
{
    fer_socket_addr addr;
    fer_raw_socket raw = raw_socket();
    if (is_winsock()) {
        assert_code(ferp_local_addr(raw, &addr), FER_INVALID_INPUT, 10022);
        assert_code(ferp_listen(raw, 1), FER_INVALID_INPUT, 10022);
    } else {
        assert_ok(ferp_local_addr(raw, &addr));
        assert_int_equal(addr.port, 0);
        assert_ok(ferp_listen(raw, 1));
        assert_ok(ferp_local_addr(raw, &addr));
        assert_int_not_equal(addr.port, 0);
    }
}

SIM_TEST(the_peers_name_after_the_end)
{
    fer_socket_addr addr;
    struct raw_pair pair = raw_pair();
    raw_reset(pair.server);
    fer_error error = ferp_peer_addr(pair.client, &addr);
    assert_code(error, is_winsock() ? FER_OK : FER_NOT_CONNECTED, is_winsock() ? 0 : 107);
}

/* ---- Options and modes */

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
    const uint64_t milli = 1000000;
    size_t n = 0;
    sim_begin_with((fer_sim_config){.send_buffer = 1024, .receive_buffer = 1024});
    struct raw_pair pair = raw_pair();
    assert_ok(ferp_set_timeout(pair.client, FERP_WRITING, (fer_duration){100 * milli}));
    assert_ok(fer_sim_after((fer_duration){60 * milli}, receive_some, &pair.server));
    uint64_t began = ferp_now();
    assert_ok_n(ferp_send(pair.client, much, sizeof much, 0, &n), n, 2048 + 256);
    assert_int_equal(ferp_now() - began, 100 * milli);
}

TEST_MAIN("sim_dialects")
