/* options.h: the options of a socket, keepalive and multicast. */
#ifndef FERI_OPTIONS_H
#define FERI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/ip.h"
#include "ferrule/socket.h"
#include "platform/platform.h"

/* Options with a boolean value. */
fer_error feri_set_bool_option(fer_handle *handle, ferp_option option, bool on);
fer_error feri_bool_option(const fer_handle *handle, ferp_option option, bool *out);
fer_error feri_set_ttl(fer_handle *handle, uint32_t ttl);
fer_error feri_ttl(const fer_handle *handle, uint32_t *out);
fer_error feri_set_tos(fer_handle *handle, uint32_t tos);
fer_error feri_tos(const fer_handle *handle, uint32_t *out);
fer_error feri_set_buffer_size(fer_handle *handle, ferp_option option, size_t size);
fer_error feri_buffer_size(const fer_handle *handle, ferp_option option, size_t *out);
fer_error feri_set_linger(fer_handle *handle, fer_duration linger);
fer_error feri_linger(const fer_handle *handle, fer_duration *out);
fer_error feri_read_domain(const fer_handle *handle, fer_domain *out);
fer_error feri_read_type(const fer_handle *handle, fer_type *out);
fer_error feri_read_protocol(const fer_handle *handle, int *out);
fer_error feri_set_user_timeout(fer_handle *handle, fer_duration timeout);
fer_error feri_user_timeout(const fer_handle *handle, fer_duration *out);
fer_error feri_set_keepalive(fer_handle *handle, const fer_tcp_keepalive *keepalive);
fer_error feri_keepalive(const fer_handle *handle, fer_tcp_keepalive *out);

/* The whole seconds of a finite duration: rounded up, at most max. */
static inline uint32_t feri_whole_seconds(fer_duration duration, uint32_t max)
{
    const uint64_t second = UINT64_C(1000000000);
    uint64_t secs = duration.nanos / second + (duration.nanos % second != 0);
    return secs < max ? (uint32_t)secs : max;
}

/* ---- Multicast groups and options. Each function checks all arguments of the public function with
 * its name. */

fer_error feri_set_multicast_loop_v6(fer_handle *handle, bool loop);
fer_error feri_multicast_loop_v6(const fer_handle *handle, bool *out);
fer_error feri_set_multicast_ttl_v4(fer_handle *handle, uint32_t ttl);
fer_error feri_multicast_ttl_v4(const fer_handle *handle, uint32_t *out);
fer_error feri_change_group_v4(fer_handle *handle, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *local);
fer_error feri_change_group_v6(fer_handle *handle, ferp_membership change,
                               const fer_ipv6_addr *group, uint32_t interface_index);

#endif
