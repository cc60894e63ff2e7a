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
 * So no source waits for one completion without a limit: see ferp_afd_sources_check_period. */
#ifndef FERP_WINSOCK_AFD_SOURCES_H
#define FERP_WINSOCK_AFD_SOURCES_H

#include "platform/common/sources.h"
#include "platform/winsock/afd.h"

/* The maximum number of packets of one system call, and of events of one wait (rule P10); the next
 * call returns the others. */
enum { FERP_AFD_BATCH = 64 };

/* What identifies the socket of a SOCKET number, as far as Windows shows it; port and peer are 0 if
 * not set yet. poller_identity.c */
typedef struct ferp_winsock_identity {
    SOCKET socket;
    uint64_t port;
    uint64_t peer;
    uint32_t closes; /* by this library */
} ferp_winsock_identity;

ferp_winsock_identity ferp_winsock_identity_of(SOCKET socket);

/* Whether the two cannot be of the same socket: the number was closed and given to a new socket.
 * False if they do not show it. */
bool ferp_winsock_identity_differs(ferp_winsock_identity then, ferp_winsock_identity now);

/* The same for now, without a system call, if only this library closes sockets. */
bool ferp_winsock_was_closed(ferp_winsock_identity *then);

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

/* The state of a source's request. From PENDING on it is outstanding, until its packet is taken. */
typedef enum ferp_afd_phase {
    FERP_AFD_IDLE,
    FERP_AFD_ABANDONED, /* the system keeps the source, which is no longer in the table */
    FERP_AFD_PENDING,
    FERP_AFD_CANCELLED
} ferp_afd_phase;

/* A registered socket. The address is the context of its request's packet. The system owns the
 * request while it is outstanding, even if the source does not wait for that any more. */
typedef struct ferp_afd_source {
    ferp_afd_link link; /* in the queue, or among those that begin in the next period */
    ferp_afd_link age;  /* in the poller's ring while the request is outstanding */
    ferp_afd_request request;
    ferp_afd_phase phase;
    ULONG requested;
    ULONG accepted;     /* other reported events are discarded */
    fer_error failure;  /* it did not begin, and the packet is the poller's own; or OK */
    ULONGLONG since;    /* GetTickCount64 when it began or was cancelled */
    size_t drain_count; /* the poller's when it was cancelled */
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
    ferp_afd_link outstanding; /* by age, the longest unchanged one first */
    size_t outstanding_count;
    size_t waiting;     /* threads inside the system's wait */
    size_t drain_count; /* how often a wait found the port empty */
    DWORD period_millis;
    ULONGLONG period_start;
} ferp_afd_poller;

/* Initializes *poller. UNSUPPORTED: ferp_afd_open. */
fer_error ferp_afd_sources_open(ferp_afd_poller *poller);

/* Cancels all requests, takes their packets until none comes for a time, and frees the sources. */
void ferp_afd_sources_end(ferp_afd_poller *poller);

/* The registered source of this number. NULL: none, or its socket was closed, and it has been
 * unregistered. */
ferp_afd_source *ferp_afd_source_find(ferp_afd_poller *poller, fer_raw_socket raw);

/* Registers a number that is not, for these events; the caller fills in the rest of *out. If an
 * earlier request of the number is outstanding, the new one follows its packet. After an error
 * nothing has changed. */
fer_error ferp_afd_source_add(ferp_afd_poller *poller, fer_raw_socket raw, SOCKET base,
                              ULONG events, ferp_afd_source **out);

/* Unregisters the source, and cancels its request, whose result is discarded. Frees the source, or
 * the packet of the request does. */
void ferp_afd_source_remove(ferp_afd_poller *poller, ferp_afd_source *source);

/* Queues the source, because its events have changed. */
void ferp_afd_source_change(ferp_afd_poller *poller, ferp_afd_source *source);

/* Begins the requests of all queued sources. Cancels one that does not request enough events: the
 * next one begins after its packet. */
void ferp_afd_sources_begin_queued(ferp_afd_poller *poller);

/* The result of a request whose packet was taken. */
typedef struct ferp_afd_completion {
    ULONG reported; /* the accepted events */
    bool was_cancelled;
    bool has_failed;
} ferp_afd_completion;

/* Ends the request of a packet. False: nothing is left to do, and the source may be gone. */
bool ferp_afd_source_complete(ferp_afd_poller *poller, ferp_afd_source *source,
                              ferp_afd_completion *out);

/* After that: queues the source, or defers it if completions without an event repeat. */
void ferp_afd_source_arm_again(ferp_afd_poller *poller, ferp_afd_source *source, bool was_empty);

/* If the last period is over, begins a new one: queues the deferred sources, and rearms
 * requests. */
void ferp_afd_sources_check_period(ferp_afd_poller *poller);

#endif
