/* test_poller.c: the part of the poller that core adds to a backend: waits that end neither
 * early nor late, and notifications that fold. */
#include "unit/scripted_platform.h"

#include "ferrule/poller.h"

enum { CAP = 4 };

static fer_poller poller;
static fer_event events[CAP];
static size_t count;

static const fer_event interest = {.key = UINT64_MAX, .interest = FER_READABLE};

static void begin(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&poller, 0, sizeof poller);
    assert_ok_log(fer_poller_new(&poller), "poller_open()");
    count = 77;
}

#define BEGUN_TEST(function) SCRIPT_TEST_AFTER(begin(&script_posix), function)

static fer_error wait_nanos(uint64_t nanos)
{
    return fer_poller_wait(&poller, (fer_duration){nanos}, events, CAP, &count, NULL);
}

/* ---- Actions during a wait of the seam */

static void (*action_during_wait)(void);

static void run_action(script_call call)
{
    if (call == SCRIPT_POLLER_WAIT && action_during_wait != NULL) {
        void (*action)(void) = action_during_wait;
        action_during_wait = NULL;
        action();
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

/* ---- Registration */

BEGUN_TEST(each_change_is_one_call_of_the_system)
{
    script.traits.poller_has_edges = true;
    int raw = (int)script_open_socket();
    assert_int_equal(raw, 1);
    assert_ok(fer_poller_add(&poller, raw, interest, FER_POLL_LEVEL));
    assert_log("poller_add(1,18446744073709551615,r,level)");
    assert_ok_log(fer_poller_modify(&poller, raw,
                                    (fer_event){.key = 0, .interest = FER_READABLE | FER_WRITABLE},
                                    FER_POLL_ONESHOT),
                  "poller_modify(1,0,r,w,oneshot)");
    assert_ok(fer_poller_modify(&poller, raw, (fer_event){.key = 1, .interest = 0}, FER_POLL_EDGE));
    assert_log("poller_modify(1,1,edge)");
    assert_ok(fer_poller_modify(&poller, raw, interest, FER_POLL_EDGE_ONESHOT));
    assert_log("poller_modify(1,18446744073709551615,r,edge oneshot)");
    assert_ok_log(fer_poller_delete(&poller, raw), "poller_delete(1)");
}

SCRIPT_TEST(edges_are_refused_where_there_are_none)
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
    static const fer_error_kind kinds[] = {FER_ALREADY_EXISTS, FER_NOT_FOUND,
                                           FER_BAD_HANDLE,     FER_OUT_OF_MEMORY,
                                           FER_STORAGE_FULL,   FER_PERMISSION_DENIED};
    int raw = (int)script_open_socket();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        script_then_fail(SCRIPT_POLLER_ADD, kinds[i], 5);
        assert_error(fer_poller_add(&poller, raw, interest, FER_POLL_LEVEL), kinds[i], 5);
        script_then_fail(SCRIPT_POLLER_MODIFY, kinds[i], 6);
        assert_error(fer_poller_modify(&poller, raw, interest, FER_POLL_LEVEL), kinds[i], 6);
        script_then_fail(SCRIPT_POLLER_DELETE, kinds[i], 7);
        assert_error(fer_poller_delete(&poller, raw), kinds[i], 7);
    }
}

/* ---- Waits */

SCRIPT_TEST(a_wait_that_finds_something_is_one_call)
{
    static const uint64_t timeouts[] = {0, 1, 1000, UINT64_MAX - 1, UINT64_MAX};
    static const char *const logs[] = {"poller_wait(0)", "poller_wait(1)", "poller_wait(1000)",
                                       "poller_wait(18446744073709551614)", "poller_wait(none)"};
    begin(&script_posix);
    for (size_t i = 0; i < 5; i++) {
        script_then(SCRIPT_POLLER_WAIT)->value = 3;
        assert_ok(wait_nanos(timeouts[i]));
        assert_int_equal(count, 3);
        assert_int_equal(events[2].key, 2);
        assert_log(logs[i]);
    }
}

BEGUN_TEST(a_wait_that_the_system_ends_early_continues_with_the_time_left)
{
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 300;
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 0;
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 699;
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1;
    assert_ok(wait_nanos(1000));
    assert_int_equal(count, 0);
    assert_log("poller_wait(1000) poller_wait(700) poller_wait(700) poller_wait(1)");
    assert_int_equal(script.now, 2000);
}

BEGUN_TEST(a_signal_does_not_end_a_wait)
{
    for (int i = 0; i < 3; i++) {
        script_then_fail(SCRIPT_POLLER_WAIT, FER_INTERRUPTED, 4);
    }
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 600;
    script_default(SCRIPT_POLLER_WAIT)->elapsed = 0;
    assert_ok(wait_nanos(600));
    assert_log("poller_wait(600) poller_wait(600) poller_wait(600) poller_wait(600)");
    for (int i = 0; i < 2; i++) {
        script_then_fail(SCRIPT_POLLER_WAIT, FER_INTERRUPTED, 4);
    }
    script_then(SCRIPT_POLLER_WAIT)->value = 1;
    assert_ok(wait_nanos(UINT64_MAX));
    assert_int_equal(count, 1);
    assert_log("poller_wait(none) poller_wait(none) poller_wait(none)");
    script_then_fail(SCRIPT_POLLER_WAIT, FER_INTERRUPTED, 4);
    assert_ok_log(wait_nanos(0), "poller_wait(0) poller_wait(0)");
}

SCRIPT_TEST(a_wait_without_end_and_one_that_is_too_long_never_end_by_themselves)
{
    static const uint64_t timeouts[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 1000};
    for (size_t i = 0; i < 3; i++) {
        begin(&script_posix);
        for (int early = 0; early < 5; early++) {
            script_then(SCRIPT_POLLER_WAIT)->elapsed = UINT64_MAX / 8;
        }
        script_then(SCRIPT_POLLER_WAIT)->value = 1;
        assert_ok(wait_nanos(timeouts[i]));
        assert_int_equal(count, 1);
        assert_int_equal(script.times[SCRIPT_POLLER_WAIT], 6);
        assert_non_null(strstr(script.log, "poller_wait(none) poller_wait(none)"));
    }
}

/* ---- Notifications */

BEGUN_TEST(a_wait_of_zero_takes_a_notification_that_came_before)
{
    notify();
    assert_ok_log(wait_nanos(0), "poller_wait(0)");
    script_then(SCRIPT_POLLER_WAIT)->elapsed = 1000;
    assert_ok_log(wait_nanos(1000), "poller_wait(1000)");
}

BEGUN_TEST(a_failed_notify_is_forgotten)
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

TEST_MAIN("poller")
