/* test_sim_poller_dialects.c: the differences between epoll and AFD; closed and reused numbers;
 * edges; and equal runs with pollers and faults. */
#include "sim/sim_poller.h"

#include <stdlib.h>

static void assert_reported(struct watcher *watcher, uint64_t key, const char *by_epoll,
                            const char *by_afd)
{
    const char *half = is_winsock() ? by_afd : by_epoll;
    if (half[0] == '\0') {
        nothing_comes(watcher);
    } else {
        comes(watcher, key, half);
    }
}

static void change(struct watcher *watcher, fer_raw_socket raw, fer_event interest,
                   fer_poll_mode mode)
{
    assert_ok(fer_poller_modify(&watcher->poller, raw, interest, mode));
}

/* ---- What is ready */

WATCHER_TEST(an_unconnected_socket_is_hung_up_on_linux_only)
{
    fer_socket fresh = {0};
    assert_ok(fer_socket_new(&fresh, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    fer_raw_socket raw = fer_socket_as_raw(&fresh);
    add(watcher, raw, interest_of(4, "r"), FER_POLL_LEVEL);
    assert_reported(watcher, 4, "rw", "");
    assert_reported(watcher, 4, "rw", "");
    change(watcher, raw, interest_of(4, ""), FER_POLL_LEVEL);
    assert_reported(watcher, 4, "rw", "");
    nothing_comes(watcher);
    fer_socket_close(&fresh);
}

WATCHER_PAIR_TEST(the_own_shutdown_is_reported_by_epoll_alone)
{
    add_level(watcher, &ends->stream, 1, "r");
    assert_ok(fer_tcp_stream_shutdown(&ends->stream, FER_SHUTDOWN_READ));
    assert_reported(watcher, 1, "r", "");
    change(watcher, raw_of(ends), interest_of(1, "w"), FER_POLL_LEVEL);
    comes(watcher, 1, "w");
    assert_ok(fer_tcp_stream_shutdown(&ends->stream, FER_SHUTDOWN_WRITE));
    assert_reported(watcher, 1, "rw", "w");
    change(watcher, raw_of(ends), interest_of(1, ""), FER_POLL_LEVEL);
    assert_reported(watcher, 1, "rw", "");
    nothing_comes(watcher);
}

WATCHER_PAIR_TEST(a_full_pipe_is_writable_to_epoll_once_it_was_shut)
{
    char chunk[4096] = {0};
    assert_ok(fer_tcp_stream_set_nonblocking(&ends->stream, true));
    add_level(watcher, &ends->stream, 1, "w");
    comes(watcher, 1, "w");
    while (fer_tcp_stream_write(&ends->stream, chunk, sizeof chunk, NULL).kind == FER_OK) {
    }
    nothing_comes(watcher);
    assert_ok(fer_tcp_stream_shutdown(&ends->stream, FER_SHUTDOWN_WRITE));
    assert_reported(watcher, 1, "w", "");
}

WATCHER_PAIR_TEST(the_peers_end_is_readable_and_with_the_own_a_hang_up_to_epoll)
{
    assert_ok(fer_sim_peer_shutdown(ends->peer));
    add_level(watcher, &ends->stream, 1, "r");
    comes(watcher, 1, "r");
    change(watcher, raw_of(ends), interest_of(1, ""), FER_POLL_LEVEL);
    nothing_comes(watcher);
    assert_ok(fer_tcp_stream_shutdown(&ends->stream, FER_SHUTDOWN_WRITE));
    assert_reported(watcher, 1, "rw", "");
    nothing_comes(watcher);
}

SIM_TEST(a_reset_is_both_events_for_every_interest)
{
    static const char *const asked[] = {"r", "w", "rw", ""};
    for (size_t i = 0; i < 4; i++) {
        struct ends ends = connected();
        struct watcher watcher = opened();
        fer_sim_peer_reset(ends.peer);
        add_level(&watcher, &ends.stream, i, asked[i]);
        comes(&watcher, i, "rw");
        if (asked[i][0] == '\0') {
            nothing_comes(&watcher);
        }
        fer_poller_close(&watcher.poller);
        fer_tcp_stream_close(&ends.stream);
    }
}

WATCHER_TEST(a_refused_datagram_is_a_failure_to_epoll_and_received_by_afd)
{
    fer_udp_socket socket = {0};
    fer_error refused = {FER_OK, 0};
    fer_event what = interest_of(1, "r");
    assert_ok(fer_udp_socket_bind(&socket, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_connect(&socket, "127.0.0.1:9"));
    add(watcher, fer_udp_socket_as_raw(&socket), what, FER_POLL_LEVEL);
    nothing_comes(watcher);
    assert_ok(fer_udp_socket_send(&socket, "x", 1, NULL));
    comes(watcher, 1, is_winsock() ? "r" : "rw");
    assert_ok(fer_udp_socket_take_error(&socket, &refused));
    fer_udp_socket_close(&socket);
}

POSIX_TEST(a_unix_datagram_to_a_full_queue_is_not_writable)
{
    fer_unix_datagram receiver = {0};
    fer_unix_datagram sender = {0};
    fer_unix_received got;
    char byte = 0;
    struct watcher watcher = opened();
    assert_ok(fer_unix_datagram_bind(&receiver, "full"));
    assert_ok(fer_unix_datagram_unbound(&sender));
    assert_ok(fer_unix_datagram_connect(&sender, "full"));
    assert_ok(fer_unix_datagram_set_nonblocking(&sender, true));
    add(&watcher, fer_unix_datagram_as_raw(&sender), interest_of(1, "w"), FER_POLL_EDGE);
    comes(&watcher, 1, "w");
    while (fer_unix_datagram_send(&sender, "x", 1, NULL).kind == FER_OK) {
    }
    nothing_comes(&watcher);
    assert_ok(fer_unix_datagram_recv(&receiver, &byte, 1, &got));
    comes(&watcher, 1, "w");
    nothing_comes(&watcher);
    fer_poller_close(&watcher.poller);
    fer_unix_datagram_close(&sender);
    fer_unix_datagram_close(&receiver);
}

/* ---- Edges */

POSIX_TEST(an_edge_is_reported_for_each_change)
{
    struct ends ends = connected();
    struct watcher watcher = opened();
    add(&watcher, raw_of(&ends), interest_of(1, "r"), FER_POLL_EDGE);
    nothing_comes(&watcher);
    peer_sends(ends.peer, "one");
    comes(&watcher, 1, "r");
    nothing_comes(&watcher);
    peer_sends(ends.peer, "two");
    comes(&watcher, 1, "r");
    stream_reads(&ends.stream, "onetwo");
    nothing_comes(&watcher);
    change(&watcher, raw_of(&ends), interest_of(1, "rw"), FER_POLL_EDGE);
    comes(&watcher, 1, "w");
    nothing_comes(&watcher);
    assert_ok(fer_sim_peer_shutdown(ends.peer));
    comes(&watcher, 1, "rw");
    nothing_comes(&watcher);
    assert_ok(fer_tcp_stream_shutdown(&ends.stream, FER_SHUTDOWN_WRITE));
    comes(&watcher, 1, "rw");
    nothing_comes(&watcher);
    close_both(&watcher, &ends);
}

POSIX_TEST(an_edge_follows_an_injected_would_block)
{
    size_t n = 0;
    struct ends ends = connected();
    struct watcher watcher = opened();
    add(&watcher, raw_of(&ends), interest_of(1, "rw"), FER_POLL_EDGE);
    comes(&watcher, 1, "w");
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_WOULD_BLOCK, 1));
    assert_kind(fer_tcp_stream_try_write(&ends.stream, "x", 1, &n), FER_WOULD_BLOCK);
    comes(&watcher, 1, "w");
    nothing_comes(&watcher);
    peer_sends(ends.peer, "one");
    comes(&watcher, 1, "rw");
    assert_ok(fer_sim_fault_at(FER_SIM_FAULT_WOULD_BLOCK, 1));
    assert_kind(fer_tcp_stream_try_read(&ends.stream, &(char){0}, 1, &n), FER_WOULD_BLOCK);
    comes(&watcher, 1, "rw");
    nothing_comes(&watcher);
    stream_reads(&ends.stream, "one");
    close_both(&watcher, &ends);
}

POSIX_TEST(an_edge_is_reported_when_there_is_space_again)
{
    char chunk[4096] = {0};
    size_t n = 0;
    struct ends ends = connected();
    struct watcher watcher = opened();
    assert_ok(fer_tcp_stream_set_nonblocking(&ends.stream, true));
    add(&watcher, raw_of(&ends), interest_of(1, "w"), FER_POLL_EDGE);
    comes(&watcher, 1, "w");
    while (fer_tcp_stream_write(&ends.stream, chunk, sizeof chunk, NULL).kind == FER_OK) {
    }
    nothing_comes(&watcher);
    assert_ok(fer_sim_peer_recv(ends.peer, chunk, sizeof chunk, &n));
    comes(&watcher, 1, "w");
    nothing_comes(&watcher);
    close_both(&watcher, &ends);
}

POSIX_TEST(a_unix_streams_edges_are_those_of_both_peers)
{
    fer_unix_stream one = {0};
    fer_unix_stream other = {0};
    struct watcher watcher = opened();
    assert_ok(fer_unix_stream_pair(&one, &other));
    add(&watcher, fer_unix_stream_as_raw(&one), interest_of(1, "r"), FER_POLL_EDGE);
    nothing_comes(&watcher);
    assert_ok(fer_unix_stream_shutdown(&other, FER_SHUTDOWN_WRITE));
    comes(&watcher, 1, "r");
    nothing_comes(&watcher);
    fer_unix_stream_close(&other);
    comes(&watcher, 1, "rw");
    nothing_comes(&watcher);
    fer_poller_close(&watcher.poller);
    fer_unix_stream_close(&one);
}

/* ---- Closed and reused numbers */

static fer_tcp_stream clone_of(fer_tcp_stream *stream)
{
    fer_tcp_stream clone = {0};
    assert_ok(fer_tcp_stream_try_clone(stream, &clone));
    return clone;
}

/* A new socket reuses the free number. */
static fer_udp_socket socket_with(fer_raw_socket raw)
{
    fer_udp_socket socket = {0};
    assert_ok(fer_udp_socket_bind(&socket, "127.0.0.1:0"));
    assert_true(fer_udp_socket_as_raw(&socket) == raw);
    return socket;
}

WATCHER_PAIR_TEST(a_clone_keeps_a_closed_numbers_registration_on_linux_alone)
{
    add_level(watcher, &ends->stream, 1, "w");
    fer_raw_socket raw = raw_of(ends);
    fer_tcp_stream clone = clone_of(&ends->stream);
    fer_tcp_stream_close(&ends->stream);
    assert_reported(watcher, 1, "w", "");
    assert_kind(fer_poller_delete(&watcher->poller, raw), FER_BAD_HANDLE);
    fer_udp_socket next = socket_with(raw);
    assert_kind(fer_poller_delete(&watcher->poller, raw), FER_NOT_FOUND);
    add(watcher, raw, interest_of(2, "w"), FER_POLL_LEVEL);
    assert_kind(fer_poller_add(&watcher->poller, raw, interest_of(3, "w"), FER_POLL_LEVEL),
                FER_ALREADY_EXISTS);
    wait_for(watcher, millis(0));
    assert_int_equal(watcher->count, is_winsock() ? 1 : 2);
    fer_tcp_stream_close(&clone);
    comes(watcher, 2, "w");
    fer_udp_socket_close(&next);
    nothing_comes(watcher);
}

/* epoll identifies a registration by number and socket: if both are the same again, so is the
 * registration. */
WATCHER_PAIR_TEST(the_same_socket_may_get_the_same_number_back)
{
    fer_raw_socket raw = raw_of(ends);
    add_level(watcher, &ends->stream, 1, "w");
    fer_tcp_stream clone = clone_of(&ends->stream);
    fer_tcp_stream_close(&ends->stream);
    fer_udp_socket between = socket_with(raw);
    add(watcher, raw, interest_of(2, "w"), FER_POLL_LEVEL);
    fer_udp_socket_close(&between);
    fer_tcp_stream back = clone_of(&clone);
    assert_true(fer_tcp_stream_as_raw(&back) == raw);
    fer_error again = fer_poller_add(&watcher->poller, raw, interest_of(3, "w"), FER_POLL_LEVEL);
    assert_kind(again, is_winsock() ? FER_OK : FER_ALREADY_EXISTS);
    comes(watcher, is_winsock() ? 3 : 1, "w");
    assert_ok(fer_poller_delete(&watcher->poller, raw));
    nothing_comes(watcher);
    fer_tcp_stream_close(&back);
    fer_tcp_stream_close(&clone);
}

/* With any number of them, and without a wait that would remove them. */
SIM_CONFIG_TEST(a_socket_closed_without_a_delete_is_never_reported)
{
    sim_begin_of(.max_sockets = 4);
    struct watcher watcher = opened();
    for (uint64_t i = 0; i < 40; i++) {
        fer_udp_socket socket = {0};
        fer_udp_socket other = {0};
        assert_ok(fer_udp_socket_bind(&socket, "127.0.0.1:0"));
        add(&watcher, fer_udp_socket_as_raw(&socket), interest_of(i, "w"), FER_POLL_LEVEL);
        assert_ok(fer_udp_socket_try_clone(&socket, &other));
        fer_udp_socket_close(&socket);
        fer_udp_socket_close(&other);
    }
    nothing_comes(&watcher);
    fer_poller_close(&watcher.poller);
}

/* A key may be a pointer, and connectors use their addresses. */
SIM_CONFIG_TEST(the_digest_does_not_depend_on_the_keys)
{
    uint64_t digests[2];
    for (uint64_t key = 0; key < 2; key++) {
        fer_sim_report report;
        sim_begin();
        struct ends ends = connected();
        struct watcher watcher = opened();
        add_level(&watcher, &ends.stream, key, "w");
        comes(&watcher, key, "w");
        close_both(&watcher, &ends);
        assert_ok(fer_sim_stop(&report));
        digests[key] = report.digest;
    }
    assert_true(digests[0] == digests[1]);
}

TEST_MAIN("sim_poller_dialects")
