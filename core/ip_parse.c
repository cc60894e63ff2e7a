/* ip_parse.c: IP addresses from text, by the strict grammar of Rust 1.95. No ports, scopes or brackets (socket_addr_parse.c).
 *
 * The grammar, from IETF RFC 6943 section 3.1.1's strict form and RFC 4291 section 2.2:
 *   v4 = octet "." octet "." octet "." octet       octet: 0 to 255, no leading zero
 *   v6 = eight groups, or up to seven round one "::"; the last two may be a v4       group: 1 to 4 hexadecimal digits */
#include "core/ip_parse.h"

#include <string.h>

#include "core/ipv4_vector.h"

enum { FERI_IPV6_GROUPS = 8, FERI_NOT_HEX = 0xFF };

/* The value of a hexadecimal digit plus one, so that what the table does not name is 0. */
static const uint8_t feri_hex_plus_one[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* The value of the hexadecimal digit that stands `ahead` bytes on; above 15 if none does. */
static inline uint32_t feri_hex_look(const feri_addr_cursor *cursor, size_t ahead)
{
    return (uint32_t)feri_hex_plus_one[feri_addr_cursor_look(cursor, ahead)] - 1u;
}

/* The value of the decimal digit that stands `ahead` bytes on; above 9 if none does. */
static inline uint32_t feri_digit_look(const feri_addr_cursor *cursor, size_t ahead)
{
    return feri_addr_cursor_look(cursor, ahead) - '0';
}

static inline bool feri_octet_step(feri_addr_cursor *cursor, size_t digits, uint32_t value, uint8_t *octet)
{
    FERI_ASSERT(digits >= 1 && digits <= 3);
    cursor->index += digits;
    *octet = (uint8_t)value;
    return value <= 255;
}

static inline bool feri_octet_read(feri_addr_cursor *cursor, uint8_t *octet)
{
    const uint32_t first = feri_digit_look(cursor, 0);
    if (first > 9) {
        return false;
    }
    const uint32_t second = feri_digit_look(cursor, 1);
    if (second > 9) {
        return feri_octet_step(cursor, 1, first, octet);
    }
    if (first == 0) {
        return false;
    }
    const uint32_t third = feri_digit_look(cursor, 2);
    if (third > 9) {
        return feri_octet_step(cursor, 2, 10 * first + second, octet);
    }
    return feri_octet_step(cursor, 3, 100 * first + 10 * second + third, octet);
}

bool feri_ipv4_read_scalar(feri_addr_cursor *cursor, fer_ipv4_addr *out)
{
    FERI_ASSERT(out != NULL);
    fer_ipv4_addr addr = {{0}};
    for (size_t i = 0; i < 4; i++) {
        if (i > 0 && !feri_addr_cursor_take(cursor, '.')) {
            return false;
        }
        if (!feri_octet_read(cursor, &addr.octets[i])) {
            return false;
        }
    }
    *out = addr;
    return true;
}

bool feri_ipv4_read(feri_addr_cursor *cursor, fer_ipv4_addr *out)
{
#if FERI_HAS_IPV4_VECTOR
    return feri_ipv4_vector_read(cursor, out->octets);
#else
    return feri_ipv4_read_scalar(cursor, out);
#endif
}

/* Groups of one side of a "::", or all of them. */
typedef struct feri_ipv6_side {
    uint16_t group[FERI_IPV6_GROUPS];
    size_t count;
    bool ends_in_ipv4;
} feri_ipv6_side;

/* Looks at up to four hexadecimal digits from `ahead` on. Returns how many there are; *value is theirs. */
static inline size_t feri_group_look(const feri_addr_cursor *cursor, size_t ahead, uint32_t *value)
{
    const uint32_t first = feri_hex_look(cursor, ahead);
    if (first > 15) {
        return 0;
    }
    *value = first;
    const uint32_t second = feri_hex_look(cursor, ahead + 1);
    if (second > 15) {
        return 1;
    }
    *value = first << 4 | second;
    const uint32_t third = feri_hex_look(cursor, ahead + 2);
    if (third > 15) {
        return 2;
    }
    *value = first << 8 | second << 4 | third;
    const uint32_t fourth = feri_hex_look(cursor, ahead + 3);
    if (fourth > 15) {
        return 3;
    }
    *value = first << 12 | second << 8 | third << 4 | fourth;
    return 4;
}

/* Reads an IPv4 address as the last two of at most `limit` groups. */
static bool feri_ipv6_side_read_ipv4(feri_addr_cursor *cursor, size_t limit, feri_ipv6_side *side)
{
    fer_ipv4_addr tail = {{0}};
    if (side->count + 2 > limit || !feri_ipv4_read(cursor, &tail)) {
        return false;
    }
    FERI_ASSERT(side->count + 2 <= FERI_IPV6_GROUPS);
    side->group[side->count] = (uint16_t)(tail.octets[0] << 8 | tail.octets[1]);
    side->group[side->count + 1] = (uint16_t)(tail.octets[2] << 8 | tail.octets[3]);
    side->count += 2;
    side->ends_in_ipv4 = true;
    return true;
}

/* Reads up to `limit` groups with one colon between each two. A colon that no group follows stays unread. */
static bool feri_ipv6_side_read(feri_addr_cursor *cursor, size_t limit, feri_ipv6_side *side)
{
    FERI_ASSERT(limit <= FERI_IPV6_GROUPS);
    for (size_t i = 0; i < FERI_IPV6_GROUPS && i < limit; i++) {
        uint32_t value = 0;
        const size_t colon = i > 0 ? 1 : 0;
        if (colon == 1 && feri_addr_cursor_look(cursor, 0) != ':') {
            return true;
        }
        const size_t digits = feri_group_look(cursor, colon, &value);
        if (digits == 0) {
            return true;
        }
        if (feri_addr_cursor_look(cursor, colon + digits) == '.') {
            cursor->index += colon;
            return feri_ipv6_side_read_ipv4(cursor, limit, side);
        }
        cursor->index += colon + digits;
        side->group[i] = (uint16_t)value;
        side->count = i + 1;
    }
    return true;
}

/* The left side's groups, zeros, the right side's groups. */
static fer_ipv6_addr feri_ipv6_join(const feri_ipv6_side *left, const feri_ipv6_side *right)
{
    uint16_t group[FERI_IPV6_GROUPS] = {0};
    fer_ipv6_addr addr = {{0}};
    FERI_ASSERT(left->count + right->count <= FERI_IPV6_GROUPS);
    for (size_t i = 0; i < FERI_IPV6_GROUPS; i++) {
        const size_t from_right = i + right->count - FERI_IPV6_GROUPS; /* wraps, and so is large, left of the right side */
        group[i] = from_right < FERI_IPV6_GROUPS ? right->group[from_right] : left->group[i];
    }
    for (size_t i = 0; i < FERI_IPV6_GROUPS; i++) {
        addr.octets[2 * i] = (uint8_t)(group[i] >> 8);
        addr.octets[2 * i + 1] = (uint8_t)(group[i] & 0xFF);
    }
    return addr;
}

bool feri_ipv6_read(feri_addr_cursor *cursor, fer_ipv6_addr *out)
{
    feri_ipv6_side left = {{0}, 0, false};
    feri_ipv6_side right = {{0}, 0, false};
    FERI_ASSERT(out != NULL);
    if (!feri_ipv6_side_read(cursor, FERI_IPV6_GROUPS, &left)) {
        return false;
    }
    if (left.count < FERI_IPV6_GROUPS) {
        if (left.ends_in_ipv4 || !feri_addr_cursor_take(cursor, ':') || !feri_addr_cursor_take(cursor, ':')) {
            return false;
        }
        if (!feri_ipv6_side_read(cursor, FERI_IPV6_GROUPS - 1 - left.count, &right)) {
            return false;
        }
    }
    *out = feri_ipv6_join(&left, &right);
    return true;
}

/* Four bytes tell the two apart: a dot within them ends the first number of an IPv4 address, save after the colon of "::1.". */
static bool feri_ip_is_ipv4_next(const feri_addr_cursor *cursor)
{
    return feri_addr_cursor_look(cursor, 0) != ':' &&
           (feri_addr_cursor_look(cursor, 1) == '.' || feri_addr_cursor_look(cursor, 2) == '.' ||
            feri_addr_cursor_look(cursor, 3) == '.');
}

fer_error fer_ipv4_addr_parse_n(fer_ipv4_addr *out, const char *text, size_t len)
{
    feri_addr_cursor cursor = {text, len, 0};
    fer_ipv4_addr addr = {{0}};
    if (out == NULL || text == NULL || !feri_ipv4_read(&cursor, &addr) || !feri_addr_cursor_is_at_end(&cursor)) {
        return feri_addr_parse_result(false);
    }
    *out = addr;
    return feri_addr_parse_result(true);
}

fer_error fer_ipv4_addr_parse(fer_ipv4_addr *out, const char *text)
{
    return fer_ipv4_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}

fer_error fer_ipv6_addr_parse_n(fer_ipv6_addr *out, const char *text, size_t len)
{
    feri_addr_cursor cursor = {text, len, 0};
    fer_ipv6_addr addr = {{0}};
    if (out == NULL || text == NULL || !feri_ipv6_read(&cursor, &addr) || !feri_addr_cursor_is_at_end(&cursor)) {
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
    const feri_addr_cursor cursor = {text, len, 0};
    if (out == NULL || text == NULL) {
        return feri_addr_parse_result(false);
    }
    if (feri_ip_is_ipv4_next(&cursor)) {
        fer_ipv4_addr v4 = {{0}};
        const fer_error result = fer_ipv4_addr_parse_n(&v4, text, len);
        if (result.kind == FER_OK) {
            *out = fer_ip_addr_from_v4(&v4);
        }
        return result;
    }
    fer_ipv6_addr v6 = {{0}};
    const fer_error result = fer_ipv6_addr_parse_n(&v6, text, len);
    if (result.kind == FER_OK) {
        *out = fer_ip_addr_from_v6(&v6);
    }
    return result;
}

fer_error fer_ip_addr_parse(fer_ip_addr *out, const char *text)
{
    return fer_ip_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}
