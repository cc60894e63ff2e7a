/* fuzz_socket.c: a program of calls on built sockets (socket.h) and on the handles that they are
 * moved into, in every dialect. Each result is that of a model of states, options and connects.
 * Misuse changes nothing; nothing leaks. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/driver/windows.h"
#include "fuzz/programs/socket_program.h"

enum { STEPS = 50 };

/* After a lost event a connect is noticed at the end of a slice. */
#define SLICE UINT64_C(100000000)

static void run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    struct socket_program program;
    choices from = choices_of(data, size);
    size_t len = 0;
    const uint8_t *switches = choose_bytes(&from, FUZZ_WINDOWS_BYTES, &len);
    fer_sim_config config = fuzz_config(dialect, switches, len, 64);
    /* The model does not know how long buffers lack. stream_state's does. */
    config.windows.no_buffers_until = (fer_duration){0};
    config.seed = choose_byte(&from);
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    socket_program_begin(&program, &config);
    program.limits.are_used = fuzz_has_limits(switches, len);
    program.late = dialect == FER_SIM_DIALECT_WINSOCK && config.windows.loses_events ? SLICE : 0;
    for (int i = 0; i < STEPS && from.left > 0; i++) {
        socket_program_step(&program, &from);
    }
    socket_program_end(&program);
    (void)fuzz_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run_in(FER_SIM_DIALECT_POSIX, data, size);
    run_in(FER_SIM_DIALECT_WINSOCK, data, size);
    run_in(FER_SIM_DIALECT_BSD, data, size);
    return 0;
}
