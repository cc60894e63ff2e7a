/* test_platform_wait.c: the seam's contract on this host: the clock, and every kind of wait with
 * its deadline, with cancel tokens and with wakeups of other threads. Waits for several connects:
 * test_platform_connects.c. What the waits are for: tests/conformance. */
#include "support/seam.h"

/* A unit test is a single source file, so it includes the helper. */
#include "support/thread.c"

#define MILLI UINT64_C(1000000)

/* ---- The kinds of waits, on sockets that are not ready */

enum wait_kind {
    TO_READ,
    TO_WRITE,
    TO_ACCEPT,
    TO_RECEIVE,
    FOR_EITHER,
    FOR_ANOTHER_TOKEN,
    FOR_A_TOKEN,
    KIND_COUNT
};

static struct seam_pair pair;   /* nothing to read, nobody to accept */
static struct seam_pair filled; /* its client cannot send */
static fer_raw_socket datagrams;
static fer_cancel_token quiet; /* never signalled */
static fer_cancel_token token;

static int begin(void **state)
{
    pair = seam_open();
    filled = seam_open();
    /* Nagle's algorithm lets a second small send wait for the acknowledgement of the first, which
     * the BSDs delay by 200 ms. */
    assert_ok(ferp_set_option(pair.client, FERP_NODELAY, 1));
    (void)seam_fill(filled.client);
    datagrams = seam_datagram_socket();
    quiet = token = (fer_cancel_token){0};
    assert_ok(ferp_token_open(&quiet));
    assert_ok(ferp_token_open(&token));
    return 0;
}

static int end(void **state)
{
    seam_close(&pair);
    seam_close(&filled);
    ferp_close(datagrams);
    ferp_token_close(&quiet);
    ferp_token_close(&token);
    return 0;
}

#define WAIT_TEST(function) TEST_WITH(function, begin, end)

/* A wait to receive may expire at the end of a slice of the backend. */
static fer_error wait_for_socket(fer_raw_socket raw, ferp_readiness readiness,
                                 const fer_cancel_token *ending, uint64_t deadline)
{
    fer_error error;
    do {
        ferp_wait wait;
        FER_TRY(ferp_wait_arm(&wait, raw, readiness));
        assert_null(wait.token);
        wait.token = ending;
        error = ferp_wait_for(&wait, deadline);
    } while (error.kind == FER_TIMED_OUT && ferp_now() < deadline);
    return error;
}

static fer_error wait_for_either(fer_raw_socket raw, const fer_cancel_token *ending,
                                 uint64_t deadline)
{
    fer_interest ready = 77;
    fer_error error =
        ferp_ready(raw, FER_READABLE | FER_WRITABLE, deadline, deadline, ending, &ready);
    assert_int_equal(ready, error.kind == FER_OK ? 0 : 77);
    return error;
}

static fer_error wait_with(int kind, const fer_cancel_token *ending, uint64_t deadline)
{
    switch ((enum wait_kind)kind) {
    case TO_READ: return wait_for_socket(pair.client, FERP_READABLE, ending, deadline);
    case TO_WRITE: return wait_for_socket(filled.client, FERP_WRITABLE, ending, deadline);
    case TO_ACCEPT: return wait_for_socket(pair.listener, FERP_ACCEPTABLE, ending, deadline);
    case TO_RECEIVE: return wait_for_socket(datagrams, FERP_RECEIVABLE, ending, deadline);
    case FOR_EITHER: return wait_for_either(filled.client, ending, deadline);
    case FOR_ANOTHER_TOKEN: return ferp_token_wait(&quiet, ending, deadline);
    case FOR_A_TOKEN: return ferp_token_wait(ending, NULL, deadline);
    case KIND_COUNT:
    default: return (fer_error){FER_OTHER, 0};
    }
}

/* TIMED_OUT without a code, never before the deadline. */
static void assert_expires(int kind, const fer_cancel_token *ending, uint64_t nanos)
{
    uint64_t deadline = ferp_now() + nanos;
    fer_error error = wait_with(kind, ending, deadline);
    assert_kind(error, FER_TIMED_OUT);
    assert_int_equal(error.os_code, 0);
    assert_true(ferp_now() >= deadline);
}

/* ---- Time */

WAIT_TEST(a_wait_expires_at_its_deadline_and_not_before)
{
    const uint64_t nanos[] = {0, 1, 999999, MILLI, 3 * MILLI + 1, 40 * MILLI};
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            assert_expires(kind, &token, nanos[i]);
        }
        for (int kind = 0; kind < FOR_A_TOKEN; kind++) {
            assert_expires(kind, NULL, nanos[i]);
        }
    }
}

/* The grain of Windows' clock can be 16 ms. */
TEST(a_pause_lasts_until_its_time)
{
    const uint64_t nanos[] = {0, 1, MILLI, 40 * MILLI};
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        uint64_t until = ferp_now() + nanos[i];
        assert_kind(ferp_token_wait(NULL, NULL, until), FER_TIMED_OUT);
        assert_true(ferp_now() + 16 * MILLI >= until);
    }
    uint64_t before = ferp_now();
    assert_kind(ferp_token_wait(NULL, NULL, before - 1), FER_TIMED_OUT);
    assert_kind(ferp_token_wait(NULL, NULL, 0), FER_TIMED_OUT);
    assert_true(ferp_now() < before + 10000 * MILLI);
}

/* The deadlines: one that has passed, none, and a finite one whose milliseconds do not fit 32
 * bits. */
static const uint64_t odd_deadlines[] = {0, FERP_NO_DEADLINE, FERP_NO_DEADLINE - 1};

WAIT_TEST(a_ready_socket_ends_a_wait_with_any_deadline_and_token)
{
    seam_send(pair.server, "x");
    seam_await(pair.client, FERP_READABLE);
    for (size_t i = 0; i < 9; i++) {
        const fer_cancel_token *ending = i < 3 ? NULL : &token;
        uint64_t deadline = odd_deadlines[i % 3];
        assert_ok(wait_for_socket(pair.client, FERP_READABLE, ending, deadline));
        assert_ok(wait_for_socket(pair.client, FERP_WRITABLE, ending, deadline));
        if (i == 5) {
            ferp_token_signal(&token); /* with both, any hint is right */
        }
    }
}

/* ---- Arming */

WAIT_TEST(disarming_leaves_the_stream_whole)
{
    ferp_wait wait;
    for (int i = 0; i < 200; i++) {
        if (i == 100) {
            seam_send(pair.server, "all here");
            seam_await(pair.client, FERP_READABLE);
        }
        assert_ok(ferp_wait_arm(&wait, pair.client, FERP_READABLE));
        ferp_wait_disarm(&wait);
    }
    seam_expect(pair.client, "all here");
}

/* ---- Waking */

TEST(a_wake_between_arm_and_wait_is_not_lost)
{
    for (int i = 0; i < 50; i++) {
        struct seam_pair opened = seam_open();
        ferp_wait wait;
        assert_ok(ferp_wait_arm(&wait, opened.client, FERP_READABLE));
        if (!ferp_traits()->write_wait_misses_shutdown) {
            (void)ferp_shutdown(opened.client, FER_SHUTDOWN_READ);
        }
        ferp_wake(opened.client);
        assert_ok(ferp_wait_for(&wait, FERP_NO_DEADLINE));
        seam_close(&opened);
    }
}

/* ---- Tokens */

WAIT_TEST(a_signal_before_the_wait_ends_every_wait_until_it_is_cleared)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        ferp_token_signal(&token);
        ferp_token_signal(&token);
        for (size_t i = 0; i < 3; i++) {
            assert_ok(wait_with(kind, &token, odd_deadlines[i]));
        }
        assert_ok(wait_with(kind, &token, ferp_now() + 40 * MILLI));
        ferp_token_clear(&token);
        assert_expires(kind, &token, MILLI);
    }
    ferp_token_clear(&token);
    assert_expires(FOR_A_TOKEN, &token, MILLI);
}

/* 160,000 bytes: more than a pipe holds. */
WAIT_TEST(any_number_of_signals_is_one)
{
    for (int i = 0; i < 20000; i++) {
        ferp_token_signal(&token);
    }
    assert_ok(ferp_token_wait(&token, NULL, seam_deadline()));
    ferp_token_clear(&token);
    assert_kind(ferp_token_wait(&token, NULL, 0), FER_TIMED_OUT);
    ferp_token_signal(&token);
    assert_ok(ferp_token_wait(&token, NULL, seam_deadline()));
}

TEST_MAIN("platform_wait")
