/* test_try.c: the calls that never wait, whatever the socket's mode is: their calls to the OS, and
 * that they never wait. */
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/transfer/datagram.h"
#include "core/transfer/stream_io.h"
#include "ferrule/unix.h"
#include "unit/scripted_platform.h"

/* ---- Streams */

SCRIPT_TEST(a_stream_is_read_once_and_without_a_wait)
{
    char buf[8];
    size_t n = 77;
    const struct ferp_traits *systems[] = {&script_posix, &script_windows};
    for (int i = 0; i < 2; i++) {
        script_begin(systems[i]);
        fer_handle handle = script_stream(0);
        script_then_move(SCRIPT_TRY_RECV, 3);
        assert_ok_n(feri_stream_try_read(&handle, buf, 8, &n), n, 3);
        assert_memory_equal(buf, "abc", 3);
        assert_forwards(SCRIPT_TRY_RECV, FER_WOULD_BLOCK, 11,
                        feri_stream_try_read(&handle, buf, 8, &n));
        assert_int_equal(n, 0);
        script_then_move(SCRIPT_TRY_PEEK, 1);
        assert_ok_n(feri_stream_try_peek(&handle, buf, SIZE_MAX, &n), n, 1);
        assert_log(i == 0 ? "try_recv(1,8) try_recv(1,8) try_peek(1,2147479552)"
                          : "try_recv(1,8) try_recv(1,8) try_peek(1,131071)");
    }
}

STREAM_TEST(script_posix, the_end_and_a_reset_are_noted)
{
    fer_handle other = script_stream(0);
    char buf[8];
    script_then_move(SCRIPT_TRY_RECV, 0);
    assert_ok(feri_stream_try_read(&handle, buf, 8, NULL));
    assert_ok_log(feri_stream_try_read(&handle, buf, 8, NULL), "try_recv(1,8)");
    script_then_fail(SCRIPT_TRY_PEEK, FER_CONNECTION_RESET, 104);
    assert_error(feri_stream_try_peek(&other, buf, 8, NULL), FER_CONNECTION_RESET, 104);
    assert_error(feri_handle_saved_error(&other), FER_CONNECTION_RESET, 104);
}

/* S2, if the OS does not report the end: the mark set through a clone. */
SCRIPT_TEST(a_read_half_that_a_clone_ended_reads_as_ended)
{
    char buf[8];
    script_begin(&script_windows);
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    script_then_fail(SCRIPT_TRY_RECV, FER_WOULD_BLOCK, 10035);
    feri_modes_end_reading(&handle);
    assert_ok_log(feri_stream_try_read(&handle, buf, 8, NULL), "try_recv(1,8)");
    script_begin(&script_windows);
    handle = script_stream(FERI_FLAG_CLONED);
    script_then_fail(SCRIPT_TRY_RECV, FER_WOULD_BLOCK, 10035);
    assert_error(feri_stream_try_read(&handle, buf, 8, NULL), FER_WOULD_BLOCK, 10035);
    script_begin(&script_posix);
    handle = script_stream(FERI_FLAG_CLONED);
    assert_forwards(SCRIPT_TRY_RECV, FER_WOULD_BLOCK, 11,
                    feri_stream_try_read(&handle, buf, 8, NULL));
    assert_log("try_recv(1,8)");
}

STREAM_TEST(script_posix, a_stream_is_written_once_and_without_a_wait)
{
    size_t n = 77;
    script_then_move(SCRIPT_TRY_SEND, 2);
    assert_ok_n(feri_stream_try_write(&handle, "hello", 5, &n), n, 2);
    script_then_fail(SCRIPT_TRY_SEND, FER_WOULD_BLOCK, 11);
    assert_error_n(feri_stream_try_write(&handle, "hello", 5, &n), FER_WOULD_BLOCK, 11, n, 0);
    script_then_fail(SCRIPT_TRY_SEND, FER_BROKEN_PIPE, 32);
    assert_error(feri_stream_try_write(&handle, "hello", 5, &n), FER_BROKEN_PIPE, 32);
    assert_error(feri_stream_try_write(&handle, "hello", 5, &n), FER_BROKEN_PIPE, 0);
    assert_log("try_send(1,5) try_send(1,5) try_send(1,5)");
}

/* R3 and T2: a first slice above the limit is moved by itself, without a wait too. */
STREAM_TEST(script_posix, slices_are_moved_once_and_without_a_wait)
{
    char buf[8];
    size_t n = 77;
    fer_io_slice_mut into[] = {{NULL, 0}, {buf, 5}, {buf, 3}};
    fer_io_slice from[] = {{NULL, 0}, {buf, 5}, {buf, 3}};
    script_then_move(SCRIPT_TRY_RECV_VECTORED, 7);
    assert_ok_n(feri_stream_try_read_vectored(&handle, into, 3, &n), n, 7);
    script_then_move(SCRIPT_TRY_SEND_VECTORED, 6);
    assert_ok_n(feri_stream_try_write_vectored(&handle, from, 3, &n), n, 6);
    script_then_fail(SCRIPT_TRY_RECV_VECTORED, FER_WOULD_BLOCK, 11);
    assert_error_n(feri_stream_try_read_vectored(&handle, into, 3, &n), FER_WOULD_BLOCK, 11, n, 0);
    script_then_fail(SCRIPT_TRY_SEND_VECTORED, FER_WOULD_BLOCK, 11);
    assert_error(feri_stream_try_write_vectored(&handle, from, 3, &n), FER_WOULD_BLOCK, 11);
    assert_log("try_recv_vectored(1,2x5) try_send_vectored(1,2x5) try_recv_vectored(1,2x5) "
               "try_send_vectored(1,2x5)");
    script.traits.io_length_max = 4;
    script_then_move(SCRIPT_TRY_RECV, 4);
    assert_ok(feri_stream_try_read_vectored(&handle, into, 3, NULL));
    script_then_move(SCRIPT_TRY_SEND, 4);
    assert_ok(feri_stream_try_write_vectored(&handle, from, 3, NULL));
    assert_log("try_recv(1,4) try_send(1,4)");
}

/* S2 through a clone, and S5: what ends a half is noted. */
SCRIPT_TEST(slices_are_answered_by_an_ended_half)
{
    char buf[8];
    fer_io_slice_mut into = {buf, 8};
    fer_io_slice from = {buf, 8};
    script_begin(&script_windows);
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    script_then_fail(SCRIPT_TRY_RECV_VECTORED, FER_WOULD_BLOCK, 10035);
    feri_modes_end_reading(&handle);
    assert_ok_log(feri_stream_try_read_vectored(&handle, &into, 1, NULL),
                  "try_recv_vectored(1,1x8)");
    script_begin(&script_posix);
    handle = script_stream(0);
    script_then_move(SCRIPT_TRY_RECV_VECTORED, 0);
    assert_ok(feri_stream_try_read_vectored(&handle, &into, 1, NULL));
    assert_ok(feri_stream_try_read_vectored(&handle, &into, 1, NULL));
    script_then_fail(SCRIPT_TRY_SEND_VECTORED, FER_BROKEN_PIPE, 32);
    assert_error(feri_stream_try_write_vectored(&handle, &from, 1, NULL), FER_BROKEN_PIPE, 32);
    assert_error(feri_stream_try_write_vectored(&handle, &from, 1, NULL), FER_BROKEN_PIPE, 0);
    assert_log("try_recv_vectored(1,1x8) try_send_vectored(1,1x8)");
}

/* ---- Listeners */

/* POSIX has no accept that never waits. A blocking listener's queue is checked first; a nonblocking
 * one's is not. */
SCRIPT_TEST(on_posix_a_blocking_listeners_queue_is_checked_first)
{
    fer_handle stream = {0};
    fer_socket_addr peer;
    script_begin(&script_posix);
    fer_handle listener = script_stream(FERI_FLAG_LISTENING);
    script_then_fail(SCRIPT_READY, FER_TIMED_OUT, 0);
    assert_error(feri_try_accept(&listener, &stream, &peer), FER_WOULD_BLOCK, 0);
    assert_log("ready(1,r,1000)");
    script_then(SCRIPT_READY)->value = FER_READABLE;
    assert_ok_log(feri_try_accept(&listener, &stream, &peer), "ready(1,r,1000) accept(1)");
    feri_handle_close(&stream);
    script_begin(&script_posix);
    listener = script_stream(FERI_FLAG_LISTENING | FERI_FLAG_NONBLOCKING);
    assert_forwards(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11, feri_try_accept(&listener, &stream, NULL));
    assert_log("accept(1)");
}

/* L3: "accept skips connections that died in the queue". The queue is checked again before the next
 * accept. */
SYSTEM_TEST(script_posix, the_queue_is_checked_before_each_accept)
{
    fer_handle stream = {0};
    fer_handle listener = script_stream(FERI_FLAG_LISTENING);
    script_then_fail(SCRIPT_READY, FER_INTERRUPTED, 4);
    script_then(SCRIPT_READY)->value = FER_READABLE;
    script_then_fail(SCRIPT_ACCEPT, FER_CONNECTION_ABORTED, 103);
    script_then_fail(SCRIPT_READY, FER_TIMED_OUT, 0);
    assert_error(feri_try_accept_without_peer(&listener, &stream), FER_WOULD_BLOCK, 0);
    assert_log("ready(1,r,1000) ready(1,r,1000) accept(1) ready(1,r,1000)");
    script_then_fail(SCRIPT_READY, FER_OUT_OF_MEMORY, 12);
    assert_error(feri_try_accept_without_peer(&listener, &stream), FER_OUT_OF_MEMORY, 12);
}

/* Returns a listener that its clone has made nonblocking. */
static fer_handle listener_with_nonblocking_clone(fer_handle *clone)
{
    script_begin(&script_posix);
    fer_handle listener = script_stream(FERI_FLAG_LISTENING);
    *clone = (fer_handle){0};
    assert_ok(feri_try_clone(&listener, clone));
    assert_ok(feri_set_nonblocking(clone, true));
    script.log[0] = '\0';
    return listener;
}

/* T6: the mode of a clone, which core keeps. */
SCRIPT_TEST(the_queue_of_a_clones_nonblocking_listener_is_not_checked)
{
    fer_handle clone;
    fer_handle stream = {0};
    fer_handle listener = listener_with_nonblocking_clone(&clone);
    assert_forwards(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 11, feri_try_accept(&listener, &stream, NULL));
    assert_log("accept(1)");
    feri_handle_close(&listener);
    feri_handle_close(&clone);
}

/* into_raw of a clone gives the socket its own mode, so that an accept may wait again. */
SCRIPT_TEST(after_into_raw_of_a_clone_the_queue_is_checked_first)
{
    fer_handle clone;
    fer_handle stream = {0};
    fer_handle listener = listener_with_nonblocking_clone(&clone);
    assert_ok(feri_set_nonblocking(&clone, false));
    (void)feri_into_raw(&clone);
    script.log[0] = '\0';
    script_then_fail(SCRIPT_READY, FER_TIMED_OUT, 0);
    assert_error_log(feri_try_accept(&listener, &stream, NULL), FER_WOULD_BLOCK, 0,
                     "ready(1,r,1000)");
    feri_handle_close(&listener);
}

SYSTEM_TEST(script_windows, on_windows_an_accept_never_waits_by_itself)
{
    fer_handle stream = {0};
    fer_handle listener = script_stream(FERI_FLAG_LISTENING);
    assert_forwards(SCRIPT_ACCEPT, FER_WOULD_BLOCK, 10035,
                    feri_try_accept(&listener, &stream, NULL));
    assert_log("accept(1)");
}

/* ---- Datagrams */

SYSTEM_TEST(script_posix, datagrams_are_sent_and_received_without_a_wait)
{
    char buf[8];
    size_t n = 77;
    fer_udp_received got;
    fer_socket_addr to = script_addr("192.0.2.1:1001");
    fer_udp_socket socket = {.handle_ = script_stream(0)};
    script_then_move(SCRIPT_TRY_SEND, 1);
    assert_ok_n(feri_datagram_send(&socket.handle_, "x", 1, FERP_DONTWAIT, &n), n, 1);
    assert_forwards(SCRIPT_TRY_SEND_TO, FER_WOULD_BLOCK, 11,
                    feri_datagram_send_to(&socket.handle_, "x", 1, &to, FERP_DONTWAIT, &n));
    assert_int_equal(n, 0);
    assert_forwards(SCRIPT_TRY_RECV_FROM, FER_WOULD_BLOCK, 11,
                    feri_datagram_receive(&socket.handle_, buf, 8, FERP_DONTWAIT, &got));
    *script_then(SCRIPT_TRY_RECV_FROM) = (script_result){.value = 2, .addr = to};
    assert_ok(feri_datagram_receive(&socket.handle_, buf, 8, FERP_DONTWAIT, &got));
    assert_int_equal(got.len, 2);
    assert_log(
        "try_send(1,1) try_send_to(1,1,192.0.2.1:1001) try_recv_from(1,8) try_recv_from(1,8)");
}

/* U5: the other sender's datagram was already received and is dropped, and the next one is
 * received. */
SYSTEM_TEST(script_posix, another_sender_s_datagram_is_dropped)
{
    char buf[8];
    fer_udp_received got;
    fer_udp_socket socket = {.handle_ = script_stream(0)};
    socket.handle_.p_.peer_ = script_addr("192.0.2.9:9");
    script_then(SCRIPT_TRY_RECV_FROM)->addr = script_addr("192.0.2.1:1001");
    script_then_fail(SCRIPT_TRY_RECV_FROM, FER_WOULD_BLOCK, 11);
    assert_error_log(feri_datagram_receive(&socket.handle_, buf, 8, FERP_DONTWAIT, &got),
                     FER_WOULD_BLOCK, 11, "try_recv_from(1,8) try_recv_from(1,8)");
}

/* U5: the other sender's datagram is still queued after a peek and is removed, also without a
 * wait. */
SYSTEM_TEST(script_posix, a_peek_drops_another_sender_s_datagram_without_a_wait)
{
    char buf[8];
    fer_udp_received got;
    fer_udp_socket socket = {.handle_ = script_stream(0)};
    socket.handle_.p_.peer_ = script_addr("192.0.2.9:9");
    script_then(SCRIPT_TRY_PEEK_FROM)->addr = script_addr("192.0.2.1:1001");
    script_then(SCRIPT_TRY_PEEK_FROM)->addr = script_addr("192.0.2.9:9");
    assert_ok(feri_datagram_receive(&socket.handle_, buf, 8, FERP_PEEK | FERP_DONTWAIT, &got));
    assert_log("try_peek_from(1,8) try_recv_from(1,0) try_peek_from(1,8)");
    assert_forwards(
        SCRIPT_TRY_PEEK_FROM, FER_WOULD_BLOCK, 11,
        feri_datagram_receive(&socket.handle_, buf, 8, FERP_PEEK | FERP_DONTWAIT, &got));
    assert_log("try_peek_from(1,8)");
}

SYSTEM_TEST(script_posix, unix_datagrams_are_sent_and_received_without_a_wait)
{
    char buf[8];
    size_t n = 77;
    fer_unix_received got;
    fer_unix_addr to = script_path("p");
    fer_unix_datagram socket = {.handle_ = script_stream(0)};
    script_then_move(SCRIPT_TRY_SEND, 1);
    assert_ok(fer_unix_datagram_try_send(&socket, "x", 1, &n));
    script_then_move(SCRIPT_TRY_UNIX_SEND_TO, 1);
    assert_ok(fer_unix_datagram_try_send_to_addr(&socket, "x", 1, &to, &n));
    script_then_fail(SCRIPT_TRY_UNIX_SEND_TO, FER_WOULD_BLOCK, 11);
    assert_error(fer_unix_datagram_try_send_to_addr(&socket, "x", 1, &to, &n), FER_WOULD_BLOCK, 11);
    assert_int_equal(n, 0);
    script_then_fail(SCRIPT_TRY_UNIX_RECV_FROM, FER_WOULD_BLOCK, 11);
    assert_error(fer_unix_datagram_try_recv_from(&socket, buf, 8, &got), FER_WOULD_BLOCK, 11);
    script_then_move(SCRIPT_TRY_UNIX_RECV_FROM, 3);
    assert_ok(fer_unix_datagram_try_recv_from(&socket, buf, 8, &got));
    assert_int_equal(got.len, 3);
    assert_log("try_send(1,1) try_unix_send_to(1,p) try_unix_send_to(1,p) try_unix_recv_from(1,8) "
               "try_unix_recv_from(1,8)");
}

TEST_MAIN("try")
