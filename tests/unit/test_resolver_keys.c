/* test_resolver_keys.c: the keys of completed lookups, step by step: their order, the poller that
 * they belong to, and lookups that are closed while their key is listed (rule N9). */
#include "unit/resolver_fixture.h"

enum { KEYS = 8 };

static fer_poller other_poller;

static void start_key(size_t at, const char *text, fer_poller *notified)
{
    assert_ok(fer_resolver_start(&resolver, text, NULL, notified, 100 + at, &lookups[at]));
}

/* Takes up to cap keys, and compares them with the digits of `expected`, the lookups' numbers. */
static void assert_taken(const fer_poller *notified, size_t cap, const char *expected)
{
    uint64_t keys[KEYS];
    size_t count = 99;
    memset(keys, 0x5C, sizeof keys);
    assert_ok(fer_resolver_take_completed(&resolver, notified, keys, cap, &count));
    assert_int_equal(count, strlen(expected));
    for (size_t i = 0; i < KEYS; i++) {
        uint64_t key = i < count ? (uint64_t)(100 + expected[i] - '0') : 0x5C5C5C5C5C5C5C5C;
        assert_true(keys[i] == key);
    }
    assert_false(background.is_locked);
}

/* N3: "The result of a lookup is that of `fer_to_socket_addrs`": an address of the other family is
 * not found, which the start does not report. */
RESOLVING_TEST(an_address_of_the_other_family_is_not_found)
{
    const fer_lookup_options only_v6 = {.family = FER_IP_V6};
    size_t count = 77;
    assert_ok(fer_resolver_start(&resolver, "192.0.2.1:80", &only_v6, &poller, 107, &lookups[0]));
    assert_taken(&poller, KEYS, "7");
    assert_error(fer_lookup_wait(&lookups[0], FER_DURATION_NONE, NULL, 0, &count),
                 FER_HOST_NOT_FOUND, 0);
    assert_ok(fer_resolver_start_host(&resolver, "192.0.2.1", 80, NULL, &poller, 8, &lookups[1]));
    assert_ok_n(fer_lookup_wait(&lookups[1], FER_DURATION_NONE, NULL, 0, &count), count, 1);
}

/* The keys of the other poller stay in their order. */
RESOLVING_TEST(each_poller_gets_its_own_keys)
{
    memset(&other_poller, 0, sizeof other_poller);
    assert_ok(fer_poller_new(&other_poller));
    fer_poller *const pollers[] = {&poller, &other_poller, NULL};
    for (size_t i = 0; i < 7; i++) {
        start_key(i, "127.0.0.1:80", pollers[i % 3]);
    }
    assert_taken(&other_poller, 1, "1");
    assert_taken(&poller, 2, "03");
    assert_taken(NULL, KEYS, "25");
    assert_taken(&poller, KEYS, "6");
    assert_taken(&other_poller, KEYS, "4");
    fer_lookup_close(&lookups[1]);
    fer_lookup_close(&lookups[4]);
    fer_poller_close(&other_poller);
}

/* The first, a middle and the last of the list, and one whose key was taken. */
RESOLVER_TEST(a_closed_lookup_leaves_the_list)
{
    static const char *const left[] = {"1234", "0234", "0134", "0124", "0123"};
    for (size_t closed = 0; closed < 5; closed++) {
        begin(1, 0);
        for (size_t i = 0; i < 5; i++) {
            start_key(i, "127.0.0.1:80", &poller);
        }
        fer_lookup_close(&lookups[closed]);
        assert_taken(&poller, 3, (char[]){left[closed][0], left[closed][1], left[closed][2], 0});
        fer_lookup_close(&lookups[left[closed][0] - '0']);
        assert_taken(&poller, 3, (char[]){left[closed][3], 0});
        start_key(closed, "127.0.0.1:80", &poller);
        assert_taken(&poller, 3, (char[]){(char)('0' + closed), 0});
        if (closed < 4) {
            assert_int_equal(resolver_teardown(NULL), 0);
        }
    }
}

/* The thread finishes while the program waits for its poller. The notification is the last step of
 * the completion: a thread that it wakes finds the key. */
static void take_key_at_notification(script_call call)
{
    if (call == SCRIPT_POLLER_WAIT && background.threads_running > 0) {
        script_thread_finish(0);
    }
    if (call == SCRIPT_POLLER_NOTIFY) {
        assert_true(background.is_locked);
        assert_int_equal(background.notified, 1);
        background.is_locked = false;
        assert_taken(&poller, KEYS, "0");
        background.is_locked = true;
    }
}

static void finish_during_a_wait(void (*on_call)(script_call call))
{
    fer_event event;
    size_t count = 0;
    script.on_call = on_call;
    script_default(SCRIPT_POLLER_WAIT)->elapsed = 1;
    assert_ok(fer_poller_wait(&poller, fer_duration_from_nanos(1), &event, 1, &count, NULL));
    script.on_call = NULL;
}

RESOLVING_TEST(a_key_is_listed_before_the_notification)
{
    start_key(0, "a.test:80", &poller);
    script_then(SCRIPT_POLLER_WAIT)->on = true;
    finish_during_a_wait(take_key_at_notification);
    assert_log("poller_wait(1) lookup_begin(a.test) lookup_next() lookup_end() poller_notify()");
    assert_taken(&poller, KEYS, "");
    assert_ok(poll_lookup(0));
}

static void finish_thread_0(script_call call)
{
    if (call == SCRIPT_POLLER_WAIT && background.threads_running > 0) {
        script_thread_finish(0);
    }
}

RESOLVING_TEST(a_notification_that_is_lost_loses_no_key)
{
    start_key(0, "a.test:80", &poller);
    script_then_fail(SCRIPT_POLLER_NOTIFY, FER_OUT_OF_MEMORY, 12);
    finish_during_a_wait(finish_thread_0);
    assert_non_null(strstr(script.log, "poller_notify() poller_notify()"));
    assert_taken(&poller, KEYS, "0");
    assert_ok(poll_lookup(0));
}

/* A call that finds nothing waits once without time left. A lookup that is done then is found. */
static void finish_at_the_wait(void)
{
    script_thread_finish(0);
}

RESOLVING_TEST(a_call_that_finds_nothing_checks_again)
{
    start_key(0, "a.test:80", &poller);
    background.on_wait = finish_at_the_wait;
    assert_taken(&poller, KEYS, "0");
    assert_int_equal(background.waits, 1);
    assert_int_equal(background.waited_until, 0);
}

TEST_MAIN("resolver's keys")
