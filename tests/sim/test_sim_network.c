/* test_sim_network.c: latencies, buffer sizes, and connects that are refused, delayed or never
 * answered. */
#include "sim/sim_test.h"

static int32_t code(int32_t on_linux, int32_t on_windows)
{
    return is_winsock() ? on_windows : on_linux;
}

/* ---- Latency */

SIM_STREAM_CONFIG_TEST(a_connect_takes_the_latency_twice)
{
    sim_begin_of(.latency = millis(30));
    (void)serve(SERVER);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_int_equal(now_ms(), 60);
}

SIM_PAIR_TEST(on_the_loopback_nothing_takes_time)
{
    assert_ok(fer_tcp_stream_write_all(&ends->stream, "at once", 7, NULL));
    peer_receives(ends->peer, "at once");
    assert_int_equal(fer_sim_now().nanos, 0);
}

SIM_CONFIG_TEST(a_loopback_can_take_time)
{
    char buf[8];
    sim_begin_of(.loopback_latency = millis(4));
    open_ends = connected();
    assert_int_equal(now_ms(), 8);
    peer_sends(open_ends.peer, "late");
    assert_ok(fer_tcp_stream_set_nonblocking(&open_ends.stream, true));
    assert_kind(fer_tcp_stream_read(&open_ends.stream, buf, 8, NULL), FER_WOULD_BLOCK);
    advance_ms(4);
    stream_reads(&open_ends.stream, "late");
}

/* With any jitter bytes arrive in the order of sending, and the FIN last. */
SIM_CONFIG_TEST(nothing_overtakes)
{
    sim_begin_of(.jitter = millis(50), .seed = 3);
    open_ends = connected_to(SERVER);
    unsigned char next = 0;
    for (unsigned i = 0; i < 200; i++) {
        unsigned char byte = (unsigned char)i;
        assert_ok(fer_sim_peer_send(open_ends.peer, &byte, 1, NULL));
        advance_ms(i % 7);
    }
    fer_sim_peer_close(open_ends.peer);
    for (;;) {
        unsigned char buf[16];
        size_t n = 0;
        assert_ok(fer_tcp_stream_read(&open_ends.stream, buf, sizeof buf, &n));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(buf[i], next++);
        }
        if (n == 0) {
            break;
        }
    }
    assert_int_equal(next, 200);
}

/* More pieces in flight than the simulation can schedule separately: they join, and none is
 * lost. */
SIM_CONFIG_TEST(any_number_of_pieces_may_be_pending)
{
    static unsigned char buf[3000];
    sim_begin_of(.jitter = millis(1));
    open_ends = connected_to(SERVER);
    for (unsigned i = 0; i < 3000; i++) {
        unsigned char byte = (unsigned char)(i * 11);
        assert_ok(fer_sim_peer_send(open_ends.peer, &byte, 1, NULL));
        assert_ok(fer_sim_advance((fer_duration){10}));
    }
    assert_ok(fer_tcp_stream_read_exact(&open_ends.stream, buf, sizeof buf, NULL));
    for (unsigned i = 0; i < 3000; i++) {
        assert_int_equal(buf[i], (unsigned char)(i * 11));
    }
}

/* ---- Buffers */

SIM_CONFIG_TEST(buffers_have_the_sizes_of_the_config)
{
    static const char zeros[10000];
    size_t n = 0;
    sim_begin_of(.send_buffer = 3000, .receive_buffer = 2000, .windows.partial_sends = true);
    open_ends = connected();
    assert_ok(fer_tcp_stream_set_nonblocking(&open_ends.stream, true));
    assert_ok_n(fer_tcp_stream_write(&open_ends.stream, zeros, sizeof zeros, &n), n, 5000);
    assert_kind(write_one(&open_ends.stream), FER_WOULD_BLOCK);
    char buf[10000];
    assert_ok(fer_sim_peer_recv(open_ends.peer, buf, sizeof buf, &n));
    assert_int_equal(n, 2000); /* the bytes of the reader's buffer; the others follow */
    assert_ok_n(fer_tcp_stream_write(&open_ends.stream, zeros, sizeof zeros, &n), n, 2000);
}

/* Written bytes that are not sent yet still arrive after close, when the reader has room. */
SIM_CONFIG_TEST(close_sends_the_bytes_in_the_buffer)
{
    static const char zeros[5000];
    char buf[10000];
    size_t total = 0;
    size_t n = 1;
    sim_begin_of(.send_buffer = 3000, .receive_buffer = 2000,
                 .windows.keeps_early_closed_input = true);
    struct ends ends = connected();
    assert_ok(fer_tcp_stream_write_all(&ends.stream, zeros, sizeof zeros, NULL));
    fer_tcp_stream_close(&ends.stream);
    while (n > 0) {
        assert_ok(fer_sim_peer_recv(ends.peer, buf, sizeof buf, &n));
        total += n;
    }
    assert_int_equal(total, 5000);
}

SIM_STREAM_CONFIG_TEST(linger_waits_until_all_is_taken)
{
    static const char zeros[5000];
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_RECEIVE_TO_END, {2000000000}, NULL, 0},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    sim_begin_of(.send_buffer = 3000, .receive_buffer = 2000);
    (void)serve_script(SERVER, steps, 2);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_ok(fer_tcp_stream_write_all(stream, zeros, sizeof zeros, NULL));
    assert_ok(fer_tcp_stream_set_linger(stream, fer_duration_from_secs(10)));
    fer_tcp_stream_close(stream);
    assert_true(now_ms() > 2000 && now_ms() < 2010);
}

/* Then Windows resets the connection, and Linux keeps sending (row linger_expires). */
SIM_CONFIG_TEST(a_lingering_close_ends_at_its_time)
{
    static const char zeros[5000];
    static char buf[5000];
    fer_error error = {FER_OK, 0};
    size_t total = 0;
    size_t n = 1;
    sim_begin_of(.send_buffer = 3000, .receive_buffer = 2000);
    struct ends ends = connected();
    assert_ok(fer_tcp_stream_write_all(&ends.stream, zeros, sizeof zeros, NULL));
    assert_ok(fer_tcp_stream_set_linger(&ends.stream, fer_duration_from_secs(3)));
    fer_tcp_stream_close(&ends.stream);
    assert_int_equal(now_ms(), 3000);
    while (error.kind == FER_OK && n > 0) {
        error = fer_sim_peer_recv(ends.peer, buf, sizeof buf, &n);
        total += n;
    }
    assert_kind(error, is_winsock() ? FER_CONNECTION_RESET : FER_OK);
    assert_int_equal(total, is_winsock() ? 2000 : 5000);
}

/* ---- Connects */

SIM_TEST(a_connect_to_a_silent_host_times_out_at_last)
{
    fer_tcp_stream stream = {0};
    assert_code(fer_tcp_stream_connect(&stream, "10.99.0.1:1"), FER_CONNECTION_TIMED_OUT,
                code(110, 10060));
    assert_int_equal(now_ms(), is_winsock() ? 21000 : 127000);
}

SIM_TEST(a_host_without_listener_refuses)
{
    fer_tcp_stream stream = {0};
    (void)serve(SERVER);
    assert_code(fer_tcp_stream_connect(&stream, "10.0.0.7:81"), FER_CONNECTION_REFUSED,
                code(111, 10061));
    /* Windows retries for about 2 s before it reports a refusal, except on the loopback (rule
     * C2). */
    assert_int_equal(now_ms(), is_winsock() ? 2010 : 2);
    uint64_t begin = now_ms();
    assert_code(fer_tcp_stream_connect(&stream, "127.0.0.1:81"), FER_CONNECTION_REFUSED,
                code(111, 10061));
    assert_int_equal(now_ms(), begin);
}

SIM_STREAM_TEST(answers_are_as_they_were_set)
{
    fer_socket_addr addr = addr_of(SERVER);
    fer_socket_addr host = addr_of("10.0.0.7:0");
    (void)serve(SERVER);
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_REFUSES, millis(0)));
    assert_kind(fer_tcp_stream_connect(stream, SERVER), FER_CONNECTION_REFUSED);
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_HOST_UNREACHABLE, millis(0)));
    assert_code(fer_tcp_stream_connect(stream, SERVER), FER_HOST_UNREACHABLE, code(113, 10065));
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_NETWORK_UNREACHABLE, millis(0)));
    assert_code(fer_tcp_stream_connect(stream, SERVER), FER_NETWORK_UNREACHABLE, code(101, 10051));
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, millis(0)));
    assert_kind(fer_tcp_stream_connect(stream, SERVER), FER_CONNECTION_TIMED_OUT);
    assert_ok(fer_sim_set_answer(&host, FER_SIM_ANSWER_REFUSES, millis(0)));
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_AS_IS, millis(0)));
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
}

SIM_STREAM_TEST(a_delayed_connect_succeeds_late_and_a_delayed_failure_fails_late)
{
    fer_socket_addr addr = addr_of(SERVER);
    (void)serve(SERVER);
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_AS_IS, millis(700)));
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_int_equal(now_ms(), 702);
    fer_tcp_stream_close(stream);
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_HOST_UNREACHABLE, millis(500)));
    assert_kind(fer_tcp_stream_connect(stream, SERVER), FER_HOST_UNREACHABLE);
    assert_int_equal(now_ms(), 1204);
    assert_code(fer_tcp_stream_connect_timeout(stream, &addr, millis(300)), FER_TIMED_OUT, 0);
    assert_int_equal(now_ms(), 1504);
}

SIM_TEST(sixty_four_addresses_can_have_an_answer)
{
    fer_socket_addr addr = addr_of(SERVER);
    for (uint16_t port = 1; port <= 64; port++) {
        addr.port = port;
        assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, millis(0)));
    }
    assert_ok(fer_sim_set_answer(&addr, FER_SIM_ANSWER_REFUSES, millis(0)));
    addr.port = 65;
    assert_kind(fer_sim_set_answer(&addr, FER_SIM_ANSWER_SILENT, millis(0)), FER_OUT_OF_MEMORY);
}

/* A retried connect reaches a listener that was created meanwhile, at the next SYN (after 1 and
 * 3 s). */
static fer_sim_peer late_listener;

static void listen_late(void *context)
{
    fer_socket_addr addr;
    (void)context;
    if (fer_socket_addr_parse(&addr, SERVER).kind == FER_OK) {
        FER_IGNORE(fer_sim_peer_listen(&addr, 4, &late_listener));
    }
}

SIM_STREAM_TEST(a_connect_that_is_tried_again_meets_a_late_listener)
{
    assert_ok(fer_sim_after(millis(2000), listen_late, NULL));
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    assert_int_equal(now_ms(), 3002);
}

/* ---- Backlog: POSIX queues one connection more and ignores the others, Windows refuses them. */

SIM_TEST(a_full_backlog_waits_or_refuses)
{
    fer_socket_addr addr = addr_of("127.0.0.1:80");
    fer_sim_peer listener = FER_SIM_PEER_NONE;
    fer_tcp_stream streams[4];
    memset(streams, 0, sizeof streams);
    assert_ok(fer_sim_peer_listen(&addr, 2, &listener));
    assert_ok(fer_tcp_stream_connect_addr(&streams[0], &addr));
    assert_ok(fer_tcp_stream_connect_addr(&streams[1], &addr));
    if (is_winsock()) {
        assert_kind(fer_tcp_stream_connect_addr(&streams[2], &addr), FER_CONNECTION_REFUSED);
    } else {
        assert_ok(fer_tcp_stream_connect_addr(&streams[2], &addr));
        assert_code(fer_tcp_stream_connect_timeout(&streams[3], &addr, millis(500)), FER_TIMED_OUT,
                    0);
    }
    (void)accepted(listener);
    assert_ok(fer_tcp_stream_connect_addr(&streams[3], &addr));
    for (size_t i = 0; i < 4; i++) {
        fer_tcp_stream_close(&streams[i]);
    }
}

/* ---- Hosts */

SIM_TEST(ipv6_hosts_are_hosts_too)
{
    open_ends = connected_to("[2001:db8::7]:80");
    fer_socket_addr local;
    assert_ok(fer_tcp_stream_local_addr(&open_ends.stream, &local));
    local.port = 0;
    fer_socket_addr own = addr_of("[fd00::1]:0");
    assert_true(fer_socket_addr_eq(&local, &own));
    peer_sends(open_ends.peer, "v6");
    stream_reads(&open_ends.stream, "v6");
}

SIM_STREAM_TEST(an_ipv4_mapped_connect_reaches_the_ipv4_host)
{
    fer_socket_addr peer;
    fer_socket_addr mapped = addr_of("[::ffff:10.0.0.7]:80");
    fer_sim_peer listener = serve(SERVER);
    assert_ok(fer_tcp_stream_connect_addr(stream, &mapped));
    assert_ok(fer_tcp_stream_peer_addr(stream, &peer));
    assert_true(fer_socket_addr_eq(&peer, &mapped));
    fer_sim_peer other = accepted(listener);
    fer_socket_addr seen;
    assert_ok(fer_sim_peer_remote_addr(other, &seen));
    assert_int_equal(seen.ip.family, FER_IP_V4);
}

/* Many consecutive connections exhaust no table. */
SIM_CONFIG_TEST(connections_can_follow_each_other_for_ever)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_ECHO, {0}, NULL, 0},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    sim_begin_of(.max_sockets = 8);
    (void)serve_script(SERVER, steps, 2);
    for (int i = 0; i < 3000; i++) {
        fer_tcp_stream stream = {0};
        assert_ok(fer_tcp_stream_connect(&stream, SERVER));
        assert_ok(fer_tcp_stream_write_all(&stream, "ping", 4, NULL));
        stream_reads(&stream, "ping");
        fer_tcp_stream_close(&stream);
        advance_ms(3);
    }
}

static void reset_peer(void *peer)
{
    fer_sim_peer_reset(*(fer_sim_peer *)peer);
}

/* Linux, tcp_sendmsg: the call returns the count, the next call the error. */
SIM_CONFIG_TEST(a_write_that_a_reset_cuts_short_leaves_it_to_the_read)
{
    char buf[512] = {0};
    size_t n = 0;
    sim_begin_of(.send_buffer = 64, .receive_buffer = 64, .windows.partial_sends = true);
    open_ends = connected();
    assert_ok(fer_sim_after(millis(4), reset_peer, &open_ends.peer));
    assert_ok_n(fer_tcp_stream_write(&open_ends.stream, buf, sizeof buf, &n), n, 128);
    advance_ms(8);
    assert_kind_n(fer_tcp_stream_read(&open_ends.stream, buf, sizeof buf, &n), FER_CONNECTION_RESET,
                  n, 0);
}

static void send_three(void *peer)
{
    peer_sends(*(fer_sim_peer *)peer, "abc");
}

SIM_PAIR_TEST(a_reader_receives_all_bytes_of_one_moment)
{
    char buf[16];
    size_t n = 0;
    assert_ok(fer_sim_after(millis(6), send_three, &ends->peer));
    assert_ok(fer_sim_after(millis(6), send_three, &ends->peer));
    assert_ok_n(fer_tcp_stream_read(&ends->stream, buf, sizeof buf, &n), n, 6);
}

SIM_PAIR_TEST(a_read_half_that_has_ended_never_would_block)
{
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    assert_ok(fer_sim_peer_shutdown(ends->peer));
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_WOULD_BLOCK, 1));
    stream_reads(&ends->stream, "");
    assert_int_equal(fer_sim_clear_faults(), 1);
}

static void shut_writing(void *stream)
{
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
}

/* On Windows nothing wakes such a write; the next slice of its wait detects the shutdown. */
SIM_CONFIG_TEST(a_blocked_write_ends_with_a_clones_shutdown)
{
    char buf[512] = {0};
    fer_tcp_stream clone = {0};
    sim_begin_of(.send_buffer = 64, .receive_buffer = 64, .windows.partial_sends = true);
    open_ends = connected();
    assert_ok(fer_tcp_stream_try_clone(&open_ends.stream, &clone));
    assert_ok(fer_sim_after(millis(6), shut_writing, &clone));
    assert_kind(fer_tcp_stream_write_all(&open_ends.stream, buf, sizeof buf, NULL),
                FER_BROKEN_PIPE);
    fer_tcp_stream_close(&clone);
}

TEST_MAIN("sim_network")
