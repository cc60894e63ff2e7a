/* error.c: maps the network's codes to the dialect's numbers and kinds, by the tables of the two
 * backends. */
#include "platform/sim/network.h"

static fer_error_kind linux_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK;
#define CASE(number, name, kind) \
    case number: return kind;
        FERP_LINUX_ERRORS(CASE)
#undef CASE
    default: return FER_UNCATEGORIZED;
    }
}

static fer_error_kind windows_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK;
#define CASE(number, name, kind) \
    case number: return kind;
        FERP_WINSOCK_ERRORS(CASE)
#undef CASE
    default: return FER_UNCATEGORIZED;
    }
}

fer_error_kind ferp_error_kind(int32_t os_code)
{
    const ferp_sim_network *network = ferp_sim_current();
    return network != NULL && ferp_sim_is_winsock(network) ? windows_kind(os_code)
                                                           : linux_kind(os_code);
}

static int32_t linux_code(ferp_sim_code code)
{
    switch (code) {
#define CASE(name, on_linux, on_windows) \
    case FERP_SIM_##name: return FERP_SIM_LINUX_##on_linux;
        FERP_SIM_CODES(CASE)
#undef CASE
    case FERP_SIM_NO_ERROR:
    default: return 0;
    }
}

static int32_t windows_code(ferp_sim_code code)
{
    switch (code) {
#define CASE(name, on_linux, on_windows) \
    case FERP_SIM_##name: return FERP_SIM_WINDOWS_##on_windows;
        FERP_SIM_CODES(CASE)
#undef CASE
    case FERP_SIM_NO_ERROR:
    default: return 0;
    }
}

fer_error ferp_sim_error(const ferp_sim_network *network, ferp_sim_code code)
{
    if (ferp_sim_is_winsock(network)) {
        int32_t number = windows_code(code);
        return (fer_error){windows_kind(number), number};
    }
    int32_t number = linux_code(code);
    return (fer_error){linux_kind(number), number};
}
