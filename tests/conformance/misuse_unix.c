/* misuse_unix.c: rule E4: every function of unix.h on a handle that is NULL, NEW or CLOSED, and bad
 * arguments to good handles. Outputs stay unchanged; byte counts are always written. */
#include "conformance/misuse.h"
#include "ferrule/io.h"
#include "support/unix_fixture.h"

/* X(name, expression, on a NEW handle, whether it writes a count) for all functions except those
 * that fill a handle. */
#define STREAM_CALLS(X)                                                                            \
    X(stream_read, fer_unix_stream_read(s, BYTES_N), NOT_YET_N)                                    \
    X(stream_peek, fer_unix_stream_peek(s, BYTES_N), NOT_YET_N)                                    \
    X(stream_read_vectored, fer_unix_stream_read_vectored(s, slices_in, 2, &outputs.n), NOT_YET_N) \
    X(stream_read_exact, fer_unix_stream_read_exact(s, BYTES_N), NOT_YET_N)                        \
    X(stream_read_to_end, fer_unix_stream_read_to_end(s, BYTES_N), NOT_YET_N)                      \
    X(stream_write, fer_unix_stream_write(s, "x", 1, &outputs.n), NOT_YET_N)                       \
    X(stream_write_vectored, fer_unix_stream_write_vectored(s, slices_out, 2, &outputs.n),         \
      NOT_YET_N)                                                                                   \
    X(stream_write_all, fer_unix_stream_write_all(s, "x", 1, &outputs.n), NOT_YET_N)               \
    X(stream_read_nothing, fer_unix_stream_read(s, NULL, 0, &outputs.n), NOT_YET_N)                \
    X(stream_peek_nothing, fer_unix_stream_peek(s, NULL, 0, &outputs.n), NOT_YET_N)                \
    X(stream_write_nothing, fer_unix_stream_write(s, NULL, 0, &outputs.n), NOT_YET_N)              \
    X(stream_write_all_nothing, fer_unix_stream_write_all(s, NULL, 0, &outputs.n), NOT_YET_N)      \
    X(stream_read_huge, fer_unix_stream_read(s, outputs.bytes, SIZE_MAX, &outputs.n), NOT_YET_N)   \
    X(stream_shutdown_read, fer_unix_stream_shutdown(s, FER_SHUTDOWN_READ), NOT_YET)               \
    X(stream_shutdown_write, fer_unix_stream_shutdown(s, FER_SHUTDOWN_WRITE), NOT_YET)             \
    X(stream_shutdown_both, fer_unix_stream_shutdown(s, FER_SHUTDOWN_BOTH), NOT_YET)               \
    X(stream_local_addr, fer_unix_stream_local_addr(s, &outputs.name), MISUSE)                     \
    X(stream_peer_addr, fer_unix_stream_peer_addr(s, &outputs.name), MISUSE)                       \
    X(stream_send_handles, fer_unix_stream_send_handles(s, "x", 1, &outputs.raw, 1, &outputs.n),   \
      NOT_YET_N)                                                                                   \
    X(stream_recv_handles, fer_unix_stream_recv_handles(s, BYTES, &outputs.raw, 1, HANDLES),       \
      NOT_YET)                                                                                     \
    X(stream_peer_cred, fer_unix_stream_peer_cred(s, CRED), MISUSE)                                \
    X(stream_set_read_timeout, fer_unix_stream_set_read_timeout(s, fer_duration_from_secs(1)),     \
      MISUSE)                                                                                      \
    X(stream_set_write_timeout, fer_unix_stream_set_write_timeout(s, FER_DURATION_NONE), MISUSE)   \
    X(stream_read_timeout, fer_unix_stream_read_timeout(s, &outputs.duration), MISUSE)             \
    X(stream_write_timeout, fer_unix_stream_write_timeout(s, &outputs.duration), MISUSE)           \
    X(stream_set_nonblocking, fer_unix_stream_set_nonblocking(s, true), MISUSE)                    \
    X(stream_take_error, fer_unix_stream_take_error(s, &outputs.error), MISUSE)                    \
    X(stream_close_gracefully, fer_unix_stream_close_gracefully(s, FER_DURATION_NONE), MISUSE)     \
    X(stream_try_clone, fer_unix_stream_try_clone(s, &spares.unix_stream), MISUSE)                 \
    X(stream_try_clone_into_itself, fer_unix_stream_try_clone(s, s), MISUSE)

#define LISTENER_CALLS(X)                                                                       \
    X(listener_accept, fer_unix_listener_accept(s, &spares.unix_stream, &outputs.name), MISUSE) \
    X(listener_accept_nameless, fer_unix_listener_accept(s, &spares.unix_stream, NULL), MISUSE) \
    X(listener_local_addr, fer_unix_listener_local_addr(s, &outputs.name), MISUSE)              \
    X(listener_set_nonblocking, fer_unix_listener_set_nonblocking(s, true), MISUSE)             \
    X(listener_set_timeout,                                                                     \
      fer_socket_set_read_timeout(fer_unix_listener_as_socket(s), FER_DURATION_NONE), MISUSE)   \
    X(listener_timeout,                                                                         \
      fer_socket_read_timeout(fer_unix_listener_as_socket(s), &outputs.duration), MISUSE)       \
    X(listener_set_limits, fer_unix_listener_set_limits(s, NULL), MISUSE)                       \
    X(listener_take_error, fer_unix_listener_take_error(s, &outputs.error), MISUSE)             \
    X(listener_try_clone, fer_unix_listener_try_clone(s, &spares.unix_listener), MISUSE)        \
    X(listener_try_clone_into_itself, fer_unix_listener_try_clone(s, s), MISUSE)

#define DATAGRAM_CALLS(X)                                                                          \
    X(datagram_connect, fer_unix_datagram_connect(s, "a"), MISUSE)                                 \
    X(datagram_connect_addr, fer_unix_datagram_connect_addr(s, &name), MISUSE)                     \
    X(datagram_send, fer_unix_datagram_send(s, "x", 1, &outputs.n), MISUSE_N)                      \
    X(datagram_send_nothing, fer_unix_datagram_send(s, NULL, 0, &outputs.n), MISUSE_N)             \
    X(datagram_send_huge, fer_unix_datagram_send(s, "x", SIZE_MAX, &outputs.n), MISUSE_N)          \
    X(datagram_send_to, fer_unix_datagram_send_to(s, "x", 1, "a", &outputs.n), MISUSE_N)           \
    X(datagram_send_to_addr, fer_unix_datagram_send_to_addr(s, "x", 1, &name, &outputs.n),         \
      MISUSE_N)                                                                                    \
    X(datagram_recv, fer_unix_datagram_recv(s, BYTES, RECEIVED), MISUSE)                           \
    X(datagram_recv_from, fer_unix_datagram_recv_from(s, BYTES, RECEIVED), MISUSE)                 \
    X(datagram_recv_nothing, fer_unix_datagram_recv_from(s, NULL, 0, RECEIVED), MISUSE)            \
    X(datagram_send_handles,                                                                       \
      fer_unix_datagram_send_handles(s, "x", 1, &outputs.raw, 1, &name, &outputs.n), MISUSE_N)     \
    X(datagram_recv_handles, fer_unix_datagram_recv_handles(s, BYTES, &outputs.raw, 1, HANDLES),   \
      MISUSE)                                                                                      \
    X(datagram_shutdown, fer_unix_datagram_shutdown(s, FER_SHUTDOWN_BOTH), MISUSE)                 \
    X(datagram_local_addr, fer_unix_datagram_local_addr(s, &outputs.name), MISUSE)                 \
    X(datagram_peer_addr, fer_unix_datagram_peer_addr(s, &outputs.name), MISUSE)                   \
    X(datagram_set_read_timeout, fer_unix_datagram_set_read_timeout(s, fer_duration_from_secs(1)), \
      MISUSE)                                                                                      \
    X(datagram_set_write_timeout, fer_unix_datagram_set_write_timeout(s, FER_DURATION_NONE),       \
      MISUSE)                                                                                      \
    X(datagram_read_timeout, fer_unix_datagram_read_timeout(s, &outputs.duration), MISUSE)         \
    X(datagram_write_timeout, fer_unix_datagram_write_timeout(s, &outputs.duration), MISUSE)       \
    X(datagram_set_nonblocking, fer_unix_datagram_set_nonblocking(s, true), MISUSE)                \
    X(datagram_take_error, fer_unix_datagram_take_error(s, &outputs.error), MISUSE)                \
    X(datagram_try_clone, fer_unix_datagram_try_clone(s, &spares.unix_datagram), MISUSE)           \
    X(datagram_try_clone_into_itself, fer_unix_datagram_try_clone(s, s), MISUSE)

#define STREAM_FUNCTION(name, expression, ...) MISUSE_FUNCTION(fer_unix_stream, name, expression)
#define LISTENER_FUNCTION(name, expression, ...) \
    MISUSE_FUNCTION(fer_unix_listener, name, expression)
#define DATAGRAM_FUNCTION(name, expression, ...) \
    MISUSE_FUNCTION(fer_unix_datagram, name, expression)
STREAM_CALLS(STREAM_FUNCTION)
LISTENER_CALLS(LISTENER_FUNCTION)
DATAGRAM_CALLS(DATAGRAM_FUNCTION)

static const struct misuse_row stream_rows[] = {STREAM_CALLS(MISUSE_ROW)};
static const struct misuse_row listener_rows[] = {LISTENER_CALLS(MISUSE_ROW)};
static const struct misuse_row datagram_rows[] = {DATAGRAM_CALLS(MISUSE_ROW)};

UNIX_TEST("E4", every_call_on_a_null_or_new_handle_is_misuse)
{
    CHECK_ROWS(stream_rows, NULL, false);
    CHECK_ROWS(listener_rows, NULL, false);
    CHECK_ROWS(datagram_rows, NULL, false);
    CHECK_ROWS(stream_rows, test_unix_stream(), true);
    CHECK_ROWS(listener_rows, test_unix_listener(), true);
    CHECK_ROWS(datagram_rows, test_unix_datagram(), true);
}

UNIX_TEST("E4", every_call_on_a_closed_stream_or_listener_is_invalid_input)
{
    void *kind = &unix_connected_kind;
    struct unix_pair pair = unix_pair_open(&kind);
    fer_unix_listener *listener = test_unix_listening(unix_peer_path("listener"));
    fer_unix_stream_close(pair.stream);
    fer_unix_listener_close(listener);
    CHECK_ROWS(stream_rows, pair.stream, false);
    CHECK_ROWS(listener_rows, listener, false);
}

UNIX_TEST("E4", every_call_on_a_closed_datagram_socket_is_invalid_input)
{
    fer_unix_datagram *socket = test_unix_bound(unix_peer_path("ferrule"));
    fer_unix_datagram_close(socket);
    CHECK_ROWS(datagram_rows, socket, false);
}

UNIX_PAIR_TEST("E4", every_call_on_what_was_given_up_is_invalid_input)
{
    peer_adopt(fer_unix_stream_into_raw(pair.stream));
    CHECK_ROWS(stream_rows, pair.stream, false);
}

UNIX_TEST("E4", every_call_that_would_fill_a_null_handle_is_invalid_input)
{
    void *kind = &unix_connected_kind;
    struct unix_pair pair = unix_pair_open(&kind);
    const char *path = unix_peer_path("listener");
    fer_unix_listener *listener = test_unix_listening(path);
    const char *free_path = unix_peer_path("free");
    fer_unix_addr addr;
    assert_ok(fer_unix_addr_from_pathname(&addr, free_path));
    assert_own(fer_unix_stream_connect(NULL, path), FER_MISUSE);
    assert_own(fer_unix_stream_connect_addr(NULL, &addr), FER_MISUSE);
    assert_own(fer_unix_stream_pair(NULL, test_unix_stream()), FER_MISUSE);
    assert_own(fer_unix_stream_pair(test_unix_stream(), NULL), FER_MISUSE);
    assert_own(fer_unix_stream_try_clone(pair.stream, NULL), FER_MISUSE);
    assert_own(fer_unix_stream_from_raw(NULL, pair.other), FER_MISUSE);
    assert_own(fer_unix_listener_bind(NULL, free_path), FER_MISUSE);
    assert_own(fer_unix_listener_bind_addr(NULL, &addr), FER_MISUSE);
    assert_own(fer_unix_listener_accept(listener, NULL, NULL), FER_MISUSE);
    assert_own(fer_unix_listener_try_clone(listener, NULL), FER_MISUSE);
    assert_own(fer_unix_listener_from_raw(NULL, pair.other), FER_MISUSE);
    assert_own(fer_unix_datagram_bind(NULL, free_path), FER_MISUSE);
    assert_own(fer_unix_datagram_bind_addr(NULL, &addr), FER_MISUSE);
    assert_own(fer_unix_datagram_unbound(NULL), FER_MISUSE);
    assert_own(fer_unix_datagram_pair(NULL, test_unix_datagram()), FER_MISUSE);
    assert_own(fer_unix_datagram_pair(test_unix_datagram(), NULL), FER_MISUSE);
    assert_own(fer_unix_datagram_from_raw(NULL, pair.other), FER_MISUSE);
    assert_false(unix_peer_path_exists(free_path));
    assert_unix_alive(&pair);
}

UNIX_TEST("E4", a_missing_name_is_invalid_input)
{
    fer_unix_addr none = {0};
    static const char *const texts[] = {NULL, ""};
    for (int i = 0; i < 2; i++) {
        fer_error_kind kind = i == 0 ? FER_MISUSE : FER_INVALID_INPUT;
        assert_own(fer_unix_stream_connect(test_unix_stream(), texts[i]), kind);
        assert_own(fer_unix_listener_bind(test_unix_listener(), texts[i]), kind);
        assert_own(fer_unix_datagram_bind(test_unix_datagram(), texts[i]), kind);
        const fer_unix_addr *addr = i == 0 ? NULL : &none;
        assert_own(fer_unix_stream_connect_addr(test_unix_stream(), addr), kind);
        assert_own(fer_unix_stream_connect_start(test_unix_stream(), addr), kind);
        assert_own(fer_unix_listener_bind_addr(test_unix_listener(), addr), kind);
        assert_own(fer_unix_datagram_bind_addr(test_unix_datagram(), addr), kind);
    }
}

/* NULL with a length: queued bytes stay queued, and no byte is sent. NULL as the output of a
 * getter. */
UNIX_PAIR_TEST("E4", null_buffers_and_outputs_are_invalid_input_and_take_nothing)
{
    static const size_t lengths[] = {1, 8, (size_t)1 << 31, SIZE_MAX};
    char got[4];
    assert_true(peer_send_all(pair.other, "kept", 4));
    assert_true(peer_raw_wait_readable(fer_unix_stream_as_raw(pair.stream)));
    for (size_t i = 0; i < 4; i++) {
        fer_io_slice_mut bad_in[2] = {{got, 4}, {NULL, lengths[i]}};
        fer_io_slice bad_out[2] = {{"good", 4}, {NULL, lengths[i]}};
        for (int sort = 0; sort < 8; sort++) {
            size_t n = 77;
            fer_error error =
                sort == 0   ? fer_unix_stream_read(pair.stream, NULL, lengths[i], &n)
                : sort == 1 ? fer_unix_stream_peek(pair.stream, NULL, lengths[i], &n)
                : sort == 2 ? fer_unix_stream_read_exact(pair.stream, NULL, lengths[i], &n)
                : sort == 3 ? fer_unix_stream_read_to_end(pair.stream, NULL, lengths[i], &n)
                : sort == 4 ? fer_unix_stream_read_vectored(pair.stream, bad_in, 2, &n)
                : sort == 5 ? fer_unix_stream_write(pair.stream, NULL, lengths[i], &n)
                : sort == 6 ? fer_unix_stream_write_all(pair.stream, NULL, lengths[i], &n)
                            : fer_unix_stream_write_vectored(pair.stream, bad_out, 2, &n);
            assert_own(error, FER_MISUSE);
            assert_int_equal(n, 0);
        }
    }
    assert_own(fer_unix_stream_peer_addr(pair.stream, NULL), FER_MISUSE);
    assert_own(fer_unix_stream_peer_cred(pair.stream, NULL), FER_MISUSE);
    assert_own(fer_unix_stream_local_addr(pair.stream, NULL), FER_MISUSE);
    assert_own(fer_unix_stream_read_timeout(pair.stream, NULL), FER_MISUSE);
    assert_own(fer_unix_stream_write_timeout(pair.stream, NULL), FER_MISUSE);
    assert_own(fer_unix_stream_take_error(pair.stream, NULL), FER_MISUSE);
    assert_own(fer_unix_stream_shutdown(pair.stream, (fer_shutdown)3), FER_INVALID_INPUT);
    assert_ok(fer_unix_stream_read_exact(pair.stream, got, 4, NULL));
    assert_memory_equal(got, "kept", 4);
    assert_unix_alive(&pair);
}

UNIX_TEST("E4", a_datagram_socket_s_null_arguments_are_invalid_input)
{
    const char *path = unix_peer_path("ferrule");
    fer_unix_datagram *socket = test_unix_bound(path);
    fer_unix_received got;
    char buf[8];
    size_t n = 77;
    assert_ok(fer_unix_datagram_send_to(socket, "kept", 4, path, NULL));
    assert_own(fer_unix_datagram_recv(socket, NULL, 1, &got), FER_MISUSE);
    assert_own(fer_unix_datagram_recv_from(socket, buf, 8, NULL), FER_MISUSE);
    assert_own_n(fer_unix_datagram_send(socket, NULL, 1, &n), FER_MISUSE, n, 0);
    assert_own(fer_unix_datagram_send_to(socket, "x", 1, NULL, &n), FER_MISUSE);
    assert_own(fer_unix_datagram_send_to_addr(socket, "x", 1, NULL, &n), FER_MISUSE);
    assert_own(fer_unix_datagram_connect(socket, NULL), FER_MISUSE);
    assert_own(fer_unix_datagram_connect_addr(socket, NULL), FER_MISUSE);
    assert_own(fer_unix_datagram_local_addr(socket, NULL), FER_MISUSE);
    assert_own(fer_unix_datagram_peer_addr(socket, NULL), FER_MISUSE);
    assert_own(fer_unix_datagram_read_timeout(socket, NULL), FER_MISUSE);
    assert_own(fer_unix_datagram_write_timeout(socket, NULL), FER_MISUSE);
    assert_own(fer_unix_datagram_take_error(socket, NULL), FER_MISUSE);
    assert_ok(fer_unix_datagram_recv(socket, buf, sizeof buf, &got));
    assert_int_equal(got.len, 4);
}

UNIX_TEST("E4", closing_what_is_not_open_is_harmless)
{
    void *kind = &unix_connected_kind;
    struct unix_pair pair = unix_pair_open(&kind);
    for (int i = 0; i < 3; i++) {
        fer_unix_stream_close(NULL);
        fer_unix_listener_close(NULL);
        fer_unix_datagram_close(NULL);
        fer_unix_stream_close(test_unix_stream());
        fer_unix_listener_close(test_unix_listener());
        fer_unix_datagram_close(test_unix_datagram());
        assert_true(fer_unix_stream_as_raw(NULL) == FER_RAW_SOCKET_NONE &&
                    fer_unix_stream_into_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_unix_listener_as_raw(NULL) == FER_RAW_SOCKET_NONE &&
                    fer_unix_listener_into_raw(NULL) == FER_RAW_SOCKET_NONE);
        assert_true(fer_unix_datagram_as_raw(NULL) == FER_RAW_SOCKET_NONE &&
                    fer_unix_datagram_into_raw(NULL) == FER_RAW_SOCKET_NONE);
    }
    assert_unix_alive(&pair);
}

RULE_TEST("E4", names_of_nothing_are_invalid_input)
{
    fer_unix_addr addr = {0};
    size_t len = 77;
    assert_own(fer_unix_addr_from_abstract_name(NULL, "name", 4), FER_MISUSE);
    assert_own(fer_unix_addr_from_abstract_name(&addr, NULL, 4), FER_MISUSE);
    assert_own(fer_unix_addr_from_abstract_name(&addr, "name", SIZE_MAX), FER_INVALID_INPUT);
    assert_own(fer_unix_addr_from_pathname(&addr, NULL), FER_MISUSE);
    assert_own(fer_unix_addr_from_pathname(NULL, "name"), FER_MISUSE);
    assert_true(fer_unix_addr_is_unnamed(&addr));
    assert_false(fer_unix_addr_is_unnamed(NULL));
    assert_null(fer_unix_addr_as_pathname(NULL));
    assert_null(fer_unix_addr_as_pathname(&addr));
    assert_null(fer_unix_addr_as_abstract_name(NULL, &len));
    assert_null(fer_unix_addr_as_abstract_name(&addr, &len));
    assert_null(fer_unix_addr_as_abstract_name(&addr, NULL));
    assert_int_equal(len, 77);
}

/* E4: the calls of a fer_stream that refers to no stream, to a stream that was never connected, and
 * with NULL arguments. */
UNIX_PAIR_TEST("E4", misuse_of_a_fer_stream_moves_nothing)
{
    fer_unix_stream *fresh = test_unix_stream();
    fer_unix_stream *handles[] = {NULL, fresh, pair.stream};
    char buf[2];
    for (size_t i = 0; i < 3; i++) {
        fer_stream stream = fer_unix_stream_as_stream(handles[i]);
        fer_error_kind kind = i == 1 ? FER_NOT_CONNECTED : FER_MISUSE;
        void *place = i == 2 ? NULL : buf;
        size_t counts[] = {77, 77, 77, 77, 77, 77};
        fer_interest ready = 77;
        assert_own(fer_stream_read(stream, place, 2, &counts[0]), kind);
        assert_own(fer_stream_try_read(stream, place, 2, &counts[1]), kind);
        assert_own(fer_stream_read_exact(stream, place, 2, &counts[2]), kind);
        assert_own(fer_stream_write(stream, place, 2, &counts[3]), kind);
        assert_own(fer_stream_try_write(stream, place, 2, &counts[4]), kind);
        assert_own(fer_stream_write_all(stream, place, 2, &counts[5]), kind);
        for (size_t j = 0; j < 6; j++) {
            assert_int_equal(counts[j], 0);
        }
        assert_own(
            fer_stream_ready(stream, FER_READABLE, FER_DURATION_NONE, i == 2 ? NULL : &ready),
            kind);
        assert_int_equal(ready, 77);
    }
    fer_cancel_token token = {0};
    fer_limits limits = {.token = &token};
    assert_own(fer_stream_set_limits(fer_unix_stream_as_stream(NULL), NULL), FER_MISUSE);
    assert_own(fer_stream_set_limits(fer_unix_stream_as_stream(fresh), NULL), FER_MISUSE);
    assert_own(fer_stream_set_limits(fer_unix_stream_as_stream(pair.stream), &limits), FER_MISUSE);
}

RULE_TESTS("misuse_unix")
