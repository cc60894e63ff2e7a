/* test_unix_datagram.c: datagrams on Unix sockets, with the calls for each. */
#include "unit/scripted_platform.h"

#include "ferrule/unix.h"

static fer_unix_datagram open_socket(const struct ferp_traits *traits, uint32_t flags)
{
    fer_unix_datagram socket;
    memset(&socket, 0, sizeof socket);
    script_begin(traits);
    socket.handle_ = script_stream(flags);
    return socket;
}

#define SOCKET_TEST(function) \
    SCRIPT_TEST_WITH(fer_unix_datagram socket, open_socket(&script_posix, 0), function)

SYSTEM_TEST(script_posix, each_way_to_make_one)
{
    fer_unix_datagram socket = {0};
    fer_unix_datagram other = {0};
    fer_unix_addr addr = script_path("b");
    assert_ok(fer_unix_datagram_bind(&socket, "a"));
    fer_unix_datagram_close(&socket);
    assert_ok(fer_unix_datagram_bind_addr(&socket, &addr));
    fer_unix_datagram_close(&socket);
    assert_log("unix_socket(datagram) unix_bind(1,a) close(1) unix_socket(datagram) unix_bind(2,b) "
               "close(2)");
    assert_ok(fer_unix_datagram_unbound(&socket));
    assert_error(fer_unix_datagram_unbound(&socket), FER_MISUSE, 0);
    fer_unix_datagram_close(&socket);
    assert_ok(fer_unix_datagram_pair(&socket, &other));
    assert_log("unix_socket(datagram) close(3) unix_pair(datagram)");
    assert_int_equal(fer_unix_datagram_as_raw(&socket), 4);
    assert_int_equal(fer_unix_datagram_as_raw(&other), 5);
    assert_error(fer_unix_datagram_bind(&socket, "a"), FER_MISUSE, 0);
    assert_error_log(fer_unix_datagram_unbound(NULL), FER_MISUSE, 0, "");
}

/* Where the buffers limit datagrams, each way makes room for the largest. */
SCRIPT_TEST(each_way_raises_the_buffers_where_they_limit_datagrams)
{
    fer_unix_datagram socket = {0};
    fer_unix_datagram other = {0};
    script_begin(&script_bsd);
    script_default(SCRIPT_OPTION_VALUE)->value = 4096;
    assert_ok(fer_unix_datagram_bind(&socket, "a"));
    assert_log("unix_socket(datagram) set_option(1,SEND_BUFFER,65535) option_value(1,RECV_BUFFER) "
               "set_option(1,RECV_BUFFER,131072) unix_bind(1,a)");
    fer_unix_datagram_close(&socket);
    script_begin(&script_bsd);
    assert_ok_log(
        fer_unix_datagram_unbound(&socket),
        "unix_socket(datagram) set_option(1,SEND_BUFFER,65535) option_value(1,RECV_BUFFER) "
        "set_option(1,RECV_BUFFER,131072)");
    fer_unix_datagram_close(&socket);
    script_begin(&script_bsd);
    script_default(SCRIPT_OPTION_VALUE)->value = 131072;
    assert_ok(fer_unix_datagram_pair(&socket, &other));
    assert_log("unix_pair(datagram) set_option(1,SEND_BUFFER,65535) option_value(1,RECV_BUFFER) "
               "set_option(2,SEND_BUFFER,65535) option_value(2,RECV_BUFFER)");
}

SOCKET_TEST(connecting_goes_on_after_a_signal_and_checks_the_name)
{
    fer_unix_datagram empty = {0};
    fer_unix_addr unnamed = {0};
    script_then_fail(SCRIPT_UNIX_CONNECT, FER_INTERRUPTED, 4);
    assert_ok(fer_unix_datagram_connect(&socket, "a"));
    assert_forwards(SCRIPT_UNIX_CONNECT, FER_NOT_FOUND, 2, fer_unix_datagram_connect(&socket, "b"));
    assert_log("unix_connect(1,a) unix_connect(1,a) unix_connect(1,b)");
    assert_error(fer_unix_datagram_connect(&socket, ""), FER_INVALID_INPUT, 0);
    assert_error(fer_unix_datagram_connect(&socket, NULL), FER_MISUSE, 0);
    assert_error(fer_unix_datagram_connect_addr(&socket, &unnamed), FER_INVALID_INPUT, 0);
    assert_error(fer_unix_datagram_connect_addr(&socket, NULL), FER_MISUSE, 0);
    assert_error(fer_unix_datagram_connect(&empty, "a"), FER_MISUSE, 0);
    assert_error_log(fer_unix_datagram_connect(NULL, "a"), FER_MISUSE, 0, "");
}

SOCKET_TEST(each_send_is_one_call)
{
    fer_unix_addr addr;
    size_t n = 77;
    assert_ok(fer_unix_addr_from_abstract_name(&addr, "b", 1));
    script_then_move(SCRIPT_SEND, 3);
    script_then_move(SCRIPT_UNIX_SEND_TO, 3);
    script_then_move(SCRIPT_UNIX_SEND_TO, 3);
    assert_ok_n(fer_unix_datagram_send(&socket, "abc", 3, &n), n, 3);
    assert_ok_n(fer_unix_datagram_send_to(&socket, "abc", 3, "a", &n), n, 3);
    assert_ok(fer_unix_datagram_send_to_addr(&socket, "abc", 3, &addr, NULL));
    assert_log("send(1,3) unix_send_to(1,a) unix_send_to(1,@b)");
}

SOCKET_TEST(what_cannot_be_sent_makes_no_call_and_counts_nothing)
{
    fer_unix_datagram empty = {0};
    fer_unix_addr unnamed = {0};
    for (int variant = 0; variant < 9; variant++) {
        size_t n = 77;
        fer_error error =
            variant == 0   ? fer_unix_datagram_send(&socket, NULL, 1, &n)
            : variant == 1 ? fer_unix_datagram_send_to(&socket, NULL, 1, "a", &n)
            : variant == 2 ? fer_unix_datagram_send_to(&socket, "x", 1, NULL, &n)
            : variant == 3 ? fer_unix_datagram_send_to(&socket, "x", 1, "", &n)
            : variant == 4 ? fer_unix_datagram_send_to_addr(&socket, "x", 1, NULL, &n)
            : variant == 5 ? fer_unix_datagram_send_to_addr(&socket, "x", 1, &unnamed, &n)
            : variant == 6 ? fer_unix_datagram_send(&empty, "x", 1, &n)
            : variant == 7 ? fer_unix_datagram_send_to(NULL, "x", 1, "a", &n)
                           : fer_unix_datagram_send_to_addr(&empty, "x", 1, &unnamed, &n);
        bool is_value = variant == 3 || variant == 5;
        assert_error(error, is_value ? FER_INVALID_INPUT : FER_MISUSE, 0);
        assert_int_equal(n, 0);
    }
    size_t n = 77;
    script.traits.datagram_length_max = 1000;
    assert_error_n(fer_unix_datagram_send(&socket, "x", 1001, &n), FER_MESSAGE_TOO_LONG, 0, n, 0);
    assert_error(fer_unix_datagram_send_to(&socket, "x", 1001, "a", NULL), FER_MESSAGE_TOO_LONG, 0);
    assert_log("");
}

SCRIPT_TEST(the_kernel_waits_and_a_timeout_is_reported_as_one)
{
    fer_unix_datagram socket = open_socket(&script_posix, FERI_FLAG_TIMEOUT_SET);
    fer_unix_received got;
    char buf[8];
    size_t n = 77;
    script_then_fail(SCRIPT_SEND, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_UNIX_SEND_TO, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_UNIX_RECV_FROM, FER_WOULD_BLOCK, 11);
    assert_error_n(fer_unix_datagram_send(&socket, "x", 1, &n), FER_TIMED_OUT, 0, n, 0);
    assert_error(fer_unix_datagram_send_to(&socket, "x", 1, "a", &n), FER_TIMED_OUT, 0);
    assert_error(fer_unix_datagram_recv(&socket, buf, 8, &got), FER_TIMED_OUT, 0);
    assert_log("send(1,1) is_nonblocking(1) unix_send_to(1,a) is_nonblocking(1) "
               "unix_recv_from(1,8) is_nonblocking(1)");
}

/* If the kernel does not wait: an imaginary system with Unix datagrams that waits as Windows
 * does. */
SCRIPT_TEST(core_waits_for_room_and_for_a_datagram)
{
    fer_unix_datagram socket = open_socket(&script_windows, 0);
    fer_unix_received got;
    char buf[8];
    script.traits.write_wait_misses_shutdown = false;
    script_then_fail(SCRIPT_UNIX_SEND_TO, FER_WOULD_BLOCK, 10035);
    script_then_fail(SCRIPT_UNIX_RECV_FROM, FER_WOULD_BLOCK, 10035);
    assert_ok_log(fer_unix_datagram_send_to(&socket, "x", 1, "a", NULL),
                  "unix_send_to(1,a) wait_arm(1,WRITABLE) wait_for(ever) "
                  "unix_send_to(1,a)");
    assert_ok_log(fer_unix_datagram_recv_from(&socket, buf, 8, &got),
                  "unix_recv_from(1,8) wait_arm(1,RECEIVABLE) wait_for(ever) "
                  "unix_recv_from(1,8)");
}

SOCKET_TEST(what_is_received_is_reported_and_nothing_else)
{
    fer_unix_datagram empty = {0};
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
    script.log[0] = '\0';
    assert_error(fer_unix_datagram_recv(&socket, NULL, 8, &got), FER_MISUSE, 0);
    assert_error(fer_unix_datagram_recv(&socket, buf, 8, NULL), FER_MISUSE, 0);
    assert_error(fer_unix_datagram_recv(&empty, buf, 8, &got), FER_MISUSE, 0);
    assert_error(fer_unix_datagram_recv(NULL, buf, 8, &got), FER_MISUSE, 0);
    assert_memory_equal(&got, &before, sizeof got);
    assert_log("");
}

SOCKET_TEST(shutdown_is_passed_on)
{
    assert_ok(fer_unix_datagram_shutdown(&socket, FER_SHUTDOWN_READ));
    assert_ok(fer_unix_datagram_shutdown(&socket, FER_SHUTDOWN_BOTH));
    assert_ok(fer_socket_shutdown(fer_unix_datagram_as_socket(&socket), FER_SHUTDOWN_WRITE));
    assert_log("shutdown(1,0) shutdown(1,2) shutdown(1,1)");
    assert_error(fer_unix_datagram_shutdown(&socket, (fer_shutdown)3), FER_INVALID_INPUT, 0);
    assert_error(fer_unix_datagram_shutdown(&socket, (fer_shutdown)-1), FER_INVALID_INPUT, 0);
    assert_error_log(fer_unix_datagram_shutdown(NULL, FER_SHUTDOWN_READ), FER_MISUSE, 0, "");
}

SOCKET_TEST(every_other_call_is_any_socket_s)
{
    fer_unix_datagram clone = {0};
    fer_duration duration;
    fer_unix_addr addr;
    fer_error pending;
    assert_ok(fer_unix_datagram_set_read_timeout(&socket, (fer_duration){1}));
    assert_ok(fer_unix_datagram_set_write_timeout(&socket, (fer_duration){2}));
    assert_ok(fer_unix_datagram_read_timeout(&socket, &duration));
    assert_ok(fer_unix_datagram_write_timeout(&socket, &duration));
    assert_ok(fer_unix_datagram_set_nonblocking(&socket, true));
    assert_ok(fer_unix_datagram_local_addr(&socket, &addr));
    assert_ok(fer_unix_datagram_peer_addr(&socket, &addr));
    assert_ok_log(fer_unix_datagram_take_error(&socket, &pending),
                  "set_timeout(1,reading,1) set_timeout(1,writing,2) timeout(1,reading) "
                  "timeout(1,writing) set_nonblocking(1,1) "
                  "unix_local_addr(1) unix_peer_addr(1) take_error(1)");
    assert_ok(fer_unix_datagram_try_clone(&socket, &clone));
    assert_int_equal(fer_unix_datagram_into_raw(&clone), 2);
    fer_unix_datagram_close(&socket);
    assert_log("duplicate(1) wake(1) close(1)");
    assert_error(fer_unix_datagram_local_addr(&socket, &addr), FER_MISUSE, 0);
    assert_error(fer_unix_datagram_take_error(&socket, &pending), FER_MISUSE, 0);
}

SYSTEM_TEST(script_posix, a_raw_socket_is_taken_in)
{
    fer_unix_datagram socket = {0};
    script_then(SCRIPT_DESCRIBE)->description =
        (ferp_description){.is_unix = true, .is_datagram = true, .is_connected = true};
    assert_ok(fer_unix_datagram_from_raw(&socket, script_open_socket()));
    assert_log("describe(1) adopt(1) report_refusals(1,1)");
    assert_int_equal(fer_unix_datagram_as_raw(&socket), 1);
}

TEST_MAIN("unix_datagram")
