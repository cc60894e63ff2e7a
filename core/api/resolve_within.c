/* resolve_within.c: the public function of resolve.h that looks names up within limits. It links
 * the resolver's threads; those of resolve.c do not. */
#include "core/base/result.h"
#include "core/handle/limits.h"
#include "core/names/lookup_within.h"
#include "ferrule/resolve.h"

fer_error fer_to_socket_addrs_within(const char *host_port, const fer_limits *limits,
                                     fer_resolver *resolver, fer_socket_addr *addrs, size_t cap,
                                     size_t *count)
{
    const feri_limits within = feri_limits_from(limits);
    feri_address_query query;
    feri_address_list list = {NULL, 0};
    if (count == NULL || (addrs == NULL && cap > 0)) {
        return feri_own_error(FER_MISUSE);
    }
    FER_TRY(feri_lookup_check_resolver(resolver));
    FER_TRY(feri_address_query_of_text(&query, host_port));
    FER_TRY(feri_limits_check(&within));
    FER_TRY(feri_lookup_within(&query, &within, resolver, &list));
    feri_address_list_copy(&list, addrs, cap, count);
    feri_address_list_free(&list);
    return feri_ok();
}
