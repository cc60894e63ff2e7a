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

/* libFuzzer reads this section as counters of edges. Here they count the cells of each table. */
#define EXTRA_COUNTERS __attribute__((used, section("__libfuzzer_extra_counters")))

EXTRA_COUNTERS static uint8_t phase_cells[FERI_PHASE_COUNT][COLUMNS];
EXTRA_COUNTERS static uint8_t read_cells[FERI_READ_COUNT][COLUMNS];
EXTRA_COUNTERS static uint8_t write_cells[FERI_WRITE_COUNT][COLUMNS];

void feri_visit(feri_state state, unsigned column)
{
    phase_cells[feri_state_phase(state)][column]++;
    read_cells[feri_state_read_half(state)][column]++;
    write_cells[feri_state_write_half(state)][column]++;
}
#endif
