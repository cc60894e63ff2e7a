/* poller.c: registrations of a poller against its waits (rules P4, P7, P8); then the same, and
 * notifications, of platform/posix/poller_list.c without core. */
#include "ferrule/poller.h"

#include <string.h>

#include "ferrule/tcp.h"
#include "platform/posix/poller_list.h"
#include "tests/interleave/programs.h"
#include "tests/interleave/seam.h"

enum { KEY = 7 };

static fer_poller poller;
static fer_tcp_stream stream;
static fer_raw_socket raw;
static unsigned data; /* changed without a lock by the thread that has the event */
static unsigned events[INTER_THREADS_MAX];

static const fer_event readable = {.key = KEY, .interest = FER_READABLE};

static void begin(void)
{
    memset(&poller, 0, sizeof poller);
    memset(events, 0, sizeof events);
    data = 0;
    INTER_OK(fer_poller_new(&poller));
    inter_open_stream(&stream, 0);
    raw = fer_tcp_stream_as_raw(&stream);
}

STEP(begin_registered, begin(); INTER_OK(fer_poller_add(&poller, raw, readable, FER_POLL_ONESHOT)))
STEP(begin_ready, begin_registered(); inter_peer_sends(raw, 1))

static bool wait_for(fer_duration timeout)
{
    fer_event event = {.key = 0, .interest = 0};
    size_t count = 0;
    INTER_OK(fer_poller_wait(&poller, timeout, &event, 1, &count, NULL));
    INTER_CHECK(count == 0 || (event.key == KEY && event.interest == FER_READABLE));
    events[inter_self()] += (unsigned)count;
    return count > 0;
}

STEP(close_both, fer_poller_close(&poller); fer_tcp_stream_close(&stream))

/* ---- Adding */

STEP(add, data = 1; INTER_OK(fer_poller_add(&poller, raw, readable, FER_POLL_ONESHOT)))
STEP(send_byte, inter_peer_sends(raw, 1))
STEP(wait_and_see, INTER_CHECK(wait_for(FER_DURATION_NONE)); INTER_CHECK(data == 1))

static void poll_and_see(void)
{
    if (wait_for(fer_duration_from_millis(0))) {
        INTER_CHECK(data == 1);
    }
}

STEP(begin_with_byte, begin(); inter_peer_sends(raw, 1))

/* ---- One-shot */

STEP(wait_briefly, (void)wait_for(fer_duration_from_millis(5)))

static void one_event_was_reported(void)
{
    (void)wait_for(fer_duration_from_millis(0));
    INTER_CHECK(inter_sum(events) == 1);
    close_both();
}

/* ---- Handing over: the thread with the event changes the data and enables the socket again. */

static void change_and_modify(void)
{
    data++;
    INTER_OK(fer_poller_modify(&poller, raw, readable, FER_POLL_ONESHOT));
}

STEP(wait_and_hand_over, INTER_CHECK(wait_for(FER_DURATION_NONE)); change_and_modify())

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

STEP(data_was_changed_by_each_event, INTER_CHECK(data == inter_sum(events)); close_both())

/* ---- Deleting */

static void delete_and_poll(void)
{
    INTER_OK(fer_poller_delete(&poller, raw));
    INTER_CHECK(!wait_for(fer_duration_from_millis(0)));
}

STEP(at_most_one_event_was_reported, INTER_CHECK(inter_sum(events) <= 1); close_both())

static void modify_or_miss(void)
{
    fer_error_kind kind = fer_poller_modify(&poller, raw, readable, FER_POLL_ONESHOT).kind;
    INTER_CHECK(kind == FER_OK || kind == FER_NOT_FOUND);
}

/* ---- The poller over poll, without core: one thread leads, and the others follow. */

/* The 16th registration needs larger arrays (poller_list.c, ENTRIES_MIN). */
enum { STREAMS = 16 };

static fer_tcp_stream streams[STREAMS];
static fer_raw_socket raws[STREAMS];
static size_t stream_count;
static unsigned notified[INTER_THREADS_MAX];

static void begin_list(size_t count)
{
    memset(&poller, 0, sizeof poller);
    memset(streams, 0, sizeof streams);
    memset(events, 0, sizeof events);
    memset(notified, 0, sizeof notified);
    INTER_OK(ferp_list_open(&poller));
    for (stream_count = 0; stream_count < count; stream_count++) {
        inter_open_stream(&streams[stream_count], 0);
        raws[stream_count] = fer_tcp_stream_as_raw(&streams[stream_count]);
    }
    raw = raws[0];
}

static void add_to_list(size_t i)
{
    INTER_OK(ferp_list_add(&poller, raws[i], readable, FER_POLL_ONESHOT));
}

STEP(begin_list_registered, begin_list(2); add_to_list(0); add_to_list(1))
STEP(begin_list_ready, begin_list(2); inter_peer_sends(raw, 1))

static void begin_list_full(void)
{
    begin_list(STREAMS);
    inter_peer_sends(raw, 1);
    for (size_t i = 1; i < STREAMS; i++) {
        add_to_list(i);
    }
}

static void close_list(void)
{
    ferp_list_close(&poller);
    for (size_t i = 0; i < stream_count; i++) {
        fer_tcp_stream_close(&streams[i]);
    }
}

/* One wait of the seam. Returns whether it is over: core repeats a wait without a result. */
static bool wait_in_list_once(fer_duration timeout)
{
    fer_event event = {.key = 0, .interest = 0};
    size_t count = 7;
    bool is_notified = false;
    fer_error error = ferp_list_wait(&poller, &event, 1, timeout, &count, &is_notified);
    INTER_CHECK(error.kind == FER_OK || error.kind == FER_INTERRUPTED);
    INTER_CHECK(count == 0 || (event.key == KEY && event.interest == FER_READABLE));
    events[inter_self()] += (unsigned)count;
    notified[inter_self()] += is_notified;
    return count > 0 || is_notified;
}

STEP(poll_list, (void)wait_in_list_once(fer_duration_from_millis(0)))

static void wait_in_list(void)
{
    while (!wait_in_list_once(FER_DURATION_NONE)) {
    }
}

static void wait_in_list_for(uint64_t nanos)
{
    uint64_t deadline = ferp_now() + nanos;
    uint64_t left = nanos;
    bool is_over = false;
    while (!is_over && left > 0) {
        inter_limit_call((fer_duration){left});
        is_over = wait_in_list_once((fer_duration){left});
        inter_limit_call(FER_DURATION_NONE);
        uint64_t now = is_over ? 0 : ferp_now();
        left = deadline > now ? deadline - now : 0;
    }
}

STEP(wait_in_list_briefly, wait_in_list_for(500))
STEP(wait_in_list_longer, wait_in_list_for(900))

static void wait_until_notified(void)
{
    do {
        wait_in_list();
    } while (notified[inter_self()] == 0);
}

STEP(notify_list, INTER_OK(ferp_list_notify(&poller)))
STEP(wait_in_list_and_pass_on, wait_until_notified(); notify_list())

/* A notification that this thread gets is for the thread that waits. */
static void poll_list_and_pass_on(void)
{
    poll_list();
    if (notified[inter_self()] > 0) {
        notify_list();
    }
}

STEP(add_first, add_to_list(0))
STEP(add_second, add_to_list(1))
STEP(modify_in_list, INTER_OK(ferp_list_modify(&poller, raw, readable, FER_POLL_ONESHOT)))
STEP(modify_second, INTER_OK(ferp_list_modify(&poller, raws[1], readable, FER_POLL_ONESHOT)))

static void delete_from_list(fer_raw_socket deleted)
{
    INTER_OK(ferp_list_delete(&poller, deleted));
    INTER_CHECK(!inter_is_polled(deleted));
}

STEP(delete_first, delete_from_list(raws[0]))
STEP(delete_and_notify, delete_first(); notify_list())
STEP(delete_second, delete_from_list(raws[1]))
STEP(list_reported_one_event, poll_list(); INTER_CHECK(inter_sum(events) == 1); close_list())

/* What is left of the notification is taken, and nothing else is there. */
static void list_is_quiet(void)
{
    poll_list();
    unsigned events_before = inter_sum(events);
    INTER_CHECK(!wait_in_list_once(fer_duration_from_millis(0)));
    INTER_CHECK(inter_sum(events) == events_before);
    close_list();
}

static void a_list_notification_is_left(void)
{
    poll_list();
    INTER_CHECK(notified[INTER_MAIN] == 1);
    list_is_quiet();
}

static void begin_list_with_signal(void)
{
    begin_list_registered();
    inter_sky.interrupts[1] = 1;
    inter_sky.cond_wakes_spuriously = true;
}

const inter_program inter_poller_programs[] = {
    PROGRAM("poller_add",
            "a wait in progress includes an added socket; writes before the add are visible",
            begin_with_byte, (wait_and_see, add), close_both),
    PROGRAM("poller_add_polled", "the same for a wait with a timeout of 0", begin_with_byte,
            (poll_and_see, add), close_both),
    PROGRAM("poller_add_before_byte", "the same if the socket becomes ready afterwards", begin,
            (wait_and_see, add, send_byte), close_both),
    PROGRAM("poller_oneshot", "P8: the event of a one-shot socket goes to one of two waits",
            begin_registered, (wait_briefly, wait_briefly, send_byte), one_event_was_reported,
            .preemptions = 3),
    PROGRAM("poller_hand_over",
            "modify hands the data of a one-shot socket over to the next thread", begin_ready,
            (wait_and_hand_over, wait_and_hand_over), data_was_changed_twice),
    PROGRAM("poller_hand_over_polled", "the same for waits with a timeout of 0", begin_ready,
            (poll_and_hand_over, poll_and_hand_over), data_was_changed_by_each_event),
    PROGRAM("poller_delete", "P4: no wait that begins after delete returns the key", begin_ready,
            (wait_briefly, delete_and_poll), at_most_one_event_was_reported),
    PROGRAM("poller_delete_modify",
            "P3, P4: modify after delete finds nothing and registers nothing", begin_ready,
            (modify_or_miss, delete_and_poll, wait_briefly), close_both),
    PROGRAM("list_add", "over poll, a wait in progress includes an added socket", begin_list_ready,
            (wait_in_list, add_first), list_reported_one_event),
    PROGRAM("list_two_adds",
            "over poll, two changes at the same time wake the wait, and leave nothing behind",
            begin_list_ready, (wait_in_list, add_first, add_second), list_reported_one_event),
    PROGRAM("list_add_grows",
            "over poll, an add that needs larger arrays leaves the polled one alone",
            begin_list_full, (wait_in_list, add_first, modify_second), list_reported_one_event),
    PROGRAM("list_modify", "over poll, a modify that comes with the event loses none",
            begin_list_registered, (wait_in_list, modify_in_list, send_byte), close_list),
    PROGRAM("list_delete", "P4: over poll, delete returns, and then no poll uses the socket",
            begin_list_registered, (wait_until_notified, delete_and_notify), list_is_quiet),
    PROGRAM("list_delete_polled",
            "P4: over poll, a wait with a timeout of 0 keeps no delete from returning",
            begin_list_registered, (wait_until_notified, delete_and_notify, poll_list_and_pass_on),
            list_is_quiet),
    PROGRAM("list_delete_two", "P4: over poll, two deletes return although a thread always waits",
            begin_list_registered, (wait_until_notified, delete_and_notify, delete_second),
            list_is_quiet),
    PROGRAM("list_delete_ready",
            "P4: over poll, the same beside an event and a wait with a deadline",
            begin_list_registered, (wait_in_list_briefly, delete_first, send_byte), list_is_quiet),
    PROGRAM("list_oneshot",
            "P8: over poll, the event of a one-shot socket goes to one of two waits",
            begin_list_registered, (wait_in_list_briefly, wait_in_list_longer, send_byte),
            list_reported_one_event),
    PROGRAM("list_follower",
            "P9: over poll, a wait behind another one is not longer than its timeout",
            begin_list_registered, (wait_in_list_briefly, wait_in_list_longer, modify_in_list),
            list_is_quiet),
    PROGRAM("list_signal", "P9: over poll, a signal ends no wait, and makes none longer",
            begin_list_with_signal, (wait_in_list_longer, wait_in_list_briefly), list_is_quiet),
    PROGRAM("list_notify", "P6: over poll, two waits that pass the notification on are both woken",
            begin_list_registered,
            (wait_in_list_and_pass_on, wait_in_list_and_pass_on, notify_list),
            a_list_notification_is_left),
    PROGRAM("list_notify_change", "P6: over poll, a change at the same time loses no notification",
            begin_list_registered, (wait_until_notified, notify_list, modify_in_list),
            list_is_quiet),
    {0},
};
