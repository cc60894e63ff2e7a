/* events.c: what a network does between two ends: one row for each event. */
#define _GNU_SOURCE
#include "twins.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void run_text(struct world *world, const struct row *row, unsigned arg)
{
    (void)arg;
    network_run(world, row->place, row->tool, row->text[world->v6]);
}

static void run_heal(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    (void)arg;
    network_heal(world);
}

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i += 2) {
        sum += (uint32_t)bytes[i] << 8 | (i + 1 < len ? bytes[i + 1] : 0);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

/* The types and codes that the router forges (RFC 792, RFC 1122, RFC 4443). */
static const uint8_t TYPES[2][20][2] = {
    {{3, 0},  {3, 1},  {3, 2},  {3, 3},  {3, 4},  {3, 5},  {3, 6}, {3, 7}, {3, 8},  {3, 9},
     {3, 10}, {3, 11}, {3, 12}, {3, 13}, {3, 14}, {3, 15}, {4, 0}, {5, 1}, {11, 0}, {12, 0}},
    {{1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}, {1, 6}, {1, 7}, {2, 0}, {2, 0},
     {3, 0}, {3, 1}, {4, 0}, {4, 1}, {4, 2}, {1, 4}, {1, 3}, {1, 0}, {1, 1}, {2, 0}},
};

/* Sends one report about the last packet of each flow. text[0] of the row, if there is one, is the
 * index of TYPES; else the argument draws it. */
void forge_run(struct world *world, const struct row *row, unsigned arg)
{
    network_look(world);
    size_t chosen = row->text[0] != NULL ? (size_t)atoi(row->text[world->v6]) : arg % 20;
    for (size_t i = 0; i < world->packets_count; i++) {
        const struct packet *packet = &world->packets[i];
        bool v6 = packet->bytes[0] >> 4 == 6;
        const uint8_t *type = TYPES[v6][chosen];
        uint8_t report[8 + 560] = {type[0], type[1]};
        size_t quoted = packet->len < 500 ? packet->len : 500;
        unsigned mtu = v6 ? 1280 : 600 + arg % 64;
        struct sockaddr_storage to;
        char text[64];
        if (!v6 && type[0] == 3 && type[1] == 4) {
            report[6] = (uint8_t)(mtu >> 8);
            report[7] = (uint8_t)mtu;
        } else if (v6 && type[0] == 2) {
            report[6] = (uint8_t)(mtu >> 8);
            report[7] = (uint8_t)mtu;
        } else if (!v6 && type[0] == 5) {
            memcpy(report + 4, "\x0a\x01\x00\x02", 4); /* RFC 792: the gateway; it is the router */
        }
        memcpy(report + 8, packet->bytes, quoted);
        if (!v6) {
            uint16_t sum = checksum(report, 8 + quoted);
            report[2] = (uint8_t)(sum >> 8);
            report[3] = (uint8_t)sum;
        }
        inet_ntop(v6 ? AF_INET6 : AF_INET, packet->bytes + (v6 ? 8 : 12), text, sizeof text);
        socklen_t len = address_of(text, 0, false, &to);
        (void)!sendto(world->forger[v6], report, 8 + quoted, 0, (struct sockaddr *)&to, len);
    }
}

/* The router sends the last packet of each flow again: a copy, or one that comes late. */
static void run_replay(struct world *world, const struct row *row, unsigned arg)
{
    (void)row;
    (void)arg;
    network_look(world);
    int raw[2] = {network_socket(world, ROUTER, AF_INET, SOCK_RAW, IPPROTO_RAW),
                  network_socket(world, ROUTER, AF_INET6, SOCK_RAW, IPPROTO_RAW)};
    for (size_t i = 0; i < world->packets_count; i++) {
        const struct packet *packet = &world->packets[i];
        bool v6 = packet->bytes[0] >> 4 == 6;
        struct sockaddr_storage to;
        char text[64];
        inet_ntop(v6 ? AF_INET6 : AF_INET, packet->bytes + (v6 ? 24 : 16), text, sizeof text);
        socklen_t len = address_of(text, 0, false, &to);
        (void)!sendto(raw[v6], packet->bytes, packet->len, 0, (struct sockaddr *)&to, len);
    }
    close(raw[0]);
    close(raw[1]);
}

#define FORWARD(rule)                                                                              \
    {                                                                                              \
        "add rule inet t f iifname { r0, r2 } " rule, "add rule inet t f iifname { r0, r2 } " rule \
    }
#define BACKWARD(rule)                                                             \
    {                                                                              \
        "add rule inet t f iifname r1 " rule, "add rule inet t f iifname r1 " rule \
    }
#define REJECT4(type)                                                          \
    {                                                                          \
        "add rule inet t f iifname { r0, r2 } reject with icmp type " type, "" \
    }
#define REJECT6(type)                                                            \
    {                                                                            \
        "", "add rule inet t f iifname { r0, r2 } reject with icmpv6 type " type \
    }
#define BOTH(text) \
    {              \
        text, text \
    }
#define LINKED (V4 | MAPPED)
#define NFT(name, chance, kinds, families, place, ...)                               \
    {                                                                                \
        name, chance, kinds, families, run_text, place, TOOL_NFT, __VA_ARGS__, false \
    }
#define IP(name, chance, families, place, ...)                                    \
    {                                                                             \
        name, chance, ANY, families, run_text, place, TOOL_IP, __VA_ARGS__, false \
    }

/* A reject has no limit of its rate (SYSCTLS in network.c). The reports of IPv4 routes have one
 * that a namespace cannot change (net/ipv4/route.c, ip_error), so the router's routes are those of
 * IPv6. */
const struct row EVENT_ROWS[] = {
    {"the network is healed", 16, ANY, ALL, run_heal, 0, 0, {NULL, NULL}, false},
    NFT("the router forwards again", 4, ANY, ALL, ROUTER, BOTH("flush chain inet t f")),
    NFT("the router rejects: net-unreachable", 3, ANY, LINKED, ROUTER, REJECT4("net-unreachable")),
    NFT("the router rejects: host-unreachable", 4, ANY, LINKED, ROUTER,
        REJECT4("host-unreachable")),
    NFT("the router rejects: prot-unreachable", 2, ANY, LINKED, ROUTER,
        REJECT4("prot-unreachable")),
    NFT("the router rejects: port-unreachable", 4, ANY, LINKED, ROUTER,
        REJECT4("port-unreachable")),
    NFT("the router rejects: net-prohibited", 2, ANY, LINKED, ROUTER, REJECT4("net-prohibited")),
    NFT("the router rejects: host-prohibited", 2, ANY, LINKED, ROUTER, REJECT4("host-prohibited")),
    NFT("the router rejects: admin-prohibited", 2, ANY, LINKED, ROUTER,
        REJECT4("admin-prohibited")),
    NFT("the router rejects: no-route", 3, ANY, V6, ROUTER, REJECT6("no-route")),
    NFT("the router rejects: addr-unreachable", 4, ANY, V6, ROUTER, REJECT6("addr-unreachable")),
    NFT("the router rejects: port-unreachable", 4, ANY, V6, ROUTER, REJECT6("port-unreachable")),
    NFT("the router rejects: admin-prohibited", 2, ANY, V6, ROUTER, REJECT6("admin-prohibited")),
    NFT("the router rejects: policy-fail", 2, ANY, V6, ROUTER, REJECT6("policy-fail")),
    NFT("the router rejects: reject-route", 2, ANY, V6, ROUTER, REJECT6("reject-route")),
    NFT("the router rejects with a reset", 2, STREAM | RELAY, ALL, ROUTER,
        FORWARD("meta l4proto tcp reject with tcp reset")),
    NFT("the router drops towards the peer", 3, ANY, ALL, ROUTER, FORWARD("drop")),
    NFT("the router drops towards here", 3, ANY, ALL, ROUTER, BACKWARD("drop")),
    /* of each connection: with one counter of all, one twin may lose every packet, one none */
    NFT("the router drops every second packet", 2, STREAM | RELAY, ALL, ROUTER,
        FORWARD("tcp flags & (syn | rst) == 0 ct mark set ct mark ^ 1 ct mark 1 drop")),
    /* not the data, which has PSH */
    NFT("the router drops every second acknowledgement", 1, STREAM | RELAY, ALL, ROUTER,
        BACKWARD(
            "tcp flags & (fin | syn | rst | psh) == 0 ct mark set ct mark ^ 1 ct mark 1 drop")),
    NFT("the peer's host rejects", 3, ANY, ALL, PEER,
        BOTH(
            "add rule inet t i meta l4proto { tcp, udp } reject with icmpx type port-unreachable")),
    NFT("the peer's host drops", 2, ANY, ALL, PEER,
        BOTH("add rule inet t i meta l4proto { tcp, udp } drop")),
    NFT("a firewall here refuses sends", 4, ANY, ALL, HERE,
        BOTH("add rule inet t o oifname { h0, h1 } meta l4proto { tcp, udp } drop")),
    NFT("a firewall here rejects sends", 3, ANY, ALL, HERE,
        BOTH("add rule inet t o oifname { h0, h1 } meta l4proto { tcp, udp } "
             "reject with icmpx type host-unreachable")),
    NFT("a firewall here drops what arrives", 2, ANY, ALL, HERE,
        BOTH("add rule inet t i iifname { h0, h1 } meta l4proto { tcp, udp } drop")),
    NFT("the router translates addresses", 3, ANY, ALL, ROUTER,
        BOTH("add rule inet t m oifname r1 masquerade")),
    NFT("the router translates to other ports", 2, ANY, ALL, ROUTER,
        BOTH("flush chain inet t m\nadd rule inet t m oifname r1 masquerade random")),
    NFT("the balancer chooses another peer", 2, ANY, ALL, ROUTER,
        {"flush chain inet t d\nadd rule inet t d ip daddr 10.4.0.1 dnat ip to 10.2.1.1",
         "flush chain inet t d\nadd rule inet t d ip6 daddr fd04::1 dnat ip6 to fd02:0:0:1::1"}),
    {"the router forgets its translations", 3, ANY, ALL, run_text, ROUTER, TOOL_CONNTRACK, BOTH(""),
     false},
    {"the router stops forwarding",
     2,
     ANY,
     ALL,
     run_text,
     ROUTER,
     TOOL_SYSCTL,
     {"net/ipv4/ip_forward=0", "net/ipv6/conf/all/forwarding=0"},
     false},
    IP("the route is removed", 4, ALL, HERE,
       {"route del default via 10.1.0.2", "route del default via fd01::2"}),
    IP("the route leads by the other link", 3, ALL, HERE,
       {"route replace default via 10.3.0.2 dev h1", "route replace default via fd03::2 dev h1"}),
    IP("the route is unreachable", 3, ALL, HERE,
       {"route add unreachable 10.2.0.0/24", "route add unreachable fd02::/64"}),
    IP("the route is a blackhole", 2, ALL, HERE,
       {"route add blackhole 10.2.0.0/24", "route add blackhole fd02::/64"}),
    IP("the route is prohibited", 2, ALL, HERE,
       {"route add prohibit 10.2.0.0/24", "route add prohibit fd02::/64"}),
    IP("the route is throw", 2, ALL, HERE,
       {"route add throw 10.2.0.0/24", "route add throw fd02::/64"}),
    IP("the router has no route", 3, V6, ROUTER, {"", "route add unreachable fd02::1/128"}),
    IP("the router's route is prohibited", 1, V6, ROUTER, {"", "route add prohibit fd02::1/128"}),
    IP("the router's route is a blackhole", 1, ALL, ROUTER,
       {"route add blackhole 10.2.0.1/32", "route add blackhole fd02::1/128"}),
    IP("the address is removed", 3, ALL, HERE,
       {"addr del 10.1.0.1/24 dev h0", "addr del fd01::1/64 dev h0"}),
    IP("the address is replaced", 4, ALL, HERE,
       {"addr del 10.1.0.1/24 dev h0\naddr add 10.1.0.5/24 dev h0\n"
        "route replace default via 10.1.0.2 dev h0",
        "addr del fd01::1/64 dev h0\naddr add fd01::5/64 dev h0 nodad\n"
        "route replace default via fd01::2 dev h0"}),
    IP("the address is deprecated", 2, V6, HERE,
       {"", "addr change fd01::1/64 dev h0 preferred_lft 0\naddr add fd01::5/64 dev h0 nodad"}),
    IP("a second address is tentative", 1, V6, HERE, {"", "addr add fd01::5/64 dev h0"}),
    IP("a second address is added", 1, LINKED, HERE, {"addr add 10.1.0.7/24 dev h0", ""}),
    IP("the link is down", 3, ALL, HERE, BOTH("link set h0 down")),
    IP("the link is up", 2, ALL, HERE, BOTH("link set h0 up")),
    IP("the link is renamed", 1, ALL, HERE,
       BOTH("link set h0 down\nlink set h0 name hx\nlink set hx up")),
    IP("the link is removed", 2, ALL, HERE, BOTH("link del h0")),
    IP("the router's link is down", 2, ALL, ROUTER, BOTH("link set r0 down")),
    IP("the peer's host is gone", 2, ALL, PEER, BOTH("link set p0 down")),
    IP("the peer's host is back", 2, ALL, PEER,
       BOTH("link set p0 up\nroute replace default via 10.2.0.2 dev p0\n"
            "route replace default via fd02::2 dev p0")),
    IP("the MTU here is shorter", 2, ALL, HERE, BOTH("link set h0 mtu 1300")),
    IP("the MTU behind the router is shorter", 3, ALL, ROUTER, BOTH("link set r1 mtu 1300")),
    {"a report of any type is forged", 10, ANY, ALL, forge_run, 0, 0, {NULL, NULL}, true},
    {"a report of a lower MTU is forged", 5, DATAGRAM, ALL, forge_run, 0, 0, {"4", "8"}, true},
    {"a report is forged: host unreachable",
     6,
     STREAM | RELAY,
     ALL,
     forge_run,
     0,
     0,
     {"1", "3"},
     true},
    {"a report is forged: port unreachable", 4, ANY, ALL, forge_run, 0, 0, {"3", "4"}, true},
    {"the last packets arrive again", 4, ANY, ALL, run_replay, 0, 0, {NULL, NULL}, true},
    {NULL, 0, 0, 0, NULL, 0, 0, {NULL, NULL}, false},
};
