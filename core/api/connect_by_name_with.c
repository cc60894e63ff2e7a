/* connect_by_name_with.c: the public function that connects to the first address of a name that
 * answers. It links the resolver's threads; by_name.c does not. */
#include "core/base/result.h"
#include "core/handle/handle.h"
#include "core/names/lookup_within.h"
#include "core/open/connect_attempts.h"
#include "core/open/opening.h"
#include "ferrule/tcp.h"

/* Fills an empty list with at least one address. parsed is the result of parsing the query. */
static fer_error look_up(const feri_address_query *query, fer_error parsed,
                         const fer_connect_options *options, feri_address_list *list)
{
    const feri_limits limits = feri_limits_from(&options->limits);
    FER_TRY(parsed);
    FER_TRY(feri_limits_check(&limits));
    FER_TRY(feri_lookup_within(query, &limits, options->resolver, list));
    return list->count > 0 ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

static fer_error connect_to(fer_tcp_stream *stream, const feri_address_query *query,
                            fer_error parsed, const fer_connect_options *chosen)
{
    fer_handle *handle = stream == NULL ? NULL : &stream->handle_;
    feri_address_list list = {NULL, 0};
    FER_TRY(feri_connect_options_check(chosen));
    FER_TRY(feri_lookup_check_resolver(chosen->resolver));
    FER_TRY(feri_handle_claim(handle));
    fer_error error = look_up(query, parsed, chosen, &list);
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
