/* sources.h: which sockets a poller watches, for the backends whose system does not keep them: each
 * raw socket's record. A record is the backend's, and stays where it is. No lock: the backend has
 * one. */
#ifndef FERP_SOURCES_H
#define FERP_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/handle.h"

typedef struct ferp_source_slot {
    fer_raw_socket raw;
    void *record; /* NULL: an empty slot */
} ferp_source_slot;

/* A hash table with linear probing, never more than three quarters full. All zero bytes are an
 * empty one. */
typedef struct ferp_sources {
    ferp_source_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
} ferp_sources;

/* NULL: it is not there. */
void *ferp_sources_find(const ferp_sources *sources, fer_raw_socket raw);

/* raw is not there yet. False: no memory, and nothing has changed. */
bool ferp_sources_insert(ferp_sources *sources, fer_raw_socket raw, void *record);

/* Nothing where it is not there. */
void ferp_sources_remove(ferp_sources *sources, fer_raw_socket raw);

/* Gives the table back; the records are the backend's. */
void ferp_sources_end(ferp_sources *sources);

#endif
