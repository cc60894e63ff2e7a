/* test_poller.c: the part of the poller that core adds to a backend: notifications that fold (rules
 * P6 and P12): one wait for each, whether it was sent to the system, not sent, or refused. */
#include "unit/scripted_platform.h"

#include "ferrule/poller.h"

enum { CAP = 4 };

static fer_poller poller;
static fer_event events[CAP];
static size_t count;
static bool notified;

static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&poller, 0, sizeof poller);
    assert_ok_log(fer_poller_new(&poller), "poller_open()");
    count = 77;
    notified = true;
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

static fer_error wait_nanos(uint64_t nanos)
{
    return fer_poller_wait(&poller, (fer_duration){nanos}, events, CAP, &count, &notified);
}

/* ---- Actions during a wait of the seam */

static void (*action_during_wait)(void);

static void run_action(script_call call)
{
    if (call == SCRIPT_POLLER_WAIT) {
        script.on_call = NULL;
        action_during_wait();
    }
}

static void run_during_wait(void (*action)(void))
{
    action_during_wait = action;
    script.on_call = run_action;
}

static void notify(void)
{
    assert_ok(fer_poller_notify(&poller));
}

static void fail_to_notify(void)
{
    assert_forwards(SCRIPT_POLLER_NOTIFY, FER_OUT_OF_MEMORY, 12, fer_poller_notify(&poller));
}

/* ---- Notifications */

BEGUN_TEST(a_failed_notify_leaves_no_notification)
{
    run_during_wait(fail_to_notify);
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
    assert_ok_log(wait_nanos(1000), "poller_wait(1000) poller_notify()");
    run_during_wait(notify);
    script_then(SCRIPT_POLLER_WAIT)->on = true;
    assert_ok_log(wait_nanos(1000), "poller_wait(1000) poller_notify()");
}

static void assert_expires_without_notification(void)
{
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
    notified = true;
    assert_ok(wait_nanos(1000));
    assert_int_equal(count, 0);
    assert_false(notified);
}

/* A wait that hears of no notifications polls: the system's wakeup ends with the poll, unless
 * the poll fails (P12). */
SCRIPT_TEST(a_poll_takes_the_notification_that_a_wait_left)
{
    for (int is_interrupted = 0; is_interrupted < 2; is_interrupted++) {
        begin(&script_posix);
        run_during_wait(notify);
        script_then(SCRIPT_POLLER_WAIT)->value = 1;
        assert_ok(wait_nanos(UINT64_MAX));
        script_result *poll = script_then(SCRIPT_POLLER_WAIT);
        poll->on = true;
        poll->error.kind = is_interrupted != 0 ? FER_INTERRUPTED : FER_OK;
        fer_error error = fer_poller_wait(&poller, (fer_duration){0}, events, CAP, &count, NULL);
        assert_int_equal(error.kind, poll->error.kind);
        assert_int_equal(count, 0);
        if (is_interrupted != 0) {
            assert_ok(wait_nanos(UINT64_MAX));
            assert_true(notified);
        }
        assert_expires_without_notification();
    }
}

/* ---- Notifications that the system refuses */

/* A wait of another thread, during one of this thread. */
static fer_error wait_elsewhere(fer_duration timeout, bool *is_notified)
{
    fer_event event;
    size_t n = 0;
    return fer_poller_wait(&poller, timeout, &event, 1, &n, is_notified);
}

/* Another thread's wait gets the notification and fails, while this one continues. */
static void wait_in_vain(void)
{
    bool is_notified = true;
    notify();
    script_result *result = script_then(SCRIPT_POLLER_WAIT);
    result->on = true;
    result->error = (fer_error){FER_BAD_HANDLE, 9};
    script_queue("poller_notify OUT_OF_MEMORY:12 OUT_OF_MEMORY:12");
    assert_error(wait_elsewhere(FER_DURATION_NONE, &is_notified), FER_BAD_HANDLE, 9);
    assert_false(is_notified);
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
}

/* P12. Nobody would get the error. */
BEGUN_TEST(a_failed_wait_s_notification_stays_if_the_system_refuses_it)
{
    run_during_wait(wait_in_vain);
    assert_ok(wait_nanos(1000));
    assert_false(notified);
    assert_ok(wait_nanos(UINT64_MAX));
    assert_true(notified);
    assert_expires_without_notification();
}

/* ---- A poller in another loop (rule P15) */

/* As fer_poller_notify, but after each other: nothing of the first one is in the system. */
BEGUN_TEST(a_notification_without_a_wait_is_sent_after_as_raw)
{
    assert_ok_log(fer_poller_notify(&poller), "");
    assert_int_equal(fer_poller_as_raw(&poller), 9);
    assert_log("poller_notify()");
    assert_int_equal(fer_poller_as_raw(&poller), 9);
    assert_ok_log(fer_poller_notify(&poller), "");
    for (int i = 0; i < 2; i++) {
        script_then(SCRIPT_POLLER_WAIT)->on = true;
        assert_ok_log(wait_nanos(0), "poller_wait(0)");
        assert_true(notified);
        assert_ok_log(fer_poller_notify(&poller), "poller_notify()");
    }
}

static uint64_t next_nanos(void)
{
    fer_duration next = {77};
    assert_ok(fer_poller_next_timeout(&poller, &next));
    return next.nanos;
}

/* The other loop cannot see a notification that the system refuses: the next timeout is 0. */
BEGUN_TEST(a_refused_notification_is_the_next_timeout)
{
    assert_int_equal(next_nanos(), UINT64_MAX);
    assert_ok(fer_poller_notify(&poller));
    assert_int_equal(next_nanos(), 0);
    script_then_fail(SCRIPT_POLLER_NOTIFY, FER_OUT_OF_MEMORY, 12);
    assert_int_equal(fer_poller_as_raw(&poller), 9);
    assert_int_equal(next_nanos(), 0);
    assert_ok(wait_nanos(UINT64_MAX));
    assert_true(notified);
    assert_int_equal(next_nanos(), UINT64_MAX);
    assert_forwards(SCRIPT_POLLER_NOTIFY, FER_OUT_OF_MEMORY, 12, fer_poller_notify(&poller));
    assert_int_equal(next_nanos(), UINT64_MAX);
    assert_expires_without_notification();
}

TEST_MAIN("poller")
