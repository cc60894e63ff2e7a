/* misuse_handles.c: rule E4: every function of tcp.h on a handle that is NULL, NEW or CLOSED. Bad arguments to good handles are in
 * misuse_arguments.c.
 *
 * E4: "Misuse (NULL, {0} where an open socket is needed, a closed handle, ...) is INVALID_INPUT - NOT_CONNECTED where a stream that was
 * never connected is read, written or shut down - in every build, and never undefined behaviour." Outputs stay untouched, byte counts are
 * written always. */
#include "support/fixture.h"

/* All that a call could write. It is filled with a pattern before each call and looked at as bytes afterwards. */
struct outputs {
    unsigned char bytes[32];
    fer_io_slice_mut in[2];
    fer_io_slice out[2];
    fer_socket_addr addr;
    fer_duration duration;
    uint32_t number;
    unsigned char flag[sizeof(bool)];
    unsigned char keepalive[sizeof(fer_keepalive)];
    fer_error error;
    size_t n;
};

static struct outputs outputs;
static fer_tcp_stream spare_stream;
static fer_tcp_listener spare_listener;

static void fill(struct outputs *filled)
{
    memset(filled, 0x5a, sizeof *filled);
    filled->in[0] = (fer_io_slice_mut){outputs.bytes, 4};
    filled->in[1] = (fer_io_slice_mut){outputs.bytes + 4, 4};
    filled->out[0] = (fer_io_slice){outputs.bytes, 4};
    filled->out[1] = (fer_io_slice){outputs.bytes + 4, 4};
}

/* ---- The calls on a stream */

#define STREAM_CALL(name, expression) \
    static fer_error name(fer_tcp_stream *s) { return expression; }

STREAM_CALL(call_read, fer_tcp_stream_read(s, outputs.bytes, 8, &outputs.n))
STREAM_CALL(call_peek, fer_tcp_stream_peek(s, outputs.bytes, 8, &outputs.n))
STREAM_CALL(call_read_vectored, fer_tcp_stream_read_vectored(s, outputs.in, 2, &outputs.n))
STREAM_CALL(call_read_exact, fer_tcp_stream_read_exact(s, outputs.bytes, 8, &outputs.n))
STREAM_CALL(call_read_to_end, fer_tcp_stream_read_to_end(s, outputs.bytes, 8, &outputs.n))
STREAM_CALL(call_write, fer_tcp_stream_write(s, outputs.bytes, 8, &outputs.n))
STREAM_CALL(call_write_vectored, fer_tcp_stream_write_vectored(s, outputs.out, 2, &outputs.n))
STREAM_CALL(call_write_all, fer_tcp_stream_write_all(s, outputs.bytes, 8, &outputs.n))
STREAM_CALL(call_read_nothing, fer_tcp_stream_read(s, outputs.bytes, 0, &outputs.n))
STREAM_CALL(call_peek_nothing, fer_tcp_stream_peek(s, outputs.bytes, 0, &outputs.n))
STREAM_CALL(call_read_no_slices, fer_tcp_stream_read_vectored(s, NULL, 0, &outputs.n))
STREAM_CALL(call_read_exactly_nothing, fer_tcp_stream_read_exact(s, outputs.bytes, 0, &outputs.n))
STREAM_CALL(call_write_nothing, fer_tcp_stream_write(s, outputs.bytes, 0, &outputs.n))
STREAM_CALL(call_write_no_slices, fer_tcp_stream_write_vectored(s, NULL, 0, &outputs.n))
STREAM_CALL(call_write_all_of_nothing, fer_tcp_stream_write_all(s, outputs.bytes, 0, &outputs.n))
STREAM_CALL(call_read_huge, fer_tcp_stream_read(s, outputs.bytes, SIZE_MAX, &outputs.n))
STREAM_CALL(call_write_huge, fer_tcp_stream_write(s, outputs.bytes, SIZE_MAX, &outputs.n))
STREAM_CALL(call_shutdown_read, fer_tcp_stream_shutdown(s, FER_SHUTDOWN_READ))
STREAM_CALL(call_shutdown_write, fer_tcp_stream_shutdown(s, FER_SHUTDOWN_WRITE))
STREAM_CALL(call_shutdown_both, fer_tcp_stream_shutdown(s, FER_SHUTDOWN_BOTH))
STREAM_CALL(call_peer_addr, fer_tcp_stream_peer_addr(s, &outputs.addr))
STREAM_CALL(call_local_addr, fer_tcp_stream_local_addr(s, &outputs.addr))
STREAM_CALL(call_try_clone, fer_tcp_stream_try_clone(s, &spare_stream))
STREAM_CALL(call_try_clone_into_itself, fer_tcp_stream_try_clone(s, s))
STREAM_CALL(call_set_read_timeout, fer_tcp_stream_set_read_timeout(s, fer_duration_from_secs(1)))
STREAM_CALL(call_set_read_timeout_zero, fer_tcp_stream_set_read_timeout(s, fer_duration_from_secs(0)))
STREAM_CALL(call_read_timeout, fer_tcp_stream_read_timeout(s, &outputs.duration))
STREAM_CALL(call_set_write_timeout, fer_tcp_stream_set_write_timeout(s, FER_DURATION_NONE))
STREAM_CALL(call_write_timeout, fer_tcp_stream_write_timeout(s, &outputs.duration))
STREAM_CALL(call_set_nonblocking, fer_tcp_stream_set_nonblocking(s, true))
STREAM_CALL(call_set_nodelay, fer_tcp_stream_set_nodelay(s, true))
STREAM_CALL(call_nodelay, fer_tcp_stream_nodelay(s, (bool *)(void *)outputs.flag))
STREAM_CALL(call_set_ttl, fer_tcp_stream_set_ttl(s, 64))
STREAM_CALL(call_ttl, fer_tcp_stream_ttl(s, &outputs.number))
STREAM_CALL(call_set_linger, fer_tcp_stream_set_linger(s, fer_duration_from_secs(1)))
STREAM_CALL(call_linger, fer_tcp_stream_linger(s, &outputs.duration))
STREAM_CALL(call_set_keepalive, fer_tcp_stream_set_keepalive(s, &(fer_keepalive){true, {0}, {0}, 0}))
STREAM_CALL(call_keepalive, fer_tcp_stream_keepalive(s, (fer_keepalive *)(void *)outputs.keepalive))
STREAM_CALL(call_take_error, fer_tcp_stream_take_error(s, &outputs.error))

struct stream_case {
    const char *name;
    fer_error (*call)(fer_tcp_stream *s);
    fer_error_kind on_new;
    bool counts;
};

#define IO_CASE(call) {#call, call, FER_NOT_CONNECTED, true}
#define SHUTDOWN_CASE(call) {#call, call, FER_NOT_CONNECTED, false}
#define OTHER_CASE(call) {#call, call, FER_INVALID_INPUT, false}

static const struct stream_case stream_cases[] = {
    IO_CASE(call_read), IO_CASE(call_peek), IO_CASE(call_read_vectored), IO_CASE(call_read_exact), IO_CASE(call_read_to_end),
    IO_CASE(call_write), IO_CASE(call_write_vectored), IO_CASE(call_write_all), IO_CASE(call_read_nothing), IO_CASE(call_peek_nothing),
    IO_CASE(call_read_no_slices), IO_CASE(call_read_exactly_nothing), IO_CASE(call_write_nothing), IO_CASE(call_write_no_slices),
    IO_CASE(call_write_all_of_nothing), IO_CASE(call_read_huge), IO_CASE(call_write_huge), SHUTDOWN_CASE(call_shutdown_read),
    SHUTDOWN_CASE(call_shutdown_write), SHUTDOWN_CASE(call_shutdown_both), OTHER_CASE(call_peer_addr), OTHER_CASE(call_local_addr),
    OTHER_CASE(call_try_clone), OTHER_CASE(call_try_clone_into_itself), OTHER_CASE(call_set_read_timeout),
    OTHER_CASE(call_set_read_timeout_zero), OTHER_CASE(call_read_timeout), OTHER_CASE(call_set_write_timeout),
    OTHER_CASE(call_write_timeout), OTHER_CASE(call_set_nonblocking), OTHER_CASE(call_set_nodelay), OTHER_CASE(call_nodelay),
    OTHER_CASE(call_set_ttl), OTHER_CASE(call_ttl), OTHER_CASE(call_set_linger), OTHER_CASE(call_linger),
    OTHER_CASE(call_set_keepalive), OTHER_CASE(call_keepalive), OTHER_CASE(call_take_error),
};

static void assert_outputs(const char *name, bool counts)
{
    struct outputs wanted;
    memset(&wanted, 0, sizeof wanted);
    fill(&wanted);
    if (counts) {
        wanted.n = 0;
    }
    if (memcmp(&outputs, &wanted, sizeof outputs) != 0) {
        print_error("%s touched an output, or left its count\n", name);
        fail();
    }
}

static void check_stream_cases(fer_tcp_stream *stream, bool is_new)
{
    for (size_t i = 0; i < sizeof stream_cases / sizeof stream_cases[0]; i++) {
        const struct stream_case *one = &stream_cases[i];
        fer_tcp_stream before;
        memset(&before, 0, sizeof before);
        if (stream != NULL) {
            memcpy(&before, stream, sizeof before);
        }
        memset(&spare_stream, 0, sizeof spare_stream);
        fill(&outputs);
        expect_own(one->call(stream), is_new ? one->on_new : FER_INVALID_INPUT, one->name, __FILE__, __LINE__);
        assert_outputs(one->name, one->counts);
        assert_true(fer_tcp_stream_as_raw(&spare_stream) == FER_RAW_SOCKET_NONE);
        if (stream != NULL) {
            assert_memory_equal(stream, &before, sizeof before);
        }
    }
}

static void every_call_on_a_null_stream_is_invalid_input(void **state)
{
    (void)state;
    check_stream_cases(NULL, false);
}

static void every_call_on_a_new_stream_is_misuse(void **state)
{
    (void)state;
    check_stream_cases(test_stream(), true);
}

static void every_call_on_a_closed_stream_is_invalid_input(void **state)
{
    struct pair *pair = pair_open(state);
    fer_tcp_stream_close(&pair->stream);
    check_stream_cases(&pair->stream, false);
}

static void every_call_on_a_stream_that_was_given_up_is_invalid_input(void **state)
{
    struct pair *pair = pair_open(state);
    peer_take(fer_tcp_stream_into_raw(&pair->stream));
    check_stream_cases(&pair->stream, false);
}

/* C4 and E4: a handle whose connect failed is NEW. */
static void every_call_after_a_failed_connect_is_misuse(void **state)
{
    (void)state;
    uint16_t port = 0;
    assert_true(peer_bind_only(PEER_V4, &port) != PEER_NONE);
    fer_socket_addr addr = loopback(PEER_V4, port);
    fer_tcp_stream *stream = test_stream();
    assert_kind(fer_tcp_stream_connect_addr(stream, &addr), FER_CONNECTION_REFUSED);
    check_stream_cases(stream, true);
}

/* ---- The calls on a listener */

#define LISTENER_CALL(name, expression) \
    static fer_error name(fer_tcp_listener *l) { return expression; }

LISTENER_CALL(call_accept, fer_tcp_listener_accept(l, &spare_stream, &outputs.addr))
LISTENER_CALL(call_accept_without_peer, fer_tcp_listener_accept(l, &spare_stream, NULL))
LISTENER_CALL(call_listener_local_addr, fer_tcp_listener_local_addr(l, &outputs.addr))
LISTENER_CALL(call_listener_try_clone, fer_tcp_listener_try_clone(l, &spare_listener))
LISTENER_CALL(call_listener_try_clone_into_itself, fer_tcp_listener_try_clone(l, l))
LISTENER_CALL(call_listener_set_ttl, fer_tcp_listener_set_ttl(l, 64))
LISTENER_CALL(call_listener_ttl, fer_tcp_listener_ttl(l, &outputs.number))
LISTENER_CALL(call_listener_take_error, fer_tcp_listener_take_error(l, &outputs.error))
LISTENER_CALL(call_listener_set_nonblocking, fer_tcp_listener_set_nonblocking(l, true))

static fer_error (*const listener_calls[])(fer_tcp_listener *l) = {
    call_accept, call_accept_without_peer, call_listener_local_addr, call_listener_try_clone, call_listener_try_clone_into_itself,
    call_listener_set_ttl, call_listener_ttl, call_listener_take_error, call_listener_set_nonblocking,
};

static void check_listener_calls(fer_tcp_listener *listener)
{
    for (size_t i = 0; i < sizeof listener_calls / sizeof listener_calls[0]; i++) {
        memset(&spare_stream, 0, sizeof spare_stream);
        memset(&spare_listener, 0, sizeof spare_listener);
        fill(&outputs);
        assert_own(listener_calls[i](listener), FER_INVALID_INPUT);
        assert_outputs("a listener's call", false);
        assert_true(fer_tcp_stream_as_raw(&spare_stream) == FER_RAW_SOCKET_NONE);
        assert_true(fer_tcp_listener_as_raw(&spare_listener) == FER_RAW_SOCKET_NONE);
    }
}

static void every_call_on_a_null_new_or_closed_listener_is_invalid_input(void **state)
{
    (void)state;
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listener();
    check_listener_calls(NULL);
    check_listener_calls(listener);
    fer_tcp_listener *closed = test_listening(PEER_V4, &port);
    fer_tcp_listener_close(closed);
    check_listener_calls(closed);
    assert_ok(fer_tcp_listener_bind(closed, "127.0.0.1:0"));
}

/* ---- The calls that fill a handle: NULL is misuse; and closing, which never is. */

static void every_call_that_would_fill_a_null_handle_is_invalid_input(void **state)
{
    struct pair *pair = pair_open(state);
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    peer_socket listening = peer_listen(PEER_V4, 4, &port);
    fer_socket_addr addr = loopback(PEER_V4, port);
    fer_socket_addr any_port = loopback(PEER_V4, 0);
    assert_own(fer_tcp_stream_connect(NULL, "127.0.0.1:1"), FER_INVALID_INPUT);
    assert_own(fer_tcp_stream_connect_addr(NULL, &addr), FER_INVALID_INPUT);
    assert_own(fer_tcp_stream_connect_addrs(NULL, &addr, 1), FER_INVALID_INPUT);
    assert_own(fer_tcp_stream_connect_timeout(NULL, &addr, millis(1000)), FER_INVALID_INPUT);
    assert_own(fer_tcp_stream_try_clone(&pair->stream, NULL), FER_INVALID_INPUT);
    assert_own(fer_tcp_stream_from_raw(NULL, listening), FER_INVALID_INPUT);
    assert_own(fer_tcp_listener_from_raw(NULL, listening), FER_INVALID_INPUT);
    assert_own(fer_tcp_listener_bind(NULL, "127.0.0.1:0"), FER_INVALID_INPUT);
    assert_own(fer_tcp_listener_bind_addr(NULL, &any_port), FER_INVALID_INPUT);
    assert_own(fer_tcp_listener_bind_addrs(NULL, &any_port, 1), FER_INVALID_INPUT);
    assert_own(fer_tcp_listener_try_clone(listener, NULL), FER_INVALID_INPUT);
    assert_own(fer_tcp_listener_accept(listener, NULL, &addr), FER_INVALID_INPUT);
    assert_false(peer_is_queued(listening, 50));
    assert_true(peer_is_open(listening));
    assert_alive(pair);
}

static void closing_what_is_not_open_is_harmless(void **state)
{
    struct pair *pair = pair_open(state);
    fer_tcp_stream *stream = test_stream();
    fer_tcp_listener *listener = test_listener();
    for (int i = 0; i < 3; i++) {
        fer_tcp_stream_close(NULL);
        fer_tcp_listener_close(NULL);
        fer_tcp_stream_close(stream);
        fer_tcp_listener_close(listener);
        assert_true(fer_tcp_stream_as_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_tcp_stream_into_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_tcp_listener_as_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_tcp_listener_into_raw(NULL) == FER_RAW_SOCKET_NONE);
    }
    assert_alive(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE_TEST("E4", every_call_on_a_null_stream_is_invalid_input),
        RULE_TEST("E4", every_call_on_a_new_stream_is_misuse),
        PAIR_TEST("E4", every_call_on_a_closed_stream_is_invalid_input),
        PAIR_TEST("E4", every_call_on_a_stream_that_was_given_up_is_invalid_input),
        RULE_TEST("E4", every_call_after_a_failed_connect_is_misuse),
        RULE_TEST("E4", every_call_on_a_null_new_or_closed_listener_is_invalid_input),
        PAIR_TEST("E4", every_call_that_would_fill_a_null_handle_is_invalid_input),
        PAIR_TEST("E4", closing_what_is_not_open_is_harmless),
    };
    return RUN_TESTS("misuse_handles", tests);
}
