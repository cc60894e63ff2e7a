/* test_poller_afd.c: the poller over AFD with a driver that loses, delays and mixes up requests:
 * each socket has at most one request, and no event is lost. */
#include "unit/afd_fixture.h"

/* ---- One request */

static void a_socket_has_one_request_whatever_is_done_with_it(void **state)
{
    (void)state;
    for (int step = 0; step < 60; step++) {
        fer_poll_mode mode = step % 2 == 0 ? FER_POLL_LEVEL : FER_POLL_ONESHOT;
        size_t i = step == 0 ? open_socket() : 0;
        fake_set_ready(number_of(i), step % 3 == 0 ? READ : 0);
        add(i, reading(1), mode);
        if (step % 5 != 0) {
            modify(i, writing(2), mode);
            fake_set_ready(number_of(i), WRITE);
            expect(2, false, true);
            modify(i, reading(3), mode);
        }
        if (step % 7 != 0) {
            fake_set_ready(number_of(i), READ);
            expect(step % 5 != 0 ? 3 : 1, true, false);
        }
        assert_ok(fer_poller_delete(&poller, raw_of(i)));
    }
    assert_int_equal(fake_violations(), 0);
}

static void a_one_shot_event_leaves_no_request(void **state)
{
    (void)state;
    size_t i = open_and_add(1, FER_POLL_ONESHOT);
    fake_set_ready(number_of(i), READ);
    expect(1, true, false);
    expect_none();
    assert_int_equal(fake_begins(number_of(i)), 1);
}

/* "A cancel is awaited before the next request." */
static void a_request_follows_the_packet_of_a_late_cancel(void **state)
{
    (void)state;
    size_t i = open_and_add(1, FER_POLL_LEVEL);
    fake_set_fault(number_of(i), FAKE_DELAYS_CANCELS);
    modify(i, writing(2), FER_POLL_LEVEL);
    fake_set_ready(number_of(i), WRITE);
    expect_none_for(0);
    assert_int_equal(fake_begins(number_of(i)), 1);
    fake_deliver(number_of(i));
    expect(2, false, true);
}

/* ---- Lost and mixed-up completions */

static void a_lost_completion_is_found(void **state)
{
    (void)state;
    for (uint64_t key = 0; key < 40; key++) {
        size_t i = open_and_add(key, FER_POLL_ONESHOT);
        fake_set_fault(number_of(i), FAKE_LOSES_COMPLETIONS);
    }
    fake_set_ready(number_of(7), READ);
    expect(7, true, false);
    fake_set_ready(number_of(39), READ);
    expect(39, true, false);
    expect_none();
}

/* Other sources keep the poller busy, so no wait ends without packets. */
static void a_lost_completion_is_found_beside_a_busy_socket(void **state)
{
    (void)state;
    size_t busy = open_and_add(1, FER_POLL_LEVEL);
    size_t i = open_and_add(2, FER_POLL_ONESHOT);
    fake_set_fault(number_of(i), FAKE_LOSES_COMPLETIONS);
    fake_set_ready(number_of(busy), READ);
    fake_set_ready(number_of(i), READ);
    fer_event event = {0};
    size_t count = 0;
    ULONGLONG since = GetTickCount64();
    while (event.key != 2 && GetTickCount64() - since < 20000) {
        assert_ok(fer_poller_wait(&poller, &event, 1, limit, &count));
        assert_int_equal(count, 1);
    }
    assert_int_equal(event.key, 2);
}

/* The request's packet never comes, not even after the cancel. */
static void a_source_outlives_its_lost_request(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        size_t i = open_and_add(1, FER_POLL_ONESHOT);
        SOCKET number = number_of(i);
        fake_set_fault(number, FAKE_LOSES_REQUESTS);
        fake_set_ready(number, READ);
        expect(1, true, false);
        if (round == 1) {
            assert_ok(fer_poller_delete(&poller, raw_of(i)));
        }
        fake_deliver(number); /* late: nothing comes of it */
        expect_none();
    }
}

/* A deleted source whose packet never comes, and a new registration of its number. */
static void a_number_outlives_a_lost_request(void **state)
{
    (void)state;
    size_t i = open_and_add(1, FER_POLL_LEVEL);
    fake_set_fault(number_of(i), FAKE_LOSES_REQUESTS);
    assert_ok(fer_poller_delete(&poller, raw_of(i)));
    add(i, reading(2), FER_POLL_LEVEL);
    fake_set_ready(number_of(i), READ);
    expect(2, true, false);
    fake_deliver(number_of(i));
    expect(2, true, false);
}

static void a_mixed_up_completion_is_no_event(void **state)
{
    (void)state;
    size_t i = open_and_add(1, FER_POLL_ONESHOT);
    fake_complete(number_of(i), WRITE);
    expect_none_for(0);
    fake_complete(number_of(i), FERP_AFD_ACCEPT | WRITE);
    expect(1, true, false);
    modify(i, writing(2), FER_POLL_ONESHOT);
    expect_none_for(0);
    fake_complete(number_of(i), READ);
    expect_none_for(0);
    fake_set_ready(number_of(i), WRITE);
    expect(2, false, true);
}

/* A driver that always completes with another event costs a few requests in each turn. */
static void useless_completions_do_not_spin(void **state)
{
    (void)state;
    size_t i = open_and_add(1, FER_POLL_LEVEL);
    size_t other = open_and_add(2, FER_POLL_LEVEL);
    fake_set_fault(number_of(i), FAKE_MIXES_UP);
    modify(i, reading(1), FER_POLL_LEVEL);
    fake_complete(number_of(i), WRITE);
    ULONGLONG since = GetTickCount64();
    expect_none_for(4);
    ULONGLONG turns = (GetTickCount64() - since) / TURN_MILLIS;
    assert_true((ULONGLONG)fake_begins(number_of(i)) <= 4 * (turns + 2));
    fake_set_ready(number_of(other), READ);
    expect(2, true, false);
    fake_set_fault(number_of(i), FAKE_NONE);
    fake_set_ready(number_of(i), READ);
    fake_set_ready(number_of(other), 0);
    fer_event event = {0};
    for (size_t count = 0; event.key != 1;) {
        assert_ok(fer_poller_wait(&poller, &event, 1, limit, &count));
        assert_int_equal(count, 1);
    }
}

/* Every source is looked at again, and only a bounded number in each turn. */
static void an_idle_wait_renews_a_bounded_number(void **state)
{
    (void)state;
    enum { IDLE = 80, TURNS = 12, PER_TURN = IDLE / 32 + 16 };
    for (uint64_t key = 0; key < IDLE; key++) {
        (void)open_and_add(key, FER_POLL_LEVEL);
    }
    ULONGLONG since = GetTickCount64();
    expect_none_for(TURNS);
    ULONGLONG turns = (GetTickCount64() - since) / TURN_MILLIS;
    assert_true((ULONGLONG)fake_cancels() <= PER_TURN * (turns + 1));
    for (size_t i = 0, passes = 0; i < IDLE; i++) {
        while (fake_begins(number_of(i)) == 1) {
            assert_true(++passes < 1000);
            expect_none_for(1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AFD_TEST(a_socket_has_one_request_whatever_is_done_with_it),
        AFD_TEST(a_one_shot_event_leaves_no_request),
        AFD_TEST(a_request_follows_the_packet_of_a_late_cancel),
        AFD_TEST(a_lost_completion_is_found),
        AFD_TEST(a_lost_completion_is_found_beside_a_busy_socket),
        AFD_TEST(a_source_outlives_its_lost_request),
        AFD_TEST(a_number_outlives_a_lost_request),
        AFD_TEST(a_mixed_up_completion_is_no_event),
        AFD_TEST(useless_completions_do_not_spin),
        AFD_TEST(an_idle_wait_renews_a_bounded_number),
    };
    return cmocka_run_group_tests_name("poller_afd", tests, NULL, NULL);
}
