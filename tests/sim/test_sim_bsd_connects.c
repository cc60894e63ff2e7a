/* test_sim_bsd_connects.c: the switches of the BSD dialect for connecting, listening, accepting and
 * binding. */
#include "platform/sim/network.h"
#include "sim/sim_bsd.h"

static fer_raw_socket bound_to(const char *text, bool reuse)
{
    fer_raw_socket raw = raw_socket();
    fer_socket_addr addr = addr_of(text);
    assert_ok(ferp_set_option(raw, FERP_REUSE_ADDRESS, reuse));
    assert_ok(ferp_bind(raw, &addr));
    return raw;
}

/* ---- Connecting */

/* failed_connect_is_final, failed_connect_is_refused: Linux connects it the second time. */
BSD_TEST(a_failed_connect_is_final)
{
    (void)serve(SERVER);
    fer_socket_addr refuses = addr_of("127.0.0.1:9");
    fer_socket_addr serves = addr_of(SERVER);
    fer_raw_socket raw = raw_socket();
    assert_code(ferp_connect(raw, &refuses), FER_CONNECTION_REFUSED, 61);
    for (int i = 0; i < 2; i++) {
        assert_kind(ferp_connect(raw, &serves),
                    is_on(ON_FREEBSD) ? FER_CONNECTION_REFUSED : FER_INVALID_INPUT);
    }
}

/* port_0_is_unavailable, wildcard_destination_is_einval */
BSD_TEST(port_0_and_the_wildcard_as_destinations)
{
    fer_socket_addr listening;
    (void)raw_listener(&listening);
    fer_socket_addr port_0 = addr_of("127.0.0.1:0");
    fer_socket_addr wildcard = addr_of("0.0.0.0:0");
    fer_raw_socket raw = raw_socket();
    wildcard.port = listening.port;
    assert_code(ferp_connect(raw, &port_0), FER_ADDR_NOT_AVAILABLE, 49);
    assert_kind(ferp_connect(raw, &wildcard), is_on(ON_OPENBSD) ? FER_INVALID_INPUT : FER_OK);
}

/* bound_port_drops_syn, connect_ends_after_75_s */
BSD_TEST(a_port_that_is_bound_and_does_not_listen)
{
    fer_raw_socket bound = bound_to("127.0.0.1:7000", false);
    fer_socket_addr addr = addr_of("127.0.0.1:7000");
    fer_raw_socket raw = raw_socket();
    uint64_t before = ferp_now();
    bool drops = !is_on(ON_FREEBSD);
    assert_code(ferp_connect(raw, &addr), drops ? FER_CONNECTION_TIMED_OUT : FER_CONNECTION_REFUSED,
                drops ? 60 : 61);
    assert_int_equal(ferp_now() - before, drops ? UINT64_C(75000000000) : 0);
    ferp_close(raw);
    ferp_close(bound);
    raw = raw_socket();
    assert_code(ferp_connect(raw, &addr), FER_CONNECTION_REFUSED, 61);
}

/* self_connect_is_einval: on the others it is a connect to a port that does not listen. */
BSD_CONFIG_TEST(a_connect_to_itself_is_einval_on_macos)
{
    for (int wildcard = 0; wildcard < 2; wildcard++) {
        bsd_begin();
        fer_socket_addr addr = addr_of("127.0.0.1:7003");
        fer_raw_socket raw = bound_to(wildcard ? "0.0.0.0:7003" : "127.0.0.1:7003", false);
        assert_ok(ferp_set_nonblocking(raw, true));
        assert_kind(ferp_connect(raw, &addr),
                    is_on(ON_MACOS) ? FER_INVALID_INPUT : FER_IN_PROGRESS);
        assert_int_equal(sim_end(NULL), 0);
    }
}

/* ---- Listening and accepting */

/* The connect that finds the queue full has the result `full`. */
static size_t queue_until_full(const fer_socket_addr *addr, fer_raw_socket *clients, size_t most,
                               fer_error_kind full)
{
    size_t count = 0;
    while (count < most) {
        clients[count] = raw_socket();
        assert_ok(ferp_set_nonblocking(clients[count], true));
        assert_kind(ferp_connect(clients[count], addr), FER_IN_PROGRESS);
        advance_ms(1);
        if (ferp_check_connected(clients[count]).kind != FER_OK) {
            assert_int_equal(raw_error(clients[count]).kind, full);
            ferp_close(clients[count]);
            return count;
        }
        count++;
    }
    return count;
}

/* queue_halves, queue_is_exact, backlog_0_is_largest, backlog_min, backlog_max, full_queue_resets.
 * The lengths are macOS', FreeBSD's, NetBSD's and OpenBSD's. */
static void check_queue(int backlog, const size_t lengths[4])
{
    static fer_raw_socket clients[400];
    fer_sim_config config = bsd_config();
    config.max_sockets = 1200;
    config.send_buffer = 64;
    config.receive_buffer = 64;
    sim_begin_with(config);
    fer_raw_socket listener = bound_to("127.0.0.1:7001", false);
    fer_socket_addr addr = addr_of("127.0.0.1:7001");
    assert_ok(ferp_listen(listener, backlog));
    fer_error_kind full = is_on(ON_FREEBSD) ? FER_CONNECTION_RESET : FER_OK;
    size_t count = queue_until_full(&addr, clients, 400, full);
    assert_int_equal(count, lengths[config.bsd]);
    assert_int_equal(sim_end(NULL), 0);
}

BSD_CONFIG_TEST(an_accept_queue_is_as_long_as_on_the_system)
{
    check_queue(0, (const size_t[]){128, 1, 1, 81});
    check_queue(4, (const size_t[]){4, 7, 5, 81});
    check_queue(1000, (const size_t[]){128, 193, 129, 129});
}

/* accept_inherits_nonblocking, accept_drops_timeouts, accepted_linger_zero_is_120s */
BSD_TEST(an_accepted_socket_inherits_as_on_the_system)
{
    fer_socket_addr addr;
    fer_socket_addr peer;
    fer_duration timeout;
    struct ferp_linger linger;
    bool nonblocking = false;
    fer_raw_socket accepted = FER_RAW_SOCKET_NONE;
    fer_raw_socket listener = raw_listener(&addr);
    assert_ok(ferp_set_timeout(listener, FERP_READING, fer_duration_from_secs(1)));
    assert_ok(ferp_set_linger(listener, (struct ferp_linger){true, 0}));
    (void)raw_connected(&addr);
    assert_ok(ferp_set_nonblocking(listener, true));
    assert_ok(ferp_accept(listener, &accepted, &peer));
    assert_ok_n(ferp_is_nonblocking(accepted, &nonblocking), nonblocking, is_on(ON_MACOS));
    assert_ok(ferp_timeout(accepted, FERP_READING, &timeout));
    assert_int_equal(timeout.nanos == FER_DURATION_NONE_NANOS, is_on(ON_MACOS));
    assert_ok(ferp_linger(accepted, &linger));
    assert_true(linger.on);
    assert_int_equal(linger.seconds, is_on(ON_FREEBSD) ? 0 : 120);
}

/* queued_reset_is_aborted, queued_reset_v6_is_aborted */
static void check_reset_in_queue(const char *text, bool is_aborted)
{
    fer_domain domain = text[0] == '[' ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4;
    fer_raw_socket accepted = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr = addr_of(text);
    fer_socket_addr peer;
    bsd_begin();
    fer_raw_socket listener = raw_new(domain, FER_TYPE_STREAM);
    fer_raw_socket client = raw_new(domain, FER_TYPE_STREAM);
    assert_ok(ferp_bind(listener, &addr));
    assert_ok(ferp_listen(listener, 4));
    assert_ok(ferp_connect(client, &addr));
    raw_reset(client);
    assert_kind(ferp_accept(listener, &accepted, &peer),
                is_aborted ? FER_CONNECTION_ABORTED : FER_OK);
    assert_int_equal(sim_end(NULL), 0);
}

BSD_CONFIG_TEST(a_connection_that_was_reset_in_the_queue)
{
    check_reset_in_queue("127.0.0.1:7002", !is_on(ON_MACOS));
    check_reset_in_queue("[::1]:7002", true);
}

/* accept sets options of the connections of a shared listener. macOS refuses them for one that was
 * reset. */
static void check_reset_at_listener(bool is_shared, bool is_skipped)
{
    fer_tcp_listener listener = {0};
    fer_tcp_listener clone = {0};
    fer_tcp_stream stream = {0};
    fer_socket_addr addr;
    bsd_begin();
    assert_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_local_addr(&listener, &addr));
    if (is_shared) {
        assert_ok(fer_tcp_listener_try_clone(&listener, &clone));
    }
    raw_reset(raw_connected(&addr));
    assert_kind(fer_tcp_listener_try_accept(&listener, &stream, NULL),
                is_skipped ? FER_WOULD_BLOCK : FER_OK);
    fer_tcp_stream_close(&stream);
    fer_tcp_listener_close(&clone);
    fer_tcp_listener_close(&listener);
    assert_int_equal(sim_end(NULL), 0);
}

BSD_CONFIG_TEST(a_shared_listener_skips_a_connection_that_was_reset_in_the_queue)
{
    check_reset_at_listener(false, !is_on(ON_MACOS));
    check_reset_at_listener(true, true);
}

/* ---- Binding */

/* scopeless_bind_is_unavailable: Linux reports EINVAL. */
BSD_TEST(a_link_local_bind_without_a_scope_is_eaddrnotavail)
{
    fer_socket_addr addr = addr_of("[fe80::1]:0");
    fer_raw_socket raw = raw_new(FER_DOMAIN_IPV6, FER_TYPE_STREAM);
    assert_code(ferp_bind(raw, &addr), FER_ADDR_NOT_AVAILABLE, 49);
}

TEST_MAIN("sim_bsd_connects")
