/* test_datagram_length.c: the length of a received datagram and whether it was truncated, on Linux'
 * own sockets, and the system calls that report them. Linux only. Rule U1. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* syscall; with _GNU_SOURCE recvfrom has another type */
#endif

#include "support/seam.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42 /* socket(7); older headers lack it */
#endif

/* ---- The system's calls */

static int recvfrom_calls;
static int recvmsg_calls;
static int last_flags;
static bool rejects_the_flag; /* as WSL 1 */
static int recvfrom_error;    /* if it is not 0, every recvfrom fails with it */
static ssize_t other_length;  /* if it is not 0, a recvfrom that succeeds returns it */
static bool omits_the_sender;
static int recvmsg_errors[2]; /* of the first calls; 0 for none */

static ssize_t fail_with(int code)
{
    errno = code;
    return -1;
}

ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *size)
{
    recvfrom_calls++;
    last_flags = flags;
    if (recvfrom_error != 0) {
        return fail_with(recvfrom_error);
    }
    if (rejects_the_flag && (flags & MSG_TRUNC) != 0) {
        return fail_with(EINVAL);
    }
    memset(from, 0, *size); /* the memory sanitizer does not detect what syscall stores */
    ssize_t moved = syscall(SYS_recvfrom, fd, buf, len, flags, omits_the_sender ? NULL : from,
                            omits_the_sender ? NULL : size);
    return moved >= 0 && other_length != 0 ? other_length : moved;
}

/* musl declares two lengths of the header as int beside padding. Its own calls clear the padding,
 * which the kernel reads. */
static void clear_padding(struct msghdr *message)
{
    const struct msghdr given = *message;
    memset(message, 0, sizeof *message);
    message->msg_name = given.msg_name;
    message->msg_namelen = given.msg_namelen;
    message->msg_iov = given.msg_iov;
    message->msg_iovlen = given.msg_iovlen;
    message->msg_control = given.msg_control;
    message->msg_controllen = given.msg_controllen;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    int failure = recvmsg_calls < 2 ? recvmsg_errors[recvmsg_calls] : 0;
    recvmsg_calls++;
    last_flags = flags;
    if (failure != 0) {
        return fail_with(failure);
    }
    memset(message->msg_name, 0, message->msg_namelen);
    clear_padding(message);
    return syscall(SYS_recvmsg, fd, message, flags);
}

static int reset_system(void **state)
{
    recvfrom_calls = recvmsg_calls = last_flags = recvfrom_error = 0;
    other_length = 0;
    recvmsg_errors[0] = recvmsg_errors[1] = 0;
    rejects_the_flag = omits_the_sender = false;
    return 0;
}

static void assert_calls(int recvfroms, int recvmsgs)
{
    assert_int_equal(recvfrom_calls, recvfroms);
    assert_int_equal(recvmsg_calls, recvmsgs);
    recvfrom_calls = recvmsg_calls = 0;
}

/* ---- Sockets */

/* A receiver, a sender, and the sender's address. Both are on the loopback address. */
static struct {
    fer_raw_socket to;
    fer_raw_socket from;
    fer_socket_addr to_addr;
    fer_socket_addr from_addr;
} ends;

static fer_raw_socket bind_to(fer_domain domain, fer_socket_addr *addr)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_socket_new(domain, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT, &raw));
    *addr = seam_loopback(0);
    if (domain == FER_DOMAIN_IPV6) {
        addr->ip.family = FER_IP_V6;
        addr->ip.u.v6 = FER_IPV6_ADDR_LOCALHOST;
    }
    assert_ok(ferp_bind(raw, addr));
    assert_ok(ferp_local_addr(raw, addr));
    return raw;
}

static void open_ends(fer_domain domain)
{
    ends.to = bind_to(domain, &ends.to_addr);
    ends.from = bind_to(domain, &ends.from_addr);
}

static int begin(void **state)
{
    open_ends(FER_DOMAIN_IPV4);
    return reset_system(state);
}

static int end(void **state)
{
    ferp_close(ends.to);
    ferp_close(ends.from);
    return 0;
}

#define LENGTH_TEST(function) TEST_WITH(function, begin, end)

static void send_bytes(const char *bytes, size_t len)
{
    size_t n = 77;
    assert_ok(ferp_send_to(ends.from, bytes, len, 0, &ends.to_addr, &n));
    assert_int_equal(n, len);
    seam_await(ends.to, FERP_RECEIVABLE);
}

/* ---- Lengths */

static const struct {
    const char *sent;
    size_t room;
    const char *stored; /* the first bytes of the buffer */
    bool truncated;
} rows[] = {
    {"exact", 5, "exact###", false}, {"less", 8, "less####", false},
    {"longer", 3, "lon#####", true}, {"longer", 5, "longe###", true},
    {"", 8, "########", false},      {"", 0, "########", false},
    {"longer", 0, "########", true}, {"x", 0, "########", true},
    {"x", 1, "x#######", false},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static void assert_row(size_t row, unsigned flags)
{
    char buf[] = "########";
    fer_udp_received got;
    size_t len = strlen(rows[row].sent);
    memset(&got, 0x5a, sizeof got);
    send_bytes(rows[row].sent, len);
    assert_ok(
        ferp_recv_from(ends.to, rows[row].room > 0 ? buf : NULL, rows[row].room, flags, &got));
    assert_int_equal(got.len, len < rows[row].room ? len : rows[row].room);
    assert_int_equal(got.truncated, rows[row].truncated);
    assert_true(fer_socket_addr_eq(&got.from, &ends.from_addr));
    assert_string_equal(buf, rows[row].stored);
    assert_int_equal(last_flags & MSG_DONTWAIT, (flags & FERP_DONTWAIT) != 0 ? MSG_DONTWAIT : 0);
}

/* Receives every row's datagram, in both modes and families. Each receive makes these calls. */
static void assert_rows(unsigned flags, int recvfroms, int recvmsgs)
{
    for (size_t i = 0; i < 4 * ROW_COUNT; i++) {
        (void)end(NULL);
        open_ends(i % 2 == 0 ? FER_DOMAIN_IPV4 : FER_DOMAIN_IPV6);
        assert_row(i / 4, i % 4 >= 2 ? flags | FERP_DONTWAIT : flags);
        assert_calls(recvfroms, recvmsgs);
    }
}

LENGTH_TEST(a_datagram_of_any_length_is_one_recvfrom)
{
    assert_rows(0, 1, 0);
}

LENGTH_TEST(a_system_that_rejects_the_flag_is_called_once_more_with_recvmsg)
{
    rejects_the_flag = true;
    assert_rows(0, 1, 1);
}

LENGTH_TEST(other_protocols_are_received_by_recvmsg)
{
    assert_rows(FERP_NOT_UDP, 0, 1);
}

/* The system is not trusted with more bytes than the buffer has. */
LENGTH_TEST(a_length_above_the_buffers_is_never_returned)
{
    static const ssize_t lengths[] = {9, 65536, SSIZE_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        fer_udp_received got;
        char buf[8];
        send_bytes("four", 4);
        other_length = lengths[i];
        assert_ok(ferp_recv_from(ends.to, buf, sizeof buf, 0, &got));
        assert_true(got.len == sizeof buf && got.truncated);
    }
}

/* ---- Errors */

LENGTH_TEST(other_errors_are_returned_without_a_second_call)
{
    static const int codes[] = {EAGAIN, ECONNREFUSED, EINTR, EBADF, ENOMEM};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        fer_udp_received got;
        char byte;
        recvfrom_error = codes[i];
        fer_error error = ferp_recv_from(ends.to, &byte, 1, 0, &got);
        assert_int_equal(error.kind, ferp_error_kind(codes[i]));
        assert_int_equal(error.os_code, codes[i]);
        assert_calls(1, 0);
    }
}

LENGTH_TEST(an_empty_queue_would_block_with_the_flag_or_without)
{
    fer_udp_received got;
    char byte;
    assert_kind(ferp_recv_from(ends.to, &byte, 1, FERP_DONTWAIT, &got), FER_WOULD_BLOCK);
    assert_calls(1, 0);
    rejects_the_flag = true;
    assert_kind(ferp_recv_from(ends.to, &byte, 1, FERP_DONTWAIT, &got), FER_WOULD_BLOCK);
    assert_calls(1, 1);
}

LENGTH_TEST(a_sender_without_an_ip_address_is_an_error)
{
    fer_udp_received got;
    char byte;
    send_bytes("x", 1);
    omits_the_sender = true;
    fer_error error = ferp_recv_from(ends.to, &byte, 1, 0, &got);
    assert_int_equal(error.os_code, EAFNOSUPPORT);
}

/* ---- Where the flag would mislead */

/* With MSG_TRUNC a peek would return the length from the start of the datagram. */
LENGTH_TEST(a_peek_at_an_offset_reports_the_bytes_that_it_stored)
{
    fer_udp_received got;
    char buf[] = "########";
    int offset = 2;
    if (setsockopt((int)ends.to, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) != 0) {
        print_message("skipped: this system has no SO_PEEK_OFF for datagrams\n");
        skip();
    }
    send_bytes("abcde", 5);
    assert_ok(ferp_recv_from(ends.to, buf, 8, FERP_PEEK, &got));
    assert_int_equal(got.len, 3);
    assert_string_equal(buf, "cde#####");
    assert_calls(0, 1);
    assert_ok(ferp_recv_from(ends.to, buf, 8, 0, &got));
    assert_true(got.len == 5 && !got.truncated);
    assert_string_equal(buf, "abcde###");
}

/* icmp(7). Linux fills in the identifier and the checksum. */
LENGTH_TEST(a_truncated_answer_of_icmp_is_reported_as_truncated)
{
    static const unsigned char echo[16] = {8, 0, 0, 0, 0, 0, 0, 1, 'p', 'i', 'n', 'g'};
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr localhost = seam_loopback(0);
    fer_udp_received got;
    char buf[16];
    size_t n = 77;
    fer_error error = ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM, FER_PROTOCOL_ICMP, &raw);
    if (error.kind == FER_PERMISSION_DENIED || error.kind == FER_UNSUPPORTED) {
        print_message("skipped: this system has no such socket, or does not permit it\n");
        skip();
    }
    assert_ok(error);
    for (size_t room = 12; room <= 16; room += 4) {
        assert_ok(ferp_send_to(raw, echo, sizeof echo, 0, &localhost, &n));
        seam_await(raw, FERP_RECEIVABLE);
        assert_ok(ferp_recv_from(raw, buf, room, FERP_NOT_UDP, &got));
        assert_int_equal(got.len, room);
        assert_int_equal(got.truncated, room < sizeof echo);
        assert_memory_equal(buf + 8, "ping", 4);
    }
    ferp_close(raw);
}

/* X4: the datagram arrived, and the read half was shut down, after a try that found none. Any other
 * error of the second try is the call's. */
LENGTH_TEST(datagrams_before_a_shutdown_are_received)
{
    static const struct {
        int errors[2];
        bool is_shut;
        fer_error_kind kind;
        size_t len;
        int calls;
    } cases[] = {
        {{EAGAIN, 0}, true, FER_OK, 4, 2},
        {{EAGAIN, EAGAIN}, true, FER_OK, 0, 2},
        {{EAGAIN, ECONNRESET}, true, FER_CONNECTION_RESET, 0, 2},
        {{EAGAIN, 0}, false, FER_WOULD_BLOCK, 0, 1},
        {{ECONNRESET, 0}, true, FER_CONNECTION_RESET, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fer_raw_socket pair[2];
        fer_unix_received got = {0};
        char buf[8];
        size_t n = 0;
        reset_system(NULL);
        memcpy(recvmsg_errors, cases[i].errors, sizeof recvmsg_errors);
        assert_ok(ferp_unix_pair(FER_TYPE_DGRAM, &pair[0], &pair[1]));
        assert_ok(ferp_send(pair[1], "last", 4, 0, &n));
        if (cases[i].is_shut) {
            assert_ok(ferp_shutdown(pair[0], FER_SHUTDOWN_READ));
        }
        assert_kind(ferp_unix_recv_from(pair[0], buf, sizeof buf, FERP_DONTWAIT, &got),
                    cases[i].kind);
        assert_int_equal(got.len, cases[i].len);
        assert_int_equal(got.from.kind_, FERP_UNIX_UNNAMED);
        assert_calls(0, cases[i].calls);
        ferp_close(pair[0]);
        ferp_close(pair[1]);
    }
}

TEST_MAIN("datagram_length")
