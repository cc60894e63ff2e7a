/* socket_creation.c: the steps that open, close and move handles; see socket_steps.h. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/socket_calls.h"
#include "fuzz/programs/socket_steps.h"

void socket_step_new(struct socket_program *p, const struct socket_call *c)
{
    static const fer_domain domains[] = {FER_DOMAIN_IPV4, FER_DOMAIN_IPV6, FER_DOMAIN_UNIX,
                                         FER_DOMAIN_IPV4, (fer_domain)7};
    static const fer_type types[] = {FER_TYPE_STREAM, FER_TYPE_DGRAM, FER_TYPE_STREAM, FER_TYPE_RAW,
                                     (fer_type)9};
    static const int protocols[] = {
        0, 0, 0, 0, FER_PROTOCOL_TCP, FER_PROTOCOL_UDP, FER_PROTOCOL_ICMP, -1};
    fer_domain domain = domains[c->arg % 5];
    fer_type type = types[c->arg / 5 % 5];
    int protocol = protocols[c->arg / 25 % 8];
    model_handle *model = &p->models[c->socket];
    kind_set allowed = model_new(model, domain, type, protocol, c->fault);
    socket_arm_fault(c->fault);
    fer_error error = fer_socket_new(&p->handles[c->socket].socket, domain, type, protocol);
    (void)fer_sim_clear_faults();
    socket_check(error, allowed);
    model_new_done(model, domain, type, error);
}

void socket_step_close(struct socket_program *p, const struct socket_call *c)
{
    socket_step_changes();
    socket_close_any(&p->handles[c->at], socket_types[c->at]);
    model_close(&p->models[c->at]);
}

void socket_step_clone(struct socket_program *p, const struct socket_call *c)
{
    size_t out = c->other % SOCKET_BUILT;
    if (model_outcome_is_unknown(&p->models[c->socket])) {
        return;
    }
    if (p->models[c->socket].state == STATE_CONNECTING) {
        socket_step_changes(); /* the handle may become connected */
    }
    kind_set allowed = model_clone(&p->models[c->socket], &p->models[out], c->fault);
    socket_arm_fault(c->fault);
    fer_error error = fer_socket_try_clone(&p->handles[c->socket].socket, &p->handles[out].socket);
    (void)fer_sim_clear_faults();
    socket_check(error, allowed);
    model_clone_done(&p->models[c->socket], &p->models[out], error);
}

void socket_step_into(struct socket_program *p, const struct socket_call *c)
{
    size_t out = SOCKET_BUILT + c->other % (SOCKET_HANDLES - SOCKET_BUILT);
    kind_set allowed = model_move(&p->models[c->socket], &p->models[out]);
    fer_error error =
        socket_into_any(&p->handles[c->socket].socket, &p->handles[out], socket_types[out]);
    socket_check(error, allowed);
    if (error.kind == FER_OK) {
        model_move_done(&p->models[c->socket], &p->models[out]);
    } else {
        model_not_opened(&p->models[out], error);
    }
}

void socket_step_into_raw(struct socket_program *p, const struct socket_call *c)
{
    socket_step_changes();
    size_t slot = c->arg % SOCKET_RAWS;
    if (p->raws[slot] != FER_RAW_SOCKET_NONE) {
        return;
    }
    fer_raw_socket raw = fer_socket_into_raw(&p->handles[c->socket].socket);
    model_handle *model = &p->models[c->socket];
    bool had_one = model->state != STATE_NEW && model->state != STATE_CLOSED;
    FUZZ_CHECK((raw != FER_RAW_SOCKET_NONE) == had_one);
    if (had_one) {
        FUZZ_CHECK(model->raw == FER_RAW_SOCKET_NONE || raw == model->raw ||
                   model_is_released_as_other(model));
        p->raws[slot] = raw;
        p->raw_sockets[slot] = model_into_raw(model);
    }
}

/* The answer of the handle of the socket's own type. */
static model_state reported_state(fer_socket *socket)
{
    fer_socket_addr peer;
    fer_unix_addr name;
    fer_unix_stream stream = {0};
    fer_error error = fer_socket_peer_addr(socket, &peer);
    if (error.kind == FER_UNSUPPORTED &&
        fer_socket_into_unix_stream(socket, &stream).kind == FER_OK) {
        error = fer_unix_stream_peer_addr(&stream, &name);
        FUZZ_CHECK(fer_socket_from_raw(socket, fer_unix_stream_into_raw(&stream)).kind == FER_OK);
    }
    return error.kind == FER_WOULD_BLOCK     ? STATE_CONNECTING
           : error.kind == FER_NOT_CONNECTED ? STATE_UNCONNECTED
                                             : STATE_OPEN;
}

void socket_step_from_raw(struct socket_program *p, const struct socket_call *c)
{
    size_t slot = c->arg % SOCKET_RAWS;
    model_handle *model = &p->models[c->socket];
    bool is_empty = model->state == STATE_NEW || model->state == STATE_CLOSED;
    bool is_valid = p->raws[slot] != FER_RAW_SOCKET_NONE;
    bool uncertain = false;
    model_state state =
        is_valid ? model_raw_state(p->raw_sockets[slot], &uncertain) : STATE_UNCONNECTED;
    fer_socket *socket = &p->handles[c->socket].socket;
    fer_error error = fer_socket_from_raw(socket, p->raws[slot]);
    socket_check(error, kind_set_of(!is_empty ? FER_MISUSE : is_valid ? FER_OK : FER_BAD_HANDLE));
    if (error.kind == FER_OK) {
        state = uncertain ? reported_state(socket) : state;
        model_from_raw_done(model, p->raw_sockets[slot], p->raws[slot], state);
        p->raws[slot] = FER_RAW_SOCKET_NONE;
    } else {
        model_not_opened(model, error);
    }
}

/* Opens a handle by the functions of its type. */
void socket_step_open(struct socket_program *p, const struct socket_call *c)
{
    socket_step_changes();
    size_t at = SOCKET_BUILT + c->other % (SOCKET_HANDLES - SOCKET_BUILT);
    model_handle *model = &p->models[at];
    if (model->state == STATE_NEW || model->state == STATE_CLOSED) {
        fer_error error = socket_open_any(&p->handles[at], socket_types[at]);
        model->state = STATE_NEW;
        if (error.kind == FER_OK) {
            bool is_unix = socket_types[at] >= MODEL_UNIX_STREAM;
            bool is_stream =
                socket_types[at] != MODEL_UDP && socket_types[at] != MODEL_UNIX_DATAGRAM;
            bool listens =
                socket_types[at] == MODEL_TCP_LISTENER || socket_types[at] == MODEL_UNIX_LISTENER;
            model_open(model, is_unix ? FER_DOMAIN_UNIX : FER_DOMAIN_IPV4,
                       is_stream ? FER_TYPE_STREAM : FER_TYPE_DGRAM, listens);
        }
    }
}
