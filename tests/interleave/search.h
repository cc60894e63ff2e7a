/* search.h: the depth-first search over all schedules: which thread and which value is next. */
#ifndef INTERLEAVE_SEARCH_H
#define INTERLEAVE_SEARCH_H

#include "tests/interleave/checker.h"

enum { INTER_STEPS_MAX = 600, INTER_NOTE_MAX = 56 };

/* A set of threads, one bit for each. */
typedef uint32_t inter_threads;

/* An executed operation of the schedule that runs. */
typedef struct inter_executed {
    unsigned thread;
    bool is_ready;
    bool is_early;   /* its deadline passed while another thread could run */
    size_t node;     /* where the thread was chosen */
    uint64_t values; /* the chosen ones */
    inter_operation operation;
    inter_clock before; /* for each thread, 1 + its last step that precedes this one */
    char note[INTER_NOTE_MAX];
} inter_executed;

/* Begins a search, in which a schedule has at most that many preemptions; 0: no limit. in_full:
 * without any reduction. */
void inter_search_begin(unsigned preemptions, bool in_full);

/* Follows a schedule that was printed, instead of a search. */
void inter_search_follow(const char *schedule);

/* Begins the next schedule. False: all were run. */
bool inter_search_next(void);

/* The schedules that were begun in this search, with the one that runs. */
uint64_t inter_search_runs(void);

/* Chooses one of the enabled threads. pending has the next operation of each; current ran last.
 * INTER_MAIN: every continuation is covered by another schedule. */
unsigned inter_search_thread(inter_threads enabled, const inter_operation pending[],
                             unsigned current);

unsigned inter_search_value(unsigned count);

/* Records that a thread executes its operation, and which schedules that requires. */
void inter_search_execute(unsigned thread, const inter_operation *operation, bool is_ready);

/* The steps of a new thread come after those that its creator knows. */
void inter_search_create(unsigned created, unsigned creator);

/* The steps of this schedule. */
inter_executed *inter_search_steps(size_t *count);

/* A number that schedules share if and, almost certainly, only if they differ only in the order of
 * independent steps. */
uint64_t inter_search_trace(void);

/* Prints the choices of this schedule, for inter_search_follow. */
void inter_search_print(void);

#endif
