/* connect_with.c: the public functions that connect to the first of several addresses that answers,
 * and that look names up within limits. A program that calls none of them does not link the
 * resolver's threads. */
#include "core/api/handle_functions.h"
#include "core/base/error.h"
#include "core/names/resolver.h"
#include "core/open/connect_attempts.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"
#include "ferrule/resolve.h"
#include "ferrule/tcp.h"

fer_error fer_tcp_stream_connect_addrs(fer_tcp_stream *stream, const fer_socket_addr *addrs,
                                       size_t count, const fer_connect_options *options)
{
    fer_handle *handle = FERI_HANDLE(stream);
    if (options == NULL) {
        return feri_open_first(handle, addrs, count, feri_connection_open, 0);
    }
    fer_error error = feri_connect_options_check(options);
    FER_TRY(feri_handle_claim(handle));
    if (error.kind == FER_OK && !feri_addresses_are_valid(addrs, count)) {
        error = feri_refuse(addrs == NULL);
    }
    return feri_connect_first(handle, error, addrs, count, options);
}

/* The check of the options comes first: it sets the number of failures. */
static fer_error connect_to(fer_tcp_stream *stream, const char *host, const uint16_t *port,
                            const fer_connect_options *options)
{
    const fer_connect_options *chosen = feri_connect_options_or_default(options);
    fer_handle *handle = FERI_HANDLE(stream);
    feri_address_list list = {NULL, 0};
    fer_error error = feri_connect_options_check(chosen);
    FER_TRY(feri_handle_claim(handle));
    if (error.kind == FER_OK) {
        error = feri_lookup_within(host, port, chosen->family, &chosen->limits, chosen->resolver,
                                   &list);
    }
    if (error.kind == FER_OK && list.count == 0) {
        error = feri_own_error(FER_INVALID_INPUT);
    }
    error = feri_connect_first(handle, error, list.addrs, list.count, chosen);
    feri_address_list_free(&list);
    return error;
}

FERI_FUNCTION(fer_tcp_stream_connect_with, connect_to(stream, host_port, NULL, options),
              fer_tcp_stream *stream, const char *host_port, const fer_connect_options *options)

FERI_FUNCTION(fer_tcp_stream_connect_host_with, connect_to(stream, host, &port, options),
              fer_tcp_stream *stream, const char *host, uint16_t port,
              const fer_connect_options *options)

static fer_error look_up_with(const char *host, const uint16_t *port,
                              const fer_lookup_options *options, fer_socket_addr *addrs, size_t cap,
                              size_t *count)
{
    const fer_lookup_options *chosen = feri_lookup_options_or_default(options);
    feri_address_list list = {NULL, 0};
    FERI_REQUIRE(count != NULL && feri_is_buffer(addrs, cap), FER_MISUSE);
    FER_TRY(feri_lookup_options_check(chosen));
    FER_TRY(
        feri_lookup_within(host, port, chosen->family, &chosen->limits, chosen->resolver, &list));
    feri_address_list_copy(&list, addrs, cap, count);
    feri_address_list_free(&list);
    return feri_ok();
}

FERI_FUNCTION(fer_to_socket_addrs_with, look_up_with(host_port, NULL, options, addrs, cap, count),
              const char *host_port, const fer_lookup_options *options, fer_socket_addr *addrs,
              size_t cap, size_t *count)

FERI_FUNCTION(fer_lookup_host_with, look_up_with(host, &port, options, addrs, cap, count),
              const char *host, uint16_t port, const fer_lookup_options *options,
              fer_socket_addr *addrs, size_t cap, size_t *count)
