/* fuzz_stream_state.c: a program of calls on streams with clones, peers and faults. Each call is
 * checked by stream_model.c. Bit 2 of the first byte chooses the dialect. */
#include <string.h>

#include "fuzz/models/stream_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct program program;
    fer_sim_dialect dialect = size > 0 && (data[0] & 4) != 0 ? FER_SIM_WINSOCK : FER_SIM_POSIX;
    memset(&program, 0, sizeof program);
    program.observe = stream_model_check;
    stream_model_begin(dialect);
    program_run(&program, dialect, data, size);
    stream_model_end(&program);
    return 0;
}
