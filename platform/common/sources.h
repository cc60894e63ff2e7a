/* sources.h: the sockets of a poller, for backends whose system does not keep them: a record for
 * each raw socket. The backend owns the records, which do not move. The backend also provides the
 * lock. */
#ifndef FERP_SOURCES_H
#define FERP_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "ferrule/handle.h"

typedef struct ferp_source_slot {
    fer_raw_socket raw;
    void *record; /* NULL: the slot is empty */
} ferp_source_slot;

/* A hash table with linear probing, at most three quarters full. All zero bytes are an empty
 * table. */
typedef struct ferp_sources {
    ferp_source_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
} ferp_sources;

/* Returns NULL if raw is not in the table. */
void *ferp_sources_find(const ferp_sources *sources, fer_raw_socket raw);

/* raw must not be in the table. False: out of memory, and nothing has changed. */
bool ferp_sources_insert(ferp_sources *sources, fer_raw_socket raw, void *record);

/* Does nothing if raw is not in the table. */
void ferp_sources_remove(ferp_sources *sources, fer_raw_socket raw);

/* Frees the table, but not the backend's records. */
void ferp_sources_end(ferp_sources *sources);

#endif
