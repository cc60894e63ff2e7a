/* probes_streams.c: what connections on loopback do, with the same calls on each system. */

#include "selftest/probe.h"
#include "selftest/raw.h"
#include "selftest/system.h"
#include "support/thread.h"

enum { ROUNDS = 50 };

/* ---- Connects */

static bool has_peer(raw_socket socket)
{
    struct sockaddr_in address;
    raw_len len = (raw_len)sizeof address;
    return getpeername(socket, (struct sockaddr *)&address, &len) == 0;
}

static bool selects_writable(raw_socket socket)
{
    fd_set writable;
    struct timeval now = {0, 0};
    FD_ZERO(&writable);
    FD_SET(socket, &writable);
    return select((int)socket + 1, NULL, &writable, NULL, &now) > 0;
}

/* Reports what tells that a connect is pending. Windows' SO_CONNECT_TIME: 0xffffffff while
 * pending. */
static void see_connect(int number, raw_socket socket, int result, int code)
{
    int connect_time = 0;
    see("%d: connect %s", number, result == 0 ? "OK" : raw_code_text(code));
    see("getpeername %s", has_peer(socket) ? "OK" : raw_text(-1));
    see("select %s, poll %s", selects_writable(socket) ? "writable" : "not writable",
        raw_poll_text(raw_poll(socket, RAW_WRITE, 0)));
#ifdef _WIN32
    (void)raw_int_option(socket, SOL_SOCKET, 0x700C, &connect_time);
    see("SO_CONNECT_TIME %d", connect_time);
#else
    (void)connect_time;
#endif
    see("SO_ERROR %d", raw_socket_error(socket));
}

PROBE(full_backlog, "row full_backlog; core/open/connecting.c")
{
    enum { CLIENTS = 6 };
    raw_socket clients[CLIENTS];
    uint16_t port = 0;
    (void)raw_listen(0, &port);
    believe("POSIX: connects stay pending; Windows: refused; getpeername may succeed too early");
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = raw_new(SOCK_STREAM);
        raw_set_nonblocking(clients[i], true);
        int result = raw_connect(clients[i], port);
        int code = result == 0 ? 0 : raw_code();
        system_pause_ms(100);
        if (i == 0 || i >= CLIENTS - 2) {
            see_connect(i + 1, clients[i], result, code);
        }
    }
    system_pause_ms(2500);
    see("the last one after 2.5 s: %s",
        raw_poll_text(raw_poll(clients[CLIENTS - 1], RAW_WRITE, 0)));
    see("SO_ERROR %d", raw_socket_error(clients[CLIENTS - 1]));
}

PROBE(connect_to_itself, NULL)
{
    raw_socket client = raw_new(SOCK_STREAM);
    (void)raw_bind(client, 0);
    int result = raw_connect(client, raw_port(client));
    believe("OK, or an error");
    see("%s", result == 0 ? "OK" : raw_text(result));
}

PROBE(wildcard_destination, "row wildcard_destination")
{
    uint16_t port = 0;
    (void)raw_listen(4, &port);
    raw_socket client = raw_new(SOCK_STREAM);
    struct sockaddr_in address = raw_address(port);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    raw_set_nonblocking(client, true);
    int result = connect(client, (struct sockaddr *)&address, (raw_len)sizeof address);
    believe("POSIX: as loopback; Windows: WSAEADDRNOTAVAIL; FreeBSD 15: refused");
    see("connect to 0.0.0.0: %s", result == 0 ? "OK" : raw_text(result));
    see("poll: %s", raw_poll_text(raw_poll(client, RAW_WRITE, 500)));
    see("SO_ERROR %d", raw_socket_error(client));
}

/* A poll that reported a connect may be followed by a write that is not connected: qore#4791. */
PROBE(write_after_writable, "core/open/connecting.c")
{
    uint16_t port = 0;
    unsigned failed = 0;
    int code = 0;
    (void)raw_listen(ROUNDS, &port);
    for (int i = 0; i < ROUNDS; i++) {
        raw_socket client = raw_new(SOCK_STREAM);
        raw_set_nonblocking(client, true);
        (void)raw_connect(client, port);
        (void)raw_poll(client, RAW_WRITE, 1000);
        if (raw_send(client, "", 0) < 0) {
            failed++;
            code = raw_code();
        }
        raw_close(client);
    }
    believe("an empty write succeeds after poll has reported the connect");
    see("%u of %d failed%s%s", failed, ROUNDS, failed > 0 ? ": " : "",
        failed > 0 ? raw_code_text(code) : "");
    conclude(failed == 0);
}

/* ---- Accepts */

PROBE(reset_in_queue, "row reset_in_queue; ferp_accept")
{
    uint16_t port = 0;
    char byte = 0;
    struct sockaddr_in address = raw_address(0);
    raw_len len = (raw_len)sizeof address;
    raw_socket listener = raw_listen(4, &port);
    raw_socket client = raw_new(SOCK_STREAM);
    (void)raw_connect(client, port);
    raw_reset(client);
    system_pause_ms(100);
    raw_set_nonblocking(listener, true);
    address.sin_family = 0;
    raw_socket accepted = accept(listener, (struct sockaddr *)&address, &len);
    believe("accept returns the connection, would block, or a code that ferp_accept skips");
    see("accept %s", accepted == RAW_NONE ? raw_text(-1) : "OK");
    if (accepted != RAW_NONE) {
        see("an address of %d bytes, family %d", (int)len, (int)address.sin_family);
        see("recv %s", raw_text(raw_recv(accepted, &byte, 1)));
    }
}

/* ---- Ends */

struct closer {
    uint16_t port;
    unsigned rounds;
};

static void send_and_close(void *argument)
{
    static const char bytes[16384];
    struct closer *closer = argument;
    for (unsigned i = 0; i < closer->rounds; i++) {
        raw_socket client = raw_new(SOCK_STREAM);
        if (raw_connect(client, closer->port) == 0) {
            (void)raw_send(client, bytes, sizeof bytes);
            (void)raw_shutdown_write(client);
        }
        raw_close(client);
    }
}

/* objeck-lang#669: a receive is 10054 although the sender closed in good order. */
PROBE(early_close_loses_bytes, "rule S7")
{
    static char bytes[4096];
    struct closer closer = {0, ROUNDS};
    test_thread thread;
    unsigned lost = 0;
    unsigned invalid = 0;
    int code = 0;
    raw_socket listener = raw_listen(ROUNDS, &closer.port);
    believe("Windows may lose bytes on loopback; other systems lose none");
    test_thread_start(&thread, send_and_close, &closer);
    for (int i = 0; i < ROUNDS; i++) {
        int n = 0;
        long total = 0;
        raw_socket accepted = accept(listener, NULL, NULL);
        system_pause_ms(1);
        while ((n = raw_recv(accepted, bytes, sizeof bytes)) > 0) {
            total += n;
        }
        code = n < 0 ? raw_code() : code;
        lost += total < 16384;
        invalid += n < 0;
        raw_close(accepted);
    }
    test_thread_join(&thread);
    raw_close(listener);
    see("%u of %d rounds lost bytes, in %u recv failed%s%s", lost, ROUNDS, invalid,
        invalid > 0 ? ", last with " : "", invalid > 0 ? raw_code_text(code) : "");
#ifndef _WIN32
    conclude(lost == 0 && invalid == 0);
#endif
}

PROBE(reset_loses_input, "row reset_loses_input")
{
    raw_socket two[2];
    char bytes[16];
    raw_pair(two);
    (void)raw_send(two[1], "unread", 6);
    system_pause_ms(50);
    raw_reset(two[1]);
    system_pause_ms(50);
    believe("row reset_loses_input: 6 bytes first on Linux, a reset on Windows");
    see("recv: %s", raw_text(raw_recv(two[0], bytes, sizeof bytes)));
    see("again: %s", raw_text(raw_recv(two[0], bytes, sizeof bytes)));
}

PROBE(end_then_reset, "row end_then_reset")
{
    raw_socket two[2];
    char byte = 0;
    raw_pair(two);
    (void)raw_shutdown_write(two[1]);
    system_pause_ms(50);
    raw_reset(two[1]);
    system_pause_ms(50);
    believe("row end_then_reset: the end of file on Linux, a reset on Windows");
    see("recv: %s", raw_text(raw_recv(two[0], &byte, 1)));
    see("again: %s", raw_text(raw_recv(two[0], &byte, 1)));
}
