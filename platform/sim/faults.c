/* faults.c: decides when a fault is injected: by chance, or at a scripted chance. The call that
 * injects a fault implements its effect. */
#include "platform/sim/network.h"

#define MILLION 1000000u

static const char *const fault_verbs[FER_SIM_FAULT_COUNT] = {
#define VERB(name, words, chances) "fault: " words,
    FER_SIM_FAULTS(VERB)
#undef VERB
};

/* Counts one chance of every scripted fault of this kind. */
static bool is_scripted(ferp_sim_network *network, fer_sim_fault fault)
{
    bool occurs = false;
    for (size_t i = network->scripted_count; i > 0; i--) {
        ferp_sim_scripted_fault *scripted = &network->scripted[i - 1];
        if (scripted->fault == fault && --scripted->left == 0) {
            *scripted = network->scripted[--network->scripted_count];
            occurs = true;
        }
    }
    return occurs;
}

/* The faults after which ferrule retries a call. They do not occur again by chance before an event
 * runs, a byte moves or time passes (other than in a pause), so that each call ends. */
static bool causes_retry(fer_sim_fault fault)
{
    return (fault == FER_SIM_FAULT_NO_BUFFERS && ferp_traits()->no_buffer_space_is_transient) ||
           fault == FER_SIM_FAULT_WOULD_BLOCK || fault == FER_SIM_FAULT_INTERRUPTED ||
           fault == FER_SIM_FAULT_SPURIOUS_READY;
}

static bool occurs_by_chance(ferp_sim_network *network, fer_sim_fault fault)
{
    bool is_retried = causes_retry(fault);
    if ((is_retried && network->no_progress) ||
        !ferp_sim_chance(network, network->config.fault_chances[fault])) {
        return false;
    }
    network->no_progress = is_retried;
    return true;
}

bool ferp_sim_injects(ferp_sim_network *network, const ferp_sim_socket *socket, fer_sim_fault fault)
{
    if (network->scripted_count == 0 && network->config.fault_chances[fault] == 0) {
        return false; /* most calls */
    }
    bool scripted = is_scripted(network, fault);
    if (!scripted && !occurs_by_chance(network, fault)) {
        return false;
    }
    network->injected[fault]++;
    ferp_sim_trace_event(network, fault_verbs[fault], socket);
    return true;
}

bool ferp_sim_injects_would_block(ferp_sim_network *network, ferp_sim_socket *socket)
{
    bool occurs = ferp_sim_injects(network, socket, FER_SIM_FAULT_WOULD_BLOCK);
    socket->changes += occurs;
    return occurs;
}

fer_error fer_sim_fault_at(fer_sim_fault fault, uint64_t nth)
{
    FERP_SIM_REQUIRE(network)
    if ((unsigned)fault >= FER_SIM_FAULT_COUNT || nth == 0) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    if (network->scripted_count == FERP_SIM_SCRIPTED_FAULTS_MAX) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    network->scripted[network->scripted_count++] = (ferp_sim_scripted_fault){fault, nth};
    return FERP_SIM_OK;
}

size_t fer_sim_clear_faults(void)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network == NULL) {
        return 0;
    }
    size_t cleared = network->scripted_count;
    network->scripted_count = 0;
    return cleared;
}

fer_error fer_sim_set_fault_chance(fer_sim_fault fault, uint32_t chance)
{
    FERP_SIM_REQUIRE(network)
    if ((unsigned)fault >= FER_SIM_FAULT_COUNT || chance > MILLION) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    network->config.fault_chances[fault] = chance;
    return FERP_SIM_OK;
}

static bool is_same_addr(const ferp_sim_answer *answer, const fer_socket_addr *addr)
{
    return fer_socket_addr_eq(&answer->addr, addr);
}

fer_error fer_sim_set_answer(const fer_socket_addr *addr, fer_sim_answer answer, fer_duration delay)
{
    FERP_SIM_REQUIRE(network)
    if (addr == NULL || (unsigned)answer > FER_SIM_ANSWER_NO_ROUTE || delay.nanos > FERP_SIM_YEAR) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    ferp_sim_answer entry = {ferp_sim_canonical(addr), answer, delay.nanos};
    for (size_t i = 0; i < network->answer_count; i++) {
        if (is_same_addr(&network->answers[i], &entry.addr)) {
            network->answers[i] = entry;
            return FERP_SIM_OK;
        }
    }
    if (network->answer_count == FERP_SIM_ANSWERS_MAX) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    network->answers[network->answer_count++] = entry;
    return FERP_SIM_OK;
}
