/* resolve_keys.h: a program of lookups in the background, whose keys are taken (rule N9). */
#ifndef FUZZ_RESOLVE_KEYS_H
#define FUZZ_RESOLVE_KEYS_H

#include "fuzz/driver/choice.h"
#include "fuzz/models/resolve_model.h"

/* Decodes the steps of the query. */
void resolve_choose_steps(resolve_query *query, choices *from);

/* Runs the steps of the query in the simulation, which has its names. Two bytes are one step. */
void resolve_keys(const resolve_query *query);

#endif
