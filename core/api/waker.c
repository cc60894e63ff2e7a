/* waker.c: wakers (rule P14). If the system's event of a cancel token is a descriptor, a waker is
 * one. Otherwise it is a connection of this machine to itself, whose writing end sends a byte. */
#include "core/wait/waker.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "ferrule/tcp.h"
#include "platform/platform.h"

_Static_assert(sizeof(fer_waker) == 64, "the size does not change");

/* The connection of a machine to itself is made at once. Only a firewall could delay it. */
#define CONNECT_SECONDS 10

typedef struct loopback {
    fer_tcp_listener listener;
    fer_tcp_stream writer;
    fer_tcp_stream reader;
} loopback;

/* Without Nagle's algorithm: a second byte does not wait until the first one is acknowledged (RFC
 * 9293, 3.7.4). With a linger time of 0 no port stays in TIME_WAIT. */
static fer_error set_up(fer_tcp_stream *stream)
{
    FER_TRY(fer_tcp_stream_set_nodelay(stream, true));
    FER_TRY(fer_tcp_stream_set_linger(stream, fer_duration_from_nanos(0)));
    return fer_tcp_stream_set_nonblocking(stream, true);
}

static fer_error connect_ends(loopback *made)
{
    const fer_duration time = fer_duration_from_secs(CONNECT_SECONDS);
    const fer_limits limits = {.deadline = fer_instant_after(time)};
    fer_socket_addr addr = {.ip = {.family = FER_IP_V4, .u.v4 = {{127, 0, 0, 1}}}};
    fer_socket_addr peer;
    FER_TRY(fer_tcp_listener_bind_addr(&made->listener, &addr));
    FER_TRY(fer_tcp_listener_local_addr(&made->listener, &addr));
    FER_TRY(fer_tcp_listener_set_limits(&made->listener, &limits));
    FER_TRY(fer_tcp_stream_connect_timeout(&made->writer, &addr, time));
    FER_TRY(fer_tcp_stream_local_addr(&made->writer, &addr));
    FER_TRY(fer_tcp_listener_accept(&made->listener, &made->reader, &peer));
    while (!fer_socket_addr_eq(&addr, &peer)) { /* the connection of another program */
        fer_tcp_stream_close(&made->reader);
        FER_TRY(fer_tcp_listener_accept(&made->listener, &made->reader, &peer));
    }
    FER_TRY(set_up(&made->writer));
    return set_up(&made->reader);
}

static fer_error connect_to_itself(fer_raw_socket *reader, fer_raw_socket *writer)
{
    loopback made = {.reader = {{{0}}}};
    fer_error error = connect_ends(&made);
    fer_tcp_listener_close(&made.listener);
    if (error.kind == FER_OK) {
        *reader = fer_tcp_stream_into_raw(&made.reader);
        *writer = fer_tcp_stream_into_raw(&made.writer);
    } else {
        fer_tcp_stream_close(&made.reader);
        fer_tcp_stream_close(&made.writer);
    }
    return error;
}

fer_error fer_waker_new(fer_waker *waker)
{
    fer_waker made = {.p_ = {.state_ = FERI_WAKER_OPEN, .writer_ = FER_RAW_SOCKET_NONE}};
    FERI_REQUIRE(waker != NULL && !feri_waker_is_open(waker), FER_MISUSE);
    fer_error error = ferp_token_open_pollable(&made.p_.event_, &made.p_.reader_);
    if (error.kind == FER_UNSUPPORTED) {
        error = connect_to_itself(&made.p_.reader_, &made.p_.writer_);
    }
    FER_TRY(error);
    *waker = made;
    return feri_ok();
}

static bool is_connection(const fer_waker *waker)
{
    return waker->p_.writer_ != FER_RAW_SOCKET_NONE;
}

/* The bit of order_ that says that the raw socket is readable; the others count the clears. A wake
 * sets it after its signal, unless a clear came between, which may have taken the signal. A clear
 * ends it after it has emptied the raw socket, so a wake that finds the bit is concurrent with the
 * clear that ends it. Each wake and each clear changes the word, if only to the same value. So a
 * wake happens-before its clear; a compiler and a race detector cannot see that the system orders
 * the two. */
#define WOKEN 1u

static fer_error send_byte(const fer_waker *waker)
{
    fer_error error;
    size_t n;
    do {
        error = ferp_send(waker->p_.writer_, "", 1, 0, &n);
    } while (error.kind == FER_INTERRUPTED);
    /* if the buffers of the connection are full, the waker is woken */
    return error.kind == FER_WOULD_BLOCK ? feri_ok() : error;
}

fer_error fer_waker_wake(fer_waker *waker)
{
    FERI_REQUIRE(feri_waker_is_open(waker), FER_MISUSE);
    uint32_t before = feri_atomic_add(&waker->p_.order_, 0);
    if ((before & WOKEN) != 0) {
        return feri_ok();
    }
    if (is_connection(waker)) {
        FER_TRY(send_byte(waker));
    } else {
        ferp_token_signal(&waker->p_.event_);
    }
    (void)feri_atomic_replace(&waker->p_.order_, before, before | WOKEN);
    return feri_ok();
}

fer_error fer_waker_clear(fer_waker *waker)
{
    FERI_REQUIRE(feri_waker_is_open(waker), FER_MISUSE);
    fer_error error = feri_ok();
    if (is_connection(waker)) {
        char bytes[512];
        size_t n;
        do { /* a receive that does not fill the buffer has emptied the queue */
            error = ferp_recv(waker->p_.reader_, bytes, sizeof bytes, 0, &n);
        } while (error.kind == FER_INTERRUPTED || (error.kind == FER_OK && n == sizeof bytes));
    } else {
        ferp_token_clear(&waker->p_.event_);
    }
    (void)feri_atomic_add(&waker->p_.order_, 2); /* first: a wake that it overtakes sets no bit */
    feri_atomic_change_bits(&waker->p_.order_, 0, WOKEN);
    return error.kind == FER_WOULD_BLOCK ? feri_ok() : error;
}

fer_raw_socket fer_waker_as_raw(const fer_waker *waker)
{
    return feri_waker_is_open(waker) ? waker->p_.reader_ : FER_RAW_SOCKET_NONE;
}

void fer_waker_close(fer_waker *waker)
{
    if (!feri_waker_is_open(waker)) {
        return;
    }
    waker->p_.state_ = FERI_WAKER_CLOSED;
    if (is_connection(waker)) {
        ferp_close(waker->p_.writer_);
        ferp_close(waker->p_.reader_);
    } else {
        ferp_token_close(&waker->p_.event_);
    }
}
