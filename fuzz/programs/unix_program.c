/* unix_program.c: calls on Unix sockets; see unix_program.h. */
#include "fuzz/programs/unix_program.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/unix_names.h"

enum { LENGTH_MAX = 96, DATAGRAM_MAX = 32, NO_FAULT = -1 };

/* The choices for one call. A stream or a datagram socket is the handle, and another is out. */
struct call {
    size_t one, other;
    int name;
    fer_unix_addr addr;
    size_t len;
    void *handle, *out;
    unix_handle *model, *out_model;
    bool is_stream;
    bool is_other_form; /* peek, unbound, or to a name */
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
    fer_error error = fer_unix_stream_connect_addr(c->handle, &c->addr);
    if (is_out_of_handles(p, error, c->model, NULL)) {
        return;
    }
    check_kind(error, unix_model_connect(c->model, c->name));
    if (error.kind == FER_OK) {
        set_mode(p, c->handle);
    }
}

static void pair(struct unix_program *p, const struct call *c)
{
    fer_error error = c->is_stream ? fer_unix_stream_pair(c->handle, c->out)
                                   : fer_unix_datagram_pair(c->handle, c->out);
    if (is_out_of_handles(p, error, c->model, c->out_model)) {
        return;
    }
    check_kind(error, unix_model_pair(c->model, c->out_model, c->is_stream));
    if (error.kind == FER_OK) {
        set_mode(p, c->handle);
        set_mode(p, c->out);
    }
}

static void accept_one(struct unix_program *p, const struct call *c)
{
    size_t at = c->other % UNIX_LISTENERS;
    fer_unix_addr peer = {0};
    int name = UNIX_UNNAMED;
    fer_error error =
        fer_unix_listener_accept(&p->listeners[at], c->handle, c->len % 2 == 0 ? &peer : NULL);
    if (is_out_of_handles(p, error, c->model, NULL)) {
        return;
    }
    check_kind(error, unix_model_accept(&p->listener_models[at], c->model, &name));
    if (error.kind == FER_OK) {
        check_name(&peer, name);
        set_mode(p, c->handle);
    }
}

/* Row no_buffer_space: until that time the call waits as if it could not proceed. */
static bool lacks_buffers(const struct unix_program *p, uint64_t began, fer_error error)
{
    return began < p->no_buffers_until.nanos && error.kind == p->wait_kind;
}

static void read_some(struct unix_program *p, const struct call *c)
{
    bool consumes = !c->is_other_form;
    uint8_t got[LENGTH_MAX], expected[LENGTH_MAX];
    size_t n = 77, expected_n = 0;
    fer_unix_stream *stream = c->handle;
    uint64_t began = fer_sim_now().nanos;
    fer_error error = consumes ? fer_unix_stream_read(stream, got, c->len, &n)
                               : fer_unix_stream_peek(stream, got, c->len, &n);
    if (is_interrupted(p, error) || lacks_buffers(p, began, error)) {
        FUZZ_CHECK(n == 0);
        return;
    }
    check_kind(error,
               unix_model_read(c->model, c->len, !consumes, p->wait_kind, expected, &expected_n));
    FUZZ_CHECK(n == expected_n);
    FUZZ_CHECK(memcmp(got, expected, n) == 0);
    unix_model_consume(c->model, consumes ? n : 0);
}

static void write_some(struct unix_program *p, const struct call *c)
{
    uint8_t bytes[LENGTH_MAX];
    size_t n = 77;
    for (size_t i = 0; i < c->len; i++) {
        bytes[i] = p->next_byte++;
    }
    uint64_t began = fer_sim_now().nanos;
    fer_error error = fer_unix_stream_write(c->handle, bytes, c->len, &n);
    if (is_interrupted(p, error) || lacks_buffers(p, began, error)) {
        FUZZ_CHECK(n == 0);
        return;
    }
    bool may_be = unix_model_check_write(c->model, bytes, c->len, error.kind, n, p->wait_kind);
    if (!may_be) {
        fprintf(stderr, "unix: a write of %zu bytes has a wrong result: %s, %zu\n", c->len,
                fer_error_kind_name(error.kind), n);
    }
    FUZZ_CHECK(may_be);
}

/* DIFFERENCES.md describes what Windows does after a shutdown of reading. The stream harnesses test
 * it. */
static void shut_down(struct unix_program *p, const struct call *c)
{
    bool only_writes = c->is_stream && p->dialect == FER_SIM_DIALECT_WINSOCK;
    fer_shutdown how = only_writes ? FER_SHUTDOWN_WRITE : (fer_shutdown)(c->len % 3);
    fer_error error = c->is_stream              ? fer_unix_stream_shutdown(c->handle, how)
                      : c->len < LENGTH_MAX / 2 ? fer_unix_datagram_shutdown(c->handle, how)
                                                : fer_socket_shutdown(c->handle, how);
    check_kind(error, unix_model_shutdown(c->model, how, c->is_stream));
}

static void close_one(struct unix_program *p, const struct call *c)
{
    (void)p;
    if (c->is_stream) {
        fer_unix_stream_close(c->handle);
    } else {
        fer_unix_datagram_close(c->handle);
    }
    unix_model_close(c->model);
}

static void close_listener(struct unix_program *p, const struct call *c)
{
    fer_unix_listener_close(&p->listeners[c->one % UNIX_LISTENERS]);
    unix_model_close(&p->listener_models[c->one % UNIX_LISTENERS]);
}

static void clone(struct unix_program *p, const struct call *c)
{
    fer_error error = c->is_stream ? fer_unix_stream_try_clone(c->handle, c->out)
                                   : fer_unix_datagram_try_clone(c->handle, c->out);
    if (!is_out_of_handles(p, error, c->out_model, NULL)) {
        check_kind(error, unix_model_clone(c->model, c->out_model));
    }
}

static void check_named(fer_error error, const fer_unix_addr *addr, fer_error_kind expected,
                        int name)
{
    check_kind(error, expected);
    if (error.kind == FER_OK) {
        check_name(addr, name);
    }
}

static void check_names(struct unix_program *p, const struct call *c)
{
    fer_unix_addr addr;
    int name = UNIX_UNNAMED;
    (void)p;
    if (c->is_stream) {
        fer_error local = fer_unix_stream_local_addr(c->handle, &addr);
        fer_error_kind expected = unix_model_local_name(c->model, &name);
        check_named(local, &addr, expected, name);
    }
    fer_error error = c->is_stream ? fer_unix_stream_peer_addr(c->handle, &addr)
                                   : fer_unix_datagram_peer_addr(c->handle, &addr);
    fer_error_kind expected = unix_model_peer_name(c->model, c->is_stream, &name);
    check_named(error, &addr, expected, name);
}

static void remove_name(struct unix_program *p, const struct call *c)
{
    (void)p;
    check_kind(fer_sim_remove_path(paths[c->name % UNIX_PATHS]),
               unix_model_remove(c->name % UNIX_PATHS));
}

/* ---- Datagrams */

static void make_datagram(struct unix_program *p, const struct call *c)
{
    bool is_bound = !c->is_other_form;
    fer_unix_datagram *socket = c->handle;
    fer_error error = is_bound ? fer_unix_datagram_bind_addr(socket, &c->addr)
                               : fer_unix_datagram_unbound(socket);
    unix_handle *model = c->model;
    if (is_out_of_handles(p, error, model, NULL)) {
        return;
    }
    check_kind(error, is_bound ? unix_model_bind(model, c->name) : unix_model_unbound(model));
    if (error.kind == FER_OK) {
        set_mode(p, socket);
    }
}

static void connect_datagram(struct unix_program *p, const struct call *c)
{
    (void)p;
    fer_error error = fer_unix_datagram_connect_addr(c->handle, &c->addr);
    check_kind(error, unix_model_connect_datagram(c->model, c->name));
}

static void send_datagram(struct unix_program *p, const struct call *c)
{
    bool to_peer = !c->is_other_form;
    uint8_t bytes[DATAGRAM_MAX];
    size_t len = c->len % (DATAGRAM_MAX + 1);
    size_t n = 77;
    memset(bytes, ++p->next_byte, sizeof bytes);
    fer_unix_datagram *socket = c->handle;
    fer_error error = to_peer ? fer_unix_datagram_send(socket, bytes, len, &n)
                              : fer_unix_datagram_send_to_addr(socket, bytes, len, &c->addr, &n);
    if (is_interrupted(p, error)) {
        FUZZ_CHECK(n == 0);
        return;
    }
    int name = to_peer ? UNIX_NAMES : c->name;
    check_kind(error, unix_model_send(c->model, name, p->next_byte, (uint8_t)len, p->wait_kind));
    FUZZ_CHECK(n == (error.kind == FER_OK ? len : 0));
}

static void receive_datagram(struct unix_program *p, const struct call *c)
{
    uint8_t bytes[DATAGRAM_MAX], fill = 0, len = 0;
    int from = UNIX_UNNAMED;
    size_t cap = c->len % (DATAGRAM_MAX + 1);
    fer_unix_received got;
    fer_error error = fer_unix_datagram_recv_from(c->handle, bytes, cap, &got);
    if (is_interrupted(p, error)) {
        return;
    }
    check_kind(error, unix_model_receive(c->model, p->wait_kind, &fill, &len, &from));
    if (error.kind != FER_OK) {
        return;
    }
    FUZZ_CHECK(got.len == (len < cap ? len : cap) && got.truncated == (len > cap));
    for (size_t i = 0; i < got.len; i++) {
        FUZZ_CHECK(bytes[i] == fill);
    }
    check_name(&got.from, from);
}

/* ---- The program */

static const struct {
    const char *name;
    void (*run)(struct unix_program *program, const struct call *call);
    bool is_stream;
    bool is_other_form;
} steps[] = {
    {"listen", listen_at, true, false},
    {"connect", connect_to, true, false},
    {"accept", accept_one, true, false},
    {"write", write_some, true, false},
    {"read", read_some, true, false},
    {"pair", pair, true, false},
    {"peek", read_some, true, true},
    {"shutdown", shut_down, true, false},
    {"close", close_one, true, false},
    {"clone", clone, true, false},
    {"names", check_names, true, false},
    {"close listener", close_listener, true, false},
    {"remove", remove_name, true, false},
    {"bind datagram", make_datagram, false, false},
    {"unbound", make_datagram, false, true},
    {"pair datagram", pair, false, false},
    {"connect datagram", connect_datagram, false, false},
    {"send", send_datagram, false, false},
    {"send to", send_datagram, false, true},
    {"receive", receive_datagram, false, false},
    {"shutdown datagram", shut_down, false, false},
    {"close datagram", close_one, false, false},
    {"clone datagram", clone, false, false},
    {"datagram's peer", check_names, false, false},
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
    call.is_stream = steps[step].is_stream;
    call.is_other_form = steps[step].is_other_form;
    call.handle = call.is_stream ? (void *)&program->streams[call.one]
                                 : (void *)&program->datagrams[call.one];
    call.out = call.is_stream ? (void *)&program->streams[call.other]
                              : (void *)&program->datagrams[call.other];
    call.model = (call.is_stream ? program->stream_models : program->datagram_models) + call.one;
    call.out_model =
        (call.is_stream ? program->stream_models : program->datagram_models) + call.other;
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
