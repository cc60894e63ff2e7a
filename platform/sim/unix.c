/* unix.c: the Unix sockets of the simulated machine. Their connections are links, as those of TCP,
 * and their names are in one table. A path stays after the close of its socket, until
 * fer_sim_remove_path. An abstract name ends with its socket. Windows has only streams. */
#include <string.h>

#include "platform/sim/readiness.h"

enum { SEND_BUFFER_OVERHEAD = 32 /* Linux, unix_dgram_sendmsg */ };

/* ---- Names. A socket stores the indexes of its own and its peer's name, or FERP_SIM_NONE. */

static bool is_same_name(const fer_unix_addr *one, const fer_unix_addr *other)
{
    return one->kind_ == other->kind_ && one->len_ == other->len_ &&
           memcmp(one->name_, other->name_, one->len_) == 0;
}

static int name_at(const ferp_sim_network *network, const fer_unix_addr *addr)
{
    for (int i = 0; i < FERP_SIM_UNIX_NAMES_MAX; i++) {
        if (network->unix_names[i].exists && is_same_name(&network->unix_names[i].addr, addr)) {
            return i;
        }
    }
    return FERP_SIM_NONE;
}

/* Whether a name does not exist, and no socket and no datagram refers to it. */
static bool is_unused(const ferp_sim_network *network, int name)
{
    for (size_t i = 0; i < network->datagram_end; i++) {
        if (network->datagrams[i].used && network->datagrams[i].from_name == name) {
            return false;
        }
    }
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        const ferp_sim_socket *socket = &network->sockets[i];
        if (socket->is_unix && (socket->unix_name == name || socket->unix_peer_name == name)) {
            return false;
        }
    }
    return !network->unix_names[name].exists;
}

static int name_new(ferp_sim_network *network, const fer_unix_addr *addr,
                    const ferp_sim_socket *socket)
{
    for (int i = 0; i < FERP_SIM_UNIX_NAMES_MAX; i++) {
        if (is_unused(network, i)) {
            network->unix_names[i] = (ferp_sim_unix_name){true, *addr, socket->sequence};
            return i;
        }
    }
    return FERP_SIM_NONE;
}

/* Returns the socket with the name, or NULL if it is closed. */
static ferp_sim_socket *owner_of(ferp_sim_network *network, int name)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        ferp_sim_socket *socket = &network->sockets[i];
        if (socket->is_unix && socket->sequence == network->unix_names[name].owner) {
            return socket;
        }
    }
    return NULL;
}

static fer_unix_addr addr_of_name(const ferp_sim_network *network, int name)
{
    return name == FERP_SIM_NONE ? (fer_unix_addr){0} : network->unix_names[name].addr;
}

void ferp_sim_drop_unix_peers(ferp_sim_network *network, const ferp_sim_socket *closed)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        ferp_sim_socket *socket = &network->sockets[i];
        if (socket->is_unix && socket->kind == FERP_SIM_DATAGRAM &&
            socket->state == FERP_SIM_CONNECTED && socket->unix_peer == closed->sequence &&
            ferp_sim_switches_for(network, socket)->unix_peer_close_is_econnreset) {
            socket->state = FERP_SIM_UNCONNECTED;
            socket->unix_peer_name = FERP_SIM_NONE;
            socket->pending = FERP_SIM_ECONNRESET;
            socket->changes++;
        }
    }
}

void ferp_sim_release_name(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    int name = socket->unix_name;
    if (name != FERP_SIM_NONE && network->unix_names[name].addr.kind_ == FERP_UNIX_ABSTRACT &&
        socket->listener == FERP_SIM_NONE) {
        network->unix_names[name].exists =
            network->unix_names[name].exists && network->unix_names[name].owner != socket->sequence;
    }
}

fer_error fer_sim_remove_path(const char *path)
{
    fer_unix_addr addr;
    FERP_SIM_REQUIRE(network)
    FER_TRY(fer_unix_addr_from_pathname(&addr, path));
    int name = name_at(network, &addr);
    if (name == FERP_SIM_NONE) {
        return (fer_error){FER_NOT_FOUND, 0};
    }
    network->unix_names[name].exists = false;
    return FERP_SIM_OK;
}

/* ---- Sockets */

static fer_error join_pair(ferp_sim_network *network, ferp_sim_socket *one, ferp_sim_socket *other)
{
    if (one->kind != FERP_SIM_DATAGRAM && !ferp_sim_join_ends(network, one, other)) {
        return ferp_sim_error(network, FERP_SIM_ENOBUFS);
    }
    one->state = FERP_SIM_CONNECTED;
    other->state = FERP_SIM_CONNECTED;
    one->unix_peer = other->sequence;
    other->unix_peer = one->sequence;
    return FERP_SIM_OK;
}

fer_error ferp_unix_pair(fer_type type, fer_raw_socket *one, fer_raw_socket *other)
{
    fer_raw_socket raws[2] = {FER_RAW_SOCKET_NONE, FER_RAW_SOCKET_NONE};
    FERP_SIM_REQUIRE(network)
    if (ferp_sim_is_winsock(network)) {
        return ferp_sim_error(network, FERP_SIM_EAFNOSUPPORT);
    }
    FER_TRY(ferp_sim_create_socket(network, FER_DOMAIN_UNIX, type, 0, &raws[0]));
    fer_error error = ferp_sim_create_socket(network, FER_DOMAIN_UNIX, type, 0, &raws[1]);
    if (error.kind == FER_OK) {
        error = join_pair(network, ferp_sim_socket_of(network, raws[0]),
                          ferp_sim_socket_of(network, raws[1]));
    }
    if (error.kind != FER_OK) {
        ferp_close(raws[0]);
        if (raws[1] != FER_RAW_SOCKET_NONE) {
            ferp_close(raws[1]);
        }
        return error;
    }
    *one = raws[0];
    *other = raws[1];
    return ferp_sim_trace_call(network, "Unix pair", NULL, error);
}

/* ---- Binding and connecting */

static fer_error bind_name(ferp_sim_network *network, ferp_sim_socket *socket,
                           const fer_unix_addr *addr)
{
    if (!socket->is_unix || socket->unix_name != FERP_SIM_NONE) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    if (name_at(network, addr) != FERP_SIM_NONE) {
        return ferp_sim_error(network, FERP_SIM_EADDRINUSE);
    }
    socket->unix_name = name_new(network, addr, socket);
    socket->has_local = socket->unix_name != FERP_SIM_NONE;
    return ferp_sim_error(network, socket->has_local ? FERP_SIM_NO_ERROR : FERP_SIM_ENOBUFS);
}

fer_error ferp_unix_bind(fer_raw_socket raw, const fer_unix_addr *addr)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    return ferp_sim_trace_call(network, "bind to a name", socket, bind_name(network, socket, addr));
}

static fer_error find(ferp_sim_network *network, const fer_unix_addr *addr, ferp_sim_kind kind,
                      ferp_sim_socket **out)
{
    int name = name_at(network, addr);
    if (name == FERP_SIM_NONE) {
        bool refused = ferp_sim_is_winsock(network) || addr->kind_ == FERP_UNIX_ABSTRACT;
        return ferp_sim_error(network, refused ? FERP_SIM_ECONNREFUSED : FERP_SIM_ENOENT);
    }
    ferp_sim_socket *found = owner_of(network, name);
    if (found == NULL ||
        (kind == FERP_SIM_STREAM && found->state != FERP_SIM_LISTENING && found->kind == kind)) {
        return ferp_sim_error(network, FERP_SIM_ECONNREFUSED);
    }
    *out = found;
    return ferp_sim_error(network, found->kind == kind ? FERP_SIM_NO_ERROR : FERP_SIM_EPROTOTYPE);
}

/* Finds the listener, and waits while its queue is full. Linux waits at most for SO_SNDTIMEO, and
 * returns EAGAIN in nonblocking mode. The other systems refuse the connect. The listener may be
 * closed during a wait. */
static fer_error wait_for_space(ferp_sim_network *network, ferp_sim_socket *socket,
                                const fer_unix_addr *addr, ferp_sim_socket **listener)
{
    uint64_t deadline = ferp_sim_deadline(network, socket, FERP_WRITING);
    for (;;) {
        FER_TRY(find(network, addr, FERP_SIM_STREAM, listener));
        if (!ferp_sim_queue_is_full(network, *listener)) {
            return FERP_SIM_OK;
        }
        if (ferp_sim_is_winsock(network) ||
            ferp_sim_switches_for(network, socket)->unix_full_queue_refuses) {
            return ferp_sim_error(network, FERP_SIM_ECONNREFUSED);
        }
        if (socket->settings.nonblocking) {
            return ferp_sim_error(network, FERP_SIM_EAGAIN);
        }
        fer_error passed = ferp_sim_pass_time(network, deadline);
        if (passed.kind != FER_OK) {
            return passed.kind == FER_TIMED_OUT ? ferp_sim_error(network, FERP_SIM_EAGAIN) : passed;
        }
    }
}

ferp_sim_socket *ferp_sim_unix_peer_of(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        if (network->sockets[i].is_unix && network->sockets[i].sequence == socket->unix_peer) {
            return &network->sockets[i];
        }
    }
    return NULL;
}

/* Linux, unix_may_send: a socket that is connected to another one receives nothing from here. */
static ferp_sim_code may_send_to(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                 const ferp_sim_socket *receiver)
{
    bool is_other_peer =
        receiver->state == FERP_SIM_CONNECTED && receiver->unix_peer != socket->sequence;
    return is_other_peer && !ferp_sim_switches_for(network, receiver)->unix_connected_hears_all
               ? FERP_SIM_EPERM
               : FERP_SIM_NO_ERROR;
}

static fer_error connect_stream(ferp_sim_network *network, ferp_sim_socket *socket,
                                const fer_unix_addr *addr)
{
    ferp_sim_socket *listener = NULL;
    if (socket->state != FERP_SIM_UNCONNECTED) {
        return ferp_sim_error(network, socket->state == FERP_SIM_CONNECTED ? FERP_SIM_EISCONN
                                                                           : FERP_SIM_EINVAL);
    }
    FER_TRY(wait_for_space(network, socket, addr, &listener));
    socket->unix_peer_name = listener->unix_name;
    socket->state = FERP_SIM_CONNECTED;
    if (!ferp_sim_join(network, listener, socket)) {
        socket->state = FERP_SIM_UNCONNECTED;
        socket->unix_peer_name = FERP_SIM_NONE;
        return ferp_sim_error(network, FERP_SIM_ENOBUFS);
    }
    return FERP_SIM_OK;
}

/* Linux, unix_dgram_disconnected: a socket that leaves its peer discards its queue. If there was a
 * datagram, the old peer gets a pending ECONNRESET. */
static void disconnect_peer(ferp_sim_network *network, ferp_sim_socket *socket)
{
    if (socket->datagram_count == 0) {
        return;
    }
    ferp_sim_drop_datagrams(network, socket);
    ferp_sim_socket *old = ferp_sim_unix_peer_of(network, socket);
    if (old != NULL && old->state == FERP_SIM_CONNECTED && old->unix_peer == socket->sequence) {
        old->pending = FERP_SIM_ECONNRESET;
        old->changes++;
    }
}

static fer_error connect_datagram(ferp_sim_network *network, ferp_sim_socket *socket,
                                  const fer_unix_addr *addr)
{
    ferp_sim_socket *peer = NULL;
    FER_TRY(find(network, addr, FERP_SIM_DATAGRAM, &peer));
    FER_TRY(ferp_sim_error(network, may_send_to(network, socket, peer)));
    if (socket->state == FERP_SIM_CONNECTED && socket->unix_peer != peer->sequence &&
        !ferp_sim_switches_for(network, socket)->unix_reconnect_keeps_queue) {
        disconnect_peer(network, socket);
    }
    socket->unix_peer = peer->sequence;
    socket->unix_peer_name = peer->unix_name;
    socket->state = FERP_SIM_CONNECTED;
    return FERP_SIM_OK;
}

fer_error ferp_unix_connect(fer_raw_socket raw, const fer_unix_addr *addr)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_run_due_events(network);
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_trace_call(network, "connect to a name", socket,
                                   ferp_sim_error(network, FERP_SIM_EINTR));
    }
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_REFUSED)) {
        return ferp_sim_trace_call(network, "connect to a name", socket,
                                   ferp_sim_error(network, FERP_SIM_ECONNREFUSED));
    }
    fer_error error = socket->kind == FERP_SIM_STREAM ? connect_stream(network, socket, addr)
                                                      : connect_datagram(network, socket, addr);
    socket->changes++;
    return ferp_sim_trace_call(network, "connect to a name", socket, error);
}

fer_error ferp_unix_local_addr(fer_raw_socket raw, fer_unix_addr *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    bool is_unbound = socket->unix_name == FERP_SIM_NONE && socket->state == FERP_SIM_UNCONNECTED;
    if (is_unbound && ferp_sim_is_winsock(network)) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    *out = addr_of_name(network, socket->unix_name);
    return FERP_SIM_OK;
}

fer_error ferp_unix_peer_addr(fer_raw_socket raw, fer_unix_addr *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (ferp_sim_switches_for(network, socket)->unix_closed_peer_has_no_name &&
        ferp_sim_refuses_options(network, socket)) {
        return (fer_error){FER_NOT_CONNECTED, ferp_sim_error(network, FERP_SIM_EINVAL).os_code};
    }
    if (!ferp_sim_has_peer(network, socket)) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    *out = addr_of_name(network, socket->unix_peer_name);
    return FERP_SIM_OK;
}

/* All sockets are those of one process. NetBSD records no credentials of a pair (tokio ignores its
 * test of them there). */
fer_error ferp_unix_peer_cred(fer_raw_socket raw, fer_unix_cred *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (ferp_sim_is_winsock(network)) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    if (!ferp_sim_has_peer(network, socket)) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    *out = (fer_unix_cred){1000, 100, 4242};
    return FERP_SIM_OK;
}

/* ---- Datagrams. They are never lost: a sender waits if the queue is full. */

/* Linux, unix_dgram_sendmsg: a closed peer is ECONNREFUSED once. Then the socket is unconnected. */
static fer_error receiver_of(ferp_sim_network *network, ferp_sim_socket *socket,
                             const fer_unix_addr *addr, ferp_sim_socket **out)
{
    if (addr != NULL) {
        return find(network, addr, FERP_SIM_DATAGRAM, out);
    }
    *out = ferp_sim_unix_peer_of(network, socket);
    if (*out == NULL) {
        socket->state = FERP_SIM_UNCONNECTED;
        return ferp_sim_error(network, FERP_SIM_ECONNREFUSED);
    }
    return FERP_SIM_OK;
}

/* The checks before the lookup of the receiver: a missing peer, the length, a pending error, the
 * own shutdown. */
static ferp_sim_code send_status(const ferp_sim_network *network, ferp_sim_socket *socket,
                                 const fer_unix_addr *addr, size_t len)
{
    bool error_comes_first =
        ferp_sim_switches_for(network, socket)->unix_peer_close_is_econnreset &&
        socket->pending != FERP_SIM_NO_ERROR;
    if (addr == NULL && socket->state != FERP_SIM_CONNECTED && !error_comes_first) {
        return FERP_SIM_ENOTCONN;
    }
    if (len + SEND_BUFFER_OVERHEAD > network->config.send_buffer) {
        return FERP_SIM_EMSGSIZE;
    }
    ferp_sim_code pending = socket->pending;
    socket->pending = FERP_SIM_NO_ERROR;
    return pending == FERP_SIM_NO_ERROR && socket->shut_write ? FERP_SIM_EPIPE : pending;
}

static bool queue(ferp_sim_network *network, const ferp_sim_socket *socket,
                  ferp_sim_socket *receiver, const void *buf, size_t len)
{
    return ferp_sim_unix_has_space_for(socket, receiver) &&
           ferp_sim_queue_datagram(network, socket, receiver, buf, len);
}

static fer_error send_to_shut(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    if (switches->unix_datagram_to_shut_is_einval) {
        return (fer_error){FER_BROKEN_PIPE, ferp_sim_error(network, FERP_SIM_EINVAL).os_code};
    }
    return ferp_sim_error(network, switches->unix_datagram_to_shut_is_enobufs ? FERP_SIM_ENOBUFS
                                                                              : FERP_SIM_EPIPE);
}

static fer_error send_with_wait(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                                size_t len, const fer_unix_addr *addr)
{
    FER_TRY(ferp_sim_enter(network, socket, FERP_WRITING));
    uint64_t deadline = ferp_sim_deadline(network, socket, FERP_WRITING);
    for (;;) {
        FER_TRY(ferp_sim_error(network, send_status(network, socket, addr, len)));
        ferp_sim_socket *receiver = NULL;
        FER_TRY(receiver_of(network, socket, addr, &receiver));
        FER_TRY(ferp_sim_error(network, may_send_to(network, socket, receiver)));
        if (receiver->shut_read) {
            return send_to_shut(network, socket);
        }
        if (queue(network, socket, receiver, buf, len)) {
            return FERP_SIM_OK;
        }
        if (ferp_sim_switches_for(network, socket)->unix_full_datagrams) {
            return ferp_sim_error(network, FERP_SIM_ENOBUFS);
        }
        if (socket->settings.nonblocking) {
            ferp_sim_tick_unless_waiting(network, socket);
            return ferp_sim_error(network, FERP_SIM_EAGAIN);
        }
        fer_error passed = ferp_sim_pass_time(network, deadline);
        if (passed.kind != FER_OK) {
            return passed.kind == FER_TIMED_OUT ? ferp_sim_error(network, FERP_SIM_EXPIRED)
                                                : passed;
        }
    }
}

fer_error ferp_sim_unix_send_one(ferp_sim_network *network, ferp_sim_socket *socket,
                                 const void *buf, size_t len, const fer_unix_addr *addr, size_t *n)
{
    fer_error error = send_with_wait(network, socket, buf, len, addr);
    *n = error.kind == FER_OK ? len : 0;
    ferp_sim_record record = {.verb = "send a datagram",
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .requested = len,
                              .moved = *n};
    ferp_sim_trace(network, &record);
    return error;
}

static fer_error send_to(fer_raw_socket raw, const void *buf, size_t len, const fer_unix_addr *addr,
                         size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    return ferp_sim_unix_send_one(network, socket, buf, len, addr, n);
}

static fer_error receive_from(fer_raw_socket raw, void *buf, size_t len, fer_unix_received *out)
{
    fer_udp_received received = {0};
    int from = FERP_SIM_NONE;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    FER_TRY(ferp_sim_receive_datagram(network, socket, buf, len, &received, &from));
    out->len = received.len;
    out->truncated = received.truncated;
    out->from = addr_of_name(network, from);
    return FERP_SIM_OK;
}

fer_error ferp_unix_send_to(fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
                            const fer_unix_addr *addr, size_t *n)
{
    FERP_SIM_RETURN_CALL(raw, flags, send_to(raw, buf, len, addr, n));
}

fer_error ferp_unix_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                              fer_unix_received *out)
{
    FERP_SIM_RETURN_CALL(raw, flags, receive_from(raw, buf, len, out));
}
