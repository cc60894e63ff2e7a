/* modes.c: the blocking mode and the timeouts of a socket. */
#include "platform/sim/network.h"

/* Linux rounds timeouts to ticks, 250 per second on most systems. Windows rounds them to
 * milliseconds. */
#define LINUX_TICK UINT64_C(4000000)
#define WINDOWS_MILLIS_MAX UINT64_C(0xFFFFFFFE)

static uint64_t rounded_up(uint64_t nanos, uint64_t unit)
{
    uint64_t units = nanos / unit + (nanos % unit != 0);
    uint64_t limit = (UINT64_MAX - 1) / unit;
    return (units < limit ? units : limit) * unit;
}

static fer_duration rounded_timeout(const ferp_sim_network *network, fer_duration timeout)
{
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return timeout;
    }
    if (!ferp_sim_is_winsock(network)) {
        return (fer_duration){rounded_up(timeout.nanos, LINUX_TICK)};
    }
    uint64_t limit = WINDOWS_MILLIS_MAX * FERP_NANOS_PER_MILLI;
    uint64_t nanos = rounded_up(timeout.nanos, FERP_NANOS_PER_MILLI);
    return (fer_duration){nanos < limit ? nanos : limit};
}

fer_error ferp_set_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration timeout)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_code code = ferp_sim_option_status(network, socket, FERP_SIM_SOCKET_LEVEL);
    if (code != FERP_SIM_EINVAL) {
        /* NetBSD stores it before the protocol refuses it (sosetopt). */
        socket->settings.timeouts[direction] = rounded_timeout(network, timeout);
        ferp_sim_keep_settings(network, raw);
    }
    return ferp_sim_trace_call(network,
                               direction == FERP_READING ? "read timeout" : "write timeout", socket,
                               ferp_sim_error(network, code));
}

fer_error ferp_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    *out = socket->settings.timeouts[direction];
    return FERP_SIM_OK;
}

fer_error ferp_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    socket->settings.nonblocking = nonblocking;
    return ferp_sim_trace_call(network, nonblocking ? "nonblocking" : "blocking", socket,
                               FERP_SIM_OK);
}

fer_error ferp_is_nonblocking(fer_raw_socket raw, bool *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (ferp_sim_is_winsock(network)) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    *out = socket->settings.nonblocking;
    return FERP_SIM_OK;
}
