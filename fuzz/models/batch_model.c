/* batch_model.c: see batch_model.h. */
#include "fuzz/models/batch_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/udp_addresses.h"

enum { ECN_BITS = 3 };

void batch_must(const struct batch_model *model, bool holds, const char *rule)
{
    if (!holds) {
        fprintf(stderr, "udp_batch: dialect %d, system %d: %s\n", (int)model->dialect,
                (int)model->bsd, rule);
        abort();
    }
}

uint8_t batch_byte(int serial, size_t i)
{
    return (uint8_t)(serial + (int)(i * (i + 7)));
}

/* ---- Addresses */

static bool is_own_address(const struct batch_model *model, const fer_ip_addr *ip)
{
    for (int i = 0; i < BATCH_ADDRESSES; i++) {
        if (fer_ip_addr_eq(*ip, model->addresses[i])) {
            return true;
        }
    }
    return false;
}

/* The address that the OS chooses. The first is the loopback's, the second the other one. */
static fer_ip_addr chosen_source(const struct batch_model *model, int sender, const fer_ip_addr *to)
{
    if (sender != BATCH_SERVER) {
        return model->local[sender].ip;
    }
    return model->addresses[fer_ip_addr_is_loopback(*to) ? 0 : 1];
}

static int receiver_of(const struct batch_model *model, const fer_socket_addr *to,
                       const fer_socket_addr *source)
{
    for (int i = 0; i < BATCH_ENDS; i++) {
        const fer_socket_addr *local = &model->local[i];
        bool covers =
            i == BATCH_SERVER ? is_own_address(model, &to->ip) : fer_ip_addr_eq(local->ip, to->ip);
        if (covers && local->port == to->port) {
            bool is_stranger =
                i == BATCH_CLIENT && model->is_connected && !is_same(&model->remote, source);
            return is_stranger ? BATCH_NOBODY : i;
        }
    }
    return BATCH_NOBODY;
}

/* ---- Sending */

/* An unspecified address is none, whatever its family. */
static bool has_source(const fer_datagram_send *message)
{
    return message->from.family != 0 &&
           !fer_ip_addr_is_unspecified(fer_ip_addr_to_canonical(message->from));
}

void batch_model_add(struct batch_model *model, int sender, const fer_datagram_send *message,
                     size_t len)
{
    struct batch_datagram *datagram = &model->datagrams[model->count++];
    unsigned own = sender < BATCH_NEAR ? model->tos[sender] : 0;
    unsigned tos = message->has_traffic_class ? message->traffic_class : own;
    *datagram = (struct batch_datagram){.sender = sender, .len = len};
    datagram->to = message->to == NULL ? model->remote : canonical(message->to);
    datagram->source.ip = has_source(message) ? fer_ip_addr_to_canonical(message->from)
                                              : chosen_source(model, sender, &datagram->to.ip);
    datagram->source.port = model->local[sender].port;
    datagram->receiver = receiver_of(model, &datagram->to, &datagram->source);
    datagram->hop_limit = message->hop_limit;
    datagram->has_traffic_class = message->has_traffic_class;
    datagram->tos = message->ecn == FER_ECN_NOT_ECT
                        ? tos
                        : (tos & ~(unsigned)ECN_BITS) | (unsigned)message->ecn;
}

/* B13. Windows has no hop limit, no BSD a time to live, and NetBSD and OpenBSD no TOS. */
static bool lacks_header(const struct batch_model *model, const fer_datagram_send *message)
{
    fer_socket_addr to = message->to == NULL ? model->remote : canonical(message->to);
    bool is_windows = model->dialect == FER_SIM_DIALECT_WINSOCK;
    bool is_bsd_v4 = model->dialect == FER_SIM_DIALECT_BSD && to.ip.family == FER_IP_V4;
    bool has_no_tos =
        is_bsd_v4 && (model->bsd == FER_SIM_BSD_NETBSD || model->bsd == FER_SIM_BSD_OPENBSD);
    return (message->hop_limit != 0 && (is_windows || is_bsd_v4)) ||
           (message->has_traffic_class && (has_no_tos || (model->lacks & FER_UDP_ECN) != 0));
}

/* B7. FreeBSD sends from no other address than that which a socket is bound to, OpenBSD over IPv4
 * from no other than that of a connected one. */
fer_error_kind batch_expected(const struct batch_model *model, int sender,
                              const fer_datagram_send *message)
{
    fer_ip_addr from = fer_ip_addr_to_canonical(message->from);
    if (message->to == NULL && (sender != BATCH_CLIENT || !model->is_connected)) {
        return FER_NOT_CONNECTED;
    }
    if (lacks_header(model, message)) {
        return FER_UNSUPPORTED;
    }
    if (!has_source(message)) {
        return FER_OK;
    }
    if ((model->lacks & FER_UDP_SOURCE) != 0) {
        return FER_UNSUPPORTED;
    }
    bool is_freebsd = model->dialect == FER_SIM_DIALECT_BSD && model->bsd == FER_SIM_BSD_FREEBSD;
    if (is_freebsd && sender == BATCH_CLIENT &&
        !fer_ip_addr_eq(from, model->local[BATCH_CLIENT].ip)) {
        return FER_INVALID_INPUT;
    }
    if (!is_own_address(model, &from)) {
        return FER_ADDR_NOT_AVAILABLE;
    }
    bool is_openbsd = model->dialect == FER_SIM_DIALECT_BSD && model->bsd == FER_SIM_BSD_OPENBSD;
    bool is_ignored = is_openbsd && sender == BATCH_CLIENT && model->is_connected &&
                      from.family == FER_IP_V4 &&
                      !fer_ip_addr_eq(from, model->local[BATCH_CLIENT].ip);
    return is_ignored ? FER_INVALID_INPUT : FER_OK;
}

void batch_model_sent(struct batch_model *model, const fer_datagram_send *message, int first,
                      size_t before, bool is_done)
{
    size_t size = message->segment_size != 0 ? message->segment_size : message->len;
    bool is_whole = message->sent == message->len || (size > 0 && message->sent % size == 0);
    batch_must(model, message->sent >= before && message->sent <= message->len && is_whole,
               "B1: a message's count is not that of whole datagrams");
    batch_must(model, !is_done || message->sent == message->len,
               "B1: a message before *n was not sent");
    size_t at = 0;
    for (int i = first; at < message->sent || (is_done && i == first); i++) {
        at += model->datagrams[i].len;
        model->datagrams[i].was_sent = true;
    }
}

/* ---- Receiving */

static bool is_from(const struct batch_model *model, const struct batch_datagram *datagram,
                    const fer_socket_addr *from)
{
    fer_socket_addr translated = datagram->source;
    translated.port = translated_port(translated.port);
    return is_same(&datagram->source, from) ||
           (model->has_translated && is_same(&translated, from));
}

/* A datagram without bytes is any of its sender that was received so often, or once more, if some
 * are doubled. */
static int empty_of(const struct batch_model *model, int end, const fer_socket_addr *from,
                    int received)
{
    for (int i = 0; i < model->count; i++) {
        const struct batch_datagram *datagram = &model->datagrams[i];
        if (datagram->receiver == end && datagram->was_sent && datagram->received == received &&
            datagram->len == 0 && is_from(model, datagram, from)) {
            return i;
        }
    }
    return received < model->doubled ? empty_of(model, end, from, received + 1) : -1;
}

/* It was not received yet, nor was a later one between the same addresses: these have one latency.
 * Which of the empty ones was received is not known. */
static bool is_next(const struct batch_model *model, int serial)
{
    const struct batch_datagram *datagram = &model->datagrams[serial];
    for (int i = serial; i < model->count; i++) {
        const struct batch_datagram *later = &model->datagrams[i];
        if (later->received > 0 && later->len > 0 && later->sender == datagram->sender &&
            is_same(&later->to, &datagram->to) && is_same(&later->source, &datagram->source)) {
            return false;
        }
    }
    return true;
}

/* One datagram, or its beginning. */
static const struct batch_datagram *receive(struct batch_model *model, int end, const uint8_t *buf,
                                            size_t len, bool is_cut, const fer_socket_addr *addr)
{
    fer_socket_addr from = canonical(addr);
    int serial = len == 0 ? empty_of(model, end, &from, 0) : buf[0] < model->count ? buf[0] : -1;
    batch_must(model, serial >= 0, "B1: a datagram that was never sent");
    struct batch_datagram *datagram = &model->datagrams[serial];
    batch_must(model, datagram->was_sent, "B1: a datagram that was sent, and not counted");
    batch_must(model, datagram->receiver == end, "B7: a datagram for another socket");
    batch_must(model, is_cut ? len <= datagram->len : len == datagram->len,
               "B4: a datagram has another length than its segment");
    for (size_t i = 0; i < len; i++) {
        batch_must(model, buf[i] == batch_byte(serial, i), "B4: a datagram has other bytes");
    }
    batch_must(model, is_from(model, datagram, &from), "B7: a datagram from another address");
    batch_must(model, model->has_unordered || len == 0 || is_next(model, serial),
               "B1: not in order, or received twice");
    datagram->received++;
    if (model->seen_counts[end] < BATCH_SEEN) {
        model->seen[end][model->seen_counts[end]++] =
            (struct batch_seen){len == 0 ? -1 : serial, len, from};
    }
    return datagram;
}

/* B6. A codepoint that was refused is left out, and NetBSD and OpenBSD have none over IPv4: then it
 * is the socket's. */
static void check_ecn(const struct batch_model *model, const struct batch_datagram *datagram,
                      unsigned ecn)
{
    bool is_absent = model->dialect == FER_SIM_DIALECT_BSD &&
                     (model->bsd == FER_SIM_BSD_NETBSD || model->bsd == FER_SIM_BSD_OPENBSD) &&
                     datagram->to.ip.family == FER_IP_V4;
    bool is_left_out = (model->ecn_was_refused || is_absent) && datagram->sender < BATCH_NEAR &&
                       !datagram->has_traffic_class &&
                       ecn == (model->tos[datagram->sender] & ECN_BITS);
    batch_must(model, ecn == (datagram->tos & ECN_BITS) || is_left_out,
               "B6: a datagram has another ECN codepoint");
}

static void check_control(const struct batch_model *model, int end,
                          const fer_datagram_recv *message, const struct batch_datagram *datagram)
{
    fer_udp_features enabled = model->loses_control ? 0 : model->enabled[end];
    bool is_known = message->len > 0;
    if (is_known && message->local_ip.family != 0) {
        batch_must(model,
                   fer_ip_addr_eq(fer_ip_addr_to_canonical(message->local_ip), datagram->to.ip),
                   "B7: the local address is not the one that was asked");
    }
    if (is_known && message->has_ecn) {
        check_ecn(model, datagram, (unsigned)message->ecn);
    }
    if (is_known && message->has_traffic_class) {
        batch_must(model, (message->traffic_class | ECN_BITS) == (datagram->tos | ECN_BITS),
                   "B13: a datagram has another traffic class");
        batch_must(model, (message->traffic_class & ECN_BITS) == (unsigned)message->ecn,
                   "B13: the traffic class has another ECN codepoint");
    }
    if (is_known && message->has_hop_limit && datagram->hop_limit != 0) {
        batch_must(model, message->hop_limit == datagram->hop_limit,
                   "B13: a datagram has another hop limit");
    }
    bool may_lack_hops =
        model->is_dual && model->dialect == FER_SIM_DIALECT_BSD && model->bsd == FER_SIM_BSD_MACOS;
    batch_must(model, message->has_hop_limit || (enabled & FER_UDP_HOP_LIMIT) == 0 || may_lack_hops,
               "the hop limit is missing");
    batch_must(model, message->local_ip.family != 0 || (enabled & FER_UDP_LOCAL_ADDR) == 0,
               "the local address is missing");
    batch_must(model, message->interface_index != 0 || (enabled & FER_UDP_LOCAL_ADDR) == 0,
               "the interface is missing");
    batch_must(model, message->has_ecn || (enabled & FER_UDP_ECN) == 0, "the ECN is missing");
    batch_must(model, message->unix_nanos != 0 || (enabled & FER_UDP_TIMESTAMPS) == 0,
               "the time is missing");
    batch_must(model, message->drops == 0, "a datagram was dropped");
}

void batch_model_received(struct batch_model *model, int end, const fer_datagram_recv *message)
{
    const uint8_t *buf = message->buf;
    size_t size = message->segment_size;
    size_t at = 0;
    batch_must(model, message->len <= message->cap, "a message is longer than its buffer");
    batch_must(model, size > 0 || (message->len == 0 && !message->truncated),
               "a message has segments without length");
    batch_must(model, size >= message->len || (model->enabled[end] & FER_UDP_COALESCING) != 0,
               "B8: coalesced without asking");
    do {
        size_t left = message->len - at;
        size_t len = size < left ? size : left;
        bool is_cut = message->truncated && len < size; /* the others are whole */
        check_control(model, end, message,
                      receive(model, end, buf + at, len, is_cut, &message->from));
        at += len;
    } while (at < message->len);
}

void batch_model_peer_received(struct batch_model *model, int end, const uint8_t *buf,
                               const fer_udp_received *got, unsigned tos)
{
    const struct batch_datagram *datagram =
        receive(model, end, buf, got->len, got->truncated, &got->from);
    if (got->len == 0) {
        return;
    }
    batch_must(model, (tos | ECN_BITS) == (datagram->tos | ECN_BITS),
               "B6: a datagram has another DSCP");
    check_ecn(model, datagram, tos & ECN_BITS);
}

void batch_model_end(const struct batch_model *model)
{
    int missing = 0, extra = 0;
    for (int i = 0; i < model->count; i++) {
        const struct batch_datagram *datagram = &model->datagrams[i];
        bool is_expected = datagram->was_sent && datagram->receiver != BATCH_NOBODY;
        missing += is_expected && datagram->received == 0;
        extra += datagram->received > 1 ? datagram->received - 1 : 0;
    }
    batch_must(model, missing <= model->lost, "B1: a datagram that was counted was not sent");
    batch_must(model, extra <= model->doubled, "B1: a datagram was sent twice");
}
