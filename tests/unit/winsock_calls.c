/* winsock_calls.c: the calls of the seam that a row of winsock_script.h makes. */
#include "unit/winsock_script.h"

#include <string.h>

#include "platform/copying.h"
#include "platform/messages.h"

/* ---- Calls of the seam. Each returns its value in *out. */

static char bytes[64];

static fer_socket_addr addr_of(int64_t name)
{
    fer_socket_addr addr;
    memset(&addr, 0, sizeof addr);
    addr.ip.family = name >> 16 == 6 ? FER_IP_V6 : FER_IP_V4;
    addr.port = (uint16_t)name;
    if (name >> 16 == 6) {
        addr.ip.u.v6 = FER_IPV6_ADDR_LOCALHOST;
    } else {
        addr.ip.u.v4 = FER_IPV4_ADDR_LOCALHOST;
    }
    return addr;
}

static int64_t number_of_addr(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V6   ? V6(addr->port)
           : addr->ip.family == FER_IP_V4 ? V4(addr->port)
                                          : 0;
}

/* A SOCKET that the seam returns belongs to the row. */
static fer_error keep_socket(fer_error err, const fer_raw_socket *made, int64_t *out)
{
    if (err.kind == FER_OK) {
        script_check_inheritance();
        *out = (int64_t)*made;
        (void)script_remove_handle((int64_t)*made);
    }
    return err;
}

static fer_error call_sockets(const struct step *step, int64_t *out)
{
    fer_raw_socket raw = (fer_raw_socket)step->on;
    fer_raw_socket made = FER_RAW_SOCKET_NONE;
    fer_error pending = {FER_OK, 0};
    fer_error err = {FER_OK, 0};
    ferp_description is;
    switch (step->name) {
    case SEAM_new_socket: /* in: domain << 8 | type; in2: the protocol */
        return keep_socket(ferp_socket_new((fer_domain)(step->in >> 8), (fer_type)(step->in & 255),
                                           (int)step->in2, &made),
                           &made, out);
    case SEAM_duplicate: return keep_socket(ferp_duplicate(raw, &made), &made, out);
    case SEAM_close: ferp_close(raw); return err;
    case SEAM_adopt: return ferp_adopt(raw, (fer_ip_family)0);
    case SEAM_halve: return ferp_shutdown(raw, (fer_shutdown)step->in);
    case SEAM_take_error: /* the value is that of the code, the kind that of the pending error */
        err = ferp_take_error(raw, &pending);
        *out = pending.os_code;
        return err.kind == FER_OK ? (fer_error){pending.kind, 0} : err;
    case SEAM_text_of: /* in: the code; the value is the length */
        ferp_error_text((fer_error){FER_UNCATEGORIZED, (int32_t)step->in}, bytes, sizeof bytes);
        *out = (int64_t)strlen(bytes);
        return err;
    case SEAM_describe: /* the value: connected, connecting, listening, IPv6, bits from 0 */
        memset(&is, 0, sizeof is);
        err = ferp_describe(raw, &is);
        *out = is.is_connected | is.is_connecting << 1 | is.is_listening << 2 |
               (is.family == FER_IP_V6) << 3 | is.is_stream << 4 | is.is_datagram << 5 |
               is.is_raw << 6;
        return err;
    default: script_fail("no such call of a socket", step->name); return err;
    }
}

/* The vectored calls have `in` slices of 4 bytes. The value is the count. */
static fer_error call_bytes(const struct step *step, int64_t *out)
{
    fer_raw_socket raw = (fer_raw_socket)step->on;
    size_t n = 77;
    fer_error err = {FER_OK, 0};
    fer_io_slice_mut into[4] = {{bytes, 4}, {bytes, 4}, {bytes, 4}, {bytes, 4}};
    fer_io_slice from[4] = {{bytes, 4}, {bytes, 4}, {bytes, 4}, {bytes, 4}};
    switch (step->name) {
    case SEAM_receive: err = ferp_recv(raw, bytes, (size_t)step->in, 0, &n); break;
    case SEAM_peek: err = ferp_recv(raw, bytes, (size_t)step->in, FERP_PEEK, &n); break;
    case SEAM_receive_vectored: err = ferp_recv_vectored(raw, into, (size_t)step->in, 0, &n); break;
    case SEAM_transmit: err = ferp_send(raw, bytes, (size_t)step->in, 0, &n); break;
    case SEAM_transmit_vectored:
        err = ferp_send_vectored(raw, from, (size_t)step->in, 0, &n);
        break;
    case SEAM_bytes_queued: err = ferp_bytes_queued(raw, &n); break;
    case SEAM_read_file: /* on: the file; in: the offset */
        err = ferp_read_file((fer_raw_file)step->on, (uint64_t)step->in, bytes, sizeof bytes, &n);
        break;
    default: script_fail("no such call of bytes", step->name); break;
    }
    *out = (int64_t)n;
    return err;
}

/* Values of datagrams: the length, 1000 if it is truncated, 10000 for a sender. Those of a message
 * have more: see value_of_message. */
static int64_t value_of_datagram(size_t len, bool truncated, const fer_socket_addr *from)
{
    return (int64_t)len + 1000 * truncated + 10000 * (from->ip.family != 0);
}

/* 100000 * (ECN + 1), if there is one; 10^6 * the interface; 10^7 * the last byte of the local
 * address; 10^10 * the length of the segments; 10^15 * the hop limit, if there is one; 10^15 *
 * (1000 + the traffic class), if there is one. */
static int64_t value_of_message(const fer_datagram_recv *m)
{
    int last = m->local_ip.family == FER_IP_V6   ? m->local_ip.u.v6.octets[15]
               : m->local_ip.family == FER_IP_V4 ? m->local_ip.u.v4.octets[3]
                                                 : 0;
    return value_of_datagram(m->len, m->truncated, &m->from) +
           INT64_C(100000) * (m->has_ecn ? m->ecn + 1 : 0) + INT64_C(1000000) * m->interface_index +
           INT64_C(10000000) * last + INT64_C(10000000000) * (int64_t)m->segment_size +
           INT64_C(1000000000000000) * (m->has_hop_limit ? m->hop_limit : 0) +
           INT64_C(1000000000000000) * (m->has_traffic_class ? 1000 + m->traffic_class : 0);
}

/* Every member that the system may leave is set before, as by an earlier message. */
static fer_error receive_message(fer_raw_socket raw, size_t cap, int64_t *out)
{
    fer_datagram_recv message;
    size_t n = 77;
    memset(&message, 0x5A, sizeof message);
    message.buf = bytes;
    message.cap = cap;
    fer_error err = ferp_recv_messages(raw, &message, 1, 0, &n);
    if (n != (err.kind == FER_OK)) {
        script_fail("the number of messages is", (int64_t)n);
    }
    if (err.kind == FER_OK && (message.drops != 0 || message.unix_nanos != 0 ||
                               (!message.has_traffic_class && message.traffic_class != 0))) {
        script_fail("a member of an earlier message has stayed:", message.drops);
    }
    *out = err.kind == FER_OK ? value_of_message(&message) : 0;
    return err;
}

/* in: the length. The step's control messages are those of the message: of the source, whose type
 * is the interface and whose value is its last byte; of TOS. name_out: the receiver; code: the
 * length of the segments; flags: 1, over IPv6; 2, with a hop limit; 4, not without its TOS. */
static fer_error transmit_message(const struct step *step, int64_t *out)
{
    struct ferp_send_message message;
    size_t sent = 77;
    bool is_v6 = (step->flags & 1) != 0;
    memset(&message, 0, sizeof message);
    message.buf = bytes;
    message.len = (size_t)step->in;
    message.family = is_v6 ? FER_IP_V6 : FER_IP_V4;
    if (step->name_out != 0) {
        message.to = addr_of(step->name_out);
    }
    if (step->control[0].level != 0) {
        message.interface_index = (uint32_t)step->control[0].type;
        if (step->control[0].value != 0) {
            message.from = addr_of(is_v6 ? V6(0) : V4(0)).ip;
        }
    }
    message.has_tos = step->control[1].level != 0;
    message.tos = (uint8_t)step->control[1].value;
    message.needs_tos = (step->flags & 4) != 0;
    message.hop_limit = (step->flags & 2) != 0 ? 9 : 0;
    message.segment_size = (size_t)step->code;
    fer_error err = ferp_send_messages((fer_raw_socket)step->on, &message, 1, 0, &sent);
    *out = (int64_t)sent;
    return err;
}

static fer_error call_datagrams(const struct step *step, int64_t *out)
{
    fer_raw_socket raw = (fer_raw_socket)step->on;
    fer_udp_received got;
    fer_socket_addr to = addr_of(V4(9));
    size_t n = 77;
    fer_error err = {FER_OK, 0};
    memset(&got, 0x5A, sizeof got);
    switch (step->name) {
    case SEAM_receive_from:
        err = ferp_recv_from(raw, bytes, (size_t)step->in, 0, &got);
        *out = err.kind == FER_OK ? value_of_datagram(got.len, got.truncated, &got.from) : 0;
        return err;
    case SEAM_transmit_to:
        err = ferp_send_to(raw, bytes, (size_t)step->in, 0, &to, &n);
        *out = (int64_t)n;
        return err;
    case SEAM_report_refusals: ferp_report_refusals(raw, step->in != 0); return err;
    case SEAM_receive_message: return receive_message(raw, (size_t)step->in, out);
    case SEAM_transmit_message: return transmit_message(step, out);
    default: script_fail("no such call of datagrams", step->name); return err;
    }
}

static fer_error call_addresses(const struct step *step, int64_t *out)
{
    fer_raw_socket raw = (fer_raw_socket)step->on;
    fer_raw_socket made = FER_RAW_SOCKET_NONE;
    fer_socket_addr addr = addr_of(step->in);
    fer_error err = {FER_OK, 0};
    switch (step->name) {
    case SEAM_bind_to: return ferp_bind(raw, &addr);
    case SEAM_listen_with: return ferp_listen(raw, (int)step->in);
    case SEAM_connect_to:
        if (step->flags == 1) {
            addr.ip.u.v4.octets[0] = 10;
        } else if (step->flags == 2) {
            addr.ip.u.v6 = fer_ipv4_addr_to_ipv6_mapped(fer_ipv4_addr_new(127, 0, 0, 1));
        }
        return ferp_connect(raw, &addr);
    case SEAM_accept_one: /* in: whether it is not Unix; the value is its port */
        addr.port = 0;
        err = keep_socket(ferp_accept(raw, step->in == 0, &made, step->in != 0 ? &addr : NULL),
                          &made, out);
        *out = err.kind == FER_OK ? addr.port : 0;
        return err;
    case SEAM_local_addr: err = ferp_local_addr(raw, &addr); break;
    case SEAM_peer_addr: err = ferp_peer_addr(raw, &addr); break;
    case SEAM_check_connected: return ferp_check_connected(raw);
    case SEAM_is_pending: *out = (int)ferp_connect_is_pending(raw); return err;
    default: script_fail("no such call of addresses", step->name); return err;
    }
    *out = err.kind == FER_OK ? number_of_addr(&addr) : 0;
    return err;
}

static int64_t number_of_path(const fer_unix_addr *addr)
{
    for (size_t i = 0; i < addr->len_; i++) {
        if (addr->name_[i] != 'p') {
            script_fail("the path has another byte at", (int64_t)i);
        }
    }
    return addr->len_ | (int64_t)addr->kind_ << 16;
}

/* in: the length of the path. The value is that of the address, and its kind in the upper bits. */
static fer_error call_unix(const struct step *step, int64_t *out)
{
    fer_raw_socket raw = (fer_raw_socket)step->on;
    fer_error err;
    fer_unix_addr addr;
    memset(&addr, 0, sizeof addr);
    addr.kind_ = FERP_UNIX_PATHNAME;
    addr.len_ = (uint16_t)step->in;
    memset(addr.name_, 'p', addr.len_);
    switch (step->name) {
    case SEAM_unix_bind: return ferp_unix_bind(raw, &addr);
    case SEAM_unix_connect: return ferp_unix_connect(raw, &addr);
    case SEAM_unix_local_addr: err = ferp_unix_local_addr(raw, &addr); break;
    default: err = ferp_unix_peer_addr(raw, &addr); break;
    }
    *out = err.kind == FER_OK ? number_of_path(&addr) : 0;
    return err;
}

/* in: 1, with a source; 2, over IPv6. */
static fer_error change_group(const struct step *step)
{
    fer_raw_socket raw = (fer_raw_socket)step->on;
    ferp_membership change = step->name == SEAM_join ? FERP_JOIN : FERP_LEAVE;
    fer_ipv4_addr v4[] = {{{239, 0, 0, 5}}, {{10, 0, 0, 9}}, {{10, 0, 0, 7}}};
    fer_ipv6_addr v6[] = {{{0xff, 5, [15] = 5}}, {{0x20, 1, [15] = 9}}};
    bool has_source = (step->in & 1) != 0;
    return (step->in & 2) == 0
               ? ferp_change_group_v4(raw, change, &v4[0], has_source ? &v4[1] : NULL, &v4[2])
               : ferp_change_group_v6(raw, change, &v6[0], has_source ? &v6[1] : NULL, 7);
}

/* in of an option: the option; in2: the value. Times are in microseconds; -1 is none. */
static fer_error call_options(const struct step *step, int64_t *out)
{
    fer_raw_socket raw = (fer_raw_socket)step->on;
    ferp_option option = (ferp_option)step->in;
    fer_duration time = {step->in < 0 ? FER_DURATION_NONE_NANOS : (uint64_t)step->in * 1000};
    struct ferp_linger linger = {step->in >= 0, step->in < 0 ? 0 : (uint32_t)step->in};
    uint32_t value = 0;
    bool on = false;
    fer_error err = {FER_OK, 0};
    switch (step->name) {
    case SEAM_set_timeout: return ferp_set_timeout(raw, FERP_READING, time);
    case SEAM_timeout:
        err = ferp_timeout(raw, FERP_WRITING, &time);
        *out = time.nanos == FER_DURATION_NONE_NANOS ? -1 : (int64_t)(time.nanos / 1000);
        return err;
    case SEAM_set_option: return ferp_set_option(raw, option, (uint32_t)step->in2);
    case SEAM_option:
        err = ferp_option_value(raw, option, &value);
        *out = value;
        return err;
    case SEAM_set_linger: return ferp_set_linger(raw, linger);
    case SEAM_linger:
        err = ferp_linger(raw, &linger);
        *out = linger.on ? (int64_t)linger.seconds : -1;
        return err;
    case SEAM_join:
    case SEAM_leave: return change_group(step);
    case SEAM_set_feature: /* in2: whether the socket is of IPv6; flags: 1, off */
        return ferp_set_udp_feature(raw, step->in2 != 0 ? FER_IP_V6 : FER_IP_V4,
                                    (fer_udp_features)step->in, (step->flags & 1) == 0);
    case SEAM_feature:
        err = ferp_udp_feature(raw, step->in2 != 0 ? FER_IP_V6 : FER_IP_V4,
                               (fer_udp_features)step->in, &on);
        *out = on;
        return err;
    case SEAM_set_whole: /* in2: as in set_feature */
        return ferp_set_dont_fragment(raw, step->in2 != 0 ? FER_IP_V6 : FER_IP_V4, step->in != 0);
    case SEAM_whole:
        err = ferp_dont_fragment(raw, step->in2 != 0 ? FER_IP_V6 : FER_IP_V4, &on);
        *out = on;
        return err;
    case SEAM_path_mtu:
        err = ferp_path_mtu(raw, step->in != 0 ? FER_IP_V6 : FER_IP_V4, &value);
        *out = value;
        return err;
    default: script_fail("no such call of options", step->name); return err;
    }
}

fer_error script_call(const struct step *step, int64_t *out)
{
    int name = step->name;
    if (name <= SEAM_take_error) {
        return call_sockets(step, out);
    }
    if (name <= SEAM_transmit_vectored || name == SEAM_bytes_queued || name == SEAM_read_file) {
        return call_bytes(step, out);
    }
    if (name <= SEAM_transmit_message) {
        return call_datagrams(step, out);
    }
    if (name <= SEAM_is_pending) {
        return call_addresses(step, out);
    }
    if (name <= SEAM_unix_peer_addr) {
        return call_unix(step, out);
    }
    if (name <= SEAM_path_mtu) {
        return call_options(step, out);
    }
    return name <= SEAM_close_poller ? script_call_waiting(step, out)
                                     : script_call_library(step, out);
}
