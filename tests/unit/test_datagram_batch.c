/* test_datagram_batch.c: batches of datagrams (rules B1 to B13), with the calls for each. */
#include "core/transfer/datagram.h"
#include "unit/datagram_check.h"
#include "unit/scripted_platform.h"

enum { EIO_OF_LINUX = 5, EINVAL_OF_LINUX = 22, EMSGSIZE_OF_LINUX = 90 };
enum { ECONNREFUSED_OF_LINUX = 111 };

#define CONNECTED_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, connected_socket(&script_posix, 0), function)

static size_t n;
static char bytes[64];
static fer_datagram_recv got[40];

static fer_datagram_send message(size_t len, size_t segment_size)
{
    return (fer_datagram_send){.buf = bytes, .len = len, .segment_size = segment_size};
}

/* ---- Sending */

/* A short count is followed by a call for the rest. A call for several would drop the error of the
 * second message, so only one waits for a full buffer (rules B2, B12). A message that is too long
 * is tried four times: a try may take a router's report of an earlier datagram (rule U2). */
SCRIPT_TEST(the_messages_of_a_batch_are_sent_until_one_fails)
{
    static const struct {
        const char *name;
        unsigned flags;
        const char *results;
        fer_error_kind kind;
        int32_t code;
        size_t sent;
        const char *log;
    } rows[] = {
        {"a short count", 0, "try_send_messages 1 2", FER_OK, 0, 3,
         "try_send_messages(1,3,1/0/0) try_send_messages(1,2,2/0/0)"},
        {"a failure has the count of the messages before it", FERP_DONTWAIT,
         "try_send_messages 1 WOULD_BLOCK:11", FER_WOULD_BLOCK, 11, 1,
         "try_send_messages(1,3,1/0/0) try_send_messages(1,2,2/0/0)"},
        {"a full buffer", 0,
         "try_send_messages WOULD_BLOCK:11 WOULD_BLOCK:11, send_messages 1 INTERRUPTED:4",
         FER_INTERRUPTED, 4, 1,
         "try_send_messages(1,3,1/0/0) send_messages(1,1,1/0/0) "
         "try_send_messages(1,2,2/0/0) send_messages(1,1,2/0/0)"},
        {"too long", 0,
         "try_send_messages MESSAGE_TOO_LONG:90 2, try_send_messages* MESSAGE_TOO_LONG:90, "
         "send_messages MESSAGE_TOO_LONG:90",
         FER_MESSAGE_TOO_LONG, 90, 2,
         "try_send_messages(1,3,1/0/0) try_send_messages(1,3,1/0/0) send_messages(1,1,3/0/0) "
         "try_send_messages(1,1,3/0/0) try_send_messages(1,1,3/0/0) try_send_messages(1,1,3/0/0) "
         "try_send_messages(1,1,3/0/0) try_send_messages(1,1,3/0/0) try_send_messages(1,1,3/0/0) "
         "try_send_messages(1,1,3/0/0)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_datagram_send messages[] = {message(1, 0), message(2, 0), message(3, 0)};
        fer_udp_socket socket = connected_socket(&script_posix, 0);
        script.row = rows[i].name;
        script_queue(rows[i].results);
        n = 77;
        assert_error(feri_datagram_send_batch(&socket.handle_, messages, 3, rows[i].flags, &n),
                     rows[i].kind, rows[i].code);
        assert_row(n == rows[i].sent);
        assert_log(rows[i].log);
        script_end_row();
    }
}

static void send_one(fer_udp_socket *socket, fer_datagram_send one, fer_error_kind kind)
{
    assert_error_n(feri_datagram_send_batch(&socket->handle_, &one, 1, 0, &n), kind,
                   kind == FER_OK ? 0 : ECONNREFUSED_OF_LINUX, n, kind == FER_OK);
}

/* After a refusal the same bytes are sent one by one, and then each message of the handle. */
CONNECTED_TEST(refused_segments_are_sent_singly_and_not_tried_again)
{
    script_queue("udp_feature 1, send_messages UNSUPPORTED:5, try_send_messages 2 2");
    send_one(&socket, message(6, 3), FER_OK);
    send_one(&socket, message(6, 3), FER_OK);
    assert_log("udp_feature(1,v4,64) send_messages(1,1,6/3/0) try_send_messages(1,2,3/0/0) "
               "try_send_messages(1,2,3/0/0)");
}

/* A segment is longer than the MTU. A single datagram may be, and other messages are not. Linux
 * before about 6.14 has EINVAL for it, which is a refusal of every segment if it is short. */
CONNECTED_TEST(segments_that_are_too_long_change_nothing_for_later_messages)
{
    static char big[2466];
    static const struct {
        fer_error_kind kind;
        int32_t code;
        size_t size;
        bool is_refusal;
    } cases[] = {{FER_MESSAGE_TOO_LONG, EMSGSIZE_OF_LINUX, 1232, false},
                 {FER_INVALID_INPUT, EINVAL_OF_LINUX, 1233, false},
                 {FER_UNSUPPORTED, EIO_OF_LINUX, 1233, true},
                 {FER_INVALID_INPUT, EINVAL_OF_LINUX, 1232, true}};
    script_queue("udp_feature 1");
    for (size_t i = 0; i < 4; i++) {
        size_t size = cases[i].size;
        feri_atomic_change_bits(&socket.handle_.p_.flags_, 0, FERI_FLAG_SEGMENTS_OFF);
        script_then_fail(SCRIPT_SEND_MESSAGES, cases[i].kind, cases[i].code);
        script_then_move(SCRIPT_TRY_SEND_MESSAGES, 2);
        send_one(&socket, (fer_datagram_send){.buf = big, .len = 2 * size, .segment_size = size},
                 FER_OK);
        assert_int_equal(feri_handle_has_flag(&socket.handle_, FERI_FLAG_SEGMENTS_OFF),
                         cases[i].is_refusal);
    }
}

CONNECTED_TEST(a_refused_ecn_codepoint_is_left_out_from_then_on)
{
    fer_datagram_send messages[] = {message(1, 0), message(2, 0)};
    messages[0].ecn = FER_ECN_ECT0;
    messages[1].ecn = FER_ECN_ECT0;
    script_queue("option_value 185, try_send_messages INVALID_INPUT:22 1, send_messages 1");
    assert_ok_n(feri_datagram_send_batch(&socket.handle_, messages, 2, 0, &n), n, 2);
    assert_log("option_value(1,TOS_V4) try_send_messages(1,2,1/0/ba) "
               "try_send_messages(1,2,1/0/0) send_messages(1,1,2/0/ba)");
}

/* B13: the socket's own is not read, and a refusal is an error. */
CONNECTED_TEST(a_traffic_class_is_sent_with_its_ecn_or_not_at_all)
{
    fer_datagram_send with = message(1, 0);
    with.has_traffic_class = true;
    with.traffic_class = 0xb9;
    script_queue("send_messages 1 1 INVALID_INPUT:22");
    send_one(&socket, with, FER_OK);
    with.ecn = FER_ECN_ECT0;
    send_one(&socket, with, FER_OK);
    with.ecn = FER_ECN_NOT_ECT;
    with.traffic_class = 0;
    assert_error_n(feri_datagram_send_batch(&socket.handle_, &with, 1, 0, &n), FER_INVALID_INPUT,
                   EINVAL_OF_LINUX, n, 0);
    assert_log("send_messages(1,1,1/0/b9) send_messages(1,1,1/0/ba) send_messages(1,1,1/0/0)");
}

/* ---- Receiving */

/* All messages of a result are the peer's. A batch ends when the queue is empty, or with the first
 * system call that fails after a datagram. EAGAIN and EINTR are no failures to keep. */
SCRIPT_TEST(a_batch_is_received_until_it_is_full_or_the_queue_is_empty)
{
    static const struct {
        const char *name;
        const struct ferp_traits *traits;
        size_t cap;
        unsigned flags;
        const char *results;
        fer_error_kind kind;
        int32_t code;
        size_t received;
        const char *log;
    } rows[] = {
        {"an empty queue", &script_posix, 40, 0, "recv_messages 3", FER_OK, 0, 3,
         "recv_messages(1,32)"},
        {"a full batch and another that never waits", &script_posix, 40, 0,
         "recv_messages 32, try_recv_messages 8", FER_OK, 0, 40,
         "recv_messages(1,32) try_recv_messages(1,8)"},
        {"the report of an earlier datagram", &script_posix, 40, 0,
         "recv_messages MESSAGE_TOO_LONG:90, try_recv_messages 32 MESSAGE_TOO_LONG:90 8", FER_OK, 0,
         40,
         "recv_messages(1,32) try_recv_messages(1,32) "
         "try_recv_messages(1,8) try_recv_messages(1,8)"},
        {"a failure before the first datagram", &script_posix, 40, 0,
         "recv_messages CONNECTION_RESET:104", FER_CONNECTION_REFUSED, 104, 0, NULL},
        {"an empty queue behind a datagram", &script_posix, 40, 0,
         "recv_messages 32 1, try_recv_messages WOULD_BLOCK:11", FER_OK, 0, 32, NULL},
        {"a signal behind a datagram", &script_posix, 40, 0,
         "recv_messages 32 1, try_recv_messages INTERRUPTED:4", FER_OK, 0, 32, NULL},
        {"messages one by one", &script_windows, 4, FERP_DONTWAIT,
         "try_recv_messages 1 1 WOULD_BLOCK:10035", FER_OK, 0, 2,
         "set_nonblocking(1,1) try_recv_messages(1,4) try_recv_messages(1,3) "
         "try_recv_messages(1,2)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_udp_socket socket = connected_socket(rows[i].traits, 0);
        script.row = rows[i].name;
        script_default(SCRIPT_RECV_MESSAGES)->addr = script_addr(PEER);
        script_default(SCRIPT_TRY_RECV_MESSAGES)->addr = script_addr(PEER);
        script_queue(rows[i].results);
        n = 77;
        assert_error(
            feri_datagram_receive_batch(&socket.handle_, got, rows[i].cap, rows[i].flags, &n),
            rows[i].kind, rows[i].code);
        assert_row(n == rows[i].received);
        if (rows[i].log != NULL) {
            assert_log(rows[i].log);
        }
        if (n == 32) {
            assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 1);
        }
        script_end_row();
    }
}

static void assert_kept_error(fer_error error)
{
    assert_error(error, FER_CONNECTION_REFUSED, ECONNREFUSED_OF_LINUX);
}

static void keep_failure(fer_udp_socket *socket)
{
    script_default(SCRIPT_RECV_MESSAGES)->addr = script_addr(PEER);
    script_queue("recv_messages 32, try_recv_messages CONNECTION_REFUSED:111");
    assert_ok_n(feri_datagram_receive_batch(&socket->handle_, got, 40, 0, &n), n, 32);
    script.log[0] = 0;
}

/* Rule U3: a socket without a peer reports no refusal. */
CONNECTED_TEST(a_disconnect_drops_a_kept_failure)
{
    fer_error taken = feri_ok();
    keep_failure(&socket);
    assert_ok(feri_datagram_disconnect(&socket.handle_));
    assert_ok(feri_datagram_take_error(&socket.handle_, &taken));
    assert_int_equal(taken.kind, FER_OK);
}

CONNECTED_TEST(a_kept_failure_is_not_that_of_a_clone)
{
    fer_handle clone = {0};
    fer_error taken = feri_ok();
    keep_failure(&socket);
    assert_ok(feri_try_clone(&socket.handle_, &clone));
    assert_ok(feri_datagram_take_error(&clone, &taken));
    assert_int_equal(taken.kind, FER_OK);
    assert_kept_error(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n));
}

/* A sender of family 0: one message without bytes, from the peer. Linux fills every header. */
CONNECTED_TEST(a_shut_down_read_half_is_an_empty_message_of_the_peer)
{
    script_queue("recv_messages 2");
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 4, 0, &n), n, 1);
    assert_int_equal(got[0].len, 0);
    assert_addr(&got[0].from, PEER);
    queue_datagram(SCRIPT_RECV_MESSAGES, PEER, 32);
    script_queue("try_recv_messages 1");
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 33, 0, &n), n, 32);
}

TEST_MAIN("datagram_batch")
