/* handle.c: the storage of every socket handle, and all changes to it. */
#include "core/handle/handle.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/connection.h"
#include "core/handle/limits.h"
#include "core/handle/modes.h"
#include "platform/platform.h"

_Static_assert(sizeof(fer_handle) == 96 && _Alignof(fer_handle) == _Alignof(uint64_t),
               "a promise of handle.h");

fer_error feri_handle_saved_error(const fer_handle *handle)
{
    fer_error_kind kind = feri_state_saved_kind(feri_handle_state(handle));
    if (kind == FER_OK) {
        return feri_own_error(FER_BROKEN_PIPE);
    }
    return (fer_error){kind, (int32_t)feri_atomic_load((const uint32_t *)&handle->p_.reason_)};
}

fer_error feri_handle_answer_error(const fer_handle *handle, feri_answer answer)
{
    FERI_ASSERT((unsigned)answer < FERI_ANSWER_COUNT);
    switch (answer) {
    case FERI_ANSWER_PIPE: return feri_own_error(FER_BROKEN_PIPE);
    case FERI_ANSWER_SAVED_ERROR: return feri_handle_saved_error(handle);
    case FERI_ANSWER_UNCONNECTED: return feri_own_error(FER_NOT_CONNECTED);
    case FERI_ANSWER_PENDING: return feri_own_error(FER_WOULD_BLOCK);
    case FERI_ANSWER_MISUSE: return feri_own_error(FER_MISUSE);
    default: return feri_ok();
    }
}

fer_error feri_handle_check(const fer_handle *handle, feri_request request)
{
    return feri_handle_answer_error(handle, feri_handle_answer(handle, request));
}

static bool has_socket(feri_state state)
{
    return feri_state_answer(state, FERI_REQUEST_USE) != FERI_ANSWER_MISUSE;
}

/* Applies an event to the state word. Returns the state before the event, or FERI_STATE_MISUSE. */
static feri_state step_state(fer_handle *handle, feri_event event, fer_error_kind kind)
{
    for (;;) {
        uint32_t word = feri_atomic_load(&handle->p_.state_);
        uint32_t mark = word & FERI_HANDLE_LIMITED;
        feri_state old = word & ~FERI_HANDLE_LIMITED;
        feri_state next = feri_state_next(old, event, kind);
        if (next == FERI_STATE_MISUSE) {
            return FERI_STATE_MISUSE;
        }
        if (feri_atomic_replace(&handle->p_.state_, word, next | (has_socket(next) ? mark : 0))) {
            return old;
        }
    }
}

bool feri_handle_mark_limited(fer_handle *handle, bool is_limited)
{
    for (;;) {
        uint32_t word = feri_atomic_load(&handle->p_.state_);
        feri_state state = word & ~FERI_HANDLE_LIMITED;
        if (!has_socket(state)) {
            return false;
        }
        if (feri_atomic_replace(&handle->p_.state_, word,
                                state | (is_limited ? FERI_HANDLE_LIMITED : 0))) {
            return true;
        }
    }
}

bool feri_handle_apply(fer_handle *handle, feri_event event)
{
    FERI_ASSERT(handle != NULL);
    return step_state(handle, event, FER_OK) != FERI_STATE_MISUSE;
}

bool feri_handle_fail(fer_handle *handle, feri_event event, fer_error error)
{
    FERI_ASSERT(error.kind != FER_OK);
    feri_state seen = feri_handle_state(handle);
    if (feri_state_next(seen, event, error.kind) == FERI_STATE_MISUSE) {
        /* a stored code would be combined with the kind of a later error */
        return false;
    }
    if (feri_state_saved_kind(seen) == FER_OK) {
        /* The code is stored before the kind that makes it visible. If two threads fail at the same
         * time, either code may remain. */
        (void)feri_atomic_replace((uint32_t *)&handle->p_.reason_, 0, (uint32_t)error.os_code);
    }
    return step_state(handle, event, error.kind) != FERI_STATE_MISUSE;
}

fer_error feri_handle_claim(fer_handle *handle)
{
    if (handle == NULL || !feri_handle_apply(handle, FERI_EVENT_OPEN_BEGIN)) {
        return feri_own_error(FER_MISUSE);
    }
    handle->p_.raw_ = FER_RAW_SOCKET_NONE;
    handle->p_.reason_ = 0;
    handle->p_.flags_ = 0;
    handle->p_.peer_ = (fer_socket_addr){0};
    feri_modes_clear(handle);
    feri_limits_clear(handle);
    return feri_ok();
}

static fer_error fill_or_close(bool filled, fer_raw_socket raw)
{
    if (!filled) {
        ferp_close(raw);
        return feri_own_error(FER_MISUSE);
    }
    return feri_ok();
}

static fer_error fill(fer_handle *handle, feri_event event, fer_raw_socket raw, uint32_t flags)
{
    FERI_ASSERT(raw != FER_RAW_SOCKET_NONE);
    handle->p_.raw_ = raw;
    handle->p_.flags_ = flags;
    if ((flags & FERI_FLAG_NONBLOCKING) != 0 && feri_modes_are_kept(handle)) {
        feri_modes_set_nonblocking(handle, true);
    }
    return fill_or_close(feri_handle_apply(handle, event), raw);
}

fer_error feri_handle_fill(fer_handle *handle, fer_raw_socket raw, uint32_t flags)
{
    return fill(handle, FERI_EVENT_CONNECT_OK, raw, flags);
}

fer_error feri_handle_fill_unconnected(fer_handle *handle, fer_raw_socket raw, uint32_t flags)
{
    return fill(handle, FERI_EVENT_OPEN_UNCONNECTED, raw, flags);
}

fer_error feri_handle_fill_clone(fer_handle *handle, fer_raw_socket raw, const fer_handle *source)
{
    FERI_ASSERT(raw != FER_RAW_SOCKET_NONE);
    feri_state claimed = feri_handle_state(handle);
    feri_state seen = feri_handle_state(source);
    if (feri_state_next(claimed, FERI_EVENT_CONNECT_OK, FER_OK) == FERI_STATE_MISUSE ||
        feri_state_answer(seen, FERI_REQUEST_CLONE) != FERI_ANSWER_CALL_OS) {
        return fill_or_close(false, raw);
    }
    handle->p_.raw_ = raw;
    handle->p_.flags_ = feri_handle_flags(source);
    handle->p_.reason_ = (int32_t)feri_atomic_load((const uint32_t *)&source->p_.reason_);
    handle->p_.peer_ = source->p_.peer_;
    feri_modes_join(handle, source);
    bool is_filled = feri_atomic_replace(&handle->p_.state_, claimed, seen);
    if (!is_filled) {
        feri_modes_leave(handle);
    }
    return fill_or_close(is_filled, raw);
}

fer_error feri_handle_move(fer_handle *from, fer_handle *to)
{
    FER_TRY(feri_handle_claim(to));
    feri_state claimed = feri_handle_state(to);
    uint32_t flags = feri_handle_flags(from);
    int32_t os_code = (int32_t)feri_atomic_load((const uint32_t *)&from->p_.reason_);
    feri_state seen = feri_handle_state(from);
    to->p_.raw_ = feri_handle_release(from);
    to->p_.flags_ = flags;
    to->p_.reason_ = os_code;
    to->p_.peer_ = from->p_.peer_;
    feri_modes_move(from, to);
    bool is_filled = feri_atomic_replace(&to->p_.state_, claimed, seen);
    if (!is_filled) {
        feri_modes_leave(to);
    }
    return fill_or_close(is_filled, to->p_.raw_);
}

void feri_handle_abandon(fer_handle *handle)
{
    FERI_ASSERT(handle != NULL);
    (void)feri_handle_apply(handle, FERI_EVENT_OPEN_ABANDON);
}

fer_raw_socket feri_handle_release(fer_handle *handle)
{
    if (handle == NULL) {
        return FER_RAW_SOCKET_NONE;
    }
    feri_state old = step_state(handle, FERI_EVENT_CLOSE, FER_OK);
    FERI_ASSERT(old != FERI_STATE_MISUSE);
    return feri_state_answer(old, FERI_REQUEST_RAW) == FERI_ANSWER_CALL_OS ? handle->p_.raw_
                                                                           : FER_RAW_SOCKET_NONE;
}

void feri_handle_close(fer_handle *handle)
{
    fer_raw_socket raw = feri_handle_release(handle);
    if (raw != FER_RAW_SOCKET_NONE) {
        feri_modes_before_close(handle, raw);
        feri_modes_leave(handle);
        ferp_close(raw);
    }
}

fer_raw_socket feri_handle_as_raw(const fer_handle *handle)
{
    return feri_handle_answer(handle, FERI_REQUEST_RAW) == FERI_ANSWER_CALL_OS
               ? handle->p_.raw_
               : FER_RAW_SOCKET_NONE;
}

/* Clones, and sockets that are adopted or released. */

/* On failure nothing has changed. */
static fer_error duplicate(fer_handle *handle, fer_raw_socket *out)
{
    feri_shared_modes *record = NULL;
    FER_TRY(feri_modes_new_record(handle, &record));
    fer_error error = ferp_duplicate(handle->p_.raw_, out);
    if (error.kind != FER_OK) {
        ferp_memory_free(record);
        return error;
    }
    feri_modes_share(handle, record);
    return error;
}

fer_error feri_try_clone(fer_handle *handle, fer_handle *out)
{
    FER_TRY(feri_stream_check(handle, FERI_REQUEST_CLONE));
    FER_TRY(feri_handle_claim(out));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_error error = duplicate(handle, &raw);
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
    return ferp_traits()->shutdown_read_resets_on_data && feri_modes_has_ended_reading(handle);
}

static fer_error describe(fer_raw_socket raw, feri_domain domain, ferp_description *out)
{
    FER_TRY(ferp_describe(raw, out));
    bool has_domain =
        domain == FERI_DOMAIN_IP ? out->is_ip && !out->is_of_other_protocol : out->is_unix;
    return has_domain ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

static fer_error adopt_modes(fer_handle *handle, fer_raw_socket raw)
{
    FER_TRY(feri_modes_read_from(raw, feri_handle_has_flag(handle, FERI_FLAG_LISTENING), handle));
    FER_TRY(ferp_adopt(raw));
    return feri_modes_apply_timeouts(handle, raw);
}

/* The flags are those with which the handle is filled afterwards. */
static fer_error claim_and_adopt(fer_handle *handle, fer_raw_socket raw, uint32_t flags)
{
    FER_TRY(feri_handle_claim(handle));
    handle->p_.flags_ = flags;
    fer_error error = adopt_modes(handle, raw);
    if (error.kind != FER_OK) {
        feri_handle_abandon(handle);
    }
    return error;
}

static uint32_t adopted_flags(const ferp_description *description)
{
    uint32_t flags = FERI_FLAG_ADOPTED;
    flags |= description->family == FER_IP_V6 ? FERI_FLAG_V6 : 0;
    flags |= description->is_nonblocking ? FERI_FLAG_NONBLOCKING : 0;
    flags |= description->is_listening ? FERI_FLAG_LISTENING : 0;
    return flags;
}

static fer_error adopt(fer_handle *handle, fer_raw_socket raw, const ferp_description *description)
{
    uint32_t flags = adopted_flags(description);
    FER_TRY(claim_and_adopt(handle, raw, flags));
    return feri_handle_fill(handle, raw, flags);
}

fer_error feri_stream_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain)
{
    ferp_description description;
    FER_TRY(describe(raw, domain, &description));
    if (!description.is_stream || description.is_listening || !description.is_connected) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    return adopt(handle, raw, &description);
}

fer_error feri_listener_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain)
{
    ferp_description description;
    FER_TRY(describe(raw, domain, &description));
    if (!description.is_stream || !description.is_listening) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    return adopt(handle, raw, &description);
}

fer_error feri_datagram_from_raw(fer_handle *handle, fer_raw_socket raw, feri_domain domain)
{
    ferp_description description;
    FER_TRY(describe(raw, domain, &description));
    if (!description.is_datagram) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    FER_TRY(adopt(handle, raw, &description));
    ferp_report_refusals(raw, description.is_connected);
    return feri_ok();
}

static bool has_addresses(const ferp_description *description)
{
    return description->is_ip || description->is_unix;
}

static uint32_t described_flags(const ferp_description *description)
{
    uint32_t flags = description->is_unix ? FERI_FLAG_UNIX : 0;
    flags |= description->is_stream ? 0 : FERI_FLAG_DATAGRAM;
    flags |= description->is_packets || !has_addresses(description) ? FERI_FLAG_FOREIGN : 0;
    flags |= description->is_raw || (description->is_datagram && description->is_of_other_protocol)
                 ? FERI_FLAG_NO_PORTS
                 : 0;
    return flags;
}

/* A pending connect continues as if this handle had started it (rule C5). */
static fer_error fill_unconnected(fer_handle *handle, fer_raw_socket raw, uint32_t flags,
                                  bool is_connecting)
{
    FER_TRY(feri_handle_fill_unconnected(handle, raw, flags));
    if (is_connecting) {
        /* fails if another thread has closed the handle */
        (void)feri_handle_apply(handle, FERI_EVENT_CONNECT_BEGIN);
    }
    return feri_ok();
}

fer_error feri_socket_from_raw(fer_handle *handle, fer_raw_socket raw)
{
    ferp_description description;
    FER_TRY(ferp_describe(raw, &description));
    bool has_messages = description.is_datagram || description.is_raw;
    bool is_known = description.is_stream || description.is_packets ||
                    (has_messages && has_addresses(&description));
    if (!is_known) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    uint32_t flags = adopted_flags(&description) | described_flags(&description);
    FER_TRY(claim_and_adopt(handle, raw, flags));
    if (description.is_stream && !description.is_listening && !description.is_connected) {
        return fill_unconnected(handle, raw, flags, description.is_connecting);
    }
    if (description.is_datagram && description.is_ip) {
        ferp_report_refusals(raw, description.is_connected);
    }
    return feri_handle_fill(handle, raw, flags);
}

fer_raw_socket feri_into_raw(fer_handle *handle)
{
    fer_raw_socket raw = feri_handle_release(handle);
    if (raw != FER_RAW_SOCKET_NONE) {
        feri_modes_write_to(handle, raw);
        feri_modes_leave(handle);
    }
    return raw;
}
