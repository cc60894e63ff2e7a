/* socket_connects.c: when connects end and how, and what is answered meanwhile; see
 * socket_model.h. */
#include "fuzz/models/socket_model_state.h"

#include "fuzz/driver/fuzz.h"

#define MOVED KINDS2(FER_CONNECTION_RESET, FER_BROKEN_PIPE)

/* ---- Connecting */

static model_connect answered(kinds allowed)
{
    model_connect connect = {.allowed = allowed, .end = allowed};
    return connect;
}

static model_connect misused(void)
{
    model_connect connect = {.allowed = MISUSE, .is_misuse = true};
    return connect;
}

/* How it ends and when, by the destination or by what was armed. */
static model_connect begun(struct model_socket *socket, const model_destination *to,
                           fer_sim_fault fault)
{
    model_connect connect = {.begins = true,
                             .end = kinds_one(to->end),
                             .least = now() + to->least,
                             .most = now() + to->most};
    bool has_room = true;
    if (to->is_own) {
        connect.end =
            model_has_listener(&to->addr, &has_room) ? OK : kinds_one(FER_CONNECTION_REFUSED);
        socket->is_loose = true;
    }
    if (fault == FER_SIM_FAULT_REFUSED || fault == FER_SIM_FAULT_UNREACHABLE) {
        connect.end = fault == FER_SIM_FAULT_REFUSED
                          ? kinds_one(FER_CONNECTION_REFUSED)
                          : KINDS2(FER_HOST_UNREACHABLE, FER_NETWORK_UNREACHABLE);
        connect.least = connect.most = now();
    }
    return connect;
}

/* How long the caller waits for it. */
static kinds waited(const model_connect *connect, fer_duration timeout)
{
    uint64_t deadline = timeout.nanos < UINT64_MAX - now() ? now() + timeout.nanos : UINT64_MAX;
    kinds allowed = deadline >= connect->least ? connect->end : 0;
    return allowed | (deadline <= connect->most ? kinds_one(FER_TIMED_OUT) : 0);
}

static bool is_nowhere(const model_handle *handle, const model_destination *to)
{
    fer_ip_family family = of(handle)->domain == FER_DOMAIN_IPV6 ? FER_IP_V6 : FER_IP_V4;
    return is_unix(handle) || to->addr.ip.family != family;
}

/* A datagram socket has a peer at once, or no way there. */
static model_connect datagram_connect(const model_handle *handle, const model_destination *to)
{
    if (to->addr.port == 0) {
        return misused();
    }
    const struct model_socket *socket = of(handle);
    bool is_cut_off = to->is_mapped && socket->values[OPTION_ONLY_V6] != 0;
    bool is_bound = socket->is_loose || socket->was_shared ||
                    socket->port != UNBOUND; /* perhaps to the other family's */
    return answered(is_cut_off ? ~(OK | MISUSE | PENDING) : is_bound ? ~(MISUSE | PENDING) : OK);
}

model_connect model_connect_to(const model_handle *handle, const model_destination *to,
                               fer_sim_fault fault, fer_duration timeout)
{
    bool has_timeout = timeout.nanos != UINT64_MAX;
    if (!model_is_usable(handle) || is_nowhere(handle, to) || timeout.nanos == 0) {
        return misused();
    }
    struct model_socket *socket = of(handle);
    if (!socket->is_stream) {
        return datagram_connect(handle, to);
    }
    if (handle->life != LIFE_FRESH) {
        return misused();
    }
    if (to->addr.port == 0) {
        return answered(kinds_one(FER_CONNECTION_REFUSED));
    }
    if (socket->is_murky || model_life_now(socket) != SOCKET_FRESH) {
        socket->is_murky = true;
        return answered(KINDS_ANY);
    }
    if (to->is_mapped && socket->values[OPTION_ONLY_V6] != 0) {
        return answered(kinds_one(FER_NETWORK_UNREACHABLE));
    }
    if (fault == FER_SIM_FAULT_NO_BUFFERS) {
        return answered(kinds_one(FER_NO_BUFFER_SPACE));
    }
    model_connect connect = begun(socket, to, fault);
    bool waits = has_timeout || socket->values[OPTION_NONBLOCKING] == 0;
    connect.allowed = waits ? waited(&connect, timeout) : PENDING;
    return connect;
}

static void failed(model_handle *handle, fer_error reason)
{
    handle->life = LIFE_FAILED;
    handle->reason = reason;
    of(handle)->is_murky = of(handle)->is_murky || of(handle)->refs > 1;
}

static void succeeded(model_handle *handle)
{
    model_had_connections = true;
    handle->life = LIFE_OPEN;
    of(handle)->life = of(handle)->is_murky ? of(handle)->life : SOCKET_CONNECTED;
}

void model_connect_did(model_handle *handle, const model_connect *connect, fer_error error,
                       bool has_timeout)
{
    struct model_socket *socket = of(handle);
    if (connect->is_misuse) {
        return;
    }
    if (!socket->is_stream) {
        socket->is_loose = true;
        socket->port = socket->port == UNBOUND && error.kind == FER_OK ? SOME_PORT : socket->port;
        return;
    }
    if (connect->begins) {
        socket->life = SOCKET_CONNECTING;
        socket->end = connect->end;
        socket->least = connect->least;
        socket->most = connect->most;
        socket->port = socket->port == UNBOUND ? SOME_PORT : socket->port;
        fer_ip_addr of_everybody = {.family =
                                        socket->domain == FER_DOMAIN_IPV6 ? FER_IP_V6 : FER_IP_V4};
        socket->ip = of_everybody;
    }
    if (error.kind == FER_WOULD_BLOCK) {
        FUZZ_CHECK(!has_timeout);
        handle->life = LIFE_CONNECTING;
    } else if (error.kind == FER_OK) {
        succeeded(handle);
    } else {
        /* An expired timeout has no code of the system's, and what the system says has one. */
        bool is_own = error.kind == FER_TIMED_OUT && has_timeout && now() < connect->most;
        FUZZ_CHECK(!is_own || error.os_code == 0);
        failed(handle, error);
    }
}

/* ---- Unix names, where a connect ends at once */

static kinds found(const model_handle *handle, int path)
{
    if (!model_paths[path].exists) {
        return kinds_one(model_is_windows() ? FER_CONNECTION_REFUSED : FER_NOT_FOUND);
    }
    const struct model_socket *owner = &model_sockets[model_paths[path].owner];
    if (owner->refs == 0 || (owner->is_stream && owner->life != SOCKET_LISTENING)) {
        return kinds_one(FER_CONNECTION_REFUSED);
    }
    if (!owner->is_stream) {
        return kinds_one(FER_UNCATEGORIZED); /* EPROTOTYPE */
    }
    if (owner->queued <= owner->backlog) {
        return OK;
    }
    kinds full = model_is_windows()                            ? kinds_one(FER_CONNECTION_REFUSED)
                 : of(handle)->values[OPTION_NONBLOCKING] != 0 ? PENDING
                                                               : kinds_one(FER_DEADLOCK);
    return full | (model_is_windows() ? OK : 0); /* accept may have passed over the dead */
}

kinds model_connect_unix(const model_handle *handle, int path, fer_sim_fault fault)
{
    if (!model_is_usable(handle) || !is_unix(handle) || handle->life != LIFE_FRESH) {
        return MISUSE;
    }
    if (of(handle)->life != SOCKET_FRESH || of(handle)->is_murky) {
        of(handle)->is_murky = true;
        return KINDS_ANY;
    }
    return fault == FER_SIM_FAULT_REFUSED ? kinds_one(FER_CONNECTION_REFUSED) : found(handle, path);
}

void model_connect_unix_did(model_handle *handle, int path, fer_error error)
{
    struct model_socket *socket = of(handle);
    socket->is_loose = true;
    if (error.kind == FER_OK) {
        model_sockets[model_paths[path].owner].queued++;
        succeeded(handle);
    } else if (error.kind != FER_WOULD_BLOCK && error.kind != FER_DEADLOCK) {
        failed(handle, error);
    }
}

void model_accepted(model_handle *listener, model_handle *out, fer_domain domain)
{
    struct model_socket *socket = of(listener);
    socket->queued -= socket->queued > 0;
    model_open(out, domain, FER_TYPE_STREAM, false);
}

/* ---- While a connect is under way */

bool model_is_hidden(const model_handle *handle)
{
    return handle->life == LIFE_CONNECTING && of(handle)->is_murky;
}

/* What of it may be told now: that it is under way, that it is there (OK), why it failed. */
kinds model_standing(const model_handle *handle)
{
    const struct model_socket *socket = of(handle);
    if (socket->is_murky) {
        return KINDS_ANY;
    }
    kinds told = now() >= socket->least ? socket->end : 0;
    bool may_be_late = model_is_windows() && !handle->late_told && !kinds_has(socket->end, FER_OK);
    return told | (now() <= socket->most || may_be_late ? PENDING : 0);
}

void model_stood(model_handle *handle, fer_error said)
{
    if (said.kind == FER_WOULD_BLOCK) {
        handle->late_told = handle->late_told || now() > of(handle)->most;
    } else if (said.kind == FER_OK) {
        succeeded(handle);
    } else {
        failed(handle, said);
    }
}

kinds model_peer_addr(const model_handle *handle)
{
    if (is_empty(handle) || handle->life == LIFE_FAILED) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    if (socket->domain == FER_DOMAIN_UNIX) {
        return UNSUPPORTED;
    }
    if (handle->life == LIFE_FRESH) {
        return UNCONNECTED;
    }
    if (handle->life == LIFE_CONNECTING) {
        return model_standing(handle);
    }
    return handle->listens                        ? UNCONNECTED
           : socket->is_loose || socket->is_murky ? OK | UNCONNECTED
           : socket->is_stream                    ? OK
                                                  : UNCONNECTED;
}

void model_peer_addr_did(model_handle *handle, fer_error error)
{
    if (handle->life == LIFE_CONNECTING && error.kind != FER_UNSUPPORTED) {
        model_stood(handle, error);
    }
}

kinds model_take_error(const model_handle *handle, kinds *taken)
{
    *taken = OK;
    if (is_empty(handle)) {
        return MISUSE;
    }
    struct model_socket *socket = of(handle);
    if (handle->life == LIFE_FAILED) {
        *taken = kinds_one(handle->reason.kind);
        return OK;
    }
    if (handle->life == LIFE_CONNECTING) {
        kinds said = model_standing(handle);
        *taken = said & ~PENDING;
        return (said & ~PENDING) == 0 ? PENDING : OK | (said & PENDING);
    }
    if (socket->is_stream && handle->life == LIFE_FRESH && socket->life != SOCKET_FRESH) {
        socket->is_murky = true; /* what it takes, the one that connects is not told */
    }
    *taken = socket->is_loose || socket->is_murky ? KINDS_ANY : OK;
    return OK;
}

void model_take_error_did(model_handle *handle, fer_error error, fer_error taken)
{
    if (handle->life == LIFE_FAILED) {
        FUZZ_CHECK(taken.os_code == handle->reason.os_code);
    } else if (handle->life == LIFE_CONNECTING) {
        model_stood(handle, error.kind == FER_OK ? taken : error);
    }
}

/* ---- Bytes, of which the network's own peers send none */

static kinds idle(const model_handle *handle)
{
    const struct model_socket *socket = of(handle);
    bool ends = socket->values[OPTION_READ_TIMEOUT] != UINT64_MAX;
    return socket->values[OPTION_NONBLOCKING] != 0 ? PENDING
                                                   : kinds_one(ends ? FER_TIMED_OUT : FER_DEADLOCK);
}

bool model_waits_end(const model_handle *handle)
{
    return is_empty(handle) || of(handle)->values[OPTION_NONBLOCKING] != 0;
}

static kinds not_open(const model_handle *handle)
{
    switch (handle->life) {
    case LIFE_NEW:
    case LIFE_FRESH: return UNCONNECTED;
    case LIFE_FAILED:
    case LIFE_CLOSED: return MISUSE;
    default: return OK;
    }
}

kinds model_read(const model_handle *handle)
{
    if (handle->life == LIFE_CONNECTING) {
        kinds said = model_standing(handle);
        return (said & ~OK) | (kinds_has(said, FER_OK) ? idle(handle) : 0);
    }
    if (handle->life != LIFE_OPEN) {
        return not_open(handle);
    }
    const struct model_socket *socket = of(handle);
    return socket->is_murky ? KINDS_ANY : idle(handle) | (socket->is_loose ? OK | MOVED : 0);
}

void model_read_did(model_handle *handle, fer_error error)
{
    if (handle->life != LIFE_CONNECTING || error.kind == FER_WOULD_BLOCK) {
        return; /* take_error tells more */
    }
    bool is_idle =
        error.kind == FER_DEADLOCK || (error.kind == FER_TIMED_OUT && error.os_code == 0);
    model_stood(handle, is_idle ? (fer_error){FER_OK, 0} : error);
}

kinds model_write(const model_handle *handle)
{
    if (handle->life == LIFE_CONNECTING) {
        return model_standing(handle);
    }
    if (handle->life != LIFE_OPEN) {
        return not_open(handle);
    }
    const struct model_socket *socket = of(handle);
    return socket->is_murky ? KINDS_ANY : socket->is_loose ? KINDS_ANY & ~MISUSE : OK;
}

kinds model_shutdown(const model_handle *handle)
{
    if (handle->life != LIFE_CONNECTING) {
        return not_open(handle);
    }
    kinds said = model_standing(handle);
    return (said & ~PENDING) | (kinds_has(said, FER_WOULD_BLOCK) ? UNCONNECTED : 0);
}

void model_shutdown_did(model_handle *handle, fer_error error)
{
    if (handle->life == LIFE_CONNECTING && error.kind != FER_NOT_CONNECTED) {
        model_stood(handle, error);
        of(handle)->is_loose = true;
    }
}

kinds model_send(const model_handle *handle)
{
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    return socket->is_stream || is_unix(handle) ? UNSUPPORTED
           : socket->is_loose                   ? KINDS_ANY & ~MISUSE
                                                : UNCONNECTED;
}

kinds model_receive(const model_handle *handle)
{
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    bool is_reached = socket->is_loose || socket->port != UNBOUND; /* by another of the program */
    kinds moved = is_reached || socket->is_murky ? KINDS_ANY & ~MISUSE : 0;
    return socket->is_stream || is_unix(handle) ? UNSUPPORTED : idle(handle) | moved;
}
