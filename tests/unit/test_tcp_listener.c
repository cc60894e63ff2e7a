/* test_tcp_listener.c: each public function of a listener calls the right part of core. Each part
 * has its own tests. */
#include "unit/scripted_platform.h"

#include "ferrule/tcp.h"

static fer_tcp_listener open_listener(void)
{
    fer_tcp_listener listener;
    memset(&listener, 0, sizeof listener);
    script_begin(&script_posix);
    listener.handle_ = script_stream(FERI_FLAG_LISTENING);
    return listener;
}

#define LISTENER_TEST(function) \
    SCRIPT_TEST_WITH(fer_tcp_listener listener, open_listener(), function)

SYSTEM_TEST(script_posix, each_way_to_bind_binds_and_listens)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr addrs[2] = {{.port = 0}, {.port = 0}};
    addrs[0] = script_addr("192.0.2.1:1");
    addrs[1] = script_addr("192.0.2.2:2");
    assert_ok(fer_tcp_listener_bind_addr(&listener, &addrs[1]));
    fer_tcp_listener_close(&listener);
    assert_log(
        "socket(v4) set_option(1,REUSE_ADDRESS,1) bind(1,192.0.2.2:2) listen(1,128) close(1)");
    script_then_fail(SCRIPT_BIND, FER_ADDR_NOT_AVAILABLE, 99);
    assert_error(fer_tcp_listener_bind_addr(&listener, &addrs[0]), FER_ADDR_NOT_AVAILABLE, 99);
    assert_ok(fer_tcp_listener_bind_addr(&listener, &addrs[1]));
    fer_tcp_listener_close(&listener);
    assert_log(
        "socket(v4) set_option(2,REUSE_ADDRESS,1) bind(2,192.0.2.1:1) close(2) "
        "socket(v4) set_option(3,REUSE_ADDRESS,1) bind(3,192.0.2.2:2) listen(3,128) close(3)");
    assert_ok(fer_tcp_listener_bind(&listener, "192.0.2.3:0"));
    assert_log("socket(v4) set_option(4,REUSE_ADDRESS,1) bind(4,192.0.2.3:0) listen(4,128)");
    assert_int_equal(fer_tcp_listener_as_raw(&listener), 4);
}

LISTENER_TEST(accept_fills_a_stream_and_reports_the_peer)
{
    fer_tcp_stream stream = {0};
    fer_socket_addr peer;
    assert_ok(fer_tcp_listener_accept(&listener, &stream, &peer));
    assert_int_equal(fer_tcp_stream_as_raw(&stream), 2);
    assert_int_equal(peer.port, 1001);
    assert_error_log(fer_tcp_listener_accept(&listener, &stream, &peer), FER_MISUSE, 0,
                     "accept(1)");
}

LISTENER_TEST(raw_sockets_come_and_go)
{
    fer_tcp_listener clone = {0};
    assert_ok(fer_tcp_listener_try_clone(&listener, &clone));
    assert_int_equal(fer_tcp_listener_as_raw(&clone), 2);
    assert_int_equal(fer_tcp_listener_into_raw(&listener), 1);
    assert_log("duplicate(1) wake(1)");
    script_then(SCRIPT_DESCRIBE)->description = (ferp_description){
        .is_stream = true, .is_ip = true, .family = FER_IP_V4, .is_listening = true};
    assert_ok(fer_tcp_listener_from_raw(&listener, 1));
    assert_log("describe(1) timeout(1,reading) timeout(1,writing) adopt(1)");
    fer_tcp_listener_close(&listener);
    fer_tcp_listener_close(&clone);
}

LISTENER_TEST(the_local_address_is_the_os_s)
{
    fer_tcp_listener empty = {0};
    fer_socket_addr got;
    assert_ok(fer_tcp_listener_local_addr(&listener, &got));
    assert_int_equal(got.port, 1002);
    assert_error(fer_tcp_listener_local_addr(&listener, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_local_addr(NULL, &got), FER_MISUSE, 0);
    assert_error_log(fer_tcp_listener_local_addr(&empty, &got), FER_MISUSE, 0, "local_addr(1)");
}

LISTENER_TEST(a_pending_error_is_reported_and_changes_nothing)
{
    fer_tcp_listener empty = {0};
    fer_error got = {FER_OTHER, 1};
    assert_ok(fer_tcp_listener_take_error(&listener, &got));
    assert_ok(got);
    script_then(SCRIPT_TAKE_ERROR)->pending = (fer_error){FER_CONNECTION_RESET, 104};
    assert_ok(fer_tcp_listener_take_error(&listener, &got));
    assert_error(got, FER_CONNECTION_RESET, 104);
    assert_int_equal(feri_handle_state(&listener.handle_), FERI_PHASE_OPEN);
    assert_error(fer_tcp_listener_take_error(&listener, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_take_error(NULL, &got), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_take_error(&empty, &got), FER_MISUSE, 0);
    assert_log("take_error(1) take_error(1)");
}

LISTENER_TEST(each_option_is_its_own)
{
    uint32_t number;
    assert_ok(fer_tcp_listener_set_ttl(&listener, 9));
    assert_ok(fer_tcp_listener_ttl(&listener, &number));
    fer_duration timeout = {0};
    assert_ok(fer_socket_set_read_timeout(fer_tcp_listener_as_socket(&listener),
                                          fer_duration_from_millis(7)));
    assert_ok(fer_socket_read_timeout(fer_tcp_listener_as_socket(&listener), &timeout));
    assert_int_equal(timeout.nanos, 7000000);
    assert_ok(fer_tcp_listener_set_nonblocking(&listener, true));
    assert_log("set_option(1,TTL_V4,9) option_value(1,TTL_V4) set_nonblocking(1,1)");
}

SCRIPT_TEST(null_is_refused_by_every_function)
{
    /* volatile, because link-time optimization would otherwise warn about unreachable code */
    fer_tcp_listener *volatile null = NULL;
    fer_tcp_listener listener = open_listener();
    fer_tcp_listener other = {0};
    fer_tcp_stream stream = {0};
    fer_socket_addr addr = script_addr("192.0.2.1:1");
    fer_duration timeout;
    uint32_t number;
    assert_error(fer_tcp_listener_bind(null, "192.0.2.1:1"), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_bind_addr(null, &addr), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_accept(null, &stream, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_accept(&listener, NULL, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_try_clone(null, &other), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_try_clone(&listener, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_set_ttl(null, 1), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_ttl(null, &number), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_set_nonblocking(null, true), FER_MISUSE, 0);
    assert_error(fer_socket_set_read_timeout(fer_tcp_listener_as_socket(null), FER_DURATION_NONE),
                 FER_MISUSE, 0);
    assert_error(fer_socket_read_timeout(fer_tcp_listener_as_socket(null), &timeout), FER_MISUSE,
                 0);
    assert_error(fer_tcp_listener_set_limits(null, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_listener_from_raw(null, FER_RAW_SOCKET_NONE), FER_INVALID_INPUT, 0);
    assert_int_equal(fer_tcp_listener_as_raw(null), FER_RAW_SOCKET_NONE);
    assert_int_equal(fer_tcp_listener_into_raw(null), FER_RAW_SOCKET_NONE);
    fer_tcp_listener_close(null);
    assert_log("describe(-1)");
}

TEST_MAIN("tcp_listener")
