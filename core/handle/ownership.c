/* ownership.c: clones, and sockets that are adopted or released. */
#include "core/handle/handle.h"

#include "core/handle/connection.h"
#include "core/handle/modes.h"
#include "platform/messages.h"

fer_error feri_try_clone(fer_handle *handle, fer_handle *out)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_CLONE));
    FER_TRY(feri_handle_claim(out));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    feri_shared_modes *record = NULL;
    fer_error error = feri_stream_check(handle, FERI_REQUEST_CLONE);
    error = error.kind == FER_OK ? feri_modes_new_record(handle, &record) : error;
    error = error.kind == FER_OK ? ferp_duplicate(feri_modes_raw(handle), &raw) : error;
    if (error.kind == FER_OK) {
        feri_modes_share(handle, record, raw);
        /* From now on another handle can change the modes, and can end the read half unnoticed by
         * this one. A waiting reader is woken, so that it waits again as a reader of a shared
         * socket. */
        feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_CLONED, 0);
        ferp_wake(handle->p_.raw_);
        error = feri_handle_fill_clone(out, raw, handle);
    } else {
        ferp_free(record);
    }
    if (error.kind != FER_OK) {
        feri_handle_abandon(out);
    }
    return error;
}

static bool is_adoptable(const ferp_description *description, feri_domain domain, feri_adopted kind)
{
    bool is_of_domain = domain == FERI_DOMAIN_IP
                            ? description->is_ip && !description->is_of_other_protocol
                            : description->is_unix;
    bool has_messages = description->is_datagram || description->is_raw;
    switch (kind) {
    case FERI_ADOPTED_STREAM:
        return is_of_domain && description->is_stream && !description->is_listening &&
               description->is_connected;
    case FERI_ADOPTED_LISTENER:
        return is_of_domain && description->is_stream && description->is_listening;
    case FERI_ADOPTED_DATAGRAM: return is_of_domain && description->is_datagram;
    default:
        return description->is_stream || description->is_packets ||
               (has_messages && (description->is_ip || description->is_unix));
    }
}

static uint32_t adopted_flags(fer_raw_socket raw, const ferp_description *description)
{
    bool has_other_protocol = description->is_datagram && description->is_of_other_protocol;
    bool is_foreign = description->is_packets || (!description->is_ip && !description->is_unix);
    /* whether datagrams are coalesced, which single receives would merge (rule B8) */
    bool on = false;
    bool coalesces =
        description->is_datagram && description->is_ip && !has_other_protocol &&
        ferp_udp_feature(raw, description->family, FER_UDP_COALESCING, &on).kind == FER_OK && on;
    uint32_t flags = FERI_FLAG_ADOPTED;
    flags |= coalesces ? FERI_FLAG_COALESCING : 0;
    flags |= description->family == FER_IP_V6 ? FERI_FLAG_V6 : 0;
    flags |= description->is_nonblocking ? FERI_FLAG_NONBLOCKING : 0;
    flags |= description->is_listening ? FERI_FLAG_LISTENING : 0;
    flags |= description->is_stream ? 0 : FERI_FLAG_DATAGRAM;
    flags |= description->is_unix ? FERI_FLAG_UNIX : 0;
    flags |= is_foreign ? FERI_FLAG_FOREIGN : 0;
    flags |= description->is_raw || has_other_protocol ? FERI_FLAG_NO_PORTS : 0;
    return flags;
}

/* Prepares the socket and a claimed handle, which has the flags with which it is filled
 * afterwards. */
static fer_error prepare(fer_handle *handle, fer_raw_socket raw, feri_domain domain,
                         feri_adopted kind, ferp_description *description)
{
    FER_TRY(ferp_describe(raw, description));
    FERI_REQUIRE(is_adoptable(description, domain, kind), FER_INVALID_INPUT);
    const uint32_t ownership = kind == FERI_ADOPTED_BORROWED ? FERI_FLAG_BORROWED : 0;
    handle->p_.flags_ = adopted_flags(raw, description) | ownership;
    if (feri_core_keeps_modes(handle)) {
        FER_TRY(feri_modes_read_from(raw, handle));
    }
    FER_TRY(ferp_adopt(raw, description->is_ip ? description->family : (fer_ip_family)0));
    return feri_modes_apply_timeouts(handle, raw);
}

/* The check of the handle precedes that of the socket (rule E4). A pending connect continues as if
 * this handle had started it (rule C5). */
fer_error feri_adopt(fer_handle *handle, fer_raw_socket raw, feri_domain domain, feri_adopted kind)
{
    ferp_description description = {.is_ip = false};
    FER_TRY(feri_handle_claim(handle));
    fer_error error = prepare(handle, raw, domain, kind, &description);
    if (error.kind != FER_OK) {
        feri_handle_abandon(handle);
        return error;
    }
    if (description.is_connected && feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM) &&
        !feri_handle_has_flag(handle, FERI_NOT_IP | FERI_FLAG_NO_PORTS)) {
        /* for a receive after a shutdown (rule U7): XNU's getpeername is EINVAL then */
        FER_IGNORE(ferp_peer_addr(raw, &handle->p_.peer_));
    }
    bool is_unconnected =
        description.is_stream && !description.is_listening && !description.is_connected;
    FER_TRY(feri_handle_fill(handle,
                             is_unconnected ? FERI_EVENT_OPEN_UNCONNECTED : FERI_EVENT_CONNECT_OK,
                             raw, handle->p_.flags_));
    if (is_unconnected && description.is_connecting) {
        /* fails if another thread has closed the handle */
        (void)feri_handle_step(handle, FERI_EVENT_CONNECT_BEGIN, feri_ok());
    }
    if (description.is_datagram && description.is_ip) {
        ferp_report_refusals(raw, description.is_connected);
        FER_IGNORE(ferp_set_udp_feature(raw, description.family, FER_UDP_SEGMENTING, false));
    }
    return feri_ok();
}

/* Through the SOCKET of a record the other handles make their calls, so the caller gets a duplicate
 * of it, made now: it has everything that the socket has, and what the handle's SOCKET has alone. A
 * borrowed one is no record's, and is the caller's own. */
fer_raw_socket feri_into_raw(fer_handle *handle)
{
    fer_raw_socket own = feri_handle_as_raw(handle);
    fer_raw_socket out = own;
    bool is_copied = !ferp_traits()->io_waits_in_kernel && own != FER_RAW_SOCKET_NONE &&
                     feri_modes_have_record(handle) &&
                     feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM) &&
                     !feri_handle_has_flag(handle, FERI_FLAG_BORROWED);
    if (is_copied && ferp_duplicate(feri_modes_raw(handle), &out).kind != FER_OK) {
        return FER_RAW_SOCKET_NONE;
    }
    uint32_t is_inherited = false;
    if (is_copied && ferp_option_value(own, FERP_INHERITABLE, &is_inherited).kind == FER_OK &&
        is_inherited != 0) {
        FER_IGNORE(ferp_set_option(out, FERP_INHERITABLE, true));
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
