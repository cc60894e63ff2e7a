/* results.h: the results of tests, read from the output of cmocka. */
#ifndef SELFTEST_RESULTS_H
#define SELFTEST_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum result_status {
    RESULT_RUNNING,
    RESULT_PASSED,
    RESULT_FAILED,
    RESULT_SKIPPED,
    RESULT_CRASHED,
    RESULT_HUNG,
    RESULT_STATUSES
} result_status;

enum { RESULT_NAME_CAP = 160, RESULT_DETAIL_CAP = 600, RESULT_LINE_CAP = 512 };

struct result {
    const char *suite;
    char name[RESULT_NAME_CAP]; /* S6 a_sentence [connected, IPv4] */
    char detail[RESULT_DETAIL_CAP];
    size_t index; /* in its suite */
    result_status status;
    bool passed_alone;
};

/* All results, in the order of their starts. The array moves when it grows. */
struct results {
    struct result *all;
    size_t count;
    size_t cap;
};

/* The output of one process, split into lines. */
typedef struct result_reader {
    const char *suite;
    char line[RESULT_LINE_CAP];
    size_t len;
    size_t current; /* index of the running test + 1, or 0 */
    size_t started; /* how many tests this process has started */
    size_t first;   /* the index of its first test */
    char detail[RESULT_DETAIL_CAP];
} result_reader;

void results_read(struct results *results, result_reader *reader, const char *text, size_t len);

/* The process has ended or was ended: the running test gets the status. If no test had started, a
 * line without a test's name gets it. */
void results_end(struct results *results, result_reader *reader, result_status status,
                 const char *detail);

/* Appends one. NULL: no memory. */
struct result *results_add(struct results *results, const char *suite, const char *name);

/* The n-th rule of a test's name: S6/S7 has S6 and S7. Empty: no more. */
void results_rule(const char *name, size_t n, char *out, size_t cap);

#endif
