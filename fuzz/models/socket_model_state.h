/* socket_model_state.h: the sockets and names of the model, for its two files alone. */
#ifndef FUZZ_SOCKET_MODEL_STATE_H
#define FUZZ_SOCKET_MODEL_STATE_H

#include "fuzz/models/socket_model.h"

enum { UNBOUND = 0, SOME_PORT = -1 };

typedef enum socket_life {
    SOCKET_FRESH,
    SOCKET_CONNECTING,
    SOCKET_CONNECTED,
    SOCKET_FAILED,
    SOCKET_LISTENING
} socket_life;

struct model_socket {
    int refs;
    fer_domain domain;
    bool is_stream;
    bool was_shared; /* what was chosen through one handle, another may not know */
    bool is_murky;   /* two handles have connected it: only states are looked at */
    bool is_loose;   /* what its other end does is not known here */
    socket_life life;
    kinds end; /* of a connect that has begun */
    uint64_t least;
    uint64_t most;
    int port;
    fer_ip_addr ip;
    int path;
    int backlog;
    int queued;
    bool is_exclusive;
    uint64_t values[OPTION_COUNT];
    bool was_set[OPTION_COUNT];
};

struct model_path {
    bool exists;
    int owner;
};

extern struct model_socket model_sockets[MODEL_SOCKETS_MAX];
extern struct model_path model_paths[MODEL_PATHS];
extern bool model_had_connections; /* whose ports may rest in TIME_WAIT */

struct model_socket *model_socket_new(fer_domain domain, fer_type type);
socket_life model_life_now(struct model_socket *socket);
/* How a connect that is under way for the handle stands: OK, WOULD_BLOCK, why it has failed; and
 * what of that was told. */
kinds model_standing(const model_handle *handle);
void model_stood(model_handle *handle, fer_error said);

#define OK kinds_one(FER_OK)
#define MISUSE kinds_one(FER_INVALID_INPUT)
#define UNSUPPORTED kinds_one(FER_UNSUPPORTED)
#define UNCONNECTED kinds_one(FER_NOT_CONNECTED)
#define PENDING kinds_one(FER_WOULD_BLOCK)

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
    return handle->life == LIFE_NEW || handle->life == LIFE_CLOSED;
}
static inline uint64_t now(void)
{
    return fer_sim_now().nanos;
}

#endif
