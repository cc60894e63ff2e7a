/* readiness.h: a socket's readiness, as a poller of the dialect's system reports it. */
#ifndef FERP_SIM_READINESS_H
#define FERP_SIM_READINESS_H

#include "platform/sim/network.h"

/* Returns the ready part of the interest, with its key, and both directions after a failure, and
 * what has ended. 0 if there is nothing to report. */
fer_event ferp_sim_readiness(ferp_sim_network *network, const ferp_sim_socket *socket,
                             fer_event interest);

/* Whether writing has ended, by a shutdown of either end. */
bool ferp_sim_writing_has_ended(ferp_sim_network *network, const ferp_sim_socket *socket);

/* Whether poll and a poller report that the write half has ended. */
bool ferp_sim_reports_write_end(ferp_sim_network *network, const ferp_sim_socket *socket);

/* Whether poll and select report that the socket can be written to. */
bool ferp_sim_is_writable(ferp_sim_network *network, const ferp_sim_socket *socket);

/* Whether the receiver's queue has space for a datagram of the sender. */
bool ferp_sim_unix_has_space_for(const ferp_sim_socket *socket, const ferp_sim_socket *receiver);

/* Whether the peer's queue has space for a datagram. True for a socket that is no Unix datagram
 * socket or has no peer. */
bool ferp_sim_unix_has_space(ferp_sim_network *network, const ferp_sim_socket *socket);

/* unix.c: the peer of a Unix datagram socket, or NULL. */
ferp_sim_socket *ferp_sim_unix_peer_of(ferp_sim_network *network, const ferp_sim_socket *socket);

#endif
