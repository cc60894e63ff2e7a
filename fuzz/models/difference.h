/* difference.h: what the tables of differences between Linux and another system share. An entry
 * X(tag, ...) of a table is a case of that row of docs/DIFFERENCES.md, "Not reconciled". */
#ifndef FUZZ_DIFFERENCE_H
#define FUZZ_DIFFERENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "ferrule.h"
#include "ferrule/sim.h"

/* The systems that differ from Linux, a bit each, in the order of dialects and of fer_sim_bsd. */
enum { ON_WINDOWS = 2, ON_MACOS = 4, ON_FREEBSD = 8, ON_NETBSD = 16, ON_OPENBSD = 32 };
enum { ON_BSD = ON_MACOS | ON_FREEBSD | ON_NETBSD | ON_OPENBSD, ON_ALL = ON_WINDOWS | ON_BSD };

/* Whether anything after a case can be compared. */
enum { ENDS = false, GOES_ON = true };

/* Sets of kinds, of results on Linux and on the other system. */
#define K(kind) (UINT64_C(1) << (FER_##kind < 64 ? FER_##kind : FER_##kind - 20))
#define ANY UINT64_MAX
#define BUT(kinds) (~(kinds))
#define REFUSED (K(CONNECTION_REFUSED) | K(HOST_UNREACHABLE))
#define RESET K(CONNECTION_RESET)
#define BROKEN K(BROKEN_PIPE)
#define END (K(OK) | K(UNEXPECTED_EOF))
#define UNFINISHED (K(WOULD_BLOCK) | K(TIMED_OUT) | K(CANCELLED))
#define NOTHING (UNFINISHED | K(DEADLOCK)) /* of a call that has to wait, neither now nor ever */

static inline bool is_kind_of(fer_error_kind kind, uint64_t kinds)
{
    return (kinds >> (kind < 64 ? kind : (kind - 20) & 63) & 1) != 0;
}

/* With FERRULE_FUZZ_HITS=1 each case that occurs is printed. */
static inline void print_hit(const char *tag)
{
    if (getenv("FERRULE_FUZZ_HITS") != NULL) {
        fprintf(stderr, "not reconciled: %s\n", tag);
    }
}

#endif
