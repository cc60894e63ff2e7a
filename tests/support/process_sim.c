/* process_sim.c: process.h on the simulated network. The codes are the dialect's, as numbers,
 * because the host's may differ. */
#include "support/process.h"

#include <stdlib.h>

#include "platform/sim/network.h"

bool process_forbid_new_handles(void)
{
    ferp_sim_network *network = ferp_sim_current();
    network->handle_limit = ferp_sim_handles_open(network);
    return true;
}

void process_allow_new_handles(void)
{
    ferp_sim_network *network = ferp_sim_current();
    network->handle_limit = network->config.max_sockets;
}

bool process_allow_handles(size_t count)
{
    return count <= ferp_sim_current()->handle_limit;
}

/* The simulated program has none. */
bool process_drop_privileges(void)
{
    return true;
}
void process_regain_privileges(void)
{
}

void *process_reserve(size_t len)
{
    return calloc(1, len);
}

void process_unreserve(void *area, size_t len)
{
    free(area);
}

/* The simulation has no threads. tests/sim counts its calls instead. */
uint64_t process_thread_time_us(void)
{
    return 0;
}

#if defined(FERRULE_SIM_DIALECT_WINSOCK)
#include "support/error_codes_winsock.h"

#define CODE(name, number, kind) {#name, number, kind},
enum { CODE_REFUSED = 10061 };
#else
#include "support/error_codes_posix.h"

#if defined(FERRULE_SIM_DIALECT_BSD)
#define CODE(name, on_linux, on_bsd, kind) {#name, on_bsd, kind},
enum { CODE_REFUSED = 61 };
#else
#define CODE(name, on_linux, on_bsd, kind) {#name, on_linux, kind},
enum { CODE_REFUSED = 111 };
#endif
#endif

const struct process_error_code process_rust_error_codes[] = {
    RUST_ERROR_CODES(CODE){NULL, 0, FER_OK}};

int32_t process_code_refused(void)
{
    return CODE_REFUSED;
}
