/* wp_cursor.h: the cursor, and the contract of its reader of decimal numbers, which wp_parse.c
 * proves and others assume. */
#ifndef PROOF_WP_CURSOR_H
#define PROOF_WP_CURSOR_H

#include "core/address/address_text.h"

/*@ predicate is_cursor{L}(feri_addr_cursor *cursor) =
      \valid(cursor) && cursor->index <= cursor->len &&
      \valid_read(cursor->text + (0 .. cursor->len - 1)) &&
      \separated(cursor, cursor->text + (0 .. cursor->len - 1));
*/

/*@ requires is_cursor(cursor) && \valid(value);
    requires \separated(value, cursor, cursor->text + (0 .. cursor->len - 1));
    assigns cursor->index, *value;
    ensures \old(cursor->index) <= cursor->index <= cursor->len;
    ensures cursor->index == digits_end(cursor->text, \old(cursor->index), cursor->len);
    ensures \result != 0 <==>
      cursor->index > \old(cursor->index) &&
      number(cursor->text, \old(cursor->index), cursor->index) <= limit;
    ensures \result != 0 ==> *value == number(cursor->text, \old(cursor->index), cursor->index);
    ensures \result == 0 ==> *value == \old(*value); */
static inline bool feri_addr_cursor_read_decimal(feri_addr_cursor *cursor, uint32_t limit,
                                                 uint32_t *value);

#endif
