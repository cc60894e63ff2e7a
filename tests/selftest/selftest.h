/* selftest.h: the parts of ferrule_selftest: the report, the runner of tests, and what differs
 * between systems. */
#ifndef SELFTEST_SELFTEST_H
#define SELFTEST_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* ---- report.c: the lines of the report, on the screen and in the file */

/* Opens ferrule-selftest-NAME.txt beside the program, or else in the current folder. */
void report_open(const char *program, const char *name);

/* The name of the user or of the host, of three letters or more: removed from all lines. */
void report_hide(const char *name);

/* One line or, if it is longer than 100 columns, several, of which the others are indented. Folders
 * of absolute paths are removed. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void report_line(unsigned indent, const char *format, ...);

/* Closes the file and prints its name. */
void report_close(void);

/* ---- runner.c: runs the tests of a file in a process of its own, and reads their results from the
 * output of cmocka */

typedef enum result_status {
    RESULT_PASSED,
    RESULT_FAILED,
    RESULT_SKIPPED,
    RESULT_CRASHED,
    RESULT_HUNG,
    RESULT_STATUSES
} result_status;

struct result {
    const char *suite;
    char name[160]; /* as cmocka prints it, with the rule */
    char detail[1200];
    result_status status;
};

/* Calls on_result with each result, in one thread at a time. A test that takes longer than limit_ms
 * has hung, and its process is ended. After a crash or a hang the next test runs in a new process,
 * unless the clock is past ends_at_us. */
void runner_run(const char *suite, unsigned limit_ms, uint64_t ends_at_us,
                void (*on_result)(const struct result *result));

/* ---- system_posix.c, system_windows.c */

enum { SYSTEM_TEXT_CAP = 120 };

/* name is a part of a file's name, such as windows-10.0.26100-x64. */
struct system_facts {
    char name[SYSTEM_TEXT_CAP], version[SYSTEM_TEXT_CAP], processor[SYSTEM_TEXT_CAP];
    char host[SYSTEM_TEXT_CAP]; /* which no report may contain */
};

/* Called first, also in children: no dialog after a crash. program: argument 0. */
void system_prepare(const char *program);
void system_describe(struct system_facts *out);
/* Waits for the Enter key if the console closes with this program. */
void system_keep_console(void);

/* Starts this program with one argument, and returns its output. NULL: not started. */
FILE *child_start(const char *argument, intptr_t *child);
/* Ends a child that runs, and on POSIX the children of it. Any thread. */
void child_kill(intptr_t child);
/* Waits for its end. Returns whether it crashed. *code: the signal or exception, or the exit
 * code. */
bool child_end(intptr_t child, unsigned *code);

#endif
