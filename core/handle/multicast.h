/* multicast.h: multicast groups and options. Each function checks all arguments of the public
 * function with its name. */
#ifndef FERI_MULTICAST_H
#define FERI_MULTICAST_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/ip.h"
#include "platform/platform.h"

fer_error feri_set_multicast_loop_v6(fer_handle *handle, bool loop);
fer_error feri_multicast_loop_v6(const fer_handle *handle, bool *out);
fer_error feri_set_multicast_ttl_v4(fer_handle *handle, uint32_t ttl);
fer_error feri_multicast_ttl_v4(const fer_handle *handle, uint32_t *out);
fer_error feri_change_group_v4(fer_handle *handle, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *local);
fer_error feri_change_group_v6(fer_handle *handle, ferp_membership change,
                               const fer_ipv6_addr *group, uint32_t interface_index);

#endif
