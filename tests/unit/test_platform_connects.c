/* test_platform_connects.c: the seam's contract on this host: the wait for several started
 * connects, with and without a token. */
#include "support/poll_connects.h"
#include "support/seam.h"

#define MILLI UINT64_C(1000000)

enum { FILLERS_MAX = 64, CONNECTS = 16 };

/* ---- Connects that succeed, fail, or stay pending */

static fer_raw_socket start_connect(const fer_socket_addr *addr)
{
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    fer_error started = ferp_connect(raw, addr);
    if (started.kind != FER_OK && started.kind != FER_CONNECTION_REFUSED) {
        assert_kind(started, ferp_traits()->connect_would_block_means_started ? FER_WOULD_BLOCK
                                                                              : FER_IN_PROGRESS);
    }
    return raw;
}

/* The result of an ended connect. SO_ERROR of a failure may be late (Windows). */
static fer_error_kind result_of(fer_raw_socket raw)
{
    uint64_t deadline = seam_deadline();
    fer_error error = {FER_OK, 0};
    while (error.kind == FER_OK && ferp_check_connected(raw).kind != FER_OK) {
        assert_ok(ferp_take_error(raw, &error));
        assert_true(ferp_now() < deadline);
    }
    return error.kind;
}

/* A port that no socket listens on: this one is only bound, so that no other socket gets the port.
 * If such a port refuses nothing, the socket is closed. */
static fer_raw_socket refusing(fer_socket_addr *addr)
{
    fer_raw_socket raw = seam_socket();
    *addr = seam_loopback(0);
    assert_ok(ferp_bind(raw, addr));
    assert_ok(ferp_local_addr(raw, addr));
    if (seam_bound_ports_are_silent()) {
        ferp_close(raw);
        return seam_socket();
    }
    return raw;
}

/* A listener whose queue is full, and the connects that fill it. The last one is pending. */
static struct full {
    fer_raw_socket listener;
    fer_socket_addr addr;
    fer_raw_socket raws[FILLERS_MAX];
    size_t count;
} full;

/* Whether the connect has not ended within 300 ms. */
static bool stays_pending(fer_raw_socket raw)
{
    uint32_t ended = 77;
    return poll_connects(&raw, 1, ferp_now() + 300 * MILLI, NULL, &ended).kind == FER_TIMED_OUT;
}

static int close_full(void **state)
{
    while (full.count > 0) {
        ferp_close(full.raws[--full.count]);
    }
    ferp_close(full.listener);
    return 0;
}

/* Skips the test if this OS refuses instead, as Windows does. Returns the pending connect. */
static fer_raw_socket fill_queue(void)
{
    while (full.count < FILLERS_MAX) {
        fer_raw_socket raw = start_connect(&full.addr);
        full.raws[full.count++] = raw;
        if (stays_pending(raw)) {
            return raw;
        }
        if (result_of(raw) != FER_OK) {
            break;
        }
    }
    print_message("this OS refuses a connect to a full queue\n");
    skip();
    return FER_RAW_SOCKET_NONE;
}

static int open_full(void **state)
{
    full = (struct full){.listener = seam_socket(), .addr = seam_loopback(0)};
    assert_ok(ferp_bind(full.listener, &full.addr));
    assert_ok(ferp_listen(full.listener, 1));
    assert_ok(ferp_local_addr(full.listener, &full.addr));
    return 0;
}

#define FULL_TEST(function) TEST_WITH(function, open_full, close_full)

/* ---- Tests */

/* Each place of the set has each of the three. */
FULL_TEST(a_refused_a_connected_and_a_pending_connect_are_distinguished)
{
    fer_raw_socket pending = fill_queue();
    fer_socket_addr refused_addr;
    fer_raw_socket bound = refusing(&refused_addr);
    struct seam_pair pair = seam_open();
    for (size_t at = 0; at < 3; at++) {
        fer_raw_socket refused = start_connect(&refused_addr);
        fer_raw_socket raws[3];
        raws[at] = pending;
        raws[(at + 1) % 3] = refused;
        raws[(at + 2) % 3] = pair.client;
        uint32_t connected_bit = UINT32_C(1) << (at + 2) % 3;
        uint32_t refused_bit = UINT32_C(1) << (at + 1) % 3;
        uint64_t deadline = seam_deadline();
        uint32_t ended = 0;
        while (ended != (connected_bit | refused_bit)) {
            assert_ok(poll_connects(raws, 3, deadline, NULL, &ended));
            assert_true((ended & connected_bit) != 0);
            assert_true(ferp_now() < deadline);
            assert_int_equal(ended & UINT32_C(1) << at, 0);
        }
        assert_int_equal(result_of(refused), FER_CONNECTION_REFUSED);
        ferp_close(refused);
    }
    ferp_close(bound);
    seam_close(&pair);
}

/* Another descriptor of the socket takes the error. Windows keeps it. */
FULL_TEST(a_connect_whose_error_was_taken_is_not_pending)
{
    fer_raw_socket pending = fill_queue();
    fer_socket_addr addr;
    fer_raw_socket bound = refusing(&addr);
    fer_raw_socket refused = start_connect(&addr);
    fer_raw_socket other = FER_RAW_SOCKET_NONE;
    fer_error error = {FER_OK, 0};
#ifdef FERRULE_PLAIN_POSIX
    assert_int_equal(ferp_connect_is_pending(pending), FERP_MAY_BE_PENDING);
#else
    assert_int_equal(ferp_connect_is_pending(pending), FERP_PENDING);
#endif
    assert_ok(ferp_duplicate(refused, &other));
    assert_int_equal(result_of(other), FER_CONNECTION_REFUSED);
    assert_ok(ferp_take_error(refused, &error));
    assert_int_equal(error.kind == FER_OK && ferp_connect_is_pending(refused), 0);
    ferp_close(other);
    ferp_close(refused);
    ferp_close(bound);
}

FULL_TEST(a_wait_for_pending_connects_expires_or_is_cancelled)
{
    (void)fill_queue();
    fer_raw_socket raws[CONNECTS];
    const size_t counts[] = {1, 2, CONNECTS};
    const uint64_t nanos[] = {0, 1, MILLI, 40 * MILLI};
    fer_cancel_token token = {0};
    assert_ok(ferp_token_open(&token));
    for (size_t i = 0; i < CONNECTS; i++) {
        raws[i] = start_connect(&full.addr);
    }
    for (size_t i = 0; i < 24; i++) {
        uint32_t ended = 77;
        uint64_t deadline = ferp_now() + nanos[i / 3 % 4];
        fer_error error =
            poll_connects(raws, counts[i % 3], deadline, i < 12 ? NULL : &token, &ended);
        assert_kind(error, FER_TIMED_OUT);
        assert_int_equal(error.os_code, 0);
        assert_true(ferp_now() >= deadline);
        assert_int_equal(ended, 77);
    }
    ferp_token_signal(&token);
    for (size_t i = 0; i < 6; i++) {
        uint32_t ended = 77;
        uint64_t deadline = i < 3 ? seam_deadline() : 0;
        assert_ok(poll_connects(raws, counts[i % 3], deadline, &token, &ended));
        assert_int_equal(ended, 0);
    }
    for (size_t i = 0; i < CONNECTS; i++) {
        ferp_close(raws[i]);
    }
    ferp_token_close(&token);
}

TEST(a_wait_for_a_closed_socket_is_bad_handle)
{
    fer_raw_socket raws[2];
    uint32_t ended = 77;
    struct seam_pair pair = seam_open();
    raws[0] = pair.client;
    raws[1] = seam_socket();
    ferp_close(raws[1]);
    assert_kind(poll_connects(raws, 2, seam_deadline(), NULL, &ended), FER_BAD_HANDLE);
    assert_int_equal(ended, 77);
    seam_close(&pair);
}

TEST_MAIN("platform_connects")
