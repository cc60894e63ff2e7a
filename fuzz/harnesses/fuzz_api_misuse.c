/* fuzz_api_misuse.c: any call of any public function on handles in any state, with any pointer
 * NULL, any number for an enum and any length, in every dialect. Rule E4 holds for each call,
 * outputs are unchanged after a failure, nothing leaks, and no sanitizer reports anything. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/driver/windows.h"
#include "fuzz/programs/misuse_calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 64 };

static void run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    static struct misuse_state state;
    fer_sim_report report;
    size_t steps = size / MISUSE_STEP_BYTES < STEPS ? size / MISUSE_STEP_BYTES : STEPS;
    size_t len = 0;
    const uint8_t *switches = fuzz_after_steps(data, size, 0, MISUSE_STEP_BYTES, STEPS, &len);
    misuse_begin(&state, dialect, fuzz_windows(switches, len), fuzz_bsd(switches, len));
    for (size_t i = 0; i < steps; i++) {
        misuse_call(&state, data + i * MISUSE_STEP_BYTES);
    }
    misuse_end(&state);
    if (fer_sim_stop(&report).kind != FER_OK || report.leaked_handles != 0 ||
        report.leaked_waits != 0 || report.leaked_lookups != 0 || report.leaked_tokens != 0) {
        fprintf(stderr, "misuse: dialect %d leaks %zu handles, %zu tokens\n", (int)dialect,
                report.leaked_handles, report.leaked_tokens);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run_in(FER_SIM_DIALECT_POSIX, data, size);
    run_in(FER_SIM_DIALECT_WINSOCK, data, size);
    run_in(FER_SIM_DIALECT_BSD, data, size);
    return 0;
}
