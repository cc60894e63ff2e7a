/* few_ports.c: a network namespace that has PORTS ephemeral ports, which network.sh prepares. Each
 * peer can have as many connections from a local address (rule C2), and no datagram socket waits
 * for a port. */
#include <stddef.h>
#include <stdint.h>

#include "conformance/between.h"
#include "ferrule/socket.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"

enum { PORTS = 4, PEERS = 12, FIRST_PEER = 42001 };

static fer_socket_addr peer_of(const fer_socket_addr *local, size_t i)
{
    fer_socket_addr addr = *local;
    addr.port = (uint16_t)(FIRST_PEER + i);
    return addr;
}

static fer_error connect_to(fer_tcp_stream *stream, const fer_socket_addr *local, size_t peer)
{
    const fer_socket_addr addr = peer_of(local, peer);
    const fer_connect_options options = {.local = local};
    return fer_tcp_stream_connect_addrs(stream, &addr, 1, &options);
}

static void connect_from(const char *text)
{
    static fer_tcp_listener listeners[PEERS];
    static fer_tcp_stream streams[PEERS + PORTS];
    fer_socket_addr local;
    size_t used = 0;
    check(fer_socket_addr_parse(&local, text), text);
    for (size_t i = 0; i < PEERS; i++) {
        const fer_socket_addr addr = peer_of(&local, i);
        check(fer_tcp_listener_bind_addr(&listeners[i], &addr), "bind_addr");
        check(connect_to(&streams[used++], &local, i), "connect to another peer");
    }
    for (size_t i = 1; i < PORTS; i++) {
        check(connect_to(&streams[used++], &local, 0), "connect to the first peer");
    }
    check_kind(connect_to(&streams[used], &local, 0), FER_ADDR_NOT_AVAILABLE, "no port is left");
    for (size_t i = 0; i < PEERS + PORTS; i++) {
        fer_tcp_stream_close(&streams[i]);
    }
    for (size_t i = 0; i < PEERS; i++) {
        fer_tcp_listener_close(&listeners[i]);
    }
}

/* In each way that a send can wait. In the last round there is a port. */
static void send_without_a_port(void)
{
    static fer_udp_socket holders[PORTS];
    const fer_duration minute = fer_duration_from_secs(60);
    const fer_limits limits = {.deadline = fer_instant_after(minute)};
    fer_socket_addr to;
    for (size_t i = 0; i < PORTS; i++) {
        check(fer_udp_socket_bind(&holders[i], "127.0.0.1:0"), "bind");
    }
    check(fer_udp_socket_local_addr(&holders[0], &to), "local_addr");
    for (int round = 0; round < 5; round++) {
        fer_socket built = {0};
        fer_udp_socket socket = {0};
        size_t n = 7;
        if (round == 4) {
            fer_udp_socket_close(&holders[1]);
        }
        fer_error_kind kind = round == 4 ? FER_OK : FER_ADDR_NOT_AVAILABLE;
        check(fer_socket_new(&built, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0), "socket");
        check(fer_socket_into_udp_socket(&built, &socket), "into_udp_socket");
        check(fer_udp_socket_set_nonblocking(&socket, round == 1), "set_nonblocking");
        check(fer_udp_socket_set_write_timeout(&socket, round == 2 ? minute : FER_DURATION_NONE),
              "set_write_timeout");
        check(fer_udp_socket_set_limits(&socket, round == 3 ? &limits : NULL), "set_limits");
        check_kind(fer_udp_socket_send_to(&socket, "x", 1, &to, &n), kind, "send_to");
        if (n != (round == 4)) {
            fail("the count of send_to");
        }
        check_kind(fer_udp_socket_try_send_to(&socket, "x", 1, &to, &n), kind, "try_send_to");
        check_kind(fer_udp_socket_connect_addr(&socket, &to), kind, "connect_addr");
        fer_udp_socket_close(&socket);
    }
    for (size_t i = 0; i < PORTS; i++) {
        fer_udp_socket_close(&holders[i]);
    }
}

int main(void)
{
    send_without_a_port();
    connect_from("127.0.0.1:0");
    connect_from("[::1]:0");
    return 0;
}
