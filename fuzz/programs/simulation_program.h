/* simulation_program.h: a program of calls of ferrule/sim.h and of ferrule, whose handlers and
 * functions make such calls too. */
#ifndef FUZZ_SIMULATION_PROGRAM_H
#define FUZZ_SIMULATION_PROGRAM_H

#include "ferrule.h"
#include "ferrule/connector.h"
#include "ferrule/sim.h"
#include "fuzz/driver/choice.h"

enum { SIMULATION_PEERS = 10, SIMULATION_STREAMS = 4, SIMULATION_LISTENERS = 2 };
enum { SIMULATION_SOCKETS = 3, SIMULATION_UNIX = 4, SIMULATION_DATAGRAMS = 2 };
enum { SIMULATION_LOOKUPS = 2, SIMULATION_CONNECTORS = 2, SIMULATION_FILES = 3 };
enum { SIMULATION_SCRIPTS = 16, SIMULATION_SCRIPT_STEPS = 4, SIMULATION_BUFFER = 300 };
enum { SIMULATION_TIMES = 2000 };

/* The handles are used by the program and by its callbacks. A call that waits may find its own
 * handle closed. */
struct simulation_program {
    choices from;
    const fer_tcp_stream *opening; /* by a call that waits */
    bool is_in_callback;
    size_t callbacks;
    fer_sim_peer peers[SIMULATION_PEERS];
    fer_tcp_stream streams[SIMULATION_STREAMS];
    fer_tcp_listener listeners[SIMULATION_LISTENERS];
    fer_udp_socket sockets[SIMULATION_SOCKETS];
    fer_unix_stream unix_streams[SIMULATION_UNIX];
    fer_unix_datagram datagrams[SIMULATION_DATAGRAMS];
    fer_poller poller;
    fer_cancel_token token;
    fer_resolver resolver;
    fer_lookup lookups[SIMULATION_LOOKUPS];
    fer_connector connectors[SIMULATION_CONNECTORS];
    fer_raw_file files[SIMULATION_FILES];
    /* A script stays in place until the simulation stops. */
    fer_sim_step scripts[SIMULATION_SCRIPTS][SIMULATION_SCRIPT_STEPS];
    size_t script_count;
    unsigned char buf[SIMULATION_BUFFER];
};

void simulation_program_begin(struct simulation_program *program, choices from);
/* Decodes and makes one call. */
void simulation_program_step(struct simulation_program *program);
/* Closes all handles. */
void simulation_program_end(struct simulation_program *program);

/* ---- For the files of the program */
/* A length, an address and a duration, mostly short ones. */
size_t simulation_length(struct simulation_program *program);
fer_socket_addr simulation_address(struct simulation_program *program);
fer_duration simulation_duration(struct simulation_program *program);
/* How often a call is made, each time a nanosecond later: mostly once, sometimes more often than
 * there is room for events. */
size_t simulation_times(struct simulation_program *program);
/* NULL instead of a stream that a call opens while it waits. */
fer_tcp_stream *simulation_stream(struct simulation_program *program);
/* A function of fer_sim_after and a handler, whose context is the program. */
void simulation_callback(void *context);
void simulation_handler(fer_sim_peer peer, fer_sim_event event, void *context);
/* ---- simulation_peers.c: a call of ferrule/sim.h */
void simulation_peer_step(struct simulation_program *program);
/* ---- simulation_calls.c: a call of ferrule on a stream, a socket or a Unix socket */
void simulation_call_step(struct simulation_program *program);
/* ---- simulation_background.c: a call of ferrule on a poller, a connector, a lookup or a token */
void simulation_background_step(struct simulation_program *program);

#endif
