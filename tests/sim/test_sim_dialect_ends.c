/* test_sim_dialect_ends.c: how a connection and a wait end on each of the two systems: resets,
 * shutdown, wakeups. It calls the seam's functions, as test_sim_dialects.c does. */
#include "sim/sim_raw.h"

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

/* On Linux the first call returns the reset, a write or a query of SO_ERROR too. A later read then
 * returns end of file. */
POSIX_TEST(a_write_that_met_the_reset_takes_it_from_the_read)
{
    for (int writes = 0; writes < 2; writes++) {
        struct raw_pair pair = raw_pair();
        raw_reset(pair.server);
        assert_code(writes ? raw_send(pair.client, "x") : raw_error(pair.client),
                    FER_CONNECTION_RESET, 104);
        raw_recv_is(pair.client, 0);
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

/* Linux, tcp_rcv_state_process; RFC 1122, 4.2.2.13; measured. Queued bytes stay readable. */
POSIX_TEST(linux_resets_when_input_meets_both_halves_shut)
{
    struct raw_pair pair = raw_pair();
    assert_ok(raw_send(pair.server, "queued"));
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_BOTH));
    raw_recv_is(pair.server, 0);
    assert_ok(raw_send(pair.server, "late"));
    raw_recv_is(pair.server, 0);
    assert_code(raw_send(pair.server, "x"), FER_BROKEN_PIPE, 32);
    raw_recv_is(pair.client, 6);
    raw_recv_is_reset(pair.client);
    raw_recv_is(pair.client, 0);
}

RAW_PAIR_TEST(writing_after_the_own_shutdown)
{
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_code(raw_send(pair.client, "x"), FER_BROKEN_PIPE, code(32, 10058));
    raw_recv_is(pair.server, 0);
}

RAW_PAIR_TEST(a_shutdown_of_an_ended_connection_has_its_systems_error)
{
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_shutdown(pair.server, FER_SHUTDOWN_WRITE));
    assert_code(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE),
                is_winsock() ? FER_OK : FER_NOT_CONNECTED, code(107, 0));
    pair = raw_pair();
    raw_reset(pair.server);
    assert_code(ferp_shutdown(pair.client, FER_SHUTDOWN_WRITE),
                is_winsock() ? FER_CONNECTION_RESET : FER_NOT_CONNECTED, code(107, 10054));
    assert_code(ferp_shutdown(raw_socket(), FER_SHUTDOWN_BOTH), FER_NOT_CONNECTED,
                code(107, 10057));
}

SIM_TEST(an_unconnected_socket_refuses_bytes_in_its_own_words)
{
    fer_raw_socket raw = raw_socket();
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

TEST_MAIN("sim_dialect_ends")
