/* test_sim_clones.c: what the SOCKETs of one socket share in the Windows dialect, with and without
 * shared_options and shared_addresses, and clones without memory. */
#include "sim/sim_raw.h"

#include "ferrule/tcp.h"

static fer_raw_socket duplicate_of(fer_raw_socket raw)
{
    fer_raw_socket duplicate = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_duplicate(raw, &duplicate));
    return duplicate;
}

static uint64_t timeout_of(fer_raw_socket raw, ferp_direction direction)
{
    fer_duration timeout = {7};
    assert_ok(ferp_timeout(raw, direction, &timeout));
    return timeout.nanos;
}

static bool lingers(fer_raw_socket raw)
{
    struct ferp_linger linger;
    assert_ok(ferp_linger(raw, &linger));
    return linger.on;
}

/* rust-lang/rust#95336, and "Shared Sockets" (MSDN), which says the opposite. */
WINSOCK_CONFIG_TEST(timeouts_and_linger_are_each_sockets_own_or_shared)
{
    for (int shared = 0; shared < 2; shared++) {
        sim_begin_of(.windows.shared_options = shared);
        fer_raw_socket raw = raw_socket();
        assert_ok(ferp_set_timeout(raw, FERP_READING, millis(50)));
        fer_raw_socket duplicate = duplicate_of(raw);
        assert_true(timeout_of(duplicate, FERP_READING) == millis(50).nanos);
        assert_ok(ferp_set_timeout(raw, FERP_WRITING, millis(70)));
        assert_ok(ferp_set_timeout(duplicate, FERP_READING, millis(90)));
        assert_ok(ferp_set_linger(duplicate, (struct ferp_linger){true, 3}));
        assert_true(timeout_of(duplicate, FERP_READING) == millis(90).nanos);
        assert_true(timeout_of(raw, FERP_WRITING) == millis(70).nanos);
        assert_true(lingers(duplicate));
        assert_true(timeout_of(raw, FERP_READING) == millis(shared ? 90 : 50).nanos);
        assert_true(timeout_of(duplicate, FERP_WRITING) ==
                    (shared ? millis(70).nanos : FER_DURATION_NONE_NANOS));
        assert_int_equal(lingers(raw), shared != 0);
        assert_ok(ferp_set_option(raw, FERP_NODELAY, 1)); /* other options are always shared */
        uint32_t nodelay = 0;
        assert_ok_n(ferp_option_value(duplicate, FERP_NODELAY, &nodelay), nodelay, 1);
        sim_end_one();
    }
}

/* The SOCKET that is closed last decides whether the connection is reset. */
WINSOCK_CONFIG_TEST(the_last_close_has_its_own_linger_time_or_the_shared_one)
{
    for (int shared = 0; shared < 2; shared++) {
        sim_begin_of(.windows.shared_options = shared);
        struct raw_pair pair = raw_pair();
        fer_raw_socket duplicate = duplicate_of(pair.client);
        size_t n = 77;
        assert_ok(ferp_set_linger(pair.client, (struct ferp_linger){true, 0}));
        ferp_close(pair.client);
        ferp_close(duplicate);
        fer_error error = raw_recv(pair.server, &n);
        assert_kind(error, shared ? FER_CONNECTION_RESET : FER_OK);
        sim_end_one();
    }
}

static void assert_known(fer_raw_socket raw, fer_error_kind bound, fer_error_kind connected)
{
    fer_socket_addr addr;
    struct ferp_datagram got;
    char byte;
    assert_kind(ferp_local_addr(raw, &addr), bound);
    assert_kind(ferp_recv_from(raw, &byte, 1, 0, &got),
                bound == FER_OK ? FER_WOULD_BLOCK : FER_INVALID_INPUT);
    assert_kind(ferp_peer_addr(raw, &addr), connected);
}

/* Wine's test_WSADuplicateSocket, which Windows passes: a duplicate does not learn of a later bind,
 * and one that is made later has it. It is assumed of a connect. Under Wine it learns of both. */
WINSOCK_CONFIG_TEST(addresses_are_those_of_the_duplicate_s_creation_or_shared)
{
    for (int shared = 0; shared < 2; shared++) {
        fer_error_kind stale = shared ? FER_OK : FER_INVALID_INPUT;
        fer_error_kind unconnected = shared ? FER_OK : FER_NOT_CONNECTED;
        fer_socket_addr to = addr_of("10.0.0.7:53");
        fer_socket_addr peer;
        size_t n = 0;
        sim_begin_of(.windows.shared_addresses = shared);
        fer_raw_socket raw = raw_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
        fer_raw_socket unbound = duplicate_of(raw);
        assert_ok(ferp_bind(raw, addr_at("127.0.0.1:0")));
        fer_raw_socket bound = duplicate_of(raw);
        assert_known(raw, FER_OK, FER_NOT_CONNECTED);
        assert_known(bound, FER_OK, FER_NOT_CONNECTED);
        assert_known(unbound, stale, FER_NOT_CONNECTED);
        assert_kind(ferp_send_to(unbound, "x", 1, 0, &to, &n), stale);
        assert_kind(ferp_connect(unbound, &to), stale);
        assert_ok(ferp_connect(raw, &to));
        assert_known(bound, FER_OK, unconnected);
        assert_kind(ferp_send(bound, "x", 1, 0, &n), unconnected);
        fer_raw_socket connected = duplicate_of(unbound);
        to.port++;
        assert_ok(ferp_connect(bound, &to));
        assert_ok(ferp_peer_addr(connected, &peer));
        assert_int_equal(peer.port, shared ? 54 : 53);
        sim_end_one();
    }
}

/* docs/DIFFERENCES.md, connect_error_taken. */
WINSOCK_CONFIG_TEST(the_error_of_a_connect_is_its_socket_s_or_shared)
{
    for (int shared = 0; shared < 2; shared++) {
        fer_error cause = {FER_OK, 0};
        sim_begin_of(.windows.shared_addresses = shared);
        (void)serve(SERVER);
        fer_raw_socket raw = raw_socket();
        assert_kind(ferp_connect(raw, addr_at("10.0.0.7:81")), FER_WOULD_BLOCK);
        assert_ok(fer_socket_from_raw(&test.socket, duplicate_of(raw)));
        assert_kind(fer_socket_take_error(&test.socket, &cause), FER_WOULD_BLOCK);
        advance_ms(5000);
        (void)raw_error(raw); /* it may be late */
        assert_kind(raw_error(raw), FER_CONNECTION_REFUSED);
        assert_ok(fer_socket_take_error(&test.socket, &cause));
        assert_kind(cause, shared ? FER_CONNECTION_REFUSED : FER_CONNECTION_ABORTED);
        sim_end_one();
    }
}

/* R2: the first clone of a socket needs memory on Windows. Without it nothing changes. */
SIM_PAIR_TEST(a_clone_without_memory_changes_nothing)
{
    fer_duration got = {7};
    assert_ok(fer_tcp_stream_set_read_timeout(&ends->stream, millis(40)));
    arm(FER_SIM_FAULT_NO_MEMORY);
    if (is_winsock()) {
        assert_kind(fer_tcp_stream_try_clone(&ends->stream, &test.clone), FER_OUT_OF_MEMORY);
        assert_true(fer_tcp_stream_as_raw(&test.clone) == FER_RAW_SOCKET_NONE);
    }
    assert_ok(fer_tcp_stream_try_clone(&ends->stream, &test.clone));
    assert_int_equal(fer_sim_clear_faults(), is_winsock() ? 0 : 1);
    arm(FER_SIM_FAULT_NO_MEMORY);
    assert_ok(fer_tcp_stream_try_clone(&test.clone, &test.stream));
    assert_int_equal(fer_sim_clear_faults(), 1);
    fer_tcp_stream_close(&ends->stream);
    fer_tcp_stream_close(&test.clone);
    assert_ok_n(fer_tcp_stream_read_timeout(&test.stream, &got), got.nanos, millis(40).nanos);
}

TEST_MAIN("sim_clones")
