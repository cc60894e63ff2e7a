/* poller_events.c: the events of each kind of socket (rules P1, P2 and level-triggered P7): bytes,
 * room, connections, ends, resets. */
#include "support/poller_fixture.h"
#include "support/process.h"

#define ALL_ONES UINT64_MAX

/* ---- Streams. P7: "LEVEL returns one in each wait as long as the socket is ready." */

/* With both interests, only the ready ones are reported. */
POLLER_PAIR_TEST("P7", a_stream_is_readable_while_it_has_bytes)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    char got[4];
    assert_ok(fer_poller_add(poller, raw, reading(7), FER_POLL_LEVEL));
    assert_no_event(poller);
    assert_true(peer_send_all(pair->other, "abcd", 4));
    assert_event(poller, 7, true, false);
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 3, NULL));
    assert_event(poller, 7, true, false);
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 1, NULL));
    assert_no_event(poller);
    assert_ok(fer_poller_modify(poller, raw, both_interests(8), FER_POLL_LEVEL));
    assert_event(poller, 8, false, true);
    pair_send(pair, "x", 1);
    assert_both_events(poller, 8);
}

POLLER_PAIR_TEST("P7", a_stream_is_writable_while_it_has_space)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, writing(7), FER_POLL_LEVEL));
    assert_event(poller, 7, false, true);
    assert_event(poller, 7, false, true);
    uint64_t filled = fill_until_it_would_block(&pair->stream);
    assert_no_event(poller);
    static unsigned char taken[65536];
    for (uint64_t left = filled; left > 0;) {
        size_t n = 0;
        assert_int_equal(peer_recv_some(pair->other, taken, sizeof taken, &n), PEER_GOT);
        left -= n;
    }
    assert_event(poller, 7, false, true);
    assert_alive(pair);
}

/* "What is ready already is told by the next wait": for every kind of socket. */
MAILBOX_TEST("P7", a_socket_that_is_ready_already_is_reported_by_the_next_wait)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    fer_raw_socket raws[3] = {fer_tcp_stream_as_raw(&pair->stream), mailbox->raw,
                              fer_tcp_listener_as_raw(listener)};
    assert_true(peer_send_all(pair->other, "x", 1));
    assert_true(peer_connect(PEER_V4, port) != PEER_NONE);
    mailbox_send(mailbox);
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(peer_raw_wait_readable(raws[i]));
        assert_ok(fer_poller_add(poller, raws[i], reading(i), FER_POLL_LEVEL));
        assert_event(poller, i, true, false);
        assert_ok(fer_poller_delete(poller, raws[i]));
    }
    assert_no_event(poller);
}

/* "It does not own them and does not change them." */
POLLER_TEST("P1", watching_changes_nothing_of_a_socket)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, nonblocking != 0));
        bool before = peer_raw_is_nonblocking(raw);
        assert_ok(fer_poller_add(poller, raw, both_interests(7), FER_POLL_LEVEL));
        assert_event(poller, 7, false, true);
        assert_ok(fer_poller_delete(poller, raw));
        assert_true(peer_raw_is_nonblocking(raw) == before);
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, false));
        assert_alive(pair);
    }
    assert_ok(fer_poller_add(poller, raw, both_interests(7), FER_POLL_LEVEL));
    fer_poller_close(poller);
    assert_alive(pair);
}

/* ---- Listeners and datagrams */

POLLER_FAMILY_TEST("P7", a_listener_is_readable_while_a_connection_is_queued)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(family, &port);
    fer_tcp_stream *stream = test_stream();
    fer_poller *poller = test_poller();
    assert_ok(fer_poller_add(poller, fer_tcp_listener_as_raw(listener), both_interests(ALL_ONES),
                             FER_POLL_LEVEL));
    assert_no_event(poller);
    peer_socket others[2] = {peer_connect(family, port), peer_connect(family, port)};
    for (int i = 0; i < 2; i++) {
        assert_event(poller, ALL_ONES, true, false);
        assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
        assert_true(others[i] != PEER_NONE);
        fer_tcp_stream_close(stream);
    }
    assert_no_event(poller);
}

MAILBOX_TEST("P7", a_datagram_socket_is_readable_while_it_has_one_and_writable)
{
    fer_udp_received got;
    char buf[8];
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(3), FER_POLL_LEVEL));
    assert_no_event(poller);
    mailbox_send(mailbox);
    mailbox_send(mailbox);
    for (int i = 0; i < 2; i++) {
        assert_event(poller, 3, true, false);
        assert_ok(fer_udp_socket_recv_from(&mailbox->socket, buf, sizeof buf, &got));
    }
    assert_no_event(poller);
    assert_ok(fer_poller_modify(poller, mailbox->raw, both_interests(4), FER_POLL_LEVEL));
    assert_event(poller, 4, false, true);
}

POLLER_TEST("P7", a_unix_stream_and_its_listener_are_reported)
{
    skip_without_unix_streams();
    fer_unix_stream *streams[2] = {test_unix_stream(), test_unix_stream()};
    const char *path = unix_peer_path("watched");
    fer_unix_listener *listener = test_unix_listening(path);
    assert_ok(fer_poller_add(poller, fer_unix_listener_as_raw(listener), both_interests(4),
                             FER_POLL_LEVEL));
    assert_no_event(poller);
    assert_ok(fer_unix_stream_connect(streams[1], path));
    assert_event(poller, 4, true, false);
    assert_ok(fer_unix_listener_accept(listener, streams[0], NULL));
    assert_ok(
        fer_poller_add(poller, fer_unix_stream_as_raw(streams[0]), reading(5), FER_POLL_LEVEL));
    assert_no_event(poller);
    assert_ok(fer_unix_stream_write_all(streams[1], "x", 1, NULL));
    assert_event(poller, 5, true, false);
    char byte;
    assert_ok(fer_unix_stream_read(streams[0], &byte, 1, NULL));
    assert_no_event(poller);
    fer_unix_stream_close(streams[1]);
    struct wait_result result = wait_for(poller, 5, millis(PEER_LIMIT_MS));
    assert_true(result.readable);
    assert_ok(fer_poller_delete(poller, fer_unix_stream_as_raw(streams[0])));
    assert_no_event(poller);
}

/* ---- Pending connects. P2: "a failure (a reset, a refused connect) make an event readable and
 * writable" */

POLLER_FAMILY_TEST("P2", a_connect_is_writable_once_it_has_succeeded)
{
    struct pending_target target = pending_target(family);
    fer_socket *socket = test_connecting(&target);
    fer_poller *poller = test_poller();
    assert_ok(fer_poller_add(poller, fer_socket_as_raw(socket), writing(9), FER_POLL_ONESHOT));
    assert_no_event(poller);
    (void)pending_target_accept(&target, local_addr_of(socket).port);
    assert_event(poller, 9, false, true);
    assert_ok(await_connect(socket));
}

/* P2: "a failure (a reset, a refused connect) make an event readable and writable, regardless of
 * the interest". */
POLLER_FAMILY_TEST("P2", a_refused_connect_is_readable_and_writable)
{
    enum { VARIANTS = 3 };
    fer_socket *sockets[VARIANTS];
    fer_poller *pollers[VARIANTS];
    struct pending_target target = pending_target(family);
    for (int variant = 0; variant < VARIANTS; variant++) {
        fer_event interest = {.key = 9,
                              .interest = (variant != 0 ? FER_READABLE : 0) |
                                          (variant != 1 ? FER_WRITABLE : 0)};
        sockets[variant] = test_connecting(&target);
        pollers[variant] = test_poller();
        assert_ok(fer_poller_add(pollers[variant], fer_socket_as_raw(sockets[variant]), interest,
                                 FER_POLL_LEVEL));
        assert_no_event(pollers[variant]);
    }
    pending_target_refuse(&target);
    for (int variant = 0; variant < VARIANTS; variant++) {
        assert_both_events(pollers[variant], 9);
        assert_kind(await_connect(sockets[variant]), FER_CONNECTION_REFUSED);
        assert_ok(fer_poller_delete(pollers[variant], fer_socket_as_raw(sockets[variant])));
    }
}

POLLER_FAMILY_TEST("P2", a_connect_that_has_been_refused_already_is_reported_by_the_next_wait)
{
    fer_socket_addr to = refusing_addr(family);
    fer_socket *socket = test_new_socket(domain_of(family), FER_TYPE_STREAM);
    fer_poller *poller = test_poller();
    assert_ok(fer_socket_set_nonblocking(socket, true));
    fer_error started = fer_socket_connect(socket, &to);
    skip_if(started.kind == FER_CONNECTION_REFUSED, "this OS refuses within a nonblocking connect");
    assert_kind(started, FER_WOULD_BLOCK);
    assert_true(peer_raw_wait_failed(fer_socket_as_raw(socket)));
    assert_ok(fer_poller_add(poller, fer_socket_as_raw(socket), writing(9), FER_POLL_ONESHOT));
    assert_event(poller, 9, true, true);
}

/* ---- Ends. P2: "A hang-up ... and a failure ... make an event readable and writable, regardless
 * of the interest." */

POLLER_KIND_TEST("P2", a_reset_is_readable_and_writable)
{
    for (int variant = 0; variant < 3; variant++) {
        struct pair *pair = pair_open_kind(kind);
        fer_poller *poller = test_poller();
        fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
        fer_event interest = {.key = 11,
                              .interest = (variant != 0 ? FER_READABLE : 0) |
                                          (variant != 1 ? FER_WRITABLE : 0)};
        assert_ok(fer_poller_add(poller, raw, interest, FER_POLL_LEVEL));
        pair_reset(pair);
        assert_true(peer_raw_wait_failed(raw));
        assert_both_events(poller, 11);
        assert_reports(poller, 11, FER_READ_CLOSED | FER_WRITE_CLOSED);
        char byte;
        assert_kind(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_CONNECTION_RESET);
        assert_ok(fer_poller_delete(poller, raw));
        pair_close(pair);
    }
}

/* The same if the stream's writes filled every buffer. kqueue reports the reset as EV_EOF of
 * EVFILT_WRITE, and never as EV_ERROR (reported: bun, PR 37076). The next write returns the
 * failure. */
POLLER_PAIR_TEST("P2", a_reset_behind_pending_writes_is_writable)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    (void)fill_until_it_would_block(&pair->stream);
    assert_ok(fer_poller_add(poller, raw, writing(11), FER_POLL_LEVEL));
    assert_no_event(poller);
    pair_reset(pair);
    assert_true(peer_raw_wait_failed(raw));
    assert_both_events(poller, 11);
    assert_either(fer_tcp_stream_write(&pair->stream, "x", 1, NULL), FER_CONNECTION_RESET,
                  FER_BROKEN_PIPE);
    assert_ok(fer_poller_delete(poller, raw));
}

/* P2: "The end of file that the peer's shutdown causes is readable": as long as the socket is
 * registered, after the bytes that were sent before, and after both halves were shut down. Some
 * systems report it as a hang-up, which is also writable. It is no failure (P16). */
static void assert_readable_event(fer_poller *poller, uint64_t key)
{
    fer_interest found = wait_for(poller, key, millis(PEER_LIMIT_MS)).all;
    assert_int_equal(found & (FER_READABLE | FER_FAILED), FER_READABLE);
}

POLLER_KIND_TEST("P2", the_peers_end_is_readable)
{
    for (int both = 0; both < 2; both++) {
        struct pair *pair = pair_open_kind(kind);
        fer_poller *poller = test_poller();
        fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
        char got[4];
        assert_ok(fer_poller_add(poller, raw, reading(11), FER_POLL_LEVEL));
        if (both) {
            assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
            assert_no_event(poller);
        }
        assert_true(both || peer_send_all(pair->other, "last", 4));
        assert_true(peer_shutdown_write(pair->other));
        assert_readable_event(poller, 11);
        assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, both ? 0 : 4, NULL));
        assert_readable_event(poller, 11);
        assert_reads_end(&pair->stream);
        assert_readable_event(poller, 11);
        assert_ok(fer_poller_delete(poller, raw));
        pair_close(pair);
    }
}

/* ---- P16: "FAILED after an error, if the system reports it" */

static fer_event interest_in(uint64_t key, fer_interest interest)
{
    return (fer_event){.key = key, .interest = interest};
}

/* A registered socket keeps the interest `reading` with this key. A poller over poll without
 * POLLRDHUP has neither; Wine reports an end after the bytes alone (row `unread_end`). */
static bool hides_unread_end(fer_poller *poller, fer_raw_socket raw, uint64_t key)
{
    fer_event end = interest_in(key, FER_READ_CLOSED);
    bool waits = fer_poller_modify(poller, raw, end, FER_POLL_LEVEL).kind == FER_OK;
    bool has_edges = fer_poller_modify(poller, raw, end, FER_POLL_EDGE).kind == FER_OK ||
                     fer_poller_modify(poller, raw, reading(key), FER_POLL_EDGE).kind == FER_OK;
    assert_ok(fer_poller_modify(poller, raw, reading(key), FER_POLL_LEVEL));
    return peer_is_wine() || (!waits && !has_edges);
}

/* "An event also has READ_CLOSED if reads end, behind unread bytes too". */
POLLER_KIND_TEST("P16", an_event_has_the_end_behind_unread_bytes)
{
    struct pair *pair = pair_open_kind(kind);
    fer_poller *poller = test_poller();
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    char got[4];
    assert_ok(fer_poller_add(poller, raw, reading(11), FER_POLL_LEVEL));
    assert_true(peer_send_all(pair->other, "last", 4));
    assert_int_equal(wait_for(poller, 11, millis(PEER_LIMIT_MS)).all, FER_READABLE);
    assert_true(peer_shutdown_write(pair->other));
    skip_if(hides_unread_end(poller, raw, 11),
            "this system's poller says nothing of an end behind bytes");
    assert_reports(poller, 11, FER_READABLE | FER_READ_CLOSED);
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 4, NULL));
    assert_reads_end(&pair->stream);
    assert_reports(poller, 11, FER_READABLE | FER_READ_CLOSED);
    pair_close(pair);
}

/* Whether a wait of 40 ms without an event sleeps (T8). On a loaded machine one of six does. */
static bool sleeps_without_events(fer_poller *poller)
{
    const uint64_t limit_us = 20000;
    uint64_t used = limit_us;
    for (int i = 0; i < 6 && used >= limit_us; i++) {
        uint64_t start = process_thread_time_us();
        assert_int_equal(wait_for(poller, 12, millis(40)).events, 0);
        used = process_thread_time_us() - start;
    }
    return used < limit_us;
}

/* READ_CLOSED as an interest waits for the end alone. */
POLLER_KIND_TEST("P16", an_interest_in_the_end_alone_is_not_woken_by_bytes)
{
    static const fer_poll_mode modes[] = {FER_POLL_LEVEL, FER_POLL_ONESHOT};
    for (int i = 0; i < 2; i++) {
        struct pair *pair = pair_open_kind(kind);
        fer_poller *poller = test_poller();
        fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
        fer_error error = fer_poller_add(poller, raw, interest_in(12, FER_READ_CLOSED), modes[i]);
        if (error.kind == FER_UNSUPPORTED) {
            assert_own(fer_poller_delete(poller, raw), FER_NOT_FOUND);
            skip_because("this system's poller cannot wait for an end alone");
        }
        assert_ok(error);
        assert_true(peer_send_all(pair->other, "last", 4));
        assert_true(peer_raw_wait_readable(raw));
        assert_true(sleeps_without_events(poller));
        assert_true(peer_shutdown_write(pair->other));
        if (peer_is_wine()) {
            char got[4];
            assert_ok(fer_tcp_stream_read_exact(&pair->stream, got, 4, NULL));
        }
        assert_int_equal(wait_for(poller, 12, millis(PEER_LIMIT_MS)).all, FER_READ_CLOSED);
        assert_ok(fer_poller_modify(poller, raw, interest_in(13, FER_READ_CLOSED), modes[i]));
        assert_int_equal(wait_for(poller, 13, millis(PEER_LIMIT_MS)).all, FER_READ_CLOSED);
        pair_close(pair);
    }
}

/* PRIORITY as an interest waits for urgent data of TCP. */
POLLER_TEST("P16", urgent_data_is_priority)
{
    struct pair *pair = pair_open_kind(&test_no_pair);
    fer_raw_socket raw = fer_tcp_stream_as_raw(&pair->stream);
    fer_error error = fer_poller_add(poller, raw, interest_in(9, FER_PRIORITY), FER_POLL_LEVEL);
    if (error.kind == FER_UNSUPPORTED) {
        assert_own(fer_poller_delete(poller, raw), FER_NOT_FOUND);
        skip_because("kqueue has no filter for urgent data");
    }
    assert_ok(error);
    skip_if(!peer_polls_urgent(), "poll does not report urgent data (macOS)");
    assert_no_event(poller);
    assert_true(peer_send_urgent(pair->other));
    assert_int_equal(wait_for(poller, 9, millis(PEER_LIMIT_MS)).all, FER_PRIORITY);
}

/* P2 for datagrams: the peer's refusal, which the next call returns (rule U3). */
MAILBOX_TEST("P2", a_refused_datagram_is_readable)
{
    uint16_t port = 0;
    /* A socket that receives only its own datagrams keeps its port bound. The port of a closed
     * socket could be assigned to another one. */
    peer_socket refusing = peer_datagram(PEER_V4, &port);
    fer_socket_addr to = loopback(PEER_V4, port);
    fer_udp_received got;
    char buf[8];
    assert_true(peer_datagram_connect(refusing, PEER_V4, port));
    assert_ok(fer_udp_socket_connect_addr(&mailbox->socket, &to));
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(12), FER_POLL_LEVEL));
    assert_no_event(poller);
    assert_ok(fer_udp_socket_send(&mailbox->socket, "x", 1, NULL));
    struct wait_result result = wait_for(poller, 12, millis(PEER_LIMIT_MS));
    assert_true(result.readable);
    fer_error error = fer_udp_socket_recv(&mailbox->socket, buf, sizeof buf, &got);
    skip_if(peer_is_wine() && error.kind == FER_WOULD_BLOCK,
            "Wine's AFD clears the refusal when it reports it");
    assert_kind(error, FER_CONNECTION_REFUSED);
    assert_no_event(poller);
}

/* ---- P1: "An event is a hint. The call that follows it may still be WOULD_BLOCK" */

MAILBOX_TEST("P1", a_receive_that_finds_nothing_after_an_event_would_block)
{
    fer_udp_socket *clone = test_udp();
    fer_udp_received got;
    char buf[8];
    assert_ok(fer_udp_socket_try_clone(&mailbox->socket, clone));
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    for (int i = 0; i < 3; i++) {
        mailbox_send(mailbox);
        assert_event(poller, 1, true, false);
        assert_ok(fer_udp_socket_recv_from(clone, buf, sizeof buf, &got));
        assert_kind(fer_udp_socket_recv_from(&mailbox->socket, buf, sizeof buf, &got),
                    FER_WOULD_BLOCK);
        assert_no_event(poller);
    }
}

/* ---- Keys: "the user's own 64 bits ... none is reserved" */

POLLER_TEST("P7", every_key_is_returned_unchanged)
{
    static const uint64_t keys[] = {0,
                                    1,
                                    2,
                                    4,
                                    8,
                                    0x100,
                                    UINT32_MAX,
                                    UINT64_C(1) << 32,
                                    UINT64_C(1) << 63,
                                    0xFFFFFFFF00000000u,
                                    0x0123456789ABCDEFu,
                                    ALL_ONES - 1,
                                    ALL_ONES};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    for (size_t i = 0; i < KEYS; i++) {
        struct mailbox *mailbox = test_mailbox();
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(keys[i]), FER_POLL_LEVEL));
        mailbox_send(mailbox);
        assert_event(poller, keys[i], true, false);
        assert_ok(fer_poller_notify(poller));
        (void)wait_for(poller, keys[i], millis(PEER_LIMIT_MS));
        assert_event(poller, keys[i], true, false);
        assert_ok(fer_poller_modify(poller, mailbox->raw, reading(~keys[i]), FER_POLL_ONESHOT));
        assert_event(poller, ~keys[i], true, false);
        assert_no_event(poller);
    }
}

POLLER_TEST("P7", sockets_may_share_a_key)
{
    fer_event events[8];
    size_t count = 0;
    for (int i = 0; i < 4; i++) {
        struct mailbox *mailbox = test_mailbox();
        mailbox_send(mailbox);
        assert_ok(fer_poller_add(poller, mailbox->raw, reading(6), FER_POLL_ONESHOT));
    }
    for (size_t reported = 0; reported < 4; reported += count) {
        assert_ok(fer_poller_wait(poller, millis(PEER_LIMIT_MS), events, 8, &count, NULL));
        assert_in_range(count, 1, 4 - reported);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(events[i].key, 6);
            assert_int_equal(events[i].interest, FER_READABLE);
        }
    }
    assert_no_event(poller);
}

RULE_TESTS("poller_events")
