/* unix_modes.c: signals and raw sockets of streams (rules I, R), for Unix sockets. For timeouts,
 * modes and clones, which are tested with those of TCP: stream_fixture.h. */
#include "support/process.h"
#include "support/unix_fixture.h"

/* ---- I */

UNIX_PAIR_TEST("I2", no_write_raises_sigpipe)
{
    skip_if(!process_let_sigpipe_kill(), "this OS has no signals");
    peer_close(pair.other);
    assert_unix_writes_are_broken(pair.stream);
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

UNIX_STREAM_TEST("R1", from_raw_refuses_sockets_that_are_no_connected_unix_stream)
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

RULE_TESTS("unix_modes")
