/* main.c: runs every program, or one, or one schedule of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/interleave/programs.h"

static const inter_program *const lists[] = {
    inter_litmus_programs, inter_notify_programs, inter_resolver_programs,
    inter_poller_programs, inter_stream_programs, inter_mode_programs,
};

typedef struct options {
    inter_effort effort;
    int preemptions; /* negative: the program's limit */
    int old_values;
    unsigned deeper; /* added to the program's limits */
} options;

static options chosen = {.preemptions = -1, .old_values = -1};

enum { FULL_MAX = 5000 };

static void usage(void)
{
    (void)fputs("usage: interleave [OPTION N]... [PROGRAM [SCHEDULE]]\n"
                "Runs every schedule of all programs, or of the one with this name, or prints the\n"
                "steps of one schedule.\n"
                "  --seconds      limits the processor time of each program\n"
                "  --preemptions, --old-values\n"
                "                 replace the programs' limits; 0 is no limit\n"
                "  --deeper       adds to the programs' limits, if they have any\n",
                stderr);
    exit(2);
}

/* Seconds of the processor, which do not depend on other processes. */
static double seconds_now(void)
{
    return (double)clock() / (double)CLOCKS_PER_SEC;
}

static void print_limit(unsigned limit, const char *of)
{
    if (limit != 0) {
        printf(", at most %u %s", limit, of);
    }
}

/* If the program has few schedules, all of them run without the reductions too, which must leave
 * out none that differs in its results. */
static inter_totals check_reductions(const inter_program *program, const inter_totals *reduced)
{
    inter_effort effort = {.schedules = FULL_MAX, .in_full = true};
    inter_totals full = {.is_complete = false};
    if (reduced->is_complete && reduced->schedules < FULL_MAX) {
        full = inter_explore(program, &effort);
    }
    if (full.is_complete && full.traces != reduced->traces) {
        printf("%s: %llu different schedules, but %llu with the reductions\n", program->name,
               (unsigned long long)full.traces, (unsigned long long)reduced->traces);
        exit(1);
    }
    return full;
}

static void explore(const inter_program *program)
{
    double began = seconds_now();
    inter_totals totals = inter_explore(program, &chosen.effort);
    double took = seconds_now() - began;
    if (program->expected_failure != NULL) {
        printf("%s: no schedule fails with: %s\n", program->name, program->expected_failure);
        exit(1);
    }
    inter_totals full = check_reductions(program, &totals);
    printf("%-28s %9llu schedules, %8llu cut, %3llu steps, %7.2f s", program->name,
           (unsigned long long)totals.schedules, (unsigned long long)totals.cut,
           (unsigned long long)totals.longest, took);
    if (full.is_complete) {
        printf(", as all %llu orders", (unsigned long long)full.schedules);
    }
    print_limit(program->preemptions, "preemptions");
    print_limit(program->old_values, "old values");
    printf("%s\n", totals.is_complete ? "" : ", not complete");
}

/* In a process of its own, so that a failure ends only this program. */
static bool passes(const inter_program *program)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        explore(program);
        exit(0);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* Returns the index of the first argument that is no option. */
static int read_options(int argc, char **argv)
{
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        int value = atoi(argv[at + 1]);
        if (strcmp(argv[at], "--seconds") == 0) {
            chosen.effort.seconds = (unsigned)value;
        } else if (strcmp(argv[at], "--preemptions") == 0) {
            chosen.preemptions = value;
        } else if (strcmp(argv[at], "--old-values") == 0) {
            chosen.old_values = value;
        } else if (strcmp(argv[at], "--deeper") == 0) {
            chosen.deeper = (unsigned)value;
        } else {
            usage();
        }
    }
    if (argc - at > 2 || (at < argc && argv[at][0] == '-')) {
        usage();
    }
    return at;
}

static inter_program with_options(const inter_program *program)
{
    inter_program limited = *program;
    limited.preemptions += limited.preemptions != 0 ? chosen.deeper : 0;
    limited.old_values += limited.old_values != 0 ? chosen.deeper : 0;
    if (chosen.preemptions >= 0) {
        limited.preemptions = (unsigned)chosen.preemptions;
    }
    if (chosen.old_values >= 0) {
        limited.old_values = (unsigned)chosen.old_values;
    }
    return limited;
}

int main(int argc, char **argv)
{
    int at = read_options(argc, argv);
    unsigned passed = 0, failed = 0;
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
        for (const inter_program *program = lists[list]; program->name != NULL; program++) {
            if (at < argc && strcmp(argv[at], program->name) != 0) {
                continue;
            }
            inter_program limited = with_options(program);
            if (argc - at == 2) {
                inter_replay(&limited, argv[at + 1]);
                return 0;
            }
            bool is_passed = passes(&limited);
            passed += is_passed;
            failed += !is_passed;
        }
    }
    if (passed + failed == 0) {
        usage();
    }
    printf("%u passed, %u failed, 0 skipped\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
