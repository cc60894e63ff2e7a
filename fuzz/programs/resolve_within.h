/* resolve_within.h: a lookup within limits, and that of a service. */
#ifndef FUZZ_RESOLVE_WITHIN_H
#define FUZZ_RESOLVE_WITHIN_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/models/resolve_model.h"

/* What the limits make of a lookup that takes so many nanoseconds without them. FER_OK: they do not
 * end it. */
fer_error_kind resolve_end_by_limits(resolve_limits kind, uint64_t elapsed);

/* Calls fer_to_socket_addrs_with with the limits of the query. */
fer_error resolve_within(const resolve_query *query, fer_socket_addr *addrs, size_t *count);

/* Checks the port of a service by a text, for streams and datagrams. */
void resolve_service(const char *text);

#endif
