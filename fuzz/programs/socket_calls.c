/* socket_calls.c: one call on handles of each type, options, and the network; see
 * socket_calls.h. */
#include "fuzz/programs/socket_calls.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

#define MILLI UINT64_C(1000000)
#define SECOND (1000 * MILLI)

static const fer_error ok = {FER_OK, 0};

/* ---- The network */

/* The latency is 1 ms each way, and 0 on loopback. Windows retries a refused connect four times,
 * after half a second each. The family of the last address is invalid. */
static const struct {
    const char *addr;
    fer_error_kind outcome;
    fer_sim_answer answer;
    bool has_peer;
    uint64_t delay;   /* of the answer, in milliseconds */
    uint64_t time[2]; /* until the outcome, in nanoseconds, in each dialect */
} destinations[] = {
    /* clang-format off */
    {"127.0.0.1:80", FER_OK, FER_SIM_ANSWER_AS_IS, true, 0, {0, 0}},
    {"127.0.0.1:9", FER_CONNECTION_REFUSED, FER_SIM_ANSWER_AS_IS, false, 0, {0, 0}},
    {"10.0.0.7:82", FER_OK, FER_SIM_ANSWER_AS_IS, true, 200, {202 * MILLI, 202 * MILLI}},
    {"10.0.0.7:80", FER_OK, FER_SIM_ANSWER_AS_IS, true, 0, {2 * MILLI, 2 * MILLI}},
    {"10.0.0.7:81", FER_CONNECTION_REFUSED, FER_SIM_ANSWER_REFUSES, false, 50,
     {52 * MILLI, 2260 * MILLI}},
    {"10.0.0.8:80",
     FER_CONNECTION_TIMED_OUT,
     FER_SIM_ANSWER_SILENT,
     false,
     0,
     {127 * SECOND, 21 * SECOND}},
    {"10.0.0.9:80", FER_HOST_UNREACHABLE, FER_SIM_ANSWER_HOST_UNREACHABLE, false, 3,
     {5 * MILLI, 5 * MILLI}},
    {"127.0.0.1:0", FER_CONNECTION_REFUSED, FER_SIM_ANSWER_AS_IS, false, 0, {0, 0}},
    {"[::1]:80", FER_OK, FER_SIM_ANSWER_AS_IS, true, 0, {0, 0}},
    {"[::1]:9", FER_CONNECTION_REFUSED, FER_SIM_ANSWER_AS_IS, false, 0, {0, 0}},
    {"[::ffff:127.0.0.1]:80", FER_OK, FER_SIM_ANSWER_AS_IS, false, 0, {0, 0}},
    {"[fd00::9]:80", FER_NETWORK_UNREACHABLE, FER_SIM_ANSWER_NETWORK_UNREACHABLE, false, 0,
     {2 * MILLI, 2 * MILLI}},
    {"127.0.0.1:7001", FER_OK, FER_SIM_ANSWER_AS_IS, false, 0, {0, 0}},
    {"[::1]:7001", FER_OK, FER_SIM_ANSWER_AS_IS, false, 0, {0, 0}},
    {"[fd00::7]:80", FER_OK, FER_SIM_ANSWER_AS_IS, true, 40, {42 * MILLI, 42 * MILLI}},
    {"10.0.0.7:82", FER_OK, FER_SIM_ANSWER_AS_IS, false, 200, {202 * MILLI, 202 * MILLI}},
    /* clang-format on */
};
enum { DESTINATIONS = sizeof destinations / sizeof *destinations };

model_destination socket_destination(uint8_t arg)
{
    size_t at = arg % DESTINATIONS;
    model_destination to = {.outcome = destinations[at].outcome};
    FUZZ_CHECK(fer_socket_addr_parse(&to.addr, destinations[at].addr).kind == FER_OK);
    to.addr.ip.family = at == DESTINATIONS - 1 ? (fer_ip_family)9 : to.addr.ip.family;
    to.is_local = to.addr.port == MODEL_PORT;
    to.is_mapped = at == 10;
    to.delay = destinations[at].time[model_is_windows()];
    bool is_silent = destinations[at].answer == FER_SIM_ANSWER_SILENT;
    to.delay = is_silent && model_is_bsd() ? 75 * SECOND : to.delay;
    return to;
}

void socket_network_begin(void)
{
    for (uint8_t i = 0; i < DESTINATIONS - 1; i++) {
        fer_sim_peer peer;
        model_destination to = socket_destination(i);
        if (destinations[i].has_peer) {
            FUZZ_CHECK(fer_sim_peer_listen(&to.addr, 4096, &peer).kind == FER_OK);
        }
        if (destinations[i].answer != FER_SIM_ANSWER_AS_IS || destinations[i].delay != 0) {
            fer_duration delay = fer_duration_from_millis(destinations[i].delay);
            FUZZ_CHECK(fer_sim_set_answer(&to.addr, destinations[i].answer, delay).kind == FER_OK);
        }
    }
}

bool socket_peer_can_connect(const fer_socket_addr *addr)
{
    fer_sim_peer peer;
    FUZZ_CHECK(fer_sim_peer_connect(NULL, addr, &peer).kind == FER_OK);
    FUZZ_CHECK(fer_sim_advance(fer_duration_from_secs(0)).kind == FER_OK);
    bool is_in = fer_sim_peer_send(peer, "a", 1, NULL).kind == FER_OK;
    fer_sim_peer_close(peer);
    return is_in;
}

fer_socket_addr socket_bind_address(uint8_t arg)
{
    static const char *const addrs[] = {"127.0.0.1:7001", "0.0.0.0:7001", "[::1]:7001",
                                        "[::]:7001",      "127.0.0.1:0",  "[::]:0",
                                        "192.0.2.1:7001"};
    fer_socket_addr addr;
    FUZZ_CHECK(fer_socket_addr_parse(&addr, addrs[arg % 7]).kind == FER_OK);
    return addr;
}

static const char *const paths[MODEL_PATHS] = {"a", "b", "/run/c"};
static const char typed_path[] = "/run/typed";

fer_unix_addr socket_path(int path)
{
    fer_unix_addr addr;
    FUZZ_CHECK(fer_unix_addr_from_pathname(&addr, paths[path]).kind == FER_OK);
    return addr;
}

void socket_remove_path(int path)
{
    FER_IGNORE(fer_sim_remove_path(paths[path]));
}

/* ---- Options */

uint64_t socket_option_value(model_option option, uint8_t arg)
{
    static const uint64_t sizes[] = {1, 4096, 0, 1048576};
    static const uint64_t ttls[] = {1, 255, 0, 256};
    static const uint64_t services[] = {4, 255, 3, 256, 0};
    static const uint64_t lingers[] = {0, UINT64_MAX, SECOND, 3 * SECOND};
    static const uint64_t timeouts[] = {5 * MILLI, UINT64_MAX, 0, 100 * MILLI};
    switch (option) {
    case OPTION_RECV_BUFFER:
    case OPTION_SEND_BUFFER: return sizes[arg % 4];
    case OPTION_TTL: return ttls[arg % 4];
    case OPTION_TOS: return services[arg % 5];
    case OPTION_LINGER: return lingers[arg % 4];
    case OPTION_READ_TIMEOUT:
    case OPTION_WRITE_TIMEOUT: return timeouts[arg % 4];
    default: return arg % 2 == 0;
    }
}

fer_error socket_set_option(fer_socket *socket, model_option option, uint64_t value)
{
    fer_tcp_keepalive keepalive = {.enabled = value != 0};
    switch (option) {
    case OPTION_REUSE_ADDRESS: return fer_socket_set_reuse_address(socket, value != 0);
    case OPTION_REUSE_PORT: return fer_socket_set_reuse_port(socket, value != 0);
    case OPTION_ONLY_V6: return fer_socket_set_only_v6(socket, value != 0);
    case OPTION_RECV_BUFFER: return fer_socket_set_recv_buffer_size(socket, (size_t)value);
    case OPTION_SEND_BUFFER: return fer_socket_set_send_buffer_size(socket, (size_t)value);
    case OPTION_KEEPALIVE: return fer_socket_set_keepalive(socket, &keepalive);
    case OPTION_LINGER: return fer_socket_set_linger(socket, (fer_duration){value});
    case OPTION_NODELAY: return fer_socket_set_nodelay(socket, value != 0);
    case OPTION_TTL: return fer_socket_set_ttl(socket, (uint32_t)value);
    case OPTION_TOS: return fer_socket_set_tos(socket, (uint32_t)value);
    case OPTION_BROADCAST: return fer_socket_set_broadcast(socket, value != 0);
    case OPTION_NONBLOCKING: return fer_socket_set_nonblocking(socket, value != 0);
    case OPTION_READ_TIMEOUT: return fer_socket_set_read_timeout(socket, (fer_duration){value});
    case OPTION_WRITE_TIMEOUT: return fer_socket_set_write_timeout(socket, (fer_duration){value});
    case OPTION_COUNT:
    default: return ok;
    }
}

static fer_error get_number(const fer_socket *socket, model_option option, uint64_t *value)
{
    uint32_t number = 0;
    size_t size = 0;
    fer_duration duration = {0};
    fer_error error;
    switch (option) {
    case OPTION_RECV_BUFFER: error = fer_socket_recv_buffer_size(socket, &size); break;
    case OPTION_SEND_BUFFER: error = fer_socket_send_buffer_size(socket, &size); break;
    case OPTION_LINGER: error = fer_socket_linger(socket, &duration); break;
    case OPTION_TTL: error = fer_socket_ttl(socket, &number); break;
    case OPTION_TOS: error = fer_socket_tos(socket, &number); break;
    case OPTION_READ_TIMEOUT: error = fer_socket_read_timeout(socket, &duration); break;
    default: error = fer_socket_write_timeout(socket, &duration); break;
    }
    *value = number + size + duration.nanos;
    return error;
}

fer_error socket_get_option(const fer_socket *socket, model_option option, uint64_t *value)
{
    bool on = false;
    fer_tcp_keepalive keepalive = {.enabled = false};
    fer_error error;
    switch (option) {
    case OPTION_REUSE_ADDRESS: error = fer_socket_reuse_address(socket, &on); break;
    case OPTION_REUSE_PORT: error = fer_socket_reuse_port(socket, &on); break;
    case OPTION_ONLY_V6: error = fer_socket_only_v6(socket, &on); break;
    case OPTION_NODELAY: error = fer_socket_nodelay(socket, &on); break;
    case OPTION_BROADCAST: error = fer_socket_broadcast(socket, &on); break;
    case OPTION_KEEPALIVE: error = fer_socket_keepalive(socket, &keepalive); break;
    case OPTION_NONBLOCKING: return ok; /* it has no getter */
    default: return get_number(socket, option, value);
    }
    *value = on || keepalive.enabled;
    return error;
}

/* ---- Handles of any type */

void socket_close_any(socket_any *handle, model_type type)
{
    switch (type) {
    case MODEL_TCP_STREAM: fer_tcp_stream_close(&handle->tcp_stream); break;
    case MODEL_TCP_LISTENER: fer_tcp_listener_close(&handle->tcp_listener); break;
    case MODEL_UDP: fer_udp_socket_close(&handle->udp); break;
    case MODEL_UNIX_STREAM: fer_unix_stream_close(&handle->unix_stream); break;
    case MODEL_UNIX_LISTENER: fer_unix_listener_close(&handle->unix_listener); break;
    case MODEL_UNIX_DATAGRAM: fer_unix_datagram_close(&handle->unix_datagram); break;
    case MODEL_SOCKET:
    default: fer_socket_close(&handle->socket); break;
    }
}

fer_error socket_into_any(fer_socket *socket, socket_any *out, model_type type)
{
    switch (type) {
    case MODEL_TCP_STREAM: return fer_socket_into_tcp_stream(socket, &out->tcp_stream);
    case MODEL_TCP_LISTENER: return fer_socket_into_tcp_listener(socket, &out->tcp_listener);
    case MODEL_UDP: return fer_socket_into_udp_socket(socket, &out->udp);
    case MODEL_UNIX_STREAM: return fer_socket_into_unix_stream(socket, &out->unix_stream);
    case MODEL_UNIX_LISTENER: return fer_socket_into_unix_listener(socket, &out->unix_listener);
    case MODEL_UNIX_DATAGRAM:
    case MODEL_SOCKET:
    default: return fer_socket_into_unix_datagram(socket, &out->unix_datagram);
    }
}

fer_socket *socket_lend_any(socket_any *handle, model_type type)
{
    switch (type) {
    case MODEL_TCP_STREAM: return fer_tcp_stream_as_socket(&handle->tcp_stream);
    case MODEL_TCP_LISTENER: return fer_tcp_listener_as_socket(&handle->tcp_listener);
    case MODEL_UDP: return fer_udp_socket_as_socket(&handle->udp);
    case MODEL_UNIX_STREAM: return fer_unix_stream_as_socket(&handle->unix_stream);
    case MODEL_UNIX_LISTENER: return fer_unix_listener_as_socket(&handle->unix_listener);
    case MODEL_UNIX_DATAGRAM: return fer_unix_datagram_as_socket(&handle->unix_datagram);
    case MODEL_SOCKET:
    default: return &handle->socket;
    }
}

/* The Unix stream connects to a Unix listener that this function has opened. */
fer_error socket_open_any(socket_any *handle, model_type type)
{
    switch (type) {
    case MODEL_TCP_STREAM: return fer_tcp_stream_connect(&handle->tcp_stream, "127.0.0.1:80");
    case MODEL_TCP_LISTENER: return fer_tcp_listener_bind(&handle->tcp_listener, "127.0.0.1:0");
    case MODEL_UDP: return fer_udp_socket_bind(&handle->udp, "127.0.0.1:0");
    case MODEL_UNIX_STREAM: return fer_unix_stream_connect(&handle->unix_stream, typed_path);
    case MODEL_UNIX_LISTENER:
        FER_IGNORE(fer_sim_remove_path(typed_path));
        return fer_unix_listener_bind(&handle->unix_listener, typed_path);
    case MODEL_UNIX_DATAGRAM: return fer_unix_datagram_unbound(&handle->unix_datagram);
    case MODEL_SOCKET:
    default: return ok;
    }
}

fer_error socket_peer_addr_any(const socket_any *handle, model_type type)
{
    fer_socket_addr addr;
    return type == MODEL_SOCKET ? fer_socket_peer_addr(&handle->socket, &addr)
                                : fer_tcp_stream_peer_addr(&handle->tcp_stream, &addr);
}

fer_error socket_take_error_any(socket_any *handle, model_type type, fer_error *out)
{
    switch (type) {
    case MODEL_TCP_STREAM: return fer_tcp_stream_take_error(&handle->tcp_stream, out);
    case MODEL_UNIX_STREAM: return fer_unix_stream_take_error(&handle->unix_stream, out);
    default: return fer_socket_take_error(&handle->socket, out);
    }
}

fer_error socket_read_any(socket_any *handle, model_type type)
{
    uint8_t byte;
    size_t n = 77;
    fer_error error = type == MODEL_TCP_STREAM
                          ? fer_tcp_stream_read(&handle->tcp_stream, &byte, 1, &n)
                          : fer_unix_stream_read(&handle->unix_stream, &byte, 1, &n);
    FUZZ_CHECK(n <= (error.kind == FER_OK));
    return error;
}

fer_error socket_write_any(socket_any *handle, model_type type)
{
    size_t n = 77;
    fer_error error = type == MODEL_TCP_STREAM
                          ? fer_tcp_stream_write(&handle->tcp_stream, "a", 1, &n)
                          : fer_unix_stream_write(&handle->unix_stream, "a", 1, &n);
    FUZZ_CHECK(n == (error.kind == FER_OK));
    return error;
}

fer_error socket_shutdown_any(socket_any *handle, model_type type)
{
    return type == MODEL_TCP_STREAM
               ? fer_tcp_stream_shutdown(&handle->tcp_stream, FER_SHUTDOWN_BOTH)
               : fer_unix_stream_shutdown(&handle->unix_stream, FER_SHUTDOWN_BOTH);
}

static void check_no_timeout(fer_error error, fer_duration timeout)
{
    FUZZ_CHECK(error.kind == FER_OK && timeout.nanos == FER_DURATION_NONE_NANOS);
}

/* An accepted stream has no timeout, whatever the listener has (rule T6). It is accepted as a
 * fer_socket, of any type of listener. */
fer_error socket_accept_any(socket_any *listener, socket_any *out, model_type type)
{
    fer_socket accepted = {0};
    fer_duration timeout = {0};
    bool is_unix = type == MODEL_UNIX_STREAM;
    FER_TRY(fer_socket_accept(is_unix ? fer_unix_listener_as_socket(&listener->unix_listener)
                                      : fer_tcp_listener_as_socket(&listener->tcp_listener),
                              &accepted, NULL));
    check_no_timeout(fer_socket_read_timeout(&accepted, &timeout), timeout);
    return is_unix ? fer_socket_into_unix_stream(&accepted, &out->unix_stream)
                   : fer_socket_into_tcp_stream(&accepted, &out->tcp_stream);
}
