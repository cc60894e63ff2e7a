/* test_datagram_waiting.c: waits of datagram sockets, and connecting and shutting down a datagram
 * socket. */
#include "unit/datagram_check.h"
#include "unit/scripted_platform.h"

#include "core/handle/modes.h"

#define CONNECTED_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, connected_socket(&script_posix, 0), function)

static const script_call transfer_calls[] = {SCRIPT_RECV_FROM, SCRIPT_SEND, SCRIPT_SEND_TO};

static fer_error transfer(fer_udp_socket *socket, size_t call)
{
    fer_udp_received got;
    char buf[4];
    fer_socket_addr to = script_addr(PEER);
    return call == 0   ? feri_datagram_receive(&socket->handle_, buf, 4, 0, &got)
           : call == 1 ? feri_datagram_send(&socket->handle_, "hello", 5, 0, NULL)
                       : feri_datagram_send_to(&socket->handle_, "hello", 5, &to, 0, NULL);
}

/* The error of the socket that a wait took is reported as by the call. An error of the wait itself,
 * or of a query, has no row of a send's table, not even without a peer. */
SCRIPT_TEST(a_socket_error_that_a_wait_took_is_reported_as_by_the_call)
{
    static const struct {
        fer_error error;
        fer_error_kind as[3]; /* of a receive, a send, a send_to */
    } rows[] = {
        {{FER_CONNECTION_RESET, 10054},
         {FER_CONNECTION_REFUSED, FER_CONNECTION_REFUSED, FER_CONNECTION_REFUSED}},
        {{FER_INVALID_INPUT, 10022}, {FER_INVALID_INPUT, FER_NOT_CONNECTED, FER_INVALID_INPUT}}};
    for (size_t i = 0; i < 6; i++) {
        fer_error error = rows[i / 3].error;
        fer_udp_socket socket = open_socket(&script_windows, 0);
        script_default(transfer_calls[i % 3])->error = (fer_error){FER_WOULD_BLOCK, 10035};
        script_then(SCRIPT_WAIT_FOR)->pending = error;
        assert_error(transfer(&socket, i % 3), rows[i / 3].as[i % 3], error.os_code);
        assert_forwards(SCRIPT_WAIT_FOR, error.kind, error.os_code, transfer(&socket, i % 3));
        assert_forwards(SCRIPT_WAIT_ARM, error.kind, error.os_code, transfer(&socket, i % 3));
        script_end_row();
    }
}

CONNECTED_TEST(a_failed_connect_keeps_the_peer_or_loses_it_as_the_system_did)
{
    fer_socket_addr to = script_addr("192.0.2.7:7");
    fer_socket_addr was = script_addr(PEER);
    script_queue("connect NETWORK_UNREACHABLE:101 NETWORK_UNREACHABLE:51");
    assert_error(feri_datagram_connect(&socket.handle_, &to), FER_NETWORK_UNREACHABLE, 101);
    assert_true(fer_socket_addr_eq(&socket.handle_.p_.peer_, &was));
    assert_non_null(strstr(script.log, "report_refusals(1,1)"));
    script_queue("peer_addr NOT_CONNECTED:57");
    assert_error(feri_datagram_connect(&socket.handle_, &to), FER_NETWORK_UNREACHABLE, 51);
    assert_int_equal(socket.handle_.p_.peer_.port, 0);
    assert_non_null(strstr(script.log, "report_refusals(1,0)"));
}

/* ---- A second connect, if it drops the address that the socket is bound to
 * (reconnect_drops_bound_addr): another socket tries it first. */

SCRIPT_TEST(a_second_connect_is_tried_by_another_socket)
{
    static const struct {
        const char *name;
        uint32_t flags;
        const char *to, *results;
        fer_error_kind kind;
        int32_t code;
        const char *log;
    } rows[] = {
        {"on the wildcard, from any address", FERI_FLAG_ANY_ADDR | FERI_FLAG_V6, "[2001:db8::7]:7",
         "", FER_OK, 0,
         "peer_addr(1) socket(udp,v6) set_option(2,ONLY_V6,0) option_value(1,BROADCAST) "
         "set_option(2,BROADCAST,0) connect(2,[2001:db8::7]:7) "
         "local_addr(2) close(2) connect(1,[2001:db8::7]:7) peer_addr(1) report_refusals(1,1)"},
        /* Another socket may have the same pair of addresses. */
        {"one that fails after all is undone", FERI_FLAG_ANY_ADDR, "192.0.2.7:7",
         "connect 0 ADDR_IN_USE:48", FER_ADDR_IN_USE, 48,
         "peer_addr(1) socket(udp,v4) option_value(1,BROADCAST) set_option(2,BROADCAST,0) "
         "connect(2,192.0.2.7:7) local_addr(2) close(2) "
         "connect(1,192.0.2.7:7) connect(1," PEER ") peer_addr(1) report_refusals(1,1)"},
        {"a first connect is not", 0, PEER, "peer_addr NOT_CONNECTED:57 0", FER_OK, 0,
         "peer_addr(1) connect(1," PEER ") peer_addr(1) report_refusals(1,1)"},
        {"nor that of a socket without ports", FERI_FLAG_NO_PORTS, PEER, "", FER_OK, 0,
         "connect(1,192.0.2.1:0) report_refusals(1,1)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_socket_addr to = script_addr(rows[i].to);
        fer_udp_socket socket = connected_socket(&script_posix, rows[i].flags);
        script.row = rows[i].name;
        script.traits.reconnect_drops_bound_addr = true;
        script_queue(rows[i].results);
        assert_error(feri_datagram_connect(&socket.handle_, &to), rows[i].kind, rows[i].code);
        assert_log(rows[i].log);
        script_end_row();
    }
}

/* ---- Shutdown (rule U7) */

static void assert_end(fer_udp_socket *socket, unsigned flags)
{
    fer_udp_received got;
    char buf[4];
    memset(&got, 0x5a, sizeof got);
    assert_ok(feri_datagram_receive(&socket->handle_, buf, 4, flags, &got));
    assert_int_equal(got.len, 0);
    assert_false(got.truncated);
    assert_addr(&got.from, PEER);
}

CONNECTED_TEST(a_shutdown_of_receiving_is_the_end_of_this_handle_s_receives)
{
    fer_udp_received got;
    char buf[4];
    assert_ok(feri_datagram_shutdown(&socket.handle_, FER_SHUTDOWN_WRITE));
    assert_log("shutdown(1,1) wake(1)");
    assert_ok_log(feri_datagram_receive(&socket.handle_, buf, 4, 0, &got), "recv_from(1,4)");
    assert_ok(feri_datagram_shutdown(&socket.handle_, FER_SHUTDOWN_READ));
    assert_ok(feri_datagram_shutdown(&socket.handle_, FER_SHUTDOWN_BOTH));
    assert_log("shutdown(1,0) wake(1) shutdown(1,2) wake(1)");
    assert_end(&socket, 0);
    assert_end(&socket, FERP_PEEK | FERP_DONTWAIT);
    assert_log("");
}

SCRIPT_TEST(a_shutdown_without_a_peer_changes_nothing)
{
    fer_udp_socket socket = open_socket(&script_posix, 0);
    fer_udp_socket none = {0};
    assert_error(feri_datagram_shutdown(&socket.handle_, FER_SHUTDOWN_BOTH), FER_NOT_CONNECTED, 0);
    assert_true(feri_handle_is_fast_path(&socket.handle_));
    socket = connected_socket(&script_posix, 0);
    assert_error(feri_datagram_shutdown(&socket.handle_, (fer_shutdown)3), FER_INVALID_INPUT, 0);
    assert_true(feri_handle_is_fast_path(&socket.handle_));
    assert_error(fer_socket_shutdown(NULL, FER_SHUTDOWN_READ), FER_MISUSE, 0);
    assert_error_log(fer_socket_shutdown(fer_udp_socket_as_socket(&none), FER_SHUTDOWN_READ),
                     FER_MISUSE, 0, "");
}

/* A clone, or the owner of the raw socket, has shut it down. */
CONNECTED_TEST(a_receive_without_a_sender_is_the_end)
{
    memset(&script_then(SCRIPT_RECV_FROM)->addr, 0, sizeof(fer_socket_addr));
    assert_end(&socket, 0);
    assert_log("recv_from(1,4)");
}

static fer_udp_socket *shut_during_wait;

static void shut_down(script_call call)
{
    if (call == SCRIPT_WAIT_FOR) {
        script.on_call = NULL;
        assert_ok(feri_datagram_shutdown(&shut_during_wait->handle_, FER_SHUTDOWN_READ));
    }
}

SCRIPT_TEST(a_shutdown_during_the_wait_is_the_end)
{
    fer_udp_socket socket = connected_socket(&script_windows, 0);
    script_queue("recv_from WOULD_BLOCK:10035 WOULD_BLOCK:10035");
    shut_during_wait = &socket;
    script.on_call = shut_down;
    assert_end(&socket, 0);
    assert_int_equal(script.times[SCRIPT_WAKE], 1);
}

TEST_MAIN("datagram_waiting")
