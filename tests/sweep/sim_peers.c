/* sim_peers.c: the peers on the simulated network, which live as long as a simulation: its own
 * peers, and for Unix sockets what is below ferrule. */
#include <string.h>

#include "ferrule/sim.h"
#include "platform/sim/network.h"
#include "sweep/world.h"

struct stage stage;

void stage_set(void)
{
    strcpy(stage.path, "/listener");
    strcpy(stage.gram_path, "/datagrams");
    strcpy(stage.free_path, "/free");
}

void stage_clear(void)
{
}

void free_the_path(void)
{
    FER_IGNORE(fer_sim_remove_path(stage.free_path));
}

static ferp_sim_socket *socket_of(fer_raw_socket raw)
{
    return ferp_sim_socket_of(ferp_sim_current(), raw);
}

void settle(void)
{
    FER_IGNORE(fer_sim_advance(fer_duration_from_millis(1)));
}

/* -1: the system lacks it. */
static fer_raw_socket new_unix(fer_type type, const char *path)
{
    fer_unix_addr addr;
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    if (ferp_socket_new(FER_DOMAIN_UNIX, type, 0, &raw).kind != FER_OK) {
        return FER_RAW_SOCKET_NONE;
    }
    socket_of(raw)->is_peer = true;
    REQUIRE_OK(ferp_set_nonblocking(raw, true));
    if (path != NULL) {
        REQUIRE_OK(fer_unix_addr_from_pathname(&addr, path));
        REQUIRE_OK(ferp_unix_bind(raw, &addr));
    }
    return raw;
}

void stage_open(void)
{
    fer_socket_addr any = fer_socket_addr_v4_new(loopback_v4, 0);
    REQUIRE_OK(fer_sim_file_new(pattern, BYTES, &stage.file));
    REQUIRE_OK(fer_sim_peer_listen(&any, 8, &stage.tcp_listener));
    REQUIRE_OK(fer_sim_peer_local_addr(stage.tcp_listener, &stage.tcp_addr));
    REQUIRE_OK(fer_sim_peer_bind(&any, &stage.udp));
    REQUIRE_OK(fer_sim_peer_local_addr(stage.udp, &stage.udp_addr));
    stage.unix_listener = new_unix(FER_TYPE_STREAM, stage.path);
    REQUIRE_OK(ferp_listen(stage.unix_listener, 8));
    stage.gram = new_unix(FER_TYPE_DGRAM, stage.gram_path);
}

void stage_close(void)
{
    fer_raw_socket *sockets[] = {&stage.tcp_listener, &stage.udp, &stage.unix_listener,
                                 &stage.gram};
    for (int i = 0; i < 4; i++) {
        reset_peer(*sockets[i]);
        *sockets[i] = FER_RAW_SOCKET_NONE;
    }
    fer_sim_file_close(stage.file);
}

fer_raw_socket accept_client(fer_raw_socket listener)
{
    fer_sim_peer accepted = FER_SIM_PEER_NONE;
    settle();
    FER_IGNORE(fer_sim_peer_accept(listener, &accepted));
    return accepted;
}

fer_raw_socket connect_client(const fer_socket_addr *addr, const char *path)
{
    fer_unix_addr name;
    fer_raw_socket peer = FER_RAW_SOCKET_NONE;
    if (addr != NULL) {
        FER_IGNORE(fer_sim_peer_connect(NULL, addr, &peer));
    } else {
        peer = new_unix(FER_TYPE_STREAM, NULL);
        REQUIRE_OK(fer_unix_addr_from_pathname(&name, path));
        FER_IGNORE(ferp_unix_connect(peer, &name));
    }
    settle();
    return peer;
}

void send_pattern(fer_raw_socket peer)
{
    size_t n = 0;
    FER_IGNORE(fer_sim_peer_send(peer, pattern, BYTES, &n));
    settle();
}

void end_sending(fer_raw_socket peer)
{
    FER_IGNORE(fer_sim_peer_shutdown(peer));
    settle();
}

void reset_peer(fer_raw_socket peer)
{
    if (peer != FER_RAW_SOCKET_NONE && socket_of(peer) != NULL) {
        socket_of(peer)->settings.linger = (struct ferp_linger){true, 0};
        ferp_close(peer);
    }
}

void send_two(fer_raw_socket peer, fer_raw_socket to)
{
    fer_socket_addr addr;
    fer_unix_addr name;
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        if (socket_of(to)->is_unix) {
            REQUIRE_OK(ferp_unix_local_addr(to, &name));
            FER_IGNORE(ferp_unix_send_to(peer, pattern, BYTES, FERP_DONTWAIT, &name, &n));
        } else {
            REQUIRE_OK(ferp_local_addr(to, &addr));
            FER_IGNORE(fer_sim_peer_send_to(peer, pattern, BYTES, &addr));
        }
    }
    settle();
}

static fer_error receive_one(fer_raw_socket raw, bool is_stream, char *buf, size_t cap, size_t *n)
{
    fer_udp_received datagram;
    fer_unix_received unix_datagram;
    if (is_stream) {
        return ferp_recv(raw, buf, cap, FERP_DONTWAIT, n);
    }
    *n = 1;
    return socket_of(raw)->is_unix
               ? ferp_unix_recv_from(raw, buf, cap, FERP_DONTWAIT, &unix_datagram)
               : ferp_recv_from(raw, buf, cap, FERP_DONTWAIT, &datagram);
}

/* A packet that was lost with a soft error is sent again within a second. */
size_t drain(fer_raw_socket raw, bool counts_bytes, char *buf, size_t cap)
{
    size_t total = 0;
    FER_IGNORE(fer_sim_advance(fer_duration_from_millis(counts_bytes ? 1000 : 1)));
    while (raw != FER_RAW_SOCKET_NONE && socket_of(raw) != NULL) {
        size_t n = 0;
        size_t at = counts_bytes ? total : 0;
        if (receive_one(raw, counts_bytes, buf + at, cap - at, &n).kind != FER_OK || n == 0) {
            break;
        }
        total += n;
    }
    return total;
}

size_t queued_bytes(fer_raw_socket raw)
{
    size_t n = 0;
    REQUIRE_OK(ferp_bytes_queued(raw, &n));
    return n;
}

/* The program's. */
int count_open(void)
{
    const ferp_sim_network *network = ferp_sim_current();
    int count = 0;
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        int socket = network->handles[i].socket;
        count += socket != FERP_SIM_NONE && !network->sockets[socket].is_peer;
    }
    return count;
}
