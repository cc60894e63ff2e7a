/* connect_attempts.h: connects to the first of several addresses that answers (RFC 8305, 5). The
 * schedule of the attempts is in connect_schedule.h. */
#ifndef FERI_CONNECT_ATTEMPTS_H
#define FERI_CONNECT_ATTEMPTS_H

#include <stddef.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket_addr.h"
#include "ferrule/tcp.h"

/* The options, or the default ones for NULL. */
const fer_connect_options *feri_connect_options_or_default(const fer_connect_options *options);

/* INVALID_INPUT for a local address or a family that does not exist and for reserved members,
 * MISUSE for failures_cap without failures. Sets *options->failures_count to 0. */
fer_error feri_connect_options_check(const fer_connect_options *options);

/* Ends a claim: fills the handle with the first connection, within the options' limits, or abandons
 * the claim. options are checked and addrs valid. Errors as fer_tcp_stream_connect_with. */
fer_error feri_connect_first(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                             const fer_connect_options *options);

/* As fer_tcp_stream_connect_addrs with options, with all checks of its arguments. */
fer_error feri_connect_addrs_with(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                                  const fer_connect_options *options);

#endif
