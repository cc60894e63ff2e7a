/* listener_model.h: the clients in the queue of one listener, and which of them an accept may
 * return (rules L1, L3, T2, T6, I1). */
#ifndef FUZZ_LISTENER_MODEL_H
#define FUZZ_LISTENER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"

/* Ends the program with the rule unless it holds. */
void listener_must(bool holds, const char *rule, fer_error error);

void listener_model_begin(void);
void listener_model_set_nonblocking(bool nonblocking);
bool listener_model_is_nonblocking(void);
/* A client connects to the listener and sends its number, one byte. */
void listener_model_connect(const fer_socket_addr *addr);
/* A client resets its connection. */
void listener_model_reset(uint8_t which);
/* Clients that accept has not returned and that were not reset. */
size_t listener_model_count_waiting(void);
/* A fault aborts the first connection in the queue. Reset connections before it may have left. */
void listener_model_abort_first(void);
/* Sets the listener's timeout. Whether it has expired since a time of the simulation. */
void listener_model_set_timeout(fer_tcp_listener *listener, uint8_t arg);
bool listener_model_has_expired(uint64_t since);
/* An accept returned this stream, which is closed, or failed with this error. lingers: the client
 * receives everything and then ends, and the close waits for that. */
void listener_model_check_accepted(fer_tcp_stream *stream, fer_error error, bool lingers);
void listener_model_check_failed(fer_error error, size_t waiting, bool is_hit, fer_sim_fault fault);

/* Another bind: the address is in use, and the handle is open. */
void listener_model_bind_again(fer_tcp_listener *listener, const fer_socket_addr *addr);

#endif
