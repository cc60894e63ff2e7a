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
};

static void usage(void)
{
    (void)fputs("usage: interleave [--seconds N] [PROGRAM [SCHEDULE]]\n"
                "Runs every schedule of all programs, or of the one with this name, or prints the\n"
                "steps of one schedule. --seconds limits the time of each program.\n",
                stderr);
    exit(2);
}

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void explore(const inter_program *program, unsigned seconds)
{
    double began = seconds_now();
    inter_totals totals = inter_explore(program, seconds);
    if (program->expected_failure != NULL) {
        printf("%s: no schedule fails with: %s\n", program->name, program->expected_failure);
        exit(1);
    }
    char bound[40] = "all";
    if (program->preemptions != 0) {
        (void)snprintf(bound, sizeof bound, "at most %u preemptions", program->preemptions);
    }
    printf("%-28s %9llu schedules, %9llu cut, %3llu steps, %7.2f s, %s%s\n", program->name,
           (unsigned long long)totals.schedules, (unsigned long long)totals.cut,
           (unsigned long long)totals.longest, seconds_now() - began, bound,
           totals.is_complete ? "" : ", not complete");
}

/* In a process of its own, so that a failure ends only this program. */
static bool passes(const inter_program *program, unsigned seconds)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        explore(program, seconds);
        exit(0);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(int argc, char **argv)
{
    int at = 1;
    unsigned seconds = 0;
    unsigned passed = 0;
    unsigned failed = 0;
    if (at + 1 < argc && strcmp(argv[at], "--seconds") == 0) {
        seconds = (unsigned)strtoul(argv[at + 1], NULL, 10);
        at += 2;
    }
    if (argc - at > 2 || (at < argc && argv[at][0] == '-')) {
        usage();
    }
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
        for (const inter_program *program = lists[list]; program->name != NULL; program++) {
            if (at < argc && strcmp(argv[at], program->name) != 0) {
                continue;
            }
            if (argc - at == 2) {
                inter_replay(program, argv[at + 1]);
                return 0;
            }
            bool is_passed = passes(program, seconds);
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
