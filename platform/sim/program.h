/* program.h: whether the calls of this program come to the simulation. */
#ifndef FERP_SIM_PROGRAM_H
#define FERP_SIM_PROGRAM_H

#include <stdbool.h>

typedef void ferp_sim_function(void);

/* A function of core. The table ends with NULL, and is not static so that the compiler keeps it. */
typedef struct {
    const char *name;
    ferp_sim_function *function;
} ferp_sim_entry;
extern const ferp_sim_entry ferp_sim_entries[];

/* To be called by one thread at a time. */
bool ferp_sim_is_called(void);

#endif
