/* test_sim_peers.c: peers that are controlled by the test's calls, by a handler, or by a script. */
#include "sim/sim_test.h"

SIM_STREAM_TEST(a_peer_accepts_sends_receives_and_closes)
{
    char byte = 0;
    fer_socket_addr want, got;
    fer_sim_peer listener = serve(SERVER), peer = FER_SIM_PEER_NONE;
    assert_kind(fer_sim_peer_accept(listener, &peer), FER_WOULD_BLOCK);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    peer = accepted(listener);
    assert_ok(fer_sim_peer_local_addr(peer, &got));
    assert_true(fer_socket_addr_eq(&got, addr_at(SERVER)));
    assert_ok(fer_tcp_stream_local_addr(stream, &want));
    assert_ok(fer_sim_peer_remote_addr(peer, &got));
    assert_true(fer_socket_addr_eq(&want, &got));
    assert_ok(fer_tcp_stream_write_all(stream, "hello", 5, NULL));
    advance_ms(1);
    peer_receives(peer, "hello");
    assert_kind(fer_sim_peer_recv(peer, &byte, 1, NULL), FER_WOULD_BLOCK);
    peer_sends(peer, "and back");
    stream_reads(stream, "and back");
    fer_sim_peer_close(peer);
    stream_reads(stream, "");
}

/* A peer at this address connects to test.listener. */
static fer_sim_peer peer_connects_from(const char *from)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    assert_ok(fer_tcp_listener_bind(&test.listener, "0.0.0.0:7"));
    assert_ok(fer_sim_peer_connect(addr_at(from), addr_at("10.0.0.1:7"), &peer));
    return peer;
}

SIM_STREAM_TEST(a_peer_connects_to_the_programs_listener)
{
    fer_socket_addr seen;
    fer_sim_peer peer = peer_connects_from("203.0.113.9:4000");
    assert_kind(fer_sim_peer_send(peer, "x", 1, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_tcp_listener_accept(&test.listener, stream, &seen));
    assert_true(fer_socket_addr_eq(&seen, addr_at("203.0.113.9:4000")));
    assert_int_equal(now_ms(), 1);
    advance_ms(1);
    peer_sends(peer, "from afar");
    stream_reads(stream, "from afar");
}

SIM_STREAM_TEST(closing_a_listening_peer_resets_its_queue)
{
    fer_sim_peer listener = serve(SERVER);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    fer_sim_peer_close(listener);
    assert_kind(read_one(stream), FER_CONNECTION_RESET);
    fer_tcp_stream_close(stream);
    advance_ms(1000);
    (void)serve(SERVER);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
}

/* A restarted server listens while its earlier connection is still open. */
SIM_STREAM_TEST(a_peer_listens_again_while_its_connection_is_open)
{
    fer_sim_peer first = serve(SERVER), second = FER_SIM_PEER_NONE;
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    (void)accepted(first);
    assert_kind(fer_sim_peer_listen(addr_at(SERVER), 4, &second), FER_ADDR_IN_USE);
    fer_sim_peer_close(first);
    assert_ok(fer_sim_peer_listen(addr_at(SERVER), 4, &second));
}

/* ---- Handlers */

struct recorded {
    fer_sim_event events[16];
    uint64_t times_us[16];
    size_t count;
    fer_sim_peer peer;
};
static struct recorded recorded;

static void record_event(fer_sim_peer peer, fer_sim_event event, void *context)
{
    assert_true(recorded.count < 16);
    recorded.times_us[recorded.count] = now_us();
    recorded.events[recorded.count++] = event;
    recorded.peer = peer;
}

static void record(fer_sim_peer peer)
{
    memset(&recorded, 0, sizeof recorded);
    assert_ok(fer_sim_peer_set_handler(peer, record_event, NULL));
}

/* After 10 ms these events have been recorded. */
#define assert_recorded(...)                            \
    assert_events((const fer_sim_event[]){__VA_ARGS__}, \
                  sizeof((fer_sim_event[]){__VA_ARGS__}) / sizeof(fer_sim_event))

static void assert_events(const fer_sim_event *events, size_t count)
{
    advance_ms(10);
    assert_int_equal(recorded.count, count);
    assert_memory_equal(recorded.events, events, count * sizeof *events);
}

SIM_STREAM_TEST(a_handler_receives_all_that_happens)
{
    fer_sim_peer peer = peer_connects_from("203.0.113.9:0");
    record(peer);
    assert_ok(fer_tcp_listener_accept(&test.listener, stream, NULL));
    assert_ok(fer_tcp_stream_write_all(stream, "abc", 3, NULL));
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    assert_recorded(FER_SIM_EVENT_CONNECTED, FER_SIM_EVENT_READABLE, FER_SIM_EVENT_ENDED);
    assert_int_equal(recorded.peer, peer);
    assert_int_equal(recorded.times_us[0], 2000);
    peer_receives(peer, "abc");
    peer_sends(peer, "unread");
    advance_ms(10);
    fer_tcp_stream_close(stream);
    assert_recorded(FER_SIM_EVENT_CONNECTED, FER_SIM_EVENT_READABLE, FER_SIM_EVENT_ENDED,
                    FER_SIM_EVENT_WAS_RESET);
}

SIM_PAIR_TEST(a_handler_receives_when_there_is_space_again)
{
    static char buf[200000];
    size_t n = 0;
    record(ends->peer);
    assert_ok_n(fer_sim_peer_send(ends->peer, buf, sizeof buf, &n), n, 131072);
    assert_kind(fer_sim_peer_send(ends->peer, buf, 1, NULL), FER_WOULD_BLOCK);
    advance_ms(1);
    assert_int_equal(recorded.count, 0);
    assert_ok(fer_tcp_stream_read_exact(&ends->stream, buf, 131072, NULL));
    assert_recorded(FER_SIM_EVENT_WRITABLE);
}

SIM_TEST(a_refused_peer_is_reported_and_its_handler_receives_it)
{
    char byte = 0;
    fer_sim_peer peer = peer_connected_to(addr_at("10.0.0.1:7"));
    record(peer);
    assert_recorded(FER_SIM_EVENT_CONNECT_FAILED);
    assert_kind(fer_sim_peer_send(peer, "x", 1, NULL), FER_CONNECTION_REFUSED);
    assert_kind(fer_sim_peer_recv(peer, &byte, 1, NULL), FER_CONNECTION_REFUSED);
}

static void close_peer(fer_sim_peer peer, fer_sim_event event, void *context)
{
    fer_sim_peer_close(peer);
}

/* The close first runs the due events, and the handler then closes the same peer. */
SIM_PAIR_TEST(a_handler_may_close_its_peer)
{
    assert_ok(fer_sim_peer_set_handler(ends->peer, close_peer, NULL));
    assert_ok(write_one(&ends->stream));
    fer_sim_peer_close(ends->peer);
    fer_sim_peer_reset(ends->peer);
    assert_kind(fer_sim_peer_send(ends->peer, "x", 1, NULL), FER_INVALID_INPUT);
    assert_kind(read_one(&ends->stream), FER_CONNECTION_RESET);
}

/* ---- Scripts */

SIM_STREAM_TEST(a_script_plays_every_action)
{
    static const fer_sim_step steps[] = {
        {FER_SIM_ACTION_RECEIVE, {0}, NULL, 5},
        {FER_SIM_ACTION_SEND, {10000000}, "one", 3},
        {FER_SIM_ACTION_PAUSE, {20000000}, NULL, 0},
        {FER_SIM_ACTION_SEND, {0}, "two", 3},
        {FER_SIM_ACTION_SHUT_DOWN, {5000000}, NULL, 0},
        {FER_SIM_ACTION_RECEIVE_TO_END, {0}, NULL, 0},
        {FER_SIM_ACTION_CLOSE, {0}, NULL, 0},
    };
    static const fer_sim_step reset[] = {{FER_SIM_ACTION_SEND, {0}, "x", 1},
                                         {FER_SIM_ACTION_RESET, {1000000}, NULL, 0}};
    (void)serve_script("127.0.0.1:80", steps, 7);
    assert_ok(fer_tcp_stream_connect(stream, "127.0.0.1:80"));
    assert_ok(fer_tcp_stream_write_all(stream, "hel", 3, NULL));
    advance_ms(100);
    assert_ok(fer_tcp_stream_write_all(stream, "lo", 2, NULL));
    assert_takes(10, stream_reads(stream, "one"));
    assert_takes(20, stream_reads(stream, "two"));
    assert_takes(5, stream_reads(stream, ""));
    assert_ok(fer_tcp_stream_write_all(stream, "dropped", 7, NULL));
    (void)serve_script("127.0.0.1:81", reset, 2);
    assert_ok(fer_tcp_stream_connect(&test.clone, "127.0.0.1:81"));
    stream_reads(&test.clone, "x");
    assert_takes(1, assert_kind(read_one(&test.clone), FER_CONNECTION_RESET));
}

/* ---- Urgent data */

/* The next read has exactly these bytes. */
static void read_has(fer_tcp_stream *stream, const char *expected)
{
    char got[8];
    size_t n = 77;
    assert_ok_n(fer_tcp_stream_read(stream, got, sizeof got, &n), n, strlen(expected));
    assert_memory_equal(got, expected, n);
}

/* A read ends before the mark. Its byte is received only inline. */
SIM_STREAM_TEST(a_read_ends_before_urgent_data_and_the_next_one_continues_after_it)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND_URGENT, {0}, "ab!", 3},
                                         {FER_SIM_ACTION_SEND, {0}, "cd", 2},
                                         {FER_SIM_ACTION_RECEIVE, {0}, NULL, 1},
                                         {FER_SIM_ACTION_SEND_URGENT, {0}, "e?", 2},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    for (int is_inline = 0; is_inline < 2; is_inline++) {
        (void)serve_script(is_inline ? "127.0.0.1:81" : "127.0.0.1:80", steps, 5);
        assert_ok(fer_tcp_stream_connect(stream, is_inline ? "127.0.0.1:81" : "127.0.0.1:80"));
        assert_ok(fer_sim_set_urgent_inline(fer_tcp_stream_as_raw(stream), is_inline));
        advance_ms(1);
        read_has(stream, "ab");
        read_has(stream, is_inline ? "!cd" : "cd");
        assert_ok(write_one(stream));
        advance_ms(1);
        read_has(stream, "e");
        read_has(stream, is_inline ? "?" : "");
        fer_tcp_stream_close(stream);
    }
}

static bool is_macos(void)
{
    return sim_system.dialect == FER_SIM_DIALECT_BSD && sim_system.bsd == FER_SIM_BSD_MACOS;
}

/* A lone urgent byte is not readable, and no end of file. Linux passes over it in a read that
 * would block (tcp_recvmsg_locked), AFD reports it until recv(MSG_OOB) takes it. */
SIM_PAIR_TEST(a_lone_urgent_byte_is_priority_alone)
{
    fer_poll_entry entry = {fer_tcp_stream_as_raw(&ends->stream), FER_READABLE | FER_PRIORITY, 0};
    char got[2];
    size_t n = 77;
    assert_ok_n(fer_sim_peer_send_urgent(ends->peer, "!", 1, &n), n, 1);
    assert_kind(fer_sim_peer_send_urgent(ends->peer, "!", 1, &n), FER_WOULD_BLOCK);
    assert_ok(fer_poll(&entry, 1, millis(5), NULL, &n));
    assert_int_equal(entry.ready, is_macos() ? 0 : FER_PRIORITY);
    assert_kind(fer_tcp_stream_try_peek(&ends->stream, got, 2, &n), FER_WOULD_BLOCK);
    assert_kind(fer_tcp_stream_try_read(&ends->stream, got, 2, &n), FER_WOULD_BLOCK);
    assert_ok(fer_sim_peer_send(ends->peer, "x", 1, NULL));
    assert_ok_n(fer_tcp_stream_read(&ends->stream, got, 2, &n), n, 1);
    assert_int_equal(got[0], 'x');
    assert_ok(fer_poll(&entry, 1, millis(5), NULL, &n));
    assert_int_equal(entry.ready, is_winsock() ? FER_PRIORITY : 0);
    assert_ok(fer_sim_peer_send_urgent(ends->peer, "y!", 2, &n));
    assert_ok(fer_tcp_stream_shutdown(&ends->stream, FER_SHUTDOWN_READ));
}

/* With SO_OOBINLINE the byte is readable. On Windows it is no urgent data then (test_poll of Wine's
 * afd.c, which Windows passes); on Linux FER_PRIORITY lasts until it is read. */
SIM_PAIR_TEST(an_inline_urgent_byte_is_readable_and_on_linux_also_priority)
{
    fer_poll_entry entry = {fer_tcp_stream_as_raw(&ends->stream), FER_READABLE | FER_PRIORITY, 0};
    char got[2];
    size_t n = 77;
    assert_ok(fer_sim_set_urgent_inline(entry.raw, true));
    assert_ok(fer_sim_peer_send_urgent(ends->peer, "!", 1, NULL));
    assert_ok(fer_poll(&entry, 1, millis(5), NULL, &n));
    assert_int_equal(entry.ready, FER_READABLE | (is_winsock() || is_macos() ? 0 : FER_PRIORITY));
    assert_ok_n(fer_tcp_stream_try_read(&ends->stream, got, 2, &n), n, 1);
    assert_int_equal(got[0], '!');
    assert_ok(fer_poll(&entry, 1, millis(0), NULL, &n));
    assert_int_equal(entry.ready, 0);
}

SIM_TEST(urgent_data_is_of_tcp_streams)
{
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_kind(fer_sim_set_urgent_inline(fer_udp_socket_as_raw(&test.udp), true),
                FER_INVALID_INPUT);
    assert_kind(fer_sim_set_urgent_inline(FER_RAW_SOCKET_NONE, true), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_send_urgent(FER_SIM_PEER_NONE, "!", 1, NULL), FER_INVALID_INPUT);
}

/* An echo of more bytes than all buffers can hold; the program writes and reads in alternation. */
SIM_STREAM_CONFIG_TEST(an_echo_carries_any_number_of_bytes)
{
    static unsigned char out[50000], in[50000];
    sim_begin_of(.send_buffer = 1000, .receive_buffer = 700);
    (void)serve_script(SERVER, echo_and_close, 2);
    assert_ok(fer_tcp_stream_connect(stream, SERVER));
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (unsigned char)(i * 7 + i / 251);
    }
    for (size_t at = 0; at < sizeof out; at += 500) {
        assert_ok(fer_tcp_stream_write_all(stream, out + at, 500, NULL));
        assert_ok(fer_tcp_stream_read_exact(stream, in + at, 500, NULL));
    }
    assert_memory_equal(in, out, sizeof out);
}

SIM_STREAM_TEST(a_connecting_peer_can_play_a_script)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {0}, "knock", 5},
                                         {FER_SIM_ACTION_CLOSE, {3000000}, NULL, 0}};
    assert_ok(fer_sim_peer_play(peer_connects_from("203.0.113.9:0"), steps, 2));
    assert_ok(fer_tcp_listener_accept(&test.listener, stream, NULL));
    stream_reads(stream, "knock");
    stream_reads(stream, "");
}

TEST_MAIN("sim_peers")
