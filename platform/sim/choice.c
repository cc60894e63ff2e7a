/* choice.c: the source of every choice of a simulation: a seed, or a tape of bytes. */
#include "platform/sim/network.h"

#define MILLION 1000000u

/* splitmix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014). */
static uint64_t next_random(uint64_t *random)
{
    *random += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *random;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint32_t next_from_tape(ferp_sim_network *network)
{
    if (network->tape_at >= network->config.tape_len) {
        return 0;
    }
    return network->config.tape[network->tape_at++];
}

/* Uses as few bytes as can hold the bound. */
static uint32_t choose_from_tape(ferp_sim_network *network, uint32_t bound)
{
    uint32_t value = next_from_tape(network);
    for (uint32_t limit = 256; limit < bound && limit <= 65536; limit *= 256) {
        value = value * 256 + next_from_tape(network);
    }
    return value % bound;
}

uint32_t ferp_sim_choose(ferp_sim_network *network, uint32_t bound)
{
    if (bound < 2) {
        return 0;
    }
    if (network->config.tape != NULL) {
        return choose_from_tape(network, bound);
    }
    return (uint32_t)(((next_random(&network->random) >> 32) * bound) >> 32);
}

bool ferp_sim_choose_for_dialect(ferp_sim_network *network)
{
    return next_random(&network->dialect_random) >> 62 == 0;
}

bool ferp_sim_chance(ferp_sim_network *network, uint32_t of_million)
{
    if (of_million == 0) {
        return false;
    }
    if (network->config.tape != NULL) {
        return (uint64_t)(next_from_tape(network) + 1) * MILLION >
               (uint64_t)(MILLION - of_million) * 256;
    }
    return ferp_sim_choose(network, MILLION) >= MILLION - of_million;
}
