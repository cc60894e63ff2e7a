/* unix_model_datagrams.c: datagrams of the model of Unix sockets, and their queues; see
 * unix_model.h. */
#include <string.h>

#include "fuzz/models/unix_model_state.h"

/* Datagrams that fit into the queue of one receiver. */
enum { RECEIVER_MAX = 11 };

static bool may_send(const struct model_socket *socket, const struct model_socket *receiver)
{
    return unix_is_bsd || receiver->peer == NO_SOCKET || receiver->peer == index_of(socket);
}

fer_error_kind unix_model_connect_datagram(unix_handle *handle, int name)
{
    struct model_socket *peer = NULL;
    if (handle->state != UNIX_OPEN) {
        return FER_MISUSE;
    }
    struct model_socket *socket = of(handle);
    fer_error_kind kind = unix_find_name(name, DATAGRAM, &peer);
    if (kind != FER_OK || !may_send(socket, peer)) {
        return kind != FER_OK ? kind : FER_PERMISSION_DENIED;
    }
    struct model_socket *old = peer_of(socket);
    if (!unix_is_bsd && old != NULL && old != peer && socket->datagram_count > 0) {
        unix_queued_datagrams -= socket->datagram_count;
        socket->datagram_count = 0;
        old->has_reset = old->has_reset || (is_open(old) && old->peer == index_of(socket));
    }
    socket->peer = index_of(peer);
    socket->peer_name = peer->name;
    return FER_OK;
}

static fer_error_kind deliver(const struct model_socket *socket, struct model_socket *receiver,
                              struct unix_message datagram, fer_error_kind wait_kind)
{
    if (!may_send(socket, receiver)) {
        return FER_PERMISSION_DENIED;
    }
    if (receiver->shut_read) { /* row unix_datagram_shut */
        return unix_is_bsd && !unix_is_macos ? FER_NO_BUFFER_SPACE : FER_BROKEN_PIPE;
    }
    bool is_mutual = receiver->peer == index_of(socket);
    if (unix_queued_datagrams == UNIX_DATAGRAMS_QUEUED_MAX ||
        (!is_mutual && receiver->datagram_count >= RECEIVER_MAX)) {
        return unix_is_bsd ? FER_NO_BUFFER_SPACE : wait_kind;
    }
    receiver->datagrams[receiver->datagram_count++] = datagram;
    unix_queued_datagrams++;
    return FER_OK;
}

fer_error_kind unix_model_send(unix_handle *handle, int name, uint8_t fill_byte, uint8_t len,
                               fer_error_kind wait_kind)
{
    if (handle->state != UNIX_OPEN) {
        return FER_MISUSE;
    }
    struct model_socket *socket = of(handle);
    struct model_socket *receiver = peer_of(socket);
    bool reports_reset = unix_is_bsd && socket->has_reset;
    if (name == UNIX_NAMES && receiver == NULL && !reports_reset) {
        return FER_NOT_CONNECTED;
    }
    if (socket->has_reset || socket->shut_write) {
        bool was_reset = socket->has_reset;
        socket->has_reset = false;
        return was_reset ? FER_CONNECTION_RESET : FER_BROKEN_PIPE;
    }
    fer_error_kind kind = name == UNIX_NAMES ? FER_OK : unix_find_name(name, DATAGRAM, &receiver);
    if (kind != FER_OK) {
        return kind;
    }
    if (!is_open(receiver)) {
        socket->peer = NO_SOCKET;
        return FER_CONNECTION_REFUSED;
    }
    return deliver(socket, receiver, (struct unix_message){fill_byte, len, socket->name},
                   wait_kind);
}

fer_error_kind unix_model_receive(unix_handle *handle, fer_error_kind wait_kind, uint8_t *fill_byte,
                                  uint8_t *len, int *from)
{
    if (handle->state != UNIX_OPEN) {
        return FER_MISUSE;
    }
    struct model_socket *socket = of(handle);
    *len = 0;
    *from = UNIX_UNNAMED;
    if (socket->has_reset) {
        socket->has_reset = false;
        return FER_CONNECTION_RESET;
    }
    if (socket->datagram_count == 0) {
        return socket->shut_read ? FER_OK : wait_kind;
    }
    *fill_byte = socket->datagrams[0].fill;
    *len = socket->datagrams[0].len;
    *from = socket->datagrams[0].from;
    memmove(socket->datagrams, socket->datagrams + 1,
            sizeof socket->datagrams - sizeof socket->datagrams[0]);
    socket->datagram_count--;
    unix_queued_datagrams--;
    return FER_OK;
}
