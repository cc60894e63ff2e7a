/* peer_facts_sim.c: what the conformance tests ask about the simulated machine. The peers
 * themselves are in peer_sim.c. */
#include "conformance/peer.h"

#include <string.h>

#include "platform/sim/network.h"

bool peer_is_wine(void)
{
    return false;
}

bool peer_is_bsd(void)
{
    return false;
}

size_t peer_threads(void)
{
    return 0;
}

bool peer_resolves_localhost(void)
{
    return true;
}

bool peer_still_opens_sockets(void)
{
    return false;
}

bool peer_still_opens_raw_sockets(void)
{
    return false;
}

bool peer_handle_count_is_exact(void)
{
    return true;
}

/* The names that every simulation resolves. */
size_t peer_resolve(const char *host, fer_socket_addr *addrs, size_t cap)
{
    const fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    const fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
    const fer_socket_addr both[] = {fer_socket_addr_v6_new(v6, 0, 0, 0),
                                    fer_socket_addr_v4_new(v4, 0)};
    const size_t first = strcmp(host, "localhost") == 0 ? 0 : strcmp(host, "127.1") == 0 ? 1 : 2;
    for (size_t i = 0; i < cap && first + i < 2; i++) {
        addrs[i] = both[first + i];
    }
    return 2 - first;
}

bool peer_forgets_ended_names(void)
{
    return ferp_sim_current()->switches->local_name_of_dead_is_einval;
}

bool peer_separates_ip_versions(void)
{
    return ferp_sim_current()->switches->separates_ip_versions;
}

bool peer_has_dual_stack(void)
{
    return !ferp_sim_current()->switches->lacks_dual_stack;
}

bool peer_close_hides_unread_input(void)
{
    return false;
}

bool peer_is_interrupted(void)
{
    return false;
}

bool peer_raw_hides_keepalive_options(fer_raw_socket raw)
{
    uint32_t retries = 1;
    return ferp_option_value(raw, FERP_KEEPALIVE_RETRIES, &retries).kind == FER_OK && retries == 0;
}
