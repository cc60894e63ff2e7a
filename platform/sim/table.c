/* table.c: the tables of handles, sockets and links, of fixed sizes. */
#include <string.h>

#include "platform/sim/network.h"

/* A POSIX number is the lowest free one, from 3 on. A Windows number is a multiple of 4, which is 1
 * shifted by 2. */
enum { FIRST_POSIX_HANDLE = 3, WINDOWS_HANDLE_SHIFT = 2, FIRST_WINDOWS_HANDLE = 256 };

fer_raw_socket ferp_sim_raw_of_slot(const ferp_sim_network *network, size_t slot)
{
    return ferp_sim_is_winsock(network)
               ? (fer_raw_socket)(FIRST_WINDOWS_HANDLE + (slot << WINDOWS_HANDLE_SHIFT))
               : (fer_raw_socket)(FIRST_POSIX_HANDLE + slot);
}

ferp_sim_handle *ferp_sim_handle_of(ferp_sim_network *network, fer_raw_socket raw)
{
    fer_raw_socket first = ferp_sim_raw_of_slot(network, 0);
    unsigned shift = ferp_sim_is_winsock(network) ? WINDOWS_HANDLE_SHIFT : 0;
    size_t slot = raw < first ? SIZE_MAX : (size_t)(raw - first) >> shift;
    bool is_open = slot < network->config.max_sockets &&
                   raw == ferp_sim_raw_of_slot(network, slot) &&
                   network->handles[slot].socket != FERP_SIM_NONE;
    return is_open ? &network->handles[slot] : NULL;
}

static bool has_own_settings(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return ferp_sim_is_winsock(network) && !network->config.windows.shared_options &&
           !socket->is_peer;
}

ferp_sim_socket *ferp_sim_socket_of(ferp_sim_network *network, fer_raw_socket raw)
{
    const ferp_sim_handle *handle = ferp_sim_handle_of(network, raw);
    if (handle == NULL) {
        return NULL;
    }
    ferp_sim_socket *socket = &network->sockets[handle->socket];
    if (has_own_settings(network, socket)) {
        memcpy(socket->settings.timeouts, handle->own.timeouts, sizeof handle->own.timeouts);
        socket->settings.linger = handle->own.linger;
        socket->settings.options[FERP_BROADCAST] = handle->own.broadcast;
    }
    return socket;
}

static ferp_sim_own own_settings(const ferp_sim_socket *socket)
{
    const ferp_sim_settings *settings = &socket->settings;
    return (ferp_sim_own){{settings->timeouts[0], settings->timeouts[1]},
                          settings->linger,
                          settings->options[FERP_BROADCAST]};
}

void ferp_sim_keep_settings(ferp_sim_network *network, fer_raw_socket raw)
{
    ferp_sim_handle *handle = ferp_sim_handle_of(network, raw);
    if (handle != NULL) {
        handle->own = own_settings(&network->sockets[handle->socket]);
    }
}

/* ---- What a SOCKET knows of the addresses */

static ferp_sim_known known_addresses(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return (ferp_sim_known){socket->has_local, ferp_sim_has_peer(network, socket), socket->remote};
}

void ferp_sim_keep_addresses(ferp_sim_network *network, fer_raw_socket raw)
{
    ferp_sim_handle *handle = ferp_sim_handle_of(network, raw);
    if (handle != NULL) {
        handle->known = known_addresses(network, &network->sockets[handle->socket]);
        network->sockets[handle->socket].binder = raw;
    }
}

static bool has_own_state(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return ferp_sim_is_winsock(network) && !network->config.windows.shared_addresses &&
           !socket->is_peer;
}

/* A SOCKET that was duplicated before a connect failed does not have its error (Cygwin,
 * socket_inet.cc, evaluate_events). */
void ferp_sim_keep_error(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        ferp_sim_handle *handle = &network->handles[i];
        if (handle->socket == ferp_sim_index_of(network, socket)) {
            handle->lacks_error = has_own_state(network, socket) &&
                                  ferp_sim_raw_of_slot(network, i) != socket->connector;
        }
    }
}

ferp_sim_known ferp_sim_known_addresses(ferp_sim_network *network, fer_raw_socket raw)
{
    const ferp_sim_handle *handle = ferp_sim_handle_of(network, raw);
    const ferp_sim_socket *socket = &network->sockets[handle->socket];
    if (!has_own_state(network, socket) || socket->kind != FERP_SIM_DATAGRAM) {
        return known_addresses(network, socket);
    }
    ferp_sim_known known = handle->known;
    known.is_bound |= socket->has_local && socket->binder == raw;
    return known;
}

fer_error ferp_sim_check_known(ferp_sim_network *network, fer_raw_socket raw, bool needs_peer)
{
    ferp_sim_socket *socket = ferp_sim_socket_of(network, raw);
    if (!socket->has_local) {
        socket->binder = raw; /* the call may bind it */
    }
    ferp_sim_known known = ferp_sim_known_addresses(network, raw);
    bool lacks_peer = needs_peer && socket->state == FERP_SIM_CONNECTED && !known.has_peer;
    socket->is_unknown = socket->has_local && !known.is_bound;
    return ferp_sim_error(network, socket->is_unknown ? FERP_SIM_EINVAL
                                   : lacks_peer       ? FERP_SIM_ENOTCONN
                                                      : FERP_SIM_NO_ERROR);
}

int ferp_sim_index_of(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return (int)(socket - network->sockets);
}

fer_raw_socket ferp_sim_raw_of(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        if (network->handles[i].socket == ferp_sim_index_of(network, socket)) {
            return ferp_sim_raw_of_slot(network, i);
        }
    }
    return FER_RAW_SOCKET_NONE;
}

size_t ferp_sim_handles_open(const ferp_sim_network *network)
{
    size_t open = 0;
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        open += network->handles[i].socket != FERP_SIM_NONE;
    }
    return open;
}

fer_raw_socket ferp_sim_handle_new(ferp_sim_network *network, ferp_sim_socket *socket)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        if (network->handles[i].socket == FERP_SIM_NONE) {
            /* A duplicate of Windows: rust-lang/rust#70719. */
            bool is_inheritable = ferp_sim_is_winsock(network) && socket->handles > 0;
            network->handles[i] = (ferp_sim_handle){.socket = ferp_sim_index_of(network, socket),
                                                    .inheritable = is_inheritable,
                                                    .sequence = network->next_sequence++,
                                                    .own = own_settings(socket),
                                                    .known = known_addresses(network, socket)};
            socket->handles++;
            return ferp_sim_raw_of_slot(network, i);
        }
    }
    return FER_RAW_SOCKET_NONE;
}

/* The systems' defaults: tcp(7), ip(7), ipv6(7); "SOL_SOCKET Socket Options" and "IPPROTO_TCP
 * socket options" (MSDN). */
static ferp_sim_settings default_settings(const ferp_sim_network *network)
{
    bool windows = ferp_sim_is_winsock(network);
    /* Linux counts its bookkeeping too: half of a buffer is for data (socket(7), SO_RCVBUF) */
    uint32_t part = network->config.dialect == FER_SIM_DIALECT_POSIX ? 2 : 1;
    return (ferp_sim_settings){
        .timeouts = {FER_DURATION_NONE, FER_DURATION_NONE},
        .nonblocking = windows,
        .options[FERP_ONLY_V6] = windows || network->switches->lacks_dual_stack,
        .options[FERP_MULTICAST_LOOP_V4] = true,
        .options[FERP_MULTICAST_LOOP_V6] = true,
        .options[FERP_MULTICAST_TTL_V4] = 1,
        .options[FERP_MULTICAST_HOPS_V6] = 1,
        .options[FERP_SEND_BUFFER] = (uint32_t)network->config.send_buffer / part,
        .options[FERP_RECV_BUFFER] = (uint32_t)network->config.receive_buffer / part,
        .options[FERP_TTL_V4] = windows ? 128 : 64,
        .options[FERP_HOPS_V6] = windows ? 128 : 64,
        .options[FERP_KEEPALIVE_TIME] = 7200,
        .options[FERP_KEEPALIVE_INTERVAL] = windows ? 1 : 75,
        .options[FERP_KEEPALIVE_RETRIES] = windows ? 10
                                           : network->switches->keepalive_retries != 0
                                               ? network->switches->keepalive_retries
                                               : 9,
    };
}

/* The buffers of a datagram socket of platform/posix on macOS and the BSDs. */
enum { RAISED_SEND_BUFFER = 65535, RAISED_RECV_BUFFER = 131072 };

ferp_sim_socket *ferp_sim_socket_new(ferp_sim_network *network, ferp_sim_kind kind,
                                     fer_ip_family family)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        ferp_sim_socket *socket = &network->sockets[i];
        if (socket->kind == FERP_SIM_FREE) {
            memset(socket, 0, sizeof *socket);
            socket->kind = kind;
            socket->family = family;
            socket->settings = default_settings(network);
            if (kind == FERP_SIM_DATAGRAM && network->switches->udp_send_buffer_is_limit) {
                uint32_t *room = &socket->settings.options[FERP_RECV_BUFFER];
                *room = *room < RAISED_RECV_BUFFER ? RAISED_RECV_BUFFER : *room;
                socket->settings.options[FERP_SEND_BUFFER] = RAISED_SEND_BUFFER;
            }
            socket->reports_refusals = ferp_sim_is_winsock(network);
            socket->link = FERP_SIM_NONE;
            socket->listener = FERP_SIM_NONE;
            socket->unix_name = FERP_SIM_NONE;
            socket->unix_peer_name = FERP_SIM_NONE;
            socket->queue_first = FERP_SIM_NONE;
            socket->queue_last = FERP_SIM_NONE;
            socket->queue_next = FERP_SIM_NONE;
            socket->sequence = network->next_sequence++;
            return socket;
        }
    }
    return NULL;
}

void ferp_sim_socket_free(ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_cancel(network, socket->sequence);
    /* A call whose socket was closed by a callback finds neither link nor queue. */
    memset(socket, 0, sizeof *socket);
    socket->link = FERP_SIM_NONE;
    socket->queue_first = FERP_SIM_NONE;
}

ferp_sim_link *ferp_sim_link_new(ferp_sim_network *network, int *index)
{
    for (size_t i = 0; i < network->link_max; i++) {
        if (!network->links[i].used) {
            memset(&network->links[i], 0, sizeof network->links[i]);
            network->links[i].used = true;
            network->links[i].sequence = network->next_sequence++;
            network->links[i].ends[0] = FERP_SIM_NONE;
            network->links[i].ends[1] = FERP_SIM_NONE;
            *index = (int)i;
            return &network->links[i];
        }
    }
    return NULL;
}

fer_raw_socket ferp_sim_make_peer(ferp_sim_kind kind, fer_ip_family family)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_socket *socket = network == NULL ? NULL : ferp_sim_socket_new(network, kind, family);
    if (socket == NULL) {
        return FER_RAW_SOCKET_NONE;
    }
    socket->is_peer = true;
    socket->settings.nonblocking = false;
    fer_raw_socket raw = ferp_sim_handle_new(network, socket);
    if (raw == FER_RAW_SOCKET_NONE) {
        ferp_sim_socket_free(network, socket);
    }
    return raw;
}
