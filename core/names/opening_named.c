/* opening_named.c: filling a handle with the first address of a name that works. Links the resolver. */
#include "core/names/address_source.h"
#include "core/base/assert.h"
#include "core/handle/handle.h"
#include "core/open/opening.h"

fer_error feri_open_first_named(fer_handle *handle, const char *host_port, feri_opener opener)
{
    FERI_ASSERT(opener != NULL);
    FER_TRY(feri_handle_claim(handle));
    feri_address_source source;
    fer_socket_addr addr = {0};
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_error error = feri_address_source_of_text(&source, host_port);
    if (error.kind == FER_OK) {
        error = feri_own_error(FER_INVALID_INPUT); /* when there is no address at all */
        while (error.kind != FER_OK && feri_address_source_next(&source, &addr)) {
            error = opener(&addr, &raw);
        }
        feri_address_source_end(&source);
    }
    return feri_finish_opening(handle, error, raw, feri_family_flag(&addr));
}
