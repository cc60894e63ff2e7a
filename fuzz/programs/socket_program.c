/* socket_program.c: calls on sockets that are built step by step; see socket_program.h. */
#include "fuzz/programs/socket_program.h"

#include <string.h>

#include "ferrule/io.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/socket_calls.h"
#include "fuzz/programs/socket_steps.h"

const model_type socket_types[SOCKET_HANDLES] = {
    MODEL_SOCKET,     MODEL_SOCKET,      MODEL_SOCKET,        MODEL_SOCKET,
    MODEL_TCP_STREAM, MODEL_TCP_STREAM,  MODEL_TCP_LISTENER,  MODEL_UDP,
    MODEL_UDP,        MODEL_UNIX_STREAM, MODEL_UNIX_LISTENER, MODEL_UNIX_DATAGRAM,
};

/* True if every call of the step was misuse. */
static bool was_misuse;

void socket_check(fer_error got, kind_set allowed)
{
    if (!kind_set_has(allowed, got.kind)) {
        fprintf(stderr, "socket: %s; allowed:", fer_error_kind_name(got.kind));
        for (int kind = 0; kind < 128; kind++) {
            const char *name = fer_error_kind_name((fer_error_kind)kind);
            if (strcmp(name, "Unknown") != 0 && kind_set_has(allowed, (fer_error_kind)kind)) {
                fprintf(stderr, " %s", name);
            }
        }
        fprintf(stderr, "\n");
    }
    FUZZ_CHECK(kind_set_has(allowed, got.kind));
    was_misuse = was_misuse && allowed == KIND_SET_REFUSED;
}

/* The step changes a handle without a check of its result, so it is no misuse. */
void socket_step_changes(void)
{
    was_misuse = false;
}

void socket_arm_fault(fer_sim_fault fault)
{
    if (fault != FER_SIM_FAULT_COUNT) {
        FUZZ_CHECK(fer_sim_fault_at(fault, 1).kind == FER_OK);
    }
}

/* ---- Options */

static void set_option_of(fer_socket *socket, model_handle *model, uint8_t arg)
{
    model_option option = (model_option)(arg % OPTION_COUNT);
    uint64_t value = socket_option_value(option, (uint8_t)(arg / OPTION_COUNT));
    kind_set allowed = model_set_option(model, option, value);
    fer_error error = socket_set_option(socket, option, value);
    socket_check(error, allowed);
    if (error.kind == FER_OK) {
        model_set_option_done(model, option, value);
    } else if (error.kind == FER_CONNECTION_RESET) {
        model_set_option_reset(model, option);
    }
}

static void set_option(struct socket_program *p, const struct socket_call *c)
{
    set_option_of(&p->handles[c->socket].socket, &p->models[c->socket], c->arg);
}

static void get_option(struct socket_program *p, const struct socket_call *c)
{
    model_option option = (model_option)(c->arg % OPTION_COUNT);
    uint64_t expected = 0, reported = 0;
    bool is_known = false;
    kind_set allowed = model_get_option(&p->models[c->socket], option, &expected, &is_known);
    fer_error error = socket_get_option(&p->handles[c->socket].socket, option, &reported);
    if (option == OPTION_NONBLOCKING) {
        return; /* it has no getter */
    }
    socket_check(error, allowed);
    if (error.kind == FER_OK && is_known) {
        bool has_grain = option == OPTION_READ_TIMEOUT || option == OPTION_WRITE_TIMEOUT;
        FUZZ_CHECK(has_grain ? reported >= expected && reported - expected < 10000000
                             : reported == expected);
    }
}

static void bind_device(struct socket_program *p, const struct socket_call *c)
{
    static const char *const names[] = {NULL, "", "eth0", "a name of 16 b.", "a name of 16 byt"};
    const char *name = names[c->arg % 5];
    const model_handle *model = &p->models[c->socket];
    uint64_t value;
    bool is_known;
    /* Supported by the same handles: IP's. */
    kind_set allowed = model_get_option(model, OPTION_TTL, &value, &is_known);
    if (kind_set_has(allowed, FER_OK)) {
        bool is_wrong = name != NULL && (name[0] == '\0' || strlen(name) > 15);
        fer_error_kind posix = name == NULL ? FER_OK : FER_NOT_FOUND;
        kind_set of_dead = allowed & kind_set_of(FER_CONNECTION_RESET);
        allowed = of_dead | kind_set_of(is_wrong             ? FER_INVALID_INPUT
                                        : model_is_windows() ? FER_UNSUPPORTED
                                                             : posix);
    }
    socket_check(fer_socket_bind_device(&p->handles[c->socket].socket, name), allowed);
}

/* ---- Names */

static void bind_to(fer_socket *socket, model_handle *model, uint8_t arg)
{
    fer_socket_addr addr = socket_bind_address(arg);
    kind_set allowed = model_bind(model, &addr);
    fer_error error = fer_socket_bind(socket, &addr);
    socket_check(error, allowed);
    model_bind_done(model, &addr, error);
}

/* A handle of another type is lent, which changes its flags. It is bound, or an option is set. */
static void socket_step_lend(struct socket_program *p, const struct socket_call *c)
{
    size_t of = SOCKET_BUILT + c->other % (SOCKET_HANDLES - SOCKET_BUILT);
    fer_socket *lent = socket_lend_any(&p->handles[of], socket_types[of]);
    socket_step_changes();
    FUZZ_CHECK(fer_socket_as_raw(lent) == fer_socket_as_raw(&p->handles[of].socket));
    if (c->arg % 2 != 0) {
        set_option_of(lent, &p->models[of], (uint8_t)(c->arg / 2));
    } else {
        bind_to(lent, &p->models[of], (uint8_t)(c->arg / 2));
    }
}

static void bind_addr(struct socket_program *p, const struct socket_call *c)
{
    bind_to(&p->handles[c->socket].socket, &p->models[c->socket], c->arg);
}

static void bind_path(struct socket_program *p, const struct socket_call *c)
{
    int path = c->arg % MODEL_PATHS;
    model_handle *model = &p->models[c->socket];
    fer_unix_addr addr = socket_path(path);
    kind_set allowed = model_bind_unix(model, path);
    fer_error error = fer_socket_bind_unix(&p->handles[c->socket].socket, &addr);
    socket_check(error, allowed);
    if (error.kind == FER_OK) {
        model_bind_unix_done(model, path);
    }
}

static void start_listening(struct socket_program *p, const struct socket_call *c)
{
    static const int backlogs[] = {128, 4096, 0, 1, -1};
    int backlog = backlogs[c->arg % 5];
    model_handle *model = &p->models[c->socket];
    kind_set allowed = model_listen(model, backlog);
    fer_error error = fer_socket_listen(&p->handles[c->socket].socket, backlog);
    socket_check(error, allowed);
    if (error.kind == FER_OK) {
        model_listen_done(model, backlog);
    }
}

static void local_addr(struct socket_program *p, const struct socket_call *c)
{
    fer_socket_addr addr;
    const model_handle *model = &p->models[c->socket];
    fer_error error = fer_socket_local_addr(&p->handles[c->socket].socket, &addr);
    socket_check(error, model_local_addr(model));
    if (error.kind == FER_OK) {
        int port = model_local_port(model);
        FUZZ_CHECK(port == -1 ? true : addr.port == port);
    }
}

static void let_time_pass(struct socket_program *p, const struct socket_call *c)
{
    static const uint64_t millis[] = {1, 0, 5, 60, 250, 3000, 22000, 130000};
    (void)p;
    FUZZ_CHECK(fer_sim_advance(fer_duration_from_millis(millis[c->arg % 8])).kind == FER_OK);
}

/* ---- Queries */

static bool is_stream(size_t at)
{
    return socket_types[at] == MODEL_TCP_STREAM || socket_types[at] == MODEL_UNIX_STREAM;
}

static void peer_addr(struct socket_program *p, const struct socket_call *c)
{
    model_handle *model = &p->models[c->at];
    if ((socket_types[c->at] != MODEL_SOCKET && socket_types[c->at] != MODEL_TCP_STREAM) ||
        model_outcome_is_unknown(model)) {
        return;
    }
    kind_set allowed = model_peer_addr(model);
    fer_error error = socket_peer_addr_any(&p->handles[c->at], socket_types[c->at]);
    socket_check(error, allowed);
    model_peer_addr_done(model, error);
}

static void take_error(struct socket_program *p, const struct socket_call *c)
{
    model_handle *model = &p->models[c->at];
    fer_error taken = {FER_OK, 0};
    kind_set taken_allowed;
    if ((socket_types[c->at] != MODEL_SOCKET && !is_stream(c->at)) ||
        model_outcome_is_unknown(model)) {
        return;
    }
    kind_set allowed = model_take_error(model, &taken_allowed);
    fer_error error = socket_take_error_any(&p->handles[c->at], socket_types[c->at], &taken);
    socket_check(error, allowed);
    if (error.kind == FER_OK) {
        socket_check(taken, taken_allowed);
    }
    model_take_error_done(model, error, taken);
}

/* Checks a connect that is still pending for the model. */
static void check_connecting(struct socket_program *p, const struct socket_call *c)
{
    if (p->models[c->at].state == STATE_CONNECTING) {
        take_error(p, c);
    }
}

static void read_some(struct socket_program *p, const struct socket_call *c)
{
    if (is_stream(c->at) && !model_outcome_is_unknown(&p->models[c->at])) {
        kind_set allowed = model_read(&p->models[c->at]);
        fer_error error = socket_read_any(&p->handles[c->at], socket_types[c->at]);
        socket_check(error, allowed);
        model_transfer_done(&p->models[c->at], error);
        check_connecting(p, c);
    }
}

static void write_some(struct socket_program *p, const struct socket_call *c)
{
    if (is_stream(c->at) && !model_outcome_is_unknown(&p->models[c->at])) {
        kind_set allowed = model_write(&p->models[c->at]);
        fer_error error = socket_write_any(&p->handles[c->at], socket_types[c->at]);
        socket_check(error, allowed);
        model_transfer_done(&p->models[c->at], error);
        check_connecting(p, c);
    }
}

static void shutdown_one(struct socket_program *p, const struct socket_call *c)
{
    model_handle *model = &p->models[c->at];
    if (is_stream(c->at) && model->state != STATE_OPEN && !model_outcome_is_unknown(model)) {
        kind_set allowed = model_shutdown(model);
        fer_error error = socket_shutdown_any(&p->handles[c->at], socket_types[c->at]);
        socket_check(error, allowed);
        model_shutdown_done(model, error);
    }
}

static void send_one(struct socket_program *p, const struct socket_call *c)
{
    size_t n = 77;
    kind_set allowed = socket_within_limits(p, c->socket, model_send(&p->models[c->socket]));
    socket_check(fer_socket_send(&p->handles[c->socket].socket, "a", 1, &n), allowed);
    FUZZ_CHECK(n <= 1);
}

static void receive_one(struct socket_program *p, const struct socket_call *c)
{
    uint8_t byte;
    fer_udp_received got;
    kind_set allowed = socket_within_limits(p, c->socket, model_receive(&p->models[c->socket]));
    socket_check(fer_socket_recv_from(&p->handles[c->socket].socket, &byte, 1, &got), allowed);
}

/* ---- The program's own listeners */

static void accept_one(struct socket_program *p, const struct socket_call *c)
{
    size_t at = socket_types[c->at] == MODEL_UNIX_LISTENER ? 9 : 4;
    bool is_listener =
        socket_types[c->at] == MODEL_UNIX_LISTENER || socket_types[c->at] == MODEL_TCP_LISTENER;
    model_handle *out = &p->models[at];
    if (is_listener && p->models[c->at].state == STATE_OPEN &&
        model_never_waits(&p->models[c->at]) &&
        (out->state == STATE_NEW || out->state == STATE_CLOSED)) {
        fer_error error = socket_accept_any(&p->handles[c->at], &p->handles[at], socket_types[at]);
        socket_check(error, KIND_SET_2(FER_OK, FER_WOULD_BLOCK));
        if (error.kind == FER_OK) {
            out->state = STATE_NEW; /* after an error the handle is as it was */
            model_accepted(&p->models[c->at], out,
                           socket_types[at] == MODEL_UNIX_STREAM ? FER_DOMAIN_UNIX
                                                                 : FER_DOMAIN_IPV4);
        }
    }
}

/* A peer connects. The result depends on the listeners and their families. */
static void probe(struct socket_program *p, const struct socket_call *c)
{
    fer_socket_addr addr = socket_destination((uint8_t)(DESTINATION_OWN + c->arg % 2)).addr;
    bool is_certain = true;
    bool connect_to_path = model_has_listener(&addr, &is_certain);
    bool is_dropped = model_is_bsd() && model_is_bound_only(&addr);
    (void)p;
    if (is_certain && !is_dropped) {
        FUZZ_CHECK(socket_peer_can_connect(&addr) == connect_to_path);
    }
}

static void remove_path(struct socket_program *p, const struct socket_call *c)
{
    (void)p;
    socket_remove_path(c->arg % MODEL_PATHS);
    model_remove_path(c->arg % MODEL_PATHS);
}

/* ---- The program */

static const struct {
    const char *name;
    void (*run)(struct socket_program *program, const struct socket_call *call);
} steps[] = {
    {"new", socket_step_new},
    {"connect", socket_step_connect},
    {"connect_timeout", socket_step_connect_timeout},
    {"take_error", take_error},
    {"set option", set_option},
    {"bind", bind_addr},
    {"listen", start_listening},
    {"into", socket_step_into},
    {"lend", socket_step_lend},
    {"advance", let_time_pass},
    {"peer_addr", peer_addr},
    {"read", read_some},
    {"write", write_some},
    {"close", socket_step_close},
    {"clone", socket_step_clone},
    {"get option", get_option},
    {"bind_unix", bind_path},
    {"connect_unix", socket_step_connect_path},
    {"into_raw", socket_step_into_raw},
    {"from_raw", socket_step_from_raw},
    {"open", socket_step_open},
    {"probe", probe},
    {"local_addr", local_addr},
    {"accept", accept_one},
    {"shutdown", shutdown_one},
    {"send", send_one},
    {"receive", receive_one},
    {"bind_device", bind_device},
    {"remove", remove_path},
    {"limits", socket_step_limits}, /* only if the program has limits */
};
enum { STEP_COUNT = sizeof steps / sizeof *steps };

/* The raw socket of a handle never changes, and no other handle has it. All types consist of one
 * fer_handle. */
static void check_numbers(struct socket_program *p)
{
    for (size_t i = 0; i < SOCKET_HANDLES; i++) {
        model_handle *model = &p->models[i];
        fer_raw_socket raw = fer_socket_as_raw(&p->handles[i].socket);
        bool has_one = model->state != STATE_NEW && model->state != STATE_CLOSED;
        FUZZ_CHECK((raw != FER_RAW_SOCKET_NONE) == has_one);
        model->raw = model->raw == FER_RAW_SOCKET_NONE ? raw : model->raw;
        FUZZ_CHECK(!has_one || raw == model->raw);
        for (size_t j = 0; j < i && has_one; j++) {
            FUZZ_CHECK(fer_socket_as_raw(&p->handles[j].socket) != raw);
        }
    }
}

void socket_program_step(struct socket_program *program, choices *from)
{
    static const fer_sim_fault faults[] = {FER_SIM_FAULT_REFUSED, FER_SIM_FAULT_UNREACHABLE,
                                           FER_SIM_FAULT_NO_BUFFERS, FER_SIM_FAULT_TOO_MANY_HANDLES,
                                           FER_SIM_FAULT_INTERRUPTED};
    struct socket_call call = {.fault = FER_SIM_FAULT_COUNT};
    uint8_t step = choose_byte(from);
    uint8_t which = choose_byte(from);
    call.arg = choose_byte(from);
    call.at = which % SOCKET_HANDLES;
    call.socket = which % SOCKET_BUILT;
    call.other = which / SOCKET_HANDLES;
    if (step >= 224) {
        call.fault = faults[step % 5];
    }
    step = (uint8_t)(step % 32 % (program->limits.are_used ? STEP_COUNT : STEP_COUNT - 1));
    if (getenv("FERRULE_FUZZ_TRACE") != NULL) {
        fprintf(stderr, "%s %zu, %zu, %zu, arg %d, fault %d, at %llu\n", steps[step].name, call.at,
                call.socket, call.other, call.arg, (int)call.fault,
                (unsigned long long)fer_sim_now().nanos);
    }
    socket_any before[SOCKET_HANDLES];
    memcpy(before, program->handles, sizeof before);
    was_misuse = true;
    steps[step].run(program, &call);
    bool is_same = memcmp(before, program->handles, sizeof before) == 0;
    FUZZ_CHECK(is_same || !was_misuse);
    /* Scheduled events happen before the next call. */
    FUZZ_CHECK(fer_sim_advance(fer_duration_from_secs(0)).kind == FER_OK);
    check_numbers(program);
    socket_end_limits(program);
}

void socket_program_begin(struct socket_program *program, const fer_sim_config *config)
{
    memset(program, 0, sizeof *program);
    program->dialect = config->dialect;
    model_begin(config);
    for (size_t i = 0; i < SOCKET_HANDLES; i++) {
        program->models[i].type = socket_types[i];
        program->models[i].raw = FER_RAW_SOCKET_NONE;
    }
    for (size_t i = 0; i < SOCKET_RAWS; i++) {
        program->raws[i] = FER_RAW_SOCKET_NONE;
    }
    socket_network_begin();
    FUZZ_CHECK(fer_cancel_token_new(&program->limits.token).kind == FER_OK);
    for (size_t i = 0; i < SOCKET_BUILT; i++) {
        program->limits_of[i] = LIMITS_NONE;
    }
}

/* The options and getters that the model does not have: they agree on what is open. */
static void check_other_options(fer_socket *socket)
{
    static const uint64_t millis[] = {0, 1, 2000, UINT64_C(30) * 86400 * 1000};
    fer_domain domain = FER_DOMAIN_IPV4;
    fer_type type = FER_TYPE_STREAM;
    fer_unix_addr name;
    int protocol = 0;
    bool is_on = false;
    bool is_open = fer_socket_domain(socket, &domain).kind == FER_OK;
    FUZZ_CHECK((fer_socket_type(socket, &type).kind == FER_OK) == is_open);
    FUZZ_CHECK((fer_socket_protocol(socket, &protocol).kind == FER_OK) == is_open);
    FUZZ_CHECK((fer_socket_is_listening(socket, &is_on).kind == FER_OK) == is_open);
    FUZZ_CHECK((fer_socket_local_addr_unix(socket, &name).kind == FER_UNSUPPORTED) ==
               (is_open && domain != FER_DOMAIN_UNIX));
    for (size_t i = 0; i <= sizeof millis / sizeof *millis; i++) {
        fer_duration set = i == 4 ? FER_DURATION_NONE : fer_duration_from_millis(millis[i]);
        fer_duration got = {77};
        if (fer_socket_set_tcp_user_timeout(socket, set).kind == FER_OK) {
            FUZZ_CHECK(fer_socket_tcp_user_timeout(socket, &got).kind == FER_OK);
            FUZZ_CHECK(got.nanos != 77);
        }
    }
    FUZZ_CHECK((fer_socket_set_inheritable(socket, true).kind == FER_OK) == is_open);
    FUZZ_CHECK(!is_open || (fer_socket_inheritable(socket, &is_on).kind == FER_OK && is_on));
}

/* Only a stream that does not listen is one of any type, and only a listener accepts. */
static void check_views(fer_socket *socket)
{
    fer_stream stream = fer_socket_as_stream(socket);
    fer_type type = FER_TYPE_STREAM;
    bool listens = false;
    fer_socket accepted = {0};
    if (fer_socket_type(socket, &type).kind != FER_OK) {
        return;
    }
    FUZZ_CHECK(fer_socket_is_listening(socket, &listens).kind == FER_OK);
    bool is_stream = type == FER_TYPE_STREAM && !listens;
    FUZZ_CHECK(fer_stream_as_raw(stream) ==
               (is_stream ? fer_socket_as_raw(socket) : FER_RAW_SOCKET_NONE));
    FUZZ_CHECK(is_stream || fer_stream_write(stream, NULL, 0, NULL).kind == FER_MISUSE);
    FUZZ_CHECK(listens || fer_socket_try_accept(socket, &accepted, NULL).kind == FER_INVALID_INPUT);
}

void socket_program_end(struct socket_program *program)
{
    for (size_t i = 0; i < SOCKET_BUILT; i++) {
        check_views(&program->handles[i].socket);
        check_other_options(&program->handles[i].socket);
    }
    fer_cancel_token_close(&program->limits.token);
    for (size_t i = 0; i < SOCKET_HANDLES; i++) {
        socket_close_any(&program->handles[i], socket_types[i]);
    }
    for (size_t i = 0; i < SOCKET_RAWS; i++) {
        fer_socket rest = {0};
        if (program->raws[i] != FER_RAW_SOCKET_NONE) {
            FUZZ_CHECK(fer_socket_from_raw(&rest, program->raws[i]).kind == FER_OK);
            fer_socket_close(&rest);
        }
    }
}
