/* fuzz_udp.c: one program of datagrams in every dialect. Each run is checked by a model of which
 * socket may receive which datagram. The two runs are equal, except for the rows of "Not
 * reconciled" (udp_not_reconciled.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/udp_model.h"
#include "fuzz/models/udp_not_reconciled.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = UDP_STEPS + 8 };

static struct run {
    struct udp_program program;
    struct udp_record records[RECORDS];
    size_t count;
} runs[FER_SIM_DIALECT_BSD + 1];

static bool is_equal(const struct udp_record *one, const struct udp_record *other)
{
    return one->error.kind == other->error.kind && one->n == other->n &&
           one->truncated == other->truncated && one->value == other->value &&
           one->serial == other->serial && one->has_addr == other->has_addr &&
           (!one->has_addr || fer_socket_addr_eq(&one->addr, &other->addr));
}

static const char *const names[] = {"posix", "winsock", "bsd"};

static void fail_at(const struct run *run, size_t at)
{
    fprintf(stderr, "udp: the dialects differ\n");
    for (size_t i = 0; i <= at; i++) {
        udp_print_record("posix", &runs[0].records[i]);
        udp_print_record(names[run - runs], &run->records[i]);
    }
    abort();
}

/* The row whose case the step is, or NULL. */
static const char *row_of(const struct udp_record *p, const struct udp_record *o, bool is_bsd)
{
    unsigned system = is_bsd ? ON_BSD : ON_WINDOWS;
#define CASE(tag, systems, calls, on_linux, on_other, when)                               \
    if ((system & (systems)) != 0 && ((calls) >> p->op & 1) != 0 &&                       \
        is_kind_of(kind_of(p), on_linux) && is_kind_of(kind_of(o), on_other) && (when)) { \
        return #tag;                                                                      \
    }
    UDP_NOT_RECONCILED(CASE)
#undef CASE
    return NULL;
}

/* Compares up to the first forgiven difference: its consequences cannot be compared. */
static void compare(const struct run *run)
{
    memset(&history, 0, sizeof history);
    for (size_t i = 0; i < runs[0].count; i++) {
        const struct udp_record *posix = &runs[0].records[i];
        const struct udp_record *other = &run->records[i];
        const char *tag = row_of(posix, other, run == &runs[FER_SIM_DIALECT_BSD]);
        if (tag != NULL) {
            print_hit(tag);
            return;
        }
        if (!is_equal(posix, other)) {
            fail_at(run, i);
        }
        note_record(posix);
        history.was_late = history.was_late || other->elapsed > posix->elapsed ||
                           (posix->fault_hit && !other->fault_hit);
    }
}

static void observe(void *context, const struct udp_record *record)
{
    struct run *run = context;
    run->records[run->count++] = *record;
    if (getenv("FERRULE_FUZZ_TRACE") != NULL) {
        udp_print_record(names[run - runs], record);
    }
    udp_model_check(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int dialect = FER_SIM_DIALECT_POSIX; dialect <= FER_SIM_DIALECT_BSD; dialect++) {
        struct run *run = &runs[dialect];
        memset(run, 0, sizeof *run);
        run->program.context = run;
        run->program.observe = observe;
        udp_model_begin((fer_sim_dialect)dialect);
        udp_program_run(&run->program, (fer_sim_dialect)dialect, data, size);
        udp_model_end(&run->program.report);
    }
    compare(&runs[FER_SIM_DIALECT_WINSOCK]);
    compare(&runs[FER_SIM_DIALECT_BSD]);
    return 0;
}
