/* copying.c: pipes between two streams, in the POSIX dialect only. A fill receives and a drain
 * sends as every other call, faults and waits included. */
#include "platform/copying.h"

#include <string.h>

#include "core/base/compiler.h"
#include "platform/sim/network.h"

fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out)
{
    FERP_SIM_REQUIRE(network)
    (void)waits;
    if (network->config.dialect != FER_SIM_DIALECT_POSIX) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    for (int i = 0; i < FERP_SIM_RELAYS_MAX; i++) {
        ferp_sim_relay *relay = &network->relays[i];
        if (!relay->is_open && !ferp_sim_injects(network, NULL, FER_SIM_FAULT_NO_PIPE)) {
            relay->is_open = true;
            relay->cap = cap < FERP_SIM_RELAY_BYTES ? cap : FERP_SIM_RELAY_BYTES;
            relay->first = 0;
            relay->count = 0;
            out->ends[0] = i;
            return ferp_sim_trace_call(network, "open a pipe", NULL, FERP_SIM_OK);
        }
    }
    return ferp_sim_trace_call(network, "open a pipe", NULL,
                               ferp_sim_error(network, FERP_SIM_EMFILE));
}

static ferp_sim_relay *relay_of(ferp_sim_network *network, const ferp_pipe *pipe)
{
    ferp_sim_relay *relay = &network->relays[pipe->ends[0]];
    FERI_ASSERT(relay->is_open);
    return relay;
}

void ferp_pipe_close(const ferp_pipe *pipe)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network != NULL) {
        relay_of(network, pipe)->is_open = false;
        ferp_sim_trace_event(network, "close a pipe", NULL);
    }
}

static fer_error refused(ferp_sim_network *network)
{
    return (fer_error){FER_UNSUPPORTED, ferp_sim_error(network, FERP_SIM_EINVAL).os_code};
}

/* A segment takes a slot of the pipe, so a pipe can be full before it has cap bytes. */
static size_t shorten_to_slots(ferp_sim_network *network, size_t len)
{
    if (len < 2 || !ferp_sim_injects(network, NULL, FER_SIM_FAULT_PIPE_FULL)) {
        return len;
    }
    return 1 + ferp_sim_choose(network, (uint32_t)(len - 1));
}

fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE(network)
    ferp_sim_relay *relay = relay_of(network, pipe);
    FERI_ASSERT(relay->count == 0);
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_SPLICE_REFUSED)) {
        return refused(network);
    }
    size_t most = shorten_to_slots(network, len < relay->cap ? len : relay->cap);
    fer_error error = ferp_recv(from, relay->bytes, most, 0, n);
    relay->first = 0;
    relay->count = *n;
    return error;
}

fer_error ferp_pipe_drain(const ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE(network)
    ferp_sim_relay *relay = relay_of(network, pipe);
    FERI_ASSERT(len > 0 && len <= relay->count);
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_SPLICE_REFUSED)) {
        return refused(network);
    }
    fer_error error = ferp_send(to, relay->bytes + relay->first, len, 0, n);
    relay->first += *n;
    relay->count -= *n;
    return error;
}

fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE(network)
    ferp_sim_relay *relay = relay_of(network, pipe);
    FERI_ASSERT(len > 0 && len <= relay->count);
    memcpy(buf, relay->bytes + relay->first, len);
    relay->first += len;
    relay->count -= len;
    *n = len;
    return FERP_SIM_OK;
}
