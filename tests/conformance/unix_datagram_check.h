/* unix_datagram_check.h: shared by the tests of datagrams on Unix sockets. */
#ifndef CONFORMANCE_UNIX_DATAGRAM_CHECK_H
#define CONFORMANCE_UNIX_DATAGRAM_CHECK_H

#include "support/unix_fixture.h"

static inline void assert_receives(fer_unix_datagram *socket, const char *text)
{
    char buf[32];
    fer_unix_received got;
    assert_ok(fer_unix_datagram_recv_from(socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, strlen(text));
    assert_false(got.truncated);
    assert_memory_equal(buf, text, got.len);
}

static inline void assert_receives_nothing(fer_unix_datagram *socket)
{
    char buf[32];
    fer_unix_received got;
    assert_ok(fer_unix_datagram_set_nonblocking(socket, true));
    assert_kind(fer_unix_datagram_recv(socket, buf, sizeof buf, &got), FER_WOULD_BLOCK);
    assert_ok(fer_unix_datagram_set_nonblocking(socket, false));
}

static inline void send_text(fer_unix_datagram *socket, const char *text, const char *path)
{
    size_t n = 77;
    fer_error error = path == NULL
                          ? fer_unix_datagram_send(socket, text, strlen(text), &n)
                          : fer_unix_datagram_send_to(socket, text, strlen(text), path, &n);
    assert_ok(error);
    assert_int_equal(n, strlen(text));
}

/* The error of a send to a peer that has shut its read half down. Row unix_datagram_shut: the BSDs
 * have no room for it. */
static inline void assert_not_received(fer_error error)
{
    if (!unix_peer_has_bsd_datagrams() || error.kind != FER_NO_BUFFER_SPACE) {
        assert_kind(error, FER_BROKEN_PIPE);
    }
}

#endif
