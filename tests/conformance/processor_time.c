/* processor_time.c: rule T8: a call that waits uses next to no processor time. All kinds of calls
 * wait at the same time, each in its own thread, whose processor time is measured. */
#include <inttypes.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/process.h"
#include "support/thread.h"

/* The limit is 2 % of the time that each call waits. */
enum { WAIT_MS = 2000, LIMIT_US = 40000, LAPS_MAX = 100, CALLS_MAX = 20 };

/* A call that waits, with what its kind needs. */
struct call {
    const char *name;
    fer_error (*run)(struct call *call);
    fer_error_kind expected;
    fer_tcp_stream *stream;
    peer_socket other;
    fer_tcp_listener *listener;
    uint16_t port;
    fer_udp_socket *socket;
    fer_interest interest;
    test_thread thread;
    fer_error error;
    uint64_t used_us;
    unsigned laps; /* of call_ready */
};

static struct call calls[CALLS_MAX];
static size_t call_count;
static const char zeros[65536];

/* ---- Calls */

static fer_error call_read(struct call *call)
{
    char byte = '\0';
    size_t n = 0;
    return fer_tcp_stream_read(call->stream, &byte, 1, &n);
}

/* A full stream may accept more when data in flight has arrived. On POSIX a write that has accepted
 * a part returns its count when its timeout expires. */
static fer_error call_write(struct call *call)
{
    uint64_t start = peer_now_us();
    fer_error error;
    bool continues;
    do {
        size_t n = 0;
        error = fer_tcp_stream_write(call->stream, zeros, sizeof zeros, &n);
        bool has_time = microseconds_since(start) < WAIT_MS * UINT64_C(1000);
        continues = error.kind == FER_OK && (has_time || call->expected != FER_TIMED_OUT);
    } while (continues);
    return error.kind == FER_OK ? (fer_error){FER_TIMED_OUT, 0} : error;
}

static fer_error call_accept(struct call *call)
{
    return fer_tcp_listener_accept(call->listener, call->stream, NULL);
}

static fer_error call_receive(struct call *call)
{
    fer_udp_received got;
    char byte = '\0';
    return fer_udp_socket_recv_from(call->socket, &byte, 1, &got);
}

static fer_error ready_once(struct call *call, fer_duration timeout, fer_interest *ready)
{
    if (call->listener != NULL) {
        return fer_tcp_listener_ready(call->listener, call->interest, timeout, ready);
    }
    if (call->socket != NULL) {
        return fer_udp_socket_ready(call->socket, call->interest, timeout, ready);
    }
    return fer_tcp_stream_ready(call->stream, call->interest, timeout, ready);
}

/* As a loop of events: waits, writes as much as fits, and waits again. A full stream is writable
 * again if data in flight arrives. FreeBSD also sends a part of a segment with the acknowledgement
 * of the peer's end (TF_ACKNOW in tcp_output, netinet/tcp_output.c). */
static fer_error call_ready(struct call *call)
{
    uint64_t start = peer_now_us();
    uint64_t passed_us = 0;
    fer_error error;
    do {
        fer_interest ready = 0;
        size_t n = 0;
        error = ready_once(call, millis(WAIT_MS - passed_us / 1000), &ready);
        if (error.kind == FER_OK && (ready & FER_WRITABLE) != 0 && call->stream != NULL) {
            fer_error written = fer_tcp_stream_try_write(call->stream, zeros, sizeof zeros, &n);
            error = written.kind == FER_WOULD_BLOCK ? error : written;
        }
        call->laps++;
        passed_us = microseconds_since(start);
    } while (error.kind == FER_OK && passed_us < WAIT_MS * UINT64_C(1000));
    return error;
}

/* ---- What the calls wait on */

/* What is done to the stream of a call before it waits. */
enum { FILL = 1, HALF_CLOSE = 2, PEER_HALF_CLOSES = 4, CLONE = 8 };

static const struct stream_row {
    const char *name;
    fer_error (*run)(struct call *call);
    fer_error_kind expected;
    unsigned steps;
    fer_interest interest;
} stream_rows[] = {
    {"read", call_read, FER_TIMED_OUT, 0, 0},
    {"read after a half-close", call_read, FER_TIMED_OUT, HALF_CLOSE, 0},
    {"read of a clone", call_read, FER_TIMED_OUT, CLONE, 0},
    {"read until a reset", call_read, FER_CONNECTION_RESET, 0, 0},
    {"write", call_write, FER_TIMED_OUT, FILL, 0},
    {"write to a half-closed peer", call_write, FER_TIMED_OUT, FILL | PEER_HALF_CLOSES, 0},
    {"write of a clone to a half-closed peer", call_write, FER_TIMED_OUT,
     FILL | PEER_HALF_CLOSES | CLONE, 0},
    {"write until a reset", call_write, FER_CONNECTION_RESET, FILL | PEER_HALF_CLOSES, 0},
    {"_ready to read", call_ready, FER_OK, 0, FER_READABLE},
    {"_ready for either", call_ready, FER_OK, FILL, FER_READABLE | FER_WRITABLE},
    {"_ready to write to a half-closed peer", call_ready, FER_OK, FILL | PEER_HALF_CLOSES,
     FER_WRITABLE},
    {"_ready of a clone to write to a half-closed peer", call_ready, FER_OK,
     FILL | PEER_HALF_CLOSES | CLONE, FER_WRITABLE},
};

static struct call *add_call(const char *name, fer_error (*run)(struct call *call),
                             fer_error_kind expected, fer_interest interest)
{
    assert_true(call_count < CALLS_MAX);
    struct call *call = &calls[call_count++];
    *call = (struct call){
        .name = name, .run = run, .expected = expected, .interest = interest, .other = PEER_NONE};
    return call;
}

static void add_stream_call(const struct stream_row *row, fer_tcp_listener *listener, uint16_t port)
{
    struct call *call = add_call(row->name, row->run, row->expected, row->interest);
    call->stream = test_stream();
    call->other = peer_connect(PEER_V4, port);
    assert_ok(fer_tcp_listener_accept(listener, call->stream, NULL));
    if (row->expected == FER_TIMED_OUT) {
        assert_ok(fer_tcp_stream_set_read_timeout(call->stream, millis(WAIT_MS)));
        assert_ok(fer_tcp_stream_set_write_timeout(call->stream, millis(WAIT_MS)));
    }
    if ((row->steps & FILL) != 0) {
        (void)fill_until_it_would_block(call->stream);
    }
    if ((row->steps & HALF_CLOSE) != 0) {
        assert_ok(fer_tcp_stream_shutdown(call->stream, FER_SHUTDOWN_WRITE));
    }
    assert_true((row->steps & PEER_HALF_CLOSES) == 0 || peer_shutdown_write(call->other));
    if ((row->steps & CLONE) != 0) {
        fer_tcp_stream *clone = test_stream();
        assert_ok(fer_tcp_stream_try_clone(call->stream, clone));
        call->stream = clone;
    }
}

static void add_all(void)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    call_count = 0;
    for (size_t i = 0; i < sizeof stream_rows / sizeof stream_rows[0]; i++) {
        add_stream_call(&stream_rows[i], listener, port);
    }
    struct call *call = add_call("accept", call_accept, FER_OK, 0);
    call->listener = test_listening(PEER_V4, &call->port);
    call->stream = test_stream();
    call = add_call("_ready of a listener", call_ready, FER_OK, FER_READABLE);
    call->listener = test_listening(PEER_V4, &port);
    call = add_call("receive of a datagram", call_receive, FER_TIMED_OUT, 0);
    call->socket = test_udp_bound(PEER_V4, &port);
    assert_ok(fer_udp_socket_set_read_timeout(call->socket, millis(WAIT_MS)));
    call = add_call("_ready of a datagram socket", call_ready, FER_OK, FER_READABLE);
    call->socket = test_udp_bound(PEER_V4, &port);
}

static void limit_all(fer_cancel_token *token)
{
    const fer_limits limits = {.token = token};
    for (size_t i = 0; i < call_count; i++) {
        struct call *call = &calls[i];
        if (call->listener != NULL) {
            assert_ok(fer_tcp_listener_set_limits(call->listener, &limits));
        } else if (call->socket != NULL) {
            assert_ok(fer_udp_socket_set_limits(call->socket, &limits));
        } else {
            assert_ok(fer_tcp_stream_set_limits(call->stream, &limits));
        }
    }
}

/* ---- Running */

static void run_measured(void *argument)
{
    struct call *call = argument;
    uint64_t before = process_thread_time_us();
    call->error = call->run(call);
    call->used_us = process_thread_time_us() - before;
}

/* An accept and the calls that wait for a reset have no timeout. They end after the others. */
static bool waits_for_peer(const struct call *call)
{
    return call->run == call_accept || call->expected == FER_CONNECTION_RESET;
}

static void end_by_peer(struct call *call)
{
    if (call->run == call_accept) {
        (void)peer_connect(PEER_V4, call->port);
    } else {
        peer_reset(call->other);
    }
    test_thread_join(&call->thread);
}

static bool is_as_expected(const struct call *call)
{
    bool is_reset = call->expected == FER_CONNECTION_RESET && call->error.kind == FER_BROKEN_PIPE;
    bool is_quiet = call->used_us <= LIMIT_US && call->laps <= LAPS_MAX;
    return is_quiet && (call->error.kind == call->expected || is_reset);
}

static void run_all(void)
{
    for (size_t i = 0; i < call_count; i++) {
        test_thread_start(&calls[i].thread, run_measured, &calls[i]);
    }
    for (size_t i = 0; i < call_count; i++) {
        if (!waits_for_peer(&calls[i])) {
            test_thread_join(&calls[i].thread);
        }
    }
    for (size_t i = 0; i < call_count; i++) {
        if (waits_for_peer(&calls[i])) {
            end_by_peer(&calls[i]);
        }
    }
}

static void assert_quiet(void)
{
    size_t failures = 0;
    for (size_t i = 0; i < call_count; i++) {
        failures += !is_as_expected(&calls[i]);
        if (!is_as_expected(&calls[i])) {
            print_message("%s: %s after %" PRIu64 " us of processor time and %u laps\n",
                          calls[i].name, fer_error_kind_name(calls[i].error.kind), calls[i].used_us,
                          calls[i].laps);
        }
    }
    assert_int_equal(failures, 0);
}

/* T8: "A call that waits uses a processor for less than 2 % of that time" */
RULE_TEST("T8", calls_that_wait_do_not_use_the_processor)
{
    add_all();
    run_all();
    assert_quiet();
}

/* On Windows a wait with a token is divided into short slices (rule K2). */
RULE_TEST("T8", calls_that_wait_within_limits_do_not_use_the_processor)
{
    fer_cancel_token token = {0};
    assert_ok(fer_cancel_token_new(&token));
    add_all();
    limit_all(&token);
    run_all();
    assert_quiet();
    limit_all(NULL);
    fer_cancel_token_close(&token);
}

RULE_TESTS("processor_time")
