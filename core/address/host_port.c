/* host_port.c: splits "host:port" text, and checks that a host is UTF-8. */
#include "core/address/address_text.h"

#include "core/base/error.h"

#define NO_COLON ((size_t)-1)

/* One pass: the length, and the index of the last colon. */
static size_t find_last_colon(const char *text, size_t *len)
{
    size_t colon = NO_COLON;
    size_t i = 0;
    /*@ loop invariant BY_WP(i <= text_len(text));
        loop invariant BY_WP(colon == NO_COLON || (colon < i && text[colon] == ':'));
        loop invariant BY_WP(has_no_colon(text, colon == NO_COLON ? 0 : colon + 1, i));
        loop assigns i, colon;
        loop variant VARIANT_OF_WP(text_len(text) - i); */
    for (; text[i] != '\0'; i++) {
        colon = text[i] == ':' ? i : colon;
    }
    *len = i;
    return colon;
}

/* Decimal digits only: leading zeros are allowed, a sign is not. */
static bool parse_port(const char *text, size_t len, uint16_t *out)
{
    feri_addr_cursor cursor = {text, len, 0};
    uint32_t value = 0;
    if (!feri_addr_cursor_read_decimal(&cursor, UINT16_MAX, &value) ||
        !feri_addr_cursor_is_at_end(&cursor)) {
        return false;
    }
    *out = (uint16_t)value;
    return true;
}

/* Removes the brackets of "[fe80::1%eth0]". "[localhost]" keeps them, and its lookup fails. */
static void strip_brackets(feri_host_port *parts)
{
    FERI_ASSERT(parts->host_len > 0);
    bool has_colon = false;
    /*@ loop invariant BY_WP(i <= parts->host_len);
        loop invariant BY_WP(has_colon != 0 <==> !has_no_colon(parts->host, 0, i));
        loop assigns i, has_colon;
        loop variant parts->host_len - i; */
    for (size_t i = 0; i < parts->host_len; i++) {
        has_colon = has_colon || parts->host[i] == ':';
    }
    if (has_colon && parts->host[0] == '[' && parts->host[parts->host_len - 1] == ']') {
        parts->host++;
        parts->host_len -= 2;
    }
}

fer_error feri_host_port_split(feri_host_port *out, const char *text)
{
    FERI_ASSERT(out != NULL && text != NULL);
    size_t len = 0;
    size_t colon = find_last_colon(text, &len);
    feri_host_port parts = {text, colon, 0};
    if (colon == NO_COLON || colon == 0 ||
        !parse_port(text + colon + 1, len - colon - 1, &parts.port)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    strip_brackets(&parts);
    *out = parts;
    return feri_ok();
}

/* ---- UTF-8 */

/* Bytes from `first` to `last` start a character with `continuations` more bytes. The second byte
 * has a range of its own. */
typedef struct sequence {
    uint8_t first;
    uint8_t last;
    uint8_t continuations;
    uint8_t second_min;
    uint8_t second_max;
} sequence;

/* All but ASCII (RFC 3629, 4): no overlong forms, no surrogates, nothing above U+10FFFF. */
static const sequence sequences[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static bool is_between(char byte, uint8_t min, uint8_t max)
{
    const uint8_t value = (uint8_t)byte;
    return value >= min && value <= max;
}

/* The length of the character at text[0], which has len bytes; 0 if it is not UTF-8. */
static size_t character_len(const char *text, size_t len)
{
    FERI_ASSERT(len > 0);
    if ((uint8_t)text[0] < 0x80) {
        return 1;
    }
    size_t kind = 0;
    while (kind < sizeof sequences / sizeof sequences[0] &&
           !is_between(text[0], sequences[kind].first, sequences[kind].last)) {
        kind++;
    }
    if (kind == sizeof sequences / sizeof sequences[0] || sequences[kind].continuations >= len) {
        return 0;
    }
    const sequence *found = &sequences[kind];
    bool is_whole = is_between(text[1], found->second_min, found->second_max);
    for (size_t i = 2; i <= found->continuations; i++) {
        is_whole = is_whole && is_between(text[i], 0x80, 0xbf);
    }
    return is_whole ? 1 + (size_t)found->continuations : 0;
}

bool feri_host_is_utf_8(const char *host, size_t len)
{
    FERI_ASSERT(host != NULL);
    size_t at = 0;
    while (at < len) {
        const size_t step = character_len(host + at, len - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}
