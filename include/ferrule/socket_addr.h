/* socket_addr.h: an IP address with a port, as a plain value, and its text. No host names and no
 * OS's sockaddr. */
#ifndef FERRULE_SOCKET_ADDR_H
#define FERRULE_SOCKET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/ip.h"
#include "ferrule/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a socket is, or talks to. All numbers are in the host's own order. flowinfo and scope_id
 * belong to IPv6 alone: they are 0 for IPv4, and nothing reads them there. */
typedef struct fer_socket_addr {
    fer_ip_addr ip;
    uint16_t port;
    uint32_t flowinfo;
    uint32_t scope_id;
} fer_socket_addr;

/* Room for the longest text, the NUL included: 39 bytes of IPv6, brackets, '%', ten digits of
 * scope, ':' and five of port. */
#define FER_SOCKET_ADDR_TEXT_CAP 59

/**
 * Makes a socket address of an address of either family and a port; flowinfo and scope_id are 0.
 *
 * For NULL or a bad family all of it is 0, which is a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::SocketAddr::new.
 * Threads: any number at once.
 */
FER_API fer_socket_addr fer_socket_addr_new(const fer_ip_addr *ip, uint16_t port);

/**
 * Makes a socket address of an IPv4 address and a port; for NULL all of it is 0, which is a bad
 * family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::SocketAddrV4::new.
 * Threads: any number at once.
 */
FER_API fer_socket_addr fer_socket_addr_new_v4(const fer_ipv4_addr *ip, uint16_t port);

/**
 * Makes a socket address of an IPv6 address, a port, flow information and a scope (an interface's
 * index, or 0).
 *
 * For NULL all of it is 0, which is a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::SocketAddrV6::new.
 * Threads: any number at once.
 */
FER_API fer_socket_addr fer_socket_addr_new_v6(const fer_ipv6_addr *ip, uint16_t port,
                                               uint32_t flowinfo, uint32_t scope_id);

/**
 * Tells whether an address is IPv4; false for NULL and for a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::SocketAddr::is_ipv4.
 * Threads: any number at once.
 */
FER_API bool fer_socket_addr_is_ipv4(const fer_socket_addr *addr);

/**
 * Tells whether an address is IPv6; false for NULL and for a bad family.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::SocketAddr::is_ipv6.
 * Threads: any number at once.
 */
FER_API bool fer_socket_addr_is_ipv6(const fer_socket_addr *addr);

/**
 * Reads an IPv4 or IPv6 address with its port from a NUL-terminated text, by Rust's strict grammar;
 * the whole text must be used.
 *
 * a.b.c.d:port, [v6]:port or [v6%scope]:port, where a scope is a number, never an interface's name.
 * A port is one or more decimal digits, of a value up to 65535; a scope one or more, up to
 * 4294967295; leading zeros are allowed.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the text is anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::SocketAddr's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_socket_addr_parse(fer_socket_addr *out, const char *text);

/**
 * Reads an IPv4 or IPv6 address with its port from exactly len bytes, as fer_socket_addr_parse
 * does.
 *
 * No byte after len is looked at, and no NUL is needed; a NUL among the len bytes is refused, as in
 * Rust.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the bytes are anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::SocketAddr's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_socket_addr_parse_n(fer_socket_addr *out, const char *text,
                                                       size_t len);

/**
 * Reads an IPv4 address with its port from a NUL-terminated text, by Rust's strict grammar; the
 * whole text must be used.
 *
 * a.b.c.d:port, and nothing else.
 * A port is one or more decimal digits, of a value up to 65535; leading zeros are allowed.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the text is anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::SocketAddrV4's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_socket_addr_parse_v4(fer_socket_addr *out, const char *text);

/**
 * Reads an IPv4 address with its port from exactly len bytes, as fer_socket_addr_parse_v4 does.
 *
 * No byte after len is looked at, and no NUL is needed; a NUL among the len bytes is refused, as in
 * Rust.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the bytes are anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::SocketAddrV4's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_socket_addr_parse_v4_n(fer_socket_addr *out, const char *text,
                                                          size_t len);

/**
 * Reads an IPv6 address with its port from a NUL-terminated text, by Rust's strict grammar; the
 * whole text must be used.
 *
 * [v6]:port or [v6%scope]:port, and nothing else; a scope is a number, never an interface's name. A
 * port is one or more decimal digits, of a value up to 65535; a scope one or more, up to
 * 4294967295; leading zeros are allowed.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the text is anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::SocketAddrV6's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_socket_addr_parse_v6(fer_socket_addr *out, const char *text);

/**
 * Reads an IPv6 address with its port from exactly len bytes, as fer_socket_addr_parse_v6 does.
 *
 * No byte after len is looked at, and no NUL is needed; a NUL among the len bytes is refused, as in
 * Rust.
 *
 * Blocks: never.
 * Owns: both are the caller's; text is not kept.
 * Errors: FER_INVALID_INPUT, os_code 0: the bytes are anything else, or a pointer is NULL; *out is
 * untouched then.
 * Rust: std::net::SocketAddrV6's FromStr.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_socket_addr_parse_v6_n(fer_socket_addr *out, const char *text,
                                                          size_t len);

/**
 * Writes a socket address as text. "127.0.0.1:80", "[::1]:80" or "[fe80::1%2]:80".
 *
 * The scope is written only when it is not 0, flowinfo never. Follows snprintf: the text is cut to
 * cap - 1 bytes and NUL-terminated, and no byte after the NUL is touched; buf may be NULL only when
 * cap is 0. Returns the full length without the NUL, at most 58, so that FER_SOCKET_ADDR_TEXT_CAP
 * bytes always suffice; 0, with an empty text where one fits, when addr is NULL or its family is
 * bad; 0 when buf is NULL and cap is not 0.
 *
 * Blocks: never.
 * Owns: buf is the caller's, cap bytes.
 * Errors: none.
 * Rust: std::net::SocketAddr's Display.
 * Threads: any number at once.
 */
FER_API size_t fer_socket_addr_format(const fer_socket_addr *addr, char *buf, size_t cap);

/**
 * Orders two addresses: -1, 0 or 1 as a comes before, is the same as, or comes after b.
 *
 * By the address as fer_ip_addr_cmp does, then the port, then, for IPv6 alone, flowinfo and
 * scope_id. The order is total: NULL is the same as NULL and comes before everything else. Bad
 * families stand among the others by their number, and two socket addresses of one bad family are
 * the same.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::SocketAddr's Ord.
 * Threads: any number at once.
 */
FER_API int fer_socket_addr_cmp(const fer_socket_addr *a, const fer_socket_addr *b);

/**
 * Tells whether two addresses are the same: exactly when fer_socket_addr_cmp gives 0.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: std::net::SocketAddr's Eq.
 * Threads: any number at once.
 */
FER_API bool fer_socket_addr_eq(const fer_socket_addr *a, const fer_socket_addr *b);

#ifdef __cplusplus
}
#endif

#endif
