/* stream_model.h: an independent model of the results of a program's calls. It aborts at any other
 * result. */
#ifndef FUZZ_STREAM_MODEL_H
#define FUZZ_STREAM_MODEL_H

#include "fuzz/programs/stream_program.h"

void stream_model_begin(fer_sim_dialect dialect);
void stream_model_check(const struct program *program, const struct record *record);
void stream_model_end(const struct program *program);

#endif
