/* connect_with.c: the public functions that connect to the first of several addresses that answers,
 * and that look names up within limits. A program that calls none of them does not link the
 * resolver's threads. */
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/handle/limits.h"
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
    return error.kind == FER_OK ? feri_connect_first(handle, addrs, count, options)
                                : feri_finish_opening(handle, error, FER_RAW_SOCKET_NONE, 0);
}

/* parsed is the result of parsing the query. The check of the handle precedes it, and that of the
 * options, which sets the number of failures. */
static fer_error connect_to(fer_tcp_stream *stream, const feri_address_query *query,
                            fer_error parsed, const fer_connect_options *chosen)
{
    fer_handle *handle = FERI_HANDLE(stream);
    feri_address_list list = {NULL, 0};
    const feri_limits limits = feri_limits_from(&chosen->limits);
    fer_error error = feri_connect_options_check(chosen);
    FER_TRY(feri_handle_claim(handle));
    error = error.kind == FER_OK ? feri_lookup_check_resolver(chosen->resolver) : error;
    error = error.kind == FER_OK ? parsed : error;
    error = error.kind == FER_OK ? feri_limits_check(&limits) : error;
    if (error.kind == FER_OK) {
        error = feri_lookup_within(query, &limits, chosen->resolver, &list);
    }
    if (error.kind == FER_OK && list.count == 0) {
        error = feri_own_error(FER_INVALID_INPUT);
    }
    if (error.kind != FER_OK) {
        return feri_finish_opening(handle, error, FER_RAW_SOCKET_NONE, 0);
    }
    error = feri_connect_first(handle, list.addrs, list.count, chosen);
    feri_address_list_free(&list);
    return error;
}

fer_error fer_tcp_stream_connect_with(fer_tcp_stream *stream, const char *host_port,
                                      const fer_connect_options *options)
{
    const fer_connect_options *chosen = feri_connect_options_or_default(options);
    feri_address_query query;
    fer_error parsed = feri_address_query_of_text(&query, host_port, chosen->family);
    return connect_to(stream, &query, parsed, chosen);
}

fer_error fer_tcp_stream_connect_host_with(fer_tcp_stream *stream, const char *host, uint16_t port,
                                           const fer_connect_options *options)
{
    const fer_connect_options *chosen = feri_connect_options_or_default(options);
    feri_address_query query;
    fer_error parsed = feri_address_query_of_host(&query, host, port, chosen->family);
    return connect_to(stream, &query, parsed, chosen);
}

/* parsed is the result of parsing the query, which the other checks precede. */
static fer_error look_up_with(const feri_address_query *query, fer_error parsed,
                              const fer_lookup_options *options, fer_socket_addr *addrs, size_t cap,
                              size_t *count)
{
    const feri_limits limits = feri_limits_from(&options->limits);
    feri_address_list list = {NULL, 0};
    FERI_REQUIRE(count != NULL, FER_MISUSE);
    FERI_REQUIRE(feri_is_buffer(addrs, cap), FER_MISUSE);
    FER_TRY(feri_lookup_options_check(options));
    FER_TRY(feri_lookup_check_resolver(options->resolver));
    FER_TRY(parsed);
    FER_TRY(feri_limits_check(&limits));
    FER_TRY(feri_lookup_within(query, &limits, options->resolver, &list));
    feri_address_list_copy(&list, addrs, cap, count);
    feri_address_list_free(&list);
    return feri_ok();
}

fer_error fer_to_socket_addrs_with(const char *host_port, const fer_lookup_options *options,
                                   fer_socket_addr *addrs, size_t cap, size_t *count)
{
    const fer_lookup_options *chosen = feri_lookup_options_or_default(options);
    feri_address_query query;
    fer_error parsed = feri_address_query_of_text(&query, host_port, chosen->family);
    return look_up_with(&query, parsed, chosen, addrs, cap, count);
}

fer_error fer_lookup_host_with(const char *host, uint16_t port, const fer_lookup_options *options,
                               fer_socket_addr *addrs, size_t cap, size_t *count)
{
    const fer_lookup_options *chosen = feri_lookup_options_or_default(options);
    feri_address_query query;
    fer_error parsed = feri_address_query_of_host(&query, host, port, chosen->family);
    return look_up_with(&query, parsed, chosen, addrs, cap, count);
}
