/* runner.c: runs the tests of a file; see selftest.h. The lines are those of cmocka's standard
 * output format, and the reasons of tests/support/fixture.c. */
#include "selftest/selftest.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "conformance/peer.h"
#include "support/thread.h"

struct run {
    struct result result; /* of the test that runs */
    bool is_in_test;
    unsigned started; /* the tests that all processes have started */
    void (*on_result)(const struct result *result);
};

/* One thread at a time starts a process, which inherits no other one's pipe, or reports. */
static atomic_flag is_locked = ATOMIC_FLAG_INIT;

static void lock(void)
{
    while (atomic_flag_test_and_set(&is_locked)) {
        peer_pause(1);
    }
}

/* ---- The output */

static const char *after(const char *line, const char *mark)
{
    size_t len = strlen(mark);
    return strncmp(line, mark, len) == 0 ? line + len : NULL;
}

static void start_test(struct run *run, const char *name)
{
    snprintf(run->result.name, sizeof run->result.name, "%.*s", (int)sizeof run->result.name - 1,
             name);
    run->result.detail[0] = 0;
    run->is_in_test = true;
}

static void end_test(struct run *run, result_status status)
{
    run->result.status = status;
    run->is_in_test = false;
    lock();
    run->on_result(&run->result);
    atomic_flag_clear(&is_locked);
}

/* Without the marks of a line: "[  ERROR   ] --- text" and "[  REASON  ] text" are "text". */
static void add_detail(struct run *run, const char *line)
{
    char *detail = run->result.detail;
    size_t len = strlen(detail);
    while (line[0] == '[' && line[1] == ' ' && strchr(line, ']') != NULL) {
        line = strchr(line, ']') + 1;
        line += strspn(line, " -");
    }
    line += strspn(line, " ");
    if (line[0] != 0) {
        snprintf(detail + len, sizeof run->result.detail - len, "%s%s", len > 0 ? "; " : "", line);
    }
}

/* Returns whether a test begins. */
static bool read_line(struct run *run, char *line)
{
    static const struct {
        const char *mark;
        result_status status;
    } ends[] = {{"[       OK ] ", RESULT_PASSED},
                {"[  FAILED  ] ", RESULT_FAILED},
                {"[  SKIPPED ] ", RESULT_SKIPPED},
                {"[  ERROR   ] ", RESULT_FAILED}};
    line[strcspn(line, "\r\n")] = 0;
    for (char *at = line; *at != 0; at++) {
        *at = *at < ' ' || *at > '~' ? '?' : *at;
    }
    const char *name = after(line, "[ RUN      ] ");
    if (name != NULL) {
        run->started++;
        start_test(run, name);
        return true;
    }
    for (size_t i = 0; run->is_in_test && i < sizeof ends / sizeof ends[0]; i++) {
        name = after(line, ends[i].mark);
        if (name != NULL && strcmp(name, run->result.name) == 0) {
            end_test(run, ends[i].status);
            return false;
        }
    }
    if (run->is_in_test) {
        add_detail(run, line);
    }
    return false;
}

/* ---- The process */

struct watch {
    intptr_t child;
    unsigned limit_ms;
    atomic_uint began_at_ms; /* the last test, or the process */
    atomic_bool has_ended;
    bool has_hung;
};

static unsigned now_ms(void)
{
    return (unsigned)(peer_now_us() / 1000);
}

static void watch_child(void *argument)
{
    struct watch *watch = argument;
    while (!atomic_load(&watch->has_ended) && !watch->has_hung) {
        peer_pause(5);
        if (now_ms() - atomic_load(&watch->began_at_ms) > watch->limit_ms) {
            watch->has_hung = true;
            child_kill(watch->child);
        }
    }
}

static void read_output(struct run *run, struct watch *watch, FILE *output)
{
    char line[512];
    test_thread thread;
    atomic_init(&watch->began_at_ms, now_ms());
    atomic_init(&watch->has_ended, false);
    test_thread_start(&thread, watch_child, watch);
    while (fgets(line, sizeof line, output) != NULL) {
        if (read_line(run, line)) {
            atomic_store(&watch->began_at_ms, now_ms());
        }
    }
    atomic_store(&watch->has_ended, true);
    test_thread_join(&thread);
    (void)fclose(output);
}

/* Returns whether the process ended before its last test. */
static bool run_process(struct run *run, struct watch *watch)
{
    char text[80];
    bool has_crashed = true;
    unsigned code = 0;
    unsigned before = run->started;
    snprintf(text, sizeof text, "%s:%u", run->result.suite, before);
    lock();
    FILE *output = child_start(text, &watch->child);
    atomic_flag_clear(&is_locked);
    if (output == NULL) {
        snprintf(text, sizeof text, "its process could not be started");
    } else {
        read_output(run, watch, output);
        has_crashed = child_end(watch->child, &code);
        snprintf(text, sizeof text, "its process %s 0x%x",
                 watch->has_hung ? "reached its limit of time, and ended with"
                 : has_crashed   ? "crashed, with the signal or exception"
                                 : "ended with the exit code",
                 code);
    }
    bool is_at_end = !has_crashed && !watch->has_hung && (run->started > before || code == 0);
    if (!run->is_in_test && is_at_end) {
        return false;
    }
    if (!run->is_in_test) {
        start_test(run, run->started > before ? "(between two tests)" : "(before its first test)");
    }
    add_detail(run, text);
    end_test(run, watch->has_hung ? RESULT_HUNG : RESULT_CRASHED);
    return run->started > before;
}

void runner_run(const char *suite, unsigned limit_ms, uint64_t ends_at_us,
                void (*on_result)(const struct result *result))
{
    struct run run = {.result.suite = suite, .on_result = on_result};
    bool goes_on = true;
    while (goes_on && peer_now_us() < ends_at_us) {
        struct watch watch = {.limit_ms = limit_ms};
        goes_on = run_process(&run, &watch);
    }
    if (goes_on) {
        start_test(&run, "(the tests that are left)");
        add_detail(&run, "not run, because the time of the whole run is over");
        end_test(&run, RESULT_HUNG);
    }
}
