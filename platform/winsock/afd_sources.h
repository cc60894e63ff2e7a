/* afd_sources.h: the sockets that one poller has the driver watch, and their requests. Private to
 * platform/winsock, and locked by who calls.
 *
 * A request tells once, so a source whose event was given and that is to be told of again is
 * queued, and asked for again in that order. A request cannot be changed: what an old one still
 * tells is dropped, and the new one begins when the old one's packet has come, for two on one
 * socket and one port lose events (wepoll, issue 35; mio, pull request 1140). That is why a source
 * that was forgotten stays in the table until then.
 *
 * Each source has a second request, at a port of its own that nobody waits at, for the socket's end
 * alone: whether a number was closed, and given to a new socket, nothing else tells. */
#ifndef FERP_WINSOCK_AFD_SOURCES_H
#define FERP_WINSOCK_AFD_SOURCES_H

#include "platform/common/sources.h"
#include "platform/winsock/afd.h"
#include "platform/winsock/poller.h"

/* Packets of one call of the system's; more are told by the next one. */
enum { FERP_AFD_BATCH = 64 };

/* A pair of the driver's handles, for GROUP_MAX sources. */
typedef struct ferp_afd_group {
    HANDLE looks;
    HANDLE lives;
    size_t count;
    struct ferp_afd_group *next;
    struct ferp_afd_group *next_with_room;
} ferp_afd_group;

/* Its address is the context of its requests. */
typedef struct ferp_afd_source {
    ferp_afd_request look;
    ferp_afd_request life;
    ferp_afd_group *group;
    fer_raw_socket raw;
    SOCKET base;
    ferp_winsock_names names;
    uint64_t key;
    ULONG wanted; /* 0: it was told of, and will not be before it is modified */
    bool is_once;
    bool is_watched; /* false: deleted or closed, and here for its requests alone */
    bool is_queued;
    struct ferp_afd_source *before;
    struct ferp_afd_source *after;
} ferp_afd_source;

typedef struct ferp_afd_poller {
    SRWLOCK lock;
    HANDLE looks;
    HANDLE lives;
    ferp_sources sources;
    ferp_afd_group *groups;
    ferp_afd_group *with_room;
    ferp_afd_source *first; /* to be asked for again */
    ferp_afd_source *last;
    size_t waiting;   /* threads in a wait of the system's */
    size_t looks_out; /* requests whose packets have not been taken */
    size_t lives_out;
    size_t lives_stale;
} ferp_afd_poller;

/* Fills *poller; and ends it, once the system has given back what it was asked. UNSUPPORTED: there
 * is no AFD. */
fer_error ferp_afd_sources_open(ferp_afd_poller *poller);
void ferp_afd_sources_end(ferp_afd_poller *poller);

/* A source of this number, watched or not, once it is known which sockets were closed; NULL where
 * there is none. */
ferp_afd_source *ferp_afd_source_find(ferp_afd_poller *poller, fer_raw_socket raw);

/* One that is not watched yet, for a number that has none. */
fer_error ferp_afd_source_new(ferp_afd_poller *poller, fer_raw_socket raw, ferp_afd_source **out);

/* Watches it no longer, whatever its requests still tell. */
void ferp_afd_source_forget(ferp_afd_poller *poller, ferp_afd_source *source);

/* Frees it if it is watched no longer and none of its requests is under way. */
void ferp_afd_source_release(ferp_afd_poller *poller, ferp_afd_source *source);

/* Has it told when it is as wanted. After an error nothing has changed. */
fer_error ferp_afd_source_ask(ferp_afd_poller *poller, ferp_afd_source *source, ULONG wanted);

/* Has it told when the socket is closed. */
void ferp_afd_source_ask_for_end(ferp_afd_poller *poller, ferp_afd_source *source);

/* Queues it, unless nothing is wanted of it; takes it out; and asks for all that are queued. */
void ferp_afd_source_enqueue(ferp_afd_poller *poller, ferp_afd_source *source);
void ferp_afd_source_dequeue(ferp_afd_poller *poller, ferp_afd_source *source);
fer_error ferp_afd_sources_ask_queued(ferp_afd_poller *poller);

/* Forgets the sources whose sockets were closed. */
void ferp_afd_sources_learn_ends(ferp_afd_poller *poller);

/* Frees what was forgotten lately, once it is much. */
void ferp_afd_sources_tidy(ferp_afd_poller *poller);

#endif
