/* opening.c: fills a handle with the first of several addresses that works; the end of every
 * opening. */
#include "core/open/opening.h"

#include "core/base/error.h"
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

bool feri_is_ipv4(const fer_socket_addr *addr)
{
    return fer_ip_addr_to_canonical(addr->ip).family == FER_IP_V4;
}

uint32_t feri_family_flag(const fer_socket_addr *addr)
{
    return addr->ip.family == FER_IP_V6 ? FERI_FLAG_V6 : 0;
}

uint32_t feri_any_addr_flag(const fer_socket_addr *addr)
{
    return fer_ip_addr_is_unspecified(addr->ip) ? FERI_FLAG_ANY_ADDR : 0;
}

void feri_close_opened(fer_raw_socket *raw)
{
    if (*raw != FER_RAW_SOCKET_NONE) {
        ferp_close(*raw);
    }
    *raw = FER_RAW_SOCKET_NONE;
}

fer_error feri_finish_opening(fer_handle *handle, fer_error error, fer_raw_socket raw,
                              uint32_t flags)
{
    if (error.kind != FER_OK) {
        if (raw != FER_RAW_SOCKET_NONE) {
            ferp_close(raw);
        }
        feri_handle_abandon(handle);
        return error;
    }
    return feri_handle_fill(handle, FERI_EVENT_CONNECT_OK, raw, flags);
}

bool feri_opening_try(feri_opening *opening, const fer_socket_addr *addr)
{
    feri_close_opened(&opening->raw);
    opening->error = opening->opener(addr, opening->options, &opening->raw);
    if (opening->error.kind == FER_OK) {
        opening->flags |= feri_family_flag(addr) | feri_any_addr_flag(addr);
    }
    return opening->error.kind == FER_OK;
}

fer_error feri_open_first(fer_handle *handle, const fer_socket_addr *addrs, size_t count,
                          feri_opener opener, uint32_t kind)
{
    FER_TRY(feri_handle_claim(handle));
    feri_opening opening = {opener, NULL, feri_refuse(addrs == NULL), FER_RAW_SOCKET_NONE, kind};
    size_t tried = feri_addresses_are_valid(addrs, count) ? 0 : count;
    while (tried < count && !feri_opening_try(&opening, &addrs[tried])) {
        tried++;
    }
    return feri_finish_opening(handle, opening.error, opening.raw, opening.flags);
}
