/* stream_program.c: the steps of a program. It waits for one second before each step because the
 * dialects' clocks may differ. Times within a step are multiples of 4 ms; peers act between
 * these. */
#include "fuzz/programs/stream_calls.h"

#include <string.h>

#define FUZZ_NO_BUFFERS_UNTIL_NANOS UINT64_C(5100000000)
#include "fuzz/driver/windows.h"

#define SECOND UINT64_C(1000000000)
#define MILLI UINT64_C(1000000)

const char *program_op_name(enum program_op op)
{
    static const char *const names[OP_COUNT] = {
#define NAME(name) #name,
        PROGRAM_OPS(NAME)
#undef NAME
    };
    return names[op];
}

/* ---- Peers */

static void peer_send(struct connection *connection, int number, size_t len, struct record *record)
{
    uint8_t buf[PROGRAM_BUFFER];
    size_t n = 0;
    program_fill(buf, len, number, 1, connection->peer_sent);
    record->error = fer_sim_peer_send(connection->peer, buf, len, &n);
    connection->peer_sent += n;
    bool both =
        (connection->facts & FACT_SHUT_READ) != 0 && (connection->facts & FACT_SHUT_WRITE) != 0;
    connection->facts |= both && n > 0 ? FACT_RESET : 0;
    record->n = n;
}

static void peer_receive(struct connection *connection, int number, size_t len,
                         struct record *record)
{
    uint8_t buf[PROGRAM_BUFFER];
    size_t n = 0;
    record->error = fer_sim_peer_recv(connection->peer, buf, len, &n);
    record->bytes_are_right = program_is_right(buf, n, number, 0, connection->peer_received);
    connection->peer_received += n;
    connection->peer_bytes_are_right = connection->peer_bytes_are_right && record->bytes_are_right;
    record->n = n;
}

static void peer_acts(struct program *program, int number, enum program_op op, size_t count,
                      struct record *record)
{
    struct connection *connection = &program->connections[number];
    switch (op) {
    case OP_PEER_SEND: peer_send(connection, number, count, record); break;
    case OP_PEER_RECEIVE: peer_receive(connection, number, count, record); break;
    case OP_PEER_SHUTDOWN:
        record->error = fer_sim_peer_shutdown(connection->peer);
        connection->facts |= FACT_PEER_SHUT;
        break;
    case OP_PEER_CLOSE:
        fer_sim_peer_close(connection->peer);
        connection->facts |= FACT_PEER_SHUT | FACT_PEER_CLOSED;
        connection->facts |= connection->sent > connection->peer_received ? FACT_RESET : 0;
        break;
    default:
        fer_sim_peer_reset(connection->peer);
        connection->facts |= FACT_PEER_CLOSED | FACT_RESET;
        break;
    }
    if (op == OP_PEER_CLOSE || op == OP_PEER_RESET) {
        connection->peer = FER_SIM_PEER_NONE;
    }
}

/* As another thread would, during a call that waits. */
static void shut_down_now(const struct deferred *deferred)
{
    struct program *program = deferred->program;
    struct record unseen = {.op = OP_SHUTDOWN};
    if (program->connection_of[deferred->handle] == deferred->connection) {
        program_do_shutdown(program, deferred->handle, (uint8_t)deferred->count, &unseen);
        program->shut_later[deferred->handle] |=
            unseen.expected != FER_SHUTDOWN_WRITE ? FACT_SHUT_READ : 0;
        program->shut_later[deferred->handle] |=
            unseen.expected != FER_SHUTDOWN_READ ? FACT_SHUT_WRITE : 0;
    }
}

static void note_action(struct program *program)
{
    uint64_t now = fer_sim_now().nanos;
    program->deferred_done++;
    program->actions_at_last = program->last_action == now ? program->actions_at_last + 1 : 1;
    program->last_action = now;
}

static void run_deferred(void *context)
{
    struct deferred *deferred = context;
    struct record unseen = {.bytes_are_right = true};
    deferred->is_done = true;
    note_action(deferred->program);
    if (deferred->op == OP_SHUTDOWN) {
        shut_down_now(deferred);
    } else if (deferred->program->connections[deferred->connection].peer != FER_SIM_PEER_NONE) {
        peer_acts(deferred->program, deferred->connection, deferred->op, deferred->count, &unseen);
    }
}

/* If the simulated Windows loses cancels, some actions are shutdowns of the program's own. */
static void defer_action(struct program *program, int handle, int number, uint8_t arg)
{
    bool is_own = program->windows.loses_cancels && arg >= PROGRAM_OWN_SHUTDOWN_FROM;
    if (program->deferred_count < PROGRAM_DEFERRED) {
        struct deferred *deferred = &program->deferred[program->deferred_count++];
        fer_duration delay = {(uint64_t)(arg % 50) * 4 * MILLI + 2 * MILLI};
        *deferred =
            (struct deferred){program,
                              number,
                              handle,
                              is_own ? OP_SHUTDOWN : (enum program_op)(OP_PEER_SEND + arg % 5),
                              is_own ? arg : program_length(arg),
                              fer_sim_now().nanos + delay.nanos,
                              false};
        FER_IGNORE(fer_sim_after(delay, run_deferred, deferred));
    }
}

/* ---- Steps */

void program_clear_faults(struct record *record)
{
    record->fault_missed = fer_sim_clear_faults() > 0 || record->fault_missed;
}

static bool is_last_handle(const struct program *program, int handle)
{
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        if (i != handle && program->connection_of[i] == program->connection_of[handle]) {
            return false;
        }
    }
    return true;
}

/* From an argument of 128 on, the peer then receives until end of file or an error: the record has
 * its result. */
static void do_close(struct program *program, int handle, uint8_t arg, struct record *record)
{
    struct connection *connection = program_connection(program, handle);
    bool receives = arg >= 128 && connection != NULL && connection->peer != FER_SIM_PEER_NONE &&
                    is_last_handle(program, handle);
    size_t total = 0;
    program_do_close(program, handle);
    if (!receives) {
        return;
    }
    record->has_value = true;
    record->expected = connection->sent - connection->peer_received;
    for (bool is_over = false; !is_over && connection->peer != FER_SIM_PEER_NONE;) {
        FER_IGNORE(fer_sim_advance((fer_duration){4 * MILLI}));
        peer_receive(connection, record->connection, PROGRAM_BUFFER, record);
        total += record->n;
        is_over = record->error.kind != FER_OK || record->n == 0;
    }
    record->n = total;
}

static void do_peer(struct program *program, int handle, uint8_t arg, struct record *record)
{
    struct connection *connection = program_connection(program, handle);
    if (connection == NULL || connection->peer == FER_SIM_PEER_NONE) {
        return;
    }
    if (record->op == OP_DEFER) {
        defer_action(program, handle, record->connection, arg);
    } else {
        peer_acts(program, record->connection, record->op, program_length(arg), record);
    }
}

/* Opens a connection, or calls a listener. */
static void do_opening(struct program *program, int handle, uint8_t arg, struct record *record)
{
    switch (record->op) {
    case OP_CONNECT:
    case OP_CONNECT_TIMEOUT:
    case OP_CONNECT_ADDRS:
    case OP_CONNECT_NAME: program_do_connect(program, handle, arg, record); break;
    case OP_CONNECT_FAILS:
    case OP_CONNECT_FULL: program_do_connect_failing(program, handle, arg, record); break;
    case OP_CONNECT_WITH: program_do_connect_with(program, handle, arg, record); break;
    case OP_ACCEPT_SECOND: program_do_accept_second(program, handle, arg, record); break;
    case OP_ACCEPT: program_do_accept(program, handle, arg, record); break;
    case OP_BIND: program_do_bind(program, arg, record); break;
    case OP_UNBIND: fer_tcp_listener_close(&program->listeners[arg % PROGRAM_LISTENERS]); break;
    default: program_do_listener(program, arg, record); break;
    }
}

static void do_op(struct program *program, int handle, uint8_t arg, struct record *record)
{
    fer_tcp_stream *stream = &program->streams[handle];
    switch (record->op) {
    case OP_READ:
    case OP_PEEK:
    case OP_READ_VECTORED:
    case OP_READ_EXACT:
    case OP_READ_TO_END: program_do_read(program, handle, arg, record); break;
    case OP_WRITE:
    case OP_WRITE_VECTORED:
    case OP_WRITE_ALL: program_do_write(program, handle, arg, record); break;
    case OP_SHUTDOWN: program_do_shutdown(program, handle, arg, record); break;
    case OP_CLONE: program_do_clone(program, handle, arg, record); break;
    case OP_SET_READ_TIMEOUT:
    case OP_SET_WRITE_TIMEOUT:
    case OP_READ_TIMEOUT:
    case OP_WRITE_TIMEOUT: program_do_timeout(stream, arg, record); break;
    case OP_SET_NONBLOCKING:
        record->expected = arg % 2;
        record->error = fer_tcp_stream_set_nonblocking(stream, arg % 2 == 1);
        break;
    case OP_TAKE_ERROR:
    case OP_PEER_ADDR:
    case OP_LOCAL_ADDR: program_do_query(stream, record); break;
    case OP_CLOSE: do_close(program, handle, arg, record); break;
    case OP_THROUGH_RAW: program_do_through_raw(program, handle, record); break;
    case OP_NODELAY:
    case OP_TTL:
    case OP_LINGER:
    case OP_KEEPALIVE: program_do_option(stream, arg, record); break;
    case OP_PEER_SEND:
    case OP_PEER_RECEIVE:
    case OP_PEER_SHUTDOWN:
    case OP_PEER_CLOSE:
    case OP_PEER_RESET:
    case OP_DEFER: do_peer(program, handle, arg, record); break;
    case OP_POLLER_ADD:
    case OP_POLLER_MODIFY:
    case OP_POLLER_DELETE:
    case OP_POLLER_WAIT: program_do_poller(program, handle, arg, record); break;
    case OP_READY: program_do_ready(stream, arg, record); break;
    default: do_opening(program, handle, arg, record); break;
    }
}

/* ---- The path to the server's host. The event is the fourth byte of a step, from the first of
 * these on. */

enum path_event {
    PATH_SOFT_ERROR = 248,
    PATH_LACKS_ROUTE,
    PATH_FORGETS,
    PATH_FORGETS_AND_RESETS,
    PATH_CUT,
    PATH_OPEN,
    PATH_ADDRESS, /* the machine gets another one, or the first again */
    PATH_NOTHING
};

/* The times of an end until it gives up, at least: Windows'. */
#define SHORTEST_RETRANSMISSION (17 * SECOND)

static void add_facts(struct program *program, unsigned facts)
{
    for (int i = 0; i < program->connection_count; i++) {
        bool is_loopback = (program->connections[i].facts & FACT_LOOPBACK) != 0;
        program->connections[i].facts |= is_loopback ? 0 : facts;
    }
}

/* The intervals between retransmissions double. An end may therefore retransmit nothing before the
 * path has been open for as long as it was cut. A cut before that time continues the last one. */
static void track_cut(struct program *program)
{
    bool is_long = fer_sim_now().nanos - program->cut_since >= SHORTEST_RETRANSMISSION;
    if (program->is_cut || fer_sim_now().nanos < program->cut_until) {
        add_facts(program, FACT_CUT | (is_long ? FACT_GIVEN_UP : 0u));
    }
}

static void cut_path(struct program *program, bool is_cut)
{
    const uint64_t now = fer_sim_now().nanos;
    track_cut(program);
    if (is_cut && !program->is_cut && now >= program->cut_until) {
        program->cut_since = now;
    }
    if (program->is_cut && !is_cut) {
        program->cut_until = now + (now - program->cut_since) + SECOND;
    }
    program->is_cut = is_cut;
    track_cut(program);
}

static void change_address(const fer_ip_addr *server)
{
    static const fer_ip_addr v4 = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 5}}};
    static const fer_ip_addr v6 = {.family = FER_IP_V6, .u.v6 = {{0xfd, [15] = 5}}};
    FER_IGNORE(fer_sim_set_address(server->family == FER_IP_V4 ? v4 : v6));
}

/* Returns the fault of the step, or -1. */
static int do_path_event(struct program *program, uint8_t event, uint8_t arg)
{
    const fer_ip_addr *server = &program->server.ip;
    switch ((enum path_event)event) {
    case PATH_SOFT_ERROR: return FER_SIM_FAULT_SOFT_ERROR;
    case PATH_LACKS_ROUTE: return FER_SIM_FAULT_NO_ROUTE;
    case PATH_FORGETS:
    case PATH_FORGETS_AND_RESETS:
        FER_IGNORE(fer_sim_forget(server, event == PATH_FORGETS_AND_RESETS));
        add_facts(program, FACT_CUT | FACT_GIVEN_UP | FACT_RESET);
        return -1;
    case PATH_CUT:
        FER_IGNORE(
            fer_sim_set_path(server, (fer_sim_path)(1 + arg % FER_SIM_PATH_ROUTE_BLACKHOLE)));
        cut_path(program, true);
        return -1;
    case PATH_OPEN:
        FER_IGNORE(fer_sim_set_path(server, FER_SIM_PATH_OPEN));
        cut_path(program, false);
        return -1;
    case PATH_ADDRESS:
        change_address(server);
        add_facts(program, FACT_CUT | FACT_GIVEN_UP);
        return -1;
    case PATH_NOTHING:
    default: return -1;
    }
}

static void begin_step(struct program *program, const uint8_t *bytes)
{
    struct record *record = &program->record;
    if (program->draws_paths && bytes[3] >= PATH_SOFT_ERROR) {
        record->fault = do_path_event(program, bytes[3], bytes[2]);
    }
    track_cut(program);
}

/* ---- Limits. Those of a handle end with it: a clone, and a handle that went through a raw socket,
 * begins without. */

static void limit_handle(struct program *program, int handle, uint8_t byte)
{
    struct handle_limits chosen;
    if (!program->limits.are_used || byte < LIMITS_FAULTS ||
        (program->draws_paths && byte >= PATH_SOFT_ERROR) ||
        !limits_act(&program->limits, (uint8_t)(byte - LIMITS_FAULTS), &chosen)) {
        return;
    }
    program->connect_limits = chosen;
    fer_limits limits = limits_to_set(&program->limits, &chosen);
    if (fer_tcp_stream_set_limits(&program->streams[handle], &limits).kind == FER_OK) {
        program->limits_of[handle] = chosen;
    }
}

static void track_limits(struct program *program, const int before[PROGRAM_HANDLES],
                         const struct record *record)
{
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        if (program->connection_of[i] != before[i]) {
            program->limits_of[i] = LIMITS_NONE;
        }
    }
    if (record->op == OP_THROUGH_RAW && record->has_value) {
        program->limits_of[record->handle] = LIMITS_NONE;
    }
}

/* ---- The program */

static enum program_op op_of(const struct program *program, uint8_t byte)
{
    if (program->limits.are_used && byte >= PROGRAM_READY_FROM && byte < PROGRAM_POLLER_FROM) {
        return OP_READY;
    }
    if (program->limits.are_used && byte >= PROGRAM_CONNECT_WITH_FROM &&
        byte < PROGRAM_READY_FROM) {
        return OP_CONNECT_WITH;
    }
    return (enum program_op)(byte < PROGRAM_POLLER_FROM ? byte % OP_POLLER_ADD
                                                        : OP_POLLER_ADD + byte % 4);
}

static unsigned facts_of_switches(const struct program *program)
{
    const fer_sim_windows *windows = &program->windows;
    bool lacks_buffers = fer_sim_now().nanos < windows->no_buffers_until.nanos;
    bool is_late =
        windows->loses_events || windows->loses_cancels || windows->hangup_ends_write_waits;
    return (lacks_buffers ? FACT_LACKS_BUFFERS : 0u) | (is_late ? FACT_NOTICES_LATE : 0u);
}

/* ---- The times of events */

static uint64_t first_action(const struct program *program)
{
    uint64_t first = LIMITS_NEVER;
    for (int i = 0; i < program->deferred_count; i++) {
        const struct deferred *deferred = &program->deferred[i];
        first = !deferred->is_done && deferred->time < first ? deferred->time : first;
    }
    return first;
}

static void record_times(const struct program *program, const struct connection *connection,
                         struct record *record)
{
    uint64_t now = fer_sim_now().nanos;
    uint64_t action = first_action(program);
    uint64_t buffers = program->windows.no_buffers_until.nanos;
    bool writes = record->op >= OP_WRITE && record->op <= OP_WRITE_ALL;
    bool is_transfer = record->op >= OP_READ && record->op <= OP_WRITE_ALL;
    uint64_t timeout = connection != NULL && is_transfer ? connection->timeouts[writes] : 0;
    record->timeout_in = timeout > 0 ? timeout : LIMITS_NEVER;
    record->action_in = action == LIMITS_NEVER ? LIMITS_NEVER : action > now ? action - now : 0;
    record->buffers_in = buffers > now ? buffers - now : 0;
}

static void track_timeouts(struct connection *connection, const struct record *record)
{
    bool sets = record->op == OP_SET_READ_TIMEOUT || record->op == OP_SET_WRITE_TIMEOUT;
    if (connection != NULL && sets && record->error.kind == FER_OK) {
        connection->timeouts[record->op == OP_SET_WRITE_TIMEOUT] =
            record->expected == FER_DURATION_NONE_NANOS ? 0 : record->expected;
    }
}

/* A call that makes several reads or writes may be interrupted in its second one, which shows in no
 * result (rule I1). */
static uint64_t occurrence_of_fault(const struct record *record, uint8_t byte)
{
    bool may_be_later = record->fault == FER_SIM_FAULT_INTERRUPTED && is_whole(record);
    return may_be_later && byte >= 128 ? 2 : 1;
}

static void step(struct program *program, const uint8_t *bytes)
{
    int handle = bytes[1] % PROGRAM_HANDLES;
    struct connection *connection = program_connection(program, handle);
    struct record *record = &program->record;
    /* Deferred actions happen while the next step waits. */
    if (record->op != OP_DEFER) {
        FER_IGNORE(fer_sim_advance((fer_duration){SECOND}));
    }
    *record = (struct record){.system = program->system,
                              .op = op_of(program, bytes[0]),
                              .handle = handle,
                              .connection = program->connection_of[handle],
                              .fault = bytes[3] < LIMITS_FAULTS ? bytes[3] : -1,
                              .bytes_are_right = true};
    begin_step(program, bytes);
    record->facts = connection == NULL ? 0 : connection->facts;
    record->facts |= program->deferred_done < program->deferred_count ? FACT_DEFERRED : 0;
    record->facts |= facts_of_switches(program);
    record->unread = connection == NULL ? 0 : connection->peer_sent - connection->received;
    int connection_of[PROGRAM_HANDLES];
    memcpy(connection_of, program->connection_of, sizeof connection_of);
    program->connect_limits = LIMITS_NONE;
    limit_handle(program, handle, bytes[3]);
    record->limits = limits_of_call(&program->limits, record->op == OP_CONNECT_WITH
                                                          ? &program->connect_limits
                                                          : &program->limits_of[handle]);
    record_times(program, connection, record);
    size_t received = connection == NULL ? 0 : connection->received;
    int done = program->deferred_done;
    uint64_t began = fer_sim_now().nanos;
    if (record->fault >= 0) {
        FER_IGNORE(
            fer_sim_fault_at((fer_sim_fault)record->fault, occurrence_of_fault(record, bytes[1])));
    }
    bool resets = record->fault == FER_SIM_FAULT_RESET && connection != NULL;
    do_op(program, handle, bytes[2], record);
    /* Reading makes room for bytes that the peer could not send yet. They cause a reset if both
     * halves are shut down. */
    unsigned both = FACT_SHUT_READ | FACT_SHUT_WRITE;
    bool lets_more_in = connection != NULL && (record->facts & both) == both && record->n > 0 &&
                        record->op < OP_PEER_SEND;
    program_clear_faults(record);
    record->was_reset = resets && !record->fault_missed;
    if (record->fault >= FER_SIM_FAULT_SOFT_ERROR && !record->fault_missed) {
        add_facts(program, FACT_CUT);
    }
    track_cut(program);
    if (record->was_reset || lets_more_in) {
        connection->facts |= FACT_RESET;
    }
    record->elapsed = fer_sim_now().nanos - began;
    record->actions = program->deferred_done - done;
    bool acts_at_end = record->actions > 0 && program->last_action == fer_sim_now().nanos;
    record->actions_at_end = acts_at_end ? program->actions_at_last : 0;
    record->could_read = connection == NULL ? 0 : connection->peer_sent - received;
    track_limits(program, connection_of, record);
    track_timeouts(connection, record);
    record->facts_after = connection == NULL ? 0 : connection->facts;
    program->observe(program, record);
}

static fer_socket_addr addr_of(const char *text)
{
    fer_socket_addr addr = {0};
    FER_IGNORE(fer_socket_addr_parse(&addr, text));
    return addr;
}

/* Only the resolver of Windows accepts a name in brackets: row bracketed_name. */
static void name_hosts(struct program *program, fer_sim_config *config)
{
    const fer_sim_name names[PROGRAM_NAMES] = {
        {.host = "server.test", .addrs = &program->name_addrs[1], .count = 1},
        {.host = "many.test", .addrs = program->name_addrs, .count = 2},
        {.host = "slow.test", .addrs = &program->name_addrs[1], .count = 1, .delay = {3 * SECOND}},
        {.host = "nobody.test", .failure = FER_HOST_NOT_FOUND},
        {.host = "later.test", .failure = FER_RESOLVE_TRY_AGAIN},
        {.host = "broken.test", .failure = FER_RESOLVE_FAILED},
        {.host = "[server.test]", .addrs = &program->name_addrs[1], .count = 1},
    };
    memcpy(program->names, names, sizeof names);
    program->name_addrs[0] = addr_of("10.0.0.9:0");
    program->name_addrs[1] = program->server;
    config->names = program->names;
    config->name_count = PROGRAM_NAMES - (config->dialect != FER_SIM_DIALECT_WINSOCK);
}

static void add_hosts(struct program *program)
{
    static const fer_sim_answer answers[] = {FER_SIM_ANSWER_REFUSES,
                                             FER_SIM_ANSWER_HOST_UNREACHABLE,
                                             FER_SIM_ANSWER_NETWORK_UNREACHABLE};
    fer_socket_addr addr = addr_of("127.0.0.1:81");
    fer_sim_peer outside = FER_SIM_PEER_NONE;
    FER_IGNORE(fer_sim_peer_listen(&program->server, 8, &program->listener));
    FER_IGNORE(fer_sim_peer_listen(&addr, 1, &program->full_listener));
    FER_IGNORE(fer_sim_peer_connect(NULL, &addr, &outside));
    FER_IGNORE(fer_sim_peer_connect(NULL, &addr, &outside));
    addr = addr_of("10.0.0.9:1");
    for (uint16_t i = 0; i < 3; i++) {
        addr.port = (uint16_t)(1 + i);
        FER_IGNORE(fer_sim_set_answer(&addr, answers[i], (fer_duration){0}));
    }
}

static enum program_system system_of(fer_sim_dialect dialect, fer_sim_bsd bsd)
{
    switch (dialect) {
    case FER_SIM_DIALECT_WINSOCK: return SYSTEM_WINDOWS;
    case FER_SIM_DIALECT_BSD: return (enum program_system)(SYSTEM_MACOS + (int)bsd);
    case FER_SIM_DIALECT_POSIX:
    default: return SYSTEM_POSIX;
    }
}

/* The bits of kind: the size of buffers, whether the server is another host, the dialect (in
 * stream_state), IPv6, an unused one, and two for the system of the BSD dialect. */
static void start(struct program *program, fer_sim_dialect dialect, uint8_t kind)
{
    static const uint8_t no_tape[1];
    static const char *const servers[] = {"127.0.0.1:80", "10.0.0.7:80", "[::1]:80",
                                          "[fd00::7]:80"};
    fer_sim_config config = {.dialect = dialect,
                             .tape = no_tape,
                             .max_sockets = 30,
                             .windows = program->windows,
                             .bsd = (fer_sim_bsd)(kind >> 5 & 3)};
    fer_socket_addr is_known_end = addr_of("127.0.0.1:82");
    program->system = system_of(dialect, config.bsd);
    program->buffer = kind & 1 ? 64 : 400;
    config.send_buffer = program->buffer;
    config.receive_buffer = program->buffer;
    program->server = addr_of(servers[(kind >> 1 & 1) | (kind >> 2 & 2)]);
    name_hosts(program, &config);
    FER_IGNORE(fer_sim_start(&config));
    add_hosts(program);
    FER_IGNORE(fer_tcp_listener_bind_addr(&program->listeners[0], &is_known_end));
}

void program_run(struct program *program, fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    size_t len = 0;
    const uint8_t *switches =
        fuzz_after_steps(data, size, 1, PROGRAM_STEP_BYTES, PROGRAM_STEPS, &len);
    program->windows = fuzz_windows(switches, len);
    program->limits.are_used = fuzz_has_limits(switches, len);
    program->draws_paths = program->draws_paths && fuzz_has_paths(switches, len);
    start(program, dialect, size > 0 ? data[0] : 0);
    FER_IGNORE(fer_poller_new(&program->poller));
    FER_IGNORE(fer_cancel_token_new(&program->limits.token));
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        program->connection_of[i] = -1;
        program->limits_of[i] = LIMITS_NONE;
    }
    for (size_t i = 0; i < PROGRAM_STEPS && 1 + (i + 1) * PROGRAM_STEP_BYTES <= size; i++) {
        step(program, data + 1 + i * PROGRAM_STEP_BYTES);
        program->steps++;
    }
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        fer_tcp_stream_close(&program->streams[i]);
    }
    for (int i = 0; i < PROGRAM_LISTENERS; i++) {
        fer_tcp_listener_close(&program->listeners[i]);
    }
    fer_poller_close(&program->poller);
    fer_cancel_token_close(&program->limits.token);
    FER_IGNORE(fer_sim_stop(&program->report));
}
