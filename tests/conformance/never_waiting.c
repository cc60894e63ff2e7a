/* never_waiting.c: rule T2: no _try_ call waits, although the program has made the raw socket
 * blocking, which the handle cannot detect. Another process or library can do that too, and
 * into_raw of a clone does it.
 *
 * T2: "If another holder of the socket has changed the system's mode, only the `_try_...` calls
 * still never wait." The raw sockets have timeouts, which end a call that waits and fail the
 * test. */
#include "conformance/datagram_check.h"
#include "ferrule/io.h"
#include "ferrule/udp_batch.h"
#include "support/socket_fixture.h"
#include "support/stream_fixture.h"

enum { ENDS_A_WAIT_MS = 4000, IS_NO_WAIT_MS = 2000 };

/* ---- The calls. X(function, type of the handle s, arguments) */

static unsigned char bytes[65536];
static size_t moved;
static const fer_io_slice out[] = {{bytes, 1}, {bytes, sizeof bytes}};
static const fer_io_slice_mut in[] = {{bytes, 1}, {bytes, 7}};
static fer_udp_received received;
static fer_unix_received received_unix;
static fer_raw_socket passed_handle;
static fer_unix_received_handles received_handles;
static fer_datagram_recv to_receive;
static fer_datagram_send to_send;
static fer_tcp_stream accepted;
static fer_unix_stream accepted_unix;
static fer_socket_addr other_addr;
static fer_unix_addr other_name;

#define STREAM_READS(X, type)                             \
    X(type##_try_read, type, (s, bytes, 8, &moved))       \
    X(type##_try_peek, type, (s, bytes, 8, &moved))       \
    X(type##_try_read_vectored, type, (s, in, 2, &moved)) \
    X(fer_stream_try_read, type, (type##_as_stream(s), bytes, 8, &moved))
#define STREAM_WRITES(X, type)                                  \
    X(type##_try_write, type, (s, bytes, sizeof bytes, &moved)) \
    X(type##_try_write_vectored, type, (s, out, 2, &moved))     \
    X(fer_stream_try_write, type, (type##_as_stream(s), bytes, sizeof bytes, &moved))
#define TCP_READS(X) STREAM_READS(X, fer_tcp_stream)
#define TCP_WRITES(X) STREAM_WRITES(X, fer_tcp_stream)
#define UNIX_READS(X) STREAM_READS(X, fer_unix_stream)
#define UNIX_WRITES(X) STREAM_WRITES(X, fer_unix_stream)
#define UNIX_HANDLE_READS(X)                             \
    X(fer_unix_stream_try_recv_handles, fer_unix_stream, \
      (s, bytes, 8, &passed_handle, 1, &received_handles))
#define UNIX_HANDLE_WRITES(X) \
    X(fer_unix_stream_try_send_handles, fer_unix_stream, (s, bytes, sizeof bytes, NULL, 0, &moved))
#define ACCEPTS(X) X(fer_tcp_listener_try_accept, fer_tcp_listener, (s, &accepted, &other_addr))
#define UNIX_ACCEPTS(X) \
    X(fer_unix_listener_try_accept, fer_unix_listener, (s, &accepted_unix, NULL))
#define UDP_RECEIVES(X)                                                       \
    X(fer_udp_socket_try_recv_from, fer_udp_socket, (s, bytes, 8, &received)) \
    X(fer_udp_socket_try_peek_from, fer_udp_socket, (s, bytes, 8, &received)) \
    X(fer_udp_socket_try_recv_batch, fer_udp_socket, (s, &to_receive, 1, &moved))
#define UDP_SENDS(X)                                                                  \
    X(fer_udp_socket_try_send, fer_udp_socket, (s, bytes, 8, &moved))                 \
    X(fer_udp_socket_try_send_to, fer_udp_socket, (s, bytes, 8, &other_addr, &moved)) \
    X(fer_udp_socket_try_send_batch, fer_udp_socket, (s, &to_send, 1, &moved))
#define UNIX_RECEIVES(X) \
    X(fer_unix_datagram_try_recv_from, fer_unix_datagram, (s, bytes, 8, &received_unix))
#define UNIX_SENDS(X)                                                       \
    X(fer_unix_datagram_try_send, fer_unix_datagram, (s, bytes, 8, &moved)) \
    X(fer_unix_datagram_try_send_to_addr, fer_unix_datagram, (s, bytes, 8, &other_name, &moved))

typedef struct try_row {
    const char *text;
    fer_error (*call)(void *handle);
} try_row;

#define TRY_FUNCTION(function, type, arguments)      \
    static fer_error type##_##function(void *handle) \
    {                                                \
        type *s = handle;                            \
        return function arguments;                   \
    }
#define TRY_ROW(function, type, arguments) {#function, type##_##function},
#define TRY_ROWS(name, LIST) \
    LIST(TRY_FUNCTION)       \
    static const try_row name[] = {LIST(TRY_ROW){NULL, NULL}};
TRY_ROWS(tcp_reads, TCP_READS)
TRY_ROWS(tcp_writes, TCP_WRITES)
TRY_ROWS(unix_reads, UNIX_READS)
TRY_ROWS(unix_writes, UNIX_WRITES)
TRY_ROWS(unix_handle_reads, UNIX_HANDLE_READS)
TRY_ROWS(unix_handle_writes, UNIX_HANDLE_WRITES)
TRY_ROWS(accepts, ACCEPTS)
TRY_ROWS(unix_accepts, UNIX_ACCEPTS)
TRY_ROWS(udp_receives, UDP_RECEIVES)
TRY_ROWS(udp_sends, UDP_SENDS)
TRY_ROWS(unix_receives, UNIX_RECEIVES)
TRY_ROWS(unix_sends, UNIX_SENDS)

/* ---- The handle whose raw socket is made blocking before each call */

/* lent is the same handle as a fer_socket. adopt replaces it by an adopted clone. */
typedef struct subject {
    void *handle;
    fer_socket *lent;
    void (*adopt)(void *handle);
} subject;

static fer_error try_once(const subject *of, const try_row *row)
{
    fer_raw_socket raw = fer_socket_as_raw(of->lent);
    assert_true(peer_raw_set_timeouts(raw, ENDS_A_WAIT_MS));
    assert_true(peer_raw_set_nonblocking(raw, false));
    to_receive = (fer_datagram_recv){.buf = bytes, .cap = sizeof bytes};
    to_send = (fer_datagram_send){.buf = bytes, .len = 8, .to = &other_addr};
    uint64_t start = peer_now_us();
    fer_error error = row->call(of->handle);
    if (microseconds_since(start) > IS_NO_WAIT_MS * UINT64_C(1000)) {
        print_error("%s waits\n", row->text);
        fail();
    }
    return error;
}

/* Nothing is there: a read, an accept or a receive. */
static void assert_finds_nothing(const subject *of, const try_row *rows)
{
    for (const try_row *row = rows; row->text != NULL; row++) {
        expect_kind(try_once(of, row), FER_WOULD_BLOCK, row->text, __FILE__, __LINE__);
    }
}

/* The BSDs and macOS report the full queue of a Unix datagram socket as a lack of buffers. */
static void assert_full(fer_error error, const char *text)
{
    expect_either(error, FER_WOULD_BLOCK,
                  unix_peer_has_bsd_datagrams() ? FER_NO_BUFFER_SPACE : FER_WOULD_BLOCK, text,
                  __FILE__, __LINE__);
}

/* Writes or sends until there is no space. The system may find some more for the next call. */
static void assert_fills(const subject *of, const try_row *rows)
{
    for (const try_row *row = rows; row->text != NULL; row++) {
        fer_error error;
        do {
            error = try_once(of, row);
        } while (error.kind == FER_OK);
        assert_full(error, row->text);
    }
}

static void set_no_mode(const subject *of)
{
}

static void set_nonblocking(const subject *of)
{
    assert_ok(fer_socket_set_nonblocking(of->lent, true));
}

/* K1: "the `_try_...` calls ... make no check": the deadline is reached. */
static void set_limits(const subject *of)
{
    const fer_limits limits = {.deadline = fer_instant_now()};
    assert_ok(fer_socket_set_nonblocking(of->lent, false));
    assert_ok(fer_socket_set_limits(of->lent, &limits));
}

static void set_timeout(const subject *of)
{
    assert_ok(fer_socket_set_limits(of->lent, NULL));
    assert_ok(fer_socket_set_read_timeout(of->lent, fer_duration_from_secs(60)));
}

/* Both handles have limits, and then the other one gives its raw socket away, in blocking mode. */
static void adopt_clone(const subject *of)
{
    set_limits(of);
    of->adopt(of->handle);
    assert_ok(fer_socket_set_nonblocking(of->lent, false));
}

/* The states of the handle, each after the one before. */
static void (*const states[])(const subject *of) = {set_no_mode, set_nonblocking, set_limits,
                                                    set_timeout, adopt_clone};
enum { STATE_COUNT = sizeof states / sizeof states[0] };

/* The adopted clone takes the place of the handle, whose raw socket becomes a peer's. */
#define ADOPT(type)                                                                            \
    static void adopt_##type(void *handle)                                                     \
    {                                                                                          \
        const fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(60))}; \
        type clone = {0};                                                                      \
        assert_ok(type##_try_clone(handle, &clone));                                           \
        assert_ok(type##_from_raw(&clone, type##_into_raw(&clone)));                           \
        assert_ok(type##_set_limits(&clone, &limits));                                         \
        peer_adopt(type##_into_raw(handle));                                                   \
        memcpy(handle, &clone, sizeof clone);                                                  \
    }
ADOPT(fer_tcp_stream)
ADOPT(fer_unix_stream)
ADOPT(fer_tcp_listener)
ADOPT(fer_unix_listener)
ADOPT(fer_udp_socket)
ADOPT(fer_unix_datagram)

#define SUBJECT(type, handle)                          \
    {                                                  \
        handle, type##_as_socket(handle), adopt_##type \
    }

/* ---- Streams */

STREAM_PAIR_TEST("T2", a_try_of_a_stream_that_was_made_blocking_does_not_wait)
{
    const subject tcp = SUBJECT(fer_tcp_stream, pair.stream.tcp);
    const subject local = SUBJECT(fer_unix_stream, pair.stream.local);
    bool is_tcp = pair.stream.tcp != NULL;
    const subject *of = is_tcp ? &tcp : &local;
    for (int i = 0; i < STATE_COUNT; i++) {
        states[i](of);
        assert_finds_nothing(of, is_tcp ? tcp_reads : unix_reads);
        assert_fills(of, is_tcp ? tcp_writes : unix_writes);
        if (!is_tcp && unix_peer_has_datagrams()) {
            /* this OS passes handles */
            assert_finds_nothing(of, unix_handle_reads);
            assert_fills(of, unix_handle_writes);
        }
    }
}

/* ---- Listeners */

FAMILY_LISTENER_TEST("T2", a_try_accept_of_a_listener_that_was_made_blocking_does_not_wait)
{
    const subject of = SUBJECT(fer_tcp_listener, listener);
    for (int i = 0; i < STATE_COUNT; i++) {
        states[i](&of);
        accepted = (fer_tcp_stream){0};
        other_addr.port = 0;
        assert_finds_nothing(&of, accepts);
        assert_int_equal(other_addr.port, 0);
        assert_new(&accepted);
        peer_socket other = peer_connect(family, port);
        assert_true(peer_raw_wait_readable(fer_tcp_listener_as_raw(listener)));
        assert_ok(try_once(&of, accepts));
        assert_int_equal(other_addr.port, peer_local_port(other));
        /* T6: "An accepted stream starts in blocking mode". */
        assert_false(!peer_core_waits() &&
                     peer_raw_is_nonblocking(fer_tcp_stream_as_raw(&accepted)));
        assert_exchange(&accepted, other);
        fer_tcp_stream_close(&accepted);
        assert_finds_nothing(&of, accepts);
    }
}

UNIX_STREAM_TEST("T2", a_try_accept_of_a_unix_listener_that_was_made_blocking_does_not_wait)
{
    const char *path = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(path);
    const subject of = SUBJECT(fer_unix_listener, listener);
    for (int i = 0; i < STATE_COUNT; i++) {
        states[i](&of);
        assert_finds_nothing(&of, unix_accepts);
        peer_socket other = unix_peer_connect(path, NULL);
        assert_true(peer_raw_wait_readable(fer_unix_listener_as_raw(listener)));
        assert_ok(try_once(&of, unix_accepts));
        assert_unix_exchange(&accepted_unix, other);
        fer_unix_stream_close(&accepted_unix);
        assert_finds_nothing(&of, unix_accepts);
    }
}

/* ---- Datagrams. A send to the loopback has space. */

SOCKET_FAMILY_TEST("T2", a_try_of_a_udp_socket_that_was_made_blocking_does_not_wait)
{
    struct udp_pair pair = udp_pair_open(family);
    const subject of = SUBJECT(fer_udp_socket, pair.socket);
    connect_to_peer(&pair);
    other_addr = pair.other_addr;
    for (int i = 0; i < STATE_COUNT; i++) {
        states[i](&of);
        assert_finds_nothing(&of, udp_receives);
        for (const try_row *row = udp_sends; row->text != NULL; row++) {
            expect_kind(try_once(&of, row), FER_OK, row->text, __FILE__, __LINE__);
        }
    }
}

UNIX_DATAGRAM_TEST("T2", a_try_of_a_unix_datagram_socket_that_was_made_blocking_does_not_wait)
{
    const char *path = unix_peer_path("other");
    fer_unix_datagram *socket = test_unix_unbound();
    (void)test_unix_bound(path);
    const subject of = SUBJECT(fer_unix_datagram, socket);
    assert_ok(fer_unix_datagram_connect(socket, path));
    assert_ok(fer_unix_addr_from_pathname(&other_name, path));
    for (int i = 0; i < STATE_COUNT; i++) {
        states[i](&of);
        assert_finds_nothing(&of, unix_receives);
        assert_fills(&of, unix_sends);
    }
}

/* ---- Blocking handles, whose calls would hang the test if they waited */

/* ---- Streams */

/* T2: "Nonblocking calls that would wait return WOULD_BLOCK". And T4: it moves nothing. Bytes that
 * have arrived are read, a peek leaves them queued, and the mode does not change. */
STREAM_PAIR_TEST("T2/T4", arrived_bytes_are_read_and_a_read_that_would_wait_is_would_block)
{
    char got[8] = "--------";
    size_t n = 77;
    assert_ok(stream_set_read_timeout(pair.stream, fer_duration_from_secs(60)));
    assert_kind_n(stream_try_read(pair.stream, got, 8, &n), FER_WOULD_BLOCK, n, 0);
    assert_memory_equal(got, "--------", 8);
    stream_pair_send(pair, "hello");
    assert_ok_n(stream_try_peek(pair.stream, got, 1, &n), n, 1);
    assert_ok(stream_read_exact(pair.stream, got, 4, NULL));
    assert_ok_n(stream_try_read(pair.stream, got + 4, 4, &n), n, 1);
    assert_memory_equal(got, "hello", 5);
    assert_kind(stream_try_read(pair.stream, got, 8, &n), FER_WOULD_BLOCK);
    assert_ok(stream_set_read_timeout(pair.stream, millis(SHORT_MS)));
    assert_own(stream_read(pair.stream, got, 8, &n), FER_TIMED_OUT);
}

enum { PIECE = 100000 };

/* E3: "A count ... is true": writes succeed until there is no space, and all counted bytes
 * arrive. */
SLOW_STREAM_KIND_TEST("E3", a_write_fills_the_free_space)
{
    static unsigned char piece[PIECE];
    const fer_io_slice slices[] = {{piece, 1}, {piece + 1, 59999}, {piece + 60000, PIECE - 60000}};
    for (int vectored = 0; vectored < 2; vectored++) {
        struct stream_pair pair = stream_pair_open(kind);
        uint64_t sent = 0;
        uint64_t got = 0;
        size_t n = 0;
        fer_error error = {FER_OK, 0};
        while (error.kind == FER_OK) {
            pattern_fill(piece, sizeof piece, sent);
            error = vectored ? stream_try_write_vectored(pair.stream, slices, 3, &n)
                             : stream_try_write(pair.stream, piece, PIECE, &n);
            sent += n;
        }
        assert_kind(error, FER_WOULD_BLOCK);
        assert_int_equal(n, 0);
        assert_true(sent > 0);
        while (got < sent && peer_recv_some(pair.other, piece, sizeof piece, &n) == PEER_GOT) {
            assert_true(pattern_matches(piece, n, got));
            got += n;
        }
        assert_int_equal(got, sent);
        stream_pair_close();
    }
}

/* T2 and T4 for vectored reads: the slices are filled in order with what has arrived. */
STREAM_PAIR_TEST("T2", slices_are_filled_without_a_wait)
{
    char got[] = "--------";
    fer_io_slice_mut slices[] = {{got, 2}, {NULL, 0}, {got + 2, 6}};
    size_t n = 77;
    assert_kind_n(stream_try_read_vectored(pair.stream, slices, 3, &n), FER_WOULD_BLOCK, n, 0);
    assert_ok(stream_set_read_timeout(pair.stream, fer_duration_from_secs(60)));
    assert_kind(stream_try_read_vectored(pair.stream, slices, 3, &n), FER_WOULD_BLOCK);
    assert_true(peer_send_all(pair.other, "hello", 5));
    for (size_t read = 0; read < 5; read += n) {
        slices[0] = (fer_io_slice_mut){got + read, 1};
        slices[2] = (fer_io_slice_mut){got + read + 1, 5 - read};
        assert_true(peer_raw_wait_readable(stream_as_raw(pair.stream)));
        assert_ok(stream_try_read_vectored(pair.stream, slices, 3, &n));
        assert_true(n > 0);
    }
    assert_string_equal(got, "hello---");
    assert_kind(stream_try_read_vectored(pair.stream, slices, 3, NULL), FER_WOULD_BLOCK);
    assert_stream_alive(pair);
}

/* S2, S3, S4: the _try_ calls return an ended half's answer, too. */
STREAM_PAIR_TEST("S4", ended_halves_answer_by_themselves)
{
    char got[4];
    size_t n = 77;
    assert_true(peer_shutdown_write(pair.other));
    assert_true(peer_raw_wait_readable(stream_as_raw(pair.stream)));
    for (int i = 0; i < 3; i++) {
        assert_ok_n(i == 1 ? stream_try_peek(pair.stream, got, 4, &n)
                           : stream_try_read(pair.stream, got, 4, &n),
                    n, 0);
    }
    assert_ok_n(stream_try_read_vectored(pair.stream, &(fer_io_slice_mut){got, 4}, 1, &n), n, 0);
    assert_ok(stream_shutdown(pair.stream, FER_SHUTDOWN_BOTH));
    assert_ok_n(stream_try_read(pair.stream, got, 4, &n), n, 0);
    assert_kind_n(stream_try_write(pair.stream, "x", 1, &n), FER_BROKEN_PIPE, n, 0);
    assert_kind(stream_try_write_vectored(pair.stream, &(fer_io_slice){"x", 1}, 1, &n),
                FER_BROKEN_PIPE);
}

/* S5: "The handle saves any fatal error". */
PAIR_TEST("S5", a_reset_sticks)
{
    char got[4];
    size_t n = 77;
    peer_reset(pair->other);
    assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(&pair->stream)));
    assert_kind_n(fer_tcp_stream_try_read(&pair->stream, got, 4, &n), FER_CONNECTION_RESET, n, 0);
    assert_kind(fer_tcp_stream_try_peek(&pair->stream, got, 4, &n), FER_CONNECTION_RESET);
    assert_writes_fail(fer_tcp_stream_try_write(&pair->stream, "x", 1, &n));
    assert_kind(fer_tcp_stream_read(&pair->stream, got, 4, &n), FER_CONNECTION_RESET);
}

/* ---- Datagrams */

/* T2, U1: "leaves it in the queue": a datagram can be peeked again, and then received. */
SOCKET_FAMILY_TEST("T2", a_receive_that_would_wait_is_would_block)
{
    struct udp_pair pair = udp_pair_open(family);
    fer_udp_received got = {.len = 77};
    char buf[8];
    size_t n = 77;
    assert_kind(fer_udp_socket_try_recv_from(pair.socket, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    assert_kind(fer_udp_socket_try_peek_from(pair.socket, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    assert_int_equal(got.len, 77);
    assert_ok_n(fer_udp_socket_try_send_to(pair.socket, "there", 5, &pair.other_addr, &n), n, 5);
    assert_peer_receives(&pair, "there");
    send_from_peer(&pair, "too long for it");
    wait_until_queued(pair.socket);
    for (int i = 0; i < 3; i++) {
        memset(buf, 0, sizeof buf);
        assert_ok(i < 2 ? fer_udp_socket_try_peek_from(pair.socket, buf, sizeof buf, &got)
                        : fer_udp_socket_try_recv_from(pair.socket, buf, sizeof buf, &got));
        assert_int_equal(got.len, 8);
        assert_true(got.truncated);
        assert_memory_equal(buf, "too long", 8);
        assert_true(fer_socket_addr_eq(&got.from, &pair.other_addr));
    }
    connect_to_peer(&pair);
    assert_ok_n(fer_udp_socket_try_send(pair.socket, "connected", 9, &n), n, 9);
    assert_peer_receives(&pair, "connected");
    assert_kind(fer_udp_socket_try_recv_from(pair.socket, buf, sizeof buf, &got), FER_WOULD_BLOCK);
}

/* U5: "A connected socket receives its peer's datagrams only": another sender's datagram is
 * discarded, although it is only peeked, and then the call would block. */
SOCKET_FAMILY_TEST("U5", another_sender_s_datagram_causes_no_wait)
{
    for (int peeks = 0; peeks < 2; peeks++) {
        struct udp_pair pair = udp_pair_open(family);
        fer_udp_received got;
        char buf[16];
        send_from_other_sender(&pair);
        wait_until_queued(pair.socket);
        connect_to_peer(&pair);
        assert_kind(peeks ? fer_udp_socket_try_peek_from(pair.socket, buf, sizeof buf, &got)
                          : fer_udp_socket_try_recv_from(pair.socket, buf, sizeof buf, &got),
                    FER_WOULD_BLOCK);
        send_from_peer(&pair, "own");
        wait_until_queued(pair.socket);
        assert_ok(fer_udp_socket_try_peek_from(pair.socket, buf, sizeof buf, &got));
        assert_datagram(&got, buf, "own", family, pair.other_port);
    }
}

RULE_TESTS("never_waiting")
