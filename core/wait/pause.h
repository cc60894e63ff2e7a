/* pause.h: the pauses of a call for which waits report "ready" although it still would block. */
#ifndef FERI_PAUSE_H
#define FERI_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/error.h"
#include "platform/platform.h"

/* The shortest and the longest pause. Two false hints that are further apart than the shortest
 * pause are not "in a row": a wait lay between them. */
#define FERI_PAUSE_MIN_NANOS FERP_NANOS_PER_MILLI
#define FERI_PAUSE_MAX_NANOS (20 * FERP_NANOS_PER_MILLI)

/* The false hints of one call, those in a row, and the time at which the last one ended. All zeros:
 * none yet. */
typedef struct feri_false_hints {
    uint32_t count;
    uint32_t in_a_row;
    uint64_t last;
} feri_false_hints;

/* Whether so many waits have reported the end of a connect without a result that its error does not
 * come any more. Where it comes late, the pauses until then are 15 ms. A loaded machine puts more
 * than a pause between two of these hints, so all of them count. */
static inline bool feri_error_is_overdue(const feri_false_hints *hints)
{
    return hints->count > (ferp_traits()->connect_error_comes_late ? 5 : 0);
}

/* The length of the pause after so many false hints in a row: the shortest up to the second, then
 * twice as long each time, up to the longest. */
uint64_t feri_pause_length(uint32_t in_a_row);

/* Called after a false hint, before the next wait. The first in a row continues immediately,
 * because a wakeup is often spurious once: another reader took the bytes. From the second on it
 * pauses, 1 ms and then twice as long each time, at most 20 ms and never beyond the deadline.
 * Without pauses a wait that is false for as long as its cause lasts would use a whole processor.
 * A cancel of one of the tokens, which may be NULL, ends a pause: FER_OK. So does a signal:
 * INTERRUPTED, as of the wait that the pause precedes. */
fer_error feri_pause_after_false_hint(feri_false_hints *hints, uint64_t deadline,
                                      const fer_cancel_token *token, const fer_cancel_token *other);

#endif
