/* fuzz_poller.c: a program of calls on pollers, on their sockets and on the peers of these, in
 * every dialect. The results, the events and the duration of each wait are those that a model of
 * rules P1 to P12 allows. Nothing leaks. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/poller_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct poller_program program;
    poller_program_run(&program, FER_SIM_DIALECT_POSIX, data, size);
    poller_program_run(&program, FER_SIM_DIALECT_WINSOCK, data, size);
    poller_program_run(&program, FER_SIM_DIALECT_BSD, data, size);
    return 0;
}
