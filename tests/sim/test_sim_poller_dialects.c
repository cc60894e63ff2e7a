/* test_sim_poller_dialects.c: the differences between epoll and AFD; closed and reused numbers;
 * edges; and equal runs with pollers and faults. */
#include "sim/sim_poller.h"

static void reported(uint64_t key, const char *by_epoll, const char *by_afd)
{
    const char *half = is_winsock() ? by_afd : by_epoll;
    if (half[0] == '\0') {
        nothing_comes();
    } else {
        comes(key, half);
    }
}

/* ---- What is ready */

WATCHER_TEST(an_unconnected_socket_is_hung_up_on_linux_only)
{
    assert_ok(fer_socket_new(&test.socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT));
    fer_raw_socket raw = fer_socket_as_raw(&test.socket);
    add(raw, 4, "r", FER_POLL_LEVEL);
    reported(4, "rw", "");
    reported(4, "rw", "");
    change(raw, 4, "", FER_POLL_LEVEL);
    reported(4, "rw", "");
    nothing_comes();
}

WATCHER_TEST(the_own_shutdown_is_reported_by_epoll_alone)
{
    add(raw_of(stream), 1, "r", FER_POLL_LEVEL);
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_READ));
    reported(1, "r", "");
    change(raw_of(stream), 1, "w", FER_POLL_LEVEL);
    comes(1, "w");
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    reported(1, "rw", "w");
    change(raw_of(stream), 1, "", FER_POLL_LEVEL);
    reported(1, "rw", "");
    nothing_comes();
}

WATCHER_TEST(a_full_pipe_is_writable_to_epoll_once_it_was_shut)
{
    add(raw_of(stream), 1, "w", FER_POLL_LEVEL);
    comes(1, "w");
    fill(stream);
    nothing_comes();
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    reported(1, "w", "");
}

WATCHER_TEST(the_peers_end_is_readable_and_with_the_own_a_hang_up_to_epoll)
{
    assert_ok(fer_sim_peer_shutdown(open_ends.peer));
    add(raw_of(stream), 1, "r", FER_POLL_LEVEL);
    comes(1, "r");
    change(raw_of(stream), 1, "", FER_POLL_LEVEL);
    nothing_comes();
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    reported(1, "rw", "");
    nothing_comes();
}

WATCHER_TEST(a_reset_is_both_events_for_every_interest)
{
    static const char *const requested[] = {"r", "w", "rw", ""};
    fer_sim_peer_reset(open_ends.peer);
    for (size_t i = 0; i < 4; i++) {
        add(raw_of(stream), i, requested[i], FER_POLL_LEVEL);
        comes(i, "rw");
        if (i == 3) {
            nothing_comes();
        }
        assert_ok(fer_poller_delete(&test.poller, raw_of(stream)));
    }
}

WATCHER_TEST(a_refused_datagram_is_a_failure_to_epoll_and_received_by_afd)
{
    fer_error refused = {FER_OK, 0};
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_connect(&test.udp, "127.0.0.1:9"));
    add(fer_udp_socket_as_raw(&test.udp), 1, "r", FER_POLL_LEVEL);
    nothing_comes();
    assert_ok(fer_udp_socket_send(&test.udp, "x", 1, NULL));
    reported(1, "rw", "r");
    assert_ok(fer_udp_socket_take_error(&test.udp, &refused));
}

POSIX_WATCHER_TEST(a_unix_datagram_to_a_full_queue_is_not_writable)
{
    fer_unix_received got;
    char byte = 0;
    assert_ok(fer_unix_datagram_bind(&test.gram, "full"));
    assert_ok(fer_unix_datagram_unbound(&test.gram2));
    assert_ok(fer_unix_datagram_connect(&test.gram2, "full"));
    add(fer_unix_datagram_as_raw(&test.gram2), 1, "w", FER_POLL_EDGE);
    comes(1, "w");
    while (fer_unix_datagram_try_send(&test.gram2, "x", 1, NULL).kind == FER_OK) {
    }
    nothing_comes();
    assert_ok(fer_unix_datagram_recv(&test.gram, &byte, 1, &got));
    comes_once(1, "w");
}

/* ---- Edges */

POSIX_WATCHER_TEST(an_edge_is_reported_for_each_change)
{
    add(raw_of(stream), 1, "r", FER_POLL_EDGE);
    nothing_comes();
    peer_sends(open_ends.peer, "one");
    comes_once(1, "r");
    peer_sends(open_ends.peer, "two");
    comes(1, "r");
    stream_reads(stream, "onetwo");
    nothing_comes();
    change(raw_of(stream), 1, "rw", FER_POLL_EDGE);
    comes_once(1, "w");
    assert_ok(fer_sim_peer_shutdown(open_ends.peer));
    comes_once(1, "rw");
    assert_ok(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_WRITE));
    comes_once(1, "rw");
}

POSIX_WATCHER_TEST(an_edge_follows_an_injected_would_block)
{
    add(raw_of(stream), 1, "rw", FER_POLL_EDGE);
    comes(1, "w");
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    assert_kind(fer_tcp_stream_try_write(stream, "x", 1, NULL), FER_WOULD_BLOCK);
    comes_once(1, "w");
    peer_sends(open_ends.peer, "one");
    comes(1, "rw");
    arm(FER_SIM_FAULT_WOULD_BLOCK);
    assert_kind(fer_tcp_stream_try_read(stream, &(char){0}, 1, NULL), FER_WOULD_BLOCK);
    comes_once(1, "rw");
    stream_reads(stream, "one");
}

POSIX_WATCHER_TEST(an_edge_is_reported_when_there_is_space_again)
{
    add(raw_of(stream), 1, "w", FER_POLL_EDGE);
    comes(1, "w");
    fill(stream);
    nothing_comes();
    receive_all(&open_ends.peer);
    comes_once(1, "w");
}

POSIX_WATCHER_TEST(a_unix_streams_edges_are_those_of_both_peers)
{
    assert_ok(fer_unix_stream_pair(&test.unix_stream, &test.unix_peer));
    add(fer_unix_stream_as_raw(&test.unix_stream), 1, "r", FER_POLL_EDGE);
    nothing_comes();
    assert_ok(fer_unix_stream_shutdown(&test.unix_peer, FER_SHUTDOWN_WRITE));
    comes_once(1, "r");
    fer_unix_stream_close(&test.unix_peer);
    comes_once(1, "rw");
}

/* ---- Closed and reused numbers */

/* A new socket reuses the free number. */
static void bind_with(fer_raw_socket raw)
{
    assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
    assert_true(fer_udp_socket_as_raw(&test.udp) == raw);
}

WATCHER_TEST(a_clone_keeps_a_closed_numbers_registration_on_linux_alone)
{
    fer_raw_socket raw = raw_of(stream);
    add(raw, 1, "w", FER_POLL_LEVEL);
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    fer_tcp_stream_close(stream);
    reported(1, "w", "");
    assert_kind(fer_poller_delete(&test.poller, raw), FER_BAD_HANDLE);
    bind_with(raw);
    assert_kind(fer_poller_delete(&test.poller, raw), FER_NOT_FOUND);
    add(raw, 2, "w", FER_POLL_LEVEL);
    assert_kind(fer_poller_add(&test.poller, raw, interest_of(3, "w"), FER_POLL_LEVEL),
                FER_ALREADY_EXISTS);
    assert_ok_n(poll_for(millis(0)), count, is_winsock() ? 1 : 2);
    fer_tcp_stream_close(&test.clone);
    comes(2, "w");
    fer_udp_socket_close(&test.udp);
    nothing_comes();
}

/* epoll identifies a registration by number and socket: if both are the same again, so is the
 * registration. */
WATCHER_TEST(the_same_socket_may_get_the_same_number_back)
{
    fer_raw_socket raw = raw_of(stream);
    add(raw, 1, "w", FER_POLL_LEVEL);
    assert_ok(fer_tcp_stream_try_clone(stream, &test.clone));
    fer_tcp_stream_close(stream);
    bind_with(raw);
    add(raw, 2, "w", FER_POLL_LEVEL);
    fer_udp_socket_close(&test.udp);
    assert_ok(fer_tcp_stream_try_clone(&test.clone, &test.stream));
    assert_true(raw_of(&test.stream) == raw);
    assert_kind(fer_poller_add(&test.poller, raw, interest_of(3, "w"), FER_POLL_LEVEL),
                is_winsock() ? FER_OK : FER_ALREADY_EXISTS);
    comes(is_winsock() ? 3 : 1, "w");
    assert_ok(fer_poller_delete(&test.poller, raw));
    nothing_comes();
}

/* With any number of them, and without a wait that would remove them. */
SIM_CONFIG_TEST(a_socket_closed_without_a_delete_is_never_reported)
{
    sim_begin_of(.max_sockets = 4);
    assert_ok(fer_poller_new(&test.poller));
    for (uint64_t i = 0; i < 40; i++) {
        assert_ok(fer_udp_socket_bind(&test.udp, "127.0.0.1:0"));
        add(fer_udp_socket_as_raw(&test.udp), i, "w", FER_POLL_LEVEL);
        assert_ok(fer_udp_socket_try_clone(&test.udp, &test.udp2));
        fer_udp_socket_close(&test.udp);
        fer_udp_socket_close(&test.udp2);
    }
    nothing_comes();
}

/* A key may be a pointer, and connectors use their addresses. */
SIM_CONFIG_TEST(the_digest_does_not_depend_on_the_keys)
{
    fer_sim_report reports[2];
    for (uint64_t key = 0; key < 2; key++) {
        sim_begin();
        open_ends = connected();
        assert_ok(fer_poller_new(&test.poller));
        add(raw_of(&open_ends.stream), key, "w", FER_POLL_LEVEL);
        comes(key, "w");
        close_handles();
        assert_ok(fer_sim_stop(&reports[key]));
    }
    assert_true(reports[0].digest == reports[1].digest);
}

TEST_MAIN("sim_poller_dialects")
