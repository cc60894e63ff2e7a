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

kinds kinds_one(fer_error_kind kind)
{
    int bit = kind == FER_UNCATEGORIZED ? 63 : kind >= 64 ? (int)kind - 64 + 48 : (int)kind;
    return UINT64_C(1) << bit;
}

bool kinds_has(kinds set, fer_error_kind kind)
{
    return (set & kinds_one(kind)) != 0;
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
    return !is_empty(handle) && handle->life != LIFE_FAILED;
}

bool model_is_of_kind(const model_handle *handle, model_type type)
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
socket_life model_life_now(struct model_socket *socket)
{
    if (socket->life == SOCKET_CONNECTING && now() >= socket->most) {
        socket->life = socket->end == OK ? SOCKET_CONNECTED : SOCKET_FAILED;
        model_had_connections = model_had_connections || socket->end == OK;
    }
    return socket->life;
}

/* ---- Birth and end */

static model_handle filled(const model_handle *handle, int socket, model_life life)
{
    model_handle made = {
        .type = handle->type, .life = life, .socket = socket, .raw = FER_RAW_SOCKET_NONE};
    return made;
}

static void unfilled(model_handle *handle)
{
    handle->life = LIFE_NEW;
}

kinds model_new(const model_handle *handle, fer_domain domain, fer_type type, int protocol,
                fer_sim_fault fault)
{
    bool is_known =
        (domain == FER_DOMAIN_UNIX || domain == FER_DOMAIN_IPV4 || domain == FER_DOMAIN_IPV6) &&
        (type == FER_TYPE_STREAM || type == FER_TYPE_DGRAM || type == FER_TYPE_RAW);
    if (!is_known || protocol < 0 || !is_empty(handle)) {
        return MISUSE;
    }
    if (type == FER_TYPE_RAW) {
        return domain == FER_DOMAIN_UNIX ? UNSUPPORTED : kinds_one(FER_PERMISSION_DENIED);
    }
    bool is_own = protocol == (type == FER_TYPE_STREAM ? FER_PROTOCOL_TCP : FER_PROTOCOL_UDP) &&
                  domain != FER_DOMAIN_UNIX;
    if ((protocol != 0 && !is_own) ||
        (windows && domain == FER_DOMAIN_UNIX && type == FER_TYPE_DGRAM)) {
        return UNSUPPORTED;
    }
    return fault == FER_SIM_FAULT_NO_BUFFERS         ? kinds_one(FER_NO_BUFFER_SPACE)
           : fault == FER_SIM_FAULT_TOO_MANY_HANDLES ? kinds_one(FER_TOO_MANY_OPEN_FILES)
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

void model_new_did(model_handle *handle, fer_domain domain, fer_type type, fer_error error)
{
    if (error.kind != FER_OK) {
        unfilled(handle);
        return;
    }
    (void)model_socket_new(domain, type);
    *handle = filled(handle, used - 1, type == FER_TYPE_STREAM ? LIFE_FRESH : LIFE_OPEN);
}

/* One that its own type's function has opened: its other end, its port and its options are of no
 * interest here. */
void model_open(model_handle *handle, fer_domain domain, fer_type type, bool listens)
{
    struct model_socket *made = model_socket_new(domain, type);
    made->life = listens                   ? SOCKET_LISTENING
                 : type == FER_TYPE_STREAM ? SOCKET_CONNECTED
                                           : SOCKET_FRESH;
    made->port = domain == FER_DOMAIN_UNIX ? UNBOUND : SOME_PORT;
    made->is_loose = true;
    made->is_exclusive = windows;
    made->was_set[OPTION_REUSE_ADDRESS] = made->was_set[OPTION_ONLY_V6] = false;
    *handle = filled(handle, used - 1, LIFE_OPEN);
    handle->listens = listens;
}

void model_close(model_handle *handle)
{
    if (!is_empty(handle)) {
        (void)model_life_now(of(handle));
        of(handle)->refs--;
        handle->life = LIFE_CLOSED;
    }
}

kinds model_clone(const model_handle *handle, const model_handle *out, fer_sim_fault fault)
{
    bool is_there = handle->life == LIFE_OPEN ||
                    handle->life == LIFE_CONNECTING; /* not before: it would not learn of it */
    kinds standing = handle->life == LIFE_CONNECTING ? model_standing(handle) : OK;
    if (!is_there) {
        return MISUSE;
    }
    kinds made = !is_empty(out)                            ? MISUSE
                 : fault == FER_SIM_FAULT_TOO_MANY_HANDLES ? kinds_one(FER_TOO_MANY_OPEN_FILES)
                                                           : OK;
    return (standing & ~OK) | (kinds_has(standing, FER_OK) ? made : 0);
}

void model_clone_did(model_handle *handle, model_handle *out, fer_error error)
{
    if (handle->life == LIFE_CONNECTING) {
        bool is_connected = error.kind == FER_OK || error.kind == FER_INVALID_INPUT ||
                            error.kind == FER_TOO_MANY_OPEN_FILES;
        model_stood(handle, is_connected ? (fer_error){FER_OK, 0} : error);
        if (!is_connected) {
            return;
        }
    }
    if (error.kind != FER_OK) {
        out->life = error.kind == FER_INVALID_INPUT ? out->life : LIFE_NEW;
        return;
    }
    model_type type = out->type;
    *out = *handle;
    out->type = type;
    out->raw = FER_RAW_SOCKET_NONE;
    of(handle)->refs++;
    of(handle)->was_shared = true;
}

kinds model_move(const model_handle *from, const model_handle *to)
{
    bool can = !is_empty(from) && is_empty(to) && model_is_of_kind(from, to->type);
    return can ? OK : MISUSE;
}

void model_move_did(model_handle *from, model_handle *to)
{
    model_type type = to->type;
    *to = *from;
    to->type = type;
    from->life = LIFE_CLOSED;
}

int model_into_raw(model_handle *handle)
{
    int socket = handle->socket;
    of(handle)->is_murky =
        of(handle)->is_murky || (windows && of(handle)->refs > 1); /* DIFFERENCES.md, raw_mode */
    handle->life = LIFE_CLOSED;
    return socket;
}

bool model_raw_is_connected(int socket, bool *uncertain)
{
    struct model_socket *what = &model_sockets[socket];
    socket_life life = model_life_now(what);
    *uncertain =
        what->is_murky || what->is_loose || (life == SOCKET_CONNECTING && now() >= what->least);
    return life == SOCKET_CONNECTED;
}

/* Windows takes what comes from elsewhere to be blocking. */
void model_from_raw_did(model_handle *handle, int socket, fer_raw_socket raw, bool is_connected)
{
    struct model_socket *what = &model_sockets[socket];
    bool is_open = !what->is_stream || is_connected || what->life == SOCKET_LISTENING;
    *handle = filled(handle, socket, is_open ? LIFE_OPEN : LIFE_FRESH);
    handle->raw = raw;
    handle->is_foreign = true;
    handle->listens = what->life == SOCKET_LISTENING;
    what->was_shared = true; /* and what was chosen is forgotten */
    what->values[OPTION_NONBLOCKING] = windows ? 0 : what->values[OPTION_NONBLOCKING];
}

/* ---- Options */

enum { LACKS_UNIX = 1, LACKS_DATAGRAM = 2, LACKS_STREAM = 4, LACKS_V4 = 8 };

static const uint8_t lacks[OPTION_COUNT] = {
    [OPTION_REUSE_ADDRESS] = LACKS_UNIX,
    [OPTION_REUSE_PORT] = LACKS_UNIX,
    [OPTION_ONLY_V6] = LACKS_UNIX | LACKS_V4,
    [OPTION_KEEPALIVE] = LACKS_UNIX | LACKS_DATAGRAM,
    [OPTION_LINGER] = LACKS_DATAGRAM,
    [OPTION_NODELAY] = LACKS_UNIX | LACKS_DATAGRAM,
    [OPTION_TTL] = LACKS_UNIX,
    [OPTION_TOS] = LACKS_UNIX,
    [OPTION_BROADCAST] = LACKS_UNIX | LACKS_STREAM,
};

static bool is_lacking(const struct model_socket *socket, model_option option)
{
    uint8_t what = (uint8_t)(socket->domain == FER_DOMAIN_UNIX   ? LACKS_UNIX
                             : socket->domain == FER_DOMAIN_IPV4 ? LACKS_V4
                                                                 : 0);
    what |= (uint8_t)(socket->is_stream ? LACKS_STREAM : LACKS_DATAGRAM);
    return (lacks[option] & what) != 0 || (windows && option == OPTION_REUSE_PORT);
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

kinds model_set_option(const model_handle *handle, model_option option, uint64_t value)
{
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    if (is_lacking(socket, option)) {
        return UNSUPPORTED;
    }
    if (option == OPTION_REUSE_ADDRESS && windows && socket->is_exclusive &&
        (socket->port != UNBOUND || socket->was_shared)) {
        return OK | MISUSE; /* too late */
    }
    bool is_unclear = option == OPTION_ONLY_V6 && socket->is_murky;
    return (is_in_range(socket, option, value) ? OK : MISUSE) | (is_unclear ? OK | MISUSE : 0);
}

void model_set_option_did(model_handle *handle, model_option option, uint64_t value)
{
    struct model_socket *socket = of(handle);
    socket->was_set[option] = true;
    if (option == OPTION_ONLY_V6) {
        handle->v6_chosen = true;
    }
    if (option == OPTION_REUSE_ADDRESS) {
        handle->reuse_chosen = true;
        value = windows && socket->is_stream ? 1 : value;
        socket->is_exclusive = socket->is_exclusive && value == 0;
    }
    socket->values[option] = value;
}

kinds model_option_told(const model_handle *handle, model_option option, uint64_t *value,
                        bool *is_known)
{
    *is_known = false;
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    if (is_lacking(socket, option)) {
        return UNSUPPORTED;
    }
    bool is_chosen = option == OPTION_REUSE_ADDRESS || option == OPTION_ONLY_V6;
    bool is_murky = socket->was_shared && is_chosen;
    *is_known = socket->was_set[option] && !is_murky;
    *value = socket->values[option];
    if (option == OPTION_REUSE_ADDRESS && !handle->reuse_chosen && !handle->is_foreign) {
        *value = socket->is_stream;
    }
    if (option == OPTION_REUSE_ADDRESS && windows && socket->is_stream) {
        *value = 1;
    }
    return OK;
}

/* ---- Binding and listening */

static bool takes_in(const struct model_socket *one, const fer_ip_addr *ip)
{
    if (!fer_ip_addr_is_unspecified(&one->ip)) {
        return fer_ip_addr_eq(&one->ip, ip);
    }
    return one->ip.family == ip->family ||
           (one->ip.family == FER_IP_V6 && one->values[OPTION_ONLY_V6] == 0);
}

/* What one socket that is bound already makes of another's wish. */
static kinds verdict(const struct model_socket *first, const struct model_socket *wanting)
{
    kinds taken =
        windows ? KINDS2(FER_ADDR_IN_USE, FER_PERMISSION_DENIED) : kinds_one(FER_ADDR_IN_USE);
    bool both_reuse =
        first->values[OPTION_REUSE_ADDRESS] != 0 && wanting->values[OPTION_REUSE_ADDRESS] != 0;
    bool both_ports =
        first->values[OPTION_REUSE_PORT] != 0 && wanting->values[OPTION_REUSE_PORT] != 0;
    if (first->was_shared || wanting->was_shared || first->is_loose || first->is_murky ||
        (first->life != SOCKET_FRESH && first->life != SOCKET_LISTENING)) {
        return OK | taken;
    }
    if (!windows) {
        return both_ports || (both_reuse && first->life != SOCKET_LISTENING) ? OK : taken;
    }
    if (wanting->is_stream || !both_reuse) {
        /* "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" (MSDN): a wildcard and a specific address
         * may be fine. */
        bool is_alike =
            fer_ip_addr_is_unspecified(&first->ip) == fer_ip_addr_is_unspecified(&wanting->ip);
        bool is_mixed = !first->is_exclusive || first->values[OPTION_REUSE_ADDRESS] !=
                                                    wanting->values[OPTION_REUSE_ADDRESS];
        bool is_stolen = !first->is_exclusive && wanting->values[OPTION_REUSE_ADDRESS] != 0;
        bool may_be_fine = is_stolen || (is_mixed && !is_alike);
        return taken | (may_be_fine && !wanting->is_stream ? OK : 0);
    }
    return OK;
}

static kinds verdicts(const struct model_socket *wanting)
{
    kinds allowed = OK;
    for (int i = 0; i < used; i++) {
        const struct model_socket *other = &model_sockets[i];
        bool is_there = other->refs > 0 && other != wanting && other->domain != FER_DOMAIN_UNIX &&
                        other->is_stream == wanting->is_stream;
        bool overlaps = takes_in(other, &wanting->ip) || takes_in(wanting, &other->ip);
        if (!is_there || other->port != wanting->port || !overlaps) {
            continue;
        }
        kinds said = verdict(other, wanting);
        allowed = said == OK                ? allowed
                  : kinds_has(said, FER_OK) ? allowed | said
                                            : (allowed & ~OK) | said;
    }
    return allowed;
}

/* Of a handle that did not choose: another one of the same socket may have. */
static void take_both_families(const model_handle *handle, struct model_socket *socket)
{
    if (!handle->v6_chosen) {
        socket->values[OPTION_ONLY_V6] = 0;
    }
}

/* What bind makes of the options before it asks. */
static void prepare(const model_handle *handle, struct model_socket *socket)
{
    take_both_families(handle, socket);
    if (!handle->reuse_chosen || (windows && socket->values[OPTION_REUSE_ADDRESS] == 0)) {
        socket->is_exclusive = windows;
        socket->values[OPTION_REUSE_ADDRESS] =
            windows ? socket->values[OPTION_REUSE_ADDRESS]
                    : socket->is_stream || socket->values[OPTION_REUSE_ADDRESS];
    }
}

kinds model_bind(const model_handle *handle, const fer_socket_addr *addr)
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
    if (socket->is_murky || handle->is_foreign) {
        take_both_families(handle, socket);
        socket->is_exclusive = windows;
        return KINDS_ANY;
    }
    prepare(handle, socket);
    if (!fer_ip_addr_is_loopback(&addr->ip) && !fer_ip_addr_is_unspecified(&addr->ip)) {
        return kinds_one(FER_ADDR_NOT_AVAILABLE) | (socket->was_shared ? MISUSE : 0);
    }
    if (addr->port == 0) {
        return OK | (socket->was_shared ? MISUSE : 0);
    }
    struct model_socket wanting = *socket;
    wanting.port = addr->port;
    wanting.ip = addr->ip;
    socket->port = SOME_PORT;
    kinds allowed = verdicts(&wanting);
    socket->port = UNBOUND;
    bool rests = !windows && model_had_connections && socket->is_stream &&
                 socket->values[OPTION_REUSE_ADDRESS] == 0;
    return allowed | (rests ? kinds_one(FER_ADDR_IN_USE) : 0) | (socket->was_shared ? MISUSE : 0);
}

void model_bind_did(model_handle *handle, const fer_socket_addr *addr, fer_error error)
{
    if (error.kind == FER_OK) {
        of(handle)->port = addr->port == 0 ? SOME_PORT : addr->port;
        of(handle)->ip = addr->ip;
    }
}

kinds model_bind_unix(const model_handle *handle, int path)
{
    if (!model_is_usable(handle) || !is_unix(handle) || of(handle)->path != MODEL_NO_PATH) {
        return MISUSE;
    }
    return of(handle)->is_loose       ? KINDS_ANY
           : model_paths[path].exists ? kinds_one(FER_ADDR_IN_USE)
                                      : OK;
}

void model_bind_unix_did(model_handle *handle, int path)
{
    of(handle)->path = path;
    model_paths[path].exists = true;
    model_paths[path].owner = handle->socket;
}

void model_remove_path(int path)
{
    model_paths[path].exists = false;
}

kinds model_listen(const model_handle *handle, int backlog)
{
    bool may_listen = handle->life == LIFE_FRESH || (handle->life == LIFE_OPEN && handle->listens);
    if (backlog < 0 || !may_listen) {
        return MISUSE;
    }
    struct model_socket *socket = of(handle);
    if (socket->domain == FER_DOMAIN_UNIX) {
        return socket->is_loose                                                    ? KINDS_ANY
               : socket->path == MODEL_NO_PATH || socket->life == SOCKET_CONNECTED ? MISUSE
                                                                                   : OK;
    }
    if (socket->is_murky ||
        (model_life_now(socket) != SOCKET_FRESH && socket->life != SOCKET_LISTENING)) {
        return KINDS_ANY;
    }
    if (socket->port == UNBOUND) {
        prepare(handle, socket);
        return OK | (handle->is_foreign || socket->was_shared ? MISUSE : 0);
    }
    /* Linux asks again; on Windows who is bound may listen. */
    bool asks = !windows && socket->port != SOME_PORT && socket->life != SOCKET_LISTENING;
    bool may_lose = handle->is_foreign || socket->was_shared;
    return (asks ? verdicts(socket) : OK) | (may_lose ? KINDS2(FER_OK, FER_ADDR_IN_USE) : 0);
}

void model_listen_did(model_handle *handle, int backlog)
{
    struct model_socket *socket = of(handle);
    handle->listens = true;
    handle->life = LIFE_OPEN;
    bool keeps_backlog =
        windows &&
        socket->life == SOCKET_LISTENING; /* "listen function", MSDN; `listening_again` */
    socket->backlog = keeps_backlog ? socket->backlog : backlog;
    socket->life = SOCKET_LISTENING;
    model_had_connections = true;
    if (socket->domain != FER_DOMAIN_UNIX && socket->port == UNBOUND) {
        socket->port = SOME_PORT;
    }
}

bool model_has_listener(const fer_socket_addr *addr, bool *has_room)
{
    bool found = false;
    *has_room = true;
    for (int i = 0; i < used; i++) {
        const struct model_socket *socket = &model_sockets[i];
        bool listens = socket->refs > 0 && socket->life == SOCKET_LISTENING &&
                       socket->port == addr->port && takes_in(socket, &addr->ip);
        found = found || listens;
        *has_room = *has_room && (!listens || socket->backlog >= QUEUE_SAFE);
    }
    return found;
}

int model_local_port(const model_handle *handle)
{
    return of(handle)->is_murky ? SOME_PORT : of(handle)->port;
}

kinds model_local_addr(const model_handle *handle)
{
    return !model_is_usable(handle) ? MISUSE : is_unix(handle) ? UNSUPPORTED : OK;
}
