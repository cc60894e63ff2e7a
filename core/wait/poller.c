/* poller.c: the behaviour of a poller that is the same on every OS: argument checks, timeouts that
 * never expire early, merged notifications. The backend registers sockets (platform.h). */
#include "core/wait/poller.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "platform/platform.h"

_Static_assert(sizeof(fer_poller) == 64, "the size does not change");

/* The values of a poller's state_. */
enum { POLLER_NEW, POLLER_OPEN, POLLER_CLOSED };

bool feri_poller_is_open(const fer_poller *poller)
{
    return poller != NULL && poller->p_.state_ == POLLER_OPEN;
}

fer_error fer_poller_new(fer_poller *poller)
{
    FERI_REQUIRE(poller != NULL, FER_MISUSE);
    FERI_REQUIRE(poller->p_.state_ == POLLER_NEW || poller->p_.state_ == POLLER_CLOSED, FER_MISUSE);
    FER_TRY(ferp_poller_open(poller));
    poller->p_.notified_ = 0;
    poller->p_.interruptible_ = 0;
    memset(&poller->words_[FERI_POLLER_DRIVEN_WORD], 0, 2 * sizeof poller->words_[0]);
    poller->p_.state_ = POLLER_OPEN;
    return feri_ok();
}

void fer_poller_close(fer_poller *poller)
{
    if (feri_poller_is_open(poller)) {
        poller->p_.state_ = POLLER_CLOSED;
        ferp_poller_close(poller);
    }
}

fer_error fer_poller_set_interruptible(fer_poller *poller, bool interruptible)
{
    FERI_REQUIRE(feri_poller_is_open(poller), FER_MISUSE);
    feri_atomic_store(&poller->p_.interruptible_, interruptible);
    return feri_ok();
}

/* ---- Registering sockets */

static bool is_registrable(const fer_poller *poller, fer_raw_socket raw)
{
    return feri_poller_is_open(poller) && raw != FER_RAW_SOCKET_NONE;
}

/* The touch is a happens-before edge from the caller's earlier writes to the thread that gets the
 * event. The systems order the two, but a compiler and a race detector cannot see it. Each wait
 * reads the word at its end. */
static inline fer_error begin_registration(fer_poller *poller, fer_raw_socket raw, fer_event event,
                                           fer_poll_mode mode)
{
    const fer_interest known = FER_READABLE | FER_WRITABLE | FER_PRIORITY | FER_READ_CLOSED;
    fer_interest unknown = event.interest & ~known;
    bool is_mode = (unsigned)mode <= (unsigned)FER_POLL_EDGE_ONESHOT;
    if (!is_registrable(poller, raw) || (unknown | event.reserved_) != 0 || !is_mode) {
        return feri_refuse(!is_registrable(poller, raw));
    }
    feri_atomic_touch(&poller->p_.notified_);
    return feri_ok();
}

FERI_HOT fer_error fer_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event event,
                                  fer_poll_mode mode)
{
    FER_TRY(begin_registration(poller, raw, event, mode));
    return ferp_poller_add(poller, raw, event, mode);
}

FERI_HOT fer_error fer_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event event,
                                     fer_poll_mode mode)
{
    FER_TRY(begin_registration(poller, raw, event, mode));
    return ferp_poller_modify(poller, raw, event, mode);
}

FERI_HOT fer_error fer_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    FERI_REQUIRE(is_registrable(poller, raw), FER_MISUSE);
    return ferp_poller_delete(poller, raw);
}

/* ---- Waiting */

uint64_t feri_poller_deadline(fer_duration timeout)
{
    return timeout.nanos == 0 ? 0 : feri_deadline_after(timeout);
}

fer_duration feri_poller_time_left(uint64_t deadline)
{
    if (deadline == FERP_NO_DEADLINE) {
        return FER_DURATION_NONE;
    }
    uint64_t now = deadline == 0 ? 0 : ferp_now();
    return (fer_duration){deadline > now ? deadline - now : 0};
}

/* ---- Notifications. The word counts the running waits, and has two bits for a pending
 * notification. If no wait is running, the notification is KEPT, and the next wait finds the bit,
 * without a system call. Otherwise it is SENT, and the system delivers it to one wait. Both bits:
 * another notification was merged with the sent one, and stays KEPT if the system refuses that one.
 * The bit DRIVEN says that the poller has connectors (poller.h), so no poll is a fast one. The bit
 * SHOWN says that other loops have the poller's descriptor: then every notification is SENT,
 * because only the system makes the descriptor readable. No wait need be running. Each notifier
 * changes the word, if only to the same value. Its earlier writes thus happen before the return of
 * the wait that receives the notification. add and modify do the same. */

#define KEPT 1u
#define SENT 2u
#define DRIVEN 4u
#define SHOWN 8u
#define ONE_WAIT 16u

/* The most events of a fast poll. epoll's backend has the same maximum for one wait, so the
 * compiler removes its comparison. */
#define FAST_POLL_EVENTS_MAX 65536u

/* Returns whether the wait takes a notification that was not sent. It then does not wait any more.
 * It only polls, as with a timeout of 0, and is not counted. */
static bool enter_wait(fer_poller *poller, fer_duration *timeout)
{
    for (;;) {
        uint32_t old = feri_atomic_load(&poller->p_.notified_);
        bool takes = (old & (KEPT | SENT)) == KEPT;
        if (!takes && timeout->nanos == 0) {
            return false;
        }
        if (feri_atomic_replace(&poller->p_.notified_, old, takes ? old & ~KEPT : old + ONE_WAIT)) {
            timeout->nanos = takes ? 0 : timeout->nanos;
            return takes;
        }
    }
}

/* timeout was set by enter_wait. notified: the system delivered the sent notification to this wait,
 * with all that were merged with it. */
static void leave_wait(fer_poller *poller, fer_duration timeout, bool notified)
{
    uint32_t clear = notified ? SENT | KEPT : 0;
    uint32_t counted = timeout.nanos != 0 ? ONE_WAIT : 0;
    uint32_t old = feri_atomic_load(&poller->p_.notified_);
    FERI_ASSERT(old >= counted);
    if ((clear | counted) == 0) {
        return;
    }
    while (!feri_atomic_replace(&poller->p_.notified_, old, (old & ~clear) - counted)) {
        old = feri_atomic_load(&poller->p_.notified_);
    }
}

/* Takes back a notification that the system has refused, unless another one was merged with it: the
 * caller of that one has FER_OK already. So the system is called once more, to wake a running wait.
 * If it refuses again, the next wait gets the merged notification. */
static fer_error send_again(fer_poller *poller, fer_error refusal)
{
    uint32_t old = feri_atomic_load(&poller->p_.notified_);
    while ((old & KEPT) == 0) {
        if (feri_atomic_replace(&poller->p_.notified_, old, old & ~SENT)) {
            return refusal;
        }
        old = feri_atomic_load(&poller->p_.notified_);
    }
    fer_error error = ferp_poller_notify(poller);
    if (error.kind != FER_OK) {
        feri_atomic_change_bits(&poller->p_.notified_, 0, SENT);
    }
    return error;
}

/* Records a notification, and sends it if that is needed. if_refused is KEPT if the next wait must
 * get it although the system refuses it, otherwise 0. */
static fer_error give_notification(fer_poller *poller, uint32_t if_refused)
{
    uint32_t old;
    uint32_t pending;
    do {
        old = feri_atomic_load(&poller->p_.notified_);
        bool must_send = (old & SENT) == 0 && old >= SHOWN; /* or a wait runs */
        pending = must_send ? SENT | if_refused : KEPT;
    } while (!feri_atomic_replace(&poller->p_.notified_, old, old | pending));
    if ((pending & SENT) == 0) {
        return feri_ok();
    }
    fer_error error = ferp_poller_notify(poller);
    return error.kind == FER_OK ? error : send_again(poller, error);
}

fer_error fer_poller_notify(fer_poller *poller)
{
    FERI_REQUIRE(feri_poller_is_open(poller), FER_MISUSE);
    return give_notification(poller, 0);
}

void feri_poller_notify(fer_poller *poller)
{
    if (feri_poller_is_open(poller)) {
        FER_IGNORE(give_notification(poller, KEPT));
    }
}

/* ---- A poller in another loop. Both functions are for a loop that waits for the poller's
 * descriptor until the next timeout, and then calls fer_poller_wait with a timeout of 0. */

/* A notification that was KEPT before is SENT now. If the system refuses it, the next wait gets it,
 * and the next timeout is 0. */
fer_raw_socket fer_poller_as_raw(fer_poller *poller)
{
    fer_raw_socket raw =
        feri_poller_is_open(poller) ? ferp_poller_raw(poller) : FER_RAW_SOCKET_NONE;
    if (raw == FER_RAW_SOCKET_NONE) {
        return raw;
    }
    uint32_t old;
    uint32_t shown;
    do {
        old = feri_atomic_load(&poller->p_.notified_);
        bool must_send = (old & (KEPT | SENT)) == KEPT;
        shown = SHOWN | (must_send ? SENT : 0);
    } while (!feri_atomic_replace(&poller->p_.notified_, old, old | shown));
    if ((shown & SENT) != 0 && ferp_poller_notify(poller).kind != FER_OK) {
        feri_atomic_change_bits(&poller->p_.notified_, 0, SENT);
    }
    return raw;
}

fer_error fer_poller_next_timeout(const fer_poller *poller, fer_duration *out)
{
    FERI_REQUIRE(feri_poller_is_open(poller) && out != NULL, FER_MISUSE);
    bool is_notified = (feri_atomic_load(&poller->p_.notified_) & (KEPT | SENT)) != 0;
    uint64_t until = is_notified ? 0 : FERP_NO_DEADLINE;
    const feri_poller_driven *driven = feri_poller_first_driven(poller);
    *out = feri_poller_time_left(driven != NULL ? feri_earlier(until, driven->until) : until);
    return feri_ok();
}

/* ---- A wait */

bool feri_poller_continues(const fer_poller *poller, fer_error error)
{
    return error.kind == FER_INTERRUPTED && feri_atomic_load(&poller->p_.interruptible_) == 0;
}

/* Waits for an event, a notification or the timeout. The system's wait can end without any of
 * them. */
static fer_error wait_on(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                         size_t *count, bool *notified)
{
    uint64_t deadline = feri_poller_deadline(timeout);
    fer_duration left = timeout;
    for (;;) {
        fer_error error = ferp_poller_wait(poller, events, cap, left, count, notified);
        FERI_ASSERT(*count <= cap);
        bool interrupted = feri_poller_continues(poller, error);
        if (*count > 0 || *notified || (error.kind != FER_OK && !interrupted)) {
            return error;
        }
        left = feri_poller_time_left(deadline);
        if (left.nanos == 0 && !interrupted) {
            return feri_ok();
        }
    }
}

void feri_poller_set_driven(fer_poller *poller, feri_poller_driven *driven)
{
    memcpy(&poller->words_[FERI_POLLER_DRIVEN_WORD], &driven, sizeof driven);
    feri_atomic_change_bits(&poller->p_.notified_, driven != NULL ? DRIVEN : 0, DRIVEN);
}

static void store_notified(bool *notified, bool value)
{
    if (notified != NULL) {
        *notified = value;
    }
}

/* The end of a wait; timeout as for leave_wait. was_sent: the system delivered a notification.
 * has_taken: it took one that was not sent. After a failure the notification is for the next wait
 * (rule P12). */
FERI_NOINLINE static fer_error end_wait(fer_poller *poller, fer_duration timeout, fer_error error,
                                        bool was_sent, bool has_taken, bool *notified)
{
    bool has_failed = error.kind != FER_OK;
    leave_wait(poller, timeout, was_sent);
    if (has_failed && (was_sent || has_taken)) {
        feri_poller_notify(poller);
    }
    store_notified(notified, !has_failed && (was_sent || has_taken));
    return error;
}

/* A wait that is not a fast poll. The wait of a poller with connectors takes the place of
 * wait_on. */
FERI_NOINLINE static fer_error wait_counted(fer_poller *poller, fer_duration timeout,
                                            fer_event *events, size_t cap, size_t *count,
                                            bool *notified)
{
    feri_store_count(count, 0);
    store_notified(notified, false);
    FERI_REQUIRE(feri_poller_is_open(poller), FER_MISUSE);
    if (events == NULL || cap == 0 || count == NULL) {
        return feri_refuse(cap != 0);
    }
    bool was_sent = false;
    bool has_taken = enter_wait(poller, &timeout);
    const feri_poller_driven *driven = feri_poller_first_driven(poller);
    feri_poller_waiter *wait = driven == NULL ? wait_on : driven->wait;
    fer_error error = wait(poller, events, cap, timeout, count, &was_sent);
    return end_wait(poller, timeout, error, was_sent, has_taken, notified);
}

/* ---- A poll with no pending notification, the common case: one system call. */

/* gcc computes two comparisons of arguments before it branches if no load is between them. The
 * order avoids that. */
FERI_HOT fer_error fer_poller_wait(fer_poller *poller, fer_duration timeout, fer_event *events,
                                   size_t cap, size_t *count, bool *notified)
{
    bool is_fast_poll = timeout.nanos == 0 && feri_poller_is_open(poller) && events != NULL &&
                        (feri_atomic_load(&poller->p_.notified_) & (KEPT | DRIVEN)) == 0 &&
                        cap - 1 < FAST_POLL_EVENTS_MAX && count != NULL;
    if (!is_fast_poll) {
        return wait_counted(poller, timeout, events, cap, count, notified);
    }
    bool is_sent = false;
    fer_error error = ferp_poller_wait(poller, events, cap, timeout, count, &is_sent);
    if (error.kind == FER_OK && !is_sent) {
        store_notified(notified, false);
        (void)feri_atomic_load(&poller->p_.notified_); /* the end of the edge of add and modify */
        return feri_ok();
    }
    if (error.kind == FER_INTERRUPTED && !is_sent) {
        return wait_counted(poller, timeout, events, cap, count, notified);
    }
    return end_wait(poller, timeout, error, is_sent, false, notified);
}
