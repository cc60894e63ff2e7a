/* pattern.c: the patterned bytes of fixture.h. */
#include "support/fixture.h"

enum { PIECE = 65536 };

/* 61 a byte, and one more every 251 bytes: a shift or a lost page changes the pattern. */
unsigned char pattern_at(uint64_t offset)
{
    return (unsigned char)(offset * 61u + offset / 251u);
}

void pattern_fill(void *buf, size_t len, uint64_t offset)
{
    unsigned char *bytes = buf;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = pattern_at(offset + i);
    }
}

bool pattern_matches(const void *buf, size_t len, uint64_t offset)
{
    const unsigned char *bytes = buf;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != pattern_at(offset + i)) {
            return false;
        }
    }
    return true;
}

peer_outcome peer_drain(peer_socket peer, uint64_t *total, bool *intact)
{
    unsigned char buf[PIECE];
    *total = 0;
    *intact = true;
    for (;;) {
        size_t n = 0;
        peer_outcome outcome = peer_recv_some(peer, buf, sizeof buf, &n);
        if (outcome != PEER_GOT) {
            return outcome;
        }
        *intact = *intact && pattern_matches(buf, n, *total);
        *total += n;
    }
}

bool early_closes_may_lose(void)
{
    return peer_is_windows() && !peer_is_wine();
}

void assert_all_arrives_after_close(peer_socket peer, uint64_t len)
{
    uint64_t total = 0;
    bool intact = false;
    peer_outcome outcome = peer_drain(peer, &total, &intact);
    assert_true(intact);
    if (!early_closes_may_lose() || outcome != PEER_RESET) {
        assert_int_equal(outcome, PEER_END);
        assert_int_equal(total, len);
    }
}

void drain_all(void *argument)
{
    struct drain *drain = argument;
    drain->outcome = peer_drain(drain->peer, &drain->total, &drain->intact);
}

fer_error write_until_failure(stream_ref stream, size_t piece, uint64_t *total)
{
    unsigned char buf[PIECE];
    assert_true(piece <= sizeof buf);
    for (;;) {
        size_t n = 77;
        pattern_fill(buf, piece, *total);
        fer_error error = stream_write(stream, buf, piece, &n);
        if (error.kind != FER_OK) {
            assert_int_equal(n, 0);
            return error;
        }
        assert_true(n > 0 && n <= piece);
        *total += n;
    }
}

/* Data in flight frees buffer space when it arrives, however slow the loopback is. */
static void settle(const fer_tcp_stream *stream)
{
    uint64_t start = peer_now_us();
    while (!peer_raw_has_settled(fer_tcp_stream_as_raw(stream))) {
        assert_true(microseconds_since(start) < PEER_LIMIT_MS * UINT64_C(1000));
        peer_pause(1);
    }
    peer_pause(15);
}

/* Small pieces last: a small piece may fit where a large one does not. Space may be freed a little
 * later even then. */
uint64_t fill_until_it_would_block(fer_tcp_stream *stream)
{
    static const size_t pieces[] = {PIECE, 4096};
    uint64_t total = 0;
    uint64_t before = 0;
    assert_ok(fer_tcp_stream_set_nonblocking(stream, true));
    do {
        before = total;
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            assert_kind(write_until_failure(tcp_ref(stream), pieces[i], &total), FER_WOULD_BLOCK);
        }
        settle(stream);
    } while (total != before);
    assert_ok(fer_tcp_stream_set_nonblocking(stream, false));
    return total;
}
