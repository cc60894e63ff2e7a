/* error.c: maps the network's codes to the dialect's numbers and kinds, by the tables of the two
 * backends. */
#include "platform/sim/network.h"

#define CASE(number, name, kind) \
    case number: return kind;

static fer_error_kind linux_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK; FERP_LINUX_ERRORS(CASE)
    default: return FER_UNCATEGORIZED;
    }
}

static fer_error_kind bsd_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK; FERP_BSD_ERRORS(CASE)
    default: return FER_UNCATEGORIZED;
    }
}

static fer_error_kind windows_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK; FERP_WINSOCK_ERRORS(CASE)
    default: return FER_UNCATEGORIZED;
    }
}

#undef CASE

static fer_error_kind kind_in(fer_sim_dialect dialect, int32_t os_code)
{
    switch (dialect) {
    case FER_SIM_DIALECT_WINSOCK: return windows_kind(os_code);
    case FER_SIM_DIALECT_BSD: return bsd_kind(os_code);
    case FER_SIM_DIALECT_POSIX:
    default: return linux_kind(os_code);
    }
}

fer_error_kind ferp_error_kind(int32_t os_code)
{
    const ferp_sim_network *network = ferp_sim_current();
    return kind_in(network != NULL ? network->config.dialect : FER_SIM_DIALECT_POSIX, os_code);
}

static int32_t linux_code(ferp_sim_code code)
{
    switch (code) {
#define CASE(name, on_posix, on_windows) \
    case FERP_SIM_##name: return FERP_SIM_LINUX_##on_posix;
        FERP_SIM_CODES(CASE)
#undef CASE
    case FERP_SIM_NO_ERROR:
    default: return 0;
    }
}

static int32_t bsd_code(ferp_sim_code code)
{
    switch (code) {
#define CASE(name, on_posix, on_windows) \
    case FERP_SIM_##name: return FERP_SIM_BSD_##on_posix;
        FERP_SIM_CODES(CASE)
#undef CASE
    case FERP_SIM_NO_ERROR:
    default: return 0;
    }
}

static int32_t windows_code(ferp_sim_code code)
{
    switch (code) {
#define CASE(name, on_posix, on_windows) \
    case FERP_SIM_##name: return FERP_SIM_WINDOWS_##on_windows;
        FERP_SIM_CODES(CASE)
#undef CASE
    case FERP_SIM_NO_ERROR:
    default: return 0;
    }
}

fer_error ferp_sim_error(const ferp_sim_network *network, ferp_sim_code code)
{
    int32_t number = network->config.dialect == FER_SIM_DIALECT_WINSOCK ? windows_code(code)
                     : network->config.dialect == FER_SIM_DIALECT_BSD   ? bsd_code(code)
                                                                        : linux_code(code);
    return (fer_error){kind_in(network->config.dialect, number), number};
}
