/* wp_host_port.c: contracts of the functions that split "host:port", for Frama-C's WP: the host
 * ends at the last colon, the port is a number up to 65535, and brackets are removed from a host
 * with a colon. wp_parse.c proves the contract of the cursor's reader of decimal numbers. */
#include "tests/proof/wp_cursor.h"

/*@ // The length of a NUL-terminated text. is_text defines it.
    axiomatic Text {
      logic integer text_len{L}(char *text) reads text[0 ..];
    }
    predicate is_text{L}(char *text) =
      0 <= text_len(text) < PTRDIFF_MAX && \valid_read(text + (0 .. text_len(text))) &&
      text[text_len(text)] == 0 &&
      \forall integer k; 0 <= k < text_len(text) ==> text[k] != 0;

    predicate has_no_colon{L}(char *text, integer from, integer len) =
      \forall integer k; from <= k < len ==> text[k] != ':';

    // The index of the last colon, or -1.
    axiomatic Last_colon {
      logic integer last_colon{L}(char *text, integer len) reads text[0 .. len - 1];
      axiom no_colon{L}: \forall char *text, integer len;
        has_no_colon(text, 0, len) ==> last_colon(text, len) == -1;
      axiom one_or_more_colons{L}: \forall char *text, integer colon, len;
        0 <= colon < len && text[colon] == ':' && has_no_colon(text, colon + 1, len) ==>
        last_colon(text, len) == colon;
    }

    // One or more digits, and nothing else, of a number up to 65535.
    predicate is_port{L}(char *text, integer len) =
      len > 0 && digits_end(text, 0, len) == len && number(text, 0, len) <= 65535;

    predicate is_bracketed{L}(char *host, integer len) =
      host[0] == '[' && host[len - 1] == ']' && !has_no_colon(host, 0, len);
*/

/*@ requires \valid_read(cursor);
    assigns \nothing;
    ensures \result != 0 <==> cursor->index == cursor->len; */
static inline bool feri_addr_cursor_is_at_end(const feri_addr_cursor *cursor);

/*@ assigns \nothing;
    ensures \result.kind == FER_OK && \result.os_code == 0; */
static inline fer_error feri_ok(void);

/*@ assigns \nothing;
    ensures \result.kind == kind && \result.os_code == 0; */
static inline fer_error feri_own_error(fer_error_kind kind);

/*@ requires is_text(text) && \valid(len) && \separated(len, text + (0 .. text_len(text)));
    assigns *len;
    ensures *len == \old(text_len(text));
    ensures last_colon(text, *len) == (\result == SIZE_MAX ? -1 : \result);
    ensures \result != SIZE_MAX ==> \result < *len; */
static size_t find_last_colon(const char *text, size_t *len);

/*@ requires \valid_read(text + (0 .. len - 1)) && len <= PTRDIFF_MAX && \valid(out);
    requires \separated(out, text + (0 .. len - 1));
    assigns *out;
    ensures \result != 0 <==> \old(is_port(text, len));
    ensures \result != 0 ==> *out == \old(number(text, 0, len));
    ensures \result == 0 ==> *out == \old(*out); */
static bool parse_port(const char *text, size_t len, uint16_t *out);

/*@ requires \valid(parts) && 0 < parts->host_len <= PTRDIFF_MAX;
    requires \valid_read(parts->host + (0 .. parts->host_len - 1));
    requires \separated(parts, parts->host + (0 .. parts->host_len - 1));
    assigns parts->host, parts->host_len;
    ensures \old(is_bracketed(parts->host, parts->host_len)) ==>
      parts->host == \old(parts->host) + 1 && parts->host_len == \old(parts->host_len) - 2;
    ensures !\old(is_bracketed(parts->host, parts->host_len)) ==>
      parts->host == \old(parts->host) && parts->host_len == \old(parts->host_len); */
static void strip_brackets(feri_host_port *parts);

/*@ requires \valid(out) && is_text(text) && \separated(out, text + (0 .. text_len(text)));
    assigns *out;
    ensures \result.os_code == 0 && (\result.kind == FER_OK || \result.kind == FER_INVALID_INPUT);
    ensures \result.kind == FER_OK <==> \old(
      last_colon(text, text_len(text)) > 0 &&
      is_port(text + last_colon(text, text_len(text)) + 1,
              text_len(text) - last_colon(text, text_len(text)) - 1));
    ensures \result.kind == FER_OK ==> out->port == \old(
      number(text + last_colon(text, text_len(text)) + 1, 0,
             text_len(text) - last_colon(text, text_len(text)) - 1));
    ensures \result.kind == FER_OK ==>
      (\old(is_bracketed(text, last_colon(text, text_len(text)))) ?
        out->host == text + 1 && out->host_len == \old(last_colon(text, text_len(text))) - 2 :
        out->host == text && out->host_len == \old(last_colon(text, text_len(text))));
    ensures \result.kind != FER_OK ==> *out == \old(*out); */
fer_error feri_host_port_split(feri_host_port *out, const char *text);

#include "core/address/host_port.c"
