/* peer_facts_sim.c: what the conformance tests ask about the simulated machine. The peers
 * themselves are in peer_sim.c. */
#include "conformance/peer_system.h"

#include <string.h>

#include "platform/sim/network.h"

PEER_IS(peer_is_wine, false)
PEER_IS(peer_is_bsd, false)

size_t peer_threads(void)
{
    return 0;
}

PEER_IS(peer_resolves_localhost, true)
PEER_IS(peer_still_opens_sockets, false)
PEER_IS(peer_still_opens_raw_sockets, false)
PEER_IS(peer_handle_count_is_exact, true)

/* The names that every simulation resolves. */
size_t peer_resolve(const char *host, fer_socket_addr *addrs, size_t cap)
{
    const fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    const fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
    const fer_socket_addr both[] = {fer_socket_addr_v6_new(v6, 0, 0, 0),
                                    fer_socket_addr_v4_new(v4, 0)};
    const bool is_short_v4 = strcmp(host, "127.1") == 0 && !peer_is_windows();
    const size_t first = strcmp(host, "localhost") == 0 ? 0 : is_short_v4 ? 1 : 2;
    for (size_t i = 0; i < cap && first + i < 2; i++) {
        addrs[i] = both[first + i];
    }
    return 2 - first;
}

PEER_IS(peer_forgets_ended_names, ferp_sim_current()->switches->local_name_of_dead_is_einval)
PEER_IS(peer_separates_ip_versions, ferp_sim_current()->switches->separates_ip_versions)
PEER_IS(peer_has_dual_stack, !ferp_sim_current()->switches->lacks_dual_stack)
PEER_IS(peer_close_hides_unread_input, false)
PEER_IS(peer_is_interrupted, false)

bool peer_raw_hides_keepalive_options(fer_raw_socket raw)
{
    uint32_t retries = 1;
    return ferp_option_value(raw, FERP_KEEPALIVE_RETRIES, &retries).kind == FER_OK && retries == 0;
}
