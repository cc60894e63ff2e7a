/* interruption.c: rules I1 to I3 and B12: calls that signals interrupt, SIGPIPE, which no call
 * raises, and the inheritance of handles. */
#include <stdatomic.h>

#include "ferrule/io.h"
#include "ferrule/udp_batch.h"
#include "ferrule/waker.h"
#include "support/poller_fixture.h"
#include "support/process_fixture.h"
#include "support/socket_fixture.h"
#include "support/stream_fixture.h"
#include "support/thread.h"

static void start_signals(void)
{
    skip_without_interrupting_signals();
    assert_true(process_signals_start());
}

static int end_with_signals(void **state)
{
    process_signals_stop();
    return poller_test_end(state);
}

#define SIGNAL_TEST(rule, function) \
    TEST_OF(function, (void), (),   \
            TEST_ROW(rule " " #function, function, poller_test_begin, end_with_signals, NULL))
#define SIGNAL_PAIR_TEST(rule, function, kind)                  \
    TEST_OF(function, (struct pair * pair), (pair_open(state)), \
            TEST_ROW(rule " " #function, function, poller_test_begin, end_with_signals, &(kind)))

/* A thread that waits until some more signals have been handled, then acts. */
struct helper {
    peer_socket peer;
    uint16_t port;
    atomic_bool stop;
    bool worked;
    peer_socket made;
    uint64_t total;
    bool intact;
};

static bool wait_for_signals(unsigned count)
{
    unsigned target = process_signals_caught() + count;
    uint64_t end = peer_now_us() + PEER_LIMIT_MS * UINT64_C(1000);
    while (process_signals_caught() < target) {
        if (peer_now_us() > end) {
            return false;
        }
        peer_pause(1);
    }
    return true;
}

/* I1: "A single read or write, of any kind, that a signal interrupts before any byte was moved
 * returns INTERRUPTED": the connection stays usable. On Linux, every handled signal interrupts a
 * read with a timeout (signal(7)). The same for datagrams. */
SIGNAL_PAIR_TEST("I1", an_interrupted_read_is_interrupted, test_pair_connected_v4)
{
    fer_tcp_stream *stream = &pair->stream;
    struct udp_pair udp = udp_pair_open(PEER_V4);
    char buf[8];
    fer_udp_received got;
    start_signals();
    for (int sort = 0; sort < 10; sort++) {
        size_t n = 0;
        fer_duration timeout = sort % 2 == 0 ? FER_DURATION_NONE : millis(9000);
        assert_ok(fer_tcp_stream_set_read_timeout(stream, timeout));
        assert_ok(fer_udp_socket_set_read_timeout(udp.socket, timeout));
        fer_error error = sort < 6 ? read_by(READ + sort / 2, tcp_ref(stream), buf, sizeof buf, &n)
                          : sort < 8 ? fer_udp_socket_recv_from(udp.socket, buf, sizeof buf, &got)
                                     : fer_udp_socket_peek_from(udp.socket, buf, sizeof buf, &got);
        assert_kind(error, FER_INTERRUPTED);
        assert_int_not_equal(error.os_code, 0);
        assert_int_equal(n, 0);
    }
    process_signals_stop();
    assert_ok(fer_tcp_stream_set_read_timeout(stream, FER_DURATION_NONE));
    assert_alive(pair);
    assert_true(peer_datagram_send(udp.other, PEER_V4, udp.port, "hello", 5));
    assert_ok(fer_udp_socket_recv_from(udp.socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, 5);
}

/* B12: "A signal before the first received datagram is INTERRUPTED", and nothing is lost. */
SIGNAL_TEST("B12", a_batch_that_waits_ends_with_a_signal)
{
    struct udp_pair udp = udp_pair_open(PEER_V4);
    char buf[8];
    fer_datagram_recv message = {.buf = buf, .cap = sizeof buf};
    size_t n = 0;
    start_signals();
    assert_kind_n(fer_udp_socket_recv_batch(udp.socket, &message, 1, &n), FER_INTERRUPTED, n, 0);
    process_signals_stop();
    assert_true(peer_datagram_send(udp.other, PEER_V4, udp.port, "hello", 5));
    assert_ok_n(fer_udp_socket_recv_batch(udp.socket, &message, 1, &n), n, 1);
    assert_int_equal(message.len, 5);
}

/* I1: also a write. An interrupted write that had moved bytes returns their count instead.
 * No byte is sent twice. */
SIGNAL_PAIR_TEST("I1", an_interrupted_write_is_interrupted_or_short, test_pair_accepted_v4)
{
    static unsigned char bytes[1 << 20];
    uint64_t counted = 0;
    uint64_t total = 0;
    bool intact = false;
    fer_error error = {FER_OK, 0};
    size_t n = 77;
    start_signals();
    while (error.kind == FER_OK) {
        pattern_fill(bytes, sizeof bytes, counted);
        error = fer_tcp_stream_write(&pair->stream, bytes, sizeof bytes, &n);
        assert_true(error.kind == FER_OK ? n > 0 && n <= sizeof bytes : n == 0);
        counted += n;
    }
    assert_kind(error, FER_INTERRUPTED);
    fer_io_slice slices[2] = {{bytes, 1000}, {bytes + 1000, 1000}};
    do {
        pattern_fill(bytes, 1000, counted);
        pattern_fill(bytes + 1000, 1000, counted + 1000);
        error = fer_tcp_stream_write_vectored(&pair->stream, slices, 2, &n);
        counted += n;
    } while (error.kind == FER_OK);
    assert_kind(error, FER_INTERRUPTED);
    assert_int_equal(n, 0);
    process_signals_stop();
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    assert_int_equal(peer_drain(pair->other, &total, &intact), PEER_END);
    assert_true(intact);
    assert_true(total == counted);
}

static void send_in_parts(void *argument)
{
    struct helper *helper = argument;
    process_shield_thread();
    helper->worked = true;
    for (uint64_t i = 0; i < 5; i++) {
        unsigned char part[10];
        pattern_fill(part, sizeof part, i * sizeof part);
        helper->worked =
            helper->worked && wait_for_signals(5) && peer_send_all(helper->peer, part, sizeof part);
    }
    helper->worked = helper->worked && peer_shutdown_write(helper->peer);
}

static fer_error echo(fer_tcp_stream *stream, uint64_t *n)
{
    unsigned char memory[7];
    fer_copy_buffer buffer = {memory, sizeof memory, 0, 0};
    fer_stream both = fer_tcp_stream_as_stream(stream);
    return fer_copy(both, both, &buffer, n);
}

/* I1: "read_exact, read_to_end, write_all and fer_copy retry too". */
SIGNAL_TEST("I1", complete_reads_and_a_copy_continue_after_signals)
{
    for (int sort = READ_EXACT; sort <= READ_SORTS; sort++) {
        struct pair *pair = pair_open_kind(&test_pair_connected_v4);
        struct helper helper = {.peer = pair->other};
        unsigned char buf[64];
        size_t n = 77;
        uint64_t copied = 77;
        test_thread thread;
        start_signals();
        test_thread_start(&thread, send_in_parts, &helper);
        fer_error error = sort == READ_SORTS ? echo(&pair->stream, &copied)
                                             : read_by(sort, tcp_ref(&pair->stream), buf,
                                                       sort == READ_EXACT ? 50 : 64, &n);
        process_signals_stop();
        test_thread_join(&thread);
        assert_true(helper.worked);
        assert_ok(error);
        assert_int_equal(sort == READ_SORTS ? copied : n, 50);
        assert_true(sort < READ_SORTS || peer_recv_exact(pair->other, buf, 50));
        assert_true(pattern_matches(buf, 50, 0));
        pair_close(pair);
    }
}

static void drain_after_signals(void *argument)
{
    struct helper *helper = argument;
    process_shield_thread();
    bool hit = wait_for_signals(10);
    helper->worked = peer_drain(helper->peer, &helper->total, &helper->intact) == PEER_END && hit;
}

SIGNAL_PAIR_TEST("I1", write_all_continues_after_signals, test_pair_accepted_v4)
{
    enum { LEN = 16000000 };
    static unsigned char bytes[LEN];
    struct helper helper = {.peer = pair->other};
    size_t n = 77;
    test_thread thread;
    pattern_fill(bytes, LEN, 0);
    start_signals();
    test_thread_start(&thread, drain_after_signals, &helper);
    fer_error error = fer_tcp_stream_write_all(&pair->stream, bytes, LEN, &n);
    process_signals_stop();
    fer_tcp_stream_close(&pair->stream);
    test_thread_join(&thread);
    assert_ok(error);
    assert_int_equal(n, LEN);
    assert_true(helper.worked && helper.intact);
    assert_int_equal(helper.total, LEN);
}

static void connect_after_signals(void *argument)
{
    struct helper *helper = argument;
    process_shield_thread();
    helper->worked = wait_for_signals(10);
    helper->made = peer_connect(PEER_V4, helper->port);
}

/* I1: "connect, accept, `_ready` and close_gracefully retry". */
SIGNAL_TEST("I1", accept_continues_after_signals)
{
    struct helper helper = {.made = PEER_NONE};
    fer_tcp_listener *listener = test_listening(PEER_V4, &helper.port);
    fer_tcp_stream *stream = test_stream();
    test_thread thread;
    start_signals();
    test_thread_start(&thread, connect_after_signals, &helper);
    fer_error error = fer_tcp_listener_accept(listener, stream, NULL);
    process_signals_stop();
    test_thread_join(&thread);
    assert_true(helper.worked);
    assert_ok(error);
    assert_exchange(stream, helper.made);
}

static void accept_all_after_signals(void *argument)
{
    struct helper *helper = argument;
    process_shield_thread();
    helper->worked = wait_for_signals(10);
    while (!atomic_load(&helper->stop)) {
        if (peer_is_queued(helper->peer, 50)) {
            helper->worked = peer_accept(helper->peer) != PEER_NONE && helper->worked;
        }
    }
}

/* A connect that has to wait: the listener's queue is full until the helper has seen some
 * signals. */
SIGNAL_TEST("I1", connect_continues_after_signals)
{
    for (int with_timeout = 0; with_timeout < 2; with_timeout++) {
        uint16_t port = 0;
        struct helper helper = {.peer = peer_listen(PEER_V4, 1, &port)};
        fer_tcp_stream *stream = test_stream();
        fer_socket_addr addr = loopback(PEER_V4, port);
        test_thread thread;
        char byte;
        skip_if(!peer_fill_backlog(PEER_V4, port),
                "this OS refuses if a backlog is full, so no connect can be made to wait");
        atomic_init(&helper.stop, false);
        start_signals();
        test_thread_start(&thread, accept_all_after_signals, &helper);
        fer_error error = with_timeout != 0
                              ? fer_tcp_stream_connect_timeout(stream, &addr, millis(15000))
                              : fer_tcp_stream_connect_addr(stream, &addr);
        process_signals_stop();
        atomic_store(&helper.stop, true);
        test_thread_join(&thread);
        assert_true(helper.worked);
        assert_ok(error);
        assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(20)));
        assert_own(fer_tcp_stream_read(stream, &byte, 1, NULL), FER_TIMED_OUT);
    }
}

/* Ends a call that its timeout does not end. */
static void close_late(void *argument)
{
    struct helper *helper = argument;
    uint64_t end = peer_now_us() + PEER_LIMIT_MS * UINT64_C(1000);
    process_shield_thread();
    while (!atomic_load(&helper->stop) && peer_now_us() < end) {
        peer_pause(1);
    }
    peer_close(helper->peer);
}

/* I1: "Their timeout applies to each read or write inside, whatever signals come". */
SIGNAL_TEST("I1", signals_do_not_keep_a_timeout_from_expiring)
{
    static const char bytes[16000000];
    static const int reads[] = {READ_EXACT, READ_TO_END, READ_TO_END};
    for (int i = 0; i < 5; i++) {
        struct pair *pair = pair_open_kind(&test_pair_connected_v4);
        fer_tcp_stream *stream = &pair->stream;
        struct helper helper = {.peer = pair->other};
        char buf[8];
        uint64_t copied = 77;
        test_thread thread;
        assert_ok(fer_tcp_stream_set_read_timeout(stream, millis(200)));
        assert_ok(fer_tcp_stream_set_write_timeout(stream, millis(200)));
        start_signals();
        test_thread_start(&thread, close_late, &helper);
        fer_error error =
            i == 3   ? echo(stream, &copied)
            : i == 4 ? fer_tcp_stream_write_all(stream, bytes, sizeof bytes, NULL)
                     : read_by(reads[i], tcp_ref(stream), buf, i == 2 ? 0 : sizeof buf, NULL);
        process_signals_stop();
        atomic_store(&helper.stop, true);
        test_thread_join(&thread);
        assert_kind(error, FER_TIMED_OUT);
        pair->other = PEER_NONE;
        pair_close(pair);
    }
}

/* ---- I4: handles with interruptible limits, and pollers */

static const fer_limits by_signals = {.interruptible = true};

SIGNAL_TEST("I4", accept_ends_with_a_signal)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    fer_tcp_stream *stream = test_stream();
    assert_ok(fer_tcp_listener_set_limits(listener, &by_signals));
    start_signals();
    assert_kind(fer_tcp_listener_accept(listener, stream, NULL), FER_INTERRUPTED);
    process_signals_stop();
    assert_true(fer_tcp_stream_as_raw(stream) == FER_RAW_SOCKET_NONE);
    peer_socket peer = peer_connect(PEER_V4, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, peer);
}

SIGNAL_PAIR_TEST("I4", readiness_and_read_exact_end_with_a_signal, test_pair_connected_v4)
{
    char buf[8] = {0};
    size_t n = 77;
    fer_interest ready = 77;
    assert_ok(fer_tcp_stream_set_limits(&pair->stream, &by_signals));
    start_signals();
    assert_kind_n(fer_tcp_stream_ready(&pair->stream, FER_READABLE, FER_DURATION_NONE, &ready),
                  FER_INTERRUPTED, ready, 77);
    pair_send(pair, "abc", 3);
    assert_kind_n(fer_tcp_stream_read_exact(&pair->stream, buf, 6, &n), FER_INTERRUPTED, n, 3);
    process_signals_stop();
    assert_true(peer_send_all(pair->other, "def", 3));
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, buf + n, 3, NULL));
    assert_string_equal(buf, "abcdef");
}

/* "a connect of a built socket is still pending: fer_socket_ready waits for its result". The mode
 * is the blocking one again. */
SIGNAL_TEST("I4", a_connect_ends_with_a_signal_and_is_pending)
{
    struct pending_target target = pending_target(PEER_V4);
    fer_socket *socket = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    fer_interest ready = 0;
    assert_ok(fer_socket_set_limits(socket, &by_signals));
    start_signals();
    assert_kind(fer_socket_connect(socket, &target.addr), FER_INTERRUPTED);
    process_signals_stop();
    assert_connecting(socket);
    (void)pending_target_accept(&target, local_addr_of(socket).port);
    assert_ok_n(fer_socket_ready(socket, FER_WRITABLE, FER_DURATION_NONE, &ready), ready,
                FER_WRITABLE);
    assert_ok(await_connect(socket));
    assert_ok(fer_socket_set_read_timeout(socket, millis(1)));
    assert_kind(fer_stream_read(fer_socket_as_stream(socket), &ready, 1, NULL), FER_TIMED_OUT);
}

/* ---- I2 */

/* The reset that answers a write may arrive later. */
static void write_until_it_fails(stream_ref stream)
{
    uint64_t start = peer_now_us();
    fer_error error = {FER_OK, 0};
    for (int i = 0; i < 20; i++) {
        for (int sort = 0; sort < WRITE_SORTS; sort++) {
            error = write_by(sort, stream, "12345678", 8, NULL);
        }
    }
    while (error.kind == FER_OK && microseconds_since(start) < PEER_LIMIT_MS * UINT64_C(1000)) {
        peer_pause(1);
        error = stream_write(stream, "x", 1, NULL);
    }
    assert_writes_fail(error);
}

/* I2: "No call raises SIGPIPE", "The vectored calls raise none either": SIGPIPE has its default
 * action, which would end this program. Also for an adopted socket. */
STREAM_KIND_TEST("I2", no_write_raises_sigpipe)
{
    skip_if(!process_let_sigpipe_kill(), "this OS has no SIGPIPE");
    for (int how = 0; how < 6; how++) {
        struct stream_pair pair = stream_pair_open(kind);
        stream_ref stream = pair.stream;
        stream_ref clone = stream_like(stream);
        if (how >= 3) {
            stream = stream_like(stream);
            assert_ok(stream_from_raw(stream, stream_into_raw(pair.stream)));
        }
        assert_ok(stream_try_clone(stream, clone));
        if (how % 3 == 0) {
            peer_reset(pair.other);
        } else if (how % 3 == 1) {
            peer_close(pair.other);
        } else {
            assert_ok(stream_shutdown(clone, FER_SHUTDOWN_WRITE));
        }
        write_until_it_fails(stream);
        write_until_it_fails(clone);
        stream_pair_close();
    }
}

/* I2: "no signal handler or disposition of the process is changed." */
KIND_TEST("I2", signal_handlers_are_never_touched)
{
    struct pair *pair = pair_open_kind(kind);
    fer_tcp_stream *clone = test_stream();
    skip_if(!process_let_sigpipe_kill() || !process_remember_signal_handlers(),
            "this OS has no signal handlers");
    assert_alive(pair);
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    assert_ok(fer_tcp_stream_shutdown(clone, FER_SHUTDOWN_BOTH));
    assert_kind(fer_tcp_stream_write(clone, "x", 1, NULL), FER_BROKEN_PIPE);
    pair_close(pair);
    struct pair *next = pair_open_kind(kind);
    peer_reset(next->other);
    next->other = PEER_NONE;
    for (int i = 0; i < 5; i++) {
        (void)!fer_tcp_stream_write(&next->stream, "x", 1, NULL).kind;
    }
    assert_true(process_signal_handlers_are_as_remembered());
}

/* ---- I3: child processes inherit no handle, and close closes each exactly once */

/* I3: "Child processes do not inherit handles": those of every connect, accept, bind and clone.
 * Pollers: poller_handles.c. Unix sockets: unix_streams.c, unix_datagrams.c. */
FAMILY_LISTENER_TEST("I3", no_handle_is_inheritable)
{
    fer_socket_addr addr = loopback(family, port);
    fer_tcp_stream *streams[6];
    fer_tcp_listener *clone = test_listener();
    fer_udp_socket *udp[2] = {test_udp_bound(family, &port), test_udp()};
    fer_waker waker = {0};
    for (size_t i = 0; i < 6; i++) {
        streams[i] = test_stream();
    }
    assert_ok(fer_tcp_stream_connect_addr(streams[0], &addr));
    assert_ok(fer_tcp_stream_connect_timeout(streams[1], &addr, millis(9000)));
    assert_ok(fer_tcp_stream_connect_addrs(streams[2], &addr, 1, NULL));
    assert_ok(fer_tcp_listener_accept(listener, streams[3], NULL));
    assert_ok(fer_tcp_stream_try_clone(streams[0], streams[4]));
    assert_ok(fer_tcp_stream_try_clone(streams[3], streams[5]));
    for (size_t i = 0; i < 6; i++) {
        assert_false(peer_raw_is_inheritable(fer_tcp_stream_as_raw(streams[i])));
    }
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    assert_false(peer_raw_is_inheritable(fer_tcp_listener_as_raw(listener)));
    assert_false(peer_raw_is_inheritable(fer_tcp_listener_as_raw(clone)));
    assert_ok(fer_udp_socket_try_clone(udp[0], udp[1]));
    assert_false(peer_raw_is_inheritable(fer_udp_socket_as_raw(udp[0])));
    assert_false(peer_raw_is_inheritable(fer_udp_socket_as_raw(udp[1])));
    assert_ok(fer_waker_new(&waker));
    bool is_inheritable = peer_raw_is_inheritable(fer_waker_as_raw(&waker));
    fer_waker_close(&waker);
    assert_false(is_inheritable);
}

/* I3: "from_raw does not change this property", inheritable or not. A clone of such a handle, or a
 * stream that such a listener accepts, is not inheritable in either case. */
RULE_TEST("I3", from_raw_leaves_inheritance_as_it_is)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    for (int inheritable = 0; inheritable < 2; inheritable++) {
        fer_tcp_stream *stream = test_stream();
        fer_tcp_stream *clone = test_stream();
        fer_tcp_listener *adopted = test_listener();
        peer_socket raw = peer_connect(PEER_V4, port);
        uint16_t adopted_port = 0;
        peer_socket raw_listener = peer_listen(PEER_V4, 8, &adopted_port);
        assert_true(peer_accept(listener) != PEER_NONE);
        assert_true(peer_raw_set_inheritable(raw, inheritable != 0));
        assert_true(peer_raw_set_inheritable(raw_listener, inheritable != 0));
        peer_release(raw);
        peer_release(raw_listener);
        assert_ok(fer_tcp_stream_from_raw(stream, raw));
        assert_ok(fer_tcp_listener_from_raw(adopted, raw_listener));
        assert_true(peer_raw_is_inheritable(raw) == (inheritable != 0));
        assert_true(peer_raw_is_inheritable(raw_listener) == (inheritable != 0));
        assert_ok(fer_tcp_stream_try_clone(stream, clone));
        assert_false(peer_raw_is_inheritable(fer_tcp_stream_as_raw(clone)));
        assert_true(peer_raw_is_inheritable(raw) == (inheritable != 0));
        fer_tcp_stream_close(clone);
        assert_accepts(adopted, clone, PEER_V4, adopted_port);
        assert_false(peer_raw_is_inheritable(fer_tcp_stream_as_raw(clone)));
    }
}

/* I3: "close is called once on POSIX". A second close of the same handle does not close the new
 * socket that reuses the raw value. */
PAIR_TEST("I3", a_second_close_closes_no_other_socket)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 8, &port);
    fer_raw_socket number = fer_tcp_stream_as_raw(&pair->stream);
    fer_tcp_stream_close(&pair->stream);
    peer_socket next = peer_connect(PEER_V4, port);
    peer_socket next_other = peer_accept(listener);
    if (!peer_is_windows()) {
        assert_int_equal(next, number);
    }
    fer_tcp_stream_close(&pair->stream);
    fer_tcp_stream_close(&pair->stream);
    char byte = 0;
    assert_true(peer_send_all(next, "x", 1));
    assert_true(peer_recv_exact(next_other, &byte, 1));
    assert_closed(&pair->stream);
}

/* I3 and O2: close also closes the handle when the OS's close would block: a nonblocking stream
 * with linger and unsent data. */
SLOW_KIND_TEST("I3", close_of_a_lingering_nonblocking_stream_leaks_nothing)
{
    size_t before = 0;
    for (int round = 0; round < 2; round++) {
        struct pair *pair = pair_open_kind(kind);
        (void)fill_until_it_would_block(&pair->stream);
        assert_ok(fer_tcp_stream_set_linger(&pair->stream, millis(1000)));
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
        fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
        fer_tcp_stream_close(&pair->stream);
        assert_false(peer_is_open(raw));
        pair_close(pair);
        if (round == 0) {
            before = peer_open_handles();
        }
    }
    assert_true(peer_open_handles() <= before + (peer_handle_count_is_exact() ? 0 : 2));
}

RULE_TESTS("interruption")
