/* pause.c: pauses after false hints.
 *
 * Known causes: WSAPoll reports a write as ready from the peer's half-close on (Wine,
 * dlls/ws2_32/tests/sock.c, poll tests); a system without memory for a send reports the socket as
 * writable; Darwin 22.6 reports some sockets as writable before they are connected (qore#4791). */
#include "core/wait/pause.h"

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/limits.h"

uint64_t feri_pause_length(uint32_t in_a_row)
{
    uint64_t length = FERI_PAUSE_MIN_NANOS;
    for (uint32_t i = 2; i < in_a_row && length < FERI_PAUSE_MAX_NANOS; i++) {
        length *= 2;
    }
    return length < FERI_PAUSE_MAX_NANOS ? length : FERI_PAUSE_MAX_NANOS;
}

/* A cancel ends the pause at once (rule K2). A token that is signalled but not cancelled, as
 * concurrent resets may leave it, does not. */
fer_error feri_pause_after_false_hint(feri_false_hints *hints, uint64_t deadline,
                                      const fer_cancel_token *token, const fer_cancel_token *other)
{
    fer_error error = feri_ok();
    uint64_t now = ferp_now();
    bool is_repeated = hints->in_a_row > 0 && now - hints->last < FERI_PAUSE_MIN_NANOS;
    hints->in_a_row = is_repeated ? hints->in_a_row + 1 : 1;
    hints->count++;
    if (is_repeated && now < deadline) {
        uint64_t left = deadline - now;
        uint64_t length = feri_pause_length(hints->in_a_row);
        uint64_t until = now + (length < left ? length : left);
        error = ferp_token_wait(token, other, until);
        if (error.kind == FER_OK && feri_token_check(token).kind == FER_OK &&
            feri_token_check(other).kind == FER_OK) {
            error = ferp_token_wait(NULL, NULL, until);
        }
        now = ferp_now();
    }
    hints->last = now;
    return error.kind == FER_INTERRUPTED ? error : feri_ok();
}
