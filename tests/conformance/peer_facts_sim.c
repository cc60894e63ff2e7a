/* peer_facts_sim.c: what the conformance tests ask about the simulated machine. The peers
 * themselves are in peer_sim.c. */
#include "conformance/peer.h"

bool peer_forgets_ended_names(void)
{
    return false;
}

bool peer_separates_ip_versions(void)
{
    return false;
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
    (void)raw;
    return false;
}
