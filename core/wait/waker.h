/* waker.h: the part of a waker that the rest of core uses. */
#ifndef FERI_WAKER_H
#define FERI_WAKER_H

#include <stdbool.h>

#include "ferrule/waker.h"

/* The values of a waker's state_. */
enum { FERI_WAKER_NEW, FERI_WAKER_OPEN, FERI_WAKER_CLOSED };

/* Whether waker is not NULL, and OPEN. */
static inline bool feri_waker_is_open(const fer_waker *waker)
{
    return waker != NULL && waker->p_.state_ == FERI_WAKER_OPEN;
}

#endif
