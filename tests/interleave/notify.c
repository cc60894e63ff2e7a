/* notify.c: fer_poller_notify against waits of the poller (rules P6, P8, P12). */
#include <string.h>

#include "ferrule/poller.h"
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
    INTER_CHECK(fer_poller_new(&poller).kind == FER_OK);
}

static void notify(void)
{
    data++;
    INTER_CHECK(fer_poller_notify(&poller).kind == FER_OK);
}

static void notify_again(void)
{
    INTER_CHECK(fer_poller_notify(&poller).kind == FER_OK);
}

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
static void wait_once(void)
{
    INTER_CHECK(wait_for(FER_DURATION_NONE) || failed > 0);
}

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

static void wait_briefly(void)
{
    (void)wait_for(fer_duration_from_millis(5));
}

static unsigned sum_of(const unsigned counts[INTER_THREADS_MAX])
{
    unsigned sum = 0;
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        sum += counts[i];
    }
    return sum;
}

static unsigned count_notified(void)
{
    return sum_of(notified);
}

/* Takes what is pending. */
static void end(void)
{
    (void)wait_for(fer_duration_from_millis(0));
}

static void close_poller(void)
{
    fer_poller_close(&poller);
}

static void one_was_reported(void)
{
    end();
    INTER_CHECK(count_notified() == 1);
    INTER_CHECK(!wait_for(fer_duration_from_millis(0)));
    close_poller();
}

static void data_was_visible(void)
{
    INTER_CHECK(notified[1] == 0 || data_read == 1);
    one_was_reported();
}

/* Each notification is reported, alone or merged with another one. */
static void one_or_two_were_reported(void)
{
    end();
    INTER_CHECK(count_notified() == 1 || count_notified() == 2);
    INTER_CHECK(!wait_for(fer_duration_from_millis(0)));
    close_poller();
}

/* Each accepted notification is reported, alone or merged with the other one. If the system refused
 * both, none is. */
static void the_accepted_were_reported(void)
{
    end();
    INTER_CHECK(count_notified() <= 2);
    INTER_CHECK((count_notified() > 0) == (sum_of(accepted) > 0));
    INTER_CHECK(!wait_for(fer_duration_from_millis(0)));
    close_poller();
}

/* The thread that a wait wakes wakes the next one (rule P6, "to stop several threads"). */
static void wait_and_pass_on(void)
{
    wait_once();
    notify_again();
}

static void a_notification_is_left(void)
{
    INTER_CHECK(count_notified() == 2);
    INTER_CHECK(wait_for(fer_duration_from_millis(0)));
    INTER_CHECK(!wait_for(fer_duration_from_millis(0)));
    close_poller();
}

static void wait_twice(void)
{
    wait_once();
    wait_briefly();
}

/* Nobody else waits, so the second notification is for the second wait. */
static void wait_notify_and_poll(void)
{
    wait_once();
    notify_again();
    INTER_CHECK(wait_for(fer_duration_from_millis(0)));
}

static void begin_with_failure(void)
{
    begin();
    inter_sky.poller_failures = 1;
}

static void begin_with_refusal(void)
{
    begin();
    inter_sky.notify_failures = 1;
}

static void begin_with_two_refusals(void)
{
    begin();
    inter_sky.notify_failures = 2;
}

/* The caller's notification, and what the failed wait gives back, twice. */
static void begin_with_failure_and_refusals(void)
{
    begin_with_two_refusals();
    inter_sky.poller_failures = 1;
}

static void begin_with_signal(void)
{
    begin();
    inter_sky.interrupts[1] = 1;
}

const inter_program inter_notify_programs[] = {
    {.begin = begin,
     .name = "notify_wait",
     .states = "P6: a notification wakes one wait, and what was written before it is visible",
     .threads = {wait_and_read, notify},
     .finish = data_was_visible},
    {.begin = begin,
     .name = "notify_poll",
     .states = "P6: the same for a wait with a timeout of 0",
     .threads = {poll_and_read, notify},
     .finish = data_was_visible},
    {.begin = begin,
     .name = "notify_brief_wait",
     .states = "P6: a wait whose timeout expires meanwhile loses no notification",
     .threads = {wait_briefly, notify},
     .finish = one_was_reported},
    {.begin = begin,
     .name = "notify_after_wait",
     .states = "P6: a notification after a wait that reported one is for the next wait",
     .threads = {wait_notify_and_poll, notify_again},
     .finish = close_poller},
    {.begin = begin,
     .name = "notify_twice",
     .states = "P6: notifications are merged; none is lost and none is reported twice",
     .threads = {wait_twice, notify_again, notify_again},
     .finish = one_or_two_were_reported},
    {.begin = begin,
     .name = "notify_two_waits",
     .states = "P6: two waits that pass the notification on are both woken",
     .threads = {wait_and_pass_on, wait_and_pass_on, notify},
     .finish = a_notification_is_left},
    {.begin = begin,
     .name = "notify_one_of_two",
     .states = "P6: a notification wakes exactly one of two waits",
     .threads = {wait_briefly, wait_briefly, notify},
     .finish = one_was_reported,
     .preemptions = 3,
     .old_values = 1},
    {.name = "notify_failed_wait",
     .begin = begin_with_failure,
     .states = "P12: a failed wait leaves the notification to the next one",
     .threads = {wait_briefly, notify_again},
     .finish = one_was_reported},
    {.name = "notify_failed_two_waits",
     .begin = begin_with_failure,
     .states = "P12: the same with a second wait at the same time",
     .threads = {wait_briefly, wait_briefly, notify_again},
     .finish = one_was_reported,
     .preemptions = 3,
     .old_values = 1},
    {.name = "notify_signal",
     .begin = begin_with_signal,
     .states = "P9: a signal ends no wait and loses no notification",
     .threads = {wait_once, notify},
     .finish = one_was_reported},
    {.name = "notify_refused",
     .begin = begin_with_refusal,
     .states = "P6: a notification that merges with a refused one still wakes the wait",
     .threads = {wait_once, try_to_notify, try_to_notify},
     .finish = the_accepted_were_reported},
    {.name = "notify_refused_twice",
     .begin = begin_with_two_refusals,
     .states = "P6: if the wait cannot be woken, the next one reports the notification",
     .threads = {wait_briefly, try_to_notify, try_to_notify},
     .finish = the_accepted_were_reported,
     .preemptions = 3,
     .old_values = 1},
    {.name = "notify_refused_return",
     .begin = begin_with_failure_and_refusals,
     .states = "P12: the next wait gets a failed wait's notification, though the system refuses it",
     .threads = {wait_briefly, wait_briefly, try_to_notify},
     .finish = the_accepted_were_reported,
     .preemptions = 3,
     .old_values = 1},
    {0},
};
