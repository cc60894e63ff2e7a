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

/* "For an orderly end": shut down WRITE, read until 0 bytes, close. The peer may even read after
 * that. Nor are bytes lost that the peer has received, nor those of a clone that is still open. */
SIM_TEST(reading_to_the_end_first_and_received_bytes_lose_nothing)
{
    for (int i = 0; i < 2 * ROUNDS; i++) {
        char byte;
        struct ends ends = connected();
        assert_ok(fer_tcp_stream_write_all(&ends.stream, "early", 5, NULL));
        if (i % 2 == 0) {
            assert_ok(fer_tcp_stream_shutdown(&ends.stream, FER_SHUTDOWN_WRITE));
            assert_ok(fer_sim_peer_shutdown(ends.peer));
            stream_reads(&ends.stream, "");
            fer_tcp_stream_close(&ends.stream);
            assert_false(is_lost(ends.peer));
        } else {
            assert_ok(fer_tcp_stream_try_clone(&ends.stream, &test.clone));
            fer_tcp_stream_close(&ends.stream);
            peer_receives(ends.peer, "early");
            fer_tcp_stream_close(&test.clone);
            assert_ok_n(fer_sim_peer_recv(ends.peer, &byte, 1, &n), n, 0);
        }
        fer_sim_peer_close(ends.peer);
    }
}

/* A program with both ends: the reader meets the reset on every call, as after any other reset. */
WINSOCK_TEST(the_programs_own_reader_meets_a_reset)
{
    size_t losses = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct raw_pair pair = raw_pair();
        assert_ok(raw_send(pair.server, "early"));
        ferp_close(pair.server);
        fer_error error = raw_recv(pair.client, &n);
        assert_true(is_reset_code(error) || (error.kind == FER_OK && n == 5));
        if (error.kind != FER_OK) {
            assert_int_equal(n, 0);
            assert_true(is_reset_code(raw_recv(pair.client, &n)));
            losses++;
        }
        ferp_close(pair.client);
        ferp_close(pair.listener);
    }
    assert_in_range(losses, 5, 40);
}

TEST_MAIN("sim_dialect_ends")
