/* poller_peers.c: what the peers of a program of pollers do; see poller_program.h. A near peer is
 * on the program's host, where everything arrives at once; a far peer is one millisecond away. */
#include "fuzz/programs/poller_program.h"

#include "fuzz/driver/fuzz.h"

enum { DATAGRAMS_MAX = 24, CONNECTED_TO = 1000, DATAGRAMS_AT = 1001 };

static void arrives(const struct poller_program *program, int socket, poller_arrival what,
                    size_t count)
{
    poller_model_arrives(socket, what, count,
                         fer_sim_now().nanos + poller_latency(program->links[socket].is_far));
}

/* ---- Sends and receives */

static void connect_client(struct poller_program *program, const poller_handle *handle, bool is_far)
{
    fer_socket_addr from = poller_address("10.0.0.8:0");
    fer_socket_addr to = poller_address(is_far ? "10.0.0.1:0" : "127.0.0.1:0");
    to.port = poller_link_of(program, handle)->local.port;
    for (int i = 0; i < POLLER_CLIENTS; i++) {
        poller_client *client = &program->clients[i];
        if (client->peer == FER_SIM_PEER_NONE &&
            fer_sim_peer_connect(is_far ? &from : NULL, &to, &client->peer).kind == FER_OK) {
            client->is_far = is_far;
            poller_model_arrives(handle->socket, POLLER_BYTES, 1,
                                 fer_sim_now().nanos + poller_latency(is_far));
            return;
        }
    }
}

static void peer_sends_datagram(struct poller_program *program, const poller_handle *handle,
                                bool is_far)
{
    poller_link *link = poller_link_of(program, handle);
    fer_socket_addr to = poller_address(is_far ? "10.0.0.1:0" : "127.0.0.1:0");
    to.port = link->local.port;
    if (link->is_refused || link->queued == DATAGRAMS_MAX ||
        fer_sim_peer_send_to(program->senders[is_far], "!", 1, &to).kind != FER_OK) {
        return;
    }
    link->queued++;
    poller_model_arrives(handle->socket, POLLER_BYTES, 1,
                         fer_sim_now().nanos + poller_latency(is_far));
}

static void peer_sends_bytes(struct poller_program *program, const poller_handle *handle,
                             size_t len)
{
    static const uint8_t bytes[POLLER_BUFFER];
    size_t n = 0;
    poller_link *link = poller_link_of(program, handle);
    size_t room = POLLER_BUFFER - link->queued;
    if (link->peer != FER_SIM_PEER_NONE &&
        fer_sim_peer_send(link->peer, bytes, len < room ? len : room, &n).kind == FER_OK && n > 0) {
        link->queued += n;
        arrives(program, handle->socket, POLLER_BYTES, n);
    }
}

void poller_peer_sends(struct poller_program *program, const poller_step *step)
{
    const poller_handle *handle = poller_handle_of(program, step);
    bool is_far = step->other % 2 == 1;
    if (handle->type == POLLER_TCP_LISTENER) {
        connect_client(program, handle, is_far);
    } else if (handle->type == POLLER_UDP) {
        peer_sends_datagram(program, handle, is_far);
    } else if (handle->type == POLLER_TCP) {
        peer_sends_bytes(program, handle, is_far ? POLLER_BUFFER : 1);
    } else if (handle->type == POLLER_UNIX_LISTENER) {
        poller_unix_connect(program, handle, &program->handles[step->other % POLLER_HANDLES]);
    }
}

void poller_peer_receives(struct poller_program *program, const poller_step *step)
{
    uint8_t buf[2 * POLLER_BUFFER];
    size_t n = 0;
    const poller_handle *handle = poller_handle_of(program, step);
    if (handle->type != POLLER_TCP) {
        return;
    }
    poller_link *link = poller_link_of(program, handle);
    size_t len = step->other % 2 == 0 ? sizeof buf : 1;
    if (link->peer != FER_SIM_PEER_NONE &&
        fer_sim_peer_recv(link->peer, buf, len, &n).kind == FER_OK && n > 0) {
        link->outstanding -= n;
        poller_model_space(handle->socket,
                           link->outstanding < POLLER_BUFFER ? POLLER_SPACE : POLLER_UNSURE);
    }
}

static poller_link *link_with_peer(struct poller_program *program, const poller_step *step)
{
    const poller_handle *handle = poller_handle_of(program, step);
    bool is_connected =
        handle->type == POLLER_TCP && poller_link_of(program, handle)->peer != FER_SIM_PEER_NONE;
    return is_connected ? poller_link_of(program, handle) : NULL;
}

void poller_peer_shuts_down(struct poller_program *program, const poller_step *step)
{
    poller_link *link = link_with_peer(program, step);
    if (link != NULL && !link->peer_has_shut_down &&
        fer_sim_peer_shutdown(link->peer).kind == FER_OK) {
        link->peer_has_shut_down = true;
        arrives(program, (int)(link - program->links), POLLER_EOF, 0);
    }
}

/* Bytes that the peer did not read are discarded. */
static void note_closed(struct poller_program *program, poller_link *link)
{
    link->peer = FER_SIM_PEER_NONE;
    link->peer_is_closed = true;
    if (link->outstanding >= POLLER_BUFFER) {
        poller_model_space((int)(link - program->links), POLLER_UNSURE);
    }
}

/* The close is an end of file only if the peer is connected and has read everything. */
void poller_peer_closes(struct poller_program *program, const poller_step *step)
{
    poller_link *link = link_with_peer(program, step);
    if (link == NULL) {
        return;
    }
    bool ends_well = link->outstanding == 0 && fer_sim_now().nanos >= link->connected;
    fer_sim_peer_close(link->peer);
    note_closed(program, link);
    arrives(program, (int)(link - program->links), ends_well ? POLLER_EOF : POLLER_EOF_OR_RESET, 0);
}

void poller_peer_resets(struct poller_program *program, const poller_step *step)
{
    poller_link *link = link_with_peer(program, step);
    if (link == NULL) {
        return;
    }
    fer_sim_peer_reset(link->peer);
    note_closed(program, link);
    arrives(program, (int)(link - program->links), POLLER_RESET, 0);
}

/* ---- Begin and end */

void poller_peers_begin(struct poller_program *program)
{
    static const char *const hosts[] = {"127.0.0.1:0", "10.0.0.7:0"};
    for (int i = 0; i < 2; i++) {
        fer_socket_addr at = poller_address(hosts[i]);
        at.port = CONNECTED_TO;
        FUZZ_CHECK(fer_sim_peer_listen(&at, POLLER_SOCKETS_MAX, &program->listeners[i]).kind ==
                   FER_OK);
        at.port = DATAGRAMS_AT;
        FUZZ_CHECK(fer_sim_peer_bind(&at, &program->senders[i]).kind == FER_OK);
    }
    for (int i = 0; i < POLLER_CLIENTS; i++) {
        program->clients[i].peer = FER_SIM_PEER_NONE;
    }
}

static void attach_peer(struct poller_program *program, fer_sim_peer peer)
{
    fer_socket_addr from;
    FUZZ_CHECK(fer_sim_peer_remote_addr(peer, &from).kind == FER_OK);
    for (int i = 0; i < POLLER_HANDLES; i++) {
        const poller_handle *handle = &program->handles[i];
        bool connects = handle->type == POLLER_TCP || handle->type == POLLER_SOCKET;
        if (connects && fer_socket_addr_eq(&poller_link_of(program, handle)->local, &from) &&
            !poller_link_of(program, handle)->peer_is_closed) {
            poller_link_of(program, handle)->peer = peer;
            return;
        }
    }
    fer_sim_peer_close(peer);
}

void poller_peers_attach(struct poller_program *program)
{
    for (int i = 0; i < 2; i++) {
        fer_sim_peer peer = FER_SIM_PEER_NONE;
        while (fer_sim_peer_accept(program->listeners[i], &peer).kind == FER_OK) {
            attach_peer(program, peer);
        }
    }
}
