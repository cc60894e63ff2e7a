/* udp_addresses.h: the addresses of datagrams and bindings, for the model of datagram sockets. No
 * state here. */
#ifndef FUZZ_UDP_ADDRESSES_H
#define FUZZ_UDP_ADDRESSES_H

#include <stdbool.h>

#include "ferrule.h"

/* The form in the network: IPv4-mapped addresses are IPv4. */
static inline fer_socket_addr canonical(const fer_socket_addr *addr)
{
    fer_socket_addr plain = {.ip = fer_ip_addr_to_canonical(addr->ip), .port = addr->port};
    return plain;
}

static inline bool is_same(const fer_socket_addr *one, const fer_socket_addr *other)
{
    return one->port == other->port && fer_ip_addr_eq(one->ip, other->ip);
}

/* Not of a text: a parser takes longer than the call that is checked. */
static inline fer_ip_addr ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    fer_ip_addr made = {.family = FER_IP_V4, .u.v4.octets = {a, b, c, d}};
    return made;
}

/* Such an address, with zeros between. */
static inline fer_ip_addr ipv6(uint8_t first, uint8_t last)
{
    fer_ip_addr made = {.family = FER_IP_V6, .u.v6.octets = {first, [15] = last}};
    return made;
}

/* Of a host 10.b.c.d. */
static inline bool is_host(const fer_ip_addr *addr, uint8_t b, uint8_t c, uint8_t d)
{
    return fer_ip_addr_eq(*addr, ipv4(10, b, c, d));
}

/* The port from which a datagram comes after the fault PEER_TRANSLATED. */
static inline uint16_t translated_port(uint16_t port)
{
    return port == 0x4000 ? 0x4001 : port ^ 0x4000;
}

static inline bool is_broadcast(const fer_ip_addr *addr)
{
    return fer_ip_addr_eq(*addr, ipv4(255, 255, 255, 255));
}

static inline bool is_group_or_broadcast(const fer_ip_addr *addr)
{
    return is_broadcast(addr) || fer_ip_addr_is_multicast(*addr);
}

/* POSIX sends a datagram for the wildcard to the loopback address. */
static inline fer_socket_addr effective_destination(const fer_socket_addr *addr)
{
    fer_socket_addr to = canonical(addr);
    if (fer_ip_addr_is_unspecified(to.ip)) {
        to.ip = to.ip.family == FER_IP_V4 ? ipv4(127, 0, 0, 1) : ipv6(0, 1);
    }
    return to;
}

/* No socket is bound there, and the host reports it. */
static inline bool is_refused_address(const fer_socket_addr *to)
{
    bool no_port = to->port == 9 && (fer_ip_addr_is_loopback(to->ip) || is_host(&to->ip, 0, 0, 7));
    return no_port || is_host(&to->ip, 0, 0, 9);
}

/* True if a socket that is bound to the one prevents a bind to the other: a wildcard covers every
 * address of its family, and IPv6's covers IPv4's. */
static inline bool covers_address(const fer_ip_addr *wildcard, const fer_ip_addr *addr)
{
    return fer_ip_addr_is_unspecified(*wildcard) &&
           (wildcard->family == FER_IP_V6 || addr->family == FER_IP_V4);
}

static inline bool conflicts_with(const fer_socket_addr *one, const fer_socket_addr *other)
{
    bool overlap = fer_ip_addr_eq(one->ip, other->ip) || covers_address(&one->ip, &other->ip) ||
                   covers_address(&other->ip, &one->ip);
    return one->port == other->port && overlap;
}

#endif
