/* cancel_token.h: the checks of a cancel token. cancel.h has the public functions. */
#ifndef FERI_CANCEL_TOKEN_H
#define FERI_CANCEL_TOKEN_H

#include <stdbool.h>

#include "core/base/compiler.h"
#include "ferrule/cancel.h"

/* The values of a token's state_. In CANCELLING the calls see the cancel, but those that wait may
 * not have been woken yet. */
enum {
    FERI_TOKEN_NEW,
    FERI_TOKEN_OPEN,
    FERI_TOKEN_CANCELLING,
    FERI_TOKEN_CANCELLED,
    FERI_TOKEN_CLOSED
};

/* False for NULL. */
bool feri_token_is_open(const fer_cancel_token *token);

/* FER_OK, CANCELLED, or MISUSE for a token that is not open. NULL is no token: FER_OK. */
fer_error feri_token_check(const fer_cancel_token *token);

#endif
