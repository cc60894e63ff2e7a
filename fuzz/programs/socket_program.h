/* socket_program.h: calls on built sockets and on the handles that they are moved into. The library
 * and the model must agree on each. */
#ifndef FUZZ_SOCKET_PROGRAM_H
#define FUZZ_SOCKET_PROGRAM_H

#include "fuzz/driver/choice.h"
#include "fuzz/models/socket_model.h"
#include "fuzz/programs/limits.h"

enum { SOCKET_BUILT = 4, SOCKET_HANDLES = 12, SOCKET_RAWS = 2 };

/* A handle of any type. */
typedef union socket_any {
    fer_socket socket;
    fer_tcp_stream tcp_stream;
    fer_tcp_listener tcp_listener;
    fer_udp_socket udp;
    fer_unix_stream unix_stream;
    fer_unix_listener unix_listener;
    fer_unix_datagram unix_datagram;
} socket_any;

struct socket_program {
    fer_sim_dialect dialect;
    struct program_limits limits;
    struct handle_limits limits_of[SOCKET_BUILT];
    uint64_t late; /* the time by which a wait may notice the end of a connect late */
    socket_any handles[SOCKET_HANDLES]; /* the first SOCKET_BUILT are fer_sockets */
    model_handle models[SOCKET_HANDLES];
    fer_raw_socket raws[SOCKET_RAWS]; /* released by their handles */
    int raw_sockets[SOCKET_RAWS];
};

/* Sets up the network only. */
void socket_program_begin(struct socket_program *program, const fer_sim_config *config);
/* Decodes and makes one call. */
void socket_program_step(struct socket_program *program, choices *from);
/* Closes all handles. */
void socket_program_end(struct socket_program *program);

#endif
