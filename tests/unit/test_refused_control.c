/* test_refused_control.c: control messages of datagrams that the system refuses: the same datagrams
 * are sent in another way. Linux only. Rules B4 to B7. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* struct mmsghdr */
#endif

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/linux_fixture.h"

/* ---- sendmsg. A message that has one of these fails with the code. */

enum { TOS = 1, SEGMENTING = 2, SOURCE = 4 };

static unsigned refused;
static int refused_code;
static unsigned seen; /* of all messages */

static unsigned part_of(const struct cmsghdr *item)
{
    switch (item->cmsg_level) {
    case IPPROTO_IP: return item->cmsg_type == IP_TOS ? TOS : SOURCE;
    case IPPROTO_IPV6: return item->cmsg_type == IPV6_TCLASS ? TOS : SOURCE;
    default: return SEGMENTING;
    }
}

static unsigned parts_of(const struct msghdr *header)
{
    struct msghdr copy = *header;
    unsigned parts = 0;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&copy); item != NULL;
         item = CMSG_NXTHDR(&copy, item)) {
        parts |= part_of(item);
    }
    seen |= parts;
    return parts;
}

ssize_t sendmsg(int fd, const struct msghdr *header, int flags)
{
    if ((parts_of(header) & refused) != 0) {
        errno = refused_code;
        return -1;
    }
    return syscall(SYS_sendmsg, fd, header, flags);
}

/* The first message of a call that is refused. */
int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    for (unsigned i = 0; i < count; i++) {
        if ((parts_of(&messages[i].msg_hdr) & refused) != 0) {
            errno = refused_code;
            return i > 0 ? (int)syscall(SYS_sendmmsg, fd, messages, i, flags) : -1;
        }
    }
    return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

/* ---- Tests */

enum { SEGMENT = 100, SEGMENTS = 3 };

/* Receives the datagrams of one message, all with that codepoint. */
static void receive_segments(fer_ecn ecn)
{
    unsigned char bytes[SEGMENT + 1];
    fer_datagram_recv in = {.buf = bytes, .cap = sizeof bytes};
    size_t n = 0;
    for (unsigned char i = 0; i < SEGMENTS; i++) {
        assert_ok(fer_udp_socket_recv_batch(&ends.receiver, &in, 1, &n));
        assert_true(n == 1 && in.len == SEGMENT && bytes[0] == i && bytes[SEGMENT - 1] == i);
        assert_true(in.has_ecn && in.ecn == ecn && fer_socket_addr_eq(&in.from, &ends.from));
    }
    assert_error(fer_udp_socket_try_recv_batch(&ends.receiver, &in, 1, &n), FER_WOULD_BLOCK,
                 EAGAIN);
}

struct refusal {
    unsigned parts;
    int code;
};

/* What was refused is remembered for the handle: the second call has nothing of it. */
static void send_while_refused(const char *address, const struct refusal *row)
{
    static unsigned char bytes[SEGMENTS * SEGMENT];
    fer_ecn wanted = (row->parts & TOS) != 0 ? FER_ECN_NOT_ECT : FER_ECN_ECT0;
    if (!open_datagrams(address)) {
        return;
    }
    assert_ok(fer_udp_socket_enable(&ends.receiver, FER_UDP_ECN, NULL));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i / SEGMENT);
    }
    refused = row->parts;
    refused_code = row->code;
    for (int round = 0; round < 2; round++) {
        fer_datagram_send message = {.buf = bytes,
                                     .len = sizeof bytes,
                                     .segment_size = SEGMENT,
                                     .to = &ends.to,
                                     .from = ends.from.ip,
                                     .ecn = FER_ECN_ECT0};
        size_t n = 0;
        seen = 0;
        assert_ok(fer_udp_socket_send_batch(&ends.sender, &message, 1, &n));
        assert_true(n == 1 && message.sent == sizeof bytes);
        assert_int_equal(seen, (TOS | SEGMENTING | SOURCE) & ~(round == 0 ? 0 : row->parts));
        receive_segments(wanted);
    }
}

/* EIO: an interface without checksum offload, and Android for IP_TOS (quinn-rs/quinn#2718). */
ENDS_TEST(a_message_is_sent_without_the_control_messages_that_are_refused)
{
    static const struct refusal rows[] = {{0, 0},
                                          {TOS, EIO},
                                          {TOS, EINVAL},
                                          {SEGMENTING, EIO},
                                          {SEGMENTING, EINVAL},
                                          {TOS | SEGMENTING, EIO},
                                          {TOS | SEGMENTING, EINVAL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        send_while_refused("127.0.0.1:0", &rows[i]);
        send_while_refused("[::1]:0", &rows[i]);
    }
}

/* B7: "A local address is used, or the error is ...": never left out. */
ENDS_TEST(a_local_address_that_is_refused_is_an_error)
{
    static const int codes[] = {EIO, EINVAL, EOPNOTSUPP};
    for (size_t i = 0; i < 6; i++) {
        if (!open_datagrams(i % 2 == 0 ? "127.0.0.1:0" : "[::1]:0")) {
            continue;
        }
        fer_datagram_send message = {.buf = "x", .len = 1, .to = &ends.to, .from = ends.from.ip};
        size_t n = 77;
        refused = SOURCE;
        refused_code = codes[i / 2];
        fer_error error = fer_udp_socket_send_batch(&ends.sender, &message, 1, &n);
        assert_true(error.kind != FER_OK && error.os_code == refused_code);
        assert_true(n == 0 && message.sent == 0);
    }
}

/* B13: a message without its traffic class would be another one. */
ENDS_TEST(a_traffic_class_that_is_refused_is_an_error)
{
    static const int codes[] = {EIO, EINVAL};
    for (size_t i = 0; i < 4; i++) {
        if (!open_datagrams(i % 2 == 0 ? "127.0.0.1:0" : "[::1]:0")) {
            continue;
        }
        fer_datagram_send message = {
            .buf = "x", .len = 1, .to = &ends.to, .has_traffic_class = true, .traffic_class = 0xb8};
        size_t n = 77;
        refused = TOS;
        refused_code = codes[i / 2];
        assert_error(fer_udp_socket_send_batch(&ends.sender, &message, 1, &n),
                     refused_code == EIO ? FER_UNSUPPORTED : FER_INVALID_INPUT, refused_code);
        assert_true(n == 0 && message.sent == 0);
    }
}

TEST_MAIN("refused_control")
