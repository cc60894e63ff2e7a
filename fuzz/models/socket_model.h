/* socket_model.h: an independent model of sockets that are built step by step: the states of a
 * handle, when a connect ends and how, and the values of options. It uses neither the library's
 * tables nor the simulation. */
#ifndef FUZZ_SOCKET_MODEL_H
#define FUZZ_SOCKET_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/sim.h"
#include "ferrule/socket.h"

enum { MODEL_SOCKETS_MAX = 200, MODEL_PORT = 7001, MODEL_PATHS = 3, MODEL_NO_PATH = -1 };

/* A set of error kinds. */
typedef uint64_t kind_set;
kind_set kind_set_of(fer_error_kind kind);
#define KIND_SET_2(a, b) (kind_set_of(a) | kind_set_of(b))
/* A call that the state or an argument forbids. The unit tests say which is which. */
#define KIND_SET_REFUSED KIND_SET_2(FER_MISUSE, FER_INVALID_INPUT)
#define KIND_SET_ANY UINT64_MAX
bool kind_set_has(kind_set set, fer_error_kind kind);

typedef enum model_type {
    MODEL_SOCKET,
    MODEL_TCP_STREAM,
    MODEL_TCP_LISTENER,
    MODEL_UDP,
    MODEL_UNIX_STREAM,
    MODEL_UNIX_LISTENER,
    MODEL_UNIX_DATAGRAM
} model_type;

typedef enum model_state {
    STATE_NEW,
    STATE_UNCONNECTED,
    STATE_CONNECTING,
    STATE_FAILED,
    STATE_OPEN,
    STATE_CLOSED
} model_state;

typedef struct model_handle {
    model_type type;
    model_state state;
    int socket;
    fer_raw_socket raw; /* as it was first returned */
    bool listens;
    bool is_adopted, reuse_was_set, only_v6_was_set;
    bool was_late;         /* Windows has reported a failed connect as pending once */
    fer_error saved_error; /* of a failed connect */
} model_handle;

/* Options with a getter. */
typedef enum model_option {
    OPTION_REUSE_ADDRESS,
    OPTION_REUSE_PORT,
    OPTION_ONLY_V6,
    OPTION_RECV_BUFFER,
    OPTION_SEND_BUFFER,
    OPTION_KEEPALIVE,
    OPTION_LINGER,
    OPTION_NODELAY,
    OPTION_TTL,
    OPTION_TOS,
    OPTION_BROADCAST,
    OPTION_NONBLOCKING,
    OPTION_READ_TIMEOUT,
    OPTION_WRITE_TIMEOUT,
    OPTION_COUNT
} model_option;

/* Where a connect goes, its outcome there, and when. */
typedef struct model_destination {
    fer_socket_addr addr;
    fer_error_kind outcome;
    bool is_local; /* a port of the program: its listeners decide */
    bool is_mapped;
    uint64_t delay; /* until the outcome, in nanoseconds, in this dialect */
} model_destination;

/* The prediction for a connect. */
typedef struct model_connect {
    kind_set allowed;  /* results of the call */
    kind_set outcome;  /* of the connect */
    uint64_t earliest; /* the time of the outcome, on the clock */
    uint64_t latest;
    bool starts; /* a connect may be pending; else the call returns the outcome */
    bool is_misuse;
} model_connect;

void model_begin(const fer_sim_config *config);
bool model_is_windows(void);
/* Whether it is one of the BSDs, and whether it is this one. */
bool model_is_bsd(void);
bool model_is(fer_sim_bsd system);
bool model_is_of_type(const model_handle *handle, model_type type);
/* Two handles have connected the socket: the outcome for this one is unknown. */
bool model_outcome_is_unknown(const model_handle *handle);
bool model_is_usable(const model_handle *handle);

/* Each returns the kinds that a call may return; with `_done` it applies the result of the call. */
kind_set model_new(const model_handle *handle, fer_domain domain, fer_type type, int protocol,
                   fer_sim_fault fault);
void model_new_done(model_handle *handle, fer_domain domain, fer_type type, fer_error error);
/* A call that fails to open a handle leaves it new; misuse leaves it as it was. */
void model_not_opened(model_handle *handle, fer_error error);
void model_open(model_handle *handle, fer_domain domain, fer_type type, bool listens);
void model_close(model_handle *handle);
kind_set model_clone(const model_handle *handle, const model_handle *out, fer_sim_fault fault);
void model_clone_done(model_handle *handle, model_handle *out, fer_error error);
kind_set model_move(const model_handle *from, const model_handle *to);
void model_move_done(model_handle *from, model_handle *to);
int model_into_raw(model_handle *handle);
/* Whether into_raw may return another raw socket than as_raw (DIFFERENCES.md, raw_mode). */
bool model_is_released_as_other(const model_handle *handle);
void model_from_raw_done(model_handle *handle, int socket, fer_raw_socket raw, model_state state);
model_state model_raw_state(int socket, bool *uncertain);

kind_set model_set_option(const model_handle *handle, model_option option, uint64_t value);
/* NetBSD stores an option of a connection that was reset, and fails. */
void model_set_option_reset(const model_handle *handle, model_option option);
void model_set_option_done(model_handle *handle, model_option option, uint64_t value);
kind_set model_get_option(const model_handle *handle, model_option option, uint64_t *value,
                          bool *is_known);

kind_set model_bind(const model_handle *handle, const fer_socket_addr *addr);
void model_bind_done(model_handle *handle, const fer_socket_addr *addr, fer_error error);
kind_set model_bind_unix(const model_handle *handle, int path);
void model_bind_unix_done(model_handle *handle, int path);
kind_set model_listen(const model_handle *handle, int backlog);
void model_listen_done(model_handle *handle, int backlog);
/* Not certain if its queue may be full, or its address is unknown: a connect failed before, and
 * Windows may have replaced the wildcard address (row failed_connect_adopted). */
bool model_has_listener(const fer_socket_addr *addr, bool *is_certain);
/* A socket is bound there, and does not listen (row bound_port_is_silent). */
bool model_is_bound_only(const fer_socket_addr *addr);
/* The port of the socket, 0 if it is unbound, -1 if it is unknown. */
int model_local_port(const model_handle *handle);
kind_set model_local_addr(const model_handle *handle);
void model_remove_path(int path);

model_connect model_connect_to(const model_handle *handle, const model_destination *to,
                               fer_sim_fault fault, fer_duration timeout);
void model_connect_done(model_handle *handle, const model_connect *connect, fer_error error,
                        bool has_timeout);
kind_set model_connect_unix(const model_handle *handle, int path, fer_sim_fault fault);
void model_connect_unix_done(model_handle *handle, int path, fer_error error);

/* Calls on a handle with a pending connect. The cause of its failure is stored in `taken`, or is
 * the result itself. */
kind_set model_peer_addr(const model_handle *handle);
void model_peer_addr_done(model_handle *handle, fer_error error);
kind_set model_take_error(const model_handle *handle, kind_set *taken);
void model_take_error_done(model_handle *handle, fer_error error, fer_error taken);
kind_set model_read(const model_handle *handle);
void model_transfer_done(model_handle *handle, fer_error error);
kind_set model_write(const model_handle *handle);
kind_set model_shutdown(const model_handle *handle);
void model_shutdown_done(model_handle *handle, fer_error error);
kind_set model_send(const model_handle *handle);
kind_set model_receive(const model_handle *handle);
void model_accepted(model_handle *listener, model_handle *out, fer_domain domain);
/* True if a call on this handle never waits. */
bool model_never_waits(const model_handle *handle);
/* Windows, after into_raw of a clone (DIFFERENCES.md, raw_mode). */
bool model_may_wait_in_kernel(const model_handle *handle);
/* True if a connect may wait; one with a timeout waits in each mode. */
bool model_waits_to_connect(const model_handle *handle, bool has_timeout);
kind_set model_set_limits(const model_handle *handle);

#endif
