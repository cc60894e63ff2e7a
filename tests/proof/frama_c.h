/* frama_c.h: the definitions that the annotations use. Frama-C 25 reads this file before every
 * other file, because it finds them only here. */
#ifndef PROOF_FRAMA_C_H
#define PROOF_FRAMA_C_H

#include <stdint.h>

/* Four octets separated by dots, starting at i: the start of each, whether the text matches, the
 * end of the last one, and their value. These are macros, so that the solvers get the same terms
 * everywhere. */
#define OCTET_2(text, i, len) (octet_end(text, i, len) + 1)
#define OCTET_3(text, i, len) (octet_end(text, OCTET_2(text, i, len), len) + 1)
#define OCTET_4(text, i, len) (octet_end(text, OCTET_3(text, i, len), len) + 1)
#define IPV4_END(text, i, len) octet_end(text, OCTET_4(text, i, len), len)
#define IS_OCTET_AND_DOT(text, i, len)                          \
    (is_octet(text, i, len) && octet_end(text, i, len) < len && \
     text[octet_end(text, i, len)] == '.')
#define IS_IPV4(text, i, len)                                                                \
    (IS_OCTET_AND_DOT(text, i, len) && IS_OCTET_AND_DOT(text, OCTET_2(text, i, len), len) && \
     IS_OCTET_AND_DOT(text, OCTET_3(text, i, len), len) &&                                   \
     is_octet(text, OCTET_4(text, i, len), len))
#define IPV4_BITS(text, i, len)                                \
    (0x1000000 * octet_value(text, i, len) +                   \
     0x10000 * octet_value(text, OCTET_2(text, i, len), len) + \
     0x100 * octet_value(text, OCTET_3(text, i, len), len) +   \
     octet_value(text, OCTET_4(text, i, len), len))

/* Properties of a loop that WP proves. Eva does not need them and would only report them as
 * unknown. */
#ifdef FOR_EVA
#define BY_WP(...) (0 == 0)
#define VARIANT_OF_WP(...) 0
#else
#define BY_WP(...) (__VA_ARGS__)
#define VARIANT_OF_WP(...) (__VA_ARGS__)
#endif

/* Frama-C 25 does not parse it. Compilers do. */
#define _Static_assert(condition, text)

/*@ predicate is_digit(integer c) = '0' <= c <= '9';

    axiomatic Decimal {
      // The end of the run of digits that starts at i, within len bytes.
      logic integer digits_end{L}(char *text, integer i, integer len) reads text[i .. len - 1];
      axiom digits_end_here{L}: \forall char *text, integer i, len;
        (i >= len || !is_digit(text[i])) ==> digits_end(text, i, len) == i;
      axiom digits_end_later{L}: \forall char *text, integer i, len;
        i < len && is_digit(text[i]) ==> digits_end(text, i, len) == digits_end(text, i + 1, len);

      // The number that the digits from i to j - 1 represent.
      logic integer number{L}(char *text, integer i, integer j) reads text[i .. j - 1];
      axiom number_of_none{L}: \forall char *text, integer i; number(text, i, i) == 0;
      axiom number_of_more{L}: \forall char *text, integer i, j;
        i < j ==> number(text, i, j) == 10 * number(text, i, j - 1) + (text[j - 1] - '0');
    }

    // C's rules for conversions (C11 6.3.1.3), and for >> and & of values that are not negative
    // (6.5.7, 6.5.10), which WP's library leaves open.
    axiomatic Bits {
      axiom to_uint8_adds: \forall integer x; -256 <= x < 0 ==> (uint8_t)x == x + 256;
      axiom to_uint32_adds: \forall integer x;
        -0x100000000 <= x < 0 ==> (uint32_t)x == x + 0x100000000;
      axiom right_shift_divides: \forall integer x, k; x >= 0 ==>
        (k == 0 ==> (x >> k) == x) && (k == 8 ==> (x >> k) == x / 0x100) &&
        (k == 16 ==> (x >> k) == x / 0x10000) && (k == 24 ==> (x >> k) == x / 0x1000000);
      axiom left_shift_multiplies: \forall integer x, k; x >= 0 ==>
        (k == 8 ==> (x << k) == x * 0x100) && (k == 16 ==> (x << k) == x * 0x10000) &&
        (k == 24 ==> (x << k) == x * 0x1000000);
      axiom and_takes_the_low_byte: \forall integer x; x >= 0 ==> (x & 0xFF) == x % 0x100;
    }
*/

/* The octet at i: whether it is valid, its end and its value. A proof that uses no other properties
 * of these functions holds for their definitions too. */
#ifdef OCTETS_ARE_OPAQUE
/*@ axiomatic Octet {
      predicate is_octet{L}(char *text, integer i, integer len) reads text[i .. i + 2];
      logic integer octet_end{L}(char *text, integer i, integer len) reads text[i .. i + 2];
      logic integer octet_value{L}(char *text, integer i, integer len) reads text[i .. i + 2];
    }
*/
#else
/*@ logic boolean digit_at{L}(char *text, integer i, integer len) =
      i < len && '0' <= text[i] && text[i] <= '9';
    logic integer octet_digits{L}(char *text, integer i, integer len) =
      digit_at(text, i, len) == \false ? 0 :
      digit_at(text, i + 1, len) == \false ? 1 :
      digit_at(text, i + 2, len) == \false ? 2 : 3;
    logic integer octet_end{L}(char *text, integer i, integer len) = i + octet_digits(text, i, len);
    logic integer octet_value{L}(char *text, integer i, integer len) =
      octet_digits(text, i, len) == 1 ? text[i] - '0' :
      octet_digits(text, i, len) == 2 ? 10 * (text[i] - '0') + (text[i + 1] - '0') :
      100 * (text[i] - '0') + 10 * (text[i + 1] - '0') + (text[i + 2] - '0');
    predicate is_octet{L}(char *text, integer i, integer len) =
      octet_digits(text, i, len) > 0 && (octet_digits(text, i, len) > 1 ==> text[i] != '0') &&
      octet_value(text, i, len) <= 255;
*/
#endif

#endif
