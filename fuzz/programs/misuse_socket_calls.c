/* misuse_socket_calls.c: one line for each function of socket.h, or for a setter and its getter,
 * and the arguments that only they have. A call that only one dialect has changes nothing. */
#include "fuzz/programs/misuse_calls.h"

#include <string.h>

/* Windows has no Unix datagram sockets: a new one is closed again. */
static fer_error do_new(const struct misuse_arguments *a)
{
    static const fer_domain domains[] = {FER_DOMAIN_IPV4, FER_DOMAIN_IPV6, FER_DOMAIN_UNIX,
                                         (fer_domain)0, (fer_domain)INT32_MAX};
    static const fer_type types[] = {FER_TYPE_STREAM, FER_TYPE_DGRAM, FER_TYPE_STREAM,
                                     FER_TYPE_RAW,    (fer_type)0,    (fer_type)-1};
    static const int protocols[] = {
        0, FER_PROTOCOL_TCP, FER_PROTOCOL_UDP, FER_PROTOCOL_ICMP, INT32_MAX, -1, INT32_MIN};
    fer_domain domain = domains[a->arg % 5];
    fer_type type = types[a->arg / 5 % 6];
    fer_error error = fer_socket_new(a->socket, domain, type, protocols[a->arg / 30 % 7]);
    if (error.kind == FER_OK && domain == FER_DOMAIN_UNIX && type == FER_TYPE_DGRAM) {
        fer_socket_close(a->socket);
        memset(a->socket, 0, sizeof *a->socket);
        return misuse_unsupported();
    }
    return error;
}

static fer_error do_close(const struct misuse_arguments *a)
{
    (void)fer_socket_as_raw(a->socket);
    fer_socket_close(a->socket);
    return misuse_ok();
}

/* A new socket, through a raw one (row raw_mode), or a number that is no socket. */
static fer_error do_raw(const struct misuse_arguments *a)
{
    fer_socket made = {0};
    if (a->arg % 3 == 0) {
        return fer_socket_from_raw(a->socket, a->raw);
    }
    FER_IGNORE(fer_socket_new(&made, FER_DOMAIN_IPV4,
                              a->arg % 3 == 1 ? FER_TYPE_STREAM : FER_TYPE_DGRAM, 0));
    fer_raw_socket raw = fer_socket_into_raw(&made);
    fer_error error = fer_socket_from_raw(a->socket, raw);
    if (error.kind != FER_OK) {
        FER_IGNORE(fer_socket_from_raw(&made, raw));
        fer_socket_close(&made);
    }
    return error;
}

static fer_error do_into_raw(const struct misuse_arguments *a)
{
    fer_socket rest = {0};
    fer_raw_socket raw = fer_socket_into_raw(a->socket);
    fer_error error = fer_socket_from_raw(&rest, raw);
    fer_socket_close(&rest);
    return error;
}

/* The handle of the type, or NULL. */
#define BUILT(member) ((a->nulls & 2) != 0 ? NULL : &a->state->built.member)

static fer_error do_into(const struct misuse_arguments *a)
{
    switch (a->arg % 6) {
    case 0: return fer_socket_into_tcp_stream(a->socket, BUILT(tcp_stream));
    case 1: return fer_socket_into_tcp_listener(a->socket, BUILT(tcp_listener));
    case 2: return fer_socket_into_udp_socket(a->socket, BUILT(udp));
    case 3: return fer_socket_into_unix_stream(a->socket, BUILT(unix_stream));
    case 4: return fer_socket_into_unix_listener(a->socket, BUILT(unix_listener));
    default: return fer_socket_into_unix_datagram(a->socket, BUILT(unix_datagram));
    }
}

static fer_socket *lend(const struct misuse_arguments *a)
{
    switch (a->arg % 6) {
    case 0: return fer_tcp_stream_as_socket(BUILT(tcp_stream));
    case 1: return fer_tcp_listener_as_socket(BUILT(tcp_listener));
    case 2: return fer_udp_socket_as_socket(BUILT(udp));
    case 3: return fer_unix_stream_as_socket(BUILT(unix_stream));
    case 4: return fer_unix_listener_as_socket(BUILT(unix_listener));
    default: return fer_unix_datagram_as_socket(BUILT(unix_datagram));
    }
}

static fer_error do_describe(const struct misuse_arguments *a)
{
    fer_domain domain;
    fer_type type;
    int protocol;
    switch (a->arg % 4) {
    case 0: return fer_socket_domain(a->socket, (a->nulls & 2) != 0 ? NULL : &domain);
    case 1: return fer_socket_type(a->socket, (a->nulls & 2) != 0 ? NULL : &type);
    case 2: return fer_socket_protocol(a->socket, (a->nulls & 2) != 0 ? NULL : &protocol);
    default: return fer_socket_is_listening(a->socket, a->flag_out);
    }
}

static fer_error do_lend(const struct misuse_arguments *a)
{
    return fer_socket_set_read_timeout(lend(a), a->duration);
}

/* The calls of the handle that a socket was moved into, and its close. */
static fer_error do_stream(const struct misuse_arguments *a)
{
    fer_tcp_stream *stream = &a->state->built.tcp_stream;
    switch (a->arg % 6) {
    case 0: return fer_tcp_stream_read(stream, a->buf, a->len, a->n);
    case 1: return fer_tcp_stream_write(stream, a->buf, a->len, a->n);
    case 2: return fer_tcp_stream_peer_addr(stream, a->addr_out);
    case 3: return fer_tcp_stream_take_error(stream, a->error_out);
    case 4: return fer_tcp_stream_shutdown(stream, (fer_shutdown)(a->arg % 5));
    default: fer_tcp_stream_close(stream); return misuse_ok();
    }
}

/* Of a UDP socket too: one of them is connected. */
static fer_error do_shutdown(const struct misuse_arguments *a)
{
    bool is_udp = (a->arg & 8) != 0;
    return fer_socket_shutdown(is_udp ? fer_udp_socket_as_socket(a->udp) : a->socket, a->how);
}

/* Bit 6 of nulls selects the getter. */
#define GET_OR_SET(getter, setter) ((a->nulls & 64) != 0 ? (getter) : (setter))

/* Every machine of the simulation has the interfaces 1, "lo", and 2, "eth0". */
static fer_error do_interface(const struct misuse_arguments *a)
{
    char name[8] = "";
    uint32_t index = MISUSE_UNTOUCHED;
    fer_error error = fer_interface_index(a->device, a->nulls & 2 ? NULL : &index);
    bool is_right = (error.kind == FER_OK) == (index == 2);
    fer_error named = fer_interface_name(a->number, a->nulls & 4 ? NULL : name, a->arg % 8);
    bool fits = (a->nulls & 4) == 0 && a->arg % 8 > (a->number == 1 ? 2 : 4);
    bool has_name = (a->number == 1 || a->number == 2) && fits;
    return misuse_checked(is_right && (named.kind == FER_OK) == has_name, error);
}

/* Only port 0 refuses here, and no peer is silent: how the dialects differ there is for another
 * harness. */
/* X(name, the call) */
#define CALLS(X)                                                                                   \
    X(socket_new, do_new(a))                                                                       \
    X(socket_close, do_close(a))                                                                   \
    X(socket_try_clone, fer_socket_try_clone(a->socket, a->other_socket))                          \
    X(socket_raw, do_raw(a))                                                                       \
    X(socket_into_raw, do_into_raw(a))                                                             \
    X(socket_reuse_address, GET_OR_SET(fer_socket_reuse_address(a->socket, a->flag_out),           \
                                       fer_socket_set_reuse_address(a->socket, a->arg & 1)))       \
    X(socket_reuse_port, GET_OR_SET(fer_socket_reuse_port(a->socket, a->flag_out),                 \
                                    fer_socket_set_reuse_port(a->socket, a->arg & 1)))             \
    X(socket_only_v6, GET_OR_SET(fer_socket_only_v6(a->socket, a->flag_out),                       \
                                 fer_socket_set_only_v6(a->socket, a->arg & 1)))                   \
    X(socket_recv_buffer, GET_OR_SET(fer_socket_recv_buffer_size(a->socket, a->size_out),          \
                                     fer_socket_set_recv_buffer_size(a->socket, a->len)))          \
    X(socket_send_buffer, GET_OR_SET(fer_socket_send_buffer_size(a->socket, a->size_out),          \
                                     fer_socket_set_send_buffer_size(a->socket, a->len)))          \
    X(socket_keepalive, GET_OR_SET(fer_socket_keepalive(a->socket, a->keepalive_out),              \
                                   fer_socket_set_keepalive(a->socket, a->keepalive)))             \
    X(socket_linger, GET_OR_SET(fer_socket_linger(a->socket, a->duration_out),                     \
                                fer_socket_set_linger(a->socket, a->duration)))                    \
    X(socket_nodelay, GET_OR_SET(fer_socket_nodelay(a->socket, a->flag_out),                       \
                                 fer_socket_set_nodelay(a->socket, a->arg & 1)))                   \
    X(socket_ttl, GET_OR_SET(fer_socket_ttl(a->socket, a->number_out),                             \
                             fer_socket_set_ttl(a->socket, a->number)))                            \
    X(socket_tos, GET_OR_SET(fer_socket_tos(a->socket, a->number_out),                             \
                             fer_socket_set_tos(a->socket, a->number)))                            \
    X(socket_broadcast, GET_OR_SET(fer_socket_broadcast(a->socket, a->flag_out),                   \
                                   fer_socket_set_broadcast(a->socket, a->arg & 1)))               \
    X(socket_bind_device,                                                                          \
      GET_OR_SET(do_interface(a), fer_socket_bind_device(a->socket, a->device)))                   \
    X(socket_nonblocking,                                                                          \
      GET_OR_SET(do_shutdown(a), fer_socket_set_nonblocking(a->socket, a->arg & 1)))               \
    X(socket_read_timeout, GET_OR_SET(fer_socket_read_timeout(a->socket, a->duration_out),         \
                                      fer_socket_set_read_timeout(a->socket, a->duration)))        \
    X(socket_write_timeout, GET_OR_SET(fer_socket_write_timeout(a->socket, a->duration_out),       \
                                       fer_socket_set_write_timeout(a->socket, a->duration)))      \
    X(socket_bind, fer_socket_bind(a->socket, a->addr))                                            \
    X(socket_bind_unix, fer_socket_bind_unix(a->socket, a->unix_addr))                             \
    X(socket_listen, fer_socket_listen(a->socket, a->arg % 4 == 0 ? -(int)a->arg - 1 : 64))        \
    X(socket_connect, fer_socket_connect(a->socket, a->addr))                                      \
    X(socket_connect_timeout, fer_socket_connect_timeout(a->socket, a->addr, a->duration))         \
    X(socket_connect_unix, fer_socket_connect_unix(a->socket, a->unix_addr))                       \
    X(socket_addr, GET_OR_SET(fer_socket_local_addr(a->socket, a->addr_out),                       \
                              fer_socket_peer_addr(a->socket, a->addr_out)))                       \
    X(socket_take_error, GET_OR_SET(fer_socket_take_error(a->socket, a->error_out), do_stream(a))) \
    X(socket_send, GET_OR_SET(fer_socket_send(a->socket, a->buf, a->len, a->n),                    \
                              fer_socket_send_to(a->socket, a->buf, a->len, a->addr, a->n)))       \
    X(socket_into, do_into(a))                                                                     \
    X(socket_lend, do_lend(a))                                                                     \
    X(socket_describe, do_describe(a))                                                             \
    X(socket_user_timeout, fer_socket_set_tcp_user_timeout(a->socket, (fer_duration){0}))          \
    X(socket_inheritable, GET_OR_SET(fer_socket_inheritable(a->socket, a->flag_out),               \
                                     fer_socket_set_inheritable(a->socket, a->arg & 1)))

#include "fuzz/programs/misuse_table.h"

static void choose(struct misuse_arguments *a)
{
    static const char *const addrs[] = {"127.0.0.1:80", "127.0.0.1:0", "[::1]:0", "10.0.0.1:0",
                                        "127.0.0.1:80", "0.0.0.0:0",   "[::]:0",  "127.0.0.1:0"};
    static const char *const paths[] = {"g", "h", "", "a"};
    static const char *const devices[] = {NULL, "", "eth0", "a name that is too long for it"};
    static const uint64_t nanos[] = {0, 1000000, UINT64_MAX, 999999999, 4000000};
    struct misuse_values *values = a->values;
    misuse_set_addr(a, addrs[a->arg % 8]);
    values->unix_addr = (fer_unix_addr){0};
    FER_IGNORE(fer_unix_addr_from_pathname(&values->unix_addr, paths[a->arg % 4]));
    a->duration.nanos = nanos[a->arg % 5];
    values->keepalive =
        (fer_tcp_keepalive){.enabled = a->arg % 2 == 0, .time = a->duration, .retries = a->arg};
    a->keepalive = a->nulls & 16 ? NULL : &values->keepalive;
    a->device = devices[a->arg % 4];
}

const struct misuse_family misuse_socket_family = {calls, CALL_COUNT, false, choose};

void misuse_socket_begin(struct misuse_state *state)
{
    struct misuse_built *built = &state->built;
    FER_IGNORE(fer_socket_new(&built->sockets[0], FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    FER_IGNORE(fer_socket_new(&built->sockets[2], FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    FER_IGNORE(fer_socket_new(&built->sockets[3], FER_DOMAIN_IPV6, FER_TYPE_DGRAM, 0));
    fer_socket_close(&built->sockets[2]);
}

void misuse_socket_end(struct misuse_state *state)
{
    struct misuse_built *built = &state->built;
    for (int i = 0; i < MISUSE_SOCKETS; i++) {
        fer_socket_close(&built->sockets[i]);
    }
    fer_tcp_stream_close(&built->tcp_stream);
    fer_tcp_listener_close(&built->tcp_listener);
    fer_udp_socket_close(&built->udp);
    fer_unix_stream_close(&built->unix_stream);
    fer_unix_listener_close(&built->unix_listener);
    fer_unix_datagram_close(&built->unix_datagram);
}
