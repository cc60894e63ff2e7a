/* test_datagram_waiting.c: waits of datagram sockets, and connecting and shutting down a datagram
 * socket. */
#include "unit/datagram_check.h"
#include "unit/scripted_platform.h"

#include "core/handle/modes.h"

#define CONNECTED_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, connected_socket(&script_posix, 0), function)

#define SOCKET_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, open_socket(&script_windows, 0), function)

/* ---- Waiting */

static fer_error send_either(fer_udp_socket *socket, const fer_socket_addr *to)
{
    return to == NULL ? feri_datagram_send(&socket->handle_, "hello", 5, 0, NULL)
                      : feri_datagram_send_to(&socket->handle_, "hello", 5, to, 0, NULL);
}

/* The wait's own failure is none of the socket. */
SOCKET_TEST(a_socket_error_that_a_wait_took_is_reported_as_by_a_receive)
{
    fer_udp_received got;
    char buf[4];
    script_then_fail(SCRIPT_RECV_FROM, FER_WOULD_BLOCK, 10035);
    script_then(SCRIPT_WAIT_FOR)->pending = (fer_error){FER_CONNECTION_RESET, 10054};
    assert_error(feri_datagram_receive(&socket.handle_, buf, 4, 0, &got), FER_CONNECTION_REFUSED,
                 10054);
    script_then_fail(SCRIPT_RECV_FROM, FER_WOULD_BLOCK, 10035);
    assert_forwards(SCRIPT_WAIT_FOR, FER_CONNECTION_RESET, 10054,
                    feri_datagram_receive(&socket.handle_, buf, 4, 0, &got));
}

/* An error of the wait itself, or of a query, has no row of a send's table, not even without a
 * peer. */
SCRIPT_TEST(an_error_of_a_wait_is_not_mapped_as_one_of_a_send)
{
    static const struct {
        fer_error error;
        fer_error_kind sent;
        fer_error_kind sent_to;
    } rows[] = {{{FER_CONNECTION_RESET, 10054}, FER_CONNECTION_REFUSED, FER_CONNECTION_REFUSED},
                {{FER_INVALID_INPUT, 10022}, FER_NOT_CONNECTED, FER_INVALID_INPUT}};
    fer_socket_addr to = script_addr(PEER);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int sends_to = 0; sends_to < 2; sends_to++) {
            fer_udp_socket socket = open_socket(&script_windows, 0);
            script_call try = sends_to ? SCRIPT_SEND_TO : SCRIPT_SEND;
            script_then_fail(try, FER_WOULD_BLOCK, 10035);
            script_then(SCRIPT_WAIT_FOR)->pending = rows[i].error;
            assert_error(send_either(&socket, sends_to ? &to : NULL),
                         sends_to ? rows[i].sent_to : rows[i].sent, rows[i].error.os_code);
            script_then_fail(try, FER_WOULD_BLOCK, 10035);
            script_then_fail(SCRIPT_WAIT_FOR, rows[i].error.kind, rows[i].error.os_code);
            assert_error(send_either(&socket, sends_to ? &to : NULL), rows[i].error.kind,
                         rows[i].error.os_code);
            script_then_fail(try, FER_WOULD_BLOCK, 10035);
            script_then_fail(SCRIPT_WAIT_ARM, rows[i].error.kind, rows[i].error.os_code);
            assert_error(send_either(&socket, sends_to ? &to : NULL), rows[i].error.kind,
                         rows[i].error.os_code);
        }
    }
}

/* ---- Connecting */

CONNECTED_TEST(a_failed_connect_keeps_the_peer_or_loses_it_as_the_system_did)
{
    fer_socket_addr to = script_addr("192.0.2.7:7");
    fer_socket_addr was = script_addr(PEER);
    script_then_fail(SCRIPT_CONNECT, FER_NETWORK_UNREACHABLE, 101);
    assert_error(feri_datagram_connect(&socket.handle_, &to), FER_NETWORK_UNREACHABLE, 101);
    assert_true(fer_socket_addr_eq(&socket.handle_.p_.peer_, &was));
    assert_log("connect(1,192.0.2.7:7) peer_addr(1) report_refusals(1,1)");
    script_then_fail(SCRIPT_CONNECT, FER_NETWORK_UNREACHABLE, 51);
    script_then_fail(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 57);
    assert_error(feri_datagram_connect(&socket.handle_, &to), FER_NETWORK_UNREACHABLE, 51);
    assert_int_equal(socket.handle_.p_.peer_.port, 0);
    assert_log("connect(1,192.0.2.7:7) peer_addr(1) report_refusals(1,0)");
}

/* ---- A second connect, if it drops the address that the socket is bound to
 * (reconnect_drops_bound_addr) */

/* A socket with a peer and the local address 127.0.0.1. */
static fer_udp_socket reconnected_socket(uint32_t flags)
{
    fer_udp_socket socket = connected_socket(&script_posix, flags);
    script.traits.reconnect_drops_bound_addr = true;
    return socket;
}

SCRIPT_TEST(a_socket_on_the_wildcard_is_connected_from_any_address)
{
    fer_socket_addr to = script_addr("[2001:db8::7]:7");
    fer_udp_socket socket = reconnected_socket(FERI_FLAG_ANY_ADDR | FERI_FLAG_V6);
    assert_ok_log(feri_datagram_connect(&socket.handle_, &to),
                  "peer_addr(1) socket(udp,v6) set_option(2,ONLY_V6,0) option_value(1,BROADCAST) "
                  "set_option(2,BROADCAST,0) "
                  "connect(2,[2001:db8::7]:7) "
                  "local_addr(2) close(2) connect(1,[2001:db8::7]:7) peer_addr(1) "
                  "report_refusals(1,1)");
}

/* Another socket may have the same pair of addresses. */
SCRIPT_TEST(a_second_connect_that_fails_after_all_is_undone)
{
    fer_socket_addr to = script_addr("192.0.2.7:7");
    fer_udp_socket socket = reconnected_socket(FERI_FLAG_ANY_ADDR);
    (void)script_then(SCRIPT_CONNECT);
    script_then_fail(SCRIPT_CONNECT, FER_ADDR_IN_USE, 48);
    assert_error(feri_datagram_connect(&socket.handle_, &to), FER_ADDR_IN_USE, 48);
    assert_log("peer_addr(1) socket(udp,v4) option_value(1,BROADCAST) set_option(2,BROADCAST,0) "
               "connect(2,192.0.2.7:7) "
               "local_addr(2) close(2) "
               "connect(1,192.0.2.7:7) connect(1," PEER ") peer_addr(1) report_refusals(1,1)");
}

SCRIPT_TEST(a_first_connect_is_not_tried_by_another_socket)
{
    fer_socket_addr to = script_addr(PEER);
    fer_udp_socket socket = reconnected_socket(0);
    script_then_fail(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 57);
    assert_ok(feri_datagram_connect(&socket.handle_, &to));
    assert_log("peer_addr(1) connect(1," PEER ") peer_addr(1) report_refusals(1,1)");
    socket = reconnected_socket(FERI_FLAG_NO_PORTS);
    assert_ok(feri_datagram_connect(&socket.handle_, &to));
    assert_log("connect(1,192.0.2.1:0) report_refusals(1,1)");
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
    script_then_fail(SCRIPT_RECV_FROM, FER_WOULD_BLOCK, 10035);
    script_then_fail(SCRIPT_RECV_FROM, FER_WOULD_BLOCK, 10035);
    shut_during_wait = &socket;
    script.on_call = shut_down;
    assert_end(&socket, 0);
    assert_int_equal(script.times[SCRIPT_WAKE], 1);
}

TEST_MAIN("datagram_waiting")
