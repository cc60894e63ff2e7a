/* options.h: the options of a socket, keepalive and multicast. */
#ifndef FERI_OPTIONS_H
#define FERI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/ip.h"
#include "platform/platform.h"

/* Options with a boolean value. */
fer_error feri_set_bool_option(fer_handle *handle, ferp_option option, bool on);
fer_error feri_bool_option(const fer_handle *handle, ferp_option option, bool *out);
fer_error feri_set_ttl(fer_handle *handle, uint32_t ttl);
/* The option of the socket's family. Of an IPv6 socket the IPv4 option is set too. */
fer_error feri_set_option_of_family(fer_handle *handle, ferp_option v4, ferp_option v6,
                                    uint32_t value);
fer_error feri_option_of_family(const fer_handle *handle, ferp_option v4, ferp_option v6,
                                uint32_t *out);
fer_error feri_set_buffer_size(fer_handle *handle, ferp_option option, size_t size);
fer_error feri_buffer_size(const fer_handle *handle, ferp_option option, size_t *out);
fer_error feri_set_linger(fer_handle *handle, fer_duration linger);
fer_error feri_linger(const fer_handle *handle, fer_duration *out);

fer_error feri_set_keepalive(fer_handle *handle, const fer_tcp_keepalive *keepalive);
fer_error feri_keepalive(const fer_handle *handle, fer_tcp_keepalive *out);

fer_error feri_set_nonblocking(fer_handle *handle, bool on);
fer_error feri_set_timeout(fer_handle *handle, ferp_direction direction, fer_duration timeout);
fer_error feri_timeout_option(const fer_handle *handle, ferp_direction direction,
                              fer_duration *out);

/* ---- Multicast groups. Each function checks all arguments of the public function with its
 * name. */

/* An IPv6 option of an IPv4 socket is misuse, for which each system reports a different error. */
fer_error feri_check_v6(const fer_handle *handle);
fer_error feri_set_multicast_if_v4(fer_handle *handle, const fer_ipv4_addr *local);
fer_error feri_multicast_if_v4(const fer_handle *handle, fer_ipv4_addr *out);
/* source is NULL for the datagrams of every sender. */
fer_error feri_change_group_v4(fer_handle *handle, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *source,
                               const fer_ipv4_addr *local);
fer_error feri_change_group_v6(fer_handle *handle, ferp_membership change,
                               const fer_ipv6_addr *group, const fer_ipv6_addr *source,
                               uint32_t interface_index);

#endif
