/* poller.c: registrations of a poller against its waits (rules P4, P7, P8). */
#include "ferrule/poller.h"

#include <string.h>

#include "ferrule/tcp.h"
#include "tests/interleave/programs.h"
#include "tests/interleave/seam.h"

enum { KEY = 7 };

static fer_poller poller;
static fer_tcp_stream stream;
static fer_raw_socket raw;
static unsigned data; /* changed without a lock by the thread that has the event */
static unsigned events[INTER_THREADS_MAX];

static const fer_event readable = {KEY, true, false};

static void begin(void)
{
    memset(&poller, 0, sizeof poller);
    memset(events, 0, sizeof events);
    data = 0;
    INTER_CHECK(fer_poller_new(&poller).kind == FER_OK);
    inter_open_stream(&stream, 0);
    raw = fer_tcp_stream_as_raw(&stream);
}

static void begin_registered(void)
{
    begin();
    INTER_CHECK(fer_poller_add(&poller, raw, readable, FER_POLL_ONESHOT).kind == FER_OK);
}

static void begin_ready(void)
{
    begin_registered();
    inter_peer_sends(raw, 1);
}

static bool wait_for(fer_duration timeout)
{
    fer_event event = {0, false, false};
    size_t count = 0;
    INTER_CHECK(fer_poller_wait(&poller, &event, 1, timeout, &count).kind == FER_OK);
    INTER_CHECK(count == 0 || (event.key == KEY && event.readable && !event.writable));
    events[inter_self()] += (unsigned)count;
    return count > 0;
}

static unsigned count_events(void)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        sum += events[i];
    }
    return sum;
}

static void close_both(void)
{
    fer_poller_close(&poller);
    fer_tcp_stream_close(&stream);
}

/* ---- Adding */

static void add(void)
{
    data = 1;
    INTER_CHECK(fer_poller_add(&poller, raw, readable, FER_POLL_ONESHOT).kind == FER_OK);
}

static void send_byte(void)
{
    inter_peer_sends(raw, 1);
}

static void wait_and_see(void)
{
    INTER_CHECK(wait_for(FER_DURATION_NONE));
    INTER_CHECK(data == 1);
}

static void poll_and_see(void)
{
    if (wait_for(fer_duration_from_millis(0))) {
        INTER_CHECK(data == 1);
    }
}

static void begin_with_byte(void)
{
    begin();
    inter_peer_sends(raw, 1);
}

/* ---- One-shot */

static void wait_briefly(void)
{
    (void)wait_for(fer_duration_from_millis(5));
}

static void one_event_was_reported(void)
{
    (void)wait_for(fer_duration_from_millis(0));
    INTER_CHECK(count_events() == 1);
    close_both();
}

/* ---- Handing over: the thread with the event changes the data and enables the socket again. */

static void change_and_modify(void)
{
    data++;
    INTER_CHECK(fer_poller_modify(&poller, raw, readable, FER_POLL_ONESHOT).kind == FER_OK);
}

static void wait_and_hand_over(void)
{
    INTER_CHECK(wait_for(FER_DURATION_NONE));
    change_and_modify();
}

static void poll_and_hand_over(void)
{
    if (wait_for(fer_duration_from_millis(0))) {
        change_and_modify();
    }
}

static void data_was_changed_twice(void)
{
    INTER_CHECK(data == 2);
    INTER_CHECK(wait_for(fer_duration_from_millis(0)));
    close_both();
}

static void data_was_changed_by_each_event(void)
{
    INTER_CHECK(data == count_events());
    close_both();
}

/* ---- Deleting */

static void delete_and_poll(void)
{
    INTER_CHECK(fer_poller_delete(&poller, raw).kind == FER_OK);
    INTER_CHECK(!wait_for(fer_duration_from_millis(0)));
}

static void at_most_one_event_was_reported(void)
{
    INTER_CHECK(count_events() <= 1);
    close_both();
}

static void modify_or_miss(void)
{
    fer_error_kind kind = fer_poller_modify(&poller, raw, readable, FER_POLL_ONESHOT).kind;
    INTER_CHECK(kind == FER_OK || kind == FER_NOT_FOUND);
}

const inter_program inter_poller_programs[] = {
    {.name = "poller_add",
     .begin = begin_with_byte,
     .states = "a wait in progress includes an added socket; writes before the add are visible",
     .threads = {wait_and_see, add},
     .finish = close_both},
    {.name = "poller_add_polled",
     .begin = begin_with_byte,
     .states = "the same for a wait with a timeout of 0",
     .threads = {poll_and_see, add},
     .finish = close_both},
    {.name = "poller_add_before_byte",
     .begin = begin,
     .states = "the same if the socket becomes ready afterwards",
     .threads = {wait_and_see, add, send_byte},
     .finish = close_both},
    {.name = "poller_oneshot",
     .begin = begin_registered,
     .states = "P8: the event of a one-shot socket goes to one of two waits",
     .threads = {wait_briefly, wait_briefly, send_byte},
     .finish = one_event_was_reported,
     .preemptions = 3},
    {.name = "poller_hand_over",
     .begin = begin_ready,
     .states = "modify hands the data of a one-shot socket over to the next thread",
     .threads = {wait_and_hand_over, wait_and_hand_over},
     .finish = data_was_changed_twice},
    {.name = "poller_hand_over_polled",
     .begin = begin_ready,
     .states = "the same for waits with a timeout of 0",
     .threads = {poll_and_hand_over, poll_and_hand_over},
     .finish = data_was_changed_by_each_event},
    {.name = "poller_delete",
     .begin = begin_ready,
     .states = "P4: no wait that begins after delete returns the key",
     .threads = {wait_briefly, delete_and_poll},
     .finish = at_most_one_event_was_reported},
    {.name = "poller_delete_modify",
     .begin = begin_ready,
     .states = "P3, P4: modify after delete finds nothing and registers nothing",
     .threads = {modify_or_miss, delete_and_poll, wait_briefly},
     .finish = close_both},
    {0},
};
