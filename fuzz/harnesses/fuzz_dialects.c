/* fuzz_dialects.c: one program in both dialects. The user sees equal results, except for the
 * rows of "Not reconciled", each of which has a predicate here. It is the library's promise as a
 * fuzz target. */
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

static struct run runs[2];
static unsigned was_forgiven; /* a bit for each connection */

struct row {
    const char *tag;
    bool ends_comparison;
    bool (*forgives)(const struct record *posix, const struct record *winsock);
    unsigned long long hits;
};

static struct row rows[] = {
#define ROW(tag, ends) {#tag, ends, tag, 0},
    NOT_RECONCILED(ROW)
#undef ROW
};

static void print_hits(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fprintf(stderr, "not reconciled: %-22s %llu\n", rows[i].tag, rows[i].hits);
    }
}

/* If the variable is set, the rows that were hit are printed. */
static void print_hits_at_exit(void)
{
    static bool done;
    if (!done && getenv("FERRULE_FUZZ_HITS") != NULL) {
        (void)atexit(print_hits);
    }
    done = true;
}

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

static void print_record(const char *name, const struct record *record)
{
    fprintf(
        stderr,
        "  %-7s %s n %zu value %llu facts %x, then %x, %d actions, elapsed %llu, events at %lld "
        "%lld %lld%s\n",
        name, fer_error_kind_name(record->error.kind), record->n, (unsigned long long)record->value,
        record->facts, record->facts_after, record->actions, (unsigned long long)record->elapsed,
        (long long)record->timeout_in, (long long)record->action_in, (long long)record->buffers_in,
        record->bytes_are_right ? "" : " WRONG BYTES");
}

static void fail_at(size_t at)
{
    for (size_t i = 0; i <= at; i++) {
        const struct record *record = &runs[0].records[i];
        fprintf(stderr, "%zu: %s handle %d connection %d requested %zu expected %llu fault %d\n", i,
                program_op_name(record->op), record->handle, record->connection, record->requested,
                (unsigned long long)record->expected, record->fault);
        limits_print(&record->limits);
        print_record("posix", record);
        print_record("winsock", &runs[1].records[i]);
    }
    abort();
}

/* Returns true if later steps can still be compared. */
static bool forgive(size_t at)
{
    int connection = runs[0].records[at].connection;
    runs[0].records[at].was_forgiven = connection >= 0 && (was_forgiven & 1u << connection) != 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].forgives(&runs[0].records[at], &runs[1].records[at])) {
            rows[i].hits++;
            was_forgiven |= connection < 0 ? 0 : 1u << connection;
            return !rows[i].ends_comparison;
        }
    }
    fail_at(at);
    return false;
}

/* Only Linux counts bytes that a reset discarded as read: of these steps only bytes_are_right is
 * compared. */
static void compare(void)
{
    was_forgiven = 0;
    for (size_t i = 0; i < runs[0].count && i < runs[1].count; i++) {
        const struct record *posix = &runs[0].records[i];
        const struct record *winsock = &runs[1].records[i];
        bool continues = is_equal(posix, winsock) ? !histories_differ(posix, winsock) : forgive(i);
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
        fail_at(run->count - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    print_hits_at_exit();
    run_in(FER_SIM_POSIX, data, size);
    run_in(FER_SIM_WINSOCK, data, size);
    compare();
    return 0;
}
