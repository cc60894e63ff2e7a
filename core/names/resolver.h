/* resolver.h: lookups in the background, for calls of the library that wait for them. The public
 * functions are in ferrule/resolve.h. */
#ifndef FERI_RESOLVER_H
#define FERI_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/names/address_source.h"
#include "ferrule/cancel.h"
#include "ferrule/error.h"
#include "ferrule/poller.h"
#include "ferrule/resolve.h"

/* INVALID_INPUT if a value or a reserved member of the options is unknown. */
fer_error feri_lookup_options_check(const fer_lookup_options *options);

/* The options, or the default ones for NULL. */
const fer_lookup_options *feri_lookup_options_or_default(const fer_lookup_options *options);

/* Whether lookups can be started: false for NULL, if it is not OPEN, and in the child after
 * fork. */
bool feri_resolver_is_usable(fer_resolver *resolver);

/* The end of a lookup is reported to an event, which is cancelled, to a poller, which is notified,
 * to a waker, which is woken, and, if it has a key, to fer_resolver_take_completed, which returns
 * it. */
typedef struct feri_lookup_notice {
    fer_poller *poller;      /* or NULL */
    fer_waker *waker;        /* or NULL */
    fer_cancel_token *event; /* or NULL */
    bool has_key;
    uint64_t key;
} feri_lookup_notice;

/* Starts a lookup on a usable resolver. The notice is copied. Its poller, its waker and its event
 * are not used after fer_lookup_close has returned. Errors as fer_resolver_start. */
fer_error feri_lookup_start(fer_resolver *resolver, const feri_address_query *query,
                            const feri_lookup_notice *notice, fer_lookup *out);

/* Whether an open lookup is done. In the child after fork it is not. */
bool feri_lookup_is_done(const fer_lookup *lookup_handle);

/* The result of a lookup that is done. Moves its addresses to an empty list. */
fer_error feri_lookup_take(fer_lookup *lookup_handle, feri_address_list *list);

/* ---- A lookup within limits. */

/* Looks up a host as feri_address_query_of and fills an empty list. The lookup runs in a thread of
 * the resolver. If that is NULL, it has a thread of its own, but without limits it runs in the
 * calling thread. An address text never waits. Errors as fer_to_socket_addrs_with; MISUSE if
 * resolver is neither NULL nor usable. */
fer_error feri_lookup_within(const char *host, const uint16_t *port, fer_ip_family family,
                             const fer_limits *limits, fer_resolver *resolver,
                             feri_address_list *list);

#endif
