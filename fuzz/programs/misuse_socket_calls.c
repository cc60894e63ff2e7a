/* misuse_socket_calls.c: one line for each function of socket.h, or for a setter and its getter,
 * and the arguments that they may be given. What only one dialect has leaves no trace. */
#include <string.h>

#include "fuzz/programs/misuse_calls.h"

/* What a call is given; each pointer may be NULL. */
struct arguments {
    struct misuse_built *built;
    fer_socket *socket;
    fer_socket *other;
    const fer_socket_addr *addr;
    const fer_unix_addr *path;
    fer_socket_addr *addr_out;
    fer_datagram *datagram_out;
    fer_duration duration;
    fer_duration *duration_out;
    const fer_keepalive *keepalive;
    fer_keepalive *keepalive_out;
    uint8_t *buf;
    size_t len;
    size_t *n;
    fer_error *error_out;
    bool *flag_out;
    uint32_t *number_out;
    size_t *size_out;
    const char *name;
    uint32_t number;
    bool has_out; /* of into and from */
    bool asks;    /* the getter, of a setter and its getter */
    uint8_t who;
    uint8_t arg;
};

static fer_error ok(void)
{
    return (fer_error){FER_OK, 0};
}
static fer_error unsupported(void)
{
    return (fer_error){FER_UNSUPPORTED, 0};
}

/* Windows has no Unix datagrams: one that was made is not kept. */
static fer_error do_new(const struct arguments *a)
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
        return unsupported();
    }
    return error;
}

static fer_error do_close(const struct arguments *a)
{
    (void)fer_socket_as_raw(a->socket);
    fer_socket_close(a->socket);
    return ok();
}

/* Given away and taken in, or a number of nobody's. A new one: row raw_mode. */
static fer_error do_raw(const struct arguments *a)
{
    fer_socket made = {0};
    if (a->arg % 3 == 0) {
        return fer_socket_from_raw(a->socket, a->arg % 2 == 0
                                                  ? FER_RAW_SOCKET_NONE
                                                  : (fer_raw_socket)a->arg * 99991 + 4099);
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

static fer_error do_into_raw(const struct arguments *a)
{
    fer_socket rest = {0};
    fer_raw_socket raw = fer_socket_into_raw(a->socket);
    fer_error error = fer_socket_from_raw(&rest, raw);
    fer_socket_close(&rest);
    return error;
}

static fer_error do_into(const struct arguments *a)
{
    struct misuse_built *b = a->built;
    switch (a->arg % 6) {
    case 0: return fer_socket_into_tcp_stream(a->socket, a->has_out ? &b->tcp_stream : NULL);
    case 1: return fer_socket_into_tcp_listener(a->socket, a->has_out ? &b->tcp_listener : NULL);
    case 2: return fer_socket_into_udp_socket(a->socket, a->has_out ? &b->udp : NULL);
    case 3: return fer_socket_into_unix_stream(a->socket, a->has_out ? &b->unix_stream : NULL);
    case 4: return fer_socket_into_unix_listener(a->socket, a->has_out ? &b->unix_listener : NULL);
    default: return fer_socket_into_unix_datagram(a->socket, a->has_out ? &b->unix_datagram : NULL);
    }
}

static fer_error do_from(const struct arguments *a)
{
    struct misuse_built *b = a->built;
    switch (a->arg % 6) {
    case 0: return fer_socket_from_tcp_stream(a->socket, a->has_out ? &b->tcp_stream : NULL);
    case 1: return fer_socket_from_tcp_listener(a->socket, a->has_out ? &b->tcp_listener : NULL);
    case 2: return fer_socket_from_udp_socket(a->socket, a->has_out ? &b->udp : NULL);
    case 3: return fer_socket_from_unix_stream(a->socket, a->has_out ? &b->unix_stream : NULL);
    case 4: return fer_socket_from_unix_listener(a->socket, a->has_out ? &b->unix_listener : NULL);
    default: return fer_socket_from_unix_datagram(a->socket, a->has_out ? &b->unix_datagram : NULL);
    }
}

/* What a handle that has been turned into a stream is asked, and its end. */
static fer_error do_stream(const struct arguments *a)
{
    fer_tcp_stream *stream = &a->built->tcp_stream;
    switch (a->arg % 6) {
    case 0: return fer_tcp_stream_read(stream, a->buf, a->len, a->n);
    case 1: return fer_tcp_stream_write(stream, a->buf, a->len, a->n);
    case 2: return fer_tcp_stream_peer_addr(stream, a->addr_out);
    case 3: return fer_tcp_stream_take_error(stream, a->error_out);
    case 4: return fer_tcp_stream_shutdown(stream, (fer_shutdown)(a->arg % 5));
    default: fer_tcp_stream_close(stream); return ok();
    }
}

/* The network has no peer that refuses but by port 0, or silent ones: how these differ is another
 * harness's. */
#define ASKED(getter, setter) (a->asks ? (getter) : (setter))
/* X(name, the call) */
#define CALLS(X)                                                                                 \
    X(socket_new, do_new(a))                                                                     \
    X(socket_close, do_close(a))                                                                 \
    X(socket_try_clone, fer_socket_try_clone(a->socket, a->other))                               \
    X(socket_raw, do_raw(a))                                                                     \
    X(socket_into_raw, do_into_raw(a))                                                           \
    X(socket_reuse_address, ASKED(fer_socket_reuse_address(a->socket, a->flag_out),              \
                                  fer_socket_set_reuse_address(a->socket, a->arg & 1)))          \
    X(socket_reuse_port, ASKED(fer_socket_reuse_port(a->socket, a->flag_out),                    \
                               fer_socket_set_reuse_port(a->socket, a->arg & 1)))                \
    X(socket_only_v6, ASKED(fer_socket_only_v6(a->socket, a->flag_out),                          \
                            fer_socket_set_only_v6(a->socket, a->arg & 1)))                      \
    X(socket_recv_buffer, ASKED(fer_socket_recv_buffer_size(a->socket, a->size_out),             \
                                fer_socket_set_recv_buffer_size(a->socket, a->len)))             \
    X(socket_send_buffer, ASKED(fer_socket_send_buffer_size(a->socket, a->size_out),             \
                                fer_socket_set_send_buffer_size(a->socket, a->len)))             \
    X(socket_keepalive, ASKED(fer_socket_keepalive(a->socket, a->keepalive_out),                 \
                              fer_socket_set_keepalive(a->socket, a->keepalive)))                \
    X(socket_linger, ASKED(fer_socket_linger(a->socket, a->duration_out),                        \
                           fer_socket_set_linger(a->socket, a->duration)))                       \
    X(socket_nodelay, ASKED(fer_socket_nodelay(a->socket, a->flag_out),                          \
                            fer_socket_set_nodelay(a->socket, a->arg & 1)))                      \
    X(socket_ttl,                                                                                \
      ASKED(fer_socket_ttl(a->socket, a->number_out), fer_socket_set_ttl(a->socket, a->number))) \
    X(socket_tos,                                                                                \
      ASKED(fer_socket_tos(a->socket, a->number_out), fer_socket_set_tos(a->socket, a->number))) \
    X(socket_broadcast, ASKED(fer_socket_broadcast(a->socket, a->flag_out),                      \
                              fer_socket_set_broadcast(a->socket, a->arg & 1)))                  \
    X(socket_bind_device, fer_socket_bind_device(a->socket, a->name))                            \
    X(socket_nonblocking, fer_socket_set_nonblocking(a->socket, a->arg & 1))                     \
    X(socket_read_timeout, ASKED(fer_socket_read_timeout(a->socket, a->duration_out),            \
                                 fer_socket_set_read_timeout(a->socket, a->duration)))           \
    X(socket_write_timeout, ASKED(fer_socket_write_timeout(a->socket, a->duration_out),          \
                                  fer_socket_set_write_timeout(a->socket, a->duration)))         \
    X(socket_bind, fer_socket_bind(a->socket, a->addr))                                          \
    X(socket_bind_unix, fer_socket_bind_unix(a->socket, a->path))                                \
    X(socket_listen, fer_socket_listen(a->socket, a->arg % 4 == 0 ? -(int)a->arg - 1 : 64))      \
    X(socket_connect, fer_socket_connect(a->socket, a->addr))                                    \
    X(socket_connect_timeout, fer_socket_connect_timeout(a->socket, a->addr, a->duration))       \
    X(socket_connect_unix, fer_socket_connect_unix(a->socket, a->path))                          \
    X(socket_addr, ASKED(fer_socket_local_addr(a->socket, a->addr_out),                          \
                         fer_socket_peer_addr(a->socket, a->addr_out)))                          \
    X(socket_take_error, ASKED(fer_socket_take_error(a->socket, a->error_out), do_stream(a)))    \
    X(socket_send, ASKED(fer_socket_send(a->socket, a->buf, a->len, a->n),                       \
                         fer_socket_send_to(a->socket, a->buf, a->len, a->addr, a->n)))          \
    X(socket_recv, ASKED(fer_socket_recv(a->socket, a->buf, a->len, a->datagram_out),            \
                         fer_socket_recv_from(a->socket, a->buf, a->len, a->datagram_out)))      \
    X(socket_into, do_into(a))                                                                   \
    X(socket_from, do_from(a))

#include "fuzz/programs/misuse_table.h"

const char *misuse_socket_call_name(uint8_t call)
{
    return calls[call % CALL_COUNT].name;
}

/* Bits of nulls: socket, output or other, buffer, n, address, -, the getter. */
fer_error misuse_socket_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                             uint8_t arg)
{
    static const char *const addrs[] = {"127.0.0.1:80", "127.0.0.1:0", "[::1]:0", "10.0.0.1:0",
                                        "127.0.0.1:80", "0.0.0.0:0",   "[::]:0",  "127.0.0.1:0"};
    static const char *const paths[] = {"g", "h", "", "a"};
    static const char *const names[] = {NULL, "", "eth0", "a name that is too long for it"};
    static const size_t lengths[] = {0, 1, 7, 64, SIZE_MAX, SIZE_MAX / 2, 65536};
    static const uint64_t nanos[] = {0, 1000000, UINT64_MAX, 999999999, 4000000};
    static const uint32_t numbers[] = {0, 1, 2, 64, 255, 256, UINT32_MAX};
    fer_socket_addr addr;
    fer_unix_addr path = {0};
    fer_socket_addr addr_out;
    fer_datagram datagram_out;
    fer_duration duration_out;
    fer_keepalive keepalive = {.enabled = arg % 2 == 0, .time = {nanos[arg % 5]}, .retries = arg};
    fer_keepalive keepalive_out;
    fer_error error_out;
    bool flag_out;
    uint32_t number_out;
    size_t size_out;
    size_t n = 77;
    FER_IGNORE(fer_socket_addr_parse(&addr, addrs[arg % 8]));
    FER_IGNORE(fer_unix_addr_from_pathname(&path, paths[arg % 4]));
    addr.ip.family = arg % 8 == 7 ? (fer_ip_family)9 : addr.ip.family;
    struct arguments a = {.built = &world->built,
                          .duration = {nanos[arg % 5]},
                          .number = numbers[arg % 7],
                          .who = who,
                          .arg = arg};
    a.socket = nulls & 1 ? NULL : &world->built.sockets[who % MISUSE_SOCKETS];
    a.other = nulls & 2 ? NULL : &world->built.sockets[(who >> 2) % MISUSE_SOCKETS];
    a.has_out = (nulls & 2) == 0;
    a.addr_out = nulls & 2 ? NULL : &addr_out;
    a.datagram_out = nulls & 2 ? NULL : &datagram_out;
    a.duration_out = nulls & 2 ? NULL : &duration_out;
    a.keepalive_out = nulls & 2 ? NULL : &keepalive_out;
    a.error_out = nulls & 2 ? NULL : &error_out;
    a.flag_out = nulls & 2 ? NULL : &flag_out;
    a.number_out = nulls & 2 ? NULL : &number_out;
    a.size_out = nulls & 2 ? NULL : &size_out;
    a.buf = nulls & 4 ? NULL : world->buf;
    a.len = nulls & 4 ? lengths[arg % 7] : lengths[arg % 4];
    a.n = nulls & 8 ? NULL : &n;
    a.addr = nulls & 16 ? NULL : &addr;
    a.path = nulls & 16 ? NULL : &path;
    a.name = names[arg % 4];
    a.keepalive = nulls & 16 ? NULL : &keepalive;
    a.asks = (nulls & 64) != 0;
    return calls[call % CALL_COUNT].function(&a);
}

void misuse_socket_begin(struct misuse_world *world)
{
    struct misuse_built *built = &world->built;
    FER_IGNORE(fer_socket_new(&built->sockets[0], FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    FER_IGNORE(fer_socket_new(&built->sockets[2], FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    FER_IGNORE(fer_socket_new(&built->sockets[3], FER_DOMAIN_IPV6, FER_TYPE_DGRAM, 0));
    fer_socket_close(&built->sockets[2]);
}

void misuse_socket_end(struct misuse_world *world)
{
    struct misuse_built *built = &world->built;
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
