/* readiness.c: rules T1, S2 to S6 and C5: the results of _ready on streams, listeners and
 * datagram sockets. A shutdown in another thread is at the end. */
#include <stdatomic.h>

#include "support/socket_fixture.h"
#include "support/stream_fixture.h"
#include "support/thread.h"

enum { ALL_INTERESTS = FER_READABLE | FER_WRITABLE, SOON_US = 5000000, SHORT_MS = 40 };

#define NOW fer_duration_from_nanos(0)

static fer_interest ready_of(stream_ref stream, fer_interest interest, fer_duration timeout)
{
    fer_interest ready = 77;
    assert_ok(stream_ready(stream, interest, timeout, &ready));
    assert_int_equal(ready & ~interest, 0);
    return ready;
}

static fer_interest ready_now(stream_ref stream, fer_interest interest)
{
    return ready_of(stream, interest, NOW);
}

static fer_interest wait_ready(stream_ref stream, fer_interest interest)
{
    return ready_of(stream, interest, FER_DURATION_NONE);
}

/* ---- Streams */

/* T1: "For `_ready`, zero checks without waiting, and none ready in time is OK." */
STREAM_PAIR_TEST("T1", zero_checks_without_waiting)
{
    char got[4];
    assert_int_equal(ready_now(pair.stream, FER_READABLE), 0);
    assert_int_equal(ready_now(pair.stream, FER_WRITABLE), FER_WRITABLE);
    assert_int_equal(ready_now(pair.stream, ALL_INTERESTS), FER_WRITABLE);
    assert_true(peer_send_all(pair.other, "data", 4));
    assert_int_equal(wait_ready(pair.stream, FER_READABLE), FER_READABLE);
    assert_int_equal(ready_now(pair.stream, ALL_INTERESTS), ALL_INTERESTS);
    assert_int_equal(ready_now(pair.stream, FER_WRITABLE), FER_WRITABLE);
    assert_ok(stream_read_exact(pair.stream, got, 4, NULL));
    assert_memory_equal(got, "data", 4);
    assert_int_equal(ready_now(pair.stream, FER_READABLE), 0);
    assert_stream_alive(pair);
}

/* T1: "OK with none", and not too early. The stream's own timeouts and mode have no effect. */
PAIR_TEST("T1", an_expired_wait_for_readiness_is_ok_with_none)
{
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(1)));
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    uint64_t start = peer_now_us();
    assert_int_equal(ready_of(tcp_ref(&pair->stream), FER_READABLE, millis(SHORT_MS)), 0);
    assert_true(microseconds_since(start) + NOT_SOONER_SLACK_US >= SHORT_MS * 1000);
    assert_int_equal(ready_of(tcp_ref(&pair->stream), FER_READABLE, fer_duration_from_nanos(1)), 0);
}

SLOW_PAIR_TEST("T1", a_full_stream_is_writable_when_the_peer_has_read)
{
    uint64_t left = fill_until_it_would_block(&pair->stream);
    assert_int_equal(ready_now(tcp_ref(&pair->stream), ALL_INTERESTS), 0);
    assert_int_equal(ready_of(tcp_ref(&pair->stream), FER_WRITABLE, millis(SHORT_MS)), 0);
    while (left > 0) {
        char piece[65536];
        size_t n = 0;
        assert_int_equal(peer_recv_some(pair->other, piece, sizeof piece, &n), PEER_GOT);
        left -= n < left ? n : left;
    }
    assert_int_equal(wait_ready(tcp_ref(&pair->stream), FER_WRITABLE), FER_WRITABLE);
}

/* T1: "halves that have ended are ready": S4's end, before and after a read returned it. */
STREAM_PAIR_TEST("S4", the_peers_end_is_readable_every_time)
{
    assert_true(peer_shutdown_write(pair.other));
    assert_int_equal(wait_ready(pair.stream, FER_READABLE), FER_READABLE);
    assert_stream_ends(pair.stream);
    assert_int_equal(ready_now(pair.stream, FER_READABLE), FER_READABLE);
    assert_int_equal(ready_now(pair.stream, ALL_INTERESTS), ALL_INTERESTS);
    assert_int_equal(wait_ready(pair.stream, ALL_INTERESTS), ALL_INTERESTS);
    assert_ok(stream_shutdown(pair.stream, FER_SHUTDOWN_BOTH));
    assert_int_equal(wait_ready(pair.stream, ALL_INTERESTS), ALL_INTERESTS);
}

/* S6: "or through a clone": through this handle too, which does not affect the other half. */
SLOW_KIND_TEST("S2", a_half_that_was_shut_is_ready)
{
    for (int i = 0; i < 6; i++) {
        int how = FER_SHUTDOWN_READ + i % 3;
        bool by_clone = i >= 3;
        struct pair *pair = pair_open_kind(kind);
        stream_ref stream = tcp_ref(&pair->stream);
        fer_tcp_stream *clone = test_stream();
        fer_interest reads = how != FER_SHUTDOWN_WRITE ? FER_READABLE : 0;
        fer_interest writes = how != FER_SHUTDOWN_READ ? FER_WRITABLE : 0;
        assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
        (void)fill_until_it_would_block(&pair->stream);
        assert_ok(fer_tcp_stream_shutdown(by_clone ? clone : &pair->stream, (fer_shutdown)how));
        if (by_clone) {
            assert_true(reads == 0 || wait_ready(stream, FER_READABLE) == FER_READABLE);
            assert_true(writes == 0 || wait_ready(stream, FER_WRITABLE) == FER_WRITABLE);
        } else {
            assert_int_equal(ready_now(stream, FER_READABLE), reads);
            assert_int_equal(ready_now(stream, FER_WRITABLE), writes);
            assert_int_equal(wait_ready(stream, ALL_INTERESTS), reads | writes);
        }
        if (reads != 0) {
            assert_reads_end(&pair->stream);
        }
        if (writes != 0) {
            assert_writes_fail(fer_tcp_stream_write(&pair->stream, "x", 1, NULL));
        }
        fer_tcp_stream_close(clone);
        pair_close(pair);
    }
}

/* T1: "makes everything requested ready": a reset, before and after a call has returned it; S5:
 * "The handle saves any fatal error". */
PAIR_TEST("S5", a_reset_is_ready_for_all_that_was_requested)
{
    char byte;
    peer_reset(pair->other);
    assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(&pair->stream)));
    assert_int_equal(wait_ready(tcp_ref(&pair->stream), ALL_INTERESTS), ALL_INTERESTS);
    assert_int_equal(ready_now(tcp_ref(&pair->stream), FER_READABLE), FER_READABLE);
    assert_int_equal(ready_now(tcp_ref(&pair->stream), FER_WRITABLE), FER_WRITABLE);
    assert_kind(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CONNECTION_RESET);
    assert_int_equal(ready_now(tcp_ref(&pair->stream), ALL_INTERESTS), ALL_INTERESTS);
    assert_kind(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CONNECTION_RESET);
}

PAIR_TEST("S5", a_reset_met_while_a_query_is_reported_by_the_next_read)
{
    fer_tcp_stream *clone = test_stream();
    char byte;
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    peer_reset(pair->other);
    assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(&pair->stream)));
    assert_int_equal(ready_now(tcp_ref(&pair->stream), FER_WRITABLE), FER_WRITABLE);
    assert_int_equal(ready_now(tcp_ref(&pair->stream), ALL_INTERESTS), ALL_INTERESTS);
    assert_kind(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CONNECTION_RESET);
}

/* ---- C5: "first queries the system for its result": pending connects */

/* "while under way waits for its end": nothing is ready. After that the socket is writable, and
 * readable if bytes are queued. */
SOCKET_FAMILY_STREAM_TEST("C5", a_pending_connect_is_ready_when_it_has_succeeded)
{
    struct pending_target target = pending_target(family);
    fer_socket *socket = test_connecting(&target);
    fer_interest ready = 77;
    uint16_t own_port = local_addr_of(socket).port;
    assert_ok_n(fer_socket_ready(socket, ALL_INTERESTS, NOW, &ready), ready, 0);
    assert_ok_n(fer_socket_ready(socket, FER_WRITABLE, millis(SHORT_MS), &ready), ready, 0);
    assert_connecting(socket);
    peer_socket other = pending_target_accept(&target, own_port);
    assert_ok_n(fer_socket_ready(socket, FER_WRITABLE, FER_DURATION_NONE, &ready), ready,
                FER_WRITABLE);
    assert_ok(await_connect(socket));
    assert_ok(fer_socket_into_tcp_stream(socket, stream));
    assert_int_equal(ready_now(tcp_ref(stream), ALL_INTERESTS), FER_WRITABLE);
    assert_true(peer_send_all(other, "x", 1));
    assert_int_equal(wait_ready(tcp_ref(stream), FER_READABLE), FER_READABLE);
}

static fer_error read_one(fer_tcp_stream *stream)
{
    char byte = 0;
    return fer_tcp_stream_read(stream, &byte, 1, NULL);
}

static fer_error try_write_one(fer_tcp_stream *stream)
{
    return fer_tcp_stream_try_write(stream, "x", 1, NULL);
}

static fer_error query_peer_addr(fer_tcp_stream *stream)
{
    fer_socket_addr addr;
    return fer_tcp_stream_peer_addr(stream, &addr);
}

/* "a failed one is readable and writable (the next call tells the reason)"; "CONNECT_FAILED: both
 * at once": any call, and however often readiness was queried before. */
SOCKET_TEST("C5", the_call_after_ready_reports_why_a_connect_failed)
{
    static fer_error (*const calls[])(fer_tcp_stream *) = {read_one, try_write_one, query_peer_addr,
                                                           NULL};
    static const fer_interest interests[] = {FER_READABLE, FER_WRITABLE, ALL_INTERESTS,
                                             ALL_INTERESTS};
    enum { CALLS = sizeof calls / sizeof calls[0] };
    fer_socket *sockets[CALLS];
    struct pending_target target = pending_target(PEER_V4);
    for (size_t i = 0; i < CALLS; i++) {
        sockets[i] = test_connecting(&target);
    }
    pending_target_refuse(&target);
    for (size_t i = 0; i < CALLS; i++) {
        fer_tcp_stream *stream = test_stream();
        fer_interest ready = 77;
        assert_ok_n(fer_socket_ready(sockets[i], interests[i], FER_DURATION_NONE, &ready), ready,
                    interests[i]);
        if (calls[i] == NULL) {
            fer_error outcome = {FER_OK, 0};
            assert_ok(fer_socket_take_error(sockets[i], &outcome));
            assert_kind(outcome, FER_CONNECTION_REFUSED);
            assert_ok_n(fer_socket_ready(sockets[i], interests[i], NOW, &ready), ready,
                        interests[i]);
            assert_failed(sockets[i], outcome);
            continue;
        }
        assert_ok(fer_socket_into_tcp_stream(sockets[i], stream));
        assert_int_equal(ready_now(tcp_ref(stream), ALL_INTERESTS), ALL_INTERESTS);
        assert_kind(calls[i](stream), FER_CONNECTION_REFUSED);
        assert_own(calls[i](stream), FER_MISUSE);
    }
}

/* ---- Listeners */

/* Also for a built listener. */
SOCKET_FAMILY_STREAM_TEST("T1", a_listener_is_readable_while_a_connection_is_queued)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listener();
    fer_socket *built = test_built_listener(family, &port);
    fer_interest ready = 77;
    assert_ok_n(fer_socket_ready(built, ALL_INTERESTS, NOW, &ready), ready, 0);
    peer_socket other = peer_connect(family, port);
    assert_true(other != PEER_NONE);
    assert_ok_n(fer_socket_ready(built, ALL_INTERESTS, FER_DURATION_NONE, &ready), ready,
                FER_READABLE);
    assert_ok(fer_socket_into_tcp_listener(built, listener));
    assert_ok_n(fer_tcp_listener_ready(listener, ALL_INTERESTS, FER_DURATION_NONE, &ready), ready,
                FER_READABLE);
    assert_ok_n(fer_tcp_listener_ready(listener, FER_WRITABLE, NOW, &ready), ready, 0);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_ok_n(fer_tcp_listener_ready(listener, FER_READABLE, NOW, &ready), ready, 0);
    assert_ok_n(fer_tcp_listener_ready(listener, ALL_INTERESTS, millis(SHORT_MS), &ready), ready,
                0);
    assert_exchange(stream, other);
}

/* ---- Datagrams */

SOCKET_FAMILY_TEST("T1", a_datagram_socket_is_readable_while_a_datagram_is_queued)
{
    struct udp_pair pair = udp_pair_open(family);
    fer_interest ready = 77;
    fer_udp_received got;
    char buf[8];
    assert_ok_n(fer_udp_socket_ready(pair.socket, ALL_INTERESTS, NOW, &ready), ready, FER_WRITABLE);
    assert_ok_n(fer_udp_socket_ready(pair.socket, FER_READABLE, millis(SHORT_MS), &ready), ready,
                0);
    assert_true(peer_datagram_send(pair.other, pair.family, pair.port, "data", 4));
    assert_ok_n(fer_udp_socket_ready(pair.socket, FER_READABLE, FER_DURATION_NONE, &ready), ready,
                FER_READABLE);
    assert_ok_n(fer_udp_socket_ready(pair.socket, ALL_INTERESTS, FER_DURATION_NONE, &ready), ready,
                ALL_INTERESTS);
    assert_ok(fer_udp_socket_recv(pair.socket, buf, sizeof buf, &got));
    assert_ok_n(fer_udp_socket_ready(pair.socket, FER_READABLE, NOW, &ready), ready, 0);
}

/* ---- S6: "wakes a blocked read, and WRITE or BOTH wakes a blocked write": also a wait for
 * readiness */

struct waiter {
    fer_tcp_stream *stream;
    fer_interest interest;
    atomic_int started;
    fer_error error;
    fer_interest ready;
};

static void wait_on(void *argument)
{
    struct waiter *waiter = argument;
    atomic_store(&waiter->started, 1);
    waiter->error =
        fer_tcp_stream_ready(waiter->stream, waiter->interest, FER_DURATION_NONE, &waiter->ready);
}

/* For one half alone: ended_waits.c. */
SLOW_KIND_TEST("S6", shutdown_of_one_half_wakes_a_wait_for_either)
{
    for (int round = 0; round < 8; round++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *clone = test_stream();
        struct waiter waiter = {.stream = &pair->stream, .interest = ALL_INTERESTS, .ready = 77};
        test_thread thread;
        assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
        (void)fill_until_it_would_block(&pair->stream);
        atomic_init(&waiter.started, 0);
        test_thread_start(&thread, wait_on, &waiter);
        while (atomic_load(&waiter.started) == 0) {
            test_thread_yield();
        }
        peer_pause(round < 4 ? 0 : 25);
        uint64_t begin = peer_now_us();
        fer_error error =
            fer_tcp_stream_shutdown(round % 2 == 0 ? &pair->stream : clone,
                                    round % 4 < 2 ? FER_SHUTDOWN_READ : FER_SHUTDOWN_WRITE);
        test_thread_join(&thread);
        uint64_t took = microseconds_since(begin);
        fer_tcp_stream_close(clone);
        assert_ok(error);
        assert_ok(waiter.error);
        assert_true(waiter.ready > 0 && waiter.ready <= ALL_INTERESTS);
        assert_true(took < SOON_US);
        pair_close(pair);
    }
}

RULE_TESTS("readiness")
