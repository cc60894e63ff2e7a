/* copy_program.h: two streams on the simulated network, the far end of one of which sends a pattern
 * while that of the other receives it and checks it. In both directions, the same the other way. */
#ifndef FUZZ_COPY_PROGRAM_H
#define FUZZ_COPY_PROGRAM_H

#include "ferrule.h"
#include "ferrule/sim.h"

enum { COPY_TOTAL_MAX = 700000, COPY_CAP_MAX = 65536 };

/* What a copy does. */
enum copy_kind { COPY_ONE_WAY, COPY_BOTH_WAYS, COPY_FILE };

struct copy_plan {
    fer_sim_config config;
    enum copy_kind kind;
    size_t total, cap;
    size_t back;      /* the bytes of the other direction; 0: its end comes at once */
    bool nonblocking; /* set through a clone, if it has clones */
    bool has_clones, resets;
    /* the source sends an urgent byte beside each part, or as its last byte if it is inline */
    bool has_urgent, is_inline;
    uint64_t reset_at; /* virtual milliseconds */
};

/* The bytes of one direction. */
struct copy_flow {
    size_t total, sent, received;
    bool has_ended; /* the end of file has arrived */
    bool has_urgent, is_inline;
};

/* The state of one run. */
struct copy_run {
    struct copy_plan plan;
    fer_tcp_stream source, sink, clone;
    fer_sim_peer far_source, far_sink;
    struct copy_flow there, back;
    bool is_closing; /* the streams are closed, perhaps after an error */
};

/* The n-th byte of every source. */
extern uint8_t copy_contents[COPY_TOTAL_MAX];

/* Starts the simulation and makes the streams without faults, which come afterwards. */
void copy_program_begin(struct copy_run *run, const struct copy_plan *plan, bool has_pipes);

/* Lets everything arrive, and stops the simulation. */
void copy_program_end(struct copy_run *run);

#endif
