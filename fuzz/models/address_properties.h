/* address_properties.h: the is_ functions, conversions and order of addresses, checked in other
 * ways than core's: by ranges of octets, by segments, and by comparing all parts of an address as
 * one array. NULL is no address: it has no property and precedes every address. */
#ifndef FUZZ_ADDRESS_PROPERTIES_H
#define FUZZ_ADDRESS_PROPERTIES_H

#include <stdbool.h>

#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"

/* Each octet is within its range. */
static inline bool octets_between(const uint8_t *octets, size_t count, const uint8_t *least,
                                  const uint8_t *most)
{
    bool holds = true;
    for (size_t i = 0; i < count; i++) {
        holds = holds && octets[i] >= least[i] && octets[i] <= most[i];
    }
    return holds;
}

#define BETWEEN_V4(octets, a, b, c, d, e, f, g, h) \
    octets_between(octets, 4, (const uint8_t[]){a, b, c, d}, (const uint8_t[]){e, f, g, h})

/* RFC 1122, 1918, 3927, 5771, 5737. */
static inline void check_v4_properties(const fer_ipv4_addr *addr)
{
    const uint8_t *at = addr->octets;
    const bool private = BETWEEN_V4(at, 10, 0, 0, 0, 10, 255, 255, 255) ||
                         BETWEEN_V4(at, 172, 16, 0, 0, 172, 31, 255, 255) ||
                         BETWEEN_V4(at, 192, 168, 0, 0, 192, 168, 255, 255);
    const bool documentation = BETWEEN_V4(at, 192, 0, 2, 0, 192, 0, 2, 255) ||
                               BETWEEN_V4(at, 198, 51, 100, 0, 198, 51, 100, 255) ||
                               BETWEEN_V4(at, 203, 0, 113, 0, 203, 0, 113, 255);
    FUZZ_CHECK(fer_ipv4_addr_is_unspecified(*addr) == BETWEEN_V4(at, 0, 0, 0, 0, 0, 0, 0, 0));
    FUZZ_CHECK(fer_ipv4_addr_is_loopback(*addr) ==
               BETWEEN_V4(at, 127, 0, 0, 0, 127, 255, 255, 255));
    FUZZ_CHECK(fer_ipv4_addr_is_private(*addr) == private);
    FUZZ_CHECK(fer_ipv4_addr_is_link_local(*addr) ==
               BETWEEN_V4(at, 169, 254, 0, 0, 169, 254, 255, 255));
    FUZZ_CHECK(fer_ipv4_addr_is_multicast(*addr) ==
               BETWEEN_V4(at, 224, 0, 0, 0, 239, 255, 255, 255));
    FUZZ_CHECK(fer_ipv4_addr_is_broadcast(*addr) ==
               BETWEEN_V4(at, 255, 255, 255, 255, 255, 255, 255, 255));
    FUZZ_CHECK(fer_ipv4_addr_is_documentation(*addr) == documentation);
    const fer_ipv4_addr back = fer_ipv4_addr_from_bits(fer_ipv4_addr_to_bits(*addr));
    FUZZ_CHECK(fer_ipv4_addr_eq(back, *addr) && fer_ipv4_addr_cmp(back, *addr) == 0);
}

/* RFC 4291 and 4193, by segments. An embedded IPv4 address, by its position. */
static inline void check_v6_properties(const fer_ipv6_addr *addr)
{
    uint16_t s[8];
    fer_ipv4_addr v4 = {{9, 9, 9, 9}};
    fer_ipv4_addr mapped = {{9, 9, 9, 9}};
    fer_ipv6_addr_segments(*addr, s);
    const unsigned high = (unsigned)s[0] | s[1] | s[2] | s[3] | s[4];
    const bool is_low = high == 0 && s[5] == 0;
    const bool is_mapped = high == 0 && s[5] == 0xFFFF;
    const uint32_t bits = (uint32_t)s[6] << 16 | s[7];
    FUZZ_CHECK(fer_ipv6_addr_is_unspecified(*addr) == (is_low && bits == 0));
    FUZZ_CHECK(fer_ipv6_addr_is_loopback(*addr) == (is_low && bits == 1));
    FUZZ_CHECK(fer_ipv6_addr_is_multicast(*addr) == (s[0] >= 0xFF00));
    FUZZ_CHECK(fer_ipv6_addr_is_unique_local(*addr) == (s[0] >= 0xFC00 && s[0] <= 0xFDFF));
    FUZZ_CHECK(fer_ipv6_addr_is_unicast_link_local(*addr) == (s[0] >= 0xFE80 && s[0] <= 0xFEBF));
    FUZZ_CHECK(fer_ipv6_addr_to_ipv4(*addr, &v4) == (is_low || is_mapped));
    FUZZ_CHECK(fer_ipv4_addr_to_bits(v4) == (is_low || is_mapped ? bits : 0x09090909));
    FUZZ_CHECK(fer_ipv6_addr_to_ipv4_mapped(*addr, &mapped) == is_mapped);
    FUZZ_CHECK(fer_ipv4_addr_to_bits(mapped) == (is_mapped ? bits : 0x09090909));
    const fer_ip_addr canonical = fer_ipv6_addr_to_canonical(*addr);
    FUZZ_CHECK(fer_ip_addr_is_ipv4(canonical) == is_mapped);
    const fer_ipv6_addr back = fer_ipv6_addr_new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]);
    FUZZ_CHECK(fer_ipv6_addr_eq(back, *addr) && memcmp(&back, addr, sizeof back) == 0);
    const fer_ipv6_addr wide =
        is_mapped ? fer_ipv4_addr_to_ipv6_mapped(v4) : fer_ipv4_addr_to_ipv6_compatible(v4);
    FUZZ_CHECK(fer_ipv6_addr_eq(wide, *addr) == (is_low || is_mapped));
}

static inline void check_ip_properties(const fer_ip_addr *addr)
{
    const bool v4 = addr->family == FER_IP_V4;
    const bool v6 = addr->family == FER_IP_V6;
    const fer_socket_addr with_port = fer_socket_addr_new(*addr, 7);
    FUZZ_CHECK(fer_ip_addr_is_ipv4(*addr) == v4 && fer_ip_addr_is_ipv6(*addr) == v6);
    FUZZ_CHECK(fer_ip_addr_is_multicast(*addr) == ((v4 && fer_ipv4_addr_is_multicast(addr->u.v4)) ||
                                                   (v6 && fer_ipv6_addr_is_multicast(addr->u.v6))));
    FUZZ_CHECK(fer_ip_addr_is_loopback(*addr) == ((v4 && fer_ipv4_addr_is_loopback(addr->u.v4)) ||
                                                  (v6 && fer_ipv6_addr_is_loopback(addr->u.v6))));
    FUZZ_CHECK(fer_ip_addr_is_unspecified(*addr) ==
               ((v4 && fer_ipv4_addr_is_unspecified(addr->u.v4)) ||
                (v6 && fer_ipv6_addr_is_unspecified(addr->u.v6))));
    FUZZ_CHECK(fer_socket_addr_is_ipv4(&with_port) == v4 &&
               fer_socket_addr_is_ipv6(&with_port) == v6);
}

/* The parts that the order compares, the most significant first: family, octets, port, and for IPv6
 * flowinfo and scope_id. Returns their number. */
static inline size_t order_key(const fer_socket_addr *addr, uint32_t key[20])
{
    const size_t octets = addr->ip.family == FER_IP_V4 ? 4 : addr->ip.family == FER_IP_V6 ? 16 : 0;
    size_t count = 0;
    key[count++] = (uint32_t)addr->ip.family;
    for (size_t i = 0; i < octets; i++) {
        key[count++] = octets == 4 ? addr->ip.u.v4.octets[i] : addr->ip.u.v6.octets[i];
    }
    if (octets > 0) {
        key[count++] = addr->port;
    }
    if (octets == 16) {
        key[count++] = addr->flowinfo;
        key[count++] = addr->scope_id;
    }
    return count; /* without a valid family: that alone */
}

static inline int reference_order(const fer_socket_addr *one, const fer_socket_addr *other)
{
    uint32_t left[20], right[20];
    int order = 0;
    const size_t lefts = order_key(one, left);
    const size_t rights = order_key(other, right);
    for (size_t i = 0; order == 0 && i < lefts && i < rights; i++) {
        order = (left[i] > right[i]) - (left[i] < right[i]);
    }
    return order;
}

static inline void check_order_of(const fer_socket_addr *one, const fer_socket_addr *other)
{
    const int order = reference_order(one, other);
    fer_socket_addr other_ip = *one; /* with the port, flowinfo and scope of `one` */
    other_ip.ip = other->ip;
    const int ip_order = reference_order(one, &other_ip);
    FUZZ_CHECK(fer_socket_addr_cmp(one, other) == order &&
               fer_socket_addr_cmp(other, one) == -order);
    FUZZ_CHECK(fer_socket_addr_eq(one, other) == (order == 0));
    FUZZ_CHECK(fer_ip_addr_cmp(one->ip, other->ip) == ip_order);
    FUZZ_CHECK(fer_ip_addr_eq(one->ip, other->ip) == (ip_order == 0));
}

/* NULL is refused, or is no address. */
static inline void check_null_addresses(const fer_socket_addr *addr)
{
    char text[8] = "x";
    FUZZ_CHECK(!fer_ipv6_addr_to_ipv4(addr->ip.u.v6, NULL) &&
               !fer_ipv6_addr_to_ipv4_mapped(addr->ip.u.v6, NULL));
    FUZZ_CHECK(!fer_socket_addr_is_ipv4(NULL) && !fer_socket_addr_is_ipv6(NULL));
    FUZZ_CHECK(fer_socket_addr_cmp(NULL, addr) == -1 && fer_socket_addr_cmp(addr, NULL) == 1 &&
               !fer_socket_addr_eq(addr, NULL));
    fer_ipv6_addr_segments(addr->ip.u.v6, NULL);
    FUZZ_CHECK(fer_ipv6_addr_is_unspecified(fer_ipv6_addr_from_segments(NULL)));
    FUZZ_CHECK(fer_socket_addr_format(NULL, text, sizeof text) == 0);
}

#define CHECK_NULL_TEXT(TYPE, PARSER)                               \
    do {                                                            \
        TYPE value;                                                 \
        FUZZ_CHECK(PARSER(NULL, "::").kind == FER_MISUSE);          \
        FUZZ_CHECK(PARSER(&value, NULL).kind == FER_MISUSE);        \
        FUZZ_CHECK(PARSER##_n(NULL, "::", 2).kind == FER_MISUSE);   \
        FUZZ_CHECK(PARSER##_n(&value, NULL, 0).kind == FER_MISUSE); \
    } while (0)

static inline void check_null_texts(void)
{
    CHECK_NULL_TEXT(fer_ipv4_addr, fer_ipv4_addr_parse);
    CHECK_NULL_TEXT(fer_ipv6_addr, fer_ipv6_addr_parse);
    CHECK_NULL_TEXT(fer_ip_addr, fer_ip_addr_parse);
    CHECK_NULL_TEXT(fer_socket_addr, fer_socket_addr_parse);
}

static inline void check_properties(const fer_socket_addr *addr, choices *from)
{
    const fer_ipv4_addr v4 = fer_ipv4_addr_from_bits(choose_u32(from));
    fer_socket_addr close_by = *addr;
    close_by.port ^= (uint16_t)(choose_byte(from) & 1);
    close_by.flowinfo ^= choose_byte(from) & 1u;
    close_by.scope_id ^= choose_byte(from) & 1u;
    close_by.ip = (choose_byte(from) & 1) != 0 ? fer_ip_addr_from_v4(v4) : close_by.ip;
    check_ip_properties(&addr->ip);
    check_order_of(addr, &close_by);
    check_null_addresses(addr);
    check_null_texts();
}

#endif
