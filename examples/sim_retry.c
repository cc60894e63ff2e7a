/* sim_retry.c: tests a program's retry logic on a simulated network with injected faults, in
 * virtual time.
 *
 * usage: sim_retry [careless] [SEED]
 * Without a seed it tries many seeds, until one makes the program fail. With a seed it repeats that
 * run and prints its trace. "careless" tests a version of the program with a bug. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"
#include "ferrule/sim.h"

#include "reconnect.h"

/* ---- The program under test. It does not depend on the simulation, except that its pause function
 * can be replaced. */

enum { ATTEMPTS = 10, REPLY_LENGTH = 12 };

typedef void (*pause_function)(fer_duration duration);
typedef fer_error (*receive_function)(fer_tcp_stream *stream, char *reply);

/* Correct: a reply may arrive in pieces. */
static fer_error receive(fer_tcp_stream *stream, char *reply)
{
    return fer_tcp_stream_read_exact(stream, reply, REPLY_LENGTH, NULL);
}

/* Wrong: assumes that one read returns the whole reply. On a developer's machine it always does. */
static fer_error receive_with_bug(fer_tcp_stream *stream, char *reply)
{
    return fer_tcp_stream_read(stream, reply, REPLY_LENGTH, NULL);
}

static fer_error ask(const reconnect *retry, fer_tcp_stream *stream, receive_function receive_reply,
                     char *reply)
{
    FER_TRY(reconnect_attempt(retry, stream));
    FER_TRY(fer_tcp_stream_set_read_timeout(stream, fer_duration_from_secs(2)));
    FER_TRY(fer_tcp_stream_write_all(stream, "what time?\n", 11, NULL));
    return receive_reply(stream, reply);
}

/* Retries after growing pauses, whatever the failure. */
static fer_error query_until_answered(fer_resolver *resolver, receive_function receive_reply,
                                      pause_function pause, char *reply)
{
    reconnect retry = {
        .resolver = resolver,
        .host_port = "service.test:80",
        .first_pause = fer_duration_from_millis(100),
        .longest_pause = fer_duration_from_secs(30),
        .limit = fer_duration_from_secs(5),
        .attempts = ATTEMPTS,
    };
    for (;;) {
        fer_tcp_stream stream = {0};
        fer_error error = ask(&retry, &stream, receive_reply, reply);
        fer_tcp_stream_close(&stream);
        if (error.kind == FER_OK || reconnect_gives_up(&retry, error)) {
            return error;
        }
        pause(reconnect_pause(&retry));
    }
}

/* ---- Its test */

static const char right_reply[REPLY_LENGTH + 1] = "it is 12:04\n";

static void pause_in_virtual_time(fer_duration duration)
{
    FER_IGNORE(fer_sim_advance(duration));
}

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

static fer_sim_config config_of(fer_sim_dialect dialect, uint64_t seed, bool traced)
{
    static const fer_socket_addr addrs[] = {{.ip = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 7}}}}};
    static const fer_sim_name names[] = {{.host = "service.test", .addrs = addrs, .count = 1}};
    fer_sim_config config = {0};
    config.dialect = dialect;
    config.seed = seed;
    config.names = names;
    config.name_count = 1;
    config.trace = traced ? print_line : NULL;
    config.max_sockets = 16;
    config.jitter = fer_duration_from_millis(20);
    config.fault_chances[FER_SIM_FAULT_REFUSED] = 30000; /* in a million */
    config.fault_chances[FER_SIM_FAULT_RESET] = 20000;
    config.fault_chances[FER_SIM_FAULT_PARTIAL_READ] = 10000;
    config.fault_chances[FER_SIM_FAULT_PARTIAL_WRITE] = 50000;
    config.fault_chances[FER_SIM_FAULT_INTERRUPTED] = 50000;
    config.fault_chances[FER_SIM_FAULT_RESOLVE_FAILS] = 30000;
    return config;
}

/* The service: reads the question, waits 30 ms, answers, closes. */
static fer_error start_service(void)
{
    static const fer_sim_step steps[] = {
        {FER_SIM_ACTION_RECEIVE, {0}, NULL, 11},
        {FER_SIM_ACTION_SEND, {30000000}, right_reply, REPLY_LENGTH},
        {FER_SIM_ACTION_RECEIVE_TO_END, {0}, NULL, 0},
        {FER_SIM_ACTION_CLOSE, {0}, NULL, 0},
    };
    fer_socket_addr addr;
    fer_sim_peer service = FER_SIM_PEER_NONE;
    FER_TRY(fer_socket_addr_parse(&addr, "10.0.0.7:80"));
    FER_TRY(fer_sim_peer_listen(&addr, 16, &service));
    return fer_sim_peer_play(service, steps, sizeof steps / sizeof steps[0]);
}

/* Runs the program once. True if it got its answer and left no handle open. */
static bool succeeds(receive_function receive_reply, fer_sim_dialect dialect, uint64_t seed,
                     bool traced)
{
    char reply[REPLY_LENGTH] = {0};
    fer_sim_report report;
    fer_sim_config config = config_of(dialect, seed, traced);
    if (fer_sim_start(&config).kind != FER_OK || start_service().kind != FER_OK) {
        return false;
    }
    fer_resolver resolver = {0};
    fer_error error = fer_resolver_new(
        &resolver, &(fer_resolver_options){.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE});
    if (error.kind == FER_OK) {
        error = query_until_answered(&resolver, receive_reply, pause_in_virtual_time, reply);
    }
    fer_resolver_close(&resolver);
    if (fer_sim_stop(&report).kind != FER_OK) {
        return false;
    }
    if (traced) {
        printf("%s, \"%.*s\", %zu handles left open\n", fer_error_kind_name(error.kind),
               REPLY_LENGTH - 1, reply, report.leaked_handles);
    }
    return error.kind == FER_OK && memcmp(reply, right_reply, REPLY_LENGTH) == 0 &&
           report.leaked_handles == 0;
}

static bool succeeds_in_both(receive_function receive_reply, uint64_t seed, bool traced)
{
    bool posix = succeeds(receive_reply, FER_SIM_DIALECT_POSIX, seed, traced);
    bool winsock = succeeds(receive_reply, FER_SIM_DIALECT_WINSOCK, seed, traced);
    return posix && winsock;
}

int main(int argc, char **argv)
{
    bool has_bug = argc > 1 && strcmp(argv[1], "careless") == 0;
    receive_function receive_reply = has_bug ? receive_with_bug : receive;
    int given = has_bug ? 2 : 1;
    if (argc > given) {
        return succeeds_in_both(receive_reply, strtoull(argv[given], NULL, 10), true) ? 0 : 1;
    }
    for (uint64_t seed = 0; seed < 2000; seed++) {
        if (!succeeds_in_both(receive_reply, seed, false)) {
            printf("seed %llu fails; see it with: sim_retry%s %llu\n", (unsigned long long)seed,
                   has_bug ? " careless" : "", (unsigned long long)seed);
            return 1;
        }
    }
    puts("2000 seeds, two dialects: an answer each time");
    return 0;
}
