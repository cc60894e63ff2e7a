/* stream_program.c: the steps of a program. Where the dialects' clocks may differ it waits for a second before each step, and all that is
 * timed inside a step is on a grid of 4 ms, off which the peers act. */
#include "fuzz/stream_calls.h"

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
    bool both = (connection->facts & FACT_SHUT_READ) != 0 && (connection->facts & FACT_SHUT_WRITE) != 0;
    connection->facts |= both && n > 0 ? FACT_RESET : 0;
    record->n = n;
}

static void peer_receive(struct connection *connection, int number, size_t len, struct record *record)
{
    uint8_t buf[PROGRAM_BUFFER];
    size_t n = 0;
    record->error = fer_sim_peer_receive(connection->peer, buf, len, &n);
    record->bytes_are_right = program_is_right(buf, n, number, 0, connection->peer_taken);
    connection->peer_taken += n;
    connection->peer_bytes_are_right = connection->peer_bytes_are_right && record->bytes_are_right;
    record->n = n;
}

static void peer_acts(struct program *program, int number, enum program_op op, size_t count, struct record *record)
{
    struct connection *connection = &program->connections[number];
    switch (op) {
    case OP_PEER_SEND:
        peer_send(connection, number, count, record);
        break;
    case OP_PEER_RECEIVE:
        peer_receive(connection, number, count, record);
        break;
    case OP_PEER_SHUTDOWN:
        record->error = fer_sim_peer_shutdown(connection->peer);
        connection->facts |= FACT_PEER_SHUT;
        break;
    case OP_PEER_CLOSE:
        fer_sim_peer_close(connection->peer);
        connection->facts |= FACT_PEER_SHUT | FACT_PEER_CLOSED;
        connection->facts |= connection->sent > connection->peer_taken ? FACT_RESET : 0;
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

static void peer_acts_later(void *context)
{
    struct later *later = context;
    struct record unseen = {.bytes_are_right = true};
    later->program->later_done++;
    if (later->program->connections[later->connection].peer != FER_SIM_PEER_NONE) {
        peer_acts(later->program, later->connection, later->op, later->count, &unseen);
    }
}

static void promise_later(struct program *program, int number, uint8_t arg)
{
    if (program->later_count < PROGRAM_LATER) {
        struct later *later = &program->later[program->later_count++];
        *later = (struct later){program, number, (enum program_op)(OP_PEER_SEND + arg % 5), program_length(arg)};
        FER_IGNORE(fer_sim_after((fer_duration){(uint64_t)(arg % 50) * 4 * MILLI + 2 * MILLI}, peer_acts_later, later));
    }
}

/* ---- Beginning a connection */

static void join(struct program *program, int handle, fer_sim_peer peer)
{
    struct connection *connection = &program->connections[program->connection_count];
    *connection = (struct connection){.peer = peer, .peer_bytes_are_right = true};
    program->connection_of[handle] = program->connection_count++;
}

static void do_connect(struct program *program, int handle, uint8_t arg, struct record *record)
{
    fer_tcp_stream *stream = &program->streams[handle];
    fer_socket_addr addr;
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    if (program->connection_count == PROGRAM_CONNECTIONS) {
        return;
    }
    FER_IGNORE(fer_sim_peer_local_addr(program->listener, &addr));
    record->error = record->op == OP_CONNECT ? fer_tcp_stream_connect_addr(stream, &addr)
                                             : fer_tcp_stream_connect_timeout(stream, &addr, (fer_duration){program_timeout(arg)});
    bool accepted = fer_sim_peer_accept(program->listener, &peer).kind == FER_OK;
    if (record->error.kind == FER_OK && accepted) {
        join(program, handle, peer);
    } else if (accepted) {
        fer_sim_peer_reset(peer);
    }
}

static void do_connect_fails(struct program *program, int handle, uint8_t arg, struct record *record)
{
    static const char *const addrs[] = {"127.0.0.1:9", "10.0.0.9:1", "10.0.0.9:2", "10.0.0.9:3", "10.9.9.9:1"};
    fer_socket_addr addr;
    FER_IGNORE(fer_socket_addr_parse(&addr, addrs[arg % 5]));
    if (arg < 128) {
        record->error = fer_tcp_stream_connect_addr(&program->streams[handle], &addr);
    } else {
        record->error = fer_tcp_stream_connect_timeout(&program->streams[handle], &addr, (fer_duration){5 * SECOND});
    }
}

static void do_connect_full(struct program *program, int handle, struct record *record)
{
    fer_socket_addr addr;
    FER_IGNORE(fer_sim_peer_local_addr(program->full_listener, &addr));
    record->error = fer_tcp_stream_connect_timeout(&program->streams[handle], &addr, (fer_duration){SECOND});
}

static void do_accept(struct program *program, int handle, uint8_t arg, struct record *record)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_socket_addr name;
    if (program->connection_count == PROGRAM_CONNECTIONS) {
        return;
    }
    FER_IGNORE(fer_tcp_listener_set_nonblocking(&program->own_listener, arg % 2 == 1));
    FER_IGNORE(fer_sim_peer_connect(NULL, &program->own_addr, &peer));
    FER_IGNORE(fer_sim_advance((fer_duration){SECOND}));
    record->error = fer_tcp_listener_accept(&program->own_listener, &program->streams[handle], &name);
    if (record->error.kind == FER_OK) {
        join(program, handle, peer);
        return;
    }
    /* Nobody stays in the queue: the next accept gives the next one. */
    fer_tcp_stream unused = {0};
    (void)fer_sim_clear_faults();
    FER_IGNORE(fer_tcp_listener_set_nonblocking(&program->own_listener, true));
    FER_IGNORE(fer_tcp_listener_accept(&program->own_listener, &unused, NULL));
    fer_tcp_stream_close(&unused);
    fer_sim_peer_close(peer);
}

static void do_peer(struct program *program, int handle, uint8_t arg, struct record *record)
{
    struct connection *connection = program_connection(program, handle);
    if (connection == NULL || connection->peer == FER_SIM_PEER_NONE) {
        return;
    }
    if (record->op == OP_LATER) {
        promise_later(program, record->connection, arg);
    } else {
        peer_acts(program, record->connection, record->op, program_length(arg), record);
    }
}

static void do_op(struct program *program, int handle, uint8_t arg, struct record *record)
{
    fer_tcp_stream *stream = &program->streams[handle];
    switch (record->op) {
    case OP_CONNECT:
    case OP_CONNECT_TIMEOUT:
        do_connect(program, handle, arg, record);
        break;
    case OP_CONNECT_FAILS:
        do_connect_fails(program, handle, arg, record);
        break;
    case OP_CONNECT_FULL:
        do_connect_full(program, handle, record);
        break;
    case OP_ACCEPT:
        do_accept(program, handle, arg, record);
        break;
    case OP_READ:
    case OP_PEEK:
    case OP_READ_VECTORED:
    case OP_READ_EXACT:
    case OP_READ_TO_END:
        program_do_read(program, handle, arg, record);
        break;
    case OP_WRITE:
    case OP_WRITE_VECTORED:
    case OP_WRITE_ALL:
        program_do_write(program, handle, arg, record);
        break;
    case OP_SHUTDOWN:
        program_do_shutdown(program, handle, arg, record);
        break;
    case OP_CLONE:
        program_do_clone(program, handle, arg, record);
        break;
    case OP_SET_READ_TIMEOUT:
    case OP_SET_WRITE_TIMEOUT:
    case OP_READ_TIMEOUT:
    case OP_WRITE_TIMEOUT:
        program_do_timeout(stream, arg, record);
        break;
    case OP_SET_NONBLOCKING:
        record->wanted = arg % 2;
        record->error = fer_tcp_stream_set_nonblocking(stream, arg % 2 == 1);
        break;
    case OP_TAKE_ERROR:
    case OP_PEER_ADDR:
    case OP_LOCAL_ADDR:
        program_do_question(stream, record);
        break;
    case OP_CLOSE:
        program_do_close(program, handle);
        break;
    case OP_THROUGH_RAW:
        program_do_through_raw(program, handle, record);
        break;
    case OP_NODELAY:
    case OP_TTL:
    case OP_LINGER:
    case OP_KEEPALIVE:
        program_do_option(stream, arg, record);
        break;
    default:
        do_peer(program, handle, arg, record);
        break;
    }
}

/* ---- The whole */

static void step(struct program *program, const uint8_t *bytes)
{
    int handle = bytes[1] % PROGRAM_HANDLES;
    struct connection *connection = program_connection(program, handle);
    struct record *record = &program->record;
    if (record->op != OP_LATER) { /* what was promised happens while the next step waits */
        FER_IGNORE(fer_sim_advance((fer_duration){SECOND}));
    }
    *record = (struct record){.op = (enum program_op)(bytes[0] % OP_COUNT),
                              .handle = handle,
                              .connection = program->connection_of[handle],
                              .fault = bytes[3] < FER_SIM_FAULT_COUNT ? bytes[3] : -1,
                              .bytes_are_right = true};
    record->facts = connection == NULL ? 0 : connection->facts;
    record->facts |= program->later_done < program->later_count ? FACT_DEFERRED : 0;
    record->unread = connection == NULL ? 0 : connection->peer_sent - connection->taken;
    uint64_t began = fer_sim_now().nanos;
    if (record->fault >= 0) {
        FER_IGNORE(fer_sim_fault_at((fer_sim_fault)record->fault, 1));
    }
    bool resets = record->fault == FER_SIM_FAULT_RESET && connection != NULL;
    do_op(program, handle, bytes[2], record);
    if (resets && fer_sim_clear_faults() == 0) {
        connection->facts |= FACT_RESET;
    }
    (void)fer_sim_clear_faults();
    record->elapsed = fer_sim_now().nanos - began;
    record->facts_after = connection == NULL ? 0 : connection->facts;
    program->observe(program, record);
}

static void prepare(struct program *program, fer_sim_dialect dialect, uint8_t kind)
{
    static const uint8_t no_tape[1];
    static const fer_sim_answer answers[] = {FER_SIM_ANSWER_REFUSES, FER_SIM_ANSWER_HOST_UNREACHABLE, FER_SIM_ANSWER_NETWORK_UNREACHABLE};
    fer_socket_addr addr;
    fer_sim_peer outside = FER_SIM_PEER_NONE;
    fer_sim_config config = {.dialect = dialect, .tape = no_tape, .max_sockets = 30};
    program->buffer = kind & 1 ? 64 : 400;
    config.send_buffer = program->buffer;
    config.receive_buffer = program->buffer;
    FER_IGNORE(fer_sim_start(&config));
    FER_IGNORE(fer_socket_addr_parse(&addr, kind & 2 ? "10.0.0.7:80" : "127.0.0.1:80"));
    FER_IGNORE(fer_sim_peer_listen(&addr, 8, &program->listener));
    FER_IGNORE(fer_socket_addr_parse(&addr, "127.0.0.1:81"));
    FER_IGNORE(fer_sim_peer_listen(&addr, 1, &program->full_listener));
    FER_IGNORE(fer_sim_peer_connect(NULL, &addr, &outside));
    FER_IGNORE(fer_sim_peer_connect(NULL, &addr, &outside));
    FER_IGNORE(fer_socket_addr_parse(&addr, "127.0.0.1:82"));
    FER_IGNORE(fer_tcp_listener_bind_addr(&program->own_listener, &addr));
    program->own_addr = addr;
    FER_IGNORE(fer_socket_addr_parse(&addr, "10.0.0.9:1"));
    for (uint16_t i = 0; i < 3; i++) {
        addr.port = (uint16_t)(1 + i);
        FER_IGNORE(fer_sim_set_answer(&addr, answers[i], (fer_duration){0}));
    }
}

void program_run(struct program *program, fer_sim_dialect dialect, const uint8_t *data, size_t size)
{
    prepare(program, dialect, size > 0 ? data[0] : 0);
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        program->connection_of[i] = -1;
    }
    for (size_t i = 0; i < PROGRAM_STEPS && 1 + (i + 1) * PROGRAM_STEP_BYTES <= size; i++) {
        step(program, data + 1 + i * PROGRAM_STEP_BYTES);
    }
    for (int i = 0; i < PROGRAM_HANDLES; i++) {
        fer_tcp_stream_close(&program->streams[i]);
    }
    fer_tcp_listener_close(&program->own_listener);
    FER_IGNORE(fer_sim_stop(&program->report));
}
