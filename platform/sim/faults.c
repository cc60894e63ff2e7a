/* faults.c: when something goes wrong: by chance, or at a chance that was named. What then happens
 * is where it happens. */
#include "platform/sim/network.h"

#define MILLION 1000000u

static const char *const fault_verbs[FER_SIM_FAULT_COUNT] = {
#define VERB(name, words, chances) "fault: " words,
    FER_SIM_FAULTS(VERB)
#undef VERB
};

/* Every scripted fault of this sort has had one chance more. */
static bool is_scripted(ferp_sim_world *world, fer_sim_fault fault)
{
    bool strikes = false;
    for (size_t i = world->scripted_count; i > 0; i--) {
        ferp_sim_scripted_fault *scripted = &world->scripted[i - 1];
        if (scripted->fault == fault && --scripted->left == 0) {
            *scripted = world->scripted[--world->scripted_count];
            strikes = true;
        }
    }
    return strikes;
}

/* The faults after which a call is tried again by itself: by chance they do not come again before
 * something has happened, be it that a byte moves or that time passes, so that each call has an
 * end. */
static bool is_tried_again(fer_sim_fault fault)
{
    return fault == FER_SIM_FAULT_WOULD_BLOCK || fault == FER_SIM_FAULT_INTERRUPTED ||
           fault == FER_SIM_FAULT_SPURIOUS_READY;
}

static bool is_by_chance(ferp_sim_world *world, fer_sim_fault fault)
{
    bool again = is_tried_again(fault);
    if ((again && world->rests) ||
        !ferp_sim_happens_by_chance(world, world->config.fault_chances[fault])) {
        return false;
    }
    world->rests = again;
    return true;
}

bool ferp_sim_strikes(ferp_sim_world *world, const ferp_sim_socket *socket, fer_sim_fault fault)
{
    bool scripted = is_scripted(world, fault);
    if (!scripted && !is_by_chance(world, fault)) {
        return false;
    }
    world->injected[fault]++;
    ferp_sim_happens(world, fault_verbs[fault], socket);
    return true;
}

fer_error fer_sim_fault_at(fer_sim_fault fault, uint64_t nth)
{
    FERP_SIM_NEED(world)
    if ((unsigned)fault >= FER_SIM_FAULT_COUNT || nth == 0) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    if (world->scripted_count == FERP_SIM_SCRIPTED_FAULTS_MAX) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    world->scripted[world->scripted_count++] = (ferp_sim_scripted_fault){fault, nth};
    return FERP_SIM_OK;
}

size_t fer_sim_clear_faults(void)
{
    ferp_sim_world *world = ferp_sim_here();
    if (world == NULL) {
        return 0;
    }
    size_t cleared = world->scripted_count;
    world->scripted_count = 0;
    return cleared;
}

fer_error fer_sim_set_fault_chance(fer_sim_fault fault, uint32_t chance)
{
    FERP_SIM_NEED(world)
    if ((unsigned)fault >= FER_SIM_FAULT_COUNT || chance > MILLION) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    world->config.fault_chances[fault] = chance;
    return FERP_SIM_OK;
}

static bool is_same_place(const ferp_sim_answer *answer, const fer_socket_addr *addr)
{
    return fer_socket_addr_eq(&answer->addr, addr);
}

fer_error fer_sim_set_answer(const fer_socket_addr *addr, fer_sim_answer answer, fer_duration delay)
{
    FERP_SIM_NEED(world)
    if (addr == NULL || (unsigned)answer > FER_SIM_ANSWER_NETWORK_UNREACHABLE ||
        delay.nanos > FERP_SIM_YEAR) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    ferp_sim_answer made = {ferp_sim_plain(addr), answer, delay.nanos};
    for (size_t i = 0; i < world->answer_count; i++) {
        if (is_same_place(&world->answers[i], &made.addr)) {
            world->answers[i] = made;
            return FERP_SIM_OK;
        }
    }
    if (world->answer_count == FERP_SIM_ANSWERS_MAX) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    world->answers[world->answer_count++] = made;
    return FERP_SIM_OK;
}
