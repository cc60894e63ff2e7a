/* timeouts.c: rules T1 to T5 and T7: what a timeout means, how it is rounded, and that its expiry
 * changes nothing. For the socket's modes and sharing them (T6): modes.c. */
#include <stdatomic.h>

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

/* T1: "`FER_DURATION_NONE` waits without limit." It replaces the timeout that was set before. */
PAIR_TEST("T1", a_read_without_timeout_waits_until_data_arrives)
{
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(20)));
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, FER_DURATION_NONE));
    read_delayed(pair, 150);
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

/* T2: the expiry "changes nothing": no error is pending, both halves work, and peer_addr still
 * returns the address. */
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

/* T2: "the system reports a dead connection, and the stream has ended". */
SLOW_PAIR_TEST("T2", connection_timed_out_ends_the_stream)
{
    skip_if(!peer_raw_set_user_timeout(fer_tcp_stream_as_raw(&pair->stream), 100),
            "this OS cannot time out a loopback connection (no TCP_USER_TIMEOUT)");
    uint64_t total = 0;
    assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, millis(9000)));
    fer_error error = write_until_failure(tcp_ref(&pair->stream), 65536, &total);
    assert_kind(error, FER_CONNECTION_TIMED_OUT);
    assert_int_not_equal(error.os_code, 0);
    assert_reads_fail(&pair->stream, FER_CONNECTION_TIMED_OUT);
    char byte = 0;
    fer_socket_addr addr;
    error = fer_tcp_stream_read(&pair->stream, &byte, 1, NULL);
    assert_int_not_equal(error.os_code, 0);
    assert_kind(fer_tcp_stream_peer_addr(&pair->stream, &addr), FER_NOT_CONNECTED);
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

/* T7: "On POSIX a blocking read or write is one system call, also with a timeout." Tested from
 * outside: a read returns the queued bytes and does not wait for more, although a timeout is set
 * and the buffer has space. */
PAIR_TEST("T7", a_read_returns_queued_bytes_and_does_not_wait_for_more)
{
    char buf[64];
    for (int with_timeout = 0; with_timeout < 2; with_timeout++) {
        size_t n = 77;
        if (with_timeout) {
            assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(600000)));
        }
        pair_send(pair, "abc", 3);
        assert_ok_n(fer_tcp_stream_read(&pair->stream, buf, sizeof buf, &n), n, 3);
        assert_memory_equal(buf, "abc", 3);
    }
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

RULE_TESTS("timeouts")
