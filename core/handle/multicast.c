/* multicast.c: multicast groups and options. */
#include "core/handle/multicast.h"

#include "core/base/operation_error.h"
#include "core/handle/handle.h"
#include "core/handle/options.h"

/* An IPv6 option of an IPv4 socket is misuse, for which each system reports a different error. */
static fer_error check_v6(const fer_handle *handle)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return feri_handle_has_flag(handle, FERI_FLAG_V6) ? feri_ok()
                                                      : feri_own_error(FER_INVALID_INPUT);
}

fer_error feri_set_multicast_loop_v6(fer_handle *handle, bool loop)
{
    FER_TRY(check_v6(handle));
    return feri_set_switch(handle, FERP_MULTICAST_LOOP_V6, loop);
}

fer_error feri_multicast_loop_v6(const fer_handle *handle, bool *out)
{
    FER_TRY(check_v6(handle));
    return feri_switch(handle, FERP_MULTICAST_LOOP_V6, out);
}

fer_error feri_set_multicast_ttl_v4(fer_handle *handle, uint32_t ttl)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return ttl > 255 ? feri_own_error(FER_INVALID_INPUT)
                     : ferp_set_option(handle->p_.raw_, FERP_MULTICAST_TTL_V4, ttl);
}

fer_error feri_multicast_ttl_v4(const fer_handle *handle, uint32_t *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    return ferp_option_value(handle->p_.raw_, FERP_MULTICAST_TTL_V4, out);
}

fer_error feri_change_group_v4(fer_handle *handle, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *local)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (!fer_ipv4_addr_is_multicast(*group)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    return feri_map_error(FERI_OPERATION_GROUP,
                          ferp_change_group_v4(handle->p_.raw_, change, group, local));
}

fer_error feri_change_group_v6(fer_handle *handle, ferp_membership change,
                               const fer_ipv6_addr *group, uint32_t interface_index)
{
    FER_TRY(check_v6(handle));
    if (!fer_ipv6_addr_is_multicast(*group)) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    return feri_map_error(FERI_OPERATION_GROUP,
                          ferp_change_group_v6(handle->p_.raw_, change, group, interface_index));
}
