/* test_sim_handles.c: handles that Unix sockets of the simulated machine pass: the table of
 * messages in queues, where reads of the BSDs end, and functions that the simulation calls
 * meanwhile. The conformance suite and the model of fuzz_handles test the rest. */
#include "sim/sim_bsd.h"

/* Handles pass from unix_stream to unix_peer, and the one that passes is of unix_stream2. */
static fer_unix_received_handles got;
static fer_raw_socket handles[2];
static char buf[8];
static size_t n;

static void open_streams(void)
{
    assert_ok(fer_unix_stream_pair(&test.unix_stream, &test.unix_peer));
    assert_ok(fer_unix_stream_pair(&test.unix_stream2, &test.unix_peer2));
    assert_ok(fer_unix_stream_set_nonblocking(&test.unix_peer2, true));
}

static int passing_start(void **state)
{
    (void)sim_start(state);
    open_streams();
    return 0;
}

#define PASSING_TEST(function) TEST_OF(function, (void), (), POSIX_ROW(function, passing_start))

static fer_error send_twice(const char *text)
{
    fer_raw_socket raw = fer_unix_stream_as_raw(&test.unix_stream2);
    const fer_raw_socket passed[2] = {raw, raw};
    return fer_unix_stream_send_handles(&test.unix_stream, text, strlen(text), passed, 2, &n);
}

static void writes(const char *text)
{
    assert_ok_n(fer_unix_stream_write(&test.unix_stream, text, strlen(text), &n), n, strlen(text));
}

static void reads(size_t expected)
{
    assert_ok_n(fer_unix_stream_read(&test.unix_peer, buf, sizeof buf, &n), n, expected);
}

/* Receives at most `len` bytes, and takes `number` handles. */
static void takes(size_t len, size_t number)
{
    assert_ok(fer_unix_stream_recv_handles(&test.unix_peer, buf, len, handles, 2, &got));
    assert_int_equal(got.count, number);
}

static void close_raw(fer_raw_socket raw)
{
    fer_unix_stream adopted = {0};
    assert_ok(fer_unix_stream_from_raw(&adopted, raw));
    fer_unix_stream_close(&adopted);
}

/* No handle of the passed end is open or in a queue. */
static void assert_all_closed(void)
{
    fer_unix_stream_close(&test.unix_stream2);
    assert_ok_n(fer_unix_stream_read(&test.unix_peer2, buf, 1, &n), n, 0);
}

/* Linux: ETOOMANYREFS. */
PASSING_TEST(at_most_32_messages_with_handles_are_in_queues)
{
    for (int i = 0; i < 32; i++) {
        assert_ok_n(send_twice("x"), n, 1);
    }
    assert_kind_n(send_twice("y"), FER_TOO_MANY_OPEN_FILES, n, 0);
    assert_ok(fer_unix_stream_recv_handles(&test.unix_peer, buf, sizeof buf, NULL, 0, &got));
    assert_true(got.len == 1 && got.handles_truncated);
    assert_ok_n(send_twice("z"), n, 1);
    fer_unix_stream_close(&test.unix_peer);
    assert_all_closed();
}

/* The BSDs, soreceive: a read ends before a message, and goes on after it. */
BSD_TEST_OF(a_read_ends_before_the_bytes_of_a_message_with_handles, (void), (), passing_start)
{
    writes("ab");
    assert_ok_n(send_twice("cd"), n, 2);
    writes("ef");
    reads(2);
    reads(4);
    assert_all_closed();
}

/* The reader takes the first bytes while the writer waits for space for the others. */
static void take_some(void *context)
{
    takes(sizeof buf, 2);
    close_raw(handles[0]);
    close_raw(handles[1]);
}

POSIX_CONFIG_TEST(handles_can_be_received_while_their_send_waits)
{
    sim_begin_of(.send_buffer = 8, .receive_buffer = 8);
    open_streams();
    after_ms(5, take_some, NULL);
    assert_ok_n(send_twice("twenty bytes and more"), n, 21);
    assert_int_equal(got.len, 8);
    fer_unix_stream_close(&test.unix_peer);
    assert_all_closed();
}

PASSING_TEST(a_datagram_that_is_not_sent_has_sent_no_handles)
{
    fer_raw_socket raw = fer_unix_stream_as_raw(&test.unix_stream2);
    assert_ok(fer_unix_datagram_unbound(&test.gram));
    assert_kind_n(fer_unix_datagram_send_handles(&test.gram, "x", 1, &raw, 1, NULL, &n),
                  FER_NOT_CONNECTED, n, 0);
    assert_all_closed();
}

/* ---- The handles of a message are the call's whose bytes came with them (rule X7) */

static void send_and_read_by_clones(void *context)
{
    assert_ok_n(send_twice("x"), n, 1);
    assert_ok_n(fer_unix_stream_read(&test.unix_clone, buf, 1, &n), n, 1);
    assert_int_equal(buf[0], 'x');
    writes("y");
}

PASSING_TEST(a_plain_read_of_a_callback_takes_no_handles)
{
    assert_ok(fer_unix_stream_try_clone(&test.unix_peer, &test.unix_clone));
    after_ms(1, send_and_read_by_clones, NULL);
    takes(1, 0);
    assert_int_equal(buf[0], 'y');
    assert_all_closed();
}

static void send_datagram_by_clone(void *context)
{
    fer_unix_received datagram;
    assert_ok(fer_unix_datagram_recv_from(&test.gram2, buf, sizeof buf, &datagram));
    assert_ok_n(fer_unix_datagram_send(&test.gram3, "plain", 5, &n), n, 5);
    assert_ok(fer_unix_datagram_recv_from(&test.gram2, buf, sizeof buf, &datagram));
    assert_ok(fer_unix_datagram_recv_from(&test.gram2, buf, sizeof buf, &datagram));
}

PASSING_TEST(a_plain_datagram_of_a_callback_has_no_handles)
{
    fer_raw_socket raw = fer_unix_stream_as_raw(&test.unix_stream2);
    assert_ok(fer_unix_datagram_pair(&test.gram, &test.gram2));
    assert_ok(fer_unix_datagram_try_clone(&test.gram, &test.gram3));
    while (fer_unix_datagram_try_send(&test.gram, "fill", 4, &n).kind == FER_OK) {
    }
    after_ms(1, send_datagram_by_clone, NULL);
    assert_ok_n(fer_unix_datagram_send_handles(&test.gram, "handle", 6, &raw, 1, NULL, &n), n, 6);
    do {
        assert_ok(fer_unix_datagram_recv_handles(&test.gram2, buf, sizeof buf, handles, 2, &got));
        assert_int_equal(got.count, got.len == 6 ? 1 : 0);
    } while (got.len != 6);
    fer_unix_stream_close(&test.unix_stream2);
    assert_kind(fer_unix_stream_try_read(&test.unix_peer2, buf, 1, &n), FER_WOULD_BLOCK);
    close_raw(handles[0]);
}

static void write_by_clone(void *context)
{
    reads(8);
    assert_ok_n(fer_unix_stream_write(&test.unix_clone, "plain", 5, &n), n, 5);
}

POSIX_CONFIG_TEST(bytes_that_a_callback_writes_first_have_no_handles)
{
    sim_begin_of(.send_buffer = 8, .receive_buffer = 8);
    open_streams();
    assert_ok(fer_unix_stream_try_clone(&test.unix_stream, &test.unix_clone));
    writes("sixteen bytes...");
    after_ms(1, write_by_clone, NULL);
    assert_ok_n(send_twice("has"), n, 3);
    for (size_t left = 8; left > 0; left -= got.len) {
        takes(left < 5 ? left : 5, 0);
    }
    takes(5, 0);
    assert_memory_equal(buf, "plain", 5);
    takes(3, 2);
    assert_memory_equal(buf, "has", 3);
    close_raw(handles[0]);
    close_raw(handles[1]);
}

TEST_MAIN("sim_handles")
