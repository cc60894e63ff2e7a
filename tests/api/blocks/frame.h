/* frame.h: what the programs around the blocks of the documentation share: they run over the
 * simulated network. */
#ifndef FERRULE_TESTS_BLOCKS_FRAME_H
#define FERRULE_TESTS_BLOCKS_FRAME_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"
#include "ferrule/sim.h"

static inline void expect(bool holds, const char *text)
{
    if (!holds) {
        fprintf(stderr, "FAILED: %s\n", text);
        exit(1);
    }
}

/* Ends the program if the result is another one. */
static inline void expect_kind(fer_error error, fer_error_kind kind)
{
    if (error.kind != kind) {
        fprintf(stderr, "FAILED: %s, expected %s\n", fer_error_kind_name(error.kind),
                fer_error_kind_name(kind));
        exit(1);
    }
}

/* A listening peer, which plays the script for each connection. */
static inline void serve_script(const char *text, const fer_sim_step *steps, size_t count)
{
    fer_socket_addr addr;
    fer_sim_peer server = FER_SIM_PEER_NONE;
    expect_kind(fer_socket_addr_parse(&addr, text), FER_OK);
    expect_kind(fer_sim_peer_listen(&addr, 8, &server), FER_OK);
    expect_kind(fer_sim_peer_play(server, steps, count), FER_OK);
}

/* Ends the simulation, in which nothing may be left open. */
static inline void stop_simulation(void)
{
    fer_sim_report report;
    expect_kind(fer_sim_stop(&report), FER_OK);
    expect(report.leaked_handles == 0 && report.leaked_pollers == 0 && report.leaked_tokens == 0,
           "nothing is left open");
}

#endif
