/* misuse_sockets.c: rule E4: every function of socket.h on a handle that is NULL, NEW or CLOSED,
 * and with bad arguments.
 *
 * E4: "Misuse ... is MISUSE; an unknown enum value or address family, and any other value out of
 * range, is INVALID_INPUT". Outputs stay unchanged; byte counts are always written. */
#include "conformance/misuse.h"
#include "support/socket_fixture.h"

static const fer_tcp_keepalive keepalive = {.enabled = true};

/* What must stay as it is. */
static struct {
    fer_domain domain;
    fer_type type;
    int protocol;
} kind;

/* X(function, its arguments, whether it writes a count) */
#define CALLS(X)                                                                   \
    X(fer_socket_try_clone, (s, &spares.socket), false)                            \
    X(fer_socket_domain, (s, &kind.domain), false)                                 \
    X(fer_socket_type, (s, &kind.type), false)                                     \
    X(fer_socket_protocol, (s, &kind.protocol), false)                             \
    X(fer_socket_is_listening, (s, FLAG), false)                                   \
    X(fer_socket_set_tcp_user_timeout, (s, FER_DURATION_NONE), false)              \
    X(fer_socket_tcp_user_timeout, (s, &outputs.duration), false)                  \
    X(fer_socket_set_inheritable, (s, true), false)                                \
    X(fer_socket_inheritable, (s, FLAG), false)                                    \
    X(fer_socket_set_reuse_address, (s, true), false)                              \
    X(fer_socket_reuse_address, (s, FLAG), false)                                  \
    X(fer_socket_set_reuse_port, (s, true), false)                                 \
    X(fer_socket_reuse_port, (s, FLAG), false)                                     \
    X(fer_socket_set_only_v6, (s, true), false)                                    \
    X(fer_socket_only_v6, (s, FLAG), false)                                        \
    X(fer_socket_set_recv_buffer_size, (s, 4096), false)                           \
    X(fer_socket_recv_buffer_size, (s, &outputs.size), false)                      \
    X(fer_socket_set_send_buffer_size, (s, 4096), false)                           \
    X(fer_socket_send_buffer_size, (s, &outputs.size), false)                      \
    X(fer_socket_set_keepalive, (s, &keepalive), false)                            \
    X(fer_socket_keepalive, (s, KEEPALIVE), false)                                 \
    X(fer_socket_set_linger, (s, FER_DURATION_NONE), false)                        \
    X(fer_socket_linger, (s, &outputs.duration), false)                            \
    X(fer_socket_set_nodelay, (s, true), false)                                    \
    X(fer_socket_nodelay, (s, FLAG), false)                                        \
    X(fer_socket_set_ttl, (s, 64), false)                                          \
    X(fer_socket_ttl, (s, &outputs.number), false)                                 \
    X(fer_socket_set_tos, (s, 0), false)                                           \
    X(fer_socket_tos, (s, &outputs.number), false)                                 \
    X(fer_socket_set_broadcast, (s, true), false)                                  \
    X(fer_socket_broadcast, (s, FLAG), false)                                      \
    X(fer_socket_bind_device, (s, "lo"), false)                                    \
    X(fer_socket_set_nonblocking, (s, true), false)                                \
    X(fer_socket_set_read_timeout, (s, FER_DURATION_NONE), false)                  \
    X(fer_socket_read_timeout, (s, &outputs.duration), false)                      \
    X(fer_socket_set_write_timeout, (s, FER_DURATION_NONE), false)                 \
    X(fer_socket_write_timeout, (s, &outputs.duration), false)                     \
    X(fer_socket_bind, (s, &address), false)                                       \
    X(fer_socket_bind_unix, (s, &name), false)                                     \
    X(fer_socket_listen, (s, 1), false)                                            \
    X(fer_socket_connect, (s, &address), false)                                    \
    X(fer_socket_connect_timeout, (s, &address, fer_duration_from_secs(1)), false) \
    X(fer_socket_connect_unix, (s, &name), false)                                  \
    X(fer_socket_local_addr, (s, &outputs.addr), false)                            \
    X(fer_socket_local_addr_unix, (s, &outputs.name), false)                       \
    X(fer_socket_peer_addr, (s, &outputs.addr), false)                             \
    X(fer_socket_take_error, (s, &outputs.error), false)                           \
    X(fer_socket_shutdown, (s, FER_SHUTDOWN_BOTH), false)                          \
    X(fer_socket_send, (s, "x", 1, &outputs.n), true)                              \
    X(fer_socket_send_to, (s, "x", 1, &address, &outputs.n), true)                 \
    X(fer_socket_recv_from, (s, BYTES, DATAGRAM), false)                           \
    X(fer_socket_into_tcp_stream, (s, &spares.stream), false)                      \
    X(fer_socket_into_tcp_listener, (s, &spares.listener), false)                  \
    X(fer_socket_into_udp_socket, (s, &spares.udp), false)                         \
    X(fer_socket_into_unix_stream, (s, &spares.unix_stream), false)                \
    X(fer_socket_into_unix_listener, (s, &spares.unix_listener), false)            \
    X(fer_socket_into_unix_datagram, (s, &spares.unix_datagram), false)

#define CALL_FUNCTION(function, arguments, counts) \
    MISUSE_FUNCTION(fer_socket, function, function arguments)
CALLS(CALL_FUNCTION)

static const struct misuse_row rows[] = {CALLS(ALWAYS_MISUSE_ROW)};

static void assert_refuses_every_call(fer_socket *socket)
{
    CHECK_ROWS(rows, socket, false);
    assert_true(kind.domain == 0 && kind.type == 0 && kind.protocol == 0);
    assert_true(fer_socket_as_raw(socket) == FER_RAW_SOCKET_NONE);
    assert_true(fer_socket_into_raw(socket) == FER_RAW_SOCKET_NONE);
    fer_socket_close(socket);
}

RULE_TEST("E4", every_call_on_a_null_new_or_closed_socket_is_invalid_input)
{
    fer_socket socket = {0};
    assert_refuses_every_call(NULL);
    assert_refuses_every_call(&socket);
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    fer_socket_close(&socket);
    assert_refuses_every_call(&socket);
}

/* E4: a getter without an output. */
SOCKET_TEST("E4", nowhere_to_store_the_answer_is_invalid_input)
{
    fer_socket *streams = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_socket *datagrams = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    assert_own(fer_socket_domain(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_type(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_protocol(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_is_listening(datagrams, NULL), FER_MISUSE);
    assert_own(fer_socket_tcp_user_timeout(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_inheritable(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_reuse_address(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_reuse_port(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_only_v6(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_recv_buffer_size(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_send_buffer_size(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_linger(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_nodelay(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_ttl(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_tos(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_broadcast(datagrams, NULL), FER_MISUSE);
    assert_own(fer_socket_read_timeout(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_write_timeout(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_local_addr(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_local_addr_unix(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_peer_addr(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_take_error(streams, NULL), FER_MISUSE);
    assert_own(fer_socket_take_error(datagrams, NULL), FER_MISUSE);
}

RULE_TEST("E4", no_socket_is_adopted)
{
    fer_socket socket = {0};
    assert_own(fer_socket_from_raw(NULL, FER_RAW_SOCKET_NONE), FER_MISUSE);
    assert_kind(fer_socket_from_raw(&socket, FER_RAW_SOCKET_NONE), FER_BAD_HANDLE);
    assert_true(fer_socket_as_raw(&socket) == FER_RAW_SOCKET_NONE);
}

/* NULL lends nothing, which every function refuses, and so does what is not open. */
RULE_TEST("E4", what_is_not_open_lends_nothing)
{
    bool on = false;
    assert_null(fer_tcp_stream_as_socket(NULL));
    assert_null(fer_tcp_listener_as_socket(NULL));
    assert_null(fer_udp_socket_as_socket(NULL));
    assert_null(fer_unix_stream_as_socket(NULL));
    assert_null(fer_unix_listener_as_socket(NULL));
    assert_null(fer_unix_datagram_as_socket(NULL));
    assert_own(fer_socket_reuse_address(fer_tcp_stream_as_socket(NULL), &on), FER_MISUSE);
    assert_own(fer_socket_reuse_address(fer_tcp_stream_as_socket(&spares.stream), &on), FER_MISUSE);
    assert_own(fer_socket_set_reuse_address(fer_udp_socket_as_socket(&spares.udp), true),
               FER_MISUSE);
}

RULE_TEST("E4", interfaces_of_nothing_are_misuse)
{
    char buf[FER_INTERFACE_NAME_CAP] = "kept";
    uint32_t index = 77;
    assert_own(fer_interface_index(NULL, &index), FER_MISUSE);
    assert_own(fer_interface_index("lo", NULL), FER_MISUSE);
    assert_own(fer_interface_name(1, NULL, 1), FER_MISUSE);
    assert_kind(fer_interface_name(1, NULL, 0), FER_BUFFER_TOO_SMALL);
    assert_kind(fer_interface_name(1, buf, 1), FER_BUFFER_TOO_SMALL);
    assert_string_equal(buf, "kept");
    assert_int_equal(index, 77);
}

RULE_TESTS("misuse_sockets")
