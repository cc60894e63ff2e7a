/* lookup_within.h: a lookup within limits. */
#ifndef FERI_LOOKUP_WITHIN_H
#define FERI_LOOKUP_WITHIN_H

#include "core/handle/limits.h"
#include "core/names/address_list.h"
#include "core/names/address_source.h"
#include "ferrule/error.h"
#include "ferrule/resolve.h"

/* Looks up a query and fills an empty list. The lookup runs in a thread of the resolver. If that is
 * NULL, it has a thread of its own, but without limits it runs in the calling thread. An address
 * text never waits. Errors as fer_to_socket_addrs_with, but the limits are looked at only by
 * waiting. */
fer_error feri_lookup_within(const feri_address_query *query, const feri_limits *limits,
                             fer_resolver *resolver, feri_address_list *list);

/* MISUSE if resolver is neither NULL nor usable. */
fer_error feri_lookup_check_resolver(fer_resolver *resolver);

#endif
