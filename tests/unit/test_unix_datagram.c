/* test_unix_datagram.c: datagrams on Unix sockets, with the calls for each. */
#include "unit/scripted_platform.h"

#include "ferrule/unix.h"

static fer_unix_datagram open_socket(const struct ferp_traits *traits, uint32_t flags)
{
    fer_unix_datagram socket;
    memset(&socket, 0, sizeof socket);
    script_begin(traits);
    socket.handle_ = script_stream(flags | FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM);
    return socket;
}

#define SOCKET_TEST(function) \
    SCRIPT_TEST_WITH(fer_unix_datagram socket, open_socket(&script_posix, 0), function)

SOCKET_TEST(connecting_is_retried_after_a_signal_and_checks_the_name)
{
    fer_unix_addr unnamed = {0};
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_INTERRUPTED, 4);
    assert_ok(fer_unix_datagram_connect(&socket, "a"));
    assert_forwards(SCRIPT_UNIX_CONNECT, FER_NOT_FOUND, 2, fer_unix_datagram_connect(&socket, "b"));
    assert_log("unix_connect(1,a) unix_connect(1,a) unix_connect(1,b)");
    assert_error(fer_unix_datagram_connect(&socket, ""), FER_INVALID_INPUT, 0);
    assert_error_log(fer_unix_datagram_connect_addr(&socket, &unnamed), FER_INVALID_INPUT, 0, "");
}

SOCKET_TEST(a_refused_send_makes_no_call_and_counts_nothing)
{
    fer_unix_addr unnamed = {0};
    size_t n = 77;
    script.traits.datagram_length_max = 1000;
    assert_error_n(fer_unix_datagram_send_to(&socket, "x", 1, "", &n), FER_INVALID_INPUT, 0, n, 0);
    assert_error_n(fer_unix_datagram_send_to_addr(&socket, "x", 1, &unnamed, &n), FER_INVALID_INPUT,
                   0, n, 0);
    assert_error_n(fer_unix_datagram_send(&socket, "x", 1001, &n), FER_MESSAGE_TOO_LONG, 0, n, 0);
    assert_error(fer_unix_datagram_send_to(&socket, "x", 1001, "a", NULL), FER_MESSAGE_TOO_LONG, 0);
    assert_log("");
}

SOCKET_TEST(only_a_received_datagram_is_reported)
{
    fer_unix_received got;
    fer_unix_received before;
    char buf[8];
    script_result *answer = script_then(SCRIPT_UNIX_RECV_FROM);
    answer->value = 4;
    answer->on = true;
    answer->name = script_path("sender");
    assert_ok(fer_unix_datagram_recv_from(&socket, buf, 4, &got));
    assert_int_equal(got.len, 4);
    assert_true(got.truncated);
    assert_memory_equal(buf, "abcd", 4);
    assert_string_equal(fer_unix_addr_as_pathname(&got.from), "sender");
    assert_ok(fer_unix_datagram_recv(&socket, NULL, 0, &got));
    assert_true(fer_unix_addr_is_unnamed(&got.from));
    script.traits.datagram_length_max = 6;
    assert_ok(fer_unix_datagram_recv(&socket, buf, SIZE_MAX, &got));
    assert_log("unix_recv_from(1,4) unix_recv_from(1,0) unix_recv_from(1,6)");
    memset(&got, 0x5a, sizeof got);
    before = got;
    script_then_fail(SCRIPT_UNIX_RECV_FROM, FER_CONNECTION_RESET, 104);
    assert_error(fer_unix_datagram_recv(&socket, buf, 8, &got), FER_CONNECTION_RESET, 104);
    assert_memory_equal(&got, &before, sizeof got);
}

SOCKET_TEST(shutdown_is_passed_on)
{
    assert_ok(fer_unix_datagram_shutdown(&socket, FER_SHUTDOWN_READ));
    assert_ok(fer_unix_datagram_shutdown(&socket, FER_SHUTDOWN_BOTH));
    assert_ok(fer_socket_shutdown(fer_unix_datagram_as_socket(&socket), FER_SHUTDOWN_WRITE));
    assert_log("shutdown(1,0) shutdown(1,2) shutdown(1,1)");
    assert_error(fer_unix_datagram_shutdown(&socket, (fer_shutdown)3), FER_INVALID_INPUT, 0);
    assert_error_log(fer_unix_datagram_shutdown(&socket, (fer_shutdown)-1), FER_INVALID_INPUT, 0,
                     "");
}

TEST_MAIN("unix_datagram")
