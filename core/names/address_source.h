/* address_source.h: the addresses of a text, one after the other, in any number: an address text,
 * or a name for the system's resolver; and opening by name. */
#ifndef FERI_ADDRESS_SOURCE_H
#define FERI_ADDRESS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address/address_text.h"
#include "core/open/opening.h"
#include "ferrule/error.h"
#include "ferrule/socket_addr.h"
#include "platform/platform.h"

/* A parsed text: an address, or a host for the resolver. */
typedef struct feri_address_query {
    bool is_literal;
    fer_socket_addr literal;
    uint16_t port;
    fer_ip_family family;
    char host[FERI_HOST_LEN_MAX + 2]; /* NUL-terminated, with its trailing dot */
} feri_address_query;

/* Parses "host:port", or a host without a port if port is not NULL. family is FERP_ANY_FAMILY, or
 * that of the addresses that are looked up. INVALID_INPUT and MISUSE as fer_to_socket_addrs and
 * fer_lookup_host. Never blocks. */
fer_error feri_address_query_of(feri_address_query *query, const char *host, const uint16_t *port,
                                fer_ip_family family);

/* Filled, iterated once, then ended. After a failure there is nothing to end. A copy has a position
 * of its own. */
typedef struct feri_address_source {
    const feri_address_query *query;
    bool has_literal;   /* the query's, which is not returned yet */
    ferp_lookup lookup; /* unless the query is a literal */
} feri_address_source;

/* The address of an address text, else the resolver's results. query stays valid and unchanged
 * until the end. Errors as fer_to_socket_addrs. May block. */
fer_error feri_address_source_of_query(feri_address_source *source,
                                       const feri_address_query *query);

bool feri_address_source_next(feri_address_source *source, fer_socket_addr *out);
void feri_address_source_end(feri_address_source *source);

/* As feri_open_first for a parsed name: tries each address that the resolver returns. parsed is the
 * result of its parsing, which the caller has done, so that a client has no code that it does not
 * need. options: NULL for the defaults. */
fer_error feri_open_by_name(fer_handle *handle, fer_error parsed, const feri_address_query *query,
                            feri_opener opener, const fer_bind_options *options, uint32_t kind);

/* ---- All addresses of a query, in memory. */

/* {0} is empty. */
typedef struct feri_address_list {
    /* count of them, from ferp_alloc; NULL if there are none */
    fer_socket_addr *addrs;
    size_t count;
} feri_address_list;

/* Fills a list. Errors as fer_to_socket_addrs, and OUT_OF_MEMORY; the list is empty then.
 * May block, with no limit but the system resolver's. */
fer_error feri_address_list_of_query(feri_address_list *list, const feri_address_query *query);

/* Stores the first cap addresses and the number of all. */
void feri_address_list_copy(const feri_address_list *list, fer_socket_addr *addrs, size_t cap,
                            size_t *count);

/* The list is empty afterwards. */
void feri_address_list_free(feri_address_list *list);

#endif
