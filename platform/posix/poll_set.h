/* poll_set.h: the array that one poll is given, with a serial number for each entry. The poller
 * that fills it is poller_list.c. */
#ifndef FERP_POSIX_POLL_SET_H
#define FERP_POSIX_POLL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/posix/poller_list.h"

typedef struct ferp_poll_set {
    struct pollfd *entries;
    uint64_t *serials;
    size_t count;
} ferp_poll_set;

/* Allocates an empty set for capacity entries. False: out of memory, *out is
 * unchanged. */
bool ferp_poll_set_new(ferp_poll_set *out, size_t capacity);

/* Leaves an empty set without memory. */
void ferp_poll_set_free(ferp_poll_set *set);

/* Appends an entry. The caller ensures that it fits. */
static inline void ferp_poll_set_append(ferp_poll_set *set, int fd, short events, uint64_t serial)
{
    set->entries[set->count] = (struct pollfd){.fd = fd, .events = events};
    set->serials[set->count] = serial;
    set->count++;
}

#endif
