/* test_tcp_stream.c: each public function of a stream calls the right part of core, with its own
 * call, direction and event. Each part has its own tests. */
#include "unit/scripted_platform.h"

#include "ferrule/tcp.h"

static fer_tcp_stream open_stream(const struct ferp_traits *traits)
{
    fer_tcp_stream stream;
    memset(&stream, 0, sizeof stream);
    script_begin(traits);
    stream.handle_ = script_stream(0);
    return stream;
}

#define OPEN_TEST(function) \
    SCRIPT_TEST_WITH(fer_tcp_stream stream, open_stream(&script_posix), function)

/* ---- Opening and closing */

SYSTEM_TEST(script_posix, each_way_to_connect_connects)
{
    fer_tcp_stream stream = {0};
    fer_socket_addr addrs[2] = {{.port = 0}, {.port = 0}};
    addrs[0] = script_addr("192.0.2.1:1");
    addrs[1] = script_addr("192.0.2.2:2");
    assert_ok(fer_tcp_stream_connect_addr(&stream, &addrs[1]));
    fer_tcp_stream_close(&stream);
    assert_log("socket(v4) connect(1,192.0.2.2:2) close(1)");
    script_then_fail(SCRIPT_CONNECT, FER_CONNECTION_REFUSED, 111);
    assert_ok(fer_tcp_stream_connect_addrs(&stream, addrs, 2, NULL));
    fer_tcp_stream_close(&stream);
    assert_log(
        "socket(v4) connect(2,192.0.2.1:1) close(2) socket(v4) connect(3,192.0.2.2:2) close(3)");
    assert_ok(fer_tcp_stream_connect_timeout(&stream, addrs, fer_duration_from_secs(1)));
    fer_tcp_stream_close(&stream);
    assert_log(
        "socket(v4) set_nonblocking(4,1) connect(4,192.0.2.1:1) set_nonblocking(4,0) close(4)");
    assert_ok_log(fer_tcp_stream_connect(&stream, "192.0.2.3:3"),
                  "socket(v4) connect(5,192.0.2.3:3)");
}

OPEN_TEST(a_closed_stream_can_be_connected_again)
{
    fer_tcp_stream_close(&stream);
    assert_int_equal(fer_tcp_stream_as_raw(&stream), FER_RAW_SOCKET_NONE);
    assert_ok(fer_tcp_stream_connect(&stream, "192.0.2.3:3"));
    assert_int_equal(fer_tcp_stream_as_raw(&stream), 2);
}

SCRIPT_TEST(closing_resets_for_unread_input_where_the_os_would_not)
{
    fer_tcp_stream stream = open_stream(&script_bsd);
    script_then_move(SCRIPT_BYTES_QUEUED, 1);
    fer_tcp_stream_close(&stream);
    assert_log("bytes_queued(1) set_linger(1,1,0) close(1)");
}

OPEN_TEST(raw_sockets_come_and_go)
{
    fer_tcp_stream clone = {0};
    assert_int_equal(fer_tcp_stream_as_raw(&stream), 1);
    assert_ok(fer_tcp_stream_try_clone(&stream, &clone));
    assert_int_equal(fer_tcp_stream_as_raw(&clone), 2);
    assert_int_equal(fer_tcp_stream_into_raw(&stream), 1);
    assert_log("duplicate(1) wake(1)");
    script_then(SCRIPT_DESCRIBE)->description = (ferp_description){
        .is_stream = true, .is_ip = true, .family = FER_IP_V4, .is_connected = true};
    assert_ok_log(fer_tcp_stream_from_raw(&stream, 1), "describe(1) adopt(1)");
}

/* ---- Addresses */

OPEN_TEST(each_end_has_its_address)
{
    fer_socket_addr got;
    assert_ok(fer_tcp_stream_peer_addr(&stream, &got));
    assert_addr(&got, "192.0.2.1:1001");
    assert_ok(fer_tcp_stream_local_addr(&stream, &got));
    assert_addr(&got, "192.0.2.2:1002");
    assert_log("peer_addr(1) local_addr(1)");
}

OPEN_TEST(the_peer_s_address_is_gone_once_the_end_was_seen)
{
    fer_socket_addr got;
    char byte;
    assert_ok(fer_tcp_stream_read(&stream, &byte, 1, NULL));
    assert_error(fer_tcp_stream_peer_addr(&stream, &got), FER_NOT_CONNECTED, 0);
    assert_ok_log(fer_tcp_stream_local_addr(&stream, &got), "recv(1,1) local_addr(1)");
}

SCRIPT_TEST(the_peer_s_address_of_an_ended_connection_is_not_connected)
{
    fer_tcp_stream stream = open_stream(&script_bsd);
    fer_socket_addr got;
    assert_forwards(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 22,
                    fer_tcp_stream_peer_addr(&stream, &got));
    script_then_fail(SCRIPT_LOCAL_ADDR, FER_INVALID_INPUT, 22);
    assert_error(fer_tcp_stream_local_addr(&stream, &got), FER_INVALID_INPUT, 22);
}

OPEN_TEST(addresses_without_room_or_socket_are_refused)
{
    fer_tcp_stream empty = {0};
    fer_socket_addr got;
    assert_error(fer_tcp_stream_peer_addr(&stream, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_local_addr(&stream, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_peer_addr(NULL, &got), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_local_addr(NULL, &got), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_peer_addr(&empty, &got), FER_MISUSE, 0);
    assert_error_log(fer_tcp_stream_local_addr(&empty, &got), FER_MISUSE, 0, "");
}

/* ---- Bytes */

OPEN_TEST(each_way_to_move_bytes_moves_them)
{
    char buf[4];
    fer_io_slice_mut into = {buf, 4};
    fer_io_slice from = {buf, 4};
    size_t n = 0;
    script_default(SCRIPT_RECV)->value = 2;
    script_default(SCRIPT_PEEK)->value = 1;
    script_default(SCRIPT_SEND)->value = 2;
    script_default(SCRIPT_RECV_VECTORED)->value = 2;
    script_default(SCRIPT_SEND_VECTORED)->value = 2;
    assert_ok(fer_tcp_stream_read(&stream, buf, 4, &n));
    assert_ok(fer_tcp_stream_peek(&stream, buf, 4, &n));
    assert_ok_n(fer_tcp_stream_read_vectored(&stream, &into, 1, &n), n, 2);
    assert_log("recv(1,4) peek(1,4) recv_vectored(1,1x4)");
    assert_ok(fer_tcp_stream_read_exact(&stream, buf, 4, &n));
    assert_error(fer_tcp_stream_read_to_end(&stream, buf, 2, &n), FER_BUFFER_TOO_SMALL, 0);
    assert_log("recv(1,4) recv(1,2) recv(1,2) peek(1,1)");
    assert_ok(fer_tcp_stream_write(&stream, buf, 4, &n));
    assert_ok_n(fer_tcp_stream_write_vectored(&stream, &from, 1, &n), n, 2);
    assert_ok_n(fer_tcp_stream_write_all(&stream, buf, 4, &n), n, 4);
    assert_log("send(1,4) send_vectored(1,1x4) send(1,4) send(1,2)");
}

OPEN_TEST(shutdown_and_take_error_are_the_stream_s)
{
    fer_error got = {FER_OTHER, 1};
    assert_ok(fer_tcp_stream_take_error(&stream, &got));
    assert_ok(got);
    assert_ok(fer_tcp_stream_shutdown(&stream, FER_SHUTDOWN_WRITE));
    assert_error(fer_tcp_stream_write(&stream, "x", 1, NULL), FER_BROKEN_PIPE, 0);
    assert_log("take_error(1) shutdown(1,1)");
}

/* ---- Options */

OPEN_TEST(each_option_is_its_own)
{
    fer_duration duration;
    uint32_t number;
    bool flag;
    assert_ok(fer_tcp_stream_set_read_timeout(&stream, (fer_duration){1}));
    assert_ok(fer_tcp_stream_set_write_timeout(&stream, (fer_duration){2}));
    assert_ok(fer_tcp_stream_read_timeout(&stream, &duration));
    assert_ok_log(
        fer_tcp_stream_write_timeout(&stream, &duration),
        "set_timeout(1,reading,1) set_timeout(1,writing,2) timeout(1,reading) timeout(1,writing)");
    assert_ok(fer_tcp_stream_set_nonblocking(&stream, true));
    assert_ok(fer_tcp_stream_set_nodelay(&stream, true));
    assert_ok(fer_tcp_stream_nodelay(&stream, &flag));
    assert_log("set_nonblocking(1,1) set_option(1,NODELAY,1) option_value(1,NODELAY)");
    assert_ok(fer_tcp_stream_set_ttl(&stream, 9));
    assert_ok(fer_tcp_stream_ttl(&stream, &number));
    assert_log("set_option(1,TTL_V4,9) option_value(1,TTL_V4)");
    assert_ok(fer_tcp_stream_set_linger(&stream, FER_DURATION_NONE));
    assert_ok_log(fer_tcp_stream_linger(&stream, &duration), "set_linger(1,0,0) linger(1)");
    fer_tcp_keepalive keepalive = {true, {0}, {0}, 0};
    assert_ok(fer_tcp_stream_set_keepalive(&stream, &keepalive));
    assert_ok_log(fer_tcp_stream_keepalive(&stream, &keepalive),
                  "set_option(1,KEEPALIVE,1) option_value(1,KEEPALIVE) option_value(1,TIME) "
                  "option_value(1,INTERVAL) "
                  "option_value(1,RETRIES)");
}

SCRIPT_TEST(null_is_refused_by_every_function)
{
    /* volatile, because link-time optimization would otherwise warn about unreachable code */
    fer_tcp_stream *volatile null = NULL;
    fer_tcp_stream other = {0};
    fer_tcp_keepalive keepalive = {0};
    fer_duration duration = {1};
    fer_error pending;
    uint32_t number;
    char byte = 0;
    bool flag;
    script_begin(&script_posix);
    assert_error(fer_tcp_stream_connect(null, "192.0.2.1:1"), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_connect_addr(&other, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_shutdown(null, FER_SHUTDOWN_BOTH), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_try_clone(null, &other), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_set_read_timeout(null, duration), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_write_timeout(null, &duration), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_set_nonblocking(null, true), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_read(null, &byte, 1, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_write(null, &byte, 1, NULL), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_nodelay(null, &flag), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_ttl(null, &number), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_linger(null, &duration), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_set_keepalive(null, &keepalive), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_take_error(null, &pending), FER_MISUSE, 0);
    assert_error(fer_tcp_stream_from_raw(null, FER_RAW_SOCKET_NONE), FER_INVALID_INPUT, 0);
    assert_int_equal(fer_tcp_stream_as_raw(null), FER_RAW_SOCKET_NONE);
    assert_int_equal(fer_tcp_stream_into_raw(null), FER_RAW_SOCKET_NONE);
    fer_tcp_stream_close(null);
    assert_log("describe(-1)");
}

TEST_MAIN("tcp_stream")
