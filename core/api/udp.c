/* udp.c: the public functions of fer_udp_socket, of udp.h and udp_batch.h. Those that take names
 * are in resolve.c, the view as a fer_socket in socket.c, and those that other handle types have
 * too in handle_functions.h. */
#include "ferrule/udp.h"

#include "core/api/handle_functions.h"
#include "core/api/socket.h"
#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/modes.h"
#include "core/open/binding.h"
#include "core/open/opening.h"
#include "core/transfer/datagram.h"
#include "ferrule/udp_batch.h"
#include "platform/messages.h"

/* ---- Binding and connecting */

fer_error fer_udp_socket_bind_addr(fer_udp_socket *socket, const fer_socket_addr *addr)
{
    return feri_open_first(FERI_HANDLE(socket), addr, 1, feri_datagram_open, FERI_FLAG_DATAGRAM);
}

fer_error fer_udp_socket_connect_addr(fer_udp_socket *socket, const fer_socket_addr *addr)
{
    FER_TRY(feri_handle_check(FERI_HANDLE(socket), FERI_REQUEST_USE));
    if (!feri_addresses_are_valid(addr, 1)) {
        return feri_refuse(addr == NULL);
    }
    return feri_datagram_connect(FERI_HANDLE(socket), addr);
}

FERI_FUNCTION(fer_udp_socket_disconnect, feri_datagram_disconnect(FERI_HANDLE(socket)),
              fer_udp_socket *socket)

fer_error fer_udp_socket_peer_addr(const fer_udp_socket *socket, fer_socket_addr *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(socket), out));
    return ferp_peer_addr(feri_modes_raw(&socket->handle_), out);
}

FERI_FUNCTION(fer_udp_socket_local_addr, feri_socket_local_addr(FERI_HANDLE(socket), out),
              const fer_udp_socket *socket, fer_socket_addr *out)

/* ---- Sending and receiving */

FERI_CALL_AND_TRY(fer_udp_socket, send, feri_datagram_send(handle, buf, len, flags, n),
                  const void *buf, size_t len, size_t *n)
FERI_CALL_AND_TRY(fer_udp_socket, send_to, feri_datagram_send_to(handle, buf, len, to, flags, n),
                  const void *buf, size_t len, const fer_socket_addr *to, size_t *n)
FERI_CALL_AND_TRY(fer_udp_socket, recv_from, feri_datagram_receive(handle, buf, len, flags, out),
                  void *buf, size_t len, fer_udp_received *out)

FERI_FUNCTION(fer_udp_socket_recv, feri_datagram_receive(FERI_HANDLE(socket), buf, len, 0, out),
              fer_udp_socket *socket, void *buf, size_t len, fer_udp_received *out)

FERI_CALL_AND_TRY(fer_udp_socket, peek_from,
                  feri_datagram_receive(handle, buf, len, FERP_PEEK | flags, out), void *buf,
                  size_t len, fer_udp_received *out)

fer_error fer_udp_socket_peek(fer_udp_socket *socket, void *buf, size_t len, fer_udp_received *out)
{
    return feri_datagram_receive(FERI_HANDLE(socket), buf, len, FERP_PEEK, out);
}

/* ---- Errors and time to live */

FERI_FUNCTION(fer_udp_socket_take_error, feri_datagram_take_error(FERI_HANDLE(socket), out),
              fer_udp_socket *socket, fer_error *out)

FERI_OPTION(fer_udp_socket, ttl, uint32_t, feri_set_ttl(handle, value),
            feri_option_of_family(handle, FERP_TTL_V4, FERP_HOPS_V6, out))

/* ---- Broadcast and multicast */

static fer_error set_hops(const fer_handle *handle, ferp_option option, uint32_t hops)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(hops <= 255, FER_INVALID_INPUT);
    return ferp_set_option(feri_modes_raw(handle), option, hops);
}

static fer_error number(const fer_handle *handle, ferp_option option, uint32_t *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    return ferp_option_value(feri_modes_raw(handle), option, out);
}

FERI_OPTION(fer_udp_socket, broadcast, bool, feri_set_bool_option(handle, FERP_BROADCAST, value),
            feri_bool_option(handle, FERP_BROADCAST, out))
FERI_OPTION(fer_udp_socket, multicast_loop_v4, bool,
            feri_set_bool_option(handle, FERP_MULTICAST_LOOP_V4, value),
            feri_bool_option(handle, FERP_MULTICAST_LOOP_V4, out))

FERI_OPTION(fer_udp_socket, multicast_ttl_v4, uint32_t,
            set_hops(handle, FERP_MULTICAST_TTL_V4, value),
            number(handle, FERP_MULTICAST_TTL_V4, out))
FERI_OPTION(fer_udp_socket, multicast_if_v4, fer_ipv4_addr,
            feri_set_multicast_if_v4(handle, &value), feri_multicast_if_v4(handle, out))
FERI_CHECKED_OPTION(fer_udp_socket, multicast_loop_v6, feri_check_v6(handle), bool, bool,
                    feri_set_bool_option(handle, FERP_MULTICAST_LOOP_V6, value),
                    feri_bool_option(handle, FERP_MULTICAST_LOOP_V6, out))

FERI_CHECKED_OPTION(fer_udp_socket, multicast_hops_v6, feri_check_v6(handle), uint32_t, uint32_t,
                    set_hops(handle, FERP_MULTICAST_HOPS_V6, value),
                    number(handle, FERP_MULTICAST_HOPS_V6, out))

/* macOS refuses 0 (`multicast_if_stays`), which may be set already. */
fer_error fer_udp_socket_set_multicast_if_v6(fer_udp_socket *socket, uint32_t interface_index)
{
    uint32_t before = 1;
    FER_TRY(feri_check_v6(FERI_HANDLE(socket)));
    fer_raw_socket raw = feri_modes_raw(&socket->handle_);
    fer_error error = feri_map_error(FERI_OPERATION_GROUP,
                                     ferp_set_option(raw, FERP_MULTICAST_IF_V6, interface_index));
    if (error.kind == FER_ADDR_NOT_AVAILABLE && interface_index == 0) {
        FER_IGNORE(ferp_option_value(raw, FERP_MULTICAST_IF_V6, &before));
    }
    return before == 0 ? feri_ok() : error;
}

fer_error fer_udp_socket_multicast_if_v6(const fer_udp_socket *socket, uint32_t *out)
{
    FER_TRY(feri_check_v6(FERI_HANDLE(socket)));
    return number(FERI_HANDLE(socket), FERP_MULTICAST_IF_V6, out);
}

/* Joins and leaves a group. */
#define GROUP_FUNCTIONS(name, change_group, ...)                             \
    fer_error fer_udp_socket_join_##name(fer_udp_socket *self, __VA_ARGS__)  \
    {                                                                        \
        fer_handle *handle = FERI_HANDLE(self);                              \
        const ferp_membership change = FERP_JOIN;                            \
        return change_group;                                                 \
    }                                                                        \
    fer_error fer_udp_socket_leave_##name(fer_udp_socket *self, __VA_ARGS__) \
    {                                                                        \
        fer_handle *handle = FERI_HANDLE(self);                              \
        const ferp_membership change = FERP_LEAVE;                           \
        return change_group;                                                 \
    }

GROUP_FUNCTIONS(multicast_v4, feri_change_group_v4(handle, change, &group, NULL, &local),
                fer_ipv4_addr group, fer_ipv4_addr local)
GROUP_FUNCTIONS(multicast_v6, feri_change_group_v6(handle, change, &group, NULL, interface_index),
                fer_ipv6_addr group, uint32_t interface_index)
GROUP_FUNCTIONS(ssm_v4, feri_change_group_v4(handle, change, &group, &source, &local),
                fer_ipv4_addr group, fer_ipv4_addr source, fer_ipv4_addr local)
GROUP_FUNCTIONS(ssm_v6, feri_change_group_v6(handle, change, &group, &source, interface_index),
                fer_ipv6_addr group, fer_ipv6_addr source, uint32_t interface_index)

/* ---- Modes, clones, closing and raw sockets */

FERI_HANDLE_FUNCTIONS(fer_udp_socket, FERI_DOMAIN_IP, FERI_ADOPTED_DATAGRAM)
FERI_TIMEOUT_FUNCTIONS(fer_udp_socket)
FERI_NON_STREAM_FUNCTIONS(fer_udp_socket)

/* ---- Features (rules B8, B9) */

/* The features that can be enabled, and the last one. */
#define SWITCHES                                                                                  \
    (FER_UDP_LOCAL_ADDR | FER_UDP_ECN | FER_UDP_COALESCING | FER_UDP_DROPS | FER_UDP_TIMESTAMPS | \
     FER_UDP_HOP_LIMIT)
#define LAST_FEATURE FER_UDP_SEND_HOP_LIMIT

/* False: a clone was made. A later one has the flag, because try_clone sets CLONED before it copies
 * the flags. */
static bool claim_coalescing(fer_handle *handle)
{
    uint32_t flags;
    do {
        flags = feri_handle_flags(handle);
    } while ((flags & FERI_FLAG_CLONED) == 0 &&
             !feri_atomic_replace(&handle->p_.flags_, flags, flags | FERI_FLAG_COALESCING));
    return (flags & FERI_FLAG_CLONED) == 0;
}

/* Enables or disables one feature. *result has its bit if it is then enabled. */
static fer_error switch_feature(fer_handle *handle, fer_udp_features feature, bool on,
                                fer_udp_features *result)
{
    fer_raw_socket raw = feri_modes_raw(handle);
    fer_ip_family family = feri_handle_family(handle);
    bool is_claimed = on && feature == FER_UDP_COALESCING;
    /* Whether the system has it. Some Linux can set it and not read it (`adopted_coalescing`). */
    fer_error error = is_claimed ? ferp_set_udp_feature(raw, family, feature, false) : feri_ok();
    if (error.kind == FER_UNSUPPORTED || (is_claimed && !claim_coalescing(handle))) {
        return feri_ok();
    }
    error = ferp_set_udp_feature(raw, family, feature, on);
    if (is_claimed && error.kind != FER_OK) {
        feri_atomic_change_bits(&handle->p_.flags_, 0, FERI_FLAG_COALESCING);
    }
    if (error.kind == FER_UNSUPPORTED) {
        return feri_ok();
    }
    FER_TRY(error);
    *result |= on ? feature : 0;
    return feri_ok();
}

/* Coalescing stays enabled, because datagrams that are queued may be coalesced. It does not change
 * on clones, which keep the flag that they were made with (rule B8). */
fer_error fer_udp_socket_enable(fer_udp_socket *socket, fer_udp_features wanted,
                                fer_udp_features *enabled)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE((wanted & ~SWITCHES) == 0, FER_INVALID_INPUT);
    fer_udp_features result = 0;
    for (fer_udp_features feature = 1; feature <= SWITCHES; feature <<= 1) {
        if ((feature & SWITCHES) == 0) {
            continue;
        }
        if (feature == FER_UDP_COALESCING &&
            feri_handle_has_flag(handle, FERI_FLAG_CLONED | FERI_FLAG_COALESCING)) {
            result |= feri_handle_has_flag(handle, FERI_FLAG_COALESCING) ? feature : 0;
        } else {
            FER_TRY(switch_feature(handle, feature, (wanted & feature) != 0, &result));
        }
    }
    if (enabled != NULL) {
        *enabled = result;
    }
    return feri_ok();
}

fer_error fer_udp_socket_features(const fer_udp_socket *socket, fer_udp_capabilities *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    fer_udp_capabilities found = {0, 0, 1, 1};
    for (fer_udp_features feature = 1; feature <= LAST_FEATURE; feature <<= 1) {
        bool on = false;
        fer_error error =
            ferp_udp_feature(feri_modes_raw(handle), feri_handle_family(handle), feature, &on);
        found.available |= error.kind == FER_OK ? feature : 0;
        found.enabled |= on ? feature & SWITCHES : 0;
    }
    if (feri_handle_has_flag(handle, FERI_FLAG_SEGMENTS_OFF)) {
        found.available &= ~FER_UDP_SEGMENTING;
    }
    found.max_segments = (found.available & FER_UDP_SEGMENTING) != 0 ? FERP_SEGMENTS_MAX : 1;
    found.max_batch =
        (found.available & FER_UDP_BATCHING) != 0 ? (uint32_t)ferp_messages_per_call() : 1;
    *out = found;
    return feri_ok();
}

/* ---- Batches */

FERI_CALL_AND_TRY(fer_udp_socket, send_batch,
                  feri_datagram_send_batch(handle, messages, count, flags, n),
                  fer_datagram_send *messages, size_t count, size_t *n)
FERI_CALL_AND_TRY(fer_udp_socket, recv_batch,
                  feri_datagram_receive_batch(handle, messages, count, flags, n),
                  fer_datagram_recv *messages, size_t count, size_t *n)

/* ---- The length of datagrams on the path */

fer_error fer_udp_socket_set_dont_fragment(fer_udp_socket *socket, bool dont_fragment)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return ferp_set_dont_fragment(feri_modes_raw(handle), feri_handle_family(handle),
                                  dont_fragment);
}

fer_error fer_udp_socket_dont_fragment(const fer_udp_socket *socket, bool *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    return ferp_dont_fragment(feri_modes_raw(handle), feri_handle_family(handle), out);
}

fer_error fer_udp_socket_path_mtu(const fer_udp_socket *socket, uint32_t *out)
{
    fer_socket_addr peer;
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(feri_datagram_peer(handle, &peer));
    return ferp_path_mtu(feri_modes_raw(handle), feri_handle_family(handle), out);
}
