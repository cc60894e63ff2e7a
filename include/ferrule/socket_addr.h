/* socket_addr.h: an IP address with a port as a plain value, its text and its sockaddr. No host
 * names.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: none.
 * Rust: std::net::TYPE::NAME.
 * Threads: any number of concurrent calls. */
#ifndef FERRULE_SOCKET_ADDR_H
#define FERRULE_SOCKET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/ip.h"
#include "ferrule/version.h"

FER_BEGIN_DECLS

/* The address of a socket, local or peer. port and scope_id are in host byte order. flowinfo is
 * passed to the OS unchanged and has the byte order that the OS expects (RFC 3493, 3.3, defines
 * none). flowinfo and scope_id belong to IPv6 only. For IPv4 they are 0 and never read. */
typedef struct fer_socket_addr {
    fer_ip_addr ip;
    uint16_t port;
    uint32_t flowinfo;
    uint32_t scope_id;
} fer_socket_addr;

/* At least the size of the longest text, including the NUL: 39 bytes of IPv6, brackets, '%', ten
 * digits of scope, ':' and five digits of port. */
#define FER_SOCKET_ADDR_TEXT_CAP 64

/** Makes a socket address from an address of either family and a port. flowinfo and scope_id are 0.
 * If ip has a bad family, the result is all zero, which is a bad family. */
FER_API fer_socket_addr fer_socket_addr_new(fer_ip_addr ip, uint16_t port);

/** Makes a socket address from an IPv4 address and a port.
 * Rust: std::net::SocketAddrV4::new. */
FER_API fer_socket_addr fer_socket_addr_v4_new(fer_ipv4_addr ip, uint16_t port);

/** Makes a socket address from an IPv6 address, a port, flow information and a scope (an
 * interface's index, or 0).
 * Rust: std::net::SocketAddrV6::new. */
FER_API fer_socket_addr fer_socket_addr_v6_new(fer_ipv6_addr ip, uint16_t port, uint32_t flowinfo,
                                               uint32_t scope_id);

/** Returns true if the address is IPv4; false for NULL and for a bad family. */
FER_API bool fer_socket_addr_is_ipv4(const fer_socket_addr *addr);

/** Returns true if the address is IPv6; false for NULL and for a bad family. */
FER_API bool fer_socket_addr_is_ipv6(const fer_socket_addr *addr);

/** Parses an IPv4 or IPv6 address with its port from a NUL-terminated text, by Rust's strict
 * grammar; the whole text must match. The forms are a.b.c.d:port, [v6]:port and [v6%scope]:port. A
 * scope is a number of one or more decimal digits up to 4294967295, never an interface's name. A
 * port is one or more decimal digits with a value up to 65535. Leading zeros are allowed in both.
 * Owns: out and text are caller-owned; text is not kept.
 * Errors: FER_INVALID_INPUT (the text does not match the grammar), FER_MISUSE (a pointer is NULL).
 * *out is unchanged then.
 * Rust: std::net::SocketAddr's FromStr. */
FER_MUST_USE FER_API fer_error fer_socket_addr_parse(fer_socket_addr *out, const char *text);

/** Parses an IPv4 or IPv6 address with its port from exactly len bytes, with the same grammar as
 * fer_socket_addr_parse. Reads no byte beyond len and needs no NUL. A NUL within the len bytes is
 * refused, as in Rust.
 * Owns: out and text are caller-owned; text is not kept.
 * Errors: FER_INVALID_INPUT (the bytes do not match the grammar), FER_MISUSE (a pointer is NULL).
 * *out is unchanged then.
 * Rust: std::net::SocketAddr's FromStr. */
FER_MUST_USE FER_API fer_error fer_socket_addr_parse_n(fer_socket_addr *out, const char *text,
                                                       size_t len) FER_IN_READS(2, 3);

/** Writes a socket address as text: "127.0.0.1:80", "[::1]:80" or "[fe80::1%2]:80".
 *
 * The scope is written only if it is not 0. flowinfo is never written.
 *
 * Follows snprintf: the text is cut to cap - 1 bytes and NUL-terminated. No byte after the NUL is
 * changed. buf may be NULL only if cap is 0. Returns the full length without the NUL, at most 58,
 * so FER_SOCKET_ADDR_TEXT_CAP bytes always suffice. If addr is NULL or has a bad family, the text
 * is empty (if cap is not 0) and the result is 0. Returns 0 also if buf is NULL and cap is not 0.
 * Owns: buf is caller-owned, cap bytes.
 * Rust: std::net::SocketAddr's Display. */
FER_API size_t fer_socket_addr_format(const fer_socket_addr *addr, char *FER_NULLABLE buf,
                                      size_t cap) FER_OUT_WRITES(2, 3);

/** Makes a socket address from a sockaddr_in or a sockaddr_in6 of the system's headers, of len
 * bytes. sockaddr may be unaligned. Bytes after the struct are not read, so len can be the size of
 * a sockaddr_storage. flowinfo and scope_id are kept. sin_len and sin6_len of macOS and the BSDs
 * are not read. On the simulated network the struct is that of the system for which the program was
 * compiled.
 * Errors: FER_INVALID_INPUT (len is too short for the family), FER_UNSUPPORTED (another family),
 * FER_MISUSE (a pointer is NULL). *out is unchanged then.
 * Rust: socket2::SockAddr::as_socket. */
FER_MUST_USE FER_API fer_error fer_socket_addr_from_sockaddr(fer_socket_addr *out,
                                                             const void *sockaddr, size_t len)
    FER_IN_READS(2, 3);

/** Writes a socket address as a sockaddr_in or a sockaddr_in6 of the system's headers, for bind(2),
 * connect(2) and the like. buf may be unaligned. *n is the length of the struct; n may be NULL. A
 * sockaddr_storage holds every address.
 * Owns: buf is caller-owned, len bytes.
 * Errors: FER_BUFFER_TOO_SMALL (len), FER_INVALID_INPUT (a bad family), FER_MISUSE (addr is NULL,
 * or buf is and len is not 0). *n is 0 then, and buf is unchanged.
 * Rust: From<SocketAddr> for socket2::SockAddr. */
FER_MUST_USE FER_API fer_error fer_socket_addr_to_sockaddr(const fer_socket_addr *addr,
                                                           void *FER_NULLABLE buf, size_t len,
                                                           size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/** Compares two addresses. Returns -1 if a is less than b, 0 if they are equal, and 1 if a is
 * greater.
 *
 * Compares the IP addresses as fer_ip_addr_cmp does, then the ports, then flowinfo and scope_id of
 * IPv6 addresses. The order is total. NULL equals NULL and is less than everything else. A bad
 * family is compared by its number, as in fer_ip_addr_cmp. Two addresses with the same bad family
 * are equal.
 * Rust: std::net::SocketAddr's Ord. */
FER_API int fer_socket_addr_cmp(const fer_socket_addr *a, const fer_socket_addr *b);

/** Returns true if two addresses are equal, that is, if fer_socket_addr_cmp returns 0.
 * Rust: std::net::SocketAddr's Eq. */
FER_API bool fer_socket_addr_eq(const fer_socket_addr *a, const fer_socket_addr *b);

FER_END_DECLS

#endif
