/* messages.c: batches of datagrams with segments, local addresses, ECN, drops and times, and the
 * features of datagram sockets. datagram.c delivers the datagrams. */
#include "platform/messages.h"

#include <string.h>

#include "platform/sim/network.h"

enum {
    ECN_BITS = 3,
    COALESCED_MAX = 64, /* Linux: UDP_GRO_CNT_MAX (net/ipv4/udp_offload.c) */
    /* The headers of IP and UDP. */
    HEADERS_V4 = 28,
    HEADERS_V6 = 48,
    MTU = 1500,
    LOOPBACK_MTU = 65536
};

/* The wall clock at virtual time 0: 2000-01-01. */
#define UNIX_NANOS_AT_START UINT64_C(946684800000000000)

/* ---- Features. Windows is 11; an older one is fer_sim_config's lacks_udp_features. */

#define WINDOWS_LACKS                                                             \
    (FER_UDP_COALESCING | FER_UDP_DROPS | FER_UDP_TIMESTAMPS | FER_UDP_BATCHING | \
     FER_UDP_SEND_HOP_LIMIT)
#define SETTABLE                                                                                  \
    (FER_UDP_LOCAL_ADDR | FER_UDP_ECN | FER_UDP_COALESCING | FER_UDP_DROPS | FER_UDP_TIMESTAMPS | \
     FER_UDP_HOP_LIMIT)

static bool has_feature(const ferp_sim_network *network, fer_ip_family family,
                        fer_udp_features feature)
{
    fer_udp_features lacks =
        network->config.lacks_udp_features | network->switches->lacks_udp_features;
    lacks |= ferp_sim_is_winsock(network) ? WINDOWS_LACKS : 0;
    if (family == FER_IP_V4) {
        lacks |= network->switches->lacks_ecn_v4 ? FER_UDP_ECN : 0;
        lacks |= network->switches->lacks_sent_ttl ? FER_UDP_SEND_HOP_LIMIT : 0;
    }
    lacks |= (lacks & FER_UDP_ECN) != 0 ? FER_UDP_TRAFFIC_CLASS : 0; /* the same option */
    return (feature & ~lacks) != 0;
}

fer_error ferp_set_udp_feature(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                               bool on)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    fer_udp_features settable = SETTABLE | (on ? 0 : FER_UDP_SEGMENTING);
    if (!has_feature(network, family, feature & settable)) {
        return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
    }
    socket->segment_size = feature == FER_UDP_SEGMENTING ? 0 : socket->segment_size;
    socket->features = on ? socket->features | feature : socket->features & ~feature;
    return ferp_sim_trace_call(network, on ? "enable a feature" : "disable a feature", socket,
                               FERP_SIM_OK);
}

fer_error ferp_udp_feature(fer_raw_socket raw, fer_ip_family family, fer_udp_features feature,
                           bool *on)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    *on = (feature & SETTABLE) == 0 || (socket->features & feature) != 0;
    return ferp_sim_error(network, has_feature(network, family, feature) ? FERP_SIM_NO_ERROR
                                                                         : FERP_SIM_ENOPROTOOPT);
}

fer_error fer_sim_set_segment_size(fer_raw_socket raw, size_t size)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_socket *socket = ferp_sim_socket_of(network, raw);
    if (socket == NULL || socket->kind != FERP_SIM_DATAGRAM || socket->is_unix ||
        size > UINT16_MAX) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    if (!has_feature(network, socket->family, FER_UDP_SEGMENTING)) {
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    socket->segment_size = size;
    return FERP_SIM_OK;
}

/* ---- Fragmentation. The loopback has an MTU of its own, as on Linux. */

static bool lacks_dont_fragment(const ferp_sim_network *network, fer_ip_family family)
{
    return family == FER_IP_V4 && network->switches->lacks_dont_fragment_v4;
}

fer_error ferp_set_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool on)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (lacks_dont_fragment(network, family)) {
        return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
    }
    socket->dont_fragment = on;
    return ferp_sim_trace_call(network, "set option", socket, FERP_SIM_OK);
}

fer_error ferp_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool *on)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (lacks_dont_fragment(network, family)) {
        return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
    }
    *on = socket->dont_fragment;
    return FERP_SIM_OK;
}

static uint32_t mtu_to(const fer_ip_addr *to)
{
    return ferp_sim_is_local(to) ? LOOPBACK_MTU : MTU;
}

fer_error ferp_path_mtu(fer_raw_socket raw, fer_ip_family family, uint32_t *out)
{
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (family == FER_IP_V4 && network->switches->lacks_path_mtu_v4) {
        return ferp_sim_error(network, FERP_SIM_ENOPROTOOPT);
    }
    if (socket->state != FERP_SIM_CONNECTED) {
        return ferp_sim_error(network, FERP_SIM_ENOTCONN);
    }
    *out = mtu_to(&socket->remote.ip);
    return FERP_SIM_OK;
}

/* ---- Sending */

static bool is_too_long(const ferp_sim_socket *socket, const struct ferp_send_message *message,
                        const fer_ip_addr *to)
{
    size_t len = message->segment_size != 0 ? message->segment_size : message->len;
    size_t headers = to->family == FER_IP_V4 ? HEADERS_V4 : HEADERS_V6;
    return socket->dont_fragment && len + headers > mtu_to(to);
}

/* The code of a local address or an interface that the message cannot have. */
static ferp_sim_code source_status(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                   const struct ferp_send_message *message, const fer_ip_addr *to)
{
    const fer_ip_addr *from = &message->from;
    bool is_bound = !ferp_sim_is_wildcard(&socket->local.ip);
    if (message->from.family == 0 && message->interface_index == 0) {
        return FERP_SIM_NO_ERROR;
    }
    bool lacks_interface = message->from.family == 0 && message->family == FER_IP_V4 &&
                           network->switches->lacks_interface_v4;
    if (!has_feature(network, socket->family, FER_UDP_SOURCE) || lacks_interface) {
        return FERP_SIM_EOPNOTSUPP;
    }
    if (message->interface_index > FERP_SIM_INTERFACES) {
        return FERP_SIM_ENODEV;
    }
    if (message->from.family == 0 || ferp_sim_is_wildcard(from)) {
        return FERP_SIM_NO_ERROR;
    }
    if (from->family != to->family) {
        return FERP_SIM_EINVAL;
    }
    if (network->switches->bound_source_is_einval && is_bound &&
        !fer_ip_addr_eq(socket->local.ip, *from)) {
        return FERP_SIM_EINVAL;
    }
    if (!ferp_sim_is_local(from)) {
        return FERP_SIM_EADDRNOTAVAIL;
    }
    bool is_ignored = network->switches->connected_source_is_einval && from->family == FER_IP_V4 &&
                      socket->state == FERP_SIM_CONNECTED &&
                      !fer_ip_addr_eq(socket->local.ip, *from);
    return is_ignored ? FERP_SIM_EINVAL : FERP_SIM_NO_ERROR;
}

/* Whether the system sends a message with its traffic class and its hop limit. */
static bool has_header(const ferp_sim_network *network, const struct ferp_send_message *message)
{
    return (!message->needs_tos || has_feature(network, message->family, FER_UDP_TRAFFIC_CLASS)) &&
           (message->hop_limit == 0 ||
            has_feature(network, message->family, FER_UDP_SEND_HOP_LIMIT));
}

/* platform/posix reports EIO, which Linux has for a network interface without checksum offload, as
 * EOPNOTSUPP. */
static ferp_sim_code segments_status(ferp_sim_network *network, ferp_sim_socket *socket,
                                     const struct ferp_send_message *message)
{
    if (message->segment_size == 0) {
        return FERP_SIM_NO_ERROR;
    }
    if (socket->refuses_segments ||
        ferp_sim_injects(network, socket, FER_SIM_FAULT_SEGMENTS_REFUSED)) {
        uint32_t choice = socket->refuses_segments ? 0 : ferp_sim_choose(network, 4);
        socket->refuses_segments = socket->refuses_segments || choice % 2 == 1;
        return choice < 2 ? FERP_SIM_EOPNOTSUPP : FERP_SIM_EINVAL;
    }
    size_t count = (message->len + message->segment_size - 1) / message->segment_size;
    return count <= FERP_SEGMENTS_MAX && has_feature(network, socket->family, FER_UDP_SEGMENTING)
               ? FERP_SIM_NO_ERROR
               : FERP_SIM_EINVAL;
}

static fer_error send_checked(ferp_sim_network *network, ferp_sim_socket *socket,
                              const struct ferp_send_message *message)
{
    bool has_from = message->from.family != 0 && !ferp_sim_is_wildcard(&message->from);
    bool has_tos =
        message->has_tos && (message->family != FER_IP_V4 || !network->switches->lacks_ecn_v4);
    fer_socket_addr to;
    ferp_sim_sending sending = {&to, has_from ? &message->from : NULL,
                                has_tos ? message->tos : FERP_SIM_NONE, message->hop_limit,
                                message->segment_size};
    FER_TRY(ferp_sim_check_send(network, socket, message->len,
                                message->to.ip.family != 0 ? &message->to : NULL, &to));
    if (!has_header(network, message)) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    FER_TRY(ferp_sim_error(network, source_status(network, socket, message, &to.ip)));
    if (is_too_long(socket, message, &to.ip)) {
        return ferp_sim_error(network, FERP_SIM_EMSGSIZE);
    }
    FER_TRY(ferp_sim_error(network, segments_status(network, socket, message)));
    if (has_tos && !message->needs_tos &&
        ferp_sim_injects(network, socket, FER_SIM_FAULT_ECN_REFUSED)) {
        return ferp_sim_error(network, FERP_SIM_EINVAL);
    }
    ferp_sim_send_datagrams(network, socket, message->buf, message->len, &sending);
    return FERP_SIM_OK;
}

static fer_error send_message(ferp_sim_network *network, ferp_sim_socket *socket,
                              const struct ferp_send_message *message)
{
    fer_error error = send_checked(network, socket, message);
    ferp_sim_record record = {.verb = "send a message",
                              .socket = socket,
                              .error = error,
                              .has_bytes = true,
                              .requested = message->len,
                              .moved = error.kind == FER_OK ? message->len : 0,
                              .addr = message->to.ip.family != 0 ? &message->to : NULL};
    ferp_sim_trace(network, &record);
    return error;
}

size_t ferp_messages_per_call(void)
{
    const ferp_sim_network *network = ferp_sim_current();
    bool is_single = network != NULL && !has_feature(network, FER_IP_V6, FER_UDP_BATCHING);
    return is_single ? 1 : FERP_MESSAGES_MAX;
}

static size_t batch_of(ferp_sim_network *network, ferp_sim_socket *socket, size_t count)
{
    if (count == 1 || ferp_messages_per_call() == 1) {
        return 1;
    }
    bool is_short = ferp_sim_injects(network, socket, FER_SIM_FAULT_SHORT_BATCH) ||
                    ferp_sim_injects(network, socket, FER_SIM_FAULT_LATE_BATCH_ERROR);
    return is_short ? 1 + ferp_sim_choose(network, (uint32_t)count - 1) : count;
}

/* An error after the first message is lost (Linux, __sys_sendmmsg; FreeBSD, sendmmsg). */
static fer_error send_messages(fer_raw_socket raw, const struct ferp_send_message *messages,
                               size_t count, size_t *sent)
{
    *sent = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(network, FERP_SIM_EISCONN);
    }
    FER_TRY(ferp_sim_check_known(network, raw, messages->to.ip.family == 0));
    count = batch_of(network, socket, count);
    fer_error error = FERP_SIM_OK;
    while (*sent < count && error.kind == FER_OK) {
        error = send_message(network, socket, &messages[*sent]);
        *sent += error.kind == FER_OK;
    }
    return *sent > 0 ? FERP_SIM_OK : error;
}

fer_error ferp_send_messages(fer_raw_socket raw, const struct ferp_send_message *messages,
                             size_t count, unsigned flags, size_t *sent)
{
    FERP_SIM_RETURN_CALL(raw, flags, send_messages(raw, messages, count, sent));
}

/* ---- Receiving */

static bool is_same_train(const ferp_sim_datagram *one, const ferp_sim_datagram *other)
{
    return one->sender == other->sender && one->traffic_class == other->traffic_class &&
           one->hop_limit == other->hop_limit && ferp_sim_is_same_end(&one->from, &other->from) &&
           ferp_sim_is_same_end(&one->to, &other->to);
}

/* The number of datagrams that are received as one message: some of the first ones, which have one
 * sender and one length, and perhaps a shorter last one. */
static size_t coalesced_count(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    const ferp_sim_datagram *first = ferp_sim_first_datagram(network, socket);
    const ferp_sim_datagram *last = first;
    size_t total = first->len;
    uint32_t count = 1;
    while ((int)count < socket->datagram_count && count < COALESCED_MAX && first->len > 0 &&
           last->len == first->len) {
        last = &network->datagrams[last->next];
        total += last->len;
        if (last->len == 0 || last->len > first->len || total > FER_UDP_COALESCED_MAX ||
            !is_same_train(first, last)) {
            break;
        }
        count++;
    }
    return count == 1 ? 1 : 1 + ferp_sim_choose(network, count);
}

static void store_control(ferp_sim_network *network, const ferp_sim_socket *socket,
                          const ferp_sim_datagram *datagram, fer_datagram_recv *message)
{
    fer_udp_features features = socket->features & SETTABLE & ~FER_UDP_COALESCING;
    if (features != 0 && ferp_sim_injects(network, socket, FER_SIM_FAULT_CONTROL_LOST)) {
        return;
    }
    if (features != 0 && ferp_sim_injects(network, socket, FER_SIM_FAULT_CONTROL_CUT)) {
        features &= FER_UDP_LOCAL_ADDR;
    }
    if ((features & FER_UDP_LOCAL_ADDR) != 0) {
        message->local_ip = ferp_sim_in_family_of(socket, &datagram->to).ip;
        message->interface_index = datagram->interface_index;
    }
    if ((features & FER_UDP_ECN) != 0) {
        message->has_ecn = true;
        message->ecn = (fer_ecn)(datagram->traffic_class & ECN_BITS);
        message->has_traffic_class = has_feature(network, socket->family, FER_UDP_TRAFFIC_CLASS);
        message->traffic_class = message->has_traffic_class ? datagram->traffic_class : 0;
    }
    bool lacks_hops = network->switches->lacks_mapped_ttl && socket->family == FER_IP_V6 &&
                      datagram->to.ip.family == FER_IP_V4;
    message->has_hop_limit = (features & FER_UDP_HOP_LIMIT) != 0 && !lacks_hops;
    message->hop_limit = message->has_hop_limit ? datagram->hop_limit : 0;
    message->drops = (features & FER_UDP_DROPS) != 0 ? datagram->dropped : 0;
    message->unix_nanos =
        (features & FER_UDP_TIMESTAMPS) != 0 ? UNIX_NANOS_AT_START + datagram->arrived : 0;
}

/* Moves the first datagram of the queue to the end of the message. The first of the count of a
 * message sets its other members; count is 0 for the others. */
static void take_datagram(ferp_sim_network *network, ferp_sim_socket *socket, size_t count,
                          fer_datagram_recv *message)
{
    const ferp_sim_datagram *datagram = ferp_sim_first_datagram(network, socket);
    size_t left = message->cap - message->len;
    size_t len = datagram->len < left ? datagram->len : left;
    const unsigned char *bytes = network->payloads + datagram->at;
    if (count > 0) {
        message->from = ferp_sim_sender_for(network, socket, &datagram->from);
        message->segment_size = count > 1 ? datagram->len : len + (len < datagram->len);
        store_control(network, socket, datagram, message);
    }
    if (len > 0) {
        memcpy((unsigned char *)message->buf + message->len, bytes, len);
        ferp_sim_trace_bytes(network, bytes, len);
    }
    message->truncated = message->truncated || len < datagram->len;
    message->len += len;
    ferp_sim_drop_first_datagram(network, socket);
}

static void take_message(ferp_sim_network *network, ferp_sim_socket *socket,
                         fer_datagram_recv *message)
{
    *message = (fer_datagram_recv){.buf = message->buf, .cap = message->cap};
    if (socket->datagram_count > 0) {
        bool coalesces = (socket->features & FER_UDP_COALESCING) != 0;
        size_t count = coalesces ? coalesced_count(network, socket) : 1;
        for (size_t i = 0; i < count; i++) {
            take_datagram(network, socket, i == 0 ? count : 0, message);
        }
    }
    ferp_sim_record record = {.verb = "receive a message",
                              .socket = socket,
                              .has_bytes = true,
                              .requested = message->cap,
                              .moved = message->len,
                              .addr = &message->from};
    ferp_sim_trace(network, &record);
}

/* An error after the first message is the next receive's (Linux, do_recvmmsg). */
static bool has_late_error(ferp_sim_network *network, ferp_sim_socket *socket)
{
    if (ferp_sim_injects(network, socket, FER_SIM_FAULT_LATE_BATCH_ERROR)) {
        socket->pending = FERP_SIM_ENOBUFS;
    }
    return socket->pending != FERP_SIM_NO_ERROR;
}

static fer_error recv_messages(fer_raw_socket raw, fer_datagram_recv *messages, size_t count,
                               size_t *received)
{
    *received = 0;
    FERP_SIM_REQUIRE_SOCKET(network, socket, raw)
    if (socket->kind != FERP_SIM_DATAGRAM) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    FER_TRY(ferp_sim_check_known(network, raw, false));
    FER_TRY(ferp_sim_wait_for_datagram(network, socket, "receive a message"));
    take_message(network, socket, &messages[0]);
    size_t most = ferp_messages_per_call() > 1 ? count : 1;
    for (*received = 1; *received < most && socket->datagram_count > 0; (*received)++) {
        if (has_late_error(network, socket)) {
            break;
        }
        take_message(network, socket, &messages[*received]);
    }
    return FERP_SIM_OK;
}

fer_error ferp_recv_messages(fer_raw_socket raw, fer_datagram_recv *messages, size_t count,
                             unsigned flags, size_t *received)
{
    FERP_SIM_RETURN_CALL(raw, flags, recv_messages(raw, messages, count, received));
}
