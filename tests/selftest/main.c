/* main.c: ferrule_selftest, for people who have a system that the project has not. Without
 * arguments it runs everything and writes a report. CMake generates SELFTEST_SUITES, with a row
 * X(NAME) for each conformance file; its main function is NAME_main. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftest/check.h"
#include "selftest/probe.h"
#include "selftest/report.h"
#include "selftest/runner.h"
#include "selftest/summary.h"
#include "selftest/system.h"
#include "support/fixture.h"

#define X(name) int name##_main(void);
#include SELFTEST_SUITES
#undef X

enum {
    JOBS_MAX = 200,
    PARALLEL_MIN = 4,
    PARALLEL_MAX = 8,
    TEST_LIMIT_MS = 120000,
    PROBE_LIMIT_MS = 20000,
    RUN_LIMIT_MS = 600000,
    ALONE_MAX = 30
};

static const struct {
    const char *name;
    int (*run)(void);
} suites[] = {
#define X(name) {#name, name##_main},
#include SELFTEST_SUITES
#undef X
};

/* ---- In a child */

static int run_suite(const char *name, const char *first, const char *count)
{
    test_first = (size_t)strtoul(first, NULL, 10);
    test_count = (size_t)strtoul(count, NULL, 10);
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (strcmp(suites[i].name, name) == 0) {
            return suites[i].run();
        }
    }
    return check_run_suite(name);
}

static int run_probe(const char *name)
{
    const struct probe *probe = probe_find(name);
    if (probe == NULL) {
        return 2;
    }
    peer_start();
    probe->run();
    return 0;
}

/* ---- In the program that was started by hand */

/* The longest suites start first. */
static const char *const long_suites[] = {
    "readiness", "ended_waits", "poller_ended_waits", "poller_events", "copying",    "interruption",
    "timeouts",  "wakeup",      "socket_pending",     "inheritance",   "poller_many"};

static size_t add_job(struct job *jobs, size_t count, job_kind kind, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(jobs[i].name, name) == 0) {
            return count;
        }
    }
    if (count < JOBS_MAX) {
        jobs[count].kind = kind;
        jobs[count].name = name;
        count++;
    }
    return count;
}

static size_t add_suites(struct job *jobs)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof long_suites / sizeof long_suites[0]; i++) {
        count = add_job(jobs, count, JOB_SUITE, long_suites[i]);
    }
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        count = add_job(jobs, count, JOB_SUITE, suites[i].name);
    }
    return count;
}

static size_t add_probes(struct job *jobs)
{
    size_t count = 0;
    size_t probes = 0;
    const struct probe *probe = probe_list(&probes);
    for (; probes > 0; probes--, probe++) {
        count = add_job(jobs, count, JOB_PROBE, probe->name);
    }
    return count;
}

/* For tests/kernels/probes.sh. */
static int list_probes(void)
{
    static struct job jobs[JOBS_MAX];
    size_t count = add_probes(jobs);
    for (size_t i = 0; i < count; i++) {
        printf("%s\n", jobs[i].name);
    }
    return 0;
}

/* A test that failed beside others may pass alone: the report then says so. */
static void repeat_failures(struct runner *runner)
{
    size_t count = runner->results.count;
    size_t repeated = 0;
    for (size_t i = 0; i < count && repeated < ALONE_MAX; i++) {
        static struct job alone;
        const struct result *failed = &runner->results.all[i];
        if (failed->status == RESULT_PASSED || failed->status == RESULT_SKIPPED) {
            continue;
        }
        repeated++;
        memset(&alone, 0, sizeof alone);
        alone.kind = JOB_SUITE;
        alone.name = failed->suite;
        alone.first = failed->index;
        alone.count = 1;
        runner_run(runner, &alone, 1);
        if (runner->results.count > count) {
            result_status status = runner->results.all[count].status;
            runner->results.all[i].passed_alone = status == RESULT_PASSED;
            runner->results.count = count;
        }
    }
}

static int run_all(void)
{
    static struct job suite_jobs[JOBS_MAX];
    static struct job probe_jobs[JOBS_MAX];
    static struct runner runner;
    system_facts facts;
    uint64_t began = system_now_ms();
    system_describe(&facts);
    report_open(facts.name);
    summary_head(&facts);
    report_progress("running the tests; this takes one minute or two, please leave it alone");
    size_t suite_count = add_suites(suite_jobs);
    size_t probe_count = add_probes(probe_jobs);
    runner.parallel = facts.processors * 2 > PARALLEL_MAX ? PARALLEL_MAX : facts.processors * 2;
    runner.parallel = runner.parallel < PARALLEL_MIN ? PARALLEL_MIN : runner.parallel;
    runner.test_limit_ms = TEST_LIMIT_MS;
    runner.ends_at = began + RUN_LIMIT_MS;
    runner_run(&runner, suite_jobs, suite_count);
    repeat_failures(&runner);
    report_progress("asking the system what it does");
    runner.parallel = 2;
    runner.test_limit_ms = PROBE_LIMIT_MS;
    runner_run(&runner, probe_jobs, probe_count);
    summary_failures(&runner.results);
    summary_left_out(suite_jobs, suite_count);
    summary_probes(probe_jobs, probe_count);
    summary_rules(&runner.results);
    summary_skips(&runner.results);
    bool is_good = summary_end(&runner.results, system_now_ms() - began);
    report_close();
    system_keep_console();
    free(runner.results.all);
    return is_good ? 0 : 1;
}

int main(int count, char **arguments)
{
    system_prepare(count > 0 ? arguments[0] : "");
    if (count == 5 && strcmp(arguments[1], "--suite") == 0) {
        return run_suite(arguments[2], arguments[3], arguments[4]);
    }
    if (count == 3 && strcmp(arguments[1], "--probe") == 0) {
        return run_probe(arguments[2]);
    }
    if (count == 2 && strcmp(arguments[1], "--check-runner") == 0) {
        return check_runner();
    }
    if (count == 2 && strcmp(arguments[1], "--probes") == 0) {
        return list_probes();
    }
    if (count > 1) {
        printf("usage: ferrule_selftest\nRuns every test and writes a report beside itself.\n");
        return 2;
    }
    return run_all();
}
