/* notify.c: fer_poller_notify against waits of the poller (rules P6, P8, P12), and wakers (P14). */
#include <string.h>

#include "ferrule/poller.h"
#include "ferrule/waker.h"
#include "platform/platform.h"
#include "tests/interleave/programs.h"
#include "tests/interleave/seam.h"

enum { WAITS_MAX = 4 };

static fer_poller poller;
static unsigned data; /* written before each notification, without a lock */
static unsigned data_read;
static unsigned notified[INTER_THREADS_MAX];
static unsigned failed;
static unsigned accepted[INTER_THREADS_MAX]; /* notifications that returned FER_OK */

static void begin(void)
{
    memset(&poller, 0, sizeof poller);
    memset(notified, 0, sizeof notified);
    memset(accepted, 0, sizeof accepted);
    data = 0;
    data_read = 0;
    failed = 0;
    INTER_OK(fer_poller_new(&poller));
}

STEP(notify, data++; INTER_OK(fer_poller_notify(&poller)))
STEP(notify_again, INTER_OK(fer_poller_notify(&poller)))

/* The system may refuse the notification. */
static void try_to_notify(void)
{
    fer_error error = fer_poller_notify(&poller);
    INTER_CHECK(error.kind == FER_OK || error.kind == FER_OUT_OF_MEMORY);
    accepted[inter_self()] += error.kind == FER_OK;
}

static bool wait_for(fer_duration timeout)
{
    fer_event event;
    size_t count = 7;
    bool is_notified = false;
    fer_error error = fer_poller_wait(&poller, timeout, &event, 1, &count, &is_notified);
    INTER_CHECK(count == 0);
    if (error.kind != FER_OK) {
        INTER_CHECK(error.kind == FER_OUT_OF_MEMORY && !is_notified);
        failed++;
    }
    notified[inter_self()] += is_notified;
    return is_notified;
}

/* Without a timeout only a notification ends a wait. */
STEP(wait_once, INTER_CHECK(wait_for(FER_DURATION_NONE) || failed > 0))

static void wait_and_read(void)
{
    if (wait_for(FER_DURATION_NONE)) {
        data_read = data;
    }
}

static void poll_and_read(void)
{
    if (wait_for(fer_duration_from_millis(0))) {
        data_read = data;
    }
}

STEP(wait_briefly, (void)wait_for(fer_duration_from_millis(5)))

/* A loop of another kind waits for the raw socket of the poller (rule P15), then polls. */
STEP(begin_shown, begin(); INTER_CHECK(fer_poller_as_raw(&poller) != FER_RAW_SOCKET_NONE))

static void wait_elsewhere_and_read(void)
{
    inter_wait_for_poller_raw();
    poll_and_read();
    INTER_CHECK(data_read == 1);
}

STEP(show_wait_and_read, (void)fer_poller_as_raw(&poller); wait_elsewhere_and_read())
STEP(wait_elsewhere, inter_wait_for_poller_raw();
     INTER_CHECK(wait_for(fer_duration_from_millis(0))))

/* Takes what is pending. */
STEP(end, (void)wait_for(fer_duration_from_millis(0)))
STEP(close_poller, fer_poller_close(&poller))
STEP(close_quiet_poller, INTER_CHECK(!wait_for(fer_duration_from_millis(0))); close_poller())
STEP(one_was_reported, end(); INTER_CHECK(inter_sum(notified) == 1); close_quiet_poller())
STEP(data_was_visible, INTER_CHECK(notified[1] == 0 || data_read == 1); one_was_reported())

/* Each notification is reported, alone or merged with another one. */
STEP(one_or_two_were_reported, end();
     INTER_CHECK(inter_sum(notified) == 1 || inter_sum(notified) == 2); close_quiet_poller())

/* Each accepted notification is reported, alone or merged with the other one. If the system refused
 * both, none is. */
STEP(the_accepted_were_reported, end(); INTER_CHECK(inter_sum(notified) <= 2);
     INTER_CHECK((inter_sum(notified) > 0) == (inter_sum(accepted) > 0)); close_quiet_poller())

/* The thread that a wait wakes wakes the next one (rule P6, "to stop several threads"). */
STEP(wait_and_pass_on, wait_once(); notify_again())

STEP(a_notification_is_left, INTER_CHECK(inter_sum(notified) == 2);
     INTER_CHECK(wait_for(fer_duration_from_millis(0))); close_quiet_poller())

STEP(wait_twice, wait_once(); wait_briefly())

/* Nobody else waits, so the second notification is for the second wait. */
static void wait_notify_and_poll(void)
{
    wait_once();
    notify_again();
    INTER_CHECK(wait_for(fer_duration_from_millis(0)));
}

STEP(begin_with_failure, begin(); inter_sky.poller_failures = 1)
STEP(begin_with_refusal, begin(); inter_sky.notify_failures = 1)
STEP(begin_with_two_refusals, begin(); inter_sky.notify_failures = 2)

/* The caller's notification, and what the failed wait gives back, twice. */
STEP(begin_with_failure_and_refusals, begin_with_two_refusals(); inter_sky.poller_failures = 1)
STEP(begin_with_signal, begin(); inter_sky.interrupts[1] = 1)

/* ---- Wakers. A wake that was lost leaves a loop that waits for ever. */

static fer_waker waker;
static unsigned work[INTER_THREADS_MAX]; /* added before a wake, without an order of its own */

static void begin_waker(void)
{
    memset(&waker, 0, sizeof waker);
    memset(work, 0, sizeof work);
    INTER_OK(fer_waker_new(&waker));
}

STEP(add_work, __atomic_store_n(&work[inter_self()], 1, __ATOMIC_RELAXED);
     INTER_OK(fer_waker_wake(&waker)))
STEP(add_work_twice, add_work(); __atomic_store_n(&work[inter_self()], 2, __ATOMIC_RELAXED);
     INTER_OK(fer_waker_wake(&waker)))

static unsigned find_work(void)
{
    unsigned found = 0;
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        found += __atomic_load_n(&work[i], __ATOMIC_RELAXED);
    }
    return found;
}

static void do_all_work(void)
{
    do {
        INTER_OK(ferp_token_wait(&waker.p_.event_, NULL, FERP_NO_DEADLINE));
        INTER_OK(fer_waker_clear(&waker));
    } while (find_work() < 2);
}

STEP(clear_waker, INTER_OK(fer_waker_clear(&waker)))
STEP(wake_is_kept, clear_waker(); INTER_OK(fer_waker_wake(&waker));
     INTER_OK(ferp_token_wait(&waker.p_.event_, NULL, FERP_NO_DEADLINE)); fer_waker_close(&waker))

const inter_program inter_notify_programs[] = {
    PROGRAM("waker_twice", "P14: of two wakes of one thread none is lost", begin_waker,
            (do_all_work, add_work_twice), wake_is_kept),
    PROGRAM("waker_by_two", "P14: of two wakes of two threads none is lost", begin_waker,
            (do_all_work, add_work, add_work), wake_is_kept),
    BOUNDED("waker_cleared_by_two", "P14: nor if another thread clears it too", begin_waker,
            (clear_waker, add_work, clear_waker), wake_is_kept),
    PROGRAM("notify_wait",
            "P6: a notification wakes one wait, and what was written before it is visible", begin,
            (wait_and_read, notify), data_was_visible),
    PROGRAM("notify_poll", "P6: the same for a wait with a timeout of 0", begin,
            (poll_and_read, notify), data_was_visible),
    PROGRAM("notify_brief_wait", "P6: a wait whose timeout expires meanwhile loses no notification",
            begin, (wait_briefly, notify), one_was_reported),
    PROGRAM("notify_after_wait",
            "P6: a notification after a wait that reported one is for the next wait", begin,
            (wait_notify_and_poll, notify_again), close_poller),
    PROGRAM("notify_twice", "P6: notifications are merged; none is lost and none is reported twice",
            begin, (wait_twice, notify_again, notify_again), one_or_two_were_reported),
    PROGRAM("notify_two_waits", "P6: two waits that pass the notification on are both woken", begin,
            (wait_and_pass_on, wait_and_pass_on, notify), a_notification_is_left),
    BOUNDED("notify_one_of_two", "P6: a notification wakes exactly one of two waits", begin,
            (wait_briefly, wait_briefly, notify), one_was_reported),
    PROGRAM("notify_shown", "P15: a notification ends the wait of a loop that waits for the poller",
            begin_shown, (wait_elsewhere_and_read, notify), data_was_visible),
    PROGRAM("notify_while_shown", "P15: the same if the loop gets the raw socket meanwhile", begin,
            (show_wait_and_read, notify), data_was_visible),
    PROGRAM("notify_shown_twice", "P15: of two notifications none is lost for that loop",
            begin_shown, (wait_elsewhere, notify_again, notify_again), one_or_two_were_reported),
    PROGRAM("notify_failed_wait", "P12: a failed wait leaves the notification to the next one",
            begin_with_failure, (wait_briefly, notify_again), one_was_reported),
    BOUNDED("notify_failed_two_waits", "P12: the same with a second wait at the same time",
            begin_with_failure, (wait_briefly, wait_briefly, notify_again), one_was_reported),
    PROGRAM("notify_signal", "P9: a signal ends no wait and loses no notification",
            begin_with_signal, (wait_once, notify), one_was_reported),
    PROGRAM(
        "notify_refused", "P6: a notification that merges with a refused one still wakes the wait",
        begin_with_refusal, (wait_once, try_to_notify, try_to_notify), the_accepted_were_reported),
    BOUNDED("notify_refused_twice",
            "P6: if the wait cannot be woken, the next one reports the notification",
            begin_with_two_refusals, (wait_briefly, try_to_notify, try_to_notify),
            the_accepted_were_reported),
    BOUNDED("notify_refused_return",
            "P12: the next wait gets a failed wait's notification, though the system refuses it",
            begin_with_failure_and_refusals, (wait_briefly, wait_briefly, try_to_notify),
            the_accepted_were_reported),
    {0},
};
