/* test_datagram_batch.c: batches of datagrams (rules B1 to B12), with the calls for each. */
#include "core/transfer/datagram.h"
#include "unit/datagram_check.h"
#include "unit/scripted_platform.h"

enum {
    EIO_OF_LINUX = 5,
    EINVAL_OF_LINUX = 22,
    EMSGSIZE_OF_LINUX = 90,
    ECONNREFUSED_OF_LINUX = 111
};

#define CONNECTED_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, connected_socket(&script_posix, 0), function)
#define SINGLE_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, connected_socket(&script_windows, 0), function)

static size_t n;
static char bytes[64];
static fer_datagram_recv got[40];

static fer_datagram_send message(size_t len, size_t segment_size)
{
    return (fer_datagram_send){.buf = bytes, .len = len, .segment_size = segment_size};
}

static void queue_messages(script_call call, const char *from, uint64_t count)
{
    script_result *result = script_then(call);
    result->addr = script_addr(from);
    result->value = count;
}

/* ---- Sending */

/* A short count is followed by a call for the rest. */
CONNECTED_TEST(the_rest_of_a_short_batch_is_sent)
{
    fer_datagram_send messages[] = {message(1, 0), message(2, 0), message(3, 0)};
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 1);
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 2);
    assert_ok_n(feri_datagram_send_batch(&socket.handle_, messages, 3, 0, &n), n, 3);
    assert_log("try_send_messages(1,3,1/0/0) try_send_messages(1,2,2/0/0)");
}

CONNECTED_TEST(a_failure_has_the_count_of_the_messages_before_it)
{
    fer_datagram_send messages[] = {message(1, 0), message(2, 0)};
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 1);
    script_then_fail(SCRIPT_TRY_SEND_MESSAGES, FER_WOULD_BLOCK, 11);
    assert_error_n(feri_datagram_send_batch(&socket.handle_, messages, 2, FERP_DONTWAIT, &n),
                   FER_WOULD_BLOCK, 11, n, 1);
    script.log[0] = 0;
}

/* A call for several would drop the error of the second message (rules B2, B12). */
CONNECTED_TEST(only_one_message_waits_for_a_full_buffer)
{
    fer_datagram_send messages[] = {message(1, 0), message(2, 0), message(3, 0)};
    script_then_fail(SCRIPT_TRY_SEND_MESSAGES, FER_WOULD_BLOCK, 11);
    script_then_move(SCRIPT_SEND_MESSAGES, 1);
    script_then_fail(SCRIPT_TRY_SEND_MESSAGES, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_SEND_MESSAGES, FER_INTERRUPTED, 4);
    assert_error_n(feri_datagram_send_batch(&socket.handle_, messages, 3, 0, &n), FER_INTERRUPTED,
                   4, n, 1);
    assert_log("try_send_messages(1,3,1/0/0) send_messages(1,1,1/0/0) "
               "try_send_messages(1,2,2/0/0) send_messages(1,1,2/0/0)");
}

/* The system cuts at most 64 segments, and a call moves 32 messages. */
CONNECTED_TEST(more_than_one_call_moves_is_sent_in_parts)
{
    static char big[3000];
    fer_datagram_send messages[40];
    for (size_t i = 0; i < 40; i++) {
        messages[i] = message(1, 0);
    }
    messages[0] = (fer_datagram_send){.buf = big, .len = 3000, .segment_size = 30};
    script_then(SCRIPT_UDP_FEATURE)->value = 1;
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 32);
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 9);
    assert_ok_n(feri_datagram_send_batch(&socket.handle_, messages, 40, 0, &n), n, 40);
    assert_int_equal(messages[0].sent, 3000);
    assert_log("udp_feature(1,v4,64) try_send_messages(1,32,1920/30/0) "
               "try_send_messages(1,9,1/0/0)");
}

/* After a refusal the same bytes are sent one by one, and then each message of the handle. */
CONNECTED_TEST(refused_segments_are_sent_singly_and_not_tried_again)
{
    fer_datagram_send one = message(6, 3);
    script_then_fail(SCRIPT_SEND_MESSAGES, FER_UNSUPPORTED, EIO_OF_LINUX);
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 2);
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 2);
    script_then(SCRIPT_UDP_FEATURE)->value = 1;
    assert_ok_n(feri_datagram_send_batch(&socket.handle_, &one, 1, 0, &n), n, 1);
    one.sent = 0;
    assert_ok_n(feri_datagram_send_batch(&socket.handle_, &one, 1, 0, &n), n, 1);
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
    script_then(SCRIPT_UDP_FEATURE)->value = 1;
    for (size_t i = 0; i < 4; i++) {
        size_t size = cases[i].size;
        fer_datagram_send one = {.buf = big, .len = 2 * size, .segment_size = size};
        feri_atomic_change_bits(&socket.handle_.p_.flags_, 0, FERI_FLAG_SEGMENTS_OFF);
        script_then_fail(SCRIPT_SEND_MESSAGES, cases[i].kind, cases[i].code);
        script_then_move(SCRIPT_TRY_SEND_MESSAGES, 2);
        assert_ok_n(feri_datagram_send_batch(&socket.handle_, &one, 1, 0, &n), n, 1);
        assert_int_equal(feri_handle_has_flag(&socket.handle_, FERI_FLAG_SEGMENTS_OFF),
                         cases[i].is_refusal);
    }
    script.log[0] = 0;
}

/* A router's report of an earlier datagram is taken by the first try (rule U2). */
CONNECTED_TEST(a_message_that_is_too_long_is_tried_twice)
{
    fer_datagram_send messages[] = {message(1, 0), message(2, 0)};
    script_then_fail(SCRIPT_TRY_SEND_MESSAGES, FER_MESSAGE_TOO_LONG, EMSGSIZE_OF_LINUX);
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 1);
    script_then_fail(SCRIPT_SEND_MESSAGES, FER_MESSAGE_TOO_LONG, EMSGSIZE_OF_LINUX);
    script_then_fail(SCRIPT_SEND_MESSAGES, FER_MESSAGE_TOO_LONG, EMSGSIZE_OF_LINUX);
    assert_error_n(feri_datagram_send_batch(&socket.handle_, messages, 2, 0, &n),
                   FER_MESSAGE_TOO_LONG, EMSGSIZE_OF_LINUX, n, 1);
    assert_log("try_send_messages(1,2,1/0/0) try_send_messages(1,2,1/0/0) "
               "send_messages(1,1,2/0/0) send_messages(1,1,2/0/0)");
}

/* A failure that is no refusal is the call's result. */
CONNECTED_TEST(another_failure_of_segments_or_of_ecn_is_reported)
{
    fer_datagram_send one = message(6, 3);
    fer_datagram_send other = message(1, 0);
    script_then(SCRIPT_UDP_FEATURE)->value = 1;
    script_then_fail(SCRIPT_SEND_MESSAGES, FER_CONNECTION_REFUSED, ECONNREFUSED_OF_LINUX);
    script_then_fail(SCRIPT_SEND_MESSAGES, FER_CONNECTION_REFUSED, ECONNREFUSED_OF_LINUX);
    assert_error_n(feri_datagram_send_batch(&socket.handle_, &one, 1, 0, &n),
                   FER_CONNECTION_REFUSED, ECONNREFUSED_OF_LINUX, n, 0);
    other.ecn = FER_ECN_CE;
    assert_error_n(feri_datagram_send_batch(&socket.handle_, &other, 1, 0, &n),
                   FER_CONNECTION_REFUSED, ECONNREFUSED_OF_LINUX, n, 0);
    script.log[0] = 0;
}

CONNECTED_TEST(a_refused_ecn_codepoint_is_left_out_from_then_on)
{
    fer_datagram_send messages[] = {message(1, 0), message(2, 0)};
    messages[0].ecn = FER_ECN_ECT0;
    messages[1].ecn = FER_ECN_ECT0;
    script_then(SCRIPT_OPTION_VALUE)->value = 0xb9;
    script_then_fail(SCRIPT_TRY_SEND_MESSAGES, FER_INVALID_INPUT, EINVAL_OF_LINUX);
    script_then_move(SCRIPT_TRY_SEND_MESSAGES, 1);
    script_then_move(SCRIPT_SEND_MESSAGES, 1);
    assert_ok_n(feri_datagram_send_batch(&socket.handle_, messages, 2, 0, &n), n, 2);
    assert_log("option_value(1,TOS_V4) try_send_messages(1,2,1/0/ba) "
               "try_send_messages(1,2,1/0/0) send_messages(1,1,2/0/ba)");
}

/* Another thread, or another handle of the socket, sets the TOS between two calls. */
CONNECTED_TEST(later_batches_have_a_tos_that_another_handle_sets)
{
    script_then(SCRIPT_OPTION_VALUE)->value = 0x20;
    script_then(SCRIPT_OPTION_VALUE)->value = 0xb8;
    for (size_t i = 0; i < 2; i++) {
        fer_datagram_send one = message(1, 0);
        one.ecn = FER_ECN_ECT0;
        script_then_move(SCRIPT_SEND_MESSAGES, 1);
        assert_ok_n(feri_datagram_send_batch(&socket.handle_, &one, 1, 0, &n), n, 1);
    }
    assert_log("option_value(1,TOS_V4) send_messages(1,1,1/0/22) option_value(1,TOS_V4) "
               "send_messages(1,1,1/0/ba)");
}

/* ---- Receiving */

CONNECTED_TEST(a_batch_ends_when_the_queue_is_empty)
{
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 3);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 3);
    assert_log("recv_messages(1,32)");
}

CONNECTED_TEST(a_full_batch_is_followed_by_another_that_never_waits)
{
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 32);
    queue_messages(SCRIPT_TRY_RECV_MESSAGES, PEER, 8);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 40);
    assert_log("recv_messages(1,32) try_recv_messages(1,8)");
}

/* A failure behind a datagram is the result of the next batch, once. */
CONNECTED_TEST(a_failure_behind_a_datagram_is_kept)
{
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 32);
    script_then_fail(SCRIPT_TRY_RECV_MESSAGES, FER_CONNECTION_REFUSED, ECONNREFUSED_OF_LINUX);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 32);
    assert_error_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n),
                   ferp_error_kind(ECONNREFUSED_OF_LINUX), ECONNREFUSED_OF_LINUX, n, 0);
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 1);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 1);
    script.log[0] = 0;
}

/* Keeps the failure of a batch. */
static void keep_failure(fer_udp_socket *socket)
{
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 32);
    script_then_fail(SCRIPT_TRY_RECV_MESSAGES, FER_CONNECTION_REFUSED, ECONNREFUSED_OF_LINUX);
    assert_ok_n(feri_datagram_receive_batch(&socket->handle_, got, 40, 0, &n), n, 32);
    script.log[0] = 0;
}

/* Whichever of them is called first. */
CONNECTED_TEST(a_kept_failure_is_also_that_of_a_single_receive_or_of_take_error)
{
    fer_error taken = feri_ok();
    fer_udp_received received;
    char buf[4];
    keep_failure(&socket);
    assert_ok(feri_datagram_take_error(&socket.handle_, &taken));
    assert_error(taken, ferp_error_kind(ECONNREFUSED_OF_LINUX), ECONNREFUSED_OF_LINUX);
    assert_log("");
    keep_failure(&socket);
    assert_error(feri_datagram_receive(&socket.handle_, buf, 4, FERP_DONTWAIT, &received),
                 ferp_error_kind(ECONNREFUSED_OF_LINUX), ECONNREFUSED_OF_LINUX);
    assert_log("");
    script_then(SCRIPT_TRY_RECV_FROM)->addr = script_addr(PEER);
    assert_ok(feri_datagram_receive(&socket.handle_, buf, 4, FERP_DONTWAIT, &received));
    assert_ok(feri_datagram_take_error(&socket.handle_, &taken));
    assert_int_equal(taken.kind, FER_OK);
    script.log[0] = 0;
}

CONNECTED_TEST(a_kept_failure_is_not_that_of_a_clone)
{
    fer_handle clone = {0};
    fer_error taken = feri_ok();
    keep_failure(&socket);
    assert_ok(feri_try_clone(&socket.handle_, &clone));
    assert_ok(feri_datagram_take_error(&clone, &taken));
    assert_int_equal(taken.kind, FER_OK);
    assert_error_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n),
                   ferp_error_kind(ECONNREFUSED_OF_LINUX), ECONNREFUSED_OF_LINUX, n, 0);
    script.log[0] = 0;
}

/* It is no failure of a receive. */
CONNECTED_TEST(a_batch_continues_after_the_report_of_an_earlier_datagram)
{
    script_then_fail(SCRIPT_RECV_MESSAGES, FER_MESSAGE_TOO_LONG, EMSGSIZE_OF_LINUX);
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 32);
    script_then_fail(SCRIPT_TRY_RECV_MESSAGES, FER_MESSAGE_TOO_LONG, EMSGSIZE_OF_LINUX);
    queue_messages(SCRIPT_TRY_RECV_MESSAGES, PEER, 8);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 40);
    assert_log("recv_messages(1,32) recv_messages(1,32) try_recv_messages(1,8) "
               "try_recv_messages(1,8)");
}

/* EAGAIN and EINTR are none. */
CONNECTED_TEST(an_empty_queue_and_a_signal_are_no_failures_to_keep)
{
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 32);
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 32);
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 1);
    script_then_fail(SCRIPT_TRY_RECV_MESSAGES, FER_WOULD_BLOCK, 11);
    script_then_fail(SCRIPT_TRY_RECV_MESSAGES, FER_INTERRUPTED, 4);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 32);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 32);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n), n, 1);
    script.log[0] = 0;
}

CONNECTED_TEST(a_failure_before_the_first_datagram_is_reported)
{
    script_then_fail(SCRIPT_RECV_MESSAGES, FER_CONNECTION_RESET, 104);
    assert_error_n(feri_datagram_receive_batch(&socket.handle_, got, 40, 0, &n),
                   FER_CONNECTION_REFUSED, 104, n, 0);
    script.log[0] = 0;
}

CONNECTED_TEST(other_senders_are_dropped_until_a_message_is_the_peers)
{
    queue_messages(SCRIPT_RECV_MESSAGES, "192.0.2.1:1002", 2);
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 1);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 4, 0, &n), n, 1);
    assert_log("recv_messages(1,4) recv_messages(1,4)");
}

/* A sender of family 0: one message without bytes, from the peer. Linux fills every header. */
CONNECTED_TEST(a_shut_down_read_half_is_an_empty_message_of_the_peer)
{
    script_then_move(SCRIPT_RECV_MESSAGES, 2);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 4, 0, &n), n, 1);
    assert_int_equal(got[0].len, 0);
    assert_addr(&got[0].from, PEER);
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 32);
    script_then_move(SCRIPT_TRY_RECV_MESSAGES, 1);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 33, 0, &n), n, 32);
    assert_true(feri_handle_apply(&socket.handle_, FERI_EVENT_SHUT_READ));
    script.log[0] = 0;
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 4, 0, &n), n, 1);
    assert_int_equal(got[0].len, 0);
    assert_log("");
}

/* A handle that is not fully open, but can still receive. */
CONNECTED_TEST(a_shut_down_write_half_changes_no_receive)
{
    assert_true(feri_handle_apply(&socket.handle_, FERI_EVENT_SHUT_WRITE));
    queue_messages(SCRIPT_RECV_MESSAGES, PEER, 1);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 4, 0, &n), n, 1);
    assert_log("recv_messages(1,4)");
}

/* A system whose calls move one message. */
SINGLE_TEST(messages_one_by_one_are_a_batch_too)
{
    queue_messages(SCRIPT_TRY_RECV_MESSAGES, PEER, 1);
    queue_messages(SCRIPT_TRY_RECV_MESSAGES, PEER, 1);
    script_then_fail(SCRIPT_TRY_RECV_MESSAGES, FER_WOULD_BLOCK, 10035);
    assert_ok_n(feri_datagram_receive_batch(&socket.handle_, got, 4, FERP_DONTWAIT, &n), n, 2);
    assert_log("set_nonblocking(1,1) try_recv_messages(1,4) try_recv_messages(1,3) "
               "try_recv_messages(1,2)");
}

TEST_MAIN("datagram_batch")
