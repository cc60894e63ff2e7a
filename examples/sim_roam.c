/* sim_roam.c: how does a program behave when its machine changes its network? A client asks a
 * service every five seconds, while the machine, a laptop, loses its network interface for some
 * seconds and then gets another address. Its connections are not reset: what they send is lost.
 *
 * usage: sim_roam [careless] [SEED]
 * Without a seed it tries many seeds on six systems, and prints the longest time without an answer.
 * It fails if that is more than the limit below. With a seed it repeats that run on Linux and
 * prints its trace. "careless" tests a client that waits for an answer without a timeout. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"
#include "ferrule/sim.h"

enum { LENGTH = 5, SECONDS = 60, SEEDS = 200, LIMIT_MS = 20000 };

/* ---- The program under test */

typedef struct client {
    const char *service;
    bool has_timeout;
    fer_tcp_stream stream; /* closed, or connected */
    unsigned connects;
} client;

static fer_error ask(client *self)
{
    char answer[LENGTH];
    if (fer_tcp_stream_as_raw(&self->stream) == FER_RAW_SOCKET_NONE) {
        fer_connect_options options = {0};
        options.limits.deadline = fer_instant_after(fer_duration_from_secs(3));
        FER_TRY(fer_tcp_stream_connect_with(&self->stream, self->service, &options));
        self->connects++;
        if (self->has_timeout) {
            FER_TRY(fer_tcp_stream_set_read_timeout(&self->stream, fer_duration_from_secs(2)));
        }
    }
    FER_TRY(fer_tcp_stream_write_all(&self->stream, "hello", LENGTH, NULL));
    FER_TRY(fer_tcp_stream_read_exact(&self->stream, answer, LENGTH, NULL));
    return memcmp(answer, "hello", LENGTH) == 0 ? (fer_error){FER_OK, 0}
                                                : (fer_error){FER_INVALID_DATA, 0};
}

/* ---- Its test */

/* What happens to the machine, each at a time that the seed decides. */
typedef struct laptop {
    fer_duration leaves, arrives;
    fer_ip_addr next_address;
} laptop;

static void leave(void *context)
{
    (void)context;
    FER_IGNORE(fer_sim_set_path(NULL, FER_SIM_PATH_NO_ROUTE));
}

static void arrive(void *context)
{
    const laptop *self = context;
    FER_IGNORE(fer_sim_set_address(self->next_address));
    FER_IGNORE(fer_sim_set_path(NULL, FER_SIM_PATH_OPEN));
}

static laptop laptop_of(uint64_t seed)
{
    uint64_t away_ms = seed * 7919 % 10000;
    uint64_t leaves_ms = 10000 + seed * 104729 % 12000;
    return (laptop){.leaves = fer_duration_from_millis(leaves_ms),
                    .arrives = fer_duration_from_millis(leaves_ms + away_ms),
                    .next_address = {.family = FER_IP_V4, .u.v4 = {{192, 168, 178, 20}}}};
}

static fer_error start_service(const char *text)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_ECHO, {0}, NULL, 0},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    fer_socket_addr addr;
    fer_sim_peer service = FER_SIM_PEER_NONE;
    FER_TRY(fer_socket_addr_parse(&addr, text));
    FER_TRY(fer_sim_peer_listen(&addr, 16, &service));
    return fer_sim_peer_play(service, steps, sizeof steps / sizeof *steps);
}

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

static uint64_t now_ms(void)
{
    return fer_sim_now().nanos / 1000000;
}

/* Asks for a minute. Returns the longest time without an answer, in milliseconds. */
static uint64_t longest_silence(client *self, bool is_traced)
{
    uint64_t last = 0, longest = 0;
    while (now_ms() < SECONDS * UINT64_C(1000)) {
        fer_error error = ask(self);
        bool is_answered = error.kind == FER_OK;
        longest = now_ms() - last > longest ? now_ms() - last : longest;
        last = is_answered ? now_ms() : last;
        if (is_traced) {
            printf("--- at %.3f s: %s\n", (double)now_ms() / 1000, fer_error_kind_name(error.kind));
        }
        if (!is_answered) {
            fer_tcp_stream_close(&self->stream);
        }
        FER_IGNORE(fer_sim_advance(fer_duration_from_secs(is_answered ? 5 : 1)));
    }
    fer_tcp_stream_close(&self->stream);
    return longest;
}

static uint64_t run(fer_sim_config config, bool has_timeout)
{
    laptop machine = laptop_of(config.seed);
    client self = {.service = "10.0.0.7:80", .has_timeout = has_timeout};
    uint64_t longest = UINT64_MAX;
    fer_sim_report report;
    if (fer_sim_start(&config).kind != FER_OK) {
        return longest;
    }
    if (start_service(self.service).kind == FER_OK &&
        fer_sim_after(machine.leaves, leave, NULL).kind == FER_OK &&
        fer_sim_after(machine.arrives, arrive, &machine).kind == FER_OK) {
        longest = longest_silence(&self, config.trace != NULL);
    }
    bool has_stopped = fer_sim_stop(&report).kind == FER_OK;
    return has_stopped && report.leaked_handles == 0 ? longest : UINT64_MAX;
}

static const struct {
    const char *name;
    fer_sim_dialect dialect;
    fer_sim_bsd bsd;
} systems[] = {
    {"Linux", FER_SIM_DIALECT_POSIX, FER_SIM_BSD_MACOS},
    {"Windows", FER_SIM_DIALECT_WINSOCK, FER_SIM_BSD_MACOS},
    {"macOS", FER_SIM_DIALECT_BSD, FER_SIM_BSD_MACOS},
    {"FreeBSD", FER_SIM_DIALECT_BSD, FER_SIM_BSD_FREEBSD},
    {"NetBSD", FER_SIM_DIALECT_BSD, FER_SIM_BSD_NETBSD},
    {"OpenBSD", FER_SIM_DIALECT_BSD, FER_SIM_BSD_OPENBSD},
};

static bool try_system(size_t system, bool has_timeout)
{
    uint64_t longest = 0, of_seed = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t silence = run((fer_sim_config){.dialect = systems[system].dialect,
                                                .bsd = systems[system].bsd,
                                                .seed = seed,
                                                .max_sockets = 64},
                               has_timeout);
        of_seed = silence > longest ? seed : of_seed;
        longest = silence > longest ? silence : longest;
    }
    printf("%-8s the longest time without an answer is %.1f s (seed %u)\n", systems[system].name,
           (double)longest / 1000, (unsigned)of_seed);
    return longest <= LIMIT_MS;
}

int main(int argc, char **argv)
{
    bool is_careless = argc > 1 && strcmp(argv[1], "careless") == 0;
    int given = is_careless ? 2 : 1;
    bool is_good = true;
    if (argc > given) {
        fer_sim_config config = {.seed = strtoull(argv[given], NULL, 10), .trace = print_line};
        return run(config, !is_careless) <= LIMIT_MS ? 0 : 1;
    }
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
        is_good = try_system(i, !is_careless) && is_good;
    }
    puts(is_good ? "200 seeds, six systems: an answer within 20 s" : "too long");
    return is_good ? 0 : 1;
}
