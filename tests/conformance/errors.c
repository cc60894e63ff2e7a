/* errors.c: rules E1 to E3: kinds, codes and counts. For misuse (E4): misuse.c and
 * misuse_of_values.c. For the texts of errors: unit/test_error.c. */
#include "support/fixture.h"
#include "support/process.h"

static void check_codes(const struct process_error_code *codes)
{
    for (; codes->name != NULL; codes++) {
        fer_error error = fer_error_from_raw_os_error(codes->code);
        if (error.kind != codes->kind) {
            print_error("%s\n", codes->name);
        }
        assert_kind(error, codes->kind);
        assert_int_equal(error.os_code, codes->code);
    }
}

/* E2: "If Rust's own decoding of OS codes names a kind, it is that kind". The other codes have a
 * kind of ferrule's. Numbers that are no code: unit/test_error_maps.c. */
RULE_TEST("E2", a_code_has_the_kind_that_rust_names_or_one_of_ferrule)
{
    check_codes(process_rust_error_codes);
    check_codes(process_other_error_codes);
}

/* E1: ferrule's own errors have os_code 0, the OS's errors have the OS's code. */
PAIR_TEST("E1", os_code_is_the_oss_number_or_0)
{
    fer_tcp_stream *fresh = test_stream();
    uint16_t port = 0;
    char byte;
    assert_true(peer_refuse(PEER_V4, &port));
    fer_socket_addr refused = loopback(PEER_V4, port);
    assert_own(fer_tcp_stream_read(fresh, &byte, 1, NULL), FER_NOT_CONNECTED);
    assert_own(fer_tcp_stream_set_ttl(&pair->stream, 0), FER_INVALID_INPUT);
    fer_error error = fer_tcp_stream_connect_addr(fresh, &refused);
    assert_kind(error, FER_CONNECTION_REFUSED);
    assert_true(error.os_code == process_code_refused() ||
                (peer_is_windows() && error.os_code == 0));
    assert_ok(fer_tcp_stream_set_read_timeout(&pair->stream, millis(10)));
    assert_own(fer_tcp_stream_read(&pair->stream, &byte, 1, NULL), FER_TIMED_OUT);
    pair_reset_and_wait(pair);
    error = fer_tcp_stream_read(&pair->stream, &byte, 1, NULL);
    assert_kind(error, FER_CONNECTION_RESET);
    assert_int_not_equal(error.os_code, 0);
    fer_error again = fer_tcp_stream_read(&pair->stream, &byte, 1, NULL);
    assert_int_equal(again.os_code, error.os_code);
}

/* ---- E3: "A count that accompanies an error is true: the bytes that were moved before it." */

/* E3: read_to_end with a buffer that is too small: the count is the buffer's size, and the rest
 * "stays queued". */
PAIR_TEST("E3", read_to_end_reports_a_full_buffer_and_leaves_the_rest)
{
    char buf[8] = {0};
    size_t n = 77;
    assert_true(peer_send_all(pair->other, "abcdefg", 7));
    assert_true(peer_shutdown_write(pair->other));
    assert_own_n(fer_tcp_stream_read_to_end(&pair->stream, buf, 3, &n), FER_BUFFER_TOO_SMALL, n, 3);
    assert_memory_equal(buf, "abc\0", 4);
    assert_own_n(fer_tcp_stream_read_to_end(&pair->stream, NULL, 0, &n), FER_BUFFER_TOO_SMALL, n,
                 0);
    assert_ok_n(fer_tcp_stream_read_to_end(&pair->stream, buf, 4, &n), n, 4);
    assert_memory_equal(buf, "defg", 4);
    assert_ok_n(fer_tcp_stream_read_to_end(&pair->stream, NULL, 0, &n), n, 0);
}

/* Calls write_all until it fails, however much the system buffers. *total is the sum of the
 * counts. */
static fer_error write_all_until_failure(fer_tcp_stream *stream, uint64_t *total)
{
    enum { LEN = 3000000 };
    static unsigned char bytes[LEN];
    *total = 0;
    for (;;) {
        size_t n = 77;
        pattern_fill(bytes, LEN, *total);
        fer_error error = fer_tcp_stream_write_all(stream, bytes, LEN, &n);
        *total += n;
        if (error.kind != FER_OK) {
            assert_in_range(n, 0, LEN - 1);
            return error;
        }
        assert_int_equal(n, LEN);
    }
}

/* E3: a write_all that fails reports how many bytes the peer will receive. */
SLOW_KIND_TEST("E3", write_all_counts_the_bytes_before_the_failure)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        struct pair *pair = pair_open_kind(kind);
        uint64_t written = 0;
        uint64_t total = 0;
        bool intact = false;
        assert_ok(fer_tcp_stream_set_write_timeout(&pair->stream, millis(30)));
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, nonblocking != 0));
        assert_kind(write_all_until_failure(&pair->stream, &written),
                    nonblocking ? FER_WOULD_BLOCK : FER_TIMED_OUT);
        assert_true(written > 0);
        assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
        assert_int_equal(peer_drain(pair->other, &total, &intact), PEER_END);
        assert_true(intact);
        assert_true(total == written);
        pair_close(pair);
    }
}

/* E3: every counted call accepts NULL for the count. */
PAIR_TEST("E3", every_count_may_be_null)
{
    char buf[4];
    fer_io_slice out = {"x", 1};
    fer_io_slice_mut in = {buf, 1};
    assert_ok(fer_tcp_stream_write(&pair->stream, "x", 1, NULL));
    assert_ok(fer_tcp_stream_write_all(&pair->stream, "x", 1, NULL));
    assert_ok(fer_tcp_stream_write_vectored(&pair->stream, &out, 1, NULL));
    assert_true(peer_send_all(pair->other, "abcd", 4));
    assert_true(peer_shutdown_write(pair->other));
    assert_ok(fer_tcp_stream_peek(&pair->stream, buf, 1, NULL));
    assert_ok(fer_tcp_stream_read(&pair->stream, buf, 1, NULL));
    assert_ok(fer_tcp_stream_read_vectored(&pair->stream, &in, 1, NULL));
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, buf, 1, NULL));
    assert_ok(fer_tcp_stream_read_to_end(&pair->stream, buf, 4, NULL));
}

RULE_TESTS("errors")
