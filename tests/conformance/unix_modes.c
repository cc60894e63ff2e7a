/* unix_modes.c: timeouts, modes, signals and raw sockets of streams (rules T, I, R), for Unix
 * sockets. */
#include "support/process.h"
#include "support/unix_fixture.h"

enum { SHORT_MS = 40 };

/* ---- T */

UNIX_PAIR_TEST("T1", a_read_that_expires_is_timed_out_and_loses_nothing)
{
    fer_duration got;
    char buf[8];
    size_t n = 77;
    assert_own(fer_unix_stream_set_read_timeout(pair.stream, millis(0)), FER_INVALID_INPUT);
    assert_own(fer_unix_stream_set_write_timeout(pair.stream, millis(0)), FER_INVALID_INPUT);
    assert_ok(fer_unix_stream_set_read_timeout(pair.stream, millis(SHORT_MS)));
    assert_ok(fer_unix_stream_read_timeout(pair.stream, &got));
    assert_in_range(got.nanos, SHORT_MS * 1000000, (SHORT_MS + 20) * 1000000);
    assert_ok_n(fer_unix_stream_write_timeout(pair.stream, &got), got.nanos,
                FER_DURATION_NONE_NANOS);
    assert_own_after_system(fer_unix_stream_read(pair.stream, buf, sizeof buf, &n), FER_TIMED_OUT,
                            SHORT_MS * 1000);
    assert_int_equal(n, 0);
    assert_own(fer_unix_stream_peek(pair.stream, buf, sizeof buf, &n), FER_TIMED_OUT);
    assert_unix_alive(&pair);
}

UNIX_PAIR_TEST("T4", a_write_that_finds_no_space_expires_with_a_true_count)
{
    static unsigned char piece[65536];
    uint64_t sent = 0;
    size_t n = 0;
    fer_error error;
    assert_ok(fer_unix_stream_set_write_timeout(pair.stream, millis(SHORT_MS)));
    do {
        pattern_fill(piece, sizeof piece, sent);
        error = fer_unix_stream_write(pair.stream, piece, sizeof piece, &n);
        sent += n;
    } while (error.kind == FER_OK);
    assert_own(error, FER_TIMED_OUT);
    assert_ok(fer_unix_stream_shutdown(pair.stream, FER_SHUTDOWN_WRITE));
    uint64_t total = 0;
    bool intact = false;
    assert_int_equal(peer_drain(pair.other, &total, &intact), PEER_END);
    assert_true(intact);
    assert_int_equal(total, sent);
}

UNIX_PAIR_TEST("T6", modes_are_the_clones_too)
{
    fer_unix_stream *clone = test_unix_stream();
    char buf[8];
    assert_ok(fer_unix_stream_try_clone(pair.stream, clone));
    assert_ok(fer_unix_stream_set_nonblocking(clone, true));
    assert_kind(fer_unix_stream_read(pair.stream, buf, sizeof buf, NULL), FER_WOULD_BLOCK);
    assert_kind(fer_unix_stream_read(clone, buf, sizeof buf, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_unix_stream_set_nonblocking(pair.stream, false));
    assert_ok(fer_unix_stream_set_read_timeout(pair.stream, millis(SHORT_MS)));
    assert_own(fer_unix_stream_read(clone, buf, sizeof buf, NULL), FER_TIMED_OUT);
    fer_unix_stream_close(pair.stream);
    assert_unix_exchange(clone, pair.other);
    fer_unix_stream_close(clone);
    size_t n = 0;
    assert_int_equal(peer_recv_some(pair.other, buf, sizeof buf, &n), PEER_END);
}

/* ---- I */

UNIX_PAIR_TEST("I2", no_write_raises_sigpipe)
{
    skip_if(!process_let_sigpipe_kill(), "this OS has no signals");
    peer_close(pair.other);
    assert_unix_writes_are_broken(pair.stream);
}

UNIX_PAIR_TEST("I3", no_handle_is_inherited)
{
    fer_unix_stream *clone = test_unix_stream();
    assert_ok(fer_unix_stream_try_clone(pair.stream, clone));
    assert_false(peer_raw_is_inheritable(fer_unix_stream_as_raw(pair.stream)));
    assert_false(peer_raw_is_inheritable(fer_unix_stream_as_raw(clone)));
    assert_false(peer_raw_is_nonblocking(fer_unix_stream_as_raw(pair.stream)) &&
                 !peer_is_windows());
}

/* ---- R */

UNIX_PAIR_TEST("R1", raw_sockets_are_opened_and_closed)
{
    fer_unix_stream *adopted = test_unix_stream();
    fer_tcp_stream *tcp = test_stream();
    fer_raw_socket raw = fer_unix_stream_into_raw(pair.stream);
    assert_true(raw != FER_RAW_SOCKET_NONE);
    peer_adopt(raw);
    assert_own(fer_tcp_stream_from_raw(tcp, raw), FER_INVALID_INPUT);
    assert_own(fer_unix_listener_from_raw(test_unix_listener(), raw), FER_INVALID_INPUT);
    assert_own(fer_unix_datagram_from_raw(test_unix_datagram(), raw), FER_INVALID_INPUT);
    assert_true(peer_is_open(raw));
    peer_release(raw);
    assert_ok(fer_unix_stream_from_raw(adopted, raw));
    assert_unix_exchange(adopted, pair.other);
    assert_own(fer_unix_stream_read(pair.stream, &raw, 1, NULL), FER_MISUSE);
}

UNIX_STREAM_TEST("R1", what_is_no_connected_unix_stream_is_not_taken)
{
    uint16_t port = 0;
    fer_unix_stream *stream = test_unix_stream();
    peer_socket listening = peer_listen(PEER_V4, 4, &port);
    fer_raw_socket refused[4];
    refused[0] = unix_peer_unconnected(NULL);
    refused[1] = unix_peer_listen(unix_peer_path("listener"), 1);
    refused[2] = peer_connect(PEER_V4, port);
    refused[3] = listening;
    for (size_t i = 0; i < 4; i++) {
        assert_true(refused[i] != PEER_NONE);
        assert_own(fer_unix_stream_from_raw(stream, refused[i]), FER_INVALID_INPUT);
        assert_true(peer_is_open(refused[i]));
    }
    assert_unix_new(stream);
}

UNIX_PAIR_TEST("R3", slices_keep_their_order)
{
    char got[8] = {0};
    fer_io_slice out[3] = {{"ab", 2}, {NULL, 0}, {"cde", 3}};
    fer_io_slice_mut in[2] = {{got, 1}, {got + 1, 7}};
    size_t n = 0;
    assert_ok_n(fer_unix_stream_write_vectored(pair.stream, out, 3, &n), n, 5);
    assert_true(peer_recv_exact(pair.other, got, 5));
    assert_memory_equal(got, "abcde", 5);
    assert_true(peer_send_all(pair.other, "vwxyz", 5));
    assert_true(peer_raw_wait_readable(fer_unix_stream_as_raw(pair.stream)));
    memset(got, 0, sizeof got);
    assert_ok_n(fer_unix_stream_read_vectored(pair.stream, in, 2, &n), n, 5);
    assert_memory_equal(got, "vwxyz\0\0\0", 8);
}

RULE_TESTS("unix_modes")
