/* readiness.h: what a poller of the dialect's system tells of a socket. */
#ifndef FERP_SIM_READINESS_H
#define FERP_SIM_READINESS_H

#include "platform/sim/network.h"

/* What is ready now of what is asked for, under its key; and what is told unasked. Neither:
 * nothing. */
fer_event ferp_sim_readiness(ferp_sim_network *network, const ferp_sim_socket *socket,
                             fer_event interest);

/* unix.c: a datagram that it sends to its peer would be queued; a socket that is not Unix', or has
 * no peer, has room. */
bool ferp_sim_unix_has_room(ferp_sim_network *network, const ferp_sim_socket *socket);

#endif
