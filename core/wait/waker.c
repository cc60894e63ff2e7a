/* waker.c: wakers (rule P14), without the call that makes them (core/api/waker.c). If the system's
 * event of a cancel token is a descriptor, a waker is one. Otherwise it is a connection whose
 * writing end sends a byte. */
#include "core/wait/waker.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "platform/platform.h"

_Static_assert(sizeof(fer_waker) == 64, "the size does not change");

static bool is_connection(const fer_waker *waker)
{
    return waker->p_.writer_ != FER_RAW_SOCKET_NONE;
}

/* If the buffers of the connection are full, the waker is woken. */
static fer_error send_byte(fer_raw_socket writer)
{
    fer_error error;
    size_t n;
    do {
        error = ferp_send(writer, "", 1, FERP_DONTWAIT, &n);
    } while (error.kind == FER_INTERRUPTED);
    return error.kind == FER_WOULD_BLOCK ? feri_ok() : error;
}

/* A receive that does not fill the buffer has emptied the queue. */
static fer_error receive_all(fer_raw_socket reader)
{
    char bytes[512];
    fer_error error;
    size_t n;
    do {
        error = ferp_recv(reader, bytes, sizeof bytes, FERP_DONTWAIT, &n);
    } while (error.kind == FER_INTERRUPTED || (error.kind == FER_OK && n == sizeof bytes));
    return error.kind == FER_WOULD_BLOCK ? feri_ok() : error;
}

/* A compiler and a race detector cannot see that the system orders a wake and the clear after it.
 * The word does. */
fer_error fer_waker_wake(fer_waker *waker)
{
    FERI_REQUIRE(feri_waker_is_open(waker), FER_MISUSE);
    feri_atomic_touch(&waker->p_.order_);
    if (is_connection(waker)) {
        return send_byte(waker->p_.writer_);
    }
    ferp_token_signal(&waker->p_.event_);
    return feri_ok();
}

fer_error fer_waker_clear(fer_waker *waker)
{
    FERI_REQUIRE(feri_waker_is_open(waker), FER_MISUSE);
    fer_error error = feri_ok();
    if (is_connection(waker)) {
        error = receive_all(waker->p_.reader_);
    } else {
        ferp_token_clear(&waker->p_.event_);
    }
    (void)feri_atomic_load(&waker->p_.order_);
    return error;
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
