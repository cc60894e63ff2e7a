/* socket_addr_parse.c: parses socket addresses by the strict grammar of Rust 1.95. Never a name,
 * never a resolver.
 *
 *   v4 = ip ":" port
 *   v6 = "[" ip [ "%" scope ] "]" ":" port
 *   port, scope: decimal digits, leading zeros allowed */
#include <string.h>

#include "core/address/addr_cursor.h"
#include "core/address/ip_parse.h"
#include "ferrule/socket_addr.h"

/* Reads ":port", which must be the end of the text. */
static bool feri_port_read_last(feri_addr_cursor *cursor, uint16_t *port)
{
    uint32_t value = 0;
    if (!feri_addr_cursor_take(cursor, ':') ||
        !feri_addr_cursor_read_decimal(cursor, UINT16_MAX, &value)) {
        return false;
    }
    FERI_ASSERT(value <= UINT16_MAX);
    *port = (uint16_t)value;
    return feri_addr_cursor_is_at_end(cursor);
}

/* Reads "%scope", if it is present. */
static bool feri_scope_read(feri_addr_cursor *cursor, uint32_t *scope_id)
{
    FERI_ASSERT(*scope_id == 0);
    return !feri_addr_cursor_take(cursor, '%') ||
           feri_addr_cursor_read_decimal(cursor, UINT32_MAX, scope_id);
}

static fer_error feri_socket_addr_parse_v4(fer_socket_addr *out, const char *text, size_t len)
{
    uint16_t port = 0;
    const feri_ipv4_match ip = feri_ipv4_match_fast(text, len, 0);
    feri_addr_cursor cursor = {text, len, ip.end};
    if (ip.end == 0 || !feri_port_read_last(&cursor, &port)) {
        return feri_addr_parse_result(false);
    }
    feri_ip_addr_set_v4(&out->ip, ip.bits);
    out->port = port;
    out->flowinfo = 0;
    out->scope_id = 0;
    return feri_addr_parse_result(true);
}

static fer_error feri_socket_addr_parse_v6(fer_socket_addr *out, const char *text, size_t len)
{
    feri_addr_cursor cursor = {text, len, 1}; /* after the "[" */
    fer_ipv6_addr ip = {{0}};
    uint32_t scope_id = 0;
    uint16_t port = 0;
    if (!feri_ipv6_read(&cursor, &ip) || !feri_scope_read(&cursor, &scope_id) ||
        !feri_addr_cursor_take(&cursor, ']') || !feri_port_read_last(&cursor, &port)) {
        return feri_addr_parse_result(false);
    }
    feri_ip_addr_set_v6(&out->ip, &ip);
    out->port = port;
    out->flowinfo = 0;
    out->scope_id = scope_id;
    return feri_addr_parse_result(true);
}

fer_error fer_socket_addr_parse_n(fer_socket_addr *out, const char *text, size_t len)
{
    if (out == NULL || text == NULL) {
        return feri_addr_misuse();
    }
    if (len > 0 && text[0] == '[') {
        return feri_socket_addr_parse_v6(out, text, len);
    }
    return feri_socket_addr_parse_v4(out, text, len);
}

fer_error fer_socket_addr_parse(fer_socket_addr *out, const char *text)
{
    return fer_socket_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}
