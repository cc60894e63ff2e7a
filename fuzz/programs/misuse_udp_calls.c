/* misuse_udp_calls.c: one line for each function of udp.h, and the arguments that it may be
 * given. */
#include "fuzz/programs/misuse_calls.h"

/* What a call is given; each pointer may be NULL. */
struct arguments {
    fer_udp_socket *socket;
    fer_udp_socket *other;
    const char *text;
    const fer_socket_addr *addr;
    fer_socket_addr *addr_out;
    fer_datagram *datagram_out;
    fer_duration duration;
    fer_duration *duration_out;
    uint8_t *buf;
    size_t len;
    size_t *n;
    const fer_ipv4_addr *group_v4;
    const fer_ipv4_addr *local;
    const fer_ipv6_addr *group_v6;
    fer_error *error_out;
    bool *flag_out;
    uint32_t *number_out;
    uint32_t number;
    fer_raw_socket raw;
    uint8_t arg;
};

static fer_error do_close(fer_udp_socket *socket)
{
    fer_udp_socket_close(socket);
    return (fer_error){FER_OK, 0};
}

/* X(name, the call) */
#define CALLS(X)                                                                            \
    X(udp_bind, fer_udp_socket_bind(a->socket, a->text))                                    \
    X(udp_bind_addr, fer_udp_socket_bind_addr(a->socket, a->addr))                          \
    X(udp_bind_addrs, fer_udp_socket_bind_addrs(a->socket, a->addr, a->arg % 2u))           \
    X(udp_connect, fer_udp_socket_connect(a->socket, a->text))                              \
    X(udp_connect_addr, fer_udp_socket_connect_addr(a->socket, a->addr))                    \
    X(udp_connect_addrs, fer_udp_socket_connect_addrs(a->socket, a->addr, a->arg % 2u))     \
    X(udp_peer_addr, fer_udp_socket_peer_addr(a->socket, a->addr_out))                      \
    X(udp_local_addr, fer_udp_socket_local_addr(a->socket, a->addr_out))                    \
    X(udp_send, fer_udp_socket_send(a->socket, a->buf, a->len, a->n))                       \
    X(udp_send_to, fer_udp_socket_send_to(a->socket, a->buf, a->len, a->addr, a->n))        \
    X(udp_recv, fer_udp_socket_recv(a->socket, a->buf, a->len, a->datagram_out))            \
    X(udp_recv_from, fer_udp_socket_recv_from(a->socket, a->buf, a->len, a->datagram_out))  \
    X(udp_peek, fer_udp_socket_peek(a->socket, a->buf, a->len, a->datagram_out))            \
    X(udp_peek_from, fer_udp_socket_peek_from(a->socket, a->buf, a->len, a->datagram_out))  \
    X(udp_set_read_timeout, fer_udp_socket_set_read_timeout(a->socket, a->duration))        \
    X(udp_set_write_timeout, fer_udp_socket_set_write_timeout(a->socket, a->duration))      \
    X(udp_read_timeout, fer_udp_socket_read_timeout(a->socket, a->duration_out))            \
    X(udp_write_timeout, fer_udp_socket_write_timeout(a->socket, a->duration_out))          \
    X(udp_set_nonblocking, fer_udp_socket_set_nonblocking(a->socket, a->arg % 2 == 1))      \
    X(udp_take_error, fer_udp_socket_take_error(a->socket, a->error_out))                   \
    X(udp_set_ttl, fer_udp_socket_set_ttl(a->socket, a->number))                            \
    X(udp_ttl, fer_udp_socket_ttl(a->socket, a->number_out))                                \
    X(udp_set_broadcast, fer_udp_socket_set_broadcast(a->socket, a->arg % 2 == 1))          \
    X(udp_broadcast, fer_udp_socket_broadcast(a->socket, a->flag_out))                      \
    X(udp_set_loop_v4, fer_udp_socket_set_multicast_loop_v4(a->socket, a->arg % 2 == 1))    \
    X(udp_loop_v4, fer_udp_socket_multicast_loop_v4(a->socket, a->flag_out))                \
    X(udp_set_multicast_ttl, fer_udp_socket_set_multicast_ttl_v4(a->socket, a->number))     \
    X(udp_multicast_ttl, fer_udp_socket_multicast_ttl_v4(a->socket, a->number_out))         \
    X(udp_set_loop_v6, fer_udp_socket_set_multicast_loop_v6(a->socket, a->arg % 2 == 1))    \
    X(udp_loop_v6, fer_udp_socket_multicast_loop_v6(a->socket, a->flag_out))                \
    X(udp_join_v4, fer_udp_socket_join_multicast_v4(a->socket, a->group_v4, a->local))      \
    X(udp_leave_v4, fer_udp_socket_leave_multicast_v4(a->socket, a->group_v4, a->local))    \
    X(udp_join_v6, fer_udp_socket_join_multicast_v6(a->socket, a->group_v6, a->arg % 4u))   \
    X(udp_leave_v6, fer_udp_socket_leave_multicast_v6(a->socket, a->group_v6, a->arg % 4u)) \
    X(udp_try_clone, fer_udp_socket_try_clone(a->socket, a->other))                         \
    X(udp_from_raw, fer_udp_socket_from_raw(a->socket, a->raw))                             \
    X(udp_close, do_close(a->socket))

#include "fuzz/programs/misuse_table.h"

const char *misuse_udp_call_name(uint8_t call)
{
    return calls[call % CALL_COUNT].name;
}

/* Bits of nulls: socket, out or other, buf, n, addr or text or group, local. */
fer_error misuse_udp_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                          uint8_t arg)
{
    static const char *const texts[] = {
        "127.0.0.1:82", "127.0.0.1:0", "",        ":",
        "nowhere:1",    "10.0.0.1",    "[::1]:0", "localhost:99999"};
    static const char *const addrs[] = {"127.0.0.1:80", "127.0.0.1:83",       "10.0.0.7:9",
                                        "[::1]:83",     "255.255.255.255:83", "239.1.1.1:83",
                                        "127.0.0.1:0",  "127.0.0.1:80"};
    static const size_t lengths[] = {0, 1, 7, 64, SIZE_MAX, SIZE_MAX / 2, 65536};
    static const uint64_t nanos[] = {
        0, 1, 1000000, 999999999, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, 4000000};
    static const uint32_t numbers[] = {0, 1, 2, 64, 255, 256, UINT32_MAX};
    static const fer_ipv4_addr groups_v4[] = {{{239, 1, 1, 1}}, {{10, 0, 0, 1}}};
    static const fer_ipv4_addr locals[] = {{{0, 0, 0, 0}}, {{10, 0, 0, 1}}, {{192, 0, 2, 1}}};
    static const fer_ipv6_addr groups_v6[] = {{{0xff, 2, [15] = 1}}, {{0xfe, 0x80, [15] = 1}}};
    fer_socket_addr addr;
    fer_socket_addr addr_out;
    fer_datagram datagram_out;
    fer_duration duration_out;
    fer_error error_out;
    bool flag_out;
    uint32_t number_out;
    size_t n = 77;
    FER_IGNORE(fer_socket_addr_parse(&addr, addrs[arg % 8]));
    addr.ip.family = arg % 8 == 7 ? (fer_ip_family)9 : addr.ip.family;
    struct arguments a = {.text = texts[arg % 8],
                          .addr = &addr,
                          .duration = {nanos[arg % 8]},
                          .number = numbers[arg % 7],
                          .arg = arg};
    a.socket = nulls & 1 ? NULL : &world->sockets[who % MISUSE_SOCKETS];
    a.other = nulls & 2 ? NULL : &world->sockets[(who >> 2) % MISUSE_SOCKETS];
    a.raw = arg % 3 == 0   ? FER_RAW_SOCKET_NONE
            : arg % 3 == 1 ? fer_tcp_stream_as_raw(&world->streams[who % MISUSE_STREAMS])
                           : arg * 99991 + 4099;
    a.addr_out = nulls & 2 ? NULL : &addr_out;
    a.datagram_out = nulls & 2 ? NULL : &datagram_out;
    a.duration_out = nulls & 2 ? NULL : &duration_out;
    a.error_out = nulls & 2 ? NULL : &error_out;
    a.flag_out = nulls & 2 ? NULL : &flag_out;
    a.number_out = nulls & 2 ? NULL : &number_out;
    a.buf = nulls & 4 ? NULL : world->buf;
    a.len = nulls & 4 ? lengths[arg % 7] : lengths[arg % 4];
    a.n = nulls & 8 ? NULL : &n;
    a.addr = nulls & 16 ? NULL : a.addr;
    a.text = nulls & 16 ? NULL : a.text;
    a.group_v4 = nulls & 16 ? NULL : &groups_v4[arg % 2];
    a.group_v6 = nulls & 16 ? NULL : &groups_v6[arg % 2];
    a.local = nulls & 32 ? NULL : &locals[arg % 3];
    return calls[call % CALL_COUNT].function(&a);
}

void misuse_udp_begin(struct misuse_world *world)
{
    FER_IGNORE(fer_udp_socket_bind(&world->sockets[0], "0.0.0.0:83"));
    FER_IGNORE(fer_udp_socket_bind(&world->sockets[2], "[::]:84"));
    fer_udp_socket_close(&world->sockets[2]);
    FER_IGNORE(fer_udp_socket_bind(&world->sockets[3], "[::]:85"));
    FER_IGNORE(fer_udp_socket_connect(&world->sockets[3], "[::1]:9"));
}

void misuse_udp_end(struct misuse_world *world)
{
    for (int i = 0; i < MISUSE_SOCKETS; i++) {
        fer_udp_socket_close(&world->sockets[i]);
    }
}
