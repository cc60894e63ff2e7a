/* afd_sources.h: the sockets that a poller registers with the driver, and their requests. Private
 * to platform/winsock. The caller holds the lock.
 *
 * A request reports once. A level-triggered source is therefore queued after its event, and its
 * request begins again in that order. A request cannot be changed. The result of an outdated one is
 * discarded, and a new one begins when the old one's packet has been taken: two requests of one
 * socket on one port lose events (wepoll, issue 35; mio, pull request 1140). Until then an
 * unregistered source stays in the table.
 *
 * Each source has a second request, on a port of its own that no thread waits on, which reports
 * only the socket's close. Nothing else shows that a number was closed and given to a new
 * socket. */
#ifndef FERP_WINSOCK_AFD_SOURCES_H
#define FERP_WINSOCK_AFD_SOURCES_H

#include "platform/common/sources.h"
#include "platform/winsock/afd.h"
#include "platform/winsock/poller.h"

/* The maximum number of packets of one system call; the next call returns the others. */
enum { FERP_AFD_BATCH = 64 };

/* Two handles of the driver, for up to GROUP_MAX sources. */
typedef struct ferp_afd_group {
    HANDLE readiness_driver;
    HANDLE close_driver;
    size_t count;
    struct ferp_afd_group *next;
    struct ferp_afd_group *next_with_room;
} ferp_afd_group;

/* The context of its requests is its address. */
typedef struct ferp_afd_source {
    ferp_afd_request readiness;
    ferp_afd_request close; /* of the socket */
    ferp_afd_group *group;
    fer_raw_socket raw;
    SOCKET base;
    ferp_winsock_names names;
    uint64_t key;
    ULONG events; /* 0: a one-shot event was reported, and the next modify arms it again */
    bool is_once;
    bool is_registered; /* false: deleted or closed, and kept only for its requests */
    bool is_queued;
    struct ferp_afd_source *before;
    struct ferp_afd_source *after;
} ferp_afd_source;

typedef struct ferp_afd_poller {
    SRWLOCK lock;
    HANDLE readiness_port;
    HANDLE close_port;
    ferp_sources sources;
    ferp_afd_group *groups;
    ferp_afd_group *with_room;
    ferp_afd_source *first; /* queued: the request must begin again */
    ferp_afd_source *last;
    size_t waiting;           /* threads inside the system's wait */
    size_t readiness_pending; /* requests whose packets have not been taken */
    size_t close_pending;
    size_t close_stale;
} ferp_afd_poller;

/* Initializes *poller. UNSUPPORTED: there is no AFD. The end waits until the system has completed
 * all requests. */
fer_error ferp_afd_sources_open(ferp_afd_poller *poller);
void ferp_afd_sources_end(ferp_afd_poller *poller);

/* The source of this number, registered or not, after unregistering closed sockets. NULL: none. */
ferp_afd_source *ferp_afd_source_find(ferp_afd_poller *poller, fer_raw_socket raw);

/* Creates an unregistered source for a number that has none. */
fer_error ferp_afd_source_new(ferp_afd_poller *poller, fer_raw_socket raw, ferp_afd_source **out);

/* Unregisters the source; later results of its requests are discarded. */
void ferp_afd_source_unregister(ferp_afd_poller *poller, ferp_afd_source *source);

/* Frees the source if it is not registered and both of its requests are idle. */
void ferp_afd_source_release(ferp_afd_poller *poller, ferp_afd_source *source);

/* Begins, or keeps, a request for these events. After an error nothing has changed. */
fer_error ferp_afd_source_request(ferp_afd_poller *poller, ferp_afd_source *source, ULONG events);

/* Begins the close request, unless it is pending. */
void ferp_afd_source_request_close(ferp_afd_poller *poller, ferp_afd_source *source);

/* Queues the source, unless its events are 0; removes it from the queue; begins the requests of all
 * queued sources. */
void ferp_afd_source_enqueue(ferp_afd_poller *poller, ferp_afd_source *source);
void ferp_afd_source_dequeue(ferp_afd_poller *poller, ferp_afd_source *source);
fer_error ferp_afd_sources_request_queued(ferp_afd_poller *poller);

/* Unregisters the sources whose sockets were closed. */
void ferp_afd_sources_collect_closed(ferp_afd_poller *poller);

/* Frees unregistered sources, once there are many. */
void ferp_afd_sources_trim(ferp_afd_poller *poller);

#endif
