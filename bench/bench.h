/* bench.h: measures contenders against a base, in alternating rounds in one process, and prints
 * medians. POSIX only. No result passes or fails. On a shared machine only ratios within one run
 * are meaningful, and only as far as a second run of the base (the A/A control) agrees with the
 * first. */
#ifndef FERRULE_BENCH_H
#define FERRULE_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BENCH_ROUNDS = 15, BENCH_CONTENDERS_MAX = 8 };

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

static volatile uint64_t bench_sink;

/* If nothing waits, define it as CLOCK_PROCESS_CPUTIME_ID before the include: other programs then
 * disturb less. */
#ifndef BENCH_CLOCK
#define BENCH_CLOCK CLOCK_MONOTONIC
#endif

static inline double bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(BENCH_CLOCK, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
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

/* Prints "case contender ns" for each contender, and "# case contender ratio low..high" with the
 * quartiles of its paired ratios. */
static inline void bench_report(const bench_case *c, double ns[][BENCH_ROUNDS])
{
    for (size_t i = 0; i < c->contender_count; i++) {
        double ratio[BENCH_ROUNDS];
        double sorted[BENCH_ROUNDS];
        for (size_t round = 0; round < BENCH_ROUNDS; round++) {
            ratio[round] = ns[i][round] / ns[0][round];
            sorted[round] = ns[i][round];
        }
        printf("%s %s %.2f\n", c->name, c->contenders[i].name,
               bench_quantile(sorted, BENCH_ROUNDS, 0.5));
        printf("# %s %s ratio %.3f quartiles %.3f..%.3f\n", c->name, c->contenders[i].name,
               bench_quantile(ratio, BENCH_ROUNDS, 0.5), bench_quantile(ratio, BENCH_ROUNDS, 0.25),
               bench_quantile(ratio, BENCH_ROUNDS, 0.75));
    }
    fflush(stdout);
}

/* Runs a case: a warm-up, then rounds in which every contender runs once. Each round begins with
 * the next contender. */
static inline void bench_run(const bench_case *c)
{
    static double ns[BENCH_CONTENDERS_MAX][BENCH_ROUNDS];
    const double once_ns = bench_ns_per_op(c->contenders[0].body, c, 1) * (double)c->count;
    const size_t repeats = 1 + (size_t)(3e6 / once_ns);
    for (size_t round = 0; round < BENCH_ROUNDS; round++) {
        for (size_t i = 0; i < c->contender_count; i++) {
            const size_t which = (i + round) % c->contender_count;
            ns[which][round] = bench_ns_per_op(c->contenders[which].body, c, repeats);
        }
    }
    bench_report(c, ns);
}

/* Numbers that a branch predictor cannot predict (xorshift64*), the same in every run. */
static inline uint64_t bench_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

#endif
