/* simulation.c: the events of the simulated network: lines of its trace, each of which is a call of
 * the system's or something that arrives. A run starts a simulation, exchanges blocks with a peer
 * that echoes, and stops it. POSIX only, because of its clock. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define BENCH_CLOCK CLOCK_PROCESS_CPUTIME_ID
#include "bench/bench.h"
#include "ferrule.h"
#include "ferrule/sim.h"

enum { EXCHANGES = 1000, BLOCK = 64 };

/* Returns the number of events. */
static uint64_t simulate(fer_sim_dialect dialect)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_ECHO, {0}, NULL, 0},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    static unsigned char block[BLOCK];
    const fer_sim_config config = {.dialect = dialect, .seed = 1};
    fer_sim_report report;
    fer_sim_peer server = FER_SIM_PEER_NONE;
    fer_socket_addr address;
    fer_tcp_stream stream = {0};
    MUST(fer_sim_start(&config));
    MUST(fer_socket_addr_parse(&address, "10.0.0.7:7"));
    MUST(fer_sim_peer_listen(&address, 8, &server));
    MUST(fer_sim_peer_play(server, steps, sizeof steps / sizeof *steps));
    MUST(fer_tcp_stream_connect_addr(&stream, &address));
    for (size_t i = 0; i < EXCHANGES; i++) {
        MUST(fer_tcp_stream_write_all(&stream, block, sizeof block, NULL));
        MUST(fer_tcp_stream_read_exact(&stream, block, sizeof block, NULL));
    }
    fer_tcp_stream_close(&stream);
    MUST(fer_sim_stop(&report));
    return report.lines;
}

static uint64_t run(const void *input, size_t count)
{
    (void)count;
    return simulate(*(const fer_sim_dialect *)input);
}

static void run_case(const char *name, fer_sim_dialect dialect)
{
    static const bench_contender contenders[] = {{"ferrule", run}, {"ferrule-again", run}};
    const bench_case c = {name, &dialect, (size_t)simulate(dialect), contenders, 2};
    bench_run(&c);
}

int main(int argc, char **argv)
{
    bench_options("simulation", argc, argv);
    run_case("sim_event_posix", FER_SIM_DIALECT_POSIX);
    run_case("sim_event_winsock", FER_SIM_DIALECT_WINSOCK);
    return 0;
}
