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

/* S2, if the OS does not report the end: the mark set through a clone. */
SCRIPT_TEST(a_read_half_that_a_clone_ended_reads_as_ended)
{
    char buf[8];
    script_begin(&script_windows);
    fer_handle handle = script_stream(FERI_FLAG_CLONED);
    script_then_fail(SCRIPT_TRY_RECV, FER_WOULD_BLOCK, 10035);
    feri_modes_end_reading(&handle);
    assert_ok_log(feri_stream_read_with(&handle, buf, 8, FERP_DONTWAIT, NULL),
                  "set_nonblocking(1,1) try_recv(1,8)");
    script_begin(&script_windows);
    handle = script_stream(FERI_FLAG_CLONED);
    script_then_fail(SCRIPT_TRY_RECV, FER_WOULD_BLOCK, 10035);
    assert_error(feri_stream_read_with(&handle, buf, 8, FERP_DONTWAIT, NULL), FER_WOULD_BLOCK,
                 10035);
    script_begin(&script_posix);
    handle = script_stream(FERI_FLAG_CLONED);
    assert_forwards(SCRIPT_TRY_RECV, FER_WOULD_BLOCK, 11,
                    feri_stream_read_with(&handle, buf, 8, FERP_DONTWAIT, NULL));
    assert_log("try_recv(1,8)");
}

/* ---- Datagrams */

/* U5: the other sender's datagram was already received and is dropped, and the next one is
 * received. */
SYSTEM_TEST(script_posix, another_sender_s_datagram_is_dropped)
{
    char buf[8];
    fer_udp_received got;
    fer_udp_socket socket = {.handle_ = script_stream(FERI_FLAG_DATAGRAM)};
    socket.handle_.p_.peer_ = script_addr("192.0.2.9:9");
    script_then(SCRIPT_TRY_RECV_FROM)->addr = script_addr("192.0.2.1:1001");
    script_then_fail(SCRIPT_TRY_RECV_FROM, FER_WOULD_BLOCK, 11);
    assert_error_log(feri_datagram_receive(&socket.handle_, buf, 8, FERP_DONTWAIT, &got),
                     FER_WOULD_BLOCK, 11, "try_recv_from(1,8) try_recv_from(1,8)");
}

SYSTEM_TEST(script_posix, unix_datagrams_are_sent_and_received_without_a_wait)
{
    char buf[8];
    size_t n = 77;
    fer_unix_received got;
    fer_unix_addr to = script_path("p");
    fer_unix_datagram socket = {.handle_ = script_stream(FERI_FLAG_DATAGRAM)};
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
