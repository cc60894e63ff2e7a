/* twins.c: draws sequences by seed, runs them, and prints the shortest sequence that differs. */
#define _GNU_SOURCE
#include "twins.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char USAGE[] =
    "usage: twins [--family ipv4|ipv6|mapped] [--seed S] [--count N] [--jobs J] [--steps]\n"
    "             [--kind stream|datagram|relay] [--first] [--seconds T]\n"
    "Opens each connection twice over a network of three namespaces, by plain calls and by "
    "ferrule,\n"
    "and runs N sequences of events and calls, those of the seeds from S on. Prints each sequence\n"
    "after which ferrule cannot do what the plain twin can, shortened.\n"
    "  --family  default: ipv4\n"
    "  --kind    of the sequences; default: each, by seed\n"
    "  --jobs    sequences that run at once, default: 16 for each processor\n"
    "  --steps   print the steps of each sequence while it runs\n"
    "  --first   end after the first difference\n"
    "  --seconds no sequence begins after this time; 0, the default: no limit\n"
    "Exit code: 0, 1 after a difference, 77 if this machine permits no such network.\n";

/* A machine that is loaded by many sequences changes what a short timeout of the system does. So a
 * difference counts if it is repeated alone, unless there are more than these. */
enum { LATER = 64 };

/* What the processes share. */
struct shared {
    atomic_ulong next, done, differences, doubtful;
    atomic_ulong running[256]; /* the seed + 1 of each job */
    atomic_ulong later_count;
    atomic_ulong later[LATER]; /* seeds to run again, alone */
};

static struct shared *shared;
static bool shows_steps;
static unsigned only_kind;

/* ---- Drawing */

/* SplitMix64 (Steele, Lea, Flood, 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool is_possible(const struct row *row, const struct plan *plan)
{
    return (row->kinds & plan->kind) != 0 && (row->families & plan->family) != 0;
}

static const struct row *draw_row(const struct row *rows, const struct plan *plan, uint64_t *state)
{
    unsigned total = 0;
    for (const struct row *row = rows; row->name != NULL; row++) {
        total += is_possible(row, plan) ? row->chance : 0;
    }
    unsigned left = (unsigned)(draw(state) % total);
    for (const struct row *row = rows;; row++) {
        unsigned chance = is_possible(row, plan) ? row->chance : 0;
        if (left < chance) {
            return row;
        }
        left -= chance;
    }
}

/* Events that are often drawn for the time of a call: a connect retransmits meanwhile, and a
 * receive discards a report. */
static const struct {
    const char *call, *event;
} PARTNERS[] = {
    {"connect", "the router forwards again"},
    {"receive", "a report of a lower MTU is forged"},
};

static void draw_partner(struct plan *plan, size_t i)
{
    for (size_t k = 0; k < sizeof PARTNERS / sizeof PARTNERS[0]; k++) {
        if (strcmp(plan->steps[i - 1].row->name, PARTNERS[k].call) != 0) {
            continue;
        }
        for (const struct row *row = EVENT_ROWS; row->name != NULL; row++) {
            if (strcmp(row->name, PARTNERS[k].event) == 0) {
                plan->steps[i].row = row;
                plan->steps[i].is_meanwhile = true;
            }
        }
    }
}

/* Half of the sequences are streams. A connect or an accept begins them, which an event may
 * precede. */
static struct plan draw_plan(uint64_t seed, unsigned family)
{
    static const unsigned KINDS[] = {STREAM,   STREAM,   STREAM,   STREAM,
                                     DATAGRAM, DATAGRAM, DATAGRAM, RELAY};
    uint64_t state = seed * 4 + family;
    struct plan plan = {.family = family, .seed = seed};
    plan.kind = KINDS[draw(&state) % 8];
    plan.kind = only_kind != 0 ? only_kind : plan.kind;
    plan.count = 3 + draw(&state) % 10;
    const struct row *calls = plan.kind == STREAM     ? STREAM_ROWS
                              : plan.kind == DATAGRAM ? DATAGRAM_ROWS
                                                      : RELAY_ROWS;
    size_t first = plan.kind == RELAY ? MAX_STEPS : draw(&state) % 3 == 0;
    for (size_t i = 0; i < plan.count; i++) {
        bool is_event = i < first ? first < MAX_STEPS || draw(&state) % 5 < 2
                                  : i != first && draw(&state) % 5 < 2;
        struct step *step = &plan.steps[i];
        step->row = draw_row(is_event ? EVENT_ROWS : calls, &plan, &state);
        if (i == first) {
            step->row = &calls[plan.kind == STREAM && draw(&state) % 6 == 0];
        }
        step->arg = (uint16_t)(draw(&state) >> 32);
        step->is_meanwhile = is_event && i > 0 && draw(&state) % 2 == 0;
        if (i > 0 && draw(&state) % 3 == 0) {
            draw_partner(&plan, i);
        }
    }
    return plan;
}

static void print_steps(FILE *out, const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        fprintf(out, "  %2zu. %s%s (%u)\n", i + 1, plan->steps[i].is_meanwhile ? "meanwhile: " : "",
                plan->steps[i].row->name, plan->steps[i].arg);
    }
}

/* ---- Running */

static const struct {
    unsigned kind;
    void (*open)(struct world *world);
    void (*settle)(struct world *world);
    void (*finish)(struct world *world);
    void (*close)(struct world *world);
} KINDS_OF_TWINS[] = {
    {STREAM, stream_open, stream_settle, stream_finish, stream_close},
    {DATAGRAM, datagram_open, datagram_settle, datagram_finish, datagram_close},
    {RELAY, relay_open, relay_settle, relay_finish, relay_close},
};

static void run_steps(struct world *world)
{
    const struct plan *plan = world->plan;
    for (size_t i = 0; i < plan->count && !differs(world); i++) {
        const struct step *step = &plan->steps[i];
        bool has_later = i + 1 < plan->count && plan->steps[i + 1].is_meanwhile;
        world->now = i;
        world->later = has_later ? step + 1 : NULL;
        world->later_ran = false;
        step->row->run(world, step->row, step->arg);
        world->later = NULL;
        for (const struct row *row = EVENT_ROWS; row->name != NULL; row++) {
            world->is_disturbed = world->is_disturbed || row == step->row;
        }
        KINDS_OF_TWINS[plan->kind / 2].settle(world);
        i += has_later && world->later_ran;
    }
}

/* Runs a sequence in a fresh network. Returns true, and the difference as text, if it differs. */
static bool runs_differently(const struct plan *plan, char *difference, size_t cap)
{
    struct world world = {.plan = plan, .family = plan->family, .v6 = plan->family == V6};
    size_t kind = plan->kind / 2;
    alarm(120);
    pthread_mutex_init(&world.lock, NULL);
    pthread_cond_init(&world.ended, NULL);
    network_open(&world);
    KINDS_OF_TWINS[kind].open(&world);
    if (!differs(&world)) {
        run_steps(&world);
    }
    if (!differs(&world)) {
        world.now = plan->count;
        KINDS_OF_TWINS[kind].finish(&world);
    }
    KINDS_OF_TWINS[kind].close(&world);
    network_close(&world);
    snprintf(difference, cap, "%s", world.difference);
    return differs(&world);
}

enum { TIMES = 3, SIZE = 600 };

/* A difference that the load of the machine makes does not occur each time. */
static bool always_differs(const struct plan *plan, char *difference, int times)
{
    for (int i = 0; i < times; i++) {
        if (!runs_differently(plan, difference, SIZE)) {
            return false;
        }
    }
    return true;
}

/* Removes steps as long as the sequence differs without them. */
static void shrink(struct plan *plan, char *difference)
{
    for (size_t len = plan->count / 2; len > 0; len /= 2) {
        for (size_t i = 0; i + len <= plan->count;) {
            struct plan shorter = *plan;
            char text[SIZE];
            memmove(&shorter.steps[i], &shorter.steps[i + len],
                    (plan->count - i - len) * sizeof shorter.steps[0]);
            shorter.count -= len;
            if (always_differs(&shorter, text, 2)) {
                *plan = shorter;
                memcpy(difference, text, SIZE);
            } else {
                i += len;
            }
        }
    }
}

static const char *family_name(unsigned family)
{
    return family == V4 ? "ipv4" : family == V6 ? "ipv6" : "mapped";
}

static void report(const struct plan *plan, const char *difference)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    fprintf(out, "%s, seed %llu: %s\n", family_name(plan->family), (unsigned long long)plan->seed,
            difference);
    print_steps(out, plan);
    fclose(out);
    (void)!write(STDOUT_FILENO, text, len);
    free(text);
}

/* Puts a seed off until no other sequence runs. */
static bool runs_later(uint64_t seed, bool is_alone)
{
    unsigned long at = is_alone ? LATER : atomic_fetch_add(&shared->later_count, 1);
    if (at < LATER) {
        atomic_store(&shared->later[at], seed);
    }
    return at < LATER;
}

static void run_seed(uint64_t seed, unsigned family, bool is_alone)
{
    struct plan plan = draw_plan(seed, family);
    char difference[SIZE];
    if (shows_steps) {
        report(&plan, "runs");
    }
    if (!runs_differently(&plan, difference, sizeof difference)) {
        return;
    }
    if (shows_steps) {
        report(&plan, difference);
    }
    if (always_differs(&plan, difference, TIMES - 1)) {
        if (runs_later(seed, is_alone)) {
            return;
        }
        shrink(&plan, difference);
        report(&plan, difference);
        atomic_fetch_add(&shared->differences, 1);
    } else {
        atomic_fetch_add(&shared->doubtful, 1);
    }
}

struct options {
    unsigned family;
    uint64_t seed, count;
    unsigned jobs;
    bool ends_at_first;
    double end; /* a time of now_ms, or 0 */
};

static void run_job(unsigned job, const struct options *options)
{
    for (;;) {
        uint64_t i = atomic_fetch_add(&shared->next, 1);
        bool ends = options->ends_at_first && atomic_load(&shared->differences) > 0;
        ends = ends || (options->end > 0 && now_ms() > options->end);
        if (i >= options->count || ends) {
            return;
        }
        atomic_store(&shared->running[job], options->seed + i + 1);
        run_seed(options->seed + i, options->family, options->ends_at_first);
        atomic_store(&shared->running[job], 0);
        atomic_fetch_add(&shared->done, 1);
    }
}

static pid_t start_job(unsigned job, const struct options *options)
{
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        run_job(job, options);
        _exit(0);
    }
    return child;
}

/* A job that a signal ends, by a crash or after two minutes, is a difference, and starts again. */
static void run_jobs(const struct options *options)
{
    pid_t children[256] = {0};
    unsigned running = 0;
    for (unsigned job = 0; job < options->jobs; job++, running++) {
        children[job] = start_job(job, options);
    }
    while (running > 0) {
        int status = 0;
        pid_t child = wait(&status);
        unsigned job = 0;
        while (job < options->jobs && children[job] != child) {
            job++;
        }
        if (child < 0 || job == options->jobs) {
            continue;
        }
        uint64_t seed = atomic_exchange(&shared->running[job], 0);
        if (status != 0 && seed != 0) {
            struct plan plan = draw_plan(seed - 1, options->family);
            char text[64];
            snprintf(text, sizeof text, "the process ended with status 0x%x", (unsigned)status);
            report(&plan, text);
            atomic_fetch_add(&shared->differences, 1);
            children[job] = start_job(job, options);
        } else {
            running--;
        }
    }
}

/* In a process of its own, because it leaves the namespace. */
static void run_alone(uint64_t seed, unsigned family)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        run_seed(seed, family, true);
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0) {
        atomic_fetch_add(&shared->differences, 1);
    }
}

/* ---- The program */

static bool parse(int count, char **arguments, struct options *options)
{
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        if (strcmp(name, "--steps") == 0) {
            shows_steps = true;
            continue;
        }
        if (strcmp(name, "--first") == 0) {
            options->ends_at_first = true;
            continue;
        }
        i++;
        if (strcmp(name, "--family") == 0) {
            options->family = strcmp(value, "ipv4") == 0     ? V4
                              : strcmp(value, "ipv6") == 0   ? V6
                              : strcmp(value, "mapped") == 0 ? MAPPED
                                                             : 0;
        } else if (strcmp(name, "--kind") == 0) {
            only_kind = strcmp(value, "stream") == 0     ? STREAM
                        : strcmp(value, "datagram") == 0 ? DATAGRAM
                                                         : RELAY;
        } else if (strcmp(name, "--seed") == 0) {
            options->seed = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--count") == 0) {
            options->count = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--seconds") == 0) {
            unsigned long seconds = strtoul(value, NULL, 10);
            options->end = seconds > 0 ? now_ms() + (double)seconds * 1e3 : 0;
        } else if (strcmp(name, "--jobs") == 0) {
            options->jobs = (unsigned)strtoul(value, NULL, 10);
        } else {
            return false;
        }
    }
    return options->family != 0 && options->jobs > 0 && options->jobs <= 256;
}

/* The check leaves the namespace of the process, so a child makes it. */
static const char *missing(void)
{
    char *reason = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        const char *text = network_missing();
        snprintf(reason, 4096, "%s", text != NULL ? text : "");
        _exit(0);
    }
    (void)waitpid(child, &status, 0);
    return reason[0] != '\0' ? reason : NULL;
}

int main(int count, char **arguments)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct options options = {V4,    1, 100, processors > 16 ? 256 : 16 * (unsigned)processors,
                              false, 0};
    if (!parse(count, arguments, &options)) {
        fputs(USAGE, stderr);
        return 2;
    }
    const char *reason = missing();
    if (reason != NULL) {
        printf("twins: skipped, because %s\n", reason);
        return 77;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IONBF, 0);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!balancer_start()) {
        puts("twins: no translation by the cgroup (BPF)");
    }
    double began = now_ms();
    run_jobs(&options);
    unsigned long later = atomic_load(&shared->later_count);
    for (unsigned long i = 0; i < later && i < LATER; i++) {
        run_alone(atomic_load(&shared->later[i]), options.family);
    }
    balancer_stop();
    double seconds = (now_ms() - began) / 1e3;
    printf("twins: %s: %lu seeds from %llu in %.1f s (%.1f a second), %lu differences, %lu not "
           "repeated\n",
           family_name(options.family), (unsigned long)shared->done,
           (unsigned long long)options.seed, seconds, (double)shared->done / seconds,
           (unsigned long)shared->differences, (unsigned long)shared->doubtful);
    return shared->differences > 0;
}
