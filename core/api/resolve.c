/* resolve.c: the public functions of resolve.h. */
#include "ferrule/resolve.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/result.h"
#include "core/base/text.h"
#include "core/names/address_source.h"
#include "platform/platform.h"

/* Stores the first cap addresses and counts all. */
static void collect(feri_address_source *source, fer_socket_addr *addrs, size_t cap, size_t *count)
{
    FERI_ASSERT(addrs != NULL || cap == 0);
    fer_socket_addr addr;
    size_t found = 0;
    while (feri_address_source_next(source, &addr)) {
        if (found < cap) {
            addrs[found] = addr;
        }
        found++;
    }
    *count = found;
    feri_address_source_end(source);
}

static bool can_store(const fer_socket_addr *addrs, size_t cap, const size_t *count)
{
    return count != NULL && (addrs != NULL || cap == 0);
}

fer_error fer_to_socket_addrs(const char *host_port, fer_socket_addr *addrs, size_t cap,
                              size_t *count)
{
    if (!can_store(addrs, cap, count)) {
        return feri_own_error(FER_MISUSE);
    }
    feri_address_source source;
    FER_TRY(feri_address_source_of_text(&source, host_port));
    collect(&source, addrs, cap, count);
    return feri_ok();
}

fer_error fer_lookup_host(const char *host, uint16_t port, fer_socket_addr *addrs, size_t cap,
                          size_t *count)
{
    if (!can_store(addrs, cap, count)) {
        return feri_own_error(FER_MISUSE);
    }
    feri_address_source source;
    FER_TRY(feri_address_source_of_host(&source, host, port));
    collect(&source, addrs, cap, count);
    return feri_ok();
}

size_t fer_resolve_error_text(fer_error error, char *buf, size_t cap)
{
    char text[FER_ERROR_TEXT_CAP] = {0};
    if (feri_is_lookup_failure(error.kind) && error.os_code != 0) {
        ferp_error_text(error, text, sizeof text);
    }
    size_t len = feri_text_tidy(text, sizeof text);
    const char *phrase = fer_error_kind_text(error.kind);
    return len > 0 ? feri_text_store(text, len, buf, cap)
                   : feri_text_store(phrase, strlen(phrase), buf, cap);
}
