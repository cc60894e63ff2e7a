/* test_platform_ready.c: the seam's contract on this host: the wait for readiness in either
 * direction, and the calls that never wait. */
#include "support/seam.h"

enum { BOTH = FER_READABLE | FER_WRITABLE };

#define MILLI UINT64_C(1000000)

/* Returns which of the interests are ready now. */
static fer_interest poll_now(fer_raw_socket raw, fer_interest interest)
{
    fer_interest ready = 77;
    fer_error error = ferp_ready(raw, interest, 0, 0, NULL, &ready);
    if (error.kind == FER_TIMED_OUT) {
        assert_int_equal(error.os_code, 0);
        assert_int_equal(ready, 77);
        return 0;
    }
    assert_ok(error);
    assert_true(ready != 0 && (ready & ~interest) == 0);
    return ready;
}

/* Waits and returns which of the interests became ready. */
static fer_interest wait_ready(fer_raw_socket raw, fer_interest interest)
{
    fer_interest ready = 77;
    assert_ok(ferp_ready(raw, interest, seam_deadline(), seam_deadline(), NULL, &ready));
    assert_true(ready != 0 && (ready & ~interest) == 0);
    return ready;
}

TEST(a_stream_is_ready_for_input_and_for_free_space)
{
    struct seam_pair pair = seam_open();
    assert_int_equal(poll_now(pair.client, FER_READABLE), 0);
    assert_int_equal(poll_now(pair.client, BOTH), FER_WRITABLE);
    seam_send(pair.server, "x");
    assert_int_equal(wait_ready(pair.client, FER_READABLE), FER_READABLE);
    assert_int_equal(poll_now(pair.client, BOTH), BOTH);
    assert_int_equal(poll_now(pair.client, FER_WRITABLE), FER_WRITABLE);
    seam_expect(pair.client, "x");
    assert_int_equal(poll_now(pair.client, FER_READABLE), 0);
    seam_close(&pair);
}

TEST(a_wait_expires_at_its_time_and_not_before)
{
    struct seam_pair pair = seam_open();
    const uint64_t nanos[] = {0, 1, 999999, MILLI, 3 * MILLI + 1, 40 * MILLI};
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        fer_interest ready = 77;
        uint64_t until = ferp_now() + nanos[i];
        fer_error error =
            ferp_ready(pair.client, FER_READABLE, until, FERP_NO_DEADLINE, NULL, &ready);
        assert_kind(error, FER_TIMED_OUT);
        assert_int_equal(error.os_code, 0);
        assert_true(ferp_now() >= until);
        assert_int_equal(ready, 77);
    }
    seam_close(&pair);
}

/* The peer's end of file does not affect writing. A failed connection is ready for everything. */
TEST(the_end_is_readable_and_a_reset_is_ready_for_all)
{
    struct seam_pair pair = seam_open();
    assert_ok(ferp_shutdown(pair.server, FER_SHUTDOWN_WRITE));
    assert_int_equal(wait_ready(pair.client, FER_READABLE), FER_READABLE);
    assert_int_equal(poll_now(pair.client, BOTH), BOTH);
    assert_ok(ferp_set_linger(pair.server, (struct ferp_linger){true, 0}));
    ferp_close(pair.server);
    seam_await_reset(pair.client);
    assert_int_equal(poll_now(pair.client, BOTH), BOTH);
    assert_int_equal(poll_now(pair.client, FER_READABLE), FER_READABLE);
    assert_int_equal(poll_now(pair.client, FER_WRITABLE), FER_WRITABLE);
    ferp_close(pair.client);
    ferp_close(pair.listener);
}

TEST(a_listener_is_readable_while_a_connection_is_queued)
{
    fer_socket_addr addr;
    fer_raw_socket listener = seam_listener(&addr);
    fer_raw_socket client = seam_socket();
    fer_raw_socket server = FER_RAW_SOCKET_NONE;
    fer_socket_addr peer;
    assert_int_equal(poll_now(listener, BOTH), 0);
    fer_error started = ferp_connect(client, &addr);
    assert_int_equal(wait_ready(listener, BOTH), FER_READABLE);
    assert_ok(ferp_accept(listener, &server, &peer));
    seam_finish_connect(client, started);
    assert_int_equal(poll_now(listener, BOTH), 0);
    ferp_close(server);
    ferp_close(client);
    ferp_close(listener);
}

TEST(readiness_of_a_closed_socket_is_bad_handle)
{
    fer_interest ready = 77;
    fer_raw_socket raw = seam_socket();
    ferp_close(raw);
    assert_kind(ferp_ready(raw, BOTH, 0, 0, NULL, &ready), FER_BAD_HANDLE);
    assert_int_equal(ready, 77);
}

/* Never-waiting calls on a blocking socket. */
TEST(calls_that_never_wait_do_not)
{
    struct seam_pair pair = seam_open();
    size_t moved = 77;
    char byte;
    assert_kind(ferp_recv(pair.client, &byte, 1, FERP_DONTWAIT, &moved), FER_WOULD_BLOCK);
    assert_int_equal(moved, 0);
    assert_kind(ferp_recv(pair.client, &byte, 1, FERP_PEEK | FERP_DONTWAIT, &moved),
                FER_WOULD_BLOCK);
    seam_send(pair.server, "xy");
    seam_await(pair.client, FERP_READABLE);
    assert_ok(ferp_recv(pair.client, &byte, 1, FERP_PEEK | FERP_DONTWAIT, &moved));
    assert_int_equal(byte, 'x');
    assert_ok(ferp_recv(pair.client, &byte, 1, FERP_DONTWAIT, &moved));
    assert_int_equal(byte, 'x');
    assert_ok(ferp_recv(pair.client, &byte, 1, FERP_DONTWAIT, &moved));
    assert_int_equal(byte, 'y');
    (void)seam_fill(pair.client);
    assert_int_equal(poll_now(pair.client, BOTH), 0);
    seam_close(&pair);
}

TEST(slices_that_never_wait_do_not)
{
    static char block[65536];
    struct seam_pair pair = seam_open();
    char got[2] = {0};
    fer_io_slice_mut into[] = {{&got[0], 1}, {&got[1], 1}};
    fer_io_slice from[] = {{block, sizeof block}, {block, sizeof block}};
    fer_error error = {FER_OK, 0};
    uint64_t deadline = seam_deadline();
    size_t moved = 77;
    assert_kind(ferp_recv_vectored(pair.client, into, 2, FERP_DONTWAIT, &moved), FER_WOULD_BLOCK);
    assert_int_equal(moved, 0);
    seam_send(pair.server, "xy");
    seam_await(pair.client, FERP_READABLE);
    assert_ok(ferp_recv_vectored(pair.client, into, 2, FERP_DONTWAIT, &moved));
    assert_int_equal(moved, 2);
    assert_memory_equal(got, "xy", 2);
    while (error.kind == FER_OK) {
        assert_true(ferp_now() < deadline);
        error = ferp_send_vectored(pair.client, from, 2, FERP_DONTWAIT, &moved);
    }
    assert_kind(error, FER_WOULD_BLOCK);
    assert_int_equal(moved, 0);
    seam_close(&pair);
}

TEST(datagrams_that_never_wait_do_not)
{
    fer_raw_socket raw = seam_datagram_socket();
    fer_socket_addr addr;
    struct ferp_datagram got;
    char buf[8];
    size_t n = 77;
    assert_ok(ferp_local_addr(raw, &addr));
    assert_int_equal(poll_now(raw, BOTH), FER_WRITABLE);
    assert_kind(ferp_recv_from(raw, buf, sizeof buf, FERP_DONTWAIT, &got), FER_WOULD_BLOCK);
    assert_kind(ferp_recv_from(raw, buf, sizeof buf, FERP_PEEK | FERP_DONTWAIT, &got),
                FER_WOULD_BLOCK);
    assert_ok(ferp_send_to(raw, "self", 4, FERP_DONTWAIT, &addr, &n));
    assert_int_equal(n, 4);
    assert_int_equal(wait_ready(raw, FER_READABLE), FER_READABLE);
    assert_ok(ferp_recv_from(raw, buf, 2, FERP_PEEK | FERP_DONTWAIT, &got));
    assert_int_equal(got.len, 2);
    assert_true(got.truncated);
    assert_ok(ferp_recv_from(raw, buf, sizeof buf, FERP_DONTWAIT, &got));
    assert_int_equal(got.len, 4);
    assert_true(fer_socket_addr_eq(&got.from, &addr));
    ferp_close(raw);
}

TEST_MAIN("platform_ready")
