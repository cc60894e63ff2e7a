/* timeouts.c: rules T1 to T5, T7 and T8: what a timeout means, how it is rounded, that its expiry
 * changes nothing, and that a call that waits uses next to no processor time. For the socket's
 * modes and sharing them (T6): raw_and_clones.c. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "support/fixture.h"
#include "support/process.h"
#include "support/stream_fixture.h"
#include "support/thread.h"

/* A length that every backend can hold: 12 days in milliseconds, the limit of the Winsock backend's
 * shared words. */
#define LONGEST_EVERYWHERE_NANOS (UINT64_C(12) * 24 * 3600 * 1000000000)
#define GRAIN_NANOS UINT64_C(20000000)

/* T1: "A timeout of zero is INVALID_INPUT in the setters and in connect_timeout, before any system
 * call." */
STREAM_PAIR_TEST("T1", zero_timeout_is_invalid_input_and_changes_nothing)
{
    fer_duration got = {0};
    assert_ok(stream_set_read_timeout(pair.stream, millis(5000)));
    assert_own(stream_set_read_timeout(pair.stream, millis(0)), FER_INVALID_INPUT);
    assert_own(stream_set_write_timeout(pair.stream, millis(0)), FER_INVALID_INPUT);
    assert_ok(stream_read_timeout(pair.stream, &got));
    assert_true(got.nanos >= UINT64_C(5000000000) && got.nanos < UINT64_C(5100000000));
    assert_ok_n(stream_write_timeout(pair.stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_stream_alive(pair);
}

struct delayed_sender {
    peer_socket peer;
    unsigned delay_ms;
    bool sent;
};

static void send_delayed(void *argument)
{
    struct delayed_sender *sender = argument;
    peer_pause(sender->delay_ms);
    sender->sent = peer_send_all(sender->peer, "late", 4);
}

static void read_delayed(struct pair *pair, unsigned delay_ms)
{
    struct delayed_sender sender = {pair->other, delay_ms, false};
    test_thread thread;
    char buf[8] = {0};
    size_t n = 0;
    test_thread_start(&thread, send_delayed, &sender);
    fer_error error = fer_tcp_stream_read(&pair->stream, buf, sizeof buf, &n);
    test_thread_join(&thread);
    assert_true(sender.sent);
    assert_ok(error);
    assert_int_equal(n, 4);
    assert_memory_equal(buf, "late", 4);
}

/* T2: "An expired timeout is TIMED_OUT, on every system", with os_code 0 and not too early. */
STREAM_PAIR_TEST("T2", expired_read_timeout_is_timed_out_with_os_code_0)
{
    char buf[8];
    assert_ok(stream_set_read_timeout(pair.stream, millis(40)));
    for (int sort = 0; sort < READ_SORTS; sort++) {
        size_t n = 77;
        assert_own_after_system(read_by(sort, pair.stream, buf, sizeof buf, &n), FER_TIMED_OUT,
                                40000);
        assert_int_equal(n, 0);
    }
    assert_stream_alive(pair);
}

/* T2: the same for writes. Room may return a short time after the queue was full, so a write that
 * finds room is repeated. */
SLOW_PAIR_TEST("T2", expired_write_timeout_is_timed_out_with_os_code_0)
{
    fer_tcp_stream *stream = &pair->stream;
    char buf[64] = {0};
    (void)fill_until_it_would_block(stream);
    assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(40)));
    for (int sort = 0; sort < WRITE_SORTS; sort++) {
        size_t n;
        uint64_t start;
        fer_error error;
        do {
            n = 77;
            start = peer_now_us();
            error = write_by(sort, tcp_ref(stream), buf, sizeof buf, &n);
        } while (error.kind == FER_OK);
        assert_true(microseconds_since(start) + SYSTEM_TIMEOUT_SLACK_US >= 40000);
        assert_own(error, FER_TIMED_OUT);
        assert_true(sort == WRITE_ALL ? n < sizeof buf : n == 0);
    }
}

/* T1: "`FER_DURATION_NONE` waits without limit." T2: the expiry "changes nothing": no error is
 * pending, both halves work, and peer_addr still returns the address. */
PAIR_TEST("T2", an_expiry_changes_nothing)
{
    char byte;
    fer_error pending = {FER_OTHER, 9};
    fer_socket_addr addr;
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(10)));
    for (int i = 0; i < 5; i++) {
        assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_TIMED_OUT);
    }
    assert_ok(fer_tcp_stream_take_error(&pair->stream, &pending));
    assert_ok(pending);
    assert_ok(fer_tcp_stream_peer_addr(&pair->stream, &addr));
    assert_int_equal(addr.port, peer_local_port(pair->other));
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, FER_DURATION_NONE));
    assert_alive(pair);
    read_delayed(pair, 30);
}

/* T2: "the system reports a dead connection, and the stream has ended": to a write, and to "a loop
 * that reads again after TIMED_OUT". */
SLOW_KIND_TEST("T2", connection_timed_out_ends_the_stream)
{
    for (int reads = 0; reads < 2; reads++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *stream = &pair->stream;
        fer_error error = {FER_TIMED_OUT, 0};
        fer_socket_addr addr;
        uint64_t total = 0;
        char byte = 0;
        skip_if(!peer_raw_set_user_timeout(fer_tcp_stream_as_raw(stream), 100),
                "this OS cannot time out a loopback connection (no TCP_USER_TIMEOUT)");
        assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(9000)));
        if (reads) {
            (void)fill_until_it_would_block(stream);
            assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(40)));
        } else {
            error = write_until_failure(tcp_ref(stream), 65536, &total);
        }
        for (int i = 0; i < 1000 && error.kind == FER_TIMED_OUT; i++) {
            error = fer_tcp_stream_read(stream, &byte, 1, NULL);
        }
        assert_kind(error, FER_CONNECTION_TIMED_OUT);
        assert_int_not_equal(error.os_code, 0);
        assert_reads_fail(stream, FER_CONNECTION_TIMED_OUT);
        error = fer_tcp_stream_read(stream, &byte, 1, NULL);
        assert_int_not_equal(error.os_code, 0);
        assert_kind(fer_tcp_stream_peer_addr(stream, &addr), FER_NOT_CONNECTED);
        pair_close(pair);
    }
}

/* T3: "A timeout that the system cannot represent exactly becomes the next longer one." T5: "The
 * getter returns the value that was set, to the system's resolution". The default is NONE,
 * and NONE clears one direction's own timeout. */
PAIR_TEST("T3/T5", timeouts_are_rounded_up_and_reported_back_within_the_grain)
{
    static const uint64_t nanos[] = {1,
                                     999,
                                     1000,
                                     1001,
                                     999999,
                                     1000000,
                                     1000001,
                                     1500000,
                                     4000000,
                                     333000000,
                                     999999999,
                                     1000000000,
                                     1000000001,
                                     UINT64_C(60000000000),
                                     UINT64_C(2147483647000000),
                                     UINT64_C(2147483648000000),
                                     UINT64_C(4294967295000000),
                                     UINT64_C(4294967295000001),
                                     UINT64_C(4294967296000000),
                                     UINT64_C(9007199254740993),
                                     UINT64_C(1) << 62,
                                     INT64_MAX,
                                     (uint64_t)INT64_MAX + 1,
                                     UINT64_MAX - 2000000000u,
                                     UINT64_MAX - 1};
    fer_duration read_got = {0};
    fer_duration write_got = {0};
    assert_ok(fer_tcp_stream_read_timeout(&pair->stream, &read_got));
    assert_ok(fer_tcp_stream_write_timeout(&pair->stream, &write_got));
    assert_true(read_got.nanos == FER_DURATION_NONE_NANOS && write_got.nanos == read_got.nanos);
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        fer_duration set = {nanos[i]};
        uint64_t min = nanos[i] < LONGEST_EVERYWHERE_NANOS ? nanos[i] : LONGEST_EVERYWHERE_NANOS;
        uint64_t max =
            nanos[i] < LONGEST_EVERYWHERE_NANOS ? nanos[i] + GRAIN_NANOS : UINT64_MAX - 1;
        assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, set));
        assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, set));
        assert_ok(fer_tcp_stream_read_timeout(&pair->stream, &read_got));
        assert_ok(fer_tcp_stream_write_timeout(&pair->stream, &write_got));
        assert_in_range(read_got.nanos, min, max);
        assert_in_range(write_got.nanos, min, max);
    }
    assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, millis(2000)));
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, FER_DURATION_NONE));
    assert_ok_n(fer_tcp_stream_read_timeout(&pair->stream, &read_got), read_got.nanos,
                FER_DURATION_NONE_NANOS);
    assert_ok(fer_tcp_stream_write_timeout(&pair->stream, &write_got));
    assert_in_range(write_got.nanos, UINT64_C(2000000000), UINT64_C(2000000000) + GRAIN_NANOS);
    assert_alive(pair);
}

/* T3: the shortest timeouts expire, because they are not "for ever", and the longest neither expire
 * immediately nor are refused. */
PAIR_TEST("T3", the_shortest_timeouts_expire_and_the_longest_wait)
{
    static const uint64_t short_nanos[] = {1, 999, 1000, 400000, 1000000};
    static const uint64_t long_nanos[] = {UINT64_C(2147483648000000), UINT64_C(4294967296000000),
                                          INT64_MAX, UINT64_MAX - 1};
    char byte;
    for (size_t i = 0; i < sizeof short_nanos / sizeof short_nanos[0]; i++) {
        uint64_t start = peer_now_us();
        assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, (fer_duration){short_nanos[i]}));
        assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_TIMED_OUT);
        assert_true(microseconds_since(start) < 5000000);
    }
    for (size_t i = 0; i < sizeof long_nanos / sizeof long_nanos[0]; i++) {
        assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, (fer_duration){long_nanos[i]}));
        assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, (fer_duration){long_nanos[i]}));
        read_delayed(pair, 60);
        assert_alive(pair);
    }
}

/* T3 and T1: the same for connect_timeout, which sets no option. Without a timeout it is
 * connect. */
RULE_TEST("T3", connect_timeout_takes_every_length)
{
    static const uint64_t nanos[] = {UINT64_C(2147483648000000), UINT64_C(4294967296000000),
                                     INT64_MAX, UINT64_MAX - 1, FER_DURATION_NONE_NANOS};
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    fer_socket_addr addr = loopback(PEER_V4, port);
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        fer_duration set = {nanos[i]};
        fer_tcp_stream *stream = test_stream();
        assert_ok(fer_tcp_stream_connect_timeout(stream, &addr, set));
        assert_exchange(stream, peer_accept(listener));
    }
}

/* T4: "An expired timeout changes nothing: no byte that arrives is lost": many short timeouts,
 * while bytes arrive slowly. */
struct slow_sender {
    peer_socket peer;
    bool sent;
};

static void send_slowly(void *argument)
{
    struct slow_sender *slow_sender = argument;
    unsigned char piece[97];
    uint64_t offset = 0;
    slow_sender->sent = true;
    for (int i = 0; i < 60; i++) {
        pattern_fill(piece, sizeof piece, offset);
        slow_sender->sent =
            slow_sender->sent && peer_send_all(slow_sender->peer, piece, sizeof piece);
        offset += sizeof piece;
        peer_pause((unsigned)i % 4);
    }
    slow_sender->sent = slow_sender->sent && peer_shutdown_write(slow_sender->peer);
}

PAIR_TEST("T4", nothing_is_lost_by_expired_reads)
{
    struct slow_sender slow_sender = {pair->other, false};
    test_thread thread;
    uint64_t total = 0;
    bool intact = true;
    fer_error error;
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, fer_duration_from_micros(300)));
    test_thread_start(&thread, send_slowly, &slow_sender);
    for (;;) {
        unsigned char buf[61];
        size_t n = 77;
        error = fer_tcp_stream_read(&pair->stream, buf, sizeof buf, &n);
        if (error.kind == FER_OK) {
            intact = intact && pattern_matches(buf, n, total);
            total += n;
        }
        if ((error.kind == FER_OK && n == 0) ||
            (error.kind != FER_OK && error.kind != FER_TIMED_OUT)) {
            break;
        }
    }
    test_thread_join(&thread);
    assert_ok(error);
    assert_true(slow_sender.sent && intact);
    assert_int_equal(total, 60 * 97);
}

PAIR_TEST("T4", read_exact_counts_the_bytes_before_the_expiry)
{
    char buf[9] = {0};
    size_t n = 77;
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(60)));
    pair_send(pair, "abc", 3);
    assert_own_n(fer_tcp_stream_read_exact(&pair->stream, buf, 8, &n), FER_TIMED_OUT, n, 3);
    pair_send(pair, "defgh", 5);
    assert_ok_n(fer_tcp_stream_read_exact(&pair->stream, buf + 3, 5, &n), n, 5);
    assert_string_equal(buf, "abcdefgh");
}

/* T4: "no byte that was sent is uncounted, and the next call works": the peer receives exactly the
 * counted bytes. */
SLOW_STREAM_PAIR_TEST("T4", every_byte_of_expired_writes_is_counted)
{
    uint64_t counted = 0;
    assert_ok(stream_set_write_timeout(pair.stream, millis(30)));
    for (int i = 0; i < 3; i++) {
        assert_own(write_until_failure(pair.stream, 60000, &counted), FER_TIMED_OUT);
    }
    static unsigned char rest[200000];
    struct drain drain = {pair.other, 0, false, PEER_TIMED_OUT};
    test_thread thread;
    size_t n = 77;
    pattern_fill(rest, sizeof rest, counted);
    fer_error error = stream_write_all(pair.stream, rest, sizeof rest, &n);
    /* Room may have returned in the meantime. */
    assert_either(error, FER_TIMED_OUT, FER_OK);
    counted += n;
    assert_ok(stream_set_write_timeout(pair.stream, millis(9000)));
    test_thread_start(&thread, drain_all, &drain);
    pattern_fill(rest, sizeof rest, counted);
    error = stream_write_all(pair.stream, rest, sizeof rest, &n);
    counted += n;
    fer_error ended = stream_shutdown(pair.stream, FER_SHUTDOWN_WRITE);
    test_thread_join(&thread);
    assert_ok(error);
    assert_ok(ended);
    assert_int_equal(drain.outcome, PEER_END);
    assert_true(drain.intact);
    assert_true(drain.total == counted);
}

/* T7: "A second one is made only after EAGAIN of a call that may wait": the result is right after a
 * clone has changed the mode. */
STREAM_PAIR_TEST("T7", would_block_and_expiry_are_distinguished_on_a_clone)
{
    stream_ref clone = stream_like(pair.stream);
    char byte;
    assert_ok(stream_set_read_timeout(pair.stream, millis(30)));
    assert_ok(stream_try_clone(pair.stream, clone));
    assert_own(stream_read(clone, &byte, 1, NULL), FER_TIMED_OUT);
    assert_ok(stream_set_nonblocking(clone, true));
    assert_kind(stream_read(pair.stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_ok(stream_set_nonblocking(pair.stream, false));
    assert_own(stream_read(clone, &byte, 1, NULL), FER_TIMED_OUT);
    assert_own(stream_read(pair.stream, &byte, 1, NULL), FER_TIMED_OUT);
}

/* ---- T8. All kinds of calls wait at the same time, each in its own thread, whose processor time
 * is measured */

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

RULE_TESTS("timeouts")
