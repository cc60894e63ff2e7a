/* connect_program.c: decodes one connect within limits, and runs it. */
#include "fuzz/programs/connect_program.h"

#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/driver/windows.h"

/* Both families, and a mapped address, which counts as IPv4. */
static const char *const hosts[CONNECT_HOSTS] = {"[fd00::7]:80", "10.0.0.7:80",
                                                 "[fd00::8]:80", "10.0.0.8:80",
                                                 "10.0.0.9:80",  "[::ffff:10.0.0.10]:80"};
static const char *const locals[] = {NULL, "10.0.0.1:0", "[fd00::1]:0", "10.0.0.1:4000"};

static fer_socket_addr addr_of(const char *text)
{
    fer_socket_addr addr;
    FUZZ_CHECK(fer_socket_addr_parse(&addr, text).kind == FER_OK);
    return addr;
}

static fer_duration duration_of(choices *from)
{
    static const uint64_t millis[] = {0, 40, 100, 300, 400};
    size_t at = choose_below(from, 6);
    return at == 5 ? FER_DURATION_NONE : fer_duration_from_millis(millis[at]);
}

static uint64_t time_of(choices *from)
{
    return choose_bool(from) ? choose_up_to(from, 2047) : CONNECT_NEVER;
}

struct connect_program connect_program_of(const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    struct connect_program program;
    memset(&program, 0, sizeof program);
    program.count = 1 + choose_below(&from, CONNECT_HOSTS);
    for (size_t i = 0; i < program.count; i++) {
        program.addrs[i] = addr_of(hosts[choose_below(&from, CONNECT_HOSTS)]);
        program.answers[i] = (fer_sim_answer)choose_below(&from, FER_SIM_ANSWER_NO_ROUTE + 1);
        program.delays[i] = choose_up_to(&from, 1023);
    }
    program.is_by_name = choose_bool(&from);
    program.has_resolver = choose_bool(&from);
    program.name_fails = choose_below(&from, 8) == 7;
    program.lookup_takes = choose_up_to(&from, 1023);
    program.attempt_delay = duration_of(&from);
    program.attempt_timeout = duration_of(&from);
    program.deadline = time_of(&from);
    program.cancel = time_of(&from);
    program.failures_cap = choose_below(&from, CONNECT_HOSTS + 1);
    program.local = (unsigned)choose_below(&from, 4);
    program.bsd = (fer_sim_bsd)choose_below(&from, 4);
    program.left_at = choose_up_to(&from, 2047);
    program.is_started_again = choose_bool(&from);
    program.loses_poller = choose_bool(&from);
    for (size_t i = 0; i < program.count; i++) {
        program.paths[i] = (fer_sim_path)choose_below(&from, FER_SIM_PATH_ROUTE_BLACKHOLE + 1);
    }
    program.path_from = choose_up_to(&from, 1023);
    program.path_until = choose_bool(&from) ? choose_up_to(&from, 2047) : CONNECT_NEVER;
    program.lost_syns = choose_byte(&from) & 7u;
    return program;
}

bool connect_has_paths(const struct connect_program *program)
{
    bool has_paths = program->lost_syns != 0;
    for (size_t i = 0; i < program->count; i++) {
        has_paths = has_paths || program->paths[i] != FER_SIM_PATH_OPEN;
    }
    return has_paths;
}

bool connect_is_refused_by_openbsd(const struct connect_program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        if (fuzz_needs_dual_stack(&program->addrs[i].ip)) {
            return program->bsd == FER_SIM_BSD_OPENBSD;
        }
    }
    return false;
}

/* ---- Running */

static fer_sim_name name_of(const struct connect_program *program)
{
    bool fails = program->name_fails;
    return (fer_sim_name){.host = "a.test",
                          .addrs = fails ? NULL : program->addrs,
                          .count = fails ? 0 : program->count,
                          .failure = fails ? FER_HOST_NOT_FOUND : FER_OK,
                          .delay = fer_duration_from_millis(program->lookup_takes)};
}

static void set_paths(void *context)
{
    const struct connect_program *program = context;
    bool is_over = program->path_until != CONNECT_NEVER &&
                   fer_sim_now().nanos >= program->path_until * 1000000;
    for (size_t i = 0; i < program->count; i++) {
        fer_sim_path path = is_over ? FER_SIM_PATH_OPEN : program->paths[i];
        FUZZ_CHECK(fer_sim_set_path(&program->addrs[i].ip, path).kind == FER_OK);
    }
}

static void start_paths(const struct connect_program *program)
{
    void *context = (void *)(uintptr_t)program;
    fer_duration from = fer_duration_from_millis(program->path_from);
    if (!connect_has_paths(program)) {
        return;
    }
    if (program->path_from == 0) {
        set_paths(context);
    } else {
        FUZZ_CHECK(fer_sim_after(from, set_paths, context).kind == FER_OK);
    }
    if (program->path_until != CONNECT_NEVER) {
        fer_duration until = fer_duration_from_millis(program->path_until);
        FUZZ_CHECK(fer_sim_after(until, set_paths, context).kind == FER_OK);
    }
    for (unsigned i = 0; i < 3; i++) {
        if ((program->lost_syns >> i & 1) != 0) {
            FUZZ_CHECK(fer_sim_fault_at(FER_SIM_FAULT_SOFT_ERROR, i + 1).kind == FER_OK);
        }
    }
}

static void start(const struct connect_program *program, fer_sim_dialect dialect,
                  const fer_sim_name *name)
{
    fer_sim_config config = {.dialect = dialect,
                             .bsd = program->bsd,
                             .names = name,
                             .name_count = 1,
                             .max_sockets = 40,
                             .send_buffer = 16,
                             .receive_buffer = 16};
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    for (size_t i = 0; i < program->count; i++) {
        fer_socket_addr addr = program->addrs[i];
        fer_sim_peer peer = FER_SIM_PEER_NONE;
        FER_IGNORE(fer_sim_peer_listen(&addr, 8, &peer)); /* a host may come twice */
        FUZZ_CHECK(fer_sim_set_answer(&addr, program->answers[i],
                                      fer_duration_from_millis(program->delays[i]))
                       .kind == FER_OK);
    }
    start_paths(program);
}

/* What a cancel changes. The poller is open if a connector runs. */
struct cancelled {
    fer_cancel_token token;
    fer_poller poller;
};

static void cancel(void *context)
{
    struct cancelled *cancelled = context;
    FUZZ_CHECK(fer_cancel_token_cancel(&cancelled->token).kind == FER_OK);
    FER_IGNORE(fer_poller_notify(&cancelled->poller));
}

/* Waits for the one event of the connector (rule K13), in an array of one or two. */
static void await_connector(fer_poller *poller, size_t cap)
{
    fer_event events[2];
    size_t count = 0;
    do {
        FUZZ_CHECK(fer_poller_wait(poller, FER_DURATION_NONE, events, cap, &count, NULL).kind ==
                   FER_OK);
    } while (count == 0);
    FUZZ_CHECK(count == 1 && events[0].key == 7 && events[0].interest == FER_WRITABLE);
    FUZZ_CHECK(fer_poller_wait(poller, (fer_duration){0}, events, cap, &count, NULL).kind ==
                   FER_OK &&
               count == 0);
}

static fer_error connect_by_connector(const struct connect_program *program, fer_tcp_stream *stream,
                                      const fer_connect_options *options, fer_poller *poller)
{
    static fer_connector connector;
    memset(&connector, 0, sizeof connector);
    FUZZ_CHECK(fer_poller_new(poller).kind == FER_OK);
    fer_error error =
        fer_connector_start(&connector, "a.test:80", options, options->resolver, poller, 7);
    if (error.kind == FER_OK) {
        await_connector(poller, 1 + program->count % 2);
        error = fer_connector_take(&connector, stream);
    }
    FUZZ_CHECK(fer_connector_take(&connector, stream).kind == FER_MISUSE);
    fer_poller_close(poller);
    return error;
}

static fer_error connect_with(const struct connect_program *program, fer_tcp_stream *stream,
                              const fer_connect_options *options)
{
    return program->is_by_name
               ? fer_tcp_stream_connect_with(stream, "a.test:80", options)
               : fer_tcp_stream_connect_addrs(stream, program->addrs, program->count, options);
}

struct connect_result connect_program_run(const struct connect_program *program,
                                          fer_sim_dialect dialect, bool by_connector)
{
    const fer_sim_name name = name_of(program);
    struct connect_result result;
    fer_tcp_stream stream = {0};
    static struct cancelled cancelled;
    fer_resolver resolver = {0};
    fer_socket_addr local;
    fer_connect_options options = {.attempt_delay = program->attempt_delay,
                                   .attempt_timeout = program->attempt_timeout,
                                   .failures_cap = program->failures_cap,
                                   .failures_count = &result.failed,
                                   .nodelay = program->count % 2 == 0};
    memset(&result, FUZZ_UNTOUCHED, sizeof result);
    memset(&cancelled, 0, sizeof cancelled);
    options.failures = result.failures;
    start(program, dialect, &name);
    if (program->has_resolver) {
        FUZZ_CHECK(
            fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1,
                                                                .queue_cap = FER_RESOLVER_NO_QUEUE})
                .kind == FER_OK);
        options.resolver = &resolver;
    }
    if (program->deadline != CONNECT_NEVER) {
        options.limits.deadline = fer_instant_after(fer_duration_from_millis(program->deadline));
    }
    if (program->cancel != CONNECT_NEVER) {
        FUZZ_CHECK(fer_cancel_token_new(&cancelled.token).kind == FER_OK);
        FUZZ_CHECK(
            fer_sim_after(fer_duration_from_millis(program->cancel), cancel, &cancelled).kind ==
            FER_OK);
        options.limits.token = &cancelled.token;
    }
    if (program->local != 0) {
        local = addr_of(locals[program->local]);
        options.local = &local;
    }
    result.error = by_connector
                       ? connect_by_connector(program, &stream, &options, &cancelled.poller)
                       : connect_with(program, &stream, &options);
    result.took = fer_sim_now().nanos / 1000000;
    result.has_socket = fer_tcp_stream_as_raw(&stream) != FER_RAW_SOCKET_NONE;
    if (result.error.kind == FER_OK) {
        bool nodelay = options.nodelay;
        FUZZ_CHECK(fer_tcp_stream_peer_addr(&stream, &result.peer).kind == FER_OK);
        FER_IGNORE(fer_tcp_stream_nodelay(&stream, &nodelay));
        FUZZ_CHECK(nodelay == options.nodelay);
    }
    fer_tcp_stream_close(&stream);
    fer_resolver_close(&resolver);
    FUZZ_CHECK(fer_sim_advance(fer_duration_from_secs(3)).kind == FER_OK); /* late lookups end */
    fer_cancel_token_close(&cancelled.token);
    FUZZ_CHECK(fer_sim_stop(&result.report).kind == FER_OK);
    return result;
}

/* ---- A connector that is closed */

/* Waits until the time or the result, which comes with an event only. */
static void wait_until_left(const struct connect_program *program, fer_connector *connector,
                            fer_poller *poller, fer_tcp_stream *stream)
{
    uint64_t now = 0;
    do {
        fer_event event;
        size_t count = 0;
        fer_duration left = fer_duration_from_millis(program->left_at - now);
        FUZZ_CHECK(fer_poller_wait(poller, left, &event, 1, &count, NULL).kind == FER_OK);
        fer_error error = fer_connector_take(connector, stream);
        bool is_pending = error.kind == FER_WOULD_BLOCK && error.os_code == 0;
        FUZZ_CHECK(is_pending == (count == 0));
        if (!is_pending) {
            return;
        }
        now = fer_sim_now().nanos / 1000000;
    } while (now < program->left_at);
}

static void leave(const struct connect_program *program, const fer_connect_options *options,
                  fer_poller *poller)
{
    static fer_connector connector;
    fer_tcp_stream stream = {0};
    fer_event event;
    size_t count = 0;
    memset(&connector, 0, sizeof connector);
    FUZZ_CHECK(fer_poller_new(poller).kind == FER_OK);
    for (int i = 0; i <= program->is_started_again; i++) {
        if (fer_connector_start(&connector, "a.test:80", options, options->resolver, poller, 7)
                .kind == FER_OK) {
            FUZZ_CHECK(fer_connector_start(&connector, "10.0.0.7:80", NULL, NULL, poller, 8).kind ==
                       FER_MISUSE);
            wait_until_left(program, &connector, poller, &stream);
            fer_tcp_stream_close(&stream);
        }
        if (program->loses_poller && i == program->is_started_again) {
            fer_poller_close(poller);
        }
        fer_connector_close(&connector);
        FUZZ_CHECK(fer_connector_take(&connector, &stream).kind == FER_MISUSE);
    }
    if (!program->loses_poller) {
        FUZZ_CHECK(
            fer_poller_wait(poller, fer_duration_from_secs(3), &event, 1, &count, NULL).kind ==
                FER_OK &&
            count == 0);
        fer_poller_close(poller);
    }
}

bool connect_program_leave(const struct connect_program *program, fer_sim_dialect dialect)
{
    const fer_sim_name name = name_of(program);
    fer_resolver resolver = {0};
    fer_poller poller = {0};
    fer_sim_report report;
    fer_connect_failure failures[CONNECT_HOSTS];
    fer_connect_options options = {.attempt_delay = program->attempt_delay,
                                   .attempt_timeout = program->attempt_timeout,
                                   .failures = failures,
                                   .failures_cap = program->failures_cap,
                                   .resolver = &resolver};
    start(program, dialect, &name);
    FUZZ_CHECK(fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 1}).kind == FER_OK);
    if (program->deadline != CONNECT_NEVER) {
        options.limits.deadline = fer_instant_after(fer_duration_from_millis(program->deadline));
    }
    leave(program, &options, &poller);
    fer_resolver_close(&resolver);
    FUZZ_CHECK(fer_sim_advance(fer_duration_from_secs(3)).kind == FER_OK);
    FUZZ_CHECK(fer_sim_stop(&report).kind == FER_OK);
    return report.leaked_handles == 0 && report.leaked_lookups == 0 && report.leaked_waits == 0;
}
