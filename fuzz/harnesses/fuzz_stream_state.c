/* fuzz_stream_state.c: a program of calls on streams with clones, peers and faults. Each call is
 * checked by stream_model.c. Bit 2 of the first byte chooses Windows, or the two other dialects. */
#include <string.h>

#include "fuzz/models/stream_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    static struct program program;
    memset(&program, 0, sizeof program);
    program.observe = stream_model_check;
    program.draws_paths = true;
    stream_model_begin(dialect);
    program_run(&program, dialect, data, size);
    stream_model_end(&program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_windows = size > 0 && (data[0] & 4) != 0;
    run_in(is_windows ? FER_SIM_DIALECT_WINSOCK : FER_SIM_DIALECT_POSIX, data, size);
    if (!is_windows) {
        run_in(FER_SIM_DIALECT_BSD, data, size);
    }
    return 0;
}
