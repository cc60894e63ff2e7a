/* wp_parse.c: contracts of the parsers of numbers, octets and IPv4 addresses, for Frama-C's WP.
 * frama_c.h defines the terms. */
#include "tests/proof/wp_cursor.h"

/*@ requires is_cursor(cursor) && ahead <= 3 && cursor->len <= PTRDIFF_MAX;
    assigns \nothing;
    ensures cursor->index + ahead < cursor->len ==>
      \result == (uint8_t)cursor->text[cursor->index + ahead];
    ensures cursor->index + ahead >= cursor->len ==> \result == 0; */
static inline uint32_t feri_addr_cursor_peek(const feri_addr_cursor *cursor, size_t ahead);

/*@ requires is_cursor(cursor) && cursor->len <= PTRDIFF_MAX && wanted > 0;
    assigns cursor->index;
    ensures \result == true || \result == false;
    ensures \result != 0 <==>
      \old(cursor->index < cursor->len && cursor->text[cursor->index] == wanted);
    ensures cursor->index == \old(cursor->index) + \result; */
static inline bool feri_addr_cursor_take(feri_addr_cursor *cursor, char wanted);

#include "core/address/ip_parse.c"

#ifndef OCTETS_ARE_OPAQUE
/*@ requires is_cursor(cursor) && ahead <= 2 && cursor->len <= PTRDIFF_MAX;
    assigns \nothing;
    ensures digit_at(cursor->text, cursor->index + ahead, cursor->len) == \true ==>
      \result == cursor->text[cursor->index + ahead] - '0';
    ensures digit_at(cursor->text, cursor->index + ahead, cursor->len) == \false ==> \result > 9; */
static inline uint32_t feri_digit_peek(const feri_addr_cursor *cursor, size_t ahead);

#endif

/*@ requires \valid(cursor) && \valid(bits) && \separated(cursor, bits);
    requires 1 <= digits <= 3 && cursor->index + digits <= cursor->len &&
      cursor->len <= PTRDIFF_MAX && value <= 999;
    assigns cursor->index, *bits;
    ensures cursor->index == \old(cursor->index) + digits;
    ensures \result != 0 <==> value <= 255;
    ensures value <= 255 && \old(*bits) <= 0xFFFFFF ==> *bits == 256 * \old(*bits) + value; */
static inline bool feri_octet_take(feri_addr_cursor *cursor, size_t digits, uint32_t value,
                                   uint32_t *bits);

/*@ requires is_cursor(cursor) && cursor->len <= PTRDIFF_MAX && \valid(bits);
    requires \separated(bits, cursor, cursor->text + (0 .. cursor->len - 1));
    assigns cursor->index, *bits;
    ensures \result != 0 <==> is_octet(cursor->text, \old(cursor->index), cursor->len);
    ensures cursor->index <= cursor->len;
    ensures \result != 0 ==>
      cursor->index == octet_end(cursor->text, \old(cursor->index), cursor->len);
    ensures cursor->index <= \old(cursor->index) + 3;
    ensures \result != 0 ==> cursor->index > \old(cursor->index);
    ensures \result != 0 ==>
      0 <= octet_value(cursor->text, \old(cursor->index), cursor->len) <= 255;
    ensures \result != 0 && \old(*bits) <= 0xFFFFFF ==>
      *bits == 256 * \old(*bits) + octet_value(cursor->text, \old(cursor->index), cursor->len); */
static inline bool feri_octet_read(feri_addr_cursor *cursor, uint32_t *bits);

/*@ // The result of the matcher.
    predicate is_match{L}(char *text, integer index, integer len, integer end, integer bits) =
      (IS_IPV4(text, index, len) ==>
        end == IPV4_END(text, index, len) && bits == IPV4_BITS(text, index, len) &&
        index < end <= len &&
        0 <= octet_value(text, index, len) <= 255 &&
        0 <= octet_value(text, OCTET_2(text, index, len), len) <= 255 &&
        0 <= octet_value(text, OCTET_3(text, index, len), len) <= 255 &&
        0 <= octet_value(text, OCTET_4(text, index, len), len) <= 255) &&
      (!IS_IPV4(text, index, len) ==> end == 0);
*/

/*@ requires \valid_read(text + (0 .. len - 1)) && index <= len <= PTRDIFF_MAX && index <= 45;
    assigns \nothing;
    ensures is_match(text, index, len, \result.end, \result.bits); */
feri_ipv4_match feri_ipv4_read(const char *text, size_t len, size_t index);

/*@ assigns \nothing;
    ensures \result.octets[0] == bits / 0x1000000;
    ensures \result.octets[1] == bits / 0x10000 % 0x100;
    ensures \result.octets[2] == bits / 0x100 % 0x100;
    ensures \result.octets[3] == bits % 0x100; */
static inline fer_ipv4_addr feri_ipv4_of_bits(uint32_t bits);

/*@ assigns \nothing;
    ensures \result.kind == FER_OK && \result.os_code == 0; */
static inline fer_error feri_ok(void);

/*@ assigns \nothing;
    ensures \result.kind == kind && \result.os_code == 0; */
static inline fer_error feri_own_error(fer_error_kind kind);

/*@ requires text == \null || (\valid_read(text + (0 .. len - 1)) && len <= PTRDIFF_MAX);
    requires out == \null ||
      (\valid(out) && (text == \null || \separated(out, text + (0 .. len - 1))));
    assigns out->octets[0 .. 3];
    ensures \result.os_code == 0 && (\result.kind == FER_OK || \result.kind == FER_INVALID_INPUT ||
      \result.kind == FER_MISUSE);
    ensures \result.kind == FER_OK <==>
      out != \null && text != \null &&
      \at(IS_IPV4(text, 0, len) && IPV4_END(text, 0, len) == len, Pre);
    ensures \result.kind == FER_OK ==> out->octets[0] == \at(octet_value(text, 0, len), Pre) &&
      out->octets[1] == \at(octet_value(text, OCTET_2(text, 0, len), len), Pre) &&
      out->octets[2] == \at(octet_value(text, OCTET_3(text, 0, len), len), Pre) &&
      out->octets[3] == \at(octet_value(text, OCTET_4(text, 0, len), len), Pre);
    ensures \result.kind != FER_OK && out != \null ==> \forall integer k;
      0 <= k < 4 ==> out->octets[k] == \old(out->octets[k]); */
fer_error fer_ipv4_addr_parse_n(fer_ipv4_addr *out, const char *text, size_t len);
