/* opening.h: filling a handle with the first of several addresses that works, for connect and bind
 * alike. */
#ifndef FERI_OPENING_H
#define FERI_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"

/* Whether there is at least one address, and every one has a family that is known. */
bool feri_addresses_are_valid(const fer_socket_addr *addrs, size_t count);

/* Makes a socket for one address: connected, listening, or bound. On failure it leaves none
 * behind. */
typedef fer_error (*feri_opener)(const fer_socket_addr *addr, fer_raw_socket *out);

/* All are tried, in order; the first that works wins, and when none does the error is the last
 * one's (rule C3). The handle is then NEW. INVALID_INPUT: a handle that is not empty, NULL, no
 * address, one with a bad family among them; nothing was tried. */
fer_error feri_open_first(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                          feri_opener opener);

/* Ends a claim: fills the handle with raw and its flags where error is FER_OK, else abandons it. */
fer_error feri_finish_opening(fer_handle *handle, fer_error error, fer_raw_socket raw,
                              uint32_t flags);

/* Of sockets for such addresses. */
fer_domain feri_domain_of(const fer_socket_addr *addr);

/* FERI_FLAG_V6, or 0. */
uint32_t feri_family_flag(const fer_socket_addr *addr);

#endif
