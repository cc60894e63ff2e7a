/* fuzz_unix.c: a program of calls on Unix sockets, on Linux, on one system of the BSD dialect
 * and, as far as Windows has them, there. Each result is that of a model of names, bytes, ends and
 * datagrams. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/driver/windows.h"
#include "fuzz/programs/unix_program.h"

enum { STEPS = 80 };

static void run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    struct unix_program program;
    choices from = choices_of(data, size);
    size_t len = 0;
    const uint8_t *switches = choose_bytes(&from, FUZZ_WINDOWS_BYTES, &len);
    fer_sim_config config = fuzz_config(dialect, switches, len, UNIX_BUFFER);
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    unix_model_begin(&config);
    unix_program_begin(&program, dialect);
    program.no_buffers_until.nanos =
        dialect == FER_SIM_DIALECT_WINSOCK ? config.windows.no_buffers_until.nanos : 0;
    program.wait_kind = choose_bool(&from) ? FER_TIMED_OUT : FER_WOULD_BLOCK;
    for (int i = 0; i < STEPS && from.left > 0; i++) {
        unix_program_step(&program, &from);
    }
    unix_program_end(&program);
    (void)fuzz_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run_in(FER_SIM_DIALECT_POSIX, data, size);
    run_in(FER_SIM_DIALECT_WINSOCK, data, size);
    run_in(FER_SIM_DIALECT_BSD, data, size);
    return 0;
}
