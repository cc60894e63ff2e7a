/* simulation_program.c: the steps of a program, its callbacks, and its first and last calls. */
#include "fuzz/programs/simulation_program.h"

#include "fuzz/driver/fuzz.h"

enum { CALLBACK_STEPS = 4 };

size_t simulation_length(struct simulation_program *p)
{
    return choose_below(&p->from, SIMULATION_BUFFER + 1);
}

fer_socket_addr simulation_address(struct simulation_program *p)
{
    static const char *const texts[] = {"10.0.0.7:80",    "10.0.0.8:80",  "[fd00::7]:80",
                                        "127.0.0.1:5000", "[::1]:5000",   "127.0.0.1:0",
                                        "10.0.0.1:5000",  "224.0.0.1:80", "0.0.0.0:5000",
                                        "10.0.0.7:0",     "[::]:5000"};
    fer_socket_addr addr;
    FUZZ_CHECK(
        fer_socket_addr_parse(&addr, texts[choose_below(&p->from, sizeof texts / sizeof *texts)])
            .kind == FER_OK);
    return addr;
}

fer_duration simulation_duration(struct simulation_program *p)
{
    switch (choose_below(&p->from, 8)) {
    case 0: return (fer_duration){0};
    case 1: return (fer_duration){1};
    case 2: return (fer_duration){choose_u32(&p->from)};
    case 3: return fer_duration_from_secs(choose_byte(&p->from));
    case 4: return fer_duration_from_secs(UINT64_C(86400) * choose_byte(&p->from));
    case 5: return (fer_duration){UINT64_MAX - 1 - choose_byte(&p->from)};
    default: return (fer_duration){UINT64_C(100000) * choose_byte(&p->from)};
    }
}

size_t simulation_times(struct simulation_program *p)
{
    return !p->is_in_callback && choose_below(&p->from, 8) == 7 ? SIMULATION_TIMES : 1;
}

/* ---- Callbacks: none runs inside another one, and no time passes. */

static void run_callback(struct simulation_program *p)
{
    uint64_t now = fer_sim_now().nanos;
    FUZZ_CHECK(!p->is_in_callback);
    FUZZ_CHECK(fer_sim_stop(NULL).kind == FER_INVALID_INPUT);
    p->is_in_callback = true;
    p->callbacks++;
    for (size_t left = choose_below(&p->from, CALLBACK_STEPS); left > 0; left--) {
        simulation_program_step(p);
    }
    p->is_in_callback = false;
    FUZZ_CHECK(fer_sim_now().nanos == now);
}

void simulation_callback(void *context)
{
    run_callback(context);
}

void simulation_handler(fer_sim_peer peer, fer_sim_event event, void *context)
{
    struct simulation_program *p = context;
    FUZZ_CHECK(event <= FER_SIM_EVENT_WAS_RESET);
    switch (choose_below(&p->from, 8)) {
    case 0: fer_sim_peer_close(peer); break;
    case 1: fer_sim_peer_reset(peer); break;
    default: break;
    }
    run_callback(p);
}

/* ---- The program */

void simulation_program_begin(struct simulation_program *p, choices from)
{
    memset(p, 0, sizeof *p);
    p->from = from;
    for (size_t i = 0; i < SIMULATION_PEERS; i++) {
        p->peers[i] = FER_SIM_PEER_NONE;
    }
    FER_IGNORE(fer_resolver_new(&p->resolver, NULL));
    FER_IGNORE(fer_poller_new(&p->poller));
    FER_IGNORE(fer_cancel_token_new(&p->token));
}

static void advance(struct simulation_program *p)
{
    fer_duration duration = simulation_duration(p);
    uint64_t before = fer_sim_now().nanos;
    fer_error error = fer_sim_advance(duration);
    bool is_beyond = duration.nanos >= UINT64_MAX - before;
    FUZZ_CHECK(error.kind == (is_beyond           ? FER_INVALID_INPUT
                              : p->is_in_callback ? FER_DEADLOCK
                                                  : FER_OK));
    FUZZ_CHECK(fer_sim_now().nanos - before == (error.kind == FER_OK ? duration.nanos : 0));
}

void simulation_program_step(struct simulation_program *p)
{
    switch (choose_below(&p->from, 8)) {
    case 0:
    case 1:
    case 2: simulation_peer_step(p); break;
    case 3:
    case 4: simulation_call_step(p); break;
    case 5: simulation_background_step(p); break;
    case 6: FER_IGNORE(fer_sim_after(simulation_duration(p), simulation_callback, p)); break;
    default: advance(p); break;
    }
}

/* A callback may close or make handles while this closes others. */
void simulation_program_end(struct simulation_program *p)
{
    p->from.left = 0;
    for (size_t i = 0; i < SIMULATION_CONNECTORS; i++) {
        fer_connector_close(&p->connectors[i]);
    }
    for (size_t i = 0; i < SIMULATION_LOOKUPS; i++) {
        fer_lookup_close(&p->lookups[i]);
    }
    for (size_t i = 0; i < SIMULATION_STREAMS; i++) {
        fer_tcp_stream_close(&p->streams[i]);
    }
    for (size_t i = 0; i < SIMULATION_LISTENERS; i++) {
        fer_tcp_listener_close(&p->listeners[i]);
    }
    for (size_t i = 0; i < SIMULATION_SOCKETS; i++) {
        fer_udp_socket_close(&p->sockets[i]);
    }
    for (size_t i = 0; i < SIMULATION_UNIX; i++) {
        fer_unix_stream_close(&p->unix_streams[i]);
    }
    for (size_t i = 0; i < SIMULATION_DATAGRAMS; i++) {
        fer_unix_datagram_close(&p->datagrams[i]);
    }
    fer_resolver_close(&p->resolver);
    fer_poller_close(&p->poller);
    fer_cancel_token_close(&p->token);
}
