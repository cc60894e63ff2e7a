/* resolve_within.c: the public function of resolve.h that looks names up within limits. It links
 * the resolver's threads; those of resolve.c do not. */
#include "core/base/result.h"
#include "core/handle/limits.h"
#include "core/names/lookup_within.h"
#include "core/names/resolver.h"
#include "ferrule/resolve.h"

static fer_error check_lookup(const fer_lookup_options *options, const fer_socket_addr *addrs,
                              size_t cap, const size_t *count)
{
    if (count == NULL || (addrs == NULL && cap > 0)) {
        return feri_own_error(FER_MISUSE);
    }
    FER_TRY(feri_lookup_options_check(options));
    return feri_lookup_check_resolver(options->resolver);
}

static fer_error look_up_with(const feri_address_query *query, const fer_lookup_options *options,
                              fer_socket_addr *addrs, size_t cap, size_t *count)
{
    const feri_limits limits = feri_limits_from(&options->limits);
    feri_address_list list = {NULL, 0};
    FER_TRY(feri_limits_check(&limits));
    FER_TRY(feri_lookup_within(query, &limits, options->resolver, &list));
    feri_address_list_copy(&list, addrs, cap, count);
    feri_address_list_free(&list);
    return feri_ok();
}

fer_error fer_to_socket_addrs_with(const char *host_port, const fer_lookup_options *options,
                                   fer_socket_addr *addrs, size_t cap, size_t *count)
{
    const fer_lookup_options *chosen = feri_lookup_options_or_default(options);
    feri_address_query query;
    FER_TRY(check_lookup(chosen, addrs, cap, count));
    FER_TRY(feri_address_query_of_text(&query, host_port, chosen->family));
    return look_up_with(&query, chosen, addrs, cap, count);
}

fer_error fer_lookup_host_with(const char *host, uint16_t port, const fer_lookup_options *options,
                               fer_socket_addr *addrs, size_t cap, size_t *count)
{
    const fer_lookup_options *chosen = feri_lookup_options_or_default(options);
    feri_address_query query;
    FER_TRY(check_lookup(chosen, addrs, cap, count));
    FER_TRY(feri_address_query_of_host(&query, host, port, chosen->family));
    return look_up_with(&query, chosen, addrs, cap, count);
}
