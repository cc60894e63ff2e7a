/* false_hints.h: pauses of a call for which waits report "ready" although it still would block. */
#ifndef FERI_FALSE_HINTS_H
#define FERI_FALSE_HINTS_H

#include <stdint.h>

#include "ferrule/cancel.h"

/* The shortest and the longest pause. Two false hints that are further apart than the shortest
 * pause are not "in a row": a wait lay between them. */
#define FERI_PAUSE_MIN_NANOS (UINT64_C(1) * 1000 * 1000)
#define FERI_PAUSE_MAX_NANOS (UINT64_C(20) * 1000 * 1000)

/* The false hints in a row of one call, and the time at which the last one ended. All zeros: none
 * yet. */
typedef struct feri_false_hints {
    uint32_t in_a_row;
    uint64_t last;
} feri_false_hints;

/* Called after a false hint, before the next wait. The first in a row continues immediately,
 * because a wakeup is often spurious once: another reader took the bytes. From the second on it
 * pauses, 1 ms and then twice as long each time, at most 20 ms and never beyond the deadline.
 * Without pauses a wait that is false for as long as its cause lasts would use a whole processor.
 * The token, which may be NULL, ends a pause. */
void feri_pause_after_false_hint(feri_false_hints *hints, uint64_t deadline,
                                 const fer_cancel_token *token);

#endif
