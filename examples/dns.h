/* dns.h: DNS messages (RFC 1035, section 4), for dns_query.c and dns_server.c. A message comes from
 * an untrusted sender: all reads go through dns_take, the only function that checks lengths. */
#ifndef DNS_H
#define DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The limits of RFC 1035, sections 2.3.4 and 4.2.1. */
enum { DNS_HEADER_LEN = 12, DNS_LABEL_MAX = 63, DNS_NAME_MAX = 255, DNS_MESSAGE_MAX = 512 };
enum { DNS_TYPE_A = 1, DNS_CLASS_IN = 1, DNS_NO_SUCH_NAME = 3 };
enum {
    DNS_IS_RESPONSE = 0x8000,
    DNS_OPCODE = 0x7800,
    DNS_IS_AUTHORITY = 0x0400,
    DNS_IS_TRUNCATED = 0x0200,
    DNS_WANTS_RECURSION = 0x0100,
    DNS_CODE = 0x000f
};

/* The bytes from at on are unread; at never exceeds len. */
struct dns_reader {
    const uint8_t *bytes;
    size_t len;
    size_t at;
};

struct dns_header {
    unsigned id;
    unsigned flags;
    unsigned questions;
    unsigned answers;
};

/* ---- Reading */

/* The next n bytes, or NULL if the message has fewer. */
static inline const uint8_t *dns_take(struct dns_reader *reader, size_t n)
{
    if (n > reader->len - reader->at) {
        return NULL;
    }
    const uint8_t *taken = reader->bytes + reader->at;
    reader->at += n;
    return taken;
}

static inline unsigned dns_get_u16(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static inline bool dns_take_header(struct dns_reader *reader, struct dns_header *header)
{
    const uint8_t *bytes = dns_take(reader, DNS_HEADER_LEN);
    if (bytes == NULL) {
        return false;
    }
    *header = (struct dns_header){dns_get_u16(bytes), dns_get_u16(bytes + 2),
                                  dns_get_u16(bytes + 4), dns_get_u16(bytes + 6)};
    return true;
}

/* Skips a name. A pointer ends a name (section 4.1.4) and is not followed, so pointers cannot form
 * a loop. */
static inline bool dns_skip_name(struct dns_reader *reader)
{
    const uint8_t *label = dns_take(reader, 1);
    while (label != NULL && *label != 0) {
        if (*label >= 0xc0) {
            return dns_take(reader, 1) != NULL;
        }
        if (*label > DNS_LABEL_MAX || dns_take(reader, *label) == NULL) {
            return false;
        }
        label = dns_take(reader, 1);
    }
    return label != NULL;
}

/* Names are case-insensitive (RFC 4343). The length of a label is below 'A', so it is never taken
 * for a letter. */
static inline bool dns_is_same_name(const uint8_t *one, const uint8_t *other, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned a = one[i] >= 'A' && one[i] <= 'Z' ? one[i] + 32u : one[i];
        unsigned b = other[i] >= 'A' && other[i] <= 'Z' ? other[i] + 32u : other[i];
        if (a != b) {
            return false;
        }
    }
    return true;
}

/* ---- Writing */

static inline void dns_put_u16(uint8_t *bytes, unsigned value)
{
    bytes[0] = (uint8_t)(value >> 8 & 0xff);
    bytes[1] = (uint8_t)(value & 0xff);
}

/* Writes text as labels and returns their length in bytes; 0 if text is no name. */
static inline size_t dns_put_name(uint8_t out[DNS_NAME_MAX], const char *text)
{
    size_t at = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, ".");
        if (len == 0 || len > DNS_LABEL_MAX || len + 2 > DNS_NAME_MAX - at) {
            return 0;
        }
        out[at] = (uint8_t)len;
        memcpy(out + at + 1, text, len);
        at += 1 + len;
        text += len + (text[len] == '.' ? 1 : 0);
    }
    if (at == 0) {
        return 0;
    }
    out[at] = 0;
    return at + 1;
}

#endif
