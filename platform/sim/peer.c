/* peer.c: the stream sockets of the other hosts, which the test controls. They never block and meet
 * no faults. Their errors have a kind but no OS code. */
#include <string.h>

#include "platform/sim/network.h"

enum { BACKLOG_MAX = 4096 };

static fer_error error_of_kind(fer_error_kind kind)
{
    return (fer_error){kind, 0};
}

ferp_sim_socket *ferp_sim_peer_of(ferp_sim_network *network, fer_sim_peer peer)
{
    ferp_sim_socket *socket = ferp_sim_socket_of(network, peer);
    return socket != NULL && socket->is_peer && socket->kind != FERP_SIM_OTHER ? socket : NULL;
}

/* Returns NULL for a datagram peer too. */
static ferp_sim_socket *stream_peer_of(ferp_sim_network *network, fer_sim_peer peer)
{
    ferp_sim_socket *socket = ferp_sim_peer_of(network, peer);
    return socket != NULL && socket->kind == FERP_SIM_STREAM ? socket : NULL;
}

/* Defines the network and the peer of a call, by one of the two functions above, or returns
 * INVALID_INPUT from it. */
#define REQUIRE_PEER(network, socket, found_by, peer)  \
    FERP_SIM_REQUIRE(network)                          \
    ferp_sim_run_due_events(network);                  \
    ferp_sim_socket *socket = found_by(network, peer); \
    if (socket == NULL) {                              \
        return error_of_kind(FER_INVALID_INPUT);       \
    }

static bool is_ip(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V4 || addr->ip.family == FER_IP_V6;
}

/* ---- Listening and connecting */

static ferp_sim_socket *peer_new(ferp_sim_network *network, fer_ip_family family, fer_sim_peer *out)
{
    fer_raw_socket raw = ferp_sim_make_peer(FERP_SIM_STREAM, family);
    *out = raw;
    return raw == FER_RAW_SOCKET_NONE ? NULL : ferp_sim_socket_of(network, raw);
}

/* Removes the OS code. A denied port is reported as a port in use. */
static fer_error as_peer_error(fer_error error)
{
    return error_of_kind(error.kind == FER_PERMISSION_DENIED ? FER_ADDR_IN_USE : error.kind);
}

fer_error fer_sim_peer_listen(const fer_socket_addr *addr, int backlog, fer_sim_peer *out)
{
    FERP_SIM_REQUIRE(network)
    if (addr == NULL || out == NULL || !is_ip(addr) || backlog < 1 || backlog > BACKLOG_MAX) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    fer_sim_peer new_peer = FER_SIM_PEER_NONE;
    ferp_sim_socket *socket = peer_new(network, addr->ip.family, &new_peer);
    if (socket == NULL) {
        return error_of_kind(FER_TOO_MANY_OPEN_FILES);
    }
    socket->settings.options[FERP_ONLY_V6] = false;
    /* A restarted server can listen while its earlier connections are still open. */
    socket->settings.options[FERP_REUSE_ADDRESS] = true;
    fer_error error = as_peer_error(ferp_sim_claim_port(network, socket, addr));
    if (error.kind != FER_OK) {
        fer_sim_peer_close(new_peer);
        return error;
    }
    socket->state = FERP_SIM_LISTENING;
    socket->backlog = backlog;
    *out = new_peer;
    return ferp_sim_trace_call(network, "peer listens", socket, error);
}

ferp_sim_socket *ferp_sim_peer_take(ferp_sim_network *network, ferp_sim_socket *listener,
                                    fer_sim_peer *out)
{
    if (listener->queue_first == FERP_SIM_NONE) {
        return NULL;
    }
    ferp_sim_socket *child = &network->sockets[listener->queue_first];
    fer_raw_socket raw = ferp_sim_handle_new(network, child);
    if (raw == FER_RAW_SOCKET_NONE) {
        return NULL;
    }
    (void)ferp_sim_take_queued(network, listener);
    ferp_sim_trace_event(network, "peer accepts", child);
    ferp_sim_post_peer_events(network, child, 0);
    *out = raw;
    return child;
}

fer_error fer_sim_peer_accept(fer_sim_peer listener, fer_sim_peer *out)
{
    REQUIRE_PEER(network, socket, stream_peer_of, listener)
    if (out == NULL || socket->state != FERP_SIM_LISTENING) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    if (socket->queue_count == 0) {
        return error_of_kind(FER_WOULD_BLOCK);
    }
    return error_of_kind(ferp_sim_peer_take(network, socket, out) == NULL ? FER_TOO_MANY_OPEN_FILES
                                                                          : FER_OK);
}

static fer_error bind_peer(ferp_sim_network *network, ferp_sim_socket *socket,
                           const fer_socket_addr *from, const fer_socket_addr *to)
{
    fer_socket_addr canonical = ferp_sim_canonical(to);
    if (from != NULL) {
        return as_peer_error(ferp_sim_claim_port(network, socket, from));
    }
    fer_ip_addr source = ferp_sim_source_for(socket, &canonical.ip);
    return as_peer_error(ferp_sim_claim_any_port(network, socket, &source));
}

fer_error fer_sim_peer_connect(const fer_socket_addr *from, const fer_socket_addr *to,
                               fer_sim_peer *out)
{
    FERP_SIM_REQUIRE(network)
    if (to == NULL || out == NULL || !is_ip(to) ||
        (from != NULL && from->ip.family != to->ip.family)) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    fer_sim_peer new_peer = FER_SIM_PEER_NONE;
    ferp_sim_socket *socket = peer_new(network, to->ip.family, &new_peer);
    if (socket == NULL) {
        return error_of_kind(FER_TOO_MANY_OPEN_FILES);
    }
    fer_error error = bind_peer(network, socket, from, to);
    if (error.kind != FER_OK) {
        fer_sim_peer_close(new_peer);
        return error;
    }
    fer_socket_addr canonical = ferp_sim_canonical(to);
    *out = new_peer;
    ferp_sim_record record = {.verb = "peer connects to", .socket = socket, .addr = &canonical};
    ferp_sim_trace(network, &record);
    ferp_sim_begin_connect(network, socket, &canonical);
    return FERP_SIM_OK;
}

/* ---- Bytes */

/* Returns FER_OK if the peer can send and receive, or the reason why it cannot. */
static fer_error stream_status(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    switch (socket->state) {
    case FERP_SIM_CONNECTED: return FERP_SIM_OK;
    case FERP_SIM_CONNECTING: return error_of_kind(FER_WOULD_BLOCK);
    case FERP_SIM_FAILED: return error_of_kind(ferp_sim_error(network, socket->pending).kind);
    case FERP_SIM_CONNECTION_RESET: return error_of_kind(FER_CONNECTION_RESET);
    case FERP_SIM_UNCONNECTED:
    case FERP_SIM_LISTENING:
    default: return error_of_kind(FER_NOT_CONNECTED);
    }
}

static void store(size_t *n, size_t value)
{
    if (n != NULL) {
        *n = value;
    }
}

static fer_error send_bytes(fer_sim_peer peer, const void *buf, size_t len, bool is_urgent,
                            size_t *n)
{
    store(n, 0);
    REQUIRE_PEER(network, socket, stream_peer_of, peer)
    if (buf == NULL && len > 0) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    FER_TRY(stream_status(network, socket));
    if (socket->shut_write) {
        return error_of_kind(FER_BROKEN_PIPE);
    }
    if (len == 0) {
        return FERP_SIM_OK;
    }
    if (is_urgent && ferp_sim_pipe_out(network, socket)->has_mark) {
        return error_of_kind(FER_WOULD_BLOCK);
    }
    size_t acceptable = ferp_sim_acceptable(network, socket);
    size_t taken = len < acceptable ? len : acceptable;
    ferp_sim_put(network, socket, buf, taken);
    if (is_urgent && taken == len) {
        ferp_sim_mark_last(network, socket);
    }
    if (taken > 0) {
        ferp_sim_push(network, socket);
    }
    ferp_sim_record record = {.verb = is_urgent ? "peer sends, urgently," : "peer sends",
                              .socket = socket,
                              .has_bytes = true,
                              .requested = len,
                              .moved = taken};
    ferp_sim_trace(network, &record);
    store(n, taken);
    return error_of_kind(taken == 0 ? FER_WOULD_BLOCK : FER_OK);
}

fer_error fer_sim_peer_send(fer_sim_peer peer, const void *buf, size_t len, size_t *n)
{
    return send_bytes(peer, buf, len, false, n);
}

fer_error fer_sim_peer_send_urgent(fer_sim_peer peer, const void *buf, size_t len, size_t *n)
{
    return send_bytes(peer, buf, len, true, n);
}

static fer_error no_input_status(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    if (in != NULL && in->fin_arrived && !socket->got_reset) {
        return FERP_SIM_OK;
    }
    fer_error error = stream_status(network, socket);
    return error.kind == FER_OK ? error_of_kind(FER_WOULD_BLOCK) : error;
}

fer_error fer_sim_peer_recv(fer_sim_peer peer, void *buf, size_t len, size_t *n)
{
    store(n, 0);
    REQUIRE_PEER(network, socket, stream_peer_of, peer)
    if (buf == NULL && len > 0) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    size_t copied = ferp_sim_copy(network, socket, 0, buf, len);
    if (len == 0 || copied == 0) {
        return len == 0 ? FERP_SIM_OK : no_input_status(network, socket);
    }
    ferp_sim_consume(network, socket, copied);
    ferp_sim_record record = {.verb = "peer receives",
                              .socket = socket,
                              .has_bytes = true,
                              .requested = copied,
                              .moved = copied};
    ferp_sim_trace(network, &record);
    store(n, copied);
    return FERP_SIM_OK;
}

/* ---- Shutdown and close */

fer_error fer_sim_peer_shutdown(fer_sim_peer peer)
{
    REQUIRE_PEER(network, socket, stream_peer_of, peer)
    if (socket->state != FERP_SIM_CONNECTED && socket->state != FERP_SIM_CONNECTION_RESET) {
        return error_of_kind(FER_NOT_CONNECTED);
    }
    ferp_sim_trace_event(network, "peer shuts down its writing", socket);
    ferp_sim_end_writing(network, socket);
    return FERP_SIM_OK;
}

static void close_handle(ferp_sim_network *network, fer_sim_peer peer, ferp_sim_socket *socket,
                         const char *verb)
{
    ferp_sim_trace_event(network, verb, socket);
    ferp_sim_handle_of(network, peer)->socket = FERP_SIM_NONE;
    socket->handles--;
    if (socket->handles == 0) {
        ferp_sim_close_socket(network, socket);
    }
}

/* The due events run first, and one of them can close the peer: then it returns NULL. */
static ferp_sim_socket *peer_after_due_events(ferp_sim_network *network, fer_sim_peer peer)
{
    if (network == NULL) {
        return NULL;
    }
    ferp_sim_run_due_events(network);
    return ferp_sim_peer_of(network, peer);
}

void fer_sim_peer_close(fer_sim_peer peer)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_socket *socket = peer_after_due_events(network, peer);
    if (socket != NULL) {
        close_handle(network, peer, socket, "peer closes");
    }
}

void fer_sim_peer_reset(fer_sim_peer peer)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_socket *socket = peer_after_due_events(network, peer);
    if (socket != NULL) {
        socket->settings.linger = (struct ferp_linger){true, 0};
        close_handle(network, peer, socket, "peer resets");
    }
}

fer_error fer_sim_peer_local_addr(fer_sim_peer peer, fer_socket_addr *out)
{
    REQUIRE_PEER(network, socket, ferp_sim_peer_of, peer)
    if (out == NULL) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    *out = socket->local;
    return FERP_SIM_OK;
}

fer_error fer_sim_peer_remote_addr(fer_sim_peer peer, fer_socket_addr *out)
{
    REQUIRE_PEER(network, socket, stream_peer_of, peer)
    if (out == NULL) {
        return error_of_kind(FER_INVALID_INPUT);
    }
    if (socket->state == FERP_SIM_UNCONNECTED || socket->state == FERP_SIM_LISTENING) {
        return error_of_kind(FER_NOT_CONNECTED);
    }
    *out = socket->remote;
    return FERP_SIM_OK;
}
