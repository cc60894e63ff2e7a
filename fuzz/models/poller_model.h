/* poller_model.h: an independent model of rules P1 to P12 of pollers: sockets that become
 * ready at known times, their registrations, and the events that each wait may and must report. It
 * uses neither the library's tables nor the simulation. */
#ifndef FUZZ_POLLER_MODEL_H
#define FUZZ_POLLER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"

enum {
    POLLER_POLLERS = 2,
    POLLER_SOCKETS_MAX = 24,   /* of one program in total */
    POLLER_NUMBERS_MAX = 1024, /* raw sockets of the simulation are below */
    POLLER_EVENTS_MAX = 16,
    POLLER_NO_SOCKET = -1
};

typedef enum poller_kind {
    POLLER_UNCONNECTED,
    POLLER_CONNECTING,
    POLLER_STREAM,
    POLLER_LISTENER,
    POLLER_DATAGRAM
} poller_kind;

/* An event of a socket at a given time. */
typedef enum poller_arrival {
    POLLER_BYTES, /* or connections, or datagrams: count of them */
    POLLER_EOF,
    POLLER_RESET,
    POLLER_EOF_OR_RESET, /* one of the two, unspecified */
    POLLER_MAY_ANSWER,   /* from now on: the end of a connect, successful or not, or a refusal */
    POLLER_FAILED,
    POLLER_CONNECTED,
    POLLER_REFUSAL /* of a datagram */
} poller_arrival;

typedef enum poller_space { POLLER_SPACE, POLLER_FULL, POLLER_UNSURE } poller_space;

typedef struct poller_wait_result {
    int poller;
    size_t cap;
    fer_duration timeout;
    fer_error error;
    const fer_event *events;
    size_t count;
    bool saw_notified; /* notified was reported */
    bool notified;
    bool is_fault_hit; /* a spurious readiness was injected, and happened */
} poller_wait_result;

void poller_model_begin(const fer_sim_config *config);

/* Advances the model's clock and applies all arrivals up to now. Called first in each step and in
 * each of the simulation's callbacks. */
void poller_model_at(uint64_t now);

/* ---- Sockets. A raw socket belongs to its socket until it is closed. */
int poller_model_create(poller_kind kind);
void poller_model_assign_raw(fer_raw_socket raw, int socket);
void poller_model_close(fer_raw_socket raw);
void poller_model_arrives(int socket, poller_arrival what, size_t count, uint64_t time);
void poller_model_received(int socket, size_t count);
void poller_model_connect_started(int socket);
void poller_model_space(int socket, poller_space room);
void poller_model_refusal_reported(int socket);
/* This end shut down a half. After a shutdown of reading the reported readiness differs by
 * system. */
void poller_model_shut(int socket, fer_shutdown how);
/* Bytes were sent to a closed peer: a reset may arrive at any time. */
void poller_model_wrote_to_closed(int socket);

/* True if _ready may return this readiness. */
bool poller_model_allows(int socket, fer_interest interests, fer_interest reported);

/* ---- Pollers. Each returns true if the call may have had this result, and changes the model as
 * the call does. */
bool poller_model_opened(int poller, fer_error_kind kind);
void poller_model_closed(int poller);
bool poller_model_added(int poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode,
                        fer_error_kind kind, bool lacks_memory);
bool poller_model_modified(int poller, fer_raw_socket raw, fer_event interest, fer_poll_mode mode,
                           fer_error_kind kind);
bool poller_model_deleted(int poller, fer_raw_socket raw, fer_error_kind kind);
void poller_model_notified(int poller);
/* False if the poller is not open. */
bool poller_model_wait_begins(int poller, fer_duration timeout);
/* NULL if the wait was right, else the broken rule. */
const char *poller_model_wait_ends(const poller_wait_result *wait);
/* NULL if the current waits may still continue, else the broken rule. */
const char *poller_model_check_pending(void);

#endif
