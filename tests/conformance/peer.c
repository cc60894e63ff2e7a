/* peer.c: the parts of the conformance tests' peers that are the same on every system: the list of
 * open peers, and functions that are built from the system's operations. */
#include "conformance/peer_system.h"

enum { PEERS_MAX = 1024, SOME_BYTES = 65536, CONNECTS_MAX = 64 };

static peer_socket open_peers[PEERS_MAX];
static size_t open_peer_count;
static uint16_t refusing_ports[2]; /* of each family, 0 if not used yet */

peer_socket peer_list_add(peer_socket peer)
{
    if (peer == PEER_NONE || open_peer_count == PEERS_MAX) {
        return PEER_NONE;
    }
    open_peers[open_peer_count++] = peer;
    return peer;
}

void peer_list_remove(peer_socket peer)
{
    for (size_t i = 0; i < open_peer_count; i++) {
        if (open_peers[i] == peer) {
            open_peers[i] = open_peers[--open_peer_count];
            return;
        }
    }
}

void peer_close_all(void)
{
    while (open_peer_count > 0) {
        peer_close(open_peers[open_peer_count - 1]);
    }
    refusing_ports[PEER_V4] = 0;
    refusing_ports[PEER_V6] = 0;
}

/* ---- Connections */

peer_socket peer_bind_only(peer_family family, uint16_t *port)
{
    peer_socket peer = peer_system_bind(family, 0, false);
    *port = peer == PEER_NONE ? 0 : peer_local_port(peer);
    return peer;
}

static peer_socket listen_on(peer_socket bound, int backlog)
{
    if (bound != PEER_NONE && !peer_system_listen(bound, backlog)) {
        peer_close(bound);
        return PEER_NONE;
    }
    return bound;
}

peer_socket peer_listen(peer_family family, int backlog, uint16_t *port)
{
    return listen_on(peer_bind_only(family, port), backlog);
}

/* The keeper is bound to the same port and never listens, so that the OS assigns the port to no
 * other socket. Both must reuse addresses, before the listener listens (inet_csk_bind_conflict in
 * Linux). If the OS shares no port in that way, there is no keeper. */
peer_socket peer_listen_kept(peer_family family, int backlog, uint16_t *port)
{
    if (!peer_system_bound_port_refuses()) {
        return peer_listen(family, backlog, port);
    }
    peer_socket keeper = peer_system_bind(family, 0, true);
    *port = keeper == PEER_NONE ? 0 : peer_local_port(keeper);
    peer_socket bound = keeper == PEER_NONE ? PEER_NONE : peer_system_bind(family, *port, true);
    if (bound != PEER_NONE) {
        return listen_on(bound, backlog);
    }
    if (keeper != PEER_NONE) {
        peer_close(keeper);
    }
    return peer_listen(family, backlog, port);
}

peer_socket peer_listen_at(peer_family family, uint16_t port)
{
    return listen_on(peer_system_bind(family, port, true), 16);
}

/* If this fails, another socket has the port, and it is not chosen either. */
void peer_keep_from_v6(uint16_t port)
{
    (void)peer_listen_at(PEER_V6, port);
}

/* The local port of a connection refuses connects on every system, because no socket listens
 * there. One for each family serves the whole test. */
static bool refuse_at_connected_port(peer_family family, uint16_t *port)
{
    uint16_t listening = 0;
    *port = refusing_ports[family];
    if (*port != 0) {
        return true;
    }
    peer_socket listener = peer_listen(family, 1, &listening);
    peer_socket keeper = listener == PEER_NONE ? PEER_NONE : peer_connect(family, listening);
    bool is_connected = keeper != PEER_NONE && peer_accept(listener) != PEER_NONE;
    if (listener != PEER_NONE) {
        peer_close(listener);
    }
    *port = is_connected ? peer_local_port(keeper) : 0;
    refusing_ports[family] = *port;
    return is_connected;
}

bool peer_refuse(peer_family family, uint16_t *port)
{
    return peer_system_bound_port_refuses() ? peer_bind_only(family, port) != PEER_NONE
                                            : refuse_at_connected_port(family, port);
}

bool peer_has_v6(void)
{
    uint16_t port = 0;
    peer_socket peer = peer_bind_only(PEER_V6, &port);
    bool has = peer != PEER_NONE;
    if (has) {
        peer_close(peer);
    }
    return has;
}

static peer_socket connect_once(peer_family family, uint16_t port)
{
    peer_socket peer = peer_connect_begin(family, port);
    if (peer != PEER_NONE && !peer_connect_ended(peer, PEER_LIMIT_MS)) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

/* NetBSD may choose the port of a dual-stack listener for an IPv4 socket, which then connects to
 * itself ("connect_to_itself"). While that is open, the next has another port. */
peer_socket peer_connect(peer_family family, uint16_t port)
{
    peer_socket peer = connect_once(family, port);
    bool is_to_itself = peer != PEER_NONE && peer_local_port(peer) == port;
    return is_to_itself ? connect_once(family, port) : peer;
}

/* A connect that ends later than this is taken for one that finds no room. */
enum { ANSWER_LIMIT_MS = 300 };

bool peer_fill_backlog(peer_family family, uint16_t port)
{
    for (int tries = 0; tries < CONNECTS_MAX; tries++) {
        peer_socket filler = peer_connect_begin(family, port);
        if (filler == PEER_NONE) {
            return false;
        }
        if (!peer_connect_ended(filler, ANSWER_LIMIT_MS)) {
            /* XNU may reset one of two connects that wait (row full_backlog) */
            bool waits = peer_system_still_connects(filler);
            peer_close(filler);
            return waits;
        }
    }
    return false;
}

bool peer_stop_answering(peer_family family, uint16_t port)
{
    return peer_system_set_silent(family, port, true) || peer_fill_backlog(family, port);
}

void peer_resume_answering(peer_family family, uint16_t port)
{
    (void)peer_system_set_silent(family, port, false);
}

/* ---- Bytes */

bool peer_send_all(peer_socket peer, const void *buf, size_t len)
{
    const unsigned char *bytes = buf;
    size_t sent = 0;
    while (sent < len) {
        size_t n = 0;
        if (!peer_system_wait_for_space(peer, PEER_LIMIT_MS) ||
            !peer_system_send(peer, bytes + sent, len - sent, &n)) {
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
    size_t n = 1;
    while (n > 0 && peer_system_wait_for_space(peer, 50) &&
           peer_system_send(peer, zeros, sizeof zeros, &n)) {
        sent += n;
    }
    return sent;
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
