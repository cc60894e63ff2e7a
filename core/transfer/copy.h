/* copy.h: what all copies share: the check of the buffer, before any byte is moved, and the
 * count. */
#ifndef FERI_COPY_H
#define FERI_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/io.h"

/* MISUSE: buffer or its base is NULL. INVALID_INPUT: cap is 0, or start and len are not within
 * cap. */
fer_error feri_copy_check_buffer(const fer_copy_buffer *buffer);

/* Stores the count of a copy, if the caller wants it. */
static inline void feri_store_total(uint64_t *n, uint64_t total)
{
    if (n != NULL) {
        *n = total;
    }
}

#endif
