/* probe.h: questions to the system that no test asks: what ferrule believes, and what is seen. Each
 * probe runs in a process of its own. */
#ifndef SELFTEST_PROBE_H
#define SELFTEST_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "support/before_main.h"

#if defined(__GNUC__)
#define PROBE_FORMAT __attribute__((format(printf, 1, 2)))
#else
#define PROBE_FORMAT
#endif

struct probe {
    const char *name;
    void (*run)(void);
    const char *look; /* where to look if the two differ */
    const char *file;
    int line;
};

/* Defines a probe; its body follows. It adds itself to the list before main. */
#define PROBE(name, look)                                                 \
    static void name(void);                                               \
    TEST_BEFORE_MAIN(name##_registers)                                    \
    {                                                                     \
        probe_add((struct probe){#name, name, look, __FILE__, __LINE__}); \
    }                                                                     \
    static void name(void)
void probe_add(struct probe added);

/* ---- For the functions of probes. Each adds to the output. */

/* What ferrule believes. */
void believe(const char *format, ...) PROBE_FORMAT;
/* Something that was seen. */
void see(const char *format, ...) PROBE_FORMAT;
/* Whether the two agree. Without it the probe only reports. */
void conclude(bool agrees);
/* The system has no such thing, or refuses it. Ends the probe. */
_Noreturn void conclude_absent(const char *format, ...) PROBE_FORMAT;
/* The same, unless it has. */
#define need(condition, ...) ((condition) ? (void)0 : conclude_absent(__VA_ARGS__))
/* A boolean fact: believe, see and conclude. */
void conclude_fact(bool believed, bool seen);

/* ---- For the report */

typedef enum probe_verdict {
    PROBE_OBSERVED,
    PROBE_SAME,
    PROBE_DIFFERS,
    PROBE_ABSENT,
    PROBE_FAILED,
    PROBE_VERDICTS
} probe_verdict;

typedef struct probe_answer {
    probe_verdict verdict;
    char believed[400];
    char seen[1400];
} probe_answer;

/* Reads the output of a probe. */
void probe_read(const char *output, probe_answer *out);

/* NULL: no probe has this name. */
const struct probe *probe_find(const char *name);
/* In the order of their files and lines. */
const struct probe *probe_list(size_t *count);

#endif
