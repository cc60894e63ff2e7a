/* poller_peers.c: what the peers of a program of pollers do; see poller_program.h. A near peer is
 * on the program's own machine, where all arrives at once; a far one a millisecond away. */
#include "fuzz/programs/poller_program.h"

#include "fuzz/driver/fuzz.h"

enum { DATAGRAMS_MAX = 24, CONNECTED_TO = 1000, DATAGRAMS_AT = 1001 };

static void arrives(const struct poller_program *program, int socket, poller_arrival what,
                    size_t count)
{
    poller_model_arrives(socket, what, count,
                         fer_sim_now().nanos + poller_latency(program->ends[socket].is_far));
}

/* ---- The peers' side */

static void receive_guest(struct poller_program *program, const poller_handle *handle, bool is_far)
{
    fer_socket_addr from = poller_address("10.0.0.8:0");
    fer_socket_addr to = poller_address(is_far ? "10.0.0.1:0" : "127.0.0.1:0");
    to.port = poller_end_of(program, handle)->local.port;
    for (int i = 0; i < POLLER_GUESTS; i++) {
        poller_guest *guest = &program->guests[i];
        if (guest->peer == FER_SIM_PEER_NONE &&
            fer_sim_peer_connect(is_far ? &from : NULL, &to, &guest->peer).kind == FER_OK) {
            guest->is_far = is_far;
            poller_model_arrives(handle->socket, POLLER_BYTES, 1,
                                 fer_sim_now().nanos + poller_latency(is_far));
            return;
        }
    }
}

static void receive_datagram(struct poller_program *program, const poller_handle *handle,
                             bool is_far)
{
    poller_end *end = poller_end_of(program, handle);
    fer_socket_addr to = poller_address(is_far ? "10.0.0.1:0" : "127.0.0.1:0");
    to.port = end->local.port;
    if (end->is_deaf || end->given == DATAGRAMS_MAX ||
        fer_sim_peer_send_to(program->senders[is_far], "!", 1, &to).kind != FER_OK) {
        return;
    }
    end->given++;
    poller_model_arrives(handle->socket, POLLER_BYTES, 1,
                         fer_sim_now().nanos + poller_latency(is_far));
}

static void receive_bytes(struct poller_program *program, const poller_handle *handle, size_t len)
{
    static const uint8_t bytes[POLLER_BUFFER];
    size_t n = 0;
    poller_end *end = poller_end_of(program, handle);
    size_t room = POLLER_BUFFER - end->given;
    if (end->peer != FER_SIM_PEER_NONE &&
        fer_sim_peer_send(end->peer, bytes, len < room ? len : room, &n).kind == FER_OK && n > 0) {
        end->given += n;
        arrives(program, handle->socket, POLLER_BYTES, n);
    }
}

void poller_peer_gives(struct poller_program *program, const poller_step *step)
{
    const poller_handle *handle = poller_handle_of(program, step);
    bool is_far = step->other % 2 == 1;
    if (handle->holds == POLLER_LISTENS) {
        receive_guest(program, handle, is_far);
    } else if (handle->holds == POLLER_UDP) {
        receive_datagram(program, handle, is_far);
    } else if (handle->holds == POLLER_TCP) {
        receive_bytes(program, handle, is_far ? POLLER_BUFFER : 1);
    } else if (handle->holds == POLLER_UNIX_LISTENS) {
        poller_unix_connect(program, handle, &program->handles[step->other % POLLER_HANDLES]);
    }
}

void poller_peer_takes(struct poller_program *program, const poller_step *step)
{
    uint8_t buf[2 * POLLER_BUFFER];
    size_t n = 0;
    const poller_handle *handle = poller_handle_of(program, step);
    if (handle->holds != POLLER_TCP) {
        return;
    }
    poller_end *end = poller_end_of(program, handle);
    size_t len = step->other % 2 == 0 ? sizeof buf : 1;
    if (end->peer != FER_SIM_PEER_NONE &&
        fer_sim_peer_receive(end->peer, buf, len, &n).kind == FER_OK && n > 0) {
        end->outstanding -= n;
        poller_model_room(handle->socket,
                          end->outstanding < POLLER_BUFFER ? POLLER_ROOM : POLLER_UNSURE);
    }
}

static poller_end *end_with_peer(struct poller_program *program, const poller_step *step)
{
    const poller_handle *handle = poller_handle_of(program, step);
    bool is_connected =
        handle->holds == POLLER_TCP && poller_end_of(program, handle)->peer != FER_SIM_PEER_NONE;
    return is_connected ? poller_end_of(program, handle) : NULL;
}

void poller_peer_ends(struct poller_program *program, const poller_step *step)
{
    poller_end *end = end_with_peer(program, step);
    if (end != NULL && !end->peer_ended && fer_sim_peer_shutdown(end->peer).kind == FER_OK) {
        end->peer_ended = true;
        arrives(program, (int)(end - program->ends), POLLER_END, 0);
    }
}

/* What nobody reads goes away. */
static void note_gone(struct poller_program *program, poller_end *end)
{
    end->peer = FER_SIM_PEER_NONE;
    end->peer_gone = true;
    if (end->outstanding >= POLLER_BUFFER) {
        poller_model_room((int)(end - program->ends), POLLER_UNSURE);
    }
}

/* In good order only where it knows that it is connected, and has read all. */
void poller_peer_closes(struct poller_program *program, const poller_step *step)
{
    poller_end *end = end_with_peer(program, step);
    if (end == NULL) {
        return;
    }
    bool ends_well = end->outstanding == 0 && fer_sim_now().nanos >= end->connected;
    fer_sim_peer_close(end->peer);
    note_gone(program, end);
    arrives(program, (int)(end - program->ends), ends_well ? POLLER_END : POLLER_END_OR_RESET, 0);
}

void poller_peer_resets(struct poller_program *program, const poller_step *step)
{
    poller_end *end = end_with_peer(program, step);
    if (end == NULL) {
        return;
    }
    fer_sim_peer_reset(end->peer);
    note_gone(program, end);
    arrives(program, (int)(end - program->ends), POLLER_RESET, 0);
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
    for (int i = 0; i < POLLER_GUESTS; i++) {
        program->guests[i].peer = FER_SIM_PEER_NONE;
    }
}

static void attach(struct poller_program *program, fer_sim_peer peer)
{
    fer_socket_addr from;
    FUZZ_CHECK(fer_sim_peer_remote_addr(peer, &from).kind == FER_OK);
    for (int i = 0; i < POLLER_HANDLES; i++) {
        const poller_handle *handle = &program->handles[i];
        bool connects = handle->holds == POLLER_TCP || handle->holds == POLLER_BUILT;
        if (connects && fer_socket_addr_eq(&poller_end_of(program, handle)->local, &from) &&
            !poller_end_of(program, handle)->peer_gone) {
            poller_end_of(program, handle)->peer = peer;
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
            attach(program, peer);
        }
    }
}
