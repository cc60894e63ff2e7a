/* handle.c: the state word of every socket handle, and the claim, fill, move, release and close of
 * a handle. limits.c and modes.c change the words of limits and modes. */
#include "core/handle/handle.h"

#include "core/handle/modes.h"

_Static_assert(sizeof(fer_handle) == 96 && _Alignof(fer_handle) == _Alignof(uint64_t),
               "a promise of handle.h");

fer_error feri_handle_saved_error(const fer_handle *handle)
{
    fer_error_kind kind = feri_state_saved_kind(feri_handle_state(handle));
    FERI_REQUIRE(kind != FER_OK, FER_BROKEN_PIPE);
    return (fer_error){kind,
                       (int32_t)feri_atomic_load((const uint32_t *)&handle->p_.saved_os_code_)};
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

/* The first error is saved: its code before the kind, which makes it visible. If two threads fail
 * at the same time, either code may remain. After misuse no code is stored, which would be combined
 * with the kind of a later error. */
feri_state feri_handle_step(fer_handle *handle, feri_event event, fer_error error)
{
    FERI_ASSERT(handle != NULL);
    for (;;) {
        uint32_t word = feri_atomic_load(&handle->p_.state_);
        uint32_t mark = word & FERI_HANDLE_LIMITED;
        feri_state old = word & ~FERI_HANDLE_LIMITED;
        feri_state next = feri_state_next(old, event, error.kind);
        if (next == FERI_STATE_MISUSE) {
            return FERI_STATE_MISUSE;
        }
        if (error.kind != FER_OK && feri_state_saved_kind(old) == FER_OK) {
            (void)feri_atomic_replace((uint32_t *)&handle->p_.saved_os_code_, 0,
                                      (uint32_t)error.os_code);
        }
        if (feri_atomic_replace(&handle->p_.state_, word,
                                next | (mark != 0 && has_socket(next) ? mark : 0))) {
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

bool feri_event_of_shutdown(fer_shutdown how, feri_event *event)
{
    switch (how) {
    case FER_SHUTDOWN_READ: *event = FERI_EVENT_SHUT_READ; return true;
    case FER_SHUTDOWN_WRITE: *event = FERI_EVENT_SHUT_WRITE; return true;
    case FER_SHUTDOWN_BOTH: *event = FERI_EVENT_SHUT_BOTH; return true;
    default: return false;
    }
}

fer_error feri_handle_claim(fer_handle *handle)
{
    FERI_REQUIRE(handle != NULL, FER_MISUSE);
    FERI_REQUIRE(feri_handle_step(handle, FERI_EVENT_OPEN_BEGIN, feri_ok()) != FERI_STATE_MISUSE,
                 FER_MISUSE);
    handle->p_.raw_ = FER_RAW_SOCKET_NONE;
    handle->p_.saved_os_code_ = 0;
    handle->p_.flags_ = 0;
    feri_clear_addr(&handle->p_.peer_);
    feri_modes_clear(handle);
    handle->p_.token_ = NULL;
    handle->p_.deadline_[0] = 0;
    handle->p_.deadline_[1] = 0;
    handle->p_.lock_ = 0;
    handle->p_.interruptible_ = 0;
    return feri_ok();
}

/* Of a handle that no other thread uses. One that has lost its socket keeps its flags. */
static void close_unless_borrowed(const fer_handle *handle, fer_raw_socket raw)
{
    if (!feri_handle_has_flag(handle, FERI_FLAG_BORROWED)) {
        ferp_close(raw);
    }
}

fer_error feri_handle_fill(fer_handle *handle, feri_event event, fer_raw_socket raw, uint32_t flags)
{
    FERI_ASSERT(raw != FER_RAW_SOCKET_NONE);
    handle->p_.raw_ = raw;
    handle->p_.flags_ = flags;
    if ((flags & FERI_FLAG_NONBLOCKING) != 0 && feri_core_keeps_modes(handle)) {
        feri_modes_mark(handle, FERI_MARK_NONBLOCKING | FERI_MARK_CORE_WAITS, true);
    }
    if (feri_handle_step(handle, event, feri_ok()) != FERI_STATE_MISUSE) {
        return feri_ok();
    }
    close_unless_borrowed(handle, raw);
    return feri_own_error(FER_MISUSE);
}

static void leave_and_close(fer_handle *handle, fer_raw_socket raw)
{
    if (!feri_modes_leave(handle, raw)) {
        close_unless_borrowed(handle, raw);
    }
}

/* Publishes a filled handle with the state of another one. */
static fer_error publish(fer_handle *handle, feri_state claimed, feri_state state)
{
    if (feri_atomic_replace(&handle->p_.state_, claimed, state)) {
        return feri_ok();
    }
    leave_and_close(handle, handle->p_.raw_);
    return feri_own_error(FER_MISUSE);
}

fer_error feri_handle_fill_clone(fer_handle *handle, fer_raw_socket raw, const fer_handle *source)
{
    FERI_ASSERT(raw != FER_RAW_SOCKET_NONE);
    feri_state claimed = feri_handle_state(handle);
    feri_state seen = feri_handle_state(source);
    if (feri_state_next(claimed, FERI_EVENT_CONNECT_OK, FER_OK) == FERI_STATE_MISUSE ||
        feri_state_answer(seen, FERI_REQUEST_CLONE) != FERI_ANSWER_CALL_OS) {
        ferp_close(raw);
        return feri_own_error(FER_MISUSE);
    }
    handle->p_.raw_ = raw;
    handle->p_.flags_ = feri_handle_flags(source) & ~(uint32_t)FERI_FLAG_BORROWED;
    /* the saved failure of a datagram socket is the result of one call */
    handle->p_.saved_os_code_ =
        feri_handle_has_flag(source, FERI_FLAG_DATAGRAM)
            ? 0
            : (int32_t)feri_atomic_load((const uint32_t *)&source->p_.saved_os_code_);
    handle->p_.peer_ = source->p_.peer_;
    feri_modes_join(handle, source);
    return publish(handle, claimed, seen);
}

fer_error feri_handle_move(fer_handle *from, fer_handle *to)
{
    feri_state claimed = feri_handle_state(to);
    feri_state seen = feri_handle_state(from);
    to->p_.raw_ = feri_handle_release(from);
    to->p_.flags_ = feri_handle_flags(from);
    to->p_.saved_os_code_ = (int32_t)feri_atomic_load((const uint32_t *)&from->p_.saved_os_code_);
    to->p_.peer_ = from->p_.peer_;
    feri_modes_move(from, to);
    return publish(to, claimed, seen);
}

void feri_handle_abandon(fer_handle *handle)
{
    FERI_ASSERT(handle != NULL);
    handle->p_.raw_ = 0; /* all bytes of a NEW handle are zero */
    (void)feri_handle_step(handle, FERI_EVENT_OPEN_ABANDON, feri_ok());
}

FERI_HOT fer_raw_socket feri_handle_release(fer_handle *handle)
{
    if (handle == NULL) {
        return FER_RAW_SOCKET_NONE;
    }
    feri_state old = feri_handle_step(handle, FERI_EVENT_CLOSE, feri_ok());
    FERI_ASSERT(old != FERI_STATE_MISUSE);
    return feri_state_answer(old, FERI_REQUEST_RAW) == FERI_ANSWER_CALL_OS ? handle->p_.raw_
                                                                           : FER_RAW_SOCKET_NONE;
}

FERI_NOINLINE static void close_shared(fer_handle *handle, fer_raw_socket raw)
{
    if (feri_handle_has_flag(handle, FERI_FLAG_BORROWED)) {
        feri_modes_write_to(handle, raw);
    } else {
        feri_modes_before_close(handle, raw);
    }
    leave_and_close(handle, raw);
}

void feri_handle_close(fer_handle *handle)
{
    fer_raw_socket raw = feri_handle_release(handle);
    if (raw == FER_RAW_SOCKET_NONE) {
        return;
    }
    if (feri_handle_has_flag(handle, FERI_FLAG_BORROWED) || feri_modes_have_record(handle)) {
        close_shared(handle, raw);
        return;
    }
    ferp_close(raw);
}

fer_raw_socket feri_handle_as_raw(const fer_handle *handle)
{
    return feri_handle_answer(handle, FERI_REQUEST_RAW) == FERI_ANSWER_CALL_OS
               ? handle->p_.raw_
               : FER_RAW_SOCKET_NONE;
}

/* The flag is set once, so that a handle that has it is only read. */
fer_raw_socket feri_handle_lend_raw(const fer_handle *handle)
{
    fer_raw_socket raw = feri_handle_as_raw(handle);
    if (raw != FER_RAW_SOCKET_NONE && !feri_handle_has_flag(handle, FERI_FLAG_LENT)) {
        feri_atomic_change_bits((uint32_t *)(uintptr_t)&handle->p_.flags_, FERI_FLAG_LENT, 0);
    }
    return raw;
}
