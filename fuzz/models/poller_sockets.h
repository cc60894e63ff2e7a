/* poller_sockets.h: between the two halves of the model: sockets, and who watches them. */
#ifndef FUZZ_POLLER_SOCKETS_H
#define FUZZ_POLLER_SOCKETS_H

#include "fuzz/models/poller_model.h"

typedef struct poller_readiness {
    bool readable;
    bool writable;
    bool over; /* hung up or failed: both, whatever is asked */
} poller_readiness;

/* poller_sockets.c */
void poller_sockets_begin(void);
uint64_t poller_now(void);
poller_readiness poller_socket_must(int socket);
poller_readiness poller_socket_may(int socket);
void poller_socket_ref(int socket);
/* Whether it is gone with that. */
bool poller_socket_unref(int socket);

/* poller_model.c: a socket changed at that time. */
void poller_registrations_update(int socket, uint64_t time);

#endif
