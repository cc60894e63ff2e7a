/* misuse_sockets.c: rule E4: every function of socket.h on a handle that is NULL, NEW or CLOSED, and with arguments that are wrong to each.
 *
 * E4: "Misuse (NULL, {0} where an open socket is needed, a closed handle, an unknown enum value, a bad family) is INVALID_INPUT ... in every
 * build, and never undefined behaviour." Outputs stay untouched, byte counts are written always. */
#include "ferrule/socket.h"
#include "ferrule/unix.h"
#include "support/fixture.h"

/* All that a call could write, looked at as bytes afterwards. */
static struct outputs {
    unsigned char bytes[8];
    unsigned char flag[sizeof(bool)];
    unsigned char keepalive[sizeof(fer_keepalive)];
    unsigned char got[sizeof(fer_datagram)];
    fer_duration duration;
    fer_socket_addr addr;
    fer_error error;
    uint32_t number;
    size_t size;
} outputs;

static fer_socket_addr address;
static fer_unix_addr name;
static const fer_keepalive keepalive = {.enabled = true};
static fer_socket spare;
static fer_tcp_stream tcp_stream;
static fer_tcp_listener tcp_listener;
static fer_udp_socket udp_socket;
static fer_unix_stream unix_stream;
static fer_unix_listener unix_listener;
static fer_unix_datagram unix_datagram;
static size_t count;

#define FLAG ((bool *)(void *)outputs.flag)

/* X(function, the arguments after the handle) */
#define CALLS(X) \
    X(fer_socket_try_clone, &spare) \
    X(fer_socket_set_reuse_address, true) \
    X(fer_socket_reuse_address, FLAG) \
    X(fer_socket_set_reuse_port, true) \
    X(fer_socket_reuse_port, FLAG) \
    X(fer_socket_set_only_v6, true) \
    X(fer_socket_only_v6, FLAG) \
    X(fer_socket_set_recv_buffer_size, 4096) \
    X(fer_socket_recv_buffer_size, &outputs.size) \
    X(fer_socket_set_send_buffer_size, 4096) \
    X(fer_socket_send_buffer_size, &outputs.size) \
    X(fer_socket_set_keepalive, &keepalive) \
    X(fer_socket_keepalive, (fer_keepalive *)(void *)outputs.keepalive) \
    X(fer_socket_set_linger, FER_DURATION_NONE) \
    X(fer_socket_linger, &outputs.duration) \
    X(fer_socket_set_nodelay, true) \
    X(fer_socket_nodelay, FLAG) \
    X(fer_socket_set_ttl, 64) \
    X(fer_socket_ttl, &outputs.number) \
    X(fer_socket_set_tos, 0) \
    X(fer_socket_tos, &outputs.number) \
    X(fer_socket_set_broadcast, true) \
    X(fer_socket_broadcast, FLAG) \
    X(fer_socket_bind_device, "lo") \
    X(fer_socket_set_nonblocking, true) \
    X(fer_socket_set_read_timeout, FER_DURATION_NONE) \
    X(fer_socket_read_timeout, &outputs.duration) \
    X(fer_socket_set_write_timeout, FER_DURATION_NONE) \
    X(fer_socket_write_timeout, &outputs.duration) \
    X(fer_socket_bind, &address) \
    X(fer_socket_bind_unix, &name) \
    X(fer_socket_listen, 1) \
    X(fer_socket_connect, &address) \
    X(fer_socket_connect_timeout, &address, fer_duration_from_secs(1)) \
    X(fer_socket_connect_unix, &name) \
    X(fer_socket_local_addr, &outputs.addr) \
    X(fer_socket_peer_addr, &outputs.addr) \
    X(fer_socket_take_error, &outputs.error) \
    X(fer_socket_send, "x", 1, &count) \
    X(fer_socket_send_to, "x", 1, &address, &count) \
    X(fer_socket_recv, outputs.bytes, 8, (fer_datagram *)(void *)outputs.got) \
    X(fer_socket_recv_from, outputs.bytes, 8, (fer_datagram *)(void *)outputs.got) \
    X(fer_socket_into_tcp_stream, &tcp_stream) \
    X(fer_socket_into_tcp_listener, &tcp_listener) \
    X(fer_socket_into_udp_socket, &udp_socket) \
    X(fer_socket_into_unix_stream, &unix_stream) \
    X(fer_socket_into_unix_listener, &unix_listener) \
    X(fer_socket_into_unix_datagram, &unix_datagram)

#define CALL(function, ...) \
    static fer_error call_##function(fer_socket *socket) { return function(socket, __VA_ARGS__); }
CALLS(CALL)

static const struct {
    const char *name;
    fer_error (*call)(fer_socket *socket);
} calls[] = {
#define ROW(function, ...) {#function, call_##function},
    CALLS(ROW)};

static void prepare(void)
{
    memset(&outputs, 0x5a, sizeof outputs);
    address = loopback(PEER_V4, 9);
    assert_ok(fer_unix_addr_from_pathname(&name, "a-name-that-nobody-binds"));
}

static void assert_refuses_every_call(fer_socket *socket)
{
    struct outputs untouched;
    prepare();
    memset(&untouched, 0x5a, sizeof untouched);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        count = 77;
        fer_error error = calls[i].call(socket);
        if (error.kind != FER_INVALID_INPUT || error.os_code != 0) {
            fail_msg("%s: %s", calls[i].name, fer_error_kind_name(error.kind));
        }
        assert_true(count == 77 || count == 0);
        assert_memory_equal(&outputs, &untouched, sizeof outputs);
    }
    assert_true(fer_socket_as_raw(socket) == FER_RAW_SOCKET_NONE);
    assert_true(fer_socket_into_raw(socket) == FER_RAW_SOCKET_NONE);
    fer_socket_close(socket);
}

static void every_call_on_a_null_new_or_closed_socket_is_invalid_input(void **state)
{
    (void)state;
    fer_socket socket = {0};
    assert_refuses_every_call(NULL);
    assert_refuses_every_call(&socket);
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    fer_socket_close(&socket);
    assert_refuses_every_call(&socket);
}

/* Nothing is turned from an empty handle, from NULL or into NULL. */
static void what_is_not_open_is_turned_into_nothing(void **state)
{
    (void)state;
    fer_socket socket = {0};
    assert_own(fer_socket_from_tcp_stream(&socket, &tcp_stream), FER_INVALID_INPUT);
    assert_own(fer_socket_from_tcp_listener(&socket, &tcp_listener), FER_INVALID_INPUT);
    assert_own(fer_socket_from_udp_socket(&socket, &udp_socket), FER_INVALID_INPUT);
    assert_own(fer_socket_from_unix_stream(&socket, &unix_stream), FER_INVALID_INPUT);
    assert_own(fer_socket_from_unix_listener(&socket, &unix_listener), FER_INVALID_INPUT);
    assert_own(fer_socket_from_unix_datagram(&socket, &unix_datagram), FER_INVALID_INPUT);
    assert_own(fer_socket_from_tcp_stream(NULL, NULL), FER_INVALID_INPUT);
    assert_own(fer_socket_from_udp_socket(&socket, NULL), FER_INVALID_INPUT);
    assert_own(fer_socket_from_raw(NULL, FER_RAW_SOCKET_NONE), FER_INVALID_INPUT);
    assert_own(fer_socket_from_raw(&socket, FER_RAW_SOCKET_NONE), FER_INVALID_INPUT);
    assert_true(fer_socket_as_raw(&socket) == FER_RAW_SOCKET_NONE);
}

static void an_unknown_domain_or_type_is_invalid_input(void **state)
{
    (void)state;
    fer_socket socket = {0};
    static const int unknown[] = {-1, 0, 77, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_own(fer_socket_new(&socket, (fer_domain)unknown[i], FER_TYPE_STREAM, 0), FER_INVALID_INPUT);
        assert_own(fer_socket_new(&socket, FER_DOMAIN_IPV4, (fer_type)unknown[i], 0), FER_INVALID_INPUT);
    }
    assert_own(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, -1), FER_INVALID_INPUT);
    assert_own(fer_socket_new(NULL, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0), FER_INVALID_INPUT);
    assert_true(fer_socket_as_raw(&socket) == FER_RAW_SOCKET_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE_TEST("E4", every_call_on_a_null_new_or_closed_socket_is_invalid_input),
        RULE_TEST("E4", what_is_not_open_is_turned_into_nothing),
        RULE_TEST("E4", an_unknown_domain_or_type_is_invalid_input),
    };
    return RUN_TESTS("misuse_sockets", tests);
}
