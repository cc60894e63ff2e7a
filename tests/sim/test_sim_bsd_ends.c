/* test_sim_bsd_ends.c: the switches of the BSD dialect for the ends and resets of streams, and for
 * the options and names of a stream that has ended. */
#include "platform/sim/network.h"
#include "sim/sim_bsd.h"

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

/* ---- Resets */

/* peek_keeps_error, send_after_reset_is_epipe, error_precedes_end: Linux reports the reset to
 * either call. */
BSD_PAIR_TEST(a_peek_and_a_send_leave_the_reset_for_a_receive)
{
    char byte = 0;
    raw_reset(pair.client);
    for (int i = 0; i < 2; i++) {
        assert_code(ferp_recv(pair.server, &byte, 1, FERP_PEEK, &n), FER_CONNECTION_RESET, 54);
        assert_code(raw_send(pair.server, "x"), FER_BROKEN_PIPE, 32);
    }
    assert_code(raw_recv(pair.server, &n), FER_CONNECTION_RESET, 54);
    raw_recv_is(pair.server, 0);
}

/* reset_after_end_is_econnreset, error_precedes_end: on Linux a receive reports the end first, and
 * the error is EPIPE. */
BSD_PAIR_TEST(a_reset_after_the_end_is_econnreset_before_the_end)
{
    assert_ok(raw_send(pair.client, "last"));
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    advance_ms(5);
    raw_reset(pair.client);
    raw_recv_is(pair.server, 4);
    assert_code(raw_recv(pair.server, &n), FER_CONNECTION_RESET, 54);
    raw_recv_is(pair.server, 0);
}

/* ---- Closing */

/* close_discards_input: XNU resets, as Linux does. */
BSD_PAIR_TEST(a_close_with_unread_input_is_orderly_on_the_bsds)
{
    assert_ok(raw_send(pair.server, "unread"));
    ferp_close(pair.client);
    if (is_on(ON_MACOS)) {
        assert_code(raw_recv(pair.server, &n), FER_CONNECTION_RESET, 54);
    } else {
        raw_recv_is(pair.server, 0);
        assert_code(raw_error(pair.server), FER_OK, 0);
    }
}

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

/* lacks_keepalive_fields, hides_keepalive_fields, keepalive_retries */
BSD_TEST(a_keepalive_has_the_system_s_fields)
{
    uint32_t retries = 0;
    fer_raw_socket raw = raw_socket();
    if (is_on(ON_OPENBSD)) {
        assert_kind(ferp_option_value(raw, FERP_KEEPALIVE_RETRIES, &retries), FER_UNSUPPORTED);
        assert_kind(ferp_set_option(raw, FERP_KEEPALIVE_TIME, 60), FER_UNSUPPORTED);
    } else {
        assert_ok_n(ferp_option_value(raw, FERP_KEEPALIVE_RETRIES, &retries), retries,
                    is_on(ON_NETBSD) ? 0 : 8);
    }
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

static fer_error_kind setting_and_getting(fer_raw_socket raw, ferp_option option)
{
    uint32_t value = 0;
    fer_error_kind set = ferp_set_option(raw, option, 1).kind;
    fer_error_kind got = ferp_option_value(raw, option, &value).kind;
    return set == got ? set : FER_UNCATEGORIZED;
}

/* dead_tcp_options_fail, dead_ip_options_fail, dead_options_fail: after a reset. NetBSD reads the
 * options of the socket itself. */
BSD_PAIR_TEST(options_of_an_ended_stream_are_econnreset_by_level)
{
    raw_reset(pair.server);
    advance_ms(5);
    fer_error_kind reset = is_on(ON_MACOS) ? FER_UNCATEGORIZED : FER_CONNECTION_RESET;
    assert_int_equal(setting_and_getting(pair.client, FERP_NODELAY), reset);
    assert_int_equal(setting_and_getting(pair.client, FERP_TTL_V4),
                     is_on(ON_FREEBSD) ? FER_OK : reset);
    assert_int_equal(setting_and_getting(pair.client, FERP_KEEPALIVE),
                     is_on(ON_MACOS | ON_NETBSD) ? FER_UNCATEGORIZED : FER_OK);
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

TEST_MAIN("sim_bsd_ends")
