/* listening.c: rules L1 to L6: binding, accepting, and the addresses of both ends. */
#include <stdatomic.h>

#include "ferrule/cancel.h"
#include "ferrule/socket.h"
#include "support/fixture.h"
#include "support/handle_limit.h"
#include "support/process_fixture.h"
#include "support/thread.h"

static fer_socket_addr addr_of(const char *text)
{
    fer_socket_addr addr;
    assert_ok(fer_socket_addr_parse(&addr, text));
    return addr;
}

/* ---- L1: "A second listener on the same address and port is ADDR_IN_USE" */

/* Also if the first is another program's. */
FAMILY_LISTENER_TEST("L1", a_second_listener_on_one_address_is_addr_in_use)
{
    uint16_t ports[2] = {port, 0};
    assert_true(peer_listen(family, 4, &ports[1]) != PEER_NONE);
    for (size_t i = 0; i < 2; i++) {
        fer_tcp_listener *second = test_listener();
        fer_socket_addr addr = loopback(family, ports[i]);
        fer_error error = fer_tcp_listener_bind_addr(second, &addr);
        assert_kind(error, FER_ADDR_IN_USE);
        assert_int_not_equal(error.os_code, 0);
        addr.port = 0;
        assert_ok(fer_tcp_listener_bind_addr(second, &addr));
    }
    assert_accepts(listener, test_stream(), family, port);
}

RULE_TEST("L1", a_second_wildcard_listener_is_addr_in_use)
{
    fer_tcp_listener *first = test_listener();
    fer_tcp_listener *second = test_listener();
    fer_socket_addr addr = addr_of("0.0.0.0:0");
    assert_ok(fer_tcp_listener_bind_addr(first, &addr));
    assert_ok(fer_tcp_listener_local_addr(first, &addr));
    fer_error error = fer_tcp_listener_bind_addr(second, &addr);
    skip_if(peer_is_wine() && error.kind == FER_PERMISSION_DENIED,
            "Wine denies access (10013) if an exclusive wildcard is in use, and not "
            "10048 as Windows");
    assert_kind(error, FER_ADDR_IN_USE);
}

/* L1: "A second listener on the same address and port is ADDR_IN_USE": a listener on [::] has the
 * IPv4 addresses too. Exceptions: rows wildcard_beside_specific and ipv4_beside_dual_stack. */
RULE_TEST("L1", an_ipv4_listener_beside_a_dual_stack_listener_is_addr_in_use)
{
    skip_without_dual_stack();
    static const char *const texts[] = {"127.0.0.1:0", "0.0.0.0:0"};
    fer_tcp_listener *first = test_listener();
    fer_tcp_listener *second = test_listener();
    fer_socket_addr any = addr_of("[::]:0");
    assert_ok(fer_tcp_listener_bind_addr(first, &any));
    assert_ok(fer_tcp_listener_local_addr(first, &any));
    for (size_t i = 0; i < 2; i++) {
        fer_socket_addr addr = addr_of(texts[i]);
        addr.port = any.port;
        fer_error error = fer_tcp_listener_bind_addr(second, &addr);
        skip_if(peer_is_wine() && error.kind == FER_PERMISSION_DENIED,
                "Wine denies access (10013) to all addresses beside an exclusive wildcard, and "
                "not 10048 to [::] as Windows");
        bool can_share = i == 0 ? !peer_is_windows() : peer_separates_ip_versions();
        assert_either(error, FER_ADDR_IN_USE, can_share ? FER_OK : FER_ADDR_IN_USE);
        fer_tcp_listener_close(second);
    }
}

/* L1: on Windows "ferrule sets exclusive use instead": no other listener can bind the same port,
 * with or without SO_REUSEADDR. */
LISTENER_TEST("L1", no_other_program_can_listen_beside_a_listener)
{
    assert_true(peer_listen_at(PEER_V4, port) == PEER_NONE);
    fer_tcp_stream *stream = test_stream();
    assert_accepts(listener, stream, PEER_V4, port);
}

/* L1: "a port whose old connections are in TIME_WAIT can be listened on immediately". */
LISTENER_TEST("L1", a_port_in_time_wait_can_be_bound_again_immediately)
{
    for (int i = 0; i < 3; i++) {
        leave_port_in_time_wait(listener, PEER_V4, port);
        fer_socket_addr addr = loopback(PEER_V4, port);
        assert_ok(fer_tcp_listener_bind_addr(listener, &addr));
    }
}

/* ---- L2: "With port 0 the system chooses an ephemeral port, and local_addr returns it." */

FAMILY_TEST("L2", port_0_picks_one_and_local_addr_reports_it)
{
    uint16_t ports[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        fer_tcp_listener *listener = test_listening(family, &ports[i]);
        fer_tcp_stream *stream = test_stream();
        assert_int_not_equal(ports[i], 0);
        assert_int_equal(ports[i], peer_local_port(fer_tcp_listener_as_raw(listener)));
        assert_accepts(listener, stream, family, ports[i]);
    }
    assert_int_not_equal(ports[0], ports[1]);
}

/* L2: "Backlog is 128": the queue holds 128 connections. If the OS reports the backlog, it is
 * 128. */
LISTENER_TEST("L2", the_backlog_is_128)
{
    enum { BACKLOG = 128 };
    skip_without_handles(2 * BACKLOG + 8);
    int reported = peer_raw_backlog(fer_tcp_listener_as_raw(listener));
    assert_true(reported == BACKLOG || reported == -1);
    for (int i = 0; i < BACKLOG; i++) {
        assert_true(peer_connect(PEER_V4, port) != PEER_NONE);
    }
    for (int i = 0; i < BACKLOG; i++) {
        fer_tcp_stream stream = {0};
        assert_ok(fer_tcp_listener_accept(listener, &stream, NULL));
        fer_tcp_stream_close(&stream);
    }
}

/* ---- L3: "accept skips connections that were aborted while queued, and continues to wait" */

struct delayed_client {
    uint16_t port;
    peer_socket peer;
    bool has_sent;
};

/* The client sends a byte, because the reset of a dead connection may arrive after the
 * connection. */
static void connect_and_send_delayed(void *argument)
{
    struct delayed_client *client = argument;
    peer_pause(60);
    client->peer = peer_connect(PEER_V4, client->port);
    client->has_sent = client->peer != PEER_NONE && peer_send_all(client->peer, "!", 1);
}

static bool is_alive(fer_tcp_stream *stream)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(stream);
    char byte = 0;
    return peer_raw_wait_readable(raw) && !peer_raw_has_failed(raw) &&
           fer_tcp_stream_read(stream, &byte, 1, NULL).kind == FER_OK && byte == '!';
}

/* The OS may return a dead connection (Linux does): its stream then reports the reset. accept
 * itself never fails. */
STREAM_TEST("L3", accept_survives_connections_that_ended_in_the_queue)
{
    struct delayed_client client = {0, PEER_NONE, false};
    fer_tcp_listener *listener = test_listening(PEER_V4, &client.port);
    test_thread thread;
    for (int i = 0; i < 5; i++) {
        peer_reset(peer_connect(PEER_V4, client.port));
    }
    test_thread_start(&thread, connect_and_send_delayed, &client);
    fer_error error = {FER_OK, 0};
    bool alive = false;
    for (int i = 0; i < 6 && error.kind == FER_OK && !alive; i++) {
        fer_tcp_stream_close(stream);
        fer_socket_addr peer = {0};
        error = fer_tcp_listener_accept(listener, stream, &peer);
        alive = error.kind == FER_OK && is_alive(stream);
    }
    test_thread_join(&thread);
    assert_ok(error);
    assert_true(alive && client.has_sent);
    assert_exchange(stream, client.peer);
}

/* In nonblocking mode; and of an adopted listener, whose streams get new modes, which macOS refuses
 * for a dead one. */
RULE_TEST("L3", nonblocking_accept_survives_connections_that_ended)
{
    for (int adopted = 0; adopted < 2; adopted++) {
        uint16_t port = 0;
        fer_tcp_listener *listener = adopted ? test_listener() : test_listening(PEER_V4, &port);
        fer_tcp_stream *stream = test_stream();
        fer_error error = {FER_OK, 0};
        if (adopted) {
            peer_socket raw = peer_listen(PEER_V4, 8, &port);
            assert_true(peer_raw_set_timeouts(raw, 5000));
            peer_release(raw);
            assert_ok(fer_tcp_listener_from_raw(listener, raw));
        }
        assert_ok(fer_tcp_listener_set_nonblocking(listener, true));
        for (int i = 0; i < 5; i++) {
            peer_reset(peer_connect(PEER_V4, port));
        }
        for (int i = 0; i < 6 && error.kind == FER_OK; i++) {
            fer_tcp_stream_close(stream);
            error = fer_tcp_listener_accept(listener, stream, NULL);
        }
        assert_kind(error, FER_WOULD_BLOCK);
        assert_ok(fer_tcp_listener_set_nonblocking(listener, false));
        assert_accepts(listener, stream, PEER_V4, port);
    }
}

/* L3: "it returns TOO_MANY_OPEN_FILES, and the connection stays queued." Every other call that
 * opens a handle reports it too. */
LISTENER_TEST("L3", too_many_open_files_is_reported_and_nothing_is_lost)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_tcp_listener *other_listener = test_listener();
    fer_tcp_stream *stream = test_stream();
    peer_socket other = peer_connect(PEER_V4, port);
    assert_true(peer_raw_wait_readable(fer_tcp_listener_as_raw(listener)));
    fer_socket_addr addr = loopback(PEER_V4, port);
    fer_socket_addr any_port = loopback(PEER_V4, 0);
    skip_if(!forbid_new_handles(), "this OS has no limit on a process's handles");
    fer_error errors[7];
    errors[0] = fer_tcp_listener_accept(listener, stream, NULL);
    errors[1] = fer_tcp_listener_accept(listener, stream, NULL);
    errors[2] = fer_tcp_stream_connect_addr(stream, &addr);
    errors[3] = fer_tcp_stream_connect_timeout(stream, &addr, millis(1000));
    errors[4] = fer_tcp_stream_try_clone(&pair->stream, stream);
    errors[5] = fer_tcp_listener_bind_addr(other_listener, &any_port);
    errors[6] = fer_tcp_listener_try_clone(listener, other_listener);
    process_allow_new_handles();
    for (size_t i = 0; i < 7; i++) {
        assert_kind(errors[i], FER_TOO_MANY_OPEN_FILES);
        assert_int_not_equal(errors[i].os_code, 0);
    }
    assert_new(stream);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, other);
    assert_ok(fer_tcp_listener_bind_addr(other_listener, &any_port));
    assert_alive(pair);
}

/* ---- L4: "Listening on [::] accepts IPv4 too", or is UNSUPPORTED. */

RULE_TEST("L4", a_listener_on_all_of_ipv6_takes_ipv4_too)
{
    skip_without_v6();
    fer_tcp_listener *listener = test_listener();
    fer_socket_addr addr = addr_of("[::]:0");
    fer_error error = fer_tcp_listener_bind_addr(listener, &addr);
    if (!peer_has_dual_stack()) {
        assert_kind(error, FER_UNSUPPORTED);
        return;
    }
    assert_ok(error);
    assert_int_equal(peer_raw_only_v6(fer_tcp_listener_as_raw(listener)), 0);
    assert_ok(fer_tcp_listener_local_addr(listener, &addr));
    for (int v6 = 0; v6 < 2; v6++) {
        fer_tcp_stream *stream = test_stream();
        fer_socket_addr peer;
        char text[FER_SOCKET_ADDR_TEXT_CAP];
        peer_socket other = peer_connect(v6 ? PEER_V6 : PEER_V4, addr.port);
        assert_ok(fer_tcp_listener_accept(listener, stream, &peer));
        assert_exchange(stream, other);
        assert_int_equal(peer.port, peer_local_port(other));
        (void)fer_ip_addr_format(peer.ip, text, sizeof text);
        assert_string_equal(text, v6 ? "::1" : "::ffff:127.0.0.1");
    }
}

/* ---- L5: "An address that is not an address of this machine is ADDR_NOT_AVAILABLE" */

/* `loopback_addresses` */
RULE_TEST("L5", another_loopback_address_is_this_machines_or_not_available)
{
    fer_tcp_stream *stream = test_stream();
    fer_tcp_listener *listener = test_listener();
    fer_socket_addr addr = addr_of("127.0.0.2:0");
    fer_error error = fer_tcp_listener_bind_addr(listener, &addr);
    if (!peer_is_windows() && error.kind == FER_ADDR_NOT_AVAILABLE) {
        assert_ok(fer_tcp_listener_bind(listener, "127.0.0.1:0"));
        return;
    }
    assert_ok(error);
    assert_ok(fer_tcp_listener_local_addr(listener, &addr));
    assert_ok(fer_tcp_stream_connect_addr(stream, &addr));
    assert_ok(fer_tcp_stream_peer_addr(stream, &addr));
    assert_true(fer_ip_addr_eq(addr.ip, addr_of("127.0.0.2:0").ip));
}

RULE_TEST("L5", an_address_not_this_machines_is_addr_not_available)
{
    static const char *const texts[] = {"192.0.2.1:0", "203.0.113.7:0", "[2001:db8::1]:0",
                                        "[fe80::1%4000000]:0"};
    fer_tcp_listener *listener = test_listener();
    for (size_t i = 0; i < 4; i++) {
        if (texts[i][0] == '[' && !peer_has_v6()) {
            continue;
        }
        fer_socket_addr addr = addr_of(texts[i]);
        fer_error error = fer_tcp_listener_bind_addr(listener, &addr);
        assert_kind(error, FER_ADDR_NOT_AVAILABLE);
        assert_int_not_equal(error.os_code, 0);
        assert_kind(fer_tcp_listener_bind(listener, texts[i]), FER_ADDR_NOT_AVAILABLE);
    }
    assert_ok(fer_tcp_listener_bind(listener, "127.0.0.1:0"));
    skip_without_localhost();
    assert_ok(fer_tcp_listener_bind(test_listener(), "localhost:0"));
}

/* ---- L6: "local_addr is always the system's answer. So is peer_addr, until the handle has met the
 * end of file or a fatal error" */

PAIR_TEST("L6", both_addresses_are_the_oss_answer)
{
    fer_socket_addr local;
    fer_socket_addr peer;
    assert_ok(fer_tcp_stream_local_addr(&pair->stream, &local));
    assert_ok(fer_tcp_stream_peer_addr(&pair->stream, &peer));
    fer_socket_addr want_local = loopback(pair->kind.family, peer_remote_port(pair->other));
    fer_socket_addr want_peer = loopback(pair->kind.family, peer_local_port(pair->other));
    assert_true(fer_socket_addr_eq(&local, &want_local));
    assert_true(fer_socket_addr_eq(&peer, &want_peer));
}

/* L6: "from then on it is NOT_CONNECTED": after the peer's shutdown, its close, or a reset. S4: "A
 * peek that meets the end of file counts as having seen it." */
KIND_TEST("L6", peer_addr_is_not_connected_once_the_end_was_reported)
{
    enum { SHUTDOWN, CLOSE, RESET, ENDS };
    for (int end = 0; end < ENDS; end++) {
        struct pair *pair = pair_open_kind(kind);
        fer_tcp_stream *stream = &pair->stream;
        fer_socket_addr addr;
        fer_socket_addr local;
        char byte;
        assert_ok(fer_tcp_stream_local_addr(stream, &local));
        if (end == RESET) {
            pair_reset(pair);
            assert_reads_fail(stream, FER_CONNECTION_RESET);
        } else {
            assert_true(peer_shutdown_write(pair->other));
            if (end == CLOSE) {
                pair_close_other(pair);
            }
            assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(stream)));
            assert_ok(fer_tcp_stream_peer_addr(stream, &addr));
            assert_ok(end == CLOSE ? fer_tcp_stream_peek(stream, &byte, 1, NULL)
                                   : fer_tcp_stream_read(stream, &byte, 1, NULL));
        }
        memset(&addr, 0x5a, sizeof addr);
        const fer_socket_addr untouched = addr;
        assert_own(fer_tcp_stream_peer_addr(stream, &addr), FER_NOT_CONNECTED);
        assert_memory_equal(&addr, &untouched, sizeof addr);
        if (end == RESET) {
            assert_ended_name(fer_tcp_stream_local_addr(stream, &addr));
        } else {
            assert_ok(fer_tcp_stream_local_addr(stream, &addr));
        }
        assert_true((end == RESET && peer_forgets_ended_names()) ||
                    fer_socket_addr_eq(&addr, &local));
        pair_close(pair);
    }
}

/* ---- The read timeout of a listener, and accept within limits */

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

/* The time begins with the deadline, and not with the call. */
static void assert_ends_at_deadline(fer_tcp_listener *listener)
{
    uint64_t began = peer_now_us();
    set_limits(listener, fer_instant_after(millis(SHORT_MS)), NULL);
    assert_own(fer_tcp_listener_accept(listener, test_stream(), NULL), FER_TIMED_OUT);
    assert_true(microseconds_since(began) + NOT_SOONER_SLACK_US >= SHORT_MS * 1000);
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
    assert_ends_at_deadline(listener);
    set_limits(listener, fer_instant_after(fer_duration_from_secs(60)), NULL);
    assert_accepts(listener, test_stream(), family, port);
    assert_ok(fer_socket_set_read_timeout(socket, millis(SHORT_MS)));
    assert_expires(listener);
    assert_ok(fer_socket_set_read_timeout(socket, fer_duration_from_secs(60)));
    assert_ends_at_deadline(listener);
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

/* "No accept waits in the system": not even once, if another descriptor of an adopted listener has
 * made it blocking (row T6). Such an accept would wait for SO_RCVTIMEO before the wait that counts,
 * or without end. A loaded machine may be late, but not each time. */
RULE_TEST("K7", an_accept_of_an_adopted_listener_does_not_wait_in_the_system)
{
    enum { TRIES = 6, WAIT_MS = 150 };
    uint16_t port = 0;
    bool is_in_time = false;
    skip_if(peer_core_waits(), "the mode of a socket is not asked: core waits");
    peer_socket raw = peer_listen(PEER_V4, 8, &port);
    fer_tcp_listener *listener = test_listener();
    assert_true(peer_raw_set_timeouts(raw, WAIT_MS));
    peer_release(raw);
    assert_ok(fer_tcp_listener_from_raw(listener, raw));
    for (int i = 0; i < TRIES && !is_in_time; i++) {
        fer_tcp_stream stream = {0};
        assert_true(peer_raw_set_nonblocking(raw, false));
        fer_instant start = fer_instant_now();
        assert_kind(fer_tcp_listener_accept(listener, &stream, NULL), FER_TIMED_OUT);
        uint64_t nanos = fer_instant_elapsed(start).nanos;
        assert_true(nanos >= WAIT_MS * UINT64_C(1000000));
        is_in_time = nanos < 2 * WAIT_MS * UINT64_C(1000000);
    }
    assert_true(is_in_time);
}

RULE_TESTS("listening")
