/* network.c: three network namespaces, their addresses, and the tools that change them. */
#define _GNU_SOURCE
#include "twins.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* here (h0, h1) - router (r0, r2; r1) - peer (p0). The second address of the peer is reached by
 * h1. The router translates the balanced address, and drops packets with the source of another
 * interface (RFC 2827). The names of interfaces have no digit of a family. */
static const char *const FIREWALL[PLACES] = {
    [HERE] = "flush ruleset\n"
             "add table inet t\n"
             "add chain inet t i { type filter hook input priority 0; }\n"
             "add chain inet t o { type filter hook output priority 0; }\n",
    [ROUTER] = "flush ruleset\n"
               "add table inet t\n"
               "add chain inet t i { type filter hook input priority 0; }\n"
               "add chain inet t f { type filter hook forward priority 0; }\n"
               "add chain inet t s { type filter hook prerouting priority -200; }\n"
               "add rule inet t s iifname r2 ip saddr 10.1.0.0/16 drop\n"
               "add rule inet t s iifname r0 ip saddr 10.3.0.0/16 drop\n"
               "add rule inet t s iifname r2 ip6 saddr fd01::/64 drop\n"
               "add rule inet t s iifname r0 ip6 saddr fd03::/64 drop\n"
               "add chain inet t d { type nat hook prerouting priority -100; }\n"
               "add rule inet t d ip daddr 10.4.0.1 dnat ip to 10.2.0.1\n"
               "add rule inet t d ip6 daddr fd04::1 dnat ip6 to fd02::1\n"
               "add chain inet t m { type nat hook postrouting priority 100; }\n",
    [PEER] = "flush ruleset\n"
             "add table inet t\n"
             "add chain inet t i { type filter hook input priority 0; }\n",
};

static const char *const SYSCTLS[][2] = {
    {"net/ipv4/ip_forward", "1"},
    {"net/ipv6/conf/all/forwarding", "1"},
    {"net/ipv4/conf/all/rp_filter", "0"},
    {"net/ipv4/conf/default/rp_filter", "0"},
    {"net/ipv6/conf/default/accept_dad", "0"},
    {"net/ipv6/conf/default/dad_transmits", "0"},
    {"net/ipv6/conf/default/keep_addr_on_down", "1"},
    {"net/ipv4/icmp_ratelimit", "0"},
    {"net/ipv4/icmp_msgs_per_sec", "1000000"},
    {"net/ipv4/icmp_msgs_burst", "1000000"},
    {"net/ipv6/icmp/ratelimit", "0"},
    {"net/ipv4/tcp_rto_min_us", "20000"},
};

/* Links, which exist in pairs: the names, and the places. */
static const struct link {
    const char *name[2];
    int place[2];
} LINKS[] = {
    {{"h0", "r0"}, {HERE, ROUTER}},
    {{"h1", "r2"}, {HERE, ROUTER}},
    {{"r1", "p0"}, {ROUTER, PEER}},
};

/* What an event may have added. */
static const char *const WRONG_ROUTES[PLACES][2] = {
    [HERE] = {"10.2.0.0/24", "fd02::/64"},
    [ROUTER] = {"10.2.0.1/32", "fd02::1/128"},
};
static const char *const WRONG_KINDS[] = {"unreachable", "blackhole", "prohibit", "throw"};

static const char *const ADDRESSES[PLACES] = {
    [HERE] = "addr del 10.1.0.5/24 dev h0\n"
             "addr del 10.1.0.7/24 dev h0\n"
             "addr del fd01::5/64 dev h0\n"
             "addr replace 10.1.0.1/24 dev h0\n"
             "addr replace 10.3.0.1/24 dev h1\n"
             "addr replace fd01::1/64 dev h0 nodad\n"
             "addr replace fd03::1/64 dev h1 nodad\n"
             "route replace default via 10.1.0.2 dev h0 rto_min 20ms\n"
             "route replace 10.2.1.0/24 via 10.3.0.2 dev h1 rto_min 20ms\n"
             "route replace default via fd01::2 dev h0 rto_min 20ms\n"
             "route replace fd02:0:0:1::/64 via fd03::2 dev h1 rto_min 20ms\n"
             "route replace 239.0.0.0/8 dev h0\n",
    [ROUTER] = "addr replace 10.1.0.2/24 dev r0\n"
               "addr replace 10.3.0.2/24 dev r2\n"
               "addr replace 10.2.0.2/24 dev r1\n"
               "addr replace fd01::2/64 dev r0 nodad\n"
               "addr replace fd03::2/64 dev r2 nodad\n"
               "addr replace fd02::2/64 dev r1 nodad\n"
               "route replace 10.2.1.0/24 via 10.2.0.1 dev r1\n"
               "route replace fd02:0:0:1::/64 via fd02::1 dev r1\n"
               "route replace 239.0.0.0/8 dev r0\n",
    [PEER] = "addr replace 10.2.0.1/24 dev p0\n"
             "addr replace 10.2.1.1/32 dev p0\n"
             "addr replace " BPF_PEER "/24 dev p0\n"
             "addr replace fd02::1/64 dev p0 nodad\n"
             "addr replace fd02:0:0:1::1/128 dev p0 nodad\n"
             "route replace default via 10.2.0.2 dev p0 rto_min 20ms\n"
             "route replace default via fd02::2 dev p0 rto_min 20ms\n",
};

static const struct {
    const char *name;
    const char *text[2];
    unsigned port;
} TARGETS[T_COUNT] = {
    [T_PEER] = {"the peer", {"10.2.0.1", "fd02::1"}, ECHO_PORT},
    [T_SECOND] = {"the peer's second address", {"10.2.1.1", "fd02:0:0:1::1"}, ECHO_PORT},
    [T_BALANCED] = {"the balanced address", {"10.4.0.1", "fd04::1"}, ECHO_PORT},
    [T_DEAD] = {"a closed port", {"10.2.0.1", "fd02::1"}, DEAD_PORT},
    [T_LOOPBACK] = {"the loopback address", {"127.0.0.1", "::1"}, ECHO_PORT},
    [T_ROUTER] = {"the router", {"10.1.0.2", "fd01::2"}, ECHO_PORT},
    [T_BPF] = {"the address that the cgroup translates", {"10.5.0.1", "fd02::1"}, ECHO_PORT},
};

socklen_t address_of(const char *text, unsigned port, bool is_mapped, struct sockaddr_storage *out)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    char mapped[64];
    memset(out, 0, sizeof *out);
    snprintf(mapped, sizeof mapped, "%s%s", is_mapped ? "::ffff:" : "", text);
    if (inet_pton(AF_INET6, mapped, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        return sizeof *v6;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, text, &v4->sin_addr) == 1 ? sizeof *v4 : 0;
}

const char *target_name(unsigned target)
{
    return TARGETS[target % T_COUNT].name;
}

/* On a socket of both families the targets from T_COUNT on are those over IPv6. */
socklen_t target_address(const struct world *world, unsigned target, struct sockaddr_storage *out)
{
    bool is_v6 = world->family == V6 || target >= T_COUNT;
    target %= T_COUNT;
    return address_of(TARGETS[target].text[is_v6], TARGETS[target].port,
                      world->family == MAPPED && !is_v6, out);
}

fer_socket_addr target_for_mine(const struct world *world, unsigned target)
{
    struct sockaddr_storage address;
    socklen_t len = target_address(world, target, &address);
    fer_socket_addr out = {0};
    FER_IGNORE(fer_socket_addr_from_sockaddr(&out, &address, len));
    return out;
}

void network_enter(const struct world *world, int place)
{
    if (setns(world->place[place], CLONE_NEWNET) != 0) {
        perror("twins: setns");
        abort();
    }
}

static void set_sysctl(const char *name, const char *value)
{
    char path[256];
    snprintf(path, sizeof path, "/proc/sys/%s", name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, value, strlen(value)) < 0) {
            /* a system without this setting */
        }
        close(fd);
    }
}

/* Runs a program of the caller's namespace with text as its input, and returns its exit code. */
static int run_program(char *const *arguments, const char *text)
{
    int ends[2];
    pid_t child = 0;
    int status = -1;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    if (write(ends[1], text, strlen(text)) < 0) {
        perror("twins: pipe");
    }
    close(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    if (getenv("TWINS_SHOW_TOOLS") == NULL) {
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    }
    if (posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ) == 0) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    return status;
}

static char *const IP[] = {(char[]){"ip"}, (char[]){"-force"}, (char[]){"-batch"}, (char[]){"-"},
                           NULL};
static char *const NFT[] = {(char[]){"nft"}, (char[]){"-f"}, (char[]){"-"}, NULL};
static char *const CONNTRACK[] = {(char[]){"conntrack"}, (char[]){"-F"}, NULL};

void network_run(struct world *world, int place, int tool, const char *text)
{
    char line[128];
    network_enter(world, place);
    if (tool == TOOL_SYSCTL) {
        snprintf(line, sizeof line, "%s", text);
        char *equals = strchr(line, '=');
        *equals = '\0';
        set_sysctl(line, equals + 1);
    } else if (tool == TOOL_CONNTRACK) {
        (void)run_program(CONNTRACK, text);
    } else {
        (void)run_program(tool == TOOL_IP ? IP : NFT, text);
    }
    network_enter(world, HERE);
}

/* Makes the links that do not exist. One that an event has renamed is removed first. */
static void make_links(struct world *world)
{
    for (size_t i = 0; i < sizeof LINKS / sizeof LINKS[0]; i++) {
        const struct link *link = &LINKS[i];
        bool exists = true;
        for (int end = 0; end < 2; end++) {
            network_enter(world, link->place[end]);
            exists = exists && if_nametoindex(link->name[end]) != 0;
        }
        if (!exists) {
            char text[200];
            snprintf(text, sizeof text, "link del %s\n", link->name[1]);
            network_run(world, link->place[1], TOOL_IP, text);
            snprintf(text, sizeof text,
                     "link add %s type veth peer name %s netns /proc/self/fd/%d\n", link->name[0],
                     link->name[1], world->place[link->place[1]]);
            network_run(world, link->place[0], TOOL_IP, text);
        }
    }
    network_enter(world, HERE);
}

/* Restores the links, addresses and routes of a place. A command that is not needed fails. The
 * router solicits its neighbours from a link-local address (net/ipv6/ndisc.c, ndisc_send_ns). */
static void restore_addresses(struct world *world, int place)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    fprintf(out, "link set lo up\n");
    for (size_t i = 0; i < 2 * sizeof LINKS / sizeof LINKS[0]; i++) {
        const char *name = LINKS[i / 2].name[i % 2];
        if (LINKS[i / 2].place[i % 2] == place) {
            fprintf(out, "link set %s addrgenmode none\nlink set %s mtu 1500 up\n", name, name);
            fprintf(out, "addr replace fe80::%d/64 dev %s nodad\n", 1 + (place == ROUTER), name);
        }
    }
    for (size_t i = 0; i < 8 && WRONG_ROUTES[place][i % 2] != NULL; i++) {
        fprintf(out, "route del %s %s\n", WRONG_KINDS[i / 2], WRONG_ROUTES[place][i % 2]);
    }
    fprintf(out, "%s", ADDRESSES[place]);
    fclose(out);
    network_run(world, place, TOOL_IP, text);
    free(text);
}

void network_heal(struct world *world)
{
    make_links(world);
    for (int place = 0; place < PLACES; place++) {
        network_enter(world, place);
        for (size_t i = 0; i < sizeof SYSCTLS / sizeof SYSCTLS[0]; i++) {
            set_sysctl(SYSCTLS[i][0], SYSCTLS[i][1]);
        }
        /* With the quick first retransmission (balancer.c) all of them take 0.5 s, else 2 s. */
        set_sysctl("net/ipv4/tcp_syn_retries", balancer_is_quick ? "2" : "1");
        restore_addresses(world, place);
        network_run(world, place, TOOL_NFT, FIREWALL[place]);
    }
}

int network_socket(const struct world *world, int place, int domain, int type, int protocol)
{
    network_enter(world, place);
    int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    network_enter(world, HERE);
    return fd;
}

void network_open(struct world *world)
{
    for (int place = 0; place < PLACES; place++) {
        /* The programs that receive the descriptor make a link in its namespace. */
        if (unshare(CLONE_NEWNET) != 0 ||
            (world->place[place] = open("/proc/thread-self/ns/net", O_RDONLY)) < 0) {
            perror("twins: unshare");
            abort();
        }
        for (size_t i = 0; i < sizeof SYSCTLS / sizeof SYSCTLS[0]; i++) {
            set_sysctl(SYSCTLS[i][0], SYSCTLS[i][1]);
        }
    }
    network_heal(world);
    world->tap = network_socket(world, ROUTER, AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
    world->forger[0] = network_socket(world, ROUTER, AF_INET, SOCK_RAW, IPPROTO_ICMP);
    world->forger[1] = network_socket(world, ROUTER, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    network_wait(world);
}

void network_close(struct world *world)
{
    close(world->tap);
    close(world->forger[0]);
    close(world->forger[1]);
    for (int place = 0; place < PLACES; place++) {
        close(world->place[place]);
    }
}

/* Sends to a peer and back until a datagram arrives: the system reports the carrier of a link, and
 * uses IPv6 there, some time after the link is up (net/core/link_watch.c). */
static void wait_for_answer(int here, int peer, const struct sockaddr_storage *to, double end)
{
    char byte = 0;
    struct sockaddr_storage from;
    while (now_ms() < end) {
        socklen_t len = sizeof from;
        (void)!sendto(here, &byte, 1, 0, (const struct sockaddr *)to, sizeof(struct sockaddr_in6));
        while (recvfrom(peer, &byte, 1, 0, (struct sockaddr *)&from, &len) >= 0) {
            (void)!sendto(peer, &byte, 1, 0, (struct sockaddr *)&from, len);
        }
        if (recv(here, &byte, 1, 0) >= 0) {
            return;
        }
        pause_ms(1);
    }
}

void network_wait(struct world *world)
{
    enum { PORT = 5 };
    int here = network_socket(world, HERE, AF_INET6, SOCK_DGRAM, 0);
    int peer = network_socket(world, PEER, AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_storage address;
    socklen_t len = address_of("::", PORT, false, &address);
    double end = now_ms() + PATIENCE_MS;
    if (bind(peer, (struct sockaddr *)&address, len) == 0) {
        for (int v6 = 0; v6 < 2; v6++) {
            for (int target = T_PEER; target <= T_SECOND; target++) {
                (void)address_of(TARGETS[target].text[v6], PORT, v6 == 0, &address);
                wait_for_answer(here, peer, &address, end);
            }
        }
    }
    close(here);
    close(peer);
    network_look(world);
    world->packets_count = 0;
}

/* The part of a header that tells one flow from another: protocol, addresses and ports. */
static bool is_same_flow(const struct packet *a, const struct packet *b)
{
    bool v4 = a->bytes[0] >> 4 == 4;
    return a->bytes[0] >> 4 == b->bytes[0] >> 4 &&
           (v4 ? a->bytes[9] == b->bytes[9] && memcmp(a->bytes + 12, b->bytes + 12, 12) == 0
               : a->bytes[6] == b->bytes[6] && memcmp(a->bytes + 8, b->bytes + 8, 36) == 0);
}

/* Keeps the last packet of each flow from here. */
void network_look(struct world *world)
{
    struct packet packet;
    struct sockaddr_ll from;
    for (;;) {
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(world->tap, packet.bytes, sizeof packet.bytes, MSG_TRUNC,
                             (struct sockaddr *)&from, &len);
        if (n < 0) {
            return;
        }
        packet.len = n < (ssize_t)sizeof packet.bytes ? (uint32_t)n : sizeof packet.bytes;
        int version = packet.bytes[0] >> 4;
        bool is_from_here = from.sll_pkttype == PACKET_HOST &&
                            ((version == 4 && n > 28 && packet.bytes[12] == 10 &&
                              (packet.bytes[13] == 1 || packet.bytes[13] == 3)) ||
                             (version == 6 && n > 48 && packet.bytes[8] == 0xfd &&
                              (packet.bytes[9] == 1 || packet.bytes[9] == 3)));
        int protocol = packet.bytes[version == 4 ? 9 : 6];
        if (is_from_here && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)) {
            size_t i = 0;
            while (i < world->packets_count && !is_same_flow(&world->packets[i], &packet)) {
                i++;
            }
            i = i < PACKETS ? i : 0;
            world->packets_count = i < world->packets_count ? world->packets_count : i + 1;
            world->packets[i] = packet;
        }
    }
}

const char *network_missing(void)
{
    static char reason[128];
    if (unshare(CLONE_NEWNET) != 0) {
        snprintf(reason, sizeof reason, "this system refuses network namespaces: %s",
                 strerror(errno));
        return reason;
    }
    if (run_program(IP, "link set lo up\nlink add h0 type veth peer name r0\n") != 0) {
        return "ip(8) is missing, or the system has no veth";
    }
    if (run_program(NFT, FIREWALL[ROUTER]) != 0) {
        return "nft(8) is missing, or the system lacks its chains";
    }
    if (run_program(NFT, "add rule inet t f ip daddr 10.2.0.1 reject with icmp type "
                         "host-unreachable") != 0) {
        return "the system has no reject of nft(8)";
    }
    return run_program(CONNTRACK, "") == 0 ? NULL : "conntrack(8) is missing";
}
