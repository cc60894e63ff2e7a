/* adoption_posix.c: descriptors of every kind, offered to every handle type (rule R1). */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include "interop/interop_posix.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/netlink.h>
#include <sched.h>
#endif

#include "interop/handle_types.h"
#include "interop/sockets_posix.h"
#include "support/fixture.h"

enum { NO_TYPE = HANDLE_TYPE_COUNT, NO_SOCKET, PATH_SIZE = 64 };

/* Linux's number. glibc defines the name since 2.32. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* ---- Descriptors */

int tcp_connected(int *other)
{
    int ends[2];
    plain_tcp_pair(ends);
    *other = ends[1];
    return ends[0];
}

static int tcp_listening(int *other)
{
    uint16_t port = 0;
    (void)other;
    return plain_listener(&port);
}

static int tcp_unconnected(int *other)
{
    (void)other;
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int tcp_v6_unconnected(int *other)
{
    (void)other;
    return socket(AF_INET6, SOCK_STREAM, 0);
}

static int udp_unbound(int *other)
{
    (void)other;
    return socket(AF_INET, SOCK_DGRAM, 0);
}

int udp_connected(int *other)
{
    int ends[2];
    plain_udp_pair(ends);
    *other = ends[1];
    return ends[0];
}

#if defined(SO_PROTOCOL) && defined(__linux__)
/* Creates the socket in a new network namespace, where every user may create one. Only root may
 * create such a namespace. */
static int icmp_in_a_new_network(void)
{
    int fd = NONE;
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home >= 0 && unshare(CLONE_NEWNET) == 0) {
        int range = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
        if (range >= 0 && write(range, "0 2147483647", 12) == 12) {
            fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
        }
        (void)close(range);
        assert_int_equal(setns(home, CLONE_NEWNET), 0);
    }
    (void)close(home);
    return fd;
}
#elif defined(SO_PROTOCOL)
static int icmp_in_a_new_network(void)
{
    return NONE;
}
#endif

/* A "ping socket" (icmp(7)): an IP datagram socket that is not UDP. Not every user may create
 * one. */
static int icmp_datagram(int *other)
{
    (void)other;
#ifdef SO_PROTOCOL
    int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    return fd != NONE ? fd : icmp_in_a_new_network();
#else
    return NONE; /* macOS does not distinguish it from a UDP socket */
#endif
}

static int sctp_stream(int *other)
{
    (void)other;
    return socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

/* Multipath TCP (RFC 8684): its calls are TCP's. */
static int mptcp_unconnected(int *other)
{
    (void)other;
    return socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}

static int udplite_unbound(int *other)
{
    (void)other;
#ifdef IPPROTO_UDPLITE
    return socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
#else
    return NONE;
#endif
}

static int ip_raw(int *other)
{
    (void)other;
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int mptcp_listening(int *other)
{
    int fd = mptcp_unconnected(other);
    assert_true(fd == NONE || listen(fd, 1) == 0);
    return fd;
}

static int unix_end(int type, int *other)
{
    int ends[2];
    if (socketpair(AF_UNIX, type, 0, ends) != 0) {
        return NONE;
    }
    *other = ends[1];
    return ends[0];
}

int unix_stream_end(int *other)
{
    return unix_end(SOCK_STREAM, other);
}
int unix_datagram_end(int *other)
{
    return unix_end(SOCK_DGRAM, other);
}
int unix_seqpacket_end(int *other)
{
    return unix_end(SOCK_SEQPACKET, other);
}

static int unix_listening(int *other)
{
    char path[PATH_SIZE];
    (void)other;
    int fd = plain_unix_listener(path, sizeof path);
    plain_remove(path); /* an open socket does not need its name */
    return fd;
}

static int unix_unconnected(int *other)
{
    (void)other;
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int unix_datagram_unbound(int *other)
{
    (void)other;
    return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static int netlink(int *other)
{
    (void)other;
#ifdef __linux__
    return socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
#else
    return NONE;
#endif
}

static int pipe_to_read(int *other)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *other = ends[1];
    return ends[0];
}

static int pipe_to_write(int *other)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    (void)other;
    return ends[1];
}

static int device(int *other)
{
    (void)other;
    return open("/dev/null", O_RDWR);
}

static int directory(int *other)
{
    (void)other;
    return open("/", O_RDONLY);
}

static const struct candidate {
    const char *name;
    int (*create)(int *other);
    int adopted_by;
} candidates[] = {
    {"a connected TCP socket", tcp_connected, TCP_STREAM},
    {"a TCP listener", tcp_listening, TCP_LISTENER},
    {"a TCP socket that is not connected", tcp_unconnected, NO_TYPE},
    {"the same of IPv6", tcp_v6_unconnected, NO_TYPE},
    {"an unbound UDP socket", udp_unbound, UDP_SOCKET},
    {"a connected UDP socket", udp_connected, UDP_SOCKET},
    {"a ping socket", icmp_datagram, NO_TYPE},
    {"an SCTP socket", sctp_stream, NO_TYPE},
    {"a raw IP socket", ip_raw, NO_TYPE},
    {"an MPTCP socket that is not connected", mptcp_unconnected, NO_TYPE},
    {"an MPTCP listener", mptcp_listening, TCP_LISTENER},
    {"an unbound UDP-Lite socket", udplite_unbound, UDP_SOCKET},
    {"one end of a stream socketpair", unix_stream_end, UNIX_STREAM},
    {"one end of a datagram socketpair", unix_datagram_end, UNIX_DATAGRAM},
    {"one end of a socketpair of packets", unix_seqpacket_end, NO_TYPE},
    {"a Unix listener", unix_listening, UNIX_LISTENER},
    {"a Unix stream socket that is not connected", unix_unconnected, NO_TYPE},
    {"an unbound Unix datagram socket", unix_datagram_unbound, UNIX_DATAGRAM},
    {"a netlink socket", netlink, NO_TYPE},
    {"a pipe's end to read", pipe_to_read, NO_SOCKET},
    {"a pipe's end to write", pipe_to_write, NO_SOCKET},
    {"a device", device, NO_SOCKET},
    {"a directory", directory, NO_SOCKET},
};

/* fer_socket adopts IP sockets of any protocol, and Unix streams and datagram sockets. The
 * conversion to another handle type checks that type's requirements. */
static void offer_to_any(int (*create)(int *other))
{
    int other = NONE;
    int fd = create(&other);
    fer_socket socket = {0};
    if (fd == NONE) {
        return;
    }
    assert_ok(fer_socket_from_raw(&socket, fd));
    assert_true(fer_socket_as_raw(&socket) == fd);
    fer_socket_close(&socket);
    assert_true(other == NONE || close(other) == 0);
}

void a_socket_of_any_protocol_is_taken_as_it_is(void **state)
{
    (void)state;
    int (*const all[])(int *other) = {
        tcp_connected,     tcp_listening, tcp_unconnected, udp_unbound,     icmp_datagram,
        mptcp_unconnected, ip_raw,        udplite_unbound, unix_stream_end, unix_datagram_end};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        offer_to_any(all[i]);
    }
}

static void offer(const struct candidate *candidate, int type)
{
    int other = NONE;
    int fd = candidate->create(&other);
    if (fd == NONE) {
        if (type == 0) {
            print_message("[  NOTE    ] not to be had here: %s\n", candidate->name);
        }
        return;
    }
    any_handle handle;
    memset(&handle, 0, sizeof handle);
    int modes = fcntl(fd, F_GETFL);
    int flags = fcntl(fd, F_GETFD);
    fer_error error = handle_types[type].from_raw(&handle, fd);
    bool is_adopted = candidate->adopted_by == type;
    fer_error_kind refusal =
        candidate->adopted_by == NO_SOCKET ? FER_BAD_HANDLE : FER_INVALID_INPUT;
    if (error.kind != (is_adopted ? FER_OK : refusal)) {
        fail_msg("%s as %s: %s", candidate->name, handle_types[type].name,
                 fer_error_kind_name(error.kind));
    }
    assert_true(handle_types[type].as_raw(&handle) == (is_adopted ? fd : FER_RAW_SOCKET_NONE));
    assert_true(handle_types[type].into_raw(&handle) == (is_adopted ? fd : FER_RAW_SOCKET_NONE));
    /* Unchanged, and still the caller's. */
    assert_int_equal(fcntl(fd, F_GETFL), modes);
    assert_int_equal(fcntl(fd, F_GETFD), flags);
    assert_true(other == NONE || plain_carries(other, fd));
    assert_int_equal(close(fd), 0);
    assert_true(other == NONE || close(other) == 0);
}

/* R1: "refuses with INVALID_INPUT what is not of the handle's type ..., leaving it to the caller",
 * and with BAD_HANDLE what is no socket: each handle type with each descriptor. */
void each_type_takes_its_own_and_leaves_all_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        for (int type = 0; type < HANDLE_TYPE_COUNT; type++) {
            offer(&candidates[i], type);
        }
    }
}

/* R1: the same with a number that names nothing. */
void no_type_takes_a_number_that_names_nothing(void **state)
{
    (void)state;
    int closed = open("/dev/null", O_RDWR);
    assert_int_equal(close(closed), 0);
    const fer_raw_socket nothing[] = {NONE, closed, -2, 1 << 20, INTPTR_MAX, INTPTR_MIN};
    for (int type = 0; type < HANDLE_TYPE_COUNT; type++) {
        for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
            any_handle handle;
            memset(&handle, 0, sizeof handle);
            assert_kind(handle_types[type].from_raw(&handle, nothing[i]), FER_BAD_HANDLE);
            assert_true(handle_types[type].as_raw(&handle) == FER_RAW_SOCKET_NONE);
        }
    }
}
