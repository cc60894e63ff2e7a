/* rust_std.h: Rust's std::net, of the installed rustc, behind C functions (rust_std.rs). Only for
 * the harness to compare with. */
#ifndef RUST_STD_H
#define RUST_STD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any address of std::net. IPv4 has the first four octets, and zeros behind them. A field that an
 * address lacks is 0. */
typedef struct rust_addr {
    uint32_t flowinfo;
    uint32_t scope_id;
    uint16_t port;
    uint8_t family; /* 4 or 6 */
    /* 0, so that every byte is defined and memcmp compares two of them. */
    uint8_t unused;
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

/* The bits of rust_std_answers. The last two are set since 1.84. */
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

/* FromStr; *out is written only if the result is Ok. False for bytes that are not UTF-8, which no
 * &str holds. */
bool rust_std_parse(uint32_t type, const uint8_t *text, size_t len, rust_addr *out);

/* Display of an address of the type: writes up to cap bytes, without a NUL, and returns the length
 * of the whole text. */
size_t rust_std_show(uint32_t type, const rust_addr *addr, uint8_t *buf, size_t cap);

/* Ord: -1, 0 or 1, of two socket addresses and of two IP addresses. */
int32_t rust_std_compare_sockets(const rust_addr *a, const rust_addr *b);
int32_t rust_std_compare_ips(const rust_addr *a, const rust_addr *b);

/* The is_ methods of the address's own type, Ipv4Addr or Ipv6Addr. */
uint32_t rust_std_answers(const rust_addr *addr);

/* A method of the address's own type. False for None, and if the type has no such method. */
bool rust_std_convert(uint32_t conversion, const rust_addr *addr, rust_addr *out);

#endif
