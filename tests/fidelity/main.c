/* main.c: runs the programs of a range of seeds.
 * usage: fidelity_real|fidelity_sim posix|winsock|freebsd|netbsd|macos FROM COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fidelity/fidelity.h"

/* SplitMix64. */
static uint64_t next(struct program *program)
{
    program->random += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = program->random;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

uint32_t below(struct program *program, uint32_t bound)
{
    return (uint32_t)((next(program) >> 32) * bound >> 32);
}

bool chance(struct program *program, uint32_t in_a_hundred)
{
    return below(program, 100) < in_a_hundred;
}

/* The n-th byte that an end sends. */
void byte_pattern(const struct program *program, int from, uint64_t at, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t n = at + i;
        buf[i] = (uint8_t)((n * 167 + (n >> 8) * 13 + (uint64_t)from * 29 + program->seed) & 255u);
    }
}

static void step(struct program *program)
{
    uint32_t choice = below(program, 1000);
    if (choice < 40) {
        step_listener(program);
    } else if (choice < 130) {
        step_connect(program);
    } else if (choice < 250) {
        step_accept(program);
    } else if (choice < 253) {
        step_burst(program);
    } else if (choice < 256) {
        step_full_pipe(program);
    } else if (choice < 257) {
        step_full_backlog(program);
    } else {
        step_stream(program);
    }
}

/* Not compared. Closes with resets, so that the ports are free immediately. */
static void close_all(struct program *program)
{
    for (int i = 0; i < STREAMS; i++) {
        FER_IGNORE(fer_tcp_stream_set_linger(&program->streams[i].handle, (fer_duration){0}));
        fer_tcp_stream_close(&program->streams[i].handle);
    }
    for (int i = 0; i < LISTENERS; i++) {
        fer_tcp_listener_close(&program->listeners[i].handle);
    }
}

static void run(struct program *program, uint64_t seed)
{
    enum fidelity_system system = program->system;
    memset(program, 0, sizeof *program);
    program->system = system;
    program->winsock = system == FIDELITY_WINSOCK;
    program->bsd = system >= FIDELITY_FREEBSD;
    program->macos = system == FIDELITY_MACOS;
    program->is_simulated = os_is_simulated();
    program->seed = seed;
    program->random = seed * UINT64_C(0xD1342543DE82EF95) + 1;
    for (int i = 0; i < STREAMS; i++) {
        program->streams[i].end = NONE;
    }
    for (int i = 0; i < LISTENERS; i++) {
        program->listeners[i].listening = NONE;
    }
    printf("seed %llu\n", (unsigned long long)seed);
    os_start(system, seed);
    for (program->step = 0; program->step < STEPS; program->step++) {
        step(program);
        print_end();
        if (!tracker_wait(program)) {
            printf("data in flight does not arrive\n");
            break;
        }
    }
    close_all(program);
    const char *wrong = os_stop();
    printf("end %s\n", wrong == NULL ? "well" : wrong);
}

static bool find_system(const char *name, enum fidelity_system *out)
{
    static const char *const names[] = {"posix", "winsock", "freebsd", "netbsd", "macos"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum fidelity_system)i;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    static struct program program;
    if (argc != 4 || !find_system(argv[1], &program.system)) {
        (void)fprintf(stderr, "usage: %s posix|winsock|freebsd|netbsd|macos FROM COUNT\n", argv[0]);
        return 2;
    }
    if (!os_has(program.system)) {
        (void)fprintf(stderr, "%s: these sockets are not those of %s\n", argv[0], argv[1]);
        return 2;
    }
    uint64_t from = strtoull(argv[2], NULL, 10);
    uint64_t count = strtoull(argv[3], NULL, 10);
    for (uint64_t i = 0; i < count; i++) {
        run(&program, from + i);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
