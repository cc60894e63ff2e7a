/* unix_handles.c: rules X7 and X8: sockets that Unix sockets pass. */
#include "support/handle_limit.h"
#include "support/limits_fixture.h"
#include "support/unix_fixture.h"

enum { SHORT_MS = 40, LONG_MS = 20000 };

/* Streams through which handles pass, or whose handles pass. */
static struct unix_ends open_ends(void)
{
    struct unix_ends ends = unix_ends_open();
    assert_ok(fer_unix_stream_set_read_timeout(ends.one, millis(LONG_MS)));
    assert_ok(fer_unix_stream_set_read_timeout(ends.other, millis(LONG_MS)));
    return ends;
}

/* The body has the streams `through` which the first end of `passed` may pass. */
#define HANDLES_TEST(rule, function)                                       \
    TEST_OF(function, (struct unix_ends through, struct unix_ends passed), \
            (open_ends(), open_ends()),                                    \
            RULE_ROW(rule, function, "", unix_test, &unix_connected_kind))

/* Sends the handle of the stream, and closes it here. */
static void pass(struct unix_ends through, fer_unix_stream *passed, const char *text)
{
    fer_raw_socket raw = fer_unix_stream_as_raw(passed);
    size_t n = 0;
    assert_ok_n(fer_unix_stream_send_handles(through.one, text, strlen(text), &raw, 1, &n), n,
                strlen(text));
    fer_unix_stream_close(passed);
}

static fer_unix_received_handles receive(fer_unix_stream *from, const char *text,
                                         fer_raw_socket *handles, size_t cap)
{
    char buf[32];
    fer_unix_received_handles got;
    assert_ok(fer_unix_stream_recv_handles(from, buf, sizeof buf, handles, cap, &got));
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(buf, text, got.len);
    assert_unnamed(&got.from);
    assert_false(got.truncated);
    return got;
}

/* The handle is that of the other end. */
static void assert_passed(fer_raw_socket handle, const struct unix_ends *passed)
{
    fer_unix_stream *adopted = test_unix_stream();
    char got[4];
    assert_false(peer_raw_is_inheritable(handle));
    assert_ok(fer_unix_stream_from_raw(adopted, handle));
    assert_ok(fer_unix_stream_write_all(adopted, "back", 4, NULL));
    assert_ok(fer_unix_stream_read_exact(passed->other, got, 4, NULL));
    assert_memory_equal(got, "back", 4);
    fer_unix_stream_close(adopted);
}

/* Closes a stream that has received a handle, and not read it. */
static void discard_a_handle(void)
{
    fer_unix_stream ends[2];
    memset(ends, 0, sizeof ends);
    assert_ok(fer_unix_stream_pair(&ends[0], &ends[1]));
    fer_raw_socket raw = fer_unix_stream_as_raw(&ends[0]);
    assert_ok(fer_unix_stream_send_handles(&ends[0], "x", 1, &raw, 1, NULL));
    fer_unix_stream_close(&ends[1]);
    fer_unix_stream_close(&ends[0]);
}

/* No handle of the passed end is open. NetBSD closes those that it discards in a thread, which
 * sometimes sleeps until the next ones (run). */
static void assert_all_closed(const struct unix_ends *passed)
{
    char byte;
    size_t n = 77;
    fer_error error = {FER_TIMED_OUT, 0};
    assert_ok(fer_unix_stream_set_read_timeout(passed->other, millis(SHORT_MS)));
    for (int i = 0; i < LONG_MS / SHORT_MS && error.kind == FER_TIMED_OUT; i++) {
        error = fer_unix_stream_read(passed->other, &byte, 1, &n);
        if (error.kind == FER_TIMED_OUT) {
            discard_a_handle();
        }
    }
    assert_ok(error);
    assert_int_equal(n, 0);
}

/* ---- X7 */

HANDLES_TEST("X7", a_handle_is_sent_with_the_bytes_and_outlives_the_sender_s)
{
    fer_raw_socket handles[2] = {FER_RAW_SOCKET_NONE, FER_RAW_SOCKET_NONE};
    pass(through, passed.one, "take");
    fer_unix_stream_close(through.one);
    fer_unix_received_handles got = receive(through.other, "take", handles, 2);
    assert_true(got.count == 1 && !got.handles_truncated);
    assert_true(handles[1] == FER_RAW_SOCKET_NONE);
    assert_passed(handles[0], &passed);
    assert_all_closed(&passed);
    got = receive(through.other, "", handles, 2);
    assert_int_equal(got.count, 0);
    assert_stream_ends(unix_ref(through.other));
}

UNIX_TEST("X7", bytes_are_sent_without_handles_too)
{
    struct unix_ends through = open_ends();
    size_t n = 0;
    assert_ok_n(fer_unix_stream_send_handles(through.one, "plain", 5, NULL, 0, &n), n, 5);
    fer_unix_received_handles got = receive(through.other, "plain", NULL, 0);
    assert_true(got.count == 0 && !got.handles_truncated);
    assert_ok_n(fer_unix_stream_send_handles(through.one, NULL, 0, NULL, 0, &n), n, 0);
}

UNIX_TEST("X7", one_receive_returns_the_handles_of_one_message)
{
    struct unix_ends through = open_ends();
    struct unix_ends first = open_ends();
    struct unix_ends second = open_ends();
    fer_raw_socket handles[4];
    pass(through, first.one, "one");
    pass(through, second.one, "two");
    assert_int_equal(receive(through.other, "one", handles, 4).count, 1);
    assert_passed(handles[0], &first);
    assert_int_equal(receive(through.other, "two", handles, 4).count, 1);
    assert_passed(handles[0], &second);
}

/* The bytes before the message may come first and alone, or with the message. */
HANDLES_TEST("X7", handles_arrive_with_the_first_byte_of_their_message)
{
    fer_raw_socket handle = FER_RAW_SOCKET_NONE;
    fer_unix_received_handles got = {.count = 0};
    char buf[8];
    size_t len = 0;
    assert_ok(fer_unix_stream_write_all(through.one, "ab", 2, NULL));
    pass(through, passed.one, "cd");
    while (got.count == 0) {
        assert_ok(
            fer_unix_stream_recv_handles(through.other, buf + len, 3 - len, &handle, 1, &got));
        len += got.len;
        assert_true(got.len > 0 && (got.count == 1) == (len == 3));
    }
    assert_memory_equal(buf, "abc", 3);
    assert_passed(handle, &passed);
    assert_int_equal(receive(through.other, "d", &handle, 1).count, 0);
}

UNIX_TEST("X7", a_partial_write_has_sent_the_handles_and_its_rest_sends_none)
{
    static unsigned char piece[1024 * 1024];
    struct unix_ends through = open_ends();
    struct unix_ends passed = open_ends();
    fer_raw_socket raw = fer_unix_stream_as_raw(passed.one);
    fer_raw_socket handles[2];
    fer_unix_received_handles got;
    size_t n = 0;
    size_t received = 0;
    size_t count = 0;
    assert_ok(fer_unix_stream_set_nonblocking(through.one, true));
    assert_ok(fer_unix_stream_send_handles(through.one, piece, sizeof piece, &raw, 1, &n));
    skip_if(n == sizeof piece, "this OS queues a million bytes");
    assert_true(n > 0);
    fer_unix_stream_close(passed.one);
    assert_ok(fer_unix_stream_set_nonblocking(through.other, true));
    size_t sent = n;
    while (received < sizeof piece) {
        fer_error error =
            fer_unix_stream_try_write(through.one, piece + sent, sizeof piece - sent, &n);
        sent += n;
        assert_true(error.kind == FER_OK || error.kind == FER_WOULD_BLOCK);
        assert_ok(fer_unix_stream_recv_handles(through.other, piece, sizeof piece, handles + count,
                                               2 - count, &got));
        received += got.len;
        count += got.count;
        assert_false(got.handles_truncated);
    }
    assert_int_equal(count, 1);
    assert_passed(handles[0], &passed);
}

/* T2: "... and so do the `_try_...` calls in every mode." never_waiting.c has those that would wait
 * on a socket that was made blocking. */
HANDLES_TEST("T2/X7", tries_pass_handles_and_report_an_empty_queue)
{
    fer_raw_socket raw = fer_unix_stream_as_raw(passed.one);
    fer_raw_socket handle = FER_RAW_SOCKET_NONE;
    fer_unix_received_handles got = {.len = 77};
    char buf[8];
    size_t n = 0;
    assert_kind(fer_unix_stream_try_recv_handles(through.other, buf, 8, &handle, 1, &got),
                FER_WOULD_BLOCK);
    assert_true(got.len == 77 && handle == FER_RAW_SOCKET_NONE);
    assert_ok_n(fer_unix_stream_try_send_handles(through.one, "try", 3, &raw, 1, &n), n, 3);
    fer_unix_stream_close(passed.one);
    assert_true(peer_raw_wait_readable(fer_unix_stream_as_raw(through.other)));
    assert_ok_n(fer_unix_stream_try_peek(through.other, buf, 8, &n), n, 3);
    assert_ok(fer_unix_stream_try_recv_handles(through.other, buf, 8, &handle, 1, &got));
    assert_true(got.len == 3 && got.count == 1 && !got.handles_truncated);
    assert_memory_equal(buf, "try", 3);
    assert_passed(handle, &passed);
    assert_all_closed(&passed);
}

/* ---- X8 */

UNIX_TEST("X8", handles_that_do_not_fit_are_closed_and_reported)
{
    struct unix_ends through = open_ends();
    struct unix_ends passed[3] = {open_ends(), open_ends(), open_ends()};
    fer_raw_socket handles[3];
    for (size_t cap = 0; cap < 2; cap++) {
        for (size_t i = 0; i < 3; i++) {
            handles[i] = fer_unix_stream_as_raw(passed[i].one);
        }
        assert_ok(fer_unix_stream_send_handles(through.one, "all", 3, handles, 3, NULL));
        fer_unix_received_handles got =
            receive(through.other, "all", cap == 0 ? NULL : handles, cap);
        assert_true(got.count == cap && got.handles_truncated);
    }
    for (size_t i = 0; i < 3; i++) {
        fer_unix_stream_close(passed[i].one);
    }
    assert_passed(handles[0], &passed[0]);
    for (size_t i = 0; i < 3; i++) {
        assert_all_closed(&passed[i]);
    }
}

UNIX_TEST("X8", a_read_without_handles_closes_those_that_arrive)
{
    struct unix_ends through = open_ends();
    struct unix_ends passed[2] = {open_ends(), open_ends()};
    char got[4];
    pass(through, passed[0].one, "read");
    assert_ok(fer_unix_stream_read_exact(through.other, got, 4, NULL));
    assert_all_closed(&passed[0]);
    pass(through, passed[1].one, "peek");
    assert_ok(fer_unix_stream_peek(through.other, got, 4, NULL));
    fer_raw_socket handle;
    assert_int_equal(receive(through.other, "peek", &handle, 1).count, 1);
    assert_passed(handle, &passed[1]);
}

HANDLES_TEST("X8", unreceived_handles_are_closed_with_the_stream)
{
    pass(through, passed.one, "lost");
    fer_unix_stream_close(through.other);
    fer_unix_stream_close(through.one);
    assert_all_closed(&passed);
}

HANDLES_TEST("X8", a_process_that_can_open_no_more_gets_the_bytes_and_a_report)
{
    fer_unix_received_handles got;
    fer_raw_socket handle;
    char buf[8];
    skip_if(!unix_peer_survives_low_limit(), "this kernel would panic");
    pass(through, passed.one, "full");
    skip_if(!forbid_new_handles(), "this OS does not limit sockets");
    fer_error error = fer_unix_stream_recv_handles(through.other, buf, 8, &handle, 1, &got);
    process_allow_new_handles();
    assert_ok(error);
    assert_true(got.len == 4 && got.count == 0 && got.handles_truncated);
    assert_all_closed(&passed);
}

/* ---- Arguments */

/* Other arguments: unit/test_unix_handles.c. */
UNIX_TEST("X7", handles_need_a_byte_and_are_at_most_253)
{
    struct unix_ends through = open_ends();
    static fer_raw_socket many[FER_UNIX_HANDLES_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i <= FER_UNIX_HANDLES_MAX; i++) {
        many[i] = fer_unix_stream_as_raw(through.one);
    }
    assert_own_n(fer_unix_stream_send_handles(through.one, "", 0, many, 1, &n), FER_INVALID_INPUT,
                 n, 0);
    assert_own_n(
        fer_unix_stream_send_handles(through.one, "x", 1, many, FER_UNIX_HANDLES_MAX + 1, &n),
        FER_INVALID_INPUT, n, 0);
    fer_error error =
        fer_unix_stream_send_handles(through.one, "x", 1, many, FER_UNIX_HANDLES_MAX, &n);
    if (error.kind == FER_INVALID_INPUT || error.kind == FER_OUT_OF_MEMORY) {
        assert_int_equal(n, 0); /* OpenBSD; musl before 1.2.4 (sendmsg.c) */
        assert_ok(fer_unix_stream_write_all(through.one, "x", 1, NULL));
        (void)receive(through.other, "x", NULL, 0);
    } else {
        assert_ok(error);
        skip_under_qemu("it leaves handles open for which there is no space");
        assert_true(receive(through.other, "x", NULL, 0).handles_truncated);
    }
}

HANDLES_TEST("X7", a_handle_that_is_not_open_sends_nothing)
{
    fer_raw_socket handles[2] = {fer_unix_stream_as_raw(passed.one), FER_RAW_SOCKET_NONE};
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        assert_kind_n(fer_unix_stream_send_handles(through.one, "x", 1, handles, 2, &n),
                      FER_BAD_HANDLE, n, 0);
        handles[1] = handles[0] + (INTPTR_MAX >> 30) + 1; /* its lower 32 bits are open */
    }
    fer_unix_stream_close(passed.one);
    assert_all_closed(&passed);
    assert_ok(fer_unix_stream_write_all(through.one, "alive", 5, NULL));
    assert_int_equal(receive(through.other, "alive", handles, 2).count, 0);
}

UNIX_TEST("X5", handles_are_unsupported_if_the_os_sends_none)
{
    fer_unix_stream *stream = test_unix_stream();
    fer_raw_socket raw;
    fer_unix_received_handles got;
    char buf[4];
    skip_if(!unix_peer_has_streams(), "this OS has no Unix sockets");
    skip_if(unix_peer_has_datagrams(), "this OS passes handles");
    const char *path = unix_peer_path("listener");
    assert_true(unix_peer_listen(path, 1) != PEER_NONE);
    assert_ok(fer_unix_stream_connect(stream, path));
    raw = fer_unix_stream_as_raw(stream);
    assert_kind(fer_unix_stream_send_handles(stream, "x", 1, &raw, 1, NULL), FER_UNSUPPORTED);
    assert_kind(fer_unix_stream_recv_handles(stream, buf, 4, &raw, 1, &got), FER_UNSUPPORTED);
    assert_true(fer_unix_stream_as_raw(stream) == raw);
}

/* ---- The rules of reads and writes */

HANDLES_TEST("S7", a_half_that_is_shut_down_sends_no_handles)
{
    fer_raw_socket raw = fer_unix_stream_as_raw(passed.one);
    size_t n = 0;
    assert_ok(fer_unix_stream_shutdown(through.one, FER_SHUTDOWN_WRITE));
    assert_kind_n(fer_unix_stream_send_handles(through.one, "x", 1, &raw, 1, &n), FER_BROKEN_PIPE,
                  n, 0);
    (void)receive(through.other, "", &raw, 1);
    assert_ok(fer_unix_stream_shutdown(through.one, FER_SHUTDOWN_READ));
    (void)receive(through.one, "", &raw, 1);
    fer_unix_stream_close(through.other);
    fer_unix_stream_close(passed.one);
    assert_all_closed(&passed);
}

/* ---- Datagrams */

UNIX_DATAGRAM_TEST("X7", a_datagram_carries_handles_to_its_receiver)
{
    const char *path = unix_peer_path("receiver");
    fer_unix_datagram *receiver = test_unix_bound(path);
    fer_unix_datagram *sender = test_unix_bound(unix_peer_path("sender"));
    struct unix_ends passed = open_ends();
    fer_raw_socket raw = fer_unix_stream_as_raw(passed.one);
    fer_raw_socket handle;
    fer_unix_received_handles got;
    fer_unix_addr to;
    char buf[4];
    size_t n = 0;
    assert_ok(fer_unix_addr_from_pathname(&to, path));
    assert_ok_n(fer_unix_datagram_send_handles(sender, "whole", 5, &raw, 1, &to, &n), n, 5);
    assert_ok(fer_unix_datagram_recv_handles(receiver, buf, sizeof buf, &handle, 1, &got));
    assert_true(got.len == 4 && got.truncated && got.count == 1 && !got.handles_truncated);
    assert_path(&got.from, unix_peer_path("sender"));
    fer_unix_stream *closed = test_unix_stream();
    assert_ok(fer_unix_stream_from_raw(closed, handle));
    fer_unix_stream_close(closed);
    assert_ok(fer_unix_datagram_connect(sender, path));
    assert_ok_n(fer_unix_datagram_send_handles(sender, "peer", 4, &raw, 1, NULL, &n), n, 4);
    assert_ok_n(fer_unix_datagram_send_handles(sender, "addr", 4, &raw, 1, &to, &n), n, 4);
    assert_ok_n(fer_unix_datagram_send_handles(sender, "none", 4, NULL, 0, NULL, &n), n, 4);
    fer_unix_stream_close(passed.one);
    assert_ok(fer_unix_datagram_recv_handles(receiver, buf, sizeof buf, &handle, 1, &got));
    assert_true(got.len == 4 && got.count == 1 && !got.truncated);
    assert_passed(handle, &passed);
    assert_ok(fer_unix_datagram_recv_handles(receiver, buf, sizeof buf, NULL, 0, &got));
    assert_true(got.len == 4 && got.count == 0 && got.handles_truncated);
    assert_all_closed(&passed);
    assert_ok(fer_unix_datagram_recv_handles(receiver, buf, sizeof buf, NULL, 0, &got));
    assert_true(got.len == 4 && got.count == 0 && !got.handles_truncated);
}

UNIX_DATAGRAM_TEST("X8", handles_of_an_unreceived_datagram_are_closed)
{
    const char *path = unix_peer_path("receiver");
    fer_unix_datagram *receiver = test_unix_bound(path);
    fer_unix_datagram *sender = test_unix_unbound();
    struct unix_ends passed = open_ends();
    fer_raw_socket raw = fer_unix_stream_as_raw(passed.one);
    fer_unix_received plain;
    char buf[4];
    assert_ok(fer_unix_datagram_connect(sender, path));
    assert_ok(fer_unix_datagram_send_handles(sender, "read", 4, &raw, 1, NULL, NULL));
    assert_ok(fer_unix_datagram_send_handles(sender, "lost", 4, &raw, 1, NULL, NULL));
    fer_unix_stream_close(passed.one);
    assert_ok(fer_unix_datagram_recv(receiver, buf, sizeof buf, &plain));
    assert_memory_equal(buf, "read", 4);
    fer_unix_datagram_close(receiver);
    assert_all_closed(&passed);
}

UNIX_DATAGRAM_TEST("X8", a_process_that_can_open_no_more_gets_the_datagram_and_a_report)
{
    static const char *const texts[] = {"full", "longer", "next"};
    fer_unix_datagram *receiver = test_unix_bound(unix_peer_path("receiver"));
    fer_unix_datagram *sender = test_unix_bound(unix_peer_path("sender"));
    struct unix_ends passed = open_ends();
    fer_raw_socket raw = fer_unix_stream_as_raw(passed.one);
    fer_unix_received_handles got;
    char buf[4];
    skip_if(!unix_peer_survives_low_limit(), "this kernel would panic");
    assert_ok(fer_unix_datagram_connect(sender, unix_peer_path("receiver")));
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(texts[i]);
        assert_ok(fer_unix_datagram_send_handles(sender, texts[i], len, &raw, i < 2, NULL, NULL));
    }
    fer_unix_stream_close(passed.one);
    for (size_t i = 0; i < 3; i++) {
        skip_if(!forbid_new_handles(), "this OS does not limit sockets");
        fer_error error = fer_unix_datagram_recv_handles(receiver, buf, 4, &raw, 1, &got);
        process_allow_new_handles();
        assert_ok(error);
        assert_memory_equal(buf, texts[i], 4);
        assert_true(got.len == 4 && got.count == 0 && got.handles_truncated == (i < 2));
        assert_int_equal(got.truncated, i == 1);
        assert_path(&got.from, unix_peer_path("sender"));
    }
    assert_all_closed(&passed);
}

/* ---- X8: a peer's handles that come without a byte, which Linux discards when they are sent; a
 * linger time; and an end of file */

enum { LINGER_S = 40 };

/* Sends handles without a byte, several times, and closes them here. */
static void send_only_handles(struct unix_ends through, fer_unix_stream *passed)
{
    for (int i = 0; i < 3; i++) {
        skip_if(!unix_peer_send_only_handle(fer_unix_stream_as_raw(through.one),
                                            fer_unix_stream_as_raw(passed)),
                "this system sends no handle without a byte");
    }
    fer_unix_stream_close(passed);
}

/* The bytes may come with the last of these handles (NetBSD, FreeBSD: run), which is closed. */
static fer_unix_received_handles receive_after_only_handles(fer_unix_stream *from, const char *text)
{
    char buf[32];
    fer_raw_socket handles[4];
    fer_unix_received_handles got;
    assert_ok(fer_unix_stream_recv_handles(from, buf, sizeof buf, handles, 4, &got));
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(buf, text, got.len);
    assert_true(got.count <= 1);
    if (got.count == 1) {
        fer_unix_stream *adopted = test_unix_stream();
        assert_ok(fer_unix_stream_from_raw(adopted, handles[0]));
        fer_unix_stream_close(adopted);
    }
    return got;
}

UNIX_TEST("X8", handles_without_a_byte_are_closed_and_do_not_end_the_stream)
{
    struct unix_ends through = unix_ends_open();
    struct unix_ends passed = unix_ends_open();
    char byte;
    size_t n = 77;
    send_only_handles(through, passed.one);
    assert_ok(fer_unix_stream_write_all(through.one, "next", 4, NULL));
    (void)receive_after_only_handles(through.other, "next");
    assert_ok(fer_unix_stream_write_all(through.one, "last", 4, NULL));
    fer_unix_received_handles got = receive_after_only_handles(through.other, "last");
    assert_true(got.count == 0 && !got.handles_truncated);
    assert_ok_n(fer_unix_stream_read(passed.other, &byte, 1, &n), n, 0);
    fer_unix_stream_close(through.one);
    (void)receive_after_only_handles(through.other, "");
}

UNIX_TEST("X8", handles_without_a_byte_are_no_readiness)
{
    struct unix_ends through = unix_ends_open();
    struct unix_ends passed = unix_ends_open();
    fer_unix_received_handles got;
    char buf[4];
    fer_raw_socket handle;
    send_only_handles(through, passed.one);
    assert_ok(fer_unix_stream_set_nonblocking(through.other, true));
    assert_kind(fer_unix_stream_recv_handles(through.other, buf, 4, &handle, 1, &got),
                FER_WOULD_BLOCK);
    assert_ok(fer_unix_stream_write_all(through.one, "next", 4, NULL));
    (void)receive_after_only_handles(through.other, "next");
}

UNIX_TEST("X8", a_read_and_a_peek_read_on_behind_handles_without_a_byte)
{
    skip_if(!unix_peer_reads_past_only_handles(), "the stream ends (unix_only_control)");
    for (int sort = READ; sort <= READ_VECTORED; sort++) {
        struct unix_ends through = unix_ends_open();
        struct unix_ends passed = unix_ends_open();
        char buf[8];
        size_t n = 77;
        send_only_handles(through, passed.one);
        assert_ok(fer_unix_stream_set_nonblocking(through.other, true));
        assert_kind(read_by(sort, unix_ref(through.other), buf, sizeof buf, &n), FER_WOULD_BLOCK);
        assert_ok(fer_unix_stream_write_all(through.one, "next", 4, NULL));
        assert_ok_n(read_by(sort, unix_ref(through.other), buf, sizeof buf, &n), n, 4);
        assert_ok_n(fer_unix_stream_read(passed.other, buf, 1, &n), n, 0);
    }
}

/* A TCP stream with bytes that its peer does not receive, for which its last close would wait. */
static void fill_lingering(fer_tcp_stream *stream, fer_tcp_stream *peer)
{
    static unsigned char piece[65536];
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    const fer_socket_addr to = loopback(PEER_V4, port);
    fer_error error = {FER_OK, 0};
    assert_ok(fer_tcp_stream_connect_addr(stream, &to));
    assert_ok(fer_tcp_listener_accept(listener, peer, NULL));
    while (error.kind == FER_OK) {
        error = fer_tcp_stream_try_write(stream, piece, sizeof piece, NULL);
    }
    assert_kind(error, FER_WOULD_BLOCK);
    assert_ok(fer_tcp_stream_set_linger(stream, fer_duration_from_secs(LINGER_S)));
}

/* Row passed_linger: "recv_handles removes the linger time of those that it closes itself". */
UNIX_TEST("X8", a_handle_that_does_not_fit_is_closed_without_its_linger_time)
{
    struct unix_ends through = unix_ends_open();
    fer_unix_received_handles got;
    char buf[4];
    fer_tcp_stream stream = {0};
    fer_tcp_stream peer = {0};
    fer_raw_socket handle;
    fill_lingering(&stream, &peer);
    fer_raw_socket raw = fer_tcp_stream_as_raw(&stream);
    assert_ok(fer_unix_stream_send_handles(through.one, "full", 4, &raw, 1, NULL));
    fer_tcp_stream_close(&stream); /* not the last one */
    uint64_t began = peer_now_us();
    assert_ok(fer_unix_stream_recv_handles(through.other, buf, sizeof buf, &handle, 0, &got));
    assert_true(got.handles_truncated);
    assert_true(peer_now_us() < began + UINT64_C(1000000) * LINGER_S / 2);
    fer_tcp_stream_close(&peer);
}

/* What the receive before has left in memory is no message. */
UNIX_DATAGRAM_TEST("X7", the_end_of_a_datagram_socket_carries_no_handles)
{
    fer_unix_datagram *sender = test_unix_datagram();
    fer_unix_datagram *receiver = test_unix_datagram();
    fer_raw_socket handle;
    fer_unix_received_handles got;
    char buf[4];
    assert_ok(fer_unix_datagram_pair(sender, receiver));
    fer_raw_socket raw = fer_unix_datagram_as_raw(sender);
    assert_ok(fer_unix_datagram_send_handles(sender, "one", 3, &raw, 1, NULL, NULL));
    assert_ok(fer_unix_datagram_set_nonblocking(receiver, true));
    assert_ok(fer_unix_datagram_recv_handles(receiver, buf, sizeof buf, &handle, 1, &got));
    assert_int_equal(got.count, 1);
    assert_ok(fer_unix_datagram_from_raw(test_unix_datagram(), handle));
    assert_ok(fer_unix_datagram_shutdown(receiver, FER_SHUTDOWN_READ));
    memset(&got, 0xaa, sizeof got);
    assert_ok(fer_unix_datagram_recv_handles(receiver, buf, sizeof buf, &handle, 1, &got));
    assert_true(got.len == 0 && got.count == 0 && !got.truncated && !got.handles_truncated);
    assert_true(fer_unix_addr_is_unnamed(&got.from));
}

RULE_TESTS("unix_handles")
