/* afd_sources.h: the sockets that a poller registers with the driver, and their requests. Private
 * to platform/winsock. The caller holds the lock.
 *
 * A request reports once. A level-triggered source is therefore queued after its event, and its
 * request begins again in that order. A request cannot be changed. An outdated one is cancelled,
 * and a new one begins when the packet of the old one has been taken: if one socket has two
 * requests, a completion goes to the wrong one and the other one never completes (trio, issue 52;
 * wepoll, issue 35; mio, pull request 1140). So a source has at most one request, whatever it is
 * for. Until its packet is taken, an unregistered source stays in the table.
 *
 * Two pollers, or a poller and a select of another thread, can still have requests for one socket.
 * So no source waits for one completion without a limit: see ferp_afd_requests_check_period. */
#ifndef FERP_WINSOCK_AFD_SOURCES_H
#define FERP_WINSOCK_AFD_SOURCES_H

#include "platform/common/sources.h"
#include "platform/winsock/afd.h"
#include "platform/winsock/poller.h"

/* The maximum number of packets of one system call, and of events of one wait (rule P10); the next
 * call returns the others. */
enum { FERP_AFD_BATCH = 64 };

/* The length of a period in milliseconds. */
enum { FERP_AFD_PERIOD_MILLIS = 1000 };

/* A place in a ring, which begins and ends at its head. Both are NULL outside of a ring. */
typedef struct ferp_afd_link {
    struct ferp_afd_link *before;
    struct ferp_afd_link *after;
} ferp_afd_link;

/* A handle of the driver, for up to GROUP_MAX sources. */
typedef struct ferp_afd_group {
    HANDLE driver;
    size_t count;
    struct ferp_afd_group *next;
    struct ferp_afd_group *next_not_full;
} ferp_afd_group;

/* The request of a source, in memory of its own: the system owns it until its packet is taken, even
 * if the source does not wait for that any more. Its address is its packet's context. */
typedef struct ferp_afd_operation {
    ferp_afd_link link; /* first. In the poller's ring while it is outstanding */
    ferp_afd_request request;
    struct ferp_afd_source *source; /* NULL: abandoned */
    ULONG requested;
    ULONG accepted; /* other reported events are discarded */
    bool is_outstanding;
    bool is_cancelled;
    fer_error failure;  /* it did not begin, and the packet is the poller's own; or OK */
    ULONGLONG since;    /* GetTickCount64 when it began or was cancelled */
    size_t drain_count; /* the poller's when it was cancelled */
} ferp_afd_operation;

typedef struct ferp_afd_source {
    ferp_afd_link link; /* first. In the queue, or among those that begin in the next period */
    ferp_afd_operation *operation;
    ferp_afd_group *group;
    fer_raw_socket raw;
    SOCKET base;
    ferp_winsock_identity identity;
    uint64_t key;
    ULONG events; /* 0: a one-shot event was reported, and the next modify arms it again */
    unsigned empty_completions; /* completions in a row without an event */
    bool is_once;
    bool is_registered; /* false: deleted or closed, and kept only for its request */
} ferp_afd_source;

typedef struct ferp_afd_poller {
    SRWLOCK lock;
    HANDLE port;
    ferp_sources sources;
    ferp_afd_group *groups;
    ferp_afd_group *not_full;
    ferp_afd_link queued;      /* sources whose request must begin */
    ferp_afd_link deferred;    /* sources whose request must begin in the next period */
    ferp_afd_link outstanding; /* operations, the longest unchanged one first */
    size_t outstanding_count;
    size_t waiting;     /* threads inside the system's wait */
    size_t drain_count; /* how often a wait found the port empty */
    DWORD period_millis;
    ULONGLONG period_start;
} ferp_afd_poller;

/* ---- Rings. afd_requests.c */

void ferp_afd_ring_begin(ferp_afd_link *head);
bool ferp_afd_ring_is_empty(const ferp_afd_link *head);
void ferp_afd_ring_append(ferp_afd_link *head, ferp_afd_link *link);
/* Does nothing outside of a ring. */
void ferp_afd_ring_remove(ferp_afd_link *link);

/* ---- Requests. afd_requests.c */

/* NULL: out of memory. */
ferp_afd_operation *ferp_afd_operation_new(ferp_afd_source *source);

/* Begins, or keeps, a request for these events. If another one is outstanding, it is cancelled, and
 * this one begins after its packet. After an error nothing is outstanding. */
fer_error ferp_afd_source_request(ferp_afd_poller *poller, ferp_afd_source *source, ULONG events);

/* Queues a packet that reports this failure. False: out of memory. */
bool ferp_afd_source_fail(ferp_afd_poller *poller, ferp_afd_source *source, fer_error failure);

/* Cancels the request, if there is one. Of what it reports, only the accepted events remain. */
void ferp_afd_source_cancel(ferp_afd_poller *poller, ferp_afd_source *source, ULONG accepted);

/* The result of a request whose packet was taken. */
typedef struct ferp_afd_completion {
    ferp_afd_source *source; /* NULL: abandoned, and nothing is left to do */
    ULONG reported;          /* the accepted events */
    bool was_cancelled;
    fer_error failure; /* of the request */
} ferp_afd_completion;

/* Ends the request of a packet. */
ferp_afd_completion ferp_afd_operation_end(ferp_afd_poller *poller, ferp_afd_operation *operation);

/* If the last period is over, begins a new one: queues the deferred sources, and rearms
 * requests. */
void ferp_afd_requests_check_period(ferp_afd_poller *poller);

/* Cancels all requests and takes their packets, until none comes for a time. */
void ferp_afd_requests_end(ferp_afd_poller *poller);

/* ---- Sources. afd_sources.c */

/* Initializes *poller. UNSUPPORTED: ferp_afd_open. */
fer_error ferp_afd_sources_open(ferp_afd_poller *poller);
void ferp_afd_sources_end(ferp_afd_poller *poller);

/* The source of this number, registered or not, after unregistering it if its socket was closed.
 * NULL: none. */
ferp_afd_source *ferp_afd_source_find(ferp_afd_poller *poller, fer_raw_socket raw);

/* Creates an unregistered source for a number that has none. */
fer_error ferp_afd_source_new(ferp_afd_poller *poller, fer_raw_socket raw, ferp_afd_source **out);

/* Unregisters the source; the result of its request is discarded. */
void ferp_afd_source_unregister(ferp_afd_poller *poller, ferp_afd_source *source);

/* Frees the source if it is not registered and has no outstanding request. */
void ferp_afd_source_release(ferp_afd_poller *poller, ferp_afd_source *source);

/* Unregisters a registered source if its number was closed. Returns whether it was. */
bool ferp_afd_source_check_closed(ferp_afd_poller *poller, ferp_afd_source *source);

/* Queues the source, unless it is queued or its events are 0; begins the requests of all queued
 * sources. */
void ferp_afd_source_enqueue(ferp_afd_poller *poller, ferp_afd_source *source);
void ferp_afd_sources_request_queued(ferp_afd_poller *poller);

/* After a completion: queues the source, or defers it if completions without an event repeat. */
void ferp_afd_source_request_again(ferp_afd_poller *poller, ferp_afd_source *source,
                                   bool was_empty);

/* Lets the request begin in the next period. */
void ferp_afd_source_defer(ferp_afd_poller *poller, ferp_afd_source *source);

#endif
