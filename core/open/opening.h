/* opening.h: fills a handle with the first of several addresses that works, for connect and bind;
 * the end of every opening. */
#ifndef FERI_OPENING_H
#define FERI_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"
#include "platform/platform.h"

/* Whether there is at least one address, and each has a known family. */
bool feri_addresses_are_valid(const fer_socket_addr *addrs, size_t count);

/* Whether family is IPv4, IPv6, or 0 for both: the values of an option. */
bool feri_is_family_choice(fer_ip_family family);

/* Creates a socket for one address: connected, listening, or bound with options, or with the
 * defaults if they are NULL. *out is the socket from its creation on, and FER_RAW_SOCKET_NONE
 * before. It is the caller's also after a failure, so no opener closes it: feri_finish_opening
 * does. */
typedef fer_error (*feri_opener)(const fer_socket_addr *addr, const fer_bind_options *options,
                                 fer_raw_socket *out);

/* Closes the socket of an opener that has failed, if there is one. */
void feri_close_opened(fer_raw_socket *raw);

/* An opening that tries addresses in order until one works. */
typedef struct feri_opening {
    feri_opener opener;
    const fer_bind_options *options; /* NULL: none */
    fer_error error;    /* of the last address, or if there is none to try, of the opening */
    fer_raw_socket raw; /* FER_RAW_SOCKET_NONE at first */
    uint32_t flags;     /* of the socket. At first those of its kind */
} feri_opening;

/* Opens an address, after closing the socket of the one before. Whether it has succeeded. */
bool feri_opening_try(feri_opening *opening, const fer_socket_addr *addr);

/* Tries the addresses in order. The first that works is used; if none works, the error is that of
 * the last one (rule C3), and the handle is NEW. MISUSE: the handle is NULL or in use.
 * INVALID_INPUT: there is no address, or one has a bad family; nothing was tried. kind is
 * FERI_FLAG_LISTENING, FERI_FLAG_DATAGRAM, or 0 for a stream. */
fer_error feri_open_first(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                          feri_opener opener, uint32_t kind);

/* Ends a claim: fills the handle with raw and flags if error is FER_OK. Else closes raw, unless it
 * is FER_RAW_SOCKET_NONE, and abandons the claim. */
fer_error feri_finish_opening(fer_handle *handle, fer_error error, fer_raw_socket raw,
                              uint32_t flags);

/* The domain of a socket for addr. */
fer_domain feri_domain_of(const fer_socket_addr *addr);

/* Whether the packets to addr are IPv4: an IPv4 or an IPv4-mapped address. */
bool feri_is_ipv4(const fer_socket_addr *addr);

/* FERI_FLAG_V6, or 0. */
uint32_t feri_family_flag(const fer_socket_addr *addr);

/* FERI_FLAG_ANY_ADDR, or 0. */
uint32_t feri_any_addr_flag(const fer_socket_addr *addr);

#endif
