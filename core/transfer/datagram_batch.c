/* datagram_batch.c: sends and receives several datagrams in a call (rules B1 to B8, B10 to B12). */
#include "core/transfer/datagram.h"

#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/opening.h"
#include "core/wait/waiting.h"
#include "platform/messages.h"

#define NO_MESSAGE SIZE_MAX

/* A segment of this length fits in the least MTU of IPv6, 1280 bytes (RFC 8200, section 5), with
 * the headers of IPv6 and UDP. */
#define FITTING_SEGMENT 1232

/* The messages of the first receive of a call, while datagrams are coalesced. */
#define COALESCED_MESSAGES 4

/* The sends of one call. The messages before done are done. chunk has the messages for the seam,
 * from those of messages[done] on; those before at were sent. */
typedef struct send_batch {
    feri_call call; /* WRITABLE */
    fer_datagram_send *messages;
    size_t count;
    size_t done;
    size_t at;
    size_t filled;
    size_t moved;      /* of the last try */
    size_t uncut;      /* this message was refused with segments, and is sent without (rule B5) */
    size_t unmarked;   /* the same with an ECN codepoint (rule B6) */
    bool refuses_cuts; /* the refusal may be for all messages of the handle */
    unsigned reports;  /* feri_datagram_sends_again */
    bool has_dscp;     /* dscp was read */
    uint32_t dscp;
    fer_ip_family peer_family; /* 0: not read */
    struct ferp_send_message chunk[FERP_MESSAGES_MAX];
} send_batch;

/* ---- Sending */

/* Whether the OS cuts messages of this handle. It is queried once for each handle, because a system
 * that does not know segments may send a message of several as one datagram (Linux before 4.18,
 * net/ipv4/ip_sockglue.c, ip_cmsg_send). */
static bool os_cuts(fer_handle *handle)
{
    if (!feri_handle_has_flag(handle, FERI_FLAG_SEGMENTS_ON | FERI_FLAG_SEGMENTS_OFF)) {
        bool on = false;
        fer_error error = ferp_udp_feature(feri_modes_raw(handle), feri_handle_family(handle),
                                           FER_UDP_SEGMENTING, &on);
        uint32_t known = error.kind == FER_OK ? FERI_FLAG_SEGMENTS_ON : FERI_FLAG_SEGMENTS_OFF;
        feri_atomic_change_bits(&handle->p_.flags_, known, 0);
    }
    return !feri_handle_has_flag(handle, FERI_FLAG_SEGMENTS_OFF);
}

/* The family of the packets to the peer. The peer is queried at most once. */
static fer_ip_family family_of_peer(send_batch *batch)
{
    fer_socket_addr peer;
    if (batch->peer_family == 0) {
        bool has_peer = feri_datagram_peer(batch->call.handle, &peer).kind == FER_OK;
        batch->peer_family = has_peer ? fer_ip_addr_to_canonical(peer.ip).family : FER_IP_V6;
    }
    return batch->peer_family;
}

/* Without a traffic class of the message, the six high bits of the socket's TOS are those of the
 * messages; 0 if the system does not report it. Bits 0 and 1 are the ECN codepoint (RFC 3168,
 * section 5). */
static uint8_t tos_of(send_batch *batch, const fer_datagram_send *message)
{
    if (message->has_traffic_class) {
        return message->ecn == FER_ECN_NOT_ECT
                   ? message->traffic_class
                   : (uint8_t)((message->traffic_class & 0xfc) | (uint32_t)message->ecn);
    }
    if (!batch->has_dscp) {
        uint32_t tos = 0;
        FER_IGNORE(feri_option_of_family(batch->call.handle, FERP_TOS_V4, FERP_TCLASS_V6, &tos));
        batch->dscp = tos & 0xfc;
        batch->has_dscp = true;
    }
    return (uint8_t)(batch->dscp | (uint32_t)message->ecn);
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
        FER_TRY(feri_datagram_destination(batch->call.handle, message->to, &out->to));
    }
    /* the family of the packets that the message becomes */
    if (!feri_handle_has_flag(batch->call.handle, FERI_FLAG_V6)) {
        out->family = FER_IP_V4;
    } else {
        out->family = message->to != NULL ? fer_ip_addr_to_canonical(out->to.ip).family
                                          : family_of_peer(batch);
    }
    /* An unspecified local address is none, whatever its family. FreeBSD sends from a group. */
    fer_ip_addr from = message->from;
    if (from.family != 0 && !fer_ip_addr_is_unspecified(fer_ip_addr_to_canonical(from))) {
        out->from = fer_ip_addr_to_canonical(from);
        FERI_REQUIRE(out->from.family == out->family, FER_INVALID_INPUT);
        FERI_REQUIRE(!fer_ip_addr_is_multicast(out->from), FER_ADDR_NOT_AVAILABLE);
    }
    out->hop_limit = message->hop_limit;
    out->needs_tos = message->has_traffic_class;
    out->has_tos = out->needs_tos || (message->ecn != FER_ECN_NOT_ECT && index != batch->unmarked &&
                                      !feri_handle_has_flag(batch->call.handle, FERI_FLAG_ECN_OFF));
    out->tos = out->has_tos ? tos_of(batch, message) : 0;
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
        !os_cuts(batch->call.handle)) {
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
        FERI_REQUIRE(part->len <= ferp_traits()->datagram_length_max, FER_MESSAGE_TOO_LONG);
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

/* Counts what the last try has sent. If a message was sent without what was refused before, the
 * handle does without it from now on. */
static void advance(send_batch *batch)
{
    FERI_ASSERT(batch->moved <= batch->filled - batch->at);
    for (size_t i = 0; i < batch->moved; i++) {
        fer_datagram_send *message = &batch->messages[batch->done];
        message->sent += batch->chunk[batch->at++].len;
        uint32_t off = 0;
        off |= batch->done == batch->uncut && batch->refuses_cuts ? FERI_FLAG_SEGMENTS_OFF : 0;
        off |= batch->done == batch->unmarked ? FERI_FLAG_ECN_OFF : 0;
        if (off != 0) {
            feri_atomic_change_bits(&batch->call.handle->p_.flags_, off, 0);
        }
        if (message->sent == message->len) {
            batch->done++;
            skip_complete(batch);
        }
    }
}

/* Whether the failed message should be sent again at once without segments, or without its ECN
 * codepoint. A segment that is longer than the MTU, which a single datagram may be, is
 * MESSAGE_TOO_LONG on Linux since about 6.14, and INVALID_INPUT before (EMSGSIZE, EINVAL;
 * net/ipv4/udp.c, udp_send_skb). So INVALID_INPUT is a refusal of all segments only if they fit. */
static bool does_without(send_batch *batch, fer_error error)
{
    const struct ferp_send_message *failed = &batch->chunk[batch->at];
    bool is_refusal = error.kind == FER_INVALID_INPUT || error.kind == FER_UNSUPPORTED;
    if (failed->segment_size != 0 && (is_refusal || error.kind == FER_MESSAGE_TOO_LONG)) {
        batch->uncut = batch->done;
        batch->refuses_cuts = error.kind == FER_UNSUPPORTED ||
                              (is_refusal && failed->segment_size <= FITTING_SEGMENT);
        return true;
    }
    if (failed->has_tos && !failed->needs_tos && is_refusal) {
        /* if the single datagram was refused too, its segments were not the reason */
        batch->uncut = NO_MESSAGE;
        batch->unmarked = batch->done;
        return true;
    }
    return false;
}

/* Only one message is sent by a call that may wait: Linux drops a signal and an expired timeout
 * behind the first message (net/socket.c, __sys_sendmmsg), and each message has a timeout of its
 * own (rules B2, B12). */
static fer_error send_some(send_batch *batch, unsigned flags)
{
    fer_raw_socket raw = feri_modes_raw(batch->call.handle);
    const struct ferp_send_message *messages = &batch->chunk[batch->at];
    size_t count = batch->filled - batch->at;
    if (count > 1 && (flags & FERP_DONTWAIT) == 0 && ferp_messages_per_call() > 1) {
        fer_error error =
            ferp_send_messages(raw, messages, count, flags | FERP_DONTWAIT, &batch->moved);
        if (error.kind != FER_WOULD_BLOCK) {
            return error;
        }
        count = 1;
    }
    return ferp_send_messages(raw, messages, count, flags, &batch->moved);
}

/* does_without decides about a message with segments. */
static fer_error try_to_send_messages(feri_call *of, unsigned flags)
{
    send_batch *batch = (send_batch *)of;
    fer_error error = send_some(batch, flags);
    if (error.kind == FER_OK) {
        batch->reports = 0;
        return error;
    }
    return batch->chunk[batch->at].segment_size == 0 &&
                   feri_datagram_sends_again(of->handle, &batch->reports, error)
               ? feri_discard(of)
               : error;
}

/* Each try sends at least one message of the chunk, with a timeout of its own (rule B2). */
static fer_error send_messages(send_batch *batch)
{
    FER_TRY(feri_handle_check_use(batch->call.handle));
    FERI_REQUIRE(feri_is_buffer(batch->messages, batch->count), FER_MISUSE);
    skip_complete(batch);
    while (batch->done < batch->count) {
        if (batch->at == batch->filled) {
            FER_TRY(fill_chunk(batch));
        }
        fer_error error = feri_run(&batch->call, batch->call.handle, FERP_WRITABLE, true,
                                   batch->call.flags, try_to_send_messages, feri_run_on);
        if (error.kind == FER_OK) {
            advance(batch);
        } else if (!batch->call.is_socket_error) {
            return error;
        } else if (does_without(batch, error)) {
            batch->filled = batch->at; /* the chunk is made again */
        } else {
            const fer_datagram_send *message = &batch->messages[batch->done];
            return feri_datagram_map_send_error(batch->call.handle, message->to,
                                                batch->chunk[batch->at].len, error);
        }
    }
    return feri_ok();
}

fer_error feri_datagram_send_batch(fer_handle *handle, fer_datagram_send *messages, size_t count,
                                   unsigned flags, size_t *n)
{
    send_batch batch;
    batch.call.handle = handle;
    batch.call.flags = flags;
    batch.messages = messages;
    batch.count = count;
    batch.done = 0;
    batch.at = 0;
    batch.filled = 0;
    batch.uncut = NO_MESSAGE;
    batch.unmarked = NO_MESSAGE;
    batch.refuses_cuts = false;
    batch.reports = 0;
    batch.has_dscp = false;
    batch.peer_family = (fer_ip_family)0;
    batch.dscp = 0;
    fer_error error = send_messages(&batch);
    feri_store_count(n, batch.done);
    return error;
}

/* ---- Receiving */

/* The receives of one call. The first `received` messages are the result. */
typedef struct receive_batch {
    feri_call call; /* RECEIVABLE */
    fer_datagram_recv *messages;
    size_t count;
    size_t received;
    bool has_emptied_queue; /* the last receive returned fewer messages than it had buffers */
    bool has_ended;         /* the read half is shut down */
    bool was_retried;       /* feri_datagram_receives_again */
} receive_batch;

/* Keeps the received messages of the peer, of all senders if peer is NULL, as the next ones of the
 * result. They change places with dropped ones, buffers included. Their addresses get the form of
 * the socket's family. */
static void keep_messages(receive_batch *batch, size_t count, const fer_socket_addr *peer)
{
    size_t end = batch->received + count;
    for (size_t i = batch->received; i < end; i++) {
        fer_datagram_recv *found = &batch->messages[i];
        fer_datagram_recv *next = &batch->messages[batch->received];
        if (found->from.ip.family == 0) { /* no sender: the read half is shut down */
            batch->has_ended = true;
            return;
        }
        if (feri_handle_has_flag(batch->call.handle, FERI_FLAG_V6)) {
            fer_socket_addr local = {.ip = found->local_ip};
            feri_datagram_map_to_family(batch->call.handle, &found->from);
            feri_datagram_map_to_family(batch->call.handle, &local);
            found->local_ip = local.ip;
        }
        if (peer == NULL || feri_datagram_is_same_end(peer, &found->from) ||
            feri_datagram_is_translated(batch->call.handle, &found->from)) {
            if (found != next) {
                fer_datagram_recv dropped = *next;
                *next = *found;
                *found = dropped;
            }
            batch->received++;
        }
    }
}

/* One receive. The messages of other senders than the peer are dropped. A coalesced message has up
 * to 64 KiB, so few are queued, and the headers of messages that are not there would be made in
 * vain. */
static fer_error receive_some(receive_batch *batch, unsigned flags)
{
    fer_socket_addr peer;
    size_t moved = 0;
    size_t left = batch->count - batch->received;
    bool is_coalesced =
        batch->received == 0 && feri_handle_has_flag(batch->call.handle, FERI_FLAG_COALESCING);
    size_t most = is_coalesced ? COALESCED_MESSAGES : FERP_MESSAGES_MAX;
    size_t asked = left < most ? left : most;
    FER_TRY(ferp_recv_messages(feri_modes_raw(batch->call.handle),
                               &batch->messages[batch->received], asked, flags, &moved));
    FERI_ASSERT(moved > 0 && moved <= asked);
    bool has_peer = feri_datagram_peer(batch->call.handle, &peer).kind == FER_OK;
    batch->has_emptied_queue = moved < asked && ferp_messages_per_call() > 1;
    keep_messages(batch, moved, has_peer ? &peer : NULL);
    return feri_ok();
}

/* Receives messages, or meets the end of the read half. A failure that was saved (rule B3) precedes
 * them. */
static fer_error try_to_receive_messages(feri_call *of, unsigned flags)
{
    receive_batch *batch = (receive_batch *)of;
    FER_TRY(feri_datagram_take_failure(of->handle));
    fer_error error = receive_some(batch, flags);
    bool is_result = error.kind == FER_OK
                         ? batch->received > 0 || batch->has_ended
                         : !feri_datagram_receives_again(of->handle, &error, &batch->was_retried);
    return is_result ? error : feri_discard(of);
}

/* Waits for a message, and receives those that are queued behind the first ones, for which it never
 * waits. A failure there is saved for the next call that receives, or that takes the error (rule
 * B3). */
static fer_error receive_messages(receive_batch *batch)
{
    fer_handle *handle = batch->call.handle;
    feri_call_start(&batch->call);
    fer_error error = feri_run_on(&batch->call, try_to_receive_messages, NULL);
    if (batch->call.is_socket_error) {
        return feri_map_error(FERI_OPERATION_DATAGRAM, error);
    }
    FER_TRY(error);
    while (batch->received > 0 && batch->received < batch->count && !batch->has_emptied_queue &&
           !batch->has_ended) {
        error = receive_some(batch, FERP_DONTWAIT);
        if (error.kind == FER_OK ||
            feri_datagram_receives_again(handle, &error, &batch->was_retried)) {
            continue;
        }
        if (error.kind != FER_WOULD_BLOCK && error.kind != FER_INTERRUPTED) {
            feri_datagram_save_failure(handle, feri_map_error(FERI_OPERATION_DATAGRAM, error));
        }
        return feri_ok();
    }
    return feri_ok();
}

fer_error feri_datagram_receive_batch(fer_handle *handle, fer_datagram_recv *messages, size_t count,
                                      unsigned flags, size_t *n)
{
    receive_batch batch = {.call = {.handle = handle, .readiness = FERP_RECEIVABLE, .flags = flags},
                           .messages = messages,
                           .count = count};
    feri_store_count(n, 0);
    FER_TRY(feri_handle_check_use(handle));
    FERI_REQUIRE(feri_is_buffer(messages, count), FER_MISUSE);
    for (size_t i = 0; i < count; i++) {
        FERI_REQUIRE(feri_is_buffer(messages[i].buf, messages[i].cap), FER_MISUSE);
    }
    bool is_shut = !feri_handle_is_fast_path(handle) &&
                   feri_handle_answer(handle, FERI_REQUEST_READ) == FERI_ANSWER_END;
    fer_error error = is_shut || count == 0 ? feri_ok() : receive_messages(&batch);
    if (error.kind == FER_OK && batch.received == 0 && count > 0) {
        /* the end: a message without bytes, from the peer, as in feri_datagram_receive */
        messages[0] = (fer_datagram_recv){
            .buf = messages[0].buf, .cap = messages[0].cap, .from = handle->p_.peer_};
        FER_IGNORE(feri_datagram_peer(handle, &messages[0].from));
        batch.received = 1;
    }
    feri_store_count(n, batch.received);
    return error;
}
