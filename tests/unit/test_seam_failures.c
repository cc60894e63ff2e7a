/* test_seam_failures.c: every operation that takes several calls, with each of its calls failing in
 * turn and in every way: no socket is lost or closed twice, no wait stays armed, and a handle that
 * was not filled is NEW. The facts of all three systems. */
#include "unit/scripted_platform.h"

#include "ferrule/socket.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"

static const struct ferp_traits *const systems[] = {&script_posix, &script_bsd, &script_windows};

/* What each operation works on: made anew for each failure. */
static struct scene {
    fer_tcp_stream stream;
    fer_tcp_listener listener;
    fer_tcp_stream out_stream;
    fer_tcp_listener out_listener;
    fer_udp_socket socket;
    fer_udp_socket out_socket;
    fer_unix_listener unix_listener;
    fer_unix_stream out_unix_streams[2];
    fer_unix_listener out_unix_listener;
    fer_unix_datagram out_unix_datagrams[2];
    fer_socket built;
    fer_socket out_built;
    fer_raw_socket foreign;
    int sockets_before;
} scene;

/* Every handle that is to be filled. */
static fer_handle *const outs[] = {
    &scene.out_stream.handle_,
    &scene.out_listener.handle_,
    &scene.out_socket.handle_,
    &scene.out_unix_streams[0].handle_,
    &scene.out_unix_streams[1].handle_,
    &scene.out_unix_listener.handle_,
    &scene.out_unix_datagrams[0].handle_,
    &scene.out_unix_datagrams[1].handle_,
    &scene.out_built.inner_.handle_,
};
#define OUT_COUNT (sizeof outs / sizeof outs[0])

static void set_scene(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&scene, 0, sizeof scene);
    scene.stream.handle_ = script_stream(0);
    scene.listener.handle_ = script_stream(FERI_FLAG_ADOPTED | FERI_FLAG_V6);
    scene.socket.handle_ = script_stream(0);
    scene.unix_listener.handle_ = script_stream(FERI_FLAG_ADOPTED);
    scene.built.inner_.handle_ = script_stream(FERI_FLAG_DATAGRAM);
    scene.foreign = script_open_socket();
    scene.sockets_before = script.sockets_open;
}

/* Whichever way a connect starts here, it takes a wait, and the first readiness is false. */
static void start_slowly(void)
{
    bool would_block = script.traits.connect_would_block_means_started;
    script_default(SCRIPT_CONNECT)->error =
        (fer_error){would_block ? FER_WOULD_BLOCK : FER_IN_PROGRESS, 115};
    script_then(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 107};
}

/* ---- The operations: each fills one of what is called out_ there, or two */

static fer_error connect_plainly(void)
{
    fer_socket_addr addr = script_addr("127.0.0.1:80");
    return fer_tcp_stream_connect_addr(&scene.out_stream, &addr);
}

static fer_error connect_slowly(void)
{
    fer_socket_addr addr = script_addr("[::1]:80");
    start_slowly();
    return fer_tcp_stream_connect_timeout(&scene.out_stream, &addr, fer_duration_from_secs(1));
}

static fer_error connect_by_name(void)
{
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.2:0");
    start_slowly();
    return fer_tcp_stream_connect(&scene.out_stream, "example.test:80");
}

static fer_error bind_plainly(void)
{
    fer_socket_addr addr = script_addr("[::]:80");
    return fer_tcp_listener_bind_addr(&scene.out_listener, &addr);
}

static fer_error bind_by_name(void)
{
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.2:0");
    return fer_tcp_listener_bind(&scene.out_listener, "example.test:80");
}

static fer_error accept_late(void)
{
    fer_socket_addr peer;
    if (!script.traits.io_waits_in_kernel) {
        script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 10035);
    }
    return fer_tcp_listener_accept(&scene.listener, &scene.out_stream, &peer);
}

static fer_error clone_stream(void)
{
    return fer_tcp_stream_try_clone(&scene.stream, &scene.out_stream);
}

static fer_error clone_listener(void)
{
    return fer_tcp_listener_try_clone(&scene.listener, &scene.out_listener);
}

static fer_error take_stream_over(void)
{
    script_default(SCRIPT_DESCRIBE)->description = (ferp_description){
        .is_stream = true, .is_ip = true, .family = FER_IP_V4, .is_connected = true};
    return fer_tcp_stream_from_raw(&scene.out_stream, scene.foreign);
}

static fer_error take_listener_over(void)
{
    script_default(SCRIPT_DESCRIBE)->description = (ferp_description){.is_stream = true,
                                                                      .is_ip = true,
                                                                      .family = FER_IP_V6,
                                                                      .is_listening = true,
                                                                      .is_nonblocking = true};
    return fer_tcp_listener_from_raw(&scene.out_listener, scene.foreign);
}

static fer_error bind_datagrams(void)
{
    fer_socket_addr addr = script_addr("[::]:80");
    return fer_udp_socket_bind_addr(&scene.out_socket, &addr);
}

static fer_error bind_datagrams_by_name(void)
{
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.2:0");
    return fer_udp_socket_bind(&scene.out_socket, "example.test:80");
}

static fer_error clone_datagrams(void)
{
    return fer_udp_socket_try_clone(&scene.socket, &scene.out_socket);
}

static fer_error take_datagrams_over(void)
{
    script_default(SCRIPT_DESCRIBE)->description = (ferp_description){
        .is_datagram = true, .is_ip = true, .family = FER_IP_V6, .is_connected = true};
    return fer_udp_socket_from_raw(&scene.out_socket, scene.foreign);
}

static fer_error connect_to_a_path(void)
{
    if (script.traits.connect_would_block_means_started) {
        script_then_fail(SCRIPT_UNIX_CONNECT, FER_WOULD_BLOCK, 10035);
        script_then(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 107};
    }
    return fer_unix_stream_connect(&scene.out_unix_streams[0], "a");
}

static fer_error make_a_stream_pair(void)
{
    return fer_unix_stream_pair(&scene.out_unix_streams[0], &scene.out_unix_streams[1]);
}

static fer_error listen_at_a_path(void)
{
    return fer_unix_listener_bind(&scene.out_unix_listener, "a");
}

static fer_error accept_a_name(void)
{
    fer_unix_addr peer;
    return fer_unix_listener_accept(&scene.unix_listener, &scene.out_unix_streams[0], &peer);
}

static fer_error bind_to_a_path(void)
{
    return fer_unix_datagram_bind(&scene.out_unix_datagrams[0], "a");
}

static fer_error make_an_unbound_socket(void)
{
    return fer_unix_datagram_unbound(&scene.out_unix_datagrams[0]);
}

static fer_error make_a_datagram_pair(void)
{
    return fer_unix_datagram_pair(&scene.out_unix_datagrams[0], &scene.out_unix_datagrams[1]);
}

static fer_error take_unix_stream_over(void)
{
    script_default(SCRIPT_DESCRIBE)->description =
        (ferp_description){.is_stream = true, .is_unix = true, .is_connected = true};
    return fer_unix_stream_from_raw(&scene.out_unix_streams[0], scene.foreign);
}

static fer_error make_a_datagram_socket(void)
{
    return fer_socket_new(&scene.out_built, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT);
}

static fer_error clone_a_built_socket(void)
{
    return fer_socket_try_clone(&scene.built, &scene.out_built);
}

static fer_error take_any_socket_over(void)
{
    script_default(SCRIPT_DESCRIBE)->description =
        (ferp_description){.is_raw = true, .is_ip = true, .family = FER_IP_V4};
    return fer_socket_from_raw(&scene.out_built, scene.foreign);
}

/* How many sockets each has more when it has succeeded. */
static const struct operation {
    const char *name;
    fer_error (*run)(void);
    int sockets_more;
} operations[] = {
    {"connect_plainly", connect_plainly, 1},
    {"connect_slowly", connect_slowly, 1},
    {"connect_by_name", connect_by_name, 1},
    {"bind_plainly", bind_plainly, 1},
    {"bind_by_name", bind_by_name, 1},
    {"accept_late", accept_late, 1},
    {"clone_stream", clone_stream, 1},
    {"clone_listener", clone_listener, 1},
    {"take_stream_over", take_stream_over, 0},
    {"take_listener_over", take_listener_over, 0},
    {"bind_datagrams", bind_datagrams, 1},
    {"bind_datagrams_by_name", bind_datagrams_by_name, 1},
    {"clone_datagrams", clone_datagrams, 1},
    {"take_datagrams_over", take_datagrams_over, 0},
    {"connect_to_a_path", connect_to_a_path, 1},
    {"make_a_stream_pair", make_a_stream_pair, 2},
    {"listen_at_a_path", listen_at_a_path, 1},
    {"accept_a_name", accept_a_name, 1},
    {"bind_to_a_path", bind_to_a_path, 1},
    {"make_an_unbound_socket", make_an_unbound_socket, 1},
    {"make_a_datagram_pair", make_a_datagram_pair, 2},
    {"take_unix_stream_over", take_unix_stream_over, 0},
    {"make_a_datagram_socket", make_a_datagram_socket, 1},
    {"clone_a_built_socket", clone_a_built_socket, 1},
    {"take_any_socket_over", take_any_socket_over, 0},
};
#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

static const fer_error failures[] = {
    {FER_TOO_MANY_OPEN_FILES, 24},
    {FER_OUT_OF_MEMORY, 12},
    {FER_INVALID_INPUT, 22},
    {FER_INTERRUPTED, 4},
    {FER_CONNECTION_ABORTED, 103},
    {FER_WOULD_BLOCK, 11},
    {FER_PERMISSION_DENIED, 13},
    {FER_CONNECTION_REFUSED, 0},
    {FER_UNSUPPORTED, 95},
    {FER_ADDR_IN_USE, 98},
    {FER_TIMED_OUT, 0},
    {FER_NOT_CONNECTED, 107},
};
#define FAILURE_COUNT (sizeof failures / sizeof failures[0])

static void check_all_is_well(const struct operation *operation, fer_error error)
{
    bool is_filled = false;
    bool is_new = true;
    for (size_t i = 0; i < OUT_COUNT; i++) {
        is_filled = is_filled || feri_state_phase(feri_handle_state(outs[i])) == FERI_PHASE_OPEN;
        is_new = is_new && feri_handle_state(outs[i]) == 0;
    }
    int more = script.sockets_open - scene.sockets_before;
    bool well =
        error.kind == FER_OK ? is_filled && more == operation->sockets_more : is_new && more == 0;
    if (!well || script.waits_armed != 0) {
        fail_msg("%s: %s, %d sockets more, %d waits; %s", operation->name,
                 fer_error_kind_name(error.kind), more, script.waits_armed, script.log);
    }
}

/* Runs an operation with its n-th call failing. False when it has no n-th call. */
static bool run_with_failure(const struct operation *operation, const struct ferp_traits *traits,
                             uint64_t n, fer_error failure)
{
    set_scene(traits);
    script.fail_at = n;
    script.fail_with = failure;
    fer_error error = operation->run();
    check_all_is_well(operation, error);
    fer_tcp_stream_close(&scene.out_stream);
    fer_tcp_listener_close(&scene.out_listener);
    fer_udp_socket_close(&scene.out_socket);
    fer_unix_listener_close(&scene.out_unix_listener);
    fer_socket_close(&scene.out_built);
    for (int i = 0; i < 2; i++) {
        fer_unix_stream_close(&scene.out_unix_streams[i]);
        fer_unix_datagram_close(&scene.out_unix_datagrams[i]);
    }
    assert_int_equal(script.sockets_open,
                     scene.sockets_before - (error.kind == FER_OK && operation->sockets_more == 0));
    return script.calls_that_can_fail >= n;
}

static void whatever_fails_nothing_leaks_and_an_unfilled_handle_is_new(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        for (size_t s = 0; s < 3; s++) {
            for (size_t f = 0; f < FAILURE_COUNT; f++) {
                uint64_t n = 1;
                while (run_with_failure(&operations[i], systems[s], n, failures[f])) {
                    n++;
                }
                assert_true(n > 1);
            }
        }
    }
}

static void without_a_failure_every_operation_succeeds(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        for (size_t s = 0; s < 3; s++) {
            set_scene(systems[s]);
            fer_error error = operations[i].run();
            check_all_is_well(&operations[i], error);
            assert_ok(error);
        }
    }
}

static void an_open_handle_is_never_harmed_by_what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        set_scene(&script_posix);
        fer_raw_socket before[OUT_COUNT];
        for (size_t out = 0; out < OUT_COUNT; out++) {
            *outs[out] = script_stream(0);
            before[out] = feri_handle_as_raw(outs[out]);
        }
        assert_error(operations[i].run(), FER_INVALID_INPUT, 0);
        for (size_t out = 0; out < OUT_COUNT; out++) {
            assert_int_equal(feri_handle_as_raw(outs[out]), before[out]);
        }
        assert_int_equal(script.times[SCRIPT_CLOSE], 0);
        assert_int_equal(script.sockets_open, scene.sockets_before + (int)OUT_COUNT);
    }
}

/* ---- Sockets that are built: each step may fail; what was made is closed then */

static fer_error build_a_listener(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("[::]:80");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV6, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_bind(socket, &addr));
    FER_TRY(fer_socket_listen(socket, 4));
    return fer_socket_into_tcp_listener(socket, &scene.out_listener);
}

static fer_error build_a_listener_anywhere(fer_socket *socket)
{
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_listen(socket, 4));
    return fer_socket_into_tcp_listener(socket, &scene.out_listener);
}

static fer_error build_a_connection(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("127.0.0.1:80");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    start_slowly();
    FER_TRY(fer_socket_connect(socket, &addr));
    return fer_socket_into_tcp_stream(socket, &scene.out_stream);
}

static fer_error build_a_connection_in_time(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("[::1]:80");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV6, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    start_slowly();
    FER_TRY(fer_socket_connect_timeout(socket, &addr, fer_duration_from_secs(1)));
    return fer_socket_into_tcp_stream(socket, &scene.out_stream);
}

static fer_error start_a_connection(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("127.0.0.1:80");
    fer_error outcome = {FER_OK, 0};
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_set_nonblocking(socket, true));
    start_slowly();
    fer_error started = fer_socket_connect(socket, &addr);
    if (started.kind != FER_WOULD_BLOCK) {
        return started.kind == FER_OK ? fer_socket_into_tcp_stream(socket, &scene.out_stream)
                                      : started;
    }
    for (int i = 0; i < 2; i++) {
        fer_error asked = fer_socket_take_error(socket, &outcome);
        FER_TRY(asked.kind == FER_WOULD_BLOCK && i == 0 ? outcome : asked);
        FER_TRY(outcome);
    }
    return fer_socket_into_tcp_stream(socket, &scene.out_stream);
}

static fer_error build_datagrams(fer_socket *socket)
{
    fer_socket_addr addr = script_addr("[::1]:80");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_set_reuse_address(socket, true));
    FER_TRY(fer_socket_bind(socket, &addr));
    FER_TRY(fer_socket_connect(socket, &addr));
    return fer_socket_into_udp_socket(socket, &scene.out_socket);
}

static fer_error build_a_unix_connection(fer_socket *socket)
{
    fer_unix_addr own = script_path("a");
    fer_unix_addr name = script_path("b");
    FER_TRY(fer_socket_new(socket, FER_DOMAIN_UNIX, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    FER_TRY(fer_socket_bind_unix(socket, &own));
    FER_TRY(fer_socket_connect_unix(socket, &name));
    return fer_socket_into_unix_stream(socket, &scene.out_unix_streams[0]);
}

static fer_error (*const buildings[])(fer_socket *socket) = {
    build_a_listener,           build_a_listener_anywhere, build_a_connection,
    build_a_connection_in_time, start_a_connection,        build_datagrams,
    build_a_unix_connection,
};
#define BUILDING_COUNT (sizeof buildings / sizeof buildings[0])

/* The socket is in one handle or the other, or nowhere; closing that closes it. False when there
 * was no n-th call. */
static bool build_with_failure(size_t building, const struct ferp_traits *traits, uint64_t n,
                               fer_error failure)
{
    fer_socket socket = {0};
    set_scene(traits);
    script.fail_at = n;
    script.fail_with = failure;
    fer_error error = buildings[building](&socket);
    int filled = 0;
    for (size_t i = 0; i < OUT_COUNT; i++) {
        filled += feri_handle_as_raw(outs[i]) != FER_RAW_SOCKET_NONE;
    }
    int kept = fer_socket_as_raw(&socket) != FER_RAW_SOCKET_NONE;
    assert_int_equal(filled, error.kind == FER_OK);
    assert_int_equal(script.sockets_open - scene.sockets_before, filled + kept);
    assert_int_equal(script.waits_armed, 0);
    fer_socket_close(&socket);
    for (size_t i = 0; i < OUT_COUNT; i++) {
        feri_handle_close(outs[i]);
    }
    assert_int_equal(script.sockets_open, scene.sockets_before);
    return script.calls_that_can_fail >= n;
}

static void whatever_fails_while_a_socket_is_built_it_is_in_one_handle_or_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < BUILDING_COUNT; i++) {
        for (size_t s = 0; s < 3; s++) {
            fer_socket socket = {0};
            set_scene(systems[s]);
            assert_ok(buildings[i](&socket));
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

/* Keepalive is all or nothing: whichever call fails, what was changed before is put back. */
static void a_failed_keepalive_puts_back_as_many_fields_as_it_had_set(void **state)
{
    (void)state;
    fer_keepalive keepalive = {true, fer_duration_from_secs(1), fer_duration_from_secs(2), 3};
    for (uint64_t n = 1; n <= 7; n++) {
        set_scene(&script_posix);
        script.fail_at = n;
        script.fail_with = (fer_error){FER_NO_BUFFER_SPACE, 105};
        assert_error(fer_tcp_stream_set_keepalive(&scene.stream, &keepalive), FER_NO_BUFFER_SPACE,
                     105);
        uint64_t done = (n - 1) / 2;
        assert_int_equal(script.calls_that_can_fail, n + done);
        assert_int_equal(script.sockets_open, scene.sockets_before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_fails_nothing_leaks_and_an_unfilled_handle_is_new),
        cmocka_unit_test(without_a_failure_every_operation_succeeds),
        cmocka_unit_test(an_open_handle_is_never_harmed_by_what_is_refused),
        cmocka_unit_test(whatever_fails_while_a_socket_is_built_it_is_in_one_handle_or_closed),
        cmocka_unit_test(a_failed_keepalive_puts_back_as_many_fields_as_it_had_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
