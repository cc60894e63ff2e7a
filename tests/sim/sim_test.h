/* sim_test.h: the common part of the tests of the simulation: a simulation for each test, in one
 * dialect or in both, and helpers for frequent operations. */
#ifndef SIM_TEST_H
#define SIM_TEST_H

#include <stdbool.h>
#include <string.h>

#include "ferrule.h"
#include "ferrule/connector.h"
#include "ferrule/sim.h"
#include "support/group.h"

/* ---- Tests. SIM_TEST runs in both dialects, in a simulation that is started. SIM_PAIR_TEST also
 * has a stream and its peer in `ends`. The body of a SIM_CONFIG_TEST starts the simulation, with
 * the config of config_of, which it may change. */

/* The systems, and that of the test: its dialect, and the system of the BSD dialect. */
static fer_sim_config sim_systems[] = {
    {.dialect = FER_SIM_DIALECT_POSIX},
    {.dialect = FER_SIM_DIALECT_WINSOCK},
    {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_MACOS},
    {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_FREEBSD},
    {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_NETBSD},
    {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_OPENBSD},
};
static fer_sim_config sim_system;
/* The test has made raw sockets: the stop of the simulation may close them. */
static bool has_raw_sockets;

/* The handles of a test, which are closed and zeroed after it, in this order. */
#define SIM_HANDLES(HANDLE)                   \
    HANDLE(fer_connector, connector)          \
    HANDLE(fer_resolver, resolver)            \
    HANDLE(fer_poller, poller)                \
    HANDLE(fer_tcp_stream, stream)            \
    HANDLE(fer_tcp_stream, clone)             \
    HANDLE(fer_tcp_listener, listener)        \
    HANDLE(fer_tcp_listener, listener2)       \
    HANDLE(fer_udp_socket, udp)               \
    HANDLE(fer_udp_socket, udp2)              \
    HANDLE(fer_udp_socket, udp3)              \
    HANDLE(fer_socket, socket)                \
    HANDLE(fer_unix_stream, unix_stream)      \
    HANDLE(fer_unix_stream, unix_peer)        \
    HANDLE(fer_unix_stream, unix_stream2)     \
    HANDLE(fer_unix_stream, unix_peer2)       \
    HANDLE(fer_unix_stream, unix_clone)       \
    HANDLE(fer_unix_listener, unix_listener)  \
    HANDLE(fer_unix_listener, unix_listener2) \
    HANDLE(fer_unix_datagram, gram)           \
    HANDLE(fer_unix_datagram, gram2)          \
    HANDLE(fer_unix_datagram, gram3)          \
    HANDLE(fer_cancel_token, token)           \
    HANDLE(fer_cancel_token, token2)
#define SIM_HANDLE_MEMBER(type, name) type name;
#define SIM_HANDLE_CLOSE(type, name) type##_close(&test.name);
struct sim_handles {
    fer_lookup lookups[4];
    fer_tcp_stream streams[5];
    SIM_HANDLES(SIM_HANDLE_MEMBER)
};
static struct sim_handles test;

#define POSIX_ROW(function, begin) \
    TEST_ROW(#function " [POSIX]", function, begin, sim_end, &sim_systems[0])
#define WINSOCK_ROW(function, begin) \
    TEST_ROW(#function " [WINSOCK]", function, begin, sim_end, &sim_systems[1])
#define SIM_TEST_OF(function, parameters, arguments, begin)              \
    TEST_OF(function, parameters, arguments, POSIX_ROW(function, begin), \
            WINSOCK_ROW(function, begin))
#define SIM_TEST(function) SIM_TEST_OF(function, (void), (), sim_start)
#define SIM_CONFIG_TEST(function) SIM_TEST_OF(function, (void), (), sim_choose)
#define SIM_PAIR_TEST(function) \
    SIM_TEST_OF(function, (struct ends * ends), (ends_open()), sim_start)
#define SIM_STREAM_TEST(function) \
    SIM_TEST_OF(function, (fer_tcp_stream * stream), (&test.stream), sim_start)
#define SIM_STREAM_CONFIG_TEST(function) \
    SIM_TEST_OF(function, (fer_tcp_stream * stream), (&test.stream), sim_choose)
#define SIM_UDP_TEST(function) \
    SIM_TEST_OF(function, (fer_udp_socket * socket), (&test.udp), sim_start)
#define PLAIN_TEST(function) \
    TEST_OF(function, (void), (), TEST_ROW(#function, function, sim_choose, sim_end, NULL))
/* In one dialect. */
#define POSIX_TEST(function) TEST_OF(function, (void), (), POSIX_ROW(function, sim_start))
#define POSIX_CONFIG_TEST(function) TEST_OF(function, (void), (), POSIX_ROW(function, sim_choose))
#define WINSOCK_TEST(function) TEST_OF(function, (void), (), WINSOCK_ROW(function, sim_start))
#define WINSOCK_CONFIG_TEST(function) \
    TEST_OF(function, (void), (), WINSOCK_ROW(function, sim_choose))

enum { ANY_CODE = INT32_MIN };

static inline void expect(fer_error error, fer_error_kind kind, int32_t os_code, const char *text,
                          const char *file, int line)
{
    if (error.kind != kind || (os_code != ANY_CODE && error.os_code != os_code)) {
        print_error("%s\n  is %s (os_code %ld), not %s (os_code %ld)\n", text,
                    fer_error_kind_name(error.kind), (long)error.os_code, fer_error_kind_name(kind),
                    (long)os_code);
        _fail(file, line);
    }
}

#define assert_code(call, kind, code) expect((call), (kind), (code), #call, __FILE__, __LINE__)
#define assert_kind(call, kind) expect((call), (kind), ANY_CODE, #call, __FILE__, __LINE__)
#define assert_ok(call) assert_kind(call, FER_OK)
/* The same, and the call stores this count in n. */
#define assert_ok_n(call, n, count) ((n) = 77, assert_ok(call), assert_int_equal((n), (count)))
#define assert_kind_n(call, kind, n, count) \
    ((n) = 77, assert_kind(call, kind), assert_int_equal((n), (count)))

static inline void expect_all(const fer_error *errors, size_t count, fer_error_kind kind,
                              const char *text, const char *file, int line)
{
    for (size_t i = 0; i < count; i++) {
        if (errors[i].kind != kind) {
            print_error("at index %u of\n", (unsigned)i);
        }
        expect(errors[i], kind, ANY_CODE, text, file, line);
    }
}

/* Each error of the array is of the kind. */
#define assert_all_kind(errors, kind) \
    expect_all((errors), sizeof(errors) / sizeof *(errors), (kind), #errors, __FILE__, __LINE__)

static inline int sim_choose(void **state)
{
    sim_system = *state == NULL ? sim_systems[0] : *(const fer_sim_config *)*state;
    has_raw_sockets = sim_system.dialect == FER_SIM_DIALECT_BSD;
    return 0;
}

static inline fer_sim_config config_of(void)
{
    return sim_system;
}

static inline bool is_winsock(void)
{
    return sim_system.dialect == FER_SIM_DIALECT_WINSOCK;
}

/* The system's code. */
static inline int32_t code(int32_t on_linux, int32_t on_windows)
{
    return is_winsock() ? on_windows : on_linux;
}

static inline void sim_begin_with(fer_sim_config config)
{
    assert_ok(fer_sim_start(&config));
}

/* With these fields of the config. */
#define sim_begin_of(...) \
    sim_begin_with(       \
        (fer_sim_config){.dialect = sim_system.dialect, .bsd = sim_system.bsd, __VA_ARGS__})

static inline void sim_begin(void)
{
    sim_begin_with(config_of());
}

static inline int sim_start(void **state)
{
    (void)sim_choose(state);
    sim_begin();
    return 0;
}

/* A stream and its peer, on the loopback, which has no latency. */
struct ends {
    fer_tcp_stream stream;
    fer_sim_peer peer;
};
static struct ends open_ends;

static inline void close_handles(void)
{
    fer_tcp_stream_close(&open_ends.stream);
    for (size_t i = 0; i < sizeof test.lookups / sizeof test.lookups[0]; i++) {
        fer_lookup_close(&test.lookups[i]);
    }
    for (size_t i = 0; i < sizeof test.streams / sizeof test.streams[0]; i++) {
        fer_tcp_stream_close(&test.streams[i]);
    }
    SIM_HANDLES(SIM_HANDLE_CLOSE)
    memset(&test, 0, sizeof test);
    memset(&open_ends, 0, sizeof open_ends);
}

/* After each test no handle, lookup, wait, poller or cancel token may be left. */
static inline int sim_end(void **state)
{
    fer_sim_report report;
    close_handles();
    if (fer_sim_stop(&report).kind != FER_OK) {
        return 0;
    }
    if ((report.leaked_handles != 0 && !has_raw_sockets) || report.leaked_lookups != 0 ||
        report.leaked_waits != 0 || report.leaked_pollers != 0 || report.leaked_tokens != 0) {
        print_error("a leak: %u handles, %u lookups, %u waits, %u pollers, %u tokens\n",
                    (unsigned)report.leaked_handles, (unsigned)report.leaked_lookups,
                    (unsigned)report.leaked_waits, (unsigned)report.leaked_pollers,
                    (unsigned)report.leaked_tokens);
        return -1;
    }
    return 0;
}

/* Ends one of several simulations of a test. */
static inline void sim_end_one(void)
{
    assert_int_equal(sim_end(NULL), 0);
}

/* ---- Addresses and times */

static inline fer_socket_addr addr_of(const char *text)
{
    fer_socket_addr addr;
    assert_ok(fer_socket_addr_parse(&addr, text));
    return addr;
}

/* The same for an argument: of the last eight, each is valid. */
static inline const fer_socket_addr *addr_at(const char *text)
{
    static fer_socket_addr addrs[8];
    static size_t next;
    next = (next + 1) % 8;
    addrs[next] = addr_of(text);
    return &addrs[next];
}

static inline fer_duration millis(uint64_t count)
{
    return fer_duration_from_millis(count);
}
static inline uint64_t now_us(void)
{
    return fer_sim_now().nanos / 1000;
}
static inline uint64_t now_ms(void)
{
    return fer_sim_now().nanos / 1000000;
}
/* The assertion's call takes this virtual time. */
#define assert_takes(ms, assertion)                  \
    do {                                             \
        uint64_t began_ms = now_ms();                \
        assertion;                                   \
        assert_int_equal(now_ms() - began_ms, (ms)); \
    } while (0)
static inline void advance_ms(uint64_t count)
{
    assert_ok(fer_sim_advance(millis(count)));
}
static inline void after_ms(uint64_t count, fer_sim_function function, void *context)
{
    assert_ok(fer_sim_after(millis(count), function, context));
}
/* The next chance of the fault injects it. */
static inline void arm(fer_sim_fault fault)
{
    assert_ok(fer_sim_fault_at(fault, 1));
}

/* ---- Peers */

#define SERVER "10.0.0.7:80"

static inline fer_sim_peer serve(const char *text)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    assert_ok(fer_sim_peer_listen(addr_at(text), 8, &peer));
    return peer;
}

static inline fer_sim_peer serve_script(const char *text, const fer_sim_step *steps, size_t count)
{
    fer_sim_peer peer = serve(text);
    assert_ok(fer_sim_peer_play(peer, steps, count));
    return peer;
}

static const fer_sim_step echo_and_close[2] = {{FER_SIM_ACTION_ECHO, {0}, NULL, 0},
                                               {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};

static inline fer_sim_peer accepted(fer_sim_peer listener)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    assert_ok(fer_sim_peer_accept(listener, &peer));
    return peer;
}

/* The answer of the network to connects and datagrams to the address. */
static inline void answer(const char *text, fer_sim_answer answer, uint64_t delay_ms)
{
    assert_ok(fer_sim_set_answer(addr_at(text), answer, millis(delay_ms)));
}

static inline struct ends connected_to(const char *text)
{
    struct ends ends;
    fer_sim_peer listener = serve(text);
    memset(&ends, 0, sizeof ends);
    assert_ok(fer_tcp_stream_connect(&ends.stream, text));
    ends.peer = accepted(listener);
    fer_sim_peer_close(listener);
    return ends;
}

/* Listens with test.listener on a free port of the loopback. */
static inline const fer_socket_addr *listening(void)
{
    static fer_socket_addr addr;
    assert_ok(fer_tcp_listener_bind(&test.listener, "127.0.0.1:0"));
    assert_ok(fer_tcp_listener_local_addr(&test.listener, &addr));
    return &addr;
}

static inline fer_sim_peer peer_connected_to(const fer_socket_addr *addr)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    assert_ok(fer_sim_peer_connect(NULL, addr, &peer));
    return peer;
}

static inline fer_sim_peer peer_bound_to(const char *text)
{
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    assert_ok(fer_sim_peer_bind(addr_at(text), &peer));
    return peer;
}

static inline struct ends connected(void)
{
    return connected_to("127.0.0.1:80");
}

static inline struct ends *ends_open(void)
{
    open_ends = connected();
    return &open_ends;
}

static inline void peer_sends(fer_sim_peer peer, const char *text)
{
    size_t n = 0;
    assert_ok(fer_sim_peer_send(peer, text, strlen(text), &n));
    assert_int_equal(n, strlen(text));
}

static inline void peer_receives(fer_sim_peer peer, const char *text)
{
    char buf[64] = {0};
    size_t n = 0;
    assert_ok(fer_sim_peer_recv(peer, buf, sizeof buf, &n));
    assert_int_equal(n, strlen(text));
    assert_memory_equal(buf, text, n);
}

static inline void stream_reads(fer_tcp_stream *stream, const char *text)
{
    char buf[64] = {0};
    size_t n = 77;
    assert_ok(fer_tcp_stream_read(stream, buf, sizeof buf, &n));
    assert_int_equal(n, strlen(text));
    assert_memory_equal(buf, text, n);
}

static inline fer_error read_one(fer_tcp_stream *stream)
{
    char byte = 0;
    return fer_tcp_stream_read(stream, &byte, 1, NULL);
}

static inline fer_error write_one(fer_tcp_stream *stream)
{
    return fer_tcp_stream_write(stream, "x", 1, NULL);
}

static inline fer_error receive_one(fer_udp_socket *socket)
{
    char buf[64];
    fer_udp_received got;
    return fer_udp_socket_recv(socket, buf, sizeof buf, &got);
}

/* Writes until the stream takes no more. */
static inline void fill(fer_tcp_stream *stream)
{
    static const char zeros[65536];
    while (fer_tcp_stream_try_write(stream, zeros, sizeof zeros, NULL).kind == FER_OK) {
    }
}

/* ---- Functions that the simulation calls at a time */

static inline void do_nothing(void *context)
{
}

static inline void cancel(void *token)
{
    FER_IGNORE(fer_cancel_token_cancel(token));
}

static inline void shut_reading(void *stream)
{
    FER_IGNORE(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_READ));
}

static inline void receive_all(void *peer)
{
    static char buf[65536];
    size_t n = 0;
    while (fer_sim_peer_recv(*(fer_sim_peer *)peer, buf, sizeof buf, &n).kind == FER_OK && n > 0) {
    }
}

static inline void send_one(void *peer)
{
    FER_IGNORE(fer_sim_peer_send(*(fer_sim_peer *)peer, "x", 1, NULL));
}

static inline void close_stream(void *stream)
{
    fer_tcp_stream_close(stream);
}

#endif
