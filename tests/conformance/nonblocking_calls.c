/* nonblocking_calls.c: rule T2 for the calls that never wait, in every mode and with every timeout:
 * _try_read and the other _try_ calls, on streams, listeners and datagram sockets. All handles are
 * blocking, unless a test says otherwise, so that a call that waited would hang the test. */
#include "conformance/datagram_check.h"
#include "support/socket_fixture.h"
#include "support/stream_fixture.h"

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
    if (pair.stream.tcp != NULL) {
        assert_ok_n(fer_tcp_stream_try_peek(pair.stream.tcp, got, 1, &n), n, 1);
    }
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
        assert_ok_n(i == 1 && pair.stream.tcp != NULL
                        ? fer_tcp_stream_try_peek(pair.stream.tcp, got, 4, &n)
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

/* ---- Listeners */

/* T2, for a blocking and for a nonblocking listener; T6: "An accepted stream starts in blocking
 * mode". */
SOCKET_FAMILY_TEST("T2", an_accept_that_would_wait_is_would_block)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        uint16_t port = 0;
        fer_tcp_listener *listener = test_listening(family, &port);
        fer_tcp_stream *stream = test_stream();
        fer_socket_addr peer = {.port = 77};
        fer_interest ready = 0;
        assert_ok(fer_tcp_listener_set_nonblocking(listener, nonblocking == 1));
        assert_kind(fer_tcp_listener_try_accept(listener, stream, &peer), FER_WOULD_BLOCK);
        assert_int_equal(peer.port, 77);
        assert_new(stream);
        peer_socket other = peer_connect(family, port);
        assert_true(other != PEER_NONE);
        assert_ok(fer_tcp_listener_ready(listener, FER_READABLE, FER_DURATION_NONE, &ready));
        assert_ok(fer_tcp_listener_try_accept(listener, stream, &peer));
        assert_int_equal(peer.port, peer_local_port(other));
        assert_false(peer_raw_is_nonblocking(fer_tcp_stream_as_raw(stream)) && !peer_is_windows());
        assert_exchange(stream, other);
        assert_kind(fer_tcp_listener_try_accept(listener, test_stream(), NULL), FER_WOULD_BLOCK);
    }
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

RULE_TESTS("nonblocking_calls")
