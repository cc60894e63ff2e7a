/* test_sim_traits.c: the simulation copies the facts of its systems by value. This test compares
 * them with the real backend's facts on this host. */
#include <string.h>

#include "platform/sim/network.h"
#include "support/group.h"

/* Includes the simulation's ferp_traits under another name beside this host's own. */
static const struct ferp_traits *simulated_traits(void);
#define ferp_traits(nothing) simulated_traits(nothing)
#include "platform/sim/traits.c"
#undef ferp_traits

#if defined(__APPLE__)
#define BSD_SYSTEM FER_SIM_BSD_MACOS
#elif defined(__FreeBSD__)
#define BSD_SYSTEM FER_SIM_BSD_FREEBSD
#elif defined(__NetBSD__)
#define BSD_SYSTEM FER_SIM_BSD_NETBSD
#elif defined(__OpenBSD__)
#define BSD_SYSTEM FER_SIM_BSD_OPENBSD
#endif

static ferp_sim_network simulation;

ferp_sim_network *ferp_sim_current(void)
{
    return &simulation;
}

/* What plain system calls showed on Linux 6.18, and over the kernels of macOS 15.4 and 11.5,
 * FreeBSD 13.0 and NetBSD 7.99.34 (ci/kernels.sh). io_waits_in_kernel is a choice. */
#define FACT(name) #name, offsetof(struct ferp_traits, name)
enum { ON_LINUX, ON_MACOS, ON_FREEBSD, ON_NETBSD, RECORDED };
static const struct {
    const char *name;
    size_t offset;
    bool seen[RECORDED];
} recorded_facts[] = {
    {FACT(shutdown_read_resets_on_data), {false, true, false, false}},
    {FACT(receive_leaks_handles), {false, true, false, false}},
    {FACT(close_hides_unread_input), {false, false, true, true}},
    {FACT(cut_send_loses_count), {false, true, true, true}},
    {FACT(write_wait_misses_shutdown), {false, false, false, false}},
    {FACT(unix_write_wait_misses_end), {true, false, false, false}},
    {FACT(accept_inherits_nonblocking), {false, true, true, true}},
    {FACT(accept_loses_zero_linger), {false, true, false, true}},
    {FACT(reuse_address_steals_ports), {false, false, false, false}},
    {FACT(datagrams_share_by_reuse_port), {false, true, true, true}},
    {FACT(bind_denied_can_mean_in_use), {false, false, false, false}},
    {FACT(connect_would_block_means_started), {false, false, false, false}},
    {FACT(connect_error_comes_late), {false, false, false, false}},
    {FACT(reports_soft_errors), {true, true, true, true}},
    {FACT(reconnect_drops_bound_addr), {false, true, true, true}},
    {FACT(reconnect_chooses_addr_again), {false, true, true, true}},
    {FACT(has_abstract_unix_names), {true, false, false, false}},
};

static bool fact_of(const struct ferp_traits *traits, size_t row)
{
    bool fact;
    memcpy(&fact, (const char *)traits + recorded_facts[row].offset, sizeof fact);
    return fact;
}

TEST(facts_are_the_backends)
{
#if defined(_WIN32)
    simulation.config.dialect = FER_SIM_DIALECT_WINSOCK;
#elif defined(__linux__) && !defined(FERRULE_PLAIN_POSIX)
    simulation.config.dialect = FER_SIM_DIALECT_POSIX;
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
    simulation.config.dialect = FER_SIM_DIALECT_BSD;
    simulation.config.bsd = BSD_SYSTEM;
#else
    print_message("no dialect is this system's\n");
    skip();
#endif
    const struct ferp_traits *real = ferp_traits();
    const struct ferp_traits *simulated = simulated_traits();
    assert_ptr_not_equal(real, simulated);
    for (size_t i = 0; i < sizeof recorded_facts / sizeof *recorded_facts; i++) {
        if (fact_of(real, i) != fact_of(simulated, i)) {
            fail_msg("%s", recorded_facts[i].name);
        }
    }
    /* The facts that are no bool, too. Both objects are static, so the padding is zero. */
    assert_memory_equal(real, simulated, sizeof *real);
}

TEST(facts_are_those_that_the_systems_have_shown)
{
    static const fer_sim_config systems[RECORDED] = {
        {.dialect = FER_SIM_DIALECT_POSIX},
        {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_MACOS},
        {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_FREEBSD},
        {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_NETBSD}};
    for (int system = 0; system < RECORDED; system++) {
        simulation.config = systems[system];
        for (size_t i = 0; i < sizeof recorded_facts / sizeof *recorded_facts; i++) {
            if (fact_of(simulated_traits(), i) != recorded_facts[i].seen[system]) {
                fail_msg("%s of system %d", recorded_facts[i].name, system);
            }
        }
    }
}

TEST_MAIN("sim_traits")
