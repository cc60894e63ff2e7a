/* main.c: ferrule_selftest, for people who have a system that the project has not. Without an
 * argument it runs everything and writes a report; with the name of a file of tests, or NAME:N, it
 * runs these tests, from number N on. CMake generates SELFTEST_SUITES, with a row X(NAME) for each
 * file; its main function is NAME_main. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ferrule/version.h"
#include "selftest/selftest.h"
#include "support/fixture.h"
#include "support/thread.h"

#define X(name) int name##_main(void);
#include SELFTEST_SUITES
#undef X

static const struct {
    const char *name;
    int (*run)(void);
} suites[] = {
#define X(name) {#name, name##_main},
#include SELFTEST_SUITES
#undef X
};

enum { SUITES = sizeof suites / sizeof suites[0], PARALLEL = 6 };
enum { TEST_LIMIT_MS = 240000, PLANTED_LIMIT_MS = 8000, RUN_LIMIT_S = 1500 };

#ifdef __VERSION__
#define COMPILER __VERSION__
#else
#define COMPILER "another compiler"
#endif

static void report_head(const struct system_facts *facts)
{
    char date[40] = "";
    time_t now = time(NULL);
    const struct tm *utc = gmtime(&now);
    if (utc != NULL) {
        (void)strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", utc);
    }
    report_line(0, "ferrule's self-test: report of a system");
    report_line(0, "system:    %s", facts->version);
    report_line(0, "processor: %s; this program has %u bits", facts->processor,
                (unsigned)(sizeof(void *) * 8));
    report_line(0, "ferrule:   %s, built with %.60s", fer_version(), COMPILER);
    report_line(0, "date:      %s", date);
    report_line(0,
                "The report has no names of users, hosts or folders. All sockets are loopback's.");
    report_line(0, "This takes one minute or two, please leave it alone.");
}

/* ---- Tests: every one that did not pass */

static unsigned tests[RESULT_STATUSES];

static void report_test(const struct result *result)
{
    static const char *const names[] = {"passed", "FAILED", "skipped", "CRASHED", "HUNG"};
    tests[result->status]++;
    if (result->status != RESULT_PASSED) {
        report_line(2, "%-7s %s: %s", names[result->status], result->suite, result->name);
        report_line(10, "%s", result->detail);
    }
}

/* ---- Probes */

enum { SAME, DIFFERS, SEEN, ABSENT, FAILED, VERDICTS };
static unsigned probes[VERDICTS];

static void report_probe(const struct result *result)
{
    static const char *const names[] = {"same", "DIFFERS", "seen", "absent", "FAILED"};
    bool has_answer = strstr(result->detail, "answer: ") != NULL;
    bool is_expected = strstr(result->detail, "expected: ") != NULL;
    int verdict = result->status == RESULT_SKIPPED                 ? ABSENT
                  : result->status == RESULT_PASSED && is_expected ? SAME
                  : result->status == RESULT_PASSED                ? SEEN
                  : result->status == RESULT_FAILED && has_answer  ? DIFFERS
                                                                   : FAILED;
    probes[verdict]++;
    report_line(2, "%-7s %s", names[verdict], result->name);
    report_line(10, "%s", result->detail);
}

/* ---- The run */

struct work {
    bool are_planted, are_probes;
    uint64_t ends_at_us;
    atomic_size_t next;
};

static void run_suites(void *argument)
{
    struct work *work = argument;
    for (size_t i = 0; (i = atomic_fetch_add(&work->next, 1)) < SUITES;) {
        const char *name = suites[i].name;
        bool is_planted = strstr(name, "planted") != NULL;
        bool is_probes = strncmp(name, "probes_", 7) == 0;
        if (is_probes == work->are_probes && is_planted == work->are_planted) {
            runner_run(name, is_planted ? PLANTED_LIMIT_MS : TEST_LIMIT_MS, work->ends_at_us,
                       is_probes ? report_probe : report_test);
        }
    }
}

/* Probes measure times, and are alone. */
static void run_work(bool are_planted, bool are_probes, uint64_t ends_at_us)
{
    struct work work = {are_planted, are_probes, ends_at_us, 0};
    test_thread threads[PARALLEL];
    int count = are_planted || are_probes ? 1 : PARALLEL;
    for (int i = 0; i < count; i++) {
        test_thread_start(&threads[i], run_suites, &work);
    }
    for (int i = 0; i < count; i++) {
        test_thread_join(&threads[i]);
    }
}

static int run_all(const char *program, bool are_planted)
{
    static struct system_facts facts;
    uint64_t began_us = peer_now_us();
    uint64_t ends_at_us = began_us + RUN_LIMIT_S * UINT64_C(1000000);
    system_describe(&facts);
    report_hide(getenv("USER"));
    report_hide(getenv("USERNAME"));
    report_hide(facts.host);
    if (!are_planted) {
        report_open(program, facts.name);
    }
    report_head(&facts);
    report_line(0, "\nTESTS THAT DID NOT PASS");
    run_work(are_planted, false, ends_at_us);
    report_line(0, "\nFACTS OF THE SYSTEM: what ferrule expects, and what was seen");
    run_work(are_planted, true, ends_at_us);
    unsigned failed = tests[RESULT_FAILED] + tests[RESULT_CRASHED] + tests[RESULT_HUNG];
    report_line(0, "\ntests:  %u passed, %u failed, %u skipped", tests[RESULT_PASSED], failed,
                tests[RESULT_SKIPPED]);
    report_line(0, "probes: %u same, %u different, %u only seen, %u absent, %u failed",
                probes[SAME], probes[DIFFERS], probes[SEEN], probes[ABSENT], probes[FAILED]);
    report_line(0, "time:   %u s", (unsigned)((peer_now_us() - began_us) / 1000000));
    if (!are_planted) {
        report_close();
        system_keep_console();
    }
    return failed == 0 ? 0 : 1;
}

static int run_suite(const char *argument)
{
    size_t len = strcspn(argument, ":");
    test_first = argument[len] == ':' ? (size_t)strtoul(argument + len + 1, NULL, 10) : 0;
    for (size_t i = 0; i < SUITES; i++) {
        if (strlen(suites[i].name) == len && strncmp(suites[i].name, argument, len) == 0) {
            return suites[i].run();
        }
    }
    printf("usage: ferrule_selftest\nRuns every test and writes a report beside itself.\n");
    return 2;
}

int main(int count, char **arguments)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    system_prepare(count > 0 ? arguments[0] : "");
    if (count == 2 && strcmp(arguments[1], "--check-runner") == 0) {
        return run_all(arguments[0], true);
    }
    return count == 2  ? run_suite(arguments[1])
           : count < 2 ? run_all(count > 0 ? arguments[0] : "", false)
                       : run_suite("");
}
