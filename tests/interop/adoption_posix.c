/* adoption_posix.c: descriptors of every kind, for adoption.c (rule R1). */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include "interop/adoption.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/netlink.h>
#include <sched.h>
#endif

#include "support/fixture.h"

enum { PATH_SIZE = 64 };

/* Linux's number. glibc defines the name since 2.32. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
/* IANA's. */
#ifndef IPPROTO_SCTP
#define IPPROTO_SCTP 132
#endif

/* ---- Descriptors */

static int tcp_listening(int *other)
{
    uint16_t port = 0;
    return plain_listener(&port);
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
    return ends[1];
}

static int device(int *other)
{
    return open("/dev/null", O_RDWR);
}

static int directory(int *other)
{
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

const struct candidate candidates[] = {
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

const size_t candidate_count = sizeof candidates / sizeof candidates[0];

uint64_t modes_of(const struct candidate *candidate, int created)
{
    return (uint64_t)fcntl(created, F_GETFL) << 32 | (uint32_t)fcntl(created, F_GETFD);
}

/* R1: no handle type takes a number that names nothing. */
RULE_TEST("R1", no_type_takes_a_number_that_names_nothing)
{
    int closed = open("/dev/null", O_RDWR);
    assert_int_equal(close(closed), 0);
    const fer_raw_socket nothing[] = {NONE, closed, -2, 1 << 20, INTPTR_MAX, INTPTR_MIN};
    assert_no_type_adopts(nothing, sizeof nothing / sizeof nothing[0]);
}

RULE_TESTS_AS(system_adoption_tests, "adoption")
