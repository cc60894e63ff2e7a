/* fuzz_handles.c: a program of sends and receives, with handles or without, on a pair of Unix
 * streams on Linux or a system of the BSD dialect, with faults. */
#include "ferrule/sim.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/driver/windows.h"
#include "fuzz/programs/handles_program.h"

enum { STEPS = 120 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    struct handles_program program;
    fer_sim_config config = {
        .send_buffer = HANDLES_BUFFER, .receive_buffer = HANDLES_BUFFER, .max_sockets = 64};
    uint8_t system = choose_byte(&from) % 5;
    if (system > 0) {
        config.dialect = FER_SIM_DIALECT_BSD;
        config.bsd = (fer_sim_bsd)(system - 1);
    }
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    handles_program_begin(&program);
    for (int i = 0; i < STEPS && from.left > 0; i++) {
        handles_program_step(&program, &from);
    }
    handles_program_end(&program);
    (void)fuzz_stop();
    return 0;
}
