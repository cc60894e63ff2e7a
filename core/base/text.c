/* text.c: stores the text of every _format function, and tidies texts of the system. */
#include "core/base/text.h"

#include "core/base/compiler.h"

/* The length without a last character of UTF-8 that was cut. A byte 0x80 to 0xbf continues a
 * character; the first byte shows its length (RFC 3629, 3). */
static size_t whole_characters(const char *text, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char byte = (unsigned char)text[len - back];
        if (byte < 0x80 || byte >= 0xc0) {
            size_t whole = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
            return whole > back ? len - back : len;
        }
    }
    return len;
}

size_t feri_text_tidy(char *text, size_t cap)
{
    FERI_ASSERT(text != NULL);
    size_t len = 0;
    for (; len < cap - 1 && text[len] != '\0'; len++) {
        unsigned char byte = (unsigned char)text[len];
        text[len] = byte < ' ' || byte == 0x7f ? ' ' : text[len];
    }
    for (size_t before = len + 1; len != before;) {
        before = len;
        len = whole_characters(text, len);
        if (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '.')) {
            len--;
        }
    }
    text[len] = '\0';
    return len;
}

size_t feri_text_store(const char *restrict text, size_t len, char *restrict buf, size_t cap)
{
    FERI_ASSERT(text != NULL);
    if (buf == NULL) {
        return cap == 0 ? len : 0;
    }
    if (cap == 0) {
        return len;
    }
    const size_t stored = len < cap ? len : cap - 1;
    /*@ loop invariant BY_WP(i <= stored);
        loop invariant BY_WP(\forall integer k; 0 <= k < i ==> buf[k] == text[k]);
        loop invariant BY_WP(\forall integer k; 0 <= k < len ==> text[k] == \at(text[k], Pre));
        loop assigns i, buf[0 .. cap - 2];
        loop variant stored - i; */
    for (size_t i = 0; i < stored; i++) {
        buf[i] = text[i];
    }
    buf[stored] = '\0';
    return len;
}
