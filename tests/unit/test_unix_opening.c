/* test_unix_opening.c: how Unix streams and listeners are opened, and the public functions that
 * other streams do not have. test_seam_failures.c checks that no failure leaks a socket. */
#include "unit/scripted_platform.h"

#include "ferrule/unix.h"

static fer_unix_stream open_stream(const struct ferp_traits *traits)
{
    fer_unix_stream stream;
    memset(&stream, 0, sizeof stream);
    script_begin(traits);
    stream.handle_ = script_stream(0);
    return stream;
}

/* ---- Connecting */

/* getsockname of a socket without a name is WSAEINVAL on Windows. Once it has a name, such an error
 * is the system's. */
SYSTEM_TEST(script_windows, a_socket_without_a_name_has_the_unnamed_address)
{
    fer_socket socket = {0};
    fer_unix_addr addr = script_path("p");
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0));
    script_then_fail(SCRIPT_UNIX_LOCAL_ADDR, FER_INVALID_INPUT, 10022);
    assert_ok(fer_socket_local_addr_unix(&socket, &addr));
    assert_true(fer_unix_addr_is_unnamed(&addr));
    script_then_fail(SCRIPT_UNIX_LOCAL_ADDR, FER_BAD_HANDLE, 10038);
    assert_error(fer_socket_local_addr_unix(&socket, &addr), FER_BAD_HANDLE, 10038);
    addr = script_path("p");
    assert_ok(fer_socket_bind_unix(&socket, &addr));
    script_then_fail(SCRIPT_UNIX_LOCAL_ADDR, FER_INVALID_INPUT, 10022);
    assert_error(fer_socket_local_addr_unix(&socket, &addr), FER_INVALID_INPUT, 10022);
    fer_socket_close(&socket);
}

/* Windows' code of a path whose folder does not exist (golang/go, issue 44797). */
SCRIPT_TEST(a_path_that_cannot_be_resolved_is_not_found)
{
    fer_unix_stream stream = {0};
    fer_unix_listener listener = {0};
    fer_socket socket = {0};
    fer_unix_addr addr;
    assert_ok(fer_unix_addr_from_pathname(&addr, "a/b"));
    script_begin(&script_windows);
    script_queue("unix_connect* NETWORK_DOWN:10050, unix_bind* NETWORK_DOWN:10050");
    assert_error(fer_unix_stream_connect(&stream, "a/b"), FER_NOT_FOUND, 10050);
    assert_error(fer_unix_stream_connect_start(&stream, &addr), FER_NOT_FOUND, 10050);
    assert_error(fer_unix_listener_bind(&listener, "a/b"), FER_NOT_FOUND, 10050);
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0));
    assert_error(fer_socket_bind_unix(&socket, &addr), FER_NOT_FOUND, 10050);
    assert_error(fer_socket_connect_unix(&socket, &addr), FER_NOT_FOUND, 10050);
    fer_socket_close(&socket);
    assert_int_equal(script.sockets_open, 0);
}

/* The same code of SO_ERROR, after the connect has started. */
SCRIPT_TEST(a_started_connect_reports_the_same_kind)
{
    fer_unix_stream stream = {0};
    fer_socket socket = {0};
    fer_unix_addr addr;
    size_t n = 0;
    assert_ok(fer_unix_addr_from_pathname(&addr, "a/b"));
    script_begin(&script_windows);
    script_queue("unix_connect* WOULD_BLOCK:10035, take_error* +NETWORK_DOWN:10050");
    script_default(SCRIPT_CONNECT_IS_PENDING)->value = 1; /* it is not */
    assert_error(fer_unix_stream_connect(&stream, "a/b"), FER_NOT_FOUND, 10050);
    assert_ok(fer_unix_stream_connect_start(&stream, &addr));
    assert_error(fer_unix_stream_write(&stream, "x", 1, &n), FER_NOT_FOUND, 10050);
    fer_unix_stream_close(&stream);
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0));
    assert_error(fer_socket_connect_unix(&socket, &addr), FER_NOT_FOUND, 10050);
    fer_socket_close(&socket);
    assert_int_equal(script.sockets_open, 0);
}

/* ---- Pairs */

SYSTEM_TEST(script_posix, a_pair_fills_two_handles_or_none)
{
    fer_unix_stream one = {0};
    fer_unix_stream other = {0};
    assert_error(fer_unix_stream_pair(&one, &one), FER_MISUSE, 0);
    assert_error(fer_unix_stream_pair(&one, NULL), FER_MISUSE, 0);
    assert_error_log(fer_unix_stream_pair(NULL, &one), FER_MISUSE, 0, "");
    assert_int_equal(feri_handle_state(&one.handle_), 0);
    assert_forwards(SCRIPT_UNIX_PAIR, FER_TOO_MANY_OPEN_FILES, 24,
                    fer_unix_stream_pair(&one, &other));
    assert_int_equal(feri_handle_state(&one.handle_), 0);
    assert_int_equal(feri_handle_state(&other.handle_), 0);
    assert_ok(fer_unix_stream_pair(&one, &other));
    assert_int_equal(fer_unix_stream_as_raw(&one), 1);
    assert_int_equal(fer_unix_stream_as_raw(&other), 2);
    fer_unix_stream third = {0};
    assert_error(fer_unix_stream_pair(&third, &other), FER_MISUSE, 0);
    assert_int_equal(feri_handle_state(&third.handle_), 0);
    assert_log("unix_pair() unix_pair()");
}

/* ---- Listening */

SCRIPT_TEST(accept_queries_the_peer_only_if_it_is_requested)
{
    fer_unix_listener listener;
    fer_unix_stream stream = {0};
    fer_unix_addr peer;
    memset(&listener, 0, sizeof listener);
    script_begin(&script_posix);
    listener.handle_ = script_stream(0);
    assert_ok(fer_unix_listener_accept(&listener, &stream, NULL));
    fer_unix_stream_close(&stream);
    assert_log("accept(1) close(2)");
    script_then(SCRIPT_UNIX_PEER_ADDR)->name = script_path("client");
    assert_ok(fer_unix_listener_accept(&listener, &stream, &peer));
    assert_string_equal(fer_unix_addr_as_pathname(&peer), "client");
    fer_unix_stream_close(&stream);
    script_then_fail(SCRIPT_UNIX_PEER_ADDR, FER_NOT_CONNECTED, 107);
    assert_ok(fer_unix_listener_accept(&listener, &stream, &peer));
    assert_true(fer_unix_addr_is_unnamed(&peer));
    assert_log("accept(1) unix_peer_addr(3) close(3) accept(1) unix_peer_addr(4)");
    memset(&peer, 0x5a, sizeof peer);
    fer_unix_addr before = peer;
    assert_error(fer_unix_listener_accept(&listener, &stream, &peer), FER_MISUSE, 0);
    assert_memory_equal(&peer, &before, sizeof peer);
    assert_error(fer_unix_listener_accept(&listener, NULL, &peer), FER_MISUSE, 0);
    assert_error_log(fer_unix_listener_accept(NULL, &stream, &peer), FER_MISUSE, 0, "");
}

/* ---- Addresses */

SCRIPT_TEST(addresses_are_the_os_s_until_the_end_was_reported)
{
    fer_unix_stream stream = open_stream(&script_posix);
    fer_unix_listener listener;
    fer_unix_addr addr;
    char byte;
    memset(&listener, 0, sizeof listener);
    listener.handle_ = script_stream(0);
    script_then(SCRIPT_UNIX_PEER_ADDR)->name = script_path("peer");
    assert_ok(fer_unix_stream_peer_addr(&stream, &addr));
    assert_string_equal(fer_unix_addr_as_pathname(&addr), "peer");
    /* macOS, after the connection has ended */
    script_then_fail(SCRIPT_UNIX_PEER_ADDR, FER_NOT_CONNECTED, 22);
    assert_error(fer_unix_stream_peer_addr(&stream, &addr), FER_NOT_CONNECTED, 22);
    script_then(SCRIPT_UNIX_LOCAL_ADDR)->name = script_path("own");
    assert_ok(fer_unix_stream_local_addr(&stream, &addr));
    assert_string_equal(fer_unix_addr_as_pathname(&addr), "own");
    assert_ok(fer_unix_listener_local_addr(&listener, &addr));
    assert_error(fer_unix_stream_peer_addr(&stream, NULL), FER_MISUSE, 0);
    assert_error(fer_unix_stream_local_addr(&stream, NULL), FER_MISUSE, 0);
    assert_error(fer_unix_listener_local_addr(&listener, NULL), FER_MISUSE, 0);
    assert_log("unix_peer_addr(1) unix_peer_addr(1) unix_local_addr(1) unix_local_addr(2)");
    assert_ok(fer_unix_stream_read(&stream, &byte, 1, NULL)); /* 0 bytes: the end of file */
    script.log[0] = '\0';
    assert_error_log(fer_unix_stream_peer_addr(&stream, &addr), FER_NOT_CONNECTED, 0, "");
}

TEST_MAIN("unix_opening")
