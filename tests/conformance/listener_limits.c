/* listener_limits.c: the read timeout of a listener (rules T1, T2, T5, T6), and accept within
 * limits (rules K1, K2, K3, K7). Two processes: tests/interop/fork_posix.c. */
#include <stdatomic.h>

#include "ferrule/cancel.h"
#include "ferrule/socket.h"
#include "support/fixture.h"
#include "support/thread.h"

enum { SHORT_MS = 40, THREADS = 8 };

static fer_cancel_token token;

static void token_begin(void)
{
    memset(&token, 0, sizeof token);
    assert_ok(fer_cancel_token_new(&token));
}

static void set_limits(fer_tcp_listener *listener, fer_instant deadline, fer_cancel_token *chosen)
{
    const fer_limits limits = {.deadline = deadline, .token = chosen};
    assert_ok(fer_tcp_listener_set_limits(listener, &limits));
}

/* Connects a peer, whose connection is queued on return. */
static peer_socket queue_connection(fer_tcp_listener *listener, uint16_t port)
{
    peer_socket peer = peer_connect(PEER_V4, port);
    assert_true(peer != PEER_NONE);
    assert_true(peer_raw_wait_readable(fer_tcp_listener_as_raw(listener)));
    return peer;
}

static void assert_expires(fer_tcp_listener *listener)
{
    assert_own_after(fer_tcp_listener_accept(listener, test_stream(), NULL), FER_TIMED_OUT,
                     SHORT_MS * 1000);
}

/* ---- T: timeouts */

/* T6: "Timeouts ... belong to the socket, so clones share them, whenever they are set. An accepted
 * stream starts in blocking mode and without timeouts". */
LISTENER_TEST("T6", a_listeners_timeout_is_its_clones_and_not_its_streams)
{
    fer_duration got = {0};
    fer_tcp_stream *stream = test_stream();
    fer_tcp_listener *clones[2] = {test_listener(), test_listener()};
    assert_ok(fer_tcp_listener_try_clone(listener, clones[0]));
    assert_ok(fer_socket_set_read_timeout(fer_tcp_listener_as_socket(clones[0]), millis(SHORT_MS)));
    assert_ok(fer_tcp_listener_try_clone(listener, clones[1]));
    assert_expires(listener);
    assert_expires(clones[1]);
    assert_accepts(clones[1], stream, PEER_V4, port);
    assert_ok_n(fer_tcp_stream_read_timeout(stream, &got), got.nanos, FER_DURATION_NONE_NANOS);
    assert_ok(fer_socket_set_read_timeout(fer_tcp_listener_as_socket(listener), FER_DURATION_NONE));
    assert_ok_n(fer_socket_read_timeout(fer_tcp_listener_as_socket(clones[0]), &got), got.nanos,
                FER_DURATION_NONE_NANOS);
}

/* T6: "options stay set when a socket is turned into another handle": the read timeout of a built
 * stream is the timeout of accept, set before listen or after. */
RULE_TEST("T6", the_read_timeout_of_a_built_socket_is_that_of_accept)
{
    for (int after = 0; after < 2; after++) {
        fer_socket socket = {0};
        fer_duration got = {0};
        fer_socket_addr addr = loopback(PEER_V4, 0);
        fer_tcp_listener *listener = test_listener();
        assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
        assert_ok(fer_socket_bind(&socket, &addr));
        for (int step = 0; step < 2; step++) {
            assert_ok(step == after ? fer_socket_set_read_timeout(&socket, millis(SHORT_MS))
                                    : fer_socket_listen(&socket, 8));
        }
        assert_ok(fer_socket_read_timeout(&socket, &got));
        assert_in_range(got.nanos, SHORT_MS * 1000000, (SHORT_MS + 20) * 1000000);
        assert_ok(fer_socket_into_tcp_listener(&socket, listener));
        assert_expires(listener);
        assert_ok(fer_tcp_listener_local_addr(listener, &addr));
        assert_accepts(listener, test_stream(), PEER_V4, addr.port);
    }
}

/* R1: "from_raw takes ownership", with the timeout that the socket has, which macOS, the BSDs and
 * Windows ignore in accept. "into_raw releases the socket ... with the mode and the timeouts". */
RULE_TEST("R1", an_adopted_listener_expires_and_is_released_as_it_was)
{
    uint16_t port = 0;
    unsigned timeouts[2] = {0, 0};
    peer_socket raw = peer_listen(PEER_V4, 8, &port);
    fer_tcp_listener *listener = test_listener();
    assert_true(peer_raw_set_timeouts(raw, SHORT_MS));
    peer_release(raw);
    assert_ok(fer_tcp_listener_from_raw(listener, raw));
    assert_expires(listener);
    assert_accepts(listener, test_stream(), PEER_V4, port);
    raw = fer_tcp_listener_into_raw(listener);
    assert_true(peer_raw_timeouts(raw, &timeouts[0], &timeouts[1]));
    assert_in_range(timeouts[0], SHORT_MS, SHORT_MS + 20);
    if (!peer_is_windows()) {
        assert_false(peer_raw_is_nonblocking(raw));
    }
    peer_adopt(raw);
}

/* ---- K1: "begins with a check of the limits of its handle" */

LISTENER_TEST("K1", an_accept_checks_its_limits_first)
{
    fer_tcp_stream *stream = test_stream();
    token_begin();
    assert_ok(fer_cancel_token_cancel(&token));
    peer_socket peer = queue_connection(listener, port);
    set_limits(listener, FER_INSTANT_NONE, &token);
    assert_own(fer_tcp_listener_accept(listener, stream, NULL), FER_CANCELLED);
    set_limits(listener, fer_instant_now(), NULL);
    assert_own(fer_tcp_listener_accept(listener, stream, NULL), FER_TIMED_OUT);
    assert_new(stream);
    /* misuse comes first */
    assert_own(fer_tcp_listener_accept(listener, NULL, NULL), FER_MISUSE);
    /* K2: "It changes nothing" */
    assert_ok(fer_tcp_listener_set_limits(listener, NULL));
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, peer);
    fer_cancel_token_close(&token);
}

/* K1: "the `_try_...` calls ... make no check, nor do other calls on a nonblocking socket." */
LISTENER_TEST("K1", accepts_that_never_wait_never_check_at_limits)
{
    token_begin();
    assert_ok(fer_cancel_token_cancel(&token));
    set_limits(listener, fer_instant_now(), &token);
    assert_kind(fer_tcp_listener_try_accept(listener, test_stream(), NULL), FER_WOULD_BLOCK);
    (void)queue_connection(listener, port);
    assert_ok(fer_tcp_listener_try_accept(listener, test_stream(), NULL));
    assert_ok(fer_tcp_listener_set_nonblocking(listener, true));
    assert_kind(fer_tcp_listener_accept(listener, test_stream(), NULL), FER_WOULD_BLOCK);
    (void)queue_connection(listener, port);
    assert_ok(fer_tcp_listener_accept(listener, test_stream(), NULL));
    assert_ok(fer_tcp_listener_set_nonblocking(listener, false));
    assert_own(fer_tcp_listener_accept(listener, test_stream(), NULL), FER_CANCELLED);
    fer_cancel_token_close(&token);
}

/* ---- K2, K3 */

/* T2: "An expired timeout is TIMED_OUT, on every system", with os_code 0 and not too early. K2:
 * "the deadline ends a call that waits"; "the handle works on after ... other limits". K3: "The
 * earlier of timeout and deadline counts." */
FAMILY_LISTENER_TEST("T2/K2/K3", the_earlier_of_timeout_and_deadline_ends_an_accept)
{
    fer_socket *socket = fer_tcp_listener_as_socket(listener);
    set_limits(listener, fer_instant_after(millis(SHORT_MS)), NULL);
    assert_expires(listener);
    set_limits(listener, fer_instant_after(fer_duration_from_secs(60)), NULL);
    assert_accepts(listener, test_stream(), family, port);
    assert_ok(fer_socket_set_read_timeout(socket, millis(SHORT_MS)));
    assert_expires(listener);
    assert_ok(fer_socket_set_read_timeout(socket, fer_duration_from_secs(60)));
    set_limits(listener, fer_instant_after(millis(SHORT_MS)), NULL);
    assert_expires(listener);
}

/* K3: "clones, accepted streams and what a handle is turned into begin without". */
LISTENER_TEST("K3", clones_and_accepted_streams_begin_without_limits)
{
    fer_tcp_listener *other = test_listener();
    fer_tcp_stream *stream = test_stream();
    fer_tcp_listener *clone = test_listener();
    token_begin();
    set_limits(listener, FER_INSTANT_NONE, &token);
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    peer_socket peer = queue_connection(listener, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_ok(fer_cancel_token_cancel(&token));
    assert_exchange(stream, peer);
    assert_accepts(clone, test_stream(), PEER_V4, port);
    assert_ok(fer_socket_into_tcp_listener(fer_tcp_listener_as_socket(listener), other));
    assert_accepts(other, test_stream(), PEER_V4, port);
    fer_cancel_token_close(&token);
}

/* ---- K7: "Several threads and processes may accept within limits on one listener." */

struct acceptor {
    fer_tcp_listener *listener;
    fer_tcp_stream stream;
    fer_error error;
    atomic_int *started;
    atomic_int *accepted;
};

static void accept_one(void *argument)
{
    struct acceptor *acceptor = argument;
    atomic_fetch_add(acceptor->started, 1);
    acceptor->error = fer_tcp_listener_accept(acceptor->listener, &acceptor->stream, NULL);
    atomic_fetch_add(acceptor->accepted, acceptor->error.kind == FER_OK);
}

static void wait_until(atomic_int *count, int value)
{
    while (atomic_load(count) < value) {
        test_thread_yield();
    }
}

/* Starts THREADS accepts, gives the listeners `connections` peers, and cancels when they are
 * accepted. Returns how many accepts were cancelled. */
static int accept_and_cancel(fer_tcp_listener *const listeners[THREADS], uint16_t port,
                             int connections)
{
    atomic_int started = 0;
    atomic_int accepted = 0;
    int cancelled = 0;
    test_thread threads[THREADS];
    struct acceptor acceptors[THREADS];
    for (int i = 0; i < THREADS; i++) {
        acceptors[i] =
            (struct acceptor){.listener = listeners[i], .started = &started, .accepted = &accepted};
        test_thread_start(&threads[i], accept_one, &acceptors[i]);
    }
    wait_until(&started, THREADS);
    for (int i = 0; i < connections; i++) {
        peer_socket peer = peer_connect(PEER_V4, port);
        wait_until(&accepted, i + 1);
        peer_close(peer);
    }
    fer_error error = fer_cancel_token_cancel(&token);
    for (int i = 0; i < THREADS; i++) {
        test_thread_join(&threads[i]);
        cancelled += acceptors[i].error.kind == FER_CANCELLED && acceptors[i].error.os_code == 0;
        fer_tcp_stream_close(&acceptors[i].stream);
    }
    assert_ok(error);
    assert_int_equal(atomic_load(&accepted), connections);
    return cancelled;
}

/* Of clones the limits are each one's own, and some are set to blocking mode meanwhile. */
RULE_TEST("K7", a_cancel_ends_every_accept_on_one_listener_and_on_clones)
{
    uint16_t port = 0;
    fer_tcp_listener *listeners[THREADS];
    listeners[0] = test_listening(PEER_V4, &port);
    token_begin();
    set_limits(listeners[0], FER_INSTANT_NONE, &token);
    for (int i = 1; i < THREADS; i++) {
        listeners[i] = listeners[0];
    }
    for (int connections = 0; connections < THREADS; connections += 3) {
        assert_ok(fer_cancel_token_reset(&token));
        assert_int_equal(accept_and_cancel(listeners, port, connections), THREADS - connections);
    }
    assert_ok(fer_cancel_token_reset(&token));
    for (int i = 1; i < THREADS; i++) {
        listeners[i] = test_listener();
        assert_ok(fer_tcp_listener_try_clone(listeners[i - 1], listeners[i]));
        set_limits(listeners[i], FER_INSTANT_NONE, &token);
        assert_ok(fer_tcp_listener_set_nonblocking(listeners[i], true));
        assert_ok(fer_tcp_listener_set_nonblocking(listeners[i - 1], false));
    }
    assert_int_equal(accept_and_cancel(listeners, port, 4), THREADS - 4);
    assert_ok(fer_cancel_token_reset(&token));
    assert_accepts(listeners[0], test_stream(), PEER_V4, port);
    fer_cancel_token_close(&token);
}

/* A blocking clone without limits continues to wait when another clone has them. */
LISTENER_TEST("K7", the_limits_of_a_clone_are_no_would_block)
{
    atomic_int started = 0;
    atomic_int accepted = 0;
    test_thread thread;
    fer_tcp_listener *clone = test_listener();
    assert_ok(fer_tcp_listener_try_clone(listener, clone));
    token_begin();
    set_limits(listener, FER_INSTANT_NONE, &token);
    assert_ok(fer_cancel_token_cancel(&token));
    struct acceptor acceptor = {.listener = clone, .started = &started, .accepted = &accepted};
    test_thread_start(&thread, accept_one, &acceptor);
    wait_until(&started, 1);
    peer_pause(SHORT_MS);
    peer_socket peer = peer_connect(PEER_V4, port);
    test_thread_join(&thread);
    fer_tcp_stream_close(&acceptor.stream);
    fer_cancel_token_close(&token);
    assert_ok(acceptor.error);
    peer_close(peer);
}

RULE_TESTS("listener_limits")
