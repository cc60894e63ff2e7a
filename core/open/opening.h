/* opening.h: fills a handle with the first of several addresses that works, for connect and
 * bind. */
#ifndef FERI_OPENING_H
#define FERI_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"

/* Whether there is at least one address, and each has a known family. */
bool feri_addresses_are_valid(const fer_socket_addr *addrs, size_t count);

/* Whether an option selects the addresses of one family, or with 0 those of both. */
bool feri_is_family_choice(fer_ip_family family);

/* Creates a socket for one address: connected, listening, or bound. On failure no socket is left
 * open. */
typedef fer_error (*feri_opener)(const fer_socket_addr *addr, fer_raw_socket *out);

/* Tries the addresses in order. The first that works is used; if none works, the error is that of
 * the last one (rule C3), and the handle is NEW. MISUSE: the handle is NULL or in use.
 * INVALID_INPUT: there is no address, or one has a bad family; nothing was tried. */
fer_error feri_open_first(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                          feri_opener opener);

/* Ends a claim: fills the handle with raw and flags if error is FER_OK, else abandons the claim. */
fer_error feri_finish_opening(fer_handle *handle, fer_error error, fer_raw_socket raw,
                              uint32_t flags);

/* The domain of a socket for addr. */
fer_domain feri_domain_of(const fer_socket_addr *addr);

/* FERI_FLAG_V6, or 0. */
uint32_t feri_family_flag(const fer_socket_addr *addr);

/* FERI_FLAG_ANY_ADDR, or 0. */
uint32_t feri_any_addr_flag(const fer_socket_addr *addr);

#endif
