/* bench.h: measures contenders against a base, in alternating rounds in one process, and prints a
 * line for each contender. POSIX only. ci/bench.sh judges the lines. On a shared machine only
 * ratios within one run are meaningful, and only as far as a second run of the base (the A/A
 * control) agrees with the first. */
#ifndef FERRULE_BENCH_H
#define FERRULE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BENCH_ROUNDS = 15, BENCH_ROUNDS_MIN = 5, BENCH_ROUNDS_MAX = 501, BENCH_CONTENDERS_MAX = 12 };

/* Does all operations of a case once. Returns a value that depends on every operation. */
typedef uint64_t (*bench_body)(const void *input, size_t count);

typedef struct bench_contender {
    const char *name;
    bench_body body;
} bench_contender;

typedef struct bench_case {
    const char *name;
    const void *input;
    size_t count;                      /* operations in one run of a body */
    const bench_contender *contenders; /* the first is the base */
    size_t contender_count;
} bench_case;

/* The nanoseconds of one operation, for each contender and round. */
typedef double bench_times[BENCH_CONTENDERS_MAX][BENCH_ROUNDS_MAX];

static volatile uint64_t bench_sink;

/* Settings of the command line: bench_options. */
static const char *bench_program = "";
static const char *bench_filter = "";
static size_t bench_rounds_max = BENCH_ROUNDS;
static double bench_seconds = 0; /* 0: no limit */

/* If nothing waits, define it as CLOCK_PROCESS_CPUTIME_ID before the include: other programs then
 * disturb less. */
#ifndef BENCH_CLOCK
#define BENCH_CLOCK CLOCK_MONOTONIC
#endif

/* Reads, in any order: --rounds N, the rounds of a case; --seconds S, after which a case ends even
 * so if it has had 5 rounds; --case TEXT, with which the names of the cases to run begin. Exits if
 * there is another argument. */
static inline void bench_options(const char *program, int argc, char **argv)
{
    bench_program = program;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--rounds") == 0) {
            const size_t rounds = (size_t)strtoul(argv[i + 1], NULL, 10);
            const size_t most = BENCH_ROUNDS_MAX;
            bench_rounds_max = rounds < 1 ? 1 : rounds < most ? rounds : most;
        } else if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0) {
            bench_seconds = strtod(argv[i + 1], NULL);
        } else if (i + 1 < argc && strcmp(argv[i], "--case") == 0) {
            bench_filter = argv[i + 1];
        } else {
            fprintf(stderr, "usage: bench_%s [--rounds N] [--seconds S] [--case TEXT]\n", program);
            exit(2);
        }
    }
}

/* Whether the case is to be run. */
static inline bool bench_wants(const char *name)
{
    return strncmp(name, bench_filter, strlen(bench_filter)) == 0;
}

static inline void bench_must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

#define MUST(call) bench_must((call).kind == FER_OK, #call)

/* Prints that a case, or a part of one, cannot be measured here. */
static inline void bench_skip(const char *name, const char *reason)
{
    printf("skipped bench=%s case=%s reason=%s\n", bench_program, name, reason);
}

static inline double bench_clock_ns(void)
{
    struct timespec now;
    clock_gettime(BENCH_CLOCK, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* What a body does between bench_pause and bench_resume is not measured. */
static double bench_paused_ns = 0;

static inline void bench_pause(void)
{
    bench_paused_ns -= bench_clock_ns();
}

static inline void bench_resume(void)
{
    bench_paused_ns += bench_clock_ns();
}

static inline double bench_now_ns(void)
{
    return bench_clock_ns() - bench_paused_ns;
}

static inline double bench_ns_per_op(bench_body body, const bench_case *c, size_t repeats)
{
    const double begin = bench_now_ns();
    for (size_t i = 0; i < repeats; i++) {
        bench_sink += body(c->input, c->count);
    }
    return (bench_now_ns() - begin) / (double)(repeats * c->count);
}

static inline int bench_compare_doubles(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The value below which `part` of the values lie; sorts them. */
static inline double bench_quantile(double *values, size_t count, double part)
{
    qsort(values, count, sizeof *values, bench_compare_doubles);
    return values[(size_t)(part * (double)(count - 1) + 0.5)];
}

static inline double bench_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Whether a case that has begun at `begin` and had so many rounds has another one. */
static inline bool bench_continues(double begin, size_t rounds)
{
    return rounds < bench_rounds_max && (bench_seconds <= 0 || rounds < BENCH_ROUNDS_MIN ||
                                         bench_time() - begin < bench_seconds);
}

/* Prints a line for each contender: the median of its nanoseconds for an operation, the median of
 * its ratios to the base in the same round, and the quartiles of these ratios. */
static inline void bench_report(const bench_case *c, bench_times ns, size_t rounds)
{
    for (size_t i = 0; i < c->contender_count; i++) {
        double ratio[BENCH_ROUNDS_MAX];
        double sorted[BENCH_ROUNDS_MAX];
        for (size_t round = 0; round < rounds; round++) {
            ratio[round] = ns[i][round] / ns[0][round];
            sorted[round] = ns[i][round];
        }
        printf("bench=%s case=%s impl=%s ops=%zu runs=%zu ns_op=%.2f ratio=%.4f iqr=%.4f..%.4f "
               "base=%s\n",
               bench_program, c->name, c->contenders[i].name, c->count, rounds,
               bench_quantile(sorted, rounds, 0.5), bench_quantile(ratio, rounds, 0.5),
               bench_quantile(ratio, rounds, 0.25), bench_quantile(ratio, rounds, 0.75),
               c->contenders[0].name);
    }
    fflush(stdout);
}

/* Numbers that a branch predictor cannot predict (xorshift64*), the same in every run. */
static inline uint64_t bench_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* The order of the contenders in the next round. It is random, because a contender finds the
 * caches, and the threads that still work, as the one before it has left them. */
static inline const size_t *bench_order(size_t count)
{
    static uint64_t state = 1;
    static size_t order[BENCH_CONTENDERS_MAX];
    for (size_t i = 0; i < count; i++) {
        const size_t other = (size_t)((bench_random(&state) >> 33) % (i + 1));
        order[i] = i;
        order[i] = order[other];
        order[other] = i;
    }
    return order;
}

/* Runs a case: a warm-up, then rounds in which every contender runs once. */
static inline void bench_run(const bench_case *c)
{
    static bench_times ns;
    if (!bench_wants(c->name)) {
        return;
    }
    const double once_ns = bench_ns_per_op(c->contenders[0].body, c, 1) * (double)c->count;
    const size_t repeats = 1 + (size_t)(3e6 / once_ns);
    for (size_t i = 1; i < c->contender_count; i++) {
        (void)bench_ns_per_op(c->contenders[i].body, c, 1);
    }
    const double begin = bench_time();
    size_t round = 0;
    for (; bench_continues(begin, round); round++) {
        const size_t *order = bench_order(c->contender_count);
        for (size_t i = 0; i < c->contender_count; i++) {
            const size_t which = order[i];
            ns[which][round] = bench_ns_per_op(c->contenders[which].body, c, repeats);
        }
    }
    bench_report(c, ns, round);
}

#endif
