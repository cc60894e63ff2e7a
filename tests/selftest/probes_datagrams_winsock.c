/* probes_datagrams_winsock.c: probes of datagram sockets that have system calls or answers of
 * Windows. What ferrule believes is what Wine's tests, which Windows passes, assert, or what was
 * reported (docs/DIFFERENCES.md). */
#include <winsock2.h>

#include <mswsock.h>
#include <string.h>
#include <ws2tcpip.h>

#include "selftest/probe.h"
#include "selftest/raw.h"

enum { LIMIT_MS = 3000 };

static int last_code(int result)
{
    return result < 0 ? WSAGetLastError() : 0;
}

static const char *code_text(int code)
{
    return code == 0 ? "OK" : raw_code_text(code);
}

/* A nonblocking socket on the loopback that is connected to a port without a socket. */
static SOCKET connected_to_nobody(uint16_t *port)
{
    SOCKET other = raw_new(SOCK_DGRAM);
    SOCKET made = raw_new(SOCK_DGRAM);
    bool is_bound = raw_bind(other, 0) == 0 && raw_bind(made, 0) == 0;
    *port = raw_port(other);
    raw_close(other);
    need(is_bound && raw_connect(made, *port) == 0, "no UDP on 127.0.0.1: %s", raw_text(-1));
    raw_set_nonblocking(made, true);
    return made;
}

/* ---- Refusals */

PROBE(refusals_of_a_connected_socket, "rule U3; refusal_is_left")
{
    uint16_t port = 0;
    int failed = 0;
    char byte = 0;
    SOCKET socket = connected_to_nobody(&port);
    believe("sends and SO_ERROR never report one, a peek leaves it, a receive takes it");
    (void)raw_send(socket, "x", 1);
    see("poll: %s", raw_poll_text(raw_poll(socket, RAW_READ, LIMIT_MS)));
    for (int i = 0; i < 20; i++) {
        failed += raw_send(socket, "x", 1) < 0;
    }
    see("of 20 sends after it %d failed", failed);
    int option = raw_socket_error(socket);
    see("SO_ERROR: %d", option);
    int peeked = last_code(recv(socket, &byte, 1, MSG_PEEK));
    int again = last_code(recv(socket, &byte, 1, MSG_PEEK));
    see("peeks: %s, %s", code_text(peeked), code_text(again));
    int taken = 0;
    int code = last_code(raw_recv(socket, &byte, 1));
    for (; code == WSAECONNRESET && taken < 50; taken++) {
        (void)raw_poll(socket, RAW_READ, 20);
        code = last_code(raw_recv(socket, &byte, 1));
    }
    see("%d receives are WSAECONNRESET, then %s", taken, code_text(code));
    conclude(failed == 0 && option == 0 && peeked == WSAECONNRESET && again == WSAECONNRESET &&
             taken > 0 && code == WSAEWOULDBLOCK);
}

PROBE(refusal_before_a_datagram, "rule U3; refusal_is_left")
{
    uint16_t port = 0;
    char byte = 0;
    SOCKET socket = connected_to_nobody(&port);
    SOCKET peer = raw_new(SOCK_DGRAM);
    believe("both are in one queue: the refusal, then the datagram");
    (void)raw_send(socket, "x", 1);
    (void)raw_poll(socket, RAW_READ, LIMIT_MS);
    bool is_sent = raw_bind(peer, port) == 0 && raw_connect(peer, raw_port(socket)) == 0 &&
                   raw_send(peer, "y", 1) == 1;
    need(is_sent, "the port cannot be bound again: %s", raw_text(-1));
    raw_set_nonblocking(peer, true);
    (void)raw_poll(socket, RAW_READ, 100);
    int peeked = last_code(recv(socket, &byte, 1, MSG_PEEK));
    int first = last_code(raw_recv(socket, &byte, 1));
    int second = last_code(raw_recv(socket, &byte, 1));
    see("peek: %s, receives: %s, %s", code_text(peeked), code_text(first), code_text(second));
    conclude(peeked == WSAECONNRESET && first == WSAECONNRESET && second == 0 && byte == 'y');
}

/* ---- WSARecvMsg */

static LPFN_WSARECVMSG find_receive(SOCKET socket)
{
    static const GUID id = WSAID_WSARECVMSG;
    LPFN_WSARECVMSG found = NULL;
    DWORD n = 0;
    (void)WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, (void *)(uintptr_t)&id,
                   (DWORD)sizeof id, &found, (DWORD)sizeof found, &n, NULL, NULL);
    return found;
}

/* Receives a datagram of 4 bytes. Returns the count, or UINT32_MAX if none was stored. */
static DWORD receive_message(SOCKET socket, ULONG len, ULONG control_len, int *code, DWORD *flags)
{
    char bytes[16];
    char control[64];
    struct sockaddr_in from;
    WSABUF buffer = {len, bytes};
    DWORD n = UINT32_MAX;
    WSAMSG message;
    LPFN_WSARECVMSG receive = find_receive(socket);
    need(receive != NULL, "no WSARecvMsg: %s", raw_text(-1));
    memset(&message, 0, sizeof message);
    message.name = (struct sockaddr *)&from;
    message.namelen = (INT)sizeof from;
    message.lpBuffers = &buffer;
    message.dwBufferCount = 1;
    message.Control.buf = control;
    message.Control.len = control_len;
    (void)raw_send(socket, "data", 4);
    (void)raw_poll(socket, RAW_READ, LIMIT_MS);
    *code = last_code(receive(socket, &message, &n, NULL, NULL));
    *flags = message.dwFlags;
    see("room for %lu bytes and %lu of control messages: %s, flags %lx, count %ld", len,
        control_len, code_text(*code), *flags, (long)(int32_t)n);
    return n;
}

PROBE(control_messages_that_do_not_fit, "platform/winsock/messages.c")
{
    int code = 0;
    DWORD flags = 0;
    SOCKET socket = raw_new(SOCK_DGRAM);
    need(raw_bind(socket, 0) == 0 && raw_connect(socket, raw_port(socket)) == 0,
         "no UDP on 127.0.0.1: %s", raw_text(-1));
    (void)raw_set_int_option(socket, IPPROTO_IP, IP_PKTINFO, 1);
    believe("WSAEMSGSIZE, MSG_CTRUNC alone, and the count; MSG_TRUNC for a datagram that is cut");
    (void)receive_message(socket, 16, 64, &code, &flags);
    DWORD n = receive_message(socket, 16, 1, &code, &flags);
    bool is_whole =
        code == WSAEMSGSIZE && n == 4 && (flags & MSG_CTRUNC) != 0 && (flags & MSG_TRUNC) == 0;
    (void)receive_message(socket, 2, 64, &code, &flags);
    bool is_cut = code == WSAEMSGSIZE && (flags & MSG_CTRUNC) == 0;
    (void)receive_message(socket, 2, 1, &code, &flags);
    conclude(is_whole && is_cut && (flags & MSG_TRUNC) != 0);
}

/* ---- Without an address */

PROBE(receives_of_an_unbound_socket, "rule U8; request_failure")
{
    char byte = 0;
    DWORD flags = MSG_PEEK;
    WSABUF nothing = {0, NULL};
    OVERLAPPED overlapped;
    struct sockaddr_in from = raw_address(0);
    int len = (int)sizeof from;
    SOCKET socket = raw_new(SOCK_DGRAM);
    raw_set_nonblocking(socket, true);
    memset(&overlapped, 0, sizeof overlapped);
    believe("WSAEINVAL from recv, WSARecv, getsockname, and not readable");
    int received = last_code(raw_recv(socket, &byte, 1));
    int received_from = last_code(recvfrom(socket, &byte, 1, 0, (struct sockaddr *)&from, &len));
    see("recv: %s, recvfrom: %s", code_text(received), code_text(received_from));
    int named = last_code(getsockname(socket, (struct sockaddr *)&from, &len));
    see("getsockname: %s", code_text(named));
    int began = last_code(WSARecv(socket, &nothing, 1, NULL, &flags, &overlapped, NULL));
    see("WSARecv, overlapped: %s", code_text(began));
    int events = raw_poll(socket, RAW_READ, 50);
    see("poll: %s", raw_poll_text(events));
    conclude(received == WSAEINVAL && received_from == WSAEINVAL && named == WSAEINVAL &&
             began == WSAEINVAL && events == 0);
}

/* ---- Broadcast addresses and groups */

static int connect_to_v4(SOCKET socket, uint32_t address)
{
    struct sockaddr_in to = raw_address(9);
    to.sin_addr.s_addr = htonl(address);
    return last_code(connect(socket, (struct sockaddr *)&to, (int)sizeof to));
}

static int send_to_v4(SOCKET socket, uint32_t address)
{
    struct sockaddr_in to = raw_address(9);
    to.sin_addr.s_addr = htonl(address);
    return last_code(sendto(socket, "x", 1, 0, (struct sockaddr *)&to, (int)sizeof to));
}

PROBE(broadcasts_without_the_option, "rule O1; connect_ignores_broadcast")
{
    static const uint32_t addresses[] = {INADDR_BROADCAST, 0x7fffffffu /* 127.255.255.255 */};
    bool agrees = true;
    believe("connect and send work, and a send to an address is WSAEACCES");
    for (size_t i = 0; i < 2; i++) {
        SOCKET socket = raw_new(SOCK_DGRAM);
        int sent_to = send_to_v4(socket, addresses[i]);
        int connected = connect_to_v4(socket, addresses[i]);
        int sent = last_code(raw_send(socket, "x", 1));
        see("%s: sendto %s, connect %s, send %s", i == 0 ? "255.255.255.255" : "127.255.255.255",
            code_text(sent_to), code_text(connected), code_text(sent));
        agrees = agrees && (i > 0 || (sent_to == WSAEACCES && connected == 0 && sent == 0));
        raw_close(socket);
    }
    conclude(agrees);
}

static int bind_v4(int type, uint32_t address)
{
    struct sockaddr_in to = raw_address(0);
    SOCKET socket = raw_new(type);
    to.sin_addr.s_addr = htonl(address);
    int code = last_code(bind(socket, (struct sockaddr *)&to, (int)sizeof to));
    raw_close(socket);
    return code;
}

static int bind_v6_group(int type)
{
    struct sockaddr_in6 to;
    SOCKET made = socket(AF_INET6, type, 0);
    memset(&to, 0, sizeof to);
    to.sin6_family = AF_INET6;
    to.sin6_addr.s6_addr[0] = 0xff; /* ff0e::1:1 */
    to.sin6_addr.s6_addr[1] = 0x0e;
    to.sin6_addr.s6_addr[13] = to.sin6_addr.s6_addr[15] = 1;
    int code = last_code(bind(made, (struct sockaddr *)&to, (int)sizeof to));
    raw_close(made);
    return code;
}

PROBE(binds_to_groups_and_broadcast_addresses, "rule L5; `group_bind`")
{
    bool agrees = true;
    believe("WSAEADDRNOTAVAIL each");
    for (int i = 0; i < 2; i++) {
        int type = i == 0 ? SOCK_DGRAM : SOCK_STREAM;
        int all = bind_v4(type, INADDR_BROADCAST);
        int group = bind_v4(type, 0xef010203u /* 239.1.2.3 */);
        int group_v6 = bind_v6_group(type);
        see("%s: 255.255.255.255 %s, 239.1.2.3 %s, ff0e::1:1 %s", i == 0 ? "UDP" : "TCP",
            code_text(all), code_text(group), code_text(group_v6));
        agrees = agrees && all == WSAEADDRNOTAVAIL && group == WSAEADDRNOTAVAIL;
    }
    conclude(agrees);
}
