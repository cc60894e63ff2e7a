/* wp_format.c: the text of an IPv4 address, said in divisions, for Frama-C's WP to prove of the words that the formatter stores. */
#include "core/text.h"

/*@ requires \valid_read(text + (0 .. len - 1)) && len < PTRDIFF_MAX;
    requires buf == \null || cap == 0 || (\valid(buf + (0 .. cap - 1)) && \separated(text + (0 .. len - 1), buf + (0 .. cap - 1)));
    assigns buf[0 .. cap - 1];
    ensures \result == (buf == \null && cap != 0 ? 0 : len);
    ensures buf != \null && cap > 0 ==> \forall integer k; 0 <= k < len && k < cap - 1 ==> buf[k] == \at(text[k], Pre);
    ensures buf != \null && cap > len ==> buf[len] == 0;
    ensures buf != \null && 0 < cap <= len ==> buf[cap - 1] == 0; */
size_t feri_text_store(const char *text, size_t len, char *buf, size_t cap);

#include "core/text.c"
