/* runner.h: runs tests and probes in processes of their own, some at a time, each with a limit. */
#ifndef SELFTEST_RUNNER_H
#define SELFTEST_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "selftest/child.h"
#include "selftest/results.h"

typedef enum job_kind { JOB_SUITE, JOB_PROBE } job_kind;

enum { JOB_OUTPUT_CAP = 4096 };

/* A suite or a probe. A suite whose test has crashed or hung is started again with the test after
 * it. */
struct job {
    job_kind kind;
    const char *name;
    bool is_begun;
    bool is_done;
    size_t first; /* the index of its first test in this process */
    size_t count; /* how many tests run; 0: all */
    struct child child;
    uint64_t heard_at; /* when its last test began or ended */
    result_reader reader;
    /* Of a probe: its output, and how it ended if it did not end by itself. */
    char output[JOB_OUTPUT_CAP];
    size_t output_len;
    char failure[80];
};

struct runner {
    struct results results;
    unsigned parallel;
    uint64_t test_limit_ms;
    uint64_t ends_at; /* of system_now_ms: later, no process is started, and none runs on */
};

/* Runs the jobs, and returns when all are done. */
void runner_run(struct runner *runner, struct job *jobs, size_t count);

#endif
