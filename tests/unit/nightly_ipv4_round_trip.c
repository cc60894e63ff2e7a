/* nightly_ipv4_round_trip.c: formats and parses every IPv4 address and checks that the text is
 * right and that the address is the same afterwards. Usage: nightly_ipv4_round_trip [BEGIN [END]]:
 * addresses from BEGIN to END - 1, as C integers. Without arguments, all 2^32 addresses. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule/ip.h"

static const uint64_t all = UINT64_C(1) << 32;

/* Formats an address with plain division, digit by digit. */
static size_t write_plainly(uint32_t bits, char *text)
{
    size_t len = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        const unsigned octet = bits >> shift & 0xFF;
        if (octet >= 100) {
            text[len++] = (char)('0' + octet / 100);
        }
        if (octet >= 10) {
            text[len++] = (char)('0' + octet / 10 % 10);
        }
        text[len++] = (char)('0' + octet % 10);
        text[len++] = '.';
    }
    text[len - 1] = '\0';
    return len - 1;
}

static bool is_unchanged(uint32_t bits)
{
    char expected[FER_IPV4_ADDR_TEXT_CAP];
    char text[FER_IPV4_ADDR_TEXT_CAP];
    fer_ipv4_addr parsed;
    const fer_ipv4_addr addr = fer_ipv4_addr_from_bits(bits);
    const size_t len = write_plainly(bits, expected);
    if (fer_ipv4_addr_format(addr, text, sizeof text) != len ||
        memcmp(text, expected, len + 1) != 0) {
        return false;
    }
    return fer_ipv4_addr_parse_n(&parsed, text, len).kind == FER_OK &&
           fer_ipv4_addr_to_bits(parsed) == bits;
}

int main(int argc, char **argv)
{
    const uint64_t begin = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    const uint64_t end = argc > 2 ? strtoull(argv[2], NULL, 0) : all;
    if (begin > end || end > all) {
        fprintf(stderr,
                "usage: nightly_ipv4_round_trip [BEGIN [END]], 0 <= BEGIN <= END <= 4294967296\n");
        return 2;
    }
    for (uint64_t bits = begin; bits < end; bits++) {
        if (!is_unchanged((uint32_t)bits)) {
            fprintf(stderr, "0x%08lx does not come back\n", (unsigned long)bits);
            return 1;
        }
        if ((bits + 1) % (all / 64) == 0) {
            printf("%lu of 64 parts\n", (unsigned long)((bits + 1) / (all / 64)));
            fflush(stdout);
        }
    }
    printf("%.0f addresses came back\n", (double)(end - begin));
    return 0;
}
