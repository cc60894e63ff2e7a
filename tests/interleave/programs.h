/* programs.h: the programs, in lists that end with a program without a name. */
#ifndef INTERLEAVE_PROGRAMS_H
#define INTERLEAVE_PROGRAMS_H

#include "tests/interleave/checker.h"

/* A step of a program that needs no variable. */
#define STEP(name, statements) \
    static void name(void)     \
    {                          \
        statements;            \
    }

/* A program: its name and what holds in every schedule, its begin, its threads in parentheses, and
 * its finish or NULL, with further members. BOUNDED: it has too many schedules for all of them. */
#define PROGRAM(id, text, first, does, ...)                                        \
    {                                                                              \
        .name = (id), .states = (text), .begin = (first), .threads = THREADS does, \
        .finish = __VA_ARGS__                                                      \
    }
#define THREADS(...) \
    {                \
        __VA_ARGS__  \
    }
#define BOUNDED(...) PROGRAM(__VA_ARGS__, .preemptions = 3, .old_values = 1)
/* The same program with the facts of both systems. */
#define ON_BOTH(id, ...)                                       \
    PROGRAM(id "_linux", __VA_ARGS__, .traits = &inter_linux), \
        PROGRAM(id "_windows", __VA_ARGS__, .traits = &inter_windows)
#define BOUNDED_ON_BOTH(id, ...) ON_BOTH(id, __VA_ARGS__, .preemptions = 3, .old_values = 1)

/* The sum of what the threads have counted. */
static inline unsigned inter_sum(const unsigned counts[INTER_THREADS_MAX])
{
    unsigned sum = 0;
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        sum += counts[i];
    }
    return sum;
}

extern const inter_program inter_litmus_programs[];
extern const inter_program inter_notify_programs[];
extern const inter_program inter_poller_programs[];
extern const inter_program inter_resolver_programs[];
extern const inter_program inter_stream_programs[];
extern const inter_program inter_mode_programs[];

#endif
