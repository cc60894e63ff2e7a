/* fuzz_poller.c: a program of calls on pollers, on what they watch and on the peers of that, in
 * both dialects: each answer, each event and the time of each wait are what a model of the rules P1
 * to P12 allows, and nothing leaks. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/poller_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct poller_program program;
    poller_program_run(&program, FER_SIM_POSIX, data, size);
    poller_program_run(&program, FER_SIM_WINSOCK, data, size);
    return 0;
}
