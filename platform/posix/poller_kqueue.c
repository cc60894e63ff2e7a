/* poller_kqueue.c: a poller on macOS and FreeBSD. The kernel keeps the sockets and the user's keys.
 * kqueue(2) calls the kernel's record for a filter and a descriptor a "knote". A registered socket
 * has these knotes:
 *
 * - a marker, which never reports anything. It shows that the socket is registered: EVFILT_READ and
 *   EVFILT_WRITE exist only while requested, and adding an existing knote succeeds.
 * - EVFILT_READ and EVFILT_WRITE, each while requested, with the user's key.
 * - a ticket, which never reports anything either: for a one-shot mode with both filters.
 *
 * Each one-shot filter is deleted by its own event, but not by the other's event, which another
 * thread may receive. Deleting the ticket succeeds once: the thread that deletes it reports its
 * event. A single filter has no ticket.
 *
 * A ticket cannot be distinguished from its successor. An old event that another thread still holds
 * may therefore take a ticket that a modify has just added. This can happen only if both filters
 * are requested before and after the modify. Then the old event is reported instead of the new one.
 *
 * Keys belong to the user, so a notification is identified by its filter, EVFILT_USER, which no
 * socket has. */
#include "platform/posix/posix.h"

#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_KQUEUE

#include <fcntl.h>
#include <limits.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

/* XNU and FreeBSD reject a timeout of more than some years (EINVAL). */
#define SECONDS_MAX (365 * 24 * 60 * 60)

/* A filter that this file does not use otherwise. The marker is added disabled. */
#if defined(__FreeBSD__) || defined(__NetBSD__)
#define MARKER_FILTER EVFILT_EMPTY
#define MARKER_NOTES 0
#else
#define MARKER_FILTER EVFILT_EXCEPT
#define MARKER_NOTES NOTE_OOB
#endif

/* A ticket's ident is its socket's descriptor, so the waker's is above every descriptor. */
#define WAKER_IDENT ((uintptr_t)INT_MAX + 1)

enum { AT_KQUEUE };

enum { BATCH_MAX = 64 };

static const fer_error fine = {FER_OK, 0};

static int kqueue_of(const fer_poller *poller)
{
    return (int)poller->p_.system_[AT_KQUEUE];
}

/* ---- Changes */

/* The changes of one call of kevent. */
typedef struct changes {
    struct kevent list[BATCH_MAX];
    int count;
} changes;

/* EV_RECEIPT: kevent reports each change, in order, as EV_ERROR with its code or 0. A failed change
 * does not stop the changes after it. */
static void add_change(changes *to, uintptr_t ident, short filter, int flags, unsigned notes,
                       uint64_t key)
{
    EV_SET(&to->list[to->count], ident, filter, (unsigned short)(flags | EV_RECEIPT), notes, 0,
           (void *)(uintptr_t)key);
    to->count++;
}

/* "The same array may be used for the changelist and eventlist" (kqueue(2)). Never waits. */
static fer_error apply_changes(const fer_poller *poller, changes *batch)
{
    const struct timespec no_wait = {0, 0};
    return ferp_posix_result(
        kevent(kqueue_of(poller), batch->list, batch->count, batch->list, batch->count, &no_wait));
}

/* ENOENT is no failure; only deleting, enabling and disabling can return it. */
static int first_failure(const changes *batch)
{
    for (int i = 0; i < batch->count; i++) {
        if (batch->list[i].data != 0 && batch->list[i].data != ENOENT) {
            return (int)batch->list[i].data;
        }
    }
    return 0;
}

/* Succeeds if there was nothing to delete. */
static fer_error apply_all(const fer_poller *poller, changes *batch)
{
    FER_TRY(apply_changes(poller, batch));
    return ferp_posix_error_of(first_failure(batch));
}

/* ---- Registered sockets */

static void add_marker(changes *to, uintptr_t fd, int flags)
{
    add_change(to, fd, MARKER_FILTER, flags, MARKER_NOTES, 0);
}

/* Adding an existing knote keeps its old EV_ONESHOT and EV_CLEAR, so every change deletes first. */
static void add_deletes(changes *to, uintptr_t fd)
{
    add_change(to, fd, EVFILT_READ, EV_DELETE, 0, 0);
    add_change(to, fd, EVFILT_WRITE, EV_DELETE, 0, 0);
    add_change(to, fd, EVFILT_USER, EV_DELETE, 0, 0);
}

/* EV_CLEAR does not change a one-shot filter. The reported event carries it, which marks an event
 * with a ticket. */
#define WITH_TICKET (EV_ONESHOT | EV_CLEAR)

/* The two one-shot modes are the same here: EV_ONESHOT deletes a filter with its first event, so
 * EV_CLEAR has nothing to reset. */
static bool is_once(fer_poll_mode mode)
{
    return mode == FER_POLL_ONESHOT || mode == FER_POLL_EDGE_ONESHOT;
}

static bool needs_ticket(fer_event interest, fer_poll_mode mode)
{
    fer_interest both = FER_READABLE | FER_WRITABLE;
    return is_once(mode) && (interest.interest & both) == both;
}

static int flags_of(fer_event interest, fer_poll_mode mode)
{
    switch (mode) {
    case FER_POLL_ONESHOT:
    case FER_POLL_EDGE_ONESHOT:
        return EV_ADD | (needs_ticket(interest, mode) ? WITH_TICKET : EV_ONESHOT);
    case FER_POLL_EDGE: return EV_ADD | EV_CLEAR;
    case FER_POLL_LEVEL:
    default: return EV_ADD;
    }
}

/* The ticket is added before the filters that need it. */
static void add_interest(changes *to, uintptr_t fd, fer_event interest, fer_poll_mode mode)
{
    int flags = flags_of(interest, mode);
    if (needs_ticket(interest, mode)) {
        add_change(to, fd, EVFILT_USER, EV_ADD | EV_DISABLE, 0, 0);
    }
    if ((interest.interest & FER_READABLE) != 0) {
        add_change(to, fd, EVFILT_READ, flags, 0, interest.key);
    }
    if ((interest.interest & FER_WRITABLE) != 0) {
        add_change(to, fd, EVFILT_WRITE, flags, 0, interest.key);
    }
}

/* kqueue has no filter for urgent data, and EVFILT_READ reports the peer's end with the bytes. */
static fer_error check_interest(fer_event interest)
{
    fer_interest reads = interest.interest & (FER_READABLE | FER_READ_CLOSED);
    bool is_supported = (interest.interest & FER_PRIORITY) == 0 && reads != FER_READ_CLOSED;
    return is_supported ? fine : (fer_error){FER_UNSUPPORTED, 0};
}

static fer_error check_fd(fer_raw_socket raw)
{
    return raw < 0 || raw > INT_MAX ? ferp_posix_error_of(EBADF) : fine;
}

/* The failure of a change without a marker. XNU searches the knote before the descriptor
 * (kern_event.c, kevent_register), FreeBSD after it, so for a closed one XNU is ENOENT too. */
static fer_error not_registered(fer_raw_socket raw)
{
    FER_TRY(ferp_posix_result(fcntl((int)raw, F_GETFD)));
    return (fer_error){FER_NOT_FOUND, 0};
}

/* Disables the marker, which changes nothing because it is never enabled. NOT_FOUND: no marker. */
static fer_error check_registered(const fer_poller *poller, fer_raw_socket raw)
{
    changes probe = {.count = 0};
    FER_TRY(check_fd(raw));
    add_marker(&probe, (uintptr_t)raw, EV_DISABLE);
    FER_TRY(apply_all(poller, &probe));
    return probe.list[0].data == ENOENT ? (fer_error){FER_NOT_FOUND, 0} : fine;
}

static void delete_knotes(const fer_poller *poller, fer_raw_socket raw)
{
    changes batch = {.count = 0};
    add_marker(&batch, (uintptr_t)raw, EV_DELETE);
    add_deletes(&batch, (uintptr_t)raw);
    (void)apply_changes(poller, &batch);
}

/* EINVAL: the filter does not support this kind of descriptor (kqueue(2)). */
static fer_error error_of_adding(fer_error err)
{
    return err.os_code == EINVAL ? (fer_error){FER_UNSUPPORTED, EINVAL} : err;
}

/* Deletes first, because a ticket of the number's previous socket may remain. close has deleted
 * that socket's other knotes (kqueue(2)). Two threads that add the same socket at the same time may
 * both succeed: the kernel has no atomic "add unless present". */
fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    changes batch = {.count = 0};
    FER_TRY(check_interest(interest));
    fer_error err = check_registered(poller, raw);
    if (err.kind != FER_NOT_FOUND) {
        return err.kind == FER_OK ? (fer_error){FER_ALREADY_EXISTS, 0} : err;
    }
    add_deletes(&batch, (uintptr_t)raw);
    add_marker(&batch, (uintptr_t)raw, EV_ADD | EV_DISABLE);
    add_interest(&batch, (uintptr_t)raw, interest, mode);
    err = apply_all(poller, &batch);
    if (err.kind != FER_OK) {
        delete_knotes(poller, raw);
    }
    return error_of_adding(err);
}

/* The added knotes existed before, or there is one more of them, so only a lack of kernel memory
 * can make this fail. Then the socket is still registered, but may report nothing until the next
 * modify. Its previous interest is not stored, so it cannot be restored. */
fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    changes batch = {.count = 0};
    FER_TRY(check_interest(interest));
    fer_error err = check_registered(poller, raw);
    if (err.kind != FER_OK) {
        return err.kind == FER_NOT_FOUND ? not_registered(raw) : err;
    }
    add_deletes(&batch, (uintptr_t)raw);
    add_interest(&batch, (uintptr_t)raw, interest, mode);
    return apply_all(poller, &batch);
}

/* Without a marker there are no other knotes, so one call can delete all of them. */
fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    changes batch = {.count = 0};
    FER_TRY(check_fd(raw));
    add_marker(&batch, (uintptr_t)raw, EV_DELETE);
    add_deletes(&batch, (uintptr_t)raw);
    FER_TRY(apply_all(poller, &batch));
    return batch.list[0].data == ENOENT ? not_registered(raw) : fine;
}

/* ---- The poller */

/* EV_CLEAR: the wait that receives the notification resets it; earlier triggers fold into one. */
static fer_error prepare_queue(const fer_poller *poller)
{
    changes batch = {.count = 0};
    FER_TRY(ferp_posix_result(fcntl(kqueue_of(poller), F_SETFD, FD_CLOEXEC)));
    add_change(&batch, WAKER_IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0);
    return apply_all(poller, &batch);
}

/* fork does not pass a kqueue to the child (kqueue(2)), so fcntl is early enough: only an exec
 * without a fork would pass it on. */
fer_error ferp_poller_open(fer_poller *poller)
{
    int queue = kqueue();
    FER_TRY(ferp_posix_result(queue));
    poller->p_.system_[AT_KQUEUE] = (uintptr_t)queue;
    fer_error err = prepare_queue(poller);
    if (err.kind != FER_OK) {
        close(queue);
    }
    return err;
}

void ferp_poller_close(fer_poller *poller)
{
    close(kqueue_of(poller));
}

/* Async-signal-safe: kevent is a plain system call. */
fer_error ferp_poller_notify(fer_poller *poller)
{
    changes batch = {.count = 0};
    int before = errno;
    add_change(&batch, WAKER_IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 0);
    fer_error err = apply_all(poller, &batch);
    errno = before;
    return err;
}

/* A kqueue is readable while it has an event (kqueue(2)). */
fer_raw_socket ferp_poller_raw(const fer_poller *poller)
{
    return (fer_raw_socket)kqueue_of(poller);
}

/* ---- Waiting */

static bool has_ticket(const struct kevent *received)
{
    return (received->flags & WITH_TICKET) == WITH_TICKET;
}

/* EV_EOF is the end of the filter's half, or of both halves. It is both after a failure, whose code
 * is in fflags until a call takes it (kqueue(2)), and after a hang-up, which leaves no peer. */
static bool has_failed(const struct kevent *received)
{
    return (received->flags & EV_EOF) != 0 &&
           (received->fflags != 0 ||
            ferp_check_connected((fer_raw_socket)received->ident).kind != FER_OK);
}

static fer_interest readiness_of(const struct kevent *received)
{
    const fer_interest both = FER_READABLE | FER_WRITABLE | FER_READ_CLOSED | FER_WRITE_CLOSED;
    if (has_failed(received)) {
        return both | (received->fflags != 0 ? FER_FAILED : 0);
    }
    if (received->filter == EVFILT_WRITE) {
        return FER_WRITABLE;
    }
    return FER_READABLE | ((received->flags & EV_EOF) != 0 ? FER_READ_CLOSED : 0);
}

static fer_event event_of_kevent(const struct kevent *received)
{
    return (fer_event){.key = (uint64_t)(uintptr_t)received->udata,
                       .interest = readiness_of(received)};
}

/* Keeps the sockets' events and returns their number. */
static int filter_sockets(struct kevent *received, int count, bool *notified)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (received[i].filter == EVFILT_USER) {
            *notified = true;
        } else if ((received[i].flags & EV_ERROR) == 0) {
            received[kept++] = received[i];
        }
    }
    return kept;
}

/* Deletes the tickets of the events that have one, in order. Each result shows whether the ticket
 * existed. */
static fer_error take_tickets(const fer_poller *poller, const struct kevent *received, int count,
                              changes *taken)
{
    for (int i = 0; i < count; i++) {
        if (has_ticket(&received[i])) {
            add_change(taken, received[i].ident, EVFILT_USER, EV_DELETE, 0, 0);
        }
    }
    return taken->count == 0 ? fine : apply_changes(poller, taken);
}

/* Merges an event whose ticket is gone into the other event of its socket, if this wait took that
 * ticket. Otherwise another wait has reported the socket. */
static void merge(const struct kevent *received, int taken, int other, fer_event *events)
{
    for (int i = 0; i < taken; i++) {
        if (received[i].ident == received[other].ident && has_ticket(&received[i])) {
            events[i].interest |= event_of_kevent(&received[other]).interest;
        }
    }
}

/* received[0..kept) are the events that are reported so far. */
static size_t make_events(struct kevent *received, int count, const changes *taken,
                          fer_event *events)
{
    int kept = 0;
    int ticket = 0;
    for (int i = 0; i < count; i++) {
        if (has_ticket(&received[i]) && taken->list[ticket++].data != 0) {
            merge(received, kept, i, events);
            continue;
        }
        events[kept] = event_of_kevent(&received[i]);
        received[kept++] = received[i];
    }
    return (size_t)kept;
}

static int wait_events(const fer_poller *poller, struct kevent *received, int limit,
                       fer_duration timeout)
{
    struct timespec time;
    uint64_t seconds = timeout.nanos / FERP_NANOS_PER_SECOND;
    time.tv_sec = (time_t)(seconds < SECONDS_MAX ? seconds : SECONDS_MAX);
    time.tv_nsec = (long)(timeout.nanos % FERP_NANOS_PER_SECOND);
    if (timeout.nanos == 0) {
        return kevent(kqueue_of(poller), NULL, 0, received, limit, &time);
    }
    return kevent(kqueue_of(poller), NULL, 0, received, limit,
                  timeout.nanos == FER_DURATION_NONE_NANOS ? NULL : &time);
}

/* The kernel moves a reported knote to the end of its queue: the next wait reports the others
 * first. */
fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    struct kevent received[BATCH_MAX];
    changes taken = {.count = 0};
    *count = 0;
    *notified = false;
    int found = wait_events(poller, received, cap < BATCH_MAX ? (int)cap : BATCH_MAX, timeout);
    FER_TRY(ferp_posix_waited_result(found));
    int kept = filter_sockets(received, found, notified);
    FER_TRY(take_tickets(poller, received, kept, &taken));
    *count = make_events(received, kept, &taken, events);
    return fine;
}

#endif
