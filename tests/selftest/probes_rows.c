/* probes_rows.c: probes of rows and rules of docs/DIFFERENCES.md, with the same calls on each
 * system: those whose answer nobody has run on Windows, on a real macOS or on OpenBSD. */
#include "selftest/probe.h"

#include <string.h>
#ifndef _WIN32
#include <unistd.h>
#endif

#include "support/thread.h"

/* ---- Connecting */

/* The last of six connects to a backlog of 1. Windows' SO_CONNECT_TIME is -1 while one is
 * pending. */
PROBE("row", full_backlog, "waits", "waits", "ECONNRESET", "waits", NULL, "ECONNREFUSED")
{
    uint16_t port = 0;
    peer_socket client = PEER_NONE;
    need(peer_listen(PEER_V4, 1, &port) != PEER_NONE, "no listener on 127.0.0.1");
    for (int i = 0; i < 6; i++) {
        client = raw_new(SOCK_STREAM);
        (void)peer_raw_set_nonblocking(client, true);
        (void)raw_connect(client, INADDR_LOOPBACK, port);
        peer_pause(100);
    }
    note("getpeername: port %u", (unsigned)peer_remote_port(client));
#ifdef _WIN32
    note("SO_CONNECT_TIME %d", raw_get(client, SOL_SOCKET, 0x700C));
#endif
    peer_pause(2500);
    const char *error = raw_error(client);
    bool waits = strcmp(error, "OK") == 0 && !raw_ready(client, true, 0);
    answer("%s", waits ? "waits" : error);
}

PROBE("row", connect_to_itself, "OK", "EINVAL", "OK", "OK", NULL, NULL)
{
    peer_socket client = raw_new(SOCK_STREAM);
    (void)raw_bind(client, INADDR_LOOPBACK, 0);
    answer("%s", raw_result(raw_connect(client, INADDR_LOOPBACK, peer_local_port(client))));
}

PROBE("row", wildcard_destination, "OK", "OK", "OK", "OK", "EINVAL", "EADDRNOTAVAIL")
{
    uint16_t port = 0;
    (void)peer_listen(PEER_V4, 4, &port);
    answer("%s", raw_result(raw_connect(raw_new(SOCK_STREAM), INADDR_ANY, port)));
}

/* XNU and NetBSD, tcp_input: a connection in the state CLOSED answers nothing. */
PROBE("row", bound_port_is_silent, "ECONNREFUSED", "no answer", "ECONNREFUSED", "no answer",
      "no answer", "ECONNREFUSED")
{
    uint16_t port = 0;
    peer_socket client = raw_new(SOCK_STREAM);
    need(peer_bind_only(PEER_V4, &port) != PEER_NONE, "no socket on 127.0.0.1");
    (void)peer_raw_set_nonblocking(client, true);
    (void)raw_connect(client, INADDR_LOOPBACK, port);
    (void)raw_ready(client, true, 3000);
    const char *error = raw_error(client);
    answer("%s", strcmp(error, "OK") == 0 ? "no answer" : error);
}

/* rust-lang/socket2#652: writable, SO_ERROR is 0, and not connected. qore#4791: a write is
 * ENOTCONN. */
PROBE("T2", writable_means_connected, POSIX("0 of 200 had no peer, 0 writes failed"),
      "0 of 200 had no peer, 0 writes failed")
{
    unsigned without_peer = 0, failed = 0;
    uint16_t port = 0;
    peer_family family = peer_has_v6() ? PEER_V6 : PEER_V4;
    peer_socket listener = peer_listen(family, 16, &port);
    need(listener != PEER_NONE, "no listener on the loopback");
    for (int i = 0; i < 200; i++) {
        peer_socket client = peer_connect_begin(family, port);
        if (client != PEER_NONE && peer_connect_ended(client, 2000)) {
            without_peer += peer_remote_port(client) == 0;
            failed += raw_send(client, "", 0) < 0;
            peer_close(peer_accept(listener));
        }
        peer_reset(client);
    }
    answer("%u of 200 had no peer, %u writes failed", without_peer, failed);
}

/* ---- Listening */

static void accept_a_reset(peer_family family)
{
    struct sockaddr_storage address;
    raw_len len = (raw_len)sizeof address;
    uint16_t port = 0;
    char byte = 0;
    peer_socket listener = peer_listen(family, 4, &port);
    peer_socket client = listener != PEER_NONE ? peer_connect(family, port) : PEER_NONE;
    need(client != PEER_NONE && peer_is_queued(listener, 2000), "no connection on the loopback");
    peer_reset(client);
    peer_pause(100); /* No event reports the reset. */
    (void)peer_raw_set_nonblocking(listener, true);
    raw_socket made = accept((raw_socket)listener, (struct sockaddr *)&address, &len);
    if ((peer_socket)made == PEER_NONE) {
        answer("accept %s", raw_result(-1));
    } else {
        answer("accept OK %s address", len > 0 && address.ss_family != 0 ? "with an" : "without");
        answer("recv %s", raw_result(raw_receive(raw_keep(made), &byte, 1)));
    }
}

/* XNU, tcp_usr_accept and tcp6_usr_accept. */
#define RETURNED "accept OK with an address, recv ECONNRESET"
#define ABORTED "accept ECONNABORTED, accept ECONNABORTED"
PROBE("row", reset_in_queue, RETURNED ", " RETURNED,
      RETURNED ", accept OK without address, recv ECONNRESET", ABORTED, ABORTED, ABORTED,
      "accept ECONNRESET, accept ECONNRESET")
{
    accept_a_reset(PEER_V4);
    accept_a_reset(PEER_V6);
}

/* ---- Addresses and ports */

enum { OTHER_LOOPBACK = 0x7F000002, LOOPBACK_BROADCAST = 0x7FFFFFFF };

/* A bind to 127.0.0.2 and to 127.255.255.255. A connect and a send depend on the routes. */
#define NO_ALIAS "bind EADDRNOTAVAIL, bind EADDRNOTAVAIL"
PROBE("row", loopback_addresses, "bind OK, bind OK", NO_ALIAS, NO_ALIAS, NO_ALIAS, NO_ALIAS, NULL)
{
    peer_socket client = raw_new(SOCK_STREAM);
    answer("bind %s", raw_result(raw_bind(raw_new(SOCK_DGRAM), OTHER_LOOPBACK, 0)));
    answer("bind %s", raw_result(raw_bind(raw_new(SOCK_DGRAM), LOOPBACK_BROADCAST, 0)));
    (void)peer_raw_set_nonblocking(client, true);
    const char *error = raw_result(raw_connect(client, OTHER_LOOPBACK, 9));
    if (strcmp(error, "EINPROGRESS") == 0 || strcmp(error, "EAGAIN") == 0) {
        (void)raw_ready(client, true, 3000);
        error = raw_error(client);
    }
    note("connect: %s", strcmp(error, "OK") == 0 ? "no answer" : error);
    note("send: %s", raw_result(raw_send_to(raw_new(SOCK_DGRAM), OTHER_LOOPBACK, 9)));
}

/* Of a user without a privilege: a bind to 127.0.0.1 and to the wildcard address. */
PROBE("row", privileged_ports, "EACCES, EACCES", "EACCES, OK", "EACCES, EACCES", "EACCES, EACCES",
      "EACCES, EACCES", "OK, OK")
{
    enum { UNUSED_PORT = 991 };
#ifndef _WIN32
    need(geteuid() != 0, "the user has the privilege");
#endif
    const char *specific = raw_result(raw_bind(raw_new(SOCK_DGRAM), INADDR_LOOPBACK, UNUSED_PORT));
    const char *wildcard = raw_result(raw_bind(raw_new(SOCK_DGRAM), INADDR_ANY, UNUSED_PORT));
#ifdef __linux__
    need(strcmp(specific, "OK") != 0, "the system or the user has no such limit");
#endif
    answer("%s, %s", specific, wildcard);
}

/* pro-bing#37: whether an answer to an echo begins with an IP header, and keeps the identifier. */
PROBE("row", icmp_datagrams, "12 bytes, another identifier", "32 bytes, the identifier",
      "EPROTONOSUPPORT", "EPROTONOSUPPORT", "EPROTONOSUPPORT", NULL)
{
    unsigned char echo[] = {8, 0, 0x06, 0xF4, 0x12, 0x34, 0, 7, 'p', 'i', 'n', 'g'};
    unsigned char bytes[64] = {0};
    raw_socket made = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    if ((peer_socket)made == PEER_NONE) {
        const char *error = raw_result(-1);
        need(THIS_SYSTEM != LINUX, "ping_group_range permits no such socket: %s", error);
        answer("%s", error);
        return;
    }
    peer_socket client = raw_keep(made);
    (void)peer_raw_set_timeouts(client, 3000);
    need(raw_connect(client, INADDR_LOOPBACK, 0) == 0, "connect: %s", raw_result(-1));
    int n = raw_send(client, echo, sizeof echo) < 0 ? -1 : raw_receive(client, bytes, sizeof bytes);
    int at = n > 12 ? n - 12 : 0;
    answer("%s bytes", raw_count(n));
    answer(bytes[at + 4] == 0x12 && bytes[at + 5] == 0x34 ? "the identifier"
                                                          : "another identifier");
}

/* ---- Ends */

static void read_until_the_end(peer_socket socket)
{
    char bytes[16];
    answer("%s", raw_count(raw_receive(socket, bytes, sizeof bytes)));
    answer("then %s", raw_count(raw_receive(socket, bytes, sizeof bytes)));
}

PROBE("row", reset_loses_input, POSIX("6, then ECONNRESET"), NULL)
{
    peer_socket two[2];
    raw_pair(two);
    (void)peer_send_all(two[1], "unread", 6);
    (void)peer_raw_wait_readable(two[0]);
    peer_reset(two[1]);
    peer_pause(50);
    read_until_the_end(two[0]);
}

#define RESET_ONCE "ECONNRESET, then 0"
PROBE("row", end_then_reset, "0, then 0", RESET_ONCE, RESET_ONCE, RESET_ONCE, RESET_ONCE, NULL)
{
    peer_socket two[2];
    raw_pair(two);
    (void)peer_shutdown_write(two[1]);
    (void)peer_raw_wait_readable(two[0]);
    peer_reset(two[1]);
    peer_pause(50);
    read_until_the_end(two[0]);
}

/* objeck-lang#669: a receive is WSAECONNRESET although the sender closed in good order. */
PROBE("row", early_close_loses, POSIX("0 of 50 lost bytes"), NULL)
{
    static char bytes[16384];
    unsigned lost = 0;
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    for (int i = 0; i < 50; i++) {
        long total = 0;
        int n = 1;
        peer_socket client = peer_connect(PEER_V4, port);
        peer_socket accepted = client != PEER_NONE ? peer_accept(listener) : PEER_NONE;
        need(accepted != PEER_NONE, "no connection on 127.0.0.1");
        (void)peer_raw_set_nonblocking(accepted, false);
        (void)peer_send_all(client, bytes, sizeof bytes);
        (void)peer_shutdown_write(client);
        peer_close(client);
        peer_pause(1);
        while ((n = raw_receive(accepted, bytes, sizeof bytes)) > 0) {
            total += n;
        }
        lost += total < (long)sizeof bytes;
        peer_close(accepted);
    }
    answer("%u of 50 lost bytes", lost);
}

/* ---- Sends that never wait */

enum { STREAMS = 8, BLOCK = 8 * 1024 * 1024 };

static peer_socket streams[STREAMS][2];

/* Begins after a second, so that no send of the other thread waits for ever. */
static void read_everything(void *argument)
{
    static char bytes[65536];
    peer_pause(1000);
    for (int i = 0; i < STREAMS; i++) {
        while (raw_receive(streams[i][1], bytes, sizeof bytes) > 0) {
        }
    }
}

/* ponylang/ponyc#5826 and #5842: over lo0 a send waits for buffers of the interface. */
PROBE("row", loopback_send_waits, POSIX("no send took 800 ms"), "no send took 800 ms")
{
    static const char bytes[BLOCK];
    uint64_t longest = 0;
    test_thread thread;
    for (int i = 0; i < STREAMS; i++) {
        raw_pair(streams[i]);
        (void)raw_set(streams[i][0], SOL_SOCKET, SO_SNDBUF, 1 << 20);
        (void)raw_set(streams[i][1], SOL_SOCKET, SO_RCVBUF, 1 << 20);
        (void)peer_raw_set_nonblocking(streams[i][0], true);
    }
    test_thread_start(&thread, read_everything, NULL);
    for (int i = 0; i < 3 * STREAMS; i++) {
        uint64_t began = peer_now_us();
        (void)raw_send(streams[i % STREAMS][0], bytes, sizeof bytes);
        uint64_t took = peer_now_us() - began;
        longest = took > longest ? took : longest;
    }
    for (int i = 0; i < STREAMS; i++) {
        peer_close(streams[i][0]);
    }
    test_thread_join(&thread);
    note("the longest of %d sends of 8 MiB: %u us", (int)(3 * STREAMS), (unsigned)longest);
    answer(longest < 800000 ? "no send took 800 ms" : "a send took 800 ms");
}

/* ---- Names */

/* Texts that are no names, so that no name server is asked. */
#define LINUX_TAKES "1.2.3 yes, 127.1 yes, 1.2.3.0x4 yes, 1.2.3.010 yes, [localhost] no"
PROBE("row bracketed_name +", resolver_takes, LINUX_TAKES, NULL, NULL, NULL, NULL,
      "1.2.3 no, 127.1 no, 1.2.3.0x4 yes, 1.2.3.010 yes, [localhost] yes")
{
    static const char *const hosts[] = {"1.2.3", "127.1", "1.2.3.0x4", "1.2.3.010", "[localhost]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        answer("%s %s", hosts[i], peer_resolve(hosts[i], NULL, 0) > 0 ? "yes" : "no");
    }
}

RULE_TESTS("probes_rows")
