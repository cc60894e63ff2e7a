/* test_ip_forms.c: the two implementations of the IPv4 parser, with the target's vector
 * instructions and in portable C, return the same result. */
#include "core/address/ip_parse.h"
#include "tests/unit/address_check.h"

/* A match counts only if it covers the whole text or if a caller accepts the next byte after an
 * address. */
static feri_ipv4_match acceptable_match(feri_ipv4_match match, const char *text, size_t len)
{
    const feri_ipv4_match none = {0, 0};
    if (match.end < len &&
        (text[match.end] == '.' || (text[match.end] >= '0' && text[match.end] <= '9'))) {
        return none;
    }
    return match;
}

static void check_forms(const char *text, size_t len)
{
    char *exact = malloc(len + 1);
    assert_non_null(exact);
    memcpy(exact + 1, text, len);
    const feri_ipv4_match fast =
        acceptable_match(feri_ipv4_match_fast(exact + 1, len, 0), text, len);
    const feri_ipv4_match scalar =
        acceptable_match(feri_ipv4_match_scalar(exact + 1, len, 0), text, len);
    check_true(fast.end == scalar.end && fast.bits == scalar.bits, "the two forms differ", text,
               len);
    free(exact);
}

TEST(all_numbers_of_three_digits_are_read_alike)
{
    for (unsigned value = 0; value < 10000; value++) {
        char text[64];
        for (int width = 1; width <= 4; width++) {
            const int len = snprintf(text, sizeof text, "%0*u.%u.%0*u.%u:80", width, value,
                                     value % 256, width, value % 1000, value % 300);
            check_forms(text, (size_t)len);
            check_forms(text, (size_t)len - 3);
        }
    }
}

TEST(all_rows_of_ten_bytes_are_read_alike)
{
    static const char alphabet[] = {'0', '2', '.', '6'};
    for (unsigned long row = 0; row < 1ul << 20; row++) {
        char text[10];
        for (size_t i = 0; i < sizeof text; i++) {
            text[i] = alphabet[row >> (2 * i) & 3];
        }
        check_forms(text, sizeof text);
    }
}

TEST(every_byte_ends_an_address_alike)
{
    static const char *const texts[] = {"1.2.3.4", "12.34.56.78", "255.255.255.255", "1.2.3.45"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const size_t len = strlen(texts[i]);
        for (size_t at = 0; at <= len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                for (size_t more = 0; more < 12; more++) {
                    char text[64];
                    memset(text, '7', sizeof text);
                    memcpy(text, texts[i], len);
                    text[at] = (char)byte;
                    check_forms(text, len + more);
                }
            }
        }
    }
}

TEST(random_rows_are_read_alike)
{
    static const char alphabet[] = "00112255.....9:x";
    uint64_t seed = 99;
    for (int round = 0; round < 500000; round++) {
        char text[24];
        const size_t len = (size_t)(reference_random(&seed) >> 33) % sizeof text;
        for (size_t i = 0; i < len; i++) {
            text[i] = alphabet[reference_random(&seed) >> 60];
        }
        check_forms(text, len);
    }
}

TEST(valid_addresses_are_read_by_the_portable_form)
{
    uint64_t seed = 3;
    for (int round = 0; round < 100000; round++) {
        const uint32_t bits = (uint32_t)(reference_random(&seed) >> 32);
        char text[24];
        const int len = snprintf(text, sizeof text, "%u.%u.%u.%u", (unsigned)(bits >> 24),
                                 (unsigned)(bits >> 16 & 255), (unsigned)(bits >> 8 & 255),
                                 (unsigned)(bits & 255));
        const feri_ipv4_match match = feri_ipv4_match_scalar(text, (size_t)len, 0);
        assert_true(match.bits == bits && match.end == (uint32_t)len);
    }
}

TEST_MAIN("ip_forms")
