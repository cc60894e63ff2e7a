/* udp_program.c: the steps of a program of datagrams. */
#include "fuzz/programs/udp_program.h"

#include <string.h>

#include "fuzz/driver/windows.h"

#define SECOND UINT64_C(1000000000)
#define MILLI UINT64_C(1000000)

const char *udp_op_name(enum udp_op op)
{
    static const char *const names[UDP_OP_COUNT] = {
#define NAME(name) #name,
        UDP_OPS(NAME)
#undef NAME
    };
    return names[op];
}

uint8_t udp_byte(int serial, size_t i)
{
    return (uint8_t)(i == 0 ? serial : i == 1 ? serial ^ 0xa5 : serial * 7 + (int)(i * 31));
}

/* ---- Bytes, addresses */

static size_t length_of(uint8_t arg)
{
    static const size_t lengths[] = {0, 1, 2, 8, 63, 64, 65, UDP_LONGEST};
    return lengths[arg >> 5];
}

static fer_socket_addr address(const char *text)
{
    fer_socket_addr addr;
    memset(&addr, 0, sizeof addr);
    FER_IGNORE(fer_socket_addr_parse(&addr, text));
    return addr;
}

/* Peers, the program's own sockets, and addresses without a socket. Port 200x is that of handle
 * x. */
static fer_socket_addr destination(const struct udp_program *program, uint8_t arg)
{
    static const char *const texts[] = {"127.0.0.1:2000",
                                        "10.0.0.1:2000",
                                        "127.0.0.1:2001",
                                        "[::1]:2001",
                                        "127.0.0.1:2002",
                                        "10.0.0.1:2003",
                                        "127.0.0.1:2004",
                                        "[::1]:2005",
                                        "10.0.0.7:9",
                                        "127.0.0.1:9",
                                        "[::1]:9",
                                        "10.9.9.9:1",
                                        "10.0.0.9:1",
                                        "10.0.0.9:2",
                                        "239.1.1.1:2000",
                                        "255.255.255.255:2000",
                                        "[ff02::1]:2001",
                                        "10.0.0.7:0",
                                        "[::ffff:10.0.0.7]:1000",
                                        "0.0.0.0:2000"};
    size_t which = arg % (sizeof texts / sizeof *texts + UDP_PEERS * 2);
    return which < (size_t)UDP_PEERS * 2 ? program->peer_addrs[which % UDP_PEERS]
                                         : address(texts[which - (size_t)UDP_PEERS * 2]);
}

static int fill(struct udp_program *program, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len && i < UDP_LONGEST; i++) {
        buf[i] = udp_byte(program->next_serial, i);
    }
    return program->next_serial++;
}

static void read_bytes(struct udp_record *record, const uint8_t *buf, size_t n)
{
    record->n = n;
    record->serial = n >= 2 && (buf[0] ^ buf[1]) == 0xa5 ? buf[0] : UDP_NONE;
    record->bytes_are_right = n < 2 || record->serial != UDP_NONE;
    for (size_t i = 0; i < n && n >= 2; i++) {
        record->bytes_are_right = record->bytes_are_right && buf[i] == udp_byte(record->serial, i);
    }
}

/* True if the network has room for one more datagram, with all of its copies. */
static bool has_space(struct udp_program *program, const fer_socket_addr *to)
{
    int copies = fer_ip_addr_is_multicast(to->ip) ||
                         (to->ip.family == FER_IP_V4 && fer_ipv4_addr_is_broadcast(to->ip.u.v4))
                     ? 8
                     : 2;
    if (program->datagram_count + copies > UDP_DATAGRAMS || program->next_serial >= UDP_SERIALS) {
        return false;
    }
    program->datagram_count += copies;
    return true;
}

/* ---- Sockets */

static void do_bind(struct udp_program *program, int handle, uint8_t arg, struct udp_record *record)
{
    static const char *const texts[] = {"0.0.0.0:0",  "[::]:0",  "127.0.0.1:0",
                                        "10.0.0.1:0", "[::1]:0", "10.0.0.7:0"};
    bool at_other_port = arg >= 228;
    record->addr = address(texts[arg < 200 ? handle % 4 : at_other_port ? arg / 6 % 6 : arg % 6]);
    record->addr.port = (uint16_t)(2000 + (at_other_port ? arg % UDP_HANDLES : handle));
    record->error = fer_udp_socket_bind_addr(&program->handles[handle], &record->addr);
    if (record->error.kind == FER_OK) {
        program->socket_of[handle] = program->socket_count++;
    }
}

static void do_clone(struct udp_program *program, int handle, uint8_t arg,
                     struct udp_record *record)
{
    int other = arg % UDP_HANDLES;
    record->error = fer_udp_socket_try_clone(&program->handles[handle], &program->handles[other]);
    if (record->error.kind == FER_OK) {
        program->socket_of[other] = program->socket_of[handle];
        program->had_clones[program->socket_of[handle]] = true;
    }
}

static void do_close(struct udp_program *program, int handle)
{
    fer_udp_socket_close(&program->handles[handle]);
    program->socket_of[handle] = UDP_NONE;
    program->is_shut[handle] = false;
}

static bool has_clones(const struct udp_program *program, int handle)
{
    int count = 0;
    for (int i = 0; i < UDP_HANDLES; i++) {
        count += program->socket_of[i] == program->socket_of[handle];
    }
    return count > 1;
}

/* Only for a handle without clones: row raw_shares_nothing. */
static void do_through_raw(struct udp_program *program, int handle, struct udp_record *record)
{
    /* Windows cannot query the mode ("raw_mode"). */
    FER_IGNORE(fer_udp_socket_set_nonblocking(&program->handles[handle], false));
    if (has_clones(program, handle)) {
        return;
    }
    fer_raw_socket raw = fer_udp_socket_into_raw(&program->handles[handle]);
    if (raw != FER_RAW_SOCKET_NONE) {
        record->error = fer_udp_socket_from_raw(&program->handles[handle], raw);
        record->is_adopted = record->error.kind == FER_OK;
    }
}

static void do_shutdown(struct udp_program *program, int handle, uint8_t arg,
                        struct udp_record *record)
{
    record->value = arg % 3;
    record->error = fer_socket_shutdown(fer_udp_socket_as_socket(&program->handles[handle]),
                                        (fer_shutdown)record->value);
    program->is_shut[handle] = program->is_shut[handle] || record->error.kind == FER_OK;
}

static void do_connect(struct udp_program *program, int handle, uint8_t arg,
                       struct udp_record *record)
{
    record->addr = destination(program, arg);
    record->error = fer_udp_socket_connect_addr(&program->handles[handle], &record->addr);
}

static void do_group(struct udp_program *program, int handle, uint8_t arg,
                     struct udp_record *record)
{
    fer_udp_socket *socket = &program->handles[handle];
    fer_ipv4_addr v4 = {{239, 1, 1, 1}};
    fer_ipv4_addr locals[] = {{{0, 0, 0, 0}}, {{10, 0, 0, 1}}, {{192, 0, 2, 1}}};
    fer_ipv6_addr v6 = {{0xff, 0x02, [15] = 1}};
    bool joins = record->op == UDP_JOIN;
    record->value = arg % 2;
    record->requested = arg / 2u % 3; /* the network interface; the last one does not exist */
    if (arg % 2 == 0) {
        record->error =
            joins ? fer_udp_socket_join_multicast_v4(socket, v4, locals[record->requested])
                  : fer_udp_socket_leave_multicast_v4(socket, v4, locals[record->requested]);
    } else {
        uint32_t index = (uint32_t)record->requested * 2;
        record->error = joins ? fer_udp_socket_join_multicast_v6(socket, v6, index)
                              : fer_udp_socket_leave_multicast_v6(socket, v6, index);
    }
}

/* Records the value that the getter returns after the setter. */
static void read_back(fer_udp_socket *socket, struct udp_record *record)
{
    fer_duration timeout = {0};
    bool on = false, v4 = false, v6 = false;
    if (record->op == UDP_READ_TIMEOUT) {
        FER_IGNORE(fer_udp_socket_read_timeout(socket, &timeout));
        record->bytes_are_right = timeout.nanos == record->value;
    } else if (record->op == UDP_BROADCAST) {
        FER_IGNORE(fer_udp_socket_broadcast(socket, &on));
        record->bytes_are_right = on == (record->value != 0);
    } else if (record->op == UDP_LOOP) {
        FER_IGNORE(fer_udp_socket_multicast_loop_v4(socket, &v4));
        FER_IGNORE(fer_udp_socket_multicast_loop_v6(socket, &v6));
        record->n = (v4 ? 1u : 0) + (v6 ? 2u : 0);
    }
}

static void do_mode(struct udp_program *program, int handle, uint8_t arg, struct udp_record *record)
{
    fer_udp_socket *socket = &program->handles[handle];
    bool on = arg % 2 == 1;
    record->value = on;
    switch (record->op) {
    case UDP_READ_TIMEOUT:
        record->value = arg % 8 == 0 ? UINT64_MAX : (uint64_t)(arg % 8) * 4 * MILLI;
        record->error = fer_udp_socket_set_read_timeout(socket, (fer_duration){record->value});
        break;
    case UDP_NONBLOCKING: record->error = fer_udp_socket_set_nonblocking(socket, on); break;
    case UDP_BROADCAST: record->error = fer_udp_socket_set_broadcast(socket, on); break;
    default:
        record->requested = arg < 128;
        record->error = arg < 128 ? fer_udp_socket_set_multicast_loop_v4(socket, on)
                                  : fer_udp_socket_set_multicast_loop_v6(socket, on);
        break;
    }
    if (record->error.kind == FER_OK) {
        read_back(socket, record);
    }
}

static void do_query(struct udp_program *program, int handle, struct udp_record *record)
{
    fer_error pending = {FER_OK, 0};
    fer_udp_socket *socket = &program->handles[handle];
    if (record->op == UDP_TAKE_ERROR) {
        record->error = fer_udp_socket_take_error(socket, &pending);
        record->value = (uint64_t)pending.kind;
        return;
    }
    record->error = record->op == UDP_PEER_ADDR ? fer_udp_socket_peer_addr(socket, &record->addr)
                                                : fer_udp_socket_local_addr(socket, &record->addr);
    record->has_addr = record->error.kind == FER_OK;
}

/* ---- Datagrams */

static void do_send(struct udp_program *program, int handle, uint8_t arg, struct udp_record *record)
{
    static uint8_t buf[70000];
    fer_udp_socket *socket = &program->handles[handle];
    record->requested = arg >= 250 ? sizeof buf : length_of((uint8_t)(arg * 37));
    bool is_to_peer = record->op == UDP_SEND;
    record->addr = destination(program, arg);
    if (is_to_peer) {
        memset(&record->addr, 0, sizeof record->addr);
        FER_IGNORE(fer_udp_socket_peer_addr(socket, &record->addr));
    }
    if (!has_space(program, &record->addr)) {
        return;
    }
    record->serial = fill(program, buf, record->requested);
    record->error = is_to_peer ? fer_udp_socket_send(socket, buf, record->requested, &record->n)
                               : fer_udp_socket_send_to(socket, buf, record->requested,
                                                        &record->addr, &record->n);
    record->has_addr = true;
}

static void record_received(struct udp_record *record, const uint8_t *buf,
                            const fer_udp_received *got)
{
    if (record->error.kind == FER_OK) {
        read_bytes(record, buf, got->len);
        record->truncated = got->truncated;
        record->addr = got->from;
        record->has_addr = true;
    }
}

static void do_receive(struct udp_program *program, int handle, uint8_t arg,
                       struct udp_record *record)
{
    uint8_t buf[UDP_LONGEST];
    fer_udp_received got;
    fer_udp_socket *socket = &program->handles[handle];
    record->requested = length_of(arg);
    memset(&got, 0, sizeof got);
    record->error = record->op == UDP_RECV
                        ? fer_udp_socket_recv(socket, buf, record->requested, &got)
                    : record->op == UDP_RECV_FROM
                        ? fer_udp_socket_recv_from(socket, buf, record->requested, &got)
                        : fer_udp_socket_peek(socket, buf, record->requested, &got);
    record_received(record, buf, &got);
}

static void do_peer(struct udp_program *program, int which, uint8_t arg, struct udp_record *record)
{
    uint8_t buf[UDP_LONGEST];
    fer_udp_received got;
    fer_sim_peer peer = program->peers[which];
    record->socket = UDP_SOCKETS + which;
    record->requested = length_of(arg);
    memset(&got, 0, sizeof got);
    if (record->op == UDP_PEER_SEND) {
        record->addr = destination(program, arg);
        if (!fer_ip_addr_is_unspecified(record->addr.ip) && has_space(program, &record->addr)) {
            record->serial = fill(program, buf, record->requested);
            record->error = fer_sim_peer_send_to(peer, buf, record->requested, &record->addr);
            record->n = record->error.kind == FER_OK ? record->requested : 0;
            record->has_addr = true;
        }
        return;
    }
    record->error = fer_sim_peer_recv_from(peer, buf, record->requested, &got);
    record_received(record, buf, &got);
}

/* What the step does. The upper half of the arguments of a getter that has none are shutdowns, of a
 * socket without clones (clone_receives_on). A socket that is shut down is not shared, connected
 * again or adopted, and joins no group: the systems differ. */
static enum udp_op op_of(const struct udp_program *program, int handle, const uint8_t *bytes)
{
    enum udp_op op = (enum udp_op)(bytes[0] % UDP_SHUTDOWN);
    bool is_closed = program->socket_of[handle] == UDP_NONE;
    if (op == UDP_LOCAL_ADDR && bytes[2] >= 128 && !is_closed &&
        !program->had_clones[program->socket_of[handle]]) {
        return UDP_SHUTDOWN;
    }
    bool moves = op == UDP_CLONE || op == UDP_CONNECT || op == UDP_THROUGH_RAW || op == UDP_JOIN ||
                 op == UDP_LEAVE || op == UDP_LOOP;
    return moves && program->is_shut[handle] && !is_closed ? UDP_PEER_ADDR : op;
}

static void do_op(struct udp_program *program, int handle, uint8_t arg, struct udp_record *record)
{
    switch (record->op) {
    case UDP_BIND:
        if (program->socket_count < UDP_SOCKETS) {
            do_bind(program, handle, arg, record);
        }
        break;
    case UDP_CONNECT: do_connect(program, handle, arg, record); break;
    case UDP_SEND:
    case UDP_SEND_TO: do_send(program, handle, arg, record); break;
    case UDP_RECV:
    case UDP_RECV_FROM:
    case UDP_PEEK: do_receive(program, handle, arg, record); break;
    case UDP_CLONE: do_clone(program, handle, arg, record); break;
    case UDP_CLOSE: do_close(program, handle); break;
    case UDP_JOIN:
    case UDP_LEAVE: do_group(program, handle, arg, record); break;
    case UDP_TAKE_ERROR:
    case UDP_PEER_ADDR:
    case UDP_LOCAL_ADDR: do_query(program, handle, record); break;
    case UDP_THROUGH_RAW: do_through_raw(program, handle, record); break;
    case UDP_SHUTDOWN: do_shutdown(program, handle, arg, record); break;
    case UDP_PEER_SEND:
    case UDP_PEER_RECEIVE: do_peer(program, handle % UDP_PEERS, arg, record); break;
    default: do_mode(program, handle, arg, record); break;
    }
}

/* ---- Limits. Those of a handle end with it: a clone, and a handle that went through a raw socket,
 * begins without. */

static void limit_handle(struct udp_program *program, int handle, int number)
{
    struct handle_limits chosen;
    if (!program->limits.are_used || number < LIMITS_FAULTS ||
        !limits_act(&program->limits, (uint8_t)(number - LIMITS_FAULTS), &chosen)) {
        return;
    }
    fer_limits limits = limits_to_set(&program->limits, &chosen);
    if (fer_udp_socket_set_limits(&program->handles[handle], &limits).kind == FER_OK) {
        program->limits_of[handle] = chosen;
    }
}

static void track_limits(struct udp_program *program, const int before[UDP_HANDLES])
{
    const struct udp_record *record = &program->record;
    for (int i = 0; i < UDP_HANDLES; i++) {
        if (program->socket_of[i] != before[i]) {
            program->limits_of[i] = LIMITS_NONE;
        }
    }
    if (record->is_adopted) {
        program->limits_of[record->handle] = LIMITS_NONE;
    }
}

/* ---- The program */

/* The other faults of the paths are those of streams. */
static int fault_of(const struct udp_program *program, int byte)
{
    if (program->has_paths && byte >= UDP_FIRST_PATH_FAULT && byte < UDP_FIRST_PATH_FAULT + 2) {
        return byte == UDP_FIRST_PATH_FAULT ? FER_SIM_FAULT_NO_ROUTE
                                            : FER_SIM_FAULT_PEER_TRANSLATED;
    }
    return byte < LIMITS_FAULTS ? byte : UDP_NONE;
}

/* The top bit of the fourth byte: no pause before the step. */
static void run_step(struct udp_program *program, const uint8_t *bytes)
{
    int handle = bytes[1] % UDP_HANDLES;
    int fault = fault_of(program, bytes[3] & 0x7f);
    struct udp_record *record = &program->record;
    *record = (struct udp_record){.op = op_of(program, handle, bytes),
                                  .handle = handle,
                                  .socket = program->socket_of[handle],
                                  .fault = fault,
                                  .after_pause = bytes[3] < 128,
                                  .serial = UDP_NONE,
                                  .bytes_are_right = true};
    if (record->after_pause) {
        FER_IGNORE(fer_sim_advance((fer_duration){SECOND}));
    }
    int socket_of[UDP_HANDLES];
    memcpy(socket_of, program->socket_of, sizeof socket_of);
    limit_handle(program, handle, bytes[3] & 0x7f);
    record->limits = limits_of_call(&program->limits, &program->limits_of[handle]);
    if (record->fault != UDP_NONE) {
        FER_IGNORE(fer_sim_fault_at((fer_sim_fault)record->fault, 1));
    }
    uint64_t began = fer_sim_now().nanos;
    do_op(program, handle, bytes[2], record);
    record->elapsed = fer_sim_now().nanos - began;
    record->fault_hit = record->fault != UDP_NONE && fer_sim_clear_faults() == 0;
    track_limits(program, socket_of);
    if (record->op == UDP_CONNECT && record->error.kind != FER_OK) {
        fer_socket_addr peer;
        record->has_peer =
            fer_udp_socket_peer_addr(&program->handles[handle], &peer).kind == FER_OK;
    }
    program->observe(program->context, record);
}

static void start(struct udp_program *program, fer_sim_dialect dialect, fer_sim_windows windows,
                  fer_sim_bsd bsd)
{
    static const uint8_t no_tape[1];
    static const char *const peers[UDP_PEERS] = {"10.0.0.7:1000", "[fd00::7]:1001",
                                                 "127.0.0.1:1002", "10.0.0.8:1003"};
    fer_sim_config config = {
        .dialect = dialect, .tape = no_tape, .max_sockets = 32, .windows = windows, .bsd = bsd};
    fer_socket_addr addr;
    FER_IGNORE(fer_sim_start(&config));
    for (int i = 0; i < UDP_PEERS; i++) {
        program->peer_addrs[i] = address(peers[i]);
        FER_IGNORE(fer_sim_peer_bind(&program->peer_addrs[i], &program->peers[i]));
    }
    addr = address("10.0.0.9:1");
    FER_IGNORE(fer_sim_set_answer(&addr, FER_SIM_ANSWER_REFUSES, (fer_duration){0}));
    addr = address("10.0.0.9:2");
    FER_IGNORE(fer_sim_set_answer(&addr, FER_SIM_ANSWER_HOST_UNREACHABLE, (fer_duration){0}));
}

void udp_program_run(struct udp_program *program, fer_sim_dialect dialect, const uint8_t *data,
                     size_t size)
{
    static const uint8_t first_steps[][UDP_STEP_BYTES] = {
        {UDP_BIND, 0, 0, 127}, {UDP_BIND, 1, 0, 127}, {UDP_BIND, 2, 0, 127}};
    size_t len = 0;
    const uint8_t *switches = fuzz_after_steps(data, size, 0, UDP_STEP_BYTES, UDP_STEPS, &len);
    start(program, dialect, fuzz_windows(switches, len), fuzz_bsd(switches, len));
    program->limits.are_used = fuzz_has_limits(switches, len);
    program->has_paths = fuzz_has_paths(switches, len);
    FER_IGNORE(fer_cancel_token_new(&program->limits.token));
    for (int i = 0; i < UDP_HANDLES; i++) {
        program->socket_of[i] = UDP_NONE;
        program->limits_of[i] = LIMITS_NONE;
    }
    for (size_t i = 0; i < sizeof first_steps / sizeof *first_steps; i++) {
        run_step(program, first_steps[i]);
    }
    for (size_t i = 0; i < UDP_STEPS && (i + 1) * UDP_STEP_BYTES <= size; i++) {
        run_step(program, data + i * UDP_STEP_BYTES);
    }
    for (int i = 0; i < UDP_HANDLES; i++) {
        fer_udp_socket_close(&program->handles[i]);
    }
    fer_cancel_token_close(&program->limits.token);
    FER_IGNORE(fer_sim_stop(&program->report));
}
