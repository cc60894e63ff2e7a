/* connect_by_name_with.c: the public function that connects to the first address of a name that
 * answers. It links the resolver's threads; by_name.c does not. */
#include "core/base/result.h"
#include "core/handle/handle.h"
#include "core/names/lookup_within.h"
#include "core/open/connect_attempts.h"
#include "core/open/opening.h"
#include "ferrule/tcp.h"

/* Fills an empty list with at least one address. */
static fer_error look_up(const char *host_port, const fer_connect_options *options,
                         feri_address_list *list)
{
    const feri_limits limits = feri_limits_from(&options->limits);
    feri_address_query query;
    FER_TRY(feri_address_query_of_text(&query, host_port));
    FER_TRY(feri_limits_check(&limits));
    FER_TRY(feri_lookup_within(&query, &limits, options->resolver, list));
    return list->count > 0 ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

fer_error fer_tcp_stream_connect_with(fer_tcp_stream *stream, const char *host_port,
                                      const fer_connect_options *options, size_t *failures)
{
    fer_handle *handle = stream == NULL ? NULL : &stream->handle_;
    const fer_connect_options *chosen = feri_connect_options_or_default(options);
    feri_address_list list = {NULL, 0};
    size_t ignored = 0;
    size_t *failed = failures == NULL ? &ignored : failures;
    *failed = 0;
    FER_TRY(feri_connect_options_check(chosen));
    FER_TRY(feri_lookup_check_resolver(chosen->resolver));
    FER_TRY(feri_handle_claim(handle));
    fer_error error = look_up(host_port, chosen, &list);
    if (error.kind != FER_OK) {
        return feri_finish_opening(handle, error, FER_RAW_SOCKET_NONE, 0);
    }
    error = feri_connect_first(handle, list.addrs, list.count, chosen, failed);
    feri_address_list_free(&list);
    return error;
}
