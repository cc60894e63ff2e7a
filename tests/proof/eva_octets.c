/* eva_octets.c: the text of every octet, for Frama-C's Eva: the table-driven functions of
 * ip_format.c store its decimal digits, and the last one stores nothing after its NUL. wp_format.c
 * builds on this. */
#include "core/address/ip_format.c"

#define DIGITS(octet) ((octet) < 10 ? 1 : (octet) < 100 ? 2 : 3)
#define POWER(k) ((k) == 0 ? 1 : (k) == 1 ? 10 : 100)
#define DIGIT(octet, k) ('0' + (octet) / POWER(DIGITS(octet) - 1 - (k)) % 10)

static void store_and_check(uint8_t octet)
{
    char text[4] = {0}, last[4] = {0};
    const size_t digits = DIGITS(octet);
    char *const end = &last[3 - digits]; /* a further byte would be out of bounds */
    const size_t len = feri_octet_store(text, 0, octet);
    const size_t last_len = feri_last_octet_store(end, 0, octet);
    //@ check len == digits + 1 && last_len == digits;
    for (size_t k = 0; k < digits; k++) {
        const char digit = DIGIT(octet, k);
        const char stored = text[k];
        const char stored_last = end[k];
        //@ check stored == digit && stored_last == digit;
    }
    //@ check text[digits] == '.' && end[digits] == 0;
}

int main(void)
{
    //@ loop unroll 256;
    for (unsigned octet = 0; octet < 256; octet++) {
        store_and_check((uint8_t)octet);
    }
    return 0;
}
