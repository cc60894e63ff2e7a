/* address_source.c: the addresses of a text, walked one after the other. */
#include "core/address_source.h"

#include "core/assert.h"
#include "core/handle.h"
#include "core/host_port.h"
#include "ferrule/ip.h"

static void take_literal(feri_address_source *source, const fer_socket_addr *addr)
{
    *source = (feri_address_source){.has_literal = true, .literal = *addr};
}

/* Longer names cannot be asked for in DNS: refused before the resolver sees them (rule A4). */
static bool is_host_of_fair_length(const char *host, size_t len)
{
    return len > 0 && (len <= FERI_HOST_LEN_MAX || (len == FERI_HOST_LEN_MAX + 1 && host[len - 1] == '.'));
}

static fer_error begin_lookup(feri_address_source *source, const char *host, size_t len, uint16_t port)
{
    char name[FERI_HOST_LEN_MAX + 2] = {0};
    FERI_ASSERT(len < sizeof name);
    if (!feri_host_is_utf_8(host, len)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    for (size_t i = 0; i < len; i++) {
        name[i] = host[i];
    }
    ferp_lookup lookup;
    FER_TRY(ferp_lookup_begin(&lookup, name));
    *source = (feri_address_source){.is_lookup = true, .port = port, .lookup = lookup};
    return feri_ok();
}

fer_error feri_address_source_of_host(feri_address_source *source, const char *host, size_t host_len, uint16_t port)
{
    FERI_ASSERT(source != NULL && host != NULL);
    if (!is_host_of_fair_length(host, host_len)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    fer_ip_addr ip;
    if (fer_ip_addr_parse_n(&ip, host, host_len).kind == FER_OK) {
        fer_socket_addr addr = fer_socket_addr_new(&ip, port);
        take_literal(source, &addr);
        return feri_ok();
    }
    return begin_lookup(source, host, host_len, port);
}

fer_error feri_address_source_of_text(feri_address_source *source, const char *host_port)
{
    FERI_ASSERT(source != NULL);
    if (host_port == NULL) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    fer_socket_addr addr;
    if (fer_socket_addr_parse(&addr, host_port).kind == FER_OK) {
        take_literal(source, &addr);
        return feri_ok();
    }
    feri_host_port parts;
    FER_TRY(feri_host_port_split(&parts, host_port));
    return feri_address_source_of_host(source, parts.host, parts.host_len, parts.port);
}

bool feri_address_source_next(feri_address_source *source, fer_socket_addr *out)
{
    if (source->is_lookup) {
        bool found = ferp_lookup_next(&source->lookup, out);
        if (found) {
            out->port = source->port;
        }
        return found;
    }
    bool found = source->has_literal;
    if (found) {
        *out = source->literal;
        source->has_literal = false;
    }
    return found;
}

void feri_address_source_end(feri_address_source *source)
{
    FERI_ASSERT(source != NULL);
    if (source->is_lookup) {
        ferp_lookup_end(&source->lookup);
    }
}
