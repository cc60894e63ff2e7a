/* handles.c: sends and receives sockets and other files over Unix sockets. Each call is a write, a
 * read, or one datagram, with its checks, waits and limits. */
#include "core/transfer/handles.h"

#include <stdbool.h>

#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/open/unix_opening.h"
#include "core/transfer/datagram.h"
#include "core/transfer/stream_io.h"
#include "core/wait/waiting.h"
#include "platform/platform.h"

/* ---- Sending */

typedef struct send_handles_call {
    feri_call call; /* WRITABLE */
    struct ferp_sent_handles message;
    size_t sent;
} send_handles_call;

/* A stream's send that lacked buffers, which may be free later, moved nothing and is repeated, as
 * in stream_io.c. */
static fer_error try_to_send_handles(feri_call *of, unsigned flags)
{
    send_handles_call *call = (send_handles_call *)of;
    const fer_handle *handle = of->handle;
    fer_error error = ferp_unix_send_handles(handle->p_.raw_, &call->message, flags, &call->sent);
    bool may_be_repeated = !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM) &&
                           ferp_traits()->no_buffer_space_is_transient;
    return may_be_repeated ? feri_map_error(FERI_OPERATION_SHORTAGE, error) : error;
}

/* Handles go with a byte: macOS and the BSDs may lose them otherwise (unix(7), SCM_RIGHTS). */
static fer_error check_and_send(send_handles_call *call, bool needs_os)
{
    const struct ferp_sent_handles *message = &call->message;
    FERI_REQUIRE(message->count <= FER_UNIX_HANDLES_MAX, FER_INVALID_INPUT);
    FERI_REQUIRE(message->len > 0 || message->count == 0, FER_INVALID_INPUT);
    return needs_os ? feri_run_on(&call->call, try_to_send_handles, NULL) : feri_ok();
}

/* One send moves complete or not at all, if the count of another may be lost. */
fer_error feri_stream_send_handles(fer_handle *handle, const struct ferp_sent_handles *message,
                                   unsigned flags, size_t *n)
{
    send_handles_call call = {
        .call = {.handle = handle, .readiness = FERP_WRITABLE, .flags = flags},
        .message = *message};
    bool is_valid = feri_is_buffer(message->buf, message->len) &&
                    feri_is_buffer(message->handles, message->count);
    bool needs_os;
    feri_store_count(n, 0);
    FER_TRY(feri_stream_check_transfer(handle, FERI_REQUEST_WRITE, is_valid, &call.message.len,
                                       &needs_os));
    if (ferp_traits()->cut_send_loses_count && call.message.len > FERI_WHOLE_SEND_MAX) {
        call.message.len = FERI_WHOLE_SEND_MAX;
    }
    fer_error error = check_and_send(&call, needs_os);
    if (call.call.is_socket_error) {
        error = feri_stream_after_failed_write(handle, error);
    }
    feri_store_count(n, call.sent);
    return error;
}

fer_error feri_datagram_send_handles(fer_handle *handle, const struct ferp_sent_handles *message,
                                     size_t *n)
{
    send_handles_call call = {.call = {.handle = handle, .readiness = FERP_WRITABLE},
                              .message = *message};
    feri_store_count(n, 0);
    FER_TRY(feri_datagram_check_send(handle, message->buf, message->len));
    FERI_REQUIRE(feri_is_buffer(message->handles, message->count), FER_MISUSE);
    if (message->to != NULL) {
        /* as in feri_unix_datagram_send_to */
        FERI_REQUIRE(!feri_handle_has_flag(handle, FERI_FLAG_FOREIGN), FER_INVALID_INPUT);
        FER_TRY(feri_check_unix_name(message->to));
    }
    fer_error error = check_and_send(&call, true);
    feri_store_count(n, call.sent);
    return error;
}

/* ---- Receiving */

typedef struct receive_handles_call {
    feri_call call;
    struct ferp_received_handles *message;
} receive_handles_call;

static fer_error try_to_receive_handles(feri_call *of, unsigned flags)
{
    const receive_handles_call *call = (const receive_handles_call *)of;
    return ferp_unix_recv_handles(of->handle->p_.raw_, call->message, flags);
}

static void store_handles_received(const struct ferp_received_handles *message,
                                   fer_unix_received_handles *out)
{
    *out = (fer_unix_received_handles){message->moved, message->count, message->handles_truncated,
                                       message->truncated, message->from};
}

static bool is_receivable(const struct ferp_received_handles *message,
                          const fer_unix_received_handles *out)
{
    return out != NULL && feri_is_buffer(message->buf, message->len) &&
           feri_is_buffer(message->handles, message->cap);
}

fer_error feri_stream_recv_handles(fer_handle *handle, struct ferp_received_handles *message,
                                   unsigned flags, fer_unix_received_handles *out)
{
    bool needs_os;
    FER_TRY(feri_stream_check_transfer(handle, FERI_REQUEST_READ, is_receivable(message, out),
                                       &message->len, &needs_os));
    FERI_REQUIRE(message->len > 0, FER_INVALID_INPUT);
    if (needs_os) {
        receive_handles_call call = {{.handle = handle, .readiness = FERP_READABLE, .flags = flags},
                                     message};
        fer_error error = feri_run_on(&call.call, try_to_receive_handles, NULL);
        if (call.call.is_socket_error) {
            error = feri_stream_after_failed_read(handle, error);
        }
        FER_TRY(error);
        if (message->moved == 0) {
            FER_TRY(feri_stream_after_end(handle));
        }
    }
    store_handles_received(message, out);
    out->from = (fer_unix_addr){0};
    out->truncated = false;
    return feri_ok();
}

fer_error feri_datagram_recv_handles(fer_handle *handle, struct ferp_received_handles *message,
                                     fer_unix_received_handles *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    FERI_REQUIRE(is_receivable(message, out), FER_MISUSE);
    FERI_REQUIRE(message->len > 0, FER_INVALID_INPUT);
    message->len = feri_clamp_datagram(message->len);
    message->is_datagram = true;
    receive_handles_call call = {{.handle = handle, .readiness = FERP_RECEIVABLE}, message};
    FER_TRY(feri_run_on(&call.call, try_to_receive_handles, NULL));
    store_handles_received(message, out);
    return feri_ok();
}
