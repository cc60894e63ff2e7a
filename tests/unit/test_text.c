/* test_text.c: how every format function stores its text in the caller's buffer. */
#include <stdbool.h>
#include <string.h>

#include "core/base/text.h"
#include "support/group.h"

#define WHOLE "a text of 20 bytes.."
#define WHOLE_LEN (sizeof WHOLE - 1)

TEST(a_text_of_any_length_is_cut_to_any_capacity_and_ended)
{
    for (size_t len = 0; len <= WHOLE_LEN; len++) {
        for (size_t cap = 1; cap <= WHOLE_LEN + 3; cap++) {
            char got[40];
            char untouched[40];
            size_t kept = len < cap ? len : cap - 1;
            memset(got, '#', sizeof got);
            memset(untouched, '#', sizeof untouched);
            assert_int_equal(feri_text_store(WHOLE, len, got, cap), len);
            assert_memory_equal(got, WHOLE, kept);
            assert_int_equal(got[kept], '\0');
            assert_memory_equal(got + kept + 1, untouched, sizeof got - kept - 1);
        }
    }
}

TEST(capacities_at_the_ends_of_their_range_are_valid)
{
    char got[40] = "#";
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, got, 0), WHOLE_LEN);
    assert_string_equal(got, "#");
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, NULL, 0), WHOLE_LEN);
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, NULL, 1), 0);
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, NULL, SIZE_MAX), 0);
    assert_int_equal(feri_text_store(WHOLE, WHOLE_LEN, got, SIZE_MAX), WHOLE_LEN);
    assert_string_equal(got, WHOLE);
}

TEST(a_text_of_the_system_has_one_line_of_whole_characters)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"Protocol error", "Protocol error"},
        {"Ung\xc3\xbcltiger Name.\r\n", "Ung\xc3\xbcltiger Name"},
        {"two\nlines\t\x7f. ", "two lines"},
        {"...", ""},
        {" . \n", ""},
        {"cut \xc0", "cut"},
        {"cut \xe3\x80", "cut"},
        {"cut \xf0\x9f\x98", "cut"},
        {"cut \xe0\xbf", "cut"},
        {"\xdf\xbf", "\xdf\xbf"},
        {"\xef\xbc\x81", "\xef\xbc\x81"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xc3", ""},
        {"cut \xe2. \xc3", "cut"},
        {"cut\xc3\xe2", "cut"},
        {"\x81\x82\x83\x84", "\x81\x82\x83\x84"},
        {"\x81", "\x81"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[33] = {i % 2 != 0 ? ' ' : '\xf0'}; /* a byte before the text is no part of it */
        char *text = buf + 1;
        strncpy(text, rows[i].text, sizeof buf - 2);
        assert_int_equal(feri_text_tidy(text, sizeof buf - 1), strlen(rows[i].want));
        assert_string_equal(text, rows[i].want);
    }
}

TEST(a_text_that_fills_its_buffer_is_tidied_too)
{
    char text[8] = "1234567";
    assert_int_equal(feri_text_tidy(text, sizeof text), 7);
    assert_string_equal(text, "1234567");
    assert_int_equal(feri_text_tidy(text, 1), 0);
    assert_string_equal(text, "");
}

TEST_MAIN("text")
