/* options.c: the options of a socket, keepalive and multicast. */
#include "core/handle/options.h"

#include <stddef.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "platform/platform.h"

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

/* On IPv6 the unicast hop limit is the option. IP_TTL is set as well, for IPv4-mapped peers: Linux
 * and Windows accept it, macOS and the BSDs return EINVAL, which is ignored. */
fer_error feri_set_ttl(fer_handle *handle, uint32_t ttl)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(ttl >= 1, FER_INVALID_INPUT);
    FERI_REQUIRE(ttl <= 255, FER_INVALID_INPUT);
    if (!feri_handle_has_flag(handle, FERI_FLAG_V6)) {
        return set_number(handle, FERP_TTL_V4, ttl);
    }
    FER_TRY(set_number(handle, FERP_HOPS_V6, ttl));
    FER_IGNORE(ferp_set_option(feri_modes_raw(handle), FERP_TTL_V4, ttl));
    return feri_ok();
}

fer_error feri_ttl(const fer_handle *handle, uint32_t *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    return ferp_option_value(
        feri_modes_raw(handle),
        feri_handle_has_flag(handle, FERI_FLAG_V6) ? FERP_HOPS_V6 : FERP_TTL_V4, out);
}

static fer_error set_tos_of_family(fer_handle *handle, uint32_t tos)
{
    if (!feri_handle_has_flag(handle, FERI_FLAG_V6)) {
        return set_number(handle, FERP_TOS_V4, tos);
    }
    FER_TRY(set_number(handle, FERP_TCLASS_V6, tos));
    /* for IPv4-mapped peers, as with the hop limit */
    FER_IGNORE(ferp_set_option(feri_modes_raw(handle), FERP_TOS_V4, tos));
    return feri_ok();
}

/* On a stream TCP owns the two lowest bits, explicit congestion notification (RFC 3168, 5), and
 * overwrites them. */
fer_error feri_set_tos(fer_handle *handle, uint32_t tos)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    bool is_stream = !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM);
    if (tos > 255 || (is_stream && (tos & 3) != 0)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    return set_tos_of_family(handle, tos);
}

fer_error feri_tos(const fer_handle *handle, uint32_t *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    return ferp_option_value(
        feri_modes_raw(handle),
        feri_handle_has_flag(handle, FERI_FLAG_V6) ? FERP_TCLASS_V6 : FERP_TOS_V4, out);
}

/* OpenBSD refuses the size of a buffer whose half has ended, by the peer's end of file too
 * (uipc_socket.c, sosetopt; ponyc, issue 6058). Nothing uses that buffer any more, and a valid size
 * is EINVAL for no other reason. */
static fer_error buffer_result(const fer_handle *handle, fer_error error)
{
    bool is_ended_half = error.kind == FER_INVALID_INPUT &&
                         !feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM | FERI_FLAG_LISTENING);
    return is_ended_half ? feri_ok() : error;
}

fer_error feri_set_buffer_size(fer_handle *handle, ferp_option option, size_t size)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(size != 0, FER_INVALID_INPUT);
    uint32_t value = size < INT32_MAX ? (uint32_t)size : INT32_MAX;
    return buffer_result(handle, set_number(handle, option, value));
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
    struct ferp_linger setting = {false, 0};
    if (linger.nanos != FER_DURATION_NONE_NANOS) {
        setting.on = true;
        setting.seconds = feri_whole_seconds(linger, ferp_traits()->linger_seconds_max);
    }
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

/* ---- The time limit of unacknowledged bytes */

/* 0 is the system's own time. */
fer_error feri_set_user_timeout(fer_handle *handle, fer_duration timeout)
{
    uint64_t millis =
        timeout.nanos / FERP_NANOS_PER_MILLI + (timeout.nanos % FERP_NANOS_PER_MILLI != 0);
    FERI_REQUIRE(timeout.nanos != 0, FER_INVALID_INPUT);
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        millis = 0;
    }
    return set_number(handle, FERP_USER_TIMEOUT, millis < INT32_MAX ? (uint32_t)millis : INT32_MAX);
}

fer_error feri_user_timeout(const fer_handle *handle, fer_duration *out)
{
    uint32_t millis = 0;
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(ferp_option_value(feri_modes_raw(handle), FERP_USER_TIMEOUT, &millis));
    *out = millis == 0 ? FER_DURATION_NONE : fer_duration_from_millis(millis);
    return feri_ok();
}

/* ---- What the socket is */

fer_error feri_read_domain(const fer_handle *handle, fer_domain *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    uint32_t flags = feri_handle_flags(handle);
    FERI_REQUIRE((flags & FERI_NOT_IP) != FERI_FLAG_FOREIGN, FER_UNSUPPORTED);
    *out = (flags & FERI_FLAG_UNIX) != 0 ? FER_DOMAIN_UNIX
           : (flags & FERI_FLAG_V6) != 0 ? FER_DOMAIN_IPV6
                                         : FER_DOMAIN_IPV4;
    return feri_ok();
}

fer_error feri_read_type(const fer_handle *handle, fer_type *out)
{
    uint32_t type = 0;
    FER_TRY(feri_handle_check_getter(handle, out));
    FERI_REQUIRE((feri_handle_flags(handle) & FERI_NOT_IP) != FERI_NOT_IP, FER_UNSUPPORTED);
    FER_TRY(ferp_option_value(feri_modes_raw(handle), FERP_TYPE, &type));
    *out = (fer_type)type;
    return feri_ok();
}

/* A system that does not report the protocol has only TCP and UDP of the protocols with ports. A
 * sandbox that refuses the query is PERMISSION_DENIED. */
fer_error feri_read_protocol(const fer_handle *handle, int *out)
{
    uint32_t protocol = FER_PROTOCOL_DEFAULT;
    FER_TRY(feri_handle_check_getter(handle, out));
    uint32_t flags = feri_handle_flags(handle);
    fer_error error = (flags & FERI_FLAG_UNIX) != 0
                          ? feri_ok()
                          : ferp_option_value(feri_modes_raw(handle), FERP_PROTOCOL, &protocol);
    bool is_unknown = error.kind == FER_UNSUPPORTED || error.kind == FER_PERMISSION_DENIED;
    if (is_unknown && (flags & (FERI_FLAG_NO_PORTS | FERI_FLAG_FOREIGN)) == 0) {
        protocol = (flags & FERI_FLAG_DATAGRAM) != 0 ? FER_PROTOCOL_UDP : FER_PROTOCOL_TCP;
        error = feri_ok();
    }
    *out = error.kind == FER_OK ? (int)protocol : *out;
    return error;
}

/* ---- TCP keepalive, all or nothing. The fields are set first and SO_KEEPALIVE last. After a
 * failure the previous values are restored. */

/* One field, in the unit of the OS. A value of 0 leaves the field unchanged. */
typedef struct field {
    ferp_option option;
    uint32_t value;
    uint32_t previous;
} field;

#define FIELD_COUNT 3

static bool is_valid(const fer_tcp_keepalive *keepalive)
{
    return keepalive != NULL && keepalive->time.nanos != FER_DURATION_NONE_NANOS &&
           keepalive->interval.nanos != FER_DURATION_NONE_NANOS;
}

static void make_fields(const fer_tcp_keepalive *keepalive, field fields[FIELD_COUNT])
{
    uint32_t max_seconds = ferp_traits()->keepalive_seconds_max;
    uint32_t max_retries = ferp_traits()->keepalive_retries_max;
    uint32_t retries = keepalive->retries < max_retries ? keepalive->retries : max_retries;
    fields[0] = (field){FERP_KEEPALIVE_TIME, feri_whole_seconds(keepalive->time, max_seconds), 0};
    fields[1] =
        (field){FERP_KEEPALIVE_INTERVAL, feri_whole_seconds(keepalive->interval, max_seconds), 0};
    fields[2] = (field){FERP_KEEPALIVE_RETRIES, retries, 0};
}

static void restore(fer_raw_socket raw, const field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].value != 0) {
            FER_IGNORE(ferp_set_option(raw, fields[i].option, fields[i].previous));
        }
    }
}

static fer_error set_field(fer_raw_socket raw, field *one)
{
    if (one->value == 0) {
        return feri_ok();
    }
    fer_error error = ferp_option_value(raw, one->option, &one->previous);
    if (error.kind == FER_OK) {
        error = ferp_set_option(raw, one->option, one->value);
    }
    if (error.kind == FER_UNSUPPORTED && one->option == FERP_KEEPALIVE_RETRIES) {
        one->value = 0; /* the OS keeps its own number (rule O3) */
        return feri_ok();
    }
    return error;
}

static fer_error set_fields(fer_raw_socket raw, field fields[FIELD_COUNT])
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        fer_error error = set_field(raw, &fields[i]);
        if (error.kind != FER_OK) {
            restore(raw, fields, i);
            return error;
        }
    }
    return feri_ok();
}

static fer_error set_all(fer_raw_socket raw, const fer_tcp_keepalive *keepalive)
{
    field fields[FIELD_COUNT];
    make_fields(keepalive, fields);
    FER_TRY(set_fields(raw, fields));
    fer_error error = ferp_set_option(raw, FERP_KEEPALIVE, keepalive->enabled ? 1 : 0);
    if (error.kind != FER_OK) {
        restore(raw, fields, FIELD_COUNT);
    }
    return error;
}

fer_error feri_set_keepalive(fer_handle *handle, const fer_tcp_keepalive *keepalive)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (!is_valid(keepalive)) {
        return feri_refuse(keepalive == NULL);
    }
    return feri_forgive_ended(handle, set_all(handle->p_.raw_, keepalive));
}

/* A field that the OS cannot report is 0. */
static fer_error value_or_zero(fer_raw_socket raw, ferp_option option, uint32_t *out)
{
    *out = 0;
    fer_error error = ferp_option_value(raw, option, out);
    return error.kind == FER_UNSUPPORTED ? feri_ok() : error;
}

fer_error feri_keepalive(const fer_handle *handle, fer_tcp_keepalive *out)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(out != NULL, FER_MISUSE);
    uint32_t enabled = 0;
    uint32_t time = 0;
    uint32_t interval = 0;
    uint32_t retries = 0;
    FER_TRY(ferp_option_value(handle->p_.raw_, FERP_KEEPALIVE, &enabled));
    FER_TRY(value_or_zero(handle->p_.raw_, FERP_KEEPALIVE_TIME, &time));
    FER_TRY(value_or_zero(handle->p_.raw_, FERP_KEEPALIVE_INTERVAL, &interval));
    FER_TRY(value_or_zero(handle->p_.raw_, FERP_KEEPALIVE_RETRIES, &retries));
    *out = (fer_tcp_keepalive){enabled != 0, fer_duration_from_secs(time),
                               fer_duration_from_secs(interval), retries};
    return feri_ok();
}

/* ---- Multicast groups and options. */

/* An IPv6 option of an IPv4 socket is misuse, for which each system reports a different error. */
static fer_error check_v6(const fer_handle *handle)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return feri_handle_has_flag(handle, FERI_FLAG_V6) ? feri_ok()
                                                      : feri_own_error(FER_INVALID_INPUT);
}

fer_error feri_set_multicast_loop_v6(fer_handle *handle, bool loop)
{
    FER_TRY(check_v6(handle));
    return feri_set_bool_option(handle, FERP_MULTICAST_LOOP_V6, loop);
}

fer_error feri_multicast_loop_v6(const fer_handle *handle, bool *out)
{
    FER_TRY(check_v6(handle));
    return feri_bool_option(handle, FERP_MULTICAST_LOOP_V6, out);
}

fer_error feri_set_multicast_ttl_v4(fer_handle *handle, uint32_t ttl)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return ttl > 255 ? feri_own_error(FER_INVALID_INPUT)
                     : ferp_set_option(feri_modes_raw(handle), FERP_MULTICAST_TTL_V4, ttl);
}

fer_error feri_multicast_ttl_v4(const fer_handle *handle, uint32_t *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    return ferp_option_value(feri_modes_raw(handle), FERP_MULTICAST_TTL_V4, out);
}

fer_error feri_change_group_v4(fer_handle *handle, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *local)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE(fer_ipv4_addr_is_multicast(*group), FER_INVALID_INPUT);
    fer_error error = ferp_change_group_v4(feri_modes_raw(handle), change, group, local);
    /* FreeBSD and macOS have no IPv4 groups of an IPv6 socket (`ipv4_groups_of_ipv6`). */
    bool lacks_groups =
        error.kind == FER_INVALID_INPUT && feri_handle_has_flag(handle, FERI_FLAG_V6);
    return lacks_groups ? error : feri_map_error(FERI_OPERATION_GROUP, error);
}

fer_error feri_change_group_v6(fer_handle *handle, ferp_membership change,
                               const fer_ipv6_addr *group, uint32_t interface_index)
{
    FER_TRY(check_v6(handle));
    FERI_REQUIRE(fer_ipv6_addr_is_multicast(*group), FER_INVALID_INPUT);
    return feri_map_error(FERI_OPERATION_GROUP, ferp_change_group_v6(feri_modes_raw(handle), change,
                                                                     group, interface_index));
}
