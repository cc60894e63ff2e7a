/* test_connect_schedule_cases.c: the table of the schedule against the rules in plain ifs; and
 * every case of up to four addresses with small times, against a model that computes the times of
 * all starts and ends in advance and has no states. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/open/connect_schedule.h"
#include "support/group.h"

#define NEVER FERI_NEVER

/* ---- The table */

static bool is_start(feri_schedule_event event)
{
    return event == FERI_SCHEDULE_EVENT_START || event == FERI_SCHEDULE_EVENT_START_IN_LAST_SLOT ||
           event == FERI_SCHEDULE_EVENT_START_LAST;
}

static feri_schedule_phase phase_after_start(feri_schedule_event event)
{
    return event == FERI_SCHEDULE_EVENT_START        ? FERI_SCHEDULE_DELAYED
           : event == FERI_SCHEDULE_EVENT_START_LAST ? FERI_SCHEDULE_ALL_STARTED
                                                     : FERI_SCHEDULE_FULL;
}

/* A decision stays. */
static feri_schedule_phase phase_when_decided(feri_schedule_phase phase, feri_schedule_event event)
{
    bool is_limit = event == FERI_SCHEDULE_EVENT_DEADLINE || event == FERI_SCHEDULE_EVENT_CANCEL;
    bool has_open = phase != FERI_SCHEDULE_FAILED;
    bool may_have_none = phase != FERI_SCHEDULE_CONNECTED;
    if (is_start(event) || event == FERI_SCHEDULE_EVENT_DELAY_OVER || (!is_limit && !has_open) ||
        (event == FERI_SCHEDULE_EVENT_LAST_FAILED && !may_have_none)) {
        return FERI_SCHEDULE_MISUSE;
    }
    return phase;
}

static feri_schedule_phase phase_after(feri_schedule_phase phase, feri_schedule_event event)
{
    bool is_ready = phase == FERI_SCHEDULE_READY;
    bool all_started = phase == FERI_SCHEDULE_ALL_STARTED;
    if (phase >= FERI_SCHEDULE_CONNECTED) {
        return phase_when_decided(phase, event);
    }
    if (is_start(event)) {
        return is_ready ? phase_after_start(event) : FERI_SCHEDULE_MISUSE;
    }
    switch (event) {
    case FERI_SCHEDULE_EVENT_CONNECT: return FERI_SCHEDULE_CONNECTED;
    case FERI_SCHEDULE_EVENT_DEADLINE: return FERI_SCHEDULE_LATE;
    case FERI_SCHEDULE_EVENT_CANCEL: return FERI_SCHEDULE_CANCELLED;
    case FERI_SCHEDULE_EVENT_DELAY_OVER:
        return phase == FERI_SCHEDULE_DELAYED ? FERI_SCHEDULE_READY : FERI_SCHEDULE_MISUSE;
    case FERI_SCHEDULE_EVENT_LAST_FAILED:
        return all_started ? FERI_SCHEDULE_FAILED : FERI_SCHEDULE_MISUSE;
    case FERI_SCHEDULE_EVENT_LATEST_FAILED:
        return all_started ? phase : is_ready ? FERI_SCHEDULE_MISUSE : FERI_SCHEDULE_READY;
    default: return phase == FERI_SCHEDULE_FULL ? FERI_SCHEDULE_DELAYED : phase;
    }
}

TEST(every_event_does_to_every_phase_what_the_rules_say)
{
    for (int phase = 0; phase < FERI_SCHEDULE_PHASE_COUNT; phase++) {
        for (int event = 0; event < FERI_SCHEDULE_EVENT_COUNT; event++) {
            assert_int_equal(
                feri_schedule_next_phase((feri_schedule_phase)phase, (feri_schedule_event)event),
                phase_after((feri_schedule_phase)phase, (feri_schedule_event)event));
        }
    }
}

TEST(every_phase_has_its_action_and_its_timers)
{
    static const feri_schedule_action actions[] = {
        FERI_SCHEDULE_DO_START, FERI_SCHEDULE_DO_WAIT,      FERI_SCHEDULE_DO_WAIT,
        FERI_SCHEDULE_DO_WAIT,  FERI_SCHEDULE_DO_CONNECTED, FERI_SCHEDULE_DO_FAILED,
        FERI_SCHEDULE_DO_LATE,  FERI_SCHEDULE_DO_CANCELLED,
    };
    for (int i = 0; i < FERI_SCHEDULE_PHASE_COUNT; i++) {
        feri_schedule_phase phase = (feri_schedule_phase)i;
        assert_int_equal(feri_schedule_action_of(phase), actions[i]);
        assert_int_equal(feri_schedule_delay_runs(phase), phase == FERI_SCHEDULE_DELAYED);
        assert_int_equal(feri_schedule_limits_run(phase), phase < FERI_SCHEDULE_CONNECTED);
    }
}

/* ---- Cases */

#define ADDRESSES_MAX 4

/* How the attempt to an address ends by itself: `after` its start, or never. */
struct fate {
    bool connects;
    uint64_t after;
};

struct plan {
    size_t addresses;
    struct fate fates[ADDRESSES_MAX];
    uint64_t delay;
    uint64_t attempt_timeout;
    uint64_t deadline;
    uint64_t cancel; /* seen after the ends and before the deadline of the same time */
    bool reports_latest_first;
    bool wakes_early;
};

enum end { NOT_STARTED, FAILS, TIMES_OUT, IS_CLOSED, WINS };

struct outcome {
    feri_schedule_action result;
    uint64_t at;
    uint64_t started[ADDRESSES_MAX];
    enum end ends[ADDRESSES_MAX];
};

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a == NEVER || b == NEVER ? NEVER : a + b;
}

/* ---- The model */

static bool ends_by_itself(const struct plan *plan, size_t i)
{
    return plan->fates[i].after != NEVER && plan->fates[i].after <= plan->attempt_timeout;
}

static uint64_t own_end(const struct plan *plan, size_t i)
{
    return ends_by_itself(plan, i) ? plan->fates[i].after : plan->attempt_timeout;
}

/* The time at which an attempt that started then connects; NEVER if it does not. */
static uint64_t connection(const struct plan *plan, size_t i, uint64_t started)
{
    return ends_by_itself(plan, i) && plan->fates[i].connects ? sum(started, plan->fates[i].after)
                                                              : NEVER;
}

static uint64_t failure(const struct plan *plan, size_t i, uint64_t started)
{
    return connection(plan, i, 0) != NEVER ? NEVER : sum(started, own_end(plan, i));
}

/* The limit that ends the schedule, if nothing else has. */
static uint64_t limit(const struct plan *plan)
{
    return plan->cancel < plan->deadline ? plan->cancel : plan->deadline;
}

/* Computes which addresses are tried, and when. Returns the time of the first connection. */
static uint64_t model_starts(const struct plan *plan, struct outcome *out)
{
    uint64_t start = 0;
    uint64_t connects = NEVER;
    for (size_t i = 0; i < plan->addresses && start < limit(plan) && start < connects; i++) {
        out->started[i] = start;
        uint64_t here = connection(plan, i, start);
        connects = here < connects ? here : connects;
        uint64_t fails = failure(plan, i, start);
        uint64_t delayed = sum(start, plan->delay);
        start = fails < delayed ? fails : delayed;
    }
    return connects;
}

/* Whether all attempts have failed by the limit. What fails at that very time counts if it was
 * reported, because timeouts come after the limits. */
static bool model_all_fail(const struct plan *plan, struct outcome *out, uint64_t *last)
{
    *last = 0;
    for (size_t i = 0; i < plan->addresses; i++) {
        if (out->started[i] == NEVER) {
            return false;
        }
        uint64_t fails = failure(plan, i, out->started[i]);
        if (fails > limit(plan) || fails == NEVER ||
            (fails == limit(plan) && !ends_by_itself(plan, i))) {
            return false;
        }
        *last = fails > *last ? fails : *last;
    }
    return true;
}

static size_t model_winner(const struct plan *plan, const struct outcome *out)
{
    size_t winner = plan->addresses;
    for (size_t i = 0; i < plan->addresses; i++) {
        if (out->started[i] != NEVER && connection(plan, i, out->started[i]) == out->at &&
            (winner == plan->addresses || plan->reports_latest_first)) {
            winner = i;
        }
    }
    return winner;
}

/* has_timed_out: whether the timeouts of the last moment came before the result. */
static enum end model_end(const struct plan *plan, const struct outcome *out, size_t i,
                          bool has_timed_out)
{
    uint64_t fails = failure(plan, i, out->started[i]);
    if (out->started[i] == NEVER) {
        return NOT_STARTED;
    }
    if (fails == NEVER || fails > out->at) {
        return IS_CLOSED;
    }
    if (ends_by_itself(plan, i)) {
        return FAILS;
    }
    return fails < out->at || has_timed_out ? TIMES_OUT : IS_CLOSED;
}

static struct outcome model(const struct plan *plan)
{
    struct outcome out;
    memset(&out, 0, sizeof out);
    memset(out.started, 0xFF, sizeof out.started);
    uint64_t connects = model_starts(plan, &out);
    uint64_t last = 0;
    if (connects != NEVER && connects <= limit(plan)) {
        out.result = FERI_SCHEDULE_DO_CONNECTED;
        out.at = connects;
    } else if (model_all_fail(plan, &out, &last)) {
        out.result = FERI_SCHEDULE_DO_FAILED;
        out.at = last;
    } else {
        out.result =
            plan->cancel <= plan->deadline ? FERI_SCHEDULE_DO_CANCELLED : FERI_SCHEDULE_DO_LATE;
        out.at = limit(plan);
    }
    bool is_connected = out.result == FERI_SCHEDULE_DO_CONNECTED;
    size_t winner = is_connected ? model_winner(plan, &out) : 0;
    /* A timeout comes before a start of the same moment, and so before what starts and connects. */
    bool has_timed_out =
        is_connected ? out.started[winner] == out.at : out.result == FERI_SCHEDULE_DO_FAILED;
    for (size_t i = 0; i < plan->addresses; i++) {
        out.ends[i] = is_connected && i == winner ? WINS : model_end(plan, &out, i, has_timed_out);
    }
    return out;
}

/* ---- A caller of the schedule */

struct run {
    const struct plan *plan;
    feri_connect_schedule schedule;
    struct outcome out;
    uint64_t now;
    size_t started;
    size_t address_of[FERI_ATTEMPTS_MAX]; /* ADDRESSES_MAX: the slot is free */
    bool is_cancelled;
};

static uint64_t end_of(const struct run *run, size_t address)
{
    return sum(run->out.started[address], run->plan->fates[address].after);
}

static void report(struct run *run, size_t slot)
{
    size_t address = run->address_of[slot];
    if (address == ADDRESSES_MAX || end_of(run, address) != run->now ||
        run->out.ends[address] != NOT_STARTED) {
        return;
    }
    if (run->plan->fates[address].connects) {
        feri_connect_schedule_ended(&run->schedule, slot, true);
        run->out.ends[address] = IS_CLOSED; /* unless it wins */
    } else {
        feri_connect_schedule_ended(&run->schedule, slot, false);
        run->out.ends[address] = FAILS;
        run->address_of[slot] = ADDRESSES_MAX;
    }
}

/* In the order of the addresses, or from the latest on. */
static void report_all(struct run *run)
{
    for (size_t n = 0; n < run->started; n++) {
        size_t address = run->plan->reports_latest_first ? run->started - 1 - n : n;
        for (size_t slot = 0; slot < FERI_ATTEMPTS_MAX; slot++) {
            if (run->address_of[slot] == address) {
                report(run, slot);
            }
        }
    }
    if (run->now >= run->plan->cancel && !run->is_cancelled) {
        run->is_cancelled = true;
        feri_connect_schedule_cancel(&run->schedule);
    }
}

static void close_slot(struct run *run, size_t slot, enum end end)
{
    assert_true(slot < FERI_ATTEMPTS_MAX);
    assert_int_not_equal(run->address_of[slot], ADDRESSES_MAX);
    run->out.ends[run->address_of[slot]] = end;
    run->address_of[slot] = ADDRESSES_MAX;
}

static void start(struct run *run, size_t slot)
{
    assert_true(slot < FERI_ATTEMPTS_MAX);
    assert_int_equal(run->address_of[slot], ADDRESSES_MAX);
    assert_true(run->started < run->plan->addresses);
    run->address_of[slot] = run->started;
    run->out.started[run->started] = run->now;
    run->started++;
    report(run, slot); /* a connect can end at once */
}

static void finish(struct run *run, feri_schedule_step step)
{
    run->out.result = step.action;
    run->out.at = run->now;
    if (step.action == FERI_SCHEDULE_DO_CONNECTED) {
        close_slot(run, step.slot, WINS);
    }
    for (size_t slot = 0; slot < FERI_ATTEMPTS_MAX; slot++) {
        assert_int_equal(run->address_of[slot], ADDRESSES_MAX);
    }
}

/* Moves the clock to the end of a wait. If no report ends it, the schedule must then return another
 * action: a timer without an effect is a bug. */
static feri_schedule_step wait_until(struct run *run, uint64_t until)
{
    uint64_t wake = run->plan->cancel > run->now ? run->plan->cancel : NEVER;
    for (size_t slot = 0; slot < FERI_ATTEMPTS_MAX; slot++) {
        size_t address = run->address_of[slot];
        if (address != ADDRESSES_MAX && end_of(run, address) < wake) {
            wake = end_of(run, address);
        }
    }
    assert_true(until > run->now && (until != NEVER || wake != NEVER));
    uint64_t end = until < wake ? until : wake;
    if (run->plan->wakes_early && end - run->now > 1) {
        feri_schedule_step step = feri_connect_schedule_next(&run->schedule, end - 1);
        assert_int_equal(step.action, FERI_SCHEDULE_DO_WAIT);
        assert_true(step.until == until);
    }
    run->now = end;
    report_all(run);
    feri_schedule_step step = feri_connect_schedule_next(&run->schedule, end);
    if (until < wake) {
        assert_int_not_equal(step.action, FERI_SCHEDULE_DO_WAIT);
    }
    return step;
}

static struct outcome run_of(const struct plan *plan)
{
    struct run run;
    memset(&run, 0, sizeof run);
    memset(run.out.started, 0xFF, sizeof run.out.started);
    run.plan = plan;
    for (size_t i = 0; i < FERI_ATTEMPTS_MAX; i++) {
        run.address_of[i] = ADDRESSES_MAX;
    }
    feri_connect_schedule_begin(&run.schedule, plan->addresses, plan->delay, plan->attempt_timeout,
                                plan->deadline);
    report_all(&run);
    feri_schedule_step step = feri_connect_schedule_next(&run.schedule, 0);
    for (;;) {
        switch (step.action) {
        case FERI_SCHEDULE_DO_START: start(&run, step.slot); break;
        case FERI_SCHEDULE_DO_TIME_OUT: close_slot(&run, step.slot, TIMES_OUT); break;
        case FERI_SCHEDULE_DO_CLOSE: close_slot(&run, step.slot, IS_CLOSED); break;
        case FERI_SCHEDULE_DO_WAIT: step = wait_until(&run, step.until); continue;
        default: finish(&run, step); return run.out;
        }
        step = feri_connect_schedule_next(&run.schedule, run.now);
    }
}

/* ---- All cases */

static const struct fate fates[] = {
    {false, NEVER}, {true, 0}, {true, 1}, {true, 3}, {false, 0}, {false, 1}, {false, 3},
};
#define FATES (sizeof fates / sizeof fates[0])

static void compare(const struct plan *plan)
{
    struct outcome want = model(plan);
    struct outcome got = run_of(plan);
    bool is_same = got.result == want.result && got.at == want.at;
    for (size_t i = 0; i < plan->addresses; i++) {
        is_same = is_same && got.started[i] == want.started[i] && got.ends[i] == want.ends[i];
    }
    if (is_same) {
        return;
    }
    print_message("delay %lld timeout %lld deadline %lld cancel %lld latest first %d: %d at %lld, "
                  "not %d at %lld\n",
                  (long long)plan->delay, (long long)plan->attempt_timeout,
                  (long long)plan->deadline, (long long)plan->cancel, plan->reports_latest_first,
                  (int)got.result, (long long)got.at, (int)want.result, (long long)want.at);
    for (size_t i = 0; i < plan->addresses; i++) {
        print_message("%s after %lld: started %lld, not %lld; end %d, not %d\n",
                      plan->fates[i].connects ? "connects" : "fails",
                      (long long)plan->fates[i].after, (long long)got.started[i],
                      (long long)want.started[i], (int)got.ends[i], (int)want.ends[i]);
    }
    fail_msg("the schedule differs from the model");
}

/* Without any limit, a fate of never would never end. */
static bool ends(const struct plan *plan)
{
    bool has_endless = false;
    for (size_t i = 0; i < plan->addresses; i++) {
        has_endless = has_endless || plan->fates[i].after == NEVER;
    }
    return !has_endless || plan->attempt_timeout != NEVER || limit(plan) != NEVER;
}

static void compare_with_limits(struct plan *plan)
{
    static const uint64_t deadlines[] = {NEVER, 0, 1, 3, 4};
    static const uint64_t cancels[] = {NEVER, 0, 2, 4};
    for (size_t d = 0; d < 5; d++) {
        for (size_t c = 0; c < 4; c++) {
            plan->deadline = deadlines[d];
            plan->cancel = cancels[c];
            plan->reports_latest_first = ((d + c) & 1) != 0;
            plan->wakes_early = !plan->wakes_early;
            if (ends(plan)) {
                compare(plan);
            }
        }
    }
}

static void compare_with_all_times(struct plan *plan)
{
    static const uint64_t delays[] = {NEVER, 0, 1, 2};
    static const uint64_t timeouts[] = {NEVER, 0, 1, 3};
    for (size_t d = 0; d < 4; d++) {
        for (size_t t = 0; t < 4; t++) {
            plan->delay = delays[d];
            plan->attempt_timeout = timeouts[t];
            compare_with_limits(plan);
        }
    }
}

TEST(every_case_of_up_to_four_addresses_is_as_computed_in_advance)
{
    struct plan plan;
    memset(&plan, 0, sizeof plan);
    size_t cases = 1;
    for (plan.addresses = 1; plan.addresses <= ADDRESSES_MAX; plan.addresses++) {
        cases *= FATES;
        for (size_t n = 0; n < cases; n++) {
            size_t rest = n;
            for (size_t i = 0; i < plan.addresses; i++) {
                plan.fates[i] = fates[rest % FATES];
                rest /= FATES;
            }
            compare_with_all_times(&plan);
        }
    }
}

TEST_MAIN("connect_schedule_cases")
