/* poller_afd.c: a poller over AFD (afd.h), which every Windows has. Each socket has a
 * request, whose packet arrives at a completion port when the socket is ready. After an event of a
 * FER_POLL_LEVEL socket a new request begins: at the start of the next wait, or immediately if
 * another thread is waiting. A FER_POLL_ONESHOT socket has none after its event, until it is
 * modified. */
#include "platform/winsock/poller.h"

#include "platform/winsock/afd_sources.h"

/* ABORT is a reset. */
#define BROKEN (FERP_AFD_ABORT | FERP_AFD_CONNECT_FAIL)
#define READABLE (FERP_AFD_RECEIVE | FERP_AFD_ACCEPT | FERP_AFD_DISCONNECT)
#define WRITABLE FERP_AFD_SEND

/* Indexes into a poller's words. */
enum { AT_POLLER };

static ferp_afd_poller *poller_of(const fer_poller *poller)
{
    return (ferp_afd_poller *)poller->p_.system_[AT_POLLER];
}

bool ferp_winsock_is_transient(fer_error failure)
{
    switch (failure.kind) {
    case FER_OUT_OF_MEMORY:
    case FER_RESOURCE_BUSY:
    case FER_NO_BUFFER_SPACE:
    case FER_TOO_MANY_OPEN_FILES: return true;
    default: return false;
    }
}

/* ---- Interest */

static ULONG afd_events_of(fer_event interest)
{
    return BROKEN | ((interest.interest & FER_READABLE) != 0 ? READABLE : 0u) |
           ((interest.interest & FER_WRITABLE) != 0 ? WRITABLE : 0u) |
           ((interest.interest & FER_PRIORITY) != 0 ? FERP_AFD_RECEIVE_EXPEDITED : 0u) |
           ((interest.interest & FER_READ_CLOSED) != 0 ? FERP_AFD_DISCONNECT : 0u);
}

/* The end of the peer's half is readable for who waits for bytes. */
static fer_interest readiness_of(ULONG reported, ULONG requested)
{
    const fer_interest all =
        FER_READABLE | FER_WRITABLE | FER_READ_CLOSED | FER_WRITE_CLOSED | FER_FAILED;
    bool waits_for_bytes = (requested & FERP_AFD_RECEIVE) != 0;
    return ((reported & BROKEN) != 0 ? all : 0) |
           (waits_for_bytes && (reported & READABLE) != 0 ? FER_READABLE : 0) |
           ((reported & WRITABLE) != 0 ? FER_WRITABLE : 0) |
           ((reported & FERP_AFD_RECEIVE_EXPEDITED) != 0 ? FER_PRIORITY : 0) |
           ((reported & FERP_AFD_DISCONNECT) != 0 ? FER_READ_CLOSED : 0);
}

static void set_interest(ferp_afd_source *source, fer_event interest, fer_poll_mode mode)
{
    source->key = interest.key;
    source->events = afd_events_of(interest);
    source->is_once = mode == FER_POLL_ONESHOT || (interest.interest == 0);
}

/* ---- Adding, modifying, deleting */

static bool is_socket_number(fer_raw_socket raw)
{
    DWORD type = 0;
    return ferp_winsock_type_of(ferp_winsock_socket(raw), &type).kind == FER_OK;
}

/* The driver rejects a SOCKET of a provider that is not over it. */
static fer_error add_error(fer_raw_socket raw, fer_error err)
{
    bool is_foreign = err.kind == FER_BAD_HANDLE && is_socket_number(raw);
    return is_foreign ? (fer_error){FER_UNSUPPORTED, err.os_code} : err;
}

/* An existing source of this number belongs to a closed socket or is being deleted. Its request
 * becomes stale, and a new one follows it. */
static fer_error add_locked(ferp_afd_poller *poller, fer_raw_socket raw, SOCKET base,
                            fer_event interest, fer_poll_mode mode)
{
    ferp_afd_source *source = ferp_afd_source_find(poller, raw);
    ferp_winsock_identity identity = ferp_winsock_identity_of(ferp_winsock_socket(raw));
    if (source != NULL && source->is_registered &&
        !ferp_winsock_identity_differs(source->identity, identity)) {
        return (fer_error){FER_ALREADY_EXISTS, 0};
    }
    if (source == NULL) {
        FER_TRY(ferp_afd_source_new(poller, raw, &source));
    }
    ferp_afd_source_unregister(poller, source);
    source->base = base;
    source->identity = identity;
    fer_error err = ferp_afd_source_request(poller, source, afd_events_of(interest));
    if (err.kind != FER_OK) {
        ferp_afd_source_release(poller, source);
        return add_error(raw, err);
    }
    set_interest(source, interest, mode);
    source->is_registered = true;
    return FERP_WINSOCK_OK;
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    ferp_afd_poller *afd = poller_of(poller);
    SOCKET base = INVALID_SOCKET;
    FER_TRY(ferp_afd_base_of(ferp_winsock_socket(raw), &base));
    AcquireSRWLockExclusive(&afd->lock);
    fer_error err = add_locked(afd, raw, base, interest, mode);
    ReleaseSRWLockExclusive(&afd->lock);
    return err;
}

static fer_error not_registered(fer_raw_socket raw)
{
    DWORD type = 0;
    FER_TRY(ferp_winsock_type_of(ferp_winsock_socket(raw), &type));
    return (fer_error){FER_NOT_FOUND, 0};
}

static ferp_afd_source *find_registered(ferp_afd_poller *poller, fer_raw_socket raw)
{
    ferp_afd_source *source = ferp_afd_source_find(poller, raw);
    return source != NULL && source->is_registered ? source : NULL;
}

/* If no thread waits, the next wait begins the request. A readiness that has passed by then is not
 * reported. */
static fer_error modify_locked(ferp_afd_poller *poller, fer_raw_socket raw, fer_event interest,
                               fer_poll_mode mode)
{
    ferp_afd_source *source = find_registered(poller, raw);
    if (source == NULL) {
        return not_registered(raw);
    }
    set_interest(source, interest, mode);
    ferp_afd_ring_remove(&source->link);
    ferp_afd_source_request_again(poller, source, false);
    if (poller->waiting == 0) {
        return FERP_WINSOCK_OK;
    }
    ferp_afd_sources_request_queued(poller);
    return find_registered(poller, raw) != NULL ? FERP_WINSOCK_OK : not_registered(raw);
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    ferp_afd_poller *afd = poller_of(poller);
    AcquireSRWLockExclusive(&afd->lock);
    fer_error err = modify_locked(afd, raw, interest, mode);
    ReleaseSRWLockExclusive(&afd->lock);
    return err;
}

static fer_error delete_locked(ferp_afd_poller *poller, fer_raw_socket raw)
{
    ferp_afd_source *source = find_registered(poller, raw);
    if (source == NULL) {
        return not_registered(raw);
    }
    ferp_afd_source_unregister(poller, source);
    ferp_afd_source_release(poller, source);
    return FERP_WINSOCK_OK;
}

fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    ferp_afd_poller *afd = poller_of(poller);
    AcquireSRWLockExclusive(&afd->lock);
    fer_error err = delete_locked(afd, raw);
    ReleaseSRWLockExclusive(&afd->lock);
    return err;
}

/* ---- Waiting */

/* Makes an event of the reported events that the source is still interested in. */
static bool make_event(ferp_afd_source *source, ULONG reported, fer_event *event)
{
    reported &= source->events;
    if (reported == 0) {
        return false;
    }
    *event = (fer_event){.key = source->key, .interest = readiness_of(reported, source->events)};
    if (source->is_once) {
        source->events = 0;
    }
    return true;
}

/* Returns whether the packet is an event. A failed request is one, because the socket's next call
 * shows the reason. */
static bool complete_operation(ferp_afd_poller *poller, ferp_afd_operation *operation,
                               fer_event *event)
{
    ferp_afd_completion completion = ferp_afd_operation_end(poller, operation);
    ferp_afd_source *source = completion.source;
    if (source == NULL || ferp_afd_source_check_closed(poller, source)) {
        return false;
    }
    if ((completion.reported & FERP_AFD_LOCAL_CLOSE) != 0) {
        ferp_afd_source_unregister(poller, source);
    }
    if (!source->is_registered) {
        ferp_afd_source_release(poller, source);
        return false;
    }
    if (ferp_winsock_is_transient(completion.failure)) {
        ferp_afd_source_defer(poller, source);
        return false;
    }
    bool has_failed = completion.failure.kind != FER_OK;
    bool is_event = make_event(source, has_failed ? BROKEN : completion.reported, event);
    if (source->events == 0) {
        ferp_afd_ring_remove(&source->link);
    }
    ferp_afd_source_request_again(poller, source, !is_event && !completion.was_cancelled);
    return is_event;
}

/* A notification is a packet without an operation. */
static size_t take_packets(ferp_afd_poller *poller, const OVERLAPPED_ENTRY *packets, ULONG found,
                           fer_event *events, bool *notified)
{
    size_t count = 0;
    for (ULONG i = 0; i < found; i++) {
        if (packets[i].lpOverlapped == NULL) {
            *notified = true;
        } else if (complete_operation(poller, (ferp_afd_operation *)(void *)packets[i].lpOverlapped,
                                      &events[count])) {
            count++;
        }
    }
    if (poller->waiting > 0) {
        ferp_afd_sources_request_queued(poller);
    }
    return count;
}

static void enter_afd_wait(ferp_afd_poller *poller)
{
    AcquireSRWLockExclusive(&poller->lock);
    ferp_afd_requests_check_period(poller);
    ferp_afd_sources_request_queued(poller);
    poller->waiting++;
    ReleaseSRWLockExclusive(&poller->lock);
}

static size_t leave_afd_wait(ferp_afd_poller *poller, const OVERLAPPED_ENTRY *packets, ULONG found,
                             ULONG limit, fer_event *events, bool *notified)
{
    AcquireSRWLockExclusive(&poller->lock);
    poller->waiting--;
    poller->drain_count += found < limit;
    size_t count = take_packets(poller, packets, found, events, notified);
    ReleaseSRWLockExclusive(&poller->lock);
    return count;
}

/* At most a period: core waits again. */
static DWORD millis_of(const ferp_afd_poller *poller, fer_duration timeout)
{
    uint64_t millis = ferp_winsock_millis(timeout.nanos);
    return millis < poller->period_millis ? (DWORD)millis : poller->period_millis;
}

/* One wait of the system. Sets whether there were packets: if none of them was an event, the caller
 * waits again. */
static fer_error wait_for_packets(ferp_afd_poller *poller, fer_event *events, ULONG limit,
                                  DWORD millis, size_t *count, bool *notified, bool *had_packets)
{
    OVERLAPPED_ENTRY packets[FERP_AFD_BATCH];
    ULONG found = 0;
    enter_afd_wait(poller);
    BOOL has_found =
        GetQueuedCompletionStatusEx(poller->port, packets, limit, &found, millis, FALSE);
    DWORD code = has_found ? ERROR_SUCCESS : GetLastError();
    *had_packets = has_found != 0;
    *count = leave_afd_wait(poller, packets, has_found ? found : 0, limit, events, notified);
    return code == ERROR_SUCCESS || code == WAIT_TIMEOUT ? FERP_WINSOCK_OK
                                                         : ferp_winsock_error((int32_t)code);
}

fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    ferp_afd_poller *afd = poller_of(poller);
    ULONG limit = cap < FERP_AFD_BATCH ? (ULONG)cap : FERP_AFD_BATCH;
    bool had_packets = false;
    *count = 0;
    *notified = false;
    fer_error err = wait_for_packets(afd, events, limit, millis_of(afd, timeout), count, notified,
                                     &had_packets);
    while (err.kind == FER_OK && had_packets && *count == 0 && !*notified) {
        err = wait_for_packets(afd, events, limit, 0, count, notified, &had_packets);
    }
    return err;
}

fer_error ferp_poller_notify(fer_poller *poller)
{
    return PostQueuedCompletionStatus(poller_of(poller)->port, 0, 0, NULL)
               ? FERP_WINSOCK_OK
               : ferp_winsock_last_error();
}

fer_raw_socket ferp_poller_raw(const fer_poller *poller)
{
    (void)poller;
    return FER_RAW_SOCKET_NONE;
}

/* ---- The poller */

fer_error ferp_poller_open(fer_poller *poller)
{
    FER_TRY(ferp_winsock_start());
    ferp_afd_poller *afd = ferp_alloc(sizeof *afd);
    if (afd == NULL) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    fer_error err = ferp_afd_sources_open(afd);
    if (err.kind != FER_OK) {
        ferp_free(afd);
        return err;
    }
    poller->p_.system_[AT_POLLER] = (uintptr_t)afd;
    return FERP_WINSOCK_OK;
}

void ferp_poller_close(fer_poller *poller)
{
    ferp_afd_poller *afd = poller_of(poller);
    ferp_afd_sources_end(afd);
    ferp_free(afd);
}
