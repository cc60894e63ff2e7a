/* socket_model.c: creation, moves and options of the model of built sockets; see socket_model.h. No
 * socket is used twice in a program. */
#include "fuzz/models/socket_model_state.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

struct model_socket model_sockets[MODEL_SOCKETS_MAX];
struct model_path model_paths[MODEL_PATHS];

static bool windows;
static bool is_bsd;
static fer_sim_bsd bsd;
static bool ended_streams_keep_options;
int model_socket_count;
bool model_had_connections;

kind_set kind_set_of(fer_error_kind kind)
{
    int bit = kind == FER_UNCATEGORIZED ? 63 : kind >= 64 ? (int)kind - 64 + 48 : (int)kind;
    return UINT64_C(1) << bit;
}

bool kind_set_has(kind_set set, fer_error_kind kind)
{
    return (set & kind_set_of(kind)) != 0;
}

void model_begin(const fer_sim_config *config)
{
    memset(model_paths, 0, sizeof model_paths);
    model_socket_count = 0;
    model_had_connections = false;
    windows = config->dialect == FER_SIM_DIALECT_WINSOCK;
    is_bsd = config->dialect == FER_SIM_DIALECT_BSD;
    bsd = config->bsd;
    ended_streams_keep_options = model_is(FER_SIM_BSD_MACOS);
}

bool model_is_windows(void)
{
    return windows;
}

bool model_is_bsd(void)
{
    return is_bsd;
}

bool model_is(fer_sim_bsd system)
{
    return is_bsd && bsd == system;
}

bool model_is_usable(const model_handle *handle)
{
    return !is_empty(handle) && handle->state != STATE_FAILED;
}

bool model_is_of_type(const model_handle *handle, model_type type)
{
    static const struct {
        bool is_unix, is_stream, listens;
    } of_type[] = {
        [MODEL_TCP_STREAM] = {false, true, false},  [MODEL_TCP_LISTENER] = {false, true, true},
        [MODEL_UDP] = {false, false, false},        [MODEL_UNIX_STREAM] = {true, true, false},
        [MODEL_UNIX_LISTENER] = {true, true, true}, [MODEL_UNIX_DATAGRAM] = {true, false, false},
    };
    return type == MODEL_SOCKET || (is_unix(handle) == of_type[type].is_unix &&
                                    of(handle)->is_stream == of_type[type].is_stream &&
                                    handle->listens == of_type[type].listens);
}

/* The state at this moment. A connect that may have ended, but need not, is still pending. */
socket_state model_socket_state_now(struct model_socket *socket)
{
    if (socket->state == SOCKET_CONNECTING && now() >= socket->latest) {
        socket->state = socket->outcome == OK ? SOCKET_CONNECTED : SOCKET_FAILED;
        model_had_connections = model_had_connections || socket->outcome == OK;
    }
    return socket->state;
}

/* ---- Creation and close */

static model_handle made_handle(const model_handle *handle, int socket, model_state state)
{
    model_handle made = {
        .type = handle->type, .state = state, .socket = socket, .raw = FER_RAW_SOCKET_NONE};
    return made;
}

void model_not_opened(model_handle *handle, fer_error error)
{
    handle->state = error.kind == FER_MISUSE ? handle->state : STATE_NEW;
}

kind_set model_new(const model_handle *handle, fer_domain domain, fer_type type, int protocol,
                   fer_sim_fault fault)
{
    bool is_known =
        (domain == FER_DOMAIN_UNIX || domain == FER_DOMAIN_IPV4 || domain == FER_DOMAIN_IPV6) &&
        (type == FER_TYPE_STREAM || type == FER_TYPE_DGRAM || type == FER_TYPE_RAW);
    if (!is_empty(handle)) {
        return kind_set_of(FER_MISUSE);
    }
    if (!is_known || protocol < 0) {
        return kind_set_of(FER_INVALID_INPUT);
    }
    if (type == FER_TYPE_RAW) {
        return domain == FER_DOMAIN_UNIX ? UNSUPPORTED : kind_set_of(FER_PERMISSION_DENIED);
    }
    bool is_default_protocol =
        protocol == (type == FER_TYPE_STREAM ? FER_PROTOCOL_TCP : FER_PROTOCOL_UDP) &&
        domain != FER_DOMAIN_UNIX;
    if ((protocol != 0 && !is_default_protocol) ||
        (windows && domain == FER_DOMAIN_UNIX && type == FER_TYPE_DGRAM)) {
        return UNSUPPORTED;
    }
    return fault == FER_SIM_FAULT_NO_BUFFERS         ? kind_set_of(FER_NO_BUFFER_SPACE)
           : fault == FER_SIM_FAULT_TOO_MANY_HANDLES ? kind_set_of(FER_TOO_MANY_OPEN_FILES)
                                                     : OK;
}

struct model_socket *model_socket_new(fer_domain domain, fer_type type)
{
    FUZZ_CHECK(model_socket_count < MODEL_SOCKETS_MAX);
    struct model_socket *made = &model_sockets[model_socket_count++];
    memset(made, 0, sizeof *made);
    made->refs = 1;
    made->domain = domain;
    made->is_stream = type == FER_TYPE_STREAM;
    made->path = MODEL_NO_PATH;
    made->values[OPTION_ONLY_V6] = model_is(FER_SIM_BSD_OPENBSD); /* rule L4 */
    made->values[OPTION_READ_TIMEOUT] = made->values[OPTION_WRITE_TIMEOUT] = UINT64_MAX;
    made->was_set[OPTION_READ_TIMEOUT] = made->was_set[OPTION_WRITE_TIMEOUT] = true;
    made->was_set[OPTION_REUSE_ADDRESS] = made->was_set[OPTION_REUSE_PORT] =
        made->was_set[OPTION_ONLY_V6] = true;
    return made;
}

void model_new_done(model_handle *handle, fer_domain domain, fer_type type, fer_error error)
{
    if (error.kind != FER_OK) {
        model_not_opened(handle, error);
        return;
    }
    (void)model_socket_new(domain, type);
    *handle = made_handle(handle, model_socket_count - 1,
                          type == FER_TYPE_STREAM ? STATE_UNCONNECTED : STATE_OPEN);
}

/* A handle that a function of its own type has opened. Its peer, port and options are not
 * modelled. */
void model_open(model_handle *handle, fer_domain domain, fer_type type, bool listens)
{
    struct model_socket *made = model_socket_new(domain, type);
    made->state = listens                   ? SOCKET_LISTENING
                  : type == FER_TYPE_STREAM ? SOCKET_CONNECTED
                                            : SOCKET_UNCONNECTED;
    made->port = domain == FER_DOMAIN_UNIX ? UNBOUND : SOME_PORT;
    made->peer_is_unknown = true;
    made->is_exclusive = windows;
    made->was_set[OPTION_REUSE_ADDRESS] = made->was_set[OPTION_ONLY_V6] = false;
    *handle = made_handle(handle, model_socket_count - 1, STATE_OPEN);
    handle->listens = listens;
}

void model_close(model_handle *handle)
{
    if (!is_empty(handle)) {
        (void)model_socket_state_now(of(handle));
        of(handle)->refs--;
        handle->state = STATE_CLOSED;
    }
}

kind_set model_clone(const model_handle *handle, const model_handle *out, fer_sim_fault fault)
{
    /* An unconnected handle cannot be cloned: the clone would not notice a connect. */
    bool is_valid = handle->state == STATE_OPEN || handle->state == STATE_CONNECTING;
    if (!is_valid || !is_empty(out)) {
        return kind_set_of(FER_MISUSE);
    }
    kind_set status = handle->state == STATE_CONNECTING ? model_connect_status(handle) : OK;
    kind_set made =
        fault == FER_SIM_FAULT_TOO_MANY_HANDLES ? kind_set_of(FER_TOO_MANY_OPEN_FILES) : OK;
    return (status & ~OK) | (kind_set_has(status, FER_OK) ? made : 0);
}

void model_clone_done(model_handle *handle, model_handle *out, fer_error error)
{
    if (handle->state == STATE_CONNECTING && error.kind != FER_MISUSE) {
        bool is_connected = error.kind == FER_OK || error.kind == FER_TOO_MANY_OPEN_FILES;
        model_connect_reported(handle, is_connected ? (fer_error){FER_OK, 0} : error);
    }
    if (error.kind != FER_OK) {
        model_not_opened(out, error);
        return;
    }
    model_type type = out->type;
    *out = *handle;
    out->type = type;
    out->raw = FER_RAW_SOCKET_NONE;
    of(handle)->refs++;
    of(handle)->was_shared = true;
}

kind_set model_move(const model_handle *from, const model_handle *to)
{
    if (is_empty(from) || !is_empty(to)) {
        return kind_set_of(FER_MISUSE);
    }
    return model_is_of_type(from, to->type) ? OK : kind_set_of(FER_INVALID_INPUT);
}

void model_move_done(model_handle *from, model_handle *to)
{
    model_type type = to->type;
    *to = *from;
    to->type = type;
    from->state = STATE_CLOSED;
}

bool model_is_released_as_other(const model_handle *handle)
{
    return windows && !model_sockets[handle->socket].is_stream;
}

int model_into_raw(model_handle *handle)
{
    int socket = handle->socket;
    /* DIFFERENCES.md, raw_mode. */
    of(handle)->is_uncertain = of(handle)->is_uncertain || (windows && of(handle)->refs > 1);
    handle->state = STATE_CLOSED;
    return socket;
}

/* Whether Windows reports a pending connect depends on the config (pending_has_no_peer). A listener
 * is certain, whatever was unknown of its socket before. */
model_state model_raw_state(int socket, bool *uncertain)
{
    struct model_socket *what = &model_sockets[socket];
    socket_state state = model_socket_state_now(what);
    bool is_connecting = what->is_stream && state == SOCKET_CONNECTING;
    *uncertain = what->is_stream && state != SOCKET_LISTENING &&
                 (what->is_uncertain || what->peer_is_unknown ||
                  (is_connecting && (windows || now() >= what->earliest)));
    bool is_open = !what->is_stream || state == SOCKET_CONNECTED || state == SOCKET_LISTENING;
    return is_connecting ? STATE_CONNECTING : is_open ? STATE_OPEN : STATE_UNCONNECTED;
}

/* Windows takes an adopted socket to be in blocking mode. */
void model_from_raw_done(model_handle *handle, int socket, fer_raw_socket raw, model_state state)
{
    struct model_socket *what = &model_sockets[socket];
    *handle = made_handle(handle, socket, state);
    handle->raw = raw;
    handle->is_adopted = true;
    handle->listens = what->state == SOCKET_LISTENING;
    what->was_shared = true; /* its options are unknown to the new handle */
    what->values[OPTION_NONBLOCKING] = windows ? 0 : what->values[OPTION_NONBLOCKING];
}

/* ---- Options */

enum { NOT_UNIX = 1, NOT_DATAGRAM = 2, NOT_STREAM = 4, NOT_V4 = 8 };

static const uint8_t unsupported_by[OPTION_COUNT] = {
    [OPTION_REUSE_ADDRESS] = 0,
    [OPTION_REUSE_PORT] = NOT_UNIX,
    [OPTION_ONLY_V6] = NOT_UNIX | NOT_V4,
    [OPTION_KEEPALIVE] = NOT_UNIX | NOT_DATAGRAM,
    [OPTION_LINGER] = NOT_DATAGRAM,
    [OPTION_NODELAY] = NOT_UNIX | NOT_DATAGRAM,
    [OPTION_TTL] = NOT_UNIX,
    [OPTION_TOS] = NOT_UNIX,
    [OPTION_BROADCAST] = NOT_UNIX | NOT_STREAM,
};

static bool is_unsupported(const struct model_socket *socket, model_option option)
{
    uint8_t what = (uint8_t)(socket->domain == FER_DOMAIN_UNIX   ? NOT_UNIX
                             : socket->domain == FER_DOMAIN_IPV4 ? NOT_V4
                                                                 : 0);
    what |= (uint8_t)(socket->is_stream ? NOT_STREAM : NOT_DATAGRAM);
    return (unsupported_by[option] & what) != 0 || (windows && option == OPTION_REUSE_PORT);
}

static bool is_in_range(const struct model_socket *socket, model_option option, uint64_t value)
{
    switch (option) {
    case OPTION_TTL: return value >= 1 && value <= 255;
    case OPTION_TOS: return value <= 255 && (!socket->is_stream || value % 4 == 0);
    case OPTION_RECV_BUFFER:
    case OPTION_SEND_BUFFER:
    case OPTION_READ_TIMEOUT:
    case OPTION_WRITE_TIMEOUT: return value != 0;
    case OPTION_ONLY_V6:
        return socket->port == UNBOUND && (value != 0 || !model_is(FER_SIM_BSD_OPENBSD));
    default: return true;
    }
}

/* Row ended_option: FreeBSD, NetBSD and OpenBSD. A failed connect counts too. */
kind_set model_kinds_of_dead(const struct model_socket *socket)
{
    bool may_be_dead = socket->is_stream && socket->domain != FER_DOMAIN_UNIX &&
                       (socket->peer_is_unknown || socket->is_uncertain ||
                        (socket->state != SOCKET_UNCONNECTED && socket->state != SOCKET_LISTENING));
    return is_bsd && !model_is(FER_SIM_BSD_MACOS) && may_be_dead ? kind_set_of(FER_CONNECTION_RESET)
                                                                 : 0;
}

kind_set model_set_option(const model_handle *handle, model_option option, uint64_t value)
{
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    if (is_unsupported(socket, option)) {
        return UNSUPPORTED;
    }
    if (option == OPTION_REUSE_ADDRESS && windows && socket->is_exclusive &&
        (socket->port != UNBOUND || socket->was_shared)) {
        return OK | MISUSE; /* the option is set too late */
    }
    bool is_unclear = option == OPTION_ONLY_V6 && socket->is_uncertain;
    return (is_in_range(socket, option, value) ? OK : MISUSE) | model_kinds_of_dead(socket) |
           (is_unclear ? OK | MISUSE : 0);
}

/* DIFFERENCES.md, ended_option. */
static bool may_keep_options(const struct model_socket *socket)
{
    bool may_have_failed = socket->state == SOCKET_FAILED ||
                           (socket->state == SOCKET_CONNECTING && socket->outcome != OK);
    return (ended_streams_keep_options && socket->is_stream &&
            (socket->peer_is_unknown || socket->is_uncertain || may_have_failed)) ||
           model_kinds_of_dead(socket) != 0;
}

void model_set_option_reset(const model_handle *handle, model_option option)
{
    of(handle)->was_set[option] = false;
}

void model_set_option_done(model_handle *handle, model_option option, uint64_t value)
{
    struct model_socket *socket = of(handle);
    socket->was_set[option] = !may_keep_options(socket);
    if (option == OPTION_ONLY_V6) {
        handle->only_v6_was_set = true;
    }
    if (option == OPTION_REUSE_ADDRESS) {
        handle->reuse_was_set = true;
        value = windows && socket->is_stream ? 1 : value;
        socket->is_exclusive = socket->is_exclusive && value == 0;
    }
    socket->values[option] = value;
}

/* A clone that was released and adopted again has its own on Windows, and timeouts of its own on
 * every system if it listens. DIFFERENCES.md, raw_mode. */
static bool is_own_of_clone(const struct model_socket *socket, model_option option)
{
    bool is_timeout = option == OPTION_READ_TIMEOUT || option == OPTION_WRITE_TIMEOUT;
    return ((is_timeout || option == OPTION_LINGER) && windows && socket->is_uncertain) ||
           (is_timeout && socket->state == SOCKET_LISTENING && socket->was_shared);
}

kind_set model_get_option(const model_handle *handle, model_option option, uint64_t *value,
                          bool *is_known)
{
    *is_known = false;
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    if (is_unsupported(socket, option)) {
        return UNSUPPORTED;
    }
    bool is_chosen = option == OPTION_REUSE_ADDRESS || option == OPTION_ONLY_V6;
    bool is_uncertain = socket->was_shared && is_chosen;
    /* A BSD's datagram sockets share by SO_REUSEPORT, which set_reuse_address sets too. */
    bool is_sharing = is_bsd && option == OPTION_REUSE_PORT && !socket->is_stream;
    *is_known =
        socket->was_set[option] && !is_uncertain && !is_own_of_clone(socket, option) && !is_sharing;
    *value = socket->values[option];
    if (option == OPTION_REUSE_ADDRESS && !handle->reuse_was_set && !handle->is_adopted) {
        *value = socket->is_stream;
    }
    if (option == OPTION_REUSE_ADDRESS && windows && socket->is_stream) {
        *value = 1;
    }
    if (option == OPTION_REUSE_ADDRESS && socket->domain == FER_DOMAIN_UNIX) {
        *value = 0;
        *is_known = true;
    }
    return OK | model_kinds_of_dead(socket);
}
