/* misuse_connector_calls.c: connectors in any phase, with resolvers, pollers, tokens and streams in
 * any state. Their pollers may be closed before them, but are never made again. */
#include <string.h>

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#endif
#endif

#include "fuzz/programs/misuse_calls.h"

/* Bits of nulls: connector, stream, text, resolver, poller, options, token, failures. */
static fer_connector *connector_of(const struct misuse_arguments *a)
{
    return a->nulls & 1 ? NULL : &a->state->connecting.connectors[a->which % MISUSE_CONNECTORS];
}

static fer_poller *poller_of(const struct misuse_arguments *a)
{
    return a->nulls & 16 ? NULL : &a->state->connecting.pollers[(a->which >> 2) % 3];
}

static bool is_open(const fer_connector *connector)
{
    return connector != NULL && connector->p_.state_ != 0;
}

static fer_connect_options options_of(const struct misuse_arguments *a)
{
    static const uint64_t nanos[] = {UINT64_MAX, 0, 1000000, UINT64_MAX - 1};
    struct misuse_state *state = a->state;
    fer_connect_options options = {.attempt_delay = {nanos[(a->arg >> 2) % 3]},
                                   .attempt_timeout = {nanos[(a->arg >> 3) % 4]},
                                   .failures = a->nulls & 128 ? NULL : state->connecting.failures,
                                   .failures_cap = a->arg % 4 == 3 ? 3 : 0,
                                   .failures_count = &state->connecting.failures_count,
                                   .local = a->arg % 32 == 31 ? &a->values->addr : NULL,
                                   .family =
                                       a->arg % 32 == 30 ? (fer_ip_family)9 : (fer_ip_family)0};
    options.limits = (fer_limits){
        .deadline = fer_instant_after((fer_duration){nanos[(a->arg >> 5) % 4]}),
        .token = a->nulls & 64 ? &state->tokens[(a->which >> 2) % MISUSE_TOKENS] : NULL};
    return options;
}

/* The comparison includes the padding of the structs in a connector, which is not initialized. */
static bool has_changed(const fer_connector *connector, const fer_connector *before)
{
#ifdef __has_feature
#if __has_feature(memory_sanitizer)
    __msan_unpoison(connector, sizeof *connector);
    __msan_unpoison(before, sizeof *before);
#endif
#endif
    return memcmp(before, connector, sizeof *before) != 0;
}

/* After a failure an open connector has not changed, and another one is not open. */
static fer_error do_start(const struct misuse_arguments *a, bool is_host)
{
    static const char *const texts[] = {"localhost:80", "127.0.0.1:80", "",        "nowhere.test:1",
                                        "[::1]:9",      "localhost:0",  "127.1:5", ":"};
    static const char *const hosts[] = {"localhost", "127.0.0.1", "",  "nowhere.test",
                                        "::1",       "[::1]",     " ", "127.1"};
    static const fer_connector none;
    fer_connector *connector = connector_of(a);
    fer_connector before = connector == NULL ? none : *connector;
    fer_connect_options options = options_of(a);
    const fer_connect_options *chosen = a->nulls & 32 ? NULL : &options;
    fer_resolver *resolver = a->nulls & 8          ? NULL
                             : a->arg / 8 % 2 == 0 ? &a->state->connecting.resolver
                                                   : &a->state->background.resolvers[a->arg % 3];
    fer_error error =
        is_host ? fer_connector_start_host(connector, a->nulls & 4 ? NULL : hosts[a->arg % 8],
                                           a->state->server.port, chosen, resolver, poller_of(a),
                                           a->arg)
                : fer_connector_start(connector, a->nulls & 4 ? NULL : texts[a->arg % 8], chosen,
                                      resolver, poller_of(a), a->arg);
    if (error.kind == FER_OK) {
        return misuse_checked(is_open(connector) && !is_open(&before), error);
    }
    bool is_right = is_open(&before) ? !has_changed(connector, &before) : !is_open(connector);
    return misuse_checked(is_right, error);
}

/* A connector is taken once. A refused call changes nothing. */
static fer_error do_take(const struct misuse_arguments *a)
{
    fer_connector *connector = connector_of(a);
    fer_tcp_stream *out = a->other_stream;
    bool was_open = is_open(connector);
    fer_raw_socket before = out == NULL ? FER_RAW_SOCKET_NONE : fer_tcp_stream_as_raw(out);
    fer_error error = fer_connector_take(connector, out);
    fer_raw_socket after = out == NULL ? FER_RAW_SOCKET_NONE : fer_tcp_stream_as_raw(out);
    bool is_refusal =
        error.kind == FER_MISUSE || (error.kind == FER_WOULD_BLOCK && error.os_code == 0);
    bool stays_open = was_open && is_refusal;
    bool is_result_right = error.kind == FER_OK
                               ? before == FER_RAW_SOCKET_NONE && after != FER_RAW_SOCKET_NONE
                               : before == after;
    bool is_right = is_open(connector) == stays_open && is_result_right;
    return misuse_checked(is_right && (was_open || is_refusal), error);
}

static fer_error do_close(const struct misuse_arguments *a)
{
    fer_connector_close(connector_of(a));
    return misuse_checked(!is_open(connector_of(a)), misuse_ok());
}

/* No wait without an end: connectors that are done at another time differ by dialect. */
static fer_error do_wait(const struct misuse_arguments *a)
{
    static const uint64_t nanos[] = {0, 1000000, 1000000000};
    fer_event events[2];
    size_t cap = 1 + a->arg % 2u;
    size_t count = MISUSE_UNTOUCHED;
    fer_error error =
        fer_poller_wait(poller_of(a), (fer_duration){nanos[a->arg % 3]}, events, cap, &count, NULL);
    bool is_right = error.kind == FER_OK ? count <= cap : count == 0 || count == MISUSE_UNTOUCHED;
    for (size_t i = 0; i < count && error.kind == FER_OK && is_right; i++) {
        is_right = events[i].key <= UINT8_MAX && events[i].interest == FER_WRITABLE;
    }
    return misuse_checked(is_right, error);
}

static fer_error do_poller(const struct misuse_arguments *a)
{
    if (a->arg % 4 == 0) {
        fer_poller_close(poller_of(a));
        return misuse_ok();
    }
    return fer_poller_notify(poller_of(a));
}

/* X(name, the call) */
#define CALLS(X)                               \
    X(connector_start, do_start(a, false))     \
    X(connector_wait, do_wait(a))              \
    X(connector_take, do_take(a))              \
    X(connector_close, do_close(a))            \
    X(connector_start_host, do_start(a, true)) \
    X(connector_poller, do_poller(a))

#include "fuzz/programs/misuse_table.h"

static void choose(struct misuse_arguments *a)
{
    misuse_set_addr(a, "127.0.0.1:0");
}

const struct misuse_family misuse_connector_family = {calls, CALL_COUNT, true, choose};

void misuse_connector_begin(struct misuse_state *state)
{
    struct misuse_connecting *connecting = &state->connecting;
    static const char *const names[] = {"localhost:80", NULL, "nowhere.test:1", "127.0.0.1:80"};
    FER_IGNORE(fer_poller_new(&connecting->pollers[0]));
    FER_IGNORE(fer_poller_new(&connecting->pollers[2]));
    fer_poller_close(&connecting->pollers[2]);
    FER_IGNORE(fer_resolver_new(
        &connecting->resolver,
        &(fer_resolver_options){.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE}));
    for (size_t i = 0; i < MISUSE_CONNECTORS; i++) {
        FER_IGNORE(fer_connector_start(&connecting->connectors[i], names[i], NULL,
                                       &connecting->resolver, &connecting->pollers[0], i));
    }
    fer_connector_close(&connecting->connectors[2]);
}

void misuse_connector_end(struct misuse_state *state)
{
    for (size_t i = 0; i < MISUSE_CONNECTORS; i++) {
        fer_connector_close(&state->connecting.connectors[i]);
    }
    fer_resolver_close(&state->connecting.resolver);
    for (size_t i = 0; i < 3; i++) {
        fer_poller_close(&state->connecting.pollers[i]);
    }
}
