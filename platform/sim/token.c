/* token.c: cancel tokens. The event of a token is its own state, which core changes just before it
 * calls these functions. The state is atomic, so a cancel on another thread or without a simulation
 * is defined too. */
#include "platform/sim/wait.h"

/* The word of a token: the number of the simulation that made it. */
enum { AT_RUN };

static intptr_t run_of(const ferp_sim_network *network)
{
    return (intptr_t)network->run;
}

fer_error ferp_token_open(fer_cancel_token *token)
{
    FERP_SIM_REQUIRE(network)
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_TOO_MANY_HANDLES)) {
        return ferp_sim_trace_call(network, "token", NULL,
                                   ferp_sim_error(network, FERP_SIM_EMFILE));
    }
    token->p_.system_[AT_RUN] = run_of(network);
    network->tokens_open++;
    return ferp_sim_trace_call(network, "token", NULL, FERP_SIM_OK);
}

/* A waker is a connection in each dialect, so that readiness has one source. */
fer_error ferp_token_open_pollable(fer_cancel_token *token, fer_raw_socket *raw)
{
    (void)token;
    (void)raw;
    return (fer_error){FER_UNSUPPORTED, 0};
}

static void trace(const char *verb)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network != NULL) {
        ferp_sim_trace_event(network, verb, NULL);
    }
}

void ferp_token_close(fer_cancel_token *token)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network != NULL && token->p_.system_[AT_RUN] == run_of(network)) {
        network->tokens_open--;
    }
    trace("token close");
}

void ferp_token_signal(fer_cancel_token *token)
{
    (void)token;
    trace("cancel");
}

void ferp_token_clear(fer_cancel_token *token)
{
    (void)token;
    trace("token reset");
}

/* ---- A wait with a token */

ferp_sim_watch ferp_sim_watch_begin(const ferp_sim_network *network, const fer_cancel_token *token,
                                    bool is_request)
{
    return (ferp_sim_watch){token, network->now, is_request || !ferp_sim_is_winsock(network)};
}

/* At the end of the clock there is no later check. */
static uint64_t since_last_check(const ferp_sim_network *network, const ferp_sim_watch *watch)
{
    bool is_at_clock_end = ferp_sim_time_after(network, 1) == network->now;
    return watch->is_event || is_at_clock_end
               ? 0
               : (network->now - watch->begin) % FERP_SIM_TOKEN_SLICE;
}

bool ferp_sim_watch_ends(const ferp_sim_network *network, const ferp_sim_watch *watch)
{
    return fer_cancel_token_is_cancelled(watch->token) && since_last_check(network, watch) == 0;
}

uint64_t ferp_sim_watch_until(const ferp_sim_network *network, const ferp_sim_watch *watch,
                              uint64_t end)
{
    if (!fer_cancel_token_is_cancelled(watch->token)) {
        return end;
    }
    uint64_t look =
        ferp_sim_time_after(network, FERP_SIM_TOKEN_SLICE - since_last_check(network, watch));
    return look < end ? look : end;
}

fer_error ferp_sim_watch_result(const ferp_sim_watch *watch, fer_error error)
{
    bool is_signalled = error.kind == FER_TIMED_OUT && fer_cancel_token_is_cancelled(watch->token);
    return is_signalled ? FERP_SIM_OK : error;
}

/* ---- Waits for tokens alone */

static fer_error wait_for_either(ferp_sim_network *network, const fer_cancel_token *token,
                                 const fer_cancel_token *other, uint64_t deadline)
{
    if (deadline <= network->now) {
        ferp_sim_tick(network); /* a program that polls makes progress */
        ferp_sim_run_due_events(network);
    }
    while (!fer_cancel_token_is_cancelled(token) && !fer_cancel_token_is_cancelled(other)) {
        FER_TRY(ferp_sim_pass_time(network, deadline));
    }
    return FERP_SIM_OK;
}

fer_error ferp_pause_within(const fer_cancel_token *token, uint64_t until, uint64_t deadline)
{
    FERP_SIM_REQUIRE(network)
    /* The next event, which may be due, may be what the next try needs. */
    uint64_t next = ferp_sim_next_event_time(network);
    uint64_t end = next <= until ? until : next < deadline ? next : deadline;
    ferp_sim_run_due_events(network);
    fer_error error = FERP_SIM_OK;
    while (error.kind == FER_OK && !fer_cancel_token_is_cancelled(token)) {
        error = ferp_sim_pass_time(network, end);
    }
    return error.kind == FER_TIMED_OUT ? FERP_SIM_OK : error;
}

/* Both dialects notice a signal at once: WaitForMultipleObjects has both events. Without tokens it
 * is a pause. */
fer_error ferp_token_wait(const fer_cancel_token *token, const fer_cancel_token *other,
                          uint64_t deadline)
{
    FERP_SIM_REQUIRE(network)
    if (token == NULL && other == NULL) {
        /* A fault after which core retries must not follow the pause again by chance, or a call
         * might never end (faults.c). */
        bool no_progress = network->no_progress;
        ferp_sim_advance_to(network, deadline);
        network->no_progress = no_progress;
        return (fer_error){FER_TIMED_OUT, 0};
    }
    network->owes_tick = false;
    ferp_sim_run_due_events(network);
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_SPURIOUS_READY)) {
        return FERP_SIM_OK;
    }
    return ferp_sim_trace_call(network, "token wait", NULL,
                               wait_for_either(network, token, other, deadline));
}
