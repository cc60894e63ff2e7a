/* address_text.h: IP addresses in a longer text, read and written, and the split of "host:port". */
#ifndef FERI_ADDRESS_TEXT_H
#define FERI_ADDRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/compiler.h"
#include "ferrule/error.h"
#include "ferrule/ip.h"

/* ---- The position of a parser in address text: the text, its length, an index. Single bytes and
 * decimal numbers; no addresses. Nothing here copies, reads past the length, needs a NUL, or
 * depends on a locale. */

typedef struct feri_addr_cursor {
    const char *text;
    size_t len;
    size_t index;
} feri_addr_cursor;

/* The byte `ahead` bytes after the index, or 0 past the end. A NUL and the end are not
 * distinguished: no address contains a NUL, so none is ever taken, and feri_addr_cursor_is_at_end
 * compares the length. */
static inline uint32_t feri_addr_cursor_peek(const feri_addr_cursor *cursor, size_t ahead)
{
    /* one comparison with the length: Frama-C's Eva keeps that bound */
    const size_t at = cursor->index + ahead;
    FERI_ASSERT(cursor->index <= cursor->len && at >= ahead);
    return at < cursor->len ? (uint32_t)(unsigned char)cursor->text[at] : 0;
}

static inline bool feri_addr_cursor_is_at_end(const feri_addr_cursor *cursor)
{
    FERI_ASSERT(cursor->index <= cursor->len);
    return cursor->index == cursor->len;
}

/* Takes one given byte, if it is next. */
static inline bool feri_addr_cursor_take(feri_addr_cursor *cursor, char wanted)
{
    FERI_ASSERT(wanted != '\0');
    if (feri_addr_cursor_peek(cursor, 0) != (uint32_t)(unsigned char)wanted) {
        return false;
    }
    cursor->index++;
    return true;
}

/* Reads one or more decimal digits of a value up to limit. Any number of leading zeros is
 * allowed. */
static inline bool feri_addr_cursor_read_decimal(feri_addr_cursor *cursor, uint32_t limit,
                                                 uint32_t *value)
{
    uint64_t sum = 0; /* does not grow after it exceeds limit */
    const size_t begin = cursor->index;
    /*@ loop invariant BY_WP(begin <= cursor->index <= cursor->len);
        loop invariant BY_WP(digits_end(cursor->text, begin, cursor->len) ==
                             digits_end(cursor->text, cursor->index, cursor->len));
        loop invariant BY_WP(sum <= limit ==> sum == number(cursor->text, begin, cursor->index));
        loop invariant BY_WP(sum > limit ==> number(cursor->text, begin, cursor->index) > limit);
        loop invariant BY_WP(sum <= 10 * (uint64_t)limit + 9);
        loop assigns sum, cursor->index;
        loop variant cursor->len - cursor->index; */
    while (cursor->index < cursor->len) {
        const uint32_t digit = (uint32_t)(unsigned char)cursor->text[cursor->index] - '0';
        if (digit > 9) {
            break;
        }
        sum = sum <= limit ? sum * 10 + digit : sum;
        cursor->index++;
    }
    if (cursor->index == begin || sum > limit) {
        return false;
    }
    *value = (uint32_t)sum;
    return true;
}

/* ---- Readers of addresses: ip_parse.c. Each stops after the address. After a failure the position
 * is unspecified, and the output is unchanged. The caller checks the text that follows, and must
 * refuse a digit and a dot. */

/* An address at an index of a text: its octets, the first one highest, and the index of its end, or
 * 0 if there is none. */
typedef struct feri_ipv4_match {
    uint32_t bits;
    uint32_t end;
} feri_ipv4_match;

/* Matches a.b.c.d at an index (45 at most) of a text. */
feri_ipv4_match feri_ipv4_read(const char *text, size_t len, size_t index);

/* Reads an IPv6 address without zone or brackets. */
bool feri_ipv6_read(feri_addr_cursor *cursor, fer_ipv6_addr *out);

/* The octets of a number, the highest byte first. Without a loop, so that compilers generate one
 * store. */
static inline fer_ipv4_addr feri_ipv4_of_bits(uint32_t bits)
{
    const fer_ipv4_addr addr = {{(uint8_t)(bits >> 24), (uint8_t)(bits >> 16 & 0xFF),
                                 (uint8_t)(bits >> 8 & 0xFF), (uint8_t)(bits & 0xFF)}};
    return addr;
}

/* Store an address and its family. The unused bytes of the union are 0. */
static inline void feri_ip_addr_set_v4(fer_ip_addr *out, uint32_t bits)
{
    out->family = FER_IP_V4;
    out->u.v6 = FER_IPV6_ADDR_UNSPECIFIED;
    out->u.v4 = feri_ipv4_of_bits(bits);
}

static inline void feri_ip_addr_set_v6(fer_ip_addr *out, const fer_ipv6_addr *addr)
{
    out->family = FER_IP_V6;
    out->u.v6 = *addr;
}

/* ---- Writers of addresses: ip_format.c */

/* The size of the longest text of an IP or a socket address, plus the unused bytes that the writers
 * may leave after it: nine at most. A prover needs more. */
enum { FERI_ADDR_TEXT_CAP = 128 };

typedef struct feri_addr_text {
    char text[FERI_ADDR_TEXT_CAP];
    size_t len;
} feri_addr_text;

static inline void feri_addr_text_put(feri_addr_text *out, char byte)
{
    out->text[out->len] = byte;
    out->len++;
}

void feri_ipv4_write(feri_addr_text *out, const fer_ipv4_addr *addr);
void feri_ipv6_write(feri_addr_text *out, const fer_ipv6_addr *addr);

/* Writes a number in decimal, without leading zeros. */
void feri_decimal_write(feri_addr_text *out, uint32_t value);

/* ---- "host:port" text, and UTF-8 (rule A3): host_port.c. No resolving. The strict grammar of
 * addresses is in socket_addr.c. */

/* The longest host name in text: RFC 1035, 2.3.4, has 255 octets on the wire, which are 253
 * characters without a trailing dot. */
#define FERI_HOST_LEN_MAX 253

/* The host, as a part of the original text, and the port. */
typedef struct feri_host_port {
    const char *host;
    size_t host_len;
    uint16_t port;
} feri_host_port;

/* Splits NUL-terminated text at its last colon and removes the brackets of a host with a colon.
 * INVALID_INPUT: no colon, a port that is not 0 to 65535 in decimal digits, or an empty host. */
fer_error feri_host_port_split(feri_host_port *out, const char *text);

/* Whether len bytes are UTF-8 (RFC 3629), as every str in Rust. Windows' resolver requires UTF-16,
 * and bytes that are not UTF-8 cannot be converted. */
bool feri_host_is_utf_8(const char *host, size_t len);

#endif
