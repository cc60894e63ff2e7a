/* wait_pair.c: waiting until one of two streams is ready. */
#include "platform/copying.h"
#include "platform/sim/readiness.h"
#include "platform/sim/wait.h"

typedef struct pair_wait {
    ferp_ready_pair *pair;
    ferp_sim_watch watches[2];
    uint32_t wakes[2];
} pair_wait;

/* What poll reports of a socket; select's sets are not reported. *has_end: a write half has ended,
 * which the next slice may detect. */
static fer_error check_pair(ferp_sim_network *network, const pair_wait *wait, bool *is_ready_now,
                            bool *is_woken, bool *has_end)
{
    *has_end = false;
    *is_ready_now = false;
    *is_woken = false;
    for (int i = 0; i < 2; i++) {
        const ferp_sim_socket *socket = ferp_sim_socket_of(network, wait->pair->raws[i]);
        if (socket == NULL) {
            return ferp_sim_error(network, FERP_SIM_EBADF);
        }
        fer_interest ready = ferp_sim_ready_of(network, socket, wait->pair->interests[i]);
        *is_ready_now = *is_ready_now || ready != 0;
        wait->pair->ready[i] = ferp_sim_is_winsock(network) ? 0 : ready;
        *has_end = *has_end || ((wait->pair->interests[i] & FER_WRITABLE) != 0 &&
                                ferp_sim_writing_has_ended(network, socket));
        *is_woken = *is_woken || socket->wakes != wait->wakes[i] ||
                    ferp_sim_watch_ends(network, &wait->watches[i]);
    }
    return FERP_SIM_OK;
}

/* If a token is signalled, a select detects it at the end of its slice. */
static uint64_t until_look(const ferp_sim_network *network, const pair_wait *wait, uint64_t end)
{
    end = ferp_sim_watch_until(network, &wait->watches[0], end);
    return ferp_sim_watch_until(network, &wait->watches[1], end);
}

/* Without scheduled events only the deadline ends the wait, unless a token is signalled. */
static fer_error wait_on_pair(ferp_sim_network *network, const pair_wait *wait, uint64_t until,
                              uint64_t deadline)
{
    bool looks = true;
    bool had_event = false;
    for (;;) {
        bool is_ready_now;
        bool is_woken;
        bool has_end;
        FER_TRY(check_pair(network, wait, &is_ready_now, &is_woken, &has_end));
        if ((looks && is_ready_now) || is_woken) {
            return FERP_SIM_OK;
        }
        bool is_signalled = fer_cancel_token_is_cancelled(wait->watches[0].token) ||
                            fer_cancel_token_is_cancelled(wait->watches[1].token);
        bool is_quiet = !is_ready_now && !is_signalled && !has_end &&
                        (!had_event || ferp_sim_is_winsock(network));
        bool is_idle = is_quiet && network->event_count == 0;
        uint64_t end = ferp_sim_end_of_slice(network, &wait->watches[0], false, until);
        end = is_quiet ? ferp_sim_end_before_event(network, end, deadline)
                       : until_look(network, wait, end);
        fer_error error = ferp_sim_pass_time(network, is_idle ? deadline : end);
        had_event = had_event || error.kind == FER_OK;
        looks = !ferp_sim_loses_events(network) || error.kind == FER_TIMED_OUT;
        if (error.kind == FER_TIMED_OUT && !is_idle && (end < until || is_ready_now)) {
            continue;
        }
        if (error.kind != FER_OK) {
            error = ferp_sim_watch_result(&wait->watches[0], error);
            return ferp_sim_watch_result(&wait->watches[1], error);
        }
    }
}

fer_error ferp_wait_for_pair(ferp_ready_pair *pair, uint64_t until, uint64_t deadline)
{
    FERP_SIM_REQUIRE(network)
    pair_wait wait = {.pair = pair};
    for (int i = 0; i < 2; i++) {
        const ferp_sim_socket *socket = ferp_sim_socket_of(network, pair->raws[i]);
        wait.watches[i] = ferp_sim_watch_begin(network, pair->tokens[i], false);
        wait.wakes[i] = socket == NULL ? 0 : socket->wakes;
    }
    ferp_sim_run_due_events(network);
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_SPURIOUS_READY)) {
        return FERP_SIM_OK;
    }
    return ferp_sim_trace_call(network, "wait for two", NULL,
                               wait_on_pair(network, &wait, until, deadline));
}
