/* poller_model_state.h: the sockets, registrations and pollers of the model of pollers, for its
 * files alone. */
#ifndef FUZZ_POLLER_MODEL_STATE_H
#define FUZZ_POLLER_MODEL_STATE_H

#include "fuzz/models/poller_model.h"

#define POLLER_NEVER UINT64_MAX

enum { POLLER_REGISTRATIONS_MAX = 96 };

typedef struct poller_readiness {
    bool readable, writable;
    bool ended; /* the half that is read */
    bool over;  /* hung up or failed: both are reported, whatever the interest */
} poller_readiness;

struct registration {
    bool used;
    int poller, socket;
    fer_raw_socket raw;
    fer_event interest;
    fer_poll_mode mode;
    bool is_armed;
    bool is_stale;  /* its raw socket was closed, and a clone keeps the socket open */
    bool has_risen; /* edge-triggered: became ready since its last event */
    poller_readiness before;
    uint64_t expected_since; /* an event must be reported since this time; or POLLER_NEVER */
    unsigned expected_wait;  /* the first wait that began after that */
    unsigned reported_wait;  /* the last wait that reported it, or 0 */
};

struct poller_state {
    bool is_open, is_notified;
    /* By a notify during a wait with timeout 0: that wait took it, or the next one does. */
    bool may_be_notified;
    bool notified_during; /* the current wait, which was notified before */
    bool was_notified;    /* when the current wait began */
    uint64_t notified;    /* the time of the notification */
    bool is_waiting;
    bool never_waits; /* the timeout is 0 */
    uint64_t began;
    unsigned waits;
};

extern struct registration poller_registrations[POLLER_REGISTRATIONS_MAX];
extern struct poller_state poller_states[POLLER_POLLERS];

/* ---- poller_sockets.c */

void poller_sockets_begin(void);
uint64_t poller_now(void);
/* The readiness that must be reported, and the readiness that may be. */
poller_readiness poller_socket_must(int socket);
poller_readiness poller_socket_may(int socket);
void poller_socket_ref(int socket);
/* Returns true if that was the last reference. */
bool poller_socket_unref(int socket);

/* ---- poller_model.c */

/* The socket changed at that time. */
void poller_registrations_update(int socket, uint64_t time);
/* The registration, or its socket, changed at that time. */
void poller_registration_update(struct registration *registration, uint64_t time);

static inline bool has_no_interest(const struct registration *registration)
{
    return registration->interest.interest == 0;
}

#endif
