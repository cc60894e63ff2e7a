/* opening.c: fills a handle with the first of several addresses that works. */
#include "core/open/opening.h"

#include "core/base/assert.h"
#include "core/handle/handle.h"

bool feri_is_family_choice(fer_ip_family family)
{
    return family == (fer_ip_family)0 || family == FER_IP_V4 || family == FER_IP_V6;
}

bool feri_addresses_are_valid(const fer_socket_addr *addrs, size_t count)
{
    if (addrs == NULL || count == 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (addrs[i].ip.family != FER_IP_V4 && addrs[i].ip.family != FER_IP_V6) {
            return false;
        }
    }
    return true;
}

fer_domain feri_domain_of(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4;
}

uint32_t feri_family_flag(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V6 ? FERI_FLAG_V6 : 0;
}

uint32_t feri_any_addr_flag(const fer_socket_addr *addr)
{
    return fer_ip_addr_is_unspecified(addr->ip) ? FERI_FLAG_ANY_ADDR : 0;
}

fer_error feri_finish_opening(fer_handle *handle, fer_error error, fer_raw_socket raw,
                              uint32_t flags)
{
    if (error.kind != FER_OK) {
        feri_handle_abandon(handle);
        return error;
    }
    return feri_handle_fill(handle, raw, flags);
}

fer_error feri_open_first(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                          feri_opener opener)
{
    FERI_ASSERT(opener != NULL);
    if (!feri_addresses_are_valid(addrs, count)) {
        return feri_refuse(addrs == NULL);
    }
    FER_TRY(feri_handle_claim(handle));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    size_t tried = 0;
    fer_error error = opener(&addrs[tried], &raw);
    while (error.kind != FER_OK && tried + 1 < count) {
        tried++;
        error = opener(&addrs[tried], &raw);
    }
    return feri_finish_opening(handle, error, raw,
                               feri_family_flag(&addrs[tried]) | feri_any_addr_flag(&addrs[tried]));
}
