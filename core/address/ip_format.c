/* ip_format.c: formats IP addresses as Rust's Display, which is RFC 5952. No ports, scopes or
 * brackets (socket_addr.c).
 *
 * Text is built in words, whose lowest byte is the first byte of the text. Storing by the word
 * avoids a branch for each digit. */
#include "core/address/address_text.h"

#include <string.h>

#include "core/base/text.h"

/* For each octet its decimal digits and a dot. */
#define FERI_DIGIT(n) (UINT32_C(0x30) + (uint32_t)(n) % 10)
#define FERI_DOT UINT32_C(0x2E)
#define FERI_OCTET(n)                                                                        \
    ((n) < 10    ? FERI_DIGIT(n) | FERI_DOT << 8                                             \
     : (n) < 100 ? FERI_DIGIT((n) / 10) | FERI_DIGIT(n) << 8 | FERI_DOT << 16                \
                 : FERI_DIGIT((n) / 100) | FERI_DIGIT((n) / 10) << 8 | FERI_DIGIT(n) << 16 | \
                       FERI_DOT << 24)
/* For each octet the length of that text. */
#define FERI_OCTET_LEN(n) ((n) < 10 ? 2 : (n) < 100 ? 3 : 4)
/* For each octet its two hexadecimal digits. */
#define FERI_HEX_DIGIT(n) ((uint16_t)((n) < 10 ? 0x30 + (n) : 0x57 + (n)))
#define FERI_HEX_PAIR(n) ((uint16_t)(FERI_HEX_DIGIT((n) / 16) | FERI_HEX_DIGIT((n) % 16) << 8))

static const uint32_t feri_octet_text[256] = FERI_256_OF(FERI_OCTET);
static const uint8_t feri_octet_text_len[256] = FERI_256_OF(FERI_OCTET_LEN);
static const uint16_t feri_hex_pair_text[256] = FERI_256_OF(FERI_HEX_PAIR);

/* Store the bytes of a word, the lowest first. Without a loop, so that compilers generate one
 * store. */
static inline void feri_word_store_2(char *text, size_t at, uint32_t word)
{
    text[at] = (char)(unsigned char)(word & 0xFF);
    text[at + 1] = (char)(unsigned char)(word >> 8 & 0xFF);
}

static inline void feri_word_store_4(char *text, size_t at, uint32_t word)
{
    text[at] = (char)(unsigned char)(word & 0xFF);
    text[at + 1] = (char)(unsigned char)(word >> 8 & 0xFF);
    text[at + 2] = (char)(unsigned char)(word >> 16 & 0xFF);
    text[at + 3] = (char)(unsigned char)(word >> 24);
}

/* Stores the digits of an octet and a dot, and may overwrite the bytes after them. Returns their
 * length. */
static inline size_t feri_octet_store(char *text, size_t at, uint8_t octet)
{
    feri_word_store_4(text, at, feri_octet_text[octet]);
    return feri_octet_text_len[octet];
}

/* Stores the digits of an octet and a NUL as their first and last two bytes, and nothing after
 * them. Returns the number of digits. */
static inline size_t feri_last_octet_store(char *text, size_t at, uint8_t octet)
{
    const size_t len = feri_octet_text_len[octet];
    /* a NUL in place of the dot */
    const uint32_t word = feri_octet_text[octet] - (FERI_DOT << (8 * (len - 1)));
    feri_word_store_2(text, at, word);
    feri_word_store_2(text, at + len - 2, word >> (8 * (len - 2)));
    return len - 1;
}

/* Stores "a.b.c.d" and a NUL at text[at], and nothing after them. Returns the length without the
 * NUL. */
static inline size_t feri_ipv4_store(char *text, size_t at, const fer_ipv4_addr *addr)
{
    /* read before text is written */
    const uint8_t a = addr->octets[0], b = addr->octets[1], c = addr->octets[2],
                  d = addr->octets[3];
    const size_t at_b = at + feri_octet_store(text, at, a);
    const size_t at_c = at_b + feri_octet_store(text, at_b, b);
    const size_t at_d = at_c + feri_octet_store(text, at_c, c);
    const size_t len = at_d + feri_last_octet_store(text, at_d, d) - at;
    FERI_ASSERT(len >= 7 && len < FER_IPV4_ADDR_TEXT_CAP);
    return len;
}

void feri_ipv4_write(feri_addr_text *out, const fer_ipv4_addr *addr)
{
    FERI_ASSERT(out->len + FER_IPV4_ADDR_TEXT_CAP <= FERI_ADDR_TEXT_CAP);
    out->len += feri_ipv4_store(out->text, out->len, addr);
}

/* The first longest run of zero groups; the length is 0 if there is none. */
typedef struct feri_zero_run {
    size_t begin;
    size_t len;
} feri_zero_run;

/* RFC 5952 section 4.2.2: a single zero group is not a run; 4.2.3: the first of the longest
 * runs. */
static feri_zero_run feri_zero_run_find(const uint16_t group[8])
{
    feri_zero_run longest = {0, 0};
    size_t zeros = 0; /* the zero groups up to i */
    for (size_t i = 0; i < 8; i++) {
        zeros = group[i] == 0 ? zeros + 1 : 0;
        const bool is_longest = zeros > longest.len;
        longest.begin = is_longest ? i + 1 - zeros : longest.begin;
        longest.len = is_longest ? zeros : longest.len;
    }
    FERI_ASSERT(longest.begin + longest.len <= 8);
    const feri_zero_run none = {0, 0};
    return longest.len >= 2 ? longest : none;
}

/* Stores the groups, each with a colon after it, and a colon in place of the run. A branch for each
 * group would often be mispredicted, so every group is stored, and the next one overwrites what is
 * not needed. May leave up to four unused bytes after the text. Returns the end of the text. */
static inline size_t feri_groups_store(char *text, size_t at, const uint16_t group[8],
                                       feri_zero_run run)
{
    const bool begins_with_run = run.len >= 2 && run.begin == 0;
    const bool ends_with_run = run.begin + run.len == 8;
    text[at] = ':';
    at += begins_with_run;
    for (size_t i = 0; i < 8; i++) {
        const bool is_in_run = i - run.begin < run.len;
        const size_t len = 1u + (group[i] > 0xF) + (group[i] > 0xFF) + (group[i] > 0xFFF);
        const size_t more = is_in_run ? i == run.begin : len + 1;
        FERI_ASSERT(at + 5 <= FERI_ADDR_TEXT_CAP);
        const uint32_t digits =
            feri_hex_pair_text[group[i] >> 8] | (uint32_t)feri_hex_pair_text[group[i] & 0xFF] << 16;
        feri_word_store_4(text, at, is_in_run ? ':' : digits >> (8 * (4 - len)));
        text[at + len] = ':';
        at += more;
    }
    return at - !ends_with_run;
}

FERI_FAST void feri_ipv6_write(feri_addr_text *out, const fer_ipv6_addr *addr)
{
    fer_ipv4_addr v4 = {{0}};
    uint16_t group[8] = {0};
    if (fer_ipv6_addr_to_ipv4_mapped(*addr, &v4)) {
        memcpy(&out->text[out->len], "::ffff:", 7);
        out->len += 7;
        feri_ipv4_write(out, &v4);
        return;
    }
    fer_ipv6_addr_segments(*addr, group);
    out->len = feri_groups_store(out->text, out->len, group, feri_zero_run_find(group));
}

void feri_decimal_write(feri_addr_text *out, uint32_t value)
{
    /* the number ends in the middle, so that ten bytes can always be read from its first digit */
    char digits[20] = {0};
    size_t count = 0;
    for (size_t i = 0; i < 10 && (i == 0 || value > 0); i++) {
        digits[9 - i] = (char)('0' + value % 10);
        value /= 10;
        count = i + 1;
    }
    FERI_ASSERT(count >= 1 && value == 0 && out->len + 10 <= FERI_ADDR_TEXT_CAP);
    for (size_t i = 0; i < 10; i++) {
        out->text[out->len + i] = digits[10 - count + i];
    }
    out->len += count;
}

size_t fer_ipv4_addr_format(fer_ipv4_addr addr, char *buf, size_t cap)
{
    if (buf != NULL && cap >= FER_IPV4_ADDR_TEXT_CAP) {
        return feri_ipv4_store(buf, 0, &addr);
    }
    feri_addr_text out = {0};
    feri_ipv4_write(&out, &addr);
    return feri_text_store(out.text, out.len, buf, cap);
}

FERI_FAST size_t fer_ipv6_addr_format(fer_ipv6_addr addr, char *buf, size_t cap)
{
    feri_addr_text out = {0};
    feri_ipv6_write(&out, &addr);
    return feri_text_store(out.text, out.len, buf, cap);
}

size_t fer_ip_addr_format(fer_ip_addr addr, char *buf, size_t cap)
{
    if (fer_ip_addr_is_ipv4(addr)) {
        return fer_ipv4_addr_format(addr.u.v4, buf, cap);
    }
    return fer_ip_addr_is_ipv6(addr) ? fer_ipv6_addr_format(addr.u.v6, buf, cap)
                                     : feri_text_store("", 0, buf, cap);
}
