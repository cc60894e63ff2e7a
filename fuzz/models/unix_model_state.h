/* unix_model_state.h: the sockets and names of the model of Unix sockets, for its two files
 * alone. */
#ifndef FUZZ_UNIX_MODEL_STATE_H
#define FUZZ_UNIX_MODEL_STATE_H

#include "fuzz/models/unix_model.h"

enum { NO_SOCKET = -1 };

typedef enum socket_type { STREAM, LISTENER, DATAGRAM } socket_type;

struct unix_message {
    uint8_t fill; /* the value of each byte */
    uint8_t len;
    int from;
};

struct model_socket {
    socket_type kind;
    int refs, name;
    int peer; /* the other end of a stream, or the peer that a datagram socket is connected to */
    int peer_name;
    bool shut_read, shut_write;
    bool has_reset; /* a reset is pending */
    bool was_reset;
    uint8_t bytes[UNIX_BYTES_MAX];
    size_t count;
    struct unix_message datagrams[UNIX_DATAGRAMS_QUEUED_MAX];
    int datagram_count, queue[UNIX_QUEUE_MAX], queued;
};

extern struct model_socket unix_sockets[UNIX_SOCKETS_MAX];
extern int unix_queued_datagrams; /* in the queues of all sockets */
extern bool unix_is_bsd;
extern bool unix_is_macos;
/* shutdown of what has no peer is NOT_CONNECTED: macOS, FreeBSD. */
extern bool unix_shutdown_needs_peer;

/* The open socket with this name, or the error of a connect or send to it. */
fer_error_kind unix_find_name(int name, socket_type kind, struct model_socket **out);

static inline int index_of(const struct model_socket *socket)
{
    return (int)(socket - unix_sockets);
}
static inline struct model_socket *of(const unix_handle *handle)
{
    return &unix_sockets[handle->socket];
}
static inline struct model_socket *peer_of(const struct model_socket *socket)
{
    return socket->peer == NO_SOCKET ? NULL : &unix_sockets[socket->peer];
}
static inline bool is_open(const struct model_socket *socket)
{
    return socket != NULL && socket->refs > 0;
}

#endif
