/* wp_format.c: the text of an IPv4 address, specified with divisions. Frama-C's WP proves it for
 * the bytes that the formatter stores, with every buffer size. */
#include "core/address/ip_format.c"
#include "core/base/text.c"

/* The digits of an octet. eva_octets.c defines them, and proves that the two table-driven functions
 * store them. */
/*@ axiomatic Octet {
      logic integer digits(integer octet);
      logic integer digit(integer octet, integer k);
      axiom one_to_three_digits: \forall integer octet; 1 <= digits(octet) <= 3;
    }
*/

/* An octet's digits and a following byte at text[i], as far as they are before `room`.
 * clang-format would split ==>. */
/* clang-format off */
#define OCTET_AT(text, i, n, room)                                  \
    (\forall integer at_;                                           \
        (i) <= at_ < (i) + digits(n) && at_ < (room) ==>            \
        (text)[at_] == digit(n, at_ - (i)))
#define OCTET_AND(text, i, n, room, byte)                           \
    (OCTET_AT(text, i, n, room) &&                                  \
     ((i) + digits(n) < (room) ==> (text)[(i) + digits(n)] == (byte)))
/* clang-format on */

/* The offsets at which the octets of an address start and end, from the first. */
#define AT_B(v4) (digits(v4[0]) + 1)
#define AT_C(v4) (AT_B(v4) + digits(v4[1]) + 1)
#define AT_D(v4) (AT_C(v4) + digits(v4[2]) + 1)
#define AT_END(v4) (AT_D(v4) + digits(v4[3]))

/*@ requires \valid(text + (at .. at + 3)) && at <= PTRDIFF_MAX;
    assigns text[at .. at + 3];
    ensures \result == digits(octet) + 1;
    ensures OCTET_AND(text, at, octet, at + 4, '.'); */
static inline size_t feri_octet_store(char *text, size_t at, uint8_t octet);

/*@ requires \valid(text + (at .. at + 3)) && at <= PTRDIFF_MAX;
    assigns text[at .. at + digits(octet)];
    ensures \result == digits(octet);
    ensures OCTET_AND(text, at, octet, at + 4, 0); */
static inline size_t feri_last_octet_store(char *text, size_t at, uint8_t octet);

/*@ requires \valid(text + (at .. at + 15)) && at <= 128 && \valid_read(addr) &&
      \separated(addr, text + (at .. at + 15));
    assigns text[at .. at + 15];
    ensures \result == AT_END(addr->octets) && 7 <= \result <= 15;
    ensures text[at + AT_END(addr->octets)] == 0;
    ensures OCTET_AND(text, at, addr->octets[0], at + 16, '.');
    ensures OCTET_AND(text, at + AT_B(addr->octets), addr->octets[1], at + 16, '.');
    ensures OCTET_AND(text, at + AT_C(addr->octets), addr->octets[2], at + 16, '.');
    ensures OCTET_AND(text, at + AT_D(addr->octets), addr->octets[3], at + 16, 0); */
static inline size_t feri_ipv4_store(char *text, size_t at, const fer_ipv4_addr *addr);

/*@ requires \valid(out) && out->len <= 112 && \valid_read(addr) && \separated(addr, out);
    assigns *out;
    ensures out->len == \old(out->len) + AT_END(addr->octets) && AT_END(addr->octets) <= 15;
    ensures OCTET_AND((&out->text[0]), \old(out->len), addr->octets[0], 128, '.');
    ensures OCTET_AND((&out->text[0]), \old(out->len) + AT_B(addr->octets), addr->octets[1], 128,
      '.');
    ensures OCTET_AND((&out->text[0]), \old(out->len) + AT_C(addr->octets), addr->octets[2], 128,
      '.');
    ensures OCTET_AT((&out->text[0]), \old(out->len) + AT_D(addr->octets), addr->octets[3], 128); */
void feri_ipv4_write(feri_addr_text *out, const fer_ipv4_addr *addr);

/*@ requires \valid_read(text + (0 .. len - 1)) && len < PTRDIFF_MAX;
    requires buf == \null || cap == 0 ||
      (\valid(buf + (0 .. cap - 1)) && \separated(text + (0 .. len - 1), buf + (0 .. cap - 1)));
    assigns buf[0 .. cap - 1];
    ensures \result == (buf == \null && cap != 0 ? 0 : len);
    ensures buf != \null && cap > 0 ==> \forall integer k;
      0 <= k < len && k < cap - 1 ==> buf[k] == \at(text[k], Pre);
    ensures buf != \null && cap > len ==> buf[len] == 0;
    ensures buf != \null && 0 < cap <= len ==> buf[cap - 1] == 0; */
size_t feri_text_store(const char *restrict text, size_t len, char *restrict buf, size_t cap);

/*@ requires buf == \null || cap == 0 || \valid(buf + (0 .. cap - 1));
    assigns buf[0 .. cap - 1];
    ensures buf == \null && cap != 0 ==> \result == 0;
    ensures buf != \null || cap == 0 ==> \result == AT_END(addr.octets);
    ensures buf != \null && cap > 0 ==> OCTET_AND(buf, 0, addr.octets[0], cap - 1, '.');
    ensures buf != \null && cap > 0 ==>
      OCTET_AND(buf, AT_B(addr.octets), addr.octets[1], cap - 1, '.');
    ensures buf != \null && cap > 0 ==>
      OCTET_AND(buf, AT_C(addr.octets), addr.octets[2], cap - 1, '.');
    ensures buf != \null && cap > 0 ==> OCTET_AT(buf, AT_D(addr.octets), addr.octets[3], cap - 1);
    ensures buf != \null && cap > AT_END(addr.octets) ==> buf[AT_END(addr.octets)] == 0;
    ensures buf != \null && 0 < cap <= AT_END(addr.octets) ==> buf[cap - 1] == 0; */
size_t fer_ipv4_addr_format(fer_ipv4_addr addr, char *buf, size_t cap);
