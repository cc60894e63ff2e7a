/* fuzz_dialects.c: one program in every dialect: on the simulated Linux, on Windows, and on one
 * system of the BSD dialect, which two bits of the first byte choose. The user sees on each the
 * same as on Linux, except for the cases of models/not_reconciled.h. It is the library's promise as
 * a fuzz target. The run on Linux serves two comparisons. The systems of the BSD dialect share most
 * of their code, so that an input needs only one of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/not_reconciled.h"
#include "fuzz/programs/stream_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct program program;
    struct record records[PROGRAM_STEPS];
    size_t count;
};

enum { DIALECTS = FER_SIM_DIALECT_BSD + 1 };

static struct run runs[DIALECTS];
static unsigned was_forgiven; /* a bit for each connection */

static void observe(const struct program *program, const struct record *record)
{
    struct run *run = program->context;
    run->records[run->count++] = *record;
}

static bool is_equal(const struct record *one, const struct record *other)
{
    return one->error.kind == other->error.kind && one->n == other->n &&
           one->bytes_are_right == other->bytes_are_right && one->value == other->value;
}

static void fail_at(const struct run *run, size_t at)
{
    for (size_t i = 0; i <= at; i++) {
        const struct record *record = &runs[0].records[i];
        fprintf(stderr, "%zu: %s handle %d connection %d requested %zu expected %llu fault %d\n", i,
                program_op_name(record->op), record->handle, record->connection, record->requested,
                (unsigned long long)record->expected, record->fault);
        limits_print(&record->limits);
        program_print_record(record);
        program_print_record(&run->records[i]);
    }
    abort();
}

/* The row whose case the step is, or NULL. */
static const char *row_of(const struct record *p, const struct record *o, bool *goes_on)
{
#define CASE(tag, systems, continues, calls, on_linux, on_other, when)                          \
    if (((systems) >> o->system & 1) != 0 && ((calls) >> p->op & 1) != 0 &&                     \
        is_kind_of(p->error.kind, on_linux) && is_kind_of(o->error.kind, on_other) && (when)) { \
        *goes_on = continues;                                                                   \
        return #tag;                                                                            \
    }
    NOT_RECONCILED(CASE)
#undef CASE
    return NULL;
}

/* Returns true if later steps can still be compared. */
static bool forgive(const struct run *run, size_t at)
{
    struct record *posix = &runs[0].records[at];
    unsigned connection = posix->connection < 0 ? 0 : 1u << posix->connection;
    bool goes_on = false;
    posix->was_forgiven = (was_forgiven & connection) != 0;
    const char *tag = row_of(posix, &run->records[at], &goes_on);
    if (tag == NULL) {
        fail_at(run, at);
    }
    print_hit(tag);
    was_forgiven |= connection;
    return goes_on;
}

/* Compares a run with that on Linux. */
static void compare(const struct run *run)
{
    was_forgiven = 0;
    for (size_t i = 0; i < runs[0].count && i < run->count; i++) {
        const struct record *posix = &runs[0].records[i];
        const struct record *other = &run->records[i];
        bool continues = is_equal(posix, other)           ? !histories_differ(posix, other)
                         : instant_explains(posix, other) ? false
                                                          : forgive(run, i);
        if (!continues) {
            return;
        }
    }
}

static void run_in(fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    struct run *run = &runs[dialect];
    memset(&run->program, 0, sizeof run->program);
    run->count = 0;
    run->program.context = run;
    run->program.observe = observe;
    program_run(&run->program, dialect, data, size);
    const fer_sim_report *report = &run->program.report;
    if (report->leaked_handles != 0 || report->leaked_waits != 0 || report->leaked_lookups != 0) {
        fprintf(stderr, "dialect %d leaks %zu handles, %zu waits, %zu lookups\n", (int)dialect,
                report->leaked_handles, report->leaked_waits, report->leaked_lookups);
        fail_at(run, run->count > 0 ? run->count - 1 : 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int i = 0; i < DIALECTS; i++) {
        run_in((fer_sim_dialect)i, data, size);
    }
    for (int i = 1; i < DIALECTS; i++) {
        compare(&runs[i]);
    }
    return 0;
}
