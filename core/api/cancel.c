/* cancel.c: cancel tokens.
 *
 * The state of a token is a word, which a cancel changes before it wakes the calls that wait. So a
 * call that sees the word unchanged and then waits is woken. Only the cancel that changed the word
 * wakes them, and reset lets it end first. Otherwise its wakeup could follow the reset. */
#include "ferrule/cancel.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/limits.h"
#include "platform/platform.h"

_Static_assert(sizeof(fer_cancel_token) == 32, "the size does not change");

/* Between two checks of reset whether a cancel is in progress. */
#define RESET_PAUSE_NANOS FERP_NANOS_PER_MILLI

fer_error fer_cancel_token_new(fer_cancel_token *token)
{
    FERI_REQUIRE(token != NULL && !feri_token_is_open(token), FER_MISUSE);
    FER_TRY(ferp_token_open(token));
    feri_atomic_store(&token->p_.state_, FERI_TOKEN_OPEN);
    return feri_ok();
}

fer_error fer_cancel_token_cancel(fer_cancel_token *token)
{
    FERI_REQUIRE(feri_token_is_open(token), FER_MISUSE);
    bool is_first = feri_atomic_replace(&token->p_.state_, FERI_TOKEN_OPEN, FERI_TOKEN_CANCELLING);
    (void)feri_atomic_add(&ferp_counts()->ends, 1); /* the first may return after the others */
    if (is_first) {
        ferp_token_signal(token);
        (void)feri_atomic_replace(&token->p_.state_, FERI_TOKEN_CANCELLING, FERI_TOKEN_CANCELLED);
    }
    return feri_ok();
}

bool fer_cancel_token_is_cancelled(const fer_cancel_token *token)
{
    return feri_token_check(token).kind == FER_CANCELLED;
}

fer_error fer_cancel_token_reset(fer_cancel_token *token)
{
    FERI_REQUIRE(feri_token_is_open(token), FER_MISUSE);
    while (feri_atomic_load(&token->p_.state_) == FERI_TOKEN_CANCELLING) {
        FER_IGNORE(ferp_token_wait(NULL, NULL, ferp_now() + RESET_PAUSE_NANOS));
    }
    if (feri_atomic_load(&token->p_.state_) == FERI_TOKEN_CANCELLED) {
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
