/* test_unix_handles.c: handles over Unix sockets, with the calls for each (rules X7 and X8). */
#include "unit/scripted_platform.h"

#include "ferrule/unix.h"

static fer_unix_stream open_stream(const struct ferp_traits *traits, uint32_t flags)
{
    fer_unix_stream stream;
    memset(&stream, 0, sizeof stream);
    script_begin(traits);
    stream.handle_ = script_stream(flags);
    return stream;
}

static fer_unix_datagram open_socket(const struct ferp_traits *traits, uint32_t flags)
{
    fer_unix_datagram socket;
    memset(&socket, 0, sizeof socket);
    script_begin(traits);
    socket.handle_ = script_stream(flags | FERI_FLAG_DATAGRAM);
    return socket;
}

#define UNIX_STREAM_TEST(function) \
    SCRIPT_TEST_WITH(fer_unix_stream stream, open_stream(&script_posix, 0), function)
#define SOCKET_TEST(function) \
    SCRIPT_TEST_WITH(fer_unix_datagram socket, open_socket(&script_posix, 0), function)

static const fer_raw_socket handles_out[2] = {7, 8};

UNIX_STREAM_TEST(one_call_sends_the_bytes_and_the_handles)
{
    size_t n = 77;
    script_then_move(SCRIPT_UNIX_SEND_HANDLES, 3);
    assert_ok(fer_unix_stream_send_handles(&stream, "whole", 5, handles_out, 2, &n));
    assert_int_equal(n, 3);
    script_then_move(SCRIPT_UNIX_SEND_HANDLES, 5);
    assert_ok(fer_unix_stream_send_handles(&stream, "plain", 5, NULL, 0, NULL));
    assert_ok(fer_unix_stream_send_handles(&stream, NULL, 0, NULL, 0, &n));
    assert_int_equal(n, 0);
    assert_log("unix_send_handles(1,5+2) unix_send_handles(1,5+0)");
}

UNIX_STREAM_TEST(a_refused_send_makes_no_call_and_counts_nothing)
{
    static fer_raw_socket many[FER_UNIX_HANDLES_MAX + 1];
    size_t n = 77;
    assert_error_n(fer_unix_stream_send_handles(&stream, "x", 1, NULL, 1, &n), FER_MISUSE, 0, n, 0);
    assert_error_n(fer_unix_stream_send_handles(&stream, NULL, 1, handles_out, 1, &n), FER_MISUSE,
                   0, n, 0);
    assert_error_n(fer_unix_stream_send_handles(&stream, "", 0, handles_out, 1, &n),
                   FER_INVALID_INPUT, 0, n, 0);
    assert_error_n(
        fer_unix_stream_send_handles(&stream, "x", 1, many, FER_UNIX_HANDLES_MAX + 1, &n),
        FER_INVALID_INPUT, 0, n, 0);
    assert_error_n(fer_unix_stream_send_handles(NULL, "x", 1, many, 1, &n), FER_MISUSE, 0, n, 0);
    assert_log("");
}

UNIX_STREAM_TEST(a_write_is_clamped_to_the_length_of_one_call)
{
    char buf[8] = "1234567";
    size_t n = 77;
    script.traits.io_length_max = 4;
    script_then_move(SCRIPT_UNIX_SEND_HANDLES, 4);
    assert_ok(fer_unix_stream_send_handles(&stream, buf, 8, handles_out, 1, &n));
    assert_int_equal(n, 4);
    script_then_move(SCRIPT_UNIX_RECV_HANDLES, 4);
    fer_unix_received_handles got;
    assert_ok(fer_unix_stream_recv_handles(&stream, buf, 8, NULL, 0, &got));
    assert_int_equal(got.len, 4);
    assert_log("unix_send_handles(1,4+1) unix_recv_handles(1,4+0)");
}

UNIX_STREAM_TEST(an_error_of_a_handle_leaves_the_stream_and_one_of_the_connection_ends_it)
{
    size_t n = 77;
    script_then_fail(SCRIPT_UNIX_SEND_HANDLES, FER_BAD_HANDLE, 9);
    assert_error_n(fer_unix_stream_send_handles(&stream, "x", 1, handles_out, 1, &n),
                   FER_BAD_HANDLE, 9, n, 0);
    script_then_fail(SCRIPT_UNIX_SEND_HANDLES, FER_TOO_MANY_OPEN_FILES, 109);
    assert_error_n(fer_unix_stream_send_handles(&stream, "x", 1, handles_out, 1, &n),
                   FER_TOO_MANY_OPEN_FILES, 109, n, 0);
    script_then_move(SCRIPT_SEND, 1);
    assert_ok(fer_unix_stream_write(&stream, "x", 1, &n));
    script_then_fail(SCRIPT_UNIX_SEND_HANDLES, FER_CONNECTION_RESET, 104);
    assert_error_n(fer_unix_stream_send_handles(&stream, "x", 1, handles_out, 1, &n),
                   FER_CONNECTION_RESET, 104, n, 0);
    assert_error_n(fer_unix_stream_write(&stream, "x", 1, &n), FER_CONNECTION_RESET, 104, n, 0);
}

/* As on macOS: a longer send could lack buffers after its first bytes. */
SCRIPT_TEST(a_send_that_lacks_buffers_is_short_and_repeated_on_a_system_that_loses_its_count)
{
    static char buf[4000];
    size_t n = 77;
    fer_unix_stream stream = open_stream(&script_bsd, 0);
    script.traits.no_buffer_space_is_transient = true;
    script_queue("try_unix_send_handles NO_BUFFER_SPACE:55 2048");
    assert_ok(fer_unix_stream_send_handles(&stream, buf, sizeof buf, handles_out, 1, &n));
    assert_int_equal(n, 2048);
    assert_int_equal(script.times[SCRIPT_TRY_UNIX_SEND_HANDLES], 2);
    script_then_move(SCRIPT_TRY_UNIX_SEND_HANDLES, 2000);
    assert_ok(fer_unix_stream_send_handles(&stream, buf, 2000, handles_out, 1, &n));
    assert_int_equal(n, 2000);
}

SCRIPT_TEST(a_shortage_that_stays_is_reported)
{
    size_t n = 77;
    fer_unix_stream stream = open_stream(&script_posix, 0);
    script_then_fail(SCRIPT_UNIX_SEND_HANDLES, FER_NO_BUFFER_SPACE, 105);
    assert_error_n(fer_unix_stream_send_handles(&stream, "x", 1, handles_out, 1, &n),
                   FER_NO_BUFFER_SPACE, 105, n, 0);
}

UNIX_STREAM_TEST(a_receive_stores_the_handles_and_reports_those_that_were_closed)
{
    fer_unix_received_handles got;
    fer_raw_socket handles[2] = {0, 0};
    char buf[8];
    script_result *result = script_then(SCRIPT_UNIX_RECV_HANDLES);
    result->value = 4;
    result->on = true;
    result->name = script_path("sender");
    assert_ok(fer_unix_stream_recv_handles(&stream, buf, sizeof buf, handles, 2, &got));
    assert_true(got.len == 4 && got.count == 2 && got.handles_truncated && !got.truncated);
    assert_true(fer_unix_addr_is_unnamed(&got.from));
    assert_true(handles[0] == 100 && handles[1] == 101);
    assert_log("unix_recv_handles(1,8+2)");
}

UNIX_STREAM_TEST(the_end_of_the_stream_is_reported_and_stays)
{
    fer_unix_received_handles got;
    fer_raw_socket handle;
    char buf[8];
    script_then_move(SCRIPT_UNIX_RECV_HANDLES, 0);
    for (int i = 0; i < 2; i++) {
        memset(&got, 0xA5, sizeof got);
        assert_ok(fer_unix_stream_recv_handles(&stream, buf, 8, &handle, 1, &got));
        assert_true(got.len == 0 && got.count == 0 && !got.handles_truncated && !got.truncated);
    }
    assert_log("unix_recv_handles(1,8+1)");
}

UNIX_STREAM_TEST(a_reset_ends_both_halves)
{
    fer_unix_received_handles got = {.len = 77};
    char buf[8];
    script_then_fail(SCRIPT_UNIX_RECV_HANDLES, FER_CONNECTION_RESET, 104);
    assert_error(fer_unix_stream_recv_handles(&stream, buf, 8, NULL, 0, &got), FER_CONNECTION_RESET,
                 104);
    assert_error(fer_unix_stream_write(&stream, "x", 1, NULL), FER_CONNECTION_RESET, 104);
    assert_int_equal(got.len, 77);
}

UNIX_STREAM_TEST(a_refused_receive_makes_no_call)
{
    fer_unix_received_handles got = {.len = 77};
    fer_raw_socket handle;
    char buf[8];
    assert_error(fer_unix_stream_recv_handles(&stream, buf, 0, &handle, 1, &got), FER_INVALID_INPUT,
                 0);
    assert_error(fer_unix_stream_recv_handles(&stream, NULL, 8, &handle, 1, &got), FER_MISUSE, 0);
    assert_error(fer_unix_stream_recv_handles(&stream, buf, 8, NULL, 1, &got), FER_MISUSE, 0);
    assert_error(fer_unix_stream_recv_handles(&stream, buf, 8, &handle, 1, NULL), FER_MISUSE, 0);
    assert_int_equal(got.len, 77);
    assert_log("");
}

SCRIPT_TEST(limits_end_every_call_before_its_first_try)
{
    fer_unix_stream stream = open_stream(&script_posix, 0);
    fer_unix_received_handles got;
    fer_limits past = {.deadline = {1}};
    char buf[8];
    size_t n = 77;
    assert_ok(fer_unix_stream_set_limits(&stream, &past));
    assert_error_n(fer_unix_stream_send_handles(&stream, "x", 1, handles_out, 1, &n), FER_TIMED_OUT,
                   0, n, 0);
    assert_error(fer_unix_stream_recv_handles(&stream, buf, 8, NULL, 0, &got), FER_TIMED_OUT, 0);
    fer_unix_datagram socket = open_socket(&script_posix, FERI_FLAG_DATAGRAM);
    assert_ok(fer_unix_datagram_set_limits(&socket, &past));
    assert_error_n(fer_unix_datagram_send_handles(&socket, "x", 1, handles_out, 1, NULL, &n),
                   FER_TIMED_OUT, 0, n, 0);
    assert_error(fer_unix_datagram_recv_handles(&socket, buf, 8, NULL, 0, &got), FER_TIMED_OUT, 0);
}

SOCKET_TEST(a_datagram_carries_handles_to_the_peer_or_to_an_address)
{
    fer_unix_addr to = script_path("a");
    fer_unix_received_handles got;
    fer_raw_socket handle;
    char buf[8];
    size_t n = 77;
    script_then_move(SCRIPT_UNIX_SEND_HANDLES, 5);
    assert_ok(fer_unix_datagram_send_handles(&socket, "whole", 5, handles_out, 2, NULL, &n));
    assert_int_equal(n, 5);
    script_then_move(SCRIPT_UNIX_SEND_HANDLES, 5);
    assert_ok(fer_unix_datagram_send_handles(&socket, "whole", 5, handles_out, 1, &to, NULL));
    script_result *result = script_then(SCRIPT_UNIX_RECV_HANDLES);
    result->value = 8;
    result->on = true;
    result->name = to;
    assert_ok(fer_unix_datagram_recv_handles(&socket, buf, 8, &handle, 1, &got));
    assert_true(got.len == 8 && got.count == 1 && got.handles_truncated && got.truncated);
    assert_string_equal(fer_unix_addr_as_pathname(&got.from), "a");
    assert_log(
        "unix_send_handles(1,5+2) unix_send_handles(1,5+1,a) unix_recv_handles(1,8+1,datagram)");
}

SOCKET_TEST(a_datagram_that_cannot_be_sent_or_received_makes_no_call)
{
    fer_unix_addr unnamed = {0};
    fer_unix_received_handles got = {.len = 77};
    fer_raw_socket handle;
    char buf[8];
    size_t n = 77;
    script.traits.datagram_length_max = 1000;
    assert_error_n(fer_unix_datagram_send_handles(&socket, "x", 1001, NULL, 0, NULL, &n),
                   FER_MESSAGE_TOO_LONG, 0, n, 0);
    assert_error_n(fer_unix_datagram_send_handles(&socket, "x", 1, NULL, 1, NULL, &n), FER_MISUSE,
                   0, n, 0);
    assert_error_n(fer_unix_datagram_send_handles(&socket, "", 0, handles_out, 1, NULL, &n),
                   FER_INVALID_INPUT, 0, n, 0);
    assert_error_n(fer_unix_datagram_send_handles(&socket, "x", 1, handles_out, 1, &unnamed, &n),
                   FER_INVALID_INPUT, 0, n, 0);
    assert_error(fer_unix_datagram_recv_handles(&socket, buf, 0, &handle, 1, &got),
                 FER_INVALID_INPUT, 0);
    assert_error(fer_unix_datagram_recv_handles(&socket, NULL, 8, &handle, 1, &got), FER_MISUSE, 0);
    assert_error(fer_unix_datagram_recv_handles(&socket, buf, 8, NULL, 1, &got), FER_MISUSE, 0);
    assert_error(fer_unix_datagram_recv_handles(&socket, buf, 8, &handle, 1, NULL), FER_MISUSE, 0);
    assert_int_equal(got.len, 77);
    assert_log("");
}

SCRIPT_TEST(a_receive_of_a_datagram_takes_at_most_the_longest)
{
    fer_unix_datagram socket = open_socket(&script_posix, 0);
    fer_unix_received_handles got;
    char buf[8];
    script.traits.datagram_length_max = 4;
    script_then_move(SCRIPT_UNIX_RECV_HANDLES, 4);
    assert_ok(fer_unix_datagram_recv_handles(&socket, buf, 8, NULL, 0, &got));
    script_then_fail(SCRIPT_UNIX_RECV_HANDLES, FER_CONNECTION_RESET, 54);
    assert_error(fer_unix_datagram_recv_handles(&socket, buf, 4, NULL, 0, &got),
                 FER_CONNECTION_RESET, 54);
    assert_log("unix_recv_handles(1,4+0,datagram) unix_recv_handles(1,4+0,datagram)");
}

SCRIPT_TEST(packets_of_a_socket_of_another_kind_have_no_address)
{
    fer_unix_datagram socket = open_socket(&script_posix, FERI_FLAG_FOREIGN);
    fer_unix_addr to = script_path("a");
    size_t n = 77;
    assert_error_n(fer_unix_datagram_send_handles(&socket, "x", 1, handles_out, 1, &to, &n),
                   FER_INVALID_INPUT, 0, n, 0);
    assert_log("");
}

TEST_MAIN("unix_handles")
