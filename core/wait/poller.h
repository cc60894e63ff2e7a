/* poller.h: the part of a poller that the rest of core uses. */
#ifndef FERI_POLLER_H
#define FERI_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/poller.h"

/* Whether poller is not NULL, and OPEN. */
bool feri_poller_is_open(const fer_poller *poller);

/* Notifies a poller, unless it is not open. If the system refuses to wake a running wait, the next
 * wait gets the notification. */
void feri_poller_notify(fer_poller *poller);

/* ---- A wait that does more than the system's: that of a poller with connectors. poller.c does not
 * name it, so a program without connectors does not link it. */

/* The wait itself, with all arguments checked. Results as ferp_poller_wait, until the timeout. */
typedef fer_error feri_poller_waiter(fer_poller *poller, fer_event *events, size_t cap,
                                     fer_duration timeout, size_t *count, bool *notified);

/* What the poller is driven by: the first member of a connector. */
typedef struct feri_poller_driven {
    feri_poller_waiter *wait;
    struct feri_poller_driven *below[2]; /* in the tree of driven.c */
    uint64_t until;                      /* when it wants the next wait; 0: now */
    uint32_t serial;                     /* of its start: the first of those that are due */
} feri_poller_driven;

/* The words of a poller, behind its members, that have the root of the tree, and what connector.c
 * keeps beside it; NULL at first. No members are added, because the ABI is compared member by
 * member. */
enum { FERI_POLLER_DRIVEN_WORD = 6, FERI_POLLER_LIST_WORD = 7 };

/* The one that wants the next wait first; NULL if there is none. */
static inline feri_poller_driven *feri_poller_first_driven(const fer_poller *poller)
{
    feri_poller_driven *first;
    memcpy(&first, &poller->words_[FERI_POLLER_DRIVEN_WORD], sizeof first);
    return first;
}

/* Sets the root of the tree, or NULL for none. No wait runs. */
void feri_poller_set_driven(fer_poller *poller, feri_poller_driven *driven);

/* The keys of the sockets of one that drives: 16, from a multiple of 16 in its own memory on, which
 * is no other's. */
#define FERI_DRIVEN_KEYS 16
static inline uint64_t feri_driven_key(const feri_poller_driven *driven)
{
    return ((uint64_t)(uintptr_t)driven + FERI_DRIVEN_KEYS - 1) / FERI_DRIVEN_KEYS *
           FERI_DRIVEN_KEYS;
}

/* Adds one that is not in the tree, and wants the next wait at `until`. */
void feri_driven_add(fer_poller *poller, feri_poller_driven *added, uint64_t until);

/* False: it was not in the tree. */
bool feri_driven_remove(fer_poller *poller, feri_poller_driven *removed);

/* The one that has this key; NULL if none has. */
feri_poller_driven *feri_driven_find(const fer_poller *poller, uint64_t key);

/* The deadline of a wait. 0, which is always past, if the wait has no timeout. Neither 0 nor NONE
 * reads the clock. */
uint64_t feri_poller_deadline(fer_duration timeout);
fer_duration feri_poller_time_left(uint64_t deadline);

/* Whether a wait continues after a signal (rule P9). */
bool feri_poller_continues(const fer_poller *poller, fer_error error);

#endif
