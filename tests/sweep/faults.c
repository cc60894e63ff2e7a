/* faults.c: the planned failures, and the numbers of calls. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "sweep/faults.h"

#include <stdatomic.h>

static struct sweep_fault planned[2];
static atomic_bool armed;
static atomic_int calls[SWEEP_CALL_COUNT];
static atomic_int later_calls[SWEEP_CALL_COUNT]; /* after the first planned failure */
static atomic_int failures[2];

void sweep_arm(const struct sweep_fault faults[2])
{
    for (int i = 0; i < 2; i++) {
        planned[i] = faults[i];
        atomic_store(&failures[i], 0);
    }
    for (int i = 0; i < SWEEP_CALL_COUNT; i++) {
        atomic_store(&calls[i], 0);
        atomic_store(&later_calls[i], 0);
    }
    atomic_store(&armed, true);
}

void sweep_disarm(void)
{
    atomic_store(&armed, false);
}

int sweep_calls_of(int call)
{
    return atomic_load(&calls[call]);
}

int sweep_later_calls_of(int call)
{
    return atomic_load(&later_calls[call]);
}

const char *sweep_name(int call)
{
#define NAME(call, ...) #call,
    static const char *const names[] = {SWEEP_FAULTS(NAME)};
#undef NAME
    return names[call];
}

const int *sweep_errors(int call)
{
#define ERRORS(call, ...) static const int errors_of_##call[] = {__VA_ARGS__, 0};
    SWEEP_FAULTS(ERRORS)
#undef ERRORS
#define ERRORS(call, ...) errors_of_##call,
    static const int *const errors[] = {SWEEP_FAULTS(ERRORS)};
#undef ERRORS
    return errors[call];
}

bool sweep_is_system_call(int call)
{
    return call < SWEEP_FIRST_OTHER;
}

static int planned_error(int i, int call, int number)
{
    const struct sweep_fault *plan = &planned[i];
    if (call != plan->call || number < plan->nth || atomic_load(&failures[i]) >= plan->failures) {
        return 0;
    }
    atomic_fetch_add(&failures[i], 1);
    return plan->code;
}

int sweep_failure_of(int call)
{
    if (!atomic_load(&armed)) {
        return 0;
    }
    bool is_later = atomic_load(&failures[0]) > 0;
    int code = planned_error(0, call, atomic_fetch_add(&calls[call], 1) + 1);
    if (!is_later) {
        return code;
    }
    int number = atomic_fetch_add(&later_calls[call], 1) + 1;
    return code != 0 ? code : planned_error(1, call, number);
}

int sweep_failures(void)
{
    return atomic_load(&failures[0]) + atomic_load(&failures[1]);
}
