/* lengths.c: rule R3: lengths, sums of slices and numbers of slices above the OS's limit are cut to
 * the limit: a short read or write, never an error, never a wrap. */
#include <string.h>

#include "support/fixture.h"
#include "support/process.h"
#include "support/stream_fixture.h"

/* More slices than any OS accepts in one call (POSIX systems accept 1024). */
enum { SLICES = 5000 };

/* Above INT_MAX, UINT_MAX and SSIZE_MAX, up to SIZE_MAX, in ascending order. */
static const size_t huge_lengths[] = {
    (size_t)INT32_MAX, (size_t)INT32_MAX + 1, (size_t)UINT32_MAX, SIZE_MAX / 2,
    SIZE_MAX / 2 + 1,  SIZE_MAX - 1,          SIZE_MAX,
};
#define HALF ((size_t)INT32_MAX + 1)
enum { HUGE_LENGTHS = (int)(sizeof huge_lengths / sizeof huge_lengths[0]) };

/* More than 2 GB of memory, if size_t has 64 bits. */
#define AREA_LENGTH (sizeof(size_t) > 4 ? (size_t)UINT64_C(0x90000000) : (size_t)0x50000000)

static unsigned char *area_of_memory(void)
{
    unsigned char *area = process_reserve(AREA_LENGTH);
    skip_if(area == NULL, "this machine has no 2.4 GB of address space");
    return area;
}

static void skip_huge_reads_on_wine(void)
{
    skip_if(peer_is_wine(),
            "Wine writes to every page of a receive's buffer first: gigabytes and seconds "
            "for each call");
}

/* POSIX systems access only the bytes that they store. Windows returns WSAEFAULT for memory that is
 * not mapped. */
static bool may_claim(size_t len)
{
    return !peer_is_windows() || len <= AREA_LENGTH - 8;
}

/* R3 for reads: lengths, and sums of two slices that wrap to a small number or to 0, in 32 bits or
 * in a size_t. On POSIX the largest exceed the memory, but only the received bytes are stored, and
 * the memory has space for those. */
PAIR_TEST("R3", a_read_of_a_huge_length_or_sum_is_short)
{
    skip_huge_reads_on_wine();
    static const size_t pairs[][2] = {{3, SIZE_MAX - 2},    {SIZE_MAX, 1},
                                      {SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1},
                                      {HALF, HALF},         {HALF, HALF + 1},
                                      {HALF + 1, HALF - 1}, {3, HALF}};
    enum { PAIRS = sizeof pairs / sizeof pairs[0] };
    unsigned char *buf = area_of_memory();
    for (size_t i = 0; i < 2 * HUGE_LENGTHS + PAIRS; i++) {
        bool vectored = i >= 2 * HUGE_LENGTHS;
        size_t first = vectored ? pairs[i - 2 * HUGE_LENGTHS][0] : huge_lengths[i / 2];
        size_t second = vectored ? pairs[i - 2 * HUGE_LENGTHS][1] : 0;
        fer_io_slice_mut slices[] = {{buf, first}, {NULL, 0}, {buf + (first == 3 ? 3 : 0), second}};
        size_t n = 77;
        if (!may_claim(first) || !may_claim(second)) {
            continue;
        }
        memset(buf, 0, 8);
        pair_send(pair, "seven b", 7);
        assert_ok(vectored     ? fer_tcp_stream_read_vectored(&pair->stream, slices, 3, &n)
                  : i % 2 == 0 ? fer_tcp_stream_peek(&pair->stream, buf, first, &n)
                               : fer_tcp_stream_read(&pair->stream, buf, first, &n));
        assert_true(n == 7 || (n == 3 && first == 3));
        size_t taken = !vectored && i % 2 == 0 ? 0 : n;
        assert_ok(fer_tcp_stream_read_exact(&pair->stream, buf + taken, 7 - taken, NULL));
        assert_memory_equal(buf, "seven b", 7);
    }
    process_unreserve(buf, AREA_LENGTH);
    assert_alive(pair);
}

static uint64_t count_until_the_end(peer_socket peer)
{
    static unsigned char piece[65536];
    uint64_t received = 0;
    size_t n = 0;
    while (peer_recv_some(peer, piece, sizeof piece, &n) == PEER_GOT) {
        received += n;
    }
    return received;
}

/* R3 for writes: the count is the number of bytes that the peer receives. */
SLOW_KIND_TEST("R3", a_write_of_a_huge_length_is_short)
{
    unsigned char *area = area_of_memory();
    for (int vectored = 0; vectored < 2; vectored++) {
        struct pair *pair = pair_open_kind(kind);
        fer_io_slice slices[3] = {{area, AREA_LENGTH}, {area, AREA_LENGTH}, {area, AREA_LENGTH}};
        size_t n = 77;
        assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
        assert_ok(vectored ? fer_tcp_stream_write_vectored(&pair->stream, slices, 3, &n)
                           : fer_tcp_stream_write(&pair->stream, area, AREA_LENGTH, &n));
        assert_true(n > 0 && n < AREA_LENGTH);
        assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
        assert_true(count_until_the_end(pair->other) == n);
        fer_tcp_stream_close(&pair->stream);
        pair_close(pair);
    }
    process_unreserve(area, AREA_LENGTH);
}

/* R3: "numbers of slices": a short write, in order, and no byte is lost, and a short read. */
PAIR_TEST("R3", more_slices_than_the_os_takes_are_moved_short)
{
    static fer_io_slice out[SLICES];
    static fer_io_slice_mut in[SLICES];
    static unsigned char bytes[SLICES * 3];
    size_t moved = 0;
    size_t n = 77;
    pattern_fill(bytes, sizeof bytes, 0);
    for (size_t i = 0; i < SLICES; i++) {
        out[i] = (fer_io_slice){bytes + 3 * i, 3};
        in[i] = (fer_io_slice_mut){bytes + i, 1};
    }
    assert_true(peer_send_all(pair->other, bytes, SLICES));
    for (; moved < sizeof bytes; moved += n) {
        assert_ok(
            fer_tcp_stream_write_vectored(&pair->stream, out + moved / 3, SLICES - moved / 3, &n));
        assert_true(n > 0 && n % 3 == 0 && n <= sizeof bytes - moved);
    }
    memset(bytes, 0, SLICES);
    for (moved = 0; moved < SLICES; moved += n) {
        assert_ok(fer_tcp_stream_read_vectored(&pair->stream, in + moved, SLICES - moved, &n));
        assert_true(n > 0 && n <= SLICES - moved);
    }
    assert_true(pattern_matches(bytes, SLICES, 0));
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_WRITE));
    uint64_t total = 0;
    bool intact = false;
    assert_int_equal(peer_drain(pair->other, &total, &intact), PEER_END);
    assert_int_equal(total, sizeof bytes);
    assert_true(intact);
}

/* R3 and S4: if the first slices, as many as the OS accepts, are all empty, the call may move no
 * byte. That is not the end of the stream, and the call must not wait. */
PAIR_TEST("R3", many_empty_slices_are_not_the_end)
{
    static fer_io_slice_mut slices[SLICES];
    static fer_io_slice out[SLICES];
    char buf[8] = {0};
    fer_socket_addr addr;
    size_t n = 77;
    slices[SLICES - 1] = (fer_io_slice_mut){buf, 4};
    out[SLICES - 1] = (fer_io_slice){"last", 4};
    pair_send(pair, "data", 4);
    assert_ok(fer_tcp_stream_read_vectored(&pair->stream, slices, SLICES, &n));
    assert_true(n == 0 || n == 4);
    assert_ok(fer_tcp_stream_peer_addr(&pair->stream, &addr));
    if (n == 0) {
        assert_ok(fer_tcp_stream_read_exact(&pair->stream, buf, 4, NULL));
    }
    assert_memory_equal(buf, "data", 4);
    assert_ok(fer_tcp_stream_write_vectored(&pair->stream, out, SLICES, &n));
    assert_true(n == 0 || n == 4);
    if (n == 4) {
        assert_true(peer_recv_exact(pair->other, buf, 4));
    }
    assert_alive(pair);
}

/* Slices are filled and sent in order. Empty slices are skipped, also if their base is NULL. */
STREAM_PAIR_TEST("R3", slices_are_used_in_order_and_empty_ones_skipped)
{
    char a[3] = {0};
    char b[5] = {0};
    fer_io_slice out[5] = {{NULL, 0}, {"ab", 2}, {NULL, 0}, {"cdefg", 5}, {"h", 0}};
    fer_io_slice_mut in[4] = {{NULL, 0}, {a, 2}, {NULL, 0}, {b, 4}};
    char got[8] = {0};
    size_t n = 77;
    assert_ok_n(stream_write_vectored(pair.stream, out, 5, &n), n, 7);
    assert_true(peer_recv_exact(pair.other, got, 7));
    assert_string_equal(got, "abcdefg");
    stream_pair_send(pair, "uvwxyz");
    assert_ok_n(stream_read_vectored(pair.stream, in, 4, &n), n, 6);
    assert_string_equal(a, "uv");
    assert_string_equal(b, "wxyz");
}

/* R3: if a sum is cut, it is cut within a slice. A short slice is not sent alone. */
PAIR_TEST("R3", a_short_slice_is_sent_with_the_long_one_after_it)
{
    static unsigned char bytes[1000000];
    static unsigned char got[sizeof bytes];
    fer_io_slice slices[] = {{bytes, 3}, {bytes + 3, sizeof bytes - 3}};
    size_t n = 0;
    pattern_fill(bytes, sizeof bytes, 0);
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, true));
    assert_ok(fer_tcp_stream_write_vectored(&pair->stream, slices, 2, &n));
    assert_in_range(n, 4, sizeof bytes);
    assert_true(peer_recv_exact(pair->other, got, n));
    assert_true(pattern_matches(got, n, 0));
    assert_ok(fer_tcp_stream_set_nonblocking(&pair->stream, false));
    assert_alive(pair);
}

/* ---- Errors */

/* E2: "If Rust's own decoding of OS codes names a kind, it is that kind". The other codes, and
 * numbers that are no code: unit/test_error.c. */
RULE_TEST("E2", a_code_has_the_kind_that_rust_names)
{
    const struct process_error_code *codes = process_rust_error_codes;
    for (; codes->name != NULL; codes++) {
        fer_error error = fer_error_from_raw_os_error(codes->code);
        if (error.kind != codes->kind) {
            print_error("%s\n", codes->name);
        }
        assert_kind(error, codes->kind);
        assert_int_equal(error.os_code, codes->code);
    }
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

RULE_TESTS("lengths")
