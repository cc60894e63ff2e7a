/* connect_wait.c: waiting for the first of several pending connects to end. */
#include "platform/sim/wait.h"

typedef struct connect_wait {
    const fer_raw_socket *raws;
    size_t count;
    ferp_sim_watch watch;
} connect_wait;

/* Stores a bit for each ended connect. Errors: EBADF. */
static fer_error find_ended(ferp_sim_network *network, const connect_wait *wait, uint32_t *ended)
{
    *ended = 0;
    for (size_t i = 0; i < wait->count; i++) {
        const ferp_sim_socket *socket = ferp_sim_socket_of(network, wait->raws[i]);
        if (socket == NULL) {
            return ferp_sim_error(network, FERP_SIM_EBADF);
        }
        *ended |= socket->state != FERP_SIM_CONNECTING ? UINT32_C(1) << i : 0;
    }
    return FERP_SIM_OK;
}

/* An expired wait may have lost an event. */
static fer_error last_check(ferp_sim_network *network, const connect_wait *wait, fer_error expired,
                            uint32_t *ended)
{
    FER_TRY(find_ended(network, wait, ended));
    return *ended != 0 ? FERP_SIM_OK : ferp_sim_watch_result(&wait->watch, expired);
}

/* A select of all sockets. As in the other waits, it looks at them only at the end of its slice if
 * events are lost. */
static fer_error wait_on(ferp_sim_network *network, const connect_wait *wait, uint64_t deadline,
                         uint32_t *ended)
{
    uint64_t end = ferp_sim_end_of_slice(network, &wait->watch, false, deadline);
    bool looks = true;
    for (;;) {
        uint32_t found = 0;
        FER_TRY(find_ended(network, wait, &found));
        *ended = looks ? found : 0;
        if (*ended != 0 || ferp_sim_watch_ends(network, &wait->watch)) {
            return FERP_SIM_OK;
        }
        bool is_quiet = found == 0 && !fer_cancel_token_is_cancelled(wait->watch.token);
        bool is_idle = is_quiet && network->event_count == 0;
        uint64_t until = is_idle    ? deadline
                         : is_quiet ? ferp_sim_end_before_event(network, end, deadline)
                                    : ferp_sim_watch_until(network, &wait->watch, end);
        fer_error error = ferp_sim_pass_time(network, until);
        looks = !ferp_sim_loses_events(network) || error.kind == FER_TIMED_OUT;
        if (error.kind == FER_TIMED_OUT && until < deadline) {
            end = ferp_sim_end_of_slice(network, &wait->watch, false, deadline);
            continue;
        }
        if (error.kind != FER_OK) {
            return last_check(network, wait, error, ended);
        }
    }
}

/* Reports one connect as ended that is still pending. */
static bool injects_end(ferp_sim_network *network, const connect_wait *wait, uint32_t *ended)
{
    uint32_t found = 0;
    if (find_ended(network, wait, &found).kind != FER_OK || found != 0 ||
        !ferp_sim_injects(network, ferp_sim_socket_of(network, wait->raws[0]),
                          FER_SIM_FAULT_SPURIOUS_READY)) {
        return false;
    }
    *ended = UINT32_C(1) << ferp_sim_choose(network, (uint32_t)wait->count);
    return true;
}

fer_error ferp_wait_for_connects(const fer_raw_socket *raws, size_t count, uint64_t deadline,
                                 const fer_cancel_token *token, uint32_t *ended)
{
    FERP_SIM_REQUIRE(network)
    connect_wait wait = {raws, count, ferp_sim_watch_begin(network, token, false)};
    ferp_sim_run_due_events(network);
    const ferp_sim_socket *first = ferp_sim_socket_of(network, raws[0]);
    if (ferp_sim_injects(network, first, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    if (injects_end(network, &wait, ended)) {
        return FERP_SIM_OK;
    }
    if (deadline <= network->now) {
        ferp_sim_tick(network); /* a program that polls makes progress */
    }
    return ferp_sim_trace_call(network, "wait for connects", first,
                               wait_on(network, &wait, deadline, ended));
}
