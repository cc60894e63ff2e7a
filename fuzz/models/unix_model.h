/* unix_model.h: an independent model of Unix sockets: names, bytes in order, ends of file and
 * resets, whole datagrams and their queues. It uses neither the library's tables nor the
 * simulation. */
#ifndef FUZZ_UNIX_MODEL_H
#define FUZZ_UNIX_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/sim.h"

enum {
    UNIX_PATHS = 3,
    UNIX_NAMES = 5, /* the paths, then the abstract names, which Windows lacks */
    UNIX_UNNAMED = -1,
    UNIX_BUFFER = 64,   /* bytes of a simulated socket, in each direction */
    UNIX_QUEUE_MAX = 6, /* connections that a program leaves queued at most */
    UNIX_SOCKETS_MAX = 200,
    UNIX_BYTES_MAX = 512,
    UNIX_DATAGRAMS_QUEUED_MAX = 64 /* of all sockets */
};

typedef enum unix_state { UNIX_NEW, UNIX_OPEN, UNIX_CLOSED } unix_state;

/* A handle of any type: what it has done and seen itself, and its socket. */
typedef struct unix_handle {
    unix_state state;
    int socket;
    bool shut_read, shut_write, saw_eof, saw_reset;
} unix_handle;

void unix_model_begin(const fer_sim_config *config);

/* The handle was not opened because the system had no socket for it. */
void unix_model_mark_new(unix_handle *handle);

/* Each returns the kind that the call must return, and changes the model as the call does. */
fer_error_kind unix_model_listen(unix_handle *handle, int name);
fer_error_kind unix_model_connect(unix_handle *handle, int name);
fer_error_kind unix_model_pair(unix_handle *one, unix_handle *other, bool is_stream);
fer_error_kind unix_model_accept(unix_handle *listener, unix_handle *out, int *peer_name);
fer_error_kind unix_model_clone(const unix_handle *handle, unix_handle *out);
void unix_model_close(unix_handle *handle);
fer_error_kind unix_model_remove(int name);
fer_error_kind unix_model_local_name(const unix_handle *handle, int *name);
fer_error_kind unix_model_peer_name(const unix_handle *handle, bool is_stream, int *name);
/* True if a connect to this name does not wait. */
bool unix_model_has_space(int name);

/* expected has room for len bytes. wait_kind is the kind of a call that cannot proceed: WOULD_BLOCK
 * or TIMED_OUT. */
fer_error_kind unix_model_read(unix_handle *handle, size_t len, bool is_peek,
                               fer_error_kind wait_kind, uint8_t *expected, size_t *n);
void unix_model_consume(const unix_handle *handle, size_t n);
/* Applies the result of a write. Returns false if it may not have this result. */
bool unix_model_check_write(unix_handle *handle, const uint8_t *bytes, size_t len,
                            fer_error_kind kind, size_t n, fer_error_kind wait_kind);
fer_error_kind unix_model_shutdown(unix_handle *handle, fer_shutdown how, bool is_stream);

fer_error_kind unix_model_bind(unix_handle *handle, int name);
fer_error_kind unix_model_unbound(unix_handle *handle);
fer_error_kind unix_model_connect_datagram(unix_handle *handle, int name);
/* If name is UNIX_NAMES, the datagram goes to the peer. */
fer_error_kind unix_model_send(unix_handle *handle, int name, uint8_t assign, uint8_t len,
                               fer_error_kind wait_kind);
fer_error_kind unix_model_receive(unix_handle *handle, fer_error_kind wait_kind, uint8_t *assign,
                                  uint8_t *len, int *from);

#endif
