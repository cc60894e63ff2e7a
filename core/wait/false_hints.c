/* false_hints.c: pauses of a call for which waits report "ready" although it still would block.
 *
 * Known causes: WSAPoll reports a write as ready from the peer's half-close on (Wine,
 * dlls/ws2_32/tests/sock.c, poll tests); a system without memory for a send reports the socket as
 * writable; Darwin 22.6 reports some sockets as writable before they are connected (qore#4791). */
#include "core/wait/false_hints.h"

#include "core/base/cancel_token.h"
#include "platform/platform.h"

static uint64_t pause_length(uint32_t in_a_row)
{
    uint64_t length = FERI_PAUSE_MIN_NANOS;
    for (uint32_t i = 2; i < in_a_row && length < FERI_PAUSE_MAX_NANOS; i++) {
        length *= 2;
    }
    return length < FERI_PAUSE_MAX_NANOS ? length : FERI_PAUSE_MAX_NANOS;
}

/* A cancel ends the pause at once (rule K2), and so does a signal, whose handler may cancel. A
 * token that is signalled but not cancelled, as concurrent resets may leave it, does not. */
static void pause_until(uint64_t until, const fer_cancel_token *token)
{
    bool is_signalled = token != NULL && ferp_token_wait(token, NULL, until).kind == FER_OK;
    if (token == NULL || (is_signalled && feri_token_check(token).kind == FER_OK)) {
        ferp_pause(until);
    }
}

void feri_pause_after_false_hint(feri_false_hints *hints, uint64_t deadline,
                                 const fer_cancel_token *token)
{
    uint64_t now = ferp_now();
    bool is_repeated = hints->in_a_row > 0 && now - hints->last < FERI_PAUSE_MIN_NANOS;
    hints->in_a_row = !is_repeated ? 1 : hints->in_a_row + (hints->in_a_row < UINT32_MAX);
    if (is_repeated && now < deadline) {
        uint64_t left = deadline - now;
        uint64_t length = pause_length(hints->in_a_row);
        pause_until(now + (length < left ? length : left), token);
        now = ferp_now();
    }
    hints->last = now;
}
