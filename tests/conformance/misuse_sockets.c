/* misuse_sockets.c: rule E4: every function of socket.h on a handle that is NULL, NEW or CLOSED. What is misuse of a good handle is with what
 * it is misuse of, in socket_*.c.
 *
 * E4: "Misuse (NULL, {0} where an open socket is needed, a closed handle, ...) is INVALID_INPUT ... in every build, and never undefined
 * behaviour." Outputs stay untouched, byte counts are written always. */
#include "support/socket_fixture.h"

/* All that a call could write. It is filled with a pattern before each call and looked at as bytes afterwards. */
struct outputs {
    unsigned char bytes[32];
    fer_socket_addr addr;
    fer_duration duration;
    uint32_t number;
    size_t size;
    unsigned char flag[sizeof(bool)];
    unsigned char keepalive[sizeof(fer_keepalive)];
    unsigned char datagram[sizeof(fer_datagram)];
    fer_error error;
    size_t n;
};

static struct outputs outputs;
static fer_socket spare;
static fer_tcp_stream spare_stream;
static fer_tcp_listener spare_listener;
static fer_udp_socket spare_udp;
static fer_unix_stream spare_unix_stream;
static fer_unix_listener spare_unix_listener;
static fer_unix_datagram spare_unix_datagram;
static fer_socket_addr an_addr;
static fer_unix_addr a_name;

#define FLAG ((bool *)(void *)outputs.flag)
#define KEEPALIVE ((fer_keepalive *)(void *)outputs.keepalive)
#define DATAGRAM ((fer_datagram *)(void *)outputs.datagram)

/* X(name, the call on s). */
#define CALLS(X)                                                                             \
    X(try_clone, fer_socket_try_clone(s, &spare))                                            \
    X(try_clone_into_itself, fer_socket_try_clone(s, s))                                     \
    X(set_reuse_address, fer_socket_set_reuse_address(s, true))                              \
    X(reuse_address, fer_socket_reuse_address(s, FLAG))                                      \
    X(set_reuse_port, fer_socket_set_reuse_port(s, true))                                    \
    X(reuse_port, fer_socket_reuse_port(s, FLAG))                                            \
    X(set_only_v6, fer_socket_set_only_v6(s, true))                                          \
    X(only_v6, fer_socket_only_v6(s, FLAG))                                                  \
    X(set_recv_buffer_size, fer_socket_set_recv_buffer_size(s, 4096))                        \
    X(recv_buffer_size, fer_socket_recv_buffer_size(s, &outputs.size))                       \
    X(set_send_buffer_size, fer_socket_set_send_buffer_size(s, 4096))                        \
    X(send_buffer_size, fer_socket_send_buffer_size(s, &outputs.size))                       \
    X(set_keepalive, fer_socket_set_keepalive(s, &(fer_keepalive){true, {0}, {0}, 0}))       \
    X(keepalive, fer_socket_keepalive(s, KEEPALIVE))                                         \
    X(set_linger, fer_socket_set_linger(s, fer_duration_from_secs(1)))                       \
    X(linger, fer_socket_linger(s, &outputs.duration))                                       \
    X(set_nodelay, fer_socket_set_nodelay(s, true))                                          \
    X(nodelay, fer_socket_nodelay(s, FLAG))                                                  \
    X(set_ttl, fer_socket_set_ttl(s, 64))                                                    \
    X(ttl, fer_socket_ttl(s, &outputs.number))                                               \
    X(set_tos, fer_socket_set_tos(s, 0))                                                     \
    X(tos, fer_socket_tos(s, &outputs.number))                                               \
    X(set_broadcast, fer_socket_set_broadcast(s, true))                                      \
    X(broadcast, fer_socket_broadcast(s, FLAG))                                              \
    X(bind_device, fer_socket_bind_device(s, "lo"))                                          \
    X(bind_no_device, fer_socket_bind_device(s, NULL))                                       \
    X(set_nonblocking, fer_socket_set_nonblocking(s, true))                                  \
    X(set_read_timeout, fer_socket_set_read_timeout(s, fer_duration_from_secs(1)))           \
    X(read_timeout, fer_socket_read_timeout(s, &outputs.duration))                           \
    X(set_write_timeout, fer_socket_set_write_timeout(s, FER_DURATION_NONE))                 \
    X(write_timeout, fer_socket_write_timeout(s, &outputs.duration))                         \
    X(bind, fer_socket_bind(s, &an_addr))                                                    \
    X(bind_unix, fer_socket_bind_unix(s, &a_name))                                           \
    X(listen, fer_socket_listen(s, 4))                                                       \
    X(connect, fer_socket_connect(s, &an_addr))                                              \
    X(connect_timeout, fer_socket_connect_timeout(s, &an_addr, fer_duration_from_secs(1)))   \
    X(connect_timeout_zero, fer_socket_connect_timeout(s, &an_addr, (fer_duration){0}))      \
    X(connect_unix, fer_socket_connect_unix(s, &a_name))                                     \
    X(local_addr, fer_socket_local_addr(s, &outputs.addr))                                   \
    X(peer_addr, fer_socket_peer_addr(s, &outputs.addr))                                     \
    X(take_error, fer_socket_take_error(s, &outputs.error))                                  \
    X(recv, fer_socket_recv(s, outputs.bytes, 8, DATAGRAM))                                  \
    X(recv_from, fer_socket_recv_from(s, outputs.bytes, 8, DATAGRAM))                        \
    X(into_tcp_stream, fer_socket_into_tcp_stream(s, &spare_stream))                         \
    X(into_tcp_listener, fer_socket_into_tcp_listener(s, &spare_listener))                   \
    X(into_udp_socket, fer_socket_into_udp_socket(s, &spare_udp))                            \
    X(into_unix_stream, fer_socket_into_unix_stream(s, &spare_unix_stream))                  \
    X(into_unix_listener, fer_socket_into_unix_listener(s, &spare_unix_listener))            \
    X(into_unix_datagram, fer_socket_into_unix_datagram(s, &spare_unix_datagram))            \
    X(into_no_tcp_stream, fer_socket_into_tcp_stream(s, NULL))                               \
    X(into_no_udp_socket, fer_socket_into_udp_socket(s, NULL))                               \
    X(into_no_tcp_listener, fer_socket_into_tcp_listener(s, NULL))                           \
    X(into_no_unix_stream, fer_socket_into_unix_stream(s, NULL))                             \
    X(into_no_unix_listener, fer_socket_into_unix_listener(s, NULL))                         \
    X(into_no_unix_datagram, fer_socket_into_unix_datagram(s, NULL))                         \
    X(from_no_tcp_stream, fer_socket_from_tcp_stream(s, NULL))                               \
    X(from_new_tcp_stream, fer_socket_from_tcp_stream(s, &spare_stream))                     \
    X(from_new_tcp_listener, fer_socket_from_tcp_listener(s, &spare_listener))               \
    X(from_no_tcp_listener, fer_socket_from_tcp_listener(s, NULL))                           \
    X(from_no_udp_socket, fer_socket_from_udp_socket(s, NULL))                               \
    X(from_new_udp_socket, fer_socket_from_udp_socket(s, &spare_udp))                        \
    X(from_no_unix_stream, fer_socket_from_unix_stream(s, NULL))                             \
    X(from_new_unix_stream, fer_socket_from_unix_stream(s, &spare_unix_stream))              \
    X(from_no_unix_listener, fer_socket_from_unix_listener(s, NULL))                         \
    X(from_new_unix_listener, fer_socket_from_unix_listener(s, &spare_unix_listener))        \
    X(from_no_unix_datagram, fer_socket_from_unix_datagram(s, NULL))                         \
    X(from_new_unix_datagram, fer_socket_from_unix_datagram(s, &spare_unix_datagram))

/* These write their count. */
#define COUNTING_CALLS(X)                                                        \
    X(send, fer_socket_send(s, outputs.bytes, 8, &outputs.n))                    \
    X(send_nothing, fer_socket_send(s, NULL, 0, &outputs.n))                     \
    X(send_to, fer_socket_send_to(s, outputs.bytes, 8, &an_addr, &outputs.n))

#define DEFINE(name, expression) \
    static fer_error call_##name(fer_socket *s) { return expression; }
CALLS(DEFINE)
COUNTING_CALLS(DEFINE)

#define CASE(name, expression) {#name, call_##name, false},
#define COUNTING_CASE(name, expression) {#name, call_##name, true},
static const struct socket_case {
    const char *name;
    fer_error (*call)(fer_socket *s);
    bool counts;
} cases[] = {CALLS(CASE) COUNTING_CALLS(COUNTING_CASE)};

static void assert_outputs(const struct socket_case *one)
{
    struct outputs wanted;
    memset(&wanted, 0x5a, sizeof wanted);
    if (one->counts) {
        wanted.n = 0;
    }
    if (memcmp(&outputs, &wanted, sizeof outputs) != 0) {
        print_error("%s touched an output, or left its count\n", one->name);
        fail();
    }
}

static bool is_untouched(const void *handle, size_t size)
{
    static const unsigned char zeros[sizeof(fer_socket)];
    return memcmp(handle, zeros, size) == 0;
}

static void check_cases(fer_socket *socket)
{
    an_addr = loopback(PEER_V4, 9);
    assert_ok(fer_unix_addr_from_pathname(&a_name, "name"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&outputs, 0x5a, sizeof outputs);
        fer_error error = cases[i].call(socket);
        if (error.kind != FER_INVALID_INPUT || error.os_code != 0) {
            print_error("%s is %s\n", cases[i].name, fer_error_kind_name(error.kind));
            fail();
        }
        assert_outputs(&cases[i]);
    }
    assert_true(is_untouched(&spare, sizeof spare) && is_untouched(&spare_udp, sizeof spare_udp));
    assert_true(is_untouched(&spare_stream, sizeof spare_stream) && is_untouched(&spare_listener, sizeof spare_listener));
    assert_true(is_untouched(&spare_unix_stream, sizeof spare_unix_stream));
    assert_true(is_untouched(&spare_unix_listener, sizeof spare_unix_listener));
    assert_true(is_untouched(&spare_unix_datagram, sizeof spare_unix_datagram));
    assert_true(fer_socket_as_raw(socket) == FER_RAW_SOCKET_NONE);
    assert_true(fer_socket_into_raw(socket) == FER_RAW_SOCKET_NONE);
    fer_socket_close(socket);
}

static void every_call_on_no_handle_is_invalid_input(void **state)
{
    (void)state;
    assert_own(fer_socket_new(NULL, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0), FER_INVALID_INPUT);
    assert_own(fer_socket_from_raw(NULL, peer_unconnected()), FER_INVALID_INPUT);
    check_cases(NULL);
}

static void every_call_on_a_new_handle_is_invalid_input(void **state)
{
    (void)state;
    fer_socket *socket = test_socket();
    check_cases(socket);
    assert_true(is_untouched(socket, sizeof *socket));
}

static void every_call_on_a_closed_handle_is_invalid_input(void **state)
{
    static const fer_type types[] = {FER_TYPE_STREAM, FER_TYPE_DGRAM};
    (void)state;
    for (int i = 0; i < 4; i++) {
        fer_socket *socket = test_made(i < 2 ? FER_DOMAIN_IPV4 : FER_DOMAIN_IPV6, types[i % 2]);
        fer_socket_close(socket);
        check_cases(socket);
        assert_ok(fer_socket_new(socket, FER_DOMAIN_IPV4, types[1 - i % 2], 0));
    }
}

/* One that was turned into another handle is CLOSED. */
static void every_call_on_a_turned_handle_is_invalid_input(void **state)
{
    (void)state;
    fer_socket *socket = test_made(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_tcp_stream *stream = test_stream();
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    check_cases(socket);
    fer_raw_socket raw = fer_tcp_stream_as_raw(stream);
    assert_true(raw != FER_RAW_SOCKET_NONE && peer_is_open(raw));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOCKET_TEST("E4", every_call_on_no_handle_is_invalid_input),
        SOCKET_TEST("E4", every_call_on_a_new_handle_is_invalid_input),
        SOCKET_TEST("E4", every_call_on_a_closed_handle_is_invalid_input),
        SOCKET_TEST("E4", every_call_on_a_turned_handle_is_invalid_input),
    };
    return RUN_TESTS("misuse_sockets", tests);
}
