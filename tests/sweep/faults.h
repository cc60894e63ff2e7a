/* faults.h: which call of the system fails, and when. The calls and their errors are those of this
 * system (faults_posix.h, faults_winsock.h). faults.c */
#ifndef SWEEP_FAULTS_H
#define SWEEP_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef _WIN32
#include "sweep/faults_winsock.h"
#else
#include "sweep/faults_posix.h"
#endif

enum sweep_call {
#define SWEEP_NAME(call, ...) SWEEP_##call,
    SWEEP_FAULTS(SWEEP_NAME)
#undef SWEEP_NAME
        SWEEP_CALL_COUNT
};

struct sweep_fault {
    int call;     /* which one; -1 for none */
    int code;     /* its error */
    int nth;      /* the first call of its kind that fails, from 1 on */
    int failures; /* how many fail */
};

/* From now on calls are counted, and fail as planned. The second fault counts only the calls after
 * the first one has occurred. */
void sweep_arm(const struct sweep_fault faults[2]);
void sweep_disarm(void);

/* Since sweep_arm, and since the first fault has occurred. */
int sweep_calls_of(int call);
int sweep_later_calls_of(int call);

/* The name of a call, and its errors, without SWEEP_ANY, ended by 0. */
const char *sweep_name(int call);
const int *sweep_errors(int call);

/* Whether the call can fail in each of the usual ways (SWEEP_ANY). */
bool sweep_is_system_call(int call);

/* For the replaced calls: counts the call and returns the planned error, or 0. */
int sweep_failure_of(int call);

/* How many planned failures there were. */
int sweep_failures(void);

#endif
