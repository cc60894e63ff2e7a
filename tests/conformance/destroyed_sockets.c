/* destroyed_sockets.c: datagram sockets that the system destroys, as `ss -K` does (sock_diag(7),
 * SOCK_DESTROY): the row `socket_destroyed`. It needs CAP_NET_ADMIN. network.sh runs it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/between.h"
#include "ferrule/udp.h"

static void destroy(const fer_socket_addr *local, const fer_socket_addr *peer)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 diag;
    } request = {{.nlmsg_len = sizeof request,
                  .nlmsg_type = SOCK_DESTROY,
                  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
                 {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_UDP, .idiag_states = ~0u}};
    struct {
        struct nlmsghdr header;
        struct nlmsgerr result;
        char rest[256];
    } answer;
    request.diag.id.idiag_sport = htons(local->port);
    memcpy(request.diag.id.idiag_src, local->ip.u.v4.octets, sizeof local->ip.u.v4.octets);
    request.diag.id.idiag_dport = htons(peer->port);
    memcpy(request.diag.id.idiag_dst, peer->ip.u.v4.octets, sizeof peer->ip.u.v4.octets);
    memset(request.diag.id.idiag_cookie, 0xff, sizeof request.diag.id.idiag_cookie);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    bool is_answered = fd >= 0 && send(fd, &request, sizeof request, 0) == sizeof request &&
                       recv(fd, &answer, sizeof answer, 0) > 0;
    if (is_answered && answer.result.error == -EOPNOTSUPP) {
        puts("network: destroyed sockets are skipped: this kernel has no SOCK_DESTROY");
        exit(0);
    }
    if (!is_answered || answer.result.error != 0) {
        fail("SOCK_DESTROY");
    }
    (void)close(fd);
}

/* The error is reported once. The port stays if the program has chosen it, and the peer is gone. */
static void receive_of_destroyed(const char *text, bool keeps_port)
{
    fer_udp_socket socket = {0};
    fer_udp_socket peer = {0};
    fer_socket_addr addr;
    fer_socket_addr peer_addr;
    fer_udp_received got;
    char byte;
    check(fer_udp_socket_bind(&socket, text), "bind");
    check(fer_udp_socket_bind(&peer, "127.0.0.1:0"), "bind of the peer");
    check(fer_udp_socket_local_addr(&peer, &peer_addr), "local_addr of the peer");
    check(fer_udp_socket_connect_addr(&socket, &peer_addr), "connect");
    check(fer_udp_socket_local_addr(&socket, &addr), "local_addr");
    destroy(&addr, &peer_addr);
    check_kind(fer_udp_socket_recv_from(&socket, &byte, 1, &got), FER_CONNECTION_ABORTED,
               "the first receive");
    check_kind(fer_udp_socket_try_recv_from(&socket, &byte, 1, &got), FER_WOULD_BLOCK,
               "the second receive");
    fer_socket_addr now;
    check(fer_udp_socket_local_addr(&socket, &now), "local_addr after the end");
    if (now.port != (keeps_port ? addr.port : 0)) {
        fail("the port");
    }
    check_kind(fer_udp_socket_send(&socket, "x", 1, NULL), FER_NOT_CONNECTED, "send");
    fer_udp_socket_close(&socket);
    fer_udp_socket_close(&peer);
}

int main(void)
{
    receive_of_destroyed("127.0.0.1:0", false);
    receive_of_destroyed("127.0.0.1:42001", true);
    return 0;
}
