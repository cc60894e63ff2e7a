/* unix_program.c: calls on Unix sockets; see unix_program.h. */
#include "fuzz/programs/unix_program.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/unix_names.h"

enum { LENGTH_MAX = 96, DATAGRAM_MAX = 32, NO_FAULT = -1 };

/* The choices for one call. */
struct call {
    size_t one, other;
    int name;
    fer_unix_addr addr;
    size_t len;
};

static void check_kind(fer_error got, fer_error_kind expected)
{
    if (got.kind != expected) {
        fprintf(stderr, "unix: %s, expected %s\n", fer_error_kind_name(got.kind),
                fer_error_kind_name(expected));
    }
    FUZZ_CHECK(got.kind == expected);
}

/* False if the dialect lacks such names. */
static bool make_address(const struct unix_program *program, struct call *call)
{
    if (call->name < UNIX_PATHS) {
        check_kind(fer_unix_addr_from_pathname(&call->addr, paths[call->name]), FER_OK);
        return true;
    }
    bool is_supported = program->dialect == FER_SIM_DIALECT_POSIX;
    fer_error error =
        fer_unix_addr_from_abstract_name(&call->addr, abstract_names, abstract_length(call->name));
    check_kind(error, is_supported ? FER_OK : FER_UNSUPPORTED);
    return is_supported;
}

/* True if the call failed with this kind because of the injected fault. Any other failure is
 * checked by the model. */
static bool is_failed_by_fault(struct unix_program *program, fer_error error, fer_error_kind kind)
{
    bool is_hit = program->fault != NO_FAULT && fer_sim_clear_faults() == 0;
    program->fault = NO_FAULT;
    return is_hit && error.kind == kind;
}

/* The handles that the call would have opened are NEW then. other: or NULL. */
static bool is_out_of_handles(struct unix_program *program, fer_error error, unix_handle *one,
                              unix_handle *other)
{
    bool is_out = is_failed_by_fault(program, error, FER_TOO_MANY_OPEN_FILES);
    if (is_out) {
        unix_model_mark_new(one);
    }
    if (is_out && other != NULL) {
        unix_model_mark_new(other);
    }
    return is_out;
}

/* Rule I1: only if no byte was transferred, and only for single reads and writes. */
static bool is_interrupted(struct unix_program *program, fer_error error)
{
    return is_failed_by_fault(program, error, FER_INTERRUPTED);
}

/* All types of sockets consist of one fer_handle. */
static void set_mode(const struct unix_program *program, void *handle)
{
    const fer_duration limit = fer_duration_from_millis(5);
    if (program->wait_kind == FER_WOULD_BLOCK) {
        check_kind(fer_socket_set_nonblocking(handle, true), FER_OK);
    } else {
        check_kind(fer_socket_set_read_timeout(handle, limit), FER_OK);
        check_kind(fer_socket_set_write_timeout(handle, limit), FER_OK);
    }
}

/* ---- Streams and listeners */

static void listen_at(struct unix_program *p, const struct call *c)
{
    size_t at = c->one % UNIX_LISTENERS;
    fer_error error = fer_unix_listener_bind_addr(&p->listeners[at], &c->addr);
    if (is_out_of_handles(p, error, &p->listener_models[at], NULL)) {
        return;
    }
    check_kind(error, unix_model_listen(&p->listener_models[at], c->name));
    if (error.kind == FER_OK) {
        check_kind(fer_unix_listener_set_nonblocking(&p->listeners[at], true), FER_OK);
    }
}

static void connect_to(struct unix_program *p, const struct call *c)
{
    if (!unix_model_has_space(c->name)) {
        return;
    }
    fer_error error = fer_unix_stream_connect_addr(&p->streams[c->one], &c->addr);
    if (is_out_of_handles(p, error, &p->stream_models[c->one], NULL)) {
        return;
    }
    check_kind(error, unix_model_connect(&p->stream_models[c->one], c->name));
    if (error.kind == FER_OK) {
        set_mode(p, &p->streams[c->one]);
    }
}

static void pair_streams(struct unix_program *p, const struct call *c)
{
    fer_error error = fer_unix_stream_pair(&p->streams[c->one], &p->streams[c->other]);
    if (is_out_of_handles(p, error, &p->stream_models[c->one], &p->stream_models[c->other])) {
        return;
    }
    check_kind(error,
               unix_model_pair(&p->stream_models[c->one], &p->stream_models[c->other], true));
    if (error.kind == FER_OK) {
        set_mode(p, &p->streams[c->one]);
        set_mode(p, &p->streams[c->other]);
    }
}

static void accept_one(struct unix_program *p, const struct call *c)
{
    size_t at = c->other % UNIX_LISTENERS;
    fer_unix_addr peer = {0};
    int name = UNIX_UNNAMED;
    fer_error error = fer_unix_listener_accept(&p->listeners[at], &p->streams[c->one],
                                               c->len % 2 == 0 ? &peer : NULL);
    if (is_out_of_handles(p, error, &p->stream_models[c->one], NULL)) {
        return;
    }
    check_kind(error, unix_model_accept(&p->listener_models[at], &p->stream_models[c->one], &name));
    if (error.kind == FER_OK) {
        check_name(&peer, name);
        set_mode(p, &p->streams[c->one]);
    }
}

/* Row no_buffer_space: until that time the call waits as if it could not proceed. */
static bool lacks_buffers(const struct unix_program *p, uint64_t began, fer_error error)
{
    return began < p->no_buffers_until.nanos && error.kind == p->wait_kind;
}

static void read_some(struct unix_program *p, const struct call *c, bool consumes)
{
    uint8_t got[LENGTH_MAX], expected[LENGTH_MAX];
    size_t n = 77, expected_n = 0;
    fer_unix_stream *stream = &p->streams[c->one];
    uint64_t began = fer_sim_now().nanos;
    fer_error error = consumes ? fer_unix_stream_read(stream, got, c->len, &n)
                               : fer_unix_stream_peek(stream, got, c->len, &n);
    if (is_interrupted(p, error) || lacks_buffers(p, began, error)) {
        FUZZ_CHECK(n == 0);
        return;
    }
    check_kind(error, unix_model_read(&p->stream_models[c->one], c->len, !consumes, p->wait_kind,
                                      expected, &expected_n));
    FUZZ_CHECK(n == expected_n);
    FUZZ_CHECK(memcmp(got, expected, n) == 0);
    unix_model_consume(&p->stream_models[c->one], consumes ? n : 0);
}

static void write_some(struct unix_program *p, const struct call *c)
{
    uint8_t bytes[LENGTH_MAX];
    size_t n = 77;
    for (size_t i = 0; i < c->len; i++) {
        bytes[i] = p->next_byte++;
    }
    uint64_t began = fer_sim_now().nanos;
    fer_error error = fer_unix_stream_write(&p->streams[c->one], bytes, c->len, &n);
    if (is_interrupted(p, error) || lacks_buffers(p, began, error)) {
        FUZZ_CHECK(n == 0);
        return;
    }
    bool may_be = unix_model_check_write(&p->stream_models[c->one], bytes, c->len, error.kind, n,
                                         p->wait_kind);
    if (!may_be) {
        fprintf(stderr, "unix: a write of %zu bytes has a wrong result: %s, %zu\n", c->len,
                fer_error_kind_name(error.kind), n);
    }
    FUZZ_CHECK(may_be);
}

/* DIFFERENCES.md describes what Windows does after a shutdown of reading. The stream harnesses test
 * it. */
static void shutdown_stream(struct unix_program *p, const struct call *c)
{
    fer_shutdown how =
        p->dialect == FER_SIM_DIALECT_WINSOCK ? FER_SHUTDOWN_WRITE : (fer_shutdown)(c->len % 3);
    check_kind(fer_unix_stream_shutdown(&p->streams[c->one], how),
               unix_model_shutdown(&p->stream_models[c->one], how, true));
}

static void close_stream(struct unix_program *p, const struct call *c)
{
    fer_unix_stream_close(&p->streams[c->one]);
    unix_model_close(&p->stream_models[c->one]);
}

static void close_listener(struct unix_program *p, const struct call *c)
{
    fer_unix_listener_close(&p->listeners[c->one % UNIX_LISTENERS]);
    unix_model_close(&p->listener_models[c->one % UNIX_LISTENERS]);
}

static void clone_stream(struct unix_program *p, const struct call *c)
{
    fer_error error = fer_unix_stream_try_clone(&p->streams[c->one], &p->streams[c->other]);
    if (is_out_of_handles(p, error, &p->stream_models[c->other], NULL)) {
        return;
    }
    check_kind(error, unix_model_clone(&p->stream_models[c->one], &p->stream_models[c->other]));
}

static void name_stream(struct unix_program *p, const struct call *c)
{
    fer_unix_addr addr;
    int name = UNIX_UNNAMED;
    fer_error error = fer_unix_stream_local_addr(&p->streams[c->one], &addr);
    check_kind(error, unix_model_local_name(&p->stream_models[c->one], &name));
    if (error.kind == FER_OK) {
        check_name(&addr, name);
    }
    error = fer_unix_stream_peer_addr(&p->streams[c->one], &addr);
    check_kind(error, unix_model_peer_name(&p->stream_models[c->one], true, &name));
    if (error.kind == FER_OK) {
        check_name(&addr, name);
    }
}

static void remove_name(struct unix_program *p, const struct call *c)
{
    (void)p;
    check_kind(fer_sim_remove_path(paths[c->name % UNIX_PATHS]),
               unix_model_remove(c->name % UNIX_PATHS));
}

/* ---- Datagrams */

static void make_datagram(struct unix_program *p, const struct call *c, bool is_bound)
{
    fer_unix_datagram *socket = &p->datagrams[c->one];
    fer_error error = is_bound ? fer_unix_datagram_bind_addr(socket, &c->addr)
                               : fer_unix_datagram_unbound(socket);
    unix_handle *model = &p->datagram_models[c->one];
    if (is_out_of_handles(p, error, model, NULL)) {
        return;
    }
    check_kind(error, is_bound ? unix_model_bind(model, c->name) : unix_model_unbound(model));
    if (error.kind == FER_OK) {
        set_mode(p, socket);
    }
}

static void pair_datagrams(struct unix_program *p, const struct call *c)
{
    fer_error error = fer_unix_datagram_pair(&p->datagrams[c->one], &p->datagrams[c->other]);
    if (is_out_of_handles(p, error, &p->datagram_models[c->one], &p->datagram_models[c->other])) {
        return;
    }
    check_kind(error,
               unix_model_pair(&p->datagram_models[c->one], &p->datagram_models[c->other], false));
    if (error.kind == FER_OK) {
        set_mode(p, &p->datagrams[c->one]);
        set_mode(p, &p->datagrams[c->other]);
    }
}

static void connect_datagram(struct unix_program *p, const struct call *c)
{
    fer_error error = fer_unix_datagram_connect_addr(&p->datagrams[c->one], &c->addr);
    check_kind(error, unix_model_connect_datagram(&p->datagram_models[c->one], c->name));
}

static void send_datagram(struct unix_program *p, const struct call *c, bool to_peer)
{
    uint8_t bytes[DATAGRAM_MAX];
    size_t len = c->len % (DATAGRAM_MAX + 1);
    size_t n = 77;
    memset(bytes, ++p->next_byte, sizeof bytes);
    fer_unix_datagram *socket = &p->datagrams[c->one];
    fer_error error = to_peer ? fer_unix_datagram_send(socket, bytes, len, &n)
                              : fer_unix_datagram_send_to_addr(socket, bytes, len, &c->addr, &n);
    if (is_interrupted(p, error)) {
        FUZZ_CHECK(n == 0);
        return;
    }
    int name = to_peer ? UNIX_NAMES : c->name;
    check_kind(error, unix_model_send(&p->datagram_models[c->one], name, p->next_byte, (uint8_t)len,
                                      p->wait_kind));
    FUZZ_CHECK(n == (error.kind == FER_OK ? len : 0));
}

static void receive_datagram(struct unix_program *p, const struct call *c)
{
    uint8_t bytes[DATAGRAM_MAX], fill = 0, len = 0;
    int from = UNIX_UNNAMED;
    size_t cap = c->len % (DATAGRAM_MAX + 1);
    fer_unix_received got;
    fer_error error = fer_unix_datagram_recv_from(&p->datagrams[c->one], bytes, cap, &got);
    if (is_interrupted(p, error)) {
        return;
    }
    check_kind(error,
               unix_model_receive(&p->datagram_models[c->one], p->wait_kind, &fill, &len, &from));
    if (error.kind != FER_OK) {
        return;
    }
    FUZZ_CHECK(got.len == (len < cap ? len : cap) && got.truncated == (len > cap));
    for (size_t i = 0; i < got.len; i++) {
        FUZZ_CHECK(bytes[i] == fill);
    }
    check_name(&got.from, from);
}

static void shutdown_datagram(struct unix_program *p, const struct call *c)
{
    fer_shutdown how = (fer_shutdown)(c->len % 3);
    check_kind(fer_unix_datagram_shutdown(&p->datagrams[c->one], how),
               unix_model_shutdown(&p->datagram_models[c->one], how, false));
}

static void close_datagram(struct unix_program *p, const struct call *c)
{
    fer_unix_datagram_close(&p->datagrams[c->one]);
    unix_model_close(&p->datagram_models[c->one]);
}

static void clone_datagram(struct unix_program *p, const struct call *c)
{
    fer_error error = fer_unix_datagram_try_clone(&p->datagrams[c->one], &p->datagrams[c->other]);
    if (is_out_of_handles(p, error, &p->datagram_models[c->other], NULL)) {
        return;
    }
    check_kind(error, unix_model_clone(&p->datagram_models[c->one], &p->datagram_models[c->other]));
}

static void name_datagram(struct unix_program *p, const struct call *c)
{
    fer_unix_addr addr;
    int name = UNIX_UNNAMED;
    fer_error error = fer_unix_datagram_peer_addr(&p->datagrams[c->one], &addr);
    check_kind(error, unix_model_peer_name(&p->datagram_models[c->one], false, &name));
    if (error.kind == FER_OK) {
        check_name(&addr, name);
    }
}

static void read_stream(struct unix_program *p, const struct call *c)
{
    read_some(p, c, true);
}
static void peek_stream(struct unix_program *p, const struct call *c)
{
    read_some(p, c, false);
}
static void bind_datagram(struct unix_program *p, const struct call *c)
{
    make_datagram(p, c, true);
}
static void unbound_datagram(struct unix_program *p, const struct call *c)
{
    make_datagram(p, c, false);
}
static void send_to_peer(struct unix_program *p, const struct call *c)
{
    send_datagram(p, c, true);
}
static void send_to_name(struct unix_program *p, const struct call *c)
{
    send_datagram(p, c, false);
}

/* ---- The program */

static const struct {
    const char *name;
    void (*run)(struct unix_program *program, const struct call *call);
} steps[] = {
    {"listen", listen_at},
    {"connect", connect_to},
    {"accept", accept_one},
    {"write", write_some},
    {"read", read_stream},
    {"pair", pair_streams},
    {"peek", peek_stream},
    {"shutdown", shutdown_stream},
    {"close", close_stream},
    {"clone", clone_stream},
    {"names", name_stream},
    {"close listener", close_listener},
    {"remove", remove_name},
    {"bind datagram", bind_datagram},
    {"unbound", unbound_datagram},
    {"pair datagram", pair_datagrams},
    {"connect datagram", connect_datagram},
    {"send", send_to_peer},
    {"send to", send_to_name},
    {"receive", receive_datagram},
    {"shutdown datagram", shutdown_datagram},
    {"close datagram", close_datagram},
    {"clone datagram", clone_datagram},
    {"datagram's peer", name_datagram},
};

enum { STEP_COUNT = sizeof steps / sizeof *steps };

/* Some of the byte values that mean the same step inject a fault into it. */
static int fault_of(uint8_t step)
{
    static const int faults[] = {
        [8] = FER_SIM_FAULT_TOO_MANY_HANDLES + 1, [9] = FER_SIM_FAULT_INTERRUPTED + 1};
    size_t round = step / STEP_COUNT;
    return round < sizeof faults / sizeof *faults ? faults[round] - 1 : NO_FAULT;
}

void unix_program_begin(struct unix_program *program, fer_sim_dialect dialect)
{
    memset(program, 0, sizeof *program);
    program->dialect = dialect;
    set_longest_names(dialect);
}

void unix_program_step(struct unix_program *program, choices *from)
{
    struct call call = {0};
    uint8_t chosen = choose_byte(from);
    size_t step = chosen % STEP_COUNT;
    uint8_t which = choose_byte(from);
    call.one = which % UNIX_STREAMS;
    call.other = which / UNIX_STREAMS % UNIX_STREAMS;
    call.name = which / (UNIX_STREAMS * UNIX_STREAMS) % UNIX_NAMES;
    call.len = 1 + choose_byte(from) % (LENGTH_MAX - 1);
    program->fault = fault_of(chosen);
    if (getenv("FERRULE_FUZZ_TRACE") != NULL) {
        fprintf(stderr, "%s %zu, %zu, name %d, %zu, fault %d\n", steps[step].name, call.one,
                call.other, call.name, call.len, program->fault);
    }
    if (make_address(program, &call)) {
        if (program->fault != NO_FAULT) {
            check_kind(fer_sim_fault_at((fer_sim_fault)program->fault, 1 + call.len % 2), FER_OK);
        }
        steps[step].run(program, &call);
    }
    (void)fer_sim_clear_faults();
}

void unix_program_end(struct unix_program *program)
{
    for (size_t i = 0; i < UNIX_STREAMS; i++) {
        fer_unix_stream_close(&program->streams[i]);
        fer_unix_datagram_close(&program->datagrams[i]);
    }
    for (size_t i = 0; i < UNIX_LISTENERS; i++) {
        fer_unix_listener_close(&program->listeners[i]);
    }
}
