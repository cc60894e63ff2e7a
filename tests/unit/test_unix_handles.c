/* test_unix_handles.c: handles over Unix sockets, with the calls for each (rules X7 and X8). */
#include "unit/scripted_platform.h"

#include "ferrule/unix.h"

static fer_unix_stream stream;
static fer_unix_datagram datagram;
static char buf[4000] = "1234567";
static fer_raw_socket handles[2];
static fer_unix_received_handles got;
static size_t n;
static fer_unix_addr to;

/* The stream has socket 1 and the datagram socket socket 2. */
static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    stream = (fer_unix_stream){.handle_ = script_stream(0)};
    datagram = (fer_unix_datagram){.handle_ = script_stream(FERI_FLAG_DATAGRAM)};
    memset(&got, 0xA5, sizeof got);
    handles[0] = 7;
    handles[1] = 8;
    to = script_path("a");
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

static fer_error send_stream(size_t len, size_t count)
{
    return fer_unix_stream_send_handles(&stream, buf, len, handles, count, &n);
}

static fer_error recv_stream(size_t len, size_t cap)
{
    return fer_unix_stream_recv_handles(&stream, buf, len, handles, cap, &got);
}

static fer_error recv_datagram(size_t len, size_t cap)
{
    return fer_unix_datagram_recv_handles(&datagram, buf, len, handles, cap, &got);
}

/* ---- Calls */

BEGUN_TEST(one_call_of_a_stream_moves_the_bytes_and_the_handles)
{
    script_queue("unix_send_handles 3 5");
    assert_ok_n(send_stream(5, 2), n, 3);
    assert_ok(fer_unix_stream_send_handles(&stream, "plain", 5, NULL, 0, NULL));
    assert_ok_n(fer_unix_stream_send_handles(&stream, NULL, 0, NULL, 0, &n), n, 0);
    assert_log("unix_send_handles(1,5+2) unix_send_handles(1,5+0)");
    script_result *result = script_then(SCRIPT_UNIX_RECV_HANDLES);
    result->value = 4;
    result->on = true;
    result->name = script_path("sender");
    assert_ok_log(recv_stream(8, 2), "unix_recv_handles(1,8+2)");
    assert_true(got.len == 4 && got.count == 2 && got.handles_truncated && !got.truncated);
    assert_true(fer_unix_addr_is_unnamed(&got.from));
    assert_true(handles[0] == 100 && handles[1] == 101);
    for (int i = 0; i < 2; i++) { /* the end of the stream stays */
        memset(&got, 0xA5, sizeof got);
        assert_ok(recv_stream(8, 1));
        assert_true(got.len == 0 && got.count == 0 && !got.handles_truncated && !got.truncated);
    }
    assert_log("unix_recv_handles(1,8+1)");
}

BEGUN_TEST(a_length_is_cut_to_that_of_one_call)
{
    script.traits.io_length_max = 4;
    script.traits.datagram_length_max = 4;
    script_queue("unix_send_handles 4, unix_recv_handles 4 4 CONNECTION_RESET:54");
    assert_ok_n(send_stream(8, 1), n, 4);
    assert_ok(recv_stream(8, 0));
    assert_int_equal(got.len, 4);
    assert_ok(recv_datagram(8, 0));
    assert_log("unix_send_handles(1,4+1) unix_recv_handles(1,4+0) "
               "unix_recv_handles(2,4+0,datagram)");
    assert_error(recv_datagram(4, 0), FER_CONNECTION_RESET, 54);
}

/* ---- Misuse: no call, nothing is counted or stored */

TEST_MAIN("unix_handles")
