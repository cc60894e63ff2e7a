/* check.h: the test of the runner: a suite that crashes, hangs and fails is reported so. */
#ifndef SELFTEST_CHECK_H
#define SELFTEST_CHECK_H

/* In a child: runs the suite of the check, which has this name; 2: another name. */
int check_run_suite(const char *name);

/* Runs the check. 0: every result is as expected. */
int check_runner(void);

#endif
