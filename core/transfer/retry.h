/* retry.h: whether a try of a stream's read or write is repeated: with fewer bytes if the system
 * lacks buffers, and after a wait if it would block. */
#ifndef FERI_RETRY_H
#define FERI_RETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/wait/waiting.h"

/* The shortest length to which a try is halved. A system without the memory for that has none for
 * fewer bytes either. */
#define FERI_SHORTEST_TRY ((size_t)4096)

/* Called after a try of *len bytes. True: it failed, retry with *len bytes, which may be fewer than
 * before. False: *error is the call's result. Only an error of a try changes the state of the
 * stream, or one of the socket that ended the wait. The wait's own failure does not.
 *
 * NO_BUFFER_SPACE, if it passes on this system: the length is halved, down to FERI_SHORTEST_TRY. If
 * that fails too, the error is WOULD_BLOCK, and the call waits or not according to `waiting`. */
bool feri_should_retry(feri_waiting *waiting, fer_error *error, size_t *len);

#endif
