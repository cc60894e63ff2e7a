/* ip.h: IPv4 and IPv6 addresses as plain values: making them, asking about them, their text. No
 * ports, names or sockets. */
#ifndef FERRULE_IP_H
#define FERRULE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which member of a fer_ip_addr holds the address. The values are this library's, not an OS's AF_
 * numbers; any other value, the 0 of a zeroed struct too, is a bad family, and INVALID_INPUT
 * wherever an address is needed. */
typedef enum fer_ip_family { FER_IP_V4 = 4, FER_IP_V6 = 6 } fer_ip_family;

/* Four octets in the order in which they are written and sent: 127.0.0.1 is {127, 0, 0, 1}. */
typedef struct fer_ipv4_addr {
    uint8_t octets[4];
} fer_ipv4_addr;

/* Sixteen octets in the order in which they are sent. */
typedef struct fer_ipv6_addr {
    uint8_t octets[16];
} fer_ipv6_addr;

/* Either kind of address: family says which member counts. */
typedef struct fer_ip_addr {
    fer_ip_family family;
    union {
        fer_ipv4_addr v4;
        fer_ipv6_addr v6;
    };
} fer_ip_addr;
FER_STATIC_ASSERT(sizeof(fer_ip_addr) == 20, "the library was built with enums of 32 bits");

/* Room for the longest text of each kind, the NUL included: "255.255.255.255", and 39 bytes of
 * IPv6. */
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

/**
 * Makes the address a.b.c.d.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::new.
 * Threads: any number at once.
 */
FER_API fer_ipv4_addr fer_ipv4_addr_new(uint8_t a, uint8_t b, uint8_t c, uint8_t d);

/**
 * Gives the address as one number in the host's own order: 1.2.3.4 is 0x01020304; 0 for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::to_bits.
 * Threads: any number at once.
 */
FER_API uint32_t fer_ipv4_addr_to_bits(const fer_ipv4_addr *addr);

/**
 * Makes an address of one number in the host's own order: 0x01020304 is 1.2.3.4.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::from_bits.
 * Threads: any number at once.
 */
FER_API fer_ipv4_addr fer_ipv4_addr_from_bits(uint32_t bits);

/**
 * Makes ::ffff:a.b.c.d of a.b.c.d, the form in which a dual-stack socket shows an IPv4 peer; :: for
 * NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::to_ipv6_mapped.
 * Threads: any number at once.
 */
FER_API fer_ipv6_addr fer_ipv4_addr_to_ipv6_mapped(const fer_ipv4_addr *addr);

/**
 * Makes ::a.b.c.d of a.b.c.d, the deprecated form of RFC 4291, section 2.5.5.1; :: for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::to_ipv6_compatible.
 * Threads: any number at once.
 */
FER_API fer_ipv6_addr fer_ipv4_addr_to_ipv6_compatible(const fer_ipv4_addr *addr);

/**
 * Tells whether an address is 0.0.0.0; false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::is_unspecified.
 * Threads: any number at once.
 */
FER_API bool fer_ipv4_addr_is_unspecified(const fer_ipv4_addr *addr);

/**
 * Tells whether an address is in 127.0.0.0/8; false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::is_loopback.
 * Threads: any number at once.
 */
FER_API bool fer_ipv4_addr_is_loopback(const fer_ipv4_addr *addr);

/**
 * Tells whether an address is in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918); false for
 * NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::is_private.
 * Threads: any number at once.
 */
FER_API bool fer_ipv4_addr_is_private(const fer_ipv4_addr *addr);

/**
 * Tells whether an address is in 169.254.0.0/16 (RFC 3927); false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::is_link_local.
 * Threads: any number at once.
 */
FER_API bool fer_ipv4_addr_is_link_local(const fer_ipv4_addr *addr);

/**
 * Tells whether an address is in 224.0.0.0/4 (RFC 5771); false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::is_multicast.
 * Threads: any number at once.
 */
FER_API bool fer_ipv4_addr_is_multicast(const fer_ipv4_addr *addr);

/**
 * Tells whether an address is 255.255.255.255; false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::is_broadcast.
 * Threads: any number at once.
 */
FER_API bool fer_ipv4_addr_is_broadcast(const fer_ipv4_addr *addr);

/**
 * Tells whether an address is in 192.0.2.0/24, 198.51.100.0/24 or 203.0.113.0/24 (RFC 5737); false
 * for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr::is_documentation.
 * Threads: any number at once.
 */
FER_API bool fer_ipv4_addr_is_documentation(const fer_ipv4_addr *addr);

/**
 * Reads an IPv4 address from a NUL-terminated text, by Rust's strict grammar; the whole text must
 * be used.
 *
 * Four decimal numbers of 0 to 255 with dots between; no leading zero, white space, sign, port or
 * shorter form.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the text is anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::Ipv4Addr's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_ipv4_addr_parse(fer_ipv4_addr *out, const char *text);

/**
 * Reads an IPv4 address from exactly len bytes, as fer_ipv4_addr_parse does.
 *
 * No byte after len is looked at, and no NUL is needed; a NUL among the len bytes is refused, as in
 * Rust.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the bytes are anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::Ipv4Addr's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_ipv4_addr_parse_n(fer_ipv4_addr *out, const char *text,
                                                     size_t len);

/**
 * Writes an IPv4 address as text. "127.0.0.1".
 *
 * Follows snprintf: the text is cut to cap - 1 bytes and NUL-terminated, and no byte after the NUL
 * is touched; buf may be NULL only when cap is 0. Returns the full length without the NUL, at most
 * 15, so that FER_IPV4_ADDR_TEXT_CAP bytes always suffice; 0, with an empty text where one fits,
 * when addr is NULL; 0 when buf is NULL and cap is not 0.
 *
 * Blocks: never.
 * Owns: buf is the caller's, cap bytes.
 * Errors: none.
 * Rust: std::net::Ipv4Addr's Display.
 * Threads: any number at once.
 */
FER_API size_t fer_ipv4_addr_format(const fer_ipv4_addr *addr, char *buf, size_t cap);

/**
 * Orders two addresses: -1, 0 or 1 as a comes before, is the same as, or comes after b.
 *
 * By the octets, the first one first.
 * The order is total: NULL is the same as NULL and comes before everything else.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr's Ord.
 * Threads: any number at once.
 */
FER_API int fer_ipv4_addr_cmp(const fer_ipv4_addr *a, const fer_ipv4_addr *b);

/**
 * Tells whether two addresses are the same: exactly when fer_ipv4_addr_cmp gives 0.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv4Addr's Eq.
 * Threads: any number at once.
 */
FER_API bool fer_ipv4_addr_eq(const fer_ipv4_addr *a, const fer_ipv4_addr *b);

/**
 * Makes the address a:b:c:d:e:f:g:h of eight segments in the host's own order.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::new.
 * Threads: any number at once.
 */
FER_API fer_ipv6_addr fer_ipv6_addr_new(uint16_t a, uint16_t b, uint16_t c, uint16_t d, uint16_t e,
                                        uint16_t f, uint16_t g, uint16_t h);

/**
 * Makes an address of an array of eight segments in the host's own order; :: for NULL.
 *
 * Blocks: never.
 * Owns: segments is the caller's, eight elements, not kept.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::from_segments.
 * Threads: any number at once.
 */
FER_API fer_ipv6_addr fer_ipv6_addr_from_segments(const uint16_t segments[8]);

/**
 * Gives an address's eight segments in the host's own order; all 0 for NULL.
 *
 * With out NULL it does nothing.
 *
 * Blocks: never.
 * Owns: out is the caller's, eight elements.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::segments.
 * Threads: any number at once.
 */
FER_API void fer_ipv6_addr_segments(const fer_ipv6_addr *addr, uint16_t out[8]);

/**
 * Tells whether an address is ::; false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::is_unspecified.
 * Threads: any number at once.
 */
FER_API bool fer_ipv6_addr_is_unspecified(const fer_ipv6_addr *addr);

/**
 * Tells whether an address is ::1, and that alone (::ffff:127.0.0.1 is not); false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::is_loopback.
 * Threads: any number at once.
 */
FER_API bool fer_ipv6_addr_is_loopback(const fer_ipv6_addr *addr);

/**
 * Tells whether an address is in ff00::/8; false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::is_multicast.
 * Threads: any number at once.
 */
FER_API bool fer_ipv6_addr_is_multicast(const fer_ipv6_addr *addr);

/**
 * Tells whether an address is in fc00::/7 (RFC 4193); false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::is_unique_local.
 * Threads: any number at once.
 */
FER_API bool fer_ipv6_addr_is_unique_local(const fer_ipv6_addr *addr);

/**
 * Tells whether an address is in fe80::/10 (RFC 4291); false for NULL.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::is_unicast_link_local.
 * Threads: any number at once.
 */
FER_API bool fer_ipv6_addr_is_unicast_link_local(const fer_ipv6_addr *addr);

/**
 * Takes the IPv4 address out of ::a.b.c.d or ::ffff:a.b.c.d (so ::1 gives 0.0.0.1); tells whether
 * there is one.
 *
 * *out is untouched when there is none; false when a pointer is NULL.
 *
 * Blocks: never.
 * Owns: out is the caller's.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::to_ipv4.
 * Threads: any number at once.
 */
FER_API bool fer_ipv6_addr_to_ipv4(const fer_ipv6_addr *addr, fer_ipv4_addr *out);

/**
 * Takes the IPv4 address out of ::ffff:a.b.c.d; tells whether there is one.
 *
 * *out is untouched when there is none; false when a pointer is NULL.
 *
 * Blocks: never.
 * Owns: out is the caller's.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::to_ipv4_mapped.
 * Threads: any number at once.
 */
FER_API bool fer_ipv6_addr_to_ipv4_mapped(const fer_ipv6_addr *addr, fer_ipv4_addr *out);

/**
 * Turns ::ffff:a.b.c.d into a.b.c.d and gives every other address back as it is, as an IPv6
 * address.
 *
 * For NULL all of it is 0, which is a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr::to_canonical.
 * Threads: any number at once.
 */
FER_API fer_ip_addr fer_ipv6_addr_to_canonical(const fer_ipv6_addr *addr);

/**
 * Reads an IPv6 address from a NUL-terminated text, by Rust's strict grammar; the whole text must
 * be used.
 *
 * Eight groups of 1 to 4 hexadecimal digits with colons between; one :: may stand for one or more
 * zero groups; the last two groups may be an IPv4 address. No zone, brackets, port, prefix length
 * or white space.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the text is anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::Ipv6Addr's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_ipv6_addr_parse(fer_ipv6_addr *out, const char *text);

/**
 * Reads an IPv6 address from exactly len bytes, as fer_ipv6_addr_parse does.
 *
 * No byte after len is looked at, and no NUL is needed; a NUL among the len bytes is refused, as in
 * Rust.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the bytes are anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::Ipv6Addr's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_ipv6_addr_parse_n(fer_ipv6_addr *out, const char *text,
                                                     size_t len);

/**
 * Writes an IPv6 address as text. RFC 5952: lower case, the first longest run of two or
 * more zero groups as ::, and dots for ::ffff:0:0/96 only.
 *
 * Follows snprintf: the text is cut to cap - 1 bytes and NUL-terminated, and no byte after the NUL
 * is touched; buf may be NULL only when cap is 0. Returns the full length without the NUL, at most
 * 39, so that FER_IPV6_ADDR_TEXT_CAP bytes always suffice; 0, with an empty text where one fits,
 * when addr is NULL; 0 when buf is NULL and cap is not 0.
 *
 * Blocks: never.
 * Owns: buf is the caller's, cap bytes.
 * Errors: none.
 * Rust: std::net::Ipv6Addr's Display.
 * Threads: any number at once.
 */
FER_API size_t fer_ipv6_addr_format(const fer_ipv6_addr *addr, char *buf, size_t cap);

/**
 * Orders two addresses: -1, 0 or 1 as a comes before, is the same as, or comes after b.
 *
 * By the octets, the first one first.
 * The order is total: NULL is the same as NULL and comes before everything else.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr's Ord.
 * Threads: any number at once.
 */
FER_API int fer_ipv6_addr_cmp(const fer_ipv6_addr *a, const fer_ipv6_addr *b);

/**
 * Tells whether two addresses are the same: exactly when fer_ipv6_addr_cmp gives 0.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::Ipv6Addr's Eq.
 * Threads: any number at once.
 */
FER_API bool fer_ipv6_addr_eq(const fer_ipv6_addr *a, const fer_ipv6_addr *b);

/**
 * Makes a fer_ip_addr that holds an IPv4 address; for NULL all of it is 0, which is a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: IpAddr::V4.
 * Threads: any number at once.
 */
FER_API fer_ip_addr fer_ip_addr_from_v4(const fer_ipv4_addr *addr);

/**
 * Makes a fer_ip_addr that holds an IPv6 address; for NULL all of it is 0, which is a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: IpAddr::V6.
 * Threads: any number at once.
 */
FER_API fer_ip_addr fer_ip_addr_from_v6(const fer_ipv6_addr *addr);

/**
 * Turns ::ffff:a.b.c.d into a.b.c.d and gives every other address back as it is.
 *
 * For NULL or a bad family all of it is 0, which is a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::IpAddr::to_canonical.
 * Threads: any number at once.
 */
FER_API fer_ip_addr fer_ip_addr_to_canonical(const fer_ip_addr *addr);

/**
 * Tells whether an address is 0.0.0.0 or ::; false for NULL and for a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::IpAddr::is_unspecified.
 * Threads: any number at once.
 */
FER_API bool fer_ip_addr_is_unspecified(const fer_ip_addr *addr);

/**
 * Tells whether an address is in 127.0.0.0/8, or ::1; false for NULL and for a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::IpAddr::is_loopback.
 * Threads: any number at once.
 */
FER_API bool fer_ip_addr_is_loopback(const fer_ip_addr *addr);

/**
 * Tells whether an address is in 224.0.0.0/4 or in ff00::/8; false for NULL and for a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::IpAddr::is_multicast.
 * Threads: any number at once.
 */
FER_API bool fer_ip_addr_is_multicast(const fer_ip_addr *addr);

/**
 * Tells whether an address is IPv4; false for NULL and for a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::IpAddr::is_ipv4.
 * Threads: any number at once.
 */
FER_API bool fer_ip_addr_is_ipv4(const fer_ip_addr *addr);

/**
 * Tells whether an address is IPv6; ::ffff:a.b.c.d is; false for NULL and for a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::IpAddr::is_ipv6.
 * Threads: any number at once.
 */
FER_API bool fer_ip_addr_is_ipv6(const fer_ip_addr *addr);

/**
 * Reads an IPv4 or IPv6 address from a NUL-terminated text, by Rust's strict grammar; the whole
 * text must be used.
 *
 * What fer_ipv4_addr_parse or fer_ipv6_addr_parse takes; out->family says which it was.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the text is anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::IpAddr's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_ip_addr_parse(fer_ip_addr *out, const char *text);

/**
 * Reads an IPv4 or IPv6 address from exactly len bytes, as fer_ip_addr_parse does.
 *
 * No byte after len is looked at, and no NUL is needed; a NUL among the len bytes is refused, as in
 * Rust.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the bytes are anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::IpAddr's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_ip_addr_parse_n(fer_ip_addr *out, const char *text, size_t len);

/**
 * Writes an IPv4 or IPv6 address as text. As the format function of its family does.
 *
 * Follows snprintf: the text is cut to cap - 1 bytes and NUL-terminated, and no byte after the NUL
 * is touched; buf may be NULL only when cap is 0. Returns the full length without the NUL, at most
 * 39, so that FER_IP_ADDR_TEXT_CAP bytes always suffice; 0, with an empty text where one fits, when
 * addr is NULL or its family is bad; 0 when buf is NULL and cap is not 0.
 *
 * Blocks: never.
 * Owns: buf is the caller's, cap bytes.
 * Errors: none.
 * Rust: std::net::IpAddr's Display.
 * Threads: any number at once.
 */
FER_API size_t fer_ip_addr_format(const fer_ip_addr *addr, char *buf, size_t cap);

/**
 * Orders two addresses: -1, 0 or 1 as a comes before, is the same as, or comes after b.
 *
 * Every IPv4 address comes before every IPv6 address; within a family by the octets, the first one
 * first. The order is total: NULL is the same as NULL and comes before everything else. Bad
 * families stand among the others by their number, and two addresses of one bad family are the
 * same.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::IpAddr's Ord.
 * Threads: any number at once.
 */
FER_API int fer_ip_addr_cmp(const fer_ip_addr *a, const fer_ip_addr *b);

/**
 * Tells whether two addresses are the same: exactly when fer_ip_addr_cmp gives 0.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::IpAddr's Eq.
 * Threads: any number at once.
 */
FER_API bool fer_ip_addr_eq(const fer_ip_addr *a, const fer_ip_addr *b);

#ifdef __cplusplus
}
#endif

#endif
