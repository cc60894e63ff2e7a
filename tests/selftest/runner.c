/* runner.c: runs tests and probes in processes of their own; see runner.h. */
#include "selftest/runner.h"

#include <stdio.h>
#include <string.h>

#include "selftest/report.h"
#include "selftest/system.h"

/* More tests than a suite has. */
enum { CHECK_EVERY_MS = 5, RESTARTS_MAX = 1000 };

static void start(struct runner *runner, struct job *job)
{
    char first[24];
    char count[24];
    const char *suite[] = {"--suite", job->name, first, count, NULL};
    const char *probe[] = {"--probe", job->name, NULL};
    snprintf(first, sizeof first, "%u", (unsigned)job->first);
    snprintf(count, sizeof count, "%u", (unsigned)job->count);
    memset(&job->reader, 0, sizeof job->reader);
    job->reader.suite = job->name;
    job->reader.first = job->first;
    job->heard_at = system_now_ms();
    job->is_begun = true;
    if (!child_start(&job->child, job->kind == JOB_SUITE ? suite : probe)) {
        job->is_done = true;
        snprintf(job->failure, sizeof job->failure, "its process could not be started");
        if (job->kind == JOB_SUITE) {
            results_end(&runner->results, &job->reader, RESULT_CRASHED, job->failure);
        }
    }
}

static void keep_output(struct job *job, const char *text, size_t len)
{
    size_t room = sizeof job->output - 1 - job->output_len;
    len = len < room ? len : room;
    memcpy(job->output + job->output_len, text, len);
    job->output_len += len;
    job->output[job->output_len] = 0;
}

/* Another test has a limit of its own. */
static void read_output(struct runner *runner, struct job *job)
{
    char text[4096];
    size_t n = 0;
    while ((n = child_read(&job->child, text, sizeof text)) > 0) {
        size_t started = job->reader.started;
        if (job->kind == JOB_PROBE) {
            keep_output(job, text, n);
            continue;
        }
        results_read(&runner->results, &job->reader, text, n);
        if (job->reader.started != started) {
            job->heard_at = system_now_ms();
        }
    }
}

static void describe_end(const struct job *job, bool has_hung, char *out, size_t cap)
{
    if (has_hung) {
        snprintf(out, cap, "stopped after %u s, its limit",
                 (unsigned)((system_now_ms() - job->heard_at) / 1000));
    } else if (job->child.has_crashed) {
        snprintf(out, cap, "its process crashed (signal or exception 0x%lx)",
                 (unsigned long)job->child.code);
    } else {
        snprintf(out, cap, "its process ended early, with code %lu",
                 (unsigned long)job->child.code);
    }
}

static void finish_suite(struct runner *runner, struct job *job, bool has_hung)
{
    bool was_in_test = job->reader.current != 0;
    bool never_began = job->reader.started == 0 && job->child.code != 0;
    if (was_in_test || never_began || has_hung) {
        char text[80];
        describe_end(job, has_hung, text, sizeof text);
        results_end(&runner->results, &job->reader, has_hung ? RESULT_HUNG : RESULT_CRASHED, text);
    }
    job->first += job->reader.started;
    job->is_done = !was_in_test || job->count != 0 || job->first > RESTARTS_MAX ||
                   system_now_ms() >= runner->ends_at;
    if (!job->is_done) {
        start(runner, job);
    }
}

static void finish(struct runner *runner, struct job *job, bool has_hung)
{
    read_output(runner, job);
    child_close(&job->child);
    if (job->kind == JOB_SUITE) {
        finish_suite(runner, job, has_hung);
        return;
    }
    job->is_done = true;
    if (has_hung || job->child.has_crashed || job->child.code != 0) {
        describe_end(job, has_hung, job->failure, sizeof job->failure);
    }
}

static void look(struct runner *runner, struct job *job)
{
    child_check(&job->child);
    if (!job->child.is_running) {
        finish(runner, job, false);
        return;
    }
    read_output(runner, job);
    uint64_t now = system_now_ms();
    if (now - job->heard_at >= runner->test_limit_ms || now >= runner->ends_at) {
        child_kill(&job->child);
        finish(runner, job, true);
    }
}

static size_t start_some(struct runner *runner, struct job *jobs, size_t count)
{
    size_t running = 0;
    for (size_t i = 0; i < count; i++) {
        running += jobs[i].is_begun && !jobs[i].is_done;
    }
    for (size_t i = 0; i < count && running < runner->parallel; i++) {
        if (!jobs[i].is_begun && system_now_ms() < runner->ends_at) {
            start(runner, &jobs[i]);
            running += !jobs[i].is_done;
        }
    }
    return running;
}

void runner_run(struct runner *runner, struct job *jobs, size_t count)
{
    while (start_some(runner, jobs, count) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (jobs[i].is_begun && !jobs[i].is_done) {
                look(runner, &jobs[i]);
            }
        }
        system_pause_ms(CHECK_EVERY_MS);
    }
}
