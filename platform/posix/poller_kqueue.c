/* poller_kqueue.c: a poller on macOS and FreeBSD. The kernel keeps all of it: kqueue(2) calls
 * "knote" what it keeps for a filter and a descriptor. A socket that is watched has
 *
 * a marker, which never tells of anything: for a knote that tells is there only while it is wanted,
 * and adding one that is there already succeeds; EVFILT_READ and EVFILT_WRITE, each while wanted,
 * with the user's key; for FER_POLL_ONESHOT with both of them a ticket, which never tells of
 * anything either. Each filter ends by itself after its event, but knows nothing of the other, and
 * another thread may have that one's event. Deleting the ticket succeeds once: whose event that is
 * gives it to the user. One filter alone has none: a ticket cannot be told from its successor, so
 * an old event that is still on its way in another thread may take the new one's. That is left
 * where both filters are wanted before a change and after it: then the old event is given in the
 * new one's place.
 *
 * Every key is the user's, so a notification is known by its filter, EVFILT_USER, which no socket
 * has. */
#include "platform/posix/posix.h"

#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_KQUEUE

#include <fcntl.h>
#include <limits.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#define NANOS_PER_SECOND 1000000000u

/* XNU and FreeBSD take no more than some years (EINVAL). */
#define SECONDS_MAX (365 * 24 * 60 * 60)

/* A filter that nothing else here uses, added without being enabled. */
#ifdef __FreeBSD__
#define MARKER_FILTER EVFILT_EMPTY
#define MARKER_NOTES 0
#else
#define MARKER_FILTER EVFILT_EXCEPT
#define MARKER_NOTES NOTE_OOB
#endif

/* A ticket's ident is its socket's descriptor. */
#define WAKER_IDENT ((uintptr_t)INT_MAX + 1)

enum { AT_KQUEUE };

enum { BATCH_MAX = 64 };

static const fer_error fine = {FER_OK, 0};

static int kqueue_of(const fer_poller *poller)
{
    return (int)poller->words_[AT_KQUEUE];
}

/* ---- Changes */

/* What one call of kevent is told to do. */
typedef struct changes {
    struct kevent list[BATCH_MAX];
    int count;
} changes;

/* EV_RECEIPT: each change is answered, by EV_ERROR with its code or 0, in its order, and none keeps
 * the next from being made. */
static void put(changes *to, uintptr_t ident, short filter, int flags, unsigned notes, uint64_t key)
{
    EV_SET(&to->list[to->count], ident, filter, (unsigned short)(flags | EV_RECEIPT), notes, 0,
           (void *)(uintptr_t)key);
    to->count++;
}

/* "The same array may be used for the changelist and eventlist" (kqueue(2)). Nothing waits here. */
static fer_error apply(const fer_poller *poller, changes *made)
{
    const struct timespec at_once = {0, 0};
    return ferp_posix_result(
        kevent(kqueue_of(poller), made->list, made->count, made->list, made->count, &at_once));
}

/* Only deleting, enabling and disabling can answer ENOENT. */
static int first_failure(const changes *made)
{
    for (int i = 0; i < made->count; i++) {
        if (made->list[i].data != 0 && made->list[i].data != ENOENT) {
            return (int)made->list[i].data;
        }
    }
    return 0;
}

/* That there was nothing to delete is fine. */
static fer_error apply_all(const fer_poller *poller, changes *made)
{
    FER_TRY(apply(poller, made));
    return ferp_posix_error_of(first_failure(made));
}

/* ---- What is watched */

static void put_marker(changes *to, uintptr_t fd, int flags)
{
    put(to, fd, MARKER_FILTER, flags, MARKER_NOTES, 0);
}

/* An added knote that is there keeps its old EV_ONESHOT and EV_CLEAR: what is wanted is made
 * anew. */
static void put_deletes(changes *to, uintptr_t fd)
{
    put(to, fd, EVFILT_READ, EV_DELETE, 0, 0);
    put(to, fd, EVFILT_WRITE, EV_DELETE, 0, 0);
    put(to, fd, EVFILT_USER, EV_DELETE, 0, 0);
}

/* EV_CLEAR changes nothing of a filter that ends with its event; what is told has it too, and so
 * says that there is a ticket. */
#define WITH_TICKET (EV_ONESHOT | EV_CLEAR)

static bool needs_ticket(fer_event interest, fer_poll_mode mode)
{
    return mode == FER_POLL_ONESHOT && interest.readable && interest.writable;
}

static int flags_of(fer_event interest, fer_poll_mode mode)
{
    switch (mode) {
    case FER_POLL_ONESHOT:
        return EV_ADD | (needs_ticket(interest, mode) ? WITH_TICKET : EV_ONESHOT);
    case FER_POLL_EDGE: return EV_ADD | EV_CLEAR;
    case FER_POLL_LEVEL:
    default: return EV_ADD;
    }
}

/* The ticket is there before what needs it. */
static void put_interest(changes *to, uintptr_t fd, fer_event interest, fer_poll_mode mode)
{
    int flags = flags_of(interest, mode);
    if (needs_ticket(interest, mode)) {
        put(to, fd, EVFILT_USER, EV_ADD | EV_DISABLE, 0, 0);
    }
    if (interest.readable) {
        put(to, fd, EVFILT_READ, flags, 0, interest.key);
    }
    if (interest.writable) {
        put(to, fd, EVFILT_WRITE, flags, 0, interest.key);
    }
}

static fer_error check_fd(fer_raw_socket raw)
{
    return raw < 0 || raw > INT_MAX ? ferp_posix_error_of(EBADF) : fine;
}

/* Disabling the marker changes nothing, for it never is enabled. NOT_FOUND: there is none. */
static fer_error look_for(const fer_poller *poller, fer_raw_socket raw)
{
    changes probe = {.count = 0};
    FER_TRY(check_fd(raw));
    put_marker(&probe, (uintptr_t)raw, EV_DISABLE);
    FER_TRY(apply_all(poller, &probe));
    return probe.list[0].data == ENOENT ? (fer_error){FER_NOT_FOUND, 0} : fine;
}

static void forget(const fer_poller *poller, fer_raw_socket raw)
{
    changes made = {.count = 0};
    put_marker(&made, (uintptr_t)raw, EV_DELETE);
    put_deletes(&made, (uintptr_t)raw);
    (void)apply(poller, &made);
}

/* EINVAL: the descriptor's kind has no such filter (kqueue(2)). */
static fer_error error_of_adding(fer_error err)
{
    return err.os_code == EINVAL ? (fer_error){FER_UNSUPPORTED, EINVAL} : err;
}

/* What the last socket of this number left, a ticket at most, goes first: close has taken the rest
 * (kqueue(2)). Two threads that add the same socket at the same time may both succeed: the kernel
 * has no call for "add, unless it is there". */
fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    changes made = {.count = 0};
    fer_error err = look_for(poller, raw);
    if (err.kind != FER_NOT_FOUND) {
        return err.kind == FER_OK ? (fer_error){FER_ALREADY_EXISTS, 0} : err;
    }
    put_deletes(&made, (uintptr_t)raw);
    put_marker(&made, (uintptr_t)raw, EV_ADD | EV_DISABLE);
    put_interest(&made, (uintptr_t)raw, interest, mode);
    err = apply_all(poller, &made);
    if (err.kind != FER_OK) {
        forget(poller, raw);
    }
    return error_of_adding(err);
}

/* What is added was there a moment ago, or needs one knote more: it fails for want of the kernel's
 * memory alone. Then the socket is still watched, but may be quiet until the next modify; what it
 * was watched for before nobody knows. */
fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    changes made = {.count = 0};
    FER_TRY(look_for(poller, raw));
    put_deletes(&made, (uintptr_t)raw);
    put_interest(&made, (uintptr_t)raw, interest, mode);
    return apply_all(poller, &made);
}

/* Where there is no marker there is nothing else, so all may go in one call. */
fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    changes made = {.count = 0};
    FER_TRY(check_fd(raw));
    put_marker(&made, (uintptr_t)raw, EV_DELETE);
    put_deletes(&made, (uintptr_t)raw);
    FER_TRY(apply_all(poller, &made));
    return made.list[0].data == ENOENT ? (fer_error){FER_NOT_FOUND, 0} : fine;
}

/* ---- The poller */

/* EV_CLEAR: who takes it disarms it, and many triggers before fold into one. */
static fer_error prepare(const fer_poller *poller)
{
    changes made = {.count = 0};
    FER_TRY(ferp_posix_result(fcntl(kqueue_of(poller), F_SETFD, FD_CLOEXEC)));
    put(&made, WAKER_IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0);
    return apply_all(poller, &made);
}

/* A child made by fork has no kqueue of its parent's (kqueue(2)), so that fcntl comes early enough:
 * only an exec without a fork would take it along. */
fer_error ferp_poller_open(fer_poller *poller)
{
    int queue = kqueue();
    FER_TRY(ferp_posix_result(queue));
    poller->words_[AT_KQUEUE] = (uintptr_t)queue;
    fer_error err = prepare(poller);
    if (err.kind != FER_OK) {
        close(queue);
    }
    return err;
}

void ferp_poller_close(fer_poller *poller)
{
    close(kqueue_of(poller));
}

/* kevent is a system call and nothing else: a signal handler may make it. */
fer_error ferp_poller_notify(fer_poller *poller)
{
    changes made = {.count = 0};
    int before = errno;
    put(&made, WAKER_IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 0);
    fer_error err = apply_all(poller, &made);
    errno = before;
    return err;
}

/* ---- Waiting */

static bool has_ticket(const struct kevent *told)
{
    return (told->flags & WITH_TICKET) == WITH_TICKET;
}

/* EV_EOF is the end of the filter's half, or of both: after a failure, which is in fflags until
 * somebody takes it (kqueue(2)), and after a hang-up there is no peer any more. */
static bool has_failed(const struct kevent *told)
{
    return (told->flags & EV_EOF) != 0 &&
           (told->fflags != 0 || ferp_check_connected((fer_raw_socket)told->ident).kind != FER_OK);
}

static fer_event event_of(const struct kevent *told)
{
    bool ended = has_failed(told);
    return (fer_event){(uint64_t)(uintptr_t)told->udata, ended || told->filter == EVFILT_READ,
                       ended || told->filter == EVFILT_WRITE};
}

/* Drops what is no socket's. Returns how many are left. */
static int keep_sockets(struct kevent *told, int count, bool *notified)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (told[i].filter == EVFILT_USER) {
            *notified = true;
        } else if ((told[i].flags & EV_ERROR) == 0) {
            told[kept++] = told[i];
        }
    }
    return kept;
}

/* Answers for each event that has a ticket, in their order, whether it was there. */
static fer_error take_tickets(const fer_poller *poller, const struct kevent *told, int count,
                              changes *taken)
{
    for (int i = 0; i < count; i++) {
        if (has_ticket(&told[i])) {
            put(taken, told[i].ident, EVFILT_USER, EV_DELETE, 0, 0);
        }
    }
    return taken->count == 0 ? fine : apply(poller, taken);
}

/* The same socket's other event, which took the ticket in this wait: the two become one. Without
 * it, another wait has told. */
static void merge(const struct kevent *told, int taken, int late, fer_event *events)
{
    for (int i = 0; i < taken; i++) {
        if (told[i].ident == told[late].ident && has_ticket(&told[i])) {
            fer_event more = event_of(&told[late]);
            events[i].readable = events[i].readable || more.readable;
            events[i].writable = events[i].writable || more.writable;
        }
    }
}

/* told[0..kept) are those that the events are made of. */
static size_t tell(struct kevent *told, int count, const changes *taken, fer_event *events)
{
    int kept = 0;
    int ticket = 0;
    for (int i = 0; i < count; i++) {
        if (has_ticket(&told[i]) && taken->list[ticket++].data != 0) {
            merge(told, kept, i, events);
            continue;
        }
        events[kept] = event_of(&told[i]);
        told[kept++] = told[i];
    }
    return (size_t)kept;
}

static int wait_some(const fer_poller *poller, struct kevent *told, int most, fer_duration timeout)
{
    struct timespec time;
    uint64_t seconds = timeout.nanos / NANOS_PER_SECOND;
    time.tv_sec = (time_t)(seconds < SECONDS_MAX ? seconds : SECONDS_MAX);
    time.tv_nsec = (long)(timeout.nanos % NANOS_PER_SECOND);
    return kevent(kqueue_of(poller), NULL, 0, told, most,
                  fer_duration_is_none(timeout) ? NULL : &time);
}

/* What was told goes to the end of the kernel's queue: the others come before it in the next
 * wait. */
fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    struct kevent told[BATCH_MAX];
    changes taken = {.count = 0};
    *count = 0;
    *notified = false;
    int found = wait_some(poller, told, cap < BATCH_MAX ? (int)cap : BATCH_MAX, timeout);
    FER_TRY(ferp_posix_result(found));
    int kept = keep_sockets(told, found, notified);
    FER_TRY(take_tickets(poller, told, kept, &taken));
    *count = tell(told, kept, &taken, events);
    return fine;
}

#endif
