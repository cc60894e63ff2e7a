/* checker.c: runs the schedules of a program. Its threads are fibers, which switch in
 * inter_step only. */
#include "tests/interleave/checker.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "tests/interleave/loads.h"
#include "tests/interleave/memory.h"
#include "tests/interleave/report.h"
#include "tests/interleave/seam.h"
#include "tests/interleave/search.h"

enum { STACK_SIZE = 1 << 17 };

/* A deadline may pass that often in each thread while other threads could run. */
enum { EARLY_EXPIRIES = 1 };

typedef struct fiber {
    ucontext_t context;
    bool is_running; /* has begun and not ended */
    unsigned early_expiries;
    inter_operation pending;
    void (*run)(void *argument);
    void *argument;
} fiber;

static fiber fibers[INTER_THREADS_MAX];
static _Alignas(16) unsigned char stacks[INTER_THREADS_MAX][STACK_SIZE];
static unsigned self;
static unsigned thread_count;
static unsigned old_values; /* the loads of this schedule that returned one */
static unsigned old_value_limit;
static bool is_cut;
static bool prints_steps;

unsigned inter_self(void)
{
    return self;
}

void inter_add_touch(inter_operation *operation, const void *object, bool writes)
{
    INTER_CHECK(operation->touch_count < INTER_TOUCHES_MAX);
    operation->touches[operation->touch_count++] = (inter_touch){object, writes};
}

unsigned inter_choose(unsigned count)
{
    return self == INTER_MAIN ? 0 : inter_search_value(count);
}

unsigned inter_choose_age(unsigned count)
{
    unsigned age = old_values < old_value_limit ? inter_choose(count) : 0;
    old_values += age > 0;
    return age;
}

void inter_note(const char *format, ...)
{
    size_t count;
    inter_executed *steps = inter_search_steps(&count);
    if (self == INTER_MAIN || count == 0) {
        return;
    }
    char *note = steps[count - 1].note;
    size_t used = strlen(note);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(note + used, INTER_NOTE_MAX - used, format, arguments);
    va_end(arguments);
}

/* ---- Which thread runs */

static bool is_ready(const inter_operation *operation)
{
    return operation->is_ready == NULL || operation->is_ready(operation->argument);
}

/* early_expiries: a deadline may pass in a thread in which fewer of them have passed early. */
static inter_threads runnable(unsigned early_expiries)
{
    inter_threads found = 0;
    for (unsigned i = 1; i < thread_count; i++) {
        const fiber *at = &fibers[i];
        bool may_expire = at->pending.expires && at->early_expiries < early_expiries;
        if (at->is_running && (is_ready(&at->pending) || may_expire)) {
            found |= 1u << i;
        }
    }
    return found;
}

static bool all_ended(void)
{
    for (unsigned i = 1; i < thread_count; i++) {
        if (fibers[i].is_running) {
            return false;
        }
    }
    return true;
}

static void fail_as_blocked(void)
{
    char text[256] = "";
    for (unsigned i = 1; i < thread_count; i++) {
        if (fibers[i].is_running) {
            size_t used = strlen(text);
            (void)snprintf(text + used, sizeof text - used, " thread %u in %s;", i,
                           fibers[i].pending.name);
        }
    }
    inter_fail("no thread can run:%s", text);
}

/* The thread that runs next; INTER_MAIN if the schedule ends here. */
static unsigned choose_thread(void)
{
    inter_threads enabled = runnable(EARLY_EXPIRIES);
    if (enabled == 0) {
        enabled = runnable(UINT_MAX);
    }
    if (enabled == 0) {
        if (!all_ended()) {
            fail_as_blocked();
        }
        return INTER_MAIN;
    }
    inter_operation pending[INTER_THREADS_MAX];
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        pending[i] = fibers[i].pending;
    }
    unsigned chosen = inter_search_thread(enabled, pending, self);
    is_cut = chosen == INTER_MAIN;
    return chosen;
}

static void switch_to(unsigned next)
{
    unsigned before = self;
    if (next != before) {
        self = next;
        (void)swapcontext(&fibers[before].context, &fibers[next].context);
    }
}

/* Returns whether the operation is ready. */
static bool execute_pending(void)
{
    fiber *running = &fibers[self];
    bool ready = is_ready(&running->pending);
    bool is_early = !ready && (runnable(0) & ~(1u << self)) != 0;
    running->early_expiries += is_early;
    inter_search_execute(self, &running->pending, ready);
    size_t count;
    inter_search_steps(&count)[count - 1].is_early = is_early;
    if (prints_steps) {
        inter_report_step();
    }
    return ready;
}

bool inter_step(const inter_operation *operation)
{
    if (self == INTER_MAIN) {
        return is_ready(operation);
    }
    if (!operation->is_load) {
        inter_loads_begin(self);
    }
    fibers[self].pending = *operation;
    switch_to(choose_thread());
    return execute_pending();
}

bool inter_system_step(const inter_operation *operation)
{
    bool ready = inter_step(operation);
    for (size_t i = 0; i < operation->touch_count; i++) {
        inter_system_meets(self, operation->touches[i].object);
    }
    return ready;
}

/* ---- Threads */

static void run_fiber(void)
{
    (void)execute_pending();
    fibers[self].run(fibers[self].argument);
    fibers[self].is_running = false;
    switch_to(choose_thread());
}

/* The new thread stops before its first operation. */
void inter_thread_start(void (*run)(void *argument), void *argument)
{
    INTER_CHECK(thread_count < INTER_THREADS_MAX);
    unsigned created = thread_count++;
    fiber *started = &fibers[created];
    *started = (fiber){.is_running = true, .run = run, .argument = argument};
    started->pending = (inter_operation){.name = "begin"};
    inter_thread_begins(created, self);
    inter_search_create(created, self);
    inter_loads_begin(created);
    (void)getcontext(&started->context);
    started->context.uc_stack.ss_sp = stacks[created];
    started->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&started->context, run_fiber, 0);
}

/* ---- Schedules */

static void run_thread_of_program(void *argument)
{
    void (*const *run)(void) = argument;
    (*run)();
}

/* Returns whether the schedule ran to its end. */
static bool run_schedule(const inter_program *program)
{
    self = INTER_MAIN;
    thread_count = 1;
    old_values = 0;
    old_value_limit = program->old_values != 0 ? program->old_values : UINT_MAX;
    is_cut = false;
    inter_memory_begin();
    inter_seam_begin(program->traits);
    program->begin();
    for (size_t i = 0; i < 3 && program->threads[i] != NULL; i++) {
        inter_thread_start(run_thread_of_program, (void *)(uintptr_t)&program->threads[i]);
    }
    switch_to(choose_thread());
    for (unsigned i = 1; i < thread_count; i++) {
        inter_thread_joins(INTER_MAIN, i);
    }
    if (!is_cut) {
        if (program->finish != NULL) {
            program->finish();
        }
        inter_seam_end();
    }
    return !is_cut;
}

/* A trap of FERI_ASSERT, or an access of memory that is not there. */
static void report_signal(int number)
{
    inter_fail("signal %d (a failed assertion is %d or %d)", number, SIGILL, SIGTRAP);
}

static void catch_signals(void)
{
    static _Alignas(16) unsigned char stack[1 << 17];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = report_signal, .sa_flags = SA_ONSTACK};
    (void)sigaltstack(&alternate, NULL);
    const int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        (void)sigaction(signals[i], &action, NULL);
    }
}

enum { TRACES_MAX = 1 << 16 };

/* Returns whether the trace is new. The table has room for twice as many as are added. */
static bool add_trace(uint64_t table[TRACES_MAX], uint64_t trace)
{
    size_t at = trace % TRACES_MAX;
    while (table[at] != 0 && table[at] != trace) {
        at = (at + 1) % TRACES_MAX;
    }
    bool is_new = table[at] == 0;
    table[at] = trace;
    return is_new;
}

inter_totals inter_explore(const inter_program *program, const inter_effort *effort)
{
    static uint64_t traces[TRACES_MAX];
    inter_totals totals = {.is_complete = true};
    clock_t end = clock() + (clock_t)effort->seconds * CLOCKS_PER_SEC;
    memset(traces, 0, sizeof traces);
    catch_signals();
    inter_report_begin(program);
    inter_search_begin(program->preemptions, effort->in_full);
    while (inter_search_next()) {
        bool ended = run_schedule(program);
        size_t steps;
        (void)inter_search_steps(&steps);
        totals.schedules += ended;
        totals.cut += !ended;
        totals.traces +=
            ended && totals.schedules < TRACES_MAX / 2 && add_trace(traces, inter_search_trace());
        totals.longest = steps > totals.longest ? steps : totals.longest;
        bool is_late = effort->seconds != 0 && totals.schedules % 256 == 0 && clock() >= end;
        if (is_late || totals.schedules == effort->schedules) {
            totals.is_complete = false;
            return totals;
        }
    }
    if (program->end != NULL && !effort->in_full) {
        program->end();
    }
    return totals;
}

void inter_replay(const inter_program *program, const char *schedule)
{
    catch_signals();
    inter_report_begin(program);
    prints_steps = true;
    inter_search_follow(schedule);
    (void)inter_search_next();
    (void)run_schedule(program);
}
