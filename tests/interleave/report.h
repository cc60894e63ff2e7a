/* report.h: prints the schedule of a failure. */
#ifndef INTERLEAVE_REPORT_H
#define INTERLEAVE_REPORT_H

#include "tests/interleave/checker.h"

void inter_report_begin(const inter_program *program);

/* Prints the step before the last one, whose note is complete. */
void inter_report_step(void);

#endif
