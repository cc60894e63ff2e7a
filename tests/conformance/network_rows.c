/* network_rows.c: rows of docs/DIFFERENCES.md that need a network namespace: broadcasts, tentative
 * and removed addresses, a network interface that is removed, ports that need a privilege, and ICMP
 * datagram sockets. network.sh runs each by its name, in a namespace with `here` of
 * two_networks.sh. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdlib.h>
#include <string.h>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conformance/between.h"
#include "ferrule/socket.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"

static fer_socket_addr addr_of(const char *text)
{
    fer_socket_addr addr;
    check(fer_socket_addr_parse(&addr, text), text);
    return addr;
}

static void run(const char *command)
{
    if (system(command) != 0) {
        fail(command);
    }
}

/* A datagram socket and a listener. */
static void check_binds(const char *text, fer_error_kind kind)
{
    fer_udp_socket socket = {0};
    fer_tcp_listener listener = {0};
    check_kind(fer_udp_socket_bind(&socket, text), kind, text);
    check_kind(fer_tcp_listener_bind(&listener, text), kind, text);
    fer_udp_socket_close(&socket);
    fer_tcp_listener_close(&listener);
}

static fer_socket datagram_socket(const char *device)
{
    fer_socket socket = {0};
    check(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0), "socket");
    check(fer_socket_set_nonblocking(&socket, true), "set_nonblocking");
    if (device != NULL) {
        check(fer_socket_bind_device(&socket, device), "bind_device");
    }
    return socket;
}

static fer_error send_to(fer_socket *socket, const char *text)
{
    const fer_socket_addr to = addr_of(text);
    return fer_socket_send_to(socket, "x", 1, &to, NULL);
}

/* ---- network_broadcast_bind, network_broadcast, broadcast_at_an_address, broadcast_without_route,
 * loopback_addresses */

static fer_socket bound_to(const char *text)
{
    const fer_socket_addr addr = addr_of(text);
    fer_socket socket = datagram_socket(NULL);
    check(fer_socket_set_reuse_address(&socket, true), "set_reuse_address");
    check(fer_socket_bind(&socket, &addr), text);
    return socket;
}

static void receive(fer_socket *socket, char expected)
{
    fer_udp_received got;
    fer_interest ready = 0;
    char byte = 0;
    check(fer_socket_ready(socket, FER_READABLE, fer_duration_from_secs(20), &ready), "ready");
    check(fer_socket_recv_from(socket, &byte, 1, &got), "recv_from");
    if (byte != expected) {
        fail("another datagram");
    }
}

static void broadcasts(void)
{
    fer_udp_received got;
    fer_tcp_stream stream = {0};
    const fer_socket_addr to = addr_of("192.0.2.1:4700");
    char byte;
    check_binds("192.0.2.255:4701", FER_OK);
    check_binds("127.255.255.255:4701", FER_OK);
    check_binds("127.0.0.2:4701", FER_OK);
    check_kind(fer_tcp_stream_connect(&stream, "192.0.2.255:4701"), FER_NETWORK_UNREACHABLE,
               "connect");
    fer_socket at = bound_to("192.0.2.1:4700");
    fer_socket wildcard = bound_to("0.0.0.0:4700");
    fer_socket broadcast = bound_to("192.0.2.255:4700");
    fer_socket sender = datagram_socket(NULL);
    check_kind(send_to(&sender, "192.0.2.255:4700"), FER_PERMISSION_DENIED, "without the option");
    check(fer_socket_set_broadcast(&sender, true), "set_broadcast");
    check_kind(send_to(&sender, "255.255.255.255:4700"), FER_NETWORK_UNREACHABLE, "no route");
    check(fer_socket_bind_device(&sender, "here"), "bind_device");
    check(send_to(&sender, "255.255.255.255:4701"), "by an interface");
    check(fer_socket_bind_device(&sender, NULL), "bind_device");
    check(send_to(&sender, "192.0.2.255:4700"), "send_to");
    receive(&wildcard, 'x');
    receive(&broadcast, 'x');
    check(fer_socket_send_to(&sender, "u", 1, &to, NULL), "send_to");
    receive(&at, 'u');
    check_kind(fer_socket_recv_from(&at, &byte, 1, &got), FER_WOULD_BLOCK, "a broadcast");
    fer_socket_close(&at);
    fer_socket_close(&wildcard);
    fer_socket_close(&broadcast);
    fer_socket_close(&sender);
}

/* ---- L5: tentative addresses */

static void tentative(void)
{
    if (access("/proc/sys/net/ipv6/conf/here", F_OK) != 0) {
        puts("network: L5 is skipped: this system has no IPv6");
        return;
    }
    run("echo 60 >/proc/sys/net/ipv6/conf/here/dad_transmits");
    run("ip address add fd00:2::1/64 dev here");
    check_binds("[fd00:2::1]:0", FER_ADDR_NOT_AVAILABLE);
    run("ip address del fd00:2::1/64 dev here");
    run("ip address add fd00:2::1/64 dev here nodad");
    check_binds("[fd00:2::1]:0", FER_OK);
}

/* ---- U5: a bound address that is removed */

/* Linux drops the port at a disconnect, and a plain bind needs the address. */
static void check_stays(const char *text, const char *peer, const char *change)
{
    fer_udp_socket socket = {0};
    fer_socket_addr before;
    fer_socket_addr after;
    check(fer_udp_socket_bind(&socket, text), text);
    check(fer_udp_socket_local_addr(&socket, &before), "local_addr");
    if (peer != NULL) {
        check(fer_udp_socket_connect(&socket, peer), peer);
    }
    run(change);
    check(fer_udp_socket_disconnect(&socket), "disconnect");
    check(fer_udp_socket_local_addr(&socket, &after), "local_addr");
    if (!fer_socket_addr_eq(&before, &after)) {
        fail("another address");
    }
    fer_udp_socket_close(&socket);
}

static void removed(void)
{
    run("ip address add 192.0.2.77/24 dev here");
    check_stays("192.0.2.77:0", NULL, "ip address del 192.0.2.77/24 dev here");
    run("ip address add 192.0.2.77/24 dev here");
    check_stays("192.0.2.77:0", "192.0.2.2:9", "ip address del 192.0.2.77/24 dev here");
    if (access("/proc/sys/net/ipv6/conf/here", F_OK) == 0) {
        run("ip address add fd00:2::7/64 dev here nodad");
        check_stays("[fd00:2::7]:0", "[fd00:2::9]:9", "ip address del fd00:2::7/64 dev here");
    }
}

/* ---- U5: a second connect without a route */

static void no_route(void)
{
    fer_udp_socket socket = {0};
    fer_socket_addr peer;
    const fer_socket_addr to = addr_of("192.0.2.2:9");
    check(fer_udp_socket_bind(&socket, "0.0.0.0:0"), "bind");
    check(fer_udp_socket_connect_addr(&socket, &to), "connect");
    run("ip route del 192.0.2.0/24 dev here");
    check_kind(fer_udp_socket_connect(&socket, "198.51.100.1:9"), FER_NETWORK_UNREACHABLE,
               "a second connect");
    check(fer_udp_socket_peer_addr(&socket, &peer), "peer_addr");
    run("ip route add 192.0.2.0/24 dev here");
    check(fer_udp_socket_send(&socket, "x", 1, NULL), "send");
    if (!fer_socket_addr_eq(&peer, &to)) {
        fail("another peer");
    }
    fer_udp_socket_close(&socket);
}

/* ---- udp_disconnect_keeps_filter */

static void bind_waiting(fer_udp_socket *socket, const char *text, fer_socket_addr *out)
{
    check(fer_udp_socket_bind(socket, text), text);
    check(fer_udp_socket_set_read_timeout(socket, fer_duration_from_secs(1)), "set_read_timeout");
    check(fer_udp_socket_local_addr(socket, out), "local_addr");
}

static void send_byte(fer_udp_socket *sender, const fer_udp_socket *socket, const char *own,
                      char byte)
{
    fer_socket_addr local;
    fer_socket_addr to = addr_of(own);
    check(fer_udp_socket_local_addr(socket, &local), "local_addr");
    to.port = local.port;
    to.ip = fer_ip_addr_is_unspecified(local.ip) || to.ip.family == FER_IP_V4 ? to.ip : local.ip;
    check(fer_udp_socket_send_to(sender, &byte, 1, &to, NULL), "send_to");
}

/* Sends until the socket receives the byte: a datagram may be lost while the interface becomes
 * ready. Those of other senders that are heard may come again. */
static void hear(fer_udp_socket *socket, fer_udp_socket *sender, const char *own, char byte,
                 const char *heard)
{
    for (int tries = 0; tries < 20; tries++) {
        fer_udp_received received;
        char got = -1;
        send_byte(sender, socket, own, byte);
        fer_error error = fer_udp_socket_recv_from(socket, &got, 1, &received);
        while (error.kind == FER_OK && got != byte) {
            if (got >= 0 && got < 4 && heard[(int)got] != '1') {
                fail("a sender that is not heard");
            }
            error = fer_udp_socket_recv_from(socket, &got, 1, &received);
        }
        if (error.kind == FER_OK) {
            return;
        }
        check_kind(error, FER_TIMED_OUT, heard);
    }
    fail(heard);
}

/* After a sender that is not heard another one sends, so that nothing comes from the first. */
static void check_heard(fer_udp_socket *socket, fer_udp_socket *senders, const char *const *texts,
                        const char *heard)
{
    int last = (int)(strchr(heard, '1') - heard);
    for (int i = 0; i < 4; i++) {
        bool is_heard = heard[i] == '1';
        int from = is_heard ? i : last;
        if (!is_heard) {
            send_byte(&senders[i], socket, i == 3 ? texts[3] : texts[0], (char)i);
        }
        hear(socket, &senders[from], from == 3 ? texts[3] : texts[0], (char)(is_heard ? i : 4 + i),
             heard);
    }
}

static void filter(void)
{
    static const char *const texts[] = {"[fd00:2::7]:0", "[fd00:2::7]:0", "[fd00:2::8]:0",
                                        "192.0.2.1:0"};
    /* Which of them the socket receives from: new, with a peer, without it, with another one. */
    static const char *const heard[] = {"1111", "1000", "1101", "0010"};
    static fer_udp_socket senders[4];
    fer_socket_addr addrs[4];
    fer_udp_socket socket = {0};
    fer_socket_addr local;
    if (access("/proc/sys/net/ipv6/conf/here", F_OK) != 0) {
        puts("network: the filter of a former peer is skipped: this system has no IPv6");
        return;
    }
    run("ip address add fd00:2::7/64 dev here nodad && ip address add fd00:2::8/64 dev here nodad");
    bind_waiting(&socket, "[::]:0", &local);
    for (int i = 0; i < 4; i++) {
        bind_waiting(&senders[i], texts[i], &addrs[i]);
    }
    for (int step = 0; step < 4; step++) {
        if (step == 2) {
            check(fer_udp_socket_disconnect(&socket), "disconnect");
        } else if (step > 0) {
            check(fer_udp_socket_connect_addr(&socket, &addrs[step - 1]), "connect_addr");
        }
        check_heard(&socket, senders, texts, heard[step]);
    }
    for (int i = 0; i < 4; i++) {
        fer_udp_socket_close(&senders[i]);
    }
    fer_udp_socket_close(&socket);
}

/* ---- device_removed */

static void check_quiet(fer_socket *socket)
{
    fer_udp_received got;
    fer_interest ready = 0;
    char byte;
    check(fer_socket_ready(socket, FER_READABLE, fer_duration_from_millis(0), &ready), "ready");
    check_kind(fer_socket_recv_from(socket, &byte, 1, &got), FER_WOULD_BLOCK, "recv_from");
    if (ready != 0) {
        fail("an event");
    }
}

/* Another interface with the name is not that of the socket, and one with another name may be. */
static void device(void)
{
    static const char peer[] = "192.0.2.9:4700";
    fer_socket socket = datagram_socket("here");
    check(send_to(&socket, peer), "send_to");
    run("ip link set here down");
    check_kind(send_to(&socket, peer), FER_NETWORK_UNREACHABLE, "the interface is down");
    check_quiet(&socket);
    run("ip link set here name renamed && ip link set renamed up");
    check(send_to(&socket, peer), "a new name");
    run("ip link del renamed");
    check_kind(send_to(&socket, peer), FER_NOT_FOUND, "the interface was removed");
    check_quiet(&socket);
    run("ip link add name here type veth peer name other && ip link set here up");
    run("ip link set other up && ip address add 192.0.2.1/24 dev here");
    check_kind(send_to(&socket, peer), FER_NOT_FOUND, "another interface");
    check(fer_socket_bind_device(&socket, "here"), "bind_device");
    check(send_to(&socket, peer), "bound again");
    fer_socket_close(&socket);
}

/* ---- reports_of_routers */

/* The other namespace is the router. */
static void reports(void)
{
    fer_interest ready = 0;
    fer_udp_received got;
    char byte;
    if (system("nsenter --net=\"$NETWORK\" sh -ec '"
               "echo 1 >/proc/sys/net/ipv4/ip_forward;"
               "ip route add unreachable 198.51.100.1; ip route add prohibit 198.51.100.2' &&"
               "ip route add 198.51.100.0/24 via 192.0.2.2") != 0) {
        puts("network: the reports of routers are skipped: this system refuses to forward");
        return;
    }
    fer_socket sockets[2] = {datagram_socket(NULL), datagram_socket(NULL)};
    for (int i = 0; i < 2; i++) {
        const fer_socket_addr to = addr_of(i == 0 ? "198.51.100.1:9" : "198.51.100.2:9");
        check(fer_socket_connect(&sockets[i], &to), "connect");
        check(fer_socket_send(&sockets[i], "x", 1, NULL), "send");
    }
    check(fer_socket_ready(&sockets[1], FER_READABLE, fer_duration_from_secs(20), &ready), "ready");
    check_kind(fer_socket_recv_from(&sockets[1], &byte, 1, &got), FER_HOST_UNREACHABLE,
               "prohibited");
    for (int i = 0; i < 2; i++) {
        check_quiet(&sockets[i]);
        fer_socket_close(&sockets[i]);
    }
}

/* ---- privileged_ports */

static void drop_privilege(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets) != 0) {
        fail("capget");
    }
    sets[0].effective &= ~(1u << CAP_NET_BIND_SERVICE);
    if (syscall(SYS_capset, &header, sets) != 0) {
        fail("capset");
    }
}

static void ports(void)
{
    static const char *const texts[] = {"127.0.0.1:80", "0.0.0.0:80", "[::1]:80", "[::]:80"};
    const size_t count = access("/proc/sys/net/ipv6", F_OK) == 0 ? 4 : 2;
    run("echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start");
    drop_privilege();
    for (size_t i = 0; i < count; i++) {
        check_binds(texts[i], FER_PERMISSION_DENIED);
    }
    check_binds("127.0.0.1:1024", FER_OK);
    run("echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start");
    for (size_t i = 0; i < count; i++) {
        check_binds(texts[i], FER_OK);
    }
}

/* ---- icmp_datagrams */

static void pings(void)
{
    static const unsigned char echo[] = {8, 0, 0, 0, 0x12, 0x34, 0, 7, 'p', 'i', 'n', 'g'};
    const fer_socket_addr to = addr_of("127.0.0.1:0");
    fer_socket_addr local;
    unsigned char answer[64];
    fer_socket socket = {0};
    fer_udp_received got;
    run("echo 0 0 >/proc/sys/net/ipv4/ping_group_range");
    check(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, FER_PROTOCOL_ICMP), "socket");
    check(fer_socket_set_read_timeout(&socket, fer_duration_from_secs(20)), "set_read_timeout");
    check(fer_socket_send_to(&socket, echo, sizeof echo, &to, NULL), "send_to");
    check(fer_socket_recv_from(&socket, answer, sizeof answer, &got), "recv_from");
    check(fer_socket_local_addr(&socket, &local), "local_addr");
    if (got.len != sizeof echo || answer[0] != 0 || answer[7] != 7 ||
        (answer[4] << 8 | answer[5]) != local.port) {
        fail("the answer to an echo");
    }
    fer_socket_close(&socket);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } rows[] = {{"broadcasts", broadcasts}, {"tentative", tentative}, {"removed", removed},
                {"no_route", no_route},     {"ports", ports},         {"pings", pings},
                {"reports", reports},       {"device", device},       {"filter", filter}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (argc == 2 && strcmp(argv[1], rows[i].name) == 0) {
            rows[i].run();
            return 0;
        }
    }
    fail("no such row");
}
