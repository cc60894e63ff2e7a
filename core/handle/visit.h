/* visit.h: FERI_VISIT, which shows a fuzzer the cells of the state tables that it came to, as
 * coverage sees edges alone. Nothing in a build without a fuzzer. */
#ifndef FERI_VISIT_H
#define FERI_VISIT_H

#if defined(FERI_FUZZ_CELLS)
#include "core/handle/stream_state.h"

/* A column is an event, or FERI_EVENT_COUNT and a request. In fuzz/driver/engine.c. */
void feri_visit(feri_state state, unsigned column);
#define FERI_VISIT(state, column) feri_visit(state, (unsigned)(column))
#else
#define FERI_VISIT(state, column) ((void)0)
#endif

#endif
