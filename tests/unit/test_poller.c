/* test_poller.c: the part of the poller that core adds to a backend: waits that end neither
 * early nor late, and notifications that fold (rules P6 and P12): one wait for each, whether it was
 * sent to the system, not sent, or refused. */
#include "unit/scripted_platform.h"

#include "ferrule/poller.h"

enum { CAP = 4 };

static fer_poller poller;
static fer_event events[CAP];
static size_t count;
static bool notified;

static const fer_event interest = {.key = UINT64_MAX, .interest = FER_READABLE};

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

/* ---- Creation and closing */

SYSTEM_TEST(script_posix, a_poller_that_could_not_be_opened_is_new)
{
    memset(&poller, 0, sizeof poller);
    assert_forwards(SCRIPT_POLLER_OPEN, FER_TOO_MANY_OPEN_FILES, 24, fer_poller_new(&poller));
    fer_poller_close(&poller);
    assert_error_log(fer_poller_notify(&poller), FER_MISUSE, 0, "poller_open()");
    assert_ok(fer_poller_new(&poller));
    assert_error(fer_poller_new(&poller), FER_MISUSE, 0);
    fer_poller_close(&poller);
    fer_poller_close(&poller);
    fer_poller_close(NULL);
    assert_log("poller_open() poller_close()");
    assert_ok_log(fer_poller_new(&poller), "poller_open()");
}

BEGUN_TEST(a_wait_returns_as_many_events_as_there_are_up_to_the_capacity)
{
    for (size_t i = 0; i < 2 * (CAP + 1); i++) {
        size_t ready = i / 2;
        memset(events, 0x5A, sizeof events);
        *script_then(SCRIPT_POLLER_WAIT) = (script_result){.value = ready, .elapsed = 1000};
        assert_ok(wait_nanos(i % 2 * 1000));
        assert_int_equal(count, ready);
        for (size_t at = 0; at < ready; at++) {
            assert_int_equal(events[at].key, script.first_key + at);
            assert_int_equal(events[at].interest, FER_READABLE);
        }
    }
}

/* ---- Registration */

BEGUN_TEST(each_change_is_one_call_of_the_system)
{
    const fer_event both = {.key = 0, .interest = FER_READABLE | FER_WRITABLE};
    const fer_event none = {.key = 1, .interest = 0};
    int raw = (int)script_open_socket();
    script.traits.poller_has_edges = true;
    assert_ok_log(fer_poller_add(&poller, raw, interest, FER_POLL_LEVEL),
                  "poller_add(1,18446744073709551615,r,level)");
    assert_ok_log(fer_poller_modify(&poller, raw, both, FER_POLL_ONESHOT),
                  "poller_modify(1,0,r,w,oneshot)");
    assert_ok_log(fer_poller_modify(&poller, raw, none, FER_POLL_EDGE), "poller_modify(1,1,edge)");
    assert_ok_log(fer_poller_modify(&poller, raw, interest, FER_POLL_EDGE_ONESHOT),
                  "poller_modify(1,18446744073709551615,r,edge oneshot)");
    assert_ok_log(fer_poller_delete(&poller, raw), "poller_delete(1)");
}

SCRIPT_TEST(edges_are_refused_if_the_poller_has_none)
{
    static const fer_poll_mode modes[] = {FER_POLL_EDGE, FER_POLL_EDGE_ONESHOT};
    for (int i = 0; i < 4; i++) {
        bool has = i % 2 != 0;
        begin(&script_posix);
        int raw = (int)script_open_socket();
        script.traits.poller_has_edges = has;
        assert_error(fer_poller_add(&poller, raw, interest, modes[i / 2]),
                     has ? FER_OK : FER_UNSUPPORTED, 0);
        assert_error(fer_poller_modify(&poller, raw, interest, modes[i / 2]),
                     has ? FER_OK : FER_UNSUPPORTED, 0);
        assert_int_equal(script.times[SCRIPT_POLLER_ADD] + script.times[SCRIPT_POLLER_MODIFY],
                         has ? 2 : 0);
    }
}

BEGUN_TEST(an_error_of_registering_is_returned_unchanged)
{
    int raw = (int)script_open_socket();
    assert_forwards(SCRIPT_POLLER_ADD, FER_ALREADY_EXISTS, 5,
                    fer_poller_add(&poller, raw, interest, FER_POLL_LEVEL));
    assert_forwards(SCRIPT_POLLER_MODIFY, FER_STORAGE_FULL, 6,
                    fer_poller_modify(&poller, raw, interest, FER_POLL_LEVEL));
    assert_forwards(SCRIPT_POLLER_DELETE, FER_NOT_FOUND, 7, fer_poller_delete(&poller, raw));
}

/* ---- Waits */

BEGUN_TEST(a_signal_does_not_end_a_wait)
{
    script_queue("poller_wait INTERRUPTED:4 INTERRUPTED:4 INTERRUPTED:4");
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 600;
    assert_ok(wait_nanos(600));
    assert_log("poller_wait(600) poller_wait(600) poller_wait(600) poller_wait(600)");
    script_queue("poller_wait INTERRUPTED:4 INTERRUPTED:4 1 INTERRUPTED:4");
    assert_ok(wait_nanos(UINT64_MAX));
    assert_int_equal(count, 1);
    assert_log("poller_wait(none) poller_wait(none) poller_wait(none)");
    assert_ok_log(wait_nanos(0), "poller_wait(0) poller_wait(0)");
}

/* An event that arrives while a signal handler runs past the timeout is still reported, because the
 * poller checks once more. */
BEGUN_TEST(a_signal_at_the_end_of_a_wait_hides_no_event)
{
    script_result *interrupted = script_then(SCRIPT_POLLER_WAIT);
    interrupted->error = (fer_error){FER_INTERRUPTED, 4};
    interrupted->elapsed = 5000;
    script_then(SCRIPT_POLLER_WAIT)->value = 2;
    assert_ok(wait_nanos(1000));
    assert_int_equal(count, 2);
    assert_log("poller_wait(1000) poller_wait(0)");
}

/* ---- Notifications */

BEGUN_TEST(a_wait_of_zero_takes_an_earlier_notification)
{
    notify();
    assert_ok_log(wait_nanos(0), "poller_wait(0)");
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
    assert_ok_log(wait_nanos(1000), "poller_wait(1000)");
}

BEGUN_TEST(a_failed_notify_leaves_no_notification)
{
    run_during_wait(fail_to_notify);
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
    assert_ok_log(wait_nanos(1000), "poller_wait(1000) poller_notify()");
    run_during_wait(notify);
    script_then(SCRIPT_POLLER_WAIT)->on = true;
    assert_ok_log(wait_nanos(1000), "poller_wait(1000) poller_notify()");
}

BEGUN_TEST(a_new_poller_has_no_notification)
{
    notify();
    fer_poller_close(&poller);
    assert_ok(fer_poller_new(&poller));
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
    assert_ok_log(wait_nanos(1000), "poller_close() poller_open() poller_wait(1000)");
}

static void assert_expires_without_notification(void)
{
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
    notified = true;
    assert_ok(wait_nanos(1000));
    assert_int_equal(count, 0);
    assert_false(notified);
}

BEGUN_TEST(a_wait_without_a_notification_reports_none)
{
    assert_expires_without_notification();
    script_then(SCRIPT_POLLER_WAIT)->value = 2;
    notified = true;
    assert_ok(wait_nanos(UINT64_MAX));
    assert_int_equal(count, 2);
    assert_false(notified);
    notified = true;
    assert_ok(wait_nanos(0));
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

BEGUN_TEST(misuse_takes_no_notification)
{
    assert_ok(fer_poller_notify(&poller));
    assert_error(fer_poller_wait(&poller, FER_DURATION_NONE, events, CAP, NULL, &notified),
                 FER_MISUSE, 0);
    assert_false(notified);
    notified = true;
    assert_error(fer_poller_wait(&poller, FER_DURATION_NONE, events, 0, &count, &notified),
                 FER_INVALID_INPUT, 0);
    assert_error(fer_poller_wait(&poller, FER_DURATION_NONE, NULL, CAP, &count, &notified),
                 FER_MISUSE, 0);
    assert_error(fer_poller_wait(NULL, FER_DURATION_NONE, events, CAP, &count, &notified),
                 FER_MISUSE, 0);
    assert_false(notified);
    assert_log("");
    assert_ok(wait_nanos(UINT64_MAX));
    assert_true(notified);
}

TEST_MAIN("poller")
