/* misuse_calls.h: a call of any public function on handles in any state, with arguments that an
 * input chooses: NULL or not, valid or absurd; and the rules that hold for every such call. */
#ifndef FUZZ_MISUSE_CALLS_H
#define FUZZ_MISUSE_CALLS_H

#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"
#include "tests/support/functions.h"

/* A step: two bytes choose the function, one the handles, one the arguments that are NULL or wild,
 * and one the values of the others. */
enum { MISUSE_STEP_BYTES = 5, MISUSE_HANDLES = 4, MISUSE_FILE_LEN = 200 };

/* Further handles: the ends of a pair of Unix streams, which no copy reaches; the pollers of the
 * connectors (open, new, closed), which are never made again; those of the lookups (the same),
 * which are never closed before the lookups. */
enum { MISUSE_OF_PAIR = MISUSE_HANDLES, MISUSE_OF_CONNECTORS = MISUSE_HANDLES };
enum { MISUSE_OF_LOOKUPS = MISUSE_OF_CONNECTORS + 3, MISUSE_HANDLES_MAX = MISUSE_OF_LOOKUPS + 3 };

/* All handles of one run, by type. At its start they are open, new, closed and open, if the dialect
 * has the type and a step can use it. */
struct misuse_state {
#define MISUSE_MEMBER(type) type type##_all[MISUSE_HANDLES_MAX];
    HANDLE_TYPES(MISUSE_MEMBER)
    fer_unix_stream passed[2]; /* a pair, whose raw sockets are passed */
    fer_raw_file files[2];     /* open, closed */
};

/* The types of handles that the call of a step can use: a bit for each handle_type. */
unsigned misuse_types(const uint8_t step[MISUSE_STEP_BYTES]);
/* Starts the simulation and opens the handles of these types; makes one call; closes them. */
void misuse_begin(struct misuse_state *state, fer_sim_dialect dialect, fer_sim_windows windows,
                  fer_sim_bsd bsd, unsigned types);
void misuse_call(struct misuse_state *state, const uint8_t step[MISUSE_STEP_BYTES]);
void misuse_end(struct misuse_state *state);

/* The handle of a type. */
void *misuse_handle(struct misuse_state *state, enum handle_type type, size_t at);

#endif
