/* options.c: socket options: stored, read, and rejected if the dialect's system rejects them. Only
 * the options for address sharing, dual stack, broadcast, multicast and linger have an effect. */
#include "platform/sim/network.h"

#include <string.h>

/* Linux: tcp(7), MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT. Windows: "IPPROTO_TCP socket
 * options", MSDN. */
enum {
    TTL_MAX = 255,
    LINUX_SECONDS_MAX = 32767,
    LINUX_RETRIES_MAX = 127,
    WINDOWS_RETRIES_MAX = 255
};

#define LEVEL_OF_ROW(name, kind, level, ...) [FERP_##name] = FERP_SIM_##level##_LEVEL,
static const ferp_sim_level levels[] = {FERP_OPTIONS(LEVEL_OF_ROW)};

/* The dialects that have the option. */
enum {
    ON_LINUX = 1 << FER_SIM_DIALECT_POSIX,
    ON_WINDOWS = 1 << FER_SIM_DIALECT_WINSOCK,
    ON_POSIX = ON_LINUX | 1 << FER_SIM_DIALECT_BSD,
    ON_ALL = ON_POSIX | ON_WINDOWS
};
#define SYSTEMS_OF_ROW(name, kind, level, systems, number) [FERP_##name] = ON_##systems,
static const unsigned char systems_of[] = {FERP_OPTIONS(SYSTEMS_OF_ROW)};

static bool is_keepalive_field(ferp_option option)
{
    return option == FERP_KEEPALIVE_TIME || option == FERP_KEEPALIVE_INTERVAL ||
           option == FERP_KEEPALIVE_RETRIES;
}

/* Whether the system has the option for such a socket. */
static bool is_known(const ferp_sim_network *network, const ferp_sim_socket *socket,
                     ferp_option option)
{
    if ((systems_of[option] >> network->config.dialect & 1) == 0) {
        return false;
    }
    if (levels[option] == FERP_SIM_IPV6_LEVEL) {
        return socket->family == FER_IP_V6;
    }
    if (option == FERP_USER_TIMEOUT) {
        return !ferp_sim_switches_for(network, socket)->lacks_user_timeout;
    }
    if (option == FERP_PROTOCOL) {
        return !ferp_sim_switches_for(network, socket)->lacks_protocol;
    }
    return !(ferp_sim_switches_for(network, socket)->lacks_keepalive_fields &&
             is_keepalive_field(option));
}

/* Whether the option is one that the system rejects for such a socket. */
static bool is_rejected(const ferp_sim_network *network, const ferp_sim_socket *socket,
                        ferp_option option)
{
    return (option == FERP_MULTICAST_LOOP_V4 || option == FERP_MULTICAST_TTL_V4 ||
            option == FERP_MULTICAST_IF_V4) &&
           ferp_sim_lacks_ipv4_groups(network, socket);
}

/* The network interface that a multicast option names: 0, or one of this machine. */
static bool is_interface(const ferp_sim_network *network, const ferp_sim_socket *socket,
                         ferp_option option, uint32_t value)
{
    fer_ipv4_addr local;
    memcpy(local.octets, &value, sizeof local.octets);
    const fer_ip_addr ip = fer_ip_addr_from_v4(local);
    return option == FERP_MULTICAST_IF_V4 ? ferp_sim_is_local(&ip)
           : option == FERP_MULTICAST_IF_V6
               ? value <= FERP_SIM_INTERFACES &&
                     (value != 0 || !ferp_sim_switches_for(network, socket)->multicast_if_v6_stays)
               : true;
}

static bool is_between(uint32_t value, uint32_t least, uint32_t most)
{
    return value >= least && value <= most;
}

static bool is_in_range(const ferp_sim_network *network, const ferp_sim_socket *socket,
                        ferp_option option, uint32_t value)
{
    bool windows = ferp_sim_is_winsock(network);
    switch (option) {
    case FERP_TTL_V4:
    case FERP_HOPS_V6: return is_between(value, 1, TTL_MAX);
    case FERP_KEEPALIVE_TIME:
    case FERP_KEEPALIVE_INTERVAL:
        return is_between(value, 1, windows ? UINT32_MAX : LINUX_SECONDS_MAX);
    case FERP_KEEPALIVE_RETRIES:
        return is_between(value, 1, windows ? WINDOWS_RETRIES_MAX : LINUX_RETRIES_MAX);
    case FERP_MULTICAST_TTL_V4:
    case FERP_MULTICAST_HOPS_V6: return value <= TTL_MAX;
    case FERP_ONLY_V6:
        return !socket->has_local &&
               (value != 0 || !ferp_sim_switches_for(network, socket)->lacks_dual_stack);
    case FERP_REUSE_ADDRESS: return value == 0 || !socket->settings.options[FERP_EXCLUSIVE_ADDRESS];
    case FERP_EXCLUSIVE_ADDRESS:
        /* "must be set prior to the bind function being called" ("SO_EXCLUSIVEADDRUSE socket
         * option", MSDN) */
        return !socket->has_local && (value == 0 || !socket->settings.options[FERP_REUSE_ADDRESS]);
    default: return true;
    }
}

/* Milliseconds in the unit of the system's option. */
static uint32_t in_whole_units(const ferp_sim_network *network, const ferp_sim_socket *socket,
                               ferp_option option, uint32_t value)
{
    bool is_in_seconds = ferp_sim_is_winsock(network) ||
                         ferp_sim_switches_for(network, socket)->user_timeout_is_in_seconds;
    uint32_t unit = option == FERP_USER_TIMEOUT && is_in_seconds ? 1000 : 1;
    return (value / unit + (value % unit != 0)) * unit;
}

static bool is_buffer_of_ended_half(ferp_sim_network *network, const ferp_sim_socket *socket,
                                    ferp_option option)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    bool read_ended = socket->shut_read || (in != NULL && in->fin_arrived);
    return ferp_sim_switches_for(network, socket)->buffer_of_ended_half_is_einval &&
           ((option == FERP_RECV_BUFFER && read_ended) ||
            (option == FERP_SEND_BUFFER && socket->shut_write));
}

/* A Unix stream sends no more once the other end is closed (XNU, unp_disconnect). */
static bool sends_no_more(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *out = ferp_sim_pipe_out(network, socket);
    return out != NULL &&
           (out->fin_sent || (socket->is_unix && !ferp_sim_has_reader(network, socket)));
}

bool ferp_sim_refuses_options(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network, socket);
    bool receives_no_more = socket->shut_read || (in != NULL && in->fin_arrived);
    bool has_ended = socket->kind == FERP_SIM_DATAGRAM
                         ? socket->shut_read && socket->shut_write
                         : socket->state == FERP_SIM_CONNECTION_RESET ||
                               socket->state == FERP_SIM_FAILED ||
                               (receives_no_more && sends_no_more(network, socket));
    return ferp_sim_switches_for(network, socket)->ended_options_fail && has_ended;
}

ferp_sim_code ferp_sim_option_status(ferp_sim_network *network, const ferp_sim_socket *socket,
                                     ferp_sim_level level)
{
    const ferp_sim_switches *switches = ferp_sim_switches_for(network, socket);
    bool fails_when_dead = switches->dead_options_fail ||
                           (switches->dead_tcp_options_fail && level == FERP_SIM_TCP_LEVEL) ||
                           (switches->dead_ip_options_fail &&
                            (level == FERP_SIM_IPV4_LEVEL || level == FERP_SIM_IPV6_LEVEL));
    if (fails_when_dead && ferp_sim_is_dead(network, socket)) {
        return FERP_SIM_ECONNRESET;
    }
    return ferp_sim_refuses_options(network, socket) ? FERP_SIM_EINVAL : FERP_SIM_NO_ERROR;
}

static fer_error set(ferp_sim_network *network, ferp_sim_socket *socket, ferp_option option,
                     uint32_t value)
{
    if (!is_known(network, socket, option)) {
        return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
    }
    FER_TRY(ferp_sim_error(network, ferp_sim_option_status(network, socket, levels[option])));
    if (is_buffer_of_ended_half(network, socket, option) || is_rejected(network, socket, option) ||
        !is_in_range(network, socket, option, value)) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    if (!is_interface(network, socket, option, value)) {
        return ferp_sim_error(network, ferp_sim_is_winsock(network) ? FERP_SIM_EADDRNOTAVAIL
                                                                    : FERP_SIM_ENODEV);
    }
    value = in_whole_units(network, socket, option, value);
    socket->settings.options[option] = ferp_option_is_boolean(option) ? value != 0 : value;
    return FERP_SIM_OK;
}

fer_error ferp_set_option(fer_raw_socket raw, ferp_option option, uint32_t value)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (option == FERP_INHERITABLE) {
        ferp_sim_handle_of(network, raw)->inheritable = value != 0;
        return ferp_sim_trace_call(network, "set inheritable", socket, FERP_SIM_OK);
    }
    fer_error error = set(network, socket, option, value);
    ferp_sim_keep_settings(network, raw);
    return ferp_sim_trace_call(network, "set option", socket, error);
}

/* What the socket is, and the flag of its raw socket. */
static bool read_property(ferp_sim_network *network, const ferp_sim_socket *socket,
                          fer_raw_socket raw, ferp_option option, uint32_t *out)
{
    bool is_stream = socket->kind == FERP_SIM_STREAM;
    uint32_t protocol = is_stream ? FER_PROTOCOL_TCP : FER_PROTOCOL_UDP;
    switch (option) {
    case FERP_INHERITABLE: *out = ferp_sim_handle_of(network, raw)->inheritable; return true;
    case FERP_TYPE: *out = is_stream ? FER_TYPE_STREAM : FER_TYPE_DGRAM; return true;
    case FERP_PROTOCOL: *out = socket->is_unix ? 0 : protocol; return true;
    case FERP_LISTENING: *out = socket->state == FERP_SIM_LISTENING; return true;
    default: return false;
    }
}

/* The options of SOL_SOCKET are in the socket, not in its protocol. */
fer_error ferp_option_value(fer_raw_socket raw, ferp_option option, uint32_t *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (!is_known(network, socket, option)) {
        return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
    }
    if (read_property(network, socket, raw, option, out)) {
        return FERP_SIM_OK;
    }
    if (is_rejected(network, socket, option)) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    ferp_sim_code code = ferp_sim_option_status(network, socket, levels[option]);
    if (code == FERP_SIM_ECONNRESET && levels[option] != FERP_SIM_SOCKET_LEVEL) {
        return ferp_sim_error(network, code);
    }
    bool is_hidden = is_keepalive_field(option) &&
                     ferp_sim_switches_for(network, socket)->hides_keepalive_fields;
    *out = is_hidden ? 0 : socket->settings.options[option];
    return FERP_SIM_OK;
}

/* The simulated machine has no network interfaces with names. */
fer_error ferp_bind_device(fer_raw_socket raw, fer_ip_family family, const char *name)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    (void)family;
    ferp_sim_code code = name[0] != '\0'
                             ? FERP_SIM_ENODEV
                             : ferp_sim_option_status(network, socket, FERP_SIM_SOCKET_LEVEL);
    return ferp_sim_trace_call(
        network, "bind to a device", socket,
        ferp_sim_error(network, ferp_sim_is_winsock(network) ? FERP_SIM_ENOPROTOOPT : code));
}

fer_error ferp_set_linger(fer_raw_socket raw, struct ferp_linger linger)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    ferp_sim_code code = ferp_sim_option_status(network, socket, FERP_SIM_SOCKET_LEVEL);
    if (code != FERP_SIM_EINVAL) {
        /* NetBSD stores it before the protocol refuses it (sosetopt). */
        socket->settings.linger = linger;
        ferp_sim_keep_settings(network, raw);
    }
    return ferp_sim_trace_call(network, "set linger", socket, ferp_sim_error(network, code));
}

fer_error ferp_linger(fer_raw_socket raw, struct ferp_linger *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    *out = socket->settings.linger;
    return FERP_SIM_OK;
}
