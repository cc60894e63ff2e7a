/* address_list.h: all addresses of a query, in memory. */
#ifndef FERI_ADDRESS_LIST_H
#define FERI_ADDRESS_LIST_H

#include <stddef.h>

#include "core/names/address_source.h"
#include "ferrule/error.h"
#include "ferrule/socket_addr.h"

/* {0} is empty. */
typedef struct feri_address_list {
    /* count of them, from ferp_memory_new; NULL if there are none */
    fer_socket_addr *addrs;
    size_t count;
} feri_address_list;

/* Fills an empty list. Errors as fer_to_socket_addrs, and OUT_OF_MEMORY; the list is empty then.
 * May block, with no limit but the system resolver's. */
fer_error feri_address_list_of_query(feri_address_list *list, const feri_address_query *query);

/* Stores the first cap addresses and the number of all. */
void feri_address_list_copy(const feri_address_list *list, fer_socket_addr *addrs, size_t cap,
                            size_t *count);

/* The list is empty afterwards. */
void feri_address_list_free(feri_address_list *list);

#endif
