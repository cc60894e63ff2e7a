/* visit.h: FERI_VISIT, which reports each visited cell of the state tables to a fuzzer, because
 * coverage reports edges only. Empty in a build without a fuzzer. */
#ifndef FERI_VISIT_H
#define FERI_VISIT_H

#if defined(FERI_FUZZ_CELLS)
#include "core/handle/stream_state.h"

/* A column is an event, or FERI_EVENT_COUNT plus a request. Defined in fuzz/driver/engine.c. */
void feri_visit(feri_state state, unsigned column);
#define FERI_VISIT(state, column) feri_visit(state, (unsigned)(column))
#else
#define FERI_VISIT(state, column) ((void)0)
#endif

#endif
