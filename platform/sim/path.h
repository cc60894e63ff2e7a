/* path.h: what the files of the network ask of the paths between hosts. */
#ifndef FERP_SIM_PATH_H
#define FERP_SIM_PATH_H

#include "platform/sim/network.h"

/* Whether packets between the two addresses are lost. */
bool ferp_sim_is_cut(const ferp_sim_network *network, const fer_ip_addr *one,
                     const fer_ip_addr *other);
/* The same for a connection. */
bool ferp_sim_link_is_cut(const ferp_sim_network *network, const ferp_sim_link *link);

/* The error of a call that sends to the address, which is in canonical form: no error if there is a
 * route. */
ferp_sim_code ferp_sim_path_status(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                   const fer_socket_addr *to);
/* The error that the sender's socket gets for a datagram that is lost, or no error. */
ferp_sim_code ferp_sim_datagram_report(const ferp_sim_network *network, const fer_ip_addr *from,
                                       const fer_ip_addr *to);

/* A packet of a stream is lost: a soft error, or a report of a router. */
void ferp_sim_lose_packet(ferp_sim_network *network, ferp_sim_socket *socket);
void ferp_sim_on_report(ferp_sim_network *network, const ferp_sim_event *event);
/* The error with which a connection or a connect ends that gets no answer. */
ferp_sim_code ferp_sim_cause_of_end(const ferp_sim_socket *socket);

/* An end has something to send while its connection is cut. It sends it later. */
void ferp_sim_hold(ferp_sim_network *network, ferp_sim_link *link, int side);
void ferp_sim_on_retransmit(ferp_sim_network *network, const ferp_sim_event *event);

/* The fault SOFT_ERROR of a connect, whose SYN is lost then, or of a connection. */
bool ferp_sim_injects_soft_error(ferp_sim_network *network, ferp_sim_socket *socket);
/* The fault NO_ROUTE of a call that sends to the address. */
bool ferp_sim_injects_no_route(ferp_sim_network *network, const ferp_sim_socket *socket,
                               const fer_ip_addr *to);
/* The faults of a connection that sends. */
void ferp_sim_inject_path_faults(ferp_sim_network *network, ferp_sim_socket *socket);

/* ---- stream.c */
/* Whether the end has bytes, or its FIN, to send now. */
bool ferp_sim_is_due(const ferp_sim_network *network, const ferp_sim_link *link, int side);
void ferp_sim_transmit(ferp_sim_network *network, ferp_sim_link *link, int side);
/* Ends a connection at this end alone, with a pending error. */
void ferp_sim_end_connection(ferp_sim_network *network, ferp_sim_socket *socket,
                             ferp_sim_code code);
/* A router resets the connection at this end. */
void ferp_sim_reset_by_router(ferp_sim_network *network, ferp_sim_link *link, int side);

#endif
