/* datagram_batch.c: sends and receives several datagrams in a call (rules B1 to B6, B10 to B12). */
#include "core/transfer/datagram_batch.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/transfer/datagram.h"
#include "core/wait/waiting.h"
#include "platform/messages.h"
#include "platform/platform.h"

/* ---- Sending */

#define NO_MESSAGE SIZE_MAX

/* The sends of one call. The messages before done are done. chunk has the messages for the seam,
 * from those of messages[done] on; those before at were sent. */
typedef struct send_batch {
    fer_handle *handle;
    fer_datagram_send *messages;
    size_t count;
    size_t done;
    size_t at;
    size_t filled;
    size_t moved;      /* of the last try */
    size_t uncut;      /* this message was refused with segments, and is sent without (rule B5) */
    size_t unmarked;   /* the same with an ECN codepoint (rule B6) */
    bool refuses_cuts; /* the refusal may be for all messages of the handle */
    bool has_failed;   /* the last error is one of the socket */
    bool has_dscp;     /* dscp was read */
    uint32_t dscp;
    fer_ip_family peer_family; /* 0: not read */
    struct ferp_send_message chunk[FERP_MESSAGES_MAX];
} send_batch;

static FERI_NOINLINE void query_segments(fer_handle *handle)
{
    bool on = false;
    fer_error error =
        ferp_udp_feature(handle->p_.raw_, feri_handle_family(handle), FER_UDP_SEGMENTING, &on);
    feri_atomic_change_bits(&handle->p_.flags_,
                            error.kind == FER_OK ? FERI_FLAG_SEGMENTS_ON : FERI_FLAG_SEGMENTS_OFF,
                            0);
}

/* Whether the OS cuts messages of this handle. It is queried once for each handle, because a system
 * that does not know segments may send a message of several as one datagram (Linux before 4.18,
 * net/ipv4/ip_sockglue.c, ip_cmsg_send). */
static bool os_cuts(fer_handle *handle)
{
    if (!feri_handle_has_flag(handle, FERI_FLAG_SEGMENTS_ON | FERI_FLAG_SEGMENTS_OFF)) {
        query_segments(handle);
    }
    return !feri_handle_has_flag(handle, FERI_FLAG_SEGMENTS_OFF);
}

/* The family of the packets to the peer. The peer is queried at most once. */
static FERI_NOINLINE fer_ip_family family_of_peer(send_batch *batch)
{
    fer_socket_addr peer;
    if (batch->peer_family == 0) {
        bool has_peer = feri_datagram_peer(batch->handle, &peer).kind == FER_OK;
        batch->peer_family = has_peer ? fer_ip_addr_to_canonical(peer.ip).family : FER_IP_V6;
    }
    return batch->peer_family;
}

/* The family of the packets that a message becomes. */
static fer_ip_family family_of_packets(send_batch *batch, const fer_socket_addr *to)
{
    if (!feri_handle_has_flag(batch->handle, FERI_FLAG_V6)) {
        return FER_IP_V4;
    }
    return to->ip.family != 0 ? fer_ip_addr_to_canonical(to->ip).family : family_of_peer(batch);
}

/* The local address in the form of the packets' family. FreeBSD sends from a group. */
static fer_error convert_source(fer_ip_addr from, struct ferp_send_message *out)
{
    if (from.family != 0) {
        out->from = fer_ip_addr_to_canonical(from);
        FERI_REQUIRE(out->from.family == out->family, FER_INVALID_INPUT);
        FERI_REQUIRE(!fer_ip_addr_is_multicast(out->from), FER_ADDR_NOT_AVAILABLE);
    }
    return feri_ok();
}

/* The six high bits of the socket's TOS; 0 if the system does not report it. They are read once for
 * each call, or once for a handle that is not shared: feri_set_tos forgets them. */
static FERI_NOINLINE uint32_t dscp_of(fer_handle *handle)
{
    uint32_t tos = 0;
    uint32_t flags = feri_handle_flags(handle);
    if ((flags & FERI_FLAG_DSCP_KNOWN) != 0 && !feri_handle_is_shared(handle)) {
        return (flags & FERI_DSCP) >> FERI_DSCP_SHIFT;
    }
    FER_IGNORE(feri_tos(handle, &tos));
    uint32_t bits = (tos << FERI_DSCP_SHIFT) & FERI_DSCP;
    feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_DSCP_KNOWN | bits, FERI_DSCP);
    return bits >> FERI_DSCP_SHIFT;
}

/* Bits 0 and 1 are the ECN codepoint (RFC 3168, section 5). */
static uint8_t tos_of(send_batch *batch, fer_ecn ecn)
{
    if (!batch->has_dscp) {
        batch->dscp = dscp_of(batch->handle);
        batch->has_dscp = true;
    }
    return (uint8_t)(batch->dscp | (uint32_t)ecn);
}

/* Checks a message, and stores what its datagrams have in common. The members are set one by one:
 * if gcc compiles for size, it clears a whole struct with "rep stos", which is slow to begin. */
static fer_error convert(send_batch *batch, size_t index, struct ferp_send_message *out)
{
    const fer_datagram_send *message = &batch->messages[index];
    FERI_REQUIRE(feri_is_buffer(message->buf, message->len), FER_MISUSE);
    FERI_REQUIRE(message->sent <= message->len, FER_INVALID_INPUT);
    FERI_REQUIRE((unsigned)message->ecn <= FER_ECN_CE, FER_INVALID_INPUT);
    out->to.ip.family = (fer_ip_family)0;
    out->from.family = (fer_ip_family)0;
    out->interface_index = message->interface_index;
    if (message->to != NULL) {
        FERI_REQUIRE(feri_addresses_are_valid(message->to, 1), FER_INVALID_INPUT);
        FER_TRY(feri_datagram_destination(batch->handle, message->to, &out->to));
    }
    out->family = family_of_packets(batch, &out->to);
    FER_TRY(convert_source(message->from, out));
    out->has_tos = message->ecn != FER_ECN_NOT_ECT && index != batch->unmarked &&
                   !feri_handle_has_flag(batch->handle, FERI_FLAG_ECN_OFF);
    out->tos = out->has_tos ? tos_of(batch, message->ecn) : 0;
    return feri_ok();
}

/* Sets the length of the next part of a message with left bytes: one datagram, or as many segments
 * as the OS cuts (rule B4). */
static void cut(send_batch *batch, size_t index, size_t left, struct ferp_send_message *out)
{
    size_t size = batch->messages[index].segment_size;
    out->len = size != 0 && size < left ? size : left;
    out->segment_size = 0;
    if (out->len == left || size > FERP_SEGMENTED_LENGTH_MAX / 2 || index == batch->uncut ||
        !os_cuts(batch->handle)) {
        return;
    }
    size_t most = FERP_SEGMENTED_LENGTH_MAX / size;
    size_t len = (most < FERP_SEGMENTS_MAX ? most : FERP_SEGMENTS_MAX) * size;
    out->len = len < left ? len : left;
    out->segment_size = size;
}

/* Appends the parts of a message to the chunk, as far as there is space. */
static fer_error append_parts(send_batch *batch, size_t index)
{
    const fer_datagram_send *message = &batch->messages[index];
    struct ferp_send_message *part = &batch->chunk[batch->filled];
    FER_TRY(convert(batch, index, part));
    size_t offset = message->sent;
    for (;;) {
        part->buf = message->len == 0 ? NULL : (const unsigned char *)message->buf + offset;
        cut(batch, index, message->len - offset, part);
        if (part->len > ferp_traits()->datagram_length_max) {
            return feri_own_error(FER_MESSAGE_TOO_LONG);
        }
        batch->filled++;
        offset += part->len;
        if (offset == message->len || batch->filled == FERP_MESSAGES_MAX) {
            return feri_ok();
        }
        part[1] = part[0];
        part++;
    }
}

/* A message whose bytes were all sent by an earlier call. */
static bool is_complete(const fer_datagram_send *message)
{
    return message->len != 0 && message->sent == message->len;
}

/* Makes the next chunk. The error is that of messages[done]; that of a later message is found
 * again when it is the first one. */
static FERI_HOT fer_error fill_chunk(send_batch *batch)
{
    batch->at = 0;
    batch->filled = 0;
    for (size_t i = batch->done; i < batch->count && batch->filled < FERP_MESSAGES_MAX; i++) {
        fer_error error = is_complete(&batch->messages[i]) ? feri_ok() : append_parts(batch, i);
        if (error.kind != FER_OK) {
            return batch->filled == 0 ? error : feri_ok();
        }
    }
    return feri_ok();
}

static void skip_complete(send_batch *batch)
{
    while (batch->done < batch->count && is_complete(&batch->messages[batch->done])) {
        batch->done++;
    }
}

/* A message was sent without what was refused before: the handle does without it from now on. */
static void note_refusals(send_batch *batch)
{
    uint32_t off = 0;
    off |= batch->done == batch->uncut && batch->refuses_cuts ? FERI_FLAG_SEGMENTS_OFF : 0;
    off |= batch->done == batch->unmarked ? FERI_FLAG_ECN_OFF : 0;
    if (off != 0) {
        feri_atomic_change_bits(&batch->handle->p_.flags_, off, 0);
    }
}

/* Counts what the last try has sent. */
static FERI_HOT void advance(send_batch *batch)
{
    FERI_ASSERT(batch->moved <= batch->filled - batch->at);
    for (size_t i = 0; i < batch->moved; i++) {
        fer_datagram_send *message = &batch->messages[batch->done];
        message->sent += batch->chunk[batch->at++].len;
        note_refusals(batch);
        if (message->sent == message->len) {
            batch->done++;
            skip_complete(batch);
        }
    }
}

/* Whether the failed message should be sent again at once without segments, or without its ECN
 * codepoint. MESSAGE_TOO_LONG: a segment is longer than the MTU, which a single datagram may be. */
static bool does_without(send_batch *batch, fer_error error)
{
    const struct ferp_send_message *failed = &batch->chunk[batch->at];
    bool is_refusal = error.kind == FER_INVALID_INPUT || error.kind == FER_UNSUPPORTED;
    if (failed->segment_size != 0 && (is_refusal || error.kind == FER_MESSAGE_TOO_LONG)) {
        batch->uncut = batch->done;
        batch->refuses_cuts = is_refusal;
        return true;
    }
    if (failed->has_tos && is_refusal) {
        batch->unmarked = batch->done;
        return true;
    }
    return false;
}

static fer_error try_to_send_messages(void *context, unsigned flags)
{
    send_batch *batch = context;
    return ferp_send_messages(batch->handle->p_.raw_, &batch->chunk[batch->at],
                              batch->filled - batch->at, flags, &batch->moved);
}

/* Sends at least one message of the chunk, with a timeout of its own (rule B2). */
static fer_error send_some(send_batch *batch, unsigned flags)
{
    feri_waiting waiting = feri_waiting_with_flags(batch->handle, FERP_WRITABLE, flags);
    batch->has_failed = false;
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error = feri_waiting_run(&waiting, try_to_send_messages, batch);
    batch->has_failed = waiting.has_failed;
    return error;
}

static fer_error send_messages(send_batch *batch, unsigned flags)
{
    skip_complete(batch);
    while (batch->done < batch->count) {
        if (batch->at == batch->filled) {
            FER_TRY(fill_chunk(batch));
        }
        fer_error error = send_some(batch, flags);
        if (error.kind == FER_OK) {
            advance(batch);
        } else if (!batch->has_failed) {
            return error;
        } else if (does_without(batch, error)) {
            batch->filled = batch->at; /* the chunk is made again */
        } else {
            bool has_address = batch->messages[batch->done].to != NULL;
            return feri_datagram_map_send_error(batch->handle, has_address, error);
        }
    }
    return feri_ok();
}

fer_error feri_datagram_send_batch(fer_handle *handle, fer_datagram_send *messages, size_t count,
                                   unsigned flags, size_t *n)
{
    send_batch batch;
    batch.handle = handle;
    batch.messages = messages;
    batch.count = count;
    batch.done = 0;
    batch.at = 0;
    batch.filled = 0;
    batch.uncut = NO_MESSAGE;
    batch.unmarked = NO_MESSAGE;
    batch.refuses_cuts = false;
    batch.has_dscp = false;
    batch.peer_family = (fer_ip_family)0;
    batch.dscp = 0;
    fer_error error = feri_handle_check_use(handle);
    if (error.kind == FER_OK) {
        error = feri_is_buffer(messages, count) ? send_messages(&batch, flags)
                                                : feri_own_error(FER_MISUSE);
    }
    feri_store_count(n, batch.done);
    return error;
}

/* ---- Receiving */

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
    FER_TRY(
        ferp_recv_messages(batch->handle->p_.raw_, &batch->messages[first], asked, flags, &moved));
    FERI_ASSERT(moved > 0 && moved <= asked);
    bool has_peer = feri_datagram_peer(batch->handle, &peer).kind == FER_OK;
    batch->is_empty = moved < asked && ferp_messages_per_call() > 1;
    keep_messages(batch, moved, has_peer ? &peer : NULL);
    return feri_ok();
}

/* Receives until there is a message, or the read half has ended. */
static fer_error try_to_receive_messages(void *context, unsigned flags)
{
    receive_batch *batch = context;
    fer_error error;
    do {
        error = receive_some(batch, flags);
    } while (error.kind == FER_OK && batch->received == 0 && !batch->has_ended);
    return error;
}

/* A failure after the first datagram. A datagram socket has no other use for the saved code. */
static void save_failure(fer_handle *handle, fer_error error)
{
    if (error.kind != FER_WOULD_BLOCK && error.kind != FER_INTERRUPTED) {
        feri_atomic_store((uint32_t *)&handle->p_.saved_os_code_, (uint32_t)error.os_code);
    }
}

/* The failure that an earlier batch has saved; FER_OK if there is none. */
static fer_error take_saved_failure(fer_handle *handle)
{
    uint32_t code = feri_atomic_load((uint32_t *)&handle->p_.saved_os_code_);
    bool is_taken =
        code != 0 && feri_atomic_replace((uint32_t *)&handle->p_.saved_os_code_, code, 0);
    return is_taken ? (fer_error){ferp_error_kind((int32_t)code), (int32_t)code} : feri_ok();
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
        if (error.kind != FER_OK) {
            save_failure(batch->handle, error);
            return;
        }
    }
}

static fer_error receive_messages(receive_batch *batch, unsigned flags)
{
    feri_waiting waiting = feri_waiting_with_flags(batch->handle, FERP_RECEIVABLE, flags);
    FER_TRY(feri_waiting_begin(&waiting));
    fer_error error = take_saved_failure(batch->handle);
    bool is_saved = error.kind != FER_OK;
    error = is_saved ? error : feri_waiting_run(&waiting, try_to_receive_messages, batch);
    if (is_saved || waiting.has_failed) {
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
    receive_batch batch = {handle, messages, count, 0, false, false};
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
