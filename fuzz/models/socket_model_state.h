/* socket_model_state.h: the sockets and names of the model of built sockets, for its files
 * alone. */
#ifndef FUZZ_SOCKET_MODEL_STATE_H
#define FUZZ_SOCKET_MODEL_STATE_H

#include "fuzz/models/socket_model.h"

enum { UNBOUND = 0, SOME_PORT = -1 };

typedef enum socket_state {
    SOCKET_UNCONNECTED,
    SOCKET_CONNECTING,
    SOCKET_CONNECTED,
    SOCKET_FAILED,
    SOCKET_LISTENING
} socket_state;

struct model_socket {
    int refs;
    fer_domain domain;
    bool is_stream;
    bool was_shared;      /* options that one handle set may be unknown to another */
    bool is_uncertain;    /* two handles have connected it: only states are checked */
    bool peer_is_unknown; /* what its peer does is not modelled */
    socket_state state;
    kind_set outcome; /* of a started connect */
    uint64_t earliest;
    uint64_t latest;
    int port;
    fer_ip_addr ip;
    fer_ip_addr source; /* of the connect that was started last, and its destination */
    fer_socket_addr remote;
    int path, backlog, queued;
    bool is_exclusive;
    uint64_t values[OPTION_COUNT];
    bool was_set[OPTION_COUNT];
};

struct model_path {
    bool exists;
    int owner;
};

extern struct model_socket model_sockets[MODEL_SOCKETS_MAX];
extern int model_socket_count;
extern struct model_path model_paths[MODEL_PATHS];
extern bool model_had_connections; /* their ports may be in TIME_WAIT */

struct model_socket *model_socket_new(fer_domain domain, fer_type type);
/* CONNECTION_RESET, if the socket's connection may be over and the system then refuses options. */
kind_set model_kinds_of_dead(const struct model_socket *socket);
socket_state model_socket_state_now(struct model_socket *socket);
/* The status of a pending connect for the handle: OK, WOULD_BLOCK or the cause of its failure; and
 * the effect of a report. */
kind_set model_connect_status(const model_handle *handle);
void model_connect_reported(model_handle *handle, fer_error report);

#define OK kind_set_of(FER_OK)
#define MISUSE KIND_SET_REFUSED
#define UNSUPPORTED kind_set_of(FER_UNSUPPORTED)
#define NOT_CONNECTED kind_set_of(FER_NOT_CONNECTED)
#define PENDING kind_set_of(FER_WOULD_BLOCK)

static inline struct model_socket *of(const model_handle *handle)
{
    return &model_sockets[handle->socket];
}
static inline bool is_unix(const model_handle *handle)
{
    return of(handle)->domain == FER_DOMAIN_UNIX;
}
static inline bool is_empty(const model_handle *handle)
{
    return handle->state == STATE_NEW || handle->state == STATE_CLOSED;
}
static inline uint64_t now(void)
{
    return fer_sim_now().nanos;
}

#endif
