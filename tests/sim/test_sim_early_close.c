/* test_sim_early_close.c: an end that closes before the other end has received all bytes. On
 * Windows' loopback some of these closes reset the connection and lose the bytes (row
 * early_close_loses of docs/DIFFERENCES.md). */
#include "sim/sim_raw.h"

enum { ROUNDS = 64 };

/* Returns whether the peer lost the bytes: all of them and also the end, to a reset. */
static bool is_lost(fer_sim_peer peer)
{
    char buf[16];
    size_t n = 77;
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
        size_t n = 77;
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
        size_t n = 77;
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

TEST_MAIN("sim_early_close")
