/* socket_model.c: what sockets that are built step by step answer; see socket_model.h. Sockets are
 * never used twice in a program. */
#include "fuzz/models/socket_model_state.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

enum { QUEUE_SAFE = 60 };

struct model_socket model_sockets[MODEL_SOCKETS_MAX];
struct model_path model_paths[MODEL_PATHS];

static int used;
static bool windows;
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

void model_begin(fer_sim_dialect dialect)
{
    memset(model_paths, 0, sizeof model_paths);
    used = 0;
    model_had_connections = false;
    windows = dialect == FER_SIM_WINSOCK;
}

bool model_is_windows(void)
{
    return windows;
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

/* As it is by now; a connect that may have ended and may not is still under way. */
socket_state model_socket_state_now(struct model_socket *socket)
{
    if (socket->state == SOCKET_CONNECTING && now() >= socket->latest) {
        socket->state = socket->outcome == OK ? SOCKET_CONNECTED : SOCKET_FAILED;
        model_had_connections = model_had_connections || socket->outcome == OK;
    }
    return socket->state;
}

/* ---- Birth and end */

static model_handle made_handle(const model_handle *handle, int socket, model_state state)
{
    model_handle made = {
        .type = handle->type, .state = state, .socket = socket, .raw = FER_RAW_SOCKET_NONE};
    return made;
}

static void mark_new(model_handle *handle)
{
    handle->state = STATE_NEW;
}

kind_set model_new(const model_handle *handle, fer_domain domain, fer_type type, int protocol,
                   fer_sim_fault fault)
{
    bool is_known =
        (domain == FER_DOMAIN_UNIX || domain == FER_DOMAIN_IPV4 || domain == FER_DOMAIN_IPV6) &&
        (type == FER_TYPE_STREAM || type == FER_TYPE_DGRAM || type == FER_TYPE_RAW);
    if (!is_known || protocol < 0 || !is_empty(handle)) {
        return MISUSE;
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
    FUZZ_CHECK(used < MODEL_SOCKETS_MAX);
    struct model_socket *made = &model_sockets[used++];
    memset(made, 0, sizeof *made);
    made->refs = 1;
    made->domain = domain;
    made->is_stream = type == FER_TYPE_STREAM;
    made->path = MODEL_NO_PATH;
    made->values[OPTION_READ_TIMEOUT] = made->values[OPTION_WRITE_TIMEOUT] = UINT64_MAX;
    made->was_set[OPTION_READ_TIMEOUT] = made->was_set[OPTION_WRITE_TIMEOUT] = true;
    made->was_set[OPTION_REUSE_ADDRESS] = made->was_set[OPTION_REUSE_PORT] =
        made->was_set[OPTION_ONLY_V6] = true;
    return made;
}

void model_new_done(model_handle *handle, fer_domain domain, fer_type type, fer_error error)
{
    if (error.kind != FER_OK) {
        mark_new(handle);
        return;
    }
    (void)model_socket_new(domain, type);
    *handle =
        made_handle(handle, used - 1, type == FER_TYPE_STREAM ? STATE_UNCONNECTED : STATE_OPEN);
}

/* One that its own type's function has opened: its other end, its port and its options are of no
 * interest here. */
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
    *handle = made_handle(handle, used - 1, STATE_OPEN);
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
    bool is_valid = handle->state == STATE_OPEN ||
                    handle->state == STATE_CONNECTING; /* not before: it would not learn of it */
    kind_set status = handle->state == STATE_CONNECTING ? model_connect_status(handle) : OK;
    if (!is_valid) {
        return MISUSE;
    }
    kind_set made = !is_empty(out)                            ? MISUSE
                    : fault == FER_SIM_FAULT_TOO_MANY_HANDLES ? kind_set_of(FER_TOO_MANY_OPEN_FILES)
                                                              : OK;
    return (status & ~OK) | (kind_set_has(status, FER_OK) ? made : 0);
}

void model_clone_done(model_handle *handle, model_handle *out, fer_error error)
{
    if (handle->state == STATE_CONNECTING) {
        bool is_connected = error.kind == FER_OK || error.kind == FER_INVALID_INPUT ||
                            error.kind == FER_TOO_MANY_OPEN_FILES;
        model_connect_reported(handle, is_connected ? (fer_error){FER_OK, 0} : error);
        if (!is_connected) {
            return;
        }
    }
    if (error.kind != FER_OK) {
        out->state = error.kind == FER_INVALID_INPUT ? out->state : STATE_NEW;
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
    bool can = !is_empty(from) && is_empty(to) && model_is_of_type(from, to->type);
    return can ? OK : MISUSE;
}

void model_move_done(model_handle *from, model_handle *to)
{
    model_type type = to->type;
    *to = *from;
    to->type = type;
    from->state = STATE_CLOSED;
}

int model_into_raw(model_handle *handle)
{
    int socket = handle->socket;
    of(handle)->is_uncertain = of(handle)->is_uncertain ||
                               (windows && of(handle)->refs > 1); /* DIFFERENCES.md, raw_mode */
    handle->state = STATE_CLOSED;
    return socket;
}

bool model_raw_is_connected(int socket, bool *uncertain)
{
    struct model_socket *what = &model_sockets[socket];
    socket_state state = model_socket_state_now(what);
    *uncertain = what->is_uncertain || what->peer_is_unknown ||
                 (state == SOCKET_CONNECTING && now() >= what->earliest);
    return state == SOCKET_CONNECTED;
}

/* Windows takes what comes from elsewhere to be blocking. */
void model_from_raw_done(model_handle *handle, int socket, fer_raw_socket raw, bool is_connected)
{
    struct model_socket *what = &model_sockets[socket];
    bool is_open = !what->is_stream || is_connected || what->state == SOCKET_LISTENING;
    *handle = made_handle(handle, socket, is_open ? STATE_OPEN : STATE_UNCONNECTED);
    handle->raw = raw;
    handle->is_adopted = true;
    handle->listens = what->state == SOCKET_LISTENING;
    what->was_shared = true; /* and what was chosen is forgotten */
    what->values[OPTION_NONBLOCKING] = windows ? 0 : what->values[OPTION_NONBLOCKING];
}

/* ---- Options */

enum { NOT_UNIX = 1, NOT_DATAGRAM = 2, NOT_STREAM = 4, NOT_V4 = 8 };

static const uint8_t unsupported_by[OPTION_COUNT] = {
    [OPTION_REUSE_ADDRESS] = NOT_UNIX,
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
    case OPTION_ONLY_V6: return socket->port == UNBOUND;
    default: return true;
    }
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
        return OK | MISUSE; /* too late */
    }
    bool is_unclear = option == OPTION_ONLY_V6 && socket->is_uncertain;
    return (is_in_range(socket, option, value) ? OK : MISUSE) | (is_unclear ? OK | MISUSE : 0);
}

void model_set_option_done(model_handle *handle, model_option option, uint64_t value)
{
    struct model_socket *socket = of(handle);
    socket->was_set[option] = true;
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
    *is_known = socket->was_set[option] && !is_uncertain;
    *value = socket->values[option];
    if (option == OPTION_REUSE_ADDRESS && !handle->reuse_was_set && !handle->is_adopted) {
        *value = socket->is_stream;
    }
    if (option == OPTION_REUSE_ADDRESS && windows && socket->is_stream) {
        *value = 1;
    }
    return OK;
}

/* ---- Binding and listening */

static bool covers(const struct model_socket *one, const fer_ip_addr *ip)
{
    if (!fer_ip_addr_is_unspecified(&one->ip)) {
        return fer_ip_addr_eq(&one->ip, ip);
    }
    return one->ip.family == ip->family ||
           (one->ip.family == FER_IP_V6 && one->values[OPTION_ONLY_V6] == 0);
}

/* What one socket that is bound already makes of another's wish. */
static kind_set bind_conflict(const struct model_socket *holder,
                              const struct model_socket *candidate)
{
    kind_set taken =
        windows ? KIND_SET_2(FER_ADDR_IN_USE, FER_PERMISSION_DENIED) : kind_set_of(FER_ADDR_IN_USE);
    bool both_reuse =
        holder->values[OPTION_REUSE_ADDRESS] != 0 && candidate->values[OPTION_REUSE_ADDRESS] != 0;
    bool both_ports =
        holder->values[OPTION_REUSE_PORT] != 0 && candidate->values[OPTION_REUSE_PORT] != 0;
    if (holder->was_shared || candidate->was_shared || holder->peer_is_unknown ||
        holder->is_uncertain ||
        (holder->state != SOCKET_UNCONNECTED && holder->state != SOCKET_LISTENING)) {
        return OK | taken;
    }
    if (!windows) {
        return both_ports || (both_reuse && holder->state != SOCKET_LISTENING) ? OK : taken;
    }
    if (candidate->is_stream || !both_reuse) {
        /* "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" (MSDN): a wildcard and a specific address
         * may be fine. */
        bool is_alike =
            fer_ip_addr_is_unspecified(&holder->ip) == fer_ip_addr_is_unspecified(&candidate->ip);
        bool is_mixed = !holder->is_exclusive || holder->values[OPTION_REUSE_ADDRESS] !=
                                                     candidate->values[OPTION_REUSE_ADDRESS];
        bool is_stolen = !holder->is_exclusive && candidate->values[OPTION_REUSE_ADDRESS] != 0;
        bool may_be_fine = is_stolen || (is_mixed && !is_alike);
        return taken | (may_be_fine && !candidate->is_stream ? OK : 0);
    }
    return OK;
}

static kind_set bind_conflicts(const struct model_socket *candidate)
{
    kind_set allowed = OK;
    for (int i = 0; i < used; i++) {
        const struct model_socket *other = &model_sockets[i];
        bool is_valid = other->refs > 0 && other != candidate && other->domain != FER_DOMAIN_UNIX &&
                        other->is_stream == candidate->is_stream;
        bool overlaps = covers(other, &candidate->ip) || covers(candidate, &other->ip);
        if (!is_valid || other->port != candidate->port || !overlaps) {
            continue;
        }
        kind_set said = bind_conflict(other, candidate);
        allowed = said == OK                   ? allowed
                  : kind_set_has(said, FER_OK) ? allowed | said
                                               : (allowed & ~OK) | said;
    }
    return allowed;
}

/* Of a handle that did not choose: another one of the same socket may have. */
static void clear_only_v6(const model_handle *handle, struct model_socket *socket)
{
    if (!handle->only_v6_was_set) {
        socket->values[OPTION_ONLY_V6] = 0;
    }
}

/* What bind makes of the options before it asks. */
static void apply_bind_defaults(const model_handle *handle, struct model_socket *socket)
{
    clear_only_v6(handle, socket);
    if (!handle->reuse_was_set || (windows && socket->values[OPTION_REUSE_ADDRESS] == 0)) {
        socket->is_exclusive = windows;
        socket->values[OPTION_REUSE_ADDRESS] =
            windows ? socket->values[OPTION_REUSE_ADDRESS]
                    : socket->is_stream || socket->values[OPTION_REUSE_ADDRESS];
    }
}

kind_set model_bind(const model_handle *handle, const fer_socket_addr *addr)
{
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    struct model_socket *socket = of(handle);
    fer_domain domain = addr->ip.family == FER_IP_V4   ? FER_DOMAIN_IPV4
                        : addr->ip.family == FER_IP_V6 ? FER_DOMAIN_IPV6
                                                       : FER_DOMAIN_UNIX;
    if (socket->domain != domain || domain == FER_DOMAIN_UNIX || socket->port != UNBOUND) {
        return MISUSE;
    }
    if (socket->is_uncertain || handle->is_adopted) {
        clear_only_v6(handle, socket);
        socket->is_exclusive = windows;
        return KIND_SET_ANY;
    }
    apply_bind_defaults(handle, socket);
    if (!fer_ip_addr_is_loopback(&addr->ip) && !fer_ip_addr_is_unspecified(&addr->ip)) {
        return kind_set_of(FER_ADDR_NOT_AVAILABLE) | (socket->was_shared ? MISUSE : 0);
    }
    if (addr->port == 0) {
        return OK | (socket->was_shared ? MISUSE : 0);
    }
    struct model_socket candidate = *socket;
    candidate.port = addr->port;
    candidate.ip = addr->ip;
    socket->port = SOME_PORT;
    kind_set allowed = bind_conflicts(&candidate);
    socket->port = UNBOUND;
    bool may_be_in_time_wait = !windows && model_had_connections && socket->is_stream &&
                               socket->values[OPTION_REUSE_ADDRESS] == 0;
    return allowed | (may_be_in_time_wait ? kind_set_of(FER_ADDR_IN_USE) : 0) |
           (socket->was_shared ? MISUSE : 0);
}

void model_bind_done(model_handle *handle, const fer_socket_addr *addr, fer_error error)
{
    if (error.kind == FER_OK) {
        of(handle)->port = addr->port == 0 ? SOME_PORT : addr->port;
        of(handle)->ip = addr->ip;
    }
}

kind_set model_bind_unix(const model_handle *handle, int path)
{
    if (!model_is_usable(handle) || !is_unix(handle) || of(handle)->path != MODEL_NO_PATH) {
        return MISUSE;
    }
    return of(handle)->peer_is_unknown ? KIND_SET_ANY
           : model_paths[path].exists  ? kind_set_of(FER_ADDR_IN_USE)
                                       : OK;
}

void model_bind_unix_done(model_handle *handle, int path)
{
    of(handle)->path = path;
    model_paths[path].exists = true;
    model_paths[path].owner = handle->socket;
}

void model_remove_path(int path)
{
    model_paths[path].exists = false;
}

kind_set model_listen(const model_handle *handle, int backlog)
{
    bool may_listen =
        handle->state == STATE_UNCONNECTED || (handle->state == STATE_OPEN && handle->listens);
    if (backlog < 0 || !may_listen) {
        return MISUSE;
    }
    struct model_socket *socket = of(handle);
    if (socket->domain == FER_DOMAIN_UNIX) {
        return socket->peer_is_unknown                                              ? KIND_SET_ANY
               : socket->path == MODEL_NO_PATH || socket->state == SOCKET_CONNECTED ? MISUSE
                                                                                    : OK;
    }
    if (socket->is_uncertain || (model_socket_state_now(socket) != SOCKET_UNCONNECTED &&
                                 socket->state != SOCKET_LISTENING)) {
        return KIND_SET_ANY;
    }
    if (socket->port == UNBOUND) {
        apply_bind_defaults(handle, socket);
        return OK | (handle->is_adopted || socket->was_shared ? MISUSE : 0);
    }
    /* Linux asks again; on Windows who is bound may listen. */
    bool binds_again = !windows && socket->port != SOME_PORT && socket->state != SOCKET_LISTENING;
    bool may_conflict = handle->is_adopted || socket->was_shared;
    return (binds_again ? bind_conflicts(socket) : OK) |
           (may_conflict ? KIND_SET_2(FER_OK, FER_ADDR_IN_USE) : 0);
}

void model_listen_done(model_handle *handle, int backlog)
{
    struct model_socket *socket = of(handle);
    handle->listens = true;
    handle->state = STATE_OPEN;
    bool keeps_backlog =
        windows &&
        socket->state == SOCKET_LISTENING; /* "listen function", MSDN; `listening_again` */
    socket->backlog = keeps_backlog ? socket->backlog : backlog;
    socket->state = SOCKET_LISTENING;
    model_had_connections = true;
    if (socket->domain != FER_DOMAIN_UNIX && socket->port == UNBOUND) {
        socket->port = SOME_PORT;
    }
}

bool model_has_listener(const fer_socket_addr *addr, bool *has_room)
{
    bool connect_to_path = false;
    *has_room = true;
    for (int i = 0; i < used; i++) {
        const struct model_socket *socket = &model_sockets[i];
        bool listens = socket->refs > 0 && socket->state == SOCKET_LISTENING &&
                       socket->port == addr->port && covers(socket, &addr->ip);
        connect_to_path = connect_to_path || listens;
        *has_room = *has_room && (!listens || socket->backlog >= QUEUE_SAFE);
    }
    return connect_to_path;
}

int model_local_port(const model_handle *handle)
{
    return of(handle)->is_uncertain ? SOME_PORT : of(handle)->port;
}

kind_set model_local_addr(const model_handle *handle)
{
    return !model_is_usable(handle) ? MISUSE : is_unix(handle) ? UNSUPPORTED : OK;
}
