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
    INTER_CHECK(
        fer_resolver_new(&resolver, &(fer_resolver_options){.threads = threads, .queue_cap = 4})
            .kind == FER_OK);
}

static void begin(void)
{
    open_resolver(1);
}

static void start(size_t index)
{
    INTER_CHECK(fer_resolver_start(&resolver, "name:80", NULL, NULL, 0, &lookups[index]).kind ==
                FER_OK);
}

static void begin_started(void)
{
    open_resolver(1);
    start(0);
}

static void begin_both_started(void)
{
    open_resolver(1);
    start(0);
    start(1);
}

static void begin_two_threads(void)
{
    open_resolver(2);
}

static void begin_both_running(void)
{
    open_resolver(2);
    start(0);
    start(1);
}

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

static void wait_0(void)
{
    fer_error_kind kind = wait_for(0, FER_DURATION_NONE).kind;
    INTER_CHECK(kind == FER_OK);
}

static void wait_1(void)
{
    INTER_CHECK(wait_for(1, FER_DURATION_NONE).kind == FER_OK);
}

static void wait_for_both(void)
{
    wait_0();
    wait_1();
}

static void wait_0_failed(void)
{
    fer_error_kind kind = wait_for(0, FER_DURATION_NONE).kind;
    INTER_CHECK(kind == FER_OK || kind == FER_HOST_NOT_FOUND);
    INTER_CHECK(wait_for(0, fer_duration_from_millis(0)).kind == kind);
}

static void wait_0_closed(void)
{
    fer_error_kind kind = wait_for(0, FER_DURATION_NONE).kind;
    INTER_CHECK(kind == FER_OK || kind == FER_CANCELLED);
    INTER_CHECK(wait_for(0, fer_duration_from_millis(0)).kind == kind);
}

static void wait_0_briefly(void)
{
    fer_error_kind kind = wait_for(0, fer_duration_from_millis(5)).kind;
    INTER_CHECK(kind == FER_OK || kind == FER_TIMED_OUT);
}

static void poll_0(void)
{
    fer_error_kind kind = wait_for(0, fer_duration_from_millis(0)).kind;
    INTER_CHECK(kind == FER_OK || kind == FER_WOULD_BLOCK);
}

static void start_and_wait_0(void)
{
    start(0);
    wait_0();
    fer_lookup_close(&lookups[0]);
}

static void start_and_wait_1(void)
{
    start(1);
    wait_1();
    fer_lookup_close(&lookups[1]);
}

static void start_0(void)
{
    start(0);
}

static void start_1(void)
{
    start(1);
}

static void abandon_0_and_wait_1(void)
{
    start(0);
    fer_lookup_close(&lookups[0]);
    start_and_wait_1();
}

static void close_lookup_0(void)
{
    fer_lookup_close(&lookups[0]);
}

static void close_both_lookups(void)
{
    fer_lookup_close(&lookups[0]);
    fer_lookup_close(&lookups[1]);
}

static void close_resolver(void)
{
    fer_resolver_close(&resolver);
}

static void close_all(void)
{
    fer_lookup_close(&lookups[0]);
    fer_lookup_close(&lookups[1]);
    fer_resolver_close(&resolver);
}

/* ---- With a poller (rule N5) */

static void begin_with_poller(void)
{
    open_resolver(1);
    INTER_CHECK(fer_poller_new(&poller).kind == FER_OK);
    INTER_CHECK(fer_resolver_start(&resolver, "name:80", NULL, &poller, 0, &lookups[0]).kind ==
                FER_OK);
}

static void begin_with_poller_refused(void)
{
    begin_with_poller();
    inter_sky.notify_failures = 1;
}

/* The seam fails if the poller is notified after it was closed. */
static void close_lookup_and_poller(void)
{
    fer_lookup_close(&lookups[0]);
    fer_poller_close(&poller);
}

static void wait_on_poller(void)
{
    fer_event event;
    size_t count;
    bool is_notified = false;
    fer_error error = fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, &is_notified);
    INTER_CHECK(error.kind == FER_OK && is_notified);
    fer_error_kind kind = wait_for(0, fer_duration_from_millis(0)).kind;
    INTER_CHECK(kind == FER_OK || kind == FER_CANCELLED);
    close_lookup_and_poller();
}

/* ---- With keys (rule N9) */

static void start_with_key(size_t index, fer_poller *notified)
{
    fer_error error =
        fer_resolver_start(&resolver, "name:80", NULL, notified, index, &lookups[index]);
    INTER_CHECK(error.kind == FER_OK);
}

static void begin_with_key(void)
{
    open_resolver(1);
    INTER_CHECK(fer_poller_new(&poller).kind == FER_OK);
    start_with_key(0, &poller);
}

static void begin_with_two_keys(void)
{
    open_resolver(1);
    start_with_key(0, NULL);
    start_with_key(1, NULL);
}

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
    fer_event event;
    size_t count;
    bool is_notified = false;
    fer_error error = fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, &is_notified);
    INTER_CHECK(error.kind == FER_OK && is_notified);
    INTER_CHECK(take(&poller, taken) == 1 && taken[0] == 1);
    INTER_CHECK(wait_for(0, fer_duration_from_millis(0)).kind == FER_OK);
}

static void start_and_take(void)
{
    start_with_key(0, &poller);
    take_when_notified();
}

static void start_address_with_key(size_t index, fer_poller *notified)
{
    fer_error error =
        fer_resolver_start(&resolver, "127.0.0.1:80", NULL, notified, index, &lookups[index]);
    INTER_CHECK(error.kind == FER_OK);
}

static void start_address_of_poller(void)
{
    start_address_with_key(0, &poller);
}

static void take_when_notified_and_close(void)
{
    take_when_notified();
    fer_lookup_close(&lookups[0]);
}

static void start_the_other_and_wait(void)
{
    start_address_with_key(1, NULL);
    INTER_CHECK(wait_for(1, FER_DURATION_NONE).kind == FER_OK);
}

static void begin_with_poller_only(void)
{
    open_resolver(1);
    INTER_CHECK(fer_poller_new(&poller).kind == FER_OK);
}

static void take_once(void)
{
    (void)take(NULL, taken);
}

static void take_once_too(void)
{
    (void)take(NULL, taken_by_other);
}

static void take_of_poller(void)
{
    (void)take(&poller, taken);
}

static void close_all_and_poller(void)
{
    close_all();
    fer_poller_close(&poller);
}

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
    INTER_CHECK(wait_for(0, FER_DURATION_NONE).kind == FER_OK);
    INTER_CHECK(wait_for(1, FER_DURATION_NONE).kind == FER_OK);
    (void)take(NULL, taken);
    INTER_CHECK(taken[0] + taken_by_other[0] == 1 && taken[1] + taken_by_other[1] == 1);
    close_all();
}

/* ---- Within limits (rule K8) */

static void begin_within(void)
{
    begin();
    close_resolver();
    INTER_CHECK(fer_cancel_token_new(&token).kind == FER_OK);
}

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

static void cancel(void)
{
    data = 1;
    INTER_CHECK(fer_cancel_token_cancel(&token).kind == FER_OK);
}

static void close_token(void)
{
    fer_cancel_token_close(&token);
}

const inter_program inter_resolver_programs[] = {
    {.name = "resolver_wait",
     .begin = begin,
     .states = "N3: a lookup is done, and every block is freed once",
     .threads = {start_and_wait_0},
     .finish = close_resolver},
    {.name = "resolver_failed",
     .begin = begin_with_failure,
     .states = "N3: the result stays, also a failure, and spurious wakeups change nothing",
     .threads = {wait_0_failed},
     .finish = close_all},
    {.name = "resolver_brief_wait",
     .begin = begin_started,
     .states = "N4: a wait whose timeout expires changes nothing",
     .threads = {wait_0_briefly, poll_0},
     .finish = close_all},
    {.name = "resolver_two_waits",
     .begin = begin_started,
     .states = "N3: two threads wait for one lookup",
     .threads = {wait_0, wait_0},
     .finish = close_all},
    {.name = "resolver_close",
     .begin = begin_started,
     .states = "N7: a lookup that is not done ends with CANCELLED when its resolver is closed",
     .threads = {wait_0_closed, close_resolver},
     .finish = close_all},
    {.name = "resolver_close_both",
     .begin = begin_started,
     .states = "N6, N7: lookup and resolver are closed while the lookup runs",
     .threads = {close_lookup_0, close_resolver}},
    {.name = "resolver_close_queued",
     .begin = begin_both_started,
     .states = "N6, N7: two lookups and their resolver are closed, while one of them is queued",
     .threads = {close_both_lookups, close_resolver},
     .preemptions = 3,
     .old_values = 1},
    {.name = "resolver_abandon",
     .begin = begin,
     .states = "N6: an abandoned lookup does not disturb the next one",
     .threads = {abandon_0_and_wait_1},
     .finish = close_resolver,
     .preemptions = 3,
     .old_values = 1},
    {.name = "resolver_abandon_running",
     .begin = begin_started,
     .states = "N6: a lookup that is abandoned by one thread does not disturb that of another one",
     .threads = {close_lookup_0, start_and_wait_1},
     .finish = close_resolver,
     .preemptions = 3,
     .old_values = 1},
    {.name = "resolver_two_starts",
     .begin = begin_two_threads,
     .states = "N2: two threads start a lookup each, and each has a thread",
     .threads = {start_0, start_1},
     .finish = close_all,
     .preemptions = 3,
     .old_values = 1},
    {.name = "resolver_two_threads",
     .begin = begin_both_running,
     .states = "N2: two lookups run in two threads",
     .threads = {wait_for_both},
     .finish = close_all,
     .preemptions = 3,
     .old_values = 1},
    {.name = "resolver_poller",
     .begin = begin_with_poller,
     .states = "N5: the poller is notified once, also when the resolver is closed, and then never",
     .threads = {wait_on_poller, close_resolver}},
    {.name = "resolver_poller_refused",
     .begin = begin_with_poller_refused,
     .states = "N5: the poller is notified, though the system refuses it once",
     .threads = {wait_on_poller, close_resolver}},
    {.name = "resolver_poller_closed",
     .begin = begin_with_poller,
     .states = "N5: the poller is never notified after the lookup was closed",
     .threads = {close_lookup_and_poller, close_resolver}},
    {.name = "resolver_key",
     .begin = begin_with_key,
     .states = "N9: a notified wait finds the key of the lookup that is done",
     .threads = {take_when_notified},
     .finish = close_all_and_poller},
    {.name = "resolver_key_started",
     .begin = begin_with_poller_only,
     .states = "N9: a key is taken while another lookup is started and done",
     .threads = {start_and_take, start_the_other_and_wait},
     .finish = finish_other_key,
     .preemptions = 3,
     .old_values = 1},
    {.name = "resolver_key_elsewhere",
     .begin = begin_with_poller_only,
     .states = "N9: the lookup of a key is OPEN, also before its start has returned",
     .threads = {start_address_of_poller, take_when_notified_and_close},
     .finish = close_all_and_poller},
    {.name = "resolver_key_closed",
     .begin = begin_with_key,
     .states = "N9: the key of a lookup is never returned after the lookup was closed",
     .threads = {close_lookup_0, take_of_poller},
     .finish = finish_closed_key},
    {.name = "resolver_two_takers",
     .begin = begin_with_two_keys,
     .states = "N9: two threads take the keys of two lookups: each key once, and none is lost",
     .threads = {take_once, take_once_too},
     .finish = finish_two_keys,
     .preemptions = 3,
     .old_values = 1},
    {.name = "resolver_within",
     .begin = begin_within,
     .states = "K8: a lookup within limits ends by its result or by a cancel",
     .threads = {look_up_within, cancel},
     .finish = close_token},
    {0},
};
