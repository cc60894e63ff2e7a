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
#include "interop/sockets.h"
#include "support/fixture.h"

enum { NO_TYPE = HANDLE_TYPE_COUNT, NO_SOCKET, PATH_SIZE = 64 };

/* Linux's number. glibc defines the name since 2.32. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* ---- Descriptors */

int tcp_connected(int *other)
{
    int created = socket(AF_INET, SOCK_STREAM, 0);
    *other = plain_accepted_from(created);
    return created;
}

static int tcp_listening(int *other)
{
    uint16_t port = 0;
    (void)other;
    return plain_listener(&port);
}

int udp_connected(int *other)
{
    int created = socket(AF_INET, SOCK_DGRAM, 0);
    *other = plain_peer_of_datagrams(created);
    return created;
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

static int mptcp_listening(int *other)
{
    int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    (void)other;
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

/* The protocols that not every system has. */
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE NONE
#endif
#ifdef __linux__
#define NETLINK AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE
#else
#define NETLINK NONE, SOCK_DGRAM, 0
#endif

static const struct candidate {
    const char *name;
    int (*create)(int *other); /* NULL: a socket of this domain, type and protocol */
    int adopted_by;
    bool is_for_socket; /* fer_socket adopts it, and must */
    int domain, type, protocol;
} candidates[] = {
    {"a connected TCP socket", tcp_connected, TCP_STREAM, true, 0, 0, 0},
    {"a TCP listener", tcp_listening, TCP_LISTENER, true, 0, 0, 0},
    {"a TCP socket that is not connected", NULL, NO_TYPE, true, AF_INET, SOCK_STREAM, 0},
    {"the same of IPv6", NULL, NO_TYPE, false, AF_INET6, SOCK_STREAM, 0},
    {"an unbound UDP socket", NULL, UDP_SOCKET, true, AF_INET, SOCK_DGRAM, 0},
    {"a connected UDP socket", udp_connected, UDP_SOCKET, false, 0, 0, 0},
    {"a ping socket", icmp_datagram, NO_TYPE, true, 0, 0, 0},
    {"an SCTP socket", NULL, NO_TYPE, false, AF_INET, SOCK_STREAM, IPPROTO_SCTP},
    {"a raw IP socket", NULL, NO_TYPE, true, AF_INET, SOCK_RAW, IPPROTO_ICMP},
    /* Multipath TCP (RFC 8684): its calls are TCP's. */
    {"an MPTCP socket that is not connected", NULL, NO_TYPE, true, AF_INET, SOCK_STREAM,
     IPPROTO_MPTCP},
    {"an MPTCP listener", mptcp_listening, TCP_LISTENER, false, 0, 0, 0},
    {"an unbound UDP-Lite socket", NULL, UDP_SOCKET, true, AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE},
    {"one end of a stream socketpair", unix_stream_end, UNIX_STREAM, true, 0, 0, 0},
    {"one end of a datagram socketpair", unix_datagram_end, UNIX_DATAGRAM, true, 0, 0, 0},
    {"one end of a socketpair of packets", unix_seqpacket_end, NO_TYPE, false, 0, 0, 0},
    {"a Unix listener", unix_listening, UNIX_LISTENER, false, 0, 0, 0},
    {"a Unix stream socket that is not connected", NULL, NO_TYPE, false, AF_UNIX, SOCK_STREAM, 0},
    {"an unbound Unix datagram socket", NULL, UNIX_DATAGRAM, false, AF_UNIX, SOCK_DGRAM, 0},
    {"a netlink socket", NULL, NO_TYPE, false, NETLINK},
    {"a pipe's end to read", pipe_to_read, NO_SOCKET, false, 0, 0, 0},
    {"a pipe's end to write", pipe_to_write, NO_SOCKET, false, 0, 0, 0},
    {"a device", device, NO_SOCKET, false, 0, 0, 0},
    {"a directory", directory, NO_SOCKET, false, 0, 0, 0},
};

enum { CANDIDATES = sizeof candidates / sizeof candidates[0] };

static int create(const struct candidate *candidate, int *other)
{
    return candidate->create != NULL
               ? candidate->create(other)
               : socket(candidate->domain, candidate->type, candidate->protocol);
}

/* R1: fer_socket adopts IP sockets of any protocol, and Unix streams and datagram sockets. The
 * conversion to another handle type checks that type's requirements. */
RULE_TEST("R1", a_socket_of_any_protocol_is_taken_as_it_is)
{
    for (size_t i = 0; i < CANDIDATES; i++) {
        int other = NONE;
        int fd = candidates[i].is_for_socket ? create(&candidates[i], &other) : NONE;
        fer_socket socket = {0};
        if (fd != NONE) {
            assert_ok(fer_socket_from_raw(&socket, fd));
            assert_true(fer_socket_as_raw(&socket) == fd);
            fer_socket_close(&socket);
            assert_true(other == NONE || close(other) == 0);
        }
    }
}

static void offer(const struct candidate *candidate, int type)
{
    int other = NONE;
    int fd = create(candidate, &other);
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

/* R1: "A socket of another type or state is INVALID_INPUT and the caller still owns it", and what
 * is no socket is BAD_HANDLE: each handle type with each descriptor. */
RULE_TEST("R1", each_type_takes_its_own_and_leaves_all_else)
{
    for (size_t i = 0; i < CANDIDATES; i++) {
        for (int type = 0; type < HANDLE_TYPE_COUNT; type++) {
            offer(&candidates[i], type);
        }
    }
}

/* R1: the same with a number that names nothing. */
RULE_TEST("R1", no_type_takes_a_number_that_names_nothing)
{
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

RULE_TESTS_AS(adoption_tests, "adoption")
