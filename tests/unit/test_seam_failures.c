/* test_seam_failures.c: every operation that makes several calls, with each of its calls failing in
 * turn and in every way: no socket leaks or is closed twice, no wait stays armed, and a handle that
 * was not filled is NEW. With the facts of all three systems. */
#include "unit/scripted_platform.h"

#include "ferrule/socket.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"

static const struct ferp_traits *const systems[] = {&script_posix, &script_bsd, &script_windows};

/* The handles that the operations use; new for each failure. */
static struct fixture {
    fer_tcp_stream stream;
    fer_tcp_listener listener;
    fer_tcp_stream out_stream;
    fer_tcp_listener out_listener;
    fer_udp_socket socket, out_socket;
    fer_unix_listener unix_listener;
    fer_unix_stream out_unix_streams[2];
    fer_unix_listener out_unix_listener;
    fer_unix_datagram out_unix_datagrams[2];
    fer_socket built, out_built;
    fer_raw_socket adoptable;
    int sockets_before;
} fixture;

static fer_handle *const outs[] = {
    &fixture.out_stream.handle_,
    &fixture.out_listener.handle_,
    &fixture.out_socket.handle_,
    &fixture.out_unix_streams[0].handle_,
    &fixture.out_unix_streams[1].handle_,
    &fixture.out_unix_listener.handle_,
    &fixture.out_unix_datagrams[0].handle_,
    &fixture.out_unix_datagrams[1].handle_,
    &fixture.out_built.handle_,
};
#define OUT_COUNT (sizeof outs / sizeof outs[0])

static void set_up(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&fixture, 0, sizeof fixture);
    fixture.stream.handle_ = script_stream(0);
    fixture.listener.handle_ =
        script_stream(FERI_FLAG_LISTENING | FERI_FLAG_ADOPTED | FERI_FLAG_V6);
    fixture.socket.handle_ = script_stream(FERI_FLAG_DATAGRAM);
    fixture.unix_listener.handle_ = script_stream(FERI_FLAG_LISTENING | FERI_FLAG_ADOPTED);
    fixture.built.handle_ = script_stream(FERI_FLAG_DATAGRAM);
    fixture.adoptable = script_open_socket();
    fixture.sockets_before = script.sockets_open;
}

/* The connect needs a wait, in whichever way it starts, and the first readiness is false. */
static void script_slow_connect(void)
{
    bool would_block = script.traits.connect_would_block_means_started;
    script_default(SCRIPT_CONNECT)->error =
        (fer_error){would_block ? FER_WOULD_BLOCK : FER_IN_PROGRESS, 115};
    script_then(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 107};
}

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

/* ---- What happens before the call */

static void look_up_two(void)
{
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.1:0");
    script_then(SCRIPT_LOOKUP_NEXT)->addr = script_addr("192.0.2.2:0");
}

static void connect_slowly_by_name(void)
{
    look_up_two();
    script_slow_connect();
}

static void accept_later(void)
{
    if (!script.traits.io_waits_in_kernel) {
        script_then_fail(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 10035);
    }
}

static void connect_later(void)
{
    if (script.traits.connect_would_block_means_started) {
        script_queue("unix_connect WOULD_BLOCK:10035, peer_addr NOT_CONNECTED:107");
    }
}

static void describe(const char *words)
{
    script_default(SCRIPT_DESCRIBE)->description = script_description(words);
}

static fer_error connect_to_two(void)
{
    fer_socket_addr addrs[] = {script_addr("192.0.2.1:80"), script_addr("192.0.2.2:80")};
    fer_socket_addr local = script_addr("192.0.2.9:0");
    fer_connect_options options = {.local = &local, .attempt_timeout = fer_duration_from_secs(1)};
    script_slow_connect();
    script_default(SCRIPT_POLL)->value = 1;
    script_default(SCRIPT_POLL)->elapsed = 1000000;
    return fer_tcp_stream_connect_addrs(&fixture.out_stream, addrs, 2, &options);
}

/* ---- Sockets that are built step by step */

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

/* The socket belongs to one of the handles or is still the built one, which is then closed. */
static fer_error build(fer_error (*steps)(fer_socket *socket))
{
    fer_socket socket = {0};
    fer_error error = steps(&socket);
    int remaining = fer_socket_as_raw(&socket) != FER_RAW_SOCKET_NONE;
    assert_int_equal(script.sockets_open - fixture.sockets_before,
                     remaining + (error.kind == FER_OK));
    fer_socket_close(&socket);
    return error;
}

/* ---- The operations: each fills one or two of the handles out_... */

#define ADDR(text) ((fer_socket_addr[]){script_addr(text)})
#define NOTHING (void)0

/* X(name, the number of sockets that it adds when it succeeds, what happens before, the call). */
#define OPERATIONS(X)                                                                              \
    X(connect_addr, 1, NOTHING,                                                                    \
      fer_tcp_stream_connect_addr(&fixture.out_stream, ADDR("127.0.0.1:80")))                      \
    X(connect_with_timeout, 1, script_slow_connect(),                                              \
      fer_tcp_stream_connect_timeout(&fixture.out_stream, ADDR("[::1]:80"),                        \
                                     fer_duration_from_secs(1)))                                   \
    X(connect_by_name, 1, connect_slowly_by_name(),                                                \
      fer_tcp_stream_connect(&fixture.out_stream, "example.test:80"))                              \
    X(bind_addr, 1, NOTHING, fer_tcp_listener_bind_addr(&fixture.out_listener, ADDR("[::]:80")))   \
    X(bind_by_name, 1, look_up_two(),                                                              \
      fer_tcp_listener_bind(&fixture.out_listener, "example.test:80"))                             \
    X(accept_after_wait, 1, accept_later(),                                                        \
      fer_tcp_listener_accept(&fixture.listener, &fixture.out_stream, &(fer_socket_addr){0}))      \
    X(clone_stream, 1, NOTHING, fer_tcp_stream_try_clone(&fixture.stream, &fixture.out_stream))    \
    X(clone_listener, 1, NOTHING,                                                                  \
      fer_tcp_listener_try_clone(&fixture.listener, &fixture.out_listener))                        \
    X(adopt_stream, 0, describe("stream v4 connected"),                                            \
      fer_tcp_stream_from_raw(&fixture.out_stream, fixture.adoptable))                             \
    X(adopt_listener, 0, describe("stream v6 listening nonblocking"),                              \
      fer_tcp_listener_from_raw(&fixture.out_listener, fixture.adoptable))                         \
    X(bind_datagrams, 1, NOTHING, fer_udp_socket_bind_addr(&fixture.out_socket, ADDR("[::]:80")))  \
    X(bind_datagrams_by_name, 1, look_up_two(),                                                    \
      fer_udp_socket_bind(&fixture.out_socket, "example.test:80"))                                 \
    X(clone_datagrams, 1, NOTHING, fer_udp_socket_try_clone(&fixture.socket, &fixture.out_socket)) \
    X(adopt_datagrams, 0, describe("datagram v6 connected"),                                       \
      fer_udp_socket_from_raw(&fixture.out_socket, fixture.adoptable))                             \
    X(connect_to_path, 1, connect_later(),                                                         \
      fer_unix_stream_connect(&fixture.out_unix_streams[0], "a"))                                  \
    X(open_stream_pair, 2, NOTHING,                                                                \
      fer_unix_stream_pair(&fixture.out_unix_streams[0], &fixture.out_unix_streams[1]))            \
    X(listen_at_path, 1, NOTHING, fer_unix_listener_bind(&fixture.out_unix_listener, "a"))         \
    X(accept_with_peer, 1, NOTHING,                                                                \
      fer_unix_listener_accept(&fixture.unix_listener, &fixture.out_unix_streams[0],               \
                               &(fer_unix_addr){0}))                                               \
    X(bind_to_path, 1, NOTHING, fer_unix_datagram_bind(&fixture.out_unix_datagrams[0], "a"))       \
    X(open_unbound_datagram, 1, NOTHING,                                                           \
      fer_unix_datagram_unbound(&fixture.out_unix_datagrams[0]))                                   \
    X(open_datagram_pair, 2, NOTHING,                                                              \
      fer_unix_datagram_pair(&fixture.out_unix_datagrams[0], &fixture.out_unix_datagrams[1]))      \
    X(adopt_unix_stream, 0, describe("stream unix connected"),                                     \
      fer_unix_stream_from_raw(&fixture.out_unix_streams[0], fixture.adoptable))                   \
    X(new_datagram_socket, 1, NOTHING,                                                             \
      fer_socket_new(&fixture.out_built, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT))   \
    X(clone_built_socket, 1, NOTHING, fer_socket_try_clone(&fixture.built, &fixture.out_built))    \
    X(adopt_any_socket, 0, describe("raw v4"),                                                     \
      fer_socket_from_raw(&fixture.out_built, fixture.adoptable))                                  \
    X(connect_attempts, 1, NOTHING, connect_to_two())                                              \
    X(built_listener, 1, NOTHING, build(build_listener))                                           \
    X(built_unbound_listener, 1, NOTHING, build(build_unbound_listener))                           \
    X(built_connection, 1, NOTHING, build(build_connection))                                       \
    X(built_connection_with_timeout, 1, NOTHING, build(build_connection_with_timeout))             \
    X(started_connection, 1, NOTHING, build(start_connection))                                     \
    X(built_datagrams, 1, NOTHING, build(build_datagrams))                                         \
    X(built_unix_connection, 1, NOTHING, build(build_unix_connection))

#define OPERATION_FUNCTION(name, sockets_more, before, call) \
    static fer_error name(void)                              \
    {                                                        \
        before;                                              \
        return call;                                         \
    }
#define OPERATION_ROW(name, sockets_more, before, call) {#name, name, sockets_more},
OPERATIONS(OPERATION_FUNCTION)

static const struct operation {
    const char *name;
    fer_error (*run)(void);
    int sockets_more;
} operations[] = {OPERATIONS(OPERATION_ROW)};
#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

static void check_outcome(const struct operation *operation, fer_error error)
{
    bool is_filled = false;
    bool is_new = true;
    for (size_t i = 0; i < OUT_COUNT; i++) {
        is_filled = is_filled || feri_state_phase(feri_handle_state(outs[i])) == FERI_PHASE_OPEN;
        is_new = is_new && feri_handle_state(outs[i]) == 0;
    }
    int more = script.sockets_open - fixture.sockets_before;
    bool is_right =
        error.kind == FER_OK ? is_filled && more == operation->sockets_more : is_new && more == 0;
    if (!is_right || script.waits_armed != 0) {
        fail_msg("%s: %s, %d sockets more, %d waits; %s", operation->name,
                 fer_error_kind_name(error.kind), more, script.waits_armed, script.log);
    }
}

static void close_outs(void)
{
    for (size_t i = 0; i < OUT_COUNT; i++) {
        feri_handle_close(outs[i]);
    }
}

/* A handle that was cloned has memory on Windows. */
static void close_all(void)
{
    close_outs();
    fer_tcp_stream_close(&fixture.stream);
    fer_tcp_listener_close(&fixture.listener);
    fer_udp_socket_close(&fixture.socket);
    fer_unix_listener_close(&fixture.unix_listener);
    fer_socket_close(&fixture.built);
}

/* Runs an operation whose n-th call fails. Returns false if there is no n-th call. */
static bool run_with_failure(const struct operation *operation, const struct ferp_traits *traits,
                             uint64_t n, fer_error failure)
{
    set_up(traits);
    script.fail_at = n;
    script.fail_with = failure;
    fer_error error = operation->run();
    check_outcome(operation, error);
    assert_true(n != UINT64_MAX || error.kind == FER_OK);
    close_outs();
    bool is_adopted = error.kind == FER_OK && operation->sockets_more == 0;
    assert_int_equal(script.sockets_open, fixture.sockets_before - is_adopted);
    bool has_failed = script.calls_that_can_fail >= n;
    close_all();
    return has_failed;
}

TEST(no_failure_leaks_and_an_unfilled_handle_is_new)
{
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        for (size_t s = 0; s < 3; s++) {
            assert_false(run_with_failure(&operations[i], systems[s], UINT64_MAX, failures[0]));
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

TEST_MAIN("seam_failures")
