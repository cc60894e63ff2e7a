/* stream.c: reads, writes and accepts against shutdown, cancel, timeouts and the peer (rules S5,
 * S6, K2, K4, K7, C5), with the facts of Linux and of Windows. */
#include <string.h>

#include "ferrule/socket_addr.h"
#include "ferrule/tcp.h"
#include "tests/interleave/programs.h"
#include "tests/interleave/seam.h"

enum { BYTES = 3 };

static fer_tcp_stream stream;
static fer_tcp_stream clone;
static fer_tcp_listener listener;
static fer_tcp_stream accepted[INTER_THREADS_MAX];
static fer_cancel_token token;
static fer_raw_socket raw;
static unsigned data; /* written before a cancel, without a lock */
static size_t moved;
static size_t accepts;
static fer_error_kind ended_with;

static void begin_with_buffer(size_t room)
{
    memset(&clone, 0, sizeof clone);
    memset(&token, 0, sizeof token);
    data = 0;
    moved = 0;
    accepts = 0;
    ended_with = FER_OK;
    inter_open_stream(&stream, room);
    raw = fer_tcp_stream_as_raw(&stream);
}

STEP(begin, begin_with_buffer(0))
STEP(begin_cloned, begin(); INTER_OK(fer_tcp_stream_try_clone(&stream, &clone)))

static void finish(void)
{
    fer_tcp_stream_close(&clone);
    fer_tcp_stream_close(&stream);
    fer_cancel_token_close(&token);
}

/* ---- Reading */

static fer_error_kind read_from(fer_tcp_stream *from, size_t *n)
{
    char buf[BYTES];
    return fer_tcp_stream_read(from, buf, sizeof buf, n).kind;
}

static fer_error_kind read_nothing(fer_tcp_stream *from)
{
    size_t n = 7;
    fer_error_kind kind = read_from(from, &n);
    INTER_CHECK(n == 0);
    return kind;
}

STEP(read_the_end, INTER_CHECK(read_nothing(&stream) == FER_OK))
STEP(read_the_end_of_clone, INTER_CHECK(read_nothing(&clone) == FER_OK))
STEP(shut_read, INTER_OK(fer_tcp_stream_shutdown(&stream, FER_SHUTDOWN_READ)))
STEP(shut_both, INTER_OK(fer_tcp_stream_shutdown(&stream, FER_SHUTDOWN_BOTH)))
STEP(shut_clone_read, INTER_OK(fer_tcp_stream_shutdown(&clone, FER_SHUTDOWN_READ)))
STEP(close_clone, fer_tcp_stream_close(&clone))

static void read_bytes(void)
{
    size_t n = 0;
    ended_with = read_from(&stream, &n);
    INTER_CHECK(ended_with != FER_OK || n > 0);
    moved += n;
}

STEP(send_bytes, inter_peer_sends(raw, BYTES))
STEP(all_bytes_were_read, INTER_CHECK(ended_with == FER_OK && moved == BYTES); finish())

/* ---- A timeout */

static void begin_with_timeout(void)
{
    begin();
    INTER_OK(fer_tcp_stream_set_read_timeout(&stream, fer_duration_from_millis(5)));
}

static void read_until_timeout(void)
{
    fer_error_kind kind = read_nothing(&stream);
    INTER_CHECK(kind == FER_OK || kind == FER_TIMED_OUT);
}

static void read_bytes_until_timeout(void)
{
    read_bytes();
    INTER_CHECK(ended_with == FER_OK || ended_with == FER_TIMED_OUT);
}

/* What the timeout has not returned is still there. */
static void no_byte_was_lost(void)
{
    if (moved == 0) {
        size_t n = 0;
        INTER_CHECK(read_from(&stream, &n) == FER_OK);
        moved += n;
    }
    INTER_CHECK(moved == BYTES);
    finish();
}

/* ---- A reset */

static void limit_by(const fer_limits *limits)
{
    INTER_OK(fer_tcp_stream_set_limits(&stream, limits));
}

/* With limits core waits, on every system. */
static void begin_with_timeout_in_core(void)
{
    begin_with_timeout();
    inter_peer_reads(raw, BYTES);
    limit_by(&(fer_limits){.interruptible = true});
}

static void send_and_meet_the_reset(void)
{
    char byte = 0;
    size_t n = 7;
    inter_peer_sends(raw, BYTES);
    inter_peer_resets(raw);
    INTER_CHECK(fer_tcp_stream_write(&stream, &byte, 1, &n).kind == FER_CONNECTION_RESET);
}

static void all_bytes_come_before_the_reset(void)
{
    if (moved == 0) {
        read_bytes();
    }
    INTER_CHECK(ended_with == FER_OK && moved == BYTES);
    INTER_CHECK(read_nothing(&stream) == FER_CONNECTION_RESET);
    finish();
}

/* ---- Cancel */

static void begin_limited_with_buffer(size_t room)
{
    begin_with_buffer(room);
    INTER_OK(fer_cancel_token_new(&token));
    const fer_limits limits = {.token = &token};
    limit_by(&limits);
}

STEP(begin_limited, begin_limited_with_buffer(0))

static void begin_limited_with_deadline(void)
{
    begin_limited();
    const fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_millis(5)),
                               .token = &token};
    limit_by(&limits);
}

STEP(begin_limited_with_signal, begin_limited(); inter_sky.interrupts[1] = 1)

static void cancel_again(void)
{
    INTER_OK(fer_cancel_token_cancel(&token));
    INTER_CHECK(fer_cancel_token_is_cancelled(&token));
}

static void read_until_cancelled_or(fer_error_kind other)
{
    fer_error_kind kind = read_nothing(&stream);
    INTER_CHECK(kind == other || (kind == FER_CANCELLED && data == 1));
}

static void read_until_cancelled_by_any(void)
{
    INTER_CHECK(read_nothing(&stream) == FER_CANCELLED);
    INTER_CHECK(read_nothing(&stream) == FER_CANCELLED);
}

STEP(cancel, data = 1; cancel_again())
STEP(read_until_cancelled, INTER_CHECK(read_nothing(&stream) == FER_CANCELLED && data == 1))
STEP(read_until_cancelled_or_late, read_until_cancelled_or(FER_TIMED_OUT))
STEP(read_until_cancelled_or_interrupted, read_until_cancelled_or(FER_INTERRUPTED))

static void read_bytes_until_cancelled(void)
{
    read_bytes();
    INTER_CHECK(ended_with == FER_OK || (ended_with == FER_CANCELLED && data == 1));
}

STEP(no_byte_was_lost_by_cancel, INTER_OK(fer_cancel_token_reset(&token)); no_byte_was_lost())

/* ---- Writing */

STEP(begin_limited_with_small_buffers, begin_limited_with_buffer(1))

static void write_all_until(fer_error_kind kind)
{
    char bytes[BYTES] = {0};
    ended_with = fer_tcp_stream_write_all(&stream, bytes, sizeof bytes, &moved).kind;
    INTER_CHECK((ended_with == FER_OK && moved == BYTES) || (ended_with == kind && moved < BYTES));
    INTER_CHECK(ended_with != FER_CANCELLED || data == 1);
}

STEP(write_all_until_cancelled, write_all_until(FER_CANCELLED))
STEP(write_all_until_shut, write_all_until(FER_BROKEN_PIPE))
STEP(make_space, inter_peer_reads(raw, BYTES - 1))
STEP(shut_write, INTER_OK(fer_tcp_stream_shutdown(&stream, FER_SHUTDOWN_WRITE)))
STEP(begin_with_small_buffers, begin_with_buffer(1))
STEP(every_sent_byte_is_counted, INTER_CHECK(moved == inter_bytes_sent(raw)); finish())

/* ---- Accepting */

static fer_socket_addr localhost(void)
{
    fer_socket_addr addr;
    INTER_OK(fer_socket_addr_parse(&addr, "127.0.0.1:1"));
    return addr;
}

static void begin_listening(void)
{
    begin_limited();
    memset(&listener, 0, sizeof listener);
    memset(accepted, 0, sizeof accepted);
    const fer_socket_addr addr = localhost();
    INTER_OK(fer_tcp_listener_bind_addr(&listener, &addr));
    const fer_limits limits = {.token = &token};
    INTER_OK(fer_tcp_listener_set_limits(&listener, &limits));
}

static void accept_until_cancelled(void)
{
    fer_tcp_stream *out = &accepted[inter_self()];
    fer_error_kind kind = fer_tcp_listener_accept(&listener, out, NULL).kind;
    INTER_CHECK(kind == FER_OK || (kind == FER_CANCELLED && data == 1));
}

STEP(connect_and_cancel, inter_peer_connects(fer_tcp_listener_as_raw(&listener)); cancel())

/* The connection was accepted once, or it is still queued. */
static void no_connection_was_lost(void)
{
    INTER_OK(fer_cancel_token_reset(&token));
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        accepts += fer_tcp_stream_as_raw(&accepted[i]) != FER_RAW_SOCKET_NONE;
        fer_tcp_stream_close(&accepted[i]);
    }
    if (accepts == 0) {
        INTER_OK(fer_tcp_listener_accept(&listener, &accepted[0], NULL));
        fer_tcp_stream_close(&accepted[0]);
        accepts++;
    }
    INTER_CHECK(accepts == 1);
    fer_tcp_listener_close(&listener);
    finish();
}

/* ---- A pending connect, of which two threads take the result */

static void begin_connecting(void)
{
    begin();
    fer_tcp_stream_close(&stream);
    memset(&stream, 0, sizeof stream);
    const fer_socket_addr addr = localhost();
    INTER_OK(fer_tcp_stream_connect_start(&stream, &addr));
    raw = fer_tcp_stream_as_raw(&stream);
}

STEP(refuse, inter_connect_ends(raw, FER_CONNECTION_REFUSED))

/* WOULD_BLOCK, or OK with the result of the connect. */
static fer_error_kind take_result(fer_error_kind kind, int32_t os_code)
{
    fer_error found = {FER_OK, 0};
    fer_error_kind taken = fer_tcp_stream_take_error(&stream, &found).kind;
    INTER_CHECK(taken == FER_WOULD_BLOCK ||
                (taken == FER_OK && found.kind == kind && found.os_code == os_code));
    return taken;
}

STEP(take_pending_error, (void)take_result(FER_CONNECTION_REFUSED, 111))
STEP(take_no_error, (void)take_result(FER_OK, 0))
STEP(the_refusal_is_saved, INTER_CHECK(take_result(FER_CONNECTION_REFUSED, 111) == FER_OK);
     finish())
STEP(it_is_connected, INTER_CHECK(take_result(FER_OK, 0) == FER_OK); finish())

static void read_while_connecting(void)
{
    size_t n = 7;
    fer_error_kind kind = read_from(&stream, &n);
    /* MISUSE: the other call has taken the result */
    INTER_CHECK(kind == FER_WOULD_BLOCK || kind == FER_CONNECTION_REFUSED || kind == FER_MISUSE);
}

STEP(succeed, inter_connect_ends(raw, FER_OK))

static void try_read_while_connecting(void)
{
    char buf[BYTES];
    size_t n = 7;
    INTER_CHECK(fer_tcp_stream_try_read(&stream, buf, sizeof buf, &n).kind == FER_WOULD_BLOCK);
}

const inter_program inter_stream_programs[] = {
    ON_BOTH("stream_read", "a read returns what the peer sends", begin, (read_bytes, send_bytes),
            all_bytes_were_read),
    ON_BOTH("stream_shut_read", "S6: shutdown wakes a read", begin, (read_the_end, shut_read),
            finish),
    ON_BOTH("stream_shut_both", "S6: the same for both halves", begin, (read_the_end, shut_both),
            finish),
    ON_BOTH("stream_shut_by_clone", "S6: shutdown of a clone ends a read", begin_cloned,
            (read_the_end, shut_clone_read), finish),
    BOUNDED_ON_BOTH("stream_shut_two_reads",
                    "S6: shutdown of a clone ends two reads, one of them of the clone",
                    begin_cloned, (read_the_end, read_the_end_of_clone, shut_clone_read), finish),
    ON_BOTH("stream_close_clone", "closing a clone does not end a read", begin_cloned,
            (read_bytes, close_clone, send_bytes), all_bytes_were_read),
    ON_BOTH("stream_timeout_shut", "S6, T2: a shutdown while the timeout expires",
            begin_with_timeout, (read_until_timeout, shut_read), finish),
    ON_BOTH("stream_timeout_bytes", "no byte is lost if the timeout expires meanwhile",
            begin_with_timeout, (read_bytes_until_timeout, send_bytes), no_byte_was_lost),
    ON_BOTH("stream_reset_bytes",
            "S5: bytes come before a reset that a write meets while a read waits",
            begin_with_timeout_in_core, (read_bytes_until_timeout, send_and_meet_the_reset),
            all_bytes_come_before_the_reset),
    ON_BOTH("stream_cancel_read",
            "K2, K4: a cancel ends a read, and what was written before it is visible",
            begin_limited, (read_until_cancelled, cancel), finish),
    BOUNDED_ON_BOTH("stream_cancel_two_reads", "K4: a cancel ends all calls", begin_limited,
                    (read_until_cancelled, read_until_cancelled, cancel), finish),
    ON_BOTH("stream_cancel_twice", "K4: two cancels of one token", begin_limited,
            (read_until_cancelled_by_any, cancel_again, cancel_again), finish),
    ON_BOTH("stream_cancel_deadline", "K2: a cancel while the deadline passes",
            begin_limited_with_deadline, (read_until_cancelled_or_late, cancel), finish),
    ON_BOTH("stream_cancel_signal", "K2: a cancel while a signal interrupts the read",
            begin_limited_with_signal, (read_until_cancelled_or_interrupted, cancel), finish),
    ON_BOTH("stream_cancel_bytes", "K2: a cancel loses no byte", begin_limited,
            (read_bytes_until_cancelled, cancel, send_bytes), no_byte_was_lost_by_cancel),
    ON_BOTH("stream_cancel_write_all", "K2: a cancelled write_all counts every byte that was sent",
            begin_limited_with_small_buffers, (write_all_until_cancelled, cancel, make_space),
            every_sent_byte_is_counted),
    ON_BOTH("stream_shut_write_all", "S6: shutdown wakes a write", begin_with_small_buffers,
            (write_all_until_shut, shut_write), every_sent_byte_is_counted),
    BOUNDED_ON_BOTH("stream_cancel_accepts",
                    "K7: a cancel ends both accepts, and no connection is lost", begin_listening,
                    (accept_until_cancelled, accept_until_cancelled, connect_and_cancel),
                    no_connection_was_lost),
    ON_BOTH("stream_refused", "C5: two calls take the result of a connect, and its error is saved",
            begin_connecting, (take_pending_error, read_while_connecting, refuse),
            the_refusal_is_saved),
    ON_BOTH("stream_connected", "C5: two calls take the result of a connect, and it is connected",
            begin_connecting, (take_no_error, try_read_while_connecting, succeed), it_is_connected),
    {0},
};
