/* stream_try.c: the less frequent single reads and writes of a stream: peek, and the calls that
 * never wait, whatever the mode and the timeouts. */
#include "core/handle/handle.h"
#include "core/handle/stream_request.h"
#include "core/handle/stream_result.h"
#include "core/transfer/retry.h"
#include "core/transfer/stream_io.h"
#include "core/wait/waiting.h"

/* The handle may have limits. */
static fer_error peek_once(fer_handle *handle, void *buf, size_t len, size_t *moved)
{
    feri_waiting waiting = feri_waiting_to(handle, FERP_READABLE);
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error;
    do {
        error = feri_waiting_tries_may_wait(&waiting)
                    ? ferp_peek(handle->p_.raw_, buf, len, moved)
                    : ferp_try_recv(handle->p_.raw_, buf, len, FERP_PEEK, moved);
    } while (feri_should_retry(&waiting, &error, &len));
    return error;
}

static fer_error try_once(fer_handle *handle, void *buf, size_t len, ferp_recv_mode recv_mode,
                          size_t *moved)
{
    feri_waiting never = feri_waiting_with(FERI_WAIT_NEVER, handle, FERP_READABLE);
    fer_error error;
    do {
        error = ferp_try_recv(handle->p_.raw_, buf, len, recv_mode, moved);
    } while (feri_should_retry(&never, &error, &len));
    return error;
}

static fer_error try_write_once(fer_handle *handle, const void *buf, size_t len, size_t *moved)
{
    feri_waiting never = feri_waiting_with(FERI_WAIT_NEVER, handle, FERP_WRITABLE);
    fer_error error;
    do {
        error = ferp_try_send(handle->p_.raw_, buf, len, moved);
    } while (feri_should_retry(&never, &error, &len));
    return error;
}

enum kind { PEEK, TRY_READ, TRY_PEEK };

static fer_error read_as_kind(fer_handle *handle, void *buf, size_t len, enum kind kind, size_t *n)
{
    size_t moved = 0;
    bool needs_os = true;
    fer_error error = feri_ok();
    if (!feri_stream_is_ready_for_os(handle, feri_is_valid_buffer(buf, len), len)) {
        error = feri_stream_check_read(handle, feri_is_valid_buffer(buf, len), len, &needs_os);
    }
    if (needs_os) {
        len = feri_clamp_length(len);
        error = kind == PEEK
                    ? peek_once(handle, buf, len, &moved)
                    : try_once(handle, buf, len, kind == TRY_READ ? FERP_RECV : FERP_PEEK, &moved);
        error = feri_stream_after_read(handle, error, moved);
    }
    feri_store_count(n, moved);
    return error;
}

fer_error feri_stream_peek(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    return read_as_kind(handle, buf, len, PEEK, n);
}

fer_error feri_stream_try_read(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    return read_as_kind(handle, buf, len, TRY_READ, n);
}

fer_error feri_stream_try_peek(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    return read_as_kind(handle, buf, len, TRY_PEEK, n);
}

fer_error feri_stream_try_write(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    size_t moved = 0;
    bool needs_os = true;
    fer_error error = feri_ok();
    if (!feri_stream_is_ready_for_os(handle, feri_is_valid_buffer(buf, len), len)) {
        error = feri_stream_check_write(handle, feri_is_valid_buffer(buf, len), len, &needs_os);
    }
    if (needs_os) {
        error = try_write_once(handle, buf, feri_clamp_length(len), &moved);
    }
    feri_store_count(n, moved);
    return error;
}
