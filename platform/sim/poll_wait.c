/* poll_wait.c: waiting for the first of several sockets to be ready. */
#include "platform/sim/readiness.h"
#include "platform/sim/wait.h"

typedef struct poll_wait {
    fer_poll_entry *entries;
    size_t count;
    ferp_sim_watch watch;
} poll_wait;

static bool is_ignored(const fer_poll_entry *entry)
{
    return entry->raw == FER_RAW_SOCKET_NONE || entry->interest == 0;
}

/* As a poller does: epoll and poll agree, and so do AFD and select. Errors: EBADF. */
static fer_error find_ready(ferp_sim_network *network, const poll_wait *wait, size_t *found)
{
    *found = 0;
    for (size_t i = 0; i < wait->count; i++) {
        fer_poll_entry *entry = &wait->entries[i];
        const ferp_sim_socket *socket = ferp_sim_socket_of(network, entry->raw);
        entry->ready = 0;
        if (is_ignored(entry)) {
            continue;
        }
        if (socket == NULL) {
            return ferp_sim_error(network, FERP_SIM_EBADF);
        }
        const fer_event wanted = {.interest = entry->interest};
        const fer_event nothing = {.interest = 0};
        bool has_failed = ferp_sim_readiness(network, socket, nothing).interest != 0;
        entry->ready =
            entry->interest &
            (has_failed ? entry->interest : ferp_sim_readiness(network, socket, wanted).interest);
        *found += entry->ready != 0;
    }
    return FERP_SIM_OK;
}

/* An expired wait may have lost an event. */
static fer_error last_check(ferp_sim_network *network, const poll_wait *wait, fer_error expired,
                            size_t *found)
{
    FER_TRY(find_ready(network, wait, found));
    return *found != 0 ? FERP_SIM_OK : ferp_sim_watch_result(&wait->watch, expired);
}

/* A poll or select of all sockets. As in the other waits, a select looks at them only at the end of
 * its slice if events are lost. */
static fer_error wait_on(ferp_sim_network *network, const poll_wait *wait, uint64_t deadline,
                         size_t *found)
{
    uint64_t end = ferp_sim_end_of_slice(network, &wait->watch, false, deadline);
    bool looks = true;
    for (;;) {
        size_t ready = 0;
        FER_TRY(find_ready(network, wait, &ready));
        *found = looks ? ready : 0;
        if (*found != 0 || ferp_sim_watch_ends(network, &wait->watch)) {
            return FERP_SIM_OK;
        }
        bool is_quiet = ready == 0 && !fer_cancel_token_is_cancelled(wait->watch.token);
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
            return last_check(network, wait, error, found);
        }
    }
}

/* Reports one socket that is not ready. */
static bool injects_readiness(ferp_sim_network *network, const poll_wait *wait, size_t *found)
{
    uint32_t chosen = 0;
    if (wait->count == 0 || find_ready(network, wait, found).kind != FER_OK || *found != 0 ||
        !ferp_sim_injects(network, ferp_sim_socket_of(network, wait->entries[0].raw),
                          FER_SIM_FAULT_SPURIOUS_READY)) {
        return false;
    }
    chosen = ferp_sim_choose(network, (uint32_t)wait->count);
    fer_poll_entry *entry = &wait->entries[chosen];
    entry->ready = is_ignored(entry) ? 0 : entry->interest & (FER_READABLE | FER_WRITABLE);
    *found = entry->ready != 0;
    return true;
}

fer_error ferp_poll(fer_poll_entry *entries, size_t count, uint64_t deadline,
                    const fer_cancel_token *token, size_t *found)
{
    FERP_SIM_REQUIRE(network)
    const poll_wait wait = {entries, count, ferp_sim_watch_begin(network, token, false)};
    ferp_sim_run_due_events(network);
    const ferp_sim_socket *first = count == 0 ? NULL : ferp_sim_socket_of(network, entries[0].raw);
    if (ferp_sim_injects(network, first, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    if (injects_readiness(network, &wait, found)) {
        return FERP_SIM_OK;
    }
    if (deadline <= network->now) {
        ferp_sim_tick(network); /* a program that polls makes progress */
    }
    return ferp_sim_trace_call(network, "poll", first, wait_on(network, &wait, deadline, found));
}
