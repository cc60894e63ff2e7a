/* poller_afd.c: a poller on Windows: each socket has a request of AFD (afd.h), whose packet comes
 * to a completion port when it is ready. A FER_POLL_LEVEL socket whose event was given is asked for
 * again at the start of the next wait, or at once where others wait meanwhile. */
#include "platform/winsock/poller.h"

#include "platform/winsock/afd_sources.h"

/* ABORT: a reset. */
#define BROKEN (FERP_AFD_ABORT | FERP_AFD_CONNECT_FAIL)
#define READABLE (FERP_AFD_RECEIVE | FERP_AFD_ACCEPT | FERP_AFD_DISCONNECT)
#define WRITABLE FERP_AFD_SEND

/* A poller's words. */
enum { AT_POLLER };

static ferp_afd_poller *poller_of(const fer_poller *poller)
{
    return (ferp_afd_poller *)poller->words_[AT_POLLER];
}

/* ---- What is wanted */

static ULONG wanted_of(fer_event interest)
{
    return BROKEN | (interest.readable ? READABLE : 0u) | (interest.writable ? WRITABLE : 0u);
}

static void want(ferp_afd_source *source, fer_event interest, fer_poll_mode mode)
{
    source->key = interest.key;
    source->wanted = wanted_of(interest);
    source->is_once = mode == FER_POLL_ONESHOT || (!interest.readable && !interest.writable);
}

/* ---- Adding, modifying, deleting */

/* A source of this number that is still here is another one's, or dying: its requests are stale,
 * and new ones follow them. */
static fer_error watch(ferp_afd_poller *poller, fer_raw_socket raw, SOCKET base, fer_event interest,
                       fer_poll_mode mode)
{
    ferp_afd_source *source = ferp_afd_source_find(poller, raw);
    ferp_winsock_names names = ferp_winsock_names_of(ferp_winsock_socket(raw));
    if (source != NULL && source->is_watched &&
        !ferp_winsock_names_contradict(source->names, names)) {
        return (fer_error){FER_ALREADY_EXISTS, 0};
    }
    if (source == NULL) {
        FER_TRY(ferp_afd_source_new(poller, raw, &source));
    }
    ferp_afd_source_forget(poller, source);
    source->base = base;
    source->names = names;
    fer_error err = ferp_afd_source_ask(poller, source, wanted_of(interest));
    if (err.kind != FER_OK) {
        ferp_afd_source_release(poller, source);
        return err;
    }
    want(source, interest, mode);
    source->is_watched = true;
    ferp_afd_source_ask_for_end(poller, source);
    return FERP_WINSOCK_OK;
}

fer_error ferp_winsock_afd_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                               fer_poll_mode mode)
{
    ferp_afd_poller *self = poller_of(poller);
    SOCKET base = INVALID_SOCKET;
    FER_TRY(ferp_afd_base_of(ferp_winsock_socket(raw), &base));
    AcquireSRWLockExclusive(&self->lock);
    fer_error err = watch(self, raw, base, interest, mode);
    ReleaseSRWLockExclusive(&self->lock);
    return err;
}

static fer_error not_watched(fer_raw_socket raw)
{
    DWORD type = 0;
    FER_TRY(ferp_winsock_type_of(ferp_winsock_socket(raw), &type));
    return (fer_error){FER_NOT_FOUND, 0};
}

/* Where nobody waits, the next wait asks: what is over by then will not have been told of. */
static fer_error rewatch(ferp_afd_poller *poller, fer_raw_socket raw, fer_event interest,
                         fer_poll_mode mode)
{
    ferp_afd_source *source = ferp_afd_source_find(poller, raw);
    if (source == NULL || !source->is_watched) {
        return not_watched(raw);
    }
    if (poller->waiting > 0) {
        FER_TRY(ferp_afd_source_ask(poller, source, wanted_of(interest)));
    }
    want(source, interest, mode);
    if (poller->waiting == 0) {
        ferp_afd_source_enqueue(poller, source);
    }
    return FERP_WINSOCK_OK;
}

fer_error ferp_winsock_afd_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                                  fer_poll_mode mode)
{
    ferp_afd_poller *self = poller_of(poller);
    AcquireSRWLockExclusive(&self->lock);
    fer_error err = rewatch(self, raw, interest, mode);
    ReleaseSRWLockExclusive(&self->lock);
    return err;
}

static fer_error unwatch(ferp_afd_poller *poller, fer_raw_socket raw)
{
    ferp_afd_source *source = ferp_afd_source_find(poller, raw);
    if (source == NULL || !source->is_watched) {
        return not_watched(raw);
    }
    ferp_afd_source_forget(poller, source);
    ferp_afd_source_release(poller, source);
    ferp_afd_sources_tidy(poller);
    return FERP_WINSOCK_OK;
}

fer_error ferp_winsock_afd_delete(fer_poller *poller, fer_raw_socket raw)
{
    ferp_afd_poller *self = poller_of(poller);
    AcquireSRWLockExclusive(&self->lock);
    fer_error err = unwatch(self, raw);
    ReleaseSRWLockExclusive(&self->lock);
    return err;
}

/* ---- Waiting */

/* Makes an event of what was told, if it is still wanted. */
static bool give(ferp_afd_poller *poller, ferp_afd_source *source, ULONG told, fer_event *event)
{
    told &= source->wanted;
    if (told != 0) {
        bool is_broken = (told & BROKEN) != 0;
        *event = (fer_event){source->key, is_broken || (told & READABLE) != 0,
                             is_broken || (told & WRITABLE) != 0};
    }
    if (told != 0 && source->is_once) {
        source->wanted = 0;
        ferp_afd_source_dequeue(poller, source);
        return true;
    }
    ferp_afd_source_enqueue(poller, source);
    return told != 0;
}

/* Whether its packet is an event. */
static bool take_look(ferp_afd_poller *poller, ferp_afd_source *source, fer_event *event)
{
    poller->looks_out--;
    ULONG told = ferp_afd_end(&source->look);
    if ((told & FERP_AFD_LOCAL_CLOSE) != 0) {
        ferp_afd_source_forget(poller, source);
    }
    if (!source->is_watched) {
        ferp_afd_source_release(poller, source);
        return false;
    }
    return give(poller, source, told, event);
}

/* A notification is the packet without a source. */
static size_t take_packets(ferp_afd_poller *poller, const OVERLAPPED_ENTRY *packets, ULONG found,
                           fer_event *events, bool *notified)
{
    size_t count = 0;
    if (found > 0) {
        ferp_afd_sources_learn_ends(poller);
    }
    for (ULONG i = 0; i < found; i++) {
        if (packets[i].lpOverlapped == NULL) {
            *notified = true;
        } else if (take_look(poller, (ferp_afd_source *)packets[i].lpOverlapped, &events[count])) {
            count++;
        }
    }
    if (poller->waiting > 0) {
        /* Where that fails, they are asked for by the next wait. */
        (void)ferp_afd_sources_ask_queued(poller);
    }
    return count;
}

static fer_error enter_wait(ferp_afd_poller *poller)
{
    AcquireSRWLockExclusive(&poller->lock);
    fer_error err = ferp_afd_sources_ask_queued(poller);
    poller->waiting += err.kind == FER_OK;
    ReleaseSRWLockExclusive(&poller->lock);
    return err;
}

static size_t leave_wait(ferp_afd_poller *poller, const OVERLAPPED_ENTRY *packets, ULONG found,
                         fer_event *events, bool *notified)
{
    AcquireSRWLockExclusive(&poller->lock);
    poller->waiting--;
    size_t count = take_packets(poller, packets, found, events, notified);
    ReleaseSRWLockExclusive(&poller->lock);
    return count;
}

static DWORD millis_of(fer_duration timeout)
{
    if (fer_duration_is_none(timeout)) {
        return INFINITE;
    }
    uint64_t millis = ferp_winsock_millis(timeout.nanos);
    return millis < INFINITE ? (DWORD)millis : INFINITE - 1;
}

/* One wait of the system. Whether there were packets; where they were none of the caller's, there
 * is more to look at now. */
static fer_error wait_once(ferp_afd_poller *poller, fer_event *events, ULONG most, DWORD millis,
                           size_t *count, bool *notified, bool *had_packets)
{
    OVERLAPPED_ENTRY packets[FERP_AFD_BATCH];
    ULONG found = 0;
    FER_TRY(enter_wait(poller));
    BOOL has_found =
        GetQueuedCompletionStatusEx(poller->looks, packets, most, &found, millis, FALSE);
    DWORD code = has_found ? ERROR_SUCCESS : GetLastError();
    *had_packets = has_found != 0;
    *count = leave_wait(poller, packets, has_found ? found : 0, events, notified);
    return code == ERROR_SUCCESS || code == WAIT_TIMEOUT ? FERP_WINSOCK_OK
                                                         : ferp_winsock_error((int32_t)code);
}

fer_error ferp_winsock_afd_wait(fer_poller *poller, fer_event *events, size_t cap,
                                fer_duration timeout, size_t *count, bool *notified)
{
    ferp_afd_poller *self = poller_of(poller);
    ULONG most = cap < FERP_AFD_BATCH ? (ULONG)cap : FERP_AFD_BATCH;
    bool had_packets = false;
    *count = 0;
    *notified = false;
    fer_error err =
        wait_once(self, events, most, millis_of(timeout), count, notified, &had_packets);
    while (err.kind == FER_OK && had_packets && *count == 0 && !*notified) {
        err = wait_once(self, events, most, 0, count, notified, &had_packets);
    }
    return err;
}

fer_error ferp_winsock_afd_notify(fer_poller *poller)
{
    return PostQueuedCompletionStatus(poller_of(poller)->looks, 0, 0, NULL)
               ? FERP_WINSOCK_OK
               : ferp_winsock_last_error();
}

/* ---- The poller */

fer_error ferp_winsock_afd_open(fer_poller *poller)
{
    ferp_afd_poller *self = ferp_memory_new(sizeof *self);
    if (self == NULL) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    fer_error err = ferp_afd_sources_open(self);
    if (err.kind != FER_OK) {
        ferp_memory_free(self);
        return err;
    }
    poller->words_[AT_POLLER] = (uintptr_t)self;
    return FERP_WINSOCK_OK;
}

void ferp_winsock_afd_close(fer_poller *poller)
{
    ferp_afd_poller *self = poller_of(poller);
    ferp_afd_sources_end(self);
    ferp_memory_free(self);
}
