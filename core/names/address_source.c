/* address_source.c: the addresses of a text, one after the other. */
#include "core/names/address_source.h"

#include <string.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/open/binding.h"
#include "ferrule/ip.h"

/* ---- Queries */

/* DNS has no longer names, so they are refused before the resolver is called (rule A4). */
static bool is_valid_host_length(const char *host, size_t len)
{
    return len > 0 &&
           (len <= FERI_HOST_LEN_MAX || (len == FERI_HOST_LEN_MAX + 1 && host[len - 1] == '.'));
}

static void set_literal(feri_address_query *query, const fer_socket_addr *addr)
{
    query->is_literal = true;
    query->literal = *addr;
}

static fer_error set_name(feri_address_query *query, const char *host, size_t len, uint16_t port)
{
    FERI_ASSERT(len < sizeof query->host);
    FERI_REQUIRE(feri_host_is_utf_8(host, len), FER_INVALID_INPUT);
    for (size_t i = 0; i < len; i++) {
        query->host[i] = host[i];
    }
    query->host[len] = '\0';
    query->port = port;
    query->is_literal = false;
    return feri_ok();
}

static fer_error query_of(feri_address_query *query, const char *host, size_t host_len,
                          uint16_t port, fer_ip_family family)
{
    query->family = family;
    FERI_REQUIRE(is_valid_host_length(host, host_len), FER_INVALID_INPUT);
    fer_ip_addr ip;
    if (fer_ip_addr_parse_n(&ip, host, host_len).kind == FER_OK) {
        fer_socket_addr addr = fer_socket_addr_new(ip, port);
        set_literal(query, &addr);
        return feri_ok();
    }
    return set_name(query, host, host_len, port);
}

fer_error feri_address_query_of_host(feri_address_query *query, const char *host, uint16_t port,
                                     fer_ip_family family)
{
    FERI_ASSERT(query != NULL);
    return host == NULL ? feri_own_error(FER_MISUSE)
                        : query_of(query, host, strlen(host), port, family);
}

fer_error feri_address_query_of_text(feri_address_query *query, const char *host_port,
                                     fer_ip_family family)
{
    FERI_ASSERT(query != NULL);
    FERI_REQUIRE(host_port != NULL, FER_MISUSE);
    query->family = family;
    fer_socket_addr addr;
    if (fer_socket_addr_parse(&addr, host_port).kind == FER_OK) {
        set_literal(query, &addr);
        return feri_ok();
    }
    feri_host_port parts;
    FER_TRY(feri_host_port_split(&parts, host_port));
    return query_of(query, parts.host, parts.host_len, parts.port, family);
}

/* ---- Addresses */

/* No name has one. Some resolvers ignore what follows an IPv4 address (inet_aton of the BSDs;
 * Windows: ReactOS' test of getaddrinfo). */
static bool has_blank_or_control(const char *host)
{
    size_t at = 0;
    while ((unsigned char)host[at] > ' ' && host[at] != 0x7f) {
        at++;
    }
    return host[at] != '\0';
}

fer_error feri_address_source_of_query(feri_address_source *source, const feri_address_query *query)
{
    FERI_ASSERT(source != NULL && query != NULL);
    if (query->is_literal) {
        bool is_of_family = query->literal.ip.family == query->family;
        if (query->family != FERP_ANY_FAMILY && !is_of_family) {
            return feri_own_error(FER_HOST_NOT_FOUND);
        }
        *source = (feri_address_source){.has_literal = true, .literal = query->literal};
        return feri_ok();
    }
    FERI_REQUIRE(!has_blank_or_control(query->host), FER_HOST_NOT_FOUND);
    ferp_lookup lookup;
    FER_TRY(ferp_lookup_begin(&lookup, query->host, query->family));
    *source = (feri_address_source){
        .is_lookup = true, .port = query->port, .family = query->family, .lookup = lookup};
    return feri_ok();
}

fer_error feri_address_source_of_host(feri_address_source *source, const char *host, uint16_t port)
{
    feri_address_query query;
    FER_TRY(feri_address_query_of_host(&query, host, port, FERP_ANY_FAMILY));
    return feri_address_source_of_query(source, &query);
}

fer_error feri_address_source_of_text(feri_address_source *source, const char *host_port)
{
    feri_address_query query;
    FER_TRY(feri_address_query_of_text(&query, host_port, FERP_ANY_FAMILY));
    return feri_address_source_of_query(source, &query);
}

bool feri_address_source_next(feri_address_source *source, fer_socket_addr *out)
{
    if (source->is_lookup) {
        while (ferp_lookup_next(&source->lookup, out)) {
            out->port = source->port;
            if (source->family == FERP_ANY_FAMILY || out->ip.family == source->family) {
                return true;
            }
        }
        return false;
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

/* ---- Opening */

fer_error feri_open_by_name(fer_handle *handle, const char *host_port, feri_opener opener,
                            uint32_t kind)
{
    FERI_ASSERT(opener != NULL);
    FER_TRY(feri_handle_claim(handle));
    feri_address_source source;
    fer_socket_addr addr = {0};
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_error error = feri_address_source_of_text(&source, host_port);
    if (error.kind == FER_OK) {
        error = feri_own_error(FER_INVALID_INPUT); /* if there is no address */
        while (error.kind != FER_OK && feri_address_source_next(&source, &addr)) {
            feri_close_opened(&raw);
            error = opener(&addr, &raw);
        }
        feri_address_source_end(&source);
    }
    return feri_finish_opening(handle, error, raw,
                               kind | feri_family_flag(&addr) | feri_any_addr_flag(&addr));
}

/* ---- All addresses of a query, in memory. */

static size_t count_addresses(feri_address_source source)
{
    fer_socket_addr addr;
    size_t count = 0;
    while (feri_address_source_next(&source, &addr)) {
        count++;
    }
    return count;
}

static fer_error collect_all(feri_address_source *source, feri_address_list *list)
{
    size_t count = count_addresses(*source);
    if (count == 0) {
        return source->family == FERP_ANY_FAMILY ? feri_ok() : feri_own_error(FER_HOST_NOT_FOUND);
    }
    if (count <= SIZE_MAX / sizeof *list->addrs) {
        list->addrs = ferp_alloc(count * sizeof *list->addrs);
    }
    FERI_REQUIRE(list->addrs != NULL, FER_OUT_OF_MEMORY);
    for (size_t i = 0; i < count; i++) {
        (void)feri_address_source_next(source, &list->addrs[i]);
    }
    list->count = count;
    return feri_ok();
}

fer_error feri_address_list_of_query(feri_address_list *list, const feri_address_query *query)
{
    FERI_ASSERT(list->addrs == NULL && list->count == 0);
    feri_address_source source;
    FER_TRY(feri_address_source_of_query(&source, query));
    fer_error error = collect_all(&source, list);
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
