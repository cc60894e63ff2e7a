/* test_sim_handles.c: handles that Unix sockets of the simulated machine pass: faults, the table of
 * messages in queues, and where reads end. The conformance suite tests the rest. */
#include "sim/sim_bsd.h"

/* Two streams through which handles pass, and one whose end passes. */
struct passing {
    fer_unix_stream one, other;
    fer_unix_stream passed, left;
};

static struct passing passing_open(void)
{
    struct passing p;
    memset(&p, 0, sizeof p);
    assert_ok(fer_unix_stream_pair(&p.one, &p.other));
    assert_ok(fer_unix_stream_pair(&p.passed, &p.left));
    assert_ok(fer_unix_stream_set_nonblocking(&p.left, true));
    return p;
}

static void passing_close(struct passing *p)
{
    fer_unix_stream_close(&p->one);
    fer_unix_stream_close(&p->other);
    fer_unix_stream_close(&p->passed);
    fer_unix_stream_close(&p->left);
}

static fer_error send_twice(struct passing *p, const char *text, size_t *n)
{
    fer_raw_socket raw = fer_unix_stream_as_raw(&p->passed);
    const fer_raw_socket handles[2] = {raw, raw};
    return fer_unix_stream_send_handles(&p->one, text, strlen(text), handles, 2, n);
}

static void close_raw(fer_raw_socket raw)
{
    fer_unix_stream adopted = {0};
    assert_ok(fer_unix_stream_from_raw(&adopted, raw));
    fer_unix_stream_close(&adopted);
}

/* No handle of the passed end is open or in a queue. */
static void assert_all_closed(struct passing *p)
{
    char byte;
    size_t n;
    fer_unix_stream_close(&p->passed);
    assert_ok_n(fer_unix_stream_read(&p->left, &byte, 1, &n), n, 0);
}

static void check_fault(fer_sim_fault fault, size_t stored)
{
    struct passing p = passing_open();
    fer_raw_socket handles[2];
    fer_unix_received_handles got;
    char buf[8];
    size_t n;
    assert_ok_n(send_twice(&p, "data", &n), n, 4);
    assert_ok(fer_sim_fault_at(fault, 1));
    assert_ok(fer_unix_stream_recv_handles(&p.other, buf, sizeof buf, handles, 2, &got));
    assert_true(got.len == 4 && got.count == stored && got.handles_truncated);
    for (size_t i = 0; i < stored; i++) {
        close_raw(handles[i]);
    }
    assert_all_closed(&p);
    passing_close(&p);
}

POSIX_TEST(faults_close_handles_and_report_it)
{
    check_fault(FER_SIM_FAULT_CONTROL_LOST, 0);
    check_fault(FER_SIM_FAULT_CONTROL_CUT, 1);
    check_fault(FER_SIM_FAULT_TOO_MANY_HANDLES, 0);
}

/* Linux: ETOOMANYREFS. */
POSIX_TEST(at_most_32_messages_with_handles_are_in_queues)
{
    struct passing p = passing_open();
    fer_unix_received_handles got;
    char buf[8];
    size_t n;
    for (int i = 0; i < 32; i++) {
        assert_ok_n(send_twice(&p, "x", &n), n, 1);
    }
    assert_kind_n(send_twice(&p, "y", &n), FER_TOO_MANY_OPEN_FILES, n, 0);
    assert_ok(fer_unix_stream_recv_handles(&p.other, buf, sizeof buf, NULL, 0, &got));
    assert_true(got.len == 1 && got.handles_truncated);
    assert_ok_n(send_twice(&p, "z", &n), n, 1);
    fer_unix_stream_close(&p.other);
    assert_all_closed(&p);
    passing_close(&p);
}

/* Linux: the bytes before a message come with it, and those after it do not. */
POSIX_TEST(a_read_ends_after_the_bytes_of_a_message_with_handles)
{
    struct passing p = passing_open();
    char buf[8];
    size_t n;
    assert_ok(fer_unix_stream_write_all(&p.one, "ab", 2, NULL));
    assert_ok_n(send_twice(&p, "cd", &n), n, 2);
    assert_ok(fer_unix_stream_write_all(&p.one, "ef", 2, NULL));
    assert_ok_n(fer_unix_stream_peek(&p.other, buf, sizeof buf, &n), n, 4);
    assert_ok_n(fer_unix_stream_read(&p.other, buf, sizeof buf, &n), n, 4);
    assert_ok_n(fer_unix_stream_read(&p.other, buf, sizeof buf, &n), n, 2);
    assert_all_closed(&p);
    passing_close(&p);
}

/* The BSDs, soreceive: a read ends before a message, and goes on after it. */
BSD_TEST(a_read_ends_before_the_bytes_of_a_message_with_handles)
{
    struct passing p = passing_open();
    char buf[8];
    size_t n;
    assert_ok(fer_unix_stream_write_all(&p.one, "ab", 2, NULL));
    assert_ok_n(send_twice(&p, "cd", &n), n, 2);
    assert_ok(fer_unix_stream_write_all(&p.one, "ef", 2, NULL));
    assert_ok_n(fer_unix_stream_read(&p.other, buf, sizeof buf, &n), n, 2);
    assert_ok_n(fer_unix_stream_read(&p.other, buf, sizeof buf, &n), n, 4);
    assert_all_closed(&p);
    passing_close(&p);
}

/* The reader takes the first bytes while the writer waits for room for the others. */
struct reader {
    fer_unix_stream *stream;
    fer_unix_received_handles got;
};

static void read_some(void *context)
{
    struct reader *reader = context;
    fer_raw_socket handles[2];
    char buf[8];
    assert_ok(
        fer_unix_stream_recv_handles(reader->stream, buf, sizeof buf, handles, 2, &reader->got));
    close_raw(handles[0]);
    close_raw(handles[1]);
}

POSIX_CONFIG_TEST(handles_can_be_received_while_their_send_waits)
{
    fer_sim_config config = config_of();
    config.send_buffer = 8;
    config.receive_buffer = 8;
    sim_begin_with(config);
    struct passing p = passing_open();
    struct reader reader = {.stream = &p.other};
    size_t n;
    assert_ok(fer_sim_after(fer_duration_from_millis(5), read_some, &reader));
    assert_ok_n(send_twice(&p, "twenty bytes and more", &n), n, 21);
    assert_true(reader.got.len == 8 && reader.got.count == 2);
    fer_unix_stream_close(&p.other);
    assert_all_closed(&p);
    passing_close(&p);
}

POSIX_TEST(a_datagram_that_is_not_sent_has_sent_no_handles)
{
    fer_unix_datagram socket = {0};
    fer_unix_stream passed = {0};
    fer_unix_stream left = {0};
    char byte;
    size_t n;
    assert_ok(fer_unix_stream_pair(&passed, &left));
    assert_ok(fer_unix_datagram_unbound(&socket));
    fer_raw_socket raw = fer_unix_stream_as_raw(&passed);
    assert_kind_n(fer_unix_datagram_send_handles(&socket, "x", 1, &raw, 1, NULL, &n),
                  FER_NOT_CONNECTED, n, 0);
    fer_unix_stream_close(&passed);
    assert_ok_n(fer_unix_stream_read(&left, &byte, 1, &n), n, 0);
    fer_unix_stream_close(&left);
    fer_unix_datagram_close(&socket);
}

WINSOCK_TEST(windows_sends_none)
{
    fer_unix_listener listener = {0};
    fer_unix_stream stream = {0};
    fer_unix_received_handles got;
    char buf[8];
    size_t n;
    assert_ok(fer_unix_listener_bind(&listener, "a"));
    assert_ok(fer_unix_stream_connect(&stream, "a"));
    assert_kind_n(fer_unix_stream_send_handles(&stream, "x", 1, NULL, 0, &n), FER_UNSUPPORTED, n,
                  0);
    assert_kind(fer_unix_stream_recv_handles(&stream, buf, sizeof buf, NULL, 0, &got),
                FER_UNSUPPORTED);
    fer_unix_stream_close(&stream);
    fer_unix_listener_close(&listener);
}

TEST_MAIN("sim_handles")
