/* checker.h: a stateless model checker for a few threads of core. A program's threads are fibers of
 * one system thread. Before each operation that other threads can detect, the checker chooses which
 * thread continues; it runs the program again for every choice that can make a difference.
 * docs/INTERLEAVING.md describes the search, the memory model and their limits. */
#ifndef INTERLEAVE_CHECKER_H
#define INTERLEAVE_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    INTER_THREADS_MAX = 6, /* thread 0 prepares the program and checks the result */
    INTER_MAIN = 0,
    INTER_TOUCHES_MAX = 8
};

/* Numbers of the events of each thread. Event n of thread t happens-before a thread whose clock has
 * at least n at t. */
typedef struct inter_clock {
    uint16_t at[INTER_THREADS_MAX];
} inter_clock;

/* ---- Operations */

/* Two operations on one object depend on each other if one of them writes. */
typedef struct inter_touch {
    const void *object;
    bool writes;
} inter_touch;

typedef struct inter_operation {
    const char *name;
    const void *caller; /* an address in the code that calls it, or NULL */
    inter_touch touches[INTER_TOUCHES_MAX];
    size_t touch_count;
    /* Whether it can end now; NULL: always. */
    bool (*is_ready)(const void *argument);
    const void *argument;
    bool is_load; /* an atomic load, not of the simulated system */
    bool expires; /* it can also end without being ready: its deadline passes */
} inter_operation;

static inline inter_operation inter_operation_on(const char *name, const void *object, bool writes)
{
    return (inter_operation){.name = name, .touches = {{object, writes}}, .touch_count = 1};
}

void inter_add_touch(inter_operation *operation, const void *object, bool writes);

/* Waits until the search lets this thread execute the operation. True: it is ready. False: its
 * deadline has passed. The thread executes it afterwards without interruption. An operation of the
 * thread INTER_MAIN is executed at once. */
bool inter_step(const inter_operation *operation);

/* The same for an operation of the simulated system, which orders all operations on its objects.
 * That order is no happens-before of C11: it only restricts which values later loads return. */
bool inter_system_step(const inter_operation *operation);

/* The same for one object, without waiting. */
static inline void inter_step_on(const char *name, const void *object, bool writes)
{
    inter_operation operation = inter_operation_on(name, object, writes);
    (void)inter_step(&operation);
}
static inline void inter_system_step_on(const char *name, const void *object, bool writes)
{
    inter_operation operation = inter_operation_on(name, object, writes);
    (void)inter_system_step(&operation);
}

/* A number below count; the search tries each of them. */
unsigned inter_choose(unsigned count);

/* The same for the value of a load: 0 is the newest one. */
unsigned inter_choose_age(unsigned count);

/* Appends to the last operation's line in a printed schedule. */
void inter_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- Threads */

unsigned inter_self(void);
void inter_thread_start(void (*run)(void *argument), void *argument);

/* ---- Programs */

typedef struct inter_program {
    const char *name;
    const char *states; /* what holds in every schedule */
    void (*begin)(void);
    void (*threads[3])(void);
    void (*finish)(void); /* after each schedule; NULL for nothing */
    void (*end)(void);    /* after all schedules; NULL for nothing */
    /* The maximum number of preemptions; 0: all schedules, without those that differ only in the
     * order of independent operations. */
    unsigned preemptions;
    unsigned old_values; /* the maximum number of loads that return no newest store; 0: no limit */
    const struct ferp_traits *traits; /* NULL: the program uses no socket */
    const char *expected_failure;     /* of a test of the checker itself: part of the message */
} inter_program;

/* Fails the schedule: prints it and ends the process. */
_Noreturn void inter_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define INTER_CHECK(condition)                                                      \
    do {                                                                            \
        if (!(condition)) {                                                         \
            inter_fail("%s:%d: not true: %s", __FILE_NAME__, __LINE__, #condition); \
        }                                                                           \
    } while (0)

#define INTER_OK(call) INTER_CHECK((call).kind == FER_OK)

typedef struct inter_totals {
    uint64_t schedules;
    uint64_t cut;    /* runs that were ended because another one covers the rest */
    uint64_t traces; /* schedules that differ in more than the order of independent steps */
    uint64_t longest;
    bool is_complete; /* false: a limit was reached */
} inter_totals;

typedef struct inter_effort {
    unsigned seconds; /* of the processor; limits, 0 for none */
    uint64_t schedules;
    bool in_full; /* without the reductions */
} inter_effort;

/* Runs every schedule. */
inter_totals inter_explore(const inter_program *program, const inter_effort *effort);

/* Runs one schedule, as a failure has printed it, and prints each step. */
void inter_replay(const inter_program *program, const char *schedule);

#endif
