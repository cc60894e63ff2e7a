/* simulation_background.c: calls of ferrule on the poller, the token, connectors and lookups. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/simulation_program.h"

enum { EVENTS = 3, ADDRS = 4, CONNECTOR_KEY = 100 };

static const char *choose_name(struct simulation_program *p)
{
    static const char *const texts[] = {"many.test:80", "slow.test:80", "10.0.0.7:80",
                                        "localhost:5000"};
    return texts[choose_below(&p->from, sizeof texts / sizeof *texts)];
}

static void call_connector(struct simulation_program *p)
{
    size_t nth = choose_below(&p->from, SIMULATION_CONNECTORS);
    fer_connect_options options = {.failures_cap = 0};
    switch (choose_below(&p->from, 4)) {
    case 0:
    case 1:
        options.attempt_delay = (fer_duration){UINT64_C(1000000) * choose_byte(&p->from)};
        options.attempt_timeout = (fer_duration){UINT64_C(10000000) * choose_byte(&p->from)};
        options.limits.token = choose_bool(&p->from) ? &p->token : NULL;
        FER_IGNORE(fer_connector_start(&p->connectors[nth], choose_name(p), &options, &p->resolver,
                                       &p->poller, CONNECTOR_KEY + nth));
        break;
    case 2: FER_IGNORE(fer_connector_take(&p->connectors[nth], simulation_stream(p))); break;
    default: fer_connector_close(&p->connectors[nth]); break;
    }
}

static void call_lookup(struct simulation_program *p)
{
    fer_lookup *lookup = &p->lookups[choose_below(&p->from, SIMULATION_LOOKUPS)];
    fer_socket_addr addrs[ADDRS];
    uint64_t keys[ADDRS];
    size_t count = 0;
    switch (choose_below(&p->from, 6)) {
    case 0:
    case 1:
        FER_IGNORE(fer_resolver_start(&p->resolver, choose_name(p), NULL,
                                      choose_bool(&p->from) ? &p->poller : NULL, 1, lookup));
        break;
    case 2:
        FER_IGNORE(fer_lookup_wait(lookup, simulation_duration(p), addrs, ADDRS, &count));
        break;
    case 3:
        FER_IGNORE(fer_resolver_take_completed(&p->resolver, NULL, keys, ADDRS, &count));
        FUZZ_CHECK(count <= ADDRS);
        break;
    case 4: fer_lookup_close(lookup); break;
    default:
        fer_resolver_close(&p->resolver);
        FER_IGNORE(fer_resolver_new(&p->resolver, NULL));
        break;
    }
}

/* Connectors are closed before their poller (connector.h). */
static void reopen_poller(struct simulation_program *p)
{
    for (size_t i = 0; i < SIMULATION_CONNECTORS; i++) {
        fer_connector_close(&p->connectors[i]);
    }
    for (size_t i = 0; i < SIMULATION_LOOKUPS; i++) {
        fer_lookup_close(&p->lookups[i]);
    }
    fer_poller_close(&p->poller);
    FER_IGNORE(fer_poller_new(&p->poller));
}

static void call_poller(struct simulation_program *p)
{
    fer_raw_socket raw =
        fer_tcp_stream_as_raw(&p->streams[choose_below(&p->from, SIMULATION_STREAMS)]);
    fer_event event = {.key = choose_byte(&p->from) % 9,
                       .interest = (fer_interest)choose_below(&p->from, 4)};
    fer_event events[EVENTS];
    size_t count = 0;
    switch (choose_below(&p->from, 6)) {
    case 0:
        FER_IGNORE(
            fer_poller_add(&p->poller, raw, event, (fer_poll_mode)choose_below(&p->from, 4)));
        break;
    case 1: FER_IGNORE(fer_poller_delete(&p->poller, raw)); break;
    case 2: FER_IGNORE(fer_poller_notify(&p->poller)); break;
    case 3: reopen_poller(p); break;
    default:
        FER_IGNORE(
            fer_poller_wait(&p->poller, simulation_duration(p), events, EVENTS, &count, NULL));
        FUZZ_CHECK(count <= EVENTS);
        break;
    }
}

void simulation_background_step(struct simulation_program *p)
{
    switch (choose_below(&p->from, 8)) {
    case 0:
    case 1:
    case 2: call_connector(p); break;
    case 3:
    case 4: call_lookup(p); break;
    case 5: FER_IGNORE(fer_cancel_token_cancel(&p->token)); break;
    case 6: FER_IGNORE(fer_cancel_token_reset(&p->token)); break;
    default: call_poller(p); break;
    }
}
