/* address_source.c: the addresses of a text, one after the other. */
#include "core/names/address_source.h"

#include <string.h>

#include "core/base/error.h"
#include "core/handle/handle.h"

/* ---- Queries */

/* DNS has no longer names, so they are refused before the resolver is called (rule A4). */
static fer_error query_of_host(feri_address_query *query, const char *host, size_t len,
                               uint16_t port)
{
    bool has_valid_length = len > 0 && (len <= FERI_HOST_LEN_MAX ||
                                        (len == FERI_HOST_LEN_MAX + 1 && host[len - 1] == '.'));
    FERI_REQUIRE(has_valid_length, FER_INVALID_INPUT);
    fer_ip_addr ip;
    query->is_literal = fer_ip_addr_parse_n(&ip, host, len).kind == FER_OK;
    if (query->is_literal) {
        query->literal = fer_socket_addr_new(ip, port);
        return feri_ok();
    }
    FERI_REQUIRE(feri_host_is_utf_8(host, len), FER_INVALID_INPUT);
    memcpy(query->host, host, len);
    query->host[len] = '\0';
    query->port = port;
    return feri_ok();
}

static fer_error query_of_text(feri_address_query *query, const char *host_port)
{
    query->is_literal = fer_socket_addr_parse(&query->literal, host_port).kind == FER_OK;
    if (query->is_literal) {
        return feri_ok();
    }
    feri_host_port parts;
    FER_TRY(feri_host_port_split(&parts, host_port));
    return query_of_host(query, parts.host, parts.host_len, parts.port);
}

fer_error feri_address_query_of(feri_address_query *query, const char *host, const uint16_t *port,
                                fer_ip_family family)
{
    FERI_ASSERT(query != NULL);
    FERI_REQUIRE(host != NULL, FER_MISUSE);
    query->family = family;
    return port == NULL ? query_of_text(query, host)
                        : query_of_host(query, host, strlen(host), *port);
}

/* ---- Addresses */

/* No name has a blank or a control character. Some resolvers ignore what follows an IPv4 address
 * (inet_aton of the BSDs; Windows: ReactOS' test of getaddrinfo). */
fer_error feri_address_source_of_query(feri_address_source *source, const feri_address_query *query)
{
    FERI_ASSERT(source != NULL && query != NULL);
    *source = (feri_address_source){.query = query, .has_literal = query->is_literal};
    if (query->is_literal) {
        bool is_of_family =
            query->family == FERP_ANY_FAMILY || query->literal.ip.family == query->family;
        FERI_REQUIRE(is_of_family, FER_HOST_NOT_FOUND);
        return feri_ok();
    }
    size_t at = 0;
    while ((unsigned char)query->host[at] > ' ' && query->host[at] != 0x7f) {
        at++;
    }
    FERI_REQUIRE(query->host[at] == '\0', FER_HOST_NOT_FOUND);
    return ferp_lookup_run(&source->lookup, query->host, query->family);
}

bool feri_address_source_next(feri_address_source *source, fer_socket_addr *out)
{
    const feri_address_query *query = source->query;
    if (source->has_literal) {
        *out = query->literal;
        source->has_literal = false;
        return true;
    }
    while (!query->is_literal && ferp_lookup_next(&source->lookup, out)) {
        out->port = query->port;
        if (query->family == FERP_ANY_FAMILY || out->ip.family == query->family) {
            return true;
        }
    }
    return false;
}

void feri_address_source_end(feri_address_source *source)
{
    FERI_ASSERT(source != NULL);
    if (!source->query->is_literal) {
        ferp_lookup_end(&source->lookup);
    }
}

/* ---- Opening */

fer_error feri_open_by_name(fer_handle *handle, fer_error parsed, const feri_address_query *query,
                            feri_opener opener, const fer_bind_options *options, uint32_t kind)
{
    FER_TRY(feri_handle_claim(handle)); /* its MISUSE precedes an error of the text */
    feri_address_source source;
    fer_socket_addr addr;
    fer_error error = parsed.kind == FER_OK ? feri_address_source_of_query(&source, query) : parsed;
    if (error.kind != FER_OK) {
        return feri_finish_opening(handle, error, FER_RAW_SOCKET_NONE, 0);
    }
    feri_opening opening = {opener, options, feri_own_error(FER_INVALID_INPUT), FER_RAW_SOCKET_NONE,
                            kind};
    while (feri_address_source_next(&source, &addr) && !feri_opening_try(&opening, &addr)) {
    }
    feri_address_source_end(&source);
    return feri_finish_opening(handle, opening.error, opening.raw, opening.flags);
}

/* ---- All addresses of a query, in memory. */

fer_error feri_address_list_of_query(feri_address_list *list, const feri_address_query *query)
{
    feri_address_source source;
    fer_socket_addr addr;
    size_t count = 0;
    fer_error error = feri_ok();
    *list = (feri_address_list){NULL, 0};
    FER_TRY(feri_address_source_of_query(&source, query));
    feri_address_source counted = source;
    while (feri_address_source_next(&counted, &addr)) {
        count++;
    }
    if (count > 0 && count <= SIZE_MAX / sizeof *list->addrs) {
        list->addrs = ferp_alloc(count * sizeof *list->addrs);
    }
    if (count == 0 && query->family != FERP_ANY_FAMILY) {
        error = feri_own_error(FER_HOST_NOT_FOUND);
    } else if (count > 0 && list->addrs == NULL) {
        error = feri_own_error(FER_OUT_OF_MEMORY);
    } else {
        for (; list->count < count; list->count++) {
            (void)feri_address_source_next(&source, &list->addrs[list->count]);
        }
    }
    feri_address_source_end(&source);
    return error;
}

void feri_address_list_copy(const feri_address_list *list, fer_socket_addr *addrs, size_t cap,
                            size_t *count)
{
    FERI_ASSERT(addrs != NULL || cap == 0);
    for (size_t i = 0; i < list->count && i < cap; i++) {
        addrs[i] = list->addrs[i];
    }
    *count = list->count;
}

void feri_address_list_free(feri_address_list *list)
{
    ferp_free(list->addrs);
    *list = (feri_address_list){NULL, 0};
}
