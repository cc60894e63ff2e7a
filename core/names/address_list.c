/* address_list.c: all addresses of a query, in memory. */
#include "core/names/address_list.h"

#include "core/base/assert.h"
#include "core/base/result.h"

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
        list->addrs = ferp_memory_new(count * sizeof *list->addrs);
    }
    if (list->addrs == NULL) {
        return feri_own_error(FER_OUT_OF_MEMORY);
    }
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
    ferp_memory_free(list->addrs);
    *list = (feri_address_list){NULL, 0};
}
