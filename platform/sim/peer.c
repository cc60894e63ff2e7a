/* peer.c: the other hosts' sockets, as the test plays them. They never block and meet no faults;
 * their errors are the kinds alone. */
#include <string.h>

#include "platform/sim/network.h"

enum { BACKLOG_MAX = 4096 };

static fer_error plain_error(fer_error_kind kind)
{
    return (fer_error){kind, 0};
}

ferp_sim_socket *ferp_sim_peer_of(ferp_sim_world *world, fer_sim_peer peer)
{
    ferp_sim_socket *socket = ferp_sim_socket_of(world, peer);
    return socket != NULL && socket->is_peer && socket->kind != FERP_SIM_OTHER ? socket : NULL;
}

/* One that connections are for. */
static ferp_sim_socket *stream_peer_of(ferp_sim_world *world, fer_sim_peer peer)
{
    ferp_sim_socket *socket = ferp_sim_peer_of(world, peer);
    return socket != NULL && socket->kind == FERP_SIM_STREAM ? socket : NULL;
}

/* The peer of a call, by one of the two functions above, or the call's end. */
#define NEED_PEER(world, socket, found_by, peer)     \
    FERP_SIM_NEED(world)                             \
    ferp_sim_settle(world);                          \
    ferp_sim_socket *socket = found_by(world, peer); \
    if (socket == NULL) {                            \
        return plain_error(FER_INVALID_INPUT);       \
    }

static bool is_of_ip(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V4 || addr->ip.family == FER_IP_V6;
}

/* ---- Listening and connecting */

static ferp_sim_socket *peer_new(ferp_sim_world *world, fer_ip_family family, fer_sim_peer *out)
{
    fer_raw_socket raw = ferp_sim_make(FERP_SIM_STREAM, family);
    *out = raw;
    return raw == FER_RAW_SOCKET_NONE ? NULL : ferp_sim_socket_of(world, raw);
}

/* A peer's error has no number, and a port that is denied is one that is in use. */
static fer_error as_peers_see(fer_error error)
{
    return plain_error(error.kind == FER_PERMISSION_DENIED ? FER_ADDR_IN_USE : error.kind);
}

fer_error fer_sim_peer_listen(const fer_socket_addr *addr, int backlog, fer_sim_peer *out)
{
    FERP_SIM_NEED(world)
    if (addr == NULL || out == NULL || !is_of_ip(addr) || backlog < 1 || backlog > BACKLOG_MAX) {
        return plain_error(FER_INVALID_INPUT);
    }
    fer_sim_peer made = FER_SIM_PEER_NONE;
    ferp_sim_socket *socket = peer_new(world, addr->ip.family, &made);
    if (socket == NULL) {
        return plain_error(FER_TOO_MANY_OPEN_FILES);
    }
    socket->settings.only_v6 = false;
    socket->settings.reuse =
        true; /* a server that begins again, while its old connections are still open */
    fer_error error = as_peers_see(ferp_sim_claim_port(world, socket, addr));
    if (error.kind != FER_OK) {
        fer_sim_peer_close(made);
        return error;
    }
    socket->life = FERP_SIM_LISTENING;
    socket->backlog = backlog;
    *out = made;
    return ferp_sim_told(world, "peer listens", socket, error);
}

ferp_sim_socket *ferp_sim_peer_take(ferp_sim_world *world, ferp_sim_socket *listener,
                                    fer_sim_peer *out)
{
    if (listener->queue_first == FERP_SIM_NONE) {
        return NULL;
    }
    ferp_sim_socket *child = &world->sockets[listener->queue_first];
    fer_raw_socket raw = ferp_sim_handle_new(world, child);
    if (raw == FER_RAW_SOCKET_NONE) {
        return NULL;
    }
    (void)ferp_sim_take_queued(world, listener);
    ferp_sim_happens(world, "peer accepts", child);
    ferp_sim_news(world, child, 0);
    *out = raw;
    return child;
}

fer_error fer_sim_peer_accept(fer_sim_peer listener, fer_sim_peer *out)
{
    NEED_PEER(world, socket, stream_peer_of, listener)
    if (out == NULL || socket->life != FERP_SIM_LISTENING) {
        return plain_error(FER_INVALID_INPUT);
    }
    if (socket->queue_count == 0) {
        return plain_error(FER_WOULD_BLOCK);
    }
    return plain_error(ferp_sim_peer_take(world, socket, out) == NULL ? FER_TOO_MANY_OPEN_FILES
                                                                      : FER_OK);
}

static fer_error place_peer(ferp_sim_world *world, ferp_sim_socket *socket,
                            const fer_socket_addr *from, const fer_socket_addr *to)
{
    fer_socket_addr plain = ferp_sim_plain(to);
    if (from != NULL) {
        return as_peers_see(ferp_sim_claim_port(world, socket, from));
    }
    fer_ip_addr source = ferp_sim_source_for(socket, &plain.ip);
    return as_peers_see(ferp_sim_claim_any_port(world, socket, &source));
}

fer_error fer_sim_peer_connect(const fer_socket_addr *from, const fer_socket_addr *to,
                               fer_sim_peer *out)
{
    FERP_SIM_NEED(world)
    if (to == NULL || out == NULL || !is_of_ip(to) ||
        (from != NULL && from->ip.family != to->ip.family)) {
        return plain_error(FER_INVALID_INPUT);
    }
    fer_sim_peer made = FER_SIM_PEER_NONE;
    ferp_sim_socket *socket = peer_new(world, to->ip.family, &made);
    if (socket == NULL) {
        return plain_error(FER_TOO_MANY_OPEN_FILES);
    }
    fer_error error = place_peer(world, socket, from, to);
    if (error.kind != FER_OK) {
        fer_sim_peer_close(made);
        return error;
    }
    fer_socket_addr plain = ferp_sim_plain(to);
    *out = made;
    ferp_sim_record record = {.verb = "peer connects to", .socket = socket, .addr = &plain};
    ferp_sim_trace(world, &record);
    ferp_sim_begin_connect(world, socket, &plain);
    return FERP_SIM_OK;
}

/* ---- Bytes */

/* What keeps a peer from moving bytes: FER_OK where nothing does. */
static fer_error standing(const ferp_sim_world *world, const ferp_sim_socket *socket)
{
    switch (socket->life) {
    case FERP_SIM_CONNECTED: return FERP_SIM_OK;
    case FERP_SIM_CONNECTING: return plain_error(FER_WOULD_BLOCK);
    case FERP_SIM_FAILED: return plain_error(ferp_sim_error(world, socket->pending).kind);
    case FERP_SIM_DEAD: return plain_error(FER_CONNECTION_RESET);
    case FERP_SIM_FRESH:
    case FERP_SIM_LISTENING:
    default: return plain_error(FER_NOT_CONNECTED);
    }
}

static void store(size_t *n, size_t value)
{
    if (n != NULL) {
        *n = value;
    }
}

fer_error fer_sim_peer_send(fer_sim_peer peer, const void *buf, size_t len, size_t *n)
{
    store(n, 0);
    NEED_PEER(world, socket, stream_peer_of, peer)
    if (buf == NULL && len > 0) {
        return plain_error(FER_INVALID_INPUT);
    }
    FER_TRY(standing(world, socket));
    if (socket->shut_write) {
        return plain_error(FER_BROKEN_PIPE);
    }
    if (len == 0) {
        return FERP_SIM_OK;
    }
    size_t taken = ferp_sim_put(world, socket, buf, len);
    if (taken > 0) {
        ferp_sim_push(world, socket);
    }
    ferp_sim_record record = {
        .verb = "peer sends", .socket = socket, .has_bytes = true, .asked = len, .moved = taken};
    ferp_sim_trace(world, &record);
    store(n, taken);
    return plain_error(taken == 0 ? FER_WOULD_BLOCK : FER_OK);
}

static fer_error nothing_there(ferp_sim_world *world, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(world, socket);
    if (in != NULL && in->fin_arrived && !socket->got_reset) {
        return FERP_SIM_OK;
    }
    fer_error error = standing(world, socket);
    return error.kind == FER_OK ? plain_error(FER_WOULD_BLOCK) : error;
}

fer_error fer_sim_peer_receive(fer_sim_peer peer, void *buf, size_t len, size_t *n)
{
    store(n, 0);
    NEED_PEER(world, socket, stream_peer_of, peer)
    if (buf == NULL && len > 0) {
        return plain_error(FER_INVALID_INPUT);
    }
    size_t given = ferp_sim_copy(world, socket, 0, buf, len);
    if (len == 0 || given == 0) {
        return len == 0 ? FERP_SIM_OK : nothing_there(world, socket);
    }
    ferp_sim_drop(world, socket, given);
    ferp_sim_record record = {.verb = "peer receives",
                              .socket = socket,
                              .has_bytes = true,
                              .asked = given,
                              .moved = given};
    ferp_sim_trace(world, &record);
    store(n, given);
    return FERP_SIM_OK;
}

/* ---- Ends */

fer_error fer_sim_peer_shutdown(fer_sim_peer peer)
{
    NEED_PEER(world, socket, stream_peer_of, peer)
    if (socket->life != FERP_SIM_CONNECTED && socket->life != FERP_SIM_DEAD) {
        return plain_error(FER_NOT_CONNECTED);
    }
    ferp_sim_happens(world, "peer shuts down its writing", socket);
    ferp_sim_end_writing(world, socket);
    return FERP_SIM_OK;
}

static void let_go(ferp_sim_world *world, fer_sim_peer peer, ferp_sim_socket *socket,
                   const char *verb)
{
    ferp_sim_happens(world, verb, socket);
    ferp_sim_handle_of(world, peer)->socket = FERP_SIM_NONE;
    socket->handles--;
    if (socket->handles == 0) {
        ferp_sim_close_socket(world, socket);
    }
}

/* What is due happens first, and may have closed it. */
static ferp_sim_socket *settled_peer(ferp_sim_world *world, fer_sim_peer peer)
{
    if (world == NULL) {
        return NULL;
    }
    ferp_sim_settle(world);
    return ferp_sim_peer_of(world, peer);
}

void fer_sim_peer_close(fer_sim_peer peer)
{
    ferp_sim_world *world = ferp_sim_here();
    ferp_sim_socket *socket = settled_peer(world, peer);
    if (socket != NULL) {
        let_go(world, peer, socket, "peer closes");
    }
}

void fer_sim_peer_reset(fer_sim_peer peer)
{
    ferp_sim_world *world = ferp_sim_here();
    ferp_sim_socket *socket = settled_peer(world, peer);
    if (socket != NULL) {
        socket->settings.linger = (struct ferp_linger){true, 0};
        let_go(world, peer, socket, "peer resets");
    }
}

fer_error fer_sim_peer_local_addr(fer_sim_peer peer, fer_socket_addr *out)
{
    NEED_PEER(world, socket, ferp_sim_peer_of, peer)
    if (out == NULL) {
        return plain_error(FER_INVALID_INPUT);
    }
    *out = socket->local;
    return FERP_SIM_OK;
}

fer_error fer_sim_peer_remote_addr(fer_sim_peer peer, fer_socket_addr *out)
{
    NEED_PEER(world, socket, stream_peer_of, peer)
    if (out == NULL) {
        return plain_error(FER_INVALID_INPUT);
    }
    if (socket->life == FERP_SIM_FRESH || socket->life == FERP_SIM_LISTENING) {
        return plain_error(FER_NOT_CONNECTED);
    }
    *out = socket->remote;
    return FERP_SIM_OK;
}
