/* address.c: the calls on a socket's addresses: bind, listen, connect, accept, and the queries of
 * the local and the peer address. */
#include "platform/sim/path.h"

/* Linux: net.core.somaxconn. */
enum { BACKLOG_MAX = 4096 };

/* ---- bind and listen */

static bool is_mapped(const fer_socket_addr *addr)
{
    return ferp_sim_canonical(addr).ip.family != addr->ip.family;
}

fer_error ferp_bind(fer_raw_socket raw, const fer_socket_addr *addr)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    bool is_unknown = is_mapped(addr) && network->switches->lacks_dual_stack;
    fer_error error = socket->has_local ? ferp_sim_error(network, FERP_SIM_EINVAL)
                      : is_unknown      ? ferp_sim_error(network, FERP_SIM_EADDRNOTAVAIL)
                                        : ferp_sim_claim_port(network, socket, addr);
    if (error.kind == FER_OK) {
        ferp_sim_keep_addresses(network, raw);
    }
    ferp_sim_record record = {.verb = "bind to", .socket = socket, .error = error, .addr = addr};
    ferp_sim_trace(network, &record);
    return error;
}

/* Or listen: Wine's test_connect and test_select, which Windows passes. */
static bool can_connect_again(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->state == FERP_SIM_FAILED && ferp_sim_acts_as_windows(network, socket);
}

static fer_error claim_for_listening(ferp_sim_network *network, ferp_sim_socket *socket)
{
    static const fer_ip_addr wildcard_v4 = {.family = FER_IP_V4};
    static const fer_ip_addr wildcard_v6 = {.family = FER_IP_V6};
    if (socket->state == FERP_SIM_LISTENING) {
        return FERP_SIM_OK; /* Linux, inet_listen: only the backlog changes */
    }
    if (socket->has_local) {
        return ferp_sim_may_listen(network, socket);
    }
    /* Linux, unix_listen: a socket without a name cannot listen. */
    if (ferp_sim_is_winsock(network) || socket->is_unix) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    return ferp_sim_claim_any_port(network, socket,
                                   socket->family == FER_IP_V4 ? &wildcard_v4 : &wildcard_v6);
}

static int limited_backlog(const ferp_sim_switches *switches, int backlog)
{
    int most = switches->backlog_max > 0 ? switches->backlog_max : BACKLOG_MAX;
    bool is_largest = backlog > most || (backlog == 0 && switches->backlog_0_is_largest);
    int limited = is_largest ? most : backlog;
    return limited > switches->backlog_min ? limited : switches->backlog_min;
}

fer_error ferp_listen(fer_raw_socket raw, int backlog)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    bool can = socket->state == FERP_SIM_UNCONNECTED || socket->state == FERP_SIM_LISTENING ||
               can_connect_again(network, socket);
    fer_error error =
        can ? claim_for_listening(network, socket) : ferp_sim_error(network, FERP_SIM_EINVAL);
    /* "it will return success without changing the value for the backlog parameter" ("listen
     * function", MSDN) */
    bool keeps = socket->state == FERP_SIM_LISTENING && ferp_sim_is_winsock(network);
    if (error.kind == FER_OK && !keeps) {
        socket->state = FERP_SIM_LISTENING;
        socket->backlog = limited_backlog(ferp_sim_switches_for(network, socket), backlog);
    }
    return ferp_sim_trace_call(network, "listen", socket, error);
}

/* ---- connect */

/* Windows rejects wildcards and port 0 as destinations ("connect function", MSDN). Linux connects
 * to the loopback instead of a wildcard, and sends a SYN to port 0, which has no listener. */
static bool is_invalid_destination(const ferp_sim_network *network, const fer_socket_addr *to)
{
    return ferp_sim_is_winsock(network) && (ferp_sim_is_wildcard(&to->ip) || to->port == 0);
}

fer_socket_addr ferp_sim_destination(const fer_socket_addr *addr)
{
    fer_socket_addr to = ferp_sim_canonical(addr);
    if (ferp_sim_is_wildcard(&to.ip)) {
        fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
        fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
        to.ip = to.ip.family == FER_IP_V4 ? fer_ip_addr_from_v4(v4) : fer_ip_addr_from_v6(v6);
    }
    return to;
}

static bool is_own_address(const ferp_sim_socket *socket, const fer_socket_addr *to)
{
    fer_ip_addr source = ferp_sim_is_wildcard(&socket->local.ip)
                             ? ferp_sim_source_for(socket, &to->ip)
                             : socket->local.ip;
    return socket->has_local && socket->local.port == to->port && fer_ip_addr_eq(source, to->ip);
}

static ferp_sim_code destination_status(const ferp_sim_network *network,
                                        const ferp_sim_socket *socket, const fer_socket_addr *addr)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    fer_socket_addr to = ferp_sim_destination(addr);
    if (is_invalid_destination(network, addr) ||
        (addr->port == 0 && switches->port_0_is_unavailable)) {
        return FERP_SIM_EADDRNOTAVAIL;
    }
    bool is_itself = switches->self_connect_is_einval && to.ip.family == FER_IP_V4 &&
                     is_own_address(socket, &to);
    if (is_itself ||
        (ferp_sim_is_wildcard(&addr->ip) && switches->wildcard_destination_is_einval)) {
        return FERP_SIM_EINVAL;
    }
    return ferp_sim_route_status(network, socket, &to);
}

/* The call that returns the failure of a connect leaves the socket unconnected on Linux. */
static ferp_sim_code take_result(const ferp_sim_network *network, ferp_sim_socket *socket)
{
    ferp_sim_code code = socket->pending;
    bool is_final = ferp_sim_switches_for(network, socket)->failed_connect_is_final;
    socket->pending = FERP_SIM_NO_ERROR;
    socket->state =
        socket->state == FERP_SIM_FAILED && !is_final ? FERP_SIM_UNCONNECTED : socket->state;
    return code;
}

/* Linux connects a failed socket again only after connect has returned the failure, as ECONNABORTED
 * if SO_ERROR has returned it before (af_inet.c, __inet_stream_connect). The BSDs never do. */
static ferp_sim_code status_of_failed(const ferp_sim_network *network, ferp_sim_socket *socket)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    if (switches->failed_connect_is_refused) {
        return FERP_SIM_ECONNREFUSED;
    }
    ferp_sim_code code = take_result(network, socket);
    ferp_sim_code later =
        switches->failed_connect_is_final ? FERP_SIM_EINVAL : FERP_SIM_ECONNABORTED;
    return code == FERP_SIM_NO_ERROR ? later : code;
}

static ferp_sim_code connect_status(const ferp_sim_network *network, ferp_sim_socket *socket,
                                    const fer_socket_addr *addr)
{
    if (socket->settings.options[FERP_ONLY_V6] && is_mapped(addr)) {
        bool is_other_code = ferp_sim_switches_for(network, socket)->lacks_dual_stack;
        return is_other_code ? FERP_SIM_EADDRNOTAVAIL : FERP_SIM_ENETUNREACH;
    }
    if (can_connect_again(network, socket)) {
        return destination_status(network, socket, addr);
    }
    switch (socket->state) {
    case FERP_SIM_CONNECTING: return FERP_SIM_EALREADY;
    case FERP_SIM_CONNECTED: return FERP_SIM_EISCONN;
    case FERP_SIM_LISTENING:
        return ferp_sim_is_winsock(network) ? FERP_SIM_EINVAL : FERP_SIM_EISCONN;
    case FERP_SIM_CONNECTION_RESET:
        return ferp_sim_is_winsock(network) ? FERP_SIM_ECONNABORTED : FERP_SIM_EISCONN;
    case FERP_SIM_FAILED: return status_of_failed(network, socket);
    case FERP_SIM_UNCONNECTED:
    default: return destination_status(network, socket, addr);
    }
}

/* Whether another connection has both addresses (Linux: __inet_check_established; 4.4BSD:
 * in_pcbconnect; "connect function", MSDN, WSAEADDRINUSE). */
static ferp_sim_code pair_status(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                 const fer_socket_addr *local, const fer_socket_addr *to)
{
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        const ferp_sim_socket *other = &network->sockets[i];
        bool has_ends = other->kind == FERP_SIM_STREAM && !other->is_unix && other != socket &&
                        (other->state == FERP_SIM_CONNECTING || other->state == FERP_SIM_CONNECTED);
        if (has_ends && ferp_sim_is_same_end(&other->local, local) &&
            ferp_sim_is_same_end(&other->remote, to)) {
            return network->config.dialect == FER_SIM_DIALECT_POSIX ? FERP_SIM_EADDRNOTAVAIL
                                                                    : FERP_SIM_EADDRINUSE;
        }
    }
    return FERP_SIM_NO_ERROR;
}

/* A port that the system chooses is no other connection's. A wildcard address stays if another
 * connection has the addresses (Linux: run; 4.4BSD: in_pcbconnect; Windows: ?). */
static fer_error assign_local_address(ferp_sim_network *network, ferp_sim_socket *socket,
                                      const fer_socket_addr *to)
{
    fer_ip_addr source = ferp_sim_source_for(socket, &to->ip);
    if (!socket->has_local) {
        return ferp_sim_claim_any_port(network, socket, &source);
    }
    fer_socket_addr local = socket->local;
    local.ip = ferp_sim_is_wildcard(&local.ip) ? source : local.ip;
    FER_TRY(ferp_sim_error(network, pair_status(network, socket, &local, to)));
    socket->local = local;
    return FERP_SIM_OK;
}

/* An injected fault of a connect replaces the host's answer, without a delay. */
static ferp_sim_code injected_fault(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_REFUSED)) {
        return FERP_SIM_ECONNREFUSED;
    }
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_UNREACHABLE)) {
        return ferp_sim_choose(network, 2) == 0 ? FERP_SIM_EHOSTUNREACH : FERP_SIM_ENETUNREACH;
    }
    return FERP_SIM_NO_ERROR;
}

static void start_connect(ferp_sim_network *network, ferp_sim_socket *socket,
                          const fer_socket_addr *to)
{
    ferp_sim_code code = injected_fault(network, socket);
    if (code == FERP_SIM_NO_ERROR) {
        ferp_sim_begin_connect(network, socket, to);
    } else {
        socket->remote = *to;
        ferp_sim_fail_connect(network, socket, code);
    }
}

/* A blocking connect waits, on Linux at most for SO_SNDTIMEO (socket(7)), and then returns
 * EINPROGRESS. */
static fer_error wait_for_connect(ferp_sim_network *network, ferp_sim_socket *socket)
{
    uint64_t timeout = socket->settings.timeouts[FERP_WRITING].nanos;
    uint64_t deadline =
        timeout < FERP_NO_DEADLINE - network->now ? network->now + timeout : FERP_NO_DEADLINE;
    while (socket->state == FERP_SIM_CONNECTING) {
        fer_error passed = ferp_sim_pass_time(network, deadline);
        if (passed.kind != FER_OK) {
            return passed.kind == FER_TIMED_OUT ? ferp_sim_error(network, FERP_SIM_EINPROGRESS)
                                                : passed;
        }
    }
    return ferp_sim_error(network, take_result(network, socket));
}

static fer_error connect_to(ferp_sim_network *network, ferp_sim_socket *socket, fer_raw_socket raw,
                            const fer_socket_addr *addr)
{
    if (socket->kind == FERP_SIM_DATAGRAM) {
        return ferp_sim_connect_datagram(network, socket, raw, addr);
    }
    ferp_sim_code code = connect_status(network, socket, addr);
    if (code == FERP_SIM_NO_ERROR && ferp_sim_injects(network, socket, FER_SIM_FAULT_NO_BUFFERS)) {
        code = FERP_SIM_ENOBUFS;
    }
    fer_socket_addr to = ferp_sim_destination(addr);
    if (code == FERP_SIM_NO_ERROR && ferp_sim_injects_no_route(network, socket, &to.ip)) {
        code = FERP_SIM_ENETUNREACH;
    }
    FER_TRY(ferp_sim_error(network, code));
    bool is_loopback = fer_ip_addr_is_loopback(fer_ip_addr_to_canonical(addr->ip));
    socket->connect_retry_disabled = socket->connect_retry_disabled || is_loopback;
    FER_TRY(assign_local_address(network, socket, &to));
    socket->connector = raw;
    start_connect(network, socket, &to);
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    return socket->settings.nonblocking ? ferp_sim_error(network, FERP_SIM_EINPROGRESS)
                                        : wait_for_connect(network, socket);
}

fer_error ferp_connect(fer_raw_socket raw, const fer_socket_addr *addr)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_run_quiet_events(network);
    ferp_sim_inject_quiet_time_jump(network, socket);
    ferp_sim_record record = {.verb = "connect to", .socket = socket, .addr = addr};
    ferp_sim_trace(network, &record);
    return ferp_sim_trace_call(network, "connect", socket, connect_to(network, socket, raw, addr));
}

/* ---- accept */

static fer_error wait_for_connection(ferp_sim_network *network, ferp_sim_socket *listener)
{
    uint64_t timeout = listener->settings.timeouts[FERP_READING].nanos;
    uint64_t deadline =
        timeout < FERP_NO_DEADLINE - network->now ? network->now + timeout : FERP_NO_DEADLINE;
    while (listener->queue_count == 0) {
        if (listener->settings.nonblocking) {
            ferp_sim_tick_unless_waiting(network, listener);
            return ferp_sim_error(network, FERP_SIM_EAGAIN);
        }
        fer_error passed = ferp_sim_pass_time(network, deadline);
        if (passed.kind != FER_OK) {
            return passed.kind == FER_TIMED_OUT ? ferp_sim_error(network, FERP_SIM_EAGAIN) : passed;
        }
    }
    return FERP_SIM_OK;
}

/* The first connection in the queue was reset. Linux returns ECONNABORTED for it, Windows
 * WSAECONNRESET ("accept function", MSDN). */
static fer_error abort_first(ferp_sim_network *network, ferp_sim_socket *listener)
{
    ferp_sim_socket *child = ferp_sim_take_queued(network, listener);
    ferp_sim_send_reset(network, child);
    ferp_sim_close_socket(network, child);
    fer_error error = ferp_sim_error(network, ferp_sim_is_winsock(network) ? FERP_SIM_ECONNRESET
                                                                           : FERP_SIM_ECONNABORTED);
    return (fer_error){FER_CONNECTION_ABORTED, error.os_code};
}

/* A socket inherits its listener's options and timeouts: on Linux those at the arrival of the
 * connection (sk_clone; connecting.c has copied them), on Windows those at the accept ("accept
 * function", MSDN: "the same properties"). The nonblocking mode is not inherited: Linux never does,
 * and the Windows backend sets it. */
static void inherit(ferp_sim_network *network, const ferp_sim_socket *listener,
                    ferp_sim_socket *child, fer_raw_socket raw)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, listener);
    if (ferp_sim_is_winsock(network)) {
        child->settings = listener->settings;
    }
    child->settings.nonblocking =
        ferp_sim_is_winsock(network) ||
        (switches->accept_inherits_nonblocking && listener->settings.nonblocking);
    ferp_sim_keep_settings(network, raw);
}

static fer_error accept_first(ferp_sim_network *network, ferp_sim_socket *listener,
                              fer_raw_socket *out, fer_socket_addr *peer)
{
    ferp_sim_socket *child = &network->sockets[listener->queue_first];
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, listener);
    bool reports_reset = ferp_sim_is_winsock(network) || switches->queued_reset_is_aborted ||
                         (switches->queued_reset_v6_is_aborted && child->family == FER_IP_V6);
    bool was_reset = reports_reset && !child->is_unix && child->state == FERP_SIM_CONNECTION_RESET;
    if (was_reset || ferp_sim_injects(network, listener, FER_SIM_FAULT_ACCEPT_ABORTED)) {
        return abort_first(network, listener);
    }
    FER_TRY(ferp_sim_open_handle(network, child, out)); /* EMFILE leaves it in the queue */
    (void)ferp_sim_take_queued(network, listener);
    inherit(network, listener, child, *out);
    if (peer != NULL) {
        *peer = ferp_sim_in_family_of(child, &child->remote);
    }
    ferp_sim_record record = {.verb = "accept", .socket = listener, .addr = &child->remote};
    ferp_sim_trace(network, &record);
    return FERP_SIM_OK;
}

static fer_error accept_one(ferp_sim_network *network, ferp_sim_socket *listener,
                            fer_raw_socket *out, fer_socket_addr *peer)
{
    ferp_sim_run_due_events(network);
    if (listener->state != FERP_SIM_LISTENING) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    ferp_sim_inject_time_jump(network, listener);
    if (ferp_sim_injects(network, listener, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    bool can_block = ferp_sim_is_winsock(network) || listener->settings.nonblocking;
    if (can_block && ferp_sim_injects_would_block(network, listener)) {
        return ferp_sim_error(network, FERP_SIM_EAGAIN);
    }
    FER_TRY(wait_for_connection(network, listener));
    return accept_first(network, listener, out, peer);
}

fer_error ferp_accept(fer_raw_socket raw, bool is_unix, fer_raw_socket *out, fer_socket_addr *peer)
{
    (void)is_unix; /* the socket has it */
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    fer_error error = accept_one(network, socket, out, peer);
    return error.kind == FER_OK ? error : ferp_sim_trace_call(network, "accept", socket, error);
}

/* ---- Addresses of a socket */

/* The end that has sent the first FIN keeps the block in TIME_WAIT. */
bool ferp_sim_is_dead(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    bool is_discarded =
        socket->ended_last || ferp_sim_switches_for(network, socket)->time_wait_is_dead;
    return socket->kind == FERP_SIM_STREAM && !socket->is_unix &&
           (socket->state == FERP_SIM_CONNECTION_RESET || socket->state == FERP_SIM_FAILED ||
            (ferp_sim_both_ended(network, socket) && is_discarded));
}

static bool hides_local_name(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return ferp_sim_switches_for(network, socket)->local_name_of_dead_is_einval &&
           ferp_sim_is_dead(network, socket);
}

fer_error ferp_local_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_run_quiet_events(network);
    if (!ferp_sim_known_addresses(network, raw).is_bound && ferp_sim_is_winsock(network)) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    if (hides_local_name(network, socket)) {
        return (fer_error){FER_NOT_CONNECTED, ferp_sim_error(network, FERP_SIM_EINVAL).os_code};
    }
    fer_socket_addr unspecified = {.ip = {.family = socket->family}};
    *out = socket->has_local ? ferp_sim_in_family_of(socket, &socket->local) : unspecified;
    return FERP_SIM_OK;
}

/* On Windows, and for Unix sockets on Linux, a socket counts as connected after both FINs and after
 * a reset too. */
static bool was_connected(const ferp_sim_socket *socket)
{
    return socket->state == FERP_SIM_CONNECTED || socket->state == FERP_SIM_CONNECTION_RESET;
}

/* On Windows a pending connect has a peer too (asupersync, PR 57). */
static bool windows_has_peer(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return was_connected(socket) ||
           (socket->state == FERP_SIM_CONNECTING && !network->config.windows.pending_has_no_peer);
}

/* unp_disconnect leaves a Unix stream unconnected. */
static bool lost_its_peer(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->link != FERP_SIM_NONE &&
           network->links[socket->link].ends[1 - socket->side] == FERP_SIM_NONE &&
           ferp_sim_switches_for(network, socket)->unix_closed_peer_has_no_name;
}

static bool has_shut_both(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return ferp_sim_switches_for(network, socket)->shut_both_disconnects && socket->shut_both_first;
}

static bool linux_has_peer(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    bool is_datagram = socket->kind == FERP_SIM_DATAGRAM;
    return socket->is_unix ? was_connected(socket) && !lost_its_peer(network, socket)
                           : socket->state == FERP_SIM_CONNECTED &&
                                 (is_datagram || (!ferp_sim_both_ended(network, socket) &&
                                                  !has_shut_both(network, socket)));
}

bool ferp_sim_has_peer(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return ferp_sim_is_winsock(network) ? windows_has_peer(network, socket)
                                        : linux_has_peer(network, socket);
}

/* The queries of platform/winsock/address.c, and getpeername alone on Linux. SO_CONNECT_TIME is not
 * 0xFFFFFFFF of a socket that was connected ("SOL_SOCKET Socket Options", MSDN). */
static bool is_connected(ferp_sim_network *network, const ferp_sim_socket *socket,
                         fer_raw_socket raw)
{
    bool decided = !ferp_sim_is_winsock(network) || socket->kind != FERP_SIM_STREAM;
    return ferp_sim_known_addresses(network, raw).has_peer && (decided || was_connected(socket));
}

fer_error ferp_check_connected(fer_raw_socket raw)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_run_quiet_events(network);
    if (ferp_sim_refuses_options(network, socket)) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    bool connected = is_connected(network, socket, raw);
    return ferp_sim_error(network, connected ? FERP_SIM_NO_ERROR : FERP_SIM_ENOTCONN);
}

fer_error ferp_peer_addr(fer_raw_socket raw, fer_socket_addr *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_run_quiet_events(network);
    if (ferp_sim_refuses_options(network, socket)) {
        return (fer_error){FER_NOT_CONNECTED, ferp_sim_error(network, FERP_SIM_EINVAL).os_code};
    }
    ferp_sim_known known = ferp_sim_known_addresses(network, raw);
    if (!known.has_peer) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    if (socket->is_unix) {
        return ferp_sim_error(network, FERP_SIM_EAFNOSUPPORT);
    }
    *out = ferp_sim_in_family_of(socket, &known.peer);
    return FERP_SIM_OK;
}
