/* test_sim_waits.c: the calls that one blocked call makes below core, and waits on a Windows that
 * loses events or cancels. */
#include "sim/sim_test.h"

static fer_interest ready;

enum { SHORT_MS = 250, TIMEOUT_MS = 2000, CALLS_PER_SLICE = 4 };

static void begin_with(fer_sim_windows windows)
{
    sim_begin_of(.windows = windows);
}

static void fill(fer_tcp_stream *stream)
{
    static const char zeros[65536];
    while (fer_tcp_stream_try_write(stream, zeros, sizeof zeros, NULL).kind == FER_OK) {
    }
}

static void is_readable(fer_duration timeout)
{
    assert_ok_n(fer_tcp_stream_ready(&open_ends.stream, FER_READABLE, timeout, &ready), ready,
                FER_READABLE);
}

/* ---- Callbacks, in place of other threads and the peer */

static void send_one(void *context)
{
    size_t n = 0;
    (void)context;
    FER_IGNORE(fer_sim_peer_send(open_ends.peer, "x", 1, &n));
}

static void receive_all(void *context)
{
    static char buf[65536];
    size_t n = 0;
    (void)context;
    while (fer_sim_peer_recv(open_ends.peer, buf, sizeof buf, &n).kind == FER_OK && n > 0) {
    }
}

static void shut_reading(void *context)
{
    FER_IGNORE(fer_tcp_stream_shutdown(context, FER_SHUTDOWN_READ));
}

static void connect_peer(void *context)
{
    FER_IGNORE(fer_sim_peer_connect(NULL, context, &open_ends.peer));
}

struct datagram_sender {
    fer_sim_peer peer;
    fer_socket_addr to;
};

static void send_datagram(void *context)
{
    const struct datagram_sender *sender = context;
    FER_IGNORE(fer_sim_peer_send_to(sender->peer, "x", 1, &sender->to));
}

/* ---- The number of calls */

static size_t trace_lines;

static void count_line(void *context, const char *line)
{
    (void)context;
    (void)line;
    trace_lines++;
}

/* T8: a blocked call makes a few calls of the backend for each slice, whatever the peer has
 * done. */
SIM_CONFIG_TEST(a_blocked_call_makes_few_calls)
{
    sim_begin_of(.trace = count_line);
    for (int half_closed = 0; half_closed < 2; half_closed++) {
        for (int cloned = 0; cloned < 2; cloned++) {
            struct ends ends = connected();
            fer_tcp_stream clone = {0};
            if (cloned == 1) {
                assert_ok(fer_tcp_stream_try_clone(&ends.stream, &clone));
            }
            assert_ok(fer_tcp_stream_set_read_timeout(&ends.stream, millis(TIMEOUT_MS)));
            assert_ok(fer_tcp_stream_set_write_timeout(&ends.stream, millis(TIMEOUT_MS)));
            trace_lines = 0;
            assert_code(read_one(&ends.stream), FER_TIMED_OUT, 0);
            fill(&ends.stream);
            if (half_closed == 1) {
                assert_ok(fer_sim_peer_shutdown(ends.peer));
            }
            uint64_t begin = now_ms();
            assert_code(write_one(&ends.stream), FER_TIMED_OUT, 0);
            assert_int_equal(now_ms(), begin + TIMEOUT_MS);
            assert_ok_n(
                fer_tcp_stream_ready(&ends.stream, FER_WRITABLE, millis(TIMEOUT_MS), &ready), ready,
                0);
            assert_true(trace_lines <= 3 * (TIMEOUT_MS / 100 + 1) * CALLS_PER_SLICE);
            fer_tcp_stream_close(&clone);
            fer_tcp_stream_close(&ends.stream);
        }
    }
}

/* ---- Lost events */

static const fer_sim_windows losing_events = {.loses_events = true};

/* A read that gets its byte, or expires. Returns the virtual milliseconds that it took. */
static uint64_t read_time(fer_duration timeout, fer_error_kind expected)
{
    assert_ok(fer_tcp_stream_set_read_timeout(&open_ends.stream, timeout));
    uint64_t begin = now_ms();
    assert_ok(fer_sim_after(millis(SHORT_MS), send_one, NULL));
    assert_kind(read_one(&open_ends.stream), expected);
    return now_ms() - begin;
}

WINSOCK_CONFIG_TEST(a_read_finds_lost_bytes_at_the_end_of_its_slice)
{
    begin_with(losing_events);
    open_ends = connected();
    assert_int_equal(read_time(FER_DURATION_NONE, FER_OK), 1000);
    assert_int_equal(read_time(millis(5000), FER_OK), 1000);
    assert_int_equal(read_time(millis(300), FER_OK), 300);
    assert_int_equal(read_time(millis(200), FER_TIMED_OUT), 200);
    assert_ok(read_one(&open_ends.stream));
    assert_kind(read_one(&open_ends.stream), FER_TIMED_OUT);
    assert_ok(fer_tcp_stream_set_read_timeout(&open_ends.stream, FER_DURATION_NONE));
    assert_kind(read_one(&open_ends.stream), FER_DEADLOCK);
}

WINSOCK_CONFIG_TEST(a_write_finds_lost_writability_at_the_end_of_its_slice)
{
    begin_with(losing_events);
    open_ends = connected();
    fill(&open_ends.stream);
    assert_ok(fer_sim_after(millis(SHORT_MS), receive_all, NULL));
    assert_takes(300, assert_ok(write_one(&open_ends.stream)));
    fill(&open_ends.stream);
    assert_ok(fer_tcp_stream_set_write_timeout(&open_ends.stream, millis(SHORT_MS + 10)));
    assert_ok(fer_sim_after(millis(SHORT_MS), receive_all, NULL));
    assert_takes(SHORT_MS + 10, assert_ok(write_one(&open_ends.stream)));
}

WINSOCK_CONFIG_TEST(an_accept_finds_a_lost_connection_at_the_end_of_its_slice)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr addr;
    begin_with(losing_events);
    assert_ok(fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_local_addr(&listener, &addr));
    assert_ok(fer_sim_after(millis(SHORT_MS), connect_peer, &addr));
    assert_takes(300, assert_ok(fer_tcp_listener_accept(&listener, &open_ends.stream, NULL)));
    fer_tcp_listener_close(&listener);
}

WINSOCK_CONFIG_TEST(a_receive_finds_a_lost_datagram_at_the_end_of_its_slice)
{
    fer_udp_socket socket = {0};
    fer_udp_received got;
    char byte = '\0';
    struct datagram_sender sender;
    begin_with(losing_events);
    fer_socket_addr from = addr_of("127.0.0.1:53");
    assert_ok(fer_sim_peer_bind(&from, &sender.peer));
    assert_ok(fer_udp_socket_bind(&socket, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_local_addr(&socket, &sender.to));
    assert_ok(fer_sim_after(millis(SHORT_MS), send_datagram, &sender));
    assert_takes(1000, assert_ok(fer_udp_socket_recv_from(&socket, &byte, 1, &got)));
    fer_udp_socket_close(&socket);
}

WINSOCK_CONFIG_TEST(a_connect_finds_a_lost_answer_at_the_end_of_its_slice)
{
    begin_with(losing_events);
    (void)serve(SERVER);
    fer_tcp_stream stream = {0};
    fer_socket_addr addr = addr_of(SERVER);
    assert_takes(100, assert_ok(fer_tcp_stream_connect_timeout(&stream, &addr, millis(5000))));
    fer_tcp_stream_close(&stream);
}

WINSOCK_CONFIG_TEST(ready_finds_a_lost_event_at_the_end_of_its_slice)
{
    begin_with(losing_events);
    open_ends = connected();
    assert_ok(fer_sim_after(millis(SHORT_MS), send_one, NULL));
    assert_takes(300, is_readable(FER_DURATION_NONE));
    assert_ok(read_one(&open_ends.stream));
    assert_ok(fer_sim_after(millis(SHORT_MS), send_one, NULL));
    assert_takes(SHORT_MS + 10, is_readable(millis(SHORT_MS + 10)));
}

/* Slices are no events: nothing can end this wait. */
WINSOCK_CONFIG_TEST(a_wait_in_slices_without_events_is_a_deadlock)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr addr;
    begin_with(losing_events);
    assert_ok(fer_socket_addr_parse(&addr, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_bind_addr(&listener, &addr));
    assert_kind(fer_tcp_listener_ready(&listener, FER_READABLE, FER_DURATION_NONE, &ready),
                FER_DEADLOCK);
    assert_takes(SHORT_MS, assert_ok_n(fer_tcp_listener_ready(&listener, FER_READABLE,
                                                              millis(SHORT_MS), &ready),
                                       ready, 0));
    fer_tcp_listener_close(&listener);
}

/* ---- Lost cancels */

/* S6: a shutdown whose cancel fails is detected at the end of the slice. */
WINSOCK_CONFIG_TEST(a_shutdown_whose_cancel_is_lost_ends_the_call_with_its_slice)
{
    begin_with((fer_sim_windows){.loses_cancels = true});
    open_ends = connected();
    assert_ok(fer_sim_after(millis(30), shut_reading, &open_ends.stream));
    assert_takes(1000, assert_ok(read_one(&open_ends.stream)));
    fer_tcp_stream_close(&open_ends.stream);
    open_ends = connected();
    assert_ok(fer_sim_after(millis(30), shut_reading, &open_ends.stream));
    assert_takes(100, is_readable(FER_DURATION_NONE));
}

/* S6: a timeout that expires first is no timeout of a call that a shutdown has ended. */
WINSOCK_CONFIG_TEST(a_timeout_that_expires_finds_the_shutdown_whose_cancel_is_lost)
{
    begin_with((fer_sim_windows){.loses_cancels = true});
    open_ends = connected();
    assert_ok(fer_tcp_stream_set_read_timeout(&open_ends.stream, millis(SHORT_MS)));
    assert_ok(fer_sim_after(millis(30), shut_reading, &open_ends.stream));
    assert_takes(SHORT_MS, assert_ok(read_one(&open_ends.stream)));
    fer_tcp_stream_close(&open_ends.stream);
    open_ends = connected();
    assert_ok(fer_sim_after(millis(30), shut_reading, &open_ends.stream));
    assert_takes(50, is_readable(millis(50)));
}

/* ---- Hang-ups */

WINSOCK_CONFIG_TEST(a_hang_up_that_ends_waits_to_write_changes_no_result)
{
    begin_with((fer_sim_windows){.hangup_ends_write_waits = true});
    open_ends = connected();
    fill(&open_ends.stream);
    assert_ok(fer_sim_peer_shutdown(open_ends.peer));
    assert_kind(write_one(&open_ends.stream), FER_DEADLOCK);
    assert_ok(fer_tcp_stream_set_write_timeout(&open_ends.stream, millis(SHORT_MS)));
    assert_takes(SHORT_MS, assert_code(write_one(&open_ends.stream), FER_TIMED_OUT, 0));
    assert_ok(fer_sim_after(millis(SHORT_MS - 50), receive_all, NULL));
    assert_ok(write_one(&open_ends.stream));
}

TEST_MAIN("sim_waits")
