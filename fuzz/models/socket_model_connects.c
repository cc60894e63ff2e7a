/* socket_model_connects.c: when connects end and how, and the results of calls while one is
 * pending; see socket_model.h. */
#include "fuzz/models/socket_model_state.h"

#include "fuzz/driver/fuzz.h"

#define AFTER_RESET KIND_SET_2(FER_CONNECTION_RESET, FER_BROKEN_PIPE)

/* Row connect_s_own_limit. */
#define BSD_CONNECT_NANOS UINT64_C(75000000000)

/* ---- Connecting */

static model_connect immediate_connect(kind_set allowed)
{
    model_connect connect = {.allowed = allowed, .outcome = allowed};
    return connect;
}

static model_connect misuse_connect(void)
{
    model_connect connect = {.allowed = MISUSE, .is_misuse = true};
    return connect;
}

/* The address that a wildcard address becomes. Of no loopback address the machine has one for each
 * IP version, which the wildcard address stands for. */
static fer_ip_addr source_for(const struct model_socket *socket, const fer_socket_addr *to)
{
    fer_ip_addr ip = fer_ip_addr_to_canonical(to->ip);
    bool is_chosen = fer_ip_addr_is_unspecified(socket->ip) && fer_ip_addr_is_loopback(ip);
    return is_chosen ? ip : socket->ip;
}

static bool has_pair(const struct model_socket *socket, const fer_ip_addr *source,
                     const fer_socket_addr *to)
{
    return socket->remote.port == to->port && fer_ip_addr_eq(socket->source, *source) &&
           fer_ip_addr_eq(fer_ip_addr_to_canonical(socket->remote.ip),
                          fer_ip_addr_to_canonical(to->ip));
}

/* What a connect returns because another connection has both addresses (row ports_exhausted), or 0.
 * The program's own listener may have such a connection after its client was closed. */
static kind_set kinds_of_taken_pair(const struct model_socket *socket, const model_destination *to)
{
    fer_ip_addr source = source_for(socket, &to->addr);
    kind_set taken = kind_set_of(model_is_windows() || model_is_bsd() ? FER_ADDR_IN_USE
                                                                      : FER_ADDR_NOT_AVAILABLE);
    kind_set kinds = 0;
    for (int i = 0; i < model_socket_count; i++) {
        struct model_socket *other = &model_sockets[i];
        bool is_open = other->refs > 0;
        if (other == socket || !other->is_stream || other->port <= 0 ||
            other->port != socket->port || !(is_open || to->is_local)) {
            continue;
        }
        socket_state state = model_socket_state_now(other);
        bool has_begun = state == SOCKET_CONNECTING || state == SOCKET_CONNECTED;
        bool is_unclear = other->is_uncertain || other->peer_is_unknown || !is_open ||
                          (other->outcome != OK && now() >= other->earliest);
        if (other->is_uncertain || (has_begun && has_pair(other, &source, &to->addr))) {
            kinds |= is_unclear ? KIND_SET_ANY : taken;
        }
    }
    return kinds;
}

/* The outcome and its time, by the destination or by the injected fault. */
static model_connect started(struct model_socket *socket, const model_destination *to,
                             fer_sim_fault fault)
{
    model_connect connect = {.starts = true,
                             .outcome = kind_set_of(to->outcome),
                             .earliest = now() + to->delay,
                             .latest = now() + to->delay};
    bool is_certain = true;
    socket->source = source_for(socket, &to->addr);
    socket->remote = to->addr;
    if (to->is_local) {
        connect.outcome =
            model_has_listener(&to->addr, &is_certain) ? OK : kind_set_of(FER_CONNECTION_REFUSED);
        socket->peer_is_unknown = true;
        /* Rows bound_port_is_silent and wildcard_beside_specific. */
        if (model_is_bsd() && model_is_bound_only(&to->addr)) {
            connect.outcome = OK | KIND_SET_2(FER_CONNECTION_REFUSED, FER_CONNECTION_TIMED_OUT);
            connect.latest = now() + BSD_CONNECT_NANOS;
            socket->is_uncertain = true;
        }
    }
    if (fault == FER_SIM_FAULT_REFUSED || fault == FER_SIM_FAULT_UNREACHABLE) {
        connect.outcome = fault == FER_SIM_FAULT_REFUSED
                              ? kind_set_of(FER_CONNECTION_REFUSED)
                              : KIND_SET_2(FER_HOST_UNREACHABLE, FER_NETWORK_UNREACHABLE);
        connect.earliest = connect.latest = now();
    }
    return connect;
}

/* The results of a call that waits for the connect until its timeout. */
static kind_set outcomes_within(const model_connect *connect, fer_duration timeout)
{
    uint64_t deadline = timeout.nanos < UINT64_MAX - now() ? now() + timeout.nanos : UINT64_MAX;
    kind_set allowed = deadline >= connect->earliest ? connect->outcome : 0;
    return allowed | (deadline <= connect->latest ? kind_set_of(FER_TIMED_OUT) : 0);
}

static bool is_other_family(const model_handle *handle, const model_destination *to)
{
    fer_ip_family family = of(handle)->domain == FER_DOMAIN_IPV6 ? FER_IP_V6 : FER_IP_V4;
    return is_unix(handle) || to->addr.ip.family != family;
}

/* A datagram socket has its peer at once, or no route. */
static model_connect datagram_connect(const model_handle *handle, const model_destination *to)
{
    if (to->addr.port == 0) {
        return misuse_connect();
    }
    const struct model_socket *socket = of(handle);
    bool is_unreachable = to->is_mapped && socket->values[OPTION_ONLY_V6] != 0;
    /* It may be bound to an address of the other family. */
    bool is_bound = socket->peer_is_unknown || socket->was_shared || socket->port != UNBOUND;
    kind_set known = is_unreachable ? ~(OK | MISUSE | PENDING)
                     : is_bound     ? ~(MISUSE | PENDING)
                                    : OK;
    bool may_not_know = socket->was_shared && model_is_windows(); /* row raw_shares_nothing */
    return immediate_connect(may_not_know ? known | kind_set_of(FER_INVALID_INPUT) : known);
}

model_connect model_connect_to(const model_handle *handle, const model_destination *to,
                               fer_sim_fault fault, fer_duration timeout)
{
    bool has_timeout = timeout.nanos != UINT64_MAX;
    if (!model_is_usable(handle) || is_other_family(handle, to) || timeout.nanos == 0) {
        return misuse_connect();
    }
    struct model_socket *socket = of(handle);
    if (!socket->is_stream) {
        return datagram_connect(handle, to);
    }
    if (handle->state != STATE_UNCONNECTED) {
        return misuse_connect();
    }
    if (to->addr.port == 0) {
        return immediate_connect(kind_set_of(FER_CONNECTION_REFUSED));
    }
    if (socket->is_uncertain || model_socket_state_now(socket) != SOCKET_UNCONNECTED) {
        socket->is_uncertain = true;
        return immediate_connect(KIND_SET_ANY);
    }
    if (to->is_mapped && socket->values[OPTION_ONLY_V6] != 0) {
        return immediate_connect(kind_set_of(
            model_is(FER_SIM_BSD_OPENBSD) ? FER_ADDR_NOT_AVAILABLE : FER_NETWORK_UNREACHABLE));
    }
    if (fault == FER_SIM_FAULT_NO_BUFFERS) {
        return immediate_connect(KIND_SET_2(FER_NO_BUFFER_SPACE, FER_ADDR_NOT_AVAILABLE));
    }
    bool is_itself = to->is_local && to->addr.port == socket->port;
    if (is_itself && to->addr.ip.family == FER_IP_V4 && model_is(FER_SIM_BSD_MACOS)) {
        return immediate_connect(kind_set_of(FER_CONNECTION_REFUSED)); /* row connect_to_itself */
    }
    kind_set taken = kinds_of_taken_pair(socket, to);
    if (taken != 0) {
        socket->is_uncertain = taken == KIND_SET_ANY;
        return immediate_connect(taken);
    }
    model_connect connect = started(socket, to, fault);
    bool waits = has_timeout || socket->values[OPTION_NONBLOCKING] == 0;
    connect.allowed = waits ? outcomes_within(&connect, timeout) : PENDING;
    return connect;
}

static void failed(model_handle *handle, fer_error saved_error)
{
    handle->state = STATE_FAILED;
    handle->saved_error = saved_error;
    of(handle)->is_uncertain = of(handle)->is_uncertain || of(handle)->refs > 1;
}

static void succeeded(model_handle *handle)
{
    model_had_connections = true;
    handle->state = STATE_OPEN;
    of(handle)->state = of(handle)->is_uncertain ? of(handle)->state : SOCKET_CONNECTED;
}

void model_connect_done(model_handle *handle, const model_connect *connect, fer_error error,
                        bool has_timeout)
{
    struct model_socket *socket = of(handle);
    /* Misuse, if another handle listens. */
    bool is_refused = socket->is_uncertain && error.kind == FER_MISUSE;
    if (connect->is_misuse || is_refused) {
        return;
    }
    if (!socket->is_stream) {
        socket->peer_is_unknown = true;
        socket->port = socket->port == UNBOUND && error.kind == FER_OK ? SOME_PORT : socket->port;
        return;
    }
    if (connect->starts) {
        socket->state = SOCKET_CONNECTING;
        socket->outcome = connect->outcome;
        socket->earliest = connect->earliest;
        socket->latest = connect->latest;
        socket->port = socket->port == UNBOUND ? SOME_PORT : socket->port;
        fer_ip_addr wildcard = {.family =
                                    socket->domain == FER_DOMAIN_IPV6 ? FER_IP_V6 : FER_IP_V4};
        socket->ip = wildcard;
    }
    if (error.kind == FER_WOULD_BLOCK) {
        FUZZ_CHECK(!has_timeout);
        handle->state = STATE_CONNECTING;
    } else if (error.kind == FER_OK) {
        succeeded(handle);
    } else {
        FUZZ_CHECK(error.kind != FER_TIMED_OUT || (has_timeout && error.os_code == 0));
        failed(handle, error);
    }
}

/* ---- Unix names: a connect ends within the call */

static kind_set connect_to_path(const model_handle *handle, int path)
{
    if (!model_paths[path].exists) {
        return kind_set_of(model_is_windows() ? FER_CONNECTION_REFUSED : FER_NOT_FOUND);
    }
    const struct model_socket *owner = &model_sockets[model_paths[path].owner];
    if (owner->refs == 0 || (owner->is_stream && owner->state != SOCKET_LISTENING)) {
        return kind_set_of(FER_CONNECTION_REFUSED);
    }
    if (!owner->is_stream) {
        return kind_set_of(FER_UNCATEGORIZED); /* EPROTOTYPE */
    }
    if (owner->queued < owner->backlog || (!model_is_bsd() && owner->queued == owner->backlog)) {
        return OK;
    }
    if (model_is_bsd()) {
        return KIND_SET_2(FER_OK, FER_CONNECTION_REFUSED); /* by the system's own length */
    }
    kind_set full = model_is_windows() ? kind_set_of(FER_CONNECTION_REFUSED)
                    : of(handle)->values[OPTION_NONBLOCKING] != 0 ? kind_set_of(FER_RESOURCE_BUSY)
                    : of(handle)->values[OPTION_WRITE_TIMEOUT] != UINT64_MAX
                        ? kind_set_of(FER_TIMED_OUT)
                        : kind_set_of(FER_DEADLOCK);
    return full | (model_is_windows() ? OK : 0); /* accept may have skipped reset connections */
}

kind_set model_connect_unix(const model_handle *handle, int path, fer_sim_fault fault)
{
    if (!model_is_usable(handle) || !is_unix(handle) || handle->state != STATE_UNCONNECTED) {
        return MISUSE;
    }
    if (of(handle)->state != SOCKET_UNCONNECTED || of(handle)->is_uncertain) {
        of(handle)->is_uncertain = true;
        return KIND_SET_ANY;
    }
    return fault == FER_SIM_FAULT_REFUSED ? kind_set_of(FER_CONNECTION_REFUSED)
                                          : connect_to_path(handle, path);
}

void model_connect_unix_done(model_handle *handle, int path, fer_error error)
{
    struct model_socket *socket = of(handle);
    socket->peer_is_unknown = true;
    if (error.kind == FER_OK) {
        model_sockets[model_paths[path].owner].queued++;
        succeeded(handle);
    } else if (error.kind != FER_RESOURCE_BUSY && error.kind != FER_DEADLOCK &&
               error.kind != FER_CANCELLED && error.kind != FER_TIMED_OUT) {
        failed(handle, error);
    }
}

void model_accepted(model_handle *listener, model_handle *out, fer_domain domain)
{
    struct model_socket *socket = of(listener);
    socket->queued -= socket->queued > 0;
    model_open(out, domain, FER_TYPE_STREAM, false);
}

/* ---- Pending connects */

bool model_outcome_is_unknown(const model_handle *handle)
{
    return handle->state == STATE_CONNECTING && of(handle)->is_uncertain;
}

/* The reports that are possible now: pending, connected (OK), or the cause of the failure. */
kind_set model_connect_status(const model_handle *handle)
{
    const struct model_socket *socket = of(handle);
    if (socket->is_uncertain) {
        return KIND_SET_ANY;
    }
    kind_set reported = now() >= socket->earliest ? socket->outcome : 0;
    bool may_be_late =
        model_is_windows() && !handle->was_late && !kind_set_has(socket->outcome, FER_OK);
    return reported | (now() <= socket->latest || may_be_late ? PENDING : 0);
}

void model_connect_reported(model_handle *handle, fer_error report)
{
    if (report.kind == FER_WOULD_BLOCK) {
        handle->was_late = handle->was_late || now() > of(handle)->latest;
    } else if (report.kind == FER_OK) {
        succeeded(handle);
    } else {
        failed(handle, report);
    }
}

kind_set model_peer_addr(const model_handle *handle)
{
    if (is_empty(handle) || handle->state == STATE_FAILED) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    if (socket->domain == FER_DOMAIN_UNIX) {
        return UNSUPPORTED;
    }
    if (handle->state == STATE_UNCONNECTED) {
        return NOT_CONNECTED;
    }
    if (handle->state == STATE_CONNECTING) {
        return model_connect_status(handle);
    }
    return handle->listens                                   ? NOT_CONNECTED
           : socket->peer_is_unknown || socket->is_uncertain ? OK | NOT_CONNECTED
           : socket->is_stream                               ? OK
                                                             : NOT_CONNECTED;
}

void model_peer_addr_done(model_handle *handle, fer_error error)
{
    if (handle->state == STATE_CONNECTING && error.kind != FER_UNSUPPORTED) {
        model_connect_reported(handle, error);
    }
}

kind_set model_take_error(const model_handle *handle, kind_set *taken)
{
    *taken = OK;
    if (is_empty(handle)) {
        return MISUSE;
    }
    struct model_socket *socket = of(handle);
    if (handle->state == STATE_FAILED) {
        *taken = kind_set_of(handle->saved_error.kind);
        return OK;
    }
    if (handle->state == STATE_CONNECTING) {
        kind_set status_kinds = model_connect_status(handle);
        *taken = status_kinds & ~PENDING;
        return (status_kinds & ~PENDING) == 0 ? PENDING : OK | (status_kinds & PENDING);
    }
    if (socket->is_stream && handle->state == STATE_UNCONNECTED &&
        socket->state != SOCKET_UNCONNECTED) {
        socket->is_uncertain = true; /* the error that it takes is lost to the connecting handle */
    }
    /* On Windows the error of a failed connect stays with the socket, also while it listens. */
    bool may_stay = socket->was_shared && model_is_windows();
    *taken = socket->peer_is_unknown || socket->is_uncertain || may_stay ? KIND_SET_ANY : OK;
    return OK;
}

void model_take_error_done(model_handle *handle, fer_error error, fer_error taken)
{
    if (handle->state == STATE_FAILED) {
        FUZZ_CHECK(taken.os_code == handle->saved_error.os_code);
    } else if (handle->state == STATE_CONNECTING) {
        model_connect_reported(handle, error.kind == FER_OK ? taken : error);
    }
}

/* ---- Bytes: the network's own peers send none */

static kind_set wait_kinds(const model_handle *handle)
{
    const struct model_socket *socket = of(handle);
    bool ends = socket->values[OPTION_READ_TIMEOUT] != UINT64_MAX;
    return socket->values[OPTION_NONBLOCKING] != 0
               ? PENDING
               : kind_set_of(ends ? FER_TIMED_OUT : FER_DEADLOCK);
}

bool model_never_waits(const model_handle *handle)
{
    return is_empty(handle) || of(handle)->values[OPTION_NONBLOCKING] != 0;
}

bool model_may_wait_in_kernel(const model_handle *handle)
{
    return model_is_windows() && !is_empty(handle) && of(handle)->is_uncertain;
}

bool model_waits_to_connect(const model_handle *handle, bool has_timeout)
{
    return !is_empty(handle) && of(handle)->is_stream &&
           (has_timeout || of(handle)->values[OPTION_NONBLOCKING] == 0);
}

kind_set model_set_limits(const model_handle *handle)
{
    return model_is_usable(handle) ? OK : MISUSE;
}

static kind_set kinds_when_not_open(const model_handle *handle)
{
    switch (handle->state) {
    case STATE_NEW:
    case STATE_UNCONNECTED: return NOT_CONNECTED;
    case STATE_FAILED:
    case STATE_CLOSED: return MISUSE;
    default: return OK;
    }
}

kind_set model_read(const model_handle *handle)
{
    if (handle->state == STATE_CONNECTING) {
        kind_set status_kinds = model_connect_status(handle);
        return (status_kinds & ~OK) | (kind_set_has(status_kinds, FER_OK) ? wait_kinds(handle) : 0);
    }
    if (handle->state != STATE_OPEN) {
        return kinds_when_not_open(handle);
    }
    const struct model_socket *socket = of(handle);
    return socket->is_uncertain
               ? KIND_SET_ANY
               : wait_kinds(handle) | (socket->peer_is_unknown ? OK | AFTER_RESET : 0);
}

void model_transfer_done(model_handle *handle, fer_error error)
{
    if (handle->state != STATE_CONNECTING || error.kind == FER_WOULD_BLOCK) {
        return; /* take_error is checked next, and knows more */
    }
    bool is_idle = error.kind == FER_DEADLOCK || error.kind == FER_TIMED_OUT;
    model_connect_reported(handle, is_idle ? (fer_error){FER_OK, 0} : error);
}

kind_set model_write(const model_handle *handle)
{
    if (handle->state == STATE_CONNECTING) {
        return model_connect_status(handle);
    }
    if (handle->state != STATE_OPEN) {
        return kinds_when_not_open(handle);
    }
    const struct model_socket *socket = of(handle);
    return socket->is_uncertain      ? KIND_SET_ANY
           : socket->peer_is_unknown ? KIND_SET_ANY & ~MISUSE
                                     : OK;
}

kind_set model_shutdown(const model_handle *handle)
{
    if (handle->state != STATE_CONNECTING) {
        return kinds_when_not_open(handle);
    }
    kind_set status_kinds = model_connect_status(handle);
    return (status_kinds & ~PENDING) |
           (kind_set_has(status_kinds, FER_WOULD_BLOCK) ? NOT_CONNECTED : 0);
}

void model_shutdown_done(model_handle *handle, fer_error error)
{
    if (handle->state == STATE_CONNECTING && error.kind != FER_NOT_CONNECTED) {
        model_connect_reported(handle, error);
        of(handle)->peer_is_unknown = true;
    }
}

kind_set model_send(const model_handle *handle)
{
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    return socket->is_stream || is_unix(handle) ? UNSUPPORTED
           : socket->peer_is_unknown            ? KIND_SET_ANY & ~MISUSE
                                                : NOT_CONNECTED;
}

kind_set model_receive(const model_handle *handle)
{
    if (!model_is_usable(handle)) {
        return MISUSE;
    }
    const struct model_socket *socket = of(handle);
    bool is_reached =
        socket->peer_is_unknown || socket->port != UNBOUND; /* by another socket of the program */
    kind_set moved = is_reached || socket->is_uncertain ? KIND_SET_ANY & ~MISUSE : 0;
    return socket->is_stream || is_unix(handle) ? UNSUPPORTED : wait_kinds(handle) | moved;
}
