/* resolver.h: lookups in the background, for calls of the library that wait for them. The public
 * functions are in ferrule/resolve.h. */
#ifndef FERI_RESOLVER_H
#define FERI_RESOLVER_H

#include <stdbool.h>

#include "core/names/address_list.h"
#include "core/names/address_source.h"
#include "ferrule/cancel.h"
#include "ferrule/error.h"
#include "ferrule/poller.h"
#include "ferrule/resolve.h"

/* Whether lookups can be started: false for NULL, if it is not OPEN, and in the child after
 * fork. */
bool feri_resolver_is_usable(const fer_resolver *resolver);

/* Starts a lookup on a usable resolver. When the result is available, poller is notified and event
 * is cancelled; each may be NULL. Neither is used after fer_lookup_close has returned. Errors as
 * fer_resolver_start. */
fer_error feri_lookup_start(fer_resolver *resolver, const feri_address_query *query,
                            fer_poller *poller, fer_cancel_token *event, fer_lookup *out);

/* The result of a lookup that is done. Moves its addresses to an empty list. */
fer_error feri_lookup_take(fer_lookup *lookup_handle, feri_address_list *list);

#endif
