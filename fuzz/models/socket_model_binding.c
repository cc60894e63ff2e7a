/* socket_model_binding.c: which sockets may bind to an address and listen there; see
 * socket_model.h. */
#include "fuzz/driver/windows.h"
#include "fuzz/models/socket_model_state.h"

/* A queue with at least this backlog is never full in one program. */
enum { QUEUE_SAFE = 60 };

static bool covers(const struct model_socket *one, const fer_ip_addr *ip)
{
    if (!fer_ip_addr_is_unspecified(one->ip)) {
        return fer_ip_addr_eq(one->ip, *ip);
    }
    return one->ip.family == ip->family ||
           (one->ip.family == FER_IP_V6 && one->values[OPTION_ONLY_V6] == 0);
}

/* in_pcbbind: rows wildcard_beside_specific and dual_stack_beside_ipv4. Datagram sockets have
 * SO_REUSEPORT if either option was set. */
static kind_set bsd_bind_conflict(const struct model_socket *holder,
                                  const struct model_socket *candidate)
{
    bool is_same_family = holder->ip.family == candidate->ip.family;
    bool both_wildcard =
        fer_ip_addr_is_unspecified(holder->ip) && fer_ip_addr_is_unspecified(candidate->ip);
    bool is_equal = is_same_family ? fer_ip_addr_eq(holder->ip, candidate->ip) : both_wildcard;
    model_option shares = candidate->is_stream ? OPTION_REUSE_PORT : OPTION_REUSE_ADDRESS;
    bool both_share = (holder->values[OPTION_REUSE_PORT] != 0 || holder->values[shares] != 0) &&
                      (candidate->values[OPTION_REUSE_PORT] != 0 || candidate->values[shares] != 0);
    bool may_reuse =
        candidate->values[OPTION_REUSE_PORT] != 0 || candidate->values[OPTION_REUSE_ADDRESS] != 0;
    bool is_beside_ipv4 = (model_is(FER_SIM_BSD_MACOS) || model_is(FER_SIM_BSD_FREEBSD)) &&
                          !is_same_family && candidate->ip.family == FER_IP_V6 &&
                          fer_ip_addr_is_unspecified(holder->ip);
    bool is_free = both_share || is_beside_ipv4 || (may_reuse && !is_equal) ||
                   (model_is(FER_SIM_BSD_NETBSD) && !is_same_family);
    return is_free ? OK : kind_set_of(FER_ADDR_IN_USE);
}

/* The results of a bind of the candidate that one bound socket allows. */
static kind_set bind_conflict(const struct model_socket *holder,
                              const struct model_socket *candidate)
{
    kind_set in_use = model_is_windows() ? KIND_SET_2(FER_ADDR_IN_USE, FER_PERMISSION_DENIED)
                                         : kind_set_of(FER_ADDR_IN_USE);
    bool both_reuse =
        holder->values[OPTION_REUSE_ADDRESS] != 0 && candidate->values[OPTION_REUSE_ADDRESS] != 0;
    bool both_ports =
        holder->values[OPTION_REUSE_PORT] != 0 && candidate->values[OPTION_REUSE_PORT] != 0;
    if (holder->was_shared || candidate->was_shared || holder->peer_is_unknown ||
        holder->is_uncertain ||
        (holder->state != SOCKET_UNCONNECTED && holder->state != SOCKET_LISTENING)) {
        return OK | in_use;
    }
    if (model_is_bsd()) {
        return bsd_bind_conflict(holder, candidate);
    }
    if (!model_is_windows()) {
        return both_ports || (both_reuse && holder->state != SOCKET_LISTENING) ? OK : in_use;
    }
    if (candidate->is_stream || !both_reuse) {
        /* "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" (MSDN): a wildcard and a specific address
         * may coexist. Beside [::], 0.0.0.0 is specific. */
        bool is_wildcard = fer_ip_addr_is_unspecified(holder->ip);
        bool is_alike = is_wildcard == fer_ip_addr_is_unspecified(candidate->ip) &&
                        (!is_wildcard || holder->ip.family == candidate->ip.family);
        bool is_mixed = !holder->is_exclusive || holder->values[OPTION_REUSE_ADDRESS] !=
                                                     candidate->values[OPTION_REUSE_ADDRESS];
        bool is_stolen = !holder->is_exclusive && candidate->values[OPTION_REUSE_ADDRESS] != 0;
        bool may_coexist = is_stolen || (is_mixed && !is_alike);
        return in_use | (may_coexist && !candidate->is_stream ? OK : 0);
    }
    return OK;
}

static kind_set bind_conflicts(const struct model_socket *candidate)
{
    kind_set allowed = OK;
    for (int i = 0; i < model_socket_count; i++) {
        const struct model_socket *other = &model_sockets[i];
        bool competes = other->refs > 0 && other != candidate && other->domain != FER_DOMAIN_UNIX &&
                        other->is_stream == candidate->is_stream;
        bool overlaps = covers(other, &candidate->ip) || covers(candidate, &other->ip);
        if (!competes || other->port != candidate->port || !overlaps) {
            continue;
        }
        kind_set result = bind_conflict(other, candidate);
        allowed = result == OK                   ? allowed
                  : kind_set_has(result, FER_OK) ? allowed | result
                                                 : (allowed & ~OK) | result;
    }
    return allowed;
}

/* Rule L4: a bind to [::] takes IPv4 too. If this handle did not set the option, another handle of
 * the socket may have. */
static void clear_only_v6(const model_handle *handle, struct model_socket *socket,
                          const fer_ip_addr *ip)
{
    if (!handle->only_v6_was_set && fer_ip_addr_is_unspecified(*ip) &&
        !model_is(FER_SIM_BSD_OPENBSD)) {
        socket->values[OPTION_ONLY_V6] = 0;
    }
}

static bool lacks_dual_stack(const model_handle *handle, const fer_ip_addr *ip)
{
    return model_is(FER_SIM_BSD_OPENBSD) && fuzz_needs_dual_stack(ip) && !handle->only_v6_was_set;
}

/* The options that bind sets before the system call. */
static void apply_bind_defaults(const model_handle *handle, struct model_socket *socket,
                                const fer_ip_addr *ip)
{
    clear_only_v6(handle, socket, ip);
    if (!handle->reuse_was_set ||
        (model_is_windows() && socket->values[OPTION_REUSE_ADDRESS] == 0)) {
        socket->is_exclusive = model_is_windows();
        socket->values[OPTION_REUSE_ADDRESS] =
            model_is_windows() ? socket->values[OPTION_REUSE_ADDRESS]
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
    if (socket->domain != domain || domain == FER_DOMAIN_UNIX) {
        return MISUSE;
    }
    if (socket->port != UNBOUND) {
        /* row raw_shares_nothing: a bound socket refuses the option of dual stack */
        bool may_not_know = model_is_windows() && domain == FER_DOMAIN_IPV6 &&
                            (handle->is_adopted || socket->was_shared);
        return MISUSE | (may_not_know ? UNSUPPORTED : 0);
    }
    if (socket->is_uncertain || handle->is_adopted) {
        clear_only_v6(handle, socket, &addr->ip);
        socket->is_exclusive = model_is_windows();
        return KIND_SET_ANY;
    }
    apply_bind_defaults(handle, socket, &addr->ip);
    if (lacks_dual_stack(handle, &addr->ip)) {
        return UNSUPPORTED | (socket->was_shared ? MISUSE : 0);
    }
    if (!fer_ip_addr_is_loopback(addr->ip) && !fer_ip_addr_is_unspecified(addr->ip)) {
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
    bool may_be_in_time_wait = !model_is_windows() && model_had_connections && socket->is_stream &&
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
        const fer_ip_addr any = {.family =
                                     socket->domain == FER_DOMAIN_IPV6 ? FER_IP_V6 : FER_IP_V4};
        apply_bind_defaults(handle, socket, &any);
        return (lacks_dual_stack(handle, &any) ? UNSUPPORTED : OK) |
               (handle->is_adopted || socket->was_shared ? MISUSE : 0);
    }
    /* Linux checks for conflicts again; on the others every bound socket may listen. */
    bool binds_again = !model_is_windows() && !model_is_bsd() && socket->port != SOME_PORT &&
                       socket->state != SOCKET_LISTENING;
    bool may_conflict = handle->is_adopted || socket->was_shared;
    return (binds_again ? bind_conflicts(socket) : OK) |
           (may_conflict ? KIND_SET_2(FER_OK, FER_ADDR_IN_USE) : 0);
}

void model_listen_done(model_handle *handle, int backlog)
{
    struct model_socket *socket = of(handle);
    handle->listens = true;
    handle->state = STATE_OPEN;
    /* "listen function" (MSDN); row `listening_again`. */
    bool keeps_backlog = model_is_windows() && socket->state == SOCKET_LISTENING;
    socket->backlog = keeps_backlog ? socket->backlog : backlog;
    socket->state = SOCKET_LISTENING;
    model_had_connections = true;
    if (socket->domain != FER_DOMAIN_UNIX && socket->port == UNBOUND) {
        socket->port = SOME_PORT;
    }
}

bool model_has_listener(const fer_socket_addr *addr, bool *is_certain)
{
    bool connect_to_path = false;
    *is_certain = true;
    for (int i = 0; i < model_socket_count; i++) {
        const struct model_socket *socket = &model_sockets[i];
        bool listens = socket->refs > 0 && socket->state == SOCKET_LISTENING &&
                       socket->port == addr->port && covers(socket, &addr->ip);
        connect_to_path = connect_to_path || listens;
        *is_certain =
            *is_certain && (!listens || (socket->backlog >= QUEUE_SAFE && socket->outcome == 0));
    }
    return connect_to_path;
}

bool model_is_bound_only(const fer_socket_addr *addr)
{
    for (int i = 0; i < model_socket_count; i++) {
        const struct model_socket *socket = &model_sockets[i];
        if (socket->refs > 0 && socket->is_stream && socket->domain != FER_DOMAIN_UNIX &&
            socket->state != SOCKET_LISTENING && socket->port == addr->port) {
            return true;
        }
    }
    return false;
}

int model_local_port(const model_handle *handle)
{
    return of(handle)->is_uncertain ? SOME_PORT : of(handle)->port;
}

/* Row local_addr_after_end. */
kind_set model_local_addr(const model_handle *handle)
{
    if (!model_is_usable(handle) || is_unix(handle)) {
        return model_is_usable(handle) ? UNSUPPORTED : MISUSE;
    }
    bool may_be_unknown = (model_is(FER_SIM_BSD_NETBSD) || model_is(FER_SIM_BSD_OPENBSD)) &&
                          model_kinds_of_dead(of(handle)) != 0;
    return OK | (may_be_unknown ? NOT_CONNECTED : 0);
}
