/* address_reference.h: the grammar of core's parsers, implemented differently and slowly: a text is
 * cut at its dots and colons, and each piece is looked up. Also the canonical text of IPv6. Only
 * for tests. Texts have a length and may contain any byte. */
#ifndef ADDRESS_REFERENCE_H
#define ADDRESS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct piece {
    const char *text;
    size_t len;
} piece;

static inline size_t reference_count(piece p, char byte)
{
    size_t count = 0;
    for (size_t i = 0; i < p.len; i++) {
        count += p.text[i] == byte;
    }
    return count;
}

/* Cuts p at the first `byte`: returns the part before it, and stores the part after it in *rest. */
static inline piece reference_cut(piece p, char byte, piece *rest)
{
    size_t at = 0;
    while (at < p.len && p.text[at] != byte) {
        at++;
    }
    const size_t skip = at < p.len ? at + 1 : at;
    rest->text = p.text + skip;
    rest->len = p.len - skip;
    const piece head = {p.text, at};
    return head;
}

/* An octet has as many digits as its number needs. */
static inline bool reference_octet(piece p, uint8_t *out)
{
    static const char digits[] = "0123456789";
    unsigned value = 0;
    for (size_t i = 0; i < p.len; i++) {
        const char *digit = p.len > 3 ? NULL : memchr(digits, p.text[i], 10);
        if (digit == NULL) {
            return false;
        }
        value = value * 10 + (unsigned)(digit - digits);
    }
    *out = (uint8_t)value;
    return value < 256 && p.len == (value > 99 ? 3u : value > 9 ? 2u : 1u);
}

static inline bool reference_v4(const char *text, size_t len, uint8_t out[4])
{
    piece rest = {text, len};
    if (reference_count(rest, '.') != 3) {
        return false;
    }
    bool good = true;
    for (int i = 0; i < 4; i++) {
        const piece octet = reference_cut(rest, '.', &rest);
        good = reference_octet(octet, &out[i]) && good;
    }
    return good;
}

static inline bool reference_group(piece p, unsigned *value)
{
    static const char lower[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";
    *value = 0;
    for (size_t i = 0; i < p.len; i++) {
        unsigned digit = 16;
        for (unsigned d = 0; d < 16; d++) {
            digit = p.text[i] == lower[d] || p.text[i] == upper[d] ? d : digit;
        }
        if (digit == 16) {
            return false;
        }
        *value = *value * 16 + digit;
    }
    return p.len >= 1 && p.len <= 4;
}

/* Groups separated by single colons, as octets. Returns the number of octets, or -1; 0 for an empty
 * piece. */
static inline int reference_groups(piece side, bool may_end_in_v4, uint8_t out[64])
{
    int count = 0;
    if (side.len == 0) {
        return 0;
    }
    const size_t pieces = reference_count(side, ':') + 1;
    for (size_t i = 0; i < pieces; i++) {
        const piece p = reference_cut(side, ':', &side);
        unsigned value = 0;
        if (count > 48) {
            return -1;
        }
        if (may_end_in_v4 && i + 1 == pieces && reference_v4(p.text, p.len, &out[count])) {
            count += 4;
        } else if (reference_group(p, &value)) {
            out[count++] = (uint8_t)(value / 256);
            out[count++] = (uint8_t)(value % 256);
        } else {
            return -1;
        }
    }
    return count;
}

static inline bool reference_v6(const char *text, size_t len, uint8_t out[16])
{
    uint8_t left_octets[64], right_octets[64];
    size_t gap = 0;
    while (gap + 1 < len && (text[gap] != ':' || text[gap + 1] != ':')) {
        gap++;
    }
    if (gap + 1 >= len) {
        const piece whole = {text, len};
        const int count = reference_groups(whole, true, left_octets);
        if (count != 16) {
            return false;
        }
        memcpy(out, left_octets, 16);
        return true;
    }
    const piece left = {text, gap};
    const piece right = {text + gap + 2, len - gap - 2};
    const int before = reference_groups(left, false, left_octets);
    const int after = reference_groups(right, true, right_octets);
    if (before < 0 || after < 0 || before + after > 14) {
        return false;
    }
    memset(out, 0, 16);
    memcpy(out, left_octets, (size_t)before);
    memcpy(out + 16 - after, right_octets, (size_t)after);
    return true;
}

/* Only digits, of a value up to limit. */
static inline bool reference_number(piece p, const char *limit, uint32_t *value)
{
    *value = 0;
    if (p.len == 0) {
        return false;
    }
    for (size_t i = 0; i < p.len; i++) {
        if (p.text[i] < '0' || p.text[i] > '9') {
            return false;
        }
    }
    while (p.len > 1 && p.text[0] == '0') {
        p.text++;
        p.len--;
    }
    if (p.len > strlen(limit) || (p.len == strlen(limit) && memcmp(p.text, limit, p.len) > 0)) {
        return false;
    }
    for (size_t i = 0; i < p.len; i++) {
        *value = *value * 10 + (uint32_t)(p.text[i] - '0');
    }
    return true;
}

static inline bool reference_socket_v4(const char *text, size_t len, uint8_t ip[4], uint32_t *port)
{
    const piece whole = {text, len};
    piece rest = {text, len};
    const piece address = reference_cut(whole, ':', &rest);
    return address.len < len && reference_v4(address.text, address.len, ip) &&
           reference_number(rest, "65535", port);
}

static inline bool reference_socket_v6(const char *text, size_t len, uint8_t ip[16],
                                       uint32_t *scope_id, uint32_t *port)
{
    if (len == 0 || text[0] != '[') {
        return false;
    }
    const piece whole = {text + 1, len - 1};
    piece rest = whole;
    const piece inside = reference_cut(whole, ']', &rest);
    if (inside.len == whole.len || rest.len == 0 || rest.text[0] != ':') {
        return false;
    }
    const piece port_digits = {rest.text + 1, rest.len - 1};
    piece scope = inside;
    const piece address = reference_cut(inside, '%', &scope);
    *scope_id = 0;
    if (address.len < inside.len && !reference_number(scope, "4294967295", scope_id)) {
        return false;
    }
    return reference_v6(address.text, address.len, ip) &&
           reference_number(port_digits, "65535", port);
}

/* The first group of the gap "::" and its length: the first of the longest runs of zeros, at least
 * 2 groups (RFC 5952, 4.2). 0 if there is none. */
static inline int reference_gap(const unsigned groups[8], int *begin)
{
    for (int length = 8; length >= 2; length--) {
        for (*begin = 0; *begin + length <= 8; (*begin)++) {
            unsigned any = 0;
            for (int i = *begin; i < *begin + length; i++) {
                any |= groups[i];
            }
            if (any == 0) {
                return length;
            }
        }
    }
    *begin = 8;
    return 0;
}

/* The canonical text (RFC 5952). Only ::ffff:0:0/96 has IPv4 digits. */
static inline void reference_v6_text(const uint8_t ip[16], char out[64])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    unsigned groups[8];
    int begin = 0;
    for (int i = 0; i < 8; i++) {
        groups[i] = ip[2 * i] * 256u + ip[2 * i + 1];
    }
    const int length = reference_gap(groups, &begin);
    if (memcmp(ip, mapped, sizeof mapped) == 0) {
        snprintf(out, 64, "::ffff:%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
        return;
    }
    size_t len = 0;
    out[0] = '\0';
    for (int i = 0; i < 8; i++) {
        if (i == begin) {
            len += (size_t)snprintf(out + len, 64 - len, "::");
            i += length - 1;
        } else {
            len += (size_t)snprintf(out + len, 64 - len, "%s%x",
                                    i > 0 && i != begin + length ? ":" : "", groups[i]);
        }
    }
}

/* Pseudo-random numbers (xorshift64*), the same in every run. */
static inline uint64_t reference_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

#endif
