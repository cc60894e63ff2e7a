/* socket.c: creating, duplicating, describing, adopting, shutting down and closing a socket, and
 * its pending error. */
#include "platform/sim/network.h"

#define SECOND UINT64_C(1000000000)

/* handle_limit applies to the program's calls, and counts all open handles. max_sockets is the size
 * of the table. */
static bool table_is_full(ferp_sim_network *network)
{
    return ferp_sim_handles_open(network) >= network->handle_limit ||
           ferp_sim_injects(network, NULL, FER_SIM_FAULT_TOO_MANY_HANDLES);
}

fer_error ferp_sim_open_handle(ferp_sim_network *network, ferp_sim_socket *socket,
                               fer_raw_socket *out)
{
    fer_raw_socket raw =
        table_is_full(network) ? FER_RAW_SOCKET_NONE : ferp_sim_handle_new(network, socket);
    if (raw == FER_RAW_SOCKET_NONE) {
        return ferp_sim_error(network, FERP_SIM_EMFILE);
    }
    *out = raw;
    return FERP_SIM_OK;
}

/* The program has no privileges. The only valid protocol is the type's own. */
static ferp_sim_code creation_status(const ferp_sim_network *network, fer_domain domain,
                                     fer_type type, int protocol)
{
    int native = type == FER_TYPE_STREAM ? FER_PROTOCOL_TCP : FER_PROTOCOL_UDP;
    if (type == FER_TYPE_RAW) {
        return domain == FER_DOMAIN_UNIX ? FERP_SIM_EAFNOSUPPORT : FERP_SIM_EPERM;
    }
    if (domain == FER_DOMAIN_UNIX && type == FER_TYPE_DGRAM && ferp_sim_is_winsock(network)) {
        return FERP_SIM_EAFNOSUPPORT;
    }
    return protocol == 0 || (domain != FER_DOMAIN_UNIX && protocol == native)
               ? FERP_SIM_NO_ERROR
               : FERP_SIM_EPROTONOSUPPORT;
}

fer_error ferp_sim_create_socket(ferp_sim_network *network, fer_domain domain, fer_type type,
                                 int protocol, fer_raw_socket *out)
{
    ferp_sim_code status = creation_status(network, domain, type, protocol);
    if (status != FERP_SIM_NO_ERROR) {
        return ferp_sim_error(network, status);
    }
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_NO_BUFFERS)) {
        return ferp_sim_error(network, FERP_SIM_ENOBUFS);
    }
    ferp_sim_kind kind = type == FER_TYPE_STREAM ? FERP_SIM_STREAM : FERP_SIM_DATAGRAM;
    ferp_sim_socket *socket =
        ferp_sim_socket_new(network, kind, domain == FER_DOMAIN_IPV6 ? FER_IP_V6 : FER_IP_V4);
    if (socket == NULL) {
        return ferp_sim_error(network, FERP_SIM_EMFILE);
    }
    socket->is_unix = domain == FER_DOMAIN_UNIX;
    fer_error error = ferp_sim_open_handle(network, socket, out);
    if (error.kind != FER_OK) {
        ferp_sim_socket_free(network, socket);
    }
    return error;
}

fer_error ferp_socket_new(fer_domain domain, fer_type type, int protocol, fer_raw_socket *out)
{
    FERP_SIM_REQUIRE(network)
    const char *verb = domain == FER_DOMAIN_UNIX ? "Unix socket" : "socket";
    return ferp_sim_trace_call(network, verb, NULL,
                               ferp_sim_create_socket(network, domain, type, protocol, out));
}

fer_error ferp_duplicate(fer_raw_socket raw, fer_raw_socket *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    socket->settings.nonblocking |= ferp_sim_is_winsock(network);
    fer_error error = ferp_sim_open_handle(network, socket, out);
    if (error.kind == FER_OK) {
        ferp_sim_handle_of(network, *out)->inheritable = false; /* as platform/winsock */
    }
    return ferp_sim_trace_call(network, "duplicate", socket, error);
}

/* ---- Closing */

/* With a linger time close waits until the other end has received all bytes and the FIN, or until
 * the time has expired. Then Windows resets the connection, and Linux continues in the background.
 * With unread input there is no wait, because the close is a reset (Linux, tcp_close). */
static void linger(ferp_sim_network *network, ferp_sim_socket *socket)
{
    const ferp_sim_pipe *out = ferp_sim_pipe_out(network, socket);
    uint64_t deadline = ferp_sim_time_after(network, socket->settings.linger.seconds * SECOND);
    bool waits = ferp_sim_is_winsock(network) || !socket->settings.nonblocking;
    bool is_set = socket->settings.linger.on && socket->settings.linger.seconds > 0;
    if (!is_set || !waits || socket->state != FERP_SIM_CONNECTED ||
        ferp_sim_readable(network, socket) > 0) {
        return;
    }
    ferp_sim_end_writing(network, socket);
    while (socket->state == FERP_SIM_CONNECTED && !out->fin_arrived &&
           ferp_sim_pass_time(network, deadline).kind == FER_OK) {
    }
    if (ferp_sim_is_winsock(network) && socket->state == FERP_SIM_CONNECTED && !out->fin_arrived) {
        socket->settings.linger.seconds = 0;
    }
}

void ferp_close(fer_raw_socket raw)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network == NULL) {
        return;
    }
    ferp_sim_run_quiet_events(network);
    ferp_sim_socket *socket = ferp_sim_socket_of(network, raw);
    if (socket == NULL) {
        return;
    }
    ferp_sim_trace_event(network, "close", socket);
    if (socket->handles == 1) {
        linger(network, socket);
    }
    ferp_sim_handle *handle = ferp_sim_handle_of(network, raw);
    if (handle == NULL || &network->sockets[handle->socket] != socket) {
        return; /* a callback has closed it during the linger time */
    }
    handle->socket = FERP_SIM_NONE;
    socket->handles--;
    if (socket->handles == 0) {
        ferp_sim_close_socket(network, socket);
    }
}

/* ---- Describing and adopting */

/* Windows reports only that a pending connect has a peer; Linux has TCP_INFO. */
static bool is_connecting(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    return socket->state == FERP_SIM_CONNECTING &&
           (!ferp_sim_is_winsock(network) || ferp_sim_has_peer(network, socket));
}

ferp_pending ferp_connect_is_pending(fer_raw_socket raw)
{
    ferp_sim_network *network = ferp_sim_current();
    const ferp_sim_socket *socket = ferp_sim_socket_of(network, raw);
    if (socket == NULL) {
        return FERP_MAY_BE_PENDING;
    }
    return socket->state == FERP_SIM_CONNECTING ? FERP_PENDING : FERP_NOT_PENDING;
}

fer_error ferp_check_started(fer_raw_socket raw)
{
    return ferp_check_connected(raw);
}

void ferp_drop_reports(fer_raw_socket raw)
{
    (void)raw;
}

fer_error ferp_describe(fer_raw_socket raw, ferp_description *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    bool is_connected =
        ferp_check_connected(raw).kind == FER_OK || ferp_sim_readable(network, socket) > 0;
    *out = (ferp_description){
        .is_stream = socket->kind == FERP_SIM_STREAM,
        .is_datagram = socket->kind == FERP_SIM_DATAGRAM,
        .is_ip = !socket->is_unix,
        .is_unix = socket->is_unix,
        .family = socket->family,
        .is_listening = socket->state == FERP_SIM_LISTENING,
        .is_connected = is_connected,
        .is_connecting = is_connecting(network, socket),
        .is_nonblocking = !ferp_sim_is_winsock(network) && socket->settings.nonblocking,
    };
    return FERP_SIM_OK;
}

/* Windows: the socket becomes nonblocking. Its earlier mode cannot be queried. */
fer_error ferp_adopt(fer_raw_socket raw, fer_ip_family family)
{
    (void)family;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (ferp_sim_is_winsock(network)) {
        socket->settings.nonblocking = true;
    }
    return FERP_SIM_OK;
}

/* ---- Shutdown */

static fer_error shut_down_datagram(ferp_sim_network *network, ferp_sim_socket *socket,
                                    fer_shutdown how)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    bool is_unconnected = socket->state != FERP_SIM_CONNECTED;
    if (is_unconnected && switches->unconnected_shutdown_fails) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    socket->shut_read |= how != FER_SHUTDOWN_WRITE;
    socket->shut_write |= how != FER_SHUTDOWN_READ;
    if (how != FER_SHUTDOWN_WRITE && ferp_sim_shut_read_discards(network, socket)) {
        ferp_sim_drop_datagrams(network, socket);
    }
    bool is_enotconn = is_unconnected && switches->unconnected_shutdown_is_enotconn;
    return ferp_sim_error(network, is_enotconn ? FERP_SIM_ENOTCONN : FERP_SIM_NO_ERROR);
}

static ferp_sim_code code_of_dead(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                  fer_shutdown how)
{
    bool was_connected =
        socket->state == FERP_SIM_CONNECTED || socket->state == FERP_SIM_CONNECTION_RESET;
    if (!was_connected || socket->is_unix ||
        !ferp_sim_switches_for(network, socket)->shutdown_dead_is_einval) {
        return FERP_SIM_ENOTCONN;
    }
    return how == FER_SHUTDOWN_READ ? FERP_SIM_NO_ERROR : FERP_SIM_EINVAL;
}

/* Linux, inet_shutdown: ENOTCONN after the end of the connection, by either end. */
static fer_error shut_down_linux(ferp_sim_network *network, ferp_sim_socket *socket,
                                 fer_shutdown how)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    bool had_ended = socket->state != FERP_SIM_CONNECTED || ferp_sim_both_ended(network, socket);
    bool discards = how != FER_SHUTDOWN_WRITE && switches->shut_read_discards_input &&
                    ferp_sim_readable(network, socket) > 0;
    if (discards &&
        ferp_sim_option_status(network, socket, FERP_SIM_SOCKET_LEVEL) == FERP_SIM_NO_ERROR) {
        socket->settings.linger = (struct ferp_linger){true, 0};
    }
    if (had_ended && switches->shutdown_dead_does_nothing) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    socket->shut_read |= how != FER_SHUTDOWN_WRITE;
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    if (switches->shut_read_is_once_and_drops_timeout && how != FER_SHUTDOWN_WRITE) {
        bool is_again = in != NULL && in->fin_arrived;
        discards = discards && !is_again;
        socket->settings.timeouts[FERP_READING] =
            is_again ? socket->settings.timeouts[FERP_READING] : FER_DURATION_NONE;
    }
    if (discards) {
        ferp_sim_consume(network, socket, in->arrived);
    }
    if (how != FER_SHUTDOWN_READ && socket->state == FERP_SIM_CONNECTED) {
        ferp_sim_end_writing(network, socket);
    }
    return ferp_sim_error(network,
                          had_ended ? code_of_dead(network, socket, how) : FERP_SIM_NO_ERROR);
}

/* "If there is still data queued on the socket waiting to be received, or data arrives
 * subsequently, the connection is reset" ("shutdown function", MSDN). */
static fer_error shut_down_windows(ferp_sim_network *network, ferp_sim_socket *socket,
                                   fer_shutdown how)
{
    if (socket->state == FERP_SIM_CONNECTION_RESET) {
        return ferp_sim_error(network, FERP_SIM_ECONNRESET);
    }
    if (socket->state != FERP_SIM_CONNECTED) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    bool loses_input = how != FER_SHUTDOWN_WRITE && ferp_sim_readable(network, socket) > 0;
    socket->shut_read |= how != FER_SHUTDOWN_WRITE;
    if (loses_input) {
        ferp_sim_trace_event(network, "SD_RECEIVE with bytes unread", socket);
        ferp_sim_send_reset(network, socket);
        socket->pending = FERP_SIM_ECONNABORTED;
    } else if (how != FER_SHUTDOWN_READ) {
        ferp_sim_end_writing(network, socket);
    }
    return FERP_SIM_OK;
}

/* The other end of a Unix socket detects a shut down read half immediately. */
static void mark_both_ends_changed(ferp_sim_network *network, ferp_sim_socket *socket)
{
    const ferp_sim_link *link =
        socket->link == FERP_SIM_NONE ? NULL : &network->links[socket->link];
    int other = link == NULL ? FERP_SIM_NONE : link->ends[1 - socket->side];
    socket->changes++;
    if (other != FERP_SIM_NONE) {
        network->sockets[other].changes++;
    }
}

fer_error ferp_shutdown(fer_raw_socket raw, fer_shutdown how)
{
    static const char *const verbs[] = {"shutdown read", "shutdown write", "shutdown both"};
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_run_quiet_events(network);
    fer_error error = socket->kind == FERP_SIM_DATAGRAM ? shut_down_datagram(network, socket, how)
                      : ferp_sim_acts_as_windows(network, socket)
                          ? shut_down_windows(network, socket, how)
                          : shut_down_linux(network, socket, how);
    mark_both_ends_changed(network, socket);
    return ferp_sim_trace_call(network, verbs[how], socket, error);
}

/* ---- SO_ERROR */

/* On Windows the error of a failed connect stays until a connect succeeds (Wine's test_WSAPoll and
 * test_select, which Windows passes), and ferrule only peeks at a refusal. */
static bool error_stays(const ferp_sim_network *network, const ferp_sim_socket *socket)
{
    bool has_no_peer = socket->state == FERP_SIM_FAILED || socket->state == FERP_SIM_CONNECTING ||
                       socket->state == FERP_SIM_LISTENING;
    bool stays = has_no_peer || socket->kind == FERP_SIM_DATAGRAM;
    return socket->error_is_late || (stays && ferp_sim_acts_as_windows(network, socket));
}

fer_error ferp_take_error(fer_raw_socket raw, fer_error *pending)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_run_quiet_events(network);
    bool has_none = socket->error_is_late || ferp_sim_handle_of(network, raw)->lacks_error;
    ferp_sim_code code = has_none ? FERP_SIM_NO_ERROR : socket->pending;
    if (!error_stays(network, socket)) {
        socket->pending = FERP_SIM_NO_ERROR;
    }
    if (code == FERP_SIM_NO_ERROR && network->config.dialect == FER_SIM_DIALECT_POSIX) {
        code = socket->soft; /* sk_getsockopt takes sk_err_soft */
        socket->soft = FERP_SIM_NO_ERROR;
    }
    socket->error_is_late = false;
    *pending = ferp_sim_error(network, code);
    return FERP_SIM_OK;
}
