/* raw_and_clones.c: rules R1 and R2: adopting and releasing sockets, and clones; what all handles
 * of a socket share (T6, S6, O2). Lengths above the OS's limit (R3) are in lengths.c. */
#include "ferrule/socket.h"
#include "support/fixture.h"
#include "support/process.h"
#include "support/stream_fixture.h"
#include "support/thread.h"

/* A connection of two plain sockets. *other stays a peer. The result is released, in blocking
 * mode. */
static fer_raw_socket connected_raw(peer_family family, peer_socket *other)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(family, 4, &port);
    peer_socket raw = peer_connect(family, port);
    *other = peer_accept(listener);
    assert_true(raw != PEER_NONE && *other != PEER_NONE);
    peer_close(listener);
    peer_release(raw);
    return raw;
}

/* ---- R1: "from_raw takes ownership of a socket after it has queried its type and state" */

FAMILY_TEST("R1", from_raw_takes_a_connected_stream)
{
    peer_socket other;
    fer_tcp_stream *stream = test_stream();
    fer_socket_addr addr;
    uint32_t ttl = 0;
    char byte;
    fer_raw_socket raw = connected_raw(family, &other);
    assert_ok(fer_tcp_stream_from_raw(stream, raw));
    assert_true(fer_tcp_stream_as_raw(stream) == raw);
    assert_exchange(stream, other);
    assert_ok(fer_tcp_stream_peer_addr(stream, &addr));
    assert_int_equal(addr.port, peer_local_port(other));
    assert_ok(fer_tcp_stream_set_ttl(stream, 55));
    assert_ok_n(fer_tcp_stream_ttl(stream, &ttl), ttl, 55);
    assert_int_equal(peer_raw_hops(raw, family), 55);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(20)));
    assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
    fer_tcp_stream_close(stream);
    size_t n = 0;
    assert_int_equal(peer_recv_some(other, &byte, 1, &n), PEER_END);
    assert_false(peer_is_open(raw));
}

/* R1: the handle has the socket's timeouts. It has its mode too, if the OS reports it. */
STREAM_TEST("R1", from_raw_reads_timeouts_and_mode)
{
    peer_socket other;
    fer_duration got = {0};
    char byte;
    fer_raw_socket raw = connected_raw(PEER_V4, &other);
    assert_true(peer_raw_set_timeouts(raw, 50));
    if (!peer_is_windows()) {
        assert_true(peer_raw_set_nonblocking(raw, true));
    }
    assert_ok(fer_tcp_stream_from_raw(stream, raw));
    assert_ok(fer_tcp_stream_read_timeout(stream, &got));
    assert_in_range(got.nanos, 50000000, 70000000);
    assert_ok(fer_tcp_stream_write_timeout(stream, &got));
    assert_in_range(got.nanos, 50000000, 70000000);
    if (!peer_is_windows()) {
        assert_kind(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_WOULD_BLOCK);
        assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    }
    assert_own_after_system(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT, 50000);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_exchange(stream, other);
}

/* ---- R1: "A socket of another type or state is INVALID_INPUT and the caller still owns it". */

enum { ADOPTERS = 7, ANY = ADOPTERS - 1 };

union adopter {
    fer_tcp_stream stream;
    fer_tcp_listener listener;
    fer_udp_socket udp;
    fer_unix_stream unix_stream;
    fer_unix_listener unix_listener;
    fer_unix_datagram unix_datagram;
    fer_socket any;
};

/* A NEW handle of a type refuses the raw socket, and stays NEW. */
static fer_error refuse(int type, fer_raw_socket raw)
{
    union adopter to;
    fer_error error = {FER_OTHER, 0};
    memset(&to, 0, sizeof to);
    switch (type) {
    case 0: error = fer_tcp_stream_from_raw(&to.stream, raw); break;
    case 1: error = fer_tcp_listener_from_raw(&to.listener, raw); break;
    case 2: error = fer_udp_socket_from_raw(&to.udp, raw); break;
    case 3: error = fer_unix_stream_from_raw(&to.unix_stream, raw); break;
    case 4: error = fer_unix_listener_from_raw(&to.unix_listener, raw); break;
    case 5: error = fer_unix_datagram_from_raw(&to.unix_datagram, raw); break;
    default: error = fer_socket_from_raw(&to.any, raw); break;
    }
    assert_true(fer_socket_as_raw(&to.any) == FER_RAW_SOCKET_NONE);
    return error;
}

/* The handles of the types that the system lacks refuse a socket, too. */
UNIX_TEST("R1", from_raw_refuses_sockets_of_another_type_or_state)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 4, &port);
    peer_socket stream = peer_connect(PEER_V4, port);
    const char *path = unix_peer_path("raw");
    bool has_streams = unix_peer_has_streams();
    const struct {
        peer_socket raw;
        int adopter; /* that takes it */
    } rows[] = {{stream, 0},
                {listener, 1},
                {peer_datagram(PEER_V4, &port), 2},
                {peer_unconnected(), ANY},
                {peer_bind_only(PEER_V4, &port), ANY},
                {has_streams ? unix_peer_listen(path, 4) : PEER_NONE, 4},
                {has_streams ? unix_peer_connect(path, NULL) : PEER_NONE, 3},
                {has_streams ? unix_peer_unconnected(NULL) : PEER_NONE, ANY},
                {unix_peer_has_datagrams() ? unix_peer_datagram(NULL) : PEER_NONE, 5}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int adopter = 0; adopter < ANY && rows[i].raw != PEER_NONE; adopter++) {
            fer_error error = {FER_INVALID_INPUT, 0};
            if (adopter != rows[i].adopter) {
                error = refuse(adopter, rows[i].raw);
            }
            if (error.kind != FER_INVALID_INPUT || !peer_is_open(rows[i].raw)) {
                fail_msg("row %d, type %d: %s", (int)i, adopter, fer_error_kind_name(error.kind));
            }
        }
    }
    char buf[3];
    peer_socket accepted = peer_accept(listener);
    assert_true(peer_send_all(stream, "abc", 3) && peer_recv_exact(accepted, buf, 3));
}

/* R1: "a value that is no open socket is BAD_HANDLE." */
UNIX_TEST("R1", from_raw_of_no_open_socket_is_bad_handle)
{
    const fer_raw_socket file = peer_not_a_socket();
    const fer_raw_socket absurd[] = {FER_RAW_SOCKET_NONE,
                                     -2,
                                     999999,
                                     INTPTR_MAX,
                                     INTPTR_MIN,
                                     (fer_raw_socket)((uint64_t)1 << 32),
                                     file};
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        assert_kind(refuse(0, absurd[i]), FER_BAD_HANDLE);
        assert_kind(refuse(1, absurd[i]), FER_BAD_HANDLE);
        assert_kind(refuse(ANY, absurd[i]), FER_BAD_HANDLE);
    }
    peer_close_not_a_socket(file);
}

STREAM_TEST("R1", from_raw_of_a_stream_refuses_one_that_has_ended)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 4, &port);
    peer_socket ended = peer_connect(PEER_V4, port);
    peer_socket ended_other = peer_accept(listener);
    char byte;
    size_t n = 0;
    assert_true(peer_shutdown_write(ended));
    /* If both ends shut down at once, the connection ends only when both are acknowledged. */
    assert_int_equal(peer_recv_some(ended_other, &byte, 1, &n), PEER_END);
    assert_true(peer_shutdown_write(ended_other));
    assert_int_equal(peer_recv_some(ended, &byte, 1, &n), PEER_END);
    if (!peer_is_windows()) {
        assert_kind(fer_tcp_stream_from_raw(stream, ended), FER_INVALID_INPUT);
        assert_true(peer_is_open(ended));
        assert_new(stream);
    }
}

/* R1: "A stream of which both halves have ended is adopted while bytes are queued." getpeername
 * reports no peer then, except on Windows and of a Unix stream on Linux. */
STREAM_KIND_TEST("R1", from_raw_takes_the_queued_bytes_of_an_ended_stream)
{
    for (int closes = 0; closes < 2; closes++) {
        struct stream_pair pair = stream_pair_open(kind);
        stream_ref again = stream_like(pair.stream);
        uint64_t start = peer_now_us();
        char buf[6];
        size_t n = 77;
        assert_ok(stream_shutdown(pair.stream, FER_SHUTDOWN_WRITE));
        assert_int_equal(peer_recv_some(pair.other, buf, 1, &n), PEER_END);
        assert_true(peer_send_all(pair.other, "queued", 6));
        assert_true(peer_shutdown_write(pair.other));
        do {
            assert_true(microseconds_since(start) < PEER_LIMIT_MS * UINT64_C(1000));
            peer_pause(1);
        } while (!peer_raw_has_settled(pair.other));
        if (closes) {
            peer_close(pair.other);
        }
        assert_ok(stream_from_raw(again, stream_into_raw(pair.stream)));
        assert_kind_n(stream_write(again, "x", 1, &n), FER_BROKEN_PIPE, n, 0);
        assert_ok(stream_read_exact(again, buf, 6, NULL));
        assert_memory_equal(buf, "queued", 6);
        assert_stream_ends(again);
        assert_kind_n(stream_write(again, "x", 1, &n), FER_BROKEN_PIPE, n, 0);
        stream_pair_close();
    }
}

/* R1: "into_raw releases the socket to the caller, ... and leaves a CLOSED handle", "with the mode
 * and the timeouts that were set applied to it". */
KIND_TEST("R1", into_raw_returns_the_socket_and_closes_the_handle)
{
    for (int set = 0; set < 2; set++) {
        struct pair *pair = pair_open_kind(kind);
        fer_raw_socket lent = fer_tcp_stream_as_raw(&pair->stream);
        unsigned read_ms = 77;
        unsigned write_ms = 77;
        assert_alive(pair);
        if (set) {
            assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(3000)));
            assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, millis(7000)));
            assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
        }
        fer_raw_socket raw = fer_tcp_stream_into_raw(&pair->stream);
        assert_true(raw == lent && peer_is_open(raw));
        assert_closed(&pair->stream);
        assert_true(fer_tcp_stream_into_raw(&pair->stream) == FER_RAW_SOCKET_NONE);
        assert_true(peer_raw_timeouts(raw, &read_ms, &write_ms));
        assert_in_range(read_ms, set ? 3000 : 0, set ? 3020 : 0);
        assert_in_range(write_ms, set ? 7000 : 0, set ? 7020 : 0);
        assert_true(peer_raw_is_nonblocking(raw) == (set != 0));
        peer_adopt(raw);
        char buf[3];
        assert_true(peer_send_all(pair->other, "abc", 3) && peer_recv_exact(raw, buf, 3));
        assert_true(peer_send_all(raw, "abc", 3) && peer_recv_exact(pair->other, buf, 3));
        pair_close(pair);
    }
}

LISTENER_TEST("R1", into_raw_of_a_listener_returns_the_socket_and_closes_the_handle)
{
    fer_tcp_listener *again = test_listener();
    fer_tcp_stream *stream = test_stream();
    fer_socket_addr addr;
    fer_raw_socket raw = fer_tcp_listener_into_raw(listener);
    assert_true(fer_tcp_listener_as_raw(listener) == FER_RAW_SOCKET_NONE);
    assert_own(fer_tcp_listener_local_addr(listener, &addr), FER_MISUSE);
    assert_true(peer_connect(PEER_V4, port) != PEER_NONE);
    assert_true(peer_is_queued(raw, PEER_LIMIT_MS));
    assert_ok(fer_tcp_listener_from_raw(again, raw));
    assert_ok(fer_tcp_listener_accept(again, stream, NULL));
    fer_tcp_stream_close(stream);
    assert_accepts(again, stream, PEER_V4, port);
    assert_ok(fer_tcp_listener_set_nonblocking(again, true));
    fer_tcp_stream_close(stream);
    assert_kind(fer_tcp_listener_accept(again, stream, NULL), FER_WOULD_BLOCK);
}

/* ---- R2: "Clones are closed one by one; the connection ends with the last." */

STREAM_KIND_TEST("R2", the_connection_ends_with_the_last_clone)
{
    for (int clone_first = 0; clone_first < 2; clone_first++) {
        struct stream_pair pair = stream_pair_open(kind);
        stream_ref clone = stream_like(pair.stream);
        char byte;
        size_t n = 0;
        assert_ok(stream_try_clone(pair.stream, clone));
        assert_true(stream_as_raw(clone) != stream_as_raw(pair.stream));
        stream_ref first = clone_first ? clone : pair.stream;
        stream_ref last = clone_first ? pair.stream : clone;
        assert_stream_exchange(first, pair.other);
        stream_close(first);
        assert_own(stream_read(first, &byte, 1, NULL), FER_MISUSE);
        assert_true(stream_as_raw(first) == FER_RAW_SOCKET_NONE);
        assert_stream_exchange(last, pair.other);
        stream_close(last);
        assert_int_equal(peer_recv_some(pair.other, &byte, 1, &n), PEER_END);
        stream_pair_close();
    }
}

LISTENER_TEST("R2", listening_ends_with_the_last_clone)
{
    fer_tcp_listener *clone = test_listener();
    fer_tcp_stream *stream = test_stream();
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    fer_tcp_listener_close(listener);
    peer_socket other = peer_connect(PEER_V4, port);
    assert_ok(fer_tcp_listener_accept(clone, stream, NULL));
    assert_exchange(stream, other);
    fer_tcp_stream_close(stream);
    peer_close(other);
    fer_tcp_listener_close(clone);
    assert_true(peer_connect(PEER_V4, port) == PEER_NONE);
}

struct reader {
    fer_tcp_stream *stream;
    fer_error error;
    size_t n;
    char buf[4];
};

static void read_four(void *argument)
{
    struct reader *reader = argument;
    reader->error = fer_tcp_stream_read_exact(reader->stream, reader->buf, 4, &reader->n);
}

SLOW_KIND_TEST("R2", closing_one_handle_leaves_the_clones_blocked_read)
{
    for (int round = 0; round < 6; round++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *clone = test_stream();
        test_thread thread;
        assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
        struct reader reader = {clone, {FER_OTHER, 0}, 77, {0}};
        test_thread_start(&thread, read_four, &reader);
        peer_pause((unsigned)round * 4);
        fer_tcp_stream_close(&pair->stream);
        bool sent = peer_send_all(pair->other, "four", 4);
        test_thread_join(&thread);
        fer_tcp_stream_close(clone);
        assert_true(sent);
        assert_ok(reader.error);
        assert_memory_equal(reader.buf, "four", 4);
        pair_close(pair);
    }
}

/* ---- What all handles of a socket share: set before or after the clone, through any handle,
 * whichever handles are closed; and what a new connection does not inherit */

enum { HANDLES = 4 };

/* A stream and three clones of it: of the stream, of its clone, and of the stream again. */
static void open_clones(struct pair *pair, fer_tcp_stream *handles[HANDLES])
{
    static const size_t sources[HANDLES] = {0, 0, 1, 0};
    handles[0] = &pair->stream;
    for (size_t i = 1; i < HANDLES; i++) {
        handles[i] = test_stream();
        assert_ok(fer_tcp_stream_try_clone(handles[sources[i]], handles[i]));
    }
}

static void set_modes(fer_tcp_stream *stream, uint64_t read_seconds, uint64_t write_seconds,
                      bool nonblocking)
{
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(1000 * read_seconds)));
    assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(1000 * write_seconds)));
    assert_ok(fer_tcp_stream_set_nonblocking(stream, nonblocking));
    assert_ok(fer_tcp_stream_set_ttl(stream, (uint32_t)read_seconds));
    assert_ok(fer_tcp_stream_set_linger(stream, millis(1000 * write_seconds)));
}

static void assert_timeouts(const fer_tcp_stream *stream, uint64_t read_seconds,
                            uint64_t write_seconds)
{
    const uint64_t second = UINT64_C(1000000000);
    const uint64_t resolution = 20000000;
    fer_duration got = {0};
    assert_ok(fer_tcp_stream_read_timeout(stream, &got));
    assert_in_range(got.nanos, read_seconds * second, read_seconds * second + resolution);
    assert_ok(fer_tcp_stream_write_timeout(stream, &got));
    assert_in_range(got.nanos, write_seconds * second, write_seconds * second + resolution);
    assert_ok_n(fer_tcp_stream_linger(stream, &got), got.nanos, write_seconds * second);
}

static void assert_would_block(fer_tcp_stream *stream)
{
    char byte;
    assert_kind(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_WOULD_BLOCK);
}

/* ---- T6: "Timeouts, the blocking mode and options belong to the socket, so clones share them,
 * whenever they are set." */

PAIR_TEST("T6", every_handle_returns_the_value_that_any_handle_has_set)
{
    fer_tcp_stream *handles[HANDLES];
    uint32_t ttl = 0;
    set_modes(&pair->stream, 30, 70, true);
    open_clones(pair, handles);
    for (size_t i = 0; i < HANDLES; i++) {
        assert_timeouts(handles[i], 30, 70);
        assert_would_block(handles[i]);
    }
    for (size_t setter = 0; setter < HANDLES; setter++) {
        set_modes(handles[setter], 100 + setter, 200 + setter, true);
        for (size_t i = 0; i < HANDLES; i++) {
            assert_timeouts(handles[i], 100 + setter, 200 + setter);
            assert_would_block(handles[i]);
            assert_ok_n(fer_tcp_stream_ttl(handles[i], &ttl), ttl, 100 + setter);
        }
    }
}

/* T6: the handles that remain share them, in whatever order the others are closed. */
KIND_TEST("T6", the_handles_that_remain_share)
{
    static const size_t orders[3][HANDLES] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}};
    for (size_t order = 0; order < 3; order++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *handles[HANDLES];
        open_clones(pair, handles);
        for (size_t i = 0; i < HANDLES - 1; i++) {
            fer_tcp_stream_close(handles[orders[order][i]]);
            fer_tcp_stream *next = handles[orders[order][i + 1]];
            fer_tcp_stream *last = handles[orders[order][HANDLES - 1]];
            set_modes(next, 10 + i, 50 + i, i % 2 == 0);
            assert_timeouts(last, 10 + i, 50 + i);
        }
        assert_would_block(handles[orders[order][HANDLES - 1]]);
        pair_close(pair);
    }
}

/* ---- S6: "A shutdown of READ or BOTH ... wakes a blocked read, ... through the same handle or a
 * clone." A read that begins later finds the end too, without a wait. */

KIND_TEST("S6", a_read_half_that_a_clone_has_shut_has_ended)
{
    for (size_t shutter = 0; shutter < HANDLES; shutter++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *handles[HANDLES];
        open_clones(pair, handles);
        assert_ok(fer_tcp_stream_shutdown(handles[shutter], FER_SHUTDOWN_READ));
        fer_tcp_stream *late = test_stream();
        assert_ok(fer_tcp_stream_try_clone(handles[(shutter + 1) % HANDLES], late));
        assert_reads_end(late);
        for (size_t i = 0; i < HANDLES; i++) {
            assert_reads_end(handles[i]);
        }
        assert_ok(fer_tcp_stream_write_all(handles[0], "heard", 5, NULL));
        char buf[5];
        assert_true(peer_recv_exact(pair->other, buf, 5));
        pair_close(pair);
    }
}

/* ---- O2: "Zero resets at the last close; NONE is off." */

/* The setter is the first or the last to be closed, and the time is set before or after the clone;
 * or it is set before, and the clone turns it off. */
KIND_TEST("O2", the_last_close_has_the_linger_time_that_any_handle_has_set)
{
    for (int which = 0; which < 6; which++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *clone = test_stream();
        bool is_before = which != 2 && which != 3;
        char byte;
        size_t n = 0;
        if (is_before) {
            assert_ok(fer_tcp_stream_set_linger(&pair->stream, millis(0)));
        }
        assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
        if (!is_before || which > 3) {
            assert_ok(fer_tcp_stream_set_linger(clone, is_before ? FER_DURATION_NONE : millis(0)));
        }
        fer_tcp_stream *last = which % 2 == 0 ? clone : &pair->stream;
        fer_tcp_stream_close(which % 2 == 0 ? &pair->stream : clone);
        assert_exchange(last, pair->other);
        fer_tcp_stream_close(last);
        assert_int_equal(peer_recv_some(pair->other, &byte, 1, &n),
                         which > 3 ? PEER_END : PEER_RESET);
        pair_close(pair);
    }
}

/* ---- T6: "An accepted stream starts in blocking mode and without timeouts" */

static void assert_starts_blocking_without_timeouts(fer_tcp_stream *stream)
{
    fer_duration got = {0};
    char byte;
    assert_ok_n(fer_tcp_stream_read_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok_n(fer_tcp_stream_write_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(20)));
    assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
}

static void assert_accepts_afresh(fer_tcp_listener *listener, uint16_t port)
{
    fer_tcp_stream *stream = test_stream();
    peer_socket other = peer_connect(PEER_V4, port);
    assert_true(peer_raw_wait_readable(fer_tcp_listener_as_raw(listener)));
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_starts_blocking_without_timeouts(stream);
    if (!peer_core_waits()) {
        assert_false(peer_raw_is_nonblocking(fer_tcp_stream_as_raw(stream)));
    }
    assert_ok(fer_tcp_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_exchange(stream, other);
}

/* T6: also if the listener or a clone is nonblocking, which the other handle does not record, if a
 * clone was released, given timeouts and adopted again, and if the listener is adopted and has
 * timeouts, which accepted sockets inherit on every OS. A clone shares the mode. */
LISTENER_TEST("T6", accepted_streams_have_no_mode_of_the_listener)
{
    fer_tcp_listener *clone = test_listener();
    uint16_t adopted_port = 0;
    assert_ok(fer_tcp_listener_set_nonblocking(listener, true));
    assert_accepts_afresh(listener, port);
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    assert_ok(fer_tcp_listener_set_nonblocking(listener, false));
    assert_accepts_afresh(clone, port);
    assert_ok(fer_tcp_listener_set_nonblocking(clone, true));
    assert_kind(fer_tcp_listener_accept(listener, test_stream(), NULL), FER_WOULD_BLOCK);
    assert_accepts_afresh(listener, port);
    fer_raw_socket raw = fer_tcp_listener_into_raw(clone);
    assert_true(peer_raw_set_timeouts(raw, 5000));
    assert_ok(fer_tcp_listener_from_raw(clone, raw));
    assert_accepts_afresh(listener, port);
    raw = peer_listen(PEER_V4, 8, &adopted_port);
    assert_true(peer_raw_set_timeouts(raw, 5000));
    peer_release(raw);
    fer_tcp_listener *adopted = test_listener();
    assert_ok(fer_tcp_listener_from_raw(adopted, raw));
    assert_accepts_afresh(adopted, adopted_port);
}

RULE_TESTS("raw_and_clones")
