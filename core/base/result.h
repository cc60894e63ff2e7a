/* result.h: the results of a call: success, an error without an OS code, an optional count. No OS
 * code is mapped here. */
#ifndef FERI_RESULT_H
#define FERI_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"

static inline fer_error feri_ok(void)
{
    return (fer_error){FER_OK, 0};
}

/* An error that ferrule itself reports, without an OS code. */
static inline fer_error feri_own_error(fer_error_kind kind)
{
    return (fer_error){kind, 0};
}

/* The error for an argument: misuse if it is NULL, and else a value that is not allowed. */
static inline fer_error feri_refuse(bool is_null)
{
    return feri_own_error(is_null ? FER_MISUSE : FER_INVALID_INPUT);
}

/* Whether an error's code is the resolver's. */
static inline bool feri_is_lookup_failure(fer_error_kind kind)
{
    return kind == FER_HOST_NOT_FOUND || kind == FER_RESOLVE_TRY_AGAIN ||
           kind == FER_RESOLVE_FAILED;
}

enum { FERI_RESERVED_WORDS = 6 };

/* Whether the reserved members of an options struct are 0. */
static inline bool feri_are_zero(const uint64_t reserved[FERI_RESERVED_WORDS])
{
    uint64_t bits = 0;
    for (int i = 0; i < FERI_RESERVED_WORDS; i++) {
        bits |= reserved[i];
    }
    return bits == 0;
}

/* Stores the caller's count, if n is not NULL. */
static inline void feri_store_count(size_t *n, size_t moved)
{
    if (n != NULL) {
        *n = moved;
    }
}

#endif
