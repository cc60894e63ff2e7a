/* ip_parse.c: parses IP addresses by the strict grammar of Rust 1.95. No ports, scopes or brackets
 * (socket_addr.c).
 *
 * The grammar, from IETF RFC 6943 section 3.1.1's strict form and RFC 4291 section 2.2:
 *   v4 = octet "." octet "." octet "." octet       octet: 0 to 255, no leading zero
 *   v6 = eight groups, or up to seven with one "::"; the last two may be a v4
 *                                                  group: 1 to 4 hexadecimal digits */
#include "core/address/address_text.h"

#include <string.h>

#include "core/base/error.h"

enum { FERI_IPV6_GROUPS = 8 };

/* The value of a hexadecimal digit in ASCII; above 15 if it is none. */
#define FERI_HEX_VALUE(n)                               \
    ((n) >= 0x30 && (n) <= 0x39   ? (uint8_t)((n)-0x30) \
     : (n) >= 0x41 && (n) <= 0x46 ? (uint8_t)((n)-0x37) \
     : (n) >= 0x61 && (n) <= 0x66 ? (uint8_t)((n)-0x57) \
                                  : (uint8_t)UINT8_MAX)
static const uint8_t feri_hex_value[256] = FERI_256_OF(FERI_HEX_VALUE);

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

/* Up to four hexadecimal digits: their number and value. */
typedef struct feri_hex_group {
    uint32_t value;
    uint32_t digits;
} feri_hex_group;

/* Appends the digit that follows those of the group. False if there is none. */
static inline bool feri_hex_digit_append(const feri_addr_cursor *cursor, feri_hex_group *group)
{
    const uint32_t digit = feri_hex_value[feri_addr_cursor_peek(cursor, group->digits)];
    if (digit > 15) {
        return false;
    }
    group->value = group->value << 4 | digit;
    group->digits++;
    return true;
}

/* Reads the next group without taking it. */
static inline feri_hex_group feri_hex_group_peek(const feri_addr_cursor *cursor)
{
    feri_hex_group group = {0, 0};
    (void)(feri_hex_digit_append(cursor, &group) && feri_hex_digit_append(cursor, &group) &&
           feri_hex_digit_append(cursor, &group) && feri_hex_digit_append(cursor, &group));
    return group;
}

/* A "::" replaces at least one group. */
FERI_FAST bool feri_ipv6_read(feri_addr_cursor *cursor, fer_ipv6_addr *out)
{
    FERI_ASSERT(out != NULL);
    feri_addr_cursor at = *cursor; /* a copy that compilers keep in registers */
    uint16_t group[FERI_IPV6_GROUPS] = {0};
    size_t count = 0;
    size_t gap = FERI_IPV6_GROUPS; /* the number of groups before the "::", if there is one */
    if (feri_addr_cursor_take(&at, ':')) {
        if (!feri_addr_cursor_take(&at, ':')) {
            return false;
        }
        gap = 0;
    }
    while (count < FERI_IPV6_GROUPS) {
        const feri_hex_group next = feri_hex_group_peek(&at);
        if (next.digits == 0) {
            if (gap != count) {
                return false; /* the text is empty, or ends in ":" */
            }
            break;
        }
        if (next.digits < 4 && feri_addr_cursor_peek(&at, next.digits) == '.') {
            const feri_ipv4_match last = feri_ipv4_read(at.text, at.len, at.index);
            if (last.end == 0 || count + 2 > FERI_IPV6_GROUPS) {
                return false;
            }
            group[count] = (uint16_t)(last.bits >> 16);
            group[count + 1] = (uint16_t)(last.bits & 0xFFFF);
            count += 2;
            at.index = last.end;
            break;
        }
        group[count] = (uint16_t)next.value;
        count++;
        at.index += next.digits;
        if (count == FERI_IPV6_GROUPS || !feri_addr_cursor_take(&at, ':')) {
            break;
        }
        if (feri_addr_cursor_take(&at, ':')) {
            if (gap != FERI_IPV6_GROUPS) {
                return false; /* a second "::" */
            }
            gap = count;
        }
    }
    if ((gap == FERI_IPV6_GROUPS) != (count == FERI_IPV6_GROUPS)) {
        return false;
    }
    uint16_t whole[FERI_IPV6_GROUPS] = {0};
    for (size_t i = 0; i < FERI_IPV6_GROUPS && i < count; i++) {
        whole[i < gap ? i : FERI_IPV6_GROUPS - count + i] = group[i];
    }
    *out = fer_ipv6_addr_from_segments(whole);
    *cursor = at;
    return true;
}

FERI_FAST fer_error fer_ipv4_addr_parse_n(fer_ipv4_addr *out, const char *text, size_t len)
{
    FERI_REQUIRE(out != NULL && text != NULL, FER_MISUSE);
    const feri_ipv4_match match = feri_ipv4_read(text, len, 0);
    FERI_REQUIRE(match.end != 0 && match.end == len, FER_INVALID_INPUT);
    *out = feri_ipv4_of_bits(match.bits);
    return feri_ok();
}

FERI_FAST fer_error fer_ipv4_addr_parse(fer_ipv4_addr *out, const char *text)
{
    return fer_ipv4_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}

fer_error fer_ipv6_addr_parse_n(fer_ipv6_addr *out, const char *text, size_t len)
{
    fer_ipv6_addr addr = {{0}};
    feri_addr_cursor cursor = {text, len, 0};
    FERI_REQUIRE(out != NULL && text != NULL, FER_MISUSE);
    FERI_REQUIRE(feri_ipv6_read(&cursor, &addr) && feri_addr_cursor_is_at_end(&cursor),
                 FER_INVALID_INPUT);
    *out = addr;
    return feri_ok();
}

fer_error fer_ipv6_addr_parse(fer_ipv6_addr *out, const char *text)
{
    return fer_ipv6_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}

/* Four bytes distinguish the two families: a dot within them ends the first octet of an IPv4
 * address, except after the colon of "::1.". */
fer_error fer_ip_addr_parse_n(fer_ip_addr *out, const char *text, size_t len)
{
    feri_addr_cursor cursor = {text, len, 0};
    FERI_REQUIRE(out != NULL && text != NULL, FER_MISUSE);
    const bool is_ipv4 =
        feri_addr_cursor_peek(&cursor, 0) != ':' &&
        (feri_addr_cursor_peek(&cursor, 1) == '.' || feri_addr_cursor_peek(&cursor, 2) == '.' ||
         feri_addr_cursor_peek(&cursor, 3) == '.');
    if (is_ipv4) {
        const feri_ipv4_match match = feri_ipv4_read(text, len, 0);
        FERI_REQUIRE(match.end != 0 && match.end == len, FER_INVALID_INPUT);
        feri_ip_addr_set_v4(out, match.bits);
        return feri_ok();
    }
    fer_ipv6_addr v6 = {{0}};
    FERI_REQUIRE(feri_ipv6_read(&cursor, &v6) && feri_addr_cursor_is_at_end(&cursor),
                 FER_INVALID_INPUT);
    feri_ip_addr_set_v6(out, &v6);
    return feri_ok();
}

fer_error fer_ip_addr_parse(fer_ip_addr *out, const char *text)
{
    return fer_ip_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}
