/* fuzz_simulation.c: a program of calls of ferrule/sim.h and of ferrule, with handlers and
 * functions that make such calls too, run twice. */
#include "ferrule/sim.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/driver/windows.h"
#include "fuzz/programs/simulation_program.h"

enum { STEPS = 100, ADDRS = 6, HEAD_BYTES = 2, TAPE_BYTES = 8192, TAPE_BEGIN = 6 };

/* A jitter of a year. What is sent arrives at once, and the resets that answer it much later. */
static void add_jitter(fer_sim_config *config)
{
    static uint8_t tape[TAPE_BYTES];
    for (size_t i = TAPE_BEGIN; i < sizeof tape; i += 2) {
        tape[i] = UINT8_MAX;
    }
    config->jitter.nanos = UINT64_C(365) * 86400 * 1000000000;
    config->tape = tape;
    config->tape_len = sizeof tape;
}

static fer_sim_config config_of(choices *from)
{
    static fer_socket_addr addrs[ADDRS];
    static const fer_sim_name names[] = {
        {.host = "many.test", .addrs = addrs, .count = ADDRS, .delay = {1000}},
        {.host = "slow.test", .addrs = addrs, .count = ADDRS, .delay = {UINT64_C(3000000000)}}};
    static const char *const texts[ADDRS] = {"10.0.0.7:0",  "[fd00::7]:0", "10.0.0.8:0",
                                             "[fd00::8]:0", "10.0.0.9:0",  "[fd00::9]:0"};
    size_t len = 0;
    const uint8_t *head = choose_bytes(from, HEAD_BYTES, &len);
    for (size_t i = 0; i < ADDRS; i++) {
        FUZZ_CHECK(fer_socket_addr_parse(&addrs[i], texts[i]).kind == FER_OK);
    }
    fer_sim_config config = {.names = names, .name_count = sizeof names / sizeof names[0]};
    config.windows = fuzz_windows(head, len);
    config.bsd = fuzz_bsd(head, len);
    config.dialect = (fer_sim_dialect)choose_below(from, 3);
    config.seed = choose_byte(from);
    config.max_sockets = 4 + choose_byte(from) % 40;
    config.send_buffer = 1 + (size_t)choose_byte(from);
    config.receive_buffer = 1 + (size_t)choose_byte(from);
    config.latency.nanos = UINT64_C(1000) * choose_byte(from);
    if (choose_byte(from) >= 200) {
        add_jitter(&config);
    }
    return config;
}

/* Returns the report of the run. Everything is closed, so nothing may be left but the numbers of
 * handles in messages that no callback has received. */
static fer_sim_report run(const uint8_t *data, size_t size)
{
    static struct simulation_program program;
    choices from = choices_of(data, size);
    fer_sim_config config = config_of(&from);
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    simulation_program_begin(&program, from);
    for (int i = 0; i < STEPS && program.from.left > 0; i++) {
        uint64_t before = fer_sim_now().nanos;
        simulation_program_step(&program);
        FUZZ_CHECK(fer_sim_now().nanos >= before && !program.is_in_callback);
    }
    simulation_program_end(&program);
    return fuzz_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fer_sim_report first = run(data, size);
    fer_sim_report second = run(data, size);
    FUZZ_CHECK(first.digest == second.digest && first.elapsed.nanos == second.elapsed.nanos);
    return 0;
}
