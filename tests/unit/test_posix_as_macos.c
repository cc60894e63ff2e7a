/* test_posix_as_macos.c: sources of platform/posix compiled as for macOS, with system calls that
 * fail as its kernel's do. Linux only. Rules I2, I3, L3, L6, M3, R1, S1, S3, T2, T3. */
#define FERP_HAS_SOCK_CLOEXEC 0
#define FERP_HAS_PROTOCOL 0
#define FERP_HAS_NOSIGPIPE 1
#define FERP_HAS_SPLICE 0
#define FERP_SENDFILE 3
#include "platform/posix/posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/seam.h"

#undef FERP_POSIX_IS_APPLE
#define FERP_POSIX_IS_APPLE true
#undef FERP_POSIX_IS_BSD
#define FERP_POSIX_IS_BSD true
#define FERP_POSIX_COUNTS_NANOS true
#define UDP_NOCKSUM 1
#ifndef SO_NOSIGPIPE
#define SO_NOSIGPIPE 0x1022
#endif

/* ---- The system's calls. An error that is not 0 is the next result. */

static int sendfile_error;
static off_t sendfile_counts; /* the bytes sent; negative: the count is not stored */

static int fcntl_error;
static int duplicate_error;
static int setsockopt_error;
static int send_buffer;
static int getsockopt_error;
static struct timeval last_timeout;
static int last_shutdowns[2];
static int shutdowns;
static int omits_address; /* of accept */
static int last_accepted = -1;
static int accept_code;
static bool listener_has_ended;

static int fail_with_code(int *code)
{
    errno = *code;
    *code = 0;
    return -1;
}

static int macos_sendfile(int file, int fd, off_t offset, off_t *sent)
{
    assert_int_equal(*sent, 1000);
    if (sendfile_counts >= 0) {
        *sent = sendfile_counts;
    }
    return sendfile_error != 0 ? fail_with_code(&sendfile_error) : 0;
}

static int macos_fcntl(int fd, int command, int argument)
{
    if (command == F_DUPFD_CLOEXEC && duplicate_error != 0) {
        return fail_with_code(&duplicate_error);
    }
    return fcntl_error != 0 && command == F_SETFD ? fail_with_code(&fcntl_error)
                                                  : fcntl(fd, command, argument);
}

static int macos_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    if (name == SO_RCVTIMEO) {
        memcpy(&last_timeout, value, sizeof last_timeout);
        return len == sizeof last_timeout ? 0 : -1;
    }
    assert_true(fd >= 0);
    if (name == SO_SNDBUF) {
        memcpy(&send_buffer, value, sizeof send_buffer);
        return 0;
    }
    if (name == SO_RCVBUF) {
        return 0;
    }
    assert_int_equal(name, SO_NOSIGPIPE);
    return setsockopt_error != 0 ? fail_with_code(&setsockopt_error) : 0;
}

static int macos_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    bool fails = getsockopt_error != 0 && (name == SO_RCVTIMEO || level == IPPROTO_UDP);
    return fails ? fail_with_code(&getsockopt_error) : getsockopt(fd, level, name, value, len);
}

/* As XNU's soshutdownlock_final: nothing happens after a half that has ended. */
static bool read_half_has_ended;

static int macos_shutdown(int fd, int how)
{
    last_shutdowns[shutdowns++] = how;
    if (how != SHUT_WR && read_half_has_ended) {
        errno = ENOTCONN;
        return -1;
    }
    return shutdown(fd, how);
}

/* The results of the next polls, then the system's own. */
static const int *poll_results;
static int polls;
static int poll_timeout;

static int macos_poll(struct pollfd *entries, nfds_t count, int timeout)
{
    polls++;
    poll_timeout = timeout;
    if (poll_results == NULL) {
        return poll(entries, count, timeout);
    }
    int result = *poll_results;
    poll_results = result == 0 ? NULL : poll_results;
    errno = -result;
    return result < 0 ? -1 : result;
}

static int receive_error;

static ssize_t macos_recv(int fd, void *buf, size_t len, int flags)
{
    return receive_error != 0 ? fail_with_code(&receive_error) : recv(fd, buf, len, flags);
}

static ssize_t macos_recvmsg(int fd, struct msghdr *message, int flags)
{
    return receive_error != 0 ? fail_with_code(&receive_error) : recvmsg(fd, message, flags);
}

static int macos_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
    socklen_t unused = 0;
    if (accept_code != 0) {
        errno = fd >= 0 ? accept_code : EBADF;
        return -1;
    }
    last_accepted = accept(fd, omits_address ? NULL : addr, omits_address ? &unused : len);
    *len = omits_address ? 0 : *len;
    return last_accepted;
}

/* As XNU's getpeername once both halves have ended. */
static bool both_halves_have_ended;

static int macos_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
    if (both_halves_have_ended) {
        errno = EINVAL;
        return -1;
    }
    return getpeername(fd, addr, len);
}

#define getpeername(fd, addr, len) macos_getpeername(fd, addr, len)
#include "platform/posix/address.c"
#undef getpeername
#define setsockopt(fd, level, name, value, len) macos_setsockopt(fd, level, name, value, len)
#define getsockopt(fd, level, name, value, len) macos_getsockopt(fd, level, name, value, len)
#include "platform/posix/modes.c"
#define fcntl(fd, command, argument) macos_fcntl(fd, command, argument)
#define ferp_check_connected(raw) \
    (listener_has_ended ? ferp_posix_error_of(EINVAL) : (ferp_check_connected)(raw))
#define accept(fd, addr, len) macos_accept(fd, addr, len)
#define shutdown(fd, how) macos_shutdown(fd, how)
#define poll(entries, count, timeout) macos_poll(entries, count, timeout)
#include "platform/posix/describing.c"
#include "platform/posix/descriptors.c"
#include "platform/posix/socket.c"
#define recv(fd, buf, len, flags) macos_recv(fd, buf, len, flags)
#define recvmsg(fd, message, flags) macos_recvmsg(fd, message, flags)
#include "platform/posix/bytes.c"
#include "platform/posix/wait.c"
#define sendfile(file, fd, offset, sent, headers, flags) macos_sendfile(file, fd, offset, sent)
#include "platform/posix/copying.c"
#undef recv
#undef recvmsg
#undef fcntl
#undef setsockopt
#undef getsockopt
#undef accept
#undef ferp_check_connected
#undef shutdown
#undef poll

/* ---- Tests */

static fer_raw_socket listener;
static fer_raw_socket client; /* in the queue of the listener */

static int begin(void **state)
{
    fer_socket_addr addr;
    listener = seam_listener(&addr);
    client = seam_socket();
    assert_ok(ferp_connect(client, &addr));
    return 0;
}

static int end(void **state)
{
    ferp_close(client);
    ferp_close(listener);
    return 0;
}

#define QUEUED_TEST(function) TEST_WITH(function, begin, end)

QUEUED_TEST(an_accepted_descriptor_is_not_inherited)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr peer;
    assert_ok(ferp_accept(listener, false, &raw, &peer));
    assert_int_equal(fcntl((int)raw, F_GETFD), FD_CLOEXEC);
    ferp_close(raw);
}

/* L3: EINVAL of fcntl, and a missing address, are a connection that has ended, any other failure is
 * not. No descriptor stays. Without a free descriptor XNU would take the connection from the queue
 * and close it. */
TEST(an_accept_that_fails_leaks_nothing_and_loses_no_connection)
{
    static const struct {
        int *error;
        int code;
        fer_error_kind kind;
    } rows[] = {{&fcntl_error, EINVAL, FER_CONNECTION_ABORTED},
                {&fcntl_error, EBADF, FER_BAD_HANDLE},
                {&omits_address, 0, FER_CONNECTION_ABORTED},
                {&duplicate_error, EMFILE, FER_TOO_MANY_OPEN_FILES},
                {&duplicate_error, ENFILE, FER_TOO_MANY_OPEN_FILES}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_raw_socket raw = FER_RAW_SOCKET_NONE;
        fer_socket_addr peer;
        (void)begin(NULL);
        last_accepted = -1;
        *rows[i].error = rows[i].code != 0 ? rows[i].code : 1;
        fer_error error = ferp_accept(listener, false, &raw, &peer);
        omits_address = 0;
        assert_kind(error, rows[i].kind);
        if (rows[i].code != 0) {
            assert_int_equal(error.os_code, rows[i].code);
        }
        assert_int_equal(fcntl(last_accepted, F_GETFD), -1);
        if (rows[i].error == &duplicate_error) {
            assert_int_equal(last_accepted, -1);
            assert_ok(ferp_accept(listener, false, &raw, &peer));
            ferp_close(raw);
        }
        (void)end(NULL);
    }
}

/* L3: accept(2), section Error handling. Only a socket that listens has connections. Linux stops
 * listening after a shutdown, and macOS ends both halves. Only then is the listener gone. */
QUEUED_TEST(an_error_of_a_queued_connection_is_an_ended_connection)
{
    static const int codes[] = {ECONNRESET,  ETIMEDOUT,   ENETDOWN, EPROTO,
                                ENOPROTOOPT, EHOSTDOWN,   ENONET,   EHOSTUNREACH,
                                EOPNOTSUPP,  ENETUNREACH, EPERM,    ECONNABORTED};
    fer_socket_addr addr;
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_raw_socket other = seam_socket();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        accept_code = codes[i];
        fer_error error = ferp_accept(listener, false, &raw, &addr);
        assert_kind(error, FER_CONNECTION_ABORTED);
        assert_int_equal(error.os_code, codes[i]);
    }
    listener_has_ended = true;
    assert_kind(ferp_accept(listener, false, &raw, &addr), FER_NOT_CONNECTED);
    listener_has_ended = false;
    accept_code = EOPNOTSUPP;
    assert_kind(ferp_accept(other, false, &raw, &addr), FER_UNSUPPORTED);
    accept_code = EINVAL;
    assert_kind(ferp_accept(listener, false, &raw, &addr), FER_INVALID_INPUT);
    accept_code = 0;
    assert_int_equal(shutdown((int)listener, SHUT_RDWR), 0);
    fer_error error = ferp_accept(listener, false, &raw, &addr);
    assert_kind(error, FER_NOT_CONNECTED);
    assert_int_equal(error.os_code, EINVAL);
    ferp_close(other);
}

/* L6: the peer's address is gone. Whether the connection has ended is another question. */
TEST(the_peer_of_a_connection_that_has_ended_is_not_connected)
{
    struct seam_pair pair = seam_open();
    fer_socket_addr addr;
    assert_ok(ferp_peer_addr(pair.client, &addr));
    both_halves_have_ended = true;
    fer_error error = ferp_peer_addr(pair.client, &addr);
    assert_kind(error, FER_NOT_CONNECTED);
    assert_int_equal(error.os_code, EINVAL);
    assert_kind(ferp_check_connected(pair.client), FER_INVALID_INPUT);
    both_halves_have_ended = false;
    seam_close(&pair);
}

/* S1, S3: the peer reads the end of file although the read half had ended before. */
QUEUED_TEST(both_halves_are_shut_after_the_read_half_has_ended)
{
    static const struct {
        bool has_ended;
        fer_shutdown how;
        int count;
        int calls[2];
    } rows[] = {{true, FER_SHUTDOWN_BOTH, 2, {SHUT_RDWR, SHUT_WR}},
                {true, FER_SHUTDOWN_READ, 1, {SHUT_RD, SHUT_WR}},
                {false, FER_SHUTDOWN_BOTH, 1, {SHUT_RDWR, SHUT_WR}}};
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr peer;
    char byte;
    assert_ok(ferp_accept(listener, false, &raw, &peer));
    for (size_t i = 0; i < 3; i++) {
        shutdowns = 0;
        read_half_has_ended = rows[i].has_ended;
        assert_ok(ferp_shutdown(raw, rows[i].how));
        assert_int_equal(shutdowns, rows[i].count);
        assert_memory_equal(last_shutdowns, rows[i].calls, (size_t)shutdowns * sizeof(int));
        assert_int_equal(recv((int)client, &byte, 1, 0), 0);
    }
    ferp_close(raw);
}

/* T3: rounded up to microseconds, the longest duration would be more than 2^64 nanoseconds. */
TEST(the_longest_timeout_does_not_wrap_around)
{
    fer_raw_socket raw = seam_socket();
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){UINT64_MAX - 1}));
    assert_true(last_timeout.tv_sec == INT64_MAX / 1000000000 && last_timeout.tv_usec == 0);
    assert_ok(ferp_set_timeout(raw, FERP_READING, (fer_duration){UINT64_C(86400000000000)}));
    assert_int_equal(last_timeout.tv_sec, 86400);
    ferp_close(raw);
}

/* A sandbox that lacks the option has no timeouts; any other failure is one. */
TEST(a_missing_timeout_option_is_no_timeout)
{
    fer_raw_socket raw = seam_socket();
    fer_duration timeout = {0};
    getsockopt_error = ENOPROTOOPT;
    assert_ok(ferp_timeout(raw, FERP_READING, &timeout));
    assert_true(timeout.nanos == FER_DURATION_NONE_NANOS);
    getsockopt_error = ENOBUFS;
    assert_kind(ferp_timeout(raw, FERP_READING, &timeout), FER_NO_BUFFER_SPACE);
    ferp_close(raw);
}

/* R1: without SO_PROTOCOL UDP's own option distinguishes UDP from ICMP. */
TEST(a_ping_socket_is_no_udp_socket)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    ferp_description description;
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &raw));
    assert_ok(ferp_describe(raw, &description));
    assert_true(description.is_datagram && !description.is_of_other_protocol);
    getsockopt_error = EINVAL;
    assert_ok(ferp_describe(raw, &description));
    assert_true(description.is_of_other_protocol);
    ferp_close(raw);
}

/* T2: EAGAIN of poll is a lack of memory in the kernel, and no result of the socket. */
TEST(a_poll_without_memory_is_out_of_memory)
{
    static const int results[] = {-EAGAIN};
    fer_raw_socket raw = seam_socket();
    fer_interest ready = 0;
    ferp_wait wait;
    poll_results = results;
    assert_ok(ferp_wait_arm(&wait, raw, FERP_READABLE));
    fer_error error = ferp_wait_for(&wait, ferp_now());
    assert_kind(error, FER_OUT_OF_MEMORY);
    assert_int_equal(error.os_code, EAGAIN);
    assert_kind(ferp_ready(raw, FER_READABLE, 0, 0, NULL, &ready), FER_OUT_OF_MEMORY);
    poll_results = NULL;
    ferp_close(raw);
}

/* T2: a poll that has no timeout and returns 0 has not expired. */
TEST(a_poll_without_a_timeout_does_not_expire)
{
    static const int results[] = {0};
    fer_raw_socket raw = seam_socket(); /* unconnected: POLLHUP, at once */
    ferp_wait wait;
    polls = 0;
    poll_results = results;
    assert_ok(ferp_wait_arm(&wait, raw, FERP_READABLE));
    assert_ok(ferp_wait_for(&wait, FERP_NO_DEADLINE));
    assert_int_equal(polls, 2);
    assert_int_equal(poll_timeout, -1);
    ferp_close(raw);
}

/* S5: reported of macOS after the peer's early close (MariaDB/server#5008). Nothing is lost. The
 * row does not concern datagrams. */
TEST(an_invalid_receive_of_a_stream_is_a_reset)
{
    struct seam_pair pair = seam_open();
    char byte = 0;
    size_t moved = 77;
    fer_io_slice_mut slice = {&byte, 1};
    fer_udp_received got;
    seam_send(pair.server, "x");
    seam_await(pair.client, FERP_READABLE);
    for (unsigned i = 0; i < 6; i++) {
        static const unsigned flags[] = {0, FERP_DONTWAIT, FERP_PEEK, FERP_PEEK | FERP_DONTWAIT};
        receive_error = EINVAL;
        fer_error error = i < 4 ? ferp_recv(pair.client, &byte, 1, flags[i], &moved)
                                : ferp_recv_vectored(pair.client, &slice, 1, flags[i - 4], &moved);
        assert_kind(error, FER_CONNECTION_RESET);
        assert_int_equal(error.os_code, EINVAL);
        assert_int_equal(moved, 0);
    }
    seam_expect(pair.client, "x");
    receive_error = EINVAL;
    assert_kind(ferp_recv_from(pair.client, &byte, 1, FERP_PEEK, &got), FER_INVALID_INPUT);
    receive_error = ENOBUFS;
    assert_kind(ferp_recv(pair.client, &byte, 1, 0, &moved), FER_NO_BUFFER_SPACE);
    seam_close(&pair);
}

/* U2: net.inet.udp.maxdgram is the default of the send buffer, which limits a datagram. */
TEST(the_longest_datagram_fits_into_the_send_buffer_of_a_new_socket)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    send_buffer = 0;
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0, &raw));
    assert_int_equal(send_buffer, 0);
    ferp_close(raw);
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV6, FER_TYPE_DGRAM, 0, &raw));
    assert_int_equal(send_buffer, 65535);
    ferp_close(raw);
}

/* A socket that has ended raises no signal, so EINVAL is no failure. */
TEST(an_ended_socket_is_created_and_adopted_without_nosigpipe)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    setsockopt_error = EINVAL;
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0, &raw));
    setsockopt_error = EINVAL;
    assert_ok(ferp_adopt(raw, (fer_ip_family)0));
    setsockopt_error = ENOBUFS;
    assert_kind(ferp_adopt(raw, (fer_ip_family)0), FER_NO_BUFFER_SPACE);
    ferp_close(raw);
}

/* M3: XNU counts the bytes before an error, and stores no count if it lacks the call. */
TEST(a_sendfile_counts_the_bytes_before_an_error)
{
    static const struct {
        int code;
        off_t counts;
        fer_error_kind kind;
        size_t n;
    } rows[] = {{0, 1000, FER_OK, 1000},
                {0, 0, FER_OK, 0},
                {EAGAIN, 300, FER_WOULD_BLOCK, 300},
                {EINTR, 7, FER_INTERRUPTED, 7},
                {EPIPE, 999, FER_BROKEN_PIPE, 999},
                {EAGAIN, 1000, FER_WOULD_BLOCK, 1000},
                {EPERM, 300, FER_PERMISSION_DENIED, 300},
                {ENOTSUP, 0, FER_UNSUPPORTED, 0},
                {ENOSYS, -1, FER_UNSUPPORTED, 0},
                {EBADF, 0, FER_UNSUPPORTED, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = 77;
        sendfile_error = rows[i].code;
        sendfile_counts = rows[i].counts;
        assert_kind(ferp_send_file(0, 0, 0, 1000, &n), rows[i].kind);
        assert_int_equal(n, rows[i].n);
    }
}

TEST_MAIN("posix_as_macos")
