/* check.c: the test of the runner; see check.h. */
#include "selftest/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftest/probe.h"
#include "selftest/report.h"
#include "selftest/runner.h"
#include "selftest/system.h"
#include "support/fixture.h"

/* The limits of a test, tried one after the other: on a busy machine a process may need longer than
 * the first one to start. */
static const uint64_t limits_ms[] = {1500, 6000, 24000};
enum { LIMIT_COUNT = sizeof limits_ms / sizeof limits_ms[0], ALL_MS = 240000 };

static const char suite_name[] = "check_of_the_runner";

static void passes(void **state)
{
    (void)state;
}

static void fails(void **state)
{
    (void)state;
    assert_int_equal(1, 2);
}

static void reads_the_null_pointer(void **state)
{
    (void)state;
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

static void aborts(void **state)
{
    (void)state;
    abort();
}

static void hangs(void **state)
{
    (void)state;
    for (;;) {
        system_pause_ms(1000);
    }
}

static void leaves(void **state)
{
    (void)state;
    exit(0);
}

static void is_skipped(void **state)
{
    (void)state;
    skip_because("it lacks something");
}

static const struct CMUnitTest tests[] = {RULE_ROW_OF("X1", passes),
                                          RULE_ROW_OF("X1", fails),
                                          RULE_ROW_OF("X2", reads_the_null_pointer),
                                          RULE_ROW_OF("X2", aborts),
                                          RULE_ROW_OF("X3", hangs),
                                          RULE_ROW_OF("X3/X4", leaves),
                                          RULE_ROW_OF("X4", passes),
                                          RULE_ROW_OF("X4", is_skipped),
                                          RULE_ROW_OF("X5", aborts)};

/* cmocka catches most signals itself. */
static const struct {
    const char *name;
    const char *detail;
    result_status status;
} expected[] = {{"X1 passes", "", RESULT_PASSED},
                {"X1 fails", "check.c", RESULT_FAILED},
                {"X2 reads_the_null_pointer", "", RESULT_FAILED},
                {"X2 aborts", "crash", RESULT_CRASHED},
                {"X3 hangs", "limit", RESULT_HUNG},
                {"X3/X4 leaves", "code 0", RESULT_CRASHED},
                {"X4 passes", "", RESULT_PASSED},
                {"X4 is_skipped", "it lacks something", RESULT_SKIPPED},
                {"X5 aborts", "crash", RESULT_CRASHED}};

int check_run_suite(const char *name)
{
    return strcmp(name, suite_name) == 0 ? RUN_TESTS(suite_name, tests) : 2;
}

static unsigned check_results(const struct results *results)
{
    enum { COUNT = sizeof expected / sizeof expected[0] };
    unsigned wrong = results->count != COUNT;
    for (size_t i = 0; i < results->count; i++) {
        const struct result *got = &results->all[i];
        printf("%s: status %d: %s\n", got->name, (int)got->status, got->detail);
        if (i >= COUNT || strcmp(got->name, expected[i].name) != 0 ||
            got->status != expected[i].status || got->index != i ||
            strstr(got->detail, expected[i].detail) == NULL) {
            printf("  expected status %d\n", i < COUNT ? (int)expected[i].status : -1);
            wrong++;
        }
    }
    return wrong;
}

/* A name that begins with S6/S7 belongs to two rules, one without a rule to none. */
static unsigned check_rules(void)
{
    char text[64] = "";
    for (size_t n = 0; n < 3; n++) {
        char rule[8];
        results_rule("S6/S17 name", n, rule, sizeof rule);
        strcat(strcat(text, rule), ",");
        results_rule("name of/none", n, rule, sizeof rule);
        strcat(strcat(text, rule), ";");
    }
    printf("rules: %s\n", text);
    return strcmp(text, "S6,;S17,;,;") != 0;
}

static unsigned check_answers(void)
{
    probe_answer answer;
    probe_read("=believed yes\r\n=seen no\nsomething else\n=differs \n=same \n", &answer);
    printf("answer: %d, %s, %s\n", (int)answer.verdict, answer.believed, answer.seen);
    return answer.verdict != PROBE_DIFFERS || strcmp(answer.believed, "yes") != 0 ||
           strcmp(answer.seen, "no; something else") != 0;
}

static unsigned check_text(void)
{
    char text[200] = "/home-of/ada/x/file.c:12: at C:\\ada\\file.c, read/write, ada's core/*/a.c";
    report_remove_folders(text);
    report_remove_name(text, "ada");
    report_remove_name(text, "re");
    printf("text: %s\n", text);
    return strcmp(text, "file.c:12: at file.c, read/write, ***'s core/*/a.c") != 0;
}

static unsigned check_suite(struct runner *runner)
{
    unsigned wrong = 1;
    for (size_t i = 0; i < LIMIT_COUNT && wrong != 0; i++) {
        struct job job = {.name = suite_name};
        runner->results.count = 0;
        runner->test_limit_ms = limits_ms[i];
        runner_run(runner, &job, 1);
        wrong = check_results(&runner->results);
    }
    return wrong;
}

int check_runner(void)
{
    static struct runner runner;
    static struct job jobs[3];
    runner.parallel = 2;
    runner.ends_at = system_now_ms() + ALL_MS;
    unsigned wrong = check_suite(&runner) + check_rules();
    wrong += check_answers() + check_text();
    /* A suite that does not exist, and a probe that does not exist. Neither hangs. */
    runner.results.count = 0;
    runner.test_limit_ms = limits_ms[LIMIT_COUNT - 1];
    jobs[1].name = "no_such_suite";
    jobs[2].kind = JOB_PROBE;
    jobs[2].name = "no_such_probe";
    runner_run(&runner, jobs + 1, 2);
    wrong += runner.results.count != 1 || runner.results.all[0].status != RESULT_CRASHED;
    wrong += strstr(jobs[2].failure, "code 2") == NULL;
    /* After the end of the time nothing is started, and nothing runs on. */
    memset(jobs, 0, sizeof jobs);
    jobs[0].name = suite_name;
    runner.ends_at = 0;
    runner_run(&runner, jobs, 1);
    wrong += jobs[0].is_begun;
    printf("%s\n", wrong == 0 ? "the runner reports what happens" : "FAILED");
    free(runner.results.all);
    return wrong == 0 ? 0 : 1;
}
