/* ownership.c: clones, and sockets that are adopted or released. */
#include "core/handle/handle.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/modes.h"
#include "platform/messages.h"
#include "platform/platform.h"

/* On failure nothing has changed. */
static fer_error duplicate(fer_handle *handle, fer_raw_socket *out)
{
    feri_shared_modes *record = NULL;
    FER_TRY(feri_modes_new_record(handle, &record));
    fer_error error = ferp_duplicate(feri_modes_raw(handle), out);
    if (error.kind != FER_OK) {
        ferp_free(record);
        return error;
    }
    feri_modes_share(handle, record);
    return error;
}

fer_error feri_try_clone(fer_handle *handle, fer_handle *out)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_CLONE));
    FER_TRY(feri_handle_claim(out));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_error error = feri_stream_check(handle, FERI_REQUEST_CLONE);
    error = error.kind == FER_OK ? duplicate(handle, &raw) : error;
    if (error.kind == FER_OK) {
        /* From now on another handle can change the modes, and can end the read half unnoticed by
         * this one. A waiting reader is woken, so that it waits again as a reader of a shared
         * socket. */
        feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_CLONED, 0);
        ferp_wake(handle->p_.raw_);
        error = feri_handle_fill_clone(out, raw, handle);
    }
    if (error.kind != FER_OK) {
        feri_handle_abandon(out);
    }
    return error;
}

bool feri_read_shut_by_clone(const fer_handle *handle)
{
    return feri_marks_read_end(handle) && feri_modes_has_ended_reading(handle);
}

static fer_error describe(fer_raw_socket raw, feri_domain domain, ferp_description *out)
{
    FER_TRY(ferp_describe(raw, out));
    bool has_domain =
        domain == FERI_DOMAIN_IP ? out->is_ip && !out->is_of_other_protocol : out->is_unix;
    return has_domain ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

static fer_error adopt_modes(fer_handle *handle, fer_raw_socket raw,
                             const ferp_description *description)
{
    FER_TRY(feri_modes_read_from(raw, feri_handle_has_flag(handle, FERI_FLAG_LISTENING), handle));
    bool is_udp = description->is_datagram && description->is_ip;
    FER_TRY(ferp_adopt(raw, is_udp ? description->family : (fer_ip_family)0));
    return feri_modes_apply_timeouts(handle, raw);
}

/* Whether datagrams are coalesced, which single receives would merge (rule B8). */
static bool coalesces(fer_raw_socket raw, const ferp_description *description)
{
    bool on = false;
    return description->is_datagram && description->is_ip && !description->is_of_other_protocol &&
           ferp_udp_feature(raw, description->family, FER_UDP_COALESCING, &on).kind == FER_OK && on;
}

static bool has_addresses(const ferp_description *description)
{
    return description->is_ip || description->is_unix;
}

static uint32_t adopted_flags(fer_raw_socket raw, const ferp_description *description)
{
    uint32_t flags = FERI_FLAG_ADOPTED;
    flags |= coalesces(raw, description) ? FERI_FLAG_COALESCING : 0;
    flags |= description->family == FER_IP_V6 ? FERI_FLAG_V6 : 0;
    flags |= description->is_nonblocking ? FERI_FLAG_NONBLOCKING : 0;
    flags |= description->is_listening ? FERI_FLAG_LISTENING : 0;
    flags |= description->is_stream ? 0 : FERI_FLAG_DATAGRAM;
    flags |= description->is_unix ? FERI_FLAG_UNIX : 0;
    flags |= description->is_packets || !has_addresses(description) ? FERI_FLAG_FOREIGN : 0;
    bool has_no_ports =
        description->is_raw || (description->is_datagram && description->is_of_other_protocol);
    flags |= has_no_ports ? FERI_FLAG_NO_PORTS : 0;
    return flags;
}

/* The claimed handle has the flags with which it is filled afterwards. described is the result of
 * describing the socket, which the check of the handle precedes (rule E4). */
static fer_error adopt_or_abandon(fer_handle *handle, fer_raw_socket raw, fer_error described,
                                  const ferp_description *description)
{
    fer_error error = described;
    if (error.kind == FER_OK) {
        handle->p_.flags_ = adopted_flags(raw, description);
        error = adopt_modes(handle, raw, description);
    }
    if (error.kind != FER_OK) {
        feri_handle_abandon(handle);
    }
    return error;
}

static fer_error adopt(fer_handle *handle, fer_raw_socket raw, fer_error described,
                       const ferp_description *description)
{
    FER_TRY(adopt_or_abandon(handle, raw, described, description));
    return feri_handle_fill(handle, raw, handle->p_.flags_);
}

static fer_error describe_stream(fer_raw_socket raw, feri_domain domain, ferp_description *out)
{
    FER_TRY(describe(raw, domain, out));
    bool is_adoptable = out->is_stream && !out->is_listening && out->is_connected;
    return is_adoptable ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

fer_error feri_stream_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain)
{
    ferp_description description;
    FER_TRY(feri_handle_claim(handle));
    return adopt(handle, raw, describe_stream(raw, domain, &description), &description);
}

static fer_error describe_listener(fer_raw_socket raw, feri_domain domain, ferp_description *out)
{
    FER_TRY(describe(raw, domain, out));
    FERI_REQUIRE(out->is_stream, FER_INVALID_INPUT);
    FERI_REQUIRE(out->is_listening, FER_INVALID_INPUT);
    return feri_ok();
}

fer_error feri_listener_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain)
{
    ferp_description description;
    FER_TRY(feri_handle_claim(handle));
    return adopt(handle, raw, describe_listener(raw, domain, &description), &description);
}

static fer_error describe_datagram(fer_raw_socket raw, feri_domain domain, ferp_description *out)
{
    FER_TRY(describe(raw, domain, out));
    FERI_REQUIRE(out->is_datagram, FER_INVALID_INPUT);
    return feri_ok();
}

fer_error feri_datagram_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain)
{
    ferp_description description;
    FER_TRY(feri_handle_claim(handle));
    FER_TRY(adopt(handle, raw, describe_datagram(raw, domain, &description), &description));
    ferp_report_refusals(raw, description.is_connected);
    return feri_ok();
}

/* A pending connect continues as if this handle had started it (rule C5). */
static fer_error fill_unconnected(fer_handle *handle, fer_raw_socket raw, bool is_connecting)
{
    FER_TRY(feri_handle_fill_unconnected(handle, raw, handle->p_.flags_));
    if (is_connecting) {
        /* fails if another thread has closed the handle */
        (void)feri_handle_apply(handle, FERI_EVENT_CONNECT_BEGIN);
    }
    return feri_ok();
}

static fer_error describe_any(fer_raw_socket raw, ferp_description *out)
{
    FER_TRY(ferp_describe(raw, out));
    bool has_messages = out->is_datagram || out->is_raw;
    bool is_known = out->is_stream || out->is_packets || (has_messages && has_addresses(out));
    return is_known ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

fer_error feri_socket_from_raw(fer_handle *handle, fer_raw_socket raw)
{
    ferp_description description;
    FER_TRY(feri_handle_claim(handle));
    FER_TRY(adopt_or_abandon(handle, raw, describe_any(raw, &description), &description));
    if (description.is_stream && !description.is_listening && !description.is_connected) {
        return fill_unconnected(handle, raw, description.is_connecting);
    }
    if (description.is_datagram && description.is_ip) {
        ferp_report_refusals(raw, description.is_connected);
    }
    return feri_handle_fill(handle, raw, handle->p_.flags_);
}

/* Through the SOCKET of a record the other handles make their calls, so the caller gets a duplicate
 * of it, made now: it has everything that the socket has. */
fer_raw_socket feri_into_raw(fer_handle *handle)
{
    fer_raw_socket own = feri_handle_as_raw(handle);
    fer_raw_socket out = own;
    bool is_copied = own != FER_RAW_SOCKET_NONE && feri_modes_have_raw(handle);
    if (is_copied && ferp_duplicate(feri_modes_raw(handle), &out).kind != FER_OK) {
        return FER_RAW_SOCKET_NONE;
    }
    (void)feri_handle_release(handle);
    if (out == FER_RAW_SOCKET_NONE) {
        return out;
    }
    feri_modes_write_to(handle, out);
    if (!feri_modes_leave(handle, own) && is_copied) {
        ferp_close(own);
    }
    return out;
}
