/* probes_winsock.c: probes of rows and rules of docs/DIFFERENCES.md that have calls or answers of
 * Windows. What is expected is asserted by Wine's tests, which Windows passes, or documented. */
#include "selftest/probe.h"

#include <string.h>

#include "support/thread.h"

#define EXPECTED(text) NULL, NULL, NULL, NULL, NULL, text

static peer_socket duplicate(peer_socket socket)
{
    WSAPROTOCOL_INFOW info;
    need(WSADuplicateSocketW((SOCKET)socket, GetCurrentProcessId(), &info) == 0, "no duplicate: %s",
         raw_result(-1));
    peer_socket made =
        raw_keep(WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                            WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT));
    (void)peer_raw_set_nonblocking(made, true);
    return made;
}

static const char *receive(peer_socket socket)
{
    char bytes[16];
    return raw_result(raw_receive(socket, bytes, sizeof bytes));
}

/* ---- Binding */

static const char *bind_exclusively(peer_socket *out, uint16_t port)
{
    *out = raw_new(SOCK_STREAM);
    (void)raw_set(*out, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
    return raw_result(raw_bind(*out, INADDR_LOOPBACK, port));
}

PROBE("row", rebind_under_connections, EXPECTED("OK while it is open, OK after it"))
{
    peer_socket listener;
    (void)bind_exclusively(&listener, 0);
    uint16_t port = peer_local_port(listener);
    peer_socket client = listen((SOCKET)listener, 4) == 0 ? peer_connect(PEER_V4, port) : PEER_NONE;
    peer_socket accepted = client != PEER_NONE ? peer_accept(listener) : PEER_NONE;
    need(accepted != PEER_NONE, "no connection on 127.0.0.1");
    peer_close(listener);
    answer("%s while it is open", bind_exclusively(&listener, port));
    peer_close(listener);
    peer_close(accepted);
    peer_close(client);
    answer("%s after it", bind_exclusively(&listener, port));
}

/* A datagram socket of another program and one of ferrule, which is exclusive. */
PROBE("row", wildcard_beside_specific, NULL)
{
    peer_socket wildcard = raw_new(SOCK_DGRAM);
    (void)raw_bind(wildcard, INADDR_ANY, 0);
    uint16_t port = peer_local_port(wildcard);
    peer_socket specific = raw_new(SOCK_DGRAM);
    (void)raw_set(specific, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
    answer("the specific one %s", raw_result(raw_bind(specific, INADDR_LOOPBACK, port)));
    peer_close(wildcard);
    (void)raw_bind(specific, INADDR_LOOPBACK, port);
    wildcard = raw_new(SOCK_DGRAM);
    (void)raw_set(wildcard, SOL_SOCKET, SO_REUSEADDR, 1);
    answer("the wildcard one %s", raw_result(raw_bind(wildcard, INADDR_ANY, port)));
}

/* ---- Refused datagrams */

/* A nonblocking socket that is connected to a port without a socket and has sent to it. */
static peer_socket refused_socket(uint16_t *port)
{
    peer_socket socket = raw_new(SOCK_DGRAM);
    peer_close(peer_datagram(PEER_V4, port));
    (void)raw_bind(socket, INADDR_LOOPBACK, 0);
    need(raw_connect(socket, INADDR_LOOPBACK, *port) == 0, "no UDP: %s", raw_result(-1));
    (void)peer_raw_set_nonblocking(socket, true);
    (void)raw_send(socket, "x", 1);
    (void)raw_ready(socket, false, 3000);
    return socket;
}

PROBE("row U3 refusals +", refusal_is_left,
      EXPECTED("SO_ERROR OK, 0 sends failed, peeks ECONNRESET and "
               "ECONNRESET, receives ECONNRESET and EAGAIN"))
{
    uint16_t port = 0;
    char byte = 0;
    unsigned failed = 0;
    peer_socket socket = refused_socket(&port);
    answer("SO_ERROR %s", raw_error(socket));
    const char *peek = raw_result(recv((SOCKET)socket, &byte, 1, MSG_PEEK));
    const char *again = raw_result(recv((SOCKET)socket, &byte, 1, MSG_PEEK));
    const char *first = receive(socket);
    const char *second = receive(socket);
    for (int i = 0; i < 20; i++) {
        failed += raw_send(socket, "x", 1) < 0;
    }
    answer("%u sends failed", failed);
    answer("peeks %s and %s", peek, again);
    answer("receives %s and %s", first, second);
}

PROBE("row", send_after_refusal, EXPECTED("ECONNRESET, then OK"))
{
    uint16_t port = 0;
    peer_socket socket = refused_socket(&port);
    peer_socket peer = raw_new(SOCK_DGRAM);
    need(raw_bind(peer, INADDR_LOOPBACK, port) == 0, "the port cannot be bound again: %s",
         raw_result(-1));
    (void)raw_send_to(peer, INADDR_LOOPBACK, peer_local_port(socket));
    peer_pause(100);
    answer("%s", receive(socket));
    answer("then %s", receive(socket));
}

/* ---- Inheritance. Reported: yes and no; of accept: yes (rust-lang/socket2, PR 232), and no
 * (ocaml/ocaml, PR 10885). */

static const char *is_inheritable(peer_socket socket)
{
    return peer_raw_is_inheritable((fer_raw_socket)socket) ? "yes" : "no";
}

PROBE("I3", inheritable_socket, NULL)
{
    peer_socket made = raw_keep(WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0,
                                           WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT));
    peer_socket two[2];
    raw_pair(two);
    answer("a duplicate %s", is_inheritable(duplicate(made)));
    answer("a new one %s", is_inheritable(made));
    answer("an accepted one %s", is_inheritable(two[1]));
}

/* ---- What duplicated SOCKETs share. The clones of a datagram socket call one SOCKET
 * (core/handle/modes.h). */

PROBE("T6", duplicates_and_timeouts, NULL)
{
    unsigned reads_ms = 0, writes_ms = 0;
    peer_socket two[2];
    raw_pair(two);
    (void)peer_raw_set_timeouts(two[0], 1111);
    peer_socket clone = duplicate(two[0]);
    (void)peer_raw_timeouts(clone, &reads_ms, &writes_ms);
    answer("set before the duplicate is made, 1111 reads %u", reads_ms);
    (void)peer_raw_set_timeouts(clone, 2222);
    (void)peer_raw_timeouts(two[0], &reads_ms, &writes_ms);
    answer("set through it, 2222 reads %u", reads_ms);
}

PROBE("row", clone_option, NULL)
{
    static const struct {
        const char *name;
        int type, level, option, value;
    } rows[] = {{"SO_BROADCAST", SOCK_DGRAM, SOL_SOCKET, SO_BROADCAST, 1},
                {"SO_RCVBUF", SOCK_DGRAM, SOL_SOCKET, SO_RCVBUF, 12345},
                {"SO_KEEPALIVE", SOCK_STREAM, SOL_SOCKET, SO_KEEPALIVE, 1},
                {"TCP_NODELAY", SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        peer_socket socket = raw_new(rows[i].type);
        peer_socket before = duplicate(socket);
        (void)raw_set(socket, rows[i].level, rows[i].option, rows[i].value);
        answer("%s of %d reads %d", rows[i].name, rows[i].value,
               raw_get(before, rows[i].level, rows[i].option));
    }
}

PROBE("row", raw_mode, EXPECTED("receive EINVAL and EAGAIN"))
{
    struct sockaddr_in name;
    int len = (int)sizeof name;
    peer_socket socket = raw_new(SOCK_DGRAM);
    peer_socket before = duplicate(socket);
    (void)raw_bind(socket, INADDR_LOOPBACK, 0);
    const char *stale = receive(before);
    answer("receive %s and %s", stale, receive(duplicate(socket)));
    note("getsockname %s", raw_result(getsockname((SOCKET)before, (struct sockaddr *)&name, &len)));
    note("sendto %s", raw_result(raw_send_to(before, INADDR_LOOPBACK, 9)));
    note("a duplicate of the duplicate: receive %s", receive(duplicate(before)));
}

PROBE("row", saw_reset_second, EXPECTED("ECONNRESET and ECONNRESET"))
{
    peer_socket two[2];
    raw_pair(two);
    peer_socket before = duplicate(two[0]);
    peer_reset(two[1]);
    (void)raw_ready(two[0], false, 2000);
    answer("%s and %s", receive(two[0]), receive(before));
}

/* ---- Overlapped receives */

PROBE("a zero-byte overlapped WSARecv", receive_of_a_reset, EXPECTED("ECONNRESET"))
{
    peer_socket two[2];
    WSABUF none = {0, NULL};
    DWORD moved = 0, flags = 0;
    WSAOVERLAPPED request;
    memset(&request, 0, sizeof request);
    raw_pair(two);
    peer_reset(two[1]);
    (void)raw_ready(two[0], false, 2000);
    long result = WSARecv((SOCKET)two[0], &none, 1, &moved, &flags, &request, NULL);
    if (result != 0 && WSAGetLastError() == WSA_IO_PENDING) {
        result = WSAGetOverlappedResult((SOCKET)two[0], &request, &moved, TRUE, &flags) ? 0 : -1;
    }
    answer("%s", raw_result(result));
}

static void receive_blocking(void *argument)
{
    char byte;
    peer_socket *two = argument;
    two[1] = raw_receive(two[0], &byte, 1) < 0 ? WSAGetLastError() : 0;
}

/* A receive that is not cancelled ends after 8 seconds, with ETIMEDOUT. */
PROBE("CancelIoEx also ends accept and recv", receive_that_is_cancelled, NULL)
{
    peer_socket two[2];
    test_thread thread;
    raw_pair(two);
    test_thread_start(&thread, receive_blocking, two);
    peer_pause(300);
    (void)CancelIoEx((HANDLE)(SOCKET)two[0], NULL);
    test_thread_join(&thread);
    answer("%d", (int)two[1]);
}

/* ---- A failed connect */

static peer_socket begin_refused(void)
{
    uint16_t port = 0;
    peer_socket socket = raw_new(SOCK_STREAM);
    need(peer_refuse(PEER_V4, &port), "no port that refuses");
    (void)peer_raw_set_nonblocking(socket, true);
    (void)raw_connect(socket, INADDR_LOOPBACK, port);
    return socket;
}

PROBE("row", failed_connect_adopted,
      EXPECTED("SO_ERROR ECONNREFUSED, ECONNREFUSED, listen OK, "
               "connect EAGAIN, it ends well"))
{
    uint16_t port = 0;
    peer_socket other = begin_refused();
    peer_socket socket = begin_refused();
    (void)peer_listen(PEER_V4, 4, &port);
    (void)peer_connect_ended(socket, 6000);
    answer("SO_ERROR %s", raw_error(socket));
    answer("%s", raw_error(socket));
    (void)peer_connect_ended(other, 6000);
    answer("listen %s", raw_result(listen((SOCKET)other, 1)));
    answer("connect %s", raw_result(raw_connect(socket, INADDR_LOOPBACK, port)));
    answer(peer_connect_ended(socket, 2000) ? "it ends well" : "it does not end well");
}

PROBE("row", connect_error_taken, NULL)
{
    peer_socket socket = begin_refused();
    peer_socket before = duplicate(socket);
    (void)peer_connect_ended(socket, 6000);
    answer("SO_ERROR %s", raw_error(socket));
    answer("of a duplicate made before %s", raw_error(before));
    answer("after %s", raw_error(duplicate(socket)));
}

RULE_TESTS("probes_winsock")
