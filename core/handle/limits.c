/* limits.c: the state of a cancel token, and the limits of a handle.
 *
 * The deadline has two words, because not every system has atomic words of 64 bits. A thread that
 * reads it while another one sets it must not combine the halves of two deadlines. The writer holds
 * the handle's lock, whose word is a version (modes.h): it is odd while the words change. A reader
 * repeats until it has found the same even version before and after. */
#include "core/handle/limits.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"

bool feri_token_is_open(const fer_cancel_token *token)
{
    return token != NULL && feri_token_check(token).kind != FER_MISUSE;
}

fer_error feri_token_check(const fer_cancel_token *token)
{
    if (token == NULL) {
        return feri_ok();
    }
    switch (feri_atomic_load(&token->p_.state_)) {
    case FERI_TOKEN_OPEN: return feri_ok();
    case FERI_TOKEN_CANCELLING:
    case FERI_TOKEN_CANCELLED: return feri_own_error(FER_CANCELLED);
    default: return feri_own_error(FER_MISUSE);
    }
}

/* ---- Limits */

/* Indexes into the words of a deadline. */
enum { AT_LOW, AT_HIGH };

feri_limits feri_limits_from(const fer_limits *limits)
{
    return limits == NULL ? FERI_NO_LIMITS
                          : (feri_limits){feri_deadline_of(limits->deadline), limits->token,
                                          limits->interruptible};
}

bool feri_limits_are_valid(const fer_limits *limits)
{
    unsigned bits = 0;
    for (size_t i = 0; i < sizeof limits->reserved_; i++) {
        bits |= limits->reserved_[i];
    }
    return bits == 0;
}

fer_error feri_limits_check(const feri_limits *limits)
{
    FER_TRY(feri_token_check(limits->token));
    bool is_late = limits->deadline != FERP_NO_DEADLINE && ferp_now() >= limits->deadline;
    return is_late ? feri_own_error(FER_TIMED_OUT) : feri_ok();
}

bool feri_retries_after_signal(const feri_limits *limits, fer_error *error)
{
    if (error->kind != FER_INTERRUPTED) {
        return false;
    }
    fer_error ended = feri_limits_check(limits);
    if (ended.kind == FER_OK && limits->interruptible) {
        return false;
    }
    *error = ended;
    return ended.kind == FER_OK;
}

/* ---- The words */

feri_limits feri_limits_of(const fer_handle *handle)
{
    if (!feri_handle_is_limited(handle)) {
        return FERI_NO_LIMITS;
    }
    for (uint32_t attempts = 0;; feri_handle_before_attempt(&attempts)) {
        uint32_t version = feri_atomic_load(&handle->p_.lock_);
        uint64_t low = feri_atomic_load(&handle->p_.deadline_[AT_LOW]);
        uint64_t high = feri_atomic_load(&handle->p_.deadline_[AT_HIGH]);
        const feri_limits found = {high << 32 | low, feri_atomic_load_pointer(&handle->p_.token_),
                                   feri_atomic_load(&handle->p_.interruptible_) != 0};
        bool is_whole = feri_atomic_load(&handle->p_.lock_) == version;
        if (is_whole && (version & 1) == 0) {
            return found;
        }
    }
}

fer_error feri_set_limits(fer_handle *handle, const fer_limits *limits)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    /* First: in a struct whose bytes were never set the token may point anywhere. */
    FERI_REQUIRE(limits == NULL || feri_limits_are_valid(limits), FER_INVALID_INPUT);
    const feri_limits stored = feri_limits_from(limits);
    FERI_REQUIRE(stored.token == NULL || feri_token_is_open(stored.token), FER_MISUSE);
    bool is_limited =
        stored.token != NULL || stored.deadline != FERP_NO_DEADLINE || stored.interruptible;
    if (is_limited) {
        FER_TRY(feri_modes_wait_in_core(handle, handle->p_.raw_));
    }
    uint32_t version = feri_handle_lock(handle);
    feri_atomic_store(&handle->p_.deadline_[AT_LOW], (uint32_t)stored.deadline);
    feri_atomic_store(&handle->p_.deadline_[AT_HIGH], (uint32_t)(stored.deadline >> 32));
    feri_atomic_store_pointer(&handle->p_.token_, (void *)(uintptr_t)stored.token);
    feri_atomic_store(&handle->p_.interruptible_, stored.interruptible);
    bool is_set = feri_handle_mark_limited(handle, is_limited);
    feri_handle_unlock(handle, version);
    return is_set ? feri_ok() : feri_own_error(FER_MISUSE);
}
