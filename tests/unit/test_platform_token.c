/* test_platform_token.c: the seam's contract on this host: cancel tokens, and every kind of wait
 * with a token. Waits for several connects: test_platform_connects.c. */
#include "support/seam.h"

/* A unit test is a single source file, so it includes the helper. */
#include "support/thread.c"

#include <stdatomic.h>

#define MILLI UINT64_C(1000000)

/* ---- The kinds of waits, on sockets that are not ready */

enum wait_kind {
    TO_READ,
    TO_WRITE,
    TO_ACCEPT,
    TO_RECEIVE,
    FOR_EITHER,
    FOR_A_TOKEN,
    FOR_ANOTHER_TOKEN,
    KIND_COUNT
};

struct sockets {
    struct seam_pair pair;   /* nothing to read, nobody to accept */
    struct seam_pair filled; /* its client cannot send */
    fer_raw_socket datagrams;
    fer_cancel_token quiet; /* never signalled */
};

static struct sockets open_sockets(void)
{
    struct sockets sockets;
    memset(&sockets, 0, sizeof sockets);
    sockets.pair = seam_open();
    sockets.filled = seam_open();
    /* Nagle's algorithm lets a second small send wait for the acknowledgement of the first, which
     * the BSDs delay by 200 ms. */
    assert_ok(ferp_set_option(sockets.pair.client, FERP_NODELAY, 1));
    (void)seam_fill(sockets.filled.client);
    sockets.datagrams = seam_datagram_socket();
    assert_ok(ferp_token_open(&sockets.quiet));
    return sockets;
}

static void close_sockets(struct sockets *sockets)
{
    seam_close(&sockets->pair);
    seam_close(&sockets->filled);
    ferp_close(sockets->datagrams);
    ferp_token_close(&sockets->quiet);
}

/* A wait to receive may expire at the end of a slice of the backend. */
static fer_error wait_for_socket(fer_raw_socket raw, ferp_readiness readiness,
                                 const fer_cancel_token *token, uint64_t deadline)
{
    fer_error error;
    do {
        ferp_wait wait;
        FER_TRY(ferp_wait_arm(&wait, raw, readiness));
        wait.token = token;
        error = ferp_wait_for(&wait, deadline);
    } while (error.kind == FER_TIMED_OUT && ferp_now() < deadline);
    return error;
}

static fer_error wait_for_either(fer_raw_socket raw, const fer_cancel_token *token,
                                 uint64_t deadline)
{
    fer_interest ready = 77;
    FER_TRY(ferp_ready(raw, FER_READABLE | FER_WRITABLE, deadline, deadline, token, &ready));
    return (fer_error){ready == 0 ? FER_OK : FER_OTHER, 0};
}

static fer_error wait_with(const struct sockets *sockets, enum wait_kind kind,
                           const fer_cancel_token *token, uint64_t deadline)
{
    const struct seam_pair *pair = &sockets->pair;
    switch (kind) {
    case TO_READ: return wait_for_socket(pair->client, FERP_READABLE, token, deadline);
    case TO_WRITE: return wait_for_socket(sockets->filled.client, FERP_WRITABLE, token, deadline);
    case TO_ACCEPT: return wait_for_socket(pair->listener, FERP_ACCEPTABLE, token, deadline);
    case TO_RECEIVE: return wait_for_socket(sockets->datagrams, FERP_RECEIVABLE, token, deadline);
    case FOR_EITHER: return wait_for_either(sockets->filled.client, token, deadline);
    case FOR_A_TOKEN: return ferp_token_wait(token, NULL, deadline);
    case FOR_ANOTHER_TOKEN: return ferp_token_wait(&sockets->quiet, token, deadline);
    case KIND_COUNT:
    default: return (fer_error){FER_OTHER, 0};
    }
}

/* TIMED_OUT without a code, never before the deadline. */
static void assert_expires(const struct sockets *sockets, enum wait_kind kind,
                           const fer_cancel_token *token, uint64_t nanos)
{
    uint64_t deadline = ferp_now() + nanos;
    fer_error error = wait_with(sockets, kind, token, deadline);
    assert_kind(error, FER_TIMED_OUT);
    assert_int_equal(error.os_code, 0);
    assert_true(ferp_now() >= deadline);
}

/* ---- In one thread */

TEST(a_token_that_is_not_signalled_changes_no_deadline)
{
    struct sockets sockets = open_sockets();
    fer_cancel_token token = {0};
    const uint64_t nanos[] = {0, 1, MILLI, 40 * MILLI};
    assert_ok(ferp_token_open(&token));
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
            assert_expires(&sockets, (enum wait_kind)kind, &token, nanos[i]);
        }
    }
    ferp_token_close(&token);
    close_sockets(&sockets);
}

TEST(a_signal_before_the_wait_ends_every_wait)
{
    struct sockets sockets = open_sockets();
    fer_cancel_token token = {0};
    assert_ok(ferp_token_open(&token));
    ferp_token_signal(&token);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        assert_ok(wait_with(&sockets, (enum wait_kind)kind, &token, seam_deadline()));
        assert_ok(wait_with(&sockets, (enum wait_kind)kind, &token, FERP_NO_DEADLINE));
        /* A finite deadline whose milliseconds do not fit 32 bits. */
        assert_ok(wait_with(&sockets, (enum wait_kind)kind, &token, FERP_NO_DEADLINE - 1));
        assert_ok(wait_with(&sockets, (enum wait_kind)kind, &token, ferp_now() + 40 * MILLI));
        assert_ok(wait_with(&sockets, (enum wait_kind)kind, &token, 0));
    }
    ferp_token_close(&token);
    close_sockets(&sockets);
}

TEST(a_signal_between_arm_and_wait_is_not_lost)
{
    const ferp_readiness readiness[] = {FERP_READABLE, FERP_ACCEPTABLE};
    struct seam_pair pair = seam_open();
    fer_cancel_token token = {0};
    assert_ok(ferp_token_open(&token));
    for (size_t i = 0; i < 20; i++) {
        ferp_wait wait;
        assert_ok(ferp_wait_arm(&wait, i % 2 == 0 ? pair.client : pair.listener, readiness[i % 2]));
        assert_null(wait.token);
        wait.token = &token;
        ferp_token_signal(&token);
        assert_ok(ferp_wait_for(&wait, seam_deadline()));
        ferp_token_clear(&token);
    }
    ferp_token_close(&token);
    seam_close(&pair);
}

TEST(after_a_clear_the_waits_expire_again)
{
    struct sockets sockets = open_sockets();
    fer_cancel_token token = {0};
    assert_ok(ferp_token_open(&token));
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        ferp_token_signal(&token);
        ferp_token_signal(&token);
        assert_ok(wait_with(&sockets, (enum wait_kind)kind, &token, seam_deadline()));
        ferp_token_clear(&token);
        assert_expires(&sockets, (enum wait_kind)kind, &token, MILLI);
    }
    ferp_token_clear(&token);
    assert_expires(&sockets, FOR_A_TOKEN, &token, MILLI);
    ferp_token_close(&token);
    close_sockets(&sockets);
}

/* 160,000 bytes: more than a pipe holds. */
TEST(any_number_of_signals_is_one)
{
    fer_cancel_token token = {0};
    assert_ok(ferp_token_open(&token));
    for (int i = 0; i < 20000; i++) {
        ferp_token_signal(&token);
    }
    assert_ok(ferp_token_wait(&token, NULL, seam_deadline()));
    ferp_token_clear(&token);
    assert_kind(ferp_token_wait(&token, NULL, 0), FER_TIMED_OUT);
    ferp_token_signal(&token);
    assert_ok(ferp_token_wait(&token, NULL, seam_deadline()));
    ferp_token_close(&token);
}

TEST(a_ready_socket_ends_a_wait_with_a_token)
{
    struct seam_pair pair = seam_open();
    fer_cancel_token token = {0};
    fer_interest ready = 0;
    assert_ok(ferp_token_open(&token));
    seam_send(pair.server, "x");
    for (int i = 0; i < 2; i++) {
        assert_ok(wait_for_socket(pair.client, FERP_READABLE, &token, seam_deadline()));
        assert_ok(wait_for_socket(pair.client, FERP_WRITABLE, &token, seam_deadline()));
        /* With both, any hint is right. */
        ferp_token_signal(&token);
    }
    ferp_token_clear(&token);
    assert_ok(
        ferp_ready(pair.client, FER_READABLE, seam_deadline(), seam_deadline(), &token, &ready));
    assert_int_equal(ready, FER_READABLE);
    seam_expect(pair.client, "x");
    ferp_token_close(&token);
    seam_close(&pair);
}

/* ---- In several threads */

struct waiter {
    const struct sockets *sockets;
    enum wait_kind kind;
    const fer_cancel_token *token;
    atomic_bool has_started;
    fer_error error;
    test_thread thread;
};

static void wait_in_thread(void *argument)
{
    struct waiter *waiter = argument;
    atomic_store(&waiter->has_started, true);
    waiter->error = wait_with(waiter->sockets, waiter->kind, waiter->token, seam_deadline());
}

static void start_waiter(struct waiter *waiter, const struct sockets *sockets, enum wait_kind kind,
                         const fer_cancel_token *token)
{
    waiter->sockets = sockets;
    waiter->kind = kind;
    waiter->token = token;
    atomic_init(&waiter->has_started, false);
    test_thread_start(&waiter->thread, wait_in_thread, waiter);
    while (!atomic_load(&waiter->has_started)) {
        test_thread_yield();
    }
}

/* Every second wait has probably begun in the system when it is signalled. */
TEST(another_thread_signals_each_kind_of_wait)
{
    struct sockets sockets = open_sockets();
    fer_cancel_token token = {0};
    assert_ok(ferp_token_open(&token));
    for (int i = 0; i < 10 * KIND_COUNT; i++) {
        struct waiter waiter;
        start_waiter(&waiter, &sockets, (enum wait_kind)(i / 10), &token);
        for (int k = 0; i % 2 == 0 && k < 10; k++) {
            seam_send(sockets.pair.client, "meanwhile");
            seam_expect(sockets.pair.server, "meanwhile");
        }
        ferp_token_signal(&token);
        test_thread_join(&waiter.thread);
        assert_ok(waiter.error);
        ferp_token_clear(&token);
    }
    ferp_token_close(&token);
    close_sockets(&sockets);
}

TEST(a_token_ends_only_the_waits_with_it)
{
    struct sockets sockets = open_sockets();
    fer_cancel_token signalled = {0};
    fer_cancel_token other = {0};
    struct waiter waiter;
    assert_ok(ferp_token_open(&signalled));
    assert_ok(ferp_token_open(&other));
    ferp_token_signal(&signalled);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        assert_expires(&sockets, (enum wait_kind)kind, &other, MILLI);
    }
    start_waiter(&waiter, &sockets, TO_READ, &other);
    assert_ok(wait_with(&sockets, TO_READ, &signalled, seam_deadline()));
    ferp_token_signal(&other);
    test_thread_join(&waiter.thread);
    assert_ok(waiter.error);
    ferp_token_close(&signalled);
    ferp_token_close(&other);
    close_sockets(&sockets);
}

TEST_MAIN("platform_token")
