/* unreconciled.c: rule S8: the differences between systems that the library cannot remove are a
 * closed table ("Not reconciled" in docs/DIFFERENCES.md). Each test checks one row: only the
 * results that the systems give are allowed. */
#include "support/fixture.h"

/* S8: with a full backlog a connect is refused (Windows) or waits (other systems): a connect with a
 * timeout returns one of the two before the timeout. */
STREAM_TEST("S8", a_full_backlog_refuses_or_waits)
{
    uint16_t port = 0;
    assert_true(peer_listen(PEER_V4, 1, &port) != PEER_NONE);
    (void)peer_fill_backlog(PEER_V4, port);
    fer_socket_addr addr = loopback(PEER_V4, port);
    fer_error error = fer_tcp_stream_connect_timeout(stream, &addr, millis(200));
    assert_either(error, FER_TIMED_OUT, peer_is_windows() ? FER_CONNECTION_REFUSED : FER_TIMED_OUT);
    assert_new(stream);
}

/* S8: a clone's read after shutdown(READ): the end, or (Linux) the queued bytes first. The handle
 * that shut down reads the end. */
PAIR_TEST("S8", a_clones_read_after_read_was_shut_is_queued_data_or_the_end)
{
    fer_tcp_stream *clone = test_stream();
    char buf[16];
    size_t n = 77;
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    pair_send(pair, "queued", 6);
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_READ));
    assert_reads_end(&pair->stream);
    assert_ok(fer_tcp_stream_read(clone, buf, sizeof buf, &n));
    assert_true(n == 0 || (n == 6 && memcmp(buf, "queued", 6) == 0));
    assert_reads_end(clone);
    assert_reads_end(&pair->stream);
}

PAIR_TEST("S8", a_clone_that_checks_a_reset_second_reports_a_reset_or_the_end)
{
    fer_tcp_stream *clone = test_stream();
    char byte;
    size_t n = 77;
    assert_ok(fer_tcp_stream_try_clone(&pair->stream, clone));
    pair_reset(pair);
    assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
    fer_error first = fer_tcp_stream_read(clone, &byte, 1, &n);
    assert_either(first, FER_CONNECTION_RESET, FER_OK);
    assert_int_equal(n, 0);
    fer_error second = fer_tcp_stream_read(clone, &byte, 1, &n);
    assert_kind(second, first.kind);
    assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
}

PAIR_TEST("S8", writes_after_the_peer_has_closed_end_in_reset_or_broken_pipe)
{
    fer_error error = {FER_OK, 0};
    uint64_t end = peer_now_us() + PEER_LIMIT_MS * UINT64_C(1000);
    pair_close_other(pair);
    while (error.kind == FER_OK && peer_now_us() < end) {
        error = fer_tcp_stream_write(&pair->stream, "x", 1, NULL);
    }
    assert_writes_fail(error);
    for (int i = 0; i < 5; i++) {
        assert_writes_fail(fer_tcp_stream_write(&pair->stream, "x", 1, NULL));
    }
}

/* S8: a close before the peer has received all bytes: all arrive, or (Windows' loopback) the
 * connection is reset. Read to the peer's end before closing, and all arrive. */
KIND_TEST("S8", an_early_close_delivers_all_or_resets)
{
    enum { ROUNDS = 20 };
    for (int i = 0; i < ROUNDS; i++) {
        struct pair *pair = pair_open_kind(kind);
        unsigned char sent[5000];
        pattern_fill(sent, sizeof sent, 0);
        assert_ok(fer_tcp_stream_write_all(&pair->stream, sent, sizeof sent, NULL));
        if (i % 2 == 0) {
            assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
        }
        fer_tcp_stream_close(&pair->stream);
        assert_all_arrives_after_close(pair->other, sizeof sent);
        pair_close(pair);
    }
}

/* S8: a FIN and then an RST before the read: the end (Linux) or the reset, the same for each
 * read. */
PAIR_TEST("S8", a_fin_and_a_reset_before_the_read_are_the_end_or_the_reset)
{
    char byte;
    size_t n = 77;
    assert_true(peer_shutdown_write(pair->other));
    assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(&pair->stream)));
    pair_reset_and_wait(pair);
    fer_error first = fer_tcp_stream_read(&pair->stream, &byte, 1, &n);
    assert_true(first.kind == FER_OK || first.kind == FER_CONNECTION_RESET ||
                first.kind == FER_BROKEN_PIPE);
    assert_int_equal(n, 0);
    for (int i = 0; i < 5; i++) {
        assert_kind_n(fer_tcp_stream_read(&pair->stream, &byte, 1, &n), first.kind, n, 0);
    }
}

KIND_TEST("S8", peer_addr_after_an_unreported_end_is_the_address_or_not_connected)
{
    for (int reset = 0; reset < 2; reset++) {
        struct pair *pair = pair_open_kind(kind);
        fer_socket_addr before;
        fer_socket_addr after;
        assert_ok(fer_tcp_stream_peer_addr(&pair->stream, &before));
        if (reset) {
            peer_reset(pair->other);
            assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(&pair->stream)));
        } else {
            assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
            peer_close(pair->other);
            assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(&pair->stream)));
        }
        pair->other = PEER_NONE;
        fer_error error = fer_tcp_stream_peer_addr(&pair->stream, &after);
        assert_either(error, FER_OK, FER_NOT_CONNECTED);
        assert_true(error.kind != FER_OK || fer_socket_addr_eq(&before, &after));
        pair_close(pair);
    }
}

/* S8: binding a listener again while an accepted connection is open: OK, or on Windows perhaps
 * ADDR_IN_USE (exclusive use, as documented). */
LISTENER_TEST("S8", rebinding_under_an_open_connection_is_ok_or_in_use)
{
    fer_tcp_stream *stream = test_stream();
    peer_socket other = peer_connect(PEER_V4, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    fer_tcp_listener_close(listener);
    fer_socket_addr addr = loopback(PEER_V4, port);
    fer_error error = fer_tcp_listener_bind_addr(listener, &addr);
    assert_either(error, FER_OK, peer_is_windows() ? FER_ADDR_IN_USE : FER_OK);
    assert_exchange(stream, other);
}

/* A byte of urgent data is a part of what is read only if the program has set SO_OOBINLINE. */
PAIR_TEST("S8", urgent_data_is_read_only_inline)
{
    for (int is_inline = 0; is_inline < 2; is_inline++) {
        const char *expected = is_inline ? "ab!cd" : "abcd";
        size_t len = strlen(expected);
        char got[8] = "";
        size_t n = 0;
        assert_true(peer_raw_set_urgent_inline(fer_tcp_stream_as_raw(&pair->stream), is_inline));
        assert_true(peer_send_all(pair->other, "ab", 2) && peer_send_urgent(pair->other) &&
                    peer_send_all(pair->other, "cd", 2));
        for (size_t done = 0; done < len; done += n) {
            assert_ok(fer_tcp_stream_read(&pair->stream, got + done, len - done, &n));
            assert_true(n > 0);
        }
        assert_memory_equal(got, expected, len);
        assert_kind(fer_tcp_stream_try_read(&pair->stream, got, 1, &n), FER_WOULD_BLOCK);
    }
}

RULE_TESTS("unreconciled")
