/* engine.c: what a harness is to the fuzzer that runs it: the sanitizer's options, and more to be
 * guided by than edges. Not for replays. */
#include <stdint.h>

#include "core/handle/stream_state.h"
#include "core/handle/visit.h"

const char *__asan_default_options(void);

/* For long runs: memory that was freed comes back at once instead of a fresh page of the kernel's,
 * and calls have their locals on the real stack. ASAN_OPTIONS and the replays have it otherwise. */
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1:detect_stack_use_after_return=0";
}

#if defined(FERI_FUZZ_CELLS)
enum { COLUMNS = (int)FERI_EVENT_COUNT + (int)FERI_REQUEST_COUNT };

/* libFuzzer takes what is in this section for counters of edges: here of each table's cells. */
__attribute__((
    used,
    section("__libfuzzer_extra_counters"))) static uint8_t life_cells[FERI_PHASE_COUNT][COLUMNS];
__attribute__((
    used,
    section("__libfuzzer_extra_counters"))) static uint8_t read_cells[FERI_READ_COUNT][COLUMNS];
__attribute__((
    used,
    section("__libfuzzer_extra_counters"))) static uint8_t write_cells[FERI_WRITE_COUNT][COLUMNS];

void feri_visit(feri_state state, unsigned column)
{
    life_cells[feri_state_phase(state)][column]++;
    read_cells[feri_state_read_half(state)][column]++;
    write_cells[feri_state_write_half(state)][column]++;
}
#endif
