/* text.c: stores the text of every _format function. */
#include "core/base/text.h"

#include "core/base/assert.h"

size_t feri_text_store(const char *text, size_t len, char *buf, size_t cap)
{
    FERI_ASSERT(text != NULL);
    if (buf == NULL) {
        return cap == 0 ? len : 0;
    }
    if (cap == 0) {
        return len;
    }
    size_t stored = 0;
    /*@ loop invariant BY_WP(stored <= len && stored <= cap - 1);
        loop invariant BY_WP(\forall integer k; 0 <= k < stored ==> buf[k] == text[k]);
        loop invariant BY_WP(\forall integer k; 0 <= k < len ==> text[k] == \at(text[k], Pre));
        loop assigns stored, buf[0 .. cap - 2];
        loop variant len - stored; */
    while (stored < len && stored < cap - 1) {
        buf[stored] = text[stored];
        stored++;
    }
    buf[stored] = '\0';
    return len;
}
