/* limits.h: the deadline and the cancel token of a handle or of a call (rules K1 to K8). */
#ifndef FERI_LIMITS_H
#define FERI_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "platform/platform.h"

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

/* deadline is by ferp_now. token may be NULL. */
typedef struct feri_limits {
    uint64_t deadline;
    const fer_cancel_token *token;
    bool interruptible; /* a signal ends the waits */
} feri_limits;

#define FERI_NO_LIMITS ((feri_limits){FERP_NO_DEADLINE, NULL, false})

/* NULL: none. */
feri_limits feri_limits_from(const fer_limits *limits);

/* Whether the reserved bytes are 0. */
bool feri_limits_are_valid(const fer_limits *limits);

/* Checks limits (rule K1): the token first, then the deadline. FER_OK, CANCELLED, TIMED_OUT, or
 * MISUSE if the token is not open. */
fer_error feri_limits_check(const feri_limits *limits);

/* Called after a system call, if the operation continues after a signal (rule I1). True: a signal
 * interrupted the call, and the limits allow a retry. False: *error is the operation's result,
 * which is INTERRUPTED if the limits let a signal end it (rule I4). */
bool feri_retries_after_signal(const feri_limits *limits, fer_error *error);

/* As fer_tcp_stream_set_limits. */
fer_error feri_set_limits(fer_handle *handle, const fer_limits *limits);

/* The limits of a handle; none if it has none. */
feri_limits feri_limits_of(const fer_handle *handle);

#endif
