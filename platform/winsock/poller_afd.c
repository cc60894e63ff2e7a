/* poller_afd.c: a poller over AFD (afd.h), which every Windows has. Each socket has a
 * request, whose packet arrives at a completion port when the socket is ready. After an event of a
 * FER_POLL_LEVEL socket a new request begins: at the start of the next wait, or immediately if
 * another thread is waiting. A FER_POLL_ONESHOT socket has none after its event, until it is
 * modified. */
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

/* AFD has no edges. */
static fer_error check_mode(fer_poll_mode mode)
{
    return mode <= FER_POLL_LEVEL ? FERP_WINSOCK_OK : (fer_error){FER_UNSUPPORTED, 0};
}

/* NOT_FOUND: an open socket. */
static fer_error not_registered(fer_raw_socket raw)
{
    DWORD type = 0;
    FER_TRY(ferp_winsock_type_of(ferp_winsock_socket(raw), &type));
    return (fer_error){FER_NOT_FOUND, 0};
}

/* The driver rejects a SOCKET of a provider that is not over it. */
static fer_error add_error(fer_raw_socket raw, fer_error err)
{
    bool is_foreign = err.kind == FER_BAD_HANDLE && not_registered(raw).kind == FER_NOT_FOUND;
    return is_foreign ? (fer_error){FER_UNSUPPORTED, err.os_code} : err;
}

/* A registered source that differs is that of a socket that other code has closed. */
static fer_error add_locked(ferp_afd_poller *poller, fer_raw_socket raw, SOCKET base,
                            fer_event interest, fer_poll_mode mode)
{
    ferp_afd_source *source = ferp_afd_source_find(poller, raw);
    ferp_winsock_identity identity = ferp_winsock_identity_of(ferp_winsock_socket(raw));
    if (source != NULL) {
        if (!ferp_winsock_identity_differs(source->identity, identity)) {
            return (fer_error){FER_ALREADY_EXISTS, 0};
        }
        ferp_afd_source_remove(poller, source);
    }
    fer_error err = ferp_afd_source_add(poller, raw, base, afd_events_of(interest), &source);
    if (err.kind != FER_OK) {
        return add_error(raw, err);
    }
    source->identity = identity;
    set_interest(source, interest, mode);
    return FERP_WINSOCK_OK;
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    ferp_afd_poller *afd = poller_of(poller);
    SOCKET base = INVALID_SOCKET;
    FER_TRY(check_mode(mode));
    FER_TRY(ferp_afd_base_of(ferp_winsock_socket(raw), &base));
    AcquireSRWLockExclusive(&afd->lock);
    fer_error err = add_locked(afd, raw, base, interest, mode);
    ReleaseSRWLockExclusive(&afd->lock);
    return err;
}

/* If no thread waits, the next wait begins the request. A readiness that has passed by then is not
 * reported. */
static fer_error modify_locked(ferp_afd_poller *poller, fer_raw_socket raw, fer_event interest,
                               fer_poll_mode mode)
{
    ferp_afd_source *source = ferp_afd_source_find(poller, raw);
    if (source == NULL) {
        return not_registered(raw);
    }
    set_interest(source, interest, mode);
    ferp_afd_source_change(poller, source);
    if (poller->waiting == 0) {
        return FERP_WINSOCK_OK;
    }
    ferp_afd_sources_begin_queued(poller);
    return ferp_afd_source_find(poller, raw) != NULL ? FERP_WINSOCK_OK : not_registered(raw);
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    ferp_afd_poller *afd = poller_of(poller);
    FER_TRY(check_mode(mode));
    AcquireSRWLockExclusive(&afd->lock);
    fer_error err = modify_locked(afd, raw, interest, mode);
    ReleaseSRWLockExclusive(&afd->lock);
    return err;
}

static fer_error delete_locked(ferp_afd_poller *poller, fer_raw_socket raw)
{
    ferp_afd_source *source = ferp_afd_source_find(poller, raw);
    if (source == NULL) {
        return not_registered(raw);
    }
    ferp_afd_source_remove(poller, source);
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
static bool complete_source(ferp_afd_poller *poller, ferp_afd_source *source, fer_event *event)
{
    ferp_afd_completion completion;
    if (!ferp_afd_source_complete(poller, source, &completion)) {
        return false;
    }
    bool is_event = make_event(source, completion.has_failed ? BROKEN : completion.reported, event);
    ferp_afd_source_arm_again(poller, source, !is_event && !completion.was_cancelled);
    return is_event;
}

static void enter_afd_wait(ferp_afd_poller *poller)
{
    AcquireSRWLockExclusive(&poller->lock);
    ferp_afd_sources_check_period(poller);
    ferp_afd_sources_begin_queued(poller);
    poller->waiting++;
    ReleaseSRWLockExclusive(&poller->lock);
}

/* A notification is a packet without a source. */
static size_t leave_afd_wait(ferp_afd_poller *poller, const OVERLAPPED_ENTRY *packets, ULONG found,
                             ULONG limit, fer_event *events, bool *notified)
{
    size_t count = 0;
    AcquireSRWLockExclusive(&poller->lock);
    poller->waiting--;
    poller->drain_count += found < limit;
    for (ULONG i = 0; i < found; i++) {
        ferp_afd_source *source = (ferp_afd_source *)(void *)packets[i].lpOverlapped;
        *notified = *notified || source == NULL;
        count += source != NULL && complete_source(poller, source, &events[count]);
    }
    if (poller->waiting > 0) {
        ferp_afd_sources_begin_queued(poller);
    }
    ReleaseSRWLockExclusive(&poller->lock);
    return count;
}

/* At most a period: core waits again. */
static DWORD millis_of(const ferp_afd_poller *poller, fer_duration timeout)
{
    uint64_t millis = ferp_winsock_millis(timeout.nanos);
    return millis < poller->period_millis ? (DWORD)millis : poller->period_millis;
}

/* If none of the packets is an event, waits again. */
fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    OVERLAPPED_ENTRY packets[FERP_AFD_BATCH];
    ferp_afd_poller *afd = poller_of(poller);
    ULONG limit = cap < FERP_AFD_BATCH ? (ULONG)cap : FERP_AFD_BATCH;
    DWORD millis = millis_of(afd, timeout);
    BOOL has_packets;
    *notified = false;
    do {
        ULONG found = 0;
        enter_afd_wait(afd);
        has_packets = GetQueuedCompletionStatusEx(afd->port, packets, limit, &found, millis, FALSE);
        DWORD code = has_packets ? WAIT_TIMEOUT : GetLastError();
        *count = leave_afd_wait(afd, packets, has_packets ? found : 0, limit, events, notified);
        if (code != WAIT_TIMEOUT) {
            return ferp_winsock_error((int32_t)code);
        }
        millis = 0;
    } while (has_packets && *count == 0 && !*notified);
    return FERP_WINSOCK_OK;
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
