/* stream_io.c: the reads and writes of a stream: single ones (a try, and after "would block" a wait
 * and a retry), those that never wait, and complete transfers. */
#include "core/transfer/stream_io.h"

#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

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
    return ferp_traits()->cut_send_loses_count ? ferp_try_send(raw, buf, len, moved)
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

/* Whether a try of a stream's read or write is repeated. */

/* The longest send that XNU moves complete or not at all. It waits for room for the whole length,
 * if that is not above the low-water mark of the send buffer, MCLBYTES (uipc_socket2.c, soreserve;
 * uipc_socket.c, sosendcheck). A longer send may lack buffers after it has moved some bytes. */
#define WHOLE_SEND_MAX 2048

/* Whether a try that lacked buffers moved nothing and may be repeated. */
static bool shortage_passes(const feri_waiting *waiting, size_t len)
{
    if (!ferp_traits()->cut_send_loses_count) {
        return ferp_traits()->no_buffer_space_passes;
    }
    return ferp_traits()->no_buffer_space_passes && waiting->readiness == FERP_WRITABLE &&
           len <= WHOLE_SEND_MAX;
}

/* A shortage of buffers. Returns true if a shorter try remains; else *error is WOULD_BLOCK. */
static bool shortens(const feri_waiting *waiting, fer_error *error, size_t *len)
{
    if (error->kind != FER_NO_BUFFER_SPACE || !shortage_passes(waiting, *len)) {
        return false;
    }
    if (*len <= FERI_SHORTEST_TRY) {
        *error = feri_map_error(FERI_OPERATION_SHORTAGE, *error);
        return false;
    }
    *len = *len / 2 > FERI_SHORTEST_TRY ? *len / 2 : FERI_SHORTEST_TRY;
    return true;
}

static fer_error after_failure(const feri_waiting *waiting, fer_error error)
{
    return waiting->readiness == FERP_WRITABLE
               ? feri_stream_after_failed_write(waiting->handle, error)
               : feri_stream_after_failed_read(waiting->handle, error);
}

bool feri_should_retry(feri_waiting *waiting, fer_error *error, size_t *len)
{
    if (error->kind == FER_OK) {
        return false;
    }
    if (shortens(waiting, error, len)) {
        return true;
    }
    feri_after_try after = feri_waiting_after_try(waiting, error);
    if (after == FERI_TRY_FAILED) {
        *error = after_failure(waiting, *error);
    }
    return after == FERI_TRY_AGAIN;
}

/* The less frequent single reads and writes of a stream: peek, and the calls that never wait,
 * whatever the mode and the timeouts. */

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

/* Complete transfers: read_exact, read_to_end, write_all. They continue after a signal (rule I1)
 * unless the limits forbid it (rule I4), and a timeout applies to each read or write. */

/* Reads until the buffer is full, end of file (*ended) or an error. */
static fer_error read_until_full(fer_handle *handle, uint8_t *buf, size_t len, size_t *done,
                                 bool *ended)
{
    *done = 0;
    *ended = false;
    while (*done < len && !*ended) {
        size_t moved = 0;
        fer_error error = feri_stream_read(handle, buf + *done, len - *done, &moved);
        if (feri_ends_transfer(handle, error)) {
            return error;
        }
        FERI_ASSERT(moved <= len - *done);
        *done += moved;
        *ended = error.kind == FER_OK && moved == 0;
    }
    return feri_ok();
}

fer_error feri_stream_read_exact(fer_handle *handle, void *buf, size_t len, size_t *n)
{
    if (buf == NULL || len == 0) {
        return feri_stream_read(handle, buf, len, n);
    }
    size_t done;
    bool ended;
    fer_error error = read_until_full(handle, buf, len, &done, &ended);
    feri_store_count(n, done);
    return ended ? feri_own_error(FER_UNEXPECTED_EOF) : error;
}

/* Checks for end of file after the buffer is full. */
static fer_error expect_end(fer_handle *handle)
{
    uint8_t next;
    size_t peeked = 0;
    fer_error error;
    do {
        error = feri_stream_peek(handle, &next, 1, &peeked);
    } while (error.kind == FER_INTERRUPTED && !feri_ends_transfer(handle, error));
    return peeked > 0 ? feri_own_error(FER_BUFFER_TOO_SMALL) : error;
}

fer_error feri_stream_read_to_end(fer_handle *handle, void *buf, size_t cap, size_t *n)
{
    if (buf == NULL && cap > 0) {
        return feri_stream_read(handle, buf, cap, n);
    }
    size_t done = 0;
    bool ended = false;
    fer_error error = read_until_full(handle, buf, cap, &done, &ended);
    feri_store_count(n, done);
    if (error.kind != FER_OK || ended) {
        return error;
    }
    return expect_end(handle);
}

fer_error feri_stream_write_all(fer_handle *handle, const void *buf, size_t len, size_t *n)
{
    if (buf == NULL || len == 0) {
        return feri_stream_write(handle, buf, len, n);
    }
    size_t done = 0;
    fer_error error = feri_ok();
    while (done < len && error.kind == FER_OK) {
        size_t moved = 0;
        error = feri_stream_write(handle, (const uint8_t *)buf + done, len - done, &moved);
        FERI_ASSERT(moved <= len - done);
        done += moved;
        if (error.kind == FER_INTERRUPTED && !feri_ends_transfer(handle, error)) {
            error = feri_ok();
        } else if (error.kind == FER_OK && moved == 0) {
            error = feri_own_error(FER_WRITE_ZERO);
        }
    }
    feri_store_count(n, done);
    return error;
}
