/* binding.h: bound sockets, for listeners and datagram sockets; the first of several addresses that
 * works, also for a connect; the end of every opening; listeners and their accepts. */
#ifndef FERI_BINDING_H
#define FERI_BINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"
#include "platform/platform.h"

/* Checks the values of options, which may be NULL: INVALID_INPUT. */
fer_error feri_bind_options_check(const fer_bind_options *options);

/* Whether name, which may be NULL, can be that of a network interface. */
bool feri_is_device_name(const char *name);

/* The three parts of a bind, for a built socket. The options are set before bind; the last function
 * maps the error of bind. */
fer_error feri_set_port_options(fer_type type, fer_raw_socket raw);
/* ip is the IPv6 address that the socket is then bound to. */
fer_error feri_set_dual_stack(fer_raw_socket raw, const fer_ip_addr *ip);
fer_error feri_map_bind_error(fer_type type, const fer_socket_addr *addr, fer_error error);

/* A feri_opener: a bound datagram socket that does not report refusals. */
fer_error feri_datagram_open(const fer_socket_addr *addr, const fer_bind_options *options,
                             fer_raw_socket *out);

/* ---- Fills a handle with the first of several addresses that works, for connect and bind. */

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

/* FERI_FLAG_V6, or 0. */
uint32_t feri_family_flag(const fer_socket_addr *addr);

/* FERI_FLAG_ANY_ADDR, or 0. */
uint32_t feri_any_addr_flag(const fer_socket_addr *addr);

/* ---- Opens listeners and accepts connections. */

/* A feri_opener: binds and listens, with the options that make the behaviour the same on every
 * system (rules L1, L2, L4). */
fer_error feri_listener_open(const fer_socket_addr *addr, const fer_bind_options *options,
                             fer_raw_socket *out);

/* The backlog: the number of connections in the accept queue. */
#define FERI_BACKLOG 128

/* As fer_socket_accept. With FERP_DONTWAIT it never waits: WOULD_BLOCK. */
fer_error feri_accept(fer_handle *listener, unsigned flags, fer_handle *out, fer_socket_addr *peer);

#endif
