/* batch_program.h: decodes bytes into a program of batches between a client, a server and two
 * peers, and runs it on the simulated network. batch_model.h keeps the account of each datagram. */
#ifndef FUZZ_BATCH_PROGRAM_H
#define FUZZ_BATCH_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"
#include "fuzz/driver/choice.h"
#include "fuzz/models/batch_model.h"

struct batch_program {
    fer_udp_socket sockets[2]; /* the client's and the server's */
    fer_sim_peer peers[2];
    bool as_singles;          /* each datagram by a call of its own, without segments */
    bool has_paths;           /* faults of paths may occur */
    bool waits;               /* sockets are blocking, with a timeout */
    bool wants_coalescing[2]; /* has tried to enable it: in every run, or in none */
    bool is_comparable;
    struct batch_model model;
};

/* batch_setup.c: starts the simulation and opens the ends, by the next four bytes. */
void batch_start(struct batch_program *program, fer_sim_dialect dialect, choices *from);
fer_socket_addr batch_address(const char *text, uint16_t port);

/* Runs the bytes as a program, in one dialect. With as_singles the peers and the sockets receive
 * the same as without. */
void batch_program_run(struct batch_program *program, fer_sim_dialect dialect, bool as_singles,
                       const uint8_t *data, size_t size);

#endif
