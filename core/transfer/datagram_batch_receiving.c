/* datagram_batch_receiving.c: receives several datagrams in a call (rules B3, B8, B10 to B12). */
#include "core/transfer/datagram.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/wait/waiting.h"
#include "platform/messages.h"
#include "platform/platform.h"

/* The messages of the first receive of a call, while datagrams are coalesced. */
#define COALESCED_MESSAGES 4

/* The receives of one call. The first `received` messages are the result. */
typedef struct receive_batch {
    fer_handle *handle;
    fer_datagram_recv *messages;
    size_t count;
    size_t received;
    bool is_empty;  /* the queue was empty after the last try */
    bool has_ended; /* the read half is shut down */
    bool was_tried; /* feri_datagram_receives_again */
} receive_batch;

/* Gives the addresses the form of the socket's family. */
static void map_addresses(const fer_handle *handle, fer_datagram_recv *message)
{
    if (!feri_handle_has_flag(handle, FERI_FLAG_V6)) {
        return;
    }
    fer_socket_addr local = {.ip = message->local_ip};
    feri_datagram_map_to_family(handle, &message->from);
    feri_datagram_map_to_family(handle, &local);
    message->local_ip = local.ip;
}

/* Keeps a received message, if it is the peer's, as the next one of the result. It changes places
 * with a dropped one, buffers included. */
static void keep(receive_batch *batch, size_t index, const fer_socket_addr *peer)
{
    fer_datagram_recv *found = &batch->messages[index];
    fer_datagram_recv *next = &batch->messages[batch->received];
    map_addresses(batch->handle, found);
    if (peer == NULL || feri_datagram_is_same_end(peer, &found->from)) {
        if (found != next) {
            fer_datagram_recv dropped = *next;
            *next = *found;
            *found = dropped;
        }
        batch->received++;
    }
}

/* Keeps those of the peer; of all senders if peer is NULL. */
static FERI_HOT void keep_messages(receive_batch *batch, size_t count, const fer_socket_addr *peer)
{
    size_t first = batch->received;
    for (size_t i = first; i < first + count && !batch->has_ended; i++) {
        batch->has_ended = batch->messages[i].from.ip.family == 0;
        if (!batch->has_ended) {
            keep(batch, i, peer);
        }
    }
}

/* The maximum number of messages of the next receive. A coalesced message has up to 64 KiB, so few
 * are queued. The headers of messages that are not there would be made in vain. */
static size_t messages_max(const receive_batch *batch)
{
    bool is_first = batch->received == 0;
    return is_first && feri_handle_has_flag(batch->handle, FERI_FLAG_COALESCING)
               ? COALESCED_MESSAGES
               : FERP_MESSAGES_MAX;
}

/* One receive. The messages of other senders than the peer are dropped. */
static fer_error receive_some(receive_batch *batch, unsigned flags)
{
    fer_socket_addr peer;
    size_t moved = 0;
    size_t first = batch->received;
    size_t left = batch->count - first;
    size_t most = messages_max(batch);
    size_t asked = left < most ? left : most;
    FER_TRY(ferp_recv_messages(feri_modes_raw(batch->handle), &batch->messages[first], asked, flags,
                               &moved));
    FERI_ASSERT(moved > 0 && moved <= asked);
    bool has_peer = feri_datagram_peer(batch->handle, &peer).kind == FER_OK;
    batch->is_empty = moved < asked && ferp_messages_per_call() > 1;
    keep_messages(batch, moved, has_peer ? &peer : NULL);
    return feri_ok();
}

/* Receives until there is a message, or the read half has ended. A failure that was saved precedes
 * them, and limits precede it (rule K1). */
static fer_error try_to_receive_messages(void *context, unsigned flags)
{
    receive_batch *batch = context;
    fer_error error;
    FER_TRY(feri_datagram_take_failure(batch->handle));
    do {
        error = receive_some(batch, flags);
    } while (error.kind == FER_OK
                 ? batch->received == 0 && !batch->has_ended
                 : feri_datagram_receives_again(batch->handle, &error, &batch->was_tried));
    return error;
}

/* A message without bytes, from the peer. */
static void store_end_message(receive_batch *batch)
{
    fer_datagram_recv *end = &batch->messages[0];
    *end = (fer_datagram_recv){.buf = end->buf, .cap = end->cap};
    FER_IGNORE(feri_datagram_peer(batch->handle, &end->from));
    batch->received = 1;
}

/* Receives the messages that are queued behind the first ones, and never waits. */
static void receive_rest(receive_batch *batch)
{
    while (batch->received < batch->count && !batch->is_empty && !batch->has_ended) {
        fer_error error = receive_some(batch, FERP_DONTWAIT);
        if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
            return;
        }
        if (error.kind != FER_OK && !feri_datagram_is_report(error)) {
            feri_datagram_save_failure(batch->handle, error);
            return;
        }
    }
}

static fer_error receive_messages(receive_batch *batch, unsigned flags)
{
    feri_waiting waiting = {.handle = batch->handle, .readiness = FERP_RECEIVABLE, .flags = flags};
    fer_error error = feri_waiting_run(&waiting, try_to_receive_messages, batch);
    if (waiting.has_failed) {
        return feri_map_error(FERI_OPERATION_DATAGRAM, error);
    }
    FER_TRY(error);
    if (batch->received == 0) {
        store_end_message(batch);
    } else {
        receive_rest(batch);
    }
    return feri_ok();
}

static fer_error check_receive(const receive_batch *batch)
{
    FER_TRY(feri_handle_check_use(batch->handle));
    FERI_REQUIRE(feri_is_buffer(batch->messages, batch->count), FER_MISUSE);
    for (size_t i = 0; i < batch->count; i++) {
        FERI_REQUIRE(feri_is_buffer(batch->messages[i].buf, batch->messages[i].cap), FER_MISUSE);
    }
    return feri_ok();
}

fer_error feri_datagram_receive_batch(fer_handle *handle, fer_datagram_recv *messages, size_t count,
                                      unsigned flags, size_t *n)
{
    receive_batch batch = {handle, messages, count, 0, false, false, false};
    fer_error error = check_receive(&batch);
    if (error.kind == FER_OK && count > 0) {
        bool is_shut = !feri_handle_is_fast_path(handle) &&
                       feri_handle_answer(handle, FERI_REQUEST_READ) == FERI_ANSWER_END;
        if (is_shut) {
            store_end_message(&batch);
        } else {
            error = receive_messages(&batch, flags);
        }
    }
    feri_store_count(n, batch.received);
    return error;
}
