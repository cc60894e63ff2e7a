/* stream_opening.c: how the connections of a program are opened, by connect and by accept, and its
 * listeners. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/stream_calls.h"

#include "platform/platform.h"

#define SECOND UINT64_C(1000000000)

static void join(struct program *program, int handle, fer_sim_peer peer)
{
    struct connection *connection = &program->connections[program->connection_count];
    fer_socket_addr addr;
    bool is_loopback =
        fer_sim_peer_local_addr(peer, &addr).kind == FER_OK && fer_ip_addr_is_loopback(addr.ip);
    *connection = (struct connection){
        .peer = peer, .facts = is_loopback ? FACT_LOOPBACK : 0, .peer_bytes_are_right = true};
    program->connection_of[handle] = program->connection_count++;
}

/* ---- Connects */

/* The server accepts what the call has connected, or resets it. */
static void join_connected(struct program *program, int handle, const struct record *record)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    if (fer_sim_peer_accept(program->listener, &peer).kind != FER_OK) {
        return;
    }
    if (record->error.kind == FER_OK) {
        join(program, handle, peer);
    } else {
        fer_sim_peer_reset(peer);
    }
}

/* Closed ports around the server's. */
static fer_error connect_to_several(fer_tcp_stream *stream, const fer_socket_addr *server,
                                    uint8_t arg)
{
    static const size_t counts[] = {2, 1, 3, 2, 3, 0, 2, 3};
    fer_socket_addr closed_port;
    FER_IGNORE(fer_socket_addr_parse(&closed_port, arg & 8 ? "127.0.0.1:9" : "[::1]:9"));
    fer_socket_addr addrs[] = {closed_port, *server, closed_port};
    addrs[0] = arg & 16 ? *server : closed_port;
    addrs[0].port = arg & 32 ? 0 : addrs[0].port;
    addrs[2].ip.family = arg & 64 ? (fer_ip_family)9 : addrs[2].ip.family;
    return fer_tcp_stream_connect_addrs(stream, addrs, counts[arg % 8], NULL);
}

static fer_error connect_by_name(fer_tcp_stream *stream, const fer_socket_addr *server, uint8_t arg,
                                 struct record *record)
{
    static const char *const texts[] = {"[server.test]:80",
                                        "server.test:80",
                                        "many.test:80",
                                        "slow.test:80",
                                        "nobody.test:80",
                                        "later.test:80",
                                        "broken.test:80",
                                        "unheard.test:80",
                                        "localhost:80",
                                        "0x7f.0.0.1:80",
                                        "server.test:0",
                                        "server.test",
                                        ":80",
                                        "server.test:65536"};
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    size_t at = arg % (sizeof texts / sizeof *texts + 1);
    record->expected = at;
    if (at < sizeof texts / sizeof *texts) {
        return fer_tcp_stream_connect(stream, texts[at]);
    }
    (void)fer_socket_addr_format(server, text, sizeof text);
    return fer_tcp_stream_connect(stream, text);
}

static fer_error connect_by_op(struct program *program, fer_tcp_stream *stream, uint8_t arg,
                               struct record *record)
{
    switch (record->op) {
    case OP_CONNECT: return fer_tcp_stream_connect_addr(stream, &program->server);
    case OP_CONNECT_TIMEOUT:
        return fer_tcp_stream_connect_timeout(stream, &program->server,
                                              (fer_duration){program_timeout(arg)});
    case OP_CONNECT_ADDRS: return connect_to_several(stream, &program->server, arg);
    default: return connect_by_name(stream, &program->server, arg, record);
    }
}

void program_do_connect(struct program *program, int handle, uint8_t arg, struct record *record)
{
    if (program->connection_count == PROGRAM_CONNECTIONS) {
        return;
    }
    record->error = connect_by_op(program, &program->streams[handle], arg, record);
    join_connected(program, handle, record);
}

/* Connects to closed ports, to unreachable hosts, to port 0, and to a full backlog. */
void program_do_connect_failing(struct program *program, int handle, uint8_t arg,
                                struct record *record)
{
    static const char *const addrs[] = {"127.0.0.1:9", "10.0.0.9:1",  "10.0.0.9:2", "10.0.0.9:3",
                                        "10.9.9.9:1",  "[fd00::9]:1", "[::1]:9",    "10.9.9.9:0"};
    fer_tcp_stream *stream = &program->streams[handle];
    fer_socket_addr addr;
    if (record->op == OP_CONNECT_FULL) {
        FER_IGNORE(fer_sim_peer_local_addr(program->full_listener, &addr));
        record->error = fer_tcp_stream_connect_timeout(stream, &addr, (fer_duration){SECOND});
        return;
    }
    FER_IGNORE(fer_socket_addr_parse(&addr, addrs[arg % 8]));
    record->error = arg < 128
                        ? fer_tcp_stream_connect_addr(stream, &addr)
                        : fer_tcp_stream_connect_timeout(stream, &addr, (fer_duration){5 * SECOND});
}

/* ---- Several addresses at once */

/* The value has the kinds of the failures, in their order: it is equal in both dialects (rule
 * K10). */
static uint64_t packed_kinds(const fer_connect_failure *failures, size_t count)
{
    uint64_t packed = 0;
    for (size_t i = 0; i < count; i++) {
        packed = packed << 8 | (uint64_t)failures[i].error.kind;
    }
    return packed;
}

/* Hosts that do not answer, that are unreachable, or have no listener, and at most once the server.
 * Each attempt has a timeout, because those of the systems differ. Only on the loopback does
 * Windows report a refusal at once. */
void program_do_connect_with(struct program *program, int handle, uint8_t arg,
                             struct record *record)
{
    static const char *const texts[] = {"10.9.9.9:1",  "10.0.0.9:2", "10.0.0.9:3", "[fd00::9]:1",
                                        "127.0.0.1:9", "[::1]:9",    "10.9.9.9:0"};
    enum { ADDRS = 3 };
    fer_connect_failure failures[ADDRS];
    fer_socket_addr addrs[ADDRS];
    static const uint64_t delays[] = {0, 10 * LIMITS_MILLI, UINT64_MAX, LIMITS_MILLI};
    if (program->connection_count == PROGRAM_CONNECTIONS) {
        return;
    }
    for (size_t i = 0; i < ADDRS; i++) {
        FER_IGNORE(fer_socket_addr_parse(&addrs[i], texts[(arg / 4 + i * (1 + arg % 3)) % 7]));
    }
    addrs[arg % ADDRS] = arg < 192 ? program->server : addrs[arg % ADDRS];
    fer_connect_options options = {.limits =
                                       limits_to_set(&program->limits, &program->connect_limits),
                                   .attempt_timeout = {(arg % 16 < 8 ? 100u : 600u) * LIMITS_MILLI},
                                   .attempt_delay = {delays[arg / 16 % 4]},
                                   .failures = failures,
                                   .failures_cap = ADDRS,
                                   .failures_count = &record->n};
    record->n = SIZE_MAX;
    record->error = fer_tcp_stream_connect_addrs(&program->streams[handle], addrs, ADDRS, &options);
    record->bytes_are_right = record->n <= ADDRS;
    record->has_value = true;
    record->value = packed_kinds(failures, record->n <= ADDRS ? record->n : 0);
    join_connected(program, handle, record);
}

/* ---- Accepts */

/* The address at which peers reach the listener. False if it is not open. */
static bool find_listener(const fer_tcp_listener *listener, fer_socket_addr *out)
{
    fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    if (fer_tcp_listener_local_addr(listener, out).kind != FER_OK) {
        return false;
    }
    if (fer_ip_addr_is_unspecified(out->ip)) {
        out->ip = fer_ip_addr_from_v4(v4);
    }
    return true;
}

/* Empties the queue, so that the next accept returns the next connection. */
static void empty_queue(fer_tcp_listener *listener)
{
    fer_tcp_stream unused = {0};
    FER_IGNORE(fer_tcp_listener_set_nonblocking(listener, true));
    while (fer_tcp_listener_accept(listener, &unused, NULL).kind == FER_OK) {
        fer_tcp_stream_close(&unused);
    }
}

/* Rows wildcard_beside_specific and dual_stack_beside_ipv4: a connection to this listener may be in
 * the queue of another one with the same port. */
static void empty_queues(struct program *program, fer_tcp_listener *listener, struct record *record)
{
    fer_socket_addr own, other;
    program_clear_faults(record);
    empty_queue(listener);
    bool is_open = fer_tcp_listener_local_addr(listener, &own).kind == FER_OK;
    for (int i = 0; i < PROGRAM_LISTENERS && is_open; i++) {
        fer_tcp_listener *beside = &program->listeners[i];
        if (fer_tcp_listener_local_addr(beside, &other).kind == FER_OK && other.port == own.port &&
            !fer_ip_addr_eq(other.ip, own.ip)) {
            empty_queue(beside);
        }
    }
}

static void join_accepted(struct program *program, int handle, fer_sim_peer peer, uint16_t port)
{
    join(program, handle, peer);
    program->connections[program->connection_of[handle]].accepted_on = port;
}

void program_do_accept(struct program *program, int handle, uint8_t arg, struct record *record)
{
    fer_tcp_listener *listener = &program->listeners[arg / 2 % PROGRAM_LISTENERS];
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_socket_addr name, addr = {0};
    record->facts |= program->clone_was_timed ? FACT_CLONE_TIMED : 0;
    if (program->connection_count == PROGRAM_CONNECTIONS) {
        return;
    }
    if (find_listener(listener, &addr) && arg < 240) {
        FER_IGNORE(fer_sim_peer_connect(NULL, &addr, &peer));
    }
    FER_IGNORE(fer_tcp_listener_set_nonblocking(listener, arg % 2 == 1));
    FER_IGNORE(fer_sim_advance((fer_duration){SECOND}));
    record->error = fer_tcp_listener_accept(listener, &program->streams[handle], &name);
    if (record->error.kind == FER_OK) {
        join_accepted(program, handle, peer, addr.port);
        return;
    }
    empty_queues(program, listener, record);
    fer_sim_peer_close(peer);
}

/* The first connection in the queue is reset, and a second one follows. The value is 1 if accept
 * returns the second. */
void program_do_accept_second(struct program *program, int handle, uint8_t arg,
                              struct record *record)
{
    fer_tcp_listener *listener = &program->listeners[arg % PROGRAM_LISTENERS];
    fer_sim_peer peers[2] = {FER_SIM_PEER_NONE, FER_SIM_PEER_NONE};
    fer_socket_addr addr, name;
    program_clear_faults(record);
    if (program->connection_count == PROGRAM_CONNECTIONS || program->connection_of[handle] >= 0 ||
        !find_listener(listener, &addr)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        FER_IGNORE(fer_sim_peer_connect(NULL, &addr, &peers[i]));
        FER_IGNORE(fer_sim_advance((fer_duration){SECOND}));
    }
    fer_sim_peer_reset(peers[0]);
    FER_IGNORE(fer_sim_advance((fer_duration){SECOND}));
    record->error = fer_tcp_listener_accept(listener, &program->streams[handle], &name);
    FER_IGNORE(fer_sim_peer_local_addr(peers[1], &addr));
    record->has_value = true;
    record->value = record->error.kind == FER_OK && name.port == addr.port;
    if (record->value == 0) {
        fer_sim_peer_close(peers[1]);
    }
    if (record->error.kind == FER_OK) {
        FER_IGNORE(fer_tcp_listener_local_addr(listener, &addr));
        join_accepted(program, handle, record->value == 1 ? peers[1] : FER_SIM_PEER_NONE,
                      addr.port);
        program->connections[program->connection_of[handle]].facts |=
            record->value == 1 ? 0 : FACT_PEER_CLOSED | FACT_RESET;
    }
    empty_queues(program, listener, record);
}

/* ---- Listeners */

static bool has_connections_on(const struct program *program, uint16_t port)
{
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        int at = program->connection_of[i];
        if (at >= 0 && program->connections[at].accepted_on == port) {
            return true;
        }
    }
    return false;
}

void program_do_bind(struct program *program, uint8_t arg, struct record *record)
{
    static const char *const addrs[] = {"[fe80::1]:83", "127.0.0.1:83", "[::]:84",    "0.0.0.0:84",
                                        "10.0.0.7:85",  "127.0.0.1:0",  "[::1]:83",   "0.0.0.0:82",
                                        "127.0.0.1:82", "[::]:82",      "10.0.0.1:82"};
    fer_tcp_listener *listener = &program->listeners[arg / 16 % PROGRAM_LISTENERS];
    fer_socket_addr two[2];
    size_t at = arg % 12;
    FER_IGNORE(fer_socket_addr_parse(&two[0], "10.0.0.7:85"));
    FER_IGNORE(fer_socket_addr_parse(&two[1], addrs[at % 11]));
    record->expected = at;
    record->facts |= has_connections_on(program, two[1].port) ? FACT_PORT_IN_USE : 0;
    if (at == 11) {
        record->error =
            fer_tcp_listener_bind(listener, arg & 128 ? "localhost:83" : "nobody.test:83");
    } else {
        const bool takes_two =
            arg >= 192 && fer_tcp_listener_bind_addr(listener, &two[0]).kind == FER_OK;
        record->error =
            takes_two ? (fer_error){FER_OK, 0} : fer_tcp_listener_bind_addr(listener, &two[1]);
    }
}

static bool has_clone(const struct program *program, const fer_tcp_listener *listener)
{
    fer_socket_addr addr, other;
    int same = 0;
    for (int i = 0; i < PROGRAM_LISTENERS; i++) {
        same += fer_tcp_listener_local_addr(listener, &addr).kind == FER_OK &&
                fer_tcp_listener_local_addr(&program->listeners[i], &other).kind == FER_OK &&
                fer_socket_addr_eq(&addr, &other);
    }
    return same > 1;
}

/* With a timeout, which accept then has: row listener_timeout. Its clones have it on POSIX only:
 * row raw_mode. */
static fer_error pass_through_raw(struct program *program, fer_tcp_listener *listener,
                                  bool is_timed)
{
    program->clone_was_timed =
        program->clone_was_timed || (is_timed && has_clone(program, listener));
    fer_raw_socket raw = fer_tcp_listener_into_raw(listener);
    if (raw != FER_RAW_SOCKET_NONE && is_timed) {
        FER_IGNORE(ferp_set_timeout(raw, FERP_READING, (fer_duration){SECOND}));
    }
    fer_error error = fer_tcp_listener_from_raw(listener, raw);
    FUZZ_CHECK((error.kind == FER_BAD_HANDLE) == (raw == FER_RAW_SOCKET_NONE));
    return error;
}

void program_do_listener(struct program *program, uint8_t arg, struct record *record)
{
    fer_tcp_listener *listener = &program->listeners[arg / 8 % PROGRAM_LISTENERS];
    fer_tcp_listener *other = &program->listeners[arg / 32 % PROGRAM_LISTENERS];
    fer_socket_addr addr = {0};
    fer_error pending = {FER_OK, 0};
    uint32_t ttl = 0;
    record->has_value = true;
    switch (arg % 8) {
    case 0:
        record->error = fer_tcp_listener_local_addr(listener, &addr);
        record->value = addr.port < 1024 ? addr.port : 0; /* ports that the system chose differ */
        break;
    case 1:
        record->error = fer_tcp_listener_take_error(listener, &pending);
        record->value = (uint64_t)pending.kind;
        break;
    case 2: record->error = fer_tcp_listener_set_ttl(listener, arg); break;
    case 3:
        record->error = fer_tcp_listener_ttl(listener, &ttl);
        record->value = ttl;
        break;
    case 4: record->error = fer_tcp_listener_set_nonblocking(listener, arg >= 128); break;
    case 5: record->error = fer_tcp_listener_try_clone(listener, other); break;
    default: record->error = pass_through_raw(program, listener, arg % 8 == 7); break;
    }
}
