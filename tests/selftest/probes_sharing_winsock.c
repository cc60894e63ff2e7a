/* probes_sharing_winsock.c: what duplicated SOCKETs of Windows share, and what a failed connect
 * leaves. The clones of a datagram socket call one SOCKET of their record (core/handle/modes.h),
 * and wait with their own. */
#include "selftest/probe.h"
#include "selftest/raw.h"

#include <string.h>

static SOCKET need_duplicate(SOCKET socket)
{
    SOCKET duplicate = raw_duplicate(socket);
    need(duplicate != INVALID_SOCKET, "a duplicate: %s", raw_text(-1));
    raw_set_nonblocking(duplicate, true);
    return duplicate;
}

static SOCKET new_datagrams(void)
{
    SOCKET socket = raw_new(SOCK_DGRAM);
    raw_set_nonblocking(socket, true);
    return socket;
}

static int code_of(int result)
{
    return result < 0 ? WSAGetLastError() : 0;
}

static int receive(SOCKET socket)
{
    char bytes[16];
    struct sockaddr_in from;
    int size = (int)sizeof from;
    return code_of(recvfrom(socket, bytes, (int)sizeof bytes, 0, (struct sockaddr *)&from, &size));
}

static int send_to(SOCKET socket, uint16_t port)
{
    struct sockaddr_in to = raw_address(port);
    return code_of(sendto(socket, "x", 1, 0, (const struct sockaddr *)&to, (int)sizeof to));
}

static int own_name(SOCKET socket)
{
    struct sockaddr_in name;
    int size = (int)sizeof name;
    return code_of(getsockname(socket, (struct sockaddr *)&name, &size));
}

/* The port of the peer, or minus the code. */
static int peer_of(SOCKET socket)
{
    struct sockaddr_in name;
    int size = (int)sizeof name;
    int code = code_of(getpeername(socket, (struct sockaddr *)&name, &size));
    return code != 0 ? -code : ntohs(name.sin_port);
}

static const char *code_text(int code)
{
    return code == 0 ? "OK" : raw_code_text(code);
}

static const char *peer_text(int peer, uint16_t first, uint16_t second)
{
    return peer < 0         ? raw_code_text(-peer)
           : peer == first  ? "the first"
           : peer == second ? "the second"
                            : "another";
}

/* How a wait of core ends: an overlapped receive of no bytes, with MSG_PEEK. */
static int wait_for_datagram(SOCKET socket)
{
    WSABUF nothing = {0, NULL};
    OVERLAPPED overlapped;
    DWORD moved = 0;
    DWORD flags = MSG_PEEK;
    memset(&overlapped, 0, sizeof overlapped);
    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    int code = code_of(WSARecv(socket, &nothing, 1, &moved, &flags, &overlapped, NULL));
    if (code == WSA_IO_PENDING) {
        (void)WaitForSingleObject(overlapped.hEvent, 2000);
        (void)CancelIoEx((HANDLE)socket, &overlapped);
        code = WSAGetOverlappedResult(socket, &overlapped, &moved, TRUE, &flags)
                   ? 0
                   : WSAGetLastError();
    }
    (void)CloseHandle(overlapped.hEvent);
    return code;
}

/* ---- Duplicates of a datagram socket */

PROBE(duplicates_and_bind, "feri_modes_raw; platform/sim/table.c")
{
    SOCKET socket = new_datagrams();
    SOCKET before = need_duplicate(socket);
    SOCKET waits = need_duplicate(socket);
    SOCKET connects = need_duplicate(socket);
    (void)raw_bind(socket, 0);
    SOCKET after = need_duplicate(socket);
    SOCKET of_stale = need_duplicate(before);
    int stale = receive(before);
    int fresh = receive(after);
    believe(
        "recvfrom: WSAEINVAL of a duplicate that was made before bind (Wine's tests), "
        "WSAEWOULDBLOCK of one made later. Inferred: getsockname, sendto and connect of the "
        "former are WSAEINVAL too; waits of it see a datagram; a duplicate of it has the state");
    see("recvfrom: made before %s, after %s, after from one made before %s", code_text(stale),
        code_text(fresh), code_text(receive(of_stale)));
    see("made before: getsockname %s, recv %s", code_text(own_name(before)),
        code_text(raw_recv(before, (char[1]){0}, 1) < 0 ? WSAGetLastError() : 0));
    (void)send_to(after, raw_port(socket));
    see("with a datagram: WSAPoll of one made before %s, a waiting receive %s",
        raw_poll_text(raw_poll(waits, RAW_READ, 2000)), code_text(wait_for_datagram(waits)));
    see("made before: sendto %s, connect %s, bind %s", code_text(send_to(before, 9)),
        code_text(code_of(raw_connect(connects, 9))), code_text(code_of(raw_bind(before, 0))));
    conclude(stale == WSAEINVAL && fresh == WSAEWOULDBLOCK);
}

PROBE(duplicates_and_connect, "feri_modes_raw; rule U5")
{
    SOCKET first = new_datagrams();
    SOCKET second = new_datagrams();
    SOCKET socket = new_datagrams();
    (void)raw_bind(first, 0);
    (void)raw_bind(second, 0);
    (void)raw_bind(socket, 0);
    uint16_t one = raw_port(first);
    uint16_t two = raw_port(second);
    SOCKET before = need_duplicate(socket);
    (void)raw_connect(socket, one);
    SOCKET between = need_duplicate(socket);
    believe("inferred: a duplicate has the peer of the time at which it was made, and its send "
            "without a peer is WSAENOTCONN");
    see("connected through another: peer %s, send %s", peer_text(peer_of(before), one, two),
        code_text(code_of(raw_send(before, "x", 1))));
    (void)raw_connect(socket, two);
    see("connected again: peer of one made between %s, of one made before %s, of one made now %s",
        peer_text(peer_of(between), one, two), peer_text(peer_of(before), one, two),
        peer_text(peer_of(need_duplicate(between)), one, two));
    int sent = code_of(raw_send(between, "x", 1));
    see("its send %s, which %s receives; to the first peer's address %s", code_text(sent),
        raw_poll(second, RAW_READ, 200) != 0  ? "the second"
        : raw_poll(first, RAW_READ, 200) != 0 ? "the first"
                                              : "nobody",
        code_text(send_to(between, one)));
    (void)send_to(second, raw_port(socket));
    (void)raw_poll(between, RAW_READ, 200);
    see("a datagram of the second peer: recvfrom of one made between %s",
        code_text(receive(between)));
}

PROBE(duplicates_and_options, "rule T6; platform/sim/table.c")
{
    static const struct {
        const char *name;
        int option, value;
    } rows[] = {{"SO_BROADCAST", SO_BROADCAST, 1},
                {"SO_RCVBUF", SO_RCVBUF, 12345},
                {"SO_SNDBUF", SO_SNDBUF, 12345}};
    SOCKET socket = new_datagrams();
    (void)raw_bind(socket, 0);
    SOCKET duplicate = need_duplicate(socket);
    believe("inferred: a duplicate does not have an option that is set later through another");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int value = 0;
        (void)raw_set_int_option(socket, SOL_SOCKET, rows[i].option, rows[i].value);
        (void)raw_int_option(duplicate, SOL_SOCKET, rows[i].option, &value);
        see("%s set to %d: %d", rows[i].name, rows[i].value, value);
    }
    struct sockaddr_in to = raw_address(9);
    to.sin_addr.s_addr = INADDR_BROADCAST;
    see("its sendto the broadcast address: %s",
        code_text(
            code_of(sendto(duplicate, "x", 1, 0, (const struct sockaddr *)&to, (int)sizeof to))));
    raw_socket two_ends[2];
    raw_pair(two_ends);
    SOCKET stream = need_duplicate(two_ends[0]);
    int alive = 0;
    int no_delay = 0;
    (void)raw_set_int_option(two_ends[0], SOL_SOCKET, SO_KEEPALIVE, 1);
    (void)raw_set_int_option(two_ends[0], IPPROTO_TCP, TCP_NODELAY, 1);
    (void)raw_int_option(stream, SOL_SOCKET, SO_KEEPALIVE, &alive);
    (void)raw_int_option(stream, IPPROTO_TCP, TCP_NODELAY, &no_delay);
    see("of a stream: SO_KEEPALIVE set to 1: %d, TCP_NODELAY set to 1: %d", alive & 1,
        no_delay & 1);
}

PROBE(duplicates_and_shutdown, "rule U7")
{
    SOCKET socket = new_datagrams();
    SOCKET peer = new_datagrams();
    (void)raw_bind(peer, 0);
    (void)raw_bind(socket, 0);
    (void)raw_connect(socket, raw_port(peer));
    SOCKET duplicate = need_duplicate(socket);
    believe("inferred: a shutdown is seen through every duplicate: WSAESHUTDOWN");
    int shut = code_of(raw_shutdown_write(socket));
    see("SD_SEND %s: send of the duplicate %s", code_text(shut),
        code_text(code_of(raw_send(duplicate, "x", 1))));
    shut = code_of(raw_shutdown_read(socket));
    see("SD_RECEIVE %s: recvfrom of the duplicate %s", code_text(shut),
        code_text(receive(duplicate)));
}

/* ---- A failed connect */

static const char *sets_text(SOCKET socket, int milliseconds)
{
    struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
    fd_set writable;
    fd_set failed;
    FD_ZERO(&writable);
    FD_ZERO(&failed);
    FD_SET(socket, &writable);
    FD_SET(socket, &failed);
    (void)select(0, NULL, &writable, &failed, &limit);
    bool is_writable = FD_ISSET(socket, &writable) != 0;
    bool has_failed = FD_ISSET(socket, &failed) != 0;
    return is_writable && has_failed ? "both sets"
           : is_writable             ? "the write set"
           : has_failed              ? "the except set"
                                     : "no set";
}

static SOCKET begin_refused(uint16_t port)
{
    SOCKET socket = raw_new(SOCK_STREAM);
    raw_set_nonblocking(socket, true);
    (void)raw_connect(socket, port);
    return socket;
}

PROBE(connect_after_a_failure, "feri_connect_status; row failed_connect_adopted")
{
    uint16_t port = 0;
    uint16_t refused = raw_refused_port();
    SOCKET listener = raw_listen(4, &port);
    SOCKET socket = begin_refused(refused);
    believe("SO_ERROR is 10061 at each query, also during the next connect, until one succeeds; "
            "the next connect succeeds (Wine's tests). Inferred: a pending one is in no set");
    see("refused: %s", sets_text(socket, 6000));
    int error = raw_socket_error(socket);
    see("SO_ERROR %d, then %d; %s again", error, raw_socket_error(socket), sets_text(socket, 0));
    int again = code_of(raw_connect(socket, refused));
    bool is_started = again == WSAEWOULDBLOCK;
    int pending = raw_socket_error(socket);
    see("connect again, refused again: %s, SO_ERROR %d, %s", code_text(again), pending,
        sets_text(socket, 0));
    see("its end: %s", sets_text(socket, 6000));
    again = code_of(raw_connect(socket, port));
    pending = raw_socket_error(socket);
    see("connect to a listener: %s, SO_ERROR %d", code_text(again), pending);
    const char *end = sets_text(socket, 2000);
    error = raw_socket_error(socket);
    see("its end: %s, SO_ERROR %d", end, error);
    raw_close(listener);
    conclude(is_started && again == WSAEWOULDBLOCK && error == 0 &&
             strcmp(end, "the write set") == 0);
}

PROBE(listen_after_a_failure, "row failed_connect_adopted")
{
    SOCKET socket = begin_refused(raw_refused_port());
    believe("OK (Wine's tests)");
    (void)sets_text(socket, 6000);
    int code = code_of(listen(socket, 1));
    see("listen: %s, SO_ERROR %d", code_text(code), raw_socket_error(socket));
    conclude(code == 0);
}

PROBE(duplicates_of_a_pending_connect, "row connect_error_taken")
{
    SOCKET socket = begin_refused(raw_refused_port());
    SOCKET before = need_duplicate(socket);
    believe("Cygwin: the duplicate lacks the error. Inferred: it is in the except set, and one "
            "that is made after the failure has the error");
    (void)sets_text(socket, 6000);
    SOCKET after = need_duplicate(socket);
    see("SO_ERROR %d; of one made before %d, in %s; of one made after %d", raw_socket_error(socket),
        raw_socket_error(before), sets_text(before, 0), raw_socket_error(after));
}
