/* segments_between.c: segments over a network interface: sends from this network namespace to an
 * address of another, and checks that the datagrams arrive. network.sh prepares both.
 * usage: segments_between NAMESPACE ADDRESS */
#define _GNU_SOURCE 1

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/between.h"
#include "ferrule/udp.h"
#include "ferrule/udp_batch.h"

static void enter(int network)
{
    if (setns(network, CLONE_NEWNET) != 0) {
        fail("setns");
    }
}

static int open_network(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail(path);
    }
    return fd;
}

/* One datagram of len bytes, which are byte. */
static void expect(fer_udp_socket *receiver, size_t len, int byte)
{
    static unsigned char buf[65536];
    fer_udp_received received;
    check(fer_udp_socket_recv_from(receiver, buf, sizeof buf, &received), "recv_from");
    if (received.len != len) {
        fprintf(stderr, "segments_between: %zu bytes arrived instead of %zu\n", received.len, len);
        exit(1);
    }
    for (size_t i = 0; i < len; i++) {
        if (buf[i] != byte) {
            fail("other bytes arrived");
        }
    }
}

/* COUNT segments of size bytes, and one that is shorter, are COUNT + 1 datagrams in order. */
static void send_segments(fer_udp_socket *sender, fer_udp_socket *receiver,
                          const fer_socket_addr *to, size_t size)
{
    enum { COUNT = 7 };
    static unsigned char buf[COUNT * 4096 + 1];
    fer_datagram_send message = {
        .buf = buf, .len = COUNT * size + 1, .segment_size = size, .to = to};
    size_t n = 0;
    for (size_t i = 0; i <= COUNT; i++) {
        memset(buf + i * size, 'a' + (int)i, i < COUNT ? size : 1);
    }
    check(fer_udp_socket_send_batch(sender, &message, 1, &n), "send_batch");
    if (n != 1 || message.sent != message.len) {
        fail("not all was sent");
    }
    for (int i = 0; i < COUNT; i++) {
        expect(receiver, size, 'a' + i);
    }
    expect(receiver, 1, 'a' + COUNT);
}

int main(int argc, char **argv)
{
    static const size_t SIZES[] = {1000, 1472, 1473, 4000, 8};
    fer_udp_socket sender = {0};
    fer_udp_socket receiver = {0};
    fer_socket_addr to;
    fer_ip_addr ip;
    fer_limits limits = {.deadline = fer_instant_after(fer_duration_from_secs(20))};
    if (argc != 3) {
        fail("usage: segments_between NAMESPACE ADDRESS");
    }
    int here = open_network("/proc/self/ns/net");
    int there = open_network(argv[1]);
    check(fer_ip_addr_parse(&ip, argv[2]), "parse");
    enter(there);
    to = fer_socket_addr_new(ip, 0);
    check(fer_udp_socket_bind_addr(&receiver, &to), "bind");
    check(fer_udp_socket_local_addr(&receiver, &to), "local_addr");
    check(fer_udp_socket_set_limits(&receiver, &limits), "set_limits");
    enter(here);
    check(fer_udp_socket_bind(&sender, "0.0.0.0:0"), "bind");
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        send_segments(&sender, &receiver, &to, SIZES[i]);
    }
    fer_udp_socket_close(&sender);
    fer_udp_socket_close(&receiver);
    close(here);
    close(there);
    return 0;
}
