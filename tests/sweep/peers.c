/* peers.c: the peers of the sweep over a real system: those of the conformance tests. posix.c and
 * winsock.c have what differs. */
#include <stdio.h>

#include "conformance/unix_peer.h"
#include "support/file.h"
#include "sweep/world.h"

struct stage stage;

static fer_socket_addr at_port(uint16_t port)
{
    return fer_socket_addr_v4_new(loopback_v4, port);
}

void stage_set(void)
{
    uint16_t port = 0;
    stage.file = test_file_new(pattern, BYTES);
    prepare_system();
    peer_start();
    snprintf(stage.path, sizeof stage.path, "%s", unix_peer_path("listener"));
    snprintf(stage.gram_path, sizeof stage.gram_path, "%s", unix_peer_path("datagrams"));
    snprintf(stage.free_path, sizeof stage.free_path, "%s", unix_peer_path("free"));
    stage.tcp_listener = peer_listen(PEER_V4, 64, &port);
    stage.tcp_addr = at_port(port);
    stage.udp = peer_datagram(PEER_V4, &port);
    stage.udp_addr = at_port(port);
    stage.unix_listener = unix_peer_listen(stage.path, 64);
    stage.gram = unix_peer_datagram(stage.gram_path);
    REQUIRE(stage.tcp_listener != PEER_NONE && stage.udp != PEER_NONE);
    REQUIRE(stage.unix_listener != PEER_NONE);
}

void stage_clear(void)
{
    peer_close_all();
    unix_peer_remove_all();
    test_file_close(stage.file);
}

fer_raw_socket accept_client(fer_raw_socket listener)
{
    return peer_is_queued(listener, 0) ? peer_accept(listener) : PEER_NONE;
}

fer_raw_socket connect_client(const fer_socket_addr *addr, const char *path)
{
    return addr != NULL ? peer_connect(PEER_V4, addr->port) : unix_peer_connect(path, NULL);
}

void send_pattern(fer_raw_socket peer)
{
    REQUIRE(peer_send_all(peer, pattern, BYTES));
}

void end_sending(fer_raw_socket peer)
{
    REQUIRE(peer_shutdown_write(peer));
}

void reset_peer(fer_raw_socket peer)
{
    if (peer != PEER_NONE) {
        peer_reset(peer);
    }
}

/* The receiver of a Unix datagram has the free path. */
void send_two(fer_raw_socket peer, fer_raw_socket to)
{
    for (int i = 0; i < 2; i++) {
        REQUIRE(peer == stage.gram
                    ? unix_peer_datagram_send(peer, stage.free_path, pattern, BYTES)
                    : peer_datagram_send(peer, PEER_V4, peer_local_port(to), pattern, BYTES));
    }
}

size_t drain(fer_raw_socket raw, bool counts_bytes, char *buf, size_t cap)
{
    size_t total = 0, n = 0;
    uint16_t port;
    while (raw != PEER_NONE && peer_is_queued(raw, 0) &&
           (counts_bytes ? peer_recv_some(raw, buf + total, cap - total, &n)
                         : peer_datagram_receive(raw, buf, cap, &n, &port)) == PEER_GOT) {
        total += counts_bytes ? n : 1;
    }
    return total;
}
