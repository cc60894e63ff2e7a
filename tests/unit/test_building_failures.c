/* test_building_failures.c: every way to build a socket step by step, with each call failing in
 * turn and in every way: the sockets created so far belong to one handle or are closed. With the
 * facts of all three systems. Other operations: test_seam_failures.c. */
#include "unit/scripted_platform.h"
#include "unit/seam_failures.h"

static fer_error build_listener(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("[::]:80");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV6, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_bind(socket, &addr));
    FER_TRY(fer_socket_listen(socket, 4));
    return fer_socket_into_tcp_listener(socket, &fixture.out_listener);
}

static fer_error build_unbound_listener(fer_socket *socket)
{
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_listen(socket, 4));
    return fer_socket_into_tcp_listener(socket, &fixture.out_listener);
}

static fer_error build_connection(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("127.0.0.1:80");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    script_slow_connect();
    FER_TRY(fer_socket_connect(socket, &addr));
    return fer_socket_into_tcp_stream(socket, &fixture.out_stream);
}

static fer_error build_connection_with_timeout(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("[::1]:80");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV6, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    script_slow_connect();
    FER_TRY(fer_socket_connect_timeout(socket, &addr, fer_duration_from_secs(1)));
    return fer_socket_into_tcp_stream(socket, &fixture.out_stream);
}

static fer_error start_connection(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("127.0.0.1:80");
    fer_error outcome = {FER_OK, 0};
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_set_nonblocking(socket, true));
    script_slow_connect();
    fer_error started = fer_socket_connect(socket, &addr);
    if (started.kind != FER_WOULD_BLOCK) {
        return started.kind == FER_OK ? fer_socket_into_tcp_stream(socket, &fixture.out_stream)
                                      : started;
    }
    for (int i = 0; i < 2; i++) {
        fer_error error = fer_socket_take_error(socket, &outcome);
        FER_TRY(error.kind == FER_WOULD_BLOCK && i == 0 ? outcome : error);
        FER_TRY(outcome);
    }
    return fer_socket_into_tcp_stream(socket, &fixture.out_stream);
}

static fer_error build_datagrams(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("[::1]:80");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_set_reuse_address(socket, true));
    FER_TRY(fer_socket_bind(socket, &addr));
    FER_TRY(fer_socket_connect(socket, &addr));
    return fer_socket_into_udp_socket(socket, &fixture.out_socket);
}

static fer_error build_unix_connection(fer_socket *socket)
{
    fer_unix_addr own = script_path("a");
    fer_unix_addr name = script_path("b");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_bind_unix(socket, &own));
    FER_TRY(fer_socket_connect_unix(socket, &name));
    return fer_socket_into_unix_stream(socket, &fixture.out_unix_streams[0]);
}

static fer_error (*const builders[])(fer_socket *socket) = {
    build_listener,   build_unbound_listener, build_connection,      build_connection_with_timeout,
    start_connection, build_datagrams,        build_unix_connection,
};
#define BUILDER_COUNT (sizeof builders / sizeof builders[0])

/* The socket belongs to one of the handles or is closed, and closing that handle closes it. Returns
 * false if there was no n-th call. */
static bool build_with_failure(size_t builder, const struct ferp_traits *traits, uint64_t n,
                               fer_error failure)
{
    fer_socket socket = {0};
    set_up(traits);
    script.fail_at = n;
    script.fail_with = failure;
    fer_error error = builders[builder](&socket);
    int filled = 0;
    for (size_t i = 0; i < OUT_COUNT; i++) {
        filled += feri_handle_as_raw(outs[i]) != FER_RAW_SOCKET_NONE;
    }
    int remaining = fer_socket_as_raw(&socket) != FER_RAW_SOCKET_NONE;
    assert_int_equal(filled, error.kind == FER_OK);
    assert_int_equal(script.sockets_open - fixture.sockets_before, filled + remaining);
    assert_int_equal(script.waits_armed, 0);
    fer_socket_close(&socket);
    for (size_t i = 0; i < OUT_COUNT; i++) {
        feri_handle_close(outs[i]);
    }
    assert_int_equal(script.sockets_open, fixture.sockets_before);
    return script.calls_that_can_fail >= n;
}

TEST(after_each_failure_a_built_socket_is_in_one_handle_or_closed)
{
    for (size_t i = 0; i < BUILDER_COUNT; i++) {
        for (size_t s = 0; s < 3; s++) {
            fer_socket socket = {0};
            set_up(systems[s]);
            assert_ok(builders[i](&socket));
            for (size_t f = 0; f < FAILURE_COUNT; f++) {
                uint64_t n = 1;
                while (build_with_failure(i, systems[s], n, failures[f])) {
                    n++;
                }
                assert_true(n > 1);
            }
        }
    }
}

TEST_MAIN("building_failures")
