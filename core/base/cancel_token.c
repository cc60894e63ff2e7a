/* cancel_token.c: cancel tokens. The state is a word, which a cancel changes before it wakes the
 * calls that wait. So a call that sees the word unchanged and then waits is woken. Only the cancel
 * that changed the word wakes them, and reset lets it end first. Otherwise its wakeup could follow
 * the reset. */
#include "core/base/cancel_token.h"

#include "core/base/error.h"
#include "platform/platform.h"

_Static_assert(sizeof(fer_cancel_token) == 32, "the size does not change");

/* Between two checks of reset whether a cancel is in progress. */
#define RESET_PAUSE_NANOS FERP_NANOS_PER_MILLI

static uint32_t state_of(const fer_cancel_token *token)
{
    return token == NULL ? (uint32_t)FERI_TOKEN_NEW : feri_atomic_load(&token->p_.state_);
}

bool feri_token_is_open(const fer_cancel_token *token)
{
    uint32_t state = state_of(token);
    return state == FERI_TOKEN_OPEN || state == FERI_TOKEN_CANCELLING ||
           state == FERI_TOKEN_CANCELLED;
}

fer_error feri_token_check(const fer_cancel_token *token)
{
    if (token == NULL) {
        return feri_ok();
    }
    switch (state_of(token)) {
    case FERI_TOKEN_OPEN: return feri_ok();
    case FERI_TOKEN_CANCELLING:
    case FERI_TOKEN_CANCELLED: return feri_own_error(FER_CANCELLED);
    default: return feri_own_error(FER_MISUSE);
    }
}

fer_error fer_cancel_token_new(fer_cancel_token *token)
{
    FERI_REQUIRE(token != NULL, FER_MISUSE);
    FERI_REQUIRE(!feri_token_is_open(token), FER_MISUSE);
    FER_TRY(ferp_token_open(token));
    feri_atomic_store(&token->p_.state_, FERI_TOKEN_OPEN);
    return feri_ok();
}

fer_error fer_cancel_token_cancel(fer_cancel_token *token)
{
    FERI_REQUIRE(feri_token_is_open(token), FER_MISUSE);
    if (feri_atomic_replace(&token->p_.state_, FERI_TOKEN_OPEN, FERI_TOKEN_CANCELLING)) {
        ferp_token_signal(token);
        (void)feri_atomic_replace(&token->p_.state_, FERI_TOKEN_CANCELLING, FERI_TOKEN_CANCELLED);
    }
    return feri_ok();
}

bool fer_cancel_token_is_cancelled(const fer_cancel_token *token)
{
    uint32_t state = state_of(token);
    return state == FERI_TOKEN_CANCELLING || state == FERI_TOKEN_CANCELLED;
}

fer_error fer_cancel_token_reset(fer_cancel_token *token)
{
    FERI_REQUIRE(feri_token_is_open(token), FER_MISUSE);
    while (state_of(token) == FERI_TOKEN_CANCELLING) {
        ferp_pause(ferp_now() + RESET_PAUSE_NANOS);
    }
    if (state_of(token) == FERI_TOKEN_CANCELLED) {
        ferp_token_clear(token);
        (void)feri_atomic_replace(&token->p_.state_, FERI_TOKEN_CANCELLED, FERI_TOKEN_OPEN);
    }
    return feri_ok();
}

void fer_cancel_token_close(fer_cancel_token *token)
{
    if (feri_token_is_open(token)) {
        feri_atomic_store(&token->p_.state_, FERI_TOKEN_CLOSED);
        ferp_token_close(token);
    }
}
