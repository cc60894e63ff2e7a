/* rust_std.h: what rust_std.rs answers: Rust's own std::net, the one of the rustc that is here.
 * Only for the harness to compare with. */
#ifndef RUST_STD_H
#define RUST_STD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any address of std::net. IPv4 has the first four octets, and zeros behind them; what an address
 * has not is 0. */
typedef struct rust_addr {
    uint32_t flowinfo;
    uint32_t scope_id;
    uint16_t port;
    uint8_t family; /* 4 or 6 */
    uint8_t
        unused; /* 0: no byte is left to chance, so that memcmp tells whether two are the same */
    uint8_t octets[16];
} rust_addr;

/* The types that have FromStr and Display. */
typedef enum rust_type {
    RUST_IPV4_ADDR,
    RUST_IPV6_ADDR,
    RUST_IP_ADDR,
    RUST_SOCKET_ADDR_V4,
    RUST_SOCKET_ADDR_V6,
    RUST_SOCKET_ADDR,
    RUST_TYPE_COUNT
} rust_type;

typedef enum rust_conversion {
    RUST_TO_IPV4,
    RUST_TO_IPV4_MAPPED,
    RUST_TO_IPV6_COMPATIBLE,
    RUST_TO_IPV6_MAPPED,
    RUST_TO_CANONICAL, /* since 1.75 */
    RUST_CONVERSION_COUNT
} rust_conversion;

/* What rust_std_answers says, a bit each. The last two are asked since 1.84. */
enum {
    RUST_IS_UNSPECIFIED = 1,
    RUST_IS_LOOPBACK = 2,
    RUST_IS_MULTICAST = 4,
    RUST_IS_PRIVATE = 8,
    RUST_IS_LINK_LOCAL = 16,
    RUST_IS_BROADCAST = 32,
    RUST_IS_DOCUMENTATION = 64,
    RUST_IS_UNIQUE_LOCAL = 128,
    RUST_IS_UNICAST_LINK_LOCAL = 256
};

/* FromStr; *out is written only when it is Ok. Bytes that are no UTF-8 are no &str: false. */
bool rust_std_parse(uint32_t type, const uint8_t *text, size_t len, rust_addr *out);

/* Display, of an address that is of the type: writes up to cap bytes, without a NUL, and tells the
 * length of the whole. */
size_t rust_std_show(uint32_t type, const rust_addr *addr, uint8_t *buf, size_t cap);

/* Ord: -1, 0 or 1, of two socket addresses and of two IP addresses. */
int32_t rust_std_compare_sockets(const rust_addr *a, const rust_addr *b);
int32_t rust_std_compare_ips(const rust_addr *a, const rust_addr *b);

/* The is_ methods of the address's own type, Ipv4Addr or Ipv6Addr. */
uint32_t rust_std_answers(const rust_addr *addr);

/* A method of the address's own type; false for None, and where it has none of the name. */
bool rust_std_convert(uint32_t conversion, const rust_addr *addr, rust_addr *out);

#endif
