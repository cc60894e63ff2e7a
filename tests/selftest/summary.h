/* summary.h: the parts of the report. */
#ifndef SELFTEST_SUMMARY_H
#define SELFTEST_SUMMARY_H

#include "selftest/results.h"
#include "selftest/runner.h"
#include "selftest/system.h"

void summary_head(const system_facts *facts);
/* One line for each rule. */
void summary_rules(const struct results *results);
/* Every test that did not pass, with its reason. */
void summary_failures(const struct results *results);
void summary_skips(const struct results *results);
/* The suites that the end of the time left out. */
void summary_left_out(const struct job *jobs, size_t count);
void summary_probes(const struct job *jobs, size_t count);
/* The last lines: the numbers, the time. True if no test failed twice. */
bool summary_end(const struct results *results, uint64_t took_ms);

#endif
