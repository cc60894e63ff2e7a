/* host_port.c: "host:port" text taken apart. */
#include "core/host_port.h"

#include <stdbool.h>

#include "core/addr_cursor.h"
#include "core/assert.h"
#include "core/handle.h"

#define NO_COLON ((size_t)-1)

/* One pass: the length, and where the last colon is. */
static size_t find_last_colon(const char *text, size_t *len)
{
    size_t colon = NO_COLON;
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        colon = text[i] == ':' ? i : colon;
    }
    *len = i;
    return colon;
}

/* Decimal digits only: leading zeros are allowed, a sign is not. */
static bool parse_port(const char *text, size_t len, uint16_t *out)
{
    feri_addr_cursor cursor = {text, len, 0};
    uint32_t value = 0;
    if (!feri_addr_cursor_read_decimal(&cursor, UINT16_MAX, &value) || !feri_addr_cursor_is_at_end(&cursor)) {
        return false;
    }
    *out = (uint16_t)value;
    return true;
}

/* "[fe80::1%eth0]" is its inside; "[localhost]" is left to fail as the name that it is. */
static void strip_brackets(feri_host_port *parts)
{
    FERI_ASSERT(parts->host_len > 0);
    bool has_colon = false;
    for (size_t i = 0; i < parts->host_len; i++) {
        has_colon = has_colon || parts->host[i] == ':';
    }
    if (has_colon && parts->host[0] == '[' && parts->host[parts->host_len - 1] == ']') {
        parts->host++;
        parts->host_len -= 2;
    }
}

fer_error feri_host_port_split(feri_host_port *out, const char *text)
{
    FERI_ASSERT(out != NULL && text != NULL);
    size_t len = 0;
    size_t colon = find_last_colon(text, &len);
    feri_host_port parts = {text, colon, 0};
    if (colon == NO_COLON || colon == 0 || !parse_port(text + colon + 1, len - colon - 1, &parts.port)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    strip_brackets(&parts);
    *out = parts;
    return feri_ok();
}
