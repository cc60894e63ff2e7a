/* test_ipv4_texts.c: the IPv4 parser beside the reference, for every short row of the bytes that
 * matter, and for every byte in every place of an address. */
#include "core/address/address_text.h"
#include "tests/unit/address_check.h"

/* The text ends at the end of its memory, so a sanitizer detects a read behind it. */
static void check_text(const char *text, size_t len)
{
    uint8_t octets[4] = {0};
    fer_ipv4_addr addr;
    char *exact = malloc(len + 1);
    assert_non_null(exact);
    memcpy(exact + 1, text, len);
    const bool is_address = fer_ipv4_addr_parse_n(&addr, exact + 1, len).kind == FER_OK;
    check_true(is_address == reference_v4(text, len, octets), "the reference differs", text, len);
    check_true(!is_address || memcmp(addr.octets, octets, sizeof octets) == 0,
               "the reference has other octets", text, len);
    const feri_ipv4_match match = feri_ipv4_read(exact, len + 1, 1);
    check_true((match.end == len + 1) == is_address, "the match has another end", text, len);
    free(exact);
}

TEST(all_numbers_of_three_digits_are_read)
{
    for (unsigned value = 0; value < 10000; value++) {
        char text[64];
        for (int width = 1; width <= 4; width++) {
            const int len = snprintf(text, sizeof text, "%0*u.%u.%0*u.%u:80", width, value,
                                     value % 256, width, value % 1000, value % 300);
            check_text(text, (size_t)len);
            check_text(text, (size_t)len - 3);
        }
    }
}

TEST(all_rows_of_ten_bytes_are_read)
{
    static const char alphabet[] = {'0', '2', '.', '6'};
    for (unsigned long row = 0; row < 1ul << 20; row++) {
        char text[10];
        for (size_t i = 0; i < sizeof text; i++) {
            text[i] = alphabet[row >> (2 * i) & 3];
        }
        check_text(text, sizeof text);
    }
}

TEST(every_byte_ends_an_address_or_makes_it_invalid)
{
    static const char *const texts[] = {"1.2.3.4", "12.34.56.78", "255.255.255.255", "1.2.3.45"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const size_t len = strlen(texts[i]);
        for (size_t at = 0; at <= len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char text[64];
                memset(text, '7', sizeof text);
                memcpy(text, texts[i], len);
                text[at] = (char)byte;
                check_text(text, len);
                check_text(text, len + 1);
            }
        }
    }
}

TEST(an_address_before_other_text_is_matched)
{
    uint64_t seed = 3;
    for (int round = 0; round < 100000; round++) {
        const uint32_t bits = (uint32_t)(reference_random(&seed) >> 32);
        char text[32];
        const int len = snprintf(text, sizeof text, "%u.%u.%u.%u", (unsigned)(bits >> 24),
                                 (unsigned)(bits >> 16 & 255), (unsigned)(bits >> 8 & 255),
                                 (unsigned)(bits & 255));
        memcpy(&text[len], ":80", 4);
        const feri_ipv4_match match = feri_ipv4_read(text, strlen(text), 0);
        assert_true(match.bits == bits && match.end == (uint32_t)len);
    }
}

TEST_MAIN("ipv4_texts")
