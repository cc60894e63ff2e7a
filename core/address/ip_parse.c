/* ip_parse.c: parses IP addresses by the strict grammar of Rust 1.95. No ports, scopes or brackets
 * (socket_addr.c).
 *
 * The grammar, from IETF RFC 6943 section 3.1.1's strict form and RFC 4291 section 2.2:
 *   v4 = octet "." octet "." octet "." octet       octet: 0 to 255, no leading zero
 *   v6 = eight groups, or up to seven with one "::"; the last two may be a v4
 *                                                  group: 1 to 4 hexadecimal digits */
#include "core/address/address_text.h"

#include <string.h>

#include "core/base/compiler.h"

enum { FERI_IPV6_GROUPS = 8 };

/* The value of a hexadecimal digit in ASCII, or -1. Every left shift of -1, as an unsigned number,
 * is above 0xFFFF. */
#define FERI_HEX_VALUE(n)                              \
    ((n) >= 0x30 && (n) <= 0x39   ? (int8_t)((n)-0x30) \
     : (n) >= 0x41 && (n) <= 0x46 ? (int8_t)((n)-0x37) \
     : (n) >= 0x61 && (n) <= 0x66 ? (int8_t)((n)-0x57) \
                                  : (int8_t)-1)
static const int8_t feri_hex_value[256] = FERI_256_OF(FERI_HEX_VALUE);

/* The value of the decimal digit `ahead` bytes after the index; above 9 if there is none. */
static inline uint32_t feri_digit_peek(const feri_addr_cursor *cursor, size_t ahead)
{
    return feri_addr_cursor_peek(cursor, ahead) - '0';
}

/* Takes the digits of one octet and appends it to *bits as the lowest byte. */
static inline bool feri_octet_take(feri_addr_cursor *cursor, size_t digits, uint32_t value,
                                   uint32_t *bits)
{
    FERI_ASSERT(digits >= 1 && digits <= 3);
    cursor->index += digits;
    /* a product, because provers handle products better than shifts */
    *bits = *bits * 256 + value;
    return value <= 255;
}

static inline bool feri_octet_read(feri_addr_cursor *cursor, uint32_t *bits)
{
    const uint32_t first = feri_digit_peek(cursor, 0);
    if (first > 9) {
        return false;
    }
    const uint32_t second = feri_digit_peek(cursor, 1);
    if (second > 9) {
        return feri_octet_take(cursor, 1, first, bits);
    }
    if (first == 0) {
        return false;
    }
    const uint32_t third = feri_digit_peek(cursor, 2);
    if (third > 9) {
        return feri_octet_take(cursor, 2, 10 * first + second, bits);
    }
    return feri_octet_take(cursor, 3, 100 * first + 10 * second + third, bits);
}

FERI_FAST feri_ipv4_match feri_ipv4_read(const char *text, size_t len, size_t index)
{
    FERI_ASSERT(text != NULL && index <= len && index <= 45);
    feri_addr_cursor cursor = {text, len, index};
    feri_ipv4_match match = {0, 0};
    uint32_t bits = 0;
    if (feri_octet_read(&cursor, &bits) && feri_addr_cursor_take(&cursor, '.') &&
        feri_octet_read(&cursor, &bits) && feri_addr_cursor_take(&cursor, '.') &&
        feri_octet_read(&cursor, &bits) && feri_addr_cursor_take(&cursor, '.') &&
        feri_octet_read(&cursor, &bits)) {
        match.bits = bits;
        match.end = (uint32_t)cursor.index;
    }
    return match;
}

/* The groups on one side of a "::", or all groups, the last one lowest. */
typedef struct feri_ipv6_side {
    uint64_t high;
    uint64_t low;
    size_t count;
    bool ends_in_ipv4;
} feri_ipv6_side;

static inline void feri_ipv6_side_append(feri_ipv6_side *side, uint32_t group)
{
    FERI_ASSERT(group <= 0xFFFF && side->count < FERI_IPV6_GROUPS);
    side->high = side->high << 16 | side->low >> 48;
    side->low = side->low << 16 | group;
    side->count++;
}

/* Shifts the groups to the highest positions, by 4, 2 and 1 groups. Not by one variable shift:
 * clang 17 for 32-bit MIPS loses bits if it can derive that the number is small. */
static inline void feri_ipv6_side_lift(feri_ipv6_side *side)
{
    FERI_ASSERT(side->count < FERI_IPV6_GROUPS);
    const size_t places = FERI_IPV6_GROUPS - side->count; /* 8: no shift */
    if ((places & 4) != 0) {
        side->high = side->low;
        side->low = 0;
    }
    if ((places & 2) != 0) {
        side->high = side->high << 32 | side->low >> 32;
        side->low = side->low << 32;
    }
    if ((places & 1) != 0) {
        side->high = side->high << 16 | side->low >> 48;
        side->low = side->low << 16;
    }
}

/* Up to four hexadecimal digits: their number and value. */
typedef struct feri_hex_group {
    uint32_t value;
    uint32_t digits;
} feri_hex_group;

/* The value of the hexadecimal digit `ahead` bytes after the index; above 0xFFFF if there is
 * none. */
static inline uint32_t feri_hex_peek(const feri_addr_cursor *cursor, size_t ahead)
{
    return (uint32_t)(int32_t)feri_hex_value[feri_addr_cursor_peek(cursor, ahead)];
}

/* As feri_hex_peek, for an index within the text. */
static inline uint32_t feri_hex_at(const feri_addr_cursor *cursor, size_t at)
{
    FERI_ASSERT(at < cursor->len);
    return (uint32_t)(int32_t)feri_hex_value[(unsigned char)cursor->text[at]];
}

/* Reads the next group without taking it, if it has at most three digits. The number of digits is
 * not predictable, so it does not branch on it. */
static inline feri_hex_group feri_hex_group_peek_short(const feri_addr_cursor *cursor)
{
    const uint32_t first = feri_hex_peek(cursor, 0);
    const uint32_t second = feri_hex_peek(cursor, 1);
    const uint32_t third = feri_hex_peek(cursor, 2);
    feri_hex_group group = {0, 0};
    if (first > 15) {
        return group;
    }
    const uint32_t two = second <= 15;
    const uint32_t three = two & (third <= 15);
    group.digits = 1 + two + three;
    group.value = (first << 8 | (second & 15) << 4 | (third & 15)) >> (4 * (3 - group.digits));
    return group;
}

/* Reads the next group without taking it. Most groups have four digits, so those are read
 * together. */
static inline feri_hex_group feri_hex_group_peek(const feri_addr_cursor *cursor)
{
    const size_t last = cursor->index + 3;
    if (last < cursor->len) {
        const uint32_t value = feri_hex_at(cursor, last - 3) << 12 |
                               feri_hex_at(cursor, last - 2) << 8 |
                               feri_hex_at(cursor, last - 1) << 4 | feri_hex_at(cursor, last);
        if (value <= 0xFFFF) {
            const feri_hex_group group = {value, 4};
            return group;
        }
    }
    return feri_hex_group_peek_short(cursor);
}

/* Reads an IPv4 address as the last two of at most `limit` groups. */
static bool feri_ipv6_side_read_ipv4(feri_addr_cursor *cursor, size_t limit, feri_ipv6_side *side)
{
    const feri_ipv4_match match = feri_ipv4_read(cursor->text, cursor->len, cursor->index);
    if (match.end == 0 || side->count + 2 > limit) {
        return false;
    }
    cursor->index = match.end;
    feri_ipv6_side_append(side, match.bits >> 16);
    feri_ipv6_side_append(side, match.bits & 0xFFFF);
    side->ends_in_ipv4 = true;
    return true;
}

/* Reads up to `limit` hexadecimal groups, separated by one colon each. A colon before anything but
 * such a group is not taken. The exception is a number and a dot after it: the colon is taken, and
 * the cursor is at that number. */
static inline bool feri_ipv6_side_read_hex(feri_addr_cursor *cursor, size_t limit,
                                           feri_ipv6_side *side)
{
    FERI_ASSERT(limit <= FERI_IPV6_GROUPS && side->count == 0);
    size_t end = cursor->index;
    for (size_t i = 0; i < limit; i++) {
        const feri_hex_group group = feri_hex_group_peek(cursor);
        if (group.digits == 0) {
            break;
        }
        if (group.digits < 4 && feri_addr_cursor_peek(cursor, group.digits) == '.') {
            return true;
        }
        cursor->index += group.digits;
        feri_ipv6_side_append(side, group.value);
        end = cursor->index;
        if (!feri_addr_cursor_take(cursor, ':')) {
            break;
        }
    }
    cursor->index = end;
    return false;
}

/* Reads up to `limit` groups, the last two of which may be an IPv4 address. False if that IPv4
 * address is invalid. */
static bool feri_ipv6_side_read(feri_addr_cursor *cursor, size_t limit, feri_ipv6_side *side)
{
    feri_addr_cursor at = *cursor; /* copies that compilers keep in registers */
    feri_ipv6_side groups = {0, 0, 0, false};
    const bool is_before_ipv4 = feri_ipv6_side_read_hex(&at, limit, &groups);
    *cursor = at;
    *side = groups;
    return !is_before_ipv4 || feri_ipv6_side_read_ipv4(cursor, limit, side);
}

/* Reads both sides and joins them in *whole. */
static inline bool feri_ipv6_sides_read(feri_addr_cursor *cursor, feri_ipv6_side *whole)
{
    feri_ipv6_side right = {0, 0, 0, false};
    if (!feri_ipv6_side_read(cursor, FERI_IPV6_GROUPS, whole)) {
        return false;
    }
    if (whole->count == FERI_IPV6_GROUPS) {
        return true;
    }
    if (whole->ends_in_ipv4 || !feri_addr_cursor_take(cursor, ':') ||
        !feri_addr_cursor_take(cursor, ':')) {
        return false;
    }
    if (!feri_ipv6_side_read(cursor, FERI_IPV6_GROUPS - 1 - whole->count, &right)) {
        return false;
    }
    feri_ipv6_side_lift(whole);
    FERI_ASSERT((whole->high & right.high) == 0 && (whole->low & right.low) == 0);
    whole->high |= right.high;
    whole->low |= right.low;
    return true;
}

/* As feri_ipv4_of_bits. A local array for each half prevents compilers from interleaving the
 * two. */
static inline void feri_ipv6_store_half(uint8_t *octets, uint64_t half)
{
    const uint8_t bytes[8] = {(uint8_t)(half >> 56),        (uint8_t)(half >> 48 & 0xFF),
                              (uint8_t)(half >> 40 & 0xFF), (uint8_t)(half >> 32 & 0xFF),
                              (uint8_t)(half >> 24 & 0xFF), (uint8_t)(half >> 16 & 0xFF),
                              (uint8_t)(half >> 8 & 0xFF),  (uint8_t)(half & 0xFF)};
    memcpy(octets, bytes, sizeof bytes);
}

static inline void feri_ipv6_store(fer_ipv6_addr *out, const feri_ipv6_side *whole)
{
    feri_ipv6_store_half(&out->octets[0], whole->high);
    feri_ipv6_store_half(&out->octets[8], whole->low);
}

FERI_FAST bool feri_ipv6_read(feri_addr_cursor *cursor, fer_ipv6_addr *out)
{
    feri_ipv6_side whole = {0, 0, 0, false};
    FERI_ASSERT(out != NULL);
    if (!feri_ipv6_sides_read(cursor, &whole)) {
        return false;
    }
    feri_ipv6_store(out, &whole);
    return true;
}

/* Four bytes distinguish the two: a dot within them ends the first octet of an IPv4 address, except
 * after the colon of "::1.". */
static inline bool feri_ip_is_ipv4_next(const feri_addr_cursor *cursor)
{
    return feri_addr_cursor_peek(cursor, 0) != ':' &&
           (feri_addr_cursor_peek(cursor, 1) == '.' || feri_addr_cursor_peek(cursor, 2) == '.' ||
            feri_addr_cursor_peek(cursor, 3) == '.');
}

FERI_FAST fer_error fer_ipv4_addr_parse_n(fer_ipv4_addr *out, const char *text, size_t len)
{
    if (out == NULL || text == NULL) {
        return feri_addr_misuse();
    }
    const feri_ipv4_match match = feri_ipv4_read(text, len, 0);
    if (match.end == 0 || match.end != len) {
        return feri_addr_parse_result(false);
    }
    *out = feri_ipv4_of_bits(match.bits);
    return feri_addr_parse_result(true);
}

FERI_FAST fer_error fer_ipv4_addr_parse(fer_ipv4_addr *out, const char *text)
{
    return fer_ipv4_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}

fer_error fer_ipv6_addr_parse_n(fer_ipv6_addr *out, const char *text, size_t len)
{
    fer_ipv6_addr addr = {{0}};
    feri_addr_cursor cursor = {text, len, 0};
    if (out == NULL || text == NULL) {
        return feri_addr_misuse();
    }
    if (!feri_ipv6_read(&cursor, &addr) || !feri_addr_cursor_is_at_end(&cursor)) {
        return feri_addr_parse_result(false);
    }
    *out = addr;
    return feri_addr_parse_result(true);
}

fer_error fer_ipv6_addr_parse(fer_ipv6_addr *out, const char *text)
{
    return fer_ipv6_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}

fer_error fer_ip_addr_parse_n(fer_ip_addr *out, const char *text, size_t len)
{
    feri_addr_cursor cursor = {text, len, 0};
    if (out == NULL || text == NULL) {
        return feri_addr_misuse();
    }
    if (feri_ip_is_ipv4_next(&cursor)) {
        const feri_ipv4_match match = feri_ipv4_read(text, len, 0);
        if (match.end == 0 || match.end != len) {
            return feri_addr_parse_result(false);
        }
        feri_ip_addr_set_v4(out, match.bits);
        return feri_addr_parse_result(true);
    }
    fer_ipv6_addr v6 = {{0}};
    if (!feri_ipv6_read(&cursor, &v6) || !feri_addr_cursor_is_at_end(&cursor)) {
        return feri_addr_parse_result(false);
    }
    feri_ip_addr_set_v6(out, &v6);
    return feri_addr_parse_result(true);
}

fer_error fer_ip_addr_parse(fer_ip_addr *out, const char *text)
{
    return fer_ip_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}
