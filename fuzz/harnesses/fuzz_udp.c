/* fuzz_udp.c: one program of datagrams in every dialect. Each run is checked by a model of which
 * socket may receive which datagram. The two runs are equal, except for the rows of "Not
 * reconciled", whose predicates are in udp_not_reconciled.h. */
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

static struct row {
    const char *tag;
    bool (*is_hit)(const struct udp_record *posix, const struct udp_record *winsock);
    unsigned long long hits;
} rows[] = {
#define ROW(tag) {#tag, tag, 0},
    UDP_NOT_RECONCILED(ROW)
#undef ROW
};

static void print_hits(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fprintf(stderr, "not reconciled: %-22s %llu\n", rows[i].tag, rows[i].hits);
    }
}

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

/* Compares up to the first forgiven difference: its consequences cannot be compared. */
static void compare(const struct run *run)
{
    memset(&history, 0, sizeof history);
    history.is_bsd = run == &runs[FER_SIM_DIALECT_BSD];
    for (size_t i = 0; i < runs[0].count; i++) {
        const struct udp_record *posix = &runs[0].records[i];
        const struct udp_record *other = &run->records[i];
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            if (rows[r].is_hit(posix, other)) {
                rows[r].hits++;
                return;
            }
        }
        if (!is_equal(posix, other)) {
            fail_at(run, i);
        }
        note_record(posix);
        history.was_late = history.was_late || other->elapsed > posix->elapsed;
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
    static bool is_registered;
    if (!is_registered && getenv("FERRULE_FUZZ_HITS") != NULL) {
        (void)atexit(print_hits);
    }
    is_registered = true;
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
