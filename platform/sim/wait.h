/* wait.h: what the waits share: slices, and the cancel token of a wait. */
#ifndef FERP_SIM_WAIT_H
#define FERP_SIM_WAIT_H

#include "platform/sim/network.h"

/* The slice of a select with a token: the latest notice of a cancel (rule K2). */
#define FERP_SIM_TOKEN_SLICE UINT64_C(20000000)

/* The token of a wait, which may be NULL. On POSIX, and beside a request, the signal ends the wait.
 * A select has no token, so the wait checks it at the end of each slice. */
typedef struct ferp_sim_watch {
    const fer_cancel_token *token;
    uint64_t begin; /* of the wait */
    bool is_event;  /* the signal ends the wait */
} ferp_sim_watch;

/* ---- token.c */
/* is_request: the wait is a request of Windows, or several events. */
ferp_sim_watch ferp_sim_watch_begin(const ferp_sim_network *network, const fer_cancel_token *token,
                                    bool is_request);
/* Whether the token ends the wait now. */
bool ferp_sim_watch_ends(const ferp_sim_network *network, const ferp_sim_watch *watch);
/* Returns `end`, or the end of the current slice if that is earlier and the token is signalled. */
uint64_t ferp_sim_watch_until(const ferp_sim_network *network, const ferp_sim_watch *watch,
                              uint64_t end);
/* The result of a wait that ends with this error: OK if it has expired and the token is signalled,
 * as in the Windows backend. */
fer_error ferp_sim_watch_result(const ferp_sim_watch *watch, fer_error error);

/* ---- wait.c */
bool ferp_sim_loses_events(const ferp_sim_network *network);
/* The end of the current slice of a wait: the deadline, if nothing can be lost. */
uint64_t ferp_sim_end_of_slice(const ferp_sim_network *network, const ferp_sim_watch *watch,
                               bool is_request, uint64_t deadline);
/* Returns `end`, the end of a slice that begins now, or that of a later slice of the same length,
 * the last one that ends neither after the next event nor after `last`. */
uint64_t ferp_sim_end_before_event(const ferp_sim_network *network, uint64_t end, uint64_t last);
/* The readiness that poll and select report. */
fer_interest ferp_sim_ready_of(ferp_sim_network *network, const ferp_sim_socket *socket,
                               fer_interest interest);

#endif
