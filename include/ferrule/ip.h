/* ip.h: IPv4 and IPv6 addresses as plain values: construction, classification, text. No ports,
 * names or sockets.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: none.
 * Rust: std::net::TYPE::NAME.
 * Threads: any number of concurrent calls. */
#ifndef FERRULE_IP_H
#define FERRULE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/version.h"

FER_BEGIN_DECLS

/* Selects the member of a fer_ip_addr that holds the address. The values are ferrule's own, not an
 * OS's AF_ numbers. Any other value is a bad family, including the 0 of a zeroed struct. A call
 * that needs an address returns FER_INVALID_INPUT for a bad family. */
typedef enum fer_ip_family { FER_IP_V4 = 4, FER_IP_V6 = 6 } fer_ip_family;

/* Four octets in network order: 127.0.0.1 is {127, 0, 0, 1}. */
typedef struct fer_ipv4_addr {
    uint8_t octets[4];
} fer_ipv4_addr;

/* Sixteen octets in network order. */
typedef struct fer_ipv6_addr {
    uint8_t octets[16];
} fer_ipv6_addr;

/* An address of either family. family selects the valid member of u. */
typedef struct fer_ip_addr {
    fer_ip_family family;
    union fer_ip_addr_u {
        fer_ipv4_addr v4;
        fer_ipv6_addr v6;
    } u;
} fer_ip_addr;
FER_STATIC_ASSERT(sizeof(fer_ip_addr) == 20, "the library was built with enums of 32 bits");

/* The size of the longest text of each kind, including the NUL. The longest IPv4 text is
 * "255.255.255.255". The longest IPv6 text has 39 bytes. */
#define FER_IPV4_ADDR_TEXT_CAP 16
#define FER_IPV6_ADDR_TEXT_CAP 40
#define FER_IP_ADDR_TEXT_CAP 40

/* Rust's Ipv4Addr::LOCALHOST, UNSPECIFIED, BROADCAST and Ipv6Addr::LOCALHOST, UNSPECIFIED. */
#ifdef __cplusplus
#define FER_IPV4_ADDR_VALUE_(a, b, c, d) (fer_ipv4_addr{{a, b, c, d}})
#define FER_IPV6_ADDR_VALUE_(last) \
    (fer_ipv6_addr{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last}})
#else
#define FER_IPV4_ADDR_VALUE_(a, b, c, d) ((fer_ipv4_addr){{a, b, c, d}})
#define FER_IPV6_ADDR_VALUE_(last) \
    ((fer_ipv6_addr){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last}})
#endif
#define FER_IPV4_ADDR_LOCALHOST FER_IPV4_ADDR_VALUE_(127, 0, 0, 1)
#define FER_IPV4_ADDR_UNSPECIFIED FER_IPV4_ADDR_VALUE_(0, 0, 0, 0)
#define FER_IPV4_ADDR_BROADCAST FER_IPV4_ADDR_VALUE_(255, 255, 255, 255)
#define FER_IPV6_ADDR_LOCALHOST FER_IPV6_ADDR_VALUE_(1)
#define FER_IPV6_ADDR_UNSPECIFIED FER_IPV6_ADDR_VALUE_(0)

/** Makes the address a.b.c.d. */
FER_API fer_ipv4_addr fer_ipv4_addr_new(uint8_t a, uint8_t b, uint8_t c, uint8_t d);

/** Returns the address as one number in host byte order: 1.2.3.4 is 0x01020304. */
FER_API uint32_t fer_ipv4_addr_to_bits(fer_ipv4_addr addr);

/** Makes an address from one number in host byte order: 0x01020304 is 1.2.3.4. */
FER_API fer_ipv4_addr fer_ipv4_addr_from_bits(uint32_t bits);

/** Makes ::ffff:a.b.c.d from a.b.c.d. A dual-stack socket reports IPv4 peers in this form. */
FER_API fer_ipv6_addr fer_ipv4_addr_to_ipv6_mapped(fer_ipv4_addr addr);

/** Makes ::a.b.c.d from a.b.c.d. This form is deprecated (RFC 4291, section 2.5.5.1). */
FER_API fer_ipv6_addr fer_ipv4_addr_to_ipv6_compatible(fer_ipv4_addr addr);

/** Returns true if the address is 0.0.0.0. */
FER_API bool fer_ipv4_addr_is_unspecified(fer_ipv4_addr addr);

/** Returns true if the address is in 127.0.0.0/8. */
FER_API bool fer_ipv4_addr_is_loopback(fer_ipv4_addr addr);

/** Returns true if the address is in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918). */
FER_API bool fer_ipv4_addr_is_private(fer_ipv4_addr addr);

/** Returns true if the address is in 169.254.0.0/16 (RFC 3927). */
FER_API bool fer_ipv4_addr_is_link_local(fer_ipv4_addr addr);

/** Returns true if the address is in 224.0.0.0/4 (RFC 5771). */
FER_API bool fer_ipv4_addr_is_multicast(fer_ipv4_addr addr);

/** Returns true if the address is 255.255.255.255. */
FER_API bool fer_ipv4_addr_is_broadcast(fer_ipv4_addr addr);

/** Returns true if the address is in 192.0.2.0/24, 198.51.100.0/24 or 203.0.113.0/24 (RFC 5737). */
FER_API bool fer_ipv4_addr_is_documentation(fer_ipv4_addr addr);

/** Parses an IPv4 address from a NUL-terminated text, by Rust's strict grammar; the whole text must
 * match. The text is four decimal numbers from 0 to 255, separated by dots. Leading zeros, white
 * space, a sign, a port and shorter forms are refused.
 * Owns: out and text are caller-owned; text is not kept.
 * Errors: FER_INVALID_INPUT (the text does not match the grammar), FER_MISUSE (a pointer is NULL).
 * *out is unchanged then.
 * Rust: std::net::Ipv4Addr's FromStr. */
FER_MUST_USE FER_API fer_error fer_ipv4_addr_parse(fer_ipv4_addr *out, const char *text);

/** Parses an IPv4 address from exactly len bytes, with the same grammar as fer_ipv4_addr_parse.
 * Reads no byte beyond len and needs no NUL. A NUL within the len bytes is refused, as in Rust.
 * Owns: out and text are caller-owned; text is not kept.
 * Errors: FER_INVALID_INPUT (the bytes do not match the grammar), FER_MISUSE (a pointer is NULL).
 * *out is unchanged then.
 * Rust: std::net::Ipv4Addr's FromStr. */
FER_MUST_USE FER_API fer_error fer_ipv4_addr_parse_n(fer_ipv4_addr *out, const char *text,
                                                     size_t len) FER_IN_READS(2, 3);

/** Writes an IPv4 address as text, for example "127.0.0.1". Follows snprintf: the text is cut to
 * cap - 1 bytes and NUL-terminated. No byte after the NUL is changed. buf may be NULL only if cap
 * is 0. Returns the full length without the NUL, at most 15, so FER_IPV4_ADDR_TEXT_CAP bytes always
 * suffice. Returns 0 if buf is NULL and cap is not 0.
 * Owns: buf is caller-owned, cap bytes.
 * Rust: std::net::Ipv4Addr's Display. */
FER_API size_t fer_ipv4_addr_format(fer_ipv4_addr addr, char *FER_NULLABLE buf, size_t cap)
    FER_OUT_WRITES(2, 3);

/** Compares two addresses. Returns -1 if a is less than b, 0 if they are equal, and 1 if a is
 * greater. Compares the octets, the first octet first. The order is total.
 * Rust: std::net::Ipv4Addr's Ord. */
FER_API int fer_ipv4_addr_cmp(fer_ipv4_addr a, fer_ipv4_addr b);

/** Returns true if two addresses are equal, that is, if fer_ipv4_addr_cmp returns 0.
 * Rust: std::net::Ipv4Addr's Eq. */
FER_API bool fer_ipv4_addr_eq(fer_ipv4_addr a, fer_ipv4_addr b);

/** Makes the address a:b:c:d:e:f:g:h from eight segments in host byte order. */
FER_API fer_ipv6_addr fer_ipv6_addr_new(uint16_t a, uint16_t b, uint16_t c, uint16_t d, uint16_t e,
                                        uint16_t f, uint16_t g, uint16_t h);

/** Makes an address from an array of eight segments in host byte order. Returns :: for NULL.
 * Owns: segments is caller-owned, eight elements, and not kept. */
FER_API fer_ipv6_addr fer_ipv6_addr_from_segments(const uint16_t segments[8]);

/** Stores the address's eight segments in out, in host byte order. Does nothing if out is NULL.
 * Owns: out is caller-owned, eight elements. */
FER_API void fer_ipv6_addr_segments(fer_ipv6_addr addr, uint16_t out[8]);

/** Returns true if the address is ::. */
FER_API bool fer_ipv6_addr_is_unspecified(fer_ipv6_addr addr);

/** Returns true if the address is ::1, but not ::ffff:127.0.0.1. */
FER_API bool fer_ipv6_addr_is_loopback(fer_ipv6_addr addr);

/** Returns true if the address is in ff00::/8. */
FER_API bool fer_ipv6_addr_is_multicast(fer_ipv6_addr addr);

/** Returns true if the address is in fc00::/7 (RFC 4193). */
FER_API bool fer_ipv6_addr_is_unique_local(fer_ipv6_addr addr);

/** Returns true if the address is in fe80::/10 (RFC 4291). */
FER_API bool fer_ipv6_addr_is_unicast_link_local(fer_ipv6_addr addr);

/** Stores the IPv4 address of ::a.b.c.d or ::ffff:a.b.c.d in *out, and returns true. ::1 gives
 * 0.0.0.1. For any other address, or if out is NULL, returns false and leaves *out unchanged.
 * Owns: out is caller-owned. */
FER_API bool fer_ipv6_addr_to_ipv4(fer_ipv6_addr addr, fer_ipv4_addr *out);

/** Stores the IPv4 address of ::ffff:a.b.c.d in *out, and returns true. For any other address, or
 * if out is NULL, returns false and leaves *out unchanged.
 * Owns: out is caller-owned. */
FER_API bool fer_ipv6_addr_to_ipv4_mapped(fer_ipv6_addr addr, fer_ipv4_addr *out);

/** Converts ::ffff:a.b.c.d to a.b.c.d. Returns every other address unchanged, as an IPv6
 * address. */
FER_API fer_ip_addr fer_ipv6_addr_to_canonical(fer_ipv6_addr addr);

/** Parses an IPv6 address from a NUL-terminated text, by Rust's strict grammar; the whole text must
 * match. The text is eight groups of 1 to 4 hexadecimal digits, separated by colons. One :: may
 * replace one or more zero groups. The last two groups may be an IPv4 address. A zone, brackets, a
 * port, a prefix length and white space are refused.
 * Owns: out and text are caller-owned; text is not kept.
 * Errors: FER_INVALID_INPUT (the text does not match the grammar), FER_MISUSE (a pointer is NULL).
 * *out is unchanged then.
 * Rust: std::net::Ipv6Addr's FromStr. */
FER_MUST_USE FER_API fer_error fer_ipv6_addr_parse(fer_ipv6_addr *out, const char *text);

/** Parses an IPv6 address from exactly len bytes, with the same grammar as fer_ipv6_addr_parse.
 * Reads no byte beyond len and needs no NUL. A NUL within the len bytes is refused, as in Rust.
 * Owns: out and text are caller-owned; text is not kept.
 * Errors: FER_INVALID_INPUT (the bytes do not match the grammar), FER_MISUSE (a pointer is NULL).
 * *out is unchanged then.
 * Rust: std::net::Ipv6Addr's FromStr. */
FER_MUST_USE FER_API fer_error fer_ipv6_addr_parse_n(fer_ipv6_addr *out, const char *text,
                                                     size_t len) FER_IN_READS(2, 3);

/** Writes an IPv6 address as text in the form of RFC 5952.
 *
 * Digits are lower case. The longest run of two or more zero groups is written as ::. If several
 * runs have that length, only the first one is. Only addresses in ::ffff:0:0/96 are written with
 * dots.
 *
 * Follows snprintf: the text is cut to cap - 1 bytes and NUL-terminated. No byte after the NUL is
 * changed. buf may be NULL only if cap is 0. Returns the full length without the NUL, at most 39,
 * so FER_IPV6_ADDR_TEXT_CAP bytes always suffice. Returns 0 if buf is NULL and cap is not 0.
 * Owns: buf is caller-owned, cap bytes.
 * Rust: std::net::Ipv6Addr's Display. */
FER_API size_t fer_ipv6_addr_format(fer_ipv6_addr addr, char *FER_NULLABLE buf, size_t cap)
    FER_OUT_WRITES(2, 3);

/** Compares two addresses. Returns -1 if a is less than b, 0 if they are equal, and 1 if a is
 * greater. Compares the octets, the first octet first. The order is total.
 * Rust: std::net::Ipv6Addr's Ord. */
FER_API int fer_ipv6_addr_cmp(fer_ipv6_addr a, fer_ipv6_addr b);

/** Returns true if two addresses are equal, that is, if fer_ipv6_addr_cmp returns 0.
 * Rust: std::net::Ipv6Addr's Eq. */
FER_API bool fer_ipv6_addr_eq(fer_ipv6_addr a, fer_ipv6_addr b);

/** Makes a fer_ip_addr that holds an IPv4 address.
 * Rust: IpAddr::V4. */
FER_API fer_ip_addr fer_ip_addr_from_v4(fer_ipv4_addr addr);

/** Makes a fer_ip_addr that holds an IPv6 address.
 * Rust: IpAddr::V6. */
FER_API fer_ip_addr fer_ip_addr_from_v6(fer_ipv6_addr addr);

/** Converts ::ffff:a.b.c.d to a.b.c.d. Returns every other address unchanged. If addr has a bad
 * family, the result is all zero, which is a bad family. */
FER_API fer_ip_addr fer_ip_addr_to_canonical(fer_ip_addr addr);

/** Returns true if the address is 0.0.0.0 or ::; false for a bad family. */
FER_API bool fer_ip_addr_is_unspecified(fer_ip_addr addr);

/** Returns true if the address is in 127.0.0.0/8, or is ::1; false for a bad family. */
FER_API bool fer_ip_addr_is_loopback(fer_ip_addr addr);

/** Returns true if the address is in 224.0.0.0/4 or in ff00::/8; false for a bad family. */
FER_API bool fer_ip_addr_is_multicast(fer_ip_addr addr);

/** Returns true if the address is IPv4; false for a bad family. */
FER_API bool fer_ip_addr_is_ipv4(fer_ip_addr addr);

/** Returns true if the address is IPv6, including ::ffff:a.b.c.d; false for a bad family. */
FER_API bool fer_ip_addr_is_ipv6(fer_ip_addr addr);

/** Parses an IPv4 or IPv6 address from a NUL-terminated text, by Rust's strict grammar; the whole
 * text must match. The text matches the grammar of fer_ipv4_addr_parse or fer_ipv6_addr_parse.
 * out->family reports which one.
 * Owns: out and text are caller-owned; text is not kept.
 * Errors: FER_INVALID_INPUT (the text does not match the grammar), FER_MISUSE (a pointer is NULL).
 * *out is unchanged then.
 * Rust: std::net::IpAddr's FromStr. */
FER_MUST_USE FER_API fer_error fer_ip_addr_parse(fer_ip_addr *out, const char *text);

/** Parses an IPv4 or IPv6 address from exactly len bytes, with the same grammar as
 * fer_ip_addr_parse. Reads no byte beyond len and needs no NUL. A NUL within the len bytes is
 * refused, as in Rust.
 * Owns: out and text are caller-owned; text is not kept.
 * Errors: FER_INVALID_INPUT (the bytes do not match the grammar), FER_MISUSE (a pointer is NULL).
 * *out is unchanged then.
 * Rust: std::net::IpAddr's FromStr. */
FER_MUST_USE FER_API fer_error fer_ip_addr_parse_n(fer_ip_addr *out, const char *text, size_t len)
    FER_IN_READS(2, 3);

/** Writes an IPv4 or IPv6 address as text, in the same form as the format function of its family.
 *
 * Follows snprintf: the text is cut to cap - 1 bytes and NUL-terminated. No byte after the NUL is
 * changed. buf may be NULL only if cap is 0. Returns the full length without the NUL, at most 39,
 * so FER_IP_ADDR_TEXT_CAP bytes always suffice. If addr has a bad family, the text is empty (if cap
 * is not 0) and the result is 0. Returns 0 also if buf is NULL and cap is not 0.
 * Owns: buf is caller-owned, cap bytes.
 * Rust: std::net::IpAddr's Display. */
FER_API size_t fer_ip_addr_format(fer_ip_addr addr, char *FER_NULLABLE buf, size_t cap)
    FER_OUT_WRITES(2, 3);

/** Compares two addresses. Returns -1 if a is less than b, 0 if they are equal, and 1 if a is
 * greater. Every IPv4 address is less than every IPv6 address. Within a family the octets are
 * compared, the first octet first. The order is total. A bad family is compared by its number: 5,
 * for example, is between IPv4 (4) and IPv6 (6). Two addresses with the same bad family are equal.
 * Rust: std::net::IpAddr's Ord. */
FER_API int fer_ip_addr_cmp(fer_ip_addr a, fer_ip_addr b);

/** Returns true if two addresses are equal, that is, if fer_ip_addr_cmp returns 0.
 * Rust: std::net::IpAddr's Eq. */
FER_API bool fer_ip_addr_eq(fer_ip_addr a, fer_ip_addr b);

FER_END_DECLS

#endif
