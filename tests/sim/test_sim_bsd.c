/* test_sim_bsd.c: the BSD dialect: traits and codes, connecting, listening and binding. Each switch
 * of platform/sim/switches.h has a test here or in test_sim_bsd_*.c, which shows its effect on the
 * systems that have it, and its absence on the others, or a record of tests/fidelity. */
#include "platform/sim/network.h"
#include "sim/sim_bsd.h"

BSD_TEST(the_traits_are_the_systems)
{
    const struct ferp_traits *traits = ferp_traits();
    assert_true(traits->io_waits_in_kernel);
    assert_int_equal(traits->unix_path_max, 103);
    assert_false(traits->has_abstract_unix_names);
    assert_int_equal(traits->linger_seconds_max, is_on(ON_MACOS) ? 327 : INT16_MAX);
}

BSD_TEST(codes_are_those_of_4_4bsd)
{
    fer_raw_socket raw = raw_socket();
    ferp_close(raw);
    assert_code(raw_send(raw, "x"), FER_BAD_HANDLE, 9);
    assert_int_equal(ferp_error_kind(35), FER_WOULD_BLOCK);
    assert_int_equal(ferp_error_kind(61), FER_CONNECTION_REFUSED);
    assert_int_equal(ferp_error_kind(111), FER_UNCATEGORIZED);
    assert_int_equal(ferp_error_kind(0), FER_OK);
}

/* eai_noname_is_8 */
BSD_CONFIG_TEST(a_failed_lookup_has_the_system_s_number)
{
    static const fer_sim_name names[] = {{.host = "gone.test", .failure = FER_HOST_NOT_FOUND},
                                         {.host = "later.test", .failure = FER_RESOLVE_TRY_AGAIN},
                                         {.host = "broken.test", .failure = FER_RESOLVE_FAILED}};
    const int32_t codes[] = {is_on(ON_OPENBSD) ? -2 : -8, is_on(ON_OPENBSD) ? -3 : -2, -4};
    fer_socket_addr addr;
    size_t count = 0;
    sim_begin_of(.names = names, .name_count = 3);
    for (size_t i = 0; i < 3; i++) {
        assert_code(fer_lookup_host(names[i].host, 80, &addr, 1, &count), names[i].failure,
                    codes[i]);
    }
}

/* ---- unix_full_queue_refuses */

BSD_CONFIG_TEST(a_connect_to_a_full_unix_queue_is_refused)
{
    fer_unix_addr addr;
    sim_begin_of(.max_sockets = 1024); /* OpenBSD's shortest queue has 241 connections */
    assert_ok(fer_unix_addr_from_pathname(&addr, "/run/full"));
    fer_raw_socket listener = raw_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_raw_socket other = raw_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    fer_raw_socket client = raw_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    assert_ok(ferp_unix_bind(listener, &addr));
    assert_ok(ferp_listen(listener, 1));
    while (ferp_unix_connect(client, &addr).kind == FER_OK) {
        ferp_close(client);
        client = raw_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM);
    }
    assert_code(ferp_unix_connect(other, &addr), FER_CONNECTION_REFUSED, 61);
}

/* ---- Pollers */

static const fer_event both = {.key = 1, .interest = FER_READABLE | FER_WRITABLE};

static void nothing_is_ready(fer_poller *poller)
{
    fer_event events[2];
    size_t count = 77;
    bool notified = false;
    assert_ok_n(ferp_poller_wait(poller, events, 2, (fer_duration){0}, &count, &notified), count,
                0);
}

/* poller_errors_without_code, poller_ignores_never_connected: epoll reports a hang-up. */
BSD_TEST(a_poller_s_own_errors_have_no_code_and_it_ignores_a_stream_that_was_never_connected)
{
    fer_poller poller = {0};
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_poller_open(&poller));
    assert_code(ferp_poller_modify(&poller, raw, both, FER_POLL_LEVEL), FER_NOT_FOUND, 0);
    assert_ok(ferp_poller_add(&poller, raw, both, FER_POLL_LEVEL));
    assert_code(ferp_poller_add(&poller, raw, both, FER_POLL_LEVEL), FER_ALREADY_EXISTS, 0);
    nothing_is_ready(&poller);
    ferp_poller_close(&poller);
}

/* poller_is_kqueue: edges and no urgent data; the others are poll. Both lack READ_CLOSED alone. */
BSD_TEST(a_poller_has_the_events_of_its_system)
{
    const fer_event end = {.interest = FER_READ_CLOSED}, urgent = {.interest = FER_PRIORITY};
    bool is_kqueue = is_on(ON_MACOS | ON_FREEBSD);
    fer_poller poller = {0};
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_poller_open(&poller));
    assert_code(ferp_poller_add(&poller, raw, end, FER_POLL_LEVEL), FER_UNSUPPORTED, 0);
    assert_kind(ferp_poller_add(&poller, raw, urgent, FER_POLL_LEVEL),
                is_kqueue ? FER_UNSUPPORTED : FER_OK);
    FER_IGNORE(ferp_poller_delete(&poller, raw));
    assert_kind(ferp_poller_add(&poller, raw, both, FER_POLL_EDGE),
                is_kqueue ? FER_OK : FER_UNSUPPORTED);
    ferp_poller_close(&poller);
}

/* poller_forgets_closed_numbers: also if a clone keeps the socket open, and a later clone gets the
 * number. */
BSD_TEST(a_poller_removes_a_closed_number)
{
    fer_poller poller = {0};
    fer_raw_socket clone = FER_RAW_SOCKET_NONE, back = FER_RAW_SOCKET_NONE;
    fer_raw_socket raw = raw_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_ok(ferp_poller_open(&poller));
    assert_ok(ferp_poller_add(&poller, raw, both, FER_POLL_LEVEL));
    assert_ok(ferp_duplicate(raw, &clone));
    ferp_close(raw);
    nothing_is_ready(&poller);
    assert_ok(ferp_duplicate(clone, &back));
    assert_true(back == raw);
    assert_code(ferp_poller_delete(&poller, back), FER_NOT_FOUND, 0);
    assert_ok(ferp_poller_add(&poller, back, both, FER_POLL_LEVEL));
    ferp_poller_close(&poller);
}

static fer_raw_socket bound_to(const char *text)
{
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_bind(raw, addr_at(text)));
    return raw;
}

/* ---- Connecting */

/* failed_connect_is_final, failed_connect_is_refused: Linux connects it the second time. */
BSD_TEST(a_failed_connect_is_final)
{
    (void)serve(SERVER);
    fer_raw_socket raw = raw_socket();
    assert_code(ferp_connect(raw, addr_at("127.0.0.1:9")), FER_CONNECTION_REFUSED, 61);
    for (int i = 0; i < 2; i++) {
        assert_kind(ferp_connect(raw, addr_at(SERVER)),
                    is_on(ON_FREEBSD) ? FER_CONNECTION_REFUSED : FER_INVALID_INPUT);
    }
}

/* port_0_is_unavailable, wildcard_destination_is_einval */
BSD_TEST(port_0_and_the_wildcard_as_destinations)
{
    fer_socket_addr listener, wildcard = addr_of("0.0.0.0:0");
    (void)raw_listener(&listener);
    fer_raw_socket raw = raw_socket();
    wildcard.port = listener.port;
    assert_code(ferp_connect(raw, addr_at("127.0.0.1:0")), FER_ADDR_NOT_AVAILABLE, 49);
    assert_kind(ferp_connect(raw, &wildcard), is_on(ON_OPENBSD) ? FER_INVALID_INPUT : FER_OK);
}

/* bound_port_drops_syn, connect_ends_after_75_s */
BSD_TEST(a_port_that_is_bound_and_does_not_listen)
{
    fer_raw_socket bound = bound_to("127.0.0.1:7000");
    fer_raw_socket raw = raw_socket();
    bool drops = !is_on(ON_FREEBSD);
    assert_takes(drops ? 75000 : 0,
                 assert_code(ferp_connect(raw, addr_at("127.0.0.1:7000")),
                             drops ? FER_CONNECTION_TIMED_OUT : FER_CONNECTION_REFUSED,
                             drops ? 60 : 61));
    ferp_close(raw);
    ferp_close(bound);
    raw = raw_socket();
    assert_code(ferp_connect(raw, addr_at("127.0.0.1:7000")), FER_CONNECTION_REFUSED, 61);
}

/* self_connect_is_einval: on the others it is a connect to a port that does not listen. */
BSD_CONFIG_TEST(a_connect_to_itself_is_einval_on_macos)
{
    for (int wildcard = 0; wildcard < 2; wildcard++) {
        sim_begin();
        fer_raw_socket raw = bound_to(wildcard ? "0.0.0.0:7003" : "127.0.0.1:7003");
        assert_ok(ferp_set_nonblocking(raw, true));
        assert_kind(ferp_connect(raw, addr_at("127.0.0.1:7003")),
                    is_on(ON_MACOS) ? FER_INVALID_INPUT : FER_IN_PROGRESS);
        sim_end_one();
    }
}

/* ---- Listening and accepting */

/* The connect that finds the queue full has the result `full`. */
static size_t queue_until_full(const fer_socket_addr *addr, fer_error_kind full)
{
    for (size_t count = 0; count < 400; count++) {
        fer_raw_socket client = raw_socket();
        assert_ok(ferp_set_nonblocking(client, true));
        assert_kind(ferp_connect(client, addr), FER_IN_PROGRESS);
        advance_ms(1);
        if (ferp_check_connected(client).kind != FER_OK) {
            assert_int_equal(raw_error(client).kind, full);
            return count;
        }
    }
    return 400;
}

/* queue_halves, queue_is_exact, backlog_0_is_largest, backlog_min, backlog_max, full_queue_resets.
 * The lengths are macOS', FreeBSD's, NetBSD's and OpenBSD's. */
BSD_CONFIG_TEST(an_accept_queue_is_as_long_as_on_the_system)
{
    static const struct {
        int backlog;
        size_t lengths[4];
    } rows[] = {{0, {128, 1, 1, 81}}, {4, {4, 7, 5, 81}}, {1000, {128, 193, 129, 129}}};
    for (size_t i = 0; i < 3; i++) {
        sim_begin_of(.max_sockets = 1200, .send_buffer = 64, .receive_buffer = 64);
        fer_socket_addr addr = addr_of("127.0.0.1:7001");
        assert_ok(ferp_listen(bound_to("127.0.0.1:7001"), rows[i].backlog));
        assert_int_equal(queue_until_full(&addr, is_on(ON_FREEBSD) ? FER_CONNECTION_RESET : FER_OK),
                         rows[i].lengths[sim_system.bsd]);
        sim_end_one();
    }
}

/* accept_inherits_nonblocking, accept_drops_timeouts, accepted_linger_zero_is_120s */
BSD_TEST(an_accepted_socket_inherits_as_on_the_system)
{
    fer_socket_addr addr, peer;
    fer_duration timeout;
    struct ferp_linger linger;
    bool nonblocking = false;
    fer_raw_socket accepted = FER_RAW_SOCKET_NONE;
    fer_raw_socket listener = raw_listener(&addr);
    assert_ok(ferp_set_timeout(listener, FERP_READING, fer_duration_from_secs(1)));
    assert_ok(ferp_set_linger(listener, (struct ferp_linger){true, 0}));
    (void)raw_connected(&addr);
    assert_ok(ferp_set_nonblocking(listener, true));
    assert_ok(ferp_accept(listener, false, &accepted, &peer));
    assert_ok_n(ferp_is_nonblocking(accepted, &nonblocking), nonblocking, is_on(ON_MACOS));
    assert_ok(ferp_timeout(accepted, FERP_READING, &timeout));
    assert_int_equal(timeout.nanos == FER_DURATION_NONE_NANOS, is_on(ON_MACOS));
    assert_ok(ferp_linger(accepted, &linger));
    assert_true(linger.on);
    assert_int_equal(linger.seconds, is_on(ON_FREEBSD) ? 0 : 120);
}

/* accept sets options of the connections of a shared listener. macOS refuses them for one that was
 * reset. */
BSD_CONFIG_TEST(a_shared_listener_skips_a_connection_that_was_reset_in_the_queue)
{
    for (int is_shared = 0; is_shared < 2; is_shared++) {
        sim_begin();
        const fer_socket_addr *addr = listening();
        if (is_shared) {
            assert_ok(fer_tcp_listener_try_clone(&test.listener, &test.listener2));
        }
        raw_reset(raw_connected(addr));
        assert_kind(fer_tcp_listener_try_accept(&test.listener, &test.stream, NULL),
                    is_shared || !is_on(ON_MACOS) ? FER_WOULD_BLOCK : FER_OK);
        sim_end_one();
    }
}

/* ---- Binding */

/* scopeless_bind_is_unavailable: Linux reports EINVAL. */
BSD_TEST(a_link_local_bind_without_a_scope_is_eaddrnotavail)
{
    fer_raw_socket raw = raw_new(FER_DOMAIN_IPV6, FER_TYPE_STREAM);
    assert_code(ferp_bind(raw, addr_at("[fe80::1]:0")), FER_ADDR_NOT_AVAILABLE, 49);
}

/* ---- The ends and resets of streams, and the options and names of one that has ended */

static size_t n;

#define BSD_PAIR_TEST(function) \
    BSD_TEST_OF(function, (struct raw_pair pair), (raw_pair()), sim_start)
#define BSD_UNIX_PAIR_TEST(function) \
    BSD_TEST_OF(function, (const fer_raw_socket *ends), (unix_pair()), sim_start)

static const fer_raw_socket *unix_pair(void)
{
    static fer_raw_socket ends[2];
    assert_ok(ferp_unix_pair(FER_TYPE_STREAM, &ends[0], &ends[1]));
    return ends;
}

/* ---- Closing */

/* unix_close_is_orderly, unix_closed_peer_has_no_name */
BSD_UNIX_PAIR_TEST(a_unix_close_with_unread_input_is_orderly_and_leaves_no_peer)
{
    fer_unix_addr addr;
    assert_ok(raw_send(ends[0], "unread"));
    assert_ok(ferp_unix_peer_addr(ends[0], &addr));
    ferp_close(ends[1]);
    assert_kind(ferp_unix_peer_addr(ends[0], &addr), FER_NOT_CONNECTED);
    raw_recv_is(ends[0], 0);
    assert_code(raw_send(ends[0], "x"), FER_BROKEN_PIPE, 32);
    assert_code(raw_error(ends[0]), FER_OK, 0);
}

/* ---- Shutdown */

/* unix_shut_read_is_hidden, unix_shut_read_discards: Linux' sender gets EPIPE. */
BSD_UNIX_PAIR_TEST(a_unix_peer_that_shut_its_read_half_can_be_written_to)
{
    assert_ok(ferp_shutdown(ends[1], FER_SHUTDOWN_READ));
    assert_ok(raw_send(ends[0], "more"));
    raw_recv_is(ends[1], is_on(ON_MACOS) ? 0 : 4);
}

/* shutdown_dead_is_einval: NetBSD and OpenBSD, except for the read half. */
BSD_PAIR_TEST(shutdown_after_a_reset_is_einval_on_two)
{
    bool is_einval = is_on(ON_NETBSD | ON_OPENBSD);
    fer_error_kind kind = is_einval ? FER_INVALID_INPUT : FER_NOT_CONNECTED;
    raw_reset(pair.client);
    assert_kind(ferp_shutdown(pair.server, FER_SHUTDOWN_WRITE), kind);
    assert_kind(ferp_shutdown(pair.server, FER_SHUTDOWN_BOTH), kind);
    assert_kind(ferp_shutdown(pair.server, FER_SHUTDOWN_READ), is_einval ? FER_OK : kind);
}

/* cut_send_loses_count, a fact: an error replaces the count of a send that has waited. */
static void reset_client(void *client)
{
    raw_reset(*(const fer_raw_socket *)client);
}

BSD_PAIR_TEST(a_send_that_is_cut_off_loses_its_count)
{
    static char bytes[1024 * 1024];
    after_ms(10, reset_client, &pair.client);
    assert_kind_n(ferp_send(pair.server, bytes, sizeof bytes, 0, &n), FER_BROKEN_PIPE, n, 0);
}

/* shut_both_disconnects: getpeername is EINVAL on macOS, as of any ended stream. */
BSD_PAIR_TEST(a_stream_that_shut_both_halves_has_no_peer)
{
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_READ));
    assert_ok(ferp_check_connected(pair.client));
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_kind(ferp_check_connected(pair.client),
                is_on(ON_MACOS) ? FER_INVALID_INPUT : FER_NOT_CONNECTED);
    assert_ok(ferp_check_connected(pair.server));
}

/* ---- ended_options_fail: macOS, once both halves have ended, and after a failed connect. */

BSD_PAIR_TEST(options_of_an_ended_stream_are_einval_on_macos)
{
    fer_error_kind refused = is_on(ON_MACOS) ? FER_INVALID_INPUT : FER_OK;
    struct ferp_linger linger = {false, 0};
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_set_linger(pair.client, linger));
    assert_ok(ferp_set_option(pair.client, FERP_NODELAY, 1));
    assert_ok(ferp_check_connected(pair.client));
    assert_ok(ferp_shutdown(pair.server, FER_SHUTDOWN_WRITE));
    advance_ms(5);
    /* The client is in TIME_WAIT. */
    assert_kind(ferp_set_linger(pair.client, linger), refused);
    assert_kind(ferp_set_timeout(pair.client, FERP_READING, FER_DURATION_NONE), refused);
    if (is_on(ON_MACOS)) {
        assert_kind(ferp_set_option(pair.client, FERP_NODELAY, 1), refused);
    }
    fer_error_kind linger_kind = ferp_set_linger(pair.server, linger).kind;
    assert_int_equal(linger_kind, ferp_sim_current()->switches->dead_options_fail
                                      ? FER_CONNECTION_RESET
                                      : refused);
    assert_kind(ferp_check_connected(pair.client), refused == FER_OK ? FER_NOT_CONNECTED : refused);
}

/* buffer_of_ended_half_is_einval */
BSD_PAIR_TEST(a_buffer_of_an_ended_half_is_einval_on_openbsd)
{
    fer_error_kind refused = is_on(ON_OPENBSD) ? FER_INVALID_INPUT : FER_OK;
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    advance_ms(5);
    assert_kind(ferp_set_option(pair.client, FERP_SEND_BUFFER, 4096), refused);
    assert_ok(ferp_set_option(pair.client, FERP_RECV_BUFFER, 4096));
    assert_kind(ferp_set_option(pair.server, FERP_RECV_BUFFER, 4096), refused);
    assert_ok(ferp_set_option(pair.server, FERP_SEND_BUFFER, 4096));
}

BSD_TEST(options_of_a_failed_connect_are_einval_on_macos)
{
    fer_raw_socket raw = raw_socket();
    struct ferp_linger linger = {false, 0};
    assert_kind(ferp_connect(raw, addr_at("127.0.0.1:9")), FER_CONNECTION_REFUSED);
    fer_error_kind kind = ferp_set_linger(raw, linger).kind;
    assert_int_equal(kind, is_on(ON_MACOS)                                   ? FER_INVALID_INPUT
                           : ferp_sim_current()->switches->dead_options_fail ? FER_CONNECTION_RESET
                                                                             : FER_OK);
    /* NetBSD stores the value and then reports ECONNRESET. */
    FER_IGNORE(ferp_set_linger(raw, (struct ferp_linger){true, 5}));
    assert_ok(ferp_linger(raw, &linger));
    assert_int_equal(linger.on, !is_on(ON_MACOS));
}

TEST_MAIN("sim_bsd")
