/* resolver.c: lookups in the background: starts, waits and closes in all orders, with the thread of
 * the lookup. Every block is freed once (inter_seam_end, and the checker's blocks). */
#include "ferrule/resolve.h"

#include <string.h>

#include "ferrule/poller.h"
#include "tests/interleave/programs.h"
#include "tests/interleave/seam.h"

static fer_resolver resolver;
static fer_lookup lookups[2];
static fer_poller poller;
static fer_cancel_token token;
static unsigned data;     /* written by a thread before it cancels */
static unsigned taken[2]; /* of each lookup, by each thread: how often its key was taken */
static unsigned taken_by_other[2];

static void open_resolver(uint32_t threads)
{
    memset(&resolver, 0, sizeof resolver);
    memset(lookups, 0, sizeof lookups);
    memset(&poller, 0, sizeof poller);
    memset(&token, 0, sizeof token);
    memset(taken, 0, sizeof taken);
    memset(taken_by_other, 0, sizeof taken_by_other);
    data = 0;
    INTER_OK(
        fer_resolver_new(&resolver, &(fer_resolver_options){.threads = threads, .queue_cap = 4}));
}

STEP(begin, open_resolver(1))

static void start_as(const char *text, fer_poller *notified, size_t index)
{
    INTER_OK(fer_resolver_start(&resolver, text, NULL, notified, index, &lookups[index]));
}

static void start(size_t index)
{
    start_as("name:80", NULL, index);
}

STEP(begin_started, open_resolver(1); start(0))
STEP(begin_both_started, open_resolver(1); start(0); start(1))
STEP(begin_two_threads, open_resolver(2))
STEP(begin_both_running, open_resolver(2); start(0); start(1))

static void begin_with_failure(void)
{
    open_resolver(1);
    start(0);
    inter_sky.lookup_failures = 1;
    inter_sky.cond_wakes_spuriously = true;
}

static fer_error wait_for(size_t index, fer_duration timeout)
{
    fer_socket_addr addr;
    size_t count = 0;
    fer_error error = fer_lookup_wait(&lookups[index], timeout, &addr, 1, &count);
    INTER_CHECK(error.kind != FER_OK || (count == 1 && addr.port == 80));
    return error;
}

/* A wait without a timeout has a result that stays. */
static void wait_0_for(fer_duration timeout, fer_error_kind other)
{
    fer_error_kind kind = wait_for(0, timeout).kind;
    INTER_CHECK(kind == FER_OK || kind == other);
    INTER_CHECK(timeout.nanos != FER_DURATION_NONE_NANOS ||
                wait_for(0, fer_duration_from_millis(0)).kind == kind);
}

STEP(wait_0, INTER_OK(wait_for(0, FER_DURATION_NONE)))
STEP(wait_1, INTER_OK(wait_for(1, FER_DURATION_NONE)))
STEP(wait_for_both, wait_0(); wait_1())
STEP(wait_0_failed, wait_0_for(FER_DURATION_NONE, FER_HOST_NOT_FOUND))
STEP(wait_0_closed, wait_0_for(FER_DURATION_NONE, FER_CANCELLED))
STEP(wait_0_briefly, wait_0_for(fer_duration_from_millis(5), FER_TIMED_OUT))
STEP(poll_0, wait_0_for(fer_duration_from_millis(0), FER_WOULD_BLOCK))
STEP(start_and_wait_0, start(0); wait_0(); fer_lookup_close(&lookups[0]))
STEP(start_and_wait_1, start(1); wait_1(); fer_lookup_close(&lookups[1]))
STEP(start_0, start(0))
STEP(start_1, start(1))
STEP(abandon_0_and_wait_1, start(0); fer_lookup_close(&lookups[0]); start_and_wait_1())
STEP(close_lookup_0, fer_lookup_close(&lookups[0]))
STEP(close_both_lookups, fer_lookup_close(&lookups[0]); fer_lookup_close(&lookups[1]))
STEP(close_resolver, fer_resolver_close(&resolver))

/* No thread of the resolver is left. */
static void close_gracefully(void)
{
    INTER_OK(fer_resolver_close_gracefully(&resolver, NULL));
    INTER_CHECK(inter_sky.threads_ended == inter_sky.threads_released);
}

static void close_all(void)
{
    fer_lookup_close(&lookups[0]);
    fer_lookup_close(&lookups[1]);
    fer_resolver_close(&resolver);
}

/* ---- With a poller (rule N5) */

STEP(begin_with_poller_only, open_resolver(1); INTER_OK(fer_poller_new(&poller)))
STEP(begin_with_poller, begin_with_poller_only(); start_as("name:80", &poller, 0))
STEP(begin_with_poller_refused, begin_with_poller(); inter_sky.notify_failures = 1)

/* The seam fails if the poller is notified after it was closed. */
STEP(close_lookup_and_poller, fer_lookup_close(&lookups[0]); fer_poller_close(&poller))

static void wait_until_notified(void)
{
    fer_event event;
    size_t count;
    bool is_notified = false;
    INTER_OK(fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, &is_notified));
    INTER_CHECK(is_notified);
}

STEP(wait_on_poller, wait_until_notified(); wait_0_for(fer_duration_from_millis(0), FER_CANCELLED);
     close_lookup_and_poller())

/* ---- With keys (rule N9) */

static size_t take(const fer_poller *notified, unsigned *times)
{
    uint64_t keys[2];
    size_t count = 0;
    fer_error error = fer_resolver_take_completed(&resolver, notified, keys, 2, &count);
    INTER_CHECK(error.kind == FER_OK && count <= 2);
    for (size_t i = 0; i < count; i++) {
        INTER_CHECK(keys[i] < 2);
        times[keys[i]]++;
    }
    return count;
}

/* The key is listed before the notification. */
static void take_when_notified(void)
{
    wait_until_notified();
    INTER_CHECK(take(&poller, taken) == 1 && taken[0] == 1);
    INTER_OK(wait_for(0, fer_duration_from_millis(0)));
}

STEP(start_and_take, start_as("name:80", &poller, 0); take_when_notified())

STEP(start_address_of_poller, start_as("127.0.0.1:80", &poller, 0))
STEP(take_when_notified_and_close, take_when_notified(); fer_lookup_close(&lookups[0]))

STEP(start_the_other_and_wait, start_as("127.0.0.1:80", NULL, 1); wait_1())

STEP(take_once, (void)take(NULL, taken))
STEP(take_once_too, (void)take(NULL, taken_by_other))
STEP(take_of_poller, (void)take(&poller, taken))
STEP(close_all_and_poller, close_all(); fer_poller_close(&poller))

/* Nothing is left of a lookup that was closed. */
static void finish_closed_key(void)
{
    unsigned before = taken[0];
    INTER_CHECK(before <= 1 && take(&poller, taken) == 0);
    close_all_and_poller();
}

static void finish_other_key(void)
{
    INTER_CHECK(take(&poller, taken) == 0 && take(NULL, taken) == 1 && taken[1] == 1);
    close_all_and_poller();
}

/* Every key was taken once, by one of the threads or here. */
static void finish_two_keys(void)
{
    INTER_OK(wait_for(0, FER_DURATION_NONE));
    INTER_OK(wait_for(1, FER_DURATION_NONE));
    (void)take(NULL, taken);
    INTER_CHECK(taken[0] + taken_by_other[0] == 1 && taken[1] + taken_by_other[1] == 1);
    close_all();
}

/* ---- Within limits (rule K8) */

STEP(begin_within, begin(); close_resolver(); INTER_OK(fer_cancel_token_new(&token)))

static void look_up_within(void)
{
    fer_socket_addr addr;
    size_t count = 0;
    fer_limits limits = {.token = &token};
    fer_error error = fer_to_socket_addrs_with("name:80", &(fer_lookup_options){.limits = limits},
                                               &addr, 1, &count);
    INTER_CHECK(error.kind == FER_CANCELLED || (error.kind == FER_OK && count == 1));
    INTER_CHECK(error.kind != FER_CANCELLED || data == 1);
}

STEP(cancel, data = 1; INTER_OK(fer_cancel_token_cancel(&token)))
STEP(close_token, fer_cancel_token_close(&token))

const inter_program inter_resolver_programs[] = {
    PROGRAM("resolver_wait", "N3: a lookup is done, and every block is freed once", begin,
            (start_and_wait_0), close_resolver),
    PROGRAM("resolver_failed",
            "N3: the result stays, also a failure, and spurious wakeups change nothing",
            begin_with_failure, (wait_0_failed), close_all),
    PROGRAM("resolver_brief_wait", "N4: a wait whose timeout expires changes nothing",
            begin_started, (wait_0_briefly, poll_0), close_all),
    PROGRAM("resolver_two_waits", "N3: two threads wait for one lookup", begin_started,
            (wait_0, wait_0), close_all),
    PROGRAM("resolver_close",
            "N7: a lookup that is not done ends with CANCELLED when its resolver is closed",
            begin_started, (wait_0_closed, close_resolver), close_all),
    PROGRAM("resolver_close_both", "N6, N7: lookup and resolver are closed while the lookup runs",
            begin_started, (close_lookup_0, close_resolver), NULL),
    BOUNDED("resolver_close_queued",
            "N6, N7: two lookups and their resolver are closed, while one of them is queued",
            begin_both_started, (close_both_lookups, close_resolver), NULL),
    BOUNDED("resolver_close_gracefully",
            "N7: a close waits for the threads, which end by themselves", begin_started,
            (close_gracefully), close_lookup_0),
    BOUNDED("resolver_abandon", "N6: an abandoned lookup does not disturb the next one", begin,
            (abandon_0_and_wait_1), close_resolver),
    BOUNDED("resolver_abandon_running",
            "N6: a lookup that is abandoned by one thread does not disturb that of another one",
            begin_started, (close_lookup_0, start_and_wait_1), close_resolver),
    BOUNDED("resolver_two_starts", "N2: two threads start a lookup each, and each has a thread",
            begin_two_threads, (start_0, start_1), close_all),
    BOUNDED("resolver_two_threads", "N2: two lookups run in two threads", begin_both_running,
            (wait_for_both), close_all),
    PROGRAM("resolver_poller",
            "N5: the poller is notified once, also when the resolver is closed, and then never",
            begin_with_poller, (wait_on_poller, close_resolver), NULL),
    PROGRAM("resolver_poller_refused",
            "N5: the poller is notified, though the system refuses it once",
            begin_with_poller_refused, (wait_on_poller, close_resolver), NULL),
    PROGRAM("resolver_poller_closed",
            "N5: the poller is never notified after the lookup was closed", begin_with_poller,
            (close_lookup_and_poller, close_resolver), NULL),
    PROGRAM("resolver_key", "N9: a notified wait finds the key of the lookup that is done",
            begin_with_poller, (take_when_notified), close_all_and_poller),
    BOUNDED("resolver_key_started", "N9: a key is taken while another lookup is started and done",
            begin_with_poller_only, (start_and_take, start_the_other_and_wait), finish_other_key),
    PROGRAM("resolver_key_elsewhere",
            "N9: the lookup of a key is OPEN, also before its start has returned",
            begin_with_poller_only, (start_address_of_poller, take_when_notified_and_close),
            close_all_and_poller),
    PROGRAM("resolver_key_closed",
            "N9: the key of a lookup is never returned after the lookup was closed",
            begin_with_poller, (close_lookup_0, take_of_poller), finish_closed_key),
    BOUNDED("resolver_two_takers",
            "N9: two threads take the keys of two lookups: each key once, and none is lost",
            begin_both_started, (take_once, take_once_too), finish_two_keys),
    PROGRAM("resolver_within", "K8: a lookup within limits ends by its result or by a cancel",
            begin_within, (look_up_within, cancel), close_token),
    {0},
};
