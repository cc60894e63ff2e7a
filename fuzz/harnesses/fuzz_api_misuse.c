/* fuzz_api_misuse.c: any call of any public function on handles in any state, with any pointer
 * NULL, any number for an enum and any length, in every dialect. Rule E4 holds for each call,
 * outputs are unchanged after a failure, nothing leaks, and no sanitizer reports anything. */
#include "fuzz/driver/windows.h"
#include "fuzz/programs/misuse_calls.h"

enum { STEPS = 64 };

static void run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    static struct misuse_state state;
    size_t steps = size / MISUSE_STEP_BYTES < STEPS ? size / MISUSE_STEP_BYTES : STEPS;
    size_t len = 0;
    const uint8_t *switches = fuzz_after_steps(data, size, 0, MISUSE_STEP_BYTES, STEPS, &len);
    unsigned types = 0;
    for (size_t i = 0; i < steps; i++) {
        types |= misuse_types(data + i * MISUSE_STEP_BYTES);
    }
    misuse_begin(&state, dialect, fuzz_windows(switches, len), fuzz_bsd(switches, len), types);
    for (size_t i = 0; i < steps; i++) {
        misuse_call(&state, data + i * MISUSE_STEP_BYTES);
    }
    misuse_end(&state);
    (void)fuzz_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run_in(FER_SIM_DIALECT_POSIX, data, size);
    run_in(FER_SIM_DIALECT_WINSOCK, data, size);
    run_in(FER_SIM_DIALECT_BSD, data, size);
    return 0;
}
