/* wp_control.c: contracts of the reader and the writer of control messages, for Frama-C's WP: in a
 * block of any size, in any layout. eva_control.c checks the numbers and the copies that are only
 * declared here. */
#include "platform/common/control.h"

/*@ predicate is_layout(ferp_control_layout layout) =
      (layout.len_size == 4 || layout.len_size == 8) && 0 < layout.align &&
      layout.len_at + layout.len_size <= layout.header &&
      layout.level_at + 8 <= layout.header;
*/

/*@ requires size == 4 || size == 8;
    requires \valid_read(bytes + (0 .. size - 1));
    assigns \nothing; */
static uint64_t control_length_at(const unsigned char *bytes, uint8_t size);

/*@ requires \valid_read(bytes + (0 .. 3));
    assigns \nothing; */
static int control_int_at(const unsigned char *bytes);

/*@ requires layout.align > 0;
    assigns \nothing;
    ensures \result < layout.align; */
static size_t control_padding(ferp_control_layout layout, size_t len);

/*@ requires is_layout(layout);
    requires layout.header + message->data_len <= space;
    requires \valid(bytes + (0 .. space - 1));
    assigns bytes[0 .. space - 1]; */
static void control_write(ferp_control_layout layout, unsigned char *bytes, size_t space,
                          const ferp_control_message *message);

#include "platform/common/control.c"

/*@ requires is_layout(layout);
    requires at <= len && layout.header <= len - at && layout.header <= length;
    assigns \nothing;
    ensures the_data_is_in_the_block: at + layout.header + \result.data_len <= len;
    ensures cut_to_the_block: \result.is_cut != 0 <==> length > len - at;
    ensures whole_unless_cut:
      \result.is_cut == 0 ==> layout.header + \result.data_len == length;
    ensures all_that_is_there:
      \result.is_cut != 0 ==> at + layout.header + \result.data_len == len;
    ensures it_ends: at < \result.next <= len;
    ensures after_the_data: at + layout.header + \result.data_len <= \result.next; */
static control_span control_span_of(ferp_control_layout layout, size_t len, size_t at,
                                    uint64_t length);

/*@ requires is_layout(layout) && \valid(at) && \valid(out) && \separated(at, out);
    requires *at <= len;
    requires \valid_read(control + (0 .. len - 1));
    requires \separated(at, control + (0 .. len - 1));
    requires \separated(out, control + (0 .. len - 1));
    assigns *at, *out;
    ensures *at <= len;
    ensures it_ends: \result != 0 ==> *at > \old(*at);
    ensures nothing_follows_the_end: \result == 0 ==> *at == len && *out == \old(*out);
    ensures the_data_is_in_the_block: \result != 0 ==>
      out->data == control + \old(*at) + layout.header &&
      \old(*at) + layout.header + out->data_len <= *at;
    ensures a_cut_message_is_the_last: \result != 0 && out->is_cut != 0 ==> *at == len; */
bool ferp_control_next(ferp_control_layout layout, const unsigned char *control, size_t len,
                       size_t *at, ferp_control_message *out);

/*@ requires is_layout(layout);
    assigns \nothing;
    ensures \result <= left;
    ensures no_space_or_all_of_it:
      \result == 0 || layout.header + data_len <= \result < layout.header + data_len + layout.align;
    ensures what_fits_has_space:
      left >= layout.header + data_len + layout.align ==> \result > 0; */
static size_t control_space_within(ferp_control_layout layout, size_t left, size_t data_len);

/*@ requires is_layout(layout) && \valid(len) && *len <= cap;
    requires \valid(control + (0 .. cap - 1));
    requires \separated(len, control + (0 .. cap - 1));
    assigns *len, control[*len .. cap - 1];
    ensures within_the_block: \old(*len) <= *len <= cap;
    ensures unchanged_if_it_does_not_fit: \result == 0 ==> *len == \old(*len) &&
      \forall integer k; \old(*len) <= k < cap ==> control[k] == \old(control[k]);
    ensures nothing_after_it_is_written: \result != 0 ==>
      *len >= \old(*len) + layout.header + data_len &&
      \forall integer k; *len <= k < cap ==> control[k] == \old(control[k]); */
bool ferp_control_append(ferp_control_layout layout, unsigned char *control, size_t cap,
                         size_t *len, int level, int type, const void *data, size_t data_len);
