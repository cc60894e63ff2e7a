/* options.c: the options of a socket, keepalive, multicast, the mode and the timeouts. */
#include "core/handle/options.h"

#include <stddef.h>
#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"

static fer_error set_number(const fer_handle *handle, ferp_option option, uint32_t value)
{
    return feri_forgive_ended(handle, ferp_set_option(feri_modes_raw(handle), option, value));
}

fer_error feri_set_bool_option(fer_handle *handle, ferp_option option, bool on)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return set_number(handle, option, on ? 1 : 0);
}

fer_error feri_bool_option(const fer_handle *handle, ferp_option option, bool *out)
{
    uint32_t value = 0;
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(ferp_option_value(feri_modes_raw(handle), option, &value));
    *out = value != 0;
    return feri_ok();
}

/* The IPv4 option of an IPv6 socket is for IPv4-mapped peers: Linux and Windows accept it, macOS
 * and the BSDs return EINVAL, which is ignored. */
fer_error feri_set_option_of_family(fer_handle *handle, ferp_option v4, ferp_option v6,
                                    uint32_t value)
{
    if (!feri_handle_has_flag(handle, FERI_FLAG_V6)) {
        return set_number(handle, v4, value);
    }
    FER_TRY(set_number(handle, v6, value));
    FER_IGNORE(ferp_set_option(feri_modes_raw(handle), v4, value));
    return feri_ok();
}

/* On IPv6 the unicast hop limit is the option. */
fer_error feri_set_ttl(fer_handle *handle, uint32_t ttl)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(ttl >= 1 && ttl <= 255, FER_INVALID_INPUT);
    return feri_set_option_of_family(handle, FERP_TTL_V4, FERP_HOPS_V6, ttl);
}

fer_error feri_option_of_family(const fer_handle *handle, ferp_option v4, ferp_option v6,
                                uint32_t *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    return ferp_option_value(feri_modes_raw(handle),
                             feri_handle_has_flag(handle, FERI_FLAG_V6) ? v6 : v4, out);
}

/* OpenBSD refuses the size of a buffer whose half has ended, by the peer's end of file too
 * (uipc_socket.c, sosetopt; ponyc, issue 6058). Nothing uses that buffer any more, and a valid size
 * is EINVAL for no other reason. */
fer_error feri_set_buffer_size(fer_handle *handle, ferp_option option, size_t size)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(size != 0, FER_INVALID_INPUT);
    fer_error error = set_number(handle, option, size < INT32_MAX ? (uint32_t)size : INT32_MAX);
    bool is_ended_half = error.kind == FER_INVALID_INPUT &&
                         !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM | FERI_FLAG_LISTENING);
    return is_ended_half ? feri_ok() : error;
}

fer_error feri_buffer_size(const fer_handle *handle, ferp_option option, size_t *out)
{
    uint32_t reported = 0;
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(ferp_option_value(feri_modes_raw(handle), option, &reported));
    *out = reported;
    return feri_ok();
}

fer_error feri_set_linger(fer_handle *handle, fer_duration linger)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    bool is_on = linger.nanos != FER_DURATION_NONE_NANOS;
    uint32_t max = ferp_traits()->linger_seconds_max;
    const struct ferp_linger setting = {
        is_on, is_on ? feri_units_of(linger, FERP_NANOS_PER_SECOND, max) : 0};
    FER_TRY(feri_forgive_ended(handle, ferp_set_linger(handle->p_.raw_, setting)));
    bool resets = setting.on && setting.seconds == 0;
    feri_atomic_change_bits(&handle->p_.flags_, resets ? FERI_FLAG_RESETS_AT_CLOSE : 0,
                            resets ? 0 : FERI_FLAG_RESETS_AT_CLOSE);
    if (!ferp_traits()->io_waits_in_kernel) {
        feri_modes_record_linger(handle, setting);
    }
    return feri_ok();
}

fer_error feri_linger(const fer_handle *handle, fer_duration *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    struct ferp_linger setting;
    if (!feri_modes_shared_linger(handle, &setting)) {
        FER_TRY(ferp_linger(handle->p_.raw_, &setting));
    }
    *out = setting.on ? fer_duration_from_secs(setting.seconds) : FER_DURATION_NONE;
    return feri_ok();
}

/* ---- TCP keepalive */

enum { FIELD_COUNT = 3 };
static const ferp_option keepalive_fields[FIELD_COUNT] = {
    FERP_KEEPALIVE_TIME, FERP_KEEPALIVE_INTERVAL, FERP_KEEPALIVE_RETRIES};

/* All or nothing: the fields are set first, in the unit of the OS, and SO_KEEPALIVE last. After a
 * failure the previous values are restored. A value of 0 leaves a field unchanged. */
fer_error feri_set_keepalive(fer_handle *handle, const fer_tcp_keepalive *keepalive)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (keepalive == NULL || keepalive->time.nanos == FER_DURATION_NONE_NANOS ||
        keepalive->interval.nanos == FER_DURATION_NONE_NANOS) {
        return feri_refuse(keepalive == NULL);
    }
    fer_raw_socket raw = handle->p_.raw_;
    uint32_t max_seconds = ferp_traits()->keepalive_seconds_max;
    uint32_t max_retries = ferp_traits()->keepalive_retries_max;
    uint32_t retries = keepalive->retries < max_retries ? keepalive->retries : max_retries;
    uint32_t values[FIELD_COUNT] = {
        feri_units_of(keepalive->time, FERP_NANOS_PER_SECOND, max_seconds),
        feri_units_of(keepalive->interval, FERP_NANOS_PER_SECOND, max_seconds), retries};
    uint32_t previous[FIELD_COUNT] = {0};
    fer_error error = feri_ok();
    size_t tried = 0;
    for (; tried < FIELD_COUNT && error.kind == FER_OK; tried++) {
        if (values[tried] == 0) {
            continue;
        }
        error = ferp_option_value(raw, keepalive_fields[tried], &previous[tried]);
        if (error.kind == FER_OK) {
            error = ferp_set_option(raw, keepalive_fields[tried], values[tried]);
        }
        values[tried] = error.kind == FER_OK ? values[tried] : 0;
        if (error.kind == FER_UNSUPPORTED && keepalive_fields[tried] == FERP_KEEPALIVE_RETRIES) {
            error = feri_ok(); /* the OS keeps its own number (rule O3) */
        }
    }
    if (error.kind == FER_OK) {
        error = ferp_set_option(raw, FERP_KEEPALIVE, keepalive->enabled ? 1 : 0);
    }
    for (size_t i = 0; i < tried && error.kind != FER_OK; i++) {
        if (values[i] != 0) {
            FER_IGNORE(ferp_set_option(raw, keepalive_fields[i], previous[i]));
        }
    }
    return feri_forgive_ended(handle, error);
}

/* A field that the OS cannot report is 0. */
fer_error feri_keepalive(const fer_handle *handle, fer_tcp_keepalive *out)
{
    uint32_t enabled = 0;
    uint32_t values[FIELD_COUNT] = {0};
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(ferp_option_value(handle->p_.raw_, FERP_KEEPALIVE, &enabled));
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        fer_error error = ferp_option_value(handle->p_.raw_, keepalive_fields[i], &values[i]);
        FER_TRY(error.kind == FER_UNSUPPORTED ? feri_ok() : error);
    }
    *out = (fer_tcp_keepalive){enabled != 0, fer_duration_from_secs(values[0]),
                               fer_duration_from_secs(values[1]), values[2]};
    return feri_ok();
}

/* ---- Multicast groups */

fer_error feri_check_v6(const fer_handle *handle)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return feri_handle_has_flag(handle, FERI_FLAG_V6) ? feri_ok()
                                                      : feri_own_error(FER_INVALID_INPUT);
}

/* FreeBSD and macOS have no IPv4 groups of an IPv6 socket, nor their options
 * (`ipv4_groups_of_ipv6`). Elsewhere it was not joined: on Windows a group, on Linux that of a
 * source (net/ipv4/igmp.c, ip_mc_source). */
static fer_error map_v4_error(const fer_handle *handle, fer_error error)
{
    uint32_t loops;
    bool lacks_groups =
        error.kind == FER_INVALID_INPUT && feri_handle_has_flag(handle, FERI_FLAG_V6) &&
        ferp_option_value(feri_modes_raw(handle), FERP_MULTICAST_LOOP_V4, &loops).kind != FER_OK;
    return lacks_groups ? error : feri_map_error(FERI_OPERATION_GROUP, error);
}

/* Windows, macOS and NetBSD take an address of 0.0.0.0/8 for the index of an interface (MSDN,
 * IP_MULTICAST_IF; NetBSD, sys/netinet/ip_output.c, ip_multicast_if). */
static bool is_index(const fer_ipv4_addr *local)
{
    return local->octets[0] == 0 && !fer_ipv4_addr_is_unspecified(*local);
}

fer_error feri_set_multicast_if_v4(fer_handle *handle, const fer_ipv4_addr *local)
{
    uint32_t value;
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(!is_index(local), FER_ADDR_NOT_AVAILABLE);
    memcpy(&value, local->octets, sizeof value);
    return map_v4_error(handle,
                        ferp_set_option(feri_modes_raw(handle), FERP_MULTICAST_IF_V4, value));
}

fer_error feri_multicast_if_v4(const fer_handle *handle, fer_ipv4_addr *out)
{
    uint32_t value = 0;
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(ferp_option_value(feri_modes_raw(handle), FERP_MULTICAST_IF_V4, &value));
    memcpy(out->octets, &value, sizeof value);
    return feri_ok();
}

/* Whether a datagram can come from the address. */
static bool is_sender(fer_ip_addr ip)
{
    return !fer_ip_addr_is_multicast(ip) && !fer_ip_addr_is_unspecified(ip);
}

/* Whether a group can be joined, by a socket that has joined none: a group or a source that was
 * joined already is ADDR_NOT_AVAILABLE too, as is an interface that does not exist. A second source
 * on every system (Linux, net/ipv4/igmp.c, ip_mc_source; FreeBSD, sys/netinet/in_mcast.c,
 * inp_join_group), a second group on Windows (MSDN, "Multicast Socket Option Behavior"). It is
 * bound, because libuv binds before each join there (src/win/udp.c). */
static bool can_join(fer_domain domain, const void *group, const void *source, const void *local,
                     uint32_t interface_index)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    bool is_v4 = domain == FER_DOMAIN_IPV4;
    const fer_socket_addr any = {.ip.family = is_v4 ? FER_IP_V4 : FER_IP_V6};
    if (ferp_socket_new(domain, FER_TYPE_DGRAM, 0, &raw).kind != FER_OK) {
        return false;
    }
    fer_error error = ferp_bind(raw, &any);
    if (error.kind == FER_OK) {
        error = is_v4 ? ferp_change_group_v4(raw, FERP_JOIN, group, source, local)
                      : ferp_change_group_v6(raw, FERP_JOIN, group, source, interface_index);
    }
    ferp_close(raw);
    return error.kind == FER_OK;
}

/* A join from every sender that is WSAEINVAL is no second one: the socket is bound to an address of
 * another interface (keepsimple1/mdns-sd, issue 47). */
static bool may_be_second(ferp_membership change, const void *source, fer_error own,
                          fer_error mapped)
{
    return change == FERP_JOIN && mapped.kind == FER_ADDR_NOT_AVAILABLE &&
           (source != NULL || own.kind == FER_ADDR_NOT_AVAILABLE);
}

fer_error feri_change_group_v4(fer_handle *handle, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *source,
                               const fer_ipv4_addr *local)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(fer_ipv4_addr_is_multicast(*group), FER_INVALID_INPUT);
    FERI_REQUIRE(source == NULL || is_sender(fer_ip_addr_from_v4(*source)), FER_INVALID_INPUT);
    FERI_REQUIRE(!is_index(local), FER_ADDR_NOT_AVAILABLE);
    fer_error own = ferp_change_group_v4(feri_modes_raw(handle), change, group, source, local);
    fer_error error = map_v4_error(handle, own);
    if (may_be_second(change, source, own, error) &&
        can_join(FER_DOMAIN_IPV4, group, source, local, 0)) {
        error.kind = FER_ADDR_IN_USE;
    }
    return error;
}

fer_error feri_change_group_v6(fer_handle *handle, ferp_membership change,
                               const fer_ipv6_addr *group, const fer_ipv6_addr *source,
                               uint32_t interface_index)
{
    FER_TRY(feri_check_v6(handle));
    FERI_REQUIRE(fer_ipv6_addr_is_multicast(*group), FER_INVALID_INPUT);
    FERI_REQUIRE(source == NULL || is_sender(fer_ip_addr_from_v6(*source)), FER_INVALID_INPUT);
    fer_error own =
        ferp_change_group_v6(feri_modes_raw(handle), change, group, source, interface_index);
    fer_error error = feri_map_error(FERI_OPERATION_GROUP, own);
    if (may_be_second(change, source, own, error) &&
        can_join(FER_DOMAIN_IPV6, group, source, NULL, interface_index)) {
        error.kind = FER_ADDR_IN_USE;
    }
    return error;
}

/* ---- The mode and the timeouts. modes.c keeps them, and has those of calls that wait. */

fer_error feri_timeout_option(const fer_handle *handle, ferp_direction direction, fer_duration *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    return feri_timeout(handle, direction, true, out);
}

fer_error feri_set_timeout(fer_handle *handle, ferp_direction direction, fer_duration timeout)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(timeout.nanos != 0, FER_INVALID_INPUT);
    if (feri_core_keeps_modes(handle)) {
        if (timeout.nanos != FER_DURATION_NONE_NANOS) {
            FER_TRY(feri_modes_wait_in_core(handle, handle->p_.raw_));
        }
        feri_modes_set_timeout(handle, direction, timeout);
        return feri_ok();
    }
    /* The flag is cleared before the socket has no timeout and set after it has one. So two threads
     * that set it at once never leave a timeout without its flag. */
    uint32_t flag = feri_timeout_flag(direction);
    bool is_none = timeout.nanos == FER_DURATION_NONE_NANOS;
    feri_atomic_change_bits(&handle->p_.flags_, 0, is_none ? flag : 0);
    fer_error error = ferp_set_timeout(handle->p_.raw_, direction, timeout);
    bool may_be_set = is_none != (error.kind == FER_OK);
    feri_atomic_change_bits(&handle->p_.flags_, may_be_set ? flag : 0, 0);
    return feri_forgive_ended(handle, error);
}

/* The flag is set before the socket becomes nonblocking and cleared after it becomes blocking. A
 * reader in another thread that gets EAGAIN meanwhile then returns WOULD_BLOCK, and never a timeout
 * that was not set. */
fer_error feri_set_nonblocking(fer_handle *handle, bool on)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (feri_core_keeps_modes(handle)) {
        if (on) {
            FER_TRY(feri_modes_wait_in_core(handle, handle->p_.raw_));
        }
        feri_modes_mark(handle, FERI_MARK_NONBLOCKING, on);
        return feri_ok();
    }
    uint32_t previous = feri_handle_flags(handle) & FERI_FLAG_NONBLOCKING;
    feri_atomic_change_bits(&handle->p_.flags_, on ? FERI_FLAG_NONBLOCKING : 0, 0);
    fer_error error = feri_forgive_ended(handle, ferp_set_nonblocking(handle->p_.raw_, on));
    if (error.kind != FER_OK) {
        feri_atomic_change_bits(&handle->p_.flags_, previous, FERI_FLAG_NONBLOCKING & ~previous);
    } else if (!on) {
        feri_atomic_change_bits(&handle->p_.flags_, 0, FERI_FLAG_NONBLOCKING);
    }
    return error;
}
