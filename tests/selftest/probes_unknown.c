/* probes_unknown.c: probes of what docs/DIFFERENCES.md marks (?) of Windows, with the same calls on
 * each system; a probe of several rows has their names with a + between them (answers.awk). A
 * datagram socket that connects sends nothing, so no packet leaves the loopback. */
#include "selftest/probe.h"

#include <string.h>

#include "conformance/unix_peer.h"
#include "support/thread.h"
#ifndef _WIN32
#include <arpa/inet.h>
#endif

#define NO_MACHINE 0xC0000201u /* 192.0.2.1 (RFC 5737) */
#define A_GROUP 0xEFFF4D01u
#define ALL_OF_A_LINK 0xE0000001u
enum { PORT = 9 };

static const char *receive(peer_socket socket)
{
    char bytes[16];
    (void)peer_raw_set_nonblocking(socket, true);
    return raw_result(raw_receive(socket, bytes, sizeof bytes));
}

static peer_socket bound_datagram(uint32_t address, bool reuses, uint16_t *port)
{
    peer_socket made = raw_new(SOCK_DGRAM);
    (void)raw_set(made, SOL_SOCKET, SO_REUSEADDR, reuses);
    need(raw_bind(made, address, *port) == 0, "no UDP: %s", raw_result(-1));
    *port = peer_local_port(made);
    return made;
}

static const char *local_address(peer_socket socket)
{
    struct sockaddr_in name;
    raw_len len = (raw_len)sizeof name;
    memset(&name, 0, sizeof name);
    (void)getsockname((raw_socket)socket, (struct sockaddr *)&name, &len);
    uint32_t address = ntohl(name.sin_addr.s_addr);
    return address == INADDR_LOOPBACK ? "127.0.0.1" : address == 0 ? "0.0.0.0" : "another";
}

/* ---- IPv6 */

static peer_socket new_v6(int type)
{
    need(peer_has_v6(), "no IPv6");
    peer_socket made = raw_keep(socket(AF_INET6, type, 0));
    (void)raw_set(made, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    (void)peer_raw_set_nonblocking(made, true);
    return made;
}

enum v6_call { BIND, CONNECT, SEND };

static const char *call_v6(enum v6_call call, peer_socket to, const char *address, uint16_t port)
{
    struct sockaddr_in6 made;
    const struct sockaddr *name = (struct sockaddr *)&made;
    memset(&made, 0, sizeof made);
    made.sin6_family = AF_INET6;
    made.sin6_port = htons(port);
    (void)inet_pton(AF_INET6, address, &made.sin6_addr);
    raw_len len = (raw_len)sizeof made;
    raw_socket socket = (raw_socket)to;
    return raw_result(call == BIND      ? bind(socket, name, len)
                      : call == CONNECT ? connect(socket, name, len)
                                        : (long)sendto(socket, "x", 1, 0, name, len));
}

#define MAPPED "::ffff:127.0.0.1"

PROBE("K9 a local IPv6 address and an IPv4-mapped one", from_ipv6_to_mapped, "ENETUNREACH")
{
    peer_socket client = new_v6(SOCK_STREAM);
    (void)call_v6(BIND, client, "::1", 0);
    answer("%s", call_v6(CONNECT, client, MAPPED, PORT));
}

PROBE("a socket that is bound to an IPv6 address", datagrams_from_ipv6_to_mapped, "ENETUNREACH")
{
    peer_socket client = new_v6(SOCK_DGRAM);
    (void)call_v6(BIND, client, "::1", 0);
    answer("%s", call_v6(CONNECT, client, MAPPED, PORT));
}

PROBE("row", udp_reconnect_keeps_version, "OK, then OK", NULL, NULL, NULL, NULL, NULL)
{
    peer_socket client = new_v6(SOCK_DGRAM);
    answer("%s", call_v6(CONNECT, client, "::1", PORT));
    answer("then %s", call_v6(CONNECT, client, MAPPED, PORT));
}

PROBE("row", send_beside_source, "OK")
{
    peer_socket client = new_v6(SOCK_DGRAM);
    (void)call_v6(CONNECT, client, "::1", PORT);
    answer("%s", call_v6(SEND, client, MAPPED, PORT));
}

PROBE("row", link_local_without_scope, "EINVAL")
{
    answer("%s", call_v6(CONNECT, new_v6(SOCK_DGRAM), "fe80::1", PORT));
}

/* The first or the second of two datagram sockets sets SO_REUSEADDR. */
PROBE("row", dual_stack_beside_ipv4, "EADDRINUSE, EADDRINUSE")
{
    for (int i = 0; i < 2; i++) {
        uint16_t port = 0;
        (void)bound_datagram(INADDR_ANY, i == 0, &port);
        peer_socket second = new_v6(SOCK_DGRAM);
        (void)raw_set(second, SOL_SOCKET, SO_REUSEADDR, i == 1);
        answer("%s", call_v6(BIND, second, "::", port));
    }
}

/* ---- Connects of IPv4 */

PROBE("C2 groups, 255.255.255.255", connect_to_a_group, "ENETUNREACH, ENETUNREACH")
{
    static const uint32_t addresses[] = {ALL_OF_A_LINK, INADDR_BROADCAST};
    for (int i = 0; i < 2; i++) {
        peer_socket client = raw_new(SOCK_STREAM);
        (void)peer_raw_set_nonblocking(client, true);
        (void)raw_bind(client, INADDR_LOOPBACK, 0);
        answer("%s", raw_result(raw_connect(client, addresses[i], PORT)));
    }
}

PROBE("U5 connecting again +", udp_reconnect_keeps_source, NULL)
{
    peer_socket client = raw_new(SOCK_DGRAM);
    (void)raw_connect(client, INADDR_LOOPBACK, PORT);
    answer("from %s", local_address(client));
    answer("%s", raw_result(raw_connect(client, NO_MACHINE, PORT)));
    answer("then from %s", local_address(client));
}

PROBE("row", udp_reconnect_unbinds, NULL)
{
    uint16_t port = 0;
    peer_socket client = bound_datagram(INADDR_LOOPBACK, false, &port);
    answer("%s", raw_result(raw_connect(client, NO_MACHINE, PORT)));
    answer("from %s", local_address(client));
}

PROBE("row", udp_disconnect_unbinds, "OK, at 127.0.0.1")
{
    uint16_t port = 0;
    struct sockaddr_in none;
    peer_socket client = bound_datagram(INADDR_LOOPBACK, false, &port);
    memset(&none, 0, sizeof none);
#ifdef _WIN32
    none.sin_family = AF_INET;
#endif
    (void)raw_connect(client, INADDR_LOOPBACK, PORT);
    answer("%s",
           raw_result(connect((raw_socket)client, (struct sockaddr *)&none, (raw_len)sizeof none)));
    answer("at %s", local_address(client));
}

/* ---- Datagrams */

PROBE("U1 0 bytes, and nothing queued", empty_receive_waits, "EAGAIN")
{
    uint16_t port = 0;
    char byte = 0;
    peer_socket socket = bound_datagram(INADDR_LOOPBACK, false, &port);
    (void)peer_raw_set_nonblocking(socket, true);
    answer("%s", raw_count(raw_receive(socket, &byte, 0)));
}

PROBE("row", refusal_of_another, "EAGAIN")
{
    uint16_t peer = 0, own = 0, refuses = 0;
    (void)bound_datagram(INADDR_LOOPBACK, false, &peer);
    peer_socket socket = bound_datagram(INADDR_LOOPBACK, false, &own);
    peer_close(peer_datagram(PEER_V4, &refuses));
    need(raw_connect(socket, INADDR_LOOPBACK, peer) == 0, "connect: %s", raw_result(-1));
    note("send %s", raw_result(raw_send_to(socket, INADDR_LOOPBACK, refuses)));
    (void)raw_ready(socket, false, 500);
    answer("%s", receive(socket));
}

static int join(peer_socket socket, uint32_t group)
{
    struct ip_mreq request;
    request.imr_multiaddr.s_addr = htonl(group);
    request.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
    return setsockopt((raw_socket)socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, (const void *)&request,
                      (raw_len)sizeof request);
}

PROBE("U6 groups of other sockets + member_at_an_address +", group_of_another,
      "a member OK, at an address EAGAIN, another socket OK")
{
    uint16_t port = 0;
    peer_socket member = bound_datagram(INADDR_ANY, true, &port);
    peer_socket other = bound_datagram(INADDR_ANY, true, &port);
    peer_socket at_address = bound_datagram(INADDR_LOOPBACK, true, &port);
    need(join(member, A_GROUP) == 0 && join(at_address, A_GROUP) == 0,
         "no group on the loopback: %s", raw_result(-1));
    (void)raw_set(member, IPPROTO_IP, IP_MULTICAST_IF, (int)htonl(INADDR_LOOPBACK));
    need(raw_send_to(member, A_GROUP, port) == 1, "no send to a group: %s", raw_result(-1));
    (void)raw_ready(member, false, 1000);
    answer("a member %s", receive(member));
    answer("at an address %s", receive(at_address));
    answer("another socket %s", receive(other));
}

PROBE("row", ipv4_groups_of_ipv6, "OK")
{
    answer("%s", raw_result(join(new_v6(SOCK_DGRAM), A_GROUP)));
}

PROBE("row", group_limit, "ENOBUFS after 20")
{
    enum { MOST = 100 };
    unsigned joined = 0;
    peer_socket socket = raw_new(SOCK_DGRAM);
    while (joined < MOST && join(socket, A_GROUP + joined) == 0) {
        joined++;
    }
    answer("%s after %u", joined < MOST ? raw_result(-1) : "OK", joined);
}

/* ---- Streams */

PROBE("of a large buffer that a nonblocking send", large_send_before_an_end, POSIX("loses nothing"),
      "loses nothing")
{
    static char bytes[4 << 20];
    peer_socket two[2];
    long arrived = 0;
    int n = 1;
    raw_pair(two);
    (void)peer_raw_set_nonblocking(two[0], true);
    int sent = raw_send(two[0], bytes, sizeof bytes);
    (void)peer_shutdown_write(two[1]);
    (void)raw_ready(two[0], false, 2000);
    (void)peer_shutdown_write(two[0]);
    while ((n = raw_receive(two[1], bytes, sizeof bytes)) > 0) {
        arrived += n;
    }
    note("%d bytes", sent);
    answer("%s", sent == arrived && n == 0 ? "loses nothing" : "loses bytes");
}

static peer_socket shared;

static void read_shared(void *argument)
{
    char byte;
    *(const char **)argument = raw_count(raw_receive(shared, &byte, 1));
}

/* A read that nothing wakes ends after 8 seconds, with EAGAIN or ETIMEDOUT. */
PROBE("with two threads waiting to read one", reset_wakes_both, NULL)
{
    const char *results[2];
    test_thread threads[2];
    peer_socket two[2];
    raw_pair(two);
    shared = two[0];
    for (int i = 0; i < 2; i++) {
        test_thread_start(&threads[i], read_shared, &results[i]);
    }
    peer_pause(300);
    peer_reset(two[1]);
    for (int i = 0; i < 2; i++) {
        test_thread_join(&threads[i]);
    }
    bool is_first = strcmp(results[0], "ECONNRESET") == 0;
    answer("%s and %s", results[is_first ? 0 : 1], results[is_first ? 1 : 0]);
}

PROBE("a socket's initial time to live", initial_ttl, "64", "64", "64", "64", "64", "128")
{
    answer("%d", raw_get(raw_new(SOCK_STREAM), IPPROTO_IP, IP_TTL));
}

PROBE("E4 misuse", receive_of_a_closed_socket, POSIX("9"), "ENOTSOCK")
{
    char byte;
    peer_socket closed = raw_new(SOCK_DGRAM);
    peer_close(closed);
    answer("%s", raw_result(raw_receive(closed, &byte, 1)));
}

PROBE("A4 several families", order_of_localhost, NULL)
{
    fer_socket_addr found[4];
    size_t count = peer_resolve("localhost", found, 4);
    for (size_t i = 0; i < count && i < 4; i++) {
        answer("%s", found[i].ip.family == FER_IP_V4 ? "IPv4" : "IPv6");
    }
    need(count > 0, "localhost is not resolved");
}

/* ---- Unix sockets */

struct unix_name {
    unsigned short family; /* on the BSDs a length and the family */
    char path[108];
};

static void unix_pair(const char *name, peer_socket two[2])
{
    need(unix_peer_has_streams(), "no Unix sockets");
    const char *path = unix_peer_path(name);
    peer_socket listener = unix_peer_listen(path, 4);
    two[0] = unix_peer_connect(path, NULL);
    two[1] = two[0] != PEER_NONE ? peer_accept(listener) : PEER_NONE;
    need(two[1] != PEER_NONE, "no connection of Unix sockets");
}

PROBE("X3 streams + unix_unread_input +", unix_peer_addr_gone,
      "the peer's name OK, ECONNRESET, then 0, a send EPIPE")
{
    struct unix_name name;
    raw_len len = (raw_len)sizeof name;
    peer_socket two[2];
    unix_pair("gone", two);
    (void)peer_send_all(two[0], "unread", 6);
    (void)peer_raw_wait_readable(two[1]);
    peer_close(two[1]);
    peer_pause(100);
    answer("the peer's name %s",
           raw_result(getpeername((raw_socket)two[0], (struct sockaddr *)&name, &len)));
    const char *first = receive(two[0]);
    char byte;
    answer("%s", first);
    answer("then %s", raw_count(raw_receive(two[0], &byte, 1)));
    answer("a send %s", raw_result(raw_send(two[0], "x", 1)));
}

PROBE("X6 unnamed", length_of_an_unnamed_address, "2 bytes, an empty path")
{
    struct unix_name name;
    raw_len len = (raw_len)sizeof name;
    peer_socket two[2];
    unix_pair("unnamed", two);
    memset(&name, 0, sizeof name);
    (void)getsockname((raw_socket)two[0], (struct sockaddr *)&name, &len);
    answer("%d bytes", (int)len);
    answer("%s path", name.path[0] == 0 ? "an empty" : "a");
}

PROBE("row", unix_full_queue, "EAGAIN")
{
    struct unix_name name;
    raw_len len = (raw_len)sizeof name;
    int result = 0;
    need(unix_peer_has_streams(), "no Unix sockets");
    peer_socket listener = unix_peer_listen(unix_peer_path("full"), 1);
    need(listener != PEER_NONE &&
             getsockname((raw_socket)listener, (struct sockaddr *)&name, &len) == 0,
         "no listener of Unix sockets");
    for (int i = 0; i < 10 && result == 0; i++) {
        peer_socket client = raw_keep(socket(AF_UNIX, SOCK_STREAM, 0));
        (void)peer_raw_set_nonblocking(client, true);
        result = connect((raw_socket)client, (struct sockaddr *)&name, len);
    }
    answer("%s", raw_result(result));
}

RULE_TESTS("probes_unknown")
