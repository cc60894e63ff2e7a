/* engine.c: what a fuzzing engine needs beside a harness: options of the sanitizer, and counters of
 * table cells. Not in replays. */
#include <stdint.h>

#include "core/handle/stream_state.h"

const char *__asan_default_options(void);

/* For long runs: freed memory is reused at once instead of touching a fresh page, and locals are on
 * the real stack. ASAN_OPTIONS overrides this; replays have the sanitizer's defaults. */
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1:detect_stack_use_after_return=0";
}

#if defined(FERI_FUZZ_CELLS)
enum { COLUMNS = (int)FERI_EVENT_COUNT + (int)FERI_REQUEST_COUNT };

#if defined(FUZZ_AFL)
/* AFL++ gives each guard of an array a counter of its map, and counts calls with the guard. */
typedef uint32_t cell;

void __sanitizer_cov_trace_pc_guard_init(uint32_t *begin, uint32_t *end);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

#define CELLS static
#define COUNT(one) __sanitizer_cov_trace_pc_guard(&(one))
#else
/* libFuzzer reads this section as counters of edges. */
typedef uint8_t cell;

#define CELLS __attribute__((used, section("__libfuzzer_extra_counters"))) static
#define COUNT(one) ((void)(one)++)
#endif

CELLS cell phase_cells[FERI_PHASE_COUNT][COLUMNS];
CELLS cell end_cells[32][COLUMNS]; /* four bits of ends, and whether an error is saved */

void feri_visit(feri_state state, unsigned column)
{
    COUNT(phase_cells[feri_state_phase(state)][column]);
    COUNT(end_cells[(state >> 4 & 0xF) | (feri_state_saved_kind(state) != FER_OK ? 0x10 : 0)]
                   [column]);
}

#if defined(FUZZ_AFL)
__attribute__((constructor)) static void add_guards(void)
{
    __sanitizer_cov_trace_pc_guard_init(phase_cells[0], (uint32_t *)(&phase_cells + 1));
    __sanitizer_cov_trace_pc_guard_init(end_cells[0], (uint32_t *)(&end_cells + 1));
}
#endif
#endif
