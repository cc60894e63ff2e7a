/* few_ports.c: connects from a local address in a network namespace that has PORTS ephemeral ports:
 * each peer can have as many connections (rule C2). network.sh prepares the namespace. */
#include <stddef.h>
#include <stdint.h>

#include "conformance/between.h"
#include "ferrule/tcp.h"

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

int main(void)
{
    connect_from("127.0.0.1:0");
    connect_from("[::1]:0");
    return 0;
}
