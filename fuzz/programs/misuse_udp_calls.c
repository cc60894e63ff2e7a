/* misuse_udp_calls.c: one line for each function of udp.h, and the arguments that only they and
 * those of udp_batch.h have. */
#include "fuzz/programs/misuse_calls.h"

static fer_error do_close(fer_udp_socket *socket)
{
    fer_udp_socket_close(socket);
    return misuse_ok();
}

/* X(name, the call) */
#define CALLS(X)                                                                         \
    X(udp_bind, fer_udp_socket_bind(a->udp, a->text))                                    \
    X(udp_bind_addr, fer_udp_socket_bind_addr(a->udp, a->addr))                          \
    X(udp_connect, fer_udp_socket_connect(a->udp, a->text))                              \
    X(udp_connect_addr, fer_udp_socket_connect_addr(a->udp, a->addr))                    \
    X(udp_peer_addr, fer_udp_socket_peer_addr(a->udp, a->addr_out))                      \
    X(udp_local_addr, fer_udp_socket_local_addr(a->udp, a->addr_out))                    \
    X(udp_send, fer_udp_socket_send(a->udp, a->buf, a->len, a->n))                       \
    X(udp_send_to, fer_udp_socket_send_to(a->udp, a->buf, a->len, a->addr, a->n))        \
    X(udp_recv, fer_udp_socket_recv(a->udp, a->buf, a->len, a->datagram_out))            \
    X(udp_recv_from, fer_udp_socket_recv_from(a->udp, a->buf, a->len, a->datagram_out))  \
    X(udp_peek, fer_udp_socket_peek(a->udp, a->buf, a->len, a->datagram_out))            \
    X(udp_peek_from, fer_udp_socket_peek_from(a->udp, a->buf, a->len, a->datagram_out))  \
    X(udp_set_read_timeout, fer_udp_socket_set_read_timeout(a->udp, a->duration))        \
    X(udp_set_write_timeout, fer_udp_socket_set_write_timeout(a->udp, a->duration))      \
    X(udp_read_timeout, fer_udp_socket_read_timeout(a->udp, a->duration_out))            \
    X(udp_write_timeout, fer_udp_socket_write_timeout(a->udp, a->duration_out))          \
    X(udp_set_nonblocking, fer_udp_socket_set_nonblocking(a->udp, a->arg % 2 == 1))      \
    X(udp_take_error, fer_udp_socket_take_error(a->udp, a->error_out))                   \
    X(udp_set_ttl, fer_udp_socket_set_ttl(a->udp, a->number))                            \
    X(udp_ttl, fer_udp_socket_ttl(a->udp, a->number_out))                                \
    X(udp_set_broadcast, fer_udp_socket_set_broadcast(a->udp, a->arg % 2 == 1))          \
    X(udp_broadcast, fer_udp_socket_broadcast(a->udp, a->flag_out))                      \
    X(udp_set_loop_v4, fer_udp_socket_set_multicast_loop_v4(a->udp, a->arg % 2 == 1))    \
    X(udp_loop_v4, fer_udp_socket_multicast_loop_v4(a->udp, a->flag_out))                \
    X(udp_set_multicast_ttl, fer_udp_socket_set_multicast_ttl_v4(a->udp, a->number))     \
    X(udp_multicast_ttl, fer_udp_socket_multicast_ttl_v4(a->udp, a->number_out))         \
    X(udp_set_loop_v6, fer_udp_socket_set_multicast_loop_v6(a->udp, a->arg % 2 == 1))    \
    X(udp_loop_v6, fer_udp_socket_multicast_loop_v6(a->udp, a->flag_out))                \
    X(udp_join_v4, fer_udp_socket_join_multicast_v4(a->udp, a->group_v4, a->local))      \
    X(udp_leave_v4, fer_udp_socket_leave_multicast_v4(a->udp, a->group_v4, a->local))    \
    X(udp_join_v6, fer_udp_socket_join_multicast_v6(a->udp, a->group_v6, a->arg % 4u))   \
    X(udp_leave_v6, fer_udp_socket_leave_multicast_v6(a->udp, a->group_v6, a->arg % 4u)) \
    X(udp_try_clone, fer_udp_socket_try_clone(a->udp, a->other_udp))                     \
    X(udp_from_raw, fer_udp_socket_from_raw(a->udp, a->raw))                             \
    X(udp_close, do_close(a->udp))

#include "fuzz/programs/misuse_table.h"

/* The sixth bit of nulls is the group's local address. */
void misuse_udp_choose(struct misuse_arguments *a)
{
    static const char *const addrs[] = {"127.0.0.1:80", "127.0.0.1:83",       "10.0.0.7:9",
                                        "[::1]:83",     "255.255.255.255:83", "239.1.1.1:83",
                                        "127.0.0.1:0",  "127.0.0.1:80"};
    static const fer_ipv4_addr groups_v4[] = {{{239, 1, 1, 1}}, {{10, 0, 0, 1}}};
    static const fer_ipv4_addr locals[] = {{{0, 0, 0, 0}}, {{10, 0, 0, 1}}, {{192, 0, 2, 1}}};
    static const fer_ipv6_addr groups_v6[] = {{{0xff, 2, [15] = 1}}, {{0xfe, 0x80, [15] = 1}}};
    const fer_tcp_stream *stream = &a->state->streams[a->which % MISUSE_STREAMS];
    misuse_set_addr(a, addrs[a->arg % 8]);
    a->text = a->text != NULL && a->arg % 8 == 0 ? "127.0.0.1:82" : a->text;
    a->raw = a->arg % 3 == 0   ? FER_RAW_SOCKET_NONE
             : a->arg % 3 == 1 ? fer_tcp_stream_as_raw(stream)
                               : misuse_raw_of_none(a->arg);
    a->group_v4 = groups_v4[a->arg % 2];
    a->group_v6 = groups_v6[a->arg % 2];
    a->local = locals[a->arg % 3];
}

const struct misuse_family misuse_udp_family = {calls, CALL_COUNT, false, misuse_udp_choose};

/* For IPv6 only if there is no dual stack: row no_dual_stack. */
static void bind_to_all(fer_udp_socket *socket, const char *text)
{
    fer_socket built = {0};
    fer_socket_addr addr;
    if (fer_udp_socket_bind(socket, text).kind == FER_UNSUPPORTED) {
        FER_IGNORE(fer_socket_addr_parse(&addr, text));
        FER_IGNORE(fer_socket_new(&built, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT));
        FER_IGNORE(fer_socket_set_only_v6(&built, true));
        FER_IGNORE(fer_socket_bind(&built, &addr));
        FER_IGNORE(fer_socket_into_udp_socket(&built, socket));
    }
}

void misuse_udp_begin(struct misuse_state *state)
{
    FER_IGNORE(fer_udp_socket_bind(&state->sockets[0], "0.0.0.0:83"));
    bind_to_all(&state->sockets[2], "[::]:84");
    fer_udp_socket_close(&state->sockets[2]);
    bind_to_all(&state->sockets[3], "[::]:85");
    FER_IGNORE(fer_udp_socket_connect(&state->sockets[3], "[::1]:9"));
}

void misuse_udp_end(struct misuse_state *state)
{
    for (int i = 0; i < MISUSE_SOCKETS; i++) {
        fer_udp_socket_close(&state->sockets[i]);
    }
}
