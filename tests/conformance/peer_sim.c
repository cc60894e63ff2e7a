/* peer_sim.c: the other side of a conformance test on the simulated network: scripted hosts' sockets on its loopback. The dialect is
 * fixed when this file is compiled. A peer that waits lets virtual time pass. */
#include "conformance/peer.h"

#include <stdlib.h>
#include <string.h>

#include "ferrule/ip.h"
#include "ferrule/sim.h"
#include "platform/sim/world.h"

#ifdef FERRULE_SIM_WINSOCK
#define DIALECT FER_SIM_WINSOCK
#else
#define DIALECT FER_SIM_POSIX
#endif

enum { PEERS_MAX = 512, SOCKETS_MAX = 1024, SOME_BYTES = 65536 };
#define MILLI UINT64_C(1000000)

static peer_socket open_peers[PEERS_MAX];
static size_t open_peer_count;

static ferp_sim_world *world(void) { return ferp_sim_here(); }

static ferp_sim_socket *socket_of(fer_raw_socket raw)
{
    static ferp_sim_socket none;
    ferp_sim_socket *socket = ferp_sim_socket_of(world(), raw);
    return socket != NULL ? socket : &none;
}

static peer_socket keep(peer_socket peer)
{
    if (peer == PEER_NONE || open_peer_count == PEERS_MAX) {
        return PEER_NONE;
    }
    open_peers[open_peer_count++] = peer;
    return peer;
}

static void forget(peer_socket peer)
{
    for (size_t i = 0; i < open_peer_count; i++) {
        if (open_peers[i] == peer) {
            open_peers[i] = open_peers[--open_peer_count];
            return;
        }
    }
}

/* ---- The program and its machine */

void peer_start(void)
{
    fer_sim_config config;
    memset(&config, 0, sizeof config);
    config.dialect = DIALECT;
    config.max_sockets = SOCKETS_MAX;
    config.lacks_keepalive_fields = getenv("FERRULE_SIM_OLD_WINDOWS") != NULL;
    if (getenv("FERRULE_SIM_LATENCY_US") != NULL) {
        config.loopback_latency = fer_duration_from_micros((uint64_t)atoi(getenv("FERRULE_SIM_LATENCY_US")));
    }
    FER_IGNORE(fer_sim_start(&config));
}

void peer_close_all(void)
{
    while (open_peer_count > 0) {
        peer_close(open_peers[open_peer_count - 1]);
    }
}

bool peer_is_windows(void) { return DIALECT == FER_SIM_WINSOCK; }
bool peer_is_wine(void) { return false; }
bool peer_has_v6(void) { return true; }
uint64_t peer_now_us(void) { return fer_sim_now().nanos / 1000u; }
void peer_pause(unsigned milliseconds) { FER_IGNORE(fer_sim_advance(fer_duration_from_millis(milliseconds))); }
size_t peer_open_handles(void) { return ferp_sim_handles_open(world()); }
bool peer_handle_count_is_exact(void) { return true; }

/* ---- Waiting. Each look is a function of one socket. */

typedef bool (*look_function)(const ferp_sim_socket *socket);

static bool wait_until(fer_raw_socket raw, look_function look, unsigned wait_ms)
{
    uint64_t end = ferp_now() + wait_ms * MILLI;
    ferp_sim_settle(world());
    while (!look(socket_of(raw))) {
        if (ferp_sim_pass_time(world(), end).kind != FER_OK) {
            return look(socket_of(raw));
        }
    }
    return true;
}

static bool is_queued(const ferp_sim_socket *socket) { return socket->queue_count > 0; }
static bool has_ended_connecting(const ferp_sim_socket *socket) { return socket->life != FERP_SIM_CONNECTING; }
static bool has_room(const ferp_sim_socket *socket)
{
    return ferp_sim_room(world(), socket) > 0 || socket->life == FERP_SIM_DEAD;
}

static bool has_input(const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(world(), socket);
    return ferp_sim_readable(world(), socket) > 0 || (in != NULL && in->fin_arrived) || socket->life == FERP_SIM_DEAD ||
           socket->shut_read || socket->queue_count > 0 || socket->datagram_count > 0;
}

static bool has_failed(const ferp_sim_socket *socket)
{
    if (socket->kind == FERP_SIM_DATAGRAM) {
        return socket->pending != FERP_SIM_NO_ERROR;
    }
    return socket->life == FERP_SIM_DEAD || socket->life == FERP_SIM_FAILED || ferp_sim_is_over(world(), socket);
}

/* ---- Connections */

static fer_socket_addr loopback_addr(peer_family family, uint16_t port)
{
    fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
    return family == PEER_V4 ? fer_socket_addr_new_v4(&v4, port) : fer_socket_addr_new_v6(&v6, port, 0, 0);
}

static peer_socket new_stream(peer_family family)
{
    return keep(ferp_sim_make(FERP_SIM_STREAM, family == PEER_V4 ? FER_IP_V4 : FER_IP_V6));
}

static peer_socket bind_loopback(peer_family family, uint16_t port, bool reuse)
{
    fer_socket_addr addr = loopback_addr(family, port);
    peer_socket peer = new_stream(family);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    socket_of(peer)->settings.reuse = reuse;
    if (ferp_bind(peer, &addr).kind != FER_OK) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

static peer_socket listen_on(peer_socket bound, int backlog)
{
    if (bound != PEER_NONE && ferp_listen(bound, backlog).kind != FER_OK) {
        peer_close(bound);
        return PEER_NONE;
    }
    return bound;
}

peer_socket peer_bind_only(peer_family family, uint16_t *port)
{
    peer_socket peer = bind_loopback(family, 0, false);
    *port = peer == PEER_NONE ? 0 : peer_local_port(peer);
    return peer;
}

peer_socket peer_listen(peer_family family, int backlog, uint16_t *port)
{
    return listen_on(peer_bind_only(family, port), backlog);
}

peer_socket peer_listen_at(peer_family family, uint16_t port) { return listen_on(bind_loopback(family, port, true), 16); }

bool peer_is_queued(peer_socket listener, unsigned wait_ms) { return wait_until(listener, is_queued, wait_ms); }

peer_socket peer_accept(peer_socket listener)
{
    fer_sim_peer accepted = FER_SIM_PEER_NONE;
    if (!peer_is_queued(listener, PEER_LIMIT_MS) || fer_sim_peer_accept(listener, &accepted).kind != FER_OK) {
        return PEER_NONE;
    }
    socket_of(accepted)->real_nonblocking = false;
    return keep(accepted);
}

/* A failed one is kept open, as a system's socket would be, and closed as one that nobody wants. */
peer_socket peer_connect_begin(peer_family family, uint16_t port)
{
    fer_socket_addr addr = loopback_addr(family, port);
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    FER_IGNORE(fer_sim_peer_connect(NULL, &addr, &peer));
    if (peer != FER_SIM_PEER_NONE && socket_of(peer)->life == FERP_SIM_FAILED) {
        fer_sim_peer_close(peer);
        return PEER_NONE;
    }
    return keep(peer);
}

bool peer_connect_ended(peer_socket peer, unsigned wait_ms)
{
    return wait_until(peer, has_ended_connecting, wait_ms) && socket_of(peer)->life == FERP_SIM_CONNECTED;
}

peer_socket peer_connect(peer_family family, uint16_t port)
{
    peer_socket peer = peer_connect_begin(family, port);
    if (peer != PEER_NONE && !peer_connect_ended(peer, PEER_LIMIT_MS)) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

bool peer_fill_backlog(peer_family family, uint16_t port)
{
    for (int tries = 0; tries < 64; tries++) {
        peer_socket filler = peer_connect_begin(family, port);
        if (filler == PEER_NONE) {
            return false;
        }
        if (!peer_connect_ended(filler, 300)) {
            return socket_of(filler)->life == FERP_SIM_CONNECTING;
        }
    }
    return false;
}

/* ---- Bytes */

bool peer_send_all(peer_socket peer, const void *buf, size_t len)
{
    const unsigned char *bytes = buf;
    size_t sent = 0;
    while (sent < len) {
        size_t n = 0;
        if (!wait_until(peer, has_room, PEER_LIMIT_MS)) {
            return false;
        }
        fer_error error = fer_sim_peer_send(peer, bytes + sent, len - sent, &n);
        if (error.kind != FER_OK && error.kind != FER_WOULD_BLOCK) {
            return false;
        }
        sent += n;
    }
    return true;
}

size_t peer_fill(peer_socket peer)
{
    static const unsigned char zeros[SOME_BYTES];
    size_t sent = 0;
    while (wait_until(peer, has_room, 50)) {
        size_t n = 0;
        if (fer_sim_peer_send(peer, zeros, sizeof zeros, &n).kind != FER_OK) {
            return sent;
        }
        sent += n;
    }
    return sent;
}

peer_outcome peer_recv_some(peer_socket peer, void *buf, size_t cap, size_t *n)
{
    *n = 0;
    if (!wait_until(peer, has_input, PEER_LIMIT_MS)) {
        return PEER_STUCK;
    }
    if (fer_sim_peer_receive(peer, buf, cap, n).kind != FER_OK) {
        return PEER_RESET;
    }
    return *n > 0 ? PEER_GOT : PEER_END;
}

bool peer_recv_exact(peer_socket peer, void *buf, size_t len)
{
    unsigned char *bytes = buf;
    size_t got = 0;
    while (got < len) {
        size_t n = 0;
        if (peer_recv_some(peer, bytes + got, len - got, &n) != PEER_GOT) {
            return false;
        }
        got += n;
    }
    return true;
}

bool peer_shutdown_write(peer_socket peer) { return fer_sim_peer_shutdown(peer).kind == FER_OK; }

void peer_close(peer_socket peer)
{
    forget(peer);
    ferp_close(peer);
}

void peer_reset(peer_socket peer)
{
    socket_of(peer)->settings.linger = (struct ferp_linger){true, 0};
    peer_close(peer);
}

uint16_t peer_local_port(peer_socket peer) { return socket_of(peer)->local.port; }
uint16_t peer_remote_port(peer_socket peer) { return socket_of(peer)->remote.port; }

/* ---- Sockets to give away and to take */

peer_socket peer_unconnected(void) { return new_stream(PEER_V4); }
fer_raw_socket peer_not_a_socket(void) { return ferp_sim_make(FERP_SIM_OTHER, FER_IP_V4); }
void peer_close_not_a_socket(fer_raw_socket raw) { ferp_close(raw); }

bool peer_is_open(fer_raw_socket raw)
{
    const ferp_sim_socket *socket = ferp_sim_socket_of(world(), raw);
    return socket != NULL && socket->kind != FERP_SIM_OTHER;
}

void peer_give_away(peer_socket peer)
{
    socket_of(peer)->is_peer = false;
    forget(peer);
}

void peer_take(fer_raw_socket raw)
{
    socket_of(raw)->is_peer = true;
    (void)keep(raw);
}

/* ---- Looks at a raw socket */

bool peer_raw_wait_readable(fer_raw_socket raw) { return wait_until(raw, has_input, PEER_LIMIT_MS); }
bool peer_raw_wait_failed(fer_raw_socket raw) { return wait_until(raw, has_failed, PEER_LIMIT_MS); }
bool peer_raw_has_failed(fer_raw_socket raw) { return wait_until(raw, has_failed, 0); }
bool peer_raw_is_inheritable(fer_raw_socket raw) { return ferp_sim_handle_of(world(), raw)->inheritable; }

bool peer_raw_set_inheritable(fer_raw_socket raw, bool inheritable)
{
    ferp_sim_handle_of(world(), raw)->inheritable = inheritable;
    return true;
}

bool peer_raw_is_nonblocking(fer_raw_socket raw)
{
    return peer_is_windows() ? socket_of(raw)->real_nonblocking : socket_of(raw)->settings.nonblocking;
}

bool peer_raw_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    if (peer_is_windows()) {
        socket_of(raw)->real_nonblocking = nonblocking;
    } else {
        socket_of(raw)->settings.nonblocking = nonblocking;
    }
    return true;
}

static fer_duration duration_of(unsigned milliseconds)
{
    return milliseconds == 0 ? FER_DURATION_NONE : fer_duration_from_millis(milliseconds);
}

bool peer_raw_set_timeouts(fer_raw_socket raw, unsigned milliseconds)
{
    return ferp_set_timeout(raw, FERP_READING, duration_of(milliseconds)).kind == FER_OK &&
           ferp_set_timeout(raw, FERP_WRITING, duration_of(milliseconds)).kind == FER_OK;
}

static unsigned millis_of(fer_duration timeout)
{
    return fer_duration_is_none(timeout) ? 0 : (unsigned)(timeout.nanos / MILLI);
}

bool peer_raw_timeouts(fer_raw_socket raw, unsigned *read_ms, unsigned *write_ms)
{
    *read_ms = millis_of(socket_of(raw)->settings.timeouts[FERP_READING]);
    *write_ms = millis_of(socket_of(raw)->settings.timeouts[FERP_WRITING]);
    return true;
}

int peer_raw_backlog(fer_raw_socket raw) { return socket_of(raw)->backlog; }

static int option_of(fer_raw_socket raw, ferp_option option)
{
    uint32_t value = 0;
    return ferp_option_value(raw, option, &value).kind == FER_OK ? (int)value : -1;
}

int peer_raw_hops(fer_raw_socket raw, peer_family family)
{
    return option_of(raw, family == PEER_V4 ? FERP_TTL_V4 : FERP_HOPS_V6);
}

int peer_raw_reuses_address(fer_raw_socket raw) { return option_of(raw, FERP_REUSE_ADDRESS); }
int peer_raw_is_exclusive(fer_raw_socket raw) { return option_of(raw, FERP_EXCLUSIVE_ADDRESS); }
int peer_raw_only_v6(fer_raw_socket raw) { return option_of(raw, FERP_ONLY_V6); }
bool peer_raw_has_keepalive_options(fer_raw_socket raw) { return option_of(raw, FERP_KEEPALIVE_RETRIES) != -1; }

bool peer_raw_set_user_timeout(fer_raw_socket raw, unsigned milliseconds)
{
    (void)raw;
    (void)milliseconds;
    return false;
}

/* ---- Datagrams */

peer_socket peer_datagram(peer_family family, uint16_t *port)
{
    fer_socket_addr addr = loopback_addr(family, 0);
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    FER_IGNORE(fer_sim_peer_bind(&addr, &peer));
    *port = peer == FER_SIM_PEER_NONE ? 0 : peer_local_port(peer);
    return keep(peer);
}

bool peer_datagram_connect(peer_socket peer, peer_family family, uint16_t port)
{
    fer_socket_addr addr = loopback_addr(family, port);
    return ferp_connect(peer, &addr).kind == FER_OK;
}

bool peer_datagram_send(peer_socket peer, peer_family family, uint16_t port, const void *buf, size_t len)
{
    fer_socket_addr addr = loopback_addr(family, port);
    return fer_sim_peer_send_to(peer, buf, len, &addr).kind == FER_OK;
}

peer_outcome peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n, uint16_t *port)
{
    fer_datagram got;
    *n = 0;
    if (!wait_until(peer, has_input, PEER_LIMIT_MS) || fer_sim_peer_receive_from(peer, buf, cap, &got).kind != FER_OK) {
        return PEER_STUCK;
    }
    *n = got.len;
    *port = got.from.port;
    return PEER_GOT;
}
