/* schedule_model.c: which step follows from the history of the attempts; see schedule_model.h. */
#include "fuzz/models/schedule_model.h"

#include "fuzz/driver/fuzz.h"

#define NEVER UINT64_MAX

static uint64_t sum(uint64_t a, uint64_t b)
{
    return b > NEVER - a ? NEVER : a + b;
}

static bool has_come(uint64_t time, uint64_t now)
{
    return time != NEVER && now >= time;
}

static uint64_t timeout_of(const schedule_model *model, size_t number)
{
    return sum(model->attempts[number].started, model->attempt_timeout);
}

/* The number of the attempt that has this slot; model->tried if the slot is free. */
static size_t attempt_in(const schedule_model *model, size_t slot)
{
    for (size_t i = 0; i < model->tried; i++) {
        attempt_state state = model->attempts[i].state;
        if (model->attempts[i].slot == slot && (state == ATTEMPT_OPEN || state == ATTEMPT_WON)) {
            return i;
        }
    }
    return model->tried;
}

size_t schedule_model_open(const schedule_model *model, size_t nth, size_t *slot)
{
    size_t count = 0;
    for (size_t i = 0; i < model->tried; i++) {
        if (model->attempts[i].state == ATTEMPT_OPEN) {
            if (count == nth) {
                *slot = model->attempts[i].slot;
            }
            count++;
        }
    }
    return count;
}

static size_t count_open(const schedule_model *model)
{
    size_t slot = 0;
    return schedule_model_open(model, SIZE_MAX, &slot);
}

static void decide(schedule_model *model, schedule_action result)
{
    if (!model->is_decided) {
        model->is_decided = true;
        model->result = result;
    }
}

void schedule_model_begin(schedule_model *model, size_t addresses, uint64_t delay,
                          uint64_t attempt_timeout, uint64_t deadline)
{
    memset(model, 0, sizeof *model);
    model->addresses = addresses;
    model->delay = delay;
    model->attempt_timeout = attempt_timeout;
    model->deadline = deadline;
}

void schedule_model_order(const bool *is_ipv4, size_t count, size_t *order)
{
    size_t of_first[SCHEDULE_ADDRESSES_MAX], of_other[SCHEDULE_ADDRESSES_MAX], firsts = 0;
    size_t others = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_ipv4[i] == is_ipv4[0]) {
            of_first[firsts++] = i;
        } else {
            of_other[others++] = i;
        }
    }
    size_t stored = 0;
    for (size_t turn = 0; stored < count; turn++) {
        if (turn < firsts) {
            order[stored++] = of_first[turn];
        }
        if (turn < others) {
            order[stored++] = of_other[turn];
        }
    }
}

/* Without an open attempt and without an address, nothing can connect. */
static void end_attempt(schedule_model *model, size_t number, attempt_state state)
{
    model->attempts[number].state = state;
    if (model->tried == model->addresses && count_open(model) == 0) {
        decide(model, SCHEDULE_FAILED);
    }
}

void schedule_model_report(schedule_model *model, size_t slot, bool connected)
{
    size_t number = attempt_in(model, slot);
    FUZZ_CHECK(number < model->tried);
    if (!connected) {
        end_attempt(model, number, ATTEMPT_FAILED);
    } else if (!model->is_decided) {
        model->attempts[number].state = ATTEMPT_WON;
        decide(model, SCHEDULE_CONNECTED);
    }
}

void schedule_model_cancel(schedule_model *model)
{
    decide(model, SCHEDULE_CANCELLED);
}

/* ---- The steps */

/* Whether the latest attempt lets the next one start. */
static bool next_may_start(const schedule_model *model, uint64_t now)
{
    if (model->tried == 0) {
        return true;
    }
    const struct model_attempt *latest = &model->attempts[model->tried - 1];
    return latest->state == ATTEMPT_FAILED || latest->state == ATTEMPT_TIMED_OUT ||
           has_come(sum(latest->started, model->delay), now);
}

static bool next_has_space(const schedule_model *model)
{
    return model->tried < model->addresses && count_open(model) < SCHEDULE_SLOTS;
}

/* The first open attempt whose timeout has come; model->tried if there is none. Attempts are
 * started in the order of time, and all have the same timeout. */
static size_t first_due(const schedule_model *model, uint64_t now)
{
    for (size_t i = 0; i < model->tried; i++) {
        if (model->attempts[i].state == ATTEMPT_OPEN && has_come(timeout_of(model, i), now)) {
            return i;
        }
    }
    return model->tried;
}

static uint64_t earliest_timer(const schedule_model *model)
{
    uint64_t earliest = model->deadline;
    for (size_t i = 0; i < model->tried; i++) {
        if (model->attempts[i].state == ATTEMPT_OPEN && timeout_of(model, i) < earliest) {
            earliest = timeout_of(model, i);
        }
    }
    if (next_has_space(model)) {
        uint64_t start = sum(model->attempts[model->tried - 1].started, model->delay);
        earliest = start < earliest ? start : earliest;
    }
    return earliest;
}

static void check_start(schedule_model *model, uint64_t now, size_t slot)
{
    FUZZ_CHECK(slot < SCHEDULE_SLOTS);
    FUZZ_CHECK(attempt_in(model, slot) == model->tried);
    FUZZ_CHECK(model->tried < model->addresses);
    model->attempts[model->tried] = (struct model_attempt){ATTEMPT_OPEN, now, slot};
    model->tried++;
    FUZZ_CHECK(count_open(model) <= SCHEDULE_SLOTS);
}

/* After the decision: a CLOSE for each open attempt, in any order, then the result for ever. */
static void check_decided(schedule_model *model, schedule_action action, size_t slot)
{
    if (count_open(model) > 0) {
        FUZZ_CHECK(action == SCHEDULE_CLOSE);
        size_t number = attempt_in(model, slot);
        FUZZ_CHECK(number < model->tried && model->attempts[number].state == ATTEMPT_OPEN);
        model->attempts[number].state = ATTEMPT_CLOSED;
        return;
    }
    FUZZ_CHECK(action == model->result);
    if (action == SCHEDULE_CONNECTED) {
        size_t number = attempt_in(model, slot);
        FUZZ_CHECK(number < model->tried && model->attempts[number].state == ATTEMPT_WON);
    } else {
        FUZZ_CHECK(slot == 0);
    }
}

void schedule_model_check(schedule_model *model, uint64_t now, schedule_action action, size_t slot,
                          uint64_t until)
{
    FUZZ_CHECK(action == SCHEDULE_WAIT ? slot == 0 : until == 0);
    if (has_come(model->deadline, now)) {
        decide(model, SCHEDULE_LATE);
    }
    if (model->is_decided) {
        check_decided(model, action, slot);
        return;
    }
    size_t due = first_due(model, now);
    if (due < model->tried) {
        FUZZ_CHECK(action == SCHEDULE_TIME_OUT);
        FUZZ_CHECK(slot == model->attempts[due].slot);
        end_attempt(model, due, ATTEMPT_TIMED_OUT);
    } else if (next_has_space(model) && next_may_start(model, now)) {
        FUZZ_CHECK(action == SCHEDULE_START);
        check_start(model, now, slot);
    } else {
        FUZZ_CHECK(action == SCHEDULE_WAIT);
        FUZZ_CHECK(until == earliest_timer(model));
        FUZZ_CHECK(until == NEVER || until > now);
    }
}
