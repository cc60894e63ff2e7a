/* stream_io.c: single reads and writes of a stream: a try, and after "would block" a wait and a
 * retry. */
#include "core/transfer/stream_io.h"

#include "core/base/cold.h"
#include "core/base/facts.h"
#include "core/base/operation_error.h"
#include "core/handle/handle.h"
#include "core/handle/stream_request.h"
#include "core/handle/stream_result.h"
#include "core/transfer/retry.h"
#include "core/wait/waiting.h"

/* ---- Reading. The common case shares no code with the others, so that they cost it nothing (rule
 * K5). It stores its arguments for them in memory, which costs half of saving them in registers. */

typedef struct read_call {
    fer_handle *handle;
    void *buf;
    size_t len;
    size_t *n;
} read_call;

/* After a first try that failed. */
FERI_COLD static fer_error read_again(const read_call *call, fer_error error)
{
    size_t moved = 0;
    size_t len = call->len;
    feri_waiting waiting = feri_waiting_to(call->handle, FERP_READABLE);
    while (feri_should_retry(&waiting, &error, &len)) {
        error = ferp_recv(call->handle->p_.raw_, call->buf, len, &moved);
    }
    error = feri_stream_after_read(call->handle, error, moved);
    feri_store_count(call->n, moved);
    return error;
}

/* After a first try that found the end of file. */
FERI_COLD static fer_error read_end(const read_call *call)
{
    feri_store_count(call->n, 0);
    return feri_stream_after_end(call->handle);
}

/* The handle may have limits. */
static fer_error read_by_mode(fer_handle *handle, void *buf, size_t len, size_t *moved)
{
    feri_waiting waiting = feri_waiting_to(handle, FERP_READABLE);
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error;
    do {
        error = feri_waiting_tries_may_wait(&waiting)
                    ? ferp_recv(handle->p_.raw_, buf, len, moved)
                    : ferp_try_recv(handle->p_.raw_, buf, len, FERP_RECV, moved);
    } while (feri_should_retry(&waiting, &error, &len));
    return error;
}

FERI_COLD static fer_error read_checked(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    size_t moved = 0;
    bool needs_os;
    fer_error error =
        feri_stream_check_read(handle, feri_is_valid_buffer(buf, len), len, &needs_os);
    if (needs_os) {
        error = read_by_mode(handle, buf, feri_clamp_length(len), &moved);
        error = feri_stream_after_read(handle, error, moved);
    }
    feri_store_count(n, moved);
    return error;
}

FERI_HOT fer_error feri_stream_read(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    if (!feri_stream_is_ready_for_os(handle, buf != NULL, len)) {
        return read_checked(handle, buf, len, n);
    }
    read_call call = {handle, buf, len, n};
    size_t moved = 0;
    fer_error error = ferp_recv(handle->p_.raw_, buf, len, &moved);
    if (feri_rare(error.kind != FER_OK)) {
        return read_again(&call, error);
    }
    if (feri_rare(moved == 0)) {
        return read_end(&call);
    }
    feri_store_count(call.n, moved);
    return feri_ok();
}

/* ---- Writing, in the same way */

/* A send that may wait, if the system reports the count of one that is cut off. */
static fer_error send_first(fer_raw_socket raw, const void *buf, size_t len, size_t *moved)
{
    return feri_cut_send_loses_count() ? ferp_try_send(raw, buf, len, moved)
                                       : ferp_send(raw, buf, len, moved);
}

typedef struct write_call {
    fer_handle *handle;
    const void *buf;
    size_t len;
    size_t *n;
} write_call;

FERI_COLD static fer_error write_again(const write_call *call, fer_error error)
{
    size_t moved = 0;
    size_t len = call->len;
    feri_waiting waiting = feri_waiting_to(call->handle, FERP_WRITABLE);
    while (feri_should_retry(&waiting, &error, &len)) {
        error = send_first(call->handle->p_.raw_, call->buf, len, &moved);
    }
    feri_store_count(call->n, moved);
    return error;
}

static fer_error write_by_mode(fer_handle *handle, const void *buf, size_t len, size_t *moved)
{
    feri_waiting waiting = feri_waiting_to(handle, FERP_WRITABLE);
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error;
    do {
        error = feri_waiting_tries_may_wait(&waiting)
                    ? ferp_send(handle->p_.raw_, buf, len, moved)
                    : ferp_try_send(handle->p_.raw_, buf, len, moved);
    } while (feri_should_retry(&waiting, &error, &len));
    return error;
}

FERI_COLD static fer_error write_checked(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    size_t moved = 0;
    bool needs_os;
    fer_error error =
        feri_stream_check_write(handle, feri_is_valid_buffer(buf, len), len, &needs_os);
    if (needs_os) {
        error = write_by_mode(handle, buf, feri_clamp_length(len), &moved);
    }
    feri_store_count(n, moved);
    return error;
}

FERI_HOT fer_error feri_stream_write(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    if (!feri_stream_is_ready_for_os(handle, buf != NULL, len)) {
        return write_checked(handle, buf, len, n);
    }
    write_call call = {handle, buf, len, n};
    size_t moved = 0;
    fer_error error = send_first(handle->p_.raw_, buf, len, &moved);
    if (feri_rare(error.kind != FER_OK)) {
        return write_again(&call, error);
    }
    feri_store_count(call.n, moved);
    return feri_ok();
}

fer_error feri_stream_take_error(fer_handle *handle, fer_error *out)
{
    if (out == NULL) {
        return feri_own_error(FER_MISUSE);
    }
    fer_error error;
    bool was_connecting =
        feri_handle_answer(handle, FERI_REQUEST_TAKE_ERROR) == FERI_ANSWER_CHECK_CONNECT;
    feri_answer answer = feri_stream_answer(handle, FERI_REQUEST_TAKE_ERROR, &error);
    if (answer == FERI_ANSWER_CHECK_CONNECT) {
        answer = feri_handle_answer(handle, FERI_REQUEST_TAKE_ERROR);
    }
    if (answer == FERI_ANSWER_SAVED_ERROR || (answer == FERI_ANSWER_END && was_connecting)) {
        /* the connect has just failed, or the connection was reset before any call */
        *out = feri_handle_saved_error(handle);
        return feri_ok();
    }
    FER_TRY(error);
    fer_error pending = feri_ok();
    if (answer == FERI_ANSWER_END) {
        *out = pending;
        return pending;
    }
    FER_TRY(ferp_take_error(handle->p_.raw_, &pending));
    if (pending.kind != FER_OK) {
        pending = feri_map_error(FERI_OPERATION_WRITE, pending);
        (void)feri_stream_after_failed_write(handle, pending);
    }
    *out = pending;
    return feri_ok();
}
