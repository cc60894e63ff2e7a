/* summary.c: the parts of the report; see summary.h. */
#include "selftest/summary.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ferrule/version.h"
#include "selftest/probe.h"
#include "selftest/report.h"

enum { RULES_MAX = 200, RULE_CAP = 8 };

#define TEXT_OF(number) #number
#define NUMBER_TEXT(number) TEXT_OF(number)
#if defined(__clang__)
#define COMPILER "clang " NUMBER_TEXT(__clang_major__)
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "another compiler"
#endif

static const char *const status_names[RESULT_STATUSES] = {"RUNNING", "passed",  "FAILED",
                                                          "skipped", "CRASHED", "HUNG"};

void summary_head(const system_facts *facts)
{
    char date[40] = "";
    time_t now = time(NULL);
    const struct tm *utc = gmtime(&now);
    if (utc != NULL) {
        (void)strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", utc);
    }
    report_line(0, "ferrule's self-test: report of a system");
    report_line(0, "system:    %s", facts->version);
    report_line(0, "processor: %s, %u in use; this program has %u bits", facts->processor,
                facts->processors, (unsigned)(sizeof(void *) * 8));
    report_line(0, "ferrule:   %s, built with %.60s", fer_version(), COMPILER);
    report_line(0, "date:      %s", date);
    report_line(0,
                "The report has no names of users, hosts or folders. All sockets are loopback's.");
}

/* ---- By rule */

typedef struct rule_counts {
    char rule[RULE_CAP];
    unsigned of[RESULT_STATUSES];
} rule_counts;

static rule_counts *counts_of(rule_counts *rules, size_t *count, const char *rule)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(rules[i].rule, rule) == 0) {
            return &rules[i];
        }
    }
    rule_counts *added = &rules[*count < RULES_MAX - 1 ? (*count)++ : *count];
    snprintf(added->rule, sizeof added->rule, "%s", rule);
    return added;
}

/* S10 follows S9. */
static int compare_rules(const char *one, const char *other)
{
    if (one[0] != other[0] || strlen(one) == strlen(other)) {
        return strcmp(one, other);
    }
    return strlen(one) < strlen(other) ? -1 : 1;
}

static void sort_rules(rule_counts *rules, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && compare_rules(rules[j].rule, rules[j - 1].rule) < 0; j--) {
            rule_counts swapped = rules[j];
            rules[j] = rules[j - 1];
            rules[j - 1] = swapped;
        }
    }
}

static size_t count_rules(const struct results *results, rule_counts *rules)
{
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->all[i];
        char rule[RULE_CAP];
        results_rule(result->name, 0, rule, sizeof rule);
        if (rule[0] == 0) {
            counts_of(rules, &count, "(none)")->of[result->status]++;
        }
        for (size_t n = 0; rule[0] != 0; results_rule(result->name, ++n, rule, sizeof rule)) {
            counts_of(rules, &count, rule)->of[result->status]++;
        }
    }
    sort_rules(rules, count);
    return count;
}

void summary_rules(const struct results *results)
{
    static rule_counts rules[RULES_MAX];
    size_t count = count_rules(results, rules);
    report_line(0, " ");
    report_line(0, "BY RULE (docs/RULES.md has the rules): passed, failed, skipped");
    for (size_t i = 0; i < count; i++) {
        const unsigned *of = rules[i].of;
        unsigned failed = of[RESULT_FAILED] + of[RESULT_CRASHED] + of[RESULT_HUNG];
        report_line(2, "%-7s %4u passed  %4u failed  %4u skipped%s", rules[i].rule,
                    of[RESULT_PASSED], failed, of[RESULT_SKIPPED], failed > 0 ? "   <--" : "");
    }
}

/* ---- By test */

static bool has_failed(const struct result *result)
{
    return result->status != RESULT_PASSED && result->status != RESULT_SKIPPED;
}

void summary_failures(const struct results *results)
{
    report_line(0, " ");
    report_line(0, "TESTS THAT DID NOT PASS");
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->all[i];
        if (has_failed(result)) {
            count++;
            report_line(2, "%s %s: %s%s", status_names[result->status], result->suite, result->name,
                        result->passed_alone ? " (passed when run alone)" : "");
            report_line(6, "%s", result->detail);
        }
    }
    if (count == 0) {
        report_line(2, "none");
    }
}

static bool is_skip_for(const struct result *result, const char *reason)
{
    return result->status == RESULT_SKIPPED && strcmp(result->detail, reason) == 0;
}

/* One line for each suite with tests that were skipped for this reason. */
static void report_reason(const struct results *results, const char *reason)
{
    unsigned count = 0;
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->all[i];
        count += is_skip_for(result, reason);
    }
    report_line(2, "%u: %s", count, reason[0] != 0 ? reason : "without a reason");
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->all[i];
        unsigned of_suite = 0;
        size_t first = results->count;
        for (size_t j = 0; j < results->count; j++) {
            const struct result *other = &results->all[j];
            if (is_skip_for(other, reason) && strcmp(other->suite, result->suite) == 0) {
                first = j < first ? j : first;
                of_suite++;
            }
        }
        if (first == i) {
            report_line(6, "%s: %s%s", result->suite, result->name,
                        of_suite > 1 ? " and others" : "");
        }
    }
}

void summary_skips(const struct results *results)
{
    report_line(0, " ");
    report_line(0, "TESTS THAT WERE SKIPPED, by reason");
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->all[i];
        bool is_first = result->status == RESULT_SKIPPED;
        for (size_t j = 0; j < i && is_first; j++) {
            is_first = !is_skip_for(&results->all[j], result->detail);
        }
        if (is_first) {
            report_reason(results, result->detail);
        }
    }
}

void summary_left_out(const struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!jobs[i].is_begun) {
            report_line(2, "NOT RUN %s: the time of the whole run was over", jobs[i].name);
        }
    }
}

/* ---- Probes */

static const char *const verdict_names[PROBE_VERDICTS] = {"seen", "same", "DIFFERS", "absent",
                                                          "FAILED"};

static probe_verdict report_probe(const struct job *job)
{
    static probe_answer answer;
    probe_read(job->output, &answer);
    if (job->failure[0] != 0 || !job->is_begun) {
        answer.verdict = PROBE_FAILED;
    }
    const struct probe *probe = probe_find(job->name);
    report_line(2, "%-7s %s", verdict_names[answer.verdict], job->name);
    if (answer.believed[0] != 0) {
        report_line(10, "believed: %s", answer.believed);
    }
    if (answer.seen[0] != 0) {
        report_line(10, "seen:     %s", answer.seen);
    }
    if (job->failure[0] != 0) {
        report_line(10, "the probe did not end: %s", job->failure);
    }
    if (answer.verdict == PROBE_DIFFERS && probe != NULL && probe->look != NULL) {
        report_line(10, "look at:  %s", probe->look);
    }
    return answer.verdict;
}

static unsigned verdicts[PROBE_VERDICTS];

void summary_probes(const struct job *jobs, size_t count)
{
    report_line(0, " ");
    report_line(0, "FACTS OF THE SYSTEM: what ferrule believes, and what was seen");
    for (size_t i = 0; i < count; i++) {
        verdicts[report_probe(&jobs[i])]++;
    }
}

bool summary_end(const struct results *results, uint64_t took_ms)
{
    unsigned of[RESULT_STATUSES] = {0};
    unsigned passed_alone = 0;
    for (size_t i = 0; i < results->count; i++) {
        of[results->all[i].status]++;
        passed_alone += results->all[i].passed_alone;
    }
    unsigned failed = of[RESULT_FAILED] + of[RESULT_CRASHED] + of[RESULT_HUNG];
    report_line(0, " ");
    report_line(0, "tests:  %u passed, %u failed (of these %u passed when run alone), %u skipped",
                of[RESULT_PASSED], failed, passed_alone, of[RESULT_SKIPPED]);
    report_line(0, "probes: %u same, %u different, %u only seen, %u absent, %u failed",
                verdicts[PROBE_SAME], verdicts[PROBE_DIFFERS], verdicts[PROBE_OBSERVED],
                verdicts[PROBE_ABSENT], verdicts[PROBE_FAILED]);
    report_line(0, "time:   %u s", (unsigned)(took_ms / 1000));
    return failed == passed_alone;
}
